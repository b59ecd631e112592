//! Two judgements of the households, compared: who enters and leaves by township and type, what each rule does.
//!
//! In: online list, rule hits and rule outcomes of both. Out: counts; households themselves only when asked for, masked.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Table;
use crate::model::text::{mask_name, mask_number};

/// What a judgement says, by the tables it is published in.
#[derive(Clone, Copy)]
pub struct Judgement<'t> {
    /// `online_list`.
    pub list: &'t Table,
    /// `rule_hits`.
    pub hits: &'t Table,
    /// `rule_outcomes`.
    pub outcomes: &'t Table,
}

/// The change from one judgement to another.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// What is compared with.
    pub from: String,
    /// What is compared.
    pub to: String,
    /// Households listed before.
    pub before: u64,
    /// Households listed after.
    pub after: u64,
    /// Households that enter the list.
    pub enters: u64,
    /// Households that leave it.
    pub leaves: u64,
    /// Households that stay with another type.
    pub retyped: u64,
    /// By township and type, in the order of their names; only what is listed before or after.
    pub places: Vec<PlaceChange>,
    /// By rule, in the order of the rule files; rules that are gone last.
    pub rules: Vec<RuleChange>,
    /// The households that enter, leave or change their type, masked; only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub households: Option<Vec<Mover>>,
}

/// One township and type. After = before + enters − leaves + retyped in − retyped out.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct PlaceChange {
    /// Name of the township.
    pub township: String,
    /// unstable, marginal or sudden.
    pub list_type: String,
    /// Listed before.
    pub before: u64,
    /// Listed after.
    pub after: u64,
    /// Not listed before.
    pub enters: u64,
    /// Not listed after.
    pub leaves: u64,
    /// Listed before with another type.
    pub retyped_in: u64,
    /// Listed after with another type.
    pub retyped_out: u64,
}

/// One rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct RuleChange {
    /// Its id.
    pub rule: String,
    /// Its title.
    pub title: String,
    /// Hits before; none when there was no such rule.
    pub before: Option<u64>,
    /// Hits after; none when there is no such rule any more.
    pub after: Option<u64>,
    /// Hits that are new.
    pub enters: u64,
    /// Hits that are gone.
    pub leaves: u64,
    /// Persons or households that are judged after.
    pub judged: u64,
    /// Those of them for whom it cannot be said.
    pub unknown: u64,
    /// Sources that are missing for it, joined by `|`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// `hits_nobody`, `hits_everybody` or `judges_nobody`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<&'static str>,
}

/// A household that moves.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mover {
    /// enters, leaves or retyped.
    pub change: &'static str,
    /// Its id.
    pub household_id: String,
    /// Masked name of its head.
    pub head: String,
    /// Masked number of its head.
    pub head_id_number: String,
    /// Township.
    pub township: String,
    /// Village.
    pub village: String,
    /// Type before.
    pub from_type: Option<String>,
    /// Type after.
    pub to_type: Option<String>,
    /// Rules behind it: those after, or those before when it leaves.
    pub rules: String,
}

/// Compares two judgements; `names` asks for the households themselves.
pub fn compare(from: (&str, Judgement), to: (&str, Judgement), names: bool) -> Change {
    let (old, new) = (listed(from.1.list), listed(to.1.list));
    let mut change = Change {
        from: from.0.to_string(),
        to: to.0.to_string(),
        before: old.len() as u64,
        after: new.len() as u64,
        enters: 0,
        leaves: 0,
        retyped: 0,
        places: Vec::new(),
        rules: rules(from.1, to.1),
        households: None,
    };
    let mut places: BTreeMap<(String, String), PlaceChange> = BTreeMap::new();
    let mut movers = Vec::new();
    let all: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    for household in all {
        let (before, after) = (old.get(household), new.get(household));
        let mut at = |list: &Table, row: &usize| {
            let text = |column| list.str_at(column, *row).unwrap_or("").to_string();
            let key = (text("township"), text("list_type"));
            let blank = || PlaceChange { township: key.0.clone(), list_type: key.1.clone(), ..PlaceChange::default() };
            places.entry(key.clone()).or_insert_with(blank);
            key
        };
        let was = before.map(|row| at(from.1.list, row));
        let is = after.map(|row| at(to.1.list, row));
        let mut add = |key: &(String, String), count: fn(&mut PlaceChange) -> &mut u64| {
            if let Some(place) = places.get_mut(key) {
                *count(place) += 1;
            }
        };
        if let Some(key) = &was {
            add(key, |p| &mut p.before);
        }
        if let Some(key) = &is {
            add(key, |p| &mut p.after);
        }
        let moved = match (&was, &is) {
            (None, Some(key)) => {
                change.enters += 1;
                add(key, |p| &mut p.enters);
                Some("enters")
            }
            (Some(key), None) => {
                change.leaves += 1;
                add(key, |p| &mut p.leaves);
                Some("leaves")
            }
            (Some(old), Some(new)) if old != new => {
                change.retyped += u64::from(old.1 != new.1);
                add(old, |p| &mut p.retyped_out);
                add(new, |p| &mut p.retyped_in);
                (old.1 != new.1).then_some("retyped")
            }
            _ => None,
        };
        if let (true, Some(change)) = (names, moved) {
            let types = (was.map(|k| k.1), is.map(|k| k.1));
            let (list, row) = match (before, after) {
                (_, Some(row)) => (to.1.list, *row),
                (Some(row), None) => (from.1.list, *row),
                (None, None) => continue,
            };
            movers.push(mover(change, household, list, row, types));
        }
    }
    change.places = places.into_values().collect();
    if names {
        movers.sort_by(|a, b| {
            (a.change, &a.township, &a.village, &a.household_id).cmp(&(
                b.change,
                &b.township,
                &b.village,
                &b.household_id,
            ))
        });
        change.households = Some(movers);
    }
    change
}

