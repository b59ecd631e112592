//! `bidui link`: two plain files, or one with duplicates, linked by a model.

use std::path::PathBuf;

use super::Observer;
use crate::diag::{Failure, Outcome};

/// What to link and how.
#[derive(Debug, Clone, Default)]
pub struct LinkOptions {
    /// One file to find duplicates in, or the left (register) and the right side.
    pub files: Vec<PathBuf>,
    /// The linkage model.
    pub model: PathBuf,
    /// Where the pairs go, as Parquet.
    pub out: Option<PathBuf>,
    /// Headings of the key columns, left and right.
    pub ids: Vec<String>,
    /// Known pairs to measure against.
    pub truth: Option<PathBuf>,
    /// Known pairs to estimate the model from.
    pub labels: Option<PathBuf>,
    /// Decisions of people, applied first.
    pub decisions: Option<PathBuf>,
    /// Where the fitted model goes.
    pub save_model: Option<PathBuf>,
}

/// What came of it.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct LinkReport {
    /// Rows of each side.
    pub rows: Vec<u64>,
}

/// Links the files and writes the pairs.
pub fn link(options: &LinkOptions, observer: Observer) -> Outcome<LinkReport> {
    let _ = (options, observer);
    Err(Failure::internal("linking of plain files is being built"))
}
