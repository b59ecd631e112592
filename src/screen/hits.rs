//! Hits → the tables `rule_hits`, `hit_records` and `rule_outcomes`: list row → rule → indicator → record → cell.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::ScreenInput;
use super::entities::{Columns, Entities};
use super::evidence::Template;
use super::frames::value_at;
use super::indicators::Computed;
use super::rules::{Compiled, RuleOutcome, Withheld};
use crate::model::build::{TableBuilder, Value};
use crate::model::table::{Kind, Table};
use crate::model::tables;
use crate::plan::sql::CompiledIndicator;
use crate::plan::{Indicator, Judged, Level, Origin, Plan, Rule};

/// One rule that holds for one household or person.
pub(super) struct Hit<'a> {
    pub rule: &'a Rule,
    /// Row of the household.
    pub household: u32,
    /// Row of the person, for rules about persons.
    pub person: Option<u32>,
    /// `<rule>-<household_id>[-<person_id>]`: the same in every round, so that rounds can be compared.
    pub id: String,
    /// The values that made it hold, in words.
    pub evidence: String,
    /// Names of the indicators in the condition, sorted.
    pub indicators: Rc<[String]>,
}

/// The hits of one level.
pub(super) fn collect<'a>(
    entities: &Entities,
    level: Level,
    rules: &[Compiled<'a>],
    outcomes: &[RuleOutcome],
    (columns, fixed): (&Columns, &Columns),
    input: &ScreenInput,
) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    for (compiled, outcome) in rules.iter().zip(outcomes) {
        let indicators: Rc<[String]> = named_indicators(input.plan, compiled).map(|i| i.name.clone()).collect();
        let template = Template::new(&compiled.rule.evidence, columns, fixed);
        for (row, judged) in outcome.judged.iter().enumerate() {
            let household = entities.household_row(level, row as u32);
            let (Some(Judged::Hit), Some(household)) = (judged, household) else {
                continue;
            };
            let person = (level == Level::Person).then_some(row as u32);
            hits.push(Hit {
                rule: compiled.rule,
                household,
                person,
                id: hit_id(entities, compiled.rule, household, person),
                evidence: template.fill(row, input.as_of),
                indicators: indicators.clone(),
            });
        }
    }
    hits
}

fn hit_id(entities: &Entities, rule: &Rule, household: u32, person: Option<u32>) -> String {
    let household = entities.households.str_at("household_id", household as usize).unwrap_or_default();
    let person = person.and_then(|p| entities.persons.str_at("person_id", p as usize));
    match person {
        Some(person) => format!("{}-{household}-{person}", rule.id),
        None => format!("{}-{household}", rule.id),
    }
}

/// Indicators that a condition names, sorted by name.
fn named_indicators<'p>(plan: &'p Plan, compiled: &Compiled) -> impl Iterator<Item = &'p Indicator> {
    let names = compiled.condition.columns();
    let mut found: Vec<&Indicator> = plan.indicators.iter().filter(|i| names.contains(i.name.as_str())).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.into_iter()
}

/// Sorts hits by household, rule and person.
pub(super) fn sort(hits: &mut [Hit], entities: &Entities) {
    let (households, persons) = (entities.households.text("household_id"), entities.persons.text("person_id"));
    hits.sort_by_key(|hit| {
        (households.value(hit.household as usize), hit.rule.id.as_str(), hit.person.map(|p| persons.value(p as usize)))
    });
}

/// The table `rule_hits`.
pub(super) fn rule_hits(hits: &[Hit], entities: &Entities, plan: &Plan) -> Table {
    let mut table = TableBuilder::new(tables::rule_hits());
    for hit in hits {
        let rule = hit.rule;
        let of_cause = || plan.cause(&rule.cause).map(|c| c.department.clone());
        let department = rule.department.clone().or_else(of_cause);
        let household = entities.households.str_at("household_id", hit.household as usize);
        let person = hit.person.and_then(|p| entities.persons.str_at("person_id", p as usize));
        table.push(vec![
            hit.id.clone().into(),
            rule.id.clone().into(),
            rule.version.into(),
            rule.title.clone().into(),
            rule.role.as_str().into(),
            rule.risk.clone().into(),
            rule.cause.clone().into(),
            rule.sudden.into(),
            department.into(),
            household.into(),
            person.into(),
            hit.evidence.clone().into(),
        ]);
    }
    table.finish()
}

