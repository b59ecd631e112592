//! `bidui purge`: what the office no longer needs goes after the time that the pipeline sets (PIPL art. 19, 47; GB/T 35273 §6.1).
//!
//! Two things go: departments' files as they came (`OUT/deliveries`), and in old rounds the rows of people who are not on the
//! register, with the raw cells of rows that were kept out. What a round may still need stays: the delivery that stands in when a
//! department is late, whatever the latest round of each pipeline used, and the rounds that open cases refer to.
//!
//! The order is such that a stop at any point leaves a folder that verifies: a round's `purged.json` names each file with its hash
//! before and after, then the files are exchanged one by one. The next purge finishes what was begun. Overwriting is no part of it: on
//! today's disks only encryption of the disk makes removed data unreadable.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, StringArray};
use arrow::compute::filter_record_batch;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::audit::{self, Action};
use super::manifest::hash_file;
use super::pipeline::load_plan;
use super::position::clear;
use super::store::Round;
use super::{clock, inbox, ledger, lock, position, stages};
use crate::cases::ledger::{FILE, Ledger};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::model::Table;
use crate::plan::{Phase, Plan};
use crate::publish::{self, atomic, workbook};

/// What a round's folder says of what was taken out of it.
pub const NOTE: &str = "purged.json";

/// What is to be purged.
#[derive(Debug, Clone)]
pub struct PurgeOptions {
    /// Pipeline folder, whose `[retention]` sets the times.
    pub pipeline: PathBuf,
    /// Folder that holds the rounds.
    pub out: PathBuf,
    /// The day that counts as today; today in Asia/Shanghai when not given.
    pub on: Option<Date>,
    /// Do it; otherwise only tell.
    pub apply: bool,
}

/// What goes, or went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Purge {
    /// The day that counts as today.
    pub on: String,
    /// True when it was done.
    pub applied: bool,
    /// Departments' files, by hash, that are past their time and needed by nothing.
    pub deliveries: Vec<OldDelivery>,
    /// Files past their time that stay because something needs them.
    pub still_needed: usize,
    /// What goes from old rounds.
    pub rounds: Vec<OldRound>,
}

/// A kept file that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OldDelivery {
    /// SHA-256 of the file.
    pub sha256: String,
    /// Day of the last round that used it.
    pub last_used: String,
    /// Size.
    pub bytes: u64,
}

/// A round out of which something goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OldRound {
    /// The round.
    pub round: String,
    /// Its files that change or go.
    pub files: Vec<PurgedFile>,
}

/// A file of a round from which something was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgedFile {
    /// Path below the round.
    pub path: String,
    /// SHA-256 as it was published.
    pub before: String,
    /// SHA-256 now; none when the file is gone.
    pub after: Option<String>,
    /// Rows that went, or whose raw cells went.
    pub rows: usize,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Note {
    format: u32,
    on: String,
    files: Vec<PurgedFile>,
}

/// What a round's note says was taken out of it; nothing when it has none.
///
/// # Errors
/// The note cannot be read (74).
pub fn purged(round: &Path) -> Outcome<Vec<PurgedFile>> {
    let path = round.join(NOTE);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Failure::io("read", &path, &e)),
    };
    serde_json::from_slice::<Note>(&bytes).map(|note| note.files).map_err(|e| Failure::io("read", &path, &e))
}

/// Tells what is past its time, and with `apply` takes it away.
///
/// # Errors
/// The pipeline sets no time (78), there is no ledger (66), another run holds the folder (75), something cannot be read, written
/// or removed (74): what is left goes with the next purge.
pub fn purge(options: &PurgeOptions) -> Outcome<Purge> {
    if !options.out.join(FILE).is_file() {
        let place = Place::file(options.out.join(FILE).display().to_string());
        let problem = Diagnostic::error("purge.no_ledger", "this folder has no ledger", place)
            .hint("name the folder of the rounds with --out");
        return Err(Failure::one(FailureClass::InputMissing, problem));
    }
    if !options.apply {
        return look(options);
    }
    audit::act(&options.out, &Action::new("purge"), |facts| {
        let _lock = lock::take(&options.out, &lock::holder("purge"))?;
        let found = look(options)?;
        let gone: Vec<&str> = found.deliveries.iter().map(|d| d.sha256.as_str()).collect();
        facts.add("deliveries", gone);
        facts.add("rounds", found.rounds.iter().map(|r| r.round.as_str()).collect::<Vec<_>>());
        facts.add("rows", found.rounds.iter().flat_map(|r| &r.files).map(|f| f.rows).sum::<usize>());
        forget_copies(&options.out, &found)?;
        for round in &found.rounds {
            exchange(options, &found.on, round)?;
        }
        for delivery in &found.deliveries {
            remove_delivery(&options.out, &delivery.sha256)?;
        }
        atomic::sync_folder(&options.out.join(inbox::FOLDER))?;
        // Results kept for the next run hold the same rows, and so does what an undo of a purged round would put back.
        let mut copies: Vec<PathBuf> =
            found.rounds.iter().map(|r| options.out.join(super::position::FOLDER).join(&r.round)).collect();
        if !found.rounds.is_empty() || !found.deliveries.is_empty() {
            copies.push(options.out.join(super::stages::FOLDER));
        }
        copies.iter().try_for_each(|copy| clear(copy))?;
        remove_workplace(&options.out)?;
        Ok(Purge { applied: true, ..found })
    })
}

