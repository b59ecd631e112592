//! One person, one record: for sources that list each person at most once.
//!
//! In: the decisions of one source. Out: the same, with claims that exclude each other settled by the assignment of
//! greatest total weight ([`assignment`]). A claim by number and name stays whatever else claims the person: it is the
//! same person listed twice, which the source must explain. Any other link stays only when it is as far ahead of every
//! other assignment as the model's margin asks; equals and near equals go to clerical review. Of the records that somebody
//! looks at, those persons come first that no other record of the source has.

use std::collections::BTreeSet;

use super::decide::{Judged, Pair, Status};
use super::evidence;
use super::numbers::NumberLevel;
use super::pack::Columns;
use crate::link::assignment::{self, Assigned};
use crate::plan::LinkModel;

/// Weights are rounded in an assignment; this much below a threshold is still at it.
const ROUNDING: f64 = 1e-3;

/// Settles the claims of a source's records; `people` are the persons that candidates stand for.
pub fn once_per_person(judged: &mut [Judged], model: &LinkModel, people: &Columns) {
    let fixed: BTreeSet<u32> = judged.iter().filter(|j| by_number(j)).map(|j| j.pairs[0].person).collect();
    let claims = assign(judged, model, &fixed, |j| j.status == Status::Linked && !by_number(j));
    for (record, judged) in judged.iter_mut().enumerate() {
        if judged.status != Status::Linked || by_number(judged) {
            continue;
        }
        let best = judged.pairs[0];
        let enough = model.margin.min(best.weight - model.possible_at) - ROUNDING;
        let sure = claims.of(record as u32).is_some_and(|c| c.left == best.person && c.margin >= enough);
        if !sure {
            judged.status = Status::Possible;
            judged.evidence.push_str("；本来源另有记录也对应此人");
        }
    }

    let taken: BTreeSet<u32> =
        judged.iter().filter(|j| j.status == Status::Linked).map(|j| j.pairs[0].person).collect();
    let looked_at = |j: &Judged| matches!(j.status, Status::Possible | Status::Conflict);
    let left_over = assign(judged, model, &taken, looked_at);
    for (record, judged) in judged.iter_mut().enumerate().filter(|(_, j)| looked_at(j)) {
        let Some(before) = judged.pairs.first().map(|p| p.person) else { continue };
        let own = left_over.of(record as u32).map(|c| c.left);
        // Stable: within each of the three the best stays first.
        judged.pairs.sort_by_key(|p| (own != Some(p.person), taken.contains(&p.person)));
        let first = judged.pairs[0];
        if first.person != before {
            let words = evidence::pair(&first.levels, people, first.person);
            judged.evidence = format!("{words}；更相近的人已对应本来源另一记录（{}）", judged.evidence);
        }
    }
}

/// A link whose identity number agrees: nothing else can take the person from it.
fn by_number(judged: &Judged) -> bool {
    judged.status == Status::Linked && judged.pairs[0].levels.number == NumberLevel::Exact
}

fn assign(judged: &[Judged], model: &LinkModel, taken: &BTreeSet<u32>, of: impl Fn(&Judged) -> bool) -> Assigned {
    let edges: Vec<(u32, u32, f32)> = judged
        .iter()
        .enumerate()
        .filter(|(_, j)| of(j))
        .flat_map(|(record, j)| j.pairs.iter().map(move |p| (record, p)))
        .filter(|(_, p): &(usize, &Pair)| !taken.contains(&p.person))
        .map(|(record, p)| (p.person, record as u32, (p.weight - model.possible_at) as f32))
        .collect();
    assignment::one_to_one(&edges)
}
