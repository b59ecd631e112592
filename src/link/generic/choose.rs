//! Blocking passes for a model that names none: every column, or two together, that brings few enough pairs.

use super::columns::{Columns, MISSING};
use crate::plan::{GenericModel, Key, Measure, Pass, Take};

/// A pass may bring so many pairs per row.
const PAIRS_PER_ROW: f64 = 20.0;
/// It may always bring so many.
const FEW: f64 = 100_000.0;

/// Chooses passes from how many pairs each compared column brings.
pub(super) fn passes(model: &GenericModel, columns: &Columns) -> Vec<Pass> {
    let budget = (f64::from(columns.rows) * PAIRS_PER_ROW).max(FEW);
    let mut compared: Vec<usize> = Vec::new();
    for comparison in model.comparisons.iter().filter(|c| c.measure != Measure::ColumnsSwapped) {
        if !compared.contains(&comparison.columns[0]) {
            compared.push(comparison.columns[0]);
        }
    }
    let mut passes: Vec<Pass> = Vec::new();
    let mut broad = Vec::new();
    for column in compared {
        match brought(columns, &[column], model.max_block) {
            n if n <= 0.0 => {}
            n if n <= budget => passes.push(pass(model, &[column])),
            _ => broad.push(column),
        }
    }
    for (at, a) in broad.iter().enumerate() {
        for b in &broad[at + 1..] {
            let n = brought(columns, &[*a, *b], model.max_block);
            if n > 0.0 && n <= budget && passes.len() < 24 {
                passes.push(pass(model, &[*a, *b]));
            }
        }
    }
    for swap in model.comparisons.iter().filter(|c| c.measure == Measure::ColumnsSwapped) {
        let names: Vec<&str> = swap.columns.iter().map(|c| model.columns[*c].name.as_str()).collect();
        let name = format!("sorted({})", names.join(", "));
        let keys = vec![Key { columns: swap.columns.clone(), take: Take::Sorted }];
        passes.push(Pass { written: vec![name.clone()], name, keys, place: swap.place.clone() });
    }
    passes
}

fn pass(model: &GenericModel, columns: &[usize]) -> Pass {
    let written: Vec<String> = columns.iter().map(|c| model.columns[*c].name.clone()).collect();
    Pass {
        name: written.join(" + "),
        written,
        keys: columns.iter().map(|c| Key { columns: vec![*c], take: Take::Whole }).collect(),
        place: model.place.clone(),
    }
}

/// How many pairs agree on all of some columns, those of too large blocks left out. A column of which most pairs lie in
/// such blocks counts as one that brings too many.
fn brought(columns: &Columns, wanted: &[usize], max_block: usize) -> f64 {
    let value = |column: usize, row: usize| columns.columns[column].values[row];
    let mut keys: Vec<(u64, bool)> = (0..columns.rows as usize)
        .filter(|row| wanted.iter().all(|c| value(*c, *row) != MISSING))
        .map(|row| {
            (wanted.iter().fold(0, |key, c| key << 32 | u64::from(value(*c, row))), row >= columns.left as usize)
        })
        .collect();
    keys.sort_unstable();
    let (mut kept, mut lost) = (0.0, 0.0);
    for run in keys.chunk_by(|a, b| a.0 == b.0) {
        let right = run.iter().filter(|(_, right)| *right).count();
        let (l, r) = ((run.len() - right) as f64, right as f64);
        let pairs = if columns.one_file { l * (l - 1.0) / 2.0 } else { l * r };
        *(if right.max(run.len() - right) > max_block { &mut lost } else { &mut kept }) += pairs;
    }
    if lost > kept { f64::INFINITY } else { kept }
}
