//! The pipeline's own tests: values of one person or household in, hit, miss or unknown out.

use std::collections::BTreeMap;

use polars::prelude::Series;

use super::entities::Columns;
use super::frames::from_values;
use super::rules::{self, Compiled};
use crate::diag::{Diagnostic, Outcome, nearest};
use crate::model::build::Value;
use crate::model::table::{Column, Kind};
use crate::model::text;
use crate::plan::{Judged, Level, Plan, RuleTest, schema};

/// Runs every rule test of a plan; gives a diagnostic for each that comes out otherwise than expected.
///
/// Columns not given are unknown. Parameters are resolved for the group that the given values make and, when a test gives
/// it, `township` (a name).
pub fn run_tests(plan: &Plan) -> Vec<Diagnostic> {
    let all = [(Level::Household, false), (Level::Household, true), (Level::Person, false), (Level::Person, true)];
    let mut rules = Vec::new();
    for (level, checks) in all {
        match rules::compile(plan, level, checks) {
            Ok(compiled) => rules.extend(compiled),
            // The plan's own check has told about conditions that do not compile.
            Err(failure) => return failure.problems,
        }
    }
    let compiled: BTreeMap<&str, &Compiled> = rules.iter().map(|c| (c.rule.id.as_str(), c)).collect();
    let mut problems = Vec::new();
    for test in &plan.rule_tests {
        match compiled.get(test.rule.as_str()) {
            Some(rule) => problems.extend(run(plan, rule, test)),
            None => {
                let hint = match nearest(&test.rule, compiled.keys().copied()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => "name a rule of this pipeline".to_string(),
                };
                let message = format!("test \"{}\" is about rule {}, which does not exist", test.title, test.rule);
                problems.push(Diagnostic::error("plan.test_rule", message, test.place.clone()).hint(hint));
            }
        }
    }
    problems
}

fn run(plan: &Plan, compiled: &Compiled, test: &RuleTest) -> Vec<Diagnostic> {
    let known = schema::columns_of(plan, compiled.rule);
    let mut problems = Vec::new();
    for (name, value) in &test.given {
        problems.extend(given_problem(test, name, value, &known));
    }
    if !problems.is_empty() {
        return problems;
    }
    match judge(plan, compiled, test, &known) {
        Ok(got) if got == test.expect => Vec::new(),
        Ok(got) => {
            let message = format!(
                "rule {}, test \"{}\": expected {}, got {}",
                test.rule,
                test.title,
                word(test.expect),
                word(got)
            );
            vec![Diagnostic::error("plan.test_failed", message, test.place.clone()).hint(format!(
                "the condition is `{}`; correct the rule or the test, whichever is wrong",
                compiled.rule.when.text
            ))]
        }
        Err(failure) => failure.problems,
    }
}

fn word(judged: Judged) -> &'static str {
    match judged {
        Judged::Hit => "hit",
        Judged::Miss => "miss",
        Judged::Unknown => "unknown",
    }
}

fn given_problem(test: &RuleTest, name: &str, value: &Value, known: &[Column]) -> Option<Diagnostic> {
    let problem = |code, message: String, hint: String| {
        let place = test.place.clone().field(name);
        Some(Diagnostic::error(code, message, place).hint(hint))
    };
    let kind = match known.iter().find(|c| c.name == name) {
        Some(column) => column.kind,
        None if name == "township" => Kind::Text,
        None => {
            let hint = match nearest(name, known.iter().map(|c| c.name.as_str())) {
                Some(near) => format!("did you mean {near}?"),
                None => "give values of indicators and built-in columns of the rule's level".to_string(),
            };
            let message = format!("test \"{}\" gives {name}, which rule {} cannot name", test.title, test.rule);
            return problem("plan.test_column", message, hint);
        }
    };
    let fits = match (kind, value) {
        (_, Value::Null)
        | (Kind::Text, Value::Text(_))
        | (Kind::Integer, Value::Integer(_))
        | (Kind::Decimal, Value::Decimal(_) | Value::Integer(_))
        | (Kind::Float, Value::Float(_) | Value::Decimal(_) | Value::Integer(_))
        | (Kind::Boolean, Value::Boolean(_))
        | (Kind::Date, Value::Date(_)) => true,
        (Kind::Decimal, Value::Float(number)) => hundredths(*number).is_some(),
        _ => false,
    };
    if fits {
        return None;
    }
    let message = format!("test \"{}\" gives {name} a value that is not of type {}", test.title, kind.name());
    problem("plan.test_value", message, format!("{name} is of type {}", kind.name()))
}

/// A TOML float that is meant as an amount, when it has at most two places.
fn hundredths(number: f64) -> Option<i128> {
    let scaled = (number * 100.0).round();
    let same = scaled.abs() < 1e15 && (scaled / 100.0 - number).abs() < 1e-9;
    same.then_some(scaled as i128)
}

fn judge(plan: &Plan, compiled: &Compiled, test: &RuleTest, known: &[Column]) -> Outcome<Judged> {
    let mut columns = Columns::new();
    for column in known {
        let value = match test.given.get(&column.name).cloned().unwrap_or(Value::Null) {
            Value::Float(number) if column.kind == Kind::Decimal => {
                hundredths(number).map_or(Value::Null, Value::Decimal)
            }
            value => value,
        };
        columns.insert(column.name.clone(), one(&column.name, column.kind, value));
    }
    let township = match test.given.get("township") {
        Some(Value::Text(name)) => Some(name.as_str()),
        _ => None,
    };
    let as_of = text::from_days(test.as_of);
    let resolver = super::params::Resolver::new(plan, as_of, vec![township])?;
    let mut fixed = Columns::new();
    resolver.add_plain(&mut columns, &mut fixed);
    resolver.add_by_group(&mut columns, &mut rules::Withheld::new())?;
    let rules = std::slice::from_ref(compiled);
    let outcomes = rules::judge(rules, (&columns, &fixed), &[true], &rules::Withheld::new(), as_of)?;
    let judged = outcomes.first().and_then(|o| o.judged.first().copied().flatten());
    Ok(judged.unwrap_or(Judged::Unknown))
}

fn one(name: &str, kind: Kind, value: Value) -> Series {
    from_values(name, kind, std::iter::once(value))
}
