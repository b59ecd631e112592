//! `bidui runs`: the published rounds: list, show, verify, compare, undo, restore, prune, bundle, replay.

use std::path::PathBuf;

use super::printer::Printer;
use super::progress::Progress;
use super::table::{Align, lines};
use crate::diag::Outcome;
use crate::run;
use crate::run::audit::{self, Action};

/// Arguments of `runs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
    /// Folder that holds the rounds.
    #[arg(long, global = true, default_value = "out")]
    out: PathBuf,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// The published rounds.
    List,
    /// One round: what it holds.
    Show {
        /// The round; the latest when not given.
        round: Option<String>,
    },
    /// Hash every file of a round again and tell what is not as it was published (exit 65).
    Verify {
        /// The round; the latest when not given.
        round: Option<String>,
        /// Folder above the pipeline folders: the pipeline's files are checked too.
        #[arg(long)]
        pipelines: Option<PathBuf>,
        /// Folder of the deliveries: they are checked too.
        #[arg(long)]
        input: Option<PathBuf>,
    },
    /// What differs between two rounds, in counts.
    Compare {
        /// One round.
        first: String,
        /// The other.
        second: String,
    },
    /// Put back what was before the last run: its round's files and the ledger. Refused when people's work rests on it.
    Undo {
        /// The round.
        round: String,
        /// Why, for the audit log; needed.
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Take an undo back.
    Restore {
        /// The round.
        round: String,
    },
    /// Show which rounds and deliveries the pipeline's policy (keep_rounds, keep_days) does not keep; with --yes remove them.
    Prune {
        /// Pipeline folder.
        pipeline: PathBuf,
        /// The day from which it counts, as 2026-09-30; today in China when not given.
        #[arg(long)]
        on: Option<String>,
        /// Remove what is shown.
        #[arg(long)]
        yes: bool,
    },
    /// Put everything a round was made from into one folder, to be replayed elsewhere. It holds what departments sent.
    Bundle {
        /// The round; the latest when not given.
        round: Option<String>,
        /// The folder to write, new or empty.
        #[arg(long)]
        to: PathBuf,
        /// Folder above the pipeline folders.
        #[arg(long, default_value = "pipelines")]
        pipelines: PathBuf,
        /// Seal every file for this reader: an age public key (age1…) or a file of them; may be given several times.
        #[arg(long, value_name = "KEY|FILE")]
        encrypt_to: Vec<String>,
    },
    /// Make a bundle's round again and compare every byte (exit 65 when something differs). Stands in the audit log of --out, if
    /// that folder has one.
    Replay {
        /// The folder of the bundle.
        dir: PathBuf,
        /// Keep the replayed round in this folder, new or empty.
        #[arg(long)]
        to: Option<PathBuf>,
        /// File with the secret key of one for whom the bundle was sealed; may be given several times.
        #[arg(long, value_name = "FILE")]
        identity: Vec<PathBuf>,
    },
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    match &args.what {
        What::List => {
            let runs = run::list_runs(&args.out)?;
            if args.json {
                printer.json(&runs);
                return Ok(0);
            }
            let rows: Vec<Vec<String>> = runs
                .iter()
                .map(|r| {
                    let at = r.published_at.clone().unwrap_or_else(|| "-".into());
                    let text = [&r.round, &r.as_of, &r.pipeline, &r.run_id, &at].map(Clone::clone);
                    let counts = [r.online, r.missing.len() as u64, r.problems as u64].map(|n| n.to_string());
                    [text.to_vec(), counts.to_vec()].concat()
                })
                .collect();
            let (left, right) = (Align::Left, Align::Right);
            let head = [
                ("round 批次", left),
                ("as_of 截至", left),
                ("pipeline", left),
                ("run_id", left),
                ("published 发布", left),
                ("online 线上", right),
                ("missing 未交", right),
                ("problems", right),
            ];
            lines(&head, &rows).iter().for_each(|line| printer.data(line));
        }
        What::Show { round } => {
            let shown = run::show_run(&args.out, round.as_deref())?;
            if args.json {
                printer.json(&shown);
                return Ok(0);
            }
            let at = shown.published_at.as_deref().unwrap_or("-");
            printer.data(&format!(
                "{} as_of={} pipeline={} run_id={} published={at}",
                shown.round, shown.as_of, shown.pipeline, shown.run_id
            ));
            if !shown.missing.is_empty() {
                printer.data(&format!("missing: {}", shown.missing.join(", ")));
            }
            let counts = shown.comparison.iter().chain(&shown.tables);
            let rows: Vec<Vec<String>> = counts.map(|(k, n)| vec![k.clone(), n.to_string()]).collect();
            let head = [("what", Align::Left), ("rows", Align::Right)];
            lines(&head, &rows).iter().for_each(|line| printer.data(line));
        }
        What::Verify { round, pipelines, input } => {
            let verified = run::verify_run(&args.out, round.as_deref(), pipelines.as_deref(), input.as_deref())?;
            if args.json {
                printer.json(&verified);
            } else {
                let n = verified.differences.len();
                printer.data(&format!("{}: {} files as published, {n} not", verified.round, verified.sound));
            }
            if let Some(failure) = verified.failure() {
                printer.problems(failure.problems.iter());
                return Ok(failure.class.exit_code());
            }
        }
        What::Compare { first, second } => {
            let compared = run::compare_runs(&args.out, first, second)?;
            if args.json {
                printer.json(&compared);
                return Ok(0);
            }
            let rows: Vec<Vec<String>> =
                compared.iter().map(|c| vec![c.what.clone(), c.first.to_string(), c.second.to_string()]).collect();
            let head = [("what", Align::Left), (first.as_str(), Align::Right), (second.as_str(), Align::Right)];
            lines(&head, &rows).iter().for_each(|line| printer.data(line));
        }
        What::Undo { round, reason } => {
            let action = Action::new("runs.undo").why(reason).on("round", round.as_str());
            let undone = audit::act(&args.out, &action, |_| {
                audit::demand_reason(reason)?;
                run::undo_run(&args.out, round)
            })?;
            put_back(args, printer, &undone);
        }
        What::Restore { round } => {
            let action = Action::new("runs.restore").on("round", round.as_str());
            put_back(args, printer, &audit::act(&args.out, &action, |_| run::restore_run(&args.out, round))?);
        }
        What::Prune { pipeline, on, yes } => {
            let on = on.as_deref().map(run::parse_day).transpose()?;
            let prune = || run::prune_runs(&args.out, pipeline, on, *yes);
            let pruned = match yes {
                false => prune()?,
                true => audit::act(&args.out, &Action::new("runs.prune"), |facts| {
                    let pruned = prune()?;
                    facts.add("rounds", pruned.rounds.clone());
                    facts.add("deliveries", pruned.deliveries.len());
                    Ok(pruned)
                })?,
            };
            if args.json {
                printer.json(&pruned);
                return Ok(0);
            }
            let word = if pruned.removed { "removed" } else { "would go" };
            pruned.rounds.iter().for_each(|round| printer.data(&format!("{word}: round {round}")));
            pruned.deliveries.iter().for_each(|name| printer.data(&format!("{word}: delivery {name}")));
            pruned.held.iter().for_each(|(round, why)| printer.data(&format!("stays: round {round}: {why}")));
            printer.data(&format!("{} bytes {word}", pruned.bytes));
        }
        What::Bundle { round, to, pipelines, encrypt_to } => {
            let made = audit::act(&args.out, &Action::new("runs.bundle"), |facts| {
                let made = run::bundle_run(&args.out, round.as_deref(), pipelines, to, encrypt_to)?;
                facts.add("round", made.round.as_str());
                facts.add("files", made.files);
                facts.add("sealed", !encrypt_to.is_empty());
                Ok(made)
            })?;
            match args.json {
                true => printer.json(&made),
                false => printer.data(&format!(
                    "{} (run {}): {} files, {} bytes in {}",
                    made.round, made.run_id, made.files, made.bytes, made.dir
                )),
            }
        }
        What::Replay { dir, to, identity } => {
            let progress = Progress::new();
            let replay = |facts: &mut audit::Facts| {
                let replayed = run::replay_bundle(dir, to.as_deref(), identity, &|e| progress.event(e))?;
                facts.add("round", replayed.round.as_str());
                facts.add("run_id", replayed.run_id.as_str());
                facts.add("same", replayed.same);
                facts.add("not_same", replayed.differences.len());
                facts.exit(replayed.failure().map_or(0, |f| f.class.exit_code()));
                Ok(replayed)
            };
            // On another machine no office's log is there, and the folder named with --to may have to be empty.
            let replayed = match args.out.join(audit::FILE).is_file() {
                true => audit::act(&args.out, &Action::new("runs.replay"), replay),
                false => replay(&mut audit::Facts::default()),
            };
            progress.finish();
            let replayed = replayed?;
            match args.json {
                true => printer.json(&replayed),
                false => {
                    let (same, not) = (replayed.same, replayed.differences.len());
                    printer.data(&format!("{}: {same} files byte for byte as published, {not} not", replayed.round));
                }
            }
            if let Some(failure) = replayed.failure() {
                printer.problems(failure.problems.iter());
                return Ok(failure.class.exit_code());
            }
        }
    }
    Ok(0)
}

fn put_back(args: &Args, printer: &Printer, done: &run::PutBack) {
    if args.json {
        return printer.json(done);
    }
    let run = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".into());
    printer.data(&format!("{}: run {} counts now, run {} no longer", done.round, run(&done.now), run(&done.taken)));
}
