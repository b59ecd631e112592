//! The ledger's file: its tables, their version, and how an unusable one is told.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};

/// "bidu", in the file's head: tells a ledger from any other SQLite file.
pub(super) const APPLICATION: i32 = 0x6269_6475;

/// One script per version; the file's `user_version` says how many it has had. Never change one that was released.
pub(super) const MIGRATIONS: &[&str] = &[VERSION_1, VERSION_2, VERSION_3, VERSION_4];

const VERSION_1: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('salt', randomblob(32));
-- One pending run at most, and one published run for each round.
CREATE TABLE run (
  run INTEGER PRIMARY KEY, round TEXT NOT NULL, as_of TEXT NOT NULL, run_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'published')), UNIQUE (round, state));
-- An id is never given twice, even when the run that gave it was replaced: rows stay.
CREATE TABLE person (
  person INTEGER PRIMARY KEY, run INTEGER NOT NULL,
  number INTEGER NOT NULL, name INTEGER NOT NULL, home INTEGER NOT NULL, household INTEGER NOT NULL,
  whole INTEGER NOT NULL);
CREATE TABLE identity (
  run INTEGER NOT NULL, person INTEGER NOT NULL,
  number INTEGER NOT NULL, name INTEGER NOT NULL, home INTEGER NOT NULL, household INTEGER NOT NULL,
  whole INTEGER NOT NULL, PRIMARY KEY (run, person)) WITHOUT ROWID;
CREATE TABLE event (
  run INTEGER NOT NULL, person INTEGER NOT NULL, kind TEXT NOT NULL, other INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run, person, kind, other)) WITHOUT ROWID;
