//! Rows in, pairs out, on files small enough to see.

use super::*;
use crate::plan::{DateOrder, GenericColumn, GenericComparison, Key, Links, Measure, Take};

pub(super) fn column(name: &str) -> GenericColumn {
    GenericColumn {
        name: name.into(),
        left: name.into(),
        right: name.into(),
        clean: vec![crate::plan::Clean::Lower],
        missing: Vec::new(),
        date_order: DateOrder::DayFirst,
        place: Place::default(),
    }
}

pub(super) fn comparison(columns: &[usize], measure: Measure) -> GenericComparison {
    GenericComparison {
        name: format!("{}_{columns:?}", measure.word()),
        columns: columns.to_vec(),
        measure,
        thresholds: measure.default_levels().to_vec(),
        term_frequency: !matches!(measure, Measure::Numeric | Measure::Percent | Measure::ColumnsSwapped),
        m: None,
        u: None,
        place: Place::default(),
    }
}

fn pass(column: usize) -> Pass {
    let keys = vec![Key { columns: vec![column], take: Take::Whole }];
    Pass { name: column.to_string(), written: vec![column.to_string()], keys, place: Place::default() }
}

/// Given name, surname, birth date, town; names may change places.
pub(super) fn model() -> GenericModel {
    GenericModel {
        name: "m".into(),
        version: 1,
        columns: ["given", "surname", "born", "town"].map(column).to_vec(),
        passes: Vec::new(),
        comparisons: vec![
            comparison(&[0], Measure::JaroWinkler),
            comparison(&[1], Measure::JaroWinkler),
            comparison(&[2], Measure::Date),
            comparison(&[3], Measure::Exact),
            comparison(&[0, 1], Measure::ColumnsSwapped),
        ],
        prior: None,
        linked_at: 2.0,
        possible_at: -2.0,
        margin: 0.0,
        links: Links::ManyToOne,
        max_block: 1000,
        place: Place::default(),
    }
}

const GIVEN: [&str; 12] =
    ["anna", "bert", "carla", "dora", "emil", "frieda", "georg", "hanna", "ivan", "julia", "karl", "lotte"];
const SURNAMES: [&str; 13] = [
    "abel", "bauer", "conrad", "dietz", "engel", "fischer", "graf", "huber", "illner", "jung", "kern", "lang", "smith",
];

/// The n-th person; from 40 on all are called Smith.
fn person(n: usize) -> [String; 4] {
    let surname = if n >= 40 { "smith" } else { SURNAMES[n * 5 % 12] };
    let born = format!("19{:02}-{:02}-{:02}", 30 + n * 7 % 60, 1 + n * 5 % 12, 1 + n * 11 % 28);
    [GIVEN[n % 12].to_string(), surname.to_string(), born, ["bern", "wien", "köln"][n % 3].to_string()]
}

fn people(count: usize) -> Vec<[String; 4]> {
    (0..count).map(person).collect()
}

fn columns(model: &GenericModel, left: &[[String; 4]], right: Option<&[[String; 4]]>) -> Columns {
    let mut columns = Columns::new(model, right.is_none());
    left.iter().for_each(|row| columns.push(model, false, row.iter().map(String::as_str)));
    right.unwrap_or(&[]).iter().for_each(|row| columns.push(model, true, row.iter().map(String::as_str)));
    columns.close();
    columns
}

