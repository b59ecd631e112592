//! `bidui link`: two plain files, or one with duplicates, linked by a model.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::link_measure::{self, Measured};
use super::{Observer, link_checks, link_generic, link_person};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::link::Keys;
use crate::link::pairs::{Pairs, Status};
use crate::link::pairs_table::{self, TextColumn};
use crate::plan::{GenericModel, Model, load_model};
use crate::publish::parquet;

/// Pairs in a sample for clerical review.
const SAMPLED: usize = 200;

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
    /// Day to which the files are told: nobody is born after it; today when not given.
    pub as_of: Option<Date>,
    /// Find the duplicates in one file.
    pub dedupe: bool,
    /// Estimate how good the links are although no truth is known.
    pub estimate: bool,
    /// Where a sample of pairs for clerical review goes.
    pub sample: Option<PathBuf>,
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
    /// How good the links are, when that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// What somebody should know.
    pub problems: Vec<Diagnostic>,
}

impl LinkReport {
    /// Counts the pairs of one file by state.
    fn count_pairs(&mut self, pairs: &Pairs) {
        self.pairs = pairs.right.len() as u64;
        let count = |status: Status| pairs.status.iter().filter(|s| **s == status).count() as u64;
        let all = [Status::Linked, Status::Possible, Status::Conflict, Status::Unlinked];
        self.states = all.into_iter().map(|s| (s.as_str(), count(s))).collect();
    }

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
    let mut found = problems;
    if options.dedupe != (options.files.len() == 1) {
        let message = "one file is searched for duplicates with --dedupe; two files are linked without it";
        let problem = Diagnostic::error("usage.files", message, Place::default());
        return Err(Failure::one(FailureClass::Usage, problem.hint("name one file with --dedupe, or two without")));
    }
    if let [left, right] = options.files.as_slice() {
        found.extend(link_checks::same_file(left, right));
    }
    let mut found = link_checks::refuse(found)?;
    let mut plain = match model {
        Model::Person(model) => link_person::link(options, &model, observer)?,
        Model::Generic(model) => generic(options, &model, observer)?,
    };
    found.append(&mut plain.problems);
    let mut report = LinkReport {
        model: options.model.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
        rows: plain.rows.clone(),
        set_aside: plain.set_aside.clone(),
        ..LinkReport::default()
    };
    match plain.right {
        Some(_) => report.count(&plain.pairs, *plain.rows.last().unwrap_or(&0))?,
        None => report.count_pairs(&plain.pairs),
    }
    if let Some(path) = &options.save_model {
        crate::publish::atomic::write(path, plain.fitted.as_bytes())?;
    }
    let right = plain.right.as_ref().unwrap_or(&plain.left);
    if let Some(out) = &options.out {
        let schema = pairs_table::schema(&plain.pairs, &plain.texts);
        let arrow = pairs_table::arrow(&schema);
        let batches = pairs_table::batches(&plain.pairs, &plain.left, right, &plain.texts, &arrow);
        parquet::write_batches(&schema, arrow.clone(), batches, &["left_id", "right_id"], out)?;
        report.out = Some(out.display().to_string());
    }
    if let Some(path) = &options.sample {
        link_measure::write_sample(path, &plain.pairs, SAMPLED, &plain.left, plain.right.as_ref())?;
    }
    if options.truth.is_some() || options.estimate {
        let (measured, mut problems) =
            link_measure::measure(&plain.pairs, options.truth.as_deref(), &plain.left, plain.right.as_ref())?;
        found.append(&mut problems);
        report.measured = Some(measured);
    }
    report.problems = found;
    Ok(report)
}

/// What linking by either family gives.
pub(super) struct Plain {
    /// Rows read of each side.
    pub rows: Vec<u64>,
    /// Rows of each side that could not be read.
    pub set_aside: Vec<u64>,
    /// The pairs.
    pub pairs: Pairs,
    /// Columns of the family's own.
    pub texts: Vec<TextColumn>,
    /// Keys of the left side, or of the only one.
    pub left: Keys,
    /// Keys of the right side.
    pub right: Option<Keys>,
    /// The fitted model as a file.
    pub fitted: String,
    /// What somebody should know.
    pub problems: Vec<Diagnostic>,
}

fn generic(options: &LinkOptions, model: &GenericModel, observer: Observer) -> Outcome<Plain> {
    if let Some(path) = &options.decisions {
        let message = "decisions are applied by models of family person only";
        let problem = Diagnostic::error("usage.decisions", message, Place::file(path.display().to_string()));
        return Err(Failure::one(FailureClass::Usage, problem.hint("leave --decisions out")));
    }
    let mut keys = [Keys::default(), Keys::default()];
    let linked = link_generic(options, model, observer, &mut keys)?;
    let [left, right] = keys;
    Ok(Plain {
        set_aside: vec![0; linked.rows.len()],
        right: (linked.rows.len() == 2).then_some(right),
        rows: linked.rows,
        pairs: linked.found.pairs,
        texts: Vec::new(),
        left,
        fitted: linked.found.fitted.to_toml(),
        problems: linked.problems,
    })
}

/// Keys that repeat or are blank, told with their rows. Most files have none, which an ascending order or sorted
/// fingerprints show at little cost.
pub(super) fn repeated_keys(file: &str, heading: &str, keys: &Keys) -> Vec<Diagnostic> {
    let rows = keys.len() as u32;
    if rows == 0 || !keys.get(0).is_empty() && (1..rows).all(|row| keys.get(row - 1) < keys.get(row)) {
        return Vec::new();
    }
    let mut prints: Vec<u64> = (0..rows).map(|row| fingerprint(keys.get(row))).collect();
    prints.sort_unstable();
    let blank = fingerprint("");
    if prints.windows(2).all(|w| w[0] != w[1]) && prints.binary_search(&blank).is_err() {
        return Vec::new();
    }
    // Rows count from 2: the headings are in the first.
    link_checks::keys(file, heading, (0..rows).map(|row| (row + 2, keys.get(row))))
}

/// The same in every run: the standard hasher with its fixed keys.
fn fingerprint(key: &str) -> u64 {
    use std::hash::{DefaultHasher, Hasher as _};
    let mut hasher = DefaultHasher::new();
    hasher.write(key.as_bytes());
    hasher.finish()
}

fn not_there(file: &Path) -> Diagnostic {
    Diagnostic::error("input.missing", "the file is not there", Place::file(file.display().to_string()))
        .hint("check the path")
}
