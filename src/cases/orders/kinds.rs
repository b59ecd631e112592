//! The papers between a proposal and an exit, as kinds of forms: what each shows, asks, and what an answer means.
//!
//! | kind | goes to | answers become |
//! |---|---|---|
//! | 身份核对表 | the office | identity.found, identity.none |
//! | 公示名单 | villages | publicity.passed, publicity.objection |
//! | 乡镇审核表 | townships | township.pass, township.return |
//! | 会议审定表 | the county meeting | meeting.pass, .reject, .return; order.special_pass and order.return for special relief |
//! | 防贫开单 | departments | order.plan |
//! | 备案审核表 | the office | order.file, order.special, order.return |
//! | 月反馈表 | departments | order.report, order.close |
//! | 退出评定表 | villages | exit.village, exit.extend, life.died, life.moved |
//! | 退出告知表 | villages | exit.notice |
//! | 复测表 | villages | remeasure |

use crate::model::form::{Entry, FormColumn, FormKind, FormSpec, Needed};
use crate::plan::Plan;

/// What the village assessment writes; the first two are the village's word about the risk.
pub const EXIT_RESULTS: [(&str, &str); 4] = [
    ("风险已消除", "exit.village"),
    ("继续跟踪", "exit.extend"),
    ("全户死亡", "life.died"),
    ("全户迁出", "life.moved"),
];

/// How a household is told of its exit (R215).
pub const TOLD: [&str; 3] = ["入户当面", "电话", "书面送达"];

/// How a village votes (R144).
pub const VOTES: [&str; 3] = ["口头", "举手", "无记名投票"];

/// Heading of the column with the month that a return is about.
pub const MONTH: &str = "反馈月份";
/// Heading of what asks for a reason before a decision.
pub const CAUTIONS: &str = "审慎事项";
/// Heading of the reason that is given for it (R172).
pub const CAUTION_REASON: &str = "审慎事项说明";
/// Heading of what a row of a meeting is about.
pub const MATTER: &str = "事项";
/// What a row about an exit says there.
pub const LEAVING: &str = "退出";
/// Heading of the day since which a row waits: a matter that comes back after a return is another question.
pub const SINCE: &str = "送办日期";
/// Heading of an amount.
pub const AMOUNT: &str = "金额（元）";

fn given(heading: &str, least: usize, most: usize) -> FormColumn {
    FormColumn::given(heading, (least, most), false)
}

fn whose(heading: &str, least: usize, most: usize) -> FormColumn {
    FormColumn::given(heading, (least, most), true)
}

fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> Entry {
    Entry::OneOf(words.into_iter().map(String::from).collect())
}

fn when(words: &[&str]) -> Needed {
    Needed::When(words.iter().map(|w| (*w).to_string()).collect())
}

fn meanings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(word, trigger)| ((*word).to_string(), (*trigger).to_string())).collect()
}

/// The day since which a row waits: it tells a matter that comes back from the one that was sent back, and nobody decides by it.
fn since() -> FormColumn {
    given(SINCE, 11, 12).unprinted()
}

/// A form whose rows are counted and carry their token at both ends, with nothing to fill in above them.
fn spec(kind: FormKind, result: &str, results: &[(&str, &str)], columns: Vec<FormColumn>) -> FormSpec {
    let mut all = vec![FormColumn::count(), FormColumn::token()];
    all.extend(columns);
    all.push(FormColumn::token_end());
    FormSpec {
        kind,
        columns: all,
        head: Vec::new(),
        result: result.into(),
        meanings: meanings(results),
        additions: false,
    }
}

const YES_NO: [&str; 2] = ["是", "否"];

/// 身份核对表: whom villages reported or did not find, with what they said and what the register has under the number they gave.
///
/// The household's id is copied from the register's line, so that nobody types an identity number again.
pub fn identity() -> FormSpec {
    let results = [("身份已查清", "identity.found"), ("查无此人此户", "identity.none")];
    let asked = FormColumn::asked;
    spec(
        FormKind::Identity,
        "核对结果",
        &results,
        vec![
            given("乡镇", 8, 12),
            given("村", 8, 12),
            given("组", 5, 8),
            whose("户主", 8, 10),
            whose("证件号", 19, 19),
            given("线索依据", 20, 32),
            given("村里答复", 16, 28),
            given("底册查询", 20, 30),
            asked("核对结果", 12, one_of(results.map(|(word, _)| word)), Needed::No, ""),
            asked("户编号", 11, Entry::Free, Needed::No, "household"),
            asked("核对说明", 18, Entry::Free, Needed::Yes, "reason"),
            asked("核对人", 9, Entry::Free, Needed::Yes, "by"),
            asked("核对日期", 12, Entry::Day, Needed::No, "day"),
            since(),
        ],
    )
}

