//! What the other records of a file say about one: its family, its telephone, and who is taken already.
//!
//! In: the links of the first round. Out: a [`Company`], with which the undecided records are judged once more. It
//! rests on links of the first round only, so that the outcome does not depend on the order in which records are looked
//! at, and it keeps no more than the families of undecided records: its cost is one pass over the records and one
//! over the register's telephones.

use super::keys::key;
use super::pack::Columns;
use super::score::{ClaimLevel, HouseholdLevel};
use super::spine::Spine;
use crate::link::zeros::zeros;
use crate::plan::LinkModel;

/// A number that stands for more households than this is no family's: a village's, or a clerk's own telephone.
const MOST_HOMES: usize = 6;

/// Tags of the keys.
const GROUP: u64 = 200;
const PHONE: u64 = 201;

/// What decided records say of undecided ones.
#[derive(Debug, Clone, Default)]
pub struct Company {
    /// Links to each person, counted to 255.
    taken: Vec<u8>,
    /// Keys of families and telephones with the households they lead to, sorted.
    homes: Vec<(u64, u32)>,
    /// Of links whose family has another link: how many there are, and how many share a household with the next.
    neighbours: [f64; 2],
}

fn group_key(entries: &Columns, record: u32) -> Option<u64> {
    entries.group.get(record as usize).filter(|g| **g != 0).map(|g| key(GROUP, &[*g]))
}

fn phone_key(columns: &Columns, row: u32) -> Option<u64> {
    columns.phone.get(row as usize).filter(|p| **p != 0).map(|p| key(PHONE, &[*p]))
}

impl Company {
    /// Collects what the linked records (person by record) say of the undecided ones.
    pub fn of(spine: &Spine, entries: &Columns, linked: &[Option<u32>], undecided: &[u32]) -> Company {
        let mut taken: Vec<u8> = zeros(spine.people.len());
        for person in linked.iter().flatten() {
            let links = &mut taken[*person as usize];
            *links = links.saturating_add(1);
        }
        let wanted =
            Wanted::of(undecided.iter().flat_map(|r| group_key(entries, *r).into_iter().chain(phone_key(entries, *r))));
        let mut homes: Vec<(u64, u32)> = Vec::new();
        for (person, record) in linked.iter().zip(0..).filter_map(|(p, record)| Some(((*p)?, record))) {
            let keys = group_key(entries, record).into_iter().chain(phone_key(entries, record));
            homes.extend(keys.filter(|k| wanted.has(*k)).map(|k| (k, spine.household_of[person as usize])));
        }
        homes.sort_unstable();
        let mut neighbours = [0.0; 2];
        for pair in homes.windows(2).filter(|p| p[0].0 == p[1].0) {
            neighbours[0] += 1.0;
            neighbours[1] += f64::from(u8::from(pair[0].1 == pair[1].1));
        }
        if !spine.people.phone.is_empty() && !entries.phone.is_empty() {
            let rows = 0..spine.people.len() as u32;
            let known = rows.filter_map(|p| Some((phone_key(&spine.people, p)?, p))).filter(|(k, _)| wanted.has(*k));
            homes.extend(known.map(|(key, person)| (key, spine.household_of[person as usize])));
            homes.sort_unstable();
        }
        homes.dedup();
        let mut kept = Vec::with_capacity(homes.len());
        for same in homes.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() <= MOST_HOMES) {
            kept.extend_from_slice(same);
        }
        Company { taken, homes: kept, neighbours }
    }

    fn under(&self, key: Option<u64>) -> &[(u64, u32)] {
        let Some(key) = key else {
            return &[];
        };
        let from = self.homes.partition_point(|h| h.0 < key);
        let to = from + self.homes[from..].iter().take_while(|h| h.0 == key).count();
        &self.homes[from..to]
    }

    /// Households that the record's family or telephone leads to.
    pub fn homes(&self, entries: &Columns, record: u32) -> impl Iterator<Item = u32> {
        let (group, phone) = (self.under(group_key(entries, record)), self.under(phone_key(entries, record)));
        group.iter().chain(phone).map(|h| h.1)
    }

    /// How a household agrees with what the record's family says.
    pub fn household(&self, entries: &Columns, record: u32, household: u32) -> HouseholdLevel {
        let mut level = HouseholdLevel::Missing;
        for home in self.homes(entries, record) {
            if home == household {
                return HouseholdLevel::Same;
            }
            level = HouseholdLevel::Other;
        }
        level
    }

    /// Whether another record is linked to the person.
    pub fn claim(&self, person: u32) -> ClaimLevel {
        if self.taken[person as usize] == 0 { ClaimLevel::Free } else { ClaimLevel::Taken }
    }

    /// Counts what a family's other links and an earlier link to a person are worth in this file.
    ///
    /// Among matches a person is taken as often as a link's person has a second link; among others as often as any
    /// person has one. In a list of persons that is telling, in a list of events it says nothing, and no one need
    /// tell which the file is.
    pub fn learn(&self, model: &mut LinkModel) {
        let persons = self.taken.len() as f64;
        let held = self.taken.iter().filter(|t| **t > 0).count() as f64;
        let links: f64 = self.taken.iter().map(|t| f64::from(*t)).sum();
        let again: f64 = self.taken.iter().filter(|t| **t > 1).map(|t| f64::from(*t)).sum();
        let trust = if model.estimate { model.trust } else { return };
        for comparison in &mut model.comparisons {
            let counted = match comparison.name.as_str() {
                // Linked households differ from the family's more often than links are wrong: people move and marry.
                "household" => [("same", self.neighbours[1], 0.0, self.neighbours[0], 0.0)],
                "claim" => [("taken", again, held, links, persons)],
                _ => continue,
            };
            for (word, among_matches, among_others, matches, others) in counted {
                let blend = |count: f64, of: f64, own: f64| (count + trust * own) / (of + trust);
                let Some(at) = comparison.levels.iter().position(|l| l.level == word) else {
                    continue;
                };
                let (m, u) = (comparison.levels[at].m, comparison.levels[at].u);
                let (new_m, new_u) = (blend(among_matches, matches, m), blend(among_others, others, u));
                for (i, level) in comparison.levels.iter_mut().enumerate().filter(|(_, l)| l.level != "missing") {
                    // Two levels beside `missing`: what one gains the other loses.
                    level.m += if i == at { new_m - m } else { m - new_m };
                    if others > 0.0 {
                        level.u += if i == at { new_u - u } else { u - new_u };
                    }
                    level.m = level.m.clamp(1e-4, 0.9999);
                    if level.others == 0.0 {
                        level.u = level.u.clamp(1e-4, 0.9999);
                    }
                }
            }
        }
    }
}

