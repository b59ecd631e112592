//! kill -9 and a full disk at every call that changes the disk, in a run, an import of forms and a publication (reliability
//! faults 13–15): a reader sees the old or the new, an import is wholly done or wholly not, the next program puts it right.
//!
//! The sweeps need strace and take minutes: `make test-crash`. Without it a run is killed at times.

pub mod state;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::book::Book;
use super::support::{copy_tree, root};
use state::State;
use trace::{Call, Fault};

const AS_OF: &str = "2026-09-30";
/// Points of one kind of fault in one job; where there are fewer calls, every call is one. `BIDUI_CRASH_POINTS` says another
/// number for a quicker look.
fn points() -> usize {
    std::env::var("BIDUI_CRASH_POINTS").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
}

/// A county so small that a run takes half a second, in a folder in memory where the system has one.
struct County {
    dir: tempfile::TempDir,
}

impl County {
    fn new() -> County {
        let memory = Path::new("/dev/shm");
        let below = if memory.is_dir() { memory } else { Path::new(env!("CARGO_TARGET_TMPDIR")) };
        let county = County { dir: tempfile::Builder::new().prefix("bidui-crash-").tempdir_in(below).unwrap() };
        let args = ["synth", "--households", "60", "--seed", "7", "--out"].map(str::to_string);
        undisturbed(&[&args[..], &[text(&county.inbox())]].concat());
        county
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn inbox(&self) -> PathBuf {
        self.folder("inbox")
    }

    fn run(&self, inbox: &Path, out: &Path) -> Vec<String> {
        let args = ["run", "pipelines/nightly", "--threads", "1", "--as-of", AS_OF, "--input"].map(str::to_string);
        [&args[..], &[text(inbox), "--out".into(), text(out)]].concat()
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_string()
}

fn program() -> String {
    env!("CARGO_BIN_EXE_bidui").to_string()
}

fn undisturbed(args: &[String]) {
    let (code, _, err) = super::support::outcome(super::support::bidui().args(args));
    assert_eq!(code, 0, "{err}");
}

/// Work that is disturbed: what lies there before, and the command for an output folder.
struct Job<'a> {
    county: &'a County,
    name: &'static str,
    before: Option<PathBuf>,
    args: &'a (dyn Fn(&Path) -> Vec<String> + Sync),
    /// Which of the recorded calls count.
    within: fn(&[Call]) -> Vec<&Call>,
}

/// What became of all points of a job.
#[derive(Debug, Default)]
struct Tally {
    /// By fault and by what lay there after it.
    states: BTreeMap<(Fault, &'static str), usize>,
    /// States after which the work was done again.
    repaired: BTreeSet<String>,
    faults: Vec<String>,
}

impl Job<'_> {
    fn command(&self, out: &Path) -> Vec<String> {
        [vec![program()], (self.args)(out)].concat()
    }

    fn begin(&self, out: &Path) {
        if out.exists() {
            fs::remove_dir_all(out).unwrap();
        }
        match &self.before {
            Some(before) => copy_tree(before, out),
            None => fs::create_dir_all(out).unwrap(),
        }
    }

