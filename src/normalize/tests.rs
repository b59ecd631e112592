//! Rows in → records, rejects and findings out.

use arrow::array::StringArray;
use proptest::prelude::*;

use super::fixture::{codes, field, source};
use super::*;
use crate::model::raw::Stated;
use crate::model::{CellKind, Disposition};
use crate::plan::{Field, FieldFrom, Subject};

const AS_OF: Date = Date::constant(2026, 9, 30);
const NUMBER: &str = "990121199001011236";

/// A raw table of one file; an empty text is an empty cell.
fn raw(source: &Source, rows: &[&[&str]]) -> RawTable {
    let columns = source.fields.iter().enumerate().map(|(i, field)| {
        let cell = |row: &&[&str]| row.get(i).filter(|c| !c.is_empty()).map(|c| (*c).to_string());
        let text = StringArray::from_iter(rows.iter().map(cell));
        let kind = text.iter().map(|c| c.map_or(CellKind::Empty, |_| CellKind::Text)).collect();
        RawColumn { field: field.name.clone(), text, kind }
    });
    RawTable {
        origins: vec![("民政/名册.xlsx".into(), "云岭镇".into())],
        origin: vec![0; rows.len()],
        row: (0..rows.len() as u32).map(|i| i + 3).collect(),
        columns: columns.collect(),
        stated: Default::default(),
    }
}

fn roster() -> Source {
    let number = field("id_number", "身份证号", FieldKind::IdNumber, Some(Role::IdNumber));
    let sex = Field { code: Some("sex".into()), ..field("sex", "性别", FieldKind::Code, Some(Role::Sex)) };
    let township =
        Field { from: FieldFrom::Sheet, ..field("township", "乡镇", FieldKind::Township, Some(Role::Township)) };
    source(vec![
        field("sequence", "序号", FieldKind::Text, None),
        field("name", "姓名", FieldKind::Name, Some(Role::Name)),
        number,
        sex,
        field("birth_date", "出生日期", FieldKind::Date, Some(Role::BirthDate)),
        township,
        field("village", "村", FieldKind::Village, Some(Role::Village)),
        field("amount", "金额", FieldKind::Money, None),
    ])
}

fn run(source: &Source, rows: &[&[&str]]) -> Normalized {
    records(source, &raw(source, rows), codes(), AS_OF)
}

fn finding_codes(n: &Normalized) -> Vec<(Option<String>, String)> {
    let at = |column, row| n.findings.str_at(column, row).map(str::to_string);
    (0..n.findings.rows()).map(|row| (at("record_id", row), at("code", row).unwrap_or_default())).collect()
}

#[test]
fn a_good_row_is_clean_beside_its_raw_cells() {
    let rows: &[&[&str]] =
        &[&["1", "张　三（户主）", "'990121199001011236", "1", "1990.1.1", "云岭", "东沟村委会", "1,200.50元"]];
    let n = run(&roster(), rows);
    assert_eq!((n.accepted, n.quarantined, n.folded, n.findings.rows()), (1, 0, 0, 0));
    let shown: Vec<(String, String)> = n
        .records
        .schema
        .columns
        .iter()
        .filter_map(|c| Some((c.name.clone(), n.records.display_at(&c.name, 0)?)))
        .collect();
    let expected = [
        ("record_id", "test-0000001"),
        ("file", "民政/名册.xlsx"),
        ("sheet", "云岭镇"),
        ("row", "3"),
        ("township_code", "990121001"),
        ("village_code", "990121001001"),
        ("sequence", "1"),
        ("sequence_raw", "1"),
        ("name", "张三"),
        ("name_raw", "张　三（户主）"),
        ("id_number", NUMBER),
        ("id_number_lane", "repaired"),
        ("id_number_repair", "去除引号或等号"),
        ("id_number_repair_code", "wrapper"),
        ("id_number_certainty", "certain"),
        ("id_number_raw", "'990121199001011236"),
        ("sex", "male"),
        ("sex_raw", "1"),
        ("birth_date", "1990-01-01"),
        ("birth_date_raw", "1990.1.1"),
        ("township", "云岭镇"),
        ("township_raw", "云岭"),
        ("village", "东沟村"),
        ("village_raw", "东沟村委会"),
        ("amount", "1200.5"),
        ("amount_raw", "1,200.50元"),
    ];
    let expected: Vec<(String, String)> = expected.iter().map(|(c, v)| (c.to_string(), v.to_string())).collect();
    assert_eq!(shown, expected);
}

