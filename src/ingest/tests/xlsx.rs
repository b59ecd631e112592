//! Workbooks: sheets, merged headings and cells, kinds of cells.

use rust_xlsxwriter::{ExcelDateTime, Format as Style, Formula, Workbook};

use super::*;

fn one(source: &Source, bytes: impl AsRef<[u8]>) -> Delivery {
    let dir = folder("表.xlsx", bytes);
    deliver(source, dir.path())
}

#[test]
fn two_title_rows_and_a_footer() {
    let delivery = one(
        &people(Format::Xlsx),
        workbook(&[
            &["澄岚县农村低保发放名册"],
            &["单位：元", "", "2026年9月"],
            &["序号", "姓名", "身份证号", "金额（元）"],
            &["1", "张三", "99012119900101123X", "310"],
            &["2", "李四", "990121199001011248", "320"],
            &["小计", "", "", "630"],
            &[],
            &["填表人：王五", "", "审核人：赵六"],
        ]),
    );
    assert_eq!(texts(&delivery, "name"), ["张三", "李四"]);
    assert_eq!(rejects(&delivery), [("row.total", 6), ("row.total", 8)]);
    assert_eq!(table(&delivery).provenance(1).row, 5);
    assert_eq!(delivery.rejects[0].raw, "小计 |  |  | 630");
    assert_eq!(delivery.rejects[0].at.sheet, "Sheet1");
}

#[test]
fn merged_two_level_headings_are_joined() {
    let mut source = source(
        Format::Xlsx,
        &[
            ("school", "学校信息/学校", FieldKind::Text),
            ("name", "学生信息/姓名", FieldKind::Name),
            ("id_number", "学生信息/身份证件号", FieldKind::IdNumber),
            ("guardian", "监护人信息/姓名", FieldKind::Name),
            ("note", "说明", FieldKind::Text),
        ],
    );
    source.header_rows = 2;
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let style = Style::new();
    sheet.merge_range(0, 0, 0, 6, "义务教育在籍学生", &style).unwrap();
    sheet.merge_range(1, 0, 1, 1, "学校信息", &style).unwrap();
    sheet.merge_range(1, 2, 1, 4, "学生信息", &style).unwrap();
    // One column under its own group: no merged range at all.
    sheet.write(1, 5, "监护人信息").unwrap();
    sheet.merge_range(1, 6, 2, 6, "说明", &style).unwrap();
    for (c, text) in ["学校", "年级", "姓名", "性别", "身份证件号", "姓名"].iter().enumerate() {
        sheet.write(2, c as u16, *text).unwrap();
    }
    for (c, text) in ["一小", "3", "张小", "男", "990121201501011234", "张大", "无"].iter().enumerate() {
        sheet.write(3, c as u16, *text).unwrap();
    }
    let delivery = one(&source, book.save_to_buffer().unwrap());
    assert_eq!(codes(&delivery), ["ingest.extra_column"]);
    assert!(delivery.problems[0].message.ends_with("学校信息/年级, 学生信息/性别"));
    assert_eq!(texts(&delivery, "name"), ["张小"]);
    assert_eq!(texts(&delivery, "guardian"), ["张大"]);
    assert_eq!(texts(&delivery, "note"), ["无"]);
    assert_eq!(table(&delivery).row, [4]);
}

