//! More than one spouse of a head, or a spouse of the head's own sex.

use super::Found;
use super::view::{View, text};
use crate::plan::Role;

pub fn find(view: &View) -> Vec<Found> {
    let Some(relations) = view.role(Role::Relation) else { return Vec::new() };
    let at = view.at_role(Role::Relation);
    let mut found: Vec<Found> = Vec::new();
    for members in view.households() {
        let of = |code: &str| -> Vec<u32> {
            members.iter().copied().filter(|row| text(relations, *row) == Some(code)).collect()
        };
        let (heads, spouses) = (of("head"), of("spouse"));
        if let [first, .., last] = spouses.as_slice() {
            let words = format!("同一户有多个配偶，另一个在第{}行", view.file_row(*first));
            found.push((*last, at, "check.two_spouses", words.into()));
        }
        // With two heads nobody knows whose spouse it is; that is told by itself.
        if let ([head], [spouse]) = (heads.as_slice(), spouses.as_slice())
            && let (Some(a), Some(b)) = (view.sex(*head), view.sex(*spouse))
            && a == b
        {
            let words = format!("与户主（第{}行）性别相同", view.file_row(*head));
            found.push((*spouse, at, "check.spouse_sex", words.into()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::normalize::checks::fixture::{FAMILY, noted};

    #[test]
    fn one_spouse_of_the_other_sex() {
        let rows: &[&[&str]] = &[
            &["1", "户主", "男", ""],
            &["1", "配偶", "女", ""],
            &["2", "户主", "男", ""],
            &["2", "配偶", "男", ""],
            &["3", "户主", "男", ""],
            &["3", "配偶", "女", ""],
            &["3", "配偶", "女", ""],
            &["4", "户主", "男", ""],
            &["4", "配偶", "", ""],
        ];
        let found = noted(FAMILY, "kind = \"spouse\"", rows);
        assert_eq!(
            found,
            [
                (3, "check.spouse_sex", "与户主（第5行）性别相同"),
                (6, "check.two_spouses", "同一户有多个配偶，另一个在第8行"),
            ]
        );
    }
}
