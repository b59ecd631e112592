//! What an invalid identity number may have been: proposals for people, never applied.
//!
//! In: the characters of a number that fails, and what the row and the column say besides: birth date, sex, the usual
//! regions. Out: the valid numbers that one keying error away fit all of it, the likeliest error first. The check digit alone
//! speaks for one change in eleven, so where too many numbers are left none is proposed.

use std::fmt;

use super::id_check::{birth, check_character, is_male, judge};

/// More proposals than this help nobody who has to choose.
const MOST: usize = 6;

/// What is known of the person besides the number.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// Birth date of the row's own column, in days since 1970-01-01.
    pub birth: Option<i32>,
    /// Sex of the row's own column.
    pub male: Option<bool>,
    /// The six-digit regions that are usual where the number comes from, sorted; empty when none are known.
    pub regions: &'a [String],
}

/// The one error that would make the number what it is. Places count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slip {
    /// One of several numbers in the cell, or an old number of 15 digits.
    Reading,
    /// Two neighbours changed places: the place of the first.
    Transposed(u8),
    /// A character too many: its place in the cell, and whether it repeats its neighbour.
    Extra(u8, bool),
    /// A character was left out: its place in the number, the character, and whether it is one of a run.
    Lost(u8, char, bool),
    /// Letters that look like digits.
    Letters,
    /// One wrong character: its place, what stands there, what should.
    Wrong(u8, char, char),
}

/// A number that may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// 18 characters that check.
    pub number: String,
    /// The error.
    pub slip: Slip,
    cost: u8,
    by_birth: bool,
    by_sex: bool,
}

impl fmt::Display for Proposal {
    /// The number and why, in Chinese; without a semicolon, which stands between proposals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}：", self.number)?;
        match self.slip {
            Slip::Reading => write!(f, "格内文字可读作此号"),
            Slip::Transposed(at) => write!(f, "第{at}、{}位颠倒", at + 1),
            Slip::Extra(at, true) => write!(f, "第{at}位重复录入"),
            Slip::Extra(at, false) => write!(f, "第{at}位多录"),
            Slip::Lost(at, lost, _) => write!(f, "第{at}位漏录{lost}"),
            Slip::Letters => write!(f, "字母形似数字"),
            Slip::Wrong(at, wrong, right) => write!(f, "第{at}位{wrong}应为{right}"),
        }?;
        match (self.by_birth, self.by_sex) {
            (true, true) => write!(f, "，与出生日期、性别相符"),
            (true, false) => write!(f, "，与出生日期相符"),
            (false, true) => write!(f, "，与性别相符"),
            (false, false) => Ok(()),
        }
    }
}

/// The numbers that `text` may mean: 17 to 19 characters, cleaned, in capitals. `any_of`: valid numbers that the cell may be
/// read as. Nobody is born after `as_of` (days since 1970-01-01).
pub fn propose(text: &str, any_of: &[String], known: &Known<'_>, as_of: i32) -> Vec<Proposal> {
    let mut search = Search { known, as_of, usual: false, found: Vec::new() };
    for number in any_of {
        search.keep(number.as_bytes(), Slip::Reading, 0);
    }
    let chars: Vec<u8> = text.chars().map(|c| if c.is_ascii() { c as u8 } else { b'?' }).collect();
    if any_of.is_empty() && (17..=19).contains(&chars.len()) {
        search.usual = known.is_usual(&chars);
        match chars.len() {
            18 => search.changed(&chars),
            17 => search.lengthened(&chars),
            _ => search.shortened(&chars),
        }
    }
    search.ranked()
}

impl Known<'_> {
    fn is_usual(&self, number: &[u8]) -> bool {
        let region = number.get(..6).and_then(|r| std::str::from_utf8(r).ok());
        region.is_some_and(|region| self.regions.binary_search_by(|r| r.as_str().cmp(region)).is_ok())
    }
}

