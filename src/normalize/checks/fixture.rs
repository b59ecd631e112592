//! A contract with one check, read as a pipeline file is, and rows for it.

use arrow::array::StringArray;
use jiff::civil::Date;

use crate::model::raw::RawColumn;
use crate::model::{CellKind, RawTable};
use crate::normalize::fixture::{codes, field, source};
use crate::normalize::records;
use crate::plan::{Field, FieldKind, Role, cross_check};

const AS_OF: Date = Date::constant(2026, 9, 30);

/// Household, relation, sex, birth date.
pub const FAMILY: &[(&str, &str, &str)] = &[
    ("household", "text", "household"),
    ("relation", "code:relation", "relation"),
    ("sex", "code:sex", "sex"),
    ("born", "date", "birth_date"),
];

/// Name, identity number, and something else.
pub const PEOPLE: &[(&str, &str, &str)] =
    &[("name", "name", "name"), ("number", "id_number", "id_number"), ("n", "text", "")];

/// Two sound identity numbers of nobody.
pub fn numbers() -> [String; 2] {
    ["99012119900101123", "99012119900101125"].map(|digits| {
        let check = crate::normalize::id_check::check_character(digits.as_bytes()).expect("digits");
        format!("{digits}{}", check as char)
    })
}

/// The birth date of somebody of an age.
pub fn born(age: i16) -> String {
    format!("{}-06-01", 2026 - age)
}

/// Fields of money.
pub fn money(names: &[&'static str]) -> Vec<(&'static str, &'static str, &'static str)> {
    names.iter().map(|name| (*name, "money", "")).collect()
}

/// Runs a check over rows (in file rows from 3): the row (from 0), code and words of what it finds.
pub fn noted(fields: &[(&str, &str, &str)], check: &str, rows: &[&[&str]]) -> Vec<(u32, &'static str, &'static str)> {
    let fields = fields.iter().map(|(name, kind, role)| {
        let (kind, code) = kind.split_once(':').map_or((*kind, None), |(kind, code)| (kind, Some(code.to_string())));
        let kind = FieldKind::WORDS.iter().find(|(word, _)| *word == kind).expect("a kind").1;
        let role = Role::WORDS.iter().find(|(word, _)| word == role).map(|(_, role)| *role);
        Field {
            code,
            unit: if kind == FieldKind::Money { "yuan".into() } else { String::new() },
            ..field(name, name, kind, role)
        }
    });
    let mut source = source(fields.collect());
    // Village needs no person: a row without name and number is a good one here.
    source.subject = crate::plan::Subject::Village;
    source.fold_duplicates = false;
    source.checks = vec![cross_check(check, &source, codes())];
    let columns = source.fields.iter().enumerate().map(|(i, field)| {
        let text = StringArray::from_iter(rows.iter().map(|row| (!row[i].is_empty()).then_some(row[i])));
        let kind = text.iter().map(|c| c.map_or(CellKind::Empty, |_| CellKind::Text)).collect();
        RawColumn { field: field.name.clone(), text, kind }
    });
    let raw = RawTable {
        origins: vec![("名册.xlsx".into(), String::new())],
        origin: vec![0; rows.len()],
        row: (0..rows.len() as u32).map(|i| i + 3).collect(),
        columns: columns.collect(),
        stated: Default::default(),
    };
    let normalized = records(&source, &raw, codes(), AS_OF);
    assert_eq!(normalized.records.rows(), rows.len(), "every row is a record");
    let found = &normalized.findings;
    let text = |column: &str, i: usize| -> &'static str { found.str_at(column, i).unwrap_or("").to_string().leak() };
    (0..found.rows())
        .filter(|i| text("code", *i).starts_with("check."))
        .map(|i| (found.integer("row").value(i) as u32 - 3, text("code", i), text("message", i)))
        .collect()
}
