//! Sheets that came back → what they say of themselves, and their rows by heading and token, wherever they stand now.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::CellKind;
use crate::model::form::{FORMAT, FormSpec, MARKER, Marker, Returned, ReturnedRow, ReturnedSheet, TOKEN, Use};
use crate::model::receipt::same_text;
use crate::model::token;

/// With so many headings in a row it is a row of headings.
const HEADINGS: usize = 3;
/// Longest text below which a token may stand in a cell of its own.
const TOKEN_CELL: usize = 64;

/// What a file says of itself before anything is known of its kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glance {
    /// The hidden sheet, when it is there and of this shape.
    pub marker: Option<Marker>,
    /// Tokens of forms printed on its sheets, each once, in reading order.
    pub printed: Vec<String>,
    /// Tokens of rows that stand in cells of their own, with the number of such cells.
    pub tokens: BTreeMap<String, usize>,
    /// True when a sheet has the heading of the tokens.
    pub has_heading: bool,
}

/// Looks at a file: its marker and its tokens.
pub fn glance(returned: &Returned) -> Glance {
    let mut glance = Glance::default();
    for sheet in &returned.sheets {
        if let Some(marker) = marker(sheet) {
            glance.marker.get_or_insert(marker);
            continue;
        }
        for (_, text, _) in sheet.rows.iter().flat_map(|r| &r.cells) {
            if text.len() <= TOKEN_CELL {
                let text = token::clean(text);
                if token::is_row(&text) {
                    *glance.tokens.entry(text).or_default() += 1;
                    continue;
                }
                glance.has_heading |= text == TOKEN;
            }
            if let Some(form) = token::form_within(text).filter(|form| !glance.printed.contains(form)) {
                glance.printed.push(form);
            }
        }
    }
    glance
}

/// The hidden sheet's lines: `format`, `kind`, `form`, `round`, then one for each row.
fn marker(sheet: &ReturnedSheet) -> Option<Marker> {
    let lines: Vec<Vec<&str>> =
        sheet.rows.iter().map(|r| r.cells.iter().map(|(_, text, _)| text.trim()).collect()).collect();
    let value = |name: &str| {
        let line = lines.iter().find(|l| l.first() == Some(&name))?;
        line.get(1).map(|text| (*text).to_string())
    };
    // A sheet that somebody renamed is known by its first cell; one that only has the name is no marker.
    if value("format").as_deref() != Some(FORMAT) {
        return None;
    }
    let of = |name: &'static str| lines.iter().filter(move |l| l.first() == Some(&name));
    Some(Marker {
        kind: value("kind").unwrap_or_default(),
        form: token::clean(&value("form").unwrap_or_default()),
        round: value("round").unwrap_or_default(),
        township: value("township").unwrap_or_default(),
        sheets: of("sheet").filter_map(|l| Some((*l.get(1)?).to_string())).collect(),
        rows: of("row")
            .filter_map(|l| Some((token::clean(l.get(1)?), l.get(2).copied().unwrap_or_default().to_string())))
            .collect(),
    })
}

/// The rows of a file, by the headings of its kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The hidden sheet.
    pub marker: Option<Marker>,
    /// Rows below headings, or with a token, in reading order.
    pub rows: Vec<FoundRow>,
    /// What stands beside the labels of the cover, by heading.
    pub head: BTreeMap<String, (String, CellKind)>,
    /// Headings that were changed and told by the columns beside them: as issued, as returned.
    pub renamed: BTreeSet<(String, String)>,
    /// Headings as issued that a table lacks, with its sheet.
    pub lacking: BTreeSet<(String, String)>,
    /// Sheets with tokens and without a row of headings: read in the order of the columns as issued.
    pub without_headings: BTreeSet<String>,
}

/// One row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundRow {
    /// Its sheet now.
    pub sheet: String,
    /// Its row there, from 1.
    pub row: u32,
    /// What stands in the column of the tokens, cleaned; empty when nothing does.
    pub token: String,
    /// What stands below each heading as issued; blank cells left out.
    pub cells: BTreeMap<String, (String, CellKind)>,
    /// Headings as issued that its table lacks.
    pub lacking: BTreeSet<String>,
}

impl FoundRow {
    /// The text below a heading; empty when the cell is.
    pub fn text(&self, heading: &str) -> &str {
        self.cells.get(heading).map_or("", |(text, _)| text)
    }
}

/// Finds the rows of a file of a kind.
pub fn found(returned: &Returned, spec: &FormSpec) -> Found {
    let mut found = Found { marker: glance(returned).marker, ..Found::default() };
    for sheet in returned.sheets.iter().filter(|s| s.name != MARKER && marker(s).is_none()) {
        head(sheet, spec, &mut found);
        table(sheet, spec, &mut found);
    }
    found
}

/// The answers of the cover stand to the right of their labels.
fn head(sheet: &ReturnedSheet, spec: &FormSpec, found: &mut Found) {
    let plain = |text: &str| same_text(text).trim_end_matches(['：', ':']).to_string();
    for row in &sheet.rows {
        for pair in row.cells.windows(2) {
            let [(_, label, _), (_, text, kind)] = pair else { continue };
            if let Some(column) = spec.head.iter().find(|c| plain(&c.heading) == plain(label)) {
                let cell = (text.trim().to_string(), *kind);
                found.head.entry(column.heading.clone()).or_insert(cell);
            }
        }
    }
}

