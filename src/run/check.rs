//! Checks a pipeline, its rule tests and, when asked, the delivered files, without publishing anything.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;

use super::manifest::SourceEntry;
use super::sources::{self, Arrived, Intake};
use super::through::Keep;
use super::{Observer, clock, outputs};
use crate::cases::ledger::Deliveries;
use crate::codes::Codes;
use crate::diag::{self, Diagnostic, FailureClass, Outcome};
use crate::model::{self, Table};
use crate::plan::{self, Plan};
use crate::publish::workbook;
use crate::{codes, publish, screen};

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

/// What is to be checked.
#[derive(Debug, Clone, Copy)]
pub struct CheckOptions<'a> {
    /// Pipeline folder.
    pub pipeline: &'a Path,
    /// Folder of the delivered files, if these are to be read.
    pub input: Option<&'a Path>,
    /// Folder to write the tables of the delivered files to.
    pub tables: Option<&'a Path>,
    /// Folder to write the departments' receipts (数据质量回执) to.
    pub receipts: Option<&'a Path>,
    /// File to write the present parameters to, as a form that stands in for `params.toml` (参数表.xlsx).
    pub params_form: Option<&'a Path>,
    /// Day of the judgement; today when not given.
    pub as_of: Option<Date>,
}

/// Loads a pipeline, runs its rule tests and reads the delivered files, if an input is given.
///
/// With `tables` the normalised records of each source, the rejects and the findings are written there as Parquet; with
/// `receipts` a receipt for each source: what its department would get.
///
/// # Errors
/// `input.no_folder`, and `io.failed` when a file can neither be read nor written; what is wrong with the pipeline or with
/// the files themselves is in [`Checked::problems`].
pub fn check(options: &CheckOptions, observer: Observer) -> Outcome<Checked> {
    let CheckOptions { pipeline, input, tables, receipts, params_form, as_of } = *options;
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
        problems.extend(plan::params::without_value(&plan.params, plan.basis, crate::model::text::to_days(day)));
        if let Some(form) = params_form {
            let round = clock::round_name(plan.cadence, day);
            let divisions = codes.divisions().all().iter();
            let townships: Vec<String> =
                divisions.filter(|d| d.level == codes::DivisionLevel::Township).map(|d| d.name.clone()).collect();
            workbook::params(&workbook::Issue { plan, round: &round, as_of: day }, &townships, form)?;
        }
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
        let round = clock::round_name(plan.cadence, day);
        let intake = Intake {
            input,
            out: None,
            keep_files: false,
            round: &round,
            as_of: day,
            known: &Deliveries::default(),
            accept: &BTreeSet::new(),
            keep: tables.map_or(Keep::Nowhere, Keep::Folder),
            receipts: receipts.is_some(),
            stages: None,
        };
        let brought = sources::bring_in(plan, &codes, &intake, observer)?;
        if let Some(folder) = receipts {
            let issue = workbook::Issue { plan, round: &round, as_of: day };
            outputs::receipts(folder, &issue, &codes, &brought.sources, observer)?;
        }
        if let Some(folder) = tables {
            write_tables(folder, plan, &brought.sources)?;
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

/// Writes what the delivered files hold beside the records, which are there already.
fn write_tables(folder: &Path, plan: &Plan, arrived: &[Arrived]) -> Outcome<()> {
    publish::atomic::make_folder(folder)?;
    let write = |table: &Table| publish::parquet::write(table, &folder.join(format!("{}.parquet", table.name())));
    let sources = plan.sources.iter().zip(arrived);
    write(&outputs::rejects(sources.map(|(s, a)| (s.id.as_str(), a.rejects.as_slice()))))?;
    write(&outputs::concat(model::tables::findings(), arrived.iter().filter_map(|a| a.findings.as_ref())))
}
