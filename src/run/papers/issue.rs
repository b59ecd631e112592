//! `bidui forms export KIND` for the papers between a proposal and an exit: what waits goes out as forms.

use std::path::Path;

use jiff::civil::Date;

use super::super::CasesOptions;
use super::super::cases::hold;
use super::super::forms::{ExportOptions, Exported};
use super::Room;
use super::apply::{month_before, publish};
use crate::cases::forms::{FormKind, FormSpec, Issue, Issued, form};
use crate::cases::orders::papers::{Sheaf, papers};
use crate::cases::orders::{kinds, months};
use crate::diag::Outcome;
use crate::model::form::IssuedRow;
use crate::plan::{Owner, Phase, Plan};
use crate::publish::workbook::{self, Words};

/// Who sends the papers out.
const OFFICE: &str = "县防贫办";
/// Days on top of the publicity for the list to come back.
const BACK_DAYS: u32 = 2;

/// What a paper shows and asks; none for kinds that are no papers.
pub(in crate::run) fn spec(kind: FormKind, plan: &Plan) -> Option<FormSpec> {
    Some(match kind {
        FormKind::Identity => kinds::identity(),
        FormKind::Publicity => kinds::publicity(),
        FormKind::Township => kinds::township(),
        FormKind::Meeting => kinds::meeting(),
        FormKind::Order => kinds::order(plan),
        FormKind::Filing => kinds::filing(),
        FormKind::Return => kinds::monthly(),
        FormKind::Exit => kinds::exit(),
        FormKind::Notice => kinds::notice(),
        FormKind::Remeasure => kinds::remeasure(),
        _ => return None,
    })
}

