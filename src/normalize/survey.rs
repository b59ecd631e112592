//! What must be known of all rows of a source before the first of them can be judged: which rows repeat an earlier one, and
//! what is usual among its identity numbers.
//!
//! In: the raw rows, batch by batch, once; and those batches again when some rows may repeat others. Out: [`Known`]. What is
//! kept of a row is a hash of eight bytes (sixteen while they are sorted) and a bit for each identity number, and nothing more
//! unless another row has the same hash.

use std::collections::HashMap;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::columns::{Cells, Sheets};
use super::id_column::{Counts, Usual};
use super::rows;
use crate::codes::{Codes, DivisionLevel};
use crate::model::raw::{RawColumn, Stated};
use crate::model::{Provenance, RawTable};
use crate::plan::{FieldKind, Source};

/// Files and sheets in the order in which their rows come, over all batches.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    all: Vec<(String, String)>,
}

impl Origins {
    /// Takes the files and sheets of the next batch over; gives the place of each among all.
    pub fn take(&mut self, batch: &RawTable) -> Vec<u32> {
        let place = |origin: &(String, String)| {
            if self.all.last() != Some(origin) {
                self.all.push(origin.clone());
            }
            self.all.len() as u32 - 1
        };
        batch.origins.iter().map(place).collect()
    }

    /// All of them so far.
    pub fn all(&self) -> &[(String, String)] {
        &self.all
    }
}

/// The survey of a source's rows.
#[derive(Debug)]
pub struct Survey {
    as_of: Date,
    origins: Origins,
    /// A hash of each row, where equal rows are folded.
    hashes: Vec<u64>,
    /// Counts over each identity-number field, by its index.
    numbers: Vec<(usize, Counts)>,
}

impl Survey {
    /// A survey that has seen nothing yet.
    pub fn new(source: &Source, as_of: Date) -> Survey {
        let numbers = source.fields.iter().enumerate().filter(|(_, f)| f.kind == FieldKind::IdNumber);
        let numbers = numbers.map(|(at, _)| (at, Counts::default())).collect();
        Survey { as_of, origins: Origins::default(), hashes: Vec::new(), numbers }
    }

    /// Looks at the next batch of the source.
    pub fn see(&mut self, source: &Source, batch: &RawTable) {
        let places = self.origins.take(batch);
        if source.fold_duplicates {
            let compared = rows::compared(source, batch);
            if !compared.is_empty() {
                rows::hashes(&compared, batch.len(), &mut self.hashes);
            }
        }
        for (at, counts) in &mut self.numbers {
            let cells = Cells { column: batch.column(&source.fields[*at].name), rows: batch.len() };
            counts.see(cells, |row| places[batch.origin[row] as usize] as usize, self.as_of);
        }
    }

    /// All rows were seen. When the result wants a second look, it must be shown the batches again.
    pub fn finish(self, codes: &Codes) -> (Repeats, Vec<(usize, Usual)>) {
        let counties: Vec<String> = codes
            .divisions()
            .all()
            .iter()
            .filter(|d| d.level == DivisionLevel::County)
            .map(|d| d.code.clone())
            .collect();
        let numbers = self.numbers.into_iter().map(|(at, counts)| (at, counts.usual(&counties))).collect();
        (Repeats::new(self.hashes), numbers)
    }
}

/// Rows of earlier increments of a source, by what they hold: half a SHA-256 of each, and where it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    origins: Vec<(String, String)>,
    rows: HashMap<[u8; 16], (u32, u32)>,
}

impl Seen {
    fn find(&self, digest: &[u8; 32]) -> Option<Provenance> {
        let (origin, row) = self.rows.get(&digest[..16])?;
        let (file, sheet) = self.origins.get(*origin as usize)?;
        Some(Provenance { file: file.clone(), sheet: sheet.clone(), row: *row })
    }

    fn add(&mut self, digest: &[u8; 32], at: &Provenance) {
        let here = |(file, sheet): &(String, String)| *file == at.file && *sheet == at.sheet;
        if !self.origins.last().is_some_and(here) {
            self.origins.push((at.file.clone(), at.sheet.clone()));
        }
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        self.rows.insert(half, (self.origins.len() as u32 - 1, at.row));
    }

    /// Adds the rows of a later increment; of equal rows the earlier stays.
    pub fn extend(&mut self, later: &Seen) {
        let first = self.origins.len() as u32;
        self.origins.extend(later.origins.iter().cloned());
        for (digest, (origin, row)) in &later.rows {
            self.rows.entry(*digest).or_insert((first + origin, *row));
        }
    }

