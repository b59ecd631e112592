//! What a code means, in Chinese: for the report and the workbooks that clerks read.

/// The Chinese title of a problem that can stand in a published round; none for other codes.
///
/// A diagnostic's own message tells the particulars (which column, which file) and stays beside it.
pub fn title(code: &str) -> Option<&'static str> {
    Some(match code {
        "input.missing" => "部门未提供数据",
        "screen.scale_cap" => "名单和在册监测的人数超过规模上限参数（只提示，不据此排除任何户）",
        "contract.expired" => "使用许可已过期，未读取",
        "contract.not_yet" => "判断日早于取得使用许可的日期",
        "delivery.late" => "部门逾期未提供，沿用以前的数据",
        "delivery.same_again" => "送来的与以前的完全相同，没有新数据",
        "delivery.same_file" => "同一文件送了两份，只读一份",
        "delivery.old_file" => "送来的是早已被替换的旧文件，未采用",
        "delivery.fewer_files" => "文件比上次少，请核实是否缺件",
        "delivery.held" => "行数与上次相差过大，暂不采用，待人工核实",
        "delivery.too_old" => "以前的数据已过有效期，不再沿用",
        "delivery.lost" => "留存的原文件缺失或损坏",
        "delivery.other_round" => "其他批次文件夹中的文件，本批次不读取",
        "receipt.format" => "回执不是 .xlsx 格式，未采用",
        "receipt.no_marker" | "receipt.no_rows_sheet" => "回执缺少必要的工作表，未采用",
        "receipt.unknown_source" => "回执不属于本流程的任何数据",
        "receipt.lost" => "留存的回执缺失或损坏",
        "receipt.same_file" => "同一回执送了两份，只读一份",
        "receipt.blank" => "回执没有填写任何内容",
        "receipt.added_row" => "回执中有增加的行或改动的编号，未采用",
        "receipt.changed_original" => "回执中原有内容被改动，该行更正未采用",
        "receipt.unknown_column" => "回执中有不认识的更正栏，未采用",
        "receipt.not_offered" => "填写了未要求更正的格，未采用",
        "receipt.contradictory" => "两份回执的更正互相矛盾，均未采用",
        "receipt.other_delivery" => "回执对应的来件已不再使用",
        "receipt.rows_missing" => "回执中的行被删除，相应问题仍未解决",
        "ingest.unfinished" => "下载或复制未完成的文件，未读取",
        "ingest.still_written" => "文件仍在写入，未读取",
        "ingest.left_out" => "临时文件或隐藏文件，未读取",
        "ingest.empty_file" => "空文件",
        "ingest.pattern" => "约定中的文件名写法有误",
        "ingest.unreadable" => "文件无法读取",
        "ingest.truncated" => "文件不完整或已损坏",
        "ingest.broken_file" | "ingest.broken_workbook" => "文件内容损坏",
        "ingest.too_large" | "ingest.oversized" => "文件过大或结构异常，为安全起见未读取",
        "ingest.no_rows" | "ingest.empty_workbook" => "表中没有数据",
        "ingest.not_csv" => "不是文本表格文件",
        "ingest.html_as_csv" | "ingest.html_as_workbook" => "实际是网页文件，请另存为真正的表格后再送",
        "ingest.not_workbook" | "ingest.text_as_workbook" => "不是 Excel 工作簿，或只是改了扩展名",
        "ingest.legacy_workbook" => "旧版 .xls 格式，请另存为 .xlsx",
        "ingest.other_format" => "文件格式与约定不符",
        "ingest.not_table" | "ingest.json_shape" => "不是表格文件",
        "ingest.web_page" => "实际是登录或报错网页，不是导出的表格",
        "ingest.web_archive" => "实际是单个文件网页，请另存为 .xlsx 后再送",
        "ingest.archive" | "ingest.zip_nested" => "是压缩包，请解压后再送",
        "ingest.zip_path" => "压缩包内的文件名不安全，未读取",
        "ingest.password" => "文件设有密码",
        "ingest.still_growing" => "文件读取时仍在变化，可能尚未复制完",
        "ingest.delimiter" => "分隔符与约定不同，已按实际分隔符读取",
        "ingest.hidden_rows" => "有隐藏的行或列，已照常读取",
        "ingest.dbf_memo" => "DBF 文件中有备注型字段，未读取",
        "ingest.dbf_more" => "DBF 文件未正常关闭，末尾可能有遗漏的记录",
        "ingest.not_parquet" | "ingest.parquet_type" | "ingest.parquet_codec" => "Parquet 文件无法读取",
        "ingest.encoding" | "ingest.encoding_label" | "ingest.encoding_mark" => "文字编码与约定不符",
        "ingest.encoding_guessed" => "文字编码未能确定，按推测读取",
        "ingest.no_heading" => "找不到表头",
        "ingest.missing_column" => "缺少必需的列",
        "ingest.optional_column" => "缺少可选的列",
        "ingest.duplicate_header" => "表头重复",
        "ingest.extra_column" => "有约定以外的列，未使用",
        "ingest.missing_sheet" => "缺少约定的工作表",
        "ingest.hidden_sheet" => "有隐藏的工作表，未读取",
        "ingest.sheet_skipped" => "有工作表不符合约定，未读取",
        "link.missing_column" | "link.missing_id" => "缺少模型要用的列",
        "link.repeated_column" => "表头重复，不知用哪一列",
        "link.empty_side" => "没有可匹配的数据",
        "link.empty_column" => "列中没有可用的值",
        "link.no_pass_left" | "link.blocking_nothing" => "找不到任何可比较的记录对",
        "link.pass_lost" | "link.pass_nothing" => "有一种匹配途径找不到记录对",
        "link.blocking_wide" | "link.blocking_too_much" => "可比较的记录对过多",
        "link.duplicate_keys" => "编号重复",
        "link.blank_keys" => "编号为空",
        "link.same_file" => "两边是同一个文件",
        "link.no_known_pairs" => "已知对应关系文件为空",
        "link.unknown_keys" => "已知对应关系中有不认识的编号",
        "link.sample" => "核对样本填写有误",
        "codes.no_divisions" => "没有行政区划表，无法识别乡镇和村",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_stops_a_file_has_a_chinese_title() {
        for code in ["ingest.truncated", "ingest.missing_column", "ingest.encoding", "input.missing"] {
            assert!(super::title(code).is_some(), "{code}");
        }
        assert_eq!(super::title("plan.syntax"), None);
    }
}
