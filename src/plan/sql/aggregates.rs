//! Aggregates over an entity's records: the values of indicators.

use sqlparser::ast::Expr as Tree;

use super::ast::{Aggregate, Arithmetic, Expr, Node, Type};
use super::check::{Checker, as_type};
use super::functions::Call;

/// The aggregates of the language.
pub(super) const AGGREGATES: [&str; 11] =
    ["sum", "min", "max", "avg", "median", "count", "any", "every", "latest", "earliest", "list"];

impl Checker<'_> {
    pub(super) fn aggregate(&mut self, at: &Tree, call: &Call) -> Option<Expr> {
        let name = call.name.as_str();
        if !self.context.aggregate {
            return self.refuse(
                "sql.aggregate_misplaced",
                at,
                format!("{name}() belongs into an indicator's value"),
                "make an indicator of it and name the indicator here",
            );
        }
        if self.inside {
            return self.refuse(
                "sql.aggregate_misplaced",
                at,
                format!("{name}() stands inside another aggregate"),
                "each aggregate goes over the records; combine them with + - * /",
            );
        }
        self.aggregated = true;
        self.inside = true;
        let result = self.aggregate_of(at, call);
        self.inside = false;
        result
    }

    fn aggregate_of(&mut self, at: &Tree, call: &Call) -> Option<Expr> {
        let name = call.name.as_str();
        if (call.distinct || call.star) && name != "count" {
            return self.arguments(at, name, "a value, without * or DISTINCT");
        }
        let made = |aggregate: Aggregate, ty| {
            // What is counted has no unit of its own; everything else keeps that of the value.
            let unit = match &aggregate {
                Aggregate::Count(_) | Aggregate::CountDistinct(_) => None,
                other => other.parts().first().and_then(|value| value.unit.clone()),
            };
            Some(Expr::new(Node::Aggregate(aggregate), ty).in_unit(unit))
        };
        match (name, call.args.as_slice()) {
            ("count", []) if call.star && !call.distinct => made(Aggregate::CountAll, Type::Integer),
            ("count", [x]) if !call.star => {
                let value = self.expr(x)?.boxed();
                let aggregate = if call.distinct { Aggregate::CountDistinct(value) } else { Aggregate::Count(value) };
                made(aggregate, Type::Integer)
            }
            ("sum", [x]) => {
                let value = self.number(x)?;
                let ty = sum_type(value.ty);
                made(Aggregate::Sum(value.boxed()), ty)
            }
            ("avg", [x]) => {
                let value = self.number(x)?;
                let unit = value.unit.clone();
                let sum = Expr::new(Node::Aggregate(Aggregate::Sum(value.clone().boxed())), sum_type(value.ty));
                let count = Expr::new(Node::Aggregate(Aggregate::Count(value.boxed())), Type::Integer);
                Some(self.calculate(at, sum, Arithmetic::Divide, count)?.in_unit(unit))
            }
            ("median", [x]) => {
                let value = self.number(x)?;
                let unit = value.unit.clone();
                let value = as_type(value, Type::Float).in_unit(unit);
                made(Aggregate::Median(value.boxed()), Type::Float)
            }
            ("list", [x]) => {
                let value = self.text(x)?.boxed();
                made(Aggregate::List(value), Type::Text)
            }
            ("min" | "max", [x]) => {
                let value = self.expr(x)?;
                let ty = value.ty;
                if ty == Type::Boolean {
                    return self.arguments(at, name, "values that have an order; of conditions use any(condition)");
                }
                let aggregate = match name {
                    "min" => Aggregate::Min(value.boxed()),
                    _ => Aggregate::Max(value.boxed()),
                };
                made(aggregate, ty)
            }
            ("any", [x]) => {
                let value = self.condition(x)?;
                made(Aggregate::Any(value.boxed()), Type::Boolean)
            }
            ("every", [x]) => {
                let value = self.condition(x)?.negated();
                made(Aggregate::Any(value.boxed()), Type::Boolean).map(Expr::negated)
            }
            ("latest" | "earliest", [x, by]) => {
                let (value, by) = (self.expr(x), self.date(by));
                let (value, by) = (value?, by?.boxed());
                let (ty, value) = (value.ty, value.boxed());
                let aggregate = match name {
                    "latest" => Aggregate::Latest { value, by },
                    _ => Aggregate::Earliest { value, by },
                };
                made(aggregate, ty)
            }
            ("latest" | "earliest", _) => self.arguments(at, name, "a value and the date that orders the records"),
            _ => self.arguments(at, name, "one value"),
        }
    }
}

/// Sums of whole numbers are kept as exact decimals without places, which do not overflow.
fn sum_type(ty: Type) -> Type {
    ty.places().map_or(Type::Float, Type::Decimal)
}
