//! Forms (核实表, 会议审定表…) that came back: every sheet and row of a file of any format, as it stands.
//!
//! In: a file, whatever program saved it and whatever its name is. Out: [`Returned`]. Hidden sheets are read as well: one of
//! them tells what the form is. Nothing is looked for and nothing judged here; `cases::forms` does that.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::book::{self, SheetInfo};
use super::csv::Rows;
use super::limits::{LIMITS, Meter, guarded, oversized};
use super::row::{Row, is_invisible};
use super::{Checked, archive, encoding, growing, rows, sniff, state};
use crate::diag::{Diagnostic, Place};
use crate::model::CellKind;
use crate::model::form::{Returned, ReturnedRow, ReturnedSheet};
use crate::plan::Format;

/// Rows a form can have; a file with more is another one.
const MOST_ROWS: usize = 200_000;
/// Longest text of a cell that is kept; a longer one is no answer.
const CELL_CHARS: usize = 10_000;

/// Reads a file, with what is worth knowing about it.
///
/// # Errors
/// Every reason why nothing can be taken from it (codes `ingest.*` as for a delivery).
pub fn read(path: &Path, relative: &str) -> Result<(Returned, Vec<Diagnostic>), Vec<Diagnostic>> {
    let place = Place::file(relative);
    guarded(&place, || read_any(path, relative, &place))
}

fn read_any(path: &Path, relative: &str, place: &Place) -> Checked<(Returned, Vec<Diagnostic>)> {
    if let Some(reasons) = archive::refusal(path, relative, &LIMITS, place) {
        return Err(reasons);
    }
    let before = state(path);
    let mut problems = Vec::new();
    let returned = match sniff::format(path, &LIMITS, place)? {
        Format::Csv => text(path, place, &mut problems)?,
        Format::Parquet => {
            let problem = Diagnostic::error("ingest.not_table", "the file is a Parquet file", place.clone());
            return Err(vec![problem.hint("send the form as .xlsx, .xls, .ods or .csv")]);
        }
        format => workbook(path, format, place)?,
    };
    if state(path) != before {
        return Err(vec![growing(place)]);
    }
    Ok((returned, problems))
}

fn text(path: &Path, place: &Place, problems: &mut Vec<Diagnostic>) -> Checked<Returned> {
    let failed = |e: std::io::Error| vec![encoding::failed(&e, place)];
    let text = encoding::open(path, None, place, problems)?;
    let mut head = Vec::new();
    let read = File::open(path).and_then(|f| f.take(1 << 16).read_to_end(&mut head));
    read.map_err(|e| vec![super::unreadable(place, &e)])?;
    let mut lines = Rows::new(text, rows::delimiter(&head));
    let mut sheet = ReturnedSheet::default();
    let (mut row, mut meter) = (Row::default(), Meter::new(LIMITS));
    while lines.next(&mut row, None).map_err(failed)? {
        if row.fault.is_some() {
            problems.push(
                Diagnostic::warning("row.syntax", "the line cannot be read", place.clone().row(row.number))
                    .hint("send the form as the workbook it was"),
            );
            continue;
        }
        take(&row, &mut sheet, 0, &mut meter, place)?;
    }
    Ok(Returned { sheets: vec![sheet] })
}

fn workbook(path: &Path, format: Format, place: &Place) -> Checked<Returned> {
    let mut book = book::open(path, format, None, &LIMITS, place)?;
    let mut meter = Meter::new(LIMITS);
    let mut returned = Returned::default();
    let mut before = 0;
    for (at, SheetInfo { name, .. }) in book.sheets().into_iter().enumerate() {
        let mut sheet = ReturnedSheet { name, rows: Vec::new() };
        book.rows(at, &mut |row| take(row, &mut sheet, before, &mut meter, place).map(|()| true))?;
        before += sheet.rows.len();
        if !sheet.rows.is_empty() {
            returned.sheets.push(sheet);
        }
    }
    Ok(returned)
}

fn take(row: &Row, sheet: &mut ReturnedSheet, before: usize, meter: &mut Meter, place: &Place) -> Checked<()> {
    if row.is_blank() {
        return Ok(());
    }
    meter.row(row, true).map_err(|what| vec![oversized(place, what)])?;
    if before + sheet.rows.len() >= MOST_ROWS {
        return Err(vec![oversized(place, format!("a form has at most {MOST_ROWS} rows"))]);
    }
    let cell = |(column, text, kind): (u32, &str, CellKind)| {
        let text: String = text.trim_matches(is_invisible).chars().take(CELL_CHARS).collect();
        (column, text, kind)
    };
    let cells: Vec<_> = row.cells().map(cell).filter(|(_, text, _)| !text.is_empty()).collect();
    if !cells.is_empty() {
        sheet.rows.push(ReturnedRow { row: row.number, cells });
    }
    Ok(())
}