/// 公示名单, a sheet for each village (R126, R146): no number, phone, bank account or health word on it.
///
/// The day on which the period ended is asked, because it decides whether it was long enough.
pub fn publicity() -> FormSpec {
    let results = [("无异议", "publicity.passed"), ("有异议", "publicity.objection")];
    let asked = FormColumn::asked;
    spec(
        FormKind::Publicity,
        "公示结果",
        &results,
        vec![
            whose("户主", 10, 14),
            given("村民小组", 8, 12),
            given("拟列类型", 12, 16),
            given("风险类别", 16, 26),
            asked("公示结果", 11, one_of(results.map(|(word, _)| word)), Needed::No, ""),
            asked("异议内容和调查处理", 30, Entry::Free, when(&["有异议"]), "reason"),
            asked("公示截止日期", 13, Entry::Day, Needed::Yes, "day"),
            asked("经办人", 10, Entry::Free, Needed::Yes, "by"),
            since(),
        ],
    )
}

/// 乡镇审核表: those who are to enter and those who are to leave.
pub fn township() -> FormSpec {
    let results = [("通过", "township.pass"), ("退回补正", "township.return")];
    let asked = FormColumn::asked;
    spec(
        FormKind::Township,
        "审核意见",
        &results,
        vec![
            whose(MATTER, 6, 8),
            given("村", 8, 12),
            given("组", 5, 8),
            whose("户主", 8, 10),
            whose("证件号", 19, 19),
            given("人口", 5, 6),
            given("类型", 10, 12),
            given("风险", 8, 14),
            given("依据", 22, 34),
            given(CAUTIONS, 10, 18),
            asked("审核意见", 10, one_of(results.map(|(word, _)| word)), Needed::No, ""),
            asked(CAUTION_REASON, 14, Entry::Free, Needed::No, "cautions"),
            asked("退回原因", 14, Entry::Free, when(&["退回补正"]), "reason"),
            asked("审核人", 9, Entry::Free, Needed::Yes, "by"),
            asked("审核日期", 12, Entry::Day, Needed::No, "day"),
            since(),
        ],
    )
}

/// Triggers of the meeting's decisions about cases; about special relief they mean [`order_decision`].
const DECISIONS: [(&str, &str); 3] =
    [("通过", "meeting.pass"), ("不通过", "meeting.reject"), ("退回补正", "meeting.return")];

/// 会议审定表: one list for the county meeting, with its number and day once on the cover (R122, R148).
pub fn meeting() -> FormSpec {
    let asked = FormColumn::asked;
    let head = vec![
        asked("会议编号", 20, Entry::Free, Needed::Yes, "meeting"),
        asked("会议日期", 20, Entry::Day, Needed::Yes, "day"),
        asked("审定人", 20, Entry::Free, Needed::Yes, "by"),
    ];
    FormSpec {
        head,
        ..spec(
            FormKind::Meeting,
            "审定意见",
            &DECISIONS,
            vec![
                whose(MATTER, 6, 8),
                given("乡镇", 8, 12),
                given("村", 8, 12),
                whose("户主", 8, 10),
                whose("证件号", 19, 19),
                given("人口", 5, 6),
                given("类型", 10, 12),
                given("风险", 8, 14),
                given("收入", 9, 14),
                given("依据", 22, 36),
                given(CAUTIONS, 10, 18),
                given(AMOUNT, 8, 10),
                asked("审定意见", 10, one_of(DECISIONS.map(|(word, _)| word)), Needed::No, ""),
                asked(CAUTION_REASON, 14, Entry::Free, Needed::No, "cautions"),
                asked("原因", 14, Entry::Free, when(&["不通过", "退回补正"]), "reason"),
                since(),
            ],
        )
    }
}

