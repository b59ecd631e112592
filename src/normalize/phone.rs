//! Phone numbers: mobile numbers as 11 digits, landlines as `0xxx-xxxxxxxx`; damaged and masked ones told apart.

use std::borrow::Cow;

use super::doubt::{Clean, Doubt};
use super::text::{compact, says_nothing};

const DAMAGED: Doubt = Doubt::new("phone.damaged", "电话号码被表格软件显示为科学计数，末几位已丢失");
const MASKED: Doubt = Doubt::new("phone.masked", "电话号码已脱敏");
const INVALID: Doubt = Doubt::new("phone.invalid", "电话号码格式不对");
const PLACEHOLDER: Doubt = Doubt::new("phone.placeholder", "电话号码是占位号码");
const LOST_ZERO: Doubt = Doubt::new("phone.lost_zero", "固定电话区号丢了开头的0，已补上");
const SEVERAL: Doubt = Doubt::new("phone.several", "一格内有多个电话号码，取第一个");

/// One phone number. Of several in a cell the first usable one counts.
///
/// A number that needs no change is not copied.
pub fn phone(raw: &str) -> Clean<Cow<'_, str>> {
    let b = raw.as_bytes();
    if b.len() == 11 && is_mobile(b) && !is_placeholder(raw) {
        return Clean::sure(Cow::Borrowed(raw));
    }
    let text = compact(raw);
    if says_nothing(&text) || matches!(text.as_ref(), "无" | "0" | "没有" | "暂无") {
        return Clean::EMPTY;
    }
    let text = text.trim_matches(['\'', '"', '=', ',']);
    if let Some(digits) = scientific(text) {
        // `1.3912345678E10` still has all its digits, `1.39E+10` has not.
        return if is_mobile(digits.as_bytes()) { Clean::sure(Cow::Owned(digits)) } else { Clean::refused(DAMAGED) };
    }
    if text.contains("**") {
        return Clean::refused(MASKED);
    }
    let parts: Vec<&str> = text.split(['/', '、', ',', ';', '|', '或']).filter(|p| !p.is_empty()).collect();
    let mut first_refusal = None;
    for part in &parts {
        if let (22 | 33, Some(first)) = (part.len(), mobiles(part)) {
            return Clean::doubtful(Cow::Owned(first.to_string()), SEVERAL);
        }
        match one(part) {
            Ok(number) if parts.len() > 1 => return Clean::doubtful(Cow::Owned(number), SEVERAL),
            Ok(number) => return Clean::sure(Cow::Owned(number)),
            Err(doubt) => first_refusal = first_refusal.or(Some(doubt)),
        }
    }
    // Ten digits without a leading 0 or 1 are an area code of four digits that a number cell made three.
    let zero =
        parts.iter().filter(|p| p.len() == 10 && !p.starts_with(['0', '1'])).find_map(|p| one(&format!("0{p}")).ok());
    match zero {
        Some(number) => Clean::doubtful(Cow::Owned(number), LOST_ZERO),
        None => Clean::refused(first_refusal.unwrap_or(INVALID)),
    }
}

/// The first of two or three mobile numbers that stand without a separator.
fn mobiles(part: &str) -> Option<&str> {
    part.as_bytes().chunks(11).all(is_mobile).then(|| &part[..11])
}

fn one(part: &str) -> Result<String, Doubt> {
    let part = part.strip_suffix(".0").unwrap_or(part);
    // An extension behind a landline.
    let part = part.split(['转', '#']).next().unwrap_or(part);
    let end = part.find('(').filter(|at| *at > 6).unwrap_or(part.len());
    let bare = |c: &char| !matches!(c, '-' | '(' | ')' | '.' | '·' | '—' | '+');
    let digits: String = part[..end].chars().filter(bare).collect();
    let start = digits.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let digits = digits[start..].trim_end_matches(|c: char| !c.is_ascii_digit());
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(INVALID);
    }
    if is_placeholder(digits) {
        return Err(PLACEHOLDER);
    }
    let home = ["0086", "86"].iter().find_map(|p| digits.strip_prefix(p)).filter(|rest| is_mobile(rest.as_bytes()));
    let digits = home.unwrap_or(digits);
    if is_mobile(digits.as_bytes()) {
        return Ok(digits.to_string());
    }
    // Area codes 010 and 02x have three digits, all others four; subscriber numbers seven or eight.
    let area = if digits.starts_with("010") || digits.starts_with("02") { 3 } else { 4 };
    match digits.len() {
        10 if digits.starts_with("400") || digits.starts_with("800") => Ok(digits.to_string()),
        7 | 8 if !digits.starts_with(['0', '1']) => Ok(digits.to_string()),
        n if digits.starts_with('0') && (area + 7..=area + 8).contains(&n) && !digits.starts_with("00") => {
            Ok(format!("{}-{}", &digits[..area], &digits[area..]))
        }
        _ => Err(INVALID),
    }
}

fn is_mobile(b: &[u8]) -> bool {
    b.len() == 11 && b[0] == b'1' && (b'3'..=b'9').contains(&b[1]) && b.iter().all(u8::is_ascii_digit)
}

/// The digits of `1.38E+10`; none when the text is no such number.
fn scientific(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['E', 'e'])?;
    let digits = mantissa.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    (digits && exponent.trim_start_matches('+').parse::<u8>().is_ok()).then(|| mantissa.replace('.', ""))
}

/// One digit repeated, from the third on for a mobile number, or counting up.
fn is_placeholder(digits: &str) -> bool {
    let same = |part: &str| part.bytes().all(|b| b == part.as_bytes()[0]);
    digits.len() >= 7 && (same(digits) || (digits.len() == 11 && same(&digits[2..])) || digits.starts_with("1234567"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::cases::{some, table};
    use proptest::prelude::*;

    #[test]
    fn cases() {
        let table = table(include_str!("cases/phone.tsv"), ["raw", "phone", "doubt"]);
        assert!(table.len() >= 39);
        for (line, [raw, expected, doubt]) in table {
            let clean = phone(&raw);
            let found = (clean.value.as_deref(), clean.doubt.map_or("", |d| d.code));
            assert_eq!(found, (some(&expected), doubt.as_str()), "line {line}: {raw}");
        }
    }

    proptest! {
        #[test]
        fn twice_changes_nothing(raw in "[0-9+（）()/ -]{0,24}") {
            if let Some(once) = phone(&raw).value {
                prop_assert_eq!(phone(&once), Clean::sure(Cow::Borrowed(once.as_ref())));
            }
        }

        #[test]
        fn nothing_panics(raw in "\\PC{0,24}") {
            phone(&raw);
        }
    }
}
