//! Faults of single files (1–6, 9, 21–25, 30): what the corpus shows of each, and what a night makes of one among good ones.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use super::super::corpus::survives;
use super::super::support::{outcome, root, sample_round, table};
use super::{FIRST, Office, SECOND};

const RELIEF: &str = "民政/临时救助台账.xlsx";
const BILLS: &str = "医保/居民医保结算明细.csv";

/// A night in which a source's file is replaced by something else: it is refused, told, and the last good one stands in.
fn replaced(name: &str, bytes: &[u8], told: &str) {
    let office = Office::after(name);
    fs::write(office.inbox(RELIEF), bytes).unwrap();
    let (code, line, err) = office.night(SECOND);
    // An empty file is no delivery at all; anything else that cannot be read is one that breaks its contract.
    assert_eq!(code, if bytes.is_empty() { 0 } else { 65 }, "{name}: {err}");
    assert!(err.contains(&format!("[{told}]")) && err.contains("hint:"), "{name}: {err}");
    assert!(line.contains("temporary_relief"), "the one line names it: {line}");
    office.stands_in("temporary_relief");
}

fn hostile(name: &str) -> Vec<u8> {
    fs::read(root().join("tests/corpus/files/hostile").join(name)).unwrap()
}

#[test]
fn fault_01_truncated_empty_or_html_as_xlsx() {
    survives(1);
    let whole = fs::read(super::county().join(RELIEF)).unwrap();
    replaced("cut", &whole[..whole.len() / 2], "ingest.truncated");
    replaced("empty", b"", "ingest.empty_file");
    // A web page is read for what it is: it lacks columns.
    replaced("page", "<html><table><tr><td>姓名</td></tr></table></html>".as_bytes(), "ingest.missing_column");
}

#[test]
fn fault_02_zip_bomb() {
    survives(2);
    replaced("bomb", &hostile("bomb.xlsx"), "ingest.oversized");
    replaced("bomb-lies", &hostile("bomb_lies.xlsx"), "ingest.truncated");
}

#[test]
fn fault_03_far_cell_absurd_dimension_million_columns() {
    survives(3);
    for name in ["far_cell.xlsx", "absurd_dimension.xlsx", "million_columns.xlsx", "whole_sheet_merged.xlsx"] {
        let office = Office::after(name);
        fs::write(office.inbox(RELIEF), hostile(name)).unwrap();
        let (code, _, err) = office.night(SECOND);
        assert!(code == 0 || code == 65, "{name} ends with {code}: {err}");
        assert!(office.round(SECOND).is_dir(), "{name}: the others were used");
        assert!(office.listed(FIRST).is_subset(&office.listed(SECOND)), "{name}");
    }
}

#[test]
fn fault_04_mixed_encoding() {
    survives(4);
}

#[test]
fn fault_05_duplicate_header() {
    survives(5);
    let office = Office::after("heading-twice");
    office.rewrite(BILLS, |text| {
        let (head, rows) = text.split_once('\n').unwrap();
        let mut headings: Vec<&str> = head.trim_end().split(',').collect();
        headings[1] = headings[0];
        format!("{}\n{rows}", headings.join(","))
    });
    let (code, _, err) = office.night(SECOND);
    assert_eq!(code, 65, "{err}");
    assert!(err.contains("error[ingest.duplicate_header]"), "{err}");
    office.stands_in("medical_settlement");
}

#[test]
fn fault_06_titles_totals_and_signatures() {
    survives(6);
    let office = Office::after("titles");
    office.rewrite(BILLS, |text| {
        let (head, _) = text.split_once('\n').unwrap();
        let commas = ",".repeat(head.matches(',').count());
        let (head, end) = (head.trim_end(), text.trim_end());
        // A title, a unit, the headings once more in the middle, a total, who made it.
        let middle = end.len() - end.lines().last().unwrap().len();
        let (first, last) = end.split_at(middle);
        format!("结算明细{commas}\n{first}{head}\n{last}\n合计{commas}\n制表人：王丽{commas}\n")
    });
    let (code, _, err) = office.night(SECOND);
    assert_eq!(code, 0, "{err}");
    assert_eq!(office.state(SECOND, "medical_settlement").0, "delivered", "{err}");
    for what in ["read", "accepted", "quarantined", "folded"] {
        let of = |day| office.count(day, "medical_settlement", what);
        assert_eq!(of(SECOND), of(FIRST), "{what}: totals are no people");
    }
    let more = |day| office.count(day, "medical_settlement", "not_data");
    assert_eq!(more(SECOND), more(FIRST) + 3, "what stands below the first heading and is no data is told");
}

#[test]
fn fault_09_columns_and_types_drift() {
    survives(9);
    let office = Office::after("drift");
    office.rewrite(BILLS, |text| {
        let mut rows = text.lines();
        let head = rows.next().unwrap().trim_end();
        let rows: Vec<String> = rows.map(|r| format!("{},x", r.trim_end())).collect();
        format!("{head},新增列\n{}\n", rows.join("\n"))
    });
    let before = super::super::support::tree(&office.out());
    let (code, json, err) = outcome(office.command("plan", SECOND).arg("--json"));
    assert_eq!(code, 0, "{err}");
    assert!(json.contains("ingest.extra_column") && json.contains("居民医保结算明细.csv"), "{json}");
    let unchanged = super::super::support::tree(&office.out());
    let open = |tree: &[(String, Vec<u8>)]| tree.iter().filter(|(n, _)| n != ".lock").cloned().collect::<Vec<_>>();
    assert!(open(&before) == open(&unchanged), "plan writes nothing");
    // Amounts that are words become doubtful values, told by row; none is guessed.
    let findings = |day| office.count(day, "medical_settlement", "findings");
    office.rewrite(BILLS, |text| text.replace(".00", ".00约"));
    let (_, _, err) = office.night(SECOND);
    assert!(findings(SECOND) > findings(FIRST), "{err}");
}

