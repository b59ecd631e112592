//! Small hand-made registers and deliveries for the tests of this stage. All persons are fictional (regions 99xxxx).

use crate::diag::Place;
use crate::model::Table;
use crate::model::build::{TableBuilder, Value};
use crate::plan::sample;
use crate::plan::{Comparison, Field, FieldKind, LevelWeight, LinkModel, Role, Source, schema};

use super::pack::Columns;

/// A number with a right check digit.
pub fn number(region: &str, birth: &str, sequence: u32) -> String {
    let body = format!("{region}{birth}{sequence:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(b, w)| u32::from(b - b'0') * w).sum();
    let check = b"10X98765432"[(sum % 11) as usize] as char;
    format!("{body}{check}")
}

/// One row of a register or a delivery.
#[derive(Debug, Clone, Default)]
pub struct Row {
    cells: Vec<(&'static str, Value)>,
    record_id: Option<String>,
}

impl Row {
    pub fn new(name: &str) -> Row {
        Row::default().set("name", name)
    }

    pub fn nameless() -> Row {
        Row::default()
    }

    pub fn set(mut self, column: &'static str, value: impl Into<Value>) -> Row {
        self.cells.push((column, value.into()));
        self
    }

    pub fn id(mut self, record_id: &str) -> Row {
        self.record_id = Some(record_id.into());
        self
    }

    pub fn number(self, number: &str) -> Row {
        self.set("id_number", number).set("id_number_lane", "valid")
    }

    /// A damaged or failing number.
    pub fn partial(self, digits: &str) -> Row {
        let lane = if digits.len() == 15 { "damaged" } else { "invalid" };
        self.set("id_number_partial", digits).set("id_number_raw", digits).set("id_number_lane", lane)
    }

    pub fn birth(self, day: &str) -> Row {
        let day: jiff::civil::Date = day.parse().expect("a date in a test");
        self.set("birth_date", Value::Date(crate::model::text::to_days(day)))
    }

    pub fn sex(self, sex: &str) -> Row {
        self.set("sex", sex)
    }

    pub fn village(self, township: u32, village: u32) -> Row {
        self.set("township_code", format!("990121{township:03}"))
            .set("village_code", format!("990121{township:03}{village:03}"))
            .set("township", format!("第{township}镇"))
            .set("village", format!("第{village}村"))
    }

    pub fn household(self, number: &str, relation: &str) -> Row {
        self.set("household", number).set("relation", relation)
    }
}

/// A contract with every role, each under its own name.
pub fn source(id: &str) -> Source {
    let kind = |role| match role {
        Role::IdNumber => FieldKind::IdNumber,
        Role::Name => FieldKind::Name,
        Role::BirthDate => FieldKind::Date,
        Role::MonitoredSince => FieldKind::Month,
        Role::RiskCleared => FieldKind::Boolean,
        Role::Township => FieldKind::Township,
        Role::Village => FieldKind::Village,
        Role::Sex | Role::Relation | Role::PersonStatus | Role::HouseholdType | Role::ListType | Role::Causes => {
            FieldKind::Code
        }
        _ => FieldKind::Text,
    };
    let field =
        |(name, role): &(&str, Role)| Field { role: Some(*role), required: false, ..sample::field(name, kind(*role)) };
    sample::source(id, Role::WORDS.iter().map(field).collect())
}

/// A records table of a contract.
pub fn records(source: &Source, rows: &[Row]) -> Table {
    let schema = schema::records(source);
    let mut builder = TableBuilder::new(schema.clone());
    for (i, row) in rows.iter().enumerate() {
        let values = schema.columns.iter().map(|column| match column.name.as_str() {
            "record_id" => match &row.record_id {
                Some(id) => id.as_str().into(),
                None => format!("{}-{:07}", source.id, i + 1).into(),
            },
            "file" => "a.csv".into(),
            "sheet" => "".into(),
            "row" => Value::Integer(i as i64 + 2),
            name => row.cells.iter().rev().find(|c| c.0 == name).map_or(Value::Null, |c| c.1.clone()),
        });
        builder.push(values.collect());
    }
    builder.finish()
}

/// Packed columns of rows.
pub fn people(rows: &[Row]) -> Columns {
    let source = source("test");
    Columns::read(&source, &records(&source, rows))
}

/// A model with every level.
pub fn model() -> LinkModel {
    let comparison = |name: &str, levels: &[(&str, f64, f64)]| Comparison {
        name: name.into(),
        levels: levels.iter().map(|(level, m, u)| LevelWeight { level: level.to_string(), m: *m, u: *u }).collect(),
    };
    LinkModel {
        name: "test".into(),
        version: 1,
        linked_at: 18.0,
        possible_at: 8.0,
        margin: 4.0,
        max_block: 200,
        comparisons: vec![
            comparison(
                "number",
                &[
                    ("exact", 0.90, 1e-6),
                    ("one_digit", 0.04, 1e-6),
                    ("transposed", 0.01, 5e-7),
                    ("partial", 0.02, 5e-6),
                    ("two_digits", 0.005, 1e-5),
                    ("compensated", 0.002, 1e-5),
                    ("parts", 0.004, 0.02),
                    ("relative", 0.005, 5e-6),
                    ("different", 0.02, 0.999),
                ],
            ),
            comparison(
                "name",
                &[
                    ("exact", 0.92, 0.002),
                    ("script", 0.02, 0.0003),
                    ("sound", 0.025, 0.001),
                    ("dialect", 0.008, 0.0005),
                    ("shape", 0.012, 0.0005),
                    ("wildcard", 0.006, 0.003),
                    ("parts", 0.004, 0.0005),
                    ("near", 0.02, 0.01),
                    ("surname_only", 0.005, 0.08),
                    ("different", 0.005, 0.9),
                ],
            ),
            comparison(
                "birth",
                &[("exact", 0.96, 0.00005), ("near", 0.02, 0.004), ("year", 0.005, 0.015), ("different", 0.015, 0.98)],
            ),
            comparison("sex", &[("same", 0.99, 0.5), ("different", 0.01, 0.5)]),
            comparison(
                "division",
                &[
                    ("village", 0.92, 0.02),
                    ("township", 0.98, 0.17),
                    ("other_village", 0.05, 0.15),
                    ("county", 0.03, 0.83),
                    ("different", 0.01, 0.5),
                ],
            ),
        ],
        place: Place::default(),
    }
}
