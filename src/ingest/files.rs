//! Which files of the input folder belong to a source.
//!
//! In: the contract's globs and the input folder. Out: the files in path order, and what was left out and why. Tables in
//! a ZIP delivery are files like others, as if the archive were a folder: `民政.zip/低保.xlsx` fits what `民政/低保.xlsx`
//! fits. They are unpacked into a temporary folder that lives as long as the list of files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use tempfile::TempDir;
use unicode_normalization::UnicodeNormalization;

use super::archive::{self, Member};
use super::limits::LIMITS;
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place, mask_runs};
use crate::plan::Source;

/// Folders below folders that are searched; deeper ones are a mistake or a trap.
const DEPTH: usize = 16;

/// Endings of files that a browser or a copying program has not finished.
const UNFINISHED: [&str; 6] = [".part", ".partial", ".crdownload", ".download", ".filepart", ".tmp"];

/// A file of a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InputFile {
    /// Path below the input folder, `/` as separator.
    pub relative: String,
    /// Path to open; for a member of a ZIP delivery where it was unpacked, or the archive when it could not be.
    pub path: PathBuf,
}

/// What was found for a source.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Files to read, in path order; empty when the source was not delivered.
    pub files: Vec<InputFile>,
    /// Files that fit the contract's names and are left out: lock files, hidden and empty files.
    pub notes: Vec<Diagnostic>,
    /// Where members of ZIP deliveries were unpacked.
    unpacked: Option<Arc<TempDir>>,
}

/// Finds a source's files below the input folder.
///
/// Globs are matched against the path below the folder or below any folder in it (an inbox may have one for each round),
/// without regard to upper and lower case (`.XLSX`), `*` not crossing `/`. A source without a file is not an error here: the caller knows whether it is required.
///
/// # Errors
/// `io.failed` when a folder cannot be listed, `ingest.pattern` when a glob of the contract is not one.
pub fn find_files(source: &Source, input: &Path) -> Outcome<Found> {
    let globs = globs(source)?;
    let all = list_files(input)?;
    let mut found = Found::default();
    for file in all {
        if archive::is_delivery(&file.path) {
            delivery(&mut found, &globs, &file)?;
            continue;
        }
        if let Some(whole) = UNFINISHED.iter().find_map(|end| strip_end(&file.relative, end)) {
            if globs.is_match(matchable(whole)) {
                found.notes.push(unfinished(&file));
            }
            continue;
        }
        if !is_wanted(&mut found, &[&file.relative], &globs, &file.relative) {
            continue;
        }
        let size = fs::metadata(&file.path).map_err(|e| Failure::io("read the size of", &file.path, &e))?.len();
        if size == 0 {
            found.notes.push(empty(&file.relative));
            continue;
        }
        found.files.push(file);
    }
    found.files.sort();
    Ok(found)
}

/// True when a contract's globs take a file at this place below the input folder.
///
/// # Errors
/// `ingest.pattern` when a glob of the contract is not one.
pub fn fits(source: &Source, relative: &str) -> Outcome<bool> {
    Ok(globs(source)?.is_match(matchable(relative)))
}

/// True when one of a file's names fits the globs and it is no lock or hidden file; such a one is noted.
fn is_wanted(found: &mut Found, names: &[&str], globs: &GlobSet, shown: &str) -> bool {
    let fits = |name: &str| globs.is_match(matchable(name));
    let last = shown.rsplit('/').next().unwrap_or_default();
    // A lock file `~$名册.xlsx` or `.~lock.名册.csv#` fits when the name without its mark does.
    let plain = last.strip_prefix("~$").or_else(|| last.strip_prefix(".~")).or_else(|| last.strip_prefix('.'));
    let Some(plain) = plain else {
        return names.iter().any(|n| fits(n));
    };
    let without = |name: &str| format!("{}{plain}", &name[..name.len().saturating_sub(last.len())]);
    if names.iter().any(|n| fits(n) || fits(&without(n))) {
        found.notes.push(left_out(shown, last.starts_with("~$")));
    }
    false
}

/// Takes the members of a ZIP delivery that fit.
fn delivery(found: &mut Found, globs: &GlobSet, zip: &InputFile) -> Outcome<()> {
    let (folder, name) = zip.relative.rsplit_once('/').map_or(("", zip.relative.as_str()), |(f, n)| (f, n));
    let below = |step: &str| if folder.is_empty() { step.to_string() } else { format!("{folder}/{step}") };
    let stem = below(name.rsplit_once('.').map_or(name, |(stem, _)| stem));
    let whole = globs.is_match(matchable(&zip.relative));
    let members = match archive::members(&zip.path, &LIMITS, &Place::file(&zip.relative)) {
        Ok(members) => members,
        Err(problems) => {
            // Nobody knows what is in it: every source that may look for it there must know.
            let near = ["xlsx", "xls", "csv"].iter().any(|e| globs.is_match(matchable(&format!("{stem}.{e}"))));
            if whole || near {
                found.files.push(zip.clone());
            } else {
                found.notes.extend(problems.into_iter().map(|mut p| {
                    p.severity = crate::diag::Severity::Warning;
                    p
                }));
            }
            return Ok(());
        }
    };
    for member in members {
        let shown = format!("{}/{}", zip.relative, member.name);
        let names = [shown.clone(), below(&member.name), format!("{stem}/{}", member.name)];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let names = if whole { vec![zip.relative.as_str(), shown.as_str()] } else { names };
        if is_wanted(found, &names, globs, &shown) {
            unpack(found, zip, &member, shown)?;
        }
    }
    Ok(())
}

