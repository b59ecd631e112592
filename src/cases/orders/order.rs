//! One work order as its events make it.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::amount;

/// What was done to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEvent {
    /// What set it off: `order.open`, `order.plan`….
    pub trigger: String,
    /// State before; empty for the opening.
    pub from: String,
    /// State after.
    pub to: String,
    /// On which day.
    pub day: Date,
    /// Who did it.
    pub by: String,
    /// Why, where a reason was given.
    pub reason: String,
    /// Particulars by name: measure, amount, fund, number, month, progress, paid, rectified, responsible, satisfied, meeting….
    pub details: BTreeMap<String, String>,
}

/// What the department means to do (拟定).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Measure, by code or title.
    pub measure: String,
    /// Hundredths of a yuan; none when no amount was given.
    pub amount: Option<i128>,
    /// Source of the money, by code or title.
    pub fund: Option<String>,
    /// Why general policies are not enough; only special relief needs it (R188).
    pub why_special: Option<String>,
    /// On which day.
    pub on: Date,
}

/// A department's return for one month (月反馈, R157).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// First day of the month it is about.
    pub month: Date,
    /// On which day it came.
    pub on: Date,
    /// What was done, in the department's words.
    pub progress: String,
    /// Spent in the month, hundredths of a yuan.
    pub paid: Option<i128>,
}

/// The three conditions of closing (R196); none = not said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Closing {
    /// 问题整改到位.
    pub rectified: Option<bool>,
    /// 责任落实.
    pub responsible: Option<bool>,
    /// 群众满意.
    pub satisfied: Option<bool>,
}

/// The words of the three conditions with the name of the detail that tells each.
pub const CONDITIONS: [(&str, &str); 3] =
    [("rectified", "整改到位"), ("responsible", "责任落实"), ("satisfied", "群众满意")];

impl Closing {
    /// What the details of a closing say.
    pub fn of(details: &BTreeMap<String, String>) -> Closing {
        let said = |name: &str| yes_or_no(details.get(name)?);
        Closing { rectified: said("rectified"), responsible: said("responsible"), satisfied: said("satisfied") }
    }

    /// Titles of the conditions that are not met, those that nobody spoke of among them.
    pub fn unmet(&self) -> Vec<&'static str> {
        let values = [self.rectified, self.responsible, self.satisfied];
        let unmet = CONDITIONS.iter().zip(values).filter(|(_, met)| *met != Some(true));
        unmet.map(|((_, title), _)| *title).collect()
    }
}

/// 是 or 否 as clerks write it; none for anything else.
pub fn yes_or_no(written: &str) -> Option<bool> {
    match written.trim() {
        "是" | "√" | "有" | "y" | "yes" | "true" | "1" => Some(true),
        "否" | "×" | "无" | "n" | "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// One order: one risk of one household, for the department that owns the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Number of the order; `order_id` writes it.
    pub order: u32,
    /// The case.
    pub case: u32,
    /// The household by which amounts of several orders are added up.
    pub household: String,
    /// unstable, marginal or sudden.
    pub list_type: String,
    /// Cause to be removed.
    pub cause: String,
    /// Department that owns the remedy.
    pub department: String,
    /// Day on which the county approved the case; measures begin the month after (R130).
    pub identified_on: Date,
    /// Day of the order.
    pub opened_on: Date,
    /// State now, and since when.
    pub state: String,
    /// First day of the state.
    pub since: Date,
    /// True when nothing more is expected: done or cancelled.
    pub closed: bool,
    /// What is planned.
    pub planned: Option<Planned>,
    /// Day and number of the filing (备案).
    pub filed: Option<(Date, String)>,
    /// Number of the review of the money by the office and the finance bureau, which marginal households need (R205).
    pub fund_review: Option<String>,
    /// Approvals that special relief has had: trigger and day (R188). A new plan needs them anew.
    pub approvals: Vec<(String, Date)>,
    /// Day on which the department began.
    pub started_on: Option<Date>,
    /// Monthly returns, in the order in which they came.
    pub returns: Vec<Return>,
    /// What the closing says; none while it is open.
    pub closing: Option<Closing>,
}

/// What an order is about, before anything happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderHead {
    /// Number of the order.
    pub order: u32,
    /// The case.
    pub case: u32,
    /// The household.
    pub household: String,
    /// unstable, marginal or sudden.
    pub list_type: String,
    /// Cause to be removed.
    pub cause: String,
    /// Department that owns the remedy.
    pub department: String,
    /// Day of the county's approval.
    pub identified_on: Date,
    /// Day of the order.
    pub opened_on: Date,
}

