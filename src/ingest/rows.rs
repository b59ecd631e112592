//! Files without a contract, row by row: for `bidui link`, where a model names the columns.
//!
//! In: a file of any format that is read. Out: its headings, then every row below them as the texts of the wanted columns, in
//! one reused buffer: no string is made for a cell. Blanks around headings and values are taken off; nothing else is
//! cleaned. Rows that cannot be read are counted and told, never lost silently.
//!
//! ```text
//! let mut file = rows::open(path)?;                    // problems that refuse the file
//! let at = file.headings().iter().position(|h| h == "姓名");
//! let read = file.read(&[at], &mut |cells| { cells.get(0); Ok(()) })?;
//! read.rows + read.set_aside                            // all rows that are not blank
//! ```

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use super::book::{self, Book};
use super::csv::{Next, Rows};
use super::limits::{LIMITS, Meter, guarded, oversized};
use super::parquet::Texts;
use super::row::{Fault, Row, is_blank, is_invisible};
use super::{Checked, encoding, pages, sniff};
use crate::diag::{Diagnostic, Place};
use crate::model::CellKind;
use crate::plan::Format;

/// Rows above the headings that may be titles.
const TITLES: usize = 20;
/// Rows that cannot be read and are told one by one; of the others only the number is told.
const TOLD: u64 = 20;
/// Most rows that room is made for beforehand: a file may say anything.
const MOST_EXPECTED: usize = 20_000_000;
/// Delimiters that are recognised, in order of preference.
const DELIMITERS: [u8; 4] = *b",\t;|";

/// A file whose headings are read and whose rows are not yet.
pub struct PlainFile {
    path: PathBuf,
    place: Place,
    headings: Vec<String>,
    body: Body,
    problems: Vec<Diagnostic>,
    expected: usize,
}

enum Body {
    Text(Box<Rows>),
    /// Workbook, sheet, row of the headings (0 where they are no row).
    Book(Box<dyn Book>, usize, u32),
    Parquet,
}

/// One row: the texts of the wanted columns, in the order in which they were asked for.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'r> {
    /// Line of a text, row of a sheet, or count of a Parquet row; from 1.
    pub row: u32,
    text: &'r str,
    spans: &'r [Span],
}

#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
    kind: CellKind,
}

impl<'r> Cells<'r> {
    /// The text of the `i`-th wanted column without blanks around it; empty when there is none.
    pub fn get(&self, i: usize) -> &'r str {
        let span = &self.spans[i];
        &self.text[span.start as usize..span.end as usize]
    }

    /// What kind of cell that was: a number cell never keeps more than 15 digits of an identity number.
    pub fn kind(&self, i: usize) -> CellKind {
        self.spans[i].kind
    }
}

/// What a file held.
#[derive(Debug, Clone, Default)]
pub struct RowsRead {
    /// Rows given.
    pub rows: u64,
    /// Rows that could not be read.
    pub set_aside: u64,
    /// What is to be told about them, and about the file.
    pub problems: Vec<Diagnostic>,
}

/// Opens a file and reads its headings: the first row with at least two cells that are not blank, below any title rows.
///
/// # Errors
/// Every reason for which the file cannot be used.
pub fn open(path: &Path) -> Checked<PlainFile> {
    let place = Place::file(path.display().to_string());
    let mut problems = Vec::new();
    let mut expected = 0;
    let (headings, body) = match sniff::format(path, &LIMITS, &place)? {
        Format::Csv => open_text(path, &place, &mut problems, &mut expected)?,
        Format::Parquet => {
            let unreadable = |e: std::io::Error| vec![super::unreadable(&place, &e)];
            let mut file = File::open(path).map_err(unreadable)?;
            let builder = ParquetRecordBatchReaderBuilder::try_new(file.try_clone().map_err(unreadable)?)
                .map_err(|e| vec![super::parquet::refusal(&e, &place)])?;
            let leaves: Vec<usize> = (0..builder.parquet_schema().num_columns()).collect();
            pages::inspect(&mut file, builder.metadata(), &leaves, &LIMITS, &place)?;
            expected = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
            let names = builder.schema().fields().iter().map(|f| f.name().trim().to_string()).collect();
            (names, Body::Parquet)
        }
        format => guarded(&place, || {
            let book = book::open(path, format, None, &LIMITS, &place)?;
            open_book(book, &place, &mut problems)
        })?,
    };
    if headings.is_empty() {
        return Err(vec![
            Diagnostic::error("ingest.no_headings", "there is no heading in the file", place)
                .hint("the first row that is not blank must hold the names of the columns"),
        ]);
    }
    Ok(PlainFile { path: path.to_path_buf(), place, headings, body, problems, expected: expected.min(MOST_EXPECTED) })
}

