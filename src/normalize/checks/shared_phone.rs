//! A telephone number that stands in many households: often the village cadre's, written where nobody asked the family. A
//! household is known by its number in the source, else by the identity number, else by the name in the row.

use std::collections::{BTreeMap, BTreeSet};

use super::Found;
use super::view::{View, text};
use crate::plan::Role;

/// The households in which a number stands, and its rows.
type Stands<'a> = (BTreeSet<(u8, &'a str)>, Vec<u32>);

/// Every row with a number that stands in `households` households or more.
pub fn find(view: &View, field: &str, households: i64) -> Vec<Found> {
    let (column, at) = (view.column(field), view.at(field));
    let (own, names) = (view.role(Role::Household), view.role(Role::Name));
    let home = |row: u32| {
        let number = own.and_then(|own| text(own, row)).map(|number| (0, number));
        let person = || view.number(row).map(|number| (1, number));
        number.or_else(person).or_else(|| names.and_then(|names| text(names, row)).map(|name| (2, name)))
    };
    let mut rows_of: BTreeMap<&str, Stands> = BTreeMap::new();
    for row in 0..view.rows() {
        if let (Some(phone), Some(home)) = (column.text(row), home(row)) {
            let (homes, rows) = rows_of.entry(phone).or_default();
            homes.insert(home);
            rows.push(row);
        }
    }
    let mut found: Vec<Found> = Vec::new();
    for (homes, rows) in rows_of.into_values().filter(|(homes, _)| homes.len() as i64 >= households) {
        let words = format!("同一电话号码登记在{}户，请核对是否为本户电话", homes.len());
        found.extend(rows.into_iter().map(|row| (row, at, "check.shared_phone", words.clone().into())));
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::normalize::checks::fixture::noted;

    #[test]
    fn the_cadres_number_in_three_households() {
        let fields = [("no", "text", "household"), ("phone", "phone", "")];
        let rows: &[&[&str]] = &[
            &["1", "19900000001"],
            &["1", "19900000001"],
            &["2", "19900000001"],
            &["3", "19900000002"],
            &["4", "199 0000 0002"],
            &["5", "19900000002"],
        ];
        let found = noted(&fields, "kind = \"shared_phone\"\nfield = \"phone\"\nhouseholds = 3", rows);
        let words = "同一电话号码登记在3户，请核对是否为本户电话";
        assert_eq!(found, [3, 4, 5].map(|row| (row, "check.shared_phone", words)));
    }
}
