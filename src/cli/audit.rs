//! `bidui audit`: list, verify, head.

use std::path::PathBuf;

use serde_json::Value;

use super::printer::Printer;
use super::table::{Align, lines};
use crate::diag::{FailureClass, Outcome};
use crate::run::{self, audit};

/// Arguments of `audit`.
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
    /// The entries: who, when, what, on what, why.
    List {
        /// Only actions whose word begins so: run, forms, cases, unmask….
        #[arg(long, value_name = "WORD")]
        action: Option<String>,
        /// Only from this day on, as 2026-09-30.
        #[arg(long, value_name = "DAY")]
        since: Option<String>,
        /// Only what began and did not end: a kill, a power cut, or still at work.
        #[arg(long)]
        unfinished: bool,
    },
    /// Walk the chain from its first line and tell every line that was changed, removed, put in or swapped (exit 65).
    Verify {
        /// A head that was kept elsewhere, as on a signed 交接单: tells lines cut off at the end too.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// The last entry's number and hash: to be kept elsewhere.
    Head,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    match &args.what {
        What::List { action, since, unfinished } => {
            if let Some(day) = since {
                run::parse_day(day)?;
            }
            let wanted = audit::Wanted { action: action.clone(), since: since.clone(), unfinished: *unfinished };
            let found = audit::list(&args.out, &wanted)?;
            match args.json {
                true => printer.json(&found),
                false => table(&found).iter().for_each(|line| printer.data(line)),
            }
        }
        What::Verify { head } => {
            let verified = audit::verify(&args.out, head.as_deref())?;
            if args.json {
                printer.json(&verified);
            } else {
                let mut said = format!(
                    "{} entries sound up to {} {}; {} flaws",
                    verified.entries,
                    verified.head.seq,
                    verified.head.hash,
                    verified.flaws.len()
                );
                if verified.mended > 0 {
                    said.push_str(&format!(
                        "; {} lines broken off by a power cut, each told below it",
                        verified.mended
                    ));
                }
                if !verified.unfinished.is_empty() {
                    let open: Vec<String> = verified.unfinished.iter().map(u64::to_string).collect();
                    said.push_str(&format!("; begun and not ended: {}", open.join(", ")));
                }
                if let Some(after) = verified.after_head {
                    said.push_str(&format!("; the kept head is in the chain, {after} entries before its end"));
                }
                printer.data(&said);
            }
            if let Some(failure) = verified.failure() {
                printer.problems(failure.problems.iter());
                return Ok(failure.class.exit_code());
            }
        }
        What::Head => {
            let head = audit::head(&args.out)?;
            match args.json {
                true => printer.json(&head),
                false => printer.data(&format!("{} {}", head.seq, head.hash)),
            }
            if head.seq == 0 {
                return Ok(FailureClass::InputMissing.exit_code());
            }
        }
    }
    Ok(0)
}

fn table(entries: &[Value]) -> Vec<String> {
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_string);
    let some = |v: &Value| if v.is_null() { String::new() } else { text(v) };
    let row = |e: &Value| {
        let who = &e["who"];
        let person = if who["operator"].is_null() { some(&who["user"]) } else { some(&who["operator"]) };
        let mut about: Vec<String> =
            e["on"].as_object().into_iter().flatten().map(|(k, v)| format!("{k}={}", text(v))).collect();
        about.extend(
            ["exit", "by", "why"].into_iter().filter(|k| !e[k].is_null()).map(|k| format!("{k}={}", text(&e[k]))),
        );
        vec![some(&e["seq"]), some(&e["at"]), person, some(&e["action"]), some(&e["event"]), about.join(" ")]
    };
    let left = Align::Left;
    let head =
        [("seq", Align::Right), ("at 时间", left), ("who 谁", left), ("action", left), ("event", left), ("on", left)];
    lines(&head, &entries.iter().map(row).collect::<Vec<_>>())
}
