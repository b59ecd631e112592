//! The match weight of a pair: the prior and, for each comparison, what its level is worth.

use super::columns::Columns;
use super::measure::{Comparators, Levels};
use crate::link::em::Parameters;
use crate::link::pairs::NO_LEVEL;
use crate::plan::GenericModel;

/// Equal values weigh at least as much as this share of what they weigh on average… in bits below zero never.
const LEAST_SHARE: f64 = 1e-7;

/// Weights of all levels.
pub(super) struct Weights<'c> {
    columns: &'c Columns,
    comparators: &'c Comparators<'c>,
    prior: f64,
    /// log2 of m/u, by comparison and level.
    levels: Vec<Vec<f64>>,
    /// For comparisons whose equal values weigh by how rare they are: log2 of u of equality.
    rarity: Vec<Option<f64>>,
}

impl<'c> Weights<'c> {
    pub(super) fn new(
        model: &GenericModel,
        columns: &'c Columns,
        comparators: &'c Comparators<'c>,
        parameters: &Parameters,
    ) -> Self {
        let odds = (parameters.prior / (1.0 - parameters.prior)).log2();
        let weight = |(m, u): (&f64, &f64)| (m / u).log2();
        let levels = parameters.m.iter().zip(&parameters.u);
        let levels = levels.map(|(m, u)| m.iter().zip(u).map(weight).collect()).collect();
        let rarity = model.comparisons.iter().zip(&parameters.u);
        let rarity = rarity.map(|(c, u)| c.term_frequency.then(|| u[0].log2())).collect();
        Weights { columns, comparators, prior: odds, levels, rarity }
    }

    /// What one level weighs for a pair.
    pub(super) fn of(&self, comparison: usize, a: u32, b: u32, levels: Levels) -> f64 {
        let level = levels.get(comparison);
        if level == NO_LEVEL {
            return 0.0;
        }
        let weight = self.levels[comparison][level as usize];
        match (level, self.rarity[comparison]) {
            (0, Some(usual)) => weight + usual - self.commonness(comparison, a, b, levels),
            _ => weight,
        }
    }

    /// log2 of how common the value is that both rows have.
    fn commonness(&self, comparison: usize, a: u32, b: u32, levels: Levels) -> f64 {
        let Some(values) = self.comparators.compared_values(comparison, a, b, levels) else { return 0.0 };
        let share = values.iter().map(|(column, value)| self.columns.share(*column, *value)).fold(0.0, f64::max);
        share.max(LEAST_SHARE).log2()
    }

    /// The match weight.
    pub(super) fn total(&self, a: u32, b: u32, levels: Levels) -> f64 {
        (0..self.levels.len()).fold(self.prior, |sum, comparison| sum + self.of(comparison, a, b, levels))
    }
}
