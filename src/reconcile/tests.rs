//! Rows in → rows out for the offline list and the comparison.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{compare, offline_list};
use crate::model::build::{TableBuilder, Value};
use crate::model::{Table, TableSchema, tables};
use crate::plan::{self, Field, FieldKind, Role, Source, SourceRole, Subject, sample};

fn table(schema: TableSchema, rows: Vec<Vec<(&str, Value)>>) -> Table {
    let mut builder = TableBuilder::new(schema);
    for row in rows {
        builder.push_named(row);
    }
    builder.finish()
}

/// A household in township `t` (1…) and village `v` of it.
fn household(id: &str, t: u32, v: u32) -> Vec<(&str, Value)> {
    vec![
        ("household_id", id.into()),
        ("head_name", format!("户主{id}").into()),
        ("head_id_number", "990121199001011236".into()),
        ("township_code", format!("990121{t:03}").into()),
        ("township", format!("第{t}镇").into()),
        ("village_code", format!("990121{t:03}{v:03}").into()),
        ("village", format!("第{v}村").into()),
        ("group", "3组".into()),
    ]
}

fn households() -> Table {
    let rows = vec![household("H1", 2, 1), household("H2", 1, 2), household("H3", 1, 1), household("H4", 1, 1)];
    table(tables::households(), rows)
}

fn online(rows: &[(&str, &str, &str)]) -> Table {
    let row = |(id, kind, causes): &(&str, &str, &str)| {
        vec![("household_id", (*id).into()), ("list_type", (*kind).into()), ("causes", (*causes).into())]
    };
    table(tables::online_list(), rows.iter().map(row).collect())
}

fn code(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

/// Offline rows as (household or empty, type or empty, causes or empty), numbered from R1.
fn offline(rows: &[(&str, &str, &str)]) -> Table {
    let row = |(i, (id, kind, causes)): (usize, &(&str, &str, &str))| {
        vec![
            ("record_id", format!("R{}", i + 1).into()),
            ("status", if id.is_empty() { "unlinked" } else { "linked" }.into()),
            ("household_id", code(id)),
            ("name", "上报人".into()),
            ("township_code", "990121001".into()),
            ("township", "第1镇".into()),
            ("list_type", code(kind)),
            ("causes", code(causes)),
        ]
    };
    table(tables::offline_list(), rows.iter().enumerate().map(row).collect())
}

fn compared(online_rows: &[(&str, &str, &str)], offline_rows: &[(&str, &str, &str)]) -> Table {
    compare(&online(online_rows), &offline(offline_rows), &households(), &sample::plan())
}

fn at<'a>(table: &'a Table, column: &str, row: usize) -> &'a str {
    table.str_at(column, row).unwrap_or("-")
}

#[test]
fn each_pair_of_lists_has_its_outcome() {
    type Side = Option<(&'static str, &'static str)>;
    type Case = (Side, &'static [(&'static str, &'static str)], &'static str);
    let cases: [Case; 11] = [
        (Some(("marginal", "illness")), &[("marginal", "illness")], "agreed"),
        // A type the village left out is not compared; causes are.
        (Some(("marginal", "illness")), &[("", "illness")], "agreed"),
        (Some(("marginal", "illness")), &[("", "")], "cause_differs"),
        (Some(("marginal", "education|illness")), &[("marginal", "illness")], "cause_differs"),
        (Some(("marginal", "illness")), &[("unstable", "illness")], "type_differs"),
        // Both differ: the type leads.
        (Some(("marginal", "illness")), &[("unstable", "water")], "type_differs"),
        // Several rows: causes are united…
        (Some(("marginal", "education|illness")), &[("marginal", "illness"), ("", "education")], "agreed"),
        // …and a village that contradicts itself agrees with nobody.
        (Some(("marginal", "illness")), &[("marginal", "illness"), ("unstable", "illness")], "type_differs"),
        (Some(("marginal", "illness")), &[], "online_only"),
        (None, &[("marginal", "illness")], "offline_only"),
        (None, &[("marginal", "illness"), ("unstable", "illness")], "offline_only"),
    ];
    for (on, off, expected) in cases {
        let on: Vec<_> = on.iter().map(|(kind, causes)| ("H1", *kind, *causes)).collect();
        let off: Vec<_> = off.iter().map(|(kind, causes)| ("H1", *kind, *causes)).collect();
        let result = compared(&on, &off);
        assert_eq!(result.rows(), 1, "{on:?} {off:?}");
        assert_eq!(at(&result, "outcome", 0), expected, "{on:?} {off:?}");
    }
}

