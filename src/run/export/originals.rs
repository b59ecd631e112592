//! What an export would leave out of a table or put a pseudonym for, kept for those who have the key of its class.

use arrow::array::ArrayRef;

use super::columns::Treatment;
use crate::model::table::Column;
use crate::model::{Table, TableSchema};
use crate::run::seal::ColumnKeys;

/// The exported table with the columns that are to be locked, and their names there. A column that was left out keeps its name; one
/// for which something else stands gets `_full` behind it.
pub fn with_originals(
    table: &Table,
    wanted: &[Treatment],
    keys: &ColumnKeys,
    exported: &Table,
) -> (Table, Vec<String>) {
    let mut columns: Vec<Column> = exported.schema.columns.clone();
    let mut arrays: Vec<ArrayRef> = exported.batch.columns().to_vec();
    let mut locked = Vec::new();
    for ((column, treatment), array) in table.schema.columns.iter().zip(wanted).zip(table.batch.columns()) {
        if !is_kept(column, *treatment, keys) {
            continue;
        }
        let mut column = column.clone();
        while columns.iter().any(|other| other.name == column.name) {
            column.name.push_str("_full");
        }
        column.title = format!("{}（原值）", column.title);
        locked.push(column.name.clone());
        columns.push(column);
        arrays.push(array.clone());
    }
    (Table::new(TableSchema { columns, ..exported.schema.clone() }, arrays), locked)
}

/// True for a column whose values an export does not show and whose class has a key.
pub fn is_kept(column: &Column, treatment: Treatment, keys: &ColumnKeys) -> bool {
    treatment != Treatment::Keep && keys.id(column.privacy).is_some()
}
