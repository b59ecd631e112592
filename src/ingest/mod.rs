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
//! Reasons of rejects: `row.encoding`, `row.quote`, `row.width`, `row.oversized` (quarantined); `row.total`,
//! `row.repeated_heading`, `row.no_value` (not data).
//!
//! | file | what it does |
//! |---|---|
//! | `files` | which files belong to a source |
//! | `sniff` | what a file really is |
//! | `encoding`, `csv` | delimited text |
//! | `package`, `markup`, `xlsx` | workbooks |
//! | `parquet` | Parquet |
//! | `header` | heading rows, columns of the contract's fields |
//! | `intake` | the common path: data, quarantined or not data |
//! | `receipt` | receipts that a department filled in and sent back |
//! | `rows` | files without a contract, row by row: for `bidui link` |
//! | `merges`, `cell`, `row`, `sink` | merged ranges, typed cells, one row, all rows |

mod cell;
mod csv;
mod encoding;
mod files;
mod header;
mod intake;
mod markup;
mod merges;
mod package;
mod parquet;
pub mod receipt;
mod row;
pub mod rows;
mod sink;
mod sniff;
mod xlsx;

#[cfg(test)]
mod tests;

pub use files::{Found, InputFile, find_files, list_files};

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::diag::{Diagnostic, Place};
use crate::model::{RawTable, Reject};
use crate::plan::{Format, Source};
use header::Contract;
use intake::Reading;
use sink::Sink;

/// What a source delivered.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    /// Data rows, files in path order, sheets in the workbook's order, rows from top to bottom.
    pub raw: RawTable,
    /// Rows that are quarantined or not data, in the same order.
    pub rejects: Vec<Reject>,
    /// What is wrong or worth knowing about the files, in the same order; errors belong to refused files.
    pub problems: Vec<Diagnostic>,
    /// Paths of files that break the contract; nothing of them is in `raw` or `rejects`.
    pub refused: Vec<String>,
    /// Data rows read: those in `raw` and those quarantined here.
    pub read: u64,
}

/// Reads a source's files.
///
/// Never fails as a whole: a file that cannot be used is in [`Delivery::refused`] with its reasons in
/// [`Delivery::problems`] (codes `ingest.*`), and the caller decides what a source without it is worth.
pub fn read(source: &Source, files: &[InputFile]) -> Delivery {
    let contract = Contract::new(source);
    let mut sink = Sink::new(source.fields.iter().map(|f| f.name.clone()));
    let mut delivery = Delivery::default();
    for file in files {
        let mark = sink.mark();
        let mut reading = Reading::new(&contract, &file.relative, &mut sink);
        // The parsers are other people's, and a hostile file may hit an overflow in them: that must cost this file only.
        let end = catch_unwind(AssertUnwindSafe(|| read_file(&mut reading, file)));
        let mut problems = std::mem::take(&mut reading.problems);
        match end {
            Ok(Ok(())) => delivery.problems.append(&mut problems),
            failed => {
                sink.rollback(&mark);
                delivery.refused.push(file.relative.clone());
                delivery.problems.append(&mut problems);
                match failed {
                    Ok(Err(mut errors)) => delivery.problems.append(&mut errors),
                    _ => delivery.problems.push(broken(&Place::file(&file.relative))),
                }
            }
        }
    }
    (delivery.raw, delivery.rejects, delivery.read) = sink.finish();
    delivery
}

/// A result whose failure refuses the file, with every reason found.
type Checked<T> = Result<T, Vec<Diagnostic>>;

fn read_file(reading: &mut Reading, file: &InputFile) -> Checked<()> {
    let format = reading.contract.source.format;
    sniff::check(&file.path, format, &reading.place())?;
    match format {
        Format::Csv => csv::read(reading, &file.path)?,
        Format::Xlsx => xlsx::read(reading, &file.path, &package::LIMITS)?,
        Format::Parquet => parquet::read(reading, &file.path)?,
    }
    reading.close();
    Ok(())
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
