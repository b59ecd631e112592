//! `verification_tasks` → 核实表/<乡镇>.xlsx: one workbook per township with one sheet per village that has something to verify.

use std::path::{Path, PathBuf};

use super::Issue;
use super::sheet::{Answer, Column, Page, Writer};
use crate::diag::Outcome;
use crate::model::{Table, words};
use crate::publish::filename::Names;

/// Folder of the workbooks below the folder given.
pub const FOLDER: &str = "核实表";

/// Answers a village may give.
pub const RESULTS: [&str; 5] = ["属实", "不属实", "查无此人", "身份不符", "原因不同"];

/// Writes one workbook per township with tasks into `dir`/核实表 and gives their paths in township order.
///
/// A workbook holds nothing of another township: neither in a sheet nor in a hidden part. Numbers are masked, only the
/// answer columns can be written in, and every row carries its task number.
///
/// # Errors
/// An `io.failed` failure naming the path; workbooks written before it stay.
pub fn verification(issue: &Issue, tasks: &Table, dir: &Path) -> Outcome<Vec<PathBuf>> {
    let mut names = Names::default();
    let mut written = Vec::new();
    for (township, rows) in runs(tasks, in_place_order(tasks), "township_code", "township") {
        let title = township.unwrap_or("乡镇不明");
        let path = dir.join(FOLDER).join(names.file(title) + ".xlsx");
        let mut book = Writer::new(issue, &format!("{title}核实表"), &path)?;
        for (village, rows) in runs(tasks, rows, "village_code", "village") {
            let village = village.unwrap_or("村不明");
            book.page(village, &page(issue, tasks, title, village, &rows))?;
        }
        book.save()?;
        written.push(path);
    }
    Ok(written)
}

fn in_place_order(tasks: &Table) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..tasks.rows()).collect();
    rows.sort_by_key(|row| {
        let place = ["township_code", "township", "village_code", "village"].map(|c| tasks.str_at(c, *row));
        (place.map(|part| (part.is_none(), part)), tasks.str_at("task_id", *row))
    });
    rows
}

/// Rows that follow each other with the same place, with the place's name.
fn runs<'a>(tasks: &'a Table, rows: Vec<usize>, code: &str, name: &str) -> Vec<(Option<&'a str>, Vec<usize>)> {
    let place = |row: usize| (tasks.str_at(code, row), tasks.str_at(name, row));
    rows.chunk_by(|a, b| place(*a) == place(*b)).map(|run| (place(run[0]).1, run.to_vec())).collect()
}

fn page(issue: &Issue, tasks: &Table, township: &str, village: &str, rows: &[usize]) -> Page {
    let risks: Vec<String> = issue.plan.causes.iter().map(|c| c.title.clone()).collect();
    let cells = rows.iter().enumerate().map(|(i, row)| {
        let own = |column: &str| tasks.str_at(column, *row);
        let asked = match own("outcome") {
            Some(outcome) => format!("【{}】{}", words::outcome(outcome), own("question").unwrap_or("")),
            None => super::owned(own("question")),
        };
        vec![
            (i + 1).into(),
            own("task_id").into(),
            own("group").into(),
            own("head_name").into(),
            own("masked_id_number").into(),
            asked.into(),
            own("evidence").into(),
        ]
    });
    Page {
        title: format!("{township}{village}线上线下比对核实表"),
        lines: vec![
            format!("{}　共{}项", issue.line(), rows.len()),
            "填写：请入户核实后填浅色各栏，“核实结果”从下拉列表中选一项；不要增删行，不要改动编号。".to_string(),
        ],
        columns: vec![
            Column::of("序号", 5, 6),
            Column::of("任务编号", 9, 10),
            Column::of("组", 5, 8),
            Column::of("户主", 8, 10),
            Column::of("证件号", 21, 21),
            Column::of("核实事项", 30, 36),
            Column::of("线索依据", 24, 32),
            Column::answer("核实结果", 9, Answer::OneOf(RESULTS.map(String::from).to_vec())),
            Column::answer("实际风险", 12, Answer::Among(risks)),
            Column::answer("情况说明", 20, Answer::Free),
            Column::answer("核实人", 9, Answer::Free),
            Column::answer("核实日期", 11, Answer::Day),
        ],
        rows: cells.collect(),
        empty: "",
        closing: vec![
            "核实人（签字）：＿＿＿＿＿＿　　村党组织书记（签字）：＿＿＿＿＿＿　　村（居）委会（盖章）　　\
             乡镇审核人（签字）：＿＿＿＿＿＿　　日期：＿＿＿＿年＿＿月＿＿日"
                .to_string(),
        ],
        closed: std::collections::BTreeSet::new(),
        locked: true,
        one_page: false,
    }
}
