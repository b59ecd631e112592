//! The only place below `cli` that reads the clock: what day it is in the county, and what the round is called.

use jiff::civil::Date;

use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::plan::Cadence;

/// Today in Asia/Shanghai, whatever zone the machine is set to (fault 18).
#[allow(clippy::disallowed_methods)]
pub fn today() -> Outcome<Date> {
    let now = jiff::Timestamp::now();
    now.in_tz("Asia/Shanghai").map(|z| z.date()).map_err(|e| Failure::internal(format!("no time zone data: {e}")))
}

/// This moment in Asia/Shanghai for the history, which is no part of a round's outputs.
#[allow(clippy::disallowed_methods)]
pub fn now_stamp() -> String {
    match jiff::Timestamp::now().in_tz("Asia/Shanghai") {
        Ok(z) => z.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        Err(_) => jiff::Timestamp::now().to_string(),
    }
}

/// This moment in seconds since 1970, for metrics and to look for clocks that are wrong.
#[allow(clippy::disallowed_methods)]
pub fn now_seconds() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)
}

/// A day as the user writes it.
pub fn parse_day(text: &str) -> Outcome<Date> {
    text.parse::<Date>().map_err(|_| {
        let problem =
            Diagnostic::error("usage.as_of", format!("`{text}` is not a day"), Place::default().field("--as-of"))
                .hint("write it as 2026-09-30");
        Failure::one(FailureClass::Usage, problem)
    })
}

/// The round a day belongs to: `2026Q3` or `2026-09-30`.
pub fn round_name(cadence: Cadence, as_of: Date) -> String {
    match cadence {
        Cadence::Quarterly => format!("{}Q{}", as_of.year(), (as_of.month() - 1) / 3 + 1),
        Cadence::Nightly => as_of.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_end_where_they_should() {
        let name = |d: &str| round_name(Cadence::Quarterly, d.parse().unwrap());
        assert_eq!(name("2026-09-30"), "2026Q3");
        assert_eq!(name("2026-10-01"), "2026Q4");
        assert_eq!(round_name(Cadence::Nightly, "2026-10-01".parse().unwrap()), "2026-10-01");
    }

    #[test]
    fn a_wrong_day_says_how_to_write_it() {
        let failure = parse_day("30.9.2026").unwrap_err();
        assert_eq!(failure.class.exit_code(), 64);
        assert_eq!(failure.problems[0].hint.as_deref(), Some("write it as 2026-09-30"));
    }
}
