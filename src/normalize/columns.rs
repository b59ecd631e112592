//! One field over all rows: raw column in, clean Arrow columns and doubts out. Fields are independent of each other, except
//! the division fields, which are read together.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Builder, StringBuilder};
use foldhash::{HashMap, HashMapExt};
use jiff::civil::Date;

use super::doubt::{CELL_ERROR, Clean, Doubt};
use super::id_column::Standing;
use super::id_number::Lane;
use super::{amount, boolean, code, date, division, id_column, name, phone, text};
use crate::codes::{Codes, Divisions};
use crate::diag::Severity;
use crate::model::raw::{RawColumn, Stated};
use crate::model::{CellKind, Kind, RawTable};
use crate::plan::{Field, FieldKind, Role};

/// A doubt about one row of a field.
pub struct Found {
    /// Row in the raw table.
    pub row: u32,
    /// What is doubtful.
    pub doubt: Doubt,
}

/// A field's clean columns over all raw rows.
pub struct Built {
    /// In the schema's order: the value; for an identity number also what [`id_column`] gives beside it.
    pub arrays: Vec<ArrayRef>,
    /// Doubts in row order, at most one for a row.
    pub found: Vec<Found>,
}

impl Built {
    /// True when a row has something the contract's `not_null` is satisfied with: a value, and for an identity number also
    /// what is left of a damaged one or another document.
    pub fn has(&self, row: usize) -> bool {
        self.has_number(row) || id_column::is_foreign(&self.arrays, row)
    }

    /// True when a row has an identity number or the trustworthy part of one.
    pub fn has_number(&self, row: usize) -> bool {
        self.arrays[0].is_valid(row) || self.arrays.get(id_column::PARTIAL).is_some_and(|p| p.is_valid(row))
    }

    /// How much a doubt about a row's value weighs: a value that is lost more than one that stands, and one that was soundly
    /// repaired least.
    pub fn severity(&self, row: usize) -> Severity {
        let stands = self.arrays[0].is_valid(row);
        match id_column::lane(&self.arrays, row) {
            Some(_) if stands && self.arrays[id_column::REPAIR].is_valid(row) => Severity::Note,
            // Somebody without a number, or with another document, has nothing that could be lost.
            Some(lane) if [Lane::Placeholder.as_str(), Lane::Foreign.as_str()].contains(&lane) => Severity::Warning,
            _ if stands => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// The doubt about a row.
    pub fn doubt(&self, row: usize) -> Option<Doubt> {
        let at = self.found.binary_search_by_key(&(row as u32), |f| f.row).ok()?;
        Some(self.found[at].doubt)
    }
}

/// Builds any field but a township or a village. `column` is none when the files have no such column; `standing` is what the survey
/// of the rows says of an identity number, `sheets` what the files say about their own values.
pub fn build(
    field: &Field,
    column: Option<&RawColumn>,
    sheets: &Sheets,
    standing: Standing,
    codes: &Codes,
    as_of: Date,
) -> Built {
    let rows = sheets.raw.len();
    let cells = Cells { column, rows };
    match field.kind {
        FieldKind::IdNumber => id_column::build(cells, standing, as_of),
        FieldKind::Text | FieldKind::Township | FieldKind::Village => texts(cells),
        FieldKind::Name => cells.strings(|raw, _| name::name(raw)),
        FieldKind::Phone => cells.strings(|raw, _| phone::phone(raw)),
        FieldKind::Code => coded(cells, field, codes),
        FieldKind::Date | FieldKind::Month => {
            let asked = match (field.kind, field.role) {
                (FieldKind::Month, _) => date::Asked::Month,
                (_, Some(Role::BirthDate)) => date::Asked::Birth,
                _ => date::Asked::Day,
            };
            let mut b = Date32Builder::with_capacity(rows);
            let read = |row, raw: &str, kind| {
                date::date_counted(raw, kind, asked, as_of, sheets.at(row).is_some_and(|sheet| sheet.from_1904))
            };
            let found = cells.each_at(read, |v| b.append_option(v));
            one(Arc::new(b.finish()), found)
        }
        FieldKind::Money | FieldKind::Decimal => {
            let mut b = Decimal128Builder::with_capacity(rows).with_data_type(Kind::Decimal.arrow());
            let unit =
                |row| sheets.at(row).and_then(|sheet| sheet.units.get(&field.name)).map_or(&*field.unit, |unit| unit);
            let read = |row, raw: &str, kind| match field.kind {
                FieldKind::Money => amount::money(raw, kind, unit(row)),
                _ => amount::decimal(raw, kind),
            };
            let found = cells.each_at(read, |v| b.append_option(v));
            one(Arc::new(b.finish()), found)
        }
        FieldKind::Integer => {
            let mut b = Int64Builder::with_capacity(rows);
            let found = cells.each(amount::integer, |v| b.append_option(v));
            one(Arc::new(b.finish()), found)
        }
        FieldKind::Boolean => {
            let mut b = BooleanBuilder::with_capacity(rows);
            let found = cells.each(|raw, _| boolean::boolean(raw), |v| b.append_option(v));
            one(Arc::new(b.finish()), found)
        }
    }
}

fn one(array: ArrayRef, found: Vec<Found>) -> Built {
    Built { arrays: vec![array], found }
}

/// What the sheets of a raw table say about their own values, by row.
pub struct Sheets<'r> {
    raw: &'r RawTable,
    /// By origin; empty when no sheet says anything.
    stated: Vec<Option<&'r Stated>>,
}

impl<'r> Sheets<'r> {
    /// Those of a table.
    pub fn of(raw: &'r RawTable) -> Sheets<'r> {
        let stated = match raw.stated.is_empty() {
            true => Vec::new(),
            false => raw.origins.iter().map(|origin| raw.stated.get(origin)).collect(),
        };
        Sheets { raw, stated }
    }

    /// What the sheet of a row says.
    pub fn at(&self, row: usize) -> Option<&'r Stated> {
        // Most tables say nothing, and then no row is looked up.
        if self.stated.is_empty() { None } else { self.stated[self.raw.origin[row] as usize] }
    }
}

/// The cells of one field.
#[derive(Clone, Copy)]
pub struct Cells<'a> {
    /// The raw column; none when the files have no such column.
    pub column: Option<&'a RawColumn>,
    /// Number of rows.
    pub rows: usize,
}

