//! The unit of a sheet's amounts as a title row states it (`单位：万元`).
//!
//! In: the contract, the headings, the texts above them. Out: the unit of each money field that has none of its own, and
//! what is to be said about it. A statement of the file itself is no guess, so it is followed, and told; but a heading says
//! more than a title, and a contract that names a unit was agreed: where they differ nothing is converted and both are told.

use std::collections::BTreeMap;

use super::header::{Headings, half_width, short_list};
use crate::diag::{Diagnostic, Place};
use crate::plan::{Field, Source};

/// Units of money as titles and headings write them; longer ones first.
const UNITS: [(&str, &str); 8] = [
    ("人民币元", "yuan"),
    ("百万元", "bai_wan_yuan"),
    ("千万元", "qian_wan_yuan"),
    ("万元", "wan_yuan"),
    ("千元", "qian_yuan"),
    ("亿元", "yi_yuan"),
    ("元", "yuan"),
    ("分", "fen"),
];

/// The units that fields get from a title, by field name, and what is to be said.
pub(super) fn stated(
    source: &Source,
    headings: &Headings,
    place: &Place,
) -> (BTreeMap<String, &'static str>, Vec<Diagnostic>) {
    let (mut units, mut notes) = (BTreeMap::new(), Vec::new());
    let mut said: Vec<&'static str> = headings.above.iter().flat_map(|(_, text)| of_title(text)).collect();
    said.sort_unstable();
    said.dedup();
    let row = headings.above.iter().find(|(_, text)| !of_title(text).is_empty()).map_or(0, |(row, _)| *row);
    let place = place.clone().row(row);
    let unit = match said.as_slice() {
        [] => return (units, notes),
        [one] => *one,
        several => {
            let message = format!("the title names several units of money ({}); none is followed", several.join(", "));
            let hint = "write the unit into the heading of each column, or as `unit` into the contract";
            notes.push(Diagnostic::warning("ingest.unit_unclear", message, place).hint(hint));
            return (units, notes);
        }
    };
    let (mut followed, mut by_heading, mut by_contract) = (Vec::new(), Vec::new(), Vec::new());
    for (field, shown) in headings.money.iter().map(|(at, shown)| (&source.fields[*at], shown)) {
        let list = match (of_heading(shown), of_contract(field)) {
            (Some(own), _) if own != unit => &mut by_heading,
            (None, Some(own)) if own != unit => &mut by_contract,
            // Yuan without a word about it.
            (None, None) if field.unit != unit && !(field.unit.is_empty() && unit == "yuan") => {
                units.insert(field.name.clone(), unit);
                &mut followed
            }
            _ => continue,
        };
        list.push(shown.clone());
    }
    if !followed.is_empty() {
        let message = format!("the title says that amounts are in {unit}; they are read so: {}", short_list(&followed));
        let note = Diagnostic::note("ingest.unit_stated", message, place.clone());
        notes.push(note.hint("if another unit is meant, write it as `unit` into the contract"));
    }
    if !by_heading.is_empty() {
        let message = format!(
            "the title says that amounts are in {unit}, these headings name another unit and go before it: {}",
            short_list(&by_heading)
        );
        notes.push(Diagnostic::note("ingest.unit_contradicts", message, place.clone()));
    }
    if !by_contract.is_empty() {
        let message = format!(
            "the title says that amounts are in {unit}, the contract names another unit, which is kept: {}",
            short_list(&by_contract)
        );
        let hint = "ask the sender which is right; give files in another unit a contract of their own";
        notes.push(Diagnostic::warning("ingest.unit_contradicts", message, place).hint(hint));
    }
    (units, notes)
}

/// True for a text that may state a unit.
pub(super) fn may_state(text: &str) -> bool {
    text.contains('单') && text.contains('位')
}

/// The units of money behind the word 单位: `单位：万元`, `（单位：人、万元）`, `金额单位(元)`. The name of the office that fills the
/// form in (`填报单位：民政局`) is none.
fn of_title(text: &str) -> Vec<&'static str> {
    let plain: String = text.chars().map(half_width).collect();
    let mut found = Vec::new();
    let mut rest = plain.as_str();
    while let Some((_, behind)) = rest.split_once('单') {
        rest = behind;
        let Some(behind) = behind.trim_start().strip_prefix('位') else { continue };
        let words = behind.trim_start_matches([':', '(', '[']).trim_start_matches(char::is_whitespace);
        let words = words.split(|c: char| c.is_whitespace() || matches!(c, ')' | ']' | '。')).next().unwrap_or("");
        for word in words.split(['、', ',', '/', ';', '和', '及']) {
            found.extend(UNITS.iter().filter(|(name, unit)| *name == word && *unit != "fen").map(|(_, unit)| *unit));
        }
    }
    found
}

/// The unit a heading names, its lowest level first: `金额(元)`, `损失（单位：万元）`, `金额万元`.
fn of_heading(shown: &str) -> Option<&'static str> {
    shown.rsplit('/').find_map(|level| {
        let plain: String = level.chars().map(half_width).filter(|c| !c.is_whitespace()).collect();
        let plain = plain.trim_end_matches([')', ']', '*']);
        let inside = plain.rsplit(['(', '[', ':']).next().unwrap_or(plain);
        let inside = inside.strip_prefix("单位").unwrap_or(inside);
        // 分 is also the point of a score.
        let named = |name: &str| plain.ends_with(name) && name != "分";
        let exact = UNITS.iter().find(|(name, _)| *name == inside);
        exact.or_else(|| UNITS.iter().find(|(name, _)| named(name))).map(|(_, unit)| *unit)
    })
}

/// The unit the contract names, in words of its own or in its heading.
fn of_contract(field: &Field) -> Option<&str> {
    match field.unit_stated {
        true => Some(&field.unit),
        false => of_heading(&field.heading),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_in_titles_and_headings() {
        for (text, units) in [
            ("单位：万元", vec!["wan_yuan"]),
            ("农村低保发放表（单位：元）", vec!["yuan"]),
            ("2026年9月　　金额单位: 万元　填报单位：民政局", vec!["wan_yuan"]),
            ("单　位：人、万元", vec!["wan_yuan"]),
            ("单位：元/月", vec!["yuan"]),
            ("单位:元、万元", vec!["yuan", "wan_yuan"]),
            ("填报单位：元宝村", vec![]),
            ("单位：户、人", vec![]),
            ("填报单位：澄岚县民政局（盖章）", vec![]),
            ("农村低保名册", vec![]),
        ] {
            assert_eq!(of_title(text), units, "{text}");
            assert!(units.is_empty() || may_state(text), "{text}");
        }
        for (heading, unit) in [
            ("金额(元)", Some("yuan")),
            ("损失（万元）", Some("wan_yuan")),
            ("损失（单位：万元）", Some("wan_yuan")),
            ("损失(万元)/房屋", Some("wan_yuan")),
            ("损失/农业（千元）", Some("qian_yuan")),
            ("补助金额万元", Some("wan_yuan")),
            ("补助元*", Some("yuan")),
            ("金额", None),
            ("评分", None),
        ] {
            assert_eq!(of_heading(heading), unit, "{heading}");
        }
    }
}
