//! The rule language → the engine's expressions, with the meaning that `plan::sql::ast` fixes.
//!
//! In: a checked `plan::sql::Expr`. Out: a polars expression over columns named as declared; a parameter `p` is the column
//! `:p`. Nothing is left to the engine's own rules of coercion: both sides of every operation have one type already.

use std::collections::BTreeSet;

use polars::prelude::{self as pl, DataType, IntoLazy, LiteralValue, Scalar, col, lit, when};

use super::entities::Columns;
use super::frames::PRECISION;
use super::kernels::{self, each, each_pair};
use crate::model::table::Kind;
use crate::model::text;
use crate::plan::sql::{Aggregate, Arithmetic, Comparison, DatePart, Expr, Literal, Node, TextFunction, Type};

/// Name of the column that carries a parameter.
pub(super) fn param_column(name: &str) -> String {
    format!(":{name}")
}

/// Name of the column that carries an aggregate's value, by its place in the value.
pub(super) fn aggregate_column(place: usize) -> String {
    format!("#{place}")
}

/// Lowers expressions for one day.
pub(super) struct Lowering<'a> {
    as_of: i32,
    /// Columns that nobody delivered: no function may turn their unknown into something known.
    withheld: BTreeSet<&'a str>,
    /// Parameters that are the same for everybody, by their columns: one value each.
    fixed: Option<&'a Columns>,
    /// Aggregates met on the way, in reading order; each is read from its column.
    pub(super) aggregates: Vec<&'a Aggregate>,
}

/// The engine's type of an expression's type.
pub(super) fn dtype(ty: Type) -> DataType {
    match ty {
        Type::Text => DataType::String,
        Type::Integer => DataType::Int64,
        Type::Decimal(places) => DataType::Decimal(PRECISION, usize::from(places)),
        Type::Float => DataType::Float64,
        Type::Boolean | Type::Null => DataType::Boolean,
        Type::Date => DataType::Date,
    }
}

/// Unknown of a type.
pub(super) fn null(ty: Type) -> pl::Expr {
    pl::Expr::Literal(LiteralValue::Scalar(Scalar::null(dtype(ty))))
}

fn scalar(ty: Type, value: pl::AnyValue<'static>) -> pl::Expr {
    pl::Expr::Literal(LiteralValue::Scalar(Scalar::new(dtype(ty), value)))
}

fn decimal(digits: i128, places: u8) -> pl::Expr {
    let value = pl::AnyValue::Decimal(digits, PRECISION, usize::from(places));
    scalar(Type::Decimal(places), value)
}

fn day(days: i32) -> pl::Expr {
    scalar(Type::Date, pl::AnyValue::Date(days))
}

/// Brings a value to the declared type of an indicator; see [`Type::fits`].
pub(super) fn to_kind(value: pl::Expr, from: Type, kind: Kind) -> pl::Expr {
    match (from, kind) {
        (Type::Decimal(places), Kind::Decimal) if places > 2 => {
            each(value, dtype(Type::Decimal(2)), move |s| kernels::round(s, places, 2))
        }
        (Type::Float, Kind::Decimal) => each(value, dtype(Type::Decimal(2)), kernels::float_to_decimal),
        (from, kind) => convert(value, from, Type::of(kind)),
    }
}

/// A number as its sum is kept: whole numbers as decimals without places.
pub(super) fn widened(value: pl::Expr, from: Type) -> pl::Expr {
    convert(value, from, from.places().map_or(Type::Float, Type::Decimal))
}

/// Brings a value to another type; the checker has let only such pairs through.
fn convert(value: pl::Expr, from: Type, to: Type) -> pl::Expr {
    let ty = dtype(to);
    match (from, to) {
        (a, b) if a == b => value,
        (Type::Null, to) => value.cast(dtype(to)),
        (Type::Decimal(0), Type::Integer) => each(value, ty, kernels::to_integer),
        (Type::Decimal(places), Type::Float) => each(value, ty, move |s| kernels::to_float(s, places)),
        (Type::Decimal(0), Type::Text) => each(value, DataType::Int64, kernels::to_integer).cast(ty),
        (Type::Text, Type::Integer) => each(value, ty, kernels::text_to_integer),
        (Type::Text, Type::Decimal(places)) => each(value, ty, move |s| kernels::text_to_decimal(s, places)),
        (Type::Text, Type::Date) => each(value, ty, kernels::text_to_date),
        (Type::Date, Type::Text) => each(value, ty, kernels::date_to_text),
        _ => value.cast(ty),
    }
}

