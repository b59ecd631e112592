//! Cases and orders on the desk → the rows of each paper: who gets one, which households stand on it, what is shown of them.
//!
//! A paper shows what its reader decides about and no more: masked numbers everywhere, on publicity lists none at all.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use super::desk::Desk;
use super::exit::{self, Assessment};
use super::kinds::{AMOUNT, CAUTIONS, LEAVING, MATTER, MONTH, SINCE};
use super::{OrderFinding, months, order_id, titles};
use crate::cases::forms::RESULTS;
use crate::cases::ledger::{CaseEvent, CaseRound, CaseState, OrderState};
use crate::cases::rows_by;
use crate::model::Table;
use crate::model::form::FormKind;
use crate::model::{text, words};
use crate::plan::process::Owner;
use crate::plan::{Machine, Phase};

/// One paper: for a township, a department, the meeting or the office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheaf {
    /// Code of the township; none for others.
    pub code: Option<String>,
    /// Whom it goes to.
    pub to: String,
    /// Its rows in the order in which they are shown.
    pub rows: Vec<Line>,
}

/// One row of a paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The sheet it stands on.
    pub sheet: String,
    /// The case.
    pub case: Option<u32>,
    /// The order.
    pub order: Option<u32>,
    /// What is shown, by heading.
    pub shown: BTreeMap<String, String>,
}

/// A measurement is asked for so many days before it is due.
const AHEAD_DAYS: i32 = 30;

/// The papers of a kind; empty when nothing waits.
///
/// `findings` stand beside the plans that the office looks at; `month` is the month that returns are about.
pub fn papers(desk: &Desk, kind: FormKind, findings: &[OrderFinding], month: Date) -> Vec<Sheaf> {
    let cases = |wanted: &dyn Fn(&CaseState) -> bool| desk.cases.iter().filter(|c| wanted(c)).collect::<Vec<_>>();
    let in_phase = |case: &CaseState, phase: Phase| desk.phase(case) == Some(phase);
    match kind {
        FormKind::Identity => identity(desk, cases(&|c| in_phase(c, Phase::Identity))),
        FormKind::Notice => {
            by_township(cases(&|c| in_phase(c, Phase::Closed) && let_out(desk, c).is_some()), |c| notice(desk, c))
        }
        FormKind::Publicity => {
            by_township(cases(&|c| in_phase(c, Phase::Proposal) || in_phase(c, Phase::Publicity)), |c| {
                publicity(desk, c)
            })
        }
        FormKind::Township => by_township(
            cases(&|c| {
                in_phase(c, Phase::Review) || in_phase(c, Phase::Exit) && owner(desk, c) == Some(Owner::Township)
            }),
            |c| township(desk, c),
        ),
        FormKind::Meeting => meeting(
            desk,
            cases(&|c| {
                in_phase(c, Phase::Decision) || in_phase(c, Phase::Exit) && owner(desk, c) == Some(Owner::County)
            }),
        ),
        FormKind::Exit => {
            by_township(cases(&|c| in_phase(c, Phase::Tracking) && year_over(desk, c)), |c| leaving(desk, c))
        }
        FormKind::Remeasure => by_township(
            cases(&|c| matches!(desk.phase(c), Some(Phase::Tracking | Phase::Exit)) && measurement_due(desk, c)),
            |c| remeasure(desk, c),
        ),
        FormKind::Order => by_department(desk, Phase::Drafted, |_| true, |o| order(desk, o)),
        FormKind::Filing => {
            let rows = in_order(desk, Phase::Planned).map(|o| filing(desk, o, findings)).collect::<Vec<_>>();
            one("县防贫办", rows)
        }
        FormKind::Return => {
            let due = |o: &OrderState| {
                let begun = months::effective(o.order.identified_on, o.order.opened_on) <= month;
                begun && !o.order.returns.iter().any(|r| r.month == month)
            };
            let mut all = by_department(desk, Phase::Filed, due, |o| monthly(desk, o, month));
            for more in by_department(desk, Phase::Running, due, |o| monthly(desk, o, month)) {
                match all.iter_mut().find(|s| s.to == more.to) {
                    Some(sheaf) => {
                        sheaf.rows.extend(more.rows);
                        sheaf.rows.sort_by_key(|r| r.order);
                    }
                    None => all.push(more),
                }
            }
            all.sort_by(|a, b| a.to.cmp(&b.to));
            all
        }
        FormKind::Verify | FormKind::Blank | FormKind::SelfReport | FormKind::National => Vec::new(),
    }
}

