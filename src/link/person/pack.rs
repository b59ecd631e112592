//! Packed columns: what linkage compares, as integers, one entry per row.
//!
//! In: a records table and its contract. Out: [`Columns`], the same for the register and for any other source.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, Date32Array, StringArray};

use super::names::{Name, Names};
use super::numbers::{self, Near, Side};
use crate::model::Table;
use crate::plan::{FieldKind, Role, Source};

/// No date.
pub const NO_DATE: i32 = i32::MIN;
/// No division.
pub const NO_DIVISION: u64 = 0;
/// Relations to the head, as the code table `relation` names them; `relation` holds the position here plus one.
pub const RELATIONS: [&str; 25] = [
    "head",
    "spouse",
    "son",
    "daughter",
    "son_in_law",
    "daughter_in_law",
    "grandson",
    "granddaughter",
    "maternal_grandson",
    "maternal_granddaughter",
    "father",
    "mother",
    "father_in_law",
    "mother_in_law",
    "grandfather",
    "grandmother",
    "brother",
    "sister",
    "sibling",
    "uncle_aunt",
    "nephew",
    "niece",
    "great_grandchild",
    "other",
    "non_relative",
];

/// The columns of one table that linkage reads.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// Packed identity number, or [`numbers::NONE`].
    pub number: Vec<u64>,
    /// Fifteen leading digits of a damaged number, or [`numbers::NONE`].
    pub prefix: Vec<u64>,
    /// Numbers that fail their check; few, hence by row.
    pub near: BTreeMap<u32, Near>,
    /// Id into `names`, or [`super::names::NONE`].
    pub name: Vec<u32>,
    /// The distinct names; both sides may share them, and then equal ids are equal names.
    pub names: Arc<Names>,
    /// Birth date of the table's own column (days since 1970-01-01), or [`NO_DATE`].
    pub birth: Vec<i32>,
    /// Birth date that the number names, or [`NO_DATE`].
    pub number_birth: Vec<i32>,
    /// Sex of the table's own column: 1 male, 2 female, 0 unknown.
    pub sex: Vec<u8>,
    /// Sex that the number names.
    pub number_sex: Vec<u8>,
    /// Township code as an integer, or [`NO_DIVISION`].
    pub township: Vec<u64>,
    /// Village code as an integer, or [`NO_DIVISION`].
    pub village: Vec<u64>,
    /// Household or family number in the table's own file, as an integer; 0 none. Empty when no column has the role.
    pub group: Vec<u64>,
    /// Telephone number as an integer; 0 none. Empty when no column has the role.
    pub phone: Vec<u64>,
    /// Relation to the head, as a code of its own (see [`RELATIONS`]); 0 none. Empty when no column has the role.
    pub relation: Vec<u8>,
    /// Name of the head of the household, an id into `names`. Empty when no column has the role.
    pub head_name: Vec<u32>,
}

impl Columns {
    /// Packs the columns of a records table by the roles of its contract; a role the contract lacks is empty throughout.
    pub fn read(source: &Source, records: &Table) -> Columns {
        let rows = records.rows();
        let text = |role| source.name_of(role).map(|name| records.text(name));
        let (names, name) = match text(Role::Name) {
            Some(column) => Names::intern(column.iter()),
            None => (Names::default(), vec![super::names::NONE; rows]),
        };
        let mut columns = Columns {
            name,
            names: Arc::new(names),
            birth: days(source, records),
            sex: text(Role::Sex).map_or(vec![0; rows], |c| c.iter().map(sex).collect()),
            township: division(records, "township_code"),
            village: division(records, "village_code"),
            group: text(Role::Household).map_or(Vec::new(), |c| c.iter().map(|c| c.map_or(0, word)).collect()),
            phone: text(Role::Phone).map_or(Vec::new(), |c| c.iter().map(|c| c.map_or(0, phone)).collect()),
            relation: text(Role::Relation).map_or(Vec::new(), |c| c.iter().map(relation).collect()),
            ..Columns::default()
        };
        columns.read_numbers(source, records);
        columns
    }

    fn read_numbers(&mut self, source: &Source, records: &Table) {
        let rows = records.rows();
        let field = source.field_with(Role::IdNumber).filter(|f| f.kind == FieldKind::IdNumber);
        let columns = field.map(|f| (records.text(&f.name), records.text(&format!("{}_partial", f.name))));
        for row in 0..rows {
            match columns {
                Some((number, partial)) => self.push_number(cell(number, row), cell(partial, row)),
                None => self.push_number(None, None),
            }
        }
    }

