//! Tables in markup (ODS, XML, web pages), read twice: once for what stands around the cells, once for the rows.
//!
//! In: a walk over a file that shows what it meets. Out: a [`Book`]. A merged range begins at its first row and a filter
//! may hide any, so the layout of a sheet is known before its first row is given; nothing is kept of the rows.

use super::Checked;
use super::book::{Book, Layout, SheetInfo, Take};
use super::limits::{Limits, oversized};
use super::merges::{Merges, Region};
use super::row::Row;
use crate::diag::{Diagnostic, Place};

/// What a walk meets, in the order of the file.
pub(super) enum Seen<'s> {
    /// A sheet begins.
    Sheet(SheetInfo),
    /// The sheet that began last turns out to be hidden.
    Hidden,
    /// Hidden columns.
    HiddenColumns(u64),
    /// A row, maybe blank.
    Row(SeenRow<'s>),
    /// A table ends: merged ranges do not reach beyond it.
    End,
}

/// A row of a walk.
pub(super) struct SeenRow<'s> {
    /// Its cells and number.
    pub(super) row: &'s mut Row,
    /// How many rows it stands for, one below the other.
    pub(super) times: u32,
    pub(super) hidden: bool,
    /// Cells that reach further than one column or row: first column, columns, rows.
    pub(super) spans: &'s [(u32, u32, u32)],
}

/// Is shown what a walk meets, until it says false.
pub(super) type Visit<'v> = dyn FnMut(Seen) -> Checked<bool> + 'v;

/// Walks over a file from its beginning.
pub(super) type Walk = dyn Fn(&mut Visit) -> Checked<()>;

/// A file that is walked over.
pub(super) struct MarkupBook {
    walk: Box<Walk>,
    sheets: Vec<(SheetInfo, Layout)>,
    notes: Vec<Diagnostic>,
}

impl MarkupBook {
    /// Walks over a file for the first time.
    pub(super) fn open(walk: Box<Walk>, notes: Vec<Diagnostic>, limits: &Limits, place: &Place) -> Checked<MarkupBook> {
        let mut sheets: Vec<(SheetInfo, Layout)> = Vec::new();
        let mut regions: Vec<Vec<Region>> = Vec::new();
        let (mut merges, mut last_row, mut open_from) = (0, 0, 0);
        walk(&mut |seen| {
            if let Seen::Sheet(info) = seen {
                sheets.push((info, Layout::default()));
                regions.push(Vec::new());
                (last_row, open_from) = (0, 0);
                if sheets.len() > limits.parts {
                    return Err(vec![oversized(place, format!("it has more than {} sheets", limits.parts))]);
                }
                return Ok(true);
            }
            let (Some((info, layout)), Some(regions)) = (sheets.last_mut(), regions.last_mut()) else {
                return Ok(true);
            };
            match seen {
                Seen::Sheet(_) => {}
                Seen::Hidden => info.hidden = true,
                Seen::HiddenColumns(count) => layout.hidden_columns += count,
                Seen::Row(seen) => {
                    last_row = seen.row.number.saturating_add(seen.times.saturating_sub(1));
                    if seen.hidden && !seen.row.is_blank() {
                        layout.hidden_rows += u64::from(seen.times);
                    }
                    for (left, columns, rows) in seen.spans {
                        let top = seen.row.number;
                        let (bottom, right) = (top.saturating_add(rows - 1), left.saturating_add(columns - 1));
                        regions.push(Region { top, left: *left, bottom, right: right.min(limits.columns) });
                        merges += 1;
                    }
                    if merges > limits.merges {
                        return Err(vec![oversized(place, "it has too many merged ranges".to_string())]);
                    }
                }
                Seen::End => {
                    regions[open_from..].iter_mut().for_each(|r| r.bottom = r.bottom.min(last_row));
                    open_from = regions.len();
                }
            }
            Ok(true)
        })?;
        for ((_, layout), regions) in sheets.iter_mut().zip(regions) {
            layout.merges = Merges::new(regions);
        }
        Ok(MarkupBook { walk, sheets, notes })
    }
}

impl Book for MarkupBook {
    fn sheets(&self) -> Vec<SheetInfo> {
        self.sheets.iter().map(|s| s.0.clone()).collect()
    }

    fn layout(&mut self, sheet: usize) -> Checked<Layout> {
        Ok(self.sheets[sheet].1.clone())
    }

    fn rows(&mut self, sheet: usize, take: &mut Take) -> Checked<()> {
        let mut current = None;
        (self.walk)(&mut |seen| {
            match seen {
                Seen::Sheet(_) => {
                    let next = current.map_or(0, |c: usize| c + 1);
                    current = Some(next);
                    return Ok(next <= sheet);
                }
                Seen::Row(seen) if current == Some(sheet) && !seen.row.is_blank() => {
                    for copy in 1..seen.times {
                        // What is filled into one copy is not for the next.
                        let mut row = seen.row.clone();
                        row.number += copy - 1;
                        if !take(&mut row)? {
                            return Ok(false);
                        }
                    }
                    seen.row.number += seen.times.saturating_sub(1);
                    return take(seen.row);
                }
                _ => {}
            }
            Ok(true)
        })
    }

    fn notes(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.notes)
    }
}
