//! Clerical memory: pairs that people are asked about, what they answered, and which answers count.
//!
//! A record is known again in the next delivery by its key (source, number, name, birth date), a person by its id. Of several
//! decisions about one record and person the latest counts; a record is one person only, so that a later "same" with
//! somebody else takes the place of an earlier one.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

use super::state::{loaded, stored};
use super::{Ledger, person_id, schema};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};

/// A pair that people are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Key of the pair in the workbook; see [`token`].
    pub token: String,
    /// Source of the record.
    pub source: String,
    /// The record's id in this round.
    pub record_id: String,
    /// The record's key.
    pub record: u64,
    /// The candidate.
    pub person: u32,
    /// State of the record: possible, conflict, or linked against a decision.
    pub status: String,
    /// How the numbers compare, as shown to the one who decides.
    pub number_level: String,
    /// How the names compare.
    pub name_level: String,
}

/// Key of a pair in the workbook: the same for the same work, another after a run with other inputs.
pub fn token(run_id: &str, source: &str, record_id: &str, person_id: &str) -> String {
    let mut hasher = Sha256::new();
    for part in [run_id, source, record_id, person_id] {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    let hex: String = hasher.finalize()[..8].iter().map(|b| format!("{b:02X}")).collect();
    format!("{}-{}-{}-{}", &hex[..4], &hex[4..8], &hex[8..12], &hex[12..])
}

/// What somebody answered about an offered pair.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Key of the pair.
    pub token: String,
    /// The record's id as it stands beside the answer, when it does.
    pub record_id: Option<String>,
    /// The candidate's id as it stands beside the answer, when it does.
    pub person_id: Option<String>,
    /// True for the same person.
    pub same: bool,
    /// Why.
    pub reason: String,
    /// Who, when it stands beside the answer.
    pub by: Option<String>,
    /// Where the answer stands.
    pub place: Place,
}

/// A decision that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Source of the record.
    pub source: String,
    /// The record's key.
    pub record: u64,
    /// The person.
    pub person: u32,
    /// True for the same person.
    pub same: bool,
    /// Round in which the pair was offered.
    pub round: String,
    /// The record's id in that round.
    pub record_id: String,
    /// State of the record then.
    pub status: String,
    /// How the numbers compared then.
    pub number_level: String,
    /// How the names compared then.
    pub name_level: String,
    /// Who decided.
    pub by: String,
    /// On which day.
    pub on: String,
    /// Why.
    pub reason: String,
}

impl Decision {
    /// True when what speaks against the decision was there when it was made: then it is no later evidence.
    pub fn knew(&self) -> bool {
        let number = self.number_level == "exact";
        if self.same { self.status == "conflict" && !number } else { number && self.name_level == "exact" }
    }

    /// Who decided when and why, in Chinese.
    pub fn said(&self) -> String {
        let reason = if self.reason.is_empty() { String::new() } else { format!("：{}", self.reason) };
        format!("{}，{}{reason}", self.by, self.on)
    }
}

/// The decisions that count.
pub type DecisionsRead = Vec<Decision>;

/// What was brought in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Recorded {
    /// Answers: the same person.
    pub same: usize,
    /// Answers: not the same person.
    pub different: usize,
    /// Of these, answers that the ledger had already.
    pub known_before: usize,
    /// Of these, answers that change an earlier decision.
    pub revised: usize,
}

impl Ledger {
    /// The decisions that count, by source, record and person.
    pub fn decisions(&self) -> Outcome<DecisionsRead> {
        self.read_decisions().map_err(|e| schema::failed("read the ledger", &self.path, &e))
    }

    fn read_decisions(&self) -> rusqlite::Result<DecisionsRead> {
        let mut query = self.connection.prepare(
            "SELECT source, record, person, same, round, record_id, status, number_level, name_level, decided_by,
               decided_on, reason FROM decision ORDER BY decision",
        )?;
        let rows = query.query_map([], |row| {
            Ok(Decision {
                source: row.get(0)?,
                record: loaded(row.get(1)?),
                person: row.get(2)?,
                same: row.get(3)?,
                round: row.get(4)?,
                record_id: row.get(5)?,
                status: row.get(6)?,
                number_level: row.get(7)?,
                name_level: row.get(8)?,
                by: row.get(9)?,
                on: row.get(10)?,
                reason: row.get(11)?,
            })
        })?;
        let mut count: BTreeMap<(String, u64, u32), Decision> = BTreeMap::new();
        // Who a record was decided to be, by record.
        let mut same: BTreeMap<(String, u64), u32> = BTreeMap::new();
        for decision in rows {
            let decision = decision?;
            let record = (decision.source.clone(), decision.record);
            if decision.same
                && let Some(other) = same.insert(record.clone(), decision.person)
                && other != decision.person
            {
                count.remove(&(record.0.clone(), record.1, other));
            }
            count.insert((record.0, record.1, decision.person), decision);
        }
        Ok(count.into_values().collect())
    }

    fn offer(&self, token: &str) -> Outcome<Option<(Offer, String)>> {
        let query = "SELECT token, source, record_id, record, person, status, number_level, name_level, round
                     FROM offer WHERE token = ?1 AND run NOT IN (SELECT run FROM run WHERE state = 'pending')";
        let offer = |row: &rusqlite::Row| {
            let offer = Offer {
                token: row.get(0)?,
                source: row.get(1)?,
                record_id: row.get(2)?,
                record: loaded(row.get(3)?),
                person: row.get(4)?,
                status: row.get(5)?,
                number_level: row.get(6)?,
                name_level: row.get(7)?,
            };
            Ok((offer, row.get(8)?))
        };
        let found = self.connection.prepare(query).and_then(|mut q| q.query_row([token], offer).optional());
        found.map_err(|e| schema::failed("read the ledger", &self.path, &e))
    }

