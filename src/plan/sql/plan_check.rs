//! All indicators and rules of a plan checked at once: what they may name, and that their values have the declared type.

use std::collections::BTreeMap;

use super::ast::Node;
use super::{Context, check, check_condition};
use crate::diag::{Diagnostic, nearest};
use crate::model::table::Kind;
use crate::plan::schema;
use crate::plan::types::{Absent, Indicator, Level, Plan, Source, Subject};

/// What an indicator's filter (`aggregate` false) or value (`aggregate` true) may name: its source's columns, parameters.
pub fn indicator_context(plan: &Plan, source: &Source, aggregate: bool) -> Context {
    Context { columns: schema::records(source).columns, params: param_kinds(plan), aggregate }
}

/// What a rule's condition may name: indicators and built-in columns of its level, parameters.
pub fn rule_context(plan: &Plan, level: Level) -> Context {
    Context { columns: schema::rule_columns(plan, level), params: param_kinds(plan), aggregate: false }
}

fn param_kinds(plan: &Plan) -> BTreeMap<String, Kind> {
    plan.params.iter().map(|(name, param)| (name.clone(), param.kind)).collect()
}

/// Checks all SQL of a plan; gives every problem, none when all is well.
pub fn check_plan(plan: &Plan) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for indicator in &plan.indicators {
        check_indicator(plan, indicator, &mut problems);
    }
    for level in [Level::Household, Level::Person] {
        let context = rule_context(plan, level);
        for rule in plan.rules.iter().filter(|r| r.level == level) {
            match check_condition(&rule.when, &context) {
                Ok(expr) if matches!(expr.node, Node::Literal(_)) => problems.push(
                    Diagnostic::warning(
                        "sql.constant",
                        format!("rule {} comes out the same for everybody", rule.id),
                        rule.when.place.clone(),
                    )
                    .hint("name an indicator or a column in its condition"),
                ),
                Ok(_) => {}
                Err(found) => problems.extend(found),
            }
        }
    }
    problems
}

fn check_indicator(plan: &Plan, indicator: &Indicator, problems: &mut Vec<Diagnostic>) {
    let Some(source) = plan.sources.iter().find(|s| s.id == indicator.source) else {
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
        let message = format!(
            "indicator {} is about persons, but the records of {} are about villages",
            indicator.name, source.id
        );
        problems
            .push(Diagnostic::error("sql.level", message, indicator.place.clone()).hint("write level = \"household\""));
    }
    if let Some(filter) = &indicator.filter
        && let Err(found) = check_condition(filter, &indicator_context(plan, source, false))
    {
        problems.extend(found);
    }
    match check(&indicator.value, &indicator_context(plan, source, true)) {
        Err(found) => problems.extend(found),
        Ok(expr) if !expr.ty.fits(indicator.kind) => {
            let message = format!(
                "the value of indicator {} is of type {}, but it is declared as {}",
                indicator.name,
                expr.ty.name(),
                indicator.kind.name()
            );
            problems.push(
                Diagnostic::error("sql.kind_mismatch", message, indicator.value.place.clone())
                    .hint(format!("write kind = \"{}\", or change the value", expr.ty.name())),
            );
        }
        Ok(_) => {}
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
}
