//! Ingest and normalize: rows kept out and values in doubt.

use super::{PROVENANCE, table};
use crate::model::table::Kind::Text;
use crate::model::table::Privacy::{Internal, Sensitive};
use crate::model::table::TableSchema;

/// Rows that did not become records.
#[rustfmt::skip]
pub fn rejects() -> TableSchema {
    table("rejects", "未采用行", "one row of a delivered file that did not become a record", &[
        &[
            ("source", "来源", Text, "", Internal, "Source id of the contract."),
            ("disposition", "处置", Text, "", Internal, "quarantined, folded (equal to an earlier row) or not_data (total, repeated heading, signature)."),
            ("code", "原因代码", Text, "", Internal, "Stable reason code."),
            ("reason", "原因", Text, "", Internal, "The reason, for the sender."),
        ],
        PROVENANCE,
        &[
            ("folded_into", "重复于", Text, "", Internal, "For folded rows: file, sheet and row of the earlier one."),
            ("raw", "原始内容", Text, "", Sensitive, "The cells of the row, joined by ` | `."),
        ],
    ])
}

/// Doubtful values in accepted rows.
#[rustfmt::skip]
pub fn findings() -> TableSchema {
    table("findings", "存疑值", "one doubtful value of an accepted record", &[
        &[
            ("source", "来源", Text, "", Internal, "Source id of the contract."),
            ("record_id", "记录编号", Text, "", Internal, "The record; null when its row was quarantined later."),
        ],
        PROVENANCE,
        &[
            ("field", "字段", Text, "", Internal, "Contract field."),
            ("code", "问题代码", Text, "", Internal, "Stable code of the doubt."),
            ("severity", "严重程度", Text, "", Internal, "error: the value cannot be used; warning: doubtful; note: worth a look."),
            ("message", "问题", Text, "", Internal, "What is doubtful, without the value."),
            ("raw", "原始值", Text, "", Sensitive, "The value as it stood in the file."),
        ],
    ])
}
