//! Sources about villages: a record belongs to a division, not to a person.

use super::Linked;
use crate::model::build::{TableBuilder, Value};
use crate::model::{Table, tables};
use crate::plan::Source;

/// Links each record to the village that was found for it; records without a village stay unlinked.
pub fn link_villages(source: &Source, records: &Table) -> Linked {
    let mut links = TableBuilder::new(tables::links());
    let ids = records.text("record_id");
    for row in 0..records.rows() {
        let village = if records.has("village_code") { records.str_at("village_code", row) } else { None };
        let (status, level, evidence) = match village {
            Some(_) => ("linked", Some("village"), "按行政村对应"),
            None => ("unlinked", None, "没有认出行政村"),
        };
        let mut values: Vec<Value> = vec![
            source.id.as_str().into(),
            ids.value(row).into(),
            status.into(),
            Value::Null,
            Value::Null,
            village.into(),
            Value::Integer(0),
            Value::Null,
            level.into(),
        ];
        values.extend(std::iter::repeat_n(Value::Null, 6));
        values.push(level.into());
        values.push(evidence.into());
        // Nothing was weighed.
        values.resize(tables::links().columns.len(), Value::Null);
        links.push(values);
    }
    Linked {
        links: links.finish(),
        possible: TableBuilder::new(tables::possible_links()).finish(),
        applied: Vec::new(),
        model: None,
    }
}
