//! A department's files → raw rows by contract field, rejects, problems.
//!
//! In: a source's contract ([`crate::plan::Source`]) and the input folder. Out: a [`Delivery`]: the text of every
//! contract field as it stood in the files, with the kind of its cell and its file, sheet and row. Nothing is cleaned,
//! typed or folded here; `normalize` does that.
//!
//! * A file that breaks the contract is refused whole, with every reason found, and the source's other files go on.
//! * Rows below the headings = data rows + quarantined rows + listed rows that are not data. None disappears.
//! * Hostile files (bombs, far cells, endless lines, broken archives) end in a diagnostic, in bounded memory.
//!
//! Reasons of rejects: `row.encoding`, `row.quote`, `row.width`, `row.oversized`, `row.syntax`, `row.nested`
//! (quarantined); `row.total`, `row.repeated_heading`, `row.no_value`, `row.deleted` (not data).
//!
//! | file | what it does |
//! |---|---|
//! | `files`, `archive` | which files belong to a source, ZIP deliveries unpacked |
//! | `sniff` | what a file really is |
//! | `limits` | what a file may cost |
//! | `encoding`, `transcode`, `csv` | text: its encoding, as lines or as a stream; delimited text |
//! | `book` | what workbooks of all kinds have in common |
//! | `package`, `pieces`, `markup` | a workbook's archive, its parts under the caps; as much XML as a look through it needs |
//! | `xlsx`, `xlsx_index`, `xlsx_texts`, `xlsx_cells`, `cut` | Office Open XML: index, texts, cells; XML cut up where it lies |
//! | `xls`, `xlsb`, `parsed` | workbooks in records, by the workbook library |
//! | `ods`, `xml_sheet`, `html`, `markup_book`, `xml` | tables in markup, read as a stream, twice |
//! | `dbf`, `json`, `parquet`, `pages` | records by name; the pages of a Parquet file looked through |
//! | `header`, `units` | heading rows, columns of the contract's fields; the unit a title row states |
//! | `intake` | the common path: data, quarantined or not data |
//! | `receipt` | receipts that a department filled in and sent back |
//! | `form` | forms that came back: every sheet and row as it stands |
//! | `rows` | files without a contract, row by row: for `bidui link` |
//! | `lines` | lines of delimited text that need no closer look |
//! | `merges`, `cell`, `row`, `sink`, `spool` | merged ranges, typed cells, one row, all rows, those on the disk |

mod archive;
mod book;
mod cell;
mod csv;
mod cut;
#[cfg(feature = "odbc")]
pub mod database;
mod dbf;
mod encoding;
mod files;
pub mod form;
mod header;
mod html;
mod intake;
mod json;
mod limits;
mod lines;
mod markup;
mod markup_book;
mod merges;
mod ods;
mod package;
mod pages;
mod parquet;
mod parsed;
mod pieces;
pub mod receipt;
mod row;
pub mod rows;
mod sink;
mod sniff;
mod spool;
mod transcode;
mod units;
mod xls;
mod xlsb;
mod xlsx;
mod xlsx_cells;
mod xlsx_index;
mod xlsx_texts;
mod xml;
mod xml_sheet;

#[cfg(test)]
mod tests;

pub use files::{Found, InputFile, find_files, fits, list_files};
pub use spool::{Batches, RawRows};

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::diag::{Diagnostic, Place};
use crate::model::{RawTable, Reject};
use crate::plan::{Format, Source};
use header::Contract;
use intake::Reading;
use limits::{LIMITS, guarded};
use sink::{Sink, Stop};

/// What a source delivered.
#[derive(Debug, Default)]
pub struct Delivery {
    /// Data rows, files in path order, sheets in the workbook's order, rows from top to bottom.
    pub rows: RawRows,
    /// Rows that are quarantined or not data, in the same order.
    pub rejects: Vec<Reject>,
    /// What is wrong or worth knowing about the files, in the same order; errors belong to refused files.
    pub problems: Vec<Diagnostic>,
    /// Paths of files that break the contract; nothing of them is in `rows` or `rejects`.
    pub refused: Vec<String>,
    /// Data rows read: those in `rows` and those quarantined here.
    pub read: u64,
    /// True when rows that were shown while reading are not in `rows`: their file was refused further down.
    pub forgot: bool,
}

/// Reads a source's files.
///
/// Never fails as a whole: a file that cannot be used is in [`Delivery::refused`] with its reasons in
/// [`Delivery::problems`] (codes `ingest.*`), and the caller decides what a source without it is worth.
pub fn read(source: &Source, files: &[InputFile]) -> Delivery {
    read_watched(source, files, &mut |_| {})
}

