//! A total that is not the sum of its parts. A row in which a part could not be read is left alone; an empty part counts 0,
//! because departments leave out what was not paid. A row without any part says nothing.

use super::Found;
use super::view::{Column, View};

/// `total`, optionally times another field (an amount a head times the household's size), against `parts` less `minus`.
pub fn find(
    view: &View,
    (total, times): (&str, Option<&str>),
    parts: &[String],
    minus: &[String],
    tolerance: i128,
) -> Vec<Found> {
    let columns = |names: &[String]| -> Vec<Column> { names.iter().map(|name| view.column(name)).collect() };
    let (whole, times) = (view.column(total), times.map(|name| view.column(name)));
    let (plus, less) = (columns(parts), columns(minus));
    let names: Vec<&str> = parts.iter().chain(minus).map(|name| view.heading(name)).collect();
    let words = format!("与各分项（{}）之和不符", names.join("、"));
    let sum = |columns: &[Column], row: u32| -> Option<i128> {
        columns.iter().map(|c| if c.blank(row) { Some(0) } else { c.number(row) }).sum()
    };
    let mut found: Vec<Found> = Vec::new();
    for row in 0..view.rows() {
        if plus.iter().chain(&less).all(|c| c.blank(row)) {
            continue;
        }
        let factor = match &times {
            Some(times) => times.number(row),
            None => Some(100),
        };
        let (Some(whole), Some(factor)) = (whole.number(row), factor) else { continue };
        let (Some(plus), Some(less)) = (sum(&plus, row), sum(&less, row)) else { continue };
        if (whole * factor / 100 - (plus - less)).abs() > tolerance {
            found.push((row, view.at(total), "check.sum", words.clone().into()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::normalize::checks::fixture::{money, noted};

    const CHECK: &str = r#"kind = "sum"
        total = "total"
        parts = ["fund", "own"]
        tolerance = 0.05"#;

    #[test]
    fn a_total_that_misses_a_part_is_told() {
        let fields = money(&["total", "fund", "own"]);
        let rows: &[&[&str]] = &[
            &["100", "60", "40"],
            &["100", "60.02", "39.95"],
            &["100", "60", "30"],
            &["-100", "-60", "-40"],
            &["100", "100", ""],
            &["100", "", ""],
            &["100", "六十", "40"],
            &["", "60", "40"],
        ];
        assert_eq!(noted(&fields, CHECK, rows), [(2, "check.sum", "与各分项（fund、own）之和不符")]);
    }

    #[test]
    fn an_amount_a_head_times_the_size_less_the_cost() {
        let fields = [money(&["a_head", "income", "cost"]), vec![("size", "integer", "")]].concat();
        let check = r#"kind = "sum"
            total = "a_head"
            times = "size"
            parts = ["income"]
            minus = ["cost"]
            tolerance = 1"#;
        let rows: &[&[&str]] = &[
            &["50", "210", "10", "4"],
            &["50", "310", "10", "4"],
            &["50", "310", "10", ""],
            &["33.33", "100", "0", "3"],
        ];
        assert_eq!(noted(&fields, check, rows), [(1, "check.sum", "与各分项（income、cost）之和不符")]);
    }
}
