//! A delivery after ingest and normalize: what a round needs of it, kept by what it was made from.
//!
//! In: the contract, the delivery's rows, the corrections that departments sent, the code tables, the day on which the delivery
//! came. Out: an [`Ingested`]. Nothing else of the run goes in: on the day of the round depends what the delivery is
//! used for, never what it says.

use std::collections::BTreeSet;
use std::path::Path;

use arrow::compute::concat_batches;
use jiff::civil::Date;

use super::corrections::{self, Applied, Correction, Receipts};
use super::receipts::{self, ToCorrect};
use super::stages::{self, Key, Stage, Stages};
use super::through::{After, Keep, Records, Through, aside, through};
use crate::cases::ledger::KeptFile;
use crate::codes::Codes;
use crate::diag::{Diagnostic, Failure, Outcome};
use crate::ingest::{Delivery, RawRows};
use crate::model::{Reject, Table};
use crate::normalize::{Seen, Survey};
use crate::plan::{Plan, Source};
use crate::publish::atomic;

/// A delivery after ingest and normalize.
#[derive(Debug)]
pub struct Ingested {
    /// `records_<source>`.
    pub records: Records,
    /// Doubtful values.
    pub findings: Table,
    /// Rows that later increments may repeat; none of a full list, or when nobody asks.
    pub seen: Option<Seen>,
    /// The rest.
    pub rest: Rest,
}

/// What is no table.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Rest {
    /// Data rows read.
    pub read: u64,
    /// Number of records.
    pub accepted: u64,
    /// Files that break the contract.
    pub refused: Vec<String>,
    /// What is to be told about the files.
    pub told: Vec<Diagnostic>,
    /// Rows that did not become records, in the order of the files.
    pub rejects: Vec<Reject>,
    /// What is to be told about corrections.
    pub correcting: Vec<Diagnostic>,
    /// Corrected values, each with what became of it.
    pub corrections: Vec<(Correction, String)>,
    /// Receipts from which something was taken.
    pub receipts: Vec<KeptFile>,
    /// Rows for the receipt.
    pub to_correct: ToCorrect,
}

impl Ingested {
    /// The delivery as it was read, without its rows: what decides whether it is used.
    pub fn outline(&self) -> Delivery {
        Delivery {
            read: self.rest.read,
            refused: self.rest.refused.clone(),
            problems: self.rest.told.clone(),
            ..Delivery::default()
        }
    }

    fn save(&self, dir: &Path) -> Outcome<()> {
        let records = self.records.table().ok_or_else(|| Failure::internal("records that are not in memory"))?;
        stages::write_table(dir, "records", records)?;
        stages::write_table(dir, "findings", &self.findings)?;
        if let Some(seen) = &self.seen {
            let (origins, rows) = seen.parts();
            stages::write_json(&dir.join("seen.json"), &origins)?;
            atomic::write(&dir.join("seen.bin"), &rows)?;
        }
        stages::write_json(&dir.join("rest.json"), &self.rest)
    }

    fn load(dir: &Path) -> Outcome<Ingested> {
        Ok(Ingested {
            records: Records::Here(stages::read_table(dir, "records")?),
            findings: stages::read_table(dir, "findings")?,
            seen: None,
            rest: stages::read_json(&dir.join("rest.json"))?,
        })
    }

    /// The rows of the delivery in a folder.
    fn load_seen(dir: &Path) -> Outcome<Seen> {
        let path = dir.join("seen.bin");
        let rows = std::fs::read(&path).map_err(|e| Failure::io("read", &path, &e))?;
        Ok(Seen::read(stages::read_json(&dir.join("seen.json"))?, &rows))
    }

    /// Adds a later increment. Records, findings and rows to correct stand one after the other.
    pub fn append(&mut self, later: Ingested) -> Outcome<()> {
        let (Records::Here(own), Records::Here(more)) = (&mut self.records, later.records) else {
            return Err(Failure::internal("increments that are not in memory"));
        };
        for (own, more) in [(own, &more), (&mut self.findings, &later.findings)] {
            own.batch = concat_batches(&own.schema.arrow(), [&own.batch, &more.batch])
                .map_err(|e| Failure::internal(e.to_string()))?;
        }
        let (own, more) = (&mut self.rest, later.rest);
        own.read += more.read;
        own.accepted += more.accepted;
        own.refused.extend(more.refused);
        own.told.extend(more.told);
        own.rejects.extend(more.rejects);
        own.correcting.extend(more.correcting);
        own.corrections.extend(more.corrections);
        own.receipts.extend(more.receipts);
        own.to_correct.append(more.to_correct);
        Ok(())
    }
}

/// A contract as a part of a key. Where its file stands is none of it: a timer names the pipeline folder in full and a
/// person at the keyboard does not, and both are to find what the other kept.
pub fn contract(source: &Source) -> String {
    format!("{:?}", source.without_places())
}

/// Where deliveries that went through before are found.
pub struct Shelf<'a> {
    /// The kept results.
    pub stages: &'a Stages,
    /// The corrected receipts of the run.
    pub receipts: &'a Receipts,
    /// Digest of the code tables.
    pub codes: String,
    /// Whether receipts will be written.
    pub answered: bool,
}

