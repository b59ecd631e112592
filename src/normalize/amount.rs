//! Amounts and quantities: `1,234.50元`, `1.2万`, `（300）`, `３５` → hundredths; whole numbers → integers.

use std::borrow::Cow;

use super::doubt::{Clean, Doubt};
use super::text::{compact, says_nothing};
use crate::model::CellKind;

const UNREADABLE: Doubt = Doubt::new("amount.unreadable", "数值写法不能识别");
const ROUNDED: Doubt = Doubt::new("amount.rounded", "小数超过两位，已四舍五入");
const TOO_LARGE: Doubt = Doubt::new("amount.too_large", "数值过大，不可信");
const APPROXIMATE: Doubt = Doubt::new("amount.approximate", "数值是约数");
const PERCENT: Doubt = Doubt::new("amount.percent", "数值带百分号，按百分数计");
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

/// Yuan as hundredths. `unit` is the column's unit by contract or title row: `wan_yuan`, `fen`, `qian_yuan`, `bai_wan_yuan`,
/// `qian_wan_yuan`, `yi_yuan`, anything else is yuan; a unit in the cell (`1.2万`, `300元`) goes before it. Rounds half away
/// from zero.
pub fn money(raw: &str, kind: CellKind, unit: &str) -> Clean<i128> {
    let bare = match unit {
        "qian_yuan" => (1_000, 1),
        "wan_yuan" => (10_000, 1),
        "bai_wan_yuan" => (1_000_000, 1),
        "qian_wan_yuan" => (10_000_000, 1),
        "yi_yuan" => (100_000_000, 1),
        "fen" => (1, 100),
        _ => (1, 1),
    };
    quantity(raw, kind, false, bare, |text| {
        let text = text.strip_prefix("人民币").unwrap_or(text);
        let text = ["¥", "RMB", "CNY", "rmb"].iter().find_map(|s| text.strip_prefix(s)).unwrap_or(text);
        let text = text.strip_suffix(['整', '正']).unwrap_or(text);
        let (number, yuan) = match text.strip_suffix(['元', '圆', '块']) {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (number, factor) = multiplier(number);
        match (factor, yuan) {
            (None, false) => (number, bare.0, bare.1),
            (factor, _) => (number, factor.unwrap_or(1), 1),
        }
    })
}

/// A quantity as hundredths, in the column's own unit.
pub fn decimal(raw: &str, kind: CellKind) -> Clean<i128> {
    quantity(raw, kind, true, (1, 1), without_unit)
}

/// A whole number.
pub fn integer(raw: &str, kind: CellKind) -> Clean<i64> {
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

/// `units` splits the text into the bare number and its factor as numerator and denominator; `bare` is that factor where no unit
/// is written.
fn quantity(
    raw: &str,
    kind: CellKind,
    percentages: bool,
    bare: (i128, i128),
    units: impl Fn(&str) -> (&str, i128, i128),
) -> Clean<i128> {
    if let Some(hundredths) = plainly_written(raw.as_bytes()) {
        let value = hundredths * bare.0;
        if bare.1 == 1 && value.abs() <= LIMIT {
            return Clean::sure(value);
        }
    }
    let text = compact(raw);
    if says_nothing(&text) || text == "无" {
        return Clean::EMPTY;
    }
    let mut approximate = false;
    // `1万余元`, `3000多元`: the word stands before the unit.
    let text = match ["余元", "多元", "来元"].iter().find_map(|word| text.strip_suffix(word)) {
        Some(rest) => {
            approximate = true;
            Cow::Owned(format!("{rest}元"))
        }
        None => text,
    };
    let mut text = text.as_ref();
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
    let (number, percent) = match number.strip_suffix('%') {
        Some(rest) if percentages => (rest, true),
        _ => (number, false),
    };
    let read = digits(number).map(|d| (d, factor, divisor));
    // What is written in Chinese has its units between its digits, and they all say yuan.
    let written = || {
        let number = if percentages { QUANTITY_UNITS.iter().find_map(|u| text.strip_suffix(u)) } else { None };
        let says = bare == (1, 1) || text.contains(['元', '圆', '块', '角', '万']);
        let hundredths = chinese_number(number.unwrap_or(text)).filter(|_| says)?;
        Some((Digits { mantissa: hundredths, scale: 2 }, 1, 1))
    };
    let Some((Digits { mantissa, scale }, factor, divisor)) = read.or_else(written) else {
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
    } else if percent {
        Clean::doubtful(value, PERCENT)
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

/// Hundredths of a number written in Chinese, wholly or in part: `壹仟贰佰元整`, `三百`, `二十三`, `12元5角`, `1万2千元`.
///
/// None when the text is no such number, or leaves open what it means: `一千二` may be 1002 or 1200.
fn chinese_number(text: &str) -> Option<i128> {
    let text = text.strip_prefix("人民币").unwrap_or(text);
    let text = text.strip_suffix(['整', '正']).unwrap_or(text);
    if !text.contains(|c| numeral(c).is_some() || matches!(c, '十' | '拾')) {
        return None;
    }
    // Sums below the last 万 or 亿, and above; the number not yet given a unit, and whether a zero stood before it.
    let (mut total, mut section): (i128, i128) = (0, 0);
    let mut pending: Option<i128> = None;
    let (mut zero, mut arabic, mut last_unit) = (true, false, i128::MAX);
    let mut hundredths: Option<i128> = None;
    for c in text.chars() {
        if let Some(d) = numeral(c) {
            let spelled = !c.is_ascii_digit();
            zero |= d == 0 && spelled;
            pending = match pending {
                None => Some(d),
                Some(n) if arabic && !spelled => Some(n.checked_mul(10)?.checked_add(d)?),
                Some(0) => Some(d),
                // Two spelled digits side by side are no number with units.
                Some(_) => return None,
            };
            arabic = !spelled;
            continue;
        }
        let unit: i128 = match c {
            '十' | '拾' => 10,
            '百' | '佰' => 100,
            '千' | '仟' => 1000,
            '万' | '萬' => 10_000,
            '亿' => 100_000_000,
            '元' | '圆' | '块' if hundredths.is_none() => {
                if pending.is_some() && is_open(zero, last_unit) {
                    return None;
                }
                let yuan = total.checked_add(section)?.checked_add(pending.take().unwrap_or(0))?;
                (total, section, last_unit) = (0, 0, i128::MAX);
                hundredths = Some(yuan.checked_mul(100)?);
                continue;
            }
            '角' | '毛' | '分' => {
                let value = pending.take().filter(|n| *n < 10)? * if c == '分' { 1 } else { 10 };
                hundredths = Some(hundredths.unwrap_or(0).checked_add(value)?);
                continue;
            }
            _ => return None,
        };
        if hundredths.is_some() || (section == 0 && total == 0 && pending.is_none() && unit != 10) {
            return None;
        }
        if unit >= 10_000 {
            let below = section.checked_add(pending.take().unwrap_or(0))?;
            // `一亿二千万`: the 万 counts only what stands between it and the 亿.
            total = match total {
                above if unit == 10_000 => above.checked_add(below.checked_mul(unit)?)?,
                above => above.checked_add(below)?.checked_mul(unit)?,
            };
            (section, last_unit) = (0, unit);
        } else {
            if unit >= last_unit && last_unit < 10_000 {
                return None;
            }
            section = section.checked_add(pending.take().unwrap_or(1).checked_mul(unit)?)?;
            last_unit = unit;
        }
        zero = false;
    }
    match hundredths {
        Some(hundredths) => pending.is_none().then_some(hundredths),
        None if pending.is_some() && is_open(zero, last_unit) => None,
        None => total.checked_add(section)?.checked_add(pending.unwrap_or(0))?.checked_mul(100),
    }
}

/// True when a last digit may count ones or the next lower unit: behind 百, 千 or 万 without a zero between.
fn is_open(zero: bool, last_unit: i128) -> bool {
    !zero && last_unit > 10 && last_unit != i128::MAX
}

fn numeral(c: char) -> Option<i128> {
    match c {
        '零' | '〇' => Some(0),
        '两' => Some(2),
        '0'..='9' => c.to_digit(10).map(i128::from),
        c => "一二三四五六七八九壹贰叁肆伍陆柒捌玖".chars().position(|d| d == c).map(|i| i as i128 % 9 + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::decimal as show;
    use crate::normalize::cases::{some, table};
    use proptest::prelude::*;

    /// As banks spell it.
    fn spelled(n: i128) -> String {
        let digits: Vec<char> = "零壹贰叁肆伍陆柒捌玖".chars().collect();
        let four = |n: i128| {
            let mut out = String::new();
            let mut gap = false;
            for (unit, word) in [(1000, "仟"), (100, "佰"), (10, "拾"), (1, "")] {
                match (n / unit % 10) as usize {
                    0 => gap = true,
                    d => {
                        if gap && !out.is_empty() {
                            out.push('零');
                        }
                        gap = false;
                        out.push(digits[d]);
                        out.push_str(word);
                    }
                }
            }
            out
        };
        let mut out = String::new();
        for (unit, word) in [(100_000_000, "亿"), (10_000, "万"), (1, "")] {
            let part = n / unit % 10_000;
            if part > 0 {
                if !out.is_empty() && part < 1000 {
                    out.push('零');
                }
                out.push_str(&four(part));
                out.push_str(word);
            }
        }
        if out.is_empty() { "零".into() } else { out }
    }

    #[test]
    fn cases() {
        let table = table(include_str!("cases/amount.tsv"), ["raw", "kind", "unit", "value", "doubt"]);
        assert!(table.len() >= 80);
        for (line, [raw, kind, unit, expected, doubt]) in table {
            let kind = if kind == "number" { CellKind::Number } else { CellKind::Text };
            let (value, found) = match unit.as_str() {
                "quantity" => {
                    let clean = decimal(&raw, kind);
                    (clean.value.map(show), clean.doubt)
                }
                "count" => {
                    let clean = integer(&raw, kind);
                    (clean.value.map(|n| n.to_string()), clean.doubt)
                }
                unit => {
                    let clean = money(&raw, kind, unit);
                    (clean.value.map(show), clean.doubt)
                }
            };
            let found = (value.as_deref(), found.map_or("", |d| d.code));
            assert_eq!(found, (some(&expected), doubt.as_str()), "line {line}: {raw} {unit}");
        }
    }

    proptest! {
        #[test]
        fn twice_changes_nothing(raw in "[-(约]?[0-9０-９]{1,9}([.．][0-9]{1,4})?(万|元|万元|余元|人|%|亩)?\\)?") {
            if let Some(once) = money(&raw, CellKind::Text, "yuan").value {
                prop_assert_eq!(money(&show(once), CellKind::Text, "yuan"), Clean::sure(once));
            }
            if let Some(once) = decimal(&raw, CellKind::Text).value {
                prop_assert_eq!(decimal(&show(once), CellKind::Text), Clean::sure(once));
            }
            if let Some(once) = integer(&raw, CellKind::Text).value {
                prop_assert_eq!(integer(&once.to_string(), CellKind::Text), Clean::sure(once));
            }
        }

        #[test]
        fn what_is_written_in_chinese_is_never_half_read(raw in "[零一二三十百千万亿元角分0-9]{1,8}") {
            if let Some(once) = money(&raw, CellKind::Text, "yuan").value {
                prop_assert_eq!(money(&show(once), CellKind::Text, "yuan"), Clean::sure(once));
            }
        }

        #[test]
        fn a_number_spelled_in_chinese_is_itself(n in 0_i128..1_000_000_000) {
            prop_assert_eq!(money(&format!("{}元整", spelled(n)), CellKind::Text, "yuan"), Clean::sure(n * 100));
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
