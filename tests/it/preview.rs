//! `bidui plan` counts what `bidui run` counts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use super::support::{AS_OF, bidui, copy_tree, office, outcome, root, run, sample_round, scratch, table, tree};
use bidui::model::table::Kind;
use bidui::plan::{self, Plan};

/// What `plan` says, of the departments' files or of the last round's own tables.
fn preview(out: &Path, files: bool, more: &[String]) -> Value {
    let mut command = bidui();
    command.args(["plan", "pipelines/quarterly", "--json", "--as-of", AS_OF]).arg("--out").arg(out).args(more);
    if files {
        command.arg("--input").arg(root().join("sample-data"));
    }
    let (code, json, told) = outcome(&mut command);
    assert_eq!(code, 0, "{more:?}: {told}");
    serde_json::from_str(&json).unwrap()
}

/// One change of a pipeline, as `plan` is asked about it and as a file has it.
#[derive(Debug, Clone)]
enum Edit {
    /// A parameter's county-wide value by hundredths of what it is.
    Param(prop::sample::Index, u32),
    /// A rule's condition turned, made stricter or wider.
    Rule(prop::sample::Index, u8),
    /// A rule that only supports.
    Role(prop::sample::Index),
}

fn edits() -> impl Strategy<Value = Edit> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        4 => (index(), 20u32..300).prop_map(|(i, percent)| Edit::Param(i, percent)),
        4 => (index(), 0u8..3).prop_map(|(i, how)| Edit::Rule(i, how)),
        2 => index().prop_map(Edit::Role),
    ]
}

/// The value of a parameter for the whole county, changed; none for parameters that are no numbers.
fn changed_value(param: &plan::Param, percent: u32, basis: plan::Basis) -> Option<String> {
    let day = bidui::model::text::to_days(AS_OF.parse().unwrap());
    let held = param.values.iter().rfind(|v| {
        v.township.is_none()
            && v.group.is_none()
            && v.basis.is_none_or(|b| b == basis)
            && v.from.is_none_or(|d| d <= day)
            && v.until.is_none_or(|d| day <= d)
    })?;
    use bidui::model::build::Value::{Decimal, Integer};
    match (&held.value, param.kind) {
        (Integer(n), Kind::Integer) => Some((n * i64::from(percent) / 100).to_string()),
        (Decimal(n), _) => Some(bidui::model::text::decimal(n * i128::from(percent) / 100)),
        _ => None,
    }
}

/// Writes a parameter's value into the copy, by the form: the last row that holds for everybody.
fn write_param(pipeline: &Path, plan: &Plan, name: &str, value: &str) {
    let day = bidui::model::text::to_days(AS_OF.parse().unwrap());
    let param = &plan.params[name];
    let at = param
        .values
        .iter()
        .rfind(|v| {
            v.township.is_none()
                && v.group.is_none()
                && v.from.is_none_or(|d| d <= day)
                && v.until.is_none_or(|d| day <= d)
        })
        .unwrap();
    let path = pipeline.join("params.toml");
    let text = fs::read_to_string(&path).unwrap();
    let line = at.place.line.unwrap() as usize - 1;
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    // The value may stand on the line of its table or, written over several lines, on one below.
    let (from, column) = (line..lines.len())
        .find_map(|l| {
            let skip = if l == line { byte_at(&lines[l], at.place.column.unwrap() as usize - 1) } else { 0 };
            lines[l][skip..].find("value = ").map(|p| (l, skip + p + "value = ".len()))
        })
        .unwrap();
    let end = lines[from][column..].find([',', ' ', '}']).map_or(lines[from].len(), |p| p + column);
    lines[from].replace_range(column..end, value);
    fs::write(&path, lines.join("\n")).unwrap();
}

fn byte_at(line: &str, character: usize) -> usize {
    line.char_indices().nth(character).map_or(line.len(), |(at, _)| at)
}

