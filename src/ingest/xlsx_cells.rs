//! Cells of an .xlsx sheet in stream order, and in the same pass what stands around them: merged ranges, hidden rows and
//! columns.
//!
//! In: the XML of a sheet, the workbook's shared texts and cell formats. Out: rows, never a whole sheet in memory. A formula
//! counts with the value stored beside it. What no program writes refuses the file: cells out of order or outside of any
//! sheet, texts that are not there, values that are not of the kind they are said to be.

use std::io::Read;

use super::cut::{Cutter, Piece, decode};
use super::limits::{Limits, oversized};
use super::markup::{attribute, local_name, region};
use super::merges::Region;
use super::package::{damaged, misplaced};
use super::row::Row;
use super::xlsx::{COLUMNS, ROWS};
use super::xlsx_index::Shows;
use super::xlsx_texts::{Shared, content, inner_text, unescape};
use super::{Checked, book::Take, cell};
use crate::diag::{Diagnostic, Place};
use crate::model::CellKind;

/// What the cells of a sheet refer to.
pub(super) struct Refers<'a> {
    pub(super) shared: &'a Shared,
    /// What a number is shown as, by the style of its cell.
    pub(super) formats: &'a [Shows],
    pub(super) is_1904: bool,
}

/// What stands around a sheet's cells.
#[derive(Debug, Default)]
pub(super) struct Around {
    pub(super) regions: Vec<Region>,
    pub(super) hidden_rows: u64,
    pub(super) hidden_columns: u64,
}

/// Reads a sheet. What stands around its cells is known when `take` wanted all of its rows.
pub(super) fn read<R: Read>(
    part: R,
    refers: &Refers,
    limits: &Limits,
    place: &Place,
    take: &mut Take,
) -> Checked<Option<Around>> {
    let mut around = Around::default();
    let mut sheet = Sheet {
        cutter: Cutter::new(part, limits, place),
        refers,
        limits,
        place,
        row: Row::default(),
        at: None,
        row_index: 0,
        column_index: 0,
        text: String::new(),
    };
    if !sheet.head(&mut around)? {
        return Ok(Some(around));
    }
    if !sheet.cells(&mut around, take)? {
        return Ok(None);
    }
    sheet.tail(&mut around)?;
    Ok(Some(around))
}

struct Sheet<'a, R> {
    cutter: Cutter<R>,
    refers: &'a Refers<'a>,
    limits: &'a Limits,
    place: &'a Place,
    row: Row,
    /// Row and column of the last cell, from 0.
    at: Option<(u32, u32)>,
    /// Where a cell stands that does not say so.
    row_index: u32,
    column_index: u32,
    text: String,
}

/// The attributes of a cell.
#[derive(Default)]
struct Attributes<'t> {
    position: Option<&'t [u8]>,
    style: Option<&'t [u8]>,
    kind: Option<&'t [u8]>,
}

