//! Dates and months: `2022.3.5`, `2022年3月`, `20220305`, `22-3-5`, spreadsheet serials → days since 1970-01-01.

use jiff::civil::Date;

use super::doubt::{Clean, Doubt};
use super::text::{compact, says_nothing};
use crate::model::CellKind;

/// What a date field is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A day; a cell that only names a month becomes its first day, with a doubt.
    Day,
    /// A birth date: never later than the day of the run, and never completed by an invented day.
    Birth,
    /// A month; becomes its first day.
    Month,
}

/// Earliest and latest year that is believed.
const YEARS: std::ops::RangeInclusive<i32> = 1850..=2100;

const IMPOSSIBLE: Doubt = Doubt::new("date.impossible", "日期不存在");
const UNREADABLE: Doubt = Doubt::new("date.unreadable", "日期写法不能识别");
const NO_DAY: Doubt = Doubt::new("date.day_missing", "只有年月，按当月1日计");
const INCOMPLETE: Doubt = Doubt::new("date.incomplete", "日期不完整");
const TWO_DIGIT_YEAR: Doubt = Doubt::new("date.two_digit_year", "年份只有两位，世纪由系统推定");
const FUTURE: Doubt = Doubt::new("date.future", "出生日期晚于比对日");
const LUNAR: Doubt = Doubt::new("date.lunar", "农历日期不能直接比对");
const AMBIGUOUS_MONTH: Doubt = Doubt::new("date.ambiguous_month", "数字单元格中的1月与10月无法区分");

