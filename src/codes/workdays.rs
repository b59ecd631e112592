//! Working days: `holidays.csv` → which days offices work, and deadlines counted in them.
//!
//! In: rows of date, kind, title, document, one for each day on which the State Council's yearly notice departs from
//! Monday to Friday. Out: [`Workdays`]. A year whose notice is not entered yet is counted by weekends alone, and every
//! answer that needed such a year says so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::table::Sheet;
use crate::diag::{Diagnostic, Place, nearest};

/// Kinds of day that a notice names.
const KINDS: [&str; 2] = ["holiday", "workday"];

/// The calendar of working days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workdays {
    /// Days that depart from Monday to Friday: true where offices work.
    days: BTreeMap<Date, bool>,
    /// Years whose notice is entered.
    years: BTreeSet<i16>,
}

/// When a deadline falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The last day on which it is kept.
    pub day: Date,
    /// The notices of all years that were counted through are entered; else weekends alone were used for some.
    pub complete: bool,
}

impl Workdays {
    /// Whether the year's notice is entered.
    pub fn knows(&self, year: i16) -> bool {
        self.years.contains(&year)
    }

    /// Whether offices work on a day.
    pub fn is_working_day(&self, day: Date) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        self.days.get(&day).copied().unwrap_or(!weekend)
    }

    /// The `days`-th working day after `from`, which does not count itself: the day after it is the first that can. With
    /// no days to count it is `from`. The flag says whether all years on the way have their notice.
    pub fn add_working_days(&self, from: Date, days: u32) -> (Date, bool) {
        let due = self.count(from, days, &[]).unwrap_or(Due { day: Date::MAX, complete: false });
        (due.day, due.complete)
    }

    /// Working days after `from` up to and including `to`; negative when `to` is the earlier. So
    /// `working_days_between(from, add_working_days(from, n)) == n`.
    pub fn working_days_between(&self, from: Date, to: Date) -> i64 {
        let (first, last, sign) = if from <= to { (from, to, 1) } else { (to, from, -1) };
        let working = first.series(1.day()).skip(1).take_while(|day| *day <= last);
        sign * working.filter(|day| self.is_working_day(*day)).count() as i64
    }

    /// When a clock of so many working days that began after `from` runs out, with the time in `stops` not counted: from
    /// the first day of a stop up to and including its last. None while a stop that begins before the clock has run out
    /// has no end.
    ///
    /// The 20 working days from application to decision do not count the time of the provincial platform's check.
    pub fn due(&self, from: Date, days: u32, stops: &[(Date, Option<Date>)]) -> Option<Due> {
        self.count(from, days, stops)
    }

    fn count(&self, from: Date, days: u32, stops: &[(Date, Option<Date>)]) -> Option<Due> {
        let mut due = Due { day: from, complete: true };
        let mut left = days;
        while left > 0 {
            let day = due.day.tomorrow().ok()?;
            due = Due { day, complete: due.complete && self.knows(day.year()) };
            let stop = stops.iter().filter(|(first, last)| *first <= day && last.is_none_or(|last| day <= last));
            let mut stopped = false;
            for (_, last) in stop {
                (*last)?;
                stopped = true;
            }
            if !stopped && self.is_working_day(day) {
                left -= 1;
            }
        }
        Some(due)
    }

    /// Reads the rows of `holidays.csv`; a row that cannot be read is told and left out.
    pub(super) fn from_sheet(sheet: &Sheet, problems: &mut Vec<Diagnostic>) -> Workdays {
        sheet.require_columns(&["date", "kind", "title", "document"], problems);
        let mut calendar = Workdays::default();
        for (line, row) in &sheet.rows {
            let cell = |key: &str| row.get(key).map(String::as_str).unwrap_or_default();
            let mut tell = |code: &'static str, message: String, hint: String| {
                problems.push(Diagnostic::error(code, message, Place::file(&sheet.file).at(*line, 1)).hint(hint));
            };
            let kind = cell("kind");
            if !KINDS.contains(&kind) {
                let near = nearest(kind, KINDS).map_or(String::new(), |near| format!("is `{near}` meant? "));
                let hint = format!("{near}a kind is one of {}", KINDS.join(", "));
                tell("codes.bad_day", format!("`{kind}` is no kind of day"), hint);
                continue;
            }
            let Ok(day) = cell("date").parse::<Date>() else {
                let message = format!("`{}` is no day", cell("date"));
                tell("codes.bad_date", message, "write the day as 2026-10-01".into());
                continue;
            };
            if calendar.days.insert(day, kind == "workday").is_some() {
                let hint = "one line for each day of the notice; take the other out";
                tell("codes.duplicate_code", format!("the day {day} stands twice"), hint.into());
            }
            // Every notice names New Year's Day, and a notice may reach into the December before.
            if (day.month(), day.day()) == (1, 1) {
                calendar.years.insert(day.year());
            }
        }
        calendar
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    /// Working days of each year, and deadlines, as chinesecalendar 1.11.0 counts them.
    const WORKING_DAYS: [(i16, i64); 3] = [(2024, 251), (2025, 248), (2026, 248)];
    const DEADLINES: [(Date, u32, Date); 6] = [
        (date(2026, 9, 18), 5, date(2026, 9, 24)),
        (date(2026, 9, 30), 20, date(2026, 11, 3)),
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 13), 15, date(2026, 3, 12)),
        (date(2026, 4, 30), 10, date(2026, 5, 18)),
        (date(2025, 12, 31), 15, date(2026, 1, 22)),
    ];

    /// The calendar that ships with the pipelines.
    fn shipped() -> &'static Workdays {
        static CALENDAR: std::sync::LazyLock<Workdays> = std::sync::LazyLock::new(|| {
            let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/shared/codes");
            let (codes, problems) = crate::codes::load(&dir);
            assert_eq!(problems, []);
            codes.workdays().clone()
        });
        &CALENDAR
    }

    fn read(rows: &str) -> (Workdays, Vec<String>) {
        let text = format!("# name: holidays\n# version: 1\ndate,kind,title,document\n{rows}");
        let mut problems = Vec::new();
        let sheet = Sheet::parse("holidays", "holidays.csv", &text, &mut problems);
        let calendar = Workdays::from_sheet(&sheet, &mut problems);
        (calendar, problems.iter().map(|p| format!("{}: {}", p.place.line.unwrap_or(0), p.message)).collect())
    }

    #[test]
    fn the_notices_of_three_years_are_entered() {
        let calendar = shipped();
        for (year, days) in WORKING_DAYS {
            assert!(calendar.knows(year));
            assert_eq!(calendar.working_days_between(date(year - 1, 12, 31), date(year, 12, 31)), days, "{year}");
        }
        assert!(!calendar.knows(2027));
        for (day, works) in [
            (date(2026, 10, 1), false),
            (date(2026, 10, 8), true),
            (date(2026, 10, 10), true),
            (date(2026, 9, 20), true),
            (date(2026, 2, 23), false),
            (date(2026, 3, 7), false),
            (date(2026, 3, 9), true),
        ] {
            assert_eq!(calendar.is_working_day(day), works, "{day}");
        }
    }

    #[test]
    fn only_weekends_are_named_as_worked() {
        let weekend = |day: &Date| matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let named = shipped().days.iter().filter(|(_, works)| **works).map(|(day, _)| day);
        assert_eq!(named.clone().filter(|day| !weekend(day)).count(), 0);
        assert_eq!(named.count(), 8 + 5 + 6);
    }

    #[test]
    fn deadlines_run_over_holidays_and_worked_weekends() {
        let calendar = shipped();
        for (from, days, due) in DEADLINES {
            assert_eq!(calendar.add_working_days(from, days), (due, true), "{days} after {from}");
        }
    }

    #[test]
    fn a_year_without_notice_is_counted_by_weekends_and_says_so() {
        let calendar = shipped();
        assert_eq!(calendar.add_working_days(date(2026, 12, 30), 1), (date(2026, 12, 31), true));
        assert_eq!(calendar.add_working_days(date(2026, 12, 30), 2), (date(2027, 1, 1), false));
        assert_eq!(Workdays::default().add_working_days(date(2026, 10, 2), 1), (date(2026, 10, 5), false));
        assert_eq!(calendar.add_working_days(date(2027, 3, 1), 0), (date(2027, 3, 1), true));
        assert_eq!(calendar.add_working_days(Date::MAX, 1), (Date::MAX, false));
    }

    #[test]
    fn a_clock_stands_still_while_the_platform_checks() {
        let calendar = shipped();
        let (from, stop) = (date(2026, 3, 2), (date(2026, 3, 5), Some(date(2026, 3, 11))));
        let due = |stops: &[(Date, Option<Date>)]| calendar.due(from, 5, stops).map(|due| due.day);
        assert_eq!(due(&[]), Some(date(2026, 3, 9)));
        assert_eq!(due(&[stop]), Some(date(2026, 3, 16)));
        assert_eq!(due(&[stop, (date(2026, 3, 10), Some(date(2026, 3, 12)))]), Some(date(2026, 3, 17)));
        assert_eq!(due(&[(date(2026, 3, 5), None)]), None);
        // A stop that begins when the time has run out already changes nothing.
        assert_eq!(due(&[(date(2026, 3, 10), None)]), Some(date(2026, 3, 9)));
    }

    #[test]
    fn every_bad_row_is_told_with_its_line() {
        let (calendar, problems) = read(
            "2030-01-01,holiday,元旦,x\n2030-02-30,holiday,y,x\n2030-03-01,holyday,z,x\n2030-01-01,workday,元旦,x\n",
        );
        assert_eq!(
            problems,
            ["5: `2030-02-30` is no day", "6: `holyday` is no kind of day", "7: the day 2030-01-01 stands twice"]
        );
        assert!(calendar.knows(2030));
    }

    fn any_day() -> impl Strategy<Value = Date> {
        (0i32..1500).prop_map(|n| date(2024, 1, 1).saturating_add(n.days()))
    }

    proptest! {
        #[test]
        fn a_deadline_is_a_working_day_and_so_many_days_away(from in any_day(), days in 1u32..60) {
            let calendar = shipped();
            let (due, complete) = calendar.add_working_days(from, days);
            prop_assert!(calendar.is_working_day(due));
            prop_assert_eq!(calendar.working_days_between(from, due), i64::from(days));
            prop_assert_eq!(calendar.working_days_between(due, from), -i64::from(days));
            prop_assert_eq!(complete, due.year() <= 2026);
        }

        #[test]
        fn a_stop_moves_the_deadline_by_its_working_days(
            from in any_day(), days in 1u32..40, start in 1i64..50, length in 0i64..30
        ) {
            let calendar = shipped();
            let first = from.saturating_add(start.days());
            let last = first.saturating_add(length.days());
            let plain = calendar.due(from, days, &[]).unwrap();
            let stopped = calendar.due(from, days, &[(first, Some(last))]).unwrap();
            let lost = calendar.working_days_between(first.yesterday().unwrap(), last);
            let running = calendar.working_days_between(from, stopped.day);
            if first > plain.day {
                prop_assert_eq!(stopped, plain);
            } else {
                prop_assert_eq!(running, i64::from(days) + lost);
                prop_assert!(!(first..=last).contains(&stopped.day));
            }
            prop_assert_eq!(calendar.due(from, days, &[(first, None)]).is_none(), first <= plain.day);
        }
    }
}
