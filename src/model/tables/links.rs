//! Linkage: the one state of each record, and the candidates.

use super::{LEVELS, table};
use crate::model::table::Kind::{Integer, Text};
use crate::model::table::Privacy::Internal;
use crate::model::table::TableSchema;

/// The one link state of every accepted record.
#[rustfmt::skip]
pub fn links() -> TableSchema {
    table("links", "匹配结果", "one accepted record of a source other than the register", &[
        &[
            ("source", "来源", Text, "", Internal, "Source id of the contract."),
            ("record_id", "记录编号", Text, "", Internal, "The record."),
            ("status", "匹配状态", Text, "", Internal, "linked, possible (for a person to look at), conflict (number and name speak against each other) or unlinked."),
            ("person_id", "人员编号", Text, "", Internal, "The person; only when linked."),
            ("household_id", "户编号", Text, "", Internal, "The person's household; only when linked."),
            ("linked_village_code", "对应村代码", Text, "", Internal, "For sources about villages: the village."),
            ("candidates", "候选人数", Integer, "person", Internal, "Persons listed for this record in possible_links."),
            ("decision", "人工认定", Text, "", Internal, "What people decided about this record: same, different, contradicted (applied, but later evidence speaks against it), or null."),
        ],
        LEVELS,
    ])
}

/// Candidates of records that are not linked by themselves.
#[rustfmt::skip]
pub fn possible_links() -> TableSchema {
    table("possible_links", "待认定匹配", "one candidate person of a possible or conflicting record", &[
        &[
            ("source", "来源", Text, "", Internal, "Source id of the contract."),
            ("record_id", "记录编号", Text, "", Internal, "The record."),
            ("status", "匹配状态", Text, "", Internal, "possible or conflict."),
            ("rank", "名次", Integer, "", Internal, "1 is the best candidate."),
            ("person_id", "候选人员编号", Text, "", Internal, "The candidate."),
            ("household_id", "候选户编号", Text, "", Internal, "The candidate's household."),
        ],
        LEVELS,
    ])
}