fn open_text(
    path: &Path,
    place: &Place,
    problems: &mut Vec<Diagnostic>,
    expected: &mut usize,
) -> Checked<(Vec<String>, Body)> {
    let text = encoding::open_by_head(path, place, problems)?;
    let mut head = Vec::new();
    let read =
        File::open(path).and_then(|f| std::io::Read::read_to_end(&mut std::io::Read::take(f, 1 << 16), &mut head));
    read.map_err(|e| vec![super::unreadable(place, &e)])?;
    let bytes = std::fs::metadata(path).map_or(0, |m| m.len());
    let lines = memchr::memchr_iter(b'\n', &head).count() as u64;
    // A little more than the first lines let expect: what is reserved and not used costs nothing.
    *expected = usize::try_from(bytes * lines / (head.len() as u64).max(1) * 17 / 16).unwrap_or(0);
    let mut rows = Rows::new(text, delimiter(&head));
    let headings = headings(|row| rows.next(row, None).map_err(|e| vec![encoding::failed(&e, place)]))?;
    Ok((headings.0, Body::Text(Box::new(rows))))
}

/// The delimiter that stands most often in the first lines.
pub(super) fn delimiter(head: &[u8]) -> u8 {
    let lines = head.split(|b| matches!(b, b'\n' | b'\r')).filter(|l| !l.is_empty()).take(5);
    let mut counts = [0_usize; DELIMITERS.len()];
    for line in lines {
        let mut quoted = false;
        for b in line {
            quoted ^= *b == b'"';
            if let Some(at) = DELIMITERS.iter().position(|d| d == b).filter(|_| !quoted) {
                counts[at] += 1;
            }
        }
    }
    let most = counts.into_iter().max().unwrap_or(0);
    DELIMITERS[counts.iter().position(|c| *c == most).unwrap_or(0)]
}

/// Headings and their row: the first row with two cells, else the first that is not blank.
fn headings(mut next: impl FnMut(&mut Row) -> Checked<bool>) -> Checked<(Vec<String>, u32)> {
    let mut row = Row::default();
    let mut first = None;
    let names = |row: &Row| -> (Vec<String>, u32) {
        let last = row.cells().last().map_or(0, |c| c.0 + 1).max(row.width.unwrap_or(0));
        let name = |column| row.get(column).map_or("", |(text, _)| text).trim_matches(is_invisible).to_string();
        ((0..last).map(name).collect(), row.number)
    };
    for _ in 0..TITLES {
        if !next(&mut row)? {
            break;
        }
        if row.len() >= 2 {
            return Ok(names(&row));
        }
        if row.len() == 1 && first.is_none() {
            first = Some(names(&row));
            if row.width == Some(1) {
                // One column: the row below is data already.
                break;
            }
        }
    }
    Ok(first.unwrap_or_default())
}

/// The first visible sheet that has headings.
fn open_book(mut book: Box<dyn Book>, place: &Place, problems: &mut Vec<Diagnostic>) -> Checked<(Vec<String>, Body)> {
    problems.append(&mut book.notes());
    if let Some(names) = book.headings() {
        let names = names.iter().map(|n| n.trim_matches(is_invisible).to_string()).collect();
        return Ok((names, Body::Book(book, 0, 0)));
    }
    let sheets: Vec<(usize, String)> =
        book.sheets().into_iter().enumerate().filter(|(_, s)| !s.hidden).map(|(at, s)| (at, s.name)).collect();
    for (i, (at, name)) in sheets.iter().enumerate() {
        let mut found = Vec::new();
        book.rows(*at, &mut |row| {
            found.push(row.clone());
            Ok(found.len() < TITLES)
        })?;
        let mut found = found.into_iter();
        let (names, row) = headings(|row| Ok(found.next().map(|next| *row = next).is_some()))?;
        if names.is_empty() {
            continue;
        }
        if i + 1 < sheets.len() {
            let message = format!("only the sheet `{name}` is read; the sheets behind it are not");
            problems.push(Diagnostic::note("ingest.sheet_skipped", message, place.clone()));
        }
        return Ok((names, Body::Book(book, *at, row)));
    }
    Err(vec![book::empty(place)])
}

