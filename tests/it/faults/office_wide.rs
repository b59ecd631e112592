//! Faults in a whole quarterly round of the sample: one source is blocked and all others are used.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::support::{AS_OF, copy_tree, manifest, outcome, root, run, sample_round, scratch, table, tree};

struct Office {
    dir: PathBuf,
}

impl Office {
    /// A copy of the pipelines and the sample to break.
    fn new(name: &str) -> Office {
        let dir = scratch(&format!("fault-{name}"));
        copy_tree(&root().join("pipelines"), &dir.join("pipelines"));
        copy_tree(&root().join("sample-data"), &dir.join("inbox"));
        Office { dir }
    }

    fn pipeline(&self) -> PathBuf {
        self.dir.join("pipelines/quarterly")
    }

    fn out(&self) -> PathBuf {
        self.dir.join("out")
    }

    fn round(&self) -> PathBuf {
        self.out().join("rounds/2026Q3")
    }

    fn file(&self, below: &str) -> PathBuf {
        self.dir.join(below)
    }

    fn edit(&self, below: &str, from: &str, to: &str) {
        let path = self.file(below);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{below} no longer holds `{from}`");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    fn run(&self) -> (i32, String, String) {
        run(&self.pipeline(), &self.dir.join("inbox"), &self.out(), AS_OF)
    }

    /// Asserts that one source is blocked and all others were used.
    fn only_blocked(&self, source: &str) {
        let manifest = manifest(&self.round());
        for s in manifest["sources"].as_array().unwrap() {
            let want = if s["source"] == source { "blocked" } else { "delivered" };
            assert_eq!(s["state"], want, "{}", s["source"]);
        }
        assert_eq!(manifest["sums_close"], true);
    }
}

/// Rewrites a UTF-8 CSV with a change to its rows.
fn rewrite(path: &Path, change: impl Fn(usize, &csv::StringRecord) -> Vec<String>) {
    let bytes = fs::read(path).unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_slice());
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for (i, row) in reader.records().enumerate() {
        writer.write_record(change(i, &row.unwrap())).unwrap();
    }
    fs::write(path, writer.into_inner().unwrap()).unwrap();
}

#[test]
fn fault_07_missing_required_column() {
    let office = Office::new("missing-column");
    let path = office.file("inbox/水利/农户饮水台账.csv");
    let header = fs::read_to_string(&path).unwrap();
    let at = header.lines().next().unwrap().split(',').position(|h| h == "户主姓名").unwrap();
    rewrite(&path, |_, row| row.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, c)| c.to_string()).collect());
    let (code, out, err) = office.run();
    assert_eq!(code, 65, "{err}");
    assert!(err.contains("error[ingest.missing_column]") && err.contains("户主姓名"), "{err}");
    assert!(err.contains("农户饮水台账.csv") && err.contains("hint:"), "{err}");
    assert!(out.contains("water_household"), "the one line names the source that is not whole: {out}");
    office.only_blocked("water_household");
}

#[test]
fn fault_08_renamed_column() {
    let office = Office::new("renamed-column");
    office.edit("inbox/水利/农户饮水台账.csv", "户主姓名", "户主的姓名");
    let (code, _, err) = office.run();
    assert_eq!(code, 65, "{err}");
    assert!(err.contains("户主的姓名") && err.contains("户主姓名"), "the heading found and the one wanted: {err}");
    assert!(err.contains("alias"), "the hint says how to accept the new heading: {err}");
    office.only_blocked("water_household");
}

#[test]
fn a_truncated_workbook_is_refused_and_the_rest_goes_on() {
    let office = Office::new("truncated");
    let path = office.file("inbox/住建/农村房屋鉴定.xlsx");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let (code, _, err) = office.run();
    assert_eq!(code, 65, "{err}");
    assert!(err.contains("农村房屋鉴定.xlsx") && err.contains("hint:"), "{err}");
    office.only_blocked("housing_appraisal");
    let outcomes = table(&office.round(), "rule_outcomes");
    let concerned: Vec<usize> = (0..outcomes.rows())
        .filter(|&i| outcomes.str_at("missing_sources", i).is_some_and(|s| s.contains("housing_appraisal")))
        .collect();
    let unknown: Vec<i64> = concerned.iter().map(|&i| outcomes.integer("unknown").value(i)).collect();
    assert!(!unknown.is_empty() && unknown.iter().all(|unknown| *unknown > 0), "{unknown:?}");
    assert!(
        concerned.iter().any(|&i| outcomes.integer("hits").value(i) == 0),
        "rules of this source alone hold nowhere"
    );
    // What holds by other sources still does; the missing one makes nobody a case.
    let rules: BTreeSet<&str> = concerned.iter().filter_map(|&i| outcomes.str_at("rule", i)).collect();
    let hits = |round: &Path| -> BTreeSet<[String; 3]> {
        let hits = table(round, "rule_hits");
        let key = |i| ["rule", "household_id", "person_id"].map(|c| hits.str_at(c, i).unwrap_or("").to_string());
        (0..hits.rows()).map(key).filter(|[rule, ..]| rules.contains(rule.as_str())).collect()
    };
    let (before, after) = (hits(sample_round()), hits(&office.round()));
    let new: Vec<&[String; 3]> = after.difference(&before).collect();
    assert!(new.is_empty() && after.len() < before.len(), "{new:?}");
}

