//! Linkage models of the `generic` family: any columns, compared by named measures.
//!
//! A model names columns and how to compare them; everything else has a default or is estimated from the data. What may
//! stand in a file is told in `pipelines/shared/models/README.md`; `read` reads it, `write` writes a fitted one.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub(super) use read::read;

use crate::diag::Place;

/// A model that names its own columns, blocks and comparisons.
#[derive(Debug, Clone)]
pub struct GenericModel {
    /// Name of the model.
    pub name: String,
    /// Version.
    pub version: i64,
    /// Every column that a comparison or a pass uses, and those described on their own.
    pub columns: Vec<GenericColumn>,
    /// What brings records together; empty when the columns are to be chosen from the data.
    pub passes: Vec<Pass>,
    /// How the records of a pair are compared.
    pub comparisons: Vec<GenericComparison>,
    /// Share of all pairs that are matches; estimated when absent.
    pub prior: Option<f64>,
    /// Weight from which a pair is linked.
    pub linked_at: f64,
    /// Weight from which somebody should look.
    pub possible_at: f64,
    /// What the best candidate must weigh above the next one to be linked.
    pub margin: f64,
    /// How many links a record may have.
    pub links: Links,
    /// Most records of one side that may share a key: a larger block is left out and told.
    pub max_block: usize,
    /// Where it stands.
    pub place: Place,
}

/// A column under the name the model gives it.
#[derive(Debug, Clone)]
pub struct GenericColumn {
    /// Name in the model.
    pub name: String,
    /// Heading in the left file.
    pub left: String,
    /// Heading in the right file.
    pub right: String,
    /// What is done to every value, in this order.
    pub clean: Vec<Clean>,
    /// Values that stand for a missing one, compared after cleaning.
    pub missing: Vec<String>,
    /// Order of the parts of a date such as 03/04/1980.
    pub date_order: DateOrder,
    /// Where it stands; for a column without an entry of its own, where it is first used.
    pub place: Place,
}

/// A step of cleaning. Blanks around a value always go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clean {
    /// Several blanks become one.
    Spaces,
    /// Small letters; full-width letters and digits become ordinary ones.
    Lower,
    /// Everything but letters, digits and blanks goes.
    StripPunctuation,
    /// Letters lose their accents.
    StripAccents,
    /// Only digits stay.
    DigitsOnly,
    /// Blanks go.
    NoSpaces,
}

/// Words of the model file for [`Clean`].
pub const CLEAN: [(&str, Clean); 6] = [
    ("spaces", Clean::Spaces),
    ("lower", Clean::Lower),
    ("strip_punctuation", Clean::StripPunctuation),
    ("strip_accents", Clean::StripAccents),
    ("digits_only", Clean::DigitsOnly),
    ("no_spaces", Clean::NoSpaces),
];

/// Order of day, month and year where the year does not stand first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// 31/12/1980.
    DayFirst,
    /// 12/31/1980.
    MonthFirst,
}

/// How many links a record may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// Each record of either file has at most one.
    OneToOne,
    /// Each record of the right file has at most one; several may have the same.
    ManyToOne,
    /// Any number.
    ManyToMany,
}

/// What is taken of a value to make a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// All of it.
    Whole,
    /// The first characters.
    First(u8),
    /// The last characters.
    Last(u8),
    /// Its sound: Double Metaphone, and pinyin for Chinese characters.
    Sound,
    /// The year of a date.
    Year,
    /// Each of its words: records that share a word meet.
    Token,
    /// The values of several columns, whatever their order.
    Sorted,
}

/// Part of the key of a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Positions in [`GenericModel::columns`]; several only for [`Take::Sorted`].
    pub columns: Vec<usize>,
    /// What is taken of the value.
    pub take: Take,
}

