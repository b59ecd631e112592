//! What follows from a decision: orders, what is wrong with them, exits, how the work was done.

use super::{PLACE, table};
use crate::model::table::Kind::{Date, Decimal, Integer, Text};
use crate::model::table::Privacy::{Internal, Personal, Public, Sensitive};
use crate::model::table::TableSchema;

/// All work orders of the ledger.
#[rustfmt::skip]
pub fn order_book() -> TableSchema {
    table("order_book", "防贫工作单台账", "one work order: one risk of one decided household", &[
        &[
            ("order_id", "开单编号", Text, "", Internal, "Key over all rounds."),
            ("case_id", "案件编号", Text, "", Internal, "The case."),
            ("household_id", "户编号", Text, "", Internal, "The household."),
            ("head_name", "户主姓名", Text, "", Personal, "Name of the head."),
        ],
        PLACE,
        &[
            ("group", "组", Text, "", Internal, "Villagers' group."),
            ("list_type", "类型", Text, "", Internal, "unstable, marginal or sudden."),
            ("cause", "致贫返贫风险", Text, "", Sensitive, "The risk to be removed."),
            ("department", "责任部门", Text, "", Internal, "Department that owns the remedy."),
            ("evidence", "依据", Text, "", Sensitive, "Evidence of this risk."),
            ("opened_on", "开单日期", Date, "", Internal, "Day of the order."),
            ("effective_month", "落实起始月", Date, "", Internal, "First day of the month in which help begins (R130)."),
            ("state", "状态", Text, "", Internal, "Code of the state in process.toml."),
            ("state_title", "状态名称", Text, "", Internal, "Its title."),
            ("since", "状态起始", Date, "", Internal, "Since when it is in this state."),
            ("measure", "帮扶举措", Text, "", Internal, "Measure as the department wrote it."),
            ("amount", "金额", Decimal, "yuan", Sensitive, "Planned amount."),
            ("fund", "资金来源", Text, "", Internal, "Source of the money."),
            ("filed_on", "备案日期", Date, "", Internal, "Day of the filing."),
            ("filed_no", "备案号", Text, "", Internal, "Number of the filing, or of the meeting for special relief."),
            ("returns", "月反馈次数", Integer, "", Internal, "Monthly returns so far."),
            ("last_return", "最近反馈月份", Date, "", Internal, "First day of the last month returned."),
            ("paid", "已支出", Decimal, "yuan", Sensitive, "Spent according to the returns."),
            ("progress", "最近进展", Text, "", Sensitive, "The department's last words."),
        ],
    ])
}

/// What is wrong with orders.
#[rustfmt::skip]
pub fn order_findings() -> TableSchema {
    table("order_findings", "工作单问题", "one thing that a department is asked about an order", &[
        &[
            ("order_id", "开单编号", Text, "", Internal, "The order."),
            ("case_id", "案件编号", Text, "", Internal, "Its case."),
            ("department", "责任部门", Text, "", Internal, "Who has to answer."),
            ("code", "问题代码", Text, "", Public, "Stable code."),
            ("title", "问题", Text, "", Public, "Title of the code."),
            ("message", "说明", Text, "", Sensitive, "What is wrong and what to do."),
            ("amount", "涉及金额", Decimal, "yuan", Sensitive, "Amount in question, over all orders of the household."),
            ("limit", "限额", Decimal, "yuan", Public, "The most that is allowed."),
            ("document", "文件依据", Text, "", Public, "The document that says so."),
        ],
    ])
}

/// Exit conditions of followed households.
#[rustfmt::skip]
pub fn exit_assessment() -> TableSchema {
    table("exit_assessment", "退出条件", "one condition of one household that is followed", &[
        &[
            ("case_id", "案件编号", Text, "", Internal, "The case."),
            ("household_id", "户编号", Text, "", Internal, "The household."),
            ("head_name", "户主姓名", Text, "", Personal, "Name of the head."),
        ],
        PLACE,
        &[
            ("standard", "退出标准", Text, "", Internal, "income (R213) or expenditure (R214)."),
            ("criterion", "条件代码", Text, "", Public, "income, year, risk, rigid or guarantees."),
            ("title", "条件", Text, "", Public, "What is asked."),
            ("met", "是否达到", Text, "", Internal, "是, 否 or 不明; what is not known is never taken for yes."),
            ("evidence", "依据", Text, "", Sensitive, "What it rests on."),
            ("document", "文件依据", Text, "", Public, "The document."),
        ],
    ])
}

/// How the work was done.
#[rustfmt::skip]
pub fn conduct_findings() -> TableSchema {
    table("conduct_findings", "工作质量核查", "one thing that the office is asked about its own work", &[
        &[
            ("kind", "类别代码", Text, "", Public, "fast_exit, false_clear, missed, off_system or not_told."),
            ("title", "类别", Text, "", Public, "快进快出, 消除不实, 漏认定, 体外循环, 退出未告知 (R136, R215)."),
            ("case_id", "案件编号", Text, "", Internal, "The case, when the ledger shows it."),
            ("household_id", "户编号", Text, "", Internal, "The household."),
            ("head_name", "户主姓名", Text, "", Personal, "Name of the head."),
        ],
        PLACE,
        &[
            ("rule", "规则", Text, "", Internal, "The rule, when the data show it."),
            ("evidence", "依据", Text, "", Sensitive, "What it rests on."),
            ("document", "文件依据", Text, "", Public, "The document."),
        ],
    ])
}
