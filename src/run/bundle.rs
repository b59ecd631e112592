//! `bidui runs bundle` and `replay`: everything a round was made from in one folder, and the round made from it again.
//!
//! ```text
//! DIR/bundle.json          position, program, pipeline folder, hashes of everything below and of every output
//! DIR/manifest.json        the manifest of the round
//! DIR/pipelines/           every pipeline file, contract, code table and model
//! DIR/input/               the inbox as it lay
//! DIR/out/                 ledger, kept deliveries and the round before, as far as the round is made from them
//! ```
//!
//! A bundle holds what departments sent and the ledger: it is its owner's alone and must be kept like them, or be sealed for its
//! readers: every file is an age file then, under its name with `.age`. A replay writes beside
//! nothing of the office's: it makes a folder of its own, runs the pipeline there and compares every byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::inbox::{self, kept_name};
use super::manifest::{self, HashedFile};
use super::pipeline::{Options, run};
use super::position::{self, Position, clear, copy_file, move_to, place};
use super::runs::{hashed, manifest_of};
use super::{Observer, Round, ledger, lock, private, seal, stages};
use crate::cases::ledger::{FILE, KeptFile, Ledger};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};

/// Version of the bundle's shape.
const FORMAT: u32 = 1;

/// What a bundle says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Bundle {
    format: u32,
    position: Position,
    /// Folder of the pipeline below `pipelines`.
    pipeline: String,
    /// Digest of the pipeline files, the code tables and the model among them.
    pipeline_digest: String,
    /// Digest of the deliveries.
    inputs_digest: String,
    /// Every file of the bundle but this one.
    files: Vec<HashedFile>,
    /// Every file of the round.
    outputs: Vec<HashedFile>,
}

/// A bundle that was written.
#[derive(Debug, Clone, Serialize)]
pub struct Bundled {
    /// The round.
    pub round: String,
    /// Its run.
    pub run_id: String,
    /// Where the bundle lies.
    pub dir: String,
    /// Files in it.
    pub files: usize,
    /// Their size.
    pub bytes: u64,
}

