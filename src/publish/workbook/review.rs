//! `possible_links` and contradicted `decisions` → 待认定匹配.xlsx: pairs that a person has to decide about.

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
    /// Decisions of people; those that later evidence contradicts are asked about again.
    pub decisions: &'a Table,
    /// Persons of the register.
    pub persons: &'a Table,
    /// Records by source id.
    pub records: &'a BTreeMap<String, Table>,
    /// Keys of the pairs, by record and candidate; they bring the answers back.
    pub keys: &'a BTreeMap<(String, String), String>,
}

/// A pair to decide about.
struct Item<'a> {
    source: Option<&'a Source>,
    record_id: Option<&'a str>,
    status: &'static str,
    rank: Option<i64>,
    person_id: Option<&'a str>,
    evidence: Option<&'a str>,
}

/// Writes the records for clerical review, one sheet per source that has any, and a sheet of the decisions to look at
/// again; identity numbers are masked.
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
    let again = contradicted(issue, review);
    if !again.is_empty() {
        let line = "以下记录以前已由人工认定，本批次的数据与认定不符。原认定仍在执行，请复核后重新填写“是否同一人”。";
        book.page("认定复核", &page(issue, review, &persons, "人工认定复核", line, &again))?;
    }
    // Sources in the plan's order; one the plan does not know would be a mistake, but its rows are shown all the same.
    let known = issue.plan.sources.iter().map(|s| (s.id.as_str(), Some(s)));
    let unknown = by_source.keys().filter(|id| !issue.plan.sources.iter().any(|s| s.id == **id));
    let sources: Vec<(&str, Option<&Source>)> = known.chain(unknown.map(|id| (*id, None))).collect();
    let line = "同一序号是同一条来源记录及其候选人。请逐条判断候选人与来源记录是否为同一人，在“是否同一人”中选“是”或“否”，无法\
                认定的留空；“号名冲突”是证件号相符而姓名等不符。“认定编号”请勿改动，填好后由 bidui decide 读回。";
    let mut sheets = again.len().min(1);
    for (id, source) in sources {
        if let Some(rows) = by_source.get(id) {
            let title = source.map_or(id, |s| s.title.as_str());
            let items = candidates(review, source, rows);
            book.page(title, &page(issue, review, &persons, &format!("{title}待认定匹配"), line, &items))?;
            sheets += 1;
        }
    }
    if sheets == 0 {
        book.page("待认定匹配", &page(issue, review, &persons, "待认定匹配", line, &[]))?;
    }
    book.save()
}

/// The candidates of a source's records, by record and rank.
fn candidates<'a>(review: &Review<'a>, source: Option<&'a Source>, rows: &[usize]) -> Vec<Item<'a>> {
    let possible = review.possible;
    let mut order = rows.to_vec();
    order.sort_by_key(|row| {
        (possible.str_at("record_id", *row), possible.integer_at("rank", *row), possible.str_at("person_id", *row))
    });
    let item = |row: usize| Item {
        source,
        record_id: possible.str_at("record_id", row),
        status: match possible.str_at("status", row) {
            Some("conflict") => "号名冲突",
            _ => "待认定",
        },
        rank: possible.integer_at("rank", row),
        person_id: possible.str_at("person_id", row),
        evidence: possible.str_at("evidence", row),
    };
    order.into_iter().map(item).collect()
}

/// The decisions that later evidence contradicts.
fn contradicted<'a>(issue: &Issue<'a>, review: &Review<'a>) -> Vec<Item<'a>> {
    let decisions = review.decisions;
    let rows = (0..decisions.rows()).filter(|row| decisions.str_at("state", *row) == Some("contradicted"));
    let item = |row: usize| Item {
        source: issue.plan.sources.iter().find(|s| Some(s.id.as_str()) == decisions.str_at("source", row)),
        record_id: decisions.str_at("record_id", row),
        status: match decisions.str_at("decision", row) {
            Some("same") => "原认定：是",
            _ => "原认定：否",
        },
        rank: None,
        person_id: decisions.str_at("person_id", row),
        evidence: decisions.str_at("evidence", row),
    };
    rows.map(item).collect()
}

fn page(
    issue: &Issue,
    review: &Review,
    persons: &BTreeMap<&str, usize>,
    title: &str,
    line: &str,
    items: &[Item],
) -> Page {
    let mut rows_of: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for source in items.iter().filter_map(|i| i.source) {
        if let (false, Some(table)) = (rows_of.contains_key(source.id.as_str()), review.records.get(&source.id)) {
            let rows = (0..table.rows()).filter_map(|row| Some((table.str_at("record_id", row)?, row))).collect();
            rows_of.insert(&source.id, rows);
        }
    }
    let mut number = 0;
    let mut previous = None;
    let cells = items.iter().map(|item| {
        if item.record_id != previous || item.record_id.is_none() {
            number += 1;
            previous = item.record_id;
        }
        let record = item.source.and_then(|s| {
            let row = rows_of.get(s.id.as_str())?.get(item.record_id?)?;
            Some((review.records.get(&s.id)?, *row))
        });
        let said = |role: Role| {
            let (table, row) = record?;
            let name = item.source?.name_of(role)?;
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
        let candidate = item.person_id.and_then(|id| persons.get(id)).copied();
        let of_candidate = |column: &str| candidate.and_then(|row| review.persons.display_at(column, row));
        let masked = |number: Option<String>| number.map(|n| text::mask_number(&n)).unwrap_or_default();
        let pair = (super::owned(item.record_id), super::owned(item.person_id));
        vec![
            Cell::Number(number),
            super::owned(item.record_id).into(),
            item.status.to_string().into(),
            said(Role::Name).unwrap_or_default().into(),
            masked(said(Role::IdNumber)).into(),
            place.into(),
            item.rank.map_or(Cell::Text(String::new()), Cell::Number),
            of_candidate("name").unwrap_or_default().into(),
            masked(of_candidate("id_number")).into(),
            format!(
                "{}{}{}",
                of_candidate("township").unwrap_or_default(),
                of_candidate("village").unwrap_or_default(),
                of_candidate("group").unwrap_or_default()
            )
            .into(),
            item.evidence.into(),
            super::owned(item.person_id).into(),
            review.keys.get(&pair).cloned().unwrap_or_default().into(),
        ]
    });
    Page {
        title: title.to_string(),
        lines: vec![issue.line(), line.to_string()],
        rows: cells.collect(),
        columns: vec![
            Column::of("序号", 5, 7),
            Column::of("记录编号", 12, 20),
            Column::of("状态", 9, 11),
            Column::of("来源姓名", 9, 12),
            Column::of("来源证件号", 21, 21),
            Column::of("所在文件", 16, 24),
            Column::of("候选", 6, 6),
            Column::of("候选人", 9, 12),
            Column::of("候选人证件号", 21, 21),
            Column::of("候选人住址", 14, 22),
            Column::of("依据", 20, 40),
            Column::answer("是否同一人", 11, Answer::OneOf(["是", "否"].map(String::from).to_vec())),
            Column::answer("说明", 16, Answer::Free),
            Column::answer("认定人", 9, Answer::Free),
            Column::of("候选人编号", 10, 12).unprinted(),
            Column::of("认定编号", 21, 22).unprinted(),
        ],
        empty: "本批次没有需要认定的记录。",
        locked: true,
        ..Page::default()
    }
}