#[test]
fn doubtful_rows_are_accepted_with_their_findings() {
    let rows: &[&[&str]] = &[
        &["1", "张三", "990121199001011237", "9", "2022/2/30", "白水镇", "无此村", "多"],
        &["2", "李四", NUMBER, "2", "1991-01-01", "云岭镇", "东沟村", "5"],
    ];
    let n = run(&roster(), rows);
    assert_eq!((n.accepted, n.quarantined), (2, 0));
    let expected = [
        ("test-0000001", "id_number.check_digit"),
        ("test-0000001", "code.unknown"),
        ("test-0000001", "date.impossible"),
        ("test-0000001", "division.unknown_township"),
        ("test-0000001", "division.unknown_village"),
        ("test-0000001", "amount.unreadable"),
        ("test-0000002", "id_number.birth_differs"),
        ("test-0000002", "id_number.sex_differs"),
    ];
    let expected: Vec<_> = expected.iter().map(|(id, code)| (Some(id.to_string()), code.to_string())).collect();
    assert_eq!(finding_codes(&n), expected);
    assert_eq!(n.records.str_at("id_number_partial", 0), Some("990121199001011237"));
    assert_eq!(n.findings.str_at("raw", 2), Some("2022/2/30"));
    assert_eq!(n.findings.integer("row").value(6), 4);
}

#[test]
fn rows_without_identity_or_required_values_wait_with_their_reason() {
    let mut source = roster();
    source.fields[7].not_null = true;
    let rows: &[&[&str]] = &[
        &["1", "", "", "男", "", "", "东沟村", "5"],
        &["2", "无名氏", "999999999999999999", "男", "", "", "", "5"],
        &["3", "张三", "", "", "", "", "", ""],
        &["4", "张三", "", "", "", "", "", "不详"],
        &["5", "", NUMBER, "", "", "", "", "5"],
        &["6", "李四", "", "", "", "", "", "5"],
        &["7", "", "9.90121E+17", "", "", "", "", "5"],
    ];
    let n = run(&source, rows);
    assert_eq!((n.accepted, n.quarantined, n.folded), (3, 4, 0));
    let rejects: Vec<(u32, &str, &str)> = n.rejects.iter().map(|r| (r.at.row, r.code, r.reason.as_str())).collect();
    let expected = [
        (3, "row.no_identity", "既没有姓名，也没有可用的身份证号"),
        (4, "row.no_identity", "既没有姓名，也没有可用的身份证号"),
        (5, "row.missing_value", "缺少“金额”"),
        (6, "row.missing_value", "“金额”不可用：数值写法不能识别"),
    ];
    assert_eq!(rejects, expected);
    assert_eq!(n.rejects[0].raw, "1 |  |  | 男 |  |  | 东沟村 | 5");
    // The accepted rows are numbered without gaps, and findings of quarantined rows have no record.
    assert_eq!(n.records.str_at("record_id", 2), Some("test-0000003"));
    assert!(finding_codes(&n).contains(&(None, "name.placeholder".to_string())));
}

#[test]
fn a_village_source_needs_a_village_and_no_person() {
    let mut source = source(vec![field("village", "村", FieldKind::Village, Some(Role::Village))]);
    source.subject = Subject::Village;
    source.fields.push(field("note", "说明", FieldKind::Text, None));
    let n = run(&source, &[&["东沟村", "a"], &["", "b"], &["无此村", "c"]]);
    assert_eq!((n.accepted, n.quarantined), (2, 1));
    assert_eq!((n.rejects[0].at.row, n.rejects[0].code), (4, "row.no_village"));
    assert_eq!(n.records.str_at("village_code", 0), Some("990121001001"));
    assert_eq!(n.records.str_at("village_code", 1), None);
}

