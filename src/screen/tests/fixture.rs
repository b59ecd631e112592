//! A small county for the tests of the stage: tables built row by row, a plan built piece by piece.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};

use crate::diag::Place;
use crate::model::build::{TableBuilder, Value};
use crate::model::table::{Kind, Privacy, Table, TableSchema};
use crate::model::{tables, text};
use crate::plan::*;
use crate::screen::{ScreenInput, Screened, held, screen};

pub const AS_OF: Date = date(2026, 9, 30);

/// Days of a date written `2026-09-30`.
pub fn day(written: &str) -> Value {
    Value::Date(text::to_days(written.parse().expect("a date")))
}

/// An amount in yuan.
pub fn yuan(yuan: i64) -> Value {
    Value::Decimal(i128::from(yuan) * 100)
}

pub fn sql(written: &str) -> Sql {
    Sql { text: written.into(), place: Place::file("rules/test.toml").at(1, 1) }
}

/// A table from rows that name their columns; the rest is null.
pub fn rows(schema: TableSchema, rows: &[&[(&str, Value)]]) -> Table {
    let mut table = TableBuilder::new(schema.clone());
    for row in rows {
        for (name, _) in *row {
            assert!(schema.index(name).is_some(), "{} has no column {name}", schema.name);
        }
        let value = |name: &str| row.iter().find(|(n, _)| *n == name).map_or(Value::Null, |(_, v)| v.clone());
        table.push(schema.columns.iter().map(|c| value(&c.name)).collect());
    }
    table.finish()
}

pub fn source(id: &str, role: SourceRole, subject: Subject, fields: &[(&str, FieldKind)]) -> Source {
    let fields = fields.iter().map(|(name, kind)| sample::field(name, *kind)).collect();
    Source { role, subject, ..sample::source(id, fields) }
}

pub fn indicator(name: &str, level: Level, source: &str, filter: &str, value: &str, kind: Kind) -> Indicator {
    Indicator {
        name: name.into(),
        title: name.into(),
        level,
        source: source.into(),
        filter: (!filter.is_empty()).then(|| sql(filter)),
        value: sql(value),
        kind,
        unit: String::new(),
        absent: Absent::Unknown,
        meaning: String::new(),
        privacy: Privacy::Sensitive,
        place: Place::default(),
    }
}

pub fn rule(id: &str, level: Level, role: RuleRole, cause: &str, when: &str) -> Rule {
    Rule {
        id: id.into(),
        version: 1,
        title: id.into(),
        level,
        role,
        risk: "other".into(),
        cause: cause.into(),
        sudden: false,
        when: sql(when),
        evidence: format!("{id} 成立"),
        document: "000 R028".into(),
        requirements: Vec::new(),
        department: None,
        place: Place::default(),
    }
}

/// A value of a parameter: amount in yuan, township, group.
pub fn param(name: &str, values: &[(i64, Option<&str>, Option<&str>)]) -> Param {
    Param {
        name: name.into(),
        title: name.into(),
        kind: Kind::Decimal,
        unit: "yuan".into(),
        values: values
            .iter()
            .map(|(value, township, group)| ParamValue {
                from: None,
                until: None,
                township: township.map(Into::into),
                group: group.map(Into::into),
                basis: None,
                value: Value::Decimal(i128::from(*value) * 100),
                document: "000 R028".into(),
                place: Place::default(),
            })
            .collect(),
        place: Place::default(),
    }
}

/// A county with its plan and whatever a test adds to it.
pub struct County {
    pub plan: Plan,
    pub persons: Table,
    pub households: Table,
    pub records: BTreeMap<String, Table>,
    pub links: BTreeMap<String, Table>,
    pub possible: Table,
    pub previous: Option<held::Previous>,
    pub delivered: BTreeSet<String>,
}

fn person(id: &str, household: &str, name: &str, birth: &str, status: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("person_id", id.into()),
        ("household_id", household.into()),
        ("record_id", format!("population-{id}").into()),
        ("name", name.into()),
        ("birth_date", day(birth)),
        ("sex", "male".into()),
        ("relation", "head".into()),
        ("status", status.into()),
    ]
}

fn household(id: &str, size: i64, place: [&str; 2], lifted: Option<bool>) -> Vec<(&'static str, Value)> {
    let [township, village_code] = place;
    vec![
        ("household_id", id.into()),
        ("household_no", id.trim_start_matches('H').into()),
        ("head_name", "某某".into()),
        ("size", size.into()),
        ("township_code", village_code[..9].into()),
        ("township", township.into()),
        ("village_code", village_code.into()),
        ("lifted", lifted.into()),
    ]
}

