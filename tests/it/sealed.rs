//! What leaves the office for certain readers only: locked columns of an export, sealed forms and bundles. With the feature
//! `encrypt` alone; `make test-encrypt` runs it.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use bidui::model::Table;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::support::{bidui, office, outcome, sample_round, table, tree};

/// Names of three characters and more, and runs of eleven digits and more, as they stand in the wanted tables' columns.
fn private_values(tables: &[(String, Table)]) -> HashSet<Vec<u8>> {
    let mut values = HashSet::new();
    for (column, row, table) in tables.iter().flat_map(|(_, t)| {
        t.schema.columns.iter().flat_map(move |c| (0..t.rows()).map(move |row| (c.name.clone(), row, t)))
    }) {
        let Some(text) = table.display_at(&column, row) else { continue };
        let is_number = text.len() >= 11 && text.bytes().all(|b| b.is_ascii_digit() || b == b'X');
        let is_name = ["name", "name_full", "head_name"].contains(&column.as_str()) && (9..=12).contains(&text.len());
        if is_number || is_name {
            values.insert(text.into_bytes());
        }
    }
    values
}

/// Which of the values stand in a file's bytes.
fn standing<'a>(bytes: &[u8], values: &'a HashSet<Vec<u8>>) -> Vec<&'a [u8]> {
    let mut found: Vec<&[u8]> = Vec::new();
    let digit = |b: &u8| b.is_ascii_digit() || *b == b'X';
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|b| digit(b)).count();
        let lengths = match (run, bytes[at]) {
            (11.., _) => 11..=run.min(25),
            // The first byte of a Chinese character in UTF-8.
            (_, 0xE3..=0xE9) => 9..=12,
            #[expect(clippy::reversed_empty_ranges, reason = "nothing to look at")]
            _ => 1..=0,
        };
        found.extend(lengths.filter_map(|n| values.get(bytes.get(at..at + n)?)).map(Vec::as_slice));
        at += 1;
    }
    found
}

fn tables(dir: &Path) -> Vec<(String, Table)> {
    let names = tree(dir).into_iter().filter_map(|(name, _)| name.strip_suffix(".parquet").map(str::to_string));
    names.map(|n| (n.clone(), bidui::run::read_table(&dir.join(format!("{n}.parquet"))).unwrap())).collect()
}

