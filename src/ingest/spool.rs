//! The rows of a source between reading and normalising, in batches: the first ones in memory, the others in a file that
//! has no name and goes with the process. So a source costs as much memory as a batch, however long it is.
//!
//! Reading must be over before a row may be used: a file that breaks near its end is refused whole, and a delivery of which
//! too much is missing is not used at all.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use arrow::array::StringArray;
use arrow::buffer::{Buffer, MutableBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};

use crate::model::raw::{RawColumn, Stated};
use crate::model::{CellKind, RawTable};

/// Rows of a batch; the last of a file may have fewer.
pub(super) const BATCH_ROWS: usize = 32_768;
/// Bytes of text with which a batch ends before it has so many rows.
pub(super) const BATCH_BYTES: u64 = 32 << 20;
/// Bytes of text that are kept in memory.
const KEPT_BYTES: u64 = 32 << 20;

/// Rows as read, in the order of the files.
#[derive(Debug, Default)]
pub struct RawRows {
    fields: Vec<String>,
    /// What sheets say about their values.
    pub(super) stated: BTreeMap<(String, String), Stated>,
    parts: Vec<Part>,
    /// Bytes of text in the parts that are kept.
    kept: u64,
    file: Option<File>,
    /// Where the file ends.
    end: u64,
}

#[derive(Debug)]
enum Part {
    Kept(Arc<RawTable>),
    /// Where it begins in the file, its origins and its rows.
    Spooled(u64, Vec<(String, String)>, usize),
}

impl Part {
    fn rows(&self) -> usize {
        match self {
            Part::Kept(table) => table.len(),
            Part::Spooled(_, _, rows) => *rows,
        }
    }
}

impl RawRows {
    /// No rows yet, of these contract fields.
    pub(super) fn new(fields: Vec<String>) -> RawRows {
        RawRows { fields, ..RawRows::default() }
    }

    /// Rows that are in memory already.
    pub fn of(table: RawTable) -> RawRows {
        let fields = table.columns.iter().map(|c| c.field.clone()).collect();
        RawRows { parts: vec![Part::Kept(Arc::new(table))], ..RawRows::new(fields) }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.parts.iter().map(Part::rows).sum()
    }

    /// True when there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows, batch by batch; short batches come together as one.
    ///
    /// Two iterations at a time would disturb each other's place in the file: end one before the next.
    pub fn batches(&self) -> Batches<'_> {
        let file = self.file.as_ref().map(|file| BufReader::with_capacity(1 << 16, file));
        Batches { rows: self, next: 0, at: None, file }
    }

    /// All rows as one table in memory.
    ///
    /// # Errors
    /// The file that holds them cannot be read.
    pub fn table(&self) -> io::Result<RawTable> {
        let batches: Vec<Arc<RawTable>> = self.batches().collect::<io::Result<_>>()?;
        Ok(match batches.len() {
            0 => self.empty(),
            _ => RawTable::concat(&batches),
        })
    }

    fn empty(&self) -> RawTable {
        let none =
            |field: &String| RawColumn { field: field.clone(), text: StringArray::new_null(0), kind: Vec::new() };
        RawTable { columns: self.fields.iter().map(none).collect(), ..RawTable::default() }
    }

    /// Number of batches so far, to return to.
    pub(super) fn mark(&self) -> usize {
        self.parts.len()
    }

    /// Forgets all batches after a mark.
    pub(super) fn rollback(&mut self, mark: usize) {
        for part in self.parts.drain(mark..) {
            match part {
                Part::Kept(table) => self.kept -= bytes(&table),
                // What follows is written over it.
                Part::Spooled(at, ..) => self.end = self.end.min(at),
            }
        }
    }

    /// Adds a batch.
    pub(super) fn push(&mut self, table: RawTable) -> io::Result<()> {
        let size = bytes(&table);
        if self.file.is_none() && self.kept + size <= KEPT_BYTES {
            self.kept += size;
            self.parts.push(Part::Kept(Arc::new(table)));
            return Ok(());
        }
        if self.file.is_none() {
            self.file = Some(tempfile::tempfile()?);
        }
        if let Some(file) = &mut self.file {
            let at = self.end;
            file.seek(SeekFrom::Start(at))?;
            self.end += write(file, &table)?;
            self.parts.push(Part::Spooled(at, table.origins, table.row.len()));
        }
        Ok(())
    }
}

fn bytes(table: &RawTable) -> u64 {
    table.columns.iter().map(|c| c.text.values().len() as u64).sum()
}

/// Iterator over the batches of [`RawRows`].
pub struct Batches<'r> {
    rows: &'r RawRows,
    next: usize,
    /// Where the reader stands.
    at: Option<u64>,
    file: Option<BufReader<&'r File>>,
}

impl Batches<'_> {
    fn part(&mut self, part: usize) -> io::Result<Arc<RawTable>> {
        let (at, origins, rows) = match &self.rows.parts[part] {
            Part::Kept(table) => return Ok(table.clone()),
            Part::Spooled(at, origins, rows) => (*at, origins, *rows),
        };
        let file = self.file.as_mut().ok_or_else(|| io::Error::other("rows were put aside without a file"))?;
        if self.at != Some(at) {
            file.seek(SeekFrom::Start(at))?;
        }
        let (mut table, size) = read(file, &self.rows.fields, origins.clone(), rows)?;
        self.at = Some(at + size);
        table.stated = self.rows.stated.clone();
        Ok(Arc::new(table))
    }
}

