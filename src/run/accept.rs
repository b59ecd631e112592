//! `run --accept SOURCE`: whose delivery counts as it is because a person says so.

use std::collections::BTreeSet;

use crate::diag::{self, Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::plan::Plan;

/// The sources that a person accepts, all of them known.
pub(super) fn accepted(plan: &Plan, wanted: &[String]) -> Outcome<BTreeSet<String>> {
    let known = || plan.sources.iter().map(|s| s.id.as_str());
    let unknown: Vec<Diagnostic> = wanted
        .iter()
        .filter(|w| !known().any(|id| id == w.as_str()))
        .map(|w| {
            let hint = match diag::nearest(w, known()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the pipeline has {}", known().collect::<Vec<_>>().join(", ")),
            };
            let place = Place::default().field("--accept");
            Diagnostic::error("usage.accept", format!("`{w}` is no source of this pipeline"), place).hint(hint)
        })
        .collect();
    match unknown.is_empty() {
        true => Ok(wanted.iter().cloned().collect()),
        false => Err(Failure { class: FailureClass::Usage, problems: unknown }),
    }
}
