//! What a department's delivery came to → 数据质量回执/<部门>_<来源>.xlsx: its bad rows, what is wrong, a column to correct.
//!
//! Nothing but the department's own data is on it. Only the marked cells can be written in. A hidden sheet says which
//! delivery the receipt is about and which cell of which row was asked for, so that a filled receipt is read back by its
//! content; see [`model::receipt`](crate::model::receipt).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::ToSpan;
use jiff::civil::Date;

use super::Issue;
use super::sheet::{Answer, Cell, Column, Page, Writer};
use crate::codes::Codes;
use crate::diag::{self, Diagnostic, Outcome, Severity};
use crate::model::receipt::{CORRECT, FORMAT, KEY, MARKER, OWN, ROWS, WHOLE, heading};
use crate::model::{Disposition, Provenance, Reject, SourceCounts};
use crate::plan::{FieldFrom, FieldKind, Source};

/// Folder of the receipts below the folder of the round.
pub const FOLDER: &str = "数据质量回执";
/// Days after the day of the judgement in which a receipt should come back.
const DAYS_TO_CORRECT: i64 = 10;
/// Rows that are only listed; of more the number is told.
const MOST_LISTED: usize = 20_000;

/// How much a problem weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Grade {
    /// The row is kept out.
    RowLost,
    /// The value is not used.
    ValueLost,
    /// The value is used and doubtful.
    Doubtful,
}

impl Grade {
    fn words(self) -> &'static str {
        match self {
            Grade::RowLost => "整行未采用",
            Grade::ValueLost => "该值未采用",
            Grade::Doubtful => "已采用，请核对",
        }
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct RowProblem {
    /// Stable code.
    pub code: String,
    /// In words, without a value.
    pub message: String,
    /// Position of the field in the contract, when it is about one.
    pub field: Option<usize>,
}

/// A row to correct.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ReceiptRow {
    /// Key of the row.
    pub key: String,
    /// Where it stands.
    pub at: Provenance,
    /// The gravest of its problems.
    pub grade: Grade,
    /// All of them.
    pub problems: Vec<RowProblem>,
    /// The values as delivered, one per contract field; empty for a row that could not be divided into cells.
    pub cells: Vec<Option<String>>,
    /// The row as delivered, when it could not be divided into cells.
    pub whole: Option<String>,
    /// Positions of the fields to be corrected.
    pub fields: Vec<usize>,
}

/// A file of the delivery.
#[derive(Debug, Clone)]
pub struct ReceiptFile {
    /// Path below the input folder.
    pub path: String,
    /// SHA-256.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// What a receipt is made from.
#[derive(Debug, Clone, Copy)]
pub struct Receipt<'a> {
    /// The contract.
    pub source: &'a Source,
    /// Code tables, for the choices.
    pub codes: &'a Codes,
    /// State of the source in the round.
    pub state: &'a str,
    /// Day on which the delivery in use first came.
    pub as_of: Option<Date>,
    /// Digest of the delivery in use.
    pub delivery: &'a str,
    /// Its files.
    pub files: &'a [ReceiptFile],
    /// What became of its rows.
    pub counts: SourceCounts,
    /// Doubtful values in it.
    pub findings: u64,
    /// Values that earlier receipts corrected.
    pub corrected: usize,
    /// Rows to correct, the gravest first.
    pub rows: &'a [ReceiptRow],
    /// Rows to correct beyond those.
    pub more: usize,
    /// All rows that did not become records.
    pub rejects: &'a [Reject],
    /// Problems of whole files.
    pub problems: &'a [Diagnostic],
}

/// Writes a receipt.
///
/// # Errors
/// An `io.failed` failure naming the path.
pub fn receipt(issue: &Issue, of: &Receipt, path: &Path) -> Outcome<()> {
    let mut book = Writer::new(issue, &format!("{}数据质量回执", of.source.title), path)?;
    book.page("回执说明", &cover(issue, of))?;
    if !of.rows.is_empty() {
        book.page(ROWS, &rows(issue, of))?;
    }
    let listed: Vec<&Reject> = of.rejects.iter().filter(|r| r.disposition != Disposition::Quarantined).collect();
    if !listed.is_empty() {
        book.page("重复和非数据行", &listing(issue, of, &listed))?;
    }
    let told: Vec<&Diagnostic> = of.problems.iter().filter(|p| p.severity != Severity::Note).collect();
    if !told.is_empty() {
        book.page("文件问题", &files(issue, of, &told))?;
    }
    if !of.rows.is_empty() {
        book.hidden(MARKER, &marker(issue, of))?;
    }
    book.save()
}

/// State of a source as a sender reads it.
fn state(code: &str) -> &str {
    match code {
        "delivered" => "已收到并采用",
        "partial" => "已收到，部分文件未通过检查",
        "stale" => "未收到可用的新数据，沿用以前的数据",
        "blocked" => "已收到，但不符合约定，未采用",
        "missing" => "未采用任何数据",
        other => other,
    }
}

