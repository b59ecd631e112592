//! A household of a delivery with more than one head or none. The register's are told when its households are made.

use super::Found;
use super::view::{View, text};
use crate::plan::Role;

pub fn find(view: &View) -> Vec<Found> {
    let Some(relations) = view.role(Role::Relation) else { return Vec::new() };
    let at = view.at_role(Role::Relation);
    let mut found: Vec<Found> = Vec::new();
    for members in view.households() {
        let mut heads = members.iter().filter(|row| text(relations, **row) == Some("head"));
        match (heads.next(), heads.next()) {
            (None, _) => found.push((members[0], at, "check.no_head", "该户没有户主".into())),
            (Some(first), Some(second)) => {
                let words = format!("同一户有多个户主，另一个在第{}行", view.file_row(*first));
                found.push((*second, at, "check.two_heads", words.into()));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::normalize::checks::fixture::{FAMILY, noted};

    #[test]
    fn one_head_a_household() {
        let rows: &[&[&str]] = &[
            &["1", "户主", "男", ""],
            &["1", "配偶", "女", ""],
            &["2", "户主", "男", ""],
            &["2", "户主", "女", ""],
            &["3", "之子", "男", ""],
            &["", "之子", "男", ""],
        ];
        let found = noted(FAMILY, "kind = \"heads\"", rows);
        assert_eq!(
            found,
            [(3, "check.two_heads", "同一户有多个户主，另一个在第5行"), (4, "check.no_head", "该户没有户主")]
        );
    }
}
