//! `bidui runs undo` and `restore`: the round before put back, files and ledger together, and taken back again.
//!
//! A round can be undone as long as nothing rests on it: no later run, and no decision, form or step that people took into
//! the ledger since. Then its files and the ledger go back to where the round began. Folder and file cannot change in one step; a note says
//! what is on its way, and whoever opens the folder next finishes it ([`finish`]).

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::position::{self, Position, clear, copy_file, move_to, place, published_run, run_in, undone};
use super::staging::exchange;
use super::{clock, history, ledger, lock, manifest, private, stages};
use crate::cases::ledger::FILE;
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::publish::atomic;

/// The note of what is on its way.
const NOTE: &str = ".undo.json";

/// What was put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PutBack {
    /// The round.
    pub round: String,
    /// The run whose files and ledger no longer count.
    pub taken: Option<String>,
    /// The run of that round that counts now; none when the round is gone.
    pub now: Option<String>,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    Undo,
    Restore,
}

/// What is on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Note {
    way: Way,
    round: String,
    run_id: String,
}

/// Puts back what was before the last run.
///
/// # Errors
/// There is no such round or nothing to put back (66); something rests on it (64, with what); another run holds the folder (75);
/// something cannot be read or written (74). Nothing was changed then, or the next command finishes it.
pub fn undo_run(out: &Path, round: &str) -> Outcome<PutBack> {
    let _lock = lock::take(out, &lock::holder("runs undo"))?;
    let book = ledger::open(out)?;
    let dir = super::Round::open(out, Some(round))?.dir;
    let run_id = run_in(&dir).unwrap_or_default();
    let at = position::read(&place(out, round), &run_id);
    if at.is_none_or(|p| !is_sound(&place(out, round), &p)) {
        let what = format!("where round {round} began is not kept any more, or was damaged: it cannot be undone");
        return Err(refused(
            FailureClass::InputMissing,
            "runs.no_position",
            what,
            &dir,
            "put the output folder back from the backup",
        ));
    }
    let newest = book.newest()?;
    if newest.as_ref().is_none_or(|n| n.run_id != run_id || n.round != round) {
        let later = newest.map_or("another".to_string(), |n| n.round);
        let what = format!("round {later} was run after {round} and rests on it");
        let hint = format!("undo {later} first");
        return Err(refused(FailureClass::Usage, "runs.later_round", what, &dir, &hint));
    }
    let since = book.since(&place(out, round).join(FILE))?;
    if !since.is_empty() {
        let list: Vec<String> = since.iter().map(|(what, n)| format!("{n} {what}")).collect();
        let what =
            format!("since round {round} people have taken into the ledger: {}; that would be lost", list.join(", "));
        let hint = "what people decided is never thrown away: correct the inputs or the pipeline and run the round again instead";
        return Err(refused(FailureClass::Usage, "runs.rests_on_it", what, &dir, hint));
    }
    drop(book);
    turn(out, Note { way: Way::Undo, round: round.to_string(), run_id })
}

/// Takes an undo back: the round and its ledger as they were.
///
/// # Errors
/// As [`undo_run`]; the ledger has moved on since the undo (64).
pub fn restore_run(out: &Path, round: &str) -> Outcome<PutBack> {
    let _lock = lock::take(out, &lock::holder("runs restore"))?;
    drop(ledger::open(out)?);
    let dir = undone(out, round);
    let at: Option<Position> = stages::read_json(&dir.join("position.json")).ok();
    let Some(at) = at else {
        let what = format!("round {round} was not undone, or what was undone is not kept any more");
        let hint = "`bidui run` makes a round again from its inputs";
        return Err(refused(FailureClass::InputMissing, "runs.not_undone", what, &dir, hint));
    };
    let now = manifest::hash_file(&out.join(FILE)).map(|(sha256, _)| sha256).unwrap_or_default();
    if now != at.ledger.sha256 {
        let what = format!("the ledger has changed since round {round} was undone; the round does not fit it any more");
        let hint = "run the round again: it is made from the same inputs and the ledger of today";
        return Err(refused(FailureClass::Usage, "runs.moved_on", what, &dir, hint));
    }
    turn(out, Note { way: Way::Restore, round: round.to_string(), run_id: at.run_id })
}

