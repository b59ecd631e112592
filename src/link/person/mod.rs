//! Linkage of records about people: the identity number, the Chinese name, birth date, sex, division, household.
//!
//! | module | what it knows |
//! |---|---|
//! | `pack` | columns as integers |
//! | `numbers`, `names`, `sound` | how two numbers, names, characters agree |
//! | `block`, `keys`, `spine` | which persons a record is compared with |
//! | `score`, `weights`, `fit` | levels, what they weigh, and how that is estimated |
//! | `decide`, `household`, `evidence` | the state of each record, what its family adds, and why |
//! | `assign`, `duplicates` | one person, one record; one person, several rows of the register |
//! | `output` | tables |

pub(super) mod assign;
pub(super) mod block;
pub(super) mod decide;
pub(super) mod duplicates;
pub(super) mod evidence;
pub(super) mod fit;
pub(super) mod household;
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
pub(super) mod weights;

use rayon::prelude::*;

use crate::plan::LinkModel;

/// Decides about every record, in record order; the outcome never depends on the order of records or of the register.
///
/// Gives the model with the figures that were used too. Records that the first round leaves undecided are judged again
/// with what the decided ones say of their families (`household`).
pub(super) fn judge_all(
    spine: &spine::Spine,
    entries: &pack::Columns,
    model: &LinkModel,
    once_per_person: bool,
) -> (Vec<decide::Judged>, LinkModel) {
    let mut model = fit::estimate(spine, entries, model, &[]);
    let weights = weights::Weights::of(&model, &spine.people);
    let judge = decide::Judge { spine, entries, model: &model, weights: &weights, company: None };
    let mut judged: Vec<decide::Judged> =
        (0..entries.len() as u32).into_par_iter().map(|record| judge.judge(record)).collect();
    let linked: Vec<Option<u32>> =
        judged.iter().map(|j| (j.status == decide::Status::Linked).then(|| j.pairs[0].person)).collect();
    let undecided: Vec<u32> = (0..entries.len() as u32).filter(|r| linked[*r as usize].is_none()).collect();
    let company = household::Company::of(spine, entries, &linked, &undecided);
    company.learn(&mut model);
    let weights = weights.relearnt(&model, &spine.people);
    let judge = decide::Judge { spine, entries, model: &model, weights: &weights, company: Some(&company) };
    let again: Vec<(u32, decide::Judged)> =
        undecided.into_par_iter().map(|record| (record, judge.judge(record))).collect();
    for (record, second) in again {
        judged[record as usize] = second;
    }
    if once_per_person || model.one_to_one {
        assign::once_per_person(&mut judged, &model);
    }
    (judged, model)
}
