//! What a program built without encryption says to whoever asks for it: the names of the other modules, which refuse.

use std::path::{Path, PathBuf};

use super::{Opened, refused};
use crate::diag::{Failure, Outcome, Place};
use crate::model::{Privacy, Table};

fn not_built(option: &str) -> Failure {
    let hint =
        "build it with `cargo build --release --features encrypt`, or seal and open files with the program `age`";
    let said = "this program was built without encryption; nothing was written".to_string();
    refused("seal.not_built", said, Place::default().field(option), hint)
}

/// Refuses.
///
/// # Errors
/// Always (64).
pub fn seal<T>(_: &Path, _: &Path, _: &[String], _: impl FnOnce(&Path) -> Outcome<T>) -> Outcome<(T, Vec<String>)> {
    Err(not_built("--encrypt-to"))
}

/// Refuses.
///
/// # Errors
/// Always (64).
pub fn open(_: &Path, _: &Path, _: &[PathBuf]) -> Outcome<()> {
    Err(not_built("--identity"))
}

/// Keys that nobody can hold here.
#[derive(Clone)]
pub enum ColumnKeys {}

/// Refuses.
///
/// # Errors
/// Always (64).
pub fn new_column_keys(_: &Path) -> Outcome<Vec<PathBuf>> {
    Err(not_built("--new-column-keys"))
}

/// Refuses.
///
/// # Errors
/// Always (64).
pub fn open_table(_: &Path, keys: &ColumnKeys) -> Outcome<Opened> {
    match *keys {}
}

impl ColumnKeys {
    /// Refuses.
    ///
    /// # Errors
    /// Always (64).
    pub fn read(_: &[PathBuf], _: &Path) -> Outcome<ColumnKeys> {
        Err(not_built("--column-keys"))
    }

    /// Nothing has an id.
    pub fn id(&self, _: Privacy) -> Option<&str> {
        match *self {}
    }

    /// There are none.
    pub fn ids(&self) -> Vec<String> {
        match *self {}
    }

    /// Cannot be called.
    ///
    /// # Errors
    /// None: there are no keys to call it with.
    pub fn write(&self, _: &Table, _: &[String], _: &Path) -> Outcome<()> {
        match *self {}
    }
}
