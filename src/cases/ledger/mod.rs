//! The ledger: what must outlive a round. Who has which person id, what people have decided, how the models were fitted.
//!
//! In: the identities of a register, a round's model and offered pairs, people's decisions. Out: person ids that stay,
//! the history of each, decisions to apply. It is one SQLite file, `OUT/ledger.sqlite`, opened only by who holds the
//! lock of the folder.
//!
//! # The order of publication
//!
//! A round and its ledger change together although they are a folder and a file:
//!
//! 1. everything is computed in memory and the round is staged; the ledger's file is not touched;
//! 2. [`Ledger::prepare`] writes all rows of the run in one transaction, marked `pending`. Pending rows are never read;
//! 3. the staged round is put in its place in one system call;
//! 4. [`Ledger::publish`] marks the run `published` and drops the rows of the run it replaces, in one transaction.
//!
//! A round that fails before 2 leaves the ledger as it was; one that fails at 3 is taken back by [`Ledger::take_back`]. After
//! a crash [`Ledger::recover`] compares the pending run with the manifest of the published round: the same run id
//! means that 3 was done and only 4 is missing, any other that the round was not published and its rows go.
//!
//! | module | what it knows |
//! |---|---|
//! | `schema` | tables, versions, damage |
//! | `identity` | digests of persons and records |
//! | `persons` | matching of a register with known persons |
//! | `state` | what is known before a round |
//! | `backup` | a checked copy |
//! | `decisions` | decisions of people: offered pairs, answers, which apply |
//! | `models` | fitted models by round, and how far they moved |
//! | `deliveries` | what sources sent and what became of it; receipts that came back |
//! | `files` | cases: where each stands, every step, what rounds said of it |
//! | `orders` | work orders: what each is about, every step |
//! | `forms` | forms that went out, what came back, what was said |
//! | `since` | the last run, what people took in since an earlier copy, copies |
//! | `history` | the table `person_history` |

mod backup;
mod decisions;
mod deliveries;
mod files;
mod forms;
mod history;
mod identity;
mod models;
mod orders;
mod persons;
mod schema;
mod since;
mod state;
#[cfg(test)]
mod tests;

pub use backup::Copied;
pub use decisions::{Answer, Decision, DecisionsRead, Offer, Recorded, token};
pub use deliveries::{Delivered, Deliveries, DeliveryState, KeptFile, ReceiptEntry, digest};
pub use files::{
    Applied, CaseChange, CaseEvent, CaseRound, CaseState, Changes, Import, PROGRAM, case_id, case_number, stops,
};
pub use forms::{FormEntry, Return};
pub use history::person_history;
pub use identity::{Identity, RecordKey, identities, record_keys};
pub use models::{Drift, FittedModel, Levels, drift};
pub use orders::{Opening, OrderState, closed};
pub use persons::{Assigned, Event, EventKind, Known, Standing, assign};
pub use state::{Past, State};

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use crate::diag::{Failure, Outcome};
use crate::model::form::Issued;
use schema::failed;

/// Name of the ledger's file in the output folder.
pub const FILE: &str = "ledger.sqlite";

/// An id as the tables have it.
pub fn person_id(person: u32) -> String {
    format!("P{person:07}")
}

/// The running number of an id as the tables have it.
pub fn person_number(id: &str) -> Option<u32> {
    id.strip_prefix('P')?.parse().ok().filter(|n| *n > 0)
}

/// Which round a run is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunKey {
    /// Name of the round.
    pub round: String,
    /// Day of the judgement; rounds are in the order of their days.
    pub as_of: String,
    /// The run's id in the manifest.
    pub run_id: String,
}

/// What a run adds to the ledger.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Ids and events.
    pub persons: Assigned,
    /// Pairs that people are asked about.
    pub offers: Vec<Offer>,
    /// The models as used.
    pub models: Vec<FittedModel>,
    /// What changed about deliveries.
    pub deliveries: Vec<Delivered>,
    /// Corrected receipts that are new.
    pub receipts: Vec<ReceiptEntry>,
    /// What the round says about cases.
    pub cases: CaseChange,
    /// Forms that go out with the round.
    pub forms: Vec<Issued>,
}

