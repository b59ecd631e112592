//! Identity numbers: raw cell in; lane, canonical number, named repairs and what is doubtful out.
//!
//! Only what cannot be a guess is repaired: wrappers, widths, look-alikes of X, O and l where they make the number valid, the
//! step from 15 to 18 characters, a disability certificate around a number. No digit is ever supplied or changed: what one
//! keying error may have made of a number is proposed to people by `id_proposals`, never applied.

use jiff::civil::Date;

use super::doubt::Doubt;
use super::id_check::{Fault, birth, check_character, judge};
use super::id_clean::{Cleaned, Steps, clean, may_belong, without_separators};
use super::id_document::{document, is_foreign_layout, is_residence_permit};
use super::text::{half_width, is_invisible};
use crate::model::CellKind;

/// How a number was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// 18 characters that check, as they stood in the cell.
    Valid,
    /// Valid after a repair that needed no guess.
    Repaired,
    /// The number within the number of a disability certificate.
    Certificate,
    /// Of a residence permit for people from Hong Kong, Macau or Taiwan; valid, perhaps after a repair.
    ResidencePermit,
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
            Lane::Certificate => "certificate",
            Lane::ResidencePermit => "residence_permit",
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
    /// 18 characters that check; in the lanes valid, repaired, certificate and residence permit, and in the lane foreign for
    /// a foreigner's card of the 2023 layout.
    pub number: Option<String>,
    /// What was repaired, by name; nothing where there is no number.
    pub steps: Steps,
    /// Lane damaged: the leading digits that can be trusted. Lane invalid with 12 to 19 characters: the cleaned characters
    /// as they stand, for comparison with near numbers.
    pub partial: Option<String>,
    /// What follows the number on a disability certificate: category 1–7, level 1–4, and `B1`… for a reissue.
    pub certificate_suffix: Option<String>,
    /// Valid numbers of which the cell may mean any: those of several, and the old number that 15 digits may be.
    pub any_of: Vec<String>,
    /// What is doubtful.
    pub doubt: Option<Doubt>,
}

impl IdNumber {
    /// What was changed, in Chinese; none when nothing was.
    pub fn repair(&self) -> Option<String> {
        self.steps.words(self.certificate_suffix.as_deref())
    }
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
/// The last digits are lost.
pub const DAMAGED: Doubt =
    Doubt::new("id_number.damaged", "身份证号被表格软件当作数字，末几位已丢失，请将该列设为文本后重新填报");
const PLACEHOLDER: Doubt = Doubt::new("id_number.placeholder", "身份证号是占位号码");

/// With so many letters and digits a cell holds more than one number, or a number and something else.
const MORE_THAN_ONE: usize = 26;

/// Recognises an identity number.
///
/// * `kind`: a number cell with more than 15 digits is never trusted beyond them.
/// * `as_of`: nobody is born later.
///
/// Of 18 digits that begin with 9 and fail as a citizen's number, those with a province and a nationality behind the 9 are
/// taken for foreigners' residence cards of the 2023 layout; a mistyped citizen's number hardly ever has both.
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
    if let Some(digits) = without_decimals(&cleaned.text) {
        // A program that took the number for a quantity wrote it back with its decimals.
        return damaged(digits, as_of);
    }
    let before = cleaned.steps;
    let characters = if raw.len() < MORE_THAN_ONE { 0 } else { raw.chars().filter(|c| c.is_alphanumeric()).count() };
    if characters >= MORE_THAN_ONE
        && let Some(read) = of_several(raw, before, as_of)
    {
        return read;
    }
    let Cleaned { text, steps } = without_separators(cleaned);
    if is_placeholder(&text) {
        return bare(Lane::Placeholder, Some(PLACEHOLDER));
    }
    let digits_only = text.bytes().all(|b| b.is_ascii_digit());
    if kind == CellKind::Number && digits_only && matches!(text.len(), 18 | 20 | 22) {
        return damaged(&text, as_of);
    }
    let (fault, any_of) = match read_any(&text, as_of) {
        Ok(found) => return recognised(found, steps),
        Err(refusal) => refusal,
    };
    if digits_only && text.len() == 18 && text.ends_with("000") && fault == CHECK_DIGIT {
        return damaged(&text, as_of);
    }
    if let Some(read) = of_several(raw, before, as_of) {
        return read;
    }
    let refused = IdNumber { any_of, ..refused(&text.to_ascii_uppercase(), raw, fault) };
    match kind {
        // All but fifteen digits of a number cell are made up by its format.
        CellKind::Number => IdNumber { partial: None, ..refused },
        _ => refused,
    }
}

