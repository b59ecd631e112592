//! Townships and villages: the names and codes departments write → the division they mean.
//!
//! A name is tried as it stands, then as an old name (merged and renamed villages), then without its suffix
//! (`村`, `村委会`, `社区`, `镇`, `乡`, `街道`), then as part of a longer text (an address, a file's name). What was merged,
//! renamed or given another code stands in `division_changes.csv`, see [`super::division_changes`].

use std::collections::BTreeMap;

use super::fold::fold;
use super::table::{Sheet, split_aliases};
use crate::diag::{Diagnostic, Place};

/// Rank of a division.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DivisionLevel {
    /// Six digits.
    County,
    /// Nine digits.
    Township,
    /// Twelve digits.
    Village,
}

impl DivisionLevel {
    const WORDS: [(&'static str, DivisionLevel, usize); 3] = [
        ("county", DivisionLevel::County, 6),
        ("township", DivisionLevel::Township, 9),
        ("village", DivisionLevel::Village, 12),
    ];
}

/// A county, township or village.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// Six, nine or twelve digits.
    pub code: String,
    /// Full name, for example `云岭镇`.
    pub name: String,
    /// Rank.
    pub level: DivisionLevel,
    /// Code of the division it lies in; empty for the county.
    pub parent: String,
    /// Old and other names.
    pub aliases: Vec<String>,
}