/// What leads from an indicator to the records behind it.
pub(super) struct Trail<'t> {
    pub input: &'t ScreenInput<'t>,
    /// Of each indicator of the plan what it needs.
    pub compiled: &'t [CompiledIndicator],
    pub computed: &'t BTreeMap<&'t str, Computed>,
    /// Place of each indicator in the plan.
    pub places: BTreeMap<&'t str, usize>,
}

impl Trail<'_> {
    /// Notes the records of an indicator of a person or household, and those of the indicators it was computed from.
    fn follow(&self, name: &str, household: u32, person: Option<u32>, found: &mut BTreeSet<(usize, u32)>) {
        let Some(place) = self.places.get(name).copied() else { return };
        let indicator = &self.input.plan.indicators[place];
        let entity = match indicator.level {
            Level::Household => Some(household),
            Level::Person => person,
        };
        let (Some(entity), Some(values)) = (entity, self.computed.get(name)) else { return };
        let needs = &self.compiled[place].needs;
        match indicator.origin() {
            Origin::Records => {
                found.extend(values.records_of(entity).map(|record| (place, record)));
                needs.iter().for_each(|n| self.follow(n, household, person, found));
            }
            Origin::Indicators => needs.iter().for_each(|n| self.follow(n, household, person, found)),
            Origin::Members => {
                for member in values.records_of(entity) {
                    needs.iter().for_each(|n| self.follow(n, household, Some(member), found));
                }
            }
        }
    }
}

/// The table `hit_records`: for each hit, the records behind every indicator that its condition names.
pub(super) fn hit_records(hits: &[Hit], trail: &Trail) -> Table {
    let mut table = TableBuilder::new(tables::hit_records());
    let input = trail.input;
    for hit in hits {
        let mut found = BTreeSet::new();
        for name in hit.indicators.iter() {
            trail.follow(name, hit.household, hit.person, &mut found);
        }
        let mut rows = Vec::new();
        for (place, row) in found {
            let indicator = &input.plan.indicators[place];
            if let Some(records) = input.records.get(&indicator.source) {
                rows.push((indicator, records.str_at("record_id", row as usize), row as usize, records));
            }
        }
        rows.sort_by_key(|(indicator, id, ..)| (indicator.name.as_str(), *id));
        for (indicator, id, row, records) in rows {
            table.push(vec![
                hit.id.clone().into(),
                indicator.name.clone().into(),
                indicator.source.clone().into(),
                id.into(),
                records.str_at("file", row).into(),
                records.str_at("sheet", row).into(),
                value_at(records, "row", Kind::Integer, row),
            ]);
        }
    }
    table.finish()
}

/// The row of a rule in `rule_outcomes`.
fn outcome_row(compiled: &Compiled, outcome: &RuleOutcome, withheld: &Withheld) -> Vec<Value> {
    let rule = compiled.rule;
    let missing: Vec<String> = compiled.missing(withheld).into_iter().collect();
    let (hits, misses, unknown) =
        (outcome.count(Judged::Hit), outcome.count(Judged::Miss), outcome.count(Judged::Unknown));
    let level = match rule.level {
        Level::Person => "person",
        Level::Household => "household",
    };
    vec![
        rule.id.clone().into(),
        rule.version.into(),
        rule.title.clone().into(),
        level.into(),
        (hits + misses + unknown).into(),
        hits.into(),
        unknown.into(),
        (!missing.is_empty()).then(|| missing.join("|")).into(),
        rule.document.clone().into(),
        rule.when.text.clone().into(),
    ]
}

/// The table `rule_outcomes`, in the order of the rule files; rules that hit nobody or everybody show there.
pub(super) fn rule_outcomes(plan: &Plan, judged: &[(&Compiled, &RuleOutcome)], withheld: &Withheld) -> Table {
    let mut table = TableBuilder::new(tables::rule_outcomes());
    for rule in &plan.rules {
        if let Some((compiled, outcome)) = judged.iter().find(|(c, _)| std::ptr::eq(c.rule, rule)) {
            table.push(outcome_row(compiled, outcome, withheld));
        }
    }
    table.finish()
}
