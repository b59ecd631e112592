//! The level of two values, comparison by comparison.
//!
//! In: [`Columns`] and the model. Out: [`Comparators`], which give the levels of a pair of rows packed into one number,
//! four bits a comparison. Whatever a measure needs of a value (its words, its date, its sound) is made once per distinct
//! value; most unlike texts are told apart by their letters before any distance is computed.

use std::collections::BTreeMap;

use super::columns::{Columns, MISSING};
use super::dates::{self, Written};
use super::sound;
use crate::link::pairs::NO_LEVEL;
use crate::plan::{GenericModel, Measure};

/// What four bits of a packed level say when a value is missing.
const NONE: u8 = 15;

/// The levels of a pair, four bits a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Levels(pub(super) u128);

impl Levels {
    /// The level of a comparison, or [`NO_LEVEL`].
    pub(super) fn get(self, comparison: usize) -> u8 {
        let bits = (self.0 >> (4 * comparison)) as u8 & 0xF;
        if bits == NONE { NO_LEVEL } else { bits }
    }

    fn set(&mut self, comparison: usize, level: u8) {
        let shift = 4 * comparison;
        self.0 = self.0 & !(0xF_u128 << shift) | u128::from(level.min(NONE)) << shift;
    }

    /// All levels of a model with so many comparisons.
    pub(super) fn unpacked(self, comparisons: usize) -> Vec<u8> {
        (0..comparisons).map(|c| self.get(c)).collect()
    }
}

/// What a measure needs of each distinct value.
enum Prepared {
    Exact,
    /// Which letters occur, as bits, and how many characters.
    Text(Vec<(u64, u16)>),
    Tokens(Vec<Box<[u32]>>),
    Dates(Vec<Option<Written>>),
    Numbers(Vec<f64>),
    Sounds(Vec<u32>),
}

struct Comparator {
    measure: Measure,
    column: usize,
    dictionary: usize,
    thresholds: Vec<f64>,
    prepared: Prepared,
    /// The last level.
    different: u8,
}

/// Two columns that may have changed places.
struct Swap {
    /// Its own position among the comparisons.
    at: usize,
    columns: [usize; 2],
    /// The comparisons of the one and of the other column.
    compared: [Vec<usize>; 2],
}

/// All comparisons of a model over the values of the files.
pub(super) struct Comparators<'c> {
    columns: &'c Columns,
    comparators: Vec<Option<Comparator>>,
    swaps: Vec<Swap>,
}

impl<'c> Comparators<'c> {
    pub(super) fn new(model: &GenericModel, columns: &'c Columns) -> Self {
        let on = |column: usize| {
            let compares = |(_, c): &(usize, &crate::plan::GenericComparison)| {
                c.measure != Measure::ColumnsSwapped && c.columns[0] == column
            };
            model.comparisons.iter().enumerate().filter(compares).map(|(at, _)| at).collect::<Vec<_>>()
        };
        let swaps = model.comparisons.iter().enumerate().filter(|(_, c)| c.measure == Measure::ColumnsSwapped);
        let swaps = swaps.map(|(at, c)| Swap {
            at,
            columns: [c.columns[0], c.columns[1]],
            compared: [on(c.columns[0]), on(c.columns[1])],
        });
        let swaps = swaps.collect();
        let comparators = model.comparisons.iter().map(|c| {
            let dictionary = columns.columns[c.columns[0]].dictionary;
            let texts = &columns.dictionaries[dictionary].texts;
            (c.measure != Measure::ColumnsSwapped).then(|| Comparator {
                measure: c.measure,
                column: c.columns[0],
                dictionary,
                thresholds: c.thresholds.clone(),
                prepared: prepare(c.measure, texts, model.columns[c.columns[0]].date_order),
                different: (c.levels().len() - 1) as u8,
            })
        });
        Comparators { columns, comparators: comparators.collect(), swaps }
    }

    /// The levels of two rows.
    pub(super) fn levels(&self, a: u32, b: u32) -> Levels {
        let mut levels = Levels(0);
        for (at, comparator) in self.comparators.iter().enumerate() {
            if let Some(comparator) = comparator {
                levels.set(
                    at,
                    self.level(comparator, self.value(comparator.column, a), self.value(comparator.column, b)),
                );
            }
        }
        for swap in &self.swaps {
            self.try_swap(swap, a, b, &mut levels);
        }
        levels
    }

