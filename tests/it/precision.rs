//! Filled 核实表 → the share of each rule that was confirmed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::book::Book;
use super::support::{bidui, outcome, sample_round, scratch, table};

/// Saves a form with an answer per row, as `answer` has it by the row's token.
fn fill(from: &Path, to: &Path, answer: &dyn Fn(&str) -> Option<(&'static str, &'static str)>) {
    let mut book = Book::read(from);
    for (sheet, row) in book.rows() {
        if let Some((result, causes)) = answer(&book.token(sheet, row)) {
            book.set(sheet, row, "核实结果", result);
            book.set(sheet, row, "实际风险", causes);
        }
    }
    book.write(to);
}

#[test]
fn answers_become_shares_with_their_range() {
    let round = sample_round();
    let out = round.parent().unwrap().parent().unwrap();
    let (tasks, hits) = (table(round, "verification_tasks"), table(round, "rule_hits"));
    // Every third household is refuted, every third of a rule's not answered at all.
    let cases = super::forms::cases_by_token(out);
    let number = |case: &str| bidui::cases::ledger::case_number(case).unwrap();
    let said = |token: &str| match cases[token].unwrap() % 3 {
        0 => Some(("不属实", "")),
        1 => Some(("属实", "")),
        _ => None,
    };
    let folder = scratch("answers");
    for form in fs::read_dir(round.join("核实表")).unwrap().flatten() {
        fill(&form.path(), &folder.join(form.file_name()), &said);
    }
    // Counted apart from the program: of each rule the households whose task was answered.
    let mut expected: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let of_task: BTreeMap<&str, &str> = (0..tasks.rows())
        .filter_map(|r| Some((tasks.str_at("household_id", r)?, tasks.str_at("case_id", r)?)))
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    for row in 0..hits.rows() {
        let (rule, household) = (hits.str_at("rule", row).unwrap(), hits.str_at("household_id", row).unwrap());
        if hits.str_at("role", row) != Some("lists") || !seen.insert((rule, household)) {
            continue;
        }
        let count = expected.entry(rule.to_string()).or_default();
        match of_task.get(household).map(|id| number(id) % 3) {
            Some(0) => count.0 += 1,
            Some(1) => {
                count.0 += 1;
                count.1 += 1;
            }
            _ => {}
        }
    }
    let tables = scratch("answers-tables");
    let ask = |more: &[&str]| {
        let mut command = bidui();
        command.args(["precision", "--out"]).arg(out).arg("--answers").arg(&folder).args(more);
        outcome(&mut command)
    };
    let (code, json, told) = ask(&["--json", "--tables", &tables.to_string_lossy()]);
    assert_eq!(code, 0, "{told}");
    let found: serde_json::Value = serde_json::from_str(&json).unwrap();
    let rows = found["precision"].as_array().unwrap();
    let of_rules = rows.iter().filter(|r| !r["rule"].is_null() && r["township"].is_null());
    let number = |r: &serde_json::Value, key: &str| r[key].as_str().unwrap().parse::<u64>().unwrap();
    let got: BTreeMap<String, (u64, u64)> = of_rules
        .map(|r| (r["rule"].as_str().unwrap().to_string(), (number(r, "verified"), number(r, "confirmed"))))
        .collect();
    assert_eq!(got, expected);
    assert!(got.values().any(|(verified, confirmed)| *verified > *confirmed && *confirmed > 0), "{got:?}");
    for row in rows.iter().filter(|r| !r["share"].is_null()) {
        let share = |key: &str| row[key].as_str().unwrap().parse::<f64>().unwrap();
        assert!(share("low") <= share("share") && share("share") <= share("high"), "{row}");
    }
    assert!(tables.join("rule_precision.parquet").is_file() && tables.join("rule_overlap.parquet").is_file());
    let (code, shown, _) = ask(&[]);
    assert_eq!(code, 0);
    assert!(shown.contains("95 % range") && shown.contains("医保局"), "{shown}");

    // A slip in a form is told by its row, and the rest counts.
    let slip = folder.join("错.xlsx");
    let first = fs::read_dir(round.join("核实表")).unwrap().flatten().next().unwrap().path();
    fill(&first, &slip, &|_| Some(("大概属实", "")));
    let (code, _, told) = ask(&["--json"]);
    assert_eq!(code, 0);
    assert!(told.contains("answers.unknown_word") && told.contains("错.xlsx"), "{told}");
}
