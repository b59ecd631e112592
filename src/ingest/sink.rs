//! Collects the accepted rows of a source column by column, and can forget a file that turns out to be broken.
//!
//! In: rows of texts by contract field. Out: [`RawRows`] and rejects.

use std::collections::BTreeMap;
use std::io;

use arrow::array::StringBuilder;

use super::spool::{BATCH_BYTES, BATCH_ROWS, RawRows};
use crate::model::raw::{RawColumn, Stated};
use crate::model::{CellKind, Provenance, RawTable, Reject};

/// Most bytes of text one source may hold: a shared string repeated by a million cells ends here, not on a full disk.
const SOURCE_BYTES: u64 = 6 << 30;

/// One field of the batch that is being filled.
#[derive(Default)]
struct Store {
    text: StringBuilder,
    kinds: Vec<CellKind>,
}

/// Rows of one source so far.
pub(super) struct Sink<'w> {
    fields: Vec<String>,
    stores: Vec<Store>,
    /// The file or sheet opened last.
    open: (String, String),
    /// True until the first row of it in the batch.
    opened: bool,
    /// Those of the batch.
    origins: Vec<(String, String)>,
    origin: Vec<u32>,
    row: Vec<u32>,
    batch_bytes: u64,
    rows: RawRows,
    /// Sees every batch before it is put aside.
    watch: &'w mut dyn FnMut(&RawTable),
    /// True when rows that were seen have been forgotten.
    pub(super) forgot: bool,
    /// Rows that did not become records.
    pub(super) rejects: Vec<Reject>,
    /// Data rows read, with those quarantined here.
    pub(super) read: u64,
    bytes: u64,
    stated: BTreeMap<(String, String), Stated>,
}

/// A state to return to.
pub(super) struct Mark {
    batches: usize,
    rejects: usize,
    read: u64,
    bytes: u64,
}

/// Why no more rows can be taken.
#[derive(Debug)]
pub(super) enum Stop {
    /// The source holds more text than any real one.
    Full,
    /// They cannot be put aside on the disk.
    Disk(io::Error),
}

impl<'w> Sink<'w> {
    /// An empty sink for these contract fields.
    pub(super) fn new(fields: impl Iterator<Item = String>, watch: &'w mut dyn FnMut(&RawTable)) -> Self {
        let fields: Vec<String> = fields.collect();
        Sink {
            stores: fields.iter().map(|_| Store::default()).collect(),
            rows: RawRows::new(fields.clone()),
            fields,
            open: Default::default(),
            opened: true,
            origins: Vec::new(),
            origin: Vec::new(),
            row: Vec::new(),
            batch_bytes: 0,
            watch,
            forgot: false,
            rejects: Vec::new(),
            read: 0,
            bytes: 0,
            stated: BTreeMap::new(),
        }
    }

    /// Where it stands now; a new batch begins.
    pub(super) fn mark(&mut self) -> Result<Mark, Stop> {
        self.flush()?;
        Ok(Mark { batches: self.rows.mark(), rejects: self.rejects.len(), read: self.read, bytes: self.bytes })
    }

    /// Forgets all that came after a mark, also when the last row was only half written.
    pub(super) fn rollback(&mut self, mark: &Mark) {
        self.stores = self.fields.iter().map(|_| Store::default()).collect();
        self.origins.clear();
        self.origin.clear();
        self.row.clear();
        self.batch_bytes = 0;
        self.opened = true;
        self.forgot |= self.rows.mark() > mark.batches;
        self.rows.rollback(mark.batches);
        self.bytes = mark.bytes;
        self.rejects.truncate(mark.rejects);
        self.read = mark.read;
    }

    /// Opens a file or sheet; the rows that follow are its.
    pub(super) fn open(&mut self, file: &str, sheet: &str) {
        self.open = (file.to_string(), sheet.to_string());
        self.opened = true;
    }

    /// What the file or sheet opened last says about its values. A file that is forgotten has no rows it could matter to.
    pub(super) fn state(&mut self, stated: Stated) {
        if stated != Stated::default() {
            self.stated.insert(self.open.clone(), stated);
        }
    }

