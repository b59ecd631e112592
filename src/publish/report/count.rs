//! The round's tables → [`ReportData`]: counting only.

use std::collections::{BTreeMap, BTreeSet};

use super::data::*;
use crate::diag::{self, Place, Severity};
use crate::model::{Table, words};
use crate::plan::{Cadence, SourceRole};

/// Counts the round for the report.
pub fn data(facts: &Facts) -> ReportData {
    let townships = townships(facts);
    ReportData {
        county: facts.plan.county.clone(),
        title: facts.plan.title.clone(),
        round: facts.round.to_string(),
        as_of: facts.as_of.to_string(),
        version: facts.version.to_string(),
        manifest: facts.manifest.to_string(),
        figures: figures(facts),
        gaps: gaps(facts),
        types: words::LIST_TYPES.map(|kind| having(facts.online, "list_type", kind)),
        online: facts.online.rows(),
        causes: causes(facts),
        comparison: comparison(facts),
        compared: facts.comparison.rows(),
        whole: whole(&townships),
        townships,
        sources: sources(facts),
        rules: rules(facts),
        tracking: tracking(facts),
        orders: orders(facts),
        problems: problems(facts),
    }
}

fn having(table: &Table, column: &str, value: &str) -> usize {
    (0..table.rows()).filter(|row| table.str_at(column, *row) == Some(value)).count()
}

fn number(table: &Table, column: &str, row: usize) -> usize {
    table.integer_at(column, row).and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
}

fn figure(label: &str, value: usize, unit: &str, note: &str) -> Figure {
    Figure { label: label.into(), value, unit: unit.into(), note: note.into() }
}

/// Households whose income is below the line but for which no rule lists: income never lists alone.
fn income_only(facts: &Facts) -> usize {
    let hits = facts.hits;
    let with = |role: &str, risk: Option<&str>| -> BTreeSet<&str> {
        (0..hits.rows())
            .filter(|row| hits.str_at("role", *row) == Some(role))
            .filter(|row| risk.is_none() || hits.str_at("risk", *row) == risk)
            .filter_map(|row| hits.str_at("household_id", row))
            .collect()
    };
    let listed = with("lists", None);
    let poor = with("supports", Some("income"));
    poor.difference(&listed).count()
}

fn figures(facts: &Facts) -> Vec<Figure> {
    let living = having(facts.persons, "status", "normal");
    let cautioned = (0..facts.online.rows())
        .filter(|row| facts.online.str_at("cautions", *row).is_some_and(|c| !c.is_empty()))
        .count();
    let reported: BTreeSet<&str> =
        (0..facts.offline.rows()).filter_map(|row| facts.offline.str_at("household_id", row)).collect();
    let rows = facts.offline.rows();
    vec![
        figure("户籍家庭", facts.households.rows(), "户", &format!("其中正常状态{living}人")),
        figure("线上疑似", facts.online.rows(), "户", "部门数据比对得出"),
        figure("线下上报", rows, "行", &format!("能对应到{}户", reported.len())),
        figure("建议名单", facts.proposals.rows(), "户", "线上线下一致，待会议审定"),
        figure("待村核实", facts.tasks.rows(), "项", &asked(facts)),
        figure("仅收入偏低", income_only(facts), "户", "人均纯收入低于监测线而无其他风险，按规定不单独列入"),
        figure("有审慎事项", cautioned, "户", "需说明情况，不据此排除"),
        figure("开单草稿", facts.orders.rows(), "件", "审定后发给责任部门"),
    ]
}

fn asked(facts: &Facts) -> String {
    match facts.asked {
        None => "两边不一致或身份不明".into(),
        Some(anew) => format!("本次新交办{anew}项，其余已在此前的核实表上"),
    }
}

