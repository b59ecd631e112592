//! A copy of the ledger for the backup: one transaction's view of it, checked before it gets its name.

use std::fs::{self, File};
use std::path::Path;

use rusqlite::Connection;

use super::schema::{MIGRATIONS, failed};
use super::{FILE, Ledger, schema};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Copied {
    /// Tables, and the rows of all of them.
    pub tables: usize,
    /// Rows.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

impl Ledger {
    /// Writes a copy to `to`, whole or not at all, for its owner alone. The copy is opened, checked page by page
    /// (`integrity_check`) and held against the ledger row count by row count before it takes the place of an older one.
    ///
    /// # Errors
    /// There is no ledger yet (66), the copy cannot be written (74) or is not as the ledger is (70).
    pub fn copy_to(&self, to: &Path) -> Outcome<Copied> {
        if self.fresh {
            let place = Place::file(self.path.display().to_string());
            let problem = Diagnostic::error("ledger.none", "there is no ledger to copy", place)
                .hint("name the folder of the rounds with --out; its first run makes the ledger");
            return Err(Failure::one(FailureClass::InputMissing, problem));
        }
        let name = to.file_name().map_or_else(|| FILE.into(), |n| n.to_string_lossy().into_owned());
        let part = to.with_file_name(format!(".{name}.part"));
        let io = |what: &'static str, path: &Path| {
            let path = path.to_path_buf();
            move |e: std::io::Error| Failure::io(what, &path, &e)
        };
        if part.exists() {
            fs::remove_file(&part).map_err(io("remove a half-made copy", &part))?;
        }
        let made = self.copy_checked(&part).and_then(|copied| {
            let own = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(&part, own).map_err(io("set the permissions of the copy", &part))?;
            File::open(&part).and_then(|f| f.sync_all()).map_err(io("bring the copy to disk", &part))?;
            fs::rename(&part, to).map_err(io("put the copy in place", to))?;
            let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(folder).and_then(|f| f.sync_all()).map_err(io("bring the folder to disk", folder))?;
            Ok(copied)
        });
        if made.is_err() {
            let _ = fs::remove_file(&part);
        }
        made
    }

    fn copy_checked(&self, part: &Path) -> Outcome<Copied> {
        self.connection
            .execute("VACUUM INTO ?1", [part.display().to_string()])
            .map_err(self.fail("copy the ledger"))?;
        let copy = schema::open(part, MIGRATIONS)?;
        let fail = |e: rusqlite::Error| failed("read the copy", part, &e);
        let sound: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(fail)?;
        let (own, other) =
            (counts(&self.connection).map_err(self.fail("count the ledger"))?, counts(&copy).map_err(fail)?);
        if sound != "ok" || own != other {
            return Err(Failure::internal("the copy of the ledger is not as the ledger is; it was thrown away"));
        }
        drop(copy);
        let bytes = fs::metadata(part).map_err(|e| Failure::io("read the copy", part, &e))?.len();
        Ok(Copied { tables: own.len(), rows: own.iter().map(|(_, n)| n).sum(), bytes })
    }

    /// What SQLite finds wrong with the file when it looks at every page; nothing when it is sound.
    ///
    /// # Errors
    /// The file cannot be read (74).
    pub fn integrity(&self) -> Outcome<Vec<String>> {
        let fail = self.fail("check the ledger");
        let mut query = self.connection.prepare("PRAGMA integrity_check(10)").map_err(&fail)?;
        let found = query.query_map([], |row| row.get::<_, String>(0)).map_err(&fail)?;
        let told: Vec<String> = found.collect::<rusqlite::Result<_>>().map_err(&fail)?;
        Ok(told.into_iter().filter(|t| t != "ok").collect())
    }
}

fn counts(connection: &Connection) -> rusqlite::Result<Vec<(String, u64)>> {
    let mut query = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")?;
    let names: Vec<String> = query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    names
        .into_iter()
        .map(|name| {
            let n: i64 = connection.query_row(&format!("SELECT count(*) FROM {name}"), [], |row| row.get(0))?;
            Ok((name, u64::try_from(n).unwrap_or(0)))
        })
        .collect()
}
