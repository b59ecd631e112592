//! Pairs of a few rows whose figures can be counted by hand.

use super::*;
use crate::link::pairs::{Compared, NO_LEVEL};

/// left, right, status, rank, weight.
type Row = (Option<u32>, u32, Status, u32, f32);

fn pairs(rows: &[Row]) -> Pairs {
    let weight = |i: usize, share: f32| if rows[i].0.is_some() { rows[i].4 * share } else { 0.0 };
    let compared = |name: &str, share: f32| Compared {
        name: name.into(),
        words: vec!["exact".into(), "near".into(), "different".into()],
        level: rows.iter().map(|r| r.0.map_or(NO_LEVEL, |_| if r.4 >= 20.0 { 0 } else { 1 })).collect(),
        weight: (0..rows.len()).map(|i| weight(i, share)).collect(),
    };
    Pairs {
        left: rows.iter().map(|r| r.0).collect(),
        right: rows.iter().map(|r| r.1).collect(),
        status: rows.iter().map(|r| r.2).collect(),
        rank: rows.iter().map(|r| r.3).collect(),
        weight: rows.iter().map(|r| r.4).collect(),
        margin: rows.iter().map(|_| None).collect(),
        pass: vec![0; rows.len()],
        passes: vec!["number".into()],
        compared: vec![compared("number", 0.6), compared("name", 0.6)],
        cluster: Vec::new(),
    }
}

use Status::{Conflict, Linked, Possible, Unlinked};

/// Ten records of the right side; those from 8 on have nobody on the left.
fn two_files() -> Pairs {
    pairs(&[
        (Some(0), 0, Linked, 1, 30.0),
        (Some(1), 1, Linked, 1, 30.0),
        (Some(2), 2, Linked, 1, 25.0),
        (Some(9), 3, Linked, 1, 21.0),
        (Some(4), 4, Possible, 1, 12.0),
        (Some(7), 4, Possible, 2, 11.0),
        (Some(8), 5, Possible, 1, 10.0),
        (Some(5), 5, Possible, 2, 9.0),
        (Some(1), 6, Conflict, 1, 8.0),
        (None, 7, Unlinked, 1, 0.0),
        (Some(3), 8, Linked, 1, 22.0),
        (None, 9, Unlinked, 1, 0.0),
    ])
}

const TRUTH: [(u32, u32); 8] = [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 7)];

