//! Workbooks: cells in stream order, never a whole sheet in memory.
//!
//! In: an `.xlsx` file. Out: its sheets and their rows. A formula counts with the value stored beside it. Only the
//! streaming cell reader is used: asking the parser for a sheet's range makes room for every cell up to the furthest one
//! (reliability.md #3).

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use calamine::{Cell, DataRef, Reader, Sheet, SheetType, SheetVisible, Xlsx, XlsxError};

use super::book::{Book, Layout, SheetInfo, Take};
use super::limits::Limits;
use super::merges::Merges;
use super::package::{self, Package, damaged, misplaced};
use super::row::Row;
use super::{Checked, cell};
use crate::diag::{Diagnostic, Place};
use crate::model::CellKind;

type Workbook = Xlsx<BufReader<File>>;

/// Rows and columns a sheet can have.
pub(super) const ROWS: u32 = 1_048_576;
pub(super) const COLUMNS: u32 = 16_384;

/// An opened workbook.
pub(super) struct XlsxBook {
    workbook: Workbook,
    package: Package,
    /// Names of the sheets that hold cells, and whether they are hidden.
    sheets: Vec<SheetInfo>,
    place: Place,
}

/// Looks through the archive and opens the workbook.
pub(super) fn open(path: &Path, limits: &Limits, place: &Place) -> Checked<XlsxBook> {
    let package = package::inspect(path, false, limits, place)?;
    let file = File::open(path).map_err(|e| vec![super::unreadable(place, &e)])?;
    let workbook = Workbook::new(BufReader::new(file)).map_err(|e| vec![refusal(&e, place)])?;
    let sheets = tables(workbook.sheets_metadata());
    Ok(XlsxBook { workbook, package, sheets, place: place.clone() })
}

/// The sheets that hold cells: no charts, no macros.
pub(super) fn tables(all: &[Sheet]) -> Vec<SheetInfo> {
    all.iter()
        .filter(|s| s.typ == SheetType::WorkSheet)
        .map(|s| SheetInfo { name: s.name.clone(), hidden: s.visible != SheetVisible::Visible })
        .collect()
}

impl Book for XlsxBook {
    fn sheets(&self) -> Vec<SheetInfo> {
        self.sheets.clone()
    }

    fn layout(&mut self, sheet: usize) -> Checked<Layout> {
        let name = &self.sheets[sheet].name;
        match self.package.layout(name) {
            Some(layout) => Ok(layout),
            None => merges_by_parser(&mut self.workbook, name, &self.place.clone().sheet(name)),
        }
    }

    fn counts_from_1904(&self) -> bool {
        self.workbook.has_1904_epoch()
    }

    fn rows(&mut self, sheet: usize, take: &mut Take) -> Checked<()> {
        let name = &self.sheets[sheet].name;
        let place = self.place.clone().sheet(name);
        let is_1904 = self.workbook.has_1904_epoch();
        let mut cells = match self.workbook.worksheet_cells_reader(name) {
            Ok(cells) => cells,
            Err(XlsxError::NotAWorksheet(_)) => return Ok(()),
            Err(e) => return Err(vec![refusal(&e, &place)]),
        };
        by_cells(|| cells.next_cell().map_err(|e| vec![refusal(&e, &place)]), is_1904, &place, take)
    }
}

/// Gathers a stream of cells into rows, and refuses positions that no sheet has.
pub(super) fn by_cells<'d>(
    mut next: impl FnMut() -> Checked<Option<Cell<DataRef<'d>>>>,
    is_1904: bool,
    place: &Place,
    take: &mut Take,
) -> Checked<()> {
    let mut row = Row::default();
    let mut at = None;
    while let Some(cell) = next()? {
        let (r, c) = cell.get_position();
        if r >= ROWS || c >= COLUMNS || at.is_some_and(|last| last >= (r, c)) {
            return Err(vec![misplaced(place)]);
        }
        if at.is_none_or(|(last, _)| last != r) {
            if at.is_some() && !take(&mut row)? {
                return Ok(());
            }
            row.reset(r + 1);
        }
        at = Some((r, c));
        push(&mut row, c, cell.get_value(), is_1904);
    }
    if at.is_some() {
        take(&mut row)?;
    }
    Ok(())
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
fn merges_by_parser(workbook: &mut Workbook, name: &str, place: &Place) -> Checked<Layout> {
    let found = workbook.merge_cells_by_sheet_name(name).map_err(|e| vec![refusal(&e, place)])?;
    let regions = found.into_iter().map(|d| super::merges::Region {
        top: d.start.0.saturating_add(1),
        left: d.start.1,
        bottom: d.end.0.saturating_add(1),
        right: d.end.1.min(COLUMNS),
    });
    Ok(Layout { merges: Merges::new(regions.collect()), ..Layout::default() })
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
            "ask the sender for an .xlsx export",
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
