//! A number outside of what it can be: 14 months of work in a year, a household of 40.

use super::Found;
use super::view::View;
use crate::model::text::decimal;

/// Bounds in hundredths; both belong to the range.
pub fn find(view: &View, field: &str, from: Option<i128>, until: Option<i128>) -> Vec<Found> {
    let (column, at) = (view.column(field), view.at(field));
    let words = match (from, until) {
        (Some(from), Some(until)) => format!("应在{}至{}之间", decimal(from), decimal(until)),
        (Some(from), None) => format!("应不小于{}", decimal(from)),
        (None, until) => format!("应不大于{}", decimal(until.unwrap_or_default())),
    };
    let outside = |row: &u32| {
        column.number(*row).is_some_and(|n| from.is_some_and(|from| n < from) || until.is_some_and(|until| until < n))
    };
    (0..view.rows()).filter(outside).map(|row| (row, at, "check.range", words.clone().into())).collect()
}

#[cfg(test)]
mod tests {
    use crate::normalize::checks::fixture::noted;

    #[test]
    fn a_year_has_twelve_months() {
        let rows: &[&[&str]] = &[&["0"], &["12"], &["13"], &["-1"], &[""], &["许多"]];
        let check = "kind = \"range\"\nfield = \"months\"\nfrom = 0\nuntil = 12\nseverity = \"note\"";
        let found = noted(&[("months", "integer", "")], check, rows);
        assert_eq!(found, [(2, "check.range", "应在0至12之间"), (3, "check.range", "应在0至12之间")]);
    }

    #[test]
    fn one_bound_suffices() {
        let found =
            noted(&[("m", "decimal", "")], "kind = \"range\"\nfield = \"m\"\nuntil = 1.5", &[&["1.6"], &["-9"]]);
        assert_eq!(found, [(0, "check.range", "应不大于1.5")]);
    }
}
