//! `bidui run`: a round from deliveries to published lists.

use std::io::IsTerminal;
use std::path::PathBuf;

use super::printer::Printer;
use super::progress::Progress;
use super::summary;
use crate::diag::{FailureClass, Outcome, Severity};
use crate::run;
use crate::run::telemetry::Telemetry;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Pipeline folder.
    #[arg(default_value = "pipelines/quarterly")]
    pipeline: PathBuf,
    /// Folder with the departments' files.
    #[arg(long)]
    input: PathBuf,
    /// Folder that holds the rounds.
    #[arg(long, default_value = "out")]
    out: PathBuf,
    /// Day of the judgement, as 2026-09-30; today in China when not given.
    #[arg(long)]
    as_of: Option<String>,
    /// Use this source's delivery as it is although it was held or is an old one; the ledger keeps that somebody said so.
    #[arg(long, value_name = "SOURCE")]
    accept: Vec<String>,
    /// Make everything anew, without the results of finished stages that earlier runs left. The round is the same.
    #[arg(long)]
    fresh: bool,
    /// Memory that the run may take, as 2GiB: one that needs more is refused before it starts (exit 74), and stopped should
    /// it take more after all. No cap when not given.
    #[arg(long, value_name = "SIZE")]
    memory: Option<String>,
    /// Write counts of the run for node_exporter's textfile collector.
    #[arg(long, value_name = "FILE.prom")]
    metrics: Option<PathBuf>,
    /// Add OpenLineage events of the run, a line each.
    #[arg(long, value_name = "FILE.ndjson")]
    lineage: Option<PathBuf>,
    /// Start this program when the run has ended, well or not, with its counts as JSON on standard input: for a robot or a mail.
    #[arg(long, value_name = "PROGRAM")]
    notify: Option<PathBuf>,
    /// What to print at the end.
    #[arg(long, value_enum, default_value_t = Summary::Auto)]
    summary: Summary,
    /// Print the manifest as JSON.
    #[arg(long)]
    json: bool,
}

/// What to print at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Summary {
    /// Tables on a terminal, one line elsewhere.
    Auto,
    /// Tables.
    Table,
    /// One line.
    Line,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let options = run::Options {
        pipeline: args.pipeline.clone(),
        input: args.input.clone(),
        out: args.out.clone(),
        as_of: args.as_of.as_deref().map(run::parse_day).transpose()?,
        accept: args.accept.clone(),
        fresh: args.fresh,
        memory: args.memory.as_deref().map(run::limits::parse).transpose()?,
    };
    let _watch = options.memory.map(|cap| {
        run::limits::Watch::begin(cap, |failure| {
            Printer::new().failure(&failure);
            std::process::exit(i32::from(failure.class.exit_code()));
        })
    });
    let progress = Progress::new();
    let (finished, told) = match Telemetry::begin(&options, args.metrics.clone(), args.lineage.clone()) {
        Ok(telemetry) => {
            let finished = run::run(&options, &|e| progress.event(e));
            let told = telemetry.end(&finished);
            (finished, told)
        }
        Err(failure) => (Err(failure), Ok(())),
    };
    progress.finish();
    if let Some(program) = &args.notify {
        let ended = finished.as_ref().map_err(|f| f.class).and_then(|f| match &told {
            Ok(()) => Ok(f.trouble),
            Err(late) => Err(late.class),
        });
        let exit = ended.map_or_else(FailureClass::exit_code, |t| t.map_or(0, FailureClass::exit_code));
        printer.problems(run::notify::notify(program, &options, &finished, exit).iter());
    }
    let finished = finished?;
    for s in &finished.manifest.sources {
        tracing::info!(source = s.source, state = s.state, read = s.rows.read, accepted = s.rows.accepted, "source");
    }
    for p in finished.manifest.problems.iter().filter(|p| p.severity != Severity::Note) {
        tracing::info!(code = p.code, file = p.place.file.as_deref().unwrap_or(""), "problem");
    }
    let code = finished.trouble.map_or(0, FailureClass::exit_code);
    printer.problems(finished.manifest.problems.iter().filter(|p| p.severity != Severity::Note));
    let table = match args.summary {
        Summary::Auto => std::io::stdout().is_terminal(),
        other => other == Summary::Table,
    };
    if args.json {
        printer.json(&finished.manifest);
    } else if table {
        for line in summary::round(&finished) {
            printer.data(&line);
        }
    } else {
        printer.data(&summary::one_line(&finished, code));
    }
    // The round is published; that nobody was told so is a failure all the same.
    told.map(|()| code)
}
