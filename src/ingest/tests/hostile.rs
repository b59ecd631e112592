//! Files that are not what they say, are broken, or mean harm: each ends in a diagnostic of its own.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::*;
use crate::ingest::header::Contract;
use crate::ingest::intake::Reading;
use crate::ingest::limits::{LIMITS, Limits};
use crate::ingest::sink::Sink;

/// A workbook with some of its parts rewritten.
pub(super) fn edit(book: &[u8], change: impl Fn(&str, String) -> String) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(book)).unwrap();
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for i in 0..archive.len() {
        let mut part = archive.by_index(i).unwrap();
        let name = part.name().unwrap().to_string();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        out.start_file(&name, SimpleFileOptions::default()).unwrap();
        out.write_all(change(&name, text).as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

/// A workbook whose sheet is this XML.
fn with_sheet(xml: &str) -> Vec<u8> {
    edit(&small(), |name, text| match name {
        "xl/worksheets/sheet1.xml" => xml.to_string(),
        _ => text,
    })
}

fn small() -> Vec<u8> {
    workbook(&[&["姓名", "身份证号"], &["张三", "1"], &["李四", "2"]])
}

const SHEET: &str = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">"#;

fn cell(at: &str, text: &str) -> String {
    format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

fn heading() -> String {
    format!(r#"<row r="1">{}{}</row>"#, cell("A1", "姓名"), cell("B1", "身份证号"))
}

fn one(bytes: impl AsRef<[u8]>) -> Delivery {
    let dir = folder("表.xlsx", bytes);
    deliver(&people(Format::Xlsx), dir.path())
}

fn refused_as(bytes: impl AsRef<[u8]>) -> &'static str {
    let delivery = one(bytes);
    assert!(delivery.rows.is_empty() && delivery.rejects.is_empty() && delivery.read == 0);
    assert_eq!(delivery.problems.len(), 1, "{:?}", delivery.problems);
    assert!(delivery.problems[0].hint.is_some());
    delivery.problems[0].code
}

#[test]
fn files_that_are_not_what_they_say() {
    let compound = |tail: &str| {
        let mut bytes = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
        bytes.resize(70_000, 0);
        bytes.extend(tail.encode_utf16().flat_map(u16::to_le_bytes));
        bytes
    };
    let table: [(Vec<u8>, &str); 8] = [
        ("<html><table><tr><td>姓名</td></tr></table></html>".into(), "ingest.html_as_workbook"),
        ("\u{feff}\r\n<?xml version=\"1.0\"?><数据/>".into(), "ingest.not_table"),
        ("姓名,身份证号\n张三,1\n".into(), "ingest.text_as_workbook"),
        (compound("Workbook"), "ingest.legacy_workbook"),
        (compound("EncryptedPackage"), "ingest.password"),
        (b"%PDF-1.7".to_vec(), "ingest.not_table"),
        (vec![1; 100], "ingest.not_table"),
        (workbook(&[]), "ingest.empty_workbook"),
    ];
    for (bytes, code) in table {
        assert_eq!(refused_as(bytes), code);
    }
    for (bytes, code) in [
        (small(), "ingest.not_csv"),
        (b"<table><tr><td>1</td></tr></table>".to_vec(), "ingest.html_as_csv"),
        (compound("Workbook"), "ingest.legacy_workbook"),
        (vec![b'x'; (5 << 20) as usize], "ingest.not_csv"),
    ] {
        let dir = folder("表.csv", bytes);
        assert_eq!(codes(&deliver(&people(Format::Csv), dir.path())), [code]);
    }
}

#[test]
fn a_file_emptied_after_it_was_found_is_refused() {
    let dir = folder("表.xlsx", "");
    let file = InputFile { relative: "表.xlsx".into(), path: dir.path().join("表.xlsx") };
    for format in [Format::Csv, Format::Xlsx, Format::Parquet] {
        let delivery = read(&people(format), std::slice::from_ref(&file));
        assert_eq!(codes(&delivery), ["ingest.empty_file"]);
    }
    let gone = InputFile { path: dir.path().join("没有"), ..file };
    assert_eq!(codes(&read(&people(Format::Csv), &[gone])), ["ingest.unreadable"]);
}

#[test]
fn a_workbook_cut_anywhere_is_refused_and_never_half_read() {
    let book = small();
    for cut in (5..book.len()).step_by(97).chain([book.len() - 1]) {
        let code = refused_as(&book[..cut]);
        assert!(matches!(code, "ingest.truncated" | "ingest.not_workbook"), "{cut}: {code}");
    }
}

#[test]
fn a_workbook_with_flipped_bytes_never_panics_the_run() {
    let book = small();
    for at in (0..book.len()).step_by(61) {
        let mut bytes = book.clone();
        bytes[at] ^= 0x5a;
        let delivery = one(&bytes);
        assert!(delivery.rows.is_empty() || delivery.rows.len() == 2, "byte {at}");
    }
}

#[test]
fn a_file_that_grows_while_it_is_read_is_refused() {
    let row = "张三,1,5\n".repeat(200_000);
    let dir = folder("表.csv", format!("姓名,身份证号,金额(元)\n{row}"));
    let path = dir.path().join("表.csv");
    let (done, begun) = (std::sync::atomic::AtomicBool::new(false), std::sync::Barrier::new(2));
    let delivery = std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
            begun.wait();
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                file.write_all("李四,2,7\n".as_bytes()).unwrap();
                // Slower than it is read, or reading it would not end before the caps do.
                std::thread::sleep(std::time::Duration::from_micros(100));
            }
        });
        begun.wait();
        let delivery = deliver(&people(Format::Csv), dir.path());
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        delivery
    });
    assert!(codes(&delivery).contains(&"ingest.still_growing"), "{:?}", delivery.problems);
    assert!(delivery.rows.is_empty() && delivery.rejects.is_empty() && delivery.read == 0);
    assert_eq!(delivery.refused, ["表.csv"]);
    // Once it is whole it is read.
    let delivery = deliver(&people(Format::Csv), dir.path());
    assert!(delivery.refused.is_empty() && delivery.read > 200_000, "{:?}", delivery.problems);
}

