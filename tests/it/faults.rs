//! The thirty faults that bidui must survive, each with a test that bears its number and fails when it is not survived.
//!
//! Most are made in an office so small that a night takes half a second; the corpus shows what single files can hold, and
//! `crash.rs` what a kill or a full disk can do at every single call.

mod deliveries;
mod files;
mod office_wide;
mod returned;
mod running;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::support::{bidui, copy_tree, manifest, outcome, root, scratch};

/// The first night of the small office, and the one after it.
const FIRST: &str = "2026-09-30";
const SECOND: &str = "2026-10-01";

/// What can go wrong, by number.
const FAULTS: [&str; 30] = [
    "a truncated or empty file, a web page under a workbook's name",
    "a zip bomb",
    "a far cell, an absurd dimension, a row of a million columns",
    "a wrong or mixed encoding",
    "a heading twice",
    "title rows, headings in several rows or again, totals and signatures",
    "a required column is missing",
    "a column is renamed",
    "types or columns drift",
    "an empty file, far fewer rows",
    "a department is late",
    "the same file again, an old file under a new name",
    "the disk is full",
    "kill -9",
    "power loss",
    "two runs at once",
    "a lock that was left behind",
    "another clock, zone or day",
    "the same inputs again",
    "ten times the input under a memory cap",
    "formulas in names",
    "paths in names",
    "NUL, overrides, zero width, escapes, texts without end",
    "one number with two names, two numbers for one person",
    "numbers that Excel has damaged",
    "a typo in a rule; a rule that hits nobody or everybody",
    "answers with rows deleted",
    "answers sorted, added to, edited, moved",
    "answers of another round or township, two versions of a form",
    "a file still being copied, a lock file, a password",
];

#[test]
fn every_fault_has_a_test_of_its_number() {
    let dir = root().join("tests/it");
    let mut found: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let folder = fs::read_dir(dir.join("faults")).unwrap().map(|e| e.unwrap().path());
    for path in folder.chain([dir.join("faults.rs"), dir.join("crash.rs")]) {
        let text = fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = line.strip_prefix("fn fault_").and_then(|rest| rest.split('(').next()) else { continue };
            let head: Vec<&&str> = lines[..at].iter().rev().take_while(|l| l.starts_with("#[")).collect();
            assert!(head.iter().any(|l| **l == "#[test]"), "fault_{name} is no test");
            let number: usize = name[..2].parse().unwrap_or_else(|_| panic!("fault_{name} has no number"));
            found.entry(number).or_default().push(name.to_string());
        }
    }
    let missing: Vec<String> =
        (1..=FAULTS.len()).filter(|n| !found.contains_key(n)).map(|n| format!("{n}: {}", FAULTS[n - 1])).collect();
    assert!(missing.is_empty(), "no test is named after {missing:?}");
    assert!(found.keys().all(|n| (1..=FAULTS.len()).contains(n)), "{found:?}");
}

/// An office of sixty households that runs every night.
struct Office {
    dir: PathBuf,
}

/// The county's deliveries, made once for all tests of this process.
fn county() -> &'static Path {
    static COUNTY: OnceLock<PathBuf> = OnceLock::new();
    COUNTY.get_or_init(|| {
        let dir = scratch("faults-county");
        let (code, _, err) = outcome(bidui().args(["synth", "--households", "60", "--seed", "7", "--out"]).arg(&dir));
        assert_eq!(code, 0, "{err}");
        dir
    })
}

/// What the first night leaves, made once.
fn first_night() -> &'static Path {
    static OUT: OnceLock<PathBuf> = OnceLock::new();
    OUT.get_or_init(|| {
        let office = Office::new("first-night");
        let (code, _, err) = office.night(FIRST);
        assert_eq!(code, 0, "{err}");
        office.out()
    })
}

impl Office {
    /// With pipelines and deliveries to break, and nothing published.
    fn new(name: &str) -> Office {
        let dir = scratch(&format!("fault-{name}"));
        copy_tree(&root().join("pipelines"), &dir.join("pipelines"));
        copy_tree(county(), &dir.join("inbox"));
        Office { dir }
    }

    /// The morning after the first night.
    fn after(name: &str) -> Office {
        let office = Office::new(name);
        copy_tree(first_night(), &office.out());
        office
    }

    fn out(&self) -> PathBuf {
        self.dir.join("out")
    }

    fn inbox(&self, below: &str) -> PathBuf {
        self.dir.join("inbox").join(below)
    }

    fn round(&self, day: &str) -> PathBuf {
        self.out().join("rounds").join(day)
    }

    fn command(&self, verb: &str, day: &str) -> std::process::Command {
        let mut command = bidui();
        command.arg(verb).arg(self.dir.join("pipelines/nightly")).args(["--as-of", day, "--input"]);
        command.arg(self.dir.join("inbox")).arg("--out").arg(self.out());
        command
    }

    fn night(&self, day: &str) -> (i32, String, String) {
        outcome(&mut self.command("run", day))
    }

    /// Rewrites a CSV in GB18030 as text.
    fn rewrite(&self, below: &str, change: impl FnOnce(String) -> String) {
        let bytes = fs::read(self.inbox(below)).unwrap();
        let text = encoding_rs::GB18030.decode(&bytes).0.into_owned();
        fs::write(self.inbox(below), encoding_rs::GB18030.encode(&change(text)).0).unwrap();
    }

    /// State of a source's data in a round, and as of when they are.
    fn state(&self, day: &str, source: &str) -> (String, String) {
        let manifest = manifest(&self.round(day));
        assert_eq!(manifest["sums_close"], true);
        let entry = manifest["sources"].as_array().unwrap().iter().find(|s| s["source"] == source).unwrap().clone();
        let text = |key: &str| entry[key].as_str().unwrap_or("").to_string();
        (text("state"), text("as_of"))
    }

    /// A row count of a source in a round.
    fn count(&self, day: &str, source: &str, what: &str) -> u64 {
        let manifest = manifest(&self.round(day));
        let entry = manifest["sources"].as_array().unwrap().iter().find(|s| s["source"] == source).unwrap().clone();
        entry[what].as_u64().unwrap()
    }

    /// Households of a round's online list.
    fn listed(&self, day: &str) -> BTreeSet<String> {
        let list = super::support::table(&self.round(day), "online_list");
        list.text("household_id").iter().flatten().map(str::to_string).collect()
    }

    /// Asserts that a source's last good data stand in for what came, and that everybody who was listed still is.
    fn stands_in(&self, source: &str) {
        assert_eq!(self.state(SECOND, source), ("stale".into(), FIRST.into()), "{source}");
        assert!(self.listed(FIRST).is_subset(&self.listed(SECOND)), "nobody left the list by it");
    }
}
