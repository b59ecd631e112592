//! `bidui pull`: copies of the tables that departments open in their databases.

use std::path::PathBuf;

use super::printer::Printer;
use super::progress::Progress;
use crate::diag::Outcome;
use crate::run;
use crate::run::audit::{self, Action};

/// Arguments of `pull`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Pipeline folder.
    #[arg(default_value = "pipelines/quarterly")]
    pipeline: PathBuf,
    /// Folder of the departments' files, into which the copies go.
    #[arg(long)]
    input: PathBuf,
    /// Folder that holds the rounds, whose audit log keeps what was copied.
    #[arg(long, default_value = "out")]
    out: PathBuf,
    /// Only this source; may be given several times.
    #[arg(long, value_name = "SOURCE")]
    source: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let options =
        run::PullOptions { pipeline: args.pipeline.clone(), input: args.input.clone(), sources: args.source.clone() };
    let progress = Progress::new();
    let pulled = audit::act(&args.out, &Action::new("pull"), |facts| {
        let pulled = run::pull(&options, &|e| progress.event(e))?;
        facts.add("sources", pulled.iter().map(|p| p.source.as_str()).collect::<Vec<_>>());
        facts.add("rows", pulled.iter().map(|p| p.rows).sum::<u64>());
        Ok(pulled)
    });
    progress.finish();
    let pulled = pulled?;
    if args.json {
        printer.json(&pulled);
    } else {
        for copy in &pulled {
            printer.data(&format!("{}: {} rows -> {}", copy.source, copy.rows, copy.file));
        }
    }
    Ok(0)
}
