//! The rule catalogue as a whole: every rule has its three tests, every requirement has a rule or a reason, and the table in
//! `docs` says so.
//!
//! `BIDUI_WRITE_DOCS=1 cargo test --test it catalogue` writes the table anew instead of comparing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use bidui::plan::{Judged, Plan, Rule, load};

use super::support::root;

/// A requirement of the policy documents.
#[derive(serde::Deserialize)]
struct Requirement {
    id: String,
    document: String,
    text: String,
    reason: Option<String>,
    why: Option<String>,
}

#[derive(serde::Deserialize)]
struct Requirements {
    requirement: Vec<Requirement>,
}

fn plan() -> Plan {
    // Places name files by the folder as it is given.
    let (plan, problems) = load(&root().join("pipelines/quarterly"));
    plan.unwrap_or_else(|| panic!("{problems:?}"))
}

fn requirements() -> Vec<Requirement> {
    let text = fs::read_to_string(root().join("pipelines/quarterly/requirements.toml")).unwrap();
    toml::from_str::<Requirements>(&text).unwrap().requirement
}

#[test]
fn every_rule_has_a_hit_a_near_miss_and_an_unknown() {
    let plan = plan();
    let mut lacking = Vec::new();
    for rule in &plan.rules {
        for (wanted, word) in [(Judged::Hit, "hit"), (Judged::Miss, "miss"), (Judged::Unknown, "unknown")] {
            if !plan.rule_tests.iter().any(|t| t.rule == rule.id && t.expect == wanted) {
                lacking.push(format!("{} has no test that expects {word}", rule.id));
            }
        }
    }
    assert!(lacking.is_empty(), "{lacking:#?}");
}

#[test]
fn every_requirement_has_a_rule_or_a_reason_and_every_rule_a_requirement() {
    let (plan, requirements) = (plan(), requirements());
    let scope: BTreeSet<&str> = requirements.iter().map(|r| r.id.as_str()).collect();
    let wanted: BTreeSet<String> = (1..=113).chain(170..=175).map(|n| format!("R{n:03}")).collect();
    assert_eq!(scope, wanted.iter().map(String::as_str).collect(), "the requirements in scope");
    let mut problems = Vec::new();
    for r in &requirements {
        let ruled = plan.rules.iter().any(|rule| rule.requirements.contains(&r.id));
        match (ruled, &r.reason, &r.why) {
            (true, None, None) | (false, Some(_), Some(_)) => {}
            (true, ..) => problems.push(format!("{} has a rule and a reason why it has none", r.id)),
            (false, ..) => problems.push(format!("{} has neither a rule nor a reason", r.id)),
        }
    }
    for rule in &plan.rules {
        if rule.requirements.is_empty() {
            problems.push(format!("{} names no requirement", rule.id));
        }
        let unknown = rule.requirements.iter().filter(|r| !scope.contains(r.as_str()));
        problems.extend(unknown.map(|r| format!("{} names {r}, which is not in requirements.toml", rule.id)));
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn every_parameter_names_its_document_and_is_used() {
    let plan = plan();
    let mut text = String::new();
    for rule in &plan.rules {
        text.push_str(&rule.when.text);
        text.push_str(&rule.evidence);
    }
    for i in &plan.indicators {
        text.push_str(&i.value.text);
        text.push_str(i.filter.as_ref().map_or("", |f| &f.text));
    }
    for param in plan.params.values() {
        assert!(param.values.iter().all(|v| !v.document.is_empty()), "{} has a value without document", param.name);
        assert!(words(&text).contains(&format!(":{}", param.name)), "no rule uses {}", param.name);
    }
}

/// Names in a piece of SQL, parameters with their colon.
fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .filter(|w| !w.is_empty())
        .map(str::to_string)
        .collect()
}

/// Indicators a rule rests on, and the sources behind them, through indicators of indicators.
pub fn behind(plan: &Plan, rule: &Rule) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut named, mut sources) = (BTreeSet::new(), BTreeSet::new());
    let mut open: Vec<String> = words(&rule.when.text).into_iter().collect();
    while let Some(word) = open.pop() {
        match word.as_str() {
            "lifted" | "monitored_type" | "monitored_since" | "risk_cleared" => {
                sources.insert("national_system".to_string());
            }
            "age" | "size" | "sex" | "relation" | "status" => {
                sources.insert("population".to_string());
            }
            _ => {}
        }
        let Some(i) = plan.indicators.iter().find(|i| i.name == word) else { continue };
        if !named.insert(word) {
            continue;
        }
        if plan.sources.iter().any(|s| s.id == i.source) {
            sources.insert(i.source.clone());
        } else {
            open.extend(words(&i.value.text));
            open.extend(i.filter.iter().flat_map(|f| words(&f.text)));
        }
    }
    (named, sources)
}

