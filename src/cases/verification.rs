//! `comparison` → `verification_tasks`: every difference becomes a question that a village can answer (R121).

use std::collections::BTreeSet;

use super::rows_by;
use crate::model::build::TableBuilder;
use crate::model::{Table, tables, text, words};
use crate::plan::Plan;

/// One compared row with what the online list has for it.
struct Difference<'a> {
    comparison: &'a Table,
    row: usize,
    online: &'a Table,
    online_row: Option<usize>,
    plan: &'a Plan,
}

/// One task per row of `comparison` whose outcome is a difference, in the same order, numbered `T00001`….
///
/// `round` is the round's name, `online` gives the evidence, `households` is the fall-back for the villagers' group.
/// Agreed households need no question and households already monitored are followed by `tracking`.
pub fn verification_tasks(round: &str, comparison: &Table, online: &Table, households: &Table, plan: &Plan) -> Table {
    let online_rows = rows_by(online, "household_id");
    let household_rows = rows_by(households, "household_id");
    let mut out = TableBuilder::new(tables::verification_tasks());
    for row in 0..comparison.rows() {
        let household = comparison.str_at("household_id", row);
        let difference = Difference {
            comparison,
            row,
            online,
            online_row: household.and_then(|h| online_rows.get(h)).copied(),
            plan,
        };
        let Some(question) = difference.question() else {
            continue;
        };
        let own = |column: &str| comparison.str_at(column, row);
        let home = household.and_then(|h| household_rows.get(h)).copied();
        let group = own("group").or_else(|| home.and_then(|h| households.str_at("group", h)));
        out.push_named(vec![
            ("task_id", format!("T{:05}", out.len() + 1).into()),
            ("round", round.into()),
            ("comparison_id", own("comparison_id").into()),
            ("outcome", own("outcome").into()),
            ("household_id", household.into()),
            ("head_name", own("head_name").into()),
            ("masked_id_number", own("head_id_number").map(text::mask_number).into()),
            ("township_code", own("township_code").into()),
            ("township", own("township").into()),
            ("village_code", own("village_code").into()),
            ("village", own("village").into()),
            ("group", group.into()),
            ("list_type", difference.types().into()),
            ("causes", difference.causes().into()),
            ("question", question.into()),
            ("evidence", difference.evidence().into()),
        ]);
    }
    out.finish()
}

fn join(codes: BTreeSet<&str>) -> Option<String> {
    let joined = codes.into_iter().collect::<Vec<_>>().join("|");
    (!joined.is_empty()).then_some(joined)
}

impl Difference<'_> {
    fn own(&self, column: &str) -> Option<&str> {
        self.comparison.str_at(column, self.row)
    }

    fn of_online(&self, column: &str) -> Option<&str> {
        self.online_row.and_then(|row| self.online.str_at(column, row)).filter(|v| !v.is_empty())
    }

    fn codes(&self, columns: [&str; 2]) -> Option<String> {
        join(columns.iter().flat_map(|c| words::split(self.own(c))).collect())
    }

    fn types(&self) -> Option<String> {
        self.codes(["online_type", "offline_type"])
    }

    /// The causes in question: where only the causes differ, those that one side lacks; else all that either side has.
    fn causes(&self) -> Option<String> {
        match self.own("outcome") {
            Some("cause_differs") => self.codes(["causes_missing_offline", "causes_missing_online"]),
            _ => self.codes(["online_causes", "offline_causes"]),
        }
    }

    fn risks(&self, column: &str) -> String {
        match self.plan.cause_titles(self.own(column)) {
            none if none.is_empty() => "未写明的".to_string(),
            titles => titles,
        }
    }

    fn kind(&self, column: &str) -> String {
        match words::titles(self.own(column), words::list_type) {
            none if none.is_empty() => "未写类型".to_string(),
            titles => titles,
        }
    }

    /// What the village is asked; none when there is nothing to ask.
    fn question(&self) -> Option<String> {
        let mut question = match self.own("outcome")? {
            "online_only" => format!(
                "部门数据显示该户可能有{}风险，村里本次未上报。请入户核实风险是否属实，是否符合{}条件；不属实的写明原因。",
                self.risks("online_causes"),
                self.kind("online_type")
            ),
            "offline_only" => format!(
                "村里上报该户有{}风险（{}），部门数据未见对应线索。请入户核实是否属实，属实的写明依据（票据、证明、鉴定等）。",
                self.risks("offline_causes"),
                self.kind("offline_type")
            ),
            "cause_differs" => {
                let parts: Vec<String> = [
                    ("causes_missing_offline", "部门数据有而村里未报"),
                    ("causes_missing_online", "村里上报而部门数据未见"),
                ]
                .into_iter()
                .filter(|(column, _)| self.own(column).is_some())
                .map(|(column, what)| format!("{what}：{}", self.risks(column)))
                .collect();
                format!("双方都认为该户有风险，但原因不同。{}。请逐项核实，选填实际风险。", parts.join("；"))
            }
            "type_differs" => format!(
                "双方都认为该户有风险，但类型不同：部门数据判断为{}，村里上报为{}。请核实应列为哪一类，风险（{}）是否属实。",
                self.kind("online_type"),
                self.kind("offline_type"),
                match self.plan.cause_titles(self.causes().as_deref()) {
                    none if none.is_empty() => "未写明".to_string(),
                    titles => titles,
                }
            ),
            "identity_unclear" => {
                "村里上报的人员在户籍底册中不能确定是哪一户。请核对：能说清是谁的，核实结果填“身份不符”，\
                并填“正确姓名”和“正确身份证号”两栏；没有这个人的，填“查无此人”；外来或漏登的在情况说明中注明。"
                    .to_string()
            }
            _ => return None,
        };
        if let Some(cautions) = self.of_online("cautions") {
            // Negative evidence never removes a household by itself: the village is asked for the reason.
            question.push_str(&format!("另请说明：{}。", cautions.trim_end_matches('。')));
        }
        Some(question)
    }

    fn evidence(&self) -> Option<String> {
        let mut said = Vec::new();
        if self.own("outcome") == Some("identity_unclear") {
            said.extend(self.own("explanation").map(str::to_string));
        }
        said.extend(self.of_online("evidence").map(|e| format!("部门数据：{e}")));
        said.extend(self.own("offline_note").map(|n| format!("村里说明：{n}")));
        if said.is_empty() && self.own("offline_records").is_some() {
            said.push("村里上报，未写情况说明。".to_string());
        }
        (!said.is_empty()).then(|| said.join("\n"))
    }
}
