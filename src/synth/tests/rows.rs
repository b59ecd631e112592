//! The truth says where each row stands, whose it is and what was done to it.

use std::collections::BTreeMap;

use super::reading::{Rows, rows, truth};
use super::*;

fn county(dirt: Dirt) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temporary folder");
    let options = Options { households: 400, dirt, ..SAMPLE };
    generate(&options, folder.path()).expect("a county can be made");
    folder
}

#[test]
fn every_row_is_where_the_truth_says_and_shows_the_faults_it_names() {
    let folder = county(Dirt::Hard);
    let persons: BTreeMap<String, BTreeMap<String, String>> =
        truth(folder.path(), "persons").into_iter().map(|p| (p["pid"].clone(), p)).collect();
    let owners: BTreeMap<&str, &str> =
        persons.values().map(|p| (p["id_number"].as_str(), p["household"].as_str())).collect();
    let mut read: BTreeMap<String, Rows> = BTreeMap::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for record in truth(folder.path(), "records") {
        let file = &record["file"];
        let rows = read.entry(file.clone()).or_insert_with(|| rows(folder.path(), file));
        let at = (record["sheet"].clone(), record["row"].parse().expect("a row number"));
        let cells = rows.get(&at).unwrap_or_else(|| panic!("{file} has no row {at:?}"));
        let faults: Vec<&str> = record["faults"].split('|').filter(|f| !f.is_empty()).collect();
        for fault in &faults {
            *seen.entry(fault.to_string()).or_default() += 1;
        }
        let Some(person) = persons.get(&record["pid"]) else {
            let village = cells.len() > 8 && record["source"] == "water_village";
            let outsider = faults == ["not_in_register"] && cells.iter().all(|c| !owners.contains_key(c.as_str()));
            let other = matches!(record["kind_of_row"].as_str(), "total" | "noise");
            assert!(village || outsider || other, "{file} {at:?}");
            continue;
        };
        let number = person["id_number"].as_str();
        let shown = cells.iter().any(|c| c == number);
        let fault = faults.iter().find(|f| f.starts_with("number")).copied();
        match fault {
            None => assert!(shown, "{file} {at:?} lacks the number"),
            Some("number_certificate") => assert!(cells.iter().any(|c| c.len() > 18 && c.starts_with(number))),
            Some("number_relative") => {
                let house = person["household"].as_str();
                assert!(!shown && cells.iter().any(|c| owners.get(c.as_str()) == Some(&house)), "{file} {at:?}");
            }
            Some(fault) => {
                // In the school's file the guardian's own number stands beside the pupil's.
                let others = if record["source"] == "school_enrolment" { &cells[..9] } else { &cells[..] };
                assert!(others.iter().all(|c| !owners.contains_key(c.as_str())), "{file} {at:?} {fault}");
            }
        }
        if faults.iter().all(|f| !f.starts_with("name")) {
            assert!(cells.iter().any(|c| *c == person["name"]), "{file} {at:?} lacks the name");
        }
    }
    let kinds = [
        "number_typo",
        "number_transposed",
        "number_missing",
        "number_15",
        "number_excel",
        "number_relative",
        "name_homophone",
        "name_variant",
        "name_lost_char",
        "name_spaces",
        "not_in_register",
    ];
    for kind in kinds {
        assert!(seen.contains_key(kind), "no {kind} in {seen:?}");
    }
}

#[test]
fn no_data_row_is_missing_from_the_truth() {
    let folder = county(Dirt::Ordinary);
    let mut noted: BTreeMap<String, usize> = BTreeMap::new();
    for record in truth(folder.path(), "records") {
        *noted.entry(record["file"].clone()).or_default() += 1;
    }
    // File and the rows above the data.
    for (file, above) in [
        ("医保/居民医保结算明细.csv", 1),
        ("医保/2026年度参保名单.xlsx", 1),
        ("民政/临时救助台账.xlsx", 2),
        ("教育/义务教育在籍学生.xlsx", 2),
        ("乡村振兴/（自定义）监测对象信息 (22).xlsx", 3),
        ("水利/农户饮水台账.csv", 1),
        ("统计/农户收支监测.parquet", 0),
    ] {
        let written = rows(folder.path(), file).len();
        assert_eq!(noted.get(file).copied().unwrap_or(0) + above, written, "{file}");
    }
    let register = rows(folder.path(), "公安/户籍人口底册.csv").len() - 1;
    let known: usize = truth(folder.path(), "persons").iter().map(|p| p["register_rows"].split('|').count()).sum();
    assert_eq!(known, register);
}

#[test]
fn faults_come_at_the_rates_of_the_preset() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data");
    let mut total = 0usize;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for record in truth(&sample, "records") {
        let source = record["source"].as_str();
        if !matches!(source, "medical_settlement" | "medical_enrolment" | "water_household" | "income_survey") {
            continue;
        }
        total += 1;
        for fault in record["faults"].split('|') {
            *seen.entry(fault.to_string()).or_default() += 1;
        }
    }
    // Per thousand: the rate, and how far chance (and numbers that cannot have the fault) may take it.
    for (fault, low, high) in [
        ("number_typo", 34, 46),
        ("number_transposed", 7, 13),
        ("number_missing", 7, 13),
        ("number_15", 5, 12),
        ("number_excel", 6, 12),
        ("number_relative", 2, 7),
        ("name_homophone", 14, 23),
        ("name_variant", 9, 22),
        ("name_lost_char", 5, 13),
        ("name_spaces", 7, 13),
    ] {
        let rate = seen.get(fault).copied().unwrap_or(0) * 1000 / total;
        assert!((low..=high).contains(&rate), "{fault}: {rate} in a thousand");
    }
}

#[test]
fn without_dirt_there_is_no_fault_and_hard_settlements_have_no_birth_dates() {
    let clean = county(Dirt::None);
    for record in truth(clean.path(), "records") {
        // GBK cannot write every name, however careful the office.
        let faults = record["faults"].as_str();
        assert!(matches!(faults, "" | "name_rare_char" | "register_moved_out" | "number_certificate"), "{faults}");
    }
    let hard = county(Dirt::Hard);
    let settlements = rows(hard.path(), "医保/居民医保结算明细.csv");
    assert!(settlements.len() > 100);
    assert!(settlements.values().skip(1).all(|row| row[5].is_empty()));
}
