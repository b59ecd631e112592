//! What ingest hands to normalize: text as it stood in the file, by column, with the kind of cell it came from.

use std::collections::BTreeMap;

use arrow::array::StringArray;

/// What kind of cell a raw text came from. A number cell has already lost what Excel loses, so
/// an identity number from one is never trusted (background §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum CellKind {
    /// Nothing in the cell, or the file has no such column.
    Empty,
    /// Text, or any value of a delimited file.
    Text,
    /// A number; the text is its shortest exact form, `20240131` and never `20240131.0`.
    Number,
    /// A date or date and time; the text is `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`.
    Date,
    /// True or false; the text is `TRUE` or `FALSE`.
    Bool,
    /// An error such as `#N/A`; the text is that error.
    Error,
}

impl CellKind {
    /// The kind with this number, as `kind as u8` gives it; an error for a number that no kind has.
    pub fn of(number: u8) -> CellKind {
        match number {
            0 => CellKind::Empty,
            1 => CellKind::Text,
            2 => CellKind::Number,
            3 => CellKind::Date,
            4 => CellKind::Bool,
            _ => CellKind::Error,
        }
    }
}

/// Where a row came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Provenance {
    /// Path of the file below the input folder, `/` as separator.
    pub file: String,
    /// Sheet name; empty for files without sheets.
    pub sheet: String,
    /// Row in the sheet or line in the file, from 1.
    pub row: u32,
}

/// As a person gives a cell's row: `file!sheet:row`, or `file:row` for files without sheets.
impl std::fmt::Display for Provenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sep = if self.sheet.is_empty() { "" } else { "!" };
        write!(f, "{}{sep}{}:{}", self.file, self.sheet, self.row)
    }
}

impl Provenance {
    /// Where a row of a records table came from.
    pub fn of(records: &super::Table, row: usize) -> Self {
        Provenance {
            file: records.str_at("file", row).unwrap_or_default().to_string(),
            sheet: records.str_at("sheet", row).unwrap_or_default().to_string(),
            row: u32::try_from(records.integer("row").value(row)).unwrap_or_default(),
        }
    }
}

/// One source's rows as read: one text column per contract field, all of the same length.
#[derive(Debug, Clone, Default)]
pub struct RawTable {
    /// Distinct (file, sheet) pairs in reading order.
    pub origins: Vec<(String, String)>,
    /// For each row its index into `origins`.
    pub origin: Vec<u32>,
    /// For each row its row or line number, from 1.
    pub row: Vec<u32>,
    /// One per contract field, in the contract's order.
    pub columns: Vec<RawColumn>,
    /// What sheets say about their own values, by (file, sheet); most say nothing and are not in it.
    pub stated: BTreeMap<(String, String), Stated>,
}

/// What a sheet, or a file without sheets, says about its values beside the contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stated {
    /// Its day numbers count from 1904-01-01, as in workbooks from a Mac.
    pub from_1904: bool,
    /// Unit of money fields to which neither heading nor contract give one, as a title row has it (`单位：万元`), by field.
    pub units: BTreeMap<String, &'static str>,
}

/// The raw text of one field over all rows.
#[derive(Debug, Clone)]
pub struct RawColumn {
    /// Field name of the contract.
    pub field: String,
    /// The text; null where the cell is empty.
    pub text: StringArray,
    /// The kind of each cell.
    pub kind: Vec<CellKind>,
}

impl RawTable {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.row.len()
    }

    /// True when there is no row.
    pub fn is_empty(&self) -> bool {
        self.row.is_empty()
    }

    /// Tables of the same fields, one below the other; at least one.
    pub fn concat(parts: &[std::sync::Arc<RawTable>]) -> RawTable {
        let mut all = RawTable::default();
        for part in parts {
            let mut of = Vec::with_capacity(part.origins.len());
            for origin in &part.origins {
                if all.origins.last() != Some(origin) {
                    all.origins.push(origin.clone());
                }
                of.push(all.origins.len() as u32 - 1);
            }
            all.origin.extend(part.origin.iter().map(|o| of[*o as usize]));
            all.row.extend_from_slice(&part.row);
            all.stated.extend(part.stated.iter().map(|(sheet, stated)| (sheet.clone(), stated.clone())));
        }
        let fields = parts.first().map_or(0, |first| first.columns.len());
        all.columns = (0..fields)
            .map(|at| {
                let columns: Vec<&RawColumn> = parts.iter().map(|part| &part.columns[at]).collect();
                let texts: Vec<&dyn arrow::array::Array> = columns.iter().map(|c| &c.text as _).collect();
                let text = arrow::compute::concat(&texts).expect("texts of one column in memory");
                RawColumn {
                    field: columns[0].field.clone(),
                    text: arrow::array::AsArray::as_string::<i32>(&text).clone(),
                    kind: columns.iter().flat_map(|c| c.kind.iter().copied()).collect(),
                }
            })
            .collect();
        all
    }

    /// Where row `i` came from.
    pub fn provenance(&self, i: usize) -> Provenance {
        let (file, sheet) = &self.origins[self.origin[i] as usize];
        Provenance { file: file.clone(), sheet: sheet.clone(), row: self.row[i] }
    }

    /// The column of a contract field.
    pub fn column(&self, field: &str) -> Option<&RawColumn> {
        self.columns.iter().find(|c| c.field == field)
    }
}

impl RawColumn {
    /// The text of row `i`, or none where the cell is empty.
    pub fn get(&self, i: usize) -> Option<&str> {
        use arrow::array::Array;
        if self.text.is_null(i) { None } else { Some(self.text.value(i)) }
    }
}
