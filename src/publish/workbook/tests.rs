//! Workbooks read back: what stands in them, what can be written in, and what must not be there.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use calamine::{Data, DataRef, Reader, Xlsx};
use jiff::civil::date;

use super::{Issue, Review, Words, forms, online_list, possible_links, proposals};
use crate::model::build::{TableBuilder, Value};
use crate::model::form::{Entry, FormColumn, FormKind, FormSpec, Issued, IssuedRow, Needed};
use crate::model::{Table, TableSchema, tables};
use crate::plan::{Plan, sample};

fn table(schema: TableSchema, rows: Vec<Vec<(&str, Value)>>) -> Table {
    let mut builder = TableBuilder::new(schema);
    for row in rows {
        builder.push_named(row);
    }
    builder.finish()
}

fn issue(plan: &Plan) -> Issue<'_> {
    Issue { plan, round: "2026Q3", as_of: date(2026, 9, 30) }
}

/// Cells by sheet and position, read the way ingest reads.
fn cells(path: &Path) -> BTreeMap<String, BTreeMap<(u32, u32), Data>> {
    let bytes = std::fs::read(path).expect("there");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).expect("a workbook");
    let mut sheets = BTreeMap::new();
    for name in book.sheet_names() {
        let mut reader = book.worksheet_cells_reader(&name).expect("a sheet");
        let mut found = BTreeMap::new();
        while let Some(cell) = reader.next_cell().expect("a cell") {
            let value = match cell.get_value() {
                DataRef::Empty => continue,
                other => Data::from(other.clone()),
            };
            found.insert(cell.get_position(), value);
        }
        sheets.insert(name, found);
    }
    sheets
}

fn texts(sheet: &BTreeMap<(u32, u32), Data>) -> Vec<String> {
    sheet
        .values()
        .filter_map(|v| match v {
            Data::String(s) => Some(s.clone()),
            _ => None,
        })
        .collect()
}

/// Every part of the package as text.
fn parts(path: &Path) -> BTreeMap<String, String> {
    let file = std::fs::File::open(path).expect("there");
    let mut archive = zip::ZipArchive::new(file).expect("a package");
    let mut parts = BTreeMap::new();
    for i in 0..archive.len() {
        let mut part = archive.by_index(i).expect("a part");
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).expect("readable");
        let name = part.name().expect("a name").into_owned();
        parts.insert(name, String::from_utf8_lossy(&bytes).into_owned());
    }
    parts
}

/// A kind as `cases::forms` says it, in small.
fn spec() -> FormSpec {
    let asked = FormColumn::asked;
    FormSpec {
        kind: FormKind::Verify,
        columns: vec![
            FormColumn::count(),
            FormColumn::token(),
            FormColumn::given("户主", (8, 10), true),
            FormColumn::given("核实事项", (28, 34), true),
            asked("核实结果", 10, Entry::OneOf(["属实", "不属实"].map(String::from).to_vec()), Needed::No, ""),
            asked("实际风险", 11, Entry::Among(["因病", "因学"].map(String::from).to_vec()), Needed::No, "causes"),
            asked("情况说明", 18, Entry::Free, Needed::When(vec!["不属实".into()]), "reason"),
            asked("正确身份证号", 13, Entry::IdNumber, Needed::OnlyWith(vec!["不属实".into()]), "id_number"),
            asked("核实日期", 12, Entry::Day, Needed::No, "day"),
            FormColumn::token_end(),
        ],
        head: vec![asked("会议编号", 20, Entry::Free, Needed::Yes, "meeting")],
        result: "核实结果".into(),
        meanings: Vec::new(),
        additions: true,
    }
}

fn row(token: &str, village: &str, name: &str) -> IssuedRow {
    let shown = [("户主", name), ("核实事项", "请入户核实风险是否属实。")];
    IssuedRow {
        token: token.into(),
        sheet: village.into(),
        case: None,
        order: None,
        shown: shown.map(|(heading, text)| (heading.to_string(), text.to_string())).into(),
    }
}

