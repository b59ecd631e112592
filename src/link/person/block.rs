//! Blocking: which persons a record is compared with.
//!
//! In: the register's packed columns and the records that number and name do not settle. Out: an [`Index`]: the
//! register's numbers, and persons under the keys of those records. Not the register is indexed by all its keys, but
//! what the few open records ask for: their keys are collected, and one pass over the register keeps the persons that
//! have one. A block larger than the model's `max_block` is left out: a narrower key finds its true pairs, and nothing
//! is ever quadratic.

use std::sync::Arc;

use rayon::prelude::*;

use super::keys;
use super::numbers;
use super::pack::{Columns, NO_DATE, NO_DIVISION};
use super::register_numbers::Numbers;
use crate::link::zeros::zeros;

/// What brought a record and a person together, from the surest key to the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Pass {
    /// The number and the name; decides at once.
    NumberAndName,
    /// The number.
    Number,
    /// A number one keying error away.
    NearNumber,
    /// The 15 readable digits of a damaged number.
    NumberPrefix,
    /// Name and birth date.
    NameBirth,
    /// Name and village.
    NameVillage,
    /// Sound of the name and birth date.
    SoundBirth,
    /// Sound of the name and village.
    SoundVillage,
    /// Surname and birth date.
    SurnameBirth,
    /// Name and township.
    NameTownship,
    /// Member of a household that another key led to.
    Household,
    /// A person of the office decided so.
    Decision,
}

impl Pass {
    /// All passes in their order.
    pub const ALL: [Pass; 12] = [
        Pass::NumberAndName,
        Pass::Number,
        Pass::NearNumber,
        Pass::NumberPrefix,
        Pass::NameBirth,
        Pass::NameVillage,
        Pass::SoundBirth,
        Pass::SoundVillage,
        Pass::SurnameBirth,
        Pass::NameTownship,
        Pass::Household,
        Pass::Decision,
    ];

    /// The word of the table `links`.
    pub fn as_str(self) -> &'static str {
        match self {
            Pass::NumberAndName => "number_and_name",
            Pass::Number => "number",
            Pass::NearNumber => "near_number",
            Pass::NumberPrefix => "number_prefix",
            Pass::NameBirth => "name_birth",
            Pass::NameVillage => "name_village",
            Pass::SoundBirth => "sound_birth",
            Pass::SoundVillage => "sound_village",
            Pass::SurnameBirth => "surname_birth",
            Pass::NameTownship => "name_township",
            Pass::Household => "household",
            Pass::Decision => "decision",
        }
    }
}

/// Number of passes.
const PASSES: usize = Pass::ALL.len();

/// Rows of the register that one task of the pass over it looks at.
const CHUNK: u32 = 1 << 14;

/// Persons by number, and by the keys that were asked for.
#[derive(Debug, Clone, Default)]
pub struct Index {
    numbers: Arc<Numbers>,
    keys: Vec<u64>,
    persons: Vec<u32>,
    /// Where the keys with each value of the leading bits begin; one more entry than values.
    directory: Vec<u32>,
    shift: u32,
    cut: [u64; PASSES],
}

impl Index {
    /// The register's numbers, and nothing else asked for yet.
    pub fn new(people: &Columns) -> Index {
        Index { numbers: Arc::new(Numbers::new(people)), ..Index::default() }
    }

