//! Tables of the model → polars series and back, column by column by declared type.
//!
//! In: [`Table`] (Arrow). Out: polars columns and, on the way back, Arrow arrays. Decimals are polars decimals of 38
//! digits, in hundredths; floats that are no numbers become null, which means unknown.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
};
use polars::prelude::*;

use crate::diag::Failure;
use crate::model::build::Value;
use crate::model::table::{Kind, Table};

/// Digits of every decimal in the engine: the most there are, so that sums and products have room.
pub(super) const PRECISION: usize = 38;

/// The engine's type of a declared type.
pub(super) fn dtype(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::String,
        Kind::Integer => DataType::Int64,
        Kind::Decimal => DataType::Decimal(PRECISION, 2),
        Kind::Float => DataType::Float64,
        Kind::Boolean => DataType::Boolean,
        Kind::Date => DataType::Date,
    }
}

/// An error of the engine, told as a broken promise of the program: a checked expression must compute.
pub(super) fn engine(what: &str) -> impl Fn(PolarsError) -> Failure {
    let what = what.to_string();
    move |error| Failure::internal(format!("{what}: {error}"))
}

/// A series of a declared type from values; a value of another type is null.
pub(super) fn from_values(name: &str, kind: Kind, values: impl Iterator<Item = Value>) -> Series {
    let name: PlSmallStr = name.into();
    match kind {
        Kind::Text => {
            let values = values.map(|v| match v {
                Value::Text(text) => Some(text),
                _ => None,
            });
            StringChunked::from_iter_options(name, values).into_series()
        }
        Kind::Integer => {
            let values = values.map(|v| match v {
                Value::Integer(number) => Some(number),
                _ => None,
            });
            Int64Chunked::from_iter_options(name, values).into_series()
        }
        Kind::Decimal => {
            let values = values.map(|v| match v {
                Value::Decimal(hundredths) => Some(hundredths),
                Value::Integer(number) => Some(i128::from(number) * 100),
                _ => None,
            });
            decimals(name, 2, values)
        }
        Kind::Float => {
            let values = values.map(|v| match v {
                Value::Float(number) => Some(number),
                Value::Decimal(hundredths) => Some(hundredths as f64 / 100.0),
                Value::Integer(number) => Some(number as f64),
                _ => None,
            });
            Float64Chunked::from_iter_options(name, values.map(|v| v.filter(|x| x.is_finite()))).into_series()
        }
        Kind::Boolean => {
            let values = values.map(|v| match v {
                Value::Boolean(truth) => Some(truth),
                _ => None,
            });
            BooleanChunked::from_iter_options(name, values).into_series()
        }
        Kind::Date => {
            let values = values.map(|v| match v {
                Value::Date(days) => Some(days),
                _ => None,
            });
            dates(name, values)
        }
    }
}

/// A decimal series with so many places.
pub(super) fn decimals(name: PlSmallStr, places: u8, values: impl Iterator<Item = Option<i128>>) -> Series {
    Int128Chunked::from_iter_options(name, values)
        .into_decimal_unchecked(PRECISION, usize::from(places))
        .into_series()
}

/// A date series from days since 1970-01-01.
pub(super) fn dates(name: PlSmallStr, values: impl Iterator<Item = Option<i32>>) -> Series {
    Int32Chunked::from_iter_options(name, values).into_date().into_series()
}

/// One value of a table.
///
/// # Panics
/// When the table does not declare the column with that type.
pub(super) fn value_at(table: &Table, column: &str, kind: Kind, row: usize) -> Value {
    fn at<A: Array>(array: &A, row: usize, value: impl Fn(&A) -> Value) -> Value {
        if array.is_null(row) { Value::Null } else { value(array) }
    }
    match kind {
        Kind::Text => at(table.text(column), row, |a: &StringArray| a.value(row).into()),
        Kind::Integer => at(table.integer(column), row, |a: &Int64Array| a.value(row).into()),
        Kind::Decimal => at(table.decimal(column), row, |a: &Decimal128Array| {
            Value::Decimal(a.value(row))
        }),
        Kind::Float => at(table.float(column), row, |a: &Float64Array| a.value(row).into()),
        Kind::Boolean => at(table.boolean(column), row, |a: &BooleanArray| a.value(row).into()),
        Kind::Date => at(table.date(column), row, |a: &Date32Array| Value::Date(a.value(row))),
    }
}

/// A column of a table for chosen rows, in the order they are given; no row, no value.
///
/// # Panics
/// When the table does not declare the column: the checker has looked at the name.
pub(super) fn take(table: &Table, column: &str, rows: &[Option<u32>]) -> Series {
    let kind = table
        .schema
        .columns
        .iter()
        .find(|c| c.name == column)
        .unwrap_or_else(|| panic!("table {} declares no column {column}", table.schema.name))
        .kind;
    let values = rows
        .iter()
        .map(|row| row.map_or(Value::Null, |row| value_at(table, column, kind, row as usize)));
    from_values(column, kind, values)
}

/// A column of a table, whole.
pub(super) fn column(table: &Table, column: &str) -> Series {
    let rows: Vec<Option<u32>> = (0..table.rows() as u32).map(Some).collect();
    take(table, column, &rows)
}

/// A series of a declared type as an Arrow array.
///
/// # Panics
/// When the series has another type: a mistake in this program.
pub(super) fn array(series: &Series, kind: Kind) -> ArrayRef {
    let wrong = "a series has the type that its column declares";
    match kind {
        Kind::Text => Arc::new(series.str().expect(wrong).iter().collect::<StringArray>()),
        Kind::Integer => Arc::new(series.i64().expect(wrong).iter().collect::<Int64Array>()),
        Kind::Decimal => {
            let values = series
                .decimal()
                .expect(wrong)
                .physical()
                .iter()
                .collect::<Decimal128Array>();
            Arc::new(values.with_data_type(kind.arrow()))
        }
        Kind::Float => Arc::new(series.f64().expect(wrong).iter().collect::<Float64Array>()),
        Kind::Boolean => Arc::new(series.bool().expect(wrong).iter().collect::<BooleanArray>()),
        Kind::Date => Arc::new(series.date().expect(wrong).physical().iter().collect::<Date32Array>()),
    }
}

/// One value of a series as people read it; none for null.
///
/// Amounts lose needless zeros, booleans are 是 and 否, dates are `2026-09-30`.
pub(super) fn display(series: &Series, row: usize) -> Option<String> {
    use crate::model::text;
    match series.get(row).ok()? {
        AnyValue::Null => None,
        AnyValue::String(text) => Some(text.to_string()),
        AnyValue::Int64(number) => Some(number.to_string()),
        AnyValue::Decimal(hundredths, ..) => Some(text::decimal(hundredths)),
        AnyValue::Float64(number) => Some(format!("{number:.4}")),
        AnyValue::Boolean(truth) => Some(if truth { "是" } else { "否" }.to_string()),
        AnyValue::Date(days) => Some(text::date(days)),
        other => Some(other.to_string()),
    }
}
