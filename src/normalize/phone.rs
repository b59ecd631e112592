//! Phone numbers: mobile numbers as 11 digits, landlines as `0xxx-xxxxxxxx`; damaged and masked ones told apart.

use std::borrow::Cow;

use super::doubt::{Clean, Doubt};
use super::text::{compact, says_nothing};

const DAMAGED: Doubt = Doubt::new("phone.damaged", "电话号码被表格软件显示为科学计数，末几位已丢失");
const MASKED: Doubt = Doubt::new("phone.masked", "电话号码已脱敏");
const INVALID: Doubt = Doubt::new("phone.invalid", "电话号码格式不对");
const PLACEHOLDER: Doubt = Doubt::new("phone.placeholder", "电话号码是占位号码");
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
    if is_scientific(text) {
        return Clean::refused(DAMAGED);
    }
    if text.contains("**") {
        return Clean::refused(MASKED);
    }
    let parts: Vec<&str> = text.split(['/', '、', ',', ';', '|', '或']).filter(|p| !p.is_empty()).collect();
    let mut first_refusal = None;
    for part in &parts {
        match one(part) {
            Ok(number) if parts.len() > 1 => return Clean::doubtful(Cow::Owned(number), SEVERAL),
            Ok(number) => return Clean::sure(Cow::Owned(number)),
            Err(doubt) => first_refusal = first_refusal.or(Some(doubt)),
        }
    }
    Clean::refused(first_refusal.unwrap_or(INVALID))
}

fn one(part: &str) -> Result<String, Doubt> {
    let part = part.strip_suffix(".0").unwrap_or(part);
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

/// `1.38E+10`.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else {
        return false;
    };
    mantissa.bytes().all(|b| b.is_ascii_digit() || b == b'.') && exponent.trim_start_matches('+').parse::<u8>().is_ok()
}

/// One digit repeated, from the third on for a mobile number, or counting up.
fn is_placeholder(digits: &str) -> bool {
    let same = |part: &str| part.bytes().all(|b| b == part.as_bytes()[0]);
    digits.len() >= 7 && (same(digits) || (digits.len() == 11 && same(&digits[2..])) || digits.starts_with("1234567"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cases() {
        let cases = [
            ("13912345678", Some("13912345678"), None),
            (" 139-1234-5678 ", Some("13912345678"), None),
            ("１３９１２３４５６７８", Some("13912345678"), None),
            ("+86 13912345678", Some("13912345678"), None),
            ("13912345678.0", Some("13912345678"), None),
            ("13912345678（儿子）", Some("13912345678"), None),
            ("电话13912345678", Some("13912345678"), None),
            ("13912345678/0775-1234567", Some("13912345678"), Some("phone.several")),
            ("(0775)1234567", Some("0775-1234567"), None),
            ("010-12345678", Some("010-12345678"), None),
            ("02112345678", Some("021-12345678"), None),
            ("4567890", Some("4567890"), None),
            ("1.38E+10", None, Some("phone.damaged")),
            ("139****5678", None, Some("phone.masked")),
            ("1391234567", None, Some("phone.invalid")),
            ("12912345678", None, Some("phone.invalid")),
            ("13000000000", None, Some("phone.placeholder")),
            ("11111111111", None, Some("phone.placeholder")),
            ("空号", None, Some("phone.invalid")),
            ("无", None, None),
            ("", None, None),
        ];
        for (raw, value, doubt) in cases {
            let clean = phone(raw);
            assert_eq!((clean.value.as_deref(), clean.doubt.map(|d| d.code)), (value, doubt), "{raw}");
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
