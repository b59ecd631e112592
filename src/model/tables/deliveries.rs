//! What came in: deliveries of the sources, and corrections from receipts that came back.

use super::{PROVENANCE, table};
use crate::model::table::Kind::{Boolean, Date, Integer, Text};
use crate::model::table::Privacy::{Internal, Public, Sensitive};
use crate::model::table::TableSchema;

/// Files of every delivery that is known as of this round.
#[rustfmt::skip]
pub fn deliveries() -> TableSchema {
    table("deliveries", "部门来件", "one file of one delivery of a source, as of this round", &[&[
        ("source", "来源", Text, "", Public, "Source id of the contract."),
        ("delivery", "来件编号", Text, "", Internal, "Digest of the delivery: the SHA-256 of its only file, else one over those of its files."),
        ("file", "文件", Text, "", Internal, "Path of the file below the input folder."),
        ("sha256", "文件指纹", Text, "", Internal, "SHA-256 of the file; it is kept under this name in the folder deliveries."),
        ("bytes", "大小", Integer, "byte", Internal, "Size of the file."),
        ("first_round", "首见批次", Text, "", Internal, "Round in which the delivery first came."),
        ("first_seen", "首见日期", Date, "", Internal, "Day of that round."),
        ("rows", "数据行", Integer, "row", Internal, "Data rows of the whole delivery."),
        ("state", "状态", Text, "", Internal, "used, superseded (used before), refused (breaks its contract) or held (rows far off the last good delivery's)."),
        ("accepted", "人工放行", Boolean, "", Internal, "True when a person accepted it."),
        ("in_use", "本批次采用", Boolean, "", Internal, "True for the delivery that this round works with."),
    ]])
}

/// Corrections from receipts.
#[rustfmt::skip]
pub fn corrections() -> TableSchema {
    table("corrections", "回执更正", "one value that a department corrected on a receipt", &[
        &[
            ("source", "来源", Text, "", Internal, "Source id of the contract."),
        ],
        PROVENANCE,
        &[
            ("field", "字段", Text, "", Internal, "Contract field."),
            ("raw", "原始值", Text, "", Sensitive, "The value as it stood in the delivered file."),
            ("corrected", "更正值", Text, "", Sensitive, "The value in its place; null when the right value is none."),
            ("state", "结果", Text, "", Internal, "healed (nothing is wrong with the value any more), still_wrong (used, but doubtful or its row still kept out) or duplicate (the row now equals another)."),
            ("receipt", "回执文件", Text, "", Internal, "Path of the receipt below the input folder."),
            ("receipt_sha256", "回执指纹", Text, "", Internal, "SHA-256 of the receipt; it is kept under this name in the folder deliveries."),
            ("receipt_sheet", "回执工作表", Text, "", Internal, "Sheet of the receipt."),
            ("receipt_row", "回执行号", Integer, "", Internal, "Row of that sheet."),
        ],
    ])
}
