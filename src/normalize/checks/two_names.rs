//! One identity number under two names. Names that differ only in simplified and traditional forms, in the dot between parts,
//! or in a character that stands for one that could not be written, are one name. Of a number's names the most frequent is taken for right (of equals the first), and the
//! rows with another are told.

use std::collections::BTreeMap;

use super::Found;
use super::view::{View, text};
use crate::normalize::han::WILDCARD;
use crate::plan::Role;

pub fn find(view: &View) -> Vec<Found> {
    let Some(names) = view.role(Role::Name) else { return Vec::new() };
    let at = view.at_role(Role::IdNumber);
    let mut by_number: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for row in 0..view.rows() {
        if let (Some(number), Some(_)) = (view.number(row), text(names, row)) {
            by_number.entry(number).or_default().push(row);
        }
    }
    let mut found: Vec<Found> = Vec::new();
    for rows in by_number.into_values().filter(|rows| rows.len() > 1) {
        // Names of the number: the folded name, its rows.
        let mut different: Vec<(String, Vec<u32>)> = Vec::new();
        for row in rows {
            let name = fast2s::convert(&text(names, row).unwrap_or_default().replace('·', ""));
            match different.iter_mut().find(|(other, _)| same(other, &name)) {
                Some((_, rows)) => rows.push(row),
                None => different.push((name, vec![row])),
            }
        }
        let most = different.iter().map(|(_, rows)| rows.len()).max().unwrap_or(0);
        let usual = different.iter().position(|(_, rows)| rows.len() == most).unwrap_or(0);
        let first = different[usual].1[0];
        for (_, rows) in different.iter().enumerate().filter(|(i, _)| *i != usual).map(|(_, d)| d) {
            let words = format!("同一身份证号在第{}行登记的姓名不同", view.file_row(first));
            found.extend(rows.iter().map(|row| (*row, at, "check.two_names", words.clone().into())));
        }
    }
    found
}

/// Equal but for characters that stand for any one.
fn same(a: &str, b: &str) -> bool {
    let one = |(x, y): (char, char)| x == y || x == WILDCARD || y == WILDCARD;
    a.chars().count() == b.chars().count() && a.chars().zip(b.chars()).all(one)
}

#[cfg(test)]
mod tests {
    use crate::normalize::checks::fixture::{PEOPLE, noted, numbers};

    #[test]
    fn two_names_one_number() {
        let [a, b] = numbers();
        let rows: &[&[&str]] = &[
            &["张三", &a, ""],
            &["李四", &a, ""],
            &["李四", &a, ""],
            &["陈龙", &b, ""],
            &["陳龍", &b, ""],
            &["陈?", &b, ""],
            &["陈·龙", &b, ""],
            &["王五", "", ""],
            &["赵六", "", ""],
        ];
        let found = noted(PEOPLE, "kind = \"two_names\"", rows);
        assert_eq!(found, [(0, "check.two_names", "同一身份证号在第4行登记的姓名不同")]);
    }
}
