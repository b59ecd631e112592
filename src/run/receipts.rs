//! What of a source's rows is wrong, as the department gets it back: rows and findings in, the rows of its receipt out.

use std::collections::BTreeMap;
use std::io;

use super::corrections::Original;
use crate::cases::ledger::KeptFile;
use crate::ingest::RawRows;
use crate::model::receipt::row_key;
use crate::model::{Disposition, Provenance, RawTable, Reject, Table};
use crate::plan::{FieldFrom, FieldKind, Role, Source, Subject};
use crate::publish::workbook::receipt::{Grade, ReceiptRow, RowProblem};

/// Rows on a receipt; of more only the gravest are there and the others are counted.
const MOST_ROWS: usize = 20_000;

/// The rows to correct, the gravest first, and how many there are beyond them.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct ToCorrect {
    /// At most [`MOST_ROWS`].
    pub rows: Vec<ReceiptRow>,
    /// Further rows.
    pub more: usize,
}

impl ToCorrect {
    /// Adds those of a later increment: the gravest first again, and no more than fit.
    pub fn append(&mut self, later: ToCorrect) {
        self.rows.extend(later.rows);
        self.rows.sort_by(|a, b| (a.grade, &a.at).cmp(&(b.grade, &b.at)));
        self.more += later.more + self.rows.len().saturating_sub(MOST_ROWS);
        self.rows.truncate(MOST_ROWS);
    }
}

/// What a source's rows look like after ingest and normalize.
pub struct Read<'a> {
    /// The contract.
    pub source: &'a Source,
    /// Raw rows, with corrections in them.
    pub rows: &'a RawRows,
    /// Rows as they were delivered where a correction stands in their place.
    pub delivered: &'a BTreeMap<Provenance, Original>,
    /// All rows that did not become records.
    pub rejects: &'a [Reject],
    /// Doubtful values.
    pub findings: &'a Table,
    /// For each of them whether its record has a value in the field all the same.
    pub used: &'a [bool],
    /// Files of the delivery.
    pub files: &'a [KeptFile],
}

/// Collects the rows to correct.
///
/// # Errors
/// The rows that were put aside cannot be read.
pub fn to_correct(read: &Read) -> io::Result<ToCorrect> {
    let mut found: BTreeMap<Provenance, (Grade, Vec<RowProblem>)> = BTreeMap::new();
    let quarantined = read.rejects.iter().filter(|r| r.disposition == Disposition::Quarantined);
    let mut by_ingest: BTreeMap<&Provenance, &Reject> = BTreeMap::new();
    for reject in quarantined {
        let problem = RowProblem { code: reject.code.to_string(), message: reject.reason.clone(), field: None };
        found.insert(reject.at.clone(), (Grade::RowLost, vec![problem]));
        by_ingest.insert(&reject.at, reject);
    }
    let findings = read.findings;
    for i in 0..findings.rows() {
        let at = Provenance::of(findings, i);
        let name = findings.str_at("field", i).unwrap_or_default();
        let field = read.source.fields.iter().position(|f| f.name == name);
        let code = findings.str_at("code", i).unwrap_or_default().to_string();
        let message = findings.str_at("message", i).unwrap_or_default().to_string();
        let grade = grade(findings.str_at("record_id", i), read.used[i]);
        let row = found.entry(at).or_insert((grade, Vec::new()));
        row.0 = row.0.min(grade);
        row.1.push(RowProblem { code, message, field });
    }
    let mut order: Vec<(Provenance, (Grade, Vec<RowProblem>))> = found.into_iter().collect();
    order.sort_by(|a, b| (a.1.0, &a.0).cmp(&(b.1.0, &b.0)));
    let more = order.len().saturating_sub(MOST_ROWS);
    order.truncate(MOST_ROWS);
    let mut cells = cells_of(read, order.iter().map(|(at, _)| at))?;
    let rows = order.into_iter().map(|(at, (grade, problems))| {
        let cells = cells.remove(&at);
        row(read, &by_ingest, at, cells, (grade, problems))
    });
    Ok(ToCorrect { rows: rows.collect(), more })
}

/// A finding weighs more when the value could not be used.
fn grade(record: Option<&str>, used: bool) -> Grade {
    match (record, used) {
        (None, _) => Grade::RowLost,
        (Some(_), true) => Grade::Doubtful,
        (Some(_), false) => Grade::ValueLost,
    }
}

