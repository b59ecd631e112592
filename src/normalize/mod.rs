//! Raw rows of one source → `records_<source>`, the rows kept out with their reasons, and what is doubtful about values.
//!
//! In: the source's contract, the raw table, the code tables, the day on which it was delivered. Out: [`Normalized`]. Every raw row is in
//! exactly one of three places: the records, the quarantined rejects, the folded rejects.
//!
//! One file per kind of field, each a pure function from a raw text to [`doubt::Clean`]: a value, a doubt, both or neither.
//! `columns` runs them over whole columns, `rows` judges rows, `checks` looks at values that must go together. What is raw stays beside what is clean.
//!
//! A source goes through in batches, so that it may be longer than memory: a [`Survey`] of all raw rows, then a [`Normalizer`]
//! over each batch, then the checks that look at rows together ([`checks::groups`]). [`records`] does it for rows in memory.

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
pub mod findings;
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
mod survey;
#[cfg(test)]
mod tests;
pub mod text;

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, StringBuilder,
    new_null_array,
};
use arrow::compute::filter;
use arrow::datatypes::DataType;
use jiff::civil::Date;
use rayon::prelude::*;

pub use rows::compared;
pub use survey::{Repeat, Seen, Survey};

use self::columns::{Built, Places};
use self::findings::Told;
use self::id_column::{Standing, Usual};
use self::survey::Origins;
use crate::codes::Codes;
use crate::model::raw::RawColumn;
use crate::model::{RawTable, Reject, Table};
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
    /// For each finding whether its record has a value in the field all the same.
    pub used: Vec<bool>,
    /// Number of records.
    pub accepted: u64,
    /// Number of quarantined rows.
    pub quarantined: u64,
    /// Number of folded rows.
    pub folded: u64,
}

/// Normalises raw rows that are in memory.
///
/// `as_of` is the day up to which the rows can speak, that on which they were delivered: nobody is born after it. The records' columns are exactly those of
/// [`schema::records`]; `record_id` numbers the accepted rows from 1 in reading order.
pub fn records(source: &Source, raw: &RawTable, codes: &Codes, as_of: Date) -> Normalized {
    let mut survey = Survey::new(source, as_of);
    survey.see(source, raw);
    let (mut repeats, usual) = survey.finish(codes);
    if repeats.wants_a_look() {
        repeats.look(source, raw);
    }
    let mut normalizer = Normalizer::new(source, codes, as_of, usual, repeats.finish());
    let Part { records, rejects, mut told } = normalizer.batch(raw);
    for (check, _) in checks::groups(source) {
        told.extend(normalizer.told(&records, checks::of_groups(source, check, &records, as_of)));
    }
    let (findings, used) = findings::table(source, normalizer.origins(), told);
    let [accepted, quarantined, folded] = [normalizer.accepted, normalizer.quarantined, normalizer.folded];
    Normalized { records, rejects, findings, used, accepted, quarantined, folded }
}

/// Normalises a source batch by batch.
pub struct Normalizer<'a> {
    source: &'a Source,
    codes: &'a Codes,
    as_of: Date,
    usual: Vec<(usize, Usual)>,
    repeats: std::iter::Peekable<std::vec::IntoIter<Repeat>>,
    rules: rows::Rules,
    origins: Origins,
    /// Raw rows seen so far.
    seen: usize,
    /// Number of records so far.
    pub accepted: u64,
    /// Number of quarantined rows so far.
    pub quarantined: u64,
    /// Number of folded rows so far.
    pub folded: u64,
}

/// What became of a batch.
#[derive(Debug)]
pub struct Part {
    /// Its part of `records_<source>`.
    pub records: Table,
    /// Quarantined and folded rows.
    pub rejects: Vec<Reject>,
    /// What is doubtful about it, but for what only rows together can tell.
    pub told: Vec<Told>,
}

