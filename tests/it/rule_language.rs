//! Rules and thresholds as an office changes them: a rule written from the docs, a form instead of TOML, and a slip in each.

use std::fs;
use std::path::{Path, PathBuf};

use calamine::{Data, Reader, Xlsx};
use rust_xlsxwriter::{Workbook, Worksheet};

use super::support::{AS_OF, bidui, copy_tree, outcome, root, run, sample_round, scratch, table};
use bidui::plan::{self, Plan};

/// A copy of the pipelines that a test may change.
fn pipelines(name: &str) -> PathBuf {
    let dir = scratch(name);
    copy_tree(&root().join("pipelines"), &dir);
    dir.join("quarterly")
}

fn check(pipeline: &Path) -> (i32, String) {
    let (code, _, told) = outcome(bidui().args(["check", &pipeline.to_string_lossy(), "--as-of", AS_OF]));
    (code, told)
}

fn loaded(pipeline: &Path) -> Plan {
    let (plan, problems) = plan::load(pipeline);
    let errors: Vec<_> = problems.iter().filter(|p| p.is_error()).collect();
    plan.unwrap_or_else(|| panic!("{errors:?}"))
}

/// The blocks of a kind in the page about rules, in order.
fn blocks(kind: &str) -> Vec<String> {
    let page = fs::read_to_string(root().join("docs/rules.md")).unwrap();
    let fence = format!("```toml {kind}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_string()).collect()
}

fn append(path: &Path, text: &str) {
    let before = fs::read_to_string(path).unwrap_or_default();
    fs::write(path, format!("{before}\n{text}")).unwrap();
}

#[test]
fn a_rule_written_from_the_page_alone_works_and_its_slips_are_told() {
    let pipeline = pipelines("rule-from-docs");
    append(&pipeline.join("params.toml"), &blocks("params")[0]);
    append(&pipeline.join("rules/new.toml"), &blocks("rules")[0]);
    append(&pipeline.join("tests/new.toml"), &blocks("tests")[0]);
    let (code, told) = check(&pipeline);
    assert_eq!(code, 0, "{told}");

    // The rule hits whom the records say: relief in the window of all members together, at least 5000 yuan.
    let out = scratch("rule-from-docs-out");
    let (code, _, told) = run(&pipeline, &root().join("sample-data"), &out, AS_OF);
    assert_eq!(code, 0, "{told}");
    let round = out.join("rounds/2026Q3");
    let (records, links) = (table(&round, "records_temporary_relief"), table(&round, "links"));
    let mut of_household = std::collections::BTreeMap::new();
    for link in 0..links.rows() {
        let at = |column: &str| links.str_at(column, link);
        if at("source") != Some("temporary_relief") || at("status") != Some("linked") {
            continue;
        }
        let row = (0..records.rows()).find(|r| records.str_at("record_id", *r) == at("record_id")).unwrap();
        let day = records.date_at("approved_on", row);
        let window = jiff::civil::date(2025, 9, 30)..=jiff::civil::date(2026, 9, 30);
        if day.is_some_and(|d| window.contains(&d) && d > *window.start()) {
            *of_household.entry(at("household_id").unwrap().to_string()).or_insert(0) +=
                records.decimal("amount").value(row);
        }
    }
    let expected: Vec<String> = of_household.into_iter().filter(|(_, sum)| *sum >= 500_000).map(|(h, _)| h).collect();
    let hits = table(&round, "rule_hits");
    let living: Vec<String> = {
        let households = table(&round, "households");
        let here = |r: &usize| households.integer_at("size", *r).is_some_and(|n| n > 0);
        (0..households.rows())
            .filter(here)
            .filter_map(|r| households.str_at("household_id", r).map(String::from))
            .collect()
    };
    let expected: Vec<String> = expected.into_iter().filter(|h| living.contains(h)).collect();
    let got: Vec<String> = (0..hits.rows())
        .filter(|r| hits.str_at("rule", *r) == Some("NEW-01"))
        .map(|r| hits.str_at("household_id", r).unwrap().to_string())
        .collect();
    assert!(!got.is_empty(), "the sample has such households");
    assert_eq!(got, expected);

    let slips = [
        ("relief_total >= :relief_total_limit", "relief_totl >= :relief_total_limit", "did you mean relief_total?"),
        (
            "relief_total >= :relief_total_limit",
            "relief_total >= :relief_total_limt",
            "did you mean :relief_total_limit?",
        ),
        ("relief_total >= :relief_total_limit", "relief_total >= :relief_window", "a value in yuan and one in month"),
        ("relief_total >= :relief_total_limit", "relief_total >= '5000'", "numbers stand without quotes"),
        ("sum(amount)", "sum(amont)", "did you mean amount?"),
        ("cause = \"accident\"", "cause = \"accidnt\"", "did you mean `accident`?"),
    ];
    let path = pipeline.join("rules/new.toml");
    let sound = fs::read_to_string(&path).unwrap();
    for (right, wrong, hint) in slips {
        fs::write(&path, sound.replace(right, wrong)).unwrap();
        let line = sound.lines().position(|l| l.contains(right)).unwrap() + 1;
        let (code, told) = check(&pipeline);
        assert_eq!(code, 78, "{wrong}");
        assert!(told.contains(&format!("rules/new.toml:{line}:")) && told.contains(hint), "{wrong}: {told}");
    }
}

#[test]
fn the_page_s_groups_and_parameters_load() {
    let pipeline = pipelines("params-from-docs");
    append(&pipeline.join("params.toml"), &blocks("params")[1]);
    let plan = loaded(&pipeline);
    assert!(plan.groups.iter().any(|g| g.name == "crowded"));
    assert_eq!(plan.params["example_limit"].values.len(), 5);
}

/// Everything a parameter says but where it stands.
fn said(plan: &Plan) -> Vec<String> {
    let of_param = |p: &plan::Param| {
        let values: Vec<String> = p
            .values
            .iter()
            .map(|v| {
                format!(
                    "{:?} {:?} {:?} {:?} {:?} {:?} {}",
                    v.from, v.until, v.township, v.group, v.basis, v.value, v.document
                )
            })
            .collect();
        format!("{} {} {:?} {} {values:#?}", p.name, p.title, p.kind, p.unit)
    };
    let groups = plan.groups.iter().map(|g| format!("{} {} {}", g.name, g.title, g.when.text));
    plan.params.values().map(of_param).chain(groups).collect()
}

fn form(pipeline: &Path) -> PathBuf {
    let path = pipeline.join("参数表.xlsx");
    let (code, _, told) =
        outcome(bidui().args(["check", &pipeline.to_string_lossy(), "--as-of", AS_OF]).arg("--params-form").arg(&path));
    assert_eq!(code, 0, "{told}");
    path
}

/// Saves a workbook again as another program would, cells changed on the way: `change` gets sheet, row from 1, column, text.
fn saved_again(path: &Path, change: impl Fn(&str, u32, u16, &str) -> Option<String>) {
    let mut old: Xlsx<_> = calamine::open_workbook(path).unwrap();
    let mut book = Workbook::new();
    for name in old.sheet_names() {
        let range = old.worksheet_range(&name).unwrap();
        let sheet: &mut Worksheet = book.add_worksheet();
        sheet.set_name(&name).unwrap();
        let (top, left) = range.start().unwrap_or_default();
        for (row, column, cell) in range.used_cells() {
            let (row, column) = (row as u32 + top, (column as u32 + left) as u16);
            let text = match cell {
                Data::DateTime(moment) => {
                    let (year, month, day, ..) = moment.to_ymd_hms_milli();
                    format!("{year}-{month:02}-{day:02}")
                }
                other => other.to_string(),
            };
            match (change(&name, row + 1, column, &text), cell) {
                (Some(changed), _) => drop(sheet.write_string(row, column, changed).unwrap()),
                (None, Data::Float(number)) => drop(sheet.write_number(row, column, *number).unwrap()),
                (None, _) => drop(sheet.write_string(row, column, text).unwrap()),
            }
        }
    }
    book.save(path).unwrap();
}

/// Row from 1 of a parameter's value for everybody that holds now, in the form.
fn row_of(path: &Path, name: &str) -> u32 {
    let mut book: Xlsx<_> = calamine::open_workbook(path).unwrap();
    let range = book.worksheet_range("参数值").unwrap();
    let (top, _) = range.start().unwrap();
    let cell = |row: &[Data], column: usize| row.get(column).map(Data::to_string).unwrap_or_default();
    let rows: Vec<&[Data]> = range.rows().collect();
    let meant = |row: &&&[Data]| {
        cell(row, 0) == name && cell(row, 5).is_empty() && cell(row, 6).is_empty() && cell(row, 7).is_empty()
    };
    let at = rows.iter().rposition(|row| meant(&row)).unwrap();
    at as u32 + top + 1
}

#[test]
fn a_form_says_what_the_toml_says_and_a_clerk_s_threshold_counts() {
    let pipeline = pipelines("params-form");
    let toml = said(&loaded(&pipeline));
    let path = form(&pipeline);
    let (code, told) = check(&pipeline);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("plan.params_twice"), "both files are there: {told}");
    fs::remove_file(pipeline.join("params.toml")).unwrap();
    assert_eq!(said(&loaded(&pipeline)), toml, "read back as it was written");

    let row = row_of(&path, "medical_self_pay_limit");
    saved_again(&path, |sheet, r, column, _| {
        (sheet == "参数值" && (r, column) == (row, 9)).then(|| "15000".to_string())
    });
    let (code, told) = check(&pipeline);
    // The rules' own tests know the old value and say so.
    assert!(code == 0 || (told.contains("plan.test_failed") && !told.contains("params.")), "{told}");
    let changed = loaded(&pipeline);
    let value = |plan: &Plan| {
        let day = bidui::model::text::to_days(AS_OF.parse().unwrap());
        let param = &plan.params["medical_self_pay_limit"];
        plan::params::resolve(param, day, None, plan::params::OTHER, plan.basis).map(|v| format!("{:?}", v.value))
    };
    assert_eq!(value(&changed).as_deref(), Some("Decimal(1500000)"));

    // The round counts by it: as many as `plan` says for the same proposal made on the command line.
    let out = scratch("params-form-out");
    let (code, _, told) = run(&pipeline, &root().join("sample-data"), &out, AS_OF);
    assert_eq!(code, 0, "{told}");
    let now = table(&out.join("rounds/2026Q3"), "online_list").rows() as u64;
    let (code, json, told) = outcome(
        bidui()
            .args(["plan", "pipelines/quarterly", "--json", "--as-of", AS_OF, "--set", "medical_self_pay_limit=15000"])
            .arg("--input")
            .arg(root().join("sample-data"))
            .arg("--out")
            .arg(scratch("params-form-plan")),
    );
    assert_eq!(code, 0, "{told}");
    let preview: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(preview["changes"][1]["after"].as_u64(), Some(now));
    assert_eq!(preview["params"][0]["name"], "medical_self_pay_limit");
    let before = table(sample_round(), "online_list").rows() as u64;
    assert_eq!(preview["changes"][1]["before"].as_u64(), Some(before));
    assert!(now > before, "a lower limit lists more: {before} → {now}");
}

