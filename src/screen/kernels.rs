//! The pieces of meaning that the engine lacks or has otherwise: exact conversions, rounding half away from zero,
//! months that clamp. In: one series. Out: one series of the same length; null in, null out.

use jiff::ToSpan;
use polars::prelude::*;

use super::frames::{dates, decimals};
use crate::model::text;
use crate::plan::sql::Span;

/// Applies a function to every value of an expression.
pub(super) fn each<F>(expr: Expr, dtype: DataType, function: F) -> Expr
where
    F: Fn(&Series) -> PolarsResult<Series> + Send + Sync + 'static,
{
    expr.map(
        move |column| function(column.as_materialized_series()).map(Column::from),
        move |_, field| Ok(Field::new(field.name().clone(), dtype.clone())),
    )
}

/// Applies a function to the pairs of two expressions' values; one that stands alone is paired with every other.
pub(super) fn each_pair<F>(a: Expr, b: Expr, dtype: DataType, function: F) -> Expr
where
    F: Fn(&Series, &Series) -> PolarsResult<Series> + Send + Sync + 'static,
{
    a.map_many(
        move |columns| {
            let rows = columns.iter().map(Column::len).max().unwrap_or_default();
            let whole = |column: &Column| match column.len() {
                len if len == rows => column.as_materialized_series().clone(),
                _ => column.as_materialized_series().new_from_index(0, rows),
            };
            function(&whole(&columns[0]), &whole(&columns[1])).map(Column::from)
        },
        &[b],
        move |_, fields| Ok(Field::new(fields[0].name().clone(), dtype.clone())),
    )
}

/// A decimal with `from` places as one with fewer, half away from zero.
pub(super) fn round(series: &Series, from: u8, to: u8) -> PolarsResult<Series> {
    let unit = 10i128.pow(u32::from(from.saturating_sub(to)));
    let values = series.decimal()?.physical();
    Ok(decimals(series.name().clone(), to, values.iter().map(|v| v.map(|v| divide_half_away(v, unit)))))
}

/// `value / unit` to the nearest whole number, half away from zero.
fn divide_half_away(value: i128, unit: i128) -> i128 {
    let (quotient, rest) = (value / unit, value % unit);
    // twice the rest is at least the unit ⇔ the rest is at least half of it
    if rest.abs() * 2 >= unit { quotient + value.signum() } else { quotient }
}

/// A decimal without places as a whole number; one that is too long is unknown.
pub(super) fn to_integer(series: &Series) -> PolarsResult<Series> {
    let values = series.decimal()?.physical().iter();
    let values = values.map(|v| v.and_then(|v| i64::try_from(v).ok()));
    Ok(Int64Chunked::from_iter_options(series.name().clone(), values).into_series())
}

/// A decimal as the float nearest to it (for up to 15 digits).
pub(super) fn to_float(series: &Series, places: u8) -> PolarsResult<Series> {
    let unit = 10f64.powi(i32::from(places));
    let values = series.decimal()?.physical().iter();
    let values = values.map(|v| v.map(|v| v as f64 / unit));
    Ok(Float64Chunked::from_iter_options(series.name().clone(), values).into_series())
}

/// The digits of a decimal as a float: `12.34` → `1234.0`.
pub(super) fn digits(series: &Series) -> PolarsResult<Series> {
    to_float(series, 0)
}

/// A float as hundredths, half away from zero; one that is too long is unknown.
pub(super) fn float_to_decimal(series: &Series) -> PolarsResult<Series> {
    let hundredths = |x: f64| {
        let scaled = (x * 100.0).round(); // f64::round is half away from zero
        (scaled.abs() < 1e17).then_some(scaled as i128)
    };
    let values = series.f64()?.iter().map(|v| v.and_then(hundredths));
    Ok(decimals(series.name().clone(), 2, values))
}

