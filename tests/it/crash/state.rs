//! What lies in an office's folder after a fault, and whether a reader may ever see it so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bidui::cases::ledger::{FILE, Ledger};
use sha2::{Digest, Sha256};

/// Files by path below the folder.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What an office's folder holds.
#[derive(Debug, Clone)]
pub struct State {
    /// What readers see: rounds, forms, receipts.
    pub published: Files,
    /// Digests of all that lies there for the program alone: staged files, half-written files.
    pub hidden: BTreeMap<String, String>,
    /// Names of what is kept to go on from, or to go back to.
    pub kept: BTreeSet<String>,
    /// Every row of the ledger that does not hang on its random key, table by table; none when there is no ledger.
    pub ledger: Option<BTreeMap<String, Vec<String>>>,
    /// Kept files whose content is not what their name says.
    pub false_copies: Vec<String>,
    /// Lines of the history that are no JSON.
    pub broken_history: usize,
}

/// Columns of the ledger by which the same work may differ: numbers of runs and entries, digests by a random key.
const OWN: &[&str] = &["run", "entry", "number", "name", "home", "household", "whole", "record", "event", "import"];

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

impl State {
    /// Looks, and changes nothing.
    pub fn of(out: &Path) -> State {
        let mut state = State {
            published: Files::new(),
            hidden: BTreeMap::new(),
            kept: BTreeSet::new(),
            ledger: None,
            false_copies: Vec::new(),
            broken_history: 0,
        };
        if out.is_dir() {
            state.walk(out, "");
            state.ledger = ledger(out);
        }
        state
    }

    fn walk(&mut self, dir: &Path, prefix: &str) {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let path = format!("{prefix}{name}");
            if entry.path().is_dir() {
                self.walk(&entry.path(), &format!("{path}/"));
                continue;
            }
            let bytes = fs::read(entry.path()).unwrap();
            // The paper that goes with a round names the head of the log of deeds, which knows when each was done.
            if path == ".lock" || path.starts_with(FILE) || path.ends_with("交接单.html") {
                continue;
            } else if path == "history.jsonl" || path == "audit.jsonl" {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let broken = text.lines().filter(|l| serde_json::from_str::<serde_json::Value>(l).is_err());
                self.broken_history += broken.count();
            } else if path.starts_with(".stages/") || path.starts_with(".before/") {
                // What is kept to go on from, and to go back to.
                self.kept.insert(path);
            } else if path.split('/').any(|part| part.starts_with('.')) {
                self.hidden.insert(path, sha256(&bytes));
            } else if let Some(kept) = path.strip_prefix("deliveries/") {
                if kept.split('.').next() != Some(&sha256(&bytes)) {
                    self.false_copies.push(path);
                }
            } else {
                self.published.insert(path, bytes);
            }
        }
    }

    /// What makes this state another than others.
    pub fn key(&self) -> String {
        let files: Vec<_> = self.published.iter().map(|(path, bytes)| (path, sha256(bytes))).collect();
        sha256(format!("{files:?} {:?} {:?} {:?}", self.hidden, self.kept, self.ledger).as_bytes())
    }

    /// Rounds by name: the digest of all their files.
    pub fn rounds(&self) -> BTreeMap<String, String> {
        let mut rounds: BTreeMap<String, Vec<(&str, String)>> = BTreeMap::new();
        for (path, bytes) in &self.published {
            if let Some((round, file)) = path.strip_prefix("rounds/").and_then(|p| p.split_once('/')) {
                rounds.entry(round.to_string()).or_default().push((file, sha256(bytes)));
            }
        }
        rounds.into_iter().map(|(round, files)| (round, sha256(format!("{files:?}").as_bytes()))).collect()
    }

    /// Why a reader must not see this, given what lay there before and what lies there after undisturbed work; none when all
    /// is well. Rounds are wholly old or wholly new; any other file is the old or the new one.
    pub fn fault(&self, old: &State, new: &State) -> Option<String> {
        if !self.false_copies.is_empty() || self.broken_history > 0 {
            return Some(format!("false copies {:?}, {} broken lines", self.false_copies, self.broken_history));
        }
        let (rounds, before, after) = (self.rounds(), old.rounds(), new.rounds());
        for (round, digest) in &rounds {
            if before.get(round) != Some(digest) && after.get(round) != Some(digest) {
                return Some(format!("round {round} is neither the old nor the new one"));
            }
        }
        if let Some(lost) = before.keys().find(|r| !rounds.contains_key(*r)) {
            return Some(format!("round {lost} is gone"));
        }
        for (path, bytes) in self.published.iter().filter(|(p, _)| !p.starts_with("rounds/")) {
            if old.published.get(path) != Some(bytes) && new.published.get(path) != Some(bytes) {
                return Some(format!("{path} is neither the old nor the new one"));
            }
        }
        old.published.keys().find(|p| !self.published.contains_key(*p)).map(|lost| format!("{lost} is gone"))
    }

    /// Why this is not what undisturbed work leaves; none when it is.
    pub fn unlike(&self, new: &State) -> Option<String> {
        if self.published != new.published {
            let of = |a: &State, b: &State| -> Vec<String> {
                a.published.iter().filter(|(p, f)| b.published.get(*p) != Some(f)).map(|(p, _)| p.clone()).collect()
            };
            return Some(format!("published files differ: {:?} {:?}", of(self, new), of(new, self)));
        }
        if !self.hidden.is_empty() {
            return Some(format!("remains: {:?}", self.hidden.keys()));
        }
        if self.ledger != new.ledger {
            let (own, other) = (self.ledger.clone().unwrap_or_default(), new.ledger.clone().unwrap_or_default());
            let tables = own.iter().filter(|(name, rows)| other.get(*name) != Some(rows)).map(|(name, _)| name);
            return Some(format!("the ledger differs in {:?}", tables.collect::<Vec<_>>()));
        }
        (self.broken_history > 0).then(|| "the history is broken".to_string())
    }
}

