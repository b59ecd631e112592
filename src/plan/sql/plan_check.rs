//! All indicators and rules of a plan checked at once: what they may name, and that their values have the declared type.

use std::collections::BTreeSet;

use super::ast::{Expr, Node};
use super::{CompiledIndicator, check_condition, compile_indicator, group_context, order, rule_context};
use crate::diag::{Diagnostic, nearest};
use crate::model::table::Kind;
use crate::plan::schema;
use crate::plan::types::{Absent, Indicator, Level, Origin, Plan, Rule, RuleRole, Subject};

/// Checks all SQL of a plan; gives every problem, none when all is well.
pub fn check_plan(plan: &Plan) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let compiled: Vec<Option<CompiledIndicator>> =
        plan.indicators.iter().map(|indicator| check_indicator(plan, indicator, &mut problems)).collect();
    let groups = group_context(plan);
    for group in &plan.groups {
        if let Err(found) = check_condition(&group.when, &groups) {
            problems.extend(found);
        }
    }
    if let Some(compiled) = compiled.into_iter().collect::<Option<Vec<_>>>()
        && let Err(found) = order(plan, &compiled)
    {
        problems.extend(found);
    }
    for (level, checks) in
        [(Level::Household, false), (Level::Household, true), (Level::Person, false), (Level::Person, true)]
    {
        let role = if checks { RuleRole::Checks } else { RuleRole::Lists };
        let context = rule_context(plan, level, role);
        for rule in plan.rules.iter().filter(|r| r.level == level && (r.role == RuleRole::Checks) == checks) {
            match check_condition(&rule.when, &context) {
                Ok(expr) if matches!(expr.node, Node::Literal(_)) => problems.push(
                    Diagnostic::warning(
                        "sql.constant",
                        format!("rule {} comes out the same for everybody", rule.id),
                        rule.when.place.clone(),
                    )
                    .hint("name an indicator or a column in its condition"),
                ),
                Ok(expr) => problems.extend(income_alone(plan, rule, &expr)),
                Err(found) => problems.extend(found),
            }
        }
    }
    problems
}

/// Income is an important reference and never the only test (002 R040): a rule that looks at nothing else must not list.
fn income_alone(plan: &Plan, rule: &Rule, condition: &Expr) -> Option<Diagnostic> {
    let mut base: BTreeSet<&str> = BTreeSet::new();
    let mut waiting: Vec<String> = condition.columns().into_iter().map(str::to_string).collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        let Some(indicator) = plan.indicators.iter().find(|i| i.name == name) else { continue };
        match indicator.origin() {
            Origin::Indicators if seen.insert(name) => {
                waiting.extend(compile_indicator(plan, indicator).map(|c| c.needs).unwrap_or_default());
            }
            Origin::Indicators => {}
            Origin::Records | Origin::Members => {
                base.insert(&indicator.name);
            }
        }
    }
    let alone = !base.is_empty() && base.iter().all(|name| *name == schema::INCOME);
    (rule.role == RuleRole::Lists && (alone || rule.risk == "income")).then(|| {
        let message = format!("rule {} would put a household on the list for its income alone", rule.id);
        Diagnostic::error("sql.income_alone", message, rule.when.place.clone())
            .hint("write role = \"supports\", or add what else makes the household a case (002 R040)")
    })
}

fn check_indicator(plan: &Plan, indicator: &Indicator, problems: &mut Vec<Diagnostic>) -> Option<CompiledIndicator> {
    let before = problems.len();
    level_and_source(plan, indicator, problems);
    if problems.len() > before {
        return None;
    }
    let compiled = match compile_indicator(plan, indicator) {
        Ok(compiled) => Some(compiled),
        Err(found) => {
            problems.extend(found);
            None
        }
    };
    if let Some(compiled) = &compiled {
        kind_and_unit(indicator, &compiled.value, problems);
    }
    let absent_fits = match indicator.absent {
        Absent::Unknown => true,
        Absent::Zero => matches!(indicator.kind, Kind::Integer | Kind::Decimal | Kind::Float),
        Absent::False => indicator.kind == Kind::Boolean,
    };
    if !absent_fits {
        let message = format!(
            "indicator {} is of type {}, which the value for absent records does not fit",
            indicator.name,
            indicator.kind.name()
        );
        problems.push(
            Diagnostic::error("sql.absent_mismatch", message, indicator.place.clone())
                .hint("absent is \"zero\" for numbers, \"false\" for booleans and \"unknown\" for all"),
        );
    }
    if indicator.origin() == Origin::Indicators && (indicator.absent != Absent::Unknown || indicator.filter.is_some()) {
        let message = format!(
            "indicator {} is computed from indicators: there are no records to leave out or to lack",
            indicator.name
        );
        problems.push(
            Diagnostic::error("sql.no_records", message, indicator.place.clone())
                .hint("write absent = \"unknown\" and no filter; say with coalesce or CASE what unknown counts as"),
        );
    }
    compiled
}

/// The source is known and has records of the level.
fn level_and_source(plan: &Plan, indicator: &Indicator, problems: &mut Vec<Diagnostic>) {
    let wrong = |message: String| {
        Diagnostic::error("sql.level", message, indicator.place.clone()).hint("write level = \"household\"")
    };
    let source = match indicator.origin() {
        Origin::Indicators => return,
        Origin::Members if indicator.level == Level::Person => {
            problems.push(wrong(format!("indicator {} goes over the members of a household", indicator.name)));
            return;
        }
        Origin::Members => return,
        Origin::Records => plan.sources.iter().find(|s| s.id == indicator.source),
    };
    let Some(source) = source else {
        let hint = match nearest(&indicator.source, plan.sources.iter().map(|s| s.id.as_str())) {
            Some(near) => format!("did you mean {near}?"),
            None => "add its contract to the sources of pipeline.toml".to_string(),
        };
        let message = format!(
            "indicator {} is computed from source {}, which the pipeline does not have",
            indicator.name, indicator.source
        );
        problems.push(Diagnostic::error("sql.source_unknown", message, indicator.place.clone()).hint(hint));
        return;
    };
    if source.subject == Subject::Village && indicator.level == Level::Person {
        problems.push(wrong(format!(
            "indicator {} is about persons, but the records of {} are about villages",
            indicator.name, source.id
        )));
    }
}

/// The value has the declared type and unit.
fn kind_and_unit(indicator: &Indicator, value: &Expr, problems: &mut Vec<Diagnostic>) {
    let place = || indicator.value.place.clone();
    let name = &indicator.name;
    if !value.ty.fits(indicator.kind) {
        let (is, declared) = (value.ty.name(), indicator.kind.name());
        let message = format!("the value of indicator {name} is of type {is}, but it is declared as {declared}");
        problems.push(
            Diagnostic::error("sql.kind_mismatch", message, place())
                .hint(format!("write kind = \"{is}\", or change the value")),
        );
    }
    if let Some(unit) = value.unit.as_deref().filter(|unit| !indicator.unit.is_empty() && *unit != indicator.unit) {
        let message = format!("the value of indicator {name} is in {unit}, but it is declared in {}", indicator.unit);
        problems.push(
            Diagnostic::error("sql.unit_mismatch", message, place())
                .hint(format!("write unit = \"{unit}\", or change the value")),
        );
    }
}
