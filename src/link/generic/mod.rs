//! Linkage of any columns by a model of the `generic` family.
//!
//! | in | out |
//! |---|---|
//! | a model, the rows of one or two files as [`Columns`] | [`Found`]: the listed pairs, the fitted model, what to tell |
//!
//! | module | what it knows |
//! |---|---|
//! | `columns`, `clean` | rows as numbers of distinct values |
//! | `dates`, `sound`, `measure` | how two values agree |
//! | `choose`, `block` | which rows are compared |
//! | `estimate`, `score` | what agreement is worth |
//! | `settle`, `dedupe` | the state of each record; clusters |

mod block;
mod choose;
mod clean;
mod columns;
mod dates;
mod dedupe;
mod estimate;
mod measure;
mod score;
mod settle;
mod sound;
#[cfg(test)]
mod tests;

pub use block::PassCount;
pub use columns::Columns;
pub use estimate::Estimated;

use block::{Blocks, Met};
use estimate::Patterns;
use measure::{Comparators, Levels};
use score::Weights;

use crate::diag::{Diagnostic, Place};
use crate::link::pairs::{Compared, NO_LEVEL, Pairs, Status};
use crate::plan::{GenericModel, Pass};

/// Pairs whose levels are kept between estimating and weighing; more are compared twice, so that memory stays bounded.
const KEPT: u64 = 3_000_000;
/// Pairs that EM looks at, at most about so many.
const LOOKED_AT: u64 = 1_000_000;
/// Pairs above which people should know that it will take time.
const MANY: u64 = 200_000_000;
/// Most pairs that may be compared at all.
const MOST: u64 = 20_000_000_000;

/// A weighed pair; `a` is the row of the left side, or the earlier row of the one file.
#[derive(Debug, Clone, Copy)]
struct Scored {
    a: u32,
    b: u32,
    passes: u32,
    weight: f32,
    levels: Levels,
}

/// What linkage found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The listed pairs.
    pub pairs: Pairs,
    /// The model with everything that was estimated.
    pub fitted: GenericModel,
    /// How the estimation went.
    pub estimated: Estimated,
    /// What each pass brought.
    pub passes: Vec<PassCount>,
    /// Pairs compared.
    pub compared: u64,
    /// What is doubtful.
    pub problems: Vec<Diagnostic>,
}