fn kinds() -> Vec<String> {
    ["clean", "clean", "typo", "typo+name", "name", "name", "relative", ""].map(str::to_string).to_vec()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

#[test]
fn figures_of_two_files() {
    let kinds = kinds();
    let found = evaluate(&two_files(), &Truth { pairs: &TRUTH, kinds: &kinds, dedupe: false });
    // Linked: 0, 1, 2 right; 3 and 8 wrong.
    assert_eq!((found.linked.pairs, found.linked.right, found.linked.truth), (5, 3, 8));
    assert!(near(found.linked.precision, 0.6) && near(found.linked.recall, 0.375));
    assert!(near(found.linked.f1, 6.0 / 13.0));
    // Best candidates by weight: 30 30 25 right, 22 21 wrong, 12 right, 10 8 wrong. F1 is greatest at the third
    // (6/11), not at the sixth (8/14).
    assert_eq!((found.best.pairs, found.best.right, found.best_threshold), (6, 4, Some(12.0)));
    assert!(near(found.best.f1, 8.0 / 14.0) && 8.0 / 14.0 > 6.0 / 11.0);
    assert_eq!(found.recall_at.len(), 3);
    assert!(found.recall_at.iter().all(|r| near(r.recall, 0.375) && r.threshold == Some(25.0)));
    // One point for the two pairs of weight 30.
    let points: Vec<(f32, u64, u64)> = found.curve.iter().map(|p| (p.threshold, p.pairs, p.right)).collect();
    assert_eq!(
        points,
        [(30.0, 2, 2), (25.0, 3, 3), (22.0, 4, 3), (21.0, 5, 3), (12.0, 6, 4), (10.0, 7, 4), (8.0, 8, 4)]
    );
    assert_eq!((found.review, found.of), (3, 10));
    assert!(near(found.review_share, 0.3));
    let ended: Vec<(End, u64, u64)> = found.ended.iter().map(|e| (e.end, e.pairs, e.first)).collect();
    assert_eq!(
        ended,
        [
            (End::Linked, 3, 3),
            (End::LinkedToAnother, 1, 0),
            (End::Possible, 2, 1),
            (End::ConflictWithout, 1, 0),
            (End::Unlinked, 1, 0),
        ]
    );
    let by_kind = |kind: &str| found.by_kind.iter().find(|k| k.kind == kind).cloned().expect(kind);
    let counts = |k: ByKind| [k.pairs, k.first, k.linked, k.wrong, k.review, k.missed];
    assert_eq!(counts(by_kind("clean")), [2, 2, 2, 0, 0, 0]);
    assert_eq!(counts(by_kind("typo")), [2, 1, 1, 1, 0, 0]);
    assert_eq!(counts(by_kind("name")), [3, 1, 0, 1, 2, 0]);
    assert_eq!(counts(by_kind("relative")), [1, 0, 0, 0, 0, 1]);
    assert_eq!(counts(by_kind("-")), [1, 0, 0, 0, 0, 1]);
    let worst: Vec<(u32, u32, Option<u32>)> = found.worst.iter().map(|w| (w.left, w.right, w.truth)).collect();
    assert_eq!(worst, [(3, 8, None), (9, 3, Some(3))]);
    let levels: Vec<(String, [u64; 3])> =
        found.by_levels.iter().map(|l| (l.levels.join(", "), [l.right, l.wrong, l.not_linked])).collect();
    assert_eq!(
        levels,
        [("number exact, name exact".to_string(), [3, 2, 0]), ("number near, name near".to_string(), [0, 0, 2]),]
    );
}

#[test]
fn lines_of_two_files() {
    let kinds = kinds();
    let mut found = evaluate(&two_files(), &Truth { pairs: &TRUTH, kinds: &kinds, dedupe: false });
    found.name(|row| format!("P{row}"), |row| format!("B{row}"));
    insta::assert_snapshot!(found.lines().join("\n"));
    insta::assert_snapshot!(estimate(&two_files(), false).lines().join("\n"));
}

#[test]
fn a_program_reads_the_same_figures() {
    let kinds = kinds();
    let found = evaluate(&two_files(), &Truth { pairs: &TRUTH, kinds: &kinds, dedupe: false });
    let json = serde_json::to_value(&found).expect("JSON");
    assert_eq!(json["linked"]["right"], 3);
    assert_eq!(json["ended"][1]["end"], "linked_to_another");
    assert_eq!(json["recall_at"][1]["precision"], 0.999);
    assert!(json.get("clusters").is_none());
    assert!(serde_json::to_value(estimate(&two_files(), false)).expect("JSON")["precision"]["low"].is_number());
}

/// One file of eight rows: {0, 1, 2} and {3, 4} are the same thing each, 5 to 7 stand alone.
fn one_file() -> Pairs {
    let mut found = pairs(&[
        (Some(0), 1, Linked, 1, 30.0),
        (Some(1), 2, Linked, 1, 28.0),
        (Some(4), 3, Possible, 1, 9.0),
        (Some(5), 6, Linked, 1, 21.0),
        (Some(5), 7, Possible, 1, 5.0),
    ]);
    found.cluster = vec![Some(0), Some(0), None, Some(1), None];
    found
}

#[test]
fn figures_of_one_file() {
    let truth = [(1, 0), (2, 0), (1, 2), (3, 4), (4, 3), (7, 7)];
    let found = evaluate(&one_file(), &Truth { pairs: &truth, kinds: &[], dedupe: true });
    // The order within a pair does not matter, the same pair counts once, and no row is its own duplicate.
    assert_eq!(found.linked.truth, 4);
    assert_eq!((found.linked.pairs, found.linked.right), (3, 2));
    // The cluster says 0–2 too, which was not listed.
    let clusters = found.clusters.expect("clusters of one file");
    assert_eq!((clusters.pairs, clusters.right, clusters.truth), (4, 3, 4));
    assert_eq!((found.review, found.of), (2, 5));
    let ended: Vec<(End, u64)> = found.ended.iter().map(|e| (e.end, e.pairs)).collect();
    assert_eq!(ended, [(End::Linked, 2), (End::Clustered, 1), (End::Possible, 1)]);
    assert_eq!((found.best.pairs, found.best.right), (4, 3));
    assert_eq!(found.worst.len(), 1);
}

#[test]
fn nothing_is_measured_without_complaint() {
    let nothing = pairs(&[]);
    for dedupe in [false, true] {
        let found = evaluate(&nothing, &Truth { pairs: &[(0, 1)], kinds: &[], dedupe });
        assert_eq!((found.linked.precision, found.linked.recall, found.best_threshold), (1.0, 0.0, None));
        assert!(found.curve.is_empty() && found.review_share == 0.0);
        let expected = estimate(&nothing, dedupe);
        assert_eq!((expected.linked, expected.precision.value, expected.never_compared), (0, 1.0, None));
        assert!(!found.lines().is_empty() && !expected.lines().is_empty());
    }
    assert!(sample(&nothing, false, 10).is_empty());
}

#[test]
fn the_curve_is_bounded_and_keeps_what_is_quoted() {
    let rows: Vec<Row> = (0..5000)
        .map(|i| (Some(if i % 100 == 99 { 9999 } else { i }), i, Linked, 1, 50.0 - i as f32 / 100.0))
        .collect();
    let truth: Vec<(u32, u32)> = (0..5000).map(|i| (i, i)).collect();
    let found = evaluate(&pairs(&rows), &Truth { pairs: &truth, kinds: &[], dedupe: false });
    assert!(found.curve.len() <= 40 && found.curve.len() > 20, "{}", found.curve.len());
    assert!(found.curve.windows(2).all(|w| w[0].threshold > w[1].threshold && w[0].recall <= w[1].recall));
    for r in &found.recall_at {
        assert!(found.curve.iter().any(|p| Some(p.threshold) == r.threshold && p.recall == r.recall));
    }
    // 99 of the first 100 are right: .999 holds for the first 99 only.
    assert!(near(found.recall_at[1].recall, 99.0 / 5000.0));
    assert_eq!(found.curve.last().map(|p| p.pairs), Some(5000));
}

#[test]
fn the_estimate_follows_the_weights() {
    // A thousand links of weight log2(99): each is false once in a hundred.
    let weight = 99f32.log2();
    let rows: Vec<Row> = (0..1000).map(|i| (Some(i), i, Linked, 1, weight)).collect();
    let mut sure = pairs(&rows);
    // All of it is prior: nothing to doubt but chance.
    sure.compared.clear();
    let found = estimate(&sure, false);
    assert!((found.false_links.value - 10.0).abs() < 1e-3, "{found:?}");
    assert!((found.false_links.low - 3.80).abs() < 0.05 && (found.false_links.high - 18.41).abs() < 0.05, "{found:?}");
    assert!(found.precision.low < 0.99 && found.precision.high > 0.99 && found.never_compared.is_none());
    // The same weight out of evidence may be worth less, and the range says so.
    let doubted = estimate(&pairs(&rows), false);
    assert!((doubted.false_links.value - 10.0).abs() < 1e-3);
    assert!(doubted.false_links.high > found.false_links.high && doubted.false_links.low < found.false_links.low);
    // A next candidate that is hardly lighter makes every second link doubtful, for two files only.
    let mut torn = sure.clone();
    torn.margin = vec![Some(0.0); 1000];
    assert!((estimate(&torn, false).false_links.value - 500.0).abs() < 1e-3);
    assert!((estimate(&torn, true).false_links.value - 10.0).abs() < 1e-3);
}

#[test]
fn candidates_of_one_record_share_one_truth() {
    let rows = [(Some(0), 0, Possible, 1, 10.0), (Some(1), 0, Possible, 2, 10.0), (Some(2), 0, Possible, 3, 10.0)];
    let found = estimate(&pairs(&rows), false);
    assert!(found.in_review.value <= 1.0 && found.in_review.value > 0.99, "{found:?}");
    assert!(estimate(&pairs(&rows), true).in_review.value > 2.9);
}

#[test]
fn a_sample_covers_all_strata_and_is_always_the_same() {
    let rows: Vec<Row> = (0..1000)
        .map(|i| {
            let weight = 35.0 - (i / 10) as f32 * 0.34;
            (Some(i), i, if weight > 18.0 { Linked } else { Possible }, 1, weight)
        })
        .collect();
    let all = pairs(&rows);
    let strata = sample(&all, false, 60);
    assert_eq!(strata.iter().map(|s| s.size).sum::<u64>(), 1000);
    assert!(strata.iter().all(|s| s.rows.len() >= 2 && s.rows.len() as u64 <= s.size));
    let drawn: usize = strata.iter().map(|s| s.rows.len()).sum();
    assert!((50..=75).contains(&drawn), "{drawn}");
    assert!(strata.iter().all(|s| s.rows.iter().all(|i| s.linked == (all.status[*i] == Linked))));
    let most = strata.iter().max_by_key(|s| s.rows.len()).map(|s| s.name.as_str());
    assert_eq!(most, Some("not linked 0-5"), "where a weight says least, most is drawn");
    assert_eq!(sample(&all, false, 60), strata);
    let whole = sample(&all, false, 1_000_000);
    assert!(whole.iter().all(|s| s.rows.len() as u64 == s.size));
}

/// Pairs drawn from the very model that weighs them: four comparisons, and blocking that lets only those through that agree
/// on the first, or on the second and third.
fn drawn(seed: u64, records: u32) -> (Pairs, Vec<(u32, u32)>) {
    const M: [[f64; 3]; 4] = [[0.9, 0.05, 0.05], [0.92, 0.04, 0.04], [0.93, 0.02, 0.05], [0.85, 0.05, 0.1]];
    const U: [[f64; 3]; 4] = [[0.002, 0.01, 0.988], [0.02, 0.05, 0.93], [0.01, 0.05, 0.94], [0.1, 0.2, 0.7]];
    const TRUE: f64 = 0.3;
    let mut state = seed;
    let mut next = move || {
        // Knuth's generator: the same draw in every run.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let (mut rows, mut levels, mut truth) = (Vec::new(), Vec::new(), Vec::new());
    for record in 0..records {
        let is_true = next() < TRUE;
        let of = if is_true { &M } else { &U };
        let level = of.map(|p| {
            let draw = next();
            if draw < p[0] { 0 } else { usize::from(draw >= p[0] + p[1]) + 1 }
        });
        if is_true {
            truth.push((record, record));
        }
        if level[0] != 0 && (level[1] != 0 || level[2] != 0) {
            rows.push((None, record, Unlinked, 1, 0.0));
            levels.push(None);
            continue;
        }
        let weight: f64 = (0..4).map(|c| (M[c][level[c]] / U[c][level[c]]).log2()).sum();
        let weight = weight + (TRUE / (1.0 - TRUE)).log2();
        let status = if weight >= 4.0 { Linked } else { Possible };
        rows.push((Some(record), record, status, 1, weight as f32));
        levels.push(Some(level));
    }
    let mut found = pairs(&rows);
    found.compared = (0..4)
        .map(|c| Compared {
            name: format!("c{c}"),
            words: ["exact", "near", "different"].map(str::to_string).to_vec(),
            level: levels.iter().map(|l| l.map_or(NO_LEVEL, |l| l[c] as u8)).collect(),
            weight: levels.iter().map(|l| l.map_or(0.0, |l| (M[c][l[c]] / U[c][l[c]]).log2() as f32)).collect(),
        })
        .collect();
    (found, truth)
}

#[test]
fn what_is_expected_comes_true() {
    for seed in 1..=20 {
        let (found, truth) = drawn(seed, 20_000);
        let expected = estimate(&found, false);
        let measured = evaluate(&found, &Truth { pairs: &truth, kinds: &[], dedupe: false });
        let within = |range: &Range, value: f64| range.low <= value && value <= range.high;
        let of = |end: End| measured.ended.iter().find(|e| e.end == end).map_or(0.0, |e| e.pairs as f64);
        assert!(within(&expected.precision, measured.linked.precision), "{seed}: {expected:?} {:?}", measured.linked);
        assert!(within(&expected.recall, measured.linked.recall), "{seed}: {expected:?} {:?}", measured.linked);
        assert!(within(&expected.in_review, of(End::Possible)), "{seed}: {expected:?} {:?}", measured.ended);
        let lost = expected.never_compared.expect("two kinds of evidence");
        assert!(within(&lost, of(End::Unlinked)), "{seed}: {lost:?} {:?}", measured.ended);
        // A range that holds because it says nothing would be no range.
        assert!(expected.precision.high - expected.precision.low < 0.02, "{seed}: {expected:?}");
        assert!(expected.recall.high - expected.recall.low < 0.1, "{seed}: {expected:?}");
        assert!((expected.recall.value - measured.linked.recall).abs() < 0.01, "{seed}: {expected:?}");
    }
}
