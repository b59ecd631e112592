//! The register as linkage reads it: packed columns, who carries which number, and who lives with whom.

use std::ops;
use std::sync::Arc;

use super::block::Index;
use super::pack::{Columns, NO_DATE};

/// The register without its texts: what a record is compared with. A copy shares its columns.
#[derive(Debug, Clone)]
pub struct Spine {
    /// The persons, one row each.
    pub people: Arc<Columns>,
    /// Persons by number, and by the keys of the records that are looked for.
    pub index: Index,
    /// Household of each person.
    pub household_of: Arc<Vec<u32>>,
    /// Persons of each household, ascending.
    pub members: Arc<Members>,
    /// The row that stands for each row's person.
    pub stands_for: Arc<Vec<u32>>,
    /// Rows that stand for others too, ascending.
    pub repeated: Arc<Vec<u32>>,
    /// What settling a record reads of each person, in one place.
    pub cards: Arc<Vec<Card>>,
}

/// What a comparison reads of a person but the letters of the name, in one place: memory is what a candidate costs.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub struct Card {
    /// Packed number, [`super::numbers::NONE`] without a valid one.
    pub number: u64,
    /// Township.
    pub township: u64,
    /// Village.
    pub village: u64,
    /// Telephone, 0 none.
    pub phone: u64,
    /// Name id.
    pub name: u32,
    /// Birth date of the register's own column.
    pub birth: i32,
    /// Birth date that the number names.
    pub number_birth: i32,
    /// Sex of the column, else of the number.
    pub sex: u8,
    /// Household.
    pub household: u32,
    /// One bit for each telephone of the household, by [`phone_bit`]; 0 when nobody there has one.
    pub phones: u32,
    /// True when the name is readable and no other row is about the same person.
    pub plain: bool,
}

impl Card {
    /// The birth date of the own column, else of the number.
    pub fn any_birth(&self) -> i32 {
        match self.birth {
            NO_DATE => self.number_birth,
            own => own,
        }
    }
}

/// The bit that stands for a telephone among 32; several telephones share each.
pub fn phone_bit(phone: u64) -> u32 {
    1 << (phone.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59)
}

/// Persons by household, one after the other in one array.
#[derive(Debug, Clone, Default)]
pub struct Members {
    persons: Vec<u32>,
    starts: Vec<u32>,
}

impl Members {
    /// Groups persons by the household of each; households are numbered from 0 without gaps.
    pub fn of(household_of: &[u32]) -> Members {
        let households = household_of.iter().max().map_or(0, |h| *h as usize + 1);
        let mut starts = vec![0_u32; households + 1];
        for household in household_of {
            starts[*household as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut persons = vec![0; household_of.len()];
        for (person, household) in household_of.iter().enumerate() {
            let at = &mut next[*household as usize];
            persons[*at as usize] = person as u32;
            *at += 1;
        }
        Members { persons, starts }
    }

    /// All households in order, each with its persons.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.starts.len().saturating_sub(1)).map(|household| &self[household])
    }
}

impl ops::Index<usize> for Members {
    type Output = [u32];

    fn index(&self, household: usize) -> &[u32] {
        &self.persons[self.starts[household] as usize..self.starts[household + 1] as usize]
    }
}

impl Spine {
    /// Packed persons; `index` knows their numbers.
    pub fn new(people: Columns, index: Index, household_of: Vec<u32>, members: Members, stands_for: Vec<u32>) -> Spine {
        let mut repeated: Vec<u32> =
            stands_for.iter().zip(0..).filter(|(s, row)| **s != *row).map(|(s, _)| *s).collect();
        repeated.sort_unstable();
        repeated.dedup();
        let readable = people.names.readable();
        let mut cards: Vec<Card> = (0..people.len())
            .map(|i| {
                let readable = readable.get(people.name[i] as usize) == Some(&true);
                Card {
                    number: people.number[i],
                    township: people.township[i],
                    household: household_of[i],
                    phones: 0,
                    village: people.village[i],
                    phone: people.phone.get(i).copied().unwrap_or(0),
                    name: people.name[i],
                    birth: people.birth[i],
                    number_birth: people.number_birth[i],
                    sex: people.any_sex(i as u32),
                    plain: readable && stands_for[i] as usize == i,
                }
            })
            .collect();
        for row in &repeated {
            cards[*row as usize].plain = false;
        }
        for household in members.iter().filter(|_| !people.phone.is_empty()) {
            let known = household.iter().map(|m| people.phone[*m as usize]).filter(|phone| *phone != 0);
            let phones = known.fold(0, |bits, phone| bits | phone_bit(phone));
            household.iter().for_each(|m| cards[*m as usize].phones = phones);
        }
        Spine {
            index,
            cards: Arc::new(cards),
            people: Arc::new(people),
            household_of: Arc::new(household_of),
            members: Arc::new(members),
            stands_for: Arc::new(stands_for),
            repeated: Arc::new(repeated),
        }
    }

    /// The same register, ready to be asked for the candidates of these records.
    pub fn asked_by(&self, entries: &Columns, records: &[u32], max_block: usize) -> Spine {
        Spine { index: self.index.asked_by(&self.people, entries, records, max_block), ..self.clone() }
    }

    /// Brings what a comparison with these persons reads near: accesses that do not wait for one another overlap.
    pub fn touch(&self, persons: impl Iterator<Item = u32>) {
        let names = &self.people.names;
        let touched = persons.fold(0, |sum, person| sum ^ names.touch(self.cards[person as usize].name));
        std::hint::black_box(touched);
    }

    /// True when other rows of the register are about the same person.
    pub fn is_repeated(&self, person: u32) -> bool {
        self.repeated.binary_search(&person).is_ok()
    }
}
