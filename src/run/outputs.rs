//! The round's tables and files: gathers the tables, fills those that belong to no single stage, writes everything.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::compute::concat_batches;
use jiff::civil::Date;

use super::manifest::Manifest;
use super::sources::Arrived;
use super::{Event, Observer};
use crate::diag::{Failure, Outcome, Severity};
use crate::model::build::{TableBuilder, Value};
use crate::model::{Reject, Table, TableSchema, tables};
use crate::plan::Plan;
use crate::publish;

/// The round's tables in the order of the flow.
#[derive(Debug, Default)]
pub struct Tables {
    list: Vec<Table>,
}

impl Tables {
    /// Adds a table.
    pub fn add(&mut self, table: Table) {
        self.list.push(table);
    }

    /// A table by name.
    ///
    /// # Panics
    /// When no stage has added it yet: the sequence is wrong.
    pub fn get(&self, name: &str) -> &Table {
        self.list
            .iter()
            .find(|t| t.name() == name)
            .unwrap_or_else(|| panic!("no stage has made table {name} yet"))
    }

    /// All tables in order.
    pub fn iter(&self) -> impl Iterator<Item = &Table> {
        self.list.iter()
    }
}

/// The `rejects` table of all sources.
pub fn rejects<'a>(sources: impl Iterator<Item = (&'a str, &'a [Reject])>) -> Table {
    let mut builder = TableBuilder::new(tables::rejects());
    for (source, rejects) in sources {
        for r in rejects {
            let folded = r.folded_into.as_ref().map(|p| {
                if p.sheet.is_empty() {
                    format!("{}:{}", p.file, p.row)
                } else {
                    format!("{}!{}:{}", p.file, p.sheet, p.row)
                }
            });
            builder.push(vec![
                source.into(),
                r.disposition.as_str().into(),
                r.code.into(),
                r.reason.clone().into(),
                r.at.file.clone().into(),
                r.at.sheet.clone().into(),
                i64::from(r.at.row).into(),
                folded.into(),
                r.raw.clone().into(),
            ]);
        }
    }
    builder.finish()
}

/// Several tables of one schema, one below the other.
pub fn concat<'a>(schema: TableSchema, parts: impl Iterator<Item = &'a Table>) -> Table {
    let batches: Vec<_> = parts.map(|t| &t.batch).collect();
    let batch = concat_batches(&schema.arrow(), batches).expect("parts were declared with this schema");
    Table { schema, batch }
}

/// The `source_quality` table.
pub fn source_quality(arrived: &[Arrived]) -> Table {
    let mut builder = TableBuilder::new(tables::source_quality());
    for a in arrived {
        let e = &a.entry;
        let n = |v: u64| Value::Integer(i64::try_from(v).unwrap_or(i64::MAX));
        let links = |pick: fn(super::manifest::LinkCounts) -> u64| e.links.map_or(Value::Null, |l| n(pick(l)));
        let problems: Vec<String> = a
            .problems
            .iter()
            .filter(|p| p.severity != Severity::Note)
            .map(|p| format!("{}: {} [{}]", p.place, p.message, p.code))
            .collect();
        builder.push(vec![
            e.source.clone().into(),
            e.title.clone().into(),
            e.department.clone().into(),
            e.state.into(),
            n(e.files),
            n(e.rows.read),
            n(e.rows.accepted),
            n(e.rows.quarantined),
            n(e.rows.folded),
            n(e.rows.not_data),
            links(|l| l.linked),
            links(|l| l.possible),
            links(|l| l.conflict),
            links(|l| l.unlinked),
            n(e.findings),
            problems.join("; ").into(),
        ]);
    }
    builder.finish()
}

/// How often each value of a text column occurs; `split` counts the parts of `a|b` apart.
pub fn tally(table: &Table, column: &str, split: bool) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for value in table.text(column).iter().flatten() {
        let parts: Vec<&str> = if split {
            value.split('|').filter(|p| !p.is_empty()).collect()
        } else {
            vec![value]
        };
        for part in parts {
            *counts.entry(part.to_string()).or_insert(0) += 1;
        }
    }
    counts
}

/// Writes tables, workbooks and the report below a folder.
pub fn write(
    dir: &Path,
    plan: &Plan,
    as_of: Date,
    tables: &Tables,
    manifest: &Manifest,
    observer: Observer,
) -> Outcome<()> {
    let folder = dir.join("tables");
    std::fs::create_dir_all(&folder).map_err(|e| Failure::io("make the tables folder", &folder, &e))?;
    observer(Event::Stage {
        name: "publish",
        steps: tables.iter().count() + 1,
    });
    for table in tables.iter() {
        publish::parquet::write(table, &folder.join(format!("{}.parquet", table.name())))?;
        observer(Event::Step(table.name().to_string()));
    }
    let round = publish::RoundInfo {
        county: plan.county.clone(),
        round: manifest.round.clone(),
        as_of,
        pipeline_title: plan.title.clone(),
        program: format!("{} {}", manifest.program, manifest.version),
        run_id: manifest.run_id.clone(),
    };
    publish::workbooks_and_report(dir, &round, plan, &|name| tables.get(name))?;
    observer(Event::Step("workbooks and report".into()));
    Ok(())
}

/// Writes the manifest, last of all files.
pub fn write_manifest(dir: &Path, manifest: &Manifest) -> Outcome<()> {
    let path = dir.join("manifest.json");
    let mut text = serde_json::to_string_pretty(manifest).map_err(|e| Failure::internal(format!("manifest: {e}")))?;
    text.push('\n');
    std::fs::write(&path, text).map_err(|e| Failure::io("write the manifest", &path, &e))
}
