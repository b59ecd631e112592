//! A column of identity numbers: what each cell is by itself, then what the column and the row's other columns say of it.
//!
//! In: the raw column batch by batch, birth dates and sexes of the same rows, the regions of the county. Out: the clean columns in the
//! schema's order: number, lane, repair, repair codes, certainty, partial, certificate suffix, proposals.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Date32Array, StringArray, StringBuilder};
use jiff::civil::Date;

use super::columns::{Built, Cells, Found};
use super::id_number::{DAMAGED, IdNumber, Lane, damaged, id_number, stands_as_it_is};
use super::id_proposals::{Known, propose};
use crate::model::CellKind;
use crate::model::raw::RawColumn;
use crate::model::text::to_days;

/// Where the lane stands among the arrays of a column.
const LANE: usize = 1;
/// Where the words of the repair stand.
pub const REPAIR: usize = 2;
/// Where the partial number stands.
pub const PARTIAL: usize = 5;
/// Number of arrays.
const ARRAYS: usize = 8;

/// True when a row of a built column holds another document than an identity card; false for other kinds of columns.
pub fn is_foreign(arrays: &[ArrayRef], row: usize) -> bool {
    lane(arrays, row) == Some(Lane::Foreign.as_str())
}

/// The lane of a row; none for other kinds of columns.
pub fn lane(arrays: &[ArrayRef], row: usize) -> Option<&str> {
    text(arrays, LANE).filter(|_| arrays.len() == ARRAYS).map(|lane| lane.value(row))
}

fn text(arrays: &[ArrayRef], at: usize) -> Option<&StringArray> {
    arrays.get(at).and_then(|a| a.as_any().downcast_ref::<StringArray>())
}

/// Rows whose number stands as it is, one bit each, as the survey of the column found them.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// The bits of all rows.
    pub bits: &'a [u64],
    /// Where the batch begins among them.
    pub from: usize,
}

impl Standing<'_> {
    fn has(self, row: usize) -> bool {
        let at = self.from + row;
        self.bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }
}

/// Each cell by itself; the proposals are empty yet.
pub fn build(cells: Cells<'_>, standing: Standing, as_of: Date) -> Built {
    let mut number = StringBuilder::with_capacity(cells.rows, cells.rows * 18);
    let mut lane = StringBuilder::with_capacity(cells.rows, cells.rows * 8);
    let mut rare: [StringBuilder; 6] = std::array::from_fn(|_| StringBuilder::new());
    let mut found = Vec::new();
    // Rows without anything rare since the last one that had something.
    let mut plain = 0;
    for row in 0..cells.rows {
        let read = match cells.get(row) {
            Ok(Some((raw, _))) if standing.has(row) => {
                number.append_value(raw);
                lane.append_value(Lane::Valid.as_str());
                plain += 1;
                continue;
            }
            Ok(Some((raw, kind))) => Ok(id_number(raw, kind, as_of)),
            Ok(None) => Err(None),
            Err(doubt) => Err(Some(doubt)),
        };
        let doubt = match &read {
            Ok(read) => read.doubt,
            Err(doubt) => *doubt,
        };
        found.extend(doubt.map(|doubt| Found { row: row as u32, doubt }));
        let before = std::mem::take(&mut plain);
        rare.iter_mut().for_each(|b| b.append_nulls(before));
        let Ok(read) = read else {
            number.append_null();
            lane.append_value(Lane::Missing.as_str());
            rare.iter_mut().for_each(StringBuilder::append_null);
            continue;
        };
        number.append_option(read.number.as_deref());
        lane.append_value(read.lane.as_str());
        let certainty = read.steps.certainty().map(|c| c.as_str().to_string());
        let cells = [read.repair(), read.steps.codes(), certainty, read.partial, read.certificate_suffix, None];
        for (builder, cell) in rare.iter_mut().zip(cells) {
            builder.append_option(cell);
        }
    }
    rare.iter_mut().for_each(|b| b.append_nulls(plain));
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(number.finish()), Arc::new(lane.finish())];
    arrays.extend(rare.into_iter().map(|mut b| Arc::new(b.finish()) as ArrayRef));
    Built { arrays, found }
}

/// What is known of the rows besides their numbers.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// Birth dates of the rows' own column.
    pub births: Option<&'a Date32Array>,
    /// Sexes of the rows' own column, `male` or `female`.
    pub sexes: Option<&'a StringArray>,
}

/// What all numbers of a column say of each of them.
#[derive(Debug, Clone, Default)]
pub struct Usual {
    /// Regions that one valid number in two hundred has, at least three, and those of the county.
    pub regions: Vec<String>,
    /// For each file or sheet, whether its numbers were cut.
    pub cut: Vec<bool>,
    /// Rows whose number stands as it is, one bit each.
    pub standing: Vec<u64>,
}

/// Counts over a column, batch by batch.
///
/// One number in eleven whose last three digits a spreadsheet cut to zeros passes the check by chance. A sheet where more
/// such numbers fail than pass was cut as a whole: there the zeros of the passing ones are no digits of theirs either. (Of sound
/// numbers one in a thousand ends in three zeros, and none of them fails.)
#[derive(Debug, Clone, Default)]
pub struct Counts {
    regions: BTreeMap<[u8; 6], usize>,
    sound: usize,
    sheets: Vec<Zeros>,
    rows: usize,
    standing: Vec<u64>,
}

/// Numbers of a file or sheet that end in three zeros.
#[derive(Debug, Clone, Default)]
struct Zeros {
    passing: usize,
    failing: usize,
    /// Regions of those that pass.
    regions: BTreeMap<[u8; 6], usize>,
}

