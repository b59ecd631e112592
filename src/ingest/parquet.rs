//! Parquet files: columns by heading, values as text with the kind of their type.
//!
//! In: a Parquet file. Out: its rows; only the columns of the contract are read. Row numbers count from 1.

use std::fs::File;
use std::path::Path;

use arrow::array::cast::AsArray;
use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, TimeUnit, TimestampSecondType};
use jiff::tz::TimeZone;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use super::intake::{Reading, SheetEnd, SheetIntake};
use super::merges::Merges;
use super::row::Row;
use super::{Checked, cell, pages};
use crate::diag::{Diagnostic, Place};
use crate::model::CellKind;

/// Rows read at once.
pub(super) const BATCH: usize = 8192;

/// Reads a file. An error refuses the file.
pub(super) fn read(reading: &mut Reading, path: &Path) -> Checked<()> {
    let place = reading.place();
    let mut file = File::open(path).map_err(|e| vec![super::unreadable(&place, &e)])?;
    let opened = file.try_clone().map_err(|e| vec![super::unreadable(&place, &e)])?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(opened).map_err(|e| vec![refusal(&e, &place)])?;
    let schema = builder.schema().clone();
    let names: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
    let limits = reading.limits;
    let mut intake = SheetIntake::new(reading, "", Merges::default());
    if !intake.with_headings(&names) {
        return Err(end(intake)?.1);
    }
    let mut wanted: Vec<usize> = intake.columns().unwrap_or(&[]).iter().flatten().map(|c| *c as usize).collect();
    wanted.sort_unstable();
    let unreadable: Vec<Diagnostic> = wanted
        .iter()
        .filter(|c| target(schema.field(**c).data_type()).is_none())
        .map(|c| {
            Diagnostic::error(
                "ingest.parquet_type",
                format!("values of type {} have no text", schema.field(*c).data_type()),
                place.clone().field(schema.field(*c).name()),
            )
            .hint("export the column as text, number or date")
        })
        .collect();
    if !unreadable.is_empty() {
        return Err(unreadable);
    }
    let parquet_schema = builder.parquet_schema();
    let leaves: Vec<usize> = (0..parquet_schema.num_columns())
        .filter(|l| wanted.contains(&parquet_schema.get_column_root_idx(*l)))
        .collect();
    let announced = pages::inspect(&mut file, builder.metadata(), &leaves, &limits, &place)?;
    let mask = ProjectionMask::roots(parquet_schema, wanted.iter().copied());
    let batches =
        builder.with_projection(mask).with_batch_size(BATCH).build().map_err(|e| vec![refusal(&e, &place)])?;
    let mut row = Row::default();
    let mut number: u32 = 0;
    for batch in batches {
        let batch = batch.map_err(|e| vec![refusal(&ParquetError::ArrowError(e.to_string()), &place)])?;
        let columns: Checked<Vec<Texts>> = batch.columns().iter().map(|a| Texts::new(a, &place)).collect();
        let columns = columns?;
        for i in 0..batch.num_rows() {
            number = number
                .checked_add(1)
                .filter(|n| u64::from(*n) <= announced)
                .ok_or_else(|| vec![super::broken(&place)])?;
            row.reset(number);
            row.partial = true;
            for (column, texts) in wanted.iter().zip(&columns) {
                texts.push(i, *column as u32, &mut row);
            }
            intake.row(&mut row)?;
        }
    }
    let (rows, problems) = end(intake)?;
    if !problems.is_empty() {
        return Err(problems);
    }
    if rows == 0 {
        reading.problems.push(super::no_rows(&place));
    }
    Ok(())
}

fn end(intake: SheetIntake) -> Checked<(u64, Vec<Diagnostic>)> {
    Ok(match intake.finish()? {
        SheetEnd::Read(rows) => (rows, Vec::new()),
        SheetEnd::Empty => (0, Vec::new()),
        SheetEnd::NotThis(_, problems) | SheetEnd::Breaks(problems) => (0, problems),
    })
}

/// The type through which a column's values become text; none for lists, structs and the like.
pub(super) fn target(data: &DataType) -> Option<DataType> {
    use DataType::*;
    Some(match data {
        Null | Utf8 | LargeUtf8 | Utf8View => Utf8,
        Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 => Utf8,
        Binary | LargeBinary | BinaryView => Utf8,
        Float16 | Float32 | Float64 => Float64,
        Boolean => Boolean,
        Date32 | Date64 => Date32,
        Timestamp(_, zone) => Timestamp(TimeUnit::Second, zone.clone()),
        Time32(_) | Time64(_) => Utf8,
        Decimal32(..) | Decimal64(..) => Decimal128(38, scale(data)),
        Decimal128(..) => data.clone(),
        Dictionary(_, values) => target(values)?,
        _ => return None,
    })
}

fn scale(data: &DataType) -> i8 {
    match data {
        DataType::Decimal32(_, s) | DataType::Decimal64(_, s) | DataType::Decimal128(_, s) => *s,
        _ => 0,
    }
}

