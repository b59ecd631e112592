//! Results of finished stages, kept by what they were made from: a stopped run goes on where it was, and a night makes
//! again only what changed.
//!
//! ```text
//! OUT/.stages/ingest/<key>/     a delivery after ingest and normalize
//! OUT/.stages/link/<key>/       a delivery's links
//! OUT/.stages/table/<key>/      a table as Parquet
//! OUT/.stages/used/<pipeline>   what the last published round of a pipeline was made from
//! ```
//!
//! A key is a digest of everything a result depends on, the program among it; so a kept result is the result, and a run
//! that finds one gives the same bytes as one that finds none (`bidui run --fresh` looks for none). An entry is
//! written beside its place, brought to disk and renamed; it is only believed when every file of it has the hash that its
//! seal says, and is made anew otherwise. Nothing here is needed: the folder may be deleted at any time.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{manifest, private, store};
use crate::diag::{Failure, Outcome};
use crate::model::Table;
use crate::publish::{atomic, parquet};

/// Name of the folder below the output folder.
pub const FOLDER: &str = ".stages";
/// The file that says what an entry is made of.
const SEAL: &str = "seal.json";

/// A kind of result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// A delivery after ingest and normalize.
    Ingest,
    /// A delivery's links.
    Link,
    /// A table as Parquet.
    Table,
}

impl Stage {
    const ALL: [Stage; 3] = [Stage::Ingest, Stage::Link, Stage::Table];

    fn folder(self) -> &'static str {
        match self {
            Stage::Ingest => "ingest",
            Stage::Link => "link",
            Stage::Table => "table",
        }
    }
}

/// What a result depends on, digested part by part.
#[derive(Debug, Clone)]
pub struct Key(Sha256);

impl Key {
    /// A key of a kind of result; the program is part of every key.
    pub fn new(stage: Stage) -> Key {
        Key(Sha256::new()).with(stage.folder()).with(program())
    }

    /// The key with one more part.
    pub fn with(mut self, part: impl AsRef<[u8]>) -> Key {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    /// The key as the name of a folder.
    pub fn finish(self) -> String {
        manifest::hex(&self.0.finalize())
    }
}

/// The program: its version and its very file, for a build may differ from another of the same version.
fn program() -> String {
    use std::os::unix::fs::MetadataExt;
    let file = std::env::current_exe().and_then(fs::metadata);
    let file = file.map(|m| (m.len(), m.mtime(), m.mtime_nsec(), m.ino())).ok();
    format!("{} {file:?}", env!("CARGO_PKG_VERSION"))
}

/// The kept results of an output folder.
#[derive(Debug)]
pub struct Stages {
    dir: PathBuf,
    /// Whether new results are kept; otherwise those that are there are used and nothing is written.
    keep: bool,
    used: Mutex<BTreeSet<(Stage, String)>>,
}

impl Stages {
    /// The results below an output folder.
    pub fn open(out: &Path, keep: bool) -> Stages {
        Stages { dir: out.join(FOLDER), keep, used: Mutex::default() }
    }

    fn place(&self, stage: Stage, key: &str) -> PathBuf {
        self.dir.join(stage.folder()).join(key)
    }

    fn mark(&self, stage: Stage, key: &str) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert((stage, key.to_string()));
    }

    /// The folder of a result, when it is there and sound.
    pub fn find(&self, stage: Stage, key: &str) -> Option<PathBuf> {
        let dir = self.place(stage, key);
        if !dir.is_dir() {
            return None;
        }
        if !is_sealed(&dir) {
            tracing::warn!(stage = stage.folder(), key, "a kept result is damaged and is made anew");
            self.forget(stage, key);
            return None;
        }
        tracing::info!(stage = stage.folder(), key, "kept result used");
        self.mark(stage, key);
        Some(dir)
    }

    /// What `read` makes of a result's folder; a result that cannot be read is as good as none.
    pub fn load<T>(&self, stage: Stage, key: &str, read: impl FnOnce(&Path) -> Outcome<T>) -> Option<T> {
        let dir = self.find(stage, key)?;
        match read(&dir) {
            Ok(found) => Some(found),
            Err(failure) => {
                tracing::warn!(stage = stage.folder(), key, %failure, "a kept result cannot be read and is made anew");
                self.forget(stage, key);
                None
            }
        }
    }

    fn forget(&self, stage: Stage, key: &str) {
        if self.keep {
            let _ = fs::remove_dir_all(self.place(stage, key));
        }
    }

    /// Keeps a result that `fill` writes into a folder. A result that cannot be kept is told in the log and costs the
    /// next run its making, and this one nothing.
    pub fn put(&self, stage: Stage, key: &str, fill: impl FnOnce(&Path) -> Outcome<()>) {
        if !self.keep {
            return;
        }
        match self.write(stage, key, fill) {
            Ok(()) => self.mark(stage, key),
            Err(failure) => tracing::warn!(stage = stage.folder(), key, %failure, "a result cannot be kept"),
        }
    }

