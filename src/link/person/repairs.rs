//! The numbers one keying error away from a number that fails its check, the likeliest error first.
//!
//! In: characters of a failing number, changed in one place. Out: [`Repairs`]. The check digit speaks for one repair in
//! eleven, the birth date for fewer still; what is left is ordered by how easily the error is made.

use super::numbers::{CHECKS, NONE, UNREADABLE, WEIGHTS, check_sum, checks, date_of, old_to_new, pack_digits};

/// The most numbers that one error apart there can be: an old number of 14 digits lacks one of 10 in 15 places.
const MOST_REPAIRS: usize = 160;

/// Numbers with a right check digit one keying error away, the likeliest error first.
#[derive(Debug, Clone)]
pub struct Repairs {
    count: usize,
    /// Cost of the error and number.
    ranked: [(u8, u64); MOST_REPAIRS],
}

impl Repairs {
    /// None yet.
    pub fn none() -> Repairs {
        Repairs { count: 0, ranked: [(0, NONE); MOST_REPAIRS] }
    }

    /// The numbers in their order.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        self.ranked[..self.count].iter().map(|(_, number)| *number)
    }

    fn push(&mut self, cost: u8, packed: u64) {
        if self.count < MOST_REPAIRS {
            self.ranked[self.count] = (cost, packed);
            self.count += 1;
        }
    }

    /// Keeps 18 characters if they check and hold a date.
    pub fn keep(&mut self, number: &[u8], cost: u8) {
        if number.len() == 18
            && checks(number)
            && date_of(&number[6..14]).is_some()
            && let Some(packed) = pack_digits(number)
        {
            self.push(cost, packed);
        }
    }

    /// Keeps 17 digits, to which the check character is supplied.
    pub fn keep_body(&mut self, body: &[u8], cost: u8) {
        if body.len() != 17 || body.iter().any(|d| *d > 9) {
            return;
        }
        let number = with(body, 17, CHECKS[check_sum(body)]);
        self.keep(&number, cost);
    }

    /// Keeps the number that an old one of 15 digits became.
    pub fn keep_old(&mut self, old: &[u8], cost: u8) {
        if let Some(number) = old_to_new(old) {
            self.keep_body(&number, cost);
        }
    }

    /// Orders by cost, then number; of two ways to one number the cheaper stays.
    pub fn rank(&mut self) {
        let found = &mut self.ranked[..self.count];
        found.sort_unstable_by_key(|(cost, number)| (*number, *cost));
        let mut kept = 0;
        for i in 0..found.len() {
            if i == 0 || found[i].1 != found[kept - 1].1 {
                found[kept] = found[i];
                kept += 1;
            }
        }
        found[..kept].sort_unstable();
        self.count = kept;
    }
}

/// Every number that differs in one character or in two neighbours' order, with its cost.
pub fn one_change(digits: &[u8], keep: &mut dyn FnMut(&[u8], u8)) {
    let mut changed = [0; 19];
    let changed = &mut changed[..digits.len()];
    changed.copy_from_slice(digits);
    for at in 0..digits.len() {
        for d in 0..=10 {
            if d != digits[at] {
                changed[at] = d;
                keep(changed, replaced(digits[at], d));
            }
        }
        changed[at] = digits[at];
    }
    swaps(changed, keep);
}

/// Weight of each of the 18 characters; a number checks when their weighted sum leaves one (ISO 7064 MOD 11-2).
fn weight(at: usize) -> u32 {
    WEIGHTS.get(at).copied().unwrap_or(1)
}

/// What has to be added in one place of 18 characters, modulo 11, for the number to check.
pub fn missing_to_check(digits: &[u8], at: usize) -> u8 {
    /// Inverses modulo 11.
    const INVERSE: [u32; 11] = [0, 1, 6, 4, 3, 9, 2, 8, 7, 5, 10];
    let sum: u32 = digits.iter().enumerate().map(|(i, d)| weight(i) * u32::from(*d)).sum();
    ((12 - sum % 11) * INVERSE[weight(at) as usize % 11] % 11) as u8
}

/// As [`one_change`] of 18 characters, but for changes after which the check cannot be right: one character in eleven is
/// left of each place.
pub fn one_change_that_checks(digits: &[u8], keep: &mut dyn FnMut(&[u8], u8)) {
    let mut changed = [0; 18];
    changed.copy_from_slice(&digits[..18]);
    for at in 0..18 {
        let right = (digits[at] + missing_to_check(digits, at)) % 11;
        if right != digits[at] {
            changed[at] = right;
            keep(&changed, replaced(digits[at], right));
            changed[at] = digits[at];
        }
    }
    swaps(&mut changed, keep);
}

/// Every order of two neighbours that are not the same.
fn swaps(changed: &mut [u8], keep: &mut dyn FnMut(&[u8], u8)) {
    for at in 1..changed.len() {
        if changed[at] != changed[at - 1] {
            changed.swap(at - 1, at);
            keep(changed, 0);
            changed.swap(at - 1, at);
        }
    }
}

/// What it costs to have written one character for another: little for those that look alike or lie side by side.
fn replaced(wrong: u8, right: u8) -> u8 {
    let pair = (wrong.min(right), wrong.max(right));
    match pair {
        (_, UNREADABLE) => 0,
        (1, 7) | (0, 6) | (0, 8) | (3, 8) | (5, 6) | (6, 8) | (4, 9) | (2, 7) | (3, 5) | (0, 9) => 1,
        (a, b) if b <= 9 && b - a == 1 => 1,
        _ => 2,
    }
}

