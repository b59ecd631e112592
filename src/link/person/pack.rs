//! Packed columns: what linkage compares, as integers, one entry per row.
//!
//! In: a records table and its contract. Out: [`Columns`], the same for the register and for any other source.

use std::collections::BTreeMap;

use arrow::array::{Array, Date32Array, StringArray};

use super::names::{Name, Names};
use super::numbers::{self, Near, Side};
use crate::model::Table;
use crate::plan::{FieldKind, Role, Source};

/// No date.
pub const NO_DATE: i32 = i32::MIN;
/// No division.
pub const NO_DIVISION: u64 = 0;

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
    /// The distinct names.
    pub names: Names,
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
            names,
            birth: days(source, records),
            sex: text(Role::Sex).map_or(vec![0; rows], |c| c.iter().map(sex).collect()),
            township: division(records, "township_code"),
            village: division(records, "village_code"),
            ..Columns::default()
        };
        columns.read_numbers(source, records);
        columns
    }

    fn read_numbers(&mut self, source: &Source, records: &Table) {
        let rows = records.rows();
        self.number = vec![numbers::NONE; rows];
        self.prefix = vec![numbers::NONE; rows];
        self.number_birth = vec![NO_DATE; rows];
        self.number_sex = vec![0; rows];
        let Some(field) = source.field_with(Role::IdNumber).filter(|f| f.kind == FieldKind::IdNumber) else {
            return;
        };
        let number = records.text(&field.name);
        let partial = records.text(&format!("{}_partial", field.name));
        for row in 0..rows {
            if let Some(packed) = cell(number, row).and_then(numbers::pack) {
                self.number[row] = packed;
                self.number_birth[row] = numbers::birth_of_prefix(numbers::prefix_of(packed)).unwrap_or(NO_DATE);
                self.number_sex[row] = numbers::sex_of(packed);
            } else if let Some(partial) = cell(partial, row) {
                if let Some(prefix) = numbers::read_prefix(partial) {
                    self.prefix[row] = prefix;
                    self.number_birth[row] = numbers::birth_of_prefix(prefix).unwrap_or(NO_DATE);
                } else if let Some(near) = Near::read(partial) {
                    self.number_birth[row] = near.birth().unwrap_or(NO_DATE);
                    self.number_sex[row] = near.sex();
                    self.near.insert(row as u32, near);
                }
            }
        }
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