/// True for a citizen's valid number in a cell that needs no repair; `as_of` in days since 1970-01-01. Nine cells of ten.
pub fn stands_as_it_is(raw: &str, kind: CellKind, as_of: i32) -> bool {
    let b = raw.as_bytes();
    kind != CellKind::Number
        && judge(b, as_of).is_ok()
        && !is_placeholder(raw)
        && !is_residence_permit(b)
        && !is_foreign_layout(b)
}

/// Fifteen digits of 18 that a spreadsheet left; the lane damaged, or invalid when they hold no birth date.
pub fn damaged(text: &str, as_of: i32) -> IdNumber {
    match birth(text.as_bytes(), as_of) {
        Ok(_) => IdNumber { partial: Some(trusted(text).to_string()), ..bare(Lane::Damaged, Some(DAMAGED)) },
        Err(fault) => bare(Lane::Invalid, Some(words(fault))),
    }
}

fn bare(lane: Lane, doubt: Option<Doubt>) -> IdNumber {
    IdNumber {
        lane,
        number: None,
        steps: Steps::NONE,
        partial: None,
        certificate_suffix: None,
        any_of: Vec::new(),
        doubt,
    }
}

/// The digits that survive in a double. Spreadsheets cut to 15 digits and write zeros. Other programs keep the nearest double,
/// which is up to 64 off in 18 digits: near a full thousand the fifteenth digit may be another.
fn trusted(digits: &str) -> &str {
    let tail = digits.get(15..18).and_then(|t| t.parse::<u16>().ok()).unwrap_or(0);
    if tail == 0 || (64..=936).contains(&tail) { &digits[..15] } else { &digits[..14] }
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
        6 => {}
        15.. => digits.truncate(trusted(&format!("{digits:0<18}")).len()),
        n => digits.truncate(n - 1),
    }
    Some(digits)
}

/// The 18 digits of `990121199001011264.0`.
fn without_decimals(text: &str) -> Option<&str> {
    let (whole, decimals) = text.split_once('.')?;
    let zeros = !decimals.is_empty() && decimals.bytes().all(|b| b == b'0');
    (zeros && whole.len() == 18 && whole.bytes().all(|b| b.is_ascii_digit())).then_some(whole)
}

/// True for stand-ins: one character repeated, counting up, or the national system's 999999 and 000000.
fn is_placeholder(text: &str) -> bool {
    let first = text.chars().next();
    text.starts_with("999999")
        || text.starts_with("000000")
        || text.starts_with("12345678")
        || (text.len() > 1 && text.chars().all(|c| Some(c) == first))
}

/// A cell of several words: the one number among them; several numbers, which are told; none when neither.
fn of_several(raw: &str, steps: Steps, as_of: i32) -> Option<IdNumber> {
    let folded: String = raw.chars().filter(|c| !is_invisible(*c)).map(half_width).collect();
    let (mut runs, mut long, mut short) = (0, 0, false);
    let mut found: Vec<Found> = Vec::new();
    for run in folded.split(|c: char| !may_belong(c)).filter(|run| !run.is_empty()) {
        let length = run.chars().count();
        runs += 1;
        let (first, second) = match length {
            30 | 33 | 36 if run.is_ascii() => run.split_at(if length == 30 { 15 } else { 18 }),
            _ => (run, ""),
        };
        for part in [first, second].into_iter().filter(|part| part.len() >= 15) {
            long += 1;
            found.extend(read_any(part, as_of).ok());
        }
        short |= (5..15).contains(&length);
    }
    let mut any_of: Vec<String> = found.iter().map(|f| f.number.clone()).collect();
    any_of.sort();
    any_of.dedup();
    match (long, &any_of[..]) {
        (0 | 1, []) => None,
        // An old number has no check digit that would tell it from another number of 15 digits.
        (1, [_]) if runs > 1 && !found[0].steps.has(Steps::FROM_15) => {
            let beside = if short { Steps::BESIDE } else { Steps::ANNOTATION };
            Some(recognised(found.remove(0), steps.and(beside)))
        }
        (_, [_]) if found.len() == long && long > 1 => {
            found.sort_by_key(|f| f.steps.has(Steps::FROM_15));
            Some(recognised(found.remove(0), steps.and(Steps::REPEATED)))
        }
        (1, _) => None,
        _ => Some(IdNumber { any_of, ..bare(Lane::Invalid, Some(SEVERAL)) }),
    }
}

/// The text with its last x a capital, then with a look-alike of X in that place, then with letters that look like digits;
/// behind the letter of a pupil's number, and behind Latin words, likewise.
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