impl<'a> Cells<'a> {
    /// The text of a row with its kind, none when empty; an error cell is its own doubt.
    pub fn get(&self, row: usize) -> Result<Option<(&'a str, CellKind)>, Doubt> {
        let Some(column) = self.column else { return Ok(None) };
        let kind = column.kind.get(row).copied().unwrap_or(CellKind::Text);
        match (column.get(row), kind) {
            (_, CellKind::Error) => Err(CELL_ERROR),
            (Some(raw), kind) => Ok(Some((raw, kind))),
            (None, _) => Ok(None),
        }
    }

    /// Reads every row in order, hands each value to `push`, and gives the doubts.
    fn each<T>(&self, mut read: impl FnMut(&'a str, CellKind) -> Clean<T>, push: impl FnMut(Option<T>)) -> Vec<Found> {
        self.each_at(|_, raw, kind| read(raw, kind), push)
    }

    /// The same with the number of the row.
    fn each_at<T>(
        &self,
        mut read: impl FnMut(usize, &'a str, CellKind) -> Clean<T>,
        mut push: impl FnMut(Option<T>),
    ) -> Vec<Found> {
        let mut found = Vec::new();
        for row in 0..self.rows {
            let clean = match self.get(row) {
                Ok(Some((raw, kind))) => read(row, raw, kind),
                Ok(None) => Clean::EMPTY,
                Err(doubt) => Clean::refused(doubt),
            };
            if let Some(doubt) = clean.doubt {
                found.push(Found { row: row as u32, doubt });
            }
            push(clean.value);
        }
        found
    }

    /// Where no cell needs a change, the raw column itself is the clean one.
    fn strings(&self, mut read: impl FnMut(&'a str, CellKind) -> Clean<Cow<'a, str>>) -> Built {
        if let Some(column) = self.column {
            let same = |(raw, kind): (Option<&'a str>, &CellKind)| match (raw, kind) {
                (_, CellKind::Error) => false,
                (None, _) => true,
                (Some(raw), kind) => {
                    matches!(read(raw, *kind), Clean { value: Some(Cow::Borrowed(v)), doubt: None } if v.len() == raw.len())
                }
            };
            if column.text.iter().zip(&column.kind).all(same) {
                return one(Arc::new(column.text.clone()), Vec::new());
            }
        }
        let mut b = StringBuilder::with_capacity(self.rows, self.bytes());
        let found = self.each(read, |v| b.append_option(v));
        one(Arc::new(b.finish()), found)
    }

    fn bytes(&self) -> usize {
        self.column.map_or(0, |c| c.text.values().len())
    }
}

/// Free text. Where no cell needs a change, as in most exports of databases, the raw column itself is the clean one.
fn texts(cells: Cells<'_>) -> Built {
    if let Some(column) = cells.column {
        let same = |raw: &str| matches!(text::text(raw), Some(Cow::Borrowed(t)) if t.len() == raw.len());
        if column.text.iter().all(|cell| cell.is_none_or(same)) && !column.kind.contains(&CellKind::Error) {
            return one(Arc::new(column.text.clone()), Vec::new());
        }
    }
    let mut b = StringBuilder::with_capacity(cells.rows, cells.bytes());
    let read = |raw| Clean { value: text::text(raw), doubt: None };
    let found = cells.each(|raw, _| read(raw), |v| b.append_option(v));
    one(Arc::new(b.finish()), found)
}

/// Codes repeat: each spelling is looked up once.
fn coded(cells: Cells<'_>, field: &Field, codes: &Codes) -> Built {
    let table = field.code.as_deref().and_then(|name| codes.table(name));
    let mut known: HashMap<&str, Clean<String>> = HashMap::new();
    let mut b = StringBuilder::with_capacity(cells.rows, cells.rows * 8);
    let mut found = Vec::new();
    for row in 0..cells.rows {
        let doubt = match cells.get(row) {
            Ok(Some((raw, _))) => {
                let clean = known.entry(raw).or_insert_with(|| match table {
                    Some(table) => code::code(raw, table, &field.multi),
                    // The plan's check has refused a contract that names a table nobody has.
                    None => Clean::refused(code::NO_TABLE),
                });
                b.append_option(clean.value.as_deref());
                clean.doubt
            }
            Ok(None) => {
                b.append_null();
                None
            }
            Err(doubt) => {
                b.append_null();
                Some(doubt)
            }
        };
        found.extend(doubt.map(|doubt| Found { row: row as u32, doubt }));
    }
    one(Arc::new(b.finish()), found)
}

/// Codes of the records' divisions, and one [`Built`] for each of the two fields.
pub struct Places {
    /// Township codes.
    pub township_code: ArrayRef,
    /// Village codes.
    pub village_code: ArrayRef,
    /// The township field: names as the division table has them.
    pub township: Built,
    /// The village field, likewise.
    pub village: Built,
}

/// Reads a township and a village column together; either may be missing.
pub fn places<'a>(
    township: Option<&'a RawColumn>,
    village: Option<&'a RawColumn>,
    rows: usize,
    divisions: &Divisions,
) -> Places {
    let townships = Cells { column: township, rows };
    let villages = Cells { column: village, rows };
    let mut known: HashMap<(Option<&str>, Option<&str>), division::Found<'_>> = HashMap::new();
    let mut columns: [StringBuilder; 4] = std::array::from_fn(|_| StringBuilder::with_capacity(rows, rows * 12));
    let (mut in_townships, mut in_villages) = (Vec::new(), Vec::new());
    for row in 0..rows {
        let cell = |cells: &Cells<'a>, found: &mut Vec<Found>| match cells.get(row) {
            Ok(cell) => cell.map(|(raw, _)| raw),
            Err(doubt) => {
                found.push(Found { row: row as u32, doubt });
                None
            }
        };
        let key = (cell(&townships, &mut in_townships), cell(&villages, &mut in_villages));
        let place = known.entry(key).or_insert_with(|| division::find(divisions, key.0, key.1));
        columns[0].append_option(place.township.map(|d| d.code.as_str()));
        columns[1].append_option(place.village.map(|d| d.code.as_str()));
        // The township told by its village is in the code column; the field holds what its own cell says.
        let named = place.township.filter(|_| place.township_named);
        columns[2].append_option(named.map(|d| d.name.as_str()));
        columns[3].append_option(place.village.map(|d| d.name.as_str()));
        in_townships.extend(place.township_doubt.map(|doubt| Found { row: row as u32, doubt }));
        in_villages.extend(place.village_doubt.map(|doubt| Found { row: row as u32, doubt }));
    }
    let [township_code, village_code, township, village] = columns.map(|mut b| -> ArrayRef { Arc::new(b.finish()) });
    Places { township_code, village_code, township: one(township, in_townships), village: one(village, in_villages) }
}
