//! dBase files (.dbf), as FoxPro programs of the nineties still write them.
//!
//! In: a dBase III, IV or Visual FoxPro file. Out: one sheet without a name: a row for each record, numbered from 1; the
//! headings are the names of the fields. A record that is marked as deleted is listed and not dropped. Numbers stand in
//! these files as text and reach the rows as that text: an identity number in an N field keeps its digits, where a
//! library that gives floats would lose them. Memo fields lie in another file and are named as not read.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use encoding_rs::{BIG5, Encoding, GB18030, GBK, UTF_8};

use super::Checked;
use super::book::{Book, Take};
use super::encoding::unknown_label;
use super::limits::Limits;
use super::row::{Fault, Row};
use crate::diag::{Diagnostic, Place};
use crate::model::CellKind;

/// Most fields a record can have: Visual FoxPro has 255, others fewer.
const FIELDS: usize = 2_048;
/// Most bytes of a record.
const RECORD: usize = 65_535;

/// An opened file.
pub(super) struct DbfBook {
    path: PathBuf,
    header: Header,
    headings: Vec<String>,
    encoding: &'static Encoding,
    notes: Vec<Diagnostic>,
    place: Place,
}

/// What the file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Header {
    records: u32,
    /// Where the records begin.
    start: usize,
    /// Bytes of a record, its mark included.
    length: usize,
    /// Code page, as the format numbers them.
    page: u8,
    fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: Vec<u8>,
    kind: u8,
    /// Where it lies in a record.
    from: usize,
    to: usize,
}

/// True for bytes that begin as a dBase file does.
pub(super) fn is_dbf(head: &[u8]) -> bool {
    const VERSIONS: [u8; 12] = [0x03, 0x04, 0x05, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8b, 0xcb, 0xf5];
    let day = |b: &[u8]| b[2] <= 12 && b[3] <= 31;
    let sizes = |b: &[u8]| {
        let start = u16::from_le_bytes([b[8], b[9]]);
        let length = u16::from_le_bytes([b[10], b[11]]);
        start > 32 && length > 1 && (start % 32 == 1 || start % 32 == 8 || start.is_multiple_of(32))
    };
    // Text may begin with a version's byte, but has no zeros.
    head.len() > 64
        && head[..32].contains(&0)
        && VERSIONS.contains(&head[0])
        && day(head)
        && sizes(head)
        && is_kind(head[32 + 11])
}

fn is_kind(kind: u8) -> bool {
    b"CNDLFIBTMGPYVWQ@+O0".contains(&kind)
}

/// Reads the header and decides the encoding.
pub(super) fn open(path: &Path, declared: Option<&str>, limits: &Limits, place: &Place) -> Checked<DbfBook> {
    let io = |e: std::io::Error| vec![super::unreadable(place, &e)];
    let broken = || vec![broken(place)];
    let size = std::fs::metadata(path).map_err(io)?.len();
    let mut head = Vec::new();
    File::open(path).and_then(|f| f.take(1 << 16).read_to_end(&mut head)).map_err(io)?;
    let header = Header::read(&head).ok_or_else(broken)?;
    if header.fields.len() > limits.columns as usize {
        return Err(broken());
    }
    // The number of records in the header is what a copy that broke off does not have.
    let wanted = header.start as u64 + u64::from(header.records) * header.length as u64;
    if size < wanted {
        let message = format!("the file ends early: its header tells of {} records", header.records);
        return Err(vec![
            Diagnostic::error("ingest.truncated", message, place.clone())
                .hint("it may still be copied, or the download broke off; ask the sender for the file again"),
        ]);
    }
    let declared = match declared {
        Some(label) => {
            let known = Encoding::for_label(label.trim().as_bytes());
            Some(known.ok_or_else(|| vec![unknown_label(label, place)])?)
        }
        None => None,
    };
    let encoding = encoding(path, &header, declared).map_err(io)?;
    let headings = header.fields.iter().map(|f| encoding.decode_without_bom_handling(&f.name).0.into_owned()).collect();
    let mut notes = Vec::new();
    let elsewhere = header.fields.iter().filter(|f| f.is_elsewhere()).count();
    if elsewhere > 0 {
        let message = format!("{elsewhere} fields lie in another file or are no text; they are not read");
        notes.push(Diagnostic::note("ingest.dbf_memo", message, place.clone()));
    }
    if size > wanted + 1 + header.length as u64 {
        let message = format!("behind the {} records that its header tells of there is more", header.records);
        notes.push(
            Diagnostic::warning("ingest.dbf_more", message, place.clone())
                .hint("the file was not closed properly: open it in its program, save it, and send it again"),
        );
    }
    Ok(DbfBook { path: path.to_path_buf(), header, headings, encoding, notes, place: place.clone() })
}

