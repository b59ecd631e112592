//! Filled 核实表 → how often each rule was right: the round's tasks tell which household an answer is about.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Round;
use crate::cases::forms::{self, FormKind};
use crate::cases::ledger::case_number;
use crate::cases::{self, Answer, Heard};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::ingest;
use crate::model::Table;
use crate::plan::Plan;
use crate::publish;

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct PrecisionOptions {
    /// Pipeline folder, for the rules' titles and the causes' names.
    pub pipeline: PathBuf,
    /// Folder that holds the rounds.
    pub out: PathBuf,
    /// The round that was verified; the last one when not given.
    pub round: Option<String>,
    /// Folder of the filled 核实表.
    pub answers: PathBuf,
    /// Folder to write the tables to.
    pub tables: Option<PathBuf>,
}

/// How often rules were right.
#[derive(Debug)]
pub struct Precision {
    /// The round.
    pub round: String,
    /// Rows of the forms that hold an answer.
    pub answered: u64,
    /// Tasks of the round.
    pub tasks: u64,
    /// `rule_precision`.
    pub precision: Table,
    /// `rule_overlap`.
    pub overlap: Table,
    /// What is to be told about the forms.
    pub problems: Vec<Diagnostic>,
}

/// Reads the answers and counts by rule, department and township.
///
/// # Errors
/// There is no such round (66), the pipeline is wrong (78), or something cannot be read or written (74). An answer that is
/// none, or about a task that the round does not have, is told and left out.
pub fn precision(options: &PrecisionOptions) -> Outcome<Precision> {
    let (plan, _) = super::pipeline::load_plan(&options.pipeline)?;
    let round = Round::open(&options.out, options.round.as_deref())?;
    let (tasks, hits) = (round.table("verification_tasks")?, round.table("rule_hits")?);
    let households = round.table("households")?;
    let mut problems = Vec::new();
    let answers = answers(&options.answers, &plan, &round.name, &tasks, &mut problems)?;
    let precision = cases::rule_precision(&hits, &households, &answers, &plan);
    let overlap = cases::rule_overlap(&hits);
    if let Some(folder) = &options.tables {
        publish::atomic::make_folder(folder)?;
        for table in [&precision, &overlap] {
            publish::parquet::write(table, &folder.join(format!("{}.parquet", table.name())))?;
        }
    }
    let (answered, tasks) = (answers.len() as u64, tasks.rows() as u64);
    Ok(Precision { round: round.name, answered, tasks, precision, overlap, problems })
}

fn answers(
    folder: &Path,
    plan: &Plan,
    round: &str,
    tasks: &Table,
    problems: &mut Vec<Diagnostic>,
) -> Outcome<Vec<Answer>> {
    if !folder.is_dir() {
        let problem = Diagnostic::error(
            "input.no_folder",
            "the folder of answers does not exist or is no folder",
            Place::file(folder.display().to_string()),
        );
        let problem = problem.hint("name the folder that holds the filled 核实表 of the townships");
        return Err(Failure::one(FailureClass::InputMissing, problem));
    }
    // The same questions have the same tokens, so the round's own tables tell whom a row is about.
    let day = jiff::civil::Date::constant(1970, 1, 1);
    let taken = forms::Taken::new();
    let issue = forms::Issue { kind: FormKind::Verify, round, issued_on: day, due_on: None, taken: &taken };
    let issued = forms::verify_forms(&issue, tasks);
    let of_case: BTreeMap<u32, &str> = (0..tasks.rows())
        .filter_map(|row| Some((case_number(tasks.str_at("case_id", row)?)?, tasks.str_at("household_id", row)?)))
        .collect();
    let cases: BTreeMap<&str, Option<u32>> =
        issued.iter().flat_map(|f| &f.rows).map(|r| (r.token.as_str(), r.case)).collect();
    let spec = forms::verify(plan);
    let mut found: BTreeMap<String, (Answer, Place)> = BTreeMap::new();
    let mut rows = Vec::new();
    for file in ingest::list_files(folder)? {
        let name = file.relative.rsplit('/').next().unwrap_or_default();
        if name.starts_with("~$") {
            continue;
        }
        match ingest::form::read(&file.path, &file.relative) {
            Ok((returned, _)) => {
                let read = forms::found(&returned, &spec).rows;
                rows.extend(read.into_iter().map(|row| (file.relative.clone(), row)));
            }
            Err(reasons) => problems.extend(reasons),
        }
    }
    for (file, row) in &rows {
        let cell = |heading: &str| row.text(heading);
        let word = cell("核实结果");
        if word.is_empty() {
            continue;
        }
        let place = Place::file(file).sheet(&row.sheet).row(row.row);
        let mut refuse = |code, message: &str, hint: &str| {
            problems.push(Diagnostic::warning(code, message, place.clone()).hint(hint));
        };
        let Some((_, heard)) = Heard::WORDS.iter().find(|(w, _)| *w == word) else {
            refuse("answers.unknown_word", "the answer is none of the form's", "choose one from the list of 核实结果");
            continue;
        };
        let Some(case) = cases.get(row.token.as_str()) else {
            refuse("answers.unknown_task", "the round has no such row", "use the forms of this round, 编号 unchanged");
            continue;
        };
        let Some(household) = case.and_then(|c| of_case.get(&c)) else { continue };
        let named = cell("实际风险");
        let causes = named.split(['、', '，', ',', '；', ';', ' ']).map(str::trim).filter(|c| !c.is_empty());
        let mut codes = Vec::new();
        for title in causes {
            match plan.causes.iter().find(|c| c.title == title || c.code == title) {
                Some(cause) => codes.push(cause.code.clone()),
                None => {
                    refuse("answers.unknown_cause", "a cause is none of the list's", "choose from the list of 实际风险")
                }
            }
        }
        let answer = Answer { household_id: (*household).to_string(), heard: *heard, causes: codes };
        match found.get(*household) {
            Some((first, _)) if *first != answer => {
                refuse(
                    "answers.contradictory",
                    "another answer about the household says something else",
                    "ask the village which one holds; the first counts",
                );
            }
            Some(_) => {}
            None => {
                found.insert(household.to_string(), (answer, place));
            }
        }
    }
    Ok(found.into_values().map(|(answer, _)| answer).collect())
}