/// The cells of rows, by their places; rows that are no data rows have none.
fn cells_of<'p>(
    read: &Read,
    places: impl Iterator<Item = &'p Provenance>,
) -> io::Result<BTreeMap<Provenance, Vec<Option<String>>>> {
    let mut open: Vec<&Provenance> = places.filter(|at| !read.delivered.contains_key(at)).collect();
    let mut found = BTreeMap::new();
    for batch in read.rows.batches() {
        if open.is_empty() {
            break;
        }
        let raw = batch?;
        open.retain(|at| {
            let Some(i) = position(&raw, at) else { return true };
            let cell = |f: &crate::plan::Field| raw.column(&f.name).and_then(|c| c.get(i)).map(str::to_string);
            found.insert((*at).clone(), read.source.fields.iter().map(cell).collect());
            false
        });
    }
    Ok(found)
}

fn row(
    read: &Read,
    by_ingest: &BTreeMap<&Provenance, &Reject>,
    at: Provenance,
    cells: Option<Vec<Option<String>>>,
    (grade, problems): (Grade, Vec<RowProblem>),
) -> ReceiptRow {
    let source = read.source;
    let sha256 = read.files.iter().find(|f| f.path == at.file).map_or("", |f| f.sha256.as_str());
    let key = row_key(&source.id, sha256, &at.sheet, at.row);
    let (cells, whole) = match read.delivered.get(&at) {
        Some(Original::Cells(cells)) => (cells.clone(), None),
        Some(Original::Whole(text)) => (Vec::new(), Some(text.clone())),
        None => match cells {
            Some(cells) => (cells, None),
            None => (Vec::new(), by_ingest.get(&at).map(|r| r.raw.clone())),
        },
    };
    let is_column = |f: &usize| source.fields[*f].from == FieldFrom::Column;
    let fields: Vec<usize> = if cells.is_empty() {
        // Nobody knows which cell was which: every column may be filled in.
        (0..source.fields.len()).filter(is_column).collect()
    } else {
        let mut fields = wanted(source, &problems);
        fields.retain(is_column);
        match fields.is_empty() {
            true => (0..source.fields.len()).filter(is_column).collect(),
            false => fields,
        }
    };
    ReceiptRow { key, at, grade, problems, cells, whole, fields }
}

/// Where a row stands in the raw table, whose rows are in the order of their places.
fn position(raw: &RawTable, at: &Provenance) -> Option<usize> {
    let origin = raw.origins.iter().position(|(file, sheet)| *file == at.file && *sheet == at.sheet)?;
    let origin = u32::try_from(origin).ok()?;
    let from = raw.origin.partition_point(|o| *o < origin);
    let until = raw.origin.partition_point(|o| *o <= origin);
    let i = from + raw.row[from..until].partition_point(|r| *r < at.row);
    (i < until && raw.row[i] == at.row).then_some(i)
}

/// The fields that must be looked at to make a row's problems go.
fn wanted(source: &Source, problems: &[RowProblem]) -> Vec<usize> {
    let with = |role: Role| source.fields.iter().position(|f| f.role == Some(role));
    let mut fields = Vec::new();
    for problem in problems {
        fields.extend(problem.field);
        match (problem.code.as_str(), problem.field) {
            ("row.no_identity", _) => fields.extend([with(Role::Name), with(Role::IdNumber)].into_iter().flatten()),
            ("row.no_village", _) => fields.extend(with(Role::Village)),
            // The number and the column beside it speak against each other: either may be the wrong one.
            ("id_number.birth_differs", _) => fields.extend(with(Role::BirthDate)),
            ("id_number.sex_differs", _) => fields.extend(with(Role::Sex)),
            _ => {}
        }
        if problem.field.is_none() {
            // A quarantined row's reason names the headings it is about.
            let named = |f: &usize| {
                let field = &source.fields[*f];
                field.not_null && problem.message.contains(&format!("“{}”", field.heading))
            };
            fields.extend((0..source.fields.len()).filter(named));
            let asked = source.subject != Subject::Village && problem.message.contains("既没有姓名");
            if asked {
                fields.extend([with(Role::Name), with(Role::IdNumber)].into_iter().flatten());
            }
        }
    }
    // A village is read together with its township.
    if fields.iter().any(|f| source.fields[*f].kind == FieldKind::Village) {
        fields.extend(with(Role::Township));
    }
    fields.sort_unstable();
    fields.dedup();
    fields
}
