//! Finding the heading row and which column is which contract field.
//!
//! In: the first rows of a file or sheet and the contract. Out: a column for each field, or every reason why not.
//! Headings are compared without regard to spaces, line breaks, full or half width, letter case and `*` marks; beyond
//! that nothing is guessed: a renamed column is an alias in the contract or a refusal with a suggestion.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::merges::Merges;
use super::row::{Row, is_invisible};
use super::units;
use crate::diag::{Diagnostic, Place, mask_runs, nearest};
use crate::plan::{FieldFrom, FieldKind, Role, Source};

/// A source's contract, folded for comparison.
pub(super) struct Contract<'a> {
    pub(super) source: &'a Source,
    wanted: Vec<Wanted>,
    /// Folded words with which totals and signature lines begin.
    pub(super) not_data: Vec<String>,
    /// Index of the identity number's field.
    pub(super) id_number: Option<usize>,
    /// Index of the name's field.
    pub(super) name: Option<usize>,
}

struct Wanted {
    field: usize,
    heading: String,
    aliases: Vec<String>,
}

/// The headings of a file or sheet.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Headings {
    /// Column of each contract field, in the contract's order.
    pub(super) columns: Vec<Option<u32>>,
    /// Number of columns up to the last heading.
    pub(super) width: u32,
    /// First row that is not part of the headings.
    pub(super) body: u32,
    /// Folded cells of each heading row, to know it again on the next printed page.
    pub(super) rows: Vec<BTreeMap<u32, String>>,
    /// Folded texts of title rows: rows above the headings with one cell.
    pub(super) titles: Vec<String>,
    /// Headings the contract does not know.
    pub(super) extra: Vec<String>,
    /// Headings of optional fields that are not there.
    pub(super) absent: Vec<String>,
    /// Columns of money fields.
    pub(super) amounts: BTreeSet<u32>,
    /// Money fields with their headings as they stand in the file.
    pub(super) money: Vec<(usize, String)>,
    /// Texts above the headings that may state a unit, with their rows.
    pub(super) above: Vec<(u32, String)>,
}

/// What the search for headings came to.
pub(super) enum Verdict {
    /// The headings are there.
    Fits(Headings),
    /// Too few of them are there to say that this is the table: the count, and what to say when it must be.
    NotThis(usize, Vec<Diagnostic>),
    /// This is the table, and it breaks the contract.
    Breaks(Vec<Diagnostic>),
}

/// A heading cell: its column, its text, and the folded names under which the contract may know it, likeliest first.
pub(super) struct HeadingCell {
    pub(super) column: u32,
    pub(super) shown: String,
    pub(super) names: Vec<String>,
}

/// A heading or mark as it is compared: half width, lower case, without spaces and without the `*` of required columns.
pub(super) fn fold(text: &str) -> String {
    let plain: String =
        text.chars().filter(|c| !is_invisible(*c)).map(half_width).flat_map(char::to_lowercase).collect();
    plain.trim_matches('*').to_string()
}

/// Full-width ASCII as ASCII.
pub(super) fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// A column number as a spreadsheet shows it: 0 → A, 27 → AB.
pub(super) fn letters(column: u32) -> String {
    let mut out = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        out.push(b'A' + (rest % 26) as u8);
        rest /= 26;
    }
    out.iter().rev().map(|b| *b as char).collect()
}

impl<'a> Contract<'a> {
    /// Folds a source's headings, aliases and marks once for all its files.
    pub(super) fn new(source: &'a Source) -> Self {
        let fields = source.fields.iter().enumerate();
        let wanted = fields
            .filter(|(_, f)| f.from == FieldFrom::Column)
            .map(|(field, f)| Wanted {
                field,
                heading: fold(&f.heading),
                aliases: f.aliases.iter().map(|a| fold(a)).collect(),
            })
            .collect();
        let with_role = |role| source.fields.iter().position(|f| f.role == Some(role));
        Contract {
            source,
            wanted,
            not_data: source.not_data.iter().map(|w| fold(w)).filter(|w| !w.is_empty()).collect(),
            id_number: with_role(Role::IdNumber),
            name: with_role(Role::Name),
        }
    }

