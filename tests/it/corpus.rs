//! Every file of `tests/corpus` through ingest and normalize, held against the outcome written beside it.
//!
//! The expectations say what a file means, not what the program once answered (tests/corpus/README.md). All differences
//! of all files are told at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bidui::codes::Codes;
use bidui::model::{Disposition, Provenance, Reject, Table};
use bidui::plan::{Plan, Source};
use bidui::{ingest, normalize};
use serde::Deserialize;

use super::support::{AS_OF, copy_tree, root, scratch};

/// Rows of reliability.md's table that files can show, and the forms of background.md §3.3.
const FAULTS: [u32; 17] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 21, 22, 23, 24, 25, 30, 33];
const ENDING: &str = ".expect.toml";

/// What a file must come to; what is not said is none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// What is in it and why that matters.
    what: String,
    /// Rows of reliability.md's table; 33 for the forms of background.md §3.3.
    faults: Vec<u32>,
    /// Contract it is read with.
    contract: String,
    /// Name it is delivered under, where the repository cannot hold that name.
    delivered_as: Option<String>,
    /// True when the whole file is refused.
    #[serde(default)]
    refused: bool,
    read: u64,
    accepted: u64,
    quarantined: u64,
    folded: u64,
    not_data: u64,
    /// Codes of what is said about the file, sorted.
    #[serde(default)]
    problems: Vec<String>,
    /// Rows that became no record: all of them.
    #[serde(default)]
    rejects: Vec<At>,
    /// Doubtful values: all of them.
    #[serde(default)]
    findings: Vec<At>,
    /// Values of some records.
    #[serde(default)]
    records: Vec<BTreeMap<String, toml::Value>>,
}

/// A code with its place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct At {
    row: u32,
    #[serde(default)]
    sheet: String,
    #[serde(default)]
    field: String,
    code: String,
}

impl At {
    fn shown(&self) -> String {
        shown(&self.sheet, self.row, &self.field, &self.code)
    }
}

fn shown(sheet: &str, row: u32, field: &str, code: &str) -> String {
    let sheet = if sheet.is_empty() { String::new() } else { format!("{sheet}!") };
    let field = if field.is_empty() { String::new() } else { format!(" {field}") };
    format!("{sheet}{row}{field} {code}")
}

fn corpus() -> PathBuf {
    root().join("tests/corpus")
}

/// Files below a folder, path below it, sorted.
fn files(dir: &Path) -> Vec<String> {
    fn collect(dir: &Path, prefix: &str, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().expect("a name in UTF-8"));
            match entry.file_type().unwrap().is_dir() {
                true => collect(&entry.path(), &format!("{name}/"), found),
                false => found.push(name),
            }
        }
    }
    let mut found = Vec::new();
    collect(dir, "", &mut found);
    found.sort();
    found
}

/// The corpus' contracts as a pipeline of their own, and the code tables of the fictional county.
pub fn contracts() -> &'static (Plan, Codes) {
    static CONTRACTS: OnceLock<(Plan, Codes)> = OnceLock::new();
    CONTRACTS.get_or_init(load_contracts)
}

fn load_contracts() -> (Plan, Codes) {
    let dir = scratch("corpus-pipeline");
    copy_tree(&corpus().join("contracts"), &dir.join("shared/sources"));
    for part in ["codes", "models"] {
        copy_tree(&root().join("pipelines/shared").join(part), &dir.join("shared").join(part));
    }
    let contracts: Vec<String> =
        files(&corpus().join("contracts")).iter().map(|f| format!("{:?}", f.trim_end_matches(".toml"))).collect();
    let head = format!(
        "name = \"corpus\"\ntitle = \"样本\"\ncounty = \"澄岚县\"\ncadence = \"quarterly\"\nmodel = \"person-cn\"\nsources = [{}]\n",
        contracts.join(", ")
    );
    fs::create_dir_all(dir.join("corpus")).unwrap();
    fs::write(dir.join("corpus/pipeline.toml"), head).unwrap();
    fs::write(dir.join("corpus/params.toml"), "").unwrap();
    let (plan, problems) = bidui::plan::load(&dir.join("corpus"));
    let plan = plan.unwrap_or_else(|| panic!("the corpus' contracts are sound: {problems:#?}"));
    let (codes, problems) = bidui::codes::load(&plan.codes_dir);
    assert!(problems.is_empty(), "{problems:?}");
    (plan, codes)
}

