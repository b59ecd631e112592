//! The register: persons and households.

use super::{PLACE, table};
use crate::model::table::Kind::{Boolean, Date, Integer, Text};
use crate::model::table::Privacy::{Internal, Personal, Sensitive};
use crate::model::table::TableSchema;

/// Persons of the population register.
#[rustfmt::skip]
pub fn persons() -> TableSchema {
    table("persons", "人员", "one person of the population register", &[
        &[
            ("person_id", "人员编号", Text, "", Internal, "Key of the person, the same from round to round."),
            ("household_id", "户编号", Text, "", Internal, "Household of the register."),
            ("record_id", "记录编号", Text, "", Internal, "The register's record."),
            ("name", "姓名", Text, "", Personal, "Cleaned name."),
            ("id_number", "身份证号", Text, "", Sensitive, "Valid 18-digit identity number, or null."),
            ("id_number_lane", "号码状态", Text, "", Internal, "How the number was recognised (see normalize)."),
            ("sex", "性别", Text, "", Personal, "male or female, from the register, else from the number."),
            ("birth_date", "出生日期", Date, "", Personal, "From the register, else from the number."),
            ("relation", "与户主关系", Text, "", Personal, "Canonical relation to the head: head, spouse, son…"),
            ("status", "人员状态", Text, "", Personal, "normal, deceased or moved_out."),
        ],
        PLACE,
        &[
            ("group", "组", Text, "", Internal, "Villagers' group."),
        ],
    ])
}

/// Households of the population register with what the national system says of them.
#[rustfmt::skip]
pub fn households() -> TableSchema {
    table("households", "家庭", "one household of the population register", &[
        &[
            ("household_id", "户编号", Text, "", Internal, "Key of the household."),
            ("household_no", "户号", Text, "", Internal, "Household number of the population register."),
            ("head_person_id", "户主人员编号", Text, "", Internal, "Person id of the head, or of the oldest adult when no head is given."),
            ("head_name", "户主姓名", Text, "", Personal, "Name of the head."),
            ("head_id_number", "户主身份证号", Text, "", Sensitive, "Identity number of the head."),
            ("size", "家庭人口", Integer, "person", Internal, "Members with status normal."),
        ],
        PLACE,
        &[
            ("group", "组", Text, "", Internal, "Villagers' group."),
            ("national_household_no", "全国系统户编号", Text, "", Internal, "Household number in the national system, when its members could be linked."),
            ("national_type", "户类型", Text, "", Internal, "lifted (脱贫户), general (一般农户) or null when not in the national system."),
            ("lifted", "是否脱贫户", Boolean, "", Internal, "True when the national system has the household as lifted out of poverty."),
            ("monitored_type", "监测对象类别", Text, "", Internal, "unstable, marginal, sudden or null."),
            ("monitored_since", "识别监测时间", Date, "", Internal, "First day of the month of identification."),
            ("risk_cleared", "风险是否已消除", Boolean, "", Internal, "Null when not monitored."),
            ("monitored_causes", "已记录风险", Text, "", Internal, "Cause codes recorded in the national system, joined by `|`."),
            ("national_agreement", "户内人员对应", Text, "", Internal, "all, some or split: how the national household's members lie in this household."),
        ],
    ])
}
