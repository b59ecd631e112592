//! Values → hits, unknowns, evidence and the cells behind them; the pipeline's own tests.

use std::collections::BTreeMap;

use super::fixture::*;
use crate::diag::Place;
use crate::model::build::Value;
use crate::model::table::Kind;
use crate::model::text;
use crate::plan::*;
use crate::screen::run_tests;

fn medical() -> Source {
    let fields = [("paid", FieldKind::Money), ("on", FieldKind::Date)];
    source("medical", SourceRole::Department, Subject::Person, &fields)
}

/// H1 paid 20000 in the window and something before it, H2 19999.99, H3 nothing.
fn county() -> County {
    let mut county = County::new();
    county.deliver(
        medical(),
        &[
            ("P2", &[("paid", yuan(15_000)), ("on", day("2026-03-01"))]),
            ("P1", &[("paid", yuan(90_000)), ("on", day("2025-09-29"))]),
            ("P1", &[("paid", yuan(5_000)), ("on", day("2026-08-01"))]),
            ("P3", &[("paid", Value::Decimal(1_999_999)), ("on", day("2026-08-01"))]),
        ],
    );
    let window = "on >= :as_of - INTERVAL '12 months' AND on <= :as_of";
    let mut paid = indicator("paid_12m", Level::Household, "medical", window, "sum(paid)", Kind::Decimal);
    paid.absent = Absent::Zero;
    county.plan.indicators = vec![paid];
    county.params(vec![param("limit", &[(20_000, None, None)])]);
    let mut rule = rule("MED-01", Level::Household, RuleRole::Lists, "illness", "paid_12m >= :limit");
    rule.evidence = "近12个月自付{paid_12m}元，达到{:limit}元".into();
    county.plan.rules = vec![rule];
    county
}

#[test]
fn a_hit_leads_back_to_its_cells() {
    let screened = county().screen();
    let hits = shown(&screened.rule_hits, &["hit_id", "household_id", "person_id", "department", "evidence"]);
    assert_eq!(hits, ["MED-01-H1 H1 - 医保局 近12个月自付20000元，达到20000元"]);
    let records = shown(&screened.hit_records, &["hit_id", "indicator", "record_id", "file", "row"]);
    // The record of 2025-09-29 did not pass the filter.
    assert_eq!(
        records,
        ["MED-01-H1 paid_12m medical-0000001 medical.csv 2", "MED-01-H1 paid_12m medical-0000003 medical.csv 4",]
    );
}

#[test]
fn outcomes_count_unknown_apart_and_name_missing_sources() {
    let columns = ["rule", "level", "judged", "hits", "unknown", "missing_sources"];
    let mut county = county();
    // H4 has nobody left and is not judged.
    assert_eq!(shown(&county.screen().rule_outcomes, &columns), ["MED-01 household 3 1 0 -"]);
    county.withhold("medical");
    let screened = county.screen();
    assert_eq!(shown(&screened.rule_outcomes, &columns), ["MED-01 household 3 0 3 medical"]);
    assert_eq!((screened.rule_hits.rows(), screened.online_list.rows()), (0, 0));
}

