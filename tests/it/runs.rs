//! `bidui runs` and `bidui cases` on a published round: what is there, whether it is as it was published, who may read it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::support::{bidui, copy_tree, office, outcome, sample_round, scratch};

fn say(out: &Path, args: &[&str]) -> (i32, String, String) {
    outcome(bidui().args(args).arg("--out").arg(out))
}

#[test]
fn a_changed_a_missing_and_a_foreign_file_are_found_out() {
    let out = office("runs-verify");
    let (code, text, err) = say(&out, &["runs", "verify", "--pipelines", "pipelines", "--input", "sample-data"]);
    assert_eq!(code, 0, "{err}");
    assert!(text.contains(" files as published, 0 not"), "{text}");
    let round = out.join("rounds/2026Q3");
    let list = round.join("tables/online_list.parquet");
    let mut bytes = fs::read(&list).unwrap();
    bytes[100] ^= 1;
    fs::write(&list, bytes).unwrap();
    fs::remove_file(round.join("report.html")).unwrap();
    fs::write(round.join("核实表/另存.xlsx"), "x").unwrap();
    let (code, text, _) = say(&out, &["runs", "verify", "2026Q3", "--json"]);
    assert_eq!(code, 65);
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    let told: Vec<_> = told["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| (d["path"].as_str().unwrap(), d["what"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [("report.html", "missing"), ("tables/online_list.parquet", "changed"), ("核实表/另存.xlsx", "extra")]
    );
}

#[test]
fn rounds_are_listed_and_compared() {
    let out = office("runs-list");
    let (code, text, _) = say(&out, &["runs", "list", "--json"]);
    let runs: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, runs.as_array().unwrap().len()), (0, 1));
    assert_eq!(runs[0]["round"], "2026Q3");
    assert!(runs[0]["published_at"].is_string());
    let (code, text, _) = say(&out, &["runs", "compare", "2026Q3", "2026Q3", "--json"]);
    assert_eq!((code, text.trim()), (0, "[]"), "a round does not differ from itself");
    let (code, _, err) = say(&out, &["runs", "show", "2026Q1"]);
    assert_eq!(code, 66, "{err}");
}

#[test]
fn what_is_written_is_its_owners_alone() {
    fn check(path: &Path, open: &mut Vec<String>) {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o077;
        if mode != 0 {
            open.push(path.display().to_string());
        }
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|e| check(&e.unwrap().path(), open));
        }
    }
    let mut open = Vec::new();
    let out = sample_round().ancestors().nth(2).unwrap();
    for name in ["rounds", "ledger.sqlite", "history.jsonl", ".stages", ".before", "deliveries"] {
        check(&out.join(name), &mut open);
    }
    assert!(open.is_empty(), "others may read {open:?}");
}

#[test]
fn cases_are_listed_shown_and_moved_and_a_wrong_step_changes_nothing() {
    let out = office("cases");
    let json = |args: &[&str]| -> (i32, serde_json::Value) {
        let (code, text, _) = say(&out, &[args, &["--on", "2026-10-20", "--json"]].concat());
        (code, serde_json::from_str(&text).unwrap_or_default())
    };
    let (code, cases) = json(&["cases", "list", "--all"]);
    assert_eq!(code, 0);
    let cases = cases.as_array().unwrap().clone();
    // As many cases as the comparison and the tracking have households, and one for each report of nobody known.
    let table = |name: &str| super::support::table(&out.join("rounds/2026Q3"), name);
    let (compared, tracked) = (table("comparison"), table("tracking"));
    let household =
        |t: &bidui::model::Table| t.text("household_id").iter().flatten().map(str::to_string).collect::<Vec<_>>();
    let mut households: Vec<String> = household(&compared);
    let open = (0..tracked.rows()).filter(|r| tracked.boolean_at("risk_cleared", *r) != Some(true));
    households.extend(open.filter_map(|r| tracked.str_at("household_id", r)).map(str::to_string));
    households.sort();
    households.dedup();
    let of_cases = |c: &&serde_json::Value| c["household_id"].is_string();
    assert_eq!(cases.iter().filter(of_cases).count(), households.len());
    assert!(
        cases.iter().all(|c| c["head_name"].as_str().unwrap_or("*").chars().nth(1).is_none_or(|c| c == '*')),
        "names are masked"
    );

    let asked = cases.iter().find(|c| c["state"] == "to_verify").unwrap()["case_id"].as_str().unwrap().to_string();
    let (code, _) = json(&["cases", "decide", &asked, "meeting.pass", "--by", "县防贫办", "--say", "meeting=1"]);
    assert_eq!(code, 65, "no meeting before the village has answered");
    let (code, _) = json(&["cases", "decide", &asked, "answer.false", "--by", "村委会"]);
    assert_eq!(code, 65, "a refutation needs its reason");
    let (code, done) = json(&["cases", "decide", &asked, "answer.false", "--by", "村委会", "--reason", "已核实"]);
    assert_eq!((code, done["to"].as_str()), (0, Some("false_alarm")));
    let (_, shown) = json(&["cases", "show", &asked]);
    let steps: Vec<_> =
        shown["events"].as_array().unwrap().iter().map(|e| e["trigger"].as_str().unwrap().to_string()).collect();
    assert_eq!(steps, ["round.differs", "answer.false"]);
    let (_, overdue) = json(&["cases", "overdue"]);
    let late = overdue["cases"].as_array().unwrap();
    assert!(!late.is_empty() && late.iter().all(|c| c["due_on"].as_str().unwrap() < "2026-10-20"));
}

