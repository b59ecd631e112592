//! Forms that come back late: of an earlier round, of a run that was replaced, with another township's rows in them, and after a
//! reminder was sent. A small county over two quarters; nothing of an old question is answered by mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use bidui::cases::forms::FormKind;
use bidui::cases::ledger::Ledger;
use bidui::run::forms::{ExportOptions, ImportedFile, export};
use bidui::run::{Options, run};
use bidui::synth::{self, Dirt};
use serde_json::Value;

use super::book::Book;
use super::support::{bring_in, root, scratch};

/// A county's two quarters and the office's folder.
struct Late {
    county: PathBuf,
    out: PathBuf,
}

impl Late {
    fn new(name: &str, households: usize) -> Late {
        let (county, out) = (scratch(&format!("{name}-county")), scratch(name));
        let as_of = "2026-03-31".parse().unwrap();
        synth::year(&synth::Options { households, seed: 9, dirt: Dirt::None, as_of }, 2, &county).unwrap();
        Late { county, out }
    }

    /// A round on a day with what was delivered on another; gives the forms that went out with it.
    fn run(&self, day: &str, delivered: &str) -> Vec<PathBuf> {
        let pipeline = root().join("pipelines/quarterly");
        let (plan, _) = bidui::plan::load(&pipeline);
        let options = Options {
            pipeline,
            input: self.county.join(delivered),
            out: self.out.clone(),
            as_of: Some(day.parse().unwrap()),
            accept: plan.unwrap().sources.iter().map(|s| s.id.clone()).collect(),
            fresh: false,
            memory: None,
        };
        let dir = run(&options, &|_| {}).unwrap().dir.join("核实表");
        let mut forms: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
        forms.sort();
        forms
    }

    fn import(&self, files: Vec<PathBuf>, day: &str) -> Vec<ImportedFile> {
        bring_in(&self.out, files, day).files
    }

    /// Keeps forms as they are now, every row answered with a no: the next run of the round writes over the workbooks.
    fn filled(&self, forms: &[PathBuf], day: &str) -> Vec<PathBuf> {
        let filled = forms.iter().enumerate().map(|(n, form)| {
            let mut book = Book::read(form);
            for (sheet, row) in book.rows() {
                book.answer(sheet, row, "不属实");
                book.set(sheet, row, "核实日期", day);
            }
            let path = self.out.join(format!("交回-{day}-{n}.xlsx"));
            book.write(&path);
            path
        });
        filled.collect()
    }

    fn states(&self) -> BTreeMap<u32, String> {
        Ledger::open(&self.out).unwrap().cases().unwrap().into_iter().map(|c| (c.case, c.state)).collect()
    }

    fn case_of(&self, token: &str) -> u32 {
        Ledger::open(&self.out).unwrap().form_tokens().unwrap()[token].0.unwrap()
    }
}

