//! Offered pairs and answers in → decisions that count out.

use super::*;
use crate::diag::Place;

fn offer(record_id: &str, record: u64, person: u32) -> Offer {
    Offer {
        token: token("run", "dibao", record_id, &person_id(person)),
        source: "dibao".into(),
        record_id: record_id.into(),
        record,
        person,
        status: "possible".into(),
        number_level: "different".into(),
        name_level: "exact".into(),
    }
}

fn answer(offer: &Offer, same: bool, row: u32) -> Answer {
    Answer { token: offer.token.clone(), same, place: Place::file("a.xlsx").row(row), ..Answer::default() }
}

fn ledger(out: &tempfile::TempDir, offers: &[Offer]) -> Ledger {
    let mut ledger = Ledger::open(out.path()).unwrap();
    let change = Change { offers: offers.to_vec(), ..Change::default() };
    ledger.prepare(&key("2026Q3", "2026-09-30", "run"), &change).unwrap();
    ledger.publish().unwrap();
    ledger
}

fn count(ledger: &Ledger) -> Vec<(u64, u32, bool, String)> {
    ledger.decisions().unwrap().into_iter().map(|d| (d.record, d.person, d.same, d.by)).collect()
}

#[test]
fn the_latest_answer_counts_and_a_record_is_one_person() {
    let out = tempfile::tempdir().unwrap();
    let (one, two, other) = (offer("d-1", 11, 1), offer("d-1", 11, 2), offer("d-2", 12, 1));
    let mut ledger = ledger(&out, &[one.clone(), two.clone(), other.clone()]);
    let first = [answer(&one, true, 5), answer(&two, false, 6), answer(&other, false, 7)];
    let recorded = ledger.decide(&first, "王", "2026-10-08").unwrap();
    assert_eq!(recorded, Recorded { same: 1, different: 2, ..Recorded::default() });
    let again = ledger.decide(&first, "王", "2026-10-09").unwrap();
    assert_eq!(again.known_before, 3, "the same workbook twice changes nothing");
    assert_eq!(ledger.decisions().unwrap()[0].on, "2026-10-08");

    let revised = ledger.decide(&[answer(&two, true, 5)], "李", "2026-11-01").unwrap();
    assert_eq!(revised, Recorded { same: 1, revised: 1, ..Recorded::default() });
    let expected = [(11, 2, true, "李".to_string()), (12, 1, false, "王".to_string())];
    assert_eq!(count(&ledger), expected, "the record is person 2 now and no longer person 1");
    drop(ledger);
    assert_eq!(count(&Ledger::open(out.path()).unwrap()), expected, "and stays so");
}

#[test]
fn every_answer_that_cannot_be_taken_is_told_and_none_is_taken_then() {
    let out = tempfile::tempdir().unwrap();
    let (one, two, other) = (offer("d-1", 11, 1), offer("d-1", 11, 2), offer("d-2", 12, 1));
    let mut ledger = ledger(&out, &[one.clone(), two.clone(), other.clone()]);
    let unknown = Answer { token: "0000-0000-0000-0000".into(), ..answer(&one, true, 2) };
    let pasted = Answer { record_id: Some("d-1".into()), ..answer(&other, true, 3) };
    let moved = Answer { person_id: Some("P0000009".into()), ..answer(&other, true, 4) };
    let answers = [
        unknown,
        pasted,
        moved,
        answer(&one, true, 5),
        answer(&two, true, 6),
        answer(&other, true, 7),
        answer(&other, false, 8),
    ];
    let failure = ledger.decide(&answers, "王", "2026-10-08").unwrap_err();
    assert_eq!(failure.class.exit_code(), 65);
    let told: Vec<(&str, Option<u32>)> = failure.problems.iter().map(|p| (p.code, p.place.row)).collect();
    let expected = [
        ("decide.unknown_key", Some(2)),
        ("decide.changed_key", Some(3)),
        ("decide.changed_key", Some(4)),
        ("decide.contradictory", Some(6)),
        ("decide.contradictory", Some(8)),
    ];
    assert_eq!(told, expected);
    assert!(ledger.decisions().unwrap().is_empty(), "nothing is half applied");
}

#[test]
fn pairs_of_a_run_that_was_not_published_cannot_be_answered() {
    let out = tempfile::tempdir().unwrap();
    let one = offer("d-1", 11, 1);
    let mut ledger = Ledger::open(out.path()).unwrap();
    let change = Change { offers: vec![one.clone()], ..Change::default() };
    ledger.prepare(&key("2026Q3", "2026-09-30", "run"), &change).unwrap();
    let failure = ledger.decide(&[answer(&one, true, 2)], "王", "2026-10-08").unwrap_err();
    assert_eq!(failure.problems[0].code, "decide.unknown_key");
    ledger.publish().unwrap();
    assert!(ledger.decide(&[answer(&one, true, 2)], "王", "2026-10-08").is_ok());
}

#[test]
fn what_was_known_when_somebody_decided_is_no_later_evidence() {
    let out = tempfile::tempdir().unwrap();
    let seen = |status: &str, number: &str, name: &str, row: u32| Offer {
        status: status.into(),
        number_level: number.into(),
        name_level: name.into(),
        ..offer(&format!("d-{row}"), u64::from(row), 1)
    };
    let cases = [
        (seen("conflict", "relative", "exact", 1), true, true),
        (seen("possible", "different", "exact", 2), true, false),
        (seen("possible", "exact", "exact", 3), false, true),
        (seen("conflict", "exact", "different", 4), false, false),
    ];
    let offers: Vec<Offer> = cases.iter().map(|c| c.0.clone()).collect();
    let mut ledger = ledger(&out, &offers);
    let answers: Vec<Answer> = cases.iter().map(|(o, same, _)| answer(o, *same, 2)).collect();
    ledger.decide(&answers, "王", "2026-10-08").unwrap();
    let knew: Vec<bool> = ledger.decisions().unwrap().iter().map(Decision::knew).collect();
    assert_eq!(knew, cases.map(|c| c.2));
}

#[test]
fn a_record_is_known_again_in_another_file_and_row() {
    let dibao = source("dibao");
    let keys = |source: &Source, rows: &[Row]| record_keys(b"salt", source, &records(source, rows));
    let rows: [Row; 3] =
        [["-", "张三", "990121197001051234", "-"], ["-", "张三", "-", "-"], ["-", "-", "-", "1970-01-05"]];
    let first = keys(&dibao, &rows);
    let again = keys(&dibao, &[rows[2], rows[1], rows[0]]);
    assert_eq!((first[0], first[1]), (again[2], again[1]));
    assert!(!first[0].unwrap().weak && first[1].unwrap().weak, "a name alone may be a namesake's");
    assert_eq!(first[2], None, "nobody is meant");
    assert_ne!(first[0], keys(&source("tekun"), &rows)[0], "another source says another thing");
    let household = keys(&dibao, &[["7", "张三", "-", "-"]]);
    assert_ne!(household[0], first[1], "what else the record says keeps namesakes apart");
}
