//! The audit log: who did what, when, on what and why, in a chain that shows every later change.
//!
//! `OUT/audit.jsonl`, for its owner alone. Every command that makes, changes, shows in full or takes out something goes through
//! [`act`]: an entry before it begins and one when it has ended, so that a kill stays to be seen as an entry without an end. Entries
//! name rounds, cases, forms, hashes and counts, never a person's name, number or any value of a delivered file; the names in them
//! are those of the office's own people. GB/T 22239 (at least six months), GB/T 35273 §11 and PIPL art. 51, 54 ask for such a record.

mod chain;
mod page;
mod who;

use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value, json};

pub use chain::{Flaw, Head};
pub use page::write_page;
pub use who::{OPERATOR, set_operator};

use super::{clock, private};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::model::text;

/// Name of the log below the output folder.
pub const FILE: &str = "audit.jsonl";

/// What is done, by whom, on what and why.
#[derive(Debug, Clone, Default)]
pub struct Action {
    name: &'static str,
    by: String,
    why: String,
    on: Map<String, Value>,
}

impl Action {
    /// An action by its word: `run`, `forms.import`, `unmask`….
    pub fn new(name: &'static str) -> Self {
        Action { name, ..Action::default() }
    }

    /// Who decided, as a form or the command line says; not who is at the keyboard, which is always told.
    pub fn by(mut self, by: &str) -> Self {
        self.by = by.trim().to_string();
        self
    }

    /// Why; long numbers in it are masked.
    pub fn why(mut self, why: &str) -> Self {
        self.why = text::mask_runs(why.trim());
        self
    }

    /// What it is about: a round, a case, a form, a hash, a count. Never a personal value.
    pub fn on(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.on.insert(key.into(), value.into());
        self
    }
}

/// What an action finds out about itself while it goes on; stands in the entry of its end.
#[derive(Debug, Default)]
pub struct Facts {
    on: Map<String, Value>,
    exit: u8,
}

impl Facts {
    /// A round, a case, a form, a hash, a count. Never a personal value.
    pub fn add(&mut self, key: &str, value: impl Into<Value>) {
        self.on.insert(key.into(), value.into());
    }

    /// The exit code of an action that is done although something was refused.
    pub fn exit(&mut self, code: u8) {
        self.exit = code;
    }
}

/// Does `work` between two entries of the log.
///
/// Only a run makes the folder; another action on a folder that is not there finds nothing to do, and that is no entry.
///
/// # Errors
/// Those of `work`; the log cannot be written (74): without an entry nothing is begun.
pub fn act<T>(out: &Path, action: &Action, work: impl FnOnce(&mut Facts) -> Outcome<T>) -> Outcome<T> {
    let mut facts = Facts::default();
    if !out.is_dir() {
        if action.name != "run" {
            return work(&mut facts);
        }
        private::make_dir(out)?;
    }
    let begun = append(out, &entry("begin", action, &action.on))?;
    let result = work(&mut facts);
    let exit = result.as_ref().map_or_else(|failure| failure.class.exit_code(), |_| facts.exit);
    let mut end = entry("end", action, &facts.on);
    end.insert("of".into(), begun.seq.into());
    end.insert("exit".into(), exit.into());
    match (append(out, &end), result) {
        (Ok(_), result) => result,
        (Err(mut failure), Ok(_)) => {
            let said = format!("`{}` was done; only its end is not in the log", action.name);
            failure.problems.push(Diagnostic::warning("audit.no_end", said, Place::file(FILE)));
            Err(failure)
        }
        (Err(_), Err(failure)) => Err(failure),
    }
}

/// Does `work`, which shows people's names and numbers in full, for a reason that is written down.
///
/// # Errors
/// No reason is given (64); as [`act`].
pub fn unmask<T>(out: &Path, command: &str, reason: &str, work: impl FnOnce(&mut Facts) -> Outcome<T>) -> Outcome<T> {
    demand_reason(reason)?;
    act(out, &Action::new("unmask").why(reason).on("command", command), work)
}

/// Refuses what is asked for without saying why.
///
/// # Errors
/// The reason is empty (64).
pub fn demand_reason(reason: &str) -> Outcome<()> {
    if !reason.trim().is_empty() {
        return Ok(());
    }
    let problem = Diagnostic::error("usage.reason", "no reason is given", Place::default().field("--reason"))
        .hint("say why with --reason: it is written in the audit log");
    Err(Failure::one(FailureClass::Usage, problem))
}

fn entry(event: &str, action: &Action, on: &Map<String, Value>) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("at".into(), clock::now_stamp().into());
    fields.insert("event".into(), event.into());
    fields.insert("action".into(), action.name.into());
    fields.insert("who".into(), who::who());
    for (key, value) in [("by", &action.by), ("why", &action.why)] {
        if !value.is_empty() && event == "begin" {
            fields.insert(key.into(), value.as_str().into());
        }
    }
    if !on.is_empty() {
        fields.insert("on".into(), Value::Object(on.clone()));
    }
    fields.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    fields
}

fn append(out: &Path, fields: &Map<String, Value>) -> Outcome<Head> {
    let path = out.join(FILE);
    let mended = |said: Value| {
        let Value::Object(on) = said else { return Map::new() };
        entry(chain::MENDED, &Action::new("audit"), &on)
    };
    chain::append(&path, fields, mended).map_err(|e| Failure::io("write the audit log", &path, &e))
}

/// Where the chain of a folder ends: to be kept elsewhere.
///
/// # Errors
/// The log cannot be read (74).
pub fn head(out: &Path) -> Outcome<Head> {
    let path = out.join(FILE);
    chain::head(&path).map_err(|e| Failure::io("read the audit log", &path, &e))
}

