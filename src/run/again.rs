//! A published round screened again from its own tables: other rules and thresholds in seconds, without the departments' files.
//!
//! In: the round's Parquet tables. Out: what a plan makes of them. Everything up to the links is as it was published.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::UInt32Array;
use arrow::compute::take_record_batch;
use jiff::civil::Date;

use super::{Round, store};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::model::Table;
use crate::plan::{Plan, SourceRole};
use crate::screen::held::Previous;
use crate::screen::{ScreenInput, Screened, screen};

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
    /// Opens a published round, the last one when no name is given.
    ///
    /// # Errors
    /// There is no such round (66), a source of the plan was not part of it (66), or a table cannot be read (74).
    pub fn open(out: &Path, name: Option<&str>, plan: &Plan) -> Outcome<Again> {
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
            plan.sources.iter().map(|s| s.id.as_str()).filter(|id| !states.contains_key(id)).collect();
        if !unknown.is_empty() {
            let message = format!("round {} was made without the sources {}", round.name, unknown.join(", "));
            let problem = Diagnostic::error("plan.new_source", message, Place::file(path.display().to_string()))
                .hint("give the departments' files with --input: new sources must be read and linked first");
            return Err(Failure::one(FailureClass::InputMissing, problem));
        }
        let usable = |id: &str| states.get(id).is_some_and(|s| matches!(*s, "delivered" | "partial" | "stale"));
        let linked = plan.sources.iter().filter(|s| s.role != SourceRole::Register && usable(&s.id));
        let mut records = BTreeMap::new();
        for source in plan.sources.iter().filter(|s| usable(&s.id)) {
            records.insert(source.id.clone(), round.table(&source.table())?);
        }
        let all = round.table("links")?;
        let mut links = BTreeMap::new();
        for source in linked {
            links.insert(source.id.clone(), links_of(&all, &source.id)?);
        }
        let previous = store::previous(out, &plan.name, &as_of.to_string())?.map(|(_, previous)| previous);
        Ok(Again {
            as_of,
            persons: round.table("persons")?,
            households: round.table("households")?,
            possible: round.table("possible_links")?,
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

fn links_of(all: &Table, source: &str) -> Outcome<Table> {
    let sources = all.text("source").iter();
    let rows = sources.enumerate().filter(|(_, s)| *s == Some(source)).filter_map(|(row, _)| u32::try_from(row).ok());
    let rows = UInt32Array::from_iter_values(rows);
    let batch = take_record_batch(&all.batch, &rows);
    let batch = batch.map_err(|e| Failure::internal(format!("parting the links: {e}")))?;
    Ok(Table { schema: all.schema.clone(), batch })
}
