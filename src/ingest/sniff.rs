//! What a file really is, whatever its name says: told from its first bytes before a parser sees it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::Checked;
use crate::diag::{Diagnostic, Place};
use crate::plan::Format;

/// UTF-16 name of the stream in which Office keeps an encrypted workbook.
const ENCRYPTED: &str = "EncryptedPackage";
/// How far an old compound file is searched for it.
const SEARCHED: u64 = 64 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    Nothing,
    Zip,
    /// Office's old compound file: a legacy workbook, or an encrypted new one.
    Compound,
    Parquet,
    Pdf,
    Markup,
    Text,
    Unknown,
}

/// The format a file without a contract is in, or why it cannot be read.
pub(super) fn format(path: &Path, place: &Place) -> Checked<Format> {
    let io = |e: io::Error| vec![super::unreadable(place, &e)];
    let mut head = Vec::new();
    File::open(path).and_then(|f| f.take(4096).read_to_end(&mut head)).map_err(io)?;
    let format = match looks(&head) {
        Looks::Zip | Looks::Compound => Format::Xlsx,
        Looks::Parquet => Format::Parquet,
        _ => Format::Csv,
    };
    check(path, format, place).map(|()| format)
}

/// Refuses a file that is plainly not of the contract's format, with the reason and what to ask for.
pub(super) fn check(path: &Path, format: Format, place: &Place) -> Checked<()> {
    let io = |e: io::Error| vec![super::unreadable(place, &e)];
    let mut head = Vec::new();
    File::open(path).and_then(|f| f.take(4096).read_to_end(&mut head)).map_err(io)?;
    let looks = looks(&head);
    let refuse =
        |code, message: &str, hint: &str| Err(vec![Diagnostic::error(code, message, place.clone()).hint(hint)]);
    match (format, looks) {
        (_, Looks::Nothing) => refuse(
            "ingest.empty_file",
            "the file has no content",
            "it may still be copied; ask the sender for the file again",
        ),
        (Format::Xlsx, Looks::Zip) | (Format::Parquet, Looks::Parquet) => Ok(()),
        (Format::Csv, Looks::Text | Looks::Unknown) => Ok(()),
        (_, Looks::Compound) if is_encrypted(path).map_err(io)? => refuse(
            "ingest.password",
            "the workbook is protected by a password",
            "ask the sender for a copy without a password; send it by a safe way",
        ),
        (_, Looks::Compound) => refuse(
            "ingest.legacy_workbook",
            "the file is a workbook of the old .xls kind, whatever its name ends in",
            "open it and save it as .xlsx",
        ),
        (Format::Xlsx, Looks::Markup) => refuse(
            "ingest.html_as_workbook",
            "the file is a web page or XML under a workbook's name",
            "open it in a spreadsheet program and save it as .xlsx",
        ),
        (Format::Xlsx, Looks::Text) => refuse(
            "ingest.text_as_workbook",
            "the file is delimited text under a workbook's name",
            "set `format = \"csv\"` in the contract if it always comes so, or save it as .xlsx",
        ),
        (Format::Xlsx, _) => {
            refuse("ingest.not_workbook", "the file is not an .xlsx workbook", "ask the sender for an .xlsx export")
        }
        (Format::Csv, Looks::Markup) => refuse(
            "ingest.html_as_csv",
            "the file is a web page or XML under a text file's name",
            "open it in a spreadsheet program and save it as CSV (UTF-8)",
        ),
        (Format::Csv, _) => refuse(
            "ingest.not_csv",
            "the file is not delimited text",
            "set the contract's `format` to what it is, or ask the sender for a CSV export",
        ),
        (Format::Parquet, _) => refuse(
            "ingest.not_parquet",
            "the file does not begin as a Parquet file does",
            "it may be damaged or of another format; ask the sender for the export again",
        ),
    }
}

fn looks(head: &[u8]) -> Looks {
    const MARKUP: [&str; 7] = ["<html", "<!doctype", "<table", "<?xml", "<head", "<meta", "mime-version:"];
    if head.is_empty() {
        Looks::Nothing
    } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        Looks::Zip
    } else if head.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
        Looks::Compound
    } else if head.starts_with(b"PAR1") {
        Looks::Parquet
    } else if head.starts_with(b"%PDF") {
        Looks::Pdf
    } else {
        let text: String = head.iter().filter(|b| **b != 0).take(600).map(|b| b.to_ascii_lowercase() as char).collect();
        let begin = text.trim_start_matches(['ï', '»', '¿', 'ÿ', 'þ']).trim_start();
        if MARKUP.iter().any(|m| begin.starts_with(m)) {
            Looks::Markup
        } else if head.iter().all(|b| *b >= 0x20 || matches!(b, b'\t' | b'\r' | b'\n')) {
            Looks::Text
        } else {
            Looks::Unknown
        }
    }
}

fn is_encrypted(path: &Path) -> io::Result<bool> {
    let wanted: Vec<u8> = ENCRYPTED.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut file = File::open(path)?.take(SEARCHED);
    let mut kept = Vec::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok(false);
        }
        kept.extend_from_slice(&chunk[..read]);
        if kept.windows(wanted.len()).any(|w| w == wanted) {
            return Ok(true);
        }
        kept.drain(..kept.len().saturating_sub(wanted.len()));
    }
}
