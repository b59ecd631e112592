//! `online_list` → 线上疑似名单.xlsx: one sheet per type, counts in front, the rules behind.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::sheet::{Cell, Column, Page, Writer};
use super::{Issue, in_order, owned};
use crate::diag::Outcome;
use crate::model::{Table, words};
use crate::plan::RuleRole;

/// Writes the online list for the office's clerks (R116, R151, R152); identity numbers stand in full, as text.
///
/// # Errors
/// An `io.failed` failure naming the path.
pub fn online_list(issue: &Issue, online: &Table, path: &Path) -> Outcome<()> {
    let mut book = Writer::new(issue, "线上疑似名单", path)?;
    book.page("汇总", &summary(issue, online))?;
    let rows = in_order(online);
    for kind in words::LIST_TYPES {
        let title = words::list_type(kind);
        let of_kind = rows.iter().copied().filter(|r| online.str_at("list_type", *r) == Some(kind));
        book.page(title, &list(issue, online, title, of_kind))?;
    }
    let known = |r: &usize| online.str_at("list_type", *r).is_some_and(|t| words::LIST_TYPES.contains(&t));
    let others: Vec<usize> = rows.iter().copied().filter(|r| !known(r)).collect();
    if !others.is_empty() {
        book.page("类型未定", &list(issue, online, "类型未定户", others.into_iter()))?;
    }
    book.page("说明", &rules(issue))?;
    book.save()
}

fn list(issue: &Issue, online: &Table, title: &str, rows: impl Iterator<Item = usize>) -> Page {
    let rows = rows.enumerate().map(|(i, row)| {
        let own = |column: &str| online.str_at(column, row);
        let money = |column: &str| match online.has(column).then(|| decimal(online, column, row)) {
            Some(Some(v)) => Cell::Money(v),
            _ => Cell::Text(String::new()),
        };
        vec![
            (i + 1).into(),
            own("township").into(),
            own("village").into(),
            own("group").into(),
            own("household_no").into(),
            own("head_name").into(),
            own("head_id_number").into(),
            online.integer_at("size", row).map_or(Cell::Text(String::new()), Cell::Number),
            issue.plan.cause_titles(own("causes")).into(),
            hit_rules(issue, own("rules")).into(),
            income(own("income_state")).to_string().into(),
            money("per_capita_income"),
            money("income_line"),
            owned(own("monitored_type").map(words::list_type)).into(),
            own("cautions").into(),
            own("evidence").into(),
        ]
    });
    Page {
        title: format!("{title}线上疑似名单"),
        lines: vec![
            issue.line(),
            "本表由部门数据比对得出，是核实的线索，不是认定结论。审慎事项只作提示，不据此排除任何户。".to_string(),
        ],
        columns: vec![
            Column::of("序号", 5, 7),
            Column::of("乡镇", 8, 12),
            Column::of("村", 8, 12),
            Column::of("组", 5, 8),
            Column::of("户号", 6, 14),
            Column::of("户主", 8, 10),
            Column::of("证件号", 21, 21),
            Column::of("人口", 5, 5),
            Column::of("风险", 8, 12),
            Column::of("命中规则", 14, 24),
            Column::of("收入状况", 8, 10),
            Column::of("人均纯收入\n（元）", 11, 11),
            Column::of("监测收入线\n（元）", 11, 11),
            Column::of("现监测类别", 8, 10),
            Column::of("审慎事项", 8, 20),
            Column::of("依据", 20, 40),
        ],
        rows: rows.collect(),
        empty: "本批次无此类疑似户。",
        ..Page::default()
    }
}

fn income(state: Option<&str>) -> &str {
    match state {
        Some("below") => "低于监测线",
        Some("not_below") => "不低于监测线",
        Some("unknown") | None => "无数据",
        Some(other) => other,
    }
}

#[expect(clippy::cast_precision_loss, reason = "yuan in a cell; exact far beyond any income")]
fn decimal(table: &Table, column: &str, row: usize) -> Option<f64> {
    use arrow::array::Array;
    let array = table.decimal(column);
    array.is_valid(row).then(|| array.value(row) as f64 / 100.0)
}