fn refused(class: FailureClass, code: &'static str, what: String, at: &Path, hint: &str) -> Failure {
    Failure::one(class, Diagnostic::error(code, what, Place::file(at.display().to_string())).hint(hint))
}

/// True when the kept ledger is what its position says.
fn is_sound(dir: &Path, position: &Position) -> bool {
    manifest::hash_file(&dir.join(FILE)).is_ok_and(|(sha256, _)| sha256 == position.ledger.sha256)
}

fn turn(out: &Path, note: Note) -> Outcome<PutBack> {
    let path = out.join(NOTE);
    stages::write_json(&path, &note)?;
    let done = go(out, &note)?;
    let word = if note.way == Way::Undo { "undone" } else { "restored" };
    let line = serde_json::json!({"at": clock::now_stamp(), "round": note.round, "run_id": note.run_id, word: true});
    history::append_history(out, &line.to_string())?;
    Ok(done)
}

/// Finishes what a stopped `undo` or `restore` left on its way; to be called under the folder's lock.
///
/// # Errors
/// Something cannot be moved (74).
pub fn finish(out: &Path) -> Outcome<()> {
    match stages::read_json::<Note>(&out.join(NOTE)) {
        Ok(note) => go(out, &note).map(|_| ()),
        Err(_) if out.join(NOTE).exists() => {
            // Written whole or not at all: what cannot be read was never begun.
            fs::remove_file(out.join(NOTE)).map_err(|e| Failure::io("remove", &out.join(NOTE), &e))
        }
        Err(_) => Ok(()),
    }
}

/// Every step looks whether it is done already.
fn go(out: &Path, note: &Note) -> Outcome<PutBack> {
    let (kept, gone) = (place(out, &note.round), undone(out, &note.round));
    let (from, to) = match note.way {
        Way::Undo => (&kept, &gone),
        Way::Restore => (&gone, &kept),
    };
    let round = out.join("rounds").join(&note.round);
    let ledger = out.join(FILE);
    if from.join("position.json").is_file() {
        let out_of_place = match note.way {
            Way::Undo => published_run(out, &note.round).as_ref() == Some(&note.run_id),
            Way::Restore => published_run(out, &note.round).as_ref() != Some(&note.run_id),
        };
        if out_of_place {
            swap(&from.join("round"), &round)?;
        }
        let after = from.join("ledger.after");
        match note.way {
            Way::Undo => {
                if !after.exists() {
                    copy_file(&ledger, &after)?;
                }
                copy_file(&from.join(FILE), &ledger)?;
            }
            Way::Restore => copy_file(&after, &ledger)?,
        }
        clear(to)?;
        move_to(from, to)?;
    }
    if note.way == Way::Restore {
        let after = to.join("ledger.after");
        if after.exists() {
            fs::remove_file(&after).map_err(|e| Failure::io("remove", &after, &e))?;
        }
    }
    let path = out.join(NOTE);
    fs::remove_file(&path).map_err(|e| Failure::io("remove", &path, &e))?;
    atomic::sync_folder(out)?;
    let (other, now) = (run_in(&to.join("round")), published_run(out, &note.round));
    Ok(PutBack { round: note.round.clone(), taken: other, now })
}

/// Exchanges two folders, or moves the one that is there.
fn swap(kept: &Path, round: &Path) -> Outcome<()> {
    if let Some(folder) = round.parent() {
        private::make_dir(folder)?;
    }
    match (kept.exists(), round.exists()) {
        (true, true) => {
            exchange(kept, round).map_err(|e| Failure::io("put the round in its place", round, &e))?;
            for folder in [kept.parent(), round.parent()].into_iter().flatten() {
                atomic::sync_folder(folder)?;
            }
            Ok(())
        }
        (true, false) => move_to(kept, round),
        (false, true) => move_to(round, kept),
        (false, false) => Ok(()),
    }
}
