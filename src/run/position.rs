//! Where a round began: the ledger as it was, the inbox as it lay, and the version of the round that it replaced.
//!
//! ```text
//! OUT/.before/<round>/position.json   which run, on which day, from which files, after which round
//! OUT/.before/<round>/ledger.sqlite   the ledger before the run
//! OUT/.before/<round>/round/          the version of the round that the run replaced, if there was one
//! OUT/.before/<round>.undone/         the same of a round that was undone; `round` is what was undone
//! ```
//!
//! It is what a round can be undone to and replayed from. A run writes it beside its place and puts it there once the round is
//! published; [`settle`] finishes or clears what a stopped run left.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::{self, HashedFile};
use super::{private, stages, store};
use crate::cases::ledger;
use crate::diag::{Failure, Outcome};
use crate::publish::atomic;

/// Name of the folder below the output folder.
pub const FOLDER: &str = ".before";

/// A file of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Listed {
    /// Path below the input folder.
    pub path: String,
    /// Its hash; none for a file that nobody read.
    pub sha256: Option<String>,
}

/// Where a round began.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// Round.
    pub round: String,
    /// Day of the judgement.
    pub as_of: String,
    /// The run that was published.
    pub run_id: String,
    /// Version of the program.
    pub version: String,
    /// Round and run of which rows may have been kept.
    pub previous: Option<(String, String)>,
    /// Sources whose delivery a person accepted as it was.
    pub accept: Vec<String>,
    /// The inbox.
    pub inbox: Vec<Listed>,
    /// The ledger before the run.
    pub ledger: HashedFile,
}

/// The folder of a round's position.
pub fn place(out: &Path, round: &str) -> PathBuf {
    out.join(FOLDER).join(round)
}

/// The folder of a round that was undone.
pub fn undone(out: &Path, round: &str) -> PathBuf {
    out.join(FOLDER).join(format!("{round}.undone"))
}

/// Where the position of a round is put together while it is published.
fn coming(out: &Path, round: &str) -> PathBuf {
    out.join(FOLDER).join(format!(".{round}.new"))
}

/// Reads the position in a folder; none when there is none or it is not of the run that is meant.
pub fn read(dir: &Path, run_id: &str) -> Option<Position> {
    let position: Position = stages::read_json(&dir.join("position.json")).ok()?;
    (position.run_id == run_id).then_some(position)
}

/// Puts a position together; `copy` writes the ledger to the path it gets.
///
/// # Errors
/// Something cannot be written (74).
pub fn prepare(out: &Path, mut position: Position, copy: impl FnOnce(&Path) -> Outcome<()>) -> Outcome<PathBuf> {
    let dir = coming(out, &position.round);
    clear(&dir)?;
    private::make_dir(&dir)?;
    let ledger = dir.join(ledger::FILE);
    copy(&ledger)?;
    private::only_owner(&ledger)?;
    let (sha256, bytes) = manifest::hash_file(&ledger).map_err(|e| Failure::io("hash", &ledger, &e))?;
    position.ledger = HashedFile { path: ledger::FILE.into(), sha256, bytes };
    stages::write_json(&dir.join("position.json"), &position)?;
    Ok(dir)
}

/// Puts the prepared positions of published rounds in their places and clears those of others.
///
/// # Errors
/// Something cannot be moved or removed (74).
pub fn settle(out: &Path) -> Outcome<()> {
    let folder = out.join(FOLDER);
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(round) = name.strip_prefix('.').and_then(|n| n.strip_suffix(".new")) else { continue };
        let dir = entry.path();
        let published = published_run(out, round);
        if published.is_some_and(|run_id| read(&dir, &run_id).is_some()) {
            // A run that was stopped right after the exchange left the replaced version in staging.
            let replaced = out.join(".staging").join(round);
            if replaced.join("manifest.json").is_file() && !dir.join("round").exists() {
                move_to(&replaced, &dir.join("round"))?;
            }
            let place = place(out, round);
            clear(&place)?;
            move_to(&dir, &place)?;
        } else {
            clear(&dir)?;
        }
    }
    Ok(())
}

/// Removes where all but the newest rounds of a pipeline began: each holds a copy of the ledger, and only the newest round can be
/// undone, then the one before it.
///
/// # Errors
/// Something cannot be removed (74).
pub fn retire(out: &Path, pipeline: &str, newest: u32) -> Outcome<()> {
    for (_, _, round) in store::rounds_of(out, pipeline).iter().rev().skip(newest as usize) {
        clear(&place(out, &round.name))?;
    }
    Ok(())
}

/// The run id in the manifest of a published round.
pub fn published_run(out: &Path, round: &str) -> Option<String> {
    run_in(&out.join("rounds").join(round))
}

/// The run id in the manifest of a round's folder.
pub fn run_in(dir: &Path) -> Option<String> {
    let manifest: serde_json::Value = stages::read_json(&dir.join("manifest.json")).ok()?;
    manifest["run_id"].as_str().map(str::to_string)
}

/// Removes a folder if it is there.
pub fn clear(dir: &Path) -> Outcome<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(|e| Failure::io("remove", dir, &e))?;
    }
    Ok(())
}

/// Moves a folder or file and brings the move to disk.
pub fn move_to(from: &Path, to: &Path) -> Outcome<()> {
    fs::rename(from, to).map_err(|e| Failure::io("move to its place", to, &e))?;
    for folder in [from.parent(), to.parent()].into_iter().flatten() {
        atomic::sync_folder(folder)?;
    }
    Ok(())
}

/// Copies a file so that the copy is wholly there, its owner's alone, or not at all.
pub fn copy_file(from: &Path, to: &Path) -> Outcome<()> {
    let mut source = fs::File::open(from).map_err(|e| Failure::io("read", from, &e))?;
    atomic::write_with(to, |out| std::io::copy(&mut source, out).map(|_| ()))
}
