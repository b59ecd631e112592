//! Where a record belongs: its township and village fields together → division codes and the names of the division table.

use super::doubt::Doubt;
use super::text::{clean, says_nothing};
use crate::codes::{Division, Divisions, Lookup};

const UNKNOWN_TOWNSHIP: Doubt = Doubt::new("division.unknown_township", "区划表中没有这个乡镇");
const AMBIGUOUS_TOWNSHIP: Doubt = Doubt::new("division.ambiguous_township", "乡镇名称对应多个乡镇");
const UNKNOWN_VILLAGE: Doubt = Doubt::new("division.unknown_village", "区划表中没有这个村");
const AMBIGUOUS_VILLAGE: Doubt = Doubt::new("division.ambiguous_village", "村名对应多个村，无法确定");
const NO_VILLAGE: Doubt = Doubt::new("division.no_village", "填的是乡镇本级、其他或外地，不是一个村");
const ELSEWHERE: Doubt = Doubt::new("division.not_in_township", "所填乡镇没有这个村");

/// The division of a record.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found<'a> {
    /// The township.
    pub township: Option<&'a Division>,
    /// The village.
    pub village: Option<&'a Division>,
    /// True when the township's own text named it, false when the village told it.
    pub township_named: bool,
    /// What is doubtful about the township's text.
    pub township_doubt: Option<Doubt>,
    /// What is doubtful about the village's text.
    pub village_doubt: Option<Doubt>,
}

/// Finds the division that two texts name together; either may be missing.
///
/// The village is searched in the named township. Without a usable township it must be the only one of its name, and then
/// tells the township. A village that the named township does not have is doubtful and stays unknown: either may be wrong.
pub fn find<'a>(divisions: &'a Divisions, township: Option<&str>, village: Option<&str>) -> Found<'a> {
    let mut found = Found::default();
    if let Some(text) = township.map(clean).filter(|t| !says_nothing(t)) {
        match divisions.township(&text) {
            Lookup::One(township) => (found.township, found.township_named) = (Some(township), true),
            Lookup::Many(_) => found.township_doubt = Some(AMBIGUOUS_TOWNSHIP),
            Lookup::None => found.township_doubt = Some(UNKNOWN_TOWNSHIP),
        }
    }
    if let Some(text) = village.map(clean).filter(|t| !says_nothing(t)) {
        let within = found.township.map(|t| t.code.as_str());
        match (divisions.village(within, &text), within) {
            (Lookup::One(village), _) => found.village = Some(village),
            _ if is_pseudo_village(&text) => found.village_doubt = Some(NO_VILLAGE),
            (Lookup::Many(_), _) => found.village_doubt = Some(AMBIGUOUS_VILLAGE),
            (Lookup::None, None) => found.village_doubt = Some(UNKNOWN_VILLAGE),
            (Lookup::None, Some(_)) => {
                found.village_doubt = Some(match divisions.village(None, &text) {
                    Lookup::None => UNKNOWN_VILLAGE,
                    _ => ELSEWHERE,
                });
            }
        }
    }
    if let (None, Some(village)) = (found.township, found.village) {
        found.township = village.code.get(..9).and_then(|code| divisions.get(code));
    }
    found
}

/// True for what systems offer where a person belongs to no village: `云岭镇本级`, `镇直单位`, `其他`, `县外`.
fn is_pseudo_village(text: &str) -> bool {
    const WHOLE: [&str; 10] = ["其他", "其它", "外地", "外县", "县外", "镇外", "乡外", "村外", "不详", "无"];
    const WITHIN: [&str; 6] = ["本级", "镇直", "乡直", "街道直属", "直属单位", "镇机关"];
    WHOLE.contains(&text) || WITHIN.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::cases::{some, table};
    use crate::normalize::fixture;

    const COLUMNS: [&str; 6] =
        ["township", "village", "township_code", "village_code", "township_doubt", "village_doubt"];

    #[test]
    fn cases() {
        let table = table(include_str!("cases/division.tsv"), COLUMNS);
        assert!(table.len() >= 25);
        let divisions = fixture::codes().divisions();
        for (line, [township, village, expected @ ..]) in table {
            let found = find(divisions, some(&township), some(&village));
            let code = |d: Option<&Division>| d.map_or(String::new(), |d| d.code.clone());
            let doubt = |d: Option<Doubt>| d.map_or(String::new(), |d| d.code.to_string());
            let (codes, doubts) = ([found.township, found.village], [found.township_doubt, found.village_doubt]);
            let [a, b] = codes.map(code);
            let [c, d] = doubts.map(doubt);
            assert_eq!([a, b, c, d], expected, "line {line}: {township} {village}");
        }
    }

    #[test]
    fn twice_changes_nothing() {
        let divisions = fixture::codes().divisions();
        for (line, [township, village, ..]) in table(include_str!("cases/division.tsv"), COLUMNS) {
            let once = find(divisions, some(&township), some(&village));
            let name = |d: Option<&Division>| d.map(|d| d.name.clone());
            let (township, village) = (name(once.township), name(once.village));
            let twice = find(divisions, township.as_deref(), village.as_deref());
            assert_eq!((twice.township, twice.village), (once.township, once.village), "line {line}");
            assert_eq!((twice.township_doubt, twice.village_doubt), (None, None), "line {line}");
        }
    }
}
