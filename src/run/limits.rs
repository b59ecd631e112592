//! What a run will need of memory and disk, estimated from its files before anything is read or written, and refused in words when
//! it is not there: an allocation that fails later would end the program without any (fault 20).
//!
//! In: the sources' files, a cap, the output folder. Out: nothing, or a failure (74) that says how much is needed.
//!
//! # The estimate
//!
//! A run holds its tables in memory. Peak memory was measured on counties of 3,000, 10,000 and 30,000 households with the nightly
//! and the quarterly pipeline (117 to 950 MB; 9.1 GB at 300,000 households) and is, within 10 %, a sum of `BASE` and
//! so many bytes for each byte of text, of inflated sheet, of Parquet. `MARGIN` is put on it.
//!
//! The disk is taken for the copies of the deliveries, for what is made of their rows (results of finished stages, the round, what
//! the ledger learns), and twice for the ledger that is there: the copy in `.before` and its journal. The version that a round
//! replaces and the results that nobody needs any more only go when the new ones are in place. Written at the highest point were,
//! on the same counties, delivered also as workbooks alone or as Parquet, 6 to 165 MB: 0.52 to 0.85 of what is asked for here
//! (`tests/it/limits.rs` measures it anew).

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::inbox;
use crate::cases::ledger::Deliveries;
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::ingest;
use crate::plan::Plan;

/// Bytes of a run on nothing: code tables, the program's own.
const BASE: u64 = 100 << 20;
/// Bytes in memory for each byte of CSV and of other plain files.
const OF_TEXT: u64 = 16;
/// For each byte of a workbook's parts when inflated.
const OF_SHEET: u64 = 4;
/// For each byte of a Parquet file.
const OF_PARQUET: u64 = 40;
/// Hundredths by which is asked for more.
const MARGIN: u64 = 120;
/// An archive's directory may lie about its parts; no honest sheet is more than so many times its bytes.
const MOST_INFLATED: u64 = 60;
/// Hundredths of a byte that are written, beside the copy, for what is made of each byte of text, of inflated sheet, of Parquet.
const MADE_OF_TEXT: u64 = 165;
const MADE_OF_SHEET: u64 = 32;
const MADE_OF_PARQUET: u64 = 750;
/// What is written whatever comes in.
const SPARE: u64 = 8 << 20;
/// How often the watch looks.
const LOOK: Duration = Duration::from_millis(50);

/// What the files of a run are made of, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InputSize {
    /// On disk.
    pub delivered: u64,
    /// Of plain files.
    pub text: u64,
    /// Of workbooks' parts, inflated.
    pub sheets: u64,
    /// Of Parquet files.
    pub parquet: u64,
}

impl InputSize {
    /// Adds a file; one that cannot be looked into counts by its bytes, and is told when it is read.
    pub fn add(&mut self, path: &Path) {
        let Ok(bytes) = std::fs::metadata(path).map(|m| m.len()) else { return };
        self.delivered += bytes;
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        match (ending.as_str(), inflated(path)) {
            ("parquet", _) => self.parquet += bytes,
            (_, Some(inflated)) => self.sheets += inflated.min(bytes.saturating_mul(MOST_INFLATED)),
            _ => self.text += bytes,
        }
    }

    /// Peak of a run on such files, in bytes, with the margin.
    pub fn memory(&self) -> u64 {
        let of = |bytes: u64, each: u64| bytes.saturating_mul(each);
        let sum = BASE + of(self.text, OF_TEXT) + of(self.sheets, OF_SHEET) + of(self.parquet, OF_PARQUET);
        sum / 100 * MARGIN
    }

    /// What a run writes at its highest point, in bytes, to a folder whose ledger has so many.
    pub fn disk(&self, ledger: u64) -> u64 {
        let of = |bytes: u64, hundredths: u64| bytes.saturating_mul(hundredths) / 100;
        let made = of(self.text, MADE_OF_TEXT) + of(self.sheets, MADE_OF_SHEET) + of(self.parquet, MADE_OF_PARQUET);
        self.delivered + made / 100 * MARGIN + 2 * ledger + SPARE
    }

    /// The same for an output folder as it is.
    pub fn room(&self, out: &Path) -> u64 {
        self.disk(std::fs::metadata(out.join(crate::cases::ledger::FILE)).map_or(0, |m| m.len()))
    }
}

/// Bytes of a ZIP archive's members by its directory; none for what is no archive.
fn inflated(path: &Path) -> Option<u64> {
    let mut head = [0; 4];
    std::io::Read::read_exact(&mut File::open(path).ok()?, &mut head).ok()?;
    if head != *b"PK\x03\x04" {
        return None;
    }
    let mut archive = zip::ZipArchive::new(File::open(path).ok()?).ok()?;
    let mut sum = 0;
    for i in 0..archive.len() {
        sum += archive.by_index_raw(i).map_or(0, |part| part.size());
    }
    Some(sum)
}

