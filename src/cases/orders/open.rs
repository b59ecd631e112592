//! Approved cases → orders (开单, R186): one per risk, for the department that owns the remedy.

use std::collections::BTreeSet;

use crate::model::words;
use crate::plan::Plan;

/// A case on which the county has decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// The case.
    pub case: u32,
    /// Cause codes of the decided case, joined by `|`.
    pub causes: String,
}

/// An order that is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The case.
    pub case: u32,
    /// Cause to be removed.
    pub cause: String,
    /// Department that owns the remedy; 防贫办 for causes that nobody owns, so that no risk is left without somebody.
    pub department: String,
}

/// Who gets the order for a cause without a department.
pub const NOBODY: &str = "县防贫办";

/// The orders that approved cases still lack, by case and cause in the plan's order.
///
/// `there` are the orders that are open or done, by case and cause: none is given twice. A case without a cause gets one
/// for `other`.
pub fn open(cases: &[Approved], there: &BTreeSet<(u32, String)>, plan: &Plan) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for case in cases {
        let mut causes: Vec<&str> = words::split(Some(&case.causes)).collect();
        if causes.is_empty() {
            causes.push("other");
        }
        let rank = |code: &str| plan.causes.iter().position(|c| c.code == code).unwrap_or(usize::MAX);
        causes.sort_by_key(|code| rank(code));
        causes.dedup();
        for cause in causes {
            if there.contains(&(case.case, cause.to_string())) {
                continue;
            }
            let department = plan.cause(cause).map(|c| c.department.as_str()).filter(|d| !d.is_empty());
            drafts.push(Draft {
                case: case.case,
                cause: cause.to_string(),
                department: department.unwrap_or(NOBODY).to_string(),
            });
        }
    }
    drafts
}