/// Removes copies of what goes, before it goes: results of finished stages, which any run makes again, and what a round out of
/// which rows go could be undone to or replayed from.
fn forget_copies(out: &Path, found: &Purge) -> Outcome<()> {
    if !found.rounds.is_empty() || !found.deliveries.is_empty() {
        position::clear(&out.join(stages::FOLDER))?;
    }
    for old in &found.rounds {
        position::clear(&position::place(out, &old.round))?;
        position::clear(&position::undone(out, &old.round))?;
    }
    Ok(())
}

/// A published round as far as it matters here.
struct Published {
    round: Round,
    pipeline: String,
    as_of: String,
    inputs: BTreeSet<String>,
}

fn look(options: &PurgeOptions) -> Outcome<Purge> {
    let (plan, _) = load_plan(&options.pipeline)?;
    let on = match options.on {
        Some(day) => day,
        None => clock::today()?,
    };
    let times = plan.retention;
    if times.deliveries_days.is_none() && times.unmatched_days.is_none() {
        let place = Place::file(plan.dir.join("pipeline.toml").display().to_string()).field("retention");
        let problem = Diagnostic::error("purge.no_time", "the pipeline sets no time after which anything goes", place)
            .hint("write a section [retention] with deliveries_days and unmatched_days, as the office's rules say");
        return Err(Failure::one(FailureClass::Pipeline, problem));
    }
    let before = |days: u32| on.saturating_sub(i64::from(days).days()).to_string();
    let ledger = ledger::open(&options.out)?;
    let published = rounds(&options.out)?;
    let needed = needed_rounds(&plan, &ledger, &published)?;
    let mut found = Purge { on: on.to_string(), ..Purge::default() };
    if let Some(days) = times.deliveries_days {
        old_deliveries(options, &before(days), &ledger, (&published, &needed), &mut found)?;
    }
    if let Some(days) = times.unmatched_days {
        let limit = before(days);
        let old = published.iter().filter(|p| p.as_of < limit && !needed.contains(&p.round.name));
        for round in old {
            let files = old_rows(&options.out, &round.round)?;
            if !files.is_empty() {
                found.rounds.push(OldRound { round: round.round.name.clone(), files });
            }
        }
    }
    if !options.apply {
        remove_workplace(&options.out)?;
    }
    Ok(found)
}

fn rounds(out: &Path) -> Outcome<Vec<Published>> {
    let mut all = Vec::new();
    for line in super::list_runs(out)? {
        let round = Round::open(out, Some(&line.round))?;
        let path = round.dir.join("manifest.json");
        let bytes = fs::read(&path).map_err(|e| Failure::io("read the manifest", &path, &e))?;
        let manifest: Value =
            serde_json::from_slice(&bytes).map_err(|e| Failure::io("read the manifest", &path, &e))?;
        let inputs = manifest["inputs"].as_array().into_iter().flatten();
        let inputs = inputs.filter_map(|f| f["sha256"].as_str().map(str::to_string)).collect();
        all.push(Published { round, pipeline: line.pipeline, as_of: line.as_of, inputs });
    }
    Ok(all)
}

/// The latest round of each pipeline, and those that open cases refer to.
fn needed_rounds(plan: &Plan, ledger: &Ledger, published: &[Published]) -> Outcome<BTreeSet<String>> {
    let mut latest: BTreeMap<&str, &Published> = BTreeMap::new();
    for round in published {
        let last = latest.entry(&round.pipeline).or_insert(round);
        if round.as_of > last.as_of {
            *last = round;
        }
    }
    let mut needed: BTreeSet<String> = latest.values().map(|p| p.round.name.clone()).collect();
    for case in ledger.cases()? {
        let closed = plan.process.cases.state(&case.state).is_some_and(|s| s.phase == Phase::Closed);
        if !closed {
            needed.extend([case.opened_round.clone(), case.last_round.clone()]);
            needed.extend(case.round.map(|r| r.round));
        }
    }
    Ok(needed)
}

