//! The file: damaged, foreign, newer, older; and every point at which a run can stop.

use std::fs;

use super::*;
use crate::cases::ledger::schema::{self as book, MIGRATIONS, backup_path};

const A: Row = ["1", "张三", "990121197001051234", "1970-01-05"];
const B: Row = ["1", "李四", "990121197203041235", "1972-03-04"];

fn path(out: &tempfile::TempDir) -> std::path::PathBuf {
    out.path().join(FILE)
}

fn refused(out: &tempfile::TempDir) -> (&'static str, u8) {
    let failure = Ledger::open(out.path()).unwrap_err();
    assert!(failure.problems[0].hint.as_ref().is_some_and(|h| h.len() > 20), "what to do is told");
    (failure.problems[0].code, failure.class.exit_code())
}

#[test]
fn a_ledger_that_cannot_be_used_says_what_to_do() {
    let out = tempfile::tempdir().unwrap();
    round(out.path(), "2026Q3", "2026-09-30", &[A, B]);
    let sound = fs::read(path(&out)).unwrap();

    fs::write(path(&out), "姓名,身份证号\n").unwrap();
    assert_eq!(refused(&out), ("ledger.corrupt", 74));
    fs::write(path(&out), "").unwrap();
    assert_eq!(refused(&out), ("ledger.corrupt", 74));
    fs::write(path(&out), &sound[..sound.len() / 2]).unwrap();
    assert_eq!(refused(&out), ("ledger.corrupt", 74));
    let mut holed = sound.clone();
    let middle = holed.len() / 2;
    holed[middle..middle + 4096].fill(0xff);
    fs::write(path(&out), &holed).unwrap();
    assert_eq!(refused(&out), ("ledger.corrupt", 74));

    fs::remove_file(path(&out)).unwrap();
    Connection::open(path(&out)).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert_eq!(refused(&out), ("ledger.foreign", 74));

    fs::write(path(&out), &sound).unwrap();
    Connection::open(path(&out)).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(refused(&out), ("ledger.newer", 74));
}

#[test]
fn a_ledger_is_one_file_again_after_a_program_that_keeps_a_log_beside_it() {
    let out = tempfile::tempdir().unwrap();
    round(out.path(), "2026Q3", "2026-09-30", &[A, B]);
    let log = out.path().join(format!("{FILE}-wal"));
    let other = Connection::open(path(&out)).unwrap();
    other.pragma_update(None, "journal_mode", "wal").unwrap();
    other.execute_batch("CREATE TABLE x (a); DROP TABLE x;").unwrap();
    assert!(log.exists());
    // As long as it is open there, nobody can say what the file holds.
    assert_eq!(refused(&out), ("ledger.busy", 75));
    // A copy of both, as a crash of that program leaves them.
    let crashed = tempfile::tempdir().unwrap();
    for name in [FILE.to_string(), format!("{FILE}-wal")] {
        fs::copy(out.path().join(&name), crashed.path().join(&name)).unwrap();
    }
    for folder in [crashed, {
        drop(other);
        out
    }] {
        let ledger = Ledger::open(folder.path()).unwrap();
        let sync: i64 = ledger.connection.pragma_query_value(None, "synchronous", |r| r.get(0)).unwrap();
        assert_eq!(sync, 3, "EXTRA");
        assert_eq!(ledger.state_before("2026Q4", "2026-12-31").unwrap().known.len(), 2);
        drop(ledger);
        let beside: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(beside, [FILE], "nothing stands beside it");
    }
}

#[test]
fn an_older_ledger_is_copied_before_it_is_changed_and_a_failed_change_changes_nothing() {
    let out = tempfile::tempdir().unwrap();
    round(out.path(), "2026Q3", "2026-09-30", &[A]);
    let before = fs::read(path(&out)).unwrap();
    let version = MIGRATIONS.len() as i64;

    let broken = [MIGRATIONS, &["CREATE TABLE more (a); CREATE TABLE more (a);"]].concat();
    assert!(book::open(&path(&out), &broken).is_err());
    assert_eq!(fs::read(path(&out)).unwrap(), before, "half a migration is none");

    let next = [MIGRATIONS, &["CREATE TABLE more (a);"]].concat();
    let connection = book::open(&path(&out), &next).unwrap();
    let now: i64 = connection.pragma_query_value(None, "user_version", |r| r.get(0)).unwrap();
    assert_eq!(now, version + 1);
    assert_eq!(fs::read(backup_path(&path(&out), version)).unwrap(), before, "the copy is the old ledger");
}

/// Everything a later round reads of the ledger.
fn content(out: &tempfile::TempDir) -> String {
    let ledger = Ledger::open(out.path()).unwrap();
    let state = ledger.state_before("2027Q4", "2027-12-31").unwrap();
    let model = ledger.model_before("m", "2027Q4", "2027-12-31").unwrap();
    format!("{state:?} {model:?} {:?}", ledger.decisions().unwrap())
}