/// Links two files, or finds the duplicates of one, as `columns` was made for.
///
/// `labels` are known matches (rows of the left and the right side, or two rows of the one file); they count into the
/// estimates. The outcome depends on rows, model and labels alone, not on the number of threads.
///
/// # Errors
/// Every reason why comparing would be of no use.
pub fn link(model: &GenericModel, columns: &Columns, labels: &[(u32, u32)]) -> Result<Found, Vec<Diagnostic>> {
    let mut problems = check_columns(model, columns);
    if problems.iter().any(Diagnostic::is_error) {
        return Err(problems);
    }
    let chosen = if model.passes.is_empty() { choose::passes(model, columns) } else { model.passes.clone() };
    let blocks = Blocks::new(model, &chosen, columns);
    problems.extend(check_passes(model, &chosen, &blocks, columns));
    if problems.iter().any(Diagnostic::is_error) {
        return Err(problems);
    }
    let comparators = Comparators::new(model, columns);
    let free: Vec<u32> = chosen.iter().map(|pass| estimate::free_of(model, pass)).collect();
    let kept = blocks.most() <= KEPT;
    // Every k-th pair, told by a number made of its rows: the same ones however the work is divided.
    let every = if kept { 1 } else { blocks.most().div_ceil(LOOKED_AT) };
    let looked: Vec<(Met, Levels)> = blocks.collect(|met| {
        let number = u64::from(met.a) << 32 | u64::from(met.b);
        (every == 1 || estimate::scatter(number).is_multiple_of(every)).then(|| (met, comparators.levels(met.a, met.b)))
    });
    let mut patterns = Patterns::new();
    for (met, levels) in &looked {
        *patterns.entry((*levels, estimate::counts_for(*met, &free))).or_insert(0) += 1;
    }
    let mut known = Patterns::new();
    for (a, b) in rows_of(labels, columns) {
        *known.entry((comparators.levels(a, b), u32::MAX)).or_insert(0) += 1;
    }
    let estimated = estimate::estimate(model, columns, &comparators, &patterns, 1.0 / every as f64, &known);
    problems.extend(check_estimates(model, &estimated));
    let weights = Weights::new(model, columns, &comparators, &estimated.parameters);
    let score = |met: Met, levels: Levels| {
        let weight = weights.total(met.a, met.b, levels) as f32;
        let listed = f64::from(weight) >= model.possible_at.min(model.linked_at);
        listed.then_some(Scored { a: met.a, b: met.b, passes: met.passes, weight, levels })
    };
    let (scored, compared) = if kept {
        (looked.iter().filter_map(|(met, levels)| score(*met, *levels)).collect::<Vec<_>>(), looked.len() as u64)
    } else {
        drop(looked);
        (blocks.collect(|met| score(met, comparators.levels(met.a, met.b))), blocks.most())
    };
    let listing = Listing { model, columns, comparators: &comparators, weights: &weights, passes: &chosen };
    let pairs = if columns.one_file { dedupe::pairs(&listing, scored) } else { settle::pairs(&listing, scored) };
    let mut fitted = model.clone();
    fitted.passes = chosen;
    fitted.prior = Some(estimated.parameters.prior);
    for (at, comparison) in fitted.comparisons.iter_mut().enumerate() {
        comparison.m = Some(estimated.parameters.m[at].clone());
        comparison.u = Some(estimated.parameters.u[at].clone());
    }
    Ok(Found { pairs, fitted, estimated, passes: blocks.counts, compared, problems })
}

/// Labels as rows of [`Columns`].
fn rows_of<'l>(labels: &'l [(u32, u32)], columns: &'l Columns) -> impl Iterator<Item = (u32, u32)> + 'l {
    labels.iter().map(|(a, b)| if columns.one_file { (*a.min(b), *a.max(b)) } else { (*a, columns.left + *b) })
}

fn check_columns(model: &GenericModel, columns: &Columns) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let sides = [("left", columns.left_rows()), ("right", columns.right_rows())];
    let sides = if columns.one_file { &sides[..1] } else { &sides[..] };
    for (side, rows) in sides {
        let least = if columns.one_file { 2 } else { 1 };
        if *rows < least {
            let message = format!("the {side} file has {rows} row(s): there is nothing to compare");
            let problem = Diagnostic::error("link.empty_side", message, Place::default());
            problems.push(problem.hint("check that the right file was given and that its rows lie below the headings"));
        }
    }
    if !problems.is_empty() {
        return problems;
    }
    for (at, column) in model.columns.iter().enumerate() {
        for (side, share) in ["left", "right"].iter().zip(columns.filled(at)).take(sides.len()) {
            if share == 0.0 {
                let message = format!("column `{}` has no value in the {side} file: it tells nothing", column.name);
                let problem = Diagnostic::warning("link.empty_column", message, column.place.clone());
                problems.push(problem.hint("check its heading, its cleaning and the values that count as missing"));
            }
        }
    }
    problems
}

