//! The office's room: plan, ledger and the last published round, opened once and laid on the desk.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::super::cases::{Office, hold};
use super::super::{CasesOptions, Round};
use crate::cases::ledger::{CaseEvent, CaseState, Import, OrderState, case_id};
use crate::cases::moves::Step;
use crate::cases::orders::desk::{Desk, RoundTables};
use crate::cases::orders::{OrderFinding, order_id, order_number};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::model::Table;

/// Everything that papers are made from.
pub(in crate::run) struct Room {
    pub(in crate::run) office: Office,
    pub(in crate::run) round: Round,
    pub(in crate::run) round_as_of: Date,
    pub(in crate::run) cases: Vec<CaseState>,
    pub(in crate::run) events: Vec<CaseEvent>,
    pub(in crate::run) orders: Vec<OrderState>,
    pub(in crate::run) households: Table,
    online: Table,
    indicators: Table,
    pub(in crate::run) hits: Table,
    outcomes: Table,
    /// `persons` of the round, where a paper looks somebody up.
    pub(in crate::run) persons: Option<Table>,
}

impl Room {
    /// Opens what is there.
    pub(in crate::run) fn open(options: &CasesOptions) -> Outcome<Room> {
        let office = Office::open(options)?;
        let (round, round_as_of) = latest(options, &office.plan.name, office.today)?;
        Ok(Room {
            cases: office.ledger.cases()?,
            events: office.ledger.case_events(None)?,
            orders: office.ledger.orders(&office.plan.process)?,
            households: round.table("households")?,
            online: round.table("online_list")?,
            indicators: round.table("indicators_household")?,
            hits: round.table("rule_hits")?,
            outcomes: round.table("rule_outcomes")?,
            persons: None,
            round,
            round_as_of,
            office,
        })
    }

    pub(in crate::run) fn desk(&self) -> Desk<'_> {
        let tables = RoundTables {
            households: &self.households,
            online: &self.online,
            indicators: &self.indicators,
            hits: &self.hits,
            outcomes: &self.outcomes,
            persons: self.persons.as_ref(),
        };
        Desk::new(
            &self.office.plan,
            (&self.round.name, self.round_as_of),
            self.office.today,
            (&self.cases, &self.events),
            &self.orders,
            tables,
        )
    }

    /// What is to be asked about orders on the day.
    pub(in crate::run) fn findings(&self) -> Vec<OrderFinding> {
        super::tables::findings(&self.desk())
    }
}

/// The last published round of the pipeline up to a day.
fn latest(options: &CasesOptions, pipeline: &str, today: Date) -> Outcome<(Round, Date)> {
    let folders = std::fs::read_dir(options.out.join("rounds")).into_iter().flatten().flatten();
    let mut rounds: Vec<(Date, String)> = Vec::new();
    for folder in folders {
        let Ok(bytes) = std::fs::read(folder.path().join("manifest.json")) else { continue };
        let Ok(manifest) = serde_json::from_slice::<serde_json::Value>(&bytes) else { continue };
        let text = |key: &str| manifest[key].as_str().map(str::to_string);
        let day = text("as_of").and_then(|day| day.parse::<Date>().ok());
        if let (Some(day), Some(name)) = (day, text("round"))
            && text("pipeline").as_deref() == Some(pipeline)
            && day <= today
        {
            rounds.push((day, name));
        }
    }
    rounds.sort();
    match rounds.pop() {
        Some((day, name)) => Ok((Round::open(&options.out, Some(&name))?, day)),
        None => {
            let place = Place::file(options.out.join("rounds").display().to_string());
            let message = format!("no round of the pipeline `{pipeline}` up to {today} is published");
            let problem = Diagnostic::error("run.no_round", message, place)
                .hint("run `bidui run` first, or give a later day with --on");
            Err(Failure::one(FailureClass::InputMissing, problem))
        }
    }
}

/// An order that was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenedOrder {
    /// Its number.
    pub order_id: String,
    /// The case.
    pub case_id: String,
    /// The risk, as title.
    pub cause: String,
    /// The department.
    pub department: String,
}

