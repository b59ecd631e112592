//! Workbooks of the old .xls kind (BIFF5 and BIFF8), as old systems and Excel 97–2003 write them.
//!
//! In: a compound file with a workbook stream, or such a stream by itself. Out: its sheets and their rows.
//!
//! The parser reads whole sheets into rectangles as large as the furthest cell asks for, and trusts what the file says
//! about itself. So the container is read by a crate that checks it, every record is looked at first, and the parser
//! gets a clean container with a stream from which the records it does not need are taken: announced dimensions, names,
//! formulas (their stored values stay).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Cursor, Read, Write as _};
use std::path::Path;

use calamine::{Data, DataRef, Reader, Xls, XlsError};

use super::Checked;
use super::book::{Book, Layout, SheetInfo, Take};
use super::limits::{Limits, guarded, oversized};
use super::merges::{Merges, Region};
use super::parsed;
use super::row::Row;
use crate::diag::{Diagnostic, Place};

/// An opened workbook.
pub(super) struct XlsBook {
    workbook: Xls<Cursor<Vec<u8>>>,
    sheets: Vec<SheetInfo>,
    /// Hidden rows and columns by the sheet's position in the file, charts counted.
    hidden: Vec<(String, u64, u64)>,
    place: Place,
}

/// Looks through a workbook and opens it.
pub(super) fn open(path: &Path, limits: &Limits, place: &Place) -> Checked<XlsBook> {
    let size = std::fs::metadata(path).map_err(|e| vec![super::unreadable(place, &e)])?.len();
    if size > limits.whole {
        return Err(vec![oversized(
            place,
            format!("a workbook of the .xls kind has at most {} MB", limits.whole >> 20),
        )]);
    }
    let mut stream = guarded(place, || stream(path, limits, place))?;
    let shapes = inspect(&mut stream, limits, place)?;
    let workbook = guarded(place, || {
        let clean = container(&stream).map_err(|e| vec![super::unreadable(place, &e)])?;
        Xls::new(Cursor::new(clean)).map_err(|e| vec![refusal(&e, place)])
    })?;
    let all = workbook.sheets_metadata();
    let mut names = BTreeSet::new();
    if all.len() != shapes.len() || !all.iter().all(|s| names.insert(s.name.clone())) {
        return Err(vec![super::package::misplaced(place)]);
    }
    let hidden = all.iter().zip(shapes).map(|(s, shape)| (s.name.clone(), shape.rows, shape.columns)).collect();
    Ok(XlsBook { sheets: parsed::tables(all), workbook, hidden, place: place.clone() })
}

/// The workbook's stream.
fn stream(path: &Path, limits: &Limits, place: &Place) -> Checked<Vec<u8>> {
    let io = |e: std::io::Error| vec![super::unreadable(place, &e)];
    let mut bytes = Vec::new();
    File::open(path).and_then(|f| f.take(limits.whole).read_to_end(&mut bytes)).map_err(io)?;
    if is_bare(&bytes) {
        return Ok(bytes);
    }
    let mut file = cfb::CompoundFile::open(Cursor::new(&bytes)).map_err(|_| vec![super::package::damaged(place)])?;
    let Some(name) = ["/Workbook", "/Book"].into_iter().find(|n| file.is_stream(n)) else {
        return Err(vec![
            Diagnostic::error("ingest.not_workbook", "the file is an old Office file but no workbook", place.clone())
                .hint("ask the sender for the table as a workbook"),
        ]);
    };
    let mut stream = Vec::new();
    let read = file.open_stream(name).and_then(|s| s.take(limits.whole).read_to_end(&mut stream));
    read.map_err(|_| vec![super::package::damaged(place)])?;
    Ok(stream)
}

/// True for a BIFF5 or BIFF8 stream without its container, as some report programs write it.
pub(super) fn is_bare(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x09, 0x08]) && matches!(bytes.get(4..6), Some([0x00, 0x05 | 0x06]))
}