/// The open ledger.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    connection: Connection,
    /// True while no file is there: the first run makes it when it publishes.
    fresh: bool,
}

impl Ledger {
    /// Opens the ledger of an output folder; a folder without one begins with an empty ledger that is in no file yet.
    ///
    /// # Errors
    /// The file is damaged (`ledger.corrupt`), of a newer version (`ledger.newer`), no ledger (`ledger.foreign`) or held
    /// by another program (`ledger.busy`). Nothing is changed then.
    pub fn open(out: &Path) -> Outcome<Ledger> {
        let path = out.join(FILE);
        let fresh = !path.exists();
        let connection = if fresh { schema::in_memory(&path)? } else { schema::open(&path, schema::MIGRATIONS)? };
        Ok(Ledger { path, connection, fresh })
    }

    fn fail(&self, what: &str) -> impl Fn(rusqlite::Error) -> Failure + use<> {
        let (what, path) = (what.to_string(), self.path.clone());
        move |e| failed(&what, &path, &e)
    }

    /// The key of the digests.
    pub fn salt(&self) -> Outcome<Vec<u8>> {
        let query = "SELECT value FROM meta WHERE key = 'salt'";
        self.connection.query_row(query, [], |row| row.get(0)).map_err(self.fail("read the ledger"))
    }

    /// The run that a stopped program left pending.
    pub fn pending(&self) -> Outcome<Option<RunKey>> {
        let query = "SELECT round, as_of, run_id FROM run WHERE state = 'pending'";
        let key = |row: &rusqlite::Row| Ok(RunKey { round: row.get(0)?, as_of: row.get(1)?, run_id: row.get(2)? });
        self.connection.query_row(query, [], key).optional().map_err(self.fail("read the ledger"))
    }

    /// Finishes or takes back what a stopped program left pending; `published` is the run id of the published round of
    /// that name, if there is one. True when there was something to do.
    pub fn recover(&mut self, published: impl FnOnce(&str) -> Option<String>) -> Outcome<bool> {
        let Some(key) = self.pending()? else {
            return Ok(false);
        };
        if published(&key.round).as_ref() == Some(&key.run_id) {
            self.publish()?
        } else {
            self.take_back()?
        }
        Ok(true)
    }

    /// Writes a run's rows as pending, in one transaction.
    pub fn prepare(&mut self, key: &RunKey, change: &Change) -> Outcome<()> {
        self.make_file()?;
        let fail = self.fail("write the ledger");
        self.write_pending(key, change).map_err(fail)
    }

