//! Operators: comparison, logic, arithmetic, dates plus intervals, LIKE and IN.

use sqlparser::ast::{BinaryOperator, Expr as Tree, UnaryOperator};

use super::ast::{Arithmetic, Comparison, Expr, Node, TextFunction, Type};
use super::check::{Checker, as_type, literal_text};
use super::literals::MAX_PLACES;
use super::{refusals, units};

impl Checker<'_> {
    pub(super) fn unary(&mut self, at: &Tree, op: UnaryOperator, tree: &Tree) -> Option<Expr> {
        match op {
            UnaryOperator::Not => self.condition(tree).map(Expr::negated),
            UnaryOperator::Minus | UnaryOperator::Plus => {
                let value = self.number(tree)?;
                let (ty, unit) = (value.ty, value.unit.clone());
                Some(match op {
                    UnaryOperator::Minus => Expr::new(Node::Negate(value.boxed()), ty).in_unit(unit),
                    _ => value,
                })
            }
            _ => self.refuse(
                "sql.not_in_grammar",
                at,
                format!("the operator {op} is not part of the rule language"),
                "before a value stand only NOT and a sign",
            ),
        }
    }

    pub(super) fn binary(&mut self, at: &Tree, left: &Tree, op: &BinaryOperator, right: &Tree) -> Option<Expr> {
        use BinaryOperator as B;
        let comparison = match op {
            B::Eq => Some(Comparison::Equal),
            B::NotEq => Some(Comparison::NotEqual),
            B::Lt => Some(Comparison::Less),
            B::LtEq => Some(Comparison::LessOrEqual),
            B::Gt => Some(Comparison::Greater),
            B::GtEq => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        if let Some(comparison) = comparison {
            return self.compare(at, left, comparison, right);
        }
        match op {
            B::And | B::Or => {
                let (a, b) = (self.condition(left), self.condition(right));
                let (a, b) = (a?.boxed(), b?.boxed());
                Some(Expr::condition(match op {
                    B::And => Node::And(a, b),
                    _ => Node::Or(a, b),
                }))
            }
            B::Plus | B::Minus => self.plus(at, left, right, *op == B::Minus),
            B::Multiply => self.arithmetic(at, left, right, Arithmetic::Multiply),
            B::Divide => self.arithmetic(at, left, right, Arithmetic::Divide),
            B::Modulo => self.arithmetic(at, left, right, Arithmetic::Remainder),
            B::StringConcat => {
                let (a, b) = (self.text(left), self.text(right));
                Some(Expr::new(Node::Join(a?.boxed(), b?.boxed()), Type::Text))
            }
            B::PGRegexMatch => self.matches(left, right),
            B::PGRegexNotMatch => self.matches(left, right).map(Expr::negated),
            _ => self.refuse(
                "sql.not_in_grammar",
                at,
                format!("the operator {op} is not part of the rule language"),
                "the operators are = <> < <= > >= AND OR NOT + - * / % || ~ LIKE IN BETWEEN",
            ),
        }
    }

    pub(super) fn compare(&mut self, at: &Tree, left: &Tree, how: Comparison, right: &Tree) -> Option<Expr> {
        let (a, b) = (self.expr(left), self.expr(right));
        let (a, b) = (a?, b?);
        self.compared(at, a, how, b)
    }

    fn compared(&mut self, at: &Tree, a: Expr, how: Comparison, b: Expr) -> Option<Expr> {
        let (mut pair, ty) = self.unify(at, vec![a, b])?;
        if ty == Type::Boolean && !matches!(how, Comparison::Equal | Comparison::NotEqual) {
            return self.refuse("sql.type_mismatch", at, "true and false have no order", "compare them with = or <>");
        }
        let b = pair.pop()?;
        let a = pair.pop()?;
        Some(Expr::condition(Node::Compare(how, a.boxed(), b.boxed())))
    }

    pub(super) fn is_null(&mut self, tree: &Tree) -> Option<Expr> {
        let value = self.expr(tree)?;
        Some(Expr::condition(Node::IsNull(value.boxed())))
    }

    pub(super) fn distinct(&mut self, at: &Tree, left: &Tree, right: &Tree) -> Option<Expr> {
        let (a, b) = (self.expr(left), self.expr(right));
        let (mut pair, _) = self.unify(at, vec![a?, b?])?;
        let b = pair.pop()?;
        let a = pair.pop()?;
        Some(Expr::condition(Node::Distinct(a.boxed(), b.boxed())))
    }

    pub(super) fn between(&mut self, at: &Tree, value: &Tree, low: &Tree, high: &Tree) -> Option<Expr> {
        let (value, low, high) = (self.expr(value), self.expr(low), self.expr(high));
        let (value, low, high) = (value?, low?, high?);
        let from = self.compared(at, value.clone(), Comparison::GreaterOrEqual, low);
        let to = self.compared(at, value, Comparison::LessOrEqual, high);
        Some(Expr::condition(Node::And(from?.boxed(), to?.boxed())))
    }

    pub(super) fn in_list(&mut self, at: &Tree, value: &Tree, list: &[Tree]) -> Option<Expr> {
        let mut all = vec![self.expr(value)];
        for item in list {
            all.push(self.expr(item));
        }
        let all: Vec<Expr> = all.into_iter().collect::<Option<_>>()?;
        let (mut all, _) = self.unify(at, all)?;
        let value = all.remove(0);
        Some(Expr::condition(Node::In(value.boxed(), all)))
    }

    /// LIKE and ILIKE: `%` any text, `_` one character, everything else itself.
    pub(super) fn like(&mut self, tree: &Tree, pattern: &Tree, flags: &str) -> Option<Expr> {
        let (value, pattern_expr) = (self.text(tree), self.text(pattern));
        let (value, pattern_expr) = (value?, pattern_expr?);
        let Some(like) = literal_text(&pattern_expr) else {
            return self.refuse(
                "sql.argument",
                pattern,
                "the pattern of LIKE must be a text as it stands",
                "write LIKE '%…%'; for two columns use starts_with or =",
            );
        };
        let regex = like_to_regex(like, flags);
        Some(matches_condition(value, TextFunction::Matches(regex)))
    }

    /// `x ~ 'pattern'` and `regexp_like(x, 'pattern')`.
    pub(super) fn matches(&mut self, tree: &Tree, pattern: &Tree) -> Option<Expr> {
        let (value, pattern_expr) = (self.text(tree), self.text(pattern));
        let (value, pattern_expr) = (value?, pattern_expr?);
        let Some(regex) = literal_text(&pattern_expr) else {
            return self.refuse(
                "sql.argument",
                pattern,
                "the pattern must be a text as it stands",
                "write the pattern in 'single quotes'",
            );
        };
        if let Err(error) = regex_is_valid(regex) {
            return self.refuse(
                "sql.pattern",
                pattern,
                format!("'{regex}' is not a regular expression: {error}"),
                "check brackets and repetition; a plain piece of text is found with LIKE '%…%'",
            );
        }
        let regex = regex.to_string();
        Some(matches_condition(value, TextFunction::Matches(regex)))
    }

    /// An expression that must be a number.
    pub(super) fn number(&mut self, tree: &Tree) -> Option<Expr> {
        let value = self.expr(tree)?;
        if value.ty == Type::Null {
            return Some(as_type(value, Type::Integer));
        }
        if value.ty.is_number() {
            return Some(value);
        }
        let hint = match value.ty {
            Type::Text => "a text becomes a number with CAST(x AS INTEGER)",
            Type::Boolean => "write CASE WHEN x THEN 1 ELSE 0 END",
            _ => refusals::DATE_DIFFERENCE,
        };
        self.refuse(
            "sql.type_mismatch",
            tree,
            format!("a number is needed here, but this is of type {}", value.ty.name()),
            hint,
        )
    }

    fn arithmetic(&mut self, at: &Tree, left: &Tree, right: &Tree, op: Arithmetic) -> Option<Expr> {
        let (a, b) = (self.number(left), self.number(right));
        self.calculate(at, a?, op, b?)
    }

    /// Arithmetic on two numbers: the one place that decides the type of a result.
    pub(super) fn calculate(&mut self, at: &Tree, a: Expr, op: Arithmetic, b: Expr) -> Option<Expr> {
        let ty = match (op, a.ty.places(), b.ty.places()) {
            (Arithmetic::Divide, _, _) => Type::Float,
            (Arithmetic::Remainder, Some(0), Some(0)) => Type::Integer,
            (Arithmetic::Remainder, _, _) => {
                return self.refuse(
                    "sql.type_mismatch",
                    at,
                    "the remainder % is for whole numbers",
                    "compare the amounts themselves",
                );
            }
            (Arithmetic::Multiply, Some(x), Some(y)) => Type::Decimal(x + y),
            (_, Some(x), Some(y)) => Type::Decimal(x.max(y)),
            _ => Type::Float,
        };
        if ty.places().is_some_and(|places| places > MAX_PLACES) {
            return self.refuse(
                "sql.number",
                at,
                format!("the product would have more than {MAX_PLACES} decimal places"),
                "use fewer decimal places in the factors",
            );
        }
        let unit = match op {
            Arithmetic::Add | Arithmetic::Subtract | Arithmetic::Remainder => self.one_unit(at, [&a, &b])?,
            Arithmetic::Multiply => units::of_product(&a, &b),
            // 12 / x is no amount; x / 12 is.
            Arithmetic::Divide => units::of_product(&a, &b).filter(|unit| a.unit.as_ref() == Some(unit)),
        };
        Some(Expr::new(Node::Arithmetic(op, a.boxed(), b.boxed()), ty).in_unit(unit))
    }

    /// `a + b` and `a - b`, of numbers or of a date and an interval.
    fn plus(&mut self, at: &Tree, left: &Tree, right: &Tree, minus: bool) -> Option<Expr> {
        if let Tree::Interval(interval) = right {
            let (date, step) = (self.date(left), self.interval(right, interval));
            let (date, step) = (date?, step?);
            let sign = if minus { -1 } else { 1 };
            let node = Node::Shift { date: date.boxed(), months: sign * step.months, days: sign * step.days };
            return Some(Expr::new(node, Type::Date));
        }
        if let (Tree::Interval(_), false) = (left, minus) {
            return self.plus(at, right, left, false);
        }
        let (a, b) = (self.expr(left), self.expr(right));
        let (a, b) = (a?, b?);
        if a.ty == Type::Date || b.ty == Type::Date {
            return self.refuse(
                "sql.date_difference",
                at,
                "a difference of dates and a date plus a number mean different things on different engines",
                refusals::DATE_DIFFERENCE,
            );
        }
        let (a, b) = (self.as_number(left, a), self.as_number(right, b));
        let op = if minus { Arithmetic::Subtract } else { Arithmetic::Add };
        self.calculate(at, a?, op, b?)
    }

    fn as_number(&mut self, at: &Tree, value: Expr) -> Option<Expr> {
        match value.ty {
            Type::Null => Some(as_type(value, Type::Integer)),
            ty if ty.is_number() => Some(value),
            ty => self.refuse(
                "sql.type_mismatch",
                at,
                format!("a number is needed here, but this is of type {}", ty.name()),
                "texts are joined with ||; a text becomes a number with CAST(x AS INTEGER)",
            ),
        }
    }
}

fn matches_condition(value: Expr, function: TextFunction) -> Expr {
    Expr::condition(Node::Text(function, value.boxed()))
}

/// An anchored regular expression for a LIKE pattern.
fn like_to_regex(like: &str, flags: &str) -> String {
    let mut regex = format!("(?s{flags})^");
    for ch in like.chars() {
        match ch {
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            _ if ch.is_alphanumeric() || ch.is_whitespace() => regex.push(ch),
            _ if ch.is_ascii() => {
                regex.push('\\');
                regex.push(ch);
            }
            _ => regex.push(ch),
        }
    }
    regex.push('$');
    regex
}

/// Compiles a pattern with the library that will match it.
fn regex_is_valid(pattern: &str) -> Result<(), String> {
    use polars::prelude::*;
    let probe = StringChunked::from_iter_values("probe".into(), [""].into_iter());
    probe.contains(pattern, true).map(|_| ()).map_err(|error| {
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default();
        last.trim().trim_start_matches("error: ").to_string()
    })
}
