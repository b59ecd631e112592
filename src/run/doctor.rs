//! `bidui doctor`: whether tonight's run will find what it needs. Looks at everything, changes nothing, says what to do.
//!
//! In: pipeline, input folder, output folder. Out: [`Health`]: what was looked at, and a [`Diagnostic`] for each thing that is not well.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Serialize;

use super::{clock, limits, lock};
use crate::cases::ledger::{self, Ledger};
use crate::codes;
use crate::diag::{self, Diagnostic, FailureClass, Outcome, Place};
use crate::ingest;
use crate::model::text;
use crate::plan::{self, Cadence, Plan};

/// What is looked at.
#[derive(Debug, Clone)]
pub struct DoctorOptions {
    /// Pipeline folder.
    pub pipeline: PathBuf,
    /// Folder with the departments' files.
    pub input: PathBuf,
    /// Folder that holds the rounds.
    pub out: PathBuf,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// What.
    pub check: &'static str,
    /// What was found, in few words.
    pub found: String,
    /// True when something is to be done.
    pub trouble: bool,
}

/// How an office stands.
#[derive(Debug, Clone, Serialize)]
pub struct Health {
    /// Everything that was looked at, in order.
    pub looked: Vec<Looked>,
    /// What is to be done, the gravest first.
    pub problems: Vec<Diagnostic>,
    /// Why the exit code is not 0: 78 for pipeline files, else 74.
    #[serde(skip)]
    pub trouble: Option<FailureClass>,
}

impl Health {
    fn look(&mut self, check: &'static str, found: impl Into<String>, problems: Vec<Diagnostic>) {
        self.looked.push(Looked { check, found: found.into(), trouble: !problems.is_empty() });
        self.problems.extend(problems);
    }
}

/// Days before the end of a permission on which to speak of it.
const SOON: i32 = 30;

fn file(path: &Path) -> Place {
    Place::file(path.display().to_string())
}

/// Looks at everything; only what keeps a run from working is an error.
///
/// # Errors
/// The clock has no zone data (70). Whatever is found is no failure of this function.
pub fn doctor(options: &DoctorOptions) -> Outcome<Health> {
    let today = clock::today()?;
    let mut health = Health { looked: Vec::new(), problems: Vec::new(), trouble: None };
    let (plan, problems) = plan::load(&options.pipeline);
    let broken = problems.iter().any(Diagnostic::is_error);
    health.look("pipeline", options.pipeline.display().to_string(), problems);
    if let Some(plan) = plan.as_ref().filter(|_| !broken) {
        permissions_of_use(&mut health, plan, today);
        calendar(&mut health, plan, today);
        newest(&mut health, options, plan, today);
        needs(&mut health, options, plan, today);
    } else {
        health.trouble = Some(FailureClass::Pipeline);
    }
    inbox(&mut health, &options.input);
    permissions(&mut health, &options.out);
    remains(&mut health, &options.out);
    ledger_of(&mut health, &options.out);
    time(&mut health, options);
    fonts(&mut health);
    diag::sort(&mut health.problems);
    if health.trouble.is_none() && health.problems.iter().any(Diagnostic::is_error) {
        health.trouble = Some(FailureClass::Io);
    }
    Ok(health)
}

/// Contracts whose permission has ended or soon ends.
fn permissions_of_use(health: &mut Health, plan: &Plan, today: Date) {
    let mut problems = Vec::new();
    for source in &plan.sources {
        problems.extend(source.terms.outside(&source.title, today).map(|mut p| {
            p.severity = diag::Severity::Warning;
            p
        }));
        let left = source.terms.valid_until.map(|last| last - text::to_days(today));
        if let Some(days) = left.filter(|d| (0..=SOON).contains(d)) {
            let message = format!("the permission to use {} ends in {days} days", source.id);
            problems.push(
                Diagnostic::warning("doctor.contract_ends", message, source.terms.place.clone())
                    .hint("ask the providing unit to renew it; after the last day the data are not read"),
            );
        }
    }
    health.look("contracts", format!("{} sources", plan.sources.len()), problems);
}

