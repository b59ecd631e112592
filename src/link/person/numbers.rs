//! Identity numbers as integers: packing, check digit, comparison, and the numbers one keying error away.
//!
//! In: cleaned text of a number. Out: a packed `u64` per number, a [`NumberLevel`] per pair. Structure and check digit
//! follow GB 11643-1999: region 6, birth date 8, sequence 3 (odd male, even female), check 1.

use jiff::civil::Date;

use super::repairs::{
    Repairs, lengthened, missing_to_check, one_change, one_change_that_checks, shortened, with, without,
};
use crate::model::text;

/// No number: the packed value of none.
pub const NONE: u64 = 0;

/// A character that cannot be read, in a [`Near`] number.
pub(super) const UNREADABLE: u8 = 15;
pub(super) const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
pub(super) const CHECKS: [u8; 11] = [1, 0, 10, 9, 8, 7, 6, 5, 4, 3, 2];

/// How two identity numbers agree, from closest to furthest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum NumberLevel {
    /// All 18 characters agree.
    Exact,
    /// One character was changed, lost, added or cannot be read.
    OneDigit,
    /// Two neighbouring characters changed places.
    Transposed,
    /// The readable leading digits of a damaged number, 15 or more, agree.
    Partial,
    /// The number fails its check and two of its characters are wrong.
    TwoDigits,
    /// Both numbers pass their check, and one error makes one of the other but for the check character.
    Compensated,
    /// Region and birth date agree; the rest differs or is lost.
    Parts,
    /// The number is that of another member of the candidate's household.
    Relative,
    /// The numbers differ.
    Different,
    /// One side has no number to compare.
    Missing,
}

impl NumberLevel {
    /// All levels with the word that the model and the tables use.
    pub const WORDS: [(&'static str, NumberLevel); 10] = [
        ("exact", NumberLevel::Exact),
        ("one_digit", NumberLevel::OneDigit),
        ("transposed", NumberLevel::Transposed),
        ("partial", NumberLevel::Partial),
        ("two_digits", NumberLevel::TwoDigits),
        ("compensated", NumberLevel::Compensated),
        ("parts", NumberLevel::Parts),
        ("relative", NumberLevel::Relative),
        ("different", NumberLevel::Different),
        ("missing", NumberLevel::Missing),
    ];
}

/// A number that fails its check or lost its end, kept character by character: 12 to 19 characters.
///
/// 14 to 16 characters may be an old number of 15 digits with an error as well as the beginning of a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near {
    length: u8,
    digits: [u8; 19],
}

impl Near {
    /// Reads 12 to 19 characters; none for other lengths or more than one unreadable character.
    pub fn read(number: &str) -> Option<Near> {
        let mut digits = [0; 19];
        let mut length = 0;
        for c in number.chars() {
            if length == 19 {
                return None;
            }
            digits[length] = match c {
                '0'..='9' => c as u8 - b'0',
                'X' | 'x' => 10,
                _ => UNREADABLE,
            };
            length += 1;
        }
        let strange = (0..length).filter(|&i| digits[i] == UNREADABLE || digits[i] == 10 && i + 1 != length).count();
        (length >= 12 && strange <= 1).then_some(Near { length: length as u8, digits })
    }

    /// The characters as they stood, `*` for one that cannot be read.
    pub fn text(&self) -> String {
        let character = |d: &u8| match d {
            0..=9 => char::from(b'0' + d),
            10 => 'X',
            _ => '*',
        };
        self.digits().iter().map(character).collect()
    }

    fn digits(&self) -> &[u8] {
        &self.digits[..usize::from(self.length)]
    }

