//! Parameters: `params.toml` → [`Param`], and which value counts for a household on a day.

use std::collections::BTreeMap;

use super::reader::{Problems, Section};
use super::types::{Param, ParamValue};
use crate::codes::{Codes, Lookup};
use crate::diag::Diagnostic;
use crate::model::build::Value;
use crate::model::table::Kind;
use crate::model::text;

/// Types that a parameter may have.
const KINDS: [(&str, Kind); 5] = [
    ("integer", Kind::Integer),
    ("decimal", Kind::Decimal),
    ("text", Kind::Text),
    ("boolean", Kind::Boolean),
    ("date", Kind::Date),
];

/// The value that counts on a day (days since 1970-01-01) for a household: among the valid ones the most specific.
///
/// A value of the township comes before one of the county; then one of the group (`lifted` for households lifted out of
/// poverty, `other` for the rest) before one for everybody. None when no value is valid on that day.
pub fn resolve<'p>(param: &'p Param, as_of: i32, township: Option<&str>, lifted: bool) -> Option<&'p ParamValue> {
    let group = if lifted { "lifted" } else { "other" };
    let valid = param.values.iter().filter(|v| {
        v.from.is_none_or(|from| from <= as_of)
            && v.until.is_none_or(|until| as_of <= until)
            && v.township.as_deref().is_none_or(|t| Some(t) == township)
            && v.group.as_deref().is_none_or(|g| g == group)
    });
    valid.max_by_key(|v| (v.township.is_some(), v.group.is_some()))
}

/// Reads a file of parameters.
pub(super) fn read(file: &Section, codes: &Codes) -> Vec<Param> {
    let mut params = Vec::new();
    for section in file.sections("param") {
        params.push(param(&section, codes));
        section.finish();
    }
    params
}

/// Parameters by name; names that stand twice are reported.
pub(super) fn resolve_names(params: Vec<Param>, problems: &Problems) -> BTreeMap<String, Param> {
    let mut by_name: BTreeMap<String, Param> = BTreeMap::new();
    for param in params {
        if let Some(first) = by_name.get(&param.name) {
            let message = format!("parameter `{}` stands twice, first in {}", param.name, first.place);
            problems.borrow_mut().push(
                Diagnostic::error("plan.duplicate", message, param.place)
                    .hint("put all values of a parameter into one [[param]]"),
            );
            continue;
        }
        by_name.insert(param.name.clone(), param);
    }
    by_name
}

fn param(section: &Section, codes: &Codes) -> Param {
    let name = super::check::name(section, "name");
    let kind = section.need_word("kind", &KINDS, Kind::Decimal);
    let mut values = Vec::new();
    for entry in section.sections("values") {
        values.extend(value(&entry, kind, codes));
        entry.finish();
    }
    let param = Param {
        name,
        title: section.need_text("title"),
        kind,
        unit: section.text("unit").unwrap_or_default(),
        values,
        place: section.place(),
    };
    overlaps(section, &param);
    gaps(section, &param);
    param
}

fn value(entry: &Section, kind: Kind, codes: &Codes) -> Option<ParamValue> {
    let township = entry.text("township").map(|name| {
        // Without a division table nobody can tell: that is reported once, with the tables.
        match codes.divisions().township(&name) {
            Lookup::One(division) => division.name.clone(),
            _ if codes.divisions().all().is_empty() => name,
            _ => {
                let message = format!("there is no township `{name}` in the division table");
                let hint =
                    "write the township's full name as divisions.csv has it; otherwise the value would never count";
                entry.error("plan.unknown_township", "township", message, hint);
                name
            }
        }
    });
    let groups = [("lifted", "lifted"), ("other", "other")];
    let parsed = ParamValue {
        from: entry.day("from"),
        until: entry.day("until"),
        township,
        group: entry.word("group", &groups).map(str::to_string),
        value: entry.value("value", kind).unwrap_or(Value::Null),
        document: entry.need_text("document"),
        place: entry.place(),
    };
    if !entry.has("value") {
        let message = "this entry of `values` has no `value`";
        entry.report(Diagnostic::error("plan.missing_key", message, entry.place()).hint("add `value = …`"));
    }
    if let (Some(from), Some(until)) = (parsed.from, parsed.until)
        && until < from
    {
        let message = format!("the value ends on {}, before it begins", text::date(until));
        entry.error("plan.contradiction", "until", message, "`until` is the last day on which the value holds");
    }
    Some(parsed)
}

/// Two values for the same area and group that hold on the same day: nobody could say which one counts.
fn overlaps(section: &Section, param: &Param) {
    let days = |v: &ParamValue| (v.from.unwrap_or(i32::MIN), v.until.unwrap_or(i32::MAX));
    for (i, a) in param.values.iter().enumerate() {
        for b in &param.values[i + 1..] {
            let same = a.township == b.township && a.group == b.group;
            let first = days(a).0.max(days(b).0);
            if same && first <= days(a).1.min(days(b).1) {
                let since = if first == i32::MIN { "at all times".into() } else { format!("on {}", text::date(first)) };
                let message = format!("two values of `{}` hold {since} for the same area and group", param.name);
                section.report(Diagnostic::error("plan.param_overlap", message, b.place.clone()).hint(format!(
                    "close the value of line {} with `until`, or let this one begin later",
                    a.place.line.unwrap_or(0)
                )));
            }
        }
    }
}

/// The county-wide value for everybody must hold without a gap from its first day on: a rule must never lack it.
fn gaps(section: &Section, param: &Param) {
    let mut general: Vec<&ParamValue> =
        param.values.iter().filter(|v| v.township.is_none() && v.group.is_none()).collect();
    general.sort_by_key(|v| v.from.unwrap_or(i32::MIN));
    if general.is_empty() {
        let message = format!("`{}` has no value for the whole county and everybody", param.name);
        section.report(
            Diagnostic::error("plan.param_no_general_value", message, param.place.clone())
                .hint("add a value without `township` and `group`, for all whom no special value meets"),
        );
    }
    for pair in general.windows(2) {
        let (Some(until), Some(from)) = (pair[0].until, pair[1].from) else {
            continue;
        };
        if from > until.saturating_add(1) {
            let (last, next) = (text::date(until), text::date(from));
            let message = format!("`{}` has no value after {last} and before {next}", param.name);
            section.report(
                Diagnostic::error("plan.param_gap", message, pair[1].place.clone())
                    .hint("let the value begin on the day after the one before it ends"),
            );
        }
    }
}

/// Parameters without a value for the whole county and everybody on a day (days since 1970-01-01): a round of that day
/// would judge nobody by them.
pub fn without_value(params: &BTreeMap<String, Param>, as_of: i32) -> Vec<Diagnostic> {
    let holds = |v: &ParamValue| v.from.is_none_or(|d| d <= as_of) && v.until.is_none_or(|d| as_of <= d);
    let general = |v: &&ParamValue| v.township.is_none() && v.group.is_none() && holds(v);
    let lacking = params.values().filter(|p| !p.values.iter().any(|v| general(&v)));
    lacking
        .map(|p| {
            let message = format!("parameter `{}` has no value on {}", p.name, text::date(as_of));
            Diagnostic::error("plan.param_no_value", message, p.place.clone())
                .hint("add a value that holds on this day, with the document it comes from")
        })
        .collect()
}
