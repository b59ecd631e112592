//! Files in, rows out: small files are built in a temporary folder, hostile ones too.

mod archives;
mod csv;
mod files;
mod headings;
mod hostile;
mod markup;
mod nothing_lost;
mod oracle;
mod parquet;
mod receipts;
mod records;
mod workbooks;
mod xlsx;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{Delivery, InputFile, find_files, read};
use crate::diag::{Diagnostic, Place};
use crate::model::{CellKind, Disposition, RawTable};
use crate::plan::sample;
use crate::plan::{Field, FieldFrom, FieldKind, Format, Role, Source};

/// A contract with these columns: `name`, heading, kind; a `?` behind the name makes it optional.
pub(super) fn source(format: Format, columns: &[(&str, &str, FieldKind)]) -> Source {
    Source {
        title: "测试来源".into(),
        department: "测试局".into(),
        required: true,
        format,
        files: vec!["**/*".into()],
        not_data: ["合计", "小计", "总计", "填表人", "审核人", "备注", "注："].map(String::from).to_vec(),
        place: Place::file("shared/sources/test.toml"),
        ..sample::source("test", columns.iter().map(|(name, heading, kind)| field(name, heading, *kind)).collect())
    }
}

pub(super) fn field(name: &str, heading: &str, kind: FieldKind) -> Field {
    let plain = name.trim_end_matches('?');
    let role = match plain {
        "id_number" => Some(Role::IdNumber),
        "name" => Some(Role::Name),
        _ => None,
    };
    Field { heading: heading.into(), required: plain == name, role, ..sample::field(plain, kind) }
}

/// Name and identity number: what most tables have.
pub(super) fn people(format: Format) -> Source {
    source(
        format,
        &[
            ("name", "姓名", FieldKind::Name),
            ("id_number", "身份证号", FieldKind::IdNumber),
            ("amount?", "金额(元)", FieldKind::Money),
        ],
    )
}

/// A folder with one file.
pub(super) fn folder(name: &str, bytes: impl AsRef<[u8]>) -> TempDir {
    let dir = TempDir::new().unwrap();
    put(&dir, name, bytes);
    dir
}

pub(super) fn put(dir: &TempDir, name: &str, bytes: impl AsRef<[u8]>) {
    let path = dir.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Finds and reads all of a source.
pub(super) fn deliver(source: &Source, dir: &Path) -> Delivery {
    let found = find_files(source, dir).unwrap();
    let delivery = read(source, &found.files);
    assert_closed(&delivery);
    delivery
}

/// What holds of every delivery.
fn assert_closed(delivery: &Delivery) {
    let quarantined = delivery.rejects.iter().filter(|r| r.disposition == Disposition::Quarantined);
    assert_eq!(delivery.read, delivery.rows.len() as u64 + quarantined.count() as u64);
    for column in &table(delivery).columns {
        assert_eq!(column.kind.len(), delivery.rows.len());
        for i in 0..delivery.rows.len() {
            assert_eq!(column.get(i).is_none(), column.kind[i] == CellKind::Empty);
        }
    }
    let refused = !delivery.refused.is_empty();
    assert_eq!(refused, delivery.problems.iter().any(Diagnostic::is_error));
}

/// The text of one field over all rows, `-` where there is none.
pub(super) fn texts(delivery: &Delivery, field: &str) -> Vec<&'static str> {
    let table = table(delivery);
    let column = table.column(field).unwrap();
    (0..table.len()).map(|i| &*column.get(i).unwrap_or("-").to_string().leak()).collect()
}

/// All rows at once.
pub(super) fn table(delivery: &Delivery) -> RawTable {
    delivery.rows.table().unwrap()
}

pub(super) fn kinds(delivery: &Delivery, field: &str) -> Vec<CellKind> {
    table(delivery).column(field).unwrap().kind.clone()
}

/// Rejects as (code, row).
pub(super) fn rejects(delivery: &Delivery) -> Vec<(&'static str, u32)> {
    delivery.rejects.iter().map(|r| (r.code, r.at.row)).collect()
}

/// Codes of all problems.
pub(super) fn codes(delivery: &Delivery) -> Vec<&'static str> {
    delivery.problems.iter().map(|p| p.code).collect()
}

/// The problem with a code.
pub(super) fn problem<'d>(delivery: &'d Delivery, code: &str) -> &'d Diagnostic {
    let all = codes(delivery);
    delivery.problems.iter().find(|p| p.code == code).unwrap_or_else(|| panic!("no {code} among {all:?}"))
}

/// A workbook of these rows in one sheet; empty texts are no cells.
pub(super) fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    fill(sheet, rows);
    book.save_to_buffer().unwrap()
}

pub(super) fn fill(sheet: &mut rust_xlsxwriter::Worksheet, rows: &[&[&str]]) {
    for (r, row) in rows.iter().enumerate() {
        for (c, text) in row.iter().enumerate().filter(|(_, t)| !t.is_empty()) {
            sheet.write_string(r as u32, c as u16, *text).unwrap();
        }
    }
}