    /// Adds a row of the file or sheet opened last; one cell per field, blank ones as none.
    pub(super) fn push<'a>(
        &mut self,
        row: u32,
        cells: impl Iterator<Item = Option<(&'a str, CellKind)>>,
    ) -> Result<(), Stop> {
        let mut bytes = 0;
        for (store, cell) in self.stores.iter_mut().zip(cells) {
            match cell {
                Some((text, kind)) => {
                    // A batch ends long before its offsets do.
                    store.text.append_value(text);
                    store.kinds.push(kind);
                    bytes += text.len() as u64;
                }
                None => {
                    store.text.append_null();
                    store.kinds.push(CellKind::Empty);
                }
            }
        }
        self.batch_bytes += bytes;
        self.bytes += bytes;
        if std::mem::take(&mut self.opened) {
            self.origins.push(self.open.clone());
        }
        self.origin.push(self.origins.len() as u32 - 1);
        self.row.push(row);
        self.read += 1;
        if self.bytes > SOURCE_BYTES {
            return Err(Stop::Full);
        }
        if self.row.len() >= BATCH_ROWS || self.batch_bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Ends the batch.
    fn flush(&mut self) -> Result<(), Stop> {
        if self.row.is_empty() {
            return Ok(());
        }
        let columns = self.fields.iter().zip(&mut self.stores).map(|(field, store)| store.column(field)).collect();
        let batch = RawTable {
            origins: std::mem::take(&mut self.origins),
            origin: std::mem::take(&mut self.origin),
            row: std::mem::take(&mut self.row),
            columns,
            stated: self.stated.clone(),
        };
        self.batch_bytes = 0;
        self.opened = true;
        (self.watch)(&batch);
        self.rows.push(batch).map_err(Stop::Disk)
    }

    /// Where a row of the file or sheet opened last stands.
    pub(super) fn at(&self, row: u32) -> Provenance {
        let (file, sheet) = self.open.clone();
        Provenance { file, sheet, row }
    }

    /// The collected rows, the rejects and the number of data rows read.
    pub(super) fn finish(mut self) -> Result<(RawRows, Vec<Reject>, u64), Stop> {
        self.flush()?;
        self.rows.stated = self.stated;
        Ok((self.rows, self.rejects, self.read))
    }
}

impl Store {
    /// The column, and room for the next one of about its size.
    fn column(&mut self, field: &str) -> RawColumn {
        let (rows, bytes) = (self.kinds.len(), self.text.values_slice().len());
        let next =
            Store { text: StringBuilder::with_capacity(rows, bytes + bytes / 8), kinds: Vec::with_capacity(rows) };
        let Store { mut text, kinds } = std::mem::replace(self, next);
        RawColumn { field: field.to_string(), text: text.finish(), kind: kinds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_is_forgotten_and_the_next_goes_on() {
        let mut watch = |_: &RawTable| {};
        let mut sink = Sink::new(["a".to_string()].into_iter(), &mut watch);
        sink.open("1.csv", "");
        sink.push(2, [Some(("甲", CellKind::Text))].into_iter()).unwrap();
        let mark = sink.mark().unwrap();
        sink.open("2.csv", "");
        sink.push(2, [Some(("乙", CellKind::Text))].into_iter()).unwrap();
        sink.rollback(&mark);
        sink.open("3.csv", "");
        sink.push(2, [None].into_iter()).unwrap();
        sink.push(3, [Some(("丙", CellKind::Text))].into_iter()).unwrap();
        let (rows, rejects, read) = sink.finish().unwrap();
        let table = rows.table().unwrap();
        let texts: Vec<_> = (0..table.len()).map(|i| table.columns[0].get(i)).collect();
        assert_eq!(texts, [Some("甲"), None, Some("丙")]);
        assert_eq!(table.provenance(2).file, "3.csv");
        assert_eq!((rejects.len(), read), (0, 3));
    }
}