/// The first candidate that is a number; else what is wrong with the last, and the numbers it may be.
fn read_any(text: &str, as_of: i32) -> Result<Found, (Doubt, Vec<String>)> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let before = match letters {
        1 if text.starts_with(['G', 'g']) => Steps::PUPIL,
        _ => Steps::ANNOTATION,
    };
    let behind = (letters > 0 && text.len() - letters >= 18).then(|| &text[letters..]);
    let mut refusal = (LENGTH, Vec::new());
    for (candidate, more) in candidates(text) {
        match read(&candidate, as_of) {
            Ok(found) => return Ok(found.after(more)),
            Err(Refusal { doubt, maybe }) => {
                refusal.0 = doubt;
                refusal.1.extend(maybe);
            }
        }
    }
    for (candidate, more) in behind.map(candidates).into_iter().flatten() {
        if let Ok(found) = read(&candidate, as_of) {
            return Ok(found.after(more.and(before)));
        }
    }
    Err(refusal)
}

struct Found {
    number: String,
    steps: Steps,
    suffix: Option<String>,
}

impl Found {
    fn after(self, steps: Steps) -> Found {
        Found { steps: self.steps.and(steps), ..self }
    }
}

struct Refusal {
    doubt: Doubt,
    /// The number it may be.
    maybe: Option<String>,
}

impl From<Doubt> for Refusal {
    fn from(doubt: Doubt) -> Refusal {
        Refusal { doubt, maybe: None }
    }
}

/// 15, 18, 20 or 22 ASCII characters as a number, or what is wrong with them.
fn read(text: &str, as_of: i32) -> Result<Found, Refusal> {
    let b = text.as_bytes();
    if !text.is_ascii() {
        return Err(CHARACTERS.into());
    }
    let found = |number: &str, steps| Found { number: number.to_string(), steps, suffix: None };
    match b.len() {
        18 => judge(b, as_of).map_err(|fault| words(fault).into()).map(|()| found(text, Steps::NONE)),
        15 => from_15(b, as_of),
        20 | 22 if is_certificate_suffix(&b[18..]) => {
            judge(&b[..18], as_of).map_err(words)?;
            Ok(Found { suffix: Some(text[18..].to_ascii_uppercase()), ..found(&text[..18], Steps::CERTIFICATE) })
        }
        _ => Err(LENGTH.into()),
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
fn from_15(b: &[u8], as_of: i32) -> Result<Found, Refusal> {
    if !b.iter().all(u8::is_ascii_digit) {
        return Err(CHARACTERS.into());
    }
    let century: &[u8] = if matches!(&b[12..], b"996" | b"997" | b"998" | b"999") { b"18" } else { b"19" };
    let mut number = [&b[..6], century, &b[6..]].concat();
    number.push(check_character(&number).ok_or(CHARACTERS)?);
    judge(&number, as_of).map_err(words)?;
    let number: String = number.into_iter().map(char::from).collect();
    let cut = [b, b"000"].concat();
    if matches!(&b[6..8], b"19" | b"20") && birth(&cut, as_of).is_ok() {
        return Err(Refusal { doubt: AMBIGUOUS, maybe: Some(number) });
    }
    Ok(Found { number, steps: Steps::FROM_15, suffix: None })
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

fn recognised(found: Found, cleaning: Steps) -> IdNumber {
    let steps = cleaning.and(found.steps);
    let b = found.number.as_bytes();
    let lane = if found.suffix.is_some() {
        Lane::Certificate
    } else if is_residence_permit(b) {
        Lane::ResidencePermit
    } else if is_foreign_layout(b) {
        Lane::Foreign
    } else if steps == Steps::NONE {
        Lane::Valid
    } else {
        Lane::Repaired
    };
    IdNumber { steps, certificate_suffix: found.suffix, number: Some(found.number), ..bare(lane, None) }
}

/// What is neither valid nor repairable. `text`: in capitals, without separators.
fn refused(text: &str, raw: &str, fault: Doubt) -> IdNumber {
    if let Some(document) = document(text, raw) {
        return bare(Lane::Foreign, Some(document.doubt()));
    }
    let length = text.chars().count();
    let masks = |c: char| matches!(c, '*' | 'X' | '×' | '?');
    let hidden = text.chars().filter(|c| masks(*c)).count();
    let fault = if (text.contains('*') && length > 2) || hidden >= 3 { MASKED } else { fault };
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

#[cfg(test)]
#[path = "id_number_tests.rs"]
mod tests;