    /// The register's numbers, and the persons under the keys of these records.
    pub fn asked_by(&self, people: &Columns, entries: &Columns, records: &[u32], max_block: usize) -> Index {
        let asked: Vec<Asked> = records
            .par_chunks(1 << 12)
            .map(|records| {
                let mut asked = Asked::default();
                records.iter().for_each(|record| self.ask(people, entries, *record, &mut asked));
                asked
            })
            .collect();
        let wanted: Vec<Wanted> =
            (0..PASSES).into_par_iter().map(|pass| Wanted::new(asked.iter().map(|a| &a.keys[pass]))).collect();
        let anywhere = Wanted::new(asked.iter().map(|a| &a.anywhere));
        drop(asked);
        let chunks: Vec<(u32, u32)> = (0..people.len() as u32)
            .step_by(CHUNK as usize)
            .map(|from| (from, (from + CHUNK).min(people.len() as u32)))
            .collect();
        let found: Vec<Vec<(u64, u32)>> = chunks
            .into_par_iter()
            .map(|(from, to)| {
                let mut found = Vec::new();
                let mut keys = [[0; 3]; 32];
                for first in (from..to).step_by(keys.len()) {
                    // Names lie anywhere in memory: accesses that do not wait for one another overlap.
                    let some = first..to.min(first + keys.len() as u32);
                    for (keys, person) in keys.iter_mut().zip(some.clone()) {
                        *keys = people.names.block_keys(people.name[person as usize]);
                    }
                    for (keys, person) in keys.iter().zip(some) {
                        find_person(people, person, *keys, &wanted, &anywhere, &mut found);
                    }
                }
                found
            })
            .collect();
        let mut entered: Vec<(u64, u32)> = found.concat();
        drop(found);
        entered.par_sort_unstable();
        entered.dedup();
        let mut index = Index { numbers: self.numbers.clone(), ..Index::default() };
        index.enter(entered);
        index.count_cut(entries, records, max_block);
        index
    }

    fn enter(&mut self, entered: Vec<(u64, u32)>) {
        let bits = (entered.len().max(2).ilog2()).saturating_sub(2).max(1);
        self.shift = 64 - bits;
        self.directory = vec![0_u32; (1 << bits) + 1];
        for (key, _) in &entered {
            self.directory[(key >> self.shift) as usize + 1] += 1;
        }
        for i in 1..self.directory.len() {
            self.directory[i] += self.directory[i - 1];
        }
        (self.keys, self.persons) = entered.into_iter().unzip();
    }

    /// Counts the records of which a block is too large, when any is.
    fn count_cut(&mut self, entries: &Columns, records: &[u32], max_block: usize) {
        if !self.keys.chunk_by(|a, b| a == b).any(|block| block.len() > max_block) {
            return;
        }
        let mut cut = [0; PASSES];
        for record in records {
            record_keys(entries, *record, &mut |pass, key| {
                cut[pass as usize] += u64::from(self.block(key).len() > max_block);
            });
        }
        self.cut = cut;
    }

    /// Collects the keys of a record, and the names whose bearers in every village may be asked for.
    fn ask(&self, people: &Columns, entries: &Columns, record: u32, asked: &mut Asked) {
        let i = record as usize;
        let owners = self.owners(entries.number[i]);
        // Who has the record's number and its very name is looked for no further.
        let shared = Arc::ptr_eq(&entries.names, &people.names) && entries.name[i] != super::names::NONE;
        if shared && owners.iter().any(|owner| people.name[*owner as usize] == entries.name[i]) {
            return;
        }
        record_keys(entries, record, &mut |pass, key| asked.keys[pass as usize].push(key));
        let [name, sound, _] = entries.names.block_keys(entries.name[i]);
        if name == 0 || entries.village[i] != NO_DIVISION {
            return;
        }
        // Without a village of its own a record is looked for in that of the number's owner, or of any candidate.
        if owners.is_empty() {
            asked.anywhere.push(name);
        }
        for owner in owners {
            let village = people.village[*owner as usize];
            asked.keys[Pass::NameVillage as usize].push(pass_key(Pass::NameVillage, name, village));
            // Nobody looks for the sound there: it leads to the name, see `find_person`.
            asked.keys[Pass::SoundVillage as usize].push(pass_key(Pass::SoundVillage, sound, village));
        }
    }

    /// The persons under a key, in register order.
    fn block(&self, key: u64) -> &[u32] {
        if self.keys.is_empty() {
            return &[];
        }
        let cell = (key >> self.shift) as usize;
        let (from, to) = (self.directory[cell] as usize, self.directory[cell + 1] as usize);
        let keys = &self.keys[from..to];
        let begin = keys.partition_point(|k| *k < key);
        let end = begin + keys[begin..].partition_point(|k| *k == key);
        &self.persons[from + begin..from + end]
    }

    /// Brings what [`Index::block`] reads for these keys near: accesses that do not wait for one another overlap.
    fn touch_blocks(&self, keys: &[(Pass, u64)]) {
        if !self.keys.is_empty() {
            let first = |key: u64| self.directory[(key >> self.shift) as usize] as usize;
            let read = |at: usize| self.keys.get(at).zip(self.persons.get(at)).map_or(0, |(k, p)| k ^ u64::from(*p));
            std::hint::black_box(keys.iter().fold(0, |sum, (_, key)| sum ^ read(first(*key))));
        }
    }

