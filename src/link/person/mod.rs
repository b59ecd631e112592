//! Linkage of records about people: the identity number, the Chinese name, birth date, sex, division, household.
//!
//! | module | what it knows |
//! |---|---|
//! | `pack` | columns as integers |
//! | `numbers`, `names`, `sound` | how two numbers, names, characters agree |
//! | `block`, `keys`, `spine` | which persons a record is compared with |
//! | `score`, `decide`, `evidence` | levels, weights, the state of each record and why |
//! | `decided` | what people decided goes before all of it |
//! | `assign`, `duplicates` | one person, one record; one person, several rows of the register |
//! | `output` | tables |

pub(super) mod assign;
pub(super) mod block;
pub(super) mod decide;
pub(super) mod decided;
#[cfg(test)]
mod decided_tests;
pub(super) mod duplicates;
pub(super) mod evidence;
pub(super) mod keys;
pub(super) mod names;
pub(super) mod numbers;
pub(super) mod output;
pub(super) mod pack;
#[cfg(test)]
mod properties;
pub(super) mod score;
pub(super) mod sound;
pub(super) mod spine;
#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use super::decisions::{Applied, Decisions};
use crate::plan::LinkModel;

/// Decides about every record, in record order; the outcome never depends on the order of records or of the register.
/// What people decided is applied first; what became of each decision comes second.
pub(super) fn judge_all(
    spine: &spine::Spine,
    entries: &pack::Columns,
    model: &LinkModel,
    once_per_person: bool,
    decisions: &Decisions,
) -> (Vec<decide::Judged>, Vec<Applied>) {
    let weights = score::Weights::of(model);
    let judge = decide::Judge { spine, entries, model, weights: &weights };
    let mut judged: Vec<decide::Judged> =
        (0..entries.len() as u32).into_par_iter().map(|record| judge.judge(record)).collect();
    let applied = decided::apply(&judge, &mut judged, decisions);
    let kept = decided::kept(&judged, decisions);
    if once_per_person {
        assign::once_per_person(&mut judged);
    }
    decided::settle(&mut judged, &kept, once_per_person);
    (judged, applied)
}