    fn write(&self, stage: Stage, key: &str, fill: impl FnOnce(&Path) -> Outcome<()>) -> Outcome<()> {
        let place = self.place(stage, key);
        if place.is_dir() {
            return Ok(());
        }
        let part = place.with_file_name(format!(".{key}.part"));
        let written = (|| {
            if part.exists() {
                fs::remove_dir_all(&part).map_err(|e| Failure::io("clear a half-made result", &part, &e))?;
            }
            private::make_dir(&part)?;
            fill(&part)?;
            seal(&part)?;
            fs::rename(&part, &place).map_err(|e| Failure::io("keep a result", &place, &e))?;
            atomic::sync_folder(place.parent().unwrap_or(&self.dir))
        })();
        if written.is_err() {
            let _ = fs::remove_dir_all(&part);
        }
        written
    }

    /// Removes what neither this run nor the last published round of another pipeline was made from.
    ///
    /// # Errors
    /// The list of what is in use cannot be written.
    pub fn prune(&self, pipeline: &str) -> Outcome<()> {
        if !self.keep || !self.dir.is_dir() {
            return Ok(());
        }
        let lists = self.dir.join("used");
        private::make_dir(&lists)?;
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let own: Vec<String> = used.iter().map(|(stage, key)| format!("{}/{key}", stage.folder())).collect();
        atomic::write(&lists.join(pipeline), (own.join("\n") + "\n").as_bytes())?;
        let mut needed = BTreeSet::new();
        for list in fs::read_dir(&lists).into_iter().flatten().flatten() {
            let text = fs::read_to_string(list.path()).unwrap_or_default();
            needed.extend(text.lines().map(str::to_string));
        }
        for stage in Stage::ALL {
            for entry in fs::read_dir(self.dir.join(stage.folder())).into_iter().flatten().flatten() {
                let name = format!("{}/{}", stage.folder(), entry.file_name().to_string_lossy());
                if !needed.contains(&name) {
                    // What cannot be removed now goes after the next run.
                    let _ = fs::remove_dir_all(entry.path());
                }
            }
        }
        Ok(())
    }
}

/// Writes which files a folder holds; the last thing that is written into it.
fn seal(dir: &Path) -> Outcome<()> {
    write_json(&dir.join(SEAL), &manifest::hash_tree(dir)?)
}

/// True when a folder holds what its seal says and nothing else.
fn is_sealed(dir: &Path) -> bool {
    let Ok(sealed) = read_json::<Vec<manifest::HashedFile>>(&dir.join(SEAL)) else {
        return false;
    };
    let Ok(mut found) = manifest::hash_tree(dir) else {
        return false;
    };
    found.retain(|f| f.path != SEAL);
    found == sealed
}

/// Writes a value as JSON.
pub fn write_json(path: &Path, value: &impl serde::Serialize) -> Outcome<()> {
    let text = serde_json::to_vec(value).map_err(|e| Failure::io("write", path, &e))?;
    atomic::write(path, &text)
}

/// Reads what [`write_json`] wrote.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Outcome<T> {
    let text = fs::read(path).map_err(|e| Failure::io("read", path, &e))?;
    serde_json::from_slice(&text).map_err(|e| Failure::io("read", path, &e))
}

/// Writes a table into a result's folder.
pub fn write_table(dir: &Path, name: &str, table: &Table) -> Outcome<()> {
    parquet::write(table, &dir.join(format!("{name}.parquet")))
}

/// Rows from which on finding a table's file costs less than writing it.
const MANY_ROWS: usize = 2_000;

impl Stages {
    /// Writes a table's file, or puts the same file of an earlier round there, when the table is the same to the byte.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn publish(&self, table: &Table, path: &Path) -> Outcome<()> {
        if table.rows() < MANY_ROWS {
            return parquet::write(table, path);
        }
        let key = table_key(table);
        let found = self.find(Stage::Table, &key).map(|dir| dir.join("table.parquet"));
        if found.is_some_and(|file| fs::hard_link(file, path).is_ok()) {
            return Ok(());
        }
        parquet::write(table, path)?;
        self.put(Stage::Table, &key, |dir| {
            let kept = dir.join("table.parquet");
            fs::hard_link(path, &kept).map_err(|e| Failure::io("keep a table", &kept, &e))
        });
        Ok(())
    }
}

/// A key of what a table holds. Tables that are equal may have different keys, when they lie in memory otherwise; different
/// tables never have the same.
fn table_key(table: &Table) -> String {
    let mut key = Key::new(Stage::Table).with(format!("{:?}", table.schema));
    for column in table.batch.columns() {
        let data = column.to_data();
        key = key.with(format!("{:?} {} {}", data.data_type(), data.len(), data.offset()));
        key = match data.nulls() {
            Some(nulls) => key.with(format!("{}", nulls.offset())).with(nulls.buffer().as_slice()),
            None => key.with("all"),
        };
        for buffer in data.buffers() {
            key = key.with(buffer.as_slice());
        }
    }
    key.finish()
}

