//! Cases in the ledger: what is known of each, every step, and how steps are taken.
//!
//! A case is anchored at a household (`H…`) or at a reported person whom nobody knows yet (`R…`). Where it stands is what its
//! last step says. Steps of a run that is not published yet are never read.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::{OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Ledger, schema};
use crate::cases::moves::{self, Refusal, Step};
use crate::diag::{Failure, Outcome};
use crate::plan::Process;
use crate::plan::process::NEW;

/// Who makes the steps of runs.
pub const PROGRAM: &str = "bidui";

/// A case's number as tables and forms have it.
pub fn case_id(case: u32) -> String {
    format!("A{case:07}")
}

fn as_id<S: serde::Serializer>(case: &u32, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&case_id(*case))
}

/// The running number of a case as tables have it.
pub fn case_number(id: &str) -> Option<u32> {
    id.trim().strip_prefix(['A', 'a'])?.parse().ok().filter(|n| *n > 0)
}

/// What one round says about a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaseRound {
    /// The round.
    pub round: String,
    /// Day of its judgement.
    pub as_of: String,
    /// The household then.
    pub household: Option<String>,
    /// Its head.
    pub person: Option<String>,
    /// Name of the head, or as reported.
    pub head_name: Option<String>,
    /// Number of the head or as reported, partly hidden.
    pub masked_number: Option<String>,
    /// Place.
    pub township_code: Option<String>,
    /// Place.
    pub township: Option<String>,
    /// Place.
    pub village_code: Option<String>,
    /// Place.
    pub village: Option<String>,
    /// Villagers' group.
    pub group: Option<String>,
    /// Outcome of the comparison; none when the household is only followed.
    pub outcome: Option<String>,
    /// Type: of the departments' list, else as reported, else as monitored.
    pub list_type: Option<String>,
    /// Causes of both lists together, in code order, joined by `|`.
    pub causes: String,
    /// What the case rests on: by rule its evidence, and what the village reported.
    pub facts: BTreeMap<String, String>,
    /// What agrees and what does not, in words.
    pub explanation: Option<String>,
    /// What the village is asked.
    pub question: Option<String>,
    /// Evidence in words.
    pub evidence: Option<String>,
    /// A verified conclusion stands: nothing is asked.
    pub suppressed: bool,
    /// What changed since the conclusion, in words.
    pub changed: Option<String>,
}

/// One step of a case, as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseEvent {
    /// Running number over all cases.
    pub event: i64,
    /// The case.
    #[serde(rename = "case_id", serialize_with = "as_id")]
    pub case: u32,
    /// True when a run made it.
    pub by_run: bool,
    /// The import it belongs to.
    pub import: Option<i64>,
    /// Round in which it was made, or the latest when people made it.
    pub round: String,
    /// What brought it about.
    pub trigger: String,
    /// Where the case stood.
    pub from: String,
    /// Where it stands since.
    pub to: String,
    /// On which day.
    pub day: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The file it came in.
    pub file: String,
    /// What else was said.
    pub details: BTreeMap<String, String>,
}

/// Where a case stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseState {
    /// Running number.
    pub case: u32,
    /// Household or reported person it began with.
    pub anchor: String,
    /// Round that opened it.
    pub opened_round: String,
    /// Day on which it was opened.
    pub opened_on: String,
    /// Code of its state.
    pub state: String,
    /// Since when it is in that state.
    pub since: String,
    /// Round of its last step.
    pub last_round: String,
    /// True when a person made its last step that counts.
    pub by_person: bool,
    /// What people said on the way, the latest of each: `causes`, `meeting`, `reason`….
    pub given: BTreeMap<String, String>,
    /// Facts on which its conclusion rests, for states that remember.
    pub concluded: Option<BTreeMap<String, String>>,
    /// Times during which the clock stood still since the state began: from, until.
    pub stops: Vec<(String, Option<String>)>,
    /// The case into which it went.
    pub merged_into: Option<u32>,
    /// What villages last answered about it: `answer.true`….
    pub answered: Option<String>,
    /// What the latest round that spoke about it said.
    pub round: Option<CaseRound>,
    /// What the latest round of another name said.
    pub earlier: Option<CaseRound>,
    /// Steps so far.
    pub steps: usize,
}

/// What a run adds about cases.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CaseChange {
    /// New cases: number and anchor.
    pub opened: Vec<(u32, String)>,
    /// What the round says about cases.
    pub rounds: Vec<(u32, CaseRound)>,
    /// Steps: case, from, to, the step.
    pub events: Vec<(u32, String, String, Step)>,
}

