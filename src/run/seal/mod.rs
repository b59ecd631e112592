//! What leaves the office for certain readers only.
//!
//! `--encrypt-to` seals whole files (`files`, `age_file`): what is to be sealed is first written into a folder of its own within the output
//! folder, which holds all of it in plain already; the folder that leaves the office sees only sealed files. `--column-keys` locks
//! columns of Parquet files (`columns`), under keys that `keys` makes and reads. A program built without the feature `encrypt`
//! refuses all of it (`without`).

#[cfg(feature = "encrypt")]
mod age_file;
#[cfg(feature = "encrypt")]
mod columns;
#[cfg(feature = "encrypt")]
mod files;
#[cfg(feature = "encrypt")]
mod keys;
#[cfg(not(feature = "encrypt"))]
mod without;

use std::path::{Path, PathBuf};

use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
#[cfg(feature = "encrypt")]
pub use columns::open_table;
#[cfg(feature = "encrypt")]
pub use keys::{ColumnKeys, new_column_keys};
#[cfg(not(feature = "encrypt"))]
use without as files;
#[cfg(not(feature = "encrypt"))]
pub use without::{ColumnKeys, new_column_keys, open_table};

/// A table as far as somebody's keys open it.
#[derive(Debug)]
pub struct Opened {
    /// Without the columns that stay locked.
    pub table: crate::model::Table,
    /// Columns that stay locked, each with the id of its key.
    pub locked: Vec<(String, String)>,
}

/// Lets `write` write into a folder, and puts every file of it, sealed for `recipients`, into `to` under its name with `.age`.
/// Without recipients `write` writes into `to`.
///
/// A recipient is a public key `age1…` or a file of them, one a line. Gives what `write` gave and the names of the sealed files.
///
/// # Errors
/// A recipient is none (64), the program was built without encryption (64), something cannot be read or written (74).
pub fn sealed<T>(
    out: &Path,
    to: &Path,
    recipients: &[String],
    write: impl FnOnce(&Path) -> Outcome<T>,
) -> Outcome<(T, Vec<String>)> {
    if recipients.is_empty() {
        return Ok((write(to)?, Vec::new()));
    }
    files::seal(out, to, recipients, write)
}

/// Puts every sealed file of a folder, opened with an identity, into `to` under its name without `.age`. What is not sealed is left.
///
/// An identity file holds secret keys (`AGE-SECRET-KEY-1…`), one a line, as `age-keygen` writes them.
///
/// # Errors
/// An identity is none (64); none of them is a reader's, or a file is not as it was sealed (65, all of these files); the program was
/// built without encryption (64); something cannot be read or written (74).
pub fn opened(from: &Path, to: &Path, identities: &[PathBuf]) -> Outcome<()> {
    files::open(from, to, identities)
}

fn refused(code: &'static str, said: String, place: Place, hint: &str) -> Failure {
    Failure::one(FailureClass::Usage, Diagnostic::error(code, said, place).hint(hint))
}
