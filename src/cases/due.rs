//! By when the next step of a case or order is due, in working days.

use jiff::civil::Date;

use super::ledger::{CaseState, stops};
use crate::codes::Workdays;
use crate::plan::{Machine, Process};

/// The last day for the next step of a state that holds since a day; none without a limit, or while its clock stands.
///
/// The day on which the state began does not count, nor do days off and the time in `stops` (R133: the provincial platform's check).
pub fn due(
    machine: &Machine,
    state: &str,
    since: Date,
    stops: &[(Date, Option<Date>)],
    workdays: &Workdays,
) -> Option<Date> {
    let days = machine.state(state)?.working_days?;
    workdays.due(since, days, stops).map(|due| due.day)
}

/// As [`due`], for a case.
pub fn due_on(process: &Process, case: &CaseState, workdays: &Workdays) -> Option<Date> {
    due(&process.cases, &case.state, case.since.parse().ok()?, &stops(case), workdays)
}

/// The next day by which townships report their measures (R156), from a day on.
pub fn next_report(process: &Process, from: Date) -> Option<Date> {
    let of_year = |year: i16| process.report_days.iter().filter_map(move |(m, d)| Date::new(year, *m, *d).ok());
    of_year(from.year()).chain(of_year(from.year() + 1)).filter(|day| *day >= from).min()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::plan::process;

    #[test]
    fn days_off_and_standstill_do_not_count() {
        let process = process::shipped();
        let weekends = Workdays::default();
        let since = date(2026, 7, 1);
        let due = |stops: &[_]| due(&process.cases, "township_review", since, stops, &weekends);
        // Wednesday; five working days later is the Wednesday after.
        assert_eq!(due(&[]), Some(date(2026, 7, 8)));
        assert_eq!(due(&[(date(2026, 7, 2), Some(date(2026, 7, 3)))]), Some(date(2026, 7, 10)));
        assert_eq!(due(&[(date(2026, 7, 2), None)]), None);
    }

    #[test]
    fn townships_report_three_times_a_year() {
        let process = process::shipped();
        assert_eq!(next_report(&process, date(2026, 7, 1)), Some(date(2026, 9, 25)));
        assert_eq!(next_report(&process, date(2026, 11, 25)), Some(date(2026, 11, 25)));
        assert_eq!(next_report(&process, date(2026, 12, 1)), Some(date(2027, 6, 25)));
    }
}