fn cover(issue: &Issue, of: &Receipt) -> Page {
    let line = |name: &str, value: String| vec![Cell::Text(name.to_string()), Cell::Text(value)];
    let until = issue.as_of.saturating_add(DAYS_TO_CORRECT.days());
    let c = of.counts;
    let mut rows = vec![
        line("提供部门", of.source.department.clone()),
        line("数据名称", of.source.title.clone()),
        line("接收情况", state(of.state).to_string()),
        line("数据日期", of.as_of.map_or_else(|| "无".to_string(), |d| d.to_string())),
    ];
    for file in of.files {
        let kb = file.bytes.div_ceil(1024);
        rows.push(line(
            "文件",
            format!("{}（{kb} KB，指纹 {}）", file.path, &file.sha256[..12.min(file.sha256.len())]),
        ));
    }
    rows.push(line(
        "数据行",
        format!(
            "读入 {} 行 = 采用 {} 行 + 隔离 {} 行 + 重复合并 {} 行；另有合计、表头等非数据行 {} 行",
            c.read, c.accepted, c.quarantined, c.folded, c.not_data
        ),
    ));
    rows.push(line("存疑值", format!("{} 个", of.findings)));
    if of.corrected > 0 {
        rows.push(line("已更正", format!("以前的回执已更正 {} 个值", of.corrected)));
    }
    let to_do = of.rows.len() + of.more;
    rows.push(line(
        "需更正",
        match (to_do, of.more) {
            (0, _) => "没有需要更正的行".to_string(),
            (_, 0) => format!("{to_do} 行，见工作表“{ROWS}”"),
            _ => format!("{to_do} 行，工作表“{ROWS}”列出最要紧的 {} 行；问题如此之多，请先检查导出方式", of.rows.len()),
        },
    ));
    if to_do > 0 {
        rows.push(line(
            "怎么办",
            format!(
                "一、在工作表“{ROWS}”的浅色格内填写正确的值，只填要改的格，不改的留空；正确的值应为空的，填“（空）”。\
             二、不要改动其他格，不要增删行和列，可以整行排序。三、保存为 .xlsx，放回收件文件夹即可，文件名不限；\
             只有填写的值会被采用，原文件不必重报。四、若重新导出整份数据，本回执作废，以新数据为准。"
            ),
        ));
        rows.push(line("请于何时前反馈", until.to_string()));
    }
    Page {
        title: "数据质量回执".to_string(),
        lines: vec![issue.line()],
        columns: vec![Column::of("项目", 14, 16), Column::of("内容", 70, 90)],
        rows,
        locked: true,
        one_page: true,
        ..Page::default()
    }
}

fn rows(issue: &Issue, of: &Receipt) -> Page {
    let fields = &of.source.fields;
    let asked: BTreeSet<usize> = of.rows.iter().flat_map(|r| r.fields.iter().copied()).collect();
    let shown: Vec<usize> = (0..fields.len()).filter(|f| fields[*f].from == FieldFrom::Column).collect();
    let has_whole = of.rows.iter().any(|r| r.whole.is_some());
    let widths = [(20, 21), (14, 26), (6, 14), (5, 8), (18, 36), (12, 22), (10, 12)];
    let mut columns: Vec<Column> =
        OWN.iter().zip(widths).map(|(title, (least, most))| Column::of(*title, least, most)).collect();
    columns.extend(shown.iter().map(|f| Column::of(heading(&fields[*f].heading), 6, 22)));
    if has_whole {
        columns.push(Column::of(WHOLE, 20, 40));
    }
    let first = columns.len();
    columns.extend(asked.iter().map(|f| {
        let width = if fields[*f].kind == FieldKind::IdNumber { 22 } else { 14 };
        Column::answer(format!("{CORRECT}{}", fields[*f].heading), width, answer(of, *f))
    }));
    let mut closed = BTreeSet::new();
    for (i, row) in of.rows.iter().enumerate() {
        closed.extend(asked.iter().enumerate().filter(|(_, f)| !row.fields.contains(f)).map(|(at, _)| (i, first + at)));
    }
    let cells = of.rows.iter().map(|row| {
        let mut codes: Vec<&str> = row.problems.iter().map(|p| p.code.as_str()).collect();
        codes.dedup();
        let words = row.problems.iter().map(|p| match p.field {
            Some(f) if !p.message.contains(&fields[f].heading) => format!("{}：{}", fields[f].heading, p.message),
            _ => p.message.clone(),
        });
        let mut cells: Vec<Cell> = vec![
            row.key.clone().into(),
            row.at.file.clone().into(),
            row.at.sheet.clone().into(),
            Cell::Number(i64::from(row.at.row)),
            words.collect::<Vec<_>>().join("；").into(),
            codes.join("、").into(),
            row.grade.words().to_string().into(),
        ];
        cells.extend(shown.iter().map(|f| Cell::from(row.cells.get(*f).and_then(|c| c.as_deref()))));
        if has_whole {
            cells.push(row.whole.as_deref().into());
        }
        cells
    });
    Page {
        title: format!("{}待更正数据", of.source.title),
        lines: vec![
            format!("{}　共{}行", issue.line(), of.rows.len()),
            "填写：在浅色格内填正确的值（身份证号直接填，已设为文本）；灰色格不需要填。请不要改动其他各栏和“回执编号”。".to_string(),
        ],
        rows: cells.collect(),
        columns,
        closed,
        locked: true,
        ..Page::default()
    }
}