/// The size of what a round will read: the files in the input folder, and for a source without any the kept ones that stand in.
pub fn of_round(plan: &Plan, input: &Path, out: &Path, round: &str, known: &Deliveries) -> Outcome<InputSize> {
    let mut size = InputSize::default();
    let mut all = ingest::list_files(input)?;
    all.retain(|f| !inbox::other_round(&f.relative, round));
    // Which source a table in an archive is of shows when it is unpacked; each archive counts once.
    let (archives, files): (Vec<_>, Vec<_>) =
        all.iter().partition(|f| f.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("zip")));
    archives.iter().for_each(|f| size.add(&f.path));
    for source in &plan.sources {
        let mut found = false;
        for file in &files {
            if ingest::fits(source, &file.relative)? {
                size.add(&file.path);
                found = true;
            }
        }
        let kept = known.last_good(&source.id).filter(|_| !found);
        for file in kept.iter().flat_map(|d| &d.files) {
            size.add(&out.join(inbox::FOLDER).join(inbox::kept_name(file)));
        }
    }
    Ok(size)
}

/// Refuses a run that would need more memory than it may have.
///
/// # Errors
/// `limits.memory` (74).
pub fn demand_memory(size: &InputSize, cap: Option<u64>) -> Outcome<()> {
    let Some(cap) = cap else { return Ok(()) };
    let needed = size.memory();
    if needed <= cap {
        return Ok(());
    }
    let message = format!(
        "these files need about {} of memory and the cap is {}; nothing was read or written",
        shown(needed),
        shown(cap)
    );
    let problem = Diagnostic::error("limits.memory", message, Place::default().field("--memory")).hint(
        "raise the cap if the machine has more, run where it has, or leave out sources that this round can do without",
    );
    Err(Failure::one(FailureClass::Io, problem))
}

/// Refuses a run that would not find room for what it writes.
///
/// # Errors
/// `limits.space` (74), or the folder's file system cannot be asked.
pub fn demand_room(size: &InputSize, out: &Path) -> Outcome<()> {
    let (needed, free) = (size.room(out), free(out)?);
    if needed <= free {
        return Ok(());
    }
    let message = format!(
        "a round of these files takes up to {} and {} are free; nothing was written",
        shown(needed),
        shown(free)
    );
    let problem = Diagnostic::error("limits.space", message, Place::file(out.display().to_string()))
        .hint("make room, or name a folder on another disk with --out; see docs/operations.md, disk planning");
    Err(Failure::one(FailureClass::Io, problem))
}

/// Bytes that an ordinary user may still write to the file system of a folder, or of the nearest one above it that is there.
pub fn free(folder: &Path) -> Outcome<u64> {
    let there: PathBuf = folder.ancestors().find(|a| a.is_dir()).unwrap_or(Path::new(".")).to_path_buf();
    let found = rustix::fs::statvfs(&there).map_err(|e| Failure::io("ask for the free space", &there, &e))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Bytes as a person reads them.
pub fn shown(bytes: u64) -> String {
    let mib = bytes.div_ceil(1 << 20);
    if mib < 10 << 10 { format!("{mib} MiB") } else { format!("{:.1} GiB", mib as f64 / 1024.0) }
}

/// A size as it is written on the command line: `2GiB`, `1500M`, `800000000`.
///
/// # Errors
/// It is none (64).
pub fn parse(text: &str) -> Outcome<u64> {
    let digits = text.trim().find(|c: char| !c.is_ascii_digit()).unwrap_or(text.trim().len());
    let (number, unit) = text.trim().split_at(digits);
    let shift = match unit.trim().to_lowercase().as_str() {
        "" | "b" => Some(0),
        "k" | "kb" | "kib" => Some(10),
        "m" | "mb" | "mib" => Some(20),
        "g" | "gb" | "gib" => Some(30),
        _ => None,
    };
    let bytes = number.parse::<u64>().ok().zip(shift).and_then(|(n, shift)| n.checked_mul(1 << shift));
    bytes.filter(|b| *b > 0).ok_or_else(|| {
        let problem =
            Diagnostic::error("usage.memory", format!("`{text}` is no size"), Place::default().field("--memory"))
                .hint("write it as 2GiB or 1500MiB");
        Failure::one(FailureClass::Usage, problem)
    })
}

/// Watches the program's memory for as long as it lives.
#[derive(Debug)]
pub struct Watch {
    over: Arc<AtomicBool>,
}

impl Watch {
    /// Looks every 50 ms; when the program holds more than the cap, `stop` is told once, in a thread of its own, and has
    /// to end it. What was staged is cleared by the next run, as after a kill.
    pub fn begin(cap: u64, stop: impl FnOnce(Failure) + Send + 'static) -> Watch {
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                if let Some(held) = resident().filter(|held| *held > cap) {
                    let message = format!(
                        "the run holds {} and the cap is {}: it is stopped; the published rounds are as they were",
                        shown(held),
                        shown(cap)
                    );
                    let problem = Diagnostic::error("limits.memory", message, Place::default().field("--memory"))
                        .hint("raise the cap, or leave out sources that this round can do without");
                    return stop(Failure::one(FailureClass::Io, problem));
                }
                std::thread::sleep(LOOK);
            }
        });
        Watch { over }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Bytes of memory the program holds; none where the system does not say.
