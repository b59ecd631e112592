//! Deliveries over two quarters, and a receipt on its way to the department and back: what is late, the same again, broken,
//! far off or unfinished never empties a list, and says so; what a department corrects heals exactly its rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::support::{AS_OF, bidui, copy_tree, manifest, outcome, root, run, scratch, table, tree};

const LATER: &str = "2026-12-31";

fn pipeline() -> PathBuf {
    root().join("pipelines/quarterly")
}

fn states(round: &Path) -> BTreeMap<String, (String, String)> {
    let manifest = manifest(round);
    let text = |v: &serde_json::Value| v.as_str().unwrap_or("").to_string();
    let sources = manifest["sources"].as_array().unwrap();
    sources.iter().map(|s| (text(&s["source"]), (text(&s["state"]), text(&s["as_of"])))).collect()
}

fn accept(inbox: &Path, out: &Path, source: &str) -> (i32, String, String) {
    let mut command = bidui();
    command.arg("run").arg(pipeline()).args(["--as-of", LATER, "--accept", source]);
    outcome(command.arg("--input").arg(inbox).arg("--out").arg(out))
}

/// Office's compound file with the stream of an encrypted workbook, as far as anybody looks.
fn password() -> Vec<u8> {
    let mut bytes = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    bytes.resize(2048, 0);
    bytes.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    bytes.resize(4096, 0);
    bytes
}

