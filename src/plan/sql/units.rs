//! Units of values: yuan are not compared with days.
//!
//! A declared column or parameter has its unit, a literal fits every unit, and what is computed by a product or a quotient
//! of two units has none that is known.

use std::sync::Arc;

use sqlparser::ast::Spanned;

use super::ast::Expr;
use super::check::Checker;

impl Checker<'_> {
    /// The unit that values have which are compared, added or chosen between; two different ones are a problem.
    pub(super) fn one_unit<'e>(
        &mut self,
        at: &impl Spanned,
        values: impl IntoIterator<Item = &'e Expr>,
    ) -> Option<Option<Arc<str>>> {
        let mut found: Option<Arc<str>> = None;
        for value in values {
            match (&found, &value.unit) {
                (Some(a), Some(b)) if a != b => {
                    let message = format!("a value in {a} and one in {b} do not go together");
                    let hint = "compare values of one unit; if both mean the same, write the same word under `unit`";
                    return self.refuse("sql.unit_mismatch", at, message, hint);
                }
                (None, Some(unit)) => found = Some(unit.clone()),
                _ => {}
            }
        }
        Some(found)
    }
}

/// The unit of a product or quotient: that of one side when the other is a plain number.
pub(super) fn of_product(a: &Expr, b: &Expr) -> Option<Arc<str>> {
    let plain = |e: &Expr| e.columns().is_empty() && e.params().is_empty();
    match (plain(a), plain(b)) {
        (false, true) => a.unit.clone(),
        (true, false) => b.unit.clone(),
        _ => None,
    }
}

/// A declared unit; none when the declaration says nothing.
pub(super) fn declared(unit: &str) -> Option<Arc<str>> {
    (!unit.is_empty()).then(|| unit.into())
}
