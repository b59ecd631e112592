//! What a file really is, told by its content and never by its name, before a parser sees it.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use super::limits::{Limits, oversized};
use super::{Checked, archive, dbf, encoding, xls};
use crate::diag::{Diagnostic, Place};
use crate::plan::Format;

/// UTF-16 name of the stream in which Office keeps an encrypted workbook.
const ENCRYPTED: &str = "EncryptedPackage";
/// How far an old compound file is searched for it.
const SEARCHED: u64 = 64 << 20;
/// Bytes from which most formats are told.
const HEAD: u64 = 1 << 14;

/// The format a file is in, or why nothing can be read from it.
pub(super) fn format(path: &Path, limits: &Limits, place: &Place) -> Checked<Format> {
    let io = |e: io::Error| vec![super::unreadable(place, &e)];
    let mut head = Vec::new();
    File::open(path).and_then(|f| f.take(HEAD).read_to_end(&mut head)).map_err(io)?;
    let refuse =
        |code, message: &str, hint: &str| Err(vec![Diagnostic::error(code, message, place.clone()).hint(hint)]);
    let size = std::fs::metadata(path).map_err(io)?.len();
    if size > limits.file {
        return Err(vec![oversized(place, format!("it has more than {} GB", limits.file >> 30))]);
    }
    if head.is_empty() {
        return refuse(
            "ingest.empty_file",
            "the file has no content",
            "it may still be copied; ask the sender for the file again",
        );
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return match archive::kind(path, limits, place)? {
            archive::Kind::Workbook(format) => Ok(format),
            archive::Kind::Document => refuse(
                "ingest.not_table",
                "the file is a text document or a presentation",
                "ask the sender for the table as a workbook or as CSV",
            ),
            archive::Kind::Delivery => {
                // One that cannot be opened says why first.
                archive::open(path, limits, place)?;
                refuse(
                    "ingest.archive",
                    "the file is a ZIP archive and no table",
                    "put it into the input folder: tables in it are found by the contract's `files`; or unpack it",
                )
            }
        };
    }
    if head.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
        // The parser tells a workbook from other old files, and one with a password too.
        return match is_encrypted(path).map_err(io)? {
            true => Err(vec![xls::password(place)]),
            false => Ok(Format::Xls),
        };
    }
    if xls::is_bare(&head) {
        return Ok(Format::Xls);
    }
    if matches!(head[..2.min(head.len())], [0x09, 0x00 | 0x02 | 0x04]) && head.get(3) == Some(&0) {
        return refuse(
            "ingest.legacy_workbook",
            "the file is a workbook of Excel 4 or older",
            "open it in a spreadsheet program and save it as .xlsx",
        );
    }
    if head.starts_with(b"PAR1") {
        return Ok(Format::Parquet);
    }
    if let Some(what) = other(&head) {
        return refuse("ingest.not_table", &format!("the file is {what}"), "ask the sender for the table itself");
    }
    if dbf::is_dbf(&head) {
        return Ok(Format::Dbf);
    }
    // Two bytes a character or one: for telling markup from text it does not matter.
    let text: String = head.iter().filter(|b| **b != 0).map(|b| b.to_ascii_lowercase() as char).collect();
    let text = text.trim_start_matches(['ï', '»', '¿', 'ÿ', 'þ']).trim_start();
    if let Some(format) = markup(text) {
        return format
            .map_err(|(code, message, hint)| vec![Diagnostic::error(code, message, place.clone()).hint(hint)]);
    }
    if is_json(text) {
        return Ok(Format::Json);
    }
    // Text has some odd characters, at worst; what has many is something else.
    let odd = head.iter().filter(|b| **b < 0x20 && !matches!(b, b'\t' | b'\r' | b'\n')).count();
    if odd * 10 > head.len() && encoding::marked(&head).is_none() && encoding::unmarked_utf16(&head).is_none() {
        return refuse(
            "ingest.not_table",
            "the file is neither text nor of a format that is known",
            "ask the sender for the table as a workbook or as CSV",
        );
    }
    Ok(Format::Csv)
}

