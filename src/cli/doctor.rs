//! `bidui doctor`: whether the next run will find what it needs.

use std::path::PathBuf;

use super::printer::Printer;
use super::table::{Align, lines};
use crate::diag::{FailureClass, Outcome};
use crate::run::{self, DoctorOptions};

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Pipeline folder.
    #[arg(default_value = "pipelines/nightly")]
    pipeline: PathBuf,
    /// Folder with the departments' files.
    #[arg(long)]
    input: PathBuf,
    /// Folder that holds the rounds.
    #[arg(long, default_value = "out")]
    out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let options = DoctorOptions { pipeline: args.pipeline.clone(), input: args.input.clone(), out: args.out.clone() };
    let health = run::doctor(&options)?;
    if args.json {
        printer.json(&health);
    } else {
        let word = |trouble: bool| if trouble { "see below" } else { "ok" }.to_string();
        let rows: Vec<Vec<String>> =
            health.looked.iter().map(|l| vec![l.check.into(), word(l.trouble), l.found.clone()]).collect();
        let head = [("check", Align::Left), ("", Align::Left), ("found", Align::Left)];
        lines(&head, &rows).iter().for_each(|line| printer.data(line));
        printer.problems(health.problems.iter());
    }
    Ok(health.trouble.map_or(0, FailureClass::exit_code))
}