#[test]
fn a_sheet_for_each_township_with_drifting_columns() {
    let mut source = people(Format::Xlsx);
    let mut town = field("town", "乡镇", FieldKind::Township);
    town.from = FieldFrom::Sheet;
    source.fields.push(town);
    let mut book = Workbook::new();
    let sheets: [(&str, &[&[&str]]); 4] = [
        ("云岭镇", &[&["姓名", "身份证号", "金额(元)"], &["张三", "1", "10"]]),
        (
            "清溪 & <乡>",
            &[
                &["低保名册"],
                &["序号", "身份证号", "备 注", "姓名"],
                &["1", "2", "x", "李四"],
                &["合计", "", "", "1人"],
            ],
        ),
        ("填表说明", &[&["本表由民政局填写"], &["身份证号必须为文本"]]),
        ("空表", &[]),
    ];
    for (name, rows) in sheets {
        fill(book.add_worksheet().set_name(name).unwrap(), rows);
    }
    let hidden = book.add_worksheet().set_name("旧数据").unwrap().set_hidden(true);
    fill(hidden, &[&["姓名", "身份证号"], &["王五", "3"]]);
    let bytes = book.save_to_buffer().unwrap();
    let delivery = one(&source, &bytes);
    assert_eq!(texts(&delivery, "name"), ["张三", "李四"]);
    assert_eq!(texts(&delivery, "amount"), ["10", "-"]);
    assert_eq!(texts(&delivery, "town"), ["云岭镇", "清溪 & <乡>"]);
    assert_eq!(table(&delivery).provenance(1).sheet, "清溪 & <乡>");
    let expected = ["ingest.hidden_sheet", "ingest.sheet_skipped", "ingest.extra_column", "ingest.optional_column"];
    assert_eq!(codes(&delivery), expected);
    assert_eq!(problem(&delivery, "ingest.sheet_skipped").place.sheet.as_deref(), Some("填表说明"));

    source.sheets = vec!["旧数据".into()];
    assert_eq!(texts(&one(&source, &bytes), "name"), ["王五"]);
    source.sheets = vec!["旧数据".into(), "新数据".into()];
    let missing = one(&source, &bytes);
    assert_eq!(codes(&missing), ["ingest.missing_sheet"]);
    assert!(missing.problems[0].hint.as_ref().unwrap().contains("云岭镇"));
    source.sheets = vec!["填表说明".into()];
    assert_eq!(codes(&one(&source, &bytes)), ["ingest.no_heading"]);
}

#[test]
fn a_township_sheet_with_a_renamed_column_is_not_skipped() {
    let mut book = Workbook::new();
    fill(book.add_worksheet(), &[&["姓名", "身份证号"], &["张三", "1"]]);
    fill(book.add_worksheet(), &[&["姓名", "公民身份号码"], &["李四", "2"]]);
    fill(book.add_worksheet(), &[&["姓名", "姓名", "身份证号"], &["李四", "", "2"]]);
    let delivery = one(&people(Format::Xlsx), book.save_to_buffer().unwrap());
    assert_eq!(codes(&delivery), ["ingest.missing_column", "ingest.duplicate_header"]);
    let places: Vec<_> = delivery.problems.iter().map(|p| p.place.sheet.clone().unwrap()).collect();
    assert_eq!(places, ["Sheet2", "Sheet3"]);
    assert!(delivery.rows.is_empty());
}

