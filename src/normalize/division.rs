//! Where a record belongs: its township and village fields together → division codes and the names of the division table.

use super::doubt::Doubt;
use super::text::{clean, says_nothing};
use crate::codes::{Division, Divisions, Lookup};

const UNKNOWN_TOWNSHIP: Doubt = Doubt::new("division.unknown_township", "区划表中没有这个乡镇");
const AMBIGUOUS_TOWNSHIP: Doubt = Doubt::new("division.ambiguous_township", "乡镇名称对应多个乡镇");
const UNKNOWN_VILLAGE: Doubt = Doubt::new("division.unknown_village", "区划表中没有这个村");
const AMBIGUOUS_VILLAGE: Doubt = Doubt::new("division.ambiguous_village", "村名对应多个村，无法确定");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::fixture;

    #[test]
    fn texts_together_name_a_place() {
        let cases = [
            (Some("云岭镇"), Some("东沟村"), "990121001", "990121001001", "", ""),
            (Some("云岭"), Some("东沟"), "990121001", "990121001001", "", ""),
            (Some(" 云岭镇 "), Some("东沟村委会"), "990121001", "990121001001", "", ""),
            (Some("云岭镇"), Some("老东沟"), "990121001", "990121001001", "", ""),
            (Some("云岭镇线下排查表"), Some("新民村"), "990121001", "990121001002", "", ""),
            (Some("990121002"), Some("新民村"), "990121002", "990121002001", "", ""),
            (None, Some("东沟村"), "990121001", "990121001001", "", ""),
            (None, Some("青山乡新民村"), "990121002", "990121002001", "", ""),
            (None, Some("990121002002"), "990121002", "990121002002", "", ""),
            (Some("云岭镇"), None, "990121001", "", "", ""),
            (None, Some("新民村"), "", "", "", "division.ambiguous_village"),
            (Some("白水镇"), Some("东沟村"), "990121001", "990121001001", "division.unknown_township", ""),
            (Some("云岭镇"), Some("石桥社区"), "990121001", "", "", "division.not_in_township"),
            (Some("云岭镇"), Some("无此村"), "990121001", "", "", "division.unknown_village"),
            (Some("-"), Some(""), "", "", "", ""),
            (None, None, "", "", "", ""),
        ];
        for (township, village, township_code, village_code, township_doubt, village_doubt) in cases {
            let found = find(fixture::codes().divisions(), township, village);
            let code = |d: Option<&Division>| d.map_or(String::new(), |d| d.code.clone());
            let doubt = |d: Option<Doubt>| d.map_or("", |d| d.code);
            assert_eq!(
                (code(found.township), code(found.village)),
                (township_code.to_string(), village_code.to_string()),
                "{township:?} {village:?}"
            );
            assert_eq!(
                (doubt(found.township_doubt), doubt(found.village_doubt)),
                (township_doubt, village_doubt),
                "{township:?} {village:?}"
            );
        }
    }
}