impl<R: Read> Sheet<'_, R> {
    /// Goes to the cells; false when the part holds none, as that of a chart.
    fn head(&mut self, around: &mut Around) -> Checked<bool> {
        let mut is_sheet = false;
        loop {
            match self.cutter.next()? {
                Piece::Open(tag, empty) => match local_name(tag) {
                    b"worksheet" | b"chartsheet" | b"dialogsheet" => is_sheet = true,
                    b"sheetData" => return Ok(!empty),
                    b"dimension" => check_dimension(tag, self.place)?,
                    b"col" if is_hidden(tag) => around.hidden_columns += columns(tag),
                    _ => {}
                },
                Piece::End if is_sheet => return Ok(false),
                Piece::End => return Err(vec![damaged(self.place)]),
                _ => {}
            }
        }
    }

    /// Reads all rows; false when `take` wants no more.
    fn cells(&mut self, around: &mut Around, take: &mut Take) -> Checked<bool> {
        loop {
            match self.cutter.next()? {
                Piece::Open(tag, empty) => match local_name(tag) {
                    b"c" => {
                        let attributes = attributes(tag).ok_or_else(|| vec![damaged(self.place)])?;
                        let (row, column) = match attributes.position {
                            Some(position) => corner(position).ok_or_else(|| vec![misplaced(self.place)])?,
                            None => (self.row_index, self.column_index),
                        };
                        if row >= ROWS || column >= COLUMNS || self.at.is_some_and(|last| last >= (row, column)) {
                            return Err(vec![misplaced(self.place)]);
                        }
                        if self.at.is_none_or(|(last, _)| last != row) {
                            if self.at.is_some() && !take(&mut self.row)? {
                                return Ok(false);
                            }
                            self.row.reset(row + 1);
                        }
                        self.at = Some((row, column));
                        self.column_index = column + 1;
                        if !empty {
                            let style = attributes.style.map(|s| shows(s, self.refers.formats)).unwrap_or_default();
                            let kind = Kind::of(attributes.kind).ok_or_else(|| vec![malformed(self.place)])?;
                            self.value(column, kind, style)?;
                        }
                    }
                    b"row" => {
                        around.hidden_rows += u64::from(is_hidden(tag));
                        let position = attributes(tag).ok_or_else(|| vec![damaged(self.place)])?.position;
                        if let Some(position) = position {
                            self.row_index = number(position).ok_or_else(|| vec![misplaced(self.place)])?;
                        }
                        if empty {
                            self.end_row();
                        }
                    }
                    _ => {}
                },
                Piece::Close(name) => match local_name(name) {
                    b"row" => self.end_row(),
                    b"sheetData" => break,
                    _ => {}
                },
                Piece::Text(_) | Piece::Data(_) => {}
                Piece::End => return Err(vec![damaged(self.place)]),
            }
        }
        Ok(self.at.is_none() || take(&mut self.row)?)
    }

    fn end_row(&mut self) {
        self.row_index = self.row_index.saturating_add(1);
        self.column_index = 0;
    }

    /// Reads what stands behind the cells.
    fn tail(&mut self, around: &mut Around) -> Checked<()> {
        loop {
            match self.cutter.next()? {
                Piece::Open(tag, _) if local_name(tag) == b"mergeCell" => {
                    if around.regions.len() >= self.limits.merges {
                        return Err(vec![oversized(self.place, "it has too many merged ranges".to_string())]);
                    }
                    let tag = String::from_utf8_lossy(tag);
                    around.regions.extend(attribute(&tag, "ref").as_deref().and_then(region));
                }
                Piece::End => return Ok(()),
                _ => {}
            }
        }
    }

    /// Reads what stands in a cell, and puts it into the row.
    fn value(&mut self, column: u32, kind: Kind, style: Shows) -> Checked<()> {
        // Nearly all cells: a value and nothing else.
        if let Some(raw) = self.cutter.between(b"<v>", b"</v></c>") {
            let raw = match kind {
                Kind::Text | Kind::Day | Kind::Any if memchr::memchr3(b'&', b'\r', b'_', raw).is_some() => {
                    self.text.clear();
                    if !decode(raw, &mut self.text) {
                        return Err(vec![damaged(self.place)]);
                    }
                    &self.text
                }
                _ => std::str::from_utf8(raw).map_err(|_| vec![damaged(self.place)])?,
            };
            return put(&mut self.row, column, raw, kind, style, self.refers, self.place);
        }
        loop {
            match self.cutter.next()? {
                Piece::Open(tag, false) => match local_name(tag) {
                    b"v" => {
                        self.text.clear();
                        content(&mut self.cutter, b"v", &mut self.text, self.limits, self.place)?;
                        put(&mut self.row, column, &self.text, kind, style, self.refers, self.place)?;
                    }
                    b"is" => {
                        self.text.clear();
                        inner_text(&mut self.cutter, b"is", &mut self.text, self.limits, self.place)?;
                        self.row.push(column, &self.text, CellKind::Text);
                    }
                    b"f" => self.pass(b"f")?,
                    b"extLst" => self.pass(b"extLst")?,
                    _ => return Err(vec![malformed(self.place)]),
                },
                Piece::Close(name) if local_name(name) == b"c" => return Ok(()),
                Piece::End => return Err(vec![damaged(self.place)]),
                _ => {}
            }
        }
    }

    /// Passes over an element that was opened. What stands in it is bounded like the text of a cell: a formula.
    fn pass(&mut self, element: &[u8]) -> Checked<()> {
        let mut bytes = 0;
        loop {
            match self.cutter.next()? {
                Piece::Close(name) if local_name(name) == element => return Ok(()),
                Piece::End => return Err(vec![damaged(self.place)]),
                Piece::Text(text) | Piece::Data(text) => bytes += text.len(),
                _ => {}
            }
            if bytes > self.limits.text {
                return Err(vec![self.cutter.too_long()]);
            }
        }
    }
}