#[test]
fn equal_rows_are_folded_into_the_first_whatever_their_running_number() {
    let row: &[&str] = &["1", "张三", NUMBER, "男", "", "", "", "5"];
    let again: &[&str] = &["2", "张三", NUMBER, "男", "", "", "", "5"];
    let other: &[&str] = &["3", "张三", NUMBER, "男", "", "", "", "5.0"];
    let n = run(&roster(), &[row, other, again, other, again]);
    assert_eq!((n.accepted, n.quarantined, n.folded), (2, 0, 3));
    let into: Vec<(u32, Option<u32>)> =
        n.rejects.iter().map(|r| (r.at.row, r.folded_into.as_ref().map(|p| p.row))).collect();
    assert_eq!(into, [(5, Some(3)), (6, Some(4)), (7, Some(3))]);
    assert!(n.rejects.iter().all(|r| (r.disposition, r.code) == (Disposition::Folded, "row.duplicate")));
    assert_eq!(n.rejects[0].reason, "与第3行完全相同，只采用第一次出现的");

    let mut kept = roster();
    kept.fold_duplicates = false;
    assert_eq!(run(&kept, &[row, again, again]).accepted, 3);
}

#[test]
fn the_kind_of_a_cell_decides_about_numbers_and_errors() {
    let source = roster();
    let mut table = raw(&source, &[&["1", "张三", NUMBER, "#N/A"], &["2", "李四", NUMBER, "男"]]);
    table.columns[2].kind[1] = CellKind::Number;
    table.columns[3].kind[0] = CellKind::Error;
    let n = records(&source, &table, codes(), AS_OF);
    assert_eq!(n.records.str_at("id_number_lane", 0), Some("valid"));
    assert_eq!(n.records.str_at("id_number_lane", 1), Some("damaged"));
    assert_eq!(n.records.str_at("id_number_partial", 1), Some("990121199001011"));
    let codes: Vec<String> = finding_codes(&n).into_iter().map(|f| f.1).collect();
    assert_eq!(codes, ["cell.error", "id_number.damaged"]);
}

#[test]
fn what_an_invalid_number_may_have_been_is_proposed_and_never_applied() {
    let rows: &[&[&str]] = &[
        &["1", "张三", "990121199007011236", "男", "1990-01-01", "云岭镇", "东沟村", "5"],
        &["2", "李四", "990121199001011236、990121195506101239", "男", "", "", "", "5"],
        &["3", "王五", "990121199001010009X", "男", "1990-01-01", "", "", "5"],
        &["4", "赵六", NUMBER, "男", "", "", "", "5"],
    ];
    let n = run(&roster(), rows);
    let proposals: Vec<Option<&str>> = (0..4).map(|row| n.records.str_at("id_number_proposals", row)).collect();
    let swapped = "990121199001011236：第12位7应为1，与出生日期、性别相符";
    assert_eq!(proposals[0], Some(swapped));
    let several =
        "990121195506101239：格内文字可读作此号，与性别相符;990121199001011236：格内文字可读作此号，与性别相符";
    assert_eq!(proposals[1], Some(several));
    assert!(proposals[2].is_some_and(|p| p.contains("99012119900101009X：第17位重复录入")), "{:?}", proposals[2]);
    assert_eq!(proposals[3], None);
    for row in 0..3 {
        assert_eq!(n.records.str_at("id_number", row), None);
        assert_eq!(n.records.str_at("id_number_lane", row), Some("invalid"));
    }
}

#[test]
fn a_sheet_whose_numbers_were_cut_does_not_keep_those_that_check_by_chance() {
    // 990121199001019000 passes the check; whether its zeros are its own only the rest of its sheet tells.
    let cut = ["990121199001011000", "990121199001012000", "990121199001019000"];
    let rows: Vec<Vec<&str>> = cut.iter().map(|number| vec!["1", "张三", *number]).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let n = run(&roster(), &rows);
    let lanes: Vec<Option<&str>> = (0..3).map(|row| n.records.str_at("id_number_lane", row)).collect();
    assert_eq!(lanes, [Some("damaged"); 3]);
    assert_eq!(n.records.str_at("id_number_partial", 2), Some("990121199001019"));
    assert_eq!(n.records.str_at("id_number_raw", 2), Some("990121199001019000"));
    let told: Vec<String> = finding_codes(&n).into_iter().map(|f| f.1).collect();
    assert_eq!(told, ["id_number.damaged"; 3]);
    // Alone, or in another sheet, it is a number.
    let alone: &[&[&str]] = &[&["1", "张三", "990121199001019000"]];
    assert_eq!(run(&roster(), alone).records.str_at("id_number_lane", 0), Some("valid"));
}

#[test]
fn a_source_without_rows_or_columns_is_an_empty_table() {
    let n = records(&roster(), &RawTable::default(), codes(), AS_OF);
    assert_eq!((n.records.rows(), n.findings.rows(), n.rejects.len()), (0, 0, 0));
}

