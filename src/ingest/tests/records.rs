//! Records by name: dBase files and JSON; and the same files without a contract.

use encoding_rs::{GB18030, UTF_8};

use super::workbooks::under;
use super::*;
use crate::ingest::limits::{LIMITS, Limits};
use crate::ingest::rows;

/// A field of a dBase file: name, kind, bytes, decimals.
type Column<'c> = (&'c str, u8, u8, u8);

/// A dBase file; each record is its mark and its values.
fn dbf(encoding: &'static encoding_rs::Encoding, page: u8, columns: &[Column], records: &[(u8, &[&str])]) -> Vec<u8> {
    let length = 1 + columns.iter().map(|c| u16::from(c.2)).sum::<u16>();
    let start = 32 + 32 * columns.len() as u16 + 1;
    let mut out = vec![0x03, 126, 9, 30];
    out.extend((records.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend([0; 17]);
    out.extend([page, 0, 0]);
    for (name, kind, size, decimals) in columns {
        let mut field = encoding.encode(name).0.into_owned();
        field.resize(11, 0);
        field.extend([*kind, 0, 0, 0, 0, *size, *decimals]);
        field.resize(32, 0);
        out.extend(field);
    }
    out.push(0x0d);
    for (mark, values) in records {
        out.push(*mark);
        for (value, (_, kind, size, _)) in values.iter().zip(columns) {
            let mut bytes = encoding.encode(value).0.into_owned();
            match kind {
                b'N' | b'F' => (bytes.len()..usize::from(*size)).for_each(|_| bytes.insert(0, b' ')),
                _ => bytes.resize(usize::from(*size), b' '),
            }
            bytes.truncate(usize::from(*size));
            out.extend(bytes);
        }
    }
    out.push(0x1a);
    out
}

const COLUMNS: [Column; 5] = [
    ("姓名", b'C', 12, 0),
    ("证件号", b'N', 18, 0),
    ("金额(元)", b'N', 8, 2),
    ("出生", b'D', 8, 0),
    ("残疾", b'L', 1, 0),
];

fn people_dbf(encoding: &'static encoding_rs::Encoding, page: u8) -> Vec<u8> {
    dbf(
        encoding,
        page,
        &COLUMNS,
        &[
            (b' ', &["张三", "990121199001011248", "310.50", "19900101", "T"]),
            (b'*', &["李四", "990121199001011264", "1.00", "19900101", "F"]),
            (b' ', &["王五", "", "", "", "?"]),
            (b' ', &["", "", "", "", ""]),
        ],
    )
}

fn one(name: &str, bytes: impl AsRef<[u8]>) -> Delivery {
    let mut source = people(Format::Any);
    // A field's name has eleven bytes at most.
    source.fields[1].aliases.push("证件号".into());
    source.fields.push(field("born?", "出生", FieldKind::Date));
    source.fields.push(field("disabled?", "残疾", FieldKind::Boolean));
    let dir = folder(name, bytes);
    deliver(&source, dir.path())
}

#[test]
fn a_dbase_file_in_any_code_page() {
    use CellKind::{Bool, Date, Empty, Number};
    for (encoding, page) in [(GB18030, 0x4d), (GB18030, 0x7a), (GB18030, 0), (UTF_8, 0), (UTF_8, 0x4d), (GB18030, 0x03)]
    {
        let delivery = one("低保.dbf", people_dbf(encoding, page));
        assert_eq!(texts(&delivery, "name"), ["张三", "王五"], "{} {page:x}", encoding.name());
        assert_eq!(texts(&delivery, "id_number"), ["990121199001011248", "-"]);
        assert_eq!(kinds(&delivery, "id_number"), [Number, Empty]);
        assert_eq!(texts(&delivery, "amount"), ["310.50", "-"]);
        assert_eq!((texts(&delivery, "born")[0], kinds(&delivery, "born")[0]), ("1990-01-01", Date));
        assert_eq!(
            (texts(&delivery, "disabled"), kinds(&delivery, "disabled")),
            (vec!["TRUE", "-"], vec![Bool, Empty])
        );
        assert_eq!(rejects(&delivery), [("row.deleted", 2), ("row.no_value", 4)]);
        assert!(delivery.rejects[0].raw.starts_with("李四 | 990121199001011264"));
        assert_eq!(codes(&delivery), [""; 0]);
        assert_eq!(table(&delivery).row, [1, 3]);
    }
}

#[test]
fn dbase_files_that_are_cut_or_lie() {
    let whole = people_dbf(GB18030, 0x4d);
    // All but the mark at the very end is needed.
    for cut in 65..whole.len() - 1 {
        let code = codes(&one("a", &whole[..cut])).pop();
        assert!(matches!(code, Some("ingest.truncated" | "ingest.broken_file")), "{cut}: {code:?}");
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        one("a", bytes);
    }
    // A name cut in the middle of a character by its field's width.
    let cut = dbf(
        GB18030,
        0x4d,
        &[("姓名", b'C', 5, 0), ("身份证号", b'C', 3, 0)],
        &[(b' ', &["欧阳娜", "1"]), (b' ', &["李四", "2"])],
    );
    let delivery = one("a", cut);
    assert_eq!((texts(&delivery, "name"), rejects(&delivery)), (vec!["李四"], vec![("row.encoding", 1)]));
    let mut more = whole.clone();
    more.extend([b' '; 500]);
    assert_eq!(codes(&one("a", more)), ["ingest.dbf_more"]);
    let memo = dbf(
        GB18030,
        0,
        &[("姓名", b'C', 8, 0), ("身份证号", b'C', 3, 0), ("备注", b'M', 10, 0)],
        &[(b' ', &["张三", "1", "7"])],
    );
    assert_eq!(codes(&one("a", memo)), ["ingest.dbf_memo", "ingest.extra_column", "ingest.optional_column"]);
    assert_eq!(under(Limits { columns: 3, ..LIMITS }, &whole), ["ingest.broken_file"]);
    let plain = [("姓名", b'C', 8, 0), ("身份证号", b'C', 3, 0)];
    let three = dbf(GB18030, 0, &plain, &[(b' ', &["张三", "1"]), (b' ', &["李四", "2"])]);
    assert_eq!(under(Limits { cells: 3, ..LIMITS }, three), ["ingest.oversized"]);
}

const LINES: &str = r#"{"姓名":"张三","身份证号":990121199001011248,"金额(元)":310.50,"残疾":true}
{"身份证号":"99012119900101123X","姓名":"李\u4e94","金额(元)":null,"其他":{"a":[1,{"b":2}]}}

{"姓名":"王五","身份证号":4.5E+17,"金额(元)":[1,2]}
{"姓名":"赵六","身份证号":"4",
{"姓名":"钱七","姓名":"孙八","身份证号":"5"}
["姓名"]
{}
{"姓名":"周九","身份证号":"6"}"#;

#[test]
fn json_lines() {
    use CellKind::{Number, Text};
    for bytes in [LINES.as_bytes().to_vec(), GB18030.encode(LINES).0.into_owned(), format!("\u{feff}{LINES}").into()] {
        let delivery = one("低保.jsonl", bytes);
        assert_eq!(texts(&delivery, "name"), ["张三", "李五", "周九"]);
        assert_eq!(texts(&delivery, "id_number"), ["990121199001011248", "99012119900101123X", "6"]);
        assert_eq!(kinds(&delivery, "id_number"), [Number, Text, Text]);
        assert_eq!(texts(&delivery, "amount"), ["310.50", "-", "-"]);
        assert_eq!(texts(&delivery, "disabled"), ["TRUE", "-", "-"]);
        let expected =
            [("row.nested", 4), ("row.syntax", 5), ("row.syntax", 6), ("row.syntax", 7), ("row.no_value", 8)];
        assert_eq!(rejects(&delivery), expected);
        assert_eq!(delivery.rejects[1].raw, r#"{"姓名":"赵六","身份证号":"4","#);
        assert_eq!(table(&delivery).row, [1, 2, 9]);
        assert_eq!(codes(&delivery), ["ingest.extra_column", "ingest.optional_column"]);
    }
}

#[test]
fn a_list_of_json_objects() {
    let list = r#" [ {"姓名":"张三","身份证号":1.0e3,"金额(元)":-0.10},
        7, {"姓名":"李四","身份证号":"2","金额(元)":{}}, ["a"], {"身份证号":"3","姓名":"王五","姓名":"x"} ] "#;
    let delivery = one("低保.json", list);
    assert_eq!((texts(&delivery, "name"), texts(&delivery, "id_number")), (vec!["张三"], vec!["1.0e3"]));
    assert_eq!(texts(&delivery, "amount"), ["-0.10"]);
    let expected = [("row.syntax", 2), ("row.nested", 3), ("row.syntax", 4), ("row.syntax", 5)];
    assert_eq!(rejects(&delivery), expected);
    for (text, code) in [
        (r#"[{"姓名":"张三","身份证号":"1"},{"姓名":"#.to_string(), "ingest.truncated"),
        (r#"[{"姓名":"张三"}] {"#.to_string(), "ingest.truncated"),
        ("[]".to_string(), "ingest.json_shape"),
        ("{\n \"code\": 0,\n \"data\": [{\"姓名\":\"张三\"}]\n}".to_string(), "ingest.json_shape"),
        (format!("[{{\"姓名\":\"{}\"}}]", "长".repeat(2_000_000)), "ingest.oversized"),
        (format!("{{\"a\":{}", "[".repeat(100_000)), "ingest.json_shape"),
        (format!("[{{\"a\":{}", "[".repeat(100_000)), "ingest.truncated"),
        (r#"{"code":0,"data":[]}"#.to_string(), "ingest.missing_column"),
    ] {
        let found = codes(&one("a", &text));
        assert!(found.contains(&code), "{found:?} for {}", text.chars().take(60).collect::<String>());
    }
    let wide: String = (0..20_000).map(|i| format!("{{\"k{i}\":1}}\n")).collect();
    assert_eq!(codes(&one("a", wide)), ["ingest.oversized"]);
    assert_eq!(under(Limits { cells: 3, ..LIMITS }, LINES), ["ingest.oversized"]);
    assert_eq!(
        under(Limits { json_row: 30, ..LIMITS }, r#"[{"姓名":"一个不短的名字一个不短的名字"}]"#),
        ["ingest.oversized"]
    );
}

/// Headings, rows and number of rows set aside of a file without a contract.
fn plainly(bytes: impl AsRef<[u8]>, wanted: &[&str]) -> (Vec<Vec<String>>, u64) {
    let dir = folder("a", bytes);
    let file = rows::open(&dir.path().join("a")).unwrap();
    let at = |name: &&str| file.headings().iter().position(|h| h == name).unwrap();
    let wanted: Vec<usize> = wanted.iter().map(at).collect();
    let mut found = Vec::new();
    let read = file.read(&wanted, &mut |cells| {
        found.push((0..wanted.len()).map(|i| cells.get(i).to_string()).collect());
        Ok(())
    });
    let read = read.unwrap();
    assert_eq!(read.rows, found.len() as u64);
    (found, read.set_aside)
}

#[test]
fn every_format_without_a_contract() {
    let columns = ["身份证号", "姓名"];
    let rows = |list: &[[&str; 2]]| -> Vec<Vec<String>> { list.iter().map(|r| r.map(String::from).to_vec()).collect() };
    let made = |name: &str| fs::read(format!("{}/tests/corpus/formats/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let first = ["99012119900101123X", "张三"];
    for name in ["名册.xls", "名册.ods", "名册.xlsx"] {
        let (found, aside) = plainly(made(name), &columns);
        assert_eq!((found[0].clone(), found.len(), aside), (first.map(String::from).to_vec(), 4, 0), "{name}");
    }
    let page = "<table><caption>名册</caption><tr><th>姓名<th>身份证号<tr><td>张三<td>99012119900101123X</table>";
    assert_eq!(plainly(page, &columns), (rows(&[first]), 0));
    let (found, aside) = plainly(people_dbf(GB18030, 0x4d), &["证件号", "姓名"]);
    assert_eq!((found, aside), (rows(&[["990121199001011248", "张三"], ["", "王五"]]), 1));
    let (found, aside) = plainly(LINES, &columns);
    assert_eq!(
        found,
        rows(&[["990121199001011248", "张三"], ["99012119900101123X", "李五"], ["4.5E+17", "王五"], ["6", "周九"]])
    );
    assert_eq!(aside, 3);
    let code = |bytes: &[u8]| {
        let dir = folder("a", bytes);
        rows::open(&dir.path().join("a")).err().unwrap()[0].code
    };
    assert_eq!(code(&made("远处的单元格.xls")), "ingest.oversized");
    assert_eq!(code(b"<html><body>404</body></html>"), "ingest.web_page");
    assert_eq!(code(&made("名册.ods")[..9_000]), "ingest.truncated");
}
