//! One person, one record: for sources that list each person at most once.
//!
//! In: the decisions of one source. Out: the same, with weaker claims on one person made possible. A claim by number and
//! name stays whatever else claims the person: it is the same person listed twice, which the source must explain.

use std::collections::BTreeMap;

use super::decide::{Judged, Status};
use super::numbers::NumberLevel;

/// Makes all but the strongest claim on a person possible; claims of equal weight all become possible.
pub fn once_per_person(judged: &mut [Judged]) {
    let mut claims: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (record, judged) in judged.iter().enumerate() {
        if judged.status == Status::Linked {
            claims.entry(judged.pairs[0].person).or_default().push(record);
        }
    }
    for records in claims.into_values().filter(|r| r.len() > 1) {
        let strong = |record: usize| judged[record].pairs[0].levels.number == NumberLevel::Exact;
        let weight = |record: usize| judged[record].pairs[0].weight;
        let best = records.iter().map(|r| weight(*r)).fold(f64::MIN, f64::max);
        let any_strong = records.iter().any(|r| strong(*r));
        let equals = records.iter().filter(|r| weight(**r) == best).count();
        let weaker: Vec<usize> =
            records.into_iter().filter(|r| !strong(*r) && (any_strong || weight(*r) < best || equals > 1)).collect();
        for record in weaker {
            judged[record].status = Status::Possible;
            judged[record].notes.claimed_twice = true;
        }
    }
}
