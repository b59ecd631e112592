//! Records that need no judgement: number, name and everything else the record says agree with one person.
//!
//! In: the register and the records. Out: for each record the person, or [`OPEN`]. It costs one probe of the table of
//! numbers and no memory beside the answer; nine records of ten end here. What is settled here is what
//! [`Judge`](super::decide::Judge) would link on level `exact` of number and name, and nothing else.

use std::sync::Arc;

use rayon::prelude::*;

use super::pack::{Columns, NO_DATE};
use super::spine::Spine;
use super::{names, numbers, score};

/// The record is not settled.
pub const OPEN: u32 = u32::MAX;

/// Records of one task.
const PIECE: usize = 1 << 12;
/// Records whose persons are looked up at once.
const TOGETHER: usize = 32;

/// Settled records.
#[derive(Debug, Clone, Default)]
pub struct Settled {
    /// The person of each record, or [`OPEN`].
    pub person: Vec<u32>,
    /// Settled records of one kind agree with their persons on the same levels.
    pub kind: Vec<u8>,
}

/// Settles what can be settled, record by record.
pub fn settle(spine: &Spine, entries: &Columns) -> Settled {
    let shared = Arc::ptr_eq(&entries.names, &spine.people.names);
    let mut settled = Settled { person: vec![OPEN; entries.len()], kind: vec![0; entries.len()] };
    let pieces = settled.person.par_chunks_mut(PIECE).zip(settled.kind.par_chunks_mut(PIECE)).enumerate();
    pieces.for_each(|(piece, (persons, kinds))| {
        for first in (0..persons.len()).step_by(TOGETHER) {
            let some = first..persons.len().min(first + TOGETHER);
            let record = |at: usize| piece * PIECE + at;
            // Numbers and persons lie anywhere in memory: accesses that do not wait for one another overlap.
            spine.index.touch(some.clone().map(|at| entries.number[record(at)]));
            let owners = some.clone().filter_map(|at| spine.index.owners(entries.number[record(at)]).first());
            std::hint::black_box(owners.fold(0, |sum, person| sum ^ spine.cards[*person as usize].name));
            for at in some {
                if let Some((person, kind)) = one(spine, entries, record(at) as u32, shared) {
                    (persons[at], kinds[at]) = (person, kind);
                }
            }
        }
    });
    settled
}

fn one(spine: &Spine, entries: &Columns, record: u32, shared: bool) -> Option<(u32, u8)> {
    let i = record as usize;
    let (number, name) = (entries.number[i], entries.name[i]);
    if number == numbers::NONE || name == names::NONE {
        return None;
    }
    let [person] = *spine.index.owners(number) else {
        return None;
    };
    let card = &spine.cards[person as usize];
    let same_name = match shared {
        true => card.name == name,
        false => entries.name_of(record).map(|n| n.text()) == spine.people.name_of(person).map(|n| n.text()),
    };
    let (birth, sex) = (entries.birth[i], entries.sex[i]);
    let born = birth != NO_DATE && (birth == card.birth || birth == card.number_birth);
    let said = sex != 0 && card.sex != 0;
    if !same_name || !card.plain || !(born || birth == NO_DATE) || said && sex != card.sex {
        return None;
    }
    if !born && namesake_at_home(spine, person) {
        return None;
    }
    let division = score::divisions((entries.township[i], entries.village[i]), (card.township, card.village));
    let phone = score::phones(entries, record, spine, person);
    // All that the levels of such a pair depend on: birth date and sex agree or are not told.
    Some((person, u8::from(born) | u8::from(said) << 1 | (division as u8) << 2 | (phone as u8) << 5))
}

/// Another member of the household with the same name: without a birth date the number may be the other one's.
fn namesake_at_home(spine: &Spine, person: u32) -> bool {
    let people = &*spine.people;
    let name = |row: u32| people.names.block_keys(people.name[row as usize])[0];
    let household = &spine.members[spine.household_of[person as usize] as usize];
    household.len() > 1 && {
        let own = name(person);
        household.iter().any(|m| *m != person && name(*m) == own)
    }
}
