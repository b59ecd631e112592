//! What was wrong with a row or a value, as data that goes back to the department that sent it.

use super::raw::Provenance;
use crate::diag::Severity;

/// What became of a row that is not among the accepted ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// A data row that cannot be used; it waits with its reason.
    Quarantined,
    /// A data row equal in every contract field to an earlier one.
    Folded,
    /// Not a data row: a total, a repeated heading, a signature line. Listed, not counted as read.
    NotData,
}

impl Disposition {
    /// The value as it stands in the `rejects` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Disposition::Quarantined => "quarantined",
            Disposition::Folded => "folded",
            Disposition::NotData => "not_data",
        }
    }
}

/// A row that did not become a record, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reject {
    /// Where it stands.
    pub at: Provenance,
    /// What became of it.
    pub disposition: Disposition,
    /// Stable reason code, for example `row.total`, `row.duplicate`, `row.no_identity`.
    #[serde(deserialize_with = "crate::diag::read_code")]
    pub code: crate::diag::Code,
    /// The reason in Chinese, for the sender.
    pub reason: String,
    /// For a folded row: where the row stands that it equals.
    pub folded_into: Option<Provenance>,
    /// The raw cells joined by ` | `; sensitive.
    pub raw: String,
}

/// A doubtful value in a row that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFinding {
    /// Where the row stands.
    pub at: Provenance,
    /// Contract field.
    pub field: String,
    /// Stable code, for example `id_number.check_digit`, `date.impossible`, `code.unknown`.
    pub code: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong, in Chinese, without the value.
    pub message: String,
    /// The raw value; sensitive.
    pub raw: String,
}

impl FieldFinding {
    /// A finding about an accepted record, from what the record's table says of its place.
    pub fn of_record(
        records: &super::Table,
        row: usize,
        field: Option<&str>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        FieldFinding {
            at: Provenance::of(records, row),
            field: field.unwrap_or_default().to_string(),
            code,
            severity: Severity::Warning,
            message: message.into(),
            raw: String::new(),
        }
    }
}

/// How many rows a source had and what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct SourceCounts {
    /// Data rows below the headings of all files.
    pub read: u64,
    /// Rows that became records.
    pub accepted: u64,
    /// Rows kept out with a reason.
    pub quarantined: u64,
    /// Rows equal to an earlier one.
    pub folded: u64,
    /// Totals, repeated headings and signature lines; not part of `read`.
    pub not_data: u64,
}

impl SourceCounts {
    /// "Nothing is lost": rows read = accepted + quarantined + folded.
    pub fn closes(&self) -> bool {
        self.read == self.accepted + self.quarantined + self.folded
    }

    /// The sums of two deliveries.
    pub fn plus(self, other: SourceCounts) -> SourceCounts {
        SourceCounts {
            read: self.read + other.read,
            accepted: self.accepted + other.accepted,
            quarantined: self.quarantined + other.quarantined,
            folded: self.folded + other.folded,
            not_data: self.not_data + other.not_data,
        }
    }
}
