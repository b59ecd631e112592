//! The fixed tables, declared once: their Parquet metadata, the data dictionary and the tests all read them here.
//!
//! `records_<source>` and the two indicator tables depend on the pipeline and are declared in `plan::schema`.

use super::table::Kind::{Boolean, Date, Float, Integer, Text};
use super::table::Privacy::{Internal, Personal, Public, Sensitive};
use super::table::{Column, Kind, Privacy, TableSchema};

type Row = (&'static str, &'static str, Kind, &'static str, Privacy, &'static str);

fn table(name: &str, title: &str, grain: &str, columns: &[&[Row]]) -> TableSchema {
    TableSchema {
        name: name.into(),
        title: title.into(),
        grain: grain.into(),
        columns: columns
            .iter()
            .flat_map(|part| part.iter())
            .map(|(n, t, k, u, p, m)| Column::new(n, t, *k, *p, m).unit(u))
            .collect(),
    }
}

/// Where a row stands in the file its department sent.
pub const PROVENANCE: &[Row] = &[
    (
        "file",
        "文件",
        Text,
        "",
        Internal,
        "Path of the delivered file below the input folder.",
    ),
    (
        "sheet",
        "工作表",
        Text,
        "",
        Internal,
        "Sheet of the workbook; empty for files without sheets.",
    ),
    (
        "row",
        "行号",
        Integer,
        "",
        Internal,
        "Row of the sheet or line of the file, from 1.",
    ),
];

/// Where a household lives.
pub const PLACE: &[Row] = &[
    (
        "township_code",
        "乡镇代码",
        Text,
        "",
        Internal,
        "Nine-digit division code of the township.",
    ),
    (
        "township",
        "乡镇",
        Text,
        "",
        Internal,
        "Township name as the division table has it.",
    ),
    (
        "village_code",
        "村代码",
        Text,
        "",
        Internal,
        "Twelve-digit division code of the village.",
    ),
    (
        "village",
        "村",
        Text,
        "",
        Internal,
        "Village name as the division table has it.",
    ),
];

const LEVELS: &[Row] = &[
    (
        "pass",
        "匹配途径",
        Text,
        "",
        Internal,
        "Blocking pass that found the pair.",
    ),
    (
        "match_weight",
        "匹配权重",
        Float,
        "",
        Internal,
        "Sum of log2(m/u) over the comparisons; higher is surer.",
    ),
    (
        "margin",
        "领先权重",
        Float,
        "",
        Internal,
        "Match weight above the next best person; null when there is none.",
    ),
    (
        "number_level",
        "号码比较",
        Text,
        "",
        Internal,
        "Level on which the identity numbers agree.",
    ),
    (
        "name_level",
        "姓名比较",
        Text,
        "",
        Internal,
        "Level on which the names agree.",
    ),
    (
        "birth_level",
        "出生日期比较",
        Text,
        "",
        Internal,
        "Level on which the birth dates agree.",
    ),
    ("sex_level", "性别比较", Text, "", Internal, "Whether the sexes agree."),
    (
        "division_level",
        "区划比较",
        Text,
        "",
        Internal,
        "Smallest division that agrees.",
    ),
    (
        "evidence",
        "依据",
        Text,
        "",
        Personal,
        "Why, as one sentence in Chinese.",
    ),
];

/// Rows that did not become records.
pub fn rejects() -> TableSchema {
    table(
        "rejects",
        "未采用行",
        "one row of a delivered file that did not become a record",
        &[
            &[
                ("source", "来源", Text, "", Internal, "Source id of the contract."),
                (
                    "disposition",
                    "处置",
                    Text,
                    "",
                    Internal,
                    "quarantined, folded (equal to an earlier row) or not_data (total, repeated heading, signature).",
                ),
                ("code", "原因代码", Text, "", Internal, "Stable reason code."),
                ("reason", "原因", Text, "", Internal, "The reason, for the sender."),
            ],
            PROVENANCE,
            &[
                (
                    "folded_into",
                    "重复于",
                    Text,
                    "",
                    Internal,
                    "For folded rows: file, sheet and row of the earlier one.",
                ),
                (
                    "raw",
                    "原始内容",
                    Text,
                    "",
                    Sensitive,
                    "The cells of the row, joined by ` | `.",
                ),
            ],
        ],
    )
}