/// Decimal numbers written as text, with at most `places` places; anything else is unknown.
pub(super) fn text_to_decimal(series: &Series, places: u8) -> PolarsResult<Series> {
    let values = series.str()?.iter().map(|v| v.and_then(|v| parse_decimal(v, places)));
    Ok(decimals(series.name().clone(), places, values))
}

/// Whole numbers written as text; anything else is unknown.
pub(super) fn text_to_integer(series: &Series) -> PolarsResult<Series> {
    let parse = |v: &str| parse_decimal(v, 0).and_then(|v| i64::try_from(v).ok());
    let values = series.str()?.iter().map(|v| v.and_then(parse));
    Ok(Int64Chunked::from_iter_options(series.name().clone(), values).into_series())
}

fn parse_decimal(written: &str, places: u8) -> Option<i128> {
    let written = written.trim_matches(' ');
    let (sign, unsigned) = match written.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, written.strip_prefix('+').unwrap_or(written)),
    };
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 18 || part.len() > usize::from(places) {
        return None;
    }
    if !all_digits(whole) || !all_digits(part) || (unsigned.contains('.') && part.is_empty()) {
        return None;
    }
    let digits: i128 = format!("{whole}{part:0<width$}", width = usize::from(places)).parse().ok()?;
    Some(sign * digits)
}

/// Days written as `2026-09-30`; anything else is unknown.
pub(super) fn text_to_date(series: &Series) -> PolarsResult<Series> {
    let parse = |v: &str| {
        let v = v.trim_matches(' ');
        let date: jiff::civil::Date = v.parse().ok()?;
        (v.len() == 10).then(|| text::to_days(date))
    };
    let values = series.str()?.iter().map(|v| v.and_then(parse));
    Ok(dates(series.name().clone(), values))
}

/// Days as text.
pub(super) fn date_to_text(series: &Series) -> PolarsResult<Series> {
    let values = series.date()?.physical().iter().map(|v| v.map(text::date));
    Ok(StringChunked::from_iter_options(series.name().clone(), values).into_series())
}

/// Days moved by months and then by days.
pub(super) fn shift(series: &Series, months: i32, days: i32) -> PolarsResult<Series> {
    let values = series.date()?.physical().iter();
    let values = values.map(|v| v.and_then(|v| shift_day(v, months, days)));
    Ok(dates(series.name().clone(), values))
}

/// A day moved by months and then by days: the end of a shorter month clamps; outside the calendar is unknown.
pub(super) fn shift_day(day: i32, months: i32, days: i32) -> Option<i32> {
    let moved = text::from_days(day).checked_add(months.months()).ok()?;
    let moved = moved.checked_add(days.days()).ok()?;
    Some(text::to_days(moved))
}

/// Days moved by the whole numbers beside them.
pub(super) fn shift_by_value(
    days: &Series,
    counts: &Series,
    shift: impl Fn(i32, i64) -> Option<i32>,
) -> PolarsResult<Series> {
    let counts = counts.i64()?;
    let pairs = days.date()?.physical().iter().zip(counts.iter());
    let values = pairs.map(|(day, count)| shift(day?, count?));
    Ok(dates(days.name().clone(), values))
}

/// A day moved by so many days or months.
pub(super) fn shift_by(day: i32, span: Span, count: i64) -> Option<i32> {
    let count = i32::try_from(count).ok()?;
    match span {
        Span::Days => shift_day(day, 0, count),
        Span::Months => shift_day(day, count, 0),
        Span::Years => shift_day(day, count.checked_mul(12)?, 0),
    }
}

/// Complete days, months or years from the first day to the second.
pub(super) fn elapsed(from: &Series, to: &Series, span: Span) -> PolarsResult<Series> {
    let (a, b) = (from.date()?.physical(), to.date()?.physical());
    let values = a.iter().zip(b.iter()).map(|(a, b)| Some(elapsed_days(a?, b?, span)));
    Ok(Int64Chunked::from_iter_options(from.name().clone(), values).into_series())
}