    /// Adds the next row's number: valid, or what can be compared of one that is not.
    pub fn push_number(&mut self, number: Option<&str>, partial: Option<&str>) {
        let row = self.number.len() as u32;
        let (mut packed, mut prefix, mut birth, mut sex) = (numbers::NONE, numbers::NONE, NO_DATE, 0);
        if let Some(valid) = number.and_then(numbers::pack) {
            packed = valid;
            birth = numbers::birth_of_prefix(numbers::prefix_of(packed)).unwrap_or(NO_DATE);
            sex = numbers::sex_of(packed);
        } else if let Some(partial) = partial {
            if let Some(digits) = numbers::read_prefix(partial) {
                prefix = digits;
                birth = numbers::birth_of_prefix(prefix).unwrap_or(NO_DATE);
            } else if let Some(near) = Near::read(partial) {
                birth = near.birth().unwrap_or(NO_DATE);
                sex = near.sex();
                self.near.insert(row, near);
            }
        }
        self.number.push(packed);
        self.prefix.push(prefix);
        self.number_birth.push(birth);
        self.number_sex.push(sex);
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.name.len()
    }

    /// The name of a row.
    pub fn name_of(&self, row: u32) -> Option<Name<'_>> {
        self.names.get(self.name[row as usize])
    }

    /// The number of a row as the comparison needs it.
    pub fn number_of(&self, row: u32) -> Side<'_> {
        let i = row as usize;
        Side {
            number: self.number[i],
            prefix: self.prefix[i],
            near: if self.number[i] == numbers::NONE { self.near.get(&row) } else { None },
        }
    }

    /// The number of a row as it can be shown, valid or not.
    pub fn shown_number(&self, row: u32) -> Option<String> {
        let side = self.number_of(row);
        match (side.number, side.prefix, side.near) {
            (numbers::NONE, numbers::NONE, near) => near.map(Near::text),
            (numbers::NONE, prefix, _) => Some(format!("{prefix:015}")),
            (number, ..) => Some(numbers::show(number)),
        }
    }

    /// True when the row has something to compare as a number.
    pub fn has_number(&self, row: u32) -> bool {
        let side = self.number_of(row);
        side.number != numbers::NONE || side.prefix != numbers::NONE || side.near.is_some()
    }

    /// The birth date of the own column, else of the number.
    pub fn any_birth(&self, row: u32) -> i32 {
        match self.birth[row as usize] {
            NO_DATE => self.number_birth[row as usize],
            own => own,
        }
    }

    /// The sex of the own column, else of the number.
    pub fn any_sex(&self, row: u32) -> u8 {
        match self.sex[row as usize] {
            0 => self.number_sex[row as usize],
            own => own,
        }
    }
}

fn cell(column: &StringArray, row: usize) -> Option<&str> {
    (!column.is_null(row)).then(|| column.value(row))
}

fn sex(value: Option<&str>) -> u8 {
    match value {
        Some("male") => 1,
        Some("female") => 2,
        _ => 0,
    }
}

/// A text as an integer that stands for it, never 0; the same in every table.
pub fn word(text: &str) -> u64 {
    match text.trim() {
        "" => 0,
        text => super::keys::text(text).max(1),
    }
}

/// The digits of a telephone number as an integer; 0 when there are fewer than seven, which several people share.
pub fn phone(text: &str) -> u64 {
    let digits = || text.bytes().filter(u8::is_ascii_digit);
    if digits().count() < 7 {
        return 0;
    }
    digits().fold(0, |n, d| n.wrapping_mul(10).wrapping_add(u64::from(d - b'0')))
}

fn relation(value: Option<&str>) -> u8 {
    let at = value.and_then(|v| RELATIONS.iter().position(|r| *r == v));
    at.map_or(0, |at| at as u8 + 1)
}

fn days(source: &Source, records: &Table) -> Vec<i32> {
    match source.field_with(Role::BirthDate) {
        Some(field) if field.kind == FieldKind::Date => {
            let column: &Date32Array = records.date(&field.name);
            column.iter().map(|d| d.unwrap_or(NO_DATE)).collect()
        }
        _ => vec![NO_DATE; records.rows()],
    }
}

fn division(records: &Table, column: &str) -> Vec<u64> {
    if !records.has(column) {
        return vec![NO_DIVISION; records.rows()];
    }
    let column = records.text(column);
    column.iter().map(|c| c.and_then(|c| c.parse().ok()).unwrap_or(NO_DIVISION)).collect()
}
