//! A year of the same county: quarterly rounds, nights with news between them, and what people do about the cases.
//!
//! In: [`Options`] and a number of rounds, the first on `as_of`. Out:
//!
//! ```text
//! OUT/<day>/…           what departments and villages deliver for the round or the night of that day
//! OUT/<day>/truth/…     who is who and at risk in a quarter's round, as for a single one
//! OUT/year/runs.csv     the runs in order: day, pipeline, folder, which department is late
//! OUT/year/script.jsonl what villages, townships and the county do between them, in order
//! OUT/year/steps.csv    every step of every case as it must be
//! OUT/year/paths.csv    the states each case goes through
//! OUT/year/orders.csv   every step of every work order as it must be
//! OUT/year/papers.csv   how many rows each paper must have on the day on which it goes out
//! OUT/year/sums.csv     how many cases and orders must stand where before every run, and at the end
//! ```
//!
//! The year is lived twice from the same seed: first to see what there is to see and let the office work, then to write the
//! files with what the national system then has marked and the villages then report. Same options, same bytes.

mod acts;
mod calendar;
mod cards;
mod helping;
mod life;
mod office;
mod process;
mod record;
mod view;
mod world;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use super::truth::Records;
use super::{Dice, LISTS, Options, Round, Soiler, demand_households, export_offline, export_register};
use super::{judged, outsiders, round_truth, truth};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use calendar::{Kind, Stop};
use office::{Guest, Office};
use view::Views;
use world::World;

/// Departments with news of the night.
const NIGHTLY: [&str; 4] = ["national_system", "temporary_relief", "medical_settlement", "school_dropout"];

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct YearSummary {
    /// Quarterly rounds.
    pub rounds: usize,
    /// Nights with news.
    pub nights: usize,
    /// Households in the register at the end.
    pub households: usize,
    /// Cases in the course of the year.
    pub cases: usize,
    /// Work orders for them.
    pub orders: usize,
    /// Steps of all cases.
    pub steps: usize,
    /// Lines of the script.
    pub acts: usize,
    /// Rows written by all sources.
    pub rows: u64,
}

/// Lets a county live through so many rounds and writes everything below `out`.
///
/// # Errors
/// `Usage` when no household or no round is asked for; `Io` when something cannot be written.
pub fn year(options: &Options, rounds: usize, out: &Path) -> Outcome<YearSummary> {
    demand_households(options.households)?;
    if rounds == 0 {
        let problem = Diagnostic::error("synth.no_rounds", "a year needs at least one round", Place::default());
        return Err(Failure::one(FailureClass::Usage, problem.hint("give --rounds 4")));
    }
    let stops = calendar::stops(options.as_of, rounds);
    let seen = seen(options, &stops);
    let office = Office::year(&stops, &seen.views, &seen.gone, &seen.guests, options.seed);

    let mut rows = 0;
    let mut households = 0;
    let mut world = World::new(options.households, options.seed, options.as_of);
    for stop in &stops {
        live(&mut world, stop, options.seed);
        // Life goes on as it did when it was looked at: what the office has had marked is only written into the files.
        let begun: Vec<_> = world.county.households.iter().map(|h| h.monitored).collect();
        rows += deliver(options, &mut world, stop, &office, &seen.guests, &out.join(stop.day.to_string()))?;
        world.county.households.iter_mut().zip(begun).for_each(|(h, mark)| h.monitored = mark);
        households = world.county.households.len();
        settle(&mut world, stop);
    }
    let steps = record::year(out, &stops, &office, &seen.views)?;
    let nights = stops.iter().filter(|s| s.kind == Kind::Nightly).count();
    let (cases, orders, acts) = (office.cases.len(), office.orders.len(), office.script.len());
    Ok(YearSummary { rounds, nights, households, cases, orders, steps, acts, rows })
}

