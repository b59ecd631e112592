//! Rules → hit, miss or unknown for every person or household in their scope.
//!
//! In: built-in columns, indicators and parameters as columns. Out: one [`RuleOutcome`] per rule. Persons who died or
//! moved out and households without anybody left are not judged; whoever has only unknown values is unknown, not a miss. What nobody delivered stays unknown whatever the condition makes of unknown values.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{BooleanChunked, Column, DataFrame, IntoLazy, IntoSeries, NewChunkedArray};

use super::entities::{Columns, Entities, gather};
use super::frames::engine;
use super::lower::{Lowering, param_column};
use super::{checked, evidence};
use crate::diag::Outcome;
use crate::plan::schema::{HIT, LISTED};
use crate::plan::sql::{self, Expr};
use crate::plan::{Judged, Level, Plan, Rule, RuleRole, SourceRole};

/// Columns that nobody delivered, each with the sources that would have them.
pub(super) type Withheld = BTreeMap<String, BTreeSet<String>>;

/// Without the national system's export: what only it knows of a household.
pub(super) fn withheld_built_in(plan: &Plan, delivered: &BTreeSet<String>) -> Withheld {
    let national = plan.sources.iter().find(|s| s.role == SourceRole::NationalSystem && !delivered.contains(&s.id));
    let Some(national) = national else { return Withheld::new() };
    let known_there = ["lifted", "monitored_type", "monitored_since", "risk_cleared"];
    known_there.map(|name| (name.to_string(), BTreeSet::from([national.id.clone()]))).into()
}

/// A rule ready to be judged.
pub(super) struct Compiled<'a> {
    pub rule: &'a Rule,
    pub condition: Expr,
}

impl Compiled<'_> {
    /// Sources that were not delivered and that the condition needs.
    pub(super) fn missing(&self, withheld: &Withheld) -> BTreeSet<String> {
        let columns = self.condition.columns().into_iter().map(str::to_string);
        let named = columns.chain(self.condition.params().into_iter().map(param_column));
        named.filter_map(|name| withheld.get(&name)).flatten().cloned().collect()
    }

    /// Columns that the condition and the evidence need, parameters by their column names.
    pub(super) fn columns(&self) -> BTreeSet<String> {
        let named = self.condition.columns().into_iter().map(str::to_string);
        let params = self.condition.params().into_iter().map(param_column);
        let shown = evidence::columns(&self.rule.evidence);
        named.chain(params).chain(shown).collect()
    }
}

/// How a rule came out.
pub(super) struct RuleOutcome {
    /// Judgement of each person or household; none when out of scope.
    pub judged: Vec<Option<Judged>>,
}

impl RuleOutcome {
    /// Number of entities with a judgement.
    pub(super) fn count(&self, wanted: Judged) -> i64 {
        self.judged.iter().filter(|j| **j == Some(wanted)).count() as i64
    }
}

/// Checks the conditions of a level's rules: those that look at the work of offices, or all others.
pub(super) fn compile(plan: &Plan, level: Level, checks: bool) -> Outcome<Vec<Compiled<'_>>> {
    let role = if checks { RuleRole::Checks } else { RuleRole::Lists };
    let context = sql::rule_context(plan, level, role);
    let rules = plan.rules.iter().filter(|r| r.level == level && (r.role == RuleRole::Checks) == checks);
    rules.map(|rule| Ok(Compiled { rule, condition: checked(sql::check_condition(&rule.when, &context))? })).collect()
}

/// The columns that persons' rules need: persons' own, and their household's for the rest.
pub(super) fn person_view(
    entities: &Entities,
    own: Columns,
    households: &Columns,
    wanted: &BTreeSet<String>,
) -> Outcome<Columns> {
    let mut view = own;
    for name in wanted {
        if let (false, Some(series)) = (view.contains_key(name), households.get(name)) {
            let values = gather(series, entities.household_of.iter().copied())?;
            view.insert(name.clone(), values);
        }
    }
    Ok(view)
}