fn owner(desk: &Desk, case: &CaseState) -> Option<Owner> {
    desk.plan.process.cases.state(&case.state).and_then(|s| s.owner)
}

/// The year of tracking is over, or nobody knows when it began: the village is asked either way (R208).
fn year_over(desk: &Desk, case: &CaseState) -> bool {
    desk.identified_on(case).is_none_or(|day| super::follow::track_until(day) <= desk.today)
}

fn measurement_due(desk: &Desk, case: &CaseState) -> bool {
    desk.next_measurement(case).is_none_or(|due| due.on <= desk.today.saturating_add(AHEAD_DAYS.days()))
}

fn one(to: &str, rows: Vec<Line>) -> Vec<Sheaf> {
    if rows.is_empty() { Vec::new() } else { vec![Sheaf { code: None, to: to.to_string(), rows }] }
}

fn place(case: &CaseState) -> (bool, String, String, String, u32) {
    let said = case.round.clone().unwrap_or_default();
    let text = |v: Option<String>| v.unwrap_or_default();
    (said.township_code.is_none(), text(said.township_code), text(said.village_code), text(said.group), case.case)
}

fn by_township(mut cases: Vec<&CaseState>, line: impl Fn(&CaseState) -> Line) -> Vec<Sheaf> {
    cases.sort_by_key(|c| place(c));
    let mut sheaves: Vec<Sheaf> = Vec::new();
    for case in cases {
        let said = case.round.clone().unwrap_or_default();
        let to = said.township.unwrap_or_else(|| "乡镇不明".into());
        let same = sheaves.last().is_some_and(|s| s.code == said.township_code && s.to == to);
        if !same {
            sheaves.push(Sheaf { code: said.township_code, to, rows: Vec::new() });
        }
        sheaves.last_mut().expect("one was just added").rows.push(line(case));
    }
    sheaves
}

fn in_order<'d>(desk: &'d Desk, phase: Phase) -> impl Iterator<Item = &'d OrderState> {
    let machine: &Machine = &desk.plan.process.orders;
    desk.orders.iter().filter(move |o| machine.state(&o.order.state).is_some_and(|s| s.phase == phase))
}

fn by_department(
    desk: &Desk,
    phase: Phase,
    wanted: impl Fn(&OrderState) -> bool,
    line: impl Fn(&OrderState) -> Line,
) -> Vec<Sheaf> {
    let mut sheaves: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
    for order in in_order(desk, phase).filter(|o| wanted(o)) {
        sheaves.entry(&order.order.department).or_default().push(line(order));
    }
    sheaves.into_iter().map(|(to, rows)| Sheaf { code: None, to: to.to_string(), rows }).collect()
}

fn shown<const N: usize>(pairs: [(&str, Option<String>); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(heading, value)| (heading.to_string(), value.unwrap_or_default())).collect()
}

fn village(said: &CaseRound) -> String {
    said.village.clone().unwrap_or_else(|| "村不明".into())
}

fn of_case(case: &CaseState, sheet: String, shown: BTreeMap<String, String>) -> Line {
    Line { sheet, case: Some(case.case), order: None, shown }
}

fn type_title(desk: &Desk, case: &CaseState) -> Option<String> {
    desk.list_type(case).map(|t| words::titles(Some(&t), words::list_type))
}

fn cause_titles(desk: &Desk, case: &CaseState) -> Option<String> {
    Some(desk.plan.cause_titles(Some(&desk.causes(case).join("|"))))
}

/// A name as a wall may have it: what a register wrote behind it (a number, a remark) stays inside.
pub fn public_name(name: &str) -> String {
    let kept: String = name.trim().chars().take_while(|c| is_name(*c)).collect();
    if kept.is_empty() { "（姓名待核）".to_string() } else { kept }
}

fn is_name(c: char) -> bool {
    (c.is_alphabetic() || c == '·') && !c.is_ascii_digit()
}

