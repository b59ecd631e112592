//! Which files make a plan, in which order they are read, and their fingerprints.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use super::LinkModel;
use super::params::ParamFile;
use super::reader::{Document, Problems, Section};
use super::types::{Basis, Cadence, Cause, Plan, PlanFile, Retention, RuleTest, Source};
use super::{Process, check, contract, linkage, param_book, params, process, remedies, rule_tests, rules, sql};
use crate::codes::{self, Codes};
use crate::diag::{Diagnostic, Place, nearest};

/// Reads, resolves and checks a pipeline folder.
///
/// Gives the plan, or none when any problem is an error, and every problem in the order of files and lines. Places name
/// files by `pipeline_dir` as it was given.
pub fn load(pipeline_dir: &Path) -> (Option<Plan>, Vec<Diagnostic>) {
    let loader = Loader::new(pipeline_dir);
    let plan = loader.load();
    let mut problems = loader.problems.into_inner();
    problems.sort_by(|a, b| a.place.cmp(&b.place));
    problems.dedup();
    let plan = plan.filter(|_| !problems.iter().any(Diagnostic::is_error));
    (plan, problems)
}

/// What `pipeline.toml` says.
struct Head {
    name: String,
    title: String,
    county: String,
    cadence: Cadence,
    basis: Basis,
    shared: PathBuf,
    model: (String, Place),
    sources: Vec<(String, Place)>,
    /// Files of parameters: TOML, or the workbook that stands in for it.
    params: Vec<PathBuf>,
    rules: Vec<PathBuf>,
    tests: Vec<PathBuf>,
    retention: Retention,
}

struct Loader {
    dir: PathBuf,
    /// Folder that holds the pipeline folder; fingerprints name files below it.
    root: PathBuf,
    problems: Problems,
    files: RefCell<BTreeMap<String, PlanFile>>,
}

impl Loader {
    fn new(dir: &Path) -> Self {
        let absolute = normal(&std::path::absolute(dir).unwrap_or_else(|_| dir.to_path_buf()));
        Loader {
            dir: dir.to_path_buf(),
            root: absolute.parent().unwrap_or(&absolute).to_path_buf(),
            problems: RefCell::default(),
            files: RefCell::default(),
        }
    }

    fn load(&self) -> Option<Plan> {
        let head = self.head()?;
        let codes_dir = normal(&head.shared.join("codes"));
        let (codes, problems) = codes::load(&codes_dir);
        self.problems.borrow_mut().extend(problems);
        for file in list(&codes_dir, "csv") {
            if let Ok(bytes) = std::fs::read(&file) {
                self.fingerprint(&file, &bytes);
            }
        }
        let causes = self.causes(&codes, &codes_dir);
        let remedies_path = head.shared.join("remedies.toml");
        let remedies = match remedies_path.exists() {
            true => self.with(&remedies_path, |file| remedies::read(file, &causes)).unwrap_or_default(),
            false => super::Remedies::default(),
        };
        let sources = self.sources(&head, &codes);
        let model = self.model(&head);
        let (mut parameters, mut groups) = (Vec::new(), Vec::new());
        for path in &head.params {
            let found = match path.extension().is_some_and(|e| e == "xlsx") {
                true => self.workbook(path, &codes),
                false => self.with(path, |file| params::read(file, &codes)).unwrap_or_default(),
            };
            parameters.extend(found.params);
            groups.extend(found.groups);
        }
        let parameters = params::resolve_names(parameters, &self.problems);
        if groups.is_empty() {
            groups = params::default_groups();
        }
        params::check_groups(&groups, &parameters, &self.problems);
        let mut found = rules::RuleFile::default();
        for path in &head.rules {
            self.with(path, |file| found.extend(rules::read(file)));
        }
        let mut plan = Plan {
            name: head.name,
            title: head.title,
            dir: self.dir.clone(),
            county: head.county,
            cadence: head.cadence,
            sources,
            basis: head.basis,
            params: parameters,
            groups,
            indicators: found.indicators,
            rules: found.rules,
            rule_tests: Vec::new(),
            model,
            codes_dir,
            causes,
            remedies,
            process: self.process(&head.shared),
            retention: head.retention,
            files: Vec::new(),
        };
        check::plan(&plan, &found.source_places, &found.rule_places, &self.problems);
        let mut tests: Vec<RuleTest> = Vec::new();
        for path in &head.tests {
            self.with(path, |file| tests.extend(rule_tests::read(file, &plan)));
        }
        plan.rule_tests = tests;
        check::rules_have_tests(&plan, &self.problems);
        // A rule's SQL is checked against sources and parameters: only once they are known to be sound.
        if !self.problems.borrow().iter().any(Diagnostic::is_error) {
            let problems = sql::check_plan(&plan);
            self.problems.borrow_mut().extend(problems);
        }
        let files = self.files.borrow();
        plan.files = files.values().cloned().collect();
        Some(plan)
    }