    /// All packed numbers with a right check digit and a possible birth date that one keying error turns into this one.
    ///
    /// The check digit leaves about one in eleven of the conceivable ones, so there are some twenty, the likeliest first.
    /// An old number has no check digit: of its errors only those are left out that make no date.
    pub fn neighbours(&self) -> Repairs {
        let digits = self.digits();
        let mut found = Repairs::none();
        match digits.len() {
            19 => (0..19).for_each(|at| found.keep(&without(digits, at), shortened(digits, at))),
            18 => one_change_that_checks(digits, &mut |changed, cost| found.keep(changed, cost)),
            17 => {
                for at in 0..=17 {
                    // With a zero in the place, the one character that makes the check right.
                    let d = missing_to_check(&with(digits, at, 0), at);
                    found.keep(&with(digits, at, d), lengthened(digits, at, d));
                }
            }
            16 => {
                (0..16).for_each(|at| found.keep_old(&without(digits, at), shortened(digits, at)));
                for d in 0..=9 {
                    found.keep_body(&with(digits, 16, d), 3);
                }
            }
            15 => {
                found.keep_old(digits, 0);
                one_change(digits, &mut |changed, cost| found.keep_old(changed, cost));
            }
            14 => {
                for at in 0..=14 {
                    for d in 0..=9 {
                        found.keep_old(&with(digits, at, d), lengthened(digits, at, d));
                    }
                }
            }
            _ => {}
        }
        found.rank();
        found
    }

    /// The birth date that the number names, when its date part is whole and a date.
    pub fn birth(&self) -> Option<i32> {
        let digits = self.digits();
        match digits.len() {
            // A character lost or added may have shifted the date.
            17 | 19 => None,
            15 if date_of(&digits[6..14]).is_none() => date_of(&old_to_new(digits)?[6..14]),
            14.. => date_of(&digits[6..14]),
            _ => None,
        }
    }

    /// The sex that the number names: 1 male, 2 female, 0 when that cannot be said.
    pub fn sex(&self) -> u8 {
        let digits = self.digits();
        let told = match digits.len() {
            18 => digits[16],
            15 if date_of(&digits[6..14]).is_none() => digits[14],
            _ => UNREADABLE,
        };
        match told {
            0..=9 => 2 - told % 2,
            _ => 0,
        }
    }

    fn compare(&self, other: &[u8; 18]) -> NumberLevel {
        let mine = self.digits();
        let level = match mine.len() {
            18 => changed(mine, other),
            17 if one_more(other, mine) => NumberLevel::OneDigit,
            19 if one_more(mine, other) => NumberLevel::OneDigit,
            17 | 19 => NumberLevel::Different,
            15.. if other.starts_with(mine) => NumberLevel::Partial,
            12.. => self.compare_old(other),
            _ => NumberLevel::Different,
        };
        // Of twelve characters at least, region and year of birth are known.
        let known = mine.len().min(14);
        if level == NumberLevel::Different && mine[..known] == other[..known] { NumberLevel::Parts } else { level }
    }

    /// Compares what may be an old number of 15 digits, which had neither century nor check digit.
    fn compare_old(&self, other: &[u8; 18]) -> NumberLevel {
        let mine = self.digits();
        let mut old = [0; 15];
        old[..6].copy_from_slice(&other[..6]);
        old[6..].copy_from_slice(&other[8..17]);
        match mine.len() {
            15 => match changed(mine, &old) {
                // All that an old number says agrees; what it never said is lost.
                NumberLevel::Exact => NumberLevel::Partial,
                // Without a check digit two wrong ones of fifteen are no evidence.
                NumberLevel::TwoDigits => NumberLevel::Different,
                level => level,
            },
            14 if one_more(&old, mine) => NumberLevel::OneDigit,
            16 if one_more(mine, &old) => NumberLevel::OneDigit,
            _ => NumberLevel::Different,
        }
    }
}

/// How two numbers of one length agree: one or two characters wrong, or two neighbours in the other order.
fn changed(a: &[u8], b: &[u8]) -> NumberLevel {
    let mut wrong = (0..a.len()).filter(|&i| a[i] != b[i]);
    match (wrong.next(), wrong.next(), wrong.next()) {
        (None, ..) => NumberLevel::Exact,
        (Some(_), None, _) => NumberLevel::OneDigit,
        (Some(i), Some(j), None) if j == i + 1 && a[i] == b[j] && a[j] == b[i] => NumberLevel::Transposed,
        (Some(_), Some(_), None) => NumberLevel::TwoDigits,
        _ => NumberLevel::Different,
    }
}

