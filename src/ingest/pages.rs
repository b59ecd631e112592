//! The pages of a Parquet file, looked through before its parser opens them.
//!
//! In: the file and the columns to be read. Out: the rows it announces, or the reason why it is refused. The parser makes room for
//! what a page's header announces before it inflates a byte, and a header may announce two gigabytes; a run of one value may
//! stand for any number of rows. Headers are Thrift in its compact form; what is not needed of them is stepped over.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use parquet::file::metadata::ParquetMetaData;

use super::Checked;
use super::limits::{Limits, oversized};
use super::package::damaged;
use crate::diag::Place;

/// Bytes that are read to find a header whole, at first and at most: it may hold the least and greatest text of its page.
const FIRST: u64 = 512;
const MOST: u64 = 8 << 20;
/// Structures within one another that a header has at most.
const DEPTH: u32 = 8;

/// Looks through the pages of these leaves of the schema; gives the number of rows that are announced.
pub(super) fn inspect(
    file: &mut File,
    metadata: &ParquetMetaData,
    leaves: &[usize],
    limits: &Limits,
    place: &Place,
) -> Checked<u64> {
    let size = file.metadata().map_err(|e| vec![super::unreadable(place, &e)])?.len();
    let rows: u64 = metadata
        .row_groups()
        .iter()
        .map(|g| u64::try_from(g.num_rows()).unwrap_or(u64::MAX))
        .fold(0, u64::saturating_add);
    if rows > limits.rows_from && rows / limits.rows_per_byte > size {
        let what = format!("it announces {rows} rows in {size} bytes");
        return Err(vec![oversized(place, what)]);
    }
    let mut inflated = 0_u64;
    for group in metadata.row_groups() {
        let mut room = 0_u64;
        for leaf in leaves {
            let Some(chunk) = group.columns().get(*leaf) else { continue };
            let starts = [chunk.dictionary_page_offset(), Some(chunk.data_page_offset())];
            let start = starts.into_iter().flatten().filter(|at| *at > 0).min().unwrap_or(0) as u64;
            let end = start.saturating_add(u64::try_from(chunk.compressed_size()).unwrap_or(0)).min(size);
            let mut largest = 0;
            let mut at = start;
            while at < end {
                let page = header(file, at, end).map_err(|e| vec![super::unreadable(place, &e)])?;
                let page = page.ok_or_else(|| vec![damaged(place)])?;
                largest = largest.max(page.inflated);
                inflated = inflated.saturating_add(page.inflated);
                at = at.saturating_add(page.header).saturating_add(page.stored);
            }
            // The page that is read, and the dictionary that is kept.
            room += largest * 2;
        }
        if room > limits.pages {
            return Err(vec![oversized(place, format!("a page of it takes more than {} MB", limits.pages >> 20))]);
        }
        if inflated > limits.inflated || inflated > limits.ratio_from && inflated / limits.ratio > size {
            let what =
                format!("it inflates to more than {} MB or {} times its size", limits.inflated >> 20, limits.ratio);
            return Err(vec![oversized(place, what)]);
        }
    }
    Ok(rows)
}

/// What a page's header says: its own bytes, and those of the page as it is stored and inflated.
struct Page {
    header: u64,
    stored: u64,
    inflated: u64,
}

/// The header at a place; none when it is none.
fn header(file: &mut File, at: u64, end: u64) -> std::io::Result<Option<Page>> {
    let mut length = FIRST;
    loop {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(at))?;
        file.take(length.min(end - at)).read_to_end(&mut bytes)?;
        let mut thrift = Thrift { bytes: &bytes, at: 0, short: false };
        match thrift.page() {
            Some(page) => return Ok(Some(page)),
            None if !thrift.short || length >= MOST || (bytes.len() as u64) < length => return Ok(None),
            None => length *= 8,
        }
    }
}

/// A reader of Thrift's compact form.
struct Thrift<'b> {
    bytes: &'b [u8],
    at: usize,
    /// The bytes ended too early.
    short: bool,
}

impl Thrift<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied();
        self.short |= byte.is_none();
        self.at += 1;
        byte
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.at = self.at.checked_add(usize::try_from(count).ok()?)?;
        self.short |= self.at > self.bytes.len();
        (self.at <= self.bytes.len()).then_some(())
    }

    /// The next field of a structure: number and type; type 0 is its end.
    fn field(&mut self, last: i64) -> Option<(i64, u8)> {
        let byte = self.byte()?;
        let kind = byte & 0x0f;
        match byte >> 4 {
            0 if kind != 0 => {
                let number = self.varint()?;
                Some((((number >> 1) as i64) ^ -((number & 1) as i64), kind))
            }
            step => Some((last + i64::from(step), kind)),
        }
    }

    fn page(&mut self) -> Option<Page> {
        let (mut number, mut stored, mut inflated) = (0, None, None);
        loop {
            let (next, kind) = self.field(number)?;
            number = next;
            match (number, kind) {
                (_, 0) => break,
                (2 | 3, 4..=6) => {
                    let zigzag = self.varint()?;
                    let value = (zigzag & 1 == 0).then_some(zigzag >> 1)?;
                    *(if number == 2 { &mut inflated } else { &mut stored }) = Some(value);
                }
                // A size that is no number.
                (2 | 3, _) => return None,
                _ => self.value(kind, DEPTH, false)?,
            }
        }
        Some(Page { header: self.at as u64, stored: stored?, inflated: inflated? })
    }

    /// Steps over a value.
    fn value(&mut self, kind: u8, depth: u32, in_list: bool) -> Option<()> {
        match kind {
            1 | 2 if in_list => self.skip(1),
            1 | 2 => Some(()),
            3 => self.skip(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                self.values(&[head & 0x0f], count, depth)
            }
            11 => match self.varint()? {
                0 => Some(()),
                count => {
                    let kinds = self.byte()?;
                    self.values(&[kinds >> 4, kinds & 0x0f], count, depth)
                }
            },
            12 => {
                let mut number = 0;
                loop {
                    let (next, kind) = self.field(number)?;
                    number = next;
                    if kind == 0 {
                        return Some(());
                    }
                    self.value(kind, depth.checked_sub(1)?, false)?;
                }
            }
            _ => None,
        }
    }

    fn values(&mut self, kinds: &[u8], count: u64, depth: u32) -> Option<()> {
        // Each takes a byte at least.
        let left = (self.bytes.len() - self.at.min(self.bytes.len())) as u64;
        if count > left {
            self.short = true;
            return None;
        }
        for _ in 0..count {
            for kind in kinds {
                self.value(*kind, depth.checked_sub(1)?, true)?;
            }
        }
        Some(())
    }
}
