//! Linkage of records about people: the identity number, the Chinese name, birth date, sex, division, household.
//!
//! | module | what it knows |
//! |---|---|
//! | `pack` | columns as integers |
//! | `numbers`, `repairs`, `names`, `sound`, `tables` | how two numbers, names, characters agree |
//! | `block`, `keys`, `spine` | which persons a record is compared with |
//! | `score`, `decide`, `evidence` | levels, weights, the state of each record and why |
//! | `assign`, `duplicates` | one person, one record; one person, several rows of the register |
//! | `output` | tables |

pub(super) mod assign;
pub(super) mod block;
pub(super) mod decide;
pub(super) mod duplicates;
pub(super) mod evidence;
pub(super) mod keys;
pub(super) mod names;
pub(super) mod numbers;
pub(super) mod output;
pub(super) mod pack;
#[cfg(test)]
mod properties;
pub(super) mod repairs;
pub(super) mod score;
pub(super) mod sound;
pub(super) mod spine;
pub(super) mod tables;
#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::plan::LinkModel;

/// Decides about every record, in record order; the outcome never depends on the order of records or of the register.
pub(super) fn judge_all(
    spine: &spine::Spine,
    entries: &pack::Columns,
    model: &LinkModel,
    once_per_person: bool,
) -> Vec<decide::Judged> {
    let weights = score::Weights::of(model);
    let judge = decide::Judge { spine, entries, model, weights: &weights };
    let mut judged: Vec<decide::Judged> =
        (0..entries.len() as u32).into_par_iter().map(|record| judge.judge(record)).collect();
    if once_per_person {
        assign::once_per_person(&mut judged);
    }
    judged
}
