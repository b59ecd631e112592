//! What is true: `truth/*.csv`. In: the county, its facts, what each export wrote. Out: who is who, which row is whose and
//! what was done to it, which household is at risk, why, and who can see it.
//!
//! UTF-8 without BOM, one heading row, no line break inside a value.

use std::path::Path;

use super::Round;
use super::delimited::Csv;
use super::hits;
use super::people::{County, hid, pid};
use super::policy::Risk;
use crate::diag::Outcome;

/// What kind of row an export wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// A row about somebody or a village.
    Data,
    /// An exact copy of an earlier row of the same file.
    Duplicate,
    /// 小计, 合计.
    Total,
    /// A signature line, a repeated heading.
    Noise,
}

impl RowKind {
    fn word(self) -> &'static str {
        match self {
            RowKind::Data => "data",
            RowKind::Duplicate => "duplicate",
            RowKind::Total => "total",
            RowKind::Noise => "noise",
        }
    }
}

/// The log of rows written.
pub struct Records {
    csv: Csv,
    /// Rows by kind: data, duplicate, total, noise.
    pub rows: u64,
}

/// Where a row was written.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// Source id.
    pub source: &'a str,
    /// File below the output folder.
    pub file: &'a str,
    /// Sheet, or empty.
    pub sheet: &'a str,
    /// Row or line, from 1.
    pub row: u32,
}

impl Records {
    /// Opens `truth/records.csv`.
    pub fn create(out: &Path) -> Outcome<Records> {
        let headings = "source,file,sheet,row,pid,kind_of_row,faults";
        Ok(Records { csv: Csv::own(out, "truth/records.csv", headings)?, rows: 0 })
    }

    /// Notes a row about a person.
    pub fn person(&mut self, at: At, person: usize, kind: RowKind, faults: &[&str]) -> Outcome<()> {
        self.note(at, &pid(person), kind, faults)
    }

    /// Notes a row about somebody else: a village's code, or nothing.
    pub fn note(&mut self, at: At, subject: &str, kind: RowKind, faults: &[&str]) -> Outcome<()> {
        let row = at.row.to_string();
        let faults = faults.join("|");
        self.csv.row(&[at.source, at.file, at.sheet, &row, subject, kind.word(), &faults])?;
        self.rows += 1;
        Ok(())
    }

    /// Flushes.
    pub fn close(self) -> Outcome<()> {
        self.csv.close()
    }
}

/// What the village wrote about a household.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// List type code; empty when left blank.
    pub list_type: &'static str,
    /// Cause codes, sorted.
    pub causes: Vec<&'static str>,
}

/// Writes `truth/persons.csv`. `rows` gives each person's lines in the register's only file.
pub fn persons(out: &Path, county: &County, rows: &[Vec<u32>]) -> Outcome<()> {
    let headings = "pid,household,register_rows,name,id_number";
    let mut csv = Csv::own(out, "truth/persons.csv", headings)?;
    for household in 0..county.households.len() {
        for p in county.members(household) {
            let person = &county.persons[p];
            let rows: Vec<String> = rows[p].iter().map(u32::to_string).collect();
            csv.row(&[&pid(p), &hid(household), &rows.join("|"), &person.name, &person.number_text()])?;
        }
    }
    csv.close()
}

/// Writes `truth/households.csv` and `truth/risks.csv`.
pub fn households(
    out: &Path,
    county: &County,
    risks: &[Vec<Risk>],
    list_types: &[&'static str],
    reports: &[Option<Report>],
) -> Outcome<()> {
    let mut list = Csv::own(
        out,
        "truth/households.csv",
        "household,household_number,township,village,lifted,monitored,at_risk,list_type,causes,visible_online,\
         village_knows,village_causes,village_type,online_causes,monitored_type,risk_cleared",
    )?;
    let mut reasons = Csv::own(out, "truth/risks.csv", "household,cause,reason,visible_online,source")?;
    let flag = |value: bool| if value { "true" } else { "false" }.to_string();
    for (i, h) in county.households.iter().enumerate() {
        let at_risk = !risks[i].is_empty();
        let join = |online_only: bool| {
            let mut causes: Vec<&str> =
                risks[i].iter().filter(|r| !online_only || !r.source.is_empty()).map(|r| r.cause).collect();
            causes.sort_unstable();
            causes.dedup();
            causes.join("|")
        };
        let report = reports[i].clone();
        let village = county.village(i);
        list.row(&[
            hid(i),
            h.number.clone(),
            county.township(i).code.clone(),
            village.code.clone(),
            flag(h.lifted),
            flag(h.monitored.is_some()),
            flag(at_risk),
            if at_risk { list_types[i].to_string() } else { String::new() },
            join(false),
            flag(risks[i].iter().any(|r| !r.source.is_empty())),
            flag(report.is_some()),
            report.as_ref().map(|r| r.causes.join("|")).unwrap_or_default(),
            report.map(|r| r.list_type.to_string()).unwrap_or_default(),
            join(true),
            h.monitored.map(|m| m.list_type.to_string()).unwrap_or_default(),
            h.monitored.map(|m| flag(m.cleared)).unwrap_or_default(),
        ])?;
        for risk in &risks[i] {
            let seen = flag(!risk.source.is_empty());
            reasons.row(&[hid(i).as_str(), risk.cause, risk.reason, &seen, risk.source])?;
        }
    }
    list.close()?;
    reasons.close()
}

/// Writes `truth/rule_hits.csv`: which rule should hold for which household, and for which member when it is about one.
pub fn rule_hits(out: &Path, round: &Round, risks: &[Vec<Risk>]) -> Outcome<()> {
    let mut csv = Csv::own(out, "truth/rule_hits.csv", "rule,household,pid")?;
    for (household, facts) in round.facts.iter().enumerate() {
        let house = &round.county.households[household];
        let works = round.works.iter().find(|w| w.place == (house.township, house.village));
        let case = hits::Case {
            county: round.county,
            household,
            facts,
            works: works.map_or((0, false), |w| (w.days_off, w.broken(round.as_of))),
            seed: round.seed,
            as_of: round.as_of,
            listed: risks[household].iter().any(|r| !r.source.is_empty()),
        };
        for hit in hits::hits(&case) {
            csv.row(&[hit.rule, &hid(household), &hit.person.map(pid).unwrap_or_default()])?;
        }
    }
    csv.close()
}
