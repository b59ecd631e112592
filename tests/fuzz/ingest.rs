//! Fuzz target: any bytes as a delivered file of one format, read and normalised.
//!
//! BIDUI_FUZZ_PIPELINE names the pipeline folder (run.sh makes it) and its only department source decides the format. A
//! failure is a panic that leaves ingest or normalize, a row that is lost, a hang or memory over the limit. A panic of
//! somebody else's parser that ingest catches is no failure, but its place is told once.
//!
//! What an input costs is measured on the CPU clock of the thread that reads it, so that a machine with other work, or a
//! pause (`kill -STOP`), is no hang: more than ten seconds is a failure, and what takes more than one is kept in the folder
//! BIDUI_FUZZ_SLOW. With BIDUI_FUZZ_TELL each input's outcome is told: what a seed is worth.
#![no_main]

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use bidui::codes::Codes;
use bidui::ingest::{self, InputFile};
use bidui::model::Disposition;
use bidui::normalize;
use bidui::plan::{Source, SourceRole};
use jiff::civil::Date;
use libfuzzer_sys::fuzz_target;

const AS_OF: Date = Date::constant(2026, 9, 30);
/// CPU time of one input that is a hang.
const HANG: Duration = Duration::from_secs(10);
/// CPU time of one input that somebody should look at.
const SLOW: Duration = Duration::from_secs(1);
/// Seconds that an input may sleep or wait, counted by a watch that stands still when the process is paused.
const ASLEEP: u32 = 180;

/// Inputs begun so far, and the CPU nanoseconds at which the last one began.
static BEGUN: AtomicU64 = AtomicU64::new(0);
static BEGAN: AtomicU64 = AtomicU64::new(0);

struct Bench {
    source: Source,
    codes: Codes,
    /// The input folder with the file in it.
    folder: PathBuf,
    file: InputFile,
    /// An archive is taken as a delivery: its members are found, unpacked and read.
    delivery: bool,
    /// The CPU clock of this thread.
    clock: PathBuf,
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Set up once: the contract, the code tables, and a file in memory that is written anew for each input.
fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        // This thread is the pool: handing work to another one would cost more than the work.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
        let pipeline = std::env::var("BIDUI_FUZZ_PIPELINE").expect("BIDUI_FUZZ_PIPELINE names the pipeline folder");
        let (plan, problems) = bidui::plan::load(Path::new(&pipeline));
        let plan = plan.unwrap_or_else(|| panic!("the pipeline is sound: {problems:#?}"));
        let (codes, _) = bidui::codes::load(&plan.codes_dir);
        let source = plan.sources.into_iter().find(|s| s.role == SourceRole::Department).expect("a department's source");
        let ending = std::env::var("BIDUI_FUZZ_FORMAT").expect("BIDUI_FUZZ_FORMAT is the file's ending");
        let folder = PathBuf::from(format!("/dev/shm/bidui-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("/dev/shm can be written");
        let relative = format!("样本.{ending}");
        let file = InputFile { path: folder.join(&relative), relative };
        let thread = std::fs::read_link("/proc/thread-self").expect("Linux tells the thread");
        let clock = Path::new("/proc").join(thread).join("schedstat");
        let watched = clock.clone();
        std::thread::spawn(move || watch(&watched));
        // libFuzzer's own hook aborts on any panic, also on those that ingest is there to catch.
        std::panic::set_hook(Box::new(|info| {
            static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
            let at = info.location().map(ToString::to_string).unwrap_or_default();
            let caught = INSIDE.get();
            if TOLD.lock().is_ok_and(|mut told| told.insert(at.clone())) || !caught {
                eprintln!("{}: {at}: {info}", if caught { "PARSER PANIC (caught)" } else { "PANIC" });
            }
        }));
        Bench { source, codes, folder, file, delivery: ending == "zip", clock }
    })
}

/// CPU time of a thread.
fn cpu(clock: &Path) -> Duration {
    let text = std::fs::read_to_string(clock).expect("the thread's CPU clock");
    Duration::from_nanos(text.split(' ').next().and_then(|t| t.parse().ok()).expect("nanoseconds"))
}

/// Ends the process, which keeps the input, when one takes too long.
fn watch(clock: &Path) {
    let (mut last, mut seconds) = (0, 0);
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let begun = BEGUN.load(Relaxed);
        seconds = if begun == last { seconds + 1 } else { 0 };
        last = begun;
        let used = cpu(clock).saturating_sub(Duration::from_nanos(BEGAN.load(Relaxed)));
        if seconds > 0 && (used > HANG || seconds > ASLEEP) && BEGUN.load(Relaxed) == begun {
            eprintln!("HANG: an input took {used:?} of CPU time and {seconds} s");
            std::process::abort();
        }
    }
}

