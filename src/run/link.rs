//! `bidui link`: two plain files, or one with duplicates, linked by a model.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Observer;
use super::link_person;
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::link::pairs::{Pairs, Status};
use crate::plan::{Model, load_model};

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

impl LinkOptions {
    /// The heading of a side's key column, when one is named: 0 left, 1 right.
    pub fn id_of(&self, side: usize) -> Option<&str> {
        self.ids.get(side).or(self.ids.first()).map(String::as_str)
    }
}

/// What came of it.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct LinkReport {
    /// Name of the model.
    pub model: String,
    /// Rows read of each side.
    pub rows: Vec<u64>,
    /// Rows of each side that could not be read.
    pub set_aside: Vec<u64>,
    /// Records of the right side by state.
    pub states: BTreeMap<&'static str, u64>,
    /// Share of the right side's records that somebody has to look at: possible and conflict.
    pub review_share: f64,
    /// Linked records by the pass that brought the pair together.
    pub passes: BTreeMap<String, u64>,
    /// Rows of the table of pairs.
    pub pairs: u64,
    /// Where the table lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out: Option<String>,
    /// What somebody should know.
    pub problems: Vec<Diagnostic>,
}

impl LinkReport {
    /// Counts the states and passes of the records of two files.
    ///
    /// # Errors
    /// When not every record of the right side ended in one state: that is a broken promise of this program.
    pub fn count(&mut self, pairs: &Pairs, records: u64) -> Outcome<()> {
        self.pairs = pairs.right.len() as u64;
        let mut counts = [0_u64; Status::WORDS.len()];
        let mut passes = vec![0_u64; pairs.passes.len()];
        for (at, (status, rank)) in pairs.status.iter().zip(&pairs.rank).enumerate() {
            if *rank == 1 {
                counts[*status as usize] += 1;
                if *status == Status::Linked {
                    passes[usize::from(pairs.pass[at])] += 1;
                }
            }
        }
        if counts.iter().sum::<u64>() != records {
            return Err(Failure::internal("the records of the right side do not add up to its rows"));
        }
        let review = counts[Status::Possible as usize] + counts[Status::Conflict as usize];
        self.review_share = review as f64 / records.max(1) as f64;
        self.states = Status::WORDS.into_iter().zip(counts).collect();
        self.passes = pairs.passes.iter().cloned().zip(passes).filter(|(_, n)| *n > 0).collect();
        Ok(())
    }
}

/// Links the files and writes the pairs.
///
/// # Errors
/// Class `pipeline` for a wrong model, `input_contract` and `input_missing` for files that cannot be used, `usage` for
/// options that do not fit together.
pub fn link(options: &LinkOptions, observer: Observer) -> Outcome<LinkReport> {
    let (model, problems) = load_model(&options.model);
    let Some(model) = model else {
        return Err(Failure { class: FailureClass::Pipeline, problems });
    };
    let missing: Vec<Diagnostic> = options.files.iter().filter(|f| !f.exists()).map(|f| not_there(f)).collect();
    if !missing.is_empty() {
        return Err(Failure { class: FailureClass::InputMissing, problems: missing });
    }
    let mut report = match model {
        Model::Person(model) => link_person::link(options, &model, observer)?,
        Model::Generic(model) => {
            return Err(Failure::internal(format!("model {} of family generic is not linked here yet", model.name)));
        }
    };
    report.problems.splice(0..0, problems);
    Ok(report)
}

fn not_there(file: &Path) -> Diagnostic {
    Diagnostic::error("input.missing", "the file is not there", Place::file(file.display().to_string()))
        .hint("check the path")
}
