//! Exit standards (R208–R214, R218–R222): each condition with what is known about it. Unknown stays unknown, and an exit that is
//! not certain on every condition is not certain.
//!
//! Income above the line *and* a year in *and* the risk gone; for households that entered for a lack of income, no large
//! inescapable expense either (R213); in all cases schooling, housing, water and medical cover safe (R219–R221). The assessment
//! proposes nothing and moves nothing: village, township and county decide with it before them.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;

use super::{documents, follow, months};

/// Which standard applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standard {
    /// Too little income (R213).
    Income,
    /// Too large an expense (R214).
    Expenditure,
}

impl Standard {
    /// What clerks read.
    pub fn title(self) -> &'static str {
        match self {
            Standard::Income => "收入型",
            Standard::Expenditure => "支出型",
        }
    }
}

/// Causes that are about an expense or a blow, not about earning.
const EXPENSES: [&str; 5] = ["illness", "education", "disability", "disaster", "accident"];
/// Requirements of rules that look after schooling and medical cover (R219, R221): a hit of theirs means that something promised to
/// every household is not there: a child out of school (R025), a serious illness without treatment (R027), nobody's insurance (R072).
/// A high bill or high fees are an expense and no such lack.
pub const GUARANTEES: [&str; 3] = ["R025", "R027", "R072"];
/// Risk categories of which every listing rule is one of those (R220), whatever a county's own rule refers to.
pub const ALWAYS_GUARANTEES: [&str; 2] = ["housing", "water"];
/// A reading of the income counts for so many months.
const INCOME_MONTHS: i32 = 12;

/// The standard for a household with these causes: one expense is enough for R214.
pub fn standard(causes: &[String]) -> Standard {
    let expense = causes.iter().any(|c| EXPENSES.contains(&c.as_str()));
    if expense { Standard::Expenditure } else { Standard::Income }
}

/// What was known about the income at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The day.
    pub on: Date,
    /// Above the line; none when nobody knows.
    pub above: Option<bool>,
    /// In words: amount, line, source.
    pub said: String,
}

/// A rule that holds for the household now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Rule id.
    pub rule: String,
    /// Cause it speaks of; empty for a rule that only looks after a guarantee.
    pub cause: String,
    /// Whether it lists by itself; another is evidence beside others and says for itself neither that the risk stands nor that it is
    /// gone.
    pub lists: bool,
    /// Whether it means that something promised to every household is not there.
    pub guarantee: bool,
    /// Its evidence.
    pub evidence: String,
}

/// A rule that could not be judged because a department has not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unjudged {
    /// Rule id.
    pub rule: String,
    /// Cause it speaks of; empty for a rule that only looks after a guarantee.
    pub cause: String,
    /// Whether it looks after something promised to every household.
    pub guarantee: bool,
    /// What is missing.
    pub missing: String,
}

/// What is known about a household that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitFacts {
    /// Day of entry; none when the national system does not say.
    pub identified_on: Option<Date>,
    /// True when only the month of entry is known: the national system has no days.
    pub by_month: bool,
    /// Causes for which it is followed.
    pub causes: Vec<String>,
    /// Causes about which any rule of the pipeline speaks: for others only people can tell.
    pub covered: BTreeSet<String>,
    /// What was known about the income, in any order.
    pub readings: Vec<Reading>,
    /// Rules that list or support and hold now; none when this round did not look at the household.
    pub hits: Option<Vec<Hit>>,
    /// Rules that could not be judged.
    pub unjudged: Vec<Unjudged>,
    /// Orders of the household that are not closed, in words.
    pub open_orders: Vec<String>,
    /// Whether the last measurement found a large inescapable expense; none when nobody looked.
    pub rigid: Option<bool>,
    /// Whether the village has assessed the risk as gone; none when it has not been asked.
    pub village: Option<bool>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// Stable code: `income`, `year`, `risk`, `rigid`, `guarantees`.
    pub code: &'static str,
    /// What is asked.
    pub title: &'static str,
    /// Whether it holds; none when that cannot be told.
    pub met: Option<bool>,
    /// What it rests on.
    pub evidence: String,
    /// The document.
    pub document: &'static str,
}

/// All conditions of a household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// Which standard applies.
    pub standard: Standard,
    /// The conditions, always in the same order.
    pub criteria: Vec<Criterion>,
}

