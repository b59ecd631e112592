//! Web pages with tables, as government web systems save them under the name of an .xls file.
//!
//! In: HTML in any encoding. Out: one sheet without a name: the rows of all its tables, one below the other, as a
//! spreadsheet program shows them. Cells over several rows or columns are merged ranges. What is shown counts, not what
//! the markup says about formats; spaces and line breaks of the source are one space, `<br>` is a line break.

use std::path::Path;

use html5gum::{DefaultEmitter, IoReader, StartTag, Token, Tokenizer};

use super::book::SheetInfo;
use super::limits::{Limits, oversized};
use super::markup_book::{MarkupBook, Seen, SeenRow, Visit};
use super::row::{Fault, Row};
use super::{Checked, transcode, xlsx};
use crate::diag::{Diagnostic, Place};
use crate::model::CellKind;

/// Tables within tables: more is a trap.
const DEPTH: usize = 32;
/// Furthest a cell may reach, as browsers have it.
const COLSPAN: u32 = 1_000;
const ROWSPAN: u32 = 65_534;

/// Walks over the page.
pub(super) fn open(path: &Path, encoding: Option<&str>, limits: &Limits, place: &Place) -> Checked<MarkupBook> {
    let size = std::fs::metadata(path).map_err(|e| vec![super::unreadable(place, &e)])?.len();
    // The tokenizer keeps a comment whole, whatever is in it.
    if size > limits.page {
        return Err(vec![oversized(place, format!("a web page of more than {} MB", limits.page >> 20))]);
    }
    let mut notes = Vec::new();
    let reading = transcode::judge(path, encoding, place, &mut notes)?;
    let (path, limits_, place_) = (path.to_path_buf(), *limits, place.clone());
    let walk = move |visit: &mut Visit| walk(&path, reading, &limits_, &place_, visit);
    MarkupBook::open(Box::new(walk), notes, limits, place)
}

fn walk(path: &Path, reading: transcode::Reading, limits: &Limits, place: &Place, visit: &mut Visit) -> Checked<()> {
    let stream = reading.open(path).map_err(|e| vec![super::unreadable(place, &e)])?;
    let mut page = Page { limits, place, tables: Vec::new(), next: 1, steps: 0, any: false, closed: false };
    if !visit(Seen::Sheet(SheetInfo::default()))? {
        return Ok(());
    }
    // Text of scripts and styles is not shown.
    let mut unseen = false;
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    for token in Tokenizer::new_with_emitter(IoReader::new(stream), emitter) {
        let token = token.map_err(|e: std::io::Error| vec![super::unreadable(place, &e)])?;
        let more = match token {
            Token::StartTag(tag) => {
                unseen = matches!(tag.name.as_slice(), b"script" | b"style");
                page.start(&tag, visit)?
            }
            Token::EndTag(tag) => {
                unseen = false;
                page.end(&tag.name, visit)?
            }
            Token::String(text) if !unseen => page.text(&String::from_utf8_lossy(&text))?,
            _ => true,
        };
        if !more {
            return Ok(());
        }
    }
    if !page.tables.is_empty() && !page.closed {
        return Err(vec![cut(place)]);
    }
    while !page.tables.is_empty() {
        if !page.end(b"table", visit)? {
            return Ok(());
        }
    }
    if page.any { Ok(()) } else { Err(vec![no_table(place)]) }
}

fn no_table(place: &Place) -> Diagnostic {
    Diagnostic::error(
        "ingest.web_page",
        "the file is a web page without a table: a page that says an error or asks to log in was saved",
        place.clone(),
    )
    .hint("log in and export again, and look into the file before sending it")
}

/// The page ends within a table. HTML lets much be left out, but not the end of a table: the last value may be half of one,
/// and nobody knows how many rows are missing.
fn cut(place: &Place) -> Diagnostic {
    Diagnostic::error("ingest.truncated", "the file ends early: the page breaks off within a table", place.clone()).hint(
        "ask the sender for the file again; if it looks whole in a spreadsheet program, save it as .xlsx from there",
    )
}

/// A page while its tags go by.
struct Page<'w> {
    limits: &'w Limits,
    place: &'w Place,
    tables: Vec<Table>,
    /// Row that comes next.
    next: u32,
    /// Columns stepped over for cells that reach down from above.
    steps: u64,
    /// True once a table was seen.
    any: bool,
    /// True once the page itself was closed, and what is open in it with it.
    closed: bool,
}

#[derive(Default)]
struct Table {
    row: Row,
    in_row: bool,
    hidden: bool,
    column: u32,
    /// Row of the table, from 0.
    at: u32,
    /// For each column, the first row that no cell from above reaches.
    until: Vec<u32>,
    spans: Vec<(u32, u32, u32)>,
    cell: Option<OpenCell>,
}

#[derive(Default)]
struct OpenCell {
    text: String,
    /// A space of the source is due before the next character.
    space: bool,
    columns: u32,
    rows: u32,
    number: bool,
}