/// What may be entered for a field.
fn answer(of: &Receipt, field: usize) -> Answer {
    let field = &of.source.fields[field];
    match (field.kind, field.code.as_deref().and_then(|name| of.codes.table(name))) {
        (FieldKind::Code, Some(table)) => {
            let choices = table.entries().iter().map(|e| e.title.clone()).collect();
            // 「（空）」 and several values must stay possible: the list helps and does not forbid.
            Answer::Among(choices)
        }
        (FieldKind::Boolean, _) => Answer::Among(["是", "否"].map(String::from).to_vec()),
        _ => Answer::Free,
    }
}

fn listing(issue: &Issue, of: &Receipt, listed: &[&Reject]) -> Page {
    let rows = listed.iter().take(MOST_LISTED).map(|r| {
        let what = match r.disposition {
            Disposition::Folded => "重复，已合并",
            _ => "非数据行，未计入",
        };
        vec![
            r.at.file.clone().into(),
            r.at.sheet.clone().into(),
            Cell::Number(i64::from(r.at.row)),
            what.to_string().into(),
            r.reason.clone().into(),
            r.code.to_string().into(),
            r.raw.clone().into(),
        ]
    });
    let mut lines =
        vec![format!("{}　共{}行", issue.line(), listed.len()), "以下各行只供核对，不需要填写。".to_string()];
    if listed.len() > MOST_LISTED {
        lines.push(format!("只列出前{MOST_LISTED}行。"));
    }
    Page {
        title: format!("{}重复和非数据行", of.source.title),
        lines,
        columns: vec![
            Column::of("文件", 14, 26),
            Column::of("工作表", 6, 14),
            Column::of("行号", 5, 8),
            Column::of("处置", 12, 18),
            Column::of("原因", 18, 36),
            Column::of("原因代码", 12, 20),
            Column::of("原始内容", 30, 60),
        ],
        rows: rows.collect(),
        locked: true,
        ..Page::default()
    }
}

fn files(issue: &Issue, of: &Receipt, told: &[&Diagnostic]) -> Page {
    let rows = told.iter().map(|p| {
        let place = &p.place;
        let mut at: Vec<String> = place.sheet.iter().map(|s| format!("工作表“{s}”")).collect();
        at.extend(place.row.or(place.line).map(|n| format!("第{n}行")));
        at.extend(place.field.clone());
        let grade = if p.is_error() { "未采用" } else { "请留意" };
        let message = match diag::title(p.code) {
            Some(title) => format!("{title}。{}", p.message),
            None => p.message.clone(),
        };
        vec![
            place.file.clone().unwrap_or_default().into(),
            at.join(" ").into(),
            grade.to_string().into(),
            message.into(),
            p.code.to_string().into(),
            p.hint.clone().unwrap_or_default().into(),
        ]
    });
    Page {
        title: format!("{}文件问题", of.source.title),
        lines: vec![issue.line()],
        columns: vec![
            Column::of("文件", 16, 30),
            Column::of("位置", 8, 18),
            Column::of("结果", 8, 10),
            Column::of("问题", 30, 60),
            Column::of("问题代码", 14, 24),
            Column::of("办法", 24, 50),
        ],
        rows: rows.collect(),
        locked: true,
        ..Page::default()
    }
}

/// The hidden sheet: what the receipt is about and what was asked for.
fn marker(issue: &Issue, of: &Receipt) -> Vec<Vec<String>> {
    let pair = |name: &str, value: &str| vec![name.to_string(), value.to_string()];
    let mut lines = vec![
        pair("format", FORMAT),
        pair("source", &of.source.id),
        pair("delivery", of.delivery),
        pair("round", issue.round),
    ];
    let mut names: BTreeMap<&[usize], String> = BTreeMap::new();
    for row in of.rows {
        let fields = names.entry(&row.fields).or_insert_with(|| {
            let names: Vec<&str> = row.fields.iter().map(|f| of.source.fields[*f].name.as_str()).collect();
            names.join("|")
        });
        lines.push(vec!["row".to_string(), row.key.clone(), fields.clone()]);
    }
    debug_assert!(lines.iter().all(|l| l[0] != KEY));
    lines
}