/// Which entries are wanted; all when nothing is said.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only actions whose word begins so.
    pub action: Option<String>,
    /// Only from this day on, as `2026-09-30`.
    pub since: Option<String>,
    /// Only those that began and did not end.
    pub unfinished: bool,
}

/// The entries of a folder's log, in order, as they were written. Those that are not what was written are left out: see [`verify`].
///
/// # Errors
/// There is no log (66), or it cannot be read (74).
pub fn list(out: &Path, wanted: &Wanted) -> Outcome<Vec<Value>> {
    let walk = walk(&log(out)?)?;
    let ended: std::collections::BTreeSet<u64> = walk.entries.iter().filter_map(|e| e["of"].as_u64()).collect();
    let open = |e: &Value| e["event"] == "begin" && e["seq"].as_u64().is_some_and(|seq| !ended.contains(&seq));
    let text = |e: &Value, key: &str| e[key].as_str().unwrap_or_default().to_string();
    let keep = |e: &Value| {
        wanted.action.as_ref().is_none_or(|a| text(e, "action").starts_with(a.as_str()))
            && wanted.since.as_ref().is_none_or(|day| text(e, "at").as_str() >= day.as_str())
            && (!wanted.unfinished || open(e))
    };
    Ok(walk.entries.iter().filter(|e| keep(e)).cloned().collect())
}

/// A log that was walked from its first line to its last.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// Where it ends.
    pub head: Head,
    /// Entries that are what was written.
    pub entries: u64,
    /// Actions that began and did not end: numbers of their entries.
    pub unfinished: Vec<u64>,
    /// Lines that a power cut broke off, each told by the entry below it.
    pub mended: u64,
    /// How many entries stand after the head that was kept elsewhere; none when none was given or it is not there.
    pub after_head: Option<u64>,
    /// What is not as it was written.
    pub flaws: Vec<Flaw>,
}

/// Walks a log and tells every line that was changed, removed, put in or swapped; lines cut off at its end only when a head that was
/// kept elsewhere is given.
///
/// `kept` is that head: its hash or at least the first 16 digits of it, blanks do not count.
///
/// # Errors
/// There is no log (66), it cannot be read (74), or `kept` is no hash (64). Flaws are no failure of this function.
pub fn verify(out: &Path, kept: Option<&str>) -> Outcome<Verified> {
    let kept = kept.map(digits).transpose()?;
    let walk = walk(&log(out)?)?;
    let ended: std::collections::BTreeSet<u64> = walk.entries.iter().filter_map(|e| e["of"].as_u64()).collect();
    let begun = walk.entries.iter().filter(|e| e["event"] == "begin").filter_map(|e| e["seq"].as_u64());
    let head =
        walk.entries.last().and_then(|e| Some(Head { seq: e["seq"].as_u64()?, hash: e["hash"].as_str()?.into() }));
    let mut verified = Verified {
        head: head.unwrap_or_else(Head::none),
        entries: walk.entries.len() as u64,
        unfinished: begun.filter(|seq| !ended.contains(seq)).collect(),
        mended: walk.mended,
        after_head: None,
        flaws: walk.flaws,
    };
    if let Some(kept) = kept {
        let is = |e: &Value| e["hash"].as_str().is_some_and(|h| h.starts_with(&kept));
        verified.after_head = walk.entries.iter().rev().position(is).map(|after| after as u64);
        if verified.after_head.is_none() {
            let said =
                "the head that was kept elsewhere is not in the chain: lines were cut off or all was written anew";
            verified.flaws.push(Flaw { line: verified.entries, kind: "head", said: said.into() });
        }
    }
    Ok(verified)
}

impl Verified {
    /// The flaws as a failure (65); none when everything is as it was written.
    pub fn failure(&self) -> Option<Failure> {
        let problem = |f: &Flaw| {
            let code = match f.kind {
                "torn" => "audit.torn",
                "head" => "audit.head",
                "gap" => "audit.gap",
                _ => "audit.changed",
            };
            let line = u32::try_from(f.line).unwrap_or(u32::MAX);
            Diagnostic::error(code, f.said.clone(), Place::file(FILE).at(line, 1))
                .hint("compare with the copy in the backup; the heads on the signed handover sheets tell up to where it is sound")
        };
        let problems: Vec<Diagnostic> = self.flaws.iter().map(problem).collect();
        (!problems.is_empty()).then_some(Failure { class: FailureClass::InputContract, problems })
    }
}

/// A hash as a person typed it from paper.
fn digits(kept: &str) -> Outcome<String> {
    let plain: String = kept.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    let fits = (16..=64).contains(&plain.len()) && plain.bytes().all(|b| b.is_ascii_hexdigit());
    if fits {
        return Ok(plain);
    }
    let problem = Diagnostic::error("usage.head", "this is no head of a chain", Place::default().field("--head"))
        .hint("give the 64 digits of the handover sheet, or at least the first 16 of them");
    Err(Failure::one(FailureClass::Usage, problem))
}

fn log(out: &Path) -> Outcome<PathBuf> {
    let path = out.join(FILE);
    if path.is_file() {
        return Ok(path);
    }
    let problem =
        Diagnostic::error("audit.none", "this folder has no audit log", Place::file(path.display().to_string()))
            .hint("name the folder of the rounds with --out; the log begins with the first run");
    Err(Failure::one(FailureClass::InputMissing, problem))
}

fn walk(path: &Path) -> Outcome<chain::Walk> {
    let failed = |e: std::io::Error| Failure::io("read the audit log", path, &e);
    let file = std::fs::File::open(path).map_err(failed)?;
    chain::walk(BufReader::new(file)).map_err(failed)
}

/// A count for an entry.
pub fn count(n: usize) -> Value {
    json!(n)
}
