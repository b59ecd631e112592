//! What the ledger knows before a round: persons, where they stand, and what happened to them until then.

use rusqlite::{Transaction, params};

use super::identity::Identity;
use super::persons::{Assigned, Event, EventKind, Known, Standing};
use super::{Ledger, schema};
use crate::diag::Outcome;

/// An event with its round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Position of the round in [`State::rounds`].
    pub round: u32,
    /// What happened.
    pub event: Event,
}

/// The ledger before a round.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Persons, by running number.
    pub known: Vec<Known>,
    /// The first running number that was never given.
    pub next: u32,
    /// Published rounds before this one, in order.
    pub rounds: Vec<String>,
    /// Published rounds after this one, in order: their ids stay whatever this round finds.
    pub later: Vec<String>,
    /// What happened in them, by round and person.
    pub past: Vec<Past>,
}

impl State {
    /// Position of a person in `known`.
    pub fn find(&self, person: u32) -> Option<usize> {
        self.known.binary_search_by_key(&person, |k| k.person).ok()
    }
}

/// Digests are unsigned and SQLite's integers are not: the bits are kept.
pub(super) fn stored(digest: u64) -> i64 {
    i64::from_ne_bytes(digest.to_ne_bytes())
}

pub(super) fn loaded(stored: i64) -> u64 {
    u64::from_ne_bytes(stored.to_ne_bytes())
}

fn identity(row: &rusqlite::Row, first: usize) -> rusqlite::Result<Identity> {
    let part = |i: usize| row.get::<_, i64>(first + i).map(loaded);
    Ok(Identity { number: part(0)?, name: part(1)?, home: part(2)?, household: part(3)?, whole: part(4)? })
}

impl Ledger {
    /// The ledger as it was before a round of a day; the round's own earlier run does not count.
    pub fn state_before(&self, round: &str, as_of: &str) -> Outcome<State> {
        self.read_state(round, as_of).map_err(|e| schema::failed("read the ledger", &self.path, &e))
    }

    fn read_state(&self, round: &str, as_of: &str) -> rusqlite::Result<State> {
        let mut state = State::default();
        let mut query = self.connection.prepare(
            "SELECT person, number, name, home, household, whole FROM person
             WHERE run NOT IN (SELECT run FROM run WHERE state = 'pending') ORDER BY person",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let (person, identity) = (row.get(0)?, identity(row, 1)?);
            state.known.push(Known { person, identity, standing: Standing::Reserved });
        }
        state.next = state.known.last().map_or(1, |k| k.person + 1);

        let mut query = self.connection.prepare(
            "SELECT run, round, (as_of, round) < (?2, ?1) FROM run WHERE state = 'published' AND round <> ?1
             ORDER BY as_of, round",
        )?;
        let runs = query.query_map([round, as_of], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let runs: Vec<(i64, String, bool)> = runs.collect::<Result<_, _>>()?;
        for (run, name, before) in runs {
            if !before {
                state.later.push(name);
                continue;
            }
            let at = state.rounds.len() as u32;
            state.rounds.push(name);
            self.follow(run, at, &mut state)?;
        }
        Ok(state)
    }

    /// Applies one run's events and changed identities.
    fn follow(&self, run: i64, round: u32, state: &mut State) -> rusqlite::Result<()> {
        let mut query = self.connection.prepare(
            "SELECT person, number, name, home, household, whole FROM identity WHERE run = ?1 ORDER BY person",
        )?;
        let mut rows = query.query([run])?;
        while let Some(row) = rows.next()? {
            if let Some(at) = state.find(row.get(0)?) {
                state.known[at].identity = identity(row, 1)?;
            }
        }
        let mut query = self.connection.prepare("SELECT person, kind, other FROM event WHERE run = ?1")?;
        let mut rows = query.query([run])?;
        let first = state.past.len();
        while let Some(row) = rows.next()? {
            let Some(kind) = EventKind::of(row.get_ref(1)?.as_str()?) else { continue };
            let event = Event { person: row.get(0)?, kind, other: row.get(2)? };
            state.past.push(Past { round, event });
            if let Some(at) = state.find(event.person) {
                let standing = &mut state.known[at].standing;
                match kind {
                    EventKind::Created | EventKind::Returned | EventKind::SplitFrom => *standing = Standing::Present,
                    EventKind::Gone => *standing = Standing::Gone,
                    EventKind::MergedInto => *standing = Standing::Merged(event.other),
                    EventKind::NumberChanged | EventKind::NameChanged => {}
                }
            }
        }
        state.past[first..].sort_by_key(|p| p.event);
        Ok(())
    }
}

/// Writes the persons of a run.
pub(super) fn write(transaction: &Transaction, run: i64, persons: &Assigned) -> rusqlite::Result<()> {
    let mut person = transaction.prepare("INSERT INTO person VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for (number, i) in &persons.created {
        let d = [i.number, i.name, i.home, i.household, i.whole].map(stored);
        person.execute(params![number, run, d[0], d[1], d[2], d[3], d[4]])?;
    }
    let mut identity = transaction.prepare("INSERT INTO identity VALUES (?2, ?1, ?3, ?4, ?5, ?6, ?7)")?;
    for (number, i) in &persons.changed {
        let d = [i.number, i.name, i.home, i.household, i.whole].map(stored);
        identity.execute(params![number, run, d[0], d[1], d[2], d[3], d[4]])?;
    }
    let mut event = transaction.prepare("INSERT INTO event VALUES (?1, ?2, ?3, ?4)")?;
    for e in &persons.events {
        event.execute(params![run, e.person, e.kind.as_str(), e.other])?;
    }
    Ok(())
}
