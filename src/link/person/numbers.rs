//! Identity numbers as integers: packing, check digit, comparison, and the numbers one keying error away.
//!
//! In: cleaned text of a number. Out: a packed `u64` per number, a [`NumberLevel`] per pair. Structure and check digit
//! follow GB 11643-1999: region 6, birth date 8, sequence 3 (odd male, even female), check 1.

use jiff::civil::Date;

use crate::model::text;

/// No number: the packed value of none.
pub const NONE: u64 = 0;

/// A character that cannot be read, in a [`Near`] number.
const UNREADABLE: u8 = 15;
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: [u8; 11] = [1, 0, 10, 9, 8, 7, 6, 5, 4, 3, 2];

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

/// A number of 17 to 19 characters that fails its check, kept character by character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near {
    length: u8,
    digits: [u8; 19],
}

impl Near {
    /// Reads 17 to 19 characters; none for other lengths or more than one unreadable character.
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
        (length >= 17 && strange <= 1).then_some(Near { length: length as u8, digits })
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

    /// All packed numbers with a right check digit that one keying error turns into this one, in ascending order.
    ///
    /// The check digit leaves about one in eleven of the conceivable ones, so there are some thirty.
    pub fn neighbours(&self) -> Vec<u64> {
        let digits = self.digits();
        let mut found = Vec::new();
        let mut keep = |candidate: &[u8]| {
            if let Some(packed) = pack_digits(candidate)
                && is_valid(packed)
            {
                found.push(packed);
            }
        };
        match digits.len() {
            18 => {
                let mut changed = [0; 18];
                changed.copy_from_slice(digits);
                for at in 0..18 {
                    for d in 0..=10 {
                        changed[at] = d;
                        keep(&changed);
                    }
                    changed[at] = digits[at];
                }
                for at in 0..17 {
                    changed.swap(at, at + 1);
                    keep(&changed);
                    changed.swap(at, at + 1);
                }
            }
            17 => {
                for at in 0..=17 {
                    let mut longer = [0; 18];
                    longer[..at].copy_from_slice(&digits[..at]);
                    longer[at + 1..].copy_from_slice(&digits[at..]);
                    for d in 0..=10 {
                        longer[at] = d;
                        keep(&longer);
                    }
                }
            }
            _ => {
                for at in 0..digits.len() {
                    let mut shorter = digits.to_vec();
                    shorter.remove(at);
                    keep(&shorter);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The birth date that an 18-character number names, when its date part is a date.
    pub fn birth(&self) -> Option<i32> {
        let digits = self.digits();
        if digits.len() != 18 || digits[6..14].iter().any(|d| *d > 9) {
            return None;
        }
        let number = |part: &[u8]| part.iter().fold(0_i32, |n, d| n * 10 + i32::from(*d));
        day(number(&digits[6..10]), number(&digits[10..12]), number(&digits[12..14]))
    }

    fn compare(&self, other: &[u8; 18]) -> NumberLevel {
        let mine = self.digits();
        match mine.len() {
            18 => {
                let mut wrong = (0..18).filter(|&i| mine[i] != other[i]);
                match (wrong.next(), wrong.next(), wrong.next()) {
                    (None, ..) => NumberLevel::Exact,
                    (Some(_), None, _) => NumberLevel::OneDigit,
                    (Some(a), Some(b), None) if b == a + 1 && mine[a] == other[b] && mine[b] == other[a] => {
                        NumberLevel::Transposed
                    }
                    _ => NumberLevel::Different,
                }
            }
            17 if one_more(other, mine) => NumberLevel::OneDigit,
            19 if one_more(mine, other) => NumberLevel::OneDigit,
            _ => NumberLevel::Different,
        }
    }
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

fn pack_digits(digits: &[u8]) -> Option<u64> {
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

/// True when the check character is right.
pub fn is_valid(packed: u64) -> bool {
    let digits = unpack(packed);
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| u32::from(*d) * w).sum();
    CHECKS[(sum % 11) as usize] == digits[17]
}

/// The 15 leading digits of a packed number.
pub fn prefix_of(packed: u64) -> u64 {
    (packed >> 4) / 100
}

/// Reads the 15 leading digits of a damaged number.
pub fn read_prefix(digits: &str) -> Option<u64> {
    if digits.len() != 15 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
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
/// look alike are two persons, often brothers and sisters: they are `Different`, never `OneDigit`. The exception is a
/// number of the record that ends in three zeros (see [`ends_in_zeros`]).
pub fn compare(a: Side, b: Side) -> NumberLevel {
    use NumberLevel::{Different, Exact, Missing};
    match (a.number, b.number) {
        (NONE, NONE) => match (a.near, b.near) {
            (Some(x), Some(y)) if x == y => Exact,
            (Some(_), Some(_)) => Different,
            _ if a.prefix != NONE && b.prefix != NONE => prefixes(a.prefix, b.prefix),
            _ => Missing,
        },
        (NONE, valid) => doubtful(a, valid),
        (valid, NONE) => doubtful(b, valid),
        (x, y) if x == y => Exact,
        (x, y) if ends_in_zeros(x) => prefixes(prefix_of(x), prefix_of(y)),
        _ => Different,
    }
}

fn prefixes(a: u64, b: u64) -> NumberLevel {
    if a == b { NumberLevel::Partial } else { NumberLevel::Different }
}

/// A damaged or failing number against a valid one.
fn doubtful(side: Side, valid: u64) -> NumberLevel {
    match side {
        Side { near: Some(near), .. } => near.compare(&unpack(valid)),
        Side { prefix: NONE, .. } => NumberLevel::Missing,
        Side { prefix, .. } => prefixes(prefix, prefix_of(valid)),
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
            let near = Near::read(&wrong).expect("17 to 19 characters");
            assert_eq!(compare(side(&near), valid(&right)), level, "{wrong}");
            assert_eq!(compare(valid(&right), side(&near)), level, "{wrong}");
            let neighbours = near.neighbours();
            assert!(neighbours.contains(&packed), "{wrong}");
            assert!(neighbours.len() < 60 && neighbours.iter().all(|n| is_valid(*n)), "{wrong}");
        }
    }

    #[test]
    fn levels_of_other_pairs() {
        let a = number("990121", "19900101", 123);
        let brother = number("990121", "19900101", 125);
        assert_eq!(compare(valid(&a), valid(&a)), NumberLevel::Exact);
        assert_eq!(compare(valid(&a), valid(&brother)), NumberLevel::Different);
        let damaged = Side { prefix: read_prefix(&a[..15]).expect("15 digits"), ..Side::default() };
        assert_eq!(compare(damaged, valid(&a)), NumberLevel::Partial);
        let other = number("990121", "19900102", 123);
        assert_eq!(compare(damaged, valid(&other)), NumberLevel::Different);
        let mut zeros = (0..10).map(|sequence| number("990121", "19900101", sequence * 100));
        let cut = zeros.find(|n| n.ends_with("000")).expect("a valid number that ends in zeros");
        let whole = number("990121", "19900101", cut[14..17].parse::<u32>().expect("digits") + 23);
        assert_eq!(compare(valid(&cut), valid(&whole)), NumberLevel::Partial);
        assert_eq!(compare(valid(&whole), valid(&cut)), NumberLevel::Different);
        assert_eq!(compare(Side::default(), valid(&a)), NumberLevel::Missing);
        assert_eq!(compare(Side::default(), Side::default()), NumberLevel::Missing);
    }

    #[test]
    fn one_unreadable_character_is_one_wrong_character() {
        let right = number("990121", "19900101", 123);
        let hidden = format!("{}*{}", &right[..9], &right[10..]);
        let near = Near::read(&hidden).expect("one unreadable character");
        assert_eq!(compare(side(&near), valid(&right)), NumberLevel::OneDigit);
        assert!(near.neighbours().contains(&pack(&right).expect("18 characters")));
        assert_eq!(Near::read(&format!("{}********{}", &right[..6], &right[14..])), None);
        assert_eq!(Near::read("abc"), None);
    }
}
