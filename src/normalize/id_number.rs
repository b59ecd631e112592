//! Identity numbers: raw cell in, lane, canonical number, what was repaired and what is doubtful out.
//!
//! Only what cannot be a guess is repaired: wrappers, widths, look-alikes of X, O and l where they make the number valid, the
//! step from 15 to 18 characters, a disability certificate around a number. No digit is ever supplied or changed.

use jiff::civil::Date;

use super::doubt::Doubt;
use super::id_check::{Fault, check_character, judge};
use super::id_clean::{Cleaned, Steps, clean, without_separators};
use crate::model::CellKind;

/// How a number was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// 18 characters that check, as they stood in the cell.
    Valid,
    /// Valid after a repair that needed no guess.
    Repaired,
    /// A spreadsheet lost the last digits.
    Damaged,
    /// Not a valid number.
    Invalid,
    /// A stand-in such as 999999….
    Placeholder,
    /// Another kind of document: passport, travel permit, foreigner's residence permit.
    Foreign,
    /// Nothing there.
    Missing,
}

impl Lane {
    /// The value as it stands in the `<field>_lane` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Lane::Valid => "valid",
            Lane::Repaired => "repaired",
            Lane::Damaged => "damaged",
            Lane::Invalid => "invalid",
            Lane::Placeholder => "placeholder",
            Lane::Foreign => "foreign",
            Lane::Missing => "missing",
        }
    }
}

/// A normalised identity number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdNumber {
    /// How it was recognised.
    pub lane: Lane,
    /// 18 characters; only in the lanes valid and repaired.
    pub number: Option<String>,
    /// What was changed, in Chinese.
    pub repair: Option<String>,
    /// Lane damaged: the leading digits that can be trusted. Lane invalid with 12 to 19 characters: the cleaned characters
    /// as they stand, for comparison with near numbers.
    pub partial: Option<String>,
    /// What follows the number on a disability certificate: category 1–7, level 1–4, and `B1`… for a reissue.
    pub certificate_suffix: Option<String>,
    /// What is doubtful.
    pub doubt: Option<Doubt>,
}

const CHECK_DIGIT: Doubt = Doubt::new("id_number.check_digit", "身份证号校验码不符，可能有一位录错或两位颠倒");
const BIRTH_DATE: Doubt = Doubt::new("id_number.birth_date", "身份证号中的出生日期不存在");
const BIRTH_FUTURE: Doubt = Doubt::new("id_number.birth_future", "身份证号中的出生日期晚于比对日");
const BIRTH_TOO_OLD: Doubt = Doubt::new("id_number.birth_too_old", "身份证号中的出生日期早于1850年");
const LENGTH: Doubt = Doubt::new("id_number.length", "身份证号位数不对，应为18位");
const CHARACTERS: Doubt = Doubt::new("id_number.characters", "身份证号含有不能识别的字符");
const MASKED: Doubt = Doubt::new("id_number.masked", "身份证号已脱敏，不能用于比对");
const SEVERAL: Doubt = Doubt::new("id_number.several", "一格内有多个号码，不能确定属于谁");
const AMBIGUOUS: Doubt =
    Doubt::new("id_number.ambiguous_15", "15位号码可能是旧号码，也可能是18位号码丢了末三位，不能确定");
const DAMAGED: Doubt =
    Doubt::new("id_number.damaged", "身份证号被表格软件当作数字，末几位已丢失，请将该列设为文本后重新填报");
const PLACEHOLDER: Doubt = Doubt::new("id_number.placeholder", "身份证号是占位号码");
const FOREIGN: Doubt = Doubt::new("id_number.foreign", "不是居民身份证号");

/// Recognises an identity number.
///
/// * `kind`: a number cell with more than 15 digits is never trusted beyond them.
/// * `as_of`: nobody is born later.
///
/// Residence permits of people from Hong Kong, Macau and Taiwan (81/82/83 0000…) have the structure of citizens' numbers and
/// are valid. Of 18 digits that begin with 9 and fail as a citizen's number, those with a province and a nationality behind the 9
/// are taken for foreigners' residence permits of the 2023 layout; a mistyped citizen's number hardly ever has both.
pub fn id_number(raw: &str, kind: CellKind, as_of: Date) -> IdNumber {
    let as_of = crate::model::text::to_days(as_of);
    if stands_as_it_is(raw, kind, as_of) {
        return IdNumber { number: Some(raw.to_string()), ..bare(Lane::Valid, None) };
    }
    let cleaned = clean(raw);
    if !cleaned.text.chars().any(|c| c.is_ascii_alphanumeric() || c == '*') || cleaned.text == "0" {
        return bare(Lane::Missing, None);
    }
    if let Some(digits) = scientific(&cleaned.text) {
        return IdNumber { partial: Some(digits).filter(|d| !d.is_empty()), ..bare(Lane::Damaged, Some(DAMAGED)) };
    }
    if holds_several(&cleaned.text) {
        return bare(Lane::Invalid, Some(SEVERAL));
    }
    let Cleaned { text, steps } = without_separators(cleaned);
    if is_placeholder(&text) {
        return bare(Lane::Placeholder, Some(PLACEHOLDER));
    }
    let digits_only = text.bytes().all(|b| b.is_ascii_digit());
    if kind == CellKind::Number && digits_only && matches!(text.len(), 18 | 20 | 22) {
        return damaged(&text, as_of);
    }
    let mut fault = LENGTH;
    for (candidate, more) in candidates(&text) {
        match read(&candidate, as_of) {
            Ok(found) => return repaired(found, steps.and(more)),
            Err(doubt) => fault = doubt,
        }
    }
    if digits_only && text.len() == 18 && text.ends_with("000") && fault == CHECK_DIGIT {
        return damaged(&text, as_of);
    }
    let refused = refused(&text.to_ascii_uppercase(), fault);
    match kind {
        // All but fifteen digits of a number cell are made up by its format.
        CellKind::Number => IdNumber { partial: None, ..refused },
        _ => refused,
    }
}