/// Where each column of the kind stands now, by its position in the kind.
type Places = BTreeMap<usize, u32>;

fn table(sheet: &ReturnedSheet, spec: &FormSpec, found: &mut Found) {
    let all: Vec<usize> = (0..sheet.rows.len()).filter(|i| is_heading(&sheet.rows[*i], spec)).collect();
    let places: Vec<(usize, Places)> = all.iter().map(|i| (*i, places(&sheet.rows[*i], spec, found))).collect();
    for (_, places) in &places {
        for (i, column) in spec.columns.iter().enumerate() {
            if !places.contains_key(&i) {
                found.lacking.insert((sheet.name.clone(), column.heading.clone()));
            }
        }
    }
    for (i, row) in sheet.rows.iter().enumerate() {
        if all.contains(&i) {
            continue;
        }
        // The headings above it; above the first headings (somebody sorted them along) only what has a token is a row.
        let above = places.iter().rev().find(|(at, _)| *at < i);
        let own = row.cells.iter().find(|(_, text, _)| text.len() <= TOKEN_CELL && token::is_row(&token::clean(text)));
        let line = match (above.or(places.first().filter(|_| own.is_some())), own) {
            (Some((_, places)), own) => by_places(row, places, spec, own),
            (None, Some((column, ..))) => {
                found.without_headings.insert(sheet.name.clone());
                by_places(row, &in_order(*column, spec), spec, own)
            }
            (None, None) => continue,
        };
        found.rows.push(FoundRow { sheet: sheet.name.clone(), ..line });
    }
}

fn is_heading(row: &ReturnedRow, spec: &FormSpec) -> bool {
    let known = row.cells.iter().filter(|(_, text, _)| position(text, spec).is_some()).count();
    known >= HEADINGS.min(spec.columns.len()) && known * 2 > row.cells.len()
}

fn position(text: &str, spec: &FormSpec) -> Option<usize> {
    let text = same_text(text);
    spec.columns.iter().position(|c| same_text(&c.heading) == text)
}

/// Columns by their headings; a changed heading between two columns that stand as issued is told by them.
fn places(row: &ReturnedRow, spec: &FormSpec, found: &mut Found) -> Places {
    let mut places = Places::new();
    for (column, text, _) in &row.cells {
        if let Some(at) = position(text, spec) {
            places.entry(at).or_insert(*column);
        }
    }
    let known = places.clone();
    let taken: BTreeSet<u32> = known.values().copied().collect();
    let mut i = 0;
    while i < spec.columns.len() {
        if known.contains_key(&i) {
            i += 1;
            continue;
        }
        let end = (i..spec.columns.len()).find(|j| known.contains_key(j)).unwrap_or(spec.columns.len());
        let left = i.checked_sub(1).and_then(|l| known.get(&l)).map(|c| c + 1);
        let right = known.get(&end).copied();
        // At an edge one neighbour is enough: the first column of the sheet, or the last with a heading.
        let start = match (left, right) {
            (Some(left), Some(right)) if left + (end - i) as u32 == right => Some(left),
            (None, Some(right)) if i == 0 && right == end as u32 => Some(0),
            (Some(left), None) if end == spec.columns.len() => {
                let last = row.cells.last().map_or(0, |(c, ..)| *c);
                (left + (end - i) as u32 == last + 1).then_some(left)
            }
            _ => None,
        };
        if let Some(start) = start {
            let columns: Vec<u32> = (start..).take(end - i).collect();
            if columns.iter().all(|c| !taken.contains(c)) {
                for (at, column) in (i..end).zip(columns) {
                    let now = row.get(column).map_or("", |(text, _)| text).trim().to_string();
                    found.renamed.insert((spec.columns[at].heading.clone(), now));
                    places.insert(at, column);
                }
            }
        }
        i = end;
    }
    places
}

/// Columns in the order as issued, told by where the token stands.
fn in_order(token_column: u32, spec: &FormSpec) -> Places {
    let own = spec.columns.iter().position(|c| c.role == Use::Token).unwrap_or(0);
    let shifted = |at: usize| (token_column + at as u32).checked_sub(own as u32);
    (0..spec.columns.len()).filter_map(|at| Some((at, shifted(at)?))).collect()
}

fn by_places(row: &ReturnedRow, places: &Places, spec: &FormSpec, own: Option<&(u32, String, CellKind)>) -> FoundRow {
    let mut line = FoundRow { row: row.row, ..FoundRow::default() };
    for (at, column) in spec.columns.iter().enumerate() {
        match places.get(&at) {
            Some(place) => {
                if let Some((text, kind)) = row.get(*place) {
                    line.cells.insert(column.heading.clone(), (text.trim().to_string(), kind));
                }
            }
            None => {
                line.lacking.insert(column.heading.clone());
            }
        }
    }
    line.token = token::clean(line.text(TOKEN));
    // A word in the column of the tokens (a total, a signature) is none; a token may stand elsewhere in the row.
    if !line.token.contains(|c: char| c.is_ascii_alphanumeric()) {
        line.token = own.map(|(_, text, _)| token::clean(text)).unwrap_or_default();
    }
    line
}