fn listed(list: &Table) -> BTreeMap<&str, usize> {
    (0..list.rows()).filter_map(|row| Some((list.str_at("household_id", row)?, row))).collect()
}

fn mover(
    change: &'static str,
    household: &str,
    list: &Table,
    row: usize,
    (from_type, to_type): (Option<String>, Option<String>),
) -> Mover {
    let text = |column| list.str_at(column, row).unwrap_or("");
    Mover {
        change,
        household_id: household.to_string(),
        head: mask_name(text("head_name")),
        head_id_number: mask_number(text("head_id_number")),
        township: text("township").to_string(),
        village: text("village").to_string(),
        from_type,
        to_type,
        rules: text("rules").to_string(),
    }
}

/// Hits of each rule by their ids, which are the same in every round.
fn hits_by_rule(hits: &Table) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in 0..hits.rows() {
        if let (Some(rule), Some(id)) = (hits.str_at("rule", row), hits.str_at("hit_id", row)) {
            found.entry(rule).or_default().insert(id);
        }
    }
    found
}

fn rules(from: Judgement, to: Judgement) -> Vec<RuleChange> {
    let (old, new) = (hits_by_rule(from.hits), hits_by_rule(to.hits));
    let none = BTreeSet::new();
    let known = |outcomes: &Table| -> Vec<String> {
        (0..outcomes.rows()).filter_map(|row| outcomes.str_at("rule", row).map(str::to_string)).collect()
    };
    let (known_before, known_after) = (known(from.outcomes), known(to.outcomes));
    let gone = known_before.iter().filter(|r| !known_after.contains(r));
    let all: Vec<&String> = known_after.iter().chain(gone).collect();
    all.into_iter()
        .map(|rule| {
            let (before, after) = (old.get(rule.as_str()).unwrap_or(&none), new.get(rule.as_str()).unwrap_or(&none));
            let was = known_before.contains(rule).then_some(before.len() as u64);
            let row = known_after.iter().position(|r| r == rule);
            let count = |column| row.map_or(0, |row| to.outcomes.integer(column).value(row).unsigned_abs());
            let (judged, hits, unknown) = (count("judged"), count("hits"), count("unknown"));
            let remark = match (row, judged - unknown.min(judged)) {
                (None, _) => None,
                (_, 0) if judged > 0 => Some("judges_nobody"),
                (_, 0) => None,
                _ if hits == 0 => Some("hits_nobody"),
                (_, known) if hits == known => Some("hits_everybody"),
                _ => None,
            };
            let outcomes = if row.is_some() { to.outcomes } else { from.outcomes };
            let at = row.or_else(|| known_before.iter().position(|r| r == rule));
            RuleChange {
                rule: rule.clone(),
                title: at.and_then(|row| outcomes.str_at("title", row)).unwrap_or("").to_string(),
                before: was,
                after: row.map(|_| after.len() as u64),
                enters: after.difference(before).count() as u64,
                leaves: before.difference(after).count() as u64,
                judged,
                unknown,
                missing: row.and_then(|row| to.outcomes.str_at("missing_sources", row)).map(str::to_string),
                remark,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::build::{TableBuilder, Value};
    use crate::model::tables;

    fn outcomes(rules: &[(&str, i64, i64, i64)]) -> Table {
        let mut table = TableBuilder::new(tables::rule_outcomes());
        for (rule, judged, hits, unknown) in rules {
            let value = |column: &str| match column {
                "rule" | "title" => (*rule).into(),
                "judged" => (*judged).into(),
                "hits" => (*hits).into(),
                "unknown" => (*unknown).into(),
                _ => Value::Null,
            };
            table.push(tables::rule_outcomes().columns.iter().map(|c| value(&c.name)).collect());
        }
        table.finish()
    }

    #[test]
    fn rules_that_hit_nobody_everybody_or_judge_nobody_are_flagged() {
        let (list, hits) = (Table::empty(tables::online_list()), Table::empty(tables::rule_hits()));
        let before = outcomes(&[("GONE", 10, 0, 0)]);
        let after = outcomes(&[
            ("NOBODY", 10, 0, 0),
            // Of whom something is known nobody is hit.
            ("NOBODY-KNOWN", 10, 0, 4),
            ("EVERYBODY", 10, 10, 0),
            ("EVERYBODY-KNOWN", 10, 6, 4),
            ("UNKNOWN", 10, 0, 10),
            ("SOME", 10, 1, 8),
            ("NOBODY-THERE", 0, 0, 0),
        ]);
        let judgement = |outcomes| Judgement { list: &list, hits: &hits, outcomes };
        let change = compare(("last", judgement(&before)), ("present", judgement(&after)), false);
        let remarks: Vec<(&str, Option<&str>)> = change.rules.iter().map(|r| (r.rule.as_str(), r.remark)).collect();
        let expected = [
            ("NOBODY", Some("hits_nobody")),
            ("NOBODY-KNOWN", Some("hits_nobody")),
            ("EVERYBODY", Some("hits_everybody")),
            ("EVERYBODY-KNOWN", Some("hits_everybody")),
            ("UNKNOWN", Some("judges_nobody")),
            ("SOME", None),
            ("NOBODY-THERE", None),
            ("GONE", None),
        ];
        assert_eq!(remarks, expected);
    }
}