/// Reads a source's files as [`read`] does and shows every batch of rows to `watch` while it is in memory.
pub fn read_watched(source: &Source, files: &[InputFile], watch: &mut dyn FnMut(&RawTable)) -> Delivery {
    let contract = Contract::new(source);
    let mut sink = Sink::new(source.fields.iter().map(|f| f.name.clone()), watch);
    let mut delivery = Delivery::default();
    for file in files {
        let place = Place::file(&file.relative);
        let mark = match sink.mark() {
            Ok(mark) => mark,
            Err(stop) => return all_refused(files, stopped(&stop, &place)),
        };
        let mut reading = Reading::new(&contract, &file.relative, &mut sink, LIMITS);
        // The parsers are other people's, and a hostile file may hit an overflow in them: that must cost this file only.
        let end = guarded(&place, || read_file(&mut reading, file));
        let mut problems = std::mem::take(&mut reading.problems);
        delivery.problems.append(&mut problems);
        if let Err(mut errors) = end {
            sink.rollback(&mark);
            delivery.refused.push(file.relative.clone());
            delivery.problems.append(&mut errors);
        }
    }
    delivery.forgot = sink.forgot;
    let place = files.last().map_or(Place::default(), |file| Place::file(&file.relative));
    match sink.finish() {
        Ok(all) => (delivery.rows, delivery.rejects, delivery.read) = all,
        Err(stop) => return all_refused(files, stopped(&stop, &place)),
    }
    delivery
}

/// The rows of a file that was sound could not be kept: no file of the source can be used then.
fn all_refused(files: &[InputFile], problem: Diagnostic) -> Delivery {
    let refused = files.iter().map(|file| file.relative.clone()).collect();
    Delivery { problems: vec![problem], refused, ..Delivery::default() }
}

/// Why no more rows of a source can be taken, in words.
fn stopped(stop: &Stop, place: &Place) -> Diagnostic {
    match stop {
        Stop::Full => {
            Diagnostic::error("ingest.too_large", "the source holds more text than can be read at once", place.clone())
                .hint("split the delivery, or look for a cell that repeats a very long text")
        }
        Stop::Disk(error) => {
            let message = format!("cannot put rows aside in the folder for temporary files: {error}");
            Diagnostic::error("io.failed", message, place.clone())
                .hint("make room on its disk, or name another folder in the environment variable TMPDIR")
        }
    }
}

/// A result whose failure refuses the file, with every reason found.
type Checked<T> = Result<T, Vec<Diagnostic>>;

fn read_file(reading: &mut Reading, file: &InputFile) -> Checked<()> {
    let place = reading.place();
    let limits = reading.limits;
    if let Some(reasons) = archive::refusal(&file.path, &file.relative, &limits, &place) {
        return Err(reasons);
    }
    let source = reading.contract.source;
    let before = state(&file.path);
    let format = sniff::format(&file.path, &limits, &place)?;
    sniff::allowed(source.format, format, &place)?;
    match format {
        Format::Csv => csv::read(reading, &file.path)?,
        Format::Parquet => parquet::read(reading, &file.path)?,
        _ => {
            let mut book = book::open(&file.path, format, source.encoding.as_deref(), &limits, &place)?;
            book::read(reading, &mut *book)?;
        }
    }
    if state(&file.path) != before {
        return Err(vec![growing(&place)]);
    }
    reading.close();
    Ok(())
}

/// Size and last change of a file; none when it is gone.
fn state(path: &Path) -> Option<(u64, Option<SystemTime>)> {
    fs::metadata(path).ok().map(|m| (m.len(), m.modified().ok()))
}

/// The file is not the one that was begun.
fn growing(place: &Place) -> Diagnostic {
    Diagnostic::error("ingest.still_growing", "the file was changed while it was read", place.clone())
        .hint("it is still being copied or is open somewhere: wait until it is whole, then run again")
}

/// The file cannot be opened or read.
fn unreadable(place: &Place, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("ingest.unreadable", format!("the file cannot be read: {error}"), place.clone())
        .hint("check that it still exists, that you may read it and that no other program holds it")
}

/// The file's parser gave up on it.
fn broken(place: &Place) -> Diagnostic {
    Diagnostic::error("ingest.broken_file", "the file is damaged in a way no program writes", place.clone())
        .hint("open it and save it anew, or ask the sender for the export again")
}

/// The headings are there and nothing stands below them.
fn no_rows(place: &Place) -> Diagnostic {
    Diagnostic::warning("ingest.no_rows", "there is no data row in the file", place.clone())
        .hint("an empty export and nobody to report look the same: ask the sender which it is")
}
