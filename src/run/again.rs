//! A published round screened again from its own tables: other rules and thresholds in seconds, without the departments' files.
//!
//! In: the round's Parquet tables. Out: what a plan makes of them. Everything up to the links is as it was published.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use jiff::civil::Date;

use super::{Round, store};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::model::Table;
use crate::plan::{Plan, Source, SourceRole};
use crate::screen::held::Previous;
use crate::screen::{ScreenInput, Screened, screen, wanted};

/// A round's tables as far as screening needs them.
pub struct Again {
    /// Name of the round.
    pub round: String,
    /// Day of its judgement.
    pub as_of: Date,
    persons: Table,
    households: Table,
    possible: Table,
    records: BTreeMap<String, Table>,
    links: BTreeMap<String, Table>,
    delivered: BTreeSet<String>,
    previous: Option<Previous>,
}

impl Again {
    /// Opens a published round, the last one when no name is given, for the present plan and those that are proposed in its
    /// place. Only what one of them needs is read.
    ///
    /// # Errors
    /// There is no such round (66), a source or field of a plan was not part of it (66), or a table cannot be read (74).
    pub fn open(out: &Path, name: Option<&str>, present: &Plan, proposed: &[&Plan]) -> Outcome<Again> {
        let plans: Vec<&Plan> = [present].into_iter().chain(proposed.iter().copied()).collect();
        let plans = plans.as_slice();
        let round = Round::open(out, name)?;
        let path = round.dir.join("manifest.json");
        let bytes = std::fs::read(&path).map_err(|e| Failure::io("read the manifest", &path, &e))?;
        let manifest: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|e| Failure::io("read the manifest", &path, &e))?;
        let as_of: Option<Date> = manifest["as_of"].as_str().and_then(|day| day.parse().ok());
        let as_of = as_of.ok_or_else(|| Failure::internal("a manifest without a day"))?;
        let states: BTreeMap<&str, &str> = manifest["sources"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|s| Some((s["source"].as_str()?, s["state"].as_str()?)))
            .collect();
        let unknown: Vec<&str> =
            present.sources.iter().map(|s| s.id.as_str()).filter(|id| !states.contains_key(id)).collect();
        if !unknown.is_empty() {
            let message = format!("round {} was made without the sources {}", round.name, unknown.join(", "));
            let problem = Diagnostic::error("plan.new_source", message, Place::file(path.display().to_string()))
                .hint("give the departments' files with --input: new sources must be read and linked first");
            return Err(Failure::one(FailureClass::InputMissing, problem));
        }
        let usable = |id: &str| states.get(id).is_some_and(|s| matches!(*s, "delivered" | "partial" | "stale"));
        let mut records = BTreeMap::new();
        for source in present.sources.iter().filter(|s| usable(&s.id)) {
            records.insert(source.id.clone(), self::records(&round, source, plans)?);
        }
        let named = |columns: &[&str]| columns.iter().map(|c| c.to_string()).collect::<BTreeSet<String>>();
        let all = round.columns("links", &named(&wanted::LINKS))?;
        let mut links = parted(&all)?;
        let register = |id: &str| present.sources.iter().any(|s| s.role == SourceRole::Register && s.id == id);
        links.retain(|id, _| usable(id) && !register(id));
        let previous = store::previous(out, &present.name, &as_of.to_string())?.map(|(_, previous)| previous);
        Ok(Again {
            as_of,
            persons: round.columns("persons", &wanted::persons())?,
            households: round.columns("households", &wanted::households())?,
            possible: round.columns("possible_links", &named(&wanted::POSSIBLE))?,
            delivered: records.keys().cloned().collect(),
            records,
            links,
            previous,
            round: round.name,
        })
    }

    /// What a plan makes of the round.
    pub fn screened(&self, plan: &Plan) -> Outcome<Screened> {
        screen(&ScreenInput {
            plan,
            as_of: self.as_of,
            persons: &self.persons,
            households: &self.households,
            records: &self.records,
            links: &self.links,
            possible: &self.possible,
            previous: self.previous.as_ref(),
            delivered: &self.delivered,
        })
    }
}

/// A source's records with the columns that one of the plans names.
fn records(round: &Round, source: &Source, plans: &[&Plan]) -> Outcome<Table> {
    let mut columns = BTreeSet::new();
    for plan in plans {
        columns.extend(wanted::records(plan, &source.id)?);
    }
    let table = round.columns(&source.table(), &columns)?;
    let missing: Vec<&str> = columns.iter().map(String::as_str).filter(|c| !table.has(c)).collect();
    if missing.is_empty() {
        return Ok(table);
    }
    let message = format!("round {} was made when {} had no {}", round.name, source.id, missing.join(", "));
    let problem = Diagnostic::error("plan.new_field", message, source.place.clone())
        .hint("give the departments' files with --input: new fields must be read first");
    Err(Failure::one(FailureClass::InputMissing, problem))
}

/// The links of each source. They stand together in the published table, so that a part is a slice of it.
fn parted(all: &Table) -> Outcome<BTreeMap<String, Table>> {
    let sources = all.text("source");
    let mut parts: BTreeMap<String, Vec<RecordBatch>> = BTreeMap::new();
    let mut from = 0;
    for row in 1..=all.rows() {
        if row == all.rows() || sources.value(row) != sources.value(from) {
            parts.entry(sources.value(from).to_string()).or_default().push(all.batch.slice(from, row - from));
            from = row;
        }
    }
    let joined = |(source, parts): (String, Vec<RecordBatch>)| {
        let batch = match parts.as_slice() {
            [one] => one.clone(),
            several => concat_batches(&all.schema.arrow(), several)
                .map_err(|e| Failure::internal(format!("parting the links: {e}")))?,
        };
        Ok((source, Table { schema: all.schema.clone(), batch }))
    };
    parts.into_iter().map(joined).collect()
}
