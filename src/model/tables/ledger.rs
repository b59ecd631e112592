//! What comes from the ledger: the history of person ids, and decisions of people.

use super::table;
use crate::model::table::Kind::{Date, Text};
use crate::model::table::Privacy::{Internal, Personal};
use crate::model::table::TableSchema;

/// What happened to person ids until and in this round.
#[rustfmt::skip]
pub fn person_history() -> TableSchema {
    table("person_history", "人员编号沿革", "one event of a person", &[&[
        ("person_id", "人员编号", Text, "", Internal, "The person."),
        ("round", "批次", Text, "", Internal, "Round in which it happened."),
        ("event", "事件", Text, "", Internal, "created, number_changed, name_changed, merged_into, split_from, gone or returned."),
        ("other_person_id", "相关人员编号", Text, "", Internal, "The other person of a merge or a split."),
        ("evidence", "依据", Text, "", Internal, "Why, in Chinese."),
    ]])
}

/// Decisions of people that count in this round, and what became of each.
#[rustfmt::skip]
pub fn decisions() -> TableSchema {
    table("decisions", "人工认定", "one decision of a person about a record and a person of the register", &[&[
        ("source", "来源", Text, "", Internal, "Source id of the contract."),
        ("record_id", "记录编号", Text, "", Internal, "The record in this round; null when it was not delivered again. A decision about several equal records has a row for each."),
        ("person_id", "人员编号", Text, "", Internal, "The person as it is numbered in this round."),
        ("decision", "认定", Text, "", Internal, "same or different."),
        ("state", "执行情况", Text, "", Internal, "applied, contradicted (applied, but later evidence speaks against it), record_missing, person_missing, or ambiguous (namesakes that nothing tells apart; not applied)."),
        ("decided_by", "认定人", Text, "", Personal, "Who decided."),
        ("decided_on", "认定日期", Date, "", Internal, "On which day."),
        ("reason", "说明", Text, "", Personal, "Why, in the words of the one who decided."),
        ("round", "提出批次", Text, "", Internal, "Round in which the pair was offered for decision."),
        ("evidence", "依据", Text, "", Personal, "What speaks against the decision, or why it is not applied, in Chinese."),
    ]])
}
