//! Which rows are compared: those that share a key of a pass.
//!
//! In: [`Columns`] and passes. Out: [`Blocks`]: per pass the rows in the order of their keys, cut into blocks. A block with
//! more rows than allowed is left out and counted before anything is compared. A pair that several passes bring is given
//! once, by the first of them, together with all that bring it.

use std::hash::{DefaultHasher, Hash, Hasher};

use rayon::prelude::*;

use super::columns::{Columns, MISSING};
use super::measure::words_of;
use super::{dates, sound};
use crate::plan::{GenericModel, Key, Pass, Take};

/// The key of a row that has none.
const NO_KEY: u64 = 0;

/// Keys of all rows of one pass.
enum Keys {
    /// One per row.
    One(Vec<u64>),
    /// Several per row, each row's sorted: `of[from[row]..from[row + 1]]`.
    Several { from: Vec<u32>, of: Vec<u64> },
}

impl Keys {
    fn of(&self, row: u32) -> &[u64] {
        match self {
            Keys::One(keys) => std::slice::from_ref(&keys[row as usize]),
            Keys::Several { from, of } => &of[from[row as usize] as usize..from[row as usize + 1] as usize],
        }
    }

    /// The smallest key that two rows share.
    fn shared(&self, a: u32, b: u32) -> Option<u64> {
        match self {
            Keys::One(keys) => {
                let key = keys[a as usize];
                (key != NO_KEY && key == keys[b as usize]).then_some(key)
            }
            Keys::Several { .. } => {
                let other = self.of(b);
                self.of(a).iter().find(|k| **k != NO_KEY && other.contains(k)).copied()
            }
        }
    }

    fn erase(&mut self, row: u32, key: u64) {
        let slots = match self {
            Keys::One(keys) => &mut keys[row as usize..=row as usize],
            Keys::Several { from, of } => &mut of[from[row as usize] as usize..from[row as usize + 1] as usize],
        };
        slots.iter_mut().filter(|k| **k == key).for_each(|k| *k = NO_KEY);
    }
}

/// What a pass brings.
#[derive(Debug, Clone, PartialEq)]
pub struct PassCount {
    /// Its keys as written.
    pub name: String,
    /// Pairs it brings, whether other passes bring them too or not.
    pub pairs: u64,
    /// Blocks left out because they are too large, and the pairs they would have brought.
    pub left_out: (u64, u64),
}

struct Blocked {
    keys: Keys,
    rows: Vec<u32>,
    /// Where the blocks begin in `rows`, and the end.
    starts: Vec<u32>,
    /// The key of each block.
    of: Vec<u64>,
}

/// The blocks of all passes.
pub(super) struct Blocks {
    passes: Vec<Blocked>,
    pub(super) counts: Vec<PassCount>,
    left: u32,
    one_file: bool,
}

/// A pair that blocking brought together, and the passes that did, as bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Met {
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) passes: u32,
}

impl Blocks {
    pub(super) fn new(model: &GenericModel, passes: &[Pass], columns: &Columns) -> Blocks {
        let made = passes.par_iter().map(|pass| {
            let keys = keys(model, pass, columns);
            block(pass, keys, columns, model.max_block)
        });
        let (passes, counts) = made.collect::<Vec<_>>().into_iter().unzip();
        Blocks { passes, counts, left: columns.left, one_file: columns.one_file }
    }

    /// Pairs of all passes, those that several bring counted several times.
    pub(super) fn most(&self) -> u64 {
        self.counts.iter().map(|c| c.pairs).sum()
    }

    /// What `take` makes of each pair, in an order that depends on the rows alone.
    pub(super) fn collect<T: Send>(&self, take: impl Fn(Met) -> Option<T> + Sync) -> Vec<T> {
        let mut all = Vec::new();
        for (at, pass) in self.passes.iter().enumerate() {
            let blocks = pass.starts.len().saturating_sub(1);
            // A block holds at most the square of `max_block` pairs, so parts of some blocks are even enough.
            let parts: Vec<Vec<T>> = (0..blocks.div_ceil(64))
                .into_par_iter()
                .map(|part| {
                    let mut found = Vec::new();
                    for block in part * 64..(part * 64 + 64).min(blocks) {
                        self.block_pairs(at, block, &mut |met| found.extend(take(met)));
                    }
                    found
                })
                .collect();
            all.reserve(parts.iter().map(Vec::len).sum());
            parts.into_iter().for_each(|part| all.extend(part));
        }
        all
    }

    fn block_pairs(&self, pass: usize, block: usize, give: &mut impl FnMut(Met)) {
        let blocked = &self.passes[pass];
        let rows = &blocked.rows[blocked.starts[block] as usize..blocked.starts[block + 1] as usize];
        let mut pair = |a: u32, b: u32, key: Option<u64>| {
            let mut passes = 1_u32 << pass;
            for (other, keys) in self.passes.iter().map(|p| &p.keys).enumerate() {
                if other == pass {
                    // Two rows may share several words: the first of them brings the pair.
                    if key.is_some() && keys.shared(a, b) != key {
                        return;
                    }
                } else if keys.shared(a, b).is_some() {
                    if other < pass {
                        return;
                    }
                    passes |= 1 << other;
                }
            }
            give(Met { a, b, passes });
        };
        let key = match &blocked.keys {
            Keys::One(_) => None,
            Keys::Several { .. } => Some(blocked.of[block]),
        };
        if self.one_file {
            for (i, a) in rows.iter().enumerate() {
                rows[i + 1..].iter().for_each(|b| pair(*a, *b, key));
            }
        } else {
            let split = rows.partition_point(|row| *row < self.left);
            for b in &rows[split..] {
                rows[..split].iter().for_each(|a| pair(*a, *b, key));
            }
        }
    }
}