    fn head(&self) -> Option<Head> {
        let path = self.dir.join("pipeline.toml");
        self.with(&path, |file| head(file, &self.dir))
    }

    fn sources(&self, head: &Head, codes: &Codes) -> Vec<Source> {
        let folder = head.shared.join("sources");
        let known = stems(&folder, "toml");
        let mut sources: Vec<Source> = Vec::new();
        for (id, place) in &head.sources {
            if sources.iter().any(|s| s.id == *id) {
                self.report(
                    Diagnostic::error("plan.duplicate", format!("source `{id}` is named twice"), place.clone())
                        .hint("name each source once"),
                );
                continue;
            }
            if !known.contains(id) {
                self.unknown("plan.unknown_source", "source", id, &known, &folder, place);
                continue;
            }
            let path = folder.join(format!("{id}.toml"));
            sources.extend(self.with(&path, |file| contract::read(file, id, codes)));
        }
        sources
    }

    fn model(&self, head: &Head) -> LinkModel {
        let folder = head.shared.join("models");
        let (name, place) = &head.model;
        let known = stems(&folder, "toml");
        let model = if known.contains(name) {
            self.with(&folder.join(format!("{name}.toml")), linkage::read)
        } else {
            if !name.is_empty() {
                self.unknown("plan.unknown_model", "linkage model", name, &known, &folder, place);
            }
            None
        };
        model.unwrap_or_else(|| linkage::none(place.clone()))
    }

    /// The pipeline's own process, else the office's, else the shipped one.
    fn process(&self, shared: &Path) -> Process {
        let files = [self.dir.join("process.toml"), shared.join("process.toml")];
        let found = files.iter().find(|path| path.exists());
        found.and_then(|path| self.with(path, process::read)).unwrap_or_else(process::shipped)
    }

    fn causes(&self, codes: &Codes, codes_dir: &Path) -> Vec<Cause> {
        let Some(table) = codes.table("cause") else {
            self.report(
                Diagnostic::error("plan.no_causes", "there is no code table `cause`", Place::file(show(codes_dir)))
                    .hint("add cause.csv with the columns code,title,aliases,department"),
            );
            return Vec::new();
        };
        let place = Place::file(show(&codes_dir.join("cause.csv")));
        let mut causes = Vec::new();
        for entry in table.entries() {
            let department = entry.extra.get("department").cloned().unwrap_or_default();
            if department.is_empty() {
                let message = format!("cause `{}` names no department", entry.code);
                self.report(
                    Diagnostic::error("plan.no_department", message, place.clone())
                        .hint("work orders go to the department that owns the remedy: fill the column `department`"),
                );
            }
            causes.push(Cause { code: entry.code.clone(), title: entry.title.clone(), department });
        }
        causes
    }

    fn unknown(&self, code: &'static str, what: &str, name: &str, known: &[String], folder: &Path, place: &Place) {
        let hint = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add {}, or name one of {}", show(&folder.join(format!("{name}.toml"))), known.join(", ")),
        };
        self.report(Diagnostic::error(code, format!("there is no {what} `{name}`"), place.clone()).hint(hint));
    }

    fn report(&self, problem: Diagnostic) {
        self.problems.borrow_mut().push(problem);
    }

    /// Reads a file and hands it to `read`.
    fn with<T>(&self, path: &Path, read: impl FnOnce(&Section) -> T) -> Option<T> {
        let file = show(path);
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let message = format!("cannot read the file: {error}");
                self.report(
                    Diagnostic::error("plan.unreadable", message, Place::file(file))
                        .hint("check the path; `bidui init` writes a pipeline to begin with"),
                );
                return None;
            }
        };
        self.fingerprint(path, &bytes);
        match String::from_utf8(bytes) {
            Ok(text) => Document::new(file, text).read(&self.problems, read),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let line = error.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() as u32 + 1;
                self.report(
                    Diagnostic::error("plan.encoding", "the file is not UTF-8", Place::file(file).at(line, 1))
                        .hint("save it as UTF-8 in the editor"),
                );
                None
            }
        }
    }

    /// Parameters from the workbook that a clerk has filled in.
    fn workbook(&self, path: &Path, codes: &Codes) -> ParamFile {
        let file = show(path);
        match std::fs::read(path) {
            Ok(bytes) => {
                self.fingerprint(path, &bytes);
                let (found, problems) = param_book::read(bytes, &file, codes);
                self.problems.borrow_mut().extend(problems);
                found
            }
            Err(error) => {
                let message = format!("cannot read the file: {error}");
                self.report(
                    Diagnostic::error("plan.unreadable", message, Place::file(file))
                        .hint("close it in the other program and try again"),
                );
                ParamFile::default()
            }
        }
    }

    fn fingerprint(&self, path: &Path, bytes: &[u8]) {
        let absolute = normal(&std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()));
        let below = absolute.strip_prefix(&self.root).unwrap_or(&absolute);
        let hex = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        let path = show(below);
        let file = PlanFile { path: path.clone(), sha256: hex, bytes: bytes.len() as u64 };
        self.files.borrow_mut().insert(path, file);
    }
}

