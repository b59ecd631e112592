//! Decisions as the tables `links` and `possible_links`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};

use super::decide::{Judged, Pair, Status};
use super::evidence;
use super::numbers::NumberLevel;
use super::pack::Columns;
use super::score::COMPARISONS;
use super::weights;
use crate::link::decisions::{self, Applied};
use crate::link::register::Register;
use crate::model::{Table, tables};

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

/// Comparisons whose levels stand before the evidence; those of the others stand behind it.
const BEFORE_EVIDENCE: usize = 5;

/// The columns from `pass` on.
fn levels<'a>(rows: &[(Option<&Pair>, Option<f64>)], evidence: impl Iterator<Item = &'a str>) -> Vec<ArrayRef> {
    let all = weights::words();
    let word = |i: usize| texts(rows.iter().map(|(pair, _)| pair.map(|p| all[i].1[usize::from(p.levels.places()[i])])));
    let float = |of: &dyn Fn(&Pair) -> f32| -> ArrayRef {
        Arc::new(rows.iter().map(|(pair, _)| pair.map(|p| f64::from(of(p)))).collect::<Float64Array>())
    };
    let mut columns = vec![
        texts(rows.iter().map(|(pair, _)| pair.map(|p| p.pass.as_str()))),
        Arc::new(rows.iter().map(|(pair, _)| pair.map(|p| p.weight)).collect::<Float64Array>()),
        Arc::new(rows.iter().map(|(_, margin)| *margin).collect::<Float64Array>()),
    ];
    columns.extend((0..BEFORE_EVIDENCE).map(word));
    columns.push(texts(evidence.map(Some)));
    columns.extend((BEFORE_EVIDENCE..COMPARISONS).map(word));
    columns.extend((0..COMPARISONS).map(|i| float(&|p| p.parts[i])));
    columns.push(float(&|p| p.rivals));
    columns
}

/// Table `links`: one row per record. `applied` is sorted by record.
pub fn links(
    register: &Register,
    source: &str,
    records: &Table,
    entries: &Columns,
    judged: &[Judged],
    applied: &[Applied],
) -> Table {
    let ids = records.text("record_id");
    let person = |j: &Judged| (j.status == Status::Linked).then(|| j.pairs[0].person);
    // For a conflict the owner of the number is shown: it is that pair in which number and name disagree.
    let shown: Vec<(Option<&Pair>, Option<f64>)> = judged
        .iter()
        .map(|j| {
            let owner = j.pairs.iter().find(|p| p.levels.number == NumberLevel::Exact);
            let pair = if j.status == Status::Conflict { owner } else { None };
            (pair.or(j.pairs.first()), j.margin)
        })
        .collect();
    let mut arrays: Vec<ArrayRef> = vec![
        texts(judged.iter().map(|_| Some(source))),
        texts(ids.iter()),
        texts(judged.iter().map(|j| Some(j.status.as_str()))),
        texts(judged.iter().map(|j| person(j).map(|p| register.person_id(p)))),
        texts(judged.iter().map(|j| person(j).map(|p| register.household_id(p)))),
        texts(judged.iter().map(|_| None)),
        Arc::new(judged.iter().map(|j| Some(listed(j).len() as i64)).collect::<Int64Array>()),
        texts((0..judged.len() as u32).map(|record| {
            let from = applied.partition_point(|a| a.right < record);
            let to = applied.partition_point(|a| a.right <= record);
            decisions::word(&applied[from..to])
        })),
    ];
    let words: Vec<String> =
        judged.iter().zip(0..).map(|(j, record)| evidence::sentence(&register.spine, entries, record, j)).collect();
    arrays.extend(levels(&shown, words.iter().map(String::as_str)));
    Table::new(tables::links(), arrays)
}

fn listed(judged: &Judged) -> &[Pair] {
    match judged.status {
        Status::Possible | Status::Conflict => &judged.pairs,
        Status::Linked | Status::Unlinked => &[],
    }
}

/// Table `possible_links`: the candidates of possible and conflicting records, best first.
pub fn possible(register: &Register, source: &str, records: &Table, judged: &[Judged]) -> Table {
    let ids = records.text("record_id");
    struct Row<'a> {
        record: usize,
        status: &'static str,
        rank: i64,
        pair: &'a Pair,
        margin: Option<f64>,
    }
    let rows: Vec<Row> = judged
        .iter()
        .enumerate()
        .flat_map(|(record, j)| {
            let pairs = listed(j);
            pairs.iter().enumerate().map(move |(i, pair)| Row {
                record,
                status: j.status.as_str(),
                rank: i as i64 + 1,
                pair,
                margin: pairs.get(i + 1).map(|next| pair.alone() - next.alone()),
            })
        })
        .collect();
    let shown: Vec<(Option<&Pair>, Option<f64>)> = rows.iter().map(|r| (Some(r.pair), r.margin)).collect();
    let words: Vec<String> =
        rows.iter().map(|r| evidence::pair(&r.pair.levels, &register.spine, r.pair.person)).collect();
    let mut arrays: Vec<ArrayRef> = vec![
        texts(rows.iter().map(|_| Some(source))),
        texts(rows.iter().map(|r| Some(ids.value(r.record)))),
        texts(rows.iter().map(|r| Some(r.status))),
        Arc::new(rows.iter().map(|r| Some(r.rank)).collect::<Int64Array>()),
        texts(rows.iter().map(|r| Some(register.person_id(r.pair.person)))),
        texts(rows.iter().map(|r| Some(register.household_id(r.pair.person)))),
    ];
    arrays.extend(levels(&shown, words.iter().map(String::as_str)));
    Table::new(tables::possible_links(), arrays)
}
