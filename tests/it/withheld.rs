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

/// What is withheld in turn: each department's source alone, and all sources of a department that delivers several.
///
/// Without the register and the national system there is no round at all; what the villages report is not screened.
fn withheld_in_turn(plan: &Plan) -> Vec<Vec<&str>> {
    let mut of_department: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for source in plan.sources.iter().filter(|s| s.role == SourceRole::Department) {
        of_department.entry(source.department.as_str()).or_default().push(&source.id);
    }
    let singly = of_department.values().flatten().map(|source| vec![*source]);
    singly.chain(of_department.values().filter(|sources| sources.len() > 1).cloned()).collect()
}

/// Rule and id of every hit of every role.
fn hits(screened: &Screened) -> BTreeSet<(&str, &str)> {
    let table = &screened.rule_hits;
    let hit = |row| (table.str_at("rule", row).unwrap(), table.str_at("hit_id", row).unwrap());
    (0..table.rows()).map(hit).collect()
}

/// Of each rule that lacks a source what it lacks.
fn lacking(outcomes: &Table) -> BTreeMap<String, BTreeSet<String>> {
    let rows = (0..outcomes.rows()).filter_map(|row| {
        let sources = words::split(outcomes.str_at("missing_sources", row)).map(String::from).collect::<BTreeSet<_>>();
        Some((outcomes.str_at("rule", row)?.to_string(), sources))
    });
    rows.filter(|(_, sources)| !sources.is_empty()).collect()
}

/// Sources that an indicator of a rule is taken from, by the names in the texts alone: what `lacking` must say.
fn sources_of(plan: &Plan, text: &str, found: &mut BTreeSet<String>) {
    let named = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':' || c == '-';
    for word in text.split(|c| !named(c)) {
        if let Some(indicator) = plan.indicators.iter().find(|i| i.name == word) {
            if plan.sources.iter().any(|s| s.id == indicator.source) {
                found.insert(indicator.source.clone());
            } else {
                let texts = [Some(&indicator.value), indicator.filter.as_ref()];
                texts.into_iter().flatten().for_each(|sql| sources_of(plan, &sql.text, found));
            }
        }
    }
}

#[test]
fn every_source_in_turn_is_withheld() {
    let round = Round::open(sample_round());
    let full = round.without(&[], None);
    assert_eq!(
        types(&full.online_list),
        types(&table(sample_round(), "online_list")),
        "the stage alone gives the same list"
    );
    let all_hits = hits(&full);
    let all = ids(&full.online_list);
    let previous =
        held::Previous { round: "2026Q2".into(), list: full.online_list.clone(), hits: full.rule_hits.clone() };
    let (mut listing, mut unjudged) = (BTreeSet::new(), BTreeSet::new());
    for withheld in withheld_in_turn(&round.plan) {
        // What is kept from the round before is marked: the other rows are the list of a first round.
        let bare = round.without(&withheld, Some(&previous));
        let list = &bare.online_list;
        let kept_rows = |wanted: bool| -> BTreeSet<usize> {
            (0..list.rows()).filter(|row| list.str_at("held_from", *row).is_some() == wanted).collect()
        };
        let id = |row: usize| list.str_at("household_id", row).unwrap().to_string();
        let now: BTreeSet<String> = kept_rows(false).into_iter().map(id).collect();
        let entered: Vec<_> = now.difference(&all).collect();
        assert!(entered.is_empty(), "without {withheld:?} {entered:?} enter");
        // No rule, of whatever role, accuses because of what is absent; one that lost a hit says what it lacks.
        let kept = hits(&bare);
        let new: Vec<_> = kept.difference(&all_hits).collect();
        assert!(new.is_empty(), "without {withheld:?} {new:?} are new");
        let told = lacking(&bare.rule_outcomes);
        for (rule, hit) in all_hits.difference(&kept) {
            let lacks = told.get(*rule).unwrap_or_else(|| panic!("{rule} lost {hit} without saying why"));
            assert!(lacks.iter().any(|s| withheld.contains(&s.as_str())), "{rule} says that it lacks {lacks:?}");
            unjudged.extend(withheld.iter().map(|s| s.to_string()));
        }
        for (rule, lacks) in &told {
            assert!(lacks.iter().all(|s| withheld.contains(&s.as_str())), "{rule} lacks {lacks:?}, not {withheld:?}");
        }
        // Every rule that stands on the source says so, whether or not it had hits.
        for rule in &round.plan.rules {
            let mut needs = BTreeSet::new();
            sources_of(&round.plan, &rule.when.text, &mut needs);
            if needs.iter().any(|s| withheld.contains(&s.as_str())) {
                assert!(
                    told.contains_key(&rule.id),
                    "{} needs {withheld:?} and does not say that it lacks it",
                    rule.id
                );
            }
        }
        // With a round before, the list is the same: nobody enters, nobody leaves, and whoever is kept is told as such, with
        // what is missing. Only whom a rule cannot judge is kept: so everybody who would have left is known to be unjudged.
        assert_eq!(ids(list), all, "without {withheld:?}");
        let mut carried = BTreeSet::new();
        for row in kept_rows(true) {
            let evidence = list.str_at("evidence", row).unwrap();
            assert!(withheld.iter().any(|s| evidence.contains(s)), "kept for want of {withheld:?}: {evidence}");
            carried.insert(id(row));
        }
        assert_eq!(carried, all.difference(&now).cloned().collect(), "without {withheld:?}");
        if !carried.is_empty() && withheld.len() == 1 {
            listing.extend(withheld.iter().map(|s| s.to_string()));
        }
    }
    // The sample tries it: every source that is screened has hits to lose, and half of them list households.
    let screened: BTreeSet<String> = withheld_in_turn(&round.plan).concat().iter().map(|s| s.to_string()).collect();
    assert_eq!(unjudged, screened, "the sample has hits that hang on every source");
    assert!(listing.len() >= 12, "{listing:?}");
}

