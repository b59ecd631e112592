//! Identity numbers as they stand in cells, and what must be made of them. All regions are fictional (99xxxx).

use proptest::prelude::*;

use super::*;
use crate::normalize::{cases, id_check};

const AS_OF: Date = Date::constant(2026, 9, 30);
const NUMBER: &str = "990121199001011236";

fn text(raw: &str) -> IdNumber {
    id_number(raw, CellKind::Text, AS_OF)
}

const TABLE: &str = include_str!("cases/id_number.tsv");
const COLUMNS: [&str; 9] =
    ["raw", "kind", "lane", "number", "repair_code", "certainty", "certificate", "partial", "doubt"];

fn kind_of(word: &str) -> CellKind {
    if word == "number" { CellKind::Number } else { CellKind::Text }
}

#[test]
fn cases() {
    let table = cases::table(TABLE, COLUMNS);
    assert!(table.len() >= 90);
    for (line, [raw, kind, lane, number, repair, certainty, certificate, partial, doubt]) in table {
        let read = id_number(&raw, kind_of(&kind), AS_OF);
        let found = [
            read.lane.as_str(),
            read.number.as_deref().unwrap_or_default(),
            &read.steps.codes().unwrap_or_default(),
            read.steps.certainty().map_or("", |c| c.as_str()),
            read.certificate_suffix.as_deref().unwrap_or_default(),
            read.partial.as_deref().unwrap_or_default(),
            read.doubt.map_or("", |d| d.code),
        ];
        let expected = [&lane, &number, &repair, &certainty, &certificate, &partial, &doubt].map(String::as_str);
        assert_eq!(found, expected, "line {line}: {raw}");
    }
}

#[test]
fn repairs_are_told_in_words() {
    let cases = [
        ("990121199001011236（户主）", Some("全角转半角；去除附注文字")),
        ("99012119900101009x44B1", Some("小写x改为X；残疾人证号取前18位（后缀44B1）")),
        ("990121550610123", Some("15位旧号码升为18位")),
        (NUMBER, None),
        ("990121199001011237", None),
    ];
    for (raw, words) in cases {
        assert_eq!(text(raw).repair().as_deref(), words, "{raw}");
    }
}

#[test]
fn a_cell_that_may_mean_several_numbers_names_them() {
    let other = "990121195506101239";
    for raw in [format!("{NUMBER}、{other}"), format!("{other}{NUMBER}"), format!("{NUMBER}（父{other}）")] {
        assert_eq!(text(&raw).any_of, [other, NUMBER], "{raw}");
    }
    // Of somebody born in 1920, unless it is cut from eighteen.
    assert_eq!(text("990121200101011").any_of.len(), 1);
}

#[test]
fn a_text_that_ends_in_zeros_and_checks_is_a_number() {
    assert_eq!(text("990121199001019000").lane, Lane::Valid);
}

prop_compose! {
    /// A valid number of the fictional regions.
    fn valid()(region in 990_000_u32..999_999, day in -40_000_i32..20_000, sequence in 1_u32..1000) -> String {
        let birth = crate::model::text::from_days(day).strftime("%Y%m%d").to_string();
        let digits = format!("{region}{birth}{sequence:03}");
        let check = id_check::check_character(digits.as_bytes()).expect("17 digits");
        digits + &char::from(check).to_string()
    }
}

proptest! {
    #[test]
    fn what_comes_out_checks_and_stays(raw in "[0-9０-９xXОOlI×*'=\" \u{200B}（户）-]{0,24}") {
        let read = text(&raw);
        let has_number = read.number.is_some();
        if let Some(number) = &read.number {
            prop_assert!(id_check::judge(number.as_bytes(), crate::model::text::to_days(AS_OF)).is_ok());
            let again = text(number);
            prop_assert_eq!((again.number.as_ref(), again.steps), (Some(number), Steps::NONE));
            prop_assert!(matches!(again.lane, Lane::Valid | Lane::ResidencePermit | Lane::Foreign));
        }
        prop_assert!(read.partial.is_none() || matches!(read.lane, Lane::Damaged | Lane::Invalid));
        prop_assert!(read.doubt.is_none() == (has_number || read.lane == Lane::Missing));
        // A repair has its name and its certainty, and there is none without a number.
        let repaired = matches!(read.lane, Lane::Repaired | Lane::Certificate);
        prop_assert!(!repaired || read.steps.codes().is_some());
        prop_assert!(has_number || read.steps.codes().is_none());
        prop_assert_eq!(read.steps.codes().is_some(), read.steps.certainty().is_some());
    }

    #[test]
    fn dirt_around_a_valid_number_never_changes_it(
        number in valid(),
        before in "[ '\u{FEFF}\u{202D}=\"]{0,3}",
        after in "[\t \u{A0},。\u{202C}]{0,3}(（户主）)?",
        wide in any::<bool>(),
    ) {
        let widen = |c: char| if wide { char::from_u32(c as u32 + 0xFEE0).unwrap_or(c) } else { c };
        let dirty: String = before.chars().chain(number.chars().map(widen)).chain(after.chars()).collect();
        prop_assert_eq!(text(&dirty).number, Some(number));
    }

    #[test]
    fn no_changed_digit_is_ever_put_right(number in valid(), at in 0_usize..17, by in 1_u8..10) {
        let mut wrong = number.clone().into_bytes();
        wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
        let wrong = String::from_utf8(wrong).expect("ASCII");
        // The check character finds every single changed digit.
        prop_assert_eq!(text(&wrong).number, None);
    }

    #[test]
    fn nothing_panics(raw in "\\PC{0,24}") {
        text(&raw);
        id_number(&raw, CellKind::Number, AS_OF);
    }
}