fn issued(township: Option<&str>, form: &str, rows: Vec<IssuedRow>) -> Issued {
    Issued {
        form: form.into(),
        kind: FormKind::Verify,
        round: "2026Q3".into(),
        township_code: None,
        township: township.map(String::from),
        issued_on: date(2026, 9, 30),
        due_on: Some(date(2026, 10, 20)),
        rows,
    }
}

fn tasks() -> Vec<Issued> {
    vec![
        issued(
            Some("云岭镇"),
            "FAAAA",
            vec![
                row("T1", "上河村", "张三"),
                row("T2", "上河村", "=HYPERLINK(\"http://x\")"),
                row("T3", "下河村", "李四"),
            ],
        ),
        issued(Some("东河乡"), "FBBBB", vec![row("T4", "石门村", "王五"), row("T5", "村不明", "赵六")]),
        issued(None, "FCCCC", vec![row("T6", "村不明", "孙七")]),
    ]
}

fn written(tasks: &[Issued], dir: &Path) -> Vec<PathBuf> {
    let words = Words { title: "核实表".into(), how: vec!["请填浅色各栏。".into()], ..Words::default() };
    forms(&issue(&sample::plan()), &spec(), &words, tasks, dir).expect("written")
}

#[test]
fn each_township_has_its_workbook_and_each_village_its_sheet() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let paths = written(&tasks(), folder.path());
    let names: Vec<_> =
        paths.iter().map(|p| p.strip_prefix(folder.path()).expect("inside").display().to_string()).collect();
    assert_eq!(names, ["云岭镇.xlsx", "东河乡.xlsx", "乡镇不明.xlsx"]);
    let cloud = cells(&paths[0]);
    assert_eq!(cloud.keys().collect::<Vec<_>>(), ["bidui", "上河村", "下河村", "填表说明"]);

    let upper = &cloud["上河村"];
    let headings: Vec<String> = (0..10).map(|c| upper[&(3, c)].to_string()).collect();
    let all: Vec<String> = spec().columns.iter().map(|c| c.heading.clone()).collect();
    assert_eq!(headings, all);
    let first: Vec<String> = (0..4).map(|c| upper[&(4, c)].to_string()).collect();
    assert_eq!(first, ["1", "T1", "张三", "请入户核实风险是否属实。"]);
    assert_eq!(upper[&(5, 1)], Data::String("T2".into()));
    // Answers come empty; the end of the token stands at the far end.
    assert!((4..9).all(|c| !upper.contains_key(&(4, c))));
    assert_eq!(upper[&(4, 9)], Data::String("T1".into()));

    let cover = texts(&cloud["填表说明"]);
    for said in ["FAAAA", "2026-10-20", "3项", "2项", "1项", "会议编号", "请填浅色各栏。"] {
        assert!(cover.contains(&said.to_string()), "{said}: {cover:?}");
    }
    let hidden = texts(&cloud["bidui"]);
    for said in ["bidui.form.1", "verify", "FAAAA", "T1", "T2", "T3", "上河村"] {
        assert!(hidden.contains(&said.to_string()), "{said}: {hidden:?}");
    }
}

#[test]
fn a_workbook_holds_nothing_of_another_township() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let paths = written(&tasks(), folder.path());
    for (part, xml) in parts(&paths[0]) {
        for foreign in ["东河", "石门", "王五", "赵六", "孙七", "FBBBB"] {
            assert!(!xml.contains(foreign), "{part} names {foreign}");
        }
    }
    let joined: String = parts(&paths[0]).into_values().collect();
    assert!(joined.contains("张三"), "the check sees what is there");
}

