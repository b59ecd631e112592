//! Pipeline files in, plans or messages out. Each broken pipeline is the sound one below with one edit per case.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::diag::Diagnostic;
use crate::model::build::Value;
use crate::model::text::to_days;

const SOUND: &str = include_str!("sound_pipeline.txt");

/// Path and text of the files of the sound pipeline.
fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    SOUND.split("=== ").skip(1).map(|block| block.split_once('\n').expect("a path, then the text"))
}

/// The two values of the parameter that hold for everybody.
const GENERAL: &str = "    { from = 2025-01-01, until = 2025-12-31, value = 900.5, document = \"a\" },\n    \
                       { from = 2026-01-01, value = 1000, document = \"b\" },\n";

/// The sound pipeline in a folder of its own, with one edit.
fn pipeline(file: &str, from: &str, to: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut edited = false;
    for (path, text) in files() {
        let path_here = dir.path().join(path);
        fs::create_dir_all(path_here.parent().expect("every file lies in a folder")).expect("a folder");
        let mut text = text.to_string();
        if path == file {
            assert!(text.contains(from), "{file} does not contain {from}");
            text = text.replacen(from, to, 1);
            edited = true;
        }
        fs::write(path_here, text).expect("a file");
    }
    assert!(edited || file.is_empty(), "no file {file}");
    let pipeline = dir.path().join("q");
    (dir, pipeline)
}

fn told(dir: &Path, problems: &[Diagnostic]) -> String {
    let root = format!("{}/", dir.display());
    let lines = problems.iter().map(|p| {
        let hint = p.hint.as_deref().map(|h| format!("\n  → {h}")).unwrap_or_default();
        format!("{}: {} [{}]{hint}", p.place, p.message, p.code).replace(&root, "")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn snapshot(name: &str, messages: String) {
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, messages) });
}

/// The messages of a list of edits, one block per edit.
fn messages_of(cases: &[(&str, &str, &str)]) -> String {
    let mut blocks = Vec::new();
    for (file, from, to) in cases {
        let (dir, pipeline) = pipeline(file, from, to);
        let (plan, problems) = load(&pipeline);
        assert!(plan.is_none(), "{file}: {from} → {to} was accepted");
        blocks.push(format!("# {} → {}\n{}", from.escape_debug(), to.escape_debug(), told(dir.path(), &problems)));
    }
    blocks.join("\n\n")
}

#[test]
fn the_sound_pipeline_is_a_plan_without_a_word() {
    let (dir, pipeline) = pipeline("", "", "");
    let (plan, problems) = load(&pipeline);
    assert_eq!(told(dir.path(), &problems), "");
    let plan = plan.expect("a sound pipeline");
    assert_eq!(plan.sources.len(), 2);
    assert_eq!(plan.rule_tests[0].given["spent"], Value::Decimal(100_000));
    assert_eq!(plan.rules[0].when.place.line, Some(22));
    // The first character of the condition, after the opening quote.
    assert_eq!(plan.rules[0].when.place.column, Some(9));
    let paths: Vec<&str> = plan.files.iter().map(|f| f.path.as_str()).collect();
    let mut expected: Vec<&str> = files().map(|(path, _)| path).collect();
    expected.sort_unstable();
    assert_eq!(paths, expected);
    assert!(plan.files.iter().all(|f| f.sha256.len() == 64));
}

#[test]
fn slips_in_the_pipeline_file() {
    let file = "q/pipeline.toml";
    snapshot(
        "pipeline",
        messages_of(&[
            (file, "county", "conty"),
            (file, "\"bills\"", "\"bill\""),
            (file, "\"bills\"", "\"bills\", \"people\""),
            (file, "\"people\", ", ""),
            (file, "quarterly\"", "quaterly\""),
            (file, "model = \"m\"", "model = \"person\""),
            (file, "title = \"季度\"", "title = 3"),
            (file, "title = \"季度\"", "title = \"季度"),
            (file, "sources = [\"people\", \"bills\"]", "sources = []\nrules_from = [\"../none.toml\"]"),
        ]),
    );
}