/// Puts text around a rule's condition in the copy.
fn write_rule(pipeline: &Path, rule: &plan::Rule, before: &str, after: &str) {
    let path = file_of(pipeline, rule);
    let text = fs::read_to_string(&path).unwrap();
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
    let line = starts[rule.when.place.line.unwrap() as usize - 1];
    let at = line + byte_at(&text[line..], rule.when.place.column.unwrap() as usize - 1);
    let condition = rule.when.text.as_str();
    assert!(text[at..].starts_with(condition), "{}: the place of a condition is that of its first character", rule.id);
    let changed = format!("{}{before}{condition}{after}{}", &text[..at], &text[at + condition.len()..]);
    fs::write(&path, changed).unwrap();
}

fn write_role(pipeline: &Path, rule: &plan::Rule) {
    let path = file_of(pipeline, rule);
    let text = fs::read_to_string(&path).unwrap();
    let at = text.find(&format!("id = \"{}\"", rule.id)).unwrap();
    let role = at + text[at..].find("role = \"").unwrap() + "role = \"".len();
    let end = role + text[role..].find('"').unwrap();
    fs::write(&path, format!("{}supports{}", &text[..role], &text[end..])).unwrap();
}

fn file_of(pipeline: &Path, rule: &plan::Rule) -> PathBuf {
    let file = rule.place.file.clone().unwrap();
    pipeline.join("rules").join(file.rsplit('/').next().unwrap())
}

/// Households by township and type, and hits by rule.
type Counts = (BTreeMap<(String, String), u64>, BTreeMap<String, u64>);

fn counted_by_run(round: &Path) -> Counts {
    let (list, outcomes) = (table(round, "online_list"), table(round, "rule_outcomes"));
    let mut places = BTreeMap::new();
    for row in 0..list.rows() {
        let at = |column: &str| list.str_at(column, row).unwrap_or("").to_string();
        *places.entry((at("township"), at("list_type"))).or_insert(0) += 1;
    }
    let rules = (0..outcomes.rows())
        .map(|r| (outcomes.str_at("rule", r).unwrap().to_string(), outcomes.integer_at("hits", r).unwrap() as u64));
    (places, rules.collect())
}

fn counted_by_plan(change: &Value) -> Counts {
    let count = |v: &Value, key: &str| v[key].as_u64().unwrap();
    let text = |v: &Value, key: &str| v[key].as_str().unwrap().to_string();
    let mut places = BTreeMap::new();
    for place in change["places"].as_array().unwrap() {
        let after = count(place, "after");
        let moved_in = count(place, "enters") + count(place, "retyped_in");
        let moved_out = count(place, "leaves") + count(place, "retyped_out");
        assert_eq!(after + moved_out, count(place, "before") + moved_in, "{place}");
        if after > 0 {
            places.insert((text(place, "township"), text(place, "list_type")), after);
        }
    }
    let rules = change["rules"].as_array().unwrap().iter();
    let rules = rules.filter(|r| !r["after"].is_null()).map(|r| (text(r, "rule"), count(r, "after")));
    (places, rules.collect())
}

#[test]
fn plan_counts_what_run_counts_for_ten_random_changes() {
    let quarterly = root().join("pipelines/quarterly");
    let (plan, _) = plan::load(&quarterly);
    let plan = plan.unwrap();
    let names: Vec<&String> =
        plan.params.iter().filter(|(_, p)| changed_value(p, 100, plan.basis).is_some()).map(|(n, _)| n).collect();
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 10, failure_persistence: None, ..Config::default() },
        TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]),
    );
    let moved = std::cell::Cell::new(0u64);
    // That the round's own tables say what the files say is the next test's.
    let published = office("preview-round");
    let outcome = runner.run(&edits(), |edit| {
        let copy = scratch("preview-pipelines");
        copy_tree(&root().join("pipelines"), &copy);
        let pipeline = copy.join("quarterly");
        let asked = match &edit {
            Edit::Param(index, percent) => {
                let name = index.get(&names);
                let value = changed_value(&plan.params[*name], *percent, plan.basis).unwrap();
                write_param(&pipeline, &plan, name, &value);
                vec!["--set".to_string(), format!("{name}={value}")]
            }
            Edit::Rule(index, how) => {
                let rule = index.get(&plan.rules);
                let (before, after) =
                    [("NOT (", ")"), ("(", ") AND size <= 3"), ("(", ") OR size >= 6")][usize::from(*how)];
                write_rule(&pipeline, rule, before, after);
                vec!["--pipeline".to_string(), pipeline.display().to_string()]
            }
            Edit::Role(index) => {
                write_role(&pipeline, index.get(&plan.rules));
                vec!["--pipeline".to_string(), pipeline.display().to_string()]
            }
        };
        let said = preview(&published, false, &asked);
        let out = scratch("preview-run");
        let (code, _, told) = run(&pipeline, &root().join("sample-data"), &out, AS_OF);
        prop_assert_eq!(code, 0, "{}", told);
        let change = &said["changes"][1];
        prop_assert_eq!(counted_by_plan(change), counted_by_run(&out.join("rounds/2026Q3")), "{:?}", asked);
        moved.set(moved.get() + change["enters"].as_u64().unwrap() + change["leaves"].as_u64().unwrap());
        Ok(())
    });
    outcome.unwrap();
    assert!(moved.get() > 0, "ten changes that move nobody would show nothing");
}