fn hit_rules(issue: &Issue, joined: Option<&str>) -> String {
    let titled = words::split(joined).map(|id| match issue.plan.rules.iter().find(|r| r.id == id) {
        Some(rule) => format!("{id} {}", rule.title),
        None => id.to_string(),
    });
    titled.collect::<Vec<_>>().join("\n")
}

/// Counts by township and by cause, each with the three types.
fn summary(issue: &Issue, online: &Table) -> Page {
    let mut whole = BTreeMap::new();
    let mut townships: BTreeMap<(bool, &str, &str), BTreeMap<&str, usize>> = BTreeMap::new();
    let mut causes: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for row in 0..online.rows() {
        let kind = online.str_at("list_type", row).unwrap_or("");
        *whole.entry(kind).or_default() += 1;
        let code = online.str_at("township_code", row);
        let name = online.str_at("township", row).unwrap_or("乡镇不明");
        let place = (code.is_none(), code.unwrap_or(""), name);
        *townships.entry(place).or_default().entry(kind).or_default() += 1;
        for cause in words::split(online.str_at("causes", row)).collect::<BTreeSet<_>>() {
            *causes.entry(cause).or_default().entry(kind).or_default() += 1;
        }
    }
    let line = |group: &str, name: &str, counts: &BTreeMap<&str, usize>| {
        let of = |kind: &str| counts.get(kind).copied().unwrap_or(0);
        let [unstable, marginal, sudden] = words::LIST_TYPES.map(of);
        vec![
            group.to_string().into(),
            name.to_string().into(),
            unstable.into(),
            marginal.into(),
            sudden.into(),
            counts.values().sum::<usize>().into(),
        ]
    };
    let mut rows = vec![line("合计", "全县", &whole)];
    rows.extend(townships.iter().map(|((_, _, name), counts)| line("按乡镇", name, counts)));
    rows.extend(causes.iter().map(|(cause, counts)| line("按风险", issue.plan.cause_title(cause), counts)));
    Page {
        title: "线上疑似名单汇总".to_string(),
        lines: vec![issue.line(), "单位：户。一户有多项风险的，在“按风险”中各计一次。".to_string()],
        columns: vec![
            Column::of("分组", 12, 12),
            Column::of("项目", 20, 22),
            Column::of("脱贫监测户", 16, 16),
            Column::of("边缘户", 16, 16),
            Column::of("突发严重困难户", 18, 18),
            Column::of("合计", 14, 14),
        ],
        rows,
        one_page: true,
        ..Page::default()
    }
}

fn rules(issue: &Issue) -> Page {
    let rows = issue.plan.rules.iter().map(|rule| {
        let role = match rule.role {
            RuleRole::Lists => "列入名单",
            RuleRole::Supports => "辅助佐证",
            RuleRole::Cautions => "审慎提示",
            RuleRole::Checks => "工作检查",
        };
        vec![
            rule.id.clone().into(),
            Cell::Number(rule.version),
            rule.title.clone().into(),
            role.to_string().into(),
            issue.plan.cause_title(&rule.cause).to_string().into(),
            if rule.sudden { "是" } else { "" }.to_string().into(),
            rule.when.text.clone().into(),
            rule.document.clone().into(),
        ]
    });
    Page {
        title: "名单规则说明".to_string(),
        lines: vec![
            issue.line(),
            "至少一条“列入名单”规则成立的户列入疑似名单；“辅助佐证”（如收入）单独成立时不列入；\
             “审慎提示”只要求说明，不排除。"
                .to_string(),
            "类型：脱贫户列为脱贫监测户，其他户列为边缘户；收入不低于监测线且各项风险均属突发的，列为突发严重困难户。"
                .to_string(),
        ],
        columns: vec![
            Column::of("规则", 10, 14),
            Column::of("版本", 6, 6),
            Column::of("名称", 20, 40),
            Column::of("作用", 10, 12),
            Column::of("风险", 10, 18),
            Column::of("突发", 6, 6),
            Column::of("条件", 30, 60),
            Column::of("文件依据", 20, 40),
        ],
        rows: rows.collect(),
        empty: "本流程没有规则。",
        ..Page::default()
    }
}