impl Iterator for Batches<'_> {
    type Item = io::Result<Arc<RawTable>>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.next;
        let mut rows = 0;
        while let Some(part) = self.rows.parts.get(self.next) {
            if rows > 0 && rows + part.rows() > BATCH_ROWS {
                break;
            }
            rows += part.rows();
            self.next += 1;
        }
        let parts: io::Result<Vec<_>> = (first..self.next).map(|part| self.part(part)).collect();
        match parts {
            Ok(mut parts) if parts.len() <= 1 => parts.pop().map(Ok),
            Ok(parts) => Some(Ok(Arc::new(RawTable::concat(&parts)))),
            Err(error) => {
                self.next = self.rows.parts.len();
                Some(Err(error))
            }
        }
    }
}

/// Writes a batch's columns one after the other as they lie in memory; gives the number of bytes.
fn write(file: &mut File, table: &RawTable) -> io::Result<u64> {
    let mut size = 0;
    let mut put = |bytes: &[u8]| {
        size += bytes.len() as u64;
        file.write_all(bytes)
    };
    put(ScalarBuffer::from(table.origin.clone()).inner().as_slice())?;
    put(ScalarBuffer::from(table.row.clone()).inner().as_slice())?;
    for column in &table.columns {
        let kinds: Vec<u8> = column.kind.iter().map(|k| *k as u8).collect();
        put(&kinds)?;
        put(column.text.offsets().inner().inner().as_slice())?;
        put(column.text.values())?;
    }
    Ok(size)
}

fn read(
    file: &mut impl Read,
    fields: &[String],
    origins: Vec<(String, String)>,
    rows: usize,
) -> io::Result<(RawTable, u64)> {
    let mut size = 0;
    let mut get = |length: usize| -> io::Result<Buffer> {
        size += length as u64;
        let mut buffer = MutableBuffer::from_len_zeroed(length);
        file.read_exact(buffer.as_slice_mut())?;
        Ok(buffer.into())
    };
    let origin = ScalarBuffer::<u32>::from(get(rows * 4)?).to_vec();
    let row = ScalarBuffer::<u32>::from(get(rows * 4)?).to_vec();
    let mut columns = Vec::with_capacity(fields.len());
    for field in fields {
        let kind: Vec<CellKind> = get(rows)?.iter().map(|k| CellKind::of(*k)).collect();
        let offsets = ScalarBuffer::<i32>::from(get((rows + 1) * 4)?);
        let length = usize::try_from(offsets[rows]).unwrap_or(0);
        let text = text(offsets, get(length)?, &kind)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "rows put aside on the disk have changed"))?;
        columns.push(RawColumn { field: field.clone(), text, kind });
    }
    Ok((RawTable { origins, origin, row, columns, stated: BTreeMap::new() }, size))
}

/// Texts of a column; null where there is no cell. None when the parts do not fit each other.
fn text(offsets: ScalarBuffer<i32>, bytes: Buffer, kind: &[CellKind]) -> Option<StringArray> {
    let nulls =
        kind.contains(&CellKind::Empty).then(|| kind.iter().map(|k| *k != CellKind::Empty).collect::<NullBuffer>());
    if !offsets.windows(2).all(|w| w[0] <= w[1]) {
        return None;
    }
    StringArray::try_new(OffsetBuffer::new(offsets), bytes, nulls).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(from: u32, rows: u32, wide: usize) -> RawTable {
        let cell = |i: u32| (!i.is_multiple_of(3)).then(|| format!("{i}{}", "字".repeat(wide)));
        let text: StringArray = (from..from + rows).map(cell).collect();
        let kind = text.iter().map(|t| t.map_or(CellKind::Empty, |_| CellKind::Number)).collect();
        RawTable {
            origins: vec![("甲.csv".into(), String::new())],
            origin: vec![0; rows as usize],
            row: (from..from + rows).collect(),
            columns: vec![RawColumn { field: "a".into(), text, kind }],
            stated: BTreeMap::new(),
        }
    }

    #[test]
    fn what_is_put_aside_comes_back_and_what_is_forgotten_does_not() {
        let mut rows = RawRows::new(vec!["a".into()]);
        // 18 MB of text each: one in memory, the others on the disk.
        for i in 0..6 {
            rows.push(batch(i * 1_000, 1_000, 9_000)).unwrap();
        }
        assert!(rows.file.is_some() && rows.kept <= KEPT_BYTES);
        let mark = rows.mark();
        rows.push(batch(90_000, 1_000, 10)).unwrap();
        rows.rollback(mark);
        rows.push(batch(6_000, 10, 1)).unwrap();
        let all = rows.table().unwrap();
        assert_eq!(all.row, (0..6_010).collect::<Vec<u32>>());
        assert_eq!(all.columns[0].get(3), None);
        assert_eq!(all.columns[0].get(6_001).unwrap(), "6001字");
        assert_eq!(all.columns[0].kind[6_001], CellKind::Number);
        assert_eq!(all.origins.len(), 1);
        assert_eq!(rows.batches().map(|b| b.unwrap().len()).sum::<usize>(), rows.len());
    }
}