fn change(out: &tempfile::TempDir, rows: &[Row], as_of: &str, name: &str) -> (Ledger, Change) {
    let ledger = Ledger::open(out.path()).unwrap();
    let state = ledger.state_before(name, as_of).unwrap();
    let levels = Levels::from([("name".into(), [("exact".to_string(), (0.9, rows.len() as f64 / 1000.0))].into())]);
    let model = FittedModel { name: "m".into(), version: 1, levels, details: serde_json::Value::Null };
    let persons = assign(&register(rows), &state.known, state.next);
    (ledger, Change { persons, models: vec![model], ..Change::default() })
}

#[test]
fn a_run_that_stops_before_publication_leaves_the_ledger_as_it_was() {
    let out = tempfile::tempdir().unwrap();
    round(out.path(), "2026Q3", "2026-09-30", &[A]);
    let before = content(&out);
    for (name, day) in [("2026Q4", "2026-12-31"), ("2026Q3", "2026-09-30")] {
        // A new round, and the same round again with another register.
        let (mut ledger, change) = change(&out, &[A, B], day, name);
        ledger.prepare(&key(name, day, "new"), &change).unwrap();
        drop(ledger);
        assert_eq!(content(&out), before, "pending rows are not read");
        let mut ledger = Ledger::open(out.path()).unwrap();
        assert_eq!(ledger.pending().unwrap().unwrap().run_id, "new");
        // What stands in the round's place is the run before, or nothing.
        let stands = (name == "2026Q3").then(|| "2026Q3".to_string());
        assert!(ledger.recover(|_| stands).unwrap());
        assert!(ledger.pending().unwrap().is_none());
        drop(ledger);
        assert_eq!(content(&out), before);
        assert!(!Ledger::open(out.path()).unwrap().recover(|_| None).unwrap(), "nothing is left to do");
    }
}

#[test]
fn a_run_that_stops_after_publication_is_finished_by_the_next() {
    let out = tempfile::tempdir().unwrap();
    let straight = tempfile::tempdir().unwrap();
    for dir in [&out, &straight] {
        round(dir.path(), "2026Q3", "2026-09-30", &[A]);
    }
    let (mut ledger, both) = change(&out, &[B, A], "2026-09-30", "2026Q3");
    ledger.prepare(&key("2026Q3", "2026-09-30", "new"), &both).unwrap();
    drop(ledger);
    Ledger::open(out.path()).unwrap().recover(|_| Some("new".into())).unwrap();
    let (mut ledger, both) = change(&straight, &[B, A], "2026-09-30", "2026Q3");
    ledger.prepare(&key("2026Q3", "2026-09-30", "new"), &both).unwrap();
    ledger.publish().unwrap();
    drop(ledger);
    assert_eq!(content(&out), content(&straight));
    assert!(content(&out).contains("NumberChanged") || content(&out).contains("Created"));
}

