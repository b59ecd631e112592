//! OpenDocument workbooks (.ods): rows in stream order, never a whole sheet in memory.
//!
//! In: an archive with `content.xml`. Out: its sheets and their rows. The parser of our workbook library builds every
//! sheet as a rectangle with repeated rows and cells written out, knows no merged ranges, and writes out as many spaces
//! as a file asks for; so this reader goes over the events of the XML itself. A repeat of blank cells costs nothing, one
//! of cells with text counts against the caps.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use quick_xml::events::{BytesStart, Event};

use super::book::SheetInfo;
use super::limits::{Limits, oversized};
use super::markup_book::{MarkupBook, Seen, SeenRow, Visit};
use super::package::{Package, damaged, misplaced};
use super::row::Row;
use super::{Checked, archive, cell, xls, xlsx, xml};
use crate::diag::Place;
use crate::model::CellKind;

/// Spaces that one element may stand for.
const SPACES: u32 = 1_000;

/// Looks through the archive and walks over the sheets.
pub(super) fn open(path: &Path, limits: &Limits, place: &Place) -> Checked<MarkupBook> {
    if is_encrypted(path, limits, place)? {
        return Err(vec![xls::password(place)]);
    }
    Package::open(path, limits, place)?.look_through(&BTreeSet::new(), false)?;
    let (path, limits_, place_) = (path.to_path_buf(), *limits, place.clone());
    let walk = move |visit: &mut Visit| walk(&path, &limits_, &place_, visit);
    MarkupBook::open(Box::new(walk), Vec::new(), limits, place)
}

fn is_encrypted(path: &Path, limits: &Limits, place: &Place) -> Checked<bool> {
    let mut archive = archive::open(path, limits, place)?;
    let mut manifest = Vec::new();
    if let Ok(part) = archive.by_name("META-INF/manifest.xml") {
        part.take(4 << 20).read_to_end(&mut manifest).map_err(|_| vec![damaged(place)])?;
    }
    Ok(memchr::memmem::find(&manifest, b"encryption-data").is_some())
}

/// Styles of sheets that are not shown.
type HiddenStyles = BTreeSet<String>;

fn walk(path: &Path, limits: &Limits, place: &Place, visit: &mut Visit) -> Checked<()> {
    let mut archive = archive::open(path, limits, place)?;
    let content = archive.by_name("content.xml").map_err(|e| vec![archive::refusal_of_part(&e, place)])?;
    let mut reader = xml::reader(content, limits);
    let mut buffer = Vec::new();
    let mut hidden_styles = HiddenStyles::new();
    let mut style = String::new();
    let mut table = Table::new(limits, place);
    // Tables within tables are drawings and the like.
    let (mut depth, mut skipped, mut closed) = (0_u32, 0_u32, false);
    while let Some(event) = xml::next(&mut reader, &mut buffer, place)? {
        match event {
            Event::Start(tag) => {
                let name = tag.local_name();
                let name = name.as_ref();
                if skipped > 0 || depth > 0 && matches!(name, "shapes" | "annotation" | "frame" | "tracked-changes") {
                    skipped += 1;
                    continue;
                }
                match name {
                    "style" => style = xml::attribute(&tag, "name").unwrap_or_default(),
                    "table-properties" if xml::attribute(&tag, "display").as_deref() == Some("false") => {
                        hidden_styles.insert(style.clone());
                    }
                    "table" if depth > 0 => skipped += 1,
                    "table" => {
                        depth = 1;
                        table.number = 1;
                        let hidden = xml::attribute(&tag, "style-name").is_some_and(|s| hidden_styles.contains(&s));
                        let name = xml::attribute(&tag, "name").unwrap_or_default();
                        if !visit(Seen::Sheet(SheetInfo { name, hidden }))? {
                            return Ok(());
                        }
                    }
                    _ if depth > 0 => {
                        if let Some(columns) = table.start(name, &tag)?
                            && !visit(Seen::HiddenColumns(columns))?
                        {
                            return Ok(());
                        }
                    }
                    _ => {}
                }
            }
            Event::End(_) if skipped > 0 => skipped -= 1,
            Event::End(tag) if tag.local_name().as_ref() == "document-content" => closed = true,
            Event::End(tag) if depth > 0 => match tag.local_name().as_ref() {
                "table" => {
                    depth = 0;
                    visit(Seen::End)?;
                }
                "table-row" => {
                    let more = table.end_row(visit)?;
                    if !more {
                        return Ok(());
                    }
                }
                "table-cell" | "covered-table-cell" => table.end_cell()?,
                _ => {}
            },
            Event::Text(text) if skipped == 0 && depth > 0 => table.text(&text.xml10_content())?,
            Event::CData(text) if skipped == 0 && depth > 0 => table.text(&text.xml10_content())?,
            Event::GeneralRef(reference) if skipped == 0 && depth > 0 => {
                table.text(xml::entity(&reference).encode_utf8(&mut [0; 4]))?;
            }
            _ => {}
        }
    }
    if closed { Ok(()) } else { Err(vec![xml::truncated(place)]) }
}

/// A sheet while its events go by.
struct Table<'w> {
    limits: &'w Limits,
    place: &'w Place,
    /// Row that comes next.
    number: u32,
    row: Row,
    times: u32,
    hidden: bool,
    column: u32,
    spans: Vec<(u32, u32, u32)>,
    cell: Option<OpenCell>,
}

/// A cell between its tags.
#[derive(Default)]
struct OpenCell {
    times: u32,
    covered: bool,
    columns: u32,
    rows: u32,
    kind: String,
    error: bool,
    value: Option<String>,
    /// What is shown, paragraph by paragraph.
    text: String,
    paragraphs: u32,
    in_paragraph: u32,
}

