//! How good the links are, as far as the pairs tell without a truth; each figure with a range.
//!
//! A match weight is the log2 odds that a pair is true, so the links that are expected to be false are the sum of
//! `1 - p` over all links, and the true pairs that wait for review the sum of `p` over those. Three things are not known:
//!
//! * how far the weights can be believed: comparisons overlap, so evidence may be worth less than the model says, and
//!   a model with few records behind it may say too little. The range takes all weights (not the prior) at three
//!   quarters and at five quarters of what the model says;
//! * chance: bounds of Poisson counts at 95%, the upper one by the score method, so that "none expected" still has a bound;
//! * pairs that never came up. Two kinds of evidence are taken for two captures of the same pairs: the heaviest comparison
//!   at its best level, and all the others, when they come out as they mostly do (which blocking finds if it finds
//!   anything). Lincoln and Petersen's estimate of what both miss, less what came up all the same, is what blocking
//!   lost. Damage to one kind of evidence and to the other is not independent, so the upper bound takes twice the estimate.

use std::collections::{BTreeMap, BTreeSet};

use super::{Pairs, Status};
use crate::link::pairs::probability;

/// Shares of the evidence that are believed: as the model says, and the two ends of the range.
const BELIEF: [f64; 3] = [1.0, 0.75, 1.25];
/// The normal quantile of a two-sided 95%.
const Z: f64 = 1.96;
/// What dependence between two kinds of evidence may multiply losses by.
const DEPENDENCE: f64 = 2.0;

/// A figure and the range in which it is expected.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Range {
    /// The figure.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What is expected of the links when no pair is known.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Estimate {
    /// Links.
    pub linked: u64,
    /// Links that are expected to be false.
    pub false_links: Range,
    /// Share of links that are true.
    pub precision: Range,
    /// True pairs among those that somebody has to look at.
    pub in_review: Range,
    /// True pairs that never came up as candidates; none when there is nothing to tell it from.
    pub never_compared: Option<Range>,
    /// Share of true pairs that are linked.
    pub recall: Range,
    /// Share of true pairs that are linked once everything to look at is decided rightly.
    pub recall_after_review: Range,
}

/// One row of the pairs, as the estimate needs it.
struct Row {
    right: u32,
    linked: bool,
    /// The prior and what rivals take away: what is believed whole.
    base: f64,
    /// Sum of the comparisons.
    evidence: f64,
    margin: Option<f64>,
    /// The heaviest comparison is at its best level.
    heaviest: bool,
    /// Digest of the levels of all others.
    others: u64,
}

/// Expected counts under one belief.
#[derive(Default)]
struct Counts {
    false_links: f64,
    elsewhere: f64,
}

/// Estimates precision and recall from the pairs alone; `dedupe` when one file was searched for duplicates.
pub fn estimate(pairs: &Pairs, dedupe: bool) -> Estimate {
    let rows = rows(pairs, dedupe);
    let linked = rows.iter().filter(|r| r.linked).count() as u64;
    let chances = BELIEF.map(|belief| chances(&rows, belief, dedupe));
    let counts = chances.each_ref().map(|chances| count(&rows, chances));
    let false_links = range(&counts, |c| c.false_links);
    let in_review = range(&counts, |c| c.elsewhere);
    let never_compared = never_compared(&captured(&rows, &chances[0]));
    let lost = never_compared.unwrap_or(Range { value: 0.0, low: 0.0, high: 0.0 });
    let n = linked as f64;
    let share = |part: f64, rest: f64| if part + rest <= 0.0 { 1.0 } else { part.max(0.0) / (part.max(0.0) + rest) };
    let capped = |false_links: f64| false_links.min(n);
    let true_links = |false_links: f64| n - capped(false_links);
    Estimate {
        linked,
        false_links,
        precision: Range {
            value: share(true_links(false_links.value), capped(false_links.value)),
            low: share(true_links(false_links.high), capped(false_links.high)),
            high: share(true_links(false_links.low), capped(false_links.low)),
        },
        in_review,
        never_compared,
        recall: Range {
            value: share(true_links(false_links.value), in_review.value + lost.value),
            low: share(true_links(false_links.high), in_review.high + lost.high),
            high: share(true_links(false_links.low), in_review.low + lost.low),
        },
        recall_after_review: Range {
            value: share(true_links(false_links.value) + in_review.value, lost.value),
            low: share(true_links(false_links.high) + in_review.low, lost.high),
            high: share(true_links(false_links.low) + in_review.high, lost.low),
        },
    }
}