/// As [`elapsed`], of one pair: a month is complete on its day, or on the last day of a month that is too short for it.
pub(super) fn elapsed_days(from: i32, to: i32, span: Span) -> i64 {
    if to < from {
        return -elapsed_days(to, from, span);
    }
    if span == Span::Days {
        return i64::from(to) - i64::from(from);
    }
    let (a, b) = (text::from_days(from), text::from_days(to));
    let months = (i32::from(b.year()) - i32::from(a.year())) * 12 + i32::from(b.month()) - i32::from(a.month());
    let complete = shift_day(from, months, 0).is_none_or(|day| day <= to);
    let months = if complete { months } else { months - 1 };
    i64::from(if span == Span::Years { months / 12 } else { months })
}

/// The first days of the days' months or years.
pub(super) fn start(series: &Series, span: Span) -> PolarsResult<Series> {
    let first = |day: i32| {
        let date = text::from_days(day);
        let date = if span == Span::Years { date.first_of_year() } else { date.first_of_month() };
        text::to_days(date)
    };
    let values = series.date()?.physical().iter().map(|v| v.map(first));
    Ok(dates(series.name().clone(), values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn halves_go_away_from_zero() {
        let cases = [(125, 13), (-125, -13), (124, 12), (-124, -12), (1250, 125), (5, 1), (-5, -1), (4, 0)];
        for (value, rounded) in cases {
            assert_eq!(divide_half_away(value, 10), rounded, "{value}");
        }
        assert_eq!(divide_half_away(7, 1), 7);
    }

    #[test]
    fn months_clamp_and_years_know_leap_days() {
        let cases = [
            (date(2026, 3, 31), -1, 0, Some(date(2026, 2, 28))),
            (date(2024, 1, 31), 1, 0, Some(date(2024, 2, 29))),
            (date(2024, 2, 29), -12, 0, Some(date(2023, 2, 28))),
            (date(2026, 9, 30), -12, 0, Some(date(2025, 9, 30))),
            (date(2026, 8, 31), -6, 1, Some(date(2026, 3, 1))),
            (date(9999, 12, 31), 1, 0, None),
        ];
        for (day, months, days, expected) in cases {
            let got = shift_day(text::to_days(day), months, days);
            assert_eq!(got, expected.map(text::to_days), "{day} {months} {days}");
        }
    }

    #[test]
    fn what_lies_between_two_days_is_counted_when_it_is_complete() {
        let cases = [
            (date(2026, 1, 31), date(2026, 2, 28), Span::Months, 1), // the last day of a shorter month completes it
            (date(2026, 1, 31), date(2026, 2, 27), Span::Months, 0),
            (date(2020, 2, 29), date(2026, 2, 28), Span::Years, 6),
            (date(2010, 9, 1), date(2026, 8, 31), Span::Years, 15),
            (date(2010, 9, 1), date(2026, 9, 1), Span::Years, 16),
            (date(2026, 9, 1), date(2010, 9, 1), Span::Years, -16),
            (date(2026, 2, 28), date(2026, 3, 1), Span::Days, 1),
            (date(2026, 3, 1), date(2026, 2, 28), Span::Days, -1),
        ];
        for (from, to, span, expected) in cases {
            let got = elapsed_days(text::to_days(from), text::to_days(to), span);
            assert_eq!(got, expected, "{from} {to} {span:?}");
        }
    }

    #[test]
    fn texts_become_numbers_without_rounding() {
        let cases = [
            ("12", 2, Some(1200)),
            ("-0.5", 2, Some(-50)),
            ("+3.10", 2, Some(310)),
            ("1.005", 2, None),
            ("1.", 2, None),
            (".5", 2, None),
            ("一", 2, None),
            ("", 2, None),
            ("1e3", 2, None),
            ("7", 0, Some(7)),
            ("7.0", 0, None),
        ];
        for (written, places, expected) in cases {
            assert_eq!(parse_decimal(written, places), expected, "{written:?}");
        }
    }
}