impl Assessment {
    /// True when every condition is known to hold, false when one is known not to, none otherwise.
    pub fn met(&self) -> Option<bool> {
        let met = || self.criteria.iter().map(|c| c.met);
        if met().any(|m| m == Some(false)) {
            return Some(false);
        }
        met().all(|m| m == Some(true)).then_some(true)
    }

    /// A condition by its code.
    pub fn criterion(&self, code: &str) -> Option<&Criterion> {
        self.criteria.iter().find(|c| c.code == code)
    }
}

/// 是, 否 or 不明.
pub fn word(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => "是",
        Some(false) => "否",
        None => "不明",
    }
}

/// Judges every condition on a day.
pub fn assess(facts: &ExitFacts, as_of: Date) -> Assessment {
    let standard = standard(&facts.causes);
    let mut criteria = vec![income(facts, as_of), year(facts, as_of), risk(facts)];
    if standard == Standard::Income {
        criteria.push(rigid(facts));
    }
    criteria.push(guarantees(facts));
    Assessment { standard, criteria }
}

/// Stable above the line: every reading of the last year is above it, and there is one.
fn income(facts: &ExitFacts, as_of: Date) -> Criterion {
    let from = as_of.saturating_sub(INCOME_MONTHS.months());
    let mut readings: Vec<&Reading> = facts.readings.iter().filter(|r| r.on > from && r.on <= as_of).collect();
    readings.sort_by_key(|r| r.on);
    let any = |above| readings.iter().any(|r| r.above == above);
    let met = match (any(Some(false)), any(Some(true))) {
        (true, _) => Some(false),
        // What is not known in between does not make it unstable; the last word must be a known one.
        (false, true) => readings.last().and_then(|r| r.above),
        (false, false) => None,
    };
    let said: Vec<String> = readings.iter().map(|r| format!("{}：{}", r.on, r.said)).collect();
    let evidence = if said.is_empty() { "近12个月没有收入测算".to_string() } else { said.join("；") };
    Criterion {
        code: "income", title: "人均收入稳定超过监测线", met, evidence, document: documents::EXIT_INCOME
    }
}

fn year(facts: &ExitFacts, as_of: Date) -> Criterion {
    let until = facts.identified_on.map(follow::track_until);
    // Of a month nobody knows the day: within the month in which the year ends it may be over or not.
    let within = until.is_some_and(|day| facts.by_month && months::of(day) == months::of(as_of));
    let evidence = match (facts.identified_on, until) {
        (Some(day), Some(until)) => {
            let shown = |day: Date| if facts.by_month { months::title(day) } else { day.to_string() };
            let open = if within { "，只知月份，当月内是否已满不能断定" } else { "" };
            format!("{}纳入，{}满一年{open}", shown(day), shown(until))
        }
        _ => "纳入时间不明".to_string(),
    };
    Criterion {
        code: "year",
        title: "纳入满一年",
        met: until.filter(|_| !within).map(|day| as_of >= day),
        evidence,
        document: documents::EXIT_YEAR,
    }
}

fn risk(facts: &ExitFacts) -> Criterion {
    let own = |cause: &str| facts.causes.iter().any(|c| c == cause);
    let mut said: Vec<String> = Vec::new();
    let (hits, beside): (Vec<&Hit>, Vec<&Hit>) =
        facts.hits.iter().flatten().filter(|h| own(&h.cause)).partition(|h| h.lists);
    said.extend(hits.iter().map(|h| format!("{}仍命中：{}", h.rule, h.evidence)));
    said.extend(beside.iter().map(|h| format!("{}佐证仍在：{}", h.rule, h.evidence)));
    if hits.is_empty() && !beside.is_empty() {
        said.push("是否已有效缓解，由村评定".to_string());
    }
    said.extend(facts.open_orders.iter().map(|order| format!("未办结：{order}")));
    let unjudged: Vec<&Unjudged> = facts.unjudged.iter().filter(|u| own(&u.cause)).collect();
    said.extend(unjudged.iter().map(|u| format!("{}无法判断，缺{}", u.rule, u.missing)));
    let uncovered = facts.causes.is_empty() || facts.causes.iter().any(|c| !facts.covered.contains(c));
    if facts.hits.is_none() {
        said.push("本批次没有比对该户".to_string());
    } else if uncovered {
        said.push("有的风险部门数据无从反映，以村评定为准".to_string());
    }
    match facts.village {
        Some(true) => said.push("村评定：风险已消除".to_string()),
        Some(false) => said.push("村评定：风险未消除".to_string()),
        None => {}
    }
    let met = if !hits.is_empty() || !facts.open_orders.is_empty() || facts.village == Some(false) {
        Some(false)
    } else if facts.hits.is_none() || !unjudged.is_empty() {
        None
    } else if uncovered || !beside.is_empty() {
        facts.village
    } else {
        Some(true)
    };
    if said.is_empty() {
        said.push("部门数据未再显示纳入时的风险".to_string());
    }
    Criterion {
        code: "risk",
        title: "返贫致贫风险已消除",
        met,
        evidence: said.join("；"),
        document: documents::EXIT_RISK,
    }
}

