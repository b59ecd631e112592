//! A fictional county of any size from a seed. In: [`Options`]. Out: departments' exports as messy as real ones, the
//! division table, and `truth/*.csv`.
//!
//! Same options, same bytes. Nothing is shared with `normalize`, `link` or `codes`: the generator knows the dirt, they
//! have to find it out. The order of work: [`county`] fills the county with [`family`] after family, [`facts`] gives
//! each household an ordinary life, [`risk`] adds risks and decoys, [`policy`] reads back who is at risk, the
//! `export_*` modules write what each department sends through `dirt`, `truth` notes what was written. `rounds` lets
//! the same county live through a year of rounds, with what offices do between them.
//!
//! Identity numbers begin with 99 (given to no place), telephone numbers with 1990.
// What it proposes for a pick among `&str` does not compile.
#![allow(clippy::explicit_auto_deref)]

pub mod aid;
pub mod county;
mod delimited;
pub mod dice;
pub mod dirt;
pub mod divisions;
mod export_civil;
mod export_house;
mod export_income;
mod export_means;
mod export_medical;
mod export_offline;
mod export_person;
mod export_register;
mod export_school;
mod export_study;
pub mod facts;
pub mod family;
pub mod hits;
mod hits_conduct;
pub mod lives;
pub mod means;
pub mod names;
pub mod number;
mod outsiders;
pub mod people;
pub mod policy;
pub mod risk;
mod roll;
mod rounds;
mod sheet;
pub mod study;
mod style;
mod truth;

#[cfg(test)]
mod tests;

use std::path::Path;

use jiff::civil::Date;

use crate::diag::{Failure, Outcome};
use dice::Dice;
pub use dirt::Dirt;
use dirt::Soiler;
use facts::Facts;
use people::{County, Relation};
pub use rounds::{YearSummary, year};
use truth::Records;

/// What to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Number of households in the register.
    pub households: usize,
    /// Seed of all draws.
    pub seed: u64,
    /// How dirty the exports are.
    pub dirt: Dirt,
    /// The round's day; everything is told as of it.
    pub as_of: Date,
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Summary {
    /// Households in the register.
    pub households: usize,
    /// Persons in the register.
    pub persons: usize,
    /// Households at risk by the written policy.
    pub at_risk: usize,
    /// Of these, how many the exports show.
    pub visible_online: usize,
    /// Rows written by all sources, with totals and signature lines.
    pub rows: u64,
}

/// What the exports are written from.
struct Round<'a> {
    county: &'a County,
    facts: &'a [Facts],
    works: &'a [export_house::Works],
    soiler: Soiler<'a>,
    seed: u64,
    as_of: Date,
    out: &'a Path,
}

impl Round<'_> {
    /// The draws of one export.
    fn dice(&self, export: &str) -> Dice {
        Dice::new(self.seed, export, 0)
    }

    /// Whom a department has as the head of a household: mostly the register's head, sometimes the spouse, sometimes
    /// a head who has died since.
    fn head(&self, dice: &mut Dice, household: usize) -> usize {
        let members = self.county.members(household);
        let head = members.start;
        let spouse = members
            .clone()
            .find(|&p| self.county.persons[p].relation == Relation::Spouse && self.county.persons[p].is_here());
        let (here, stale) = (self.county.persons[head].is_here(), self.soiler.happens(dice, 40_000));
        match spouse {
            Some(spouse) if here == stale => spouse,
            _ if here || stale => head,
            _ => self.county.here(household).first().copied().unwrap_or(head),
        }
    }

    /// Households of each township in use: (township, range of households).
    fn townships(&self) -> Vec<(usize, std::ops::Range<usize>)> {
        let households = &self.county.households;
        let mut found: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
        for (i, h) in households.iter().enumerate() {
            match found.last_mut() {
                Some((township, range)) if *township == h.township => range.end = i + 1,
                _ => found.push((h.township, i..i + 1)),
            }
        }
        found
    }
}

/// An export of one list.
type Export = fn(&Round, &mut Records) -> Outcome<()>;