/// What a paper says around its rows.
pub(in crate::run) fn words(kind: FormKind) -> Option<Words> {
    let (title, how, back_to, closing): (&str, &[&str], &str, &str) = match kind {
        FormKind::Identity => (
            "身份核对表",
            &[
                "村里上报或答复后仍不能确定是哪一户的，由办公室核对：“底册查询”是按村里填写的证件号在户籍底册中查到的户。",
                "查清的填“身份已查清”，并把该户的户编号（H开头）抄到“户编号”栏，不用再填证件号码；确无此人此户的填“查无此人此户”。",
            ],
            OFFICE,
            "核对人（签字）：＿＿＿＿＿＿　　防贫办主任（签字）：＿＿＿＿＿＿　　日期：＿＿＿＿年＿＿月＿＿日",
        ),
        FormKind::Publicity => (
            "防返贫监测对象公示名单",
            &[
                "对下列农户拟纳入监测对象予以公示，公示期不少于5天。有异议的，可向村（居）委会、乡镇反映或拨打监督电话。",
                "公示期满后由村填写浅色各栏：公示结果、公示截止日期、经办人；有异议的写明内容和调查处理情况。",
                "公示内容不得另加其他个人信息。",
            ],
            "县防贫办（经乡镇）",
            "公示时间：＿＿＿＿年＿＿月＿＿日至＿＿＿＿年＿＿月＿＿日　　监督举报电话：＿＿＿＿＿＿＿＿＿＿　　村（居）委会（盖章）",
        ),
        FormKind::Township => (
            "防返贫监测对象乡镇审核表",
            &[
                "逐户填写审核意见：通过、退回补正；退回的写明原因。",
                "有“审慎事项”（车辆、经营、商品房、财政供养、赡养能力等）的不直接排除；通过的必须写“审慎事项说明”。",
            ],
            "县防贫办",
            "乡镇审核人（签字）：＿＿＿＿＿＿　　乡镇主要负责人（签字）：＿＿＿＿＿＿　　乡镇（盖章）　　日期：＿＿＿＿年＿＿月＿＿日",
        ),
        FormKind::Meeting => (
            "防返贫监测对象审定会议表",
            &[
                "会议编号、会议日期、审定人填在“填表说明”页；逐户填审定意见：通过、不通过、退回补正，后两种写明原因。",
                "收入不是唯一标准；有“审慎事项”的不直接排除，通过的必须写“审慎事项说明”。",
                "事项为“特殊救助”的，是部门拟定、办公室初审后提请审定的特殊救助。",
            ],
            "县防贫办",
            "县委书记：＿＿＿＿＿　县长：＿＿＿＿＿　分管领导：＿＿＿＿＿　防贫办主任：＿＿＿＿＿　统计局长：＿＿＿＿＿　日期：＿＿＿＿年＿＿月＿＿日",
        ),
        FormKind::Order => (
            "防贫工作单",
            &[
                "缺什么补什么：从下拉列表选举措，应能消除该户的这一项风险；写明金额和资金来源。",
                "边缘户所获不得超过脱贫户相应政策；普惠政策解决不了的才用特殊救助，并写明普惠政策不足的说明。",
                "本表只含本部门的工作单，个人信息只用于帮扶，不得另作他用。",
            ],
            "县防贫办",
            "部门负责人（签字）：＿＿＿＿＿＿　　部门（盖章）　　日期：＿＿＿＿年＿＿月＿＿日",
        ),
        FormKind::Filing => (
            "工作单备案审核表",
            &[
                "“核对结果”列出上限、举措、资金方面的问题；逐单填备案、提请领导小组审定（特殊救助）或退回。",
                "边缘户使用财政投入或社会募集资金的，备案须有资金审定文号。",
            ],
            OFFICE,
            "审核人（签字）：＿＿＿＿＿＿　　防贫办主任（签字）：＿＿＿＿＿＿　　日期：＿＿＿＿年＿＿月＿＿日",
        ),
        FormKind::Return => (
            "帮扶落实月反馈表",
            &[
                "逐单填写当月办理情况和进展；申请办结的，整改到位、责任落实、群众满意三项都为“是”才能办结。",
                "尚未开展的也要写明原因和打算。",
            ],
            "县防贫办",
            "部门负责人（签字）：＿＿＿＿＿＿　　部门（盖章）　　日期：＿＿＿＿年＿＿月＿＿日",
        ),
        FormKind::Exit => (
            "监测对象退出评定表",
            &[
                "满一年的户由村评定。“退出条件”列出收入、期限、风险和三保障情况及依据，“不明”的请先查清。",
                "风险已消除的写明理由、表决方式、驻村工作队是否参加、农户是否同意；未消除的填继续跟踪。",
                "农户不同意的照样评定，写明其理由。",
            ],
            "县防贫办（经乡镇）",
            "村党总支书记：＿＿＿＿＿　村主任：＿＿＿＿＿　第一书记：＿＿＿＿＿　入户核查人：＿＿＿＿＿　农户：＿＿＿＿＿　日期：＿＿＿＿年＿＿月＿＿日",
        ),
        FormKind::Notice => (
            "监测对象退出告知表",
            &[
                "经县级审定退出的户，应在村内公示退出结果，并告知本人（农户）；告知后填写告知结果、方式、日期和告知人。",
                "农户有不同意见的，如实写在“农户意见”栏，由办公室复核。",
            ],
            "县防贫办（经乡镇）",
            "村（居）委会（盖章）　　告知人（签字）：＿＿＿＿＿＿　　日期：＿＿＿＿年＿＿月＿＿日",
        ),
        FormKind::Remeasure => (
            "监测对象收支复测表",
            &[
                "入户测算近12个月家庭纯收入（元）和人口，写明有无重大刚性支出、资产情况。",
                "纳入后每年测算一次，满一年未退出的每半年一次。",
            ],
            "县防贫办（经乡镇）",
            "测算人（签字）：＿＿＿＿＿＿　　户主（签字）：＿＿＿＿＿＿　　日期：＿＿＿＿年＿＿月＿＿日",
        ),
        _ => return None,
    };
    Some(Words {
        title: title.into(),
        how: how.iter().map(|line| (*line).to_string()).collect(),
        back_to: back_to.into(),
        closing: vec![closing.into()],
    })
}