/// What a written name or code means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// One division.
    One(&'a Division),
    /// Several that it may mean, in code order.
    Many(Vec<&'a Division>),
    /// None that is known.
    None,
}

/// The division table.
#[derive(Debug, Clone, Default)]
pub struct Divisions {
    all: Vec<Division>,
    by_code: BTreeMap<String, usize>,
    counties: Vec<String>,
    townships: Names,
    villages: Names,
    villages_of: BTreeMap<String, Names>,
    /// Codes no longer in use → what they became.
    old_codes: BTreeMap<String, Vec<usize>>,
}

/// Suffixes of townships, longest first.
const TOWNSHIP_SUFFIXES: [&str; 7] = ["街道办事处", "人民政府", "办事处", "民族乡", "街道", "镇", "乡"];
/// Suffixes of villages, longest first.
const VILLAGE_SUFFIXES: [&str; 8] = ["村民委员会", "居民委员会", "行政村", "村委会", "居委会", "社区", "村", "居"];

impl Divisions {
    /// The division of a code.
    pub fn get(&self, code: &str) -> Option<&Division> {
        self.by_code.get(code).map(|&i| &self.all[i])
    }

    /// All divisions in code order.
    pub fn all(&self) -> &[Division] {
        &self.all
    }

    /// The township that a text means: a name, an old name, a name within a longer text, or a code. A code of twelve
    /// digits, of a village, or one that has lost its trailing zeros is understood too.
    pub fn township(&self, text: &str) -> Lookup<'_> {
        let key = fold(text);
        if let Some(code) = full_code(&key) {
            let current = self.get(&code[..9]).map(|d| self.by_code[&d.code]);
            let found = current.map_or_else(|| self.formerly(&code, DivisionLevel::Township), |i| vec![i]);
            return self.lookup(found);
        }
        let exact = self.townships.find(&key);
        if !exact.is_empty() {
            return self.lookup(exact);
        }
        let within = self.townships.within(&key);
        if !within.is_empty() {
            return self.lookup(within);
        }
        // "云岭线下排查表": the stem begins the text. A village's name may begin like a township's and is left alone.
        let rest = self.without_county(&key);
        if VILLAGE_SUFFIXES.iter().any(|s| rest.ends_with(s)) {
            return Lookup::None;
        }
        self.lookup(self.townships.beginning(rest))
    }

    /// The village that a text means, among the villages of a township when one is given. Name, old name, name within
    /// a longer text, or a code that may have lost its trailing zeros.
    pub fn village(&self, township_code: Option<&str>, text: &str) -> Lookup<'_> {
        let key = fold(text);
        if let Some(code) = full_code(&key) {
            let current = self.by_code.get(&code).filter(|i| self.all[**i].level == DivisionLevel::Village);
            let mut found = current.map_or_else(|| self.formerly(&code, DivisionLevel::Village), |i| vec![*i]);
            found.retain(|i| township_code.is_none_or(|t| self.all[*i].parent == t));
            return self.lookup(found);
        }
        let (named, rest) = self.after_township(&key);
        let names = match township_code.or(named) {
            Some(code) => match self.villages_of.get(code) {
                Some(names) => names,
                None => return Lookup::None,
            },
            None => &self.villages,
        };
        let whole = names.find(&key);
        if !whole.is_empty() {
            return self.lookup(whole);
        }
        // The text names another township than the one given: nobody knows which of the two is meant.
        if township_code.zip(named).is_some_and(|(given, named)| given != named) {
            return Lookup::None;
        }
        let after = names.find(rest);
        if !after.is_empty() {
            return self.lookup(after);
        }
        self.lookup(names.within(rest))
    }

    /// The township named inside a text, and the text after that name; no township and the whole text otherwise.
    fn after_township<'t>(&self, key: &'t str) -> (Option<&str>, &'t str) {
        let mut best: Option<(usize, usize, &str)> = None;
        for (name, owners) in self.townships.full.iter().chain(&self.townships.old) {
            let [owner] = owners[..] else { continue };
            let Some(at) = key.find(name.as_str()) else { continue };
            let end = at + name.len();
            // Something must follow: 青山街道 alone names no village.
            if end < key.len() && best.is_none_or(|(length, ..)| name.len() > length) {
                best = Some((name.len(), end, &self.all[owner].code));
            }
        }
        match best {
            Some((_, end, code)) => (Some(code), &key[end..]),
            None => (None, self.without_county(key)),
        }
    }

    fn without_county<'t>(&self, key: &'t str) -> &'t str {
        let after = self.counties.iter().filter_map(|c| key.split_once(c.as_str())).map(|(_, rest)| rest);
        after.min_by_key(|rest| rest.len()).unwrap_or(key)
    }

    /// What a code of twelve digits that is no longer in use became; a township's is told by its first nine too.
    fn formerly(&self, code: &str, level: DivisionLevel) -> Vec<usize> {
        let whole = self.old_codes.get(code);
        let found = match level {
            DivisionLevel::Township => whole.or_else(|| self.old_codes.get(&format!("{}000", &code[..9]))),
            _ => whole,
        };
        let mut found: Vec<usize> =
            found.into_iter().flatten().copied().filter(|i| self.all[*i].level == level).collect();
        found.dedup();
        found
    }

    /// Adds what a division was called before, and its code then. The present names go before: an old name that another
    /// division bears today means that other one.
    pub(super) fn add_former(&mut self, i: usize, old_code: &str, old_name: &str) {
        if let Some(code) = full_code(old_code) {
            enter(&mut self.old_codes, code, i);
        }
        if old_name.is_empty() {
            return;
        }
        let division = &self.all[i];
        let former = |names: &mut Names| names.add_former(i, fold(old_name));
        match division.level {
            DivisionLevel::County => {}
            DivisionLevel::Township => former(&mut self.townships),
            DivisionLevel::Village => {
                former(&mut self.villages);
                former(self.villages_of.entry(division.parent.clone()).or_default());
            }
        }
    }

    /// Where a division stands among all.
    pub(super) fn position(&self, code: &str) -> Option<usize> {
        self.by_code.get(code).copied()
    }

    fn lookup(&self, found: Vec<usize>) -> Lookup<'_> {
        match found[..] {
            [] => Lookup::None,
            [i] => Lookup::One(&self.all[i]),
            _ => Lookup::Many(found.iter().map(|&i| &self.all[i]).collect()),
        }
    }

    pub(super) fn from_sheet(sheet: &Sheet, problems: &mut Vec<Diagnostic>) -> Divisions {
        sheet.require_columns(&["code", "name", "level", "parent", "aliases"], problems);
        let mut rows: Vec<(u32, Division)> = Vec::new();
        for (line, row) in &sheet.rows {
            let cell = |key: &str| row.get(key).cloned().unwrap_or_default();
            let place = Place::file(&sheet.file).at(*line, 1);
            let (code, word) = (cell("code"), cell("level"));
            let Some((_, level, digits)) = DivisionLevel::WORDS.iter().find(|(w, ..)| *w == word) else {
                problems.push(
                    Diagnostic::error("codes.bad_level", format!("`{word}` is no level of a division"), place)
                        .hint("a level is county, township or village"),
                );
                continue;
            };
            if code.len() != *digits || !code.bytes().all(|b| b.is_ascii_digit()) {
                problems.push(
                    Diagnostic::error("codes.bad_code", format!("`{code}` is no code of a {word}"), place)
                        .hint(format!("the code of a {word} has {digits} digits; a spreadsheet may have cut it")),
                );
                continue;
            }
            let division = Division {
                code,
                name: cell("name"),
                level: *level,
                parent: cell("parent"),
                aliases: split_aliases(row.get("aliases")),
            };
            rows.push((*line, division));
        }
        rows.sort_by(|a, b| a.1.code.cmp(&b.1.code));
        let mut divisions = Divisions::default();
        for (line, division) in rows {
            let place = Place::file(&sheet.file).at(line, 1);
            if divisions.by_code.contains_key(&division.code) {
                let message = format!("code `{}` stands twice", division.code);
                problems.push(Diagnostic::error("codes.duplicate_code", message, place));
                continue;
            }
            if division.level != DivisionLevel::County && divisions.get(&division.parent).is_none() {
                let message = format!("`{}` lies in `{}`, which is not in the table", division.code, division.parent);
                problems.push(
                    Diagnostic::error("codes.unknown_parent", message, place)
                        .hint("`parent` is the code of the county or the township that it lies in"),
                );
            }
            divisions.add(division);
        }
        divisions
    }

    /// Divisions are added in code order, so that every list of candidates is in code order too.
    fn add(&mut self, division: Division) {
        let i = self.all.len();
        self.by_code.insert(division.code.clone(), i);
        match division.level {
            DivisionLevel::County => self.counties.push(fold(&division.name)),
            DivisionLevel::Township => self.townships.add(i, &division, &TOWNSHIP_SUFFIXES),
            DivisionLevel::Village => {
                self.villages.add(i, &division, &VILLAGE_SUFFIXES);
                self.villages_of.entry(division.parent.clone()).or_default().add(i, &division, &VILLAGE_SUFFIXES);
            }
        }
        self.all.push(division);
    }
}