/// Of the households that entered for a lack of income (R213).
fn rigid(facts: &ExitFacts) -> Criterion {
    let hits: Vec<&Hit> =
        facts.hits.iter().flatten().filter(|h| h.lists && EXPENSES.contains(&h.cause.as_str())).collect();
    let unjudged = facts.unjudged.iter().any(|u| EXPENSES.contains(&u.cause.as_str()));
    let mut said: Vec<String> = hits.iter().map(|h| format!("{}命中：{}", h.rule, h.evidence)).collect();
    match facts.rigid {
        Some(true) => said.push("复测：有重大刚性支出".to_string()),
        Some(false) => said.push("复测：无重大刚性支出".to_string()),
        None => {}
    }
    let met = match (hits.is_empty(), facts.rigid) {
        (false, _) | (_, Some(true)) => Some(false),
        (true, Some(false)) => Some(true),
        (true, None) if facts.hits.is_some() && !unjudged => Some(true),
        (true, None) => None,
    };
    if said.is_empty() {
        said.push(if met.is_some() { "部门数据未见重大刚性支出" } else { "有的数据缺失，不能断定" }.to_string());
    }
    Criterion {
        code: "rigid",
        title: "无重大刚性支出",
        met,
        evidence: said.join("；"),
        document: documents::EXIT_RIGID,
    }
}

