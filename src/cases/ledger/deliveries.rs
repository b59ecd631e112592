//! What every source delivered, when, and what became of it; and the corrected receipts that came back.
//!
//! A delivery is the set of files a source had in a round, known by the hashes of their content and not by their names.
//! Entries are only ever added, one when something changes, and stay when their run is replaced: a round that is run
//! again must still know what it refused. No value of a cell stands here; the files themselves are kept by their hash.

use std::collections::BTreeSet;

use rusqlite::{Transaction, params};
use sha2::{Digest, Sha256};

use super::{Ledger, RunKey, schema};
use crate::diag::Outcome;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryState {
    /// It was read and is what the round works with.
    Used,
    /// Every file of it breaks the contract.
    Refused,
    /// Its rows are too many or too few to be believed without a person's word.
    Held,
}

impl DeliveryState {
    const ALL: [DeliveryState; 3] = [DeliveryState::Used, DeliveryState::Refused, DeliveryState::Held];

    /// The value as it stands in the ledger and in the table `deliveries`.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Used => "used",
            DeliveryState::Refused => "refused",
            DeliveryState::Held => "held",
        }
    }
}

/// A file that is kept by its hash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct KeptFile {
    /// Path below the input folder under which it came.
    pub path: String,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// One entry about a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Source id.
    pub source: String,
    /// See [`digest`].
    pub digest: String,
    /// Round in which it became so.
    pub round: String,
    /// Day of that round's judgement.
    pub as_of: String,
    /// What became of it.
    pub state: DeliveryState,
    /// True when a person accepted it in spite of its rows or its age.
    pub accepted: bool,
    /// Data rows read.
    pub rows: u64,
    /// Stable code of why it was refused or held; empty for a used one.
    pub reason: String,
    /// Its files in path order.
    pub files: Vec<KeptFile>,
}

/// A corrected receipt that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptEntry {
    /// Source id.
    pub source: String,
    /// The workbook.
    pub file: KeptFile,
    /// True when a person said that it counts where another version says otherwise.
    pub accepted: bool,
}

/// What the ledger knows of deliveries as of a round.
#[derive(Debug, Clone, Default)]
pub struct Deliveries {
    /// Entries in the order of their rounds.
    pub entries: Vec<Delivered>,
    /// Receipts in the order of their rounds.
    pub receipts: Vec<ReceiptEntry>,
    /// Sources of which this very round took corrected receipts, when it was run before.
    pub corrected: BTreeSet<String>,
}

impl Deliveries {
    /// The entries of a source.
    pub fn of<'a, 's>(&'a self, source: &'s str) -> impl DoubleEndedIterator<Item = &'a Delivered> + use<'a, 's> {
        self.entries.iter().filter(move |e| e.source == source)
    }

    /// The delivery that a source's rounds work with: the one used last.
    pub fn last_good(&self, source: &str) -> Option<&Delivered> {
        self.of(source).rfind(|e| e.state == DeliveryState::Used)
    }

    /// The delivery that was in use before this one: what its rows are compared with, again and again with the same
    /// result.
    pub fn before(&self, source: &str, digest: &str) -> Option<&Delivered> {
        let used = |e: &&Delivered| e.state == DeliveryState::Used;
        self.of(source).filter(used).take_while(|e| e.digest != digest).last()
    }

    /// The first entry about a delivery: round and day on which it came.
    pub fn first(&self, source: &str, digest: &str) -> Option<&Delivered> {
        self.of(source).find(|e| e.digest == digest)
    }

    /// The latest entry about a delivery.
    pub fn last(&self, source: &str, digest: &str) -> Option<&Delivered> {
        self.of(source).rfind(|e| e.digest == digest)
    }
}

