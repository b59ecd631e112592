//! Papers between a proposal and an exit: what waits on the office's desk → orders opened, workbooks, findings, dossiers.
//!
//! In: the output folder (ledger and last published round of the pipeline) and the pipeline. Out: changes of the ledger and files
//! below `OUT`. Reading takes no lock; what changes the ledger does.
//!
//! | what | where |
//! |---|---|
//! | forms of every kind go out and come back | `forms` |
//! | orders for decided cases (开单) | [`open_orders`] |
//! | the two sheets for the national system | [`write_national`] |
//! | what is to be asked about orders and about the office's own work | [`order_book`], [`conduct_findings`]; `of_round` for a run |
//! | exit conditions of followed households | [`exit_assessment`] |
//! | everything about one household | [`write_dossier`] |

pub(super) mod apply;
mod dossier;
mod issue;
mod national;
mod room;
mod tables;

pub use dossier::{DossierWritten, write_dossier};
pub use national::{NationalWritten, write_national};
pub use room::{OpenedOrder, OrderDecided, OrderDecision};
pub use tables::{OrderReport, conduct_findings, exit_assessment, order_book, table_json};

pub(super) use issue::{export, spec, words};
use room::Room;
pub(super) use tables::of_round;

use super::CasesOptions;
use super::audit::{self, Action};
use crate::diag::Outcome;

/// Opens the orders that decided cases still lack (开单, R186): one per risk for the department that owns the remedy.
///
/// The same command again opens none. `by` is kept with each.
///
/// # Errors
/// There is no ledger or round (66), the pipeline is wrong (78), another run holds the folder (75), the process has no such step (65),
/// nobody is named (64).
pub fn open_orders(options: &CasesOptions, by: &str) -> Outcome<Vec<OpenedOrder>> {
    audit::act(&options.out, &Action::new("orders.open").by(by), |facts| {
        let opened = room::open_orders(options, by)?;
        facts.add("orders", opened.iter().map(|o| o.order_id.as_str()).collect::<Vec<_>>());
        Ok(opened)
    })
}

/// Takes one step of one order at the keyboard.
///
/// # Errors
/// As [`open_orders`]; there is no such order (66), the step is not possible now (65): nothing changes then.
pub fn step_order(options: &CasesOptions, decision: &OrderDecision) -> Outcome<OrderDecided> {
    let action = Action::new("orders.step").by(&decision.by).why(&decision.reason);
    audit::act(&options.out, &action, |facts| {
        let done = room::step_order(options, decision)?;
        facts.add("order", done.order_id.as_str());
        facts.add("from", done.from.as_str());
        facts.add("to", done.to.as_str());
        facts.add("undo", decision.step.trim() == "undo");
        Ok(done)
    })
}
