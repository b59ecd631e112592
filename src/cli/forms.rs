//! `bidui forms`: forms out, answers in, receipts.

use std::path::PathBuf;

use super::printer::Printer;
use crate::diag::Outcome;
use crate::run::forms::{self, ExportOptions, ImportOptions, ImportedFile, ReceiptOptions};

/// Arguments of `forms`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Write forms: `verify` (核实表 of what is still open), `blank` (线下上报表), `self_report` (自主申报表), and what waits between a
    /// proposal and an exit: `identity`, `publicity`, `township`, `meeting`, `order`, `filing`, `return`, `exit`, `notice`, `remeasure`.
    Export(Export),
    /// Take filled forms in: by their tokens, whatever program saved them; moves cases and writes a receipt for each.
    Import(Import),
    /// Write the receipts of a form once more.
    Receipt(Receipt),
    /// Every form, and how many of its rows are answered.
    List(Common),
}

#[derive(Debug, clap::Args)]
struct Common {
    /// Folder that holds the rounds and the ledger.
    #[arg(long, default_value = "out")]
    out: PathBuf,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Export {
    /// verify, blank, self_report, identity, publicity, township, meeting, order, filing, return, exit, notice or remeasure.
    kind: String,
    /// Pipeline folder.
    #[arg(long, default_value = "pipelines/quarterly")]
    pipeline: PathBuf,
    /// Folder to write to; OUT/forms/KIND/DAY when not given.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Seal every file for this reader: an age public key (age1…) or a file of them; may be given several times.
    #[arg(long, value_name = "KEY|FILE", requires = "to")]
    encrypt_to: Vec<String>,
    /// Day of issue, as 2026-10-08; today in China when not given.
    #[arg(long, value_name = "DAY")]
    on: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct Import {
    /// Filled forms: .xlsx, .xls, .ods or .csv.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Pipeline folder.
    #[arg(long, default_value = "pipelines/quarterly")]
    pipeline: PathBuf,
    /// Who answers for rows in which nobody is named; without it such rows are refused.
    #[arg(long, value_name = "NAME", default_value = "")]
    by: String,
    /// Day on which they came, as 2026-10-08; today in China when not given.
    #[arg(long, value_name = "DAY")]
    on: Option<String>,
    /// Where versions of a form differ, these files count: an answer that was applied is taken back first.
    #[arg(long)]
    overrule: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct Receipt {
    /// Token of the form, as it is printed on it (表单编号).
    form: String,
    /// Pipeline folder.
    #[arg(long, default_value = "pipelines/quarterly")]
    pipeline: PathBuf,
    #[command(flatten)]
    common: Common,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    match &args.verb {
        Verb::Export(args) => export(args, printer),
        Verb::Import(args) => import(args, printer),
        Verb::Receipt(args) => {
            let options = ReceiptOptions {
                pipeline: args.pipeline.clone(),
                out: args.common.out.clone(),
                form: args.form.clone(),
            };
            let receipts = forms::receipt(&options)?;
            match args.common.json {
                true => printer.json(&receipts),
                false => receipts.returns.iter().for_each(|file| printer.data(&line(file))),
            }
            Ok(0)
        }
        Verb::List(args) => {
            let all = forms::list(&args.out)?;
            if args.json {
                printer.json(&all);
                return Ok(0);
            }
            for form in &all {
                let due = if form.due_on.is_empty() { String::new() } else { format!(", due {}", form.due_on) };
                printer.data(&format!(
                    "{} {} {} {}: {} of {} rows answered, returned {} times{due}",
                    form.form, form.kind, form.round, form.township, form.answered, form.rows, form.returns
                ));
            }
            Ok(0)
        }
    }
}

fn export(args: &Export, printer: &Printer) -> Outcome<u8> {
    let options = ExportOptions {
        pipeline: args.pipeline.clone(),
        out: args.common.out.clone(),
        kind: args.kind.clone(),
        to: args.to.clone(),
        on: args.on.as_deref().map(crate::run::parse_day).transpose()?,
    };
    let to = args.to.clone().unwrap_or_default();
    let (mut exported, sealed) = match args.encrypt_to.is_empty() {
        true => (forms::export(&options)?, Vec::new()),
        false => crate::run::seal::sealed(&options.out, &to, &args.encrypt_to, |dir| {
            forms::export(&ExportOptions { to: Some(dir.to_path_buf()), ..options.clone() })
        })?,
    };
    if !sealed.is_empty() {
        exported.files = sealed.iter().map(|name| to.join(name)).collect();
    }
    if args.common.json {
        printer.json(&exported);
    } else {
        printer.data(&format!("{}: {} workbooks, {} rows", exported.kind, exported.files.len(), exported.rows));
        exported.files.iter().for_each(|file| printer.data(&format!("  {}", file.display())));
    }
    Ok(0)
}

fn import(args: &Import, printer: &Printer) -> Outcome<u8> {
    let options = ImportOptions {
        pipeline: args.pipeline.clone(),
        out: args.common.out.clone(),
        files: args.files.clone(),
        by: args.by.clone(),
        on: args.on.as_deref().map(crate::run::parse_day).transpose()?,
        overrule: args.overrule,
    };
    let imported = forms::import(&options)?;
    if args.common.json {
        printer.json(&imported);
    } else {
        for file in &imported.files {
            printer.data(&line(file));
            printer.problems(file.problems.iter());
        }
    }
    Ok(imported.trouble.map_or(0, |class| class.exit_code()))
}

fn line(file: &ImportedFile) -> String {
    let shown = |path: &Option<PathBuf>| path.as_ref().map_or(String::new(), |p| p.display().to_string());
    let mut line = match &file.form {
        Some(form) => format!("{} {} {form}", file.state, file.township.as_deref().unwrap_or("")),
        None => format!("{} {}", file.state, file.file),
    };
    if let Some(c) = &file.counts {
        line.push_str(&format!(
            ": {} issued, {} answered, {} before, {} unanswered, {} missing, {} altered, {} in conflict, {} refused; \
             {} new, {} duplicate, {} foreign, {} stray",
            c.issued,
            c.answered,
            c.earlier,
            c.unanswered,
            c.missing,
            c.altered,
            c.conflict,
            c.refused,
            c.new,
            c.duplicate,
            c.foreign,
            c.stray
        ));
    }
    if file.complete {
        line.push_str("; complete");
    }
    if file.receipt.is_some() {
        line.push_str(&format!("; receipt {}", shown(&file.receipt)));
    }
    if file.reports.is_some() {
        line.push_str(&format!("; new reports for the folder of deliveries: {}", shown(&file.reports)));
    }
    line
}