/// Unpacks a member; one that cannot be keeps the archive's path, and reading it tells why.
fn unpack(found: &mut Found, zip: &InputFile, member: &Member, relative: String) -> Outcome<()> {
    let folder = match &found.unpacked {
        Some(folder) => folder.clone(),
        None => {
            let temporary = std::env::temp_dir();
            let made = TempDir::with_prefix("bidui-").map_err(|e| Failure::io("make a folder in", &temporary, &e))?;
            found.unpacked.insert(Arc::new(made)).clone()
        }
    };
    // Each member is told of or taken, so no number comes twice.
    let path = folder.path().join((found.files.len() + found.notes.len()).to_string());
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&path).map_err(|e| Failure::io("write", &path, &e))?;
    let place = Place::file(&relative);
    let path = match archive::unpack(&zip.path, member, &mut out, &LIMITS, &place) {
        Ok(()) if out.metadata().map_err(|e| Failure::io("read the size of", &path, &e))?.len() == 0 => {
            found.notes.push(empty(&relative));
            return Ok(());
        }
        Ok(()) => path,
        Err(_) => zip.path.clone(),
    };
    found.files.push(InputFile { relative: mask_runs(&relative), path });
    Ok(())
}

fn empty(relative: &str) -> Diagnostic {
    Diagnostic::warning("ingest.empty_file", "the file has no content and is left out", Place::file(relative))
        .hint("it may still be copied; ask the sender for the file again")
}

fn left_out(relative: &str, lock: bool) -> Diagnostic {
    let (message, hint) = if lock {
        (
            "a lock file of a workbook that is open somewhere; it is left out",
            "close the workbook and make sure that its last changes are saved",
        )
    } else {
        ("a hidden file; it is left out", "rename it without the leading dot if it is a delivery")
    };
    // Behind a lock file somebody may be changing the delivery at this moment.
    let told = if lock { Diagnostic::warning } else { Diagnostic::note };
    told("ingest.left_out", message, Place::file(relative)).hint(hint)
}

fn strip_end<'a>(name: &'a str, end: &str) -> Option<&'a str> {
    let at = name.len().checked_sub(end.len())?;
    (name.is_char_boundary(at) && name[at..].eq_ignore_ascii_case(end)).then(|| &name[..at])
}

fn unfinished(file: &InputFile) -> Diagnostic {
    let message = "a download or copy that is not finished; it is left out";
    Diagnostic::warning("ingest.unfinished", message, Place::file(&file.relative))
        .hint("wait until the copy is finished and run again; if it is, take the last ending off the name")
}

/// Names from a Mac come in decomposed characters; contracts are written in composed ones.
fn matchable(relative: &str) -> String {
    relative.nfc().collect()
}

fn globs(source: &Source) -> Outcome<GlobSet> {
    let mut set = GlobSetBuilder::new();
    let mut problems = Vec::new();
    for pattern in &source.files {
        let composed: String = pattern.nfc().collect();
        let anywhere = if composed.starts_with("**/") { composed } else { format!("**/{composed}") };
        let glob = GlobBuilder::new(&anywhere).literal_separator(true).case_insensitive(true).build();
        match glob {
            Ok(glob) => {
                set.add(glob);
            }
            Err(e) => problems.push(
                Diagnostic::error(
                    "ingest.pattern",
                    format!("`{pattern}` is not a file pattern: {}", e.kind()),
                    source.place.clone().field("files"),
                )
                .hint("use * for any name, ** for any folders, [(] for characters with a meaning"),
            ),
        }
    }
    if problems.is_empty() {
        set.build().map_err(|e| Failure::internal(format!("file patterns do not combine: {e}")))
    } else {
        Err(Failure { class: FailureClass::Pipeline, problems })
    }
}

/// Lists every file below the input folder in path order, lock files and hidden ones too.
///
/// # Errors
/// `io.failed` when a folder cannot be listed.
pub fn list_files(input: &Path) -> Outcome<Vec<InputFile>> {
    let mut all = Vec::new();
    walk(input, "", 0, &mut all)?;
    all.sort();
    Ok(all)
}

/// Lists all files below a folder. Links to folders are not followed: they may lead out of it or round in a ring.
fn walk(dir: &Path, below: &str, depth: usize, out: &mut Vec<InputFile>) -> Outcome<()> {
    let list = fs::read_dir(dir).map_err(|e| Failure::io("list", dir, &e))?;
    for entry in list {
        let entry = entry.map_err(|e| Failure::io("list", dir, &e))?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let relative = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        let kind = entry.file_type().map_err(|e| Failure::io("look at", &path, &e))?;
        if kind.is_dir() {
            if depth < DEPTH && !name.starts_with('.') {
                walk(&path, &relative, depth + 1, out)?;
            }
        } else if kind.is_file() || path.is_file() {
            out.push(InputFile { relative: mask_runs(&relative), path });
        }
    }
    Ok(())
}
