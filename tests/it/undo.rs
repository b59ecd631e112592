//! A round is undone and restored, bundled and replayed; a killed run goes on where it was.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::support::{bidui, copy_tree, office, outcome, root, scratch, tree};

fn say(out: &Path, args: &[&str]) -> (i32, String, String) {
    outcome(bidui().args(args).arg("--out").arg(out))
}

fn undo(out: &Path, round: &str) -> (i32, String, String) {
    say(out, &["runs", "undo", round, "--reason", "登记册送错了"])
}

/// The entries of the audit log about an action, each with how it ended.
fn ended(out: &Path, action: &str) -> Vec<serde_json::Value> {
    let log = fs::read_to_string(out.join("audit.jsonl")).unwrap();
    let entries = log.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
    entries.filter(|e| e["action"] == action && e["event"] == "end").collect()
}

fn night(out: &Path, day: &str) {
    let args = ["run", "pipelines/nightly", "--input", "sample-data", "--as-of", day];
    let (code, _, err) = say(out, &args);
    assert_eq!(code, 0, "{err}");
}

/// Files that count: the rounds and the ledger.
fn state(out: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = tree(&out.join("rounds"));
    files.push(("ledger".into(), fs::read(out.join("ledger.sqlite")).unwrap()));
    files
}

#[test]
fn a_round_is_undone_and_restored_with_its_ledger() {
    let out = office("undo");
    let before = state(&out);
    night(&out, "2026-10-01");
    let after = state(&out);
    let (code, _, err) = say(&out, &["runs", "undo", "2026-10-01"]);
    assert!(code == 64 && err.contains("usage.reason") && err.contains("--reason"), "{err}");
    let (code, _, err) = undo(&out, "2026Q3");
    assert!(code == 64 && err.contains("2026-10-01") && err.contains("runs.later_round"), "{err}");
    assert!(after == state(&out), "a refusal changes nothing");

    let (code, text, err) = undo(&out, "2026-10-01");
    assert_eq!(code, 0, "{err}");
    assert!(text.contains("run none counts now"), "{text}");
    assert!(before == state(&out), "files and ledger are as before the night");
    let (code, _, err) = undo(&out, "2026-10-01");
    assert_eq!(code, 66, "{err}");

    let (code, _, err) = say(&out, &["runs", "restore", "2026-10-01"]);
    assert_eq!(code, 0, "{err}");
    assert!(after == state(&out), "and as they were");
    assert_eq!(say(&out, &["runs", "restore", "2026-10-01"]).0, 66);
    assert_eq!(say(&out, &["runs", "verify", "2026-10-01"]).0, 0);

    // Stopped after its first word, an undo is finished by whoever comes next.
    let run_id = super::support::manifest(&out.join("rounds/2026-10-01"))["run_id"].as_str().unwrap().to_string();
    let note = serde_json::json!({"way": "undo", "round": "2026-10-01", "run_id": run_id});
    fs::write(out.join(".undo.json"), note.to_string()).unwrap();
    assert_eq!(say(&out, &["runs", "restore", "2026-10-01"]).0, 0);
    assert!(after == state(&out) && !out.join(".undo.json").exists());

    assert_eq!(undo(&out, "2026-10-01").0, 0);
    night(&out, "2026-10-02");
    let (code, _, err) = say(&out, &["runs", "restore", "2026-10-01"]);
    assert!(code == 64 && err.contains("runs.moved_on"), "{err}");
}

#[test]
fn a_round_that_was_run_again_goes_back_to_its_first_version() {
    let out = office("undo-again");
    let before = state(&out);
    let inbox = scratch("undo-again-inbox");
    copy_tree(&root().join("sample-data"), &inbox);
    let relief = inbox.join("民政/临时救助台账.xlsx");
    fs::remove_file(relief).unwrap();
    let args = ["run", "pipelines/quarterly", "--as-of", "2026-09-30", "--input"];
    let (code, _, err) = say(&out, &[&args[..], &[inbox.to_str().unwrap()]].concat());
    assert_eq!(code, 0, "{err}");
    assert!(before != state(&out));
    let (code, text, err) = say(&out, &["runs", "undo", "2026Q3", "--reason", "漏了一个部门", "--json"]);
    assert_eq!(code, 0, "{err}");
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(told["now"].is_string() && told["taken"].is_string(), "{told}");
    assert!(before == state(&out));
}

#[test]
fn what_people_decided_is_not_undone_with_a_round() {
    let out = office("undo-decided");
    let (_, text, _) = say(&out, &["cases", "list", "--json"]);
    let cases: serde_json::Value = serde_json::from_str(&text).unwrap();
    let asked = cases.as_array().unwrap().iter().find(|c| c["state"] == "to_verify").unwrap();
    let step = ["cases", "decide", asked["case_id"].as_str().unwrap(), "answer.false", "--by", "村委会"];
    let (code, _, err) = say(&out, &[&step[..], &["--reason", "已核实", "--on", "2026-10-20"]].concat());
    assert_eq!(code, 0, "{err}");
    let before = state(&out);
    let (code, _, err) = undo(&out, "2026Q3");
    assert!(code == 64 && err.contains("1 steps of cases"), "{err}");
    assert!(before == state(&out));
}

