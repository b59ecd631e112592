//! One household's dossier from the ledger and the round's tables (一户一档).

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::super::CasesOptions;
use super::super::audit::{self, Action};
use super::super::cases::no_case;
use super::Room;
use crate::cases::ledger::{CaseEvent, CaseState, OrderState, case_id};
use crate::cases::moves::need_title;
use crate::cases::orders::{exit, follow, months, order_id, titles};
use crate::codes;
use crate::diag::Outcome;
use crate::model::{text, words};
use crate::plan::Phase;
use crate::publish::atomic;
use crate::publish::dossier::{Condition, Dossier, Flag, Member, OrderLine, RoundSaid, Step, render};

/// A dossier that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DossierWritten {
    /// The case.
    pub case_id: String,
    /// The page.
    pub file: PathBuf,
}

/// Writes `OUT/dossiers/<case>.html` and gives its path. Names and numbers are partly hidden unless `options.names`.
///
/// # Errors
/// There is no such case, ledger or round (66), the pipeline is wrong (78), something cannot be read or written (74).
pub fn write_dossier(options: &CasesOptions, case: &str) -> Outcome<DossierWritten> {
    audit::act(&options.out, &Action::new("cases.dossier"), |facts| {
        let written = write_dossier_now(options, case)?;
        facts.add("case", written.case_id.as_str());
        facts.add("unmasked", options.names);
        Ok(written)
    })
}

/// Does what [`write_dossier`] writes down.
fn write_dossier_now(options: &CasesOptions, case: &str) -> Outcome<DossierWritten> {
    let room = Room::open(options)?;
    let number = room.office.number(case)?;
    let Some(state) = room.cases.iter().find(|c| c.case == number) else { return Err(no_case(number)) };
    let page = render(&dossier(&room, state, options.names)?);
    let id = case_id(number);
    let file = options.out.join("dossiers").join(format!("{id}.html"));
    atomic::write(&file, page.as_bytes())?;
    Ok(DossierWritten { case_id: id, file })
}

fn dossier(room: &Room, case: &CaseState, names: bool) -> Outcome<Dossier> {
    let plan = &room.office.plan;
    let desk = room.desk();
    let said = case.round.clone().unwrap_or_default();
    let household = said.household.as_deref();
    let name = |n: &str| if names { n.to_string() } else { text::mask_name(n) };
    let declared = plan.process.cases.state(&case.state);
    let steps: Vec<(&CaseEvent, Step)> =
        room.events.iter().filter(|e| e.case == case.case).map(|e| (e, step(room, e))).collect();
    let some = |wanted: &dyn Fn(&str) -> bool| -> Vec<Step> {
        let counts = desk.steps(case.case);
        let stands = |e: &&CaseEvent| counts.iter().any(|c| c.event == e.event);
        steps.iter().filter(|(e, _)| stands(e) && wanted(&e.trigger)).map(|(_, s)| s.clone()).collect()
    };
    let followed = matches!(desk.phase(case), Some(Phase::Tracking | Phase::Exit));
    let conditions = exit::assess(&desk.exit_facts(case), room.office.today).criteria.into_iter().map(|c| Condition {
        title: c.title.to_string(),
        met: exit::word(c.met).to_string(),
        evidence: c.evidence,
    });
    let lifted = desk.is_lifted(household);
    let list_type = desk.list_type(case);
    let findings = room.findings();
    let own_orders: Vec<&OrderState> = room.orders.iter().filter(|o| o.order.case == case.case).collect();
    let decisions = some(&|t| {
        ["publicity.", "township.", "meeting.", "system.", "exit.", "rollback"].iter().any(|p| t.starts_with(p))
    });
    let answers = some(&|t| t.starts_with("answer.") || t.starts_with("identity."));
    let mut out = Dossier {
        county: plan.county.clone(),
        made_on: room.office.today.to_string(),
        round: room.round.name.clone(),
        case_id: case_id(case.case),
        head_name: said.head_name.as_deref().map(name).unwrap_or_default(),
        masked_number: said.masked_number.clone().unwrap_or_default(),
        place: [&said.township, &said.village, &said.group]
            .into_iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
            .join(" "),
        national_number: desk.national_number(household).unwrap_or("").to_string(),
        list_type: words::titles(list_type.as_deref(), words::list_type),
        causes: plan.cause_titles(Some(&desk.causes(case).join("|"))),
        state: plan.process.cases.title(&case.state).to_string(),
        since: case.since.clone(),
        owner: declared.and_then(|s| s.owner).map_or(String::new(), |o| o.title().to_string()),
        tracker: match case.given.get("helper") {
            Some(helper) => format!("{}：{}", follow::Tracker::Helper.title(), name(helper)),
            None => follow::tracker(list_type.as_deref(), lifted).title().to_string(),
        },
        members: members(room, household, &name)?,
        hits: hits(room, household),
        cautions: desk.cautions(household).unwrap_or_default(),
        rounds: room
            .office
            .ledger
            .case_rounds(case.case)?
            .into_iter()
            .map(|r| RoundSaid {
                round: format!("{}（{}）", r.round, r.as_of),
                outcome: r.outcome.as_deref().map(words::outcome).unwrap_or("").to_string(),
                causes: plan.cause_titles(Some(&r.causes)),
                explanation: r.explanation.unwrap_or_default(),
                changed: r.changed.unwrap_or_default(),
            })
            .collect(),
        answers,
        decisions,
        orders: own_orders.iter().map(|o| order(room, o, &findings)).collect(),
        measurements: some(&|t| t == "remeasure"),
        conditions_now: if followed { conditions.collect() } else { Vec::new() },
        history: steps.iter().map(|(_, s)| s.clone()).collect(),
        complete: Vec::new(),
    };
    out.complete = complete(&out, &own_orders);
    Ok(out)
}

