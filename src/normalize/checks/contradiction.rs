//! A row that contradicts itself: all conditions that the contract names hold at once, and the person's age lies in (or
//! outside of) the span that it names. The words are the contract's.

use super::Found;
use super::view::{View, all_hold};
use crate::plan::{Ages, Condition};

/// Where the age is asked for and not known, nothing is told.
pub fn find(view: &View, when: &[Condition], ages: Option<Ages>) -> Vec<Found> {
    let Some(shown) = when.first().map(|c| view.at(&c.field)) else { return Vec::new() };
    let conditions = view.conditions(when);
    let of_age = |row: u32| match (ages, ages.and_then(|_| view.age(row))) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(ages), Some(age)) => (ages.from..=ages.until).contains(&age) != ages.outside,
    };
    (0..view.rows())
        .filter(|row| all_hold(&conditions, *row) && of_age(*row))
        .map(|row| (row, shown, "check.contradiction", "各栏相互矛盾".into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::normalize::checks::fixture::{born, noted};

    #[test]
    fn age_against_the_stage_of_school() {
        let fields = [("stage", "code:cause", ""), ("born", "date", "birth_date")];
        let check = r#"kind = "contradiction"
            title = "小学生年龄应在6至14岁"
            when = [{ field = "stage", is = ["education"] }]
            age_outside = [6, 14]"#;
        let rows: &[&[&str]] =
            &[&["因学", &born(6)], &["因学", &born(15)], &["因病", &born(15)], &["因学", ""], &["因学", &born(5)]];
        let found = noted(&fields, check, rows);
        assert_eq!(
            found,
            [(1, "check.contradiction", "小学生年龄应在6至14岁"), (4, "check.contradiction", "小学生年龄应在6至14岁")]
        );
    }

    #[test]
    fn blank_is_not_unreadable() {
        let fields = [("cleared", "boolean", ""), ("cleared_on", "date", ""), ("n", "integer", "")];
        let check = r#"kind = "contradiction"
            title = "已消除却没有消除时间"
            when = [{ field = "cleared", is = ["true"] }, { field = "cleared_on", blank = true }, { field = "n", from = 1 }]"#;
        let rows: &[&[&str]] = &[
            &["是", "", "2"],
            &["是", "2026-01-01", "2"],
            &["否", "", "2"],
            &["", "", "2"],
            &["是", "上月", "2"],
            &["是", "", "0"],
        ];
        assert_eq!(noted(&fields, check, rows), [(0, "check.contradiction", "已消除却没有消除时间")]);
    }
}
