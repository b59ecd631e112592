//! Fields of which exactly one is filled in: education of those who have left school, or the stage of those who go there.

use super::Found;
use super::view::{Column, View};

pub fn find(view: &View, fields: &[String]) -> Vec<Found> {
    let columns: Vec<Column> = fields.iter().map(|name| view.column(name)).collect();
    let names: Vec<&str> = fields.iter().map(|name| view.heading(name)).collect();
    let names = names.join("、");
    let Some(at) = fields.first().map(|name| view.at(name)) else { return Vec::new() };
    let mut found: Vec<Found> = Vec::new();
    for row in 0..view.rows() {
        match columns.iter().filter(|c| !c.blank(row)).count() {
            1 => {}
            0 => found.push((row, at, "check.one_of", format!("{names}都没有填写，应填写其中一项").into())),
            _ => found.push((row, at, "check.one_of", format!("{names}同时填写，应只填写一项").into())),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::normalize::checks::fixture::noted;

    #[test]
    fn both_and_neither() {
        let fields = [("left", "text", ""), ("goes", "text", "")];
        let rows: &[&[&str]] = &[&["初中", ""], &["", "小学"], &["初中", "小学"], &["", ""]];
        let found = noted(&fields, "kind = \"one_of\"\nfields = [\"left\", \"goes\"]", rows);
        assert_eq!(
            found,
            [
                (2, "check.one_of", "left、goes同时填写，应只填写一项"),
                (3, "check.one_of", "left、goes都没有填写，应填写其中一项")
            ]
        );
    }
}
