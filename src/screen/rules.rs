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
use crate::plan::sql::{self, Expr};
use crate::plan::{Judged, Level, Plan, Rule, SourceRole};

/// Columns that nobody delivered, each with the source that would have them.
pub(super) type Withheld = BTreeMap<String, String>;

/// Finds the columns that a round lacks: indicators of sources that were not delivered, and, without the national
/// system's export, what only it knows of a household and the parameters that depend on that.
pub(super) fn withheld(plan: &Plan, delivered: &BTreeSet<String>) -> Withheld {
    let missing = |source: &str| !delivered.contains(source);
    let indicators = plan.indicators.iter().filter(|i| missing(&i.source));
    let mut columns: Withheld = indicators.map(|i| (i.name.clone(), i.source.clone())).collect();
    let national = plan.sources.iter().find(|s| s.role == SourceRole::NationalSystem && missing(&s.id));
    if let Some(national) = national {
        let known_there = ["lifted", "monitored_type", "risk_cleared"];
        columns.extend(known_there.map(|name| (name.to_string(), national.id.clone())));
        let by_group = plan.params.values().filter(|p| p.values.iter().any(|v| v.group.is_some()));
        columns.extend(by_group.map(|p| (param_column(&p.name), national.id.clone())));
    }
    columns
}

/// A rule ready to be judged.
pub(super) struct Compiled<'a> {
    pub rule: &'a Rule,
    pub condition: Expr,
}

impl Compiled<'_> {
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

/// Checks the conditions of all rules of a level.
pub(super) fn compile(plan: &Plan, level: Level) -> Outcome<Vec<Compiled<'_>>> {
    let context = sql::rule_context(plan, level);
    let rules = plan.rules.iter().filter(|r| r.level == level);
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
    columns: &Columns,
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
            let mut lowering = Lowering::new(as_of).without(withheld.keys().map(String::as_str));
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

/// A column that no declared name and no parameter can be.
fn outcome_column(place: usize) -> String {
    format!("rule #{place}")
}
