//! What workbooks of all kinds have in common: sheets, what stands around their cells, rows from top to bottom.
//!
//! In: a file and its format. Out: for a contract, the rows of its visible sheets that carry the contract's headings, or
//! of the sheets the contract names ([`read`]); without one, a [`Book`] to read rows from. A format gives its sheets and
//! rows and knows nothing of contracts. Tables without sheets (a web page, a dBase file, JSON) are books of one sheet
//! without a name.

use std::path::Path;

use super::intake::{Reading, SheetEnd, SheetIntake};
use super::limits::Limits;
use super::merges::Merges;
use super::row::Row;
use super::{Checked, header};
use super::{dbf, html, json, ods, xls, xlsb, xlsx, xml_sheet};
use crate::diag::{Diagnostic, Place};
use crate::plan::Format;

/// A sheet that can hold a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SheetInfo {
    /// As the workbook has it; empty in formats without sheets.
    pub(super) name: String,
    /// Not shown when the workbook is opened.
    pub(super) hidden: bool,
}

/// What stands around a sheet's cells.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    pub(super) merges: Merges,
    pub(super) hidden_rows: u64,
    pub(super) hidden_columns: u64,
}

/// Takes rows until it says false.
pub(super) type Take<'t> = dyn FnMut(&mut Row) -> Checked<bool> + 't;

/// A workbook that was opened and found sound so far.
pub(super) trait Book {
    /// Its sheets, in the workbook's order; formats of one table have one without a name.
    fn sheets(&self) -> Vec<SheetInfo> {
        vec![SheetInfo::default()]
    }

    /// True when what stands around a sheet's cells stands behind them: [`Book::layout`] costs nothing more once all rows
    /// were given, and a pass over the sheet of its own before.
    fn layout_comes_last(&self) -> bool {
        false
    }

    /// What stands around a sheet's cells; nothing does in formats of one table.
    fn layout(&mut self, _sheet: usize) -> Checked<Layout> {
        Ok(Layout::default())
    }

    /// Names of the columns where they are part of the format and no row.
    fn headings(&self) -> Option<&[String]> {
        None
    }

    /// True when its day numbers count from 1904-01-01.
    fn counts_from_1904(&self) -> bool {
        false
    }

    /// Gives the rows of a sheet from top to bottom until `take` says false.
    fn rows(&mut self, sheet: usize, take: &mut Take) -> Checked<()>;

    /// What is worth knowing about the file as a whole.
    fn notes(&mut self) -> Vec<Diagnostic> {
        Vec::new()
    }
}

/// Opens a workbook of a format; `encoding` is the contract's word about its texts.
pub(super) fn open(
    path: &Path,
    format: Format,
    encoding: Option<&str>,
    limits: &Limits,
    place: &Place,
) -> Checked<Box<dyn Book>> {
    Ok(match format {
        Format::Xls => Box::new(xls::open(path, limits, place)?),
        Format::Xlsb => Box::new(xlsb::open(path, limits, place)?),
        Format::Ods => Box::new(ods::open(path, limits, place)?),
        Format::Html => Box::new(html::open(path, encoding, limits, place)?),
        Format::XmlSheet => Box::new(xml_sheet::open(path, limits, place)?),
        Format::Dbf => Box::new(dbf::open(path, encoding, limits, place)?),
        Format::Json => Box::new(json::open(path, encoding, limits, place)?),
        Format::Xlsx | Format::Any | Format::Csv | Format::Parquet => Box::new(xlsx::open(path, limits, place)?),
    })
}

