//! Work orders in the ledger: every step of each, and how steps are taken. As with cases, the last step says where one stands.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::{Connection, params};

use super::files::Changes;
use super::{Ledger, case_id};
use crate::cases::moves::{self, Refusal, Step};
use crate::cases::orders::{self, CLOSE, Draft, OPEN, Order, OrderEvent, OrderHead, REPORT, START, UNDO, order_id};
use crate::diag::{Failure, Outcome};
use crate::plan::process::NEW;
use crate::plan::{Machine, Phase, Process, Remedies};

/// An order with what it was opened with and every step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderState {
    /// The order as its steps make it.
    pub order: Order,
    /// What was known when it was opened, by name: `head_name`, `evidence`, place….
    pub details: BTreeMap<String, String>,
    /// Every step in order, undone ones among them.
    pub events: Vec<OrderEvent>,
}

/// An order that is to be opened, with what is kept of the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Case, cause and department.
    pub draft: Draft,
    /// The household.
    pub household: String,
    /// unstable, marginal or sudden.
    pub list_type: String,
    /// Day of the county's decision.
    pub identified_on: Date,
    /// Further particulars by name.
    pub details: BTreeMap<String, String>,
}

const HOUSEHOLD: &str = "household";
const LIST_TYPE: &str = "list_type";
const IDENTIFIED: &str = "identified_on";

fn day(text: &str) -> Date {
    // The ledger's own writing; the first day of all for what somebody changed by hand.
    text.parse().unwrap_or(Date::constant(1970, 1, 1))
}

/// True for states in which nothing more is expected.
pub fn closed(machine: &Machine, state: &str) -> bool {
    machine.state(state).is_none_or(|s| s.phase == Phase::Closed)
}

fn read(connection: &Connection, machine: &Machine, only: Option<u32>) -> rusqlite::Result<Vec<OrderState>> {
    let wanted = only.map_or(String::new(), |order| format!(" WHERE order_id = {order}"));
    let mut query = connection.prepare(&format!(
        "SELECT order_id, case_id, cause, department, opened_on, details FROM work_order{wanted} ORDER BY order_id"
    ))?;
    let rows = query.query_map([], |row| {
        let details: String = row.get(5)?;
        let mut details: BTreeMap<String, String> = serde_json::from_str(&details).unwrap_or_default();
        let opened: String = row.get(4)?;
        let head = OrderHead {
            order: row.get(0)?,
            case: row.get(1)?,
            household: details.remove(HOUSEHOLD).unwrap_or_default(),
            list_type: details.remove(LIST_TYPE).unwrap_or_default(),
            cause: row.get(2)?,
            department: row.get(3)?,
            identified_on: day(&details.remove(IDENTIFIED).unwrap_or_else(|| opened.clone())),
            opened_on: day(&opened),
        };
        Ok((head, details))
    })?;
    let heads: Vec<(OrderHead, BTreeMap<String, String>)> = rows.collect::<Result<_, _>>()?;
    let mut query = connection.prepare(&format!(
        "SELECT order_id, cause, from_state, to_state, day, by, reason, details FROM order_event{wanted}
         ORDER BY order_id, event"
    ))?;
    let rows = query.query_map([], |row| {
        let details: String = row.get(7)?;
        let event = OrderEvent {
            trigger: row.get(1)?,
            from: row.get(2)?,
            to: row.get(3)?,
            day: day(&row.get::<_, String>(4)?),
            by: row.get(5)?,
            reason: row.get(6)?,
            details: serde_json::from_str(&details).unwrap_or_default(),
        };
        Ok((row.get::<_, u32>(0)?, event))
    })?;
    let mut events: BTreeMap<u32, Vec<OrderEvent>> = BTreeMap::new();
    for row in rows {
        let (order, event) = row?;
        events.entry(order).or_default().push(event);
    }
    let made = heads.into_iter().map(|(head, details)| {
        let events = events.remove(&head.order).unwrap_or_default();
        let order = Order::fold(head, &events, |state| closed(machine, state));
        OrderState { order, details, events }
    });
    Ok(made.collect())
}

impl Ledger {
    /// Every order, in the order of their numbers.
    pub fn orders(&self, process: &Process) -> Outcome<Vec<OrderState>> {
        read(&self.connection, &process.orders, None).map_err(self.fail("read the ledger"))
    }
}