    /// The persons that carry exactly this number.
    pub fn owners(&self, number: u64) -> &[u32] {
        self.numbers.owners(number)
    }

    /// Brings what [`Index::owners`] reads for these numbers near.
    pub fn touch(&self, numbers: impl Iterator<Item = u64>) {
        self.numbers.touch(numbers);
    }

    /// The rows of each number that several rows of the register carry.
    pub fn shared_numbers(&self) -> impl Iterator<Item = &[u32]> {
        self.numbers.shared()
    }

    /// Passes of which blocks were left out as too large, each with the number of records that lost one.
    pub fn cut(&self) -> Vec<(Pass, u64)> {
        Pass::ALL.into_iter().map(|pass| (pass, self.cut[pass as usize])).filter(|(_, cut)| *cut > 0).collect()
    }
}

/// Keys that some records ask for.
#[derive(Default)]
struct Asked {
    keys: [Vec<u64>; PASSES],
    /// Names whose bearers in every village may be asked for.
    anywhere: Vec<u64>,
}

/// Keys that are asked for, behind a bit field that turns most others away at once.
struct Wanted {
    bits: Vec<u64>,
    /// Open addressing; 0 where nothing stands.
    slots: Vec<u64>,
}

impl Wanted {
    fn new<'k>(keys: impl Iterator<Item = &'k Vec<u64>> + Clone) -> Wanted {
        let count: usize = keys.clone().map(Vec::len).sum();
        if count == 0 {
            return Wanted { bits: Vec::new(), slots: Vec::new() };
        }
        let mut wanted = Wanted {
            bits: zeros((count / 4 + 1).next_power_of_two()),
            slots: zeros((count * 2 + 1).next_power_of_two()),
        };
        let (bit_mask, slot_mask) = (wanted.bits.len() - 1, wanted.slots.len() - 1);
        for key in keys.flatten() {
            wanted.bits[(key >> 6) as usize & bit_mask] |= 1 << (key & 63);
            let mut at = (key >> 20) as usize & slot_mask;
            while wanted.slots[at] != 0 && wanted.slots[at] != *key {
                at = (at + 1) & slot_mask;
            }
            wanted.slots[at] = *key;
        }
        wanted
    }

    fn has(&self, key: u64) -> bool {
        if self.bits.is_empty() || self.bits[(key >> 6) as usize & (self.bits.len() - 1)] >> (key & 63) & 1 == 0 {
            return false;
        }
        let mask = self.slots.len() - 1;
        let mut at = (key >> 20) as usize & mask;
        while self.slots[at] != 0 {
            if self.slots[at] == key {
                return true;
            }
            at = (at + 1) & mask;
        }
        false
    }
}

fn pass_key(pass: Pass, first: u64, second: u64) -> u64 {
    keys::pair(pass as u64, first, second)
}

/// Enters a person under each of its keys that is asked for.
fn find_person(
    people: &Columns,
    person: u32,
    [script, sound, surname]: [u64; 3],
    wanted: &[Wanted],
    anywhere: &Wanted,
    found: &mut Vec<(u64, u32)>,
) {
    let i = person as usize;
    let prefix = match people.number[i] {
        numbers::NONE => people.prefix[i],
        number => numbers::prefix_of(number),
    };
    let mut try_key = |pass: Pass, first: u64, second: u64| {
        let wanted = &wanted[pass as usize];
        // A pass that no record needs costs no key.
        if !wanted.bits.is_empty() {
            let key = pass_key(pass, first, second);
            if wanted.has(key) {
                found.push((key, person));
                return true;
            }
        }
        false
    };
    if prefix != numbers::NONE {
        try_key(Pass::NumberPrefix, prefix, 0);
    }
    let births = [people.birth[i], people.number_birth[i]];
    for (n, birth) in births.into_iter().enumerate() {
        if birth == NO_DATE || n == 1 && birth == births[0] {
            continue;
        }
        let birth = birth as u32 as u64;
        // Who asks for a name asks for its sound too: a sound that nobody asks for is no name that somebody asks for.
        if sound != 0 && try_key(Pass::SoundBirth, sound, birth) {
            try_key(Pass::NameBirth, script, birth);
        }
        if surname != 0 {
            try_key(Pass::SurnameBirth, surname, birth);
        }
    }
    let (village, township) = (people.village[i], people.township[i]);
    let mut in_village = false;
    if script != 0 && village != NO_DIVISION {
        in_village = try_key(Pass::SoundVillage, sound, village) && try_key(Pass::NameVillage, script, village);
    }
    if script != 0 && township != NO_DIVISION {
        try_key(Pass::NameTownship, script, township);
    }
    if script != 0 && village != NO_DIVISION && !in_village && anywhere.has(script) {
        found.push((pass_key(Pass::NameVillage, script, village), person));
    }
}

