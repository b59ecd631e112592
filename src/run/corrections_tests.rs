//! Receipts on their way out and back: rows in, a receipt; the receipt filled in, corrected rows out.

use std::collections::BTreeMap;
use std::fs;

use tempfile::TempDir;

use super::corrections::{Applied, Receipt, Rows, apply};
use super::receipts::{Read, ToCorrect, to_correct};
use crate::cases::ledger::{KeptFile, digest};
use crate::codes::Codes;
use crate::ingest::{self, Delivery, InputFile, RawRows};
use crate::model::receipt::{CORRECT, KEY, MARKER, ROWS};
use crate::model::{CellKind, Disposition};
use crate::normalize::{self, Normalized};
use crate::plan::{Field, FieldKind, Plan, Role, Source, sample};
use crate::publish::workbook::{self, receipt as paper};

const ROSTER: &str = "姓名,证号,金额,备注\n王甲,990121199001011232,10,\n李乙,990121199001011233,abc,=1+1\n,,5,谁\n李乙,990121199001011233,abc,=1+1\n赵丙,990121199001011232,1,2,3\n";

fn source() -> Source {
    let field =
        |name: &str, heading: &str, kind, role| Field { heading: heading.into(), role, ..sample::field(name, kind) };
    Source {
        title: "名册".into(),
        department: "民政局".into(),
        fold_duplicates: true,
        ..sample::source(
            "roster",
            vec![
                field("name", "姓名", FieldKind::Name, Some(Role::Name)),
                field("id_number", "证号", FieldKind::IdNumber, Some(Role::IdNumber)),
                field("amount", "金额", FieldKind::Money, None),
                field("note", "备注", FieldKind::Text, None),
            ],
        )
    }
}

struct Round {
    dir: TempDir,
    source: Source,
    files: Vec<KeptFile>,
    text: String,
}

struct After {
    normalized: Normalized,
    rejects: Vec<crate::model::Reject>,
    applied: Applied,
    to_correct: ToCorrect,
    read: u64,
}

impl Round {
    fn new(text: &str) -> Round {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.csv"), text).unwrap();
        let (sha256, bytes) = super::manifest::hash_file(&dir.path().join("a.csv")).unwrap();
        let files = vec![KeptFile { path: "民政/a.csv".into(), sha256, bytes }];
        Round { dir, source: source(), files, text: text.into() }
    }

    fn digest(&self) -> String {
        digest(self.files.iter().map(|f| f.sha256.as_str()))
    }

    fn deliver(&self) -> Delivery {
        let path = self.dir.path().join("a.csv");
        assert_eq!(fs::read_to_string(&path).unwrap(), self.text);
        ingest::read(&self.source, &[InputFile { relative: "民政/a.csv".into(), path }])
    }

    /// Reads, corrects and normalises; every row read is somewhere.
    fn run(&self, receipts: &[Receipt]) -> After {
        let delivery = self.deliver();
        assert!(delivery.refused.is_empty(), "{:?}", delivery.problems);
        let read = delivery.read;
        let mut rows = Rows { raw: delivery.rows.table().unwrap(), rejects: delivery.rejects };
        let applied = apply(&self.source, &mut rows, &self.files, &self.digest(), receipts);
        let normalized = normalize::records(&self.source, &rows.raw, &Codes::default(), "2026-09-30".parse().unwrap());
        let mut rejects = rows.rejects;
        rejects.extend(normalized.rejects.iter().cloned());
        rejects.sort_by(|a, b| a.at.cmp(&b.at));
        let data = rejects.iter().filter(|r| r.disposition != Disposition::NotData).count() as u64;
        assert_eq!(read, normalized.records.rows() as u64 + data, "rows in = accepted + quarantined + folded");
        let to_correct = to_correct(&Read {
            source: &self.source,
            rows: &RawRows::of(rows.raw),
            delivered: &applied.delivered,
            rejects: &rejects,
            findings: &normalized.findings,
            used: &normalized.used,
            files: &self.files,
        })
        .unwrap();
        After { normalized, rejects, applied, to_correct, read }
    }

