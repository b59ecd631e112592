//! What follows from the comparison: tasks, proposals, orders, tracking.

use super::{PLACE, table};
use crate::model::table::Kind::{Boolean, Date, Integer, Text};
use crate::model::table::Privacy::{Internal, Personal, Public, Sensitive};
use crate::model::table::TableSchema;

/// What each village has to verify.
#[rustfmt::skip]
pub fn verification_tasks() -> TableSchema {
    table("verification_tasks", "核实任务", "one difference that a village is asked to verify", &[
        &[
            ("task_id", "任务编号", Text, "", Internal, "Key within the round."),
            ("round", "批次", Text, "", Public, "The round."),
            ("comparison_id", "比对编号", Text, "", Internal, "The compared case."),
            ("case_id", "案件编号", Text, "", Internal, "The case."),
            ("outcome", "比对结果", Text, "", Internal, "Kind of difference; null when the question is from an earlier step."),
            ("household_id", "户编号", Text, "", Internal, "The household, when known."),
            ("head_name", "户主姓名", Text, "", Personal, "Whom to look for."),
            ("masked_id_number", "身份证号（部分隐藏）", Text, "", Personal, "Masked number."),
        ],
        PLACE,
        &[
            ("group", "组", Text, "", Internal, "Villagers' group."),
            ("list_type", "拟列类型", Text, "", Internal, "Type in question."),
            ("causes", "待核风险", Text, "", Sensitive, "Causes in question."),
            ("question", "核实事项", Text, "", Sensitive, "What the village is asked."),
            ("evidence", "线索依据", Text, "", Sensitive, "Why it is asked, in plain words."),
            ("changed", "情况变化", Text, "", Sensitive, "What changed since an earlier conclusion."),
            ("asked_since", "交办日期", Date, "", Internal, "Since when the question is open."),
        ],
    ])
}

/// Households on which both lists agree, or which a village has confirmed.
#[rustfmt::skip]
pub fn proposals() -> TableSchema {
    table("proposals", "建议名单", "one household proposed to the county meeting", &[
        &[
            ("proposal_id", "建议编号", Text, "", Internal, "Key within the round."),
            ("round", "批次", Text, "", Public, "The round."),
            ("case_id", "案件编号", Text, "", Internal, "The case."),
            ("household_id", "户编号", Text, "", Internal, "The household."),
            ("head_name", "户主姓名", Text, "", Personal, "Name of the head."),
            ("head_id_number", "户主身份证号", Text, "", Sensitive, "Identity number of the head."),
            ("size", "家庭人口", Integer, "person", Internal, "Members with status normal."),
        ],
        PLACE,
        &[
            ("group", "组", Text, "", Internal, "Villagers' group."),
            ("list_type", "名单类型", Text, "", Internal, "unstable, marginal or sudden."),
            ("causes", "致贫返贫风险", Text, "", Sensitive, "Causes on which both lists agree, or as the village confirmed them."),
            ("basis", "建议依据", Text, "", Internal, "agreed (both lists) or verified (by the village)."),
            ("national_action", "系统操作", Text, "", Internal, "mark (household exists in the national system) or enter (new)."),
            ("cautions", "审慎事项", Text, "", Sensitive, "What asks for a reason before the decision."),
            ("evidence", "依据", Text, "", Sensitive, "Evidence in words."),
        ],
    ])
}

/// Drafts of the orders to departments.
#[rustfmt::skip]
pub fn work_orders() -> TableSchema {
    table("work_orders", "防贫开单（草稿）", "one risk of one proposed household for the department that owns the remedy", &[
        &[
            ("order_id", "开单编号", Text, "", Internal, "Key within the round."),
            ("round", "批次", Text, "", Public, "The round."),
            ("proposal_id", "建议编号", Text, "", Internal, "The proposal it waits for."),
            ("department", "责任部门", Text, "", Internal, "Department that owns the remedy."),
            ("household_id", "户编号", Text, "", Internal, "The household."),
            ("head_name", "户主姓名", Text, "", Personal, "Name of the head."),
        ],
        PLACE,
        &[
            ("cause", "致贫返贫风险", Text, "", Sensitive, "The risk to be removed."),
            ("evidence", "依据", Text, "", Sensitive, "Evidence of this risk."),
            ("state", "状态", Text, "", Internal, "drafted: it is sent only after the county meeting has decided."),
        ],
    ])
}

