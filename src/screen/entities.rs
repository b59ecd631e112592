//! Persons and households as rows to be judged: who lives where, built-in columns.
//!
//! In: tables `persons` and `households`. Out: row numbers instead of ids, and series with one
//! value per person or household.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt};
use jiff::civil::Date;
use polars::prelude::{IdxCa, IdxSize, NewChunkedArray, Series};

use super::frames::{self, engine, from_values};
use crate::diag::Outcome;
use crate::model::build::Value;
use crate::model::table::{Kind, Table};
use crate::model::text;
use crate::plan::Level;

/// Columns of the households table that a rule may name.
pub(super) const HOUSEHOLD_COLUMNS: [&str; 5] = ["size", "lifted", "monitored_type", "monitored_since", "risk_cleared"];
/// Columns of a person that a rule may name, besides `age`.
pub(super) const PERSON_COLUMNS: [&str; 4] = ["birth_date", "sex", "relation", "status"];

/// Row numbers by id; only looked up, never walked through.
pub(super) type Rows<'a> = HashMap<&'a str, u32>;

/// One series per name; all of one length.
pub(super) type Columns = BTreeMap<String, Series>;

/// Persons and households by row number.
pub(super) struct Entities<'a> {
    pub persons: &'a Table,
    pub households: &'a Table,
    /// Row of each person's household.
    pub household_of: Vec<Option<u32>>,
    /// Whether each person is here and alive: only they are judged.
    pub present: Vec<bool>,
    /// Whether each household has such a member.
    pub inhabited: Vec<bool>,
    person_rows: Rows<'a>,
    household_rows: Rows<'a>,
    register_rows: Rows<'a>,
    villages: HashMap<&'a str, Vec<u32>>,
}

/// Row numbers by the values of a text column; the first row of a value that stands twice.
pub(super) fn index<'a>(table: &'a Table, column: &str) -> Rows<'a> {
    let mut rows = HashMap::with_capacity(table.rows());
    for (row, id) in table.text(column).iter().enumerate() {
        if let Some(id) = id {
            rows.entry(id).or_insert(row as u32);
        }
    }
    rows
}

impl<'a> Entities<'a> {
    /// Looks at both tables once.
    pub(super) fn new(persons: &'a Table, households: &'a Table) -> Self {
        let household_rows = index(households, "household_id");
        let household_of: Vec<Option<u32>> =
            persons.text("household_id").iter().map(|id| household_rows.get(id?).copied()).collect();
        let present: Vec<bool> =
            persons.text("status").iter().map(|status| !matches!(status, Some("deceased" | "moved_out"))).collect();
        let mut inhabited = vec![false; households.rows()];
        for (household, present) in household_of.iter().zip(&present) {
            if let (Some(household), true) = (household, present) {
                inhabited[*household as usize] = true;
            }
        }
        let mut villages: HashMap<&str, Vec<u32>> = HashMap::new();
        for (row, code) in households.text("village_code").iter().enumerate() {
            if let Some(code) = code {
                villages.entry(code).or_default().push(row as u32);
            }
        }
        Entities {
            persons,
            households,
            household_of,
            present,
            inhabited,
            person_rows: index(persons, "person_id"),
            register_rows: index(persons, "record_id"),
            household_rows,
            villages,
        }
    }

    /// Row of a person.
    pub(super) fn person(&self, person_id: &str) -> Option<u32> {
        self.person_rows.get(person_id).copied()
    }

    /// Row of the person whom a record of the register is about.
    pub(super) fn registered(&self, record_id: &str) -> Option<u32> {
        self.register_rows.get(record_id).copied()
    }

    /// Row of a household.
    pub(super) fn household(&self, household_id: &str) -> Option<u32> {
        self.household_rows.get(household_id).copied()
    }

    /// Rows of a village's households.
    pub(super) fn village(&self, code: &str) -> &[u32] {
        self.villages.get(code).map_or(&[], Vec::as_slice)
    }

    /// Number of persons or households.
    pub(super) fn count(&self, level: Level) -> usize {
        match level {
            Level::Person => self.persons.rows(),
            Level::Household => self.households.rows(),
        }
    }

    /// Household row of a person or household row.
    pub(super) fn household_row(&self, level: Level, row: u32) -> Option<u32> {
        match level {
            Level::Person => self.household_of[row as usize],
            Level::Household => Some(row),
        }
    }

    /// The built-in columns of households.
    pub(super) fn household_columns(&self) -> Columns {
        HOUSEHOLD_COLUMNS.iter().map(|name| (name.to_string(), frames::column(self.households, name))).collect()
    }

    /// The built-in columns of persons.
    pub(super) fn person_columns(&self, as_of: Date) -> Columns {
        let mut columns = Columns::new();
        for name in PERSON_COLUMNS {
            columns.insert(name.to_string(), frames::column(self.persons, name));
        }
        let ages = self.persons.date("birth_date").iter().map(|birth| match birth {
            Some(days) => Value::Integer(i64::from(text::age_on(text::from_days(days), as_of))),
            None => Value::Null,
        });
        columns.insert("age".to_string(), from_values("age", Kind::Integer, ages));
        columns
    }
}

/// The values at chosen rows, in their order; no row, no value.
pub(super) fn gather(series: &Series, rows: impl Iterator<Item = Option<u32>>) -> Outcome<Series> {
    let rows = IdxCa::from_iter_options("row".into(), rows.map(|row| row.map(|row| row as IdxSize)));
    series.take(&rows).map_err(engine("gathering values"))
}
