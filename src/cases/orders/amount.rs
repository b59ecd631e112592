//! Amounts as departments write them in a return: `3,000元`, `3000.5`, `1.2万` → hundredths of a yuan.

/// Hundredths of a yuan; none when it is no amount from 0 up, or has parts of a fen.
///
/// Forms are filled by hand even where a cell asks for a number. What could be read in two ways is not read.
pub fn parse(written: &str) -> Option<i128> {
    let plain: String = written
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, ',' | '，' | '￥' | '¥'))
        .map(|c| match c {
            '０'..='９' => char::from_digit(c as u32 - '０' as u32, 10).unwrap_or(c),
            '．' => '.',
            other => other,
        })
        .collect();
    let plain = plain.strip_suffix('元').unwrap_or(&plain);
    let (number, places) = match plain.strip_suffix('万') {
        Some(number) => (number, 6),
        None => (plain, 2),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    // A spreadsheet's own rounding leaves zeros behind: 3000.5000000.
    let part = part.trim_end_matches('0');
    if whole.is_empty() || whole.len() > 10 || part.len() > places || !digits(whole) || !digits(part) {
        return None;
    }
    format!("{whole}{part:0<places$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn amounts_are_read_as_departments_write_them() {
        for (written, hundredths) in [
            ("3000", 300_000),
            (" 3,000.5元", 300_050),
            ("３０００", 300_000),
            ("1.2万", 1_200_000),
            ("0", 0),
            ("2万元", 2_000_000),
            ("3000.50000", 300_050),
        ] {
            assert_eq!(parse(written), Some(hundredths), "{written}");
        }
        for wrong in ["", "约3000", "3000-5000", "-5", "3000.005", "三千", "1.2.3", "万"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
