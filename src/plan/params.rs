//! Which value of a parameter holds for a household on a day.

use super::types::{Param, ParamValue};

/// The most specific value that holds on `as_of` (days since 1970-01-01) for a household of a township (by name) that is
/// lifted out of poverty or not; none when no value holds.
///
/// A township's value comes before the county's, a group's before everybody's; of equals the one that began last.
pub fn resolve<'a>(param: &'a Param, as_of: i32, township: Option<&str>, lifted: bool) -> Option<&'a ParamValue> {
    let group = if lifted { "lifted" } else { "other" };
    param
        .values
        .iter()
        .filter(|v| v.from.is_none_or(|from| from <= as_of) && v.until.is_none_or(|until| as_of <= until))
        .filter(|v| v.township.is_none() || v.township.as_deref() == township)
        .filter(|v| v.group.as_deref().is_none_or(|g| g == group))
        .max_by_key(|v| (v.township.is_some(), v.group.is_some(), v.from))
}
