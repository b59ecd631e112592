//! Names as they stand in cells, and what must be made of them.

use proptest::prelude::*;

use super::*;
use crate::normalize::cases::{some, table};

#[test]
fn cases() {
    let table = table(include_str!("cases/name.tsv"), ["raw", "name", "doubt"]);
    assert!(table.len() >= 90);
    for (line, [raw, expected, doubt]) in table {
        let clean = name(&raw);
        let found = (clean.value.as_deref(), clean.doubt.map_or("", |d| d.code));
        assert_eq!(found, (some(&expected), doubt.as_str()), "line {line}: {raw}");
    }
}

fn stays(raw: &str) -> Result<(), TestCaseError> {
    if let Some(once) = name(raw).value {
        let twice = name(&once).value;
        prop_assert_eq!(twice.as_deref(), Some(once.as_ref()), "{:?}", raw);
        prop_assert!(once.chars().any(char::is_alphabetic));
    }
    Ok(())
}

proptest! {
    #[test]
    fn twice_changes_nothing(raw in "[张三李四王上下左右户主已故之子某的A-Cx0-9 　·.●？*（）()/、：-]{0,10}") {
        stays(&raw)?;
    }

    #[test]
    fn twice_changes_nothing_of_any_text(raw in "\\PC{0,12}") {
        stays(&raw)?;
    }

    #[test]
    fn a_han_name_survives_spaces_and_notes(given in "[明华强芳丽军伟敏]{1,2}", space in "[ 　\u{A0}]{0,2}", note in "(（户主）|\\(已故\\)|[1-9]|　)?") {
        let plain = format!("张{given}");
        let spaced: Vec<String> = plain.chars().map(String::from).collect();
        let dirty = spaced.join(&space) + &note;
        prop_assert_eq!(name(&dirty).value, Some(Cow::Owned(plain)));
    }
}
