//! Sources that send only what is new: every increment counts from the day it came, whether its file still lies in the inbox
//! or not, and each is read, normalised and linked by itself, in the order in which they came.
//!
//! An increment's result depends on what came before it and on nothing that comes later. So a night reads and links only
//! what is new, and a run that makes everything anew comes to the same. Rows that an earlier increment had already are
//! folded where the contract folds duplicates; records are numbered on.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::corrections::Receipts;
use super::deliveries::Desk;
use super::inbox::{self, Arrival};
use super::ingested::{self, Ingested};
use super::sources::{Arrived, Part, hashed};
use super::through::{After, Keep};
use crate::cases::ledger::{Delivered, DeliveryState, KeptFile, digest};
use crate::codes::Codes;
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::ingest::{self, InputFile};
use crate::normalize::{Seen, Survey};
use crate::plan::Source;

/// One increment.
struct Increment {
    digest: String,
    /// Its files.
    files: Vec<KeptFile>,
    /// Where to read them.
    at: Vec<InputFile>,
    /// Day on which it came.
    came: Date,
    /// True when no round had it yet.
    new: bool,
}

/// What increments of a source are read with.
struct Reader<'a> {
    source: &'a Source,
    codes: &'a Codes,
    desk: &'a Desk<'a>,
    receipts: &'a Receipts,
    answered: bool,
    /// Key of the increment before.
    after: String,
    /// Records so far.
    records: u64,
    /// Rows so far, but for those of increments that nobody had to read yet.
    seen: Seen,
    /// Keys of those.
    unread: Vec<String>,
}

/// Brings the increments of a source in: those that earlier rounds had and those that are new in the inbox.
///
/// # Errors
/// Rows cannot be put aside or read back.
pub fn arrive(
    source: &Source,
    codes: &Codes,
    desk: &Desk,
    receipts: &Receipts,
    (found, answered): (Vec<Arrival>, bool),
    arrived: &mut Arrived,
) -> Outcome<()> {
    let (after, records, seen, unread) = (String::new(), 0, Seen::default(), Vec::new());
    let mut reader = Reader { source, codes, desk, receipts, answered, after, records, seen, unread };
    let mut all: Option<Ingested> = None;
    let mut last: Option<Date> = None;
    for increment in increments(source, desk, found) {
        let Some(ingested) = reader.next(&increment, arrived)? else {
            continue;
        };
        last = last.max(Some(increment.came));
        if increment.new {
            arrived.news.push(reader.entry(&increment, DeliveryState::Used, ingested.rest.read, ""));
        }
        if increment.came == desk.as_of {
            arrived.new_part.get_or_insert_default().add(&increment.files, &ingested);
        }
        arrived.increments.insert(increment.digest);
        arrived.files.extend(increment.files);
        arrived.problems.extend(ingested.rest.told.iter().cloned());
        match &mut all {
            None => all = Some(ingested),
            Some(all) => all.append(ingested)?,
        }
    }
    let (Some(all), Some(came)) = (all, last) else {
        missing(source, arrived);
        return Ok(());
    };
    if let Some(problem) = desk.too_old(source, came) {
        arrived.problems.push(problem);
        arrived.parts.clear();
        arrived.increments.clear();
        arrived.files.clear();
        return Ok(());
    }
    arrived.inputs.extend(arrived.files.iter().map(hashed));
    arrived.as_of = Some(came);
    arrived.entry.as_of = Some(came.to_string());
    arrived.entry.state = if came == desk.as_of { "delivered" } else { "stale" };
    arrived.entry.files = arrived.files.len() as u64;
    arrived.delivery = digest(arrived.files.iter().map(|f| f.sha256.as_str()));
    arrived.entry.delivery = arrived.delivery.clone();
    arrived.take(all, receipts.of(&source.id));
    Ok(())
}

fn missing(source: &Source, arrived: &mut Arrived) {
    if arrived.trouble.is_some() {
        arrived.entry.state = "blocked";
        return;
    }
    let message = format!("{} ({}) has not been delivered", source.title, source.id);
    let place = Place::file(source.files.join(", "));
    let problem = if source.required {
        arrived.trouble = Some(FailureClass::InputMissing);
        Diagnostic::error("input.missing", message, place)
    } else {
        Diagnostic::warning("input.missing", message, place)
    };
    arrived.problems.push(problem.hint(format!("ask {} for it", source.department)));
}

