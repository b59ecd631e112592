//! Workbooks of other kinds: .xls, .ods and .xlsb, as LibreOffice and xlwt write them, and as nobody should.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::*;
use crate::ingest::header::Contract;
use crate::ingest::intake::Reading;
use crate::ingest::limits::{LIMITS, Limits};
use crate::ingest::read_file;
use crate::ingest::sink::Sink;

/// A file of `tests/corpus/formats`, made by `tests/corpus/make.py`.
fn made(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/formats").join(name)).unwrap()
}

fn one(bytes: impl AsRef<[u8]>) -> Delivery {
    let mut source = people(Format::Any);
    source.fields.push(field("village?", "村", FieldKind::Village));
    source.fields.push(field("day?", "日期", FieldKind::Date));
    let dir = folder("没有扩展名", bytes);
    deliver(&source, dir.path())
}

/// Reads a file under limits small enough for a test.
pub(super) fn under(limits: Limits, bytes: impl AsRef<[u8]>) -> Vec<&'static str> {
    let dir = folder("表", bytes);
    let source = people(Format::Any);
    let contract = Contract::new(&source);
    let mut watch = |_: &RawTable| {};
    let mut sink = Sink::new(source.fields.iter().map(|f| f.name.clone()), &mut watch);
    let mut reading = Reading::new(&contract, "表", &mut sink, limits);
    let file = InputFile { relative: "表".into(), path: dir.path().join("表") };
    read_file(&mut reading, &file).err().unwrap_or_default().iter().map(|p| p.code).collect()
}

#[test]
fn the_same_table_from_every_workbook() {
    use CellKind::{Date, Error, Number, Text};
    for name in ["名册.xls", "名册.ods", "名册.xlsx"] {
        let delivery = one(made(name));
        assert_eq!(texts(&delivery, "name"), ["张三", "李四", "王五", "赵六"], "{name}");
        assert_eq!(texts(&delivery, "village"), ["云岭村", "云岭村", "清溪村", "河湾村"], "{name}");
        let numbers = texts(&delivery, "id_number");
        assert_eq!((numbers[0], numbers[2]), ("99012119900101123X", "990121199001011264"), "{name}");
        // A number cell of a spreadsheet does not hold 18 digits: what is left of them depends on the program.
        assert!(numbers[1].starts_with("990121199001011"), "{name}: {}", numbers[1]);
        assert_eq!(kinds(&delivery, "id_number"), [Text, Number, Text, Text], "{name}");
        assert_eq!(texts(&delivery, "amount"), ["310", "42", "#DIV/0!", "-"], "{name}");
        assert_eq!(kinds(&delivery, "amount")[..3], [Number, Number, Error], "{name}");
        assert_eq!(texts(&delivery, "day"), ["2026-09-30", "2026-01-05", "2026年3月", "-"], "{name}");
        assert_eq!(kinds(&delivery, "day")[..3], [Date, Date, Text], "{name}");
        assert_eq!(table(&delivery).row, [3, 4, 5, 2], "{name}");
        assert_eq!(rejects(&delivery), [("row.total", 9)], "{name}");
        assert_eq!(table(&delivery).provenance(3).sheet, "清溪 乡", "{name}");
        let told = ["ingest.hidden_sheet", "ingest.hidden_rows", "ingest.optional_column"];
        assert_eq!(codes(&delivery), told, "{name}");
        let hidden = problem(&delivery, "ingest.hidden_rows");
        assert!(hidden.message.starts_with("1 rows and 0 columns are hidden"), "{name}: {}", hidden.message);
        assert_eq!(hidden.place.sheet.as_deref(), Some("云岭镇"));
    }
}

#[test]
fn texts_over_several_records_and_what_is_hidden() {
    let delivery = one(made("四百人.xls"));
    assert_eq!(delivery.rows.len(), 400);
    let names = texts(&delivery, "name");
    for (i, c) in (0x4e00..).filter_map(char::from_u32).take(400).enumerate() {
        assert_eq!(names[i], format!("张{c}"));
    }
    assert_eq!(texts(&delivery, "amount")[399], "99.75");
    assert!(problem(&delivery, "ingest.hidden_rows").message.starts_with("1 rows and 1 columns"));
}

