//! Deliveries over several rounds: files in, which of them a round works with out.

use std::collections::BTreeSet;
use std::fs;

use tempfile::TempDir;

use super::deliveries::{Desk, Taken};
use super::inbox::{FOLDER, Inbox, kept_name};
use crate::cases::ledger::{Deliveries, DeliveryState};
use crate::diag::FailureClass;
use crate::plan::{FieldKind, Snapshot, Source, SourceRole, sample};

const ROUNDS: [(&str, &str); 3] = [("2026Q2", "2026-06-30"), ("2026Q3", "2026-09-30"), ("2026Q4", "2026-12-31")];

struct Office {
    dir: TempDir,
    source: Source,
    known: Deliveries,
}

impl Office {
    fn new() -> Office {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["in/民政", "out"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        let source = Source {
            files: vec!["民政/*.csv".into()],
            required: false,
            ..sample::source("dibao", vec![sample::field("name", FieldKind::Name)])
        };
        Office { dir, source, known: Deliveries::default() }
    }

    /// Replaces what lies in the inbox: file names and how many rows each has, beginning with which.
    fn inbox(&self, files: &[(&str, usize, usize)]) {
        fs::remove_dir_all(self.dir.path().join("in")).unwrap();
        fs::create_dir_all(self.dir.path().join("in/民政")).unwrap();
        for (name, first, rows) in files {
            let body: String = (*first..first + rows).map(|i| format!("人{i}\n")).collect();
            self.put(name, &format!("name\n{body}"));
        }
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.dir.path().join("in").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Takes the delivery of a round and tells the ledger.
    fn take(&mut self, round: usize, accept: bool) -> Taken {
        let (name, day) = ROUNDS[round];
        let out = self.dir.path().join("out");
        let inbox = Inbox::open(&self.dir.path().join("in"), Some(&out), true, name).unwrap();
        let (found, notes) = inbox.files_of(&self.source, &self.known).unwrap();
        let accept: BTreeSet<String> = accept.then(|| self.source.id.clone()).into_iter().collect();
        let keep = out.join(FOLDER);
        let as_of = day.parse().unwrap();
        let desk = Desk { known: &self.known, keep: Some(&keep), round: name, as_of, accept: &accept, shelf: None };
        let mut taken = desk.take(&self.source, found);
        taken.problems.splice(0..0, notes);
        self.known.entries.extend(taken.entry.clone());
        taken
    }
}

/// State, day and rows of what is in use, and the codes of what is told.
fn told(taken: &Taken) -> (&str, String, u64, Vec<&str>) {
    let rows = taken.read.as_ref().map_or(0, |r| r.rows.len() as u64);
    let day = taken.as_of.filter(|_| taken.read.is_some()).map(|d| d.to_string()).unwrap_or_default();
    (taken.state, day, rows, taken.problems.iter().map(|p| p.code).collect())
}

#[test]
fn a_late_department_falls_back_to_its_last_good_delivery() {
    let mut office = Office::new();
    office.inbox(&[]);
    assert_eq!(told(&office.take(0, false)), ("missing", "".into(), 0, vec!["input.missing"]));
    office.inbox(&[("民政/a.csv", 0, 100)]);
    assert_eq!(told(&office.take(1, false)), ("delivered", "2026-09-30".into(), 100, vec![]));
    // The same round again is the same work: nothing new for the ledger.
    assert_eq!(told(&office.take(1, false)), ("delivered", "2026-09-30".into(), 100, vec![]));
    assert_eq!(office.known.entries.len(), 1);
    office.inbox(&[]);
    let late = office.take(2, false);
    assert_eq!(told(&late), ("stale", "2026-09-30".into(), 100, vec!["delivery.late"]));
    assert!(late.trouble.is_none() && late.entry.is_none());
    assert_eq!(late.files[0].path, "民政/a.csv", "rows keep the name of the file they came in");
    // A contract may say how long that is good enough; a required source is missing then.
    office.source.freshness_days = Some(91);
    let old = office.take(2, false);
    assert_eq!(told(&old), ("missing", "".into(), 0, vec!["delivery.too_old", "input.missing"]));
    office.source.freshness_days = Some(92);
    assert_eq!(office.take(2, false).state, "stale");
    office.source.required = true;
    office.source.freshness_days = Some(1);
    assert_eq!(office.take(2, false).trouble, Some(FailureClass::InputMissing));
}

#[test]
fn new_reports_in_returned_forms_are_read_once_beside_the_villages_own() {
    let mut office = Office::new();
    office.source.role = SourceRole::Offline;
    office.inbox(&[("民政/村报.csv", 0, 40)]);
    let report = |office: &Office, name: &str, first: usize| {
        let path = office.dir.path().join("out/forms/inbox/民政").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("name\n人{first}\n")).unwrap();
    };
    assert_eq!(told(&office.take(0, false)).2, 40);
    // Nobody copies the form's new report into the inbox: the round finds it, and finds it again when it is run again.
    report(&office, "补报一.csv", 900);
    office.inbox(&[("民政/村报.csv", 1, 40)]);
    for _ in 0..2 {
        let taken = office.take(1, false);
        assert_eq!(told(&taken), ("delivered", "2026-09-30".into(), 41, vec![]));
        assert!(taken.files.iter().any(|f| f.path == "forms/inbox/民政/补报一.csv"), "{:?}", taken.files);
    }
    // It was news of that round. A later one stands beside the villages' last list when they send none.
    report(&office, "补报二.csv", 901);
    office.inbox(&[]);
    let taken = office.take(2, false);
    assert_eq!((taken.state, taken.read.as_ref().map(|r| r.rows.len())), ("delivered", Some(41)));
    let names: Vec<&str> = taken.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(names, ["forms/inbox/民政/补报二.csv", "民政/村报.csv"]);
    assert_eq!(taken.problems.iter().map(|p| p.code).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn the_same_file_again_and_an_old_one_under_a_new_name_change_nothing() {
    let mut office = Office::new();
    office.inbox(&[("民政/二季度.csv", 0, 100)]);
    office.take(0, false);
    office.inbox(&[("民政/三季度.csv", 5, 100)]);
    assert_eq!(told(&office.take(1, false)).0, "delivered");
    assert_eq!(office.known.entries.len(), 2);

    office.inbox(&[("民政/四季度.csv", 5, 100)]);
    let same = office.take(2, false);
    assert_eq!(told(&same), ("stale", "2026-09-30".into(), 100, vec!["delivery.same_again"]));
    office.inbox(&[("民政/四季度.csv", 0, 100)]);
    let old = office.take(2, false);
    assert_eq!(told(&old), ("stale", "2026-09-30".into(), 100, vec!["delivery.old_file", "delivery.late"]));
    assert_eq!(office.known.entries.len(), 2, "nothing became otherwise");

    // Beside a new file the old one is not read either, and one file twice is read once.
    office.inbox(&[("民政/a.csv", 0, 100), ("民政/b.csv", 9, 100), ("民政/c.csv", 9, 100)]);
    let new = office.take(2, false);
    assert_eq!(told(&new), ("delivered", "2026-12-31".into(), 100, vec!["delivery.old_file", "delivery.same_file"]));
    assert_eq!(told(&office.take(2, false)), told(&new), "the same work again");

    // Who means the older data says so.
    office.inbox(&[("民政/a.csv", 0, 100)]);
    let back = office.take(2, true);
    assert_eq!((back.state, back.as_of.unwrap().to_string()), ("stale", "2026-06-30".into()));
    assert_eq!(told(&office.take(2, false)), ("stale", "2026-06-30".into(), 100, vec!["delivery.same_again"]));
}

#[test]
fn rows_far_off_are_held_until_a_person_releases_them() {
    let mut office = Office::new();
    office.inbox(&[("民政/a.csv", 0, 200)]);
    office.take(0, false);
    for (rows, held) in [(160, false), (240, false), (159, true), (241, true), (0, true)] {
        office.known.entries.truncate(1);
        office.inbox(&[("民政/b.csv", 7, rows)]);
        let taken = office.take(1, false);
        let now = office.known.entries.last().unwrap().state;
        assert_eq!(now, if held { DeliveryState::Held } else { DeliveryState::Used }, "{rows}");
        assert_eq!(taken.state, if held { "stale" } else { "delivered" }, "{rows}");
        assert_eq!(taken.trouble, held.then_some(FailureClass::InputContract), "{rows}");
        assert_eq!(told(&office.take(1, false)), told(&taken), "the same work again: {rows}");
        assert_eq!(office.known.entries.len(), 2, "and nothing new for the ledger: {rows}");
    }
    office.known.entries.truncate(1);
    office.inbox(&[("民政/b.csv", 7, 50)]);
    let held = office.take(1, false);
    assert_eq!((held.state, held.turned_away), ("stale", Some("delivery.held")));
    let words = &held.problems.iter().find(|p| p.code == "delivery.held").unwrap();
    assert!(words.message.contains("50") && words.message.contains("-75.0 %"), "{}", words.message);
    assert!(words.hint.as_ref().unwrap().contains("--accept dibao"));
    let released = office.take(1, true);
    assert_eq!(told(&released), ("delivered", "2026-09-30".into(), 50, vec![]));
    assert!(office.known.last_good("dibao").unwrap().accepted);
    assert_eq!(told(&office.take(1, false)), told(&released), "the ledger remembers it");

    // What a contract can say: another share, none at all, or that deliveries are increments.
    office.inbox(&[("民政/c.csv", 7, 100)]);
    for change in [
        (|s: &mut Source| s.completeness = 1.0) as fn(&mut Source),
        |s| s.completeness = 0.0,
        |s| s.snapshot = Snapshot::Increment,
    ] {
        let mut lax =
            Office { dir: tempfile::tempdir().unwrap(), source: office.source.clone(), known: office.known.clone() };
        std::mem::swap(&mut lax.dir, &mut office.dir);
        change(&mut lax.source);
        assert_eq!(lax.take(2, false).state, "delivered");
        std::mem::swap(&mut lax.dir, &mut office.dir);
    }
    assert_eq!(office.take(2, false).state, "stale", "100 rows after 50 are held");
}

#[test]
fn a_few_rows_more_or_fewer_in_a_short_list_are_believed() {
    let mut office = Office::new();
    office.inbox(&[("民政/a.csv", 0, 8)]);
    office.take(0, false);
    office.inbox(&[("民政/b.csv", 3, 12)]);
    assert_eq!(office.take(1, false).state, "delivered");
    office.inbox(&[("民政/c.csv", 0, 0)]);
    assert_eq!(office.take(2, false).turned_away, Some("delivery.held"), "but never that all are gone");
}

#[test]
fn a_broken_delivery_falls_back_and_says_why() {
    let mut office = Office::new();
    office.inbox(&[("民政/a.csv", 0, 100)]);
    office.take(0, false);
    let page = "<html><table><tr><td>name</td></tr></table></html>";
    for (text, code) in
        [(page, "ingest.html_as_csv"), ("%PDF-1.7\nx", "ingest.not_table"), ("年,月\n1,2\n", "ingest.no_heading")]
    {
        office.inbox(&[]);
        office.put("民政/b.csv", text);
        let taken = office.take(1, false);
        assert_eq!(told(&taken), ("stale", "2026-06-30".into(), 100, vec![code]));
        assert_eq!((taken.turned_away, taken.trouble), (Some(code), Some(FailureClass::InputContract)));
    }
    let refused = office.known.entries.iter().filter(|e| e.state == DeliveryState::Refused);
    assert_eq!(
        refused.map(|e| e.reason.as_str()).collect::<Vec<_>>(),
        ["ingest.html_as_csv", "ingest.not_table", "ingest.no_heading"]
    );
    // An empty file and one that is not finished are no delivery at all.
    office.inbox(&[]);
    office.put("民政/b.csv", "");
    office.put("民政/c.csv.crdownload", "name\n");
    office.put("民政/~$d.csv", "x");
    let codes = ["ingest.empty_file", "ingest.unfinished", "ingest.left_out", "delivery.late"];
    assert_eq!(told(&office.take(1, false)), ("stale", "2026-06-30".into(), 100, codes.to_vec()));
}

#[test]
fn a_kept_file_that_is_gone_is_told_and_not_guessed() {
    let mut office = Office::new();
    office.inbox(&[("民政/a.csv", 0, 10)]);
    let file = office.take(0, false).files[0].clone();
    let kept = office.dir.path().join("out").join(FOLDER).join(kept_name(&file));
    fs::write(&kept, "name\n别人\n").unwrap();
    office.inbox(&[]);
    let lost = office.take(1, false);
    assert_eq!(told(&lost), ("missing", "".into(), 0, vec!["delivery.lost", "input.missing"]));
}

#[test]
fn a_part_that_did_not_come_is_asked_for() {
    let mut office = Office::new();
    office.source.files = vec!["线下排查/*.csv".into()];
    let all = [("2026Q2/线下排查/云岭.csv", 0, 90), ("2026Q2/线下排查/大坪.csv", 200, 10)];
    office.inbox(&all);
    assert_eq!(office.take(0, false).state, "delivered");
    // A folder of another round is not read; one with a part of the files is asked about.
    office.put("2026Q3/线下排查/云岭.csv", &format!("name\n{}", "新人\n".repeat(90)));
    let taken = office.take(1, false);
    assert_eq!(
        told(&taken),
        ("delivered", "2026-09-30".into(), 90, vec!["delivery.other_round", "delivery.fewer_files"])
    );
    let words = &taken.problems.iter().find(|p| p.code == "delivery.fewer_files").unwrap().message;
    assert!(words.contains("大坪.csv") && !words.contains("云岭.csv"), "{words}");
}