/// Reads a table of a result's folder.
pub fn read_table(dir: &Path, name: &str) -> Outcome<Table> {
    store::read(&dir.join(format!("{name}.parquet")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(stages: &Stages, key: &str, text: &str) {
        stages.put(Stage::Ingest, key, |dir| atomic::write(&dir.join("a.txt"), text.as_bytes()));
    }

    #[test]
    fn a_damaged_result_is_as_good_as_none() {
        let out = tempfile::tempdir().unwrap();
        let stages = Stages::open(out.path(), true);
        type Damage = fn(&Path);
        let damages: [Damage; 5] = [
            |dir| fs::write(dir.join("a.txt"), "bitten").unwrap(),
            |dir| fs::remove_file(dir.join("a.txt")).unwrap(),
            |dir| fs::write(dir.join("b.txt"), "more").unwrap(),
            |dir| fs::write(dir.join(SEAL), "[").unwrap(),
            |dir| fs::remove_file(dir.join(SEAL)).unwrap(),
        ];
        for damage in damages {
            put(&stages, "k", "text");
            let dir = stages.find(Stage::Ingest, "k").expect("sound");
            damage(&dir);
            assert!(stages.find(Stage::Ingest, "k").is_none());
            assert!(!dir.exists(), "it goes, so that it can be made anew");
        }
    }

    #[test]
    fn a_stopped_writer_leaves_nothing_that_is_believed() {
        let out = tempfile::tempdir().unwrap();
        let stages = Stages::open(out.path(), true);
        let part = out.path().join(FOLDER).join("ingest/.k.part");
        fs::create_dir_all(&part).unwrap();
        fs::write(part.join("a.txt"), "ha").unwrap();
        assert!(stages.find(Stage::Ingest, "k").is_none());
        put(&stages, "k", "half");
        assert_eq!(fs::read_to_string(stages.find(Stage::Ingest, "k").unwrap().join("a.txt")).unwrap(), "half");
        stages.put(Stage::Ingest, "broken", |_| Err(Failure::internal("no")));
        assert!(stages.find(Stage::Ingest, "broken").is_none());
    }

    #[test]
    fn what_no_pipeline_needs_goes() {
        let out = tempfile::tempdir().unwrap();
        let quarterly = Stages::open(out.path(), true);
        put(&quarterly, "a", "1");
        quarterly.prune("quarterly").unwrap();
        let nightly = Stages::open(out.path(), true);
        put(&nightly, "b", "2");
        nightly.prune("nightly").unwrap();
        let next = Stages::open(out.path(), true);
        put(&next, "c", "3");
        next.prune("nightly").unwrap();
        let left = |key| next.find(Stage::Ingest, key).is_some();
        assert_eq!([left("a"), left("b"), left("c")], [true, false, true]);
    }

    #[test]
    fn who_keeps_nothing_writes_nothing() {
        let out = tempfile::tempdir().unwrap();
        let stages = Stages::open(out.path(), false);
        put(&stages, "a", "1");
        stages.prune("quarterly").unwrap();
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_table_that_is_the_same_is_the_same_file_and_any_other_is_not() {
        use std::os::unix::fs::MetadataExt;
        use std::sync::Arc;

        use arrow::array::Int64Array;

        use crate::model::TableSchema;
        use crate::model::table::{Column, Kind, Privacy};
        let column = Column {
            name: "n".into(),
            title: "数".into(),
            kind: Kind::Integer,
            unit: String::new(),
            meaning: "数".into(),
            privacy: Privacy::Public,
        };
        let schema = TableSchema { name: "t".into(), title: "表".into(), grain: "行".into(), columns: vec![column] };
        let table = |last: Option<i64>| {
            let numbers = (0..MANY_ROWS as i64).map(Some).chain([last]);
            Table::new(schema.clone(), vec![Arc::new(Int64Array::from_iter(numbers))])
        };
        let out = tempfile::tempdir().unwrap();
        let stages = Stages::open(out.path(), true);
        let file = |name: &str| out.path().join(name);
        let inode = |name: &str| fs::metadata(file(name)).unwrap().ino();
        stages.publish(&table(Some(1)), &file("a")).unwrap();
        stages.publish(&table(Some(1)), &file("b")).unwrap();
        assert_eq!(inode("a"), inode("b"));
        for (name, other) in [("c", table(Some(2))), ("d", table(None))] {
            stages.publish(&other, &file(name)).unwrap();
            assert_ne!(inode("a"), inode(name));
            assert_eq!(store::read(&file(name)).unwrap().batch, other.batch);
        }
        // Written over in place, the published file takes the kept one with it; neither is believed after that.
        let sound = fs::read(file("a")).unwrap();
        fs::write(file("a"), "bitten").unwrap();
        stages.publish(&table(Some(1)), &file("e")).unwrap();
        assert_eq!(fs::read(file("e")).unwrap(), sound);
    }

    #[test]
    fn parts_of_a_key_do_not_run_together() {
        let key = |a: &str, b: &str| Key::new(Stage::Link).with(a).with(b).finish();
        assert_ne!(key("ab", "c"), key("a", "bc"));
        assert_ne!(key("a", "b"), Key::new(Stage::Ingest).with("a").with("b").finish());
    }
}