#[test]
fn two_parts_of_one_name_and_parts_under_a_password() {
    // The sheet once more, with other rows, under the same name, or one that differs in case only.
    let with_second = |name: &str| {
        let mut out = ZipWriter::new(Cursor::new(Vec::new()));
        let mut archive = ZipArchive::new(Cursor::new(small())).unwrap();
        for i in 0..archive.len() {
            out.raw_copy_file(archive.by_index_raw(i).unwrap()).unwrap();
        }
        out.start_file(name, SimpleFileOptions::default()).unwrap();
        out.write_all(format!("{SHEET}<sheetData>{}</sheetData></worksheet>", heading()).as_bytes()).unwrap();
        out.finish().unwrap().into_inner()
    };
    assert_eq!(refused_as(with_second("XL/Worksheets/SHEET1.xml")), "ingest.zip_duplicate");
    let mut same = with_second("xl/worksheets/sheet9.xml");
    let at: Vec<usize> = (0..same.len() - 10).filter(|i| same[*i..].starts_with(b"sheet9.xml")).collect();
    at.into_iter().for_each(|at| same[at + 5] = b'1');
    assert_eq!(refused_as(same), "ingest.zip_duplicate");

    let mut locked = small();
    let directory = locked.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    locked[6] |= 1;
    locked[directory + 8] |= 1;
    assert_eq!(refused_as(locked), "ingest.password");
}

#[test]
fn a_far_cell_and_a_wrong_dimension_cost_nothing() {
    let far = format!(
        r#"{SHEET}<dimension ref="A1:XFD1048576"/><sheetData>{}<row r="2">{}{}</row><row r="1048576">{}</row></sheetData></worksheet>"#,
        heading(),
        cell("A2", "张三"),
        cell("B2", "1"),
        cell("XFD1048576", "x")
    );
    let delivery = one(with_sheet(&far));
    assert_eq!(texts(&delivery, "name"), ["张三"]);
    assert_eq!(rejects(&delivery), [("row.no_value", 1_048_576)]);
    for dimension in ["A1", "A1:A1", "B2:C9999"] {
        let wrong = format!(
            r#"{SHEET}<dimension ref="{dimension}"/><sheetData>{}<row>{}{}</row></sheetData></worksheet>"#,
            heading(),
            "<c t=\"inlineStr\"><is><t>张三</t></is></c>",
            "<c><v>1</v></c>"
        );
        let delivery = one(with_sheet(&wrong));
        assert_eq!(texts(&delivery, "name"), ["张三"], "{dimension}");
        assert_eq!(texts(&delivery, "id_number"), ["1"]);
    }
}

