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

const HEADS: [&str; 12] = ["an", "ber", "car", "do", "em", "fri", "ge", "hu", "wo", "qui", "xe", "zy"];
const TAILS: [&str; 5] = ["na", "lia", "tho", "mir", "sek"];

/// How many people the files hold.
const MANY: usize = 120;

/// The n-th person; every tenth is called Smith.
fn person(n: usize) -> [String; 4] {
    let pick = |what: u64, of: u64| estimate::scatter(n as u64 * 8 + what) % of;
    let word =
        |what: u64, heads: u64| format!("{}{}", HEADS[pick(what, heads) as usize], TAILS[pick(what + 1, 5) as usize]);
    let surname = if n % 10 == 9 { "smith".to_string() } else { word(2, 12) };
    let born = format!("19{:02}-{:02}-{:02}", 30 + pick(4, 60), 1 + pick(5, 12), 1 + pick(6, 28));
    [word(0, 8), surname, born, format!("t{}", pick(7, 20))]
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
    let left = people(MANY);
    let mut right = left.clone();
    right[0][0].push('x');
    // One digit of the day.
    let day = right[1][2].pop();
    right[1][2].push(if day == Some('1') { '2' } else { '1' });
    right[2][1].clear();
    right[3].swap(0, 1);
    right[4][3] = "rom".into();
    let found = found(&model(), &left, Some(&right));
    let pairs = &found.pairs;
    for row in 0..MANY as u32 {
        assert_eq!(states(pairs, row), [(Status::Linked, Some(row))], "row {row}");
    }
    let swapped = &pairs.compared[4];
    assert_eq!(swapped.words[swapped.level[3] as usize], "swapped");
    assert_eq!(pairs.compared[0].level[3], 0, "compared crosswise, the given name is the same");
    assert_eq!(pairs.compared[2].words[pairs.compared[2].level[1] as usize], "slip");
    assert_eq!(pairs.compared[1].level[2], NO_LEVEL);
    assert_eq!(pairs.compared[1].weight[2], 0.0, "a missing value says nothing");
    // The weight is the prior's and those of all comparisons.
    let prior = found.estimated.parameters.prior;
    let sum: f32 = pairs.compared.iter().map(|c| c.weight[5]).sum::<f32>() + (prior / (1.0 - prior)).log2() as f32;
    assert!((sum - pairs.weight[5]).abs() < 1e-3, "{sum} {}", pairs.weight[5]);
}

#[test]
fn a_rare_value_weighs_more_than_a_common_one() {
    let pairs = found(&model(), &people(MANY), Some(&people(MANY))).pairs;
    let surname = &pairs.compared[1];
    assert_eq!((surname.level[8], surname.level[9]), (0, 0));
    assert!(surname.weight[8] > surname.weight[9] + 0.5, "{} {}", surname.weight[8], surname.weight[9]);
}

#[test]
fn equal_candidates_are_possible_and_never_linked() {
    let mut left = people(MANY);
    left.push(person(7));
    let right = people(MANY);
    let pairs = found(&model(), &left, Some(&right)).pairs;
    assert_eq!(states(&pairs, 7), [(Status::Possible, Some(7)), (Status::Possible, Some(MANY as u32))]);
    assert_eq!(states(&pairs, 8), [(Status::Linked, Some(8))]);
    let many = GenericModel { links: Links::ManyToMany, ..model() };
    let both = states(&found(&many, &left, Some(&right)).pairs, 7);
    assert_eq!(both, [(Status::Linked, Some(7)), (Status::Linked, Some(MANY as u32))]);
}

#[test]
fn one_to_one_gives_nobody_two_links() {
    let left = people(MANY);
    let mut right = people(MANY);
    let mut copy = person(8);
    copy[3] = "rom".into();
    right.push(copy);
    let state = |links| {
        let pairs = found(&GenericModel { links, ..model() }, &left, Some(&right)).pairs;
        [8, MANY as u32].map(|row| states(&pairs, row)[0])
    };
    assert_eq!(state(Links::ManyToOne), [(Status::Linked, Some(8)), (Status::Linked, Some(8))]);
    assert_eq!(state(Links::OneToOne), [(Status::Linked, Some(8)), (Status::Possible, Some(8))]);
}

#[test]
fn nobody_is_lost() {
    let left = people(60);
    let mut right = people(MANY);
    right[MANY - 1] = Default::default();
    let pairs = found(&model(), &left, Some(&right)).pairs;
    assert_eq!((0..MANY as u32).filter(|row| states(&pairs, *row).is_empty()).count(), 0);
    assert_eq!(states(&pairs, MANY as u32 - 1), [(Status::Unlinked, None)]);
}

#[test]
fn duplicates_form_clusters_and_every_record_has_a_row() {
    // The first ten are there three times, the next ten twice.
    let copies = (0..20).chain(0..10);
    let of: Vec<usize> = (0..MANY).chain(copies).collect();
    let rows: Vec<[String; 4]> = of.iter().map(|n| person(*n)).collect();
    let pairs = found(&model(), &rows, None).pairs;
    let mut seen = vec![false; rows.len()];
    for (at, (left, right)) in pairs.left.iter().zip(&pairs.right).enumerate() {
        seen[*right as usize] = true;
        let Some(left) = left else {
            assert_eq!((pairs.status[at], pairs.cluster[at]), (Status::Unlinked, Some(*right)));
            continue;
        };
        seen[*left as usize] = true;
        let same = of[*left as usize] == of[*right as usize];
        assert_eq!(pairs.status[at] == Status::Linked, same, "{left} {right}");
        assert_eq!(pairs.cluster[at].is_some(), same);
    }
    assert!(seen.iter().all(|s| *s), "every record has a row");
    let linked = pairs.status.iter().filter(|s| **s == Status::Linked).count();
    assert_eq!(linked, 10 * 3 + 10);
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
    assert!(told(&narrow, &people(MANY)).contains(&"link.large_block"));
    let one = GenericModel { passes: vec![pass(1)], ..model() };
    assert!(told(&one, &people(MANY)).contains(&"link.unfree_comparison"));
    let mut without = people(MANY);
    without.iter_mut().for_each(|row| row[3].clear());
    assert!(told(&model(), &without).contains(&"link.empty_column"));
    assert!(found(&model(), &people(MANY), Some(&people(MANY))).problems.is_empty());
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