fn check_passes(model: &GenericModel, passes: &[Pass], blocks: &Blocks, columns: &Columns) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (pass, count) in passes.iter().zip(&blocks.counts) {
        if count.left_out.0 > 0 {
            let (blocks, pairs) = count.left_out;
            let message = format!(
                "the pass `{}` leaves out {blocks} block(s) of more than {} records, {pairs} pairs in all",
                count.name, model.max_block
            );
            let problem = Diagnostic::warning("link.large_block", message, pass.place.clone());
            problems.push(problem.hint("add a key to the pass, count common stand-ins as missing, or raise max_block"));
        } else if count.pairs == 0 {
            let message = format!("the pass `{}` brings no pair together", count.name);
            let problem = Diagnostic::warning("link.pass_nothing", message, pass.place.clone());
            problems.push(problem.hint("check that both files write these columns in the same way, or clean them"));
        }
    }
    let pairs = blocks.most();
    if pairs == 0 {
        let problem =
            Diagnostic::error("link.blocking_nothing", "blocking brings no pair together", model.place.clone());
        problems.push(problem.hint("name broader keys, such as phonetic(surname) or year(birth_date)"));
    } else if pairs > MOST {
        let message = format!("blocking brings {pairs} pairs together, more than {MOST}");
        let problem = Diagnostic::error("link.blocking_too_much", message, model.place.clone());
        problems.push(problem.hint("add keys to the passes that bring most, or lower max_block"));
    } else if pairs > MANY && pairs as f64 > 500.0 * f64::from(columns.rows) {
        let message = format!("blocking brings {pairs} pairs together: this will take long");
        let problem = Diagnostic::warning("link.blocking_wide", message, model.place.clone());
        problems.push(problem.hint("add keys to the passes that bring most"));
    }
    problems
}

fn check_estimates(model: &GenericModel, estimated: &Estimated) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for name in &estimated.guessed {
        let message = format!("every pass looks at the column of `{name}`: how often matches agree on it is a guess");
        let place = model.comparisons.iter().find(|c| c.name == *name).map(|c| c.place.clone()).unwrap_or_default();
        let problem = Diagnostic::warning("link.unfree_comparison", message, place);
        problems.push(problem.hint("add a pass without that column"));
    }
    if !estimated.converged {
        let message = "the estimates had not come to rest when the rounds were used up";
        problems.push(Diagnostic::warning("link.not_converged", message, model.place.clone()));
    }
    problems
}

/// What listing pairs needs.
struct Listing<'l> {
    model: &'l GenericModel,
    columns: &'l Columns,
    comparators: &'l Comparators<'l>,
    weights: &'l Weights<'l>,
    passes: &'l [Pass],
}

/// One row of the output before it is written into columns.
struct Line {
    pair: Option<Scored>,
    /// Row of the right side (of the one file, the later row).
    right: u32,
    status: Status,
    rank: u32,
    margin: Option<f32>,
    cluster: Option<u32>,
}

impl Listing<'_> {
    /// Columns of the output.
    fn columns(&self, lines: &[Line]) -> Pairs {
        let mut pairs = Pairs {
            passes: self.passes.iter().map(|p| p.name.clone()).chain([dedupe::BY_CLUSTER.to_string()]).collect(),
            ..Pairs::default()
        };
        let by_cluster = self.passes.len() as u8;
        for line in lines {
            let pass = |p: Scored| if p.passes == 0 { by_cluster } else { p.passes.trailing_zeros() as u8 };
            pairs.left.push(line.pair.map(|p| p.a));
            pairs.right.push(line.right);
            pairs.status.push(line.status);
            pairs.rank.push(line.rank);
            pairs.weight.push(line.pair.map_or(0.0, |p| p.weight));
            pairs.margin.push(line.margin);
            pairs.pass.push(line.pair.map_or(by_cluster, pass));
            if self.columns.one_file {
                pairs.cluster.push(line.cluster);
            }
        }
        for (at, comparison) in self.model.comparisons.iter().enumerate() {
            let mut compared =
                Compared { name: comparison.name.clone(), words: comparison.levels(), ..Compared::default() };
            for line in lines {
                let level = line.pair.map_or(NO_LEVEL, |p| p.levels.get(at));
                let weight = line.pair.map_or(0.0, |p| self.weights.of(at, p.a, p.b, p.levels));
                compared.level.push(level);
                compared.weight.push(weight as f32);
            }
            pairs.compared.push(compared);
        }
        pairs
    }
}
