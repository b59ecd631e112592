//! The structure of a citizen's identity number (GB 11643-1999): region, birth date, sequence, check character.
//!
//! Takes 17 or 18 ASCII characters, gives the check character or what is wrong. Region prefixes are not judged: the lists
//! are historical, and a number keeps the prefix of the day it was given.

use super::date::days;

/// What keeps 18 characters from being an identity number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not 17 digits and a digit or X.
    Characters,
    /// There is no such day.
    BirthDate,
    /// The day lies after the day of the run.
    BirthFuture,
    /// The day lies before 1850.
    BirthTooOld,
    /// The check character does not fit.
    CheckDigit,
}

/// The check character of 17 digits (ISO 7064 MOD 11-2 with the weights of GB 11643); none when they are not digits.
pub fn check_character(digits: &[u8]) -> Option<u8> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits: &[u8; 17] = digits.try_into().ok()?;
    // Of a known length and without a way out: every number of every row comes through here, more than once.
    let (mut sum, mut others) = (0, false);
    for i in 0..17 {
        let digit = digits[i].wrapping_sub(b'0');
        others |= digit > 9;
        sum += u32::from(digit) * WEIGHTS[i];
    }
    (!others).then(|| b"10X98765432"[(sum % 11) as usize])
}

/// The birth date in characters 7 to 14, in days since 1970-01-01; `as_of` likewise.
pub fn birth(number: &[u8], as_of: i32) -> Result<i32, Fault> {
    let part = number.get(6..14).ok_or(Fault::Characters)?;
    if !part.iter().all(u8::is_ascii_digit) {
        return Err(Fault::Characters);
    }
    let n = part.iter().fold(0_i32, |n, d| n * 10 + i32::from(d - b'0'));
    let day = days(n / 10_000, (n / 100 % 100) as u32, (n % 100) as u32).ok_or(Fault::BirthDate)?;
    if n < 18_500_101 {
        Err(Fault::BirthTooOld)
    } else if day > as_of {
        Err(Fault::BirthFuture)
    } else {
        Ok(day)
    }
}

/// Judges 18 characters; `as_of` in days since 1970-01-01. A lower-case x is not accepted here.
pub fn judge(number: &[u8], as_of: i32) -> Result<(), Fault> {
    if number.len() != 18 {
        return Err(Fault::Characters);
    }
    let expected = check_character(&number[..17]).ok_or(Fault::Characters)?;
    if !(number[17].is_ascii_digit() || number[17] == b'X') {
        return Err(Fault::Characters);
    }
    birth(number, as_of)?;
    if number[17] == expected { Ok(()) } else { Err(Fault::CheckDigit) }
}

/// True when digit 17 says male (odd), of a judged number.
pub fn is_male(number: &[u8]) -> bool {
    number.get(16).is_some_and(|d| (d - b'0') % 2 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure() {
        let as_of = days(2026, 9, 30).unwrap();
        let cases = [
            ("99012119900101123X", Err(Fault::CheckDigit)),
            ("990121199002301234", Err(Fault::BirthDate)),
            ("990121202610011234", Err(Fault::BirthFuture)),
            ("990121184912311234", Err(Fault::BirthTooOld)),
            ("9901211990010112", Err(Fault::Characters)),
            ("99012119900101123x", Err(Fault::Characters)),
        ];
        for (number, expected) in cases {
            assert_eq!(judge(number.as_bytes(), as_of), expected, "{number}");
        }
    }

    #[test]
    fn check_characters_worked_by_hand() {
        for (digits, expected) in [
            ("99012119900101123", Some(b'6')),
            ("99012119900101009", Some(b'X')),
            ("99012219851215001", Some(b'0')),
            ("9901211990010112a", None),
        ] {
            assert_eq!(check_character(digits.as_bytes()), expected, "{digits}");
        }
        assert!(is_male(b"990121199001011236") && !is_male(b"990121199001011228"));
    }
}