#[test]
fn what_rounds_say_is_kept_once_and_what_an_older_version_has_kept_is_read() {
    let out = tempfile::tempdir().unwrap();
    let connection = Connection::open(path(&out)).unwrap();
    for script in &MIGRATIONS[..3] {
        connection.execute_batch(script).unwrap();
    }
    let says = |round: &str, day: &str, question: &str| {
        let question = Some(question.to_string());
        serde_json::to_string(&CaseRound { round: round.into(), as_of: day.into(), question, ..CaseRound::default() })
    };
    let insert = "INSERT INTO case_round VALUES (?1, ?2, ?3)";
    connection.execute("INSERT INTO case_file VALUES (1, 1, '2026Q2', '2026-06-30', 'H1')", []).unwrap();
    for (run, (round, day)) in (1..).zip([("2026Q2", "2026-06-30"), ("2026Q3", "2026-09-30")]) {
        let row = rusqlite::params![run, round, day, round];
        connection.execute("INSERT INTO run VALUES (?1, ?2, ?3, ?4, 'published')", row).unwrap();
        connection.execute(insert, rusqlite::params![run, 1, says(round, day, round).unwrap()]).unwrap();
    }
    connection.pragma_update(None, "application_id", book::APPLICATION).unwrap();
    connection.pragma_update(None, "user_version", 3).unwrap();
    drop(connection);

    let mut ledger = Ledger::open(out.path()).unwrap();
    let asked = |ledger: &Ledger| -> Vec<(String, Option<String>)> {
        let rounds = ledger.case_rounds(1).unwrap();
        rounds.into_iter().map(|r| (format!("{} {}", r.round, r.as_of), r.question)).collect()
    };
    let pair = |round: &str, question: &str| (round.to_string(), Some(question.to_string()));
    let before = [pair("2026Q2 2026-06-30", "2026Q2"), pair("2026Q3 2026-09-30", "2026Q3")];
    assert_eq!(asked(&ledger), before);
    let case = &ledger.cases().unwrap()[0];
    let name = |r: &Option<CaseRound>| r.as_ref().map(|r| r.round.clone());
    assert_eq!((name(&case.round).as_deref(), name(&case.earlier).as_deref()), (Some("2026Q3"), Some("2026Q2")));

    // Nights that say the same, and one that says something else.
    let mut nights = before.to_vec();
    for (day, question) in [("2026-10-01", "a"), ("2026-10-02", "a"), ("2026-10-03", "b"), ("2026-10-04", "a")] {
        let said =
            CaseRound { round: day.into(), as_of: day.into(), question: Some(question.into()), ..CaseRound::default() };
        let cases = CaseChange { rounds: vec![(1, said)], ..CaseChange::default() };
        ledger.prepare(&key(day, day, day), &Change { cases, ..Change::default() }).unwrap();
        ledger.publish().unwrap();
        nights.push(pair(&format!("{day} {day}"), question));
    }
    assert_eq!(asked(&ledger), nights);
    let kept = |ledger: &Ledger| -> i64 {
        ledger.connection.query_row("SELECT count(*) FROM said", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(kept(&ledger), 4, "two of before, a, b");
    // The night that said b is run again and says a: nothing refers to b any more.
    let said = CaseRound { question: Some("a".into()), ..CaseRound::default() };
    let cases = CaseChange { rounds: vec![(1, said)], ..CaseChange::default() };
    ledger.prepare(&key("2026-10-03", "2026-10-03", "again"), &Change { cases, ..Change::default() }).unwrap();
    ledger.publish().unwrap();
    nights[4].1 = Some("a".into());
    assert_eq!((asked(&ledger), kept(&ledger)), (nights, 3));
}

#[test]
fn a_first_round_that_fails_leaves_no_ledger() {
    let out = tempfile::tempdir().unwrap();
    let (mut ledger, first) = change(&out, &[A], "2026-09-30", "2026Q3");
    assert!(!path(&out).exists(), "nothing is written before the round is ready");
    ledger.prepare(&key("2026Q3", "2026-09-30", "x"), &first).unwrap();
    assert!(path(&out).exists());
    ledger.recover(|_| None).unwrap();
    assert!(!path(&out).exists());
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0, "nor anything beside it");
    // The same object goes on: the next round numbers from 1.
    assert_eq!(ledger.state_before("2026Q3", "2026-09-30").unwrap().next, 1);
}

#[test]
fn no_name_and_no_number_stands_in_the_file() {
    let out = tempfile::tempdir().unwrap();
    round(out.path(), "2026Q3", "2026-09-30", &[A, B]);
    let bytes = fs::read(path(&out)).unwrap();
    for value in [A[1], A[2], A[3], "19700105"] {
        assert!(!bytes.windows(value.len()).any(|w| w == value.as_bytes()), "{value} can be read in the file");
    }
}

#[test]
fn a_weight_that_moves_is_told_and_one_that_stays_is_not() {
    let out = tempfile::tempdir().unwrap();
    let (mut ledger, first) = change(&out, &[A], "2026-09-30", "2026Q3");
    ledger.prepare(&key("2026Q3", "2026-09-30", "x"), &first).unwrap();
    ledger.publish().unwrap();
    let before = ledger.model_before("m", "2026Q4", "2026-12-31").unwrap();
    let (round, model) = before.expect("the last round's model");
    assert_eq!((round.as_str(), &model), ("2026Q3", &first.models[0]));
    assert!(ledger.model_before("m", "2026Q3", "2026-09-30").unwrap().is_none(), "a round does not follow itself");

    let with = |u: f64| Levels::from([("name".into(), [("exact".to_string(), (0.9, u))].into())]);
    assert!(drift(&model.levels, &with(0.0015), 1.0).is_empty(), "0.58 bits");
    let moved = drift(&model.levels, &with(0.004), 1.0);
    assert_eq!(moved.len(), 1);
    assert!((moved[0].now - moved[0].before + 2.0).abs() < 1e-9, "u four times as large: two bits less");
    assert!(drift(&with(0.0), &with(0.0), 1.0).is_empty(), "without bound before and now");
    assert_eq!(drift(&with(0.0), &with(0.004), 1.0).len(), 1, "no longer without bound");
    let rare = |m: f64| Levels::from([("name".into(), [("one_digit".to_string(), (m, 0.0001))].into())]);
    assert!(drift(&rare(0.0001), &rare(0.0009), 1.0).is_empty(), "a handful of pairs");
}
