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
use crate::plan::{CheckKind, Source};

/// Something that does not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// Row of the records table.
    pub row: u32,
    /// Index of the contract field that is shown.
    pub field: usize,
    /// Stable code, `check.…` or `id_number.…`.
    pub code: &'static str,
    /// What does not go together, in Chinese, without a value of a person.
    pub message: Cow<'static, str>,
    /// How much it weighs.
    pub severity: Severity,
}

/// What one check gives for a row: the field that is shown, its code, and its own words.
type Found = (u32, usize, &'static str, Cow<'static, str>);

/// Runs the checks of a source over its records. `as_of` is the day on which people have their age. The result is in the
/// order of rows and fields; of one cell, in the order of the contract.
pub fn run(source: &Source, records: &Table, as_of: Date) -> Vec<Noted> {
    let view = View::new(source, records, as_of);
    let mut noted: Vec<Noted> = Vec::new();
    let mut keep = |found: Vec<Found>, severity: Severity, title: &str| {
        noted.extend(found.into_iter().map(|(row, field, code, words)| Noted {
            row,
            field,
            code,
            message: if title.is_empty() { words } else { Cow::Owned(title.to_string()) },
            severity,
        }));
    };
    keep(identity::find(&view), Severity::Warning, "");
    for check in &source.checks {
        let found = match &check.kind {
            CheckKind::Sum { total, times, parts, minus, tolerance } => {
                sum::find(&view, (total, times.as_deref()), parts, minus, *tolerance)
            }
            CheckKind::Unit { field, below } => unit::find(&view, field, *below),
            CheckKind::Range { field, from, until } => range::find(&view, field, *from, *until),
            CheckKind::Order { first, then, months } => order::find(&view, first, then, *months),
            CheckKind::Contradiction { when, ages } => contradiction::find(&view, when, *ages),
            CheckKind::OneOf { fields } => one_of::find(&view, fields),
            CheckKind::Heads => heads::find(&view),
            CheckKind::Spouse => spouse::find(&view),
            CheckKind::Relation => relation::find(&view),
            CheckKind::HouseholdNeeds { when, needs } => household_needs::find(&view, when, needs),
            CheckKind::HouseholdSame { fields } => household_same::find(&view, fields),
            CheckKind::TwoNames => two_names::find(&view),
            CheckKind::Twice => twice::find(&view),
            CheckKind::SharedPhone { field, households } => shared_phone::find(&view, field, *households),
        };
        keep(found, check.severity, &check.title);
    }
    // Stable: checks of one cell stay in the contract's order.
    noted.sort_by_key(|n| (n.row, n.field));
    noted
}