#[test]
fn only_answers_can_be_written_and_choices_are_offered() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let paths = written(&tasks(), folder.path());
    let parts = parts(&paths[0]);
    let sheet = &parts["xl/worksheets/sheet2.xml"];
    assert!(sheet.contains("<sheetProtection"), "protected");
    assert!(sheet.contains("sqref=\"E5:E6\""), "{sheet}");
    assert!(sheet.contains("属实,不属实") && sheet.contains("因病,因学"));
    assert!(sheet.contains("type=\"textLength\"") && sheet.contains("type=\"date\""));
    assert!(sheet.contains("AND(OR($E5=\"不属实\"),LEN($G5)=0)"), "what is still needed is coloured");
    assert!(sheet.contains("AND(LEN($E5)&gt;0,NOT(OR($E5=\"不属实\")))"), "what is not asked is grey");
    assert!(sheet.contains("orientation=\"landscape\"") && sheet.contains("paperSize=\"9\""));
    assert!(sheet.contains("fitToHeight=\"0\"") && sheet.contains("<pane ySplit=\"4\""));
    assert!(sheet.contains("FAAAA"), "the form's token is at the foot of every page");
    let index = &parts["xl/workbook.xml"];
    assert!(index.contains("上河村!$1:$4"), "headings repeat on every page");
    assert!(index.contains("name=\"bidui\"") && index.contains("veryHidden"));

    // Styles of the cells: locked unless the style says otherwise.
    let styles = &parts["xl/styles.xml"];
    let formats = &styles[styles.find("<cellXfs").expect("formats")..styles.find("</cellXfs>").expect("end")];
    let formats: Vec<bool> = formats.split("<xf ").skip(1).map(|xf| xf.contains("locked=\"0\"")).collect();
    let style_of = |part: &str, cell: &str| -> usize {
        let sheet = &parts[part];
        let at = sheet.find(&format!("r=\"{cell}\" s=\"")).expect("styled cell") + cell.len() + 8;
        sheet[at..].split('"').next().expect("ends").parse().expect("a number")
    };
    let columns = "ABCDJ".chars().map(|c| (c, false)).chain("EFGHI".chars().map(|c| (c, true)));
    for (column, unlocked) in columns {
        let style = style_of("xl/worksheets/sheet2.xml", &format!("{column}5"));
        assert_eq!(formats[style], unlocked, "column {column}");
    }
    // On the cover only what is asked for the whole form can be written in: the seventh line of the table.
    for row in 4..12 {
        let style = style_of("xl/worksheets/sheet1.xml", &format!("B{row}"));
        assert_eq!(formats[style], row == 10, "row {row}");
    }
}

#[test]
fn the_same_tables_give_the_same_bytes() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("temporary folder"));
    let bytes = folders.map(|folder| {
        let paths = written(&tasks(), folder.path());
        paths.iter().map(|p| std::fs::read(p).expect("there")).collect::<Vec<_>>()
    });
    assert_eq!(bytes[0], bytes[1]);
}

#[test]
fn hostile_names_stay_inside_the_folder() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let out = folder.path().join("out");
    let tasks = issued(Some("../../evil"), "F", vec![row("T1", "a/b:c[d]*?", "甲"), row("T2", "a/b:c[d]*", "乙")]);
    let paths = written(&[tasks], &out);
    assert_eq!(paths, [out.join("_.._evil.xlsx")]);
    assert_eq!(cells(&paths[0]).keys().collect::<Vec<_>>(), ["a_b_c_d__", "a_b_c_d___", "bidui", "填表说明"]);
}

/// What a spreadsheet might run, change or hide.
const INJECTIONS: [&str; 8] = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1:A2)", "\t=1", "{=1}", "_x0041_", "0012"];

