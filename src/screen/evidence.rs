//! Evidence sentences: a rule's template and the values that made it hold → words for a clerk.

use std::collections::BTreeSet;

use polars::prelude::Series;

use super::entities::Columns;
use super::frames;
use crate::plan::shown_name;

/// What stands for a value that nobody knows.
pub(super) const UNKNOWN: &str = "不详";

enum Piece<'a> {
    Text(&'a str),
    /// Its name, and whether only the month of the day is shown.
    Value(&'a str, bool),
}

/// Splits a template at its `{placeholders}`; a brace without its partner is text.
fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else {
            break;
        };
        pieces.push(Piece::Text(before));
        let shown = shown_name(name.trim());
        pieces.push(Piece::Value(shown, shown != name.trim()));
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// Columns that a template shows; a parameter `{:p}` is the column `:p`.
pub(super) fn columns(template: &str) -> BTreeSet<String> {
    let pieces = pieces(template).into_iter();
    pieces
        .filter_map(|piece| match piece {
            Piece::Value(name, _) => Some(name.to_string()),
            Piece::Text(_) => None,
        })
        .collect()
}

/// Units that follow a value in a sentence; nobody says 不详元.
const UNITS: &[char] = &['元', '升', '天', '人', '项', '辆', '岁', '户', '次', '分'];

/// A template with the columns whose values it shows.
pub(super) struct Template<'a> {
    pieces: Vec<Shown<'a>>,
}

enum Shown<'a> {
    Text(&'a str),
    AsOf,
    /// None for a column that nobody has.
    Value(Option<&'a Series>),
    /// A day of which only the month is shown.
    Month(Option<&'a Series>),
    /// The same for everybody.
    Fixed(&'a Series),
}

impl<'a> Template<'a> {
    pub(super) fn new(template: &'a str, columns: &'a Columns, fixed: &'a Columns) -> Self {
        let shown = |piece| match piece {
            Piece::Text(text) => Shown::Text(text),
            Piece::Value(":as_of", _) => Shown::AsOf,
            Piece::Value(name, true) => Shown::Month(columns.get(name).or_else(|| fixed.get(name))),
            Piece::Value(name, false) => match fixed.get(name) {
                Some(series) => Shown::Fixed(series),
                None => Shown::Value(columns.get(name)),
            },
        };
        Template { pieces: pieces(template).into_iter().map(shown).collect() }
    }

    /// The sentence for one row; a value that is unknown is 不详, without the unit that the template writes behind it.
    pub(super) fn fill(&self, row: usize, as_of: jiff::civil::Date) -> String {
        let mut sentence = String::new();
        for piece in &self.pieces {
            let value = match piece {
                Shown::Text(text) => {
                    let unknown = sentence.ends_with(UNKNOWN);
                    sentence.push_str(if unknown { text.trim_start_matches(UNITS) } else { text });
                    continue;
                }
                Shown::AsOf => Some(as_of.to_string()),
                Shown::Value(series) => series.and_then(|series| frames::display(series, row)),
                Shown::Fixed(series) => frames::display(series, 0),
                Shown::Month(series) => series.and_then(|series| frames::month(series, row)),
            };
            sentence.push_str(value.as_deref().unwrap_or(UNKNOWN));
        }
        sentence
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::build::Value;
    use crate::model::table::Kind;

    fn one(name: &str, kind: Kind, value: Value) -> (String, polars::prelude::Series) {
        let series = frames::from_values(name, kind, std::iter::once(value));
        (name.to_string(), series)
    }

    #[test]
    fn values_stand_as_a_clerk_writes_them() {
        let columns: Columns = [
            one("paid", Kind::Decimal, Value::Decimal(2_350_050)),
            one(":line", Kind::Decimal, Value::Decimal(2_000_000)),
            one("day", Kind::Date, Value::Date(20_726)),
            one("grade", Kind::Text, Value::Null),
            one("income", Kind::Decimal, Value::Null),
            one("drop", Kind::Boolean, Value::Boolean(true)),
        ]
        .into();
        let as_of = jiff::civil::date(2026, 9, 30);
        let cases = [
            ("自付{paid}元，达到{:line}元", "自付23500.5元，达到20000元"),
            ("{day}鉴定为{grade}级", "2026-09-30鉴定为不详级"),
            ("系统记载{income}元，达到{:line}元", "系统记载不详，达到20000元"),
            ("辍学：{drop}，截至{:as_of}", "辍学：是，截至2026-09-30"),
            ("{day:month}识别，{grade:month}消除", "2026年9月识别，不详消除"),
            ("没有占位", "没有占位"),
            ("多一个{括号", "多一个{括号"),
        ];
        for (template, sentence) in cases {
            assert_eq!(Template::new(template, &columns, &Columns::new()).fill(0, as_of), sentence);
        }
        assert_eq!(super::columns("自付{paid}元{:line}"), ["paid", ":line"].map(String::from).into());
    }
}
