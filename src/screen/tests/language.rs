//! Values beyond one source: members, other indicators, the person beside a record, groups, rules about rules.

use super::fixture::*;
use crate::model::build::Value;
use crate::model::table::Kind;
use crate::model::tables;
use crate::plan::schema::INCOME;
use crate::plan::*;
use crate::screen::held;

fn school() -> Source {
    source("school", SourceRole::Department, Subject::Person, &[("since", FieldKind::Date), ("paid", FieldKind::Money)])
}

fn deaths() -> Source {
    source("deaths", SourceRole::Department, Subject::Person, &[("died_on", FieldKind::Date)])
}

fn zero(indicator: Indicator) -> Indicator {
    Indicator { absent: Absent::Zero, ..indicator }
}

/// P1 has two records at school, P2 (eleven years old) none; P4 is dead since 2026-03-01 as civil affairs have it.
fn county() -> County {
    let mut county = County::new();
    county.deliver(
        school(),
        &[
            ("P1", &[("since", day("2020-09-01")), ("paid", yuan(100))]),
            ("P1", &[("since", day("2026-09-01")), ("paid", yuan(300))]),
            ("P4", &[("since", day("2026-02-28")), ("paid", yuan(50))]),
            ("P4", &[("since", day("2026-03-02")), ("paid", yuan(70))]),
        ],
    );
    county.deliver(deaths(), &[("P4", &[("died_on", day("2026-03-01"))])]);
    county.plan.indicators = vec![
        zero(indicator("school_records", Level::Person, "school", "", "count(*)", Kind::Integer)),
        indicator("died_on", Level::Person, "deaths", "", "max(died_on)", Kind::Date),
    ];
    county
}

fn households(county: &County, name: &str) -> Vec<String> {
    shown(&county.screen().indicators_household, &[name])
}

fn with(mut county: County, one: Indicator) -> County {
    // Before what it needs: the order in the files does not matter.
    county.plan.indicators.insert(0, one);
    county
}

#[test]
fn members_roll_up_to_their_household() {
    // H1: P1 and P2; H2: P3; H3: P4, while P5 is dead; H4: nobody is left.
    let cases = [
        ("", "count(*)", Kind::Integer, ["2", "1", "1", "-"]),
        (
            "",
            "count(CASE WHEN age BETWEEN 6 AND 15 AND school_records = 0 THEN 1 END)",
            Kind::Integer,
            ["1", "0", "0", "-"],
        ),
        ("age >= 18", "count(*)", Kind::Integer, ["1", "1", "1", "-"]),
        ("age < 18", "any(school_records = 0)", Kind::Boolean, ["是", "-", "-", "-"]),
        ("", "every(age >= 18)", Kind::Boolean, ["否", "是", "是", "-"]),
        ("", "median(age)", Kind::Decimal, ["28.5", "76", "36", "-"]),
        ("", "sum(school_records) / max(household.size)", Kind::Decimal, ["1", "0", "2", "-"]),
        ("", "any(died_on <= :as_of)", Kind::Boolean, ["-", "-", "是", "-"]),
        ("", "list(sex)", Kind::Text, ["male", "male", "male", "-"]),
    ];
    for (filter, value, kind, expected) in cases {
        let county = with(county(), indicator("it", Level::Household, "members", filter, value, kind));
        assert_eq!(households(&county, "it"), expected, "{filter} {value}");
    }
}

#[test]
fn one_source_is_compared_with_another() {
    let cases = [
        // H3: what was paid for P4 after the day of the death that civil affairs reported.
        ("since > person.died_on", "sum(paid)", ["0", "0", "70", "0"]),
        ("since <= person.died_on", "sum(paid)", ["0", "0", "50", "0"]),
        ("person.age < 40", "count(*)", ["0", "0", "2", "0"]),
        ("household.size > 1", "count(*)", ["2", "0", "0", "0"]),
        ("years_between(person.birth_date, since) >= 46", "count(*)", ["1", "0", "0", "0"]),
    ];
    for (filter, value, expected) in cases {
        let one = zero(indicator("it", Level::Household, "school", filter, value, Kind::Decimal));
        assert_eq!(households(&with(county(), one), "it"), expected, "{filter}");
    }
    let earliest = indicator("it", Level::Household, "school", "", "earliest(paid, since)", Kind::Decimal);
    assert_eq!(households(&with(county(), earliest), "it"), ["100", "-", "50", "-"]);
}