#[test]
fn a_slip_in_the_form_is_told_by_its_cell() {
    let pipeline = pipelines("params-slips");
    let path = form(&pipeline);
    fs::remove_file(pipeline.join("params.toml")).unwrap();
    let sound = fs::read(&path).unwrap();
    let row = row_of(&path, "income_line");
    let slips: [(u16, &str, &str, &str); 7] = [
        (9, "2O000", "params.bad_value", "J"),
        (9, "2万", "params.bad_value", "J"),
        (4, "2026-13-01", "params.bad_value", "E"),
        (6, "云领镇", "plan.unknown_township", "G"),
        (8, "毛收入", "params.unknown_basis", "I"),
        (2, "小树", "params.", "C"),
        (4, "2025-06-01", "plan.param_overlap", "J"),
    ];
    for (column, wrong, code_told, letter) in slips {
        fs::write(&path, &sound).unwrap();
        saved_again(&path, |sheet, r, c, _| (sheet == "参数值" && (r, c) == (row, column)).then(|| wrong.to_string()));
        // An empty cell is no used cell: what was empty is written beside.
        let written = reread(&path, row, column);
        if written != wrong {
            put(&path, row, column, wrong);
        }
        let (code, told) = check(&pipeline);
        assert_eq!(code, 78, "{wrong}: {told}");
        let cell = format!("参数表.xlsx, sheet 参数值, row {row}, {letter}{row}");
        assert!(told.contains(code_told) && told.contains(&cell) && told.contains("hint:"), "{wrong}: {told}");
    }
    fs::write(&path, &sound).unwrap();
    saved_again(&path, |_, _, _, text| (text == "文件依据").then(|| "文件".to_string()));
    let (code, told) = check(&pipeline);
    assert_eq!(code, 78);
    assert!(told.contains("params.unknown_heading") && told.contains("文件依据"), "{told}");
    fs::write(&path, b"not a workbook").unwrap();
    let (code, told) = check(&pipeline);
    assert_eq!(code, 78);
    assert!(told.contains("params.unreadable"), "{told}");
}

