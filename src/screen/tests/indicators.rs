//! Records → values of persons and households.

use super::fixture::*;
use crate::model::build::Value;
use crate::model::table::Kind;
use crate::plan::*;

fn ledger() -> Source {
    source(
        "ledger",
        SourceRole::Department,
        Subject::Person,
        &[
            ("paid", FieldKind::Money),
            ("fund", FieldKind::Money),
            ("times", FieldKind::Integer),
            ("on", FieldKind::Date),
            ("grade", FieldKind::Text),
            ("bad", FieldKind::Boolean),
        ],
    )
}

/// H1 has five records (one of a member's), H2 one with nothing in it, H3 none, and one record is not linked.
fn county() -> County {
    let mut county = County::new();
    let full = |paid: i64, fund: i64, times: i64, on: &str, grade: &str| {
        [
            ("paid", Value::Decimal(i128::from(paid))),
            ("fund", Value::Decimal(i128::from(fund))),
            ("times", Value::Integer(times)),
            ("on", day(on)),
            ("grade", grade.into()),
        ]
    };
    let records = [
        full(100_010, 10_000, 1, "2026-01-31", "B"),
        full(-20_005, 0, 2, "2026-03-31", "C"),
        full(5, 1, 2, "2026-03-31", "D"),
        full(10, 3, 9_000_000_000_000_000_000, "2026-02-28", "A"),
    ];
    let undated: [(&str, Value); 2] = [("paid", yuan(1)), ("bad", Value::Boolean(true))];
    county.deliver(
        ledger(),
        &[
            ("P1", &records[0]),
            ("P1", &records[1]),
            ("P2", &records[2]),
            ("P1", &records[3]),
            ("P1", &undated),
            ("P3", &[]),
            ("-", &records[0]),
        ],
    );
    county
}

fn household_values(filter: &str, value: &str, kind: Kind, absent: Absent) -> Vec<String> {
    let mut county = county();
    let mut one = indicator("it", Level::Household, "ledger", filter, value, kind);
    one.absent = absent;
    county.plan.indicators = vec![one];
    shown(&county.screen().indicators_household, &["household_id", "it"])
}

#[test]
fn aggregates_have_one_meaning() {
    use Kind::*;
    // H1 with its records, H2 with a record without values, H3 and H4 without records.
    let cases = [
        ("sum(paid - fund)", Decimal, ["700.16", "-", "-", "-"]),
        ("sum(paid)", Decimal, ["801.2", "-", "-", "-"]),
        ("count(*)", Integer, ["5", "1", "-", "-"]),
        ("count(fund)", Integer, ["4", "0", "-", "-"]),
        ("count(DISTINCT on)", Integer, ["3", "0", "-", "-"]),
        ("min(paid)", Decimal, ["-200.05", "-", "-", "-"]),
        ("max(on)", Date, ["2026-03-31", "-", "-", "-"]),
        ("max(grade)", Text, ["D", "-", "-", "-"]),
        // 801.2 / 5 = 160.24
        ("avg(paid)", Decimal, ["160.24", "-", "-", "-"]),
        ("avg(paid)", Float, ["160.2400", "-", "-", "-"]),
        // the last of the records of the greatest date
        ("latest(grade, on)", Text, ["D", "-", "-", "-"]),
        ("latest(paid, on)", Decimal, ["0.05", "-", "-", "-"]),
        // a record that is bad wins; nothing known is unknown
        ("any(bad)", Boolean, ["是", "-", "-", "-"]),
        ("any(grade = 'Z')", Boolean, ["-", "-", "-", "-"]),
        ("any(coalesce(grade, '') = 'Z')", Boolean, ["否", "否", "-", "-"]),
        // arithmetic over aggregates; the sum of whole numbers does not wrap around
        ("max(paid) - min(paid)", Decimal, ["1200.15", "-", "-", "-"]),
        ("sum(fund) / count(*)", Float, ["20.0080", "-", "-", "-"]),
        ("round(sum(paid) * 0.05, 1)", Decimal, ["40.1", "-", "-", "-"]),
        ("sum(times) > 9000000000000000000", Boolean, ["是", "-", "-", "-"]),
        ("CASE WHEN count(*) > 1 THEN 'many' ELSE 'one' END", Text, ["many", "one", "-", "-"]),
        ("sum(CASE WHEN grade IN ('C', 'D') THEN 1 ELSE 0 END)", Integer, ["2", "0", "-", "-"]),
    ];
    for (value, kind, expected) in cases {
        let expected: Vec<String> =
            ["H1", "H2", "H3", "H4"].iter().zip(expected).map(|(h, v)| format!("{h} {v}")).collect();
        assert_eq!(household_values("", value, kind, Absent::Unknown), expected, "{value}");
    }
}

