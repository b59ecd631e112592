//! Workbooks (.xlsx): cells in stream order, never a whole sheet in memory.
//!
//! In: an `.xlsx` file. Out: its sheets and their rows. Our own reader and not that of the workbook library, which reads the
//! other formats: the parser of all XML below it costs more than all that is done with the cells afterwards, it keeps every
//! shared text as a string of its own, and what stands around the cells would take another pass over the sheet. Its
//! cells are held against the library's in `tests/oracle.rs`. Merged ranges stand behind the cells that they are about: see
//! [`Book::layout_comes_last`].

use std::collections::BTreeSet;
use std::path::Path;

use super::Checked;
use super::book::{Book, Layout, SheetInfo, Take};
use super::limits::Limits;
use super::merges::Merges;
use super::package::Package;
use super::xlsx_cells::{self, Refers};
use super::xlsx_index::{self, Index, Shows};
use super::xlsx_texts::Shared;
use crate::diag::Place;

/// Rows and columns a sheet can have.
pub(super) const ROWS: u32 = 1_048_576;
pub(super) const COLUMNS: u32 = 16_384;

/// An opened workbook.
pub(super) struct XlsxBook {
    package: Package,
    index: Index,
    shared: Shared,
    formats: Vec<Shows>,
    /// What stands around the cells of each sheet that was read to its end.
    layouts: Vec<Option<Layout>>,
    /// Merged ranges in them.
    merges: usize,
    limits: Limits,
    place: Place,
}

/// Opens a workbook and reads all of it but its sheets.
pub(super) fn open(path: &Path, limits: &Limits, place: &Place) -> Checked<XlsxBook> {
    let mut package = Package::open(path, limits, place)?;
    let index = Index::read(&mut package, limits, place)?;
    let shared = match package.short_part(&index.shared_texts, "its shared texts have", limits.strings_bytes)? {
        Some(part) => Shared::read(part, limits, place)?,
        None => Shared::default(),
    };
    let formats = match package.part(&index.styles)? {
        Some(part) => xlsx_index::formats(part, limits, place)?,
        None => Vec::new(),
    };
    let read: BTreeSet<String> =
        index.sheets.iter().map(|s| s.1.clone()).chain([index.shared_texts.clone(), index.styles.clone()]).collect();
    package.look_through(&read, false)?;
    let layouts = vec![None; index.sheets.len()];
    Ok(XlsxBook { package, index, shared, formats, layouts, merges: 0, limits: *limits, place: place.clone() })
}

impl Book for XlsxBook {
    fn sheets(&self) -> Vec<SheetInfo> {
        self.index.sheets.iter().map(|s| s.0.clone()).collect()
    }

    fn layout_comes_last(&self) -> bool {
        true
    }

    fn layout(&mut self, sheet: usize) -> Checked<Layout> {
        if self.layouts[sheet].is_none() {
            self.rows(sheet, &mut |_| Ok(true))?;
        }
        Ok(self.layouts[sheet].clone().unwrap_or_default())
    }

    fn counts_from_1904(&self) -> bool {
        self.index.is_1904
    }

    fn rows(&mut self, sheet: usize, take: &mut Take) -> Checked<()> {
        let (info, part) = &self.index.sheets[sheet];
        let place = self.place.clone().sheet(&info.name);
        let part = self.package.part(part)?.ok_or_else(|| vec![xlsx_cells::malformed(&place)])?;
        let known = self.layouts[sheet].is_some();
        // A sheet that is read again has counted already.
        let merges = if known { 0 } else { self.merges };
        let limits = Limits { merges: self.limits.merges - merges, ..self.limits };
        let refers = Refers { shared: &self.shared, formats: &self.formats, is_1904: self.index.is_1904 };
        let around = xlsx_cells::read(part, &refers, &limits, &place, take)?;
        if let (Some(around), false) = (around, known) {
            self.merges += around.regions.len();
            self.layouts[sheet] = Some(Layout {
                merges: Merges::new(around.regions),
                hidden_rows: around.hidden_rows,
                hidden_columns: around.hidden_columns,
            });
        }
        Ok(())
    }
}
