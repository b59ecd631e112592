//! Filled 核实表 → how often each rule was right: the round's tasks tell which household an answer is about.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Round;
use super::through::aside;
use crate::cases::{self, Answer, Heard};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::ingest;
use crate::model::Table;
use crate::plan::{self, Plan};
use crate::publish;

/// What a filled form is read by: it is a file that comes back, and is read as every other one is.
const FORM: &str = include_str!("verification_form.toml");

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
    let answers = answers(&options.answers, &plan, &tasks, &mut problems)?;
    let precision = cases::rule_precision(&hits, &households, &answers, &plan);
    let overlap = cases::rule_overlap(&hits);
    if let Some(folder) = &options.tables {
        std::fs::create_dir_all(folder).map_err(|e| Failure::io("make the tables folder", folder, &e))?;
        for table in [&precision, &overlap] {
            publish::parquet::write(table, &folder.join(format!("{}.parquet", table.name())))?;
        }
    }
    let (answered, tasks) = (answers.len() as u64, tasks.rows() as u64);
    Ok(Precision { round: round.name, answered, tasks, precision, overlap, problems })
}

fn answers(folder: &Path, plan: &Plan, tasks: &Table, problems: &mut Vec<Diagnostic>) -> Outcome<Vec<Answer>> {
    if !folder.is_dir() {
        let problem = Diagnostic::error(
            "input.no_folder",
            "the folder of answers does not exist or is no folder",
            Place::file(folder.display().to_string()),
        );
        let problem = problem.hint("name the folder that holds the filled 核实表 of the townships");
        return Err(Failure::one(FailureClass::InputMissing, problem));
    }
    let source = plan::built_in_source("verification_form", FORM)
        .ok_or_else(|| Failure::internal("the form of the answers cannot be read"))?;
    let files = ingest::list_files(folder)?;
    let is_form = |f: &&ingest::InputFile| {
        let name = f.relative.rsplit('/').next().unwrap_or_default();
        name.ends_with(".xlsx") && !name.starts_with("~$")
    };
    let files: Vec<ingest::InputFile> = files.iter().filter(is_form).cloned().collect();
    let delivery = ingest::read(&source, &files);
    problems.extend(delivery.problems.iter().filter(|p| p.is_error()).cloned());
    let task_rows: BTreeMap<&str, usize> =
        (0..tasks.rows()).filter_map(|row| Some((tasks.str_at("task_id", row)?, row))).collect();
    let mut found: BTreeMap<String, (Answer, Place)> = BTreeMap::new();
    let rows = delivery.rows.table().map_err(|e| aside(&e))?;
    let cell = |field: &str, row: usize| rows.column(field).and_then(|c| c.get(row)).map(str::trim);
    for row in 0..rows.len() {
        let Some(word) = cell("result", row).filter(|w| !w.is_empty()) else { continue };
        let at = rows.provenance(row);
        let place = Place::file(&at.file).sheet(&at.sheet).row(at.row);
        let mut refuse = |code, message: &str, hint: &str| {
            problems.push(Diagnostic::warning(code, message, place.clone()).hint(hint));
        };
        let Some((_, heard)) = Heard::WORDS.iter().find(|(w, _)| *w == word) else {
            refuse("answers.unknown_word", "the answer is none of the form's", "choose one from the list of 核实结果");
            continue;
        };
        let task = cell("task_id", row).and_then(|id| task_rows.get(id));
        let Some(task) = task else {
            refuse(
                "answers.unknown_task",
                "the round has no such task",
                "use the forms of this round, numbers unchanged",
            );
            continue;
        };
        let Some(household) = tasks.str_at("household_id", *task) else { continue };
        let named = cell("causes", row).unwrap_or_default();
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
        let answer = Answer { household_id: household.to_string(), heard: *heard, causes: codes };
        match found.get(household) {
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