#[test]
fn sheets_no_program_writes_are_refused() {
    let rows = |rows: &str| format!("{SHEET}<sheetData>{}{rows}</sheetData></worksheet>", heading());
    let table = [
        // Out of order, twice, outside of any sheet.
        rows(&format!("<row r=\"3\">{}</row><row r=\"2\">{}</row>", cell("A3", "甲"), cell("A2", "乙"))),
        rows(&format!("<row r=\"2\">{}{}</row>", cell("A2", "甲"), cell("A2", "乙"))),
        rows(&format!("<row r=\"2\">{}</row>", cell("XFE2", "甲"))),
        rows(&format!("<row r=\"2\">{}</row>", cell("A1048577", "甲"))),
        rows(&format!("<row r=\"2\">{}</row>", cell("A99999999999999999999", "甲"))),
        rows("<row r=\"2\"><c r=\"A2\" t=\"e\"><v>#SPILL!</v></c></row>"),
        rows("<row r=\"2\"><c r=\"A2\" t=\"s\"><v>999999</v></c></row>"),
        rows(&format!("<row r=\"2\">{}</row>", cell("ZZZZZZZZZZ2", "甲"))),
        rows("<row r=\"99999999999\"><c><v>1</v></c></row>"),
        rows("").replace("<sheetData>", "<dimension ref=\"C9:A1\"/><sheetData>"),
        rows("").replace("<sheetData>", "<dimension ref=\"A1:B2:C3\"/><sheetData>"),
    ];
    for xml in table {
        assert_eq!(refused_as(with_sheet(&xml)), "ingest.broken_workbook", "{xml}");
    }
    assert_eq!(refused_as(with_sheet(&format!("{SHEET}<sheetData>{}", heading()))), "ingest.truncated");
}

/// Reads a workbook under limits small enough for a test.
fn under(limits: Limits, bytes: Vec<u8>) -> Vec<&'static str> {
    let dir = folder("表.xlsx", bytes);
    let source = people(Format::Xlsx);
    let contract = Contract::new(&source);
    let mut watch = |_: &RawTable| {};
    let mut sink = Sink::new(source.fields.iter().map(|f| f.name.clone()), &mut watch);
    let mut reading = Reading::new(&contract, "表.xlsx", &mut sink, limits);
    let file = InputFile { relative: "表.xlsx".into(), path: dir.path().join("表.xlsx") };
    let end = crate::ingest::read_file(&mut reading, &file);
    end.err().unwrap_or_default().iter().map(|p| p.code).collect()
}

#[test]
fn bombs_are_refused_while_they_are_looked_through() {
    // 70 MB of spaces in 70 KB: more than any sheet compresses to.
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    let mut archive = ZipArchive::new(Cursor::new(small())).unwrap();
    for i in 0..archive.len() {
        out.raw_copy_file(archive.by_index_raw(i).unwrap()).unwrap();
    }
    out.start_file("xl/media/image1.png", SimpleFileOptions::default()).unwrap();
    out.write_all(b"\x89PNG").unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..70 {
        out.write_all(&zeros).unwrap();
    }
    let bomb = out.finish().unwrap().into_inner();
    assert!(bomb.len() < 200_000);
    assert_eq!(refused_as(&bomb), "ingest.oversized");

    // The same with a directory that lies about the size.
    let mut liar = bomb.clone();
    let size = (70u32 << 20) + 4;
    let found: Vec<usize> = (0..liar.len() - 4).filter(|i| liar[*i..*i + 4] == size.to_le_bytes()).collect();
    assert!(!found.is_empty());
    for at in found {
        liar[at..at + 4].copy_from_slice(&100u32.to_le_bytes());
    }
    let code = refused_as(&liar);
    assert!(matches!(code, "ingest.oversized" | "ingest.truncated"), "{code}");
}

