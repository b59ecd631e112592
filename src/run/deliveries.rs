//! Which delivery of a source a round works with: the new one, or the last good one with its date.
//!
//! In: the files in the inbox, what the ledger knows, the contract. Out: [`Taken`]: rows read, as of when, what the
//! ledger is told. A delivery is known by its content: the same again, or an old one under a new name, changes nothing.
//! One that is refused, or whose rows are far off the last good one's, is not used; an earlier one stands in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::Date;

use super::inbox::{self, Arrival};
use super::ingested::{Ingested, Shelf};
use crate::cases::ledger::{Delivered, Deliveries, DeliveryState, KeptFile, digest};
use crate::diag::{Diagnostic, FailureClass, Place};
use crate::ingest::{self, Delivery, InputFile};
use crate::normalize::Survey;
use crate::plan::{Snapshot, Source};

/// Below so many rows more or fewer a share says nothing, unless all are gone.
const FEW_ROWS: u64 = 20;

/// What decides about deliveries in one run.
pub struct Desk<'a> {
    /// What the ledger knows as of this round.
    pub known: &'a Deliveries,
    /// Folder of kept files; none when nothing is kept, as in a check.
    pub keep: Option<&'a Path>,
    /// The round.
    pub round: &'a str,
    /// Day of its judgement.
    pub as_of: Date,
    /// Sources whose delivery a person accepts as it is.
    pub accept: &'a BTreeSet<String>,
    /// Where deliveries that went through before are found; none when every file is to be read.
    pub shelf: Option<&'a Shelf<'a>>,
}

/// What a source's round works with.
#[derive(Debug, Default)]
pub struct Taken {
    /// The rows; none when there is nothing usable.
    pub read: Option<Delivery>,
    /// What was seen of the rows while they were read.
    pub survey: Option<Survey>,
    /// What became of the delivery in use when it went through before: `read` has no rows then.
    pub ingested: Option<Ingested>,
    /// Its key on the shelf.
    pub key: Option<String>,
    /// The day up to which it can speak: that on which it came, and never later than the round's.
    pub day: Option<Date>,
    /// delivered, partial, stale, blocked or missing.
    pub state: &'static str,
    /// Day on which the delivery in use first came.
    pub as_of: Option<Date>,
    /// Its files; those of the refused delivery when nothing is in use.
    pub files: Vec<KeptFile>,
    /// Its digest; empty when nothing is in use.
    pub digest: String,
    /// What is to be told.
    pub problems: Vec<Diagnostic>,
    /// What is new for the ledger.
    pub entry: Option<Delivered>,
    /// Why the run as a whole is not well.
    pub trouble: Option<FailureClass>,
    /// Code of what is wrong with the delivery that came, when it is not the one in use.
    pub turned_away: Option<&'static str>,
}

/// A delivery that was read, or that went through before.
struct Reading {
    delivery: Delivery,
    survey: Option<Survey>,
    ingested: Option<Ingested>,
    key: Option<String>,
    day: Date,
}

impl Taken {
    fn use_it(&mut self, reading: Reading) {
        self.read = Some(reading.delivery);
        (self.survey, self.ingested, self.key) = (reading.survey, reading.ingested, reading.key);
        self.day = Some(reading.day);
    }
}