/// Deletes what a source's globs mean, and nothing else.
fn withhold(input: &Path, source: &plan::Source) {
    let mut gone = 0;
    for pattern in &source.files {
        let glob = globset::Glob::new(pattern).unwrap().compile_matcher();
        let folder = input.join(pattern.rsplit_once('/').map_or("", |(folder, _)| folder));
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if glob.is_match(entry.path().strip_prefix(input).unwrap()) {
                fs::remove_file(entry.path()).unwrap();
                gone += 1;
            }
        }
    }
    assert!(gone > 0, "{} has files", source.id);
}

#[test]
fn a_round_without_a_file_is_the_round_with_its_source_withheld_and_the_report_tells_what_could_not_be_judged() {
    let all = Round::open(sample_round());
    // What is delivered about persons, about households' members and about villages.
    for id in ["medical_settlement", "employment", "water_village"] {
        let source = all.plan.sources.iter().find(|s| s.id == id).unwrap();
        let input = scratch("withheld-inbox");
        copy_tree(&root().join("sample-data"), &input);
        withhold(&input, source);
        let out = scratch("withheld-out");
        let (code, _, told) = run(&pipeline(), &input, &out, AS_OF);
        assert_eq!(code, 0, "{told}");
        let round = out.join("rounds/2026Q3");
        let bare = all.without(&[id], None);
        for own in [
            &bare.online_list,
            &bare.rule_hits,
            &bare.hit_records,
            &bare.rule_outcomes,
            &bare.indicators_person,
            &bare.indicators_household,
        ] {
            assert_eq!(table(&round, own.name()).batch, own.batch, "{} without {id}", own.name());
        }
        let report = fs::read_to_string(round.join("report.html")).unwrap();
        let lacking = lacking(&bare.rule_outcomes);
        assert!(!lacking.is_empty(), "rules need {id}");
        assert!(report.contains(&source.title), "the report names what is missing");
        for rule in lacking.keys() {
            assert!(report.contains(rule), "{rule}");
        }
    }
}

#[test]
fn without_the_register_or_the_national_system_there_is_no_round() {
    for role in [SourceRole::Register, SourceRole::NationalSystem] {
        let plan = quarterly();
        let source = plan.sources.iter().find(|s| s.role == role).unwrap();
        let (input, out) = (scratch("required-inbox"), scratch("required-out"));
        copy_tree(&root().join("sample-data"), &input);
        withhold(&input, source);
        let (code, _, told) = run(&pipeline(), &input, &out, AS_OF);
        assert_eq!(code, 66, "{told}");
        assert!(told.contains(&source.id), "{told}");
        assert!(!out.join("rounds/2026Q3").exists());
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
