//! Two days in the wrong order, or nearer to each other than they can be; likewise two numbers of which one bounds the other
//! (people covered, people in the household).

use jiff::ToSpan;

use super::Found;
use super::view::View;
use crate::model::text::{from_days, to_days};
use crate::plan::FieldKind;

/// `first` is not after `then`; of days, `then` is at least `months` later.
pub fn find(view: &View, first: &str, then: &str, months: i32) -> Vec<Found> {
    let (a, b, at) = (view.column(first), view.column(then), view.at(then));
    let days = matches!(view.source.fields[at].kind, FieldKind::Date | FieldKind::Month);
    let (first, then) = (view.heading(first), view.heading(then));
    let words = match (days, months) {
        (true, 0) => format!("早于{first}"),
        (true, months) => format!("距{first}不足{months}个月"),
        (false, _) => format!("小于{first}，{first}不应大于{then}"),
    };
    let earliest = |first: i128| -> i128 {
        let day = i32::try_from(first).ok().map(from_days).and_then(|d| d.checked_add(months.months()).ok());
        day.map_or(first, |d| i128::from(to_days(d)))
    };
    let wrong = |row: &u32| match (a.number(*row), b.number(*row)) {
        (Some(a), Some(b)) if days => b < earliest(a),
        (Some(a), Some(b)) => b < a,
        _ => false,
    };
    (0..view.rows()).filter(wrong).map(|row| (row, at, "check.order", words.clone().into())).collect()
}

#[cfg(test)]
mod tests {
    use crate::normalize::checks::fixture::noted;

    #[test]
    fn what_ends_before_it_begins() {
        let fields = [("began", "date", ""), ("ended", "date", "")];
        let rows: &[&[&str]] =
            &[&["2026-01-05", "2026-01-05"], &["2026-01-05", "2026-01-04"], &["2026-01-05", ""], &["", "2026-01-04"]];
        let found = noted(&fields, "kind = \"order\"\nfirst = \"began\"\nthen = \"ended\"", rows);
        assert_eq!(found, [(1, "check.order", "早于began")]);
    }

    #[test]
    fn a_risk_cleared_too_soon() {
        let fields = [("since", "month", ""), ("cleared", "month", "")];
        let rows: &[&[&str]] = &[&["202601", "202607"], &["202601", "202606"], &["202601", "202601"]];
        let found = noted(&fields, "kind = \"order\"\nfirst = \"since\"\nthen = \"cleared\"\nmonths = 6", rows);
        assert_eq!(found, [(1, "check.order", "距since不足6个月"), (2, "check.order", "距since不足6个月")]);
    }

    #[test]
    fn more_covered_than_there_are() {
        let fields = [("covered", "integer", ""), ("size", "integer", "")];
        let found =
            noted(&fields, "kind = \"order\"\nfirst = \"covered\"\nthen = \"size\"", &[&["3", "3"], &["4", "3"]]);
        assert_eq!(found, [(1, "check.order", "小于covered，covered不应大于size")]);
    }
}