pub fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|l| l.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of the files of three counties and two pipelines, and the peak that was measured on them.
    #[test]
    fn the_estimate_is_above_what_was_measured_and_not_far() {
        let of = |text: f64, sheets: f64, parquet: f64| InputSize {
            delivered: 0,
            text: (text * 1e6) as u64,
            sheets: (sheets * 1e6) as u64,
            parquet: (parquet * 1e6) as u64,
        };
        for (size, peak) in [
            (of(2.20, 1.36, 0.0), 116_708),
            (of(2.57, 12.88, 0.150), 183_260),
            (of(7.44, 4.67, 0.0), 204_784),
            (of(8.66, 42.78, 0.502), 388_108),
            (of(22.21, 13.57, 0.0), 464_048),
            (of(25.85, 126.40, 1.456), 949_832),
        ] {
            let ratio = size.memory() as f64 / (peak as f64 * 1024.0);
            assert!((1.05..1.75).contains(&ratio), "{size:?}: {ratio:.2}");
        }
    }

    /// What each county was delivered in, the ledger before the run, and what was written at the highest point; the second of
    /// two is the same round made again from another county's files.
    #[test]
    fn the_room_asked_for_is_above_what_was_written_and_not_far() {
        let county = |delivered: f64, text: f64, sheets: f64, parquet: f64| InputSize {
            delivered: (delivered * 1e6) as u64,
            text: (text * 1e6) as u64,
            sheets: (sheets * 1e6) as u64,
            parquet: (parquet * 1e6) as u64,
        };
        for (size, ledger, written) in [
            (county(4.56, 2.56, 12.65, 0.15), 0, 19_603_456),
            (county(4.66, 2.62, 12.65, 0.15), 1_777_664, 22_208_512),
            (county(3.70, 0.0, 26.18, 0.15), 0, 18_694_144),
            (county(3.77, 0.0, 26.18, 0.15), 1_777_664, 21_405_696),
            (county(2.57, 0.0, 12.65, 0.72), 0, 17_567_744),
            (county(2.62, 0.0, 12.65, 0.72), 1_777_664, 20_262_912),
            (county(14.81, 8.66, 42.78, 0.50), 0, 51_363_840),
            (county(14.92, 8.66, 42.78, 0.50), 5_459_968, 59_781_120),
            (county(43.96, 25.85, 126.40, 1.46), 0, 140_496_896),
            (county(43.97, 25.85, 126.40, 1.46), 15_777_792, 165_146_624),
            (county(43.97, 25.85, 126.40, 1.46), 43_995_136, 132_272_128),
            (county(24.0, 22.21, 13.57, 0.0), 0, 63_655_936),
            (county(24.0, 22.21, 13.57, 0.0), 9_273_344, 76_525_568),
        ] {
            let ratio = size.disk(ledger) as f64 / f64::from(written);
            assert!((1.15..2.0).contains(&ratio), "{size:?} {ledger}: {ratio:.2}");
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(parse("2GiB").unwrap(), 2 << 30);
        assert_eq!(parse("1500m").unwrap(), 1500 << 20);
        assert_eq!(parse("4096").unwrap(), 4096);
        for wrong in ["", "0", "2 bananas", "-1", "99999999999999999999G"] {
            assert_eq!(parse(wrong).unwrap_err().class.exit_code(), 64, "{wrong}");
        }
    }

    #[test]
    fn a_bomb_does_not_stop_the_others_by_what_it_says_of_itself() {
        let mut size = InputSize::default();
        let bomb = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/files/hostile/bomb.xlsx");
        size.add(&bomb);
        assert!(size.sheets <= size.delivered * MOST_INFLATED, "{size:?}");
    }
}
