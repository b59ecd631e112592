//! How good the links are: against known pairs, and without any.
//!
//! | in | out |
//! |---|---|
//! | [`Pairs`] and the truth | [`Evaluation`]: precision, recall, F1, the curve by threshold, where each true pair ended, what went wrong |
//! | [`Pairs`] alone | [`Estimate`]: the same figures as far as the pairs themselves tell them, each with a range |
//! | [`Pairs`] and a number | [`sample`]: pairs for clerical review, drawn so that the estimate can be checked |
//!
//! Figures are of pairs. For two files a pair is what is said of one record of the right side; for one file (`dedupe`) a
//! pair stands for itself, and clusters are measured too.

mod curve;
mod ends;
mod estimate;
mod lines;
mod sample;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use curve::{Point, Recall};
pub use ends::{ByKind, ByLevels, End, Ended, WrongLink};
pub use estimate::{Estimate, Range, estimate};
pub use sample::{Reviewed, Stratum, StratumReview, review, sample};

use super::pairs::{Pairs, Status};

/// Known pairs, by rows of both sides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Truth<'a> {
    /// Left row, right row. For one file the order within a pair does not matter.
    pub pairs: &'a [(u32, u32)],
    /// What is wrong with the record of each pair, faults joined by `+`; empty when the truth has no such column.
    pub kinds: &'a [String],
    /// One file was searched for duplicates.
    pub dedupe: bool,
}

/// Precision and recall of a set of pairs.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Figures {
    /// Pairs said to be true.
    pub pairs: u64,
    /// Of these, true ones.
    pub right: u64,
    /// True pairs there are.
    pub truth: u64,
    /// `right / pairs`; 1 when nothing is said.
    pub precision: f64,
    /// `right / truth`; 1 when there is nothing to find.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
}

impl Figures {
    /// Figures of counts.
    pub fn of(pairs: u64, right: u64, truth: u64) -> Figures {
        let share = |part: u64, whole: u64| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
        let f1 = share(2 * right, pairs + truth);
        Figures { pairs, right, truth, precision: share(right, pairs), recall: share(right, truth), f1 }
    }
}

/// Links measured against known pairs.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Evaluation {
    /// Pairs with status linked.
    pub linked: Figures,
    /// Best candidates (of one file: all listed pairs) from the threshold of greatest F1 on.
    pub best: Figures,
    /// That threshold, as a match weight; none when no pair is listed.
    pub best_threshold: Option<f32>,
    /// Recall that best candidates reach where their precision is still so high.
    pub recall_at: Vec<Recall>,
    /// Best candidates by threshold, highest first; a bounded number of points.
    pub curve: Vec<Point>,
    /// Pairs in one cluster, for one file: precision and recall of what the clusters say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clusters: Option<Figures>,
    /// Records (of one file: pairs) with status possible or conflict.
    pub review: u64,
    /// Records (of one file: pairs) that are listed.
    pub of: u64,
    /// `review / of`.
    pub review_share: f64,
    /// Where the true pairs ended.
    pub ended: Vec<Ended>,
    /// The same by the truth's own kinds; empty when it has none. A pair with several faults counts with each.
    pub by_kind: Vec<ByKind>,
    /// What the errors look like: wrong links and listed true pairs that are not linked, by the levels of their
    /// comparisons, most frequent first.
    pub by_levels: Vec<ByLevels>,
    /// Wrong links, heaviest first.
    pub worst: Vec<WrongLink>,
}

/// Patterns and wrong links that are told one by one.
pub const MOST_TOLD: usize = 20;

