//! Delimited text: encodings, quotes, widths.

use super::*;
use encoding_rs::{BIG5, GB18030};

fn csv_source() -> Source {
    people(Format::Csv)
}

fn one(source: &Source, bytes: impl AsRef<[u8]>) -> Delivery {
    let dir = folder("公安/底册.csv", bytes);
    deliver(source, dir.path())
}

const TABLE: &str = "姓名,身份证号,金额(元)\n张三,99012119900101123X,100\n李\u{20bb7},990121199001011248,200\n";

fn utf16(text: &str, little: bool) -> Vec<u8> {
    let bytes = text.encode_utf16().flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() });
    bytes.collect()
}

#[test]
fn every_encoding_gives_the_same_rows() {
    let gb = GB18030.encode(TABLE).0.into_owned();
    let with_mark = |mark: &[u8], bytes: Vec<u8>| [mark, bytes.as_slice()].concat();
    let files = [
        (None, TABLE.as_bytes().to_vec()),
        (Some("utf-8"), TABLE.as_bytes().to_vec()),
        (None, with_mark(b"\xef\xbb\xbf", TABLE.into())),
        (Some("gb18030"), with_mark(b"\xef\xbb\xbf", TABLE.into())),
        (None, gb.clone()),
        (Some("gb18030"), gb.clone()),
        (Some("gbk"), gb.clone()),
        (None, with_mark(b"\x84\x31\x95\x33", gb)),
        (None, with_mark(b"\xff\xfe", utf16(TABLE, true))),
        (None, with_mark(b"\xfe\xff", utf16(TABLE, false))),
        (Some("utf-16le"), utf16(TABLE, true)),
        (None, TABLE.replace('\n', "\r\n").into()),
        (None, TABLE.replace('\n', "\r").into()),
        (None, TABLE.trim_end().into()),
    ];
    for (i, (declared, bytes)) in files.into_iter().enumerate() {
        let mut source = csv_source();
        source.encoding = declared.map(String::from);
        let delivery = one(&source, bytes);
        assert_eq!(texts(&delivery, "name"), ["张三", "李\u{20bb7}"], "file {i}");
        assert_eq!(texts(&delivery, "amount"), ["100", "200"], "file {i}");
        assert_eq!(table(&delivery).row, [2, 3], "file {i}");
    }
}

#[test]
fn a_wrong_declaration_is_refused_with_the_likely_encoding() {
    let gb = GB18030.encode(TABLE).0.into_owned();
    for (declared, bytes, likely) in [
        ("utf-8", gb, "gb18030"),
        ("gb18030", TABLE.as_bytes().to_vec(), "utf-8"),
        ("big5", TABLE.as_bytes().to_vec(), "utf-8"),
    ] {
        let mut source = csv_source();
        source.encoding = Some(declared.into());
        let delivery = one(&source, bytes);
        assert_eq!(codes(&delivery), ["ingest.encoding"]);
        assert!(problem(&delivery, "ingest.encoding").hint.as_ref().unwrap().contains(likely));
        assert_eq!((delivery.rows.len(), delivery.refused.len()), (0, 1));
    }
}

#[test]
fn utf16_without_its_mark_is_read_and_named() {
    for little in [true, false] {
        let delivery = one(&csv_source(), utf16(&TABLE.repeat(3), little));
        assert_eq!(texts(&delivery, "name"), ["张三", "李\u{20bb7}", "张三", "李\u{20bb7}", "张三", "李\u{20bb7}"]);
        let name = if little { "UTF-16LE" } else { "UTF-16BE" };
        assert!(problem(&delivery, "ingest.encoding_mark").message.contains(name));
        // Half a character at the end of a copy that broke off.
        let mut cut = utf16(TABLE, little);
        cut.extend(utf16("王五,990121199001011264,3", little));
        cut.pop();
        let delivery = one(&csv_source(), cut);
        assert_eq!(rejects(&delivery), [("row.encoding", 4)]);
    }
    let mut declared = csv_source();
    declared.encoding = Some("gb18030".into());
    let delivery = one(&declared, utf16(&TABLE.repeat(3), true));
    assert!(problem(&delivery, "ingest.encoding").hint.as_ref().unwrap().contains("utf-16le"));
}

#[test]
fn rows_with_broken_bytes_are_set_aside_one_by_one() {
    for declared in [None, Some("gb18030")] {
        let mut bytes = GB18030.encode("姓名,身份证号,金额(元)\n张三,1,1\n").0.into_owned();
        // A character cut in half by a fixed-width export: its second byte is gone.
        bytes.extend_from_slice(b"\xc0,2,2\n");
        bytes.extend_from_slice(&GB18030.encode("王五,3,3\n赵六,4,4\n").0);
        let mut source = csv_source();
        source.encoding = declared.map(String::from);
        let delivery = one(&source, bytes);
        assert_eq!(texts(&delivery, "name"), ["张三", "王五", "赵六"]);
        assert_eq!(rejects(&delivery), [("row.encoding", 3)]);
        assert_eq!(delivery.read, 4);
    }
    let mut utf8 = TABLE.as_bytes().to_vec();
    utf8.extend_from_slice(b"\xff\xfe,1,1\n");
    let delivery = one(&csv_source(), utf8);
    assert_eq!(rejects(&delivery), [("row.encoding", 4)]);
    assert_eq!(delivery.rows.len(), 2);
}