/// Doubtful values in accepted rows.
pub fn findings() -> TableSchema {
    table(
        "findings",
        "存疑值",
        "one doubtful value of an accepted record",
        &[
            &[
                ("source", "来源", Text, "", Internal, "Source id of the contract."),
                (
                    "record_id",
                    "记录编号",
                    Text,
                    "",
                    Internal,
                    "The record; null when its row was quarantined later.",
                ),
            ],
            PROVENANCE,
            &[
                ("field", "字段", Text, "", Internal, "Contract field."),
                ("code", "问题代码", Text, "", Internal, "Stable code of the doubt."),
                (
                    "message",
                    "问题",
                    Text,
                    "",
                    Internal,
                    "What is doubtful, without the value.",
                ),
                (
                    "raw",
                    "原始值",
                    Text,
                    "",
                    Sensitive,
                    "The value as it stood in the file.",
                ),
            ],
        ],
    )
}

/// Persons of the population register.
pub fn persons() -> TableSchema {
    table(
        "persons",
        "人员",
        "one person of the population register",
        &[
            &[
                (
                    "person_id",
                    "人员编号",
                    Text,
                    "",
                    Internal,
                    "Key of the person in this round.",
                ),
                (
                    "household_id",
                    "户编号",
                    Text,
                    "",
                    Internal,
                    "Household of the register.",
                ),
                ("record_id", "记录编号", Text, "", Internal, "The register's record."),
                ("name", "姓名", Text, "", Personal, "Cleaned name."),
                (
                    "id_number",
                    "身份证号",
                    Text,
                    "",
                    Sensitive,
                    "Valid 18-digit identity number, or null.",
                ),
                (
                    "id_number_lane",
                    "号码状态",
                    Text,
                    "",
                    Internal,
                    "How the number was recognised (see normalize).",
                ),
                (
                    "sex",
                    "性别",
                    Text,
                    "",
                    Personal,
                    "male or female, from the register, else from the number.",
                ),
                (
                    "birth_date",
                    "出生日期",
                    Date,
                    "",
                    Personal,
                    "From the register, else from the number.",
                ),
                (
                    "relation",
                    "与户主关系",
                    Text,
                    "",
                    Personal,
                    "Canonical relation to the head: head, spouse, son…",
                ),
                (
                    "status",
                    "人员状态",
                    Text,
                    "",
                    Personal,
                    "normal, deceased or moved_out.",
                ),
            ],
            PLACE,
            &[("group", "组", Text, "", Internal, "Villagers' group.")],
        ],
    )
}

/// Households of the population register with what the national system says of them.
pub fn households() -> TableSchema {
    table(
        "households",
        "家庭",
        "one household of the population register",
        &[
            &[
                ("household_id", "户编号", Text, "", Internal, "Key of the household."),
                (
                    "household_no",
                    "户号",
                    Text,
                    "",
                    Internal,
                    "Household number of the population register.",
                ),
                (
                    "head_person_id",
                    "户主人员编号",
                    Text,
                    "",
                    Internal,
                    "Person id of the head, or of the oldest adult when no head is given.",
                ),
                ("head_name", "户主姓名", Text, "", Personal, "Name of the head."),
                (
                    "head_id_number",
                    "户主身份证号",
                    Text,
                    "",
                    Sensitive,
                    "Identity number of the head.",
                ),
                (
                    "size",
                    "家庭人口",
                    Integer,
                    "person",
                    Internal,
                    "Members with status normal.",
                ),
            ],
            PLACE,
            &[
                ("group", "组", Text, "", Internal, "Villagers' group."),
                (
                    "national_household_no",
                    "全国系统户编号",
                    Text,
                    "",
                    Internal,
                    "Household number in the national system, when its members could be linked.",
                ),
                (
                    "national_type",
                    "户类型",
                    Text,
                    "",
                    Internal,
                    "lifted (脱贫户), general (一般农户) or null when not in the national system.",
                ),
                (
                    "lifted",
                    "是否脱贫户",
                    Boolean,
                    "",
                    Internal,
                    "True when the national system has the household as lifted out of poverty.",
                ),
                (
                    "monitored_type",
                    "监测对象类别",
                    Text,
                    "",
                    Internal,
                    "unstable, marginal, sudden or null.",
                ),
                (
                    "monitored_since",
                    "识别监测时间",
                    Date,
                    "",
                    Internal,
                    "First day of the month of identification.",
                ),
                (
                    "risk_cleared",
                    "风险是否已消除",
                    Boolean,
                    "",
                    Internal,
                    "Null when not monitored.",
                ),
                (
                    "monitored_causes",
                    "已记录风险",
                    Text,
                    "",
                    Internal,
                    "Cause codes recorded in the national system, joined by `|`.",
                ),
                (
                    "national_agreement",
                    "户内人员对应",
                    Text,
                    "",
                    Internal,
                    "all, some or split: how the national household's members lie in this household.",
                ),
            ],
        ],
    )
}

