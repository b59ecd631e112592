//! What linkage of two plain files gives: one row per listed pair, the same columns for every family of models.

/// State of a pair or of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Status {
    /// The same person (or thing).
    Linked,
    /// Somebody has to look.
    Possible,
    /// The evidence speaks against itself: number and name of different persons.
    Conflict,
    /// Nobody was found; the row stands for the record so that none is lost.
    Unlinked,
}

impl Status {
    /// Words of the tables, in the order of the states.
    pub const WORDS: [&'static str; 4] = ["linked", "possible", "conflict", "unlinked"];

    /// The word of the tables.
    pub fn as_str(self) -> &'static str {
        Status::WORDS[self as usize]
    }
}

/// One comparison of every listed pair.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// Name of the comparison, as in the model.
    pub name: String,
    /// Words of its levels.
    pub words: Vec<String>,
    /// Level of each pair, as a position in `words`; [`NO_LEVEL`] where the row has no pair.
    pub level: Vec<u8>,
    /// What the level weighs for this pair (log2 of a ratio), term frequency included.
    pub weight: Vec<f32>,
}

/// The level of a row that has no pair.
pub const NO_LEVEL: u8 = u8::MAX;

/// Listed pairs, in the order of the right side's rows, then by rank. All columns are of one length.
#[derive(Debug, Clone, Default)]
pub struct Pairs {
    /// Row of the left side; none for a record for which nobody was found.
    pub left: Vec<Option<u32>>,
    /// Row of the right side.
    pub right: Vec<u32>,
    /// State of the record (two files) or of the pair (one file).
    pub status: Vec<Status>,
    /// 1 is the best candidate of its record.
    pub rank: Vec<u32>,
    /// Match weight: the prior's log2 odds and the sum of all comparisons.
    pub weight: Vec<f32>,
    /// Weight of this pair above the record's next one; none when there is no next one.
    pub margin: Vec<Option<f32>>,
    /// What brought the pair together, as a position in `passes`.
    pub pass: Vec<u8>,
    /// Words of the passes.
    pub passes: Vec<String>,
    /// The comparisons, in the order of the model.
    pub compared: Vec<Compared>,
    /// Cluster of the pair, for deduplication; empty otherwise.
    pub cluster: Vec<Option<u32>>,
}

/// The probability that a match weight stands for.
pub fn probability(weight: f64) -> f64 {
    1.0 / (1.0 + (-weight).exp2())
}
