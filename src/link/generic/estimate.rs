//! What agreement is worth, estimated from the data itself.
//!
//! u is counted on random pairs, of which there is a bounded number however large the files are; that of equal values is
//! computed from how common each value is. m and the prior come from EM over the pairs that blocking brings together,
//! weighed against all pairs there are: those that no pass brings count as no matches, so that u needs no correction for
//! blocking. A pair moves the m of a comparison only when a pass brought it that does not look at the comparison's column.
//! The few matches among random pairs are then taken out of u again.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::block::Met;
use super::columns::Columns;
use super::measure::{Comparators, Levels};
use crate::link::em::{self, Options, Parameters, Pattern, Seen};
use crate::plan::{GenericModel, Measure, Pass};

/// Most random pairs to count u on: more cost time and hardly move a weight.
const RANDOM_PAIRS: u64 = 200_000;
/// How often u is corrected by what EM found.
const CORRECTIONS: usize = 3;
/// Share of the matches that agree, before anything is known.
const AGREEING: f64 = 0.8;

/// Counts of patterns: levels, and the comparisons whose m they may move.
pub(super) type Patterns = BTreeMap<(Levels, u32), u64>;

/// The comparisons of which a pass does not look at the column, as bits.
pub(super) fn free_of(model: &GenericModel, pass: &Pass) -> u32 {
    let looks = |column: &usize| pass.keys.iter().any(|k| k.columns.contains(column));
    let free = |(_, c): &(usize, &crate::plan::GenericComparison)| !c.columns.iter().any(looks);
    model.comparisons.iter().enumerate().filter(free).fold(0, |bits, (at, _)| bits | 1 << at)
}

/// The comparisons whose m a pair may move.
pub(super) fn counts_for(met: Met, free: &[u32]) -> u32 {
    free.iter().enumerate().filter(|(pass, _)| met.passes >> pass & 1 == 1).fold(0, |bits, (_, free)| bits | free)
}

/// Patterns of random pairs, or of all pairs when there are few.
pub(super) fn random_patterns(columns: &Columns, comparators: &Comparators) -> BTreeMap<Levels, u64> {
    let (left, rows) = (u64::from(columns.left), u64::from(columns.rows));
    let right = rows - left;
    let all = columns.all_pairs() as u64;
    let pair = |n: u64| -> (u64, u64) {
        if columns.one_file {
            if all <= RANDOM_PAIRS {
                return nth_pair(n);
            }
            let (a, b) = (scatter(2 * n) % left, scatter(2 * n + 1) % (left - 1));
            (a, if b >= a { b + 1 } else { b })
        } else if all <= RANDOM_PAIRS {
            (n / right, left + n % right)
        } else {
            (scatter(2 * n) % left, left + scatter(2 * n + 1) % right)
        }
    };
    let count = all.min(RANDOM_PAIRS);
    let parts: Vec<Vec<(Levels, u64)>> = (0..count.div_ceil(4096))
        .into_par_iter()
        .map(|part| {
            let mut levels: Vec<Levels> = (part * 4096..((part + 1) * 4096).min(count))
                .map(&pair)
                .map(|(a, b)| comparators.levels(a.min(b) as u32, a.max(b) as u32))
                .collect();
            levels.sort_unstable();
            levels.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u64)).collect()
        })
        .collect();
    let mut counts = BTreeMap::new();
    for (levels, count) in parts.into_iter().flatten() {
        *counts.entry(levels).or_insert(0) += count;
    }
    counts
}

/// The n-th pair of rows of one file: (0, 1), (0, 2), (1, 2), (0, 3) …
fn nth_pair(n: u64) -> (u64, u64) {
    let mut b = ((8.0 * n as f64 + 1.0).sqrt() as u64).div_ceil(2);
    while b * (b - 1) / 2 > n {
        b -= 1;
    }
    while (b + 1) * b / 2 <= n {
        b += 1;
    }
    (n - b * (b - 1) / 2, b)
}

