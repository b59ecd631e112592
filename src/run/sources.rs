//! Brings the sources in: deliveries chosen, read, corrected by receipts, normalised; a broken one is blocked and the others
//! go on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::Date;
use rayon::prelude::*;

use super::corrections::{self, Correction, Receipts};
use super::deliveries::Desk;
use super::inbox::{self, Inbox};
use super::increments;
use super::ingested::{self, Ingested, Rest, Shelf};
use super::manifest::{HashedFile, SourceEntry};
use super::position::Listed;
use super::receipts::ToCorrect;
use super::stages::Stages;
use super::through::{After, Keep, Records};
use super::{Event, Observer};
use crate::cases::ledger::{Delivered, Deliveries, KeptFile, ReceiptEntry};
use crate::codes::Codes;
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::model::{Disposition, Reject, SourceCounts, Table};
use crate::plan::{Plan, Snapshot, Source, SourceRole};

/// From where and with what knowledge the sources are brought in.
pub struct Intake<'a> {
    /// Input folder.
    pub input: &'a Path,
    /// Output folder, where every file is kept before it is read; none in a check, which keeps nothing.
    pub out: Option<&'a Path>,
    /// Whether files are kept there; otherwise earlier deliveries stand in all the same, but nothing is written.
    pub keep_files: bool,
    /// The round.
    pub round: &'a str,
    /// Day of the judgement.
    pub as_of: Date,
    /// What the ledger knows.
    pub known: &'a Deliveries,
    /// Sources whose delivery a person accepts as it is.
    pub accept: &'a BTreeSet<String>,
    /// What becomes of the records.
    pub keep: Keep<'a>,
    /// Whether receipts will be written.
    pub receipts: bool,
    /// Results of earlier runs; none when everything is to be made anew.
    pub stages: Option<&'a Stages>,
}

/// One source after ingest and normalize.
pub struct Arrived {
    /// Its part of the manifest, links still open.
    pub entry: SourceEntry,
    /// `records_<source>`; none when nothing usable was delivered.
    pub records: Option<Records>,
    /// Rows that did not become records.
    pub rejects: Vec<Reject>,
    /// Doubtful values.
    pub findings: Option<Table>,
    /// Problems of whole files.
    pub problems: Vec<Diagnostic>,
    /// Hashes of the files that came and of those in use.
    pub inputs: Vec<HashedFile>,
    /// Why the run as a whole is not well, if it is not.
    pub trouble: Option<FailureClass>,
    /// Files of the delivery in use, or of the one that was turned away when none is.
    pub files: Vec<KeptFile>,
    /// Digest of the delivery in use.
    pub delivery: String,
    /// Day on which it first came.
    pub as_of: Option<Date>,
    /// What is new for the ledger.
    pub news: Vec<Delivered>,
    /// Corrected values, each with what became of it.
    pub corrections: Vec<(Correction, String)>,
    /// Rows for the receipt.
    pub to_correct: ToCorrect,
    /// Files that lay in the inbox for it.
    pub found: Vec<KeptFile>,
    /// What the records were made from, one part after the other: the delivery in use, or the increments in use.
    pub parts: Vec<Part>,
    /// Digests of the increments in use.
    pub increments: BTreeSet<String>,
    /// What of it came with this round, when the rest is from earlier increments.
    pub new_part: Option<NewPart>,
    /// True when this round is the first to have its delivery or a correction of it.
    pub is_news: bool,
}

/// Increments that came with the round.
#[derive(Debug, Clone, Default)]
pub struct NewPart {
    /// Their files.
    pub files: Vec<KeptFile>,
    /// What became of their rows.
    pub rows: SourceCounts,
    /// Doubtful values in them.
    pub findings: u64,
    /// Their rows that did not become records.
    pub rejects: Vec<Reject>,
    /// Their rows for the receipt.
    pub to_correct: ToCorrect,
}

impl NewPart {
    /// Adds an increment.
    pub(super) fn add(&mut self, files: &[KeptFile], increment: &Ingested) {
        self.files.extend_from_slice(files);
        let rows = counts(&increment.rest);
        self.rows.read += rows.read;
        self.rows.accepted += rows.accepted;
        self.rows.quarantined += rows.quarantined;
        self.rows.folded += rows.folded;
        self.rows.not_data += rows.not_data;
        self.findings += increment.findings.rows() as u64;
        self.rejects.extend_from_slice(&increment.rest.rejects);
        self.to_correct.append(increment.rest.to_correct.clone());
    }
}