/// A step of an order at the keyboard.
#[derive(Debug, Clone, Default)]
pub struct OrderDecision {
    /// The order.
    pub order: String,
    /// What happened: a trigger, or `undo`.
    pub step: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What else is said.
    pub details: BTreeMap<String, String>,
}

/// A step of an order that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderDecided {
    /// The order.
    pub order_id: String,
    /// Where it stood.
    pub from: String,
    /// Where it stands.
    pub to: String,
}

pub(super) fn nobody(what: &str) -> Failure {
    let problem = Diagnostic::error("usage.by", "nobody is named", Place::default().field("--by"))
        .hint(format!("give the name of the one who {what}: it is kept with every step"));
    Failure::one(FailureClass::Usage, problem)
}

pub(super) fn open_orders(options: &CasesOptions, by: &str) -> Outcome<Vec<OpenedOrder>> {
    if by.trim().is_empty() {
        return Err(nobody("opens the orders"));
    }
    let _lock = hold(options, "orders")?;
    let mut room = Room::open(options)?;
    let openings = room.desk().openings();
    if openings.is_empty() {
        return Ok(Vec::new());
    }
    let plan = room.office.plan.clone();
    let today = room.office.today;
    let import = Import { kind: "keyboard".into(), day: today.to_string(), by: by.trim().into(), ..Import::default() };
    let step = Step::new(crate::cases::orders::OPEN, today, by.trim(), "");
    room.office.ledger.change(|changes| {
        let entry = changes.import(&import)?;
        let mut opened = Vec::new();
        for opening in &openings {
            let order = changes.open_order(&plan.process, entry, opening, &step)?.map_err(|r| {
                let place = Place::default().field(case_id(opening.draft.case));
                Failure::one(FailureClass::InputContract, Diagnostic::error(r.code, r.said, place))
            })?;
            opened.push(OpenedOrder {
                order_id: order_id(order),
                case_id: case_id(opening.draft.case),
                cause: plan.cause_title(&opening.draft.cause).to_string(),
                department: opening.draft.department.clone(),
            });
        }
        Ok(opened)
    })
}

pub(super) fn step_order(options: &CasesOptions, decision: &OrderDecision) -> Outcome<OrderDecided> {
    if decision.by.trim().is_empty() {
        return Err(nobody("takes the step"));
    }
    if decision.step.trim() == "undo" {
        super::super::audit::demand_reason(&decision.reason)?;
    }
    let place = Place::default().field(decision.order.clone());
    let Some(number) = order_number(&decision.order) else {
        let message = format!("`{}` is no number of an order", decision.order);
        let problem = Diagnostic::error("usage.order", message, place)
            .hint("orders are numbered W0000001, W0000002, …; `bidui orders list` shows them");
        return Err(Failure::one(FailureClass::Usage, problem));
    };
    let _lock = hold(options, "orders")?;
    let mut office = Office::open(options)?;
    let plan = office.plan.clone();
    let mut step = Step::new(decision.step.trim(), office.today, decision.by.trim(), &decision.reason);
    step.details = decision.details.clone();
    let day = office.today.to_string();
    let import = Import { kind: "keyboard".into(), day, by: decision.by.trim().into(), ..Import::default() };
    office.ledger.change(|changes| {
        let entry = changes.import(&import)?;
        match changes.order_step(&plan.process, &plan.remedies, entry, number, &step)? {
            Ok(done) => Ok(OrderDecided { order_id: order_id(number), from: done.from, to: done.to }),
            Err(refused) => {
                let class = match refused.code {
                    "order.unknown" => FailureClass::InputMissing,
                    _ => FailureClass::InputContract,
                };
                let hint = "`bidui orders list` tells where an order stands; process.toml tells what each step needs";
                let problem = Diagnostic::error(refused.code, refused.said, place.clone()).hint(hint);
                Err(Failure::one(class, problem))
            }
        }
    })
}
