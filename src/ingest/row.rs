//! One physical row on its way from a file to the contract's fields: cells in column order, blanks left out.

use crate::model::CellKind;

/// Most bytes of text in one row: a workbook can point from every cell of a row to one long text.
const ROW_BYTES: usize = 16 << 20;

/// Why a row cannot be used although its file can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Bytes that are not text in the file's encoding.
    Encoding,
    /// A quote that opens and never closes.
    Quote,
    /// Not an object of JSON by itself.
    Syntax,
    /// A record of a database that is marked as deleted and still in the file.
    Deleted,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    column: u32,
    start: usize,
    end: usize,
    kind: CellKind,
}

/// A row of cells in one reused buffer: a file of a million rows makes no million small strings.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// Row of the sheet or line of the file, from 1.
    pub(super) number: u32,
    /// Cells the row had with the blank ones; none for formats in which rows have no width of their own.
    pub(super) width: Option<u32>,
    /// True when the row counts as one although nothing of it is shown: its other columns were not read.
    pub(super) partial: bool,
    /// What is wrong with the whole row.
    pub(super) fault: Option<Fault>,
    /// Columns whose value is a list or an object, not a single value.
    pub(super) nested: Vec<u32>,
    /// True when the row had more text than [`ROW_BYTES`] and was cut off there.
    pub(super) overlong: bool,
    text: String,
    cells: Vec<Span>,
}

impl Row {
    /// Makes the buffer an empty row.
    pub(super) fn reset(&mut self, number: u32) {
        self.number = number;
        self.width = None;
        self.partial = false;
        self.fault = None;
        self.nested.clear();
        self.overlong = false;
        self.text.clear();
        self.cells.clear();
    }

    /// Adds a cell; blank ones are left out. A column that is already there keeps its first value.
    pub(super) fn push(&mut self, column: u32, text: &str, kind: CellKind) {
        if kind == CellKind::Empty || is_blank(text) {
            return;
        }
        let start = self.text.len();
        if start + text.len() > ROW_BYTES {
            self.overlong = true;
            return;
        }
        self.text.push_str(text);
        let span = Span { column, start, end: self.text.len(), kind };
        // Readers go from left to right; only the fill of a merged range comes late.
        match self.cells.last() {
            Some(last) if last.column >= column => {
                if let Err(at) = self.cells.binary_search_by_key(&column, |c| c.column) {
                    self.cells.insert(at, span);
                }
            }
            _ => self.cells.push(span),
        }
    }

    /// The cell of a column, when it is not blank.
    pub(super) fn get(&self, column: u32) -> Option<(&str, CellKind)> {
        let at = self.cells.binary_search_by_key(&column, |c| c.column).ok()?;
        let span = self.cells[at];
        Some((&self.text[span.start..span.end], span.kind))
    }

    /// All cells that are not blank, from left to right.
    pub(super) fn cells(&self) -> impl Iterator<Item = (u32, &str, CellKind)> {
        self.cells.iter().map(|c| (c.column, &self.text[c.start..c.end], c.kind))
    }

    /// The right-most column that is not blank.
    pub(super) fn last_column(&self) -> Option<u32> {
        self.cells.last().map(|c| c.column)
    }

    /// Bytes of all texts in it.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Number of cells that are not blank.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// True when nothing is in the row.
    pub(super) fn is_blank(&self) -> bool {
        self.cells.is_empty()
    }

    /// The row as its sender would recognise it: cells joined by ` | `, blank ones kept in narrow tables.
    pub(super) fn raw(&self) -> String {
        const WIDE: u32 = 64;
        const LONGEST: usize = 4_000;
        let last = self.cells.last().map_or(0, |c| c.column);
        let parts: Vec<&str> = if last < WIDE {
            (0..=last).map(|c| self.get(c).map_or("", |(text, _)| text)).collect()
        } else {
            self.cells().map(|(_, text, _)| text).collect()
        };
        let joined = parts.join(" | ");
        match joined.char_indices().nth(LONGEST) {
            Some((cut, _)) => format!("{}…", &joined[..cut]),
            None => joined,
        }
    }
}

/// True for text in which nobody sees anything: spaces of all kinds and invisible marks (background §3.1).
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// Spaces of all kinds, NUL, the end mark of DOS, zero-width and direction marks.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\0' | '\u{1a}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_cells_leave_no_trace_and_order_is_by_column() {
        let mut row = Row::default();
        row.reset(3);
        row.push(0, "甲", CellKind::Text);
        row.push(1, "\u{3000}\u{200b} ", CellKind::Text);
        row.push(4, "7", CellKind::Number);
        row.push(2, "乙", CellKind::Text);
        row.push(2, "丙", CellKind::Text);
        let cells: Vec<_> = row.cells().map(|(c, t, _)| (c, t.to_string())).collect();
        assert_eq!(cells, [(0, "甲".into()), (2, "乙".into()), (4, "7".into())]);
        assert_eq!(row.raw(), "甲 |  | 乙 |  | 7");
        assert_eq!(row.get(1), None);
    }

    #[test]
    fn a_giant_row_is_shown_short() {
        let mut row = Row::default();
        row.push(0, &"长".repeat(50_000), CellKind::Text);
        assert_eq!(row.raw().chars().count(), 4_001);
    }
}
