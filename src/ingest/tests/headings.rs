//! Heading rows: found, joined, missing, renamed, doubled; rows that are not data.

use super::*;
use crate::diag::Severity;

fn csv(source: &Source, text: &str) -> Delivery {
    let dir = folder("表.csv", text);
    deliver(source, dir.path())
}

#[test]
fn titles_above_dress_around_and_order_of_columns_do_not_matter() {
    let delivery = csv(
        &people(Format::Csv),
        "澄岚县农村低保发放名册,,,\n单位：元,,,\n\n序号,金额（元）, 身份证\u{3000}号 ,＊姓 名\n1,5,x,张三\n",
    );
    assert_eq!(texts(&delivery, "name"), ["张三"]);
    assert_eq!(texts(&delivery, "amount"), ["5"]);
    assert_eq!(table(&delivery).row, [5]);
    assert!(problem(&delivery, "ingest.extra_column").message.ends_with(": 序号"));
}

#[test]
fn a_unit_in_the_title_is_followed_where_nothing_else_names_one() {
    let mut source = people(Format::Csv);
    let amount = |name: &str, heading: &str| field(name, heading, FieldKind::Money);
    source.fields[2] = Field { aliases: vec!["金额(元)".into()], ..amount("amount", "金额") };
    source.fields.push(Field { unit: "yuan".into(), unit_stated: true, ..amount("agreed?", "补助") });
    source.fields.push(amount("loss?", "损失"));
    source.fields[4].aliases.push("损失（万元）".into());
    let origin = ("表.csv".to_string(), String::new());
    let stated = |title: &str, headings: &str| {
        let delivery = csv(&source, &format!("{title},,\n{headings}\n张三,1,5,6,7\n"));
        assert_eq!(texts(&delivery, "amount"), ["5"], "the raw value stays");
        let told: Vec<_> = delivery.problems.iter().filter(|p| p.code.starts_with("ingest.unit")).cloned().collect();
        (delivery.rows.table().unwrap().stated.get(&origin).map(|s| s.units.clone()).unwrap_or_default(), told)
    };
    // The contract's word about one, the heading's about another, nothing about the third.
    let (units, told) = stated("名册（单位：元/月）", "姓名,身份证号,金额,补助,损失（万元）");
    assert!(units.is_empty(), "{units:?}");
    assert_eq!(
        told.iter().map(|p| (p.code, p.severity)).collect::<Vec<_>>(),
        [("ingest.unit_contradicts", Severity::Note)]
    );
    let (units, told) = stated("单位：万元", "姓名,身份证号,金额,补助,损失（万元）");
    assert_eq!(units.into_iter().collect::<Vec<_>>(), [("amount".to_string(), "wan_yuan")]);
    let told: Vec<_> = told.iter().map(|p| (p.code, p.severity, p.place.row)).collect();
    let expected =
        [("ingest.unit_stated", Severity::Note, Some(1)), ("ingest.unit_contradicts", Severity::Warning, Some(1))];
    assert_eq!(told, expected);
    let (units, told) = stated("单位：万元", "姓名,身份证号,金额(元),备用,损失");
    assert_eq!(units.into_iter().collect::<Vec<_>>(), [("loss".to_string(), "wan_yuan")]);
    assert_eq!(told.len(), 2);
    for title in ["填报单位：元宝村", "名册", "单位：元、万元"] {
        assert!(stated(title, "姓名,身份证号,金额,补助,损失").0.is_empty(), "{title}");
    }
}

#[test]
fn all_missing_columns_are_named_with_the_likely_new_heading() {
    let mut source = people(Format::Csv);
    source.fields.push(field("village", "行政村", FieldKind::Village));
    source.fields.push(field("town", "乡镇", FieldKind::Township));
    let delivery = csv(&source, "姓名,乡镇,居民身份证号,金额\n张三,云岭镇,1,1\n");
    let missing = problem(&delivery, "ingest.missing_column");
    assert!(missing.message.contains("身份证号 (id_number), 行政村 (village)"));
    assert!(missing.hint.as_ref().unwrap().contains("`居民身份证号`"));
    assert!(missing.hint.as_ref().unwrap().contains("shared/sources/test.toml"));
    assert_eq!((missing.place.row, delivery.rows.len()), (Some(1), 0));
    source.fields[1].aliases.push("居民身份证号".into());
    source.fields[3].required = false;
    source.fields.remove(3);
    let delivery = csv(&source, "姓名,乡镇,居民身份证号,金额\n张三,云岭镇,1,1\n");
    assert_eq!(texts(&delivery, "id_number"), ["1"]);
    assert_eq!(texts(&delivery, "amount"), ["-"]);
    let absent = problem(&delivery, "ingest.optional_column");
    assert!(absent.message.ends_with("金额(元)"));
}

#[test]
fn two_columns_for_one_field_are_refused() {
    let mut source = people(Format::Csv);
    source.fields[1].aliases.push("证件号码".into());
    for heading in ["姓名,身份证号,身份证 号", "姓名,身份证号,证件号码"] {
        let delivery = csv(&source, &format!("{heading}\n张三,1,2\n"));
        let double = problem(&delivery, "ingest.duplicate_header");
        assert!(double.message.contains("B 身份证号, C"), "{}", double.message);
    }
    // Headings that mean nothing to the contract may be doubled.
    let delivery = csv(&source, "姓名,身份证号,备注,备注\n张三,1,a,b\n");
    assert_eq!(delivery.rows.len(), 1);
}