/// True for a valid number in a cell that needs no repair; `as_of` in days since 1970-01-01. Nine cells of ten.
pub fn stands_as_it_is(raw: &str, kind: CellKind, as_of: i32) -> bool {
    kind != CellKind::Number && judge(raw.as_bytes(), as_of).is_ok() && !is_placeholder(raw)
}

fn bare(lane: Lane, doubt: Option<Doubt>) -> IdNumber {
    IdNumber { lane, number: None, repair: None, partial: None, certificate_suffix: None, doubt }
}

/// The trustworthy digits of `4.50802E+17`: a displayed number is rounded, so its last digit may be one too high. With six
/// digits it is not, because the seventh begins the year of birth and is 1 or 2; with all fifteen it is not, because a
/// spreadsheet cuts the rest to zeros.
fn scientific(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['E', 'e'])?;
    let exponent: i32 = exponent.trim_start_matches('+').parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digit = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.len() != 1 || !digit(whole) || !digit(fraction) || !(14..=21).contains(&exponent) {
        return None;
    }
    let mut digits = format!("{whole}{fraction}");
    match digits.len() {
        6 | 15.. => digits.truncate(15),
        n => digits.truncate(n - 1),
    }
    Some(digits)
}

/// True for stand-ins: one character repeated, counting up, or the national system's 999999 and 000000.
fn is_placeholder(text: &str) -> bool {
    let first = text.chars().next();
    text.starts_with("999999")
        || text.starts_with("000000")
        || text.starts_with("12345678")
        || (text.len() > 1 && text.chars().all(|c| Some(c) == first))
}

fn holds_several(text: &str) -> bool {
    let long = |part: &&str| part.len() >= 15;
    text.len() >= 31 && text.split(|c: char| !c.is_ascii_alphanumeric() && c != '*').filter(long).count() >= 2
}

/// Fifteen digits survive in a number cell when the birth date among them exists.
fn damaged(text: &str, as_of: i32) -> IdNumber {
    match super::id_check::birth(text.as_bytes(), as_of) {
        Ok(_) => IdNumber { partial: Some(text[..15].to_string()), ..bare(Lane::Damaged, Some(DAMAGED)) },
        Err(fault) => bare(Lane::Invalid, Some(words(fault))),
    }
}

/// The text with its last x a capital, then with a look-alike of X in that place, then with letters that look like digits.
fn candidates(text: &str) -> Vec<(String, Steps)> {
    let mut chars: Vec<char> = text.chars().collect();
    let last = match chars.len() {
        20 | 22 => 17,
        n => n.saturating_sub(1),
    };
    let mut steps = Steps::NONE;
    if let Some(c @ 'x') = chars.get_mut(last) {
        *c = 'X';
        steps = Steps::CASE;
    }
    let mut all = vec![(chars.iter().collect(), steps)];
    if let Some(c @ ('×' | 'χ' | 'Χ' | 'Х' | 'х' | '✕' | '✖' | '╳' | '*')) = chars.get_mut(last) {
        *c = 'X';
        steps = Steps::LOOK_ALIKE_X;
        all.push((chars.iter().collect(), steps));
    }
    let digit = |c: &char| match c {
        'O' | 'o' | 'О' | 'о' | 'Ο' | 'ο' | '〇' | '○' => '0',
        'l' | 'I' | '|' => '1',
        c => *c,
    };
    let with_digits: String = chars.iter().map(digit).collect();
    if with_digits.chars().ne(chars.iter().copied()) {
        all.push((with_digits, steps.and(Steps::LOOK_ALIKE_DIGIT)));
    }
    all
}

struct Found {
    number: String,
    steps: Steps,
    suffix: Option<String>,
}