    /// The receipt of a run as a workbook.
    fn issue(&self, after: &After) -> std::path::PathBuf {
        let plan = Plan { sources: vec![self.source.clone()], ..sample::plan() };
        let issue = workbook::Issue { plan: &plan, round: "2026Q3", as_of: "2026-09-30".parse().unwrap() };
        let path = self.dir.path().join("民政局_名册.xlsx");
        let delivery = self.digest();
        let receipt = paper::Receipt {
            source: &self.source,
            codes: &Codes::default(),
            state: "delivered",
            as_of: Some("2026-09-30".parse().unwrap()),
            delivery: &delivery,
            files: &[],
            counts: crate::model::SourceCounts { read: after.read, ..Default::default() },
            findings: after.normalized.findings.rows() as u64,
            corrected: 0,
            rows: &after.to_correct.rows,
            more: after.to_correct.more,
            rejects: &after.rejects,
            problems: &[],
        };
        paper::receipt(&issue, &receipt, &path).unwrap();
        path
    }

    /// The receipt as it comes back when somebody fills in these cells: row of the delivery, heading, value.
    fn fill(&self, after: &After, name: &str, cells: &[(u32, &str, &str)]) -> Receipt {
        let path = self.issue(after);
        let mut said = ingest::receipt::read(&path, name).unwrap();
        for (row, heading, value) in cells {
            let key = &after.to_correct.rows.iter().find(|r| r.at.row == *row).unwrap().key;
            let line = said.rows.iter_mut().find(|r| r.key == *key).unwrap();
            line.filled.push((heading.to_string(), value.to_string(), CellKind::Text));
        }
        let file = KeptFile { path: name.into(), sha256: format!("{:0>64}", name.len()), bytes: 1 };
        Receipt { file, here: true, rank: 0, said }
    }
}

fn names(after: &After) -> Vec<String> {
    let records = &after.normalized.records;
    (0..records.rows()).map(|i| records.str_at("name", i).unwrap_or("-").to_string()).collect()
}

fn kept_out(after: &After) -> Vec<(&str, u32)> {
    after.rejects.iter().map(|r| (r.code, r.at.row)).collect()
}

fn codes(after: &After) -> Vec<&str> {
    after.applied.problems.iter().map(|p| p.code).collect()
}

#[test]
fn the_receipt_lists_what_is_wrong_with_a_key_for_each_row() {
    let round = Round::new(ROSTER);
    let before = round.run(&[]);
    assert_eq!(kept_out(&before), [("row.no_identity", 4), ("row.duplicate", 5), ("row.width", 6)]);
    let rows: Vec<(u32, &str, Vec<&str>)> = before
        .to_correct
        .rows
        .iter()
        .map(|r| {
            (
                r.at.row,
                r.problems[0].code.as_str(),
                r.fields.iter().map(|f| round.source.fields[*f].heading.as_str()).collect(),
            )
        })
        .collect();
    // The gravest first; a row of another width may be filled in as a whole; the duplicate is only listed.
    let fields = |row: u32| rows.iter().find(|r| r.0 == row).map(|r| r.2.clone()).unwrap_or_default();
    assert_eq!(rows.iter().take(2).map(|r| r.0).collect::<Vec<_>>(), [4, 6], "{rows:?}");
    assert_eq!(fields(4), ["姓名", "证号"]);
    assert_eq!(fields(6), ["姓名", "证号", "金额", "备注"]);
    assert!(fields(3).contains(&"金额"), "{rows:?}");
    assert!(fields(5).is_empty(), "{rows:?}");

    let path = round.issue(&before);
    assert_eq!(ingest::receipt::looks(&path), ingest::receipt::Looks::Receipt);
    let said = ingest::receipt::read(&path, "r.xlsx").unwrap();
    assert_eq!((said.source.as_deref(), said.round.as_str()), (Some("roster"), "2026Q3"));
    assert_eq!(said.delivery, round.digest());
    assert_eq!(said.rows.len(), rows.len(), "every row has its key");
    assert_eq!(said.offered.len(), rows.len());
    assert!(said.rows.iter().all(|r| r.filled.is_empty()), "nothing is filled in yet");
    let formula = said.rows.iter().flat_map(|r| &r.originals).find(|(_, v)| v == "=1+1");
    assert!(formula.is_some(), "a text that looks like a formula stays a text");
}

#[test]
fn an_untouched_receipt_changes_nothing() {
    let round = Round::new(ROSTER);
    let before = round.run(&[]);
    let receipt = round.fill(&before, "r.xlsx", &[]);
    let after = round.run(&[receipt]);
    assert_eq!(kept_out(&after), kept_out(&before));
    assert_eq!(codes(&after), ["receipt.blank"]);
    assert!(after.applied.corrections.is_empty());
    assert!(after.applied.used.is_empty());
}

