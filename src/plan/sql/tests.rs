//! Tests of the rule language: what is refused, where, and what to write instead. What accepted expressions compute is
//! tested where they are computed, in the stage `screen`.

use proptest::prelude::*;

use super::*;
use crate::diag::Place;
use crate::model::table::Privacy;

fn column(name: &str, kind: Kind) -> Column {
    Column::new(name, name, kind, Privacy::Public, "")
}

fn context(aggregate: bool) -> Context {
    Context {
        columns: vec![
            column("self_pay_12m", Kind::Decimal),
            column("age", Kind::Integer),
            column("flag", Kind::Boolean),
            column("name", Kind::Text),
            column("d1", Kind::Date),
            column("d2", Kind::Date),
            column("ratio", Kind::Float),
            column("低保", Kind::Boolean),
        ],
        params: [("income_line".to_string(), Kind::Decimal.into())].into(),
        aggregate,
    }
}

fn sql(text: &str) -> Sql {
    Sql { text: text.into(), place: Place::file("rules/medical.toml").at(10, 9) }
}

fn problems(text: &str, aggregate: bool) -> Vec<Diagnostic> {
    let checked = match aggregate {
        true => check(&sql(text), &context(true)),
        false => check_condition(&sql(text), &context(false)),
    };
    match checked {
        Ok(expr) => panic!("{text} was accepted as {expr:?}"),
        Err(problems) => problems,
    }
}

fn accepted(text: &str, aggregate: bool) -> Type {
    check(&sql(text), &context(aggregate)).unwrap_or_else(|p| panic!("{text}: {p:?}")).ty
}

