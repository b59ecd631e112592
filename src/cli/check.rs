//! `bidui check`: is the pipeline right, and are the delivered files?

use std::path::PathBuf;

use super::printer::Printer;
use super::progress::Progress;
use super::summary;
use crate::diag::{FailureClass, Outcome, Severity};
use crate::run;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Pipeline folder.
    #[arg(default_value = "pipelines/quarterly")]
    pipeline: PathBuf,
    /// Also read the departments' files in this folder.
    #[arg(long)]
    input: Option<PathBuf>,
    /// With --input: write the departments' receipts (数据质量回执) into this folder.
    #[arg(long, value_name = "DIR", requires = "input")]
    receipts: Option<PathBuf>,
    /// Day of the judgement, as 2026-09-30.
    #[arg(long)]
    as_of: Option<String>,
    /// Show notes too.
    #[arg(long)]
    notes: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let as_of = args.as_of.as_deref().map(run::parse_day).transpose()?;
    let progress = Progress::new();
    let checked =
        run::check(&args.pipeline, args.input.as_deref(), args.receipts.as_deref(), as_of, &|e| progress.event(e));
    progress.finish();
    let checked = checked?;
    let code = checked.trouble.map_or(0, FailureClass::exit_code);
    if args.json {
        printer.json(&checked);
        return Ok(code);
    }
    printer.problems(checked.problems.iter().filter(|p| args.notes || p.severity != Severity::Note));
    if !checked.delivered.is_empty() {
        for line in summary::sources(&checked.delivered) {
            printer.data(&line);
        }
    }
    let errors = checked.problems.iter().filter(|p| p.is_error()).count();
    let warnings = checked.problems.iter().filter(|p| p.severity == Severity::Warning).count();
    printer.message(&format!(
        "bidui: {}: {} sources, {} indicators, {} rules, {} rule tests; {errors} errors, {warnings} warnings",
        checked.pipeline.as_deref().unwrap_or("no pipeline"),
        checked.sources,
        checked.indicators,
        checked.rules,
        checked.rule_tests
    ));
    Ok(code)
}
