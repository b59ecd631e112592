//! `bidui runs`: the published rounds: which there are, what is in one, what differs between two, and whether a file was changed since.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::manifest::{self, HashedFile};
use super::{Round, purge};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};

/// A published round on one line.
#[derive(Debug, Clone, Serialize)]
pub struct RunLine {
    /// Its name.
    pub round: String,
    /// Day of the judgement.
    pub as_of: String,
    /// Pipeline that made it.
    pub pipeline: String,
    /// Its id: the same inputs, pipeline and ledger give the same.
    pub run_id: String,
    /// Version of the program.
    pub version: String,
    /// When it was last published, from `history.jsonl`; none when the history does not know.
    pub published_at: Option<String>,
    /// Households on the online list.
    pub online: u64,
    /// Rows by table.
    pub tables: BTreeMap<String, u64>,
    /// Rows of the comparison by outcome.
    pub comparison: BTreeMap<String, u64>,
    /// Sources that were not delivered.
    pub missing: Vec<String>,
    /// Problems told when it was made.
    pub problems: usize,
}

/// What became of the files of a round.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// The round.
    pub round: String,
    /// Files whose hash is the manifest's.
    pub sound: u64,
    /// Files out of which a purge took something, and which are as its note says.
    pub purged: u64,
    /// What is not as it was published.
    pub differences: Vec<Difference>,
}

/// One file that is not as the manifest says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// Path below the round, the pipelines or the input folder.
    pub path: String,
    /// changed, missing or extra.
    pub what: &'static str,
    /// output, pipeline or input.
    pub of: &'static str,
}

/// A count in two rounds.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// What is counted.
    pub what: String,
    /// In the first round.
    pub first: u64,
    /// In the second.
    pub second: u64,
}

pub(super) fn manifest_of(dir: &Path) -> Outcome<Value> {
    let path = dir.join("manifest.json");
    let bytes = std::fs::read(&path).map_err(|e| Failure::io("read the manifest", &path, &e))?;
    serde_json::from_slice(&bytes).map_err(|e| Failure::io("read the manifest", &path, &e))
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_string()
}

fn counts(value: &Value) -> BTreeMap<String, u64> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(k, v)| (k.clone(), v.as_u64().unwrap_or(0))).collect()
}

pub(super) fn hashed(value: &Value) -> Vec<HashedFile> {
    let files = value.as_array().into_iter().flatten();
    files
        .map(|f| HashedFile {
            path: text(f, "path"),
            sha256: text(f, "sha256"),
            bytes: f["bytes"].as_u64().unwrap_or(0),
        })
        .collect()
}

/// The published rounds, by day and name.
///
/// # Errors
/// A manifest cannot be read (74). A folder without rounds gives none.
pub fn list_runs(out: &Path) -> Outcome<Vec<RunLine>> {
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(out.join("rounds")).into_iter().flatten().flatten() {
        if entry.path().join("manifest.json").is_file() {
            lines.push(line(out, &entry.path())?);
        }
    }
    lines.sort_by(|a, b| (&a.as_of, &a.round).cmp(&(&b.as_of, &b.round)));
    Ok(lines)
}

/// One published round, the latest when none is named.
///
/// # Errors
/// There is no such round (66), or its manifest cannot be read (74).
pub fn show_run(out: &Path, round: Option<&str>) -> Outcome<RunLine> {
    line(out, &Round::open(out, round)?.dir)
}

fn line(out: &Path, dir: &Path) -> Outcome<RunLine> {
    let manifest = manifest_of(dir)?;
    let run_id = text(&manifest, "run_id");
    let rows = manifest["tables"].as_array().into_iter().flatten();
    let tables: BTreeMap<String, u64> = rows.map(|t| (text(t, "table"), t["rows"].as_u64().unwrap_or(0))).collect();
    let sources = manifest["sources"].as_array().into_iter().flatten();
    let missing = sources.filter(|s| s["state"] == "missing").map(|s| text(s, "source")).collect();
    Ok(RunLine {
        round: text(&manifest, "round"),
        as_of: text(&manifest, "as_of"),
        pipeline: text(&manifest, "pipeline"),
        version: text(&manifest, "version"),
        published_at: published_at(out, &run_id),
        online: tables.get("online_list").copied().unwrap_or(0),
        comparison: counts(&manifest["comparison_by_outcome"]),
        problems: manifest["problems"].as_array().map_or(0, Vec::len),
        run_id,
        tables,
        missing,
    })
}

/// When a run was last published, as the history has it.
fn published_at(out: &Path, run_id: &str) -> Option<String> {
    let history = std::fs::read_to_string(out.join("history.jsonl")).ok()?;
    let lines = history.lines().rev().filter_map(|l| serde_json::from_str::<Value>(l).ok());
    let mut own = lines.filter(|l| l["run_id"] == *run_id && l["published"] == true);
    own.next().map(|l| text(&l, "at"))
}