    /// Finds the headings among the first rows: the row (or rows) with most of the contract's headings, the first of
    /// equals.
    pub(super) fn search(&self, rows: &[Row], merges: &Merges, place: &Place) -> Verdict {
        let count = self.source.header_rows.max(1);
        let mut best: Option<(u32, Vec<HeadingCell>, usize)> = None;
        for first in 1..=self.source.header_within.max(1) {
            let cells = heading_cells(rows, merges, first, count);
            let score = cells.iter().filter(|c| self.field_of(c).is_some()).count();
            if score > best.as_ref().map_or(0, |b| b.2) {
                best = Some((first, cells, score));
            }
        }
        let Some((first, cells, _)) = best else {
            return Verdict::NotThis(0, vec![self.no_heading(place)]);
        };
        // A heading merged downwards covers rows that are not data.
        let last = (first..first + count)
            .flat_map(|r| merges.across(r))
            .filter(|m| m.top >= first && m.bottom < first + count + 10)
            .map(|m| m.bottom)
            .fold(first + count - 1, u32::max);
        let mut verdict = self.judge(&cells, &place.clone().row(first));
        if let Verdict::Fits(headings) = &mut verdict {
            headings.body = last + 1;
            headings.rows = rows
                .iter()
                .filter(|r| (first..=last).contains(&r.number))
                .map(|r| r.cells().map(|(c, text, _)| (c, fold(text))).collect())
                .collect();
            headings.titles = rows
                .iter()
                .filter(|r| r.number < first && r.len() == 1)
                .flat_map(|r| r.cells().map(|(_, text, _)| fold(text)))
                .collect();
            headings.above = rows
                .iter()
                .filter(|r| r.number < first)
                .flat_map(|r| r.cells().map(|(_, text, _)| (r.number, text)))
                .filter(|(_, text)| units::may_state(text))
                .map(|(row, text)| (row, text.to_string()))
                .collect();
        }
        verdict
    }

    /// Which column is which field, given the headings.
    pub(super) fn judge(&self, cells: &[HeadingCell], place: &Place) -> Verdict {
        let fields = &self.source.fields;
        let mut found: BTreeMap<usize, Vec<&HeadingCell>> = BTreeMap::new();
        let mut extra = Vec::new();
        for cell in cells {
            match self.field_of(cell) {
                Some(field) => found.entry(field).or_default().push(cell),
                None => extra.push(cell.shown.clone()),
            }
        }
        let lacking = |required: bool| -> Vec<&Wanted> {
            self.wanted
                .iter()
                .filter(|w| fields[w.field].required == required && !found.contains_key(&w.field))
                .collect()
        };
        let missing = lacking(true);
        let needed = self.wanted.iter().filter(|w| fields[w.field].required).count();
        let mut problems = Vec::new();
        for (field, same) in found.iter().filter(|(_, same)| same.len() > 1) {
            let columns: Vec<String> = same.iter().map(|c| format!("{} {}", letters(c.column), c.shown)).collect();
            problems.push(
                Diagnostic::error(
                    "ingest.duplicate_header",
                    format!("{} columns are all `{}`: {}", same.len(), fields[*field].name, columns.join(", ")),
                    place.clone().field(&fields[*field].heading),
                )
                .hint("rename or remove all but one; which one is right is not for a program to guess"),
            );
        }
        if !missing.is_empty() {
            problems.push(self.missing(&missing, &extra, place));
        }
        // Half of the required headings make it this table: a summary sheet has one or two of them by chance.
        if found.is_empty() || (needed - missing.len()) * 2 < needed {
            return Verdict::NotThis(found.len(), problems);
        }
        if !problems.is_empty() {
            return Verdict::Breaks(problems);
        }
        let column = |field: usize| found.get(&field).map(|same| same[0].column);
        Verdict::Fits(Headings {
            columns: (0..fields.len()).map(column).collect(),
            width: cells.iter().map(|c| c.column + 1).max().unwrap_or(0),
            absent: lacking(false).iter().map(|w| fields[w.field].heading.clone()).collect(),
            amounts: (0..fields.len()).filter(|f| fields[*f].kind == FieldKind::Money).filter_map(column).collect(),
            money: (0..fields.len())
                .filter(|f| fields[*f].kind == FieldKind::Money)
                .filter_map(|f| Some((f, found.get(&f)?[0].shown.clone())))
                .collect(),
            extra,
            ..Headings::default()
        })
    }

    /// The field a heading stands for: by its own heading first, then by an alias.
    fn field_of(&self, cell: &HeadingCell) -> Option<usize> {
        cell.names.iter().find_map(|name| {
            let own = self.wanted.iter().find(|w| w.heading == *name);
            own.or_else(|| self.wanted.iter().find(|w| w.aliases.contains(name))).map(|w| w.field)
        })
    }

