//! Random draws. In: a seed and a label. Out: the same draws on every machine and with every version of `rand`.
//!
//! Only the generator comes from a crate; ranges, weights and shuffles are written out here with whole
//! numbers, because sampling code in crates may change between versions and floating mathematics
//! between machines, and the sample data must stay the same to the byte.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of draws. Streams with different labels do not disturb each other: a change in one
/// export leaves the others as they are.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of a seed, a label and a running number.
    pub fn new(seed: u64, label: &str, number: u64) -> Self {
        // FNV-1a: short, fixed, and good enough to tell labels apart.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in label.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&hash.to_le_bytes());
        key[16..24].copy_from_slice(&number.to_le_bytes());
        Dice(ChaCha8Rng::from_seed(key))
    }

    /// A number below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        // Multiply-shift; the bias of 2^-64 · n is far below anything the data could show.
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as usize) as i64
    }

    /// True in `per_million` of 1,000,000 draws.
    pub fn chance(&mut self, per_million: u32) -> bool {
        self.below(1_000_000) < per_million as usize
    }

    /// True in `n` of 100 draws.
    pub fn percent(&mut self, n: u32) -> bool {
        self.chance(n * 10_000)
    }

    /// One of the items; all alike.
    ///
    /// # Panics
    /// When there is no item: a mistake in this program.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// One of the items by its weight.
    pub fn weighted<'a, T>(&mut self, items: &'a [(T, u32)]) -> &'a T {
        let total: u32 = items.iter().map(|(_, w)| w).sum();
        let mut draw = self.below(total as usize) as u32;
        for (item, weight) in items {
            if draw < *weight {
                return item;
            }
            draw -= weight;
        }
        &items[items.len() - 1].0
    }

    /// An index below `n`, early ones more often: a list in the order of frequency, roughly as 1/rank.
    pub fn early(&mut self, n: usize) -> usize {
        let first = self.below(n);
        // The smaller of two draws falls off linearly; a third draw now and then makes the head heavier.
        let second = first.min(self.below(n));
        if self.percent(40) { second.min(self.below(n)) } else { second }
    }

    /// A value between the given quantiles, which stand at equal steps from 0 to 100 %.
    pub fn quantile(&mut self, steps: &[i64]) -> i64 {
        let at = self.below(steps.len() - 1);
        self.between(steps[at], steps[at + 1])
    }

    /// The items in random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_label_and_number() {
        let draws = |label: &str, n| {
            let mut dice = Dice::new(7, label, n);
            (0..8).map(|_| dice.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(draws("a", 1), draws("a", 1));
        assert_ne!(draws("a", 1), draws("b", 1));
        assert_ne!(draws("a", 1), draws("a", 2));
    }

    #[test]
    fn bounds_and_weights_hold() {
        let mut dice = Dice::new(1, "bounds", 0);
        let mut seen = [0u32; 2];
        for _ in 0..10_000 {
            assert!((3..=9).contains(&dice.between(3, 9)));
            assert!((10..=30).contains(&dice.quantile(&[10, 20, 30])));
            seen[*dice.weighted(&[(0usize, 9), (1, 1)])] += 1;
        }
        assert!((800..1200).contains(&seen[1]), "{seen:?}");
    }
}
