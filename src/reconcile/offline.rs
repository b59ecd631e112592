//! Offline records and their links → `offline_list`: what each village reported, in the terms of the comparison.

use std::collections::BTreeMap;

use crate::model::Table;
use crate::model::build::{TableBuilder, Value};
use crate::model::tables;
use crate::plan::{Role, Source};

/// Titles of divisions by code, as far as the register has households there.
struct Places<'a> {
    townships: BTreeMap<&'a str, &'a str>,
    villages: BTreeMap<&'a str, &'a str>,
}

impl<'a> Places<'a> {
    fn of(households: &'a Table) -> Self {
        let named = |code: &str, name: &str| {
            (0..households.rows())
                .filter_map(|row| Some((households.str_at(code, row)?, households.str_at(name, row)?)))
                .collect()
        };
        Places { townships: named("township_code", "township"), villages: named("village_code", "village") }
    }
}

/// A text column of the records, none when the contract does not have the field.
fn text<'a>(records: &'a Table, column: Option<&str>, row: usize) -> Option<&'a str> {
    let column = column.filter(|c| records.has(c))?;
    records.str_at(column, row).filter(|v| !v.is_empty())
}

/// One row per accepted record of the offline source, in record order.
///
/// `source` says by its roles which columns of `records` carry name, number, place, type, causes and note; a role without
/// a field leaves its column null. The place is the form's own; what the form does not say comes from the household the
/// row is linked to. A record without a row in `links` counts as unlinked.
pub fn offline_list(source: &Source, records: &Table, links: &Table, households: &Table) -> Table {
    let places = Places::of(households);
    let link_rows: BTreeMap<&str, usize> =
        (0..links.rows()).filter_map(|row| Some((links.str_at("record_id", row)?, row))).collect();
    let household_rows: BTreeMap<&str, usize> =
        (0..households.rows()).filter_map(|row| Some((households.str_at("household_id", row)?, row))).collect();
    let mut out = TableBuilder::new(tables::offline_list());
    for row in 0..records.rows() {
        let record_id = records.str_at("record_id", row);
        let link = record_id.and_then(|id| link_rows.get(id)).copied();
        let of_link = |column| link.and_then(|l| links.str_at(column, l));
        let linked = of_link("status") == Some("linked");
        let household = of_link("household_id").filter(|_| linked);
        let home = household.and_then(|h| household_rows.get(h)).copied();
        let of_home = |column| home.and_then(|h| households.str_at(column, h));
        let of_role = |role| text(records, source.name_of(role), row);

        let township_code = text(records, Some("township_code"), row);
        let village_code = text(records, Some("village_code"), row);
        let said = |role: Role| {
            let raw = source.name_of(role).map(|name| format!("{name}_raw"));
            of_role(role).or_else(|| text(records, raw.as_deref(), row))
        };
        let township = township_code.and_then(|c| places.townships.get(c).copied()).or_else(|| said(Role::Township));
        let village = village_code.and_then(|c| places.villages.get(c).copied()).or_else(|| said(Role::Village));
        // A form without any place: the household's own is the best that is known.
        let (township_code, township) = match (township_code, township) {
            (None, None) => (of_home("township_code"), of_home("township")),
            known => known,
        };
        let (village_code, village) = match (village_code, village) {
            (None, None) => (of_home("village_code"), of_home("village")),
            known => known,
        };
        let candidates = link.filter(|_| !linked).map_or(0, |l| links.integer_at("candidates", l).unwrap_or(0));
        out.push_named(vec![
            ("record_id", record_id.into()),
            ("file", records.str_at("file", row).into()),
            ("sheet", records.str_at("sheet", row).into()),
            ("row", records.integer_at("row", row).into()),
            ("status", of_link("status").unwrap_or("unlinked").into()),
            ("person_id", of_link("person_id").filter(|_| linked).into()),
            ("household_id", household.into()),
            ("name", of_role(Role::Name).into()),
            ("id_number", of_role(Role::IdNumber).into()),
            ("township_code", township_code.into()),
            ("township", township.into()),
            ("village_code", village_code.into()),
            ("village", village.into()),
            ("group", of_role(Role::Group).or_else(|| of_home("group")).into()),
            ("list_type", of_role(Role::ListType).into()),
            ("causes", of_role(Role::Causes).into()),
            ("note", of_role(Role::Note).into()),
            ("candidates", if linked { Value::Null } else { Value::Integer(candidates) }),
        ]);
    }
    out.finish()
}