/// Something that people brought in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Import {
    /// `keyboard`, or the kind of form.
    pub kind: String,
    /// Name of the file; empty at the keyboard.
    pub file: String,
    /// SHA-256 of its content in hex; empty at the keyboard.
    pub sha256: String,
    /// On which day.
    pub day: String,
    /// Who brought it in.
    pub by: String,
    /// What else, by name.
    pub details: BTreeMap<String, String>,
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Where the case stood.
    pub from: String,
    /// Where it stands now.
    pub to: String,
}

const NOT_PENDING: &str = "(run IS NULL OR run NOT IN (SELECT run FROM run WHERE state = 'pending'))";

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn event(row: &rusqlite::Row) -> rusqlite::Result<CaseEvent> {
    let details: String = row.get(12)?;
    Ok(CaseEvent {
        event: row.get(0)?,
        case: row.get(1)?,
        by_run: row.get::<_, Option<i64>>(2)?.is_some(),
        import: row.get(3)?,
        round: row.get(4)?,
        trigger: row.get(5)?,
        from: row.get(6)?,
        to: row.get(7)?,
        day: row.get(8)?,
        by: row.get(9)?,
        reason: row.get(10)?,
        file: row.get(11)?,
        details: serde_json::from_str(&details).unwrap_or_default(),
    })
}

const EVENT: &str =
    "SELECT event, case_id, run, import, round, cause, from_state, to_state, day, by, reason, file, details
                     FROM case_event";

impl CaseState {
    /// Follows one step.
    fn follow(&mut self, past: &mut Vec<CaseState>, e: &CaseEvent) {
        if e.trigger == "undo" {
            // What the undone step had changed is as it was; that somebody undid it is a person's step all the same.
            if let Some(before) = past.pop() {
                *self = CaseState { steps: self.steps + 1, by_person: true, last_round: e.round.clone(), ..before };
            }
            return;
        }
        past.push(self.clone());
        self.steps += 1;
        self.last_round = e.round.clone();
        match e.trigger.as_str() {
            "clock.stop" => self.stops.push((e.day.clone(), None)),
            "clock.resume" => {
                if let Some(open) = self.stops.last_mut().filter(|s| s.1.is_none()) {
                    open.1 = Some(e.day.clone());
                }
            }
            _ => {
                self.by_person = !e.by_run;
                if e.from != e.to {
                    self.since = e.day.clone();
                    self.stops.clear();
                }
            }
        }
        self.state = e.to.clone();
        if e.trigger.starts_with("answer.") {
            self.answered = Some(e.trigger.clone());
        }
        if !e.by_run {
            self.given.extend(e.details.iter().filter(|(k, _)| *k != "facts").map(|(k, v)| (k.clone(), v.clone())));
            if !e.reason.is_empty() {
                self.given.insert("reason".into(), e.reason.clone());
            }
        }
        if !e.trigger.starts_with("clock.") {
            self.concluded = e.details.get("facts").and_then(|f| serde_json::from_str(f).ok());
        }
        self.merged_into = match e.trigger.as_str() {
            "merge" => e.details.get("into").and_then(|id| case_number(id)),
            "clock.stop" | "clock.resume" => self.merged_into,
            _ => None,
        };
    }
}

/// Cases of a connection, with or without steps of the pending run.
fn read_cases(connection: &rusqlite::Connection, only: Option<u32>) -> rusqlite::Result<Vec<CaseState>> {
    let wanted = only.map_or(String::new(), |case| format!(" AND case_id = {case}"));
    let mut query = connection.prepare(&format!(
        "SELECT case_id, anchor, round, opened_on FROM case_file WHERE {NOT_PENDING}{wanted} ORDER BY case_id"
    ))?;
    let rows = query.query_map([], |row| {
        Ok(CaseState {
            case: row.get(0)?,
            anchor: row.get(1)?,
            opened_round: row.get(2)?,
            opened_on: row.get(3)?,
            state: NEW.into(),
            ..CaseState::default()
        })
    })?;
    let mut cases: Vec<CaseState> = rows.collect::<Result<_, _>>()?;
    let position = |cases: &[CaseState], case: u32| cases.binary_search_by_key(&case, |c| c.case).ok();
    let mut query = connection.prepare(&format!("{EVENT} WHERE {NOT_PENDING}{wanted} ORDER BY case_id, event"))?;
    let mut past: Vec<CaseState> = Vec::new();
    let mut at = None;
    for e in query.query_map([], event)? {
        let e = e?;
        if at != Some(e.case) {
            (at, past) = (Some(e.case), Vec::new());
        }
        if let Some(i) = position(&cases, e.case) {
            cases[i].follow(&mut past, &e);
        }
    }
    // A round is published once: the last two that spoke of a case have different names.
    let mut query = connection.prepare(&format!(
        "SELECT case_id, words, round, as_of FROM (
           SELECT case_id, said, round, as_of,
                  row_number() OVER (PARTITION BY case_id ORDER BY as_of DESC, round DESC) AS back
           FROM case_round JOIN run USING (run) WHERE state = 'published'{wanted})
         JOIN said USING (said) WHERE back <= 2 ORDER BY case_id, back DESC"
    ))?;
    let rows = query.query_map([], |row| Ok((row.get::<_, u32>(0)?, said(row, 1)?)))?;
    for row in rows {
        let (case, now) = row?;
        if let Some(i) = position(&cases, case) {
            cases[i].earlier = cases[i].round.replace(now);
        }
    }
    Ok(cases)
}