/// What became of a file.
struct Outcome {
    refused: bool,
    read: u64,
    accepted: u64,
    rejects: Vec<Reject>,
    problems: Vec<String>,
    findings: Vec<String>,
    records: Table,
}

impl Outcome {
    fn count(&self, disposition: Disposition) -> u64 {
        self.rejects.iter().filter(|r| r.disposition == disposition).count() as u64
    }
}

/// Delivers one file alone, as a department would.
fn deliver(source: &Source, codes: &Codes, file: &Path, delivered_as: &str) -> Outcome {
    let inbox = tempfile::tempdir().unwrap();
    fs::copy(file, inbox.path().join(delivered_as)).unwrap();
    let found = ingest::find_files(source, inbox.path()).unwrap();
    let mut problems: Vec<String> = found.notes.iter().map(|p| p.code.to_string()).collect();
    let delivery = ingest::read(source, &found.files);
    problems.extend(delivery.problems.iter().map(|p| p.code.to_string()));
    problems.sort();
    let normalized = normalize::records(source, &delivery.rows.table().unwrap(), codes, AS_OF.parse().unwrap());
    let findings = &normalized.findings;
    let told = (0..findings.rows()).map(|i| {
        let text = |column| findings.str_at(column, i).unwrap_or_default();
        shown(text("sheet"), Provenance::of(findings, i).row, text("field"), text("code"))
    });
    let mut rejects = delivery.rejects;
    rejects.extend(normalized.rejects);
    Outcome {
        refused: !delivery.refused.is_empty(),
        read: delivery.read,
        accepted: normalized.records.rows() as u64,
        rejects,
        problems,
        findings: told.collect(),
        records: normalized.records,
    }
}

/// What differs, a line each.
fn differences(expected: &Expected, found: &Outcome) -> Vec<String> {
    let mut all = Vec::new();
    let mut compare = |what: &str, wanted: String, got: String| {
        if wanted != got {
            all.push(format!("{what}: should be {wanted}, is {got}"));
        }
    };
    compare("refused", expected.refused.to_string(), found.refused.to_string());
    let sums = [
        ("read", expected.read, found.read),
        ("accepted", expected.accepted, found.accepted),
        ("quarantined", expected.quarantined, found.count(Disposition::Quarantined)),
        ("folded", expected.folded, found.count(Disposition::Folded)),
        ("not_data", expected.not_data, found.count(Disposition::NotData)),
    ];
    for (what, wanted, got) in sums {
        compare(what, wanted.to_string(), got.to_string());
    }
    compare("problems", format!("{:?}", expected.problems), format!("{:?}", found.problems));
    let sorted = |mut all: Vec<String>| {
        all.sort();
        format!("{all:?}")
    };
    let rejects = found.rejects.iter().map(|r| shown(&r.at.sheet, r.at.row, "", r.code));
    compare("rejects", sorted(expected.rejects.iter().map(At::shown).collect()), sorted(rejects.collect()));
    compare("findings", sorted(expected.findings.iter().map(At::shown).collect()), sorted(found.findings.clone()));
    for wanted in &expected.records {
        let row = wanted.get("row").and_then(toml::Value::as_integer).expect("a record names its row");
        let sheet = wanted.get("sheet").map_or("", |s| s.as_str().expect("text"));
        let at = (0..found.records.rows()).find(|&i| {
            let place = Provenance::of(&found.records, i);
            (i64::from(place.row), place.sheet.as_str()) == (row, sheet)
        });
        for (column, value) in wanted.iter().filter(|(c, _)| !matches!(c.as_str(), "row" | "sheet")) {
            let got = match at {
                None => "no record".to_string(),
                Some(_) if !found.records.has(column) => "no such column".to_string(),
                Some(i) => format!("{:?}", found.records.display_at(column, i).unwrap_or_default()),
            };
            let wanted = format!("{:?}", value.as_str().expect("values are written as text"));
            compare(&format!("{sheet}:{row} {column}"), wanted, got);
        }
    }
    let sum = found.accepted + found.count(Disposition::Quarantined) + found.count(Disposition::Folded);
    if found.read != sum {
        all.push(format!("a row is lost: {} read, {sum} told", found.read));
    }
    all
}

