//! Names as they stand in cells, and what must be made of them.

use proptest::prelude::*;

use super::*;

#[test]
fn names_are_cleaned() {
    let cases = [
        ("张三", "张三"),
        (" 张　三 ", "张三"),
        ("欧 阳 娜 娜", "欧阳娜娜"),
        ("张\u{200B}三\u{FEFF}", "张三"),
        ("⻢⼭⻰", "马山龙"),
        ("\u{F9E1}明", "李明"), // compatibility ideograph
        ("葛\u{E0100}明", "葛明"),
        ("\u{E81E}明", "龴明"),
        ("张三（户主）", "张三"),
        ("张三(已故)", "张三"),
        ("李四(曾用名李五)", "李四"),
        ("张三 曾用名：张山", "张三"),
        ("张三/张山", "张三"),
        ("张三2", "张三"),
        ("张三①", "张三"),
        ("12、张三", "张三"),
        ("张三A", "张三"),
        ("户主：张三", "张三"),
        ("张三先生", "张三"),
        ("张三 户主", "张三"),
        ("张三。", "张三"),
        ("王小", "王小"),
        ("张三（小）", "张三"),
        ("阿布都·买买提", "阿布都·买买提"),
        ("阿布都•买买提", "阿布都·买买提"),
        ("阿布都．买买提", "阿布都·买买提"),
        ("阿布都 · 买买提", "阿布都·买买提"),
        ("阿布都●买买提", "阿布都·买买提"),
        ("阿布都﹒买买提", "阿布都·买买提"),
        ("阿布都。买买提", "阿布都·买买提"),
        ("阿布都 买买提", "阿布都·买买提"),
        ("阿布都-买买提・艾力", "阿布都·买买提·艾力"),
        ("阿里·汗", "阿里·汗"),
        ("张.三", "张三"),
        ("Ｊｏｈｎ　　Smith", "John Smith"),
        ("龍飛", "龍飛"),
    ];
    for (raw, expected) in cases {
        assert_eq!(name(raw), Clean::sure(Cow::Borrowed(expected)), "{raw}");
    }
}

#[test]
fn lost_characters_become_wildcards() {
    let cases = [
        ("张?三", "张□三"),
        ("张？", "张□"),
        ("张□三", "张□三"),
        ("张●三", "张□三"),
        ("张**", "张□□"),
        ("张某某", "张□□"),
        ("王XX", "王□□"),
        ("王×", "王□"),
        ("张WEI", "张□"),
        ("张(韦华)", "张□"),
        ("张（韦华）明", "张□明"),
        ("张上龙下天", "张□"),
        ("张⿰王文明", "张□明"),
        ("张\u{E123}", "张□"),
        ("张〓", "张□"),
    ];
    for (raw, expected) in cases {
        assert_eq!(name(raw), Clean::doubtful(Cow::Borrowed(expected), LOST), "{raw}");
    }
}

#[test]
fn what_is_no_name_is_none_and_told() {
    let cases = [
        ("无名氏", "name.placeholder"),
        ("待定", "name.placeholder"),
        ("未取名", "name.placeholder"),
        ("XX", "name.placeholder"),
        ("×××", "name.placeholder"),
        ("？？？", "name.placeholder"),
        ("某某", "name.placeholder"),
        ("张三之子", "name.unnamed"),
        ("李四新生儿", "name.unnamed"),
        ("王五的女儿", "name.unnamed"),
        ("王先生", "name.incomplete"),
        ("12345", "name.no_letters"),
    ];
    for (raw, code) in cases {
        let clean = name(raw);
        assert_eq!((clean.value, clean.doubt.map(|d| d.code)), (None, Some(code)), "{raw}");
    }
    for nothing in ["", " ", "\u{200B}", "-", "/"] {
        assert_eq!(name(nothing), Clean::EMPTY, "{nothing:?}");
    }
}

#[test]
fn doubtful_names_are_kept() {
    let cases = [
        ("张", "张", "name.incomplete"),
        ("张三、李四", "张三", "name.several"),
        ("张三 李四", "张三", "name.several"),
        ("张3三", "张3三", "name.characters"),
        ("张三（哑巴）", "张三", "name.note_removed"),
    ];
    for (raw, expected, code) in cases {
        let clean = name(raw);
        assert_eq!((clean.value.as_deref(), clean.doubt.map(|d| d.code)), (Some(expected), Some(code)), "{raw}");
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