#[test]
fn slips_in_a_contract() {
    let file = "shared/sources/bills.toml";
    snapshot(
        "contract",
        messages_of(&[
            (file, "heading = \"金额\"", "headign = \"金额\""),
            (file, "kind = \"money\"", "kind = \"mony\""),
            (file, "unit = \"yuan\"", "unit = \"元\""),
            (
                file,
                "heading = \"金额\"",
                "heading = \"金额（万元）\"\naliases = [\"金额(元)\", \"金额（单位：万元）\"]",
            ),
            (file, "name = \"paid_on\"", "name = \"amount\""),
            (file, "name = \"paid_on\"", "name = \"row\""),
            (file, "name = \"paid_on\"", "name = \"group\""),
            (file, "name = \"paid_on\"", "name = \"日期\""),
            (file, "heading = \"日期\"", "heading = \"人员姓名\""),
            (file, "kind = \"date\"", "kind = \"date\"\nrole = \"name\""),
            (file, "kind = \"date\"", "kind = \"date\"\ncode = \"sex\""),
            (file, "kind = \"date\"", "kind = \"code\"\ncode = \"sexx\""),
            (file, "kind = \"date\"", "kind = \"code\"\ncode = \"relation\"\nrole = \"sex\""),
            (file, "kind = \"name\"\nrole = \"name\"", "kind = \"name\""),
            (file, "encoding = \"gbk\"", "encoding = \"gbk8\""),
            (file, "format = \"csv\"", "format = \"xlsx\""),
            (file, "files = [\"医保/*.csv\"]", "files = [\"医保/[*.csv\", \"../*.csv\", 3]"),
            (file, "id = \"bills\"", "id = \"bill\""),
            (file, "role = \"department\"", "role = \"register\""),
        ]),
    );
}

#[test]
fn slips_in_the_terms_and_checks_of_a_contract() {
    let file = "shared/sources/bills.toml";
    let terms = "encoding = \"gbk\"\n";
    let last = "meaning = \"Day.\"\n";
    let messages = [
        (terms, "snapshot = \"incremental\"\n"),
        (terms, "completeness = 20\n"),
        (terms, "snapshot = \"increment\"\ncompleteness = 0.2\n"),
        (terms, "freshness_days = 0\n"),
        (terms, "received_on = 2026-01-01\nvalid_until = 2025-12-31\n"),
        (last, "meaning = \"Day.\"\n[[check]]\nkind = \"summ\"\n"),
        (last, "meaning = \"Day.\"\n[[check]]\ntotal = \"amount\"\n"),
        (last, "meaning = \"Day.\"\n[[check]]\nkind = \"sum\"\ntotal = \"amuont\"\nparts = [\"paid_on\"]\n"),
        (last, "meaning = \"Day.\"\n[[check]]\nkind = \"unit\"\nfield = \"amount\"\n"),
        (last, "meaning = \"Day.\"\n[[check]]\nkind = \"order\"\nfirst = \"amount\"\nthen = \"paid_on\"\n"),
        (last, "meaning = \"Day.\"\n[[check]]\nkind = \"heads\"\n"),
        (last, "meaning = \"Day.\"\n[[check]]\nkind = \"contradiction\"\nwhen = [{ field = \"amount\", si = [\"1\"] }]\nage = [59, 16]\n"),
    ]
    .map(|(from, to)| (file, from, to));
    snapshot("checks", messages_of(&messages));
}

#[test]
fn slips_in_parameters() {
    let file = "q/params.toml";
    snapshot(
        "params",
        messages_of(&[
            (file, "until = 2025-12-31", "until = 2026-12-31"),
            (file, "until = 2025-12-31", "until = 2025-11-30"),
            (file, "until = 2025-12-31", "until = 2024-11-30"),
            (file, GENERAL, ""),
            (file, "value = 1000", "value = \"1000\""),
            (file, "value = 1000", "value = 10.005"),
            (file, "value = 1000, document = \"b\"", "vlaue = 1000"),
            (file, "group = \"lifted\"", "group = \"lift\""),
            (file, "township = \"云岭\"", "township = \"白石镇\""),
            (file, "from = 2025-01-01", "from = \"2025-01-01\""),
            (file, "name = \"limit\"", "name = \"Limit\""),
        ]),
    );
}

#[test]
fn slips_in_rules_and_their_tests() {
    let (rules, tests) = ("q/rules/a.toml", "q/tests/a.toml");
    snapshot(
        "rules",
        messages_of(&[
            (rules, "source = \"bills\"", "source = \"bils\""),
            (rules, "absent = \"zero\"", "absent = \"false\""),
            (rules, "level = \"household\"\nsource", "level = \"person\"\nsource"),
            (rules, "name = \"spent\"", "name = \"size\""),
            (rules, "cause = \"illness\"", "cause = \"ilness\""),
            (rules, "{spent}", "{spend}"),
            (rules, "{:limit}", "{:limits}"),
            (rules, "{spent}元", "{spent元"),
            (rules, "role = \"lists\"", "role = \"list\""),
            (rules, "version = 1\n", ""),
            (rules, "when = \"spent >= :limit\"\n", ""),
            (rules, "document = \"x\"\n", "document = \"x\"\n\n[[rule]]\nid = \"A-1\"\nwhen = true\n"),
            (tests, "rule = \"A-1\"", "rule = \"A-2\""),
            (tests, "spent = 1000", "spend = 1000"),
            (tests, "spent = 1000", "spent = \"1000\""),
            (tests, "lifted = false", "lifted = \"no\""),
            (tests, "expect = \"hit\"", "expect = \"hits\""),
            (tests, "as_of = 2026-09-30", "as_of = 2026-09-30T10:00:00"),
        ]),
    );
}