#[test]
fn a_value_comes_from_other_values_and_leads_back_to_their_cells() {
    let mut county = county();
    let per_head = indicator("per_head", Level::Household, "indicators", "", "records / size", Kind::Decimal);
    county.plan.indicators.insert(0, per_head);
    county.plan.indicators.push(indicator(
        "records",
        Level::Household,
        "members",
        "",
        "sum(school_records)",
        Kind::Decimal,
    ));
    county.plan.rules = vec![rule("ANY-01", Level::Household, RuleRole::Lists, "other", "per_head >= 1")];
    let screened = county.screen();
    assert_eq!(shown(&screened.indicators_household, &["per_head"]), ["1", "0", "2", "-"]);
    let cells = shown(&screened.hit_records, &["hit_id", "indicator", "record_id"]);
    assert_eq!(
        cells,
        [
            "ANY-01-H1 school_records school-0000001",
            "ANY-01-H1 school_records school-0000002",
            "ANY-01-H3 school_records school-0000003",
            "ANY-01-H3 school_records school-0000004",
        ]
    );
}

#[test]
fn what_nobody_delivered_stays_unknown_through_every_roll_up() {
    let mut county = county();
    let out = "count(CASE WHEN coalesce(school_records, 0) = 0 THEN 1 ELSE NULL END)";
    county.plan.indicators.push(zero(indicator("out", Level::Household, "members", "", out, Kind::Integer)));
    let flag = "coalesce(out, 0) > 0 OR size > 1";
    county.plan.indicators.push(indicator("flag", Level::Household, "indicators", "", flag, Kind::Boolean));
    let paid =
        zero(indicator("late", Level::Household, "school", "since > person.died_on", "sum(paid)", Kind::Decimal));
    county.plan.indicators.push(paid);
    county.plan.rules = vec![
        rule("OUT-01", Level::Household, RuleRole::Lists, "other", "coalesce(out, 0) > 0"),
        rule("FLG-01", Level::Household, RuleRole::Lists, "other", "flag IS NULL OR flag"),
        rule("LAT-01", Level::Household, RuleRole::Lists, "other", "late = 0"),
    ];
    county.withhold("school");
    let outcomes = ["rule", "hits", "unknown", "missing_sources"];
    let screened = county.screen();
    // FLG-01: H1 has two members, which is known whatever the school says; of the others nothing is known.
    assert_eq!(
        shown(&screened.rule_outcomes, &outcomes),
        ["OUT-01 0 3 school", "FLG-01 1 2 school", "LAT-01 0 3 school"]
    );
    assert_eq!(shown(&screened.indicators_household, &["out"]), ["-", "-", "-", "-"]);

    // Without the deaths the school's records are there, but which of them count is not known.
    let mut county = super::language::county();
    let paid =
        zero(indicator("late", Level::Household, "school", "since > person.died_on", "sum(paid)", Kind::Decimal));
    county.plan.indicators.push(paid);
    county.plan.rules = vec![rule("LAT-01", Level::Household, RuleRole::Lists, "other", "late = 0")];
    county.withhold("deaths");
    assert_eq!(shown(&county.screen().rule_outcomes, &outcomes), ["LAT-01 0 3 deaths"]);
}

#[test]
fn who_waits_for_a_decision_is_not_known_to_be_absent() {
    let mut county = county();
    county.deliver(
        source("clinic", SourceRole::Department, Subject::Person, &[("on", FieldKind::Date)]),
        &[
            ("-", &[("on", day("2026-01-01"))]),
            ("-", &[("on", day("2020-01-01"))]),
            ("P3", &[("on", day("2026-02-02"))]),
        ],
    );
    let waits = |record: &str, person: &str, household: &str| {
        vec![
            ("source", Value::from("clinic")),
            ("record_id", Value::from(record)),
            ("status", "possible".into()),
            ("rank", Value::Integer(1)),
            ("person_id", person.into()),
            ("household_id", household.into()),
        ]
    };
    let rows_of =
        [waits("clinic-0000001", "P1", "H1"), waits("clinic-0000002", "P4", "H3"), waits("clinic-0000001", "P3", "H2")];
    let slices: Vec<&[(&str, Value)]> = rows_of.iter().map(Vec::as_slice).collect();
    county.possible = rows(tables::possible_links(), &slices);
    let visits =
        zero(indicator("visits", Level::Person, "clinic", "on >= DATE '2025-01-01'", "count(*)", Kind::Integer));
    let ever = zero(indicator("ever", Level::Household, "clinic", "", "count(*)", Kind::Integer));
    county.plan.indicators.extend([visits, ever]);
    let screened = county.screen();
    // P1 may be who came in 2026; P3 has a record of his own; P4 may only be who came in 2020, which does not count.
    assert_eq!(
        shown(&screened.indicators_person, &["person_id", "visits"]),
        ["P1 -", "P2 0", "P3 1", "P4 0", "P5 0", "P6 0"]
    );
    assert_eq!(shown(&screened.indicators_household, &["ever"]), ["-", "1", "-", "0"]);
}

