//! Rows in → rows out for the ledger's four tables.

use jiff::civil::date;

use super::{Lists, advance, proposals, tracking, verification_tasks, work_orders};
use crate::model::build::{TableBuilder, Value};
use crate::model::{Table, TableSchema, tables, text};
use crate::plan::sample;

fn table(schema: TableSchema, rows: Vec<Vec<(&str, Value)>>) -> Table {
    let mut builder = TableBuilder::new(schema);
    for row in rows {
        builder.push_named(row);
    }
    builder.finish()
}

fn shown(table: &Table, columns: &[&str], row: usize) -> Vec<String> {
    let value = |c: &&str| table.display_at(c, row).unwrap_or("-".into());
    columns.iter().map(value).collect()
}

fn compared(outcome: &'static str, household: Option<&str>) -> Vec<(&'static str, Value)> {
    let mut row: Vec<(&str, Value)> = vec![
        ("comparison_id", "C00001".into()),
        ("outcome", outcome.into()),
        ("household_id", household.map(str::to_string).into()),
        ("head_name", "张三".into()),
        ("head_id_number", "99012119900101123X".into()),
        ("township", "云岭镇".into()),
        ("village", "上河村".into()),
        ("explanation", "户籍底册中2人相近。".into()),
    ];
    if !matches!(outcome, "offline_only" | "identity_unclear") {
        row.push(("online_type", "marginal".into()));
        row.push(("online_causes", "education|illness".into()));
    }
    if !matches!(outcome, "online_only" | "already_monitored") {
        row.push(("offline_records", "R1".into()));
        row.push(("offline_type", "unstable".into()));
        row.push(("offline_causes", "illness|water".into()));
        row.push(("offline_note", "老伴住院".into()));
    }
    if matches!(outcome, "cause_differs" | "type_differs") {
        row.push(("causes_missing_offline", "education".into()));
        row.push(("causes_missing_online", "water".into()));
    }
    row
}

fn online(household: &str) -> Table {
    table(
        tables::online_list(),
        vec![vec![
            ("household_id", household.into()),
            ("evidence", "近12个月合规自付26000元".into()),
            ("cautions", "名下有小汽车".into()),
            ("hits", 2.into()),
            ("causes", "illness".into()),
        ]],
    )
}

fn households(rows: Vec<Vec<(&str, Value)>>) -> Table {
    table(tables::households(), rows)
}

#[test]
fn every_difference_becomes_a_question_and_nothing_else_does() {
    // (outcome, causes in question, what the question must say)
    let cases = [
        ("online_only", "education|illness", "部门数据显示该户可能有因学、因病风险，村里本次未上报。"),
        ("offline_only", "illness|water", "村里上报该户有因病、因安全饮水风险（脱贫监测户）"),
        ("cause_differs", "education|water", "部门数据有而村里未报：因学；村里上报而部门数据未见：因安全饮水"),
        ("type_differs", "education|illness|water", "部门数据判断为边缘户，村里上报为脱贫监测户"),
        ("identity_unclear", "illness|water", "不能确定是哪一户"),
    ];
    let plan = sample::plan();
    for (outcome, causes, words) in cases {
        let household = (outcome != "identity_unclear").then_some("H1");
        let comparison = table(tables::comparison(), vec![compared(outcome, household)]);
        let tasks = verification_tasks("2026Q3", &comparison, &online("H1"), &households(vec![]), &plan);
        assert_eq!(
            shown(&tasks, &["task_id", "round", "masked_id_number", "causes"], 0),
            ["T00001", "2026Q3", "990121********123X", causes],
            "{outcome}"
        );
        let question = tasks.str_at("question", 0).expect("asked");
        assert!(question.contains(words), "{outcome}: {question}");
        // A caution asks for a reason wherever the online list has one.
        assert_eq!(question.contains("另请说明：名下有小汽车。"), household.is_some());
    }
    for outcome in ["agreed", "already_monitored"] {
        let comparison = table(tables::comparison(), vec![compared(outcome, Some("H1"))]);
        let tasks = verification_tasks("2026Q3", &comparison, &online("H1"), &households(vec![]), &plan);
        assert_eq!(tasks.rows(), 0, "{outcome}");
    }
}

#[test]
fn a_task_tells_its_grounds() {
    let plan = sample::plan();
    let evidence = |outcome, household| {
        let comparison = table(tables::comparison(), vec![compared(outcome, household)]);
        let tasks = verification_tasks("2026Q3", &comparison, &online("H1"), &households(vec![]), &plan);
        tasks.str_at("evidence", 0).expect("has evidence").to_string()
    };
    assert_eq!(evidence("online_only", Some("H1")), "部门数据：近12个月合规自付26000元");
    assert_eq!(evidence("cause_differs", Some("H1")), "部门数据：近12个月合规自付26000元\n村里说明：老伴住院");
    assert_eq!(evidence("offline_only", Some("H9")), "村里说明：老伴住院");
    assert_eq!(evidence("identity_unclear", None), "户籍底册中2人相近。\n村里说明：老伴住院");
}

