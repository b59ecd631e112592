//! Orders, findings, exits and conduct as tables, with the workbook that the office reads.

use std::path::PathBuf;

use jiff::civil::Date;

use super::super::CasesOptions;
use super::super::audit::{self, Action};
use super::Room;
use crate::cases::ledger::case_id;
use crate::cases::orders::conduct::{self, CaseStep, ConductCase, ConductInput};
use crate::cases::orders::{Order, exit, months, order_id, titles};
use crate::diag::Outcome;
use crate::model::build::{TableBuilder, Value};
use crate::model::{Table, tables, text};
use crate::plan::Phase;
use crate::plan::params;
use crate::publish::workbook;

/// Days after which a confirmed household that nobody has taken further counts as left out, where no parameter says.
const STUCK_DAYS: i64 = 60;
/// Fewest months between entry and exit, where no parameter says.
const FAST_EXIT_MONTHS: i64 = 6;

/// Orders with what is to be asked about them.
#[derive(Debug)]
pub struct OrderReport {
    /// `order_book`.
    pub orders: Table,
    /// `order_findings`.
    pub findings: Table,
    /// The workbook.
    pub file: PathBuf,
}

fn day(date: Option<Date>) -> Value {
    date.map_or(Value::Null, |d| Value::Date(text::to_days(d)))
}

fn money(amount: Option<i128>) -> Value {
    amount.map_or(Value::Null, Value::Decimal)
}

/// Every order and every finding, written to `OUT/forms/工作单台账_<day>.xlsx`.
///
/// # Errors
/// There is no ledger or round (66), the pipeline is wrong (78), something cannot be read or written (74).
pub fn order_book(options: &CasesOptions) -> Outcome<OrderReport> {
    audit::act(&options.out, &Action::new("orders.list"), |facts| {
        let done = order_book_now(options)?;
        facts.add("rows", done.orders.rows());
        Ok(done)
    })
}

/// Does what [`order_book`] writes down.
fn order_book_now(options: &CasesOptions) -> Outcome<OrderReport> {
    let room = Room::open(options)?;
    let plan = &room.office.plan;
    let mut out = TableBuilder::new(tables::order_book());
    for state in &room.orders {
        let o = &state.order;
        let detail = |name: &str| state.details.get(name).cloned();
        let planned = o.planned.as_ref();
        let last = o.returns.iter().max_by_key(|r| r.month);
        let paid: i128 = o.returns.iter().filter_map(|r| r.paid).sum();
        out.push_named(vec![
            ("order_id", order_id(o.order).into()),
            ("case_id", case_id(o.case).into()),
            ("household_id", o.household.clone().into()),
            ("head_name", detail("head_name").into()),
            ("township_code", detail("township_code").into()),
            ("township", detail("township").into()),
            ("village_code", detail("village_code").into()),
            ("village", detail("village").into()),
            ("group", detail("group").into()),
            ("list_type", Some(o.list_type.clone()).filter(|t| !t.is_empty()).into()),
            ("cause", o.cause.clone().into()),
            ("department", o.department.clone().into()),
            ("evidence", detail("evidence").into()),
            ("opened_on", day(Some(o.opened_on))),
            ("effective_month", day(Some(months::effective(o.identified_on, o.opened_on)))),
            ("state", o.state.clone().into()),
            ("state_title", plan.process.orders.title(&o.state).into()),
            ("since", day(Some(o.since))),
            ("measure", planned.map(|p| p.measure.clone()).into()),
            ("amount", money(planned.and_then(|p| p.amount))),
            ("fund", planned.and_then(|p| p.fund.clone()).into()),
            ("filed_on", day(o.filed.as_ref().map(|(on, _)| *on))),
            ("filed_no", o.filed.as_ref().map(|(_, number)| number.clone()).filter(|n| !n.is_empty()).into()),
            ("returns", i64::try_from(o.returns.len()).unwrap_or(i64::MAX).into()),
            ("last_return", day(last.map(|r| r.month))),
            ("paid", Value::Decimal(paid)),
            ("progress", last.map(|r| r.progress.clone()).into()),
        ]);
    }
    let mut asked = TableBuilder::new(tables::order_findings());
    for f in room.findings() {
        asked.push_named(vec![
            ("order_id", order_id(f.order).into()),
            ("case_id", case_id(f.case).into()),
            ("department", f.department.into()),
            ("code", f.code.into()),
            ("title", titles(f.code).into()),
            ("message", f.message.into()),
            ("amount", money(f.amount)),
            ("limit", money(f.limit)),
            ("document", Some(f.document).filter(|d| !d.is_empty()).into()),
        ]);
    }
    let (orders, findings) = (out.finish(), asked.finish());
    let file = options.out.join("forms").join(format!("工作单台账_{}.xlsx", room.office.today));
    workbook::tables(&issue(&room), "工作单台账", &[&orders, &findings], &file)?;
    Ok(OrderReport { orders, findings, file })
}

fn issue(room: &Room) -> workbook::Issue<'_> {
    workbook::Issue { plan: &room.office.plan, round: &room.round.name, as_of: room.office.today }
}