/// What a decision of the meeting means for an order: special relief that was put to it (R188).
pub fn order_decision(trigger: &str) -> &str {
    match trigger {
        "meeting.pass" => super::SPECIAL_PASS,
        "meeting.reject" | "meeting.return" => super::RETURN,
        other => other,
    }
}

fn measures(plan: &Plan) -> Entry {
    let titles: Vec<String> = plan.remedies.measures.iter().map(|m| m.title.clone()).collect();
    if titles.is_empty() { Entry::Free } else { Entry::OneOf(titles) }
}

fn funds(plan: &Plan) -> Entry {
    let titles: Vec<String> = plan.remedies.funds.iter().map(|f| f.title.clone()).collect();
    if titles.is_empty() { Entry::Free } else { Entry::OneOf(titles) }
}

/// 防贫开单: a department's own new orders; it says what it means to do (R186, R187). No more of a person than it needs.
pub fn order(plan: &Plan) -> FormSpec {
    let results = [("拟定", super::PLAN)];
    let asked = FormColumn::asked;
    spec(
        FormKind::Order,
        "办理意见",
        &results,
        vec![
            whose("开单编号", 10, 11),
            given("住址", 14, 20),
            whose("户主", 8, 10),
            whose("证件号", 19, 19),
            given("类型", 8, 12),
            given("风险", 8, 12),
            given("依据", 18, 28),
            given("可用举措", 14, 20),
            given("应落实起始月", 10, 12),
            asked("办理意见", 8, one_of(results.map(|(word, _)| word)), Needed::No, ""),
            asked("拟定举措", 14, measures(plan), Needed::Yes, "measure"),
            asked(AMOUNT, 10, Entry::Number, Needed::No, "amount"),
            asked("资金来源", 14, funds(plan), Needed::No, "fund"),
            asked("普惠政策不足的说明", 14, Entry::Free, Needed::No, "why_special"),
            asked("经办人", 9, Entry::Free, Needed::Yes, "by"),
            asked("拟定日期", 12, Entry::Day, Needed::No, "day"),
            since(),
        ],
    )
}

/// 备案审核表: the office looks at what departments plan, with every finding beside it (R187, R188, R205).
pub fn filing() -> FormSpec {
    let results = [("备案", super::FILE), ("提请领导小组审定", super::SPECIAL), ("退回", super::RETURN)];
    let asked = FormColumn::asked;
    spec(
        FormKind::Filing,
        "审核意见",
        &results,
        vec![
            whose("开单编号", 10, 11),
            given("责任部门", 9, 12),
            given("住址", 14, 20),
            whose("户主", 8, 10),
            given("类型", 8, 12),
            given("风险", 8, 12),
            given("拟定举措", 10, 16),
            given(AMOUNT, 8, 10),
            given("资金来源", 10, 16),
            given("核对结果", 20, 36),
            asked("审核意见", 12, one_of(results.map(|(word, _)| word)), Needed::No, ""),
            asked("备案号", 12, Entry::Free, when(&["备案"]), "number"),
            asked("资金审定文号", 12, Entry::Free, Needed::No, "fund_review"),
            asked("原因", 14, Entry::Free, when(&["提请领导小组审定", "退回"]), "reason"),
            asked("审核人", 9, Entry::Free, Needed::Yes, "by"),
            asked("审核日期", 12, Entry::Day, Needed::No, "day"),
            since(),
        ],
    )
}

/// 月反馈表: a department's orders that are on file, for one month (R157); closing asks for the three conditions (R196).
pub fn monthly() -> FormSpec {
    let results = [("实施中", super::REPORT), ("尚未开展", super::REPORT), ("已完成，申请办结", super::CLOSE)];
    let done = "已完成，申请办结";
    let asked = FormColumn::asked;
    spec(
        FormKind::Return,
        "办理情况",
        &results,
        vec![
            whose("开单编号", 10, 11),
            whose(MONTH, 10, 11),
            given("住址", 14, 20),
            whose("户主", 8, 10),
            given("风险", 8, 12),
            given("帮扶举措", 10, 16),
            given(AMOUNT, 8, 10),
            given("上次反馈", 12, 24),
            asked("办理情况", 13, one_of(results.map(|(word, _)| word)), Needed::No, ""),
            asked("进展", 20, Entry::Free, Needed::Yes, "progress"),
            asked("当月支出（元）", 14, Entry::Number, Needed::No, "paid"),
            asked("整改到位", 7, one_of(YES_NO), when(&[done]), "rectified"),
            asked("责任落实", 7, one_of(YES_NO), when(&[done]), "responsible"),
            asked("群众满意", 7, one_of(YES_NO), when(&[done]), "satisfied"),
            asked("经办人", 9, Entry::Free, Needed::Yes, "by"),
        ],
    )
}