/// Hashes every file of a round again, and with the folders given the pipeline's and the departments' files too.
///
/// # Errors
/// There is no such round (66), or a file cannot be read (74). Differences are no failure of this function.
pub fn verify_run(
    out: &Path,
    round: Option<&str>,
    pipelines: Option<&Path>,
    input: Option<&Path>,
) -> Outcome<Verified> {
    let round = Round::open(out, round)?;
    let manifest = manifest_of(&round.dir)?;
    let declared = hashed(&manifest["outputs"]);
    let mut verified = Verified { round: round.name.clone(), sound: 0, purged: 0, differences: Vec::new() };
    let found = manifest::hash_tree(&round.dir)?;
    let names: BTreeSet<&str> = declared.iter().map(|f| f.path.as_str()).collect();
    let extra = found.iter().filter(|f| !names.contains(f.path.as_str()) && f.path != "manifest.json");
    verified.differences.extend(extra.map(|f| Difference { path: f.path.clone(), what: "extra", of: "output" }));
    compare(&declared, &round.dir, "output", &mut verified)?;
    // What a purge took out is as its note says, not as it was published.
    let purged = purge::purged(&round.dir)?;
    let excused = |d: &Difference| match d.what {
        "extra" => d.path == purge::NOTE,
        "missing" => purged.iter().any(|p| p.path == d.path && p.after.is_none()),
        _ => purged.iter().any(|p| {
            let now = manifest::hash_file(&round.dir.join(&p.path)).ok().map(|(sha256, _)| sha256);
            p.path == d.path && p.after.is_some() && p.after == now
        }),
    };
    let all = std::mem::take(&mut verified.differences);
    let (told, left): (Vec<_>, Vec<_>) = all.into_iter().partition(excused);
    verified.purged = told.iter().filter(|d| d.what != "extra").count() as u64;
    verified.differences = left;
    if let Some(root) = pipelines {
        compare(&hashed(&manifest["pipeline_files"]), root, "pipeline", &mut verified)?;
    }
    if let Some(root) = input {
        compare(&hashed(&manifest["inputs"]), root, "input", &mut verified)?;
    }
    verified.differences.sort();
    Ok(verified)
}

/// The file of a path in which a number was masked; the path itself where there is none.
fn as_named(root: &Path, path: &str) -> PathBuf {
    let plain = root.join(path);
    if !path.contains('*') || plain.exists() {
        return plain;
    }
    let files = crate::ingest::list_files(root).unwrap_or_default();
    files.into_iter().find(|f| f.relative == path).map_or(plain, |f| f.path)
}

fn compare(declared: &[HashedFile], root: &Path, of: &'static str, verified: &mut Verified) -> Outcome<()> {
    for file in declared {
        let path: PathBuf = as_named(root, &file.path);
        let what = match manifest::hash_file(&path) {
            Ok((sha256, _)) if sha256 == file.sha256 => {
                verified.sound += 1;
                continue;
            }
            Ok(_) => "changed",
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => "missing",
            Err(e) => return Err(Failure::io("read", &path, &e)),
        };
        verified.differences.push(Difference { path: file.path.clone(), what, of });
    }
    Ok(())
}

impl Verified {
    /// The differences as a failure (65), none when everything is as it was published.
    pub fn failure(&self) -> Option<Failure> {
        let problem = |d: &Difference| {
            let message = format!("{} file is not as round {} has it: {}", d.of, self.round, d.what);
            Diagnostic::error("runs.differs", message, Place::file(&d.path))
                .hint("run the round again from its inputs, or put the file back from the backup")
        };
        let problems: Vec<Diagnostic> = self.differences.iter().map(problem).collect();
        (!problems.is_empty()).then_some(Failure { class: FailureClass::InputContract, problems })
    }
}

/// Counts of two rounds side by side: rows by table, outcomes of the comparison, problems; only those that differ.
///
/// # Errors
/// There is no such round (66), or a manifest cannot be read (74).
pub fn compare_runs(out: &Path, first: &str, second: &str) -> Outcome<Vec<Compared>> {
    let [a, b] = [show_run(out, Some(first))?, show_run(out, Some(second))?];
    let all = |line: &RunLine| {
        let tables = line.tables.iter().map(|(k, v)| (format!("table {k}"), *v));
        let outcomes = line.comparison.iter().map(|(k, v)| (format!("outcome {k}"), *v));
        let mut all: BTreeMap<String, u64> = tables.chain(outcomes).collect();
        all.insert("problems".into(), line.problems as u64);
        all.insert("missing sources".into(), line.missing.len() as u64);
        all
    };
    let (a, b) = (all(&a), all(&b));
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let of = |counts: &BTreeMap<String, u64>, name: &str| counts.get(name).copied().unwrap_or(0);
    let rows = names.into_iter().map(|n| Compared { what: n.clone(), first: of(&a, n), second: of(&b, n) });
    Ok(rows.filter(|c| c.first != c.second).collect())
}
