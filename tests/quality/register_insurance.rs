//! A register and an insurance export, made by a generator that shares no code with the linker, through `bidui link`.
//!
//! Data: `tests/quality/data` (3,000 persons; some 2,000 records, ordinary and hard). Command: `cargo test --test it
//! register_insurance`. The figures for 100,000 to 7 million persons, next to other programs: `make bench-linkage`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{ratio, share};
use crate::support::{bidui, outcome, root, scratch};

/// One row of the output.
struct Pair {
    person: String,
    weight: f64,
    status: String,
}

/// What the program says and what is true, by record.
struct Linked {
    records: usize,
    /// Record → person and faults.
    truth: BTreeMap<String, (String, Vec<String>)>,
    /// Record → its candidates, the best first.
    pairs: BTreeMap<String, Vec<Pair>>,
}

fn data(name: &str) -> PathBuf {
    root().join("tests/quality/data").join(name)
}

fn lines(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|l| l.split(',').map(str::to_string).collect()).collect()
}

/// Links the export of this name and reads what came out.
fn link(dirt: &str) -> Linked {
    let out = scratch(&format!("register-insurance{dirt}")).join("links.parquet");
    let records = data(&format!("insurance{dirt}.csv"));
    let (code, _, errors) = outcome(
        bidui()
            .arg("link")
            .args([&data("register.csv"), &records])
            .args(["--model", "pipelines/shared/models/person-cn.toml", "--ids", "person_id,record_id", "--out"])
            .arg(&out),
    );
    assert_eq!(code, 0, "bidui link: {errors}");
    let truth = lines(&data(&format!("truth{dirt}.csv")))
        .into_iter()
        .map(|row| (row[1].clone(), (row[0].clone(), row[2].split('+').map(str::to_string).collect())))
        .collect();
    Linked { records: lines(&records).len(), truth, pairs: pairs(&out) }
}

fn pairs(path: &Path) -> BTreeMap<String, Vec<Pair>> {
    let mut of: BTreeMap<String, Vec<(i64, Pair)>> = BTreeMap::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap() {
        let batch: RecordBatch = batch.unwrap();
        let column = |name: &str, to: DataType| cast(batch.column_by_name(name).expect(name), &to).unwrap();
        let texts = |name: &str| column(name, DataType::Utf8);
        let (left, right, status) = (texts("left_id"), texts("right_id"), texts("status"));
        let (weight, rank) = (column("match_weight", DataType::Float64), column("rank", DataType::Int64));
        for i in 0..batch.num_rows() {
            if left.is_null(i) {
                continue;
            }
            let pair = Pair {
                person: left.as_string::<i32>().value(i).to_string(),
                weight: weight.as_primitive::<Float64Type>().value(i),
                status: status.as_string::<i32>().value(i).to_string(),
            };
            let record = right.as_string::<i32>().value(i).to_string();
            of.entry(record).or_default().push((rank.as_primitive::<Int64Type>().value(i), pair));
        }
    }
    of.into_iter()
        .map(|(record, mut pairs)| {
            pairs.sort_by_key(|(rank, _)| *rank);
            (record, pairs.into_iter().map(|(_, p)| p).collect())
        })
        .collect()
}

impl Linked {
    fn right(&self, record: &str, person: &str) -> bool {
        self.truth.get(record).is_some_and(|(p, _)| p == person)
    }

    /// Best candidates with whether they are right, the greatest weight first.
    fn best(&self) -> Vec<(f64, bool)> {
        let mut best: Vec<(f64, bool)> =
            self.pairs.iter().map(|(r, pairs)| (pairs[0].weight, self.right(r, &pairs[0].person))).collect();
        best.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        best
    }

    /// The greatest F1 over all thresholds, and the greatest recall at a precision of at least `least`.
    fn curve(&self, least: f64) -> (f64, f64) {
        let (mut right, mut f1, mut recall) = (0usize, 0f64, 0f64);
        let best = self.best();
        for (i, (weight, fine)) in best.iter().enumerate() {
            right += usize::from(*fine);
            // Equal weights stand on the same side of every threshold.
            if best.get(i + 1).is_some_and(|next| next.0 == *weight) {
                continue;
            }
            f1 = f1.max(2.0 * right as f64 / (i + 1 + self.truth.len()) as f64);
            if right as f64 / (i + 1) as f64 >= least {
                recall = recall.max(ratio(right, self.truth.len()));
            }
        }
        (f1, recall)
    }