/// The one link state of every accepted record.
pub fn links() -> TableSchema {
    table(
        "links",
        "匹配结果",
        "one accepted record of a source other than the register",
        &[
            &[
                ("source", "来源", Text, "", Internal, "Source id of the contract."),
                ("record_id", "记录编号", Text, "", Internal, "The record."),
                (
                    "status",
                    "匹配状态",
                    Text,
                    "",
                    Internal,
                    "linked, possible (for a person to look at), conflict (number and name speak against each other) or unlinked.",
                ),
                (
                    "person_id",
                    "人员编号",
                    Text,
                    "",
                    Internal,
                    "The person; only when linked.",
                ),
                (
                    "household_id",
                    "户编号",
                    Text,
                    "",
                    Internal,
                    "The person's household; only when linked.",
                ),
                (
                    "linked_village_code",
                    "对应村代码",
                    Text,
                    "",
                    Internal,
                    "For sources about villages: the village.",
                ),
                (
                    "candidates",
                    "候选人数",
                    Integer,
                    "person",
                    Internal,
                    "Persons listed for this record in possible_links.",
                ),
            ],
            LEVELS,
        ],
    )
}

/// Candidates of records that are not linked by themselves.
pub fn possible_links() -> TableSchema {
    table(
        "possible_links",
        "待认定匹配",
        "one candidate person of a possible or conflicting record",
        &[
            &[
                ("source", "来源", Text, "", Internal, "Source id of the contract."),
                ("record_id", "记录编号", Text, "", Internal, "The record."),
                ("status", "匹配状态", Text, "", Internal, "possible or conflict."),
                ("rank", "名次", Integer, "", Internal, "1 is the best candidate."),
                ("person_id", "候选人员编号", Text, "", Internal, "The candidate."),
                (
                    "household_id",
                    "候选户编号",
                    Text,
                    "",
                    Internal,
                    "The candidate's household.",
                ),
            ],
            LEVELS,
        ],
    )
}

/// Rules that hold for a person or a household.
pub fn rule_hits() -> TableSchema {
    table(
        "rule_hits",
        "规则命中",
        "one rule that holds for one household, or for one person of it",
        &[&[
            ("hit_id", "命中编号", Text, "", Internal, "Key of the hit."),
            ("rule", "规则", Text, "", Internal, "Rule id."),
            (
                "rule_version",
                "规则版本",
                Integer,
                "",
                Internal,
                "Version of the rule.",
            ),
            ("title", "规则名称", Text, "", Internal, "Title of the rule."),
            (
                "role",
                "作用",
                Text,
                "",
                Internal,
                "lists (puts the household on the list), supports (never lists alone) or cautions (asks for a reason).",
            ),
            (
                "risk",
                "风险类别",
                Text,
                "",
                Internal,
                "education, medical, housing, water, livelihood, other or income.",
            ),
            (
                "cause",
                "致贫返贫风险",
                Text,
                "",
                Internal,
                "Canonical cause code of the rule.",
            ),
            (
                "sudden",
                "突发",
                Boolean,
                "",
                Internal,
                "True when the rule tells of a sudden difficulty.",
            ),
            (
                "department",
                "责任部门",
                Text,
                "",
                Internal,
                "Department that owns the remedy.",
            ),
            ("household_id", "户编号", Text, "", Internal, "The household."),
            (
                "person_id",
                "人员编号",
                Text,
                "",
                Internal,
                "The person, for rules about persons.",
            ),
            (
                "evidence",
                "依据",
                Text,
                "",
                Sensitive,
                "The values that made it hold, in words.",
            ),
        ]],
    )
}

/// The cells behind each hit.
pub fn hit_records() -> TableSchema {
    table(
        "hit_records",
        "命中记录",
        "one record that an indicator of a hit was computed from",
        &[
            &[
                ("hit_id", "命中编号", Text, "", Internal, "The hit."),
                ("indicator", "指标", Text, "", Internal, "Indicator named in the rule."),
                ("source", "来源", Text, "", Internal, "Source id of the contract."),
                ("record_id", "记录编号", Text, "", Internal, "The record."),
            ],
            PROVENANCE,
        ],
    )
}

