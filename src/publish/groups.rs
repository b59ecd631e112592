//! Row groups of a file put together part by part, with columns of few distinct values coded as they come.
//!
//! The library's writer looks each text up in a dictionary behind two pointers; in a table of records, half of whose columns
//! are a handful of words, that was a ninth of all CPU time of reading a file and normalising it. Here the dictionary of a
//! row group lies in one piece. A column that turns out to have too many values goes to the library, as do all others.

use std::io::Write;
use std::sync::Arc;

use ::parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use ::parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use ::parquet::errors::Result;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::{ColumnPath, SchemaDescriptor};
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};

use super::coded::Coder;
use super::codes::Codes;

/// Writes a table to a file, part by part, with no more than a row group in memory.
pub(super) struct Groups<W: Write + Send> {
    file: SerializedFileWriter<W>,
    library: ArrowRowGroupWriterFactory,
    columns: SchemaDescriptor,
    arrow: Arc<Schema>,
    /// Rows of a row group.
    limit: usize,
    /// True for columns whose values repeat.
    repeats: Vec<bool>,
    coder: Coder,
    open: Option<Group>,
    written: usize,
}

/// The row group that is being filled.
struct Group {
    rows: usize,
    columns: Vec<Column>,
}

/// A column of it.
enum Column {
    /// Coded here; the library's writer in reserve.
    Coded(Box<Codes>, ArrowColumnWriter),
    Library(ArrowColumnWriter),
}

impl<W: Write + Send> Groups<W> {
    /// A file without rows yet. Columns of texts and dates are coded here where the properties want a dictionary.
    pub(super) fn new(out: W, arrow: Arc<Schema>, mut properties: WriterProperties) -> Result<Self> {
        add_encoded_arrow_schema_to_metadata(&arrow, &mut properties);
        let columns = ArrowSchemaConverter::new().convert(&arrow)?;
        let limit = properties.max_row_group_row_count().unwrap_or(usize::MAX);
        let coded = |kind: &DataType| matches!(kind, DataType::Utf8 | DataType::Date32);
        let wanted = |name: &str| properties.dictionary_enabled(&ColumnPath::from(name));
        // Only the library's writer encrypts.
        let ours = |f: &Field| coded(f.data_type()) && wanted(f.name()) && !is_locked(&properties, f.name());
        let repeats = arrow.fields().iter().map(|f| ours(f)).collect();
        let file = SerializedFileWriter::new(out, columns.root_schema_ptr(), Arc::new(properties))?;
        let library = ArrowRowGroupWriterFactory::new(&file, arrow.clone());
        Ok(Groups { file, library, columns, arrow, limit, repeats, coder: Coder::new()?, open: None, written: 0 })
    }

    /// Adds rows.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut at = 0;
        while at < batch.num_rows() {
            let mut group = match self.open.take() {
                Some(group) => group,
                None => Group::new(&self.repeats, self.library.create_column_writers(self.written)?),
            };
            let rows = (batch.num_rows() - at).min(self.limit - group.rows);
            group.add(&batch.slice(at, rows), &self.arrow)?;
            at += rows;
            let full = group.rows >= self.limit;
            self.open = Some(group);
            if full {
                self.end_group()?;
            }
        }
        Ok(())
    }

    /// Ends the file.
    pub(super) fn close(mut self) -> Result<()> {
        self.end_group()?;
        self.file.close().map(|_| ())
    }

    fn end_group(&mut self) -> Result<()> {
        let Some(Group { rows, columns }) = self.open.take() else { return Ok(()) };
        self.written += 1;
        let mut group = self.file.next_row_group()?;
        for (at, column) in columns.into_iter().enumerate() {
            match column {
                Column::Coded(codes, _) => {
                    let (bytes, close) = self.coder.codes(rows, &codes, &self.columns.column(at))?;
                    group.append_column(&bytes, close)?;
                }
                Column::Library(writer) => writer.close()?.append_to_row_group(&mut group)?,
            }
        }
        group.close().map(|_| ())
    }
}

/// True for a column that is to be encrypted.
#[cfg(feature = "encrypt")]
fn is_locked(properties: &WriterProperties, column: &str) -> bool {
    properties.file_encryption_properties().is_some_and(|locks| {
        let (columns, ..) = locks.column_keys();
        // Without columns' keys the library encrypts all of them.
        columns.is_empty() || columns.iter().any(|c| c == column)
    })
}

#[cfg(not(feature = "encrypt"))]
fn is_locked(_: &WriterProperties, _: &str) -> bool {
    false
}

impl Group {
    fn new(repeats: &[bool], library: Vec<ArrowColumnWriter>) -> Group {
        let column = |(repeats, writer): (&bool, ArrowColumnWriter)| match repeats {
            true => Column::Coded(Box::default(), writer),
            false => Column::Library(writer),
        };
        Group { rows: 0, columns: repeats.iter().zip(library).map(column).collect() }
    }

    fn add(&mut self, batch: &RecordBatch, arrow: &Schema) -> Result<()> {
        self.rows += batch.num_rows();
        let columns = std::mem::take(&mut self.columns);
        for ((at, array), column) in batch.columns().iter().enumerate().zip(columns) {
            let put = |writer: &mut ArrowColumnWriter, array: &ArrayRef| {
                compute_leaves(arrow.field(at), array)?.iter().try_for_each(|leaf| writer.write(leaf))
            };
            self.columns.push(match column {
                Column::Coded(mut codes, mut writer) => {
                    codes.add(array);
                    if codes.is_too_much() {
                        put(&mut writer, &codes.array(array.data_type()))?;
                        Column::Library(writer)
                    } else {
                        Column::Coded(codes, writer)
                    }
                }
                Column::Library(mut writer) => {
                    put(&mut writer, array)?;
                    Column::Library(writer)
                }
            });
        }
        Ok(())
    }
}
