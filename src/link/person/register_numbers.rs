//! The register's identity numbers: who carries a number, in one probe of one table.
//!
//! In: packed persons. Out: [`Numbers`], an open-addressing table of integers. It is built once for a register and costs
//! sixteen bytes a slot; nothing in it depends on a random seed.

use super::numbers;
use super::pack::Columns;

/// No person in the slot.
const EMPTY: u32 = u32::MAX;
/// Set in a slot whose number several rows carry; the rest is the position of their group.
const SHARED: u32 = 1 << 31;

/// Numbers that are entered at once.
const TOGETHER: usize = 32;

/// Persons by identity number.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    /// Number and person; one access finds both.
    slots: Vec<(u64, u32)>,
    /// Where each group of rows with one number begins in `shared`; one more entry than groups.
    groups: Vec<u32>,
    shared: Vec<u32>,
    /// Each valid number one keying error away from a registered number that fails its check, with that person.
    near: Vec<(u64, u32)>,
}

impl Numbers {
    /// Enters the numbers of all persons.
    pub fn new(people: &Columns) -> Numbers {
        let used = people.number.iter().filter(|n| **n != numbers::NONE).count();
        // Two slots in three are used: short probes in little memory.
        let slots = used + used / 2 + 8;
        let mut table = Numbers { slots: vec![(numbers::NONE, EMPTY); slots], ..Numbers::default() };
        let mut again: Vec<(u64, u32)> = Vec::new();
        for (piece, some) in people.number.chunks(TOGETHER).enumerate() {
            table.touch(some.iter().copied());
            for (i, number) in some.iter().enumerate().filter(|(_, n)| **n != numbers::NONE) {
                let (at, person) = (table.place(*number), (piece * TOGETHER + i) as u32);
                if table.slots[at].1 == EMPTY {
                    table.slots[at] = (*number, person);
                } else {
                    again.push((*number, person));
                }
            }
        }
        again.sort_unstable();
        for same in again.chunk_by(|a, b| a.0 == b.0) {
            let at = table.place(same[0].0);
            table.groups.push(table.shared.len() as u32);
            // Rows are entered in their order, so the one in the table comes first.
            table.shared.push(table.slots[at].1);
            table.shared.extend(same.iter().map(|s| s.1));
            table.slots[at].1 = SHARED | (table.groups.len() - 1) as u32;
        }
        table.groups.push(table.shared.len() as u32);
        for (person, near) in &people.near {
            table.near.extend(near.neighbours().iter().map(|n| (n, *person)));
        }
        table.near.sort_unstable();
        table
    }

    /// Where the search for a number begins.
    fn first_place(&self, number: u64) -> usize {
        let hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((u128::from(hash ^ hash >> 32) * self.slots.len() as u128) >> 64) as usize
    }

    /// The slot of a number, or the empty slot where it would stand.
    fn place(&self, number: u64) -> usize {
        let mut at = self.first_place(number);
        while self.slots[at].1 != EMPTY && self.slots[at].0 != number {
            at += 1;
            if at == self.slots.len() {
                at = 0;
            }
        }
        at
    }

    /// The persons that carry exactly this number, in register order.
    pub fn owners(&self, number: u64) -> &[u32] {
        if number == numbers::NONE || self.slots.is_empty() {
            return &[];
        }
        let person = &self.slots[self.place(number)].1;
        match *person {
            EMPTY => &[],
            group if group & SHARED != 0 => self.group((group & !SHARED) as usize),
            _ => std::slice::from_ref(person),
        }
    }

    /// Brings what [`Numbers::owners`] reads for these numbers near: accesses that do not wait for one another overlap.
    pub fn touch(&self, numbers: impl Iterator<Item = u64>) {
        if !self.slots.is_empty() {
            std::hint::black_box(numbers.fold(0, |sum, number| sum ^ self.slots[self.first_place(number)].0));
        }
    }

    fn group(&self, group: usize) -> &[u32] {
        &self.shared[self.groups[group] as usize..self.groups[group + 1] as usize]
    }

    /// The rows of each number that several rows carry, by ascending number.
    pub fn shared(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.groups.len().saturating_sub(1)).map(|group| self.group(group))
    }

    /// Persons whose registered number fails its check and is one keying error away from this valid one.
    pub fn nearly(&self, number: u64) -> impl Iterator<Item = u32> {
        let from = self.near.partition_point(|n| n.0 < number);
        self.near[from..].iter().take_while(move |n| n.0 == number).map(|n| n.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::person::testing::{Row, number, people};

    #[test]
    fn every_number_finds_its_rows() {
        let numbers: Vec<String> = (0..300).map(|i| number("990121", "19700105", i % 290)).collect();
        let rows: Vec<Row> = numbers.iter().map(|n| Row::new("某").number(n)).collect();
        let register = people(&rows);
        let table = Numbers::new(&register);
        for (row, number) in register.number.iter().enumerate() {
            let expected: Vec<u32> =
                if row % 290 < 10 { vec![row as u32 % 290, row as u32 % 290 + 290] } else { vec![row as u32] };
            assert_eq!(table.owners(*number), expected, "{row}");
        }
        assert_eq!(table.shared().count(), 10);
        assert!(table.owners(numbers::pack(&number("990121", "19700106", 1)).expect("18")).is_empty());
        assert!(Numbers::new(&people(&[])).owners(7).is_empty());
    }
}