/// How each rule came out, unknown apart.
pub fn rule_outcomes() -> TableSchema {
    table(
        "rule_outcomes",
        "规则结果",
        "one rule of the pipeline",
        &[&[
            ("rule", "规则", Text, "", Public, "Rule id."),
            ("rule_version", "规则版本", Integer, "", Public, "Version of the rule."),
            ("title", "规则名称", Text, "", Public, "Title of the rule."),
            ("level", "判断单位", Text, "", Public, "person or household."),
            (
                "judged",
                "判断数",
                Integer,
                "",
                Internal,
                "Persons or households in the rule's scope.",
            ),
            ("hits", "命中数", Integer, "", Internal, "For how many it holds."),
            (
                "unknown",
                "无法判断数",
                Integer,
                "",
                Internal,
                "For how many a value is missing or a department has not delivered.",
            ),
            (
                "missing_sources",
                "缺数据来源",
                Text,
                "",
                Internal,
                "Sources the rule needs that were not delivered, joined by `|`.",
            ),
            (
                "document",
                "文件依据",
                Text,
                "",
                Public,
                "Policy document and requirement.",
            ),
            ("condition", "条件", Text, "", Public, "The condition as written."),
        ]],
    )
}

/// Suspected households from the departments' data.
pub fn online_list() -> TableSchema {
    table(
        "online_list",
        "线上疑似名单",
        "one household that the departments' data show to be at risk",
        &[
            &[
                ("household_id", "户编号", Text, "", Internal, "The household."),
                (
                    "household_no",
                    "户号",
                    Text,
                    "",
                    Internal,
                    "Household number of the population register.",
                ),
                ("head_name", "户主姓名", Text, "", Personal, "Name of the head."),
                (
                    "head_id_number",
                    "户主身份证号",
                    Text,
                    "",
                    Sensitive,
                    "Identity number of the head.",
                ),
                (
                    "size",
                    "家庭人口",
                    Integer,
                    "person",
                    Internal,
                    "Members with status normal.",
                ),
            ],
            PLACE,
            &[
                ("group", "组", Text, "", Internal, "Villagers' group."),
                (
                    "list_type",
                    "名单类型",
                    Text,
                    "",
                    Internal,
                    "unstable (脱贫监测户), marginal (边缘户) or sudden (突发严重困难户).",
                ),
                (
                    "causes",
                    "致贫返贫风险",
                    Text,
                    "",
                    Sensitive,
                    "Cause codes in code order, joined by `|`.",
                ),
                (
                    "rules",
                    "命中规则",
                    Text,
                    "",
                    Internal,
                    "Rule ids in order, joined by `|`.",
                ),
                (
                    "hits",
                    "命中条数",
                    Integer,
                    "",
                    Internal,
                    "Number of rule hits that list or support.",
                ),
                (
                    "income_state",
                    "收入状况",
                    Text,
                    "",
                    Sensitive,
                    "below, not_below or unknown against the line of the household's year and area.",
                ),
                (
                    "per_capita_income",
                    "人均纯收入",
                    Kind::Decimal,
                    "yuan",
                    Sensitive,
                    "Per-capita net income, or null when no department has it.",
                ),
                (
                    "income_line",
                    "监测收入线",
                    Kind::Decimal,
                    "yuan",
                    Public,
                    "The line that was applied.",
                ),
                (
                    "monitored_type",
                    "现监测类别",
                    Text,
                    "",
                    Internal,
                    "Monitored type in the national system with the risk not cleared; null when not monitored.",
                ),
                (
                    "cautions",
                    "审慎事项",
                    Text,
                    "",
                    Sensitive,
                    "Negative evidence that asks for a reason; never removes the household.",
                ),
                (
                    "evidence",
                    "依据",
                    Text,
                    "",
                    Sensitive,
                    "The evidence of all hits, in words.",
                ),
            ],
        ],
    )
}

