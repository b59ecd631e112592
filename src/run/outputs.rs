//! The round's tables and files: gathers the tables, fills those that belong to no single stage, writes everything.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::compute::concat_batches;
use jiff::civil::Date;

use super::manifest::Manifest;
use super::sources::Arrived;
use super::stages::Stages;
use super::{Event, Observer};
use crate::cases::ledger::{Delivered, Deliveries, DeliveryState};
use crate::codes::Codes;
use crate::diag::{self, Diagnostic, Failure, Outcome, Severity};
use crate::model::build::{TableBuilder, Value};
use crate::model::form::Issued;
use crate::model::{FieldFinding, Provenance, Reject, Table, TableSchema, tables};
use crate::plan::{Cadence, Plan};
use crate::publish::workbook::receipt::{Receipt, ReceiptFile};
use crate::publish::{self, report, workbook};

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
        self.list.iter().find(|t| t.name() == name).unwrap_or_else(|| panic!("no stage has made table {name} yet"))
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
            let folded = r.folded_into.as_ref().map(Provenance::to_string);
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

/// The `deliveries` table: what the ledger knows as of this round, with what the round adds.
pub fn deliveries(known: &Deliveries, arrived: &[Arrived]) -> Table {
    let mut all: Vec<Delivered> = known.entries.clone();
    all.extend(arrived.iter().flat_map(|a| a.news.iter().cloned()));
    let mut last: BTreeMap<(&str, &str), (&Delivered, &Delivered)> = BTreeMap::new();
    for entry in &all {
        last.entry((&entry.source, &entry.digest)).or_insert((entry, entry)).1 = entry;
    }
    let mut builder = TableBuilder::new(tables::deliveries());
    for a in arrived {
        let own = last.iter().filter(|((source, _), _)| *source == a.entry.source);
        for ((_, digest), (first, now)) in own {
            let in_use = *digest == a.delivery || a.increments.contains(*digest);
            let state = match now.state {
                DeliveryState::Used if !in_use => "superseded",
                state => state.as_str(),
            };
            let first_seen = first.as_of.parse().ok().map(crate::model::text::to_days);
            for file in &now.files {
                builder.push(vec![
                    now.source.clone().into(),
                    now.digest.clone().into(),
                    file.path.clone().into(),
                    file.sha256.clone().into(),
                    i64::try_from(file.bytes).unwrap_or(i64::MAX).into(),
                    first.round.clone().into(),
                    first_seen.map_or(Value::Null, Value::Date),
                    i64::try_from(now.rows).unwrap_or(i64::MAX).into(),
                    state.into(),
                    now.accepted.into(),
                    in_use.into(),
                ]);
            }
        }
    }
    builder.finish()
}

/// The `corrections` table.
pub fn corrections(arrived: &[Arrived]) -> Table {
    let mut builder = TableBuilder::new(tables::corrections());
    for a in arrived {
        for (c, state) in &a.corrections {
            builder.push(vec![
                a.entry.source.clone().into(),
                c.at.file.clone().into(),
                c.at.sheet.clone().into(),
                i64::from(c.at.row).into(),
                c.field.clone().into(),
                c.raw.clone().into(),
                c.value.clone().into(),
                state.clone().into(),
                c.receipt.path.clone().into(),
                c.receipt.sha256.clone().into(),
                c.from.0.clone().into(),
                i64::from(c.from.1).into(),
            ]);
        }
    }
    builder.finish()
}