fn rows(pairs: &Pairs, dedupe: bool) -> Vec<Row> {
    // The comparison that can say most.
    let heaviest = (0..pairs.compared.len()).max_by(|a, b| {
        let top = |c: usize| pairs.compared[c].weight.iter().copied().fold(0.0, f32::max);
        top(*a).total_cmp(&top(*b)).then(b.cmp(a))
    });
    let row = |i: usize| {
        let evidence: f64 = pairs.compared.iter().map(|c| f64::from(c.weight[i])).sum();
        let base = f64::from(pairs.weight[i]) - evidence;
        // FNV-1a: short, and the same everywhere.
        let others = (0..pairs.compared.len()).filter(|c| Some(*c) != heaviest);
        let others = others.fold(0xcbf2_9ce4_8422_2325_u64, |digest, c| {
            (digest ^ u64::from(pairs.compared[c].level[i])).wrapping_mul(0x0100_0000_01b3)
        });
        Row {
            right: pairs.right[i],
            linked: pairs.status[i] == Status::Linked && (dedupe || pairs.rank[i] == 1),
            base,
            evidence,
            margin: pairs.margin[i].map(f64::from),
            heaviest: heaviest.is_some_and(|h| pairs.compared[h].level[i] == 0),
            others,
        }
    };
    (0..pairs.right.len()).filter(|i| pairs.left[*i].is_some()).map(row).collect()
}

/// The probability of each pair under one belief.
fn chances(rows: &[Row], belief: f64, dedupe: bool) -> Vec<f64> {
    let of_one = |a: &Row, b: &Row| !dedupe && a.right == b.right;
    let mut chances = Vec::with_capacity(rows.len());
    for record in rows.chunk_by(of_one) {
        let alone = |row: &Row| {
            let p = probability(row.base + belief * row.evidence);
            // A record of two files means one row of the left side: the next candidate may not be listed, but the margin is.
            let beside = row.margin.filter(|_| !dedupe).map_or(1.0, |m| probability(belief * m));
            p.min(beside)
        };
        let sum: f64 = record.iter().map(alone).sum();
        let scale = if dedupe { 1.0 } else { 1.0 / sum.max(1.0) };
        chances.extend(record.iter().map(|row| alone(row) * scale));
    }
    chances
}

fn count(rows: &[Row], chances: &[f64]) -> Counts {
    let mut counts = Counts::default();
    for (row, p) in rows.iter().zip(chances) {
        if row.linked {
            counts.false_links += 1.0 - p;
        } else {
            counts.elsewhere += p;
        }
    }
    counts
}

/// True pairs by capture: neither, the first only, the second only, both.
fn captured(rows: &[Row], chances: &[f64]) -> [f64; 4] {
    let mut by_others: BTreeMap<u64, f64> = BTreeMap::new();
    for (row, p) in rows.iter().zip(chances).filter(|(row, _)| row.heaviest) {
        *by_others.entry(row.others).or_default() += p;
    }
    // The most frequent outcomes that hold half of the pairs.
    let whole: f64 = by_others.values().sum();
    let mut frequent: Vec<(u64, f64)> = by_others.into_iter().collect();
    frequent.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut sum = 0.0;
    let usual: BTreeSet<u64> = frequent
        .into_iter()
        .take_while(|(_, count)| {
            let more = sum < whole / 2.0;
            sum += count;
            more
        })
        .map(|(others, _)| others)
        .collect();
    let mut captured = [0.0; 4];
    for (row, p) in rows.iter().zip(chances) {
        captured[usize::from(row.heaviest) + 2 * usize::from(usual.contains(&row.others))] += p;
    }
    captured
}

/// The figure as the model has it, from the lower bound of the least to the upper bound of the greatest.
fn range(counts: &[Counts; 3], of: impl Fn(&Counts) -> f64) -> Range {
    let values = counts.each_ref().map(of);
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    Range { value: values[0], low: poisson(least).0, high: poisson(most).1 }
}

/// 95% bounds of what a Poisson count of so many expected comes to; the upper one by the score method, which is above 0 where
/// none is expected.
fn poisson(count: f64) -> (f64, f64) {
    ((count - Z * count.sqrt()).max(0.0), count + Z * Z / 2.0 + Z * (count + Z * Z / 4.0).sqrt())
}

/// Lincoln and Petersen's estimate of true pairs that neither kind of evidence catches, less those that came up.
fn never_compared(&[neither, first, second, both]: &[f64; 4]) -> Option<Range> {
    if both < 1.0 {
        return None;
    }
    let missed = first * second / both;
    let deviation = (first * second * (both + first) * (both + second) / both.powi(3)).sqrt();
    let less = |missed: f64| (missed - neither).max(0.0);
    Some(Range {
        value: less(missed),
        low: less(missed - Z * deviation),
        high: less(DEPENDENCE * (missed + Z * deviation)).max(less(missed)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_captures_miss() {
        // 80 of 100 by the first, 90 of 100 by the second, independent: 72 both, 8 first only, 18 second only, 2 neither.
        let found = never_compared(&[0.0, 8.0, 18.0, 72.0]).expect("an estimate");
        assert!((found.value - 2.0).abs() < 1e-9 && found.low < 2.0 && found.high > 4.0, "{found:?}");
        // One of the two came up all the same.
        assert!((never_compared(&[1.0, 8.0, 18.0, 72.0]).expect("an estimate").value - 1.0).abs() < 1e-9);
        assert_eq!(never_compared(&[0.0, 8.0, 18.0, 0.0]), None);
    }

    #[test]
    fn bounds_of_counts() {
        let (low, high) = poisson(0.0);
        assert!(low == 0.0 && (high - 3.8416).abs() < 1e-9);
        let (low, high) = poisson(100.0);
        assert!((low - 80.4).abs() < 0.1 && (high - 121.6).abs() < 0.1, "{low} {high}");
    }
}
