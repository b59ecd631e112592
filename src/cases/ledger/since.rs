//! Which run came last, what people have taken in since an earlier state of the ledger, to what it still refers, and copies of it.

use std::path::Path;

use rusqlite::{OptionalExtension, params};

use super::{KeptFile, Ledger, RunKey};
use crate::diag::{Failure, Outcome};

/// What people take into the ledger, by table, in words.
const BY_PEOPLE: [(&str, &str, &str); 6] = [
    ("decision", "1", "decisions about links"),
    ("import", "1", "imports and decisions at the keyboard"),
    ("case_event", "import IS NOT NULL OR run IS NULL", "steps of cases"),
    ("work_order", "1", "work orders"),
    ("order_event", "1", "steps of work orders"),
    ("form", "run IS NULL", "forms written outside of rounds"),
];

impl Ledger {
    /// The run that was published last.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn newest(&self) -> Outcome<Option<RunKey>> {
        let query = "SELECT round, as_of, run_id FROM run WHERE state = 'published' ORDER BY run DESC LIMIT 1";
        let key = |row: &rusqlite::Row| Ok(RunKey { round: row.get(0)?, as_of: row.get(1)?, run_id: row.get(2)? });
        self.connection.query_row(query, [], key).optional().map_err(self.fail("read the ledger"))
    }

    /// What people have taken in that an earlier copy of the ledger does not have, in words and counted; empty when nothing.
    ///
    /// # Errors
    /// One of the two cannot be read.
    pub fn since(&self, earlier: &Path) -> Outcome<Vec<(&'static str, i64)>> {
        let work = || -> rusqlite::Result<Vec<(&'static str, i64)>> {
            self.connection.execute("ATTACH DATABASE ?1 AS earlier", params![earlier.display().to_string()])?;
            let count = |schema: &str, table: &str, which: &str| -> rusqlite::Result<i64> {
                let known: i64 = self.connection.query_row(
                    &format!("SELECT count(*) FROM {schema}.sqlite_master WHERE type = 'table' AND name = ?1"),
                    [table],
                    |row| row.get(0),
                )?;
                if known == 0 {
                    return Ok(0);
                }
                let query = format!("SELECT count(*) FROM {schema}.{table} WHERE {which}");
                self.connection.query_row(&query, [], |row| row.get(0))
            };
            let mut found = Vec::new();
            for (table, which, words) in BY_PEOPLE {
                let more = count("main", table, which)? - count("earlier", table, which)?;
                if more != 0 {
                    found.push((words, more));
                }
            }
            Ok(found)
        };
        let found = work();
        // A schema that was not attached needs no leaving.
        let _ = self.connection.execute_batch("DETACH DATABASE earlier");
        found.map_err(self.fail("compare the ledger with its earlier copy"))
    }

    /// Rounds of which a form has not come back.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn forms_out(&self) -> Outcome<Vec<String>> {
        let work = || -> rusqlite::Result<Vec<String>> {
            let mut query = self.connection.prepare(
                "SELECT DISTINCT round FROM form WHERE run IS NOT NULL AND form NOT IN (SELECT form FROM form_return)
                 ORDER BY round",
            )?;
            query.query_map([], |row| row.get(0))?.collect()
        };
        work().map_err(self.fail("read the ledger"))
    }

    /// Every delivered file and receipt that the ledger knows.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn kept_files(&self) -> Outcome<Vec<KeptFile>> {
        let work = || -> rusqlite::Result<Vec<KeptFile>> {
            let mut query = self.connection.prepare(
                "SELECT path, sha256, bytes FROM delivered_file UNION SELECT path, sha256, bytes FROM receipt",
            )?;
            let file = |row: &rusqlite::Row| {
                let bytes: i64 = row.get(2)?;
                Ok(KeptFile { path: row.get(0)?, sha256: row.get(1)?, bytes: bytes.unsigned_abs() })
            };
            query.query_map([], file)?.collect()
        };
        work().map_err(self.fail("read the ledger"))
    }

    /// Copies the ledger as it is; one that is in no file yet is put into its file first.
    ///
    /// # Errors
    /// Something cannot be written.
    pub fn snapshot_to(&mut self, to: &Path) -> Outcome<()> {
        self.make_file()?;
        let failed = |e: std::io::Error| Failure::io("copy the ledger", to, &e);
        std::fs::copy(&self.path, to).map_err(failed)?;
        std::fs::File::open(to).and_then(|f| f.sync_all()).map_err(failed)
    }
}
