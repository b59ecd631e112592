//! What a program built without encryption says to whoever asks for locked columns.

use std::path::{Path, PathBuf};

use super::{Opened, not_built};
use crate::diag::Outcome;
use crate::model::{Privacy, Table};

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
