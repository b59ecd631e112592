//! `bidui backup`: a checked copy of the ledger.

use std::path::PathBuf;

use super::printer::Printer;
use crate::diag::{Failure, Outcome};
use crate::run::audit::{self, Action};
use crate::run::{self, manifest};

/// Arguments of `backup`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder that holds the rounds and the ledger.
    #[arg(long, default_value = "out")]
    out: PathBuf,
    /// File to write; one of that name is replaced when the new copy is whole.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let copied = audit::act(&args.out, &Action::new("backup"), |facts| {
        let copied = run::backup(&args.out, &args.to)?;
        let (sha256, _) = manifest::hash_file(&args.to).map_err(|e| Failure::io("hash", &args.to, &e))?;
        facts.add("rows", copied.rows);
        facts.add("sha256", sha256);
        Ok(copied)
    })?;
    if args.json {
        printer.json(&copied);
    } else {
        let (to, rows, tables) = (args.to.display(), copied.rows, copied.tables);
        printer.data(&format!("{to}: {rows} rows of {tables} tables, {} bytes, checked", copied.bytes));
    }
    Ok(0)
}