/// Counted from the rows themselves, not from what a stage says it did: that is what makes the sum a check.
fn counts(rest: &Rest) -> SourceCounts {
    let count = |d| rest.rejects.iter().filter(|r| r.disposition == d).count() as u64;
    SourceCounts {
        read: rest.read,
        accepted: rest.accepted,
        quarantined: count(Disposition::Quarantined),
        folded: count(Disposition::Folded),
        not_data: count(Disposition::NotData),
    }
}

/// Records that were made, and are linked, by themselves.
#[derive(Debug, Clone)]
pub struct Part {
    /// What they were made from; none when nobody asked.
    pub key: Option<String>,
    /// How many there are.
    pub records: u64,
}

/// All sources of a plan, and what belongs to none.
pub struct BroughtIn {
    /// In the plan's order.
    pub sources: Vec<Arrived>,
    /// Problems of files that belong to no source.
    pub problems: Vec<Diagnostic>,
    /// Why the run as a whole is not well, if one of those is the reason.
    pub trouble: Option<FailureClass>,
    /// Corrected receipts that are new.
    pub receipts: Vec<ReceiptEntry>,
    /// Every file of the inbox, with the hashes of those that were read.
    pub inbox: Vec<Listed>,
}

/// All sources of a plan, in its order; in parallel, with the same result on any number of threads.
pub fn bring_in(plan: &Plan, codes: &Codes, intake: &Intake, observer: Observer) -> Outcome<BroughtIn> {
    if !intake.input.is_dir() {
        let problem = Diagnostic::error(
            "input.no_folder",
            "the input folder does not exist or is no folder",
            Place::file(intake.input.display().to_string()),
        )
        .hint("give the folder that holds the departments' files with --input");
        return Err(Failure::one(FailureClass::InputMissing, problem));
    }
    observer(Event::Stage { name: "ingest", steps: plan.sources.len() });
    let keep = intake.out.map(|out| out.join(inbox::FOLDER));
    let mut inbox = Inbox::open(intake.input, intake.out, intake.keep_files, intake.round)?;
    let mut receipts = Receipts::read(&inbox, intake.known, plan, intake.accept, keep.as_deref());
    let mut problems = std::mem::take(&mut inbox.problems);
    problems.append(&mut receipts.problems);
    let shelf = intake.stages.map(|stages| Shelf::new(stages, &receipts, plan, intake.receipts));
    let desk = Desk {
        known: intake.known,
        keep: keep.as_deref(),
        round: intake.round,
        as_of: intake.as_of,
        accept: intake.accept,
        shelf: shelf.as_ref(),
    };
    let sources: Outcome<Vec<Arrived>> = plan
        .sources
        .par_iter()
        .map(|source| {
            let arrived = arrive(source, codes, intake, &inbox, &desk, &receipts);
            observer(Event::Step(source.title.clone()));
            arrived
        })
        .collect();
    let trouble = problems.iter().any(Diagnostic::is_error).then_some(FailureClass::InputContract);
    drop(shelf);
    let mut sources = sources?;
    for a in &mut sources {
        let own = |source: &String| *source == a.entry.source;
        a.is_news = !a.news.is_empty()
            || intake.known.entries.iter().any(|e| own(&e.source) && e.round == intake.round)
            || receipts.entries.iter().any(|r| own(&r.source))
            || intake.known.corrected.iter().any(own);
    }
    let read = sources.iter().flat_map(|a| &a.found).chain(inbox.receipts.iter().map(|r| &r.kept));
    let read: BTreeMap<&str, &str> = read.map(|f| (f.path.as_str(), f.sha256.as_str())).collect();
    let listed = |path: &String| Listed { path: path.clone(), sha256: read.get(path.as_str()).map(|s| s.to_string()) };
    // What lies elsewhere than in the input folder, such as reports that forms brought, is told too.
    let all: BTreeSet<&String> =
        inbox.all.iter().chain(sources.iter().flat_map(|a| a.found.iter().map(|f| &f.path))).collect();
    let listed = all.into_iter().map(listed).collect();
    let receipts = std::mem::take(&mut receipts.entries);
    Ok(BroughtIn { sources, problems, trouble, receipts, inbox: listed })
}

