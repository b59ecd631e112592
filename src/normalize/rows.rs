//! What becomes of a raw row: accepted, quarantined with a reason, or folded into an equal earlier row.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use rayon::prelude::*;

use super::columns::Built;
use crate::model::raw::RawColumn;
use crate::model::{Disposition, Provenance, RawTable, Reject};
use crate::plan::{Field, Role, Source, Subject};

/// For each row the earlier row it equals in every contract field but the running number, or none.
///
/// Equal means the same text from the same kind of cell: `3` typed as text and as a number may mean two things. The first of
/// equal rows in reading order stays.
pub fn duplicates(source: &Source, raw: &RawTable) -> Vec<Option<u32>> {
    let compared: Vec<&RawColumn> = source
        .fields
        .iter()
        .filter(|f| f.name != "sequence" && f.heading != "序号")
        .filter_map(|f| raw.column(&f.name))
        .collect();
    let mut earlier = vec![None; raw.len()];
    if compared.is_empty() {
        return earlier;
    }
    let cell = |column: &RawColumn, row: usize| -> u8 { column.kind.get(row).map_or(0, |k| *k as u8) };
    let hash = |row: usize| {
        let mut hasher = DefaultHasher::new();
        for column in &compared {
            (column.get(row), cell(column, row)).hash(&mut hasher);
        }
        hasher.finish()
    };
    let equal = |a: usize, b: usize| {
        let same = |c: &&RawColumn| c.get(a) == c.get(b) && cell(c, a) == cell(c, b);
        compared.iter().all(same)
    };
    let hashes: Vec<u64> = (0..raw.len()).into_par_iter().map(hash).collect();
    // Hashes only propose: rows of one hash are compared, so the result does not depend on the hash.
    let mut first: HashMap<u64, u32> = HashMap::with_capacity(raw.len());
    let mut next: HashMap<u32, u32> = HashMap::new();
    for (row, hash) in hashes.iter().enumerate() {
        let Some(&head) = first.get(hash) else {
            first.insert(*hash, row as u32);
            continue;
        };
        let mut candidate = head;
        earlier[row] = loop {
            if equal(candidate as usize, row) {
                break Some(candidate);
            }
            match next.get(&candidate) {
                Some(&other) => candidate = other,
                None => {
                    next.insert(candidate, row as u32);
                    break None;
                }
            }
        };
    }
    earlier
}

/// Why a row cannot be used: all reasons of all rules, empty for a good row. The first code is the reject's.
pub fn objections(source: &Source, built: &[Built], row: usize) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    let field = |role: Role| source.fields.iter().position(|f| f.role == Some(role));
    let has = |at: Option<usize>| at.is_some_and(|at| built[at].has(row));
    match source.subject {
        Subject::Person | Subject::Household => {
            let (name, number) = (field(Role::Name), field(Role::IdNumber));
            let number_part = number.is_some_and(|at| {
                let b = &built[at];
                b.arrays[0].is_valid(row) || b.arrays.get(3).is_some_and(|partial| partial.is_valid(row))
            });
            if (name.is_some() || number.is_some()) && !has(name) && !number_part {
                all.push(("row.no_identity", "既没有姓名，也没有可用的身份证号".to_string()));
            }
        }
        Subject::Village => {
            let village = field(Role::Village);
            // A village that is written but not known is accepted with its doubt and waits unlinked.
            if village.is_some_and(|at| !built[at].has(row) && built[at].doubt(row).is_none()) {
                all.push(("row.no_village", "没有写明所属的村".to_string()));
            }
        }
    }
    for (field, built) in source.fields.iter().zip(built) {
        if field.not_null && !built.has(row) {
            all.push(("row.missing_value", missing(field, built, row)));
        }
    }
    all
}

fn missing(field: &Field, built: &Built, row: usize) -> String {
    match built.doubt(row) {
        Some(doubt) => format!("“{}”不可用：{}", field.heading, doubt.message),
        None => format!("缺少“{}”", field.heading),
    }
}

/// A quarantined row.
pub fn quarantined(raw: &RawTable, row: usize, objections: Vec<(&'static str, String)>) -> Reject {
    let code = objections.first().map_or("row.unusable", |(code, _)| code);
    let reasons: Vec<String> = objections.into_iter().map(|(_, reason)| reason).collect();
    Reject {
        at: raw.provenance(row),
        disposition: Disposition::Quarantined,
        code,
        reason: reasons.join("；"),
        folded_into: None,
        raw: joined(raw, row),
    }
}

/// A row folded into an earlier one.
pub fn folded(raw: &RawTable, row: usize, into: usize) -> Reject {
    let (at, first) = (raw.provenance(row), raw.provenance(into));
    let place = match (at.file == first.file, at.sheet == first.sheet) {
        (true, true) => format!("第{}行", first.row),
        (true, false) => format!("工作表“{}”第{}行", first.sheet, first.row),
        (false, _) => place(&first),
    };
    Reject {
        at,
        disposition: Disposition::Folded,
        code: "row.duplicate",
        reason: format!("与{place}完全相同，只采用第一次出现的"),
        folded_into: Some(first),
        raw: joined(raw, row),
    }
}

fn place(at: &Provenance) -> String {
    match at.sheet.as_str() {
        "" => format!("文件“{}”第{}行", at.file, at.row),
        sheet => format!("文件“{}”工作表“{sheet}”第{}行", at.file, at.row),
    }
}

fn joined(raw: &RawTable, row: usize) -> String {
    let cells: Vec<&str> = raw.columns.iter().map(|c| c.get(row).unwrap_or("")).collect();
    cells.join(" | ")
}