/// Households that are being followed.
#[rustfmt::skip]
pub fn tracking() -> TableSchema {
    table("tracking", "跟踪监测", "one household monitored in the national system", &[
        &[
            ("household_id", "户编号", Text, "", Internal, "The household."),
            ("national_household_no", "全国系统户编号", Text, "", Internal, "Household number in the national system."),
            ("head_name", "户主姓名", Text, "", Personal, "Name of the head."),
        ],
        PLACE,
        &[
            ("monitored_type", "监测对象类别", Text, "", Internal, "unstable, marginal or sudden."),
            ("monitored_since", "识别监测时间", Date, "", Internal, "First day of the month of identification."),
            ("track_until", "跟踪期至", Date, "", Internal, "One year later; tracking goes on while the risk stands (R206, R209)."),
            ("tracker", "跟踪责任人", Text, "", Internal, "helper (帮扶联系人) for lifted households, village_team (驻村工作队员) for others (R207)."),
            ("risk_cleared", "风险是否已消除", Boolean, "", Internal, "As the national system has it."),
            ("year_complete", "跟踪是否满一年", Boolean, "", Internal, "True when the year is over on the day of the run."),
            ("online_now", "本次线上仍命中", Boolean, "", Internal, "True when the departments' data still show a risk."),
            ("causes", "本次线上风险", Text, "", Sensitive, "Causes shown this round."),
        ],
    ])
}

/// Every case as it stands after the round.
#[rustfmt::skip]
pub fn cases() -> TableSchema {
    table("cases", "防贫案件", "one case that is open, or about which the round says something", &[
        &[
            ("case_id", "案件编号", Text, "", Internal, "Key over all rounds."),
            ("household_id", "户编号", Text, "", Internal, "The household, when known."),
            ("head_name", "户主姓名", Text, "", Personal, "Head of the household, or the name as reported."),
        ],
        PLACE,
        &[
            ("group", "组", Text, "", Internal, "Villagers' group."),
            ("state", "状态", Text, "", Internal, "Code of the state in process.toml."),
            ("state_title", "状态名称", Text, "", Internal, "Its title."),
            ("owner", "由谁办", Text, "", Internal, "village, township, county, office, department or helper; null when closed."),
            ("since", "状态起始", Date, "", Internal, "Since when it is in this state."),
            ("due_on", "办理期限", Date, "", Internal, "Last day for the next step; null without a limit, while the clock stands, or when closed."),
            ("opened_round", "立案批次", Text, "", Internal, "Round that opened it."),
            ("opened_on", "立案日期", Date, "", Internal, "Day on which it was opened."),
            ("outcome", "本轮比对", Text, "", Internal, "Outcome of this round's comparison; null when no list has it."),
            ("list_type", "类型", Text, "", Internal, "unstable, marginal or sudden."),
            ("causes", "致贫返贫风险", Text, "", Sensitive, "Causes as the village gave them, else of both lists."),
            ("suppressed", "沿用原结论", Boolean, "", Internal, "True when a verified conclusion still covers the facts: nobody is asked again."),
            ("changed", "情况变化", Text, "", Sensitive, "What changed since an earlier conclusion."),
            ("explanation", "说明", Text, "", Sensitive, "What the round says about it, in words."),
        ],
    ])
}

/// What became of every case since the round before.
#[rustfmt::skip]
pub fn case_changes() -> TableSchema {
    table("case_changes", "与上期变化", "one case that is open, or was closed since the round before", &[
        &[
            ("case_id", "案件编号", Text, "", Internal, "The case."),
            ("change", "变化", Text, "", Internal, "entered, returned, left, cause_changed or still_open."),
            ("household_id", "户编号", Text, "", Internal, "The household, when known."),
            ("head_name", "户主姓名", Text, "", Personal, "Head of the household, or the name as reported."),
        ],
        PLACE,
        &[
            ("state", "状态", Text, "", Internal, "Where it stands."),
            ("state_title", "状态名称", Text, "", Internal, "Title of the state."),
            ("causes_before", "上期风险", Text, "", Sensitive, "Causes in the round before."),
            ("causes_now", "本期风险", Text, "", Sensitive, "Causes now."),
            ("reason", "说明", Text, "", Sensitive, "What changed, or the reason given."),
        ],
    ])
}

/// Who is found by whom in each village.
#[rustfmt::skip]
pub fn village_reports() -> TableSchema {
    table("village_reports", "各村排查质量", "one village", &[
        PLACE,
        &[
            ("online", "线上户数", Integer, "household", Internal, "Households that the departments' data list."),
            ("offline", "线下上报", Integer, "household", Internal, "Households that the village reported."),
            ("agreed", "一致", Integer, "household", Internal, "On both lists with the same type and causes."),
            ("online_only", "仅线上", Integer, "household", Internal, "The village did not report them."),
            ("offline_only", "仅线下", Integer, "household", Internal, "No department's data show them."),
            ("unclear", "身份不清", Integer, "row", Internal, "Reported, but nobody of the register."),
            ("confirmed", "核实属实", Integer, "case", Internal, "Cases that the village confirmed, over all rounds."),
            ("refuted", "核实不属实", Integer, "case", Internal, "Cases that it refuted."),
            ("unanswered", "待答复", Integer, "case", Internal, "Cases that wait for its answer."),
        ],
    ])
}