/// What the village teams reported.
pub fn offline_list() -> TableSchema {
    table(
        "offline_list",
        "线下排查名单",
        "one row that a village reported",
        &[
            &[("record_id", "记录编号", Text, "", Internal, "The record.")],
            PROVENANCE,
            &[
                ("status", "匹配状态", Text, "", Internal, "Link state of the row."),
                (
                    "person_id",
                    "人员编号",
                    Text,
                    "",
                    Internal,
                    "The person; only when linked.",
                ),
                (
                    "household_id",
                    "户编号",
                    Text,
                    "",
                    Internal,
                    "The household; only when linked.",
                ),
                ("name", "姓名", Text, "", Personal, "Name as reported, cleaned."),
                (
                    "id_number",
                    "身份证号",
                    Text,
                    "",
                    Sensitive,
                    "Number as reported, when valid.",
                ),
            ],
            PLACE,
            &[
                ("group", "组", Text, "", Internal, "Villagers' group as reported."),
                (
                    "list_type",
                    "上报类型",
                    Text,
                    "",
                    Internal,
                    "unstable, marginal or sudden, or null.",
                ),
                (
                    "causes",
                    "上报风险",
                    Text,
                    "",
                    Sensitive,
                    "Cause codes in code order, joined by `|`.",
                ),
                ("note", "情况说明", Text, "", Sensitive, "The village's own words."),
                (
                    "candidates",
                    "候选人数",
                    Integer,
                    "person",
                    Internal,
                    "Persons of the register whom the row may be about; only when it is not linked.",
                ),
            ],
        ],
    )
}

/// Online against offline.
pub fn comparison() -> TableSchema {
    table(
        "comparison",
        "线上线下比对",
        "one household, or one offline row whose household is unclear",
        &[
            &[
                ("comparison_id", "比对编号", Text, "", Internal, "Key within the round."),
                (
                    "outcome",
                    "比对结果",
                    Text,
                    "",
                    Internal,
                    "agreed, online_only, offline_only, cause_differs, type_differs, identity_unclear or already_monitored.",
                ),
                (
                    "household_id",
                    "户编号",
                    Text,
                    "",
                    Internal,
                    "The household; null when the identity is unclear.",
                ),
                (
                    "offline_records",
                    "线下记录",
                    Text,
                    "",
                    Internal,
                    "Record ids of the offline rows, joined by `|`.",
                ),
                (
                    "head_name",
                    "户主姓名",
                    Text,
                    "",
                    Personal,
                    "Head of the household, or the name as reported.",
                ),
                (
                    "head_id_number",
                    "户主身份证号",
                    Text,
                    "",
                    Sensitive,
                    "Number of the head, or as reported when valid.",
                ),
            ],
            PLACE,
            &[
                ("group", "组", Text, "", Internal, "Villagers' group."),
                (
                    "online_type",
                    "线上类型",
                    Text,
                    "",
                    Internal,
                    "Type on the online list.",
                ),
                ("offline_type", "线下类型", Text, "", Internal, "Type as reported."),
                (
                    "online_causes",
                    "线上风险",
                    Text,
                    "",
                    Sensitive,
                    "Causes on the online list.",
                ),
                ("offline_causes", "线下风险", Text, "", Sensitive, "Causes as reported."),
                (
                    "causes_missing_offline",
                    "线下未报风险",
                    Text,
                    "",
                    Sensitive,
                    "Causes online only.",
                ),
                (
                    "causes_missing_online",
                    "线上未见风险",
                    Text,
                    "",
                    Sensitive,
                    "Causes offline only.",
                ),
                (
                    "offline_note",
                    "线下情况说明",
                    Text,
                    "",
                    Sensitive,
                    "The village's own words, joined by `；`.",
                ),
                (
                    "explanation",
                    "说明",
                    Text,
                    "",
                    Sensitive,
                    "What agrees and what does not, in words.",
                ),
            ],
        ],
    )
}

/// What each village has to verify.
pub fn verification_tasks() -> TableSchema {
    table(
        "verification_tasks",
        "核实任务",
        "one difference that a village is asked to verify",
        &[
            &[
                ("task_id", "任务编号", Text, "", Internal, "Key within the round."),
                ("round", "批次", Text, "", Public, "The round."),
                ("comparison_id", "比对编号", Text, "", Internal, "The compared case."),
                ("outcome", "比对结果", Text, "", Internal, "Kind of difference."),
                (
                    "household_id",
                    "户编号",
                    Text,
                    "",
                    Internal,
                    "The household, when known.",
                ),
                ("head_name", "户主姓名", Text, "", Personal, "Whom to look for."),
                (
                    "masked_id_number",
                    "身份证号（部分隐藏）",
                    Text,
                    "",
                    Personal,
                    "Masked number.",
                ),
            ],
            PLACE,
            &[
                ("group", "组", Text, "", Internal, "Villagers' group."),
                ("list_type", "拟列类型", Text, "", Internal, "Type in question."),
                ("causes", "待核风险", Text, "", Sensitive, "Causes in question."),
                (
                    "question",
                    "核实事项",
                    Text,
                    "",
                    Sensitive,
                    "What the village is asked.",
                ),
                (
                    "evidence",
                    "线索依据",
                    Text,
                    "",
                    Sensitive,
                    "Why it is asked, in plain words.",
                ),
            ],
        ],
    )
}