/// Token, state and codes of every row of a receipt.
fn rows(file: &ImportedFile) -> Vec<(String, String, String)> {
    let path = file.receipt.as_ref().unwrap().with_extension("json");
    let receipt: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_string();
    let codes = |row: &Value| row["codes"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join(" ");
    let all = receipt["rows"].as_array().unwrap().iter();
    all.map(|r| (text(&r["token"]), text(&r["state"]), codes(r))).collect()
}

/// Old answers come in: each is taken where its question still stands, else refused with the reason, and its case stays as it was.
fn comes_late(office: &Late, files: Vec<PathBuf>, day: &str, reason: &str) {
    let before = office.states();
    let imported = office.import(files, day);
    let (mut taken, mut refused) = (0, 0);
    for file in &imported {
        assert_eq!(file.state, "imported");
        let mut all = true;
        for (token, state, codes) in rows(file) {
            let case = office.case_of(&token);
            match state.as_str() {
                "answered" => {
                    assert_eq!(office.states()[&case], "false_alarm");
                    taken += 1;
                }
                "refused" => {
                    assert!(["answer.outdated", "case.not_now"].contains(&codes.as_str()), "{token}: {codes}");
                    assert_eq!(office.states()[&case], before[&case], "{token}: a refused answer moves nothing");
                    refused += 1;
                    all = false;
                }
                other => panic!("{token} is {other}: {codes}"),
            }
        }
        assert_eq!(file.complete, all, "complete only when every answer was taken");
    }
    assert!(taken > 0 && refused > 0, "{reason}: {taken} taken, {refused} come too late");
}

#[test]
fn an_earlier_rounds_form_answers_only_what_has_not_changed() {
    let office = Late::new("late-round", 120);
    let old = office.run("2026-03-31", "2026-03-31");
    let filled = office.filled(&old, "2026-04-20");
    office.run("2026-06-30", "2026-06-30");
    comes_late(&office, filled, "2026-07-05", "another round");
}

#[test]
fn a_form_of_a_run_that_was_replaced_answers_only_what_is_still_asked_so() {
    let office = Late::new("late-run", 120);
    let old = office.run("2026-03-31", "2026-03-31");
    let filled = office.filled(&old, "2026-04-20");
    // Corrected deliveries come in, and the same round is made again.
    office.run("2026-03-31", "2026-06-30");
    comes_late(&office, filled, "2026-04-25", "the same round once more");
}

#[test]
fn a_reminder_asks_what_is_open_and_the_first_form_still_counts() {
    let office = Late::new("late-reminder", 200);
    let forms = office.run("2026-03-31", "2026-03-31");
    let (first, second) = (Book::read(&forms[0]), Book::read(&forms[1]));
    // Two rows are answered; another township's row is pasted below them.
    let mut book = first.clone();
    let own = book.rows();
    for (sheet, row) in &own[..2] {
        book.answer(*sheet, *row, "不属实");
        book.set(*sheet, *row, "核实日期", "2026-04-10");
    }
    let (sheet, row) = second.rows()[0];
    let mut strange = second.sheets[sheet].grid[row].clone();
    let token = second.token(sheet, row);
    let at = second.sheets[sheet].column("核实结果").unwrap();
    strange[at] = "不属实".into();
    let (own_sheet, _) = own[0];
    let last = own.iter().filter(|(s, _)| *s == own_sheet).map(|(_, r)| *r).max().unwrap();
    book.sheets[own_sheet].grid.insert(last + 1, strange);
    let path = office.out.join("混表.xlsx");
    book.write(&path);
    let before = office.states();
    let files = office.import(vec![path], "2026-04-12");
    let foreign: Vec<String> = rows(&files[0]).into_iter().filter(|r| r.1 == "foreign").map(|r| r.0).collect();
    assert_eq!(foreign, std::slice::from_ref(&token), "the other township's row is told apart");
    let case = office.case_of(&token);
    assert_eq!(office.states()[&case], before[&case], "and answers nothing");
    assert!(!files[0].complete);

    // The reminder has what is open and nothing else.
    let sent = export(&ExportOptions {
        pipeline: root().join("pipelines/quarterly"),
        out: office.out.clone(),
        kind: "verify".into(),
        to: None,
        on: Some("2026-04-15".parse().unwrap()),
    })
    .unwrap();
    let open = office.states().values().filter(|s| matches!(s.as_str(), "to_verify" | "identity_unclear")).count();
    assert_eq!(sent.rows, open);
    let asked: BTreeSet<String> = sent.files.iter().map(|f| Book::read(f)).flat_map(|b| tokens(&b)).collect();
    assert_eq!(asked.len(), open);
    assert!(asked.contains(&token) && own[..2].iter().all(|(s, r)| !asked.contains(&first.token(*s, *r))));
    let parts = Book::read(&sent.files[0]);
    let said: Vec<&String> = parts.sheets.iter().flat_map(|s| s.grid.iter().flatten()).collect();
    assert!(said.iter().any(|t| t.contains("数据截至：2026-03-31")), "the data are as old as they are: {said:?}");

    // The first form comes in after all, whole: what it answers need not be answered again.
    let filled = office.filled(&forms[..1], "2026-04-16");
    let files = office.import(filled, "2026-04-18");
    assert!(files[0].complete, "{:?}", rows(&files[0]));
    let ledger = Ledger::open(&office.out).unwrap();
    let reminders = ledger.forms().unwrap().into_iter().filter(|f| f.issued_on == "2026-04-15");
    let township = ledger.form(files[0].form.as_ref().unwrap()).unwrap().unwrap().township.unwrap();
    for form in reminders.filter(|f| f.kind == FormKind::Verify.code()) {
        assert_eq!(form.answered == form.rows, form.township == township, "{form:?}");
    }
}

fn tokens(book: &Book) -> Vec<String> {
    book.rows().into_iter().map(|(sheet, row)| book.token(sheet, row)).collect()
}