/// Writes one receipt for each department and source of which something came, and gives their number.
///
/// A night writes only those that say something new: of a delivery, increments or corrections that this round is the first to have.
/// What came before has its receipt in the round in which it came.
pub fn receipts(
    dir: &Path,
    issue: &workbook::Issue,
    codes: &Codes,
    arrived: &[Arrived],
    observer: Observer,
) -> Outcome<usize> {
    let mut names = publish::filename::Names::default();
    let mut written = 0;
    let nightly = issue.plan.cadence == Cadence::Nightly;
    let told = |a: &Arrived| !a.inputs.is_empty() && (!nightly || a.is_news);
    for (source, a) in issue.plan.sources.iter().zip(arrived).filter(|(_, a)| told(a)) {
        let file = |f: &crate::cases::ledger::KeptFile| ReceiptFile {
            path: f.path.clone(),
            sha256: f.sha256.clone(),
            bytes: f.bytes,
        };
        let (files, rows, findings, rejects, to_correct) = match &a.new_part {
            Some(new) if nightly => (&new.files, new.rows, new.findings, &new.rejects, &new.to_correct),
            _ => (&a.files, a.entry.rows, a.entry.findings, &a.rejects, &a.to_correct),
        };
        let files: Vec<ReceiptFile> = files.iter().map(file).collect();
        let receipt = Receipt {
            source,
            codes,
            state: a.entry.state,
            as_of: a.as_of,
            delivery: &a.delivery,
            files: &files,
            counts: rows,
            findings,
            corrected: a.corrections.len(),
            rows: &to_correct.rows,
            more: to_correct.more,
            rejects,
            problems: &a.problems,
        };
        let name = names.file(&format!("{}_{}", source.department, source.title));
        workbook::receipt::receipt(issue, &receipt, &dir.join(format!("{name}.xlsx")))?;
        written += 1;
    }
    observer(Event::Step("数据质量回执".into()));
    Ok(written)
}

/// Findings about records as rows of the `findings` table.
pub fn findings(source: &str, records: &Table, found: &[FieldFinding]) -> Table {
    let ids: BTreeMap<Provenance, &str> = (0..records.rows())
        .filter_map(|i| Some((Provenance::of(records, i), records.str_at("record_id", i)?)))
        .collect();
    let mut builder = TableBuilder::new(tables::findings());
    for f in found {
        builder.push(vec![
            source.into(),
            ids.get(&f.at).copied().into(),
            f.at.file.clone().into(),
            f.at.sheet.clone().into(),
            i64::from(f.at.row).into(),
            f.field.clone().into(),
            f.code.into(),
            f.severity.as_str().into(),
            f.message.clone().into(),
            f.raw.clone().into(),
        ]);
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
            .map(|p| {
                let what = diag::title(p.code).unwrap_or(&p.message);
                let file = p.place.file.as_ref().map(|f| format!("{f}：")).unwrap_or_default();
                format!("{file}{what} [{}]", p.code)
            })
            .collect();
        builder.push(vec![
            e.source.clone().into(),
            e.title.clone().into(),
            e.department.clone().into(),
            e.state.into(),
            a.as_of.map_or(Value::Null, |day| Value::Date(crate::model::text::to_days(day))),
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
            problems.join("；").into(),
        ]);
    }
    builder.finish()
}

/// How often each value of a text column occurs; `split` counts the parts of `a|b` apart.
pub fn tally(table: &Table, column: &str, split: bool) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for value in table.text(column).iter().flatten() {
        let parts: Vec<&str> = if split { value.split('|').filter(|p| !p.is_empty()).collect() } else { vec![value] };
        for part in parts {
            *counts.entry(part.to_string()).or_insert(0) += 1;
        }
    }
    counts
}

/// What the files of a round are written from.
pub struct Sheets<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Day of the judgement.
    pub as_of: Date,
    /// The round's tables.
    pub tables: &'a Tables,
    /// Records by source id.
    pub records: &'a BTreeMap<String, Table>,
    /// The manifest so far.
    pub manifest: &'a Manifest,
    /// All problems of the run.
    pub problems: &'a [Diagnostic],
    /// Code tables.
    pub codes: &'a Codes,
    /// The sources as they came.
    pub arrived: &'a [Arrived],
    /// Keys of the pairs that people are asked about, by record and candidate.
    pub keys: &'a BTreeMap<(String, String), String>,
    /// What villages are asked.
    pub forms: &'a [Issued],
    /// Tables of earlier rounds.
    pub stages: Option<&'a Stages>,
}

