//! The relation to the head against the person's sex (a son who is a woman) and against both ages (a son older than the head).
//! Ages are compared only where there is one head: else nobody knows whose son it is.

use super::Found;
use super::view::{View, text};
use crate::plan::Role;

const MALE: [&str; 9] = [
    "son",
    "son_in_law",
    "grandson",
    "maternal_grandson",
    "father",
    "father_in_law",
    "grandfather",
    "brother",
    "nephew",
];
const FEMALE: [&str; 9] = [
    "daughter",
    "daughter_in_law",
    "granddaughter",
    "maternal_granddaughter",
    "mother",
    "mother_in_law",
    "grandmother",
    "sister",
    "niece",
];
const YOUNGER: [&str; 7] =
    ["son", "daughter", "grandson", "granddaughter", "maternal_grandson", "maternal_granddaughter", "great_grandchild"];
const OLDER: [&str; 4] = ["father", "mother", "grandfather", "grandmother"];

pub fn find(view: &View) -> Vec<Found> {
    let Some(relations) = view.role(Role::Relation) else { return Vec::new() };
    let at = view.at_role(Role::Relation);
    let mut found: Vec<Found> = Vec::new();
    for row in 0..view.rows() {
        let (Some(relation), Some(sex)) = (text(relations, row), view.sex(row)) else { continue };
        if (sex == "female" && MALE.contains(&relation)) || (sex == "male" && FEMALE.contains(&relation)) {
            found.push((row, at, "check.relation_sex", "与户主关系和性别不符".into()));
        }
    }
    for members in view.households() {
        let mut heads = members.iter().filter(|row| text(relations, **row) == Some("head"));
        let (Some(head), None) = (heads.next(), heads.next()) else { continue };
        let Some(of_head) = view.birth(*head) else { continue };
        for row in &members {
            let (Some(relation), Some(born)) = (text(relations, *row), view.birth(*row)) else { continue };
            let wrong =
                (YOUNGER.contains(&relation) && born <= of_head) || (OLDER.contains(&relation) && born >= of_head);
            if wrong {
                let words = format!("与户主关系和年龄不符：与户主（第{}行）长幼相反", view.file_row(*head));
                found.push((*row, at, "check.relation_age", words.into()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::normalize::checks::fixture::{FAMILY, born, noted};

    #[test]
    fn sex_and_age_of_a_son() {
        let rows: &[&[&str]] = &[
            &["1", "户主", "男", &born(50)],
            &["1", "之子", "女", &born(20)],
            &["1", "之子", "男", &born(51)],
            &["1", "之子", "男", &born(20)],
            &["1", "配偶", "女", &born(60)],
            &["2", "户主", "男", &born(50)],
            &["2", "户主", "男", &born(30)],
            &["2", "之子", "男", &born(40)],
        ];
        let found = noted(FAMILY, "kind = \"relation\"", rows);
        assert_eq!(
            found,
            [
                (1, "check.relation_sex", "与户主关系和性别不符"),
                (2, "check.relation_age", "与户主关系和年龄不符：与户主（第3行）长幼相反"),
            ]
        );
    }
}