/// 15, 18, 20 or 22 ASCII characters as a number, or what is wrong with them.
fn read(text: &str, as_of: i32) -> Result<Found, Doubt> {
    let b = text.as_bytes();
    if !text.is_ascii() {
        return Err(CHARACTERS);
    }
    match b.len() {
        18 => judge(b, as_of).map_err(words).map(|()| Found {
            number: text.to_string(),
            steps: Steps::NONE,
            suffix: None,
        }),
        15 => from_15(b, as_of),
        20 | 22 if is_certificate_suffix(&b[18..]) => judge(&b[..18], as_of).map_err(words).map(|()| Found {
            number: text[..18].to_string(),
            steps: Steps::CERTIFICATE,
            suffix: Some(text[18..].to_string()),
        }),
        _ => Err(LENGTH),
    }
}

/// Category 1–7, level 1–4, and a letter with a digit for a reissue.
fn is_certificate_suffix(suffix: &[u8]) -> bool {
    let known = matches!(suffix[0], b'1'..=b'7') && matches!(suffix[1], b'1'..=b'4');
    known && (suffix.len() == 2 || (suffix[2].is_ascii_alphabetic() && suffix[3].is_ascii_digit()))
}

/// The old number with its century: 18xx for the sequence numbers 996 to 999, which were kept for people over a hundred.
///
/// Fifteen digits may also be what is left of eighteen. Where both readings have a real birth date, none is taken.
fn from_15(b: &[u8], as_of: i32) -> Result<Found, Doubt> {
    if !b.iter().all(u8::is_ascii_digit) {
        return Err(CHARACTERS);
    }
    let century: &[u8] = if matches!(&b[12..], b"996" | b"997" | b"998" | b"999") { b"18" } else { b"19" };
    let mut number = [&b[..6], century, &b[6..]].concat();
    number.push(check_character(&number).ok_or(CHARACTERS)?);
    judge(&number, as_of).map_err(words)?;
    let cut = [b, b"000"].concat();
    if matches!(&b[6..8], b"19" | b"20") && super::id_check::birth(&cut, as_of).is_ok() {
        return Err(AMBIGUOUS);
    }
    Ok(Found { number: number.into_iter().map(char::from).collect(), steps: Steps::FROM_15, suffix: None })
}

fn words(fault: Fault) -> Doubt {
    match fault {
        Fault::Characters => CHARACTERS,
        Fault::BirthDate => BIRTH_DATE,
        Fault::BirthFuture => BIRTH_FUTURE,
        Fault::BirthTooOld => BIRTH_TOO_OLD,
        Fault::CheckDigit => CHECK_DIGIT,
    }
}

fn repaired(found: Found, cleaning: Steps) -> IdNumber {
    let steps = cleaning.and(found.steps);
    let repair = steps.words(found.suffix.as_deref());
    IdNumber {
        lane: if repair.is_some() { Lane::Repaired } else { Lane::Valid },
        number: Some(found.number),
        repair,
        certificate_suffix: found.suffix,
        ..bare(Lane::Valid, None)
    }
}

/// What is neither valid nor repairable.
fn refused(text: &str, fault: Doubt) -> IdNumber {
    if is_foreign(text) {
        return bare(Lane::Foreign, Some(FOREIGN));
    }
    let length = text.chars().count();
    let fault = if text.contains('*') && length > 2 { MASKED } else { fault };
    IdNumber {
        partial: match length {
            17..=19 => Some(text.to_string()),
            12..=16 if text.bytes().filter(u8::is_ascii_digit).count() + 1 >= length => Some(text.to_string()),
            20 | 22 if text.is_ascii() && fault != LENGTH => Some(text[..18].to_string()),
            _ => None,
        },
        ..bare(Lane::Invalid, Some(fault))
    }
}

/// Passports, travel permits, foreigners' residence permits.
fn is_foreign(text: &str) -> bool {
    if !text.is_ascii() {
        return false;
    }
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let digits = text.len() - letters;
    if !text[letters..].bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    match letters {
        0 => digits == 18 && text.starts_with('9') && is_province(&text[1..3]) && NATIONALITIES.contains(&&text[3..6]),
        1 => (7..=10).contains(&digits),
        2 => (6..=9).contains(&digits),
        3 => digits == 12,
        _ => false,
    }
}

/// ISO 3166-1 numbers of the neighbours and of those who most often settle. Not the whole list: the fewer codes, the fewer
/// mistyped numbers of citizens are taken for a foreigner's.
const NATIONALITIES: [&str; 26] = [
    "004", "036", "050", "104", "116", "124", "250", "276", "356", "360", "392", "398", "408", "410", "417", "418",
    "458", "496", "524", "586", "608", "643", "704", "762", "826", "840",
];

fn is_province(code: &str) -> bool {
    matches!(
        code.as_bytes(),
        [b'1', b'1'..=b'5']
            | [b'2', b'1'..=b'3']
            | [b'3', b'1'..=b'7']
            | [b'4', b'1'..=b'6']
            | [b'5', b'0'..=b'4']
            | [b'6', b'1'..=b'5']
    )
}

#[cfg(test)]
#[path = "id_number_tests.rs"]
mod tests;