/// Keeps an input that was slow.
fn keep_slow(data: &[u8], used: Duration) {
    eprintln!("SLOW: {} bytes took {used:?} of CPU time", data.len());
    if let Ok(folder) = std::env::var("BIDUI_FUZZ_SLOW") {
        let name = format!("slow-{:05}ms-{:08x}", used.as_millis(), crc32fast::hash(data));
        let _ = std::fs::write(Path::new(&folder).join(name), data);
    }
}

/// The file that an input stands for: itself, or an archive of the parts it is a row of (seeds.py).
fn whole(data: &[u8]) -> Cow<'_, [u8]> {
    const MARK: &[u8] = b"\x1ePART ";
    let Some(first) = data.strip_prefix(MARK) else {
        return Cow::Borrowed(data);
    };
    let mut parts = Vec::new();
    let mut rest = first;
    loop {
        let end = rest.windows(MARK.len()).position(|w| w == MARK);
        let part = &rest[..end.unwrap_or(rest.len())];
        let line = part.iter().position(|b| *b == b'\n').unwrap_or(part.len());
        parts.push((&part[..line], part.get(line + 1..).unwrap_or_default()));
        match end {
            Some(end) => rest = &rest[end + MARK.len()..],
            None => break,
        }
    }
    Cow::Owned(archive(&parts))
}

/// A zip archive of stored parts with right sums.
fn archive(parts: &[(&[u8], &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in parts {
        let at = out.len() as u32;
        let mut head = Vec::new();
        head.extend([20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0]); // version 2.0, names in UTF-8, stored, 1980-01-01
        head.extend(crc32fast::hash(content).to_le_bytes());
        head.extend((content.len() as u32).to_le_bytes());
        head.extend((content.len() as u32).to_le_bytes());
        head.extend((name.len() as u16).to_le_bytes());
        head.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&head);
        out.extend(*name);
        out.extend(*content);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&head);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(*name);
    }
    let (count, at) = ((parts.len() as u16).to_le_bytes(), (out.len() as u32).to_le_bytes());
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count);
    out.extend(count);
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(at);
    out.extend([0, 0]);
    out
}

fuzz_target!(|data: &[u8]| {
    let bench = bench();
    let began = cpu(&bench.clock);
    BEGAN.store(began.as_nanos() as u64, Relaxed);
    BEGUN.fetch_add(1, Relaxed);
    one(bench, data);
    let used = cpu(&bench.clock).saturating_sub(began);
    assert!(used <= HANG, "a hang: {used:?} of CPU time");
    if used > SLOW {
        keep_slow(data, used);
    }
});

fn one(bench: &Bench, data: &[u8]) {
    let Bench { source, codes, file, .. } = bench;
    std::fs::write(&file.path, whole(data)).expect("/dev/shm can be written");
    INSIDE.set(true);
    let found = bench.delivery.then(|| ingest::find_files(source, &bench.folder).expect("the folder can be listed"));
    let files = found.as_ref().map_or(std::slice::from_ref(file), |f| &f.files);
    let delivery = ingest::read(source, files);
    INSIDE.set(false);
    let wrong: BTreeSet<&str> = delivery.problems.iter().filter(|p| p.is_error()).filter_map(|p| p.place.file.as_deref()).collect();
    let refused: BTreeSet<&str> = delivery.refused.iter().map(String::as_str).collect();
    assert_eq!(refused, wrong, "a refusal has its reason");
    let all_refused = files.len() == refused.len();
    assert!(!all_refused || (delivery.rows.is_empty() && delivery.rejects.is_empty()), "a refused file leaves nothing behind");
    let set_aside = delivery.rejects.iter().filter(|r| r.disposition == Disposition::Quarantined).count() as u64;
    assert_eq!(delivery.read, delivery.rows.len() as u64 + set_aside, "a row is lost while it is read");
    let normalized = normalize::records(source, &delivery.rows.table().expect("rows in memory"), codes, AS_OF);
    let told = normalized.records.rows() as u64 + normalized.quarantined + normalized.folded;
    assert_eq!(delivery.rows.len() as u64, told, "a row is lost while it is normalised");
    if std::env::var_os("BIDUI_FUZZ_TELL").is_some() {
        let codes: Vec<&str> = delivery.problems.iter().filter(|p| p.is_error()).map(|p| p.code).collect();
        eprintln!("OUTCOME: {} accepted of {} read, refused: {codes:?}", normalized.records.rows(), delivery.read);
    }
}