    /// The contract's file as `shared/sources/<id>.toml`: what is told of a delivery is kept and told again by runs that
    /// name the pipeline folder otherwise.
    fn contract_file(&self) -> &str {
        const BELOW_PIPELINES: usize = 3;
        let Some(file) = self.source.place.file.as_deref() else { return "the source's contract" };
        file.rmatch_indices('/').nth(BELOW_PIPELINES - 1).map_or(file, |(at, _)| &file[at + 1..])
    }

    fn no_heading(&self, place: &Place) -> Diagnostic {
        let some: Vec<&str> =
            self.wanted.iter().take(6).map(|w| self.source.fields[w.field].heading.as_str()).collect();
        Diagnostic::error(
            "ingest.no_heading",
            format!("none of the first {} rows has a heading of this source", self.source.header_within.max(1)),
            place.clone(),
        )
        .hint(format!(
            "expected headings such as {}; if they stand further down, raise `header_within` in {}",
            some.join(", "),
            self.contract_file()
        ))
    }

    fn missing(&self, missing: &[&Wanted], extra: &[String], place: &Place) -> Diagnostic {
        let fields = &self.source.fields;
        let named: Vec<String> =
            missing.iter().map(|w| format!("{} ({})", fields[w.field].heading, fields[w.field].name)).collect();
        let mut hints = Vec::new();
        for w in missing {
            if let Some(other) = likely(w, extra) {
                hints.push(format!(
                    "was `{}` renamed to `{other}`? then add it to the aliases of `{}` in {}",
                    fields[w.field].heading,
                    fields[w.field].name,
                    self.contract_file()
                ));
            }
        }
        if hints.is_empty() {
            hints.push(match extra.is_empty() {
                true => "ask the sender for the full table".to_string(),
                false => format!("headings that the contract does not know: {}", short_list(extra)),
            });
        }
        Diagnostic::error(
            "ingest.missing_column",
            format!("required columns are missing: {}", named.join(", ")),
            place.clone(),
        )
        .hint(hints.join("; "))
    }
}

/// An unknown heading that may be the missing one under a new name.
fn likely<'x>(wanted: &Wanted, extra: &'x [String]) -> Option<&'x String> {
    let names = || std::iter::once(&wanted.heading).chain(&wanted.aliases);
    // Comparing costs length by length; what is longer or comes later is no heading that anybody renamed.
    let short = extra.iter().filter(|e| e.len() <= 240).take(256);
    let folded: Vec<String> = short.map(|e| fold(e)).collect();
    let near = names().find_map(|name| nearest(name, folded.iter().map(String::as_str)));
    let near = near.map(str::to_string).or_else(|| {
        let part = |f: &&String| f.chars().count() > 1 && names().any(|n| n.contains(f.as_str()) || f.contains(n));
        folded.iter().find(part).cloned()
    })?;
    extra.iter().find(|e| fold(e) == near)
}

/// Up to twenty headings, each short enough to read; none when one holds somebody's number: that is a row of data in the place of
/// the headings, and its other cells are of people too.
pub(super) fn short_list(headings: &[String]) -> String {
    if headings.iter().any(|h| mask_runs(h) != *h) {
        return format!("{} cells that hold somebody's number, as rows of data do and headings do not", headings.len());
    }
    let mut shown: Vec<String> =
        headings.iter().take(20).map(|h| h.chars().filter(|c| !c.is_control()).take(30).collect()).collect();
    if headings.len() > shown.len() {
        shown.push(format!("and {} more", headings.len() - shown.len()));
    }
    shown.join(", ")
}

/// Longest text of a cell that may be a heading; of longer ones only the beginning is looked at.
const HEADING_CHARS: usize = 500;
/// Columns behind the last one in use that a merged heading may still name: a range merged up to the last column a sheet
/// can have does not make sixteen thousand headings.
const SPARE_COLUMNS: u32 = 64;

/// Texts of heading cells by column; those of one merged range are one text.
type Level = BTreeMap<u32, Rc<str>>;

