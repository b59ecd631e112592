//! Yes and no in the ways clerks write them: `是`, `√`, `有`, `1`, `Y`, `T`… → true or false.

use super::doubt::{Clean, Doubt};
use super::text::{compact, says_nothing};

const UNKNOWN: Doubt = Doubt::new("boolean.unknown", "是否项的写法不能识别");

const YES: &[&str] = &[
    "是",
    "有",
    "1",
    "√",
    "✓",
    "✔",
    "☑",
    "Y",
    "YES",
    "T",
    "TRUE",
    "对",
    "已",
    "真",
    "享受",
    "参加",
    "是的",
    "属实",
    "已享受",
    "已参加",
    "已消除",
    "已参保",
];

// 无 and × say no here, though elsewhere they only say that nothing was written.
const NO: &[&str] = &[
    "否",
    "无",
    "0",
    "×",
    "✗",
    "✘",
    "✕",
    "☒",
    "X",
    "N",
    "NO",
    "F",
    "FALSE",
    "错",
    "未",
    "假",
    "不",
    "不是",
    "没有",
    "没",
    "不属实",
    "未享受",
    "不享受",
    "未参加",
    "未消除",
    "未参保",
];

/// True, false, or neither with the reason. Empty cells and dashes are neither, without a doubt.
pub fn boolean(raw: &str) -> Clean<bool> {
    let text = compact(raw);
    if YES.contains(&text.as_ref()) {
        return Clean::sure(true);
    }
    if NO.contains(&text.as_ref()) {
        return Clean::sure(false);
    }
    if says_nothing(&text) {
        return Clean::EMPTY;
    }
    let upper = text.to_uppercase();
    let bare = upper.strip_suffix(".0").unwrap_or(&upper);
    // `是（2023年起）`, `☑是□否`.
    let bare = bare.find('(').filter(|at| *at > 0).map_or(bare, |at| &bare[..at]);
    let bare = ticked(bare).unwrap_or(bare);
    match (YES.contains(&bare), NO.contains(&bare)) {
        (true, _) => Clean::sure(true),
        (_, true) => Clean::sure(false),
        _ => Clean::refused(UNKNOWN),
    }
}

/// The word behind the ticked box of a printed form.
fn ticked(text: &str) -> Option<&str> {
    let boxes = ['□', '☐', '☑', '■', '√', '✓', '✔', '☒'];
    if !text.contains(['□', '☐']) {
        return None;
    }
    let (_, rest) = text.split_once(['☑', '■', '√', '✓', '✔', '☒'])?;
    let word = &rest[..rest.find(boxes).unwrap_or(rest.len())];
    // A second tick says nothing.
    (!rest.contains(['☑', '■', '√', '✓', '✔', '☒'])).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::cases::{some, table};

    #[test]
    fn cases() {
        let table = table(include_str!("cases/boolean.tsv"), ["raw", "value", "doubt"]);
        assert!(table.len() >= 40);
        for (line, [raw, expected, doubt]) in table {
            let clean = boolean(&raw);
            let value = clean.value.map(|yes| yes.to_string());
            let found = (value.as_deref(), clean.doubt.map_or("", |d| d.code));
            assert_eq!(found, (some(&expected), doubt.as_str()), "line {line}: {raw}");
        }
    }

    #[test]
    fn twice_changes_nothing() {
        for [raw, ..] in table(include_str!("cases/boolean.tsv"), ["raw", "value", "doubt"]).into_iter().map(|r| r.1) {
            if let Some(once) = boolean(&raw).value {
                assert_eq!(boolean(&once.to_string()), Clean::sure(once), "{raw}");
            }
        }
    }

    #[test]
    fn no_word_says_both() {
        assert!(YES.iter().all(|word| !NO.contains(word)));
        // The second look is at capitals, so the words must be capitals themselves.
        assert!(YES.iter().chain(NO).all(|word| word.to_uppercase() == **word));
    }
}