#[test]
fn what_a_sheet_says_of_its_values_holds_for_its_rows_only() {
    let source = source(vec![
        field("name", "姓名", FieldKind::Name, Some(Role::Name)),
        field("amount", "金额", FieldKind::Money, None),
        field("day", "日期", FieldKind::Date, None),
    ]);
    let row: &[&str] = &["张三", "1.5", "43163"];
    let mut table = raw(&source, &[row, row, row]);
    table.columns[1].kind.fill(CellKind::Number);
    table.columns[2].kind.fill(CellKind::Number);
    let other = ("民政/名册.xlsx".to_string(), "清溪镇".to_string());
    table.origins.push(other.clone());
    table.origin[2] = 1;
    let units = [("amount".to_string(), "wan_yuan")].into();
    table.stated.insert(other, Stated { from_1904: true, units });
    let n = records(&source, &table, codes(), AS_OF);
    // The same text in another unit is no duplicate.
    assert_eq!((n.accepted, n.folded), (2, 1));
    let shown =
        |column: &str| -> Vec<String> { (0..2).map(|i| n.records.display_at(column, i).unwrap_or_default()).collect() };
    assert_eq!(shown("amount"), ["1.5", "15000"]);
    assert_eq!(shown("day"), ["2018-03-04", "2022-03-05"]);
    assert_eq!(shown("amount_raw"), ["1.5", "1.5"]);
}

#[test]
fn every_kind_of_field_fits_the_declared_schema() {
    let fields = FieldKind::WORDS
        .iter()
        .map(|(word, kind)| Field { code: Some("sex".into()), ..field(word, word, *kind, None) });
    let source = source(fields.collect());
    let row = vec!["x"; source.fields.len()];
    let n = run(&source, &[&row, &[]]);
    assert_eq!(n.accepted, 2 - n.folded - n.quarantined);
    assert_eq!(n.records.schema, schema::records(&source));
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("张三".to_string()),
        Just("李四".to_string()),
        Just(NUMBER.to_string()),
        Just("东沟村".to_string()),
        "[0-9.年月/-]{1,8}",
        "\\PC{0,6}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn nothing_is_lost(
        rows in proptest::collection::vec(proptest::collection::vec(cell(), 8), 0..12),
        repeated in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        not_null in 0_usize..8,
        fold in any::<bool>(),
    ) {
        let mut rows = rows;
        if !rows.is_empty() {
            for index in &repeated {
                rows.push(rows[index.index(rows.len())].clone());
            }
        }
        let mut source = roster();
        source.fields[not_null].not_null = true;
        source.fold_duplicates = fold;
        let borrowed: Vec<Vec<&str>> = rows.iter().map(|r| r.iter().map(String::as_str).collect()).collect();
        let slices: Vec<&[&str]> = borrowed.iter().map(Vec::as_slice).collect();
        let table = raw(&source, &slices);
        let n = records(&source, &table, codes(), AS_OF);

        prop_assert_eq!(rows.len() as u64, n.accepted + n.quarantined + n.folded);
        prop_assert_eq!(n.accepted, n.records.rows() as u64);
        prop_assert_eq!(n.quarantined + n.folded, n.rejects.len() as u64);
        // Every row number stands in exactly one place, and what was raw is still there.
        let mut places: Vec<u32> = n.records.integer("row").values().iter().map(|r| *r as u32).collect();
        for (i, row) in places.iter().enumerate() {
            for column in &table.columns {
                let kept = n.records.str_at(&format!("{}_raw", column.field), i);
                prop_assert_eq!(kept, column.get(*row as usize - 3), "{} of row {}", &column.field, row);
            }
        }
        places.extend(n.rejects.iter().map(|r| r.at.row));
        places.sort_unstable();
        prop_assert_eq!(places, table.row.clone());
        // A folded row equals the row it was folded into, which stands before it.
        for reject in n.rejects.iter().filter(|r| r.disposition == Disposition::Folded) {
            let into = reject.folded_into.as_ref().map_or(0, |p| p.row);
            prop_assert!(into < reject.at.row);
            prop_assert_eq!(&rows[into as usize - 3][1..], &rows[reject.at.row as usize - 3][1..]);
        }
        // The same rows give the same tables.
        let again = records(&source, &table, codes(), AS_OF);
        prop_assert_eq!(again.records.batch, n.records.batch);
        prop_assert_eq!(again.findings.batch, n.findings.batch);
    }
}