/// The exit conditions of every followed household, written to `OUT/forms/退出条件_<day>.xlsx`.
///
/// # Errors
/// As [`order_book`].
pub fn exit_assessment(options: &CasesOptions) -> Outcome<(Table, PathBuf)> {
    audit::act(&options.out, &Action::new("cases.exits"), |facts| {
        let done = exit_assessment_now(options)?;
        facts.add("rows", done.0.rows());
        Ok(done)
    })
}

/// Does what [`exit_assessment`] writes down.
fn exit_assessment_now(options: &CasesOptions) -> Outcome<(Table, PathBuf)> {
    let room = Room::open(options)?;
    let desk = room.desk();
    let mut out = TableBuilder::new(tables::exit_assessment());
    for case in room.cases.iter().filter(|c| matches!(desk.phase(c), Some(Phase::Tracking | Phase::Exit))) {
        let said = case.round.clone().unwrap_or_default();
        let found = exit::assess(&desk.exit_facts(case), room.office.today);
        let standard = match found.standard {
            exit::Standard::Income => "income",
            exit::Standard::Expenditure => "expenditure",
        };
        for criterion in &found.criteria {
            out.push_named(vec![
                ("case_id", case_id(case.case).into()),
                ("household_id", said.household.clone().into()),
                ("head_name", said.head_name.clone().into()),
                ("township_code", said.township_code.clone().into()),
                ("township", said.township.clone().into()),
                ("village_code", said.village_code.clone().into()),
                ("village", said.village.clone().into()),
                ("standard", standard.into()),
                ("criterion", criterion.code.into()),
                ("title", criterion.title.into()),
                ("met", exit::word(criterion.met).into()),
                ("evidence", criterion.evidence.clone().into()),
                ("document", criterion.document.into()),
            ]);
        }
    }
    let table = out.finish();
    let file = options.out.join("forms").join(format!("退出条件_{}.xlsx", room.office.today));
    workbook::tables(&issue(&room), "退出条件", &[&table], &file)?;
    Ok((table, file))
}

/// How the work was done (R136), written to `OUT/forms/工作质量核查_<day>.xlsx`.
///
/// # Errors
/// As [`order_book`].
pub fn conduct_findings(options: &CasesOptions) -> Outcome<(Table, PathBuf)> {
    audit::act(&options.out, &Action::new("cases.conduct"), |facts| {
        let done = conduct_findings_now(options)?;
        facts.add("rows", done.0.rows());
        Ok(done)
    })
}

/// Does what [`conduct_findings`] writes down.
fn conduct_findings_now(options: &CasesOptions) -> Outcome<(Table, PathBuf)> {
    let room = Room::open(options)?;
    let desk = room.desk();
    let cases: Vec<ConductCase> = room
        .cases
        .iter()
        .map(|case| {
            let household = case.round.as_ref().and_then(|r| r.household.clone());
            let since = household.as_deref().and_then(|h| {
                (0..room.households.rows())
                    .find(|row| room.households.str_at("household_id", *row) == Some(h))
                    .and_then(|row| room.households.date_at("monitored_since", row))
            });
            let step = |e: &&crate::cases::ledger::CaseEvent| {
                Some(CaseStep {
                    trigger: e.trigger.clone(),
                    from: e.from.clone(),
                    to: e.to.clone(),
                    day: e.day.parse().ok()?,
                })
            };
            ConductCase {
                case: case.case,
                household,
                steps: desk.steps(case.case).iter().filter_map(step).collect(),
                opened_round: case.opened_round.clone(),
                monitored_since: since,
            }
        })
        .collect();
    let orders: Vec<Order> = room.orders.iter().map(|o| o.order.clone()).collect();
    let number = |name: &str, absent: i64| {
        let param = room.office.plan.params.get(name);
        let day = text::to_days(room.office.today);
        let value = param.and_then(|p| params::resolve(p, day, None, params::OTHER, room.office.plan.basis));
        let value = match value.map(|v| &v.value) {
            Some(Value::Integer(n)) => *n,
            _ => absent,
        };
        i32::try_from(value).unwrap_or(i32::MAX)
    };
    let input = ConductInput {
        cases: &cases,
        orders: &orders,
        hits: &room.hits,
        households: &room.households,
        machine: &room.office.plan.process.cases,
        fast_exit_months: number("fast_exit_months", FAST_EXIT_MONTHS),
        stuck_days: number("stuck_days", STUCK_DAYS),
        ledger_since: room.cases.iter().filter_map(|c| c.opened_on.parse().ok()).min(),
        as_of: room.office.today,
    };
    let table = conduct::conduct(&input);
    let file = options.out.join("forms").join(format!("工作质量核查_{}.xlsx", room.office.today));
    workbook::tables(&issue(&room), "工作质量核查", &[&table], &file)?;
    Ok((table, file))
}

/// A table as a list of rows for JSON: every value as text people read, nulls left out.
pub fn table_json(table: &Table) -> serde_json::Value {
    let row = |row: usize| -> serde_json::Value {
        let value = |c: &crate::model::Column| Some((c.name.clone(), table.display_at(&c.name, row)?.into()));
        serde_json::Value::Object(table.schema.columns.iter().filter_map(value).collect())
    };
    (0..table.rows()).map(row).collect()
}
