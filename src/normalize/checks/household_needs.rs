//! What is said of a household and borne out by none of its members: 因残 without anybody disabled. Told once a household, at
//! the first member who says so; the words are the contract's.

use super::Found;
use super::view::{View, all_hold};
use crate::plan::Condition;

pub fn find(view: &View, when: &[Condition], needs: &[Condition]) -> Vec<Found> {
    let Some(shown) = when.first().map(|c| view.at(&c.field)) else { return Vec::new() };
    let (when, needs) = (view.conditions(when), view.conditions(needs));
    let mut found: Vec<Found> = Vec::new();
    for members in view.households() {
        let Some(says) = members.iter().find(|row| all_hold(&when, **row)) else { continue };
        if !members.iter().any(|row| all_hold(&needs, *row)) {
            found.push((*says, shown, "check.household_needs", "户内没有与此相符的成员".into()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::normalize::checks::fixture::noted;

    #[test]
    fn a_cause_that_nobody_bears_out() {
        let fields = [("no", "text", "household"), ("cause", "code:cause", ""), ("goes", "text", "")];
        let check = r#"kind = "household_needs"
            title = "因学，但户内没有在校生"
            when = [{ field = "cause", is = ["education"] }]
            needs = [{ field = "goes", blank = false }]"#;
        let rows: &[&[&str]] =
            &[&["1", "因学", ""], &["1", "因学", "小学"], &["2", "因学", ""], &["2", "因学", ""], &["3", "因病", ""]];
        assert_eq!(noted(&fields, check, rows), [(2, "check.household_needs", "因学，但户内没有在校生")]);
    }
}
