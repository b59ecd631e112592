//! Stand-in until the rule language is merged: accepts every plan.

use super::types::Plan;
use crate::diag::Diagnostic;

/// All problems of the SQL in a plan's indicators and rules.
pub fn check_plan(_: &Plan) -> Vec<Diagnostic> {
    Vec::new()
}