#[test]
fn every_file_comes_to_what_is_written_beside_it() {
    let (read, told) = held_against(|_| true);
    assert!(read >= 120, "only {read} files were read");
    assert!(told.is_empty(), "{} differences:\n{told}", told.lines().count());
}

/// Fails unless the corpus shows a fault and every file that shows it comes to what is written beside it.
pub fn survives(fault: u32) {
    let (read, told) = held_against(|expected| expected.faults.contains(&fault));
    assert!(read > 0 && told.is_empty(), "fault {fault}: {read} files\n{told}");
}

/// How many files were read, and what differs from what is written beside them, a line each.
fn held_against(which: impl Fn(&Expected) -> bool) -> (usize, String) {
    let (plan, codes) = contracts();
    let dir = corpus().join("files");
    let mut told = String::new();
    let mut read = 0;
    for name in files(&dir).iter().filter(|f| f.ends_with(ENDING)) {
        let text = fs::read_to_string(dir.join(name)).unwrap();
        let expected: Expected = toml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(!expected.what.is_empty(), "{name} does not say what it shows");
        let file = dir.join(name.trim_end_matches(ENDING));
        if !file.exists() || !which(&expected) {
            continue; // a file that is not there is told by the other test
        }
        let source = plan.sources.iter().find(|s| s.id == expected.contract);
        let source = source.unwrap_or_else(|| panic!("{name}: there is no contract `{}`", expected.contract));
        let own_name = file.file_name().unwrap().to_str().unwrap();
        let found = deliver(source, codes, &file, expected.delivered_as.as_deref().unwrap_or(own_name));
        for difference in differences(&expected, &found) {
            writeln!(told, "{}: {difference}", name.trim_end_matches(ENDING)).unwrap();
        }
        read += 1;
    }
    (read, told)
}

#[test]
fn no_file_is_forgotten() {
    let all = files(&corpus().join("files"));
    let (expectations, files): (BTreeSet<&str>, BTreeSet<&str>) =
        all.iter().map(String::as_str).partition(|f| f.ends_with(ENDING));
    let described: BTreeSet<&str> = expectations.iter().map(|e| e.trim_end_matches(ENDING)).collect();
    let silent: Vec<&&str> = files.difference(&described).collect();
    assert!(silent.is_empty(), "write NAME{ENDING} beside: {silent:?}");
    let orphans: Vec<&&str> = described.difference(&files).collect();
    assert!(orphans.is_empty(), "these say what comes of a file that is not there: {orphans:?}");
    assert!(files.len() >= 120, "{} files", files.len());
    let bytes: u64 = files.iter().map(|f| fs::metadata(corpus().join("files").join(f)).unwrap().len()).sum();
    assert!(bytes < 3 << 20, "the corpus is kept small: {bytes} bytes");

    let mut shown = BTreeSet::new();
    let mut used = BTreeSet::new();
    for name in &expectations {
        let text = fs::read_to_string(corpus().join("files").join(name)).unwrap();
        let expected: Expected = toml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        shown.extend(expected.faults);
        used.insert(format!("{}.toml", expected.contract));
    }
    let unshown: Vec<&u32> = FAULTS.iter().filter(|f| !shown.contains(f)).collect();
    assert!(unshown.is_empty(), "no file shows fault {unshown:?} of reliability.md");
    let contracts: BTreeSet<String> = self::files(&corpus().join("contracts")).into_iter().collect();
    let unused: Vec<&String> = contracts.difference(&used).filter(|c| *c != "register.toml").collect();
    assert!(unused.is_empty(), "no file is read with {unused:?}");
}
