//! Fellegi–Sunter parameters by EM, without labels.
//!
//! In: how many candidate pairs show each pattern of levels, and parameters to start from. Out: the prior (share of the
//! pairs that are matches) and, for each level of each comparison, its share among matches (m) and among the others (u).
//! A missing level says nothing: it adds no weight and is left out of the shares. The arithmetic runs over patterns in
//! sorted order with plain sums, so the same counts give the same figures to the last bit.

/// A combination of levels and how many pairs show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// Level of each comparison; [`NO_LEVEL`](crate::link::pairs::NO_LEVEL) where a value is missing.
    pub levels: Vec<u8>,
    /// Number of pairs; may be a weighted count.
    pub count: f64,
}

/// What a model knows: the prior and the shares of every level.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// Share of the candidate pairs that are matches.
    pub prior: f64,
    /// Share of each level among matches, by comparison.
    pub m: Vec<Vec<f64>>,
    /// Share of each level among pairs that are not matches, by comparison.
    pub u: Vec<Vec<f64>>,
}

/// How to fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Keep the starting u, for instance because it was counted on random pairs.
    pub fix_u: bool,
    /// How many imagined matches (and, when u is fitted, non-matches) with the starting shares each comparison begins
    /// with: few pairs then move the shares little, and no share becomes zero.
    pub pseudo: f64,
    /// Most rounds.
    pub most_rounds: usize,
    /// Stop when no parameter moved by more.
    pub tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options { fix_u: true, pseudo: 1.0, most_rounds: 200, tolerance: 1e-6 }
    }
}

/// What came of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The parameters of the last round.
    pub parameters: Parameters,
    /// Rounds made.
    pub rounds: usize,
    /// True when the last round moved no parameter by more than the tolerance.
    pub converged: bool,
    /// Natural logarithm of the likelihood of the counts under the parameters before the last round; 0 without pairs.
    pub log_likelihood: f64,
}

/// Shares below this count as this: a weight is never without end.
const SMALLEST: f64 = 1e-9;

impl Parameters {
    /// Natural logarithm of m/u of each level, by comparison.
    fn ratios(&self) -> Vec<Vec<f64>> {
        let ratio = |(m, u): (&f64, &f64)| (m.max(SMALLEST) / u.max(SMALLEST)).ln();
        self.m.iter().zip(&self.u).map(|(m, u)| m.iter().zip(u).map(ratio).collect()).collect()
    }

    /// The probability that a pair with these levels is a match; levels that do not exist say nothing.
    pub fn posterior(&self, levels: &[u8]) -> f64 {
        posterior(log_odds(self.prior), &self.ratios(), levels)
    }
}

fn log_odds(prior: f64) -> f64 {
    let prior = prior.clamp(SMALLEST, 1.0 - SMALLEST);
    (prior / (1.0 - prior)).ln()
}

fn posterior(start: f64, ratios: &[Vec<f64>], levels: &[u8]) -> f64 {
    let told = levels.iter().zip(ratios).filter_map(|(level, ratios)| ratios.get(*level as usize));
    let odds = told.fold(start, |sum, ratio| sum + ratio);
    1.0 / (1.0 + (-odds).exp())
}

/// Shares that are finite, at least [`SMALLEST`] and add up to 1; equal shares when nothing usable is given.
fn shares(given: &[f64]) -> Vec<f64> {
    let clean: Vec<f64> = given.iter().map(|s| if s.is_finite() && *s > 0.0 { *s } else { 0.0 }).collect();
    let total: f64 = clean.iter().sum();
    if total <= 0.0 {
        return vec![1.0 / given.len().max(1) as f64; given.len()];
    }
    let floored: Vec<f64> = clean.iter().map(|s| (s / total).max(SMALLEST)).collect();
    let total: f64 = floored.iter().sum();
    floored.iter().map(|s| s / total).collect()
}

/// Counts of one side (matches or others), by comparison and level.
struct Tally(Vec<Vec<f64>>);

impl Tally {
    fn like(shares: &[Vec<f64>]) -> Tally {
        Tally(shares.iter().map(|levels| vec![0.0; levels.len()]).collect())
    }

    fn add(&mut self, levels: &[u8], counts_for: u32, count: f64) {
        for (at, (counts, level)) in self.0.iter_mut().zip(levels).enumerate() {
            let counts_here = at >= 32 || counts_for >> at & 1 == 1;
            if let Some(slot) = counts.get_mut(*level as usize).filter(|_| counts_here) {
                *slot += count;
            }
        }
    }

