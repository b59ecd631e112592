//! One source through normalize, batch by batch: raw rows in, records to where they are wanted, what was kept out and what is
//! doubtful back. A source costs as much memory as a batch, the rows kept out and the findings; its records do only where
//! they are wanted in memory.

use std::fs::File;
use std::io;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, filter_record_batch};
use jiff::civil::Date;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::codes::Codes;
use crate::diag::{Failure, Outcome};
use crate::ingest::RawRows;
use crate::model::{Reject, Table, TableSchema};
use crate::normalize::checks::{self, Together};
use crate::normalize::findings;
use crate::normalize::{self, Normalizer, Part, Seen, Survey};
use crate::plan::{Source, schema};
use crate::publish;

/// Rows that a check over the whole source looks at together; of a longer source it looks at several parts.
const PART_ROWS: u64 = 400_000;

/// What becomes of the records.
#[derive(Debug, Clone, Copy)]
pub enum Keep<'p> {
    /// They are wanted in memory.
    Memory,
    /// They are written to `records_<source>.parquet` in this folder.
    Folder(&'p Path),
    /// Nobody wants them.
    Nowhere,
}

/// A source's records.
#[derive(Debug, Clone)]
pub enum Records {
    /// In memory.
    Here(Table),
    /// Written, or not wanted.
    Gone,
}

impl Records {
    /// The records that are in memory.
    pub fn table(&self) -> Option<&Table> {
        match self {
            Records::Here(table) => Some(table),
            Records::Gone => None,
        }
    }

    /// The records that are in memory.
    pub fn into_table(self) -> Option<Table> {
        match self {
            Records::Here(table) => Some(table),
            Records::Gone => None,
        }
    }
}

/// What became of a source's rows.
#[derive(Debug)]
pub struct Through {
    /// Its records.
    pub records: Records,
    /// How many there are.
    pub accepted: u64,
    /// Rows that were quarantined or folded.
    pub rejects: Vec<Reject>,
    /// The `findings` table.
    pub findings: Table,
    /// For each finding whether its record has a value in the field all the same.
    pub used: Vec<bool>,
    /// Rows that later increments may repeat; none of a full list.
    pub seen: Option<Seen>,
}

/// What an increment follows.
#[derive(Debug, Clone, Default)]
pub struct After {
    /// Records of earlier increments.
    pub records: u64,
    /// Their rows, when equal rows are folded.
    pub seen: Option<Seen>,
}

/// Takes a source's rows through normalize. `survey` has seen all of them.
///
/// # Errors
/// The rows put aside cannot be read, or the records not be written.
pub fn through(
    source: &Source,
    rows: &RawRows,
    survey: Survey,
    codes: &Codes,
    as_of: Date,
    keep: Keep,
    after: After,
) -> Outcome<Through> {
    let (mut repeats, usual) = survey.finish(codes);
    if let Some(seen) = after.seen {
        repeats.after(seen);
    }
    if repeats.wants_a_look() {
        for batch in rows.batches() {
            repeats.look(source, &*batch.map_err(|e| aside(&e))?);
        }
    }
    let (repeats, seen) = repeats.finish_increment();
    let mut normalizer = Normalizer::new(source, codes, as_of, usual, repeats).numbered_from(after.records);
    let declared = schema::records(source);
    let groups = checks::groups(source);
    let (mut rejects, mut told) = (Vec::new(), Vec::new());
    let mut each = |put: &mut dyn FnMut(&Table) -> Outcome<()>| -> Outcome<()> {
        for batch in rows.batches() {
            let part = normalizer.batch(&*batch.map_err(|e| aside(&e))?);
            let Part { records, rejects: mut more, told: mut doubts } = part;
            rejects.append(&mut more);
            told.append(&mut doubts);
            put(&records)?;
        }
        Ok(())
    };
    let own_folder;
    let folder = match keep {
        Keep::Folder(folder) => Some(folder),
        Keep::Nowhere if !groups.is_empty() => {
            own_folder = tempfile::tempdir().map_err(|e| aside(&e))?;
            Some(own_folder.path())
        }
        _ => None,
    };
    let mut records = Records::Gone;
    if let Some(folder) = folder {
        let path = folder.join(format!("{}.parquet", declared.name));
        publish::parquet::write_parts(&declared, &path, each)?;
        for (check, needs) in &groups {
            let parts = normalizer.accepted.div_ceil(PART_ROWS).max(1);
            for part in 0..parts {
                let table = part_of(&path, &declared, needs, part, parts)?;
                told.extend(normalizer.told(&table, checks::of_groups(source, *check, &table, as_of)));
            }
        }
    } else if let Keep::Memory = keep {
        let mut batches = Vec::new();
        each(&mut |table| {
            batches.push(table.batch.clone());
            Ok(())
        })?;
        let batch = concat_batches(&declared.arrow(), &batches).map_err(|e| Failure::internal(e.to_string()))?;
        drop(batches);
        let table = Table { schema: declared, batch };
        for (check, _) in &groups {
            told.extend(normalizer.told(&table, checks::of_groups(source, *check, &table, as_of)));
        }
        records = Records::Here(table);
    } else {
        each(&mut |_| Ok(()))?;
    }
    let (findings, used) = findings::table(source, normalizer.origins(), told);
    Ok(Through { records, accepted: normalizer.accepted - after.records, rejects, findings, used, seen })
}

/// A failure to read or write what is put aside while a source is read.
pub fn aside(error: &io::Error) -> Failure {
    Failure::io("put rows aside or read them back", &std::env::temp_dir(), error)
}

/// One part of the records in a file, with the columns that a check needs.
fn part_of(path: &Path, declared: &TableSchema, needs: &Together, part: u64, parts: u64) -> Outcome<Table> {
    let failed = |e: &dyn std::fmt::Display| Failure::io("read", path, e);
    let file = File::open(path).map_err(|e| failed(&e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| failed(&e))?;
    let wanted = |name: &str| needs.columns.iter().any(|c| c == name);
    let mask = ProjectionMask::columns(builder.parquet_schema(), needs.columns.iter().map(String::as_str));
    let reader = builder.with_projection(mask).build().map_err(|e| failed(&e))?;
    let columns = declared.columns.iter().filter(|c| wanted(&c.name)).cloned().collect();
    let schema = TableSchema { columns, ..declared.clone() };
    let arrow = schema.arrow();
    let mut kept = Vec::new();
    for batch in reader {
        let batch = batch.map_err(|e| failed(&e))?;
        let mask = normalize::in_part(&batch, needs.key.as_deref(), part, parts);
        let batch = RecordBatch::try_new(arrow.clone(), batch.columns().to_vec()).map_err(|e| failed(&e))?;
        kept.push(filter_record_batch(&batch, &mask).map_err(|e| failed(&e))?);
    }
    let batch = concat_batches(&arrow, &kept).map_err(|e| failed(&e))?;
    Ok(Table { schema, batch })
}