/// The wanted columns of one row, in a buffer that is used again.
#[derive(Default)]
struct Picked {
    text: String,
    spans: Vec<Span>,
}

impl Picked {
    fn of(&mut self, row: &Row, wanted: &[usize]) -> Cells<'_> {
        self.text.clear();
        self.spans.clear();
        for column in wanted {
            let (text, kind) = row.get(*column as u32).unwrap_or(("", CellKind::Empty));
            let start = self.text.len() as u32;
            self.text.push_str(text.trim());
            self.spans.push(Span { start, end: self.text.len() as u32, kind });
        }
        Cells { row: row.number, text: &self.text, spans: &self.spans }
    }
}

/// What was read so far, and what could not be.
struct Tally<'f> {
    read: RowsRead,
    place: &'f Place,
}

impl Tally<'_> {
    fn set_aside(&mut self, row: u32, code: &'static str, message: &str) {
        self.read.set_aside += 1;
        if self.read.set_aside <= TOLD {
            let problem = Diagnostic::warning(code, message, self.place.clone().row(row));
            self.read.problems.push(problem.hint("the row is left out; correct it and link again"));
        }
    }

    fn finish(mut self) -> RowsRead {
        if self.read.set_aside > TOLD {
            let message = format!("{} rows in all could not be read and are left out", self.read.set_aside);
            self.read.problems.push(Diagnostic::warning("ingest.rows_set_aside", message, self.place.clone()));
        }
        if self.read.rows == 0 {
            self.read.problems.push(super::no_rows(self.place));
        }
        self.read
    }
}

const NOT_TEXT: &str = "the line holds bytes that are not text in the file's encoding";
const TOO_WIDE: &str = "the row has more cells than there are headings";
const OPEN_QUOTE: &str = "a quote in the row does not close";
const DELETED: &str = "the record is marked as deleted";
const NO_OBJECT: &str = "the line is no whole JSON object";
const NESTED: &str = "a wanted column holds a list or an object";
const TOO_LONG: &str = "the row holds more text than any table has";

impl PlainFile {
    /// The headings, by column; blank ones are empty.
    pub fn headings(&self) -> &[String] {
        &self.headings
    }

    /// About how many rows there are, for whoever wants to make room; 0 when that is not known beforehand.
    pub fn expected_rows(&self) -> usize {
        self.expected
    }

    /// The file as a place.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Gives every row below the headings that is not blank to `take`; `wanted` are positions in the headings.
    ///
    /// # Errors
    /// What `take` refuses with, and what keeps the rest of the file from being read.
    pub fn read(self, wanted: &[usize], take: &mut dyn FnMut(Cells) -> Checked<()>) -> Checked<RowsRead> {
        let PlainFile { path, place, headings, body, problems, .. } = self;
        let mut tally = Tally { read: RowsRead { problems, ..RowsRead::default() }, place: &place };
        match body {
            Body::Text(rows) => text(*rows, headings.len(), wanted, &mut tally, take)?,
            Body::Book(mut book, sheet, heading_row) => {
                guarded(&place, || book_rows(&mut *book, sheet, heading_row, wanted, &mut tally, take))?;
            }
            Body::Parquet => parquet(&path, wanted, &mut tally, take)?,
        }
        Ok(tally.finish())
    }
}

fn text(
    mut rows: Rows,
    width: usize,
    wanted: &[usize],
    tally: &mut Tally,
    take: &mut dyn FnMut(Cells) -> Checked<()>,
) -> Checked<()> {
    // Where each column of the file goes among the wanted; a column may be wanted twice.
    let mut slots: Vec<(usize, usize)> = wanted.iter().enumerate().map(|(slot, column)| (*column, slot)).collect();
    slots.sort_unstable();
    let nothing = Span { start: 0, end: 0, kind: CellKind::Empty };
    let mut spans = vec![nothing; wanted.len()];
    let mut row = Row::default();
    let mut picked = Picked::default();
    let delimiter = rows.delimiter();
    let place = tally.place;
    loop {
        match rows.plain(&mut row, Some(width as u32)).map_err(|e| vec![encoding::failed(&e, place)])? {
            Next::End => return Ok(()),
            Next::Bad(number) => tally.set_aside(number, "row.encoding", NOT_TEXT),
            Next::Line(number, line) => {
                spans.fill(nothing);
                let columns = split(&line, delimiter, &slots, &mut spans);
                if columns > width && !line[end_of(&line, delimiter, width)..].bytes().all(|b| b == delimiter) {
                    tally.set_aside(number, "row.width", TOO_WIDE);
                } else if spans.iter().any(|s| s.start < s.end) || !is_blank_row(&line, delimiter) {
                    tally.read.rows += 1;
                    take(Cells { row: number, text: &line, spans: &spans })?;
                }
            }
            Next::Row if row.fault.is_some() => tally.set_aside(row.number, "row.quote", OPEN_QUOTE),
            Next::Row if row.cells().last().is_some_and(|c| c.0 as usize >= width) => {
                tally.set_aside(row.number, "row.width", TOO_WIDE);
            }
            Next::Row if row.is_blank() => {}
            Next::Row => {
                tally.read.rows += 1;
                take(picked.of(&row, wanted))?;
            }
        }
    }
}