#[test]
fn what_is_refused_says_what_to_write_instead() {
    let cases = [
        ("flag IS NOT TRUE", "sql.is_true", "coalesce(flag, FALSE) = FALSE"),
        ("flag IS TRUE", "sql.is_true", "NOT flag"),
        ("d1 - d2 > 30", "sql.date_difference", "d2 + INTERVAL '30 days'"),
        ("d1 > d2 + 30", "sql.date_difference", "INTERVAL"),
        ("d1 - d2 > INTERVAL '30 days'", "sql.date_difference", "INTERVAL"),
        ("d1 > CURRENT_DATE", "sql.clock", ":as_of"),
        ("d1 > now()", "sql.clock", ":as_of"),
        ("d1 > today()", "sql.clock", ":as_of"),
        ("year(d1) = 2025", "sql.function_refused", "EXTRACT(YEAR FROM d)"),
        ("datediff(d1, d2) > 30", "sql.function_refused", "days_between"),
        ("date_trunc('month', d1) = d2", "sql.function_refused", "EXTRACT"),
        ("strpos(name, '伟') > 0", "sql.function_refused", "LIKE"),
        ("if(flag, TRUE, FALSE)", "sql.function_refused", "CASE WHEN"),
        ("ifnull(flag, FALSE)", "sql.function_refused", "coalesce"),
        ("floor(age) = 1", "sql.function_refused", "round"),
        ("colaesce(flag, FALSE)", "sql.function_unknown", "did you mean coalesce()?"),
        ("soundex(name) = 'x'", "sql.function_unknown", "the functions are"),
        ("age = '7'", "sql.type_mismatch", "without quotes"),
        ("d1 >= '2025-01-01'", "sql.type_mismatch", "DATE '2026-09-30'"),
        ("flag = 1", "sql.type_mismatch", "TRUE or FALSE"),
        ("flag > FALSE", "sql.type_mismatch", "= or <>"),
        ("age AND flag", "sql.type_mismatch", "age >= 60"),
        ("age + 1", "sql.not_a_condition", "compare"),
        ("name + 1 = 2", "sql.type_mismatch", "||"),
        ("Self_Pay_12M >= 2", "sql.column_unknown", "as declared: self_pay_12m"),
        ("self_pay_12 >= 2", "sql.column_unknown", "did you mean self_pay_12m?"),
        ("name = \"张\"", "sql.column_unknown", "'single quotes'"),
        ("income_line > 1", "sql.column_unknown", ":income_line"),
        ("self_pay_12m > :incom_line", "sql.param_unknown", "did you mean :income_line?"),
        ("self_pay_12m > :zzz", "sql.param_unknown", "params.toml"),
        ("round(ratio, 1) = 1.2", "sql.round", "as it is"),
        ("round(age / 3, 1) = 1.2", "sql.round", "as it is"),
        ("CAST(self_pay_12m AS INT) = 1", "sql.cast", "round"),
        ("CAST(d1 AS TIMESTAMP) = d2", "sql.cast", "DATE"),
        ("CAST(flag AS VARCHAR) = 'x'", "sql.cast", "texts"),
        ("age::text = '7'", "sql.not_in_grammar", "CAST"),
        ("d1 > TIMESTAMP '2025-03-01 00:00:00'", "sql.not_in_grammar", "DATE"),
        ("d1 > DATE '2025-02-30'", "sql.date", "2026-09-30"),
        ("d1 > d2 + INTERVAL '3 hours'", "sql.interval", "days"),
        ("d1 > d2 + INTERVAL ':n months'", "sql.interval", "parameter"),
        ("name LIKE name", "sql.argument", "LIKE"),
        ("name ~ '[0-9'", "sql.pattern", "brackets"),
        ("name ~* 'x'", "sql.not_in_grammar", "operators"),
        ("substr(name, 0, 2) = 'x'", "sql.argument", "from 1"),
        ("substr(name, age, 2) = 'x'", "sql.argument", "plain numbers"),
        ("length(age) = 2", "sql.type_mismatch", "CAST(x AS VARCHAR)"),
        ("self_pay_12m % 2 = 1", "sql.type_mismatch", "amounts"),
        ("0.1234567 * 0.1234567 > age", "sql.number", "fewer"),
        ("age > 1e-13", "sql.number", "12 decimal places"),
        ("age IN (SELECT age)", "sql.not_in_grammar", "indicator"),
        ("EXISTS (SELECT 1)", "sql.not_in_grammar", "indicator"),
        ("t.age > 1", "sql.not_in_grammar", "alone"),
        ("age > ANY (1)", "sql.not_in_grammar", "comparisons"),
        ("sum(age) > 1", "sql.aggregate_misplaced", "indicator"),
        ("greatest(flag, flag)", "sql.argument", "AND or OR"),
        ("coalesce()", "sql.argument", "coalesce takes"),
        ("abs(age, 2) = 1", "sql.argument", "abs takes"),
        ("age >", "sql.syntax", "one condition"),
        ("age > 1; DROP TABLE x", "sql.syntax", "semicolon"),
        ("SELECT age", "sql.syntax", "without SELECT"),
        ("name = 'x", "sql.syntax", "single quotes"),
        ("", "sql.syntax", "one condition"),
    ];
    for (text, code, hint) in cases {
        let found = problems(text, false);
        assert_eq!(found[0].code, code, "{text}: {found:?}");
        assert!(found[0].hint.as_deref().is_some_and(|h| h.contains(hint)), "{text}: {found:?}");
    }
}

