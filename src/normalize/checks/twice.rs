//! A person who stands twice in a list that names each once: same number, same name, and rows that are not equal (equal ones
//! were folded). The later rows are told.

use std::collections::HashMap;

use super::Found;
use super::view::{View, text};
use crate::plan::Role;

pub fn find(view: &View) -> Vec<Found> {
    let Some(names) = view.role(Role::Name) else { return Vec::new() };
    let at = view.at_role(Role::Name);
    let mut first: HashMap<(&str, &str), u32> = HashMap::new();
    let mut found: Vec<Found> = Vec::new();
    for row in 0..view.rows() {
        let (Some(number), Some(name)) = (view.number(row), text(names, row)) else { continue };
        let earlier = *first.entry((number, name)).or_insert(row);
        if earlier != row {
            let words = format!("与第{}行是同一人（姓名、身份证号相同），两行内容不同", view.file_row(earlier));
            found.push((row, at, "check.twice", words.into()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::normalize::checks::fixture::{PEOPLE, noted, numbers};

    #[test]
    fn the_same_person_twice() {
        let [a, b] = numbers();
        let rows: &[&[&str]] =
            &[&["张三", &a, "1"], &["张三", &a, "2"], &["张三", &b, "1"], &["张三", "", "1"], &["张三", "", "2"]];
        let found = noted(PEOPLE, "kind = \"twice\"", rows);
        assert_eq!(found, [(1, "check.twice", "与第3行是同一人（姓名、身份证号相同），两行内容不同")]);
    }
}
