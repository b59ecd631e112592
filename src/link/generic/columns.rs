//! The columns of both files: every distinct value once, every row a number.
//!
//! In: rows of texts in the order of the model's columns. Out: [`Columns`], where a value is its position in a dictionary
//! (0: missing) and a row is a position in one run, the left file's rows first. Columns whose values may change places
//! have one dictionary in common, so that a given name and a surname can be compared as numbers too.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use super::clean;
use crate::plan::{GenericModel, Measure};

/// Number of a missing value.
pub(super) const MISSING: u32 = 0;

/// The distinct values of one column, or of several that share them.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    /// Text of each value after cleaning; that of [`MISSING`] is empty.
    pub(super) texts: Vec<Box<str>>,
    /// Looked up only, never walked: its order reaches no output.
    numbers: HashMap<Box<str>, u32, BuildHasherDefault<DefaultHasher>>,
}

impl Dictionary {
    fn number(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return MISSING;
        }
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }
}

/// One column of all rows.
#[derive(Debug, Default)]
pub(super) struct Column {
    /// Position in [`Columns::dictionaries`].
    pub(super) dictionary: usize,
    /// Value of each row.
    pub(super) values: Vec<u32>,
    /// How many rows have each value: left (or only) file, right file.
    pub(super) counts: [Vec<u32>; 2],
}

/// All rows of one or two files.
#[derive(Debug)]
pub struct Columns {
    pub(super) columns: Vec<Column>,
    pub(super) dictionaries: Vec<Dictionary>,
    /// Rows of the left (or only) file; the right file's follow.
    pub(super) left: u32,
    pub(super) rows: u32,
    /// True when duplicates are looked for in one file.
    pub(super) one_file: bool,
    /// What each text was before cleaning, so that a text that comes often is cleaned once; by column.
    seen: Vec<HashMap<Box<str>, u32, BuildHasherDefault<DefaultHasher>>>,
}

impl Columns {
    /// No rows yet.
    pub fn new(model: &GenericModel, one_file: bool) -> Columns {
        let mut dictionary: Vec<usize> = (0..model.columns.len()).collect();
        for swap in model.comparisons.iter().filter(|c| c.measure == Measure::ColumnsSwapped) {
            dictionary[swap.columns[1]] = dictionary[swap.columns[0]];
        }
        let column = |dictionary| Column { dictionary, ..Column::default() };
        let mut dictionaries: Vec<Dictionary> = Vec::new();
        dictionaries.resize_with(model.columns.len(), Dictionary::default);
        for d in &mut dictionaries {
            d.texts.push("".into());
        }
        Columns {
            columns: dictionary.into_iter().map(column).collect(),
            dictionaries,
            left: 0,
            rows: 0,
            one_file,
            seen: vec![HashMap::default(); model.columns.len()],
        }
    }

    /// Adds a row: the texts of the model's columns in their order. All rows of the left file come first.
    pub fn push<'t>(&mut self, model: &GenericModel, right: bool, texts: impl IntoIterator<Item = &'t str>) {
        for (at, text) in texts.into_iter().enumerate() {
            let number = match self.seen[at].get(text) {
                Some(number) => *number,
                None => {
                    let cleaned = clean::clean(text, &model.columns[at]);
                    let number = self.dictionaries[self.columns[at].dictionary].number(&cleaned);
                    self.seen[at].insert(text.into(), number);
                    number
                }
            };
            self.columns[at].values.push(number);
        }
        self.rows += 1;
        if !right {
            self.left += 1;
        }
    }

    /// No more rows: counts what is needed to know how common a value is, and forgets what only reading needed.
    pub fn close(&mut self) {
        self.seen.clear();
        let left = self.left as usize;
        for column in &mut self.columns {
            let distinct = self.dictionaries[column.dictionary].texts.len();
            let (a, b) = column.values.split_at(left);
            column.counts = [a, b].map(|rows| {
                let mut counts = vec![0_u32; distinct];
                rows.iter().for_each(|value| counts[*value as usize] += 1);
                counts
            });
        }
        self.dictionaries.iter_mut().for_each(|d| d.numbers = HashMap::default());
    }

    /// Rows of the left (or only) file.
    pub fn left_rows(&self) -> u32 {
        self.left
    }

    /// Rows of the right file.
    pub fn right_rows(&self) -> u32 {
        self.rows - self.left
    }

    /// Share of the rows of each side that have a value in a column; 0 for a side without rows.
    pub fn filled(&self, column: usize) -> [f64; 2] {
        let share = |missing: u32, rows: u32| if rows == 0 { 0.0 } else { 1.0 - f64::from(missing) / f64::from(rows) };
        let [a, b] = &self.columns[column].counts;
        [share(a[MISSING as usize], self.left), share(b[MISSING as usize], self.right_rows())]
    }

    /// How many pairs there are at all.
    pub(super) fn all_pairs(&self) -> f64 {
        let (left, right) = (f64::from(self.left), f64::from(self.right_rows()));
        if self.one_file { left * (left - 1.0) / 2.0 } else { left * right }
    }

    /// How common a value is among the rows that have one: the larger share of the two files.
    pub(super) fn share(&self, column: usize, value: u32) -> f64 {
        let counts = &self.columns[column].counts;
        let of = |counts: &[u32], rows: u32| {
            let known = rows - counts[MISSING as usize];
            if known == 0 { 0.0 } else { f64::from(counts[value as usize]) / f64::from(known) }
        };
        of(&counts[0], self.left).max(of(&counts[1], self.right_rows()))
    }

    /// The chance that two random rows agree on a column, both having a value.
    pub(super) fn collision(&self, column: usize) -> f64 {
        let [a, b] = &self.columns[column].counts;
        let known = |counts: &[u32]| counts.iter().skip(1).map(|c| f64::from(*c)).sum::<f64>();
        let (both, pairs): (f64, f64) = if self.one_file {
            let same = a.iter().skip(1).map(|c| f64::from(*c) * (f64::from(*c) - 1.0) / 2.0).sum();
            (same, known(a) * (known(a) - 1.0) / 2.0)
        } else {
            let same = a.iter().zip(b).skip(1).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            (same, known(a) * known(b))
        };
        if pairs > 0.0 { both / pairs } else { 0.0 }
    }
}
