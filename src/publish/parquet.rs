//! Tables → Parquet: one file per table, with each column's title, unit, meaning and privacy class in it.

use std::collections::HashSet;
use std::hash::Hash;
use std::path::Path;
use std::sync::Arc;

use ::parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, compute_leaves};
use ::parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use ::parquet::basic::{Compression, Encoding, ZstdLevel};
#[cfg(feature = "encrypt")]
use ::parquet::encryption::encrypt::FileEncryptionProperties;
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::ColumnPath;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Decimal128Type, Int64Type, Schema};

use super::atomic;
use super::coded::Coder;
use super::groups::Groups;
use crate::diag::{Failure, Outcome};
use crate::model::{Kind, Table, TableSchema};

/// Rows per row group: large enough to compress well, small enough to be read in pieces.
const ROW_GROUP: usize = 131_072;

/// Writes a table; the same table gives the same bytes.
///
/// The Arrow schema carries the columns' metadata for Arrow readers; the file's key `bidui.columns` carries the same as JSON
/// for all others (`select * from parquet_kv_metadata(…)`).
///
/// # Errors
/// An `io.failed` failure naming the path.
pub fn write(table: &Table, path: &Path) -> Outcome<()> {
    write_parts(&table.schema, path, |put| put(table))
}

/// Writes a table some of whose columns are encrypted, as `locks` says; no statistics of these are made. Never the same bytes again.
///
/// # Errors
/// An `io.failed` failure naming the path.
#[cfg(feature = "encrypt")]
pub fn write_locked(table: &Table, locks: Arc<FileEncryptionProperties>, path: &Path) -> Outcome<()> {
    let mut properties = for_table(table).into_builder();
    for column in locks.column_keys().0 {
        properties =
            properties.set_column_statistics_enabled(ColumnPath::from(column.as_str()), EnabledStatistics::None);
    }
    let properties = properties.with_file_encryption_properties(locks).build();
    atomic::write_with(path, |out| -> Result<(), ParquetError> {
        let mut groups = Groups::new(out, table.batch.schema(), properties)?;
        groups.write(&table.batch)?;
        groups.close()
    })
}

/// Writes a table part by part, as `fill` gives them, with no more than a row group in memory; the same as [`write()`] does with
/// all of them in one. How columns are coded is told from the first part.
///
/// # Errors
/// An `io.failed` failure naming the path, or the failure of `fill`; there is no file then, or the old one.
pub fn write_parts(
    schema: &TableSchema,
    path: &Path,
    fill: impl FnOnce(&mut dyn FnMut(&Table) -> Outcome<()>) -> Outcome<()>,
) -> Outcome<()> {
    let mut failure = None;
    let written = atomic::write_with(path, |out| -> Result<(), ParquetError> {
        let mut begun: Option<Groups<_>> = None;
        let mut out = Some(out);
        let mut put = |table: &Table| -> Outcome<()> {
            let wrong = |e: ParquetError| Failure::io("write the file", path, &e);
            if let Some(out) = out.take() {
                begun = Some(Groups::new(out, table.batch.schema(), for_table(table)).map_err(wrong)?);
            }
            begun.as_mut().map_or(Ok(()), |writer| writer.write(&table.batch).map_err(wrong))
        };
        if let Err(error) = fill(&mut put) {
            failure = Some(error);
            return Err(ParquetError::General("the table broke off".into()));
        }
        let writer = match (begun, out) {
            (None, Some(out)) => Some(Groups::new(out, schema.arrow(), properties(schema))?),
            (begun, _) => begun,
        };
        writer.map_or(Ok(()), Groups::close)
    });
    match failure {
        Some(failure) => Err(failure),
        None => written,
    }
}

