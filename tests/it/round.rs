//! The published round as a whole: same inputs, same bytes; another day changes only what the day should change; every
//! row of every file is somewhere.

use std::collections::BTreeMap;

use super::support::{AS_OF, manifest, root, run, sample_round, scratch, table, tree};
use super::truth;

fn again(name: &str, as_of: &str, threads: &str) -> std::path::PathBuf {
    let out = scratch(name);
    let mut command = super::support::bidui();
    command.args(["run", "pipelines/quarterly", "--input", "sample-data", "--as-of", as_of, "--threads", threads]);
    let (code, _, err) = super::support::outcome(command.arg("--out").arg(&out));
    assert_eq!(code, 0, "{err}");
    let mut rounds = std::fs::read_dir(out.join("rounds")).unwrap();
    let round = rounds.next().expect("a round is published").unwrap().path();
    assert!(rounds.next().is_none(), "and only one");
    round
}

#[test]
fn two_runs_give_the_same_bytes_on_one_thread_and_on_two() {
    let one = tree(&again("same-1", AS_OF, "1"));
    let two = tree(&again("same-2", AS_OF, "2"));
    let names = |t: &[(String, Vec<u8>)]| t.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>();
    assert_eq!(names(&one), names(&two));
    let differ: Vec<&str> = one.iter().zip(&two).filter(|(a, b)| a.1 != b.1).map(|(a, _)| a.0.as_str()).collect();
    assert!(differ.is_empty(), "differ between runs: {differ:?}");
    for ending in [".parquet", ".xlsx", ".html", ".json"] {
        assert!(one.iter().any(|(n, _)| n.ends_with(ending)), "{ending} is among the compared files");
    }
}

#[test]
fn a_rerun_replaces_the_round_by_the_same_bytes() {
    let out = scratch("rerun");
    let go = || run(&root().join("pipelines/quarterly"), &root().join("sample-data"), &out, AS_OF);
    assert_eq!(go().0, 0);
    let first = tree(&out.join("rounds"));
    assert_eq!(go().0, 0);
    assert!(first == tree(&out.join("rounds")));
    assert!(!out.join(".staging").exists(), "nothing is left in staging");
}

#[test]
fn another_day_changes_only_what_the_day_should_change() {
    let other = again("other-day", "2026-11-30", "2");
    assert!(other.ends_with("2026Q4"), "the day decides the round");
    let (now, then) = (tree(&sample_round().join("tables")), tree(&other.join("tables")));
    let differ: Vec<&str> = now.iter().zip(&then).filter(|(a, b)| a.1 != b.1).map(|(a, _)| a.0.as_str()).collect();
    // Records, links and people do not know the day; ages, windows and what follows from them do.
    let knows_the_day = [
        // Its rows carry the round's name.
        "person_history",
        // The day on which the data came.
        "deliveries",
        "source_quality",
        "indicators_household",
        "indicators_person",
        "rule_hits",
        "hit_records",
        "rule_outcomes",
        "rule_overlap",
        "online_list",
        "comparison",
        "verification_tasks",
        "proposals",
        "work_orders",
        "tracking",
        "cases",
        "case_changes",
        "village_reports",
        // How long a household has been followed, and what is late.
        "exit_assessment",
        "conduct_findings",
    ];
    // Nobody is born after the day: on a later one a damaged number may have been another one more.
    let but_proposals = |name: &str| {
        let [a, b] = [sample_round(), &other].map(|round| table(round, name));
        let plain = a.schema.columns.iter().filter(|c| !c.name.ends_with("_proposals"));
        plain.into_iter().all(|c| a.batch.column_by_name(&c.name) == b.batch.column_by_name(&c.name))
    };
    let strange: Vec<&str> = differ
        .iter()
        .map(|n| n.trim_end_matches(".parquet"))
        .filter(|n| !(knows_the_day.contains(n) || n.starts_with("records_") && but_proposals(n)))
        .collect();
    assert!(strange.is_empty(), "changed with the day: {strange:?}");
    for moves in ["indicators_household", "rule_hits", "online_list"] {
        assert!(differ.contains(&format!("{moves}.parquet").as_str()), "windows move with the day: {moves}");
    }
}