/// Records meet when all keys of a pass agree.
#[derive(Debug, Clone)]
pub struct Pass {
    /// As people read it: its keys as written.
    pub name: String,
    /// The keys as written.
    pub written: Vec<String>,
    /// The keys.
    pub keys: Vec<Key>,
    /// Where it stands.
    pub place: Place,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The same or not.
    Exact,
    /// Jaro–Winkler similarity, from 0 to 1.
    JaroWinkler,
    /// Characters to change, add or take away.
    Levenshtein,
    /// The same, where two neighbours that changed places count once.
    DamerauLevenshtein,
    /// Words in common as a share of all words (Jaccard); 1 is the same words in another order.
    Token,
    /// Days between two dates, with a level of its own for a slip: one digit wrong, two neighbours exchanged, day and
    /// month exchanged.
    Date,
    /// Difference of two numbers.
    Numeric,
    /// Difference of two numbers as a share of the larger.
    Percent,
    /// The same sound.
    Phonetic,
    /// Two columns whose values changed places: the comparisons of both columns are then made crosswise.
    ColumnsSwapped,
}

/// Words of the model file for [`Measure`].
pub const MEASURES: [(&str, Measure); 10] = [
    ("exact", Measure::Exact),
    ("jaro_winkler", Measure::JaroWinkler),
    ("levenshtein", Measure::Levenshtein),
    ("damerau_levenshtein", Measure::DamerauLevenshtein),
    ("token", Measure::Token),
    ("date", Measure::Date),
    ("numeric", Measure::Numeric),
    ("percent", Measure::Percent),
    ("phonetic", Measure::Phonetic),
    ("columns_swapped", Measure::ColumnsSwapped),
];

impl Measure {
    /// The word of the model file.
    pub fn word(self) -> &'static str {
        MEASURES.iter().find(|(_, m)| *m == self).map_or("exact", |(word, _)| word)
    }

    /// The thresholds of the levels between equal and different, from strict to loose, when the model gives none.
    pub fn default_levels(self) -> &'static [f64] {
        match self {
            Measure::JaroWinkler => &[0.92, 0.85, 0.75],
            Measure::Levenshtein | Measure::DamerauLevenshtein => &[1.0, 2.0],
            Measure::Token => &[1.0, 0.5],
            Measure::Date => &[31.0, 366.0],
            Measure::Numeric => &[1.0, 10.0],
            Measure::Percent => &[0.01, 0.1],
            Measure::Exact | Measure::Phonetic | Measure::ColumnsSwapped => &[],
        }
    }

    /// True when a larger value of the measure is the closer one.
    pub fn is_similarity(self) -> bool {
        matches!(self, Measure::JaroWinkler | Measure::Token)
    }
}

/// One comparison of the two records of a pair.
#[derive(Debug, Clone)]
pub struct GenericComparison {
    /// Name in the output.
    pub name: String,
    /// Positions in [`GenericModel::columns`]: one, or the two of [`Measure::ColumnsSwapped`].
    pub columns: Vec<usize>,
    /// The measure.
    pub measure: Measure,
    /// Thresholds of the levels between equal and different, from strict to loose.
    pub thresholds: Vec<f64>,
    /// Agreement on a rare value weighs more than on a common one.
    pub term_frequency: bool,
    /// Share of each level among matches, when known.
    pub m: Option<Vec<f64>>,
    /// Share of each level among other pairs, when known.
    pub u: Option<Vec<f64>>,
    /// Where it stands.
    pub place: Place,
}

impl GenericComparison {
    /// Words of the levels, from equal to different.
    pub fn levels(&self) -> Vec<String> {
        let mut words = vec!["exact".to_string()];
        match self.measure {
            Measure::Date => words.push("slip".into()),
            Measure::Phonetic => words.push("sound".into()),
            Measure::ColumnsSwapped => return vec!["straight".into(), "swapped".into()],
            _ => {}
        }
        words.extend(self.thresholds.iter().map(|t| match self.measure {
            Measure::JaroWinkler => format!("similarity>={t}"),
            Measure::Token if *t >= 1.0 => "other_order".to_string(),
            Measure::Token => format!("words>={t}"),
            Measure::Date => format!("days<={t}"),
            Measure::Numeric => format!("difference<={t}"),
            Measure::Percent => format!("share<={t}"),
            _ => format!("edits<={t}"),
        }));
        words.push("different".into());
        words
    }
}