    /// The shares with `pseudo` imagined pairs of the starting shares; the starting ones where nothing was counted.
    fn shares(&self, start: &[Vec<f64>], pseudo: f64) -> Vec<Vec<f64>> {
        let share = |(counts, start): (&Vec<f64>, &Vec<f64>)| {
            let counted: f64 = counts.iter().sum();
            if counted + pseudo <= SMALLEST {
                return start.clone();
            }
            shares(&counts.iter().zip(start).map(|(c, s)| c + pseudo * s).collect::<Vec<_>>())
        };
        self.0.iter().zip(start).map(share).collect()
    }
}

/// Largest difference between two sets of shares.
fn moved(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Fits the parameters to the patterns.
///
/// The prior and m are fitted, and u unless `fix_u`. Starting shares are brought to a sum of 1 first. Nothing forces a
/// better level to weigh more: where it does not, the data or the comparison deserve a look.
pub fn fit(patterns: &[Pattern], start: &Parameters, options: &Options) -> Fitted {
    let seen = |p: &Pattern| Seen { pattern: p.clone(), counts_for: u32::MAX, known: false };
    fit_among(&patterns.iter().map(seen).collect::<Vec<_>>(), 0.0, start, options)
}

/// A pattern among pairs that blocking brought together.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The levels and how many pairs show them.
    pub pattern: Pattern,
    /// Comparisons whose shares these pairs may move, as bits. A pair that met because a value agrees says nothing of how
    /// often that value agrees.
    pub counts_for: u32,
    /// True when these pairs are known to be matches.
    pub known: bool,
}

/// Like [`fit`], for pairs that blocking brought together out of `all_pairs`: those it did not count as no matches, so
/// that u of random pairs is right for all of them. The prior is the share of matches among `all_pairs`.
pub fn fit_among(seen: &[Seen], all_pairs: f64, start: &Parameters, options: &Options) -> Fitted {
    let mut seen: Vec<&Seen> = seen.iter().filter(|s| s.pattern.count.is_finite() && s.pattern.count > 0.0).collect();
    let order = |s: &Seen| (s.pattern.levels.clone(), s.counts_for, s.known);
    seen.sort_by(|a, b| order(a).cmp(&order(b)).then(a.pattern.count.total_cmp(&b.pattern.count)));
    let start = Parameters {
        prior: if start.prior.is_finite() { start.prior.clamp(SMALLEST, 1.0 - SMALLEST) } else { 0.5 },
        m: start.m.iter().map(|s| shares(s)).collect(),
        u: start.u.iter().map(|s| shares(s)).collect(),
    };
    let pseudo = if options.pseudo.is_finite() { options.pseudo.max(0.0) } else { 0.0 };
    let total = seen.iter().map(|s| s.pattern.count).sum::<f64>().max(all_pairs);
    let mut fitted = Fitted { parameters: start.clone(), rounds: 0, converged: seen.is_empty(), log_likelihood: 0.0 };
    while !fitted.converged && fitted.rounds < options.most_rounds {
        let now = &fitted.parameters;
        let (odds, ratios) = (log_odds(now.prior), now.ratios());
        let (mut matches, mut others) = (Tally::like(&start.m), Tally::like(&start.u));
        let (mut expected, mut likelihood) = (0.0, 0.0);
        for Seen { pattern, counts_for, known } in seen.iter().copied() {
            let p = if *known { 1.0 } else { posterior(odds, &ratios, &pattern.levels) };
            expected += p * pattern.count;
            matches.add(&pattern.levels, *counts_for, p * pattern.count);
            others.add(&pattern.levels, *counts_for, (1.0 - p) * pattern.count);
            likelihood += pattern.count * log_likelihood(now, &pattern.levels);
        }
        let next = Parameters {
            prior: (expected / total).clamp(SMALLEST, 1.0 - SMALLEST),
            m: matches.shares(&start.m, pseudo),
            u: if options.fix_u { start.u.clone() } else { others.shares(&start.u, pseudo) },
        };
        // A prior far below 1 moves little even when it doubles: what counts is how much of itself it moves.
        let prior_step = (now.prior - next.prior).abs() / next.prior.max(now.prior);
        let step = moved(&now.m, &next.m).max(moved(&now.u, &next.u)).max(prior_step);
        fitted.converged = step <= options.tolerance;
        fitted.log_likelihood = likelihood;
        fitted.parameters = next;
        fitted.rounds += 1;
    }
    fitted
}

