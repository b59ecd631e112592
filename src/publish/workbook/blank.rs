//! Empty forms for new reports (线下上报表, 自主申报表), and new reports that came with a form, in the columns of a contract.

use std::path::Path;

use super::Issue;
use super::form::{Words, column};
use super::sheet::{Cell, Column, Page, Writer};
use crate::diag::Outcome;
use crate::model::form::{FORM, FORMAT, FormSpec, MARKER};

/// Empty rows of a form: two or three pages.
const EMPTY_ROWS: usize = 30;

/// Writes an empty form. It has one sheet that is seen, its headings within the first ten rows: filled in, it is read as a delivery.
///
/// # Errors
/// An `io.failed` failure naming the path.
pub fn blank(issue: &Issue, spec: &FormSpec, words: &Words, form: &str, to: &str, path: &Path) -> Outcome<()> {
    let mut book = Writer::new(issue, &format!("{to}{}", spec.kind.title()), path)?;
    book.foot(&format!("{FORM}：{form}"));
    let mut lines = vec![format!("{}　{FORM}：{form}", issue.line())];
    lines.extend(words.how.iter().cloned());
    let page = Page {
        title: format!("{to}{}", words.title),
        lines,
        columns: spec.columns.iter().map(column).collect(),
        rows: (0..EMPTY_ROWS).map(|_| Vec::new()).collect(),
        closing: words.closing.clone(),
        locked: true,
        ..Page::default()
    };
    book.page(words.title.as_str(), &page)?;
    let pair = |name: &str, value: &str| vec![name.to_string(), value.to_string()];
    let marker = [
        pair("format", FORMAT),
        pair("kind", spec.kind.code()),
        pair("form", form),
        pair("round", issue.round),
        pair("township", to),
        pair("sheet", &words.title),
    ];
    book.hidden(MARKER, &marker)?;
    book.save()
}

/// Writes new reports below the headings of a contract, for the folder of deliveries.
///
/// # Errors
/// An `io.failed` failure naming the path.
pub fn reports(issue: &Issue, title: &str, headings: &[String], rows: &[Vec<String>], path: &Path) -> Outcome<()> {
    let mut book = Writer::new(issue, title, path)?;
    let page = Page {
        title: title.to_string(),
        lines: vec![issue.line()],
        columns: headings.iter().map(|h| Column::of(h.clone(), 8, 30)).collect(),
        rows: rows.iter().map(|r| r.iter().map(|text| Cell::Text(text.clone())).collect()).collect(),
        locked: true,
        ..Page::default()
    };
    book.page("补报", &page)?;
    book.save()
}
