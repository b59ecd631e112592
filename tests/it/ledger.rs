//! Two rounds with the ledger between them: ids stay, decisions of people come back, what contradicts them is shown; and
//! the ledger survives what offices and machines do to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bidui::model::Table;
use calamine::{Data, Reader};

use super::support::{AS_OF, bidui, copy_tree, manifest, outcome, root, run, scratch, table, tree};

const LATER: &str = "2026-12-31";

fn pipeline() -> PathBuf {
    root().join("pipelines/quarterly")
}

fn rows(table: &Table) -> std::ops::Range<usize> {
    0..table.rows()
}

/// One text of a row; empty for null.
fn text<'a>(table: &'a Table, column: &str, row: usize) -> &'a str {
    table.str_at(column, row).unwrap_or("")
}

/// Rows of every sheet of a workbook.
fn sheets(path: &Path) -> Vec<(String, Vec<Vec<String>>)> {
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(path).unwrap();
    let names = book.sheet_names();
    names
        .into_iter()
        .map(|name| {
            let range = book.worksheet_range(&name).unwrap();
            let shown = |cell: &Data| if matches!(cell, Data::Empty) { String::new() } else { cell.to_string() };
            (name, range.rows().map(|r| r.iter().map(shown).collect()).collect())
        })
        .collect()
}

/// A copy of a round's workbook with answers by (record, candidate).
pub fn fill(round: &Path, to: &Path, answers: &[(&str, &str, &str)]) {
    let mut book = rust_xlsxwriter::Workbook::new();
    let mut left: BTreeSet<(&str, &str)> = answers.iter().map(|a| (a.0, a.1)).collect();
    for (name, rows) in sheets(&round.join("待认定匹配.xlsx")) {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        let heading = rows.iter().find(|r| r.iter().any(|c| c == "认定编号")).expect("a heading row");
        let at = |title: &str| heading.iter().position(|c| c == title).unwrap();
        let (record, candidate, answer, why) = (at("记录编号"), at("候选人编号"), at("是否同一人"), at("说明"));
        for (r, cells) in rows.iter().enumerate() {
            let mut cells = cells.clone();
            for (of, whom, said) in answers {
                if cells[record] == *of && cells[candidate] == *whom {
                    cells[answer] = said.to_string();
                    cells[why] = "电话核实".into();
                    left.remove(&(*of, *whom));
                }
            }
            for (c, cell) in cells.iter().enumerate().filter(|(_, v)| !v.is_empty()) {
                sheet.write_string(r as u32, c as u16, cell).unwrap();
            }
        }
    }
    assert!(left.is_empty(), "pairs that the workbook does not offer: {left:?}");
    book.save(to).unwrap();
}

fn decide(file: &Path, out: &Path) -> (i32, String, String) {
    outcome(bidui().arg("decide").arg(file).arg("--out").arg(out).args(["--by", "王丽", "--on", "2026-10-08"]))
}

/// Turns the rows below the heading round, and gives the file another name that its contract allows.
fn turn(path: &Path, to: &Path, change: impl Fn(Vec<u8>) -> Vec<u8>) {
    let bytes = change(fs::read(path).unwrap());
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    lines[1..].reverse();
    fs::remove_file(path).unwrap();
    fs::write(to, lines.concat()).unwrap();
}

/// The register with another name in the row of a number.
fn rename(bytes: Vec<u8>, number: &str, name: &str) -> Vec<u8> {
    let (name, _, _) = encoding_rs::GB18030.encode(name);
    let mut renamed = 0;
    let lines = bytes.split_inclusive(|b| *b == b'\n').map(|line| {
        if !line.windows(number.len()).any(|w| w == number.as_bytes()) {
            return line.to_vec();
        }
        renamed += 1;
        let mut cells: Vec<&[u8]> = line.split(|b| *b == b',').collect();
        cells[1] = &name;
        cells.join(&b',')
    });
    let lines: Vec<Vec<u8>> = lines.collect();
    assert_eq!(renamed, 1, "one row of the register has the number");
    lines.concat()
}

/// A record that people decided about, as its next delivery can be found again.
struct Decided {
    source: String,
    number: String,
    name: String,
    person: String,
}

struct TwoRounds {
    out: PathBuf,
    inbox: PathBuf,
    same: Decided,
    different: Decided,
}

impl TwoRounds {
    fn round(&self, name: &str) -> PathBuf {
        self.out.join("rounds").join(name)
    }
}

