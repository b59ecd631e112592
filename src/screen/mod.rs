//! Linked records → indicators, rule hits and the online list.
//!
//! In: the plan, `persons`, `households`, `records_<source>` and `links` of every delivered source, and the day. Out:
//! [`Screened`], six tables. A value that nobody delivered is unknown, never zero, and a rule that needs it is neither
//! hit nor missed.
//!
//! | file | what |
//! |---|---|
//! | `entities` | persons and households by row, built-in columns |
//! | `params` | parameters per township and group |
//! | `pairs` | records and links → whom each record counts for |
//! | `indicators`, `aggregate` | records → one value per person or household |
//! | `rules` | conditions → hit, miss, unknown |
//! | `hits`, `evidence` | hits with their words and the cells behind them |
//! | `lists` | hits → online list, by the written policy |
//! | `held` | what of the list before is kept because a department has not delivered |
//! | `rule_tests` | the pipeline's own tests of its rules |
//! | `lower`, `frames`, `kernels` | the rule language on polars |
//! | `wanted` | which columns of its inputs are read at all |

mod aggregate;
#[cfg(test)]
mod conformance;
mod entities;
mod evidence;
mod frames;
pub mod held;
mod hits;
mod indicators;
mod kernels;
mod lists;
mod lower;
mod pairs;
mod params;
mod rule_tests;
mod rules;
pub mod wanted;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::diag::{Diagnostic, Failure, FailureClass, Outcome};
use crate::model::table::{Table, TableSchema};
use crate::plan::sql::{self, CompiledIndicator};
use crate::plan::{Judged, Level, Plan, RuleRole, schema};
use entities::{Columns, Entities};
use hits::Hit;
use indicators::{Computed, Known};
use rules::{Compiled, RuleOutcome};

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
    /// Table `possible_links`: whoever waits there is not known to be without a record.
    pub possible: &'a Table,
    /// The round before, if there is one.
    pub previous: Option<&'a held::Previous>,
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
    let entities = Entities::new(input.persons, input.households);
    let compiled = plan.indicators.iter().map(|i| checked(sql::compile_indicator(plan, i)));
    let compiled: Vec<CompiledIndicator> = compiled.collect::<Outcome<_>>()?;
    let (mut known, computed) = known(input, &entities, &compiled)?;

    let first = Stage::judge(input, &entities, &known, false)?;
    rules::outcome_columns(&entities, &first.judged(), &mut known.households, &mut known.withheld);
    let second = Stage::judge(input, &entities, &known, true)?;

    let mut found = first.hits(input, &entities, &known);
    found.extend(second.hits(input, &entities, &known));
    hits::sort(&mut found, &entities);
    let judged: Vec<_> = first.judged().into_iter().chain(second.judged()).collect();
    let places = plan.indicators.iter().enumerate().map(|(place, i)| (i.name.as_str(), place)).collect();
    let trail = hits::Trail { input, compiled: &compiled, computed: &computed, places };
    let rule_outcomes = hits::rule_outcomes(plan, &judged, &known.withheld);
    let mut online_list = lists::online_list(&found, &entities, &known.households, &known.fixed);
    if let Some(previous) = input.previous {
        let unjudged = unjudged(&entities, &first.judged(), &known);
        let income = known.withheld.get(schema::INCOME).cloned().unwrap_or_default();
        online_list = held::hold(online_list, &unjudged, &income, previous)?;
    }
    Ok(Screened {
        indicators_person: indicator_table(schema::indicators_person(plan), input.persons, &computed),
        indicators_household: indicator_table(schema::indicators_household(plan), input.households, &computed),
        rule_hits: hits::rule_hits(&found, &entities, plan),
        hit_records: hits::hit_records(&found, &trail),
        rule_outcomes,
        online_list,
    })
}

type AllComputed<'p> = BTreeMap<&'p str, Computed>;

