//! Brings the sources in: files found, read, normalised, hashed; a broken one is blocked and the others go on.

use std::path::Path;

use jiff::civil::Date;
use rayon::prelude::*;

use super::manifest::{self, HashedFile, SourceEntry};
use super::{Event, Observer};
use crate::codes::Codes;
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::model::{Reject, SourceCounts, Table};
use crate::plan::{Plan, Source, SourceRole};
use crate::{ingest, normalize};

/// One source after ingest and normalize.
pub struct Arrived {
    /// Its part of the manifest, links still open.
    pub entry: SourceEntry,
    /// `records_<source>`; none when nothing usable was delivered.
    pub records: Option<Table>,
    /// Rows that did not become records.
    pub rejects: Vec<Reject>,
    /// Doubtful values.
    pub findings: Option<Table>,
    /// Problems of whole files.
    pub problems: Vec<Diagnostic>,
    /// Hashes of the delivered files.
    pub inputs: Vec<HashedFile>,
    /// Why the run as a whole is not well, if it is not.
    pub trouble: Option<FailureClass>,
}

/// All sources of a plan, in its order; in parallel, with the same result on any number of threads.
pub fn bring_in(plan: &Plan, codes: &Codes, input: &Path, as_of: Date, observer: Observer) -> Outcome<Vec<Arrived>> {
    if !input.is_dir() {
        let problem = Diagnostic::error(
            "input.no_folder",
            "the input folder does not exist or is no folder",
            Place::file(input.display().to_string()),
        )
        .hint("give the folder that holds the departments' files with --input");
        return Err(Failure::one(FailureClass::InputMissing, problem));
    }
    observer(Event::Stage { name: "ingest", steps: plan.sources.len() });
    plan.sources
        .par_iter()
        .map(|source| {
            let arrived = arrive(source, codes, input, as_of);
            observer(Event::Step(source.title.clone()));
            arrived
        })
        .collect()
}

fn arrive(source: &Source, codes: &Codes, input: &Path, as_of: Date) -> Outcome<Arrived> {
    let mut arrived = Arrived {
        entry: SourceEntry {
            source: source.id.clone(),
            title: source.title.clone(),
            department: source.department.clone(),
            state: "delivered",
            files: 0,
            rows: SourceCounts::default(),
            links: None,
            findings: 0,
        },
        records: None,
        rejects: Vec::new(),
        findings: None,
        problems: Vec::new(),
        inputs: Vec::new(),
        trouble: None,
    };
    if let Some(problem) = source.terms.outside(&source.title, as_of) {
        let expired = problem.is_error();
        arrived.problems.push(problem);
        if expired {
            // Not even opened: nobody may use it any more. For the lists it counts as a source that did not come.
            arrived.entry.state = "blocked";
            arrived.trouble = Some(FailureClass::InputContract);
            return Ok(arrived);
        }
    }
    let found = ingest::find_files(source, input)?;
    arrived.problems.extend(found.notes);
    arrived.entry.files = found.files.len() as u64;
    if found.files.is_empty() {
        return Ok(missing(arrived, source));
    }
    for file in &found.files {
        let (sha256, bytes) = manifest::hash_file(&file.path).map_err(|e| Failure::io("hash", &file.path, &e))?;
        arrived.inputs.push(HashedFile { path: file.relative.clone(), sha256, bytes });
    }

    let delivery = ingest::read(source, &found.files);
    arrived.problems.extend(delivery.problems);
    arrived.entry.rows.read = delivery.read;
    let refused = delivery.refused.len();
    if refused > 0 {
        arrived.trouble = Some(FailureClass::InputContract);
    }
    let count = |rejects: &[Reject], d| rejects.iter().filter(|r| r.disposition == d).count() as u64;
    if refused == found.files.len() {
        arrived.entry.state = "blocked";
        arrived.rejects = delivery.rejects;
        arrived.entry.rows.quarantined = count(&arrived.rejects, crate::model::Disposition::Quarantined);
        arrived.entry.rows.not_data = count(&arrived.rejects, crate::model::Disposition::NotData);
        return Ok(arrived);
    }
    if refused > 0 {
        arrived.entry.state = "partial";
    }

    let normalized = normalize::records(source, &delivery.raw, codes, as_of);
    arrived.rejects = delivery.rejects;
    arrived.rejects.extend(normalized.rejects);
    arrived.rejects.sort_by(|a, b| a.at.cmp(&b.at));
    let rows = &mut arrived.entry.rows;
    // Counted from the rows themselves, not from what a stage says it did: that is what makes the sum a check.
    rows.accepted = normalized.records.rows() as u64;
    rows.quarantined = count(&arrived.rejects, crate::model::Disposition::Quarantined);
    rows.folded = count(&arrived.rejects, crate::model::Disposition::Folded);
    rows.not_data = count(&arrived.rejects, crate::model::Disposition::NotData);
    arrived.entry.findings = normalized.findings.rows() as u64;
    arrived.records = Some(normalized.records);
    arrived.findings = Some(normalized.findings);
    Ok(arrived)
}

fn missing(mut arrived: Arrived, source: &Source) -> Arrived {
    arrived.entry.state = "missing";
    let place = Place::file(source.files.join(", "));
    let message = format!("{} ({}) has not been delivered", source.title, source.id);
    arrived.problems.push(if source.required {
        arrived.trouble = Some(FailureClass::InputMissing);
        Diagnostic::error("input.missing", message, place).hint(format!("ask {} for it", source.department))
    } else {
        Diagnostic::warning("input.missing", message, place)
            .hint("indicators from this source are unknown in this round; nobody enters or leaves the list by them")
    });
    arrived
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
