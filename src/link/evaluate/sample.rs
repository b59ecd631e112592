//! Pairs for clerical review, drawn so that what people find says how good all links are.
//!
//! Strata are status (linked or not) and bands of match weight. Pairs whose truth is least certain are drawn more often
//! (Neyman's allocation by the weight's own probability), every stratum at least twice, and in each stratum evenly along
//! the weight: nothing is random, the same pairs give the same sample.

use super::estimate::Range;
use super::{Pairs, Status};
use crate::link::pairs::probability;

/// Lower ends of the bands of match weight.
const BANDS: [f32; 6] = [0.0, 5.0, 10.0, 15.0, 20.0, 30.0];
/// Chance of error that a weight is never believed to be below: no weight makes review needless.
const LEAST_DOUBT: f64 = 0.001;

/// One stratum and what was drawn from it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Stratum {
    /// Its name, for example `linked 20-30`.
    pub name: String,
    /// True for links.
    pub linked: bool,
    /// Pairs in it.
    pub size: u64,
    /// Rows of the drawn pairs, heaviest first.
    pub rows: Vec<usize>,
}

/// Draws about `wanted` pairs; all of them when there are no more. Best candidates of two files, all pairs of one.
pub fn sample(pairs: &Pairs, dedupe: bool, wanted: usize) -> Vec<Stratum> {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); 2 * (BANDS.len() + 1)];
    for i in (0..pairs.right.len()).filter(|i| pairs.left[*i].is_some() && (dedupe || pairs.rank[*i] == 1)) {
        let band = BANDS.iter().filter(|b| pairs.weight[i] >= **b).count();
        let linked = usize::from(pairs.status[i] != Status::Linked);
        members[linked * (BANDS.len() + 1) + BANDS.len() - band].push(i);
    }
    let doubt = |rows: &[usize]| {
        let p = rows.iter().map(|i| probability(f64::from(pairs.weight[*i]))).sum::<f64>() / rows.len().max(1) as f64;
        let p = p.clamp(LEAST_DOUBT, 1.0 - LEAST_DOUBT);
        rows.len() as f64 * (p * (1.0 - p)).sqrt()
    };
    let doubts: Vec<f64> = members.iter().map(|m| doubt(m)).collect();
    let whole: f64 = doubts.iter().sum();
    let mut strata = Vec::new();
    for (at, mut rows) in members.into_iter().enumerate().filter(|(_, m)| !m.is_empty()) {
        let linked = at <= BANDS.len();
        let band = BANDS.len() - at % (BANDS.len() + 1);
        let name = match (band.checked_sub(1).map(|b| BANDS[b]), BANDS.get(band)) {
            (Some(from), Some(to)) => format!("{from}-{to}"),
            (Some(from), None) => format!("{from}+"),
            (None, _) => format!("below {}", BANDS[0]),
        };
        let name = format!("{} {name}", if linked { "linked" } else { "not linked" });
        rows.sort_by(|a, b| {
            let ends = |i: usize| (pairs.right[i], pairs.left[i]);
            pairs.weight[*b].total_cmp(&pairs.weight[*a]).then_with(|| ends(*a).cmp(&ends(*b)))
        });
        let share = (wanted as f64 * doubts[at] / whole).round() as usize;
        let take = share.max(2).min(rows.len());
        let drawn = (0..take).map(|k| rows[(2 * k + 1) * rows.len() / (2 * take)]).collect();
        strata.push(Stratum { name, linked, size: rows.len() as u64, rows: drawn });
    }
    strata
}

/// What people found in one stratum.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StratumReview {
    /// Its name.
    pub name: String,
    /// True for links.
    pub linked: bool,
    /// Pairs in it.
    pub size: u64,
    /// Pairs that were decided.
    pub decided: u64,
    /// Of these, the same person.
    pub same: u64,
}

/// What a reviewed sample says of all pairs.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Reviewed {
    /// By stratum.
    pub strata: Vec<StratumReview>,
    /// Share of links that are true; none when no link was looked at.
    pub precision: Option<Range>,
    /// Share of true pairs, among all that came up, that are linked; none when nothing was looked at.
    pub recall_of_compared: Option<Range>,
}

/// Extends a reviewed sample to all pairs: every stratum by its own share, with 95% bounds.
pub fn review(strata: &[StratumReview]) -> Reviewed {
    let total = |linked: bool| {
        let of: Vec<&StratumReview> = strata.iter().filter(|s| s.linked == linked).collect();
        let size: u64 = of.iter().map(|s| s.size).sum();
        let decided: u64 = of.iter().map(|s| s.decided).sum();
        let (mut same, mut variance, mut middle) = (0.0, 0.0, 0.0);
        for s in of.iter().filter(|s| s.decided > 0) {
            let (size, n, x) = (s.size as f64, s.decided as f64, s.same as f64);
            // Agresti and Coull's shift: a stratum in which all are alike is not therefore without error.
            let shifted = (x + 2.0) / (n + 4.0);
            let left = (1.0 - n / size).max(0.0);
            same += size * x / n;
            middle += if left > 0.0 { size * shifted } else { x };
            variance += size * size * shifted * (1.0 - shifted) / (n + 4.0) * left;
        }
        // Strata that nobody looked at may hold anything.
        let unseen: u64 = of.iter().filter(|s| s.decided == 0).map(|s| s.size).sum();
        let reach = 1.96 * variance.sqrt();
        let low = (middle - reach).clamp(0.0, same);
        let high = (middle + reach + unseen as f64).clamp(same, size as f64);
        (size as f64, decided, Range { value: same, low, high })
    };
    let (links, links_decided, true_links) = total(true);
    let (_, others_decided, true_others) = total(false);
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 1.0 };
    let scaled =
        |r: Range| Range { value: share(r.value, links), low: share(r.low, links), high: share(r.high, links) };
    let recall = |links: f64, others: f64| share(links, links + others);
    Reviewed {
        strata: strata.to_vec(),
        precision: (links_decided > 0).then(|| scaled(true_links)),
        recall_of_compared: (links_decided + others_decided > 0).then(|| Range {
            value: recall(true_links.value, true_others.value),
            low: recall(true_links.low, true_others.high),
            high: recall(true_links.high, true_others.low),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reviewed_sample_speaks_for_its_strata() {
        let stratum =
            |name: &str, linked, size, decided, same| StratumReview { name: name.into(), linked, size, decided, same };
        let found = review(&[
            stratum("linked 20-30", true, 900, 50, 50),
            stratum("linked 10-15", true, 100, 20, 15),
            stratum("not linked 0-5", false, 40, 40, 10),
        ]);
        let precision = found.precision.expect("links were looked at");
        assert!((precision.value - 0.975).abs() < 1e-9, "{precision:?}");
        assert!(precision.low > 0.85 && precision.low < 0.97 && precision.high < 1.0 && precision.high > 0.975);
        let recall = found.recall_of_compared.expect("something was looked at");
        assert!((recall.value - 975.0 / 985.0).abs() < 1e-9, "{recall:?}");
        assert_eq!(review(&[]).precision, None);
        // Everything was looked at: no doubt is left.
        let all = review(&[stratum("linked 20-30", true, 4, 4, 3)]).precision.expect("links were looked at");
        assert_eq!((all.low, all.value, all.high), (0.75, 0.75, 0.75));
    }
}
