//! The cells of a form's sheet: a table found by its headings, values read as what they are meant to be, places to the cell.

use std::collections::BTreeMap;

use calamine::Data;

use crate::diag::{Diagnostic, Place, nearest};
use crate::model::build::Value;
use crate::model::table::Kind;
use crate::model::text;

/// A filled cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Text(String),
    Number(f64),
    Truth(bool),
    /// Days since 1970-01-01.
    Day(i32),
    /// What a formula that fails shows.
    Error(String),
}

/// Cells of a row by column.
pub(super) type Line = BTreeMap<u32, Cell>;

impl Cell {
    /// A cell's value; none for an empty one.
    pub(super) fn of(data: Data) -> Option<Cell> {
        Some(match data {
            Data::Empty => return None,
            Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
                let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').to_string();
                if text.is_empty() {
                    return None;
                }
                Cell::Text(text)
            }
            Data::Int(number) => Cell::Number(number as f64),
            Data::Float(number) => Cell::Number(number),
            Data::Bool(truth) => Cell::Truth(truth),
            Data::DateTime(moment) => {
                let (year, month, day, ..) = moment.to_ymd_hms_milli();
                let date = jiff::civil::Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?);
                date.map_or(Cell::Number(moment.as_f64()), |date| Cell::Day(text::to_days(date)))
            }
            Data::Error(error) => Cell::Error(error.to_string()),
        })
    }

    /// As it is shown.
    fn shown(&self) -> String {
        match self {
            Cell::Text(text) | Cell::Error(text) => text.clone(),
            Cell::Number(number) => number.to_string(),
            Cell::Truth(truth) => if *truth { "TRUE" } else { "FALSE" }.to_string(),
            Cell::Day(day) => text::date(*day),
        }
    }
}

/// Rows below the headings of a sheet.
pub(super) struct Table {
    lines: BTreeMap<u32, Line>,
    columns: BTreeMap<&'static str, u32>,
    place: Place,
}

/// Letters of a column, from 0.
fn letters(column: u32) -> String {
    let letter = char::from(b'A' + (column % 26) as u8);
    if column < 26 { letter.to_string() } else { format!("{}{letter}", letters(column / 26 - 1)) }
}

