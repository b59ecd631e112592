//! Days: windows whose length is a parameter, how far two days lie apart, where a month or year begins.

use std::sync::Arc;

use sqlparser::ast::Expr as Tree;

use super::ast::{Expr, Node, Span, Type};
use super::check::{Checker, as_type};

/// Functions of days.
pub(super) const FUNCTIONS: [&str; 7] =
    ["add_days", "add_months", "days_between", "months_between", "years_between", "month_start", "year_start"];

impl Checker<'_> {
    /// A function of days.
    pub(super) fn date_function(&mut self, at: &Tree, name: &str, args: &[&Tree]) -> Option<Expr> {
        match (name, args) {
            ("add_days", [date, count]) => self.shift_by(date, Span::Days, count),
            ("add_months", [date, count]) => self.shift_by(date, Span::Months, count),
            ("days_between", [from, to]) => self.elapsed(Span::Days, from, to),
            ("months_between", [from, to]) => self.elapsed(Span::Months, from, to),
            ("years_between", [from, to]) => self.elapsed(Span::Years, from, to),
            ("month_start", [date]) => self.start(Span::Months, date),
            ("year_start", [date]) => self.start(Span::Years, date),
            ("add_days" | "add_months", _) => {
                self.arguments(at, name, "a date and a whole number, for example :months")
            }
            ("month_start" | "year_start", _) => self.arguments(at, name, "a date"),
            _ => self.arguments(at, name, "the earlier and the later date"),
        }
    }

    fn shift_by(&mut self, date: &Tree, span: Span, count: &Tree) -> Option<Expr> {
        let (day, number) = (self.date(date), self.number(count));
        let (day, number) = (day?, number?);
        if number.ty.places() != Some(0) {
            let message = "a whole number of days or months is needed here";
            return self.refuse("sql.type_mismatch", count, message, "declare the parameter with kind = \"integer\"");
        }
        let unit = word(span);
        if let Some(other) = number.unit.as_deref().filter(|u| *u != unit) {
            let message = format!("a number of {unit}s is needed here, but this is in {other}");
            return self.refuse("sql.unit_mismatch", count, message, "add_months takes months, add_days days");
        }
        let number = as_type(number, Type::Integer);
        Some(Expr::new(Node::ShiftBy(span, day.boxed(), number.boxed()), Type::Date))
    }

    fn elapsed(&mut self, span: Span, from: &Tree, to: &Tree) -> Option<Expr> {
        let (from, to) = (self.date(from), self.date(to));
        let unit: Arc<str> = word(span).into();
        Some(Expr::new(Node::Elapsed(span, from?.boxed(), to?.boxed()), Type::Integer).in_unit(Some(unit)))
    }

    fn start(&mut self, span: Span, date: &Tree) -> Option<Expr> {
        let date = self.date(date)?;
        Some(Expr::new(Node::Start(span, date.boxed()), Type::Date))
    }
}

fn word(span: Span) -> &'static str {
    match span {
        Span::Days => "day",
        Span::Months => "month",
        Span::Years => "year",
    }
}
