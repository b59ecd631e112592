//! What there is to see of each household at a stop: what departments show, what its village would report.
//!
//! In: the county as it is, the facts as the departments deliver them. Out: a [`View`] per household. The process and the exports
//! are both made from it, so what is told to have happened is what the files say.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::calendar::{Kind, Stop};
use super::world::World;
use crate::synth::dice::Dice;
use crate::synth::facts::Facts;
use crate::synth::people::Monitored;
use crate::synth::policy;
use crate::synth::truth::Report;

/// Reasons that the nightly pipeline's rules know, with the departments that report every night.
pub const NIGHTLY: [&str; 4] = [
    "heavy compliant medical cost",
    "child of school age out of school",
    "relief for an accident",
    "relief after a natural disaster",
];

/// What a reason rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Cause code.
    pub cause: &'static str,
    /// Fen, or a count; 0 where it rests on what does not change by itself.
    pub amount: i64,
    /// The day it began, where that is told: another day is another trouble.
    pub on: Option<Date>,
}

/// One household at a stop.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The register's household number.
    pub number: String,
    /// Name of its head.
    pub head: String,
    /// Township and village from 0.
    pub place: (usize, usize),
    /// Lifted out of registered poverty.
    pub lifted: bool,
    /// People live there.
    pub here: bool,
    /// Reasons that departments show.
    pub reasons: BTreeMap<&'static str, Shown>,
    /// Type by the departments' data.
    pub list_type: &'static str,
    /// What its village knows and would report.
    pub told: Option<Report>,
    /// What the national system had it marked as before the first round.
    pub marked: Option<Monitored>,
}

impl View {
    /// Causes that departments show.
    pub fn causes(&self) -> BTreeSet<&'static str> {
        self.reasons.values().map(|shown| shown.cause).collect()
    }
}

/// All households by ordinal, at a stop.
pub type Views = BTreeMap<usize, View>;

/// A household's facts as departments have delivered them up to a stop.
pub fn delivered<'a>(world: &'a World, household: usize, stop: &Stop) -> Cow<'a, Facts> {
    let (now, before) = (&world.facts[household], &world.before[household]);
    match stop.late() {
        Some("housing_appraisal") => Cow::Owned(Facts { appraisals: before.appraisals.clone(), ..now.clone() }),
        Some("income_survey") => Cow::Owned(Facts { survey: before.survey.clone(), ..now.clone() }),
        _ => Cow::Borrowed(now),
    }
}

/// Looks at every household.
pub fn views(world: &World, stop: &Stop, seed: u64) -> Views {
    let county = &world.county;
    let one = |h: usize| {
        let house = &county.households[h];
        let facts = delivered(world, h, stop);
        let risks = policy::risks(county, h, &facts, stop.day);
        let list_type = policy::list_type(county, h, &facts, &risks);
        let shown = risks.iter().filter(|r| !r.source.is_empty());
        let at_night = |reason: &str| stop.kind == Kind::Quarterly || NIGHTLY.contains(&reason);
        let rests_on = |r: &policy::Risk| Shown {
            cause: r.cause,
            amount: amount(r.reason, &facts, stop),
            on: began(r.reason, &facts),
        };
        let reasons: BTreeMap<&str, Shown> =
            shown.filter(|r| at_night(r.reason)).map(|r| (r.reason, rests_on(r))).collect();
        let here = !county.here(h).is_empty();
        // The village sees what is, not what a late department has delivered.
        let seen = policy::risks(county, h, &world.facts[h], stop.day);
        let told = (stop.kind == Kind::Quarterly && here)
            .then(|| told(seed, house.ordinal, house.lifted, &seen, list_type))
            .flatten();
        let view = View {
            number: house.number.clone(),
            head: county.persons[house.first].name.clone(),
            place: (house.township, house.village),
            lifted: house.lifted,
            here,
            reasons,
            list_type,
            told,
            marked: house.monitored,
        };
        (house.ordinal, view)
    };
    (0..county.households.len()).map(one).collect()
}

/// The day on which a trouble began, for those whose day the lists tell.
fn began(reason: &str, facts: &Facts) -> Option<Date> {
    match reason {
        "child of school age out of school" => facts.dropouts.iter().map(|d| d.day).max(),
        "dangerous house not rebuilt" => facts.appraisals.iter().map(|a| a.day).max(),
        "house ruined by a disaster" => facts.means.disasters.iter().map(|d| d.day).max(),
        "labourer severely disabled since this year" => facts.lives.certificates.iter().map(|c| c.issued).max(),
        _ => None,
    }
}

/// The number that a reason rests on; 0 where it rests on what does not change by itself.
fn amount(reason: &str, facts: &Facts, stop: &Stop) -> i64 {
    let from = policy::window(stop.day);
    let own = || facts.claims.iter().filter(|c| c.day >= from && c.day <= stop.day).map(|c| c.self_pay()).sum::<i64>();
    let lost = || {
        let inside = facts.means.disasters.iter().filter(|d| d.day > from && d.day <= stop.day);
        inside.map(|d| d.loss).sum::<i64>()
    };
    match reason {
        "heavy compliant medical cost" => own(),
        "heavy loss in a disaster" => lost(),
        "labourer hurt on the road" => {
            facts.lives.casualties.iter().filter(|c| c.severity != "轻伤" && c.day > from).count() as i64
        }
        "labourer died" => facts.lives.deaths.iter().filter(|d| d.day > from).count() as i64,
        "relief for an accident" | "relief after a natural disaster" => {
            let word = if reason == "relief for an accident" { "意外事故" } else { "自然灾害" };
            facts.relief.iter().filter(|r| r.reason == word && r.day >= from).map(|r| r.amount).sum()
        }
        "expenditure above last year's income" => {
            let school: i64 =
                facts.study.fees.iter().filter(|f| f.owner == "公办" && f.mode == "全日制").map(|f| f.own()).sum();
            let works = facts.appraisals.iter().filter(|a| a.accepted.is_some_and(|d| d > from && d <= stop.day));
            own() + school + lost() + works.map(|a| a.house.own_cost).sum::<i64>()
        }
        "loss in the family's industry" => facts.survey.as_ref().map_or(0, |s| s.loss),
        "nobody in stable work and income below the line" => facts.survey.as_ref().map_or(0, |s| s.per_capita),
        _ => 0,
    }
}

/// What the village says of a household; the same every time while the troubles are the same.
fn told(seed: u64, ordinal: usize, lifted: bool, risks: &[policy::Risk], list_type: &'static str) -> Option<Report> {
    let draw = |label: &str, n: usize| Dice::new(seed, label, (ordinal * 64 + n) as u64);
    let place = |cause: &str| cause.bytes().map(usize::from).sum::<usize>() % 64;
    let known = |cause: &str| draw("village knows", place(cause)).percent(55);
    let hidden = risks.iter().any(|r| r.source.is_empty());
    let mut causes: Vec<&'static str> =
        risks.iter().filter(|r| r.source.is_empty() || known(r.cause)).map(|r| r.cause).collect();
    causes.sort_unstable();
    causes.dedup();
    if causes.is_empty() {
        return None;
    }
    if !hidden && draw("village names another", 0).percent(12) {
        causes = vec![if causes.contains(&"labour") { "disability" } else { "labour" }];
    }
    let list_type = match list_type {
        "marginal" if draw("village's type", 0).percent(10) => "sudden",
        "unstable" if draw("village's type", 0).percent(10) => "marginal",
        _ if lifted => "unstable",
        other => other,
    };
    Some(Report { list_type, causes })
}
