//! Binary workbooks (.xlsb): cells in stream order, never a whole sheet in memory.
//!
//! In: an archive whose sheets are records. Out: its sheets and their rows. The parser gives the cells; a look over the
//! records beforehand gives what it leaves out: merged ranges, hidden rows and columns, and the errors that formulas
//! ended in.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::archive::{self, Archive};
use super::book::{Book, Layout, SheetInfo, Take};
use super::limits::{Limits, guarded, oversized};
use super::merges::{Merges, Region};
use super::package::{self, Package, damaged, misplaced};
use super::{Checked, parsed, xls, xlsx};
use crate::diag::{Diagnostic, Place};
use calamine::{Cell, CellErrorType, DataRef, Reader, Xlsb, XlsbError};

/// Longest record that is looked at: a text of the longest cell, twice over.
const RECORD: usize = 1 << 20;

/// An opened workbook.
pub(super) struct XlsbBook {
    workbook: Xlsb<BufReader<File>>,
    sheets: Vec<SheetInfo>,
    around: BTreeMap<String, Around>,
    place: Place,
}

/// What the parser does not tell of a sheet.
#[derive(Default)]
struct Around {
    merges: Vec<Region>,
    hidden_rows: u64,
    hidden_columns: u64,
    /// Errors of formulas: row, column, code; in order.
    errors: VecDeque<(u32, u32, u8)>,
}

/// Looks through the archive and opens the workbook.
pub(super) fn open(path: &Path, limits: &Limits, place: &Place) -> Checked<XlsbBook> {
    let mut package = Package::open(path, limits, place)?;
    package.look_through(&BTreeSet::new(), true)?;
    let targets = package.targets("xl/_rels/workbook.bin.rels", "xl/")?;
    let reader = || File::open(path).map(BufReader::new).map_err(|e| vec![super::unreadable(place, &e)]);
    let mut archive = archive::open(path, limits, place)?;
    let around = look_over(&mut archive, &targets, limits, place)?;
    let workbook = guarded(place, || Xlsb::new(reader()?).map_err(|e| vec![refusal(&e, place)]))?;
    let sheets = parsed::tables(workbook.sheets_metadata());
    Ok(XlsbBook { workbook, sheets, around, place: place.clone() })
}

/// Records of a part, one at a time.
struct Records<R> {
    reader: R,
    data: Vec<u8>,
}

impl<R: Read> Records<R> {
    fn byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.reader.read_exact(&mut byte).ok().map(|()| byte[0])
    }

    /// The number of the next record, whose data is then in `data`; none at the end or where it breaks off.
    fn next(&mut self) -> Option<u16> {
        let first = self.byte()?;
        let kind = match first & 0x80 {
            0 => u16::from(first),
            _ => u16::from(first & 0x7f) | u16::from(self.byte()? & 0x7f) << 7,
        };
        let mut length = 0;
        for i in 0..4 {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7f) << (7 * i);
            if byte & 0x80 == 0 {
                break;
            }
        }
        self.data.clear();
        if length > RECORD {
            return Some(u16::MAX);
        }
        self.data.resize(length, 0);
        self.reader.read_exact(&mut self.data).ok().map(|()| kind)
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.data.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    /// A text with its length before it, and where it ends.
    fn text(&self, at: usize) -> Option<(String, usize)> {
        let length = self.u32(at)? as usize;
        let end = (at + 4).checked_add(length.checked_mul(2)?)?;
        let units: Vec<u16> = self.data.get(at + 4..end)?.chunks(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
        Some((String::from_utf16_lossy(&units), end))
    }
}

fn records<'a>(archive: &'a mut Archive, part: &str) -> Option<Records<impl Read + 'a>> {
    let index = archive.file_names().position(|n| n.is_ok_and(|n| package::key(&n) == part))?;
    let part = archive.by_index(index).ok()?;
    Some(Records { reader: BufReader::new(part), data: Vec::new() })
}

