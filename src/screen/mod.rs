//! Linked records → indicators, rule hits and the online list.
//!
//! In: the plan, `persons`, `households`, `records_<source>` and `links` of every delivered source, and the day. Out:
//! [`Screened`], six tables. A value that nobody delivered is unknown, never zero, and a rule that needs it is neither
//! hit nor missed.
//!
//! | file | what |
//! |---|---|
//! | `entities` | persons and households by row, built-in columns, parameters per township and group |
//! | `indicators`, `aggregate` | records → one value per person or household |
//! | `rules` | conditions → hit, miss, unknown |
//! | `hits`, `evidence` | hits with their words and the cells behind them |
//! | `lists` | hits → online list, by the written policy |
//! | `rule_tests` | the pipeline's own tests of its rules |
//! | `lower`, `frames`, `kernels` | the rule language on polars |

mod aggregate;
#[cfg(test)]
mod conformance;
mod entities;
mod evidence;
mod frames;
mod hits;
mod indicators;
mod kernels;
mod lists;
mod lower;
mod rule_tests;
mod rules;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::diag::{Diagnostic, Failure, FailureClass, Outcome};
use crate::model::table::{Table, TableSchema};
use crate::plan::{Level, Plan, schema};

pub use rule_tests::run_tests;

/// What screening needs.
pub struct ScreenInput<'a> {
    /// The pipeline.
    pub plan: &'a Plan,
    /// Day of the judgement.
    pub as_of: Date,
    /// Table `persons`.
    pub persons: &'a Table,
    /// Table `households`.
    pub households: &'a Table,
    /// `records_<source>` by source id.
    pub records: &'a BTreeMap<String, Table>,
    /// `links` of a source by source id.
    pub links: &'a BTreeMap<String, Table>,
    /// Ids of the sources that were delivered; what is not among them is unknown, not empty.
    pub delivered: &'a BTreeSet<String>,
}

/// What screening gives.
#[derive(Debug)]
pub struct Screened {
    /// `indicators_person`, in the order of `persons`.
    pub indicators_person: Table,
    /// `indicators_household`, in the order of `households`.
    pub indicators_household: Table,
    /// `rule_hits`, by household, rule, person.
    pub rule_hits: Table,
    /// `hit_records`, in the order of `rule_hits`, by indicator and record.
    pub hit_records: Table,
    /// `rule_outcomes`, in the order of the rule files.
    pub rule_outcomes: Table,
    /// `online_list`, by township, village, household.
    pub online_list: Table,
}

/// Screens one round.
///
/// Fails with class `Pipeline` when a condition of the plan does not pass its check, and with class `Internal` when the
/// engine does not compute a checked expression (an amount beyond 36 digits).
pub fn screen(input: &ScreenInput) -> Outcome<Screened> {
    let plan = input.plan;
    let entities = entities::Entities::new(input.persons, input.households);
    let withheld = rules::withheld(plan, input.delivered);
    let mut households = entities.household_columns(plan, input.as_of, !withheld.contains_key("lifted"));
    let mut persons = entities.person_columns(input.as_of);

    let mut computed = BTreeMap::new();
    let mut linked = indicators::Pairs::default();
    for indicator in &plan.indicators {
        let values = indicators::compute(input, &entities, &households, &mut linked, indicator)?;
        computed.insert(indicator.name.as_str(), values);
    }
    // Added only now: a parameter or an indicator is computed from records, never from another indicator.
    for indicator in &plan.indicators {
        let columns = match indicator.level {
            Level::Household => &mut households,
            Level::Person => &mut persons,
        };
        if let Some(values) = computed.get(indicator.name.as_str()) {
            columns.insert(indicator.name.clone(), values.values.clone());
        }
    }

    let household_rules = rules::compile(plan, Level::Household)?;
    let person_rules = rules::compile(plan, Level::Person)?;
    let wanted: BTreeSet<String> = person_rules.iter().flat_map(rules::Compiled::columns).collect();
    let person_view = rules::person_view(&entities, persons, &households, &wanted)?;
    let judge =
        |rules: &[_], columns, in_scope: &[bool]| rules::judge(rules, columns, in_scope, &withheld, input.as_of);
    let of_households = judge(&household_rules, &households, &entities.inhabited)?;
    let of_persons = judge(&person_rules, &person_view, &entities.present)?;

    let mut found = hits::collect(&entities, Level::Household, &household_rules, &of_households, &households, input);
    found.extend(hits::collect(&entities, Level::Person, &person_rules, &of_persons, &person_view, input));
    hits::sort(&mut found, &entities);
    let judged: Vec<_> =
        household_rules.iter().zip(&of_households).chain(person_rules.iter().zip(&of_persons)).collect();
    Ok(Screened {
        indicators_person: indicator_table(schema::indicators_person(plan), input.persons, &computed),
        indicators_household: indicator_table(schema::indicators_household(plan), input.households, &computed),
        rule_hits: hits::rule_hits(&found, &entities, plan),
        hit_records: hits::hit_records(&found, input, &computed),
        rule_outcomes: hits::rule_outcomes(plan, &judged, &withheld),
        online_list: lists::online_list(&found, &entities, &households),
    })
}

/// An indicator table: its keys from the table of entities, its values as computed.
fn indicator_table(schema: TableSchema, entities: &Table, computed: &BTreeMap<&str, indicators::Computed>) -> Table {
    let columns = schema.columns.iter();
    let arrays = columns
        .map(|column| match computed.get(column.name.as_str()) {
            Some(values) => frames::array(&values.values, column.kind),
            None => frames::array(&frames::column(entities, &column.name), column.kind),
        })
        .collect();
    Table::new(schema, arrays)
}

/// A checked expression, or the failure of a pipeline that was not checked.
fn checked<T>(result: Result<T, Vec<Diagnostic>>) -> Outcome<T> {
    result.map_err(|problems| Failure { class: FailureClass::Pipeline, problems })
}
