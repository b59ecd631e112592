//! Which files belong to a source.

use super::*;
use crate::diag::{FailureClass, Severity};

fn found(patterns: &[&str], names: &[&str]) -> (Vec<String>, Vec<(&'static str, String)>) {
    let dir = TempDir::new().unwrap();
    for name in names {
        put(&dir, name, if name.contains("空") { "" } else { "x" });
    }
    let mut source = people(Format::Csv);
    source.files = patterns.iter().map(|p| p.to_string()).collect();
    let found = find_files(&source, dir.path()).unwrap();
    let files = found.files.into_iter().map(|f| f.relative).collect();
    let notes = found.notes.into_iter();
    (files, notes.map(|n| (n.code, n.place.file.unwrap())).collect())
}

#[test]
fn globs_stay_in_their_folder_and_files_come_in_path_order() {
    let (files, notes) = found(
        &["线下排查/*线下排查表.xlsx"],
        &[
            "线下排查/清溪镇线下排查表.XLSX",
            "线下排查/云岭镇线下排查表.xlsx",
            "线下排查/旧/云岭镇线下排查表.xlsx",
            "云岭镇线下排查表.xlsx",
        ],
    );
    assert_eq!(files, ["线下排查/云岭镇线下排查表.xlsx", "线下排查/清溪镇线下排查表.XLSX"]);
    assert!(notes.is_empty());
}

#[test]
fn lock_files_hidden_files_and_empty_files_are_named_and_left_out() {
    let (files, notes) = found(
        &["民政/*.xlsx"],
        &["民政/~$台账.xlsx", "民政/.台账.xlsx", "民政/空.xlsx", "民政/台账.xlsx", "公安/~$台账.xlsx"],
    );
    assert_eq!(files, ["民政/台账.xlsx"]);
    let expected = [
        ("ingest.left_out", "民政/.台账.xlsx"),
        ("ingest.left_out", "民政/~$台账.xlsx"),
        ("ingest.empty_file", "民政/空.xlsx"),
    ];
    assert_eq!(notes, expected.map(|(c, f)| (c, f.to_string())));
}

#[test]
fn brackets_of_an_export_name_and_a_file_matched_twice() {
    let (files, _) = found(
        &["乡村振兴/（自定义）监测对象信息*.xlsx", "**/*信息 (22).xlsx"],
        &["乡村振兴/（自定义）监测对象信息 (22).xlsx"],
    );
    assert_eq!(files, ["乡村振兴/（自定义）监测对象信息 (22).xlsx"]);
}

#[test]
fn nothing_found_is_no_failure_and_a_bad_pattern_or_folder_is() {
    assert_eq!(found(&["a/*.csv"], &["b/a.csv"]), (vec![], vec![]));
    let dir = TempDir::new().unwrap();
    let mut source = people(Format::Csv);
    let missing = find_files(&source, &dir.path().join("missing")).unwrap_err();
    assert_eq!(missing.class, FailureClass::Io);
    source.files = vec!["a/[".into(), "b/{".into()];
    let bad = find_files(&source, dir.path()).unwrap_err();
    assert_eq!((bad.class, bad.problems.len()), (FailureClass::Pipeline, 2));
    assert_eq!(bad.problems[0].severity, Severity::Error);
}
