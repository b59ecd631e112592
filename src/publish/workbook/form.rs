//! Forms (核实表, 会议审定表, 开单…) → one workbook each: a cover, a sheet for each village, and a hidden sheet that tells what it is.
//!
//! A workbook holds nothing of another form: neither in a sheet nor in a hidden part. Only the answers can be written in.
//! Every row carries its token, at the far end its last characters once more; the form's token stands on every page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Issue;
use super::cover::cover;
use super::sheet::{Answer, Cell, Column, Hint, Page, Says, Writer};
use crate::diag::Outcome;
use crate::model::form::{
    FORM, FORMAT, FormColumn, FormKind, FormSpec, Issued, IssuedRow, MARKER, Needed, Use, end_of,
};
use crate::publish::filename::{Names, sheet as sheet_name};

/// What a form says around its rows.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// Title of each sheet behind the place: `线上线下比对核实表`.
    pub title: String,
    /// How it is filled in, one sentence a line: on the cover, the first also above each table.
    pub how: Vec<String>,
    /// To whom it goes back.
    pub back_to: String,
    /// Lines below each table, for signatures.
    pub closing: Vec<String>,
}

/// Writes forms of one kind into `dir`, named after whom they go to, and gives their paths in the same order.
///
/// # Errors
/// An `io.failed` failure naming the path; workbooks written before it stay.
pub fn forms(issue: &Issue, spec: &FormSpec, words: &Words, forms: &[Issued], dir: &Path) -> Outcome<Vec<PathBuf>> {
    let mut names = Names::default();
    let mut written = Vec::new();
    for of in forms {
        let path = dir.join(names.file(of.township.as_deref().unwrap_or("乡镇不明")) + ".xlsx");
        form(issue, spec, words, of, &path)?;
        written.push(path);
    }
    Ok(written)
}

/// Writes one form.
///
/// # Errors
/// An `io.failed` failure naming the path.
pub fn form(issue: &Issue, spec: &FormSpec, words: &Words, of: &Issued, path: &Path) -> Outcome<()> {
    let to = of.township.as_deref().unwrap_or("乡镇不明");
    let mut book = Writer::new(issue, &format!("{to}{}", spec.kind.title()), path)?;
    if spec.kind == FormKind::Publicity {
        book.for_everybody();
    }
    book.foot(&format!("{FORM}：{}", of.form));
    let sheets: Vec<&[IssuedRow]> = of.rows.chunk_by(|a, b| a.sheet == b.sheet).collect();
    book.page("填表说明", &cover(issue, spec, words, of, &sheets))?;
    let mut named = Names::default();
    named.sheet("填表说明");
    let mut shown = Vec::new();
    for rows in &sheets {
        shown.push(named.unique(sheet_name(&rows[0].sheet), Some(31)));
        book.page(&rows[0].sheet, &page(issue, spec, words, of, rows))?;
    }
    book.hidden(MARKER, &marker(spec, of, &shown))?;
    book.save()
}

fn page(issue: &Issue, spec: &FormSpec, words: &Words, of: &Issued, rows: &[IssuedRow]) -> Page {
    let mut place = of.township.clone().unwrap_or_default();
    if by_village(spec.kind) {
        place.push_str(&rows[0].sheet);
    }
    let columns: Vec<Column> = spec.columns.iter().map(column).collect();
    let cells = rows.iter().enumerate().map(|(i, row)| {
        let given = spec.columns.iter().filter(|c| !c.is_asked());
        given
            .map(|c| match c.role {
                Use::Count => (i + 1).into(),
                Use::Token => row.token.clone().into(),
                Use::TokenEnd => end_of(&row.token).to_string().into(),
                _ => Cell::Text(row.shown.get(&c.heading).cloned().unwrap_or_default()),
            })
            .collect()
    });
    let due = of.due_on.map_or(String::new(), |d| format!("　请于{d}前交回"));
    let mut lines = vec![format!("{}　{FORM}：{}　共{}项{due}", issue.line(), of.form, rows.len())];
    lines.extend(words.how.first().cloned());
    Page {
        title: format!("{place}{}", words.title),
        lines,
        rows: cells.collect(),
        hints: hints(spec),
        columns,
        closing: words.closing.clone(),
        locked: true,
        ..Page::default()
    }
}

/// Whether a kind has a sheet for each village; the others have one for everybody.
fn by_village(kind: FormKind) -> bool {
    use FormKind::{Exit, Notice, Publicity, Remeasure, Verify};
    matches!(kind, Verify | Publicity | Exit | Notice | Remeasure)
}

/// A column of a form as it is drawn.
pub(super) fn column(column: &FormColumn) -> Column {
    let drawn = match &column.role {
        Use::Asked { entry, .. } => Column::answer(column.heading.clone(), column.widths.0, Answer::from(entry)),
        _ => Column::of(column.heading.clone(), column.widths.0, column.widths.1),
    };
    if column.printed { drawn } else { drawn.unprinted() }
}

/// What is needed and not there yet, and what is not asked for.
fn hints(spec: &FormSpec) -> Vec<Hint> {
    let Some(decided_by) = spec.columns.iter().position(|c| c.heading == spec.result) else { return Vec::new() };
    let hint = |(column, c): (usize, &FormColumn)| {
        let Use::Asked { needed, .. } = &c.role else { return None };
        let (choices, says) = match needed {
            Needed::No => return None,
            Needed::Yes => (Vec::new(), Says::Needed),
            Needed::When(choices) => (choices.clone(), Says::Needed),
            Needed::OnlyWith(choices) => (choices.clone(), Says::NotAsked),
        };
        Some(Hint { column, decided_by, choices, says })
    };
    spec.columns.iter().enumerate().filter_map(hint).collect()
}

/// The hidden sheet: what the form is, its sheets, and every row with a digest of its locked cells.
fn marker(spec: &FormSpec, of: &Issued, sheets: &[String]) -> Vec<Vec<String>> {
    let pair = |name: &str, value: &str| vec![name.to_string(), value.to_string()];
    let mut lines = vec![
        pair("format", FORMAT),
        pair("kind", spec.kind.code()),
        pair("form", &of.form),
        pair("round", &of.round),
        pair("issued", &of.issued_on.to_string()),
    ];
    lines.extend(sheets.iter().map(|name| pair("sheet", name)));
    lines.extend(of.rows.iter().map(|r| vec!["row".to_string(), r.token.clone(), r.digest()]));
    lines
}

/// The cells of a cover that are filled in, by row and column of its table.
pub(super) fn head_cells(spec: &FormSpec, first: usize) -> BTreeMap<(usize, usize), Answer> {
    let asked = spec.head.iter().enumerate().filter_map(|(i, column)| match &column.role {
        Use::Asked { entry, .. } => Some(((first + i, 1), Answer::from(entry))),
        _ => None,
    });
    asked.collect()
}

/// Numbers of rows by sheet, in order, each sheet once.
pub(super) fn by_sheet<'r>(sheets: &[&'r [IssuedRow]]) -> Vec<(&'r str, usize)> {
    let mut seen = BTreeSet::new();
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for rows in sheets {
        let name = rows[0].sheet.as_str();
        match seen.insert(name) {
            true => counts.push((name, rows.len())),
            false => counts.iter_mut().filter(|(own, _)| *own == name).for_each(|(_, n)| *n += rows.len()),
        }
    }
    counts
}
