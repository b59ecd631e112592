//! Screening: hits, the cells behind them, how each rule came out.

use super::{PROVENANCE, table};
use crate::model::table::Kind::{Boolean, Float, Integer, Text};
use crate::model::table::Privacy::{Internal, Public, Sensitive};
use crate::model::table::TableSchema;

/// Rules that hold for a person or a household.
#[rustfmt::skip]
pub fn rule_hits() -> TableSchema {
    table("rule_hits", "规则命中", "one rule that holds for one household, or for one person of it", &[
        &[
            ("hit_id", "命中编号", Text, "", Internal, "Key of the hit."),
            ("rule", "规则", Text, "", Internal, "Rule id."),
            ("rule_version", "规则版本", Integer, "", Internal, "Version of the rule."),
            ("title", "规则名称", Text, "", Internal, "Title of the rule."),
            ("role", "作用", Text, "", Internal, "lists (puts the household on the list), supports (never lists alone) or cautions (asks for a reason)."),
            ("risk", "风险类别", Text, "", Internal, "education, medical, housing, water, livelihood, other or income."),
            ("cause", "致贫返贫风险", Text, "", Internal, "Canonical cause code of the rule."),
            ("sudden", "突发", Boolean, "", Internal, "True when the rule tells of a sudden difficulty."),
            ("department", "责任部门", Text, "", Internal, "Department that owns the remedy."),
            ("household_id", "户编号", Text, "", Internal, "The household."),
            ("person_id", "人员编号", Text, "", Internal, "The person, for rules about persons."),
            ("evidence", "依据", Text, "", Sensitive, "The values that made it hold, in words."),
        ],
    ])
}

/// The cells behind each hit.
#[rustfmt::skip]
pub fn hit_records() -> TableSchema {
    table("hit_records", "命中记录", "one record that an indicator of a hit was computed from", &[
        &[
            ("hit_id", "命中编号", Text, "", Internal, "The hit."),
            ("indicator", "指标", Text, "", Internal, "Indicator named in the rule."),
            ("source", "来源", Text, "", Internal, "Source id of the contract."),
            ("record_id", "记录编号", Text, "", Internal, "The record."),
        ],
        PROVENANCE,
    ])
}

/// How each rule came out, unknown apart.
#[rustfmt::skip]
pub fn rule_outcomes() -> TableSchema {
    table("rule_outcomes", "规则结果", "one rule of the pipeline", &[
        &[
            ("rule", "规则", Text, "", Public, "Rule id."),
            ("rule_version", "规则版本", Integer, "", Public, "Version of the rule."),
            ("title", "规则名称", Text, "", Public, "Title of the rule."),
            ("level", "判断单位", Text, "", Public, "person or household."),
            ("judged", "判断数", Integer, "", Internal, "Persons or households in the rule's scope."),
            ("hits", "命中数", Integer, "", Internal, "For how many it holds."),
            ("unknown", "无法判断数", Integer, "", Internal, "For how many a value is missing or a department has not delivered."),
            ("missing_sources", "缺数据来源", Text, "", Internal, "Sources the rule needs that were not delivered, joined by `|`."),
            ("document", "文件依据", Text, "", Public, "Policy document and requirement."),
            ("condition", "条件", Text, "", Public, "The condition as written."),
        ],
    ])
}

/// How often villages confirmed what a rule said.
#[rustfmt::skip]
pub fn rule_precision() -> TableSchema {
    table("rule_precision", "规则准确率", "one listing rule, in the county, in a township or for a department", &[
        &[
            ("rule", "规则", Text, "", Public, "Rule id; null for all rules of a department or township together."),
            ("title", "规则名称", Text, "", Public, "Title of the rule."),
            ("department", "责任部门", Text, "", Public, "Department that owns the remedy; null for a rule or township as a whole."),
            ("township", "乡镇", Text, "", Internal, "Township; null for the whole county."),
            ("hits", "命中户数", Integer, "household", Internal, "Households that the rule listed."),
            ("verified", "已核实户数", Integer, "household", Internal, "Households of them with an answer that speaks about the rule."),
            ("confirmed", "属实户数", Integer, "household", Internal, "Households for which the answer confirms it."),
            ("unclear", "无法对应户数", Integer, "household", Internal, "Households that were not found or turned out to be others."),
            ("share", "属实比例", Float, "", Internal, "Confirmed of verified; null without an answer."),
            ("low", "比例下限", Float, "", Internal, "Lower end of the share's 95 % range (Wilson 1927)."),
            ("high", "比例上限", Float, "", Internal, "Upper end of it."),
        ],
    ])
}

/// Which rules speak of the same households.
#[rustfmt::skip]
pub fn rule_overlap() -> TableSchema {
    table("rule_overlap", "规则重合", "two rules that hold for the same household at least once", &[
        &[
            ("rule", "规则", Text, "", Public, "Rule id."),
            ("other", "另一规则", Text, "", Public, "Id of a rule behind it in the alphabet."),
            ("households", "命中户数", Integer, "household", Internal, "Households for which the first holds."),
            ("other_households", "另一规则命中户数", Integer, "household", Internal, "Households for which the other holds."),
            ("both", "同时命中户数", Integer, "household", Internal, "Households for which both hold."),
            ("overlap", "重合度", Float, "", Internal, "Both of either (Jaccard)."),
        ],
    ])
}