fn guarantees(facts: &ExitFacts) -> Criterion {
    let hits: Vec<String> = facts
        .hits
        .iter()
        .flatten()
        .filter(|h| h.guarantee)
        .map(|h| format!("{}命中：{}", h.rule, h.evidence))
        .collect();
    let unjudged: Vec<String> =
        facts.unjudged.iter().filter(|u| u.guarantee).map(|u| format!("{}无法判断，缺{}", u.rule, u.missing)).collect();
    let met = if !hits.is_empty() {
        Some(false)
    } else if facts.hits.is_none() || !unjudged.is_empty() {
        None
    } else {
        Some(true)
    };
    let said = [hits, unjudged].concat();
    let evidence = match (said.is_empty(), facts.hits.is_some()) {
        (false, _) => said.join("；"),
        (true, true) => "义务教育、住房、饮水、基本医保未见问题".to_string(),
        (true, false) => "本批次没有比对该户".to_string(),
    };
    Criterion {
        code: "guarantees", title: "三保障和饮水安全", met, evidence, document: documents::EXIT_GUARANTEES
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn reading(on: Date, above: Option<bool>) -> Reading {
        Reading { on, above, said: "人均9000元，线7800元".into() }
    }

    fn facts() -> ExitFacts {
        ExitFacts {
            identified_on: Some(date(2025, 9, 1)),
            by_month: false,
            causes: vec!["illness".into()],
            covered: ["illness", "employment", "water"].map(String::from).into(),
            readings: vec![reading(date(2026, 8, 1), Some(true))],
            hits: Some(Vec::new()),
            unjudged: Vec::new(),
            open_orders: Vec::new(),
            rigid: None,
            village: None,
        }
    }

    fn met(facts: &ExitFacts) -> (Option<bool>, Vec<Option<bool>>) {
        let found = assess(facts, date(2026, 9, 30));
        (found.met(), found.criteria.iter().map(|c| c.met).collect())
    }

    const YES: Option<bool> = Some(true);
    const NO: Option<bool> = Some(false);

    #[test]
    fn all_three_and_nothing_unsafe() {
        assert_eq!(met(&facts()), (YES, vec![YES; 4]));
        // Nobody leaves before the year is over, whatever the income.
        let young = ExitFacts { identified_on: Some(date(2025, 10, 1)), ..facts() };
        assert_eq!(met(&young), (NO, vec![YES, NO, YES, YES]));
        let unknown = ExitFacts { identified_on: None, ..facts() };
        assert_eq!(met(&unknown), (None, vec![YES, None, YES, YES]));
    }

    #[test]
    fn a_month_without_its_day_leaves_the_month_in_which_the_year_ends_open() {
        let on = |as_of: Date| {
            let found = assess(&ExitFacts { by_month: true, ..facts() }, as_of);
            let year = found.criterion("year").expect("always asked");
            (year.met, year.evidence.clone())
        };
        assert_eq!(on(date(2026, 8, 31)).0, NO);
        let (open, said) = on(date(2026, 9, 30));
        assert_eq!(open, None);
        insta::assert_snapshot!(said, @"2025年9月纳入，2026年9月满一年，只知月份，当月内是否已满不能断定");
        assert_eq!(on(date(2026, 10, 1)).0, YES);
    }

    #[test]
    fn income_must_be_known_and_stay_above() {
        let with = |readings: Vec<Reading>| met(&ExitFacts { readings, ..facts() }).1[0];
        assert_eq!(with(vec![]), None);
        assert_eq!(with(vec![reading(date(2026, 8, 1), None)]), None);
        // A reading older than a year says nothing about now.
        assert_eq!(with(vec![reading(date(2025, 9, 30), Some(true))]), None);
        assert_eq!(with(vec![reading(date(2026, 3, 31), NO), reading(date(2026, 8, 1), YES)]), NO);
        assert_eq!(with(vec![reading(date(2026, 3, 31), None), reading(date(2026, 8, 1), YES)]), YES);
        assert_eq!(with(vec![reading(date(2026, 3, 31), YES), reading(date(2026, 8, 1), None)]), None);
    }

    #[test]
    fn the_risk_is_gone_only_when_somebody_can_tell() {
        let hit = |cause: &str, guarantee: bool| Hit {
            rule: "MED-01".into(),
            cause: cause.into(),
            lists: true,
            guarantee,
            evidence: "自付26000元".into(),
        };
        let of = |change: &dyn Fn(&mut ExitFacts)| {
            let mut facts = facts();
            change(&mut facts);
            met(&facts).1[2..].to_vec()
        };
        assert_eq!(of(&|f| f.hits = Some(vec![hit("illness", false)])), [NO, YES]);
        // Somebody without medical cover: no risk of its own, but a promise that is not kept.
        assert_eq!(of(&|f| f.hits = Some(vec![hit("", true)])), [YES, NO]);
        // Another cause is another risk, but an unsafe house is unsafe whoever entered for what.
        assert_eq!(of(&|f| f.hits = Some(vec![hit("housing", true)])), [YES, NO]);
        // Evidence beside others neither keeps the risk nor says that it is gone: the village does.
        let beside = Hit { lists: false, ..hit("illness", false) };
        assert_eq!(of(&|f| f.hits = Some(vec![beside.clone()])), [None, YES]);
        let eased = |f: &mut ExitFacts| (f.hits, f.village) = (Some(vec![beside.clone()]), Some(true));
        assert_eq!(of(&eased), [YES, YES]);
        assert_eq!(of(&|f| f.hits = None), [None, None]);
        assert_eq!(of(&|f| f.open_orders = vec!["W0000001 医保局".into()]), [NO, YES]);
        let missing =
            Unjudged {
                rule: "MED-01".into(), cause: "illness".into(), guarantee: true, missing: "医保结算".into()
            };
        assert_eq!(of(&|f| f.unjudged = vec![missing.clone()]), [None, None]);
        // A cause that no rule speaks about: the village's word.
        assert_eq!(of(&|f| f.causes = vec!["other".into()]), [None, YES, YES]);
        let told = |f: &mut ExitFacts| {
            f.causes = vec!["other".into()];
            f.village = Some(true);
        };
        assert_eq!(of(&told), [YES, YES, YES]);
        assert_eq!(of(&|f| f.village = Some(false)), [NO, YES]);
    }

    #[test]
    fn income_households_must_have_no_large_expense() {
        let base = ExitFacts { causes: vec!["employment".into()], ..facts() };
        assert_eq!(standard(&base.causes), Standard::Income);
        let found = assess(&base, date(2026, 9, 30));
        assert_eq!(found.criterion("rigid").and_then(|c| c.met), YES);
        let measured = ExitFacts { rigid: Some(true), ..base.clone() };
        assert_eq!(assess(&measured, date(2026, 9, 30)).met(), NO);
        // Two causes, one of them an expense: the expense itself must be gone.
        assert_eq!(standard(&["employment".into(), "illness".into()]), Standard::Expenditure);
    }
}