/// Writes tables, workbooks and the report below a folder.
pub fn write(dir: &Path, sheets: &Sheets, observer: Observer) -> Outcome<()> {
    let Sheets { plan, as_of, tables, manifest, .. } = *sheets;
    let folder = dir.join("tables");
    publish::atomic::make_folder(&folder)?;
    observer(Event::Stage { name: "publish", steps: tables.iter().count() + 6 });
    for table in tables.iter() {
        let path = folder.join(format!("{}.parquet", table.name()));
        match sheets.stages {
            Some(stages) => stages.publish(table, &path)?,
            None => publish::parquet::write(table, &path)?,
        }
        observer(Event::Step(table.name().to_string()));
    }
    let step = |name: &str| observer(Event::Step(name.to_string()));
    let issue = workbook::Issue { plan, round: &manifest.round, as_of };
    workbook::online_list(&issue, tables.get("online_list"), &dir.join("线上疑似名单.xlsx"))?;
    step("线上疑似名单");
    let (orders, households) = (tables.get("work_orders"), tables.get("households"));
    workbook::proposals(&issue, tables.get("proposals"), orders, households, &dir.join("建议名单.xlsx"))?;
    step("建议名单");
    super::forms::write_verify(&issue, sheets.forms, dir)?;
    step("核实表");
    let review = workbook::Review {
        possible: tables.get("possible_links"),
        decisions: tables.get("decisions"),
        persons: tables.get("persons"),
        records: sheets.records,
        keys: sheets.keys,
    };
    workbook::possible_links(&issue, &review, &dir.join("待认定匹配.xlsx"))?;
    step("待认定匹配");
    receipts(&dir.join(workbook::receipt::FOLDER), &issue, sheets.codes, sheets.arrived, observer)?;
    let facts = report::Facts {
        plan,
        round: &manifest.round,
        as_of,
        persons: tables.get("persons"),
        households,
        online: tables.get("online_list"),
        offline: tables.get("offline_list"),
        comparison: tables.get("comparison"),
        tasks: tables.get("verification_tasks"),
        asked: (plan.cadence == Cadence::Nightly).then(|| sheets.forms.iter().map(|f| f.rows.len()).sum()),
        proposals: tables.get("proposals"),
        orders,
        tracking: tables.get("tracking"),
        hits: tables.get("rule_hits"),
        outcomes: tables.get("rule_outcomes"),
        quality: tables.get("source_quality"),
        problems: sheets.problems,
        version: manifest.version,
        manifest: &manifest.run_id,
    };
    publish::atomic::write(&dir.join("report.html"), report::render(&report::data(&facts)).as_bytes())?;
    step("report");
    Ok(())
}

/// Writes the manifest, last of all files.
pub fn write_manifest(dir: &Path, manifest: &Manifest) -> Outcome<()> {
    let path = dir.join("manifest.json");
    let mut text = serde_json::to_string_pretty(manifest).map_err(|e| Failure::internal(format!("manifest: {e}")))?;
    text.push('\n');
    publish::atomic::write(&path, text.as_bytes())
}

/// How many records ended in which link state.
///
/// # Errors
/// A state that is none: a promise of this program is broken (70).
pub fn count_states(links: &Table) -> Outcome<super::manifest::LinkCounts> {
    let mut counts = super::manifest::LinkCounts::default();
    for state in links.text("status") {
        match state {
            Some("linked") => counts.linked += 1,
            Some("possible") => counts.possible += 1,
            Some("conflict") => counts.conflict += 1,
            Some("unlinked") => counts.unlinked += 1,
            other => return Err(Failure::internal(format!("a record ended in link state {other:?}"))),
        }
    }
    Ok(counts)
}