/// A compound file with this stream and nothing else.
fn container(stream: &[u8]) -> std::io::Result<Vec<u8>> {
    // The parser takes a file of the newer version without small streams for an empty one.
    let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new()))?;
    let mut only = file.create_stream("/Workbook")?;
    only.write_all(stream)?;
    only.flush()?;
    drop(only);
    file.flush()?;
    Ok(file.into_inner().into_inner())
}

/// What a sheet hides.
#[derive(Default)]
struct Shape {
    rows: u64,
    columns: u64,
}

/// The rectangle around cells.
#[derive(Default)]
struct Extent(Option<[u32; 4]>);

impl Extent {
    fn add(&mut self, row: u32, left: u32, right: u32) {
        let [top, l, bottom, r] = self.0.unwrap_or([row, left, row, right]);
        self.0 = Some([top.min(row), l.min(left), bottom.max(row), r.max(right)]);
    }

    fn cells(&self) -> u64 {
        self.0.map_or(0, |[t, l, b, r]| (u64::from(b - t) + 1) * (u64::from(r - l) + 1))
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]])))
}

/// Number of a record that says nothing: a blank cell.
const NOTHING: [u8; 2] = 0x0201_u16.to_le_bytes();

/// Goes over all records: refuses what would cost too much, takes out what the parser does not need, and gives what
/// each sheet hides, in the order of the sheets' records.
fn inspect(stream: &mut [u8], limits: &Limits, place: &Place) -> Checked<Vec<Shape>> {
    let broken = || vec![super::package::damaged(place)];
    let mut starts = Vec::new();
    let mut at = 0;
    loop {
        let (kind, from, to) = record(stream, at).ok_or_else(broken)?;
        let data = &stream[from..to];
        match kind {
            0x2f => return Err(vec![password(place)]),
            0x85 => {
                let start = data.get(..4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).ok_or_else(broken)?;
                starts.push(start as usize);
            }
            // Names and links to other sheets: only formulas use them.
            0x17 | 0x18 => stream[at..at + 2].copy_from_slice(&NOTHING),
            0x0a => break,
            _ => {}
        }
        at = to;
    }
    let mut dense = 0;
    let mut shapes = Vec::new();
    for start in starts {
        let (mut cells, mut formulas) = (Extent::default(), Extent::default());
        let shape = sheet(stream, start, &mut cells, &mut formulas).ok_or_else(broken)?;
        // The parser makes room twice: for values, and for formulas.
        dense += cells.cells() + formulas.cells();
        if dense > limits.dense {
            let what = format!(
                "a far cell makes it larger than {} cells; delete the rows and columns behind the table",
                limits.dense
            );
            return Err(vec![oversized(place, what)]);
        }
        shapes.push(shape);
    }
    Ok(shapes)
}

/// Goes over the records of one sheet; none where they break off.
fn sheet(stream: &mut [u8], start: usize, cells: &mut Extent, formulas: &mut Extent) -> Option<Shape> {
    let mut shape = Shape::default();
    let mut at = start;
    let mut depth = 0;
    loop {
        let (kind, from, to) = record(stream, at)?;
        let data = &stream[from..to];
        match kind {
            0x0809 => depth += 1,
            0x0a if depth <= 1 => return Some(shape),
            0x0a => depth -= 1,
            // Parts within parts are charts.
            _ if depth > 1 => {}
            0x0200 => stream[at..at + 2].copy_from_slice(&NOTHING),
            0x0208 => shape.rows += u64::from(data.get(12).is_some_and(|b| b & 0x20 != 0)),
            0x7d => {
                let (first, last) = (u16_at(data, 0)?, u16_at(data, 2)?);
                // Hiding all columns behind the table, up to the last one there can be, says nothing.
                if data.get(8).is_some_and(|b| b & 1 != 0) && last < 255 {
                    shape.columns += u64::from((last + 1).saturating_sub(first));
                }
            }
            0x0203 | 0x0204 | 0xd6 | 0x0205 | 0x027e | 0xfd => {
                let (row, column) = (u16_at(data, 0)?, u16_at(data, 2)?);
                cells.add(row, column, column);
            }
            0xbd => cells.add(u16_at(data, 0)?, u16_at(data, 2)?, u16_at(data, data.len().checked_sub(2)?)?),
            0x06 => {
                let (row, column) = (u16_at(data, 0)?, u16_at(data, 2)?);
                cells.add(row, column, column);
                formulas.add(row, column, column);
                // The length of the formula's text: none.
                stream.get_mut(from + 20..from + 22)?.fill(0);
            }
            _ => {}
        }
        at = to;
    }
}

