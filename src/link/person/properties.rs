//! What holds for every delivery: one state per record, whatever the order of rows, and no number in wrong hands.

use std::collections::BTreeMap;

use arrow::array::Array;
use proptest::prelude::*;

use super::super::*;
use super::testing::{Row, model, records, source};
use super::tests::{build, numbers, typo};

/// A household of two brothers' families with names that are close to each other.
fn crowd() -> Vec<Row> {
    let n = numbers();
    vec![
        Row::new("张建国").number(&n.guo).birth("1970-01-05").sex("male").village(1, 1).household("1", "head"),
        Row::new("张建军").number(&n.jun).birth("1973-08-06").sex("male").village(1, 1).household("2", "head"),
        Row::new("陈秀英").number(&n.ying).birth("1972-02-06").sex("female").village(1, 1).household("1", "spouse"),
        Row::new("张丽").number(&n.li).birth("1999-04-08").sex("female").village(1, 2).household("1", "daughter"),
        Row::new("张莉").birth("1999-04-08").sex("female").village(1, 2).household("2", "daughter"),
        Row::new("王强").number(&n.wang).birth("1980-03-07").sex("male").village(1, 1).household("3", "head"),
        Row::new("王强").birth("1980-03-07").sex("male").village(1, 1).household("4", "head"),
        Row::new("张建国").number(&n.guo).birth("1970-01-05").village(2, 1).household("5", "head"),
    ]
}

prop_compose! {
    fn any_record()(
        name in prop::sample::select(vec!["张建国", "张建军", "章建国", "張麗", "张丽", "王强", "张国", "赵六", "王□", ""]),
        which in 0..5_usize,
        damage in 0..6_u8,
        birth in prop::option::of(prop::sample::select(vec!["1970-01-05", "1999-04-08", "1980-03-07", "2001-01-01"])),
        sex in prop::option::of(prop::sample::select(vec!["male", "female"])),
        village in prop::option::of(1..3_u32),
    ) -> Row {
        let n = numbers();
        let number = [n.guo, n.jun, n.ying, n.li, n.wang][which].clone();
        let mut row = if name.is_empty() { Row::nameless() } else { Row::new(name) };
        row = match damage {
            0 | 1 => row.number(&number),
            2 => row.partial(&typo(&number, 9)),
            3 => row.partial(&number[..15]),
            4 => row.partial(&number[..17]),
            _ => row,
        };
        if let Some(birth) = birth { row = row.birth(birth); }
        if let Some(sex) = sex { row = row.sex(sex); }
        if let Some(village) = village { row = row.village(1, village); }
        row
    }
}

/// For each record, by its id: state, linked person by content, candidates by content with their weight.
fn by_id(register: &Register, source: &Source, rows: &[Row]) -> BTreeMap<String, Vec<String>> {
    let linked = link(register, source, &records(source, rows), &model());
    let ids: Vec<&str> = register.persons.text("person_id").iter().flatten().collect();
    let content = |person: &str| {
        let at = ids.iter().position(|id| *id == person).expect("a person of the register");
        let column = |c: &str| register.persons.display_at(c, at).unwrap_or_default();
        ["name", "id_number", "birth_date", "household_id"].map(column).join("/")
    };
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for i in 0..linked.links.rows() {
        let state = linked.links.str_at("status", i).unwrap_or_default();
        let person = linked.links.str_at("person_id", i).map(content).unwrap_or_default();
        let id = linked.links.str_at("record_id", i).unwrap_or_default();
        let evidence = linked.links.str_at("evidence", i).unwrap_or_default();
        let before = found.insert(id.to_string(), vec![format!("{state} {person} {evidence}")]);
        assert_eq!(before, None, "one row per record");
    }
    for i in 0..linked.possible.rows() {
        let id = linked.possible.str_at("record_id", i).unwrap_or_default();
        let person = content(linked.possible.str_at("person_id", i).unwrap_or_default());
        let weight = linked.possible.float("match_weight").value(i);
        let rank = linked.possible.integer("rank").value(i);
        found.get_mut(id).expect("a candidate's record is in links").push(format!("{rank} {weight:.6} {person}"));
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_record_ends_in_one_state_whatever_the_order(
        rows in prop::collection::vec(any_record(), 1..12),
        record_order in any::<prop::sample::Index>(),
        register_order in Just((0..crowd().len()).collect::<Vec<usize>>()).prop_shuffle(),
        once in any::<bool>(),
    ) {
        let mut source = source("dept");
        source.once_per_person = once;
        let rows: Vec<Row> = rows.into_iter().enumerate().map(|(i, r)| r.id(&format!("r{i}"))).collect();
        let mut turned = rows.clone();
        turned.rotate_left(record_order.index(rows.len()));
        turned.reverse();

        let first = build(&crowd());
        let crowd = crowd();
        let reordered: Vec<Row> = register_order.iter().map(|i| crowd[*i].clone()).collect();
        let expected = by_id(&first, &source, &rows);
        prop_assert_eq!(expected.len(), rows.len());
        prop_assert_eq!(&by_id(&first, &source, &turned), &expected);
        prop_assert_eq!(&by_id(&build(&reordered), &source, &rows), &expected);

        let linked = link(&first, &source, &records(&source, &rows), &model());
        let links = &linked.links;
        for i in 0..links.rows() {
            let state = links.str_at("status", i).unwrap_or_default();
            prop_assert!(["linked", "possible", "conflict", "unlinked"].contains(&state));
            prop_assert_eq!(state == "linked", !links.text("person_id").is_null(i));
            prop_assert_eq!(state == "linked", !links.text("household_id").is_null(i));
            prop_assert_eq!(links.integer("candidates").value(i) > 0, state == "possible" || state == "conflict");
            prop_assert!(links.str_at("evidence", i).is_some_and(|e| !e.is_empty()));
        }
        let candidates: i64 = links.integer("candidates").iter().flatten().sum();
        prop_assert_eq!(candidates as usize, linked.possible.rows());
    }

    #[test]
    fn a_number_that_is_one_persons_is_never_linked_to_another(rows in prop::collection::vec(any_record(), 1..8)) {
        let register = build(&crowd());
        let source = source("dept");
        let delivered = records(&source, &rows);
        let linked = link(&register, &source, &delivered, &model());
        for i in 0..rows.len() {
            let Some(number) = delivered.str_at("id_number", i) else { continue };
            if let Some(person) = linked.links.str_at("person_id", i) {
                let at = register.persons.text("person_id").iter().position(|p| p == Some(person)).expect("a person");
                prop_assert_eq!(register.persons.str_at("id_number", at), Some(number));
            }
        }
    }
}
