//! The generic family against a public set: FEBRL 4 with the shipped model, no labels, gated by status `linked`.
//!
//! Peers on the same files: Splink 5 F1 .9996, recordlinkage .9993, with thresholds chosen by the truth. Here nothing is
//! chosen by it. Command: `cargo test --test it generic`.

use std::collections::BTreeMap;
use std::path::Path;

use bidui::link::Keys;
use bidui::link::pairs::{Pairs, Status};
use bidui::plan::{GenericModel, Model, load_model};
use bidui::run::{GenericLinked, LinkOptions, link_generic};

use crate::support::root;

fn model(path: &Path) -> GenericModel {
    let (model, problems) = load_model(path);
    assert!(problems.is_empty(), "{problems:?}");
    match model {
        Some(Model::Generic(model)) => model,
        other => panic!("not of the generic family: {other:?}"),
    }
}

fn shipped() -> GenericModel {
    model(&root().join("pipelines/shared/models/generic-person-en.toml"))
}

fn options(files: &[&str]) -> LinkOptions {
    let file = |name: &&str| root().join("tests/data/febrl4").join(name);
    LinkOptions { files: files.iter().map(file).collect(), ids: vec!["rec_id".into()], ..LinkOptions::default() }
}

/// The person of a key: `rec-N-org` and `rec-N-dup-0` are the same.
fn person(key: &str) -> String {
    key.split('-').nth(1).expect("keys are rec-N-…").to_string()
}

fn linked(options: &LinkOptions, model: &GenericModel) -> (GenericLinked, [Vec<String>; 2]) {
    let mut keys = [Keys::default(), Keys::default()];
    let linked = link_generic(options, model, &|_| {}, &mut keys).unwrap_or_else(|failure| panic!("{failure}"));
    (linked, keys.map(|side| (0..side.len() as u32).map(|row| person(side.get(row))).collect()))
}

/// Pairs with status linked: right ones and wrong ones.
fn counted(pairs: &Pairs, left: &[String], right: &[String]) -> (usize, usize) {
    let (mut good, mut bad) = (0, 0);
    for (at, status) in pairs.status.iter().enumerate().filter(|(_, s)| **s == Status::Linked) {
        let l = pairs.left[at].unwrap_or_else(|| panic!("a {} row has a left side", status.as_str()));
        let same = left[l as usize] == right[pairs.right[at] as usize];
        *(if same { &mut good } else { &mut bad }) += 1;
    }
    (good, bad)
}

fn f1(good: usize, bad: usize, truth: usize) -> f64 {
    2.0 * good as f64 / (good + bad + truth) as f64
}

#[test]
fn febrl4_is_linked_as_well_as_by_any_peer() {
    let (found, people) = linked(&options(&["dataset4a.csv", "dataset4b.csv"]), &shipped());
    assert_eq!(found.rows, [5000, 5000]);
    let (good, bad) = counted(&found.found.pairs, &people[0], &people[1]);
    let f1 = f1(good, bad, 5000);
    assert!(f1 >= 0.9996, "F1 {f1:.5}: {good} right, {bad} wrong of 5000");
    // Every record of the right file has a row, and each person at most one link.
    let rows: std::collections::BTreeSet<u32> = found.found.pairs.right.iter().copied().collect();
    assert_eq!(rows.len(), 5000);
}

#[test]
fn passes_chosen_from_the_data_do_as_well() {
    let bare = GenericModel { passes: Vec::new(), ..shipped() };
    let (found, people) = linked(&options(&["dataset4a.csv", "dataset4b.csv"]), &bare);
    let (good, bad) = counted(&found.found.pairs, &people[0], &people[1]);
    let f1 = f1(good, bad, 5000);
    assert!(f1 >= 0.9996, "F1 {f1:.5}: {good} right, {bad} wrong of 5000");
}