/// A replay.
#[derive(Debug, Clone, Serialize)]
pub struct Replayed {
    /// The round.
    pub round: String,
    /// The run of the bundle.
    pub run_id: String,
    /// The run of the replay.
    pub replayed: String,
    /// Version of the program that made the round, and of this one.
    pub versions: [String; 2],
    /// Files of the round that came out byte for byte.
    pub same: u64,
    /// Those that did not: changed, missing or extra.
    pub differences: Vec<(String, &'static str)>,
}

fn problem(code: &'static str, what: String, at: impl Into<String>, hint: &str) -> Diagnostic {
    Diagnostic::error(code, what, Place::file(at)).hint(hint)
}

/// Refuses a folder that holds something.
fn refuse_filled(to: &Path) -> Outcome<()> {
    if private::is_filled(to) {
        let what = "the folder already holds something; nothing was written".to_string();
        let problem = problem("bundle.not_empty", what, to.display().to_string(), "name a new or an empty folder");
        return Err(Failure::one(FailureClass::Usage, problem));
    }
    Ok(())
}

/// Writes the bundle of a round, the latest when none is named. `pipelines` is the folder above the pipeline folders. Every file is
/// sealed for `recipients` (see [`seal::sealed`]) when there are any.
///
/// # Errors
/// There is no such round, or where it began is not kept any more (66); a pipeline file or delivery is not what the round was
/// made from (65, all of them at once); the folder holds something already, or a recipient is none (64); something cannot be
/// written (74).
pub fn bundle_run(
    out: &Path,
    round: Option<&str>,
    pipelines: &Path,
    to: &Path,
    recipients: &[String],
) -> Outcome<Bundled> {
    refuse_filled(to)?;
    let (made, _) = seal::sealed(out, to, recipients, |dir| bundle_plain(out, round, pipelines, dir))?;
    Ok(Bundled { dir: to.display().to_string(), ..made })
}

fn bundle_plain(out: &Path, round: Option<&str>, pipelines: &Path, to: &Path) -> Outcome<Bundled> {
    let _lock = lock::take(out, &lock::holder("runs bundle"))?;
    drop(ledger::open(out)?);
    let round = Round::open(out, round)?;
    let told = manifest_of(&round.dir)?;
    let run_id = told["run_id"].as_str().unwrap_or_default();
    let before = place(out, &round.name);
    let Some(position) = position::read(&before, run_id) else {
        let what = format!("where round {} began is not kept any more: it cannot be replayed", round.name);
        let problem = problem("runs.no_position", what, before.display().to_string(), "run the round again");
        return Err(Failure::one(FailureClass::InputMissing, problem));
    };
    // Beside its place until it is whole.
    let name = to.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let part = to.with_file_name(format!(".{name}.part"));
    clear(&part)?;
    private::make_dir(&part)?;
    let made = fill(out, &round, &told, &before, position, pipelines, &part);
    let made = made.and_then(|files| {
        if to.exists() {
            fs::remove_dir(to).map_err(|e| Failure::io("put the bundle in its place", to, &e))?;
        }
        move_to(&part, to).map(|()| files)
    });
    match made {
        Ok(files) => Ok(Bundled {
            round: round.name,
            run_id: run_id.to_string(),
            dir: to.display().to_string(),
            files: files.len(),
            bytes: files.iter().map(|f| f.bytes).sum(),
        }),
        Err(failure) => {
            clear(&part)?;
            Err(failure)
        }
    }
}

fn fill(
    out: &Path,
    round: &Round,
    told: &Value,
    before: &Path,
    position: Position,
    pipelines: &Path,
    to: &Path,
) -> Outcome<Vec<HashedFile>> {
    let mut problems = Vec::new();
    let pipeline_files = hashed(&told["pipeline_files"]);
    for file in &pipeline_files {
        let from = pipelines.join(&file.path);
        if manifest::hash_file(&from).is_ok_and(|(sha256, _)| sha256 == file.sha256) {
            copy_file(&from, &to.join("pipelines").join(&file.path))?;
        } else {
            let what = format!("the file is not the one that round {} was made from", round.name);
            let hint = "name the folder of the pipelines as they were then with --pipelines";
            problems.push(problem("bundle.pipeline_changed", what, from.display().to_string(), hint));
        }
    }
    let mut heads = pipeline_files.iter().filter_map(|f| f.path.strip_suffix("/pipeline.toml"));
    let pipeline = heads.next_back().unwrap_or_default().to_string();

    let inputs = hashed(&told["inputs"]);
    let kept = out.join(inbox::FOLDER);
    let book = Ledger::open(before)?;
    let mut needed: BTreeSet<KeptFile> =
        inputs.iter().map(|f| KeptFile { path: f.path.clone(), sha256: f.sha256.clone(), bytes: f.bytes }).collect();
    needed.extend(book.deliveries(&position.round, &position.as_of)?.receipts.into_iter().map(|r| r.file));
    drop(book);
    let mut sizes: BTreeMap<(&str, &str), &KeptFile> = BTreeMap::new();
    for file in &needed {
        sizes.insert((&file.path, &file.sha256), file);
        let from = kept.join(kept_name(file));
        if inbox::is_sound(&from, file) {
            copy_file(&from, &to.join("out").join(inbox::FOLDER).join(kept_name(file)))?;
        } else {
            let what = format!("the kept copy of {} is gone or damaged", file.path);
            problems.push(problem("delivery.lost", what, from.display().to_string(), "put it back from the backup"));
        }
    }
    for listed in &position.inbox {
        // Reports that forms brought lie in the output folder.
        let home = if listed.path.starts_with("forms/inbox/") { "out" } else { "input" };
        let target = to.join(home).join(&listed.path);
        match listed.sha256.as_deref().and_then(|sha256| sizes.get(&(listed.path.as_str(), sha256))) {
            Some(file) if problems.is_empty() => copy_file(&kept.join(kept_name(file)), &target)?,
            Some(_) => {}
            // Nobody read it: that it lay there is all that counts.
            None => crate::publish::atomic::write(&target, b"")?,
        }
    }
    private::make_dir(&to.join("input"))?;
    copy_file(&before.join(FILE), &to.join("out").join(FILE))?;
    if let Some((name, run_id)) = &position.previous {
        let dir = out.join("rounds").join(name);
        if position::run_in(&dir).as_ref() == Some(run_id) {
            for file in ["manifest.json", "tables/online_list.parquet", "tables/rule_hits.parquet"] {
                copy_file(&dir.join(file), &to.join("out/rounds").join(name).join(file))?;
            }
        } else {
            let what = format!("round {name}, from which rows were kept, is gone or was run again since");
            problems.push(problem("bundle.round_before", what, dir.display().to_string(), "run this round again too"));
        }
    }
    copy_file(&round.dir.join("manifest.json"), &to.join("manifest.json"))?;
    if !problems.is_empty() {
        return Err(Failure { class: FailureClass::InputContract, problems });
    }
    let files = manifest::hash_tree(to)?;
    let bundle = Bundle {
        format: FORMAT,
        position,
        pipeline,
        pipeline_digest: manifest::digest(&pipeline_files),
        inputs_digest: manifest::digest(&inputs),
        files: files.clone(),
        outputs: hashed(&told["outputs"]),
    };
    stages::write_json(&to.join("bundle.json"), &bundle)?;
    close(to)?;
    Ok(files)
}

/// Takes every folder and file from others than its owner.
fn close(dir: &Path) -> Outcome<()> {
    private::only_owner(dir)?;
    for entry in fs::read_dir(dir).map_err(|e| Failure::io("list", dir, &e))?.flatten() {
        match entry.path().is_dir() {
            true => close(&entry.path())?,
            false => private::only_owner(&entry.path())?,
        }
    }
    Ok(())
}

/// Makes a bundle's round again and compares it. The round is made in `to`, or in a folder for temporary files that goes. A sealed
/// bundle is opened with `identities` into such a folder first.
///
/// # Errors
/// The folder holds no bundle (66), or it is not as it was written or sealed for others (65, with every file); an identity is none
/// (64); the run fails. Differences of the outputs are no failure of this function.
pub fn replay_bundle(dir: &Path, to: Option<&Path>, identities: &[PathBuf], observer: Observer) -> Outcome<Replayed> {
    if identities.is_empty() {
        return replay_plain(dir, to, observer);
    }
    let plain = tempfile::tempdir().map_err(|e| Failure::io("make a folder", &std::env::temp_dir(), &e))?;
    seal::opened(dir, plain.path(), identities)?;
    // Sealed were the files: of an empty inbox nothing is left.
    private::make_dir(&plain.path().join("input"))?;
    replay_plain(plain.path(), to, observer)
}

fn replay_plain(dir: &Path, to: Option<&Path>, observer: Observer) -> Outcome<Replayed> {
    let path = dir.join("bundle.json");
    let at = || path.display().to_string();
    let bundle: Bundle = stages::read_json(&path).map_err(|_| {
        let what = "there is no bundle here, or it is damaged".to_string();
        let hint = match dir.join("bundle.json.age").exists() {
            true => "the bundle is sealed: name your identity file with --identity",
            false => "name the folder that `bidui runs bundle` wrote",
        };
        Failure::one(FailureClass::InputMissing, problem("bundle.none", what, at(), hint))
    })?;
    let mut found = manifest::hash_tree(dir)?;
    found.retain(|f| f.path != "bundle.json");
    if bundle.format != FORMAT || found != bundle.files {
        let (has, had) = (found.iter().collect::<BTreeSet<_>>(), bundle.files.iter().collect::<BTreeSet<_>>());
        let names: BTreeSet<&str> = has.symmetric_difference(&had).map(|f| f.path.as_str()).collect();
        let changed = |name: &&str| {
            let hint = "copy the bundle again, whole";
            problem("bundle.changed", "the file is not as the bundle was written".into(), *name, hint)
        };
        return Err(Failure { class: FailureClass::InputContract, problems: names.iter().map(changed).collect() });
    }
    let own;
    let out: PathBuf = match to {
        Some(to) => {
            refuse_filled(to)?;
            to.to_path_buf()
        }
        None => {
            own = tempfile::tempdir().map_err(|e| Failure::io("make a folder", &std::env::temp_dir(), &e))?;
            own.path().to_path_buf()
        }
    };
    private::make_dir(&out)?;
    for file in bundle.files.iter().filter_map(|f| f.path.strip_prefix("out/")) {
        copy_file(&dir.join("out").join(file), &out.join(file))?;
    }
    close(&out)?;
    let Position { round, as_of, run_id, version, accept, .. } = bundle.position;
    let options = Options {
        pipeline: dir.join("pipelines").join(&bundle.pipeline),
        input: dir.join("input"),
        out: out.clone(),
        as_of: Some(super::parse_day(&as_of)?),
        accept,
        fresh: true,
        memory: None,
    };
    let finished = run(&options, observer)?;
    let now: BTreeMap<String, String> = manifest::hash_tree(&finished.dir)?
        .into_iter()
        .filter(|f| f.path != "manifest.json")
        .map(|f| (f.path, f.sha256))
        .collect();
    let before: BTreeMap<String, String> = bundle.outputs.into_iter().map(|f| (f.path, f.sha256)).collect();
    let mut differences: Vec<(String, &'static str)> = Vec::new();
    let mut same = 0;
    for (path, sha256) in &before {
        match now.get(path) {
            Some(other) if other == sha256 => same += 1,
            Some(_) => differences.push((path.clone(), "changed")),
            None => differences.push((path.clone(), "missing")),
        }
    }
    differences.extend(now.keys().filter(|p| !before.contains_key(*p)).map(|p| (p.clone(), "extra")));
    let [first, second] = [dir.join("manifest.json"), finished.dir.join("manifest.json")]
        .map(|path| manifest::hash_file(&path).map(|(sha256, _)| sha256).ok());
    match first == second {
        true => same += 1,
        false => differences.push(("manifest.json".into(), "changed")),
    }
    let versions = [version, env!("CARGO_PKG_VERSION").to_string()];
    Ok(Replayed { round, run_id, replayed: finished.manifest.run_id, versions, same, differences })
}

impl Replayed {
    /// The differences as a failure (65), none when every byte came out again.
    pub fn failure(&self) -> Option<Failure> {
        let [then, now] = &self.versions;
        let hint = match then == now {
            true => "the program may be another build of the same version: replay with the one that made the round",
            false => "replay with the version of the program that made the round",
        };
        let told = |(path, what): &(String, &str)| {
            let message =
                format!("the file is {what} in the replay of round {} (made by {then}, replayed by {now})", self.round);
            problem("bundle.differs", message, path.as_str(), hint)
        };
        let problems: Vec<Diagnostic> = self.differences.iter().map(told).collect();
        (!problems.is_empty()).then_some(Failure { class: FailureClass::InputContract, problems })
    }
}