    /// Disturbs the work at an even sample of its calls, once by each fault, and does it again after each.
    fn sweep(&self) {
        let began = Instant::now();
        let quiet = self.county.folder(&format!("{}-quiet", self.name));
        self.begin(&quiet);
        let old = State::of(&quiet);
        let calls = trace::record(&quiet, &self.command(&quiet));
        let new = State::of(&quiet);
        assert!(old.published != new.published, "the work shows");
        assert_eq!(new.unlike(&new), None, "and leaves nothing behind");
        let calls: Vec<&Call> = (self.within)(&calls);
        let kills = even(calls.clone());
        let fulls = even(calls.iter().copied().filter(|c| c.needs_room()).collect());
        let (n_kills, n_fulls) = (kills.len(), fulls.len());
        let points: Vec<(&Call, Fault)> =
            kills.into_iter().map(|c| (c, Fault::Kill)).chain(fulls.into_iter().map(|c| (c, Fault::Full))).collect();
        let tally = Mutex::new(Tally::default());
        let next = AtomicUsize::new(0);
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        std::thread::scope(|scope| {
            for worker in 0..workers {
                let (tally, next, points, old, new) = (&tally, &next, &points, &old, &new);
                scope.spawn(move || {
                    let out = self.county.folder(&format!("{}-{worker}", self.name));
                    while let Some((call, fault)) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                        self.point(&out, call, *fault, (old, new), tally);
                    }
                });
            }
        });
        let tally = tally.into_inner().unwrap();
        let told = format!(
            "{}: {} calls that change the disk; kill -9 at {n_kills}, no room at {n_fulls}; after them {:?}; \
             {} different states put right; {:.0} s",
            self.name,
            calls.len(),
            tally.states,
            tally.repaired.len(),
            began.elapsed().as_secs_f64()
        );
        // For whoever runs `make test-crash`, which prints it.
        let told = format!("{told}; {} faults\n{}", tally.faults.len(), tally.faults.join("\n"));
        fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("crash-{}.txt", self.name)), &told).unwrap();
        assert!(tally.faults.is_empty(), "{told}");
        for fault in [Fault::Kill, Fault::Full] {
            assert!(tally.states.contains_key(&(fault, "old")), "{fault:?} sometimes comes before: {told}");
        }
        assert!(tally.states.contains_key(&(Fault::Kill, "new")), "and sometimes after: {told}");
    }

    fn point(&self, out: &Path, call: &Call, fault: Fault, (old, new): (&State, &State), tally: &Mutex<Tally>) {
        self.begin(out);
        let command = self.command(out);
        let (output, happened) = trace::disturb(out, &command, call, fault);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        let wrong = |what: String| {
            tally.lock().unwrap().faults.push(format!("{fault:?} at {call:?} (exit {code:?}): {what}\n{err}"));
        };
        if !happened {
            return wrong("the fault did not happen".into());
        }
        let state = State::of(out);
        if let Some(what) = state.fault(old, new) {
            return wrong(what);
        }
        let seen = if state.published == old.published {
            "old"
        } else if state.published == new.published {
            "new"
        } else {
            "between"
        };
        *tally.lock().unwrap().states.entry((fault, seen)).or_default() += 1;
        match code {
            Some(74) if fault == Fault::Full && err.contains("that the disk has room") => {}
            // What could not be written did not matter to what is published, and that is there.
            Some(0) if fault == Fault::Full && seen == "new" => {}
            Some(code) => wrong(format!("exit {code} and {seen}")),
            None => {}
        }
        if tally.lock().unwrap().repaired.insert(state.key()) {
            let again = Command::new(&command[0])
                .args(&command[1..])
                .env_clear()
                .env("NO_COLOR", "1")
                .env("POLARS_MAX_THREADS", "1")
                .current_dir(root())
                .output()
                .unwrap();
            let err = String::from_utf8_lossy(&again.stderr);
            if !again.status.success() {
                wrong(format!("the next one ends with {:?}: {err}", again.status.code()));
            } else if let Some(what) = State::of(out).unlike(new) {
                wrong(format!("after the next one: {what}"));
            }
        }
    }
}

/// At most [`points`] of them, in even steps.
fn even(calls: Vec<&Call>) -> Vec<&Call> {
    let points = points();
    if calls.len() <= points {
        return calls;
    }
    (0..points).map(|i| calls[i * calls.len() / points]).collect()
}

/// The form of a published round, answered, with a household more than was asked for.
fn filled(county: &County, published: &Path) -> PathBuf {
    let file = county.folder("交回.xlsx");
    let forms = published.join(format!("rounds/{AS_OF}/核实表"));
    let form = fs::read_dir(forms).unwrap().next().unwrap().unwrap().path();
    let mut book = Book::read(&form);
    let rows = book.rows();
    for (s, r) in &rows {
        book.answer(*s, *r, "不属实");
    }
    let (sheet, row) = rows[0];
    book.sheets[sheet].grid.insert(row + 1, Vec::new());
    for (heading, said) in [("户主", "新报户"), ("实际风险", "因病"), ("情况说明", "大病住院"), ("核实人", "王干部")]
    {
        book.set(sheet, row + 1, heading, said);
    }
    book.write(&file);
    file
}

