//! The manifest: what went in, what made it, what came out, and that every sum closes.
//!
//! It holds no clock, so that the same inputs give the same manifest; when a run happened stands in `history.jsonl`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::diag::{Diagnostic, Failure, Outcome};
use crate::model::SourceCounts;

/// Version of the manifest's shape; raised when a reader of the old one would misread the new one.
pub const FORMAT: u32 = 1;

/// A file by path and hash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
pub struct HashedFile {
    /// Path below its root, `/` as separator.
    pub path: String,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// How many accepted records ended in which link state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LinkCounts {
    /// Linked to one person or village.
    pub linked: u64,
    /// For a person to look at.
    pub possible: u64,
    /// Number and name speak against each other.
    pub conflict: u64,
    /// No candidate.
    pub unlinked: u64,
}

impl LinkCounts {
    /// All states together.
    pub fn total(self) -> u64 {
        self.linked + self.possible + self.conflict + self.unlinked
    }
}

/// One source's part of the manifest.
#[derive(Debug, Clone, Serialize)]
pub struct SourceEntry {
    /// Source id.
    pub source: String,
    /// Title of the contract.
    pub title: String,
    /// Providing department.
    pub department: String,
    /// delivered, partial, stale (an earlier delivery stands in), blocked or missing.
    pub state: &'static str,
    /// Day on which the delivery in use first came; none when none is in use.
    pub as_of: Option<String>,
    /// Digest of the delivery in use: the SHA-256 of its only file, else one over those of its files; empty for none.
    pub delivery: String,
    /// Files read or refused.
    pub files: u64,
    /// Rows.
    #[serde(flatten)]
    pub rows: SourceCounts,
    /// Values that corrected receipts put in the place of delivered ones.
    pub corrected: u64,
    /// Link states; none for the register, which is linked to by the others.
    pub links: Option<LinkCounts>,
    /// Doubtful values in accepted records.
    pub findings: u64,
}

/// The linkage model's part of the manifest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LinkageEntry {
    /// Name of the model.
    pub model: String,
    /// Its version.
    pub version: i64,
    /// Match weight from which the best candidate is linked.
    pub linked_at: f64,
    /// Match weight from which a candidate is possible.
    pub possible_at: f64,
    /// Least margin over the next candidate for a link.
    pub margin: f64,
}

/// What happened to persons since the round before, and to people's decisions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PersonCounts {
    /// Persons of the register.
    pub persons: u64,
    /// Met for the first time.
    pub created: u64,
    /// Met again after a round without.
    pub returned: u64,
    /// Numbers or names that changed.
    pub changed: u64,
    /// Found to be another known person.
    pub merged: u64,
    /// A second row of a known person.
    pub split: u64,
    /// No longer in the register.
    pub gone: u64,
    /// Rows that could be somebody known and got a new id.
    pub doubtful: u64,
    /// Decisions of people, one for each record they are about.
    pub decisions: u64,
    /// Decisions that later evidence contradicts.
    pub contradicted: u64,
}

/// One table's part of the manifest.
#[derive(Debug, Clone, Serialize)]
pub struct TableEntry {
    /// Table name.
    pub table: String,
    /// Rows.
    pub rows: u64,
}

/// The whole manifest.
#[derive(Debug, Clone, Serialize)]
pub struct Manifest {
    /// See [`FORMAT`].
    pub format: u32,
    /// Name of the program.
    pub program: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// Digest of program version, pipeline, inputs, round, day and what the ledger adds: the same for the same work.
    pub run_id: String,
    /// Round.
    pub round: String,
    /// Day of the judgement.
    pub as_of: String,
    /// Pipeline name.
    pub pipeline: String,
    /// Every pipeline file, contract, code table and model.
    pub pipeline_files: Vec<HashedFile>,
    /// Every delivered file.
    pub inputs: Vec<HashedFile>,
    /// The linkage model.
    pub linkage: LinkageEntry,
    /// Sources in pipeline order.
    pub sources: Vec<SourceEntry>,
    /// Persons and decisions.
    pub persons: PersonCounts,
    /// Tables in the order of the flow.
    pub tables: Vec<TableEntry>,
    /// Online list by type.
    pub online_by_type: BTreeMap<String, u64>,
    /// Online list by cause; a household counts under each of its causes.
    pub online_by_cause: BTreeMap<String, u64>,
    /// Comparison by outcome.
    pub comparison_by_outcome: BTreeMap<String, u64>,
    /// Problems of inputs that the round survived.
    pub problems: Vec<Diagnostic>,
    /// True when every sum closes; a run whose sums do not close publishes nothing.
    pub sums_close: bool,
    /// Every other file of the round.
    pub outputs: Vec<HashedFile>,
}

