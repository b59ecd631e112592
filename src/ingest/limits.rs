//! What a file may cost, whatever its format: one table of caps, and what holds them while a file is read.
//!
//! | cap | where it is held |
//! |---|---|
//! | bytes of a file | `sniff`, before anything is parsed |
//! | inflated bytes, their ratio, parts | `package`, while a part of a workbook is read |
//! | members, their bytes and ratio | `archive`, while a ZIP delivery is unpacked |
//! | bytes of a tag, of a comment, between two tags | `cut`; `pieces`: [`Tags`] below a parser of XML, `package` before another's |
//! | shared texts of a workbook, announced or there, their bytes | `xlsx_texts`, `package` |
//! | merged ranges | `xlsx_cells`, `xlsb`, `markup_book` |
//! | rows, bytes of pages of a Parquet file | `pages`, before its parser reads them |
//! | bytes of a web page, depth of its tables | `html` |
//! | bytes of a line or of a JSON row | `encoding`, `json` |
//! | cells, columns | [`Meter`], for every row of every format |
//! | characters of a cell | `intake`: the row is quarantined |
//! | text of a source | `sink` |

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Checked;
use super::pieces::{Met, Pieces};
use super::row::Row;
use crate::diag::{Diagnostic, Place};

/// What one file may cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Bytes of a file.
    pub(super) file: u64,
    /// Bytes of a file that its parser needs whole in memory: a full sheet of the old .xls kind has some twenty million.
    pub(super) whole: u64,
    /// Bytes of a web page: a tag or comment of it may be as long as the page.
    pub(super) page: u64,
    /// Bytes of all parts when inflated.
    pub(super) inflated: u64,
    /// Inflated bytes for each stored byte…
    pub(super) ratio: u64,
    /// …once so many are inflated; small parts may be as regular as they like.
    pub(super) ratio_from: u64,
    /// Bytes between two tags: a cell's longest text, escaped, and some more.
    pub(super) text: usize,
    /// Parts in an archive.
    pub(super) parts: usize,
    /// Merged ranges of all sheets.
    pub(super) merges: usize,
    /// Shared strings, announced or there.
    pub(super) strings: u64,
    /// Bytes of the part that holds them: all are kept.
    pub(super) strings_bytes: u64,
    /// Cells of all sheets that are not blank.
    pub(super) cells: u64,
    /// Cells of the rectangles for which the parser of .xls makes room, twice and 32 bytes each: one sheet of 65,536 rows
    /// and 128 columns.
    pub(super) dense: u64,
    /// Columns of a row.
    pub(super) columns: u32,
    /// Bytes of the pages of a Parquet file that are in memory at one time.
    pub(super) pages: u64,
    /// Rows for each byte of a Parquet file, in which a run of one value may stand for any number of rows…
    pub(super) rows_per_byte: u64,
    /// …once it has so many.
    pub(super) rows_from: u64,
    /// Bytes of one row of JSON.
    pub(super) json_row: usize,
}

/// A million rows of sixty columns, with room.
pub(super) const LIMITS: Limits = Limits {
    file: 16 << 30,
    whole: 100 << 20,
    page: 256 << 20,
    inflated: 3 << 30,
    ratio: 300,
    ratio_from: 64 << 20,
    text: 2 << 20,
    parts: 10_000,
    merges: 1_000_000,
    strings: 20_000_000,
    strings_bytes: 1 << 30,
    cells: 80_000_000,
    dense: 65_536 * 128,
    columns: 16_384,
    pages: 768 << 20,
    rows_per_byte: 8,
    rows_from: 200_000,
    json_row: 4 << 20,
};

/// Longest text a spreadsheet cell can hold; more is no cell but an accident.
pub(super) const CELL_CHARS: usize = 32_767;

/// Counts what the rows of a file cost.
#[derive(Debug, Clone)]
pub(super) struct Meter {
    limits: Limits,
    cells: u64,
}

impl Meter {
    pub(super) fn new(limits: Limits) -> Meter {
        Meter { limits, cells: 0 }
    }

    /// Counts cells.
    ///
    /// # Errors
    /// In words, what is too much.
    pub(super) fn cells(&mut self, more: usize) -> Result<(), String> {
        self.cells += more as u64;
        match self.cells > self.limits.cells {
            true => Err(format!("it has more than {} cells", self.limits.cells)),
            false => Ok(()),
        }
    }

    /// Counts a row; `wide` rows are refused, others are for the caller to set aside.
    ///
    /// # Errors
    /// In words, what is too much.
    pub(super) fn row(&mut self, row: &Row, wide: bool) -> Result<(), String> {
        self.cells(row.len())?;
        if wide && row.last_column().is_some_and(|c| c >= self.limits.columns) {
            return Err(format!("a row has more than {} columns", self.limits.columns));
        }
        Ok(())
    }
}

/// A reader of XML that ends in an error when a tag, a comment or a text between two tags is longer than any cell.
pub(super) struct Tags<R> {
    inner: R,
    pieces: Pieces,
    longest: usize,
}

impl<R: Read> Tags<R> {
    pub(super) fn new(inner: R, limits: &Limits) -> Tags<R> {
        Tags { inner, pieces: Pieces::new(limits.text), longest: limits.text }
    }
}

impl<R: Read> Read for Tags<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf)?;
        let mut bytes = &buf[..read];
        loop {
            match self.pieces.next(&mut bytes) {
                // What stands in several texts of one cell is counted by the reader of the cells.
                Met::Tag(_) => self.pieces.new_text(),
                Met::End => return Ok(read),
                Met::TooLong => {
                    let what = format!("a text in it is longer than {} KB", self.longest >> 10);
                    return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
                }
            }
        }
    }
}

/// Lets other people's parser work, and turns its panic into a refusal of the file.
pub(super) fn guarded<T>(place: &Place, work: impl FnOnce() -> Checked<T>) -> Checked<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(vec![super::broken(place)]))
}

/// The file would cost more than any real one.
pub(super) fn oversized(place: &Place, what: String) -> Diagnostic {
    Diagnostic::error("ingest.oversized", format!("the file is too large to be read: {what}"), place.clone())
        .hint("copy the table alone into a new file, or have the delivery split")
}
