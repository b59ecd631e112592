//! Tables → the workbooks that clerks, villages and the county meeting work with.
//!
//! In: the round's tables, the plan for titles, and the [`Issue`] (round and day). Out: one `.xlsx` per reader. Every text is
//! written as text, so a name that begins with `=` stays a name and an identity number keeps its digits; numbers are masked
//! wherever the reader does not need them; the same tables give the same bytes.

mod answer_receipt;
mod blank;
mod cover;
mod form;
mod layout;
mod national;
mod online;
mod params;
mod proposals;
pub mod receipt;
mod review;
mod sheet;
mod tables;
#[cfg(test)]
mod tests;

pub use answer_receipt::{AnswerReceipt, FORMAT as RECEIPT_FORMAT, ReceiptLine, answer_receipt};
pub use blank::{blank, reports};
pub use form::{Words, form, forms};
pub use national::{NationalEntry, NationalMember, national};
pub use online::online_list;
pub use params::params;
pub use proposals::proposals;
pub use review::{Review, possible_links};
pub use tables::tables;

use jiff::civil::Date;

use crate::model::Table;
use crate::plan::Plan;

/// What every workbook says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a> {
    /// County, titles of causes and rules.
    pub plan: &'a Plan,
    /// The round's name, for example `2026Q3`.
    pub round: &'a str,
    /// The day on which everything was judged; also the files' creation date.
    pub as_of: Date,
}

impl Issue<'_> {
    /// The line below a title.
    fn line(&self) -> String {
        format!("{}　批次：{}　数据截至：{}", self.plan.county, self.round, self.as_of)
    }
}

/// Rows in township, village, household order; unknown divisions last.
fn in_order(table: &Table) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..table.rows()).collect();
    rows.sort_by_key(|row| {
        let codes = ["township_code", "village_code", "household_id"].map(|c| table.str_at(c, *row));
        codes.map(|code| (code.is_none(), code))
    });
    rows
}

fn owned(value: Option<&str>) -> String {
    value.unwrap_or("").to_string()
}
