//! Orders → what is wrong with them: each finding with a code and Chinese words. Nothing is refused or changed here: the office
//! asks the department.
//!
//! | code | what | policy |
//! |---|---|---|
//! | `order.above_cap` | more money than the cap, over all orders of the household in the year | R189, R190, R192 |
//! | `order.no_cap` | an amount that no cap covers | R189 |
//! | `order.no_amount` | a measure with a cap, without an amount | R187 |
//! | `order.unknown_measure`, `order.measure_mismatch` | the measure does not remove the risk | R195 |
//! | `order.unknown_fund`, `order.fund_mismatch` | the money is not for this type | R203, R204 |
//! | `order.fund_not_reviewed` | a marginal household's money without review | R205 |
//! | `order.special_reason`, `order.special_not_approved` | special relief without its reason or its two approvals | R188 |
//! | `order.top_up` | the top-up is not the gap to the line | R197 |
//! | `order.not_started` | help should have begun | R130 |
//! | `order.return_overdue`, `order.silent` | no return for a month, for two running | R157 |
//! | `order.closed_unmet` | closed without the three conditions | R196 |

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{FILE, Order, SPECIAL, SPECIAL_PASS, documents, months, order_id};
use crate::model::text;
use crate::plan::{Remedies, Remedy};

/// One thing to be asked about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFinding {
    /// The order.
    pub order: u32,
    /// Its case.
    pub case: u32,
    /// Department that has to answer.
    pub department: String,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong and what to do, for the department.
    pub message: String,
    /// Amount in question, hundredths of a yuan.
    pub amount: Option<i128>,
    /// The most that is allowed.
    pub limit: Option<i128>,
    /// The document that says so.
    pub document: String,
}

/// Codes of findings with their short titles, in the order in which they are always shown.
pub const TITLES: [(&str, &str); 15] = [
    ("order.above_cap", "金额超过上限"),
    ("order.no_cap", "没有上限可查"),
    ("order.no_amount", "未写金额"),
    ("order.unknown_measure", "举措不在举措表"),
    ("order.measure_mismatch", "举措与风险不符"),
    ("order.unknown_fund", "资金来源不在表内"),
    ("order.fund_mismatch", "资金来源与对象类型不符"),
    ("order.fund_not_reviewed", "资金未经审定"),
    ("order.special_reason", "特殊救助未写理由"),
    ("order.special_not_approved", "特殊救助未经两步审批"),
    ("order.top_up", "补差金额不符"),
    ("order.not_started", "到期未实施"),
    ("order.return_overdue", "月反馈逾期"),
    ("order.silent", "连续两月无反馈"),
    ("order.closed_unmet", "办结条件不全"),
];

/// The short title of a finding's code.
pub fn titles(code: &str) -> &str {
    TITLES.iter().find(|(known, _)| *known == code).map_or(code, |(_, title)| title)
}

/// The income of a household for reckoning a top-up (R197).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Income {
    /// Per head and year, hundredths of a yuan.
    pub per_capita: i128,
    /// 低保 standard per head and year, hundredths of a yuan.
    pub line: i128,
    /// Members.
    pub size: i64,
}

/// What is checked against what.
#[derive(Debug, Clone, Copy)]
pub struct CheckInput<'a> {
    /// All orders of the county: amounts of a household are added up over them.
    pub orders: &'a [Order],
    /// Measures, caps, sources of money.
    pub remedies: &'a Remedies,
    /// Causes by code with their titles.
    pub causes: &'a [crate::plan::Cause],
    /// Incomes by household, where known.
    pub incomes: &'a BTreeMap<String, Income>,
    /// Day of the judgement.
    pub as_of: Date,
}

