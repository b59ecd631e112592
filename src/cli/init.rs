//! `bidui init`: a working set-up in a new folder.

use std::path::PathBuf;

use super::printer::Printer;
use crate::diag::Outcome;
use crate::run;

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// New or empty folder.
    dir: PathBuf,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let made = run::init(&args.dir)?;
    let dir = made.dir.display();
    printer.message(&format!("{dir}: {} pipeline files, {} inbox folders", made.files.len(), made.inboxes.len()));
    printer.message("next:");
    printer.message(&format!(
        "  put the departments' files under {dir}/inbox/, or under {dir}/inbox/<round>/ (see 说明.txt there)"
    ));
    printer.message(&format!("  bidui check {dir}/pipelines/quarterly --input {dir}/inbox"));
    printer.message(&format!("  bidui run {dir}/pipelines/quarterly --input {dir}/inbox --out {dir}/out"));
    Ok(0)
}
