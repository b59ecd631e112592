//! The online list against the households that really are at risk, every miss explained by its records.

use std::collections::{BTreeMap, BTreeSet};

use super::links::{self, Judged};
use super::{ratio, share};
use crate::support::{sample_round, table};
use crate::truth;

struct Lists {
    /// Household number → (list type, causes).
    listed: BTreeMap<String, (String, String)>,
    truth: Vec<truth::Household>,
}

fn lists() -> Lists {
    let online = table(sample_round(), "online_list");
    let listed = (0..online.rows())
        .map(|i| {
            let text = |c| online.str_at(c, i).unwrap_or("").to_string();
            (text("household_no"), (text("list_type"), text("causes")))
        })
        .collect();
    Lists { listed, truth: truth::households() }
}

fn describe(j: &Judged, household: &BTreeMap<String, String>) -> String {
    let whose = household.get(&j.row.pid).map_or("nobody of the register", String::as_str);
    format!("{}!{}:{} of {whose} is {} ({})", j.at.1, j.at.2, j.at.3, j.status, j.row.faults.join(","))
}

/// Why a household at risk is not listed: records of the source that shows its risk which were not linked to it.
fn why_missed(h: &truth::Household, judged: &[Judged], household: &BTreeMap<String, String>) -> Vec<String> {
    let risks = truth::risks();
    let of = &risks[&h.household];
    if of.iter().all(|(_, source)| source.is_empty()) {
        return vec!["no department's data show it; only the village can know".to_string()];
    }
    let mut reasons = Vec::new();
    for (cause, source) in of.iter().filter(|(_, s)| !s.is_empty()) {
        for j in judged.iter().filter(|j| &j.at.0 == source && household.get(&j.row.pid) == Some(&h.household)) {
            let to = j.linked_to.as_ref().and_then(|p| household.get(p));
            if to != Some(&h.household) {
                reasons.push(format!("{cause}: {}", describe(j, household)));
            }
        }
    }
    reasons
}

/// Why a household that is not at risk is listed: records behind its hits that are somebody else's, or records of its own
/// that would have spoken for it and were not linked.
fn why_listed(number: &str, judged: &[Judged], household: &BTreeMap<String, String>, l: &Lists) -> Vec<String> {
    let round = sample_round();
    let households = table(round, "households");
    let id = (0..households.rows())
        .find(|&i| households.str_at("household_no", i) == Some(number))
        .and_then(|i| households.str_at("household_id", i).map(str::to_string));
    let hits = table(round, "rule_hits");
    let listing: Vec<usize> = (0..hits.rows())
        .filter(|&i| hits.str_at("household_id", i) == id.as_deref() && hits.str_at("role", i) == Some("lists"))
        .collect();
    let of: BTreeSet<String> = listing.iter().map(|&i| hits.str_at("hit_id", i).unwrap().to_string()).collect();
    let records = table(round, "hit_records");
    let name = l.truth.iter().find(|h| h.number == number).map(|h| h.household.as_str());
    let mut reasons = Vec::new();
    // A rule may rest on there being no record: every source behind it counts, not only those of the hit's records.
    let (plan, _) = bidui::plan::load(&crate::support::root().join("pipelines/quarterly"));
    let plan = plan.expect("a sound pipeline");
    let behind =
        |id: &str| plan.rules.iter().filter(|r| r.id == id).map(|r| crate::catalogue::behind(&plan, r).1).next();
    let mut sources: BTreeSet<String> =
        listing.iter().filter_map(|&i| behind(hits.str_at("rule", i)?)).flatten().collect();
    for i in (0..records.rows()).filter(|&i| of.contains(records.str_at("hit_id", i).unwrap())) {
        let text = |c| records.str_at(c, i).unwrap_or("").to_string();
        let at = (text("source"), text("file"), text("sheet"), records.integer("row").value(i));
        sources.insert(at.0.clone());
        for j in judged.iter().filter(|j| j.at == at) {
            if household.get(&j.row.pid).map(String::as_str) != name {
                reasons.push(format!("somebody else's record: {}", describe(j, household)));
            }
        }
    }
    for j in judged.iter().filter(|j| sources.contains(&j.at.0) && j.linked_to.is_none()) {
        if household.get(&j.row.pid).map(String::as_str) == name {
            reasons.push(format!("its own record is missing: {}", describe(j, household)));
        }
    }
    reasons
}