impl Desk<'_> {
    /// Decides about a source's delivery and reads what is to be used.
    pub fn take(&self, source: &Source, found: Vec<Arrival>) -> Taken {
        let mut taken = Taken { state: "missing", ..Taken::default() };
        let accepted = self.accept.contains(&source.id);
        let found = self.beside(source, found);
        let files = self.sift(source, found, accepted, &mut taken.problems);
        if files.is_empty() {
            return self.late(source, taken);
        }
        let digest = digest(files.iter().map(|f| f.kept.sha256.as_str()));
        let last = self.known.last_good(&source.id);
        let in_use = last.is_some_and(|l| l.digest == digest);
        let kept: Vec<KeptFile> = files.iter().map(|f| f.kept.clone()).collect();
        let first = self.known.first(&source.id, &digest);
        let as_of = first.and_then(|f| f.as_of.parse().ok()).unwrap_or(self.as_of);
        let reading = self.read(source, &inputs(&files), &kept, as_of);
        let delivery = &reading.delivery;
        taken.problems.extend(delivery.problems.iter().cloned());
        let entry = |state, rows, reason: &str| Delivered {
            source: source.id.clone(),
            digest: digest.clone(),
            round: self.round.to_string(),
            as_of: self.as_of.to_string(),
            state,
            accepted,
            rows,
            reason: reason.to_string(),
            files: kept.clone(),
        };
        if !delivery.refused.is_empty() {
            taken.trouble = Some(FailureClass::InputContract);
        }
        if delivery.refused.len() == files.len() {
            let code = delivery.problems.iter().find(|p| p.is_error()).map_or("ingest.broken_file", |p| p.code);
            taken.entry = self.news(entry(DeliveryState::Refused, 0, code));
            taken.turned_away = Some(code);
            taken.files = kept;
            taken.state = "blocked";
            // The one in use can only be refused when its contract was changed: there is nothing to fall back on.
            return if in_use { taken } else { self.stand_in(source, taken) };
        }
        if !in_use
            && !accepted
            && let Some(problem) = self.too_far_off(source, delivery, &digest)
        {
            taken.entry = self.news(entry(DeliveryState::Held, delivery.read, problem.code));
            taken.turned_away = Some(problem.code);
            taken.problems.push(problem);
            taken.trouble = Some(FailureClass::InputContract);
            return self.stand_in(source, taken);
        }
        if let Some(problem) = self.fewer_files(source, &files, &digest) {
            taken.problems.push(problem);
        }
        taken.as_of = Some(as_of);
        taken.state = if delivery.refused.is_empty() { "delivered" } else { "partial" };
        if let Some(first) = first.filter(|f| f.round != self.round) {
            if let Some(problem) = self.too_old(source, as_of) {
                taken.problems.push(problem);
                taken.state = "missing";
                return taken;
            }
            taken.state = "stale";
            let message = format!(
                "{} ({}) has sent nothing new: the content is that of round {}, {as_of}",
                source.title, source.id, first.round
            );
            taken.problems.push(
                Diagnostic::warning("delivery.same_again", message, place(&files))
                    .hint(format!("ask {} whether there is a newer export", source.department)),
            );
        }
        if !in_use {
            taken.entry = self.news(entry(DeliveryState::Used, delivery.read, ""));
        } else if accepted && last.is_some_and(|l| !l.accepted) {
            taken.entry = Some(entry(DeliveryState::Used, delivery.read, ""));
        }
        taken.digest = digest;
        taken.files = kept;
        taken.use_it(reading);
        taken
    }

    /// New reports in returned forms are no list of their own: when villages sent none, they stand beside the last one.
    fn beside(&self, source: &Source, mut found: Vec<Arrival>) -> Vec<Arrival> {
        let (Some(last), Some(keep)) = (self.known.last_good(&source.id), self.keep) else { return found };
        let came = self.known.first(&source.id, &last.digest).and_then(|e| e.as_of.parse().ok()).unwrap_or(self.as_of);
        let alone = !found.is_empty() && found.iter().all(|a| inbox::is_report(&a.kept));
        if !alone || self.too_old(source, came).is_some() {
            return found;
        }
        for kept in last.files.iter().filter(|f| !inbox::is_report(f)) {
            let path = keep.join(inbox::kept_name(kept));
            if inbox::is_sound(&path, kept) {
                found.push(Arrival { file: InputFile { relative: kept.path.clone(), path }, kept: kept.clone() });
            }
        }
        found
    }

    /// Reads files that came on a day and looks at their rows while they are in memory, unless they went through before.
    fn read(&self, source: &Source, files: &[InputFile], kept: &[KeptFile], came: Date) -> Reading {
        let day = came.min(self.as_of);
        let key = self.shelf.map(|shelf| shelf.key(source, kept, day, ""));
        if let Some((shelf, key)) = self.shelf.zip(key.as_deref())
            && let Some(ingested) = shelf.find(key)
        {
            let delivery = ingested.outline();
            return Reading { delivery, survey: None, ingested: Some(ingested), key: Some(key.to_string()), day };
        }
        let mut survey = Survey::new(source, day);
        let delivery = ingest::read_watched(source, files, &mut |batch| survey.see(source, batch));
        Reading { delivery, survey: Some(survey), ingested: None, key, day }
    }

    /// Leaves out a file that is there twice, and one that was superseded long ago.
    fn sift(
        &self,
        source: &Source,
        found: Vec<Arrival>,
        accepted: bool,
        problems: &mut Vec<Diagnostic>,
    ) -> Vec<Arrival> {
        let used = |e: &&Delivered| e.state == DeliveryState::Used;
        let mut rounds: BTreeMap<&str, &str> = BTreeMap::new();
        for entry in self.known.of(&source.id).filter(used) {
            for file in &entry.files {
                rounds.entry(&file.sha256).or_insert(&entry.round);
            }
        }
        let last = self.known.last_good(&source.id);
        let in_use = |sha: &str| last.is_some_and(|l| l.files.iter().any(|f| f.sha256 == sha));
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        let mut kept = Vec::new();
        for arrival in found {
            let at = || Place::file(&arrival.kept.path);
            let sha = &arrival.kept.sha256;
            if let Some(other) = seen.get(sha) {
                let message = format!("the file is the same as {other} and is read once");
                problems
                    .push(Diagnostic::warning("delivery.same_file", message, at()).hint("take one of the two away"));
                continue;
            }
            seen.insert(sha.clone(), arrival.kept.path.clone());
            if let Some(round) = rounds.get(sha.as_str()).filter(|_| !in_use(sha) && !accepted) {
                let message = format!("the file came in round {round} already and was replaced since; it is left out");
                problems.push(Diagnostic::warning("delivery.old_file", message, at()).hint(format!(
                    "take it away; if the older data are the right ones, run again with --accept {}",
                    source.id
                )));
                continue;
            }
            kept.push(arrival);
        }
        kept
    }

    /// Nothing new came.
    fn late(&self, source: &Source, taken: Taken) -> Taken {
        let mut taken = self.stand_in(source, taken);
        let place = Place::file(source.files.join(", "));
        let name = format!("{} ({})", source.title, source.id);
        if let (Some(_), Some(day)) = (&taken.read, taken.as_of) {
            let message = format!("{name} has not been delivered; the delivery of {day} stands in");
            let hint = format!("ask {} for it", source.department);
            taken.problems.push(Diagnostic::warning("delivery.late", message, place).hint(hint));
            return taken;
        }
        let message = format!("{name} has not been delivered");
        taken.problems.push(if source.required {
            taken.trouble = taken.trouble.or(Some(FailureClass::InputMissing));
            Diagnostic::error("input.missing", message, place).hint(format!("ask {} for it", source.department))
        } else {
            Diagnostic::warning("input.missing", message, place)
                .hint("indicators from this source are unknown in this round; nobody enters or leaves the list by them")
        });
        taken
    }

    /// Puts the last good delivery in the place of one that did not come or cannot be used.
    fn stand_in(&self, source: &Source, mut taken: Taken) -> Taken {
        let (Some(last), Some(keep)) = (self.known.last_good(&source.id), self.keep) else {
            return taken;
        };
        let first = self.known.first(&source.id, &last.digest).unwrap_or(last);
        let as_of = first.as_of.parse().unwrap_or(self.as_of);
        if let Some(problem) = self.too_old(source, as_of) {
            taken.problems.push(problem);
            return taken;
        }
        let mut files = Vec::new();
        for file in &last.files {
            let path = keep.join(inbox::kept_name(file));
            if !inbox::is_sound(&path, file) {
                let message = format!("the kept copy of the delivery of {as_of} is gone or damaged");
                taken.problems.push(
                    Diagnostic::error("delivery.lost", message, Place::file(path.display().to_string()))
                        .hint(format!("put {} back into the input folder and run again", file.path)),
                );
                taken.trouble = taken.trouble.or(Some(FailureClass::Io));
                return taken;
            }
            files.push(InputFile { relative: file.path.clone(), path });
        }
        let reading = self.read(source, &files, &last.files, as_of);
        taken.problems.extend(reading.delivery.problems.iter().cloned());
        if reading.delivery.refused.len() == files.len() {
            taken.trouble = taken.trouble.or(Some(FailureClass::InputContract));
            return taken;
        }
        taken.state = "stale";
        taken.as_of = Some(as_of);
        taken.digest = last.digest.clone();
        taken.files = last.files.clone();
        taken.use_it(reading);
        taken
    }

    /// Why a delivery may not stand in any more.
    pub(super) fn too_old(&self, source: &Source, came: Date) -> Option<Diagnostic> {
        let most = source.freshness_days?;
        let days = came.until(self.as_of).map_or(0, |span| span.get_days());
        (days > i32::try_from(most).unwrap_or(i32::MAX)).then(|| {
            let message = format!(
                "the last good delivery of {} ({}) is of {came}, {days} days ago; its contract allows {most}",
                source.title, source.id
            );
            Diagnostic::warning("delivery.too_old", message, Place::file(source.files.join(", ")))
                .hint(format!("ask {} for a new one; until then nothing is known from this source", source.department))
        })
    }

    /// Why a full list cannot be believed: its rows against those of the delivery before.
    fn too_far_off(&self, source: &Source, delivery: &Delivery, digest: &str) -> Option<Diagnostic> {
        if source.snapshot != Snapshot::Full || source.completeness <= 0.0 {
            return None;
        }
        let before = self.known.before(&source.id, digest)?;
        let (was, is) = (before.rows, delivery.read);
        let moved = was.abs_diff(is);
        let allowed = source.completeness * was as f64;
        let gone = is == 0 && was > 0;
        if !gone && (moved < FEW_ROWS || moved as f64 <= allowed) {
            return None;
        }
        let share = 100.0 * (is as f64 - was as f64) / was.max(1) as f64;
        let message = format!(
            "{} ({}) has {is} data rows; the delivery of {} had {was}: {share:+.1} %, more than the {:.0} % that its \
             contract allows. It is held, and the earlier one stays in use",
            source.title,
            source.id,
            before.as_of,
            100.0 * source.completeness
        );
        Some(Diagnostic::error("delivery.held", message, Place::file(source.files.join(", "))).hint(format!(
            "ask {} whether it is whole and whether an old file lies beside it; if all is right, run again with --accept {}",
            source.department, source.id
        )))
    }

    /// A piece of a list that comes in several files is missing.
    fn fewer_files(&self, source: &Source, files: &[Arrival], digest: &str) -> Option<Diagnostic> {
        let before = self.known.before(&source.id, digest)?;
        let own = |file: &&KeptFile| !inbox::is_report(file);
        let (had, has) = (before.files.iter().filter(own).count(), files.iter().map(|f| &f.kept).filter(own).count());
        if source.snapshot != Snapshot::Full || had <= has {
            return None;
        }
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_string();
        let now: BTreeSet<String> = files.iter().map(|f| name(&f.kept.path)).collect();
        let gone: Vec<String> =
            before.files.iter().filter(own).map(|f| name(&f.path)).filter(|n| !now.contains(n)).collect();
        let message = format!(
            "{} ({}) came in {} files; the delivery of {} had {}, among them {}",
            source.title,
            source.id,
            has,
            before.as_of,
            had,
            gone.join(", ")
        );
        Some(
            Diagnostic::warning("delivery.fewer_files", message, place(files))
                .hint(format!("ask {} whether a part is missing", source.department)),
        )
    }

    /// An entry, when it says something that the ledger does not know yet.
    fn news(&self, entry: Delivered) -> Option<Delivered> {
        let told = self.known.last(&entry.source, &entry.digest);
        let last = self.known.last_good(&entry.source);
        let known = told.is_some_and(|t| {
            (t.state, t.rows, &t.reason) == (entry.state, entry.rows, &entry.reason)
                && (t.state != DeliveryState::Used || last.is_some_and(|l| l.digest == entry.digest))
        });
        (!known).then_some(entry)
    }
}

/// Files as ingest reads them.
fn inputs(files: &[Arrival]) -> Vec<InputFile> {
    files.iter().map(|f| f.file.clone()).collect()
}

fn place(files: &[Arrival]) -> Place {
    match files {
        [only] => Place::file(&only.kept.path),
        [first, ..] => Place::file(format!("{} and {} more", first.kept.path, files.len() - 1)),
        [] => Place::default(),
    }
}