#[test]
fn an_indicator_s_value_is_one_value_for_all_records() {
    let refused = [
        ("self_pay_12m", "sql.aggregate_missing", "latest"),
        ("1", "sql.aggregate_missing", "count(*)"),
        ("sum(self_pay_12m) - self_pay_12m", "sql.aggregate_missing", "latest"),
        ("sum(max(age))", "sql.aggregate_misplaced", "combine"),
        ("sum(name)", "sql.type_mismatch", "CAST"),
        ("sum(DISTINCT age)", "sql.argument", "DISTINCT"),
        ("sum(age) FILTER (WHERE flag)", "sql.not_in_grammar", "CASE WHEN"),
        ("sum(age) OVER ()", "sql.not_in_grammar", "CASE WHEN"),
        ("max(flag)", "sql.argument", "any(condition)"),
        ("any(age)", "sql.type_mismatch", "compare"),
        ("latest(name)", "sql.argument", "date that orders"),
        ("latest(name, age)", "sql.type_mismatch", ":as_of"),
        ("bool_or(flag)", "sql.function_refused", "any(condition)"),
        ("count(DISTINCT *)", "sql.argument", "count takes"),
    ];
    for (text, code, hint) in refused {
        let found = problems(text, true);
        assert_eq!(found[0].code, code, "{text}: {found:?}");
        assert!(found[0].hint.as_deref().is_some_and(|h| h.contains(hint)), "{text}: {found:?}");
    }
    let types = [
        ("sum(self_pay_12m)", Type::Decimal(2)),
        ("sum(age)", Type::Decimal(0)),
        ("sum(self_pay_12m * 0.3)", Type::Decimal(3)),
        ("sum(ratio)", Type::Float),
        ("avg(age)", Type::Float),
        ("count(*)", Type::Integer),
        ("count(DISTINCT name)", Type::Integer),
        ("any(flag AND age > 60)", Type::Boolean),
        ("latest(name, d1)", Type::Text),
        ("max(d1)", Type::Date),
        ("max(d1) > :as_of - INTERVAL '1 year'", Type::Boolean),
        ("sum(self_pay_12m) / nullif(count(*), 0)", Type::Float),
    ];
    for (text, ty) in types {
        assert_eq!(accepted(text, true), ty, "{text}");
    }
}

#[test]
fn every_problem_is_told_with_its_place() {
    let text = "foo > 1 AND age = '7' AND self_pay_12m > :line";
    let found = problems(text, false);
    let places: Vec<(&str, String)> = found.iter().map(|p| (p.code, p.place.to_string())).collect();
    // Columns count from the place of the text's first character, 10:9.
    assert_eq!(
        places,
        [
            ("sql.column_unknown", "rules/medical.toml:10:9".to_string()),
            ("sql.type_mismatch", "rules/medical.toml:10:21".to_string()),
            ("sql.param_unknown", "rules/medical.toml:10:50".to_string()),
        ]
    );
    let found = problems("低保 AND 低 保 > 1", false);
    assert_eq!(found[0].place.to_string(), "rules/medical.toml:10:18", "characters, not bytes");
    let found = problems("age > 1\nAND foo > 1", false);
    assert_eq!(found[0].place.to_string(), "rules/medical.toml:11:5");
}