#[test]
fn corrections_heal_exactly_their_rows() {
    let round = Round::new(ROSTER);
    let before = round.run(&[]);
    let cells =
        [(4, "姓名", "周丁"), (3, "金额", "12.5"), (6, "姓名", "赵丙"), (6, "证号", "（空）"), (6, "金额", "1")];
    let receipt = round.fill(&before, "r.xlsx", &cells);
    let after = round.run(&[receipt]);
    assert!(codes(&after).is_empty(), "{:?}", after.applied.problems);
    assert_eq!(names(&after), ["王甲", "李乙", "周丁", "赵丙"], "in the order of the file");
    // The duplicate of a corrected row is still one: it was corrected with it.
    assert_eq!(kept_out(&after), [("row.duplicate", 5)]);
    assert_eq!(after.normalized.records.display_at("amount", 1).as_deref(), Some("12.5"));
    assert_eq!(
        after.normalized.records.str_at("note", 1),
        before.normalized.records.str_at("note", 1),
        "the rest stays"
    );
    let told: Vec<(u32, &str, Option<&str>, Option<&str>)> = after
        .applied
        .corrections
        .iter()
        .map(|c| (c.at.row, c.field.as_str(), c.raw.as_deref(), c.value.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (3, "amount", Some("abc"), Some("12.5")),
            (4, "name", None, Some("周丁")),
            (6, "amount", None, Some("1")),
            (6, "id_number", None, None),
            (6, "name", None, Some("赵丙")),
        ]
    );
    let open = |a: &After| -> Vec<(u32, String)> {
        let f = &a.normalized.findings;
        (0..f.rows())
            .map(|i| (f.integer("row").value(i) as u32, f.str_at("field", i).unwrap_or("").to_string()))
            .collect()
    };
    let mut expected = open(&before);
    expected.retain(|(row, field)| (*row, field.as_str()) != (3, "amount"));
    assert_eq!(open(&after), expected, "no other doubt went or came");
}

#[test]
fn a_second_receipt_shows_the_row_as_it_was_delivered() {
    let round = Round::new(ROSTER);
    let before = round.run(&[]);
    let first = round.fill(&before, "r.xlsx", &[(4, "姓名", "9"), (6, "姓名", "8")]);
    let after = round.run(std::slice::from_ref(&first));
    let again = after.to_correct.rows.iter().find(|r| r.at.row == 6).map(|r| r.whole.clone());
    if let Some(whole) = again {
        assert!(whole.is_some_and(|w| w.contains("丙")));
    }
    // What is still wrong can be corrected again on the next receipt, as an answer that differs from the first.
    let values = [(6, "备注", "补")].map(|(row, h, v)| (row, h, v)).into_iter();
    let listed = |row: &u32| after.to_correct.rows.iter().any(|r| r.at.row == *row);
    let values: Vec<(u32, &str, &str)> = values.filter(|(row, ..)| listed(row)).collect();
    let second = round.fill(&after, "second.xlsx", &values);
    let both = round.run(&[first, second]);
    assert!(!codes(&both).contains(&"receipt.changed_original"), "{:?}", both.applied.problems);
    assert_eq!(both.applied.corrections.len(), 2 + values.len());
}

#[test]
fn nothing_is_taken_from_a_row_that_does_not_stand_as_it_was_issued() {
    let round = Round::new(ROSTER);
    let before = round.run(&[]);
    let whole = round.fill(&before, "r.xlsx", &[(4, "姓名", "周丁"), (3, "金额", "7")]);
    let key = |row: u32| before.to_correct.rows.iter().find(|r| r.at.row == row).unwrap().key.clone();
    let changed = |change: &dyn Fn(&mut Receipt)| {
        let mut receipt = whole.clone();
        change(&mut receipt);
        let after = round.run(&[receipt]);
        let told: Vec<String> = codes(&after).iter().map(|c| c.to_string()).collect();
        (told, after.applied.corrections.len())
    };
    let row = |r: &Receipt, at: u32| r.said.rows.iter().position(|x| x.key == key(at)).unwrap();
    assert_eq!(changed(&|_| {}), (vec![], 2));
    // Sorted as a whole: rows are found by their keys.
    assert_eq!(changed(&|r| r.said.rows.reverse()), (vec![], 2));
    // Only the column with the keys was sorted, or a locked cell was edited.
    let swap = |r: &mut Receipt| {
        let (a, b) = (row(r, 3), row(r, 4));
        let (x, y) = (r.said.rows[a].key.clone(), r.said.rows[b].key.clone());
        (r.said.rows[a].key, r.said.rows[b].key) = (y, x);
    };
    let twice = "receipt.changed_original".to_string();
    assert_eq!(changed(&swap), (vec![twice.clone(), twice.clone()], 0));
    let edit = |r: &mut Receipt| {
        let at = row(r, 3);
        r.said.rows[at].originals[0].1 = "改".into();
    };
    assert_eq!(changed(&edit), (vec![twice], 1));
    let added = |r: &mut Receipt| {
        let at = row(r, 3);
        let mut new = r.said.rows[at].clone();
        new.key = "0000-0000-0000-0000".into();
        r.said.rows.push(new.clone());
        new.key = String::new();
        r.said.rows.push(new);
    };
    assert_eq!(changed(&added), (vec!["receipt.added_row".into(), "receipt.added_row".into()], 2));
    let removed = |r: &mut Receipt| {
        let at = row(r, 4);
        r.said.rows.remove(at);
    };
    assert_eq!(changed(&removed), (vec!["receipt.rows_missing".into()], 1));
    let grey = |r: &mut Receipt| {
        let at = row(r, 4);
        r.said.rows[at].filled.push(("金额".into(), "9".into(), CellKind::Text));
        r.said.rows[at].filled.push(("年龄".into(), "9".into(), CellKind::Text));
    };
    assert_eq!(changed(&grey), (vec!["receipt.not_offered".into(), "receipt.unknown_column".into()], 2));
}

