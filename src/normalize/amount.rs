//! Amounts and quantities: `1,234.50元`, `1.2万`, `（300）`, `３５` → hundredths; whole numbers → integers.

use super::doubt::{Clean, Doubt};
use super::text::{compact, says_nothing};
use crate::model::CellKind;

const UNREADABLE: Doubt = Doubt::new("amount.unreadable", "数值写法不能识别");
const ROUNDED: Doubt = Doubt::new("amount.rounded", "小数超过两位，已四舍五入");
const TOO_LARGE: Doubt = Doubt::new("amount.too_large", "数值过大，不可信");
const APPROXIMATE: Doubt = Doubt::new("amount.approximate", "数值是约数");
const FRACTION: Doubt = Doubt::new("integer.fraction", "应为整数，却有小数");

/// Largest number of hundredths that fits Decimal(18, 2).
const LIMIT: i128 = 999_999_999_999_999_999;

/// Units of quantities that may stand behind the number; longer ones first.
const QUANTITY_UNITS: [&str; 31] = [
    "升/人·天",
    "升/人/天",
    "平方米",
    "公里",
    "分钟",
    "平米",
    "个月",
    "口人",
    "年度",
    "米",
    "升",
    "亩",
    "人",
    "口",
    "户",
    "个",
    "间",
    "天",
    "日",
    "月",
    "年",
    "岁",
    "次",
    "头",
    "只",
    "里",
    "分",
    "㎡",
    "m2",
    "L",
    "m",
];

