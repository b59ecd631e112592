//! The command line: one file per verb. The only place that prints, prompts or draws progress.
//!
//! stdout is data, stderr is progress and messages; `--json` wherever a program may read; colour only on a terminal and
//! never with `NO_COLOR`. Exit codes are those of [`crate::diag::FailureClass`].
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod audit;
mod backup;
mod cases;
mod check;
mod decide;
mod doctor;
mod explain;
mod export;
mod forms;
mod init;
mod link;
mod office;
mod orders;
mod plan;
mod precision;
mod printer;
mod progress;
mod pull;
mod purge;
mod run;
mod runs;
mod schema;
mod summary;
mod synth;
mod table;
mod unmask;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::diag::Outcome;
use printer::Printer;

/// Matches departments' files to the population register, screens for households at risk and compares with the villages'
/// list.
#[derive(Debug, Parser)]
#[command(name = "bidui", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// Say more on stderr; twice for traces.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
    /// Number of threads; all cores when not given. The outputs are the same on any number.
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
    /// Who sits at the keyboard, for the audit log; BIDUI_OPERATOR when not given.
    #[arg(long, global = true, value_name = "NAME")]
    operator: Option<String>,
    /// Add what is done to this file (0600) instead of stderr: stages, counts, codes; no person's value.
    #[arg(long, global = true, value_name = "FILE")]
    log: Option<std::path::PathBuf>,
    /// How lines of the log are written.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

/// How lines of the log are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object on each line.
    Json,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 64 usage; 65 an input breaks its contract (the other inputs were used \
and the round published, unless the input is a required one); 66 required input missing; 70 internal error; \
74 cannot read or write; 75 another run holds the lock; 78 pipeline file wrong.";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Copy a working set-up (pipelines, inbox folders) to a new folder.
    Init(init::Args),
    /// Check a pipeline, run its rule tests and, with --input, read the delivered files; publishes nothing.
    Check(check::Args),
    /// Copy the tables that departments open in their databases into the folder of deliveries (feature `odbc`).
    Pull(pull::Args),
    /// Show what a round, or a proposed threshold or rule, would change: who enters and leaves the list; writes nothing.
    Plan(plan::Args),
    /// How often each rule was right by the villages' answers, with its range, and which rules say the same.
    Precision(precision::Args),
    /// Run a pipeline on a folder of deliveries and publish the round.
    Run(run::Args),
    /// Take people's answers about possible links into the ledger; every later run applies them.
    Decide(decide::Args),
    /// The cases of the ledger: list, show, decide, history, overdue.
    Cases(cases::Args),
    /// The published rounds: list, show, verify, compare, undo, restore, prune, bundle, replay.
    Runs(runs::Args),
    /// Work orders: open, list with findings, step; the sheets for the national system.
    Orders(orders::Args),
    /// Forms for villages: write them, take the filled ones in, answer with receipts.
    Forms(forms::Args),
    /// A round for analysts, under pseudonyms; or counts for those outside the office, small ones suppressed.
    Export(export::Args),
    /// Tell or take away what is past the time that the pipeline sets: departments' files, rows of people not on the register.
    Purge(purge::Args),
    /// Who did what and why: list the audit log, verify its chain, show its head.
    Audit(audit::Args),
    /// Explain one number, name, household or row of a published round.
    Explain(explain::Args),
    /// Link two files, or find the duplicates in one, by a linkage model.
    Link(link::Args),
    /// Print the JSON Schema of a kind of pipeline file, for an editor that completes and checks it.
    Schema(schema::Args),
    /// Make a fictional county: departments' exports and the truth behind them.
    Synth(synth::Args),
    /// Look whether the next run will find what it needs; changes nothing.
    Doctor(doctor::Args),
    /// Write a checked copy of the ledger.
    Backup(backup::Args),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Parses the command line, does the work, and gives the exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            // clap's own 2 for a wrong command line is 64 in the list of exit codes; help and version are 0.
            return ExitCode::from(if e.use_stderr() { 64 } else { 0 });
        }
    };
    crate::run::audit::set_operator(cli.operator.as_deref().unwrap_or_default());
    let printer = Printer::new();
    let result = start_log(&cli).and_then(|()| set_threads(cli.threads)).and_then(|()| {
        tracing::info!(version = env!("CARGO_PKG_VERSION"), verb = cli.verb.name(), "begins");
        dispatch(cli.verb, &printer)
    });
    logged(&result);
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            printer.failure(&failure);
            ExitCode::from(failure.class.exit_code())
        }
    }
}