/// The departments' lists by source, in the order in which they are written; the register comes before them, the villages'
/// reports behind.
const LISTS: [(&str, Export); 33] = [
    ("national_system", export_register::national),
    ("dibao", export_civil::dibao),
    ("tekun", export_civil::tekun),
    ("temporary_relief", export_civil::relief),
    ("medical_settlement", export_medical::settlement),
    ("medical_enrolment", export_medical::enrolment),
    ("school_enrolment", export_school::enrolment),
    ("school_dropout", export_school::dropout),
    ("housing_appraisal", export_house::appraisal),
    ("water_household", export_house::water_household),
    ("water_village", export_house::water_village),
    ("income_survey", export_income::survey),
    ("disability", export_person::disability),
    ("illness", export_person::illness),
    ("employment", export_person::employment),
    ("traffic_accident", export_person::accident),
    ("death", export_person::death),
    ("pension_paid_for", export_person::pension),
    ("business", export_means::business),
    ("vehicle", export_means::vehicle),
    ("real_estate", export_means::estate),
    ("payroll", export_means::payroll),
    ("micro_credit", export_means::credit),
    ("subsidy", export_means::subsidy),
    ("supporter_check", export_means::supporter),
    ("helper_visit", export_means::visit),
    ("disaster", export_means::disaster),
    ("bill_elsewhere", export_means::pending),
    ("school_fees", export_study::fees),
    ("school_aid", export_study::aid),
    ("school_leavers", export_study::leavers),
    ("orphan", export_study::orphans),
    ("special_care", export_study::veterans),
];

/// Refuses a county without anybody.
fn demand_households(households: usize) -> Outcome<()> {
    if households > 0 {
        return Ok(());
    }
    let problem = crate::diag::Diagnostic::error(
        "synth.no_households",
        "a county needs at least one household",
        crate::diag::Place::default(),
    );
    Err(Failure::one(crate::diag::FailureClass::Usage, problem.hint("give --households 3000")))
}

/// Makes a county and writes everything below `out`, over what stands there.
///
/// # Errors
/// `Usage` when no household is asked for; `Io` when something cannot be written.
pub fn generate(options: &Options, out: &Path) -> Outcome<Summary> {
    demand_households(options.households)?;
    let county = county::people(options.households, options.seed, options.as_of);
    let facts: Vec<Facts> =
        (0..county.households.len()).map(|h| risk::circumstances(&county, h, options.seed, options.as_of)).collect();
    let works = export_house::works(&county, options.seed, options.as_of);
    let round = Round {
        county: &county,
        facts: &facts,
        works: &works,
        soiler: Soiler::new(&county, options.dirt),
        seed: options.seed,
        as_of: options.as_of,
        out,
    };
    let (risks, list_types) = judged(&round);
    let mut records = Records::create(out)?;
    let register_rows = export_register::population(&round, &mut records)?;
    for (_, export) in LISTS {
        export(&round, &mut records)?;
    }
    let reports = export_offline::report(&round, &mut records, &risks, &list_types)?;
    let rows = records.rows;
    records.close()?;
    round_truth(&round, &register_rows, (&risks, &list_types, &reports))?;
    Ok(summary(&round, &risks, rows))
}

/// Risks and list type of every household by the written policy.
fn judged(round: &Round) -> (Vec<Vec<policy::Risk>>, Vec<&'static str>) {
    let of = |(h, facts): (usize, &Facts)| {
        let risks = policy::risks(round.county, h, facts, round.as_of);
        let list_type = policy::list_type(round.county, h, facts, &risks);
        (risks, list_type)
    };
    round.facts.iter().enumerate().map(of).unzip()
}

/// Who is who, who is at risk, which rules should hold, and the division table.
fn round_truth(
    round: &Round,
    register_rows: &[Vec<u32>],
    (risks, list_types, reports): (&[Vec<policy::Risk>], &[&'static str], &[Option<truth::Report>]),
) -> Outcome<()> {
    let out = round.out;
    truth::persons(out, round.county, register_rows)?;
    truth::households(out, round.county, risks, list_types, reports)?;
    truth::rule_hits(out, round, risks)?;
    let divisions = sheet::place(out, "codes/divisions.csv")?;
    std::fs::write(&divisions, divisions::csv()).map_err(|e| Failure::io("write", &divisions, &e))
}

fn summary(round: &Round, risks: &[Vec<policy::Risk>], rows: u64) -> Summary {
    Summary {
        households: round.county.households.len(),
        persons: round.county.persons.len(),
        at_risk: risks.iter().filter(|r| !r.is_empty()).count(),
        visible_online: risks.iter().filter(|r| r.iter().any(|x| !x.source.is_empty())).count(),
        rows,
    }
}
