//! Names, types and parameters: sqlparser's tree in, typed [`Expr`] out, all problems collected.
//!
//! A refused part gives none and its problem is already noted, so that the rest of the text is still looked at.

use sqlparser::ast::{CaseWhen, Expr as Tree, Ident, Spanned};

use super::ast::{Comparison, Expr, Literal, Node, Type};
use super::{Context, parse, refusals, units};
use crate::diag::{Diagnostic, nearest};
use crate::model::table::Column;
use crate::plan::types::Sql;

/// Walks one tree.
pub(super) struct Checker<'a> {
    pub(super) sql: &'a Sql,
    pub(super) context: &'a Context,
    pub(super) problems: Vec<Diagnostic>,
    /// True inside the argument of an aggregate.
    pub(super) inside: bool,
    /// True once an aggregate was met.
    pub(super) aggregated: bool,
}

impl<'a> Checker<'a> {
    pub(super) fn new(sql: &'a Sql, context: &'a Context) -> Self {
        Checker { sql, context, problems: Vec::new(), inside: false, aggregated: false }
    }

    /// The whole text.
    pub(super) fn whole(&mut self, tree: &Tree) -> Option<Expr> {
        let expr = self.expr(tree);
        if self.context.aggregate && !self.aggregated && self.problems.is_empty() {
            return self.refuse(
                "sql.aggregate_missing",
                tree,
                "an indicator's value is one value for all records of an entity",
                "use sum, min, max, avg, median, count(*), count(x), any(condition), every(condition), latest(x, date) or list(x)",
            );
        }
        expr
    }

    /// Notes a problem and gives none.
    pub(super) fn refuse<T>(
        &mut self,
        code: &'static str,
        at: &impl Spanned,
        message: impl Into<String>,
        hint: &str,
    ) -> Option<T> {
        let place = parse::place(self.sql, at);
        self.problems.push(Diagnostic::error(code, message, place).hint(hint));
        None
    }

    /// Any expression of the grammar.
    pub(super) fn expr(&mut self, tree: &Tree) -> Option<Expr> {
        match tree {
            Tree::Nested(inner) => self.expr(inner),
            Tree::Identifier(name) => self.column(tree, name),
            Tree::CompoundIdentifier(names) => self.known_of(tree, names),
            Tree::Value(value) => self.value(value),
            Tree::TypedString(typed) => self.typed_string(tree, typed),
            Tree::UnaryOp { op, expr } => self.unary(tree, *op, expr),
            Tree::BinaryOp { left, op, right } => self.binary(tree, left, op, right),
            Tree::IsNull(inner) => self.is_null(inner),
            Tree::IsNotNull(inner) => self.is_null(inner).map(Expr::negated),
            Tree::IsDistinctFrom(a, b) => self.distinct(tree, a, b),
            Tree::IsNotDistinctFrom(a, b) => self.distinct(tree, a, b).map(Expr::negated),
            Tree::Between { expr, negated, low, high } => {
                self.between(tree, expr, low, high).map(|e| maybe_not(e, *negated))
            }
            Tree::InList { expr, list, negated } => self.in_list(tree, expr, list).map(|e| maybe_not(e, *negated)),
            Tree::Like { negated, any: false, expr, pattern, escape_char: None } => {
                self.like(expr, pattern, "").map(|e| maybe_not(e, *negated))
            }
            Tree::ILike { negated, any: false, expr, pattern, escape_char: None } => {
                self.like(expr, pattern, "i").map(|e| maybe_not(e, *negated))
            }
            Tree::Case { operand, conditions, else_result, .. } => {
                self.case(tree, operand.as_deref(), conditions, else_result.as_deref())
            }
            Tree::Cast { kind, expr, data_type, format: None } => self.cast(tree, kind, expr, data_type),
            Tree::Extract { field, expr, .. } => self.extract(tree, field, expr),
            Tree::Substring { expr, substring_from, substring_for, .. } => {
                self.substring(tree, expr, substring_from.as_deref(), substring_for.as_deref())
            }
            Tree::Trim { trim_where: None, trim_what: None, expr, trim_characters: None } => self.trim(expr),
            Tree::Function(function) => self.function(tree, function),
            other => self.refused(other),
        }
    }

