//! Declared schemas → the data dictionary, one row per column.

use crate::model::build::TableBuilder;
use crate::model::{Table, TableSchema, tables};

/// The `dictionary` table of the given schemas, in their order and their columns' order.
pub fn dictionary(schemas: &[TableSchema]) -> Table {
    let mut out = TableBuilder::new(tables::dictionary());
    for schema in schemas {
        for column in &schema.columns {
            out.push_named(vec![
                ("table_name", schema.name.as_str().into()),
                ("table_title", schema.title.as_str().into()),
                ("grain", schema.grain.as_str().into()),
                ("column_name", column.name.as_str().into()),
                ("title", column.title.as_str().into()),
                ("type", column.kind.name().into()),
                ("unit", column.unit.as_str().into()),
                ("meaning", column.meaning.as_str().into()),
                ("privacy", column.privacy.name().into()),
            ]);
        }
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_described() {
        let all = tables::all();
        let table = dictionary(&all);
        assert_eq!(table.rows(), all.iter().map(|s| s.columns.len()).sum::<usize>());
        for row in 0..table.rows() {
            for column in ["table_name", "grain", "column_name", "title", "type", "meaning", "privacy"] {
                assert!(table.str_at(column, row).is_some_and(|v| !v.is_empty()), "{column} of row {row}");
            }
        }
        assert_eq!(table.str_at("column_name", 0), Some("source"));
    }
}
