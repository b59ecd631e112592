//! Comparison of a record with a person on five counts, and its match weight.
//!
//! In: packed columns of both sides. Out: [`Levels`] and their weight by a [`LinkModel`]: the sum of log2(m/u) of
//! Fellegi and Sunter (1969). A count that one side lacks weighs nothing.

use super::names::{self, NameLevel};
use super::numbers::{self, NumberLevel};
use super::pack::{Columns, NO_DATE, NO_DIVISION};
use crate::plan::LinkModel;

/// How two birth dates agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum BirthLevel {
    /// The same day.
    Exact,
    /// Two of year, month and day agree, or month and day changed places.
    Near,
    /// The same year only.
    Year,
    /// Another year, and nothing else to connect them.
    Different,
    /// One side has no birth date that counts.
    Missing,
}

/// How the sexes agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum SexLevel {
    /// The same.
    Same,
    /// Not the same.
    Different,
    /// One side is unknown.
    Missing,
}

/// How the divisions agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum DivisionLevel {
    /// The same village.
    Village,
    /// The same township; one side names no village.
    Township,
    /// Another village of the same township.
    OtherVillage,
    /// Another township of the same county.
    County,
    /// Another county.
    Different,
    /// One side names no division.
    Missing,
}

impl BirthLevel {
    /// All levels with the word that the model and the tables use.
    pub const WORDS: [(&'static str, BirthLevel); 5] = [
        ("exact", BirthLevel::Exact),
        ("near", BirthLevel::Near),
        ("year", BirthLevel::Year),
        ("different", BirthLevel::Different),
        ("missing", BirthLevel::Missing),
    ];
}

impl SexLevel {
    /// All levels with the word that the model and the tables use.
    pub const WORDS: [(&'static str, SexLevel); 3] =
        [("same", SexLevel::Same), ("different", SexLevel::Different), ("missing", SexLevel::Missing)];
}

impl DivisionLevel {
    /// All levels with the word that the model and the tables use.
    pub const WORDS: [(&'static str, DivisionLevel); 6] = [
        ("village", DivisionLevel::Village),
        ("township", DivisionLevel::Township),
        ("other_village", DivisionLevel::OtherVillage),
        ("county", DivisionLevel::County),
        ("different", DivisionLevel::Different),
        ("missing", DivisionLevel::Missing),
    ];
}

/// The five comparisons of one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels {
    /// Identity numbers.
    pub number: NumberLevel,
    /// Names.
    pub name: NameLevel,
    /// Birth dates.
    pub birth: BirthLevel,
    /// Sexes.
    pub sex: SexLevel,
    /// Divisions.
    pub division: DivisionLevel,
    /// True when the birth date that was compared stands in a column of the record, not only in its number.
    pub own_birth: bool,
    /// True when the sex that was compared stands in a column of the record.
    pub own_sex: bool,
}

impl Levels {
    /// True when a column of the record, other than number and name, speaks against the pair.
    pub fn contradicted(&self) -> bool {
        self.own_birth && self.birth == BirthLevel::Different || self.own_sex && self.sex == SexLevel::Different
    }

    /// The word of each level: number, name, birth, sex, division.
    pub fn words(&self) -> [&'static str; 5] {
        [
            NumberLevel::WORDS[self.number as usize].0,
            NameLevel::WORDS[self.name as usize].0,
            BirthLevel::WORDS[self.birth as usize].0,
            SexLevel::WORDS[self.sex as usize].0,
            DivisionLevel::WORDS[self.division as usize].0,
        ]
    }
}

/// What the record's number means for a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberUse {
    /// It is compared, and where it does not agree, its birth date and sex are compared instead.
    Compare,
    /// It belongs to somebody else of the candidate's household: nothing in it speaks of the candidate.
    Relatives,
    /// It belongs to somebody else: nothing in it speaks of the candidate.
    Others,
}

/// Compares row `record` of `entries` with row `person` of `people`.
///
/// Birth date and sex come from the record's own columns. Those that its number names are used only where the number
/// itself does not agree, because otherwise the same digits would count twice.
pub fn compare(entries: &Columns, record: u32, people: &Columns, person: u32, number_use: NumberUse) -> Levels {
    let number = match number_use {
        NumberUse::Compare => numbers::compare(entries.number_of(record), people.number_of(person)),
        NumberUse::Relatives => NumberLevel::Relative,
        NumberUse::Others if people.has_number(person) => NumberLevel::Different,
        NumberUse::Others => NumberLevel::Missing,
    };
    let (i, j) = (record as usize, person as usize);
    let derived = number_use == NumberUse::Compare && number >= NumberLevel::Parts;
    let own_birth = entries.birth[i] != NO_DATE;
    let birth = match (own_birth, derived) {
        (true, _) => entries.birth[i],
        (false, true) => entries.number_birth[i],
        _ => NO_DATE,
    };
    let own_sex = entries.sex[i] != 0;
    let sex = match (own_sex, derived) {
        (true, _) => entries.sex[i],
        (false, true) => entries.number_sex[i],
        _ => 0,
    };
    // The register's column and number may differ; agreement with either is agreement.
    let births = births(birth, people.birth[j]).min(births(birth, people.number_birth[j]));
    Levels {
        number,
        name: names::compare(entries.name_of(record), people.name_of(person)),
        birth: births,
        sex: match (sex, people.any_sex(person)) {
            (0, _) | (_, 0) => SexLevel::Missing,
            (a, b) if a == b => SexLevel::Same,
            _ => SexLevel::Different,
        },
        division: divisions((entries.township[i], entries.village[i]), (people.township[j], people.village[j])),
        own_birth: own_birth && births != BirthLevel::Missing,
        own_sex: own_sex && people.any_sex(person) != 0,
    }
}

fn births(a: i32, b: i32) -> BirthLevel {
    if a == NO_DATE || b == NO_DATE {
        return BirthLevel::Missing;
    }
    if a == b {
        return BirthLevel::Exact;
    }
    let (a, b) = (crate::model::text::from_days(a), crate::model::text::from_days(b));
    let (year, month, day) = (a.year() == b.year(), a.month() == b.month(), a.day() == b.day());
    let swapped = year && a.month() == b.day() && a.day() == b.month();
    match (year, month, day) {
        (true, true, _) | (true, _, true) | (_, true, true) => BirthLevel::Near,
        _ if swapped => BirthLevel::Near,
        (true, ..) => BirthLevel::Year,
        _ => BirthLevel::Different,
    }
}

fn divisions((township, village): (u64, u64), (home_township, home_village): (u64, u64)) -> DivisionLevel {
    if village != NO_DIVISION && village == home_village {
        return DivisionLevel::Village;
    }
    if township == NO_DIVISION || home_township == NO_DIVISION {
        return DivisionLevel::Missing;
    }
    if township != home_township {
        // Nine digits of which six are the county.
        return if township / 1000 == home_township / 1000 { DivisionLevel::County } else { DivisionLevel::Different };
    }
    if village == NO_DIVISION || home_village == NO_DIVISION {
        DivisionLevel::Township
    } else {
        DivisionLevel::OtherVillage
    }
}

/// The weights of a model by level, looked up once.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    number: [f64; NumberLevel::WORDS.len()],
    name: [f64; NameLevel::WORDS.len()],
    birth: [f64; BirthLevel::WORDS.len()],
    sex: [f64; SexLevel::WORDS.len()],
    division: [f64; DivisionLevel::WORDS.len()],
}

impl Weights {
    /// Looks the weights up. A level that the model lacks weighs nothing (the plan refuses such a model), and so does
    /// level `missing` whatever the model says.
    pub fn of(model: &LinkModel) -> Weights {
        fn fill<const N: usize, L>(model: &LinkModel, comparison: &str, words: &[(&'static str, L); N]) -> [f64; N] {
            std::array::from_fn(|i| match words[i].0 {
                "missing" => 0.0,
                level => model.weight(comparison, level).unwrap_or(0.0),
            })
        }
        Weights {
            number: fill(model, "number", &NumberLevel::WORDS),
            name: fill(model, "name", &NameLevel::WORDS),
            birth: fill(model, "birth", &BirthLevel::WORDS),
            sex: fill(model, "sex", &SexLevel::WORDS),
            division: fill(model, "division", &DivisionLevel::WORDS),
        }
    }

    /// The match weight of a pair.
    pub fn sum(&self, levels: &Levels) -> f64 {
        self.number[levels.number as usize]
            + self.name[levels.name as usize]
            + self.birth[levels.birth as usize]
            + self.sex[levels.sex as usize]
            + self.division[levels.division as usize]
    }

    /// The weight of one name level.
    pub fn of_name(&self, level: NameLevel) -> f64 {
        self.name[level as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::person::testing::model;
    use crate::model::text::to_days;
    use jiff::civil::date;

    #[test]
    fn words_stand_at_their_level() {
        assert!(NumberLevel::WORDS.iter().enumerate().all(|(i, w)| w.1 as usize == i));
        assert!(NameLevel::WORDS.iter().enumerate().all(|(i, w)| w.1 as usize == i));
        assert!(BirthLevel::WORDS.iter().enumerate().all(|(i, w)| w.1 as usize == i));
        assert!(SexLevel::WORDS.iter().enumerate().all(|(i, w)| w.1 as usize == i));
        assert!(DivisionLevel::WORDS.iter().enumerate().all(|(i, w)| w.1 as usize == i));
    }

    #[test]
    fn birth_dates() {
        let level = |a, b| births(to_days(a), to_days(b));
        let day = date(1990, 3, 12);
        for (other, expected) in [
            (date(1990, 3, 12), BirthLevel::Exact),
            (date(1990, 3, 21), BirthLevel::Near),
            (date(1990, 8, 12), BirthLevel::Near),
            (date(1991, 3, 12), BirthLevel::Near),
            (date(1990, 12, 3), BirthLevel::Near),
            (date(1990, 7, 1), BirthLevel::Year),
            (date(1991, 3, 13), BirthLevel::Different),
        ] {
            assert_eq!(level(day, other), expected, "{other}");
            assert_eq!(level(other, day), expected, "{other}");
        }
        assert_eq!(births(NO_DATE, to_days(day)), BirthLevel::Missing);
    }

    #[test]
    fn divisions_agree_as_far_as_they_are_named() {
        let home = (990_121_001, 990_121_001_002);
        for (record, expected) in [
            (home, DivisionLevel::Village),
            ((990_121_001, 0), DivisionLevel::Township),
            ((990_121_001, 990_121_001_003), DivisionLevel::OtherVillage),
            ((990_121_002, 990_121_002_001), DivisionLevel::County),
            ((990_122_001, 990_122_001_002), DivisionLevel::Different),
            ((0, 0), DivisionLevel::Missing),
        ] {
            assert_eq!(divisions(record, home), expected, "{record:?}");
        }
    }

    #[test]
    fn the_plan_knows_the_same_levels() {
        fn words<const N: usize, L>(words: &[(&'static str, L); N]) -> Vec<&'static str> {
            words.iter().map(|w| w.0).collect()
        }
        let known = [
            ("number", words(&NumberLevel::WORDS)),
            ("name", words(&NameLevel::WORDS)),
            ("birth", words(&BirthLevel::WORDS)),
            ("sex", words(&SexLevel::WORDS)),
            ("division", words(&DivisionLevel::WORDS)),
        ];
        assert_eq!(known, crate::plan::COMPARISON_LEVELS.map(|(name, levels)| (name, levels.to_vec())));
    }

    #[test]
    fn weights_are_those_of_the_model() {
        let weights = Weights::of(&model());
        assert_eq!(Some(weights.of_name(NameLevel::Near)), model().weight("name", "near"));
        assert_eq!(weights.of_name(NameLevel::Missing), 0.0);
        let nothing = LinkModel { comparisons: vec![], ..model() };
        assert_eq!(Weights::of(&nothing).of_name(NameLevel::Exact), 0.0);
    }
}
