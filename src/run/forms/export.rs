//! `bidui forms export KIND`: forms that go out between rounds.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::civil::Date;

use super::super::audit::{self, Action};
use super::super::pipeline::load_plan;
use super::super::{Round, clock, lock, papers};
use super::{FormKind, Issued, ledger_of, offline, spec, verify, words};
use crate::cases::forms::{IssuedRow, keep};
use crate::cases::ledger::CaseState;
use crate::codes::{self, Codes, DivisionLevel};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::model::token;
use crate::plan::{Phase, Plan};
use crate::publish::filename::Names;
use crate::publish::workbook;

/// What is to go out.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// Pipeline folder.
    pub pipeline: PathBuf,
    /// Folder that holds the rounds and the ledger.
    pub out: PathBuf,
    /// Code of the kind.
    pub kind: String,
    /// Folder to write to; `OUT/forms/<kind>/<day>` when not given.
    pub to: Option<PathBuf>,
    /// Day of issue; today in Asia/Shanghai when not given.
    pub on: Option<Date>,
}

/// What went out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Exported {
    /// Code of the kind.
    pub kind: String,
    /// Workbooks.
    pub files: Vec<PathBuf>,
    /// Rows on them.
    pub rows: usize,
}

/// Writes the forms of a kind.
///
/// `verify`: what is still to be verified and not answered, from the last published round, one workbook for each township.
/// `blank`, `self_report`: an empty form for each township. `identity`, `publicity`, `township`, `meeting`, `order`, `filing`,
/// `return`, `exit`, `notice`, `remeasure`: what waits on the office's desk, by recipient; the lists for publicity begin the publicity.
///
/// # Errors
/// The kind is none that goes out so (64), the pipeline is wrong (78), there is no round (66), another run holds the folder
/// (75), something cannot be read or written (74).
pub fn export(options: &ExportOptions) -> Outcome<Exported> {
    audit::act(&options.out, &Action::new("forms.export"), |facts| {
        let exported = export_now(options)?;
        facts.add("kind", exported.kind.as_str());
        facts.add("files", exported.files.len());
        facts.add("rows", exported.rows);
        Ok(exported)
    })
}

/// Does what [`export`] writes down.
fn export_now(options: &ExportOptions) -> Outcome<Exported> {
    let (plan, _) = load_plan(&options.pipeline)?;
    let (codes, _) = codes::load(&plan.codes_dir);
    let on = match options.on {
        Some(day) => day,
        None => clock::today()?,
    };
    let kind = FormKind::of(&options.kind);
    let Some((kind, spec)) = kind.and_then(|kind| Some((kind, spec(kind, &plan, &codes)?))) else {
        let problem = Diagnostic::error("usage.form_kind", "there is no such form", Place::default().field("KIND"))
            .hint("verify, blank, self_report, identity, publicity, township, meeting, order, filing, return, exit, notice or remeasure");
        return Err(Failure::one(FailureClass::Usage, problem));
    };
    let day = on.to_string();
    let dir = options.to.clone().unwrap_or_else(|| options.out.join("forms").join(kind.code()).join(&day));
    if papers::spec(kind, &plan).is_some() {
        return papers::export(options, kind, &dir);
    }
    if kind == FormKind::Verify {
        let _lock = lock::take(&options.out, &lock::holder("forms"))?;
        let mut ledger = ledger_of(&options.out)?;
        let round = Round::open(&options.out, None)?;
        let tasks = round.table("verification_tasks")?;
        let open = waiting(&plan, &ledger.cases()?);
        let all = verify(&plan, &codes, &round.name, on, &ledger.form_tokens()?, &tasks);
        let is_open = |row: &IssuedRow| row.case.is_some_and(|case| open.contains(&case));
        let forms: Vec<Issued> = all.into_iter().filter_map(|form| keep(form, is_open)).collect();
        ledger.change(|c| c.issue(&forms))?;
        let issue = workbook::Issue { plan: &plan, round: &round.name, as_of: round.as_of().unwrap_or(on) };
        let files = workbook::forms(&issue, &spec, &words(kind), &forms, &dir)?;
        let rows = forms.iter().map(|f| f.rows.len()).sum();
        return Ok(Exported { kind: kind.code().into(), files, rows });
    }
    let issue = workbook::Issue { plan: &plan, round: &day, as_of: on };
    let words = words(kind);
    let mut names = Names::default();
    let mut files = Vec::new();
    for township in townships(&codes) {
        let form = token::form(&[kind.code(), &day, &township]);
        // The contract tells the township from the name of the file.
        let path = dir.join(names.file(&format!("{township}{}", words.title)) + ".xlsx");
        workbook::blank(&issue, &spec, &words, &form, &township, &path)?;
        files.push(path);
    }
    if offline(&plan).is_none() || files.is_empty() {
        let problem =
            Diagnostic::error("forms.no_township", "the table of divisions has no township", Place::default());
        return Err(Failure::one(FailureClass::Pipeline, problem.hint("see codes/divisions.csv")));
    }
    Ok(Exported { kind: kind.code().into(), files, rows: 0 })
}

/// Cases that still wait for an answer. A village that has said all it knows about an identity is not asked again.
fn waiting(plan: &Plan, cases: &[CaseState]) -> BTreeSet<u32> {
    let phase = |c: &CaseState| plan.process.cases.state(&c.state).map(|s| s.phase);
    let waits = |c: &&CaseState| match phase(c) {
        Some(Phase::Verification) => true,
        Some(Phase::Identity) => !c.by_person,
        _ => false,
    };
    cases.iter().filter(waits).map(|c| c.case).collect()
}

fn townships(codes: &Codes) -> Vec<String> {
    let all = codes.divisions().all().iter();
    all.filter(|d| d.level == DivisionLevel::Township).map(|d| d.name.clone()).collect()
}
