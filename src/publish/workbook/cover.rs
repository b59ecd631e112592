//! The first sheet of a form: for whom, how many rows of which village, until when, back to whom, how it is filled in. It goes on on a
//! second page where a township has many villages: pressed into one it could not be read.

use super::Issue;
use super::form::{Words, by_sheet, head_cells};
use super::sheet::{Cell, Column, Page};
use crate::model::form::{FORM, FormSpec, Issued, IssuedRow};

/// The cover of a form.
pub(super) fn cover(issue: &Issue, spec: &FormSpec, words: &Words, of: &Issued, sheets: &[&[IssuedRow]]) -> Page {
    let line = |name: &str, text: String| vec![Cell::Text(name.to_string()), Cell::Text(text)];
    let mut rows = vec![
        line("填表单位", of.township.clone().unwrap_or_else(|| "乡镇不明".into())),
        line("批次", of.round.clone()),
        line(FORM, of.form.clone()),
        line("发出日期", of.issued_on.to_string()),
        line("请于何时前交回", of.due_on.map_or_else(|| "尽快".to_string(), |d| d.to_string())),
        line("交回给", words.back_to.clone()),
    ];
    let open = head_cells(spec, rows.len());
    rows.extend(spec.head.iter().map(|c| line(&c.heading, String::new())));
    rows.push(line("合计", format!("{}项", of.rows.len())));
    rows.extend(by_sheet(sheets).into_iter().map(|(name, n)| line(name, format!("{n}项"))));
    for (i, how) in words.how.iter().enumerate() {
        let name = if i == 0 { "怎么填" } else { "" };
        rows.push(line(name, how.clone()));
    }
    Page {
        title: format!("{}{}", of.township.as_deref().unwrap_or_default(), words.title),
        lines: vec![issue.line()],
        columns: vec![Column::of("项目", 16, 20), Column::of("内容", 70, 90)],
        rows,
        open,
        locked: true,
        ..Page::default()
    }
}
