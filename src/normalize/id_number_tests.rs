//! Identity numbers as they stand in cells, and what must be made of them. All regions are fictional (99xxxx).

use proptest::prelude::*;

use super::*;
use crate::normalize::id_check;

const AS_OF: Date = Date::constant(2026, 9, 30);
const NUMBER: &str = "990121199001011236";
const WITH_X: &str = "99012119900101009X";

fn text(raw: &str) -> IdNumber {
    id_number(raw, CellKind::Text, AS_OF)
}

#[test]
fn wrappers_and_look_alikes_are_repaired() {
    let cases = [
        (NUMBER, NUMBER, None),
        (" 990121199001011236\t", NUMBER, Some("去除空格或不可见字符")),
        ("\u{202D}990121199001011236\u{202C}", NUMBER, Some("去除空格或不可见字符")),
        ("\u{FEFF}9901211990\u{A0}0101\u{200B}1236", NUMBER, Some("去除空格或不可见字符")),
        ("'990121199001011236", NUMBER, Some("去除引号或等号")),
        ("=\"990121199001011236\"", NUMBER, Some("去除引号或等号")),
        ("990121199001011236,", NUMBER, Some("去除附注文字")),
        ("990121199001011236（户主）", NUMBER, Some("全角转半角；去除附注文字")),
        ("身份证：990121199001011236", NUMBER, Some("全角转半角；去除附注文字")),
        ("990121-19900101-1236", NUMBER, Some("去除分隔符")),
        ("９９０１２１１９９００１０１１２３６", NUMBER, Some("全角转半角")),
        ("99012119900101009x", WITH_X, Some("小写x改为X")),
        ("99012119900101009Ｘ", WITH_X, Some("全角转半角")),
        ("99012119900101009×", WITH_X, Some("形近字符改为X")),
        ("99012119900101009χ", WITH_X, Some("形近字符改为X")),
        ("99012119900101009Х", WITH_X, Some("形近字符改为X")),
        ("99012119900101009*", WITH_X, Some("形近字符改为X")),
        ("99O12ll99OO1O1OO9X", WITH_X, Some("字母O、l改为数字0、1")),
        ("990121199001011236 43", NUMBER, Some("去除空格或不可见字符；残疾人证号取前18位（后缀43）")),
        ("99012119900101009x44B1", WITH_X, Some("小写x改为X；残疾人证号取前18位（后缀44B1）")),
        ("990121550610123", "990121195506101239", Some("15位旧号码升为18位")),
        ("990121950610996", "990121189506109969", Some("15位旧号码升为18位")),
        ("810000199001011230", "810000199001011230", None),
    ];
    for (raw, number, repair) in cases {
        let read = text(raw);
        assert_eq!(read.number.as_deref(), Some(number), "{raw}");
        assert_eq!(read.repair.as_deref(), repair, "{raw}");
        assert_eq!(read.lane, if repair.is_some() { Lane::Repaired } else { Lane::Valid }, "{raw}");
        assert_eq!((read.partial, read.doubt), (None, None), "{raw}");
    }
    assert_eq!(text("99012119900101123641").certificate_suffix.as_deref(), Some("41"));
}

#[test]
fn what_cannot_be_repaired_is_told_and_kept_as_it_stands() {
    use Lane::{Damaged, Foreign, Invalid, Missing, Placeholder};
    let cases = [
        ("990121199001011237", Invalid, Some("990121199001011237"), "id_number.check_digit"),
        ("99012119900101123x", Invalid, Some("99012119900101123X"), "id_number.check_digit"),
        ("990121199013011237", Invalid, Some("990121199013011237"), "id_number.birth_date"),
        ("990121202610011237", Invalid, Some("990121202610011237"), "id_number.birth_future"),
        ("990121184901011237", Invalid, Some("990121184901011237"), "id_number.birth_too_old"),
        ("99012119900101123", Invalid, Some("99012119900101123"), "id_number.length"),
        ("9901211990010112366", Invalid, Some("9901211990010112366"), "id_number.length"),
        ("990121********1236", Invalid, Some("990121********1236"), "id_number.masked"),
        ("99012119900101123743", Invalid, Some("990121199001011237"), "id_number.check_digit"),
        ("99012119900101123699", Invalid, None, "id_number.length"),
        ("990121199001011236、990121195506101239", Invalid, None, "id_number.several"),
        // 18 digits of somebody born in 2001 without the last three, or 15 of somebody born in 1920.
        ("990121200101011", Invalid, Some("990121200101011"), "id_number.ambiguous_15"),
        ("990121199001011000", Damaged, Some("990121199001011"), "id_number.damaged"),
        ("9.90121E+17", Damaged, Some("990121"), "id_number.damaged"),
        ("9.90121199001011E+17", Damaged, Some("990121199001011"), "id_number.damaged"),
        ("9.9012E+17", Damaged, Some("9901"), "id_number.damaged"),
        ("999999999999999999", Placeholder, None, "id_number.placeholder"),
        ("999999199001010000", Placeholder, None, "id_number.placeholder"),
        ("111111111111111111", Placeholder, None, "id_number.placeholder"),
        ("123456789012345678", Placeholder, None, "id_number.placeholder"),
        ("XXXXXX", Placeholder, None, "id_number.placeholder"),
        ("ABC123456789012", Foreign, None, "id_number.foreign"),
        ("H01234567", Foreign, None, "id_number.foreign"),
        ("护照E12345678", Foreign, None, "id_number.foreign"),
        ("945704199001011230", Foreign, None, "id_number.foreign"),
        // A region that was typed 95 for 99 is still a citizen's number.
        ("950121199001011236", Invalid, Some("950121199001011236"), "id_number.check_digit"),
        ("", Missing, None, ""),
        ("—", Missing, None, ""),
        ("无", Missing, None, ""),
        ("0", Missing, None, ""),
    ];
    for (raw, lane, partial, code) in cases {
        let read = text(raw);
        assert_eq!((read.lane, read.partial.as_deref()), (lane, partial), "{raw}");
        assert_eq!(read.doubt.map_or("", |d| d.code), code, "{raw}");
        assert_eq!((read.number, read.repair), (None, None), "{raw}");
    }
}

#[test]
fn number_cells_are_trusted_for_fifteen_digits() {
    let cell = |raw| id_number(raw, CellKind::Number, AS_OF);
    // The number is valid as text; from a number cell the last digits may be anything.
    assert_eq!(cell(NUMBER).lane, Lane::Damaged);
    assert_eq!(cell("990121199001011000").partial.as_deref(), Some("990121199001011"));
    assert_eq!(cell("99012119900101100000").partial.as_deref(), Some("990121199001011"));
    assert_eq!(cell("990121550610123").number.as_deref(), Some("990121195506101239"));
    assert_eq!((cell("990121199013011000").lane, cell("990121199013011000").partial), (Lane::Invalid, None));
    assert_eq!(cell("99012119900101100").partial, None);
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
        if let Some(number) = read.number {
            prop_assert!(id_check::judge(number.as_bytes(), crate::model::text::to_days(AS_OF)).is_ok());
            let again = text(&number);
            prop_assert_eq!((again.lane, again.number.as_deref()), (Lane::Valid, Some(number.as_str())));
        }
        prop_assert!(read.partial.is_none() || matches!(read.lane, Lane::Damaged | Lane::Invalid));
        prop_assert!(read.doubt.is_none() == matches!(read.lane, Lane::Valid | Lane::Repaired | Lane::Missing));
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