/// Every finding, in the order of the orders' numbers, then of [`TITLES`].
pub fn check(input: &CheckInput) -> Vec<OrderFinding> {
    let spent = spent(input);
    let mut orders: Vec<&Order> = input.orders.iter().filter(|o| !cancelled(o)).collect();
    orders.sort_by_key(|o| o.order);
    let mut found = Vec::new();
    for order in orders {
        let mut about = About { order, input, found: Vec::new() };
        about.plan(&spent);
        about.course();
        let rank = |f: &OrderFinding| TITLES.iter().position(|(code, _)| *code == f.code);
        about.found.sort_by_key(rank);
        found.append(&mut about.found);
    }
    found
}

/// A closed order that was never done says nothing any more.
fn cancelled(order: &Order) -> bool {
    order.closed && order.closing.is_none()
}

type Key<'a> = (&'a str, &'a str, i16);

/// What an order adds up with: the household's orders of one measure in one year.
fn key<'a>(order: &'a Order, remedies: &'a Remedies) -> Option<Key<'a>> {
    let planned = order.planned.as_ref()?;
    Some((&order.household, &remedies.measure(&planned.measure)?.code, planned.on.year()))
}

/// Amount over all orders of a household, measure and year, with how many orders it stands on.
fn spent<'a>(input: &CheckInput<'a>) -> BTreeMap<Key<'a>, (i128, usize)> {
    let mut sums: BTreeMap<Key, (i128, usize)> = BTreeMap::new();
    for order in input.orders.iter().filter(|o| !cancelled(o)) {
        let amount = order.planned.as_ref().and_then(|p| p.amount);
        if let Some((key, amount)) = key(order, input.remedies).zip(amount) {
            let sum = sums.entry(key).or_default();
            *sum = (sum.0 + amount, sum.1 + 1);
        }
    }
    sums
}

struct About<'a> {
    order: &'a Order,
    input: &'a CheckInput<'a>,
    found: Vec<OrderFinding>,
}

fn yuan(hundredths: i128) -> String {
    text::decimal(hundredths) + "元"
}

