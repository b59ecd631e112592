//! The history of person ids as a table of the round: what happened until and in this round.

use super::person_id;
use super::persons::{Assigned, Event};
use super::state::State;
use crate::model::build::{TableBuilder, Value};
use crate::model::{Table, tables};

/// Table `person_history`, by person, then round, then event.
pub fn person_history(state: &State, assigned: &Assigned, round: &str) -> Table {
    let now = state.rounds.len() as u32;
    let mut all: Vec<(u32, u32, Event)> = state.past.iter().map(|p| (p.event.person, p.round, p.event)).collect();
    all.extend(assigned.events.iter().map(|e| (e.person, now, *e)));
    all.sort_unstable();
    let mut table = TableBuilder::new(tables::person_history());
    for (person, at, event) in all {
        let name = state.rounds.get(at as usize).map_or(round, String::as_str);
        table.push(vec![
            person_id(person).into(),
            name.into(),
            event.kind.as_str().into(),
            if event.other == 0 { Value::Null } else { person_id(event.other).into() },
            event.kind.evidence().into(),
        ]);
    }
    table.finish()
}
