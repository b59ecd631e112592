//! Blocking: which persons a record is compared with.
//!
//! In: the register's packed columns. Out: an [`Index`] of hashed keys, built once, and for each record the persons that
//! share a key with it, each with the first [`Pass`] that found it. A block larger than the model's `max_block` is
//! left out: a narrower key finds its true pairs, and nothing is ever quadratic.

use rayon::prelude::*;

use super::keys::key;
use super::numbers;
use super::pack::{Columns, NO_DATE, NO_DIVISION};

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

/// Key of a registered number that fails its check, under each valid number one keying error away.
const NEIGHBOUR: u64 = 100;

/// Persons by hashed key, sorted by key, with a directory over the leading bits of the key.
#[derive(Debug, Clone, Default)]
pub struct Index {
    keys: Vec<u64>,
    persons: Vec<u32>,
    /// Where the keys with each value of the leading bits begin; one more entry than values.
    directory: Vec<u32>,
    shift: u32,
}

impl Index {
    /// Indexes the register by all passes.
    pub fn new(people: &Columns) -> Index {
        let mut entries: Vec<(u64, u32)> = (0..people.len() as u32)
            .into_par_iter()
            .flat_map_iter(|person| person_keys(people, person).into_iter().map(move |k| (k, person)))
            .collect();
        entries.par_sort_unstable();
        entries.dedup();
        let bits = (entries.len().max(2).ilog2()).saturating_sub(2).max(1);
        let shift = 64 - bits;
        let mut directory = vec![0_u32; (1 << bits) + 1];
        for (key, _) in &entries {
            directory[(key >> shift) as usize + 1] += 1;
        }
        for i in 1..directory.len() {
            directory[i] += directory[i - 1];
        }
        let (keys, persons) = entries.into_iter().unzip();
        Index { keys, persons, directory, shift }
    }

    /// The persons under a key, in register order.
    pub fn block(&self, key: u64) -> &[u32] {
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

    /// The persons that carry exactly this number.
    pub fn owners(&self, number: u64) -> &[u32] {
        self.block(key(Pass::Number as u64, &[number]))
    }
}

fn pass_key(pass: Pass, parts: &[u64]) -> u64 {
    key(pass as u64, parts)
}

fn person_keys(people: &Columns, person: u32) -> Vec<u64> {
    let i = person as usize;
    let mut keys = Vec::with_capacity(10);
    if people.number[i] != numbers::NONE {
        keys.push(pass_key(Pass::Number, &[people.number[i]]));
        keys.push(pass_key(Pass::NumberPrefix, &[numbers::prefix_of(people.number[i])]));
    } else if people.prefix[i] != numbers::NONE {
        keys.push(pass_key(Pass::NumberPrefix, &[people.prefix[i]]));
    } else if let Some(near) = people.near.get(&person) {
        keys.extend(near.neighbours().into_iter().map(|n| key(NEIGHBOUR, &[n])));
    }
    let births = [people.birth[i], people.number_birth[i]];
    for (n, birth) in births.into_iter().enumerate() {
        if birth != NO_DATE && !(n == 1 && birth == births[0]) {
            keys.extend(name_keys(people, person, Some(birth), false).into_iter().map(|k| k.1));
        }
    }
    keys.extend(name_keys(people, person, None, true).into_iter().map(|k| k.1));
    keys
}

/// Keys of a row's name with a birth date and, if asked for, with its divisions.
fn name_keys(columns: &Columns, row: u32, birth: Option<i32>, divisions: bool) -> Vec<(Pass, u64)> {
    let i = row as usize;
    let mut keys = Vec::with_capacity(6);
    let Some(name) = columns.name_of(row) else {
        return keys;
    };
    let mut add = |pass: Pass, name: Option<u64>, with: u64| {
        if let Some(name) = name {
            keys.push((pass, pass_key(pass, &[name, with])));
        }
    };
    if let Some(birth) = birth {
        let birth = birth as u32 as u64;
        add(Pass::NameBirth, name.script_key(), birth);
        add(Pass::SoundBirth, name.sound_key(), birth);
        add(Pass::SurnameBirth, name.surname_key(), birth);
    }
    if divisions && columns.village[i] != NO_DIVISION {
        add(Pass::NameVillage, name.script_key(), columns.village[i]);
        add(Pass::SoundVillage, name.sound_key(), columns.village[i]);
    }
    if divisions && columns.township[i] != NO_DIVISION {
        add(Pass::NameTownship, name.script_key(), columns.township[i]);
    }
    keys
}

/// Persons with the record's name in a village; used to look for the one whose name is right.
pub fn namesakes<'a>(index: &'a Index, entries: &Columns, record: u32, village: u64) -> &'a [u32] {
    match entries.name_of(record).and_then(|n| n.script_key()) {
        Some(name) if village != NO_DIVISION => index.block(pass_key(Pass::NameVillage, &[name, village])),
        _ => &[],
    }
}

/// The persons a record is compared with when its number is nobody's, in ascending order, each with its first pass.
pub fn candidates(index: &Index, entries: &Columns, record: u32, max_block: usize) -> Vec<(u32, Pass)> {
    let i = record as usize;
    let mut found: Vec<(u32, Pass)> = Vec::new();
    let mut add = |pass: Pass, key: u64| {
        let block = index.block(key);
        if block.len() <= max_block {
            found.extend(block.iter().map(|p| (*p, pass)));
        }
    };
    if entries.number[i] != numbers::NONE {
        add(Pass::NearNumber, key(NEIGHBOUR, &[entries.number[i]]));
        if numbers::ends_in_zeros(entries.number[i]) {
            let prefix = numbers::prefix_of(entries.number[i]);
            add(Pass::NumberPrefix, pass_key(Pass::NumberPrefix, &[prefix]));
        }
    } else if entries.prefix[i] != numbers::NONE {
        add(Pass::NumberPrefix, pass_key(Pass::NumberPrefix, &[entries.prefix[i]]));
    } else if let Some(near) = entries.near.get(&record) {
        // Two registered and delivered numbers that fail alike meet under the neighbours they share.
        for number in near.neighbours() {
            add(Pass::NearNumber, pass_key(Pass::Number, &[number]));
            add(Pass::NearNumber, key(NEIGHBOUR, &[number]));
        }
    }
    let birth = Some(entries.any_birth(record)).filter(|b| *b != NO_DATE);
    for (pass, key) in name_keys(entries, record, birth, true) {
        add(pass, key);
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
            let found = names(&register, candidates(&index, &entries, 0, 10));
            assert_eq!(found, [(name.to_string(), pass)], "{pass:?}");
        }
        let nobody = people(&[Row::new("赵六").village(1, 1).birth("1972-02-06")]);
        assert_eq!(candidates(&index, &nobody, 0, 10), []);
        assert_eq!(index.owners(numbers::pack(&zhang).expect("18 characters")), [0]);
    }

    #[test]
    fn large_blocks_are_left_to_narrower_keys() {
        let many: Vec<Row> = (0..30).map(|i| Row::new("王强").village(1, 1 + i % 3)).collect();
        let register = people(&many);
        let index = Index::new(&register);
        let entries = people(&[Row::new("王强").village(1, 2)]);
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
        let index = Index::new(&register);
        let entries = people(&[Row::new("某").number(&right), Row::new("某").partial(&typo)]);
        assert_eq!(candidates(&index, &entries, 0, 10), [(0, Pass::NearNumber)]);
        assert_eq!(candidates(&index, &entries, 1, 10), [(0, Pass::NearNumber)]);
        assert!(Index::new(&people(&[])).block(7).is_empty());
    }
}