    fn refused(&mut self, tree: &Tree) -> Option<Expr> {
        let (code, message, hint) = match tree {
            Tree::IsTrue(_) | Tree::IsNotTrue(_) | Tree::IsFalse(_) | Tree::IsNotFalse(_) => (
                "sql.is_true",
                "IS [NOT] TRUE and IS [NOT] FALSE hide what becomes of unknown".to_string(),
                refusals::IS_TRUE,
            ),
            Tree::IsUnknown(_) | Tree::IsNotUnknown(_) => (
                "sql.not_in_grammar",
                "IS [NOT] UNKNOWN is not part of the rule language".to_string(),
                "write IS NULL or IS NOT NULL",
            ),
            Tree::Interval(_) => (
                "sql.interval",
                "an interval stands only after + or - of a date".to_string(),
                refusals::DATE_DIFFERENCE,
            ),
            Tree::Position { .. } => {
                ("sql.function_refused", "position() is not part of the rule language".to_string(), "write LIKE '%…%'")
            }
            Tree::Ceil { .. } | Tree::Floor { .. } => (
                "sql.function_refused",
                "ceil() and floor() are not part of the rule language".to_string(),
                "compare the amount as it is; to round, write round(x, 0)",
            ),
            Tree::Subquery(_) | Tree::Exists { .. } | Tree::InSubquery { .. } => {
                ("sql.not_in_grammar", "a rule has no subqueries".to_string(), refusals::SUBQUERY)
            }
            Tree::Trim { .. } => (
                "sql.not_in_grammar",
                "only trim(x) is part of the rule language".to_string(),
                "write trim(x), which takes spaces away at both ends, or replace(x, 'a', '')",
            ),
            Tree::Like { .. } | Tree::ILike { .. } | Tree::SimilarTo { .. } | Tree::RLike { .. } => (
                "sql.not_in_grammar",
                "only LIKE and ILIKE with a plain pattern are part of the rule language".to_string(),
                "write LIKE '%…%' or regexp_like(x, 'pattern')",
            ),
            _ => (
                "sql.not_in_grammar",
                "this is not part of the rule language".to_string(),
                "a condition is made of comparisons, AND OR NOT, BETWEEN, IN, LIKE, IS NULL, CASE, + - * / and plain functions",
            ),
        };
        self.refuse(code, tree, message, hint)
    }

    fn column(&mut self, at: &Tree, name: &Ident) -> Option<Expr> {
        let Some(column) = self.context.columns.iter().find(|c| c.name == name.value) else {
            return self.unknown_column(at, name);
        };
        if self.context.aggregate && !self.inside {
            return self.refuse(
                "sql.aggregate_missing",
                at,
                format!("the column {} stands outside an aggregate", name.value),
                "an entity may have several records; write sum(x), max(x) or latest(x, date)",
            );
        }
        Some(named(column))
    }

    /// `person.x` and `household.x`: what is known of the one whom a record is about.
    fn known_of(&mut self, at: &Tree, names: &[Ident]) -> Option<Expr> {
        let written = names.iter().map(|n| n.value.as_str()).collect::<Vec<_>>().join(".");
        let dotted = || self.context.columns.iter().map(|c| c.name.as_str()).filter(|n| n.contains('.'));
        let Some(column) = self.context.columns.iter().find(|c| c.name == written && written.contains('.')) else {
            let (code, hint) = match nearest(&written, dotted()) {
                Some(near) => ("sql.column_unknown", format!("did you mean {near}?")),
                None if dotted().next().is_some() => {
                    ("sql.column_unknown", format!("the names are: {}", dotted().collect::<Vec<_>>().join(", ")))
                }
                None => {
                    let hint = "name the column alone; only an indicator on records knows household.x";
                    ("sql.not_in_grammar", hint.to_string())
                }
            };
            return self.refuse(code, at, format!("there is no column {written}"), &hint);
        };
        let column = column.clone();
        if self.context.aggregate && !self.inside {
            return self.refuse(
                "sql.aggregate_missing",
                at,
                format!("{written} stands outside an aggregate"),
                &format!("it is the same for all records of a household or person: write max({written})"),
            );
        }
        Some(named(&column))
    }

    fn unknown_column(&mut self, at: &Tree, name: &Ident) -> Option<Expr> {
        let lower = name.value.to_lowercase();
        if name.quote_style.is_none()
            && let Some(hint) = refusals::function(&lower)
            && lower.starts_with("current_")
        {
            return self.refuse("sql.clock", at, format!("{} is refused", name.value), hint);
        }
        let plain = || self.context.columns.iter().map(|c| c.name.as_str()).filter(|n| !n.contains(['.', ':']));
        let hint = match nearest(&name.value, plain()) {
            Some(near) if near.to_lowercase() == lower => format!("names are written as declared: {near}"),
            Some(near) => format!("did you mean {near}?"),
            None if name.quote_style.is_some() => "texts stand in 'single quotes', not in \"double\" ones".to_string(),
            None if self.context.params.contains_key(&name.value) || name.value == "as_of" => {
                format!("parameters are written with a colon: :{}", name.value)
            }
            None => {
                let names = plain();
                // The columns with a value's raw form and repair would only hide the others.
                let names: Vec<&str> = names.filter(|n| !n.ends_with("_raw") && !n.ends_with("_repair")).collect();
                format!("the names are: {}", names.join(", "))
            }
        };
        self.refuse("sql.column_unknown", at, format!("there is no column or indicator {}", name.value), &hint)
    }