impl<'a> Shelf<'a> {
    /// The shelf of a run.
    pub fn new(stages: &'a Stages, receipts: &'a Receipts, plan: &Plan, answered: bool) -> Shelf<'a> {
        // Every code table counts for every source: they change once a year, and divisions are everywhere.
        let of_codes = plan.files.iter().filter(|f| f.path.contains("codes/"));
        let codes = of_codes.fold(Key::new(Stage::Ingest), |key, f| key.with(&f.path).with(&f.sha256)).finish();
        Shelf { stages, receipts, codes, answered }
    }

    /// The key of a delivery that came on a day.
    ///
    /// An increment's contains that of the one before it: how its records are numbered and what of it is folded
    /// depends on all that came earlier.
    pub fn key(&self, source: &Source, files: &[KeptFile], day: Date, after: &str) -> String {
        let mut key = Key::new(Stage::Ingest).with(contract(source)).with(&self.codes).with(after);
        key = key.with(day.to_string()).with([u8::from(self.answered)]);
        for file in files {
            key = key.with(&file.path).with(&file.sha256);
        }
        for receipt in self.receipts.of(&source.id) {
            let (file, here, rank) = (&receipt.file, receipt.here, receipt.rank);
            key = key.with(&file.path).with(&file.sha256).with([u8::from(here)]).with(rank.to_string());
        }
        key.finish()
    }

    /// A delivery that went through before.
    pub fn find(&self, key: &str) -> Option<Ingested> {
        self.stages.load(Stage::Ingest, key, Ingested::load)
    }

    /// The rows of an increment that went through before.
    pub fn seen(&self, key: &str) -> Option<Seen> {
        self.stages.load(Stage::Ingest, key, Ingested::load_seen)
    }

    /// Keeps a delivery that went through.
    pub fn put(&self, key: &str, ingested: &Ingested) {
        self.stages.put(Stage::Ingest, key, |dir| ingested.save(dir));
    }
}

/// A delivery that was read.
pub struct Raw<'a> {
    /// Its rows, and what reading told.
    pub delivery: Delivery,
    /// What was seen of the rows while they were read.
    pub survey: Option<Survey>,
    /// Its files.
    pub files: &'a [KeptFile],
    /// Its digest.
    pub digest: &'a str,
    /// The day up to which it can speak: that on which it came.
    pub day: Date,
    /// What an increment follows.
    pub after: After,
}

/// Takes a delivery through corrections and normalize.
///
/// # Errors
/// Rows cannot be put aside or read back, or the records not be written.
pub fn ingest(
    source: &Source,
    raw: Raw,
    codes: &Codes,
    receipts: &Receipts,
    keep: Keep,
    answered: bool,
) -> Outcome<Ingested> {
    let Raw { mut delivery, survey, files, digest, day, after } = raw;
    let mut survey = survey.filter(|_| !delivery.forgot);
    let mut applied = Applied::default();
    if !receipts.of(&source.id).is_empty() {
        // A correction also heals rows that equal the corrected one, wherever they stand: that takes all rows at once.
        let raw = delivery.rows.table().map_err(|e| aside(&e))?;
        let mut rows = corrections::Rows { raw, rejects: delivery.rejects };
        applied = corrections::apply(source, &mut rows, files, digest, receipts.of(&source.id));
        (delivery.rows, delivery.rejects) = (RawRows::of(rows.raw), rows.rejects);
        survey = None;
    }
    let survey = match survey {
        Some(survey) => survey,
        None => {
            let mut survey = Survey::new(source, day);
            for batch in delivery.rows.batches() {
                survey.see(source, &*batch.map_err(|e| aside(&e))?);
            }
            survey
        }
    };
    let normalized = through(source, &delivery.rows, survey, codes, day, keep, after)?;
    let mut rejects = delivery.rejects;
    rejects.extend(normalized.rejects);
    rejects.sort_by(|a, b| a.at.cmp(&b.at));
    let mut to_correct = ToCorrect::default();
    if answered {
        to_correct = receipts::to_correct(&receipts::Read {
            source,
            rows: &delivery.rows,
            delivered: &applied.delivered,
            rejects: &rejects,
            findings: &normalized.findings,
            used: &normalized.used,
            files,
        })
        .map_err(|e| aside(&e))?;
    }
    let corrections = judged(applied.corrections, &normalized.findings, &rejects);
    let rest = Rest {
        read: delivery.read,
        accepted: normalized.accepted,
        refused: delivery.refused,
        told: delivery.problems,
        rejects,
        correcting: applied.problems,
        corrections,
        receipts: applied.used,
        to_correct,
    };
    let Through { records, findings, seen, .. } = normalized;
    Ok(Ingested { records, findings, seen, rest })
}

/// What became of each correction: nothing is wrong with the value any more, or something still is.
fn judged(corrections: Vec<Correction>, findings: &Table, rejects: &[Reject]) -> Vec<(Correction, String)> {
    use crate::model::Disposition;
    if corrections.is_empty() {
        return Vec::new();
    }
    let text = |column: &str, i: usize| findings.str_at(column, i).unwrap_or_default().to_string();
    let place = |i: usize| (text("file", i), text("sheet", i), findings.integer("row").value(i), text("field", i));
    let doubted: BTreeSet<(String, String, i64, String)> = (0..findings.rows()).map(place).collect();
    let kept_out = |c: &Correction| rejects.binary_search_by(|r| r.at.cmp(&c.at)).ok().map(|i| rejects[i].disposition);
    corrections
        .into_iter()
        .map(|c| {
            let place = (c.at.file.clone(), c.at.sheet.clone(), i64::from(c.at.row), c.field.clone());
            let state = match kept_out(&c) {
                Some(Disposition::Folded) => "duplicate",
                Some(_) => "still_wrong",
                None if doubted.contains(&place) => "still_wrong",
                None => "healed",
            };
            (c, state.to_string())
        })
        .collect()
}