impl<'a> Lowering<'a> {
    /// For one day of judgement.
    pub(super) fn new(as_of: jiff::civil::Date) -> Self {
        Self::on(text::to_days(as_of))
    }

    fn on(as_of: i32) -> Self {
        Lowering { as_of, withheld: BTreeSet::new(), fixed: None, aggregates: Vec::new() }
    }

    /// The same, with parameters that are the same for everybody: what hangs on nothing else is computed once.
    pub(super) fn fixed(mut self, fixed: &'a Columns) -> Self {
        self.fixed = Some(fixed);
        self
    }

    /// An expression over parameters that are the same for everybody, as the one value that it has.
    fn folded(&self, expr: &Expr) -> Option<pl::Expr> {
        let fixed = self.fixed?;
        let params = expr.params();
        let columns: Option<Vec<pl::Column>> =
            params.iter().map(|p| Some(fixed.get(&param_column(p))?.clone().into())).collect();
        let columns = columns.filter(|c| !c.is_empty() && expr.columns().is_empty() && !expr.aggregates())?;
        let mut alone = Lowering::on(self.as_of);
        let frame = pl::DataFrame::new(1, columns).ok()?;
        let frame = frame.lazy().select([alone.lower(expr).alias("it")]).collect().ok()?;
        let value = frame.column("it").ok()?.get(0).ok()?.into_static();
        Some(match value {
            pl::AnyValue::Null => null(expr.ty),
            value => scalar(expr.ty, value),
        })
    }

    /// The same, for a round in which nobody delivered these columns.
    ///
    /// `coalesce(dropped_out, FALSE)` says what a child without an entry is. When the whole list is missing it says
    /// nothing about anybody: the value stays unknown through IS NULL, coalesce, CASE and all the others.
    pub(super) fn without(mut self, columns: impl IntoIterator<Item = &'a str>) -> Self {
        self.withheld.extend(columns);
        self
    }

    /// True when an expression depends on a column that nobody delivered.
    fn is_withheld(&self, expr: &Expr) -> bool {
        let withheld = |name: &str| self.withheld.contains(name);
        !self.withheld.is_empty()
            && (expr.columns().into_iter().any(withheld)
                || expr.params().into_iter().any(|p| withheld(&param_column(p))))
    }