/// A column ready to be read as text.
pub(super) struct Texts {
    values: ArrayRef,
    kind: CellKind,
}

impl Texts {
    pub(super) fn new(array: &ArrayRef, place: &Place) -> Checked<Self> {
        let from = match array.data_type() {
            DataType::Dictionary(_, values) => values.as_ref().clone(),
            other => other.clone(),
        };
        let to = target(&from).unwrap_or(DataType::Utf8);
        let kind = match &from {
            DataType::Boolean => CellKind::Bool,
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => CellKind::Date,
            t if t.is_numeric() => CellKind::Number,
            _ => CellKind::Text,
        };
        // Single precision says less than its digits in double precision pretend: 0.1 is 0.1 there too.
        let array = match from {
            DataType::Float32 | DataType::Float16 => cast(array, &DataType::Utf8),
            _ => Ok(array.clone()),
        };
        let values = array.and_then(|a| cast(&a, &to)).map_err(|_| vec![super::broken(place)])?;
        Ok(Texts { values, kind })
    }

    pub(super) fn push(&self, i: usize, column: u32, row: &mut Row) {
        if self.values.is_null(i) {
            return;
        }
        let (text, kind) = match self.values.data_type() {
            DataType::Utf8 => return row.push(column, self.values.as_string::<i32>().value(i), self.kind),
            DataType::Float64 => cell::number(self.values.as_primitive::<Float64Type>().value(i)),
            DataType::Boolean => {
                let yes = self.values.as_boolean().value(i);
                (if yes { "TRUE" } else { "FALSE" }.to_string(), self.kind)
            }
            DataType::Date32 => {
                let days = self.values.as_primitive::<arrow::datatypes::Date32Type>().value(i);
                (crate::model::text::date(days), self.kind)
            }
            DataType::Timestamp(_, zone) => {
                let second = self.values.as_primitive::<TimestampSecondType>().value(i);
                (moment(second, zone.is_some()), self.kind)
            }
            DataType::Decimal128(_, scale) => {
                let value = self.values.as_primitive::<Decimal128Type>().value(i);
                (decimal(value, *scale), self.kind)
            }
            _ => return,
        };
        row.push(column, &text, kind);
    }
}

/// A moment as the county's clocks show it: one with a zone is turned to Asia/Shanghai, one without stands as it is.
fn moment(second: i64, zoned: bool) -> String {
    let Ok(at) = jiff::Timestamp::from_second(second) else {
        return second.to_string();
    };
    let zone = match zoned {
        true => TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
        false => TimeZone::UTC,
    };
    let local = at.to_zoned(zone).datetime();
    match local.time() == jiff::civil::Time::midnight() {
        true => local.date().to_string(),
        false => format!("{} {}", local.date(), local.time().strftime("%H:%M:%S")),
    }
}

/// A decimal exactly, without needless zeros.
pub(super) fn decimal(value: i128, scale: i8) -> String {
    if scale <= 0 {
        return format!("{value}{}", zeros(value, scale));
    }
    let scale = scale as usize;
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    let part = part.trim_end_matches('0');
    let sign = if value < 0 { "-" } else { "" };
    match part.is_empty() {
        true => format!("{sign}{whole}"),
        false => format!("{sign}{whole}.{part}"),
    }
}

/// The zeros a negative scale stands for.
fn zeros(value: i128, scale: i8) -> String {
    match value {
        0 => String::new(),
        _ => "0".repeat(scale.unsigned_abs() as usize),
    }
}

pub(super) fn refusal(error: &ParquetError, place: &Place) -> Diagnostic {
    let text = error.to_string();
    if text.contains("Disabled feature") {
        return Diagnostic::error(
            "ingest.parquet_codec",
            "the file is compressed by a method this program was built without",
            place.clone(),
        )
        .hint("export it with zstd compression or without compression");
    }
    if text.contains("encrypted") {
        return Diagnostic::error("ingest.password", "the file is encrypted", place.clone())
            .hint("ask the sender for a copy that is not encrypted; send it by a safe way");
    }
    Diagnostic::error(
        "ingest.truncated",
        "the file ends early or is damaged: it cannot be read as Parquet",
        place.clone(),
    )
    .hint("it may still be copied, or the download broke off; ask the sender for the file again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let table = [(1250, 2, "12.5"), (-5, 2, "-0.05"), (700, 2, "7"), (7, 0, "7"), (7, -2, "700"), (0, -2, "0")];
        for (value, scale, text) in table {
            assert_eq!(decimal(value, scale), text);
        }
    }

    #[test]
    fn moments_are_local_days() {
        // 2026-09-29T16:00:00Z is midnight of the 30th in Shanghai.
        assert_eq!(moment(1_790_697_600, true), "2026-09-30");
        assert_eq!(moment(1_790_697_600, false), "2026-09-29 16:00:00");
    }
}