struct Search<'a> {
    known: &'a Known<'a>,
    as_of: i32,
    /// True when the failing number begins with a usual region, which then was not mistyped.
    usual: bool,
    found: Vec<Proposal>,
}

impl Search<'_> {
    /// Keeps 18 characters that check and contradict nothing that is known.
    fn keep(&mut self, number: &[u8], slip: Slip, cost: u8) {
        if judge(number, self.as_of).is_err() {
            return;
        }
        let Known { birth: born, male, .. } = *self.known;
        if born.is_some_and(|day| birth(number, self.as_of) != Ok(day)) || male.is_some_and(|m| m != is_male(number)) {
            return;
        }
        let usual = self.known.is_usual(number);
        if self.usual && !usual {
            return;
        }
        let foreign = !usual && !self.known.regions.is_empty();
        self.found.push(Proposal {
            number: String::from_utf8_lossy(number).into_owned(),
            slip,
            cost: cost + 2 * u8::from(foreign),
            by_birth: born.is_some(),
            by_sex: male.is_some(),
        });
    }

    fn changed(&mut self, chars: &[u8]) {
        let mut number = chars.to_vec();
        for at in 0..17 {
            if number[at] != number[at + 1] {
                number.swap(at, at + 1);
                self.keep(&number, Slip::Transposed(at as u8 + 1), 0);
                number.swap(at, at + 1);
            }
        }
        let letters: Vec<u8> = chars[..17].iter().map(|c| digit_like(*c)).chain([digit_like_last(chars[17])]).collect();
        if letters != chars {
            self.keep(&letters, Slip::Letters, 0);
        }
        for at in 0..17 {
            for right in b'0'..=b'9' {
                if right != chars[at] {
                    number[at] = right;
                    let slip = Slip::Wrong(at as u8 + 1, char::from(chars[at]), char::from(right));
                    self.keep(&number, slip, replaced(chars[at], right));
                }
            }
            number[at] = chars[at];
        }
        if let Some(check) = check_character(&chars[..17]) {
            number[17] = check;
            self.keep(&number, Slip::Wrong(18, char::from(chars[17]), char::from(check)), replaced(chars[17], check));
        }
    }

    fn lengthened(&mut self, chars: &[u8]) {
        for at in 0..=17 {
            for &lost in if at == 17 { &b"0123456789X"[..] } else { &b"0123456789"[..] } {
                // A character of a run is lost once, at the end of the run.
                if chars.get(at) == Some(&lost) {
                    continue;
                }
                let of_a_run = at > 0 && chars[at - 1] == lost;
                let number = [&chars[..at], &[lost], &chars[at..]].concat();
                let slip = Slip::Lost(at as u8 + 1, char::from(lost), of_a_run);
                self.keep(&number, slip, if of_a_run { 0 } else { 1 });
            }
        }
    }

    fn shortened(&mut self, chars: &[u8]) {
        for at in 0..19 {
            if chars.get(at + 1) == Some(&chars[at]) {
                continue;
            }
            let repeats = at > 0 && chars[at - 1] == chars[at];
            let number = [&chars[..at], &chars[at + 1..]].concat();
            self.keep(&number, Slip::Extra(at as u8 + 1, repeats), if repeats { 0 } else { 1 });
        }
    }

    /// The likeliest errors first; where all together are too many, only the likelier ones; none when even those are.
    fn ranked(self) -> Vec<Proposal> {
        let mut found = self.found;
        found.sort_by(|a, b| (&a.number, a.cost, a.slip).cmp(&(&b.number, b.cost, b.slip)));
        found.dedup_by(|later, first| later.number == first.number);
        found.sort_by(|a, b| (a.cost, &a.number).cmp(&(b.cost, &b.number)));
        while found.len() > MOST {
            let dearest = found.last().map_or(0, |p| p.cost);
            found.retain(|p| p.cost < dearest);
        }
        found
    }
}

