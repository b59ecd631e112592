//! What becomes of a raw row: accepted, quarantined with a reason, or folded into an equal earlier row.

use super::columns::Built;
use crate::model::raw::RawColumn;
use crate::model::{Disposition, Provenance, RawTable, Reject};
use crate::plan::{Field, Role, Source, Subject};

/// The columns in which rows must be equal to be one: all fields but the running number.
pub fn compared<'r>(source: &Source, raw: &'r RawTable) -> Vec<&'r RawColumn> {
    let fields = source.fields.iter().filter(|f| f.name != "sequence" && f.heading != "序号");
    fields.filter_map(|f| raw.column(&f.name)).collect()
}

/// Adds a hash of each row to `all`, taken column by column because that is how the cells lie in memory. It only proposes rows
/// to be compared, so a quick mixing step is enough.
pub fn hashes(columns: &[&RawColumn], rows: usize, all: &mut Vec<u64>) {
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let before = all.len();
    all.resize(before + rows, 0);
    for column in columns {
        for (row, hash) in all[before..].iter_mut().enumerate() {
            let cell = column.get(row).unwrap_or("\0");
            let mut words = cell.as_bytes().chunks_exact(8);
            let mut h = mix(*hash, cell.len() as u64);
            for word in words.by_ref() {
                h = mix(h, word.try_into().map_or(0, u64::from_le_bytes));
            }
            *hash = mix(h, words.remainder().iter().fold(0, |word, b| word << 8 | u64::from(*b)));
        }
    }
}

/// What a source asks of its rows: where the fields in question stand in the contract.
pub struct Rules {
    subject: Subject,
    name: Option<usize>,
    number: Option<usize>,
    village: Option<usize>,
    not_null: Vec<usize>,
}

impl Rules {
    /// The rules of a contract.
    pub fn of(source: &Source) -> Rules {
        let field = |role: Role| source.fields.iter().position(|f| f.role == Some(role));
        Rules {
            subject: source.subject,
            name: field(Role::Name),
            number: field(Role::IdNumber),
            village: field(Role::Village),
            not_null: (0..source.fields.len()).filter(|&i| source.fields[i].not_null).collect(),
        }
    }

    /// Why a row cannot be used: all reasons of all rules, empty for a good row. The first code is the reject's.
    pub fn objections(&self, fields: &[Field], built: &[Built], row: usize) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        match self.subject {
            Subject::Person | Subject::Household => {
                let has_name = self.name.is_some_and(|at| built[at].has(row));
                let has_number = || self.number.is_some_and(|at| built[at].has_number(row));
                let asked = self.name.is_some() || self.number.is_some();
                if asked && !has_name && !has_number() {
                    all.push(("row.no_identity", "既没有姓名，也没有可用的身份证号".to_string()));
                }
            }
            Subject::Village => {
                // A village that is written but not known is accepted with its doubt and waits unlinked.
                let blank = |at: usize| !built[at].has(row) && built[at].doubt(row).is_none();
                if self.village.is_some_and(blank) {
                    all.push(("row.no_village", "没有写明所属的村".to_string()));
                }
            }
        }
        for &at in &self.not_null {
            if !built[at].has(row) {
                all.push(("row.missing_value", missing(&fields[at], &built[at], row)));
            }
        }
        all
    }
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
pub fn folded(raw: &RawTable, row: usize, first: &Provenance) -> Reject {
    let at = raw.provenance(row);
    let place = match (at.file == first.file, at.sheet == first.sheet) {
        (true, true) => format!("第{}行", first.row),
        (true, false) => format!("工作表“{}”第{}行", first.sheet, first.row),
        (false, _) => place(first),
    };
    Reject {
        at,
        disposition: Disposition::Folded,
        code: "row.duplicate",
        reason: format!("与{place}完全相同，只采用第一次出现的"),
        folded_into: Some(first.clone()),
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
