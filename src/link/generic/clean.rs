//! Cleaning of a value: only what the model asks for, and blanks around it.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::plan::{Clean, GenericColumn};

/// The value as it is compared; empty when it is missing.
pub(super) fn clean<'t>(text: &'t str, column: &GenericColumn) -> Cow<'t, str> {
    let mut value = Cow::Borrowed(text.trim());
    for step in &column.clean {
        value = match step {
            Clean::Lower if plain(&value) => value,
            Clean::Lower => value.nfkc().flat_map(char::to_lowercase).collect::<String>().into(),
            Clean::Spaces if !value.contains("  ") && !value.contains(|c: char| c.is_whitespace() && c != ' ') => value,
            Clean::Spaces => value.split_whitespace().collect::<Vec<_>>().join(" ").into(),
            Clean::StripPunctuation => keep(&value, |c| c.is_alphanumeric() || c.is_whitespace()),
            Clean::StripAccents if value.is_ascii() => value,
            Clean::StripAccents => value.nfd().filter(|c| !is_combining_mark(*c)).nfc().collect::<String>().into(),
            Clean::DigitsOnly => keep(&value, |c| c.is_ascii_digit()),
            Clean::NoSpaces => keep(&value, |c| !c.is_whitespace()),
        };
    }
    let trimmed = value.trim();
    if column.missing.iter().any(|m| m.trim().eq_ignore_ascii_case(trimmed)) {
        return Cow::Borrowed("");
    }
    if trimmed.len() == value.len() { value } else { trimmed.to_string().into() }
}

/// True for what small letters would not change.
fn plain(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase())
}

fn keep<'t>(value: &str, wanted: impl Fn(char) -> bool) -> Cow<'t, str> {
    value.chars().filter(|c| wanted(*c)).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Place;
    use crate::plan::DateOrder;

    fn cleaned(text: &str, steps: &[Clean]) -> String {
        let column = GenericColumn {
            name: "c".into(),
            left: "c".into(),
            right: "c".into(),
            clean: steps.to_vec(),
            missing: vec!["n/a".into(), "unknown".into()],
            date_order: DateOrder::DayFirst,
            place: Place::default(),
        };
        clean(text, &column).into_owned()
    }

    #[test]
    fn each_step_does_what_it_says() {
        assert_eq!(cleaned("  O'Brien \t Ｓmith ", &[Clean::Lower, Clean::Spaces]), "o'brien smith");
        assert_eq!(cleaned("  A  b ", &[]), "A  b");
        assert_eq!(cleaned("O'Brien-Smith", &[Clean::StripPunctuation]), "OBrienSmith");
        assert_eq!(cleaned("+44 (0) 20-79", &[Clean::DigitsOnly]), "4402079");
        assert_eq!(cleaned("Zoë Ångström", &[Clean::StripAccents]), "Zoe Angstrom");
        assert_eq!(cleaned("AB1 2CD", &[Clean::NoSpaces]), "AB12CD");
        assert_eq!(cleaned("张  三", &[Clean::Lower, Clean::NoSpaces]), "张三");
    }

    #[test]
    fn words_for_missing_are_missing() {
        assert_eq!(cleaned(" Unknown ", &[Clean::Lower]), "");
        assert_eq!(cleaned("N/A", &[]), "");
        assert_eq!(cleaned("..", &[Clean::StripPunctuation]), "");
    }
}