#[test]
fn an_export_with_locked_columns_tells_each_reader_what_the_key_opens() {
    let out = office("locked");
    let dir = out.parent().unwrap().to_path_buf();
    let at = |name: &str| dir.join(name).display().to_string();
    let export = |args: &[&str]| outcome(bidui().arg("export").args(args).arg("--out").arg(&out));
    assert_eq!(export(&["--new-key", &at("key")]).0, 0);
    for set in ["keys", "others"] {
        assert_eq!(export(&["--new-column-keys", &at(set)]).0, 0);
    }
    let (code, text, told) =
        export(&["--key", &at("key"), "--column-keys", &at("keys"), "--to", &at("to"), "--reason", "研究", "--json"]);
    assert_eq!(code, 0, "{told}");
    let exported: Value = serde_json::from_str(&text).unwrap();
    let ids: Vec<&str> = exported["column_keys"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    assert!(ids.len() == 2 && ids[0].starts_with("personal:") && ids[1].starts_with("sensitive:"), "{ids:?}");
    let (_, listed, _) = outcome(bidui().args(["audit", "list", "--action", "export", "--json", "--out"]).arg(&out));
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed[1]["on"]["column_keys"], exported["column_keys"], "{listed}");

    // The same without keys is what stands open, in the CSV files to the byte.
    assert_eq!(export(&["--key", &at("key"), "--to", &at("plain")]).0, 0);
    let csv = |folder: &str| -> Vec<(String, Vec<u8>)> {
        let files = tree(&dir.join(folder)).into_iter();
        files.filter(|(name, _)| name.ends_with(".csv") && name != "说明.csv").collect()
    };
    assert!(csv("to").len() > 20 && csv("to") == csv("plain"));
    let said = fs::read_to_string(dir.join("to/说明.csv")).unwrap();
    let line = format!("persons,人员,name,姓名,personal,删除；原值加密保留（{}）", ids[0]);
    assert!(said.contains(&line), "what became of each column is said");

    // Without a key: in words.
    let failure = bidui::run::read_table(&dir.join("to/persons.parquet")).unwrap_err();
    assert_eq!(failure.problems[0].code, "export.locked");
    let open = |keys: &str, to: &str| export(&["--open", &at("to"), "--column-keys", &at(keys), "--to", &at(to)]);
    let (code, _, told) = open("others", "closed");
    assert!(code == 65 && told.contains("export.key_wrong"), "{told}");
    assert!(!dir.join("closed").exists(), "nothing is written");

    // One key opens one class, both open all.
    let (code, _, told) = open("keys/personal.key", "personal");
    assert_eq!(code, 0, "{told}");
    assert!(told.contains(&format!("columns stay locked: they need the key {}", ids[1])), "{told}");
    let persons = bidui::run::read_table(&dir.join("personal/persons.parquet")).unwrap();
    let real = table(sample_round(), "persons");
    assert_eq!(persons.text("name"), real.text("name"));
    assert!(!persons.has("id_number_full"), "sensitive");
    assert_eq!(open("keys", "all").0, 0);
    let persons = bidui::run::read_table(&dir.join("all/persons.parquet")).unwrap();
    assert_eq!(persons.text("id_number_full"), real.text("id_number"));
    assert_ne!(persons.text("id_number"), real.text("id_number"), "the pseudonym beside it");
    let (water, real) = (bidui::run::read_table(&dir.join("all/records_water_household.parquet")).unwrap(), {
        table(sample_round(), "records_water_household")
    });
    assert_eq!(water.text("id_number_raw"), real.text("id_number_raw"), "raw cells too");

    // Nobody else finds a name, number, telephone or account in it.
    let values = private_values(&tables(&dir.join("all")));
    assert!(values.len() > 10_000, "{}", values.len());
    let mut seen = 0;
    for (name, bytes) in tree(&dir.join("to")) {
        let found = standing(&bytes, &values);
        assert!(found.is_empty(), "{name}: {}", String::from_utf8_lossy(found[0]));
        seen += bytes.len();
    }
    assert!(seen > 1_000_000, "{seen}");
    let found = standing(&fs::read(dir.join("all/persons.csv")).unwrap(), &values).len();
    assert!(found > 10_000, "the search finds what is opened: {found}");
    // Packed pages would show it nothing: what the CSV file has not is encrypted, in every row group.
    let mut locked = 0;
    for (name, bytes) in tree(&dir.join("to")).into_iter().filter(|(name, _)| name.ends_with(".parquet")) {
        let csv = fs::read_to_string(dir.join("to").join(name.replace(".parquet", ".csv"))).unwrap();
        let open: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
        for (at, field) in reader.schema().fields().iter().enumerate() {
            let is_open = open.contains(&field.name().as_str());
            assert_eq!(field.metadata().contains_key("key"), !is_open, "{name} {}", field.name());
            for group in reader.metadata().row_groups() {
                let chunk = group.column(at);
                assert_eq!(chunk.crypto_metadata().is_some(), !is_open, "{name} {}", field.name());
                assert!(is_open || chunk.statistics().is_none(), "{name} {}", field.name());
                locked += usize::from(!is_open);
            }
        }
    }
    assert!(locked > 300, "{locked}");
}

/// An identity file, and the public key that goes with it.
fn identity(path: &Path) -> String {
    let identity = age::x25519::Identity::generate();
    fs::write(path, format!("{}\n", identity.to_string().expose_secret())).unwrap();
    identity.to_public().to_string()
}

