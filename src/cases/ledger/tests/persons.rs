//! Rows in → ids and events out.

use super::*;

const A: Row = ["1", "张三", "990121197001051234", "1970-01-05"];
const B: Row = ["1", "李四", "990121197203041235", "1972-03-04"];
const C: Row = ["2", "王五", "990121198001051236", "1980-01-05"];
const D: Row = ["2", "赵六", "-", "2001-01-05"];

/// Ids and events of a second round after a first.
fn second(first: &[Row], then: &[Row]) -> (Vec<u32>, Vec<String>, usize) {
    let out = tempfile::tempdir().unwrap();
    let created = round(out.path(), "2026Q3", "2026-09-30", first);
    let running: Vec<u32> = (1..=first.len() as u32).collect();
    assert_eq!(created.ids, running, "the first round numbers the rows in order");
    assert!(created.events.iter().all(|e| e.kind == EventKind::Created));
    let next = round(out.path(), "2026Q4", "2026-12-31", then);
    let told = events(&next);
    (next.ids, told, next.doubts.len())
}

#[test]
fn ids_stay_whatever_happens_to_the_rows() {
    type Case<'a> = (&'a str, Vec<Row<'a>>, Vec<Row<'a>>, Vec<u32>, Vec<&'a str>, usize);
    let moved = ["9", "张三", A[2], A[3]];
    let renamed = ["1", "张叁", A[2], A[3]];
    let renumbered = ["1", "张三", "990121197001055555", A[3]];
    let unnumbered = ["1", "张三", "-", A[3]];
    let both = ["9", "张叁", A[2], A[3]];
    let twin = ["3", "张三", A[2], A[3]];
    let third = ["4", "张三", A[2], A[3]];
    let cases: Vec<Case> = vec![
        ("nothing", vec![A, B, C, D], vec![A, B, C, D], vec![1, 2, 3, 4], vec![], 0),
        ("reordered", vec![A, B, C, D], vec![D, B, A, C], vec![4, 2, 1, 3], vec![], 0),
        ("added in the middle", vec![A, C], vec![A, B, C], vec![1, 3, 2], vec!["3 created"], 0),
        ("removed", vec![A, B, C], vec![C, A], vec![3, 1], vec!["2 gone"], 0),
        ("moved to another household", vec![A, B], vec![B, moved], vec![2, 1], vec![], 0),
        ("name corrected", vec![A, B], vec![B, renamed], vec![2, 1], vec!["1 name_changed"], 0),
        ("number corrected", vec![A, B], vec![B, renumbered], vec![2, 1], vec!["1 number_changed"], 0),
        ("number lost", vec![A, B], vec![unnumbered, B], vec![1, 2], vec!["1 number_changed"], 0),
        ("number found", vec![unnumbered, B], vec![A, B], vec![1, 2], vec!["1 number_changed"], 0),
        (
            "another name in another household is nobody known",
            vec![A],
            vec![both],
            vec![2],
            vec!["1 gone", "2 created"],
            1,
        ),
        ("registered twice from now on", vec![A], vec![twin, A], vec![2, 1], vec!["2 created", "2 split_from 1"], 0),
        ("registered once from now on", vec![A, twin], vec![A], vec![1], vec!["2 merged_into 1"], 0),
        ("once, and elsewhere", vec![A, twin], vec![third], vec![1], vec!["2 merged_into 1"], 0),
        ("twice, both elsewhere", vec![A], vec![twin, third], vec![2, 3], vec!["1 gone", "2 created", "3 created"], 2),
        ("the same row twice", vec![A, A, B], vec![B, A, A], vec![3, 1, 2], vec![], 0),
        (
            "numbers of a couple swapped",
            vec![A, B],
            vec![["1", "张三", B[2], A[3]], ["1", "李四", A[2], B[3]]],
            vec![3, 4],
            vec!["1 gone", "2 gone", "3 created", "4 created"],
            2,
        ),
        (
            "a father's number on his son's row, set right",
            vec![A, ["1", "张小三", A[2], "1995-01-05"]],
            vec![["1", "张小三", "990121199501051237", "1995-01-05"], A],
            vec![2, 1],
            vec!["2 number_changed"],
            0,
        ),
        (
            "namesakes in one household",
            vec![["1", "张三", "-", "-"], ["1", "张三", "-", "-"]],
            vec![["1", "张三", "-", "-"]],
            vec![3],
            vec!["1 gone", "2 gone", "3 created"],
            1,
        ),
    ];
    for (what, first, then, ids, told, doubts) in cases {
        let (got, events, doubtful) = second(&first, &then);
        assert_eq!((got, events, doubtful), (ids, told.iter().map(|t| t.to_string()).collect(), doubts), "{what}");
    }
}