#[test]
fn injections_and_numbers_stay_text() {
    let rows = INJECTIONS.iter().enumerate().map(|(i, text)| {
        vec![
            ("household_id", format!("H{i}").into()),
            ("household_no", (*text).into()),
            ("head_name", (*text).into()),
            ("head_id_number", "990121199001011236".into()),
            ("list_type", "marginal".into()),
            ("causes", "illness".into()),
            ("rules", "MED-01".into()),
            ("per_capita_income", Value::Decimal(650_050)),
            ("evidence", format!("{text}\n{text}").into()),
        ]
    });
    let online = table(tables::online_list(), rows.collect());
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("线上疑似名单.xlsx");
    let plan = sample::plan();
    online_list(&issue(&plan), &online, &path).expect("written");

    let sheets = cells(&path);
    let order = ["汇总", "突发严重困难户", "脱贫监测户", "说明", "边缘户"];
    assert_eq!(sheets.keys().collect::<Vec<_>>(), order);
    let marginal = &sheets["边缘户"];
    for (row, text) in (4..).zip(INJECTIONS) {
        // A control character shows nothing and is left out; all else stands as it was.
        assert_eq!(marginal[&(row, 5)], Data::String(text.trim_start_matches('\t').into()));
        assert_eq!(marginal[&(row, 6)], Data::String("990121199001011236".into()));
        assert_eq!(marginal[&(row, 11)], Data::Float(6500.5));
    }
    for (part, xml) in parts(&path) {
        assert!(!xml.contains("<f>"), "{part} holds a formula");
    }
    assert!(texts(&sheets["突发严重困难户"]).contains(&"本批次无此类疑似户。".to_string()));
}

#[test]
fn the_summary_counts_by_township_and_cause() {
    let row = |id: &str, township: &str, kind: &str, causes: &str| {
        vec![
            ("household_id", id.to_string().into()),
            ("township_code", format!("99{township}").into()),
            ("township", township.to_string().into()),
            ("list_type", kind.to_string().into()),
            ("causes", causes.to_string().into()),
        ]
    };
    let online = table(
        tables::online_list(),
        vec![
            row("H1", "甲镇", "marginal", "education|illness"),
            row("H2", "甲镇", "unstable", "illness"),
            row("H3", "乙镇", "sudden", "illness"),
        ],
    );
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("list.xlsx");
    let plan = sample::plan();
    online_list(&issue(&plan), &online, &path).expect("written");
    let sheet = &cells(&path)["汇总"];
    let rows: Vec<Vec<String>> = (4..9).map(|r| (0..6).map(|c| sheet[&(r, c)].to_string()).collect()).collect();
    assert_eq!(
        rows,
        [
            ["合计", "全县", "1", "1", "1", "3"],
            ["按乡镇", "乙镇", "0", "0", "1", "1"],
            ["按乡镇", "甲镇", "1", "1", "0", "2"],
            ["按风险", "因学", "0", "1", "0", "1"],
            ["按风险", "因病", "1", "1", "1", "3"],
        ]
    );
}

#[test]
fn proposals_are_parted_by_what_the_system_needs() {
    let proposal = |id: &str, action: &str| {
        vec![
            ("proposal_id", format!("PR-{id}").into()),
            ("household_id", id.to_string().into()),
            ("head_name", format!("户主{id}").into()),
            ("head_id_number", "990121199001011236".into()),
            ("list_type", "marginal".into()),
            ("causes", "illness".into()),
            ("national_action", action.to_string().into()),
        ]
    };
    let proposed = table(tables::proposals(), vec![proposal("H1", "mark"), proposal("H2", "enter")]);
    let households = table(
        tables::households(),
        vec![vec![("household_id", "H1".into()), ("national_household_no", "N0001".into())]],
    );
    let orders = table(
        tables::work_orders(),
        vec![vec![("order_id", "W00001".into()), ("department", "医保局".into()), ("cause", "illness".into())]],
    );
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("建议名单.xlsx");
    let plan = sample::plan();
    proposals(&issue(&plan), &proposed, &orders, &households, &path).expect("written");
    let sheets = cells(&path);
    let mark = texts(&sheets["系统标注"]);
    assert!(mark.contains(&"N0001".to_string()) && mark.contains(&"户主H1".to_string()));
    assert!(!mark.contains(&"户主H2".to_string()));
    let enter = texts(&sheets["系统录入"]);
    assert!(enter.contains(&"户主H2".to_string()) && !enter.contains(&"户主H1".to_string()));
    let drafts = texts(&sheets["防贫开单（草稿）"]);
    assert!(drafts.contains(&"医保局".to_string()) && drafts.contains(&"因病".to_string()));
    assert!(!drafts.iter().any(|t| t.contains("990121199001011236")), "departments get no numbers yet");
}