impl<'w> Table<'w> {
    fn new(limits: &'w Limits, place: &'w Place) -> Self {
        Table {
            limits,
            place,
            number: 1,
            row: Row::default(),
            times: 1,
            hidden: false,
            column: 0,
            spans: Vec::new(),
            cell: None,
        }
    }

    /// Takes the beginning of an element; gives the number of hidden columns it tells of.
    fn start(&mut self, name: &str, tag: &BytesStart) -> Checked<Option<u64>> {
        let is_hidden = || xml::attribute(tag, "visibility").is_some_and(|v| v != "visible");
        match name {
            "table-column" if is_hidden() => {
                let count = xml::count(tag, "number-columns-repeated").unwrap_or(1);
                // Hiding all columns behind the table says nothing.
                return Ok((count < 1_000).then_some(u64::from(count)));
            }
            "table-row" => {
                self.row.reset(self.number);
                self.times = xml::count(tag, "number-rows-repeated").unwrap_or(1).max(1);
                self.hidden = is_hidden();
                self.column = 0;
                self.spans.clear();
            }
            "table-cell" | "covered-table-cell" => {
                let number = |name| xml::count(tag, name).unwrap_or(1).max(1);
                let value = ["value", "date-value", "boolean-value", "string-value"];
                self.cell = Some(OpenCell {
                    times: number("number-columns-repeated"),
                    covered: name != "table-cell",
                    columns: number("number-columns-spanned"),
                    rows: number("number-rows-spanned"),
                    kind: tag
                        .attributes()
                        .flatten()
                        .find(|a| a.key.as_ref() == "office:value-type")
                        .map(|a| a.value.into_owned())
                        .unwrap_or_default(),
                    error: tag
                        .attributes()
                        .flatten()
                        .any(|a| a.key.as_ref() == "calcext:value-type" && a.value.as_ref() == "error"),
                    value: value.into_iter().find_map(|name| xml::attribute(tag, name)),
                    ..OpenCell::default()
                });
            }
            _ => {
                if let Some(cell) = &mut self.cell {
                    match name {
                        "p" | "h" => {
                            if cell.paragraphs > 0 {
                                cell.text.push('\n');
                            }
                            cell.paragraphs += 1;
                            cell.in_paragraph += 1;
                        }
                        "s" => {
                            let spaces = xml::count(tag, "c").unwrap_or(1).min(SPACES);
                            cell.text.extend(std::iter::repeat_n(' ', spaces as usize));
                        }
                        "tab" => cell.text.push('\t'),
                        "line-break" => cell.text.push('\n'),
                        _ => {}
                    }
                }
            }
        }
        Ok(None)
    }

    fn text(&mut self, text: &str) -> Checked<()> {
        let Some(cell) = self.cell.as_mut().filter(|c| c.in_paragraph > 0) else {
            return Ok(());
        };
        cell.text.push_str(text);
        if cell.text.len() > self.limits.text {
            let what = format!("a text in it is longer than {} KB", self.limits.text >> 10);
            return Err(vec![oversized(self.place, what)]);
        }
        Ok(())
    }

    fn end_cell(&mut self) -> Checked<()> {
        let Some(cell) = self.cell.take() else {
            return Ok(());
        };
        let (text, kind) = cell.content();
        let blank = cell.covered || super::row::is_blank(&text);
        let end = self.column.saturating_add(cell.times);
        if !blank {
            if end > xlsx::COLUMNS {
                return Err(vec![misplaced(self.place)]);
            }
            if text.len() * cell.times as usize > self.limits.text {
                return Err(vec![oversized(self.place, "a text in it is repeated too often".to_string())]);
            }
            (self.column..end).for_each(|column| self.row.push(column, &text, kind));
        }
        if !cell.covered && cell.columns.max(cell.rows) > 1 && self.column < xlsx::COLUMNS {
            self.spans.push((self.column, cell.columns, cell.rows));
        }
        self.column = end;
        Ok(())
    }

    fn end_row(&mut self, visit: &mut Visit) -> Checked<bool> {
        let next = self.number.saturating_add(self.times);
        if !self.row.is_blank() && next > xlsx::ROWS + 1 {
            return Err(vec![misplaced(self.place)]);
        }
        self.number = next;
        visit(Seen::Row(SeenRow { row: &mut self.row, times: self.times, hidden: self.hidden, spans: &self.spans }))
    }
}

impl OpenCell {
    /// The cell's text: the value stored beside what is shown where it tells more.
    fn content(&self) -> (String, CellKind) {
        let shown = || (self.text.clone(), CellKind::Text);
        if self.error {
            return (self.text.clone(), CellKind::Error);
        }
        match (self.kind.as_str(), &self.value) {
            ("float" | "currency" | "percentage", Some(value)) => number(value),
            ("date", Some(value)) => cell::iso(value),
            ("boolean", Some(value)) => (value.to_uppercase(), CellKind::Bool),
            // A clock time is stored as a length of time; what is shown is what was meant.
            ("string", Some(value)) if self.paragraphs == 0 => (value.clone(), CellKind::Text),
            _ => shown(),
        }
    }
}

/// A number as it is written in the file; whole numbers keep every digit.
pub(super) fn number(text: &str) -> (String, CellKind) {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return (text.to_string(), CellKind::Number);
    }
    match text.parse::<f64>() {
        Ok(value) => cell::number(value),
        Err(_) => (text.to_string(), CellKind::Text),
    }
}