impl Order {
    /// The order that a head and its events make; `closed` tells which states are the end.
    ///
    /// An `undo` takes the last event that was not undone back, so that what it said no longer counts.
    pub fn fold(head: OrderHead, events: &[OrderEvent], closed: impl Fn(&str) -> bool) -> Order {
        let mut order = Order {
            order: head.order,
            case: head.case,
            household: head.household,
            list_type: head.list_type,
            cause: head.cause,
            department: head.department,
            identified_on: head.identified_on,
            opened_on: head.opened_on,
            state: String::new(),
            since: head.opened_on,
            closed: false,
            planned: None,
            filed: None,
            fund_review: None,
            approvals: Vec::new(),
            started_on: None,
            returns: Vec::new(),
            closing: None,
        };
        for event in in_force(events) {
            order.take(event);
        }
        if let Some(last) = events.last() {
            order.state.clone_from(&last.to);
            let unchanged = events.iter().rev().take_while(|e| e.to == last.to);
            order.since = unchanged.last().map_or(head.opened_on, |e| e.day);
        }
        order.closed = closed(&order.state);
        order
    }

    fn take(&mut self, event: &OrderEvent) {
        let detail = |name: &str| event.details.get(name).map(|v| v.trim()).filter(|v| !v.is_empty());
        match event.trigger.as_str() {
            super::PLAN => {
                self.planned = detail("measure").map(|measure| Planned {
                    measure: measure.to_string(),
                    amount: detail("amount").and_then(amount::parse),
                    fund: detail("fund").map(str::to_string),
                    why_special: detail("why_special").map(str::to_string),
                    on: event.day,
                });
                self.forget_approvals();
            }
            super::RETURN => self.forget_approvals(),
            super::SPECIAL => self.approvals.push((event.trigger.clone(), event.day)),
            super::SPECIAL_PASS => {
                self.approvals.push((event.trigger.clone(), event.day));
                self.filed = Some((event.day, detail("meeting").unwrap_or("").to_string()));
            }
            super::FILE => {
                self.filed = Some((event.day, detail("number").unwrap_or("").to_string()));
                self.fund_review = detail("fund_review").map(str::to_string);
            }
            super::START => self.started_on = Some(event.day),
            super::REPORT => {
                let month = detail("month").and_then(super::months::parse);
                self.returns.extend(month.map(|month| Return {
                    month,
                    on: event.day,
                    progress: detail("progress").unwrap_or("").to_string(),
                    paid: detail("paid").and_then(amount::parse),
                }));
            }
            super::CLOSE => self.closing = Some(Closing::of(&event.details)),
            super::REOPEN => self.closing = None,
            _ => {}
        }
    }

    fn forget_approvals(&mut self) {
        self.approvals.clear();
        self.filed = None;
        self.fund_review = None;
    }
}

/// The events that were not taken back by an `undo` behind them.
fn in_force(events: &[OrderEvent]) -> Vec<&OrderEvent> {
    let mut kept: Vec<&OrderEvent> = Vec::new();
    for event in events {
        match event.trigger.as_str() {
            super::UNDO => {
                kept.pop();
            }
            _ => kept.push(event),
        }
    }
    kept
}