#[test]
fn a_quarter_in_which_everything_goes_wrong_keeps_the_good_data() {
    let dir = scratch("deliveries");
    let (inbox, out) = (dir.join("inbox"), dir.join("out"));
    // A folder for each round: what is new lies apart from what was there.
    copy_tree(&root().join("sample-data"), &inbox.join("2026Q3"));
    let (code, _, err) = run(&pipeline(), &inbox, &out, AS_OF);
    assert_eq!(code, 0, "{err}");
    let before = states(&out.join("rounds/2026Q3"));
    assert!(before.values().all(|(state, as_of)| state == "delivered" && as_of == AS_OF), "{before:?}");

    let now = inbox.join("2026Q4");
    copy_tree(&root().join("sample-data"), &now);
    let at = |path: &str| now.join(path);
    let touch = |path: &str| {
        let mut text = fs::read(at(path)).unwrap();
        text.push(b'\n');
        fs::write(at(path), text).unwrap();
    };
    // Late (11); truncated (1); a web page and a password under a workbook's name (1, 30); most rows gone (10); an
    // unfinished download beside a lock file (30); the same content under a new name (12).
    fs::remove_file(at("民政/农村低保发放名册.xlsx")).unwrap();
    let house = fs::read(at("住建/农村房屋鉴定.xlsx")).unwrap();
    fs::write(at("住建/农村房屋鉴定.xlsx"), &house[..house.len() / 2]).unwrap();
    let survey = fs::read(at("统计/农户收支监测.parquet")).unwrap();
    fs::write(at("统计/农户收支监测.parquet"), &survey[..survey.len() / 2]).unwrap();
    fs::write(at("教育/疑似辍学名单.xlsx"), "<html><table><tr><td>姓名</td></tr></table></html>").unwrap();
    fs::write(at("民政/临时救助台账.xlsx"), password()).unwrap();
    let water = fs::read(at("水利/农户饮水台账.csv")).unwrap();
    let lines: Vec<&[u8]> = water.split_inclusive(|b| *b == b'\n').collect();
    fs::write(at("水利/农户饮水台账.csv"), lines[..lines.len() / 3].concat()).unwrap();
    fs::rename(at("民政/特困供养人员.xlsx"), at("民政/特困供养人员.xlsx.crdownload")).unwrap();
    fs::write(at("民政/~$特困供养人员.xlsx"), "x").unwrap();
    fs::rename(at("教育/义务教育在籍学生.xlsx"), at("教育/义务教育在籍学生（十二月）.xlsx")).unwrap();
    touch("水利/村级供水工程.csv");

    let (code, line, err) = run(&pipeline(), &inbox, &out, LATER);
    assert_eq!(code, 65, "{err}");
    for told in [
        "delivery.late",
        "ingest.truncated",
        // A web page saved as .xlsx is read for what it is: it lacks columns.
        "ingest.missing_column",
        "ingest.password",
        "delivery.held",
        "ingest.unfinished",
        "ingest.left_out",
        "delivery.same_again",
        "--accept water_household",
    ] {
        assert!(err.contains(told), "{told}: {err}");
    }
    assert!(!err.contains("link.model_drift"), "what did not change has not drifted: {err}");
    assert!(line.contains("dibao"), "the one line names what is not whole: {line}");
    let round = out.join("rounds/2026Q4");
    let after = states(&round);
    let fresh: BTreeSet<&str> = after.iter().filter(|(_, s)| s.0 == "delivered").map(|(id, _)| id.as_str()).collect();
    assert_eq!(fresh, BTreeSet::from(["water_village"]), "{after:?}");
    assert_eq!(after["water_village"].1, LATER);
    for (id, (state, as_of)) in after.iter().filter(|(id, _)| *id != "water_village") {
        assert_eq!((state.as_str(), as_of.as_str()), ("stale", AS_OF), "{id}");
    }
    let before_rows = table(&out.join("rounds/2026Q3"), "records_water_household").rows();
    assert_eq!(table(&round, "records_water_household").rows(), before_rows, "nobody left the list by a cut file");
    assert_eq!(manifest(&round)["sums_close"], true);
    let quality = table(&round, "source_quality");
    assert!((0..quality.rows()).all(|i| quality.date_at("as_of", i).is_some()));
    let outcomes = table(&round, "rule_outcomes");
    let missing =
        (0..outcomes.rows()).filter(|i| outcomes.str_at("missing_sources", *i).is_some_and(|s| !s.is_empty()));
    assert_eq!(missing.count(), 0, "a delivery that stands in is a delivery");
    let report = fs::read_to_string(round.join("report.html")).unwrap();
    assert!(report.contains("沿用2026-09-30的数据"), "the banner says as of when");

    let deliveries = table(&round, "deliveries");
    let held: Vec<usize> = (0..deliveries.rows()).filter(|i| deliveries.str_at("state", *i) == Some("held")).collect();
    assert_eq!(held.len(), 1);
    assert_eq!(deliveries.str_at("source", held[0]), Some("water_household"));
    let refused: BTreeSet<&str> = (0..deliveries.rows())
        .filter(|i| deliveries.str_at("state", *i) == Some("refused"))
        .filter_map(|i| deliveries.str_at("source", i))
        .collect();
    assert_eq!(refused, BTreeSet::from(["housing_appraisal", "income_survey", "school_dropout", "temporary_relief"]));
    let kept = deliveries.str_at("sha256", held[0]).unwrap();
    assert!(out.join(format!("deliveries/{kept}.csv")).is_file(), "what is held is kept too");

    // The same again is the same, byte by byte, and no case is new (19).
    let bytes = tree(&out.join("rounds"));
    assert_eq!(run(&pipeline(), &inbox, &out, LATER).0, 65);
    assert!(bytes == tree(&out.join("rounds")));

    // A person releases what was held; the ledger remembers it.
    let (code, _, err) = accept(&inbox, &out, "water_household");
    assert_eq!(code, 65, "the others are still broken: {err}");
    assert_eq!(states(&round)["water_household"], ("delivered".into(), LATER.into()));
    assert!(table(&round, "records_water_household").rows() < before_rows / 2);
    assert_eq!(run(&pipeline(), &inbox, &out, LATER).0, 65);
    assert_eq!(states(&round)["water_household"], ("delivered".into(), LATER.into()));
    let (code, _, err) = accept(&inbox, &out, "water_houshold");
    assert!(code == 64 && err.contains("water_household"), "{err}");
}

