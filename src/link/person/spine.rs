//! The register as linkage reads it: packed columns, the index over them, and who lives with whom.

use super::block::Index;
use super::pack::Columns;

/// The register without its texts: what a record is compared with.
#[derive(Debug, Clone)]
pub struct Spine {
    /// The persons, one row each.
    pub people: Columns,
    /// Persons by block key.
    pub index: Index,
    /// Household of each person.
    pub household_of: Vec<u32>,
    /// Persons of each household, ascending.
    pub members: Vec<Vec<u32>>,
    /// The row that stands for each row's person.
    pub stands_for: Vec<u32>,
    /// Rows that stand for others too, ascending.
    pub repeated: Vec<u32>,
}

impl Spine {
    /// Indexes packed persons.
    pub fn new(people: Columns, household_of: Vec<u32>, members: Vec<Vec<u32>>, stands_for: Vec<u32>) -> Spine {
        let mut repeated: Vec<u32> =
            stands_for.iter().zip(0..).filter(|(s, row)| **s != *row).map(|(s, _)| *s).collect();
        repeated.sort_unstable();
        repeated.dedup();
        Spine { index: Index::new(&people), people, household_of, members, stands_for, repeated }
    }

    /// True when other rows of the register are about the same person.
    pub fn is_repeated(&self, person: u32) -> bool {
        self.repeated.binary_search(&person).is_ok()
    }
}
