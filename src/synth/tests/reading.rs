//! Reads what the generator wrote, with other means than the pipeline's: rows as texts by file, sheet and row number.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use calamine::{Data, Reader, Xlsx, open_workbook};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Cells of the rows of one file by (sheet, row number).
pub type Rows = BTreeMap<(String, u32), Vec<String>>;

/// All rows of a file of any of the kinds the generator writes.
pub fn rows(root: &Path, file: &str) -> Rows {
    let path = root.join(file);
    match file.rsplit('.').next() {
        Some("csv") => delimited(&fs::read(&path).expect("readable file")),
        Some("xlsx") => workbook(&path),
        _ => table(&path),
    }
}

fn delimited(bytes: &[u8]) -> Rows {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_string(),
        Err(_) => encoding_rs::GB18030.decode(bytes).0.into_owned(),
    };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    reader
        .records()
        .enumerate()
        .map(|(i, row)| {
            let row = row.expect("well-formed line");
            ((String::new(), i as u32 + 1), row.iter().map(str::to_string).collect())
        })
        .collect()
}

fn workbook(path: &Path) -> Rows {
    let mut found = Rows::new();
    let mut book: Xlsx<_> = open_workbook(path).expect("a workbook");
    for (sheet, range) in book.worksheets() {
        let first = range.start().map_or(0, |s| s.0);
        for (i, row) in range.rows().enumerate() {
            let cells = row.iter().map(|cell| match cell {
                Data::Empty => String::new(),
                // Whole numbers are written without a point, so that identity numbers compare as digits.
                Data::Float(v) if v.fract() == 0.0 => format!("{v:.0}"),
                Data::DateTime(day) => day.as_f64().to_string(),
                other => other.to_string(),
            });
            found.insert((sheet.clone(), first + i as u32 + 1), cells.collect());
        }
    }
    found
}

fn table(path: &Path) -> Rows {
    let file = File::open(path).expect("readable file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("Parquet");
    let mut found = Rows::new();
    for batch in reader {
        let batch = batch.expect("readable batch");
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|column| {
                use arrow::array::{Array, AsArray};
                use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type};
                match column.data_type() {
                    _ if column.is_null(row) => String::new(),
                    DataType::Utf8 => column.as_string::<i32>().value(row).to_string(),
                    DataType::Float64 => column.as_primitive::<Float64Type>().value(row).to_string(),
                    DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
                    _ => column.as_primitive::<Date32Type>().value(row).to_string(),
                }
            });
            let cells = cells.collect();
            let next = found.len() as u32 + 1;
            found.insert((String::new(), next), cells);
        }
    }
    found
}

/// The rows of a truth file as maps from heading to value.
pub fn truth(root: &Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let mut rows = rows(root, &format!("truth/{name}.csv")).into_values();
    let headings = rows.next().expect("headings");
    rows.map(|row| headings.iter().cloned().zip(row).collect()).collect()
}
