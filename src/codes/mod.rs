//! Code tables and the division table: what departments write → one canonical code each.
//!
//! In: a folder of CSV files (`code,title,aliases`; for `divisions.csv` `code,name,level,parent,aliases`, for
//! `division_changes.csv` `old_code,old_name,new_code,from,kind`, for `holidays.csv` `date,kind,title,document`), each
//! with a comment block that says its name, version, first day and document. Out: [`Codes`], which the plan checks
//! contracts against and `normalize` looks values up in. A code is never decoded without the table's name: counties
//! number the same things differently.

mod division_changes;
mod divisions;
mod fold;
mod table;
mod workdays;

#[cfg(test)]
mod tests;

pub use divisions::{Division, DivisionLevel, Divisions, Lookup};
pub use fold::fold;
pub use table::{CodeTable, Entry};
pub use workdays::{Due, Workdays};

use std::collections::BTreeMap;
use std::path::Path;

use crate::diag::{Diagnostic, Place};

/// Name of the division table's file, without its ending.
const DIVISIONS: &str = "divisions";

/// Name of the file that says what became of townships and villages.
const CHANGES: &str = "division_changes";

/// Name of the file of days off and days worked.
const HOLIDAYS: &str = "holidays";

/// All code tables of a folder.
#[derive(Debug, Clone, Default)]
pub struct Codes {
    tables: BTreeMap<String, CodeTable>,
    divisions: Divisions,
    workdays: Workdays,
}

impl Codes {
    /// The code table of a name, for example `relation`.
    pub fn table(&self, name: &str) -> Option<&CodeTable> {
        self.tables.get(name)
    }

    /// All code tables in name order; the division table is not among them.
    pub fn tables(&self) -> impl Iterator<Item = &CodeTable> {
        self.tables.values()
    }

    /// Townships and villages; empty when the folder has no `divisions.csv`.
    pub fn divisions(&self) -> &Divisions {
        &self.divisions
    }

    /// The calendar of working days; weekends alone when the folder has no `holidays.csv`.
    pub fn workdays(&self) -> &Workdays {
        &self.workdays
    }
}

/// Reads every `*.csv` of a folder.
///
/// Gives what could be read, and every problem of every file with its line. A problem of severity error means that the
/// tables must not be used; a folder without `divisions.csv` is a warning, since code tables alone are of use too.
pub fn load(dir: &Path) -> (Codes, Vec<Diagnostic>) {
    let mut codes = Codes::default();
    let mut problems = Vec::new();
    let mut has_divisions = false;
    let mut changes = None;
    let files = match list(dir) {
        Ok(files) => files,
        Err(error) => {
            let place = Place::file(show(dir));
            problems.push(
                Diagnostic::error("codes.unreadable", format!("cannot read the folder of code tables: {error}"), place)
                    .hint("check the key `shared` of pipeline.toml; code tables lie in its folder `codes`"),
            );
            return (codes, problems);
        }
    };
    for path in files {
        let file = show(&path);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                problems.push(
                    Diagnostic::error(
                        "codes.unreadable",
                        format!("cannot read the code table: {error}"),
                        Place::file(file),
                    )
                    .hint("code tables are CSV files in UTF-8"),
                );
                continue;
            }
        };
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let sheet = table::Sheet::parse(&stem, &file, &text, &mut problems);
        if stem == DIVISIONS {
            has_divisions = true;
            codes.divisions = Divisions::from_sheet(&sheet, &mut problems);
        } else if stem == CHANGES {
            changes = Some(sheet);
        } else if stem == HOLIDAYS {
            codes.workdays = Workdays::from_sheet(&sheet, &mut problems);
        } else {
            codes.tables.insert(stem, CodeTable::from_sheet(sheet, &mut problems));
        }
    }
    if let Some(changes) = changes {
        division_changes::apply(&changes, &mut codes.divisions, &mut problems);
    }
    if !has_divisions {
        problems.push(
            Diagnostic::warning(
                "codes.no_divisions",
                "there is no divisions.csv: no township or village can be recognised",
                Place::file(show(dir)),
            )
            .hint("add divisions.csv with the columns code,name,level,parent,aliases"),
        );
    }
    (codes, problems)
}

/// The CSV files of a folder in name order.
fn list(dir: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "csv") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn show(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}