#[test]
#[ignore = "needs strace; make test-crash"]
fn crash_sweep_of_a_first_run() {
    assert!(trace::available(), "strace must be there and may trace");
    let county = County::new();
    let args = |out: &Path| county.run(&county.inbox(), out);
    Job { county: &county, name: "run", before: None, args: &args, within: |calls| calls.iter().collect() }.sweep();
}

#[test]
#[ignore = "needs strace; make test-crash"]
fn crash_sweep_of_an_import() {
    assert!(trace::available(), "strace must be there and may trace");
    let county = County::new();
    let published = county.folder("published");
    undisturbed(&county.run(&county.inbox(), &published));
    let file = filled(&county, &published);
    let args = |out: &Path| {
        let args = ["forms", "import", "--pipeline", "pipelines/nightly", "--on", "2026-10-12", "--out"];
        [&args.map(str::to_string)[..], &[text(out), text(&file)]].concat()
    };
    let before = Some(published);
    Job { county: &county, name: "import", before, args: &args, within: |calls| calls.iter().collect() }.sweep();
}

#[test]
#[ignore = "needs strace; make test-crash"]
fn crash_sweep_of_a_publication_over_an_older_one() {
    assert!(trace::available(), "strace must be there and may trace");
    let county = County::new();
    // The county again, with a delivery less: the same round, and other lists.
    let inbox = county.folder("inbox-less");
    copy_tree(&county.inbox(), &inbox);
    fs::remove_file(inbox.join("教育/疑似辍学名单.xlsx")).unwrap();
    let older = county.folder("older");
    undisturbed(&county.run(&inbox, &older));
    let args = |out: &Path| county.run(&county.inbox(), out);
    Job { county: &county, name: "publication", before: Some(older), args: &args, within: publishing }.sweep();
}

/// The calls from where the whole round is staged.
fn publishing(calls: &[Call]) -> Vec<&Call> {
    let staged = |c: &Call| c.syscall.starts_with("rename") && c.path.ends_with("manifest.json.part");
    let last = calls.iter().rposition(staged).expect("the manifest is the last file that is staged");
    calls[last + 1..].iter().collect()
}

/// Everything is on the disk before its name is, and the name before the run says so: a file's last write, its sync, the
/// one rename that publishes the round, the sync of the folder above it.
#[test]
#[ignore = "needs strace; make test-crash"]
fn fault_15_power_loss() {
    assert!(trace::available(), "strace must be there and may trace");
    let county = County::new();
    let out = county.folder("power");
    fs::create_dir_all(&out).unwrap();
    let command = [vec![program()], county.run(&county.inbox(), &out)].concat();
    let calls = trace::record(&out, &command);
    let staging = format!(".staging/{AS_OF}");
    let at = |of: &dyn Fn(&Call) -> bool| calls.iter().rposition(of);
    let published = at(&|c| c.syscall.starts_with("rename") && c.path == staging).expect("one rename publishes");
    let mut files = BTreeSet::new();
    let state = State::of(&out);
    for entry in state.published.keys() {
        let Some(below) = entry.strip_prefix(&format!("rounds/{AS_OF}/")) else { continue };
        let staged = format!("{staging}/{below}");
        let (folder, name) = staged.rsplit_once('/').unwrap();
        let part = format!("{folder}/.{name}.part");
        let written = at(&|c| (c.path == staged || c.path == part) && c.syscall.contains("write")).expect("is written");
        let synced = at(&|c| (c.path == staged || c.path == part) && c.syscall.contains("sync")).expect("is synced");
        let folder_synced = at(&|c| c.path == folder && c.syscall.contains("sync")).expect("so is its folder");
        assert!(written < synced && synced < published && folder_synced < published, "{entry}");
        files.insert(entry);
    }
    assert!(files.len() > 40, "{files:?}");
    let above = at(&|c| c.path == "rounds" && c.syscall.contains("sync")).expect("the folder of the rounds is synced");
    let said = calls.iter().position(|c| c.path == "history.jsonl").expect("and then it is said");
    assert!(published < above && above < said);
}
