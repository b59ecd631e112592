//! XML workbooks of Office 2003 (SpreadsheetML), which many old systems write under the name of an .xls file.
//!
//! In: one XML file. Out: its sheets and their rows.

use std::path::Path;

use quick_xml::events::{BytesStart, Event};

use super::book::SheetInfo;
use super::limits::{Limits, oversized};
use super::markup_book::{MarkupBook, Seen, SeenRow, Visit};
use super::package::misplaced;
use super::row::Row;
use super::{Checked, cell, ods, transcode, xlsx, xml};
use crate::diag::Place;
use crate::model::CellKind;

/// Walks over the sheets.
pub(super) fn open(path: &Path, limits: &Limits, place: &Place) -> Checked<MarkupBook> {
    let mut notes = Vec::new();
    let reading = transcode::judge(path, None, place, &mut notes)?;
    let (path, limits_, place_) = (path.to_path_buf(), *limits, place.clone());
    let walk = move |visit: &mut Visit| walk(&path, reading, &limits_, &place_, visit);
    MarkupBook::open(Box::new(walk), notes, limits, place)
}

fn walk(path: &Path, reading: transcode::Reading, limits: &Limits, place: &Place, visit: &mut Visit) -> Checked<()> {
    let stream = reading.open(path).map_err(|e| vec![super::unreadable(place, &e)])?;
    let mut reader = xml::reader(stream, limits);
    let mut buffer = Vec::new();
    let mut sheet = Sheet::default();
    let mut data: Option<(String, String)> = None;
    // Elements within one another: the sheet, and a comment whose text is no cell.
    let (mut in_table, mut comment, mut visible, mut closed) = (false, 0_u32, None::<String>, false);
    while let Some(event) = xml::next(&mut reader, &mut buffer, place)? {
        match event {
            Event::Start(tag) => {
                let name = tag.local_name();
                match name.as_ref() {
                    _ if comment > 0 => comment += 1,
                    "Comment" => comment = 1,
                    "Worksheet" => {
                        let name = xml::attribute(&tag, "Name").unwrap_or_default();
                        if !visit(Seen::Sheet(SheetInfo { name, hidden: false }))? {
                            return Ok(());
                        }
                        sheet = Sheet::default();
                    }
                    "Table" => in_table = true,
                    "Visible" if !in_table => visible = Some(String::new()),
                    "Column" if in_table => {
                        let hidden = xml::count(&tag, "Hidden") == Some(1);
                        let columns = xml::count(&tag, "Span").unwrap_or(0).saturating_add(1);
                        if hidden && columns < 1_000 && !visit(Seen::HiddenColumns(u64::from(columns)))? {
                            return Ok(());
                        }
                    }
                    "Row" if in_table => sheet.start_row(&tag, place)?,
                    "Cell" if in_table => sheet.start_cell(&tag, place)?,
                    "Data" if in_table => {
                        data = Some((xml::attribute(&tag, "Type").unwrap_or_default(), String::new()))
                    }
                    _ => {}
                }
            }
            Event::End(_) if comment > 0 => comment -= 1,
            Event::End(tag) => match tag.local_name().as_ref() {
                "Workbook" => closed = true,
                "Table" => {
                    in_table = false;
                    visit(Seen::End)?;
                }
                "Visible" => {
                    let shown = visible.take();
                    if shown.is_some_and(|v| v != "SheetVisible") {
                        visit(Seen::Hidden)?;
                    }
                }
                "Row" if in_table => {
                    let more = sheet.end_row(visit)?;
                    if !more {
                        return Ok(());
                    }
                }
                "Cell" if in_table => sheet.column += 1 + sheet.across,
                "Data" => {
                    if let Some((kind, text)) = data.take() {
                        sheet.push(&kind, &text);
                    }
                }
                _ => {}
            },
            Event::Text(text) if comment == 0 => append(&mut data, &mut visible, &text.xml10_content(), limits, place)?,
            Event::CData(text) if comment == 0 => {
                append(&mut data, &mut visible, &text.xml10_content(), limits, place)?
            }
            Event::GeneralRef(reference) if comment == 0 => {
                let c = xml::entity(&reference);
                append(&mut data, &mut visible, c.encode_utf8(&mut [0; 4]), limits, place)?;
            }
            _ => {}
        }
    }
    if closed { Ok(()) } else { Err(vec![xml::truncated(place)]) }
}

fn append(
    data: &mut Option<(String, String)>,
    visible: &mut Option<String>,
    text: &str,
    limits: &Limits,
    place: &Place,
) -> Checked<()> {
    let Some(to) = data.as_mut().map(|d| &mut d.1).or(visible.as_mut()) else {
        return Ok(());
    };
    to.push_str(text);
    if to.len() > limits.text {
        let what = format!("a text in it is longer than {} KB", limits.text >> 10);
        return Err(vec![oversized(place, what)]);
    }
    Ok(())
}

/// A sheet while its events go by.
#[derive(Default)]
struct Sheet {
    row: Row,
    /// Row that comes next, from 0.
    next: u32,
    times: u32,
    hidden: bool,
    column: u32,
    across: u32,
    spans: Vec<(u32, u32, u32)>,
}

impl Sheet {
    fn start_row(&mut self, tag: &BytesStart, place: &Place) -> Checked<()> {
        if let Some(index) = xml::count(tag, "Index") {
            if index == 0 || index - 1 < self.next {
                return Err(vec![misplaced(place)]);
            }
            self.next = index - 1;
        }
        self.times = xml::count(tag, "Span").unwrap_or(0).saturating_add(1);
        self.hidden = xml::count(tag, "Hidden") == Some(1);
        self.row.reset(self.next.saturating_add(1));
        self.next = self.next.saturating_add(self.times);
        if self.next > xlsx::ROWS {
            return Err(vec![misplaced(place)]);
        }
        self.column = 0;
        self.spans.clear();
        Ok(())
    }

    fn start_cell(&mut self, tag: &BytesStart, place: &Place) -> Checked<()> {
        if let Some(index) = xml::count(tag, "Index") {
            if index == 0 || index - 1 < self.column {
                return Err(vec![misplaced(place)]);
            }
            self.column = index - 1;
        }
        self.across = xml::count(tag, "MergeAcross").unwrap_or(0);
        let down = xml::count(tag, "MergeDown").unwrap_or(0);
        if self.column.saturating_add(self.across) >= xlsx::COLUMNS || down >= xlsx::ROWS {
            return Err(vec![misplaced(place)]);
        }
        if self.across.max(down) > 0 {
            self.spans.push((self.column, self.across + 1, down + 1));
        }
        Ok(())
    }

    fn push(&mut self, kind: &str, text: &str) {
        let (text, kind) = match kind {
            "Number" => ods::number(text),
            "DateTime" => cell::iso(text),
            "Boolean" => (if text.trim() == "1" { "TRUE" } else { "FALSE" }.to_string(), CellKind::Bool),
            "Error" => (text.to_string(), CellKind::Error),
            _ => (text.to_string(), CellKind::Text),
        };
        self.row.push(self.column, &text, kind);
    }

    fn end_row(&mut self, visit: &mut Visit) -> Checked<bool> {
        // A span repeats the row's looks and not its cells.
        visit(Seen::Row(SeenRow { row: &mut self.row, times: 1, hidden: self.hidden, spans: &self.spans }))
    }
}
