//! The input folder as one run sees it: finished files only, each kept by its hash before anything reads it, receipts apart.
//!
//! ```text
//! INPUT/民政/农村低保.xlsx            files at any depth, as the contracts' globs say
//! INPUT/2026Q3/民政/农村低保.xlsx     a folder named like a round holds that round's files and no other's
//! OUT/forms/inbox/线下排查/…         new reports in returned forms: the villages' own, read once in the round after they came
//! OUT/deliveries/<sha256>.xlsx       what was read, for as long as a later round may need it
//! ```
//!
//! The kept copy is what is read, so that a sender who writes over the file meanwhile changes nothing. It is a copy and no
//! link: a file that is written in place would change under its hash.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::manifest;
use crate::cases::ledger::{Deliveries, DeliveryState, KeptFile};
use crate::diag::{Diagnostic, Failure, Outcome, Place};
use crate::ingest::{self, InputFile, receipt::Looks};
use crate::plan::{Source, SourceRole};

/// Folder of kept files below the output folder.
pub const FOLDER: &str = "deliveries";
/// Folder of new reports in returned forms, below the output folder.
pub const REPORTS: &str = "forms/inbox";
/// A file that was changed so lately may still be being written: it is looked at twice.
const LATELY: Duration = Duration::from_secs(10);
/// Time between the two looks.
const PAUSE: Duration = Duration::from_millis(400);

/// A file on its way into the run.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// What to read: the kept copy under the name by which it came.
    pub file: InputFile,
    /// Hash and size.
    pub kept: KeptFile,
}

/// The input folder.
pub struct Inbox {
    input: PathBuf,
    /// Where new reports in returned forms lie.
    reports: Option<PathBuf>,
    keep: Option<PathBuf>,
    round: String,
    /// Paths that no source gets: growing files, receipts, what lies in the output folder.
    apart: BTreeSet<String>,
    growing: BTreeSet<String>,
    /// Paths of all files, but for what lies in the output folder.
    pub all: Vec<String>,
    /// Receipts that came back, in path order.
    pub receipts: Vec<Arrival>,
    /// What is to be said about files as such.
    pub problems: Vec<Diagnostic>,
}

impl Inbox {
    /// Looks through the input folder; with an output folder and `keep` every file that is used is kept there, otherwise
    /// files are read where they lie and nothing is written.
    ///
    /// # Errors
    /// Something cannot be read or kept (74).
    pub fn open(input: &Path, out: Option<&Path>, keep: bool, round: &str) -> Outcome<Inbox> {
        let mut inbox = Inbox {
            input: input.to_path_buf(),
            reports: out.map(|o| o.join(REPORTS)).filter(|p| p.is_dir()),
            keep: out.filter(|_| keep).map(|o| o.join(FOLDER)),
            round: round.to_string(),
            apart: BTreeSet::new(),
            growing: BTreeSet::new(),
            all: Vec::new(),
            receipts: Vec::new(),
            problems: Vec::new(),
        };
        let mut files = ingest::list_files(input)?;
        let own = out.and_then(|o| o.canonicalize().ok());
        files.retain(|file| {
            let inside = own.as_ref().is_some_and(|o| file.path.canonicalize().is_ok_and(|p| p.starts_with(o)));
            if inside {
                inbox.apart.insert(file.relative.clone());
            }
            !inside
        });
        inbox.all = files.iter().map(|f| f.relative.clone()).collect();
        inbox.growing = growing(&files);
        inbox.apart.extend(inbox.growing.iter().cloned());
        for file in files.iter().filter(|f| !inbox.growing.contains(&f.relative)) {
            let name = file.relative.rsplit('/').next().unwrap_or_default();
            if name.starts_with("~$") || name.starts_with('.') {
                continue;
            }
            match ingest::receipt::looks(&file.path) {
                Looks::Other => {}
                Looks::Receipt => {
                    inbox.apart.insert(file.relative.clone());
                    let arrival = inbox.keep(file)?;
                    inbox.receipts.extend(arrival);
                }
            }
        }
        Ok(inbox)
    }

    /// A source's files of this round, and what is to be said about those left out.
    ///
    /// # Errors
    /// A file cannot be read or kept (74).
    pub fn files_of(&self, source: &Source, known: &Deliveries) -> Outcome<(Vec<Arrival>, Vec<Diagnostic>)> {
        let found = ingest::find_files(source, &self.input)?;
        let mut problems = found.notes;
        let mut arrivals = Vec::new();
        let mut elsewhere = 0;
        for file in &found.files {
            let place = || Place::file(&file.relative);
            if self.growing.contains(&file.relative) {
                problems.push(still_written(place()));
            } else if other_round(&file.relative, &self.round) {
                elsewhere += 1;
            } else if !self.apart.contains(&file.relative) {
                match self.keep(file)? {
                    Some(arrival) => arrivals.push(arrival),
                    None => problems.push(still_written(place())),
                }
            }
        }
        if elsewhere > 0 {
            let message = format!("{elsewhere} files lie in folders of other rounds and are not of {}", self.round);
            problems.push(Diagnostic::note("delivery.other_round", message, Place::file(source.files.join(", "))));
        }
        arrivals.extend(self.new_reports(source, known)?);
        Ok((arrivals, problems))
    }

