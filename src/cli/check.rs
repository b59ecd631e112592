//! `bidui check`: is the pipeline right, and are the delivered files?

use std::path::{Path, PathBuf};

use jiff::civil::Date;

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
    /// Write what was read, normalised, below this folder: records_<source>, rejects and findings as Parquet.
    #[arg(long, requires = "input", value_name = "FOLDER")]
    tables: Option<PathBuf>,
    /// With --input: write the departments' receipts (数据质量回执) into this folder.
    #[arg(long, value_name = "DIR", requires = "input")]
    receipts: Option<PathBuf>,
    /// Write the present parameters as a form (参数表.xlsx); put beside pipeline.toml it counts instead of params.toml.
    #[arg(long, value_name = "FILE")]
    params_form: Option<PathBuf>,
    /// Day of the judgement, as 2026-09-30.
    #[arg(long)]
    as_of: Option<String>,
    /// Draft a contract for this file: headings, kinds, codes, roles. Prints TOML to put into shared/sources.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["input", "json"])]
    infer: Option<PathBuf>,
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
    if let Some(file) = &args.infer {
        return infer(file, args, as_of, printer);
    }
    let progress = Progress::new();
    let what = run::CheckOptions {
        pipeline: &args.pipeline,
        input: args.input.as_deref(),
        tables: args.tables.as_deref(),
        receipts: args.receipts.as_deref(),
        params_form: args.params_form.as_deref(),
        as_of,
    };
    let checked = run::check(&what, &|e| progress.event(e));
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

fn infer(file: &Path, args: &Args, as_of: Option<Date>, printer: &Printer) -> Outcome<u8> {
    let day = as_of.map_or_else(run::today, Ok)?;
    let draft = run::infer(file, &args.pipeline, day)?;
    printer.data(draft.toml.trim_end());
    printer.problems(draft.problems.iter());
    printer.message(
        "bidui: a draft, not a contract: read each line, fill in the terms of use, and then check the pipeline",
    );
    Ok(0)
}
