//! The round itself: quality of the sources and the dictionary.

use super::table;
use crate::model::table::Kind::{Date, Integer, Text};
use crate::model::table::Privacy::{Internal, Public};
use crate::model::table::TableSchema;

/// Counts and state of each source.
#[rustfmt::skip]
pub fn source_quality() -> TableSchema {
    table("source_quality", "数据质量", "one source of the pipeline", &[
        &[
            ("source", "来源", Text, "", Public, "Source id of the contract."),
            ("title", "名称", Text, "", Public, "Title of the source."),
            ("department", "提供部门", Text, "", Public, "Department that provides it."),
            ("state", "状态", Text, "", Internal, "delivered, partial (a file was refused), stale (an earlier delivery stands in), blocked (breaks its contract) or missing."),
            ("as_of", "数据日期", Date, "", Internal, "Day of the round in which the delivery in use first came; null when none is in use."),
            ("files", "文件数", Integer, "file", Internal, "Files read."),
            ("read", "读入行", Integer, "row", Internal, "Data rows read."),
            ("accepted", "采用", Integer, "row", Internal, "Rows that became records."),
            ("quarantined", "隔离", Integer, "row", Internal, "Rows kept out with a reason."),
            ("folded", "重复合并", Integer, "row", Internal, "Rows equal to an earlier one."),
            ("not_data", "非数据行", Integer, "row", Internal, "Totals, repeated headings, signature lines."),
            ("linked", "已匹配", Integer, "record", Internal, "Records linked to a person or a village."),
            ("possible", "待认定", Integer, "record", Internal, "Records for a person to look at."),
            ("conflict", "号名冲突", Integer, "record", Internal, "Records whose number and name speak against each other."),
            ("unlinked", "未匹配", Integer, "record", Internal, "Records without a candidate."),
            ("findings", "存疑值", Integer, "value", Internal, "Doubtful values in accepted records."),
            ("problems", "问题", Text, "", Internal, "Problems of whole files, in words."),
        ],
    ])
}

/// The data dictionary.
#[rustfmt::skip]
pub fn dictionary() -> TableSchema {
    table("dictionary", "数据字典", "one column of one table", &[
        &[
            ("table_name", "表", Text, "", Public, "Table name."),
            ("table_title", "表名称", Text, "", Public, "Title of the table."),
            ("grain", "一行是", Text, "", Public, "What one row is."),
            ("column_name", "列", Text, "", Public, "Column name."),
            ("title", "列名称", Text, "", Public, "Title of the column."),
            ("type", "类型", Text, "", Public, "Type of the values."),
            ("unit", "单位", Text, "", Public, "Unit, or empty."),
            ("meaning", "含义", Text, "", Public, "What the column says."),
            ("privacy", "隐私级别", Text, "", Public, "public, internal, personal or sensitive."),
        ],
    ])
}