fn block(pass: &Pass, mut keys: Keys, columns: &Columns, max_block: usize) -> (Blocked, PassCount) {
    let mut entries: Vec<(u64, u32)> = (0..columns.rows)
        .flat_map(|row| keys.of(row).iter().filter(|k| **k != NO_KEY).map(move |k| (*k, row)).collect::<Vec<_>>())
        .collect();
    entries.par_sort_unstable();
    let mut count = PassCount { name: pass.name.clone(), pairs: 0, left_out: (0, 0) };
    let (mut rows, mut starts, mut of) = (Vec::new(), vec![0_u32], Vec::new());
    for run in entries.chunk_by(|a, b| a.0 == b.0) {
        let left = run.partition_point(|(_, row)| *row < columns.left);
        let (l, r) = (left as u64, (run.len() - left) as u64);
        let pairs = if columns.one_file { l * l.saturating_sub(1) / 2 } else { l * r };
        if pairs == 0 {
            continue;
        }
        if left.max(run.len() - left) > max_block {
            count.left_out = (count.left_out.0 + 1, count.left_out.1 + pairs);
            run.iter().for_each(|(key, row)| keys.erase(*row, *key));
            continue;
        }
        count.pairs += pairs;
        rows.extend(run.iter().map(|(_, row)| *row));
        starts.push(rows.len() as u32);
        of.push(run[0].0);
    }
    (Blocked { keys, rows, starts, of }, count)
}

/// A hash without a random seed, never [`NO_KEY`].
fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::default();
    value.hash(&mut hasher);
    hasher.finish().max(1)
}

/// What a key takes of each value of a column; nothing for a missing one.
fn parts(model: &GenericModel, key: &Key, columns: &Columns) -> Vec<Vec<u64>> {
    let column = key.columns[0];
    let order = model.columns[column].date_order;
    let texts = &columns.dictionaries[columns.columns[column].dictionary].texts;
    let part = |text: &str| -> Vec<u64> {
        let one = |part: String| if part.is_empty() { Vec::new() } else { vec![hash(part)] };
        match key.take {
            _ if text.is_empty() => Vec::new(),
            Take::Whole | Take::Sorted => vec![hash(text)],
            Take::First(n) => one(text.chars().take(usize::from(n)).collect()),
            Take::Last(n) => {
                let skip = text.chars().count().saturating_sub(usize::from(n));
                one(text.chars().skip(skip).collect())
            }
            Take::Sound => one(sound::sound(text)),
            Take::Year => dates::read(text, order).map(|d| hash(d.year())).into_iter().collect(),
            Take::Token => {
                let mut words: Vec<u64> = words_of(text).map(hash).collect();
                words.sort_unstable();
                words.dedup();
                words
            }
        }
    };
    texts.par_iter().map(|t| part(t)).collect()
}

/// The keys of all rows: one for each combination of the words of its parts.
fn keys(model: &GenericModel, pass: &Pass, columns: &Columns) -> Keys {
    let parts: Vec<(usize, Vec<Vec<u64>>)> =
        pass.keys.iter().map(|k| (k.columns[0], parts(model, k, columns))).collect();
    let several = pass.keys.iter().any(|k| k.take == Take::Token);
    let mut from = vec![0_u32];
    let mut of: Vec<u64> = Vec::new();
    for row in 0..columns.rows as usize {
        let mut made = vec![hash(0_u8)];
        for ((column, parts), key) in parts.iter().zip(&pass.keys) {
            let taken: Vec<u64> = if key.take == Take::Sorted {
                sorted(key, columns, row)
            } else {
                parts[columns.columns[*column].values[row] as usize].clone()
            };
            made = made.iter().flat_map(|m| taken.iter().map(|t| hash((*m, *t)))).collect();
        }
        made.sort_unstable();
        made.dedup();
        if several {
            of.extend(made);
            from.push(of.len() as u32);
        } else {
            of.push(made.first().copied().unwrap_or(NO_KEY));
        }
    }
    if several { Keys::Several { from, of } } else { Keys::One(of) }
}

/// The values of several columns in one order, whatever columns they stand in; none when one is missing.
fn sorted(key: &Key, columns: &Columns, row: usize) -> Vec<u64> {
    let text = |column: &usize| {
        let column = &columns.columns[*column];
        let value = column.values[row];
        (value != MISSING).then(|| &*columns.dictionaries[column.dictionary].texts[value as usize])
    };
    let Some(mut texts) = key.columns.iter().map(text).collect::<Option<Vec<&str>>>() else { return Vec::new() };
    texts.sort_unstable();
    vec![hash(texts)]
}