#[test]
fn who_comes_back_has_the_old_id() {
    let out = tempfile::tempdir().unwrap();
    round(out.path(), "2026Q1", "2026-03-31", &[A, B]);
    assert_eq!(events(&round(out.path(), "2026Q2", "2026-06-30", &[B])), ["1 gone"]);
    assert_eq!(events(&round(out.path(), "2026Q3", "2026-09-30", &[B])), [""; 0], "gone is told once");
    let back = round(out.path(), "2026Q4", "2026-12-31", &[B, A]);
    assert_eq!((back.ids.as_slice(), events(&back)), ([2, 1].as_slice(), vec!["1 returned".to_string()]));
}

#[test]
fn a_merge_that_was_a_slip_is_undone_with_the_old_ids() {
    let out = tempfile::tempdir().unwrap();
    let twin = ["3", "张三", A[2], A[3]];
    round(out.path(), "2026Q1", "2026-03-31", &[A, twin]);
    assert_eq!(events(&round(out.path(), "2026Q2", "2026-06-30", &[A])), ["2 merged_into 1"]);
    let back = round(out.path(), "2026Q3", "2026-09-30", &[twin, A]);
    assert_eq!((back.ids.as_slice(), events(&back)), ([2, 1].as_slice(), vec!["2 split_from 1".to_string()]));
}

#[test]
fn a_round_made_again_gives_the_same_ids_and_never_gives_an_id_twice() {
    let out = tempfile::tempdir().unwrap();
    let (q3, q4) = (("2026Q3", "2026-09-30"), ("2026Q4", "2026-12-31"));
    let once = round(out.path(), q3.0, q3.1, &[A, B]);
    let again = round(out.path(), q3.0, q3.1, &[A, B]);
    assert_eq!((&once.ids, &once.events), (&again.ids, &again.events));
    assert!(again.created.is_empty() && again.changed.is_empty(), "nothing new is written");

    // Other inputs: who was there keeps the id, who was not gets a new one, and nobody gets the id of one who left.
    let other = round(out.path(), q3.0, q3.1, &[C, B]);
    assert_eq!(
        (other.ids.as_slice(), events(&other)),
        ([3, 2].as_slice(), vec!["2 created".into(), "3 created".into()])
    );
    // Back to the first inputs, after a later round.
    round(out.path(), q4.0, q4.1, &[B, D]);
    let back = round(out.path(), q3.0, q3.1, &[A, B]);
    assert_eq!((&back.ids, &back.events), (&once.ids, &once.events));
    let state = Ledger::open(out.path()).unwrap().state_before(q3.0, q3.1).unwrap();
    assert_eq!((state.rounds.len(), state.later), (0, vec!["2026Q4".to_string()]));
}

#[test]
fn the_history_tells_every_event_until_the_round() {
    let out = tempfile::tempdir().unwrap();
    round(out.path(), "2026Q3", "2026-09-30", &[A, B]);
    let state = Ledger::open(out.path()).unwrap().state_before("2026Q4", "2026-12-31").unwrap();
    let renamed = ["1", "张叁", A[2], A[3]];
    let assigned = assign(&register(&[renamed]), &state.known, state.next);
    let table = person_history(&state, &assigned, "2026Q4");
    let rows: Vec<String> = (0..table.rows())
        .map(|r| ["person_id", "round", "event"].map(|c| table.str_at(c, r).unwrap()).join(" "))
        .collect();
    let expected =
        ["P0000001 2026Q3 created", "P0000001 2026Q4 name_changed", "P0000002 2026Q3 created", "P0000002 2026Q4 gone"];
    assert_eq!(rows, expected);
    assert_eq!(table.str_at("evidence", 1), Some("身份证号、户号一致，姓名已变更"));
}

#[test]
fn an_id_reads_back() {
    assert_eq!(person_id(7), "P0000007");
    assert_eq!(
        [person_number("P0000007"), person_number("P12345678"), person_number("H7")],
        [Some(7), Some(12345678), None]
    );
}
