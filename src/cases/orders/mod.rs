//! Work orders, tracking and exit: what is done for a household after the county has decided (R186–R222). Pure: the ledger
//! keeps the steps, `run` brings forms and tables.
//!
//! | file | what |
//! |---|---|
//! | `order` | one order as its events make it |
//! | `open` | approved cases → one order per risk for the department that owns the remedy |
//! | `check` | orders → findings: cap, measure, money, approvals, returns, closing |
//! | `months` | when help begins, which monthly returns are due |
//! | `amount` | amounts as departments write them |
//! | `follow` | who follows a household, when it is measured again |
//! | `exit` | exit standards: every condition with its evidence, unknown stays unknown |
//! | `kinds` | the papers as kinds of forms |
//! | `conduct` | how the work was done: too fast, cleared without cause, left out, past the procedure |
//! | `documents` | what all this rests on, in the policy documents' words |
//! | `desk` | what papers are made from: cases and orders of the ledger, tables of the last round |
//! | `papers` | the rows of each paper: who gets one, which households, what is shown |

pub mod amount;
mod check;
pub mod conduct;
pub mod desk;
pub mod documents;
pub mod exit;
pub mod follow;
pub mod kinds;
pub mod months;
mod open;
mod order;
pub mod papers;
#[cfg(test)]
mod tests;

pub use check::{CheckInput, Income, OrderFinding, TITLES, check, titles};
pub use open::{Approved, Draft, open};
pub use order::{CONDITIONS, Closing, Order, OrderEvent, OrderHead, Planned, Return, yes_or_no};

/// 开单: the order goes to its department.
pub const OPEN: &str = "order.open";
/// 拟定: the department says what it means to do (R187).
pub const PLAN: &str = "order.plan";
/// The office puts special relief to the leading group: the first of its two approvals (R188).
pub const SPECIAL: &str = "order.special";
/// The leading group approves special relief: the second.
pub const SPECIAL_PASS: &str = "order.special_pass";
/// 备案.
pub const FILE: &str = "order.file";
/// 实施.
pub const START: &str = "order.start";
/// 月反馈 (R157).
pub const REPORT: &str = "order.report";
/// 退回重新拟定.
pub const RETURN: &str = "order.return";
/// 办结 (R196).
pub const CLOSE: &str = "order.close";
/// 取消.
pub const CANCEL: &str = "order.cancel";
/// 重新打开.
pub const REOPEN: &str = "order.reopen";
/// The last step was a mistake.
pub const UNDO: &str = "undo";

/// An order's number as tables and forms have it.
pub fn order_id(order: u32) -> String {
    format!("W{order:07}")
}

/// The running number of an order as tables have it.
pub fn order_number(id: &str) -> Option<u32> {
    id.trim().strip_prefix(['W', 'w'])?.parse().ok().filter(|n| *n > 0)
}