impl<'a> Normalizer<'a> {
    /// Before the first batch; `usual` and `repeats` are what the survey of all batches came to.
    pub fn new(
        source: &'a Source,
        codes: &'a Codes,
        as_of: Date,
        usual: Vec<(usize, Usual)>,
        repeats: Vec<Repeat>,
    ) -> Self {
        Normalizer {
            source,
            codes,
            as_of,
            usual,
            repeats: repeats.into_iter().peekable(),
            rules: rows::Rules::of(source),
            origins: Origins::default(),
            seen: 0,
            accepted: 0,
            quarantined: 0,
            folded: 0,
        }
    }

    /// The records are numbered on from those of earlier increments.
    pub fn numbered_from(mut self, before: u64) -> Self {
        self.accepted = before;
        self
    }

    /// Files and sheets of the rows so far, as [`Told::origin`] counts them.
    pub fn origins(&self) -> &[(String, String)] {
        self.origins.all()
    }

    /// Normalises the next batch.
    pub fn batch(&mut self, raw: &RawTable) -> Part {
        let source = self.source;
        let rows = raw.len();
        let places = self.origins.take(raw);
        let origin = |row: usize| places[raw.origin[row] as usize];
        let (mut built, place_codes) = self.build_fields(raw);
        self.review_numbers(raw, &mut built, |row| origin(row) as usize);

        let mut rejects = Vec::new();
        let mut accepted = vec![true; rows];
        let mut folded = vec![false; rows];
        for row in 0..rows {
            if let Some(repeat) = self.repeats.next_if(|r| r.row == self.seen + row) {
                rejects.push(rows::folded(raw, row, &repeat.first));
                (accepted[row], folded[row]) = (false, true);
                self.folded += 1;
                continue;
            }
            let objections = self.rules.objections(&source.fields, &built, row);
            if !objections.is_empty() {
                rejects.push(rows::quarantined(raw, row, objections));
                accepted[row] = false;
                self.quarantined += 1;
            }
        }
        let before = self.accepted;
        let ids = record_ids(&source.id, before, &accepted);
        self.seen += rows;
        self.accepted += rows as u64 - rejects.len() as u64;

        let mut told = Vec::new();
        let mut numbers: Vec<Option<u64>> = Vec::new();
        if built.iter().any(|b| !b.found.is_empty()) {
            let mut number = before;
            numbers.extend(accepted.iter().map(|accepted| {
                number += u64::from(*accepted);
                accepted.then_some(number)
            }));
        }
        for (field, built) in built.iter().enumerate() {
            let column = raw.column(&source.fields[field].name);
            for found in built.found.iter().filter(|f| !folded[f.row as usize]) {
                let row = found.row as usize;
                told.push(Told {
                    origin: origin(row),
                    row: raw.row[row],
                    field,
                    by: 0,
                    code: found.doubt.code,
                    message: Cow::Borrowed(found.doubt.message),
                    severity: built.severity(row),
                    record: numbers[row],
                    raw: column.and_then(|c| c.get(row)).map(str::to_string),
                    used: built.arrays[0].is_valid(row),
                });
            }
        }
        let records = table(source, raw, &built, place_codes, &ids, accepted);
        told.extend(self.told(&records, checks::of_rows(source, &records, self.as_of)));
        Part { records, rejects, told }
    }

    /// What checks noted of records, as it is told. `records` needs the columns of the fields only that are shown.
    pub fn told(&self, records: &Table, noted: Vec<checks::Noted>) -> Vec<Told> {
        let all = self.origins.all();
        let mut last = all.len().saturating_sub(1);
        let told = noted.into_iter().map(|n| {
            let (row, field) = (n.row as usize, &self.source.fields[n.field]);
            let text = |column: &str| records.str_at(column, row).unwrap_or_default();
            let here = |(file, sheet): &(String, String)| file == text("file") && sheet == text("sheet");
            if !all.get(last).is_some_and(here) {
                last = all.iter().position(here).unwrap_or_default();
            }
            let value = records.schema.index(&field.name).map(|at| records.batch.column(at).is_valid(row));
            Told {
                origin: last as u32,
                row: u32::try_from(records.integer("row").value(row)).unwrap_or_default(),
                field: n.field,
                by: 1 + n.check,
                code: n.code,
                message: n.message,
                severity: n.severity,
                record: findings::record_number(text("record_id")),
                raw: records.str_at(&format!("{}_raw", field.name), row).map(str::to_string),
                used: value == Some(true),
            }
        });
        told.collect()
    }

