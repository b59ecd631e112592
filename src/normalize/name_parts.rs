//! The parts of a name: inner spaces of Han names go, the many dots of minority names become U+00B7, two names in one cell
//! are told apart.

use super::doubt::Doubt;
use super::han::{WILDCARD, is_han};
use super::name_words::is_whole_name;

const SEVERAL: Doubt = Doubt::new("name.several", "一格内有多个姓名，取第一个");

/// What stands between two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Between {
    /// A space, a hyphen, a full stop or an enumeration comma: may be noise.
    Weak,
    /// One of the dots that stand for U+00B7.
    Dot,
    /// U+00B7 itself or a twin of it (GB/T on names of minorities, 2016): never noise in a name of three or more.
    Middle,
}

fn between(c: char) -> Option<Between> {
    match c {
        '·' | '•' | '・' | '･' | '∙' | '⋅' | '‧' | '᛫' => Some(Between::Middle),
        '.' | '﹒' | '●' => Some(Between::Dot),
        ' ' | '-' | '。' | '、' | ',' | ';' | '_' | '—' => Some(Between::Weak),
        _ => None,
    }
}

/// Joins the parts of a name. Names without Han characters keep single spaces between their words.
pub fn join_parts(text: &str) -> (String, Option<Doubt>) {
    let han = text.chars().filter(|c| is_han(*c)).count();
    if han == 0 {
        let words: Vec<&str> = text.split_whitespace().collect();
        return (words.join(" "), None);
    }
    let mut parts: Vec<Vec<char>> = vec![Vec::new()];
    let mut joints: Vec<Between> = Vec::new();
    let mut open: Option<Between> = None;
    for c in text.chars() {
        // ● separates the parts of a long name and replaces a character of a short one.
        let (c, kind) = match c {
            '●' if han < 5 => (WILDCARD, None),
            c => (c, between(c)),
        };
        if let Some(kind) = kind {
            open = open.max(Some(kind));
            continue;
        }
        if let Some(kind) = open.take()
            && parts.last().is_some_and(|p| !p.is_empty())
        {
            joints.push(kind);
            parts.push(Vec::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let longest = parts.iter().map(Vec::len).max().unwrap_or(0);
    let both_whole = |i: usize| is_whole_name(&parts[i]) && is_whole_name(&parts[i + 1]);
    let mut out: String = parts[0].iter().collect();
    for (i, joint) in joints.iter().enumerate() {
        if *joint == Between::Weak && both_whole(i) {
            return (out, Some(SEVERAL));
        }
        let dot = match joint {
            Between::Middle => han >= 3 && longest >= 2,
            Between::Dot => han >= 4 && longest >= 2,
            Between::Weak => han >= 5 && longest >= 3,
        };
        if dot {
            out.push('·');
        }
        out.extend(&parts[i + 1]);
    }
    (out, None)
}