/// What it costs to have left a character out: little for one of a run.
pub fn lengthened(digits: &[u8], at: usize, lost: u8) -> u8 {
    let of_a_run = digits.get(at) == Some(&lost) || at > 0 && digits[at - 1] == lost;
    if of_a_run { 0 } else { 2 }
}

/// What it costs to have written a character too many: little for one that was struck twice.
pub fn shortened(digits: &[u8], at: usize) -> u8 {
    let twice = digits.get(at + 1) == Some(&digits[at]) || at > 0 && digits[at - 1] == digits[at];
    if twice { 0 } else { 2 }
}

/// Up to twenty characters of a number, in place.
pub struct Digits {
    length: usize,
    digits: [u8; 20],
}

impl std::ops::Deref for Digits {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.digits[..self.length]
    }
}

/// The characters without one of them.
pub fn without(digits: &[u8], at: usize) -> Digits {
    let mut shorter = Digits { length: digits.len() - 1, digits: [0; 20] };
    shorter.digits[..at].copy_from_slice(&digits[..at]);
    shorter.digits[at..digits.len() - 1].copy_from_slice(&digits[at + 1..]);
    shorter
}

/// The characters with one more.
pub fn with(digits: &[u8], at: usize, digit: u8) -> Digits {
    let mut longer = Digits { length: digits.len() + 1, digits: [0; 20] };
    longer.digits[..at].copy_from_slice(&digits[..at]);
    longer.digits[at] = digit;
    longer.digits[at + 1..=digits.len()].copy_from_slice(&digits[at..]);
    longer
}

#[cfg(test)]
mod tests {
    use super::super::numbers::{Near, pack, show};
    use crate::link::person::testing::number;

    fn repairs(failing: &str) -> Vec<String> {
        Near::read(failing).expect("12 to 19 characters").neighbours().iter().map(show).collect()
    }

    #[test]
    fn the_easier_error_stands_first() {
        let right = number("990121", "19800305", 245);
        let mut swapped: Vec<char> = right.chars().collect();
        swapped.swap(14, 15);
        let found = repairs(&swapped.iter().collect::<String>());
        let swaps = |n: &String| {
            (0..17).any(|i| {
                let mut chars: Vec<char> = n.chars().collect();
                chars.swap(i, i + 1);
                chars == swapped
            })
        };
        assert!(found.contains(&right) && swaps(&found[0]), "{found:?}");
        let first_change = found.iter().position(|n| !swaps(n)).expect("a changed character");
        assert!(found[first_change..].iter().all(|n| !swaps(n)), "{found:?}");
        // A seven for a one before any change of characters that do not look alike.
        let seven = right.replacen("19800305", "79800305", 1);
        assert_eq!(repairs(&seven)[0], right);
    }

    #[test]
    fn what_is_left_out_would_not_check() {
        for sequence in 0..60 {
            let right = number("990121", "19800305", sequence);
            for (at, to) in [(0, 3), (5, 7), (9, 1), (14, 15), (16, 6), (17, 9)] {
                let mut wrong: Vec<u8> = right.bytes().map(|b| if b == b'X' { 10 } else { b - b'0' }).collect();
                if wrong[at] == to {
                    continue;
                }
                wrong[at] = to;
                let (mut all, mut few) = (super::Repairs::none(), super::Repairs::none());
                super::one_change(&wrong, &mut |changed, cost| all.keep(changed, cost));
                super::one_change_that_checks(&wrong, &mut |changed, cost| few.keep(changed, cost));
                all.rank();
                few.rank();
                assert!(all.count > 0);
                assert_eq!(all.ranked[..all.count], few.ranked[..few.count], "{wrong:?}");
            }
        }
    }

    #[test]
    fn no_repair_is_born_on_no_day() {
        let right = number("990121", "19800305", 245);
        for at in 0..18 {
            let mut wrong = right.clone();
            wrong.replace_range(at..=at, if &right[at..=at] == "4" { "5" } else { "4" });
            let found = repairs(&wrong);
            assert!(found.contains(&right), "{wrong}");
            for n in &found {
                let day: i32 = n[12..14].parse().expect("digits");
                assert!((1..=31).contains(&day), "{n}");
            }
            let mut once = found.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), found.len());
        }
    }

    #[test]
    fn old_numbers_with_an_error_and_numbers_without_a_tail() {
        let right = number("990121", "19621105", 304);
        let old = format!("{}{}", &right[..6], &right[8..17]);
        for at in 0..15 {
            let mut wrong = old.clone();
            wrong.replace_range(at..=at, if &old[at..=at] == "7" { "8" } else { "7" });
            assert!(repairs(&wrong).contains(&right), "{wrong}");
            let mut lost = old.clone();
            lost.remove(at);
            assert!(repairs(&lost).contains(&right), "{lost}");
            let mut added = old.clone();
            added.insert(at, '7');
            assert!(repairs(&added).contains(&right), "{added}");
        }
        assert!(repairs(&right[..16]).contains(&right));
        assert!(pack(&right).is_some() && repairs(&right[..12]).is_empty());
    }
}