/// What a cell says its value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing: a number, or a text where it is none.
    Any,
    Number,
    Shared,
    Text,
    Inline,
    Bool,
    Error,
    Day,
}

impl Kind {
    /// None for what the format does not know.
    fn of(attribute: Option<&[u8]>) -> Option<Kind> {
        Some(match attribute {
            None => Kind::Any,
            Some(b"s") => Kind::Shared,
            Some(b"n") => Kind::Number,
            Some(b"str") => Kind::Text,
            Some(b"inlineStr" | b"is") => Kind::Inline,
            Some(b"b") => Kind::Bool,
            Some(b"e") => Kind::Error,
            Some(b"d") => Kind::Day,
            Some(_) => return None,
        })
    }
}

/// Errors that a formula can end in. What newer versions added stands for a table that is not there (`#SPILL!`).
const ERRORS: [&str; 7] = ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"];

/// Puts a cell's value into its row; `value` without entities.
fn put(
    row: &mut Row,
    column: u32,
    value: &str,
    kind: Kind,
    style: Shows,
    refers: &Refers,
    place: &Place,
) -> Checked<()> {
    let unknown = || vec![unknown_value(place)];
    if value.is_empty() {
        return Ok(());
    }
    match kind {
        Kind::Shared => {
            let at = value.trim_ascii().parse().map_err(|_| vec![malformed(place)])?;
            row.push(column, refers.shared.get(at).ok_or_else(|| vec![malformed(place)])?, CellKind::Text);
        }
        Kind::Number | Kind::Any => {
            if style == Shows::Number
                && let Some(plain) = plain_number(value)
            {
                row.push(column, plain, CellKind::Number);
                return Ok(());
            }
            let (text, kind) = match value.parse::<f64>() {
                Ok(n) => match style {
                    Shows::Number => cell::number(n),
                    Shows::Day => cell::serial(n, refers.is_1904),
                    Shows::Duration => cell::duration(n),
                },
                Err(_) if kind == Kind::Any => (value.to_string(), CellKind::Text),
                Err(_) => return Err(unknown()),
            };
            row.push(column, &text, kind);
        }
        Kind::Text => row.push(column, &unescape(value), CellKind::Text),
        // Its text stands in `is`.
        Kind::Inline => {}
        Kind::Bool => {
            let value = value.trim();
            let is = |words: [&str; 2]| words.iter().any(|w| value.eq_ignore_ascii_case(w));
            match () {
                () if is(["1", "true"]) => row.push(column, "TRUE", CellKind::Bool),
                () if is(["0", "false"]) => row.push(column, "FALSE", CellKind::Bool),
                () if value.is_empty() => {}
                () => return Err(unknown()),
            }
        }
        Kind::Error if ERRORS.contains(&value) => row.push(column, value, CellKind::Error),
        Kind::Error => return Err(unknown()),
        Kind::Day => {
            let (text, kind) = cell::iso(value);
            row.push(column, &text, kind);
        }
    }
    Ok(())
}

