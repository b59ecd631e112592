//! `bidui explain`: from the cell to the list, and back; `check` and `init` as a new user meets them.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::support::{AS_OF, bidui, office, outcome, root, run, sample_round, scratch, table};

fn explain(query: &str, extra: &[&str]) -> (i32, String, String) {
    static OUT: OnceLock<PathBuf> = OnceLock::new();
    let out = OUT.get_or_init(|| office("explain"));
    outcome(bidui().args(["explain", query, "--out"]).arg(out).args(extra))
}

#[test]
fn a_listed_household_leads_to_its_cells_and_each_cell_back() {
    let round = sample_round();
    let online = table(round, "online_list");
    let household = online.str_at("household_id", 0).unwrap();
    let (code, text, err) = explain(household, &[]);
    assert_eq!(code, 0, "{err}");

    let hits = table(round, "rule_hits");
    let hit = (0..hits.rows())
        .find(|&i| hits.str_at("household_id", i) == Some(household) && hits.str_at("role", i) == Some("lists"))
        .expect("a listed household has a hit that lists");
    assert!(text.contains(hits.str_at("rule", hit).unwrap()), "{text}");
    let records = table(round, "hit_records");
    let behind = (0..records.rows())
        .find(|&i| records.str_at("hit_id", i) == hits.str_at("hit_id", hit))
        .expect("a hit has a record behind it");
    let (file, sheet) = (records.str_at("file", behind).unwrap(), records.str_at("sheet", behind).unwrap());
    let row = records.integer("row").value(behind);
    let cell = if sheet.is_empty() { format!("{file}:{row}") } else { format!("{file}!{sheet}:{row}") };
    assert!(text.contains(&cell), "the list leads to the cell {cell}: {text}");

    let (code, back, err) = explain(&cell, &[]);
    assert_eq!(code, 0, "{err}");
    assert!(back.contains(&format!("household {household}")), "the cell leads back: {back}");
}

#[test]
fn a_number_and_a_name_find_their_household_and_stay_masked() {
    let online = table(sample_round(), "online_list");
    let with_number = (0..online.rows()).find(|&i| online.str_at("head_id_number", i).is_some()).unwrap();
    let household = online.str_at("household_id", with_number).unwrap();
    let number = online.str_at("head_id_number", with_number).unwrap();
    let name = online.str_at("head_name", with_number).unwrap();
    for query in [number, name] {
        let (code, text, err) = explain(query, &[]);
        assert_eq!(code, 0, "{err}");
        assert!(text.contains(household), "{text}");
        assert!(!text.contains(number), "the number is masked");
    }
    let (_, full, _) = explain(number, &["--unmask", "--reason", "测试"]);
    assert!(full.contains(number));
    let (code, json, _) = explain(number, &["--json"]);
    assert_eq!(code, 0);
    assert!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["cases"].is_array());
}

#[test]
fn how_a_record_came_to_its_weight_is_drawn() {
    let possible = table(sample_round(), "possible_links");
    let record = possible.str_at("record_id", 0).unwrap();
    let (page, drawing) = (scratch("waterfall").join("w.html"), scratch("waterfall_svg").join("w.svg"));
    let files = ["--html", page.to_str().unwrap(), "--svg", drawing.to_str().unwrap()];
    let (code, text, err) = explain(record, &files);
    assert_eq!(code, 0, "{err}");
    assert!(text.contains("匹配权重") && text.contains("先验 prior") && text.contains("┃ linked from"), "{text}");
    assert!(text.contains(&format!("{record} → {}", possible.str_at("person_id", 0).unwrap())), "{text}");
    let page = std::fs::read_to_string(page).unwrap();
    let drawing = std::fs::read_to_string(drawing).unwrap();
    assert!(page.contains("</svg>") && !page.contains("<script") && drawing.starts_with("<svg"));
    let person = |i: usize| possible.str_at("person_id", i);
    let persons = table(sample_round(), "persons");
    let name = (0..persons.rows()).find(|&i| persons.str_at("person_id", i) == person(0)).unwrap();
    let name = persons.str_at("name", name).unwrap();
    assert!(!page.contains(name) && !drawing.contains(name), "names are masked in files too");
    let (_, full, _) = explain(record, &["--unmask", "--reason", "测试"]);
    assert!(full.contains(name));
}

#[test]
fn a_question_without_an_answer_says_so() {
    let (code, _, err) = explain("查无此人也没有此户", &[]);
    assert_eq!(code, 66);
    assert!(err.contains("explain.nothing"), "{err}");
    let (code, _, err) = outcome(bidui().args(["explain", "x", "--out", "/nonexistent"]));
    assert_eq!(code, 66);
    assert!(err.contains("run.no_round"), "{err}");
}

#[test]
fn the_shipped_pipelines_check_without_a_problem() {
    for pipeline in ["pipelines/quarterly", "pipelines/nightly"] {
        let (code, _, err) = outcome(bidui().args(["check", pipeline, "--input", "sample-data", "--as-of", AS_OF]));
        assert_eq!(code, 0, "{err}");
        assert!(err.contains("0 errors, 0 warnings"), "{err}");
    }
}

#[test]
fn a_program_reads_json_from_stdout_alone() {
    let out = scratch("json");
    let (code, text, err) = outcome(
        bidui()
            .args(["run", "pipelines/nightly", "--input", "sample-data", "--as-of", AS_OF, "--json", "--out"])
            .arg(&out),
    );
    assert_eq!(code, 0, "{err}");
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("stdout is one JSON document");
    assert_eq!(manifest["round"], AS_OF, "a nightly round is named by its day");
    assert_eq!(manifest["sums_close"], true);
    let (code, text, _) = outcome(bidui().args(["check", "pipelines/quarterly", "--json"]));
    assert_eq!(code, 0);
    let checked: serde_json::Value = serde_json::from_str(&text).expect("stdout is one JSON document");
    assert!(checked["rule_tests"].as_u64() >= Some(36), "each rule has a hit, a near miss and an unknown");
}

#[test]
fn init_gives_a_set_up_that_runs() {
    let dir = scratch("init").join("office");
    let (code, _, err) = outcome(bidui().arg("init").arg(&dir));
    assert_eq!(code, 0, "{err}");
    assert!(dir.join("inbox/医保").is_dir());
    super::support::copy_tree(&root().join("sample-data"), &dir.join("inbox"));
    let (code, line, err) = run(&dir.join("pipelines/quarterly"), &dir.join("inbox"), &dir.join("out"), AS_OF);
    assert_eq!(code, 0, "{err}");
    assert_eq!(line.lines().count(), 1, "one line where stdout is no terminal: {line}");
    assert!(line.contains("2026Q3") && line.contains("exit=0"), "{line}");
    let (code, _, err) = outcome(bidui().arg("init").arg(&dir));
    assert_eq!(code, 64, "a folder that holds something is not written over: {err}");
}
