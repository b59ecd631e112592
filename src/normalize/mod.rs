//! Raw rows of one source → `records_<source>`, the rows kept out with their reasons, and what is doubtful about values.
//!
//! In: the source's contract, the raw table, the code tables, the day of the run. Out: [`Normalized`]. Every raw row is in
//! exactly one of three places: the records, the quarantined rejects, the folded rejects.
//!
//! One file per kind of field, each a pure function from a raw text to [`doubt::Clean`]: a value, a doubt, both or neither.
//! `columns` runs them over whole columns, `rows` judges rows, `checks` looks at values that must go together. What is raw stays beside what is clean.

pub mod amount;
pub mod boolean;
#[cfg(test)]
mod cases;
pub mod checks;
pub mod code;
mod columns;
#[cfg(test)]
mod damage_tests;
pub mod date;
pub mod division;
pub mod doubt;
#[cfg(test)]
mod fixture;
pub mod han;
pub mod id_check;
pub mod id_clean;
mod id_column;
pub mod id_document;
pub mod id_number;
pub mod id_proposals;
pub mod name;
mod name_parts;
mod name_words;
pub mod phone;
pub mod profile;
mod rows;
#[cfg(test)]
mod tests;
pub mod text;

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Int64Array, StringArray, StringBuilder, new_null_array,
};
use arrow::compute::filter;
use arrow::datatypes::DataType;
use jiff::civil::Date;
use rayon::prelude::*;

pub use rows::compared;

use self::columns::{Built, Places};
use crate::codes::{Codes, DivisionLevel};
use crate::diag::Severity;
use crate::model::raw::RawColumn;
use crate::model::{RawTable, Reject, Table, tables};
use crate::plan::{FieldKind, Role, Source, schema};

/// What became of a source's raw rows.
#[derive(Debug, Clone)]
pub struct Normalized {
    /// `records_<source>`, in the order of the files.
    pub records: Table,
    /// Quarantined and folded rows, in the order of the files.
    pub rejects: Vec<Reject>,
    /// Doubtful values and what does not go together, by row and field. `record_id` is null where the row was quarantined; folded rows have none, they
    /// repeat those of the row they equal.
    pub findings: Table,
    /// Number of records.
    pub accepted: u64,
    /// Number of quarantined rows.
    pub quarantined: u64,
    /// Number of folded rows.
    pub folded: u64,
}

/// Normalises the raw rows of a source.
///
/// `as_of` is the day of the run: nobody is born after it. The records' columns are exactly those of
/// [`schema::records`]; `record_id` numbers the accepted rows from 1 in reading order.
pub fn records(source: &Source, raw: &RawTable, codes: &Codes, as_of: Date) -> Normalized {
    let rows = raw.len();
    let earlier = if source.fold_duplicates { rows::duplicates(source, raw) } else { vec![None; rows] };
    let (mut built, place_codes) = build_fields(source, raw, codes, as_of);
    review_numbers(source, raw, &mut built, codes, as_of);

    let rules = rows::Rules::of(source);
    let mut rejects = Vec::new();
    let mut accepted = vec![true; rows];
    let mut quarantined = 0;
    for row in 0..rows {
        if let Some(into) = earlier[row] {
            rejects.push(rows::folded(raw, row, into as usize));
            accepted[row] = false;
            continue;
        }
        let objections = rules.objections(&source.fields, &built, row);
        if !objections.is_empty() {
            rejects.push(rows::quarantined(raw, row, objections));
            accepted[row] = false;
            quarantined += 1;
        }
    }

    let ids = record_ids(&source.id, &accepted);
    let records = table(source, raw, &built, place_codes, &ids, accepted);
    let noted = checks::run(source, &records, as_of);
    let findings = findings(source, raw, &built, &earlier, &ids, noted);
    let folded = rejects.len() as u64 - quarantined;
    Normalized { accepted: rows as u64 - rejects.len() as u64, records, rejects, findings, quarantined, folded }
}