/// Names of divisions of one rank, by how surely they say which one is meant.
#[derive(Debug, Clone, Default)]
struct Names {
    suffixes: &'static [&'static str],
    full: BTreeMap<String, Vec<usize>>,
    old: BTreeMap<String, Vec<usize>>,
    stems: BTreeMap<String, Vec<usize>>,
    /// Of former names, asked last: after 东沟村 became part of 西沟村 and 东沟社区 was founded, 东沟 means the community.
    former_stems: BTreeMap<String, Vec<usize>>,
}

impl Names {
    fn add(&mut self, i: usize, division: &Division, suffixes: &'static [&'static str]) {
        self.suffixes = suffixes;
        let name = fold(&division.name);
        let old: Vec<String> = division.aliases.iter().map(|a| fold(a)).collect();
        for text in old.iter().chain([&name]) {
            enter(&mut self.stems, stem(text, suffixes), i);
        }
        enter(&mut self.full, name, i);
        for text in old {
            enter(&mut self.old, text, i);
        }
    }

    fn add_former(&mut self, i: usize, name: String) {
        enter(&mut self.former_stems, stem(&name, self.suffixes), i);
        enter(&mut self.old, name, i);
    }

    /// Divisions whose name the text is: as it stands, as an old name, or with another suffix.
    fn find(&self, key: &str) -> Vec<usize> {
        let stem = stem(key, self.suffixes);
        let found = self.full.get(key).or_else(|| self.old.get(key)).or_else(|| self.stems.get(&stem));
        found.or_else(|| self.former_stems.get(&stem)).cloned().unwrap_or_default()
    }

    /// Divisions whose full or old name stands in the text; the longest name wins.
    fn within(&self, key: &str) -> Vec<usize> {
        let names = self.full.iter().chain(&self.old);
        longest(names.filter(|(name, _)| name.chars().count() > 1 && key.contains(name.as_str())))
    }

    /// Divisions with whose name, without suffix, the text begins; the longest wins.
    fn beginning(&self, key: &str) -> Vec<usize> {
        longest(self.stems.iter().filter(|(stem, _)| stem.chars().count() > 1 && key.starts_with(stem.as_str())))
    }
}

fn enter(map: &mut BTreeMap<String, Vec<usize>>, key: String, i: usize) {
    let owners = map.entry(key).or_default();
    if !owners.contains(&i) {
        owners.push(i);
    }
}

fn longest<'a>(names: impl Iterator<Item = (&'a String, &'a Vec<usize>)>) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let mut length = 0;
    for (name, owners) in names {
        if name.len() > length {
            length = name.len();
            found.clear();
        }
        if name.len() == length {
            found.extend(owners);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The name without its suffixes; a name never becomes empty.
fn stem(name: &str, suffixes: &[&str]) -> String {
    let mut rest = name;
    while let Some(shorter) = suffixes.iter().find_map(|s| rest.strip_suffix(s)).filter(|r| !r.is_empty()) {
        rest = shorter;
    }
    rest.to_string()
}

/// Twelve digits from a code that may have lost trailing zeros, as spreadsheets and databases drop them; none when the
/// text is no code. Fewer than seven digits could be a county's code or a running number and are no code here.
fn full_code(key: &str) -> Option<String> {
    let digits = key.bytes().all(|b| b.is_ascii_digit());
    (digits && (7..=12).contains(&key.len())).then(|| format!("{key:0<12}"))
}
