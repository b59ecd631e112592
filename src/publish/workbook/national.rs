//! Approved households → the two sheets for the national system (R123): 标注 for households that it has, 新录入 for those it has
//! not, in that system's own headings.
//!
//! Two title rows, headings on row 3, as the system's own exports have them. Numbers stand in full, because households are looked up
//! and entered by them: it is the office's own paper and goes to nobody.

use std::path::Path;

use jiff::civil::Date;

use super::Issue;
use super::sheet::{Cell, Column, Page, Writer};
use crate::diag::Outcome;

/// A household on which the county has decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NationalEntry {
    /// Number of the case.
    pub case_id: String,
    /// True when the national system has the household.
    pub mark: bool,
    /// Township.
    pub township: String,
    /// Village.
    pub village: String,
    /// Villagers' group.
    pub group: String,
    /// Household number in the national system.
    pub household_no: String,
    /// Head.
    pub head_name: String,
    /// Number of the head.
    pub head_number: String,
    /// 脱贫户 or 普通农户.
    pub household_type: String,
    /// unstable, marginal or sudden.
    pub list_type: String,
    /// Titles of the causes.
    pub causes: Vec<String>,
    /// Day of the decision.
    pub identified_on: Option<Date>,
    /// Number of the meeting.
    pub meeting: String,
    /// Per-capita income as text, when known.
    pub income: String,
    /// Members.
    pub members: Vec<NationalMember>,
}

/// A member of such a household.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NationalMember {
    /// Name.
    pub name: String,
    /// 男 or 女.
    pub sex: String,
    /// Day of birth.
    pub birth: Option<Date>,
    /// Identity number, in full.
    pub number: String,
    /// Relation to the head in the national system's words.
    pub relation: String,
}

/// Causes that a household has room for in the national system.
const CAUSES: usize = 5;

/// The national system's word for a list type (中农组发〔2021〕7号).
fn list_type(code: &str) -> &str {
    match code {
        "unstable" => "脱贫不稳定户",
        "marginal" => "边缘易致贫户",
        "sudden" => "突发严重困难户",
        other => other,
    }
}

/// Writes 全国系统标注和录入.xlsx.
///
/// # Errors
/// An `io.failed` failure naming the path.
pub fn national(issue: &Issue, entries: &[NationalEntry], path: &Path) -> Outcome<()> {
    let mut book = Writer::new(issue, "全国系统标注和录入", path)?;
    let of = |mark: bool| entries.iter().filter(move |e| e.mark == mark);
    book.page("标注", &mark(issue, of(true)))?;
    book.page("新录入", &enter(issue, of(false)))?;
    book.save()
}

fn text(value: &str) -> Cell {
    Cell::Text(value.to_string())
}

fn day(date: Option<Date>) -> Cell {
    Cell::Text(date.map_or(String::new(), |d| d.strftime("%Y%m%d").to_string()))
}

fn month(date: Option<Date>) -> Cell {
    Cell::Text(date.map_or(String::new(), |d| d.strftime("%Y%m").to_string()))
}

fn causes(entry: &NationalEntry) -> impl Iterator<Item = Cell> {
    (0..CAUSES).map(|i| text(entry.causes.get(i).map_or("", String::as_str)))
}

/// Causes beyond those that the system has room for, and the decision.
fn remarks(entry: &NationalEntry) -> Cell {
    let mut said = Vec::new();
    if entry.causes.len() > CAUSES {
        said.push(format!("另有：{}", entry.causes[CAUSES..].join("、")));
    }
    if !entry.meeting.is_empty() {
        said.push(format!("审定会议{}", entry.meeting));
    }
    Cell::Text(said.join("；"))
}

fn cause_columns() -> impl Iterator<Item = Column> {
    (1..=CAUSES).map(|n| Column::of(format!("致贫/返贫风险{n}"), 10, 14))
}