/// The 17 digits of which an old number of 15 is the rest: its people were born in 19xx, those with the sequence numbers
/// 996 to 999 in 18xx.
pub(super) fn old_to_new(old: &[u8]) -> Option<[u8; 17]> {
    if old.len() != 15 || old.iter().any(|d| *d > 9) {
        return None;
    }
    let mut new = [0; 17];
    new[..6].copy_from_slice(&old[..6]);
    let century = if old[12] == 9 && old[13] == 9 && old[14] >= 6 { 8 } else { 9 };
    new[6..8].copy_from_slice(&[1, century]);
    new[8..].copy_from_slice(&old[6..]);
    Some(new)
}

/// True when leaving one character out of `longer` gives `shorter`.
fn one_more(longer: &[u8], shorter: &[u8]) -> bool {
    let same = longer.iter().zip(shorter).take_while(|(a, b)| a == b).count();
    longer[same + 1..] == shorter[same..]
}

/// Packs 18 characters into an integer: 17 digits and the check character; none when they do not have that form.
pub fn pack(number: &str) -> Option<u64> {
    let mut digits = [0; 18];
    let mut length = 0;
    for c in number.bytes() {
        if length == 18 {
            return None;
        }
        digits[length] = match c {
            b'0'..=b'9' => c - b'0',
            b'X' | b'x' => 10,
            _ => return None,
        };
        length += 1;
    }
    pack_digits(&digits[..length])
}

pub(super) fn pack_digits(digits: &[u8]) -> Option<u64> {
    if digits.len() != 18 || digits[..17].iter().any(|d| *d > 9) || digits[17] > 10 {
        return None;
    }
    let body = digits[..17].iter().fold(0_u64, |n, d| n * 10 + u64::from(*d));
    Some(body << 4 | u64::from(digits[17]))
}

fn unpack(packed: u64) -> [u8; 18] {
    let mut digits = [0; 18];
    digits[17] = (packed & 15) as u8;
    let mut body = packed >> 4;
    for i in (0..17).rev() {
        digits[i] = (body % 10) as u8;
        body /= 10;
    }
    digits
}

/// The 18 characters of a packed number.
pub fn show(packed: u64) -> String {
    unpack(packed).iter().map(|d| if *d == 10 { 'X' } else { char::from(b'0' + d) }).collect()
}

pub(super) fn check_sum(digits: &[u8]) -> usize {
    (digits.iter().zip(WEIGHTS).map(|(d, w)| u32::from(*d) * w).sum::<u32>() % 11) as usize
}

pub(super) fn checks(digits: &[u8]) -> bool {
    CHECKS[check_sum(digits)] == digits[17]
}

/// The 15 leading digits of a packed number.
pub fn prefix_of(packed: u64) -> u64 {
    (packed >> 4) / 100
}

/// Reads the 15 leading digits of a damaged number; none when no birth date is among them: then it is an old number.
pub fn read_prefix(digits: &str) -> Option<u64> {
    if digits.len() != 15 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|prefix| birth_of_prefix(*prefix).is_some())
}

/// True when the last three characters are zeros: what a spreadsheet leaves of a number that it took for a quantity.
///
/// One such number in eleven passes the check, so normalisation cannot tell; that nobody has it does.
pub fn ends_in_zeros(packed: u64) -> bool {
    packed & 15 == 0 && (packed >> 4).is_multiple_of(100)
}

/// Birth date (days since 1970-01-01) that 15 leading digits name.
pub fn birth_of_prefix(prefix: u64) -> Option<i32> {
    let date = (prefix / 10) % 100_000_000;
    day((date / 10_000) as i32, (date / 100 % 100) as i32, (date % 100) as i32)
}

/// Sex that a packed number names: 1 male, 2 female.
pub fn sex_of(packed: u64) -> u8 {
    if (packed >> 4) % 2 == 1 { 1 } else { 2 }
}