#[test]
fn rules_about_the_offices_work_see_the_list_and_never_touch_it() {
    let mut county = county();
    county.plan.rules = vec![
        rule("EDU-01", Level::Person, RuleRole::Lists, "education", "school_records = 0 AND age BETWEEN 6 AND 15"),
        rule("CHK-01", Level::Household, RuleRole::Checks, "other", "listed AND monitored_type IS NULL"),
        rule("CHK-02", Level::Household, RuleRole::Checks, "other", "NOT hit('EDU-01')"),
    ];
    county.plan.rules[1].department = Some("县防返贫办".into());
    let screened = county.screen();
    assert_eq!(shown(&screened.online_list, &["household_id", "rules", "evidence"]), ["H1 EDU-01 张二：EDU-01 成立"]);
    let hits = shown(&screened.rule_hits, &["hit_id", "role", "department"]);
    assert_eq!(
        hits,
        [
            "CHK-01-H1 checks 县防返贫办",
            "EDU-01-H1-P2 lists 教育局",
            "CHK-02-H2 checks 农业农村局",
            "CHK-02-H3 checks 农业农村局"
        ]
    );
    county.withhold("school");
    let outcomes = shown(&county.screen().rule_outcomes, &["rule", "hits", "unknown", "missing_sources"]);
    // Only the child can be out of school, whatever the list says; the others' households are known not to be hit.
    assert_eq!(outcomes, ["EDU-01 0 1 school", "CHK-01 0 1 school", "CHK-02 2 1 school"]);
}

#[test]
fn the_first_group_that_holds_decides_and_who_may_be_in_two_needs_them_to_agree() {
    let group = |name: &str, when: &str| Group {
        name: name.into(),
        title: name.into(),
        when: sql(when),
        place: Default::default(),
    };
    let mut county = county();
    county.plan.groups = vec![group("pupils", "records > 1"), group("lifted", "lifted")];
    county.plan.indicators.push(zero(indicator("records", Level::Household, "school", "", "count(*)", Kind::Integer)));
    let three = [(1, None, Some("pupils")), (2, None, Some("lifted")), (3, None, None)];
    let two = [(2, None, Some("lifted")), (3, None, Some("other")), (3, None, None)];
    county.params(vec![param("three", &three), param("two", &two)]);
    county.plan.indicators.push(indicator("own", Level::Household, "indicators", "", ":three", Kind::Decimal));
    county.plan.indicators.push(indicator("other", Level::Household, "indicators", "", ":two", Kind::Decimal));
    // H1 and H3 have two records each; of H2 it is not known whether it is lifted, H4 is not.
    assert_eq!(shown(&county.screen().indicators_household, &["own", "other"]), ["1 3", "- -", "1 3", "3 3"]);
    county.withhold("school");
    // H1 may be of the first group or of the second, H3 and H4 of the first or of none; for `two` that is the same.
    let rule_on = |when: &str| rule("PAR-01", Level::Household, RuleRole::Supports, "other", when);
    county.plan.rules = vec![rule_on("size >= 0 AND :three > 0")];
    let screened = county.screen();
    assert_eq!(shown(&screened.indicators_household, &["own", "other"]), ["- -", "- -", "- 3", "- 3"]);
    assert_eq!(shown(&screened.rule_outcomes, &["unknown", "missing_sources"]), ["3 school"]);
}

#[test]
fn who_was_listed_stays_listed_while_a_source_is_missing() {
    let mut county = county();
    let paid = zero(indicator("paid", Level::Household, "school", "", "sum(paid)", Kind::Decimal));
    county.plan.indicators.push(paid);
    county.plan.rules = vec![
        rule("PAY-01", Level::Household, RuleRole::Lists, "other", "paid >= 120"),
        rule("OLD-01", Level::Person, RuleRole::Lists, "other", "age > 70"),
    ];
    let columns = ["household_id", "rules", "held_from", "evidence"];
    let before = county.screen();
    let full = ["H1 PAY-01 - PAY-01 成立", "H2 OLD-01 - 李三：OLD-01 成立", "H3 PAY-01 - PAY-01 成立"];
    assert_eq!(shown(&before.online_list, &columns), full);
    county.previous = Some(held::Previous { round: "2026Q2".into(), list: before.online_list, hits: before.rule_hits });
    // Everything is there: the round before changes nothing.
    assert_eq!(shown(&county.screen().online_list, &columns), full);
    county.withhold("school");
    let kept = county.screen();
    let why = "沿用2026Q2（本轮缺少数据源school，无法重新判断）：PAY-01 成立";
    assert_eq!(
        shown(&kept.online_list, &columns),
        [format!("H1 PAY-01 2026Q2 {why}"), full[1].to_string(), format!("H3 PAY-01 2026Q2 {why}")]
    );
    // A round later the row still says where it comes from, although no hit speaks for it any more.
    county.previous = Some(held::Previous { round: "2026Q3".into(), list: kept.online_list, hits: kept.rule_hits });
    assert_eq!(shown(&county.screen().online_list, &["household_id", "held_from"]), ["H1 2026Q2", "H2 -", "H3 2026Q2"]);
    // A rule that needs nothing of what is missing judges as always.
    county.plan.rules[1].when = sql("age > 80");
    assert_eq!(shown(&county.screen().online_list, &["household_id"]), ["H1", "H3"]);
}

