//! Dates as people write them, and slips between two of them.

use crate::plan::DateOrder;

/// A date as written: its three parts, and the day it stands for when the calendar has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    /// Year, month and day as the eight digits of 19801231; months and days that do not exist are kept.
    pub(super) digits: [u8; 8],
    /// Days since 1970-01-01.
    pub(super) days: Option<i32>,
}

impl Written {
    /// The year.
    pub(super) fn year(&self) -> u32 {
        self.digits[..4].iter().fold(0, |sum, d| sum * 10 + u32::from(*d))
    }
}

/// Reads 1980-12-31, 19801231, 31/12/1980, 1980年12月31日 and the like; nothing for what has no three parts.
pub(super) fn read(text: &str, order: DateOrder) -> Option<Written> {
    let day = text.split(['t', 'T']).next().unwrap_or(text);
    let mut parts = [(0_u32, 0_u8); 3];
    let mut at = 0;
    let mut inside = false;
    for c in day.chars() {
        match c.to_digit(10) {
            Some(digit) => {
                if at >= 3 {
                    break;
                }
                inside = true;
                parts[at] = (parts[at].0.wrapping_mul(10).wrapping_add(digit), parts[at].1 + 1);
                if parts[at].1 > 8 {
                    return None;
                }
            }
            None if inside => {
                (at, inside) = (at + 1, false);
            }
            None => {}
        }
    }
    let [first, second, third] = parts;
    let (year, month, day) = match (first.1, second.1, third.1) {
        // A time of day may follow.
        (8, ..) => (first.0 / 10000, first.0 / 100 % 100, first.0 % 100),
        (4, 1..=2, 1..=2) => (first.0, second.0, third.0),
        (1..=2, 1..=2, 4) => match order {
            DateOrder::DayFirst => (third.0, second.0, first.0),
            DateOrder::MonthFirst => (third.0, first.0, second.0),
        },
        _ => return None,
    };
    let mut digits = [0_u8; 8];
    let mut rest = year * 10000 + month * 100 + day;
    for place in digits.iter_mut().rev() {
        (*place, rest) = ((rest % 10) as u8, rest / 10);
    }
    let date = jiff::civil::Date::new(year as i16, month as i8, day as i8).ok();
    let epoch = jiff::civil::Date::constant(1970, 1, 1);
    Some(Written { digits, days: date.and_then(|d| epoch.until(d).ok()).map(|span| span.get_days()) })
}

/// True when one slip of the hand makes one date of the other: one digit wrong, two neighbours exchanged, or day and
/// month exchanged.
pub(super) fn slip(a: &Written, b: &Written) -> bool {
    let (a, b) = (&a.digits, &b.digits);
    let mut wrong = (0..8).filter(|i| a[*i] != b[*i]);
    match (wrong.next(), wrong.next(), wrong.next()) {
        (Some(_), None, _) => true,
        (Some(i), Some(j), None) if j == i + 1 && a[i] == b[j] && a[j] == b[i] => true,
        _ => a[..4] == b[..4] && a[4..6] == b[6..] && a[6..] == b[4..6],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Written {
        read(text, DateOrder::DayFirst).unwrap()
    }

    #[test]
    fn all_ways_of_writing_a_day_mean_the_same() {
        for text in [
            "1980-12-31",
            "19801231",
            "31/12/1980",
            "31.12.1980",
            "1980年12月31日",
            "1980-12-31t00:00:00",
            "1980/12/31 08:15",
        ] {
            assert_eq!(day(text), day("1980-12-31"), "{text}");
        }
        assert_eq!(read("12/31/1980", DateOrder::MonthFirst), Some(day("1980-12-31")));
        assert_eq!(day("1970-01-02").days, Some(1));
        assert_eq!(day("1980-12-31").year(), 1980);
    }

    #[test]
    fn what_is_no_day_is_none_and_impossible_days_keep_their_digits() {
        for text in ["", "abc", "1980", "1980-12", "123456789", "12/1980", "99999999999999999999"] {
            assert_eq!(read(text, DateOrder::DayFirst), None, "{text}");
        }
        assert_eq!(day("19801399").days, None);
        assert!(slip(&day("19801399"), &day("19801299")));
    }

    #[test]
    fn slips_are_one_digit_two_neighbours_or_day_and_month() {
        let base = day("1980-03-12");
        for other in ["1981-03-12", "1980-12-03", "1980-03-21", "1908-03-12", "1980-03-72"] {
            assert!(slip(&base, &day(other)), "{other}");
        }
        for other in ["1980-04-13", "1991-03-12", "1980-11-03"] {
            assert!(!slip(&base, &day(other)), "{other}");
        }
    }
}