/// At night it is no gap that nothing new came: a delivery that is too old to count is `missing`, one that was turned away says so.
fn only_waits(facts: &Facts, row: usize) -> bool {
    let waits = |problem: &str| ["[delivery.same_again]", "[delivery.late]"].iter().any(|code| problem.ends_with(code));
    facts.plan.cadence == Cadence::Nightly
        && facts.quality.str_at("state", row) == Some("stale")
        && facts.quality.str_at("problems", row).unwrap_or("").split('；').filter(|p| !p.is_empty()).all(waits)
}

/// State of a source in words, with the date of an earlier delivery that stands in.
fn state(quality: &Table, row: usize) -> String {
    let code = quality.str_at("state", row).unwrap_or("状态不明");
    if let ("stale", Some(day)) = (code, quality.date_at("as_of", row)) {
        return format!("没有可用的新数据，沿用{day}的数据");
    }
    match code {
        "delivered" => "已提供",
        "partial" => "部分文件未通过检查",
        "blocked" => "不符合约定，未采用",
        "missing" => "未提供",
        "stale" => "没有可用的新数据，沿用以前的数据",
        other => other,
    }
    .to_string()
}

fn gaps(facts: &Facts) -> Vec<Gap> {
    let quality = facts.quality;
    let gone = (0..quality.rows()).filter(|row| quality.str_at("state", *row) != Some("delivered"));
    gone.filter(|row| !only_waits(facts, *row))
        .map(|row| {
            let id = quality.str_at("source", row).unwrap_or("");
            let outcomes = facts.outcomes;
            let rules: Vec<&str> = (0..outcomes.rows())
                .filter(|r| words::split(outcomes.str_at("missing_sources", *r)).any(|s| s == id))
                .filter_map(|r| outcomes.str_at("rule", r))
                .collect();
            Gap {
                title: quality.str_at("title", row).unwrap_or(id).to_string(),
                department: quality.str_at("department", row).unwrap_or("").to_string(),
                state: state(quality, row),
                why: quality.str_at("problems", row).unwrap_or("").to_string(),
                rules: rules.join("、"),
            }
        })
        .collect()
}

fn type_index(kind: Option<&str>) -> Option<usize> {
    words::LIST_TYPES.iter().position(|t| Some(*t) == kind)
}

fn causes(facts: &Facts) -> Vec<CauseLine> {
    let mut counts: BTreeMap<&str, ([usize; 3], usize)> = BTreeMap::new();
    for row in 0..facts.online.rows() {
        let kind = type_index(facts.online.str_at("list_type", row));
        for cause in words::split(facts.online.str_at("causes", row)).collect::<BTreeSet<_>>() {
            let (types, total) = counts.entry(cause).or_default();
            *total += 1;
            if let Some(kind) = kind {
                types[kind] += 1;
            }
        }
    }
    // In the plan's order, causes nobody has included: a zero says something too.
    let known = facts.plan.causes.iter().map(|c| c.code.as_str());
    let unknown = counts.keys().copied().filter(|code| facts.plan.cause(code).is_none());
    known
        .chain(unknown)
        .map(|code| {
            let (types, total) = counts.get(code).copied().unwrap_or_default();
            let department = facts.plan.cause(code).map(|c| c.department.clone());
            CauseLine {
                title: facts.plan.cause_title(code).to_string(),
                department: department.unwrap_or_default(),
                types,
                total,
            }
        })
        .collect()
}

fn share(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "—".to_string();
    }
    // Tenths of a per cent, rounded half up, in whole numbers: the same on every machine.
    let tenths = (part * 2000 + whole) / (2 * whole);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

fn comparison(facts: &Facts) -> Vec<OutcomeLine> {
    let meaning = |outcome: &str| match outcome {
        "agreed" => "名单和原因一致，列入建议名单",
        "online_only" => "部门数据有线索而村里未报，交村核实",
        "offline_only" => "村里上报而部门数据未见，交村核实",
        "cause_differs" => "都认为有风险但原因不同，交村核实",
        "type_differs" => "都认为有风险但类型不同，交村核实",
        "identity_unclear" => "上报人员不能确定是哪一户，交村核对",
        "already_monitored" => "已是监测对象且风险未消除，继续跟踪",
        _ => "",
    };
    words::OUTCOMES
        .iter()
        .map(|outcome| {
            let count = having(facts.comparison, "outcome", outcome);
            OutcomeLine {
                title: words::outcome(outcome).to_string(),
                meaning: meaning(outcome).to_string(),
                count,
                share: share(count, facts.comparison.rows()),
            }
        })
        .collect()
}

