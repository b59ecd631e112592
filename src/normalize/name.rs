//! Names of persons: raw cell in; the name as it is shown and compared out, or why there is none.
//!
//! Widths, radicals and invisible characters are folded, notes and running numbers taken off, the dot of minority names made
//! U+00B7, and every mark of a lost character made [`WILDCARD`]. Variant and traditional characters stay: that is the linker's.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::doubt::{Clean, Doubt};
use super::han::{WILDCARD, description_operands, is_han, is_lost_mark, unify};
use super::name_parts::join_parts;
use super::name_words::{HONORIFICS, LABELS, NOTES, OTHER_NAME, PLACEHOLDERS, UNNAMED, UNNAMED_TAILS, may_hold_words};
use super::text::{half_width, is_invisible, says_nothing};

const PLACEHOLDER: Doubt = Doubt::new("name.placeholder", "姓名是占位文字");
const UNNAMED_PERSON: Doubt = Doubt::new("name.unnamed", "只写了与他人的关系，没有本人姓名");
const LOST: Doubt = Doubt::new("name.wildcard", "姓名中有缺失或无法识别的字，按一个任意字比对");
const INCOMPLETE: Doubt = Doubt::new("name.incomplete", "姓名不完整");
const CUT: Doubt = Doubt::new("name.cut", "姓名以间隔号结尾，后面的字可能被截断");
const CHARACTERS: Doubt = Doubt::new("name.characters", "姓名中有数字或符号");
const NO_LETTERS: Doubt = Doubt::new("name.no_letters", "姓名中没有文字");
const BRACKETS: Doubt = Doubt::new("name.note_removed", "姓名后的括号内容未用于比对");

/// Normalises a name; one that needs no change is not copied.
pub fn name(raw: &str) -> Clean<Cow<'_, str>> {
    if is_plain(raw) {
        return Clean::sure(Cow::Borrowed(raw));
    }
    let mut text = fold(raw);
    // A name that ends with the dot between two parts was cut by the width of a field.
    let mut doubt = text.trim_end().ends_with('·').then_some(CUT);
    // Taking off one note may bare another, so steps are repeated until nothing changes; every change shortens the text or
    // makes it canonical, and eight rounds are more than any cell has notes.
    for _ in 0..8 {
        match round(&text) {
            Ok(Round { text: next, doubt: more }) => {
                doubt = doubt.or(more);
                if next == text {
                    break;
                }
                text = next;
            }
            Err(refusal) => {
                return Clean { value: None, doubt: refusal };
            }
        }
    }
    if text.contains(WILDCARD) {
        doubt = doubt.or(Some(LOST));
    }
    Clean { value: Some(Cow::Owned(text)), doubt }
}

/// True for two to four common Han characters without any that could belong to a note: nine names of ten.
fn is_plain(raw: &str) -> bool {
    if !(6..=12).contains(&raw.len()) {
        return false;
    }
    let mut count = 0;
    for c in raw.chars() {
        count += 1;
        if count > 4 || !('\u{4E00}'..='\u{9FFF}').contains(&c) || may_hold_words(c) {
            return false;
        }
    }
    count < 4 || !is_described(&raw.chars().collect::<Vec<_>>())
}

/// Characters folded one by one.
fn fold(raw: &str) -> String {
    let composed: Cow<'_, str> = if is_nfc(raw) { raw.into() } else { raw.nfc().collect::<String>().into() };
    let mut out = String::with_capacity(composed.len());
    let mut chars = composed.chars().filter(|c| !is_invisible(*c));
    while let Some(c) = chars.next() {
        if let Some(operands) = description_operands(c) {
            // A described character: skip its parts, which may be descriptions themselves.
            let mut missing = operands;
            while missing > 0 {
                match chars.next() {
                    Some(part) => missing = missing - 1 + description_operands(part).unwrap_or(0),
                    None => break,
                }
            }
            out.push(WILDCARD);
            continue;
        }
        let c = unify(half_width(c));
        match c {
            c if c.is_whitespace() => out.push(' '),
            '×' => out.push('X'),
            c if is_lost_mark(c) => out.push(WILDCARD),
            c if c.is_control() => {}
            '\u{2460}'..='\u{2473}' => {} // ① … ⑳ number persons of one name
            c => out.push(c),
        }
    }
    out
}

struct Round {
    text: String,
    doubt: Option<Doubt>,
}

/// One round of taking off what is not the name. `Err(None)`: the cell is empty.
fn round(text: &str) -> Result<Round, Option<Doubt>> {
    let mut doubt = None;
    let text = text.trim();
    if says_nothing(text) {
        return Err(None);
    }
    let text = unlabelled(text);
    let (text, more) = without_brackets(text);
    doubt = doubt.or(more);
    let text = without_running_number(before_other_name(&text));
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if PLACEHOLDERS.contains(&compact.as_str()) {
        return Err(Some(PLACEHOLDER));
    }
    if is_unnamed(&compact) {
        return Err(Some(UNNAMED_PERSON));
    }
    if compact.chars().all(|c| c == WILDCARD || c == 'X' || c == 'x') {
        return Err((!compact.is_empty()).then_some(PLACEHOLDER));
    }
    let text = without_tail(text)?;
    let text = masked(text);
    let (text, more) = join_parts(&text);
    doubt = doubt.or(more);
    let text = text.trim_matches(|c: char| !c.is_alphanumeric() && c != WILDCARD).to_string();
    let han = text.chars().filter(|c| is_han(*c)).count();
    if !text.chars().any(char::is_alphabetic) {
        return Err(Some(NO_LETTERS));
    }
    if text.chars().any(|c| !c.is_alphabetic() && !matches!(c, '·' | ' ' | '\'' | '-' | '.' | WILDCARD)) {
        doubt = doubt.or(Some(CHARACTERS));
    }
    if han == 1 && text.chars().count() == 1 {
        doubt = doubt.or(Some(INCOMPLETE));
    }
    Ok(Round { text, doubt })
}

