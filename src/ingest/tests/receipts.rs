//! Receipts as LibreOffice saves them by default.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::ingest::receipt::{self, Looks};
use crate::model::receipt::{CORRECT, FORMAT, KEY, MARKER, ROWS};

/// An .ods workbook of these sheets.
fn ods(sheets: &[(&str, &[&[&str]])]) -> Vec<u8> {
    let mut tables = String::new();
    for (name, rows) in sheets {
        tables += &format!("<table:table table:name=\"{name}\">");
        for row in *rows {
            let cell = |v: &&str| {
                format!("<table:table-cell office:value-type=\"string\"><text:p>{v}</text:p></table:table-cell>")
            };
            tables += &format!("<table:table-row>{}</table:table-row>", row.iter().map(cell).collect::<String>());
        }
        tables += "</table:table>";
    }
    let content = format!(
        "<office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\"><office:body><office:spreadsheet>{tables}\
         </office:spreadsheet></office:body></office:document-content>"
    );
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", &content)] {
        out.start_file(name, SimpleFileOptions::default()).unwrap();
        out.write_all(text.as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn a_receipt_as_ods_is_known_and_read() {
    let fill = format!("{CORRECT}姓名");
    let rows: &[&[&str]] = &[
        &["数据质量回执"],
        &[KEY, "姓名", &fill],
        &["AAAA-BBBB-CCCC-DDDD", "张?", "张三"],
        &["AAAA-BBBB-CCCC-EEEE", "李四", ""],
    ];
    let marker: &[&[&str]] = &[
        &["format", FORMAT],
        &["source", "test"],
        &["delivery", "abc"],
        &["round", "2026Q3"],
        &["row", "AAAA-BBBB-CCCC-DDDD", "姓名"],
    ];
    let dir = folder("回执.ods", ods(&[(ROWS, rows), (MARKER, marker)]));
    let path = dir.path().join("回执.ods");
    assert_eq!(receipt::looks(&path), Looks::Receipt);
    let said = receipt::read(&path, "回执.ods").unwrap();
    assert_eq!((said.source.as_deref(), said.delivery.as_str(), said.round.as_str()), (Some("test"), "abc", "2026Q3"));
    assert_eq!(said.offered, [("AAAA-BBBB-CCCC-DDDD".to_string(), vec!["姓名".to_string()])]);
    let read: Vec<_> = said.rows.iter().map(|r| (r.key.as_str(), r.row, r.filled.clone())).collect();
    let filled = vec![("姓名".to_string(), "张三".to_string(), CellKind::Text)];
    assert_eq!(read, [("AAAA-BBBB-CCCC-DDDD", 3, filled), ("AAAA-BBBB-CCCC-EEEE", 4, vec![])]);
    // Any other .ods is a delivery.
    fs::write(&path, ods(&[("名册", &[&["姓名"], &["张三"]])])).unwrap();
    assert_eq!(receipt::looks(&path), Looks::Other);
}