impl Header {
    fn read(head: &[u8]) -> Option<Header> {
        let u16_at = |at: usize| head.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]) as usize);
        let records = head.get(4..8).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))?;
        let (start, length) = (u16_at(8)?, u16_at(10)?);
        let mut fields = Vec::new();
        let (mut at, mut from) = (32, 1);
        while at + 32 <= start && *head.get(at)? != 0x0d {
            let field = head.get(at..at + 32)?;
            let kind = field[11].to_ascii_uppercase();
            if !is_kind(kind) || fields.len() == FIELDS {
                return None;
            }
            // Clipper gives long texts a second byte of length where others have decimals.
            let wide = if kind == b'C' { usize::from(field[17]) << 8 } else { 0 };
            let to = from + usize::from(field[16]) + wide;
            let name = field[..11].split(|b| *b == 0).next().unwrap_or_default().to_vec();
            fields.push(Field { name, kind, from, to });
            from = to;
            at += 32;
        }
        let fits = !fields.is_empty() && from <= length && length <= RECORD && start >= at;
        fits.then_some(Header { records, start, length, page: head[29], fields })
    }

    /// Gives every record's bytes to `take` until it says false.
    fn records(&self, path: &Path, take: &mut dyn FnMut(u32, &[u8]) -> Checked<bool>, place: &Place) -> Checked<()> {
        let io = |e: std::io::Error| vec![super::unreadable(place, &e)];
        let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(io)?);
        std::io::copy(&mut (&mut file).take(self.start as u64), &mut std::io::sink()).map_err(io)?;
        let mut record = vec![0; self.length];
        for number in 1..=self.records {
            file.read_exact(&mut record).map_err(io)?;
            if !take(number, &record)? {
                break;
            }
        }
        Ok(())
    }
}

impl Field {
    /// Memos, pictures and other fields that are no text here.
    fn is_elsewhere(&self) -> bool {
        matches!(self.kind, b'M' | b'G' | b'P' | b'B' | b'V' | b'W' | b'Q' | b'0' | b'O' | b'@' | b'+')
    }
}