#[test]
fn a_type_that_cannot_be_told_without_a_source_stays_what_it_was() {
    let mut county = county();
    let paid = zero(indicator("paid", Level::Household, "school", "", "sum(paid)", Kind::Decimal));
    county.plan.indicators.push(paid);
    let income = zero(indicator(INCOME, Level::Household, "school", "", "sum(paid) * 100", Kind::Decimal));
    county.plan.indicators.push(income);
    county.params(vec![param("income_line", &[(7800, None, None)])]);
    county.plan.rules = vec![
        Rule { sudden: true, ..rule("FIR-01", Level::Household, RuleRole::Lists, "other", "size >= 0") },
        rule("PAY-01", Level::Household, RuleRole::Lists, "other", "paid >= 200"),
    ];
    let columns = ["household_id", "list_type", "rules", "held_from"];
    let before = county.screen();
    let then = shown(&before.online_list, &columns);
    assert!(then.iter().any(|r| r.contains("sudden")), "the income is known and above the line: {then:?}");
    let types = |list: &crate::model::Table| shown(list, &["household_id", "list_type"]);
    let was = types(&before.online_list);
    county.withhold("school");
    assert_ne!(types(&county.screen().online_list), was, "without a round before nothing can be kept");
    county.previous = Some(held::Previous { round: "2026Q2".into(), list: before.online_list, hits: before.rule_hits });
    let kept = county.screen();
    assert_eq!(types(&kept.online_list), was);
    let said = shown(&kept.online_list, &["evidence"]).join(" ");
    assert!(said.contains("类型沿用2026Q2（本轮缺少数据源school，无法重新判断）"), "{said}");
}

#[test]
fn who_is_visited_first_is_explained() {
    let mut county = county();
    county.plan.rules = vec![
        Rule { risk: "medical".into(), ..rule("OLD-01", Level::Person, RuleRole::Lists, "other", "age > 70") },
        Rule { risk: "water".into(), ..rule("ANY-01", Level::Household, RuleRole::Lists, "other", "size >= 1") },
        Rule { sudden: true, ..rule("BIG-01", Level::Household, RuleRole::Lists, "other", "size > 1") },
    ];
    assert_eq!(
        shown(&county.screen().online_list, &["household_id", "priority", "priority_reason"]),
        ["H1 1 有2类风险；有突发困难；脱贫户", "H2 2 有2类风险", "H3 3 单项风险"]
    );
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 48, ..Default::default() })]
    /// Whatever incomes are known, the list is that of the other rules.
    #[test]
    fn nobody_is_listed_for_income_alone(
        incomes in proptest::collection::vec(proptest::option::of(0i64..30_000), 3),
        paid in proptest::collection::vec(proptest::option::of(0i64..40_000), 3),
    ) {
        let value = |v: Option<i64>| v.map_or(Value::Null, yuan);
        let mut county = County::new();
        let fields = [("income", FieldKind::Money), ("paid", FieldKind::Money)];
        let rows: Vec<[(&str, Value); 2]> =
            incomes.iter().zip(&paid).map(|(i, p)| [("income", value(*i)), ("paid", value(*p))]).collect();
        county.deliver(
            source("survey", SourceRole::Department, Subject::Household, &fields),
            &[("H1", &rows[0]), ("H2", &rows[1]), ("H3", &rows[2])],
        );
        county.plan.indicators = vec![
            indicator("per_capita_income", Level::Household, "survey", "", "max(income)", Kind::Decimal),
            indicator("paid", Level::Household, "survey", "", "max(paid)", Kind::Decimal),
        ];
        county.params(vec![param("income_line", &[(7_800, None, None), (9_000, None, Some("lifted"))])]);
        let income = |id: &str, role, when: &str| Rule { risk: "income".into(), ..rule(id, Level::Household, role, "other", when) };
        county.plan.rules = vec![
            income("INC-01", RuleRole::Supports, "per_capita_income < :income_line"),
            income("INC-02", RuleRole::Cautions, "per_capita_income >= 20000"),
            rule("MED-01", Level::Household, RuleRole::Lists, "illness", "paid >= 20000"),
        ];
        let list = county.screen().online_list;
        let expected: Vec<String> = paid
            .iter()
            .zip(["H1", "H2", "H3"])
            .filter(|(paid, _)| paid.is_some_and(|p| p >= 20_000))
            .map(|(_, h)| h.to_string())
            .collect();
        proptest::prop_assert_eq!(shown(&list, &["household_id"]), expected);
    }
}