/// Stands for the code where there is none; sorts behind all digits.
const UNKNOWN: &str = "~";

fn townships(facts: &Facts) -> Vec<TownshipLine> {
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    let mut counted: BTreeMap<String, TownshipLine> = BTreeMap::new();
    let mut count = |table: &Table, add: &dyn Fn(&mut TownshipLine, usize)| {
        for row in 0..table.rows() {
            let code = table.str_at("township_code", row).unwrap_or(UNKNOWN);
            if let Some(name) = table.str_at("township", row).filter(|_| code != UNKNOWN) {
                named.entry(code.to_string()).or_insert_with(|| name.to_string());
            }
            add(counted.entry(code.to_string()).or_default(), row);
        }
    };
    count(facts.households, &|line, _| line.households += 1);
    count(facts.online, &|line, row| {
        line.online += 1;
        if let Some(kind) = type_index(facts.online.str_at("list_type", row)) {
            line.types[kind] += 1;
        }
    });
    count(facts.offline, &|line, _| line.offline += 1);
    count(facts.comparison, &|line, row| match facts.comparison.str_at("outcome", row) {
        Some("online_only") => line.online_only += 1,
        Some("offline_only") => line.offline_only += 1,
        Some("cause_differs" | "type_differs" | "identity_unclear") => line.other += 1,
        _ => {}
    });
    count(facts.proposals, &|line, _| line.proposed += 1);
    count(facts.tasks, &|line, _| line.tasks += 1);
    counted
        .into_iter()
        .map(|(code, line)| TownshipLine {
            name: match code.as_str() {
                UNKNOWN => "乡镇不明".to_string(),
                code => named.get(code).cloned().unwrap_or_else(|| code.to_string()),
            },
            ..line
        })
        .collect()
}

fn whole(townships: &[TownshipLine]) -> TownshipLine {
    let sum = |of: &dyn Fn(&TownshipLine) -> usize| townships.iter().map(of).sum();
    TownshipLine {
        name: "全县".to_string(),
        households: sum(&|t| t.households),
        types: [0, 1, 2].map(|i| sum(&|t| t.types[i])),
        online: sum(&|t| t.online),
        offline: sum(&|t| t.offline),
        proposed: sum(&|t| t.proposed),
        online_only: sum(&|t| t.online_only),
        offline_only: sum(&|t| t.offline_only),
        other: sum(&|t| t.other),
        tasks: sum(&|t| t.tasks),
    }
}

fn sources(facts: &Facts) -> Vec<SourceLine> {
    let quality = facts.quality;
    (0..quality.rows())
        .map(|row| {
            let id = quality.str_at("source", row).unwrap_or("");
            let register = facts.plan.sources.iter().any(|s| s.id == id && s.role == SourceRole::Register);
            let rows = ["read", "accepted", "quarantined", "folded"].map(|c| number(quality, c, row));
            let links: Vec<usize> = match register {
                true => Vec::new(),
                false => {
                    ["linked", "possible", "conflict", "unlinked"].iter().map(|c| number(quality, c, row)).collect()
                }
            };
            let [read, accepted, quarantined, folded] = rows;
            SourceLine {
                title: quality.str_at("title", row).unwrap_or(id).to_string(),
                department: quality.str_at("department", row).unwrap_or("").to_string(),
                state: state(quality, row),
                files: number(quality, "files", row),
                rows,
                closes: read == accepted + quarantined + folded
                    && (register || accepted == links.iter().sum::<usize>()),
                links,
                findings: number(quality, "findings", row),
                not_data: number(quality, "not_data", row),
            }
        })
        .collect()
}

