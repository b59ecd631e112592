//! Faults of forms that come back (27–29).

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::book::Book;
use super::super::support::{bidui, outcome};
use super::{FIRST, Office, SECOND};

const ON: &str = "2026-10-12";

fn form(office: &Office, day: &str) -> PathBuf {
    fs::read_dir(office.round(day).join("核实表")).unwrap().next().unwrap().unwrap().path()
}

/// The form of the first night with every row answered, and its rows.
fn answered(office: &Office) -> (Book, Vec<(usize, usize)>) {
    let mut book = Book::read(&form(office, FIRST));
    let rows = book.rows();
    assert!(rows.len() > 2, "a form to speak of");
    rows.iter().for_each(|(s, r)| book.answer(*s, *r, "不属实"));
    (book, rows)
}

fn import(office: &Office, files: &[&Path]) -> Vec<Value> {
    let mut command = bidui();
    command.args(["forms", "import", "--json", "--on", ON, "--pipeline"]).arg(office.dir.join("pipelines/nightly"));
    let (_, json, err) = outcome(command.arg("--out").arg(office.out()).args(files));
    let read: Value = serde_json::from_str(&json).unwrap_or_else(|_| panic!("{json} {err}"));
    read["files"].as_array().unwrap().clone()
}

fn counts(file: &Value, of: [&str; 3]) -> [u64; 3] {
    of.map(|state| file["counts"][state].as_u64().unwrap_or_else(|| panic!("{state} of {file}")))
}

fn verified(office: &Office) -> usize {
    let mut command = bidui();
    command
        .args(["cases", "list", "--all", "--json", "--on", ON, "--pipeline"])
        .arg(office.dir.join("pipelines/nightly"));
    let (code, json, err) = outcome(command.arg("--out").arg(office.out()));
    assert_eq!(code, 0, "{err}");
    let cases: Value = serde_json::from_str(&json).unwrap();
    cases.as_array().unwrap().iter().filter(|c| c["state"] == "false_alarm").count()
}

#[test]
fn fault_27_rows_deleted() {
    let office = Office::after("rows-deleted");
    let (mut book, rows) = answered(&office);
    let (sheet, row) = *rows.last().unwrap();
    book.sheets[sheet].grid.remove(row);
    let file = office.dir.join("交回.xlsx");
    book.write(&file);
    let files = import(&office, &[&file]);
    let n = rows.len() as u64;
    assert_eq!(counts(&files[0], ["issued", "answered", "missing"]), [n, n - 1, 1], "{}", files[0]);
    assert_eq!(files[0]["complete"], false, "a receipt never says complete when a row is gone");
    assert_eq!(verified(&office), rows.len() - 1, "its case stays open");
}

#[test]
fn fault_28_sorted_added_to_edited_and_moved() {
    let office = Office::after("rows-moved");
    let (mut book, rows) = answered(&office);
    let (sheet, first) = rows[0];
    book.set(sheet, first, "户主", "别人");
    let grid = &mut book.sheets[sheet].grid;
    let last = rows.iter().filter(|(s, _)| *s == sheet).map(|(_, r)| *r).max().unwrap();
    grid[first..=last].reverse();
    // The first two columns change places, headings and all.
    for line in grid[first - 1..=last].iter_mut() {
        let width = line.len().max(2);
        line.resize_with(width, String::new);
        line.swap(0, 1);
    }
    grid.insert(first, Vec::new());
    for (heading, said) in [("户主", "新报户"), ("实际风险", "因病"), ("情况说明", "大病"), ("核实人", "王干部")]
    {
        book.set(sheet, first, heading, said);
    }
    let file = office.dir.join("交回.xlsx");
    book.write(&file);
    let files = import(&office, &[&file]);
    let n = rows.len() as u64;
    assert_eq!(counts(&files[0], ["answered", "altered", "new"]), [n, 0, 1], "{}", files[0]);
    assert_eq!(files[0]["counts"]["with_changes"].as_u64(), Some(1), "the edited cell is shown: {}", files[0]);
    assert_eq!(verified(&office), rows.len(), "each answer reached its own case");
}

#[test]
fn fault_29_another_round_another_office_two_versions() {
    let office = Office::after("versions");
    let (book, rows) = answered(&office);
    // The next night's round is out already: the answers go where they were asked.
    assert_eq!(office.night(SECOND).0, 0);
    let one = office.dir.join("一.xlsx");
    book.write(&one);
    let files = import(&office, &[&one]);
    assert_eq!(counts(&files[0], ["answered", "conflict", "foreign"]), [rows.len() as u64, 0, 0], "{}", files[0]);
    assert_eq!(verified(&office), rows.len());
    // A second version that says something else is for a person, not the last to win.
    let (mut other, _) = answered(&office);
    other.answer(rows[0].0, rows[0].1, "属实");
    let two = office.dir.join("二.xlsx");
    other.write(&two);
    let files = import(&office, &[&two]);
    assert_eq!(counts(&files[0], ["answered", "conflict", "foreign"]), [0, 1, 0], "{}", files[0]);
    assert_eq!(verified(&office), rows.len(), "the case is where the first answer put it");
    // A form that this ledger never issued.
    let mut strange = book.clone();
    for cell in strange.sheets.iter_mut().flat_map(|s| s.grid.iter_mut().flatten()) {
        if bidui::model::token::is_row(cell) {
            *cell = bidui::model::token::row(&["another office", cell], 0);
        } else if let Some(form) = bidui::model::token::form_within(cell) {
            *cell = cell.replace(&form, &bidui::model::token::form(&["another office"]));
        }
    }
    let three = office.dir.join("三.xlsx");
    strange.write(&three);
    let files = import(&office, &[&three]);
    assert_eq!(
        (files[0]["state"].as_str(), files[0]["problems"][0]["code"].as_str()),
        (Some("refused"), Some("forms.unknown"))
    );
}