fn old_deliveries(
    options: &PurgeOptions,
    limit: &str,
    ledger: &Ledger,
    (published, needed): (&[Published], &BTreeSet<String>),
    found: &mut Purge,
) -> Outcome<()> {
    let known = ledger.deliveries("~", "9999-12-31")?;
    let mut last_used: BTreeMap<&str, &str> = BTreeMap::new();
    let mut stays: BTreeSet<&str> = BTreeSet::new();
    for round in published {
        for sha256 in &round.inputs {
            let last = last_used.entry(sha256).or_insert(&round.as_of);
            *last = (*last).max(&round.as_of);
            if needed.contains(&round.round.name) {
                stays.insert(sha256);
            }
        }
    }
    let sources: BTreeSet<&str> = known.entries.iter().map(|e| e.source.as_str()).collect();
    for source in sources {
        stays.extend(known.last_good(source).into_iter().flat_map(|e| &e.files).map(|f| f.sha256.as_str()));
    }
    for entry in &known.entries {
        for file in &entry.files {
            let last = last_used.entry(&file.sha256).or_insert(&entry.as_of);
            *last = (*last).max(&entry.as_of);
        }
    }
    // A receipt corrects a delivery for as long as that is in use; it is small and stays.
    stays.extend(known.receipts.iter().map(|r| r.file.sha256.as_str()));
    for (sha256, path) in kept(&options.out)? {
        let meta = fs::metadata(&path).map_err(|e| Failure::io("look at", &path, &e))?;
        let used = match last_used.get(sha256.as_str()) {
            Some(day) => (*day).to_string(),
            // Kept by a run that did not publish: its own day counts.
            None => day_of(&meta),
        };
        match () {
            () if used.as_str() >= limit => {}
            () if stays.contains(sha256.as_str()) => found.still_needed += 1,
            () => found.deliveries.push(OldDelivery { sha256, last_used: used, bytes: meta.len() }),
        }
    }
    Ok(())
}

fn day_of(meta: &fs::Metadata) -> String {
    let stamp = meta.modified().ok().and_then(|t| jiff::Timestamp::try_from(t).ok());
    stamp.and_then(|t| t.in_tz("Asia/Shanghai").ok()).map_or_else(|| "9999-12-31".into(), |z| z.date().to_string())
}

/// Kept files by hash, in its order.
fn kept(out: &Path) -> Outcome<Vec<(String, PathBuf)>> {
    let folder = out.join(inbox::FOLDER);
    let mut all: Vec<(String, PathBuf)> = Vec::new();
    for entry in fs::read_dir(&folder).into_iter().flatten() {
        let path = entry.map_err(|e| Failure::io("list", &folder, &e))?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let hash: String = name.chars().take(64).collect();
        if hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            all.push((hash, path));
        }
    }
    all.sort();
    Ok(all)
}

fn remove_delivery(out: &Path, sha256: &str) -> Outcome<()> {
    for (_, path) in kept(out)?.iter().filter(|(hash, _)| hash == sha256) {
        fs::remove_file(path).map_err(|e| Failure::io("remove", path, &e))?;
    }
    Ok(())
}

/// Where changed tables wait until they take the place of the published ones.
fn workplace(out: &Path, round: &str) -> PathBuf {
    out.join(".purge").join(round)
}

fn remove_workplace(out: &Path) -> Outcome<()> {
    clear(&out.join(".purge"))
}