#[test]
fn every_row_of_every_file_is_a_record_or_has_its_reason() {
    let round = sample_round();
    let mut found: BTreeMap<(String, String, String, i64), &str> = BTreeMap::new();
    let rejects = table(round, "rejects");
    for i in 0..rejects.rows() {
        let text = |c| rejects.str_at(c, i).unwrap_or("").to_string();
        let disposition = match rejects.str_at("disposition", i) {
            Some("quarantined") => "quarantined",
            Some("folded") => "folded",
            _ => "not_data",
        };
        let at = (text("source"), text("file"), text("sheet"), rejects.integer("row").value(i));
        assert!(found.insert(at.clone(), disposition).is_none(), "{at:?} is listed twice");
    }
    for source in manifest(round)["sources"].as_array().unwrap() {
        let id = source["source"].as_str().unwrap();
        let records = table(round, &format!("records_{id}"));
        for i in 0..records.rows() {
            let text = |c| records.str_at(c, i).unwrap_or("").to_string();
            let at = (id.to_string(), text("file"), text("sheet"), records.integer("row").value(i));
            assert!(found.insert(at.clone(), "accepted").is_none(), "{at:?} is listed twice");
        }
    }
    // What the generator wrote is the independent count: it knows every row of every file.
    let mut lost = Vec::new();
    let mut wrong = Vec::new();
    let written = truth::rows();
    assert!(written.len() > 10_000, "the truth lists the rows");
    for row in &written {
        match (found.remove(&row.at), row.kind.as_str()) {
            (None, _) => lost.push(&row.at),
            (Some("accepted" | "quarantined"), "data") | (Some("not_data"), "total") => {}
            (Some("folded"), "duplicate") => {}
            (Some(_), "noise") => {}
            (Some(got), kind) => wrong.push((&row.at, kind, got)),
        }
    }
    assert!(lost.is_empty(), "{} rows are nowhere, for example {:?}", lost.len(), lost.first());
    assert!(
        wrong.len() <= written.len() / 1000,
        "{} rows ended elsewhere: {:?}",
        wrong.len(),
        &wrong[..wrong.len().min(5)]
    );
    assert!(found.is_empty(), "{} rows come from no file, for example {:?}", found.len(), found.iter().next());
}

#[test]
fn the_sums_of_the_manifest_close_and_agree_with_the_tables() {
    let round = sample_round();
    let manifest = manifest(round);
    let n = |v: &serde_json::Value| v.as_u64().unwrap();
    for s in manifest["sources"].as_array().unwrap() {
        assert_eq!(n(&s["read"]), n(&s["accepted"]) + n(&s["quarantined"]) + n(&s["folded"]), "{}", s["source"]);
        if !s["links"].is_null() {
            let l = &s["links"];
            let total = n(&l["linked"]) + n(&l["possible"]) + n(&l["conflict"]) + n(&l["unlinked"]);
            assert_eq!(total, n(&s["accepted"]), "{}", s["source"]);
        }
    }
    let online = table(round, "online_list").rows() as u64;
    assert_eq!(manifest["online_by_type"].as_object().unwrap().values().map(n).sum::<u64>(), online);
    let wanted = [
        "deliveries",
        "corrections",
        "rejects",
        "persons",
        "households",
        "links",
        "possible_links",
        "person_history",
        "decisions",
        "indicators_person",
        "indicators_household",
        "rule_hits",
        "online_list",
        "offline_list",
        "comparison",
        "verification_tasks",
        "proposals",
        "work_orders",
        "tracking",
        "source_quality",
        "dictionary",
    ];
    let tables: Vec<&str> =
        manifest["tables"].as_array().unwrap().iter().map(|t| t["table"].as_str().unwrap()).collect();
    for name in wanted {
        assert!(tables.contains(&name), "{name} is published");
    }
}

#[test]
fn the_shipped_divisions_are_those_of_the_sample() {
    let shipped = std::fs::read(root().join("pipelines/shared/codes/divisions.csv")).unwrap();
    assert!(shipped == std::fs::read(root().join("sample-data/codes/divisions.csv")).unwrap());
}
