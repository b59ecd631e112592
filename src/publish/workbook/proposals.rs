//! `proposals` and `work_orders` → 建议名单.xlsx: to mark, to enter, and the drafts of the orders.

use std::collections::BTreeMap;
use std::path::Path;

use super::sheet::{Answer, Cell, Column, Page, Writer};
use super::{Issue, owned};
use crate::diag::Outcome;
use crate::model::{Table, words};

/// Writes the list for the county meeting and for the two ways into the national system (R120, R122, R123, R186).
///
/// Identity numbers stand in full on the two lists, because households are looked up and entered by them; the drafts of
/// the orders go to departments and carry none. `households` gives the number in the national system.
///
/// # Errors
/// An `io.failed` failure naming the path.
pub fn proposals(issue: &Issue, proposals: &Table, orders: &Table, households: &Table, path: &Path) -> Outcome<()> {
    let national: BTreeMap<&str, &str> = (0..households.rows())
        .filter_map(|row| {
            let number = households.str_at("national_household_no", row)?;
            Some((households.str_at("household_id", row)?, number))
        })
        .collect();
    let mut book = Writer::new(issue, "建议名单", path)?;
    for (action, sheet, title) in [
        ("mark", "系统标注", "建议名单（全国系统中已有的户，审定后标注）"),
        ("enter", "系统录入", "建议名单（全国系统中没有的户，审定后录入）"),
    ] {
        book.page(sheet, &list(issue, proposals, &national, action, title))?;
    }
    book.page("防贫开单（草稿）", &drafts(issue, orders))?;
    book.save()
}

fn list(issue: &Issue, proposals: &Table, national: &BTreeMap<&str, &str>, action: &str, title: &str) -> Page {
    let rows = (0..proposals.rows()).filter(|r| proposals.str_at("national_action", *r) == Some(action));
    let rows = rows.enumerate().map(|(i, row)| {
        let own = |column: &str| proposals.str_at(column, row);
        let number = own("household_id").and_then(|h| national.get(h)).copied();
        let mut cells = vec![
            (i + 1).into(),
            own("proposal_id").into(),
            own("township").into(),
            own("village").into(),
            own("group").into(),
            own("head_name").into(),
            own("head_id_number").into(),
            proposals.integer_at("size", row).map_or(Cell::Text(String::new()), Cell::Number),
        ];
        if action == "mark" {
            cells.push(number.into());
        }
        cells.extend([
            owned(own("list_type").map(words::list_type)).into(),
            issue.plan.cause_titles(own("causes")).into(),
            own("cautions").into(),
            own("evidence").into(),
        ]);
        cells
    });
    let mut columns = vec![
        Column::of("序号", 5, 7),
        Column::of("建议编号", 10, 12),
        Column::of("乡镇", 8, 14),
        Column::of("村", 8, 14),
        Column::of("组", 5, 10),
        Column::of("户主", 8, 12),
        Column::of("证件号", 21, 21),
        Column::of("人口", 6, 6),
    ];
    if action == "mark" {
        columns.push(Column::of("全国系统户编号", 14, 22));
    }
    columns.extend([
        Column::of("类型", 10, 14),
        Column::of("风险", 8, 16),
        Column::of("审慎事项", 10, 24),
        Column::of("依据", 20, 40),
        Column::answer("会议意见", 10, Answer::OneOf(["通过", "不通过", "退回补正"].map(String::from).to_vec())),
        Column::answer("备注", 16, Answer::Free),
    ]);
    Page {
        title: title.to_string(),
        lines: vec![issue.line(), "线上线下一致的户，供领导小组会议审定；未经审定不得标注或录入。".to_string()],
        columns,
        rows: rows.collect(),
        empty: "本批次无。",
        closing: vec![
            "会议编号：＿＿＿＿＿＿＿＿　　审定人（签字）：＿＿＿＿＿＿＿＿　　日期：＿＿＿＿年＿＿月＿＿日"
                .to_string(),
        ],
        ..Page::default()
    }
}

fn drafts(issue: &Issue, orders: &Table) -> Page {
    // Each department finds its own together.
    let mut rows: Vec<usize> = (0..orders.rows()).collect();
    rows.sort_by_key(|row| orders.str_at("department", *row));
    let rows = rows.into_iter().enumerate().map(|(i, row)| {
        let own = |column: &str| orders.str_at(column, row);
        vec![
            (i + 1).into(),
            own("order_id").into(),
            own("proposal_id").into(),
            own("department").into(),
            own("township").into(),
            own("village").into(),
            own("head_name").into(),
            issue.plan.cause_titles(own("cause")).into(),
            own("evidence").into(),
        ]
    });
    Page {
        title: "防贫开单（草稿）".to_string(),
        lines: vec![
            issue.line(),
            "草稿：审定通过后才发给责任部门；部门拟定举措、方式和金额，报办公室备案后实施。".to_string(),
        ],
        columns: vec![
            Column::of("序号", 5, 7),
            Column::of("开单编号", 10, 12),
            Column::of("建议编号", 10, 12),
            Column::of("责任部门", 12, 18),
            Column::of("乡镇", 8, 14),
            Column::of("村", 8, 14),
            Column::of("户主", 8, 12),
            Column::of("风险", 10, 16),
            Column::of("依据", 30, 60),
            Column::answer("拟定举措", 24, Answer::Free),
            Column::answer("金额（元）", 12, Answer::Free),
        ],
        rows: rows.collect(),
        empty: "本批次无。",
        ..Page::default()
    }
}
