//! A round is staged beside the published ones and put in their place in one step: readers see the old or the new.

use std::fs;
use std::path::{Path, PathBuf};

use super::private;
use crate::diag::{Failure, Outcome};

/// A round being made.
#[derive(Debug)]
pub struct Staging {
    out: PathBuf,
    round: String,
    dir: PathBuf,
}

impl Staging {
    /// An empty staging folder for a round; what a stopped run left there is cleared.
    pub fn new(out: &Path, round: &str) -> Outcome<Self> {
        let dir = out.join(".staging").join(round);
        if dir.exists() {
            fs::remove_dir_all(&dir).map_err(|e| Failure::io("clear the staging folder", &dir, &e))?;
        }
        private::make_dir(&dir)?;
        Ok(Staging { out: out.to_path_buf(), round: round.to_string(), dir })
    }

    /// The staging folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Puts the staged round in the place of the published one and returns that place.
    ///
    /// Everything staged is synced first; the exchange is one system call; the old set goes to `replaced` after it.
    pub fn publish(self, replaced: &Path) -> Outcome<PathBuf> {
        let rounds = self.out.join("rounds");
        let target = rounds.join(&self.round);
        private::make_dir(&rounds)?;
        sync_tree(&self.dir)?;
        if target.exists() {
            exchange(&self.dir, &target).map_err(|e| Failure::io("publish the round", &target, &e))?;
            sync_dir(&rounds)?;
            // What lies in staging now is the old set; readers no longer see it.
            fs::rename(&self.dir, replaced).map_err(|e| Failure::io("put the old round aside", replaced, &e))?;
        } else {
            fs::rename(&self.dir, &target).map_err(|e| Failure::io("publish the round", &target, &e))?;
            sync_dir(&rounds)?;
        }
        // Only an empty staging folder goes; another round's remains are not ours to touch.
        let _ = fs::remove_dir(self.out.join(".staging"));
        Ok(target)
    }
}

/// Exchanges two folders in one step.
pub(super) fn exchange(a: &Path, b: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).map_err(std::io::Error::from)
}

fn sync_dir(dir: &Path) -> Outcome<()> {
    fs::File::open(dir).and_then(|f| f.sync_all()).map_err(|e| Failure::io("sync", dir, &e))
}

fn sync_tree(dir: &Path) -> Outcome<()> {
    let entries = fs::read_dir(dir).map_err(|e| Failure::io("list", dir, &e))?;
    for entry in entries {
        let path = entry.map_err(|e| Failure::io("list", dir, &e))?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        } else {
            private::only_owner(&path)?;
            fs::File::open(&path).and_then(|f| f.sync_all()).map_err(|e| Failure::io("sync", &path, &e))?;
        }
    }
    private::only_owner(dir)?;
    sync_dir(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_publication_replaces_the_first_whole() {
        let out = tempfile::tempdir().unwrap();
        let first = Staging::new(out.path(), "2026Q3").unwrap();
        fs::write(first.dir().join("old.txt"), "old").unwrap();
        let target = first.publish(&out.path().join("one")).unwrap();
        assert!(target.join("old.txt").exists());

        let second = Staging::new(out.path(), "2026Q3").unwrap();
        fs::write(second.dir().join("new.txt"), "new").unwrap();
        assert!(target.join("old.txt").exists(), "nothing changes before publication");
        let target = second.publish(&out.path().join("two")).unwrap();
        assert!(!target.join("old.txt").exists() && target.join("new.txt").exists());
        assert!(out.path().join("two/old.txt").exists() && !out.path().join("one").exists());
        assert!(!out.path().join(".staging").exists());
    }

    #[test]
    fn remains_of_a_stopped_run_are_cleared() {
        let out = tempfile::tempdir().unwrap();
        let stopped = Staging::new(out.path(), "2026Q3").unwrap();
        fs::write(stopped.dir().join("half.parquet"), "x").unwrap();
        drop(stopped);
        let next = Staging::new(out.path(), "2026Q3").unwrap();
        assert!(!next.dir().join("half.parquet").exists());
    }
}
