//! A compared case → the Chinese sentences that say what agrees and what does not.

use super::compare::{Case, Lists};
use crate::model::words;

/// The explanation of a case: first what the outcome rests on, then what else a reader should know.
pub(super) fn sentence(lists: &Lists, case: &Case) -> String {
    let mut said = match case.outcome() {
        "identity_unclear" => unclear(lists, case),
        "online_only" => vec![format!(
            "部门数据显示该户有{}风险（{}），村里本次未上报。",
            causes(lists, &mut case.online_causes.iter().copied()),
            title(case.online_type)
        )],
        "already_monitored" => vec![already_monitored(lists, case)],
        "offline_only" => vec![format!(
            "村里上报该户有{}风险（{}），部门数据未见对应线索。",
            causes(lists, &mut case.offline_causes.iter().copied()),
            offline_types(case)
        )],
        _ => both(lists, case),
    };
    if case.household.is_some() {
        said.extend(also(lists, case));
    }
    said.concat()
}

fn title(code: Option<&str>) -> &str {
    code.map_or("类型未定", words::list_type)
}

fn causes(lists: &Lists, codes: &mut dyn Iterator<Item = &str>) -> String {
    let titles: Vec<&str> = codes.map(|c| lists.plan.cause_title(c)).collect();
    match titles.is_empty() {
        true => "未写明的".to_string(),
        false => titles.join("、"),
    }
}

fn offline_types(case: &Case) -> String {
    match case.offline_types.is_empty() {
        true => "未写类型".to_string(),
        false => case.offline_types.iter().map(|t| words::list_type(t)).collect::<Vec<_>>().join("、"),
    }
}

fn both(lists: &Lists, case: &Case) -> Vec<String> {
    let mut said = Vec::new();
    if case.types_differ() && case.offline_types.len() == 1 {
        said.push(format!("类型不同：线上为{}，线下上报为{}。", title(case.online_type), offline_types(case)));
    } else if case.types_differ() {
        said.push(format!("线上类型为{}。", title(case.online_type)));
    } else if case.offline_types.is_empty() {
        said.push(format!("线下未写类型，线上为{}。", title(case.online_type)));
    } else {
        said.push(format!("线上线下均为{}。", offline_types(case)));
    }
    if case.causes_differ() {
        said.push("风险不同：".to_string());
        let parts: Vec<String> = [
            ("线上有而线下未报", case.online_causes.difference(&case.offline_causes)),
            ("线下有而线上未见", case.offline_causes.difference(&case.online_causes)),
        ]
        .into_iter()
        .filter(|(_, codes)| codes.clone().next().is_some())
        .map(|(what, codes)| format!("{what}{}", causes(lists, &mut codes.copied())))
        .collect();
        said.push(parts.join("；") + "。");
    } else if case.online_causes.is_empty() {
        said.push("双方均未写明风险。".to_string());
    } else {
        said.push(format!("风险一致：{}。", causes(lists, &mut case.online_causes.iter().copied())));
    }
    said
}

fn already_monitored(lists: &Lists, case: &Case) -> String {
    let now = match case.online_causes.is_empty() {
        true => "本次部门数据未见风险".to_string(),
        false => format!("本次部门数据显示{}风险", causes(lists, &mut case.online_causes.iter().copied())),
    };
    format!("全国系统已列为{}，风险未消除；{now}，村里未另行上报。", title(case.monitored))
}

fn unclear(lists: &Lists, case: &Case) -> Vec<String> {
    let row = case.offline.first().copied();
    let candidates = row.and_then(|row| lists.offline.integer_at("candidates", row)).unwrap_or(0);
    let why = match row.and_then(|row| lists.offline.str_at("status", row)) {
        Some("possible") => format!("上报人员与户籍底册中{candidates}人相近，不能确定是哪一人。"),
        Some("conflict") => format!("上报的身份证号与姓名等信息互相矛盾（候选{candidates}人），不能确定是哪一人。"),
        _ => format!("户籍底册中查不到上报的人员（候选{candidates}人）。"),
    };
    let what = format!(
        "上报类型为{}，风险为{}。",
        offline_types(case),
        match case.offline_causes.is_empty() {
            true => "未写明".to_string(),
            false => causes(lists, &mut case.offline_causes.iter().copied()),
        }
    );
    vec![why, what]
}

/// What is worth knowing beside the outcome.
fn also(lists: &Lists, case: &Case) -> Vec<String> {
    let mut said = Vec::new();
    if case.offline.len() > 1 {
        said.push(format!("村里共上报{}行，已合并。", case.offline.len()));
    }
    if case.offline_types.len() > 1 {
        said.push(format!("各行上报类型不一致：{}。", offline_types(case)));
    }
    if let Some(monitored) = case.monitored.filter(|_| !case.offline.is_empty()) {
        said.push(format!("该户在全国系统中已列为{}，风险未消除。", words::list_type(monitored)));
    }
    if let Some(home) = lists.home(case) {
        let monitored = lists.households.str_at("monitored_type", home);
        if let Some(monitored) = monitored.filter(|_| lists.households.boolean_at("risk_cleared", home) == Some(true)) {
            said.push(format!("该户曾列为{}，系统中风险已消除。", words::list_type(monitored)));
        }
        // Codes are compared, not names: a form's own wording of its township is no other township.
        let register = lists.households.str_at("township_code", home);
        let form = case.offline.iter().copied().find(|row| {
            let form = lists.offline.str_at("township_code", *row);
            form.is_some() && register.is_some() && form != register
        });
        if let Some(row) = form {
            said.push(format!(
                "上报表属{}，户籍在{}。",
                lists.offline.str_at("township", row).unwrap_or("其他乡镇"),
                lists.households.str_at("township", home).unwrap_or("其他乡镇")
            ));
        }
    }
    said
}
