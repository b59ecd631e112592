//! Every rule against the truth: on a clean county with all sources its hits are exactly those that the written policy names.
//!
//! The county is made for the test without dirt: what is measured are the rules, not the links.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{AS_OF, bidui, outcome, root, run, scratch, table};

/// Rule → household or person.
type Hits = BTreeMap<String, BTreeSet<String>>;

fn rows(path: &std::path::Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    reader.deserialize().map(|r| r.unwrap()).collect()
}

#[test]
fn on_a_clean_county_every_rule_hits_exactly_whom_the_policy_names() {
    let work = scratch("clean-county");
    let county = work.join("county");
    let command = ["synth", "--households", "3000", "--seed", "77", "--dirt", "none", "--as-of", AS_OF, "--out"];
    let (code, _, err) = outcome(bidui().args(command).arg(&county));
    assert_eq!(code, 0, "{err}");
    let out = work.join("out");
    let (code, _, err) = run(&root().join("pipelines/quarterly"), &county, &out, AS_OF);
    assert_eq!(code, 0, "{err}");
    let round = out.join("rounds/2026Q3");

    let truth = county.join("truth");
    let number_of: BTreeMap<String, String> = rows(&truth.join("persons.csv"))
        .into_iter()
        .map(|mut r| (r.remove("pid").unwrap(), r.remove("id_number").unwrap()))
        .collect();
    let house_of: BTreeMap<String, String> = rows(&truth.join("households.csv"))
        .into_iter()
        .map(|mut r| (r.remove("household").unwrap(), r.remove("household_number").unwrap()))
        .collect();
    let mut wanted = Hits::new();
    for r in rows(&truth.join("rule_hits.csv")) {
        let who = if r["pid"].is_empty() { &house_of[&r["household"]] } else { &number_of[&r["pid"]] };
        wanted.entry(r["rule"].clone()).or_default().insert(who.clone());
    }

    let keyed = |name: &str, key: &str, value: &str| -> BTreeMap<String, String> {
        let table = table(&round, name);
        let text = |column: &str, i| table.str_at(column, i).unwrap_or("").to_string();
        (0..table.rows()).map(|i| (text(key, i), text(value, i))).collect()
    };
    let (persons, households) =
        (keyed("persons", "person_id", "id_number"), keyed("households", "household_id", "household_no"));
    let hits = table(&round, "rule_hits");
    let mut found = Hits::new();
    for i in 0..hits.rows() {
        let who = match hits.str_at("person_id", i) {
            Some(person) => &persons[person],
            None => &households[hits.str_at("household_id", i).unwrap()],
        };
        found.entry(hits.str_at("rule", i).unwrap().to_string()).or_default().insert(who.clone());
    }

    let (plan, _) = bidui::plan::load(&root().join("pipelines/quarterly"));
    let none = BTreeSet::new();
    let mut differ = Vec::new();
    let mut silent = Vec::new();
    let plan = plan.expect("a sound pipeline");
    for rule in &plan.rules {
        let (wanted, found) = (wanted.get(&rule.id).unwrap_or(&none), found.get(&rule.id).unwrap_or(&none));
        if wanted != found {
            let (more, less) = (found.difference(wanted).count(), wanted.difference(found).count());
            let example = found.symmetric_difference(wanted).next().map_or("", String::as_str);
            differ.push(format!(
                "{}: {} wanted, {} found, {more} too many, {less} missing, such as {example}",
                rule.id,
                wanted.len(),
                found.len()
            ));
        }
        if wanted.is_empty() {
            silent.push(rule.id.as_str());
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
    assert!(silent.is_empty(), "the county has nobody for {silent:?}, so they prove nothing");
}