fn rules(facts: &Facts) -> Vec<RuleLine> {
    let outcomes = facts.outcomes;
    let title = |id: &str| {
        let source = facts.plan.sources.iter().find(|s| s.id == id);
        source.map_or_else(|| id.to_string(), |s| s.title.clone())
    };
    (0..outcomes.rows())
        .map(|row| {
            let own = |column: &str| outcomes.str_at(column, row).unwrap_or("").to_string();
            let [judged, hits, unknown] = ["judged", "hits", "unknown"].map(|c| number(outcomes, c, row));
            let missing: Vec<String> = words::split(outcomes.str_at("missing_sources", row)).map(title).collect();
            let remark = match () {
                () if judged > 0 && unknown == judged => "全部无法判断",
                () if hits == 0 => "无一命中",
                () if hits == judged => "全部命中",
                () => "",
            };
            RuleLine {
                id: own("rule"),
                version: number(outcomes, "rule_version", row),
                title: own("title"),
                unit: if own("level") == "person" { "人" } else { "户" }.to_string(),
                judged,
                hits,
                unknown,
                missing: missing.join("、"),
                remark: remark.to_string(),
                document: own("document"),
            }
        })
        .collect()
}

fn tracking(facts: &Facts) -> Vec<Figure> {
    let tracking = facts.tracking;
    let with = |test: &dyn Fn(usize) -> bool| (0..tracking.rows()).filter(|row| test(*row)).count();
    let is = |column: &'static str, wanted: bool| move |row: usize| tracking.boolean_at(column, row) == Some(wanted);
    let uncleared = |row: usize| !is("risk_cleared", true)(row);
    vec![
        figure("监测对象", tracking.rows(), "户", "全国系统中的监测户"),
        figure("风险未消除", with(&uncleared), "户", "继续跟踪"),
        figure(
            "跟踪满一年且风险已消除",
            with(&|row| is("year_complete", true)(row) && is("risk_cleared", true)(row)),
            "户",
            "可按村评定、乡镇审核、县审定的程序取消重点关注",
        ),
        figure(
            "跟踪满一年风险未消除",
            with(&|row| is("year_complete", true)(row) && uncleared(row)),
            "户",
            "继续关注，直至风险消除",
        ),
        figure("本次部门数据仍有风险", with(&is("online_now", true)), "户", ""),
        figure(
            "系统已消除、本次又有风险",
            with(&|row| is("risk_cleared", true)(row) && is("online_now", true)(row)),
            "户",
            "请优先核实",
        ),
    ]
}

fn orders(facts: &Facts) -> Vec<Figure> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in 0..facts.orders.rows() {
        *counts.entry(facts.orders.str_at("department", row).unwrap_or("待定")).or_default() += 1;
    }
    counts.into_iter().map(|(department, n)| figure(department, n, "件", "")).collect()
}

/// A place as a clerk reads it.
fn whereabouts(place: &Place) -> String {
    let mut parts: Vec<String> = place.file.iter().cloned().collect();
    parts.extend(place.line.or(place.row).map(|n| format!("第{n}行")));
    if let Some(sheet) = &place.sheet {
        parts.insert(parts.len().min(1), format!("工作表“{sheet}”"));
    }
    parts.extend(place.field.clone());
    parts.join(" ")
}

fn problems(facts: &Facts) -> Vec<ProblemLine> {
    facts
        .problems
        .iter()
        // Notes are for the one who runs the job, not for the meeting.
        .filter(|problem| problem.severity != Severity::Note)
        .map(|problem| ProblemLine {
            severity: match problem.severity {
                Severity::Error => "错误",
                Severity::Warning => "警告",
                Severity::Note => "提示",
            }
            .to_string(),
            code: problem.code.to_string(),
            place: whereabouts(&problem.place),
            message: match diag::title(problem.code) {
                Some(title) => format!("{title}。{}", problem.message),
                None => problem.message.clone(),
            },
            hint: problem.hint.clone().unwrap_or_default(),
        })
        .collect()
}
