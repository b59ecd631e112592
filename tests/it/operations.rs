//! What an office's server needs: the kit that `init` writes, `doctor`, `backup` and how it comes back, metrics, events, a log; none
//! of them with a person's value.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::support::{bidui, copy_tree, outcome, scratch, tree};

const DAY: &str = "2026-09-30";

/// An office as `init` makes it, with a small county's deliveries.
fn office(name: &str) -> PathBuf {
    let dir = scratch(name).join("office");
    let (code, _, err) = outcome(bidui().arg("init").arg(&dir));
    assert_eq!(code, 0, "{err}");
    let (code, _, err) =
        outcome(bidui().args(["synth", "--households", "60", "--seed", "7", "--out"]).arg(dir.join("county")));
    assert_eq!(code, 0, "{err}");
    copy_tree(&dir.join("county"), &dir.join("inbox"));
    dir
}

fn at(dir: &Path, args: &[&str]) -> (i32, String, String) {
    outcome(bidui().args(args).current_dir(dir))
}

fn night(dir: &Path, more: &[&str]) -> (i32, String, String) {
    at(dir, &[&["run", "pipelines/nightly", "--input", "inbox", "--out", "out", "--as-of", DAY], more].concat())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Every name and number of the county's register.
fn people(dir: &Path) -> Vec<String> {
    let bytes = fs::read(dir.join("county/公安/户籍人口底册.csv")).unwrap();
    let text = encoding_rs::GB18030.decode(&bytes).0.into_owned();
    let rows = text.lines().skip(1).map(|l| l.split(',').map(str::to_string).collect::<Vec<_>>());
    rows.flat_map(|r| [r[1].clone(), r[3].clone()]).filter(|v| v.chars().count() > 1).collect()
}

#[test]
fn metrics_events_and_log_tell_the_run_and_nobody_s_name() {
    let dir = office("operations-telemetry");
    let told = [
        "--metrics",
        "metrics/bidui.prom",
        "--lineage",
        "log/lineage.ndjson",
        "--log",
        "log/bidui.log",
        "--log-format",
        "json",
    ];
    let (code, _, err) = night(&dir, &told);
    assert_eq!(code, 0, "{err}");
    // A failed run is told too: the pipeline is not there.
    let (code, _, _) = at(&dir, &[&["run", "pipelines/none", "--input", "inbox", "--out", "out"], &told[..]].concat());
    assert_eq!(code, 78);

    let events: Vec<Value> = fs::read_to_string(dir.join("log/lineage.ndjson"))
        .unwrap()
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let kinds: Vec<&str> = events.iter().map(|e| e["eventType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["START", "COMPLETE", "START", "FAIL"]);
    for e in &events {
        // What the specification requires of a RunEvent.
        assert!(e["eventTime"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{e}");
        assert!(e["producer"].as_str().unwrap().starts_with("https://"));
        assert_eq!(e["schemaURL"], "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent");
        let id = e["run"]["runId"].as_str().unwrap();
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        assert!(groups == [8, 4, 4, 4, 12] && id.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit()), "{id}");
        assert!(e["job"]["namespace"].is_string() && e["job"]["name"].is_string());
        for dataset in e["inputs"].as_array().unwrap().iter().chain(e["outputs"].as_array().unwrap()) {
            assert!(dataset["namespace"].is_string() && dataset["name"].is_string(), "{dataset}");
        }
        for facet in ["inputFacets", "outputFacets"] {
            let all = e["inputs"].as_array().unwrap().iter().chain(e["outputs"].as_array().unwrap());
            for one in all.filter_map(|d| d[facet].as_object()).flat_map(|f| f.values()) {
                assert!(one["_producer"].is_string() && one["_schemaURL"].is_string(), "{one}");
            }
        }
    }
    assert_eq!(events[0]["run"]["runId"], events[1]["run"]["runId"]);
    assert_ne!(events[1]["run"]["runId"], events[3]["run"]["runId"]);
    assert_eq!(events[1]["inputs"].as_array().unwrap().len(), 5);
    assert!(events[3]["run"]["facets"]["errorMessage"]["message"].as_str().unwrap().contains("exit 78"));

    let metrics = fs::read_to_string(dir.join("metrics/bidui.prom")).unwrap();
    assert!(
        metrics.contains("bidui_run_exit_code{pipeline=\"none\"} 78")
            && metrics.contains("bidui_run_published{pipeline=\"none\"} 0")
    );
    let (code, _, err) = night(&dir, &told);
    assert_eq!(code, 0, "{err}");
    let metrics = fs::read_to_string(dir.join("metrics/bidui.prom")).unwrap();
    for line in metrics.lines().filter(|l| !l.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("bidui_") && name.ends_with('}') && value.parse::<u64>().is_ok(), "{line}");
    }
    let families: std::collections::BTreeSet<&str> =
        metrics.lines().filter_map(|l| l.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    for family in
        ["run_exit_code", "run_duration_milliseconds", "runs", "source_rows", "source_age_days", "list_households"]
    {
        assert!(families.contains(format!("bidui_{family}").as_str()), "{family}: {families:?}");
    }
    assert!(metrics.contains("source_rows{pipeline=\"nightly\",source=\"population\",kind=\"read\"} 19"), "{metrics}");

    let log = fs::read_to_string(dir.join("log/bidui.log")).unwrap();
    assert!(log.lines().count() > 10 && log.lines().all(|l| serde_json::from_str::<Value>(l).is_ok()), "{log}");
    assert_eq!([mode(&dir.join("log/bidui.log")), mode(&dir.join("log/lineage.ndjson"))], [0o600, 0o600]);
    let events = fs::read_to_string(dir.join("log/lineage.ndjson")).unwrap();
    let all = people(&dir);
    assert!(all.len() > 300);
    let leaked: Vec<&String> =
        all.iter().filter(|v| [&log, &events, &metrics].iter().any(|t| t.contains(v.as_str()))).collect();
    assert!(leaked.is_empty(), "{leaked:?}");
}

/// A program that keeps what it is told, and then does something.
fn listener(dir: &Path, then: &str) -> PathBuf {
    let path = dir.join("ops/listen");
    fs::write(&path, format!("#!/bin/sh\n/bin/cat > told.json\n{then}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

#[test]
fn a_program_is_told_how_a_run_ended_and_changes_nothing_of_it() {
    let dir = office("operations-notify");
    let listen = listener(&dir, "echo noise; echo noise >&2").display().to_string();
    let told = || -> Value { serde_json::from_slice(&fs::read(dir.join("told.json")).unwrap()).unwrap() };
    let quarter = ["run", "pipelines/quarterly", "--input", "inbox", "--out", "out", "--as-of", DAY, "--notify"];
    let (code, line, err) = at(&dir, &[&quarter[..], &[&listen]].concat());
    assert_eq!(code, 0, "{err}");
    assert!(!line.contains("noise") && !err.contains("noise") && line.lines().count() == 1, "{line} {err}");
    let published = told();
    let manifest = super::support::manifest(&dir.join("out/rounds/2026Q3"));
    for key in ["round", "run_id", "as_of", "pipeline"] {
        assert!(published[key].is_string() && published[key] == manifest[key], "{key}: {published}");
    }
    assert_eq!((&published["exit"], &published["published"]), (&0.into(), &true.into()));
    let states = published["sources_by_state"].as_object().unwrap().values().map(|n| n.as_u64().unwrap());
    assert_eq!(states.sum::<u64>() as usize, manifest["sources"].as_array().unwrap().len());
    let problems = published["problems"].as_object().unwrap().values().map(|n| n.as_u64().unwrap());
    assert_eq!(problems.sum::<u64>() as usize, manifest["problems"].as_array().unwrap().len());
    // Sixty households: counts are small, and a small one is told nowhere. What is told is true.
    let (mut hidden, mut shown) = (0, 0);
    for counts in ["online_by_type", "comparison_by_outcome"] {
        let (here, there) = (published[counts].as_object().unwrap(), manifest[counts].as_object().unwrap());
        assert!(!here.is_empty() && here.keys().eq(there.keys()), "{counts}: {here:?} {there:?}");
        for (name, count) in here {
            match count.as_u64() {
                None => hidden += 1,
                Some(n) => {
                    shown += 1;
                    assert!(there[name] == n && (n == 0 || n >= 10), "{counts} {name}: {n}, {}", there[name]);
                }
            }
        }
    }
    assert!(hidden > 0, "{shown} shown: {published}");

    // Refused: another holds the folder. Failed: the pipeline is not there.
    let held = fs::File::options().append(true).create(true).open(dir.join("out/.lock")).unwrap();
    held.lock().unwrap();
    assert_eq!(night(&dir, &["--notify", &listen]).0, 75);
    let refused = told();
    assert_eq!((&refused["exit"], &refused["published"], &refused["round"]), (&75.into(), &false.into(), &Value::Null));
    assert_eq!(refused["problems"], serde_json::json!({"run.locked": 1}), "{refused}");
    drop(held);
    let none = ["run", "pipelines/none", "--input", "inbox", "--out", "out", "--as-of", DAY, "--notify", &listen];
    assert_eq!(at(&dir, &none).0, 78);
    assert_eq!((&told()["exit"], &told()["as_of"]), (&78.into(), &DAY.into()));

    // A program that fails or is not there is told as a warning; the round is the one of a run without it.
    listener(&dir, "exit 22");
    let (code, _, err) = night(&dir, &["--notify", &listen]);
    assert!(
        code == 0 && err.contains("warning[notify.failed]") && err.contains("22") && err.contains("hint:"),
        "{err}"
    );
    let round = tree(&dir.join("out/rounds").join(DAY));
    let (code, _, err) = night(&dir, &["--notify", "ops/nobody"]);
    assert!(code == 0 && err.contains("warning[notify.not_started]"), "{err}");
    assert!(round == tree(&dir.join("out/rounds").join(DAY)));
    let log = fs::read_to_string(dir.join("out/audit.jsonl")).unwrap();
    let entries = log.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
    let ends: Vec<i64> = entries
        .filter(|e| e["action"] == "notify" && e["event"] == "end")
        .map(|e| e["exit"].as_i64().unwrap())
        .collect();
    assert_eq!(ends, [0, 0, 0, 74, 74], "what was handed out stands in the audit log");
}

#[test]
fn a_backup_is_checked_and_comes_back() {
    let dir = office("operations-backup");
    let (code, _, err) = at(&dir, &["backup", "--out", "out", "--to", "backup/ledger.sqlite"]);
    assert_eq!((code, err.contains("ledger.none")), (66, true), "{err}");
    assert_eq!(night(&dir, &[]).0, 0);
    let copy = dir.join("backup/ledger.sqlite");
    let (code, line, err) = at(&dir, &["backup", "--out", "out", "--to", "backup/ledger.sqlite"]);
    assert_eq!(code, 0, "{err}");
    assert!(line.contains("checked"), "{line}");
    assert_eq!(mode(&copy), 0o600);
    // A copy of everything that people decided was handed out: who did it and which file it is stands in the log.
    let log = fs::read_to_string(dir.join("out/audit.jsonl")).unwrap();
    let logged: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!((&logged["action"], &logged["exit"]), (&"backup".into(), &0.into()), "{logged}");
    let (sha256, _) = bidui::run::manifest::hash_file(&copy).unwrap();
    assert_eq!(logged["on"]["sha256"], sha256, "{logged}");
    let before = super::crash::state::State::of(&dir.join("out"));
    // The disk gave the ledger back damaged: told, nothing published, the old round stays.
    let ledger = dir.join("out/ledger.sqlite");
    let mut bytes = fs::read(&ledger).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 2000].fill(0x5a);
    fs::write(&ledger, &bytes[..middle + 5000]).unwrap();
    let (code, text, err) = at(&dir, &["doctor", "pipelines/nightly", "--input", "inbox", "--out", "out"]);
    assert_eq!(code, 74, "{text} {err}");
    assert!(err.contains("error[ledger.corrupt]"), "{err}");
    assert_eq!(night(&dir, &[]).0, 74);
    // Restore, as docs/operations.md says it.
    fs::rename(&ledger, dir.join("out/ledger.damaged")).unwrap();
    fs::copy(&copy, &ledger).unwrap();
    fs::remove_file(dir.join("out/ledger.damaged")).unwrap();
    let (code, _, err) = at(&dir, &["runs", "verify", "--out", "out"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(night(&dir, &[]).0, 0);
    assert_eq!(
        super::crash::state::State::of(&dir.join("out")).unlike(&before),
        None,
        "the same round, the same ledger"
    );
}

#[test]
#[allow(clippy::disallowed_methods)]
fn doctor_names_what_is_not_well_and_changes_nothing() {
    let dir = office("operations-doctor");
    let ask = |more: &[&str]| {
        at(&dir, &[&["doctor", "pipelines/nightly", "--input", "inbox", "--out", "out"], more].concat())
    };
    assert_eq!(night(&dir, &[]).0, 0);
    let before = tree(&dir.join("out"));
    let (code, text, err) = ask(&[]);
    assert_eq!(code, 0, "{err}");
    for check in [
        "pipeline",
        "contracts",
        "holidays",
        "newest round",
        "memory",
        "space",
        "inbox",
        "permissions",
        "ledger",
        "clock",
        "fonts",
    ] {
        assert!(text.lines().any(|l| l.starts_with(check)), "{check}: {text}");
    }
    assert!(before == tree(&dir.join("out")));
    // Things that are not well, each with what to do.
    fs::set_permissions(dir.join("out/rounds"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir_all(dir.join("out/.staging/2026-09-29")).unwrap();
    let late = fs::File::options().append(true).open(dir.join("inbox/公安/户籍人口底册.csv")).unwrap();
    late.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(72 * 3600)).unwrap();
    let (code, json, _) = ask(&["--json"]);
    let found: Value = serde_json::from_str(&json).unwrap();
    let codes: Vec<&str> = found["problems"].as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap()).collect();
    for wanted in ["doctor.open_to_others", "doctor.staging", "doctor.clock"] {
        assert!(codes.contains(&wanted), "{wanted}: {codes:?}");
    }
    assert_eq!(code, 0, "none of them keeps a run from working");
    assert!(found["problems"].as_array().unwrap().iter().all(|p| p["hint"].is_string()), "{found}");
    let file = dir.join("pipelines/nightly/pipeline.toml");
    fs::write(&file, "name = 1\n").unwrap();
    assert_eq!(ask(&[]).0, 78);
}

#[test]
fn the_kit_is_what_systemd_takes() {
    let dir = office("operations-kit");
    let unit = fs::read_to_string(dir.join("ops/bidui-nightly.service")).unwrap();
    for wanted in
        ["UMask=0077", "PrivateNetwork=yes", "ProtectSystem=strict", "NoNewPrivileges=yes", "SuccessExitStatus=65 75"]
    {
        assert!(unit.contains(wanted), "{wanted}");
    }
    for name in ["bidui-nightly.service", "bidui-nightly.timer", "bidui.cron", "logrotate.conf", "office.env"] {
        assert!(
            !fs::read_to_string(dir.join("ops").join(name)).unwrap().contains("@DIR@"),
            "{name} has the office's path"
        );
    }
    assert!(["log", "backup", "metrics"].iter().all(|f| mode(&dir.join(f)) == 0o700));
    // Where systemd is, it says itself what it thinks of them; the program's place is the installer's.
    let verify = Command::new("systemd-analyze")
        .arg("verify")
        .args(["ops/bidui-nightly.service", "ops/bidui-nightly.timer"].map(|f| dir.join(f)))
        .output();
    if let Ok(verify) = verify {
        let told = String::from_utf8_lossy(&verify.stderr).into_owned();
        let wrong: Vec<&str> =
            told.lines().filter(|l| l.contains("bidui-nightly") && !l.contains("is not executable")).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