impl Changes<'_> {
    /// One order within this change.
    pub fn order(&self, process: &Process, order: u32) -> Outcome<Option<OrderState>> {
        let found = read(&self.transaction, &process.orders, Some(order));
        found.map(|mut all| all.pop()).map_err(|e| self.fail(&e))
    }

    /// Opens an order (开单).
    ///
    /// # Errors
    /// The ledger cannot be written; the inner error says why the process has no such step.
    pub fn open_order(
        &self,
        process: &Process,
        import: i64,
        opening: &Opening,
        step: &Step,
    ) -> Outcome<Result<u32, Refusal>> {
        let step = &Step { trigger: OPEN.into(), ..step.clone() };
        let found = match moves::next(&process.orders, NEW, None, step) {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        let to = found.to.clone().unwrap_or_else(|| NEW.into());
        let mut details = opening.details.clone();
        details.insert(HOUSEHOLD.into(), opening.household.clone());
        details.insert(LIST_TYPE.into(), opening.list_type.clone());
        details.insert(IDENTIFIED.into(), opening.identified_on.to_string());
        let details = serde_json::to_string(&details).unwrap_or_default();
        let Draft { case, cause, department } = &opening.draft;
        let insert = "INSERT INTO work_order (case_id, cause, department, import, opened_on, details)
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![case, cause, department, import, step.day.to_string(), details];
        self.transaction.execute(insert, values).map_err(|e| self.fail(&e))?;
        let order = u32::try_from(self.transaction.last_insert_rowid())
            .map_err(|_| Failure::internal("the ledger has no order numbers left"))?;
        self.write_order_event(import, order, (NEW, &to), step)?;
        Ok(Ok(order))
    }

    /// Takes a step of an order, or says why not; a refused step changes nothing.
    ///
    /// A monthly return about an order on file begins it; a closing is the return of its month too.
    ///
    /// # Errors
    /// The ledger cannot be read or written. A refusal comes back as the inner error.
    pub fn order_step(
        &self,
        process: &Process,
        remedies: &Remedies,
        import: i64,
        order: u32,
        step: &Step,
    ) -> Outcome<Result<super::Applied, Refusal>> {
        let Some(now) = self.order(process, order)? else {
            let said = format!("台账中没有工作单{}", order_id(order));
            return Ok(Err(Refusal::new("order.unknown", said)));
        };
        if step.trigger == UNDO {
            return self.undo_order(import, &now, step);
        }
        let steps = match implied(process, &now.order, step) {
            Ok(steps) => steps,
            Err(refused) => return Ok(Err(refused)),
        };
        for step in steps.iter().map(|(_, step)| step) {
            if let Some(said) = now.order.refuses(&step.trigger, &step.details, remedies) {
                return Ok(Err(Refusal::new("order.refused", said)));
            }
        }
        let mut from = now.order.state.clone();
        for (to, step) in &steps {
            self.write_order_event(import, order, (&from, to), step)?;
            from.clone_from(to);
        }
        Ok(Ok(super::Applied { from: now.order.state, to: from }))
    }

    fn undo_order(&self, import: i64, now: &OrderState, step: &Step) -> Outcome<Result<super::Applied, Refusal>> {
        if step.by.trim().is_empty() || step.reason.trim().is_empty() {
            return Ok(Err(Refusal::new("case.needs", "撤回一步必须写明：办理人、原因")));
        }
        let mut stack: Vec<&OrderEvent> = Vec::new();
        for event in &now.events {
            if event.trigger == UNDO { _ = stack.pop() } else { stack.push(event) }
        }
        match stack.pop().filter(|last| last.from != NEW) {
            Some(last) => {
                self.write_order_event(import, now.order.order, (&now.order.state, &last.from), step)?;
                Ok(Ok(super::Applied { from: now.order.state.clone(), to: last.from.clone() }))
            }
            None => Ok(Err(Refusal::new("case.not_now", "开单的一步不能撤回，请用“取消”"))),
        }
    }

    fn write_order_event(&self, import: i64, order: u32, (from, to): (&str, &str), step: &Step) -> Outcome<()> {
        let insert =
            "INSERT INTO order_event (order_id, import, cause, from_state, to_state, day, by, reason, file, details)
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let details = serde_json::to_string(&step.details).unwrap_or_default();
        let day = step.day.to_string();
        let values = params![order, import, step.trigger, from, to, day, step.by, step.reason, step.file, details];
        self.transaction.execute(insert, values).map_err(|e| self.fail(&e))?;
        Ok(())
    }

    /// Cancels what is still open of a case that has come to an end, and gives the orders' numbers.
    ///
    /// # Errors
    /// The ledger cannot be read or written.
    pub fn cancel_orders(&self, process: &Process, import: i64, case: u32, step: &Step) -> Outcome<Vec<u32>> {
        let all = read(&self.transaction, &process.orders, None).map_err(|e| self.fail(&e))?;
        let mut cancelled = Vec::new();
        for state in all.iter().filter(|s| s.order.case == case && !s.order.closed) {
            let reason = format!("案件{}已结束：{}", case_id(case), step.reason);
            let step = Step { trigger: orders::CANCEL.into(), reason, ..step.clone() };
            if let Ok(found) = moves::next(&process.orders, &state.order.state, None, &step) {
                let to = found.to.clone().unwrap_or_else(|| state.order.state.clone());
                self.write_order_event(import, state.order.order, (&state.order.state, &to), &step)?;
                cancelled.push(state.order.order);
            }
        }
        Ok(cancelled)
    }
}

/// A step with those that it implies, each with the state that it leads to.
fn implied(process: &Process, order: &Order, step: &Step) -> Result<Vec<(String, Step)>, Refusal> {
    let machine = &process.orders;
    let running = |state: &str| machine.state(state).is_some_and(|s| s.phase == Phase::Running);
    let mut steps = Vec::new();
    let mut at = order.state.clone();
    let mut take = |trigger: &str, at: &mut String| -> Result<(), Refusal> {
        let step = Step { trigger: trigger.into(), ..step.clone() };
        let found = moves::next(machine, at, Some(order.since), &step)?;
        if let Some(to) = &found.to {
            at.clone_from(to);
        }
        steps.push((at.clone(), step));
        Ok(())
    };
    if matches!(step.trigger.as_str(), REPORT | CLOSE) && !running(&at) && machine.find(&at, START).is_some() {
        take(START, &mut at)?;
    }
    if step.trigger == CLOSE && step.details.contains_key("month") {
        take(REPORT, &mut at)?;
    }
    take(&step.trigger, &mut at)?;
    Ok(steps)
}