/// The contract's word → strict UTF-8 → the header's code page where all is sound in it → strict GB18030 → whichever of
/// the two has fewer faults.
fn encoding(path: &Path, header: &Header, declared: Option<&'static Encoding>) -> std::io::Result<&'static Encoding> {
    if let Some(encoding) = declared {
        return Ok(if encoding == GBK { GB18030 } else { encoding });
    }
    let page = match header.page {
        0x4d | 0x7a => Some(GB18030),
        0x4f | 0x78 => Some(BIG5),
        _ => None,
    };
    let candidates: Vec<&'static Encoding> = [Some(UTF_8), page, Some(GB18030)].into_iter().flatten().collect();
    let mut faults = vec![0_u64; candidates.len()];
    let mut count = |bytes: &[u8]| {
        if !bytes.is_ascii() {
            for (faults, encoding) in faults.iter_mut().zip(&candidates) {
                *faults += u64::from(encoding.decode_without_bom_handling(bytes).1);
            }
        }
    };
    header.fields.iter().for_each(|f| count(&f.name));
    let nowhere = Place::default();
    let read = header.records(
        path,
        &mut |_, record| {
            let texts = header.fields.iter().filter(|f| f.kind == b'C');
            texts.for_each(|f| count(&record[f.from..f.to]));
            Ok(true)
        },
        &nowhere,
    );
    read.map_err(|_| std::io::Error::from(std::io::ErrorKind::UnexpectedEof))?;
    let least = faults.iter().min().copied().unwrap_or(0);
    Ok(candidates[faults.iter().position(|f| *f == least).unwrap_or(0)])
}

impl Book for DbfBook {
    fn headings(&self) -> Option<&[String]> {
        Some(&self.headings)
    }

    fn rows(&mut self, _: usize, take: &mut Take) -> Checked<()> {
        let mut row = Row::default();
        let (header, encoding) = (&self.header, self.encoding);
        header.records(
            &self.path,
            &mut |number, record| {
                row.reset(number);
                row.partial = true;
                for (column, field) in header.fields.iter().enumerate().filter(|(_, f)| !f.is_elsewhere()) {
                    push(&mut row, column as u32, field, &record[field.from..field.to], encoding);
                }
                if record[0] == b'*' {
                    row.fault = Some(Fault::Deleted);
                }
                take(&mut row)
            },
            &self.place,
        )
    }

    fn notes(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.notes)
    }
}

fn push(row: &mut Row, column: u32, field: &Field, bytes: &[u8], encoding: &'static Encoding) {
    let ascii = || String::from_utf8_lossy(bytes).trim_matches([' ', '\0']).to_string();
    let (text, kind) = match field.kind {
        b'N' | b'F' => (ascii(), CellKind::Number),
        b'D' => {
            let text = ascii();
            match text.len() == 8 && text.is_ascii() {
                true => super::cell::iso(&format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])),
                false => (text, CellKind::Text),
            }
        }
        b'L' => match bytes.first() {
            Some(b'T' | b't' | b'Y' | b'y') => ("TRUE".to_string(), CellKind::Bool),
            Some(b'F' | b'f' | b'N' | b'n') => ("FALSE".to_string(), CellKind::Bool),
            _ => return,
        },
        b'I' => match <[u8; 4]>::try_from(bytes) {
            Ok(b) => (i32::from_le_bytes(b).to_string(), CellKind::Number),
            Err(_) => return,
        },
        // Visual FoxPro's money: ten-thousandths.
        b'Y' => match <[u8; 8]>::try_from(bytes) {
            Ok(b) => (super::parquet::decimal(i128::from(i64::from_le_bytes(b)), 4), CellKind::Number),
            Err(_) => return,
        },
        b'T' => match <[u8; 8]>::try_from(bytes) {
            Ok(b) if b != [0; 8] => moment(b),
            _ => return,
        },
        _ => {
            let (text, bad) = encoding.decode_without_bom_handling(bytes);
            if bad {
                row.fault = Some(Fault::Encoding);
            }
            (text.trim_end_matches([' ', '\0']).to_string(), CellKind::Text)
        }
    };
    row.push(column, &text, kind);
}

/// A day by its Julian number and milliseconds since midnight.
fn moment(bytes: [u8; 8]) -> (String, CellKind) {
    let part = |at: usize| i64::from(i32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]));
    // The spreadsheet's day 0 is 1899-12-30, Julian day 2 415 019.
    let (day, second) = (part(0) - 2_415_019, part(4) / 1_000);
    super::cell::serial(day as f64 + second as f64 / 86_400.0, false)
}

fn broken(place: &Place) -> Diagnostic {
    Diagnostic::error("ingest.broken_file", "the file's header is not that of a dBase file", place.clone())
        .hint("open it in its program and save it anew, or ask the sender for the table as a workbook")
}
