//! Hits → online list, by the written policy.

use super::fixture::*;
use crate::model::build::Value;
use crate::model::table::Kind;
use crate::plan::*;

const COLUMNS: [&str; 7] = ["household_id", "list_type", "causes", "rules", "hits", "income_state", "monitored_type"];

/// Every household's facts: what is bad there, and its income.
fn county(facts: &[(&str, &[&str], Option<i64>)]) -> County {
    let mut county = County::new();
    let events = source("events", SourceRole::Department, Subject::Household, &[("what", FieldKind::Text)]);
    let what: Vec<(&str, [(&str, Value); 1])> = facts
        .iter()
        .flat_map(|(household, what, _)| what.iter().map(|w| (*household, [("what", Value::from(*w))])))
        .collect();
    let what: Vec<(&str, &[(&str, Value)])> = what.iter().map(|(h, row)| (*h, row.as_slice())).collect();
    county.deliver(events, &what);
    let income = source("income", SourceRole::Department, Subject::Household, &[("income", FieldKind::Money)]);
    let incomes: Vec<(&str, [(&str, Value); 1])> =
        facts.iter().filter_map(|(household, _, income)| Some((*household, [("income", yuan((*income)?))]))).collect();
    let incomes: Vec<(&str, &[(&str, Value)])> = incomes.iter().map(|(h, row)| (*h, row.as_slice())).collect();
    county.deliver(income, &incomes);
    let flag = |name: &str| {
        let filter = format!("what = '{name}'");
        let mut one = indicator(name, Level::Household, "events", &filter, "count(*) > 0", Kind::Boolean);
        one.absent = Absent::False;
        one
    };
    county.plan.indicators = vec![flag("ill"), flag("fire"), flag("flood"), flag("car")];
    county.plan.indicators.push(indicator(
        "per_capita_income",
        Level::Household,
        "income",
        "",
        "max(income)",
        Kind::Decimal,
    ));
    county.params(vec![param("income_line", &[(7_800, None, None), (8_000, Some("河口镇"), None)])]);
    let lists = |id, cause, when| rule(id, Level::Household, RuleRole::Lists, cause, when);
    let sudden = |id, cause, when| Rule { sudden: true, ..lists(id, cause, when) };
    let below = "per_capita_income < :income_line";
    county.plan.rules = vec![
        sudden("DIS-02", "disaster", "flood"),
        lists("MED-01", "illness", "ill"),
        sudden("DIS-01", "accident", "fire"),
        rule("INC-01", Level::Household, RuleRole::Supports, "other", below),
        rule("CAR-01", Level::Household, RuleRole::Cautions, "other", "car"),
    ];
    county
}

fn listed(facts: &[(&str, &[&str], Option<i64>)]) -> Vec<String> {
    shown(&county(facts).screen().online_list, &COLUMNS)
}

#[test]
fn income_alone_never_lists_and_a_car_never_removes() {
    assert!(listed(&[("H2", &[], Some(10)), ("H1", &["car"], Some(10))]).is_empty());
    let screened = county(&[("H2", &["ill", "car"], Some(10))]).screen();
    let columns = ["household_id", "rules", "cautions", "evidence"];
    assert_eq!(shown(&screened.online_list, &columns), ["H2 INC-01|MED-01 CAR-01 成立 MED-01 成立；INC-01 成立"]);
}

#[test]
fn the_type_follows_the_policy() {
    let cases: [(&str, &[&str], Option<i64>, &str); 10] = [
        // lifted → unstable whatever happened, others → marginal, whether the income is known or not
        ("H1", &["ill"], None, "unstable illness MED-01 1 unknown"),
        ("H2", &["ill"], Some(7_799), "marginal illness INC-01|MED-01 2 below"),
        // not known to be lifted is not lifted
        ("H2", &["ill"], Some(9_000), "marginal illness MED-01 1 not_below"),
        // sudden only when everything is sudden and the income is known and not below the line
        ("H2", &["fire"], Some(7_800), "sudden accident DIS-01 1 not_below"),
        ("H1", &["fire", "flood"], Some(9_000), "unstable accident|disaster DIS-01|DIS-02 2 not_below"),
        ("H2", &["fire", "ill"], Some(9_000), "marginal accident|illness DIS-01|MED-01 2 not_below"),
        ("H2", &["fire"], None, "marginal accident DIS-01 1 unknown"),
        ("H1", &["fire"], Some(7_799), "unstable accident DIS-01|INC-01 2 below"),
        // the line of the township counts
        ("H3", &["fire"], Some(7_999), "marginal accident DIS-01|INC-01 2 below"),
        ("H3", &["fire", "flood"], Some(8_000), "sudden accident|disaster DIS-01|DIS-02 2 not_below"),
    ];
    for (household, what, income, expected) in cases {
        let got = listed(&[(household, what, income)]);
        assert_eq!(got, [format!("{household} {expected} -")], "{what:?} {income:?}");
    }
}

#[test]
fn households_without_anybody_left_are_not_listed() {
    assert!(listed(&[("H4", &["ill"], Some(10))]).is_empty());
}

#[test]
fn monitored_households_stay_until_their_risk_is_cleared() {
    let mut county = county(&[("H3", &["ill"], None)]);
    for (cleared, expected) in [(None, "marginal"), (Some(false), "marginal"), (Some(true), "-")] {
        county.households = rows(
            crate::model::tables::households(),
            &[&[
                ("household_id", "H3".into()),
                ("monitored_type", "marginal".into()),
                ("risk_cleared", cleared.into()),
            ]],
        );
        let list = county.screen().online_list;
        assert_eq!(shown(&list, &["household_id", "monitored_type"]), [format!("H3 {expected}")]);
    }
}

#[test]
fn the_list_is_sorted_by_place() {
    let ill: &[&str] = &["ill"];
    let list = listed(&[("H3", ill, None), ("H2", ill, None), ("H1", ill, None)]);
    let households: Vec<&str> = list.iter().map(|row| &row[..2]).collect();
    assert_eq!(households, ["H1", "H2", "H3"]);
}

#[test]
fn a_member_s_hit_names_the_member() {
    let mut county = county(&[]);
    county.plan.rules = vec![rule("EDU-01", Level::Person, RuleRole::Lists, "education", "age < 16")];
    let list = county.screen().online_list;
    assert_eq!(shown(&list, &["household_id", "evidence"]), ["H1 张二：EDU-01 成立"]);
}
