//! Tables: an Arrow batch together with what its columns mean.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Field, Schema};

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// UTF-8 text; identity numbers and codes too.
    Text,
    /// Whole number, 64 bit.
    Integer,
    /// Decimal(18, 2): money in yuan and quantities with at most two places.
    Decimal,
    /// 64-bit float: weights and ratios only.
    Float,
    /// True or false.
    Boolean,
    /// Calendar day.
    Date,
}

impl Kind {
    /// The Arrow type that carries it.
    pub fn arrow(self) -> DataType {
        match self {
            Kind::Text => DataType::Utf8,
            Kind::Integer => DataType::Int64,
            Kind::Decimal => DataType::Decimal128(18, 2),
            Kind::Float => DataType::Float64,
            Kind::Boolean => DataType::Boolean,
            Kind::Date => DataType::Date32,
        }
    }

    /// The name used in contracts, the dictionary and messages.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Integer => "integer",
            Kind::Decimal => "decimal",
            Kind::Float => "float",
            Kind::Boolean => "boolean",
            Kind::Date => "date",
        }
    }
}

/// Who may see a column's values (PIPL art. 28, GB/T 35273; background §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    /// No person can be told from it.
    Public,
    /// Of use inside the office only.
    Internal,
    /// Tells who somebody is: name, birth date, address.
    Personal,
    /// Sensitive personal information: identity number, health, finance.
    Sensitive,
}

impl Privacy {
    /// The name used in contracts and the dictionary.
    pub fn name(self) -> &'static str {
        match self {
            Privacy::Public => "public",
            Privacy::Internal => "internal",
            Privacy::Personal => "personal",
            Privacy::Sensitive => "sensitive",
        }
    }
}

/// One column's declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// ASCII `snake_case`.
    pub name: String,
    /// Chinese title, as a clerk reads it.
    pub title: String,
    /// Type of the values.
    pub kind: Kind,
    /// Unit of the values, empty when there is none: `yuan`, `day`, `person`.
    pub unit: String,
    /// What the column says, one sentence.
    pub meaning: String,
    /// Who may see it.
    pub privacy: Privacy,
}

impl Column {
    /// A column without a unit.
    pub fn new(name: &str, title: &str, kind: Kind, privacy: Privacy, meaning: &str) -> Self {
        Column { name: name.into(), title: title.into(), kind, unit: String::new(), meaning: meaning.into(), privacy }
    }

    /// The same column with a unit.
    pub fn unit(mut self, unit: &str) -> Self {
        self.unit = unit.into();
        self
    }
}

/// A table's declaration: name, Chinese title, columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSchema {
    /// Table name, `snake_case`; the Parquet file's name.
    pub name: String,
    /// Chinese title.
    pub title: String,
    /// What one row is.
    pub grain: String,
    /// The columns in order.
    pub columns: Vec<Column>,
}

impl TableSchema {
    /// The Arrow schema, with each column's title, unit, meaning and privacy class in its metadata.
    pub fn arrow(&self) -> Arc<Schema> {
        let fields: Vec<Field> = self
            .columns
            .iter()
            .map(|c| {
                let mut metadata = std::collections::HashMap::new();
                metadata.insert("title".to_string(), c.title.clone());
                metadata.insert("meaning".to_string(), c.meaning.clone());
                metadata.insert("privacy".to_string(), c.privacy.name().to_string());
                if !c.unit.is_empty() {
                    metadata.insert("unit".to_string(), c.unit.clone());
                }
                Field::new(&c.name, c.kind.arrow(), true).with_metadata(metadata)
            })
            .collect();
        let mut metadata = std::collections::HashMap::new();
        metadata.insert("table".to_string(), self.name.clone());
        metadata.insert("title".to_string(), self.title.clone());
        metadata.insert("grain".to_string(), self.grain.clone());
        Arc::new(Schema::new_with_metadata(fields, metadata))
    }

    /// Index of a column.
    pub fn index(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }
}