fn only_sealed(dir: &Path) -> Vec<String> {
    let files = tree(dir);
    for (name, bytes) in &files {
        assert!(name.ends_with(".age") && bytes.starts_with(b"age-encryption.org/v1\n"), "{name}");
    }
    files.into_iter().map(|(name, _)| name).collect()
}

fn nothing_plain_is_left(out: &Path) {
    let left: Vec<PathBuf> = fs::read_dir(out).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(left.iter().all(|p| !p.file_name().unwrap().to_string_lossy().contains(".sealing-")), "{left:?}");
}

#[test]
fn a_sealed_bundle_is_opened_with_the_identity_and_replays() {
    let out = office("sealed-bundle");
    let dir = out.parent().unwrap().to_path_buf();
    let (reader, _) = (identity(&dir.join("reader")), identity(&dir.join("stranger")));
    let to = dir.join("bundle");
    let bundle = |to: &Path, reader: &str| {
        outcome(
            bidui().args(["runs", "bundle", "--encrypt-to", reader, "--json", "--to"]).arg(to).arg("--out").arg(&out),
        )
    };
    let (code, text, told) = bundle(&to, &reader);
    assert_eq!(code, 0, "{told}");
    let made: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(made["dir"], to.display().to_string());
    let names = only_sealed(&to);
    assert!(names.len() > 30 && names.contains(&"bundle.json.age".to_string()), "{names:?}");
    nothing_plain_is_left(&out);
    let (_, listed, _) =
        outcome(bidui().args(["audit", "list", "--action", "runs.bundle", "--json", "--out"]).arg(&out));
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed[1]["on"]["sealed"], true, "{listed}");
    let (code, _, told) = bundle(&to, &reader);
    assert!(code == 64 && told.contains("bundle.not_empty"), "{told}");
    let (code, _, told) = bundle(&dir.join("none"), "age1nobody");
    assert!(code == 64 && told.contains("seal.recipient") && !dir.join("none").exists(), "{told}");

    let replay = |args: &[&str]| {
        let mut command = bidui();
        command.args(["runs", "replay"]).arg(&to).args(args);
        outcome(&mut command)
    };
    let (code, _, told) = replay(&[]);
    assert!(code == 66 && told.contains("--identity"), "{told}");
    let (code, _, told) = replay(&["--identity", dir.join("stranger").to_str().unwrap()]);
    assert!(code == 65 && told.contains("seal.closed"), "{told}");
    let (code, text, told) = replay(&["--identity", dir.join("reader").to_str().unwrap()]);
    assert_eq!(code, 0, "{text}{told}");
    assert!(text.contains("byte for byte as published, 0 not"), "{text}");
    // One file less is told as in a plain bundle.
    fs::remove_file(to.join("manifest.json.age")).unwrap();
    let (code, _, told) = replay(&["--identity", dir.join("reader").to_str().unwrap()]);
    assert!(code == 65 && told.contains("bundle.changed"), "{told}");
}

#[test]
fn forms_and_exports_leave_sealed() {
    let out = office("sealed-forms");
    let dir = out.parent().unwrap().to_path_buf();
    let reader = identity(&dir.join("reader"));
    let at = |name: &str| dir.join(name).display().to_string();
    let seal = |args: &[&str]| outcome(bidui().args(args).args(["--encrypt-to", &reader, "--out"]).arg(&out));
    let (code, _, told) = seal(&["forms", "export", "verify", "--on", "2026-10-08", "--to", &at("forms")]);
    assert_eq!(code, 0, "{told}");
    assert!(only_sealed(&dir.join("forms")).len() > 3);
    assert_eq!(outcome(bidui().args(["export", "--new-key", &at("key")])).0, 0);
    assert_eq!(outcome(bidui().args(["export", "--new-column-keys", &at("keys")])).0, 0);
    let (code, _, told) = seal(&["export", "--key", &at("key"), "--column-keys", &at("keys"), "--to", &at("rows")]);
    assert_eq!(code, 0, "{told}");
    assert!(only_sealed(&dir.join("rows")).len() > 40);
    nothing_plain_is_left(&out);
}