#[test]
fn numbers_and_steps_are_read_exactly() {
    let numbers = [
        ("20000.10", Some((2_000_010, 2))),
        ("2e4", Some((20_000, 0))),
        ("1.5e3", Some((1_500, 0))),
        ("1e-9", Some((1, 9))),
        (".5", Some((5, 1))),
        ("5.", Some((5, 0))),
        ("1e-13", None),
        ("1e40", None),
    ];
    for (written, expected) in numbers {
        assert_eq!(literals::number(written), expected, "{written}");
    }
    let shifts = [
        ("d1 + INTERVAL '30 days'", (0, 30)),
        ("d1 + INTERVAL '30' DAY", (0, 30)),
        ("d1 - INTERVAL '12 months'", (-12, 0)),
        ("d1 - INTERVAL '1' YEAR", (-12, 0)),
        ("d1 + INTERVAL '2 weeks'", (0, 14)),
        ("INTERVAL '1 year 6 months' + d1", (18, 0)),
        ("d1 + INTERVAL '-3 months'", (-3, 0)),
        ("d1 + INTERVAL 3 MONTH", (3, 0)),
    ];
    for (text, expected) in shifts {
        match check(&sql(text), &context(false)).map(|e| e.node) {
            Ok(Node::Shift { months, days, .. }) => assert_eq!((months, days), expected, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn exact_numbers_keep_their_places() {
    let types = [
        ("age + 1", Type::Decimal(0)),
        ("age * self_pay_12m", Type::Decimal(2)),
        ("self_pay_12m - 0.125", Type::Decimal(3)),
        ("age / 2", Type::Float),
        ("age % 2", Type::Integer),
        ("round(self_pay_12m, 1)", Type::Decimal(1)),
        ("round(self_pay_12m, 5)", Type::Decimal(2)),
        ("coalesce(age, 0.5)", Type::Decimal(1)),
        ("coalesce(NULL, age)", Type::Integer),
        ("CASE WHEN flag THEN age ELSE ratio END", Type::Float),
        ("EXTRACT(MONTH FROM d1)", Type::Integer),
        ("\"低保\"", Type::Boolean),
    ];
    for (text, ty) in types {
        assert_eq!(accepted(text, false), ty, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_checker(text in "[a-z0-9 ()'\"<>=:,.%*/+-]{0,40}|\\PC{0,24}") {
        let _ = check(&sql(&text), &context(false));
        let _ = check(&sql(&text), &context(true));
    }

    #[test]
    fn grammar_in_any_order_never_breaks_the_checker(
        words in proptest::collection::vec(
            prop::sample::select(vec![
                "age", "flag", "name", "d1", "(", ")", "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "CASE", "WHEN",
                "THEN", "ELSE", "END", "INTERVAL", "'30 days'", "DATE", "'x'", "1", "2.5", "+", "-", "/", "*", ",",
                "=", ">", "IS", "NULL", "TRUE", "sum(", "coalesce(", "latest(", "CAST(", "AS", "INT", ":as_of",
                "EXTRACT(", "YEAR", "FROM", "::", "||", "~",
            ]),
            0..14,
        )
    ) {
        let text = words.join(" ");
        let _ = check(&sql(&text), &context(false));
        let _ = check(&sql(&text), &context(true));
    }
}

mod plans {
    //! The check of a whole plan.

    use super::*;
    use crate::plan::*;

    fn source(subject: Subject) -> Source {
        let fields = vec![
            sample::field("paid", FieldKind::Money),
            sample::field("number", FieldKind::IdNumber),
            sample::field("on", FieldKind::Date),
        ];
        Source { subject, ..sample::source("medical", fields) }
    }

    fn plan(indicator: Indicator, when: &str, subject: Subject) -> Plan {
        Plan {
            sources: vec![source(subject)],
            indicators: vec![indicator],
            rules: vec![Rule {
                id: "MED-01".into(),
                version: 1,
                title: "医疗".into(),
                level: Level::Household,
                role: RuleRole::Lists,
                risk: "medical".into(),
                cause: "illness".into(),
                sudden: false,
                when: sql(when),
                evidence: String::new(),
                document: String::new(),
                requirements: Vec::new(),
                department: None,
                place: Place::default(),
            }],
            ..sample::plan()
        }
    }

    fn paid(value: &str, kind: Kind) -> Indicator {
        Indicator {
            name: "paid_12m".into(),
            title: "自付".into(),
            level: Level::Household,
            source: "medical".into(),
            filter: Some(sql("on <= :as_of AND number_lane = 'valid'")),
            value: sql(value),
            kind,
            unit: "yuan".into(),
            absent: Absent::Zero,
            meaning: String::new(),
            privacy: Privacy::Sensitive,
            place: Place::file("rules/medical.toml").at(5, 1),
        }
    }

    fn codes(plan: &Plan) -> Vec<&'static str> {
        check_plan(plan).iter().map(|p| p.code).collect()
    }

    #[test]
    fn a_sound_plan_has_no_problems() {
        let plan = plan(paid("sum(paid)", Kind::Decimal), "paid_12m > 20000 AND lifted", Subject::Person);
        assert_eq!(check_plan(&plan), []);
    }

    #[test]
    fn units_and_circles_are_told() {
        let by = Subject::Person;
        let days = || Param { unit: "day".into(), ..day_param() };
        let mut wrong = plan(paid("sum(paid)", Kind::Decimal), "paid_12m > :window", by);
        wrong.params = [("window".to_string(), days())].into();
        let found = check_plan(&wrong);
        assert_eq!(found[0].code, "sql.unit_mismatch");
        assert_eq!(found[0].message, "a value in yuan and one in day do not go together");
        for (when, code) in [
            ("paid_12m * 2 > :window", Some("sql.unit_mismatch")),
            ("paid_12m + :window > 3", Some("sql.unit_mismatch")),
            ("paid_12m BETWEEN 1 AND :window", Some("sql.unit_mismatch")),
            ("coalesce(paid_12m, :window) > 3", Some("sql.unit_mismatch")),
            ("paid_12m / :window > 3", None),
            ("paid_12m * :window > 3", None),
            ("paid_12m > 3", None),
        ] {
            let plan = Plan { params: wrong.params.clone(), ..plan(paid("sum(paid)", Kind::Decimal), when, by) };
            assert_eq!(check_plan(&plan).first().map(|p| p.code), code, "{when}");
        }
        let in_days = Indicator { unit: "day".into(), ..paid("sum(paid)", Kind::Decimal) };
        assert_eq!(codes(&plan(in_days, "paid_12m > 1", by)), ["sql.unit_mismatch"]);

        let of = |name: &str, value: &str| Indicator {
            name: name.into(),
            source: "indicators".into(),
            filter: None,
            absent: Absent::Unknown,
            unit: String::new(),
            ..paid(value, Kind::Decimal)
        };
        let mut circle = plan(of("a", "b + 1"), "a > 1", by);
        circle.indicators.extend([of("b", "c + 1"), of("c", "a + 1")]);
        let found = check_plan(&circle);
        assert_eq!(found[0].code, "sql.circle");
        assert!(found[0].message.ends_with("a → b → c → a"), "{}", found[0].message);
    }

    #[test]
    fn no_rule_lists_for_income_alone() {
        let income = || Indicator { name: "per_capita_income".into(), ..paid("sum(paid)", Kind::Decimal) };
        let cases = [
            ("per_capita_income < 7800", "other", RuleRole::Lists, Some("sql.income_alone")),
            ("per_capita_income < 7800 AND size > 1", "other", RuleRole::Lists, Some("sql.income_alone")),
            ("gap > 0", "livelihood", RuleRole::Lists, Some("sql.income_alone")),
            ("other > 0", "income", RuleRole::Lists, Some("sql.income_alone")),
            ("per_capita_income < 7800 AND other > 0", "other", RuleRole::Lists, None),
            ("per_capita_income < 7800", "income", RuleRole::Supports, None),
            ("per_capita_income > 20000", "income", RuleRole::Cautions, None),
        ];
        for (when, risk, role, expected) in cases {
            let mut plan = plan(income(), when, Subject::Person);
            plan.indicators.push(Indicator { name: "other".into(), ..income() });
            plan.indicators.push(Indicator {
                name: "gap".into(),
                source: "indicators".into(),
                filter: None,
                absent: Absent::Unknown,
                value: sql("7800 - per_capita_income"),
                ..income()
            });
            plan.rules[0] = Rule { risk: risk.into(), role, ..plan.rules[0].clone() };
            assert_eq!(check_plan(&plan).first().map(|p| p.code), expected, "{when} {role:?}");
        }
    }

    fn day_param() -> Param {
        Param {
            name: "window".into(),
            title: "天数".into(),
            kind: Kind::Integer,
            unit: String::new(),
            values: Vec::new(),
            place: Place::default(),
        }
    }

    #[test]
    fn indicators_name_what_they_may() {
        let by = Subject::Person;
        let from = |source: &str, filter: Option<&str>, value: &str| Indicator {
            source: source.into(),
            filter: filter.map(sql),
            absent: Absent::Unknown,
            ..paid(value, Kind::Decimal)
        };
        let cases: [(Indicator, Subject, &[&str]); 9] = [
            (from("medical", Some("person.age > 3"), "sum(paid) / max(household.size)"), by, &[]),
            (from("medical", Some("person.aeg > 3"), "sum(paid)"), by, &["sql.column_unknown"]),
            (from("medical", Some("person.age > 3"), "sum(paid)"), Subject::Village, &["sql.column_unknown"]),
            (from("medical", None, "sum(paid) / household.size"), by, &["sql.aggregate_missing"]),
            (from("members", Some("age > 3"), "count(*)"), by, &[]),
            (from("members", Some("paid > 3"), "count(*)"), by, &["sql.column_unknown"]),
            (from("indicators", None, "size + 1"), by, &[]),
            (from("indicators", Some("size > 1"), "size + 1"), by, &["sql.no_records"]),
            (from("indicators", None, "sum(size)"), by, &["sql.aggregate_misplaced"]),
        ];
        for (mut indicator, subject, expected) in cases {
            indicator.unit = String::new();
            let text = indicator.value.text.clone();
            assert_eq!(codes(&plan(indicator, "paid_12m > 1", subject)), expected, "{text}");
        }
        let of_persons = Indicator { level: Level::Person, ..from("members", None, "count(*)") };
        assert_eq!(codes(&plan(of_persons, "size > 1", by)), ["sql.level"]);
        let mut checks = plan(paid("sum(paid)", Kind::Decimal), "hit('MED-1') OR listed", by);
        checks.rules[0].role = RuleRole::Checks;
        assert_eq!(codes(&checks), ["sql.function_unknown"], "there is no other rule");
        checks.rules.push(Rule { id: "MED-10".into(), when: sql("paid_12m > 1"), ..checks.rules[0].clone() });
        checks.rules[1].role = RuleRole::Lists;
        let found = check_plan(&checks);
        assert_eq!(
            (found[0].code, found[0].hint.as_deref()),
            ("sql.rule_unknown", Some("did you mean hit('MED-10')?"))
        );
    }

    #[test]
    fn each_fault_of_a_plan_has_its_code() {
        let sound = || paid("sum(paid)", Kind::Decimal);
        let person = || Indicator { level: Level::Person, ..sound() };
        let strange = || Indicator { source: "medcal".into(), ..sound() };
        let filtered = || Indicator { filter: Some(sql("sum(paid) > 1")), ..sound() };
        let when = "paid_12m > 20000";
        let by = Subject::Person;
        let cases: [(Plan, &[&str]); 9] = [
            (plan(sound(), "paid_12 > 1", by), &["sql.column_unknown"]),
            (plan(sound(), "paid_12m", by), &["sql.not_a_condition"]),
            (plan(sound(), "TRUE", by), &["sql.constant"]),
            (plan(strange(), when, by), &["sql.source_unknown"]),
            (plan(filtered(), when, by), &["sql.aggregate_misplaced"]),
            (plan(paid("max(on)", Kind::Decimal), when, by), &["sql.kind_mismatch"]),
            (plan(paid("sum(paid)", Kind::Integer), when, by), &["sql.kind_mismatch"]),
            (plan(paid("any(paid > 1)", Kind::Boolean), "paid_12m", by), &["sql.absent_mismatch"]),
            // a person's indicator from a village's records, and out of a household rule's sight
            (plan(person(), when, Subject::Village), &["sql.level", "sql.column_unknown"]),
        ];
        for (plan, expected) in cases {
            assert_eq!(codes(&plan), expected);
        }
        let unknown = check_plan(&plan(strange(), when, by));
        assert_eq!(unknown[0].hint.as_deref(), Some("did you mean medical?"));
    }
}
