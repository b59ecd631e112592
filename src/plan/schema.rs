//! Schemas that depend on the pipeline: `records_<source>`, the indicator tables, and what a rule may name.

use super::types::{FieldKind, Indicator, Level, Plan, Rule, RuleRole, Source};
use crate::model::table::{Column, Kind, Privacy, TableSchema};

/// Columns that every records table begins with.
fn record_head(source: &Source) -> Vec<Column> {
    use Kind::{Integer, Text};
    use Privacy::Internal;
    let mut columns = vec![
        Column::new("record_id", "记录编号", Text, Internal, "Key of the record: source and running number."),
        Column::new("file", "文件", Text, Internal, "Path of the delivered file below the input folder."),
        Column::new("sheet", "工作表", Text, Internal, "Sheet of the workbook; empty for files without sheets."),
        Column::new("row", "行号", Integer, Internal, "Row of the sheet or line of the file, from 1."),
    ];
    if source.fields.iter().any(|f| matches!(f.kind, FieldKind::Township | FieldKind::Village)) {
        columns.push(Column::new("township_code", "乡镇代码", Text, Internal, "Township found for the record."));
        columns.push(Column::new("village_code", "村代码", Text, Internal, "Village found for the record."));
    }
    columns
}

/// The schema of a source's records table.
///
/// A field `f` becomes column `f` (clean) and `f_raw` (as in the file). An identity number also has `f_lane` (how it was
/// recognised), `f_repair` (what was changed, in words), `f_repair_code` (the same by stable names), `f_certainty` (how sure),
/// `f_partial` (trustworthy leading digits of a damaged one), `f_certificate` (category and level of a disability
/// certificate) and `f_proposals` (what an invalid one may have been).
pub fn records(source: &Source) -> TableSchema {
    let mut columns = record_head(source);
    for field in &source.fields {
        columns.push(Column {
            name: field.name.clone(),
            title: field.heading.clone(),
            kind: field.kind.column_kind(),
            unit: match field.kind {
                FieldKind::Money => "yuan".into(),
                _ => field.unit.clone(),
            },
            meaning: field.meaning.clone(),
            // Words may name people, whatever the column is meant for.
            privacy: match field.kind {
                FieldKind::Text => field.privacy.max(Privacy::Personal),
                _ => field.privacy,
            },
        });
        let own = |suffix: &str, title: &str, privacy: Privacy, meaning: &str| {
            let (name, title) = (format!("{}_{suffix}", field.name), format!("{}（{title}）", field.heading));
            Column::new(&name, &title, Kind::Text, privacy, meaning)
        };
        let extra = |suffix: &str, title: &str, meaning: &str| own(suffix, title, field.privacy, meaning);
        if field.kind == FieldKind::IdNumber {
            columns.push(own(
                "lane",
                "状态",
                // It tells nothing of the person, only of the number's form.
                Privacy::Internal,
                "How the number was recognised: valid, repaired, certificate, residence_permit, damaged, invalid, \
                 placeholder, foreign or missing.",
            ));
            columns.push(extra("repair", "修复", "What was changed and why, or null."));
            columns.push(own(
                "repair_code",
                "修复代码",
                Privacy::Internal,
                "The repairs by their stable names, separated by `|`, or null.",
            ));
            columns.push(own(
                "certainty",
                "修复把握",
                Privacy::Internal,
                "How sure the repair is: certain (form only), checked (by the check digit), derived (check digit computed).",
            ));
            columns.push(extra(
                "partial",
                "可信前缀",
                "Leading digits that can be trusted when the number is damaged.",
            ));
            columns.push(extra(
                "certificate",
                "残疾证后缀",
                "Category (1-7) and level (1-4) behind the number of a disability certificate, and its reissue.",
            ));
            columns.push(extra(
                "proposals",
                "建议号码",
                "What an invalid number may have been, each with its reason, separated by `;`; never applied.",
            ));
        }
        // Nobody knows what somebody typed into the wrong column.
        columns.push(own("raw", "原始", Privacy::Sensitive, "The value as it stood in the file."));
    }
    TableSchema {
        name: source.table(),
        title: source.title.clone(),
        grain: "one accepted row of the source".into(),
        columns,
    }
}

fn indicator_table(
    name: &str,
    title: &str,
    grain: &str,
    keys: Vec<Column>,
    indicators: &[Indicator],
    level: Level,
) -> TableSchema {
    let mut columns = keys;
    for i in indicators.iter().filter(|i| i.level == level) {
        columns.push(Column::new(&i.name, &i.title, i.kind, i.privacy, &i.meaning).unit(&i.unit));
    }
    TableSchema { name: name.into(), title: title.into(), grain: grain.into(), columns }
}

