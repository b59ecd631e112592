//! `bidui orders`: work orders of the ledger: open, list, step; the sheets for the national system.

use std::collections::BTreeMap;

use super::office::{Office, details};
use super::printer::Printer;
use super::table::{Align, lines};
use crate::diag::Outcome;
use crate::run::{self, OrderDecision};

const LEFT: Align = Align::Left;

/// Arguments of `orders`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    office: Office,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Open the orders that decided households still lack: one per risk for the department that owns the remedy.
    Open {
        /// Who opens them.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Every order and what is to be asked about it; writes 工作单台账 below OUT/forms.
    List,
    /// Take one step of one order: `bidui orders step W0000001 order.cancel --by 县防贫办 --reason 重复开单`.
    Step {
        /// The order, as W0000001.
        order: String,
        /// The step: order.plan, order.file, order.close, order.cancel, undo….
        step: String,
        /// Who did it.
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
        /// What else is said, as name=value: measure, amount, fund, number, month, progress….
        #[arg(long, value_name = "NAME=VALUE")]
        say: Vec<String>,
    },
    /// The two sheets for the national system: households to mark and households to enter. Full numbers: for the office only.
    National,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let options = args.office.options(false)?;
    match &args.what {
        What::Open { by } => {
            let opened = run::open_orders(&options, by)?;
            if args.office.json {
                printer.json(&opened);
            } else {
                for o in &opened {
                    printer.data(&format!("{} {} {} {}", o.order_id, o.case_id, o.cause, o.department));
                }
                printer.message(&format!("{} orders opened", opened.len()));
            }
        }
        What::List => {
            let found = run::order_book(&options)?;
            if args.office.json {
                let both: BTreeMap<&str, serde_json::Value> = BTreeMap::from([
                    ("orders", run::table_json(&found.orders)),
                    ("findings", run::table_json(&found.findings)),
                ]);
                printer.json(&both);
            } else {
                let columns = ["order_id", "department", "state_title", "measure", "amount", "since"];
                let heads = [
                    ("order 开单", LEFT),
                    ("部门", LEFT),
                    ("状态", LEFT),
                    ("举措", LEFT),
                    ("金额", Align::Right),
                    ("since", LEFT),
                ];
                print(printer, &found.orders, &columns, &heads);
                let heads = [("order 开单", LEFT), ("部门", LEFT), ("问题", LEFT), ("说明", LEFT)];
                print(printer, &found.findings, &["order_id", "department", "title", "message"], &heads);
                let (orders, findings) = (found.orders.rows(), found.findings.rows());
                printer.message(&format!("{orders} orders, {findings} findings: {}", found.file.display()));
            }
        }
        What::Step { order, step, by, reason, say } => {
            let decision = OrderDecision {
                order: order.clone(),
                step: step.clone(),
                by: by.clone(),
                reason: reason.clone(),
                details: details(say)?,
            };
            let done = run::step_order(&options, &decision)?;
            match args.office.json {
                true => printer.json(&done),
                false => printer.data(&format!("{}: {} -> {}", done.order_id, done.from, done.to)),
            }
        }
        What::National => {
            let written = run::write_national(&options)?;
            if args.office.json {
                printer.json(&written);
            } else {
                printer.data(&written.file.display().to_string());
                printer.message(&format!("{} households to mark, {} to enter", written.mark, written.enter));
            }
        }
    }
    Ok(0)
}

fn print(printer: &Printer, table: &crate::model::Table, columns: &[&str], heads: &[(&str, Align)]) {
    if table.rows() == 0 {
        return;
    }
    let row = |row: usize| columns.iter().map(|c| table.display_at(c, row).unwrap_or_default()).collect();
    let rows: Vec<Vec<String>> = (0..table.rows()).map(row).collect();
    lines(heads, &rows).iter().for_each(|line| printer.data(line));
}