/// Whom nobody could tell, in one paper for the office.
fn identity(desk: &Desk, mut cases: Vec<&CaseState>) -> Vec<Sheaf> {
    cases.sort_by_key(|c| place(c));
    let by_number: BTreeMap<&str, usize> = desk.persons.map(|p| rows_by(p, "id_number")).unwrap_or_default();
    let rows = cases.into_iter().map(|case| {
        let said = case.round.clone().unwrap_or_default();
        let given = |name: &str| case.given.get(name).filter(|v| !v.is_empty());
        let word = |answer: &String| RESULTS.iter().find(|(_, on)| on == answer).map(|(word, _)| (*word).to_string());
        let mut answer: Vec<String> = case.answered.iter().filter_map(word).collect();
        answer.extend(given("reason").cloned());
        answer.extend(given("name").map(|n| format!("正确姓名：{n}")));
        answer.extend(given("id_number").map(|n| format!("正确证件号：{}", text::mask_number(n))));
        let found = match (desk.persons, given("id_number")) {
            (Some(persons), Some(number)) => match by_number.get(number.as_str()) {
                Some(row) => who(desk, persons, *row),
                None => "户籍底册中没有村里填写的证件号".to_string(),
            },
            _ => "村里没有填写正确证件号".to_string(),
        };
        let line = shown([
            ("乡镇", said.township),
            ("村", said.village),
            ("组", said.group),
            ("户主", said.head_name),
            ("证件号", said.masked_number),
            ("线索依据", said.evidence.or(said.explanation)),
            ("村里答复", Some(answer.join("；")).filter(|a| !a.is_empty())),
            ("底册查询", Some(found)),
            (SINCE, Some(case.since.clone())),
        ]);
        of_case(case, "身份核对".into(), line)
    });
    one("县防贫办", rows.collect())
}

/// Whom the register has in a row: name, place, household and its head, without a number.
fn who(desk: &Desk, persons: &Table, row: usize) -> String {
    let own = |column: &str| persons.str_at(column, row).unwrap_or("");
    let household = persons.str_at("household_id", row);
    let home = |column: &str| desk.of_home(household, column).unwrap_or("");
    let places = [home("township"), home("village"), home("group")].concat();
    format!("底册有此人：{}，{places}，户主{}，户编号{}", own("name"), home("head_name"), household.unwrap_or("无"))
}

/// The step by which a case was let out, when nobody has told the household since.
fn let_out<'a>(desk: &Desk<'a>, case: &CaseState) -> Option<&'a CaseEvent> {
    let phase = |state: &str| desk.plan.process.cases.state(state).map(|s| s.phase);
    let steps = desk.steps(case.case);
    let end = steps.iter().rposition(|e| e.from != e.to)?;
    let told = steps[end..].iter().any(|e| e.trigger == "exit.notice");
    Some(steps[end]).filter(|e| !told && phase(&e.from) == Some(Phase::Exit) && phase(&e.to) == Some(Phase::Closed))
}

fn notice(desk: &Desk, case: &CaseState) -> Line {
    let said = case.round.clone().unwrap_or_default();
    let out = let_out(desk, case);
    let line = shown([
        ("组", said.group.clone()),
        ("户主", said.head_name.clone()),
        ("证件号", said.masked_number.clone()),
        ("类型", type_title(desk, case)),
        ("纳入时间", desk.identified(case)),
        ("退出日期", out.map(|e| e.day.clone())),
        ("审定会议", out.and_then(|e| e.details.get("meeting").cloned())),
    ]);
    of_case(case, village(&said), line)
}

fn publicity(desk: &Desk, case: &CaseState) -> Line {
    let said = case.round.clone().unwrap_or_default();
    let causes = desk.causes(case).join("|");
    // A group's name is a number or a place; a register may have written anything there.
    let group = said.group.as_deref().filter(|g| g.chars().filter(char::is_ascii_digit).count() <= 3);
    let line = shown([
        ("户主", said.head_name.as_deref().map(public_name)),
        ("村民小组", group.map(str::to_string)),
        ("拟列类型", type_title(desk, case)),
        ("风险类别", Some(desk.plan.remedies.public_risk(Some(&causes)))),
        (SINCE, Some(case.since.clone())),
    ]);
    of_case(case, village(&said), line)
}

fn evidence(desk: &Desk, case: &CaseState, said: &CaseRound) -> Option<String> {
    let listed = desk.of_online(said.household.as_deref(), "evidence").map(str::to_string);
    // What the village said at the door; why a clock was stopped or a helper changed is no evidence.
    let answer = desk.steps(case.case).iter().rev().find(|e| e.trigger.starts_with("answer."));
    let heard = answer.filter(|e| !e.reason.is_empty()).map(|e| format!("核实说明：{}", e.reason));
    let parts: Vec<String> = [listed.or_else(|| said.evidence.clone()), heard].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// What a row is about: entering or leaving.
fn matter(desk: &Desk, case: &CaseState) -> &'static str {
    if desk.phase(case) == Some(Phase::Exit) { LEAVING } else { "纳入" }
}

