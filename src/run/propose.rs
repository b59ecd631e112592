//! A proposed parameter: `name=15000`, `name[group=lifted,township=云岭镇]=6000` → the plan with this value.
//!
//! What a setting without brackets changes is the value for the whole county and everybody; values of a township or a group
//! stay as they are, because a special value is special on purpose. What no value holds for gets one.

use jiff::civil::Date;

use crate::codes::{Codes, Lookup};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place, nearest};
use crate::model::build::Value;
use crate::model::table::Kind;
use crate::model::text;
use crate::plan::{Param, ParamValue, Plan, params};

/// One proposed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// As it was written.
    pub written: String,
    name: String,
    township: Option<String>,
    group: Option<String>,
    value: String,
}

fn usage(written: &str, message: String, hint: impl Into<String>) -> Diagnostic {
    Diagnostic::error("usage.set", message, Place::default().field(format!("--set {written}"))).hint(hint)
}

const FORM: &str = "write name=value, or name[group=lifted]=value, name[township=云岭镇]=value";

impl Setting {
    /// Reads what stands behind `--set`.
    ///
    /// # Errors
    /// `usage.set` when it is not of one of the forms.
    pub fn parse(written: &str) -> Outcome<Setting> {
        let wrong = |message: String| Failure::one(FailureClass::Usage, usage(written, message, FORM));
        let (left, value) = match written.split_once(']') {
            Some((left, rest)) => (left, rest.strip_prefix('=').ok_or_else(|| wrong("there is no = behind ]".into()))?),
            None => written.split_once('=').ok_or_else(|| wrong(format!("`{written}` has no =")))?,
        };
        let (name, inside) = left.split_once('[').unwrap_or((left, ""));
        let mut setting = Setting {
            written: written.to_string(),
            name: name.trim().to_string(),
            township: None,
            group: None,
            value: value.trim().to_string(),
        };
        for part in inside.split(',').filter(|p| !p.trim().is_empty()) {
            match part.split_once('=').map(|(key, value)| (key.trim(), value.trim().to_string())) {
                Some(("township", name)) => setting.township = Some(name),
                Some(("group", name)) => setting.group = Some(name),
                _ => return Err(wrong(format!("`{part}` is neither township=… nor group=…"))),
            }
        }
        Ok(setting)
    }

    /// Puts the value into a plan.
    ///
    /// # Errors
    /// `usage.set` when there is no such parameter, township or group, or the value is of another type.
    pub fn apply(&self, plan: &mut Plan, codes: &Codes, as_of: Date) -> Result<(), Box<Diagnostic>> {
        let problem = |message: String, hint: String| Box::new(usage(&self.written, message, hint));
        let near = |name: &str, known: Vec<&str>| match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("known are {}", known.join(", ")),
        };
        if let Some(group) = &self.group {
            let known: Vec<&str> = plan.groups.iter().map(|g| g.name.as_str()).chain([params::OTHER]).collect();
            if !known.contains(&group.as_str()) {
                return Err(problem(format!("there is no group `{group}`"), near(group, known)));
            }
        }
        let township = match &self.township {
            None => None,
            Some(written) => match codes.divisions().township(written) {
                Lookup::One(division) => Some(division.name.clone()),
                _ => {
                    let message = format!("there is no township `{written}` in the division table");
                    return Err(problem(message, "write its full name".into()));
                }
            },
        };
        let known: Vec<String> = plan.params.keys().cloned().collect();
        let Some(param) = plan.params.get_mut(&self.name) else {
            let hint = near(&self.name, known.iter().map(String::as_str).collect());
            return Err(problem(format!("there is no parameter `{}`", self.name), hint));
        };
        let Some(value) = parse(param.kind, &self.value) else {
            let message = format!("`{}` is not of type {}, as {} is", self.value, param.kind.name(), self.name);
            return Err(problem(message, "write digits only, days as 2026-01-01, true or false".into()));
        };
        let (day, basis) = (text::to_days(as_of), plan.basis);
        let meant = |v: &&mut ParamValue| {
            v.township == township
                && v.group == self.group
                && v.basis.is_none_or(|b| b == basis)
                && v.from.is_none_or(|d| d <= day)
                && v.until.is_none_or(|d| day <= d)
        };
        let mut found = false;
        for held in param.values.iter_mut().filter(meant) {
            held.value = value.clone();
            held.document = "拟议".into();
            found = true;
        }
        if !found {
            add(param, township, self.group.clone(), value);
        }
        Ok(())
    }
}

fn add(param: &mut Param, township: Option<String>, group: Option<String>, value: Value) {
    let place = Place::default();
    let document = "拟议".into();
    param.values.push(ParamValue { from: None, until: None, township, group, basis: None, value, document, place });
}

fn parse(kind: Kind, written: &str) -> Option<Value> {
    match kind {
        Kind::Integer => written.parse().ok().map(Value::Integer),
        Kind::Decimal | Kind::Float => {
            let (sign, digits) = written.strip_prefix('-').map_or((1, written), |rest| (-1, rest));
            let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
            let digits_only = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
            let fits = !whole.is_empty() && whole.len() <= 13 && part.len() <= 2;
            let fits = fits && digits_only(whole) && digits_only(part);
            let number: i128 = fits.then(|| format!("{whole}{part:0<2}").parse().ok())??;
            Some(Value::Decimal(sign * number))
        }
        Kind::Boolean => written.parse().ok().map(Value::Boolean),
        Kind::Date => written.parse().ok().map(|date| Value::Date(text::to_days(date))),
        Kind::Text => Some(Value::Text(written.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_are_written() {
        let plain = Setting::parse("income_line=8000").unwrap();
        assert_eq!((plain.name.as_str(), plain.value.as_str()), ("income_line", "8000"));
        let special = Setting::parse("limit[group=lifted, township=云岭镇]=6000.5").unwrap();
        assert_eq!(special.group.as_deref(), Some("lifted"));
        assert_eq!(special.township.as_deref(), Some("云岭镇"));
        assert_eq!(parse(Kind::Decimal, &special.value), Some(Value::Decimal(600_050)));
        for wrong in ["income_line", "limit[group]=5", "limit[village=x]=5", "limit[group=lifted]5"] {
            assert_eq!(Setting::parse(wrong).unwrap_err().problems[0].code, "usage.set", "{wrong}");
        }
        for (kind, wrong) in
            [(Kind::Integer, "1.5"), (Kind::Decimal, "2万"), (Kind::Boolean, "是"), (Kind::Date, "1.1.2026")]
        {
            assert_eq!(parse(kind, wrong), None, "{wrong}");
        }
    }
}
