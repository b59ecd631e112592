//! A fictional county of any size from a seed. In: [`Options`]. Out: departments' exports as messy as real ones, the
//! division table, and `truth/*.csv`.
//!
//! Same options, same bytes. Nothing is shared with `normalize`, `link` or `codes`: the generator knows the dirt, they
//! have to find it out. The order of work: [`county`] fills the county with [`family`] after family, [`facts`] gives
//! each household an ordinary life, [`risk`] adds risks and decoys, [`policy`] reads back who is at risk, the
//! `export_*` modules write what each department sends through `dirt`, `truth` notes what was written.
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

/// The lists that are written alike.
const LISTS: [Export; 21] = [
    export_person::disability,
    export_person::illness,
    export_person::employment,
    export_person::accident,
    export_person::death,
    export_person::pension,
    export_means::business,
    export_means::vehicle,
    export_means::estate,
    export_means::payroll,
    export_means::credit,
    export_means::subsidy,
    export_means::supporter,
    export_means::visit,
    export_means::disaster,
    export_means::pending,
    export_study::fees,
    export_study::aid,
    export_study::leavers,
    export_study::orphans,
    export_study::veterans,
];

/// Makes a county and writes everything below `out`, over what stands there.
///
/// # Errors
/// `Usage` when no household is asked for; `Io` when something cannot be written.
pub fn generate(options: &Options, out: &Path) -> Outcome<Summary> {
    if options.households == 0 {
        let problem = crate::diag::Diagnostic::error(
            "synth.no_households",
            "a county needs at least one household",
            crate::diag::Place::default(),
        );
        return Err(Failure::one(crate::diag::FailureClass::Usage, problem.hint("give --households 3000")));
    }
    let county = county::people(options.households, options.seed, options.as_of);
    let facts: Vec<Facts> =
        (0..county.households.len()).map(|h| risk::circumstances(&county, h, options.seed, options.as_of)).collect();
    let risks: Vec<_> = facts.iter().enumerate().map(|(h, f)| policy::risks(&county, h, f, options.as_of)).collect();
    let list_types: Vec<_> =
        facts.iter().enumerate().map(|(h, f)| policy::list_type(&county, h, f, &risks[h])).collect();
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

    let mut records = Records::create(out)?;
    let register_rows = export_register::population(&round, &mut records)?;
    export_register::national(&round, &mut records)?;
    export_civil::dibao(&round, &mut records)?;
    export_civil::tekun(&round, &mut records)?;
    export_civil::relief(&round, &mut records)?;
    export_medical::settlement(&round, &mut records)?;
    export_medical::enrolment(&round, &mut records)?;
    export_school::enrolment(&round, &mut records)?;
    export_school::dropout(&round, &mut records)?;
    export_house::appraisal(&round, &mut records)?;
    export_house::water_household(&round, &mut records)?;
    export_house::water_village(&round, &mut records)?;
    export_income::survey(&round, &mut records)?;
    for export in LISTS {
        export(&round, &mut records)?;
    }
    let reports = export_offline::report(&round, &mut records, &risks, &list_types)?;
    let rows = records.rows;
    records.close()?;

    truth::persons(out, &county, &register_rows)?;
    truth::households(out, &county, &risks, &list_types, &reports)?;
    truth::rule_hits(out, &round, &risks)?;
    let divisions = sheet::place(out, "codes/divisions.csv")?;
    std::fs::write(&divisions, divisions::csv()).map_err(|e| Failure::io("write", &divisions, &e))?;
    Ok(Summary {
        households: county.households.len(),
        persons: county.persons.len(),
        at_risk: risks.iter().filter(|r| !r.is_empty()).count(),
        visible_online: risks.iter().filter(|r| r.iter().any(|x| !x.source.is_empty())).count(),
        rows,
    })
}
