//! Unknown holds: a department that has not delivered moves nobody onto the list and nobody off it, and the report says what
//! could not be judged.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::support::{AS_OF, copy_tree, root, run, sample_round, scratch, table};
use bidui::model::{Table, words};
use bidui::plan::{self, Plan, SourceRole};
use bidui::screen::{ScreenInput, Screened, held, screen};

fn pipeline() -> PathBuf {
    root().join("pipelines/quarterly")
}

fn quarterly() -> Plan {
    plan::load(&pipeline()).0.unwrap()
}

/// The published round as the stage that screens gets it.
struct Round {
    plan: Plan,
    persons: Table,
    households: Table,
    possible: Table,
    records: BTreeMap<String, Table>,
    links: BTreeMap<String, Table>,
}

impl Round {
    fn open(dir: &Path) -> Round {
        let plan = quarterly();
        let all = table(dir, "links");
        let mut links = BTreeMap::new();
        for source in &plan.sources {
            let of = (0..all.rows() as u32).filter(|r| all.str_at("source", *r as usize) == Some(source.id.as_str()));
            let rows = arrow::array::UInt32Array::from_iter_values(of);
            let batch = arrow::compute::take_record_batch(&all.batch, &rows).unwrap();
            links.insert(source.id.clone(), Table { schema: all.schema.clone(), batch });
        }
        let records = plan.sources.iter().map(|s| (s.id.clone(), table(dir, &format!("records_{}", s.id)))).collect();
        let of = |name| table(dir, name);
        Round {
            persons: of("persons"),
            households: of("households"),
            possible: of("possible_links"),
            plan,
            records,
            links,
        }
    }

    fn without(&self, withheld: &[&str], previous: Option<&held::Previous>) -> Screened {
        let kept = |id: &str| !withheld.contains(&id);
        let part = |all: &BTreeMap<String, Table>| -> BTreeMap<String, Table> {
            all.iter().filter(|(id, _)| kept(id)).map(|(id, t)| (id.clone(), t.clone())).collect()
        };
        let others = self.plan.sources.iter().filter(|s| kept(&s.id));
        let delivered: BTreeSet<String> = others.map(|s| s.id.clone()).collect();
        screen(&ScreenInput {
            plan: &self.plan,
            as_of: AS_OF.parse().unwrap(),
            persons: &self.persons,
            households: &self.households,
            records: &part(&self.records),
            links: &part(&self.links),
            possible: &self.possible,
            previous,
            delivered: &delivered,
        })
        .unwrap()
    }
}

fn ids(list: &Table) -> BTreeSet<String> {
    list.text("household_id").iter().flatten().map(String::from).collect()
}

/// Of each department the sources it delivers; without the register there is no round at all.
fn departments(plan: &Plan) -> BTreeMap<String, Vec<&str>> {
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let of_departments = |s: &&plan::Source| s.role == SourceRole::Department;
    for source in plan.sources.iter().filter(of_departments) {
        found.entry(source.department.clone()).or_default().push(&source.id);
    }
    found
}

#[test]
fn each_department_in_turn_is_withheld() {
    let round = Round::open(sample_round());
    let full = round.without(&[], None);
    assert_eq!(
        ids(&full.online_list),
        ids(&table(sample_round(), "online_list")),
        "the stage alone gives the same list"
    );
    let previous =
        held::Previous { round: "2026Q2".into(), list: full.online_list.clone(), hits: full.rule_hits.clone() };
    let (mut unjudged, mut kept_rows) = (0, 0);
    for (department, sources) in departments(&round.plan) {
        let bare = round.without(&sources, None);
        let (all, now) = (ids(&full.online_list), ids(&bare.online_list));
        let entered: Vec<_> = now.difference(&all).collect();
        assert!(entered.is_empty(), "without {department} {entered:?} enter");
        // A household that is not on the bare list was listed by rules that now say that they lack a source.
        let missing: BTreeMap<String, String> = (0..bare.rule_outcomes.rows())
            .filter_map(|r| {
                let sources = bare.rule_outcomes.str_at("missing_sources", r)?;
                Some((bare.rule_outcomes.str_at("rule", r)?.to_string(), sources.to_string()))
            })
            .collect();
        for household in all.difference(&now) {
            let hits = &full.rule_hits;
            let lists = (0..hits.rows()).filter(|r| {
                hits.str_at("household_id", *r) == Some(household) && hits.str_at("role", *r) == Some("lists")
            });
            for row in lists {
                let rule = hits.str_at("rule", row).unwrap();
                let lacking = missing.get(rule).unwrap_or_else(|| panic!("{rule} lost {household} without saying why"));
                assert!(words::split(Some(lacking)).any(|s| sources.contains(&s)), "{rule} names {lacking}");
                unjudged += 1;
            }
        }
        // With a round before, the list is the same: nobody enters, nobody leaves.
        let held = round.without(&sources, Some(&previous));
        assert_eq!(ids(&held.online_list), all, "without {department}");
        let list = &held.online_list;
        let kept = (0..list.rows()).filter(|r| list.str_at("held_from", *r).is_some()).count();
        assert_eq!(kept, all.len() - now.len(), "without {department}");
        kept_rows += kept;
    }
    assert!(unjudged > 0 && kept_rows > 0, "the sample has rules that need a department");
}