/// Makes the changed tables of an old round in the workplace and says what changes; nothing when it was purged before.
fn old_rows(out: &Path, round: &Round) -> Outcome<Vec<PurgedFile>> {
    let already = purged(&round.dir)?;
    let done = |f: &PurgedFile| match (&f.after, hash_file(&round.dir.join(&f.path))) {
        (Some(after), Ok((now, _))) => *after == now,
        (None, Err(e)) => e.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    };
    if !already.is_empty() && already.iter().all(done) {
        return Ok(Vec::new());
    }
    let links = round.table("links")?;
    let unlinked: BTreeSet<&str> = (0..links.rows())
        .filter(|row| links.str_at("status", *row) == Some("unlinked"))
        .filter_map(|row| links.str_at("record_id", row))
        .collect();
    let work = workplace(out, &round.name);
    let mut files = Vec::new();
    for name in round.tables()? {
        let changed = match name.as_str() {
            records if records.starts_with("records_") => without(&round.table(&name)?, &unlinked),
            "rejects" => emptied(&round.table(&name)?, &["raw"], &|_, _| true),
            "corrections" => emptied(&round.table(&name)?, &["raw", "corrected"], &|_, _| true),
            "findings" => emptied(&round.table(&name)?, &["raw"], &|table, row| {
                table.str_at("record_id", row).is_none_or(|id| unlinked.contains(id))
            }),
            _ => None,
        };
        let Some((table, rows)) = changed else { continue };
        let path = format!("tables/{name}.parquet");
        let made = work.join(&path);
        publish::parquet::write(&table, &made)?;
        let (after, _) = hash_file(&made).map_err(|e| Failure::io("hash", &made, &e))?;
        files.push((path, Some(after), rows));
    }
    // They show whole rows as they came.
    let mut papers = vec![format!("{}.xlsx", "待认定匹配")];
    let folder = round.dir.join(workbook::receipt::FOLDER);
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        papers.push(format!("{}/{}", workbook::receipt::FOLDER, entry.file_name().to_string_lossy()));
    }
    papers.sort();
    files.extend(papers.into_iter().filter(|p| round.dir.join(p).is_file()).map(|p| (p, None, 0)));
    let was = |path: &str| already.iter().find(|f| f.path == path).map(|f| f.before.clone());
    files
        .into_iter()
        .map(|(path, after, rows)| {
            let before = match was(&path) {
                Some(before) => before,
                None => {
                    let published = round.dir.join(&path);
                    hash_file(&published).map_err(|e| Failure::io("hash", &published, &e))?.0
                }
            };
            Ok(PurgedFile { path, before, after, rows })
        })
        .collect()
}

/// The rows of a table about records that stay; none when all do.
fn without(table: &Table, gone: &BTreeSet<&str>) -> Option<(Table, usize)> {
    let stays: BooleanArray = table.text("record_id").iter().map(|id| Some(!gone.contains(id.unwrap_or("")))).collect();
    let rows = stays.iter().filter(|s| *s == Some(false)).count();
    if rows == 0 {
        return None;
    }
    let batch = filter_record_batch(&table.batch, &stays).ok()?;
    Some((Table { schema: table.schema.clone(), batch }, rows))
}

/// A table with some of its columns empty in some of its rows; none when there is nothing to take out.
fn emptied(table: &Table, columns: &[&str], whose: &dyn Fn(&Table, usize) -> bool) -> Option<(Table, usize)> {
    let hit: Vec<bool> = (0..table.rows())
        .map(|row| columns.iter().any(|c| table.str_at(c, row).is_some()) && whose(table, row))
        .collect();
    let rows = hit.iter().filter(|h| **h).count();
    if rows == 0 {
        return None;
    }
    let arrays = table.schema.columns.iter().enumerate().map(|(at, column)| -> ArrayRef {
        if !columns.contains(&column.name.as_str()) {
            return table.batch.column(at).clone();
        }
        let kept = table.text(&column.name).iter().zip(&hit).map(|(v, hit)| v.filter(|_| !hit));
        Arc::new(kept.collect::<StringArray>())
    });
    Some((Table::new(table.schema.clone(), arrays.collect()), rows))
}

/// Writes the note, then puts the changed files in the place of the published ones.
fn exchange(options: &PurgeOptions, on: &str, old: &OldRound) -> Outcome<()> {
    let round = Round::open(&options.out, Some(&old.round))?;
    let mut files = purged(&round.dir)?;
    files.retain(|f| !old.files.iter().any(|o| o.path == f.path));
    files.extend(old.files.iter().cloned());
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let note = Note { format: 1, on: on.to_string(), files };
    let text = serde_json::to_string_pretty(&note).map_err(|e| Failure::internal(format!("purged.json: {e}")))?;
    atomic::write(&round.dir.join(NOTE), text.as_bytes())?;
    for file in &old.files {
        let published = round.dir.join(&file.path);
        match file.after {
            Some(_) => {
                let made = workplace(&options.out, &old.round).join(&file.path);
                fs::rename(&made, &published).map_err(|e| Failure::io("put in place", &published, &e))?;
            }
            None => match fs::remove_file(&published) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Failure::io("remove", &published, &e));
                }
                _ => {}
            },
        }
        if let Some(folder) = published.parent() {
            atomic::sync_folder(folder)?;
        }
    }
    Ok(())
}