    /// An expression that must be a condition.
    pub(super) fn condition(&mut self, tree: &Tree) -> Option<Expr> {
        let expr = self.expr(tree)?;
        match expr.ty {
            Type::Boolean => Some(expr),
            Type::Null => Some(Expr::condition(Node::Cast(expr.boxed()))),
            ty => self.refuse(
                "sql.type_mismatch",
                tree,
                format!("a condition is needed here, but this is of type {}", ty.name()),
                "compare it with something, for example `age >= 60`",
            ),
        }
    }

    /// An expression that must be text.
    pub(super) fn text(&mut self, tree: &Tree) -> Option<Expr> {
        let expr = self.expr(tree)?;
        match expr.ty {
            Type::Text => Some(expr),
            Type::Null => Some(Expr::new(Node::Cast(expr.boxed()), Type::Text)),
            ty => self.refuse(
                "sql.type_mismatch",
                tree,
                format!("a text is needed here, but this is of type {}", ty.name()),
                "write CAST(x AS VARCHAR) for whole numbers and dates",
            ),
        }
    }

    /// An expression that must be a date.
    pub(super) fn date(&mut self, tree: &Tree) -> Option<Expr> {
        let expr = self.expr(tree)?;
        match expr.ty {
            Type::Date => Some(expr),
            ty => self.refuse(
                "sql.type_mismatch",
                tree,
                format!("a date is needed here, but this is of type {}", ty.name()),
                "days are written DATE '2026-09-30' or :as_of; texts become dates with CAST(x AS DATE)",
            ),
        }
    }

    /// Brings values to the one type that holds them all.
    pub(super) fn unify(&mut self, at: &Tree, values: Vec<Expr>) -> Option<(Vec<Expr>, Type)> {
        let mut ty = Type::Null;
        for value in &values {
            match ty.join(value.ty) {
                Some(joined) => ty = joined,
                None => return self.mismatch(at, ty, value),
            }
        }
        let unit = self.one_unit(at, &values)?;
        let typed = |v: Expr| as_type(v, ty).in_unit(unit.clone());
        Some((values.into_iter().map(typed).collect(), ty))
    }

    /// Notes that a value does not have the type of the others.
    pub(super) fn mismatch<T>(&mut self, at: &Tree, ty: Type, value: &Expr) -> Option<T> {
        let hint = match (ty, value.ty) {
            (Type::Date, Type::Text) | (Type::Text, Type::Date) => "days are written DATE '2026-09-30'",
            (Type::Boolean, _) | (_, Type::Boolean) => "write the condition itself, or compare with TRUE or FALSE",
            (Type::Text, other) | (other, Type::Text) if other.is_number() => {
                "numbers stand without quotes; a text becomes a number with CAST(x AS INTEGER)"
            }
            (Type::Date, other) | (other, Type::Date) if other.is_number() => refusals::DATE_DIFFERENCE,
            _ => "both sides must be of the type that is declared",
        };
        self.refuse("sql.type_mismatch", at, format!("{} and {} do not go together", ty.name(), value.ty.name()), hint)
    }

    fn case(
        &mut self,
        at: &Tree,
        operand: Option<&Tree>,
        conditions: &[CaseWhen],
        otherwise: Option<&Tree>,
    ) -> Option<Expr> {
        let mut whens = Vec::new();
        let mut values = Vec::new();
        for branch in conditions {
            whens.push(match operand {
                Some(operand) => self.compare(&branch.condition, operand, Comparison::Equal, &branch.condition),
                None => self.condition(&branch.condition),
            });
            values.push(self.expr(&branch.result));
        }
        let had_else = otherwise.is_some();
        if let Some(otherwise) = otherwise {
            values.push(self.expr(otherwise));
        }
        let whens: Vec<Expr> = whens.into_iter().collect::<Option<_>>()?;
        let (mut values, ty) = {
            let values: Vec<Expr> = values.into_iter().collect::<Option<_>>()?;
            self.unify(at, values)?
        };
        let unit = values.first().and_then(|v| v.unit.clone());
        let otherwise = if had_else { values.pop().map(Expr::boxed) } else { None };
        let branches = whens.into_iter().zip(values).collect();
        Some(Expr::new(Node::Case(branches, otherwise), ty).in_unit(unit))
    }
}

/// The expression as a type that holds its values.
pub(super) fn as_type(expr: Expr, ty: Type) -> Expr {
    match expr.ty == ty {
        true => expr,
        false => {
            let unit = expr.unit.clone();
            Expr::new(Node::Cast(expr.boxed()), ty).in_unit(unit)
        }
    }
}

/// A declared column.
fn named(column: &Column) -> Expr {
    let expr = Expr::new(Node::Column(column.name.clone()), Type::of(column.kind));
    let unit = units::declared(&column.unit).filter(|_| expr.ty.is_number());
    expr.in_unit(unit)
}

/// The text of a literal, when it is one.
pub(super) fn literal_text(expr: &Expr) -> Option<&str> {
    match &expr.node {
        Node::Literal(Literal::Text(text)) => Some(text),
        _ => None,
    }
}

fn maybe_not(expr: Expr, negated: bool) -> Expr {
    if negated { expr.negated() } else { expr }
}
