//! Online list, offline list, and the two compared.

use super::{PLACE, PROVENANCE, table};
use crate::model::table::Kind::{Decimal, Integer, Text};
use crate::model::table::Privacy::{Internal, Personal, Public, Sensitive};
use crate::model::table::TableSchema;

/// Suspected households from the departments' data.
#[rustfmt::skip]
pub fn online_list() -> TableSchema {
    table("online_list", "线上疑似名单", "one household that the departments' data show to be at risk", &[
        &[
            ("household_id", "户编号", Text, "", Internal, "The household."),
            ("household_no", "户号", Text, "", Internal, "Household number of the population register."),
            ("head_name", "户主姓名", Text, "", Personal, "Name of the head."),
            ("head_id_number", "户主身份证号", Text, "", Sensitive, "Identity number of the head."),
            ("size", "家庭人口", Integer, "person", Internal, "Members with status normal."),
        ],
        PLACE,
        &[
            ("group", "组", Text, "", Internal, "Villagers' group."),
            ("list_type", "名单类型", Text, "", Internal, "unstable (脱贫监测户), marginal (边缘户) or sudden (突发严重困难户)."),
            ("causes", "致贫返贫风险", Text, "", Sensitive, "Cause codes in code order, joined by `|`."),
            ("rules", "命中规则", Text, "", Internal, "Rule ids in order, joined by `|`."),
            ("hits", "命中条数", Integer, "", Internal, "Number of rule hits that list or support."),
            ("income_state", "收入状况", Text, "", Sensitive, "below, not_below or unknown against the line of the household's year and area."),
            ("per_capita_income", "人均纯收入", Decimal, "yuan", Sensitive, "Per-capita net income, or null when no department has it."),
            ("income_line", "监测收入线", Decimal, "yuan", Public, "The line that was applied."),
            ("monitored_type", "现监测类别", Text, "", Internal, "Monitored type in the national system with the risk not cleared; null when not monitored."),
            ("cautions", "审慎事项", Text, "", Sensitive, "Negative evidence that asks for a reason; never removes the household."),
            ("evidence", "依据", Text, "", Sensitive, "The evidence of all hits, in words."),
            ("priority", "优先程度", Integer, "", Internal, "1 (first), 2 or 3: in which order households are visited; it decides nothing."),
            ("priority_reason", "优先理由", Text, "", Sensitive, "What makes the priority, in words."),
            ("held_from", "沿用批次", Text, "", Internal, "Round from which the row was kept because a rule that listed the household cannot be judged without a missing source; null otherwise."),
        ],
    ])
}

/// What the village teams reported.
#[rustfmt::skip]
pub fn offline_list() -> TableSchema {
    table("offline_list", "线下排查名单", "one row that a village reported", &[
        &[
            ("record_id", "记录编号", Text, "", Internal, "The record."),
        ],
        PROVENANCE,
        &[
            ("status", "匹配状态", Text, "", Internal, "Link state of the row."),
            ("person_id", "人员编号", Text, "", Internal, "The person; only when linked."),
            ("household_id", "户编号", Text, "", Internal, "The household; only when linked."),
            ("name", "姓名", Text, "", Personal, "Name as reported, cleaned."),
            ("id_number", "身份证号", Text, "", Sensitive, "Number as reported, when valid."),
        ],
        PLACE,
        &[
            ("group", "组", Text, "", Internal, "Villagers' group as reported."),
            ("list_type", "上报类型", Text, "", Internal, "unstable, marginal or sudden, or null."),
            ("causes", "上报风险", Text, "", Sensitive, "Cause codes in code order, joined by `|`."),
            ("note", "情况说明", Text, "", Sensitive, "The village's own words."),
            ("candidates", "候选人数", Integer, "person", Internal, "Persons of the register whom the row may be about; only when it is not linked."),
        ],
    ])
}

/// Online against offline.
#[rustfmt::skip]
pub fn comparison() -> TableSchema {
    table("comparison", "线上线下比对", "one household, or one offline row whose household is unclear", &[
        &[
            ("comparison_id", "比对编号", Text, "", Internal, "Key within the round."),
            ("outcome", "比对结果", Text, "", Internal, "agreed, online_only, offline_only, cause_differs, type_differs, identity_unclear or already_monitored."),
            ("household_id", "户编号", Text, "", Internal, "The household; null when the identity is unclear."),
            ("offline_records", "线下记录", Text, "", Internal, "Record ids of the offline rows, joined by `|`."),
            ("head_name", "户主姓名", Text, "", Personal, "Head of the household, or the name as reported."),
            ("head_id_number", "户主身份证号", Text, "", Sensitive, "Number of the head, or as reported when valid."),
        ],
        PLACE,
        &[
            ("group", "组", Text, "", Internal, "Villagers' group."),
            ("online_type", "线上类型", Text, "", Internal, "Type on the online list."),
            ("offline_type", "线下类型", Text, "", Internal, "Type as reported."),
            ("online_causes", "线上风险", Text, "", Sensitive, "Causes on the online list."),
            ("offline_causes", "线下风险", Text, "", Sensitive, "Causes as reported."),
            ("causes_missing_offline", "线下未报风险", Text, "", Sensitive, "Causes online only."),
            ("causes_missing_online", "线上未见风险", Text, "", Sensitive, "Causes offline only."),
            ("offline_note", "线下情况说明", Text, "", Sensitive, "The village's own words, joined by `；`."),
            ("explanation", "说明", Text, "", Sensitive, "What agrees and what does not, in words."),
        ],
    ])
}