/// Households on which both lists agree.
pub fn proposals() -> TableSchema {
    table(
        "proposals",
        "建议名单",
        "one household proposed to the county meeting",
        &[
            &[
                ("proposal_id", "建议编号", Text, "", Internal, "Key within the round."),
                ("round", "批次", Text, "", Public, "The round."),
                ("household_id", "户编号", Text, "", Internal, "The household."),
                ("head_name", "户主姓名", Text, "", Personal, "Name of the head."),
                (
                    "head_id_number",
                    "户主身份证号",
                    Text,
                    "",
                    Sensitive,
                    "Identity number of the head.",
                ),
                (
                    "size",
                    "家庭人口",
                    Integer,
                    "person",
                    Internal,
                    "Members with status normal.",
                ),
            ],
            PLACE,
            &[
                ("group", "组", Text, "", Internal, "Villagers' group."),
                (
                    "list_type",
                    "名单类型",
                    Text,
                    "",
                    Internal,
                    "unstable, marginal or sudden.",
                ),
                (
                    "causes",
                    "致贫返贫风险",
                    Text,
                    "",
                    Sensitive,
                    "Causes on which both lists agree.",
                ),
                (
                    "national_action",
                    "系统操作",
                    Text,
                    "",
                    Internal,
                    "mark (household exists in the national system) or enter (new).",
                ),
                (
                    "cautions",
                    "审慎事项",
                    Text,
                    "",
                    Sensitive,
                    "What asks for a reason before the decision.",
                ),
                ("evidence", "依据", Text, "", Sensitive, "Evidence in words."),
            ],
        ],
    )
}

/// Drafts of the orders to departments.
pub fn work_orders() -> TableSchema {
    table(
        "work_orders",
        "防贫开单（草稿）",
        "one risk of one proposed household for the department that owns the remedy",
        &[
            &[
                ("order_id", "开单编号", Text, "", Internal, "Key within the round."),
                ("round", "批次", Text, "", Public, "The round."),
                (
                    "proposal_id",
                    "建议编号",
                    Text,
                    "",
                    Internal,
                    "The proposal it waits for.",
                ),
                (
                    "department",
                    "责任部门",
                    Text,
                    "",
                    Internal,
                    "Department that owns the remedy.",
                ),
                ("household_id", "户编号", Text, "", Internal, "The household."),
                ("head_name", "户主姓名", Text, "", Personal, "Name of the head."),
            ],
            PLACE,
            &[
                ("cause", "致贫返贫风险", Text, "", Sensitive, "The risk to be removed."),
                ("evidence", "依据", Text, "", Sensitive, "Evidence of this risk."),
                (
                    "state",
                    "状态",
                    Text,
                    "",
                    Internal,
                    "drafted: it is sent only after the county meeting has decided.",
                ),
            ],
        ],
    )
}