/// Natural logarithm of the probability of a pattern.
fn log_likelihood(parameters: &Parameters, levels: &[u8]) -> f64 {
    let side = |start: f64, shares: &[Vec<f64>]| {
        let told = levels.iter().zip(shares).filter_map(|(level, shares)| shares.get(*level as usize));
        told.fold(start.max(SMALLEST).ln(), |sum, share| sum + share.max(SMALLEST).ln())
    };
    let (a, b) = (side(parameters.prior, &parameters.m), side(1.0 - parameters.prior, &parameters.u));
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    high + (low - high).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::pairs::NO_LEVEL;

    /// All patterns of the comparisons with their expected counts under known parameters.
    fn simulated(truth: &Parameters, pairs: f64) -> Vec<Pattern> {
        let mut patterns = vec![(Vec::new(), truth.prior, 1.0 - truth.prior)];
        for (m, u) in truth.m.iter().zip(&truth.u) {
            let with = |(levels, a, b): &(Vec<u8>, f64, f64)| {
                let (levels, a, b) = (levels.clone(), *a, *b);
                (0..m.len()).map(|l| ([levels.clone(), vec![l as u8]].concat(), a * m[l], b * u[l])).collect::<Vec<_>>()
            };
            patterns = patterns.iter().flat_map(with).collect();
        }
        patterns.into_iter().map(|(levels, a, b)| Pattern { levels, count: pairs * (a + b) }).collect()
    }

    fn truth() -> Parameters {
        Parameters {
            prior: 0.04,
            m: vec![vec![0.9, 0.07, 0.03], vec![0.85, 0.15], vec![0.7, 0.2, 0.1], vec![0.95, 0.05]],
            u: vec![vec![0.01, 0.04, 0.95], vec![0.1, 0.9], vec![0.002, 0.01, 0.988], vec![0.3, 0.7]],
        }
    }

    fn start() -> Parameters {
        let truth = truth();
        let m = truth.m.iter().map(|m| [&[0.8][..], &vec![0.2 / (m.len() - 1) as f64; m.len() - 1]].concat());
        Parameters { prior: 0.01, m: m.collect(), u: truth.u.clone() }
    }

    #[test]
    fn known_parameters_are_found_again() {
        let patterns = simulated(&truth(), 1e6);
        let options = Options { pseudo: 0.0, tolerance: 1e-9, most_rounds: 2000, ..Options::default() };
        for fix_u in [true, false] {
            let fitted = fit(&patterns, &start(), &Options { fix_u, ..options });
            assert!(fitted.converged, "{fitted:?}");
            let found = &fitted.parameters;
            assert!((found.prior - 0.04).abs() < 1e-4, "{found:?}");
            assert!(moved(&found.m, &truth().m) < 1e-3, "{found:?}");
            assert!(moved(&found.u, &truth().u) < 1e-3, "{found:?}");
        }
    }

    #[test]
    fn the_likelihood_never_falls() {
        let patterns = simulated(&truth(), 1e4);
        let at = |rounds| {
            let options = Options { fix_u: false, pseudo: 0.0, most_rounds: rounds, tolerance: 0.0 };
            fit(&patterns, &start(), &options).log_likelihood
        };
        let course: Vec<f64> = (1..30).map(at).collect();
        assert!(course.windows(2).all(|w| w[1] >= w[0] - 1e-6), "{course:?}");
        assert!(course[28] > course[0], "{course:?}");
    }

    #[test]
    fn missing_levels_change_nothing() {
        let whole = simulated(&truth(), 1e6);
        // Half of the pairs lack the first value, whatever they are: the shares of the first must stay.
        let halves = whole.iter().flat_map(|p| {
            let lacking = Pattern { levels: [&[NO_LEVEL][..], &p.levels[1..]].concat(), count: p.count / 2.0 };
            [Pattern { count: p.count / 2.0, ..p.clone() }, lacking]
        });
        let options = Options { pseudo: 0.0, tolerance: 1e-9, most_rounds: 2000, ..Options::default() };
        let fitted = fit(&halves.collect::<Vec<_>>(), &start(), &options);
        assert!(moved(&fitted.parameters.m, &truth().m) < 2e-3, "{fitted:?}");
    }

    #[test]
    fn pairs_that_met_by_a_value_say_nothing_of_how_often_it_agrees() {
        // Two passes, on the first and on the third comparison; what neither brings is not seen.
        let seen: Vec<Seen> = simulated(&truth(), 1e6)
            .into_iter()
            .filter(|p| p.levels[0] == 0 || p.levels[2] == 0)
            .map(|pattern| {
                let (first, third) = (pattern.levels[0] == 0, pattern.levels[2] == 0);
                let counts_for = u32::from(third) | u32::from(first) << 2 | 0b1010;
                Seen { pattern, counts_for, known: false }
            })
            .collect();
        let options = Options { pseudo: 0.0, tolerance: 1e-9, most_rounds: 5000, ..Options::default() };
        let fitted = fit_among(&seen, 1e6, &start(), &options).parameters;
        assert!(moved(&fitted.m, &truth().m) < 2e-2, "{fitted:?}");
        // 97 in 100 matches agree on one of the two; all others count as no match.
        assert!((fitted.prior - 0.04 * 0.97).abs() < 2e-3, "{fitted:?}");
        let naive = seen.iter().map(|s| Seen { counts_for: u32::MAX, ..s.clone() }).collect::<Vec<_>>();
        let naive = fit_among(&naive, 1e6, &start(), &options).parameters;
        assert!(naive.m[2][0] > truth().m[2][0] + 0.01, "without care the share comes out too high: {naive:?}");
    }

    #[test]
    fn known_matches_count_as_such() {
        let level =
            |l: u8, known| Seen { pattern: Pattern { levels: vec![l], count: 50.0 }, counts_for: u32::MAX, known };
        let start = Parameters { prior: 0.001, m: vec![vec![0.99, 0.01]], u: vec![vec![0.5, 0.5]] };
        let options = Options { pseudo: 0.0, ..Options::default() };
        let fitted = fit_among(&[level(0, true), level(1, true)], 1e6, &start, &options).parameters;
        assert!((fitted.m[0][1] - 0.5).abs() < 1e-6, "{fitted:?}");
    }

    #[test]
    fn order_of_patterns_does_not_matter() {
        let patterns = simulated(&truth(), 12345.0);
        let turned: Vec<Pattern> = patterns.iter().rev().cloned().collect();
        assert_eq!(fit(&patterns, &start(), &Options::default()), fit(&turned, &start(), &Options::default()));
    }

    #[test]
    fn levels_nobody_shows_keep_their_starting_shares_and_stay_finite() {
        let only = vec![Pattern { levels: vec![0, NO_LEVEL, 0, 0], count: 10.0 }];
        for pseudo in [0.0, 1.0] {
            let fitted = fit(&only, &start(), &Options { pseudo, fix_u: false, ..Options::default() });
            let p = &fitted.parameters;
            assert!(p.m.iter().chain(&p.u).flatten().all(|s| s.is_finite() && *s > 0.0), "{p:?}");
            assert!(moved(&p.m[1..2], &start().m[1..2]) < 1e-12, "{p:?}");
            assert!(p.posterior(&[0, 0, 0, 0]).is_finite());
        }
    }

    #[test]
    fn nothing_and_nonsense_do_no_harm() {
        let fitted = fit(&[], &start(), &Options::default());
        assert_eq!((fitted.rounds, fitted.converged, fitted.parameters), (0, true, start()));
        let odd = Parameters {
            prior: f64::NAN,
            m: vec![vec![0.0, 0.0], vec![f64::NAN, 1.0]],
            u: vec![vec![1.0, 0.0], vec![f64::INFINITY, -1.0]],
        };
        let patterns = [
            Pattern { levels: vec![0, 9], count: 3.0 },
            Pattern { levels: vec![1, 1], count: f64::NAN },
            Pattern { levels: vec![1, 0], count: 2.0 },
        ];
        let p = fit(&patterns, &odd, &Options { pseudo: f64::NAN, fix_u: false, ..Options::default() }).parameters;
        assert!(p.m.iter().chain(&p.u).flatten().all(|s| s.is_finite() && *s > 0.0), "{p:?}");
        assert!(p.prior > 0.0 && p.prior < 1.0);
    }
}