/// A number of nobody in the sample, with its check character.
pub fn number(serial: &str) -> String {
    let body = format!("99012119301230{serial}");
    let weights = [7u32, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(c, w)| u32::from(c - b'0') * w).sum();
    format!("{body}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

/// Every row that is kept out or doubtful: (source, file, sheet, row, code, field).
pub fn open(round: &Path) -> BTreeSet<(String, String, String, i64, String, String)> {
    let mut all = BTreeSet::new();
    for (name, field) in [("rejects", None), ("findings", Some("field"))] {
        let t = table(round, name);
        for i in 0..t.rows() {
            let text = |c: &str| t.str_at(c, i).unwrap_or("").to_string();
            let field = field.map(text).unwrap_or_default();
            all.insert((text("source"), text("file"), text("sheet"), t.integer("row").value(i), text("code"), field));
        }
    }
    all
}

/// A copy of a receipt in which the `更正` cells of some rows are filled in; gives back which rows.
pub fn fill(receipt: &Path, to: &Path, heading: &str, values: &[&str]) -> BTreeSet<(String, String, i64)> {
    use calamine::{Data, Reader};
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(receipt).unwrap();
    let mut copy = rust_xlsxwriter::Workbook::new();
    let mut done = BTreeSet::new();
    let mut left = values.iter();
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).unwrap();
        let sheet = copy.add_worksheet().set_name(&name).unwrap();
        let rows: Vec<Vec<String>> = range
            .rows()
            .map(|r| r.iter().map(|c| if matches!(c, Data::Empty) { String::new() } else { c.to_string() }).collect())
            .collect();
        let heads = rows.iter().position(|r| r.iter().any(|c| c == "回执编号"));
        for (r, cells) in rows.iter().enumerate() {
            let mut cells = cells.clone();
            if let Some(h) = heads.filter(|h| r > *h) {
                let at = |title: &str| rows[h].iter().position(|c| c == title);
                let (fill, code) = (at(&format!("更正：{heading}")), at("问题代码").unwrap());
                let wrong = cells[code].contains("id_number.");
                if let Some((fill, value)) = fill.filter(|_| wrong).and_then(|fill| Some((fill, left.next()?))) {
                    cells[fill] = (*value).to_string();
                    let place = |t: &str| cells[at(t).unwrap()].clone();
                    done.insert((place("文件"), place("工作表"), place("行号").parse().unwrap()));
                }
            }
            for (c, cell) in cells.iter().enumerate().filter(|(_, v)| !v.is_empty()) {
                sheet.write_string(r as u32, c as u16, cell).unwrap();
            }
        }
    }
    copy.save(to).unwrap();
    done
}

#[test]
fn a_corrected_receipt_dropped_back_heals_exactly_its_rows() {
    let dir = scratch("receipt");
    let (inbox, out) = (dir.join("inbox"), dir.join("out"));
    copy_tree(&root().join("sample-data"), &inbox);
    assert_eq!(run(&pipeline(), &inbox, &out, AS_OF).0, 0);
    let round = out.join("rounds/2026Q3");
    let before = open(&round);
    let receipt = round.join("数据质量回执/民政局_农村低保发放名册.xlsx");
    assert!(receipt.is_file(), "{:?}", fs::read_dir(round.join("数据质量回执")).map(|d| d.count()));
    let numbers = [number("991"), number("993")];
    let numbers = [numbers[0].as_str(), numbers[1].as_str()];
    let back = inbox.join("民政/农村低保发放名册（回执改好了）.xlsx");
    let rows = fill(&receipt, &back, "户主身份证号", &numbers);
    assert_eq!(rows.len(), 2, "the sample has such rows");

    let (code, _, err) = run(&pipeline(), &inbox, &out, AS_OF);
    assert_eq!(code, 0, "{err}");
    let after = open(&round);
    let of_rows = |o: &&(String, String, String, i64, String, String)| {
        o.0 == "dibao" && rows.contains(&(o.1.clone(), o.2.clone(), o.3)) && o.5 == "id_number"
    };
    let healed: BTreeSet<_> = before.difference(&after).collect();
    assert!(!healed.is_empty() && healed.iter().all(&of_rows), "{healed:?}");
    assert_eq!(before.iter().filter(of_rows).count(), healed.len(), "all of them are healed");
    // A number that is right may now stand against the record's other cells or persons; no other row is touched.
    assert!(after.difference(&before).all(|o| o.0 == "dibao" && rows.contains(&(o.1.clone(), o.2.clone(), o.3))));
    let corrections = table(&round, "corrections");
    assert_eq!(corrections.rows(), 2);
    assert!((0..2).all(|i| numbers.contains(&corrections.str_at("corrected", i).unwrap())));
    assert_eq!(manifest(&round)["sums_close"], true);

    // The receipt counts as long as its delivery is in use, here or not; the same run gives the same bytes.
    let bytes = tree(&round);
    fs::remove_file(&back).unwrap();
    assert_eq!(run(&pipeline(), &inbox, &out, AS_OF).0, 0);
    assert!(bytes == tree(&round), "what was taken over once is remembered");
}