#[test]
fn differences_are_listed_and_told() {
    let result = compared(
        &[("H1", "marginal", "education|illness")],
        &[("H1", "unstable", "illness|water"), ("H1", "unstable", "water")],
    );
    assert_eq!(at(&result, "offline_records", 0), "R1|R2");
    assert_eq!(at(&result, "causes_missing_offline", 0), "education");
    assert_eq!(at(&result, "causes_missing_online", 0), "water");
    assert_eq!(at(&result, "offline_causes", 0), "illness|water");
    assert_eq!(
        at(&result, "explanation", 0),
        "类型不同：线上为边缘户，线下上报为脱贫监测户。风险不同：线上有而线下未报因学；线下有而线上未见因安全饮水。\
         村里共上报2行，已合并。上报表属第1镇，户籍在第2镇。"
    );
    let result =
        compared(&[("H3", "marginal", "illness")], &[("H3", "marginal", "illness"), ("H3", "sudden", "illness")]);
    assert_eq!(
        at(&result, "explanation", 0),
        "线上类型为边缘户。风险一致：因病。村里共上报2行，已合并。各行上报类型不一致：边缘户、突发严重困难户。"
    );
    assert_eq!(at(&result, "offline_type", 0), "marginal|sudden");
}

#[test]
fn a_monitored_household_is_compared_when_the_village_names_it() {
    let mut rows = online(&[("H3", "unstable", "illness")]);
    let i = rows.schema.index("monitored_type").expect("declared");
    let mut arrays = rows.batch.columns().to_vec();
    arrays[i] = std::sync::Arc::new(arrow::array::StringArray::from(vec!["unstable"]));
    rows = Table::new(rows.schema, arrays);
    let (plan, households) = (sample::plan(), households());
    let alone = compare(&rows, &offline(&[]), &households, &plan);
    assert_eq!(at(&alone, "outcome", 0), "already_monitored");
    assert_eq!(
        at(&alone, "explanation", 0),
        "全国系统已列为脱贫监测户，风险未消除；本次部门数据显示因病风险，村里未另行上报。"
    );
    let named = compare(&rows, &offline(&[("H3", "unstable", "illness")]), &households, &plan);
    assert_eq!(at(&named, "outcome", 0), "agreed");
    assert!(at(&named, "explanation", 0).contains("已列为脱贫监测户，风险未消除"));
}

#[test]
fn a_report_about_a_monitored_household_says_so() {
    for (cleared, words) in [
        (Some(false), "该户在全国系统中已列为边缘户，风险未消除。"),
        (None, "该户在全国系统中已列为边缘户，风险未消除。"),
        (Some(true), "该户曾列为边缘户，系统中风险已消除。"),
    ] {
        let mut home = household("H3", 1, 1);
        home.push(("monitored_type", "marginal".into()));
        home.push(("risk_cleared", cleared.into()));
        let households = table(tables::households(), vec![home]);
        let reported = offline(&[("H3", "marginal", "illness")]);
        let result = compare(&online(&[]), &reported, &households, &sample::plan());
        assert_eq!(at(&result, "outcome", 0), "offline_only");
        assert_eq!(
            at(&result, "explanation", 0),
            format!("村里上报该户有因病风险（边缘户），部门数据未见对应线索。{words}")
        );
    }
}

#[test]
fn unclear_rows_say_how_many_candidates_there_are() {
    let row = |status: &str, candidates: i64| {
        let rows = vec![vec![
            ("record_id", "R1".into()),
            ("status", status.into()),
            ("name", "张三".into()),
            ("township", "第1镇".into()),
            ("candidates", candidates.into()),
            ("note", "住在村口".into()),
        ]];
        let offline = table(tables::offline_list(), rows);
        compare(&online(&[]), &offline, &households(), &sample::plan())
    };
    for (status, candidates, words) in
        [("possible", 2, "户籍底册中2人相近"), ("conflict", 1, "候选1人"), ("unlinked", 0, "候选0人")]
    {
        let result = row(status, candidates);
        assert_eq!(at(&result, "outcome", 0), "identity_unclear");
        assert!(at(&result, "explanation", 0).contains(words), "{status}");
        assert_eq!(
            ["household_id", "head_name", "township", "offline_note"].map(|c| at(&result, c, 0)),
            ["-", "张三", "第1镇", "住在村口"]
        );
    }
}

#[test]
fn rows_are_numbered_by_township_village_household() {
    let result = compared(
        &[
            ("H1", "marginal", "illness"),
            ("H2", "marginal", "illness"),
            ("H4", "marginal", "illness"),
            ("H3", "marginal", "illness"),
        ],
        &[("", "marginal", "illness")],
    );
    let order: Vec<(&str, &str)> =
        (0..result.rows()).map(|row| (at(&result, "comparison_id", row), at(&result, "household_id", row))).collect();
    // The unclear row has the township of its form but no village: behind that township's villages.
    assert_eq!(order, [("C00001", "H3"), ("C00002", "H4"), ("C00003", "H2"), ("C00004", "-"), ("C00005", "H1")]);
    assert_eq!(at(&result, "village", 0), "第1村");
    assert_eq!(at(&result, "group", 0), "3组");
}

