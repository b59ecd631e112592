//! Functions of single values: which there are, what they take, what type they give.

use sqlparser::ast::{
    DateTimeField, DuplicateTreatment, Expr as Tree, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
};

use super::aggregates::AGGREGATES;
use super::ast::{DatePart, Expr, Literal, Node, TextFunction, Type};
use super::check::{Checker, literal_text};
use super::literals::MAX_PLACES;
use super::{dates, refusals};
use crate::diag::nearest;
use crate::plan::schema::HIT;

const SCALARS: [&str; 20] = [
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "upper",
    "lower",
    "trim",
    "replace",
    "substr",
    "left",
    "right",
    "length",
    "char_length",
    "starts_with",
    "regexp_like",
    "concat",
    "abs",
    "round",
    "date_part",
    "substring",
];

/// All functions of the language.
fn all() -> impl Iterator<Item = &'static str> {
    SCALARS.iter().chain(&dates::FUNCTIONS).chain(&AGGREGATES).copied()
}

/// Arguments of a call.
pub(super) struct Call<'a> {
    pub name: String,
    pub args: Vec<&'a Tree>,
    pub star: bool,
    pub distinct: bool,
}

impl Checker<'_> {
    pub(super) fn function(&mut self, at: &Tree, function: &Function) -> Option<Expr> {
        let name = function.name.to_string().to_lowercase();
        if function.filter.is_some() || function.over.is_some() || !function.within_group.is_empty() {
            return self.refuse(
                "sql.not_in_grammar",
                at,
                "FILTER, OVER and WITHIN GROUP are not part of the rule language",
                refusals::AGGREGATE_CLAUSE,
            );
        }
        if name == "hit" && self.context.columns.iter().any(|c| c.name.starts_with(HIT)) {
            return self.hit(at, name, function);
        }
        let known = all().any(|known| known == name);
        if !known {
            return self.unknown_function(at, &name);
        }
        let call = self.call(at, name, function)?;
        if AGGREGATES.contains(&call.name.as_str()) {
            self.aggregate(at, &call)
        } else if call.star || call.distinct {
            self.arguments(at, &call.name, "values, without * or DISTINCT")
        } else {
            self.scalar(at, &call)
        }
    }

    fn unknown_function(&mut self, at: &Tree, name: &str) -> Option<Expr> {
        let message = format!("{name}() is not part of the rule language");
        if let Some(hint) = refusals::function(name) {
            let code = if hint.contains(":as_of") { "sql.clock" } else { "sql.function_refused" };
            return self.refuse(code, at, message, hint);
        }
        let hint = match nearest(name, all()) {
            Some(near) => format!("did you mean {near}()?"),
            None => format!("the functions are: {}", all().collect::<Vec<_>>().join(", ")),
        };
        self.refuse("sql.function_unknown", at, message, &hint)
    }

    /// `hit('MED-01')`: whether a rule holds for the household or for somebody in it.
    fn hit(&mut self, at: &Tree, name: String, function: &Function) -> Option<Expr> {
        let call = self.call(at, name, function)?;
        let [rule] = call.args.as_slice() else {
            return self.arguments(at, "hit", "the id of a rule, for example hit('MED-01')");
        };
        let id = self.text_constant(rule)?;
        let column = format!("{HIT}{id}");
        if self.context.columns.iter().any(|c| c.name == column) {
            return Some(Expr::condition(Node::Column(column)));
        }
        let ids = || self.context.columns.iter().filter_map(|c| c.name.strip_prefix(HIT));
        let hint = match nearest(&id, ids()) {
            Some(near) => format!("did you mean hit('{near}')?"),
            None => format!("the rules are {}", ids().collect::<Vec<_>>().join(", ")),
        };
        self.refuse("sql.rule_unknown", at, format!("there is no rule {id} that lists, supports or cautions"), &hint)
    }

    fn call<'t>(&mut self, at: &Tree, name: String, function: &'t Function) -> Option<Call<'t>> {
        let mut call = Call { name, args: Vec::new(), star: false, distinct: false };
        let FunctionArguments::List(list) = &function.args else {
            return self.arguments(at, &call.name, "values in brackets");
        };
        call.distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        if !list.clauses.is_empty() {
            return self.arguments(at, &call.name, "values only, without further clauses");
        }
        for argument in &list.args {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(tree)) => call.args.push(tree),
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => call.star = true,
                _ => return self.arguments(at, &call.name, "plain values"),
            }
        }
        Some(call)
    }

    /// Notes that a function is given the wrong arguments.
    pub(super) fn arguments<T>(&mut self, at: &Tree, name: &str, takes: &str) -> Option<T> {
        let hint = format!("{name} takes {takes}");
        self.refuse("sql.argument", at, format!("{name}() is called with other arguments than it takes"), &hint)
    }

    fn scalar(&mut self, at: &Tree, call: &Call) -> Option<Expr> {
        let name = call.name.as_str();
        match (name, call.args.as_slice()) {
            (name, args) if dates::FUNCTIONS.contains(&name) => self.date_function(at, name, args),
            ("coalesce" | "greatest" | "least", args) if !args.is_empty() => self.choice(at, name, args),
            ("nullif", [a, b]) => {
                let (a, b) = (self.expr(a), self.expr(b));
                let (mut pair, ty) = self.unify(at, vec![a?, b?])?;
                let b = pair.pop()?;
                let a = pair.pop()?;
                let unit = a.unit.clone();
                Some(Expr::new(Node::NullIf(a.boxed(), b.boxed()), ty).in_unit(unit))
            }
            ("upper", [x]) => self.text_function(x, TextFunction::Upper, Type::Text),
            ("lower", [x]) => self.text_function(x, TextFunction::Lower, Type::Text),
            ("trim", [x]) => self.trim(x),
            ("length" | "char_length", [x]) => self.text_function(x, TextFunction::Length, Type::Integer),
            ("replace", [x, from, to]) => {
                let (from, to) = (self.text_constant(from), self.text_constant(to));
                match (from?, to?) {
                    (from, _) if from.is_empty() => self.arguments(at, name, "a text to look for that is not empty"),
                    (from, to) => self.text_function(x, TextFunction::Replace { from, to }, Type::Text),
                }
            }
            ("substr" | "substring", [x, start]) => self.substring(at, x, Some(start), None),
            ("substr" | "substring", [x, start, length]) => self.substring(at, x, Some(start), Some(length)),
            ("left", [x, n]) => {
                let n = self.small_number(n, 0)?;
                self.text_function(x, TextFunction::Left(n), Type::Text)
            }
            ("right", [x, n]) => {
                let n = self.small_number(n, 0)?;
                self.text_function(x, TextFunction::Right(n), Type::Text)
            }
            ("starts_with", [x, prefix]) => {
                let prefix = self.text_constant(prefix)?;
                self.text_function(x, TextFunction::StartsWith(prefix), Type::Boolean)
            }
            ("regexp_like", [x, pattern]) => self.matches(x, pattern),
            ("concat", args) if !args.is_empty() => {
                let parts: Vec<Option<Expr>> = args.iter().map(|x| self.text(x)).collect();
                let parts: Vec<Expr> = parts.into_iter().collect::<Option<_>>()?;
                Some(Expr::new(Node::Concat(parts), Type::Text))
            }
            ("abs", [x]) => {
                let value = self.number(x)?;
                let (ty, unit) = (value.ty, value.unit.clone());
                Some(Expr::new(Node::Abs(value.boxed()), ty).in_unit(unit))
            }
            ("round", [x]) => self.round(at, x, 0),
            ("round", [x, n]) => {
                let places = self.small_number(n, 0)?;
                self.round(at, x, places)
            }
            ("date_part", [part, date]) => {
                let part = self.text_constant(part)?;
                let part = match part.to_lowercase().as_str() {
                    "year" => DatePart::Year,
                    "month" => DatePart::Month,
                    "day" => DatePart::Day,
                    _ => return self.arguments(at, name, "'year', 'month' or 'day' and a date"),
                };
                let date = self.date(date)?;
                Some(Expr::new(Node::DatePart(part, date.boxed()), Type::Integer))
            }
            _ => self.arguments(at, name, "another number of values"),
        }
    }

    fn choice(&mut self, at: &Tree, name: &str, args: &[&Tree]) -> Option<Expr> {
        let values: Vec<Option<Expr>> = args.iter().map(|x| self.expr(x)).collect();
        let values: Vec<Expr> = values.into_iter().collect::<Option<_>>()?;
        let (values, ty) = self.unify(at, values)?;
        if name != "coalesce" && ty == Type::Boolean {
            return self.arguments(at, name, "values that have an order; of conditions use AND or OR");
        }
        let unit = values.first().and_then(|v| v.unit.clone());
        let node = match name {
            "coalesce" => Node::Coalesce(values),
            "greatest" => Node::Greatest(values),
            _ => Node::Least(values),
        };
        Some(Expr::new(node, ty).in_unit(unit))
    }

    fn round(&mut self, at: &Tree, tree: &Tree, places: u32) -> Option<Expr> {
        let value = self.number(tree)?;
        let Some(have) = value.ty.places() else {
            return self.refuse(
                "sql.round",
                at,
                "round() is for exact numbers; a division or a float has no exact half",
                "compare the amount as it is",
            );
        };
        let places = u8::try_from(places).unwrap_or(MAX_PLACES).min(have);
        let unit = value.unit.clone();
        Some(Expr::new(Node::Round(value.boxed()), Type::Decimal(places)).in_unit(unit))
    }

    fn text_function(&mut self, tree: &Tree, function: TextFunction, ty: Type) -> Option<Expr> {
        let value = self.text(tree)?;
        Some(Expr::new(Node::Text(function, value.boxed()), ty))
    }

    pub(super) fn trim(&mut self, tree: &Tree) -> Option<Expr> {
        self.text_function(tree, TextFunction::Trim, Type::Text)
    }

    pub(super) fn substring(
        &mut self,
        at: &Tree,
        tree: &Tree,
        start: Option<&Tree>,
        length: Option<&Tree>,
    ) -> Option<Expr> {
        let Some(start) = start else {
            return self.arguments(at, "substr", "a text, the first character from 1, and how many");
        };
        let start = self.small_number(start, 1);
        let length = match length {
            Some(tree) => Some(self.small_number(tree, 0)?),
            None => None,
        };
        let function = TextFunction::Substring { start: start?, length };
        self.text_function(tree, function, Type::Text)
    }

    /// A whole number that stands in the text.
    fn small_number(&mut self, tree: &Tree, least: u32) -> Option<u32> {
        let value = self.expr(tree)?;
        if let (Node::Literal(Literal::Number(n)), Type::Integer) = (&value.node, value.ty)
            && let Ok(n) = u32::try_from(*n)
            && n >= least
        {
            return Some(n);
        }
        self.refuse(
            "sql.argument",
            tree,
            format!("a whole number from {least} is needed here"),
            "positions and lengths are written as plain numbers and count from 1",
        )
    }

    fn text_constant(&mut self, tree: &Tree) -> Option<String> {
        let value = self.text(tree)?;
        match literal_text(&value) {
            Some(text) => Some(text.to_string()),
            None => {
                self.refuse("sql.argument", tree, "a text as it stands is needed here", "write it in 'single quotes'")
            }
        }
    }

    pub(super) fn extract(&mut self, at: &Tree, field: &DateTimeField, tree: &Tree) -> Option<Expr> {
        let date = self.date(tree);
        let part = match field {
            DateTimeField::Year => DatePart::Year,
            DateTimeField::Month => DatePart::Month,
            DateTimeField::Day => DatePart::Day,
            _ => {
                return self.refuse(
                    "sql.not_in_grammar",
                    at,
                    format!("EXTRACT({field} FROM …) is not part of the rule language"),
                    "the parts are YEAR, MONTH and DAY",
                );
            }
        };
        Some(Expr::new(Node::DatePart(part, date?.boxed()), Type::Integer))
    }
}