fn reread(path: &Path, row: u32, column: u16) -> String {
    let mut book: Xlsx<_> = calamine::open_workbook(path).unwrap();
    let range = book.worksheet_range("参数值").unwrap();
    range.get_value((row - 1, u32::from(column))).map(Data::to_string).unwrap_or_default()
}

/// Writes a cell that was empty, by way of the one beside it.
fn put(path: &Path, row: u32, column: u16, text: &str) {
    let mut old: Xlsx<_> = calamine::open_workbook(path).unwrap();
    let range = old.worksheet_range("参数值").unwrap();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("参数值").unwrap();
    let (top, left) = range.start().unwrap();
    for (r, c, cell) in range.used_cells() {
        sheet.write_string(r as u32 + top, (c as u32 + left) as u16, cell.to_string()).unwrap();
    }
    sheet.write_string(row - 1, column, text).unwrap();
    book.save(path).unwrap();
}

#[test]
fn nobody_of_the_sample_is_listed_for_income_alone() {
    let plan = loaded(&root().join("pipelines/quarterly"));
    let list = table(sample_round(), "online_list");
    for row in 0..list.rows() {
        let rules: Vec<&plan::Rule> = bidui::model::words::split(list.str_at("rules", row))
            .filter_map(|id| plan.rules.iter().find(|r| r.id == id))
            .collect();
        let other = rules.iter().any(|r| r.role == plan::RuleRole::Lists && r.risk != "income");
        assert!(other, "{:?} by {:?}", list.str_at("household_id", row), list.str_at("rules", row));
        let priority = list.integer_at("priority", row).unwrap();
        let reasons = list.str_at("priority_reason", row).unwrap();
        let grounds = if reasons == "单项风险" { 0 } else { reasons.split('；').count() };
        assert_eq!(priority, 3 - grounds.min(2) as i64, "{reasons}");
    }
}