#[test]
fn all_problems_of_a_heading_come_together() {
    let mut source = people(Format::Csv);
    source.fields.push(field("village", "行政村", FieldKind::Village));
    let delivery = csv(&source, "姓名,姓名,身份证号\n张三,李四,1\n");
    assert_eq!(codes(&delivery), ["ingest.duplicate_header", "ingest.missing_column"]);
}

#[test]
fn two_levels_flattened_by_csv_are_joined_again() {
    let mut source = source(
        Format::Csv,
        &[
            ("school", "学校信息/学校", FieldKind::Text),
            ("name", "学生信息/姓名", FieldKind::Name),
            ("guardian", "监护人信息/姓名", FieldKind::Name),
            ("note?", "说明", FieldKind::Text),
        ],
    );
    source.header_rows = 2;
    let delivery = csv(
        &source,
        "在籍学生,,,,,\n学校信息,,学生信息,,监护人信息,说明\n学校,年级,姓名,性别,姓名,\n一小,1,张三,男,张大,无\n",
    );
    assert_eq!(texts(&delivery, "name"), ["张三"]);
    assert_eq!(texts(&delivery, "guardian"), ["张大"]);
    assert_eq!(texts(&delivery, "note"), ["无"]);
}

#[test]
fn totals_signatures_and_headings_of_later_pages_are_listed_not_counted() {
    let delivery = csv(
        &people(Format::Csv),
        "低保名册,,,\n序号,姓名,身份证号,金额(元)\n1,张三,990121199001011248,1\n,小 计,,1\n低保名册,,,\n序号,姓名,身份证号,金额（元）\n\
         2,备注里的人,990121199001011248,2\n3,注：此人姓注,,3\n合　计：,2人,,3\n填表人：李四,,审核人：王五,\n",
    );
    assert_eq!(texts(&delivery, "name"), ["张三", "备注里的人"]);
    let expected = [
        ("row.total", 4),
        ("row.repeated_heading", 5),
        ("row.repeated_heading", 6),
        ("row.total", 8),
        ("row.total", 9),
        ("row.total", 10),
    ];
    assert_eq!(rejects(&delivery), expected);
    assert!(delivery.rejects.iter().all(|r| r.disposition == Disposition::NotData));
    assert_eq!(delivery.rejects[0].reason, "“小计”行，不是数据");
    assert_eq!(delivery.read, 2);
}

#[test]
fn a_row_with_a_number_is_data_whatever_it_begins_with() {
    let mut source = people(Format::Csv);
    source.not_data.push("制".into());
    let delivery =
        csv(&source, "村,姓名,身份证号\n制衣村,张三,990121199001011248\n云岭村,李四,备注：无证\n制表：王五,,\n");
    assert_eq!(texts(&delivery, "name"), ["张三", "李四"]);
    assert_eq!(rejects(&delivery), [("row.total", 4)]);
}

#[test]
fn numbered_rows_of_an_empty_form_are_not_data() {
    let delivery = csv(&people(Format::Csv), "序号,姓名,身份证号\n1,张三,1\n2,,\n3,,\n");
    assert_eq!(rejects(&delivery), [("row.no_value", 3), ("row.no_value", 4)]);
    assert_eq!(delivery.read, 1);
}

#[test]
fn fields_may_come_from_the_name_of_the_file() {
    let mut source = people(Format::Csv);
    let mut town = field("town", "乡镇", FieldKind::Township);
    town.from = FieldFrom::FileName;
    source.fields.insert(0, town);
    let mut sheet = field("sheet_town", "乡镇", FieldKind::Township);
    sheet.from = FieldFrom::Sheet;
    source.fields.push(sheet);
    let dir = folder("乙/云岭镇.排查.csv", "姓名,身份证号\n张三,1\n");
    put(&dir, "甲/清溪镇.csv", "身份证号,姓名\n2,李四\n3,王五\n");
    let delivery = deliver(&source, dir.path());
    assert_eq!(texts(&delivery, "town"), ["云岭镇.排查", "清溪镇", "清溪镇"]);
    assert_eq!(texts(&delivery, "sheet_town"), ["-", "-", "-"]);
    assert_eq!(texts(&delivery, "name"), ["张三", "李四", "王五"]);
    let places: Vec<_> = (0..3).map(|i| table(&delivery).provenance(i)).collect();
    assert_eq!((places[0].file.as_str(), places[0].row), ("乙/云岭镇.排查.csv", 2));
    assert_eq!((places[2].file.as_str(), places[2].row), ("甲/清溪镇.csv", 3));
}

#[test]
fn a_broken_file_does_not_take_the_others_with_it() {
    let dir = folder("1.csv", "姓名,身份证号\n张三,1\n合计,1\n");
    put(&dir, "2.csv", "姓名,证件\n李四,2\n");
    put(&dir, "3.csv", "完全,无关\n李四,2\n");
    put(&dir, "4.csv", "姓名,身份证号\n王五,3\n");
    let delivery = deliver(&people(Format::Csv), dir.path());
    assert_eq!(texts(&delivery, "name"), ["张三", "王五"]);
    assert_eq!(delivery.refused, ["2.csv", "3.csv"]);
    assert_eq!(delivery.rejects.len(), 1);
    let errors: Vec<_> = delivery.problems.iter().filter(|p| p.is_error()).map(|p| p.code).collect();
    assert_eq!(errors, ["ingest.missing_column", "ingest.no_heading"]);
}

#[test]
fn headings_further_down_than_allowed_are_not_searched() {
    let mut source = people(Format::Csv);
    source.header_within = 3;
    let text = "\n\n\n姓名,身份证号\n张三,1\n";
    assert_eq!(codes(&csv(&source, text)), ["ingest.no_heading"]);
    source.header_within = 4;
    assert_eq!(texts(&csv(&source, text), "name"), ["张三"]);
}