/// The increments that count: those in use in the order of their rounds, then the new ones in path order.
fn increments(source: &Source, desk: &Desk, found: Vec<Arrival>) -> Vec<Increment> {
    let mut known = BTreeSet::new();
    let mut all: Vec<Increment> = Vec::new();
    for used in desk.known.of(&source.id).filter(|e| e.state == DeliveryState::Used) {
        if !known.insert(used.digest.clone()) {
            continue;
        }
        let at = |file: &KeptFile| {
            let here = found.iter().find(|a| a.kept.sha256 == file.sha256).map(|a| a.file.path.clone());
            let kept = desk.keep.map(|folder| folder.join(inbox::kept_name(file)));
            let path = kept.filter(|p| p.is_file()).or(here).unwrap_or_default();
            InputFile { relative: file.path.clone(), path }
        };
        all.push(Increment {
            digest: used.digest.clone(),
            at: used.files.iter().map(at).collect(),
            files: used.files.clone(),
            came: used.as_of.parse().unwrap_or(desk.as_of).min(desk.as_of),
            new: false,
        });
    }
    known.extend(all.iter().flat_map(|i| i.files.iter().map(|f| f.sha256.clone())).collect::<Vec<_>>());
    for arrival in found {
        if known.insert(arrival.kept.sha256.clone()) {
            all.push(Increment {
                digest: arrival.kept.sha256.clone(),
                files: vec![arrival.kept],
                at: vec![arrival.file],
                came: desk.as_of,
                new: true,
            });
        }
    }
    all
}

impl Reader<'_> {
    /// The next increment, found or made; none when it cannot be used.
    fn next(&mut self, increment: &Increment, arrived: &mut Arrived) -> Outcome<Option<Ingested>> {
        let shelf = self.desk.shelf;
        let key = shelf.map(|shelf| shelf.key(self.source, &increment.files, increment.came, &self.after));
        let found = shelf.zip(key.as_deref()).and_then(|(shelf, key)| shelf.find(key));
        let ingested = match found {
            Some(found) => {
                self.unread.extend(key.clone());
                found
            }
            None => {
                let Some(made) = self.make(increment, arrived)? else {
                    return Ok(None);
                };
                if let Some((shelf, key)) = shelf.zip(key.as_deref()) {
                    shelf.put(key, &made);
                }
                if let Some(seen) = &made.seen {
                    self.seen.extend(seen);
                }
                made
            }
        };
        self.records += ingested.rest.accepted;
        arrived.parts.push(Part { key: key.clone(), records: ingested.rest.accepted });
        self.after = key.unwrap_or_default();
        Ok(Some(ingested))
    }

    fn make(&mut self, increment: &Increment, arrived: &mut Arrived) -> Outcome<Option<Ingested>> {
        let lost = increment.files.iter().zip(&increment.at).find(|(file, at)| !inbox::is_sound(&at.path, file));
        if let Some((file, _)) = lost {
            let message = format!("the kept copy of the increment of {} is gone or damaged", increment.came);
            let problem = Diagnostic::error("delivery.lost", message, Place::file(&file.path));
            arrived.problems.push(problem.hint("put the file back into the input folder and run again"));
            arrived.trouble = arrived.trouble.or(Some(FailureClass::Io));
            return Ok(None);
        }
        let mut survey = Survey::new(self.source, increment.came);
        let delivery = ingest::read_watched(self.source, &increment.at, &mut |batch| survey.see(self.source, batch));
        if !delivery.refused.is_empty() {
            arrived.trouble = Some(FailureClass::InputContract);
        }
        if delivery.refused.len() == increment.at.len() {
            let code = delivery.problems.iter().find(|p| p.is_error()).map_or("ingest.broken_file", |p| p.code);
            arrived.problems.extend(delivery.problems);
            let told = self.desk.known.last(&self.source.id, &increment.digest);
            if increment.new && told.is_none_or(|t| t.state != DeliveryState::Refused || t.reason != code) {
                arrived.news.push(self.entry(increment, DeliveryState::Refused, 0, code));
            }
            return Ok(None);
        }
        if self.source.fold_duplicates {
            // Each row is one increment's only: in which order they are put together makes no difference.
            for key in std::mem::take(&mut self.unread) {
                let seen = self.desk.shelf.and_then(|shelf| shelf.seen(&key));
                let seen = seen.ok_or_else(|| Failure::internal("a kept result is gone since it was found: run again"));
                self.seen.extend(&seen?);
            }
        }
        let seen = self.source.fold_duplicates.then(|| self.seen.clone());
        let raw = ingested::Raw {
            delivery,
            survey: Some(survey),
            files: &increment.files,
            digest: &increment.digest,
            day: increment.came,
            after: After { records: self.records, seen },
        };
        ingested::ingest(self.source, raw, self.codes, self.receipts, Keep::Memory, self.answered).map(Some)
    }

    fn entry(&self, increment: &Increment, state: DeliveryState, rows: u64, reason: &str) -> Delivered {
        Delivered {
            source: self.source.id.clone(),
            digest: increment.digest.clone(),
            round: self.desk.round.to_string(),
            as_of: self.desk.as_of.to_string(),
            state,
            accepted: self.desk.accept.contains(&self.source.id),
            rows,
            reason: reason.to_string(),
            files: increment.files.clone(),
        }
    }
}
