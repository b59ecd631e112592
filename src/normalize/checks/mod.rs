//! Cross-checks: values that are each well-formed and do not go together. A check finds, it never rejects.
//!
//! In: the accepted records of a source and the checks of its contract (`[[check]]`). Out: what was noted, by row and field.
//! One file per check; `identity` needs no declaration, because a number's own birth date and sex are the cheapest proof there
//! is. The themes are those that a province runs on the national system (background §2), written anew.

mod contradiction;
mod heads;
mod household_needs;
mod household_same;
mod identity;
mod one_of;
mod order;
mod range;
mod relation;
mod shared_phone;
mod spouse;
mod sum;
mod twice;
mod two_names;
mod unit;
mod view;

#[cfg(test)]
mod fixture;

use std::borrow::Cow;

use jiff::civil::Date;

use self::view::View;
use crate::diag::Severity;
use crate::model::Table;
use crate::plan::{CheckKind, Condition, Role, Source};

/// Something that does not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// Row of the records table.
    pub row: u32,
    /// Index of the contract field that is shown.
    pub field: usize,
    /// Place of the check in the contract from 1; 0 for the one that needs no declaration.
    pub check: usize,
    /// Stable code, `check.…` or `id_number.…`.
    pub code: &'static str,
    /// What does not go together, in Chinese, without a value of a person.
    pub message: Cow<'static, str>,
    /// How much it weighs.
    pub severity: Severity,
}

/// What one check gives for a row: the field that is shown, its code, and its own words.
type Found = (u32, usize, &'static str, Cow<'static, str>);

/// Runs the checks that look at one row at a time, over any part of a source's records. `as_of` is the day on which people
/// have their age.
pub fn of_rows(source: &Source, records: &Table, as_of: Date) -> Vec<Noted> {
    let view = View::new(source, records, as_of);
    let mut noted = Vec::new();
    keep(&mut noted, identity::find(&view), 0, Severity::Warning, "");
    for (at, check) in source.checks.iter().enumerate().filter(|(_, c)| together(source, &c.kind).is_none()) {
        keep(&mut noted, found(&view, &check.kind), at + 1, check.severity, &check.title);
    }
    noted
}

/// Runs one check that looks at rows together: `records` holds all rows of a source that have a value of its key in common.
pub fn of_groups(source: &Source, check: usize, records: &Table, as_of: Date) -> Vec<Noted> {
    let view = View::new(source, records, as_of);
    let mut noted = Vec::new();
    let declared = &source.checks[check];
    keep(&mut noted, found(&view, &declared.kind), check + 1, declared.severity, &declared.title);
    noted
}

fn keep(noted: &mut Vec<Noted>, found: Vec<Found>, check: usize, severity: Severity, title: &str) {
    noted.extend(found.into_iter().map(|(row, field, code, words)| Noted {
        row,
        field,
        check,
        code,
        message: if title.is_empty() { words } else { Cow::Owned(title.to_string()) },
        severity,
    }));
}

fn found(view: &View, kind: &CheckKind) -> Vec<Found> {
    match kind {
        CheckKind::Sum { total, times, parts, minus, tolerance } => {
            sum::find(view, (total, times.as_deref()), parts, minus, *tolerance)
        }
        CheckKind::Unit { field, below } => unit::find(view, field, *below),
        CheckKind::Range { field, from, until } => range::find(view, field, *from, *until),
        CheckKind::Order { first, then, months } => order::find(view, first, then, *months),
        CheckKind::Contradiction { when, ages } => contradiction::find(view, when, *ages),
        CheckKind::OneOf { fields } => one_of::find(view, fields),
        CheckKind::Heads => heads::find(view),
        CheckKind::Spouse => spouse::find(view),
        CheckKind::Relation => relation::find(view),
        CheckKind::HouseholdNeeds { when, needs } => household_needs::find(view, when, needs),
        CheckKind::HouseholdSame { fields } => household_same::find(view, fields),
        CheckKind::TwoNames => two_names::find(view),
        CheckKind::Twice => twice::find(view),
        CheckKind::SharedPhone { field, households } => shared_phone::find(view, field, *households),
    }
}

/// What a check that looks at rows together needs of the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Together {
    /// Rows with the same value in this column belong together; none when all rows do.
    pub key: Option<String>,
    /// The columns that are read.
    pub columns: Vec<String>,
}

/// The checks of a source that look at rows together, by their place in the contract.
pub fn groups(source: &Source) -> Vec<(usize, Together)> {
    let all = source.checks.iter().enumerate();
    all.filter_map(|(at, check)| Some((at, together(source, &check.kind)?))).collect()
}

/// None for a check that looks at one row at a time.
fn together(source: &Source, kind: &CheckKind) -> Option<Together> {
    let role = |role: Role| source.name_of(role).map(str::to_string);
    let of = |conditions: &[Condition]| conditions.iter().map(|c| c.field.clone()).collect::<Vec<String>>();
    let (key, own) = match kind {
        CheckKind::Sum { .. }
        | CheckKind::Unit { .. }
        | CheckKind::Range { .. }
        | CheckKind::Order { .. }
        | CheckKind::Contradiction { .. }
        | CheckKind::OneOf { .. } => return None,
        CheckKind::Heads | CheckKind::Spouse | CheckKind::Relation => (role(Role::Household), Vec::new()),
        CheckKind::HouseholdNeeds { when, needs } => (role(Role::Household), [of(when), of(needs)].concat()),
        CheckKind::HouseholdSame { fields } => (role(Role::Household), fields.clone()),
        CheckKind::TwoNames | CheckKind::Twice => (role(Role::IdNumber), Vec::new()),
        CheckKind::SharedPhone { field, .. } => (Some(field.clone()), vec![field.clone()]),
    };
    let roles =
        [Role::Name, Role::IdNumber, Role::BirthDate, Role::Sex, Role::PersonStatus, Role::Household, Role::Relation];
    let mut fields: Vec<String> = roles.into_iter().filter_map(role).chain(own).collect();
    fields.sort();
    fields.dedup();
    let place = ["record_id", "file", "sheet", "row"].map(str::to_string);
    let columns =
        place.into_iter().chain(fields.into_iter().flat_map(|field| [format!("{field}_raw"), field])).collect();
    Some(Together { key, columns })
}