    /// All fields, in the contract's order, and the division codes when the source has division fields.
    fn build_fields(&self, raw: &RawTable) -> (Vec<Built>, Option<[ArrayRef; 2]>) {
        let (source, codes) = (self.source, self.codes);
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
            .enumerate()
            .map(|(at, field)| {
                let name = Some(field.name.as_str());
                if name == township || name == village {
                    return None;
                }
                let own = raw.column(&field.name);
                Some(match field.kind {
                    // A second township or village, such as a school's, is read on its own and gives no code.
                    FieldKind::Township => columns::places(own, None, rows, codes.divisions()).township,
                    FieldKind::Village => columns::places(None, own, rows, codes.divisions()).village,
                    _ => columns::build(field, own, &sheets, self.standing(at), codes, self.as_of),
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

    /// What the survey says of a field's numbers, from the batch on.
    fn standing(&self, field: usize) -> Standing<'_> {
        let usual = self.usual.iter().find(|(at, _)| *at == field);
        Standing { bits: usual.map_or(&[], |(_, usual)| &usual.standing), from: self.seen }
    }

    /// Identity numbers once more, now that birth dates and sexes are clean. Only the number of the record's own person is held
    /// against them: a guardian's or a householder's is another person's.
    fn review_numbers(&self, raw: &RawTable, built: &mut [Built], sheet: impl Fn(usize) -> usize) {
        let source = self.source;
        let array = |role: Role, kind: FieldKind| {
            let at = source.fields.iter().position(|f| f.role == Some(role) && f.kind == kind);
            at.map(|at| built[at].arrays[0].clone())
        };
        let births = array(Role::BirthDate, FieldKind::Date);
        let sexes = array(Role::Sex, FieldKind::Code);
        for (at, usual) in &self.usual {
            let field = &source.fields[*at];
            let Some(column) = raw.column(&field.name) else { continue };
            let own = field.role == Some(Role::IdNumber);
            let beside = id_column::Beside {
                births: births.as_ref().filter(|_| own).and_then(|a| a.as_any().downcast_ref::<Date32Array>()),
                sexes: sexes.as_ref().filter(|_| own).and_then(|a| a.as_any().downcast_ref::<StringArray>()),
            };
            id_column::review(&mut built[*at], column, usual, &sheet, beside, self.as_of);
        }
    }
}

/// The rows of a batch of records that belong to one of `parts` parts of a source: rows that have a text in `key` in common are
/// in one part.
pub fn in_part(batch: &RecordBatch, key: Option<&str>, part: u64, parts: u64) -> BooleanArray {
    let texts = key.and_then(|key| batch.column_by_name(key)).and_then(|column| column.as_string_opt::<i32>());
    let of = |text: Option<&str>| -> u64 {
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        let hash = text.unwrap_or("").as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, mix);
        (hash ^ (hash >> 32)) % parts.max(1)
    };
    (0..batch.num_rows()).map(|row| Some(of(texts.filter(|t| t.is_valid(row)).map(|t| t.value(row))) == part)).collect()
}

/// Record ids of the accepted rows by raw row, when so many were accepted before; none for the others.
fn record_ids(source: &str, before: u64, accepted: &[bool]) -> StringArray {
    let mut ids = StringBuilder::with_capacity(accepted.len(), accepted.len() * (source.len() + 8));
    let mut number = before;
    for &accepted in accepted {
        if accepted {
            number += 1;
            findings::record_id(source, number, &mut ids);
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