/// Reads `pipeline.toml`, which stands in the folder `dir`.
fn head(file: &Section, dir: &Path) -> Head {
    let paths = |key: &str| -> Vec<PathBuf> {
        let more = file.texts(key).unwrap_or_default();
        more.iter().map(|p| normal(&dir.join(p))).collect()
    };
    let own = |folder: &str, more: Vec<PathBuf>| [list(&dir.join(folder), "toml"), more].concat();
    let params_from = paths("params_from");
    let own_params = dir.join("params.toml");
    let has_own = own_params.exists() || own_params.with_file_name(param_book::FILE).exists() || params_from.is_empty();
    let all_params = [if has_own { vec![own_params] } else { Vec::new() }, params_from].concat();
    let all_params = all_params.into_iter().map(|path| form_or_toml(file, path)).collect();
    let shared = file.text("shared").unwrap_or_else(|| "../shared".into());
    file.needs("sources");
    let sources = file.texts_at("sources").unwrap_or_default();
    if sources.is_empty() {
        file.error("plan.no_sources", "sources", "the pipeline names no sources", "add `sources = [\"…\"]`");
    }
    Head {
        name: file.need_text("name"),
        title: file.need_text("title"),
        county: file.need_text("county"),
        cadence: file.need_word(
            "cadence",
            &[("quarterly", Cadence::Quarterly), ("nightly", Cadence::Nightly)],
            Cadence::Quarterly,
        ),
        basis: file.word("basis", &Basis::WORDS).unwrap_or_default(),
        shared: normal(&dir.join(shared)),
        model: (file.need_text("model"), file.place_of("model")),
        sources,
        params: all_params,
        rules: own("rules", paths("rules_from")),
        tests: own("tests", paths("tests_from")),
        retention: file.section("retention").map_or_else(Retention::default, |section| {
            let days = |key: &str| section.whole(key, 1..=36_600).and_then(|days| u32::try_from(days).ok());
            let times = Retention {
                rounds: section.whole("keep_rounds", 1..=10_000).map(|n| n as u32),
                days: days("keep_days"),
                beginnings: section.whole("undo_rounds", 1..=10_000).map(|n| n as u32),
                deliveries_days: days("deliveries_days"),
                unmatched_days: days("unmatched_days"),
            };
            section.finish();
            times
        }),
    }
}

/// The workbook beside a file of parameters, when a clerk has put one there: it counts, for every pipeline that names the file.
fn form_or_toml(file: &Section, path: PathBuf) -> PathBuf {
    let form = path.with_file_name(param_book::FILE);
    if path.extension().is_some_and(|e| e == "xlsx") || !form.exists() {
        return path;
    }
    if path.exists() {
        let message = format!("the parameters are read from {}, not from {}", show(&form), show(&path));
        file.report(
            Diagnostic::warning("plan.params_twice", message, Place::file(show(&form)))
                .hint("take away the one that is out of date, so that nobody changes it in vain"),
        );
    }
    form
}

/// What `pipeline.toml` is asked for.
pub(super) fn read_head(file: &Section) {
    head(file, Path::new(""));
}

/// Files of a folder with an ending, in name order; none when there is no such folder.
fn list(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == ending)).collect();
    files.sort();
    files
}

fn stems(folder: &Path, ending: &str) -> Vec<String> {
    let files = list(folder, ending);
    files.iter().filter_map(|p| p.file_stem()).map(|s| s.to_string_lossy().into_owned()).collect()
}

/// A path without `.` and, where that is certain, without `..`: `pipelines/quarterly/../shared` → `pipelines/shared`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    if out.as_os_str().is_empty() { PathBuf::from(".") } else { out }
}

/// A path as people see it.
fn show(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}
