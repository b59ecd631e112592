//! Our reader of .xlsx sheets held against that of the workbook library: the same cells, or a refusal by both.

use std::io::Cursor;
use std::path::PathBuf;

use calamine::{Reader, Xlsx};
use proptest::prelude::*;
use rust_xlsxwriter::{Format as Style, Formula, Workbook};

use super::hostile::edit;
use super::*;
use crate::ingest::book::Book;
use crate::ingest::limits::{LIMITS, guarded};
use crate::ingest::package::damaged;
use crate::ingest::{parsed, xlsx};

/// A sheet: its name and cells as row, column, text and kind.
type Sheet = (String, Vec<(u32, u32, String, CellKind)>);

fn cells(
    rows: impl FnOnce(
        &mut dyn FnMut(&mut crate::ingest::row::Row) -> crate::ingest::Checked<bool>,
    ) -> crate::ingest::Checked<()>,
) -> Option<Vec<(u32, u32, String, CellKind)>> {
    let mut cells = Vec::new();
    rows(&mut |row| {
        cells.extend(row.cells().map(|(c, text, kind)| (row.number, c, text.to_string(), kind)));
        Ok(true)
    })
    .ok()?;
    Some(cells)
}

fn ours(bytes: &[u8]) -> Option<Vec<Sheet>> {
    let dir = folder("表.xlsx", bytes);
    let mut book = xlsx::open(&dir.path().join("表.xlsx"), &LIMITS, &Place::default()).ok()?;
    let names: Vec<String> = book.sheets().into_iter().map(|s| s.name).collect();
    names.into_iter().enumerate().map(|(at, name)| Some((name, cells(|take| book.rows(at, take))?))).collect()
}

fn theirs(bytes: &[u8]) -> Option<Vec<Sheet>> {
    let place = Place::default();
    let read = || -> crate::ingest::Checked<Vec<Sheet>> {
        let broken = || vec![damaged(&place)];
        let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|_| broken())?;
        let is_1904 = book.has_1904_epoch();
        let mut sheets = Vec::new();
        for info in parsed::tables(book.sheets_metadata()) {
            let mut reader = book.worksheet_cells_reader(&info.name).map_err(|_| broken())?;
            let next = || reader.next_cell().map_err(|_| broken());
            let found = cells(|take| parsed::by_cells(next, is_1904, &place, take)).ok_or_else(broken)?;
            sheets.push((info.name, found));
        }
        Ok(sheets)
    };
    guarded(&place, read).ok()
}

fn workbooks() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"))];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if fs::read(&path).unwrap().starts_with(b"PK") => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    found
}

#[test]
fn workbooks_of_the_corpus_have_the_same_cells() {
    let mut compared = 0;
    let mut apart = Vec::new();
    for path in workbooks() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&path).unwrap();
        // What ours refuses may end the process in theirs: what must come of it is in its expectation.
        let Some(ours) = ours(&bytes) else {
            continue;
        };
        match theirs(&bytes) {
            Some(theirs) => {
                assert_eq!(ours, theirs, "{name}");
                compared += 1;
            }
            // Theirs takes a part without an element for cells for no sheet; ours finds no cells in it.
            None if ours.iter().all(|(_, cells)| cells.is_empty()) => {}
            None => apart.push(name),
        }
    }
    assert!(compared > 20, "{compared}");
    assert_eq!(apart, [""; 0], "read by ours only");
}