    /// The value that a comparison compares of row `a` and of row `b`: crosswise when the columns changed places.
    pub(super) fn compared_values(
        &self,
        comparison: usize,
        a: u32,
        b: u32,
        levels: Levels,
    ) -> Option<[(usize, u32); 2]> {
        let comparator = self.comparators[comparison].as_ref()?;
        let mut other = comparator.column;
        for swap in self.swaps.iter().filter(|s| levels.get(s.at) == 1) {
            match swap.columns.iter().position(|c| *c == comparator.column) {
                Some(side) => other = swap.columns[1 - side],
                None => continue,
            }
        }
        Some([(comparator.column, self.value(comparator.column, a)), (other, self.value(other, b))])
    }

    fn value(&self, column: usize, row: u32) -> u32 {
        self.columns.columns[column].values[row as usize]
    }

    /// Makes the comparisons of two columns crosswise when that fits better.
    fn try_swap(&self, swap: &Swap, a: u32, b: u32, levels: &mut Levels) {
        let [c, d] = swap.columns;
        let (ac, ad, bc, bd) = (self.value(c, a), self.value(d, a), self.value(c, b), self.value(d, b));
        let both = (ac != MISSING || ad != MISSING) && (bc != MISSING || bd != MISSING);
        if !both {
            levels.set(swap.at, NONE);
            return;
        }
        if ac == bc && ad == bd {
            return;
        }
        let cost = |at: usize, level: u8| match level {
            NO_LEVEL | NONE => 0.6,
            level => f32::from(level) / f32::from(self.comparators[at].as_ref().map_or(1, |c| c.different)),
        };
        let (mut straight, mut crossed, mut apart) = (0.0, 0.0, false);
        let mut turned = *levels;
        for (side, comparisons) in swap.compared.iter().enumerate() {
            let (x, y) = if side == 0 { (ac, bd) } else { (ad, bc) };
            // The first comparison of a column decides; the others follow.
            for (n, at) in comparisons.iter().enumerate() {
                let Some(comparator) = &self.comparators[*at] else { continue };
                let level = self.level(comparator, x, y);
                turned.set(*at, level);
                if n == 0 {
                    straight += cost(*at, levels.get(*at));
                    crossed += cost(*at, level);
                    apart |= level == comparator.different;
                }
            }
        }
        if !apart && crossed + 0.5 < straight {
            *levels = turned;
            levels.set(swap.at, 1);
        }
    }

    fn level(&self, comparator: &Comparator, a: u32, b: u32) -> u8 {
        if a == MISSING || b == MISSING {
            return NONE;
        }
        if a == b {
            return 0;
        }
        let (x, y) = (a as usize, b as usize);
        let texts = &self.columns.dictionaries[comparator.dictionary].texts;
        let nearer = |value: f64, first: u8| {
            let similar = comparator.measure.is_similarity();
            let reaches = |t: &f64| if similar { value >= *t } else { value <= *t };
            comparator.thresholds.iter().position(reaches).map_or(comparator.different, |p| p as u8 + first)
        };
        match &comparator.prepared {
            Prepared::Exact => comparator.different,
            Prepared::Text(shapes) => {
                let loosest = comparator.thresholds.last().copied().unwrap_or(f64::INFINITY);
                let (p, q) = (shapes[x], shapes[y]);
                match comparator.measure {
                    Measure::JaroWinkler if most_similar(p, q, &texts[x], &texts[y]) < loosest => comparator.different,
                    Measure::JaroWinkler => nearer(strsim::jaro_winkler(&texts[x], &texts[y]), 1),
                    _ if least_edits(p, q) as f64 > loosest => comparator.different,
                    Measure::Levenshtein => nearer(strsim::levenshtein(&texts[x], &texts[y]) as f64, 1),
                    _ => nearer(strsim::osa_distance(&texts[x], &texts[y]) as f64, 1),
                }
            }
            Prepared::Tokens(tokens) => nearer(jaccard(&tokens[x], &tokens[y]), 1),
            Prepared::Dates(dates) => match (&dates[x], &dates[y]) {
                (Some(a), Some(b)) if a == b => 0,
                (Some(a), Some(b)) if dates::slip(a, b) => 1,
                (Some(Written { days: Some(a), .. }), Some(Written { days: Some(b), .. })) => {
                    nearer(f64::from(a.abs_diff(*b)), 2)
                }
                _ => comparator.different,
            },
            Prepared::Numbers(numbers) => {
                let (a, b) = (numbers[x], numbers[y]);
                let apart = (a - b).abs();
                let larger = a.abs().max(b.abs());
                match comparator.measure {
                    _ if apart == 0.0 => 0,
                    Measure::Percent if larger > 0.0 => nearer(apart / larger, 1),
                    // What is no number compares as none: its distance is NaN, which reaches no threshold.
                    _ => nearer(apart, 1),
                }
            }
            Prepared::Sounds(sounds) if sounds[x] == sounds[y] && sounds[x] != MISSING => 1,
            Prepared::Sounds(_) => comparator.different,
        }
    }
}

