//! The rule language means what it says: expressions on awkward rows, with values worked out apart from this program.

use polars::prelude::*;

use super::frames::from_values;
use super::lower::Lowering;
use crate::diag::Place;
use crate::model::build::Value;
use crate::model::table::{Column as Declared, Kind, Privacy};
use crate::model::text::to_days;
use crate::plan::Sql;
use crate::plan::sql::{Context, check_condition};

const CASES: &str = include_str!("conformance.tsv");
/// What the language has beyond the expressions on which engines were tried.
const DATES: &[(&str, &str)] = &[
    ("days_between(death_date, pay_date) = 29", "T F ? ? ? F"),
    ("days_between(death_date, pay_date) > 29", "F F ? ? ? T"),
    ("days_between(pay_date, death_date) = -29", "T F ? ? ? F"),
    ("months_between(death_date, pay_date) >= 1", "T F ? ? ? T"),
    ("add_months(death_date, 1) < pay_date", "T F ? ? ? T"),
    ("add_months(pay_date, -hh_size) > death_date", "F F ? ? ? F"),
    ("add_days(pay_date, hh_size) = DATE '2025-03-04'", "T F ? F ? F"),
    ("years_between(birth, :as_of) >= 60", "T T ? T F F"),
    ("month_start(pay_date) = DATE '2025-03-01'", "T F ? F ? T"),
    ("year_start(pay_date) = DATE '2025-01-01'", "T T ? F ? T"),
    ("pay_date >= add_months(month_start(:as_of), -19)", "T F ? F ? T"),
    ("add_months(pay_date, self_pay_12m) > birth", "sql.type_mismatch"),
    ("add_days(age, 1) > birth", "sql.type_mismatch"),
    ("days_between(pay_date) > 1", "sql.argument"),
];

/// Name, kind and the six values of a column; `-` is null.
const COLUMNS: &[(&str, Kind, [&str; 6])] = &[
    ("self_pay_12m", Kind::Decimal, ["20000.00", "19999.99", "-", "30000.00", "0.00", "-50.25"]),
    ("per_capita_income", Kind::Decimal, ["6699.99", "6700.00", "-", "8000.00", "-", "0.00"]),
    ("dropout", Kind::Boolean, ["T", "F", "-", "-", "T", "F"]),
    ("age", Kind::Integer, ["12", "5", "-", "70", "15", "7"]),
    ("house_grade", Kind::Text, ["C", "B", "-", "D", "-", "c"]),
    ("x", Kind::Decimal, ["6.00", "1.25", "-", "1.15", "-1.15", "0.00"]),
    ("y", Kind::Decimal, ["1.00", "1.25", "-", "-", "5.50", "0.00"]),
    ("name", Kind::Text, ["张伟", "李 伟", "-", "Li Wei ", "欧阳·阿布", "张%_"]),
    ("hh_size", Kind::Integer, ["3", "2", "-", "1", "0", "5"]),
    ("pay_date", Kind::Date, ["2025-03-01", "2025-01-01", "-", "2024-02-29", "-", "2025-03-02"]),
    ("death_date", Kind::Date, ["2025-01-31", "2025-01-01", "-", "-", "2024-01-31", "2025-01-31"]),
    ("birth", Kind::Date, ["1960-01-01", "1966-06-30", "-", "1956-02-29", "2010-09-01", "2025-02-28"]),
    ("id", Kind::Text, ["51010119600101001X", "510101196606300017", "-", "51010119600101001X", "-", "51010X"]),
    ("dec_amt", Kind::Decimal, ["20000.10", "20000.11", "-", "20000.09", "-0.01", "20000.10"]),
    ("低保", Kind::Boolean, ["T", "F", "-", "-", "T", "F"]),
];

fn value(kind: Kind, written: &str) -> Value {
    match (kind, written) {
        (_, "-") => Value::Null,
        (Kind::Boolean, truth) => Value::Boolean(truth == "T"),
        (Kind::Integer, number) => Value::Integer(number.parse().unwrap()),
        (Kind::Decimal, number) => Value::Decimal(number.replace('.', "").parse().unwrap()),
        (Kind::Date, day) => Value::Date(to_days(day.parse().unwrap())),
        (_, text) => text.into(),
    }
}

fn frame() -> DataFrame {
    let series = COLUMNS
        .iter()
        .map(|(name, kind, values)| from_values(name, *kind, values.iter().map(|v| value(*kind, v))).into());
    DataFrame::new(6, series.collect()).unwrap()
}

fn context() -> Context {
    let columns = COLUMNS.iter().map(|(name, kind, _)| Declared::new(name, name, *kind, Privacy::Public, "")).collect();
    Context { columns, params: [("limit".to_string(), Kind::Decimal.into())].into(), aggregate: false }
}

fn sql(text: &str) -> Sql {
    Sql { text: text.into(), place: Place::file("rules/x.toml").at(3, 9) }
}

fn outcome(frame: &DataFrame, context: &Context, text: &str) -> String {
    let expr = match check_condition(&sql(text), context) {
        Ok(expr) => expr,
        Err(problems) => {
            assert!(problems.iter().all(|p| p.hint.is_some()), "{text}: no way out is shown");
            return problems[0].code.to_string();
        }
    };
    let lowered = Lowering::new(jiff::civil::date(2026, 9, 30)).lower(&expr).alias("value");
    let got = frame.clone().lazy().select([lowered]).collect().unwrap();
    let got = got.column("value").unwrap().bool().unwrap().clone();
    let got = if got.len() == 1 { got.new_from_index(0, 6) } else { got };
    let signs = got.iter().map(|v| match v {
        Some(true) => "T",
        Some(false) => "F",
        None => "?",
    });
    signs.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_expression_has_its_outcome() {
    let (frame, context) = (frame(), context());
    let mut wrong = Vec::new();
    let mut seen = 0;
    for line in CASES.lines().filter(|l| !l.starts_with('#')) {
        let (text, expected) = line.split_once('\t').expect("a tab between expression and outcome");
        seen += 1;
        let got = outcome(&frame, &context, text);
        if got != expected {
            wrong.push(format!("{text}\n  expected {expected}\n  got      {got}"));
        }
    }
    assert_eq!(seen, 71);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn days_are_moved_and_counted_as_the_calendar_does() {
    let (frame, context) = (frame(), context());
    for (text, expected) in DATES {
        assert_eq!(outcome(&frame, &context, text), *expected, "{text}");
    }
}