/// The first candidate that fits, with its record: (record id, what was decided).
fn choose(round: &Path, fits: impl Fn(&Table, usize) -> bool) -> (String, Decided) {
    let possible = table(round, "possible_links");
    let persons = table(round, "persons");
    for row in rows(&possible).filter(|r| fits(&possible, *r)) {
        let (source, record_id) = (text(&possible, "source", row), text(&possible, "record_id", row));
        let records = table(round, &format!("records_{source}"));
        let at = rows(&records).find(|r| text(&records, "record_id", *r) == record_id).unwrap();
        let person = text(&possible, "person_id", row);
        let registered = rows(&persons).find(|r| text(&persons, "person_id", *r) == person).unwrap();
        if text(&records, "id_number", at).is_empty() || text(&persons, "id_number", registered).is_empty() {
            continue;
        }
        let of = |column: &str| text(&records, column, at).to_string();
        let decided =
            Decided { source: source.into(), number: of("id_number"), name: of("name"), person: person.to_string() };
        return (record_id.to_string(), decided);
    }
    panic!("the sample has no such candidate");
}

/// Round one, answers of a clerk, then round two with renamed files, rows in another order, and one name set right in the
/// register: the name that speaks against an answer.
fn two_rounds() -> &'static TwoRounds {
    static ROUNDS: OnceLock<TwoRounds> = OnceLock::new();
    ROUNDS.get_or_init(|| {
        let dir = scratch("ledger-two-rounds");
        let (inbox, out) = (dir.join("inbox"), dir.join("out"));
        copy_tree(&root().join("sample-data"), &inbox);
        let (code, _, err) = run(&pipeline(), &inbox, &out, AS_OF);
        assert_eq!(code, 0, "{err}");
        let round = out.join("rounds/2026Q3");
        // The number is a relative's; the clerk knows the person by name.
        let (conflict, same) = choose(&round, |t, r| {
            text(t, "status", r) == "conflict" && ["relative", "different"].contains(&text(t, "number_level", r))
        });
        // The number agrees and the name does not: the clerk says it is somebody else.
        let (possible, different) = choose(&round, |t, r| {
            let alone = rows(t).filter(|o| text(t, "record_id", *o) == text(t, "record_id", r)).count() == 1;
            let level = text(t, "name_level", r);
            alone && text(t, "number_level", r) == "exact" && ["different", "surname_only", "near"].contains(&level)
        });
        let file = dir.join("已填.xlsx");
        let answers =
            [(conflict.as_str(), same.person.as_str(), "是"), (possible.as_str(), different.person.as_str(), "否")];
        fill(&round, &file, &answers);
        let (code, said, err) = decide(&file, &out);
        assert_eq!(code, 0, "{err}");
        assert!(said.contains("1 same, 1 different"), "{said}");

        let register = inbox.join("公安/户籍人口底册.csv");
        let rename = |bytes| rename(bytes, &different.number, &different.name);
        turn(&register, &inbox.join("公安/户籍人口底册（12月）.csv"), rename);
        let settlements = inbox.join("医保/居民医保结算明细.csv");
        turn(&settlements, &inbox.join("医保/四季度结算明细.csv"), |b| b);
        let (code, _, err) = run(&pipeline(), &inbox, &out, LATER);
        assert_eq!(code, 0, "{err}");
        TwoRounds { out, inbox, same, different }
    })
}

#[test]
fn ids_stay_when_the_register_comes_in_another_order() {
    let two = two_rounds();
    // Number, name, household and birth date of each person: what the register says, without its order.
    let ids = |round: &str| -> BTreeMap<String, Vec<String>> {
        let persons = table(&two.round(round), "persons");
        let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in rows(&persons).filter(|r| text(&persons, "person_id", *r) != two.different.person) {
            let birth = persons.display_at("birth_date", row).unwrap_or_default();
            let who = ["id_number", "name", "household_id"].map(|c| text(&persons, c, row)).join(" ") + &birth;
            ids.entry(who).or_default().push(text(&persons, "person_id", row).to_string());
        }
        ids.values_mut().for_each(|v| v.sort());
        ids
    };
    let (before, after) = (ids("2026Q3"), ids("2026Q4"));
    assert!(before.len() > 9_000, "the sample's persons");
    assert!(before == after, "every person has the id of the round before");
    let order = |round: &str| table(&two.round(round), "persons").str_at("person_id", 0).map(str::to_string);
    assert_eq!(order("2026Q3").as_deref(), Some("P0000001"));
    assert_ne!(order("2026Q4").as_deref(), Some("P0000001"), "the rows do come in another order");

    let history = table(&two.round("2026Q4"), "person_history");
    let now: Vec<(&str, &str)> = rows(&history)
        .filter(|r| text(&history, "round", *r) == "2026Q4")
        .map(|r| (text(&history, "person_id", r), text(&history, "event", r)))
        .collect();
    assert_eq!(now, [(two.different.person.as_str(), "name_changed")], "nothing else has happened");
    let counts = &manifest(&two.round("2026Q4"))["persons"];
    assert_eq!((&counts["changed"], &counts["created"], &counts["doubtful"]), (&1.into(), &0.into(), &0.into()));
}