fn grounds(desk: &Desk, case: &CaseState, said: &CaseRound) -> Option<String> {
    match desk.phase(case) {
        Some(Phase::Exit) => Some(conditions(&exit::assess(&desk.exit_facts(case), desk.today))),
        _ => evidence(desk, case, said),
    }
}

fn number(n: Option<i64>) -> Option<String> {
    n.map(|n| n.to_string())
}

/// A row about a decision: what it is about and what speaks for it, with what the deciding office reads besides.
fn of_decision<const N: usize>(
    desk: &Desk,
    case: &CaseState,
    said: &CaseRound,
    own: [(&str, Option<String>); N],
) -> BTreeMap<String, String> {
    let household = said.household.as_deref();
    let mut line = shown([
        (MATTER, Some(matter(desk, case).into())),
        ("村", said.village.clone()),
        ("户主", said.head_name.clone()),
        ("证件号", said.masked_number.clone()),
        ("人口", number(desk.size(household))),
        ("类型", type_title(desk, case)),
        ("风险", cause_titles(desk, case)),
        ("依据", grounds(desk, case, said)),
        (CAUTIONS, desk.cautions(household)),
        (SINCE, Some(case.since.clone())),
    ]);
    line.extend(shown(own));
    line
}

fn township(desk: &Desk, case: &CaseState) -> Line {
    let said = case.round.clone().unwrap_or_default();
    let line = of_decision(desk, case, &said, [("组", said.group.clone())]);
    of_case(case, "审核表".into(), line)
}

fn income(desk: &Desk, household: Option<&str>) -> Option<String> {
    let state = match desk.below_line(household) {
        Some(true) => "低于监测线",
        Some(false) => "不低于监测线",
        None => "不明",
    };
    let amount = desk.per_capita_income(household);
    Some(amount.map_or(state.to_string(), |a| format!("{state}（人均{a}元）")))
}

fn meeting(desk: &Desk, mut cases: Vec<&CaseState>) -> Vec<Sheaf> {
    cases.sort_by_key(|c| (matter(desk, c) == LEAVING, place(c)));
    let mut rows: Vec<Line> = cases
        .into_iter()
        .map(|case| {
            let said = case.round.clone().unwrap_or_default();
            let own =
                [("乡镇", said.township.clone()), ("收入", income(desk, said.household.as_deref())), (AMOUNT, None)];
            let line = of_decision(desk, case, &said, own);
            of_case(case, "审定表".into(), line)
        })
        .collect();
    rows.extend(in_order(desk, Phase::Special).map(|o| {
        let planned = o.order.planned.as_ref();
        let detail = |name: &str| o.details.get(name).cloned();
        let reason = o.events.iter().rev().find(|e| e.trigger == super::SPECIAL).map(|e| e.reason.clone());
        let why = [planned.map(|p| p.measure.clone()), planned.and_then(|p| p.why_special.clone()), reason];
        let line = shown([
            (MATTER, Some("特殊救助".into())),
            ("乡镇", detail("township")),
            ("村", detail("village")),
            ("户主", detail("head_name")),
            ("证件号", detail("masked_number")),
            ("人口", number(desk.size(Some(&o.order.household)))),
            ("类型", Some(words::list_type(&o.order.list_type).into())),
            ("风险", Some(desk.plan.cause_title(&o.order.cause).into())),
            ("收入", income(desk, Some(&o.order.household))),
            ("依据", Some(why.into_iter().flatten().filter(|w| !w.is_empty()).collect::<Vec<_>>().join("；"))),
            (CAUTIONS, desk.cautions(Some(&o.order.household))),
            (AMOUNT, planned.and_then(|p| p.amount).map(text::decimal)),
            (SINCE, Some(o.order.since.to_string())),
        ]);
        Line { sheet: "审定表".into(), case: None, order: Some(o.order.order), shown: line }
    }));
    one("县防贫工作领导小组", rows)
}

fn of_order<const N: usize>(desk: &Desk, o: &OrderState, own: [(&str, Option<String>); N]) -> BTreeMap<String, String> {
    let detail = |name: &str| o.details.get(name).cloned();
    let address = ["township", "village", "group"].map(|part| detail(part).unwrap_or_default());
    let mut line = shown([
        ("开单编号", Some(order_id(o.order.order))),
        ("住址", Some(address.concat())),
        ("户主", detail("head_name")),
        ("风险", Some(desk.plan.cause_title(&o.order.cause).into())),
    ]);
    line.extend(shown(own));
    line
}

