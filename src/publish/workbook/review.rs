//! `possible_links` → 待认定匹配.xlsx: records that a person has to match, each with its candidates.

use std::collections::BTreeMap;
use std::path::Path;

use super::Issue;
use super::sheet::{Answer, Cell, Column, Page, Writer};
use crate::diag::Outcome;
use crate::model::{Table, text};
use crate::plan::{Role, Source};

/// What the review is made from.
#[derive(Debug, Clone, Copy)]
pub struct Review<'a> {
    /// Candidates of records that are possible or in conflict.
    pub possible: &'a Table,
    /// Persons of the register.
    pub persons: &'a Table,
    /// Records by source id.
    pub records: &'a BTreeMap<String, Table>,
}

/// Writes the records for clerical review, one sheet per source that has any; identity numbers are masked.
///
/// # Errors
/// An `io.failed` failure naming the path.
pub fn possible_links(issue: &Issue, review: &Review, path: &Path) -> Outcome<()> {
    let persons: BTreeMap<&str, usize> =
        (0..review.persons.rows()).filter_map(|row| Some((review.persons.str_at("person_id", row)?, row))).collect();
    let mut by_source: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for row in 0..review.possible.rows() {
        by_source.entry(review.possible.str_at("source", row).unwrap_or("")).or_default().push(row);
    }
    let mut book = Writer::new(issue, "待认定匹配", path)?;
    // Sources in the plan's order; one the plan does not know would be a mistake, but its rows are shown all the same.
    let known = issue.plan.sources.iter().map(|s| (s.id.as_str(), Some(s)));
    let unknown = by_source.keys().filter(|id| !issue.plan.sources.iter().any(|s| s.id == **id));
    let sources: Vec<(&str, Option<&Source>)> = known.chain(unknown.map(|id| (*id, None))).collect();
    let mut sheets = 0;
    for (id, source) in sources {
        if let Some(rows) = by_source.get(id) {
            let title = source.map_or(id, |s| s.title.as_str());
            book.page(title, &page(issue, review, &persons, source, title, rows))?;
            sheets += 1;
        }
    }
    if sheets == 0 {
        book.page("待认定匹配", &page(issue, review, &persons, None, "", &[]))?;
    }
    book.save()
}

fn page(
    issue: &Issue,
    review: &Review,
    persons: &BTreeMap<&str, usize>,
    source: Option<&Source>,
    title: &str,
    rows: &[usize],
) -> Page {
    let records = source.and_then(|s| review.records.get(&s.id));
    let record_rows: BTreeMap<&str, usize> = records
        .map(|table| (0..table.rows()).filter_map(|row| Some((table.str_at("record_id", row)?, row))).collect())
        .unwrap_or_default();
    let mut order = rows.to_vec();
    order.sort_by_key(|row| {
        let possible = review.possible;
        (possible.str_at("record_id", *row), possible.integer_at("rank", *row), possible.str_at("person_id", *row))
    });
    let mut number = 0;
    let mut previous = None;
    let cells = order.into_iter().map(|row| {
        let own = |column: &str| review.possible.str_at(column, row);
        let record_id = own("record_id");
        if record_id != previous || record_id.is_none() {
            number += 1;
            previous = record_id;
        }
        let record = records.zip(record_id.and_then(|id| record_rows.get(id)).copied());
        let said = |role: Role| {
            let (table, row) = record?;
            let name = source?.name_of(role)?;
            // What could not be cleaned is shown as it stood in the file.
            [name.to_string(), format!("{name}_partial"), format!("{name}_raw")]
                .into_iter()
                .filter(|column| table.has(column))
                .find_map(|column| table.display_at(&column, row))
        };
        let place = record.map_or(String::new(), |(table, row)| {
            let parts = [table.str_at("file", row), table.str_at("sheet", row)];
            let mut parts: Vec<String> =
                parts.into_iter().flatten().filter(|p| !p.is_empty()).map(String::from).collect();
            parts.extend(table.integer_at("row", row).map(|n| format!("第{n}行")));
            parts.join(" ")
        });
        let candidate = own("person_id").and_then(|id| persons.get(id)).copied();
        let of_candidate = |column: &str| candidate.and_then(|row| review.persons.display_at(column, row));
        let masked = |number: Option<String>| number.map(|n| text::mask_number(&n)).unwrap_or_default();
        vec![
            Cell::Number(number),
            super::owned(record_id).into(),
            match own("status") {
                Some("conflict") => "号名冲突",
                _ => "待认定",
            }
            .to_string()
            .into(),
            said(Role::Name).unwrap_or_default().into(),
            masked(said(Role::IdNumber)).into(),
            place.into(),
            review.possible.integer_at("rank", row).map_or(Cell::Text(String::new()), Cell::Number),
            of_candidate("name").unwrap_or_default().into(),
            masked(of_candidate("id_number")).into(),
            format!(
                "{}{}{}",
                of_candidate("township").unwrap_or_default(),
                of_candidate("village").unwrap_or_default(),
                of_candidate("group").unwrap_or_default()
            )
            .into(),
            own("evidence").into(),
        ]
    });
    Page {
        title: format!("{title}待认定匹配"),
        lines: vec![
            issue.line(),
            "同一序号是同一条来源记录及其候选人。请逐条判断候选人与来源记录是否为同一人；“号名冲突”是证件号相符而姓名等不符。"
                .to_string(),
        ],
        columns: vec![
            Column::of("序号", 5, 7),
            Column::of("记录编号", 12, 20),
            Column::of("状态", 9, 10),
            Column::of("来源姓名", 9, 12),
            Column::of("来源证件号", 21, 21),
            Column::of("所在文件", 16, 24),
            Column::of("候选", 6, 6),
            Column::of("候选人", 9, 12),
            Column::of("候选人证件号", 21, 21),
            Column::of("候选人住址", 14, 22),
            Column::of("依据", 20, 40),
            Column::answer(
                "认定结果",
                11,
                Answer::OneOf(["是同一人", "不是同一人", "无法认定"].map(String::from).to_vec()),
            ),
            Column::answer("认定人", 9, Answer::Free),
            Column::answer("认定日期", 12, Answer::Day),
        ],
        rows: cells.collect(),
        empty: "本批次没有需要认定的记录。",
        closing: Vec::new(),
        locked: true,
        one_page: false,
    }
}
