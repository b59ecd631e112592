//! Online list against offline list: what agrees, what differs, and how.
//!
//! In: `online_list`, `households`, the offline source's records with their links. Out: `offline_list` (one row a village
//! reported) and `comparison` (one household, or one offline row whose household is unclear). Both names and causes are
//! compared (R119); every online household and every offline row stands in exactly one row of the comparison.

mod compare;
mod explain;
mod offline;
#[cfg(test)]
mod tests;

pub use compare::compare;
pub use offline::offline_list;