/// Built-in columns, parameters and all indicators, each after those it needs.
fn known<'p>(
    input: &ScreenInput<'p>,
    entities: &Entities,
    compiled: &[CompiledIndicator],
) -> Outcome<(Known, AllComputed<'p>)> {
    let plan = input.plan;
    let townships = input.households.text("township").iter().collect();
    let resolver = params::Resolver::new(plan, input.as_of, townships)?;
    let mut known = Known {
        persons: entities.person_columns(input.as_of),
        households: entities.household_columns(),
        fixed: Columns::new(),
        withheld: rules::withheld_built_in(plan, input.delivered),
    };
    resolver.add_plain(&mut known.households, &mut known.fixed);
    let by_group = |name: &String| plan.params.get(name).is_some_and(params::is_by_group);
    let (mut computed, mut resolved) = (BTreeMap::new(), false);
    let mut linked = pairs::Pairs::new(input);
    for place in checked(sql::order(plan, compiled))? {
        let (indicator, compiled) = (&plan.indicators[place], &compiled[place]);
        // The order has put what the groups hang on before this one.
        if !resolved && compiled.params.iter().any(by_group) {
            resolver.add_by_group(&mut known.households, &mut known.withheld)?;
            resolved = true;
        }
        let values = indicators::compute(input, entities, &mut known, &mut linked, indicator, compiled)?;
        computed.insert(indicator.name.as_str(), values);
    }
    if !resolved {
        resolver.add_by_group(&mut known.households, &mut known.withheld)?;
    }
    Ok((known, computed))
}

/// Of each listing rule that lacks a source the households for which it, or somebody in it, is unknown.
fn unjudged<'a>(entities: &'a Entities, judged: &[(&'a Compiled, &RuleOutcome)], known: &Known) -> held::Unjudged<'a> {
    let mut found = held::Unjudged::new();
    for (compiled, outcome) in judged.iter().filter(|(c, _)| c.rule.role == RuleRole::Lists) {
        let missing = compiled.missing(&known.withheld);
        if missing.is_empty() {
            continue;
        }
        let unknown = outcome.judged.iter().enumerate().filter(|(_, j)| **j == Some(Judged::Unknown));
        let households = unknown.filter_map(|(row, _)| entities.household_row(compiled.rule.level, row as u32));
        let ids = households.filter_map(|row| entities.households.str_at("household_id", row as usize));
        let gap = held::Gap { missing, households: ids.collect() };
        found.insert(compiled.rule.id.as_str(), gap);
    }
    found
}

/// Rules of both levels with their outcomes: all that judge risks, or those that look at the work of offices.
struct Stage<'p> {
    households: Vec<Compiled<'p>>,
    persons: Vec<Compiled<'p>>,
    of_households: Vec<RuleOutcome>,
    of_persons: Vec<RuleOutcome>,
    person_view: Columns,
}

impl<'p> Stage<'p> {
    fn judge(input: &ScreenInput<'p>, entities: &Entities, known: &Known, checks: bool) -> Outcome<Self> {
        let households = rules::compile(input.plan, Level::Household, checks)?;
        let persons = rules::compile(input.plan, Level::Person, checks)?;
        let wanted: BTreeSet<String> = persons.iter().flat_map(Compiled::columns).collect();
        let person_view = rules::person_view(entities, known.persons.clone(), &known.households, &wanted)?;
        let judge = |rules: &[_], columns, in_scope: &[bool]| {
            rules::judge(rules, (columns, &known.fixed), in_scope, &known.withheld, input.as_of)
        };
        let of_households = judge(&households, &known.households, &entities.inhabited)?;
        let of_persons = judge(&persons, &person_view, &entities.present)?;
        Ok(Stage { households, persons, of_households, of_persons, person_view })
    }

    fn judged(&self) -> Vec<(&Compiled<'p>, &RuleOutcome)> {
        self.households.iter().zip(&self.of_households).chain(self.persons.iter().zip(&self.of_persons)).collect()
    }

    fn hits(&self, input: &ScreenInput, entities: &Entities, known: &Known) -> Vec<Hit<'p>> {
        let of_households = (&self.households, &self.of_households, (&known.households, &known.fixed));
        let of_persons = (&self.persons, &self.of_persons, (&self.person_view, &known.fixed));
        let mut hits =
            hits::collect(entities, Level::Household, of_households.0, of_households.1, of_households.2, input);
        hits.extend(hits::collect(entities, Level::Person, of_persons.0, of_persons.1, of_persons.2, input));
        hits
    }
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