/// A table: declaration and values.
#[derive(Debug, Clone)]
pub struct Table {
    /// What the columns mean.
    pub schema: TableSchema,
    /// The values, in the schema's column order.
    pub batch: RecordBatch,
}

impl Table {
    /// A table from its declaration and one array per column.
    ///
    /// # Panics
    /// When an array's type or length does not fit the declaration: that is a mistake in this program, never in an input.
    pub fn new(schema: TableSchema, arrays: Vec<ArrayRef>) -> Self {
        let name = schema.name.clone();
        let batch = RecordBatch::try_new(schema.arrow(), arrays)
            .unwrap_or_else(|e| panic!("table {name} does not fit its declared schema: {e}"));
        Table { schema, batch }
    }

    /// A table without rows.
    pub fn empty(schema: TableSchema) -> Self {
        let batch = RecordBatch::new_empty(schema.arrow());
        Table { schema, batch }
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.schema.name
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    fn array(&self, column: &str) -> &ArrayRef {
        let i = self
            .schema
            .index(column)
            .unwrap_or_else(|| panic!("table {} declares no column {column}", self.schema.name));
        self.batch.column(i)
    }

    /// True when the table declares the column.
    pub fn has(&self, column: &str) -> bool {
        self.schema.index(column).is_some()
    }

    /// A text column.
    pub fn text(&self, column: &str) -> &StringArray {
        cast(self.array(column), column)
    }

    /// An integer column.
    pub fn integer(&self, column: &str) -> &Int64Array {
        cast(self.array(column), column)
    }

    /// A decimal column, in hundredths.
    pub fn decimal(&self, column: &str) -> &Decimal128Array {
        cast(self.array(column), column)
    }

    /// A float column.
    pub fn float(&self, column: &str) -> &Float64Array {
        cast(self.array(column), column)
    }

    /// A boolean column.
    pub fn boolean(&self, column: &str) -> &BooleanArray {
        cast(self.array(column), column)
    }

    /// A date column, in days since 1970-01-01.
    pub fn date(&self, column: &str) -> &Date32Array {
        cast(self.array(column), column)
    }

    /// The text at a row, or none for null.
    pub fn str_at(&self, column: &str, row: usize) -> Option<&str> {
        let array = self.text(column);
        if array.is_null(row) { None } else { Some(array.value(row)) }
    }

    /// The whole number at a row, or none for null.
    pub fn integer_at(&self, column: &str, row: usize) -> Option<i64> {
        let array = self.integer(column);
        array.is_valid(row).then(|| array.value(row))
    }

    /// The truth value at a row, or none for null.
    pub fn boolean_at(&self, column: &str, row: usize) -> Option<bool> {
        let array = self.boolean(column);
        array.is_valid(row).then(|| array.value(row))
    }

    /// The day at a row, or none for null.
    pub fn date_at(&self, column: &str, row: usize) -> Option<jiff::civil::Date> {
        let array = self.date(column);
        array.is_valid(row).then(|| super::text::from_days(array.value(row)))
    }

    /// Any value as the text a person reads: dates as `2026-09-30`, decimals without needless zeros, booleans as 是/否;
    /// none for null.
    pub fn display_at(&self, column: &str, row: usize) -> Option<String> {
        let i = self.schema.index(column)?;
        if self.batch.column(i).is_null(row) {
            return None;
        }
        Some(match self.schema.columns[i].kind {
            Kind::Text => self.text(column).value(row).to_string(),
            Kind::Integer => self.integer(column).value(row).to_string(),
            Kind::Decimal => super::text::decimal(self.decimal(column).value(row)),
            Kind::Float => format!("{:.4}", self.float(column).value(row)),
            Kind::Boolean => if self.boolean(column).value(row) { "是" } else { "否" }.to_string(),
            Kind::Date => super::text::date(self.date(column).value(row)),
        })
    }
}

fn cast<'a, T: 'static>(array: &'a ArrayRef, column: &str) -> &'a T {
    array.as_any().downcast_ref::<T>().unwrap_or_else(|| panic!("column {column} has another type than asked for"))
}