#[test]
fn slips_in_a_linkage_model() {
    let file = "shared/models/m.toml";
    snapshot(
        "model",
        messages_of(&[
            (file, "possible_at = 8.0", "possible_at = 28.0"),
            (file, "m = 0.9,", "m = 1.9,"),
            (file, "level = \"one_digit\"", "level = \"one_digt\""),
            (file, "name = \"sex\"", "name = \"sexes\""),
            (file, "linked_at = 18.0\n", ""),
        ]),
    );
}

#[test]
fn a_rule_without_a_test_is_doubtful_but_a_plan() {
    let (dir, pipeline) = pipeline("", "", "");
    fs::remove_dir_all(pipeline.join("tests")).expect("the folder of tests");
    let (plan, problems) = load(&pipeline);
    assert!(plan.is_some());
    insta::assert_snapshot!(told(dir.path(), &problems), @r"
    q/rules/a.toml:13:1: rule `A-1` has no test [plan.rule_without_test]
      → add a [[test]] with rows in and hit, miss or unknown out to the folder tests
    ");
}

#[test]
fn a_missing_folder_says_which_file_was_looked_for() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let (plan, problems) = load(&dir.path().join("quarterly"));
    assert!(plan.is_none());
    assert_eq!(problems[0].code, "plan.unreadable");
    assert_eq!(problems.len(), 1);
}

#[test]
fn the_most_specific_valid_value_counts() {
    let (_dir, pipeline) = pipeline("", "", "");
    let (plan, _) = load(&pipeline);
    let plan = plan.expect("a sound pipeline");
    let limit = &plan.params["limit"];
    let day = |y, m, d| to_days(jiff::civil::date(y, m, d));
    let cases = [
        (day(2024, 12, 31), None, false, None),
        (day(2025, 1, 1), None, true, Some(90_050)),
        (day(2025, 12, 31), Some("云岭镇"), false, Some(90_050)),
        (day(2026, 1, 1), None, false, Some(100_000)),
        (day(2026, 9, 30), None, true, Some(50_000)),
        // A township's value comes before a group's; the township stands under its full name.
        (day(2026, 9, 30), Some("云岭镇"), true, Some(70_000)),
        (day(2026, 9, 30), Some("白石乡"), false, Some(100_000)),
    ];
    for (as_of, township, lifted, expected) in cases {
        let group = if lifted { "lifted" } else { params::OTHER };
        let found = params::resolve(limit, as_of, township, group, Basis::Net).map(|v| v.value.clone());
        assert_eq!(found, expected.map(Value::Decimal), "{as_of} {township:?} {lifted}");
    }
    assert_eq!(params::without_value(&plan.params, Basis::Net, day(2026, 9, 30)), []);
    let lacking = params::without_value(&plan.params, Basis::Net, day(2024, 12, 31));
    assert_eq!(lacking.iter().map(|d| d.code).collect::<Vec<_>>(), ["plan.param_no_value"]);
}

#[test]
fn contracts_without_places_are_the_same_wherever_the_pipelines_lie() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/quarterly");
    let (plan, _) = load(&shipped);
    for mut source in plan.expect("a sound pipeline").sources {
        let (connection, query, file) = (String::new(), String::new(), String::new());
        source.database = Some(Database { connection, query, file, place: source.place.clone() });
        let (whole, without) = (format!("{source:?}"), format!("{:?}", source.without_places()));
        assert!(whole.contains(".toml") && !without.contains(".toml"), "{}: {without}", source.id);
        assert!(!without.contains("line: Some"), "{}: {without}", source.id);
    }
}

#[test]
fn the_shipped_pipelines_load() {
    for name in ["quarterly", "nightly"] {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines").join(name);
        let (plan, problems) = load(&dir);
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let heard: Vec<_> = problems.iter().filter(|p| p.code != "codes.no_divisions").cloned().collect();
        assert_eq!(told(root, &heard), "", "{name}");
        let plan = plan.expect("a shipped pipeline");
        for rule in &plan.rules {
            for outcome in [Judged::Hit, Judged::Miss, Judged::Unknown] {
                let shown = plan.rule_tests.iter().any(|t| t.rule == rule.id && t.expect == outcome);
                assert!(shown, "{name}: rule {} has no test for {outcome:?}", rule.id);
            }
        }
    }
}
