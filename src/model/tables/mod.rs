//! The fixed tables, declared once: their Parquet metadata, the data dictionary and the tests all read them here.
//!
//! `records_<source>` and the two indicator tables depend on the pipeline and are declared in `plan::schema`.

mod cases;
mod deliveries;
mod ledger;
mod links;
mod lists;
mod people;
mod records;
mod round;
mod rules;

pub use cases::{case_changes, cases, proposals, tracking, verification_tasks, village_reports, work_orders};
pub use deliveries::{corrections, deliveries};
pub use ledger::{decisions, person_history};
pub use links::{links, possible_links};
pub use lists::{comparison, offline_list, online_list};
pub use people::{households, persons};
pub use records::{findings, rejects};
pub use round::{dictionary, source_quality};
pub use rules::{hit_records, rule_hits, rule_outcomes, rule_overlap, rule_precision};

use crate::model::table::Kind::{Float, Integer, Text};
use crate::model::table::Privacy::{Internal, Personal};
use crate::model::table::{Column, Kind, Privacy, TableSchema};

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
#[rustfmt::skip]
pub const PROVENANCE: &[Row] = &[
    ("file", "文件", Text, "", Internal, "Path of the delivered file below the input folder."),
    ("sheet", "工作表", Text, "", Internal, "Sheet of the workbook; empty for files without sheets."),
    ("row", "行号", Integer, "", Internal, "Row of the sheet or line of the file, from 1."),
];

/// Where a household lives.
#[rustfmt::skip]
pub const PLACE: &[Row] = &[
    ("township_code", "乡镇代码", Text, "", Internal, "Nine-digit division code of the township."),
    ("township", "乡镇", Text, "", Internal, "Township name as the division table has it."),
    ("village_code", "村代码", Text, "", Internal, "Twelve-digit division code of the village."),
    ("village", "村", Text, "", Internal, "Village name as the division table has it."),
];

#[rustfmt::skip]
const LEVELS: &[Row] = &[
    ("pass", "匹配途径", Text, "", Internal, "Blocking pass that found the pair."),
    ("match_weight", "匹配权重", Float, "", Internal, "log2 of the odds that the record means this person: prior, comparisons and rivals; higher is surer."),
    ("margin", "领先权重", Float, "", Internal, "Match weight above the next best person; null when there is none."),
    ("number_level", "号码比较", Text, "", Internal, "Level on which the identity numbers agree."),
    ("name_level", "姓名比较", Text, "", Internal, "Level on which the names agree."),
    ("birth_level", "出生日期比较", Text, "", Internal, "Level on which the birth dates agree."),
    ("sex_level", "性别比较", Text, "", Internal, "Whether the sexes agree."),
    ("division_level", "区划比较", Text, "", Internal, "Smallest division that agrees."),
    ("evidence", "依据", Text, "", Personal, "Why, as one sentence in Chinese."),
    ("phone_level", "电话比较", Text, "", Internal, "Whether the telephones agree."),
    ("household_level", "家庭比较", Text, "", Internal, "Whether others of the record's family are linked to the person's household."),
    ("claim_level", "归属比较", Text, "", Internal, "Whether another record of the source has the person."),
    ("number_weight", "号码权重", Float, "", Internal, "What the comparison of numbers weighs: log2(m/u), part of the match weight."),
    ("name_weight", "姓名权重", Float, "", Internal, "What the comparison of names weighs, rare names more."),
    ("birth_weight", "出生日期权重", Float, "", Internal, "What the comparison of birth dates weighs."),
    ("sex_weight", "性别权重", Float, "", Internal, "What the comparison of sexes weighs."),
    ("division_weight", "区划权重", Float, "", Internal, "What the comparison of divisions weighs."),
    ("phone_weight", "电话权重", Float, "", Internal, "What the comparison of telephones weighs."),
    ("household_weight", "家庭权重", Float, "", Internal, "What the company of the record's family weighs."),
    ("claim_weight", "归属权重", Float, "", Internal, "What other records of the person weigh."),
    ("rivals_weight", "竞争权重", Float, "", Internal, "What the record's other candidates take away; never above 0."),
];

/// All fixed tables, in the order of the flow.
pub fn all() -> Vec<TableSchema> {
    vec![
        deliveries(),
        rejects(),
        findings(),
        corrections(),
        persons(),
        households(),
        person_history(),
        links(),
        possible_links(),
        decisions(),
        rule_hits(),
        hit_records(),
        rule_outcomes(),
        rule_overlap(),
        online_list(),
        offline_list(),
        comparison(),
        verification_tasks(),
        proposals(),
        work_orders(),
        tracking(),
        cases(),
        case_changes(),
        village_reports(),
        source_quality(),
        dictionary(),
    ]
}