/// What a round said: its words, its name and its day, from a column on.
fn said(row: &rusqlite::Row, at: usize) -> rusqlite::Result<CaseRound> {
    let said: CaseRound = serde_json::from_str(&row.get::<_, String>(at)?).unwrap_or_default();
    Ok(CaseRound { round: row.get(at + 1)?, as_of: row.get(at + 2)?, ..said })
}

impl Ledger {
    /// Where every case stands, in the order of their numbers.
    pub fn cases(&self) -> Outcome<Vec<CaseState>> {
        read_cases(&self.connection, None).map_err(self.fail("read the ledger"))
    }

    /// One case.
    pub fn case(&self, case: u32) -> Outcome<Option<CaseState>> {
        read_cases(&self.connection, Some(case)).map(|mut c| c.pop()).map_err(self.fail("read the ledger"))
    }

    /// Every step of a case, or of all, in order.
    pub fn case_events(&self, case: Option<u32>) -> Outcome<Vec<CaseEvent>> {
        let work = || -> rusqlite::Result<Vec<CaseEvent>> {
            let wanted = case.map_or(String::new(), |case| format!(" AND case_id = {case}"));
            let mut query =
                self.connection.prepare(&format!("{EVENT} WHERE {NOT_PENDING}{wanted} ORDER BY case_id, event"))?;
            query.query_map([], event)?.collect()
        };
        work().map_err(self.fail("read the ledger"))
    }

    /// What every published round said about a case, in the order of their days.
    pub fn case_rounds(&self, case: u32) -> Outcome<Vec<CaseRound>> {
        let work = || -> rusqlite::Result<Vec<CaseRound>> {
            let mut query = self.connection.prepare(
                "SELECT words, round, as_of FROM case_round JOIN run USING (run) JOIN said USING (said)
                 WHERE state = 'published' AND case_id = ?1 ORDER BY as_of, round",
            )?;
            query.query_map([case], |row| said(row, 0))?.collect()
        };
        work().map_err(self.fail("read the ledger"))
    }

    /// What the last published round said about a case up to a day, but for one round.
    pub fn case_said(&self, case: u32, until: &str, but: &str) -> Outcome<Option<CaseRound>> {
        let work = || -> rusqlite::Result<Option<CaseRound>> {
            let mut query = self.connection.prepare(
                "SELECT words, round, as_of FROM case_round JOIN run USING (run) JOIN said USING (said)
                 WHERE state = 'published' AND case_id = ?1 AND as_of <= ?2 AND round <> ?3
                 ORDER BY as_of DESC, round DESC LIMIT 1",
            )?;
            query.query_row(params![case, until, but], |row| said(row, 0)).optional()
        };
        work().map_err(self.fail("read the ledger"))
    }

    /// The first number that no case has had.
    pub fn next_case(&self) -> Outcome<u32> {
        let query = format!("SELECT coalesce(max(case_id), 0) + 1 FROM case_file WHERE {NOT_PENDING}");
        self.connection.query_row(&query, [], |row| row.get(0)).map_err(self.fail("read the ledger"))
    }

    /// The import of a file with this content, if there was one: its day and who brought it in.
    pub fn imported(&self, sha256: &str) -> Outcome<Option<(String, String)>> {
        let query = "SELECT day, by FROM import WHERE sha256 = ?1 ORDER BY import LIMIT 1";
        let found = self.connection.query_row(query, [sha256], |row| Ok((row.get(0)?, row.get(1)?))).optional();
        found.map_err(self.fail("read the ledger"))
    }

