//! What follows from the comparison: questions to villages, proposals to the meeting, drafts of orders, tracking.
//!
//! In: `comparison`, `online_list`, `households`, `rule_hits` and the plan's causes. Out: `verification_tasks`, `proposals`,
//! `work_orders`, `tracking`. Nothing here decides about a household: a proposal waits for the county meeting, an order
//! stays a draft until then, and tracking goes on while the risk stands. [`ledger`] keeps what outlives a round: person
//! ids, decisions of people, fitted models.

mod advance;
#[cfg(test)]
mod advance_tests;
mod asked;
mod between;
mod due;
mod facts;
pub mod forms;
pub mod ledger;
pub mod moves;
pub mod orders;
mod precision;
mod proposals;
#[cfg(test)]
mod tests;
mod tracking;
mod verification;

pub use advance::{Advanced, Lists, advance};
pub use asked::{LastAsked, asked, asks_anew, cases_table};
pub use between::{case_changes, village_reports};
pub use due::{due, due_on, next_report};
pub use facts::changed as facts_changed;
pub use precision::{Answer, Heard, rule_overlap, rule_precision, wilson};
pub use proposals::{proposals, work_orders};
pub use tracking::tracking;
pub use verification::verification_tasks;

use std::collections::BTreeMap;

use crate::model::Table;

/// Row of each value of a key column; the first when a value repeats.
fn rows_by<'a>(table: &'a Table, key: &str) -> BTreeMap<&'a str, usize> {
    let mut rows = BTreeMap::new();
    for row in 0..table.rows() {
        if let Some(value) = table.str_at(key, row) {
            rows.entry(value).or_insert(row);
        }
    }
    rows
}
