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
    match (YES.contains(&bare), NO.contains(&bare)) {
        (true, _) => Clean::sure(true),
        (_, true) => Clean::sure(false),
        _ => Clean::refused(UNKNOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        for yes in ["是", " 是 ", "1", "１", "√", "y", "Yes", "有", "T", "TRUE", "true", "1.0", "已消除"] {
            assert_eq!(boolean(yes), Clean::sure(true), "{yes}");
        }
        for no in ["否", "0", "×", "x", "n", "无", "F", "FALSE", "没有", "未消除"] {
            assert_eq!(boolean(no), Clean::sure(false), "{no}");
        }
        for nothing in ["", " ", "-", "/"] {
            assert_eq!(boolean(nothing), Clean::EMPTY, "{nothing}");
        }
        // Some forms count 1 and 2; which is which only a code table can say.
        for unknown in ["2", "待核实", "是/否"] {
            assert_eq!(boolean(unknown), Clean::refused(UNKNOWN), "{unknown}");
        }
    }

    #[test]
    fn no_word_says_both() {
        assert!(YES.iter().all(|word| !NO.contains(word)));
        // The second look is at capitals, so the words must be capitals themselves.
        assert!(YES.iter().chain(NO).all(|word| word.to_uppercase() == **word));
    }
}