/// `户主：张三`.
fn unlabelled(text: &str) -> &str {
    match text.split_once(':') {
        Some((label, rest)) if LABELS.contains(&label.trim()) => rest.trim(),
        _ => text,
    }
}

/// `张三 曾用名李四`, `张三/李四`.
fn before_other_name(text: &str) -> &str {
    let cut = OTHER_NAME.iter().filter_map(|word| text.find(word)).filter(|at| *at > 0).min();
    let text = cut.map_or(text, |at| &text[..at]);
    match text.split_once('/') {
        Some((first, _)) if first.chars().filter(|c| is_han(*c)).count() >= 2 => first.trim(),
        _ => text.trim(),
    }
}

/// Notes in brackets go; a described character (`张(韦华)`, `李(王文)明`) becomes a wildcard.
fn without_brackets(text: &str) -> (Cow<'_, str>, Option<Doubt>) {
    const OPEN: [char; 7] = ['(', '[', '【', '〔', '{', '<', '《'];
    const CLOSE: [char; 7] = [')', ']', '】', '〕', '}', '>', '》'];
    let Some(from) = text.find(OPEN) else {
        return (Cow::Borrowed(text), None);
    };
    let before = text[..from].trim_end();
    let inner_from = from + text[from..].chars().next().map_or(1, char::len_utf8);
    let to = text[inner_from..].find(CLOSE).map(|at| inner_from + at);
    let inner = text[inner_from..to.unwrap_or(text.len())].trim();
    let after = to.map_or("", |to| text[to..].trim_start_matches(CLOSE));
    if before.is_empty() && after.trim().is_empty() {
        // Nothing stands outside: the brackets are around the name.
        return (Cow::Owned(inner.to_string()), None);
    }
    let outside = before.chars().chain(after.chars()).filter(|c| is_han(*c)).count();
    let han_inside = inner.chars().filter(|c| is_han(*c)).count();
    let described = (2..=4).contains(&han_inside)
        && han_inside == inner.chars().count()
        && !inner.chars().any(may_hold_words)
        && (outside == 1 || (outside > 0 && !after.trim().is_empty() && !before.is_empty()));
    if described {
        return (Cow::Owned(format!("{before}{WILDCARD}{after}")), Some(LOST));
    }
    let said = inner.chars().any(may_hold_words) || inner.chars().count() <= 1 || han_inside == 0;
    (Cow::Owned(format!("{before}{after}")), (!said).then_some(BRACKETS))
}

/// `1.张三`, `张三2`.
fn without_running_number(text: &str) -> &str {
    if !text.chars().any(is_han) {
        return text;
    }
    let numbering = |c: char| c.is_ascii_digit() || matches!(c, '.' | '、' | ')' | '#' | ' ' | ',' | '-' | '_');
    let digits_first = text.starts_with(|c: char| c.is_ascii_digit());
    let text = if digits_first { text.trim_start_matches(numbering) } else { text };
    let digits_last = text.ends_with(|c: char| c.is_ascii_digit());
    if digits_last { text.trim_end_matches(numbering) } else { text }
}

fn is_unnamed(text: &str) -> bool {
    let after_two = |word: &&&str| text.find(**word).is_some_and(|at| text[..at].chars().count() >= 2);
    UNNAMED[..2].iter().any(|word| text.contains(word))
        || UNNAMED[2..].iter().filter(|w| text.ends_with(**w)).any(|w| after_two(&w))
        || UNNAMED_TAILS.iter().any(|word| text.ends_with(word))
}

/// Takes off notes and honorifics behind the name; a surname with an honorific is no name.
fn without_tail(text: &str) -> Result<&str, Option<Doubt>> {
    for word in NOTES {
        if let Some(rest) = text.strip_suffix(word).map(str::trim_end)
            && rest.chars().filter(|c| is_han(*c)).count() >= 2
        {
            return Ok(rest);
        }
    }
    for word in HONORIFICS {
        if let Some(rest) = text.strip_suffix(word).map(str::trim_end) {
            return match rest.chars().filter(|c| is_han(*c)).count() {
                0 => Ok(text),
                1 => Err(Some(INCOMPLETE)),
                _ => Ok(rest),
            };
        }
    }
    Ok(text)
}

/// True when the characters from `at` on describe one: `上龙下天`, `左王右文`.
fn is_described(chars: &[char]) -> bool {
    chars.windows(4).any(|w| matches!((w[0], w[2]), ('上', '下') | ('左', '右')))
}

/// `张某某`, `张XX`, `张WEI`, `张上龙下天`: what stands for characters that are not there.
fn masked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    if !chars.iter().any(|c| is_han(*c)) {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        if chars.len() > 4 && i + 4 <= chars.len() && is_described(&chars[i..i + 4]) {
            out.push(WILDCARD);
            i += 4;
        } else if c.is_ascii_alphabetic() {
            let run: Vec<char> = chars[i..].iter().copied().take_while(char::is_ascii_alphabetic).collect();
            let han_before = out.chars().filter(|c| is_han(*c)).count();
            if run.iter().all(|c| matches!(c, 'x' | 'X')) {
                out.extend(std::iter::repeat_n(WILDCARD, run.len()));
            } else if run.len() == 1 && han_before >= 2 && i + 1 == chars.len() {
                // 张三A and 张三B are two persons of one name in one list.
            } else if run.len() <= 6 {
                out.push(WILDCARD);
            }
            i += run.len();
        } else {
            out.push(if c == '某' && !out.is_empty() { WILDCARD } else { c });
            i += 1;
        }
    }
    out
}

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;
