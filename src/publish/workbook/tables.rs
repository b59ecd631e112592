//! Any tables → one workbook with a sheet for each, under their Chinese titles: what the office reads of the ledger.

use std::path::Path;

use super::Issue;
use super::sheet::{Cell, Column, Page, Writer};
use crate::diag::Outcome;
use crate::model::{Kind, Table};

/// Writes tables as they are; columns that hold codes beside a title are the reader's to filter by.
///
/// # Errors
/// An `io.failed` failure naming the path.
pub fn tables(issue: &Issue, title: &str, tables: &[&Table], path: &Path) -> Outcome<()> {
    let mut book = Writer::new(issue, title, path)?;
    for table in tables {
        book.page(&table.schema.title, &page(issue, table))?;
    }
    book.save()
}

fn page(issue: &Issue, table: &Table) -> Page {
    let columns = table.schema.columns.iter().map(|c| {
        let unit = if c.unit == "yuan" { "（元）" } else { "" };
        let most = if c.kind == Kind::Text { 40 } else { 16 };
        Column::of(format!("{}{unit}", c.title), 6, most)
    });
    let causes = |name: &str, text: String| match name {
        "cause" | "causes" => issue.plan.cause_titles(Some(&text)),
        "list_type" => crate::model::words::titles(Some(&text), crate::model::words::list_type),
        _ => text,
    };
    let rows = (0..table.rows()).map(|row| {
        let cell = |c: &crate::model::Column| {
            let text = table.display_at(&c.name, row).unwrap_or_default();
            match c.kind {
                Kind::Integer => table.integer_at(&c.name, row).map_or(Cell::Text(String::new()), Cell::Number),
                _ => Cell::Text(causes(&c.name, text)),
            }
        };
        table.schema.columns.iter().map(cell).collect()
    });
    Page {
        title: table.schema.title.clone(),
        lines: vec![issue.line()],
        columns: columns.collect(),
        rows: rows.collect(),
        empty: "没有。",
        ..Page::default()
    }
}
