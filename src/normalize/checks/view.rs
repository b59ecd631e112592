//! The records of a source as the checks read them: columns by field, people by role, households.

use std::collections::BTreeMap;

use arrow::array::{Array, BooleanArray, Date32Array, Decimal128Array, Int64Array, StringArray};
use jiff::civil::Date;

use crate::model::text::{age_on, from_days};
use crate::model::{Kind, Table, words};
use crate::normalize::id_check;
use crate::plan::{Condition, Role, Source, Test};

/// A source's records.
pub struct View<'a> {
    pub source: &'a Source,
    pub records: &'a Table,
    as_of: Date,
    number: Option<&'a StringArray>,
    birth: Option<&'a Date32Array>,
    sex: Option<&'a StringArray>,
    status: Option<&'a StringArray>,
}

impl<'a> View<'a> {
    pub fn new(source: &'a Source, records: &'a Table, as_of: Date) -> Self {
        let text = |role: Role| source.name_of(role).map(|name| records.text(name));
        View {
            source,
            records,
            as_of,
            number: text(Role::IdNumber),
            birth: source.name_of(Role::BirthDate).map(|name| records.date(name)),
            sex: text(Role::Sex),
            status: text(Role::PersonStatus),
        }
    }

    /// Number of records.
    pub fn rows(&self) -> u32 {
        self.records.rows() as u32
    }

    /// Index of a field in the contract; the plan's check has made sure that it is there.
    pub fn at(&self, field: &str) -> usize {
        self.source.fields.iter().position(|f| f.name == field).unwrap_or_default()
    }

    /// Index of the field that has a role.
    pub fn at_role(&self, role: Role) -> usize {
        self.source.fields.iter().position(|f| f.role == Some(role)).unwrap_or_default()
    }

    /// Heading of a field, for sentences.
    pub fn heading(&self, field: &str) -> &'a str {
        &self.source.fields[self.at(field)].heading
    }

    /// Clean values of a field.
    pub fn column(&self, field: &str) -> Column<'a> {
        let kind = self.records.schema.index(field).map(|i| self.records.schema.columns[i].kind);
        let raw = self.records.text(&format!("{field}_raw"));
        let values = match kind {
            Some(Kind::Decimal) => Values::Decimal(self.records.decimal(field)),
            Some(Kind::Integer) => Values::Integer(self.records.integer(field)),
            Some(Kind::Boolean) => Values::Boolean(self.records.boolean(field)),
            Some(Kind::Date) => Values::Date(self.records.date(field)),
            _ => Values::Text(self.records.text(field)),
        };
        Column { values, raw }
    }

    /// Texts of the field that has a role; all none when there is no such field.
    pub fn role(&self, role: Role) -> Option<&'a StringArray> {
        self.source.name_of(role).map(|name| self.records.text(name))
    }

    /// The row's identity number, sound or soundly repaired.
    pub fn number(&self, row: u32) -> Option<&'a str> {
        text(self.number?, row)
    }

    /// The row's own birth date.
    pub fn birth_written(&self, row: u32) -> Option<i32> {
        self.birth.filter(|b| b.is_valid(row as usize)).map(|b| b.value(row as usize))
    }

    /// The birth date: the row's own, else that of the number.
    pub fn birth(&self, row: u32) -> Option<i32> {
        self.birth_written(row).or_else(|| id_check::birth(self.number(row)?.as_bytes(), i32::MAX).ok())
    }

    /// Age in whole years.
    pub fn age(&self, row: u32) -> Option<i32> {
        Some(age_on(from_days(self.birth(row)?), self.as_of))
    }

    /// The row's own sex, `male` or `female`.
    pub fn sex_written(&self, row: u32) -> Option<&'a str> {
        text(self.sex?, row)
    }

    /// The sex: the row's own, else that of the number.
    pub fn sex(&self, row: u32) -> Option<&'a str> {
        let of_number = || self.number(row).map(|n| if id_check::is_male(n.as_bytes()) { "male" } else { "female" });
        self.sex_written(row).or_else(of_number)
    }

    /// Row of the file, as an editor or a spreadsheet shows it.
    pub fn file_row(&self, row: u32) -> i64 {
        self.records.integer("row").value(row as usize)
    }

    /// The members of each household who live there, in the order of the households' numbers; rows without one belong to none.
    pub fn households(&self) -> Vec<Vec<u32>> {
        let Some(numbers) = self.role(Role::Household) else { return Vec::new() };
        let lives = |row: u32| self.status.and_then(|s| text(s, row)).is_none_or(|status| status == "normal");
        let mut households: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for row in (0..self.rows()).filter(|row| lives(*row)) {
            if let Some(number) = text(numbers, row) {
                households.entry(number).or_default().push(row);
            }
        }
        households.into_values().collect()
    }

    /// Conditions with their columns, to be asked of many rows.
    pub fn conditions<'c>(&self, conditions: &'c [Condition]) -> Vec<(Column<'a>, &'c Test)> {
        conditions.iter().map(|c| (self.column(&c.field), &c.test)).collect()
    }
}

/// A text of a row that is there and not blank.
pub fn text(column: &StringArray, row: u32) -> Option<&str> {
    let row = row as usize;
    (column.is_valid(row) && !column.value(row).is_empty()).then(|| column.value(row))
}

/// True when all conditions hold for a row. What cannot be told does not hold.
pub fn all_hold(conditions: &[(Column, &Test)], row: u32) -> bool {
    conditions.iter().all(|(column, test)| column.passes(test, row))
}

/// A field's values.
pub struct Column<'a> {
    values: Values<'a>,
    raw: &'a StringArray,
}

enum Values<'a> {
    Text(&'a StringArray),
    Decimal(&'a Decimal128Array),
    Integer(&'a Int64Array),
    Boolean(&'a BooleanArray),
    Date(&'a Date32Array),
}

impl<'a> Column<'a> {
    /// True when the cell is empty. A cell that could not be read is not.
    pub fn blank(&self, row: u32) -> bool {
        text(self.raw, row).is_none()
    }

    /// A text or a code.
    pub fn text(&self, row: u32) -> Option<&'a str> {
        match self.values {
            Values::Text(array) => text(array, row),
            _ => None,
        }
    }

    /// A number in hundredths; of a day, days since 1970-01-01.
    pub fn number(&self, row: u32) -> Option<i128> {
        let i = row as usize;
        match self.values {
            Values::Decimal(array) => array.is_valid(i).then(|| array.value(i)),
            Values::Integer(array) => array.is_valid(i).then(|| i128::from(array.value(i)) * 100),
            Values::Date(array) => array.is_valid(i).then(|| i128::from(array.value(i))),
            Values::Text(_) | Values::Boolean(_) => None,
        }
    }

    /// The value as text, for comparing two rows.
    pub fn shown(&self, row: u32) -> Option<String> {
        let i = row as usize;
        match self.values {
            Values::Text(_) => self.text(row).map(str::to_string),
            Values::Boolean(array) => array.is_valid(i).then(|| array.value(i).to_string()),
            _ => self.number(row).map(|n| n.to_string()),
        }
    }

    fn passes(&self, test: &Test, row: u32) -> bool {
        match test {
            Test::Blank(blank) => self.blank(row) == *blank,
            Test::Between(from, until) => self
                .number(row)
                .is_some_and(|n| from.is_none_or(|from| from <= n) && until.is_none_or(|until| n <= until)),
            Test::Is(values) => match self.values {
                Values::Text(array) => words::split(text(array, row)).any(|code| values.iter().any(|v| v == code)),
                _ => self.shown(row).is_some_and(|shown| values.contains(&shown)),
            },
        }
    }
}