/// Deletes what a source's globs mean.
fn withhold(input: &Path, source: &plan::Source) {
    let mut gone = 0;
    for pattern in &source.files {
        let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
        let head = name.split(['*', '{', '?']).next().unwrap();
        for entry in fs::read_dir(input.join(folder)).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(head) {
                fs::remove_file(entry.path()).unwrap();
                gone += 1;
            }
        }
    }
    assert!(gone > 0, "{} has files", source.id);
}

#[test]
fn the_report_says_what_could_not_be_judged_and_a_round_later_nobody_has_left() {
    let plan = quarterly();
    // What the national system knows goes through the households; one department's list is looked at with it.
    for role in [SourceRole::NationalSystem, SourceRole::Department] {
        let source = match role {
            SourceRole::Department => plan.sources.iter().find(|s| s.id == "medical_settlement").unwrap(),
            role => plan.sources.iter().find(|s| s.role == role).unwrap(),
        };
        let input = scratch("withheld-inbox");
        copy_tree(&root().join("sample-data"), &input);
        withhold(&input, source);
        let out = scratch("withheld-out");
        let (code, _, told) = run(&pipeline(), &input, &out, AS_OF);
        assert!(matches!(code, 0 | 66), "{told}");
        if code == 66 {
            continue; // A required source: there is no round without it.
        }
        let round = out.join("rounds/2026Q3");
        let full: BTreeMap<String, Option<String>> = types(&table(sample_round(), "online_list"));
        let now = types(&table(&round, "online_list"));
        for household in now.keys() {
            assert!(full.contains_key(household), "without {} {household} enters", source.id);
        }
        let report = fs::read_to_string(round.join("report.html")).unwrap();
        let outcomes = table(&round, "rule_outcomes");
        let lacking: Vec<&str> = (0..outcomes.rows())
            .filter(|r| words::split(outcomes.str_at("missing_sources", *r)).any(|s| s == source.id))
            .map(|r| outcomes.str_at("rule", r).unwrap())
            .collect();
        assert!(!lacking.is_empty(), "rules need {}", source.id);
        assert!(report.contains(&source.title), "the report names what is missing");
        for rule in lacking {
            assert!(report.contains(rule), "{rule}");
        }
    }
}

fn types(list: &Table) -> BTreeMap<String, Option<String>> {
    let at = |column: &str, row| list.str_at(column, row).map(String::from);
    (0..list.rows()).map(|row| (at("household_id", row).unwrap(), at("list_type", row))).collect()
}

#[test]
fn a_source_that_is_too_old_to_stand_in_takes_nobody_off_the_list() {
    // A delivery of a quarter ago must not stand in for the one that is missing.
    let copy = scratch("held-pipelines");
    copy_tree(&root().join("pipelines"), &copy);
    let contract = copy.join("shared/sources/medical_settlement.toml");
    let text = fs::read_to_string(&contract).unwrap();
    fs::write(&contract, text.replace("freshness_days = 100", "freshness_days = 10")).unwrap();
    let pipeline = copy.join("quarterly");
    let plan = plan::load(&pipeline).0.unwrap();
    let source = plan.sources.iter().find(|s| s.id == "medical_settlement").unwrap();
    assert_eq!(source.freshness_days, Some(10));
    let out = scratch("held-out");
    let (code, _, told) = run(&pipeline, &root().join("sample-data"), &out, AS_OF);
    assert_eq!(code, 0, "{told}");
    let input = scratch("held-inbox");
    copy_tree(&root().join("sample-data"), &input);
    withhold(&input, source);
    let (_, _, told) = run(&pipeline, &input, &out, "2026-12-31");
    let round = out.join("rounds/2026Q4");
    assert!(round.is_dir(), "{told}");
    let (before, list) = (table(&out.join("rounds/2026Q3"), "rule_hits"), table(&round, "online_list"));
    let listed: BTreeSet<&str> = (0..before.rows())
        .filter(|r| before.str_at("rule", *r) == Some("MED-01"))
        .filter_map(|r| before.str_at("household_id", r))
        .collect();
    assert!(!listed.is_empty());
    let now = ids(&list);
    let households = table(&round, "households");
    for household in listed {
        let row = (0..households.rows()).find(|r| households.str_at("household_id", *r) == Some(household));
        if row.is_some_and(|r| households.integer_at("size", r).is_some_and(|n| n > 0)) {
            assert!(now.contains(household), "{household} left although nobody knows its costs");
        }
    }
    let kept = (0..list.rows()).filter(|r| list.str_at("held_from", *r) == Some("2026Q3")).count();
    assert!(kept > 0);
}