fn field(name: &str, kind: FieldKind, role: Role) -> Field {
    Field { role: Some(role), ..plan::sample::field(name, kind) }
}

fn source() -> Source {
    let fields = vec![
        field("township", FieldKind::Township, Role::Township),
        field("village", FieldKind::Village, Role::Village),
        field("name", FieldKind::Name, Role::Name),
        field("id_number", FieldKind::IdNumber, Role::IdNumber),
        field("reported_type", FieldKind::Code, Role::ListType),
        field("reported_causes", FieldKind::Code, Role::Causes),
    ];
    Source { role: SourceRole::Offline, subject: Subject::Household, ..plan::sample::source("offline_report", fields) }
}

#[test]
fn offline_rows_keep_what_the_village_wrote() {
    let source = source();
    let records = table(
        plan::schema::records(&source),
        vec![
            vec![
                ("record_id", "offline_report-0000001".into()),
                ("file", "线下排查/第1镇线下排查表.xlsx".into()),
                ("row", 4.into()),
                ("township_code", "990121001".into()),
                ("township", "第1镇".into()),
                ("village_raw", "老村".into()),
                ("name", "张三".into()),
                ("id_number", "990121199001011236".into()),
                ("reported_type", "marginal".into()),
                ("reported_causes", "education|illness".into()),
            ],
            vec![("record_id", "offline_report-0000002".into()), ("name", "李四".into())],
            vec![("record_id", "offline_report-0000003".into()), ("name", "王五".into())],
        ],
    );
    let link = |id: &str, status: &str, household: Option<&str>, candidates: i64| {
        vec![
            ("record_id", id.to_string().into()),
            ("status", status.to_string().into()),
            ("household_id", household.map(str::to_string).into()),
            ("person_id", household.map(|_| "P0000001".to_string()).into()),
            ("candidates", candidates.into()),
        ]
    };
    let links = table(
        tables::links(),
        vec![
            link("offline_report-0000002", "linked", Some("H1"), 0),
            link("offline_report-0000001", "possible", None, 3),
        ],
    );
    let list = offline_list(&source, &records, &links, &households());
    let shown = |row: usize| {
        let columns = ["status", "household_id", "township", "village", "list_type", "causes", "candidates"];
        columns.map(|c| list.display_at(c, row).unwrap_or("-".into()))
    };
    assert_eq!(shown(0), ["possible", "-", "第1镇", "老村", "marginal", "education|illness", "3"]);
    // No place on the form: the linked household's own.
    assert_eq!(shown(1), ["linked", "H1", "第2镇", "第1村", "-", "-", "-"]);
    assert_eq!(shown(2), ["unlinked", "-", "-", "-", "-", "-", "0"]);
}

proptest! {
    /// Nothing is lost and nothing is doubled, whatever the lists hold.
    #[test]
    fn every_household_and_every_row_stands_once(
        online_ids in proptest::collection::btree_set(0u8..12, 0..12),
        rows in proptest::collection::vec((0u8..16, 0usize..4, 0usize..3), 0..24),
    ) {
        const TYPES: [&str; 4] = ["", "unstable", "marginal", "sudden"];
        const CAUSES: [&str; 3] = ["", "illness", "education|illness"];
        let online_ids: Vec<String> = online_ids.iter().map(|i| format!("H{i}")).collect();
        let on: Vec<_> = online_ids.iter().map(|id| (id.as_str(), "marginal", "illness")).collect();
        // From 12 on the row is not linked.
        let ids: Vec<String> = rows.iter().map(|(i, _, _)| if *i < 12 { format!("H{i}") } else { String::new() }).collect();
        let off: Vec<_> = rows
            .iter()
            .zip(&ids)
            .map(|((_, kind, causes), id)| (id.as_str(), TYPES[*kind], CAUSES[*causes]))
            .collect();
        let result = compared(&on, &off);

        let mut homes: BTreeMap<&str, usize> = BTreeMap::new();
        let mut records: BTreeMap<&str, usize> = BTreeMap::new();
        for row in 0..result.rows() {
            if let Some(home) = result.str_at("household_id", row) {
                *homes.entry(home).or_default() += 1;
            }
            for record in crate::model::words::split(result.str_at("offline_records", row)) {
                *records.entry(record).or_default() += 1;
            }
            let unclear = at(&result, "outcome", row) == "identity_unclear";
            prop_assert_eq!(unclear, result.str_at("household_id", row).is_none());
        }
        for id in &online_ids {
            prop_assert_eq!(homes.get(id.as_str()), Some(&1));
        }
        prop_assert!(homes.values().all(|n| *n == 1));
        prop_assert_eq!(records.len(), rows.len());
        prop_assert!(records.values().all(|n| *n == 1));
    }
}
