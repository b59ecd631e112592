//! Checks a pipeline, its rule tests and, when asked, the delivered files, without publishing anything.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;

use super::manifest::SourceEntry;
use super::sources::Intake;
use super::{Observer, clock, outputs, sources};
use crate::cases::ledger::Deliveries;
use crate::codes::Codes;
use crate::diag::{self, Diagnostic, FailureClass, Outcome};
use crate::publish::workbook;
use crate::{codes, plan, screen};

/// What a check found.
#[derive(Debug, serde::Serialize)]
pub struct Checked {
    /// Pipeline name, when it could be read.
    pub pipeline: Option<String>,
    /// Number of sources, indicators, rules and rule tests.
    pub sources: usize,
    /// Number of indicators.
    pub indicators: usize,
    /// Number of rules.
    pub rules: usize,
    /// Number of rule tests that were run.
    pub rule_tests: usize,
    /// All problems, errors first.
    pub problems: Vec<Diagnostic>,
    /// What the delivered files hold, when an input folder was given.
    pub delivered: Vec<SourceEntry>,
    /// Why the exit code is not 0.
    pub trouble: Option<FailureClass>,
}

/// Loads a pipeline, runs its rule tests and reads the delivered files of `input`, if given.
///
/// With `receipts` a receipt (数据质量回执) for each source is written into that folder: what its department would get.
///
/// # Errors
/// Something cannot be read or written (74), or there is no input folder (66).
pub fn check(
    pipeline: &Path,
    input: Option<&Path>,
    receipts: Option<&Path>,
    as_of: Option<Date>,
    observer: Observer,
) -> Outcome<Checked> {
    let day = match as_of {
        Some(day) => day,
        None => clock::today()?,
    };
    let (loaded, mut problems) = plan::load(pipeline);
    let mut checked = Checked {
        pipeline: None,
        sources: 0,
        indicators: 0,
        rules: 0,
        rule_tests: 0,
        problems: Vec::new(),
        delivered: Vec::new(),
        trouble: None,
    };
    let mut codes = Codes::default();
    if let Some(plan) = &loaded {
        checked.pipeline = Some(plan.name.clone());
        checked.sources = plan.sources.len();
        checked.indicators = plan.indicators.len();
        checked.rules = plan.rules.len();
        checked.rule_tests = plan.rule_tests.len();
        problems.extend(screen::run_tests(plan));
        let (loaded, code_problems) = codes::load(&plan.codes_dir);
        codes = loaded;
        problems.extend(code_problems);
        problems.extend(plan::params::without_value(&plan.params, crate::model::text::to_days(day)));
    }
    if problems.iter().any(Diagnostic::is_error) || loaded.is_none() {
        checked.trouble = Some(FailureClass::Pipeline);
    }
    if let (Some(plan), Some(input)) = (&loaded, input) {
        let round = clock::round_name(plan.cadence, day);
        let intake = Intake {
            input,
            out: None,
            round: &round,
            as_of: day,
            known: &Deliveries::default(),
            accept: &BTreeSet::new(),
        };
        let brought = sources::bring_in(plan, &codes, &intake, observer)?;
        if let Some(folder) = receipts {
            let issue = workbook::Issue { plan, round: &round, as_of: day };
            outputs::receipts(folder, &issue, &codes, &brought.sources, observer)?;
        }
        problems.extend(brought.problems);
        checked.trouble = checked.trouble.or(brought.trouble);
        for arrived in brought.sources {
            problems.extend(arrived.problems);
            checked.trouble = checked.trouble.or(arrived.trouble);
            checked.delivered.push(arrived.entry);
        }
    }
    diag::sort(&mut problems);
    checked.problems = problems;
    Ok(checked)
}