#[test]
fn whoever_has_no_record_left_gets_the_absent_value() {
    let filter = "grade = 'D'";
    let sum = |absent| household_values(filter, "sum(paid)", Kind::Decimal, absent);
    assert_eq!(sum(Absent::Unknown), ["H1 0.05", "H2 -", "H3 -", "H4 -"]);
    assert_eq!(sum(Absent::Zero), ["H1 0.05", "H2 0", "H3 0", "H4 0"]);
    let any = household_values(filter, "any(paid < 1)", Kind::Boolean, Absent::False);
    assert_eq!(any, ["H1 是", "H2 否", "H3 否", "H4 否"]);
    // A record that says nothing is not an absent record.
    let unfiltered = household_values("", "sum(paid)", Kind::Decimal, Absent::Zero);
    assert_eq!(unfiltered, ["H1 801.2", "H2 -", "H3 0", "H4 0"]);
}

#[test]
fn a_source_that_was_not_delivered_is_unknown_for_everybody() {
    let mut county = county();
    let mut one = indicator("it", Level::Household, "ledger", "", "sum(paid)", Kind::Decimal);
    one.absent = Absent::Zero;
    county.plan.indicators = vec![one];
    county.withhold("ledger");
    let values = shown(&county.screen().indicators_household, &["it"]);
    assert_eq!(values, ["-", "-", "-", "-"]);
}

#[test]
fn persons_have_their_own_records_only() {
    let mut county = county();
    county.plan.indicators = vec![indicator("it", Level::Person, "ledger", "", "count(*)", Kind::Integer)];
    let values = shown(&county.screen().indicators_person, &["person_id", "it"]);
    assert_eq!(values, ["P1 4", "P2 1", "P3 1", "P4 -", "P5 -", "P6 -"]);
}

#[test]
fn windows_are_calendar_months_back_from_the_day() {
    let filter = "on > :as_of - INTERVAL '6 months' AND on <= :as_of";
    let mut county = county();
    county.plan.indicators = vec![indicator("it", Level::Household, "ledger", filter, "count(*)", Kind::Integer)];
    let on = |y, m, d| shown(&county.screen_on(jiff::civil::date(y, m, d)).indicators_household, &["it"])[0].clone();
    // 2026-08-31 less six months is 2026-02-28, the end of the shorter month, which is outside.
    assert_eq!(on(2026, 8, 31), "2");
    // 2026-08-27 less six months is 2026-02-27: the record of the 28th is inside.
    assert_eq!(on(2026, 8, 27), "3");
    // 2026-09-30 less six months is 2026-03-30.
    assert_eq!(on(2026, 9, 30), "2");
    assert_eq!(on(2026, 10, 1), "-");
    // Nothing from after the day counts.
    assert_eq!(on(2026, 2, 1), "1");
}

#[test]
fn a_village_s_record_counts_for_its_households() {
    let mut county = County::new();
    let water = source("water", SourceRole::Department, Subject::Village, &[("litres", FieldKind::Decimal)]);
    let short: [(&str, Value); 1] = [("litres", Value::Decimal(1_850))];
    let enough: [(&str, Value); 1] = [("litres", Value::Decimal(6_000))];
    county.deliver(water, &[("990121001001", &enough), ("990121002001", &short), ("990121002001", &enough)]);
    county.plan.indicators = vec![indicator("litres", Level::Household, "water", "", "min(litres)", Kind::Decimal)];
    let values = shown(&county.screen().indicators_household, &["household_id", "litres"]);
    assert_eq!(values, ["H1 60", "H2 -", "H3 18.5", "H4 18.5"]);
}

#[test]
fn the_register_itself_is_a_source() {
    let mut county = County::new();
    let register = source("population", SourceRole::Register, Subject::Person, &[("group", FieldKind::Text)]);
    county.deliver(register, &[("P1", &[("group", "3".into())])]);
    // The register's records are tied to persons by the persons table, not by links.
    county.links.clear();
    let records = rows(
        schema::records(&county.plan.sources[0]),
        &[&[("record_id", "population-P4".into()), ("group", "3".into())]],
    );
    county.records.insert("population".into(), records);
    county.plan.indicators = vec![indicator("g", Level::Person, "population", "", "max(\"group\")", Kind::Text)];
    let values = shown(&county.screen().indicators_person, &["person_id", "g"]);
    assert_eq!(values, ["P1 -", "P2 -", "P3 -", "P4 3", "P5 -", "P6 -"]);
}

#[test]
fn parameters_in_an_indicator_are_those_of_the_household() {
    let mut county = county();
    county.params(vec![param("least", &[(1, None, None), (1_000, Some("云岭镇"), Some("lifted"))])]);
    county.plan.indicators =
        vec![indicator("it", Level::Household, "ledger", "", "any(paid >= :least)", Kind::Boolean)];
    assert_eq!(shown(&county.screen().indicators_household, &["it"])[0], "是");
    county.params(vec![param("least", &[(1, None, None), (1_001, Some("云岭镇"), Some("lifted"))])]);
    assert_eq!(shown(&county.screen().indicators_household, &["it"])[0], "否");
}
