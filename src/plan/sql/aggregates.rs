//! Aggregates over an entity's records: the values of indicators.

use sqlparser::ast::Expr as Tree;

use super::ast::{Aggregate, Arithmetic, Expr, Node, Type};
use super::check::Checker;
use super::functions::Call;

/// The aggregates of the language.
pub(super) const AGGREGATES: [&str; 7] = ["sum", "min", "max", "avg", "count", "any", "latest"];

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
        let made = |aggregate, ty| Some(Expr::new(Node::Aggregate(aggregate), ty));
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
                let sum = Expr::new(Node::Aggregate(Aggregate::Sum(value.clone().boxed())), sum_type(value.ty));
                let count = Expr::new(Node::Aggregate(Aggregate::Count(value.boxed())), Type::Integer);
                self.calculate(at, sum, Arithmetic::Divide, count)
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
            ("latest", [x, by]) => {
                let (value, by) = (self.expr(x), self.date(by));
                let (value, by) = (value?, by?.boxed());
                let ty = value.ty;
                made(Aggregate::Latest { value: value.boxed(), by }, ty)
            }
            ("latest", _) => self.arguments(at, name, "a value and the date that orders the records"),
            _ => self.arguments(at, name, "one value"),
        }
    }
}

/// Sums of whole numbers are kept as exact decimals without places, which do not overflow.
fn sum_type(ty: Type) -> Type {
    ty.places().map_or(Type::Float, Type::Decimal)
}
