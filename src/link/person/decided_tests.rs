//! Decisions in → links out.

use super::super::decisions::{Applied, Decision, Decisions, Verdict};
use super::super::*;
use super::testing::{Row, model, number, records, source};

fn decision(right: u32, left: u32, verdict: Verdict) -> Decision {
    Decision { right, left, verdict, knew: false, said: "王某，2026-10-08：电话核实".into() }
}

/// Status, person and the word of the column `decision` of each record, and what became of the decisions.
fn linked(people: &[Row], rows: &[Row], decisions: Vec<Decision>, once: bool) -> (Vec<[String; 3]>, Linked) {
    let spine = source("population");
    let register = register(&spine, &records(&spine, people), jiff::civil::date(2026, 9, 30));
    let dept = Source { once_per_person: once, ..source("dept") };
    let records = records(&dept, rows);
    let linked = link_decided(&register, &dept, &records, &model(), &Decisions::new(decisions));
    let text = |c: &str, i| linked.links.str_at(c, i).unwrap_or("-").to_string();
    let found = (0..rows.len()).map(|i| ["status", "person_id", "decision"].map(|c| text(c, i))).collect();
    (found, linked)
}

fn people() -> (Vec<Row>, [String; 3]) {
    let n = [number("990121", "19700105", 11), number("990121", "19720304", 13), number("990121", "19950607", 15)];
    let row = |name: &str, number: &str, household: &str| {
        Row::new(name).number(number).household(household, "other").village(1, 1)
    };
    (vec![row("张建国", &n[0], "1"), row("李秀英", &n[1], "1"), row("张小军", &n[2], "1")], n)
}

#[test]
fn same_links_what_the_linker_would_not() {
    let (people, n) = people();
    // The son's record carries his father's number: a conflict until somebody has decided.
    let record = || vec![Row::new("张小军").number(&n[0])];
    let (before, _) = linked(&people, &record(), vec![], false);
    assert_eq!(before[0][0], "conflict");
    let known = Decision { knew: true, ..decision(0, 2, Verdict::Same) };
    let (after, links) = linked(&people, &record(), vec![known], false);
    assert_eq!(after, [["linked", "P0000003", "same"]]);
    assert_eq!(links.links.str_at("pass", 0), Some("decision"));
    let evidence = links.links.str_at("evidence", 0).unwrap();
    assert!(evidence.starts_with("人工认定为同一人（王某，2026-10-08：电话核实）"), "{evidence}");
    assert_eq!(links.possible.rows(), 0);
}

#[test]
fn different_is_never_linked_nor_proposed_again() {
    let (people, n) = people();
    let exact = || vec![Row::new("李秀英").number(&n[1])];
    assert_eq!(linked(&people, &exact(), vec![], false).0, [["linked", "P0000002", "-"]]);
    let (after, links) = linked(&people, &exact(), vec![decision(0, 1, Verdict::Different)], false);
    assert_eq!(after[0][0], "unlinked");
    assert_eq!(links.possible.rows(), 0);
    // A conflict without the owner of the number is a question about the others.
    let conflict = vec![Row::new("张小军").number(&n[0])];
    let (after, links) = linked(&people, &conflict, vec![decision(0, 0, Verdict::Different)], false);
    assert_eq!((after[0][0].as_str(), after[0][2].as_str()), ("possible", "different"));
    let candidates: Vec<_> = links.possible.text("person_id").iter().flatten().collect();
    assert_eq!(candidates, ["P0000003"]);
    // A decision about somebody who is no candidate changes nothing.
    let (after, _) = linked(&people, &exact(), vec![decision(0, 2, Verdict::Different)], false);
    assert_eq!(after, [["linked", "P0000002", "different"]]);
}

#[test]
fn what_later_evidence_contradicts_is_applied_and_shown() {
    let (people, n) = people();
    let rows = vec![Row::new("张小军").number(&n[0]), Row::new("李秀英").number(&n[1])];
    let decisions = vec![decision(0, 2, Verdict::Same), decision(1, 1, Verdict::Different)];
    let (after, links) = linked(&people, &rows, decisions, false);
    assert_eq!(after, [["linked", "P0000003", "contradicted"], ["unlinked", "-", "contradicted"]]);
    assert!(links.links.str_at("evidence", 0).unwrap().contains("登记在另一人名下，请复核"));
    let applied = |right, left, verdict| Applied { right, left, verdict, contradicted: true };
    assert_eq!(links.applied, [applied(0, 2, Verdict::Same), applied(1, 1, Verdict::Different)]);
    // A number that is nobody's contradicts nothing.
    let strange = vec![Row::new("张晓军").number(&number("990121", "19950607", 99))];
    let (after, _) = linked(&people, &strange, vec![decision(0, 2, Verdict::Same)], false);
    assert_eq!(after, [["linked", "P0000003", "same"]]);
}

#[test]
fn a_decided_link_stands_where_a_source_lists_each_person_once() {
    let (people, n) = people();
    let birth = "1995-06-07";
    let rows = || {
        vec![
            Row::new("张军").village(1, 1),
            Row::new("张小军").birth(birth).village(1, 1),
            Row::new("张小军").number(&n[2]),
        ]
    };
    let alone = linked(&people, &rows()[1..2], vec![], true).0;
    assert_eq!(alone, [["linked", "P0000003", "-"]], "name and birth date link by themselves");
    let (after, links) = linked(&people, &rows()[..2], vec![decision(0, 2, Verdict::Same)], true);
    assert_eq!(after, [["linked", "P0000003", "same"], ["possible", "-", "-"]]);
    assert!(links.links.str_at("evidence", 1).unwrap().ends_with("人工已认定另一条记录对应此人"));
    // Number and name stay: the source lists the person twice.
    let (after, _) = linked(&people, &rows(), vec![decision(0, 2, Verdict::Same)], true);
    assert_eq!((after[0][0].as_str(), after[2][0].as_str()), ("linked", "linked"));
    let (many, _) = linked(&people, &rows()[..2], vec![decision(0, 2, Verdict::Same)], false);
    assert_eq!(many[1], ["linked", "P0000003", "-"], "a source of events lists a person often");
}