/// SHA-256 and size of a file, read in pieces.
pub fn hash_file(path: &Path) -> std::io::Result<(String, u64)> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0u8; 1 << 16];
    let mut bytes = 0u64;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok((hex(&hasher.finalize()), bytes));
        }
        hasher.update(&buffer[..n]);
        bytes += n as u64;
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}

/// The run's id: the same work has the same id.
pub fn run_id(round: &str, as_of: &str, pipeline_files: &[HashedFile], inputs: &[HashedFile], ledger: &str) -> String {
    let mut hasher = Sha256::new();
    for part in [env!("CARGO_PKG_VERSION"), round, as_of, ledger] {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    add(&mut hasher, pipeline_files);
    add(&mut hasher, inputs);
    hex(&hasher.finalize())[..16].to_string()
}

/// One digest over files, by their paths and hashes: the same wherever they lie and whatever program asks.
pub fn digest(files: &[HashedFile]) -> String {
    let mut hasher = Sha256::new();
    add(&mut hasher, files);
    hex(&hasher.finalize())
}

fn add(hasher: &mut Sha256, files: &[HashedFile]) {
    for file in files {
        hasher.update(file.path.as_bytes());
        hasher.update([0]);
        hasher.update(file.sha256.as_bytes());
    }
}

/// Hashes of every file below a folder, in path order.
pub fn hash_tree(root: &Path) -> Outcome<Vec<HashedFile>> {
    let mut files = Vec::new();
    collect(root, "", &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(dir: &Path, prefix: &str, files: &mut Vec<HashedFile>) -> Outcome<()> {
    let entries = fs::read_dir(dir).map_err(|e| Failure::io("list", dir, &e))?;
    for entry in entries {
        let entry = entry.map_err(|e| Failure::io("list", dir, &e))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if entry.path().is_dir() {
            collect(&entry.path(), &path, files)?;
        } else {
            let (sha256, bytes) = hash_file(&entry.path()).map_err(|e| Failure::io("hash", &entry.path(), &e))?;
            files.push(HashedFile { path, sha256, bytes });
        }
    }
    Ok(())
}

/// Checks "nothing is lost" over all sources: a list of sums that do not close, empty when all do.
pub fn open_sums(sources: &[SourceEntry]) -> Vec<String> {
    let mut open = Vec::new();
    for s in sources {
        let r = s.rows;
        if !r.closes() {
            open.push(format!(
                "{}: read {} is not accepted {} + quarantined {} + folded {}",
                s.source, r.read, r.accepted, r.quarantined, r.folded
            ));
        }
        if let Some(l) = s.links
            && l.total() != r.accepted
        {
            open.push(format!(
                "{}: accepted {} is not linked {} + possible {} + conflict {} + unlinked {}",
                s.source, r.accepted, l.linked, l.possible, l.conflict, l.unlinked
            ));
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(read: u64, accepted: u64, linked: u64) -> SourceEntry {
        SourceEntry {
            source: "s".into(),
            title: String::new(),
            department: String::new(),
            state: "delivered",
            as_of: None,
            delivery: String::new(),
            files: 1,
            rows: SourceCounts { read, accepted, quarantined: 1, folded: 2, not_data: 5 },
            corrected: 0,
            links: Some(LinkCounts { linked, possible: 1, conflict: 0, unlinked: 0 }),
            findings: 0,
        }
    }

    #[test]
    fn a_lost_row_and_a_lost_link_are_both_named() {
        assert!(open_sums(&[entry(13, 10, 9)]).is_empty());
        assert_eq!(open_sums(&[entry(14, 10, 9)]).len(), 1);
        assert_eq!(open_sums(&[entry(14, 10, 8)]).len(), 2);
    }

    #[test]
    fn the_run_id_moves_with_any_input() {
        let file = |h: &str| HashedFile { path: "a".into(), sha256: h.into(), bytes: 1 };
        let one = run_id("2026Q3", "2026-09-30", &[file("1")], &[file("2")], "");
        assert_eq!(one, run_id("2026Q3", "2026-09-30", &[file("1")], &[file("2")], ""));
        assert_ne!(one, run_id("2026Q3", "2026-09-30", &[file("1")], &[file("3")], ""));
        assert_ne!(one, run_id("2026Q3", "2026-09-29", &[file("1")], &[file("2")], ""));
        assert_ne!(one, run_id("2026Q3", "2026-09-30", &[file("1")], &[file("2")], "ids"));
    }
}