/// 退出评定表: the village assesses (R208), with the conditions and their evidence beside it (R211–R214); the vote (R144), the
/// team's presence (R145), the household's consent (R149) and the village's reason are kept.
pub fn exit() -> FormSpec {
    let gone = "风险已消除";
    let asked = FormColumn::asked;
    spec(
        FormKind::Exit,
        "评定意见",
        &EXIT_RESULTS,
        vec![
            given("组", 5, 8),
            whose("户主", 8, 10),
            whose("证件号", 19, 19),
            given("类型", 10, 12),
            given("风险", 8, 12),
            given("纳入时间", 11, 12),
            given("退出条件", 30, 46),
            given("条件是否全部达到", 8, 9),
            asked("评定意见", 11, one_of(EXIT_RESULTS.map(|(word, _)| word)), Needed::No, ""),
            asked("评定理由", 16, Entry::Free, Needed::Yes, "reason"),
            asked("表决方式", 9, one_of(VOTES), when(&[gone]), "vote"),
            asked("驻村工作队参加", 8, one_of(YES_NO), when(&[gone]), "team"),
            asked("农户同意", 7, one_of(YES_NO), when(&[gone]), "agrees"),
            asked("评定人", 9, Entry::Free, Needed::Yes, "by"),
            asked("评定日期", 12, Entry::Day, Needed::No, "day"),
        ],
    )
}

/// 退出告知表: an exit is published in the village and told to the household, which may say what it thinks of it (R215).
pub fn notice() -> FormSpec {
    let results = [("已公示并告知本人", "exit.notice")];
    let asked = FormColumn::asked;
    spec(
        FormKind::Notice,
        "告知结果",
        &results,
        vec![
            given("组", 5, 8),
            whose("户主", 8, 10),
            whose("证件号", 19, 19),
            given("类型", 10, 12),
            given("纳入时间", 11, 12),
            given("退出日期", 11, 12),
            given("审定会议", 14, 20),
            asked("告知结果", 15, one_of(results.map(|(word, _)| word)), Needed::No, ""),
            asked("告知方式", 10, one_of(TOLD), Needed::Yes, "how"),
            asked("农户意见", 18, Entry::Free, Needed::No, "opinion"),
            asked("告知人", 9, Entry::Free, Needed::Yes, "by"),
            asked("告知日期", 12, Entry::Day, Needed::Yes, "day"),
        ],
    )
}

/// 复测表: income, expense and means of a followed household, yearly and then every half year (R210, R212).
pub fn remeasure() -> FormSpec {
    let results = [("已测算", "remeasure")];
    let asked = FormColumn::asked;
    spec(
        FormKind::Remeasure,
        "测算结果",
        &results,
        vec![
            given("组", 5, 8),
            whose("户主", 8, 10),
            whose("证件号", 19, 19),
            given("类型", 10, 12),
            given("风险", 8, 12),
            given("测算种类", 9, 10),
            given("应测算日期", 11, 12),
            given("上次测算", 16, 26),
            asked("测算结果", 9, one_of(results.map(|(word, _)| word)), Needed::No, ""),
            asked("家庭人口", 6, Entry::Number, Needed::Yes, "size"),
            asked("家庭纯收入（元）", 11, Entry::Number, Needed::Yes, "income"),
            asked("重大刚性支出", 8, one_of(["有", "无"]), Needed::Yes, "rigid"),
            asked("刚性支出（元）", 10, Entry::Number, Needed::No, "expense"),
            asked("资产情况", 16, Entry::Free, Needed::No, "means"),
            asked("测算人", 9, Entry::Free, Needed::Yes, "by"),
            asked("测算日期", 12, Entry::Day, Needed::No, "day"),
        ],
    )
}
