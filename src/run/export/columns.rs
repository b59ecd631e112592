//! What becomes of each column in an export. What is not named here and could tell a person is left out.

use std::collections::BTreeMap;

use super::pseudonym::Of;
use crate::model::table::{Column, Kind, Privacy, TableSchema};
use crate::plan::{FieldKind, Plan};

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// Stays as it is.
    Keep,
    /// A pseudonym in its place; several joined by `|` become several.
    Pseudonym(Of),
    /// An identity number: the pseudonym of the person of the register who has it, else of the number.
    Number,
    /// A birth date: the year.
    Year,
    /// Another day that tells of a person: the month.
    Month,
    /// Left out.
    Drop,
}

impl Treatment {
    /// In Chinese, for the file that says how the export was made.
    pub fn title(self) -> &'static str {
        match self {
            Treatment::Keep => "保留",
            Treatment::Pseudonym(_) | Treatment::Number => "换为假名（HMAC）",
            Treatment::Year => "只保留年份",
            Treatment::Month => "只保留年月",
            Treatment::Drop => "删除",
        }
    }
}

/// How small the places are that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Smallest {
    /// Townships.
    #[default]
    Township,
    /// Villages.
    Village,
}

/// Text columns of the declared tables that hold codes or titles of codes. Any other text is left out: words may name people.
const CODES: &[&str] = &[
    "basis",
    "birth_level",
    "cause",
    "causes",
    "causes_before",
    "causes_missing_offline",
    "causes_missing_online",
    "causes_now",
    "change",
    "claim_level",
    "code",
    "column_name",
    "condition",
    "decision",
    "department",
    "disposition",
    "division_level",
    "document",
    "event",
    "field",
    "held_from",
    "household_level",
    "id_number_lane",
    "income_state",
    "indicator",
    "level",
    "list_type",
    "missing_sources",
    "monitored_causes",
    "monitored_type",
    "name_level",
    "national_action",
    "national_agreement",
    "national_type",
    "number_level",
    "offline_causes",
    "offline_type",
    "online_causes",
    "online_type",
    "opened_round",
    "other",
    "outcome",
    "owner",
    "pass",
    "phone_level",
    "relation",
    "risk",
    "role",
    "round",
    "rule",
    "rules",
    "severity",
    "sex",
    "sex_level",
    "source",
    "state",
    "state_title",
    "status",
    "title",
    "tracker",
];

/// Numbers that only say where a row stood in a file.
const PLACES_IN_FILES: &[&str] = &["row", "receipt_row", "bytes"];

/// Tables that hold nothing but words or say where files lie.
pub const NOT_EXPORTED: &[&str] = &["deliveries", "corrections", "dictionary"];

/// The treatment of every column of a table, in its order.
pub fn treatments(schema: &TableSchema, plan: &Plan, smallest: Smallest) -> Vec<Treatment> {
    let source = schema.name.strip_prefix("records_").map(|id| plan.sources.iter().find(|s| s.id == id));
    match source {
        // A contract that the pipeline no longer has: nobody can say what its columns hold.
        Some(None) => schema.columns.iter().map(|c| key(&c.name).unwrap_or(Treatment::Drop)).collect(),
        Some(Some(source)) => {
            let kinds: BTreeMap<&str, FieldKind> = source.fields.iter().map(|f| (f.name.as_str(), f.kind)).collect();
            schema.columns.iter().map(|c| of_record(c, &kinds, smallest)).collect()
        }
        None => schema.columns.iter().map(|c| of_table(c, smallest)).collect(),
    }
}

/// Keys and places are treated the same everywhere.
fn key(name: &str) -> Option<Treatment> {
    Some(match name {
        "person_id" | "head_person_id" | "other_person_id" => Treatment::Pseudonym(Of::Person),
        "household_id" => Treatment::Pseudonym(Of::Household),
        "record_id" | "offline_records" | "case_id" | "comparison_id" | "task_id" | "proposal_id" | "order_id"
        | "hit_id" => Treatment::Pseudonym(Of::Key),
        "id_number" | "head_id_number" => Treatment::Number,
        name if PLACES_IN_FILES.contains(&name) => Treatment::Drop,
        _ => return None,
    })
}

fn place(name: &str, smallest: Smallest) -> Option<Treatment> {
    match name {
        "township" | "township_code" => Some(Treatment::Keep),
        "village" | "village_code" | "linked_village_code" if smallest == Smallest::Village => Some(Treatment::Keep),
        _ => None,
    }
}

fn day(column: &Column) -> Treatment {
    match () {
        () if column.name.contains("birth") => Treatment::Year,
        () if column.privacy >= Privacy::Personal => Treatment::Month,
        () => Treatment::Keep,
    }
}

fn of_table(column: &Column, smallest: Smallest) -> Treatment {
    if let Some(treatment) = key(&column.name).or_else(|| place(&column.name, smallest)) {
        return treatment;
    }
    match column.kind {
        Kind::Text if CODES.contains(&column.name.as_str()) => Treatment::Keep,
        Kind::Text => Treatment::Drop,
        Kind::Date => day(column),
        Kind::Integer | Kind::Decimal | Kind::Float | Kind::Boolean => Treatment::Keep,
    }
}

fn of_record(column: &Column, kinds: &BTreeMap<&str, FieldKind>, smallest: Smallest) -> Treatment {
    let name = column.name.as_str();
    if !kinds.contains_key(name)
        && let Some(treatment) = key(name).or_else(|| place(name, smallest))
    {
        return treatment;
    }
    match kinds.get(name) {
        Some(FieldKind::IdNumber) => Treatment::Number,
        Some(FieldKind::Code | FieldKind::Township) => Treatment::Keep,
        Some(FieldKind::Village) if smallest == Smallest::Village => Treatment::Keep,
        Some(FieldKind::Money | FieldKind::Decimal | FieldKind::Integer | FieldKind::Boolean) => Treatment::Keep,
        Some(FieldKind::Date | FieldKind::Month) => day(column),
        Some(FieldKind::Text | FieldKind::Name | FieldKind::Phone | FieldKind::Village) => Treatment::Drop,
        // What the normaliser says of the form of a number tells nothing of the person.
        None if ["_lane", "_repair_code", "_certainty"].iter().any(|end| name.ends_with(end)) => Treatment::Keep,
        None => Treatment::Drop,
    }
}