impl County {
    /// Four households: H1 (two members, lifted, 云岭镇), H2 (one member, 云岭镇), H3 (one member, 河口镇), H4 (nobody
    /// left, 河口镇).
    pub fn new() -> Self {
        let persons = [
            person("P1", "H1", "张一", "1980-05-01", "normal"),
            person("P2", "H1", "张二", "2014-10-01", "normal"),
            person("P3", "H2", "李三", "1950-01-01", "normal"),
            person("P4", "H3", "王四", "1990-01-01", "normal"),
            person("P5", "H3", "王五", "1960-01-01", "deceased"),
            person("P6", "H4", "赵六", "1930-01-01", "moved_out"),
        ];
        let households = [
            household("H1", 2, ["云岭镇", "990121001001"], Some(true)),
            household("H2", 1, ["云岭镇", "990121001002"], None),
            household("H3", 1, ["河口镇", "990121002001"], Some(false)),
            household("H4", 0, ["河口镇", "990121002001"], Some(false)),
        ];
        let slices = |list: &[Vec<(&'static str, Value)>], schema| {
            let list: Vec<&[(&str, Value)]> = list.iter().map(Vec::as_slice).collect();
            rows(schema, &list)
        };
        County {
            plan: sample::plan(),
            persons: slices(&persons, tables::persons()),
            households: slices(&households, tables::households()),
            records: BTreeMap::new(),
            links: BTreeMap::new(),
            possible: Table::empty(tables::possible_links()),
            previous: None,
            delivered: BTreeSet::new(),
        }
    }

    /// Delivers a source: one record per row, linked as its first value says (`P1`, `H1`, a village code, or `-`).
    pub fn deliver(&mut self, source: Source, records: &[(&str, &[(&str, Value)])]) {
        let id = source.id.clone();
        let mut record_rows = Vec::new();
        let mut link_rows: Vec<Vec<(&str, Value)>> = Vec::new();
        for (place, (target, values)) in records.iter().enumerate() {
            let record_id = format!("{id}-{:07}", place + 1);
            let mut row = vec![
                ("record_id", record_id.clone().into()),
                ("file", format!("{id}.csv").into()),
                ("row", Value::Integer(place as i64 + 2)),
            ];
            row.extend(values.iter().cloned());
            record_rows.push(row);
            let mut link = vec![("source", id.clone().into()), ("record_id", record_id.into())];
            link.extend(self.target(target));
            link_rows.push(link);
        }
        let slices: Vec<&[(&str, Value)]> = record_rows.iter().map(Vec::as_slice).collect();
        self.records.insert(id.clone(), rows(schema::records(&source), &slices));
        let slices: Vec<&[(&str, Value)]> = link_rows.iter().map(Vec::as_slice).collect();
        self.links.insert(id.clone(), rows(tables::links(), &slices));
        self.delivered.insert(id);
        self.plan.sources.push(source);
    }

    fn target(&self, target: &str) -> Vec<(&'static str, Value)> {
        match target.as_bytes()[0] {
            b'-' => vec![("status", "possible".into())],
            b'H' => vec![("status", "linked".into()), ("household_id", target.into())],
            b'P' => {
                let rows = 0..self.persons.rows();
                let at = rows.into_iter().find(|r| self.persons.str_at("person_id", *r) == Some(target));
                let household = at.and_then(|r| self.persons.str_at("household_id", r));
                vec![("status", "linked".into()), ("person_id", target.into()), ("household_id", household.into())]
            }
            _ => vec![("status", "linked".into()), ("linked_village_code", target.into())],
        }
    }

    /// Takes a source's delivery away; its contract stays.
    pub fn withhold(&mut self, source: &str) {
        self.records.remove(source);
        self.links.remove(source);
        self.delivered.remove(source);
    }

    /// As the households are when the national system's export is missing.
    pub fn nobody_is_known_to_be_lifted(&mut self) {
        let at = self.households.schema.index("lifted").expect("a column of households");
        let mut columns = self.households.batch.columns().to_vec();
        columns[at] = arrow::array::new_null_array(&arrow::datatypes::DataType::Boolean, self.households.rows());
        self.households = Table::new(self.households.schema.clone(), columns);
    }

    pub fn params(&mut self, params: Vec<Param>) {
        self.plan.params = params.into_iter().map(|p| (p.name.clone(), p)).collect();
    }

    pub fn screen(&self) -> Screened {
        self.screen_on(AS_OF)
    }

    pub fn screen_on(&self, as_of: Date) -> Screened {
        let problems = sql::check_plan(&self.plan);
        assert_eq!(problems, [], "the plan of a test passes its check");
        let input = ScreenInput {
            plan: &self.plan,
            as_of,
            persons: &self.persons,
            households: &self.households,
            records: &self.records,
            links: &self.links,
            possible: &self.possible,
            previous: self.previous.as_ref(),
            delivered: &self.delivered,
        };
        screen(&input).expect("screening works")
    }
}

/// Rows of a table as text, chosen columns joined by a blank; null is `-`.
pub fn shown(table: &Table, columns: &[&str]) -> Vec<String> {
    (0..table.rows())
        .map(|row| {
            let cells = columns.iter().map(|c| table.display_at(c, row).unwrap_or_else(|| "-".into()));
            cells.collect::<Vec<_>>().join(" ")
        })
        .collect()
}
