//! What a contract says about a delivery as a whole: what it lists, and on which terms it may be used.

use jiff::civil::Date;

use crate::diag::{Diagnostic, Place};
use crate::model::text::{date, to_days};

/// What a delivery of a source lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Snapshot {
    /// Everything that holds: a row that is gone since the last delivery has ended.
    #[default]
    Full,
    /// What is new since the last delivery: a row that is not there says nothing.
    Increment,
}

/// Share by which the number of rows of a full list may differ from the last good delivery's, when a contract says nothing
/// (background §3.3: ±20 %).
pub const COMPLETENESS: f64 = 0.2;

/// On which terms a department's data are used (政务数据共享条例, State Council Order 809: requests are bound to a catalogue
/// item and a purpose, and end).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// Full name of the providing unit, for example `澄岚县公安局户政大队`; empty when the contract does not say.
    pub provider: String,
    /// Number of the catalogue item or of the request.
    pub catalogue: String,
    /// What the data may be used for.
    pub purpose: String,
    /// What allows it.
    pub legal_basis: String,
    /// Whom to ask.
    pub contact: String,
    /// Day on which the permission was received (days since 1970-01-01).
    pub received_on: Option<i32>,
    /// Last day on which the data may be used.
    pub valid_until: Option<i32>,
    /// Where the last day stands, or else the contract.
    pub place: Place,
}

/// A table of a department's database, of which a copy is taken as if it had been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Name of the environment variable that holds the ODBC connection string; passwords stand in no pipeline file.
    pub connection: String,
    /// What is asked for, one SELECT.
    pub query: String,
    /// Where the copy goes below the input folder, ending in `.parquet`.
    pub file: String,
    /// Where this stands.
    pub place: Place,
}

impl Terms {
    /// What is wrong with using the data on a day: an error after the last day, a warning before the permission.
    pub fn outside(&self, title: &str, as_of: Date) -> Option<Diagnostic> {
        let day = to_days(as_of);
        if let Some(last) = self.valid_until.filter(|last| *last < day) {
            let message = format!("{title} may be used until {}, which is before {}", date(last), date(day));
            return Some(
                Diagnostic::error("contract.expired", message, self.place.clone())
                    .hint("renew the request with the providing unit, then write the new last day into `valid_until`"),
            );
        }
        let first = self.received_on.filter(|first| *first > day)?;
        let message = format!("{title} may be used since {}, which is after {}", date(first), date(day));
        Some(
            Diagnostic::warning("contract.not_yet", message, self.place.clone())
                .hint("correct `received_on` if the permission came earlier; else leave the source out of this round"),
        )
    }
}