fn book_rows(
    book: &mut dyn Book,
    sheet: usize,
    heading_row: u32,
    wanted: &[usize],
    tally: &mut Tally,
    take: &mut dyn FnMut(Cells) -> Checked<()>,
) -> Checked<()> {
    let mut picked = Picked::default();
    let mut meter = Meter::new(LIMITS);
    let place = tally.place;
    book.rows(sheet, &mut |row| {
        meter.row(row, true).map_err(|what| vec![oversized(place, what)])?;
        if row.number <= heading_row || (row.is_blank() && row.fault.is_none()) {
            return Ok(true);
        }
        let nested = row.nested.iter().any(|c| wanted.contains(&(*c as usize)));
        match row.fault {
            Some(Fault::Encoding) => tally.set_aside(row.number, "row.encoding", NOT_TEXT),
            Some(Fault::Deleted) => tally.set_aside(row.number, "row.deleted", DELETED),
            Some(_) => tally.set_aside(row.number, "row.syntax", NO_OBJECT),
            None if nested => tally.set_aside(row.number, "row.nested", NESTED),
            None if row.overlong => tally.set_aside(row.number, "row.oversized", TOO_LONG),
            None => {
                tally.read.rows += 1;
                take(picked.of(row, wanted))?;
            }
        }
        Ok(true)
    })
}

/// Finds the wanted cells of a line without quotes; gives the number of its cells.
fn split(line: &str, delimiter: u8, slots: &[(usize, usize)], spans: &mut [Span]) -> usize {
    let bytes = line.as_bytes();
    let (mut column, mut start, mut next) = (0, 0, 0);
    let mut ends = memchr::memchr_iter(delimiter, bytes);
    while next < slots.len() {
        let found = ends.next();
        let end = found.unwrap_or(bytes.len());
        while let Some((_, slot)) = slots.get(next).filter(|s| s.0 == column) {
            let (from, to) = if is_tight(&bytes[start..end]) {
                (start, end)
            } else {
                let left = line[start..end].trim_start();
                let from = end - left.len();
                (from, from + left.trim_end().len())
            };
            spans[*slot] = Span { start: from as u32, end: to as u32, kind: CellKind::Text };
            next += 1;
        }
        column += 1;
        start = end + 1;
        if found.is_none() {
            return column;
        }
    }
    // The cell behind the last delimiter counts too.
    column + ends.count() + 1
}

/// True when a cell begins and ends with characters that are surely not blank, as most do: ASCII, or a character of the
/// rows U+4000 to U+9FFF, which begin with these bytes. The others are looked at closely.
fn is_tight(cell: &[u8]) -> bool {
    let ascii = |b: u8| b > b' ' && b < 0x80;
    let han = |b: u8| (0xe4..=0xe9).contains(&b);
    match cell {
        [] => true,
        [a, ..] if !ascii(*a) && !han(*a) => false,
        [.., z] if ascii(*z) => true,
        [.., z, _, _] => han(*z),
        _ => false,
    }
}

/// Where the first `width` cells of a line end.
fn end_of(line: &str, delimiter: u8, width: usize) -> usize {
    memchr::memchr_iter(delimiter, line.as_bytes()).nth(width.saturating_sub(1)).unwrap_or(line.len())
}

fn is_blank_row(line: &str, delimiter: u8) -> bool {
    line.split(delimiter as char).all(is_blank)
}