    /// New reports in returned forms, where the source is the villages' list: each is news of one round. The program has written
    /// them itself, whole or not at all, so none is still growing.
    fn new_reports(&self, source: &Source, known: &Deliveries) -> Outcome<Vec<Arrival>> {
        let Some(folder) = self.reports.as_deref().filter(|_| source.role == SourceRole::Offline) else {
            return Ok(Vec::new());
        };
        let mut arrivals = Vec::new();
        for file in &ingest::find_files(source, folder)?.files {
            let relative = format!("{REPORTS}/{}", file.relative);
            let Some(arrival) = self.keep(&InputFile { relative, path: file.path.clone() })? else { continue };
            let used = known.of(&source.id).filter(|e| e.state == DeliveryState::Used);
            let mut rounds = used.filter(|e| e.files.iter().any(|f| f.sha256 == arrival.kept.sha256)).map(|e| &e.round);
            if rounds.next().is_none_or(|first| *first == self.round) {
                arrivals.push(arrival);
            }
        }
        Ok(arrivals)
    }

    /// Hashes a file and keeps a copy; none when it changes meanwhile.
    fn keep(&self, file: &InputFile) -> Outcome<Option<Arrival>> {
        let failed = |e: std::io::Error| Failure::io("hash", &file.path, &e);
        let (sha256, bytes) = manifest::hash_file(&file.path).map_err(failed)?;
        let kept = KeptFile { path: file.relative.clone(), sha256, bytes };
        let Some(folder) = &self.keep else {
            return Ok(Some(Arrival { file: file.clone(), kept }));
        };
        let target = folder.join(kept_name(&kept));
        if !is_sound(&target, &kept) && !copy(&file.path, &target, &kept.sha256)? {
            return Ok(None);
        }
        Ok(Some(Arrival { file: InputFile { relative: file.relative.clone(), path: target }, kept }))
    }
}

fn still_written(place: Place) -> Diagnostic {
    Diagnostic::warning("ingest.still_written", "the file is still being written; it is left out", place)
        .hint("wait until the copy is finished and run again")
}

/// Whether a file is of the program's own folder of new reports.
pub fn is_report(file: &KeptFile) -> bool {
    file.path.strip_prefix(REPORTS).is_some_and(|rest| rest.starts_with('/'))
}

/// Name of a kept file: its hash with its own ending, which tells programs and people what it is.
pub fn kept_name(file: &KeptFile) -> String {
    let ending = file.path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
    let plain = |e: &&str| (1..=8).contains(&e.len()) && e.bytes().all(|b| b.is_ascii_alphanumeric());
    match ending.filter(plain) {
        Some(ending) => format!("{}.{}", file.sha256, ending.to_lowercase()),
        None => file.sha256.clone(),
    }
}

/// True when a kept file is there and is what its name says.
pub fn is_sound(path: &Path, file: &KeptFile) -> bool {
    manifest::hash_file(path).is_ok_and(|(sha256, bytes)| sha256 == file.sha256 && bytes == file.bytes)
}

/// Copies a file so that the copy is wholly there or not at all; false when its content is not what was hashed.
fn copy(from: &Path, to: &Path, sha256: &str) -> Outcome<bool> {
    let folder = to.parent().unwrap_or(Path::new("."));
    crate::publish::atomic::make_folder(folder)?;
    // Whole exports of departments lie here: nobody but the owner reads them.
    private(folder, 0o700).map_err(|e| Failure::io("close the folder to others", folder, &e))?;
    let name = to.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let part = folder.join(format!(".{name}.part"));
    let copied = (|| -> std::io::Result<bool> {
        let mut source = File::open(from)?;
        let _ = fs::remove_file(&part);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut target = options.open(&part)?;
        let mut hasher = Sha256::new();
        let mut chunk = vec![0; 1 << 16];
        loop {
            let n = source.read(&mut chunk)?;
            if n == 0 {
                break;
            }
            hasher.update(&chunk[..n]);
            target.write_all(&chunk[..n])?;
        }
        if manifest::hex(&hasher.finalize()) != sha256 {
            return Ok(false);
        }
        target.sync_all()?;
        fs::rename(&part, to)?;
        Ok(true)
    })();
    if !matches!(copied, Ok(true)) {
        let _ = fs::remove_file(&part);
    }
    let copied = copied.map_err(|e| Failure::io("keep the delivered file", to, &e))?;
    crate::publish::atomic::sync_folder(folder)?;
    Ok(copied)
}

#[cfg(unix)]
fn private(path: &Path, mode: u32) -> std::io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn private(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}