    /// Files and sheets, and the rows as bytes in an order of their own; [`Seen::read`] takes both.
    pub fn parts(&self) -> (&[(String, String)], Vec<u8>) {
        let mut rows: Vec<(&[u8; 16], &(u32, u32))> = self.rows.iter().collect();
        rows.sort_unstable();
        let bytes = |(digest, (origin, row)): (&[u8; 16], &(u32, u32))| {
            [&digest[..], &origin.to_le_bytes(), &row.to_le_bytes()].concat()
        };
        (&self.origins, rows.into_iter().flat_map(bytes).collect())
    }

    /// From what [`Seen::parts`] gave.
    pub fn read(origins: Vec<(String, String)>, bytes: &[u8]) -> Seen {
        let (records, _) = bytes.as_chunks::<24>();
        let number = |b: &[u8]| u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        let row = |b: &[u8; 24]| {
            let mut half = [0; 16];
            half.copy_from_slice(&b[..16]);
            (half, (number(&b[16..20]), number(&b[20..24])))
        };
        Seen { origins, rows: records.iter().map(row).collect() }
    }
}

/// A row that is equal to an earlier one.
#[derive(Debug, Clone)]
pub struct Repeat {
    /// Its place among all raw rows.
    pub row: usize,
    /// The earlier row.
    pub first: Provenance,
}

/// Which rows repeat earlier ones.
///
/// Equal means the same text from the same kind of cell in every contract field but the running number. Hashes of eight bytes
/// only propose; of the proposed rows a SHA-256 decides.
#[derive(Debug)]
pub struct Repeats {
    hashes: Vec<u64>,
    /// Hashes that several rows have, sorted.
    several: Vec<u64>,
    /// Rows looked at so far.
    seen: usize,
    first: HashMap<[u8; 32], Provenance>,
    found: Vec<Repeat>,
    /// Of an increment every row is looked at: it may repeat one of an earlier increment, and later ones may repeat it.
    increment: Option<Increment>,
}

#[derive(Debug)]
struct Increment {
    earlier: Seen,
    own: Seen,
}

impl Repeats {
    fn new(hashes: Vec<u64>) -> Repeats {
        let mut sorted = hashes.clone();
        sorted.sort_unstable();
        let mut several: Vec<u64> = sorted.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
        drop(sorted);
        several.dedup();
        let hashes = if several.is_empty() { Vec::new() } else { hashes };
        Repeats { hashes, several, seen: 0, first: HashMap::new(), found: Vec::new(), increment: None }
    }

    /// The rows are an increment of a source of which earlier ones are known.
    pub fn after(&mut self, earlier: Seen) {
        self.increment = Some(Increment { earlier, own: Seen::default() });
    }

    /// True when some rows may repeat others.
    pub fn wants_a_look(&self) -> bool {
        !self.several.is_empty() || self.increment.is_some()
    }

    /// Looks at the next batch once more.
    pub fn look(&mut self, source: &Source, batch: &RawTable) {
        let compared = rows::compared(source, batch);
        let sheets = Sheets::of(batch);
        for row in 0..batch.len() {
            let at = self.seen + row;
            if let Some(Increment { earlier, own }) = &mut self.increment {
                let digest = digest(&compared, sheets.at(row), row);
                match earlier.find(&digest).or_else(|| own.find(&digest)) {
                    Some(first) => self.found.push(Repeat { row: at, first }),
                    None => own.add(&digest, &batch.provenance(row)),
                }
                continue;
            }
            if self.several.binary_search(&self.hashes[at]).is_err() {
                continue;
            }
            match self.first.entry(digest(&compared, sheets.at(row), row)) {
                std::collections::hash_map::Entry::Vacant(new) => {
                    new.insert(batch.provenance(row));
                }
                std::collections::hash_map::Entry::Occupied(first) => {
                    self.found.push(Repeat { row: at, first: first.get().clone() });
                }
            }
        }
        self.seen += batch.len();
    }

    /// The rows that repeat earlier ones, in their order.
    pub fn finish(self) -> Vec<Repeat> {
        self.finish_increment().0
    }

    /// As [`Repeats::finish`], with the rows of an increment that repeat none.
    pub fn finish_increment(self) -> (Vec<Repeat>, Option<Seen>) {
        (self.found, self.increment.map(|i| i.own))
    }
}

fn digest(columns: &[&RawColumn], stated: Option<&Stated>, row: usize) -> [u8; 32] {
    let mut hasher = Sha256::new();
    // The same figures in sheets of different units or day numbers are not the same.
    if let Some(stated) = stated {
        hasher.update(format!("{stated:?}"));
    }
    for column in columns {
        let text = column.get(row);
        hasher.update([u8::from(text.is_some()), column.kind.get(row).map_or(0, |k| *k as u8)]);
        let text = text.unwrap_or("");
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text);
    }
    hasher.finalize().into()
}
