//! Workbooks: cells in stream order, never a whole sheet in memory.
//!
//! In: an `.xlsx` file. Out: rows of its visible sheets that carry the contract's headings, or of the sheets the
//! contract names. A formula counts with the value stored beside it. Only the streaming cell reader is used: asking the
//! parser for a sheet's range makes room for every cell up to the furthest one (reliability.md #3).

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxError};

use super::intake::{Reading, SheetEnd, SheetIntake};
use super::merges::Merges;
use super::package::{self, Limits, Package, bomb, damaged, misplaced};
use super::row::Row;
use super::{Checked, cell, header};
use crate::diag::{Diagnostic, Place};
use crate::model::CellKind;

pub(super) type Workbook = Xlsx<BufReader<File>>;

/// Rows and columns a sheet can have.
pub(super) const ROWS: u32 = 1_048_576;
pub(super) const COLUMNS: u32 = 16_384;

/// Reads a workbook. An error refuses the file.
pub(super) fn read(reading: &mut Reading, path: &Path, limits: &Limits) -> Checked<()> {
    let place = reading.place();
    let mut package = package::inspect(path, limits, &place)?;
    let file = File::open(path).map_err(|e| vec![super::unreadable(&place, &e)])?;
    let mut workbook = Workbook::new(BufReader::new(file)).map_err(|e| vec![refusal(&e, &place)])?;
    let sheets = chosen(reading, &workbook)?;
    let mut budget = limits.cells;
    let mut rows = 0;
    let mut read = 0;
    let mut errors = Vec::new();
    let mut others: Vec<(usize, String, Vec<Diagnostic>)> = Vec::new();
    for name in &sheets {
        let end = sheet(reading, &mut workbook, &mut package, name, &mut budget)?;
        match end {
            SheetEnd::Read(data) => {
                rows += data;
                read += 1;
            }
            SheetEnd::Empty => {}
            SheetEnd::NotThis(known, problems) => others.push((known, name.clone(), problems)),
            SheetEnd::Breaks(mut problems) => errors.append(&mut problems),
        }
    }
    let named = !reading.contract.source.sheets.is_empty();
    if named {
        errors.extend(others.drain(..).flat_map(|(_, _, problems)| problems));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    if read == 0 {
        // Nothing fits: speak of the sheet that came nearest, the first of equals.
        let best = others.iter().map(|o| o.0).max();
        return match others.into_iter().find(|o| Some(o.0) == best) {
            Some((_, _, problems)) => Err(problems),
            None => Err(vec![
                Diagnostic::error("ingest.empty_workbook", "no sheet has anything in it", place)
                    .hint("ask the sender for the file again"),
            ]),
        };
    }
    for (known, name, _) in others {
        reading.problems.push(
            Diagnostic::warning(
                "ingest.sheet_skipped",
                format!("the sheet does not have this source's headings ({known} known) and is not read"),
                place.clone().sheet(name),
            )
            .hint("if it holds data, its headings must be those of the contract; see its `aliases`"),
        );
    }
    if rows == 0 {
        reading.problems.push(super::no_rows(&place));
    }
    Ok(())
}

/// The sheets to read, in the workbook's order: those the contract names, or all visible ones.
fn chosen(reading: &mut Reading, workbook: &Workbook) -> Checked<Vec<String>> {
    let place = reading.place();
    let wanted = &reading.contract.source.sheets;
    let all = workbook.sheets_metadata();
    let is_wanted = |name: &str| wanted.iter().any(|w| header::fold(w) == header::fold(name));
    let missing: Vec<Diagnostic> = wanted
        .iter()
        .filter(|w| !all.iter().any(|s| header::fold(&s.name) == header::fold(w)))
        .map(|w| {
            let names: Vec<String> = all.iter().map(|s| s.name.clone()).collect();
            Diagnostic::error("ingest.missing_sheet", format!("there is no sheet `{w}`"), place.clone().sheet(w))
                .hint(format!("the workbook has: {}", header::short_list(&names)))
        })
        .collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    let mut names = Vec::new();
    for sheet in all {
        let named = is_wanted(&sheet.name);
        if sheet.typ != SheetType::WorkSheet || (!wanted.is_empty() && !named) {
            continue;
        }
        if sheet.visible != SheetVisible::Visible && !named {
            reading.problems.push(
                Diagnostic::note(
                    "ingest.hidden_sheet",
                    "a hidden sheet; it is not read",
                    place.clone().sheet(&sheet.name),
                )
                .hint("name it under `sheets` in the contract if it belongs to the delivery"),
            );
            continue;
        }
        names.push(sheet.name.clone());
    }
    Ok(names)
}

/// Reads one sheet.
fn sheet(
    reading: &mut Reading,
    workbook: &mut Workbook,
    package: &mut Package,
    name: &str,
    budget: &mut u64,
) -> Checked<SheetEnd> {
    let place = reading.place().sheet(name);
    let merges = match package.merges(name) {
        Some(merges) => merges,
        None => merges_by_parser(workbook, name, &place)?,
    };
    let is_1904 = workbook.has_1904_epoch();
    let mut cells = match workbook.worksheet_cells_reader(name) {
        Ok(cells) => cells,
        Err(XlsxError::NotAWorksheet(_)) => return Ok(SheetEnd::Empty),
        Err(e) => return Err(vec![refusal(&e, &place)]),
    };
    let mut intake = SheetIntake::new(reading, name, merges);
    let mut row = Row::default();
    let mut at = None;
    while let Some(cell) = cells.next_cell().map_err(|e| vec![refusal(&e, &place)])? {
        let (r, c) = cell.get_position();
        if r >= ROWS || c >= COLUMNS || at.is_some_and(|last| last >= (r, c)) {
            return Err(vec![misplaced(&place)]);
        }
        if at.is_none_or(|(last, _)| last != r) {
            if at.is_some() && !intake.row(&mut row)? {
                return intake.finish();
            }
            row.reset(r + 1);
        }
        at = Some((r, c));
        *budget = budget.checked_sub(1).ok_or_else(|| vec![bomb(&place, "it has too many cells".to_string())])?;
        push(&mut row, c, cell.get_value(), is_1904);
    }
    if at.is_some() {
        intake.row(&mut row)?;
    }
    intake.finish()
}

pub(super) fn push(row: &mut Row, column: u32, value: &DataRef, is_1904: bool) {
    let (text, kind) = match value {
        DataRef::Empty => return,
        DataRef::String(text) => return row.push(column, text, CellKind::Text),
        DataRef::SharedString(text) => return row.push(column, text, CellKind::Text),
        DataRef::Int(n) => (n.to_string(), CellKind::Number),
        DataRef::Float(n) => cell::number(*n),
        DataRef::Bool(b) => (if *b { "TRUE" } else { "FALSE" }.to_string(), CellKind::Bool),
        DataRef::DateTime(d) if d.is_duration() => cell::duration(d.as_f64()),
        DataRef::DateTime(d) => cell::serial(d.as_f64(), is_1904),
        DataRef::DateTimeIso(text) => cell::iso(text),
        DataRef::DurationIso(text) => (text.clone(), CellKind::Text),
        DataRef::Error(e) => (e.to_string(), CellKind::Error),
    };
    row.push(column, &text, kind);
}

/// The parser's own way to merged ranges, which reads the sheet once more: only for workbooks with an unusual index.
fn merges_by_parser(workbook: &mut Workbook, name: &str, place: &Place) -> Checked<Merges> {
    let found = workbook.merge_cells_by_sheet_name(name).map_err(|e| vec![refusal(&e, place)])?;
    let regions = found.into_iter().map(|d| super::merges::Region {
        top: d.start.0.saturating_add(1),
        left: d.start.1,
        bottom: d.end.0.saturating_add(1),
        right: d.end.1.min(COLUMNS),
    });
    Ok(Merges::new(regions.collect()))
}

/// A parser's error in words without any value of a cell.
pub(super) fn refusal(error: &XlsxError, place: &Place) -> Diagnostic {
    let refuse = |code, message: &str, hint: &str| Diagnostic::error(code, message, place.clone()).hint(hint);
    match error {
        XlsxError::Io(_) | XlsxError::Zip(_) | XlsxError::Xml(_) | XlsxError::XmlAttr(_) | XlsxError::XmlEof(_) => {
            damaged(place)
        }
        XlsxError::Password => refuse(
            "ingest.password",
            "the workbook is protected by a password",
            "ask the sender for a copy without a password; send it by a safe way",
        ),
        XlsxError::FileNotFound(_) | XlsxError::RelationshipNotFound => refuse(
            "ingest.not_workbook",
            "the file is an archive but not an .xlsx workbook",
            "ask the sender for an .xlsx export; .xlsb and .ods must be saved as .xlsx",
        ),
        XlsxError::CellError(_) | XlsxError::ParseFloat(_) | XlsxError::Unrecognized { .. } => refuse(
            "ingest.broken_workbook",
            "a cell holds a value of a kind that cannot be read",
            "copy the table and paste it as values into a new workbook",
        ),
        _ => refuse(
            "ingest.broken_workbook",
            "the workbook is not built as the .xlsx format demands",
            "open it in a spreadsheet program and save it anew",
        ),
    }
}