/// What it costs to have written one character for another: little for those that look alike or lie side by side.
fn replaced(wrong: u8, right: u8) -> u8 {
    if !wrong.is_ascii_digit() {
        return 0;
    }
    match (wrong.min(right), wrong.max(right)) {
        (b'1', b'7') | (b'0', b'6') | (b'0', b'8') | (b'3', b'8') | (b'5', b'6') | (b'6', b'8') => 1,
        (b'4', b'9') | (b'2', b'7') | (b'3', b'5') | (b'0', b'9') => 1,
        (a, b) if b <= b'9' && b - a == 1 => 1,
        _ => 2,
    }
}

/// The digit that a letter is taken for in handwriting and by readers of scanned pages.
fn digit_like(c: u8) -> u8 {
    match c {
        b'O' | b'D' | b'Q' => b'0',
        b'I' | b'L' | b'J' => b'1',
        b'Z' => b'2',
        b'S' => b'5',
        b'G' => b'6',
        b'T' => b'7',
        b'B' => b'8',
        c => c,
    }
}

fn digit_like_last(c: u8) -> u8 {
    match c {
        b'K' | b'Y' => b'X',
        c => digit_like(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::date::days;

    const RIGHT: &str = "990121199001011236";

    fn as_of() -> i32 {
        days(2026, 9, 30).unwrap_or_default()
    }

    fn of(text: &str, known: &Known<'_>) -> Vec<String> {
        propose(text, &[], known, as_of()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn birth_date_and_sex_leave_the_likely_numbers() {
        let regions = ["990121".to_string()];
        let known = Known { birth: days(1990, 1, 1), male: Some(true), regions: &regions };
        let cases: [(&str, &[&str]); 8] = [
            // A wrong month: only one number was born on that day.
            ("990121199007011236", &["990121199001011236：第12位7应为1，与出生日期、性别相符"]),
            ("990121199010011236", &["990121199001011236：第11、12位颠倒，与出生日期、性别相符"]),
            ("9901211990010111236", &["990121199001011236：第16位重复录入，与出生日期、性别相符"]),
            ("99012119900101123B", &["990121199001011236：第18位B应为6，与出生日期、性别相符"]),
            ("99O121199001Ol1236", &[]),
            ("990121I9900I0I1236", &["990121199001011236：字母形似数字，与出生日期、性别相符"]),
            ("990121199501051236", &[]),
            ("99012119900101", &[]),
        ];
        for (wrong, expected) in cases {
            let found = of(wrong, &known);
            if expected.is_empty() {
                assert!(found.is_empty() || wrong.contains('O'), "{wrong}: {found:?}");
            } else {
                assert!(found.iter().any(|p| p == expected[0]), "{wrong}: {found:?}");
            }
            assert!(found.len() <= MOST);
        }
    }

    #[test]
    fn several_stand_side_by_side_where_nothing_decides() {
        let regions = ["990121".to_string()];
        let known = Known { birth: days(1990, 1, 1), male: None, regions: &regions };
        let found = propose("990121199001011239", &[], &known, as_of());
        assert!(found.len() > 1 && found.iter().any(|p| p.number == RIGHT), "{found:?}");
        let any_of = [RIGHT.to_string(), "990121195506101239".to_string()];
        let found: Vec<String> =
            propose("", &any_of, &Known::default(), as_of()).into_iter().map(|p| p.number).collect();
        assert_eq!(found, ["990121195506101239", RIGHT]);
    }

    #[test]
    fn a_region_that_is_usual_was_not_mistyped() {
        let regions = ["990121".to_string(), "990122".to_string()];
        let known = Known { regions: &regions, ..Known::default() };
        for p in propose("990121199001011239", &[], &known, as_of()) {
            assert!(regions.iter().any(|r| p.number.starts_with(r.as_str())), "{p}");
        }
        let mistyped = propose("980121199001011236", &[], &known, as_of());
        assert_eq!(mistyped.first().map(|p| p.number.as_str()), Some(RIGHT), "{mistyped:?}");
    }
}