/// Texts of every part of every workbook below a folder.
fn workbooks(dir: &Path, take: &mut impl FnMut(&str, &str)) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            workbooks(&path, take);
        } else if path.extension().is_some_and(|e| e == "xlsx") {
            let mut zip = zip::ZipArchive::new(fs::File::open(&path).unwrap()).unwrap();
            for i in 0..zip.len() {
                let mut part = zip.by_index(i).unwrap();
                let mut text = String::new();
                if part.read_to_string(&mut text).is_ok() {
                    take(&format!("{}!{}", path.display(), part.name().unwrap_or_default()), &text);
                }
            }
        }
    }
}

#[test]
fn fault_21_formulas_in_names() {
    survives(21);
    let office = Office::new("formulas");
    let bait = "=HYPERLINK(A1)";
    office.rewrite("公安/户籍人口底册.csv", |text| {
        let group = |n: usize| format!(",{n}组,");
        (1..20).fold(text, |text, n| text.replace(&group(n), &format!(",{bait},")))
    });
    let (_, _, err) = office.night(FIRST);
    let (mut seen, mut formulas) = (0, Vec::new());
    workbooks(&office.round(FIRST), &mut |part, text| {
        seen += usize::from(text.contains(bait));
        if text.contains("<f>") || text.contains("<f ") {
            formulas.push(part.to_string());
        }
    });
    assert!(seen > 0, "the text comes as far as a workbook: {err}");
    assert!(formulas.is_empty(), "cells that a program would work out: {formulas:?}");
}

#[test]
fn fault_22_paths_in_names() {
    survives(22);
    let office = Office::new("paths");
    let named = "../../../逃镇";
    for file in ["pipelines/shared/codes/divisions.csv", "pipelines/quarterly/params.toml"] {
        let path = office.dir.join(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("云岭镇", named)).unwrap();
    }
    office.rewrite("公安/户籍人口底册.csv", |text| text.replace("云岭镇", named));
    let (_, _, err) = office.night(FIRST);
    let names = |dir: &Path| -> Vec<String> {
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    };
    let folder = office.round(FIRST).join("核实表");
    assert!(folder.is_dir(), "{err}");
    let forms = names(&folder);
    assert!(forms.iter().any(|n| n.contains("逃镇")), "the township has its form: {forms:?} {err}");
    for outside in [&office.dir, &office.out(), &office.out().join("rounds"), &office.round(FIRST)] {
        assert!(!names(outside).iter().any(|n| n.contains("逃")), "{}", outside.display());
    }
}

#[test]
fn fault_23_control_and_invisible_characters() {
    survives(23);
    let office = Office::after("escapes");
    fs::remove_file(office.inbox(RELIEF)).unwrap();
    fs::write(office.inbox("民政/临时救助\u{1b}[2J\u{202e}台账.xlsx"), "x").unwrap();
    let (code, line, err) = office.night(SECOND);
    assert_eq!(code, 65, "{err}");
    assert!(err.contains("临时救助") && !err.contains(['\u{1b}', '\u{202e}']), "{err:?}");
    assert!(!line.contains(['\u{1b}', '\u{202e}']), "{line:?}");
    office.stands_in("temporary_relief");
}

#[test]
fn fault_24_one_number_two_names() {
    survives(24);
    // The sample has relatives' numbers on people's records: such a record speaks for nobody.
    let (links, hits) = (table(sample_round(), "links"), table(sample_round(), "hit_records"));
    let of = |t: &bidui::model::Table, i| t.str_at("record_id", i).unwrap().to_string();
    let conflicts: std::collections::BTreeSet<String> =
        (0..links.rows()).filter(|i| links.str_at("status", *i) == Some("conflict")).map(|i| of(&links, i)).collect();
    assert!(!conflicts.is_empty(), "the sample has conflicts");
    let used: Vec<String> = (0..hits.rows()).map(|i| of(&hits, i)).filter(|r| conflicts.contains(r)).collect();
    assert!(hits.rows() > 0 && used.is_empty(), "records in conflict listed somebody: {used:?}");
}

#[test]
fn fault_25_numbers_damaged_by_excel() {
    survives(25);
}

#[test]
fn fault_30_unfinished_locked_or_under_a_password() {
    survives(30);
    let mut password = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    password.resize(2048, 0);
    password.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    replaced("password", &password, "ingest.password");

    let office = Office::after("unfinished");
    fs::write(office.inbox("民政/~$临时救助台账.xlsx"), "x").unwrap();
    fs::write(office.inbox("教育/疑似辍学名单.xlsx.crdownload"), "x").unwrap();
    // Somebody goes on writing while the night runs.
    let path = office.inbox(BILLS);
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn(move || {
        let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
        while stopped.recv_timeout(std::time::Duration::from_millis(20)).is_err() {
            file.write_all(b",").unwrap();
        }
    });
    let (code, _, err) = office.night(SECOND);
    stop.send(()).unwrap();
    writer.join().unwrap();
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("ingest.still_written"), "{err}");
    office.stands_in("medical_settlement");
    office.stands_in("temporary_relief");
}