#[test]
fn every_kind_of_cell() {
    let source = source(Format::Xlsx, &[("a", "甲", FieldKind::Text), ("b?", "乙", FieldKind::Text)]);
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    fill(sheet, &[&["甲", "乙"]]);
    let day = Style::new().set_num_format("yyyy/m/d");
    let chinese = Style::new().set_num_format("yyyy\"年\"m\"月\"d\"日\"");
    sheet.write_number(1, 0, 990121199001011264.0).unwrap();
    sheet.write_number(2, 0, 1234.5).unwrap();
    sheet.write_datetime_with_format(3, 0, ExcelDateTime::from_ymd(2026, 9, 30).unwrap(), &day).unwrap();
    sheet.write_number_with_format(4, 0, 45000.25, &chinese).unwrap();
    sheet.write_boolean(5, 0, true).unwrap();
    sheet.write_formula(6, 0, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    sheet.write_formula(7, 0, Formula::new("=40+2").set_result("42")).unwrap();
    sheet.write_formula(8, 0, Formula::new("=\"村\"&\"委\"").set_result("村委")).unwrap();
    sheet.write_string(9, 0, "'99012119900101123X\t").unwrap();
    sheet.write_blank(10, 0, &day).unwrap();
    sheet.write_string(10, 1, "x").unwrap();
    let delivery = one(&source, book.save_to_buffer().unwrap());
    use CellKind::{Bool, Date, Empty, Error, Number, Text};
    let found: Vec<_> = texts(&delivery, "a").into_iter().zip(kinds(&delivery, "a")).collect();
    let expected = [
        ("990121199001011200", Number),
        ("1234.5", Number),
        ("2026-09-30", Date),
        ("2023-03-15 06:00:00", Date),
        ("TRUE", Bool),
        ("#DIV/0!", Error),
        ("42", Number),
        ("村委", Text),
        ("'99012119900101123X\t", Text),
        ("-", Empty),
    ];
    assert_eq!(found, expected);
}

#[test]
fn merged_data_cells_are_filled_inside_their_range_only() {
    let mut source = people(Format::Xlsx);
    source.fields.push(field("village", "村", FieldKind::Village));
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    fill(
        sheet,
        &[
            &["村", "姓名", "身份证号", "金额(元)"],
            &["", "张三", "1"],
            &["", "李四", "2"],
            &["", "小计", "", "2人"],
            &["", "王五", "3", "5"],
        ],
    );
    let style = Style::new();
    sheet.merge_range(1, 0, 3, 0, "云岭村", &style).unwrap();
    sheet.merge_range(1, 3, 2, 3, "600", &style).unwrap();
    // Rows that have nothing of their own stay blank.
    sheet.merge_range(5, 0, 8, 0, "清溪村", &style).unwrap();
    sheet.write(6, 1, "赵六").unwrap();
    let delivery = one(&source, book.save_to_buffer().unwrap());
    assert_eq!(texts(&delivery, "village"), ["云岭村", "云岭村", "-", "清溪村", "清溪村"]);
    assert_eq!(texts(&delivery, "amount"), ["600", "-", "5", "-", "-"]);
    assert_eq!(rejects(&delivery), [("row.total", 4)]);
    assert_eq!(table(&delivery).row, [2, 3, 5, 6, 7]);
}

#[test]
fn the_1904_calendar() {
    let plain = workbook(&[&["姓名", "身份证号"], &["张三", "1"]]);
    let sheet = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
        <row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c><c r="B1" t="inlineStr"><is><t>身份证号</t></is></c></row>
        <row r="2"><c r="A2" t="d"><v>2026-09-30T00:00:00</v></c><c r="B2" s="1"><v>44833</v></c></row></sheetData></worksheet>"#;
    let bytes = hostile::edit(&plain, |name, text| match name {
        "xl/worksheets/sheet1.xml" => sheet.to_string(),
        "xl/workbook.xml" => text.replace("<workbookPr", "<workbookPr date1904=\"1\""),
        "xl/styles.xml" => text.replace(
            "<cellXfs count=\"1\">",
            "<cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\" applyNumberFormat=\"1\"/>",
        ),
        _ => text,
    });
    let delivery = one(&people(Format::Xlsx), bytes);
    assert_eq!(texts(&delivery, "name"), ["2026-09-30"]);
    assert_eq!(kinds(&delivery, "id_number"), [CellKind::Date]);
    assert_eq!(texts(&delivery, "id_number"), ["2026-09-30"]);
}

#[test]
fn a_heading_over_two_rows_ends_where_its_cells_end() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let style = Style::new();
    sheet.merge_range(0, 0, 1, 0, "姓名", &style).unwrap();
    sheet.merge_range(0, 1, 1, 1, "身份证号", &style).unwrap();
    sheet.write(1, 2, "（元）").unwrap();
    sheet.write(2, 0, "张三").unwrap();
    let delivery = one(&people(Format::Xlsx), book.save_to_buffer().unwrap());
    assert_eq!(texts(&delivery, "name"), ["张三"]);
}
