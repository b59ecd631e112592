//! What an indicator, a rule and a group's condition may name.

use super::Context;
use crate::model::table::Column;
use crate::plan::schema;
use crate::plan::types::{Indicator, Level, Origin, Plan, RuleRole, Subject};

/// What an indicator's filter (`aggregate` false) or value (`aggregate` true) may name.
///
/// Records: their source's columns, and with `person.` and `household.` before it what is known of the person and household
/// for whom a record counts. Members: what is known of each, and `household.`. Indicators: what a rule of the level may name.
/// None when the pipeline lacks the source.
pub fn indicator_context(plan: &Plan, indicator: &Indicator, aggregate: bool) -> Option<Context> {
    let of = |level| schema::rule_columns(plan, level);
    let own_of_persons = || {
        let of_households = of(Level::Household);
        of(Level::Person).into_iter().filter(move |c| !of_households.iter().any(|h| h.name == c.name))
    };
    let prefixed = |prefix: &str, columns: Vec<Column>| {
        let prefix = format!("{prefix}.");
        columns.into_iter().map(move |c| Column { name: format!("{prefix}{}", c.name), ..c }).collect::<Vec<_>>()
    };
    let (columns, aggregate) = match indicator.origin() {
        Origin::Records => {
            let source = plan.sources.iter().find(|s| s.id == indicator.source)?;
            let mut columns = schema::records(source).columns;
            if source.subject != Subject::Village {
                columns.extend(prefixed("person", own_of_persons().collect()));
            }
            columns.extend(prefixed("household", of(Level::Household)));
            (columns, aggregate)
        }
        Origin::Members => {
            let mut columns: Vec<Column> = own_of_persons().collect();
            columns.extend(prefixed("household", of(Level::Household)));
            (columns, aggregate)
        }
        Origin::Indicators => (of(indicator.level), false),
    };
    Some(Context { columns, aggregate, ..bare(plan) })
}

/// What a rule's condition may name: indicators and built-in columns of its level, parameters; one of role `checks` also
/// how the household came out: `listed`, and `hit('MED-01')` for every rule of another role.
pub fn rule_context(plan: &Plan, level: Level, role: RuleRole) -> Context {
    let mut columns = schema::rule_columns(plan, level);
    if role == RuleRole::Checks {
        columns.extend(schema::outcome_columns(plan));
    }
    Context { columns, ..bare(plan) }
}

/// What a group's condition may name: indicators and built-in columns of households, no parameters.
pub fn group_context(plan: &Plan) -> Context {
    let columns = schema::rule_columns(plan, Level::Household);
    Context { columns, params: std::collections::BTreeMap::new(), aggregate: false }
}

fn bare(plan: &Plan) -> Context {
    let params = plan
        .params
        .iter()
        .map(|(name, param)| (name.clone(), super::ParamType { kind: param.kind, unit: param.unit.clone() }));
    Context { columns: Vec::new(), params: params.collect(), aggregate: false }
}