impl About<'_> {
    fn add(&mut self, code: &'static str, message: String, document: &str) {
        self.add_money(code, message, document, (None, None));
    }

    fn add_money(
        &mut self,
        code: &'static str,
        message: String,
        document: &str,
        (amount, limit): (Option<i128>, Option<i128>),
    ) {
        let o = self.order;
        let department = o.department.clone();
        let document = document.to_string();
        self.found.push(OrderFinding {
            order: o.order,
            case: o.case,
            department,
            code,
            message,
            amount,
            limit,
            document,
        });
    }

    /// What the department plans.
    fn plan(&mut self, spent: &BTreeMap<Key, (i128, usize)>) {
        let Some(planned) = &self.order.planned else { return };
        let remedies = self.input.remedies;
        // A county without the table has nothing to check against.
        if remedies.measures.is_empty() {
            return;
        }
        match remedies.measure(&planned.measure) {
            None => {
                let known: Vec<&str> = remedies.measures_for(&self.order.cause).map(|m| m.title.as_str()).collect();
                let message = format!("“{}”不在举措表内；对这一风险可用：{}", planned.measure, known.join("、"));
                self.add("order.unknown_measure", message, "");
            }
            Some(measure) => self.measure(measure, spent),
        }
        let written = planned.fund.as_deref();
        match written.map(|w| (w, remedies.fund(w))) {
            None => {}
            Some((written, None)) => {
                let known: Vec<&str> = remedies.funds.iter().map(|f| f.title.as_str()).collect();
                let message = format!("“{written}”不在资金来源表内，应为：{}", known.join("、"));
                self.add("order.unknown_fund", message, "");
            }
            Some((_, Some(fund))) if !fund.list_types.contains(&self.order.list_type) => {
                let kind = crate::model::words::list_type(&self.order.list_type);
                let message = format!("“{}”不用于{kind}，请改换资金来源", fund.title);
                self.add("order.fund_mismatch", message, &fund.document);
            }
            Some((_, Some(_))) => {}
        }
        let fund = written.and_then(|w| remedies.fund(w));
        // The leading group sees special relief anyway.
        let special = remedies.measure(&planned.measure).is_some_and(|m| m.special);
        let by_review = fund.is_some_and(|f| f.review.contains(&self.order.list_type)) && !special;
        if by_review && planned.amount != Some(0) && self.order.filed.is_some() && self.order.fund_review.is_none() {
            let message = "边缘户防贫资金须经办公室和财政部门审定后再备案，未见审定文号".to_string();
            self.add("order.fund_not_reviewed", message, documents::FUND_REVIEW);
        }
    }

    fn measure(&mut self, measure: &Remedy, spent: &BTreeMap<Key, (i128, usize)>) {
        let Some(planned) = &self.order.planned else { return };
        let input = self.input;
        if !measure.suits(&self.order.cause) {
            let title =
                |code: &str| input.causes.iter().find(|c| c.code == code).map_or(code.to_string(), |c| c.title.clone());
            let fits: Vec<&str> = input.remedies.measures_for(&self.order.cause).map(|m| m.title.as_str()).collect();
            let cause = title(&self.order.cause);
            let message = format!("“{}”不能消除“{cause}”，缺什么补什么，可用：{}", measure.title, fits.join("、"));
            self.add("order.measure_mismatch", message, &measure.document);
        }
        let cap = input.remedies.cap(&measure.code, &self.order.list_type, text::to_days(planned.on));
        let sum = key(self.order, input.remedies).and_then(|k| spent.get(&k)).copied();
        match (cap, sum) {
            (Some(cap), Some((sum, orders))) if sum > cap.amount => {
                let over = if orders > 1 { format!("，{orders}张单合计") } else { String::new() };
                let lifted = match cap.group.as_deref() {
                    Some(crate::plan::remedies::LIFTED) if self.order.list_type != "unstable" => {
                        "（不得超过脱贫户相应政策资金）"
                    }
                    _ => "",
                };
                let message = format!(
                    "“{}”{}年度上限{}{lifted}，已拟{}{over}，超出{}",
                    measure.title,
                    planned.on.year(),
                    yuan(cap.amount),
                    yuan(sum),
                    yuan(sum - cap.amount)
                );
                self.add_money("order.above_cap", message, &cap.document, (Some(sum), Some(cap.amount)));
            }
            (Some(cap), _) if planned.amount.is_none() => {
                let message = format!("“{}”有上限{}，请写明金额", measure.title, yuan(cap.amount));
                self.add_money("order.no_amount", message, &cap.document, (None, Some(cap.amount)));
            }
            (None, Some((sum, _))) if planned.amount.is_some_and(|a| a > 0) && !measure.top_up => {
                let message = format!("“{}”{}没有上限可查，请办公室核定", measure.title, yuan(sum));
                self.add_money("order.no_cap", message, &measure.document, (Some(sum), None));
            }
            _ => {}
        }
        if measure.top_up {
            self.top_up(measure);
        }
        if measure.special {
            self.special(measure);
        }
    }

    /// The gap between income and the line, over all members (R197).
    fn top_up(&mut self, measure: &Remedy) {
        let Some(amount) = self.order.planned.as_ref().and_then(|p| p.amount) else { return };
        let Some(income) = self.input.incomes.get(&self.order.household) else {
            let message = format!("“{}”按收入与低保标准的差额核定，该户没有收入测算，请先测算", measure.title);
            return self.add_money("order.top_up", message, &measure.document, (Some(amount), None));
        };
        let gap = (income.line - income.per_capita).max(0) * i128::from(income.size.max(0));
        if gap != amount {
            let message = format!(
                "补差应为{}（低保标准{}减人均收入{}，{}人），已拟{}",
                yuan(gap),
                yuan(income.line),
                yuan(income.per_capita),
                income.size,
                yuan(amount)
            );
            self.add_money("order.top_up", message, &measure.document, (Some(amount), Some(gap)));
        }
    }

    fn special(&mut self, measure: &Remedy) {
        let order = self.order;
        let planned = order.planned.as_ref();
        if planned.is_some_and(|p| p.why_special.is_none()) {
            let message = format!("“{}”只用于普惠政策解决不了的，请写明已用了哪些政策、还差什么", measure.title);
            self.add("order.special_reason", message, &measure.document);
        }
        let has = |trigger: &str| order.approvals.iter().any(|(t, _)| t == trigger);
        let lacking: Vec<&str> = [(SPECIAL, "办公室初审"), (SPECIAL_PASS, "领导小组审定")]
            .into_iter()
            .filter(|(trigger, _)| !has(trigger))
            .map(|(_, title)| title)
            .collect();
        if order.filed.is_some() && !lacking.is_empty() {
            let message = format!("“{}”已备案，但未经{}", measure.title, lacking.join("和"));
            self.add("order.special_not_approved", message, &measure.document);
        }
    }

    /// How it goes: begun, returned each month, closed as it should be.
    fn course(&mut self) {
        let order = self.order;
        if let Some(closing) = order.closing.filter(|_| order.closed) {
            let unmet = closing.unmet();
            if !unmet.is_empty() {
                let message = format!("已办结，但“{}”未确认；三个条件都满足才能办结", unmet.join("”“"));
                self.add("order.closed_unmet", message, documents::CLOSING);
            }
        }
        if order.closed {
            return;
        }
        let (as_of, day) = (self.input.as_of, self.input.remedies.return_day);
        let first = months::effective(order.identified_on, order.opened_on);
        if order.started_on.is_none() && as_of > first.last_of_month() {
            let step = if order.filed.is_some() { "已备案未实施" } else { "未备案" };
            let message = format!("应自{}起落实帮扶，至今{step}", months::title(first));
            self.add("order.not_started", message, documents::FIRST_MONTH);
        }
        let expected = months::expected(first, as_of, day);
        let missing: Vec<Date> =
            expected.iter().copied().filter(|m| !order.returns.iter().any(|r| r.month == *m)).collect();
        let Some(last) = expected.last() else { return };
        if missing.is_empty() {
            return;
        }
        let titles: Vec<String> = missing.iter().map(|m| months::title(*m)).collect();
        let message = format!("缺{}的月反馈（每月{day}日前反馈上月）", titles.join("、"));
        let before = last.yesterday().map(months::of).ok();
        let silent = missing.contains(last) && before.is_some_and(|m| missing.contains(&m));
        match silent {
            true => self.add("order.silent", format!("连续两个月没有反馈：{message}"), documents::MONTHLY),
            false => self.add("order.return_overdue", message, documents::MONTHLY),
        }
    }
}