    /// Changes the ledger in one transaction: when `work` fails, or the program stops, nothing has happened.
    pub fn change<T>(&mut self, work: impl FnOnce(&Changes) -> Outcome<T>) -> Outcome<T> {
        let path = self.path.clone();
        let begin = self.connection.transaction().map_err(|e| schema::failed("write the ledger", &path, &e))?;
        let changes = Changes { transaction: begin, path };
        let done = work(&changes)?;
        let Changes { transaction, path } = changes;
        transaction.commit().map_err(|e| schema::failed("write the ledger", &path, &e))?;
        Ok(done)
    }
}

/// A change of the ledger in the making.
#[derive(Debug)]
pub struct Changes<'l> {
    pub(super) transaction: Transaction<'l>,
    path: std::path::PathBuf,
}

impl Changes<'_> {
    pub(super) fn fail(&self, error: &rusqlite::Error) -> Failure {
        schema::failed("write the ledger", &self.path, error)
    }

    /// Notes what was brought in; its number goes with every step.
    pub fn import(&self, import: &Import) -> Outcome<i64> {
        let insert = "INSERT INTO import (kind, file, sha256, day, by, details) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let i = import;
        let values = params![i.kind, i.file, i.sha256, i.day, i.by, json(&i.details)];
        self.transaction.execute(insert, values).map_err(|e| self.fail(&e))?;
        Ok(self.transaction.last_insert_rowid())
    }

    /// Where a case stands within this change.
    pub fn case(&self, case: u32) -> Outcome<Option<CaseState>> {
        read_cases(&self.transaction, Some(case)).map(|mut c| c.pop()).map_err(|e| self.fail(&e))
    }

    /// Takes a step of a person, or says why not; a refused step changes nothing.
    ///
    /// # Errors
    /// The ledger cannot be read or written. A refusal is no failure: it comes back as the inner error.
    pub fn step(
        &self,
        process: &Process,
        import: i64,
        round: &str,
        case: u32,
        step: &Step,
    ) -> Outcome<Result<Applied, Refusal>> {
        let Some(now) = self.case(case)? else {
            return Ok(Err(Refusal::new("case.unknown", format!("台账中没有案件{}", case_id(case)))));
        };
        if step.trigger.starts_with("round.") {
            return Ok(Err(Refusal::new("case.not_now", "这一步只由批次比对产生，不能手工办理")));
        }
        let mut step = step.clone();
        let to = match step.trigger.as_str() {
            "undo" => match self.before_last(case, &step)? {
                Ok(state) => state,
                Err(refused) => return Ok(Err(refused)),
            },
            _ => match moves::next(&process.cases, &now.state, now.since.parse().ok(), &step) {
                Ok(found) => found.to.clone().unwrap_or_else(|| now.state.clone()),
                Err(refused) => return Ok(Err(refused)),
            },
        };
        if let Err(refused) = self.goes_together(&now, &step)? {
            return Ok(Err(refused));
        }
        if step.trigger != "undo" && process.cases.state(&to).is_some_and(|s| s.memory) {
            let facts = now.round.as_ref().map(|r| &r.facts);
            step.details.insert("facts".into(), json(&facts.cloned().unwrap_or_default()));
        }
        write_event(&self.transaction, (None, Some(import)), round, case, (&now.state, &to), &step)
            .map_err(|e| self.fail(&e))?;
        Ok(Ok(Applied { from: now.state, to }))
    }

    /// What the machine cannot know: the other case of a merge, a clock that stands already.
    fn goes_together(&self, now: &CaseState, step: &Step) -> Outcome<Result<(), Refusal>> {
        let standing = now.stops.last().is_some_and(|(_, until)| until.is_none());
        let refused = |code, said: String| Ok(Err(Refusal::new(code, said)));
        match step.trigger.as_str() {
            "merge" => {
                let into = step.details.get("into").and_then(|id| case_number(id));
                let other = match into.filter(|n| *n != now.case) {
                    Some(other) => self.case(other)?,
                    None => None,
                };
                match other.map(|o| o.merged_into.is_none()) {
                    Some(true) => Ok(Ok(())),
                    Some(false) => refused("case.merge", "要并入的案件自己已并入另一案".into()),
                    None => refused("case.merge", "要并入的案件不存在，或就是本案".into()),
                }
            }
            "clock.stop" if standing => refused("case.clock", "计时已经停止".into()),
            "clock.resume" if !standing => refused("case.clock", "计时没有停止".into()),
            _ => Ok(Ok(())),
        }
    }

    /// The state before the last step that counts.
    fn before_last(&self, case: u32, step: &Step) -> Outcome<Result<String, Refusal>> {
        if step.by.trim().is_empty() || step.reason.trim().is_empty() {
            return Ok(Err(Refusal::new("case.needs", "撤回一步必须写明：办理人、原因")));
        }
        let mut query = self
            .transaction
            .prepare(&format!("{EVENT} WHERE case_id = ?1 AND {NOT_PENDING} ORDER BY event"))
            .map_err(|e| self.fail(&e))?;
        let read = query.query_map([case], event).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut stack: Vec<CaseEvent> = Vec::new();
        for e in read.map_err(|e| self.fail(&e))? {
            if e.trigger == "undo" { _ = stack.pop() } else { stack.push(e) }
        }
        match stack.pop() {
            Some(last) if last.from != NEW => Ok(Ok(last.from)),
            _ => Ok(Err(Refusal::new("case.not_now", "立案的一步不能撤回，请用“撤销”"))),
        }
    }

    /// Opens a case by hand: a part of another one, or a household that no round has named.
    pub fn open_case(
        &self,
        process: &Process,
        import: i64,
        round: &str,
        anchor: &str,
        step: &Step,
    ) -> Outcome<Result<u32, Refusal>> {
        let found = match moves::next(&process.cases, NEW, None, step) {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        let to = found.to.clone().unwrap_or_else(|| NEW.into());
        let insert = "INSERT INTO case_file (case_id, run, round, opened_on, anchor)
                      SELECT coalesce(max(case_id), 0) + 1, NULL, ?1, ?2, ?3 FROM case_file";
        let made = self.transaction.execute(insert, params![round, step.day.to_string(), anchor]);
        made.map_err(|e| self.fail(&e))?;
        let case = u32::try_from(self.transaction.last_insert_rowid())
            .map_err(|_| Failure::internal("the ledger has no case numbers left"))?;
        write_event(&self.transaction, (None, Some(import)), round, case, (NEW, &to), step)
            .map_err(|e| self.fail(&e))?;
        Ok(Ok(case))
    }
}