/// Links of the records that are the decided one, in a round: (status, person, word of the decision, record id).
fn links_of(two: &TwoRounds, decided: &Decided, round: &str) -> Vec<[String; 4]> {
    let round = two.round(round);
    let records = table(&round, &format!("records_{}", decided.source));
    let own: BTreeSet<&str> = rows(&records)
        .filter(|r| text(&records, "id_number", *r) == decided.number && text(&records, "name", *r) == decided.name)
        .map(|r| text(&records, "record_id", r))
        .collect();
    let links = table(&round, "links");
    rows(&links)
        .filter(|r| own.contains(text(&links, "record_id", *r)))
        .map(|r| ["status", "person_id", "decision", "record_id"].map(|c| text(&links, c, r).to_string()))
        .collect()
}

#[test]
fn decisions_come_back_in_the_next_round_and_what_contradicts_them_is_shown() {
    let two = two_rounds();
    let before = links_of(two, &two.same, "2026Q3");
    assert!(before.iter().all(|l| l[0] == "conflict" && l[2].is_empty()), "{before:?}");
    let same = links_of(two, &two.same, "2026Q4");
    assert!(!same.is_empty());
    for link in &same {
        assert_eq!(link[..3], ["linked".to_string(), two.same.person.clone(), "same".to_string()]);
    }
    let different = links_of(two, &two.different, "2026Q4");
    assert!(!different.is_empty());
    for link in &different {
        assert_ne!(link[1], two.different.person, "never linked to whom it was decided not to be");
        assert_eq!(link[2], "contradicted", "number and name agree exactly now");
    }
    let round = two.round("2026Q4");
    let decisions = table(&round, "decisions");
    let states: BTreeSet<(&str, &str, &str)> = rows(&decisions)
        .map(|r| (text(&decisions, "decision", r), text(&decisions, "state", r), text(&decisions, "decided_by", r)))
        .collect();
    assert_eq!(states, BTreeSet::from([("same", "applied", "王丽"), ("different", "contradicted", "王丽")]));
    let findings = table(&round, "findings");
    let told = rows(&findings).filter(|r| text(&findings, "code", *r) == "link.decision_contradicted").count();
    assert_eq!(told, different.len());

    let (_, again) = sheets(&round.join("待认定匹配.xlsx")).remove(0);
    let row = again.iter().find(|r| r.contains(&different[0][3])).expect("the clerk is asked again");
    assert!(row.contains(&"原认定：否".to_string()) && row.contains(&two.different.person), "{row:?}");
}

#[test]
fn explain_tells_the_history_and_the_decisions_of_a_person() {
    let two = two_rounds();
    let explain = |query: &str| {
        let (code, said, err) = outcome(bidui().args(["explain", query, "--out"]).arg(&two.out));
        assert_eq!(code, 0, "{err}");
        said
    };
    let changed = explain(&two.different.person);
    assert!(changed.contains("name_changed") && changed.contains("2026Q4"), "{changed}");
    assert!(changed.contains("contradicted") && changed.contains("王丽"), "{changed}");
    let same = explain(&two.same.person);
    assert!(same.contains("人工认定为同一人") && same.contains("电话核实"), "{same}");
}

#[test]
fn a_workbook_that_cannot_be_taken_changes_nothing_and_names_every_row() {
    let two = two_rounds();
    let dir = scratch("ledger-bad-workbook");
    let round = two.round("2026Q4");
    let possible = table(&round, "possible_links");
    let pair =
        |row: usize| (text(&possible, "record_id", row).to_string(), text(&possible, "person_id", row).to_string());
    let (first, second) =
        (pair(0), rows(&possible).map(pair).find(|p| p.0 != text(&possible, "record_id", 0)).unwrap());
    let file = dir.join("错.xlsx");
    fill(&round, &file, &[(&first.0, &first.1, "也许"), (&second.0, &second.1, "是")]);
    let before = fs::read(two.out.join("ledger.sqlite")).unwrap();
    let (code, _, err) = decide(&file, &two.out);
    assert_eq!(code, 65, "{err}");
    assert!(err.contains("decide.unknown_answer") && err.contains("sheet ") && err.contains("row "), "{err}");

    // Keys of nobody, as CSV: every row is told.
    let csv = dir.join("错.csv");
    fs::write(&csv, "key,decision,reason\nAAAA-AAAA-AAAA-AAAA,same,x\nBBBB-BBBB-BBBB-BBBB,different,\n").unwrap();
    let (code, _, err) = decide(&csv, &two.out);
    assert_eq!(code, 65, "{err}");
    assert!(
        err.matches("error[decide.unknown_key]").count() == 2 && err.contains("row 2") && err.contains("row 3"),
        "{err}"
    );

    fs::write(&csv, "key,decision\n,\n").unwrap();
    assert_eq!(decide(&csv, &two.out).0, 65);
    assert!(before == fs::read(two.out.join("ledger.sqlite")).unwrap(), "the ledger is as it was");
    let (code, _, err) = decide(&csv, &dir);
    assert_eq!((code, err.contains("ledger.missing")), (66, true), "{err}");
}

