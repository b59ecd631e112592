//! What a run takes of memory and of the disk, measured while it runs and held against what it asked for before it began.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bidui::cases::ledger::Deliveries;
use bidui::run::limits;

use super::support::{AS_OF, bidui, office, outcome, root, sample_round, scratch};

/// A run that was watched to its end.
struct Watched {
    /// Exit code; none when a signal ended it.
    code: Option<i32>,
    signal: Option<i32>,
    err: String,
    took: Duration,
    /// Most bytes of memory that it held (`VmHWM`).
    memory: u64,
    /// Bytes on disk below the output folder at the highest point, less those that were there before.
    written: u64,
}

/// Bytes on disk of the files below a folder, each file once whatever its names.
fn on_disk(dir: &Path, seen: &mut BTreeSet<u64>) -> u64 {
    let mut sum = 0;
    // What goes while it is looked at is not there.
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let Ok(meta) = fs::symlink_metadata(entry.path()) else { continue };
        sum += match meta.is_dir() {
            true => on_disk(&entry.path(), seen),
            false if seen.insert(meta.ino()) => meta.blocks() * 512,
            false => 0,
        };
    }
    sum
}

fn memory(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib << 10)
}

fn watched(mut command: Command, out: &Path) -> Watched {
    let before = on_disk(out, &mut BTreeSet::new());
    let began = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut held, mut most) = (0, before);
    while child.try_wait().unwrap().is_none() {
        held = held.max(memory(child.id()).unwrap_or(0));
        most = most.max(on_disk(out, &mut BTreeSet::new()));
        std::thread::sleep(Duration::from_millis(10));
    }
    let took = began.elapsed();
    let end = child.wait_with_output().unwrap();
    let most = most.max(on_disk(out, &mut BTreeSet::new()));
    Watched {
        code: end.status.code(),
        signal: end.status.signal(),
        err: String::from_utf8(end.stderr).unwrap(),
        took,
        memory: held,
        written: most - before,
    }
}

fn quarterly(input: &Path, out: &Path) -> Command {
    let mut command = bidui();
    command.args(["run", "pipelines/quarterly", "--as-of", AS_OF, "--input"]).arg(input).arg("--out").arg(out);
    command
}

fn county(dir: &Path, households: &str, seed: &str) -> PathBuf {
    let county = dir.join(format!("county-{seed}"));
    let args = ["synth", "--households", households, "--seed", seed, "--as-of", AS_OF, "--out"];
    let (code, _, err) = outcome(bidui().args(args).arg(&county));
    assert_eq!(code, 0, "{err}");
    county
}

/// What a run asks for before it begins.
fn asked(input: &Path, out: &Path) -> u64 {
    let (plan, _) = bidui::plan::load(&root().join("pipelines/quarterly"));
    let size = limits::of_round(&plan.unwrap(), input, out, "2026Q3", &Deliveries::default()).unwrap();
    size.room(out)
}

#[test]
fn a_run_writes_less_than_the_room_it_asks_for() {
    // A first run takes nothing away: what lies there when it has ended is its highest point.
    let dir = scratch("limits-room");
    let (sample, shared) = (super::support::county(), sample_round().ancestors().nth(2).unwrap());
    let (written, room) = (on_disk(shared, &mut BTreeSet::new()), asked(&sample, &dir));
    assert!(written > 15 << 20 && written <= room, "the first run wrote {written} bytes and asked for {room}");
    // Another county in the place of the first: its round, its kept results and its ledger are there until the end.
    let (out, other) = (office("limits-room-again"), county(&dir, "3000", "77"));
    let room = asked(&other, &out);
    let run = watched(quarterly(&other, &out), &out);
    assert!(matches!(run.code, Some(0 | 65)), "{:?} {}", run.code, run.err);
    assert!(run.written > 18 << 20, "it was looked at while it wrote: {}", run.written);
    assert!(run.written <= room, "made again from other files it wrote {} bytes and asked for {room}", run.written);
}

/// Ten times the sample's households: each run is finished below its cap or refused in words, and ends itself.
#[test]
#[ignore = "minutes: make test-crash"]
fn ten_times_the_sample_under_a_cap_of_2_gib() {
    let dir = tempfile::Builder::new().prefix("limits-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let input = county(dir.path(), "30000", "20260930");
    let mut report = String::new();
    let mut finished = 0;
    for (cap, bytes) in [("2GiB", 2 << 30), ("1GiB", 1 << 30), ("128MiB", 128 << 20)] {
        let out = dir.path().join(cap);
        fs::create_dir_all(&out).unwrap();
        let asked = asked(&input, &out);
        let mut command = quarterly(&input, &out);
        command.args(["--memory", cap]);
        let run = watched(command, &out);
        let line = format!(
            "30000 households, --memory {cap}: exit {:?}, {:.1} s, peak {} MiB, written {} MiB of {} MiB asked for",
            run.code,
            run.took.as_secs_f64(),
            run.memory >> 20,
            run.written >> 20,
            asked >> 20
        );
        assert_eq!(run.signal, None, "{line}\n{}", run.err);
        assert!(run.memory > 0 && run.memory <= bytes, "{line}");
        match run.code {
            Some(0) => {
                finished += 1;
                assert!(out.join("rounds/2026Q3/manifest.json").is_file(), "{line}");
                assert!(run.written > 64 << 20 && run.written <= asked, "{line}");
            }
            Some(74) => {
                assert!(run.err.contains("error[limits.memory]") && run.err.contains("hint:"), "{line}\n{}", run.err);
                assert!(run.err.contains(&limits::shown(bytes)), "the cap is named: {}", run.err);
                assert!(!out.join("rounds").exists(), "nothing was published: {line}");
            }
            _ => panic!("{line}\n{}", run.err),
        }
        report.push_str(&line);
        report.push('\n');
        fs::remove_dir_all(&out).unwrap();
    }
    assert!(finished < 3, "128 MiB are less than the program alone takes with such files");
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("crash-limits.txt"), report).unwrap();
}
