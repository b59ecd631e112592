//! The ledger: registers in, ids and events out; decisions in, decisions out; a file that is damaged, newer or left half-way.

mod decisions;
mod deliveries;
mod file;
mod orders;
mod persons;

use super::*;
use crate::model::Table;
use crate::model::build::{TableBuilder, Value};
use crate::plan::{Field, FieldKind, Role, Source, sample, schema};

/// A row of a register: household, name, number, birth date; `-` for what it lacks.
pub type Row<'a> = [&'a str; 4];

pub fn source(id: &str) -> Source {
    let field = |name: &str, kind, role| Field { role: Some(role), required: false, ..sample::field(name, kind) };
    let fields = vec![
        field("household", FieldKind::Text, Role::Household),
        field("name", FieldKind::Name, Role::Name),
        field("id_number", FieldKind::IdNumber, Role::IdNumber),
        field("birth_date", FieldKind::Date, Role::BirthDate),
    ];
    sample::source(id, fields)
}

pub fn records(source: &Source, rows: &[Row]) -> Table {
    let mut builder = TableBuilder::new(schema::records(source));
    for (i, [household, name, number, birth]) in rows.iter().enumerate() {
        let text = |v: &str| if v == "-" { Value::Null } else { Value::from(v) };
        let birth = match birth.parse() {
            Ok(day) => Value::Date(crate::model::text::to_days(day)),
            Err(_) => Value::Null,
        };
        builder.push_named(vec![
            ("record_id", format!("{}-{:07}", source.id, i + 1).into()),
            ("file", "a.csv".into()),
            ("sheet", "".into()),
            ("row", Value::Integer(i as i64 + 2)),
            ("household", text(household)),
            ("name", text(name)),
            ("id_number", text(number)),
            ("birth_date", birth),
        ]);
    }
    builder.finish()
}

pub fn register(rows: &[Row]) -> Vec<Identity> {
    let source = source("population");
    identities(b"salt", &source, &records(&source, rows))
}

pub fn key(round: &str, as_of: &str, run_id: &str) -> RunKey {
    RunKey { round: round.into(), as_of: as_of.into(), run_id: run_id.into() }
}

/// Runs a round over a register through the ledger's file, and publishes it.
pub fn round(out: &std::path::Path, name: &str, as_of: &str, rows: &[Row]) -> Assigned {
    let mut ledger = Ledger::open(out).unwrap();
    let state = ledger.state_before(name, as_of).unwrap();
    let assigned = assign(&register(rows), &state.known, state.next);
    let change = Change { persons: assigned.clone(), ..Change::default() };
    ledger.prepare(&key(name, as_of, name), &change).unwrap();
    ledger.publish().unwrap();
    assigned
}

/// Events in words, the ids' zeros left out: `2 split_from 1`.
pub fn events(assigned: &Assigned) -> Vec<String> {
    let words = |e: &Event| {
        let other = if e.other == 0 { String::new() } else { format!(" {}", e.other) };
        format!("{} {}{other}", e.person, e.kind.as_str())
    };
    assigned.events.iter().map(words).collect()
}