/// True when a folder on the way to a file is named like a round that is not this one.
pub(super) fn other_round(relative: &str, round: &str) -> bool {
    let folders = relative.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').any(|f| is_round(f) && !f.eq_ignore_ascii_case(round))
}

/// `2026Q3` or `2026-09-30`.
fn is_round(name: &str) -> bool {
    let quarter = name.len() == 6 && {
        let (year, rest) = name.as_bytes().split_at(4);
        year.iter().all(u8::is_ascii_digit) && matches!(rest, [b'Q' | b'q', b'1'..=b'4'])
    };
    quarter || (name.len() == 10 && name.parse::<jiff::civil::Date>().is_ok())
}

/// Paths of files that grow or change while they are looked at.
fn growing(files: &[InputFile]) -> BTreeSet<String> {
    let state = |m: &Metadata| (m.len(), m.modified().ok());
    let now = now();
    let lately: Vec<(&InputFile, _)> = files
        .iter()
        .filter_map(|f| Some((f, fs::metadata(&f.path).ok()?)))
        .filter(|(_, m)| m.modified().is_ok_and(|t| now.duration_since(t).is_ok_and(|age| age < LATELY)))
        .map(|(f, m)| (f, state(&m)))
        .collect();
    if lately.is_empty() {
        return BTreeSet::new();
    }
    std::thread::sleep(PAUSE);
    let changed = |(f, before): &&(&InputFile, _)| fs::metadata(&f.path).map_or(true, |m| state(&m) != *before);
    lately.iter().filter(changed).map(|(f, _)| f.relative.clone()).collect()
}

/// How old a file is decides only whether it is looked at twice.
#[allow(clippy::disallowed_methods)]
fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_rounds_are_told_from_others() {
        for name in ["2026Q3", "2026q1", "2026-09-30"] {
            assert!(is_round(name), "{name}");
        }
        for name in ["2026", "2026Q5", "民政", "2026Q33", "2026-13-01", "2026年三季"] {
            assert!(!is_round(name), "{name}");
        }
        assert!(other_round("2026Q2/民政/a.xlsx", "2026Q3"));
        assert!(!other_round("2026q3/民政/a.xlsx", "2026Q3"));
        assert!(!other_round("民政/2026Q2.xlsx", "2026Q3"), "a file's name is no folder");
    }

    #[test]
    fn a_kept_file_is_a_private_copy_and_mended_when_it_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let (input, out) = (dir.path().join("in"), dir.path().join("out"));
        fs::create_dir_all(input.join("民政")).unwrap();
        fs::create_dir_all(&out).unwrap();
        fs::write(input.join("民政/a.CSV"), "姓名\n甲\n").unwrap();
        let inbox = Inbox::open(&input, Some(&out), true, "2026Q3").unwrap();
        let source =
            crate::plan::Source { files: vec!["民政/*.csv".into()], ..crate::plan::sample::source("s", vec![]) };
        let (arrivals, problems) = inbox.files_of(&source, &Deliveries::default()).unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        let kept = &arrivals[0];
        assert_eq!(kept.file.relative, "民政/a.CSV");
        assert_eq!(kept.file.path, out.join(FOLDER).join(format!("{}.csv", kept.kept.sha256)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&kept.file.path), mode(&out.join(FOLDER))), (0o600, 0o700));
        }
        // The sender writes over the file in place: what was kept stays.
        fs::write(input.join("民政/a.CSV"), "姓名\n乙\n").unwrap();
        assert_eq!(fs::read_to_string(&kept.file.path).unwrap(), "姓名\n甲\n");
        fs::write(input.join("民政/a.CSV"), "姓名\n甲\n").unwrap();
        fs::write(&kept.file.path, "bitten").unwrap();
        let again = inbox.files_of(&source, &Deliveries::default()).unwrap().0;
        assert_eq!(fs::read_to_string(&again[0].file.path).unwrap(), "姓名\n甲\n");
    }

    #[test]
    fn a_file_that_grows_is_left_out_with_a_word() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.csv"), "姓名\n").unwrap();
        fs::write(dir.path().join("b.csv"), "姓名\n甲\n").unwrap();
        let path = dir.path().join("a.csv");
        let stop = std::sync::atomic::AtomicBool::new(false);
        let inbox = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
                    file.write_all("甲\n".as_bytes()).unwrap();
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            let inbox = Inbox::open(dir.path(), None, false, "2026Q3");
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            inbox
        });
        let source = crate::plan::Source { files: vec!["*.csv".into()], ..crate::plan::sample::source("s", vec![]) };
        let (arrivals, problems) = inbox.unwrap().files_of(&source, &Deliveries::default()).unwrap();
        assert_eq!(arrivals.iter().map(|a| a.file.relative.as_str()).collect::<Vec<_>>(), ["b.csv"]);
        assert_eq!(problems[0].code, "ingest.still_written");
        assert_eq!(problems[0].place.file.as_deref(), Some("a.csv"));
    }
}