/// The date that eight digits name.
pub(super) fn date_of(digits: &[u8]) -> Option<i32> {
    if digits.iter().any(|d| *d > 9) {
        return None;
    }
    let number = |part: &[u8]| part.iter().fold(0_i32, |n, d| n * 10 + i32::from(*d));
    day(number(&digits[..4]), number(&digits[4..6]), number(&digits[6..8]))
}

fn day(year: i32, month: i32, day: i32) -> Option<i32> {
    if !(1850..=2100).contains(&year) {
        return None;
    }
    Date::new(year as i16, month as i8, day as i8).ok().map(text::to_days)
}

/// One side's number as the comparison needs it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Side<'a> {
    /// Packed number with a right check digit, or [`NONE`].
    pub number: u64,
    /// Fifteen leading digits of a damaged number, or [`NONE`].
    pub prefix: u64,
    /// Number that fails its check.
    pub near: Option<&'a Near>,
}

/// Compares a record's number with a registered one; either may be damaged or fail its check.
///
/// A single wrong digit or a swap of neighbours never passes the check (ISO 7064 MOD 11-2), so two valid numbers that
/// look alike are mostly two persons, often brothers and sisters: they are never `OneDigit`. Only where region and birth date
/// hold the difference, or the check character did not follow it, somebody may have made the number valid:
/// `Compensated`. A number of the record that ends in three zeros is a prefix (see [`ends_in_zeros`]).
pub fn compare(a: Side, b: Side) -> NumberLevel {
    use NumberLevel::{Different, Exact, Missing};
    match (a.number, b.number) {
        (NONE, NONE) => match (a.near, b.near) {
            (Some(x), Some(y)) => failing(x, y),
            _ if a.prefix != NONE && b.prefix != NONE => prefixes(a.prefix, b.prefix),
            _ => Missing,
        },
        (NONE, valid) => doubtful(a, valid),
        (valid, NONE) => doubtful(b, valid),
        (x, y) if x == y => Exact,
        (x, y) if ends_in_zeros(x) => match prefixes(prefix_of(x), prefix_of(y)) {
            Different => valid_numbers(x, y),
            level => level,
        },
        (x, y) => valid_numbers(x, y),
    }
}

/// The old number of 15 digits that a packed number was before: without century and check digit.
fn old_of(packed: u64) -> u64 {
    let body = packed >> 4;
    body / 100_000_000_000 * 1_000_000_000 + body % 1_000_000_000
}

/// Two numbers that fail their check: the one may have been copied from the other.
fn failing(x: &Near, y: &Near) -> NumberLevel {
    if x == y {
        return NumberLevel::Exact;
    }
    let whole = |near: &Near| <[u8; 18]>::try_from(near.digits()).ok();
    match (whole(x), whole(y)) {
        (_, Some(digits)) => x.compare(&digits),
        (Some(digits), _) => y.compare(&digits),
        _ => NumberLevel::Different,
    }
}

/// Two numbers that pass their check and are not the same.
fn valid_numbers(x: u64, y: u64) -> NumberLevel {
    let (a, b) = (x >> 4, y >> 4);
    if a / 1000 == b / 1000 {
        return NumberLevel::Parts;
    }
    // Nearly all pairs end here: the sequence differs, and not by an error that left the check character as it is.
    let same_sequence = a.abs_diff(b).is_multiple_of(1000);
    if !same_sequence && x & 15 != y & 15 {
        return NumberLevel::Different;
    }
    let (a, b) = (unpack(x), unpack(y));
    let level = changed(&a[..17], &b[..17]);
    let hidden = match level {
        NumberLevel::OneDigit | NumberLevel::Transposed => true,
        NumberLevel::TwoDigits => a[17] == b[17],
        _ => false,
    };
    if hidden { NumberLevel::Compensated } else { NumberLevel::Different }
}

fn prefixes(a: u64, b: u64) -> NumberLevel {
    match a == b {
        true => NumberLevel::Partial,
        false if a / 10 == b / 10 => NumberLevel::Parts,
        false => NumberLevel::Different,
    }
}

