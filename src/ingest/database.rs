//! A department's table read straight from its database over ODBC (cargo feature `odbc`).
//!
//! In: a connection string and one SELECT. Out: its rows as texts, in batches. Everything is read in one transaction that is
//! rolled back; the rows are counted by the database before and after, and a copy that has another number is refused: somebody
//! changed the table meanwhile. The copy then goes the way of every delivered file, so that a round can be repeated from it.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use odbc_api::buffers::TextRowSet;
use odbc_api::{Connection, ConnectionOptions, Cursor, Environment, Error, ResultSetMetadata};

use super::Checked;
use crate::diag::{Diagnostic, Place};

/// Rows fetched at once.
const BATCH: usize = 2_048;
/// Longest value in bytes; longer ones refuse the copy, none is cut.
const LONGEST: usize = 4_096;

/// Reads the rows of `query` and gives them to `take`, every value as a text; gives their number.
///
/// # Errors
/// `pull.connect`, `pull.query` (with the database's own words, which name no value), `pull.changed` when the number of rows
/// is not what the database counted, `pull.too_long` for a value longer than any cell, and what `take` refuses with.
pub fn read(
    connection: &str,
    query: &str,
    place: &Place,
    take: &mut dyn FnMut(RecordBatch) -> Checked<()>,
) -> Checked<u64> {
    let environment = Environment::new().map_err(|e| refused("pull.connect", "ODBC cannot be started", &e, place))?;
    let connection = environment
        .connect_with_connection_string(connection, ConnectionOptions::default())
        .map_err(|e| refused("pull.connect", "the database cannot be reached", &e, place))?;
    let failed = |e: Error| match e {
        Error::TooLargeValueForBuffer { .. } => vec![
            Diagnostic::error("pull.too_long", format!("a value is longer than {LONGEST} bytes"), place.clone())
                .hint("leave its column out of the query"),
        ],
        e => refused("pull.query", "the database refuses the query", &e, place),
    };
    connection.set_autocommit(false).map_err(failed)?;
    let before = count(&connection, query).map_err(failed)?;
    let mut rows = 0;
    if let Some(mut cursor) = connection.execute(query, (), None).map_err(failed)? {
        let names: Vec<String> = cursor.column_names().map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
        let fields: Vec<Field> = names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let room = TextRowSet::for_cursor(BATCH, &mut cursor, Some(LONGEST)).map_err(failed)?;
        let mut fetched = cursor.bind_buffer(room).map_err(failed)?;
        while let Some(some) = fetched.fetch_with_truncation_check(true).map_err(failed)? {
            let mut columns: Vec<StringBuilder> = names.iter().map(|_| StringBuilder::new()).collect();
            for (at, column) in columns.iter_mut().enumerate() {
                for row in 0..some.num_rows() {
                    let text = some.at_as_str(at, row).map_err(|_| not_text(&names[at], place))?;
                    column.append_option(text);
                }
            }
            rows += some.num_rows() as u64;
            let arrays = columns.iter_mut().map(|c| Arc::new(c.finish()) as _).collect();
            let batch = RecordBatch::try_new(schema.clone(), arrays);
            take(batch.unwrap_or_else(|e| panic!("columns of one batch have one length: {e}")))?;
        }
    }
    let after = count(&connection, query).map_err(failed)?;
    connection.rollback().map_err(failed)?;
    if rows != before || rows != after {
        let message = format!("the database counted {before} rows before and {after} after, but gave {rows}");
        let problem = Diagnostic::error("pull.changed", message, place.clone());
        return Err(vec![
            problem.hint("the table was changed meanwhile: pull again, or ask for a view that stands still"),
        ]);
    }
    Ok(rows)
}

/// How many rows the database says the query has.
fn count(connection: &Connection, query: &str) -> Result<u64, Error> {
    let Some(cursor) = connection.execute(&format!("SELECT COUNT(*) FROM ({query}) counted"), (), None)? else {
        return Ok(0);
    };
    let mut fetched = cursor.bind_buffer(TextRowSet::from_max_str_lens(1, [32])?)?;
    let row = fetched.fetch()?;
    Ok(row.and_then(|r| r.at_as_str(0, 0).ok().flatten()?.trim().parse().ok()).unwrap_or(0))
}

fn not_text(column: &str, place: &Place) -> Vec<Diagnostic> {
    let problem = Diagnostic::error("pull.not_text", "a value is not UTF-8 text", place.clone().field(column));
    vec![problem.hint("set the client's character set to UTF-8 in the connection string")]
}

fn refused(code: &'static str, what: &str, error: &Error, place: &Place) -> Vec<Diagnostic> {
    let hint = "try the connection string and the query with `isql`; the account needs to read this table only";
    vec![Diagnostic::error(code, format!("{what}: {error}"), place.clone()).hint(hint)]
}
