//! The year's days: quarter ends, nights on which there is news, and when offices do what. In: the first quarter's end and
//! how many rounds. Out: the stops in order.

use jiff::ToSpan;
use jiff::civil::Date;

/// What runs at a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The quarter's round: all departments and the villages.
    Quarterly,
    /// A night with news of a few departments.
    Nightly,
}

/// A day on which departments deliver and the office compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// Running number from 0.
    pub number: usize,
    /// The day.
    pub day: Date,
    /// What runs.
    pub kind: Kind,
    /// Running number of the quarter.
    pub quarter: usize,
}

impl Stop {
    /// The department that does not deliver in this quarter, if one is late.
    pub fn late(&self) -> Option<&'static str> {
        match (self.kind, self.quarter % 4) {
            (Kind::Quarterly, 1) => Some("housing_appraisal"),
            (Kind::Quarterly, 2) => Some("income_survey"),
            _ => None,
        }
    }
}

/// Nights with news, in days after the quarter's round.
const NIGHTS: [i64; 2] = [35, 65];

/// The quarter ends of 000: March, June and September, and November in the place of December.
pub fn next_quarter(day: Date) -> Date {
    let ends = [(3, 31), (6, 30), (9, 30), (11, 30)];
    let in_year = |year: i16| ends.map(|(month, last)| Date::constant(year, month, last));
    let later = in_year(day.year()).into_iter().chain(in_year(day.year() + 1)).find(|end| *end > day);
    later.unwrap_or(Date::MAX)
}

/// The stops of so many rounds, the first of them on the day given.
pub fn stops(first: Date, rounds: usize) -> Vec<Stop> {
    let mut found = Vec::new();
    let mut day = first;
    for quarter in 0..rounds {
        let mut add = |day, kind| found.push(Stop { number: found.len(), day, kind, quarter });
        add(day, Kind::Quarterly);
        let next = next_quarter(day);
        for nights in NIGHTS {
            let night = day.saturating_add(nights.days());
            // What people do about it takes ten days, and the next round needs its own.
            if quarter + 1 < rounds && night.saturating_add(10.days()) < next {
                add(night, Kind::Nightly);
            }
        }
        day = next;
    }
    found
}

/// What is done so many days after a quarter's round.
const QUARTER: [(i64, &str); 16] = [
    (12, "answers"),
    (13, "life"),
    (14, "again"),
    (15, "identity"),
    (16, "hand"),
    (17, "start"),
    (18, "exit"),
    (24, "end"),
    (28, "township"),
    (30, "stop"),
    (41, "resume"),
    (45, "meeting"),
    (46, "open"),
    (48, "plan"),
    (49, "filing"),
    (50, "entered"),
];
/// When villages have told those whom the meeting let out.
const NOTICE: i64 = 52;
/// What is done on which day of every month, from the second on.
const MONTHLY: [(i8, &str); 3] = [(2, "returns"), (8, "plan"), (9, "filing")];
/// Months after the last round in which help goes on.
const AFTER: i32 = 4;

/// Every day on which something happens, in order: the day, the stop whose business it is, `run` or what people do.
pub fn days(stops: &[Stop]) -> Vec<(Date, usize, &'static str)> {
    let mut days = Vec::new();
    for stop in stops {
        days.push((stop.day, stop.number, "run"));
        let after = |n: i64| stop.day.saturating_add(n.days());
        match stop.kind {
            Kind::Nightly => days.push((after(5), stop.number, "answers")),
            Kind::Quarterly => {
                days.extend(QUARTER.iter().map(|(n, batch)| (after(*n), stop.number, *batch)));
                days.push((after(NOTICE), stop.number, "notice"));
            }
        }
    }
    let (first, last) = (stops[0].day, stops[stops.len() - 1].day.saturating_add(AFTER.months()));
    let months = (1..).map(|n: i32| first.first_of_month().saturating_add(n.months()));
    for month in months.take_while(|month| *month <= last) {
        for (day, batch) in MONTHLY {
            let day = month.saturating_add((i64::from(day) - 1).days());
            let stop = stops.iter().rev().find(|s| s.day <= day).map_or(0, |s| s.number);
            days.push((day, stop, batch));
        }
    }
    days.sort_by_key(|(day, ..)| *day);
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_four_rounds_and_nights_between() {
        let stops = stops(Date::constant(2026, 3, 31), 4);
        let days: Vec<(String, Kind)> = stops.iter().map(|s| (s.day.to_string(), s.kind)).collect();
        let told: Vec<(&str, Kind)> = days.iter().map(|(d, k)| (d.as_str(), *k)).collect();
        let (q, n) = (Kind::Quarterly, Kind::Nightly);
        assert_eq!(
            told,
            [
                ("2026-03-31", q),
                ("2026-05-05", n),
                ("2026-06-04", n),
                ("2026-06-30", q),
                ("2026-08-04", n),
                ("2026-09-03", n),
                ("2026-09-30", q),
                ("2026-11-04", n),
                ("2026-11-30", q),
            ]
        );
        assert!(stops.iter().enumerate().all(|(i, s)| s.number == i));
    }
}
