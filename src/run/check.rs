//! Checks a pipeline, its rule tests and, when asked, the delivered files, without publishing anything.

use std::path::Path;

use jiff::civil::Date;

use super::manifest::SourceEntry;
use super::{Observer, clock, sources};
use crate::codes::Codes;
use crate::diag::{self, Diagnostic, FailureClass, Outcome};
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
pub fn check(pipeline: &Path, input: Option<&Path>, as_of: Option<Date>, observer: Observer) -> Outcome<Checked> {
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
        if input.is_none() {
            // Nothing is used yet: worth knowing before the files are there.
            let outside = plan.sources.iter().filter_map(|s| s.terms.outside(&s.title, day));
            problems.extend(outside.map(|problem| Diagnostic { severity: diag::Severity::Warning, ..problem }));
        }
    }
    if problems.iter().any(Diagnostic::is_error) || loaded.is_none() {
        checked.trouble = Some(FailureClass::Pipeline);
    }
    if let (Some(plan), Some(input)) = (&loaded, input) {
        for arrived in sources::bring_in(plan, &codes, input, day, observer)? {
            problems.extend(arrived.problems);
            checked.trouble = checked.trouble.or(arrived.trouble);
            checked.delivered.push(arrived.entry);
        }
    }
    diag::sort(&mut problems);
    checked.problems = problems;
    Ok(checked)
}
