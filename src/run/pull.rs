//! `bidui pull`: a copy of each table that a department opens in its database, put into the input folder like a sent file.

use std::path::{Path, PathBuf};

use super::{Event, Observer};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome};
use crate::plan::{self, Database, Source};
use crate::{diag, ingest};

/// What is to be pulled.
#[derive(Debug, Clone)]
pub struct PullOptions {
    /// Pipeline folder.
    pub pipeline: PathBuf,
    /// Folder of the delivered files.
    pub input: PathBuf,
    /// Only these sources; all that have a database when empty.
    pub sources: Vec<String>,
}

/// A copy that was taken.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Pulled {
    /// The source.
    pub source: String,
    /// Where the copy lies below the input folder.
    pub file: String,
    /// Its rows.
    pub rows: u64,
}

/// Takes the copies; those of other sources stay when one cannot be taken.
///
/// # Errors
/// The pipeline is wrong (78), a source that was asked for has no database (64); per source what `ingest::database::read`
/// refuses with, and a connection string that is not set (66): the first such failure, with all problems.
pub fn pull(options: &PullOptions, observer: Observer) -> Outcome<Vec<Pulled>> {
    let (plan, mut problems) = plan::load(&options.pipeline);
    problems.retain(Diagnostic::is_error);
    let Some(plan) = plan.filter(|_| problems.is_empty()) else {
        return Err(Failure { class: FailureClass::Pipeline, problems });
    };
    for wanted in &options.sources {
        if !plan.sources.iter().any(|s| s.id == *wanted && s.database.is_some()) {
            let near =
                diag::nearest(wanted, plan.sources.iter().filter(|s| s.database.is_some()).map(|s| s.id.as_str()));
            let hint =
                near.map_or("give its contract a [database]".to_string(), |near| format!("did you mean `{near}`?"));
            let message = format!("no source `{wanted}` with a database is in the pipeline");
            let problem = Diagnostic::error("usage.source", message, diag::Place::default()).hint(hint);
            return Err(Failure::one(FailureClass::Usage, problem));
        }
    }
    let asked = |source: &&Source| options.sources.is_empty() || options.sources.contains(&source.id);
    let sources: Vec<(&Source, &Database)> =
        plan.sources.iter().filter(asked).filter_map(|s| Some((s, s.database.as_ref()?))).collect();
    observer(Event::Stage { name: "pull", steps: sources.len() });
    let mut pulled = Vec::new();
    let mut failed: Option<Failure> = None;
    for (source, database) in sources {
        match one(source, database, &options.input) {
            Ok(rows) => pulled.push(Pulled { source: source.id.clone(), file: database.file.clone(), rows }),
            Err(failure) => match &mut failed {
                Some(first) => first.problems.extend(failure.problems),
                None => failed = Some(failure),
            },
        }
        observer(Event::Step(source.title.clone()));
    }
    match failed {
        Some(failure) => Err(failure),
        None => Ok(pulled),
    }
}

fn one(source: &Source, database: &Database, input: &Path) -> Outcome<u64> {
    let refuse = |class, code, message: String, hint: &str| {
        Failure::one(class, Diagnostic::error(code, message, database.place.clone()).hint(hint))
    };
    if !ingest::fits(source, &database.file)? {
        let message = format!("the contract's `files` do not take `{}`", database.file);
        return Err(refuse(FailureClass::Pipeline, "plan.contradiction", message, "let `files` name it too"));
    }
    let Ok(connection) = std::env::var(&database.connection) else {
        let message = format!("the environment variable {} is not set", database.connection);
        let hint = "it holds the ODBC connection string, for example Driver=…;Server=…;Uid=…;Pwd=…";
        return Err(refuse(FailureClass::InputMissing, "pull.no_connection", message, hint));
    };
    copy(&connection, database, &input.join(&database.file))
}

#[cfg(not(feature = "odbc"))]
fn copy(_: &str, database: &Database, _: &Path) -> Outcome<u64> {
    let message = "this program was built without ODBC";
    let problem = Diagnostic::error("pull.not_built", message, database.place.clone());
    Err(Failure::one(FailureClass::Usage, problem.hint("build it with `cargo build --release --features odbc`")))
}

#[cfg(feature = "odbc")]
fn copy(connection: &str, database: &Database, path: &Path) -> Outcome<u64> {
    use crate::model::table::{Column, Kind, Privacy};
    use crate::model::{Table, TableSchema};

    let schema = |headings: Vec<String>| {
        let column =
            |h: &String| Column::new(h, h, Kind::Text, Privacy::Sensitive, "As the department's database has it.");
        TableSchema {
            name: "delivery".into(),
            title: "数据库副本".into(),
            grain: "one row of the query".into(),
            columns: headings.iter().map(column).collect(),
        }
    };
    let mut rows = 0;
    crate::publish::parquet::write_parts(&schema(Vec::new()), path, |put| {
        // What the database does and what the disk does are told apart by the failure that the latter leaves here.
        let mut broken = None;
        let read = ingest::database::read(connection, &database.query, &database.place, &mut |batch| {
            let headings = batch.schema().fields().iter().map(|f| f.name().clone()).collect();
            let table = Table::new(schema(headings), batch.columns().to_vec());
            put(&table).map_err(|failure| {
                let problems = failure.problems.clone();
                broken = Some(failure);
                problems
            })
        });
        rows = match (read, broken) {
            (_, Some(failure)) => return Err(failure),
            (Err(problems), None) => return Err(Failure { class: FailureClass::InputContract, problems }),
            (Ok(0), None) => {
                let problem = Diagnostic::error("pull.empty", "the query gives no rows", database.place.clone());
                let problem = problem.hint("ask the department whether the account sees the table's rows");
                return Err(Failure::one(FailureClass::InputContract, problem));
            }
            (Ok(rows), None) => rows,
        };
        Ok(())
    })?;
    Ok(rows)
}