#[test]
fn no_function_makes_a_withheld_source_known() {
    let conditions = [
        "paid_12m IS NULL",
        "paid_12m IS NOT NULL",
        "coalesce(paid_12m, 0) < :limit",
        "coalesce(paid_12m, 99999999) >= :limit",
        "paid_12m IS DISTINCT FROM 1",
        "CASE WHEN paid_12m > 0 THEN FALSE ELSE TRUE END",
        "CASE paid_12m WHEN 0 THEN FALSE ELSE TRUE END",
        "greatest(paid_12m, 99999999) >= :limit",
        "least(paid_12m, 0) < :limit",
        "nullif(size, paid_12m) >= 0",
        "concat(CASE WHEN paid_12m > 0 THEN 'a' END, 'b') LIKE '%b'",
        "coalesce(NOT paid_12m > 0, TRUE)",
        "lifted IS NULL",
        "coalesce(lifted, TRUE)",
    ];
    for condition in conditions {
        let mut county = county();
        let national = source("national", SourceRole::NationalSystem, Subject::Person, &[]);
        county.deliver(national, &[]);
        county.plan.rules = vec![rule("ANY-01", Level::Household, RuleRole::Lists, "other", condition)];
        assert_eq!(shown(&county.screen().rule_outcomes, &["unknown"]), ["0"], "{condition}");
        county.withhold("medical");
        county.withhold("national");
        county.nobody_is_known_to_be_lifted();
        let screened = county.screen();
        assert_eq!(shown(&screened.rule_outcomes, &["hits", "unknown"]), ["0 3"], "{condition}");
    }
    // What does not hang on the withheld source is still known.
    let mut county = county();
    county.withhold("medical");
    for condition in ["coalesce(paid_12m, 0) > 1 OR size > 0", "coalesce(size, paid_12m) > 0"] {
        county.plan.rules = vec![rule("ANY-01", Level::Household, RuleRole::Lists, "other", condition)];
        assert_eq!(shown(&county.screen().rule_outcomes, &["hits", "missing_sources"]), ["3 medical"]);
    }
}

#[test]
fn without_the_national_system_a_group_s_parameter_is_unknown() {
    let mut county = county();
    let national = source("national", SourceRole::NationalSystem, Subject::Person, &[]);
    county.deliver(national, &[]);
    county.withhold("national");
    county.nobody_is_known_to_be_lifted();
    let columns = ["hits", "unknown", "missing_sources"];
    let outcome = |county: &County| shown(&county.screen().rule_outcomes, &columns);
    county.params(vec![param("limit", &[(10, None, None), (9, None, Some("lifted"))])]);
    assert_eq!(outcome(&county), ["0 3 national"]);
    // Where a township has one line for everybody, the group does not matter.
    county.params(vec![param("limit", &[(10, None, None), (9, None, Some("lifted")), (11, Some("云岭镇"), None)])]);
    assert_eq!(outcome(&county), ["2 1 national"]);
    county.params(vec![param("limit", &[(10, None, None)])]);
    assert_eq!(outcome(&county), ["2 0 -"]);
}

#[test]
fn parameters_follow_township_and_group() {
    let mut county = county();
    let hits = |county: &County| shown(&county.screen().rule_hits, &["household_id"]);
    county.params(vec![param("limit", &[(0, None, None), (99_000, Some("河口镇"), None)])]);
    assert_eq!(hits(&county), ["H1", "H2"]);
    // The lifted of 云岭镇 have their own line; H2 is there too but not known to be lifted.
    county.params(vec![param(
        "limit",
        &[(10, None, None), (99_000, Some("云岭镇"), None), (20_000, Some("云岭镇"), Some("lifted"))],
    )]);
    assert_eq!(hits(&county), ["H1"]);
    county.params(vec![param("limit", &[(10, None, Some("other")), (99_000, None, Some("lifted"))])]);
    assert_eq!(hits(&county), ["H2"]);
    // A parameter without a value for the day makes the rule unknown, not missed.
    let mut param = param("limit", &[(10, None, None)]);
    param.values[0].until = Some(text::to_days(AS_OF) - 1);
    county.params(vec![param]);
    assert_eq!(shown(&county.screen().rule_outcomes, &["hits", "unknown"]), ["0 3"]);
}

#[test]
fn rules_about_persons_see_their_household_and_skip_the_dead() {
    let mut county = county();
    county.plan.rules = vec![
        rule("EDU-01", Level::Person, RuleRole::Lists, "education", "age BETWEEN 6 AND 15 AND paid_12m > 0"),
        rule("ALL-01", Level::Person, RuleRole::Supports, "other", "size >= 0"),
    ];
    let screened = county.screen();
    let hits = shown(&screened.rule_hits, &["hit_id"]);
    assert_eq!(hits, ["ALL-01-H1-P1", "ALL-01-H1-P2", "EDU-01-H1-P2", "ALL-01-H2-P3", "ALL-01-H3-P4"]);
    let judged = shown(&screened.rule_outcomes, &["rule", "judged", "hits", "unknown"]);
    assert_eq!(judged, ["EDU-01 4 1 0", "ALL-01 4 4 0"]);
}

