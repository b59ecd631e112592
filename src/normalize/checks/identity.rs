//! Birth date and sex of a row against those of its identity number (background §3.1): where they differ, the number is
//! often a relative's. Looked at in every source that has them.

use super::Found;
use super::view::View;
use crate::normalize::id_check;
use crate::plan::Role;

pub fn find(view: &View) -> Vec<Found> {
    let at = view.at_role(Role::IdNumber);
    let mut found: Vec<Found> = Vec::new();
    for row in 0..view.rows() {
        let Some(number) = view.number(row).map(str::as_bytes) else { continue };
        if view.birth_written(row).is_some_and(|birth| id_check::birth(number, i32::MAX) != Ok(birth)) {
            found.push((row, at, "id_number.birth_differs", "身份证号中的出生日期与出生日期一栏不同".into()));
        }
        let sex = if id_check::is_male(number) { "male" } else { "female" };
        if view.sex_written(row).is_some_and(|written| written != sex) {
            found.push((row, at, "id_number.sex_differs", "身份证号中的性别与性别一栏不同".into()));
        }
    }
    found
}