#[test]
fn old_rounds_go_by_the_pipelines_policy_unless_the_ledger_refers_to_them() {
    let out = office("runs-prune");
    let pipelines = scratch("runs-prune-pipelines");
    copy_tree(&super::support::root().join("pipelines"), &pipelines);
    let nightly = pipelines.join("nightly");
    let prune = |more: &[&str]| {
        let on = ["runs", "prune", nightly.to_str().unwrap(), "--on", "2026-12-31", "--json"];
        let (code, text, err) = say(&out, &[&on[..], more].concat());
        (code, serde_json::from_str::<serde_json::Value>(&text).unwrap_or_default(), err)
    };
    let head = nightly.join("pipeline.toml");
    let shipped = fs::read_to_string(&head).unwrap();
    let without = shipped.split("[retention]").next().unwrap();
    fs::write(&head, without).unwrap();
    let (code, _, err) = prune(&[]);
    assert!(code == 78 && err.contains("runs.no_policy"), "{err}");
    fs::write(&head, format!("{without}\n[retention]\nkeep_rounds = 1\nkeep_days = 30\nundo_rounds = 2\n")).unwrap();
    for day in ["2026-10-01", "2026-10-02", "2026-10-03"] {
        let args = ["run", nightly.to_str().unwrap(), "--input", "sample-data", "--as-of", day];
        assert_eq!(say(&out, &args).0, 0);
    }
    let begun = |round: &str| out.join(".before").join(round).is_dir();
    assert_eq!(["2026Q3", "2026-10-01", "2026-10-02", "2026-10-03"].map(begun), [true, false, true, true]);
    fs::write(out.join("deliveries").join("nobody.csv"), "x").unwrap();
    let (code, shown, err) = prune(&[]);
    assert_eq!(code, 0, "{err}");
    let list = |v: &serde_json::Value| v.as_array().unwrap().iter().map(|s| s.to_string()).collect::<Vec<_>>();
    let (going, held) = (list(&shown["rounds"]), list(&shown["held"]));
    assert_eq!(going.len() + held.len(), 2, "the newest stays: {shown}");
    assert!(going.iter().any(|g| g.contains("2026-10-02")), "a night that asked nothing new holds nothing: {shown}");
    assert_eq!(shown["deliveries"][0], "nobody.csv");
    assert!(out.join("rounds/2026-10-01").is_dir() && out.join("deliveries/nobody.csv").exists(), "only shown");
    let (code, removed, _) = prune(&["--yes"]);
    assert_eq!((code, list(&removed["rounds"])), (0, going.clone()));
    assert!(!out.join("deliveries/nobody.csv").exists() && !out.join(".going").exists());
    for round in ["2026-10-01", "2026-10-02", "2026-10-03"] {
        let stays = !going.iter().any(|g| g.contains(round));
        assert_eq!(out.join("rounds").join(round).is_dir(), stays, "{round}");
        assert_eq!(begun(round), stays && round != "2026-10-01", "{round}");
    }
    assert!(out.join("rounds/2026Q3").is_dir(), "another pipeline's");
    assert_eq!(say(&out, &["runs", "verify", "2026-10-03"]).0, 0);
}
