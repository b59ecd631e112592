//! `bidui export --open`: an export with locked columns, opened as far as somebody's keys go.
//!
//! In: the folder of an export, key files. Out, in a folder of its own: every table as Parquet and CSV, in plain.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{cells, refuse_filled, write_csv};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::publish;
use crate::run::position::{clear, move_to};
use crate::run::seal::{ColumnKeys, open_table};

/// What was opened.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OpenedExport {
    /// Files that were written, below the folder.
    pub files: Vec<String>,
    /// Rows of all tables.
    pub rows: usize,
    /// Columns that stay locked, by the id of the key that they ask for.
    pub locked: BTreeMap<String, usize>,
}

/// Opens an export.
///
/// # Errors
/// The folder to write holds something (64); there is no export (66); a key file is missing (66), open to others, beside the
/// export, or of another set, or a file is not as it was written (65, all files at once); something cannot be read or written (74).
pub fn open_export(from: &Path, column_keys: &[PathBuf], to: &Path) -> Outcome<OpenedExport> {
    refuse_filled(to)?;
    let keys = ColumnKeys::read(column_keys, from)?;
    let mut names: Vec<String> = std::fs::read_dir(from)
        .map_err(|e| Failure::io("list", from, &e))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".parquet"))
        .collect();
    names.sort();
    if names.is_empty() {
        let place = Place::file(from.display().to_string());
        let problem = Diagnostic::error("export.none", "the folder holds no exported table", place)
            .hint("name the folder that `bidui export --column-keys` wrote; open .age files with `age` first");
        return Err(Failure::one(FailureClass::InputMissing, problem));
    }
    // Beside its place until it is whole.
    let name = to.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let part = to.with_file_name(format!(".{name}.part"));
    clear(&part)?;
    let written = write_opened(from, &names, &keys, &part).and_then(|opened| {
        if to.exists() {
            std::fs::remove_dir(to).map_err(|e| Failure::io("put the folder in its place", to, &e))?;
        }
        move_to(&part, to).map(|()| opened)
    });
    if written.is_err() {
        clear(&part)?;
    }
    written
}

fn write_opened(from: &Path, names: &[String], keys: &ColumnKeys, to: &Path) -> Outcome<OpenedExport> {
    let mut opened = OpenedExport { files: Vec::new(), rows: 0, locked: BTreeMap::new() };
    let mut failure: Option<Failure> = None;
    for name in names {
        match (open_table(&from.join(name), keys), &mut failure) {
            (Err(other), Some(failure)) => failure.problems.extend(other.problems),
            (Err(other), None) => failure = Some(other),
            (Ok(_), Some(_)) => {}
            (Ok(read), None) => {
                opened.rows += read.table.rows();
                read.locked.into_iter().for_each(|(_, id)| *opened.locked.entry(id).or_insert(0) += 1);
                let csv = format!("{}.csv", name.trim_end_matches(".parquet"));
                publish::parquet::write(&read.table, &to.join(name))?;
                write_csv(&to.join(&csv), &cells(&read.table))?;
                opened.files.extend([name.clone(), csv]);
            }
        }
    }
    failure.map_or(Ok(opened), Err)
}