#[test]
fn the_review_shows_record_and_candidates_with_masked_numbers() {
    let candidate = |record: &str, status: &str, rank: i64, person: &str| {
        vec![
            ("source", "dibao".into()),
            ("record_id", record.to_string().into()),
            ("status", status.to_string().into()),
            ("rank", rank.into()),
            ("person_id", person.to_string().into()),
            ("evidence", "姓名同音，出生日期相同".into()),
        ]
    };
    let possible = table(
        tables::possible_links(),
        vec![
            candidate("dibao-0000002", "conflict", 1, "P1"),
            candidate("dibao-0000001", "possible", 2, "P2"),
            candidate("dibao-0000001", "possible", 1, "P1"),
        ],
    );
    let person = |id: &str, name: &str| {
        vec![
            ("person_id", id.to_string().into()),
            ("name", name.to_string().into()),
            ("id_number", "990121199001011236".into()),
            ("township", "云岭镇".into()),
            ("village", "上河村".into()),
        ]
    };
    let persons = table(tables::persons(), vec![person("P1", "张三"), person("P2", "张山")]);
    let decided = vec![
        ("source", "dibao".into()),
        ("record_id", "dibao-0000003".into()),
        ("person_id", "P2".into()),
        ("decision", "same".into()),
        ("state", "contradicted".into()),
        ("evidence", "曾认定为同一人，请复核认定".into()),
    ];
    let decisions = table(tables::decisions(), vec![decided]);
    let pair = |record: &str, person: &str, key: &str| ((record.to_string(), person.to_string()), key.to_string());
    let keys = BTreeMap::from([
        pair("dibao-0000001", "P1", "0001-AAAA"),
        pair("dibao-0000001", "P2", "0002-BBBB"),
        pair("dibao-0000003", "P2", "0003-CCCC"),
    ]);
    let review = Review {
        possible: &possible,
        decisions: &decisions,
        persons: &persons,
        records: &BTreeMap::new(),
        keys: &keys,
    };
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("待认定匹配.xlsx");
    let plan = sample::plan();
    possible_links(&issue(&plan), &review, &path).expect("written");
    // The sample plan does not know the source: its rows are shown all the same.
    let sheet = &cells(&path)["dibao"];
    let rows: Vec<Vec<String>> =
        (4..7).map(|r| [0, 1, 2, 6, 7, 8].iter().map(|c| sheet[&(r, *c)].to_string()).collect()).collect();
    assert_eq!(
        rows,
        [
            ["1", "dibao-0000001", "待认定", "1", "张三", "990121********1236"],
            ["1", "dibao-0000001", "待认定", "2", "张山", "990121********1236"],
            ["2", "dibao-0000002", "号名冲突", "1", "张三", "990121********1236"],
        ]
    );
    let keys: Vec<String> = (4..6).map(|r| [14, 15].iter().map(|c| sheet[&(r, *c)].to_string()).collect()).collect();
    assert_eq!(keys, ["P10001-AAAA", "P20002-BBBB"], "the key brings the answer back");
    let again = &cells(&path)["认定复核"];
    let shown: Vec<String> = [1, 2, 7, 15].iter().map(|c| again[&(4, *c)].to_string()).collect();
    assert_eq!(shown, ["dibao-0000003", "原认定：是", "张山", "0003-CCCC"]);
    for (part, xml) in parts(&path) {
        assert!(!xml.contains("990121199001011236"), "{part} shows a whole number");
    }
}