fn parquet(
    path: &Path,
    wanted: &[usize],
    tally: &mut Tally,
    take: &mut dyn FnMut(Cells) -> Checked<()>,
) -> Checked<()> {
    let place = tally.place;
    let refusal = |e: &ParquetError| vec![super::parquet::refusal(e, place)];
    let file = File::open(path).map_err(|e| vec![super::unreadable(place, &e)])?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| refusal(&e))?;
    let schema = builder.schema().clone();
    let mut columns: Vec<usize> = wanted.to_vec();
    columns.sort_unstable();
    columns.dedup();
    let unreadable: Vec<Diagnostic> = columns
        .iter()
        .map(|c| schema.field(*c))
        .filter(|f| super::parquet::target(f.data_type()).is_none())
        .map(|f| {
            let message = format!("values of type {} have no text", f.data_type());
            Diagnostic::error("ingest.parquet_type", message, place.clone().field(f.name()))
                .hint("export the column as text, number or date")
        })
        .collect();
    if !unreadable.is_empty() {
        return Err(unreadable);
    }
    let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
    let batches =
        builder.with_projection(mask).with_batch_size(super::parquet::BATCH).build().map_err(|e| refusal(&e))?;
    let mut row = Row::default();
    let mut picked = Picked::default();
    for batch in batches {
        let batch = batch.map_err(|e| refusal(&ParquetError::ArrowError(e.to_string())))?;
        let texts: Checked<Vec<Texts>> = batch.columns().iter().map(|a| Texts::new(a, place)).collect();
        let texts = texts?;
        for i in 0..batch.num_rows() {
            tally.read.rows += 1;
            row.reset(u32::try_from(tally.read.rows).map_err(|_| vec![super::broken(place)])?);
            for (column, texts) in columns.iter().zip(&texts) {
                texts.push(i, *column as u32, &mut row);
            }
            take(picked.of(&row, wanted))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headings, rows of the wanted columns, number set aside.
    fn read(content: &[u8], wanted: &[&str]) -> (Vec<Vec<String>>, u64) {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("a.csv");
        std::fs::write(&path, content).expect("written");
        let file = open(&path).expect("opened");
        let at = |name: &&str| file.headings().iter().position(|h| h == name).expect("heading");
        let wanted: Vec<usize> = wanted.iter().map(at).collect();
        let mut rows = Vec::new();
        let read = file
            .read(&wanted, &mut |cells| {
                rows.push((0..wanted.len()).map(|i| cells.get(i).to_string()).collect());
                Ok(())
            })
            .expect("read");
        assert_eq!(read.rows, rows.len() as u64);
        (rows, read.set_aside)
    }

    fn rows(of: &[&[&str]]) -> Vec<Vec<String>> {
        of.iter().map(|row| row.iter().map(|c| c.to_string()).collect()).collect()
    }

    #[test]
    fn cells_are_those_of_the_headings_without_blanks() {
        let text = "某县名册,,\n 编号 , 姓名,村\n1, 张三 ,甲\n\n,,\n2,\"李四,五\",乙\n3\n".as_bytes();
        assert_eq!(read(text, &["姓名", "编号"]).0, rows(&[&["张三", "1"], &["李四,五", "2"], &["", "3"]]));
        let tabs = "编号\t姓名\n1\t张,三\n".as_bytes();
        assert_eq!(read(tabs, &["姓名"]).0, rows(&[&["张,三"]]));
        let one = "\u{feff}姓名\n张三\n　李四　\n".as_bytes();
        assert_eq!(read(one, &["姓名"]).0, rows(&[&["张三"], &["李四"]]));
        let (gb, _, _) = encoding_rs::GB18030.encode("姓名,村\n张三,甲村\n");
        assert_eq!(read(&gb, &["姓名", "村"]).0, rows(&[&["张三", "甲村"]]));
    }

    #[test]
    fn rows_that_cannot_be_read_are_counted() {
        let mut text = "编号,姓名\n1,张三\n2,李四,王五\n3,赵六,\n4,\"孙七\n5,周八\n".as_bytes().to_vec();
        text.extend(b"6,\xff\xfe\n");
        assert_eq!(read(&text, &["编号"]), (rows(&[&["1"], &["3"], &["5"]]), 3));
    }

    #[test]
    fn a_file_that_is_not_there_or_empty_is_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("a.csv");
        let code = |path: &Path| open(path).err().expect("refused")[0].code;
        assert_eq!(code(&path), "ingest.unreadable");
        std::fs::write(&path, "\n\n").expect("written");
        assert_eq!(code(&path), "ingest.no_headings");
    }
}