/// Gives the keys by which a record is looked for, its number's aside.
fn record_keys(entries: &Columns, record: u32, take: &mut impl FnMut(Pass, u64)) {
    let i = record as usize;
    let prefix = match (entries.number[i], entries.prefix[i]) {
        (numbers::NONE, prefix) => prefix,
        (number, _) if numbers::ends_in_zeros(number) => numbers::prefix_of(number),
        _ => numbers::NONE,
    };
    if prefix != numbers::NONE {
        take(Pass::NumberPrefix, pass_key(Pass::NumberPrefix, prefix, 0));
    }
    let [script, sound, surname] = entries.names.block_keys(entries.name[i]);
    let mut add = |pass: Pass, name: u64, with: u64| {
        if name != 0 {
            take(pass, pass_key(pass, name, with));
        }
    };
    let birth = entries.any_birth(record);
    if birth != NO_DATE {
        let birth = birth as u32 as u64;
        add(Pass::NameBirth, script, birth);
        add(Pass::SoundBirth, sound, birth);
        add(Pass::SurnameBirth, surname, birth);
    }
    if entries.village[i] != NO_DIVISION {
        add(Pass::NameVillage, script, entries.village[i]);
        add(Pass::SoundVillage, sound, entries.village[i]);
    }
    // A birth date of the column or of a valid number finds the person under it: of the namesakes of a whole township, of
    // whom common names have hundreds, only who has none needs to be told apart.
    let dated = entries.birth[i] != NO_DATE || entries.number[i] != numbers::NONE;
    if entries.township[i] != NO_DIVISION && !dated {
        add(Pass::NameTownship, script, entries.township[i]);
    }
}

/// Persons with the record's name in a village; used to look for the one whose name is right.
pub fn namesakes<'a>(index: &'a Index, entries: &Columns, record: u32, village: u64) -> &'a [u32] {
    match entries.names.block_keys(entries.name[record as usize])[0] {
        0 => &[],
        name if village != NO_DIVISION => index.block(pass_key(Pass::NameVillage, name, village)),
        _ => &[],
    }
}