/// Measures pairs against the truth.
pub fn evaluate(pairs: &Pairs, truth: &Truth) -> Evaluation {
    let known = Known::of(truth);
    let said: Vec<usize> = (0..pairs.right.len()).filter(|i| pairs.left[*i].is_some()).collect();
    // For two files the record has one best candidate; for one file each pair stands for itself.
    let best: Vec<usize> = said.iter().copied().filter(|i| truth.dedupe || pairs.rank[*i] == 1).collect();
    let is_true = |i: usize| pairs.left[i].is_some_and(|left| known.holds(left, pairs.right[i]));
    let count = |rows: &mut dyn Iterator<Item = usize>| {
        // A pair listed twice is said once.
        let mut rows: Vec<(u32, u32)> = rows.filter_map(|i| Some(known.key(pairs.left[i]?, pairs.right[i]))).collect();
        rows.sort_unstable();
        rows.dedup();
        let right = rows.iter().filter(|(left, right)| known.holds(*left, *right)).count();
        Figures::of(rows.len() as u64, right as u64, known.count)
    };
    let linked = count(&mut best.iter().copied().filter(|i| pairs.status[*i] == Status::Linked));

    let weights: Vec<(f32, bool)> = best.iter().map(|i| (pairs.weight[*i], is_true(*i))).collect();
    let curve = curve::Curve::of(weights, known.count);
    let top = curve.best();

    let state = |i: &usize| matches!(pairs.status[*i], Status::Possible | Status::Conflict);
    let (review, of) = if truth.dedupe {
        (said.iter().copied().filter(|i| state(i)).count(), said.len())
    } else {
        let first = |i: &usize| pairs.rank[*i] == 1 || pairs.left[*i].is_none();
        let records: Vec<usize> = (0..pairs.right.len()).filter(first).collect();
        (records.iter().filter(|i| state(i)).count(), records.len())
    };
    let ends = ends::Ends::of(pairs, truth, &known);
    Evaluation {
        linked,
        best: top.map_or(Figures::of(0, 0, known.count), |t| Figures::of(t.pairs, t.right, known.count)),
        best_threshold: top.map(|t| t.threshold),
        recall_at: [0.99, 0.999, 0.9999].iter().map(|p| curve.recall_at(*p)).collect(),
        curve: curve.points(),
        clusters: truth.dedupe.then(|| clusters(pairs, &known)),
        review: review as u64,
        of: of as u64,
        review_share: if of == 0 { 0.0 } else { review as f64 / of as f64 },
        ended: ends.ended(),
        by_kind: ends.by_kind(),
        by_levels: ends::by_levels(pairs, &best, &is_true),
        worst: ends::worst(pairs, &best, &is_true, &known),
    }
}

/// Known pairs for look-up.
struct Known {
    /// Right row, left row, sorted; for one file both ways round.
    pairs: Vec<(u32, u32)>,
    count: u64,
    dedupe: bool,
}

impl Known {
    fn of(truth: &Truth) -> Known {
        let mut pairs: Vec<(u32, u32)> = truth.pairs.iter().map(|(left, right)| (*right, *left)).collect();
        if truth.dedupe {
            pairs.extend(truth.pairs);
            // A row is no duplicate of itself.
            pairs.retain(|(right, left)| right != left);
        }
        pairs.sort_unstable();
        pairs.dedup();
        let count = if truth.dedupe { pairs.len() / 2 } else { pairs.len() } as u64;
        Known { pairs, count, dedupe: truth.dedupe }
    }

    /// The pair as it is counted: the order matters for two files only.
    fn key(&self, left: u32, right: u32) -> (u32, u32) {
        if self.dedupe { (left.min(right), left.max(right)) } else { (left, right) }
    }

    fn holds(&self, left: u32, right: u32) -> bool {
        self.pairs.binary_search(&(right, left)).is_ok()
    }

    /// The first left row that is known for a right one.
    fn first_of(&self, right: u32) -> Option<u32> {
        let at = self.pairs.partition_point(|p| p.0 < right);
        self.pairs.get(at).filter(|p| p.0 == right).map(|p| p.1)
    }
}

/// Precision and recall of all pairs that share a cluster, listed or not.
fn clusters(pairs: &Pairs, known: &Known) -> Figures {
    let mut cluster_of: BTreeMap<u32, u32> = BTreeMap::new();
    for (i, cluster) in pairs.cluster.iter().enumerate() {
        if let Some(cluster) = cluster {
            cluster_of.insert(pairs.right[i], *cluster);
            cluster_of.extend(pairs.left[i].map(|left| (left, *cluster)));
        }
    }
    let mut sizes: BTreeMap<u32, u64> = BTreeMap::new();
    for cluster in cluster_of.values() {
        *sizes.entry(*cluster).or_default() += 1;
    }
    let said = sizes.values().map(|n| n * (n - 1) / 2).sum();
    let together = |(a, b): (u32, u32)| cluster_of.contains_key(&a) && cluster_of.get(&a) == cluster_of.get(&b);
    let right = known.pairs.iter().filter(|p| p.0 < p.1 && together(**p)).count();
    Figures::of(said, right as u64, known.count)
}