/// A number that looks random and is always the same (splitmix64).
pub(super) fn scatter(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

/// How often each level is seen among random pairs, matches included: by comparison, shares of the pairs with values.
fn raw_u(model: &GenericModel, columns: &Columns, random: &BTreeMap<Levels, u64>) -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut counts: Vec<Vec<f64>> = model.comparisons.iter().map(|c| vec![0.0; c.levels().len()]).collect();
    for (levels, count) in random {
        for (at, counts) in counts.iter_mut().enumerate() {
            if let Some(slot) = counts.get_mut(levels.get(at) as usize) {
                *slot += *count as f64;
            }
        }
    }
    let totals: Vec<f64> = counts.iter().map(|c| c.iter().sum()).collect();
    for ((counts, total), comparison) in counts.iter_mut().zip(&totals).zip(&model.comparisons) {
        if *total <= 0.0 {
            continue;
        }
        counts.iter_mut().for_each(|c| *c /= total);
        if comparison.measure != Measure::ColumnsSwapped {
            // Equal values are rare among random pairs, but how rare follows from the counts of the values.
            let exact = columns.collision(comparison.columns[0]);
            let rest: f64 = counts[1..].iter().sum();
            counts[0] = exact;
            counts[1..].iter_mut().for_each(|c| *c *= if rest > 0.0 { (1.0 - exact) / rest } else { 0.0 });
        }
    }
    (counts, totals)
}

/// u without the matches that were among the random pairs.
fn without_matches(raw: &[Vec<f64>], totals: &[f64], prior: f64, m: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let clean = |((raw, total), m): ((&Vec<f64>, &f64), &Vec<f64>)| -> Vec<f64> {
        let least = 0.5 / total.max(1000.0);
        let one = |(level, (raw, m)): (usize, (&f64, &f64))| {
            // What is computed from all values is exact, what is counted on a sample has at least half a count.
            let least = if level == 0 { (raw / 50.0).min(least).max(1e-8) } else { least };
            ((raw - prior * m) / (1.0 - prior)).max(least)
        };
        raw.iter().zip(m).enumerate().map(one).collect()
    };
    raw.iter().zip(totals).zip(m).map(clean).collect()
}

/// Shares to begin with: most matches agree, and the nearer a level, the more of the rest.
fn starting_m(levels: usize) -> Vec<f64> {
    let parts: Vec<f64> = (1..levels).map(|l| 0.6_f64.powi(l as i32)).collect();
    let total: f64 = parts.iter().sum();
    std::iter::once(AGREEING).chain(parts.iter().map(|p| (1.0 - AGREEING) * p / total)).collect()
}

/// What was estimated, and how far it went.
#[derive(Debug, Clone)]
pub struct Estimated {
    /// Prior, m and u.
    pub parameters: Parameters,
    /// Rounds of EM.
    pub rounds: usize,
    /// True when EM came to rest.
    pub converged: bool,
    /// Comparisons of which no pair says how often matches agree: their m is a guess.
    pub guessed: Vec<String>,
}