    /// Takes answers over, all or none.
    ///
    /// # Errors
    /// Every answer whose key is unknown (`decide.unknown_key`) or belongs to another row (`decide.changed_key`), and every
    /// pair of answers that contradict each other (`decide.contradictory`): nothing is taken over then (65).
    pub fn decide(&mut self, answers: &[Answer], by: &str, on: &str) -> Outcome<Recorded> {
        let mut problems = Vec::new();
        let mut taken: BTreeMap<(String, u64, u32), (Decision, Place)> = BTreeMap::new();
        let mut same: BTreeMap<(String, u64), (u32, Place)> = BTreeMap::new();
        for answer in answers {
            let Some((offer, round)) = self.offer(&answer.token)? else {
                problems.push(
                    Diagnostic::error(
                        "decide.unknown_key",
                        "no pair of this ledger has the key of this row",
                        answer.place.clone(),
                    )
                    .hint("the key must stand as it was issued, and the workbook belong to this output folder"),
                );
                continue;
            };
            let other = |given: &Option<String>, own: &str| given.as_ref().is_some_and(|g| g != own);
            if other(&answer.record_id, &offer.record_id) || other(&answer.person_id, &person_id(offer.person)) {
                problems.push(
                    Diagnostic::error(
                        "decide.changed_key",
                        "the key belongs to another record or candidate than the ones in this row",
                        answer.place.clone(),
                    )
                    .hint("sort whole rows only, or copy the answers into the workbook as it was issued"),
                );
                continue;
            }
            let record = (offer.source.clone(), offer.record);
            let contradicts = |what: &str, first: &Place| {
                Diagnostic::error("decide.contradictory", format!("{what} ({first})"), answer.place.clone())
                    .hint("answer each pair once; a record can be one person only")
            };
            let key = (record.0.clone(), record.1, offer.person);
            if let Some((first, place)) = taken.get(&key) {
                if first.same != answer.same {
                    problems.push(contradicts("the same pair is answered otherwise in another row", place));
                }
                continue;
            }
            if answer.same {
                match same.get(&record) {
                    Some((person, place)) if *person != offer.person => {
                        problems.push(contradicts("the record is said to be somebody else in another row", place));
                        continue;
                    }
                    _ => {
                        same.insert(record.clone(), (offer.person, answer.place.clone()));
                    }
                }
            }
            let decision = Decision {
                source: offer.source,
                record: offer.record,
                person: offer.person,
                same: answer.same,
                round,
                record_id: offer.record_id,
                status: offer.status,
                number_level: offer.number_level,
                name_level: offer.name_level,
                by: answer.by.clone().unwrap_or_else(|| by.to_string()),
                on: on.to_string(),
                reason: answer.reason.clone(),
            };
            taken.insert(key, (decision, answer.place.clone()));
        }
        if !problems.is_empty() {
            return Err(Failure { class: FailureClass::InputContract, problems });
        }
        let decisions: Vec<Decision> = taken.into_values().map(|(d, _)| d).collect();
        self.record(&decisions)
    }

    fn record(&mut self, decisions: &[Decision]) -> Outcome<Recorded> {
        let before = self.decisions()?;
        let mut recorded = Recorded::default();
        let mut new = Vec::new();
        for decision in decisions {
            *(if decision.same { &mut recorded.same } else { &mut recorded.different }) += 1;
            let of_record = |d: &&Decision| d.source == decision.source && d.record == decision.record;
            let earlier = before.iter().filter(of_record).find(|d| d.person == decision.person);
            let somebody_else =
                decision.same && before.iter().filter(of_record).any(|d| d.same && d.person != decision.person);
            // Said again in the face of new evidence, a decision is a new one.
            let again =
                |e: &&Decision| e.same == decision.same && e.reason == decision.reason && e.knew() == decision.knew();
            match earlier {
                Some(e) if again(&e) => recorded.known_before += 1,
                Some(e) if e.same != decision.same => recorded.revised += 1,
                _ if somebody_else => recorded.revised += 1,
                _ => {}
            }
            if earlier.filter(again).is_none() {
                new.push(decision);
            }
        }
        let fail = |e: rusqlite::Error| schema::failed("write the ledger", &self.path, &e);
        let transaction = self.connection.unchecked_transaction().map_err(fail)?;
        write(&transaction, &new).map_err(fail)?;
        transaction.commit().map_err(fail)?;
        Ok(recorded)
    }
}

fn write(transaction: &Transaction, decisions: &[&Decision]) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare(
        "INSERT INTO decision (source, record, person, same, round, record_id, status, number_level, name_level,
           decided_by, decided_on, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    for d in decisions {
        insert.execute(params![
            d.source,
            stored(d.record),
            d.person,
            d.same,
            d.round,
            d.record_id,
            d.status,
            d.number_level,
            d.name_level,
            d.by,
            d.on,
            d.reason
        ])?;
    }
    Ok(())
}

/// Writes what a run asks people about. A pair of an earlier run with the same inputs stands there already.
pub(super) fn write_offers(transaction: &Transaction, run: i64, round: &str, offers: &[Offer]) -> rusqlite::Result<()> {
    let mut insert =
        transaction.prepare("INSERT OR IGNORE INTO offer VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
    for o in offers {
        insert.execute(params![
            o.token,
            run,
            round,
            o.source,
            o.record_id,
            stored(o.record),
            o.person,
            o.status,
            o.number_level,
            o.name_level
        ])?;
    }
    Ok(())
}