#[test]
fn a_far_cell_costs_no_more_than_the_caps() {
    assert_eq!(codes(&one(made("远处的单元格.xls"))), ["ingest.oversized"]);
    let roomy = Limits { dense: 3 * 65_536 * 256, ..LIMITS };
    assert_eq!(under(roomy, made("远处的单元格.xls")), [""; 0]);
    assert_eq!(under(Limits { whole: 1_000, ..LIMITS }, made("名册.xls")), ["ingest.oversized"]);
    assert_eq!(under(Limits { cells: 5, ..LIMITS }, made("名册.xls")), ["ingest.oversized"]);
    assert_eq!(under(Limits { columns: 3, ..LIMITS }, made("名册.xls")), ["ingest.oversized"]);
    assert_eq!(under(Limits { file: 1_000, ..LIMITS }, made("名册.xls")), ["ingest.oversized"]);
}

/// The workbook's stream of an .xls file, changed and put back.
fn with_stream(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    use std::io::Read;
    let mut file = cfb::CompoundFile::open(Cursor::new(made("名册.xls"))).unwrap();
    let mut stream = Vec::new();
    file.open_stream("/Workbook").unwrap().read_to_end(&mut stream).unwrap();
    change(&mut stream);
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream("/Workbook").unwrap().write_all(&stream).unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}

/// Where the first record of a kind lies.
fn record(stream: &[u8], kind: u16) -> usize {
    let mut at = 0;
    while at + 4 <= stream.len() {
        let word = |i: usize| u16::from_le_bytes([stream[i], stream[i + 1]]);
        if word(at) == kind {
            return at;
        }
        at += 4 + word(at + 2) as usize;
    }
    panic!("no record {kind:x}");
}

#[test]
fn old_workbooks_that_lie_are_locked_or_have_no_container() {
    // Dimensions up to the end of the world, which the parser would make room for.
    let wide = with_stream(|stream| {
        let at = record(stream, 0x0200) + 4;
        stream[at..at + 8].copy_from_slice(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    });
    assert_eq!(texts(&one(wide), "name").len(), 4);
    let locked = with_stream(|stream| {
        let at = record(stream, 0x0042);
        stream.splice(at..at, [0x2f, 0, 6, 0, 1, 0, 1, 0, 1, 0]);
    });
    assert_eq!(codes(&one(locked)), ["ingest.password"]);
    let mut bare = Vec::new();
    with_stream(|stream| bare = stream.clone());
    assert_eq!(texts(&one(&bare), "name").len(), 4);
    assert_eq!(codes(&one([0x09, 0x04, 0x06, 0x00, 0, 4, 0x10, 0, 0, 0])), ["ingest.legacy_workbook"]);
    // A document of another old program.
    let mut word = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    word.create_stream("/WordDocument").unwrap().write_all(&[0; 5_000]).unwrap();
    word.flush().unwrap();
    assert_eq!(codes(&one(word.into_inner().into_inner())), ["ingest.not_workbook"]);
    // A new workbook with a password.
    let mut sealed = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    sealed.create_stream("/EncryptedPackage").unwrap().write_all(&[7; 5_000]).unwrap();
    sealed.flush().unwrap();
    assert_eq!(codes(&one(sealed.into_inner().into_inner())), ["ingest.password"]);
}

#[test]
fn workbooks_that_are_cut_or_damaged_never_bring_the_run_down() {
    for book in [made("名册.xls"), made("名册.ods"), binary_book(false)] {
        for cut in (9..book.len()).step_by(book.len() / 40) {
            let delivery = one(&book[..cut]);
            assert!(!delivery.refused.is_empty(), "cut at {cut}");
        }
        for at in (0..book.len()).step_by(book.len() / 150) {
            let mut bytes = book.clone();
            bytes[at] ^= 0x5a;
            one(bytes);
        }
    }
}

/// An .ods file whose content is this.
pub(super) fn ods(content: &str) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    out.start_file("mimetype", stored).unwrap();
    out.write_all(b"application/vnd.oasis.opendocument.spreadsheet").unwrap();
    out.start_file("content.xml", SimpleFileOptions::default()).unwrap();
    let names =
        ["office", "table", "text"].map(|n| format!("xmlns:{n}=\"urn:oasis:names:tc:opendocument:xmlns:{n}:1.0\""));
    let begin = format!("<office:document-content {}><office:body><office:spreadsheet>", names.join(" "));
    write!(out, "{begin}{content}</office:spreadsheet></office:body></office:document-content>").unwrap();
    out.start_file("META-INF/manifest.xml", SimpleFileOptions::default()).unwrap();
    out.write_all(b"<manifest:manifest xmlns:manifest=\"urn:x\"/>").unwrap();
    out.finish().unwrap().into_inner()
}

