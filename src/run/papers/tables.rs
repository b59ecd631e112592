//! Orders, findings, exits and conduct as tables: published with every quarter's round, and on demand as the workbooks that the
//! office reads, as things stand on the day.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;

use super::super::CasesOptions;
use super::super::audit::{self, Action};
use super::Room;
use crate::cases::ledger::case_id;
use crate::cases::orders::conduct::{self, CaseStep, ConductCase, ConductInput};
use crate::cases::orders::desk::Desk;
use crate::cases::orders::{CheckInput, Income, Order, OrderFinding, amount, check, exit, months, order_id, titles};
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
        let room = Room::open(options)?;
        let desk = room.desk();
        let (orders, findings) = (orders(&desk), found(&desk));
        let file = options.out.join("forms").join(format!("工作单台账_{}.xlsx", room.office.today));
        workbook::tables(&issue(&room), "工作单台账", &[&orders, &findings], &file)?;
        facts.add("rows", orders.rows());
        Ok(OrderReport { orders, findings, file })
    })
}

fn issue(room: &Room) -> workbook::Issue<'_> {
    workbook::Issue { plan: &room.office.plan, round: &room.round.name, as_of: room.office.today }
}

/// The exit conditions of every followed household, written to `OUT/forms/退出条件_<day>.xlsx`.
///
/// # Errors
/// As [`order_book`].
pub fn exit_assessment(options: &CasesOptions) -> Outcome<(Table, PathBuf)> {
    listed(options, "cases.exits", "退出条件", exits)
}

/// A table of the ledger as it stands, written to `OUT/forms` as a workbook of this title.
fn listed(
    options: &CasesOptions,
    action: &'static str,
    title: &str,
    table: fn(&Desk) -> Table,
) -> Outcome<(Table, PathBuf)> {
    audit::act(&options.out, &Action::new(action), |facts| {
        let room = Room::open(options)?;
        let table = table(&room.desk());
        let file = options.out.join("forms").join(format!("{title}_{}.xlsx", room.office.today));
        workbook::tables(&issue(&room), title, &[&table], &file)?;
        facts.add("rows", table.rows());
        Ok((table, file))
    })
}

/// How the work was done (R136), written to `OUT/forms/工作质量核查_<day>.xlsx`.
///
/// # Errors
/// As [`order_book`].
pub fn conduct_findings(options: &CasesOptions) -> Outcome<(Table, PathBuf)> {
    listed(options, "cases.conduct", "工作质量核查", work_done)
}

/// The four tables as a round publishes them: `order_book`, `order_findings`, `exit_assessment`, `conduct_findings`.
pub(in crate::run) fn of_round(desk: &Desk) -> [Table; 4] {
    [orders(desk), found(desk), exits(desk), work_done(desk)]
}

fn orders(desk: &Desk) -> Table {
    let mut out = TableBuilder::new(tables::order_book());
    for state in desk.orders {
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
            ("state_title", desk.plan.process.orders.title(&o.state).into()),
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
    out.finish()
}

fn found(desk: &Desk) -> Table {
    let mut asked = TableBuilder::new(tables::order_findings());
    for f in findings(desk) {
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
    asked.finish()
}

/// What is to be asked about orders on the day.
pub(super) fn findings(desk: &Desk) -> Vec<OrderFinding> {
    let orders: Vec<Order> = desk.orders.iter().map(|o| o.order.clone()).collect();
    check(&CheckInput {
        orders: &orders,
        remedies: &desk.plan.remedies,
        causes: &desk.plan.causes,
        incomes: &incomes(desk),
        as_of: desk.today,
    })
}

/// Incomes by household for reckoning a top-up (R197): the last measurement, else what the departments' data say.
fn incomes(desk: &Desk) -> BTreeMap<String, Income> {
    let line = |on: Date, township: Option<&str>| {
        let param = desk.plan.params.get("dibao_line")?;
        match params::resolve(param, text::to_days(on), township, params::OTHER, desk.plan.basis)?.value {
            Value::Decimal(line) => Some(line),
            _ => None,
        }
    };
    let mut incomes = BTreeMap::new();
    for state in desk.orders {
        let household = Some(state.order.household.as_str());
        let township = state.details.get("township").map(String::as_str);
        let (known, size) = (desk.department_income(household), desk.size(household));
        if let (Some(per_capita), Some(line), Some(size)) = (known, line(desk.round_as_of, township), size) {
            incomes.insert(state.order.household.clone(), Income { per_capita, line, size });
        }
    }
    for case in desk.cases {
        let Some(said) = &case.round else { continue };
        let last = desk.steps(case.case).iter().rev().find(|e| e.trigger == "remeasure");
        let Some((event, household)) = last.zip(said.household.clone()) else { continue };
        let number = |name: &str| event.details.get(name).and_then(|v| amount::parse(v));
        let size = number("size").map(|n| n / 100).filter(|n| *n > 0);
        let on = event.day.parse().unwrap_or(desk.today);
        if let (Some(income), Some(size), Some(line)) = (number("income"), size, line(on, said.township.as_deref())) {
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            incomes.insert(household, Income { per_capita: income / i128::from(size), line, size });
        }
    }
    incomes
}

fn exits(desk: &Desk) -> Table {
    let mut out = TableBuilder::new(tables::exit_assessment());
    for case in desk.cases.iter().filter(|c| matches!(desk.phase(c), Some(Phase::Tracking | Phase::Exit))) {
        let said = case.round.clone().unwrap_or_default();
        let found = exit::assess(&desk.exit_facts(case), desk.today);
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
    out.finish()
}

fn work_done(desk: &Desk) -> Table {
    let cases: Vec<ConductCase> = desk
        .cases
        .iter()
        .map(|case| {
            let household = case.round.as_ref().and_then(|r| r.household.clone());
            let since = desk.home(household.as_deref()).and_then(|row| desk.households.date_at("monitored_since", row));
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
    let orders: Vec<Order> = desk.orders.iter().map(|o| o.order.clone()).collect();
    let number = |name: &str, absent: i64| {
        let param = desk.plan.params.get(name);
        let day = text::to_days(desk.today);
        let value = param.and_then(|p| params::resolve(p, day, None, params::OTHER, desk.plan.basis));
        let value = match value.map(|v| &v.value) {
            Some(Value::Integer(n)) => *n,
            _ => absent,
        };
        i32::try_from(value).unwrap_or(i32::MAX)
    };
    let documents = desk.plan.rules.iter().map(|r| (r.id.clone(), r.document.clone())).collect();
    let input = ConductInput {
        documents: &documents,
        cases: &cases,
        orders: &orders,
        hits: desk.hits,
        households: desk.households,
        machine: &desk.plan.process.cases,
        fast_exit_months: number("fast_exit_months", FAST_EXIT_MONTHS),
        stuck_days: number("stuck_days", STUCK_DAYS),
        ledger_since: desk.cases.iter().filter_map(|c| c.opened_on.parse().ok()).min(),
        as_of: desk.today,
    };
    conduct::conduct(&input)
}

/// A table as a list of rows for JSON: every value as text people read, nulls left out.
pub fn table_json(table: &Table) -> serde_json::Value {
    let row = |row: usize| -> serde_json::Value {
        let value = |c: &crate::model::Column| Some((c.name.clone(), table.display_at(&c.name, row)?.into()));
        serde_json::Value::Object(table.schema.columns.iter().filter_map(value).collect())
    };
    (0..table.rows()).map(row).collect()
}
