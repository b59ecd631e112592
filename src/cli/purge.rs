//! `bidui purge`: what is past its time, told or taken away.

use std::path::PathBuf;

use super::printer::Printer;
use crate::diag::Outcome;
use crate::run;

/// Arguments of `purge`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Pipeline folder, whose [retention] sets the times.
    #[arg(default_value = "pipelines/quarterly")]
    pipeline: PathBuf,
    /// Folder that holds the rounds.
    #[arg(long, default_value = "out")]
    out: PathBuf,
    /// The day that counts as today, as 2026-09-30; today in China when not given.
    #[arg(long, value_name = "DAY")]
    on: Option<String>,
    /// Only tell what would go.
    #[arg(long, conflicts_with = "apply", required_unless_present = "apply")]
    dry_run: bool,
    /// Take it away.
    #[arg(long)]
    apply: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let options = run::PurgeOptions {
        pipeline: args.pipeline.clone(),
        out: args.out.clone(),
        on: args.on.as_deref().map(run::parse_day).transpose()?,
        apply: args.apply,
    };
    let found = run::purge(&options)?;
    if args.json {
        printer.json(&found);
        return Ok(0);
    }
    for d in &found.deliveries {
        printer.data(&format!("delivery {} last used {} {} bytes", d.sha256, d.last_used, d.bytes));
    }
    for round in &found.rounds {
        for file in &round.files {
            let what = if file.after.is_some() { "rows" } else { "removed" };
            printer.data(&format!("{} {} {what} {}", round.round, file.path, file.rows));
        }
    }
    let rows: usize = found.rounds.iter().flat_map(|r| &r.files).map(|f| f.rows).sum();
    printer.message(&format!(
        "{}: {} deliveries, {rows} rows of {} rounds; {} older deliveries are still needed",
        if found.applied { "purged" } else { "would go" },
        found.deliveries.len(),
        found.rounds.len(),
        found.still_needed
    ));
    Ok(0)
}
