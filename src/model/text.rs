//! How dates and amounts are written for people, the same everywhere.

use jiff::civil::Date;

pub use crate::diag::mask_runs;

/// A day count since 1970-01-01 as `YYYY-MM-DD`.
pub fn date(days: i32) -> String {
    from_days(days).to_string()
}

/// A month as it is printed: `2026年10月`.
pub fn month(day: Date) -> String {
    format!("{}年{}月", day.year(), day.month())
}

/// The calendar day of a day count since 1970-01-01.
pub fn from_days(days: i32) -> Date {
    use jiff::ToSpan;
    Date::constant(1970, 1, 1).saturating_add(days.days())
}

/// The day count since 1970-01-01 of a calendar day.
pub fn to_days(date: Date) -> i32 {
    let epoch = Date::constant(1970, 1, 1);
    epoch.until(date).map(|span| span.get_days()).unwrap_or(0)
}

/// Full years of age on a day; a person born on 29 February turns a year older on 1 March of common years.
pub fn age_on(birth: Date, day: Date) -> i32 {
    let mut years = i32::from(day.year()) - i32::from(birth.year());
    if (day.month(), day.day()) < (birth.month(), birth.day()) {
        years -= 1;
    }
    years
}

/// Hundredths as a decimal number without needless zeros: `1234500` → `12345`, `1050` → `10.5`.
pub fn decimal(hundredths: i128) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let whole = hundredths.unsigned_abs() / 100;
    let part = hundredths.unsigned_abs() % 100;
    match part {
        0 => format!("{sign}{whole}"),
        p if p % 10 == 0 => format!("{sign}{whole}.{}", p / 10),
        p => format!("{sign}{whole}.{p:02}"),
    }
}

/// An identity number as others may see it: region and check stay, the person is hidden (background §6).
pub fn mask_number(number: &str) -> String {
    let chars: Vec<char> = number.chars().collect();
    if chars.len() < 11 {
        return "*".repeat(chars.len());
    }
    let head: String = chars[..6].iter().collect();
    let tail: String = chars[chars.len() - 4..].iter().collect();
    format!("{head}{}{tail}", "*".repeat(chars.len() - 10))
}

/// A name as others may see it: the first character and one star for each of the rest.
pub fn mask_name(name: &str) -> String {
    let mut chars = name.chars();
    match chars.next() {
        Some(first) => first.to_string() + &"*".repeat(chars.count()),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_go_there_and_back() {
        for day in [Date::constant(1899, 12, 31), Date::constant(1970, 1, 1), Date::constant(2026, 9, 30)] {
            assert_eq!(from_days(to_days(day)), day);
        }
    }

    #[test]
    fn age_turns_on_the_birthday() {
        let birth = Date::constant(2020, 10, 1);
        assert_eq!(age_on(birth, Date::constant(2026, 9, 30)), 5);
        assert_eq!(age_on(birth, Date::constant(2026, 10, 1)), 6);
    }

    #[test]
    fn decimals_lose_only_needless_zeros() {
        assert_eq!([decimal(-50), decimal(1050), decimal(1234500), decimal(7)], ["-0.5", "10.5", "12345", "0.07"]);
    }

    #[test]
    fn masks_hide_the_person() {
        assert_eq!(mask_number("99012119900101123X"), "990121********123X");
        assert_eq!(mask_name("欧阳小云"), "欧***");
    }
}
