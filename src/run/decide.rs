//! `bidui decide`: reads a filled workbook of possible links back and takes people's answers into the ledger.
//!
//! In: `待认定匹配.xlsx` with answers, or a CSV with the same columns (`key`, `decision`, `reason` in English). Out: decisions
//! in the ledger, applied by every later run. All problems of a file are told at once, and then nothing is taken over.

use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::audit::{self, Action};
use super::through::aside;
use super::{clock, ledger, lock};
use crate::cases::ledger::{Answer, FILE, Recorded};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::ingest::{self, InputFile};
use crate::model::{Disposition, Privacy};
use crate::plan::{COMPLETENESS, Field, FieldFrom, FieldKind, Format, Snapshot, Source, SourceRole, Subject, Terms};

/// What to bring in.
#[derive(Debug, Clone)]
pub struct DecideOptions {
    /// The filled workbook or CSV.
    pub file: PathBuf,
    /// Folder that holds the rounds and the ledger.
    pub out: PathBuf,
    /// Who decided, where the file does not say.
    pub by: String,
    /// On which day; today in Asia/Shanghai when not given.
    pub on: Option<Date>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DecideReport {
    /// Rows of the file that offer a pair.
    pub rows: u64,
    /// Rows without an answer.
    pub blank: u64,
    /// The answers.
    #[serde(flatten)]
    pub recorded: Recorded,
}

/// Answers as a person writes them.
const SAME: [&str; 7] = ["是", "是同一人", "同一人", "same", "yes", "y", "1"];
const DIFFERENT: [&str; 7] = ["否", "不是", "不是同一人", "different", "no", "n", "0"];

/// Takes the answers of a file over, all or none.
///
/// # Errors
/// Another run holds the folder (75), there is no ledger or file (66), the file cannot be read as answers or an answer cannot
/// be taken over (65, every one with sheet and row), `by` is empty (64).
pub fn decide(options: &DecideOptions) -> Outcome<DecideReport> {
    audit::act(&options.out, &Action::new("decide").by(&options.by), |facts| {
        let report = decide_now(options)?;
        let recorded = report.recorded;
        facts.add("same", recorded.same);
        facts.add("different", recorded.different);
        facts.add("revised", recorded.revised);
        if let Ok((sha256, _)) = super::manifest::hash_file(&options.file) {
            facts.add("file_sha256", sha256);
        }
        Ok(report)
    })
}

/// Does what [`decide`] writes down.
fn decide_now(options: &DecideOptions) -> Outcome<DecideReport> {
    let by = options.by.trim();
    if by.is_empty() {
        let problem = Diagnostic::error("usage.by", "nobody is named", Place::default().field("--by"))
            .hint("give the name of the one who decided: it is kept with every decision");
        return Err(Failure::one(FailureClass::Usage, problem));
    }
    let on = match options.on {
        Some(day) => day,
        None => clock::today()?,
    };
    let place = |path: &Path| Place::file(path.display().to_string());
    let book = options.out.join(FILE);
    if !book.is_file() {
        return Err(ledger::missing(&options.out));
    }
    if !options.file.is_file() {
        let problem = Diagnostic::error("decide.no_file", "there is no such file", place(&options.file))
            .hint("give the filled 待认定匹配.xlsx");
        return Err(Failure::one(FailureClass::InputMissing, problem));
    }
    let (answers, rows, blank) = read(&options.file)?;
    let _lock = lock::take(&options.out, &lock::holder("decide"))?;
    let mut ledger = ledger::open(&options.out)?;
    let recorded = ledger.decide(&answers, by, &on.to_string())?;
    Ok(DecideReport { rows, blank, recorded })
}

/// The answers of a file, the number of its rows and of those without an answer.
fn read(path: &Path) -> Outcome<(Vec<Answer>, u64, u64)> {
    let file = path.display().to_string();
    let fail = |problems| Failure { class: FailureClass::InputContract, problems };
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let format = match ending.as_deref() {
        Some("xlsx") => Format::Xlsx,
        Some("csv") => Format::Csv,
        _ => {
            let problem = Diagnostic::error("decide.format", "neither .xlsx nor .csv", Place::file(file))
                .hint("save the workbook as .xlsx, or its sheet as .csv");
            return Err(fail(vec![problem]));
        }
    };
    let contract = contract(format);
    let delivery = ingest::read(&contract, &[InputFile { path: path.to_path_buf(), relative: file.clone() }]);
    if !delivery.refused.is_empty() {
        return Err(fail(delivery.problems));
    }
    let mut problems = Vec::new();
    for reject in delivery.rejects.iter().filter(|r| r.disposition == Disposition::Quarantined) {
        let place = place(&reject.at.file, &reject.at.sheet, reject.at.row);
        problems.push(
            Diagnostic::error("decide.broken_row", format!("the row cannot be read ({})", reject.code), place)
                .hint("mend the row, or take it out and answer it again"),
        );
    }
    let raw = &delivery.rows.table().map_err(|e| aside(&e))?;
    let (mut answers, mut rows, mut blank) = (Vec::new(), 0, 0);
    for row in 0..raw.len() {
        let text = |field: &str| raw.column(field).and_then(|c| c.get(row)).map(str::trim).filter(|v| !v.is_empty());
        let at = raw.provenance(row);
        let place = place(&at.file, &at.sheet, at.row);
        let (key, answer) = (text("key"), text("decision"));
        rows += u64::from(key.is_some());
        let Some(answer) = answer else {
            blank += u64::from(key.is_some());
            continue;
        };
        let word = answer.to_lowercase();
        let same = match (SAME.contains(&word.as_str()), DIFFERENT.contains(&word.as_str())) {
            (true, _) => true,
            (_, true) => false,
            _ => {
                problems.push(
                    Diagnostic::error("decide.unknown_answer", "the answer is neither 是 nor 否", place)
                        .hint("choose from the list; leave the cell empty where nobody can tell"),
                );
                continue;
            }
        };
        let Some(key) = key else {
            problems.push(
                Diagnostic::error("decide.missing_key", "an answer without its key", place)
                    .hint("the column 认定编号 must stay as it was issued"),
            );
            continue;
        };
        answers.push(Answer {
            token: key.to_uppercase(),
            record_id: text("record_id").map(str::to_string),
            person_id: text("person_id").map(str::to_string),
            same,
            reason: text("reason").unwrap_or_default().to_string(),
            by: text("by").map(str::to_string),
            place,
        });
    }
    if !problems.is_empty() {
        return Err(fail(problems));
    }
    if answers.is_empty() {
        let problem = Diagnostic::error("decide.no_answer", "no row of the file is answered", Place::file(file))
            .hint("fill the column 是否同一人 with 是 or 否, and save the workbook");
        return Err(fail(vec![problem]));
    }
    Ok((answers, rows, blank))
}

fn place(file: &str, sheet: &str, row: u32) -> Place {
    let place = Place::file(file).row(row);
    if sheet.is_empty() { place } else { place.sheet(sheet) }
}

/// The workbook's columns as a contract, so that it is read with all the care a delivery gets.
fn contract(format: Format) -> Source {
    let field = |name: &str, heading: &str, required: bool| Field {
        name: name.into(),
        heading: heading.into(),
        aliases: vec![name.into()],
        from: FieldFrom::Column,
        kind: FieldKind::Text,
        unit: String::new(),
        unit_stated: false,
        required,
        not_null: false,
        role: None,
        code: None,
        multi: String::new(),
        privacy: Privacy::Internal,
        meaning: String::new(),
        place: Place::default(),
    };
    Source {
        id: "decisions".into(),
        title: "待认定匹配".into(),
        department: String::new(),
        role: SourceRole::Department,
        subject: Subject::Person,
        required: false,
        format,
        files: Vec::new(),
        encoding: None,
        delimiter: b',',
        header_rows: 1,
        header_within: 10,
        sheets: Vec::new(),
        not_data: Vec::new(),
        fold_duplicates: false,
        once_per_person: false,
        snapshot: Snapshot::Increment,
        completeness: COMPLETENESS,
        freshness_days: None,
        terms: Terms::default(),
        database: None,
        checks: Vec::new(),
        fields: vec![
            field("key", "认定编号", true),
            field("decision", "是否同一人", true),
            field("reason", "说明", false),
            field("by", "认定人", false),
            field("record_id", "记录编号", false),
            field("person_id", "候选人编号", false),
        ],
        place: Place::default(),
    }
}