/// Writes the papers of a kind: what waits now, by recipient. The lists for publicity begin the publicity.
///
/// # Errors
/// There is no ledger or round (66), the pipeline is wrong (78), another run holds the folder (75), something cannot be read or
/// written (74).
pub(in crate::run) fn export(options: &ExportOptions, kind: FormKind, dir: &Path) -> Outcome<Exported> {
    let cases =
        CasesOptions { pipeline: options.pipeline.clone(), out: options.out.clone(), on: options.on, names: true };
    let _lock = hold(&cases, "forms")?;
    let mut room = Room::open(&cases)?;
    if kind == FormKind::Identity {
        room.persons = Some(room.round.table("persons")?);
    }
    let today = room.office.today;
    let month = month_before(today);
    let sheaves = papers(&room.desk(), kind, &room.findings(), month);
    let taken = room.office.ledger.form_tokens()?;
    let due_on = due(&room, kind, month);
    let round = room.round.name.clone();
    let issue = Issue { kind, round: &round, issued_on: today, due_on, taken: &taken };
    let forms: Vec<Issued> = sheaves.into_iter().map(|sheaf| issued(&issue, sheaf)).collect();
    let rows = forms.iter().map(|f| f.rows.len()).sum();
    let plan = room.office.plan.clone();
    let published: Vec<(u32, String)> = match kind {
        FormKind::Publicity => {
            forms.iter().flat_map(|f| &f.rows).filter_map(|r| Some((r.case?, round.clone()))).collect()
        }
        _ => Vec::new(),
    };
    room.office.ledger.change(|changes| {
        changes.issue(&forms)?;
        publish(&plan, changes, &published, (OFFICE, today))
    })?;
    let (Some(spec), Some(words)) = (spec(kind, &plan), words(kind)) else {
        return Ok(Exported { kind: kind.code().into(), files: Vec::new(), rows: 0 });
    };
    let issue = workbook::Issue { plan: &plan, round: &round, as_of: room.round_as_of };
    let files = workbook::forms(&issue, &spec, &words, &forms, dir)?;
    Ok(Exported { kind: kind.code().into(), files, rows })
}

fn issued(issue: &Issue, sheaf: Sheaf) -> Issued {
    let rows = sheaf.rows.into_iter().map(|line| IssuedRow {
        token: String::new(),
        sheet: line.sheet,
        case: line.case,
        order: line.order,
        shown: line.shown,
    });
    form(issue, (sheaf.code.as_deref(), Some(&sheaf.to)), rows.collect())
}

/// By when a paper should be back.
fn due(room: &Room, kind: FormKind, month: Date) -> Option<Date> {
    let process = &room.office.plan.process;
    let cases =
        |wanted: &dyn Fn(Phase, Option<Owner>) -> bool| process.cases.states.iter().find(|s| wanted(s.phase, s.owner));
    let orders = |phase: Phase| process.orders.states.iter().find(|s| s.phase == phase);
    let working = |days: u32| room.office.workdays.add_working_days(room.office.today, days).0;
    let state = match kind {
        FormKind::Return => return Some(months::due(month, room.office.plan.remedies.return_day)),
        FormKind::Publicity => {
            let least = cases(&|phase, _| phase == Phase::Publicity)?.min_days;
            return Some(working(least + BACK_DAYS));
        }
        FormKind::Township => cases(&|phase, _| phase == Phase::Review),
        FormKind::Meeting => cases(&|phase, _| phase == Phase::Decision),
        FormKind::Identity => cases(&|phase, _| phase == Phase::Identity),
        FormKind::Exit | FormKind::Notice | FormKind::Remeasure => {
            cases(&|phase, owner| phase == Phase::Exit && owner == Some(Owner::Township))
        }
        FormKind::Order => orders(Phase::Drafted),
        FormKind::Filing => orders(Phase::Planned),
        _ => None,
    };
    state.and_then(|s| s.working_days).map(working)
}