    /// Records decided to be a person, and how many of them rightly.
    fn decided(&self) -> (usize, usize) {
        let linked = || self.pairs.iter().filter(|(_, p)| p[0].status == "linked");
        (linked().count(), linked().filter(|(r, p)| self.right(r, &p[0].person)).count())
    }

    fn in_review(&self) -> usize {
        self.pairs.values().filter(|p| ["possible", "conflict"].contains(&p[0].status.as_str())).count()
    }

    /// Records that carry the number of another member of the household.
    fn of_relatives(&self) -> impl Iterator<Item = &str> {
        self.truth
            .iter()
            .filter(|(_, (_, faults))| faults.iter().any(|f| f == "relative_number"))
            .map(|(r, _)| r.as_str())
    }

    /// The figures, and by fault how many records have the right person as best candidate and as the decision.
    fn report(&self) -> String {
        let (linked, right) = self.decided();
        let (f1, recall) = self.curve(0.999);
        let mut lines = vec![
            format!("best candidate: F1 {f1:.4}, recall at precision .999 {recall:.4}"),
            format!("linked: precision {}, recall {}", share(right, linked), share(right, self.truth.len())),
            format!("possible or conflict: {}", share(self.in_review(), self.records)),
            "fault | records | best is right | linked rightly | linked wrongly".to_string(),
        ];
        let mut faults: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
        for (record, (person, kinds)) in &self.truth {
            for kind in kinds {
                let entry = faults.entry(kind).or_default();
                entry[0] += 1;
                if let Some(pairs) = self.pairs.get(record) {
                    let (fine, decided) = (pairs[0].person == *person, pairs[0].status == "linked");
                    entry[1] += usize::from(fine);
                    entry[2] += usize::from(fine && decided);
                    entry[3] += usize::from(!fine && decided);
                }
            }
        }
        lines.extend(
            faults.iter().map(|(f, [all, best, right, wrong])| format!("{f} | {all} | {best} | {right} | {wrong}")),
        );
        lines.join("\n")
    }
}

/// Holds one export against its gates; the figures are kept as a snapshot.
fn gate(name: &str, linked: &Linked, f1_least: f64, recall_least: f64, precision_least: f64, review_most: f64) {
    insta::with_settings!({snapshot_path => "snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, linked.report());
    });
    let (f1, recall) = linked.curve(0.999);
    assert!(f1 >= f1_least, "F1 of the best candidate {f1:.5}");
    assert!(recall >= recall_least, "recall at precision .999 {recall:.5}");
    let (all, right) = linked.decided();
    assert!(ratio(right, all) >= precision_least, "precision of linked {}", share(right, all));
    let review = ratio(linked.in_review(), linked.records);
    assert!(review <= review_most, "share for a person to look at {review:.4}");
}

#[test]
fn an_ordinary_export_finds_its_persons() {
    gate("register_insurance", &link(""), 0.9992, 0.9980, 0.9995, 0.01);
}

#[test]
fn a_hard_export_finds_its_persons() {
    gate("register_insurance_hard", &link("_hard"), 0.995, 0.98, 0.999, 0.04);
}

#[test]
fn a_relatives_number_becomes_a_conflict_with_the_true_person_proposed() {
    let (mut all, mut conflict, mut proposed) = (0, 0, 0);
    for dirt in ["", "_hard"] {
        let linked = link(dirt);
        for record in linked.of_relatives().collect::<BTreeSet<_>>() {
            all += 1;
            let Some(pairs) = linked.pairs.get(record) else { continue };
            let silent = pairs[0].status == "linked" && !linked.right(record, &pairs[0].person);
            assert!(!silent, "{record} is linked to {}, whose number it carries", pairs[0].person);
            conflict += usize::from(pairs[0].status == "conflict");
            proposed += usize::from(pairs.iter().any(|p| linked.right(record, &p.person)));
        }
    }
    assert!(all >= 30, "the exports hold relatives' numbers, found {all}");
    assert!(ratio(conflict, all) >= 0.95, "flagged as a conflict {}", share(conflict, all));
    assert!(ratio(proposed, all) >= 0.90, "the true person among the candidates {}", share(proposed, all));
}