/// Judges every entity in scope by every rule; outcomes in the order of the rules.
pub(super) fn judge(
    rules: &[Compiled],
    (columns, fixed): (&Columns, &Columns),
    in_scope: &[bool],
    withheld: &Withheld,
    as_of: jiff::civil::Date,
) -> Outcome<Vec<RuleOutcome>> {
    let wanted: BTreeSet<String> = rules.iter().flat_map(Compiled::columns).collect();
    let mut series: Vec<Column> =
        vec![BooleanChunked::from_iter_values("@".into(), in_scope.iter().copied()).into_series().into()];
    for name in &wanted {
        if let Some(values) = columns.get(name) {
            series.push(values.clone().with_name(name.as_str().into()).into());
        }
    }
    let frame = DataFrame::new(in_scope.len(), series).map_err(engine("laying out rules"))?;
    let conditions: Vec<_> = rules
        .iter()
        .enumerate()
        .map(|(place, rule)| {
            let mut lowering = Lowering::new(as_of).fixed(fixed).without(withheld.keys().map(String::as_str));
            lowering.lower(&rule.condition).alias(outcome_column(place))
        })
        .collect();
    let judged = frame.lazy().with_columns(conditions).collect().map_err(engine("judging rules"))?;
    (0..rules.len())
        .map(|place| {
            let column = judged.column(&outcome_column(place)).and_then(|c| c.bool());
            let column = column.map_err(engine("judging rules"))?;
            let judged = column.iter().zip(in_scope).map(|(held, in_scope)| {
                in_scope.then_some(match held {
                    Some(true) => Judged::Hit,
                    Some(false) => Judged::Miss,
                    None => Judged::Unknown,
                })
            });
            Ok(RuleOutcome { judged: judged.collect() })
        })
        .collect()
}

/// How households came out, as columns for the rules that look at the work of offices: `hit:<rule>` is true when a rule
/// holds for the household or somebody in it, unknown when it is for one of them; `listed` is true when a rule lists it, and
/// unknown when none does and one could not be judged because a source is missing.
pub(super) fn outcome_columns(
    entities: &Entities,
    judged: &[(&Compiled, &RuleOutcome)],
    households: &mut Columns,
    withheld: &mut Withheld,
) {
    let count = entities.count(Level::Household);
    let mut listed: Vec<Option<bool>> = vec![Some(false); count];
    let mut missing_of_lists = BTreeSet::new();
    for (compiled, outcome) in judged {
        let mut held: Vec<Option<bool>> = vec![Some(false); count];
        for (row, judgement) in outcome.judged.iter().enumerate() {
            let Some(household) = entities.household_row(compiled.rule.level, row as u32) else { continue };
            let held = &mut held[household as usize];
            *held = match (judgement, *held) {
                (Some(Judged::Hit), _) | (_, Some(true)) => Some(true),
                (Some(Judged::Unknown), _) => None,
                (_, before) => before,
            };
        }
        let missing = compiled.missing(withheld);
        if compiled.rule.role == RuleRole::Lists {
            for (listed, held) in listed.iter_mut().zip(&held) {
                *listed = match (*held, *listed) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (None, _) if !missing.is_empty() => None,
                    (_, before) => before,
                };
            }
            missing_of_lists.extend(missing.iter().cloned());
        }
        insert(households, withheld, format!("{HIT}{}", compiled.rule.id), held, missing);
    }
    insert(households, withheld, LISTED.to_string(), listed, missing_of_lists);
}

fn insert(
    households: &mut Columns,
    withheld: &mut Withheld,
    name: String,
    held: Vec<Option<bool>>,
    missing: BTreeSet<String>,
) {
    let series = BooleanChunked::from_iter_options(name.as_str().into(), held.into_iter()).into_series();
    if !missing.is_empty() {
        withheld.insert(name.clone(), missing);
    }
    households.insert(name, series);
}

/// A column that no declared name and no parameter can be.
fn outcome_column(place: usize) -> String {
    format!("rule #{place}")
}
