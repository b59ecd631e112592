//! How offices write dates, amounts and yes or no. In: a value, draws. Out: a cell in one of the usual forms.

use jiff::civil::Date;

use super::dice::Dice;
use super::dirt::Soiler;
use super::sheet::{Cell, yuan};

/// A way to write a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateStyle {
    /// 2026.3.5
    Dot,
    /// 2026年3月5日
    Chinese,
    /// 20260305
    Compact,
    /// 2026/3/5
    Slash,
    /// 2026-03-05
    Iso,
    /// A date cell.
    Cell,
}

/// A date as text; a date cell's style gives slashes.
pub fn date_text(date: Date, style: DateStyle) -> String {
    let (y, m, d) = (date.year(), date.month(), date.day());
    match style {
        DateStyle::Dot => format!("{y}.{m}.{d}"),
        DateStyle::Chinese => format!("{y}年{m}月{d}日"),
        DateStyle::Compact => format!("{y}{m:02}{d:02}"),
        DateStyle::Slash | DateStyle::Cell => format!("{y}/{m}/{d}"),
        DateStyle::Iso => format!("{y}-{m:02}-{d:02}"),
    }
}

/// A date in the office's own style, now and then in another.
pub fn date(dice: &mut Dice, soiler: &Soiler, date: Date, own: DateStyle) -> Cell {
    let style = if soiler.happens(dice, 120_000) {
        *dice.pick(&[
            DateStyle::Dot,
            DateStyle::Chinese,
            DateStyle::Compact,
            DateStyle::Slash,
            DateStyle::Iso,
            DateStyle::Cell,
        ])
    } else {
        own
    };
    if style == DateStyle::Cell { Cell::Date(date) } else { date_text(date, style).into() }
}

/// The same for a file that holds text only.
pub fn date_in_text(dice: &mut Dice, soiler: &Soiler, day: Date, own: DateStyle) -> String {
    match date(dice, soiler, day, own) {
        Cell::Text(text) => text,
        _ => date_text(day, DateStyle::Slash),
    }
}

/// Yuan with two decimals.
pub fn amount_text(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.abs() / 100, fen.abs() % 100)
}

/// An amount: a number cell, for a few a text with thousands commas or full-width digits.
pub fn amount(dice: &mut Dice, soiler: &Soiler, fen: i64) -> Cell {
    if !soiler.happens(dice, 40_000) {
        return yuan(fen);
    }
    match dice.below(3) {
        0 => grouped(fen).into(),
        1 => full_width(&plain(fen)).into(),
        _ => format!("{}元", plain(fen)).into(),
    }
}

/// Yuan without needless decimals.
fn plain(fen: i64) -> String {
    if fen % 100 == 0 { (fen / 100).to_string() } else { amount_text(fen) }
}

fn grouped(fen: i64) -> String {
    let whole = (fen / 100).to_string();
    let mut out = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    format!("{out}.{:02}", fen % 100)
}

/// Digits as wide as a Chinese character.
pub fn full_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '0'..='9' => char::from_u32(u32::from(c) - 0x30 + 0xff10).unwrap_or(c),
            '.' => '．',
            other => other,
        })
        .collect()
}

/// Yes or no, as offices write it.
pub fn yes(dice: &mut Dice, soiler: &Soiler, value: bool) -> Cell {
    if soiler.happens(dice, 150_000) {
        if value {
            return match dice.below(3) {
                0 => Cell::Number(1.0),
                1 => "√".into(),
                _ => "有".into(),
            };
        }
        return match dice.below(3) {
            0 => Cell::Number(0.0),
            1 => "×".into(),
            _ => "无".into(),
        };
    }
    if value { "是".into() } else { "否".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_value() {
        let day = Date::constant(2026, 3, 5);
        let all = [DateStyle::Dot, DateStyle::Chinese, DateStyle::Compact, DateStyle::Slash, DateStyle::Iso];
        assert_eq!(all.map(|s| date_text(day, s)), ["2026.3.5", "2026年3月5日", "20260305", "2026/3/5", "2026-03-05"]);
        assert_eq!(grouped(123_456_789), "1,234,567.89");
        assert_eq!(full_width(&plain(123_400)), "１２３４");
        assert_eq!(amount_text(-50), "-0.50");
    }
}