#[test]
fn agreed_households_are_marked_or_entered() {
    let home = |id: &str, lifted: Option<bool>, number: Option<&str>| {
        vec![
            ("household_id", id.to_string().into()),
            ("size", 4.into()),
            ("lifted", lifted.into()),
            ("national_household_no", number.map(str::to_string).into()),
        ]
    };
    let households = households(vec![
        home("H1", Some(true), Some("N1")),
        home("H2", Some(false), Some("N2")),
        home("H3", None, None),
        home("H4", Some(true), None),
    ]);
    let rows = ["H1", "H2", "H3", "H4"].map(|h| compared("agreed", Some(h))).to_vec();
    let mut rows = rows;
    rows.push(compared("online_only", Some("H5")));
    let comparison = table(tables::comparison(), rows);
    let plan = sample::plan();
    let empty = |schema| table(schema, vec![]);
    let advanced = advance(
        Lists {
            plan: &plan,
            round: "2026Q3",
            as_of: date(2026, 9, 30),
            comparison: &comparison,
            questions: &empty(tables::verification_tasks()),
            offline: &empty(tables::offline_list()),
            tracking: &empty(tables::tracking()),
            persons: &empty(tables::persons()),
            households: &households,
            hits: &empty(tables::rule_hits()),
        },
        &[],
        1,
    );
    let proposed = proposals("2026Q3", &comparison, &online("H1"), &households, &advanced, &plan);
    let columns = ["proposal_id", "household_id", "national_action", "size", "evidence"];
    let rows: Vec<_> = (0..proposed.rows()).map(|r| shown(&proposed, &columns, r)).collect();
    assert_eq!(
        rows,
        [
            ["PR00001", "H1", "mark", "4", "近12个月合规自付26000元"],
            ["PR00002", "H2", "mark", "4", "-"],
            ["PR00003", "H3", "enter", "4", "-"],
            ["PR00004", "H4", "mark", "4", "-"],
        ]
    );
    assert_eq!(proposed.str_at("cautions", 0), Some("名下有小汽车"));
}

#[test]
fn each_cause_is_an_order_for_its_department() {
    let proposal = |id: &str, causes: &str| {
        vec![
            ("proposal_id", format!("PR-{id}").into()),
            ("household_id", id.to_string().into()),
            ("causes", causes.to_string().into()),
            ("evidence", "全部依据".into()),
        ]
    };
    let proposed = table(tables::proposals(), vec![proposal("H1", "education|illness"), proposal("H2", "unheard_of")]);
    let hit = |role: &str, cause: &str, evidence: &str| {
        vec![
            ("household_id", "H1".into()),
            ("role", role.to_string().into()),
            ("cause", cause.to_string().into()),
            ("evidence", evidence.to_string().into()),
        ]
    };
    let hits = table(
        tables::rule_hits(),
        vec![
            hit("lists", "illness", "自付26000元"),
            hit("lists", "illness", "自付26000元"),
            hit("supports", "illness", "大病保险"),
            hit("cautions", "illness", "有车"),
        ],
    );
    let orders = work_orders("2026Q3", &proposed, &hits, &sample::plan());
    let columns = ["order_id", "proposal_id", "department", "cause", "evidence", "state"];
    let rows: Vec<_> = (0..orders.rows()).map(|r| shown(&orders, &columns, r)).collect();
    assert_eq!(
        rows,
        [
            ["W00001", "PR-H1", "教育局", "education", "全部依据", "drafted"],
            ["W00002", "PR-H1", "医保局", "illness", "自付26000元；大病保险", "drafted"],
            ["W00003", "PR-H2", "待定", "unheard_of", "全部依据", "drafted"],
        ]
    );
}

#[test]
fn tracking_lasts_a_year_and_names_who_follows() {
    let home = |id: &str, kind: Option<&str>, lifted: bool, since: Option<jiff::civil::Date>| {
        vec![
            ("household_id", id.to_string().into()),
            ("monitored_type", kind.map(str::to_string).into()),
            ("lifted", lifted.into()),
            ("risk_cleared", false.into()),
            ("monitored_since", since.map_or(Value::Null, |d| Value::Date(text::to_days(d)))),
        ]
    };
    let households = households(vec![
        home("H3", Some("sudden"), false, None),
        home("H2", Some("marginal"), false, Some(date(2025, 10, 1))),
        home("H1", Some("unstable"), true, Some(date(2025, 9, 30))),
        home("H0", None, true, None),
    ]);
    let tracked = tracking(date(2026, 9, 30), &households, &online("H1"));
    let columns = ["household_id", "track_until", "tracker", "year_complete", "online_now", "causes"];
    let rows: Vec<_> = (0..tracked.rows()).map(|r| shown(&tracked, &columns, r)).collect();
    assert_eq!(
        rows,
        [
            ["H1", "2026-09-30", "helper", "是", "是", "illness"],
            ["H2", "2026-10-01", "village_team", "否", "否", "-"],
            ["H3", "-", "village_team", "-", "否", "-"],
        ]
    );
}

#[test]
fn a_monitored_household_without_a_hit_is_not_online_now() {
    let quiet = table(
        tables::online_list(),
        vec![vec![("household_id", "H1".into()), ("hits", 0.into()), ("causes", "illness".into())]],
    );
    let households = households(vec![vec![("household_id", "H1".into()), ("monitored_type", "unstable".into())]]);
    let tracked = tracking(date(2026, 9, 30), &households, &quiet);
    assert_eq!(shown(&tracked, &["online_now", "causes"], 0), ["否", "-"]);
}
