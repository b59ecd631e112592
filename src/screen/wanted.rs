//! Which columns of which tables screening reads: who opens published tables again need not read the rest.

use std::collections::BTreeSet;

use super::checked;
use super::entities::{HOUSEHOLD_COLUMNS, PERSON_COLUMNS};
use crate::diag::Outcome;
use crate::plan::sql::{self, Expr};
use crate::plan::{Origin, Plan};

/// Of `links`.
pub const LINKS: [&str; 6] = ["source", "record_id", "status", "person_id", "household_id", "linked_village_code"];
/// Of `possible_links`.
pub const POSSIBLE: [&str; 4] = ["source", "record_id", "person_id", "household_id"];
/// Of every table of records besides what indicators name: the cell behind a hit.
const CELL: [&str; 4] = ["record_id", "file", "sheet", "row"];
/// Of `households` besides the built-in columns: what the list tells.
const LISTED: [&str; 9] = [
    "household_id",
    "household_no",
    "head_name",
    "head_id_number",
    "township_code",
    "township",
    "village_code",
    "village",
    "group",
];

/// Of `persons`.
pub fn persons() -> BTreeSet<String> {
    PERSON_COLUMNS.iter().chain(&["person_id", "household_id", "record_id", "name"]).map(|c| c.to_string()).collect()
}

/// Of `households`.
pub fn households() -> BTreeSet<String> {
    HOUSEHOLD_COLUMNS.iter().chain(&LISTED).map(|c| c.to_string()).collect()
}

/// Of the records of a source.
///
/// # Errors
/// An indicator of the plan does not pass its check.
pub fn records(plan: &Plan, source: &str) -> Outcome<BTreeSet<String>> {
    let mut columns: BTreeSet<String> = CELL.iter().map(|c| c.to_string()).collect();
    for indicator in plan.indicators.iter().filter(|i| i.origin() == Origin::Records && i.source == source) {
        let compiled = checked(sql::compile_indicator(plan, indicator))?;
        let named = compiled.filter.iter().chain([&compiled.value]).flat_map(Expr::columns);
        // What has a prefix is a person's or household's.
        columns.extend(named.filter(|name| !name.contains('.')).map(str::to_string));
    }
    Ok(columns)
}
