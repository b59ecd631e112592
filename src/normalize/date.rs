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
const RANGE: Doubt = Doubt::new("date.range", "填的是一段时间，不是一个日期");
const PLACEHOLDER: Doubt = Doubt::new("date.placeholder", "日期是系统的占位值");
const AMBIGUOUS_ORDER: Doubt = Doubt::new("date.ambiguous_order", "月与日的先后无法确定");
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
    date_counted(raw, kind, asked, as_of, false)
}

/// The same for a cell of a workbook whose day numbers count from 1904-01-01 when `from_1904`.
pub fn date_counted(raw: &str, kind: CellKind, asked: Asked, as_of: Date, from_1904: bool) -> Clean<i32> {
    // Day 0, as an empty cell that a formula points to becomes. Counted from 1900 it is no day at all.
    if from_1904 && kind == CellKind::Date && raw.starts_with("1904-01-01") {
        return Clean::refused(PLACEHOLDER);
    }
    if let Some(written) = plainly_written(raw.as_bytes()).filter(|w| w.year > 0) {
        return settle(written, asked, as_of);
    }
    let text = compact(raw);
    if says_nothing(&text) || matches!(text.as_ref(), "0" | "无" | "00000000" | "0000-00-00") {
        return Clean::EMPTY;
    }
    if is_lunar(&text) {
        return Clean::refused(LUNAR);
    }
    // Without its spaces `2025/11/19 09:20:59` seems to name the year 1909.
    if is_range(raw) || !raw.contains(char::is_whitespace) && is_range(&text) {
        return Clean::refused(RANGE);
    }
    if kind == CellKind::Number
        && let Some(clean) = number_cell(&text, asked, as_of, from_1904)
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
    let raw = ["公历", "阳历"].iter().find_map(|word| raw.trim_start().strip_prefix(word)).unwrap_or(raw);
    match parts(raw, as_of).or_else(|doubt| year_last(&text).unwrap_or(Err(doubt))) {
        Ok(written) => settle(written, asked, as_of),
        Err(doubt) => Clean::refused(doubt),
    }
}

/// Spreadsheet serials of the workbook's own system, and `2022.1` typed as a number.
fn number_cell(text: &str, asked: Asked, as_of: Date, from_1904: bool) -> Option<Clean<i32>> {
    let (whole_part, fraction) = text.split_once('.').unwrap_or((text, ""));
    let serial: i32 = whole_part.parse().ok()?;
    match whole_part.len() {
        5 if serial <= 80_000 => {
            // Day 60 is the 29 February 1900 that never was, so later serials count from 1899-12-30.
            let day = serial + if from_1904 { days(1904, 1, 1)? } else { days(1899, 12, 30)? };
            Some(later_than_run(day, asked, as_of).unwrap_or_else(|| Clean::sure(first_if_month(day, asked))))
        }
        4 if fraction == "1" => Some(Clean::refused(AMBIGUOUS_MONTH)),
        _ => None,
    }
}

/// `20220305` and `2022-03-05`, alone or before a time: the forms that databases write, and `2022年3月5日`; without a copy of
/// the text.
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
        15..=17 => {
            let rest = b[4..].strip_prefix("年".as_bytes())?.strip_suffix("日".as_bytes())?;
            let at = memchr::memmem::find(rest, "月".as_bytes()).filter(|at| matches!(at, 1 | 2))?;
            let (month, day) = (&rest[..at], &rest[at + "月".len()..]);
            matches!(day.len(), 1 | 2).then_some(())?;
            Some(whole(number(&b[..4])? * 10_000 + number(month)? * 100 + number(day)?))
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

/// Words of the lunar calendar. It is told, not converted: a leap month, and the year of a birthday after the new year, are
/// seldom written.
fn is_lunar(text: &str) -> bool {
    const WORDS: [&str; 8] = ["农历", "阴历", "旧历", "腊月", "正月", "冬月", "闰", "廿"];
    let first_days = || text.split('初').skip(1).any(|rest| rest.starts_with(|c| "一二三四五六七八九十".contains(c)));
    !text.is_ascii() && (WORDS.iter().any(|word| text.contains(word)) || first_days())
}

/// `2022.3-2022.5`, `2022年3月至5月`.
fn is_range(text: &str) -> bool {
    let years = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|run| run.len() == 4 && run.parse().is_ok_and(|year| YEARS.contains(&year)));
    text.contains(['至', '到', '~', '～']) || years.count() > 1
}

/// `3/25/2022` and `25/3/2022`, which only the size of the day tells apart; none when the text is no such date.
fn year_last(text: &str) -> Option<Result<Written, Doubt>> {
    let numbers: Vec<u32> = text.split(['/', '-', '.']).map(str::parse).collect::<Result<_, _>>().ok()?;
    let [first, second, year @ 1850..=2100] = numbers[..] else { return None };
    let written = |month, day| Ok(Written { year: year as i32, month, day: Some(day), century_guessed: false });
    Some(match (first, second) {
        (1..=12, 13..) => written(first, second),
        (13.., 1..=12) => written(second, first),
        (a, b) if a == b => written(a, b),
        (1..=12, 1..=12) => Err(AMBIGUOUS_ORDER),
        _ => Err(IMPOSSIBLE),
    })
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
        if day_ended && !c.is_whitespace() && !super::text::is_invisible(c) {
            // What follows a full date is the time of day, or the day of the week.
            break;
        }
        let ten = matches!(c, '十' | '拾');
        if let Some(d) = chinese_digit(c).or(ten.then_some(1)) {
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
        _ => "一二三四五六七八九壹贰叁肆伍陆柒捌玖".chars().position(|d| d == c).map(|i| i as u32 % 9 + 1),
    }
}

fn settle(written: Written, asked: Asked, as_of: Date) -> Clean<i32> {
    if (written.year, written.month, written.day) == (9999, 12, Some(31)) {
        return Clean::refused(PLACEHOLDER);
    }
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
    if matches!((written.year, written.month, day), (1900, 1, 1) | (1899, 12, 30 | 31)) {
        return Clean::refused(PLACEHOLDER);
    }
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
    use crate::normalize::cases::{some, table};
    use proptest::prelude::*;

    const AS_OF: Date = Date::constant(2026, 9, 30);

    #[test]
    fn cases() {
        let table = table(include_str!("cases/date.tsv"), ["raw", "kind", "asked", "date", "doubt"]);
        assert!(table.len() >= 70);
        for (line, [raw, kind, asked, expected, doubt]) in table {
            let kind = match kind.as_str() {
                "number" => CellKind::Number,
                "date" => CellKind::Date,
                _ => CellKind::Text,
            };
            let asked = match asked.as_str() {
                "month" => Asked::Month,
                "birth" => Asked::Birth,
                _ => Asked::Day,
            };
            let clean = date(&raw, kind, asked, AS_OF);
            let found = (clean.value.map(text::date), clean.doubt.map_or("", |d| d.code));
            assert_eq!((found.0.as_deref(), found.1), (some(&expected), doubt.as_str()), "line {line}: {raw}");
        }
    }

    proptest! {
        #[test]
        fn the_calendar_is_jiffs(day in -60_000_i32..60_000) {
            let date = text::from_days(day);
            prop_assert_eq!(days(date.year().into(), date.month() as u32, date.day() as u32), Some(day));
        }

        #[test]
        fn twice_changes_nothing(raw in "[0-9二〇一三十]{1,5}[-./年][0-9一二十]{1,2}[-./月]?[0-9]{0,4}日?( [0-9:]{4})?") {
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