fn step(room: &Room, e: &CaseEvent) -> Step {
    let plan = &room.office.plan;
    let machine = &plan.process.cases;
    let what = match machine.find(&e.from, &e.trigger) {
        Some(found) => found.title.clone(),
        None if e.trigger == "undo" => "撤回上一步".to_string(),
        None => e.trigger.clone(),
    };
    let hidden = ["facts", "id_number", "name", "day", "by", "reason"];
    let said = e.details.iter().filter(|(k, v)| !hidden.contains(&k.as_str()) && !v.is_empty());
    let mut note: Vec<String> = Some(e.reason.clone()).filter(|r| !r.is_empty()).into_iter().collect();
    note.extend(said.map(|(k, v)| {
        let value = if matches!(k.as_str(), "causes" | "added") { plan.cause_titles(Some(v)) } else { v.clone() };
        format!("{}：{value}", detail_title(k))
    }));
    Step {
        day: e.day.clone(),
        what,
        state: machine.title(&e.to).to_string(),
        by: e.by.clone(),
        note: note.join("；"),
        file: e.file.clone(),
    }
}

fn detail_title(name: &str) -> &str {
    match name {
        "vote" => "表决方式",
        "team" => "驻村工作队参加",
        "agrees" => "农户同意",
        "cautions" => "审慎事项说明",
        "income" => "家庭纯收入（元）",
        "size" => "家庭人口",
        "rigid" => "重大刚性支出",
        "expense" => "刚性支出（元）",
        "means" => "资产情况",
        "list_type" => "类型",
        "how" => "告知方式",
        "opinion" => "农户意见",
        "household" => "户编号",
        "national_household_no" => "全国系统户编号",
        "monitored_since" => "识别监测时间",
        "added" => "新增风险",
        other => need_title(other),
    }
}

