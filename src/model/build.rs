//! Column builders that know the schema: rows in, [`Table`] out.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder,
};

use super::table::{Kind, Table, TableSchema};

/// One value on its way into a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// Text.
    Text(String),
    /// Whole number.
    Integer(i64),
    /// Decimal in hundredths.
    Decimal(i128),
    /// Float.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// Days since 1970-01-01.
    Date(i32),
}

impl From<&str> for Value {
    fn from(v: &str) -> Self {
        Value::Text(v.to_string())
    }
}

impl From<String> for Value {
    fn from(v: String) -> Self {
        Value::Text(v)
    }
}

impl From<i64> for Value {
    fn from(v: i64) -> Self {
        Value::Integer(v)
    }
}

impl From<f64> for Value {
    fn from(v: f64) -> Self {
        Value::Float(v)
    }
}

impl From<bool> for Value {
    fn from(v: bool) -> Self {
        Value::Boolean(v)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Value::Null, Into::into)
    }
}

enum Builder {
    Text(StringBuilder),
    Integer(Int64Builder),
    Decimal(Decimal128Builder),
    Float(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
}

/// Builds a table row by row.
pub struct TableBuilder {
    schema: TableSchema,
    builders: Vec<Builder>,
    rows: usize,
}

impl TableBuilder {
    /// An empty table of a schema.
    pub fn new(schema: TableSchema) -> Self {
        let builders = schema
            .columns
            .iter()
            .map(|c| match c.kind {
                Kind::Text => Builder::Text(StringBuilder::new()),
                Kind::Integer => Builder::Integer(Int64Builder::new()),
                Kind::Decimal => Builder::Decimal(Decimal128Builder::new().with_data_type(c.kind.arrow())),
                Kind::Float => Builder::Float(Float64Builder::new()),
                Kind::Boolean => Builder::Boolean(BooleanBuilder::new()),
                Kind::Date => Builder::Date(Date32Builder::new()),
            })
            .collect();
        TableBuilder { schema, builders, rows: 0 }
    }

    /// Adds a row, one value per declared column in order.
    ///
    /// # Panics
    /// When the number or the type of the values does not fit the schema: a mistake in this program.
    pub fn push(&mut self, row: Vec<Value>) {
        assert_eq!(row.len(), self.builders.len(), "row of another width than table {}", self.schema.name);
        for ((builder, value), column) in self.builders.iter_mut().zip(row).zip(&self.schema.columns) {
            match (builder, value) {
                (Builder::Text(b), Value::Text(v)) => b.append_value(v),
                (Builder::Integer(b), Value::Integer(v)) => b.append_value(v),
                (Builder::Decimal(b), Value::Decimal(v)) => b.append_value(v),
                (Builder::Float(b), Value::Float(v)) => b.append_value(v),
                (Builder::Boolean(b), Value::Boolean(v)) => b.append_value(v),
                (Builder::Date(b), Value::Date(v)) => b.append_value(v),
                (Builder::Text(b), Value::Null) => b.append_null(),
                (Builder::Integer(b), Value::Null) => b.append_null(),
                (Builder::Decimal(b), Value::Null) => b.append_null(),
                (Builder::Float(b), Value::Null) => b.append_null(),
                (Builder::Boolean(b), Value::Null) => b.append_null(),
                (Builder::Date(b), Value::Null) => b.append_null(),
                (_, v) => panic!("{v:?} does not fit column {}.{}", self.schema.name, column.name),
            }
        }
        self.rows += 1;
    }

    /// Adds a row by column names; columns that are not named are null.
    ///
    /// # Panics
    /// When a name is not declared or a value does not fit: a mistake in this program.
    pub fn push_named(&mut self, named: Vec<(&str, Value)>) {
        let mut row = vec![Value::Null; self.builders.len()];
        for (name, value) in named {
            let i = self
                .schema
                .index(name)
                .unwrap_or_else(|| panic!("table {} declares no column {name}", self.schema.name));
            row[i] = value;
        }
        self.push(row);
    }

    /// Number of rows so far.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// True when no row was added yet.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The finished table.
    pub fn finish(self) -> Table {
        let arrays = self
            .builders
            .into_iter()
            .map(|b| -> ArrayRef {
                match b {
                    Builder::Text(mut b) => Arc::new(b.finish()),
                    Builder::Integer(mut b) => Arc::new(b.finish()),
                    Builder::Decimal(mut b) => Arc::new(b.finish()),
                    Builder::Float(mut b) => Arc::new(b.finish()),
                    Builder::Boolean(mut b) => Arc::new(b.finish()),
                    Builder::Date(mut b) => Arc::new(b.finish()),
                }
            })
            .collect();
        Table::new(self.schema, arrays)
    }
}