fn dispatch(verb: Verb, printer: &Printer) -> Outcome<u8> {
    match verb {
        Verb::Init(args) => init::main(&args, printer),
        Verb::Check(args) => check::main(&args, printer),
        Verb::Pull(args) => pull::main(&args, printer),
        Verb::Precision(args) => precision::main(&args, printer),
        Verb::Plan(args) => plan::main(&args, printer),
        Verb::Run(args) => run::main(&args, printer),
        Verb::Decide(args) => decide::main(&args, printer),
        Verb::Runs(args) => runs::main(&args, printer),
        Verb::Cases(args) => cases::main(&args, printer),
        Verb::Orders(args) => orders::main(&args, printer),
        Verb::Forms(args) => forms::main(&args, printer),
        Verb::Export(args) => export::main(&args, printer),
        Verb::Purge(args) => purge::main(&args, printer),
        Verb::Audit(args) => audit::main(&args, printer),
        Verb::Explain(args) => explain::main(&args, printer),
        Verb::Link(args) => link::main(&args, printer),
        Verb::Schema(args) => schema::main(&args, printer),
        Verb::Synth(args) => synth::main(&args, printer),
        Verb::Doctor(args) => doctor::main(&args, printer),
        Verb::Backup(args) => backup::main(&args, printer),
        Verb::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "bidui", &mut std::io::stdout());
            Ok(0)
        }
    }
}

impl Verb {
    /// Its name, for the log.
    fn name(&self) -> &'static str {
        match self {
            Verb::Init(_) => "init",
            Verb::Check(_) => "check",
            Verb::Pull(_) => "pull",
            Verb::Plan(_) => "plan",
            Verb::Precision(_) => "precision",
            Verb::Run(_) => "run",
            Verb::Decide(_) => "decide",
            Verb::Cases(_) => "cases",
            Verb::Runs(_) => "runs",
            Verb::Orders(_) => "orders",
            Verb::Forms(_) => "forms",
            Verb::Explain(_) => "explain",
            Verb::Link(_) => "link",
            Verb::Schema(_) => "schema",
            Verb::Synth(_) => "synth",
            Verb::Doctor(_) => "doctor",
            Verb::Backup(_) => "backup",
            Verb::Export(_) => "export",
            Verb::Purge(_) => "purge",
            Verb::Audit(_) => "audit",
            Verb::Completions { .. } => "completions",
        }
    }
}

fn set_threads(threads: Option<usize>) -> Outcome<()> {
    let Some(n) = threads else { return Ok(()) };
    rayon::ThreadPoolBuilder::new()
        .num_threads(n.max(1))
        .build_global()
        .map_err(|e| crate::diag::Failure::internal(format!("cannot set the number of threads: {e}")))
}

fn start_log(cli: &Cli) -> Outcome<()> {
    let default = match cli.verbose {
        0 if cli.log.is_some() => "bidui=info",
        0 => "bidui=warn",
        1 => "bidui=info",
        _ => "bidui=trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("BIDUI_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let (writer, colour) = match &cli.log {
        Some(path) => {
            let file =
                crate::run::open_private(path).map_err(|e| crate::diag::Failure::io("open the log", path, &e))?;
            (BoxMakeWriter::new(std::sync::Mutex::new(file)), false)
        }
        None => (BoxMakeWriter::new(std::io::stderr), printer::colour()),
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(colour);
    let _ = match cli.log_format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    Ok(())
}

/// What became of a command, for the log: its exit code and the codes of its problems, with no word of theirs.
fn logged(result: &Outcome<u8>) {
    match result {
        Ok(exit) => tracing::info!(exit, "ended"),
        Err(failure) => {
            for p in failure.problems.iter().filter(|p| p.is_error()) {
                tracing::error!(code = p.code, file = p.place.file.as_deref().unwrap_or(""), "problem");
            }
            tracing::error!(exit = failure.class.exit_code(), "stopped");
        }
    }
}
