//! Values of code tables: the word or number in a cell → the canonical code of the table the contract names.

use super::doubt::{Clean, Doubt};
use super::text::{clean, compact, says_nothing};
use crate::codes::{CodeTable, Entry};

const UNKNOWN: Doubt = Doubt::new("code.unknown", "代码表中没有这个取值");
const PARTLY_UNKNOWN: Doubt = Doubt::new("code.partly_unknown", "多个取值中有代码表没有的");

/// The contract names a table that was not loaded.
pub const NO_TABLE: Doubt = Doubt::new("code.no_table", "没有这个字段的代码表");

/// The code of a cell; for a multi-valued cell its codes sorted and joined by `|`.
///
/// `multi`: the separators of the values, empty for a single value. A number is only ever looked up in `table`: other tables
/// give the same number another meaning.
pub fn code(raw: &str, table: &CodeTable, multi: &str) -> Clean<String> {
    // A line break within a cell separates values too; cleaning would make it a space.
    let lines = (!multi.is_empty() && raw.contains('\n')).then(|| raw.replace('\n', "|"));
    let text = clean(lines.as_deref().unwrap_or(raw));
    let text = text.trim_matches(['\'', '"']);
    if let Some(entry) = resolve(table, text) {
        return Clean::sure(entry.code.clone());
    }
    if says_nothing(text) || text == "无" {
        return Clean::EMPTY;
    }
    if multi.is_empty() {
        return Clean::refused(UNKNOWN);
    }
    let separator = |c: char| multi.contains(c) || matches!(c, '|' | ';' | '；');
    let mut codes: Vec<&str> = Vec::new();
    let mut unknown = false;
    for part in text.split(separator).map(str::trim).filter(|p| !says_nothing(p)) {
        match resolve(table, part) {
            Some(entry) => codes.push(&entry.code),
            None => unknown = true,
        }
    }
    codes.sort_unstable();
    codes.dedup();
    let joined = codes.join("|");
    match (codes.is_empty(), unknown) {
        (true, true) => Clean::refused(UNKNOWN),
        (true, false) => Clean::EMPTY,
        (false, true) => Clean::doubtful(joined, PARTLY_UNKNOWN),
        (false, false) => Clean::sure(joined),
    }
}

/// The entry a text means: as it stands, a digit whose leading zero a spreadsheet dropped, a number and its own title
/// together (`1-男`, `390 居民`), a title with a note in brackets.
fn resolve<'t>(table: &'t CodeTable, text: &str) -> Option<&'t Entry> {
    if text.is_empty() {
        return None;
    }
    if let Some(entry) = table.resolve(text) {
        return Some(entry);
    }
    let text = compact(text);
    let number = text.strip_suffix(".0").unwrap_or(&text);
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    if digits == number.len() {
        let padded = format!("0{number}");
        return table.resolve(number).or_else(|| (digits == 1).then(|| table.resolve(&padded)).flatten());
    }
    if digits > 0 {
        let title = text[digits..].trim_matches(|c: char| !c.is_alphanumeric());
        let by_title = table.resolve(title)?;
        let by_number = table.resolve(&text[..digits]);
        // The two halves must not contradict each other.
        return by_number.is_none_or(|e| e.code == by_title.code).then_some(by_title);
    }
    match text.find('(') {
        Some(at) if at > 0 => table.resolve(&text[..at]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::cases::{some, table};
    use crate::normalize::fixture;
    use proptest::prelude::*;

    fn read(raw: &str, table: &str, multi: &str) -> (Option<String>, Option<&'static str>) {
        let codes = fixture::codes();
        let clean = code(raw, codes.table(table).expect("table of the fixture"), multi);
        (clean.value, clean.doubt.map(|d| d.code))
    }

    #[test]
    fn cases() {
        let table = table(include_str!("cases/code.tsv"), ["raw", "table", "multi", "code", "doubt"]);
        assert!(table.len() >= 30);
        for (line, [raw, name, multi, expected, doubt]) in table {
            let (value, found) = read(&raw, &name, &multi);
            let found = (value.as_deref(), found.unwrap_or_default());
            assert_eq!(found, (some(&expected), doubt.as_str()), "line {line}: {raw}");
        }
    }

    proptest! {
        #[test]
        fn twice_changes_nothing(raw in "(因病|因残|因学|户主|之子|[0-2]|[,，、 （]){0,5}") {
            if let (Some(once), _) = read(&raw, "cause", ",，、") {
                prop_assert_eq!(read(&once, "cause", ",，、"), (Some(once), None));
            }
            if let (Some(once), _) = read(&raw, "relation", "") {
                prop_assert_eq!(read(&once, "relation", ""), (Some(once), None));
            }
        }
    }
}