pub(super) fn text_cell(text: &str, attributes: &str) -> String {
    format!(r#"<table:table-cell office:value-type="string" {attributes}><text:p>{text}</text:p></table:table-cell>"#)
}

fn ods_table(rows: &str) -> Vec<u8> {
    let heading = format!("<table:table-row>{}{}</table:table-row>", text_cell("姓名", ""), text_cell("身份证号", ""));
    ods(&format!(r#"<table:table table:name="甲">{heading}{rows}</table:table>"#))
}

#[test]
fn repeats_of_an_ods_file() {
    let person = |attributes: &str| {
        format!("<table:table-row {attributes}>{}{}</table:table-row>", text_cell("张三", ""), text_cell("1", ""))
    };
    // What a spreadsheet program writes: all rows and columns behind the table are one repeated blank cell.
    let plain = format!(
        r#"{}<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>"#,
        person("table:number-rows-repeated=\"3\"")
    );
    let delivery = one(ods_table(&plain));
    assert_eq!((texts(&delivery, "name"), table(&delivery).row.clone()), (vec!["张三"; 3], vec![2, 3, 4]));
    let spaces = format!(
        "<table:table-row>{}{}</table:table-row>",
        text_cell(r#"张<text:s text:c="999999999"/>三<text:line-break/>&amp;&#x4E59;"#, ""),
        text_cell("1", "")
    );
    let delivery = one(ods_table(&spaces));
    assert_eq!(texts(&delivery, "name"), [format!("张{}三\n&乙", " ".repeat(1_000))]);
    let note = format!(
        "<table:table-row>{}{}</table:table-row>",
        text_cell("张三", "")
            .replace("<text:p>", "<office:annotation><text:p>批注</text:p></office:annotation><text:p>"),
        text_cell("1", "table:number-rows-spanned=\"2\"")
    ) + "<table:table-row><table:table-cell office:value-type=\"string\"><text:p>李四</text:p></table:table-cell><table:covered-table-cell/></table:table-row>";
    let delivery = one(ods_table(&note));
    assert_eq!((texts(&delivery, "name"), texts(&delivery, "id_number")), (vec!["张三", "李四"], vec!["1", "1"]));

    let table = [
        // Too many rows, too far, too much text, too many cells.
        (person("table:number-rows-repeated=\"2000000\""), "ingest.broken_workbook"),
        (
            format!("<table:table-row>{}</table:table-row>", text_cell("x", "table:number-columns-repeated=\"99999\"")),
            "ingest.broken_workbook",
        ),
        (
            format!(
                "<table:table-row>{}</table:table-row>",
                text_cell(&"长".repeat(1_000), "table:number-columns-repeated=\"16384\"")
            ),
            "ingest.oversized",
        ),
        (
            format!(
                "<table:table-row table:number-rows-repeated=\"1000000\">{}</table:table-row>",
                text_cell("x", "table:number-columns-repeated=\"16000\"")
            ),
            "ingest.oversized",
        ),
        ("<table:table-row><table:table-cell>".to_string(), "ingest.truncated"),
    ];
    for (rows, code) in table {
        assert_eq!(codes(&one(ods_table(&rows))), [code]);
    }
    assert_eq!(under(Limits { parts: 2, ..LIMITS }, made("名册.ods")), ["ingest.oversized"]);
    assert_eq!(under(Limits { inflated: 900, ..LIMITS }, made("名册.ods")), ["ingest.oversized"]);
    assert_eq!(under(Limits { merges: 0, ..LIMITS }, made("名册.ods")), ["ingest.oversized"]);
    assert_eq!(under(Limits { text: 100, ..LIMITS }, made("名册.ods")), ["ingest.oversized"]);
}

#[test]
fn an_ods_file_with_a_password_and_other_documents() {
    let mut archive = ZipArchive::new(Cursor::new(made("名册.ods"))).unwrap();
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for i in 0..archive.len() {
        let part = archive.by_index_raw(i).unwrap();
        if part.name().unwrap() != "META-INF/manifest.xml" {
            out.raw_copy_file(part).unwrap();
        }
    }
    out.start_file("META-INF/manifest.xml", SimpleFileOptions::default()).unwrap();
    out.write_all(b"<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>").unwrap();
    assert_eq!(codes(&one(out.finish().unwrap().into_inner())), ["ingest.password"]);
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    out.start_file("[Content_Types].xml", SimpleFileOptions::default()).unwrap();
    out.start_file("word/document.xml", SimpleFileOptions::default()).unwrap();
    assert_eq!(codes(&one(out.finish().unwrap().into_inner())), ["ingest.not_table"]);
}

/// A record of a binary workbook.
fn push(out: &mut Vec<u8>, kind: u16, data: &[u8]) {
    match kind {
        0..=0x7f => out.push(kind as u8),
        _ => out.extend([(kind & 0x7f) as u8 | 0x80, (kind >> 7) as u8]),
    }
    let mut length = data.len();
    while length > 0x7f {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend(data);
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut out = (units.len() as u32).to_le_bytes().to_vec();
    out.extend(units.into_iter().flat_map(u16::to_le_bytes));
    out
}

fn cell(column: u32, style: u8, value: &[u8]) -> Vec<u8> {
    [&column.to_le_bytes()[..], &[style, 0, 0, 0], value].concat()
}

/// A workbook in records as Excel writes them, in the parts that a reader needs.
fn binary_book(is_1904: bool) -> Vec<u8> {
    let mut sheet = Vec::new();
    push(&mut sheet, 0x81, &[]);
    push(&mut sheet, 0x94, &[0; 16]);
    // A hidden column.
    push(&mut sheet, 0x3c, &[5, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    push(&mut sheet, 0x91, &[]);
    let row = |sheet: &mut Vec<u8>, number: u32, hidden: bool| {
        let flags = [&number.to_le_bytes()[..], &[0, 0, 0, 0, 0, 0, 0, if hidden { 0x10 } else { 0 }, 0]].concat();
        push(sheet, 0x00, &flags);
    };
    row(&mut sheet, 0, false);
    for (column, heading) in ["村", "姓名", "身份证号", "金额(元)", "日期"].iter().enumerate() {
        push(&mut sheet, 0x06, &cell(column as u32, 0, &wide(heading)));
    }
    row(&mut sheet, 1, false);
    push(&mut sheet, 0x07, &cell(0, 0, &0_u32.to_le_bytes()));
    push(&mut sheet, 0x07, &cell(1, 0, &1_u32.to_le_bytes()));
    push(&mut sheet, 0x05, &cell(2, 0, &990121199001011264.0_f64.to_le_bytes()));
    // The error in which a formula ended.
    push(&mut sheet, 0x0b, &cell(3, 0, &[0x07, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    push(&mut sheet, 0x02, &cell(4, 1, &(46_295_u32 << 2 | 2).to_le_bytes()));
    row(&mut sheet, 2, true);
    push(&mut sheet, 0x06, &cell(1, 0, &wide("李四")));
    push(&mut sheet, 0x08, &cell(2, 0, &[wide("99012119900101123X"), vec![0; 10]].concat()));
    push(&mut sheet, 0x09, &cell(3, 0, &[&12.5_f64.to_le_bytes()[..], &[0; 10]].concat()));
    row(&mut sheet, 3, false);
    push(&mut sheet, 0x0b, &cell(3, 0, &[0x2a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    push(&mut sheet, 0x92, &[]);
    push(&mut sheet, 0xb0, &[1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

    let mut strings = Vec::new();
    push(&mut strings, 0x9f, &[2, 0, 0, 0, 2, 0, 0, 0]);
    for text in ["云岭村", "张三"] {
        push(&mut strings, 0x13, &[vec![0], wide(text)].concat());
    }
    let mut styles = Vec::new();
    push(&mut styles, 0x269, &2_u32.to_le_bytes());
    for format in [0_u16, 14] {
        push(&mut styles, 0x2f, &[&[0, 0][..], &format.to_le_bytes(), &[0; 12]].concat());
    }
    push(&mut styles, 0x26a, &[]);

    let mut book = Vec::new();
    push(&mut book, 0x83, &[]);
    push(&mut book, 0x99, &[u8::from(is_1904), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    push(&mut book, 0x9c, &[vec![0; 4], vec![1, 0, 0, 0], wide("rId1"), wide("云岭镇")].concat());
    push(&mut book, 0x90, &[]);
    push(&mut book, 0x9d, &[0; 4]);
    push(&mut book, 0x84, &[]);

    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    let rels =
        r#"<Relationships xmlns="x"><Relationship Id="rId1" Type="t" Target="worksheets/sheet1.bin"/></Relationships>"#;
    for (name, bytes) in [
        ("[Content_Types].xml", b"<Types/>".to_vec()),
        ("xl/workbook.bin", book),
        ("xl/_rels/workbook.bin.rels", rels.into()),
        ("xl/worksheets/sheet1.bin", sheet),
        ("xl/sharedStrings.bin", strings),
        ("xl/styles.bin", styles),
    ] {
        out.start_file(name, SimpleFileOptions::default()).unwrap();
        out.write_all(&bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn the_1904_calendar_of_old_and_binary_workbooks() {
    let old = with_stream(|stream| {
        let at = record(stream, 0x0022) + 4;
        stream[at] = 1;
    });
    // Four years and a day later than the same number in the usual calendar.
    for bytes in [old, binary_book(true)] {
        assert_eq!(texts(&one(bytes), "day")[0], "2030-10-01");
    }
}

#[test]
fn a_binary_workbook_with_all_that_its_parser_leaves_out() {
    use CellKind::{Date, Error, Number};
    let delivery = one(binary_book(false));
    assert!(delivery.refused.is_empty(), "{:?}", delivery.problems);
    assert_eq!(texts(&delivery, "name"), ["张三", "李四", "-"]);
    assert_eq!(texts(&delivery, "village"), ["云岭村", "云岭村", "-"]);
    assert_eq!(texts(&delivery, "id_number"), ["990121199001011200", "99012119900101123X", "-"]);
    assert_eq!(texts(&delivery, "amount"), ["#DIV/0!", "12.5", "#N/A"]);
    assert_eq!(kinds(&delivery, "amount"), [Error, Number, Error]);
    assert_eq!((texts(&delivery, "day")[0], kinds(&delivery, "day")[0]), ("2026-09-30", Date));
    assert_eq!(codes(&delivery), ["ingest.hidden_rows"]);
    assert!(delivery.problems[0].message.starts_with("1 rows and 2 columns are hidden"));
    for limits in [
        Limits { cells: 5, ..LIMITS },
        Limits { parts: 3, ..LIMITS },
        Limits { inflated: 300, ..LIMITS },
        Limits { merges: 0, ..LIMITS },
    ] {
        assert_eq!(under(limits, binary_book(false)), ["ingest.oversized"], "{limits:?}");
    }
}
