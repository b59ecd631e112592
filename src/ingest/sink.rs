//! Collects the accepted rows of a source column by column, and can forget a file that turns out to be broken.
//!
//! In: rows of texts by contract field. Out: [`RawTable`] and rejects.

use std::collections::BTreeMap;

use arrow::array::StringArray;
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

use crate::model::raw::{RawColumn, Stated};
use crate::model::{CellKind, Provenance, RawTable, Reject};

/// Most bytes of text one column may hold: Arrow's 32-bit offsets end there.
const COLUMN_BYTES: usize = i32::MAX as usize;
/// Most bytes of text one source may hold: a shared string repeated by a million cells ends here, not in memory.
const SOURCE_BYTES: u64 = 6 << 30;

#[derive(Default)]
struct Store {
    bytes: Vec<u8>,
    ends: Vec<i32>,
    kinds: Vec<CellKind>,
}

/// Rows of one source so far.
pub(super) struct Sink {
    fields: Vec<String>,
    stores: Vec<Store>,
    origins: Vec<(String, String)>,
    origin: Vec<u32>,
    row: Vec<u32>,
    /// Rows that did not become records.
    pub(super) rejects: Vec<Reject>,
    /// Data rows read, with those quarantined here.
    pub(super) read: u64,
    bytes: u64,
    stated: BTreeMap<(String, String), Stated>,
}

/// A state to return to.
pub(super) struct Mark {
    rows: usize,
    origins: usize,
    rejects: usize,
    read: u64,
}

/// The source holds more text than a column can.
#[derive(Debug)]
pub(super) struct Full;

impl Sink {
    /// An empty sink for these contract fields.
    pub(super) fn new(fields: impl Iterator<Item = String>) -> Self {
        let fields: Vec<String> = fields.collect();
        let stores = fields.iter().map(|_| Store::default()).collect();
        Sink {
            fields,
            stores,
            origins: Vec::new(),
            origin: Vec::new(),
            row: Vec::new(),
            rejects: Vec::new(),
            read: 0,
            bytes: 0,
            stated: BTreeMap::new(),
        }
    }

    /// Where it stands now.
    pub(super) fn mark(&self) -> Mark {
        Mark { rows: self.row.len(), origins: self.origins.len(), rejects: self.rejects.len(), read: self.read }
    }

    /// Forgets all that came after a mark, also when the last row was only half written.
    pub(super) fn rollback(&mut self, mark: &Mark) {
        for store in &mut self.stores {
            store.ends.truncate(mark.rows);
            store.kinds.truncate(mark.rows);
            store.bytes.truncate(store.ends.last().map_or(0, |end| *end as usize));
        }
        self.bytes = self.stores.iter().map(|s| s.bytes.len() as u64).sum();
        self.origin.truncate(mark.rows);
        self.row.truncate(mark.rows);
        self.origins.truncate(mark.origins);
        self.rejects.truncate(mark.rejects);
        self.read = mark.read;
    }

    /// Opens a file or sheet; the rows that follow are its.
    pub(super) fn open(&mut self, file: &str, sheet: &str) {
        self.origins.push((file.to_string(), sheet.to_string()));
    }

    /// What the file or sheet opened last says about its values. A file that is forgotten has no rows it could matter to.
    pub(super) fn state(&mut self, stated: Stated) {
        if let Some(origin) = self.origins.last().filter(|_| stated != Stated::default()) {
            self.stated.insert(origin.clone(), stated);
        }
    }

    /// Adds a row of the file or sheet opened last; one cell per field, blank ones as none.
    pub(super) fn push<'a>(
        &mut self,
        row: u32,
        cells: impl Iterator<Item = Option<(&'a str, CellKind)>>,
    ) -> Result<(), Full> {
        for (store, cell) in self.stores.iter_mut().zip(cells) {
            let (text, kind) = cell.unwrap_or(("", CellKind::Empty));
            if text.len() > COLUMN_BYTES - store.bytes.len() || self.bytes + text.len() as u64 > SOURCE_BYTES {
                return Err(Full);
            }
            store.bytes.extend_from_slice(text.as_bytes());
            store.ends.push(store.bytes.len() as i32);
            store.kinds.push(kind);
            self.bytes += text.len() as u64;
        }
        self.origin.push(self.origins.len().saturating_sub(1) as u32);
        self.row.push(row);
        self.read += 1;
        Ok(())
    }

    /// Where a row of the file or sheet opened last stands.
    pub(super) fn at(&self, row: u32) -> Provenance {
        let (file, sheet) = self.origins.last().cloned().unwrap_or_default();
        Provenance { file, sheet, row }
    }

    /// The collected table, the rejects and the number of data rows read.
    pub(super) fn finish(self) -> (RawTable, Vec<Reject>, u64) {
        let columns = self.fields.into_iter().zip(self.stores).map(|(field, store)| store.column(field)).collect();
        let table =
            RawTable { origins: self.origins, origin: self.origin, row: self.row, columns, stated: self.stated };
        (table, self.rejects, self.read)
    }
}

impl Store {
    fn column(self, field: String) -> RawColumn {
        let mut offsets = Vec::with_capacity(self.ends.len() + 1);
        offsets.push(0);
        offsets.extend_from_slice(&self.ends);
        let nulls: NullBuffer = self.kinds.iter().map(|k| *k != CellKind::Empty).collect();
        let text = StringArray::try_new(
            OffsetBuffer::new(ScalarBuffer::from(offsets)),
            Buffer::from_vec(self.bytes),
            Some(nulls),
        )
        .expect("only whole texts were appended, in order");
        RawColumn { field, text, kind: self.kinds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(table: &RawTable) -> Vec<Option<&str>> {
        (0..table.len()).map(|i| table.columns[0].get(i)).collect()
    }

    #[test]
    fn a_broken_file_is_forgotten_and_the_next_goes_on() {
        let mut sink = Sink::new(["a".to_string()].into_iter());
        sink.open("1.csv", "");
        sink.push(2, [Some(("甲", CellKind::Text))].into_iter()).unwrap();
        let mark = sink.mark();
        sink.open("2.csv", "");
        sink.push(2, [Some(("乙", CellKind::Text))].into_iter()).unwrap();
        sink.rollback(&mark);
        sink.open("3.csv", "");
        sink.push(2, [None].into_iter()).unwrap();
        sink.push(3, [Some(("丙", CellKind::Text))].into_iter()).unwrap();
        let (table, rejects, read) = sink.finish();
        assert_eq!(texts(&table), [Some("甲"), None, Some("丙")]);
        assert_eq!(table.provenance(2).file, "3.csv");
        assert_eq!((rejects.len(), read), (0, 3));
    }
}