/// Digest of a delivery: the hash of its only file, else a hash over its files' hashes, whatever their names and order.
pub fn digest<'a>(hashes: impl Iterator<Item = &'a str>) -> String {
    let mut all: Vec<&str> = hashes.collect();
    all.sort_unstable();
    all.dedup();
    if let [only] = all[..] {
        return only.to_string();
    }
    let mut hasher = Sha256::new();
    for hash in all {
        hasher.update(hash.as_bytes());
        hasher.update([0]);
    }
    hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

impl Ledger {
    /// What is known of deliveries and receipts in a round: entries of earlier rounds and of the round itself.
    pub fn deliveries(&self, round: &str, as_of: &str) -> Outcome<Deliveries> {
        self.read_deliveries(round, as_of).map_err(|e| schema::failed("read the ledger", &self.path, &e))
    }

    fn read_deliveries(&self, round: &str, as_of: &str) -> rusqlite::Result<Deliveries> {
        let mut known = Deliveries::default();
        let mut query = self.connection.prepare(
            "SELECT entry, source, digest, round, as_of, state, accepted, rows, reason FROM delivery
             WHERE (round = ?1 OR (as_of, round) < (?2, ?1))
               AND run NOT IN (SELECT run FROM run WHERE state = 'pending')
             ORDER BY as_of, round, entry",
        )?;
        let mut files = self
            .connection
            .prepare("SELECT path, sha256, bytes FROM delivered_file WHERE entry = ?1 ORDER BY path, sha256")?;
        let mut rows = query.query([round, as_of])?;
        while let Some(row) = rows.next()? {
            let word: String = row.get(5)?;
            let Some(state) = DeliveryState::ALL.into_iter().find(|s| s.as_str() == word) else { continue };
            let kept = files.query_map([row.get::<_, i64>(0)?], |f| kept(f, 0))?;
            known.entries.push(Delivered {
                source: row.get(1)?,
                digest: row.get(2)?,
                round: row.get(3)?,
                as_of: row.get(4)?,
                state,
                accepted: row.get(6)?,
                rows: row.get::<_, i64>(7)?.unsigned_abs(),
                reason: row.get(8)?,
                files: kept.collect::<Result<_, _>>()?,
            });
        }
        let mut query = self.connection.prepare(
            "SELECT source, accepted, path, sha256, bytes FROM receipt
             WHERE (round = ?1 OR (as_of, round) < (?2, ?1))
               AND run NOT IN (SELECT run FROM run WHERE state = 'pending')
             ORDER BY as_of, round, entry",
        )?;
        let receipts = query.query_map([round, as_of], |row| {
            Ok(ReceiptEntry { source: row.get(0)?, accepted: row.get(1)?, file: kept(row, 2)? })
        })?;
        known.receipts = receipts.collect::<Result<_, _>>()?;
        let mut query = self.connection.prepare(
            "SELECT source FROM receipt
             WHERE round = ?1 AND run NOT IN (SELECT run FROM run WHERE state = 'pending')",
        )?;
        known.corrected = query.query_map([round], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(known)
    }
}

fn kept(row: &rusqlite::Row, first: usize) -> rusqlite::Result<KeptFile> {
    let bytes: i64 = row.get(first + 2)?;
    Ok(KeptFile { path: row.get(first)?, sha256: row.get(first + 1)?, bytes: bytes.unsigned_abs() })
}

/// Writes the entries of a run.
pub(super) fn write(
    transaction: &Transaction,
    run: i64,
    key: &RunKey,
    deliveries: &[Delivered],
    receipts: &[ReceiptEntry],
) -> rusqlite::Result<()> {
    let mut entry = transaction.prepare(
        "INSERT INTO delivery (run, round, as_of, source, digest, state, accepted, rows, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let mut file = transaction.prepare("INSERT INTO delivered_file VALUES (?1, ?2, ?3, ?4)")?;
    for d in deliveries {
        let rows = i64::try_from(d.rows).unwrap_or(i64::MAX);
        let state = d.state.as_str();
        entry.execute(params![run, d.round, d.as_of, d.source, d.digest, state, d.accepted, rows, d.reason])?;
        let id = transaction.last_insert_rowid();
        for f in &d.files {
            file.execute(params![id, f.path, f.sha256, i64::try_from(f.bytes).unwrap_or(i64::MAX)])?;
        }
    }
    let mut receipt = transaction.prepare(
        "INSERT INTO receipt (run, round, as_of, source, accepted, path, sha256, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for r in receipts {
        let bytes = i64::try_from(r.file.bytes).unwrap_or(i64::MAX);
        receipt.execute(params![run, key.round, key.as_of, r.source, r.accepted, r.file.path, r.file.sha256, bytes])?;
    }
    Ok(())
}
