//! Tokens of forms and of their rows: short enough to be typed from paper, and a mistyped one is found out.
//!
//! A row's token has eight characters and one that checks them; a form's has an `F` before it. None of the characters is
//! mistaken for another (no 0 O 1 I L), the first is a letter, so that no spreadsheet program takes a token for a number. The
//! check is a weighted sum over a prime: every single wrong character and every two exchanged ones are seen.

use sha2::{Digest, Sha256};

/// The characters of a token, in the order of their values.
const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/// How many of them are digits.
const DIGITS: u64 = 8;
/// Characters before the check.
const BODY: usize = 8;
/// Generates all remainders but 0 modulo 31, so that no two places weigh the same.
const ROOT: u32 = 3;
/// What a form's token begins with.
const FORM: char = 'F';

/// The token of a row: the same parts give the same token. `attempt` is 0, and more when that token is another row's already.
pub fn row(parts: &[&str], attempt: u32) -> String {
    let mut hasher = Sha256::new();
    hasher.update(attempt.to_be_bytes());
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let hash = hasher.finalize();
    let mut number = u64::from_be_bytes(hash[..8].try_into().expect("a digest is longer"));
    let mut body = String::with_capacity(BODY + 1);
    let letters = ALPHABET.len() as u64 - DIGITS;
    body.push(ALPHABET[(DIGITS + number % letters) as usize] as char);
    number /= letters;
    for _ in 1..BODY {
        body.push(ALPHABET[(number % ALPHABET.len() as u64) as usize] as char);
        number /= ALPHABET.len() as u64;
    }
    body.push(check(&body).expect("made of the alphabet"));
    body
}

/// The token of a form.
pub fn form(parts: &[&str]) -> String {
    format!("{FORM}{}", row(parts, 0))
}

/// A text as a token is compared: upper case, half width, without blanks, dashes and what nobody sees.
pub fn clean(text: &str) -> String {
    let half = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    let seen = super::receipt::same_text(text);
    let kept = seen.chars().map(half).filter(|c| !matches!(c, '-' | '—' | '_' | '·'));
    kept.flat_map(char::to_uppercase).collect()
}

/// True for a cleaned text that is a row's token with the right check.
pub fn is_row(text: &str) -> bool {
    text.len() == BODY + 1 && text.is_ascii() && check(&text[..BODY]) == text.chars().next_back()
}

/// True for a cleaned text that is a form's token.
pub fn is_form(text: &str) -> bool {
    text.strip_prefix(FORM).is_some_and(is_row)
}

/// The form's token in a line such as `表单编号：F7K3M9QWE2`, when there is one.
pub fn form_within(text: &str) -> Option<String> {
    let text = clean(text);
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|w| is_form(w)).map(str::to_string).next()
}

fn check(body: &str) -> Option<char> {
    let (mut sum, mut weight) = (0, ROOT);
    for c in body.bytes() {
        let value = ALPHABET.iter().position(|a| *a == c)?;
        sum = (sum + weight * value as u32) % 31;
        weight = weight * ROOT % 31;
    }
    Some(ALPHABET[((31 - sum) % 31) as usize] as char)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tokens_are_of_their_parts() {
        let token = row(&["2026Q3", "17"], 0);
        assert_eq!(token, row(&["2026Q3", "17"], 0));
        assert!(is_row(&token) && token.len() == 9 && token.starts_with(|c: char| c.is_ascii_alphabetic()), "{token}");
        for other in [row(&["2026Q3", "18"], 0), row(&["2026Q31", "7"], 0), row(&["2026Q3", "17"], 1)] {
            assert_ne!(token, other);
        }
        let form = form(&["verify", "2026Q3"]);
        assert!(is_form(&form) && !is_row(&form));
        assert_eq!(form_within(&format!("批次：2026Q3　表单编号：{form}　共3项")), Some(form));
    }

    #[test]
    fn what_a_program_or_a_hand_adds_is_no_other_token() {
        let token = row(&["x"], 0);
        let shown = format!("\u{200b} {}-{} ", &token[..4].to_lowercase(), &token[4..]);
        assert_eq!(clean(&shown), token);
        let wide: String =
            token.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).expect("a full-width form")).collect();
        assert_eq!(clean(&wide), token);
    }

    proptest! {
        #[test]
        fn every_single_slip_and_every_exchange_is_seen(seed in ".*", at in 0_usize..9, other in 0_usize..9, to in 0_usize..31) {
            let token = row(&[&seed], 0);
            let mut slipped = token.clone().into_bytes();
            slipped[at] = ALPHABET[to];
            let slipped = String::from_utf8(slipped).expect("ASCII");
            prop_assert_eq!(is_row(&slipped), slipped == token);
            let mut exchanged = token.clone().into_bytes();
            exchanged.swap(at, other);
            let exchanged = String::from_utf8(exchanged).expect("ASCII");
            prop_assert_eq!(is_row(&exchanged), exchanged == token);
        }

        #[test]
        fn any_text_may_be_asked(text in "\\PC{0,20}") {
            let text = clean(&text);
            let _ = (is_row(&text), is_form(&text), form_within(&text));
        }
    }
}
