//! Who may read what is written, what the audit log shows, what an export holds, and what a purge leaves.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use serde_json::Value;

use super::support::{AS_OF, bidui, copy_tree, office, outcome, root, sample_round, scratch, table};

/// Starts the program under umask 000: whatever is closed then, the program closed.
fn open_handed(args: &[&str]) -> (i32, String, String) {
    let quoted: Vec<String> = args.iter().map(|a| format!("'{a}'")).collect();
    let mut command = std::process::Command::new("sh");
    command.env_clear().env("NO_COLOR", "1").current_dir(root()).arg("-c").arg(format!(
        "umask 000; exec '{}' {}",
        env!("CARGO_BIN_EXE_bidui"),
        quoted.join(" ")
    ));
    outcome(&mut command)
}

fn walk(dir: &Path, see: &mut dyn FnMut(&Path, u32)) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        see(&path, fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777);
        if path.is_dir() {
            walk(&path, see);
        }
    }
}

#[test]
fn nothing_written_is_open_to_others_even_under_umask_000() {
    let dir = scratch("umask");
    let out = dir.join("out").display().to_string();
    let to = |name: &str| dir.join(name).display().to_string();
    let (code, _, told) =
        open_handed(&["run", "pipelines/quarterly", "--input", "sample-data", "--out", &out, "--as-of", AS_OF]);
    assert_eq!(code, 0, "{told}");
    let forms = format!("{out}/rounds/2026Q3/核实表");
    for args in [
        &["forms", "export", "verify", "--out", &out, "--to", &to("verify"), "--on", "2026-10-08"][..],
        &["forms", "export", "blank", "--out", &out, "--on", "2026-10-08"],
        &["orders", "list", "--out", &out],
        &["orders", "national", "--out", &out],
        &["cases", "exits", "--out", &out],
        &["cases", "conduct", "--out", &out],
        &["cases", "dossier", "A0000001", "--out", &out],
        &["precision", "pipelines/quarterly", "--answers", &forms, "--out", &out, "--tables", &to("precision")],
        &["explain", "population-0000001", "--out", &out, "--html", &to("picture.html"), "--svg", &to("picture.svg")],
        &["check", "pipelines/quarterly", "--input", "sample-data", "--tables", &to("checked"), "--as-of", AS_OF],
        &["export", "--new-key", &to("key")],
        &["export", "--out", &out, "--key", &to("key"), "--to", &to("rows")],
        &["export", "--out", &out, "--aggregate", "--to", &to("counts")],
    ] {
        let (code, _, told) = open_handed(args);
        assert_eq!(code, 0, "{args:?}: {told}");
    }
    let (mut wide, mut files) = (Vec::new(), 0);
    walk(&dir, &mut |path, mode| {
        files += 1;
        if mode & 0o077 != 0 {
            wide.push(format!("{:o} {}", mode, path.display()));
        }
    });
    assert!(files > 100, "{files} things were written");
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

#[test]
fn the_ledger_s_own_side_files_are_as_closed_as_it() {
    let out = office("side-files");
    let path = out.join("ledger.sqlite");
    let connection = rusqlite::Connection::open(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.execute_batch("CREATE TABLE x (a); DROP TABLE x;").unwrap();
    for side in ["ledger.sqlite-wal", "ledger.sqlite-shm"] {
        assert_eq!(fs::metadata(out.join(side)).unwrap().mode() & 0o777, 0o600, "{side}");
    }
}

fn audit(out: &Path, args: &[&str]) -> (i32, Value, String) {
    let (code, text, told) = outcome(bidui().arg("audit").args(args).arg("--json").arg("--out").arg(out));
    (code, serde_json::from_str(&text).unwrap_or(Value::Null), told)
}

#[test]
fn every_step_stands_in_the_log_and_the_chain_shows_a_change() {
    let out = office("audit");
    let (_, before, _) = audit(&out, &["head"]);
    let (code, begun, _) = audit(&out, &["list", "--action", "run"]);
    assert_eq!(code, 0);
    let runs = begun.as_array().unwrap();
    assert_eq!((runs.len(), &runs[0]["event"], &runs[1]["exit"]), (2, &Value::from("begin"), &Value::from(0)));
    assert_eq!(runs[1]["on"]["round"], "2026Q3");
    assert!(runs[0]["who"]["user"].is_string(), "{}", runs[0]);

    // In full only for a reason; the question itself may be a name and is not written down.
    let persons = table(sample_round(), "persons");
    let name = persons.str_at("name", 0).unwrap().to_string();
    let (code, _, told) = outcome(bidui().args(["explain", &name, "--unmask", "--out"]).arg(&out));
    assert_eq!(code, 64, "{told}");
    let (code, _, told) = outcome(bidui().args(["explain", &name, "--unmask", "--reason", " ", "--out"]).arg(&out));
    assert_eq!((code, told.contains("usage.reason")), (64, true), "{told}");
    let asked =
        ["explain", &name, "--unmask", "--reason", "信访复核，来电13900007731", "--operator", "李主任", "--out"];
    let (code, text, told) = outcome(bidui().args(asked).arg(&out));
    assert_eq!(code, 0, "{told}");
    assert!(text.contains(persons.str_at("id_number", 0).unwrap()), "shown in full");
    let (_, listed, _) = audit(&out, &["list", "--action", "unmask"]);
    let (begin, end) = (&listed[0], &listed[1]);
    assert_eq!((&begin["why"], &begin["who"]["operator"]), (&"信访复核，来电139****7731".into(), &"李主任".into()));
    assert_eq!((&end["of"], &end["exit"]), (&begin["seq"], &0.into()));
    let household = persons.str_at("household_id", 0).unwrap();
    assert!(end["on"]["shown"].as_array().unwrap().iter().any(|id| id == household), "{end}");
    assert!(!listed.to_string().contains(&name), "no name in the log");

    // Undoing needs a reason too.
    let step = ["cases", "decide", "A0000001", "undo", "--by", "县防贫办", "--out"];
    let (code, _, told) = outcome(bidui().args(step).arg(&out));
    assert_eq!((code, told.contains("usage.reason")), (64, true), "{told}");
    let (_, listed, _) = audit(&out, &["list", "--action", "cases.decide"]);
    assert_eq!(listed[1]["exit"], 64, "what was refused is kept too");

    let (code, verified, told) = audit(&out, &["verify", "--head", before["hash"].as_str().unwrap()]);
    assert_eq!((code, &verified["flaws"]), (0, &Value::Array(Vec::new())), "{told}");
    assert_eq!(verified["after_head"], verified["entries"].as_u64().unwrap() - before["seq"].as_u64().unwrap());
    // A kill between begin and end.
    let log = out.join("audit.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    let cut = text[..text.len() - 1].rfind('\n').unwrap() + 1;
    fs::write(&log, &text[..cut]).unwrap();
    let (code, verified, _) = audit(&out, &["verify"]);
    assert_eq!((code, verified["unfinished"].as_array().unwrap().len()), (0, 1));
    // Cut off below a head that was kept: only that head tells.
    let (code, _, told) = audit(&out, &["verify", "--head", &text[text.len() - 67..text.len() - 3]]);
    assert_eq!((code, told.contains("audit.head")), (65, true), "{told}");
    fs::write(&log, text.replacen("\"exit\":0", "\"exit\":1", 1)).unwrap();
    let (code, _, told) = audit(&out, &["verify"]);
    assert_eq!((code, told.contains("audit.changed")), (65, true), "{told}");
}

#[test]
fn the_handover_sheet_names_the_head_that_covers_the_run() {
    let out = office("handover");
    let page = fs::read_to_string(out.join("交接单.html")).unwrap();
    let digits: String = page.chars().filter(|c| !c.is_whitespace()).collect();
    let (_, head, _) = audit(&out, &["head"]);
    assert!(digits.contains(head["hash"].as_str().unwrap()), "the head after the run's last entry");
    let manifest = fs::read(out.join("rounds/2026Q3/manifest.json")).unwrap();
    use sha2::Digest;
    let digest: String = sha2::Sha256::digest(&manifest).iter().map(|b| format!("{b:02x}")).collect();
    assert!(digits.contains(&digest));
}

#[test]
fn an_export_tells_nobody_and_joins_over_tables_and_keys_of_one_file() {
    let out = office("export");
    let dir = out.parent().unwrap().to_path_buf();
    let key = |name: &str| dir.join(name).display().to_string();
    let export = |args: &[&str]| outcome(bidui().arg("export").args(args).arg("--out").arg(&out));
    for name in ["key", "other"] {
        assert_eq!(export(&["--new-key", &key(name)]).0, 0);
    }
    for (to, with, mac) in
        [("a", "key", "sha256"), ("b", "key", "sha256"), ("c", "other", "sha256"), ("d", "key", "sm3")]
    {
        let (code, _, told) = export(&["--key", &key(with), "--to", &key(to), "--mac", mac]);
        assert_eq!(code, 0, "{told}");
    }
    let of = |to: &str, name: &str| bidui::run::read_table(&dir.join(to).join(format!("{name}.parquet"))).unwrap();
    let (persons, links) = (of("a", "persons"), of("a", "links"));
    assert!(
        !persons.has("name") && !persons.has("group") && !persons.has("village"),
        "names and small places are gone"
    );
    // The same person in the register, under its number and behind a linked record.
    let who = persons.str_at("person_id", 0).unwrap();
    assert_eq!(who.len(), 32);
    let real = table(sample_round(), "persons");
    let real_links = table(sample_round(), "links");
    let linked = (0..real_links.rows()).find(|r| real_links.str_at("person_id", *r) == real.str_at("person_id", 0));
    if let Some(row) = linked {
        assert_eq!(links.str_at("person_id", row), Some(who));
    }
    assert_eq!(persons.str_at("id_number", 0), Some(who), "by its number too");
    assert_eq!(persons.integer_at("birth_date", 0), real.date_at("birth_date", 0).map(|d| i64::from(d.year())));
    assert_eq!(of("b", "persons").str_at("person_id", 0), Some(who), "the same key, the same pseudonym");
    assert_ne!(of("c", "persons").str_at("person_id", 0), Some(who), "another key, another");
    assert_ne!(of("d", "persons").str_at("person_id", 0), Some(who), "another hash, another");
    let water = of("a", "records_water_household");
    assert!(water.has("person") && !water.has("file") && !water.has("id_number_raw"), "{:?}", water.schema.columns);
    // No name, number or household number of the register stands anywhere in it.
    let mut text = String::new();
    for entry in fs::read_dir(dir.join("a")).unwrap().map(|e| e.unwrap().path()) {
        if entry.extension().is_some_and(|e| e == "csv") {
            text.push_str(&fs::read_to_string(entry).unwrap());
        }
    }
    let words: std::collections::HashSet<&str> = text.split([',', '\n', '|', '"', '；']).map(str::trim).collect();
    for row in 0..real.rows() {
        for column in ["name", "id_number", "person_id", "household_id", "record_id"] {
            let value = real.str_at(column, row).unwrap_or("-");
            assert!(value == "-" || !words.contains(value), "{column} of row {row}");
        }
    }
    let told = fs::read_to_string(dir.join("a/说明.csv")).unwrap();
    assert!(told.contains("persons,人员,name,姓名,personal,删除"), "what became of each column is said");
    // Refusals: no key, an open key, a folder that is not empty.
    let (code, _, told) = export(&["--to", &key("e")]);
    assert_eq!((code, told.contains("usage.key")), (64, true));
    let (code, _, told) = export(&["--key", &key("key"), "--to", &key("a")]);
    assert_eq!((code, told.contains("export.not_empty")), (64, true));
    fs::set_permissions(key("key"), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, _, told) = export(&["--key", &key("key"), "--to", &key("e")]);
    assert_eq!((code, told.contains("export.key_open")), (65, true));
}

#[test]
fn counts_for_outside_hide_small_ones_and_say_so() {
    let out = office("counts");
    let to = out.parent().unwrap().join("counts");
    let args = ["export", "--aggregate", "--threshold", "20", "--reason", "报市局", "--to"];
    let (code, _, told) = outcome(bidui().args(args).arg(&to).arg("--out").arg(&out));
    assert_eq!(code, 0, "{told}");
    let text = fs::read_to_string(to.join("online_by_township.csv")).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|l| l.split(',').collect()).collect();
    let hidden = lines.iter().flatten().filter(|c| **c == "*").count();
    assert!(hidden >= 2, "{text}");
    for cell in lines[1..lines.len() - 1].iter().flat_map(|l| &l[1..]).filter(|c| **c != "*") {
        let n: u64 = cell.parse().unwrap();
        assert!(n == 0 || n >= 20, "{text}");
    }
    assert!(text.contains("少于20的数以*代替"), "{text}");
    let online = table(sample_round(), "online_list").rows().to_string();
    assert!(lines.iter().flatten().any(|c| **c == online), "the grand total is large enough to stay: {text}");
}

#[test]
fn a_purge_takes_what_is_past_its_time_and_the_round_still_verifies() {
    let out = office("purge");
    let dir = out.parent().unwrap();
    copy_tree(&root().join("pipelines"), &dir.join("pipelines"));
    let pipeline = dir.join("pipelines/quarterly");
    let purge = |args: &[&str]| outcome(bidui().arg("purge").arg(&pipeline).args(args).arg("--out").arg(&out));
    let kept = || fs::read_dir(out.join("deliveries")).unwrap().count();
    let before = kept();
    // The only round is the latest one: nothing may go however old it is.
    let (code, text, told) = purge(&["--dry-run", "--on", "2040-01-01", "--json"]);
    assert_eq!(code, 0, "{told}");
    let found: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&found["deliveries"], &found["rounds"]), (&Value::Array(Vec::new()), &Value::Array(Vec::new())));
    assert!(found["still_needed"].as_u64().unwrap() > 20, "{found}");

    // A later round, with one file less of the old ones, and all cases closed.
    copy_tree(&out.join("rounds/2026Q3"), &out.join("rounds/2027Q3"));
    let path = out.join("rounds/2027Q3/manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    (manifest["round"], manifest["as_of"]) = ("2027Q3".into(), "2027-09-30".into());
    fs::write(&path, manifest.to_string()).unwrap();
    let ledger = rusqlite::Connection::open(out.join("ledger.sqlite")).unwrap();
    ledger.execute_batch("DELETE FROM case_event; DELETE FROM case_round; DELETE FROM case_file;").unwrap();
    drop(ledger);
    let orphan = out.join("deliveries").join(format!("{}.csv", "ab".repeat(32)));
    fs::write(&orphan, "姓名\n").unwrap();
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_500_000_000);
    fs::File::options().append(true).open(&orphan).unwrap().set_modified(old).unwrap();

    let records = table(&out.join("rounds/2026Q3"), "records_medical_settlement").rows();
    let (code, text, told) = purge(&["--dry-run", "--on", "2040-01-01", "--json"]);
    assert_eq!(code, 0, "{told}");
    let found: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(found["deliveries"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found["rounds"][0]["round"], "2026Q3");
    assert!(orphan.exists() && kept() == before + 1, "a dry run takes nothing");

    let (code, _, told) = purge(&["--apply", "--on", "2040-01-01"]);
    assert_eq!(code, 0, "{told}");
    assert!(!orphan.exists() && kept() == before, "what the latest round needs stays");
    let round = out.join("rounds/2026Q3");
    let links = table(&round, "links");
    let unlinked = |t: &bidui::model::Table| {
        (0..t.rows())
            .filter(|r| {
                t.str_at("source", *r) == Some("medical_settlement") && t.str_at("status", *r) == Some("unlinked")
            })
            .count()
    };
    assert!(unlinked(&links) > 0, "the sample has such rows");
    assert_eq!(table(&round, "records_medical_settlement").rows(), records - unlinked(&links));
    let rejects = table(&round, "rejects");
    assert!(
        rejects.rows() > 0 && (0..rejects.rows()).all(|r| rejects.str_at("raw", r).is_none()),
        "reasons stay, cells go"
    );
    assert!(!round.join("待认定匹配.xlsx").exists());
    let (code, text, told) = outcome(bidui().args(["runs", "verify", "2026Q3", "--json", "--out"]).arg(&out));
    assert_eq!(code, 0, "{told}");
    let verified: Value = serde_json::from_str(&text).unwrap();
    assert!(verified["purged"].as_u64().unwrap() > 3, "{verified}");
    // What is changed after the purge is still found.
    fs::write(round.join("tables/rejects.parquet"), "x").unwrap();
    let (code, _, _) = outcome(bidui().args(["runs", "verify", "2026Q3", "--out"]).arg(&out));
    assert_eq!(code, 65);
    let (_, listed, _) = audit(&out, &["list", "--action", "purge"]);
    assert_eq!(listed[1]["on"]["deliveries"].as_array().unwrap().len(), 1, "{listed}");

    let text = fs::read_to_string(pipeline.join("pipeline.toml")).unwrap();
    fs::write(pipeline.join("pipeline.toml"), text.split("[retention]").next().unwrap()).unwrap();
    let (code, _, told) = purge(&["--dry-run"]);
    assert_eq!((code, told.contains("purge.no_time")), (78, true), "{told}");
}

#[cfg(not(feature = "encrypt"))]
#[test]
fn a_program_without_encryption_refuses_in_words_and_writes_nothing() {
    let out = office("no-encryption");
    let dir = out.parent().unwrap();
    let at = |name: &str| dir.join(name).display().to_string();
    assert_eq!(outcome(bidui().args(["export", "--new-key", &at("key")])).0, 0);
    for args in [
        &["export", "--new-column-keys", &at("to")][..],
        &["export", "--key", &at("key"), "--column-keys", &at("keys"), "--to", &at("to")],
        &["export", "--open", &at("export"), "--column-keys", &at("keys"), "--to", &at("to")],
        &["export", "--aggregate", "--encrypt-to", "age1…", "--to", &at("to")],
        &["forms", "export", "blank", "--encrypt-to", "age1…", "--to", &at("to")],
        &["runs", "bundle", "--encrypt-to", "age1…", "--to", &at("to")],
        &["runs", "replay", &at("bundle"), "--identity", &at("identity")],
    ] {
        let (code, _, told) = outcome(bidui().args(args).arg("--out").arg(&out));
        assert!(code == 64 && told.contains("seal.not_built"), "{args:?}: {told}");
    }
    let mut left: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["key", "out"]);
}