fn line_of(o: &OrderState, sheet: &str, shown: BTreeMap<String, String>) -> Line {
    Line { sheet: sheet.into(), case: None, order: Some(o.order.order), shown }
}

fn order(desk: &Desk, o: &OrderState) -> Line {
    let fits: Vec<&str> = desk.plan.remedies.measures_for(&o.order.cause).map(|m| m.title.as_str()).collect();
    let first = months::effective(o.order.identified_on, o.order.opened_on);
    let line = of_order(
        desk,
        o,
        [
            ("证件号", o.details.get("masked_number").cloned()),
            ("类型", Some(words::list_type(&o.order.list_type).into())),
            ("依据", o.details.get("evidence").cloned()),
            ("可用举措", Some(fits.join("、"))),
            ("应落实起始月", Some(months::title(first))),
            (SINCE, Some(o.order.since.to_string())),
        ],
    );
    line_of(o, "开单", line)
}

fn filing(desk: &Desk, o: &OrderState, findings: &[OrderFinding]) -> Line {
    let planned = o.order.planned.as_ref();
    let own = findings.iter().filter(|f| f.order == o.order.order);
    let said: Vec<String> = own.map(|f| format!("{}：{}", titles(f.code), f.message)).collect();
    let checked = if said.is_empty() { "未发现问题".to_string() } else { said.join("\n") };
    let line = of_order(
        desk,
        o,
        [
            ("责任部门", Some(o.order.department.clone())),
            ("类型", Some(words::list_type(&o.order.list_type).into())),
            ("拟定举措", planned.map(|p| p.measure.clone())),
            (AMOUNT, planned.and_then(|p| p.amount).map(text::decimal)),
            ("资金来源", planned.and_then(|p| p.fund.clone())),
            ("核对结果", Some(checked)),
            (SINCE, Some(o.order.since.to_string())),
        ],
    );
    line_of(o, "备案审核", line)
}

fn monthly(desk: &Desk, o: &OrderState, month: Date) -> Line {
    let planned = o.order.planned.as_ref();
    let last = o.order.returns.last().map(|r| format!("{}：{}", months::title(r.month), r.progress));
    let line = of_order(
        desk,
        o,
        [
            (MONTH, Some(months::title(month))),
            ("帮扶举措", planned.map(|p| p.measure.clone())),
            (AMOUNT, planned.and_then(|p| p.amount).map(text::decimal)),
            ("上次反馈", last),
        ],
    );
    line_of(o, "月反馈", line)
}

/// The conditions of an exit as a cell has them, one a line.
pub fn conditions(assessment: &Assessment) -> String {
    let line = |c: &exit::Criterion| format!("{}：{}（{}）", c.title, exit::word(c.met), c.evidence);
    let head = format!("按{}标准", assessment.standard.title());
    std::iter::once(head).chain(assessment.criteria.iter().map(line)).collect::<Vec<_>>().join("\n")
}

fn leaving(desk: &Desk, case: &CaseState) -> Line {
    let said = case.round.clone().unwrap_or_default();
    let assessment = exit::assess(&desk.exit_facts(case), desk.today);
    let line = shown([
        ("组", said.group.clone()),
        ("户主", said.head_name.clone()),
        ("证件号", said.masked_number.clone()),
        ("类型", type_title(desk, case)),
        ("风险", cause_titles(desk, case)),
        ("纳入时间", desk.identified(case)),
        ("退出条件", Some(conditions(&assessment))),
        ("条件是否全部达到", Some(exit::word(assessment.met()).into())),
    ]);
    of_case(case, village(&said), line)
}

fn remeasure(desk: &Desk, case: &CaseState) -> Line {
    let said = case.round.clone().unwrap_or_default();
    let due = desk.next_measurement(case);
    let last = desk.measurements(case).last().map(|e| {
        let detail = |name: &str| e.details.get(name).cloned().unwrap_or_default();
        format!("{}：{}人，纯收入{}元", e.day, detail("size"), detail("income"))
    });
    let line = shown([
        ("组", said.group.clone()),
        ("户主", said.head_name.clone()),
        ("证件号", said.masked_number.clone()),
        ("类型", type_title(desk, case)),
        ("风险", cause_titles(desk, case)),
        ("测算种类", due.map(|d| d.occasion.title().to_string())),
        ("应测算日期", due.map(|d| d.on.to_string())),
        ("上次测算", last),
    ]);
    of_case(case, village(&said), line)
}
