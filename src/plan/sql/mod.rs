//! The rule language: SQL text → [`Expr`], typed and checked, or every problem of the text at once.
//!
//! In: a piece of SQL from a rule file and the columns and parameters it may name. Out: an expression whose meaning is
//! fixed by [`ast`], whatever engine computes it. An office's SQL is never handed to an engine as it stands: engines
//! differ on divisions, roundings, day differences and unknown, and some of the differences are silent.
//!
//! The grammar is the part of SQL on which engines agree, and nothing else:
//!
//! * comparison, `AND OR NOT`, `BETWEEN`, `IN`, `LIKE ILIKE`, `IS [NOT] NULL`, `IS [NOT] DISTINCT FROM`, `CASE`;
//! * `coalesce nullif greatest least`, `CAST` and `TRY_CAST` (both give unknown for a text that does not convert);
//! * `DATE '2026-09-30'`, `:as_of`, a date plus or minus `INTERVAL '12 months'`, `EXTRACT(YEAR FROM d)`;
//! * `add_days add_months` by a value, `days_between months_between years_between`, `month_start year_start`;
//! * `upper lower trim replace substr left right length char_length starts_with regexp_like ~ || concat`;
//! * `+ - *` exact, `/` real with division by zero unknown, `%` on whole numbers, `abs`, `round` half away from zero;
//! * parameters `:name`; Chinese and quoted column names; in an indicator `person.x` and `household.x`;
//! * in an indicator's value: `sum min max avg median count any every latest earliest list` and arithmetic over them.
//!
//! Two things of different units are not compared, added or chosen between: that is refused as a wrong type is.
//!
//! | file | what |
//! |---|---|
//! | `ast` | the typed expression and its meaning |
//! | `parse` | text → sqlparser's tree; positions |
//! | `check` | names, types, parameters |
//! | `operators`, `functions`, `aggregates`, `casts`, `literals` | the grammar, by kind |
//! | `refusals` | what is refused and what to write instead |
//! | `dates`, `units` | days and how far they lie apart; units of values |
//! | `context` | what an indicator, a rule, a group may name |
//! | `indicator` | an indicator's filter and value, what it needs, the order in which all are computed |
//! | `plan_check` | all indicators and rules of a plan |

mod aggregates;
pub mod ast;
mod casts;
mod check;
mod context;
mod dates;
mod functions;
mod indicator;
mod literals;
mod operators;
mod parse;
mod plan_check;
mod refusals;
mod units;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use ast::{Aggregate, Arithmetic, Comparison, DatePart, Expr, Literal, Node, Span, TextFunction, Type};
pub use context::{group_context, indicator_context, rule_context};
pub use indicator::{CompiledIndicator, compile_indicator, order, rules_by_param};
pub use plan_check::check_plan;

use super::types::Sql;
use crate::diag::Diagnostic;
use crate::model::table::{Column, Kind};

/// What a parameter's values are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamType {
    /// Their type.
    pub kind: Kind,
    /// Their unit; empty when none is declared.
    pub unit: String,
}

impl From<Kind> for ParamType {
    fn from(kind: Kind) -> Self {
        ParamType { kind, unit: String::new() }
    }
}

/// What a piece of SQL may name.
#[derive(Debug, Clone)]
pub struct Context {
    /// Columns by their declared names; `person.x` and `household.x` for what is known of the one a record is about.
    pub columns: Vec<Column>,
    /// Parameters and the types of their values; `as_of` is always there.
    pub params: BTreeMap<String, ParamType>,
    /// True for an indicator's value: columns stand only inside aggregates.
    pub aggregate: bool,
}

/// Checks a piece of SQL against what it may name.
///
/// Gives the typed expression, or every problem found, each with line and column and with what to write instead.
pub fn check(sql: &Sql, context: &Context) -> Result<Expr, Vec<Diagnostic>> {
    let tree = parse::parse(sql).map_err(|problem| vec![*problem])?;
    let mut checker = check::Checker::new(sql, context);
    let checked = checker.whole(&tree);
    match checked {
        Some(expr) if checker.problems.is_empty() => Ok(expr),
        _ => Err(checker.problems),
    }
}

/// Checks a condition: as [`check`], and its values must be true, false or unknown.
pub fn check_condition(sql: &Sql, context: &Context) -> Result<Expr, Vec<Diagnostic>> {
    let expr = check(sql, context)?;
    if matches!(expr.ty, Type::Boolean) {
        return Ok(expr);
    }
    let message = format!("a condition must be true or false, but this is of type {}", expr.ty.name());
    Err(vec![
        Diagnostic::error("sql.not_a_condition", message, sql.place.clone())
            .hint("compare it with something, for example `age >= 60`"),
    ])
}
