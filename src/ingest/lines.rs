//! Lines of delimited text that need no closer look: nine hundred and ninety-nine of a thousand of an export.
//!
//! A line is plain when it has no quote, as many cells as there are headings and nothing by which a heading printed again, a
//! total or a signature line could be known. Such a line goes straight to the columns of the contract's fields. Every other
//! one becomes a [`super::row::Row`] and is judged in `intake`, whose rules this file only anticipates: in doubt a line is not plain.

use std::ops::Range;

use super::Checked;
use super::intake::{SheetIntake, State, fold_first};
use super::limits::{CELL_CHARS, oversized};
use super::row::is_blank;
use crate::model::CellKind;

/// What is known of a file's plain lines.
pub(super) struct PlainLines {
    delimiter: u8,
    /// The cells of the line that is looked at; an empty range for a blank one.
    cells: Vec<Range<u32>>,
    /// With which folded characters the words of lines that are not data begin.
    begins: Vec<char>,
    /// With which they end.
    ends: Vec<char>,
    /// With which characters headings begin.
    headings: Vec<char>,
}

impl PlainLines {
    /// Lines with this delimiter, below the headings that an intake has found.
    pub(super) fn new(intake: &SheetIntake, delimiter: u8) -> PlainLines {
        let words = &intake.reading.contract.not_data;
        let headings = match &intake.state {
            State::Body(body) => {
                body.headings.rows.iter().flat_map(|r| r.values().filter_map(|h| h.chars().next())).collect()
            }
            _ => Vec::new(),
        };
        PlainLines {
            delimiter,
            cells: Vec::new(),
            begins: words.iter().filter_map(|w| w.chars().next()).collect(),
            ends: words.iter().filter_map(|w| w.chars().next_back()).collect(),
            headings,
        }
    }

    /// Divides a line into its cells; the number of those that are not blank, or none when the line is not plain.
    fn divide(&mut self, line: &str, width: usize) -> Option<usize> {
        // No cell can be longer than a cell may be, then.
        if line.len() > CELL_CHARS {
            return None;
        }
        self.cells.clear();
        let mut from = 0;
        let mut filled = 0;
        let ends = memchr::memchr_iter(self.delimiter, line.as_bytes()).chain([line.len()]);
        for end in ends {
            let cell = &line[from..end];
            let visible = match cell.as_bytes().first() {
                None => false,
                Some(0x21..=0x7e | 0xe4..=0xe9) => true,
                Some(_) => !is_blank(cell),
            };
            if visible {
                if filled < 3 && self.is_telling(cell, filled == 0) {
                    return None;
                }
                filled += 1;
                self.cells.push(from as u32..end as u32);
            } else {
                self.cells.push(0..0);
            }
            from = end + 1;
        }
        // A row of one cell may be a title that is printed again.
        (self.cells.len() == width && filled > 1).then_some(filled)
    }

    /// True for a cell that begins or ends like a word by which a line that is no data is known.
    fn is_telling(&self, cell: &str, first: bool) -> bool {
        let (Some(begins), Some(ends)) = (fold_first(cell), cell.chars().next_back()) else { return true };
        // Behind a colon or a space the word itself would have to be looked for.
        matches!(ends, ':' | '：' | ' ')
            || self.begins.contains(&begins)
            || self.ends.contains(&ends)
            || (first && self.headings.contains(&begins))
    }
}

impl SheetIntake<'_, '_, '_> {
    /// Takes a line that has no quote; false when it is not plain and nothing was done with it.
    pub(super) fn plain_line(&mut self, number: u32, line: &str, plain: &mut PlainLines) -> Checked<bool> {
        let State::Body(body) = &mut self.state else {
            return Ok(false);
        };
        let Some(filled) = plain.divide(line, body.headings.width as usize) else {
            return Ok(false);
        };
        let cell = |column: u32| {
            let range = &plain.cells[column as usize];
            (range.end > 0).then(|| (&line[range.start as usize..range.end as usize], CellKind::Text))
        };
        if body.headings.columns.iter().flatten().all(|c| cell(*c).is_none()) {
            return Ok(false);
        }
        let reading = &mut *self.reading;
        reading.meter.cells(filled).map_err(|what| vec![oversized(&reading.place(), what)])?;
        body.rows += 1;
        let fields = body.headings.columns.iter().zip(&body.constants);
        let cells = fields.map(|(column, constant)| match (column, constant) {
            (Some(column), _) => cell(*column),
            (None, Some(text)) => Some((text.as_str(), CellKind::Text)),
            (None, None) => None,
        });
        reading.sink.push(number, cells).map_err(|stop| vec![super::stopped(&stop, &reading.place())])?;
        Ok(true)
    }
}