#[test]
fn the_online_list_is_the_households_at_risk() {
    let l = lists();
    let judged = links::judged();
    let household = truth::household_of_person();
    let at_risk: BTreeMap<&str, &truth::Household> =
        l.truth.iter().filter(|h| h.at_risk).map(|h| (h.number.as_str(), h)).collect();
    let right = l.listed.keys().filter(|n| at_risk.contains_key(n.as_str())).count();
    let visible = at_risk.values().filter(|h| h.visible_online).count();
    let mut lines = vec![
        format!("households at risk {}, of which some department's data show {visible}", at_risk.len()),
        format!("listed {}", l.listed.len()),
        format!("precision {}", share(right, l.listed.len())),
        format!("recall {}", share(right, at_risk.len())),
    ];
    let mut same_type = 0;
    let mut same_causes = 0;
    for (number, (list_type, causes)) in &l.listed {
        if let Some(h) = at_risk.get(number.as_str()) {
            same_type += usize::from(*list_type == h.list_type);
            same_causes += usize::from(*causes == h.online_causes);
        }
    }
    lines.push(format!("of those rightly listed: type as in truth {}", share(same_type, right)));
    lines.push(format!(
        "of those rightly listed: causes as the departments' data can show {}",
        share(same_causes, right)
    ));

    let mut unexplained = Vec::new();
    let mut explain = |what: &str, number: &str, reasons: Vec<String>, lines: &mut Vec<String>| {
        if reasons.is_empty() {
            unexplained.push(format!("{what} {number}"));
        }
        lines.push(format!("{what} | {number} | {}", reasons.join("; ")));
    };
    lines.extend([String::new(), "miss | household number | why".to_string()]);
    for (number, h) in at_risk.iter().filter(|(n, _)| !l.listed.contains_key(**n)) {
        explain("not listed", number, why_missed(h, &judged, &household), &mut lines);
    }
    for number in l.listed.keys().filter(|n| !at_risk.contains_key(n.as_str())) {
        explain("wrongly listed", number, why_listed(number, &judged, &household, &l), &mut lines);
    }
    insta::with_settings!({snapshot_path => "snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("online_list", lines.join("\n"));
    });
    assert!(unexplained.is_empty(), "misses that no record explains: {unexplained:?}");
    assert!(ratio(right, l.listed.len()) >= 0.97, "precision {}", share(right, l.listed.len()));
    assert!(ratio(right, at_risk.len()) >= 0.97, "recall {}", share(right, at_risk.len()));
    assert!(ratio(same_type, right) >= 0.97, "types {}", share(same_type, right));
}

/// What the comparison should say of a household, from the truth alone.
fn expected(h: &truth::Household) -> Option<&'static str> {
    Some(match (h.visible_online, &h.reported) {
        (true, Some((kind, _))) if !kind.is_empty() && *kind != h.list_type => "type_differs",
        (true, Some((_, causes))) if *causes != h.online_causes => "cause_differs",
        (true, Some(_)) => "agreed",
        (true, None) if h.monitored => "already_monitored",
        (true, None) => "online_only",
        (false, Some(_)) => "offline_only",
        (false, None) => return None,
    })
}

#[test]
fn the_comparison_says_what_the_truth_says_wherever_both_lists_could_be_linked() {
    let l = lists();
    let household = truth::household_of_person();
    let mut unclear: BTreeSet<String> = BTreeSet::new();
    for j in links::judged().iter().filter(|j| j.at.0 == "offline_report") {
        if j.linked_to.as_deref() != Some(j.row.pid.as_str()) {
            unclear.extend(household.get(&j.row.pid).cloned());
        }
    }
    let comparison = table(sample_round(), "comparison");
    let households = table(sample_round(), "households");
    let number: BTreeMap<&str, &str> = (0..households.rows())
        .filter_map(|i| Some((households.str_at("household_id", i)?, households.str_at("household_no", i)?)))
        .collect();
    let got: BTreeMap<&str, &str> = (0..comparison.rows())
        .filter_map(|i| Some((number[comparison.str_at("household_id", i)?], comparison.str_at("outcome", i)?)))
        .collect();
    let mut compared: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for h in &l.truth {
        let listed = l.listed.get(&h.number);
        let as_in_truth = listed.is_some() == h.visible_online
            && listed.is_none_or(|(kind, causes)| *kind == h.list_type && *causes == h.online_causes);
        if !as_in_truth || unclear.contains(&h.household) {
            continue;
        }
        let want = expected(h);
        *compared.entry(want.unwrap_or("on neither list")).or_default() += 1;
        if got.get(h.number.as_str()).copied() != want {
            wrong.push((&h.number, want, got.get(h.number.as_str())));
        }
    }
    for outcome in ["agreed", "online_only", "offline_only", "cause_differs", "type_differs"] {
        assert!(compared.get(outcome).is_some_and(|n| *n > 0), "{outcome} occurs in the sample: {compared:?}");
    }
    assert!(wrong.is_empty(), "{} of {compared:?} differ: {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
}