/// Whether the table of holidays reaches as far as deadlines are counted.
fn calendar(health: &mut Health, plan: &Plan, today: Date) {
    let (codes, _) = codes::load(&plan.codes_dir);
    // The notice for the next year comes in November.
    let wanted = if today.month() == 12 { vec![today.year(), today.year() + 1] } else { vec![today.year()] };
    let missing: Vec<String> = wanted.iter().filter(|y| !codes.workdays().knows(**y)).map(|y| y.to_string()).collect();
    let problem = (!missing.is_empty()).then(|| {
        let message =
            format!("the holidays of {} are not entered: deadlines are counted by weekends alone", missing.join(", "));
        Diagnostic::warning("doctor.holidays", message, file(&plan.codes_dir.join("holidays.csv")))
            .hint("enter the State Council's notice (国办发明电) for that year")
    });
    health.look("holidays", format!("{wanted:?}"), problem.into_iter().collect());
}

/// How old the newest round is.
fn newest(health: &mut Health, options: &DoctorOptions, plan: &Plan, today: Date) {
    let runs = super::list_runs(&options.out).unwrap_or_default();
    let newest = runs.iter().rfind(|r| r.pipeline == plan.name);
    let Some((round, day)) = newest.and_then(|r| Some((r.round.clone(), r.as_of.parse::<Date>().ok()?))) else {
        return health.look("newest round", "none yet", Vec::new());
    };
    let age = today.since(day).map_or(0, |span| span.get_days());
    let most = if plan.cadence == Cadence::Nightly { 2 } else { 100 };
    let problem = if age > most {
        let message = format!("the newest round of `{}` is {age} days old", plan.name);
        Some(Diagnostic::warning("doctor.old_round", message, file(&options.out.join("rounds").join(&round))).hint(
            "look at the last lines of history.jsonl and of the log: the timer may be off, or the runs end with an error",
        ))
    } else if age < 0 {
        let message = format!("the newest round is of {day}, and today is {today}");
        Some(
            Diagnostic::warning("doctor.clock", message, file(&options.out.join("rounds").join(&round)))
                .hint("set the machine's clock (timedatectl); a round of a day to come hides the rounds of today"),
        )
    } else {
        None
    };
    health.look("newest round", format!("{round}, {age} days old"), problem.into_iter().collect());
}

/// Memory and room for the files that lie there now.
fn needs(health: &mut Health, options: &DoctorOptions, plan: &Plan, today: Date) {
    let round = clock::round_name(plan.cadence, today);
    // The files that stand in are in a ledger; one that cannot be read is told elsewhere.
    let known = Ledger::open(&options.out).and_then(|l| l.deliveries(&round, &today.to_string())).unwrap_or_default();
    let Ok(size) = limits::of_round(plan, &options.input, &options.out, &round, &known) else { return };
    let available = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|l| l.starts_with("MemAvailable:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib << 10)
    });
    let problems = limits::demand_memory(&size, available).err().map(|f| f.problems).unwrap_or_default();
    let of = |bytes: Option<u64>| bytes.map_or("unknown".into(), limits::shown);
    health.look("memory", format!("{} needed, {} free", limits::shown(size.memory()), of(available)), problems);
    let problems = limits::demand_room(&size, &options.out).err().map(|f| f.problems).unwrap_or_default();
    let free = limits::free(&options.out).ok();
    health.look("space", format!("{} needed, {} free", limits::shown(size.room(&options.out)), of(free)), problems);
}

fn inbox(health: &mut Health, input: &Path) {
    let (found, problem) = match ingest::list_files(input) {
        Ok(files) if files.is_empty() => ("no file".to_string(), None),
        Ok(files) => (format!("{} files", files.len()), None),
        Err(failure) => ("cannot be read".to_string(), failure.problems.into_iter().next()),
    };
    health.look("inbox", found, problem.into_iter().collect());
}

