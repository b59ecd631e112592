//! `bidui runs prune`: what of an output folder is older than the pipeline's policy keeps; shown first, removed when told to.
//!
//! A round stays when it is among the newest of its pipeline, or young enough, or when the ledger still refers to it: a case it
//! opened is not closed, or a form it issued has not come back. Of the deliveries only those go that neither the ledger nor a round
//! that stays knows of. The ledger itself, decisions and cases are never touched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Serialize;

use super::position::{self, clear, move_to};
use super::{clock, inbox, ledger, lock, pipeline, private, runs};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::plan::{Phase, Plan};

/// Where rounds lie while they are removed: readers see a round or none.
const GOING: &str = ".going";

/// What goes and what stays.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Pruned {
    /// True when it was removed; otherwise it was only shown.
    pub removed: bool,
    /// Rounds that go, in the order of their days.
    pub rounds: Vec<String>,
    /// Rounds that are older than the policy keeps and stay, each with why.
    pub held: Vec<(String, String)>,
    /// Deliveries that nothing refers to.
    pub deliveries: Vec<String>,
    /// Size of all that goes.
    pub bytes: u64,
}

/// Shows or removes what the pipeline's policy does not keep. `on` is the day from which it counts; today when not given.
///
/// # Errors
/// The pipeline is wrong or has no policy (78); another run holds the folder (75); something cannot be read or removed (74).
pub fn prune_runs(out: &Path, pipeline: &Path, on: Option<Date>, remove: bool) -> Outcome<Pruned> {
    let (plan, _) = pipeline::load_plan(pipeline)?;
    if plan.retention.rounds.is_none() && plan.retention.days.is_none() {
        let what = "the pipeline does not say how long rounds are kept";
        let place = Place::file(pipeline.join("pipeline.toml").display().to_string());
        let hint = "write a section [retention] with keep_rounds = 12, or keep_days = 400, or both";
        return Err(Failure::one(FailureClass::Pipeline, Diagnostic::error("runs.no_policy", what, place).hint(hint)));
    }
    let today = match on {
        Some(day) => day,
        None => clock::today()?,
    };
    let _lock = lock::take(out, &lock::holder("runs prune"))?;
    let book = ledger::open(out)?;
    let mut pruned = Pruned { removed: remove, ..Pruned::default() };
    let all = runs::list_runs(out)?;
    let referred = referred(&plan, &book)?;
    let own: Vec<&runs::RunLine> = all.iter().filter(|r| r.pipeline == plan.name).collect();
    let newest = own.len().saturating_sub(plan.retention.rounds.unwrap_or(1).max(1) as usize);
    for line in &own[..newest] {
        let age = line.as_of.parse::<Date>().ok().map_or(0, |day| day.until(today).map_or(0, |s| s.get_days()));
        if plan.retention.days.is_some_and(|days| i64::from(age) <= i64::from(days)) {
            continue;
        }
        match referred.iter().find(|(round, _)| *round == line.round) {
            Some((_, why)) => pruned.held.push((line.round.clone(), (*why).to_string())),
            None => pruned.rounds.push(line.round.clone()),
        }
    }
    let going: BTreeSet<&str> = pruned.rounds.iter().map(String::as_str).collect();
    let mut needed: BTreeSet<String> = book.kept_files()?.iter().map(inbox::kept_name).collect();
    for line in all.iter().filter(|r| !going.contains(r.round.as_str())) {
        let manifest = runs::manifest_of(&out.join("rounds").join(&line.round))?;
        for file in runs::hashed(&manifest["inputs"]) {
            let kept = crate::cases::ledger::KeptFile { path: file.path, sha256: file.sha256, bytes: file.bytes };
            needed.insert(inbox::kept_name(&kept));
        }
    }
    let folder = out.join(inbox::FOLDER);
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !needed.contains(&name) {
            pruned.bytes += entry.metadata().map_or(0, |m| m.len());
            pruned.deliveries.push(name);
        }
    }
    pruned.deliveries.sort();
    for round in &pruned.rounds {
        pruned.bytes += places(out, round).iter().map(|dir| size(dir)).sum::<u64>();
    }
    if remove {
        let aside = out.join(GOING);
        clear(&aside)?;
        private::make_dir(&aside)?;
        for dir in pruned.rounds.iter().flat_map(|round| places(out, round)).filter(|dir| dir.exists()) {
            let name = dir.strip_prefix(out).unwrap_or(&dir).to_string_lossy().replace('/', "_");
            move_to(&dir, &aside.join(name))?;
        }
        for name in &pruned.deliveries {
            let path = folder.join(name);
            fs::remove_file(&path).map_err(|e| Failure::io("remove", &path, &e))?;
        }
        clear(&aside)?;
    }
    Ok(pruned)
}

/// Where a round lies, and where it began.
fn places(out: &Path, round: &str) -> [PathBuf; 3] {
    [out.join("rounds").join(round), position::undone(out, round), position::place(out, round)]
}

fn size(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|e| if e.path().is_dir() { size(&e.path()) } else { e.metadata().map_or(0, |m| m.len()) }).sum()
}

/// Rounds to which the ledger still refers, each with why.
fn referred(plan: &Plan, book: &crate::cases::ledger::Ledger) -> Outcome<Vec<(String, &'static str)>> {
    let closed = |state: &str| plan.process.cases.state(state).is_some_and(|s| s.phase == Phase::Closed);
    let open = book.cases()?.into_iter().filter(|c| c.merged_into.is_none() && !closed(&c.state));
    let mut all: Vec<(String, &'static str)> =
        open.map(|c| (c.opened_round, "a case that it opened is not closed")).collect();
    all.extend(book.forms_out()?.into_iter().map(|round| (round, "a form that it issued has not come back")));
    all.sort();
    all.dedup();
    Ok(all)
}