    /// Lowers one expression.
    pub(super) fn lower(&mut self, expr: &'a Expr) -> pl::Expr {
        if let Some(folded) = self.folded(expr) {
            return folded;
        }
        match &expr.node {
            Node::Column(name) => col(name.as_str()),
            Node::Param(name) => col(param_column(name)),
            Node::AsOf => day(self.as_of),
            Node::Literal(literal) => constant(literal, expr.ty),
            Node::Not(a) => self.lower(a).not(),
            Node::And(a, b) => self.lower(a).and(self.lower(b)),
            Node::Or(a, b) => self.lower(a).or(self.lower(b)),
            Node::IsNull(a) => {
                let unknown = self.lower(a).is_null();
                match self.is_withheld(a) {
                    true => when(unknown).then(null(Type::Boolean)).otherwise(lit(false)),
                    false => unknown,
                }
            }
            Node::Compare(how, a, b) => compare(*how, self.lower(a), self.lower(b)),
            Node::Distinct(a, b) if self.is_withheld(expr) => self.lower(a).neq(self.lower(b)),
            Node::Distinct(a, b) => self.lower(a).neq_missing(self.lower(b)),
            Node::In(value, list) => {
                let value = self.lower(value);
                list.iter()
                    .map(|item| value.clone().eq(self.lower(item)))
                    .reduce(pl::Expr::or)
                    .unwrap_or_else(|| lit(false))
            }
            Node::Case(branches, otherwise) => {
                let last = otherwise.as_deref().map_or_else(|| null(expr.ty), |e| self.lower(e));
                branches.iter().rev().fold(last, |rest, (condition, value)| {
                    let (holds, value) = (self.lower(condition), self.lower(value));
                    let rest = match self.is_withheld(condition) {
                        true => when(holds.clone().is_null()).then(null(expr.ty)).otherwise(rest),
                        false => rest,
                    };
                    when(holds).then(value).otherwise(rest)
                })
            }
            Node::Coalesce(list) => {
                // Behind a value that was not delivered nothing is looked at.
                let end = list.iter().position(|e| self.is_withheld(e)).map_or(list.len(), |i| i + 1);
                let list: Vec<pl::Expr> = list[..end].iter().map(|e| self.lower(e)).collect();
                pl::coalesce(&list)
            }
            Node::NullIf(a, b) => {
                let strict = self.is_withheld(b);
                let (a, b) = (self.lower(a), self.lower(b));
                let same = match strict {
                    true => a.clone().eq(b).fill_null(lit(true)),
                    false => a.clone().eq(b),
                };
                when(same).then(null(expr.ty)).otherwise(a)
            }
            Node::Greatest(list) => self.extreme(list, Comparison::Greater, expr.ty),
            Node::Least(list) => self.extreme(list, Comparison::Less, expr.ty),
            Node::Arithmetic(op, a, b) => self.arithmetic(*op, a, b, expr.ty),
            Node::Negate(a) => negate(self.lower(a), expr.ty),
            Node::Abs(a) => {
                let value = self.lower(a);
                let zero = convert(lit(0i64), Type::Integer, expr.ty);
                when(value.clone().lt(zero)).then(negate(value.clone(), expr.ty)).otherwise(value)
            }
            Node::Round(a) => {
                let (from, to) = (a.ty.places().unwrap_or(0), expr.ty.places().unwrap_or(0));
                let value = convert(self.lower(a), a.ty, Type::Decimal(from));
                each(value, dtype(expr.ty), move |s| kernels::round(s, from, to))
            }
            Node::Shift { date, months, days } => {
                let (months, days) = (*months, *days);
                // The window of a rule is one day for everybody: computed once.
                if let Node::AsOf = date.node {
                    return kernels::shift_day(self.as_of, months, days).map_or_else(|| null(Type::Date), day);
                }
                each(self.lower(date), DataType::Date, move |s| kernels::shift(s, months, days))
            }
            Node::ShiftBy(span, date, count) => {
                let span = *span;
                let pair = move |day: i32, count: i64| kernels::shift_by(day, span, count);
                // A literal would come in whatever width holds it.
                let (date, count) = (self.lower(date), self.lower(count).cast(DataType::Int64));
                each_pair(date, count, DataType::Date, move |d, n| kernels::shift_by_value(d, n, pair))
            }
            Node::Elapsed(span, from, to) => {
                let span = *span;
                let (from, to) = (self.lower(from), self.lower(to));
                each_pair(from, to, DataType::Int64, move |a, b| kernels::elapsed(a, b, span))
            }
            Node::Start(span, date) => {
                let span = *span;
                each(self.lower(date), DataType::Date, move |s| kernels::start(s, span))
            }
            Node::DatePart(part, date) => {
                let date = self.lower(date).dt();
                let number = match part {
                    DatePart::Year => date.year(),
                    DatePart::Month => date.month(),
                    DatePart::Day => date.day(),
                };
                number.cast(DataType::Int64)
            }
            Node::Text(function, a) => text_function(function, self.lower(a)),
            Node::Join(a, b) => pl::concat_str([self.lower(a), self.lower(b)], "", false),
            Node::Concat(parts) => {
                let parts: Vec<pl::Expr> = parts
                    .iter()
                    .map(|e| match self.is_withheld(e) {
                        true => self.lower(e),
                        false => self.lower(e).fill_null(lit("")),
                    })
                    .collect();
                pl::concat_str(parts, "", false)
            }
            Node::Cast(a) => convert(self.lower(a), a.ty, expr.ty),
            Node::Aggregate(aggregate) => {
                self.aggregates.push(aggregate);
                col(aggregate_column(self.aggregates.len() - 1))
            }
        }
    }

    /// The greatest or least known value.
    fn extreme(&mut self, list: &'a [Expr], better: Comparison, ty: Type) -> pl::Expr {
        let lowered: Vec<pl::Expr> = list.iter().map(|e| self.lower(e)).collect();
        let withheld = list.iter().zip(&lowered).filter(|(e, _)| self.is_withheld(e));
        let hidden = withheld.map(|(_, value)| value.clone().is_null()).reduce(pl::Expr::or);
        let best = lowered.into_iter().reduce(|best, next| {
            let take_next = best.clone().is_null().or(compare(better, next.clone(), best.clone()));
            when(take_next).then(next).otherwise(best)
        });
        let best = best.unwrap_or_else(|| null(ty));
        match hidden {
            Some(hidden) => when(hidden).then(null(ty)).otherwise(best),
            None => best,
        }
    }