/// Households that are being followed.
pub fn tracking() -> TableSchema {
    table(
        "tracking",
        "跟踪监测",
        "one household monitored in the national system",
        &[
            &[
                ("household_id", "户编号", Text, "", Internal, "The household."),
                (
                    "national_household_no",
                    "全国系统户编号",
                    Text,
                    "",
                    Internal,
                    "Household number in the national system.",
                ),
                ("head_name", "户主姓名", Text, "", Personal, "Name of the head."),
            ],
            PLACE,
            &[
                (
                    "monitored_type",
                    "监测对象类别",
                    Text,
                    "",
                    Internal,
                    "unstable, marginal or sudden.",
                ),
                (
                    "monitored_since",
                    "识别监测时间",
                    Date,
                    "",
                    Internal,
                    "First day of the month of identification.",
                ),
                (
                    "track_until",
                    "跟踪期至",
                    Date,
                    "",
                    Internal,
                    "One year later; tracking goes on while the risk stands (R206, R209).",
                ),
                (
                    "tracker",
                    "跟踪责任人",
                    Text,
                    "",
                    Internal,
                    "helper (帮扶联系人) for lifted households, village_team (驻村工作队员) for others (R207).",
                ),
                (
                    "risk_cleared",
                    "风险是否已消除",
                    Boolean,
                    "",
                    Internal,
                    "As the national system has it.",
                ),
                (
                    "year_complete",
                    "跟踪是否满一年",
                    Boolean,
                    "",
                    Internal,
                    "True when the year is over on the day of the run.",
                ),
                (
                    "online_now",
                    "本次线上仍命中",
                    Boolean,
                    "",
                    Internal,
                    "True when the departments' data still show a risk.",
                ),
                (
                    "causes",
                    "本次线上风险",
                    Text,
                    "",
                    Sensitive,
                    "Causes shown this round.",
                ),
            ],
        ],
    )
}

/// Counts and state of each source.
pub fn source_quality() -> TableSchema {
    table(
        "source_quality",
        "数据质量",
        "one source of the pipeline",
        &[&[
            ("source", "来源", Text, "", Public, "Source id of the contract."),
            ("title", "名称", Text, "", Public, "Title of the source."),
            (
                "department",
                "提供部门",
                Text,
                "",
                Public,
                "Department that provides it.",
            ),
            (
                "state",
                "状态",
                Text,
                "",
                Internal,
                "delivered, partial (a file was refused), blocked (breaks its contract) or missing.",
            ),
            ("files", "文件数", Integer, "file", Internal, "Files read."),
            ("read", "读入行", Integer, "row", Internal, "Data rows read."),
            (
                "accepted",
                "采用",
                Integer,
                "row",
                Internal,
                "Rows that became records.",
            ),
            (
                "quarantined",
                "隔离",
                Integer,
                "row",
                Internal,
                "Rows kept out with a reason.",
            ),
            (
                "folded",
                "重复合并",
                Integer,
                "row",
                Internal,
                "Rows equal to an earlier one.",
            ),
            (
                "not_data",
                "非数据行",
                Integer,
                "row",
                Internal,
                "Totals, repeated headings, signature lines.",
            ),
            (
                "linked",
                "已匹配",
                Integer,
                "record",
                Internal,
                "Records linked to a person or a village.",
            ),
            (
                "possible",
                "待认定",
                Integer,
                "record",
                Internal,
                "Records for a person to look at.",
            ),
            (
                "conflict",
                "号名冲突",
                Integer,
                "record",
                Internal,
                "Records whose number and name speak against each other.",
            ),
            (
                "unlinked",
                "未匹配",
                Integer,
                "record",
                Internal,
                "Records without a candidate.",
            ),
            (
                "findings",
                "存疑值",
                Integer,
                "value",
                Internal,
                "Doubtful values in accepted records.",
            ),
            (
                "problems",
                "问题",
                Text,
                "",
                Internal,
                "Problems of whole files, in words.",
            ),
        ]],
    )
}

/// The data dictionary.
pub fn dictionary() -> TableSchema {
    table(
        "dictionary",
        "数据字典",
        "one column of one table",
        &[&[
            ("table_name", "表", Text, "", Public, "Table name."),
            ("table_title", "表名称", Text, "", Public, "Title of the table."),
            ("grain", "一行是", Text, "", Public, "What one row is."),
            ("column_name", "列", Text, "", Public, "Column name."),
            ("title", "列名称", Text, "", Public, "Title of the column."),
            ("type", "类型", Text, "", Public, "Type of the values."),
            ("unit", "单位", Text, "", Public, "Unit, or empty."),
            ("meaning", "含义", Text, "", Public, "What the column says."),
            (
                "privacy",
                "隐私级别",
                Text,
                "",
                Public,
                "public, internal, personal or sensitive.",
            ),
        ]],
    )
}

/// All fixed tables, in the order of the flow.
pub fn all() -> Vec<TableSchema> {
    vec![
        rejects(),
        findings(),
        persons(),
        households(),
        links(),
        possible_links(),
        rule_hits(),
        hit_records(),
        rule_outcomes(),
        online_list(),
        offline_list(),
        comparison(),
        verification_tasks(),
        proposals(),
        work_orders(),
        tracking(),
        source_quality(),
        dictionary(),
    ]
}
