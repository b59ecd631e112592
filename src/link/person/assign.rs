//! One person, one record: for sources that list each person at most once.
//!
//! In: the decisions of one source. Out: the same, with claims that exclude each other settled by the assignment of
//! greatest total weight ([`assignment`]). A claim by number and name stays whatever else claims the person: it is the
//! same person listed twice, which the source must explain. Any other link stays only when it is as far ahead of every
//! other assignment as the model's margin asks; equals and near equals go to clerical review. Of the candidates that
//! somebody looks at, those come first that no other record of the source has.

use std::collections::BTreeSet;

use super::Judgement;
use super::decide::{Judged, Pair, Status};
use super::numbers::NumberLevel;
use super::settled::OPEN;
use crate::link::assignment::{self, Assigned};
use crate::plan::LinkModel;

/// Weights are rounded in an assignment; this much below a threshold is still at it.
const ROUNDING: f64 = 1e-3;

/// Settles the claims of a source's records. Records that number and name settled keep their person.
pub fn once_per_person(judgement: &mut Judgement) {
    let model = judgement.model.clone();
    let mut taken: BTreeSet<u32> = judgement.settled.person.iter().copied().filter(|p| *p != OPEN).collect();
    let others = &mut judgement.others;
    taken.extend(others.iter().filter(|(_, j)| by_number(j)).map(|(_, j)| j.pairs[0].person));
    let claims = assign(others, &model, &taken, |j| j.status == Status::Linked && !by_number(j));
    for (record, judged) in others.iter_mut() {
        if judged.status != Status::Linked || by_number(judged) {
            continue;
        }
        let best = judged.pairs[0];
        let enough = model.margin.min(best.alone() - model.possible_at) - ROUNDING;
        let sure = claims.of(*record).is_some_and(|c| c.left == best.person && c.margin >= enough);
        if sure {
            taken.insert(best.person);
        } else {
            judged.status = Status::Possible;
            judged.notes.claimed_twice = true;
        }
    }

    let looked_at = |j: &Judged| matches!(j.status, Status::Possible | Status::Conflict);
    let left_over = assign(others, &model, &taken, looked_at);
    for (record, judged) in others.iter_mut().filter(|(_, j)| looked_at(j)) {
        let Some(before) = judged.pairs.first().map(|p| p.person) else { continue };
        let own = left_over.of(*record).map(|c| c.left);
        // Stable: within each of the three the best stays first.
        judged.pairs.sort_by_key(|p| (own != Some(p.person), taken.contains(&p.person)));
        judged.notes.best_is_taken = judged.pairs[0].person != before;
    }
}

/// A link whose identity number agrees: nothing else can take the person from it.
fn by_number(judged: &Judged) -> bool {
    judged.status == Status::Linked && judged.pairs[0].levels.number == NumberLevel::Exact
}

/// Rivals are left out of the weights: that a record means one person only is what an assignment knows by itself.
fn assign(
    others: &[(u32, Judged)],
    model: &LinkModel,
    taken: &BTreeSet<u32>,
    of: impl Fn(&Judged) -> bool,
) -> Assigned {
    let edges: Vec<(u32, u32, f32)> = others
        .iter()
        .filter(|(_, j)| of(j))
        .flat_map(|(record, j)| j.pairs.iter().map(move |p| (*record, p)))
        .filter(|(_, p): &(u32, &Pair)| !taken.contains(&p.person))
        .map(|(record, p)| (p.person, record, (p.alone() - model.possible_at) as f32))
        .collect();
    assignment::one_to_one(&edges)
}
