//! Values of typed cells as text: numbers, and days counted by a spreadsheet.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::model::CellKind;

/// Days a spreadsheet can count to: 9999-12-31 in the 1900 system.
const LAST_DAY_1900: f64 = 2_958_466.0;
/// The same in the 1904 system.
const LAST_DAY_1904: f64 = 2_957_004.0;

/// A number in its shortest exact form: `20240131`, `0.5`, and all 18 digits of a damaged identity number.
///
/// Fractions are rounded to the 15 digits a spreadsheet shows, so a formula's `0.30000000000000004` is `0.3`; whole
/// numbers never are: what Excel left of an identity number must reach the normaliser as it stands in the file.
pub(super) fn number(value: f64) -> (String, CellKind) {
    if !value.is_finite() {
        return ("#NUM!".to_string(), CellKind::Error);
    }
    let text = if value == 0.0 {
        "0".to_string()
    } else if value.abs() >= 1e21 || value.abs() < 1e-15 {
        format!("{value:e}")
    } else if value.fract() == 0.0 {
        value.to_string()
    } else {
        let short = value.to_string();
        let digits = short.trim_start_matches(['-', '0', '.']).bytes();
        if digits.filter(u8::is_ascii_digit).count() > 15 {
            let shown: f64 = format!("{value:.14e}").parse().unwrap_or(value);
            shown.to_string()
        } else {
            short
        }
    };
    (text, CellKind::Number)
}

/// A spreadsheet's day number as `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`; a time without a day as text `HH:MM:SS`.
///
/// What no calendar has (0, the 29 February 1900 that Excel invented, negative or far numbers) stays a number, so that
/// an amount in a cell that was once formatted as a date is not lost.
pub(super) fn serial(value: f64, is_1904: bool) -> (String, CellKind) {
    let last = if is_1904 { LAST_DAY_1904 } else { LAST_DAY_1900 };
    if !(0.0..last).contains(&value) {
        return number(value);
    }
    let mut day = value.floor() as i64;
    let mut second = ((value - value.floor()) * 86_400.0).round() as i64;
    if second == 86_400 {
        day += 1;
        second = 0;
    }
    let clock = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    let date = if is_1904 {
        Date::constant(1904, 1, 1).saturating_add(day.days())
    } else {
        match day {
            0 if second > 0 => return (clock, CellKind::Text),
            0 | 60 => return number(value),
            1..=59 => Date::constant(1899, 12, 31).saturating_add(day.days()),
            _ => Date::constant(1899, 12, 30).saturating_add(day.days()),
        }
    };
    match second {
        0 => (date.to_string(), CellKind::Date),
        _ => (format!("{date} {clock}"), CellKind::Date),
    }
}

/// A length of time (`[h]:mm`) as text `H:MM:SS`.
pub(super) fn duration(value: f64) -> (String, CellKind) {
    let seconds = (value * 86_400.0).round();
    if !(0.0..1e12).contains(&seconds) {
        return number(value);
    }
    let s = seconds as i64;
    (format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60), CellKind::Text)
}

/// A day written as ISO 8601 in the file; text when it is not one.
pub(super) fn iso(text: &str) -> (String, CellKind) {
    let plain = text.trim().trim_end_matches('Z').replace('T', " ");
    let (day, clock) = plain.split_once(' ').unwrap_or((&plain, ""));
    let clock = clock.split('.').next().unwrap_or("");
    match day.parse::<Date>() {
        Ok(day) if clock.is_empty() || clock == "00:00:00" => (day.to_string(), CellKind::Date),
        Ok(day) if clock.parse::<jiff::civil::Time>().is_ok() => (format!("{day} {clock}"), CellKind::Date),
        _ => (text.to_string(), CellKind::Text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_digits_the_file_has() {
        let table = [
            (20240131.0, "20240131"),
            (0.1 + 0.2, "0.3"),
            (1234.5, "1234.5"),
            (-12.10, "-12.1"),
            (-0.0, "0"),
            // Excel keeps 15 digits of an identity number; other programs keep what a float holds.
            (9.90121199001011e17, "990121199001011000"),
            (9.901211990010112e17, "990121199001011200"),
            (13800138000.0, "13800138000"),
            (1e300, "1e300"),
            (0.1234567890123456, "0.123456789012346"),
            (123456789012345.67, "123456789012346"),
        ];
        for (value, text) in table {
            assert_eq!(number(value), (text.to_string(), CellKind::Number), "{value}");
        }
        assert_eq!(number(f64::NAN).1, CellKind::Error);
    }

    #[test]
    fn day_numbers_of_both_systems() {
        let date = |t: &str| (t.to_string(), CellKind::Date);
        assert_eq!(serial(46295.0, false), date("2026-09-30"));
        assert_eq!(serial(46295.0 - 1462.0, true), date("2026-09-30"));
        assert_eq!(serial(1.0, false), date("1900-01-01"));
        assert_eq!(serial(59.0, false), date("1900-02-28"));
        assert_eq!(serial(61.0, false), date("1900-03-01"));
        assert_eq!(serial(0.0, true), date("1904-01-01"));
        assert_eq!(serial(44484.7916666667, false), date("2021-10-15 19:00:00"));
        assert_eq!(serial(44484.9999999999, false), date("2021-10-16"));
        assert_eq!(serial(2958465.0, false), date("9999-12-31"));
        assert_eq!(serial(0.25, false), ("06:00:00".into(), CellKind::Text));
    }

    #[test]
    fn what_no_calendar_has_stays_a_number() {
        for (value, text) in [(0.0, "0"), (60.0, "60"), (-5.0, "-5"), (9.90121199001011e17, "990121199001011000")] {
            assert_eq!(serial(value, false), (text.to_string(), CellKind::Number));
        }
    }

    #[test]
    fn iso_days_and_lengths_of_time() {
        assert_eq!(iso("2026-01-31T00:00:00"), ("2026-01-31".into(), CellKind::Date));
        assert_eq!(iso("2026-01-31T08:30:00.000Z"), ("2026-01-31 08:30:00".into(), CellKind::Date));
        assert_eq!(iso("2026-02-30"), ("2026-02-30".into(), CellKind::Text));
        assert_eq!(duration(1.5), ("36:00:00".into(), CellKind::Text));
    }
}