fn found(model: &GenericModel, left: &[[String; 4]], right: Option<&[[String; 4]]>) -> Found {
    link(model, &columns(model, left, right), &[]).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Status and candidate of each row of the right side.
fn states(pairs: &Pairs, right: u32) -> Vec<(Status, Option<u32>)> {
    let rows = (0..pairs.right.len()).filter(|at| pairs.right[*at] == right);
    rows.map(|at| (pairs.status[at], pairs.left[at])).collect()
}

#[test]
fn copies_with_a_slip_each_find_their_originals() {
    let left = people(60);
    let mut right = left.clone();
    right[0][0].push('x');
    right[1][2] = "1937-06-21".into();
    right[2][1].clear();
    right[3].swap(0, 1);
    right[4][3] = "rom".into();
    let pairs = found(&model(), &left, Some(&right)).pairs;
    for row in 0..60 {
        assert_eq!(states(&pairs, row), [(Status::Linked, Some(row))], "row {row}");
    }
    let swapped = &pairs.compared[4];
    assert_eq!(swapped.words[swapped.level[3] as usize], "swapped");
    assert_eq!(pairs.compared[0].level[3], 0, "compared crosswise, the given name is the same");
    assert_eq!(pairs.compared[1].level[2], NO_LEVEL);
    assert_eq!(pairs.compared[1].weight[2], 0.0, "a missing value says nothing");
    // The weight is the prior's and those of all comparisons.
    let prior = found(&model(), &left, Some(&right)).estimated.parameters.prior;
    let sum: f32 = pairs.compared.iter().map(|c| c.weight[5]).sum::<f32>() + (prior / (1.0 - prior)).log2() as f32;
    assert!((sum - pairs.weight[5]).abs() < 1e-3, "{sum} {}", pairs.weight[5]);
}

#[test]
fn a_rare_value_weighs_more_than_a_common_one() {
    let pairs = found(&model(), &people(60), Some(&people(60))).pairs;
    let surname = &pairs.compared[1].weight;
    assert!(surname[1] > surname[50] + 1.0, "{} {}", surname[1], surname[50]);
}

#[test]
fn equal_candidates_are_possible_whatever_the_order() {
    let mut left = people(60);
    left.push(person(7));
    let right = people(60);
    for (first, second) in [(7, 60), (60, 7)] {
        let pairs = found(&model(), &left, Some(&right)).pairs;
        let mut candidates = states(&pairs, 7);
        candidates.sort();
        assert_eq!(candidates.len(), 2, "{candidates:?}");
        assert!(
            candidates.contains(&(Status::Possible, Some(first)))
                && candidates.contains(&(Status::Possible, Some(second)))
        );
        assert_eq!(states(&pairs, 8), [(Status::Linked, Some(8))]);
        left.swap(first as usize, second as usize);
    }
    let many = GenericModel { links: Links::ManyToMany, ..model() };
    assert_eq!(states(&found(&many, &left, Some(&right)).pairs, 7).len(), 2);
}

#[test]
fn one_to_one_gives_nobody_two_links() {
    let left = people(60);
    let mut right = people(60);
    let mut copy = person(9);
    copy[0] = "x".into();
    right.push(copy);
    let state = |links| {
        let pairs = found(&GenericModel { links, ..model() }, &left, Some(&right)).pairs;
        [9, 60].map(|row| states(&pairs, row)[0])
    };
    assert_eq!(state(Links::ManyToOne), [(Status::Linked, Some(9)), (Status::Linked, Some(9))]);
    assert_eq!(state(Links::OneToOne), [(Status::Linked, Some(9)), (Status::Possible, Some(9))]);
}

#[test]
fn nobody_is_lost() {
    let left = people(30);
    let mut right = people(60);
    right[59] = Default::default();
    let pairs = found(&model(), &left, Some(&right)).pairs;
    assert_eq!((0..60).filter(|row| states(&pairs, *row).is_empty()).count(), 0);
    assert_eq!(states(&pairs, 59), [(Status::Unlinked, None)]);
}

#[test]
fn duplicates_form_clusters_and_every_record_has_a_row() {
    let mut rows = people(40);
    rows.extend((0..20).map(person));
    rows.extend((0..10).map(person));
    let pairs = found(&model(), &rows, None).pairs;
    for (at, (left, right)) in pairs.left.iter().zip(&pairs.right).enumerate() {
        match left {
            Some(left) => assert!(pairs.status[at] != Status::Linked || left % 20 == right % 20 || right - left == 40),
            None => assert_eq!((pairs.status[at], pairs.cluster[at]), (Status::Unlinked, Some(*right))),
        }
    }
    let linked = pairs.status.iter().filter(|s| **s == Status::Linked).count();
    // Ten clusters of three and ten of two.
    assert_eq!(linked, 10 * 3 + 10, "{:?}", pairs.cluster);
}

#[test]
fn useless_input_is_refused_with_its_reason() {
    let refused = |model: &GenericModel, left: &[[String; 4]], right: &[[String; 4]]| {
        let problems = link(model, &columns(model, left, Some(right)), &[]).expect_err("refused");
        problems.into_iter().find(Diagnostic::is_error).map(|p| p.code)
    };
    assert_eq!(refused(&model(), &people(5), &[]), Some("link.empty_side"));
    assert_eq!(refused(&model(), &[], &people(5)), Some("link.empty_side"));
    let strangers: Vec<[String; 4]> = (0..5).map(|n| [n, n + 10, n + 20, n + 30].map(|n| format!("q{n}"))).collect();
    let by_date = GenericModel { passes: vec![pass(2)], ..model() };
    assert_eq!(refused(&by_date, &people(5), &strangers), Some("link.blocking_nothing"));
}

#[test]
fn doubtful_blocking_and_columns_are_told() {
    let told = |model: &GenericModel, rows: &[[String; 4]]| -> Vec<&'static str> {
        found(model, rows, Some(rows)).problems.iter().map(|p| p.code).collect()
    };
    let narrow = GenericModel { passes: vec![pass(2), pass(3)], max_block: 5, ..model() };
    assert!(told(&narrow, &people(60)).contains(&"link.large_block"));
    let one = GenericModel { passes: vec![pass(1)], ..model() };
    assert!(told(&one, &people(60)).contains(&"link.unfree_comparison"));
    let mut without = people(60);
    without.iter_mut().for_each(|row| row[3].clear());
    assert!(told(&model(), &without).contains(&"link.empty_column"));
    assert!(found(&model(), &people(60), Some(&people(60))).problems.is_empty());
}

#[test]
fn a_pair_of_several_passes_comes_once_and_tells_all_of_them() {
    let token = Key { columns: vec![0], take: Take::Token };
    let words = Pass { name: "w".into(), written: vec!["w".into()], keys: vec![token], place: Place::default() };
    let model = GenericModel { passes: vec![pass(2), words, pass(3)], ..model() };
    let row = |given: &str, born: &str, town: &str| [given, "s", born, town].map(String::from);
    let left = [row("anna maria", "1980-01-01", "bern"), row("otto", "1981-01-01", "bern")];
    let right = [row("maria anna", "1980-01-01", "bern"), row("anna maria", "1999-01-01", "wien")];
    let columns = columns(&model, &left, Some(&right));
    let blocks = Blocks::new(&model, &model.passes, &columns);
    let mut met = blocks.collect(|m| Some((m.a, m.b, m.passes)));
    met.sort_unstable();
    assert_eq!(met, [(0, 2, 0b111), (0, 3, 0b010), (1, 2, 0b100)]);
}