/// Writes batches, each as a row group, with the same metadata as [`write()`].
///
/// `arrow` is the schema of the batches, which may code what `schema` calls text; `distinct` names columns whose values
/// hardly repeat, for which a dictionary would only cost; they are texts.
///
/// # Errors
/// An `io.failed` failure naming the path.
pub fn write_batches(
    schema: &TableSchema,
    arrow: Arc<Schema>,
    batches: impl Iterator<Item = RecordBatch>,
    distinct: &[&str],
    path: &Path,
) -> Outcome<()> {
    // Batches come in the order of the rows: the least and greatest of a row group would help no reader.
    let mut builder = properties(schema)
        .into_builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::None);
    for column in distinct {
        // Keys mostly begin as the one above them does: only the rest is written, and little is left to compress.
        builder = builder
            .set_column_dictionary_enabled(ColumnPath::from(*column), false)
            .set_column_encoding(ColumnPath::from(*column), Encoding::DELTA_BYTE_ARRAY);
    }
    let mut properties = builder.build();
    add_encoded_arrow_schema_to_metadata(&arrow, &mut properties);
    atomic::write_with(path, |out| -> Result<(), ParquetError> {
        let columns = ArrowSchemaConverter::new().convert(&arrow)?;
        let mut writer = SerializedFileWriter::new(out, columns.root_schema_ptr(), Arc::new(properties))?;
        let library = ArrowRowGroupWriterFactory::new(&writer, arrow.clone());
        let mut coder = Coder::new()?;
        for (number, batch) in batches.enumerate() {
            let others = library.create_column_writers(number)?;
            let mut group = writer.next_row_group()?;
            for (at, (array, mut other)) in batch.columns().iter().zip(others).enumerate() {
                if let Some((bytes, close)) = coder.chunk(array, &columns.column(at))? {
                    group.append_column(&bytes, close)?;
                    continue;
                }
                for leaf in compute_leaves(arrow.field(at), array)? {
                    other.write(&leaf)?;
                }
                other.close()?.append_to_row_group(&mut group)?;
            }
            group.close()?;
        }
        writer.close()?;
        Ok(())
    })
}

/// Looked at to tell whether a column's values repeat.
const SAMPLE: usize = 4_096;

/// The properties for a table, told from its first rows: a dictionary only where values repeat, texts that go up as what is new
/// in each, numbers that do not repeat as their differences; and no least and greatest text of a row group, which would help no
/// reader of rows that stand in the order of the files. All of it costs more than all else in writing.
fn for_table(table: &Table) -> WriterProperties {
    let mut properties = properties(&table.schema).into_builder();
    let sample = table.batch.slice(0, table.rows().min(SAMPLE));
    for (column, array) in table.schema.columns.iter().zip(sample.columns()) {
        let path = ColumnPath::from(column.name.as_str());
        let (repeats, encoding) = match column.kind {
            Kind::Text => {
                let texts: Vec<&str> = array.as_string::<i32>().iter().flatten().collect();
                let rising = texts.len() > 1 && texts.windows(2).all(|w| w[0] < w[1]);
                (
                    repeat(texts.into_iter()),
                    if rising { Encoding::DELTA_BYTE_ARRAY } else { Encoding::DELTA_LENGTH_BYTE_ARRAY },
                )
            }
            Kind::Integer => {
                (repeat(array.as_primitive::<Int64Type>().iter().flatten()), Encoding::DELTA_BINARY_PACKED)
            }
            Kind::Date => (repeat(array.as_primitive::<Date32Type>().iter().flatten()), Encoding::DELTA_BINARY_PACKED),
            Kind::Decimal => {
                (repeat(array.as_primitive::<Decimal128Type>().iter().flatten()), Encoding::DELTA_BINARY_PACKED)
            }
            Kind::Float | Kind::Boolean => continue,
        };
        properties = properties.set_column_statistics_enabled(path.clone(), EnabledStatistics::None);
        if !repeats {
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path.clone(), encoding);
            if encoding == Encoding::DELTA_BINARY_PACKED {
                // Packed to the last bit: there is nothing left to compress.
                properties = properties.set_column_compression(path, Compression::UNCOMPRESSED);
            }
        }
    }
    properties.build()
}

/// True when at most half of the values are different.
fn repeat<T: Eq + Hash + Copy>(values: impl Iterator<Item = T>) -> bool {
    let values: Vec<T> = values.collect();
    let distinct: HashSet<T> = values.iter().copied().collect();
    distinct.len() * 2 <= values.len()
}

fn properties(schema: &TableSchema) -> WriterProperties {
    let entry = |key: &str, value: String| KeyValue::new(key.to_string(), value);
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_write_batch_size(8_192)
        // The libraries' default names their version; ours stays the same as long as our bytes do.
        .set_created_by("bidui".to_string())
        .set_key_value_metadata(Some(vec![
            entry("bidui.table", schema.name.clone()),
            entry("bidui.title", schema.title.clone()),
            entry("bidui.grain", schema.grain.clone()),
            entry("bidui.columns", columns(schema)),
        ]))
        .build()
}

fn columns(schema: &TableSchema) -> String {
    let described: Vec<_> = schema
        .columns
        .iter()
        .map(|c| {
            serde_json::json!({
                "name": c.name, "title": c.title, "type": c.kind.name(), "unit": c.unit,
                "meaning": c.meaning, "privacy": c.privacy.name(),
            })
        })
        .collect();
    serde_json::Value::Array(described).to_string()
}

