//! Who lives in the county: sexes, relations, persons, households. Plain data; [`super::county`] fills it.

use jiff::civil::Date;

use super::number::{self, Number};

/// Sex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// 男
    Male,
    /// 女
    Female,
}

impl Sex {
    /// 男 or 女.
    pub fn word(self) -> &'static str {
        if self == Sex::Male { "男" } else { "女" }
    }
}

/// Relation to the head of the household.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the words are the documentation
pub enum Relation {
    Head,
    Spouse,
    Child(u8),
    ChildInLaw,
    Grandchild,
    MaternalGrandchild,
    Parent,
    ParentInLaw,
    Grandparent,
    Sibling,
    Nephew,
    Other,
}

impl Relation {
    /// The two-digit code of GB/T 4761, as the police write it.
    pub fn register_code(self, sex: Sex, only_child: bool) -> &'static str {
        let male = sex == Sex::Male;
        match self {
            Relation::Head => "02",
            Relation::Spouse => ["12", "11"][usize::from(male)],
            Relation::Child(_) if only_child => ["31", "21"][usize::from(male)],
            Relation::Child(0) => ["32", "22"][usize::from(male)],
            Relation::Child(1) => ["33", "23"][usize::from(male)],
            Relation::Child(_) => ["30", "20"][usize::from(male)],
            Relation::ChildInLaw => ["38", "28"][usize::from(male)],
            Relation::Grandchild => ["42", "41"][usize::from(male)],
            Relation::MaternalGrandchild => ["44", "43"][usize::from(male)],
            Relation::Parent => ["52", "51"][usize::from(male)],
            Relation::ParentInLaw => ["56", "55"][usize::from(male)],
            Relation::Grandparent => ["62", "61"][usize::from(male)],
            Relation::Sibling => ["77", "73"][usize::from(male)],
            Relation::Nephew => ["94", "93"][usize::from(male)],
            Relation::Other => "97",
        }
    }

    /// The word of the national system.
    pub fn national_word(self, sex: Sex) -> &'static str {
        let male = sex == Sex::Male;
        match self {
            Relation::Head => "户主",
            Relation::Spouse => "配偶",
            Relation::Child(_) => ["之女", "之子"][usize::from(male)],
            Relation::ChildInLaw => ["之儿媳", "之女婿"][usize::from(male)],
            Relation::Grandchild => ["之孙女", "之孙子"][usize::from(male)],
            Relation::MaternalGrandchild => ["之外孙女", "之外孙子"][usize::from(male)],
            Relation::Parent => ["之母", "之父"][usize::from(male)],
            Relation::ParentInLaw => ["之岳母", "之岳父"][usize::from(male)],
            Relation::Grandparent => ["之祖母", "之祖父"][usize::from(male)],
            Relation::Sibling => "之兄弟姐妹",
            Relation::Nephew => ["之侄女", "之侄儿"][usize::from(male)],
            Relation::Other => "其他",
        }
    }
}

/// Where a person is, as the register knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Lives here.
    Normal,
    /// Died on a day.
    Deceased(Date),
    /// Moved out on a day.
    MovedOut(Date),
}

/// One human being.
#[derive(Debug, Clone)]
pub struct Person {
    /// What stays the same while others come and go.
    pub ordinal: usize,
    /// Name as the police write it.
    pub name: String,
    /// Name before.
    pub former_name: Option<String>,
    /// Identity number.
    pub number: Number,
    /// Sex.
    pub sex: Sex,
    /// Birth date.
    pub birth: Date,
    /// Relation to the head.
    pub relation: Relation,
    /// Status.
    pub status: Status,
    /// Mobile number.
    pub phone: Option<u64>,
    /// Ethnic group.
    pub ethnicity: &'static str,
    /// Kind (1–7) and level (1–4) on the disability certificate.
    pub disability: Option<(u8, u8)>,
    /// Has a chronic illness.
    pub chronic: bool,
}

impl Person {
    /// The identity number as text.
    pub fn number_text(&self) -> String {
        number::text(&self.number)
    }

    /// Lives here.
    pub fn is_here(&self) -> bool {
        self.status == Status::Normal
    }

    /// Full years of age on a day.
    pub fn age(&self, day: Date) -> i64 {
        age(self.birth, day)
    }
}

/// Full years of age on a day.
pub fn age(birth: Date, day: Date) -> i64 {
    let years = i64::from(day.year()) - i64::from(birth.year());
    years - i64::from((day.month(), day.day()) < (birth.month(), birth.day()))
}

/// What the national system has a household marked as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Monitored {
    /// `unstable`, `marginal` or `sudden`.
    pub list_type: &'static str,
    /// Cause code.
    pub cause: &'static str,
    /// The risk is marked as gone.
    pub cleared: bool,
    /// Marked so many days before the round.
    pub since: i64,
    /// The risk was marked as gone so many days before the round; half of `since` when not told.
    pub gone: Option<i64>,
}

/// One household.
#[derive(Debug, Clone)]
pub struct Household {
    /// The register's household number.
    pub number: String,
    /// What stays the same while others come and go.
    pub ordinal: usize,
    /// Township from 0.
    pub township: usize,
    /// Village in the township from 0.
    pub village: usize,
    /// Villagers' group.
    pub group: u8,
    /// Index of the first member in the county's persons.
    pub first: usize,
    /// Number of members.
    pub count: usize,
    /// Was lifted out of registered poverty.
    pub lifted: bool,
    /// Marked in the national system.
    pub monitored: Option<Monitored>,
    /// Per-capita income of the last twelve months, fen.
    pub income: i64,
}

/// The county: people by household.
#[derive(Debug, Default)]
pub struct County {
    /// Townships and villages.
    pub townships: Vec<super::divisions::Township>,
    /// All persons; a household's members follow each other.
    pub persons: Vec<Person>,
    /// All households, by township and village.
    pub households: Vec<Household>,
    /// Persons who stand in a second household of the register too: (household, person, still marked as living there).
    pub second_rows: Vec<(usize, usize, bool)>,
    /// Everybody's number.
    pub registry: number::Registry,
}

impl County {
    /// Indexes of a household's members.
    pub fn members(&self, household: usize) -> std::ops::Range<usize> {
        let h = &self.households[household];
        h.first..h.first + h.count
    }

    /// Indexes of the members who live here.
    pub fn here(&self, household: usize) -> Vec<usize> {
        self.members(household).filter(|&p| self.persons[p].is_here()).collect()
    }

    /// The village of a household.
    pub fn village(&self, household: usize) -> &super::divisions::Village {
        let h = &self.households[household];
        &self.townships[h.township].villages[h.village]
    }

    /// The township of a household.
    pub fn township(&self, household: usize) -> &super::divisions::Township {
        &self.townships[self.households[household].township]
    }
}

/// The truth's name of a person.
pub fn pid(person: usize) -> String {
    format!("p{:05}", person + 1)
}

/// The truth's name of a household.
pub fn hid(household: usize) -> String {
    format!("h{:04}", household + 1)
}