#[test]
fn a_bundle_is_replayed_byte_for_byte_elsewhere() {
    let out = office("bundle");
    // The round's beginning is kept although the ledger has gone on.
    night(&out, "2026-10-01");
    let dir = scratch("bundles");
    for round in ["2026Q3", "2026-10-01"] {
        let bundle = dir.join(round);
        let (code, _, err) = say(&out, &["runs", "bundle", round, "--to", bundle.to_str().unwrap()]);
        assert_eq!(code, 0, "{err}");
        let away = dir.join(format!("另一台 {round}"));
        fs::rename(&bundle, &away).unwrap();
        let nowhere = dir.join("out");
        let places = [("1", "America/St_Johns", "tr_TR.UTF-8", &nowhere), ("2", "Asia/Shanghai", "C", &out)];
        for (threads, zone, lang, office) in places {
            let mut replay = bidui();
            replay.env("TZ", zone).env("LANG", lang).env("LC_ALL", lang).current_dir(&dir);
            replay.args(["runs", "replay"]).arg(&away).args(["--threads", threads, "--out"]).arg(office);
            let (code, text, err) = outcome(&mut replay);
            assert_eq!(code, 0, "{round}: {err}");
            assert!(text.contains("byte for byte as published, 0 not"), "{text}");
        }
    }
    // Away from an office there is no log to write in; in one it is written.
    let logged = ended(&out, "runs.replay");
    let rounds: Vec<&str> = logged.iter().map(|e| e["on"]["round"].as_str().unwrap()).collect();
    assert_eq!(rounds, ["2026Q3", "2026-10-01"]);
    for entry in &logged {
        assert!(
            entry["exit"] == 0 && entry["on"]["same"].as_u64() > Some(10) && entry["on"]["not_same"] == 0,
            "{entry}"
        );
    }
    assert!(!dir.join("out").exists());
    let away = dir.join("另一台 2026Q3");
    let (code, _, err) = say(&out, &["runs", "bundle", "2026Q3", "--to", away.to_str().unwrap()]);
    assert!(code == 64 && err.contains("bundle.not_empty"), "{err}");
    fs::write(away.join("pipelines/quarterly/params.toml"), "").unwrap();
    let (code, _, err) = say(&out, &["runs", "replay", away.to_str().unwrap()]);
    assert!(code == 65 && err.contains("pipelines/quarterly/params.toml"), "{err}");
    assert_eq!(ended(&out, "runs.replay").last().unwrap()["exit"], 65);
    // A pipeline that was changed since is told, and nothing is left behind.
    let pipelines = scratch("bundle-pipelines");
    copy_tree(&root().join("pipelines"), &pipelines);
    fs::write(pipelines.join("quarterly/params.toml"), "").unwrap();
    let to = dir.join("不成");
    let args = ["runs", "bundle", "2026Q3", "--to", to.to_str().unwrap(), "--pipelines", pipelines.to_str().unwrap()];
    let (code, _, err) = say(&out, &args);
    assert!(code == 65 && err.contains("bundle.pipeline_changed"), "{err}");
    assert!(!to.exists() && !dir.join(".不成.part").exists());
}

#[test]
fn a_killed_run_goes_on_with_what_it_had_finished() {
    let (out, other) = (office("killed"), office("killed-not"));
    let args = ["run", "pipelines/nightly", "--input", "sample-data", "--as-of", "2026-10-01"];
    let kept = |stage: &str| -> Vec<(String, std::time::SystemTime)> {
        let entries = fs::read_dir(out.join(".stages").join(stage)).into_iter().flatten();
        let mut all: Vec<_> = entries
            .filter_map(Result::ok)
            .filter(|e| !e.file_name().to_string_lossy().starts_with('.'))
            .filter_map(|e| Some((e.file_name().to_string_lossy().into_owned(), e.metadata().ok()?.modified().ok()?)))
            .collect();
        all.sort();
        all
    };
    fs::remove_dir_all(out.join(".stages")).unwrap();
    // Killed as soon as one more result is there, again and again: every time it comes further.
    let mut had = 0;
    for _ in 0..4 {
        let mut child =
            bidui().args(args).arg("--out").arg(&out).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(120);
        while kept("ingest").len() + kept("link").len() <= had && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(3));
            if child.try_wait().unwrap().is_some() {
                break;
            }
        }
        let _ = child.kill();
        child.wait().unwrap();
        let has = kept("ingest").len() + kept("link").len();
        assert!(has >= had, "what was finished stays");
        had = has;
    }
    assert!(had >= 2);
    let finished = [kept("ingest"), kept("link")].concat();
    night(&out, "2026-10-01");
    let now = [kept("ingest"), kept("link")].concat();
    assert!(finished.iter().all(|f| now.contains(f)), "nothing was made twice");
    let (code, _, err) = say(&other, &[&args[..], &["--fresh"]].concat());
    assert_eq!(code, 0, "{err}");
    assert!(state(&out) == state(&other), "the same bytes as a run that was never stopped");
    assert!(!out.join(".staging").exists());
}