fn members(room: &Room, household: Option<&str>, name: &dyn Fn(&str) -> String) -> Outcome<Vec<Member>> {
    let Some(household) = household else { return Ok(Vec::new()) };
    let persons = room.round.table("persons")?;
    let (codes, _) = codes::load(&room.office.plan.codes_dir);
    let title = |table: &str, code: &str| {
        codes.table(table).and_then(|t| t.entry(code)).map_or(code.to_string(), |e| e.title.clone())
    };
    let of = (0..persons.rows()).filter(|row| {
        persons.str_at("household_id", *row) == Some(household) && persons.str_at("status", *row) == Some("normal")
    });
    Ok(of
        .map(|row| {
            let text = |column: &str| persons.str_at(column, row);
            Member {
                name: text("name").map(name).unwrap_or_default(),
                relation: text("relation").map(|r| title("relation", r)).unwrap_or_default(),
                sex: text("sex").map(|s| title("sex", s)).unwrap_or_default(),
                age: persons
                    .date_at("birth_date", row)
                    .map_or(String::new(), |b| crate::model::text::age_on(b, room.office.today).to_string()),
                number: text("id_number").map(crate::model::text::mask_number).unwrap_or_default(),
            }
        })
        .collect())
}

fn hits(room: &Room, household: Option<&str>) -> Vec<Flag> {
    let Some(household) = household else { return Vec::new() };
    let documents: BTreeMap<&str, &str> =
        room.office.plan.rules.iter().map(|r| (r.id.as_str(), r.document.as_str())).collect();
    let hits = &room.hits;
    let own = (0..hits.rows()).filter(|row| {
        hits.str_at("household_id", *row) == Some(household)
            && matches!(hits.str_at("role", *row), Some("lists" | "supports"))
    });
    own.map(|row| {
        let text = |column: &str| hits.str_at(column, row).unwrap_or("");
        Flag {
            rule: format!("{} {}", text("rule"), text("title")),
            cause: room.office.plan.cause_title(text("cause")).to_string(),
            evidence: text("evidence").to_string(),
            document: documents.get(text("rule")).copied().unwrap_or("").to_string(),
        }
    })
    .collect()
}

fn order(room: &Room, state: &OrderState, findings: &[crate::cases::orders::OrderFinding]) -> OrderLine {
    let plan = &room.office.plan;
    let o = &state.order;
    let planned = o.planned.as_ref().map_or(String::new(), |p| {
        let amount = p.amount.map(|a| format!("{}元", text::decimal(a)));
        let parts = [Some(p.measure.clone()), amount, p.fund.clone()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("，")
    });
    let returns = o.returns.iter().map(|r| {
        let paid = r.paid.map_or(String::new(), |p| format!("，支出{}元", text::decimal(p)));
        format!("{}：{}{paid}", months::title(r.month), r.progress)
    });
    let asked = findings.iter().filter(|f| f.order == o.order);
    OrderLine {
        order_id: order_id(o.order),
        department: o.department.clone(),
        cause: plan.cause_title(&o.cause).to_string(),
        plan: planned,
        filed: o.filed.as_ref().map_or(String::new(), |(on, number)| format!("{on} {number}").trim().to_string()),
        state: plan.process.orders.title(&o.state).to_string(),
        returns: returns.collect::<Vec<_>>().join("\n"),
        findings: asked.map(|f| format!("{}：{}", titles(f.code), f.message)).collect::<Vec<_>>().join("\n"),
    }
}

/// 五个清楚 (R159): the household, why, the measures, the way out, the effect.
fn complete(d: &Dossier, orders: &[&OrderState]) -> Vec<Condition> {
    let condition = |title: &str, met: bool, evidence: String| Condition {
        title: title.into(),
        met: if met { "是" } else { "否" }.into(),
        evidence,
    };
    let planned = orders.iter().filter(|o| o.order.planned.is_some()).count();
    let filed = orders.iter().filter(|o| o.order.filed.is_some()).count();
    let told = orders.iter().filter(|o| !o.order.returns.is_empty() || o.order.closing.is_some()).count();
    let n = orders.len();
    vec![
        condition("家庭人口清楚", !d.members.is_empty(), format!("底册成员{}人", d.members.len())),
        condition("致贫原因清楚", !d.causes.is_empty(), d.causes.clone()),
        condition("帮扶措施清楚", n > 0 && planned == n, format!("工作单{n}张，已拟定举措{planned}张")),
        condition("脱贫路径清楚", n > 0 && filed == n, format!("工作单{n}张，已备案{filed}张")),
        condition("脱贫成效清楚", n > 0 && told == n, format!("工作单{n}张，有反馈或办结{told}张")),
    ]
}
