//! What became of townships and villages: `division_changes.csv`, which a county keeps beside `divisions.csv`.
//!
//! In: rows of old code, old name, new code, first day, kind. Out: the division table that also understands the old names and
//! codes. Departments go on writing them for years after a merger.

use jiff::civil::Date;

use super::divisions::Divisions;
use super::table::Sheet;
use crate::diag::{Diagnostic, Place, nearest};

/// Kinds of change; what each does to the table is the same, but the county's file says why.
const KINDS: [&str; 6] = ["renamed", "merged", "upgraded", "split", "moved", "recoded"];

/// Enters the changes of a sheet; a split stands in one row for each of the new divisions, and its old name then means
/// several.
pub(super) fn apply(sheet: &Sheet, divisions: &mut Divisions, problems: &mut Vec<Diagnostic>) {
    sheet.require_columns(&["old_code", "old_name", "new_code", "from", "kind"], problems);
    for (line, row) in &sheet.rows {
        let cell = |key: &str| row.get(key).map(String::as_str).unwrap_or_default();
        let place = || Place::file(&sheet.file).at(*line, 1);
        let (old_code, old_name, new_code, kind) = (cell("old_code"), cell("old_name"), cell("new_code"), cell("kind"));
        let mut told: Vec<Diagnostic> = Vec::new();
        let mut tell = |code: &'static str, message: String, hint: String| {
            told.push(Diagnostic::error(code, message, place()).hint(hint));
        };
        if !KINDS.contains(&kind) {
            let near = nearest(kind, KINDS).map_or(String::new(), |near| format!("is `{near}` meant? "));
            let hint = format!("{near}a kind is one of {}", KINDS.join(", "));
            tell("codes.bad_change", format!("`{kind}` is no kind of change"), hint);
        }
        if cell("from").parse::<Date>().is_err() {
            let message = format!("`{}` is no day", cell("from"));
            tell("codes.bad_date", message, "write the first day of the change as 2026-01-31".into());
        }
        if old_name.is_empty() && old_code.is_empty() {
            let hint = "write the old name, the old code, or both";
            tell("codes.bad_change", "the change says neither an old name nor an old code".into(), hint.into());
        }
        let digits = old_code.bytes().all(|b| b.is_ascii_digit());
        if !digits || !matches!(old_code.len(), 0 | 9 | 12) {
            let message = format!("`{old_code}` is no code of a township or a village");
            tell("codes.bad_code", message, "a township has 9 digits, a village 12; leave it empty if unknown".into());
        }
        match divisions.position(new_code) {
            Some(i) if told.is_empty() => divisions.add_former(i, old_code, old_name),
            Some(_) => {}
            None => {
                let hint = "`new_code` is the division of divisions.csv that took the old one over";
                let message = format!("`{new_code}` is not in divisions.csv");
                told.push(Diagnostic::error("codes.unknown_division", message, place()).hint(hint));
            }
        }
        problems.extend(told);
    }
}