    fn arithmetic(&mut self, op: Arithmetic, a: &'a Expr, b: &'a Expr, ty: Type) -> pl::Expr {
        let (left, right) = (self.lower(a), self.lower(b));
        match op {
            Arithmetic::Add => convert(left, a.ty, ty) + convert(right, b.ty, ty),
            Arithmetic::Subtract => convert(left, a.ty, ty) - convert(right, b.ty, ty),
            // Both factors already have the places of the product, so that the engine has nothing to round.
            Arithmetic::Multiply => convert(left, a.ty, ty) * convert(right, b.ty, ty),
            Arithmetic::Divide => divide(left, a.ty, right, b.ty),
            Arithmetic::Remainder => {
                let (left, right) = (convert(left, a.ty, Type::Integer), convert(right, b.ty, Type::Integer));
                // The engine's remainder has the sign of the divisor, SQL's that of the dividend.
                let size = left.clone().abs() % right.clone().abs();
                let signed = when(left.lt(lit(0i64))).then(lit(0i64) - size.clone()).otherwise(size);
                when(right.eq(lit(0i64))).then(null(Type::Integer)).otherwise(signed)
            }
        }
    }
}

/// The float nearest to the true quotient; a divisor of zero gives unknown.
///
/// Exact numbers are divided as whole numbers of one unit (fen by fen), so that 0.3 / 3 is 0.1 and not a little less.
fn divide(left: pl::Expr, left_ty: Type, right: pl::Expr, right_ty: Type) -> pl::Expr {
    let places = left_ty.places().zip(right_ty.places()).map(|(a, b)| a.max(b));
    let (left, right) = match places {
        Some(places) => {
            let unit = Type::Decimal(places);
            let digits = |e, ty| each(convert(e, ty, unit), DataType::Float64, kernels::digits);
            (digits(left, left_ty), digits(right, right_ty))
        }
        None => (convert(left, left_ty, Type::Float), convert(right, right_ty, Type::Float)),
    };
    when(right.clone().eq(lit(0.0))).then(null(Type::Float)).otherwise(left / right)
}

fn negate(value: pl::Expr, ty: Type) -> pl::Expr {
    convert(lit(0i64), Type::Integer, ty) - value
}

fn constant(literal: &Literal, ty: Type) -> pl::Expr {
    match (literal, ty) {
        (Literal::Null, ty) => null(ty),
        (Literal::Boolean(truth), _) => lit(*truth),
        (Literal::Text(text), _) => lit(text.clone()),
        (Literal::Number(digits), Type::Decimal(places)) => decimal(*digits, places),
        (Literal::Number(digits), _) => lit(i64::try_from(*digits).unwrap_or(i64::MAX)),
        (Literal::Date(days), _) => day(*days),
    }
}

fn compare(how: Comparison, a: pl::Expr, b: pl::Expr) -> pl::Expr {
    match how {
        Comparison::Equal => a.eq(b),
        Comparison::NotEqual => a.neq(b),
        Comparison::Less => a.lt(b),
        Comparison::LessOrEqual => a.lt_eq(b),
        Comparison::Greater => a.gt(b),
        Comparison::GreaterOrEqual => a.gt_eq(b),
    }
}

fn text_function(function: &TextFunction, value: pl::Expr) -> pl::Expr {
    let text = value.str();
    match function {
        TextFunction::Upper => text.to_uppercase(),
        TextFunction::Lower => text.to_lowercase(),
        TextFunction::Trim => text.strip_chars(lit(" ")),
        TextFunction::Replace { from, to } => text.replace_all(lit(from.clone()), lit(to.clone()), true),
        TextFunction::Substring { start, length } => {
            let offset = lit(i64::from(start.saturating_sub(1)));
            let length = length.map_or_else(|| null(Type::Integer).cast(DataType::UInt64), |n| lit(u64::from(n)));
            text.slice(offset, length)
        }
        TextFunction::Left(n) => text.head(lit(i64::from(*n))),
        TextFunction::Right(n) => text.tail(lit(i64::from(*n))),
        TextFunction::Length => text.len_chars().cast(DataType::Int64),
        TextFunction::StartsWith(prefix) => text.starts_with(lit(prefix.clone())),
        TextFunction::Matches(pattern) => text.contains(lit(pattern.clone()), true),
    }
}
