//! Linkage of two plain files about people: the same engine as for the sources of a round.
//!
//! In: both sides, packed, and the model. Out: [`LinkedFiles`].

use super::decisions::Decisions;
use super::pairs::Pairs;
use super::pairs_table::TextColumn;
use super::person::block::Index;
use super::person::pack::Columns;
use super::person::plain::{Keys, Packed};
use super::person::spine::{Members, Spine};
use super::person::{self, duplicates};
use super::zeros::zeros;
use crate::diag::{Diagnostic, Place};
use crate::plan::LinkModel;

/// What linkage found for two files.
#[derive(Debug)]
pub struct LinkedFiles {
    /// One row per listed pair, one per record for which nobody was found; in the order of the right side.
    pub pairs: Pairs,
    /// The columns of a table about people beside the common ones.
    pub texts: Vec<TextColumn>,
    /// Keys of the left side's rows.
    pub left: Keys,
    /// Keys of the right side's rows.
    pub right: Keys,
    /// The model with the figures that were used.
    pub model: LinkModel,
    /// What the register and the passes have that somebody should know.
    pub problems: Vec<Diagnostic>,
}

/// What people know of the pairs beforehand.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Their decisions, applied first.
    pub decisions: Decisions,
    /// Pairs that are matches (row of the right side, row of the left side); they count into the estimates.
    pub labels: Vec<(u32, u32)>,
}

/// Links every record of the right side to at most one person of the left side.
pub fn link_files(left: Packed, right: Packed, model: &LinkModel, known: &Known, left_place: &Place) -> LinkedFiles {
    let [(people, left), (entries, right)] = Packed::together(left, right);
    tracing::debug!("names interned");
    let (spine, repeated) = register(people);
    tracing::debug!("register indexed");
    let judgement = person::judge(&spine, &entries, model, false, &known.decisions, &known.labels);
    drop(spine);
    let (pairs, texts) = person::pairs::pairs(&judgement, &entries);
    tracing::debug!(rows = pairs.right.len(), "pairs listed");
    let mut problems = Vec::new();
    if repeated > 0 {
        let message = format!("{repeated} rows of the left side repeat the person or the number of an earlier row");
        let warning = Diagnostic::warning("link.repeated_person", message, left_place.clone());
        problems
            .push(warning.hint("they are kept; a link goes to one of the rows only where they surely are one person"));
    }
    for (pass, records) in judgement.spine.index.cut() {
        let message =
            format!("{records} records lost the candidates of pass {}: too many persons share the key", pass.as_str());
        let warning = Diagnostic::warning("link.block_cut", message, model.place.clone().field("max_block"));
        problems.push(warning.hint("a narrower pass may still have found them; a larger `max_block` costs time"));
    }
    LinkedFiles { pairs, texts, left, right, model: judgement.model, problems }
}

/// The left side as a register, and how many of its rows repeat another.
fn register(mut people: Columns) -> (Spine, usize) {
    let household_of = households(&std::mem::take(&mut people.group), people.len());
    let members = Members::of(&household_of);
    let index = Index::new(&people);
    let normal = vec![true; people.len()];
    let (stands_for, repeated) = duplicates::find(&people, &index, &household_of, &members, &normal);
    (Spine::new(people, index, household_of, members, stands_for), repeated.len())
}

/// Households numbered from 0 in the order in which they come; a row without one is a household of its own.
fn households(group: &[u64], rows: usize) -> Vec<u32> {
    if group.is_empty() {
        return (0..rows as u32).collect();
    }
    // Members mostly stand together: a row is looked up only where the one above it is of another household.
    let runs = group.windows(2).filter(|two| two[0] != two[1]).count() + 1;
    let mut slots: Vec<(u64, u32)> = zeros((runs * 3 / 2 + 8).next_power_of_two());
    let mask = slots.len() - 1;
    let mut next = 0;
    let mut last = (0, 0);
    let mut new = || {
        next += 1;
        next - 1
    };
    group
        .iter()
        .map(|group| {
            if *group == 0 {
                return new();
            }
            if *group == last.0 {
                return last.1;
            }
            let mut at = (group.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize & mask;
            while slots[at].0 != 0 && slots[at].0 != *group {
                at = (at + 1) & mask;
            }
            if slots[at].0 == 0 {
                slots[at] = (*group, new());
            }
            last = slots[at];
            last.1
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn households_are_numbered_as_they_come() {
        assert_eq!(households(&[7, 7, 0, 9, 7, 0, 9], 7), [0, 0, 1, 2, 0, 3, 2]);
        assert_eq!(households(&[], 3), [0, 1, 2]);
    }
}