fn prepare(measure: Measure, texts: &[Box<str>], order: crate::plan::DateOrder) -> Prepared {
    match measure {
        Measure::Exact | Measure::ColumnsSwapped => Prepared::Exact,
        Measure::JaroWinkler | Measure::Levenshtein | Measure::DamerauLevenshtein => Prepared::Text(
            texts.iter().map(|t| (letters(t), t.chars().count().min(usize::from(u16::MAX)) as u16)).collect(),
        ),
        Measure::Token => {
            let mut words = Numbered::default();
            let tokens = |text: &str| {
                let mut tokens: Vec<u32> = words_of(text).map(|w| words.number(w)).collect();
                tokens.sort_unstable();
                tokens.dedup();
                tokens.into_boxed_slice()
            };
            Prepared::Tokens(texts.iter().map(|t| &**t).map(tokens).collect())
        }
        Measure::Date => Prepared::Dates(texts.iter().map(|t| dates::read(t, order)).collect()),
        Measure::Numeric | Measure::Percent => Prepared::Numbers(texts.iter().map(|t| number(t)).collect()),
        Measure::Phonetic => {
            let mut sounds = Numbered::default();
            Prepared::Sounds(texts.iter().map(|t| sounds.number(&sound::sound(t))).collect())
        }
    }
}

/// Words in the order in which they first came; the empty one is 0.
#[derive(Default)]
struct Numbered(BTreeMap<Box<str>, u32>);

impl Numbered {
    fn number(&mut self, word: &str) -> u32 {
        if word.is_empty() {
            return MISSING;
        }
        if let Some(number) = self.0.get(word) {
            return *number;
        }
        let number = self.0.len() as u32 + 1;
        self.0.insert(word.into(), number);
        number
    }
}

/// The words of a value: letters and digits without anything else between them.
pub(super) fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|w| !w.is_empty())
}

/// A number as written, thousands separated or not; NaN for what is none.
fn number(text: &str) -> f64 {
    let plain: String =
        text.chars().filter(|c| !matches!(c, ',' | ' ' | '_' | '%' | '¥' | '￥' | '$' | '€' | '£')).collect();
    plain.parse().ok().filter(|n: &f64| n.is_finite()).unwrap_or(f64::NAN)
}

/// Which characters occur, folded into 64 bits.
fn letters(text: &str) -> u64 {
    text.chars().fold(0, |bits, c| {
        let slot = match c {
            'a'..='z' => c as u32 - 'a' as u32,
            '0'..='9' => c as u32 - '0' as u32 + 26,
            other => 36 + (other as u32).wrapping_mul(0x9E37_79B1) % 28,
        };
        bits | 1 << slot
    })
}

/// At least so many edits: every character the other lacks altogether costs one.
fn least_edits((a, la): (u64, u16), (b, lb): (u64, u16)) -> u32 {
    let lacking = (a & !b).count_ones().max((b & !a).count_ones());
    lacking.max(u32::from(la.abs_diff(lb)))
}