#[test]
fn duplicates_in_one_file_become_clusters() {
    // Both files one below the other: every person is there twice.
    let dir = tempfile::tempdir().expect("a temporary folder");
    let read = |name| std::fs::read_to_string(root().join("tests/data/febrl4").join(name)).expect("a file");
    let (left, right) = (read("dataset4a.csv"), read("dataset4b.csv"));
    let both = dir.path().join("both.csv");
    std::fs::write(&both, left + right.split_once('\n').expect("a heading").1).expect("a file");
    let options = LinkOptions { files: vec![both], ..options(&[]) };
    let (found, people) = linked(&options, &shipped());
    let pairs = &found.found.pairs;
    let (good, bad) = counted(pairs, &people[0], &people[0]);
    let f1 = f1(good, bad, 5000);
    assert!(f1 >= 0.999, "F1 {f1:.5}: {good} right, {bad} wrong of 5000");
    let mut clusters: BTreeMap<u32, std::collections::BTreeSet<u32>> = BTreeMap::new();
    for (at, cluster) in pairs.cluster.iter().enumerate() {
        if let Some(cluster) = cluster {
            clusters.entry(*cluster).or_default().extend(pairs.left[at].into_iter().chain([pairs.right[at]]));
        }
    }
    let records: Vec<u32> = clusters.values().flatten().copied().collect();
    let mut once = records.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), records.len(), "no record is in two clusters");
}

#[test]
fn threads_change_nothing() {
    let options = options(&["dataset4a.csv", "dataset4b.csv"]);
    let text = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| format!("{:?}", linked(&options, &shipped()).0.found.pairs))
    };
    assert!(text(1) == text(2), "one and two threads gave different pairs");
}

#[test]
fn a_saved_model_links_the_same_without_being_fitted() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let saved = dir.path().join("fitted.toml");
    let first = linked(&options(&["dataset4a.csv", "dataset4b.csv"]), &shipped()).0;
    std::fs::write(&saved, first.found.fitted.to_toml()).expect("a file in a temporary folder");
    assert!(first.found.estimated.rounds > 0);
    let again = linked(&options(&["dataset4a.csv", "dataset4b.csv"]), &model(&saved)).0;
    assert_eq!(again.found.estimated.rounds, 0, "nothing is left to estimate");
    assert_eq!(
        (&first.found.pairs.left, &first.found.pairs.right),
        (&again.found.pairs.left, &again.found.pairs.right)
    );
    assert_eq!(first.found.pairs.status, again.found.pairs.status);
}

#[test]
fn known_pairs_count_into_the_estimates() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("labels.csv");
    let mut text = "left_id,right_id\n".to_string();
    // Pairs of different persons, given as known matches: agreement must then be worth less.
    (0..400).for_each(|n| text += &format!("rec-{n}-org,rec-{}-dup-0\n", n + 1));
    std::fs::write(&path, text + "rec-0-org,rec-99999-dup-0\n").expect("a file");
    let plain = options(&["dataset4a.csv", "dataset4b.csv"]);
    let labelled = LinkOptions { labels: Some(path), ..plain.clone() };
    let m = |o: &LinkOptions| linked(o, &shipped()).0;
    let (without, with) = (m(&plain), m(&labelled));
    let exact = |l: &GenericLinked| l.found.estimated.parameters.m[0][0];
    assert!(exact(&with) < exact(&without) - 0.02, "{} {}", exact(&with), exact(&without));
    assert!(with.problems.iter().any(|p| p.code == "link.unknown_keys"), "{:?}", with.problems);
}

#[test]
fn columns_that_are_not_there_are_told_with_their_line() {
    let mut wrong = shipped();
    wrong.columns.iter_mut().filter(|c| c.name == "surname").for_each(|c| c.right = "surnam".into());
    let failure = link_generic(
        &options(&["dataset4a.csv", "dataset4b.csv"]),
        &wrong,
        &|_| {},
        &mut [Keys::default(), Keys::default()],
    )
    .expect_err("the column is not there");
    let told = failure.to_string();
    assert!(told.contains("`surnam`") && told.contains("[link.missing_column]"), "{told}");
    assert!(failure.problems[0].hint.as_deref().unwrap_or("").contains("`surname`"), "{failure:?}");
}
