//! Records that need no judgement: number, name and everything else the record says agree with one person.
//!
//! In: the register and the records. Out: for each record the person, or [`OPEN`]. It costs one probe of the table of
//! numbers and no memory beside the answer; nine records of ten end here. What is settled here is what
//! [`Judge`](super::decide::Judge) would link on level `exact` of number and name, and nothing else.

use rayon::prelude::*;

use super::numbers;
use super::pack::{Columns, NO_DATE};
use super::spine::Spine;

/// The record is not settled.
pub const OPEN: u32 = u32::MAX;

/// Settles what can be settled, record by record.
pub fn settle(spine: &Spine, entries: &Columns) -> Vec<u32> {
    (0..entries.len() as u32).into_par_iter().map(|record| one(spine, entries, record).unwrap_or(OPEN)).collect()
}

fn one(spine: &Spine, entries: &Columns, record: u32) -> Option<u32> {
    let (i, people) = (record as usize, &*spine.people);
    let [person] = *spine.index.owners(entries.number[i]) else {
        return None;
    };
    let j = person as usize;
    if entries.number[i] == numbers::NONE || !same_name(entries, record, people, person) {
        return None;
    }
    let birth = entries.birth[i];
    let born = birth != NO_DATE && (birth == people.birth[j] || birth == people.number_birth[j]);
    let sex = people.any_sex(person);
    if !(born || birth == NO_DATE) || !(entries.sex[i] == 0 || sex == 0 || entries.sex[i] == sex) {
        return None;
    }
    let alone = spine.stands_for[j] == person && !spine.is_repeated(person);
    (alone && (born || !namesake_at_home(spine, person))).then_some(person)
}

/// The same characters, all of them readable.
fn same_name(entries: &Columns, record: u32, people: &Columns, person: u32) -> bool {
    let (a, b) = (entries.name[record as usize], people.name[person as usize]);
    let equal = match std::sync::Arc::ptr_eq(&entries.names, &people.names) {
        true => a == b,
        false => entries.name_of(record).map(|n| n.text()) == people.name_of(person).map(|n| n.text()),
    };
    equal && people.name_of(person).is_some_and(|n| n.script_key().is_some() && n.surname_key().is_some())
}

/// Another member of the household with the same name: without a birth date the number may be the other one's.
fn namesake_at_home(spine: &Spine, person: u32) -> bool {
    let people = &*spine.people;
    let name = |row: u32| people.name_of(row).and_then(|n| n.script_key());
    let household = &spine.members[spine.household_of[person as usize] as usize];
    household.len() > 1 && {
        let own = (people.name[person as usize], name(person));
        household.iter().any(|m| *m != person && (people.name[*m as usize] == own.0 || name(*m) == own.1))
    }
}