/// A code, a message and a hint.
type Word = (&'static str, &'static str, &'static str);

fn markup(text: &str) -> Option<Result<Format, Word>> {
    const BEGINNINGS: [&str; 12] = [
        "<html",
        "<!doctype",
        "<table",
        "<head",
        "<meta",
        "<body",
        "<style",
        "<script",
        "<div",
        "<tr",
        "<!--",
        "<form",
    ];
    if text.starts_with("mime-version:") {
        let hint = "open it in a spreadsheet program and save it as .xlsx";
        return Some(Err(("ingest.web_archive", "the file is a web archive (.mht) under another name", hint)));
    }
    let sheet = ["urn:schemas-microsoft-com:office:spreadsheet", "progid=\"excel.sheet\""];
    if text.starts_with("<?xml") || text.starts_with("<workbook") || text.starts_with("<ss:workbook") {
        if sheet.iter().any(|s| text.contains(s)) && ["<workbook", "<ss:workbook"].iter().any(|w| text.contains(w)) {
            return Some(Ok(Format::XmlSheet));
        }
        if text.contains("<html") || text.contains("<table") {
            return Some(Ok(Format::Html));
        }
        let hint = "ask the sender for the table as a workbook or as CSV";
        return Some(Err(("ingest.not_table", "the file is XML of a kind that is not known", hint)));
    }
    BEGINNINGS.iter().any(|b| text.starts_with(b)).then_some(Ok(Format::Html))
}

fn is_json(text: &str) -> bool {
    let mut solid = text.chars().filter(|c| !c.is_whitespace());
    matches!((solid.next(), solid.next()), (Some('{'), Some('"' | '}')) | (Some('['), Some('{' | ']')))
}

/// Well-known files that are no table.
fn other(head: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 9] = [
        (b"%PDF", "a PDF document"),
        (b"Rar!", "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"\x1f\x8b", "a file compressed with gzip"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
        (b"{\\rtf", "a text document"),
        (b"SQLite format 3\0", "a database"),
        (b"\x00\x01\x00\x00Standard", "an Access database"),
    ];
    KNOWN.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, what)| *what)
}

/// Refuses a file of another format than the contract restricts its source to.
pub(super) fn allowed(wanted: Format, found: Format, place: &Place) -> Checked<()> {
    if wanted == Format::Any || wanted == found {
        return Ok(());
    }
    let code = match (wanted, found) {
        (Format::Csv | Format::Xlsx, Format::Xls) => "ingest.legacy_workbook",
        (Format::Xlsx, Format::Html | Format::XmlSheet) => "ingest.html_as_workbook",
        (Format::Xlsx, Format::Csv) => "ingest.text_as_workbook",
        (Format::Xlsx, _) => "ingest.not_workbook",
        (Format::Csv, Format::Html | Format::XmlSheet) => "ingest.html_as_csv",
        (Format::Csv, _) => "ingest.not_csv",
        (Format::Parquet, _) => "ingest.not_parquet",
        _ => "ingest.other_format",
    };
    let message = format!("the file is {}; its contract takes {} only", found.title(), wanted.title());
    Err(vec![
        Diagnostic::error(code, message, place.clone())
            .hint("remove `format` from the contract to take whatever comes, or ask the sender for the agreed format"),
    ])
}

/// True for a compound file in which Office keeps an encrypted workbook.
fn is_encrypted(path: &Path) -> io::Result<bool> {
    let mut bytes = Vec::new();
    File::open(path)?.take(SEARCHED).read_to_end(&mut bytes)?;
    if let Ok(file) = cfb::CompoundFile::open(Cursor::new(&bytes)) {
        return Ok(file.is_stream(format!("/{ENCRYPTED}")));
    }
    // Of a file that is cut off the names may still be there.
    let wanted: Vec<u8> = ENCRYPTED.encode_utf16().flat_map(u16::to_le_bytes).collect();
    Ok(memchr::memmem::find(&bytes, &wanted).is_some())
}
