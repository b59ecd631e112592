//! Comparison of a record with a person: the level of every comparison.
//!
//! In: packed columns of both sides. Out: [`Levels`]; `weights` says what they weigh. A comparison that one side lacks
//! is on level `missing`.

use super::names::{self, NameLevel};
use super::numbers::{self, NumberLevel};
use super::pack::{Columns, NO_DATE, NO_DIVISION};
use super::spine::{Spine, phone_bit};

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

/// Whether the candidate belongs to the household of those whom the record's own file puts into its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum HouseholdLevel {
    /// Others of the record's family, or with its telephone, are linked into the candidate's household.
    Same,
    /// They are linked into other households only.
    Other,
    /// Nobody else of its family is linked, or the file names no families.
    Missing,
}

/// Whether another record of the same file is already linked to the candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ClaimLevel {
    /// None is.
    Free,
    /// One is.
    Taken,
    /// Not looked at yet.
    Missing,
}

impl HouseholdLevel {
    /// All levels with the word that the model and the tables use.
    pub const WORDS: [(&'static str, HouseholdLevel); 3] =
        [("same", HouseholdLevel::Same), ("other", HouseholdLevel::Other), ("missing", HouseholdLevel::Missing)];
}

impl ClaimLevel {
    /// All levels with the word that the model and the tables use.
    pub const WORDS: [(&'static str, ClaimLevel); 3] =
        [("free", ClaimLevel::Free), ("taken", ClaimLevel::Taken), ("missing", ClaimLevel::Missing)];
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

/// How the telephones agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum PhoneLevel {
    /// The candidate's own.
    Same,
    /// That of another member of the candidate's household.
    Household,
    /// Another one.
    Different,
    /// One side has none.
    Missing,
}

impl PhoneLevel {
    /// All levels with the word that the model and the tables use.
    pub const WORDS: [(&'static str, PhoneLevel); 4] = [
        ("same", PhoneLevel::Same),
        ("household", PhoneLevel::Household),
        ("different", PhoneLevel::Different),
        ("missing", PhoneLevel::Missing),
    ];
}

/// Number of comparisons.
pub const COMPARISONS: usize = 8;
/// Place of the comparison of names.
pub const NAME: usize = 1;
/// Place of the comparison of claims.
pub const CLAIM: usize = 7;

/// The comparisons of one pair.
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
    /// Telephones.
    pub phone: PhoneLevel,
    /// Others of the record's family.
    pub household: HouseholdLevel,
    /// Other records of the candidate.
    pub claim: ClaimLevel,
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

    /// The place of each level in the words of its comparison.
    pub fn places(&self) -> [u8; COMPARISONS] {
        [
            self.number as u8,
            self.name as u8,
            self.birth as u8,
            self.sex as u8,
            self.division as u8,
            self.phone as u8,
            self.household as u8,
            self.claim as u8,
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

/// Compares row `record` of `entries` with row `person` of the register.
///
/// Birth date and sex come from the record's own columns. Those that its number names are used only where the number
/// itself does not agree, because otherwise the same digits would count twice.
pub fn compare(entries: &Columns, record: u32, spine: &Spine, person: u32, number_use: NumberUse) -> Levels {
    let (people, card) = (&*spine.people, &spine.cards[person as usize]);
    let number = match number_use {
        NumberUse::Compare if card.number != numbers::NONE => {
            let registered = numbers::Side { number: card.number, prefix: numbers::NONE, near: None };
            numbers::compare(entries.number_of(record), registered)
        }
        NumberUse::Compare => numbers::compare(entries.number_of(record), people.number_of(person)),
        NumberUse::Relatives => NumberLevel::Relative,
        NumberUse::Others if people.has_number(person) => NumberLevel::Different,
        NumberUse::Others => NumberLevel::Missing,
    };
    let i = record as usize;
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
    let births = match card.birth == card.number_birth {
        true => births(birth, card.birth),
        false => births(birth, card.birth).min(births(birth, card.number_birth)),
    };
    let shared = std::sync::Arc::ptr_eq(&entries.names, &people.names);
    let name = entries.name[i];
    let name = match shared && name == card.name && card.plain && name != names::NONE {
        true => NameLevel::Exact,
        false => names::compare(entries.name_of(record), people.names.get(card.name)),
    };
    Levels {
        number,
        name,
        birth: births,
        sex: match (sex, card.sex) {
            (0, _) | (_, 0) => SexLevel::Missing,
            (a, b) if a == b => SexLevel::Same,
            _ => SexLevel::Different,
        },
        division: divisions((entries.township[i], entries.village[i]), (card.township, card.village)),
        phone: phones(entries, record, spine, person),
        household: HouseholdLevel::Missing,
        claim: ClaimLevel::Missing,
        own_birth: own_birth && births != BirthLevel::Missing,
        own_sex: own_sex && card.sex != 0,
    }
}

/// Year, month and day of a day since 1970-01-01 (Richards 2013, Explanatory Supplement §15.11). Every candidate asks
/// for two, which is why this is not left to the calendar library.
fn civil(days: i32) -> (i32, i32, i32) {
    let shifted = days.saturating_add(719_468);
    let (era, in_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i32::from(month <= 2), month, day)
}

fn births(a: i32, b: i32) -> BirthLevel {
    if a == NO_DATE || b == NO_DATE {
        return BirthLevel::Missing;
    }
    if a == b {
        return BirthLevel::Exact;
    }
    let (a, b) = (civil(a), civil(b));
    let (year, month, day) = (a.0 == b.0, a.1 == b.1, a.2 == b.2);
    let swapped = year && a.1 == b.2 && a.2 == b.1;
    match (year, month, day) {
        (true, true, _) | (true, _, true) | (_, true, true) => BirthLevel::Near,
        _ if swapped => BirthLevel::Near,
        (true, ..) => BirthLevel::Year,
        _ => BirthLevel::Different,
    }
}

/// How a record's telephone agrees with that of a person and of the person's household.
pub fn phones(entries: &Columns, record: u32, spine: &Spine, person: u32) -> PhoneLevel {
    let phone = entries.phone.get(record as usize).copied().unwrap_or(0);
    let registered = &spine.people.phone;
    if phone == 0 || registered.is_empty() {
        return PhoneLevel::Missing;
    }
    let card = &spine.cards[person as usize];
    if card.phone == phone {
        return PhoneLevel::Same;
    }
    if card.phones == 0 {
        return PhoneLevel::Missing;
    }
    let mut others = spine.members[card.household as usize].iter().map(|m| registered[*m as usize]);
    match card.phones & phone_bit(phone) != 0 && others.any(|p| p == phone) {
        true => PhoneLevel::Household,
        false => PhoneLevel::Different,
    }
}

/// How the divisions of a record (township, village) and of a home agree.
pub fn divisions((township, village): (u64, u64), (home_township, home_village): (u64, u64)) -> DivisionLevel {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::to_days;
    use jiff::civil::date;

    #[test]
    fn words_stand_at_their_level() {
        assert!(NumberLevel::WORDS.iter().enumerate().all(|(i, w)| w.1 as usize == i));
        assert!(NameLevel::WORDS.iter().enumerate().all(|(i, w)| w.1 as usize == i));
        assert!(BirthLevel::WORDS.iter().enumerate().all(|(i, w)| w.1 as usize == i));
        assert!(SexLevel::WORDS.iter().enumerate().all(|(i, w)| w.1 as usize == i));
        assert!(DivisionLevel::WORDS.iter().enumerate().all(|(i, w)| w.1 as usize == i));
        assert!(PhoneLevel::WORDS.iter().enumerate().all(|(i, w)| w.1 as usize == i));
        assert!(HouseholdLevel::WORDS.iter().enumerate().all(|(i, w)| w.1 as usize == i));
        assert!(ClaimLevel::WORDS.iter().enumerate().all(|(i, w)| w.1 as usize == i));
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
    fn civil_days_are_those_of_the_calendar() {
        for days in (-60_000..60_000).step_by(7) {
            let date = crate::model::text::from_days(days);
            let expected = (i32::from(date.year()), i32::from(date.month()), i32::from(date.day()));
            assert_eq!(civil(days), expected);
        }
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
}