fn arrive(
    source: &Source,
    codes: &Codes,
    intake: &Intake,
    inbox: &Inbox,
    desk: &Desk,
    receipts: &Receipts,
) -> Outcome<Arrived> {
    let mut arrived = Arrived {
        entry: SourceEntry {
            source: source.id.clone(),
            title: source.title.clone(),
            department: source.department.clone(),
            state: "missing",
            as_of: None,
            delivery: String::new(),
            files: 0,
            rows: SourceCounts::default(),
            corrected: 0,
            links: None,
            findings: 0,
        },
        records: None,
        rejects: Vec::new(),
        findings: None,
        problems: Vec::new(),
        inputs: Vec::new(),
        trouble: None,
        files: Vec::new(),
        delivery: String::new(),
        as_of: None,
        news: Vec::new(),
        corrections: Vec::new(),
        to_correct: ToCorrect::default(),
        parts: Vec::new(),
        increments: BTreeSet::new(),
        new_part: None,
        is_news: false,
        found: Vec::new(),
    };
    if let Some(problem) = source.terms.outside(&source.title, desk.as_of) {
        let expired = problem.is_error();
        arrived.problems.push(problem);
        if expired {
            // Not even opened: nobody may use it any more. For the lists it counts as a source that did not come.
            arrived.entry.state = "blocked";
            arrived.trouble = Some(FailureClass::InputContract);
            return Ok(arrived);
        }
    }
    let (found, notes) = inbox.files_of(source, desk.known)?;
    arrived.problems.extend(notes);
    arrived.found = found.iter().map(|f| f.kept.clone()).collect();
    arrived.inputs.extend(arrived.found.iter().map(hashed));
    if source.snapshot == Snapshot::Increment && matches!(intake.keep, Keep::Memory) {
        increments::arrive(source, codes, desk, receipts, (found, intake.receipts), &mut arrived)?;
        return Ok(arrived);
    }
    let taken = desk.take(source, found);
    arrived.problems.extend(taken.problems);
    arrived.inputs.extend(taken.files.iter().map(hashed));
    arrived.trouble = taken.trouble;
    arrived.news = taken.entry.into_iter().collect();
    arrived.as_of = taken.as_of.filter(|_| taken.read.is_some());
    arrived.entry.as_of = arrived.as_of.map(|day| day.to_string());
    arrived.entry.state = taken.state;
    arrived.entry.files = taken.files.len() as u64;
    arrived.entry.delivery = taken.digest.clone();
    arrived.delivery = taken.digest;
    arrived.files = taken.files;
    let Some(delivery) = taken.read else {
        return Ok(arrived);
    };
    let ingested = match taken.ingested {
        Some(ingested) => ingested,
        None => {
            let raw = ingested::Raw {
                delivery,
                survey: taken.survey,
                files: &arrived.files,
                digest: &arrived.delivery,
                day: taken.day.unwrap_or(desk.as_of),
                after: After::default(),
            };
            let made = ingested::ingest(source, raw, codes, receipts, intake.keep, intake.receipts)?;
            if let (Some(shelf), Some(key)) = (desk.shelf, &taken.key) {
                shelf.put(key, &made);
            }
            made
        }
    };
    arrived.parts = vec![Part { key: taken.key, records: ingested.rest.accepted }];
    arrived.take(ingested, receipts.of(&source.id));
    Ok(arrived)
}

impl Arrived {
    /// Takes over what the delivery came to.
    pub(super) fn take(&mut self, ingested: Ingested, receipts: &[corrections::Receipt]) {
        let Ingested { records, findings, rest, .. } = ingested;
        let heard = receipts.iter().filter(|r| r.here && r.is_filled()).map(|r| &r.file);
        let mut heard: Vec<HashedFile> = heard.chain(&rest.receipts).map(hashed).collect();
        heard.sort();
        heard.dedup();
        self.inputs.append(&mut heard);
        if rest.correcting.iter().any(Diagnostic::is_error) {
            self.trouble = self.trouble.or(Some(FailureClass::InputContract));
        }
        self.entry.rows = counts(&rest);
        self.rejects = rest.rejects;
        self.entry.findings = findings.rows() as u64;
        self.to_correct = rest.to_correct;
        self.records = Some(records);
        self.findings = Some(findings);
        self.problems.extend(rest.correcting);
        self.entry.corrected = rest.corrections.len() as u64;
        self.corrections = rest.corrections;
    }
}

pub(super) fn hashed(file: &KeptFile) -> HashedFile {
    HashedFile { path: file.path.clone(), sha256: file.sha256.clone(), bytes: file.bytes }
}

/// Fails when a source without which nothing can be done is not usable; all problems of all sources are told.
pub fn demand_required(plan: &Plan, arrived: &[Arrived]) -> Outcome<()> {
    let needed = |source: &Source| source.required || source.role == SourceRole::Register;
    let unusable = || plan.sources.iter().zip(arrived).filter(|(s, a)| needed(s) && a.records.is_none());
    // A broken file is the graver word: it came, and its sender can mend it.
    let class = if unusable().any(|(_, a)| a.entry.state != "missing") {
        Some(FailureClass::InputContract)
    } else {
        unusable().next().map(|_| FailureClass::InputMissing)
    };
    match class {
        None => Ok(()),
        Some(class) => {
            let problems = arrived.iter().flat_map(|a| a.problems.iter().cloned()).collect();
            Err(Failure { class, problems })
        }
    }
}
