//! What a receipt (数据质量回执) and its reader agree on: the words on its sheets, its marker, and the key of a row.
//!
//! A receipt goes to the department that sent the data, comes back filled in, and is known by its content and never by
//! its name: by a hidden sheet, or by the headings of its rows where somebody removed that.

use sha2::{Digest, Sha256};

use super::raw::CellKind;

/// Name of the hidden sheet by which a receipt is known.
pub const MARKER: &str = "_bidui_receipt";
/// First cell of the hidden sheet: the shape of what follows.
pub const FORMAT: &str = "bidui.receipt.1";
/// Name of the sheet with the rows to correct.
pub const ROWS: &str = "待更正";
/// Heading of the column with the rows' keys.
pub const KEY: &str = "回执编号";
/// Beginning of the headings of columns to fill in, followed by the department's own heading.
pub const CORRECT: &str = "更正：";
/// Heading of the column with a row that could not be divided into cells.
pub const WHOLE: &str = "原始整行";
/// Headings of columns that stand beside the department's own.
pub const OWN: [&str; 7] = [KEY, "文件", "工作表", "行号", "问题", "问题代码", "程度"];
/// Beginning of a department's heading that would be taken for one of [`OWN`].
const THEIRS: &str = "原表：";
/// What is written where the right value is none.
pub const NOTHING: [&str; 4] = ["（空）", "(空)", "（无）", "(无)"];

/// Key of a row of a delivered file: the same wherever the row stands on a receipt, another for any other row or file.
pub fn row_key(source: &str, sha256: &str, sheet: &str, row: u32) -> String {
    let mut hasher = Sha256::new();
    for part in [source, sha256, sheet, &row.to_string()] {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    let hex: String = hasher.finalize()[..8].iter().map(|b| format!("{b:02X}")).collect();
    format!("{}-{}-{}-{}", &hex[..4], &hex[4..8], &hex[8..12], &hex[12..])
}

/// The department's heading as it stands on a receipt.
pub fn heading(own: &str) -> String {
    let plain = same_text(own);
    match OWN.contains(&plain.as_str()) || plain == WHOLE || plain.starts_with(CORRECT) {
        true => format!("{THEIRS}{own}"),
        false => own.to_string(),
    }
}

/// A text as it is compared with its way through a spreadsheet program: without blanks and without what nobody sees.
pub fn same_text(text: &str) -> String {
    let unseen = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}')
    };
    // A cell that is longer was cut when the receipt was made.
    text.chars().filter(|c| !unseen(*c)).take(10_000).collect()
}

/// A receipt that came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Returned {
    /// Source id in the marker; none when the marker is gone.
    pub source: Option<String>,
    /// Digest of the delivery that it is about.
    pub delivery: String,
    /// Round for which it was issued.
    pub round: String,
    /// Keys that were issued, each with the fields that may be corrected.
    pub offered: Vec<(String, Vec<String>)>,
    /// Rows that came back.
    pub rows: Vec<ReturnedRow>,
}

/// One row of a receipt that came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReturnedRow {
    /// Sheet of the receipt.
    pub sheet: String,
    /// Row of that sheet, from 1.
    pub row: u32,
    /// The row's key, in upper case; empty when there is none.
    pub key: String,
    /// What stands under the department's own headings, one for each such column of the sheet: folded heading and text.
    pub originals: Vec<(String, String)>,
    /// What stands in the columns to fill in: folded heading, text, kind of cell; blank cells left out.
    pub filled: Vec<(String, String, CellKind)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_one_row_of_one_file() {
        let key = row_key("dibao", "ab12", "云岭镇", 7);
        assert_eq!(key, row_key("dibao", "ab12", "云岭镇", 7));
        assert_eq!(key.len(), 19);
        let others = [row_key("dibao", "ab12", "云岭镇", 8), row_key("dibao", "ab13", "云岭镇", 7)];
        assert!(!others.contains(&key));
        assert_ne!(row_key("a", "b", "c", 1), row_key("a", "bc", "", 1), "parts are kept apart");
    }

    #[test]
    fn what_a_program_changes_in_passing_is_no_change() {
        assert_eq!(same_text(" 张\u{200b}三\r\n"), same_text("张三"));
        assert_ne!(same_text("张三"), same_text("张山"));
    }
}
