//! The generator as a whole: the sample stays what the code makes, the truth points at the right rows, the rates hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::*;

mod reading;
mod replay;
mod rows;

const SAMPLE: Options =
    Options { households: 3000, seed: 20260930, dirt: Dirt::Ordinary, as_of: Date::constant(2026, 9, 30) };

pub(super) fn files(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("readable folder") {
            let path = entry.expect("readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(root).expect("below the root").to_path_buf());
            }
        }
    }
    found
}

/// Set `BIDUI_WRITE_SAMPLE=1` to write the sample anew instead of comparing.
#[test]
fn the_committed_sample_is_what_the_code_makes() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data");
    let fresh = tempfile::tempdir().expect("temporary folder");
    generate(&SAMPLE, fresh.path()).expect("the sample can be made");
    if std::env::var_os("BIDUI_WRITE_SAMPLE").is_some() {
        for folder in fs::read_dir(&committed).into_iter().flatten().flatten().filter(|e| e.path().is_dir()) {
            fs::remove_dir_all(folder.path()).expect("old sample can be removed");
        }
        generate(&SAMPLE, &committed).expect("the sample can be written");
    }
    let mut expected = files(fresh.path());
    for file in &expected {
        let same = fs::read(fresh.path().join(file)).ok() == fs::read(committed.join(file)).ok();
        assert!(
            same,
            "{} differs; bidui synth --households 3000 --seed 20260930 --as-of 2026-09-30 --out sample-data",
            file.display()
        );
    }
    expected.insert(PathBuf::from("README.md"));
    assert_eq!(files(&committed), expected);
}

#[test]
fn another_seed_makes_another_county_and_the_same_seed_the_same() {
    let make = |seed| {
        let folder = tempfile::tempdir().expect("temporary folder");
        let options = Options { households: 60, seed, ..SAMPLE };
        let summary = generate(&options, folder.path()).expect("a county can be made");
        let found = files(folder.path());
        let bytes: Vec<_> = found.iter().map(|f| fs::read(folder.path().join(f)).expect("readable file")).collect();
        (summary, found, bytes)
    };
    let (first, again, other) = (make(1), make(1), make(2));
    assert!(first == again);
    assert_eq!(first.1, other.1, "the files' names do not depend on the seed");
    assert_ne!(first.2, other.2);
}

#[test]
fn nobody_is_refused() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let failure = generate(&Options { households: 0, ..SAMPLE }, folder.path()).expect_err("no household, no county");
    assert_eq!(failure.class.exit_code(), 64);
}

#[test]
fn the_sample_has_amounts_on_the_limits_and_next_to_them() {
    let county = county::people(SAMPLE.households, SAMPLE.seed, SAMPLE.as_of);
    let mut seen = BTreeSet::new();
    for h in 0..county.households.len() {
        let facts = risk::circumstances(&county, h, SAMPLE.seed, SAMPLE.as_of);
        let limit = policy::medical_limit(county.households[h].lifted);
        let from = policy::window(SAMPLE.as_of);
        let own: i64 = facts.claims.iter().filter(|c| c.day >= from).map(|c| c.self_pay()).sum();
        let mut near = |what, value: i64, limit: i64| {
            if (limit - 1..=limit + 1).contains(&value) {
                seen.insert((what, value - limit));
            }
        };
        near("medical", own, limit);
        for relief in &facts.relief {
            near("relief", relief.amount, policy::RELIEF);
        }
        if let Some(survey) = &facts.survey {
            near("loss", survey.loss, policy::INDUSTRY_LOSS);
            near("income", survey.per_capita, policy::INCOME_LINE);
        }
        if let Some(water) = &facts.water {
            near("litres", water.decilitres.unwrap_or(0), policy::WATER_DECILITRES);
            near("days off", water.days_off, policy::WATER_DAYS_OFF);
        }
    }
    for wanted in [
        ("medical", 0),
        ("medical", 1),
        ("medical", -1),
        ("relief", 0),
        ("relief", -1),
        ("loss", 0),
        ("loss", -1),
        ("income", 0),
        ("income", -1),
        ("litres", 0),
        ("days off", 0),
        ("days off", 1),
    ] {
        assert!(seen.contains(&wanted), "{wanted:?} is not among {seen:?}");
    }
}