impl Page<'_> {
    fn start(&mut self, tag: &StartTag<()>, visit: &mut Visit) -> Checked<bool> {
        match tag.name.as_slice() {
            b"table" => {
                self.any = true;
                if self.tables.len() >= DEPTH {
                    let what = format!("tables stand more than {DEPTH} deep in one another");
                    return Err(vec![oversized(self.place, what)]);
                }
                self.tables.push(Table::default());
            }
            b"tr" | b"caption" => {
                if !self.end_row(visit)? {
                    return Ok(false);
                }
                self.start_row(is_hidden(tag));
                if tag.name.as_slice() == b"caption" {
                    self.start_cell(OpenCell { columns: 1, rows: 1, ..OpenCell::default() });
                }
            }
            b"td" | b"th" => {
                self.end_cell()?;
                if self.tables.last().is_some_and(|t| !t.in_row) {
                    self.start_row(false);
                }
                let count = |name: &[u8], most: u32| -> u32 {
                    let value = tag.attributes.get(name).map(|v| String::from_utf8_lossy(v).trim().to_string());
                    value.and_then(|v| v.parse::<u64>().ok()).map_or(1, |n| n.clamp(1, u64::from(most)) as u32)
                };
                self.start_cell(OpenCell {
                    columns: count(b"colspan", COLSPAN),
                    rows: count(b"rowspan", ROWSPAN),
                    // What Office writes beside a cell that is a number.
                    number: tag.attributes.contains_key(&b"x:num"[..]),
                    ..OpenCell::default()
                });
            }
            b"br" => {
                if let Some(cell) = self.cell() {
                    cell.text.push('\n');
                    cell.space = false;
                }
            }
            b"p" | b"div" | b"li" => {
                if let Some(cell) = self.cell() {
                    cell.space = true;
                }
            }
            _ => {}
        }
        Ok(true)
    }

    fn end(&mut self, name: &[u8], visit: &mut Visit) -> Checked<bool> {
        match name {
            b"body" | b"html" => self.closed = true,
            b"td" | b"th" => self.end_cell()?,
            b"tr" | b"caption" | b"thead" | b"tbody" | b"tfoot" => return self.end_row(visit),
            b"table" => {
                let more = self.end_row(visit)? && visit(Seen::End)?;
                self.tables.pop();
                return Ok(more);
            }
            _ => {}
        }
        Ok(true)
    }

    fn cell(&mut self) -> Option<&mut OpenCell> {
        self.tables.last_mut()?.cell.as_mut()
    }

    fn text(&mut self, text: &str) -> Checked<bool> {
        let longest = self.limits.text;
        let Some(cell) = self.cell() else {
            return Ok(true);
        };
        for c in text.chars() {
            if c.is_ascii_whitespace() {
                cell.space = true;
                continue;
            }
            if std::mem::take(&mut cell.space) && !cell.text.is_empty() && !cell.text.ends_with('\n') {
                cell.text.push(' ');
            }
            cell.text.push(c);
        }
        if cell.text.len() > longest {
            return Err(vec![oversized(self.place, format!("a text in it is longer than {} KB", longest >> 10))]);
        }
        Ok(true)
    }

    fn start_row(&mut self, hidden: bool) {
        if let Some(table) = self.tables.last_mut() {
            table.row.reset(0);
            table.spans.clear();
            (table.in_row, table.hidden, table.column) = (true, hidden, 0);
        }
    }

    fn start_cell(&mut self, cell: OpenCell) {
        if let Some(table) = self.tables.last_mut() {
            table.cell = Some(cell);
        }
    }

    fn end_cell(&mut self) -> Checked<()> {
        let Some(table) = self.tables.last_mut() else {
            return Ok(());
        };
        let Some(cell) = table.cell.take() else {
            return Ok(());
        };
        let reached = |table: &Table| table.until.get(table.column as usize).is_some_and(|until| *until > table.at);
        while reached(table) {
            table.column += 1;
            self.steps += 1;
        }
        let end = table.column + cell.columns;
        if end > xlsx::COLUMNS {
            let what = format!("a row has more than {} columns", xlsx::COLUMNS);
            return Err(vec![oversized(self.place, what)]);
        }
        self.steps += u64::from(cell.columns);
        if self.steps > 4 * self.limits.cells {
            return Err(vec![oversized(self.place, "it has too many merged cells".to_string())]);
        }
        let kind = if cell.number { CellKind::Number } else { CellKind::Text };
        let text = cell.text.trim_end_matches('\n');
        table.row.push(table.column, text, kind);
        if text.contains('\u{fffd}') {
            table.row.fault = Some(Fault::Encoding);
        }
        if cell.columns.max(cell.rows) > 1 {
            table.spans.push((table.column, cell.columns, cell.rows));
        }
        if cell.rows > 1 {
            if table.until.len() < end as usize {
                table.until.resize(end as usize, 0);
            }
            table.until[table.column as usize..end as usize].fill(table.at.saturating_add(cell.rows));
        }
        table.column = end;
        Ok(())
    }

    fn end_row(&mut self, visit: &mut Visit) -> Checked<bool> {
        self.end_cell()?;
        let Some(table) = self.tables.last_mut().filter(|t| t.in_row) else {
            return Ok(true);
        };
        table.in_row = false;
        table.at = table.at.saturating_add(1);
        table.row.number = self.next;
        self.next = self.next.saturating_add(1);
        let hidden = table.hidden;
        visit(Seen::Row(SeenRow { row: &mut table.row, times: 1, hidden, spans: &table.spans }))
    }
}

fn is_hidden(tag: &StartTag<()>) -> bool {
    let style = tag.attributes.get(&b"style"[..]).map(|v| String::from_utf8_lossy(v).to_lowercase());
    let style: String = style.unwrap_or_default().split_whitespace().collect();
    tag.attributes.contains_key(&b"hidden"[..]) || style.contains("display:none")
}