#[test]
fn plan_writes_nothing_compares_with_the_last_round_and_masks_whom_it_names() {
    let out = &office("preview-nothing");
    // The lock says who holds it; everything else must stay as it is.
    let all = || tree(out).into_iter().filter(|(path, _)| path != ".lock").collect::<Vec<_>>();
    let before = all();
    let same = preview(out, true, &[]);
    let change = &same["changes"][0];
    assert_eq!((change["from"].as_str(), change["to"].as_str()), (Some("2026Q3"), Some("present")));
    assert_eq!([&change["enters"], &change["leaves"], &change["retyped"]], [0, 0, 0], "the same files, the same list");
    assert!(change.get("households").is_none(), "names only when asked for");
    let asked = ["--set", "income_line=1", "--set", "industry_loss_limit=1", "--names"].map(String::from);
    let more = preview(out, true, &asked);
    assert!(all() == before, "nothing was written");
    // Both together, then each alone.
    let titles: Vec<&str> = more["changes"].as_array().unwrap().iter().map(|c| c["to"].as_str().unwrap()).collect();
    assert_eq!(titles, ["present", "income_line=1 industry_loss_limit=1", "income_line=1", "industry_loss_limit=1"]);
    let movers = more["changes"][1]["households"].as_array().unwrap();
    assert!(!movers.is_empty());
    let list = table(sample_round(), "online_list");
    for mover in movers {
        let number = mover["head_id_number"].as_str().unwrap();
        assert!(number.is_empty() || number.contains('*'), "{number}");
        let household = mover["household_id"].as_str();
        let row = (0..list.rows()).find(|r| list.str_at("household_id", *r) == household);
        let name = row.and_then(|r| list.str_at("head_name", r)).unwrap_or("");
        assert!(name.chars().count() < 2 || mover["head"].as_str() != Some(name), "names are masked");
    }
    // The round's own tables say the same as the departments' files.
    let again = preview(out, false, &asked);
    assert_eq!((&again["changes"], &again["params"]), (&more["changes"], &more["params"]));
    let line = more["params"].as_array().unwrap().iter().find(|p| p["name"] == "income_line").unwrap();
    assert_eq!((line["before"].as_str(), line["after"].as_str()), (Some("7800"), Some("1")));
    assert!(line["rules"].as_array().unwrap().iter().any(|r| r == "INC-01"));
}

#[test]
fn a_proposal_that_names_nothing_is_told() {
    for (set, hint) in [
        ("income_lin=1", "did you mean income_line?"),
        ("income_line=many", "of type decimal"),
        ("income_line[group=lifed]=1", "did you mean lifted?"),
        ("income_line[township=云领镇]=1", "no township"),
        ("income_line", "has no ="),
    ] {
        let (code, _, told) = outcome(
            bidui()
                .args(["plan", "pipelines/quarterly", "--as-of", AS_OF, "--set", set])
                .arg("--input")
                .arg(root().join("sample-data")),
        );
        assert_eq!(code, 64, "{set}: {told}");
        assert!(told.contains("usage.set") && told.contains(hint), "{set}: {told}");
    }
}