/// All fields, in the contract's order, and the division codes when the source has division fields.
fn build_fields(source: &Source, raw: &RawTable, codes: &Codes, as_of: Date) -> (Vec<Built>, Option<[ArrayRef; 2]>) {
    let rows = raw.len();
    let main = |kind: FieldKind, role: Role| {
        let of_kind = |f: &&crate::plan::Field| f.kind == kind;
        let with_role = source.fields.iter().filter(of_kind).find(|f| f.role == Some(role));
        with_role.or_else(|| source.fields.iter().find(of_kind)).map(|f| f.name.as_str())
    };
    let township = main(FieldKind::Township, Role::Township);
    let village = main(FieldKind::Village, Role::Village);
    let column = |name: Option<&str>| name.and_then(|name| raw.column(name));
    let places = (township.is_some() || village.is_some())
        .then(|| columns::places(column(township), column(village), rows, codes.divisions()));
    let (place_codes, mut township_built, mut village_built) = match places {
        Some(Places { township_code, village_code, township, village }) => {
            (Some([township_code, village_code]), Some(township), Some(village))
        }
        None => (None, None, None),
    };
    let sheets = columns::Sheets::of(raw);
    let mut built: Vec<Option<Built>> = source
        .fields
        .par_iter()
        .map(|field| {
            let name = Some(field.name.as_str());
            if name == township || name == village {
                return None;
            }
            let own = raw.column(&field.name);
            Some(match field.kind {
                // A second township or village, such as a school's, is read on its own and gives no code.
                FieldKind::Township => columns::places(own, None, rows, codes.divisions()).township,
                FieldKind::Village => columns::places(None, own, rows, codes.divisions()).village,
                _ => columns::build(field, own, &sheets, codes, as_of),
            })
        })
        .collect();
    for (field, slot) in source.fields.iter().zip(&mut built) {
        if slot.is_none() {
            *slot = match field.kind {
                FieldKind::Township => township_built.take(),
                _ => village_built.take(),
            };
        }
    }
    (built.into_iter().flatten().collect(), place_codes)
}

/// Identity numbers once more, now that birth dates and sexes are clean. Only the number of the record's own person is held
/// against them: a guardian's or a householder's is another person's.
fn review_numbers(source: &Source, raw: &RawTable, built: &mut [Built], codes: &Codes, as_of: Date) {
    let counties: Vec<String> =
        codes.divisions().all().iter().filter(|d| d.level == DivisionLevel::County).map(|d| d.code.clone()).collect();
    let array = |role: Role, kind: FieldKind| {
        let at = source.fields.iter().position(|f| f.role == Some(role) && f.kind == kind);
        at.map(|at| built[at].arrays[0].clone())
    };
    let births = array(Role::BirthDate, FieldKind::Date);
    let sexes = array(Role::Sex, FieldKind::Code);
    for (field, built) in source.fields.iter().zip(built) {
        if let (FieldKind::IdNumber, Some(column)) = (field.kind, raw.column(&field.name)) {
            let own = field.role == Some(Role::IdNumber);
            let beside = id_column::Beside {
                births: births.as_ref().filter(|_| own).and_then(|a| a.as_any().downcast_ref::<Date32Array>()),
                sexes: sexes.as_ref().filter(|_| own).and_then(|a| a.as_any().downcast_ref::<StringArray>()),
                counties: &counties,
            };
            id_column::review(built, column, raw, beside, as_of);
        }
    }
}

/// Record ids of the accepted rows by raw row; none for the others.
fn record_ids(source: &str, accepted: &[bool]) -> StringArray {
    let mut ids = StringBuilder::with_capacity(accepted.len(), accepted.len() * (source.len() + 8));
    let mut number = 0_u64;
    for &accepted in accepted {
        if accepted {
            number += 1;
            // Writing into a builder of text cannot fail.
            let _ = write!(ids, "{source}-{number:07}");
            ids.append_value("");
        } else {
            ids.append_null();
        }
    }
    ids.finish()
}

