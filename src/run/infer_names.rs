//! Names for the columns of a drafted contract: those of known headings, else the heading in pinyin.

use std::collections::{BTreeMap, BTreeSet};

use pinyin::ToPinyin;

use crate::normalize::text::compact;
use crate::plan::{self, Field, FieldFrom, Source};

/// Longest proposed name.
const LONGEST: usize = 40;

/// Columns that every records table has, and short words that say nothing.
const TAKEN: [&str; 6] = ["record_id", "file", "sheet", "row", "township_code", "village_code"];

/// Words of units in headings and what a contract calls them.
const UNITS: [(&str, &str); 12] = [
    ("万元", "wan_yuan"),
    ("元", "yuan"),
    ("人", "person"),
    ("天", "day"),
    ("日", "day"),
    ("月", "month"),
    ("分钟", "minute"),
    ("亩", "mu"),
    ("升", "litre"),
    ("平方米", "square_metre"),
    ("米", "metre"),
    ("公里", "kilometre"),
];

/// Headings of known contracts.
pub struct Dictionary<'p> {
    fields: BTreeMap<String, Vec<(&'p Field, &'p str)>>,
}

impl<'p> Dictionary<'p> {
    /// All headings and aliases of these sources.
    pub fn of(sources: &'p [Source]) -> Self {
        let mut fields: BTreeMap<String, Vec<(&Field, &str)>> = BTreeMap::new();
        for source in sources {
            for field in source.fields.iter().filter(|f| f.from == FieldFrom::Column) {
                let written = std::iter::once(&field.heading).chain(&field.aliases);
                let folded: BTreeSet<String> = written.map(|heading| fold(heading)).collect();
                for heading in folded {
                    fields.entry(heading).or_default().push((field, &source.id));
                }
            }
        }
        Dictionary { fields }
    }

    /// What a heading most often means, with a source that has it: as it stands, without its unit, or its lowest level.
    pub fn find(&self, heading: &str) -> Option<(&'p Field, &'p str)> {
        let lowest = heading.rsplit('/').next().unwrap_or(heading);
        let found = [heading, base(heading), lowest].iter().find_map(|h| self.fields.get(&fold(h)))?;
        let count =
            |field: &Field| found.iter().filter(|(f, _)| (&f.name, f.kind) == (&field.name, field.kind)).count();
        let mut best = found[0];
        for candidate in found {
            if count(candidate.0) > count(best.0) {
                best = *candidate;
            }
        }
        Some(best)
    }
}

fn fold(heading: &str) -> String {
    compact(heading).to_lowercase()
}

/// A heading without what stands in brackets behind it.
pub fn base(heading: &str) -> &str {
    let end = heading.find(['(', '（']).filter(|at| *at > 0).unwrap_or(heading.len());
    heading[..end].trim()
}

/// The unit that a heading names in brackets.
pub fn unit(heading: &str) -> Option<&'static str> {
    let (_, bracket) = heading.rsplit_once(['(', '（'])?;
    let inside = bracket.trim_end_matches([')', '）']).trim();
    let inside = inside.strip_prefix("单位").map_or(inside, |rest| rest.trim_start_matches([':', '：']));
    UNITS.iter().find(|(word, _)| *word == inside.trim()).map(|(_, unit)| *unit)
}

/// A text as a name: pinyin and ASCII words joined by `_`.
pub fn pinyin(text: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        let sound = c.to_pinyin().map(|p| p.plain().replace('ü', "v"));
        if sound.is_none() && c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
            continue;
        }
        if !word.is_empty() {
            parts.push(std::mem::take(&mut word));
        }
        parts.extend(sound);
    }
    if !word.is_empty() {
        parts.push(word);
    }
    let mut name = String::new();
    for part in parts {
        if !name.is_empty() && name.len() + 1 + part.len() > LONGEST {
            break;
        }
        if !name.is_empty() {
            name.push('_');
        }
        name.push_str(&part);
    }
    match name.chars().next() {
        Some(first) if first.is_ascii_lowercase() => name,
        Some(_) => format!("c_{name}"),
        None => "column".into(),
    }
}

/// Names that were given.
#[derive(Debug, Default)]
pub struct Names(BTreeSet<String>);

impl Names {
    /// The proposed name, or one near it when it is taken or no column can have it.
    pub fn free(&mut self, proposed: &str) -> String {
        let usable = plan::is_column_name(proposed) && !TAKEN.contains(&proposed);
        let first = if usable { proposed.to_string() } else { format!("{proposed}_value") };
        let numbered = (2..).map(|n| format!("{first}_{n}"));
        let name = std::iter::once(first.clone()).chain(numbered).find(|name| !self.0.contains(name));
        let name = name.unwrap_or(first);
        self.0.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_headings() {
        for (heading, name) in [
            ("户主姓名", "hu_zhu_xing_ming"),
            ("A类金额", "a_lei_jin_e"),
            ("2025年收入", "c_2025_nian_shou_ru"),
            ("女婿", "nv_xu"),
            ("——", "column"),
        ] {
            assert_eq!(pinyin(heading), name);
            assert!(plan::is_column_name(&pinyin(heading)), "{heading}");
        }
    }

    #[test]
    fn units_stand_in_brackets() {
        assert_eq!(unit("月保障金额（万元）"), Some("wan_yuan"));
        assert_eq!(unit("金额(单位：元)"), Some("yuan"));
        assert_eq!(unit("金额"), None);
        assert_eq!(base("月保障金额（万元）"), "月保障金额");
    }

    #[test]
    fn a_name_is_given_once() {
        let mut names = Names::default();
        assert_eq!(
            ["name", "name", "group", "row"].map(|n| names.free(n)),
            ["name", "name_2", "group_value", "row_value"]
        );
    }
}