#[test]
fn traditional_characters_that_pass_for_gb18030_are_pointed_out() {
    let text = "姓名,身份證號\n".to_string() + &"陳麗華,1\n歐陽鳳,2\n劉國鋒,3\n".repeat(20);
    let mut source = csv_source();
    source.fields[1].aliases.push("身份證號".into());
    let bytes = BIG5.encode(&text).0.into_owned();
    let delivery = one(&source, &bytes);
    assert!(problem(&delivery, "ingest.no_heading").hint.as_ref().unwrap().contains("`encoding`"));
    source.encoding = Some("big5".into());
    let delivery = one(&source, &bytes);
    assert_eq!(texts(&delivery, "name")[..2], ["陳麗華", "歐陽鳳"]);
}

#[test]
fn an_encoding_that_is_neither_is_guessed_with_a_warning() {
    let mut source = csv_source();
    source.fields[0].aliases.push("name".into());
    source.fields[1].aliases.push("id".into());
    let mut bytes = b"name,id\n".to_vec();
    for _ in 0..20 {
        bytes.extend_from_slice(b"Fran\xe7ois \xff,1\nRen\xe9 \xff,2\n");
    }
    let delivery = one(&source, bytes);
    assert!(codes(&delivery).contains(&"ingest.encoding_guessed"));
    assert_eq!((delivery.rows.len(), delivery.read), (40, 40));
}

#[test]
fn quoted_cells_run_over_lines_also_in_the_heading() {
    let delivery = one(&csv_source(), "\"姓\n名\",身份证号,\"金额\r\n（元）\"\n\"张\n三\",1,\"1,000\"\n李四,2,\n");
    assert_eq!(texts(&delivery, "name"), ["张\n三", "李四"]);
    assert_eq!(texts(&delivery, "amount"), ["1,000", "-"]);
    assert_eq!(table(&delivery).row, [4, 6]);
}

#[test]
fn a_stray_quote_costs_one_row() {
    let mut text = "姓名,身份证号,金额(元)\n张三,1,1\n李四,\"2,2\n".to_string();
    for i in 0..50 {
        text += &format!("王五,{i},3\n");
    }
    text += "\"赵六,9,9\n\"钱七\",8,8\n孙八,\"7\",7\n";
    let delivery = one(&csv_source(), text);
    assert_eq!(rejects(&delivery), [("row.quote", 3), ("row.quote", 54)]);
    assert_eq!(delivery.rows.len(), 53);
    assert_eq!(texts(&delivery, "name")[51..], ["钱七", "孙八"]);
    assert_eq!(delivery.rejects[0].raw, "李四 | 2,2");
}

#[test]
fn rows_of_another_width_are_set_aside_and_trailing_delimiters_are_not() {
    let delivery = one(
        &csv_source(),
        "澄岚县底册,,\n姓名,身份证号,金额(元)\n张三,1,1,,\n李四,2\n王五,3,3,多\n赵六,4,\n\n , ,\n合计,2人\n",
    );
    assert_eq!(texts(&delivery, "name"), ["张三", "赵六"]);
    assert_eq!(rejects(&delivery), [("row.width", 4), ("row.width", 5), ("row.total", 9)]);
    assert_eq!(delivery.read, 4);
}

#[test]
fn nul_and_endless_cells_do_not_stop_the_file() {
    let long = "长".repeat(40_000);
    let delivery = one(&csv_source(), format!("姓名,身份证号,金额(元)\n张\0三,1,1\n{long},2,2\n李四,3,3\n"));
    assert_eq!(texts(&delivery, "name"), ["张\0三", "李四"]);
    assert_eq!(rejects(&delivery), [("row.oversized", 3)]);
}

#[test]
fn another_delimiter_is_found_and_named() {
    for (delimiter, shown) in [("\t", "tabs"), (";", "`;`"), ("|", "`|`")] {
        let divided = "某县名册，2026年\n".to_string() + &TABLE.replace(',', delimiter);
        let delivery = one(&csv_source(), &divided);
        assert!(problem(&delivery, "ingest.delimiter").message.contains(shown));
        assert_eq!(texts(&delivery, "amount"), ["100", "200"]);
        let mut source = csv_source();
        source.delimiter = delimiter.as_bytes()[0];
        let declared = one(&source, &divided);
        assert_eq!((codes(&declared), texts(&declared, "amount")), (vec![], vec!["100", "200"]));
    }
    // A comma in a cell of a divided table, or a tab in one of a comma's, changes nothing.
    let mut source = csv_source();
    source.delimiter = b'\t';
    let delivery = one(&source, TABLE.replace(',', "\t").replace("张三", "张,三"));
    assert_eq!(texts(&delivery, "name"), ["张,三", "李\u{20bb7}"]);
    assert_eq!(texts(&one(&csv_source(), TABLE.replace("张三", "张\t三")), "name"), ["张\t三", "李\u{20bb7}"]);
    let neither = one(&csv_source(), TABLE.replace(',', "#"));
    assert_eq!(codes(&neither), ["ingest.no_heading"]);
}

#[test]
fn an_export_without_rows_is_a_warning() {
    let delivery = one(&csv_source(), "姓名,身份证号,金额(元)\n");
    assert_eq!(codes(&delivery), ["ingest.no_rows"]);
    assert!(delivery.refused.is_empty());
}