/// Goes over the records of the index and of all sheets.
fn look_over(
    archive: &mut Archive,
    targets: &BTreeMap<String, String>,
    limits: &Limits,
    place: &Place,
) -> Checked<BTreeMap<String, Around>> {
    let mut sheets = Vec::new();
    let mut index = records(archive, "xl/workbook.bin").ok_or_else(|| vec![damaged(place)])?;
    while let Some(kind) = index.next() {
        if kind == 0x9c
            && let Some((id, end)) = index.text(8)
            && let Some((name, _)) = index.text(end)
            && let Some(part) = targets.get(&id)
        {
            sheets.push((name, part.clone()));
        }
    }
    drop(index);
    let mut found = BTreeMap::new();
    let mut merges = 0;
    for (name, part) in sheets {
        let mut around = Around::default();
        let Some(mut sheet) = records(archive, &part) else {
            continue;
        };
        let mut row = 0;
        while let Some(kind) = sheet.next() {
            match kind {
                u16::MAX => return Err(vec![oversized(place, "a record of it is longer than any text".to_string())]),
                0x00 => {
                    row = sheet.u32(0).unwrap_or(0);
                    around.hidden_rows += u64::from(sheet.data.get(11).is_some_and(|b| b & 0x10 != 0));
                }
                0x3c => {
                    let (first, last) = (sheet.u32(0).unwrap_or(0), sheet.u32(4).unwrap_or(0));
                    let hidden = sheet.data.get(16).is_some_and(|b| b & 1 != 0);
                    if hidden && last < xlsx::COLUMNS - 1 {
                        around.hidden_columns += u64::from((last + 1).saturating_sub(first));
                    }
                }
                0x0b => {
                    let error = (row, sheet.u32(0).unwrap_or(0), sheet.data.get(8).copied().unwrap_or(0));
                    if around.errors.back().is_some_and(|last| (last.0, last.1) >= (error.0, error.1)) {
                        return Err(vec![misplaced(place)]);
                    }
                    around.errors.push_back(error);
                    if around.errors.len() as u64 > limits.cells {
                        return Err(vec![oversized(place, "it has too many cells".to_string())]);
                    }
                }
                0xb0 => {
                    merges += 1;
                    if merges > limits.merges {
                        return Err(vec![oversized(place, "it has too many merged ranges".to_string())]);
                    }
                    let at = |i| sheet.u32(i).unwrap_or(0).min(xlsx::ROWS);
                    around.merges.push(Region {
                        top: at(0) + 1,
                        bottom: at(4) + 1,
                        left: at(8),
                        right: at(12).min(xlsx::COLUMNS),
                    });
                }
                _ => {}
            }
        }
        found.insert(name, around);
    }
    Ok(found)
}

fn error(code: u8) -> CellErrorType {
    match code {
        0x00 => CellErrorType::Null,
        0x07 => CellErrorType::Div0,
        0x0f => CellErrorType::Value,
        0x17 => CellErrorType::Ref,
        0x1d => CellErrorType::Name,
        0x24 => CellErrorType::Num,
        0x2b => CellErrorType::GettingData,
        _ => CellErrorType::NA,
    }
}

impl Book for XlsbBook {
    fn sheets(&self) -> Vec<SheetInfo> {
        self.sheets.clone()
    }

    fn layout(&mut self, sheet: usize) -> Checked<Layout> {
        let Some(around) = self.around.get_mut(&self.sheets[sheet].name) else {
            return Ok(Layout::default());
        };
        Ok(Layout {
            merges: Merges::new(around.merges.clone()),
            hidden_rows: around.hidden_rows,
            hidden_columns: around.hidden_columns,
        })
    }

    fn counts_from_1904(&self) -> bool {
        self.workbook.has_1904_epoch()
    }

    fn rows(&mut self, sheet: usize, take: &mut Take) -> Checked<()> {
        let name = &self.sheets[sheet].name;
        let place = self.place.clone().sheet(name);
        let is_1904 = self.workbook.has_1904_epoch();
        let mut errors = self.around.get(name).map(|a| a.errors.clone()).unwrap_or_default();
        let mut cells = self.workbook.worksheet_cells_reader(name).map_err(|e| vec![refusal(&e, &place)])?;
        let mut ahead: Option<Cell<DataRef>> = None;
        // Behind the last cell the parser would read on.
        let mut over = false;
        let next = || -> Checked<Option<Cell<DataRef>>> {
            if ahead.is_none() && !over {
                ahead = cells.next_cell().map_err(|e| vec![refusal(&e, &place)])?;
                over = ahead.is_none();
            }
            let first = errors.front().filter(|e| ahead.as_ref().is_none_or(|c| (e.0, e.1) < c.get_position()));
            if let Some((row, column, code)) = first.copied() {
                errors.pop_front();
                return Ok(Some(Cell::new((row, column), DataRef::Error(error(code)))));
            }
            Ok(ahead.take())
        };
        parsed::by_cells(next, is_1904, &place, take)
    }
}

fn refusal(error: &XlsbError, place: &Place) -> Diagnostic {
    match error {
        XlsbError::Password => xls::password(place),
        XlsbError::Io(_) | XlsbError::Zip(_) | XlsbError::Xml(_) | XlsbError::XmlAttr(_) => damaged(place),
        _ => Diagnostic::error(
            "ingest.broken_workbook",
            "the workbook is not built as the .xlsb format demands",
            place.clone(),
        )
        .hint("open it in a spreadsheet program and save it anew"),
    }
}