/// Estimates whatever the model does not give.
pub(super) fn estimate(
    model: &GenericModel,
    columns: &Columns,
    comparators: &Comparators,
    seen: &Patterns,
    share: f64,
    known: &Patterns,
) -> Estimated {
    let swaps: Vec<bool> = model.comparisons.iter().map(|c| c.measure == Measure::ColumnsSwapped).collect();
    let given_all = model.prior.is_some() && model.comparisons.iter().all(|c| c.m.is_some() && c.u.is_some());
    let (raw, totals) = if given_all {
        let none = model.comparisons.iter().map(|c| vec![0.0; c.levels().len()]).collect();
        (none, vec![0.0; model.comparisons.len()])
    } else {
        raw_u(model, columns, &random_patterns(columns, comparators))
    };
    let mut start = Parameters {
        prior: model.prior.unwrap_or_else(|| starting_prior(columns)),
        m: model.comparisons.iter().map(|c| c.m.clone().unwrap_or_else(|| starting_m(c.levels().len()))).collect(),
        u: Vec::new(),
    };
    let neutral = |shares: &mut [Vec<f64>]| {
        // That columns changed places says nothing by itself: it says it of both, and what counts is how well they then agree.
        shares.iter_mut().zip(&swaps).filter(|(_, swap)| **swap).for_each(|(s, _)| *s = vec![0.5; 2]);
    };
    let given = |parameters: &mut Parameters| {
        for (at, comparison) in model.comparisons.iter().enumerate() {
            if let Some(m) = &comparison.m {
                parameters.m[at].clone_from(m);
            }
            if let Some(u) = &comparison.u {
                parameters.u[at].clone_from(u);
            }
        }
        neutral(&mut parameters.m);
        neutral(&mut parameters.u);
        if let Some(prior) = model.prior {
            parameters.prior = prior;
        }
    };
    start.u = without_matches(&raw, &totals, start.prior, &start.m);
    given(&mut start);
    let fixed: u32 = model
        .comparisons
        .iter()
        .enumerate()
        .fold(0, |bits, (at, c)| if c.m.is_some() || swaps[at] { bits | 1 << at } else { bits });
    let width = model.comparisons.len();
    let one = |known: bool, scale: f64| {
        move |((levels, counts_for), count): (&(Levels, u32), &u64)| Seen {
            pattern: Pattern { levels: levels.unpacked(width), count: *count as f64 * scale },
            counts_for: counts_for & !fixed,
            known,
        }
    };
    let mut patterns: Vec<Seen> = seen.iter().map(one(false, 1.0 / share)).collect();
    patterns.extend(known.iter().map(one(true, 1.0)));
    let usable = |at: usize| fixed >> at & 1 == 1 || patterns.iter().any(|s| s.counts_for >> at & 1 == 1);
    // A comparison that every pass looks at: better what those pairs say than nothing.
    let blind: u32 = (0..width).filter(|at| !usable(*at)).fold(0, |bits, at| bits | 1 << at);
    patterns.iter_mut().for_each(|s| s.counts_for |= blind);
    let mut result = Estimated {
        parameters: start.clone(),
        rounds: 0,
        converged: true,
        guessed: (0..width).filter(|at| blind >> at & 1 == 1).map(|at| model.comparisons[at].name.clone()).collect(),
    };
    if given_all {
        return result;
    }
    for _ in 0..CORRECTIONS {
        let options = Options { fix_u: true, pseudo: 2.0, most_rounds: 300, tolerance: 1e-4 };
        let from = Parameters { m: start.m.clone(), ..result.parameters.clone() };
        let fitted = em::fit_among(&patterns, columns.all_pairs(), &from, &options);
        result.rounds += fitted.rounds;
        result.converged = fitted.converged;
        result.parameters = fitted.parameters;
        result.parameters.u = without_matches(&raw, &totals, result.parameters.prior, &result.parameters.m);
        given(&mut result.parameters);
    }
    result
}

/// One match for every second record: EM finds the way from there.
fn starting_prior(columns: &Columns) -> f64 {
    let records = if columns.one_file { columns.left } else { columns.left.min(columns.right_rows()) };
    (f64::from(records) * 0.5 / columns.all_pairs().max(1.0)).clamp(1e-9, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_one_file_are_all_counted_once() {
        let mut pairs: Vec<(u64, u64)> = (0..4950).map(nth_pair).collect();
        assert!(pairs.iter().all(|(a, b)| a < b && *b < 100));
        pairs.sort_unstable();
        pairs.dedup();
        assert_eq!(pairs.len(), 4950);
    }

    #[test]
    fn shares_to_begin_with_fall_and_add_up() {
        for levels in 2..8 {
            let m = starting_m(levels);
            assert!((m.iter().sum::<f64>() - 1.0).abs() < 1e-12 && m.windows(2).all(|w| w[0] > w[1]), "{m:?}");
        }
    }
}
