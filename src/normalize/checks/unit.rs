//! An amount that is too small to be meant in its unit: a year's wages of 2.4 are 2.4 万元 written where 元 are asked. Nothing
//! and negative amounts are left alone.

use super::Found;
use super::view::View;

pub fn find(view: &View, field: &str, below: i128) -> Vec<Found> {
    let (column, at) = (view.column(field), view.at(field));
    let slip = |row: &u32| column.number(*row).is_some_and(|n| 0 < n && n < below);
    let words = "数额过小，疑似单位写错（如以万元填写），应以元为单位";
    (0..view.rows()).filter(slip).map(|row| (row, at, "check.unit", words.into())).collect()
}

#[cfg(test)]
mod tests {
    use crate::normalize::checks::fixture::{money, noted};

    #[test]
    fn small_wages_are_ten_thousands() {
        let rows: &[&[&str]] = &[&["24000"], &["2.4"], &["0"], &[""], &["-3"], &["100"], &["99.99"]];
        let found = noted(&money(&["wages"]), "kind = \"unit\"\nfield = \"wages\"\nbelow = 100", rows);
        assert_eq!(found.iter().map(|f| f.0).collect::<Vec<_>>(), [1, 6]);
    }
}
