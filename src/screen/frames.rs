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
    Int128Chunked::from_iter_options(name, values).into_decimal_unchecked(PRECISION, usize::from(places)).into_series()
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
        Kind::Decimal => at(table.decimal(column), row, |a: &Decimal128Array| Value::Decimal(a.value(row))),
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
    let declared = table.schema.columns.iter().find(|c| c.name == column);
    let kind = declared.unwrap_or_else(|| panic!("table {} declares no column {column}", table.schema.name)).kind;
    let name: PlSmallStr = column.into();
    // The array is looked up once, not once per row.
    fn chosen<'a, A: Array, V>(
        array: &'a A,
        rows: &'a [Option<u32>],
        value: impl Fn(&'a A, usize) -> V + 'a,
    ) -> impl Iterator<Item = Option<V>> + 'a {
        rows.iter().map(move |row| {
            let row = (*row)? as usize;
            (!array.is_null(row)).then(|| value(array, row))
        })
    }
    match kind {
        Kind::Text => {
            let values = chosen(table.text(column), rows, StringArray::value);
            StringChunked::from_iter_options(name, values).into_series()
        }
        Kind::Integer => {
            let values = chosen(table.integer(column), rows, |a: &Int64Array, row| a.value(row));
            Int64Chunked::from_iter_options(name, values).into_series()
        }
        Kind::Decimal => {
            let values = chosen(table.decimal(column), rows, |a: &Decimal128Array, row| a.value(row));
            decimals(name, 2, values)
        }
        Kind::Float => {
            let values = chosen(table.float(column), rows, |a: &Float64Array, row| a.value(row));
            Float64Chunked::from_iter_options(name, values.map(|v| v.filter(|x| x.is_finite()))).into_series()
        }
        Kind::Boolean => {
            let values = chosen(table.boolean(column), rows, |a: &BooleanArray, row| a.value(row));
            BooleanChunked::from_iter_options(name, values).into_series()
        }
        Kind::Date => {
            let values = chosen(table.date(column), rows, |a: &Date32Array, row| a.value(row));
            dates(name, values)
        }
    }
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
            // The declared type has 18 digits; a sum beyond them is no amount of a county.
            let fits = |v: &i128| v.unsigned_abs() < 10u128.pow(18);
            let values = series.decimal().expect(wrong).physical().iter();
            let values: Decimal128Array = values.map(|v| v.filter(fits)).collect();
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

/// The month of a day as a clerk reads it.
pub(super) fn month(series: &Series, row: usize) -> Option<String> {
    match series.get(row).ok()? {
        AnyValue::Date(days) => Some(crate::model::text::month(crate::model::text::from_days(days))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::build::TableBuilder;
    use crate::model::table::{Column as Declared, Privacy, TableSchema};
    use crate::screen::lower::Lowering;
    use proptest::prelude::*;

    fn table(rows: &[Vec<Value>]) -> Table {
        let kinds = [Kind::Text, Kind::Integer, Kind::Decimal, Kind::Float, Kind::Boolean, Kind::Date];
        let columns = kinds.map(|k| Declared::new(k.name(), k.name(), k, Privacy::Public, ""));
        let mut table = TableBuilder::new(TableSchema {
            name: "t".into(),
            title: "t".into(),
            grain: "row".into(),
            columns: columns.into(),
        });
        rows.iter().for_each(|row| table.push(row.clone()));
        table.finish()
    }

    #[test]
    fn every_type_goes_there_and_back() {
        let table = table(&[
            vec![
                "张".into(),
                Value::Integer(i64::MIN),
                Value::Decimal(-123_456_789_012_345_678),
                Value::Float(0.1),
                Value::Boolean(false),
                Value::Date(-1),
            ],
            vec![Value::Null; 6],
            vec![
                "".into(),
                Value::Integer(0),
                Value::Decimal(0),
                Value::Float(-0.5),
                Value::Boolean(true),
                Value::Date(20_726),
            ],
        ]);
        for (declared, before) in table.schema.columns.iter().zip(table.batch.columns()) {
            let after = array(&column(&table, &declared.name), declared.kind);
            assert_eq!(&after, before, "{}", declared.name);
        }
        let chosen = take(&table, "text", &[Some(2), None, Some(0)]);
        let shown: Vec<Option<String>> = (0..3).map(|row| display(&chosen, row)).collect();
        assert_eq!(shown, [Some(String::new()), None, Some("张".into())]);
    }

    #[test]
    fn a_float_that_is_no_number_is_unknown() {
        let values = [f64::NAN, f64::INFINITY, 1.5].map(Value::Float);
        let series = from_values("x", Kind::Float, values.into_iter());
        assert_eq!(series.null_count(), 2);
    }

    fn calculate(expr: &str, a: i128, b: i128) -> Series {
        use crate::plan::sql::{Context, check};
        let declared = |name| Declared::new(name, name, Kind::Decimal, Privacy::Public, "");
        let context =
            Context { columns: vec![declared("a"), declared("b")], params: Default::default(), aggregate: false };
        let sql = crate::plan::Sql { text: expr.into(), place: Default::default() };
        let checked = check(&sql, &context).expect("a sound expression");
        let one = |name, v| from_values(name, Kind::Decimal, std::iter::once(Value::Decimal(v))).into();
        let frame = DataFrame::new(1, vec![one("a", a), one("b", b)]).expect("one row");
        let lowered = Lowering::new(jiff::civil::date(2026, 9, 30)).lower(&checked).alias("it");
        let got = frame.lazy().select([lowered]).collect().expect("it computes");
        got.column("it").expect("a column").as_materialized_series().clone()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// The engine's decimals are exact when both sides have the places of the result: held against i128.
        #[test]
        fn arithmetic_is_exact(
            a in -99_999_999_999_999_999i128..99_999_999_999_999_999,
            b in -99_999_999_999_999_999i128..99_999_999_999_999_999,
        ) {
            let digits = |expr: &str| calculate(expr, a, b).decimal().unwrap().physical().get(0);
            prop_assert_eq!(digits("a + b"), Some(a + b));
            prop_assert_eq!(digits("a - b"), Some(a - b));
            prop_assert_eq!(digits("a * b"), Some(a * b));
            prop_assert_eq!(digits("a * 0.125"), Some(a * 125));
            prop_assert_eq!(digits("-a"), Some(-a));
            prop_assert_eq!(digits("abs(b)"), Some(b.abs()));
            prop_assert_eq!(digits("greatest(a, b)"), Some(a.max(b)));
            let truth = |expr: &str| calculate(expr, a, b).bool().unwrap().get(0);
            prop_assert_eq!(truth("a >= b"), Some(a >= b));
            prop_assert_eq!(truth("a * 3 < b"), Some(a * 3 < b));
        }

        /// A quotient that is a plain decimal equals that decimal: thresholds on shares hold on the dot.
        #[test]
        fn a_share_on_the_threshold_is_on_it(share in 1i128..100, whole in 1i128..10_000_000) {
            // part / whole is share / 100 exactly
            let expr = format!("a / b = {}.{:02}", share / 100, share % 100);
            let got = calculate(&expr, whole * share, whole * 100);
            prop_assert_eq!(got.bool().unwrap().get(0), Some(true));
        }
    }
}