/// The heading cells of `count` rows from row `first`, levels joined by `/`.
fn heading_cells(rows: &[Row], merges: &Merges, first: u32, count: u32) -> Vec<HeadingCell> {
    let levels: Vec<Level> = (first..first + count).map(|number| level(rows, merges, number)).collect();
    let columns: BTreeSet<u32> = levels.iter().flat_map(|l| l.keys().copied()).collect();
    let mut cells: Vec<HeadingCell> = Vec::with_capacity(columns.len());
    let mut before: Vec<[Option<&Rc<str>>; 2]> = Vec::new();
    for column in columns {
        // Each level's own text, and the one that goes on from the left.
        let texts: Vec<[Option<&Rc<str>>; 2]> =
            levels.iter().map(|l| [l.get(&column), l.range(..=column).next_back().map(|(_, t)| t)]).collect();
        let same = |a: Option<&Rc<str>>, b: Option<&Rc<str>>| a.map(Rc::as_ptr) == b.map(Rc::as_ptr);
        let as_before =
            texts.len() == before.len() && texts.iter().zip(&before).all(|(t, b)| same(t[0], b[0]) && same(t[1], b[1]));
        cells.push(match cells.last().filter(|_| as_before) {
            Some(last) => HeadingCell { column, shown: last.shown.clone(), names: last.names.clone() },
            None => heading_cell(column, &texts),
        });
        before = texts;
    }
    cells
}

/// The texts of a heading row, merged ranges filled.
fn level(rows: &[Row], merges: &Merges, number: u32) -> Level {
    let beginning = |text: &str| -> Rc<str> {
        let text = text.trim();
        text.char_indices().nth(HEADING_CHARS).map_or(text, |(end, _)| &text[..end]).into()
    };
    let last = rows.iter().filter_map(Row::last_column).max().unwrap_or(0).saturating_add(SPARE_COLUMNS);
    let own = rows.iter().filter(|r| r.number == number);
    let mut level: Level = own.flat_map(|r| r.cells().map(|(c, text, _)| (c, beginning(text)))).collect();
    for region in merges.across(number) {
        let top = rows.iter().find(|r| r.number == region.top);
        if let Some((text, _)) = top.and_then(|r| r.get(region.left)) {
            let text = beginning(text);
            for column in region.left..=region.right.min(last) {
                level.entry(column).or_insert_with(|| text.clone());
            }
        }
    }
    level
}

/// The names of a column, likeliest first: with merged ranges filled; with the upper levels continued to the right
/// until the next one begins (a table that was once merged and went through CSV); the lowest level alone is not one of
/// them unless nothing stands above it.
fn heading_cell(column: u32, levels: &[[Option<&Rc<str>>; 2]]) -> HeadingCell {
    let merged = join(levels.iter().filter_map(|l| l[0]));
    let mut names = vec![fold(&merged)];
    if let [upper @ .., [lowest @ Some(_), _]] = levels {
        let name = fold(&join(upper.iter().filter_map(|l| l[1]).chain(*lowest)));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    HeadingCell { column, shown: merged, names }
}

/// Levels joined by `/`; a heading merged over both levels is one heading.
fn join<'t>(levels: impl Iterator<Item = &'t Rc<str>>) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for level in levels {
        if parts.last() != Some(&&**level) {
            parts.push(level);
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::merges::Region;
    use crate::model::CellKind;

    #[test]
    fn headings_are_compared_without_their_dress() {
        for dressed in ["月保障金额(元)", "月保障金额（元）", " *月保障\n金额 （元）*", "月保障　金额(元）"]
        {
            assert_eq!(fold(dressed), "月保障金额(元)");
        }
        assert_eq!(fold("结算ＩＤ"), fold("结算id"));
        assert_ne!(fold("姓名"), fold("户主姓名"));
    }

    #[test]
    fn column_letters() {
        assert_eq!([0, 25, 26, 27, 16383].map(letters), ["A", "Z", "AA", "AB", "XFD"]);
    }

    #[test]
    fn a_range_merged_to_the_last_column_there_can_be_makes_no_sixteen_thousand_headings() {
        let mut row = Row::default();
        row.reset(1);
        row.push(0, "发放情况", CellKind::Text);
        let mut below = Row::default();
        below.reset(2);
        for (column, text) in ["姓名", "证件号码", "金额"].into_iter().enumerate() {
            below.push(column as u32, text, CellKind::Text);
        }
        let merges = Merges::new(vec![Region { top: 1, left: 0, bottom: 1, right: 16_383 }]);
        let cells = heading_cells(&[row, below], &merges, 1, 2);
        assert_eq!(cells[2].shown, "发放情况/金额");
        // Columns of data without a heading of their own may follow, but not thousands.
        assert!(cells.len() <= 3 + SPARE_COLUMNS as usize, "{}", cells.len());
    }
}
