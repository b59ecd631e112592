//! The cap on scale: one document wants at most 5 % monitored (003), another forbids any cap (002). It only warns, and only when
//! the county has given the parameter `scale_cap`, in percent of the register's persons.

use crate::diag::Diagnostic;
use crate::model::build::Value;
use crate::model::{Table, text};
use crate::plan::{Plan, params};

/// Parameter with the cap.
pub const CAP: &str = "scale_cap";

/// A warning when listed and monitored persons together are more than the cap allows; nobody is left out for it.
pub fn above_cap(plan: &Plan, as_of: jiff::civil::Date, households: &Table, list: &Table) -> Option<Diagnostic> {
    let param = plan.params.get(CAP)?;
    let held = params::resolve(param, text::to_days(as_of), None, params::OTHER, plan.basis)?;
    let hundredths = match held.value {
        Value::Integer(percent) => i128::from(percent) * 100,
        Value::Decimal(hundredths) => hundredths,
        _ => return None,
    };
    if hundredths <= 0 {
        return None;
    }
    let listed: std::collections::BTreeSet<&str> = list.text("household_id").iter().flatten().collect();
    let (mut all, mut counted) = (0i128, 0i128);
    for row in 0..households.rows() {
        let size = i128::from(households.integer_at("size", row).unwrap_or(0));
        let monitored = households.str_at("monitored_type", row).is_some()
            && households.boolean_at("risk_cleared", row) != Some(true);
        let on_list = households.str_at("household_id", row).is_some_and(|id| listed.contains(id));
        all += size;
        counted += if monitored || on_list { size } else { 0 };
    }
    (counted * 10_000 > hundredths * all).then(|| {
        let message = format!(
            "{counted} of {all} persons are listed or monitored, more than the {} % of `{CAP}`",
            text::decimal(hundredths)
        );
        Diagnostic::warning("screen.scale_cap", message, held.place.clone())
            .hint("a cap is no reason to leave anybody out (002): look at the rules that hit most, and leave the list as it is")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Place;
    use crate::model::build::TableBuilder;
    use crate::model::table::Kind;
    use crate::model::tables;
    use crate::plan::{Param, ParamValue, sample};

    #[test]
    fn the_cap_warns_only_where_it_is_given() {
        let mut households = TableBuilder::new(tables::households());
        for (id, size, monitored) in [("H1", 3, None), ("H2", 2, Some("marginal")), ("H3", 95, None)] {
            households.push_named(vec![
                ("household_id", id.into()),
                ("size", Value::Integer(size)),
                ("monitored_type", monitored.map(str::to_string).into()),
            ]);
        }
        let households = households.finish();
        let mut list = TableBuilder::new(tables::online_list());
        list.push_named(vec![("household_id", "H1".into())]);
        let list = list.finish();
        let mut plan = sample::plan();
        let day = jiff::civil::date(2026, 9, 30);
        assert_eq!(above_cap(&plan, day, &households, &list), None);
        for (percent, warns) in [(0, false), (400, true), (499, true), (500, false)] {
            let value = ParamValue {
                from: None,
                until: None,
                township: None,
                group: None,
                basis: None,
                value: Value::Decimal(percent),
                document: "003".into(),
                place: Place::default(),
            };
            let param = Param {
                name: CAP.into(),
                title: "规模上限".into(),
                kind: Kind::Decimal,
                unit: "percent".into(),
                values: vec![value],
                place: Place::default(),
            };
            plan.params = [(CAP.to_string(), param)].into();
            assert_eq!(above_cap(&plan, day, &households, &list).is_some(), warns, "{percent}");
        }
    }
}
