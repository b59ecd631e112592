//! Linkage of records about people: the identity number, the Chinese name, birth date, sex, division, household.
//!
//! | module | what it knows |
//! |---|---|
//! | `pack` | columns as integers |
//! | `numbers`, `repairs`, `names`, `sound`, `tables` | how two numbers, names, characters agree |
//! | `plain` | columns of files without a contract |
//! | `settled` | records that number and name decide |
//! | `block`, `keys`, `spine`, `register_numbers` | which persons any other record is compared with |
//! | `score`, `weights`, `fit` | levels, what they weigh, and how that is estimated |
//! | `decide`, `household`, `evidence` | the state of each record, what its family adds, and why |
//! | `decided` | what people decided goes before all of it |
//! | `assign`, `duplicates` | one person, one record; one person, several rows of the register |
//! | `output`, `pairs` | tables of a round, and of a plain file |

pub(super) mod assign;
pub(super) mod block;
pub(super) mod decide;
pub(super) mod decided;
#[cfg(test)]
mod decided_tests;
pub(super) mod duplicates;
pub(super) mod evidence;
pub(super) mod fit;
pub(super) mod household;
mod interner;
pub(super) mod keys;
pub(super) mod names;
pub(super) mod numbers;
pub(super) mod output;
pub(super) mod pack;
pub(super) mod pairs;
pub(super) mod plain;

#[cfg(test)]
mod properties;
pub(super) mod register_numbers;
pub(super) mod repairs;
pub(super) mod score;
pub(super) mod settled;
pub(super) mod sound;
pub(super) mod spine;
pub(super) mod tables;
#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;
pub(super) mod weights;

use rayon::prelude::*;

use self::decide::{Judge, Judged, Status};
use self::settled::OPEN;
use super::decisions::{Applied, Decisions, Verdict};
use crate::plan::LinkModel;

/// What became of the records of one file.
pub(super) struct Judgement {
    /// The register, asked for the candidates of the open records.
    pub spine: spine::Spine,
    /// The model with the figures that were used.
    pub model: LinkModel,
    /// What its levels weigh.
    pub weights: weights::Weights,
    /// Records that number and name settle.
    pub settled: settled::Settled,
    /// All other records, ascending.
    pub others: Vec<(u32, Judged)>,
    /// What became of the decisions of people, by record and person.
    pub applied: Vec<Applied>,
    company: household::Company,
}

impl Judgement {
    /// Everything a decision about these records rests on.
    pub(super) fn judge<'a>(&'a self, entries: &'a pack::Columns) -> Judge<'a> {
        let company = Some(&self.company);
        Judge { spine: &self.spine, entries, model: &self.model, weights: &self.weights, company }
    }
}

/// Decides about every record; the outcome never depends on the order of records or of the register.
///
/// Records that number and name do not settle are judged, and those that stay undecided are judged again with what
/// the decided ones say of their families (`household`).
pub(super) fn judge(
    spine: &spine::Spine,
    entries: &pack::Columns,
    model: &LinkModel,
    once_per_person: bool,
    decisions: &Decisions,
    labels: &[(u32, u32)],
) -> Judgement {
    let mut settled = settled::settle(spine, entries);
    // What people decided goes before number and name.
    for decided in decisions.by_record() {
        settled.person[decided[0].right as usize] = OPEN;
    }
    let open: Vec<u32> = (0..entries.len() as u32).filter(|r| settled.person[*r as usize] == OPEN).collect();
    tracing::debug!(settled = entries.len() - open.len(), open = open.len(), "settled by number and name");
    let spine = spine.asked_by(entries, &open, model.max_block);
    tracing::debug!("asked for the candidates of the open records");
    let counts = weights::NameCounts::of(&spine.people);
    let mut model = fit::estimate(&spine, entries, model, labels, &counts);
    tracing::debug!("model estimated");
    let weights = weights::Weights::with(&model, &spine.people, &counts);
    drop(counts);
    let judge = Judge { spine: &spine, entries, model: &model, weights: &weights, company: None };
    let mut others: Vec<(u32, Judged)> =
        (0..open.len()).into_par_iter().map(|at| (open[at], judge.judge_next(&open, at))).collect();
    drop(open);
    tracing::debug!("open records judged");
    let mut linked: Vec<Option<u32>> = settled.person.iter().map(|p| Some(*p).filter(|p| *p != OPEN)).collect();
    for same in decisions.by_record().flatten().filter(|d| d.verdict == Verdict::Same) {
        linked[same.right as usize] = Some(spine.stands_for[same.left as usize]);
    }
    let mut undecided = Vec::new();
    for (at, (record, judged)) in others.iter().enumerate() {
        match judged.status {
            Status::Linked => linked[*record as usize] = Some(judged.pairs[0].person),
            _ => undecided.push((at, *record)),
        }
    }
    let records: Vec<u32> = undecided.iter().map(|u| u.1).collect();
    let company = household::Company::of(&spine, entries, &linked, &records);
    drop(linked);
    company.learn(&mut model);
    let weights = weights.relearnt(&model, &spine.people);
    let mut judgement = Judgement { spine, model, weights, settled, others: Vec::new(), applied: Vec::new(), company };
    let judge = judgement.judge(entries);
    // Whom nothing led to anybody, and whose family leads nowhere, nothing new is known of.
    let hopeless = |at: usize, record: u32| {
        others[at].1.pairs.is_empty() && judgement.company.homes(entries, record).next().is_none()
    };
    undecided.retain(|(at, record)| !hopeless(*at, *record));
    let records: Vec<u32> = undecided.iter().map(|u| u.1).collect();
    let again: Vec<(usize, Judged)> =
        (0..records.len()).into_par_iter().map(|next| (undecided[next].0, judge.judge_next(&records, next))).collect();
    tracing::debug!(records = again.len(), "undecided records judged with their families");
    for (at, second) in again {
        others[at].1 = second;
    }
    let judge = judgement.judge(entries);
    let applied = decided::apply(&judge, &mut others, decisions);
    let kept = decided::kept(&others, decisions);
    judgement.applied = applied;
    judgement.others = others;
    if once_per_person || judgement.model.one_to_one {
        assign::once_per_person(&mut judgement);
    }
    decided::settle(&mut judgement, &kept, once_per_person);
    judgement
}

/// As [`judge`], with the settled records put into words too, in record order: for tables that hold every record.
pub(super) fn judge_all(
    spine: &spine::Spine,
    entries: &pack::Columns,
    model: &LinkModel,
    once_per_person: bool,
    decisions: &Decisions,
) -> (Vec<Judged>, Vec<Applied>, LinkModel) {
    let mut judgement = judge(spine, entries, model, once_per_person, decisions, &[]);
    let mut others = std::mem::take(&mut judgement.others).into_iter().peekable();
    let judge = judgement.judge(entries);
    let judged = (0..entries.len() as u32)
        .map(|record| match others.next_if(|o| o.0 == record) {
            Some((_, judged)) => judged,
            None => judge.settled(record, judgement.settled.person[record as usize]),
        })
        .collect();
    (judged, judgement.applied, judgement.model)
}
