//! `bidui export`: a round under pseudonyms for analysts, or as counts for those outside the office.

use std::path::PathBuf;

use super::printer::Printer;
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::run::export::{self, Algorithm, ExportOptions, Smallest, What};

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Round; the latest when not given.
    round: Option<String>,
    /// Pipeline folder, whose contracts say what the columns hold.
    #[arg(long, default_value = "pipelines/quarterly")]
    pipeline: PathBuf,
    /// Folder that holds the rounds.
    #[arg(long, default_value = "out")]
    out: PathBuf,
    /// New folder for the files.
    #[arg(long, value_name = "DIR", required_unless_present_any = ["new_key", "new_column_keys"])]
    to: Option<PathBuf>,
    /// Key file of the pseudonyms; the same file gives the same person the same pseudonym in every export.
    #[arg(long, value_name = "FILE", conflicts_with = "aggregate")]
    key: Option<PathBuf>,
    /// Make a new key file, for its owner alone, and do nothing else.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "key", "aggregate"])]
    new_key: Option<PathBuf>,
    /// Keep what would be left out, encrypted, in the Parquet files: a key file, or a folder of them; may be given several times.
    #[arg(long, value_name = "FILE|DIR", conflicts_with = "aggregate")]
    column_keys: Vec<PathBuf>,
    /// Make a folder with a new key file for each privacy class, for their owner alone, and do nothing else.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["to", "key", "column_keys", "aggregate", "new_key", "open"])]
    new_column_keys: Option<PathBuf>,
    /// Open an export with --column-keys: every table, as far as the keys go, in plain into the folder of --to.
    #[arg(long, value_name = "DIR", requires_all = ["to", "column_keys"], conflicts_with_all = ["key", "aggregate", "new_key", "encrypt_to", "round"])]
    open: Option<PathBuf>,
    /// Keyed hash of the pseudonyms.
    #[arg(long, value_enum, default_value_t = Mac::Sha256)]
    mac: Mac,
    /// Smallest places that stay in the rows.
    #[arg(long, value_enum, default_value_t = Division::Township)]
    division: Division,
    /// Counts only, small ones suppressed.
    #[arg(long)]
    aggregate: bool,
    /// Counts below this are suppressed, with what would give them away.
    #[arg(long, default_value_t = export::THRESHOLD, value_parser = clap::value_parser!(u64).range(2..))]
    threshold: u64,
    /// Seal every file for this reader: an age public key (age1…) or a file of them; may be given several times.
    #[arg(long, value_name = "KEY|FILE")]
    encrypt_to: Vec<String>,
    /// Why and for whom, for the audit log.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Mac {
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SM3.
    Sm3,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Division {
    /// Townships.
    Township,
    /// Villages.
    Village,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    if let Some(path) = &args.new_key {
        export::new_key(path)?;
        printer.message(&format!("{}: keep it apart from the data and in a backup of its own", path.display()));
        return Ok(0);
    }
    if let Some(dir) = &args.new_column_keys {
        for path in export::new_column_keys(dir)? {
            printer.message(&format!("{}: for those alone who may read what it opens; keep a backup", path.display()));
        }
        return Ok(0);
    }
    if let Some(from) = &args.open {
        let opened = export::open_export(from, &args.column_keys, args.to.as_deref().unwrap_or(from))?;
        if args.json {
            printer.json(&opened);
            return Ok(0);
        }
        printer.data(&format!("{} files, {} rows", opened.files.len(), opened.rows));
        for (id, columns) in &opened.locked {
            printer.message(&format!("{columns} columns stay locked: they need the key {id}"));
        }
        return Ok(0);
    }
    let what = match (&args.key, args.aggregate) {
        (_, true) => What::Counts { threshold: args.threshold },
        (Some(key), false) => What::Rows {
            key: key.clone(),
            algorithm: if args.mac == Mac::Sm3 { Algorithm::Sm3 } else { Algorithm::Sha256 },
            smallest: if args.division == Division::Village { Smallest::Village } else { Smallest::Township },
            column_keys: args.column_keys.clone(),
        },
        (None, false) => {
            let problem = Diagnostic::error("usage.key", "no key file is given", Place::default().field("--key"))
                .hint("make one with `bidui export --new-key FILE`, or ask for counts with --aggregate");
            return Err(Failure::one(FailureClass::Usage, problem));
        }
    };
    let options = ExportOptions {
        pipeline: args.pipeline.clone(),
        out: args.out.clone(),
        round: args.round.clone(),
        to: args.to.clone().unwrap_or_default(),
        encrypt_to: args.encrypt_to.clone(),
        what,
        reason: args.reason.clone(),
    };
    let exported = export::export(&options)?;
    if args.json {
        printer.json(&exported);
    } else {
        let mut key = exported.key_id.as_ref().map(|k| format!(", key {k}")).unwrap_or_default();
        exported.column_keys.iter().for_each(|id| key.push_str(&format!(", columns locked with {id}")));
        printer.data(&format!("{}: {} files, {} rows{key}", exported.round, exported.files.len(), exported.rows));
    }
    Ok(0)
}