#[test]
fn the_order_of_links_does_not_matter() {
    let mut county = county();
    let before = county.screen();
    let links = county.links["medical"].clone();
    let order: Vec<u64> = (0..links.rows() as u64).rev().collect();
    let order = arrow::array::UInt64Array::from(order);
    let reversed = arrow_take(&links, &order);
    county.links.insert("medical".into(), reversed);
    let after = county.screen();
    for (a, b) in [
        (&before.rule_hits, &after.rule_hits),
        (&before.hit_records, &after.hit_records),
        (&before.online_list, &after.online_list),
        (&before.indicators_household, &after.indicators_household),
    ] {
        assert_eq!(a.batch, b.batch);
    }
}

fn arrow_take(table: &crate::model::Table, order: &arrow::array::UInt64Array) -> crate::model::Table {
    let columns = table.batch.columns().iter();
    let columns = columns.map(|c| arrow::compute::take(c, order, None).expect("rows exist")).collect();
    crate::model::Table::new(table.schema.clone(), columns)
}

fn rule_test(given: &[(&str, Value)], expect: Judged) -> RuleTest {
    RuleTest {
        rule: "MED-01".into(),
        title: "刚好达到".into(),
        given: given.iter().map(|(k, v)| (k.to_string(), v.clone())).collect::<BTreeMap<_, _>>(),
        as_of: text::to_days(AS_OF),
        expect,
        place: Place::file("tests/medical.toml").at(7, 1),
    }
}

#[test]
fn rule_tests_tell_what_came_out() {
    let mut county = county();
    county.params(vec![param("limit", &[(20_000, None, None), (30_000, Some("河口镇"), Some("lifted"))])]);
    let plan = &mut county.plan;
    plan.rule_tests = vec![
        rule_test(&[("paid_12m", Value::Integer(20_000))], Judged::Hit),
        rule_test(&[("paid_12m", Value::Float(19_999.99))], Judged::Miss),
        rule_test(&[("lifted", Value::Boolean(true))], Judged::Unknown),
        rule_test(
            &[("paid_12m", yuan(29_999)), ("lifted", Value::Boolean(true)), ("township", "河口镇".into())],
            Judged::Miss,
        ),
    ];
    assert_eq!(run_tests(plan), []);

    plan.rule_tests = vec![rule_test(&[("paid_12m", yuan(20_000))], Judged::Miss)];
    let problems = run_tests(plan);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].code, "plan.test_failed");
    assert_eq!(problems[0].place.to_string(), "tests/medical.toml:7:1");
    assert!(problems[0].message.contains("expected miss, got hit"), "{}", problems[0].message);
}

#[test]
fn a_slip_in_a_rule_test_is_told_before_it_is_judged() {
    let mut county = county();
    let plan = &mut county.plan;
    let mut lost = rule_test(&[], Judged::Hit);
    lost.rule = "MED-1".into();
    plan.rule_tests = vec![
        lost,
        rule_test(&[("paid_12", yuan(1))], Judged::Hit),
        rule_test(&[("paid_12m", "很多".into())], Judged::Hit),
    ];
    let problems = run_tests(plan);
    let codes: Vec<&str> = problems.iter().map(|p| p.code).collect();
    assert_eq!(codes, ["plan.test_rule", "plan.test_column", "plan.test_value"]);
    let hints: Vec<&str> = problems.iter().filter_map(|p| p.hint.as_deref()).collect();
    assert_eq!(hints, ["did you mean MED-01?", "did you mean paid_12m?", "paid_12m is of type decimal"]);
}