/// A damaged or failing number against a valid one.
fn doubtful(side: Side, valid: u64) -> NumberLevel {
    match side {
        Side { near: Some(near), .. } => near.compare(&unpack(valid)),
        Side { prefix: NONE, .. } => NumberLevel::Missing,
        Side { prefix, .. } => match prefixes(prefix, prefix_of(valid)) {
            // Fifteen digits that may be either: what is left of a new number, or an old one.
            NumberLevel::Different if prefix == old_of(valid) => NumberLevel::Partial,
            level => level,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::person::testing::number;

    fn side(near: &Near) -> Side<'_> {
        Side { near: Some(near), ..Side::default() }
    }

    fn valid(text: &str) -> Side<'static> {
        Side { number: pack(text).expect("18 characters"), ..Side::default() }
    }

    #[test]
    fn packing_keeps_what_the_number_says() {
        let packed = pack("99012119900101123X").expect("18 characters");
        assert_eq!(unpack(packed)[16..], [3, 10]);
        assert_eq!(prefix_of(packed), 990_121_199_001_011);
        assert_eq!(birth_of_prefix(prefix_of(packed)), Some(text::to_days(Date::constant(1990, 1, 1))));
        assert_eq!(sex_of(packed), 1);
        for bad in ["", "99012119900101123", "9901211990010112345", "9901211990X1011234", "99012119900101１234"] {
            assert_eq!(pack(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_single_error_is_told_and_found_again() {
        let right = number("990121", "19900101", 123);
        let chars: Vec<char> = right.chars().collect();
        let mut cases: Vec<(String, NumberLevel)> = Vec::new();
        for at in 0..18 {
            for digit in '0'..='9' {
                if digit != chars[at] {
                    let mut wrong = chars.clone();
                    wrong[at] = digit;
                    cases.push((wrong.iter().collect(), NumberLevel::OneDigit));
                }
            }
            let mut lost = chars.clone();
            lost.remove(at);
            cases.push((lost.iter().collect(), NumberLevel::OneDigit));
            let mut added = chars.clone();
            added.insert(at, '5');
            cases.push((added.iter().collect(), NumberLevel::OneDigit));
            if at < 17 && chars[at] != chars[at + 1] && chars[at + 1] != 'X' {
                let mut swapped = chars.clone();
                swapped.swap(at, at + 1);
                cases.push((swapped.iter().collect(), NumberLevel::Transposed));
            }
        }
        let packed = pack(&right).expect("18 characters");
        for (wrong, level) in cases {
            let near = Near::read(&wrong).expect("12 to 19 characters");
            assert_eq!(compare(side(&near), valid(&right)), level, "{wrong}");
            assert_eq!(compare(valid(&right), side(&near)), level, "{wrong}");
            let neighbours: Vec<u64> = near.neighbours().into_iter().collect();
            assert!(neighbours.contains(&packed), "{wrong}");
            assert!(neighbours.len() < 40 && neighbours.iter().all(|n| checks(&unpack(*n))), "{wrong}");
        }
    }

    #[test]
    fn levels_of_other_pairs() {
        let a = number("990121", "19900101", 123);
        let brother = number("990121", "19900101", 125);
        assert_eq!(compare(valid(&a), valid(&a)), NumberLevel::Exact);
        assert_eq!(compare(valid(&a), valid(&brother)), NumberLevel::Parts);
        let damaged = Side { prefix: read_prefix(&a[..15]).expect("15 digits"), ..Side::default() };
        assert_eq!(compare(damaged, valid(&a)), NumberLevel::Partial);
        let other = number("990121", "19900102", 123);
        assert_eq!(compare(damaged, valid(&other)), NumberLevel::Different);
        let sister = Side { prefix: read_prefix(&brother[..15]).expect("15 digits") + 1, ..Side::default() };
        assert_eq!(compare(sister, valid(&a)), NumberLevel::Parts);
        let mut zeros = (0..10).map(|sequence| number("990121", "19900101", sequence * 100));
        let cut = zeros.find(|n| n.ends_with("000")).expect("a valid number that ends in zeros");
        let whole = number("990121", "19900101", cut[14..17].parse::<u32>().expect("digits") + 23);
        assert_eq!(compare(valid(&cut), valid(&whole)), NumberLevel::Partial);
        assert_eq!(compare(valid(&whole), valid(&cut)), NumberLevel::Parts);
        assert_eq!(compare(Side::default(), valid(&a)), NumberLevel::Missing);
        assert_eq!(compare(Side::default(), Side::default()), NumberLevel::Missing);
    }

    #[test]
    fn two_errors_and_errors_that_hide() {
        let right = number("990121", "19800305", 245);
        let typed = |at: usize, digit: &str, text: &str| {
            let mut text = text.to_string();
            text.replace_range(at..=at, digit);
            text
        };
        let failing = |text: &str| Near::read(text).expect("12 to 19 characters");
        let two = failing(&typed(9, "7", &typed(2, "8", &right)));
        assert_eq!(compare(side(&two), valid(&right)), NumberLevel::TwoDigits);
        let three = failing(&typed(12, "9", &typed(9, "7", &typed(2, "8", &right))));
        assert_eq!(compare(side(&three), valid(&right)), NumberLevel::Different);
        let sequence = failing(&typed(16, "9", &typed(15, "9", &typed(14, "9", &right))));
        assert_eq!(compare(side(&sequence), valid(&right)), NumberLevel::Parts);
        // Somebody typed another month, or another region, and made the check character fit.
        for hidden in [number("990121", "19800405", 245), number("990112", "19800305", 245)] {
            assert_eq!(compare(valid(&hidden), valid(&right)), NumberLevel::Compensated, "{hidden}");
            assert_eq!(compare(valid(&right), valid(&hidden)), NumberLevel::Compensated, "{hidden}");
        }
        let other = number("990121", "19810405", 245);
        assert_eq!(compare(valid(&other), valid(&right)), NumberLevel::Different);
        let one = failing(&typed(9, "7", &right));
        assert_eq!(compare(side(&one), side(&one)), NumberLevel::Exact);
        assert_eq!(compare(side(&one), side(&failing(&typed(9, "6", &right)))), NumberLevel::OneDigit);
    }

    #[test]
    fn what_is_left_of_a_number() {
        let right = number("990121", "19621105", 304);
        let old = format!("{}{}", &right[..6], &right[8..17]);
        let level = |text: &str| match read_prefix(text) {
            Some(prefix) => compare(Side { prefix, ..Side::default() }, valid(&right)),
            None => compare(side(&Near::read(text).expect("12 to 19 characters")), valid(&right)),
        };
        assert_eq!(level(&right[..17]), NumberLevel::OneDigit);
        for (length, expected) in [(16, NumberLevel::Partial), (15, NumberLevel::Partial), (14, NumberLevel::Parts)] {
            assert_eq!(level(&right[..length]), expected, "{length}");
        }
        assert_eq!(level(&right[..12]), NumberLevel::Parts);
        assert_eq!(level(&old), NumberLevel::Partial);
        assert_eq!(level(&old[1..]), NumberLevel::OneDigit);
        assert_eq!(level(&format!("{}7", &old[..14])), NumberLevel::OneDigit);
        assert_eq!(level("990121631206304"), NumberLevel::Different);
        let near = Near::read(&old).expect("15 digits");
        assert_eq!((near.birth(), near.sex()), (birth_of_prefix(prefix_of(pack(&right).expect("18 characters"))), 2));
    }

    #[test]
    fn one_unreadable_character_is_one_wrong_character() {
        let right = number("990121", "19900101", 123);
        let hidden = format!("{}*{}", &right[..9], &right[10..]);
        let near = Near::read(&hidden).expect("one unreadable character");
        assert_eq!(compare(side(&near), valid(&right)), NumberLevel::OneDigit);
        assert_eq!(near.neighbours().into_iter().next(), pack(&right));
        assert_eq!(Near::read(&format!("{}********{}", &right[..6], &right[14..])), None);
        assert_eq!(Near::read("abc"), None);
    }
}