/// The records table: the raw and clean columns of the accepted rows.
fn table(
    source: &Source,
    raw: &RawTable,
    built: &[Built],
    place_codes: Option<[ArrayRef; 2]>,
    ids: &StringArray,
    accepted: Vec<bool>,
) -> Table {
    let origin = |part: fn(&(String, String)) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(raw.origin.iter().map(|&o| part(&raw.origins[o as usize]))))
    };
    let mut arrays: Vec<ArrayRef> = vec![
        Arc::new(ids.clone()),
        origin(|(file, _)| file),
        origin(|(_, sheet)| sheet),
        Arc::new(Int64Array::from_iter_values(raw.row.iter().map(|&r| i64::from(r)))),
    ];
    arrays.extend(place_codes.into_iter().flatten());
    for (field, built) in source.fields.iter().zip(built) {
        arrays.extend(built.arrays.iter().cloned());
        arrays.push(match raw.column(&field.name) {
            Some(RawColumn { text, .. }) => Arc::new(text.clone()),
            None => new_null_array(&DataType::Utf8, raw.len()),
        });
    }
    if accepted.contains(&false) {
        let mask = BooleanArray::from(accepted);
        arrays = arrays.par_iter().map(|a| filter(a, &mask).expect("a mask of the same length")).collect();
    }
    Table::new(schema::records(source), arrays)
}

/// A doubt on its way to the findings.
struct Told {
    row: u32,
    field: usize,
    code: &'static str,
    message: Cow<'static, str>,
    severity: Severity,
}

/// The findings of all rows that were not folded: doubts about values, then what the checks noted of records, by row and
/// field.
fn findings(
    source: &Source,
    raw: &RawTable,
    built: &[Built],
    earlier: &[Option<u32>],
    ids: &StringArray,
    noted: Vec<checks::Noted>,
) -> Table {
    let mut all: Vec<Told> = Vec::new();
    for (field, built) in built.iter().enumerate() {
        let doubts = built.found.iter().filter(|f| earlier[f.row as usize].is_none());
        all.extend(doubts.map(|f| Told {
            row: f.row,
            field,
            code: f.doubt.code,
            message: Cow::Borrowed(f.doubt.message),
            severity: built.severity(f.row as usize),
        }));
    }
    let accepted: Vec<u32> = (0..ids.len() as u32).filter(|row| ids.is_valid(*row as usize)).collect();
    all.extend(noted.into_iter().map(|n| Told {
        row: accepted[n.row as usize],
        field: n.field,
        code: n.code,
        message: n.message,
        severity: n.severity,
    }));
    // Stable, so that of one cell the normaliser's own doubt comes first.
    all.sort_by_key(|told| (told.row, told.field));
    let mut text: [StringBuilder; 8] = std::array::from_fn(|_| StringBuilder::new());
    let mut raw_text = StringBuilder::new();
    let mut row_numbers = Vec::with_capacity(all.len());
    for told in all {
        let (row, field) = (told.row as usize, &source.fields[told.field]);
        let (file, sheet) = &raw.origins[raw.origin[row] as usize];
        let cells = [
            Some(source.id.as_str()),
            ids.is_valid(row).then(|| ids.value(row)),
            Some(file),
            Some(sheet),
            Some(&field.name),
            Some(told.code),
            Some(told.severity.as_str()),
            Some(&told.message),
        ];
        for (builder, cell) in text.iter_mut().zip(cells) {
            builder.append_option(cell);
        }
        raw_text.append_option(raw.column(&field.name).and_then(|c| c.get(row)));
        row_numbers.push(i64::from(raw.row[row]));
    }
    let mut arrays: Vec<ArrayRef> = text.into_iter().map(|mut b| Arc::new(b.finish()) as ArrayRef).collect();
    arrays.insert(4, Arc::new(Int64Array::from(row_numbers)));
    arrays.push(Arc::new(raw_text.finish()));
    Table::new(tables::findings(), arrays)
}