/// State of the run of a round in the ledger.
fn state(out: &Path, sql: &str) -> Option<String> {
    let ledger = rusqlite::Connection::open(out.join("ledger.sqlite")).unwrap();
    let mut query = ledger.prepare(sql).unwrap();
    let mut rows = query.query([]).unwrap();
    rows.next().unwrap().map(|row| row.get(0).unwrap())
}

#[test]
fn a_crash_on_either_side_of_publication_is_put_right_by_the_next_program() {
    let two = two_rounds();
    let out = scratch("ledger-crash").join("out");
    copy_tree(&two.out, &out);
    let published = tree(&out.join("rounds"));
    let edit = |sql: &str| rusqlite::Connection::open(out.join("ledger.sqlite")).unwrap().execute_batch(sql).unwrap();
    let run_state = |round: &str| state(&out, &format!("SELECT state FROM run WHERE round = '{round}'"));

    // Stopped after the round was put in place, before the ledger was told so: any program that opens the ledger tells it.
    edit("UPDATE run SET state = 'pending' WHERE round = '2026Q4'");
    let csv = out.join("x.csv");
    fs::write(&csv, "key,decision\nAAAA-AAAA-AAAA-AAAA,same\n").unwrap();
    assert_eq!(decide(&csv, &out).0, 65);
    assert_eq!(run_state("2026Q4").as_deref(), Some("published"));

    // Stopped before the round was put in place: the run is taken back, and made again it is the same to the byte.
    edit("UPDATE run SET state = 'pending', run_id = 'stopped' WHERE round = '2026Q4'");
    assert_eq!(decide(&csv, &out).0, 65);
    assert_eq!(run_state("2026Q4"), None);
    assert_eq!(run_state("2026Q3").as_deref(), Some("published"), "the round before is untouched");
    let (code, _, err) = run(&pipeline(), &two.inbox, &out, LATER);
    assert_eq!(code, 0, "{err}");
    let again = tree(&out.join("rounds"));
    let differ: Vec<&str> = published.iter().zip(&again).filter(|(a, b)| a != b).map(|(a, _)| a.0.as_str()).collect();
    assert!(published.len() == again.len() && differ.is_empty(), "differ: {differ:?}");
}

#[test]
fn a_damaged_ledger_stops_the_run_and_the_published_rounds_stay() {
    let two = two_rounds();
    let out = scratch("ledger-damaged").join("out");
    copy_tree(&two.out, &out);
    let before = tree(&out.join("rounds"));
    fs::write(out.join("ledger.sqlite"), b"not a ledger").unwrap();
    let (code, _, err) = run(&pipeline(), &two.inbox, &out, LATER);
    assert_eq!(code, 74, "{err}");
    assert!(err.contains("error[ledger.corrupt]") && err.contains("backup"), "{err}");
    assert!(before == tree(&out.join("rounds")));
}

#[test]
fn a_round_that_cannot_be_put_in_place_leaves_no_trace_in_the_ledger() {
    let out = scratch("ledger-not-published");
    // A file where the folder of the rounds should be: everything works until the very last step.
    fs::write(out.join("rounds"), b"").unwrap();
    let (code, _, err) = run(&pipeline(), &root().join("sample-data"), &out, AS_OF);
    assert_eq!(code, 74, "{err}");
    assert!(!out.join("ledger.sqlite").exists(), "the ledger of a round that never was");
    fs::remove_file(out.join("rounds")).unwrap();
    assert_eq!(run(&pipeline(), &root().join("sample-data"), &out, AS_OF).0, 0, "and the next run is a first one");
    assert_eq!(state(&out, "SELECT state FROM run").as_deref(), Some("published"));
}