fn key(name: &str, title: &str, meaning: &str) -> Column {
    Column::new(name, title, Kind::Text, Privacy::Internal, meaning)
}

/// The schema of `indicators_person`.
pub fn indicators_person(plan: &Plan) -> TableSchema {
    let keys =
        vec![key("person_id", "人员编号", "The person."), key("household_id", "户编号", "The person's household.")];
    indicator_table(
        "indicators_person",
        "个人指标",
        "one person of the register",
        keys,
        &plan.indicators,
        Level::Person,
    )
}

/// The schema of `indicators_household`.
pub fn indicators_household(plan: &Plan) -> TableSchema {
    let keys = vec![key("household_id", "户编号", "The household.")];
    indicator_table(
        "indicators_household",
        "家庭指标",
        "one household of the register",
        keys,
        &plan.indicators,
        Level::Household,
    )
}

/// Columns a rule of a level may name, besides parameters: the level's indicators and the built-in columns.
///
/// A rule about persons may also name the columns of the person's household.
pub fn rule_columns(plan: &Plan, level: Level) -> Vec<Column> {
    let mut columns = vec![
        Column::new("size", "家庭人口", Kind::Integer, Privacy::Internal, "Members with status normal.").unit("person"),
        Column::new("lifted", "是否脱贫户", Kind::Boolean, Privacy::Internal, "True when lifted out of poverty."),
        Column::new(
            "monitored_type",
            "监测对象类别",
            Kind::Text,
            Privacy::Internal,
            "unstable, marginal, sudden or null.",
        ),
        Column::new(
            "monitored_since",
            "识别监测时间",
            Kind::Date,
            Privacy::Internal,
            "First day of the month of identification.",
        ),
        Column::new("risk_cleared", "风险是否已消除", Kind::Boolean, Privacy::Internal, "Null when not monitored."),
    ];
    if level == Level::Person {
        columns.extend([
            Column::new("age", "年龄", Kind::Integer, Privacy::Personal, "Full years on the day of the run.")
                .unit("year"),
            Column::new(
                "birth_date",
                "出生日期",
                Kind::Date,
                Privacy::Personal,
                "From the register, else from the number.",
            ),
            Column::new("sex", "性别", Kind::Text, Privacy::Personal, "male or female."),
            Column::new("relation", "与户主关系", Kind::Text, Privacy::Personal, "Canonical relation to the head."),
            Column::new("status", "人员状态", Kind::Text, Privacy::Personal, "normal, deceased or moved_out."),
        ]);
    }
    let wanted = |i: &&Indicator| i.level == Level::Household || level == Level::Person;
    columns.extend(
        plan.indicators
            .iter()
            .filter(wanted)
            .map(|i| Column::new(&i.name, &i.title, i.kind, i.privacy, &i.meaning).unit(&i.unit)),
    );
    columns
}

/// Indicator with the per-capita income of a household.
pub const INCOME: &str = "per_capita_income";
/// Parameter with the income line.
pub const INCOME_LINE: &str = "income_line";

/// What stands before a rule's id in the name of the column that says whether it holds.
pub const HIT: &str = "hit:";
/// Whether a rule puts the household on this round's list.
pub const LISTED: &str = "listed";

/// What a rule of role `checks` may name besides: how the household came out by the other rules.
pub fn outcome_columns(plan: &Plan) -> Vec<Column> {
    let judged = plan.rules.iter().filter(|r| r.role != RuleRole::Checks);
    let hits = judged.map(|r| {
        let meaning = "Whether the rule holds for the household or for somebody in it.";
        Column::new(&format!("{HIT}{}", r.id), &r.title, Kind::Boolean, Privacy::Internal, meaning)
    });
    let meaning =
        "Whether this round lists the household; unknown when it does not and a department's data are missing for it.";
    std::iter::once(Column::new(LISTED, "本轮列入名单", Kind::Boolean, Privacy::Internal, meaning))
        .chain(hits)
        .collect()
}

/// Everything that a rule's condition may name, parameters apart.
pub fn columns_of(plan: &Plan, rule: &Rule) -> Vec<Column> {
    let mut columns = rule_columns(plan, rule.level);
    if rule.role == RuleRole::Checks {
        columns.extend(outcome_columns(plan));
    }
    columns
}