CREATE TABLE offer (
  token TEXT PRIMARY KEY, run INTEGER NOT NULL, round TEXT NOT NULL, source TEXT NOT NULL, record_id TEXT NOT NULL,
  record INTEGER NOT NULL, person INTEGER NOT NULL, status TEXT NOT NULL, number_level TEXT NOT NULL,
  name_level TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE decision (
  decision INTEGER PRIMARY KEY, source TEXT NOT NULL, record INTEGER NOT NULL, person INTEGER NOT NULL,
  same INTEGER NOT NULL, round TEXT NOT NULL, record_id TEXT NOT NULL, status TEXT NOT NULL,
  number_level TEXT NOT NULL, name_level TEXT NOT NULL, decided_by TEXT NOT NULL, decided_on TEXT NOT NULL,
  reason TEXT NOT NULL);
CREATE TABLE model (
  run INTEGER NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, parameters TEXT NOT NULL,
  PRIMARY KEY (run, name)) WITHOUT ROWID;
";

const VERSION_2: &str = "
-- What sources delivered. Entries are added, never changed, and stay when the run that added them is replaced.
CREATE TABLE delivery (
  entry INTEGER PRIMARY KEY, run INTEGER NOT NULL, round TEXT NOT NULL, as_of TEXT NOT NULL, source TEXT NOT NULL,
  digest TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('used', 'refused', 'held')), accepted INTEGER NOT NULL,
  rows INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE TABLE delivered_file (
  entry INTEGER NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (entry, path)) WITHOUT ROWID;
-- Receipts that came back corrected; the same workbook again only when a person accepts it.
CREATE TABLE receipt (
  entry INTEGER PRIMARY KEY, run INTEGER NOT NULL, round TEXT NOT NULL, as_of TEXT NOT NULL, source TEXT NOT NULL,
  accepted INTEGER NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL);
";

const VERSION_3: &str = "
-- What people brought in: a filled form, a decision at the keyboard. What follows from one is in the same transaction.
CREATE TABLE import (
  import INTEGER PRIMARY KEY, kind TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL, day TEXT NOT NULL,
  by TEXT NOT NULL, details TEXT NOT NULL);
-- One case for each household in trouble; its number is never given twice.
CREATE TABLE case_file (
  case_id INTEGER PRIMARY KEY, run INTEGER, round TEXT NOT NULL, opened_on TEXT NOT NULL, anchor TEXT NOT NULL);
-- What one round says about a case; replaced with its run.
CREATE TABLE case_round (
  run INTEGER NOT NULL, case_id INTEGER NOT NULL, said TEXT NOT NULL, PRIMARY KEY (run, case_id)) WITHOUT ROWID;
-- Every step of every case. Steps are added, never changed: the last one says where a case stands.
CREATE TABLE case_event (
  event INTEGER PRIMARY KEY, case_id INTEGER NOT NULL, run INTEGER, import INTEGER, round TEXT NOT NULL,
  cause TEXT NOT NULL, from_state TEXT NOT NULL, to_state TEXT NOT NULL, day TEXT NOT NULL, by TEXT NOT NULL,
  reason TEXT NOT NULL, file TEXT NOT NULL, details TEXT NOT NULL);
CREATE INDEX case_event_of ON case_event (case_id, event);
-- One order for each risk of a decided household; its steps as those of cases.
CREATE TABLE work_order (
  order_id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL, cause TEXT NOT NULL, department TEXT NOT NULL,
  import INTEGER, opened_on TEXT NOT NULL, details TEXT NOT NULL);
CREATE TABLE order_event (
  event INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, import INTEGER, cause TEXT NOT NULL, from_state TEXT NOT NULL,
  to_state TEXT NOT NULL, day TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL, file TEXT NOT NULL,
  details TEXT NOT NULL);
CREATE INDEX order_event_of ON order_event (order_id, event);
-- Workbooks that went out, with what stood in their locked cells, and what came back.
CREATE TABLE form (
  form TEXT PRIMARY KEY, kind TEXT NOT NULL, run INTEGER, round TEXT NOT NULL, township_code TEXT NOT NULL,
  township TEXT NOT NULL, issued_on TEXT NOT NULL, due_on TEXT NOT NULL, details TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE form_row (
  token TEXT PRIMARY KEY, form TEXT NOT NULL, case_id INTEGER, order_id INTEGER, shown TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX form_row_of ON form_row (form);
CREATE TABLE form_return (
  entry INTEGER PRIMARY KEY, import INTEGER NOT NULL, form TEXT NOT NULL, counts TEXT NOT NULL);
CREATE TABLE form_answer (
  entry INTEGER NOT NULL, token TEXT NOT NULL, answer TEXT NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (entry, token)) WITHOUT ROWID;
";

const VERSION_4: &str = "
-- What rounds say of cases, kept once however often they say it: from night to night most of it is the same. Rows of before
-- have no digest and are never found again.
CREATE TABLE said (said INTEGER PRIMARY KEY, digest BLOB UNIQUE, words TEXT NOT NULL);
CREATE TEMP TABLE before AS
  SELECT row_number() OVER (ORDER BY run, case_id) AS said, run, case_id, said AS words FROM case_round;
INSERT INTO said SELECT said, NULL, words FROM before ORDER BY said;
DROP TABLE case_round;
CREATE TABLE case_round (
  run INTEGER NOT NULL, case_id INTEGER NOT NULL, said INTEGER NOT NULL, PRIMARY KEY (run, case_id)) WITHOUT ROWID;
CREATE INDEX case_round_of ON case_round (case_id);
INSERT INTO case_round SELECT run, case_id, said FROM before;
DROP TABLE before;
";

/// An empty ledger that is in no file yet.
pub(super) fn in_memory(path: &Path) -> Outcome<Connection> {
    let connection = Connection::open_in_memory().map_err(|e| failed("make the ledger", path, &e))?;
    connection
        .pragma_update(None, "application_id", APPLICATION)
        .and_then(|()| migrate(&connection, 0, MIGRATIONS))
        .map_err(|e| failed("make the ledger", path, &e))?;
    Ok(connection)
}

/// Opens a ledger's file, sound and of this program's version; an older one is brought up to it, after a copy was put
/// beside it.
pub(super) fn open(path: &Path, migrations: &[&str]) -> Outcome<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Opened by SQLite, an empty file would pass for a new one.
    if std::fs::metadata(path).is_ok_and(|m| m.len() == 0) {
        return Err(corrupt(path));
    }
    let connection = Connection::open_with_flags(path, flags).map_err(|e| failed("open the ledger", path, &e))?;
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let ours = number("application_id").map_err(|e| failed("read the ledger", path, &e))?;
    if ours != i64::from(APPLICATION) {
        return Err(refused(
            "ledger.foreign",
            "this is an SQLite file, but no ledger of bidui".into(),
            "put the ledger back in its place, or move this file away to begin a new ledger",
            path,
        ));
    }
    let version = number("user_version").map_err(|e| failed("read the ledger", path, &e))?;
    let newest = migrations.len() as i64;
    if version > newest {
        return Err(refused(
            "ledger.newer",
            format!("the ledger has version {version}; this program knows versions up to {newest}"),
            "use the newer bidui that wrote it; nothing was changed",
            path,
        ));
    }
    // A rollback journal and not a write-ahead log: between commands the ledger is one file, which can be copied, hashed and put
    // back (`runs undo`, `backup`), and it also works where an office keeps its folder on a file server, where a log cannot be
    // shared. EXTRA also brings the journal's removal to disk: what was told as done is done, whatever fails next.
    connection
        .pragma_update_and_check(None, "journal_mode", "delete", |row| row.get::<_, String>(0))
        .and_then(|_| connection.pragma_update(None, "synchronous", "extra"))
        .map_err(|e| failed("open the ledger", path, &e))?;
    let check: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|e| failed("check the ledger", path, &e))?;
    if check != "ok" {
        return Err(corrupt(path));
    }
    if version < newest {
        let copy = backup_path(path, version);
        std::fs::copy(path, &copy)
            .and_then(|_| std::fs::File::open(&copy)?.sync_all())
            .map_err(|e| Failure::io("copy the ledger before its change of version", &copy, &e))?;
        let from = usize::try_from(version).unwrap_or(0);
        migrate(&connection, from, migrations).map_err(|e| failed("bring the ledger to its new version", path, &e))?;
    }
    Ok(connection)
}

/// Where the copy of a ledger of an older version is put.
pub(super) fn backup_path(path: &Path, version: i64) -> PathBuf {
    path.with_extension(format!("v{version}.bak"))
}

/// All missing migrations in one transaction: the file has its old version or its new one.
fn migrate(connection: &Connection, from: usize, migrations: &[&str]) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    for script in &migrations[from..] {
        transaction.execute_batch(script)?;
    }
    transaction.pragma_update(None, "user_version", migrations.len() as i64)?;
    transaction.commit()
}

/// An SQLite error as a failure; damage is told with what can be done about it.
pub(super) fn failed(what: &str, path: &Path, error: &rusqlite::Error) -> Failure {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => corrupt(path),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Failure::one(
            FailureClass::Locked,
            Diagnostic::error("ledger.busy", "another program holds the ledger open", place(path))
                .hint("close the program that shows the ledger, then try again"),
        ),
        _ => Failure::io(what, path, error),
    }
}

fn corrupt(path: &Path) -> Failure {
    refused(
        "ledger.corrupt",
        "the ledger is damaged; person ids and decisions cannot be read from it".into(),
        "put a sound copy of ledger.sqlite back from the backup and run again; without one, move the file away: ids \
         then begin anew and decisions have to be brought in again (`bidui decide` with the filled workbooks)",
        path,
    )
}

fn refused(code: &'static str, message: String, hint: &str, path: &Path) -> Failure {
    Failure::one(FailureClass::Io, Diagnostic::error(code, message, place(path)).hint(hint))
}

fn place(path: &Path) -> Place {
    Place::file(path.display().to_string())
}