/// The persons a record is compared with when its number is nobody's, in ascending order, each with its first pass.
///
/// The index must have been [asked][Index::asked_by] for the record.
pub fn candidates(index: &Index, entries: &Columns, record: u32, max_block: usize) -> Vec<(u32, Pass)> {
    let i = record as usize;
    let mut found: Vec<(u32, Pass)> = Vec::new();
    if entries.number[i] != numbers::NONE {
        found.extend(index.numbers.nearly(entries.number[i]).map(|p| (p, Pass::NearNumber)));
    } else if let Some(near) = entries.near.get(&record).filter(|_| entries.prefix[i] == numbers::NONE) {
        // Two registered and delivered numbers that fail alike meet under the neighbours they share.
        let neighbours = near.neighbours();
        index.numbers.touch(neighbours.iter());
        for number in neighbours.iter() {
            found.extend(index.owners(number).iter().take(max_block).map(|p| (*p, Pass::NearNumber)));
            found.extend(index.numbers.nearly(number).map(|p| (p, Pass::NearNumber)));
        }
    }
    let mut keys = [(Pass::NumberPrefix, 0); PASSES];
    let mut count = 0;
    record_keys(entries, record, &mut |pass, key| {
        keys[count] = (pass, key);
        count += 1;
    });
    let keys = &keys[..count];
    index.touch_blocks(keys);
    for (pass, key) in keys {
        let block = index.block(*key);
        if block.len() <= max_block {
            found.extend(block.iter().map(|p| (*p, *pass)));
        }
    }
    found.sort_unstable();
    found.dedup_by_key(|f| f.0);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::person::testing::{Row, number, people};

    fn names(register: &Columns, found: Vec<(u32, Pass)>) -> Vec<(String, Pass)> {
        let name = |p| register.name_of(p).expect("named").text().to_string();
        found.into_iter().map(|(p, pass)| (name(p), pass)).collect()
    }

    #[test]
    fn each_pass_finds_its_pair() {
        let zhang = number("990121", "19700105", 11);
        let register = people(&[
            Row::new("张建国").number(&zhang).birth("1970-01-05").village(1, 1),
            Row::new("李秀英").birth("1972-02-06").village(1, 1),
            Row::new("王强").birth("1980-03-07").village(2, 1),
        ]);
        let index = Index::new(&register);
        let mut typo = zhang.clone();
        typo.replace_range(8..9, if &zhang[8..9] == "0" { "1" } else { "0" });
        for (row, name, pass) in [
            (Row::new("某某").partial(&typo), "张建国", Pass::NearNumber),
            (Row::new("某某").partial(&zhang[..15]), "张建国", Pass::NumberPrefix),
            (Row::new("李秀英").birth("1972-02-06"), "李秀英", Pass::NameBirth),
            (Row::new("李秀英").village(1, 1), "李秀英", Pass::NameVillage),
            (Row::new("李秀瑛").birth("1972-02-06"), "李秀英", Pass::SoundBirth),
            (Row::new("李秀瑛").village(1, 1), "李秀英", Pass::SoundVillage),
            (Row::new("李英").birth("1972-02-06"), "李秀英", Pass::SurnameBirth),
            (Row::new("李秀英").village(1, 2), "李秀英", Pass::NameTownship),
        ] {
            let entries = people(&[row]);
            let index = index.asked_by(&register, &entries, &[0], 10);
            let found = names(&register, candidates(&index, &entries, 0, 10));
            assert_eq!(found, [(name.to_string(), pass)], "{pass:?}");
        }
        let nobody = people(&[Row::new("赵六").village(1, 1).birth("1972-02-06")]);
        let asked = index.asked_by(&register, &nobody, &[0], 10);
        assert_eq!(candidates(&asked, &nobody, 0, 10), []);
        assert_eq!(index.owners(numbers::pack(&zhang).expect("18 characters")), [0]);
    }

    #[test]
    fn large_blocks_are_left_to_narrower_keys() {
        let many: Vec<Row> = (0..30).map(|i| Row::new("王强").village(1, 1 + i % 3)).collect();
        let register = people(&many);
        let entries = people(&[Row::new("王强").village(1, 2)]);
        let index = Index::new(&register).asked_by(&register, &entries, &[0], 10);
        assert_eq!(index.cut(), [(Pass::NameTownship, 1)]);
        let found = candidates(&index, &entries, 0, 10);
        assert_eq!(found.len(), 10);
        assert!(found.iter().all(|f| f.1 == Pass::NameVillage));
        assert_eq!(candidates(&index, &entries, 0, 9), []);
    }

    #[test]
    fn a_failing_registered_number_is_found_from_the_right_one() {
        let right = number("990121", "19700105", 11);
        let typo = format!("{}9{}", &right[..5], &right[6..]);
        let register = people(&[Row::new("张建国").partial(&typo)]);
        let entries = people(&[Row::new("某").number(&right), Row::new("某").partial(&typo)]);
        let index = Index::new(&register).asked_by(&register, &entries, &[0, 1], 10);
        assert_eq!(candidates(&index, &entries, 0, 10), [(0, Pass::NearNumber)]);
        assert_eq!(candidates(&index, &entries, 1, 10), [(0, Pass::NearNumber)]);
        assert!(Index::new(&people(&[])).block(7).is_empty());
    }

    #[test]
    fn without_a_village_namesakes_are_found_in_any() {
        let register = people(&[Row::new("张建国").village(1, 1), Row::new("张建国").village(2, 1)]);
        let entries = people(&[Row::new("张建国")]);
        let index = Index::new(&register).asked_by(&register, &entries, &[0], 10);
        assert_eq!(namesakes(&index, &entries, 0, register.village[1]), [1]);
    }
}