impl Counts {
    /// Takes a batch into account; `sheet` gives the file or sheet of a row.
    pub fn see(&mut self, cells: Cells<'_>, sheet: impl Fn(usize) -> usize, as_of: Date) {
        let today = to_days(as_of);
        let before = self.rows;
        self.rows += cells.rows;
        self.standing.resize(self.rows.div_ceil(64), 0);
        for row in 0..cells.rows {
            let Ok(Some((raw, kind))) = cells.get(row) else { continue };
            if stands_as_it_is(raw, kind, today) {
                self.standing[(before + row) / 64] |= 1 << ((before + row) % 64);
                self.count(raw, sheet(row));
                continue;
            }
            let read = id_number(raw, kind, as_of);
            if let Some(number) = &read.number {
                self.count(number, sheet(row));
            }
            if read.lane == Lane::Damaged && ends_in_zeros(raw.trim_end()) {
                self.sheet(sheet(row)).failing += 1;
            }
        }
    }

    fn count(&mut self, number: &str, sheet: usize) {
        let Some(region) = number.as_bytes().first_chunk::<6>() else { return };
        self.sound += 1;
        *self.regions.entry(*region).or_default() += 1;
        if ends_in_zeros(number) {
            let zeros = self.sheet(sheet);
            zeros.passing += 1;
            *zeros.regions.entry(*region).or_default() += 1;
        }
    }

    fn sheet(&mut self, sheet: usize) -> &mut Zeros {
        if self.sheets.len() <= sheet {
            self.sheets.resize(sheet + 1, Zeros::default());
        }
        &mut self.sheets[sheet]
    }

    /// What the counts come to; `counties` are the regions of the county.
    pub fn usual(mut self, counties: &[String]) -> Usual {
        let cut: Vec<bool> = self.sheets.iter().map(|sheet| sheet.failing > sheet.passing).collect();
        for (sheet, _) in self.sheets.iter().zip(&cut).filter(|(_, cut)| **cut) {
            self.sound -= sheet.passing;
            for (region, count) in &sheet.regions {
                self.regions.entry(*region).and_modify(|n| *n -= count);
            }
        }
        let least = self.sound.div_ceil(200).max(3);
        let mut regions: Vec<String> = counties.to_vec();
        let often = self.regions.iter().filter(|(_, n)| **n >= least);
        regions.extend(often.map(|(region, _)| String::from_utf8_lossy(region).into_owned()));
        regions.sort();
        regions.dedup();
        Usual { regions, cut, standing: self.standing }
    }
}

fn ends_in_zeros(number: &str) -> bool {
    number.ends_with("000")
}

/// Looks at a built column again: numbers of a sheet whose last digits a spreadsheet cut, and proposals for invalid ones.
/// `sheet` gives the file or sheet of a row as [`Counts::see`] was told it.
pub fn review(
    built: &mut Built,
    column: &RawColumn,
    usual: &Usual,
    sheet: impl Fn(usize) -> usize,
    beside: Beside<'_>,
    as_of: Date,
) {
    if usual.cut.contains(&true) {
        take_back(built, |row| usual.cut.get(sheet(row)) == Some(&true), to_days(as_of));
    }
    let (Some(numbers), Some(lanes)) = (text(&built.arrays, 0), text(&built.arrays, LANE)) else { return };
    if !lanes.iter().any(|lane| lane == Some(Lane::Invalid.as_str())) {
        return;
    }
    let mut proposals = StringBuilder::new();
    for row in 0..numbers.len() {
        let cell = if lanes.value(row) == Lane::Invalid.as_str() { column.get(row) } else { None };
        let Some(cell) = cell else {
            proposals.append_null();
            continue;
        };
        let kind = column.kind.get(row).copied().unwrap_or(CellKind::Text);
        let IdNumber { partial, any_of, .. } = id_number(cell, kind, as_of);
        let sex = beside.sexes.filter(|s| s.is_valid(row)).map(|s| s.value(row));
        let known = Known {
            birth: beside.births.filter(|b| b.is_valid(row)).map(|b| b.value(row)),
            male: sex.filter(|s| matches!(*s, "male" | "female")).map(|s| s == "male"),
            regions: &usual.regions,
        };
        let found = propose(partial.as_deref().unwrap_or(""), &any_of, &known, to_days(as_of));
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        proposals.append_option((!told.is_empty()).then(|| told.join(";")));
    }
    built.arrays[ARRAYS - 1] = Arc::new(proposals.finish());
}

/// Makes numbers in zeros that pass by chance what they are: damaged. `cut` tells the rows of sheets that were cut.
fn take_back(built: &mut Built, cut: impl Fn(usize) -> bool, as_of: i32) {
    let Some(numbers) = text(&built.arrays, 0) else { return };
    let passing = |row: &usize| numbers.is_valid(*row) && ends_in_zeros(numbers.value(*row));
    let rows: Vec<usize> = (0..numbers.len()).filter(passing).filter(|row| cut(*row)).collect();
    if rows.is_empty() {
        return;
    }
    let mut arrays: Vec<Vec<Option<String>>> = built
        .arrays
        .iter()
        .map(|array| {
            let array = array.as_any().downcast_ref::<StringArray>();
            array.map_or(Vec::new(), |a| a.iter().map(|cell| cell.map(String::from)).collect())
        })
        .collect();
    for row in rows {
        let IdNumber { lane, partial, .. } = damaged(numbers.value(row), as_of);
        for array in &mut arrays {
            array[row] = None;
        }
        arrays[LANE][row] = Some(lane.as_str().to_string());
        arrays[PARTIAL][row] = partial;
        let at = built.found.partition_point(|f| f.row < row as u32);
        built.found.insert(at, Found { row: row as u32, doubt: DAMAGED });
    }
    built.arrays = arrays.into_iter().map(|cells| Arc::new(StringArray::from(cells)) as ArrayRef).collect();
}