#[cfg(test)]
mod tests {
    use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;
    use crate::model::build::{TableBuilder, Value};
    use crate::model::tables;

    fn table() -> Table {
        let mut builder = TableBuilder::new(tables::online_list());
        builder.push_named(vec![
            ("household_id", "H1".into()),
            ("head_id_number", "99012119900101123X".into()),
            ("per_capita_income", Value::Decimal(650_050)),
            ("hits", 2.into()),
        ]);
        builder.push_named(vec![("household_id", "H2".into())]);
        builder.finish()
    }

    #[test]
    fn what_is_written_is_read_back_with_its_meaning() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("online_list.parquet");
        let table = table();
        write(&table, &path).expect("written");
        let file = std::fs::File::open(&path).expect("there");
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("parquet");
        let income = builder.schema().field_with_name("per_capita_income").expect("declared").clone();
        assert_eq!(income.metadata().get("unit").map(String::as_str), Some("yuan"));
        assert_eq!(income.metadata().get("privacy").map(String::as_str), Some("sensitive"));
        let entries = builder.metadata().file_metadata().key_value_metadata().expect("entries");
        assert!(entries.iter().any(|e| e.key == "bidui.table" && e.value.as_deref() == Some("online_list")));
        let batches: Vec<_> = builder.build().expect("reader").map(|b| b.expect("batch")).collect();
        assert_eq!(batches.len(), 1);
        assert_eq!(batches[0].columns(), table.batch.columns());
    }

    #[test]
    fn the_same_table_gives_the_same_bytes() {
        let folder = tempfile::tempdir().expect("temporary folder");
        // Two builds of the schema: its metadata lies in hash maps whose order differs from one to the next.
        let files = ["a.parquet", "b.parquet"].map(|name| {
            let path = folder.path().join(name);
            write(&table(), &path).expect("written");
            std::fs::read(path).expect("readable")
        });
        assert_eq!(files[0], files[1]);
    }

    #[test]
    fn parts_come_back_whole_over_row_groups_gaps_and_a_column_that_stops_repeating() {
        use arrow::array::{ArrayRef, Date32Array, StringArray};

        use crate::model::table::{Column, Privacy};
        let column = |name: &str, kind| Column::new(name, name, kind, Privacy::Internal, "");
        let schema = TableSchema {
            name: "t".into(),
            title: "t".into(),
            grain: "a row".into(),
            columns: vec![column("word", Kind::Text), column("later", Kind::Text), column("day", Kind::Date)],
        };
        let total = 300_000_usize;
        let part = |from: usize, to: usize| -> Table {
            let words: StringArray =
                (from..to).map(|i| (i < 100_000 || i % 5 > 0).then(|| format!("石桥村{}", i % 37))).collect();
            // Few values in the first rows, from which the columns are judged; then none is there twice.
            let later: StringArray = (from..to)
                .map(|i| Some(if i < 5_000 { "甲".to_string() } else { format!("第{i}行的说明文字") }))
                .collect();
            let days: Date32Array = (from..to).map(|i| (i % 3 > 0).then_some(i as i32 % 900)).collect();
            let arrays: Vec<ArrayRef> = vec![Arc::new(words), Arc::new(later), Arc::new(days)];
            Table::new(schema.clone(), arrays)
        };
        let folder = tempfile::tempdir().expect("temporary folder");
        let files = ["a.parquet", "b.parquet"].map(|name| {
            let path = folder.path().join(name);
            let ends: Vec<usize> = (0..=total).step_by(25_000).collect();
            write_parts(&schema, &path, |put| ends.windows(2).try_for_each(|w| put(&part(w[0], w[1]))))
                .expect("written");
            path
        });
        assert_eq!(std::fs::read(&files[0]).expect("a"), std::fs::read(&files[1]).expect("b"));
        let file = std::fs::File::open(&files[0]).expect("there");
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("parquet").with_batch_size(total);
        let sizes: Vec<i64> = builder.metadata().row_groups().iter().map(|g| g.num_rows()).collect();
        assert_eq!(sizes, [131_072, 131_072, 37_856]);
        let dictionary =
            |column: usize| builder.metadata().row_group(0).column(column).dictionary_page_offset().is_some();
        assert!(dictionary(0) && dictionary(2));
        let read: Vec<_> = builder.build().expect("reader").map(|b| b.expect("batch")).collect();
        let read = arrow::compute::concat_batches(&read[0].schema(), &read).expect("one");
        assert_eq!(read.columns(), part(0, total).batch.columns());
    }
}