impl Table {
    /// Finds the headings; `place` is the sheet. None when the first of them is nowhere or one is missing.
    pub(super) fn new(
        mut lines: BTreeMap<u32, Line>,
        headings: &[&'static str],
        place: &Place,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Table> {
        let is = |cell: &Cell, heading: &str| matches!(cell, Cell::Text(text) if text == heading);
        let head = lines.iter().find(|(_, line)| line.values().any(|c| is(c, headings[0]))).map(|(row, _)| *row);
        let Some(head) = head else {
            let message = format!("no row of the sheet has the heading {}", headings[0]);
            problems.push(
                Diagnostic::error("params.no_headings", message, place.clone())
                    .hint(format!("the headings are {}", headings.join("、"))),
            );
            return None;
        };
        lines = lines.split_off(&head);
        let line = lines.remove(&head).unwrap_or_default();
        let mut columns = BTreeMap::new();
        let at = |column: u32| place.clone().row(head + 1).field(format!("{}{}", letters(column), head + 1));
        for (column, cell) in &line {
            let written = cell.shown();
            match headings.iter().find(|h| **h == written) {
                Some(heading) if columns.contains_key(heading) => problems.push(
                    Diagnostic::error(
                        "params.heading_twice",
                        format!("the heading {written} stands twice"),
                        at(*column),
                    )
                    .hint("leave one of the two columns out"),
                ),
                Some(heading) => {
                    columns.insert(*heading, *column);
                }
                None if written == "备注" => {}
                None => {
                    let hint = match nearest(&written, headings.iter().copied()) {
                        Some(near) => format!("did you mean {near}?"),
                        None => format!("the headings are {}; remarks go under 备注", headings.join("、")),
                    };
                    let message = format!("there is no heading `{written}` in this form");
                    problems.push(Diagnostic::error("params.unknown_heading", message, at(*column)).hint(hint));
                }
            }
        }
        let missing: Vec<&str> = headings.iter().copied().filter(|h| !columns.contains_key(h)).collect();
        if !missing.is_empty() {
            let message = format!("the headings {} are missing", missing.join("、"));
            problems.push(
                Diagnostic::error("params.missing_heading", message, place.clone().row(head + 1))
                    .hint("columns may be in any order and stay empty, but none may be left out"),
            );
            return None;
        }
        Some(Table { lines, columns, place: place.clone() })
    }

    /// Rows that hold anything in the form's columns, from 0.
    pub(super) fn rows(&self) -> impl Iterator<Item = u32> {
        let filled = |line: &Line| self.columns.values().any(|c| line.contains_key(c));
        self.lines.iter().filter(move |(_, line)| filled(line)).map(|(row, _)| *row)
    }

    /// The place of a cell.
    pub(super) fn place(&self, row: u32, heading: &str) -> Place {
        let column = self.columns.get(heading).map_or_else(String::new, |c| letters(*c));
        self.place.clone().row(row + 1).field(format!("{column}{} {heading}", row + 1))
    }

    fn cell(&self, row: u32, heading: &str) -> Option<&Cell> {
        self.lines.get(&row)?.get(self.columns.get(heading)?)
    }

    /// A cell as text; none when empty.
    pub(super) fn text(&self, row: u32, heading: &str) -> Option<String> {
        self.cell(row, heading).map(Cell::shown)
    }

    /// A cell as text that must not be empty.
    pub(super) fn need(&self, row: u32, heading: &str, problems: &mut Vec<Diagnostic>) -> Option<String> {
        let text = self.text(row, heading);
        if text.is_none() {
            let message = format!("{heading} is empty");
            problems.push(
                Diagnostic::error("params.empty_cell", message, self.place(row, heading))
                    .hint("fill it in, or clear the whole row"),
            );
        }
        text
    }

    /// A cell as a day; none when empty.
    pub(super) fn day(&self, row: u32, heading: &str, problems: &mut Vec<Diagnostic>) -> Option<i32> {
        let cell = self.cell(row, heading)?;
        let day = day(cell);
        if day.is_none() {
            problems.push(self.misread(row, heading, cell, "a day", "write it as 2026-01-01"));
        }
        day
    }

    /// A cell as a value of a type; none, and told, when it is empty or something else.
    pub(super) fn value(&self, row: u32, heading: &str, kind: Kind, problems: &mut Vec<Diagnostic>) -> Option<Value> {
        let Some(cell) = self.cell(row, heading) else {
            self.need(row, heading, problems);
            return None;
        };
        let (value, wanted, hint) = match kind {
            Kind::Integer => {
                let whole = hundredths(cell).filter(|n| n % 100 == 0).and_then(|n| i64::try_from(n / 100).ok());
                (whole.map(Value::Integer), "a whole number", "write digits only, for example 12")
            }
            Kind::Decimal | Kind::Float => (
                hundredths(cell).map(Value::Decimal),
                "a number with at most two decimal places",
                "write digits only, for example 20000 or 0.60, without 元, 万, % or commas",
            ),
            Kind::Boolean => {
                let truth = match cell {
                    Cell::Truth(truth) => Some(*truth),
                    Cell::Text(text) => match text.to_lowercase().as_str() {
                        "是" | "true" => Some(true),
                        "否" | "false" => Some(false),
                        _ => None,
                    },
                    _ => None,
                };
                (truth.map(Value::Boolean), "是 or 否", "write 是 or 否")
            }
            Kind::Date => (day(cell).map(Value::Date), "a day", "write it as 2026-01-01"),
            Kind::Text => {
                let text = (!matches!(cell, Cell::Error(_))).then(|| Value::Text(cell.shown()));
                (text, "a text", "correct the formula, or write the text itself")
            }
        };
        if value.is_none() {
            problems.push(self.misread(row, heading, cell, wanted, hint));
        }
        value
    }

    fn misread(&self, row: u32, heading: &str, cell: &Cell, wanted: &str, hint: &str) -> Diagnostic {
        let message = format!("`{}` is not {wanted}", cell.shown());
        Diagnostic::error("params.bad_value", message, self.place(row, heading)).hint(hint)
    }
}

fn day(cell: &Cell) -> Option<i32> {
    match cell {
        Cell::Day(day) => Some(*day),
        Cell::Text(written) => {
            let parts: Vec<&str> = written.trim_end_matches('日').split(['-', '/', '.', '年', '月']).collect();
            let [year, month, day] = parts.as_slice() else { return None };
            let year = year.parse().ok().filter(|y| (1900..3000).contains(y))?;
            let date = jiff::civil::Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()?;
            Some(text::to_days(date))
        }
        _ => None,
    }
}

/// An amount in hundredths, when it has no more than two decimal places.
fn hundredths(cell: &Cell) -> Option<i128> {
    match cell {
        Cell::Number(number) => {
            let scaled = number * 100.0;
            let near = (scaled - scaled.round()).abs() < 1e-6 && scaled.abs() < 1e15;
            near.then(|| scaled.round() as i128)
        }
        Cell::Text(written) => {
            let (sign, digits) = match written.strip_prefix('-') {
                Some(rest) => (-1, rest),
                None => (1, written.as_str()),
            };
            let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
            let all = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
            let fits = !whole.is_empty() && whole.len() <= 13 && part.len() <= 2 && all(whole) && all(part);
            let number: i128 = fits.then(|| format!("{whole}{part:0<2}").parse().ok())??;
            Some(sign * number)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_what_is_written_or_nothing() {
        let text = |s: &str| Cell::Text(s.into());
        let cases = [
            (Cell::Number(20_000.0), Some(2_000_000)),
            (Cell::Number(0.07), Some(7)),
            (Cell::Number(0.075), None),
            (text("20000"), Some(2_000_000)),
            (text("-0.5"), Some(-50)),
            (text("2O000"), None),
            (text("2万"), None),
            (text("20,000"), None),
            (text("20000元"), None),
            (Cell::Day(20_000), None),
            (Cell::Error("#REF!".into()), None),
        ];
        for (cell, expected) in cases {
            assert_eq!(hundredths(&cell), expected, "{cell:?}");
        }
    }

    #[test]
    fn days_and_columns() {
        let day_of = |s: &str| day(&Cell::Text(s.into())).map(text::date);
        for written in ["2026-01-31", "2026/1/31", "2026.1.31", "2026年1月31日"] {
            assert_eq!(day_of(written).as_deref(), Some("2026-01-31"), "{written}");
        }
        for written in ["2026-02-30", "2026-1", "20260131", "今天"] {
            assert_eq!(day_of(written), None, "{written}");
        }
        assert_eq!([letters(0), letters(25), letters(26), letters(27)], ["A", "Z", "AA", "AB"]);
    }
}
