//! Receipts (数据质量回执) that a department filled in and sent back: known by their content, read with the care of a delivery.
//!
//! In: any file of the input folder. Out: whether it is a receipt, and if so [`Returned`]: the marker, and every row with
//! its key, the department's own values and what was filled in. Nothing is judged here; `run` compares it with the rows
//! of the delivery. Sheets, columns and rows may stand in any order: columns are found by their headings, rows by keys.

use std::fs::File;
use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use zip::ZipArchive;

use super::book::{Book, SheetInfo};
use super::limits::LIMITS;
use super::markup::{attribute, tags};
use super::row::{Row, is_invisible};
use super::{Checked, archive, ods, xlsx};
use crate::diag::{Diagnostic, Place};
use crate::model::CellKind;
use crate::model::receipt::{CORRECT, FORMAT, KEY, MARKER, OWN, ROWS, Returned, ReturnedRow, same_text};
use crate::plan::Format;

/// Longest index of an archive that is looked at.
const INDEX: u64 = 4 << 20;
/// The headings of the rows stand in the first so many rows of a sheet.
const HEADER_WITHIN: u32 = 20;
/// Rows a receipt can have; more is none that bidui made.
const MOST_ROWS: usize = 1_000_000;

/// How a file looks from its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// Anything but a receipt.
    Other,
    /// A receipt: as it was issued (.xlsx), or as LibreOffice saves it by default (.ods).
    Receipt,
}

/// Whether a file is a receipt, told from the list of its sheets. A file that cannot be opened is none: who reads it as a
/// delivery says why.
pub fn looks(path: &Path) -> Looks {
    catch_unwind(AssertUnwindSafe(|| peek(path))).ok().flatten().unwrap_or(Looks::Other)
}

fn peek(path: &Path) -> Option<Looks> {
    let mut file = File::open(path).ok()?;
    let mut head = [0; 4];
    file.read_exact(&mut head).ok()?;
    if head != *b"PK\x03\x04" {
        return None;
    }
    let mut archive = ZipArchive::new(BufReader::new(File::open(path).ok()?)).ok()?;
    let mut text = |name: &str| {
        let mut bytes = Vec::new();
        archive.by_name(name).ok()?.take(INDEX).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    if let Some(index) = text("xl/workbook.xml") {
        let mut names = tags(&index, "sheet").filter_map(|tag| attribute(tag, "name"));
        return names.any(|n| n == MARKER || n == ROWS).then_some(Looks::Receipt);
    }
    // LibreOffice lists the sheets among the settings of its window; a sheet that was added by hand is found by its table.
    let settings = text("settings.xml").unwrap_or_default();
    let tables = text("content.xml")?;
    let named = |name: &str| {
        settings.contains(&format!("config:name=\"{name}\"")) || tables.contains(&format!("table:name=\"{name}\""))
    };
    (named(MARKER) || named(ROWS)).then_some(Looks::Receipt)
}

/// Reads a receipt.
///
/// # Errors
/// Every reason why nothing can be taken from it (codes `ingest.*` as for a delivery, `receipt.no_rows_sheet`).
pub fn read(path: &Path, relative: &str) -> Result<Returned, Vec<Diagnostic>> {
    let place = Place::file(relative);
    match catch_unwind(AssertUnwindSafe(|| read_workbook(path, &place))) {
        Ok(result) => result,
        Err(_) => Err(vec![super::broken(&place)]),
    }
}

fn read_workbook(path: &Path, place: &Place) -> Checked<Returned> {
    let mut book: Box<dyn Book> = match archive::kind(path, &LIMITS, place)? {
        archive::Kind::Workbook(Format::Ods) => Box::new(ods::open(path, &LIMITS, place)?),
        _ => Box::new(xlsx::open(path, &LIMITS, place)?),
    };
    let mut returned = Returned::default();
    let mut found = false;
    for (at, SheetInfo { name: sheet, .. }) in book.sheets().iter().enumerate() {
        if sheet == MARKER {
            let mut lines = Vec::new();
            rows_of(&mut *book, at, &mut |row| {
                lines.push(row.cells().map(|(_, text, _)| text.trim().to_string()).collect::<Vec<_>>());
                lines.len() < MOST_ROWS
            })?;
            marker(&lines, &mut returned);
            continue;
        }
        let mut headings: Option<Vec<(u32, String)>> = None;
        rows_of(&mut *book, at, &mut |row| {
            match &headings {
                Some(headings) => returned.rows.push(line(headings, sheet, row)),
                None if row.cells().any(|(_, text, _)| same_text(text) == KEY) => {
                    headings = Some(row.cells().map(|(column, text, _)| (column, same_text(text))).collect());
                }
                None => {}
            }
            returned.rows.len() < MOST_ROWS && (headings.is_some() || row.number < HEADER_WITHIN)
        })?;
        found |= headings.is_some();
    }
    if !found {
        let problem = Diagnostic::error(
            "receipt.no_rows_sheet",
            format!("the receipt has no sheet with the column {KEY}"),
            place.clone(),
        )
        .hint("fill in the receipt as it was issued; its columns must keep their headings");
        return Err(vec![problem]);
    }
    // Closing lines and rows that somebody emptied.
    returned.rows.retain(|r| !r.key.is_empty() || !r.filled.is_empty());
    Ok(returned)
}

/// The hidden sheet: `format`, `source`, `delivery`, `round`, then a line for each key with its fields.
fn marker(lines: &[Vec<String>], returned: &mut Returned) {
    let value = |name: &str| {
        let line = lines.iter().find(|l| l.first().is_some_and(|f| f == name))?;
        line.get(1).cloned()
    };
    if value("format").as_deref() != Some(FORMAT) {
        return;
    }
    returned.source = value("source");
    returned.delivery = value("delivery").unwrap_or_default();
    returned.round = value("round").unwrap_or_default();
    for line in lines.iter().filter(|l| l.first().is_some_and(|f| f == "row")) {
        if let [_, key, fields @ ..] = line.as_slice() {
            let fields = fields.iter().flat_map(|f| f.split('|')).filter(|f| !f.is_empty());
            returned.offered.push((key.clone(), fields.map(str::to_string).collect()));
        }
    }
}

fn line(headings: &[(u32, String)], sheet: &str, row: &Row) -> ReturnedRow {
    let mut line = ReturnedRow { sheet: sheet.to_string(), row: row.number, ..ReturnedRow::default() };
    for (column, heading) in headings {
        let (text, kind) = row.get(*column).unwrap_or(("", CellKind::Empty));
        let value = text.trim_matches(is_invisible).to_string();
        if heading == KEY {
            line.key = same_text(text).to_uppercase();
        } else if let Some(own) = heading.strip_prefix(CORRECT) {
            if kind != CellKind::Empty {
                line.filled.push((own.to_string(), value, kind));
            }
        } else if !OWN.contains(&heading.as_str()) {
            line.originals.push((heading.clone(), value));
        }
    }
    line
}

/// Gives the rows of a sheet that are not blank until `take` says false.
fn rows_of(book: &mut dyn Book, sheet: usize, take: &mut dyn FnMut(&Row) -> bool) -> Checked<()> {
    book.rows(sheet, &mut |row| Ok(row.is_blank() || take(row)))
}
