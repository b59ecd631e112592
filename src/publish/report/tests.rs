//! The report of a tiny round: what it counts, how it reads, and that nobody is named in it.

use jiff::civil::date;

use super::{Facts, ReportData, data, render};
use crate::diag::{Diagnostic, Place};
use crate::model::build::{TableBuilder, Value};
use crate::model::{Table, TableSchema, tables};
use crate::plan::{Cadence, Plan, sample};

type Rows = Vec<Vec<(&'static str, Value)>>;

fn table(schema: TableSchema, rows: Rows) -> Table {
    let mut builder = TableBuilder::new(schema);
    for row in rows {
        builder.push_named(row);
    }
    builder.finish()
}

const NAME: &str = "张三丰";
const NUMBER: &str = "99012119900101123X";

/// A row with a person in it and a township, `a` or `b`.
fn of(id: &str, township: &str, more: Vec<(&'static str, Value)>) -> Vec<(&'static str, Value)> {
    let (code, name) = match township {
        "a" => ("990121001", "云岭镇"),
        _ => ("990121002", "东河乡"),
    };
    let mut row =
        vec![("household_id", id.to_string().into()), ("township_code", code.into()), ("township", name.into())];
    row.extend(more);
    row
}

fn named(mut row: Vec<(&'static str, Value)>) -> Vec<(&'static str, Value)> {
    row.push(("head_name", NAME.into()));
    row.push(("head_id_number", NUMBER.into()));
    row
}

struct Round {
    tables: Vec<Table>,
    problems: Vec<Diagnostic>,
    plan: Plan,
}

impl Round {
    fn facts(&self) -> Facts<'_> {
        let t = |name: &str| self.tables.iter().find(|t| t.name() == name).expect("made");
        Facts {
            plan: &self.plan,
            round: "2026Q3",
            as_of: date(2026, 9, 30),
            persons: t("persons"),
            households: t("households"),
            online: t("online_list"),
            offline: t("offline_list"),
            comparison: t("comparison"),
            tasks: t("verification_tasks"),
            asked: None,
            proposals: t("proposals"),
            orders: t("work_orders"),
            tracking: t("tracking"),
            hits: t("rule_hits"),
            outcomes: t("rule_outcomes"),
            quality: t("source_quality"),
            problems: &self.problems,
            version: "0.1.0",
            manifest: "sha256:0011",
        }
    }
}

fn list(id: &str, township: &str, kind: &'static str, causes: &'static str) -> Vec<(&'static str, Value)> {
    named(of(
        id,
        township,
        vec![("list_type", kind.into()), ("causes", causes.into()), ("evidence", format!("{NAME}自付26000元").into())],
    ))
}

fn compared(id: &str, township: &str, outcome: &'static str) -> Vec<(&'static str, Value)> {
    named(of(id, township, vec![("outcome", outcome.into())]))
}

fn hit(id: &'static str, role: &'static str, risk: &'static str) -> Vec<(&'static str, Value)> {
    vec![("household_id", id.into()), ("role", role.into()), ("risk", risk.into())]
}

fn source(id: &'static str, state: &'static str, counts: [i64; 8]) -> Vec<(&'static str, Value)> {
    let names = ["read", "accepted", "quarantined", "folded", "linked", "possible", "conflict", "unlinked"];
    let mut row: Vec<(&'static str, Value)> = vec![
        ("source", id.into()),
        ("title", format!("{id}名册").into()),
        ("department", "民政局".into()),
        ("state", state.into()),
        ("files", 1.into()),
    ];
    row.extend(names.into_iter().zip(counts.map(Value::from)));
    row
}

fn rule(id: &'static str, counts: [i64; 3], missing: Option<&'static str>) -> Vec<(&'static str, Value)> {
    vec![
        ("rule", id.into()),
        ("rule_version", 1.into()),
        ("title", format!("规则{id}").into()),
        ("level", "household".into()),
        ("judged", counts[0].into()),
        ("hits", counts[1].into()),
        ("unknown", counts[2].into()),
        ("missing_sources", missing.into()),
        ("document", "000 R028".into()),
    ]
}

fn round() -> Round {
    let mut tables = vec![
        table(
            tables::persons(),
            vec![
                of("H1", "a", vec![("name", NAME.into()), ("id_number", NUMBER.into()), ("status", "normal".into())]),
                of("H1", "a", vec![("name", "李四光".into()), ("status", "deceased".into())]),
            ],
        ),
        table(
            tables::households(),
            ["H1", "H2", "H3"]
                .map(|id| named(of(id, "a", vec![])))
                .into_iter()
                .chain([named(of("H4", "b", vec![]))])
                .collect(),
        ),
        table(
            tables::online_list(),
            vec![
                list("H1", "a", "unstable", "education|illness"),
                list("H2", "a", "marginal", "illness"),
                list("H4", "b", "sudden", "housing"),
            ],
        ),
        table(
            tables::offline_list(),
            vec![
                of("H1", "a", vec![("name", NAME.into()), ("id_number", NUMBER.into()), ("note", NAME.into())]),
                vec![("name", NAME.into()), ("township", "无此镇".into())],
            ],
        ),
        table(
            tables::comparison(),
            vec![
                compared("H1", "a", "agreed"),
                compared("H2", "a", "online_only"),
                compared("H4", "b", "cause_differs"),
                named(vec![("outcome", "identity_unclear".into())]),
            ],
        ),
        table(tables::verification_tasks(), vec![of("H2", "a", vec![("head_name", NAME.into())])]),
        table(tables::proposals(), vec![list("H1", "a", "unstable", "illness")]),
        table(tables::work_orders(), vec![of("H1", "a", vec![("department", "医保局".into())])]),
        table(
            tables::tracking(),
            vec![
                of(
                    "H1",
                    "a",
                    vec![("risk_cleared", false.into()), ("year_complete", true.into()), ("online_now", true.into())],
                ),
                of(
                    "H3",
                    "a",
                    vec![("risk_cleared", true.into()), ("year_complete", true.into()), ("online_now", false.into())],
                ),
            ],
        ),
        table(
            tables::rule_hits(),
            vec![
                hit("H1", "lists", "medical"),
                hit("H1", "supports", "income"),
                hit("H3", "supports", "income"),
                hit("H3", "cautions", "other"),
                hit("H4", "supports", "medical"),
            ],
        ),
        table(
            tables::rule_outcomes(),
            vec![
                rule("MED-01", [4, 1, 0], None),
                rule("EDU-01", [4, 0, 0], None),
                rule("INC-01", [4, 4, 0], None),
                rule("WAT-01", [4, 0, 4], Some("water")),
            ],
        ),
        table(
            tables::source_quality(),
            vec![
                source("dibao", "delivered", [10, 7, 2, 1, 5, 1, 0, 1]),
                source("school", "delivered", [10, 7, 2, 0, 5, 1, 0, 1]),
                source("water", "missing", [0; 8]),
            ],
        ),
    ];
    tables.sort_by(|a, b| a.name().cmp(b.name()));
    let problem = Diagnostic::warning(
        "file.skipped",
        "a lock file <~$x> was skipped",
        Place::file("民政/~$x.xlsx").sheet("一月").row(3),
    );
    Round { tables, problems: vec![problem.hint("close the workbook")], plan: sample::plan() }
}

fn counted() -> ReportData {
    data(&round().facts())
}

#[test]
fn the_round_is_counted() {
    let data = counted();
    let figures: Vec<(&str, usize)> = data.figures.iter().map(|f| (f.label.as_str(), f.value)).collect();
    assert_eq!(
        figures,
        [
            ("户籍家庭", 4),
            ("线上疑似", 3),
            ("线下上报", 2),
            ("建议名单", 1),
            ("待村核实", 1),
            // H3 only: H1 is listed by another rule, and H4's support is not about income.
            ("仅收入偏低", 1),
            ("有审慎事项", 0),
            ("开单草稿", 1),
        ]
    );
    assert_eq!(data.types, [1, 1, 1]);
    let causes: Vec<_> = data.causes.iter().map(|c| (c.title.as_str(), c.types, c.total)).collect();
    assert_eq!(causes[0], ("因病", [1, 1, 0], 2));
    assert_eq!(causes[2], ("因残", [0, 0, 0], 0));
    let townships: Vec<_> = data.townships.iter().map(|t| (t.name.as_str(), t.online, t.offline, t.other)).collect();
    assert_eq!(townships, [("云岭镇", 2, 1, 0), ("东河乡", 1, 0, 1), ("乡镇不明", 0, 1, 1)]);
    assert_eq!((data.whole.online, data.whole.offline, data.whole.other), (3, 2, 2));
    let shares: Vec<_> = data.comparison.iter().map(|c| (c.count, c.share.as_str())).collect();
    assert_eq!(shares[0], (1, "25.0%"));
    let followed: Vec<usize> = data.tracking.iter().map(|f| f.value).collect();
    assert_eq!(followed, [2, 1, 1, 1, 1, 0]);
}

#[test]
fn sums_that_do_not_close_and_rules_that_say_nothing_are_seen() {
    let data = counted();
    assert_eq!(data.sources.iter().map(|s| s.closes).collect::<Vec<_>>(), [true, false, true]);
    let remarks: Vec<&str> = data.rules.iter().map(|r| r.remark.as_str()).collect();
    assert_eq!(remarks, ["", "无一命中", "全部命中", "全部无法判断"]);
    assert_eq!(data.gaps.len(), 1);
    assert_eq!((data.gaps[0].state.as_str(), data.gaps[0].rules.as_str()), ("未提供", "WAT-01"));
}

#[test]
fn at_night_it_is_no_gap_that_nothing_new_came() {
    let stale =
        |id, problems: &'static str| [source(id, "stale", [1; 8]), vec![("problems", problems.into())]].concat();
    let rows = vec![
        stale("same", "a.csv：送来的与以前的完全相同，没有新数据 [delivery.same_again]"),
        stale("waits", ""),
        stale("held", "b.csv：行数相差太多 [delivery.held]；c.csv：本次没有送来 [delivery.late]"),
        source("none", "missing", [0; 8]),
    ];
    let mut round = round();
    let at = round.tables.iter().position(|t| t.name() == "source_quality").expect("made");
    round.tables[at] = table(tables::source_quality(), rows);
    let gaps = |round: &Round, asked| {
        let data = data(&Facts { asked, ..round.facts() });
        let named = data.gaps.iter().map(|g| g.title.clone()).collect::<Vec<_>>();
        (named, data.figures[4].note.clone())
    };
    let (named, note) = gaps(&round, None);
    assert_eq!((named.len(), note.as_str()), (4, "两边不一致或身份不明"));
    round.plan.cadence = Cadence::Nightly;
    let (named, note) = gaps(&round, Some(0));
    assert_eq!(named, ["held名册", "none名册"]);
    assert_eq!(note, "本次新交办0项，其余已在此前的核实表上");
}

#[test]
fn nobody_is_named_in_the_report() {
    let html = render(&counted());
    for personal in [NAME, NUMBER, "李四光", "990121", "26000", "H1"] {
        assert!(!html.contains(personal), "the report shows {personal}");
    }
}

#[test]
fn the_page_is_escaped_and_needs_nothing_from_outside() {
    let mut data = counted();
    data.county = "<script>alert(1)</script>".into();
    let html = render(&data);
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;"));
    assert!(html.contains("a lock file &lt;~$x&gt; was skipped"));
    let outside = html.replace("http://www.w3.org/2000/svg", "");
    assert!(
        !outside.contains("http:")
            && !outside.contains("https:")
            && !outside.contains("src=")
            && !outside.contains("url(")
    );
}

#[test]
fn the_report_reads_like_this() {
    let html = render(&counted());
    // The style sheet is left out: a change of colour is no change of content.
    insta::assert_snapshot!(&html[html.find("<body>").expect("has a body")..]);
}

#[test]
fn an_empty_round_has_a_report_too() {
    let empty: Vec<Table> = tables::all().into_iter().map(|schema| table(schema, vec![])).collect();
    let round = Round { tables: empty, problems: vec![], plan: sample::plan() };
    let html = render(&data(&round.facts()));
    assert!(html.contains("没有问题。") && !html.contains("以下数据不完整"));
}