/// At most so similar by Jaro–Winkler: characters that the other lacks altogether cannot match.
fn most_similar((a, la): (u64, u16), (b, lb): (u64, u16), x: &str, y: &str) -> f64 {
    let in_a = u32::from(la).saturating_sub((a & !b).count_ones());
    let in_b = u32::from(lb).saturating_sub((b & !a).count_ones());
    let common = f64::from(in_a.min(in_b));
    let jaro = (common / f64::from(la) + common / f64::from(lb) + 1.0) / 3.0;
    let prefix = x.bytes().zip(y.bytes()).take(4).take_while(|(p, q)| p == q).count() as f64;
    // Bytes of a character that agree in part only make the bound looser. A hair of room for rounding.
    jaro.min(1.0) + 0.1 * prefix * (1.0 - jaro.min(1.0)) + 1e-9
}

fn jaccard(a: &[u32], b: &[u32]) -> f64 {
    let (mut i, mut j, mut both) = (0, 0, 0_usize);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Equal => (i, j, both) = (i + 1, j + 1, both + 1),
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
        }
    }
    let all = a.len() + b.len() - both;
    if all == 0 { 0.0 } else { both as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::link::generic::tests::{comparison, model};

    /// The level of two texts by a measure on the first column.
    fn level(measure: Measure, a: &str, b: &str) -> u8 {
        let model = GenericModel { comparisons: vec![comparison(&[0], measure)], ..model() };
        let mut columns = Columns::new(&model, true);
        for text in [a, b] {
            columns.push(&model, false, [text, "", "", ""]);
        }
        columns.close();
        Comparators::new(&model, &columns).levels(0, 1).get(0)
    }

    fn by_hand(measure: Measure, a: &str, b: &str) -> u8 {
        let value = match measure {
            Measure::JaroWinkler => strsim::jaro_winkler(a, b),
            Measure::Levenshtein => strsim::levenshtein(a, b) as f64,
            _ => strsim::osa_distance(a, b) as f64,
        };
        let thresholds = measure.default_levels();
        let reaches = |t: &f64| if measure.is_similarity() { value >= *t } else { value <= *t };
        if a == b { 0 } else { thresholds.iter().position(reaches).unwrap_or(thresholds.len()) as u8 + 1 }
    }

    proptest! {
        /// Telling texts apart by their letters never changes a level.
        #[test]
        fn short_cuts_change_no_level(a in "[a-d1-2é张]{1,12}", b in "[a-d1-2é张]{1,12}") {
            for measure in [Measure::JaroWinkler, Measure::Levenshtein, Measure::DamerauLevenshtein] {
                prop_assert_eq!(level(measure, &a, &b), by_hand(measure, &a, &b), "{:?}", measure);
                prop_assert_eq!(level(measure, &a, &b), level(measure, &b, &a), "{:?}", measure);
            }
        }
    }

    #[test]
    fn each_measure_has_its_levels() {
        for (measure, a, b, wanted) in [
            (Measure::Exact, "a", "A", 0),
            (Measure::Exact, "a", "b", 1),
            (Measure::Token, "mary ann", "ann mary", 1),
            (Measure::Token, "12 high st", "high st", 2),
            (Measure::Token, "high st", "low rd", 3),
            (Measure::Date, "1980-12-31", "31/12/1980", 0),
            (Measure::Date, "1980-12-31", "1980-12-13", 1),
            (Measure::Date, "1980-12-31", "1981-01-12", 2),
            (Measure::Date, "1980-12-31", "1981-06-18", 3),
            (Measure::Date, "1980-12-31", "1950-05-05", 4),
            (Measure::Date, "1980-12-31", "whenever", 4),
            (Measure::Numeric, "1,000", "1000.0", 0),
            (Measure::Numeric, "1000", "1001", 1),
            (Measure::Numeric, "1000", "x", 3),
            (Measure::Percent, "1000", "1005", 1),
            (Measure::Percent, "1000", "1500", 3),
            (Measure::Phonetic, "smith", "smyth", 1),
            (Measure::Phonetic, "123", "456", 2),
            (Measure::Exact, "", "b", NO_LEVEL),
        ] {
            assert_eq!(level(measure, a, b), wanted, "{measure:?} {a} {b}");
        }
    }
}