/// A record's number and where its data begins and ends.
fn record(stream: &[u8], at: usize) -> Option<(u32, usize, usize)> {
    let kind = u16_at(stream, at)?;
    let from = at + 4;
    let to = from + u16_at(stream, at + 2)? as usize;
    (to <= stream.len()).then_some((kind, from, to))
}

impl Book for XlsBook {
    fn sheets(&self) -> Vec<SheetInfo> {
        self.sheets.clone()
    }

    fn layout(&mut self, sheet: usize) -> Checked<Layout> {
        let name = &self.sheets[sheet].name;
        let found = self.workbook.merge_cells_by_sheet_name(name).map_err(|e| vec![refusal(&e, &self.place)])?;
        let regions = found.into_iter().map(|d| Region {
            top: d.start.0 + 1,
            left: d.start.1,
            bottom: d.end.0 + 1,
            right: d.end.1,
        });
        let hidden = self.hidden.iter().find(|h| h.0 == *name);
        let (hidden_rows, hidden_columns) = hidden.map_or((0, 0), |h| (h.1, h.2));
        Ok(Layout { merges: Merges::new(regions.collect()), hidden_rows, hidden_columns })
    }

    fn counts_from_1904(&self) -> bool {
        self.workbook.has_1904_epoch()
    }

    fn rows(&mut self, sheet: usize, take: &mut Take) -> Checked<()> {
        let name = &self.sheets[sheet].name;
        let is_1904 = self.workbook.has_1904_epoch();
        let range = self.workbook.worksheet_range(name).map_err(|e| vec![refusal(&e, &self.place)])?;
        let (top, left) = range.start().unwrap_or_default();
        let mut row = Row::default();
        for (r, cells) in range.rows().enumerate() {
            row.reset(top + r as u32 + 1);
            for (c, value) in cells.iter().enumerate().filter(|(_, v)| **v != Data::Empty) {
                parsed::push(&mut row, left + c as u32, &borrowed(value), is_1904);
            }
            if !row.is_blank() && !take(&mut row)? {
                break;
            }
        }
        Ok(())
    }
}

fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(n) => DataRef::Int(*n),
        Data::Float(n) => DataRef::Float(*n),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(b) => DataRef::Bool(*b),
        Data::DateTime(d) => DataRef::DateTime(*d),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(e) => DataRef::Error(e.clone()),
        Data::Empty => DataRef::Empty,
    }
}

/// The workbook cannot be opened without a password.
pub(super) fn password(place: &Place) -> Diagnostic {
    Diagnostic::error("ingest.password", "the workbook is protected by a password", place.clone())
        .hint("ask the sender for a copy without a password; send it by a safe way")
}

fn refusal(error: &XlsError, place: &Place) -> Diagnostic {
    match error {
        XlsError::Password => password(place),
        XlsError::Io(_) | XlsError::Cfb(_) | XlsError::EoStream(_) | XlsError::ContinueRecordTooShort => {
            super::package::damaged(place)
        }
        _ => Diagnostic::error(
            "ingest.broken_workbook",
            "the workbook is not built as the .xls format demands",
            place.clone(),
        )
        .hint("open it in a spreadsheet program and save it anew"),
    }
}