/// Days since 1970-01-01 of a day of the Gregorian calendar; none when there is no such day.
///
/// Counts from 1 March, so that the leap day is the last of its year (Richards 2013, Explanatory Supplement §15.11).
pub fn days(year: i32, month: u32, day: u32) -> Option<i32> {
    if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let month_from_march = (month as i32 + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day as i32 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A date as it was written: year, month, and the day if there was one.
struct Written {
    year: i32,
    month: u32,
    day: Option<u32>,
    century_guessed: bool,
}

/// The day or month a cell means. Two-digit years belong to the century that keeps them from lying after `as_of`.
pub fn date(raw: &str, kind: CellKind, asked: Asked, as_of: Date) -> Clean<i32> {
    if let Some(written) = plainly_written(raw.as_bytes()).filter(|w| w.year > 0) {
        return settle(written, asked, as_of);
    }
    let text = compact(raw);
    if says_nothing(&text) || matches!(text.as_ref(), "0" | "无" | "00000000" | "0000-00-00") {
        return Clean::EMPTY;
    }
    if text.contains('农') && text.contains('历') || text.contains("阴历") {
        return Clean::refused(LUNAR);
    }
    if kind == CellKind::Number
        && let Some(clean) = number_cell(&text, asked, as_of)
    {
        return clean;
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return match digits(&text, as_of) {
            Some(written) => settle(written, asked, as_of),
            None if text.len() == 4 => Clean::refused(INCOMPLETE),
            None => Clean::refused(UNREADABLE),
        };
    }
    match parts(raw, as_of) {
        Ok(written) => settle(written, asked, as_of),
        Err(doubt) => Clean::refused(doubt),
    }
}

/// Spreadsheet serials of the 1900 system, and `2022.1` typed as a number.
fn number_cell(text: &str, asked: Asked, as_of: Date) -> Option<Clean<i32>> {
    let (whole_part, fraction) = text.split_once('.').unwrap_or((text, ""));
    let serial: i32 = whole_part.parse().ok()?;
    match whole_part.len() {
        5 if serial <= 80_000 => {
            // Day 60 is the 29 February 1900 that never was, so later serials count from 1899-12-30.
            let day = serial + days(1899, 12, 30)?;
            Some(later_than_run(day, asked, as_of).unwrap_or_else(|| Clean::sure(first_if_month(day, asked))))
        }
        4 if fraction == "1" => Some(Clean::refused(AMBIGUOUS_MONTH)),
        _ => None,
    }
}

/// `20220305` and `2022-03-05`, alone or before a time: the forms that databases write, without a copy of the text.
fn plainly_written(b: &[u8]) -> Option<Written> {
    let number = |digits: &[u8]| {
        let all = digits.iter().all(u8::is_ascii_digit);
        all.then(|| digits.iter().fold(0, |n, d| n * 10 + i32::from(d - b'0')))
    };
    match b.len() {
        8 => number(b).map(whole),
        10 | 19 if b[4] == b'-' && b[7] == b'-' && (b.len() == 10 || matches!(b[10], b' ' | b'T')) => {
            Some(whole(number(&b[..4])? * 10_000 + number(&b[5..7])? * 100 + number(&b[8..10])?))
        }
        _ => None,
    }
}

fn whole(n: i32) -> Written {
    Written { year: n / 10_000, month: (n / 100 % 100) as u32, day: Some((n % 100) as u32), century_guessed: false }
}

/// `20220305`, `202203`, `220305`, `20220305101500`.
fn digits(text: &str, as_of: Date) -> Option<Written> {
    let n = |part: &str| part.parse::<i32>().ok();
    match text.len() {
        8 | 12 | 14 => Some(whole(n(&text[..8])?)),
        6 => {
            let (year, month) = (n(&text[..4])?, n(&text[4..])? as u32);
            if YEARS.contains(&year) && (1..=12).contains(&month) {
                return Some(Written { year, month, day: None, century_guessed: false });
            }
            Some(Written {
                year: century(n(&text[..2])?, as_of),
                month: n(&text[2..4])? as u32,
                day: Some(n(&text[4..])? as u32),
                century_guessed: true,
            })
        }
        _ => None,
    }
}

fn century(two_digits: i32, as_of: Date) -> i32 {
    let this = i32::from(as_of.year());
    let year = this - this % 100 + two_digits;
    if year > this { year - 100 } else { year }
}

/// Year, month and day between any of the usual separators; a time of day behind them is left out.
fn parts(raw: &str, as_of: Date) -> Result<Written, Doubt> {
    let mut numbers: Vec<(u32, usize)> = Vec::with_capacity(3);
    let mut inside = false;
    let mut after_ten = false;
    let mut day_ended = false;
    for c in raw.chars().map(super::text::half_width) {
        let ten = c == '十';
        if let Some(d) = chinese_digit(c).or(ten.then_some(1)) {
            if day_ended {
                // What follows a full date is the time of day.
                break;
            }
            if !inside {
                if numbers.len() == 3 {
                    return Err(UNREADABLE);
                }
                numbers.push((0, 0));
                inside = true;
            }
            let Some((value, width)) = numbers.last_mut() else {
                return Err(UNREADABLE);
            };
            (*value, *width) = match (ten, after_ten) {
                (true, _) if *width > 1 => return Err(UNREADABLE),
                (true, _) => ((*value).max(1) * 10, 2),
                (false, true) => (*value + d, 2),
                (false, false) => (*value * 10 + d, *width + 1),
            };
            if *width > 4 {
                return Err(UNREADABLE);
            }
            after_ten = ten;
            continue;
        }
        match c {
            c if super::text::is_invisible(c) => {}
            // A space between parts is noise, and behind a full date it begins the time.
            c if c.is_whitespace() => day_ended |= numbers.len() == 3 && inside,
            'T' | 't' | '日' | '号' if numbers.len() == 3 && inside => day_ended = true,
            '年' | '月' | '.' | '/' | '-' | '。' | '、' | ',' | '\\' | '·' | '—' | '_' if inside => {
                (inside, after_ten) = (false, false);
            }
            _ => return Err(UNREADABLE),
        }
    }
    let (&(year, width), rest) = numbers.split_first().ok_or(UNREADABLE)?;
    let year = match width {
        4 => year as i32,
        2 => century(year as i32, as_of),
        _ => return Err(UNREADABLE),
    };
    if rest.is_empty() {
        return Err(INCOMPLETE);
    }
    if rest.iter().any(|(_, width)| *width > 2) {
        return Err(UNREADABLE);
    }
    Ok(Written { year, month: rest[0].0, day: rest.get(1).map(|d| d.0), century_guessed: width == 2 })
}

/// Arabic digits, and the Chinese ones that years are spelled with (`二〇二二年`).
fn chinese_digit(c: char) -> Option<u32> {
    match c {
        '〇' | '○' | '零' => Some(0),
        '0'..='9' => c.to_digit(10),
        _ => "一二三四五六七八九".chars().position(|d| d == c).map(|i| i as u32 + 1),
    }
}

fn settle(written: Written, asked: Asked, as_of: Date) -> Clean<i32> {
    if !YEARS.contains(&written.year) {
        return Clean::refused(IMPOSSIBLE);
    }
    let day = match (written.day, asked) {
        (None, Asked::Birth) => return Clean::refused(INCOMPLETE),
        (None, _) => 1,
        // A month is asked for: `2022年3月0日` is as good as `2022年3月`.
        (Some(0), Asked::Month) => 1,
        (Some(day), _) => day,
    };
    let Some(days) = days(written.year, written.month, day) else {
        return Clean::refused(IMPOSSIBLE);
    };
    if let Some(late) = later_than_run(days, asked, as_of) {
        return late;
    }
    let value = first_if_month(days, asked);
    if written.century_guessed {
        Clean::doubtful(value, TWO_DIGIT_YEAR)
    } else if written.day.is_none() && asked == Asked::Day {
        Clean::doubtful(value, NO_DAY)
    } else {
        Clean::sure(value)
    }
}

fn later_than_run(day: i32, asked: Asked, as_of: Date) -> Option<Clean<i32>> {
    let late = || days(as_of.year().into(), as_of.month() as u32, as_of.day() as u32).is_some_and(|today| day > today);
    (asked == Asked::Birth && late()).then(|| Clean::refused(FUTURE))
}

fn first_if_month(day: i32, asked: Asked) -> i32 {
    match asked {
        Asked::Month => day - i32::from(crate::model::text::from_days(day).day()) + 1,
        _ => day,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text;
    use proptest::prelude::*;

    const AS_OF: Date = Date::constant(2026, 9, 30);

    fn read(raw: &str, kind: CellKind, asked: Asked) -> (Option<String>, Option<&'static str>) {
        let clean = date(raw, kind, asked, AS_OF);
        (clean.value.map(text::date), clean.doubt.map(|d| d.code))
    }

    #[test]
    fn days_of_text() {
        let march = "2022-03-05";
        let cases = [
            ("2022.3.5", Some(march), None),
            ("2022年3月5日", Some(march), None),
            ("２０２２年０３月０５日", Some(march), None),
            ("二〇二二年三月五日", Some(march), None),
            ("二〇二二年十二月二十三日", Some("2022-12-23"), None),
            ("二零二二年十月十二", Some("2022-10-12"), None),
            ("20220305", Some(march), None),
            ("2022-03-05", Some(march), None),
            ("2022/3/5 10:15", Some(march), None),
            ("2022-03-05T10:15:00.123+08:00", Some(march), None),
            ("20220305101500", Some(march), None),
            ("22-3-5", Some(march), Some("date.two_digit_year")),
            ("220305", Some(march), Some("date.two_digit_year")),
            ("98.3.5", Some("1998-03-05"), Some("date.two_digit_year")),
            ("2022年3月", Some("2022-03-01"), Some("date.day_missing")),
            ("202203", Some("2022-03-01"), Some("date.day_missing")),
            ("2022-03", Some("2022-03-01"), Some("date.day_missing")),
            ("2022/2/30", None, Some("date.impossible")),
            ("20221301", None, Some("date.impossible")),
            ("2023-02-29", None, Some("date.impossible")),
            ("2024-02-29", Some("2024-02-29"), None),
            ("2022-3-5-7", None, Some("date.unreadable")),
            ("2022.3-2022.5", None, Some("date.unreadable")),
            ("3/5/2022", None, Some("date.unreadable")),
            ("2022", None, Some("date.incomplete")),
            ("2022年", None, Some("date.incomplete")),
            ("农历八月十五", None, Some("date.lunar")),
            ("去年", None, Some("date.unreadable")),
            ("44625", None, Some("date.unreadable")),
            ("-", None, None),
            ("", None, None),
            ("0000-00-00", None, None),
        ];
        for (raw, value, doubt) in cases {
            let expected = (value.map(str::to_string), doubt);
            assert_eq!(read(raw, CellKind::Text, Asked::Day), expected, "{raw}");
        }
    }

    #[test]
    fn number_cells_hold_serials_and_plain_dates() {
        let cases = [
            ("44625", Some("2022-03-05"), None),
            ("44625.5", Some("2022-03-05"), None),
            ("20220305", Some("2022-03-05"), None),
            ("2022.3", Some("2022-03-01"), Some("date.day_missing")),
            ("2022.1", None, Some("date.ambiguous_month")),
            ("1998", None, Some("date.incomplete")),
        ];
        for (raw, value, doubt) in cases {
            let expected = (value.map(str::to_string), doubt);
            assert_eq!(read(raw, CellKind::Number, Asked::Day), expected, "{raw}");
        }
    }

    #[test]
    fn births_are_not_completed_and_not_in_the_future() {
        assert_eq!(read("2022年3月", CellKind::Text, Asked::Birth).1, Some("date.incomplete"));
        assert_eq!(read("2026-09-30", CellKind::Text, Asked::Birth).1, None);
        assert_eq!(read("2026-10-01", CellKind::Text, Asked::Birth), (None, Some("date.future")));
        assert_eq!(read("18490101", CellKind::Text, Asked::Birth), (None, Some("date.impossible")));
    }

    #[test]
    fn months_are_their_first_day() {
        for raw in ["2022年3月", "202203", "2022-03-17", "2022.3", "二〇二二年三月", "20220317"] {
            let expected = (Some("2022-03-01".to_string()), None);
            assert_eq!(read(raw, CellKind::Text, Asked::Month), expected, "{raw}");
        }
        assert_eq!(read("44625", CellKind::Number, Asked::Month).0.as_deref(), Some("2022-03-01"));
    }

    proptest! {
        #[test]
        fn the_calendar_is_jiffs(day in -60_000_i32..60_000) {
            let date = text::from_days(day);
            prop_assert_eq!(days(date.year().into(), date.month() as u32, date.day() as u32), Some(day));
        }

        #[test]
        fn twice_changes_nothing(raw in "[0-9]{2,4}[-./年][0-9]{1,2}[-./月]?[0-9]{0,2}日?") {
            for asked in [Asked::Day, Asked::Birth, Asked::Month] {
                if let Some(once) = date(&raw, CellKind::Text, asked, AS_OF).value {
                    prop_assert_eq!(date(&text::date(once), CellKind::Text, asked, AS_OF), Clean::sure(once));
                }
            }
        }

        #[test]
        fn nothing_panics(raw in "\\PC{0,16}") {
            date(&raw, CellKind::Text, Asked::Day, AS_OF);
            date(&raw, CellKind::Number, Asked::Month, AS_OF);
        }
    }
}
