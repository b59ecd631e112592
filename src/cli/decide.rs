//! `bidui decide`: takes people's answers about possible links into the ledger.

use std::path::PathBuf;

use super::printer::Printer;
use crate::diag::Outcome;
use crate::run::{self, DecideOptions};

/// Arguments of `decide`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The filled 待认定匹配.xlsx, or a CSV with the columns key, decision and reason.
    file: PathBuf,
    /// Folder that holds the rounds and the ledger.
    #[arg(long, default_value = "out")]
    out: PathBuf,
    /// Who decided, for the rows in which the column 认定人 is empty.
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Day of the decisions, as 2026-09-30; today in China when not given.
    #[arg(long, value_name = "DAY")]
    on: Option<String>,
    /// Print the counts as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let options = DecideOptions {
        file: args.file.clone(),
        out: args.out.clone(),
        by: args.by.clone(),
        on: args.on.as_deref().map(run::parse_day).transpose()?,
    };
    let report = run::decide(&options)?;
    if args.json {
        printer.json(&report);
    } else {
        let r = report.recorded;
        printer.data(&format!(
            "decisions: {} same, {} different ({} known before, {} revised), {} of {} rows without an answer; the next \
             run applies them",
            r.same, r.different, r.known_before, r.revised, report.blank, report.rows
        ));
    }
    Ok(0)
}