#[test]
fn fault_04_wrong_encoding() {
    let office = Office::new("wrong-encoding");
    let contract = "pipelines/shared/sources/medical_settlement.toml";
    let text = fs::read_to_string(office.file(contract)).unwrap();
    let declared = text.lines().find(|l| l.starts_with("encoding")).expect("the contract declares an encoding");
    office.edit(contract, declared, "encoding = \"utf-8\"");
    let (code, _, err) = office.run();
    assert_eq!(code, 65, "{err}");
    assert!(err.contains("error[ingest.encoding]") && err.to_lowercase().contains("gb"), "{err}");
    office.only_blocked("medical_settlement");
}

#[test]
fn fault_26_typo_in_a_rule() {
    let office = Office::new("rule-typo");
    let rules = "pipelines/quarterly/rules/medical.toml";
    let text = fs::read_to_string(office.file(rules)).unwrap();
    let (line, when) =
        text.lines().enumerate().find(|(_, l)| l.starts_with("when = ")).expect("a rule has a condition");
    let name = when.trim_start_matches("when = \"").split([' ', '"']).next().unwrap();
    let typo = format!("{}z", &name[..name.len() - 1]);
    office.edit(rules, when, &when.replacen(name, &typo, 1));
    let (code, _, err) = office.run();
    assert_eq!(code, 78, "{err}");
    assert!(err.contains(&format!("medical.toml:{}", line + 1)), "file and line: {err}");
    assert!(err.contains(&typo) && err.contains(name), "the typo and the nearest name: {err}");
    assert!(!office.round().exists(), "nothing is published");
}

#[test]
fn without_the_register_nothing_is_published_and_the_old_round_stays() {
    let office = Office::new("no-register");
    let register = office.file("inbox/公安/户籍人口底册.csv");
    let bytes = fs::read(&register).unwrap();
    let half = bytes.iter().position(|b| *b == b'\n').unwrap();
    let header: Vec<u8> = bytes[..half].iter().copied().filter(|b| *b != b',').collect();
    let broken = [header.as_slice(), &bytes[half..]].concat();
    fs::write(&register, &broken).unwrap();
    let (code, _, err) = office.run();
    assert_eq!(code, 65, "{err}");
    assert!(!office.round().exists(), "nothing to fall back on");

    fs::write(&register, &bytes).unwrap();
    assert_eq!(office.run().0, 0);
    // There was a good one now: a broken one is refused, and the good one stands in.
    fs::write(&register, &broken).unwrap();
    let (code, _, err) = office.run();
    assert_eq!(code, 65, "{err}");
    let state = |round: &Path| manifest(round)["sources"][0]["state"].as_str().unwrap_or("").to_string();
    assert_eq!(state(&office.round()), "stale");
    let before = tree(&office.round());

    fs::remove_file(&register).unwrap();
    fs::remove_dir_all(office.out().join("deliveries")).unwrap();
    let (code, _, err) = office.run();
    assert_eq!(code, 66, "{err}");
    assert!(err.contains("error[input.missing]") && err.contains("population"), "{err}");
    assert!(err.contains("error[delivery.lost]"), "why nothing stands in: {err}");
    assert!(before == tree(&office.round()), "the published round is untouched");
}

#[test]
fn a_wrong_command_line_is_64() {
    let (code, _, err) = outcome(super::super::support::bidui().args(["run", "--nonsense"]));
    assert_eq!(code, 64);
    assert!(err.contains("--nonsense"), "{err}");
    let (code, _, err) = outcome(super::super::support::bidui().args(["check", "--as-of", "30.9."]));
    assert_eq!(code, 64, "{err}");
}