/// A heading with its least and most width.
type Heading = (&'static str, usize, usize);

/// Where the household lives.
const PLACE: [Heading; 4] = [("县", 8, 10), ("乡", 8, 14), ("村", 8, 14), ("自然村", 6, 12)];
/// Whose household it is, and of which kind.
const HOUSEHOLD: [Heading; 4] =
    [("户主姓名", 8, 12), ("户主证件号码", 21, 22), ("户类型", 8, 10), ("监测对象类别", 14, 16)];
/// What was decided.
const DECISION: [Heading; 4] =
    [("识别监测时间", 8, 10), ("风险是否已消除", 8, 10), ("其他备注", 10, 24), ("案件编号", 10, 11)];

fn column((heading, least, most): Heading) -> Column {
    Column::of(heading, least, most)
}

fn place(issue: &Issue, e: &NationalEntry) -> [Cell; 4] {
    [text(&issue.plan.county), text(&e.township), text(&e.village), text(&e.group)]
}

fn household(e: &NationalEntry) -> [Cell; 4] {
    [text(&e.head_name), text(&e.head_number), text(&e.household_type), text(list_type(&e.list_type))]
}

fn decision(e: &NationalEntry) -> [Cell; 4] {
    [month(e.identified_on), text("否"), remarks(e), text(&e.case_id)]
}

fn mark<'e>(issue: &Issue, entries: impl Iterator<Item = &'e NationalEntry>) -> Page {
    let rows = entries.map(|e| {
        let mut cells = Vec::from(place(issue, e));
        cells.push(text(&e.household_no));
        cells.extend(household(e));
        cells.extend(causes(e));
        cells.extend(decision(e));
        cells
    });
    let mut columns = Vec::from(PLACE.map(column));
    columns.push(Column::of("户编号", 12, 22));
    columns.extend(HOUSEHOLD.map(column));
    columns.extend(cause_columns());
    columns.extend(DECISION.map(column));
    Page {
        title: "监测对象标注（系统中已有的户）".into(),
        lines: vec![issue.line()],
        columns,
        rows: rows.collect(),
        empty: "没有待标注的户。",
        ..Page::default()
    }
}

/// One row for each member: the system takes persons. A household whose members nobody knows has a row for its head.
fn enter<'e>(issue: &Issue, entries: impl Iterator<Item = &'e NationalEntry>) -> Page {
    let mut rows = Vec::new();
    for e in entries {
        let head = NationalMember {
            name: e.head_name.clone(),
            number: e.head_number.clone(),
            relation: "户主".into(),
            ..NationalMember::default()
        };
        let members: &[NationalMember] = if e.members.is_empty() { std::slice::from_ref(&head) } else { &e.members };
        for m in members {
            let mut cells = Vec::from(place(issue, e));
            cells.extend([
                text(&m.name),
                text(&m.sex),
                day(m.birth),
                text(if m.number.is_empty() { "" } else { "居民身份证" }),
                text(&m.number),
                text(&m.relation),
            ]);
            cells.extend(household(e));
            cells.extend(causes(e));
            cells.push(text(&e.income));
            cells.extend(decision(e));
            rows.push(cells);
        }
    }
    let mut columns = Vec::from(PLACE.map(column));
    columns.extend([
        Column::of("姓名", 8, 12),
        Column::of("性别", 5, 6),
        Column::of("出生日期", 10, 10),
        Column::of("证件类型", 11, 11),
        Column::of("证件号码", 21, 22),
        Column::of("与户主关系", 8, 12),
    ]);
    columns.extend(HOUSEHOLD.map(column));
    columns.extend(cause_columns());
    columns.push(Column::of("人均纯收入（元）", 9, 12));
    columns.extend(DECISION.map(column));
    Page {
        title: "监测对象新录入（系统中没有的户）".into(),
        lines: vec![issue.line()],
        columns,
        rows,
        empty: "没有待录入的户。",
        ..Page::default()
    }
}
