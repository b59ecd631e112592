//! An indicator's filter and value, what they need of other indicators, and the order in which all are computed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Expr, check, check_condition, context};
use crate::diag::Diagnostic;
use crate::plan::types::{Indicator, Origin, Plan};

/// An indicator ready to be computed.
#[derive(Debug, Clone)]
pub struct CompiledIndicator {
    /// Rows for which it is not true are left out.
    pub filter: Option<Expr>,
    /// The value; without aggregates when it is computed from other indicators.
    pub value: Expr,
    /// Columns of persons and households that both name, built-in ones too, without prefix.
    pub needs: BTreeSet<String>,
    /// Parameters that both name.
    pub params: BTreeSet<String>,
}

/// Checks an indicator's filter and value; its source must be known.
pub fn compile_indicator(plan: &Plan, indicator: &Indicator) -> Result<CompiledIndicator, Vec<Diagnostic>> {
    let context = |aggregate| context::indicator_context(plan, indicator, aggregate);
    let (Some(of_rows), Some(of_value)) = (context(false), context(true)) else {
        return Err(Vec::new());
    };
    let filter = indicator.filter.as_ref().map(|filter| check_condition(filter, &of_rows));
    let value = check(&indicator.value, &of_value);
    let (filter, value) = match (filter, value) {
        (None, Ok(value)) => (None, value),
        (Some(Ok(filter)), Ok(value)) => (Some(filter), value),
        (filter, value) => {
            let filter = filter.and_then(Result::err).unwrap_or_default();
            return Err(filter.into_iter().chain(value.err().unwrap_or_default()).collect());
        }
    };
    let both = || filter.iter().chain([&value]);
    let plain = indicator.origin() != Origin::Records;
    let needs = both().flat_map(Expr::columns).filter_map(|name| match name.split_once('.') {
        Some((_, name)) => Some(name.to_string()),
        None => plain.then(|| name.to_string()),
    });
    let needs = needs.collect();
    let params = both().flat_map(Expr::params).map(str::to_string).collect();
    Ok(CompiledIndicator { filter, value, needs, params })
}

/// The places of the indicators in the order in which they can be computed: each after those it needs, otherwise as in the
/// files. A parameter with values by group needs what the groups' conditions name.
///
/// # Errors
/// Indicators that need one another in a circle. Conditions of groups that do not pass their check count as needing nothing:
/// `check_plan` tells about them.
pub fn order(plan: &Plan, compiled: &[CompiledIndicator]) -> Result<Vec<usize>, Vec<Diagnostic>> {
    let places: BTreeMap<&str, usize> = plan.indicators.iter().enumerate().map(|(i, x)| (x.name.as_str(), i)).collect();
    let context = context::group_context(plan);
    let of_groups: BTreeSet<usize> = plan
        .groups
        .iter()
        .filter_map(|group| check_condition(&group.when, &context).ok())
        .flat_map(|condition| {
            condition.columns().into_iter().filter_map(|n| places.get(n).copied()).collect::<Vec<_>>()
        })
        .collect();
    let by_group = |name: &String| plan.params.get(name).is_some_and(|p| p.values.iter().any(|v| v.group.is_some()));
    let needs: Vec<BTreeSet<usize>> = compiled
        .iter()
        .map(|one| {
            let mut needs: BTreeSet<usize> = one.needs.iter().filter_map(|n| places.get(n.as_str()).copied()).collect();
            if one.params.iter().any(by_group) {
                needs.extend(&of_groups);
            }
            needs
        })
        .collect();
    let (mut sorted, mut done) = (Vec::new(), vec![false; compiled.len()]);
    while sorted.len() < compiled.len() {
        let ready = (0..compiled.len()).find(|i| !done[*i] && needs[*i].iter().all(|n| done[*n]));
        let Some(next) = ready else {
            return Err(vec![circle(plan, &needs, &done)]);
        };
        done[next] = true;
        sorted.push(next);
    }
    Ok(sorted)
}

/// A circle among the indicators that are not done, told with its names.
fn circle(plan: &Plan, needs: &[BTreeSet<usize>], done: &[bool]) -> Diagnostic {
    let mut path: Vec<usize> = Vec::new();
    let mut at = done.iter().position(|done| !done).unwrap_or_default();
    while !path.contains(&at) {
        path.push(at);
        // Every one that is not done waits for another that is not done.
        at = needs[at].iter().copied().find(|n| !done[*n]).unwrap_or(at);
    }
    let from = path.iter().position(|p| *p == at).unwrap_or_default();
    let names: Vec<&str> = path[from..].iter().chain([&at]).map(|i| plan.indicators[*i].name.as_str()).collect();
    let message = format!("indicators are computed from one another in a circle: {}", names.join(" → "));
    Diagnostic::error("sql.circle", message, plan.indicators[at].place.clone())
        .hint("compute one of them from records alone")
}

/// Of each parameter the rules that hang on it: by their own conditions, by the indicators they name, or by a group.
pub fn rules_by_param(plan: &Plan) -> BTreeMap<String, BTreeSet<String>> {
    let of_indicator: BTreeMap<&str, CompiledIndicator> =
        plan.indicators.iter().filter_map(|i| Some((i.name.as_str(), compile_indicator(plan, i).ok()?))).collect();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for rule in &plan.rules {
        let context = context::rule_context(plan, rule.level, rule.role);
        let Ok(condition) = check_condition(&rule.when, &context) else { continue };
        let mut params: BTreeSet<String> = condition.params().into_iter().map(str::to_string).collect();
        let mut waiting: Vec<String> = condition.columns().into_iter().map(str::to_string).collect();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        while let Some(name) = waiting.pop() {
            if let (true, Some(compiled)) = (seen.insert(name.clone()), of_indicator.get(name.as_str())) {
                params.extend(compiled.params.iter().cloned());
                waiting.extend(compiled.needs.iter().cloned());
            }
        }
        for param in params {
            found.entry(param).or_default().insert(rule.id.clone());
        }
    }
    found
}
