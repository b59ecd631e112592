//! Free text: raw text in, text without invisible characters and needless spaces out. Also the character folding that
//! the other normalisers share.

use std::borrow::Cow;

/// Marks with which clerks say "nothing here". `无` and `0` are not among them: for yes/no fields and amounts they are
/// values.
const NOTHING: &[&str] =
    &["-", "--", "---", "—", "——", "/", "//", "\\", "\\N", "N/A", "#N/A", "NULL", "null", "Null", "None", "nan", "NaN"];

/// True for characters that show nothing and so hide differences: controls, zero-width, bidi marks, variation selectors.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{E}'..='\u{1F}' | '\u{7F}'..='\u{84}' | '\u{86}'..='\u{9F}' | '\u{AD}' | '\u{61C}'
        | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E01EF}')
}

/// Full-width ASCII and the full-width space as their half-width twins; other characters as they are.
pub fn half_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        '￥' => '¥',
        '−' | '–' => '-',
        c => c,
    }
}

/// Full-width letters and digits only: punctuation of free text stays as it was written.
fn half_width_alphanumeric(c: char) -> char {
    match c {
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => half_width(c),
        c => c,
    }
}

/// True when no step of [`clean`] can change the text, told from its bytes alone: printable ASCII with single inner
/// spaces and the blocks from U+3040 to U+EFFF, which hold the common Han characters.
fn is_plainly_clean(text: &str) -> bool {
    let mut space = true;
    for (i, &b) in text.as_bytes().iter().enumerate() {
        match b {
            b' ' if space => return false,
            b' ' => space = true,
            0x21..=0x7E | 0x80..=0xBF | 0xE4..=0xED => space = false,
            0xE3 if text.as_bytes().get(i + 1).is_some_and(|&n| n != 0x80 && n != 0x85) => space = false,
            _ => return false,
        }
    }
    !space
}

/// Free text as people read it: invisible characters removed, any white space one space, ends trimmed, full-width letters
/// and digits half-width. Empty when nothing is left.
pub fn clean(raw: &str) -> Cow<'_, str> {
    if is_plainly_clean(raw) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        if is_invisible(c) {
            continue;
        }
        if c.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(half_width_alphanumeric(c));
        }
    }
    if out.ends_with(' ') {
        out.pop();
    }
    Cow::Owned(out)
}

/// Text for parsing: no invisible characters, no white space, everything half-width.
pub fn compact(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|b| (0x21..=0x7E).contains(&b)) {
        return Cow::Borrowed(raw);
    }
    let kept = raw.chars().filter(|c| !is_invisible(*c) && !c.is_whitespace());
    Cow::Owned(kept.map(half_width).collect())
}

/// True when the text only says that there is nothing.
pub fn says_nothing(text: &str) -> bool {
    // The longest mark has six bytes; most cells are longer and need no comparison.
    text.len() <= 6 && (text.is_empty() || NOTHING.contains(&text))
}

/// The clean value of a free-text cell; none when it is empty or only a dash or slash. The apostrophe with which
/// spreadsheets guard text that begins like a formula is undone.
pub fn text(raw: &str) -> Option<Cow<'_, str>> {
    let cleaned = clean(raw);
    let guarded = |t: &str| t.starts_with('\'') && t[1..].starts_with(['=', '+', '-', '@']);
    let cleaned = match cleaned {
        Cow::Borrowed(t) if guarded(t) => Cow::Borrowed(&t[1..]),
        Cow::Owned(t) if guarded(&t) => Cow::Owned(t[1..].to_string()),
        other => other,
    };
    if says_nothing(&cleaned) { None } else { Some(cleaned) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::cases::{some, table};
    use proptest::prelude::*;

    #[test]
    fn cases() {
        let table = table(include_str!("cases/text.tsv"), ["raw", "text"]);
        assert!(table.len() >= 20);
        for (line, [raw, expected]) in table {
            assert_eq!(text(&raw).as_deref(), some(&expected), "line {line}: {raw:?}");
        }
    }

    #[test]
    fn clean_text_is_not_copied() {
        for plain in ["平安镇东沟村", "Abc 12", "々"] {
            assert_eq!(clean(plain), plain);
        }
        assert!(matches!(clean("平安镇东沟村 3组"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn twice_changes_nothing(raw in "[ -~\u{3000}\u{00A0}\u{200B}\u{202E}\u{FF10}-\u{FF5A}一-丠\r\n\t]{0,20}") {
            if let Some(once) = text(&raw) {
                // A guard is undone once: what it guarded may itself look like a guard.
                if !once.starts_with('\'') {
                    let twice = text(&once).map(|t| t.into_owned());
                    prop_assert_eq!(twice.as_deref(), Some(once.as_ref()));
                }
            }
        }

        #[test]
        fn the_short_cut_never_skips_a_change(raw in "\\PC{0,12}") {
            if is_plainly_clean(&raw) {
                prop_assert!(raw.chars().all(|c| !is_invisible(c) && half_width_alphanumeric(c) == c));
                prop_assert!(raw.chars().all(|c| c == ' ' || !c.is_whitespace()));
            }
        }
    }
}