/// The rows of a ledger, read from a copy: looking at it must not put it right.
fn ledger(out: &Path) -> Option<BTreeMap<String, Vec<String>>> {
    if !out.join(FILE).exists() {
        return None;
    }
    let copy = tempfile::tempdir_in(out.parent().unwrap()).unwrap();
    for name in [FILE.to_string(), format!("{FILE}-journal")] {
        if out.join(&name).exists() {
            fs::copy(out.join(&name), copy.path().join(&name)).unwrap();
        }
    }
    Ledger::open(copy.path()).unwrap_or_else(|e| panic!("the ledger cannot be opened: {e}"));
    let ledger = rusqlite::Connection::open(copy.path().join(FILE)).unwrap();
    let sound: String = ledger.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
    assert_eq!(sound, "ok");
    let list = |sql: &str| -> Vec<String> {
        let mut query = ledger.prepare(sql).unwrap();
        query.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let tables = list("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('meta', 'run') ORDER BY 1");
    let mut all: BTreeMap<String, Vec<String>> = tables.iter().map(|t| (t.clone(), rows(&ledger, t))).collect();
    all.insert("run".into(), list("SELECT round || as_of || run_id || state FROM run ORDER BY 1"));
    Some(all)
}

fn rows(ledger: &rusqlite::Connection, table: &str) -> Vec<String> {
    let mut query = ledger.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns: Vec<String> = query.column_names().map(str::to_string).collect();
    let text = |row: &rusqlite::Row| -> rusqlite::Result<String> {
        let kept = columns.iter().enumerate().filter(|(_, c)| !OWN.contains(&c.as_str()));
        let cells: rusqlite::Result<Vec<rusqlite::types::Value>> = kept.map(|(i, _)| row.get(i)).collect();
        Ok(format!("{:?}", cells?))
    };
    let mut rows: Vec<String> = query.query_map([], text).unwrap().map(Result::unwrap).collect();
    rows.sort();
    rows
}