/// Keys that are asked for, behind a bit field that turns most others away at once.
struct Wanted {
    bits: Vec<u64>,
    keys: Vec<u64>,
}

impl Wanted {
    fn of(keys: impl Iterator<Item = u64>) -> Wanted {
        let mut keys: Vec<u64> = keys.collect();
        keys.sort_unstable();
        keys.dedup();
        let mut bits = vec![0_u64; (keys.len() / 4 + 1).next_power_of_two()];
        for key in &keys {
            let (at, bit) = Wanted::place(bits.len(), *key);
            bits[at] |= bit;
        }
        Wanted { bits, keys }
    }

    fn place(words: usize, key: u64) -> (usize, u64) {
        ((key >> 6) as usize & (words - 1), 1 << (key & 63))
    }

    fn has(&self, key: u64) -> bool {
        let (at, bit) = Wanted::place(self.bits.len(), key);
        self.bits[at] & bit != 0 && self.keys.binary_search(&key).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Row, model, people};
    use super::super::tests::{build, number_of};
    use super::*;

    fn register() -> crate::link::Register {
        let home = |name: &str, i: u32, home: &str| {
            Row::new(name).number(&number_of(i)).village(1, 1).household(home, "other")
        };
        build(&[
            home("张建国", 1, "001").set("phone", "13900000001"),
            home("陈秀英", 2, "001"),
            home("张小丽", 3, "001"),
            home("王强", 4, "002"),
            home("赵玉兰", 5, "003"),
        ])
    }

    fn delivery() -> Columns {
        let family = |name: &str, family: &str| Row::new(name).household(family, "other");
        people(&[
            family("张建国", "F1"),
            family("陈秀英", "F1"),
            family("张丽", "F1"),
            family("王强", "F2"),
            Row::new("陈秀英").set("phone", "13900000001"),
            family("某", "F3"),
        ])
    }

    #[test]
    fn a_family_leads_to_its_household() {
        let (register, entries) = (register(), delivery());
        let linked = [Some(0), Some(1), None, Some(3), None, None];
        let company = Company::of(&register.spine, &entries, &linked, &[2, 4, 5]);
        let home = register.spine.household_of[0];
        assert_eq!(company.homes(&entries, 2).collect::<Vec<_>>(), [home]);
        assert_eq!(company.household(&entries, 2, home), HouseholdLevel::Same);
        assert_eq!(company.household(&entries, 2, register.spine.household_of[3]), HouseholdLevel::Other);
        assert_eq!(company.homes(&entries, 4).collect::<Vec<_>>(), [home], "by the telephone of the register");
        assert_eq!(company.household(&entries, 5, home), HouseholdLevel::Missing);
        assert_eq!((company.claim(0), company.claim(2)), (ClaimLevel::Taken, ClaimLevel::Free));
    }

    #[test]
    fn a_number_of_a_whole_village_is_no_family() {
        let rows: Vec<Row> =
            (0..8).map(|i| Row::new("某").number(&number_of(i)).household(&format!("{i}"), "head")).collect();
        let register = build(&rows);
        let entries = people(&(0..9).map(|_| Row::new("某").household("F1", "other")).collect::<Vec<_>>());
        let linked: Vec<Option<u32>> = (0..9).map(|i| (i < 8).then_some(i)).collect();
        let company = Company::of(&register.spine, &entries, &linked, &[8]);
        assert_eq!(company.homes(&entries, 8).count(), 0);
    }

    #[test]
    fn a_claim_tells_in_a_list_of_persons_and_not_in_one_of_events() {
        let rows: Vec<Row> = (0..2000).map(|_| Row::nameless()).collect();
        let register = build(&rows);
        let nothing = people(&[]);
        let bits = |linked: Vec<Option<u32>>| {
            let mut model = model();
            Company::of(&register.spine, &nothing, &linked, &[]).learn(&mut model);
            let weight = |word| model.weight("claim", word, 2000).expect("a level");
            weight("free") - weight("taken")
        };
        assert!(bits((0..1200).map(Some).collect()) > 3.0);
        assert!(bits((0..4800).map(|i| Some(i % 1200)).collect()) < 0.0);
    }
}