/// Reads a workbook by the contract. An error refuses the file.
pub(super) fn read(reading: &mut Reading, book: &mut dyn Book) -> Checked<()> {
    let place = reading.place();
    reading.problems.append(&mut book.notes());
    let sheets = chosen(reading, &book.sheets())?;
    let mut rows = 0;
    let mut read = 0;
    let mut errors = Vec::new();
    let mut others: Vec<(usize, String, Vec<Diagnostic>)> = Vec::new();
    for (at, name) in &sheets {
        let (end, hidden) = sheet(reading, book, *at, name)?;
        match end {
            SheetEnd::Read(data) => {
                rows += data;
                read += 1;
                note_hidden(reading, name, hidden);
            }
            SheetEnd::Empty => {}
            SheetEnd::NotThis(known, problems) => others.push((known, name.clone(), problems)),
            SheetEnd::Breaks(mut problems) => errors.append(&mut problems),
        }
    }
    let named = !reading.contract.source.sheets.is_empty();
    if named {
        errors.extend(others.drain(..).flat_map(|(_, _, problems)| problems));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    if read == 0 {
        // Nothing fits: speak of the sheet that came nearest, the first of equals.
        let best = others.iter().map(|o| o.0).max();
        return match others.into_iter().find(|o| Some(o.0) == best) {
            Some((_, _, problems)) => Err(problems),
            None => Err(vec![empty(&place)]),
        };
    }
    for (known, name, _) in others {
        reading.problems.push(
            Diagnostic::warning(
                "ingest.sheet_skipped",
                format!("the sheet does not have this source's headings ({known} known) and is not read"),
                place.clone().sheet(name),
            )
            .hint("if it holds data, its headings must be those of the contract; see its `aliases`"),
        );
    }
    if rows == 0 {
        reading.problems.push(super::no_rows(&place));
    }
    Ok(())
}

/// No sheet has anything in it.
pub(super) fn empty(place: &Place) -> Diagnostic {
    Diagnostic::error("ingest.empty_workbook", "no sheet has anything in it", place.clone())
        .hint("ask the sender for the file again")
}

/// The sheets to read with their positions, in the workbook's order: those the contract names, or all visible ones.
fn chosen(reading: &mut Reading, all: &[SheetInfo]) -> Checked<Vec<(usize, String)>> {
    let place = reading.place();
    // A table without sheets is the one that is meant, whatever the contract calls it.
    if let [only] = all
        && only.name.is_empty()
    {
        return Ok(vec![(0, String::new())]);
    }
    let wanted = &reading.contract.source.sheets;
    let is_wanted = |name: &str| wanted.iter().any(|w| header::fold(w) == header::fold(name));
    let missing: Vec<Diagnostic> = wanted
        .iter()
        .filter(|w| !all.iter().any(|s| header::fold(&s.name) == header::fold(w)))
        .map(|w| {
            let names: Vec<String> = all.iter().map(|s| s.name.clone()).collect();
            Diagnostic::error("ingest.missing_sheet", format!("there is no sheet `{w}`"), place.clone().sheet(w))
                .hint(format!("the workbook has: {}", header::short_list(&names)))
        })
        .collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    let mut names = Vec::new();
    for (at, sheet) in all.iter().enumerate() {
        let named = is_wanted(&sheet.name);
        if !wanted.is_empty() && !named {
            continue;
        }
        if sheet.hidden && !named {
            reading.problems.push(
                Diagnostic::note(
                    "ingest.hidden_sheet",
                    "a hidden sheet; it is not read",
                    place.clone().sheet(&sheet.name),
                )
                .hint("name it under `sheets` in the contract if it belongs to the delivery"),
            );
            continue;
        }
        names.push((at, sheet.name.clone()));
    }
    Ok(names)
}

/// Hidden rows are read: a filter hides them as well as a hand, and nobody can tell which.
fn note_hidden(reading: &mut Reading, sheet: &str, (rows, columns): (u64, u64)) {
    if rows + columns == 0 {
        return;
    }
    let place = if sheet.is_empty() { reading.place() } else { reading.place().sheet(sheet) };
    let message = format!("{rows} rows and {columns} columns are hidden in the sheet; they are read like the others");
    reading.problems.push(
        Diagnostic::note("ingest.hidden_rows", message, place)
            .hint("ask the sender whether they were hidden by a filter or do not belong to the delivery"),
    );
}

/// Reads one sheet; gives the numbers of its hidden rows and columns too.
fn sheet(reading: &mut Reading, book: &mut dyn Book, at: usize, name: &str) -> Checked<(SheetEnd, (u64, u64))> {
    if book.layout_comes_last() {
        // Few sheets have merged ranges that make a difference: they are read once more.
        let before = reading.state()?;
        let mut intake = rows(reading, book, at, name, Merges::default())?;
        let layout = book.layout(at)?;
        if intake.stands_with(&layout.merges)? {
            return Ok((intake.finish()?, (layout.hidden_rows, layout.hidden_columns)));
        }
        reading.back_to(before);
    }
    let layout = book.layout(at)?;
    let hidden = (layout.hidden_rows, layout.hidden_columns);
    let intake = rows(reading, book, at, name, layout.merges)?;
    Ok((intake.finish()?, hidden))
}

/// Takes the rows of a sheet in.
fn rows<'r, 'a, 'w>(
    reading: &'r mut Reading<'a, 'w>,
    book: &mut dyn Book,
    at: usize,
    name: &str,
    merges: Merges,
) -> Checked<SheetIntake<'r, 'a, 'w>> {
    let mut intake = SheetIntake::new(reading, name, merges);
    intake.from_1904 = book.counts_from_1904();
    if let Some(names) = book.headings()
        && !intake.with_headings(names)
    {
        return Ok(intake);
    }
    book.rows(at, &mut |row| intake.row(row))?;
    Ok(intake)
}