#[test]
fn every_limit_holds() {
    let text = |n: usize| {
        let long = "长".repeat(n);
        let row = format!("<row r=\"2\">{}{}</row>", cell("A2", &long), cell("B2", "1"));
        with_sheet(&format!("{SHEET}<sheetData>{}{row}</sheetData></worksheet>", heading()))
    };
    assert_eq!(under(LIMITS, small()), [""; 0]);
    assert_eq!(under(Limits { cells: 5, ..LIMITS }, small()), ["ingest.oversized"]);
    assert_eq!(under(Limits { parts: 3, ..LIMITS }, small()), ["ingest.oversized"]);
    assert_eq!(under(Limits { inflated: 900, ..LIMITS }, small()), ["ingest.oversized"]);
    assert_eq!(refused_as(text(1_000_000)), "ingest.oversized");
    let long = one(text(40_000));
    assert_eq!(rejects(&long), [("row.oversized", 2)]);
    // What the parser keeps whole though it is no text between two tags, and one text in many pieces.
    let many = "<>".repeat(1_200_000);
    let pieces = "长<x/>".repeat(1_000_000);
    for odd in [
        format!("<!-- {many} -->"),
        format!("<c r=\"A2\" a=\"{many}\"/>"),
        format!("<?x >{many} ?>"),
        format!("<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>{pieces}</t></is></c></row>"),
    ] {
        let xml = format!("{SHEET}<sheetData>{}{odd}</sheetData></worksheet>", heading());
        assert_eq!(refused_as(with_sheet(&xml)), "ingest.oversized", "{}", &odd[..20]);
    }
    for limits in [Limits { strings: 5, ..LIMITS }, Limits { strings_bytes: 100, ..LIMITS }] {
        let unannounced = edit(&small(), |_, text| text.replace("uniqueCount=\"6\"", ""));
        assert_eq!(under(limits, unannounced), ["ingest.oversized"]);
    }
    let announced = edit(&small(), |name, text| match name {
        "xl/sharedStrings.xml" => text.replace("uniqueCount=\"6\"", "uniqueCount=\"99999999999999\""),
        _ => text,
    });
    assert_eq!(refused_as(announced), "ingest.oversized");
    let merges: String = (1..50).map(|i| format!("<mergeCell ref=\"C{i}:D{i}\"/>")).collect();
    let merged = with_sheet(&format!(
        "{SHEET}<sheetData>{}</sheetData><mergeCells count=\"49\">{merges}</mergeCells></worksheet>",
        heading()
    ));
    assert_eq!(under(Limits { merges: 48, ..LIMITS }, merged.clone()), ["ingest.oversized"]);
    // Every row below is filled from each merged column: what is filled in counts like what is there.
    let columns: Vec<String> = ["A", "B", "D", "E", "F"].map(String::from).to_vec();
    let first: String = columns.iter().map(|c| cell(&format!("{c}2"), "甲")).collect();
    let rows: String = (3..100).map(|r| format!("<row r=\"{r}\">{}</row>", cell(&format!("C{r}"), "5"))).collect();
    let down: String = columns.iter().map(|c| format!("<mergeCell ref=\"{c}2:{c}1048576\"/>")).collect();
    let tall = with_sheet(&format!(
        "{SHEET}<sheetData><row r=\"1\">{}{}{}{}</row><row r=\"2\">{first}</row>{rows}</sheetData><mergeCells>{down}</mergeCells></worksheet>",
        cell("A1", "姓名"),
        cell("B1", "身份证号"),
        cell("C1", "金额(元)"),
        cell("F1", "备注")
    ));
    assert_eq!(under(Limits { cells: 700, ..LIMITS }, tall.clone()), [""; 0]);
    assert_eq!(under(Limits { cells: 400, ..LIMITS }, tall), ["ingest.oversized"]);
    assert_eq!(under(LIMITS, merged), [""; 0]);
}