fn joined(values: &BTreeSet<String>) -> String {
    let quoted: Vec<String> = values.iter().map(|v| format!("`{v}`")).collect();
    if quoted.is_empty() { "—".to_string() } else { quoted.join(" ") }
}

fn table(plan: &Plan, requirements: &[Requirement]) -> String {
    let titles = BTreeMap::from([
        ("built_in", "程序本身"),
        ("parameter", "参数"),
        ("field", "入户才知"),
        ("no_data", "无数据"),
        ("ledger", "台账"),
        ("work", "工作量"),
    ]);
    let role = |rule: &Rule| rule.role.as_str();
    let mut text = String::from(
        "# Requirements and rules 文件要求与规则\n\n\
         Made from `pipelines/quarterly` by `BIDUI_WRITE_DOCS=1 cargo test --test it catalogue`; do not edit.\n\
         由 `pipelines/quarterly` 生成，请勿手改。\n\n\
         `lists` puts a household on the list, `supports` is evidence, `cautions` asks for a reason, `checks` looks at whether\n\
         policies and work arrive. The tests are counted as hit / near miss / unknown.\n\n",
    );
    let ruled = requirements.iter().filter(|r| r.reason.is_none()).count();
    text.push_str(&format!(
        "{} requirements: {ruled} with a rule, {} with the reason why data cannot show them. {} rules, {} tests.\n\n",
        requirements.len(),
        requirements.len() - ruled,
        plan.rules.len(),
        plan.rule_tests.len()
    ));
    text.push_str("| requirement | 原文 | rule | role | source | indicator | tests |\n|---|---|---|---|---|---|---|\n");
    for r in requirements {
        let quoted = r.text.replace('|', "\\|");
        let rules: Vec<&Rule> = plan.rules.iter().filter(|rule| rule.requirements.contains(&r.id)).collect();
        for (n, rule) in rules.iter().enumerate() {
            let (indicators, sources) = behind(plan, rule);
            let count = |wanted| plan.rule_tests.iter().filter(|t| t.rule == rule.id && t.expect == wanted).count();
            let (id, said) =
                if n == 0 { (format!("{} {}", r.document, r.id), quoted.as_str()) } else { Default::default() };
            text.push_str(&format!(
                "| {id} | {said} | {} {} | {} | {} | {} | {} / {} / {} |\n",
                rule.id,
                rule.title,
                role(rule),
                joined(&sources),
                joined(&indicators),
                count(Judged::Hit),
                count(Judged::Miss),
                count(Judged::Unknown),
            ));
        }
        if let (Some(reason), Some(why)) = (&r.reason, &r.why) {
            let title = titles.get(reason.as_str()).unwrap_or_else(|| panic!("{}: no reason `{reason}`", r.id));
            text.push_str(&format!("| {} {} | {quoted} | {title}：{why} | — | — | — | — |\n", r.document, r.id));
        }
    }
    text
}

#[test]
fn the_table_in_docs_is_what_the_rules_say() {
    let made = table(&plan(), &requirements());
    let path = root().join("docs/rule-coverage.md");
    if std::env::var_os("BIDUI_WRITE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/rule-coverage.md is stale: BIDUI_WRITE_DOCS=1 cargo test --test it catalogue");
}
