//! Months of help: when it begins, which returns are due, how a month is written.

use jiff::ToSpan;
use jiff::civil::Date;

/// First day of a day's month.
pub fn of(day: Date) -> Date {
    day.first_of_month()
}

/// The month after.
pub fn next(month: Date) -> Date {
    of(month).saturating_add(1.month())
}

/// First day of the month in which help begins: the one after the county's approval (R130), or of the order when that came
/// later still.
pub fn effective(identified_on: Date, opened_on: Date) -> Date {
    next(of(identified_on)).max(of(opened_on))
}

/// Day by which the return for a month is due: day `return_day` of the month after.
pub fn due(month: Date, return_day: i8) -> Date {
    let next = next(month);
    Date::new(next.year(), next.month(), return_day.clamp(1, 28)).unwrap_or(next)
}

/// Months whose return should be there on a day, from the month `first`.
pub fn expected(first: Date, as_of: Date, return_day: i8) -> Vec<Date> {
    std::iter::successors(Some(of(first)), |month| Some(next(*month)))
        .take_while(|month| due(*month, return_day) < as_of)
        .collect()
}

/// Whole months from one day to a later one; from the first of a month to the first of another their difference.
pub fn between(from: Date, to: Date) -> i32 {
    let months = |d: Date| i32::from(d.year()) * 12 + i32::from(d.month());
    months(to) - months(from) - i32::from(to.day() < from.day())
}

/// A month as clerks write it: `2026-10`, `202610`, `2026年10月`, `2026.10`, or any day of it.
pub fn parse(written: &str) -> Option<Date> {
    let written = written.trim();
    if let Ok(day) = written.get(..10).unwrap_or(written).parse::<Date>() {
        return Some(of(day));
    }
    let parts: Vec<&str> = written.split(|c: char| !c.is_ascii_digit()).filter(|p| !p.is_empty()).collect();
    let (year, month) = match parts.as_slice() {
        [year, month] | [year, month, _] => (*year, *month),
        [both] if both.len() == 6 => both.split_at(4),
        _ => return None,
    };
    let year: i16 = year.parse().ok().filter(|y| (2000..=2100).contains(y))?;
    Date::new(year, month.parse().ok()?, 1).ok()
}

/// A month as it is printed: `2026年10月`.
pub fn title(month: Date) -> String {
    crate::model::text::month(month)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn help_begins_the_month_after_the_approval() {
        assert_eq!(effective(date(2026, 9, 15), date(2026, 9, 20)), date(2026, 10, 1));
        assert_eq!(effective(date(2026, 12, 31), date(2026, 12, 31)), date(2027, 1, 1));
        // An order that came late cannot ask for months that were over.
        assert_eq!(effective(date(2026, 9, 15), date(2026, 12, 3)), date(2026, 12, 1));
    }

    #[test]
    fn a_return_is_expected_once_its_day_is_over() {
        let months = |as_of| expected(date(2026, 10, 1), as_of, 5);
        assert_eq!(months(date(2026, 11, 5)), []);
        assert_eq!(months(date(2026, 11, 6)), [date(2026, 10, 1)]);
        assert_eq!(months(date(2027, 1, 6)).len(), 3);
        assert_eq!(due(date(2026, 12, 1), 25), date(2027, 1, 25));
    }

    #[test]
    fn months_between_two_days_are_whole_ones() {
        assert_eq!(between(date(2026, 2, 1), date(2026, 6, 1)), 4);
        assert_eq!(between(date(2025, 12, 15), date(2026, 6, 14)), 5);
        assert_eq!(between(date(2025, 12, 15), date(2026, 6, 15)), 6);
    }

    #[test]
    fn months_are_read_as_they_are_written() {
        for written in ["2026-10", "202610", "2026年10月", "2026.10", "2026/10/15", "2026-10-31", "2026-10-01 00:00:00"]
        {
            assert_eq!(parse(written), Some(date(2026, 10, 1)), "{written}");
        }
        for wrong in ["", "10月", "2026", "2026-13", "去年10月"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