#[test]
fn versions_that_contradict_each_other_wait_for_a_person() {
    let round = Round::new(ROSTER);
    let before = round.run(&[]);
    let one = round.fill(&before, "one.xlsx", &[(4, "姓名", "周丁"), (3, "金额", "7")]);
    let mut two = round.fill(&before, "twotwo.xlsx", &[(4, "姓名", "吴戊"), (3, "金额", "7")]);
    let after = round.run(&[one.clone(), two.clone()]);
    assert_eq!(codes(&after), ["receipt.contradictory"]);
    let place = &after.applied.problems[0].place;
    assert_eq!((place.file.as_deref(), place.field.as_deref()), (Some("one.xlsx"), Some("姓名")));
    assert!(after.applied.problems[0].message.contains("twotwo.xlsx"));
    assert_eq!(kept_out(&after), [("row.no_identity", 4), ("row.duplicate", 5), ("row.width", 6)]);
    assert_eq!(after.applied.corrections.len(), 1, "what they agree about is taken");
    two.rank = 3;
    let after = round.run(&[one, two]);
    assert!(codes(&after).is_empty(), "the accepted one counts");
    assert!(names(&after).contains(&"吴戊".to_string()));
}

#[test]
fn a_receipt_of_another_delivery_heals_nothing() {
    let round = Round::new(ROSTER);
    let before = round.run(&[]);
    let receipt = round.fill(&before, "r.xlsx", &[(4, "姓名", "周丁"), (3, "金额", "7")]);
    let next = Round::new(&ROSTER.replace("甲", "新"));
    let after = next.run(std::slice::from_ref(&receipt));
    assert_eq!(codes(&after), ["receipt.other_delivery"]);
    assert!(after.applied.problems[0].message.starts_with("2 "));
    assert!(after.applied.corrections.is_empty() && after.applied.used.is_empty());
    assert!(!after.applied.problems[0].is_error());
}

#[test]
fn only_the_cells_that_are_asked_for_can_be_written_in() {
    let round = Round::new(ROSTER);
    let before = round.run(&[]);
    let path = round.issue(&before);
    let part = |name: &str| {
        let mut archive = zip::ZipArchive::new(fs::File::open(&path).unwrap()).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name(name).unwrap(), &mut text).unwrap();
        text
    };
    let index = part("xl/workbook.xml");
    assert!(index.contains(&format!("name=\"{MARKER}\"")) && index.contains("state=\"veryHidden\""), "{index}");
    assert!(index.contains(&format!("name=\"{ROWS}\"")));
    let sheet = part("xl/worksheets/sheet2.xml");
    assert!(sheet.contains("<sheetProtection"), "the sheet is protected");
    let strings = part("xl/sharedStrings.xml");
    assert!(strings.contains(KEY) && strings.contains(&format!("{CORRECT}证号")));
    // Two receipts of the same are the same bytes.
    let bytes = fs::read(&path).unwrap();
    assert_eq!(fs::read(round.issue(&before)).unwrap(), bytes);
    let by: BTreeMap<u32, usize> = before.to_correct.rows.iter().map(|r| (r.at.row, r.fields.len())).collect();
    assert_eq!(by[&4], 2);
}
