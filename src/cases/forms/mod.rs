//! Forms that go out and come back: what a kind asks, and what became of every row of one that was returned. Pure.
//!
//! ```text
//! issue    rows to ask about → forms, each row with its token
//! spec     what a kind shows and asks, and what an answer means: the trigger of a case move and its details
//! layout   sheets that came back → marker, printed tokens, rows by token; columns wherever they stand now
//! answers  one row's cells → an answer, or why it is none
//! classify what was issued × what came back → every row answered, unanswered, missing, altered, new, duplicate, conflict,
//!          foreign or refused; nothing disappears
//! ```
//!
//! Answers are taken by token and by nothing else. Where a row may be another's (who it is about was changed, only some of
//! its columns were sorted) nothing is applied: a person looks. What was issued, what came back and what was applied is
//! kept in the [ledger](super::ledger).

mod answers;
mod classify;
mod issue;
mod layout;
mod spec;

pub use answers::{Given, Readers, Reason};
pub use classify::{
    Altered, Counts, Earlier, Elsewhere, Judged, Judging, RowState, Verdict, classify, contest, contested,
};
pub use issue::{Issue, Taken, form, keep, verify_forms};
pub use layout::{Found, FoundRow, Glance, found, glance};
pub use spec::{AUTHORISATION, RESULTS, blank, self_report, verify};

pub use crate::model::form::{Entry, FormColumn, FormKind, FormSpec, Issued, IssuedRow, Needed, Returned, Use};
