//! Doubts on their way to the `findings` table: told batch by batch and by checks over the whole source, put in order once.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringBuilder};

use crate::diag::Severity;
use crate::model::{Table, tables};
use crate::plan::Source;

/// A doubt about a cell.
#[derive(Debug, Clone)]
pub struct Told {
    /// File or sheet of the row, in the order in which they were read.
    pub origin: u32,
    /// Row of the file or sheet.
    pub row: u32,
    /// Index of the contract field.
    pub field: usize,
    /// Who tells it: 0 the normaliser of the field, 1 and more the checks.
    pub by: usize,
    /// Stable code.
    pub code: &'static str,
    /// What is doubtful, in Chinese.
    pub message: Cow<'static, str>,
    /// How much it weighs.
    pub severity: Severity,
    /// Number of the record; none for a row that was quarantined.
    pub record: Option<u64>,
    /// The cell as it stood.
    pub raw: Option<String>,
    /// True when the record has a value in the field all the same.
    pub used: bool,
}

/// The name of a record.
pub fn record_id(source: &str, number: u64, out: &mut impl Write) {
    let mut digits = [b'0'; 20];
    let mut from = digits.len();
    let mut rest = number;
    while rest > 0 || from > digits.len() - 7 {
        from -= 1;
        digits[from] += (rest % 10) as u8;
        rest /= 10;
    }
    // Texts and builders of text take whatever is written into them.
    let _ = out.write_str(source);
    let _ = out.write_char('-');
    let _ = out.write_str(std::str::from_utf8(&digits[from..]).unwrap_or_default());
}

/// The number in the name of a record.
pub fn record_number(id: &str) -> Option<u64> {
    id.rsplit('-').next()?.parse().ok()
}

/// The `findings` table, by row and field, and whether the field of each finding has a value all the same.
///
/// Of one cell the normaliser's own doubt comes first, then the checks in the contract's order.
pub fn table(source: &Source, origins: &[(String, String)], mut all: Vec<Told>) -> (Table, Vec<bool>) {
    all.sort_by_key(|t| (t.origin, t.row, t.field, t.by));
    let mut text: [StringBuilder; 8] = std::array::from_fn(|_| StringBuilder::new());
    let mut raw_text = StringBuilder::new();
    let mut rows = Vec::with_capacity(all.len());
    let mut id = String::new();
    for told in &all {
        let (file, sheet) = &origins[told.origin as usize];
        id.clear();
        if let Some(number) = told.record {
            record_id(&source.id, number, &mut id);
        }
        let cells = [
            Some(source.id.as_str()),
            told.record.map(|_| id.as_str()),
            Some(file),
            Some(sheet),
            Some(&source.fields[told.field].name),
            Some(told.code),
            Some(told.severity.as_str()),
            Some(&told.message),
        ];
        for (builder, cell) in text.iter_mut().zip(cells) {
            builder.append_option(cell);
        }
        raw_text.append_option(told.raw.as_deref());
        rows.push(i64::from(told.row));
    }
    let mut arrays: Vec<ArrayRef> = text.into_iter().map(|mut b| Arc::new(b.finish()) as ArrayRef).collect();
    arrays.insert(4, Arc::new(Int64Array::from(rows)));
    arrays.push(Arc::new(raw_text.finish()));
    (Table::new(tables::findings(), arrays), all.iter().map(|t| t.used).collect())
}