impl Order {
    /// What stands in the way of a step that the machine itself would allow; empty when nothing does.
    ///
    /// Closing needs all three conditions confirmed (R196); special relief is filed by the leading group alone (R188).
    pub fn refuses(&self, trigger: &str, details: &BTreeMap<String, String>, remedies: &Remedies) -> Option<String> {
        match trigger {
            super::CLOSE => {
                let unmet = super::Closing::of(details).unmet();
                (!unmet.is_empty())
                    .then(|| format!("{}不能办结：“{}”没有确认为“是”", order_id(self.order), unmet.join("”“")))
            }
            FILE => {
                let planned = self.planned.as_ref()?;
                let special = remedies.measure(&planned.measure).is_some_and(|m| m.special);
                special.then(|| format!("“{}”须经办公室初审、领导小组审定，不能直接备案", planned.measure))
            }
            super::PLAN => {
                let amount = details.get("amount").map(|a| a.trim()).filter(|a| !a.is_empty())?;
                super::amount::parse(amount).is_none().then(|| format!("金额“{amount}”无法识别，请只写数字（元）"))
            }
            super::REPORT => {
                let month = details.get("month")?;
                let Some(month) = months::parse(month) else {
                    return Some(format!("月份“{month}”无法识别，请写成2026-10"));
                };
                (month < months::of(self.opened_on))
                    .then(|| format!("{}还没有开单，不能反馈这个月", months::title(month)))
            }
            _ => None,
        }
    }
}