/// Yuan as hundredths. `unit` is the contract's unit of the column: `wan_yuan`, `fen`, anything else is yuan; a unit in the
/// cell (`1.2万`, `300元`) goes before it. Rounds half away from zero.
pub fn money(raw: &str, kind: CellKind, unit: &str) -> Clean<i128> {
    quantity(raw, kind, |text| {
        let text = text.strip_prefix("人民币").unwrap_or(text);
        let text = ["¥", "RMB", "CNY", "rmb"].iter().find_map(|s| text.strip_prefix(s)).unwrap_or(text);
        let text = text.strip_suffix(['整', '正']).unwrap_or(text);
        let (number, yuan) = match text.strip_suffix(['元', '圆', '块']) {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (number, factor) = multiplier(number);
        match (factor, yuan, unit) {
            (None, false, "wan_yuan") => (number, 10_000, 1),
            (None, false, "fen") => (number, 1, 100),
            (factor, ..) => (number, factor.unwrap_or(1), 1),
        }
    })
}

/// A quantity as hundredths, in the column's own unit.
pub fn decimal(raw: &str, kind: CellKind) -> Clean<i128> {
    quantity(raw, kind, without_unit)
}

/// A whole number.
pub fn integer(raw: &str, kind: CellKind) -> Clean<i64> {
    if !raw.is_ascii()
        && let Some(n) = chinese(raw.trim())
    {
        return Clean::sure(n);
    }
    let Clean { value, doubt } = decimal(raw, kind);
    match value {
        Some(hundredths) if hundredths % 100 != 0 || doubt == Some(ROUNDED) => Clean::refused(FRACTION),
        value => Clean { value: value.and_then(|v| i64::try_from(v / 100).ok()), doubt },
    }
}

fn multiplier(text: &str) -> (&str, Option<i128>) {
    const MULTIPLIERS: [(&str, i128); 5] =
        [("亿", 100_000_000), ("千万", 10_000_000), ("万", 10_000), ("千", 1000), ("百", 100)];
    let found = MULTIPLIERS.iter().find_map(|(word, factor)| Some((text.strip_suffix(word)?, Some(*factor))));
    found.unwrap_or((text, None))
}

fn without_unit(text: &str) -> (&str, i128, i128) {
    let number = QUANTITY_UNITS.iter().find_map(|u| text.strip_suffix(u)).unwrap_or(text);
    let (number, factor) = multiplier(number);
    (number, factor.unwrap_or(1), 1)
}

/// `units` splits the text into the bare number and its factor as numerator and denominator.
fn quantity(raw: &str, kind: CellKind, units: impl Fn(&str) -> (&str, i128, i128)) -> Clean<i128> {
    if let Some(hundredths) = plainly_written(raw.as_bytes()) {
        let (_, factor, divisor) = units("");
        let value = hundredths * factor;
        if divisor == 1 && value.abs() <= LIMIT {
            return Clean::sure(value);
        }
    }
    let text = compact(raw);
    if says_nothing(&text) || text == "无" {
        return Clean::EMPTY;
    }
    let mut text = text.as_ref();
    let mut approximate = false;
    for word in ["约", "大约"] {
        if let Some(rest) = text.strip_prefix(word) {
            (text, approximate) = (rest, true);
        }
    }
    for word in ["左右", "多", "余"] {
        if let Some(rest) = text.strip_suffix(word) {
            (text, approximate) = (rest, true);
        }
    }
    let (text, in_brackets) = match text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let (number, factor, divisor) = units(text);
    let (number, minus) = match number.strip_prefix(['-', '+']) {
        Some(rest) => (rest, number.starts_with('-')),
        None => (number, false),
    };
    if in_brackets && minus {
        return Clean::refused(UNREADABLE);
    }
    let Some(Digits { mantissa, scale }) = digits(number) else {
        return Clean::refused(UNREADABLE);
    };
    let Some(numerator) = mantissa.checked_mul(factor * 100) else {
        return Clean::refused(TOO_LARGE);
    };
    let Some(denominator) = 10_i128.checked_pow(scale).and_then(|p| p.checked_mul(divisor)) else {
        return Clean::refused(UNREADABLE);
    };
    let (whole, rest) = (numerator / denominator, numerator % denominator);
    let rounded = whole + i128::from(rest * 2 >= denominator);
    if rounded > LIMIT {
        return Clean::refused(TOO_LARGE);
    }
    let value = if in_brackets || minus { -rounded } else { rounded };
    // A number cell holds the nearest binary fraction: what lies that near is not a third decimal that somebody typed.
    let binary_noise = kind == CellKind::Number && rest.min(denominator - rest) * 10_000 < denominator;
    if rest != 0 && !binary_noise {
        Clean::doubtful(value, ROUNDED)
    } else if approximate {
        Clean::doubtful(value, APPROXIMATE)
    } else {
        Clean::sure(value)
    }
}

/// `-1234`, `1234.5`, `1234.56` with at most twelve digits before the point, in hundredths: what databases write, without a copy.
fn plainly_written(b: &[u8]) -> Option<i128> {
    let (minus, b) = match b {
        [b'-', rest @ ..] => (true, rest),
        b => (false, b),
    };
    let (whole, fraction): (&[u8], &[u8]) = match b.iter().position(|c| *c == b'.') {
        Some(at) => (&b[..at], &b[at + 1..]),
        None => (b, &[]),
    };
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    if whole.is_empty() || whole.len() > 12 || fraction.len() > 2 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let number = |part: &[u8]| part.iter().fold(0_i64, |n, d| n * 10 + i64::from(d - b'0'));
    let scale = if fraction.len() == 1 { 10 } else { 1 };
    let hundredths = i128::from(number(whole) * 100 + number(fraction) * scale);
    Some(if minus { -hundredths } else { hundredths })
}

/// `mantissa / 10^scale`.
struct Digits {
    mantissa: i128,
    scale: u32,
}

/// An unsigned number: digits with thousands commas in their right places, a decimal point, an exponent.
fn digits(text: &str) -> Option<Digits> {
    let (text, exponent) = match text.split_once(['E', 'e']) {
        Some((mantissa, exponent)) => (mantissa, exponent.trim_start_matches('+').parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    if whole.contains(',') {
        let groups: Vec<&str> = whole.split(',').collect();
        let right = (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|g| g.len() == 3);
        if !right {
            return None;
        }
    }
    let mut mantissa: i128 = 0;
    // Twelve decimals are far below half a hundredth; what follows cannot change the rounding of a typed amount.
    for b in whole.bytes().filter(|b| *b != b',').chain(fraction.bytes().take(12)) {
        if !b.is_ascii_digit() {
            return None;
        }
        mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(b - b'0'))?;
    }
    let scale = fraction.len().min(12) as i32 - exponent;
    if scale < 0 && mantissa != 0 {
        // What no counter holds is a number all the same, and too large a one.
        let factor = 10_i128.checked_pow(scale.unsigned_abs());
        mantissa = factor.and_then(|f| mantissa.checked_mul(f)).unwrap_or(i128::MAX);
    }
    Some(Digits { mantissa, scale: scale.max(0) as u32 })
}

/// Small counts written in Chinese, `三`, `十二`, `二十`, with or without a counter (`四人`).
fn chinese(text: &str) -> Option<i64> {
    let text = text.strip_suffix(['人', '口', '个', '户', '间']).unwrap_or(text);
    let digit = |c: char| match c {
        '两' => Some(2),
        c => "零一二三四五六七八九".chars().position(|d| d == c).map(|i| i as i64),
    };
    let chars: Vec<char> = text.chars().collect();
    match chars[..] {
        ['十'] => Some(10),
        ['十', ones] => Some(10 + digit(ones)?),
        [tens, '十'] => Some(10 * digit(tens)?),
        [tens, '十', ones] => Some(10 * digit(tens)? + digit(ones)?),
        [one] => digit(one),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::decimal as show;
    use proptest::prelude::*;

    fn yuan(raw: &str, unit: &str) -> (Option<String>, Option<&'static str>) {
        let clean = money(raw, CellKind::Text, unit);
        (clean.value.map(show), clean.doubt.map(|d| d.code))
    }

    #[test]
    fn amounts() {
        let cases = [
            ("1234.5", "yuan", Some("1234.5"), None),
            ("1,234,567.89", "yuan", Some("1234567.89"), None),
            ("１，２３４．５０", "yuan", Some("1234.5"), None),
            ("￥1 234元", "yuan", Some("1234"), None),
            ("300元整", "yuan", Some("300"), None),
            ("1.2万", "yuan", Some("12000"), None),
            ("1.2万元", "yuan", Some("12000"), None),
            ("1.2", "wan_yuan", Some("12000"), None),
            ("1.2万元", "wan_yuan", Some("12000"), None),
            ("3000元", "wan_yuan", Some("3000"), None),
            ("12345", "fen", Some("123.45"), None),
            ("-50", "yuan", Some("-50"), None),
            ("－50", "yuan", Some("-50"), None),
            ("（1,234.50）", "yuan", Some("-1234.5"), None),
            ("1.2E+05", "yuan", Some("120000"), None),
            ("1.005", "yuan", Some("1.01"), Some("amount.rounded")),
            ("-1.005", "yuan", Some("-1.01"), Some("amount.rounded")),
            ("0.12345", "wan_yuan", Some("1234.5"), None),
            ("约5000元", "yuan", Some("5000"), Some("amount.approximate")),
            ("0", "yuan", Some("0"), None),
            ("", "yuan", None, None),
            ("-", "yuan", None, None),
            ("/", "yuan", None, None),
            ("无", "yuan", None, None),
            ("1,23", "yuan", None, Some("amount.unreadable")),
            ("1.2.3", "yuan", None, Some("amount.unreadable")),
            ("300-500", "yuan", None, Some("amount.unreadable")),
            ("三百", "yuan", None, Some("amount.unreadable")),
            ("(-5)", "yuan", None, Some("amount.unreadable")),
            ("1E30", "yuan", None, Some("amount.too_large")),
            ("99999999999999999", "yuan", None, Some("amount.too_large")),
            ("1.8e308", "yuan", None, Some("amount.too_large")),
            ("0e99", "yuan", Some("0"), None),
        ];
        for (raw, unit, value, doubt) in cases {
            assert_eq!(yuan(raw, unit), (value.map(str::to_string), doubt), "{raw} {unit}");
        }
    }

    #[test]
    fn binary_noise_of_number_cells_is_no_third_decimal() {
        let cell = |raw| money(raw, CellKind::Number, "yuan");
        assert_eq!(cell("0.30000000000000004"), Clean::sure(30));
        assert_eq!(cell("1234.5699999999999"), Clean::sure(123_457));
        assert_eq!(cell("0.125").doubt.map(|d| d.code), Some("amount.rounded"));
    }

    #[test]
    fn quantities_and_counts() {
        assert_eq!(decimal("35升", CellKind::Text), Clean::sure(3500));
        assert_eq!(decimal("20分钟", CellKind::Text), Clean::sure(2000));
        assert_eq!(decimal("3万", CellKind::Text), Clean::sure(3_000_000));
        let counts =
            [("4", 4), ("4人", 4), ("4.0", 4), ("四人", 4), ("十二", 12), ("二十三", 23), ("两", 2), ("１２", 12)];
        for (raw, value) in counts {
            assert_eq!(integer(raw, CellKind::Text), Clean::sure(value), "{raw}");
        }
        assert_eq!(integer("3.5", CellKind::Text).doubt.map(|d| d.code), Some("integer.fraction"));
        assert_eq!(integer("3.999", CellKind::Text).doubt.map(|d| d.code), Some("integer.fraction"));
        assert_eq!(integer("甲", CellKind::Text).doubt.map(|d| d.code), Some("amount.unreadable"));
    }

    proptest! {
        #[test]
        fn twice_changes_nothing(raw in "[-(]?[0-9０-９]{1,9}([.．][0-9]{1,4})?(万|元|万元)?\\)?") {
            if let Some(once) = money(&raw, CellKind::Text, "yuan").value {
                prop_assert_eq!(money(&show(once), CellKind::Text, "yuan"), Clean::sure(once));
            }
        }

        #[test]
        fn an_amount_written_any_way_is_itself(fen in -10_000_000_000_i64..10_000_000_000) {
            let value = i128::from(fen);
            let plain = show(value);
            prop_assert_eq!(money(&plain, CellKind::Text, "yuan"), Clean::sure(value));
            prop_assert_eq!(money(&fen.to_string(), CellKind::Text, "fen"), Clean::sure(value));
            prop_assert_eq!(money(&format!("￥{}元", plain.trim_start_matches('-')), CellKind::Text, "wan_yuan"), Clean::sure(value.abs()));
        }

        #[test]
        fn nothing_panics(raw in "\\PC{0,40}", digits in "[0-9.,eE+-]{0,60}") {
            money(&raw, CellKind::Text, "wan_yuan");
            money(&digits, CellKind::Number, "wan_yuan");
            integer(&digits, CellKind::Text);
        }
    }
}
