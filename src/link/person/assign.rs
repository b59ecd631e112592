//! One person, one record: for sources that list each person at most once.
//!
//! In: the decisions of one source. Out: the same, with weaker claims on one person made possible. A claim by number and
//! name stays whatever else claims the person: it is the same person listed twice, which the source must explain.

use std::collections::BTreeMap;

use super::Judgement;
use super::decide::Status;
use super::numbers::NumberLevel;

/// Makes all but the strongest claim on a person possible; claims of equal weight all become possible.
pub fn once_per_person(judgement: &mut Judgement) {
    let people = judgement.spine.people.len();
    let mut claimed = vec![0_u8; people];
    for person in judgement.settled.person.iter().filter(|p| **p != super::OPEN) {
        let count = &mut claimed[*person as usize];
        *count = count.saturating_add(1);
    }
    // Settled claims are claims by number and name: only others can be the weaker ones.
    let settled: Vec<bool> = claimed.iter().map(|c| *c > 0).collect();
    let mut claims: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, (_, judged)) in judgement.others.iter().enumerate() {
        if judged.status == Status::Linked {
            claims.entry(judged.pairs[0].person).or_default().push(at);
        }
    }
    let others = &mut judgement.others;
    for (person, rows) in claims {
        let by_number = settled[person as usize];
        if rows.len() + usize::from(by_number) < 2 {
            continue;
        }
        let strong = |at: usize| others[at].1.pairs[0].levels.number == NumberLevel::Exact;
        let weight = |at: usize| others[at].1.pairs[0].weight;
        let best = rows.iter().map(|r| weight(*r)).fold(f64::MIN, f64::max);
        let any_strong = by_number || rows.iter().any(|r| strong(*r));
        let equals = rows.iter().filter(|r| weight(**r) == best).count();
        let weaker: Vec<usize> =
            rows.into_iter().filter(|r| !strong(*r) && (any_strong || weight(*r) < best || equals > 1)).collect();
        for at in weaker {
            others[at].1.status = Status::Possible;
            others[at].1.notes.claimed_twice = true;
        }
    }
}