#[test]
fn odd_but_valid_sheets_have_the_same_cells() {
    let mut book = Workbook::new();
    fill(book.add_worksheet(), &[&["一", "二"], &["三", "a"]]);
    let small = book.save_to_buffer().unwrap();
    let sheets = [
        // Positions left out, prefixes, blanks between tags, comments, elements that stand there and say nothing.
        "<worksheet><sheetData><row><c t=\"s\"><v>0</v></c><c><v>1</v></c></row><row><c t=\"inlineStr\"><is><t>甲</t></is></c></row></sheetData></worksheet>",
        "<x:worksheet xmlns:x=\"m\"><x:sheetData>\n <x:row r=\"3\">\n  <x:c r=\"B3\" t=\"str\"><x:v>a_x000D_b</x:v></x:c>\n </x:row></x:sheetData></x:worksheet>",
        "<worksheet><!-- <sheetData> --><sheetPr/><cols><col min=\"1\" max=\"2\" hidden=\"1\"/></cols><sheetData><row r=\"1\" spans=\"1:2\"><!-- x --><c r=\"A1\"><f>1+1</f><v>2</v></c><c r='B1' t='b'><v> 1 </v></c></row></sheetData><mergeCells><mergeCell ref=\"A1:B1\"/></mergeCells></worksheet>",
        // Texts: formatted runs, phonetic guides, blanks, entities, line ends.
        "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><r><t>张</t></r><r><rPr/><t xml:space=\"preserve\"> 三 </t></r><rPh><t>zhang</t></rPh></is></c><c r=\"B1\" t=\"inlineStr\"><is><t> a&amp;b&#x4E59;\r\n </t></is></c></row></sheetData></worksheet>",
        "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"str\"><v> a &lt; b </v></c><c r=\"B1\" t=\"inlineStr\"><is><t><![CDATA[<x>]]></t></is></c><c r=\"C1\" t=\"inlineStr\"><is/></c><c r=\"D1\" t=\"inlineStr\"><v>9</v></c></row></sheetData></worksheet>",
        // Numbers and what is none; values that are not there; errors.
        "<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>1.50</v></c><c r=\"B1\"><v>-0</v></c><c r=\"C1\"><v>1E3</v></c><c r=\"D1\"><v>abc</v></c><c r=\"E1\"><v></v></c><c r=\"F1\"/><c r=\"G1\"><v/></c><c r=\"H1\" t=\"e\"><v>#N/A</v></c><c r=\"I1\"><v>990121199001011234</v></c><c r=\"J1\"><v>0.30000000000000004</v></c><c r=\"K1\"><v>00123</v></c><c r=\"L1\"><v>123456789012345.6</v></c><c r=\"M1\"><v>NaN</v></c><c r=\"N1\"><v>.5</v></c><c r=\"O1\"><v>5.</v></c><c r=\"P1\" t=\"n\"><v>100.00</v></c></row></sheetData></worksheet>",
        "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" s=\"1\"><v>45000</v></c><c r=\"B1\" s=\"1\"><v>45000.5</v></c><c r=\"C1\" s=\"99\"><v>45000</v></c><c r=\"D1\" t=\"d\"><v>2026-09-30</v></c></row></sheetData></worksheet>",
        "<worksheet><sheetData/></worksheet>",
        "<worksheet><sheetData></sheetData></worksheet>",
    ];
    for xml in sheets {
        let bytes = edit(&small, |name, text| match name {
            "xl/worksheets/sheet1.xml" => xml.to_string(),
            "xl/styles.xml" => text.replace("<cellXfs count=\"1\">", "<cellXfs count=\"2\"><xf/><xf numFmtId=\"14\"/>"),
            _ => text,
        });
        let found = ours(&bytes);
        assert!(found.is_some(), "{xml}");
        assert_eq!(found, theirs(&bytes), "{xml}");
    }
}

/// A value of a cell and how it is written.
#[derive(Debug, Clone)]
enum Value {
    Text(String),
    Number(f64, usize),
    Bool(bool),
    Formula(String),
    Blank,
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[ \\n\\t&<>\"_x0-9A-Fa-f\u{4e00}-\u{4e20}]{0,12}".prop_map(Value::Text),
        "_x[0-9A-F]{4}_|[甲乙]{1,3}".prop_map(Value::Text),
        (any::<f64>().prop_filter("a number", |n| n.is_finite()), 0..4_usize).prop_map(|(n, s)| Value::Number(n, s)),
        (-100_000_000_i64..100_000_000, 0..4_usize).prop_map(|(n, s)| Value::Number(n as f64 / 100.0, s)),
        (0..3_000_000_u32, 0..4_usize).prop_map(|(n, s)| Value::Number(f64::from(n), s)),
        any::<bool>().prop_map(Value::Bool),
        "[0-9.]{1,5}|#DIV/0!|[甲&<]{1,4}".prop_map(Value::Formula),
        Just(Value::Blank),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn generated_workbooks_have_the_same_cells(
        rows in prop::collection::vec(prop::collection::vec(prop::option::of(value()), 0..6), 0..12),
    ) {
        let formats = ["General", "yyyy-mm-dd", "[h]:mm", "#,##0.00;[Red]-#,##0.00"];
        let styles: Vec<Style> = formats.iter().map(|f| Style::new().set_num_format(*f)).collect();
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        for (r, row) in rows.iter().enumerate() {
            for (c, value) in row.iter().enumerate() {
                let (r, c) = (r as u32 * 2, c as u16 * 3);
                match value {
                    None => continue,
                    Some(Value::Text(text)) => sheet.write_string(r, c, text).unwrap(),
                    Some(Value::Number(n, style)) => sheet.write_number_with_format(r, c, *n, &styles[*style]).unwrap(),
                    Some(Value::Bool(b)) => sheet.write_boolean(r, c, *b).unwrap(),
                    Some(Value::Formula(result)) => sheet.write_formula(r, c, Formula::new("=A1").set_result(result)).unwrap(),
                    Some(Value::Blank) => sheet.write_blank(r, c, &styles[1]).unwrap(),
                };
            }
        }
        let bytes = book.save_to_buffer().unwrap();
        let found = ours(&bytes);
        prop_assert!(found.is_some());
        prop_assert_eq!(found, theirs(&bytes));
    }
}