/// A number that needs no arithmetic to be shown as [`cell::number`] shows it: up to 15 digits, of which a float loses none.
fn plain_number(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + part.len() > 15 || !all(whole) || !all(part) || (whole.starts_with('0') && whole != "0") {
        return None;
    }
    let shown = match digits.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    };
    (shown != "-0").then_some(shown)
}

/// What a number in a cell of this style is shown as.
fn shows(style: &[u8], formats: &[Shows]) -> Shows {
    let style = std::str::from_utf8(style).ok().and_then(|s| s.parse::<usize>().ok()).unwrap_or(0);
    formats.get(style).copied().unwrap_or_default()
}

/// The attributes that a cell or row is read by; none when the tag is not built of names and quoted values.
fn attributes(tag: &[u8]) -> Option<Attributes<'_>> {
    let mut found = Attributes::default();
    let name = tag.iter().position(u8::is_ascii_whitespace).unwrap_or(tag.len());
    let mut rest = tag[name..].trim_ascii_start();
    while !rest.is_empty() {
        let equals = rest.iter().position(|b| *b == b'=')?;
        let key = rest[..equals].trim_ascii_end();
        let (quote, value) = rest[equals + 1..].trim_ascii_start().split_first()?;
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        let end = value.iter().position(|b| b == quote)?;
        match key {
            b"r" => found.position = Some(&value[..end]),
            b"s" => found.style = Some(&value[..end]),
            b"t" => found.kind = Some(&value[..end]),
            _ => {}
        }
        rest = value[end + 1..].trim_ascii_start();
    }
    Some(found)
}

/// Row and column of `XFD1048576`, from 0; none for what no sheet has.
fn corner(position: &[u8]) -> Option<(u32, u32)> {
    let letters = position.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    if !(1..=3).contains(&letters) {
        return None;
    }
    let (letters, digits) = position.split_at(letters);
    let column = letters.iter().fold(0, |n, b| n * 26 + u32::from(b.to_ascii_uppercase() - b'A') + 1);
    Some((number(digits)?, column - 1))
}

/// The number of a row, from 0; none for what no sheet has.
fn number(digits: &[u8]) -> Option<u32> {
    if !(1..=7).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    digits.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0')).checked_sub(1)
}

/// The size of a sheet that it says it has: wrong as a rule, but not nonsense.
fn check_dimension(tag: &[u8], place: &Place) -> Checked<()> {
    let tag = String::from_utf8_lossy(tag);
    let range = attribute(&tag, "ref").unwrap_or_default();
    let range = if range.contains(':') { range } else { format!("{range}:{range}") };
    match region(&range) {
        Some(r) if r.bottom >= r.top && r.right >= r.left => Ok(()),
        _ => Err(vec![misplaced(place)]),
    }
}

fn is_hidden(tag: &[u8]) -> bool {
    let said = |text: &[u8]| memchr::memmem::find(tag, text).is_some();
    said(b"hidden=\"1\"") || said(b"hidden=\"true\"")
}

/// Number of columns that a tag `col` is about.
fn columns(tag: &[u8]) -> u64 {
    let tag = String::from_utf8_lossy(tag);
    let number = |name| attribute(&tag, name).and_then(|n| n.parse::<u64>().ok()).unwrap_or(1);
    let (first, last) = (number("min"), number("max"));
    // Hiding all columns behind the table, up to the last one there can be, says nothing.
    if last < u64::from(COLUMNS) { (last + 1).saturating_sub(first) } else { 0 }
}

pub(super) fn malformed(place: &Place) -> Diagnostic {
    let message = "the workbook is not built as the .xlsx format demands";
    Diagnostic::error("ingest.broken_workbook", message, place.clone())
        .hint("open it in a spreadsheet program and save it anew")
}

fn unknown_value(place: &Place) -> Diagnostic {
    let message = "a cell holds a value of a kind that cannot be read";
    Diagnostic::error("ingest.broken_workbook", message, place.clone())
        .hint("copy the table and paste it as values into a new workbook")
}
