//! A small plan, a plain source and a plain field for unit tests: no files behind them.

use super::LinkModel;
use super::terms::{COMPLETENESS, Snapshot, Terms};
use super::types::{Cause, Field, FieldFrom, FieldKind, Format, Plan, Source, SourceRole, Subject};
use crate::diag::Place;
use crate::model::Privacy;

/// A plan that knows some causes and departments and nothing else.
pub fn plan() -> Plan {
    let cause = |code: &str, title: &str, department: &str| Cause {
        code: code.into(),
        title: title.into(),
        department: department.into(),
    };
    Plan {
        name: "quarterly".into(),
        title: "季度线上筛查与线下比对".into(),
        county: "澄岚县".into(),
        model: LinkModel::empty("person-cn", Place::default()),
        causes: vec![
            cause("illness", "因病", "医保局"),
            cause("education", "因学", "教育局"),
            cause("disability", "因残", "残联"),
            cause("housing", "因安全住房", "住建局"),
            cause("water", "因安全饮水", "水利局"),
            cause("other", "其他", "农业农村局"),
        ],
        ..super::json_schema::no_plan()
    }
}

/// A required column without anything special; its heading is its name.
pub fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.into(),
        heading: name.into(),
        aliases: Vec::new(),
        from: FieldFrom::Column,
        kind,
        unit: String::new(),
        unit_stated: false,
        required: true,
        not_null: false,
        role: None,
        code: None,
        multi: String::new(),
        privacy: Privacy::Internal,
        meaning: String::new(),
        place: Place::default(),
    }
}

/// A department's delimited file about persons, with these fields.
pub fn source(id: &str, fields: Vec<Field>) -> Source {
    Source {
        id: id.into(),
        title: id.into(),
        department: "民政局".into(),
        role: SourceRole::Department,
        subject: Subject::Person,
        required: false,
        format: Format::Csv,
        files: Vec::new(),
        encoding: None,
        delimiter: b',',
        header_rows: 1,
        header_within: 10,
        sheets: Vec::new(),
        not_data: Vec::new(),
        fold_duplicates: true,
        once_per_person: false,
        snapshot: Snapshot::Full,
        completeness: COMPLETENESS,
        freshness_days: None,
        terms: Terms::default(),
        database: None,
        checks: Vec::new(),
        fields,
        place: Place::default(),
    }
}