/// What there is to see of the year.
struct Seen {
    views: Vec<Views>,
    /// By stop, which households have left as a whole so far, and whether they died.
    gone: Vec<BTreeMap<usize, bool>>,
    guests: Vec<Guest>,
}

fn seen(options: &Options, stops: &[Stop]) -> Seen {
    let mut seen = Seen { views: Vec::new(), gone: Vec::new(), guests: Vec::new() };
    let mut world = World::new(options.households, options.seed, options.as_of);
    for stop in stops {
        live(&mut world, stop, options.seed);
        seen.views.push(view::views(&world, stop, options.seed));
        seen.gone.push(world.left.iter().copied().collect());
        if stop.kind == Kind::Quarterly {
            seen.guests.push(guest(&world, stop, options.seed));
        }
        settle(&mut world, stop);
    }
    seen
}

fn live(world: &mut World, stop: &Stop, seed: u64) {
    if stop.number > 0 {
        life::advance(world, stop, seed);
    }
}

/// What is delivered with a quarter is what a late department showed last.
fn settle(world: &mut World, stop: &Stop) {
    if stop.kind == Kind::Quarterly {
        world.before = world.facts.clone();
    }
}

/// Somebody whom a village reports and nobody knows.
fn guest(world: &World, stop: &Stop, seed: u64) -> Guest {
    let mut dice = Dice::new(seed, "guest", stop.number as u64);
    let mut outsiders = outsiders::Outsiders::new(&world.county);
    let stranger = outsiders.draw(&mut dice, stop.day, 35, 80);
    let beside = dice.below(world.county.households.len());
    Guest {
        stop: stop.number,
        name: stranger.entry.name.clone(),
        number: stranger.entry.number_text(),
        beside: world.ordinal(beside),
    }
}

/// Writes what departments and villages deliver at a stop; gives the number of rows.
fn deliver(
    options: &Options,
    world: &mut World,
    stop: &Stop,
    office: &Office,
    guests: &[Guest],
    out: &Path,
) -> Outcome<u64> {
    for house in &mut world.county.households {
        house.monitored = office.mark(house.ordinal, stop.day);
    }
    let county = &world.county;
    let round = Round {
        county,
        facts: &world.facts,
        works: &world.works,
        soiler: Soiler::new(county, options.dirt),
        seed: options.seed,
        as_of: stop.day,
        out,
    };
    let mut records = Records::create(out)?;
    let quarterly = stop.kind == Kind::Quarterly;
    let register_rows = match quarterly {
        true => Some(export_register::population(&round, &mut records)?),
        false => None,
    };
    let sends = |source: &str| stop.late() != Some(source) && (quarterly || NIGHTLY.contains(&source));
    for (_, export) in LISTS.iter().filter(|(source, _)| sends(source)) {
        export(&round, &mut records)?;
    }
    let Some(register_rows) = register_rows else {
        let rows = records.rows;
        records.close()?;
        return Ok(rows);
    };
    let reports: Vec<Option<truth::Report>> =
        county.households.iter().map(|h| office.reports.get(&(stop.number, h.ordinal)).cloned()).collect();
    let strangers: Vec<export_offline::Stranger> = guests
        .iter()
        .filter(|g| g.stop == stop.number)
        .filter_map(|g| {
            let beside = county.households.iter().position(|h| h.ordinal == g.beside)?;
            let entry = super::dirt::Entry {
                name: g.name.clone(),
                number: super::dirt::NumberCell::Text(g.number.clone()),
                faults: vec!["not_in_register"],
            };
            let report = truth::Report { list_type: "marginal", causes: vec!["labour"] };
            Some(export_offline::Stranger { beside, entry, report })
        })
        .collect();
    export_offline::write(&round, &mut records, &reports, &strangers, round.dice("offline_report"))?;
    let rows = records.rows;
    records.close()?;
    let (risks, list_types) = judged(&round);
    round_truth(&round, &register_rows, (&risks, &list_types, &reports))?;
    Ok(rows)
}