    fn write_pending(&mut self, key: &RunKey, change: &Change) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        transaction.execute(
            "INSERT INTO run (round, as_of, run_id, state) VALUES (?1, ?2, ?3, 'pending')",
            params![key.round, key.as_of, key.run_id],
        )?;
        let run = transaction.last_insert_rowid();
        state::write(&transaction, run, &change.persons)?;
        decisions::write_offers(&transaction, run, &key.round, &change.offers)?;
        models::write(&transaction, run, &change.models)?;
        deliveries::write(&transaction, run, key, &change.deliveries, &change.receipts)?;
        files::write(&transaction, run, (&key.round, &key.as_of), &change.cases)?;
        forms::write(&transaction, Some(run), &change.forms)?;
        transaction.commit()
    }

    /// Marks the pending run as published; the run of the same round that it replaces goes.
    pub fn publish(&mut self) -> Outcome<()> {
        let fail = self.fail("write the ledger");
        let work = |ledger: &mut Ledger| -> rusqlite::Result<()> {
            let transaction = ledger.connection.transaction()?;
            transaction.execute_batch(
                "CREATE TEMP TABLE old AS SELECT run FROM run WHERE state = 'published'
                   AND round IN (SELECT round FROM run WHERE state = 'pending');
                 DELETE FROM identity WHERE run IN old;
                 DELETE FROM event WHERE run IN old;
                 DELETE FROM model WHERE run IN old;
                 DELETE FROM case_round WHERE run IN old;
                 DELETE FROM said WHERE EXISTS (SELECT 1 FROM old) AND said NOT IN (SELECT said FROM case_round);
                 DELETE FROM run WHERE run IN old;
                 DROP TABLE old;
                 UPDATE run SET state = 'published' WHERE state = 'pending';",
            )?;
            transaction.commit()
        };
        work(self).map_err(fail)
    }

    /// Removes the pending run: its round was not published. A ledger that held nothing else goes with it.
    pub fn take_back(&mut self) -> Outcome<()> {
        let fail = self.fail("write the ledger");
        let work = |ledger: &mut Ledger| -> rusqlite::Result<i64> {
            let transaction = ledger.connection.transaction()?;
            transaction.execute_batch(
                "CREATE TEMP TABLE old AS SELECT run FROM run WHERE state = 'pending';
                 DELETE FROM identity WHERE run IN old;
                 DELETE FROM event WHERE run IN old;
                 DELETE FROM model WHERE run IN old;
                 DELETE FROM offer WHERE run IN old;
                 DELETE FROM person WHERE run IN old;
                 DELETE FROM delivered_file WHERE entry IN (SELECT entry FROM delivery WHERE run IN old);
                 DELETE FROM delivery WHERE run IN old;
                 DELETE FROM receipt WHERE run IN old;
                 DELETE FROM case_event WHERE run IN old;
                 DELETE FROM case_round WHERE run IN old;
                 DELETE FROM said WHERE EXISTS (SELECT 1 FROM old) AND said NOT IN (SELECT said FROM case_round);
                 DELETE FROM case_file WHERE run IN old;
                 DELETE FROM form_row WHERE form IN (SELECT form FROM form WHERE run IN old);
                 DELETE FROM form WHERE run IN old;
                 DELETE FROM run WHERE run IN old;
                 DROP TABLE old;",
            )?;
            transaction.commit()?;
            ledger.connection.query_row("SELECT count(*) FROM run", [], |row| row.get(0))
        };
        let runs = work(self).map_err(fail)?;
        if runs == 0 {
            self.connection = schema::in_memory(&self.path)?;
            std::fs::remove_file(&self.path).map_err(|e| Failure::io("remove the empty ledger", &self.path, &e))?;
            self.fresh = true;
        }
        Ok(())
    }

    /// Puts a ledger that is only in memory into its file, whole or not at all.
    fn make_file(&mut self) -> Outcome<()> {
        if !self.fresh {
            return Ok(());
        }
        let part = self.path.with_file_name(format!(".{FILE}.part"));
        let io = |what: &'static str, path: &Path| {
            let path = path.to_path_buf();
            move |e: std::io::Error| Failure::io(what, &path, &e)
        };
        if part.exists() {
            std::fs::remove_file(&part).map_err(io("remove a half-made ledger", &part))?;
        }
        // It holds what people said of each other: its owner's alone, before SQLite writes the first page. What SQLite puts
        // beside a file (-wal, -shm, -journal) takes the file's own permissions.
        let mut options = std::fs::OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(options.write(true).create_new(true), 0o600);
        options.open(&part).map_err(io("make the ledger's file", &part))?;
        let target = part.display().to_string();
        self.connection.execute("VACUUM INTO ?1", [target]).map_err(self.fail("make the ledger"))?;
        std::fs::File::open(&part).and_then(|f| f.sync_all()).map_err(io("bring the ledger to disk", &part))?;
        std::fs::rename(&part, &self.path).map_err(io("put the ledger in place", &self.path))?;
        if let Some(folder) = self.path.parent() {
            std::fs::File::open(folder).and_then(|f| f.sync_all()).map_err(io("bring the ledger to disk", folder))?;
        }
        self.connection = schema::open(&self.path, schema::MIGRATIONS)?;
        self.fresh = false;
        Ok(())
    }
}
