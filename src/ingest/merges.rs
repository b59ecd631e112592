//! Merged ranges of a sheet: what a cell inside one shows although the file has nothing there.

use std::collections::{BTreeMap, BTreeSet};

use super::row::Row;
use crate::model::CellKind;

/// A merged range; rows count from 1, columns from 0, both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Region {
    pub(super) top: u32,
    pub(super) left: u32,
    pub(super) bottom: u32,
    pub(super) right: u32,
}

/// All merged ranges of a sheet, from top to bottom.
#[derive(Debug, Clone, Default)]
pub(super) struct Merges {
    regions: Vec<Region>,
}

impl Merges {
    /// Sorts the ranges; those of one cell or turned inside out say nothing and are dropped.
    pub(super) fn new(mut regions: Vec<Region>) -> Self {
        regions.retain(|r| r.bottom >= r.top && r.right >= r.left && (r.bottom > r.top || r.right > r.left));
        regions.sort_unstable();
        // No program lets ranges overlap; a hostile file may have a million of them, one upon the other.
        regions.dedup_by(|next, kept| next.top == kept.top && next.left <= kept.right);
        Merges { regions }
    }

    /// True when nothing is merged.
    pub(super) fn is_empty(&self) -> bool {
        self.regions.is_empty()
    }

    /// The ranges that have a cell in a row.
    pub(super) fn across(&self, row: u32) -> impl Iterator<Item = &Region> {
        self.regions.iter().take_while(move |r| r.top <= row).filter(move |r| r.bottom >= row)
    }
}

/// Fills vertically merged data cells while rows go by.
///
/// The value of a range's first cell is repeated in its left-most column for the rows below, inside the range only
/// (background §3.3), and only in rows that have something of their own: a merged village name makes no rows. Columns
/// with an amount are left alone: one amount merged over three members is one amount, not three.
#[derive(Debug, Default)]
pub(super) struct Filler {
    regions: Vec<Region>,
    next: usize,
    amounts: BTreeSet<u32>,
    open: BTreeMap<u32, (Region, String, CellKind)>,
}

impl Filler {
    /// A filler for a sheet's ranges that leaves the `amounts` columns alone and never looks beyond column `last`.
    pub(super) fn new(merges: &Merges, last: u32, amounts: BTreeSet<u32>) -> Self {
        let tall = |r: &&Region| r.bottom > r.top && r.left <= last && !amounts.contains(&r.left);
        let regions = merges.regions.iter().filter(tall).copied().collect();
        Filler { regions, next: 0, amounts, open: BTreeMap::new() }
    }

    /// True when rows from row `first` on may be filled.
    pub(super) fn fills_from(&self, first: u32) -> bool {
        self.regions.iter().any(|r| r.top >= first)
    }

    /// Fills a row; rows must come in order. Gives what that cost, in cells: a hostile file may merge every column down to the
    /// last row, and then each row that has one cell has sixteen thousand.
    pub(super) fn fill(&mut self, row: &mut Row) -> usize {
        if self.next == self.regions.len() && self.open.is_empty() {
            return 0;
        }
        self.open.retain(|_, (region, _, _)| region.bottom >= row.number);
        let mut cost = 0;
        for (column, (_, text, kind)) in &self.open {
            row.push(*column, text, *kind);
            cost += 1 + text.len() / 64;
        }
        while let Some(region) = self.regions.get(self.next).filter(|r| r.top <= row.number) {
            self.next += 1;
            debug_assert!(!self.amounts.contains(&region.left));
            if let Some((text, kind)) = row.get(region.left).filter(|_| region.top == row.number) {
                self.open.insert(region.left, (*region, text.to_string(), kind));
            }
        }
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u32, cells: &[(u32, &str)]) -> Row {
        let mut row = Row::default();
        row.reset(number);
        for (column, text) in cells {
            row.push(*column, text, CellKind::Text);
        }
        row
    }

    fn region(top: u32, left: u32, bottom: u32, right: u32) -> Region {
        Region { top, left, bottom, right }
    }

    #[test]
    fn a_merged_village_reaches_its_rows_and_no_further() {
        let merges = Merges::new(vec![region(3, 0, 5, 0), region(3, 2, 5, 2), region(9, 1, 9, 1)]);
        let mut filler = Filler::new(&merges, 9, BTreeSet::from([2]));
        let mut shown = Vec::new();
        for mut r in [row(3, &[(0, "云岭村"), (1, "甲"), (2, "300")]), row(5, &[(1, "乙")]), row(6, &[(1, "丙")])]
        {
            filler.fill(&mut r);
            shown.push(r.raw());
        }
        assert_eq!(shown, ["云岭村 | 甲 | 300", "云岭村 | 乙", " | 丙"]);
    }

    #[test]
    fn ranges_turned_inside_out_are_dropped() {
        let merges = Merges::new(vec![region(5, 0, 3, 0), region(4, 4, 4, 4)]);
        assert_eq!((1..9).flat_map(|r| merges.across(r)).count(), 0);
    }
}