/// The output folder is the owner's alone, and can be written to.
fn permissions(health: &mut Health, out: &Path) {
    let Ok(meta) = std::fs::metadata(out) else {
        return health.look("permissions", "no output folder yet", Vec::new());
    };
    let mut problems = Vec::new();
    if rustix::fs::access(out, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_err() {
        let problem =
            Diagnostic::error("doctor.not_writable", "this user may not write to the output folder", file(out));
        problems.push(problem.hint("run as the user the folder belongs to (bidui.service: User=)"));
    }
    let mut open: Vec<PathBuf> = Vec::new();
    let entries = std::fs::read_dir(out).into_iter().flatten().flatten().map(|e| e.path());
    for path in std::iter::once(out.to_path_buf()).chain(entries) {
        let mode = std::fs::metadata(&path).map_or(0, |m| m.permissions().mode());
        if mode & 0o077 != 0 && path.file_name().is_none_or(|n| n != ".lock") {
            open.push(path);
        }
    }
    problems.extend(open.iter().map(|path| {
        Diagnostic::warning("doctor.open_to_others", "other users of this machine may read or list this", file(path))
            .hint("take it from them: chmod -R go= FOLDER")
    }));
    health.look("permissions", format!("{:o}", meta.permissions().mode() & 0o777), problems);
}

/// What a stopped run left, and whether one is running.
fn remains(health: &mut Health, out: &Path) {
    let staging = out.join(".staging");
    let left = std::fs::read_dir(&staging).into_iter().flatten().flatten().count();
    let running = out.join(".lock").exists() && lock::held(out);
    let problem = (left > 0 && !running).then(|| {
        Diagnostic::note("doctor.staging", format!("{left} unfinished rounds of stopped runs lie here"), file(&staging))
            .hint(
                "nothing is to be done: the next run of that round clears it; if the disk is short, delete the folder",
            )
    });
    let found = if running { "a run is going on".into() } else { format!("{left} unfinished rounds, no run going on") };
    health.look("runs", found, problem.into_iter().collect());
}

fn ledger_of(health: &mut Health, out: &Path) {
    if !out.join(ledger::FILE).exists() {
        return health.look("ledger", "none yet", Vec::new());
    }
    let looked = Ledger::open(out).and_then(|l| Ok((l.integrity()?, l.pending()?)));
    match looked {
        Err(failure) => health.look("ledger", "cannot be used", failure.problems),
        Ok((told, _)) if !told.is_empty() => {
            let message = format!("the ledger is damaged in {} places", told.len());
            let problem = Diagnostic::error("ledger.corrupt", message, file(&out.join(ledger::FILE)))
                .hint("put the last backup in its place (docs/operations.md, restore), then run again");
            health.look("ledger", "damaged", vec![problem]);
        }
        Ok((_, pending)) => {
            let found = if pending.is_some() { "sound; the next run ends what a stopped one began" } else { "sound" };
            health.look("ledger", found, Vec::new());
        }
    }
}

/// Files of a time to come: the clock is behind, or the sender's is ahead.
fn time(health: &mut Health, options: &DoctorOptions) {
    let now = clock::now_seconds();
    let mut newest = 0;
    for f in ingest::list_files(&options.input).unwrap_or_default() {
        let changed = std::fs::metadata(&f.path).and_then(|m| m.modified()).ok();
        let seconds = changed.and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok()).map_or(0, |d| d.as_secs());
        newest = newest.max(seconds);
    }
    let ahead = newest.saturating_sub(now) / 3600;
    let problem = (ahead >= 24).then(|| {
        let message = format!("the newest delivery is {ahead} hours in the future");
        Diagnostic::warning("doctor.clock", message, file(&options.input))
            .hint("set the machine's clock (timedatectl); rounds and deadlines go by it")
    });
    health.look("clock", clock::now_stamp(), problem.into_iter().collect());
}

/// A page printed on this machine needs a font with Chinese characters.
fn fonts(health: &mut Health) {
    const KNOWN: [&str; 12] = [
        "cjk",
        "wqy",
        "simsun",
        "simhei",
        "simfang",
        "noto-han",
        "sourcehan",
        "fangsong",
        "kaiti",
        "msyh",
        "unifont",
        "ukai",
    ];
    let home = std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".fonts"));
    let places = ["/usr/share/fonts", "/usr/local/share/fonts"].map(PathBuf::from);
    let mut found = None;
    for place in places.into_iter().chain(home) {
        found = found.or_else(|| font(&place, 0, &KNOWN));
    }
    let problem = found.is_none().then(|| {
        let message = "no font with Chinese characters is installed here";
        Diagnostic::note("doctor.fonts", message, file(Path::new("/usr/share/fonts"))).hint(
            "only needed to print on this machine: apt-get install fonts-noto-cjk; clerks' own machines have them",
        )
    });
    health.look("fonts", found.unwrap_or_else(|| "none".into()), problem.into_iter().collect());
}

fn font(dir: &Path, depth: usize, known: &[&str]) -> Option<String> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(dir).ok()?.flatten().map(|e| e.path()).collect();
    entries.sort();
    entries.iter().find_map(|path| {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        if path.is_dir() {
            return if depth < 4 { font(path, depth + 1, known) } else { None };
        }
        known.iter().any(|k| name.contains(k)).then_some(name)
    })
}