fn write_event(
    transaction: &Transaction,
    (run, import): (Option<i64>, Option<i64>),
    round: &str,
    case: u32,
    (from, to): (&str, &str),
    step: &Step,
) -> rusqlite::Result<()> {
    transaction
        .prepare(
            "INSERT INTO case_event (case_id, run, import, round, cause, from_state, to_state, day, by, reason, file, details)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            case,
            run,
            import,
            round,
            step.trigger,
            from,
            to,
            step.day.to_string(),
            step.by,
            step.reason,
            step.file,
            json(&step.details)
        ])?;
    Ok(())
}

/// Writes what a run adds about cases.
pub(super) fn write(
    transaction: &Transaction,
    run: i64,
    (round, as_of): (&str, &str),
    change: &CaseChange,
) -> rusqlite::Result<()> {
    let mut file = transaction.prepare("INSERT INTO case_file VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (case, anchor) in &change.opened {
        file.execute(params![case, run, round, as_of, anchor])?;
    }
    let mut find = transaction.prepare("SELECT said FROM said WHERE digest = ?1")?;
    let mut keep = transaction.prepare("INSERT INTO said (digest, words) VALUES (?1, ?2)")?;
    let mut said = transaction.prepare("INSERT INTO case_round VALUES (?1, ?2, ?3)")?;
    for (case, says) in &change.rounds {
        // Name and day are the run's: what is said is the same from night to night.
        let words = json(&CaseRound { round: String::new(), as_of: String::new(), ..says.clone() });
        let digest = Sha256::digest(&words);
        let known = find.query_row([&digest[..16]], |row| row.get(0)).optional()?;
        let kept = match known {
            Some(kept) => kept,
            None => keep.insert(params![&digest[..16], words])?,
        };
        said.execute(params![run, case, kept])?;
    }
    for (case, from, to, step) in &change.events {
        write_event(transaction, (Some(run), None), round, *case, (from, to), step)?;
    }
    Ok(())
}

/// Days of a state's standstill, for reckoning deadlines.
pub fn stops(state: &CaseState) -> Vec<(Date, Option<Date>)> {
    let day = |text: &str| text.parse::<Date>().ok();
    state.stops.iter().filter_map(|(from, until)| Some((day(from)?, until.as_deref().and_then(day)))).collect()
}
