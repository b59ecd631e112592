//! Identity numbers of fictional people. In: region, birth date, sex. Out: 18 characters with a valid check character.
//!
//! Written from GB 11643 on purpose and not shared with `normalize`: what makes the dirt must not know the remedy.

use std::collections::HashSet;

use jiff::civil::Date;

use super::dice::Dice;

/// An identity number: 17 digits and a check character, ASCII.
pub type Number = [u8; 18];

/// The check character of 17 digits.
pub fn check_character(digits: &[u8]) -> u8 {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
    b"10X98765432"[(sum % 11) as usize]
}

/// A number as text.
pub fn text(number: &Number) -> String {
    number.iter().map(|&b| char::from(b)).collect()
}

/// All numbers given out so far; none is given twice.
#[derive(Debug, Default)]
pub struct Registry {
    /// The first 17 digits as a number; the check character follows from them.
    issued: HashSet<u64>,
}

impl Registry {
    /// A new number that nobody has.
    pub fn issue(&mut self, dice: &mut Dice, region: &str, birth: Date, male: bool) -> Number {
        loop {
            // Sequence codes were handed out upwards from small numbers at each registration office.
            let sequence = 2 * dice.early(498) + usize::from(male);
            let digits = format!("{region}{:04}{:02}{:02}{sequence:03}", birth.year(), birth.month(), birth.day());
            let key: u64 = digits.parse().expect("17 digits");
            if self.issued.insert(key) {
                let mut number = [b'0'; 18];
                number[..17].copy_from_slice(digits.as_bytes());
                number[17] = check_character(digits.as_bytes());
                return number;
            }
        }
    }

    /// True when a text is the whole, valid number of somebody.
    pub fn belongs_to_somebody(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        bytes.len() == 18
            && bytes[..17].iter().all(u8::is_ascii_digit)
            && check_character(&bytes[..17]) == bytes[17]
            && text[..17].parse().is_ok_and(|key: u64| self.issued.contains(&key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_characters_of_the_standard_s_examples() {
        // The two examples printed in GB 11643.
        assert_eq!(check_character(b"11010519491231002"), b'X');
        assert_eq!(check_character(b"44052418800101001"), b'4');
    }

    #[test]
    fn numbers_carry_birth_and_sex_and_are_given_once() {
        let mut registry = Registry::default();
        let mut dice = Dice::new(1, "numbers", 0);
        let birth = Date::constant(1990, 2, 3);
        let mut seen = HashSet::new();
        for i in 0..400 {
            let number = registry.issue(&mut dice, "990121", birth, i % 2 == 0);
            assert!(seen.insert(number));
            assert_eq!(&number[6..14], b"19900203");
            assert_eq!((number[16] - b'0') % 2, u8::from(i % 2 == 0));
            assert!(registry.belongs_to_somebody(&text(&number)));
        }
        assert!(!registry.belongs_to_somebody("990121199002039990"));
    }
}
