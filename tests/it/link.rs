//! `bidui link` on plain files about people: every row ends in one state, the same bytes on any number of threads, and
//! what is wrong with files and model is told.

use std::fs;
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::support::{bidui, outcome, root, scratch};

const MODEL: &str = "pipelines/shared/models/person-cn.toml";

/// A number with a right check digit.
fn number(sequence: u32, birth: &str) -> String {
    let body = format!("990121{birth}{sequence:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(b, w)| u32::from(b - b'0') * w).sum();
    format!("{body}{}", b"10X98765432"[(sum % 11) as usize] as char)
}

/// A register of 400 and records: exact ones, one with a wrong digit, one without anybody, one line of bad bytes.
fn files(dir: &Path) -> (PathBuf, PathBuf) {
    let surnames = ["张", "王", "李", "赵", "陈", "刘", "杨", "黄"];
    let given = ["建国", "秀英", "志强", "桂兰", "晓东", "玉梅", "国庆", "丽华", "文斌", "春燕"];
    let (mut left, mut right) = (String::from("编号,户号,姓名,公民身份号码,出生日期,村代码\n"), String::new());
    right.push_str("记录号,姓名,身份证号,出生日期\n");
    for i in 0..400_u32 {
        let name = format!("{}{}", surnames[(i % 8) as usize], given[(i / 8 % 10) as usize]);
        let day = format!("19{:02}-{:02}-{:02}", 40 + i % 50, 1 + i % 12, 1 + i % 28);
        let id = number(i, &day.replace('-', ""));
        left.push_str(&format!("P{i},{},{name},{id},{day},990121001{:03}\n", i / 4, i % 30));
        let sent = match i {
            7 => format!("{}{}{}", &id[..10], (id.as_bytes()[10] - b'0' + 1) % 10, &id[11..]),
            _ => id,
        };
        if i % 2 == 1 {
            right.push_str(&format!("R{i},{name},{sent},{day}\n"));
        }
    }
    right.push_str(&format!("R900,欧阳无名,{},1933-03-03\n", number(900, "19330303")));
    let mut bytes = right.into_bytes();
    bytes.extend(b"R901,\xff\xfe,1,2\n");
    fs::write(dir.join("register.csv"), left).unwrap();
    fs::write(dir.join("records.csv"), bytes).unwrap();
    (dir.join("register.csv"), dir.join("records.csv"))
}

fn link(left: &Path, right: &Path, more: &[&str]) -> (i32, serde_json::Value, String) {
    let (code, out, errors) =
        outcome(bidui().arg("link").arg(left).arg(right).args(["--model", MODEL, "--json"]).args(more));
    (code, serde_json::from_str(&out).unwrap_or_default(), errors)
}

#[test]
fn every_row_ends_in_one_state_and_the_bytes_are_the_same_on_any_number_of_threads() {
    let dir = scratch("link-plain");
    let (left, right) = files(&dir);
    let mut written = Vec::new();
    for (threads, name) in [("1", "a"), ("2", "b"), ("2", "c")] {
        let out = dir.join(format!("{name}.parquet"));
        let out = out.to_str().unwrap();
        let (code, report, errors) = link(&left, &right, &["--ids", "编号,记录号", "--out", out, "--threads", threads]);
        assert_eq!(code, 0, "{errors}");
        assert_eq!(report["rows"], serde_json::json!([400, 201]));
        assert_eq!(report["set_aside"], serde_json::json!([0, 1]), "the line of bad bytes is told");
        let states = report["states"].as_object().unwrap();
        assert_eq!(states.values().map(|n| n.as_u64().unwrap()).sum::<u64>(), 201);
        assert_eq!((&states["linked"], &states["unlinked"]), (&200.into(), &1.into()), "{report}");
        written.push(fs::read(out).unwrap());
    }
    assert!(written[0] == written[1] && written[1] == written[2]);
    let file = fs::File::open(dir.join("a.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let names: Vec<&str> = reader.schema().fields().iter().map(|f| f.name().as_str()).collect();
    for column in ["left_id", "right_id", "status", "rank", "match_weight", "number_level", "number_weight", "evidence"]
    {
        assert!(names.contains(&column), "{names:?}");
    }
    let rows: usize = reader.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert!(rows >= 201, "every record of the right side is in the table");
}

#[test]
fn a_heading_that_is_not_there_is_told_with_those_that_are() {
    let dir = scratch("link-headings");
    let (left, right) = files(&dir);
    let (code, _, errors) = link(&left, &right, &["--ids", "编号,记录编号"]);
    assert_eq!(code, 65);
    assert!(errors.contains("link.missing_id") && errors.contains("did you mean `记录号`"), "{errors}");
    let model = fs::read_to_string(root().join(MODEL)).unwrap();
    let own = dir.join("own.toml");
    let (before, _) = model.split_once("[columns.number]").unwrap();
    let columns =
        "[columns.number]\nleft = [\"公民身份号码\"]\nright = [\"身份证号码\"]\n[columns.name]\nboth = [\"姓名\"]\n";
    fs::write(&own, format!("{before}{columns}")).unwrap();
    let (code, _, errors) =
        outcome(bidui().arg("link").arg(&left).arg(&right).args(["--model", own.to_str().unwrap()]));
    assert_eq!(code, 65);
    assert!(errors.contains("link.missing_column") && errors.contains("姓名, 身份证号, 出生日期"), "{errors}");
}

#[test]
fn bad_input_is_told_before_anything_is_linked() {
    let dir = scratch("link-bad");
    let (left, right) = files(&dir);
    let out = dir.join("links.parquet");
    let wrong = |name: &str, text: &str| {
        let path = dir.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let told = |left: &Path, right: &Path, more: &[&str]| {
        let (code, _, errors) = link(left, right, &[more, &["--out", out.to_str().unwrap()]].concat());
        assert!(!errors.contains("panicked"), "{errors}");
        (code, errors)
    };
    let headings = "记录号,姓名,身份证号,出生日期\n";
    let empty = wrong("empty.csv", headings);
    let (code, errors) = told(&left, &empty, &[]);
    assert!(code == 66 && errors.contains("link.empty_side"), "{code} {errors}");
    let twice = wrong("twice.csv", &format!("{headings}R1,张建国,,1941-02-02\nR2,王秀英,,\nR1,李志强,,\n"));
    let (code, errors) = told(&left, &twice, &["--ids", "编号,记录号"]);
    assert!(code == 65 && errors.contains("link.duplicate_keys") && errors.contains("rows 2 and 4"), "{code} {errors}");
    let (code, errors) = told(&left, &left, &[]);
    assert!(code == 65 && errors.contains("link.same_file"), "{code} {errors}");
    let (code, errors) = told(&left, &right, &["--dedupe"]);
    assert!(code == 64 && errors.contains("usage.files"), "{code} {errors}");
    assert!(!out.exists(), "nothing is written for what was refused");
    // No birth date anywhere and nobody of this county: warnings, and the records are in the table all the same.
    let strangers = wrong("strangers.csv", &format!("{headings}R1,欧阳无名,,\nR2,司马无名,,\n"));
    let (code, report, _) = link(&left, &strangers, &["--out", out.to_str().unwrap()]);
    let told = report["problems"].to_string();
    assert!(code == 0 && told.contains("link.empty_column") && told.contains("link.blocking_nothing"), "{told}");
    assert!(out.exists());
}

#[test]
fn known_pairs_measure_and_decisions_go_first() {
    let dir = scratch("link-known");
    let (left, right) = files(&dir);
    let truth = dir.join("truth.csv");
    let rows: String = (0..400).filter(|i| i % 2 == 1).map(|i| format!("P{i},R{i},clean\n")).collect();
    fs::write(&truth, format!("left_id,right_id,kind\n{rows}")).unwrap();
    let ids = ["--ids", "编号,记录号"];
    let (code, report, errors) = link(&left, &right, &[&ids[..], &["--evaluate", truth.to_str().unwrap()]].concat());
    assert_eq!(code, 0, "{errors}");
    let linked = &report["measured"]["evaluation"]["linked"];
    assert_eq!((&linked["right"], &linked["truth"]), (&200.into(), &200.into()), "{report}");

    let decisions = dir.join("decisions.csv");
    fs::write(&decisions, "left_id,right_id,decision\nP3,R3,different\nP2,R900,same\n").unwrap();
    let saved = dir.join("fitted.toml");
    let more = ["--decisions", decisions.to_str().unwrap(), "--save-model", saved.to_str().unwrap()];
    let (code, report, errors) = link(&left, &right, &[&ids[..], &more].concat());
    assert_eq!(code, 0, "{errors}");
    assert_eq!((&report["states"]["linked"], &report["passes"]["decision"]), (&200.into(), &1.into()), "{report}");
    let (code, out, errors) = outcome(bidui().arg("link").arg(&left).arg(&right).args(ids).args([
        "--model",
        saved.to_str().unwrap(),
        "--json",
    ]));
    assert_eq!(code, 0, "{errors}");
    let again: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(again["states"]["linked"], 200, "a saved model links without being fitted");
}
