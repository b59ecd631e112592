//! `bidui link`: links two files, or finds the duplicates in one.

use std::path::PathBuf;

use super::printer::Printer;
use super::progress::Progress;
use super::summary;
use crate::diag::{Outcome, Severity};
use crate::run::{self, LinkOptions};

/// Arguments of `link`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The register and the file to link to it (CSV, XLSX or Parquet); with --dedupe one file.
    #[arg(required = true, num_args = 1..=2, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Find the duplicates in one file.
    #[arg(long)]
    dedupe: bool,
    /// The linkage model.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Where to write the pairs, as Parquet.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Headings of the key columns, one for both files or LEFT,RIGHT; row numbers when not given.
    #[arg(long, value_name = "LEFT,RIGHT", value_delimiter = ',', num_args = 1..=2)]
    ids: Vec<String>,
    /// Measure against known pairs: a CSV with the columns left_id and right_id.
    #[arg(long, value_name = "TRUTH")]
    evaluate: Option<PathBuf>,
    /// Estimate the model from known pairs too: a CSV with the columns left_id and right_id.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Decisions of people, applied first: a CSV with the columns left_id, right_id and decision (same or different).
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// Write the fitted model to a file.
    #[arg(long, value_name = "FILE")]
    save_model: Option<PathBuf>,
    /// Estimate how good the links are, with a range, although no truth is known.
    #[arg(long)]
    estimate: bool,
    /// Write pairs drawn by weight for clerical review: a CSV with an empty column `decision`.
    #[arg(long, value_name = "FILE")]
    sample: Option<PathBuf>,
    /// Day to which the files are told, as 2026-09-30: nobody is born after it. Today when not given.
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let progress = Progress::new();
    let options = LinkOptions {
        files: args.files.clone(),
        model: args.model.clone(),
        out: args.out.clone(),
        ids: args.ids.clone(),
        truth: args.evaluate.clone(),
        labels: args.labels.clone(),
        decisions: args.decisions.clone(),
        save_model: args.save_model.clone(),
        as_of: args.as_of.as_deref().map(run::parse_day).transpose()?,
        dedupe: args.dedupe,
        estimate: args.estimate,
        sample: args.sample.clone(),
    };
    let report = run::link(&options, &|event| progress.event(event))?;
    progress.finish();
    if args.json {
        printer.json(&report);
        return Ok(0);
    }
    printer.problems(report.problems.iter().filter(|p| p.severity != Severity::Note));
    for line in summary::link(&report) {
        printer.data(&line);
    }
    if let Some(measured) = &report.measured {
        printer.data("");
        measured.lines().iter().for_each(|line| printer.data(line));
    }
    Ok(0)
}
