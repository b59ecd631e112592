//! Literals: numbers, texts, days, intervals. Text of the rule in, constants out.

use jiff::civil::Date;
use sqlparser::ast::{
    DataType, DateTimeField, Expr as Tree, Interval, TypedString, UnaryOperator, Value, ValueWithSpan,
};

use super::ast::{Expr, Literal, Node, Type};
use super::check::Checker;
use super::{refusals, units};
use crate::model::text;

/// Most decimal places an exact number may have: more is a slip, and a product must stay within 38 digits.
pub(super) const MAX_PLACES: u8 = 12;

/// A step from one day to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub months: i32,
    pub days: i32,
}

/// The digits and decimal places of a number as written: `20000.10`, `.5`, `2e4`, `1e-9`.
pub(super) fn number(written: &str) -> Option<(i128, u8)> {
    let (mantissa, exponent) = match written.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (written, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{part}").parse().ok()?;
    let places = i32::try_from(part.len()).ok()? - exponent;
    if places > i32::from(MAX_PLACES) || places < -18 {
        return None;
    }
    let digits = if places < 0 { digits.checked_mul(10i128.pow(places.unsigned_abs()))? } else { digits };
    (digits.abs() < 10i128.pow(30)).then_some((digits, places.max(0) as u8))
}

/// A day written `YYYY-MM-DD`, as days since 1970-01-01.
pub(super) fn day(written: &str) -> Option<i32> {
    let shape = written.len() == 10 && written.is_ascii();
    let date: Date = written.parse().ok()?;
    shape.then(|| text::to_days(date))
}

impl Checker<'_> {
    /// A literal or a parameter.
    pub(super) fn value(&mut self, value: &ValueWithSpan) -> Option<Expr> {
        match &value.value {
            Value::Number(written, false) => match number(written) {
                Some((digits, 0)) if i64::try_from(digits).is_ok() => {
                    Some(Expr::new(Node::Literal(Literal::Number(digits)), Type::Integer))
                }
                Some((digits, places)) => {
                    Some(Expr::new(Node::Literal(Literal::Number(digits)), Type::Decimal(places)))
                }
                None => self.refuse(
                    "sql.number",
                    value,
                    format!("the number {written} is too long or too fine"),
                    &format!("at most 30 digits and {MAX_PLACES} decimal places"),
                ),
            },
            Value::SingleQuotedString(text) => Some(Expr::new(Node::Literal(Literal::Text(text.clone())), Type::Text)),
            Value::Boolean(truth) => Some(Expr::condition(Node::Literal(Literal::Boolean(*truth)))),
            Value::Null => Some(Expr::new(Node::Literal(Literal::Null), Type::Null)),
            Value::Placeholder(name) => self.param(value, name),
            other => self.refuse(
                "sql.not_in_grammar",
                value,
                format!("the literal {other} is not part of the rule language"),
                "numbers stand plain, texts in 'single quotes', days as DATE '2026-09-30'",
            ),
        }
    }

    fn param(&mut self, at: &ValueWithSpan, written: &str) -> Option<Expr> {
        let name = written.trim_start_matches(':');
        if name == "as_of" {
            return Some(Expr::new(Node::AsOf, Type::Date));
        }
        if let Some(found) = self.context.params.get(name) {
            let expr = Expr::new(Node::Param(name.to_string()), Type::of(found.kind));
            let unit = units::declared(&found.unit).filter(|_| expr.ty.is_number());
            return Some(expr.in_unit(unit));
        }
        let known: Vec<&str> = self.context.params.keys().map(String::as_str).chain(["as_of"]).collect();
        let hint = match crate::diag::nearest(name, known) {
            Some(near) => format!("did you mean :{near}?"),
            None => "declare it in params.toml, with its value and the document it comes from".to_string(),
        };
        self.refuse("sql.param_unknown", at, format!("there is no parameter :{name}"), &hint)
    }

    /// `DATE '2026-09-30'`.
    pub(super) fn typed_string(&mut self, at: &Tree, typed: &TypedString) -> Option<Expr> {
        match (&typed.data_type, &typed.value.value) {
            (DataType::Date, Value::SingleQuotedString(written)) => match day(written) {
                Some(days) => Some(Expr::new(Node::Literal(Literal::Date(days)), Type::Date)),
                None => self.refuse(
                    "sql.date",
                    at,
                    format!("'{written}' is not a day of the calendar"),
                    "write it as DATE '2026-09-30'",
                ),
            },
            (DataType::Timestamp(..) | DataType::Datetime(_), _) => {
                self.refuse("sql.not_in_grammar", at, "there are no times of day in the tables", refusals::TIMESTAMP)
            }
            _ => self.refuse(
                "sql.not_in_grammar",
                at,
                format!("the literal {typed} is not part of the rule language"),
                "days are written DATE '2026-09-30', other values plain",
            ),
        }
    }

    /// `INTERVAL '12 months'`, `INTERVAL '30' DAY`, `INTERVAL '1 year 6 months'`.
    pub(super) fn interval(&mut self, at: &Tree, interval: &Interval) -> Option<Step> {
        let step = step(interval);
        if step.is_none() {
            self.refuse::<()>(
                "sql.interval",
                at,
                format!("{interval} is not an interval of days, months or years"),
                "write INTERVAL '30 days', INTERVAL '12 months' or INTERVAL '1 year'; with a parameter add_months(d, :n) or add_days(d, :n)",
            );
        }
        step
    }
}

fn step(interval: &Interval) -> Option<Step> {
    if interval.last_field.is_some() || interval.leading_precision.is_some() {
        return None;
    }
    let (negative, value) = match interval.value.as_ref() {
        Tree::UnaryOp { op: UnaryOperator::Minus, expr } => (true, expr.as_ref()),
        value => (false, value),
    };
    let Tree::Value(value) = value else { return None };
    let written = match &value.value {
        Value::SingleQuotedString(text) => text.trim().to_string(),
        Value::Number(number, false) => number.clone(),
        _ => return None,
    };
    let written = if negative { format!("-{written}") } else { written };
    match &interval.leading_field {
        Some(field) => {
            let unit = match field {
                DateTimeField::Day | DateTimeField::Days => "day",
                DateTimeField::Week(None) | DateTimeField::Weeks => "week",
                DateTimeField::Month | DateTimeField::Months => "month",
                DateTimeField::Year | DateTimeField::Years => "year",
                _ => return None,
            };
            steps(&format!("{written} {unit}"))
        }
        None => steps(&written),
    }
}

/// `12 months`, `1 year 6 months`.
fn steps(written: &str) -> Option<Step> {
    let words: Vec<&str> = written.split_whitespace().collect();
    if words.is_empty() || !words.len().is_multiple_of(2) {
        return None;
    }
    let mut total = Step { months: 0, days: 0 };
    for pair in words.chunks(2) {
        let count: i32 = pair[0].parse().ok().filter(|n: &i32| n.abs() <= 100_000)?;
        match pair[1].to_ascii_lowercase().trim_end_matches('s') {
            "day" => total.days += count,
            "week" => total.days += 7 * count,
            "month" | "mon" => total.months += count,
            "year" => total.months += 12 * count,
            _ => return None,
        }
    }
    Some(total)
}
