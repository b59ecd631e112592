//! What a case rests on, and whether it is still the same: the memory of verified conclusions (background §5, feature 6).
//!
//! A fact is one rule's evidence for one household or person, or what the village reported. Evidence is the same when its words are
//! and every number in it moved by no more than the share that `process.toml` allows; days must be the same.

use std::collections::BTreeMap;

use crate::model::{Table, words};
use crate::plan::{Plan, Rule, RuleRole, SourceRole};

/// Facts by what they come from: `HOU-01`, `MED-01|P0000017`, `offline`.
pub type Facts = BTreeMap<String, String>;

/// Key of what a village reported.
const OFFLINE: &str = "offline";

/// Facts of all households with hits that list or support, by household.
pub(super) fn of_hits(hits: &Table) -> BTreeMap<&str, Facts> {
    let mut all: BTreeMap<&str, Facts> = BTreeMap::new();
    for row in 0..hits.rows() {
        let own = |column: &str| hits.str_at(column, row);
        let (Some(household), Some(rule), Some("lists" | "supports")) = (own("household_id"), own("rule"), own("role"))
        else {
            continue;
        };
        let key = match own("person_id") {
            Some(person) => format!("{rule}|{person}"),
            None => rule.to_string(),
        };
        all.entry(household).or_default().insert(key, own("evidence").unwrap_or("").to_string());
    }
    all
}

/// Adds what the village reported: types and causes, not its wording.
pub(super) fn add_report(facts: &mut Facts, types: Option<&str>, causes: Option<&str>) {
    facts.insert(OFFLINE.into(), format!("{};{}", types.unwrap_or(""), causes.unwrap_or("")));
}

/// What is new or different in `now`, in words; none when the conclusion about `before` still covers it.
///
/// Facts that are gone change nothing: what was not true with more evidence is not true with less. Nor does evidence that only
/// supports: a low income beside the same trouble is no other trouble, and lists nobody.
pub fn changed(before: &Facts, now: &Facts, within: f64, plan: &Plan) -> Option<String> {
    let supports = |key: &str| rule_of(key, plan).is_some_and(|r| r.role == RuleRole::Supports);
    let told: Vec<String> = now
        .iter()
        .filter(|(key, _)| !supports(key))
        .filter_map(|(key, said)| match before.get(key) {
            Some(old) if same(old, said, within) => None,
            Some(old) => {
                Some(format!("{}：原为“{}”，现为“{}”", title(key, plan), show(key, old, plan), show(key, said, plan)))
            }
            None => Some(format!("新增{}：{}", title(key, plan), show(key, said, plan))),
        })
        .collect();
    (!told.is_empty()).then(|| told.join("；"))
}

/// What a round says that knows fewer rules than another, as a night does: what the other showed by rules that this one does not have
/// still holds, and what villages reported where none are asked.
pub(super) fn keep_unjudged(facts: &mut Facts, before: &Facts, plan: &Plan) {
    let villages = plan.sources.iter().any(|s| s.role == SourceRole::Offline);
    let judged = |key: &str| if key == OFFLINE { villages } else { rule_of(key, plan).is_some() };
    for (key, said) in before.iter().filter(|(key, _)| !judged(key)) {
        facts.entry(key.clone()).or_insert_with(|| said.clone());
    }
}

fn rule_of<'p>(key: &str, plan: &'p Plan) -> Option<&'p Rule> {
    let rule = key.split('|').next().unwrap_or(key);
    plan.rules.iter().find(|r| r.id == rule)
}

fn title(key: &str, plan: &Plan) -> String {
    if key == OFFLINE {
        return "村里上报".into();
    }
    rule_of(key, plan).map_or_else(|| key.split('|').next().unwrap_or(key).to_string(), |r| r.title.clone())
}

fn show(key: &str, said: &str, plan: &Plan) -> String {
    if key != OFFLINE {
        return said.to_string();
    }
    let (types, causes) = said.split_once(';').unwrap_or((said, ""));
    let types = words::titles(Some(types).filter(|t| !t.is_empty()), words::list_type);
    let causes = plan.cause_titles(Some(causes).filter(|c| !c.is_empty()));
    match (types.is_empty(), causes.is_empty()) {
        (true, true) => "未写明".into(),
        (true, false) => causes,
        (false, true) => types,
        _ => format!("{types}、{causes}"),
    }
}

/// True when two evidences say the same within a share.
fn same(a: &str, b: &str, within: f64) -> bool {
    if a == b {
        return true;
    }
    let (a, b) = (parts(a), parts(b));
    a.len() == b.len()
        && a.iter().zip(&b).all(|(a, b)| match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(x), Ok(y)) => (x - y).abs() <= within * x.abs().max(y.abs()),
            _ => a == b,
        })
}

/// Words and numbers in turn; a day with its hyphens is one word.
fn parts(text: &str) -> Vec<&str> {
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = numeric(first);
        let end = rest.find(|c| numeric(c) != kind).unwrap_or(rest.len());
        parts.push(&rest[..end]);
        rest = &rest[end..];
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::sample;

    fn facts(list: &[(&str, &str)]) -> Facts {
        list.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()
    }

    #[test]
    fn amounts_may_move_and_days_may_not() {
        assert!(same("近12个月合规自付26600元，达到20000元", "近12个月合规自付22000元，达到20000元", 0.2));
        assert!(!same("近12个月合规自付26600元，达到20000元", "近12个月合规自付36600元，达到20000元", 0.2));
        assert!(same("47岁，2026-07-24取得一、二级残疾人证", "48岁，2026-07-24取得一、二级残疾人证", 0.2));
        assert!(!same("47岁，2025-07-24取得一、二级残疾人证", "47岁，2026-07-24取得一、二级残疾人证", 0.2));
        assert!(!same("劳动力2人", "劳动力1人", 0.2));
        assert!(!same("有车", "有房", 0.2));
    }

    #[test]
    fn less_evidence_is_no_change_and_more_is_told() {
        let plan = sample::plan();
        let before = facts(&[("HOU-01", "C级"), ("WAT-04", "不合格")]);
        assert_eq!(changed(&before, &facts(&[("HOU-01", "C级")]), 0.2, &plan), None);
        let now = facts(&[("HOU-01", "D级"), ("MED-01|P0000001", "自付30000元"), ("offline", "marginal;illness")]);
        let told = changed(&before, &now, 0.2, &plan).unwrap();
        assert_eq!(told, "HOU-01：原为“C级”，现为“D级”；新增MED-01：自付30000元；新增村里上报：边缘户、因病");
    }

    #[test]
    fn support_is_no_news_and_a_night_forgets_nothing_it_cannot_judge() {
        let load = |name: &str| {
            let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines").join(name);
            crate::plan::load(&dir).0.unwrap()
        };
        let (quarter, night) = (load("quarterly"), load("nightly"));
        let before = facts(&[("HOU-01", "C级"), ("MED-01", "自付30000元"), ("offline", "marginal;illness")]);
        let mut now = facts(&[("MED-01", "自付31000元"), ("INC-01", "收入6000元")]);
        assert_eq!(changed(&before, &now, 0.2, &quarter), None);
        let alone = now.clone();
        keep_unjudged(&mut now, &before, &quarter);
        assert_eq!(now, alone, "a quarter judges everything");
        keep_unjudged(&mut now, &before, &night);
        let kept: Vec<&str> = now.keys().map(String::as_str).collect();
        assert_eq!(kept, ["HOU-01", "INC-01", "MED-01", "offline"]);
        assert_eq!(now["MED-01"], "自付31000元");
    }
}
