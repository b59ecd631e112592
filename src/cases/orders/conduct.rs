//! How the work was done (R136): 快进快出, 消除不实, 漏认定, 体外循环, from the ledger's steps and the rules that look at the
//! offices' own work. A finding asks; it changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;

use super::{Order, documents, months, order_id};
use crate::cases::ledger::case_id;
use crate::model::build::TableBuilder;
use crate::model::{Table, tables};
use crate::plan::{Machine, Phase};

/// A kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conduct {
    /// In and out within a short time or in the same or the next month.
    FastExit,
    /// Let out, or marked as cleared, while the data still show a risk.
    FalseClear,
    /// A household with a risk that nobody took in.
    Missed,
    /// Help without the procedure, or a household of the national system that no decision let in.
    OffSystem,
    /// Let out without being told (R215).
    NotTold,
}

impl Conduct {
    /// Code and title of each, in the order in which they are shown.
    pub const ALL: [(Conduct, &'static str, &'static str); 5] = [
        (Conduct::FastExit, "fast_exit", "快进快出"),
        (Conduct::FalseClear, "false_clear", "消除不实"),
        (Conduct::Missed, "missed", "漏认定"),
        (Conduct::OffSystem, "off_system", "体外循环"),
        (Conduct::NotTold, "not_told", "退出未告知"),
    ];

    /// ASCII code.
    pub fn code(self) -> &'static str {
        Self::ALL.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, code, _)| code)
    }

    /// Chinese title.
    pub fn title(self) -> &'static str {
        Self::ALL.iter().find(|(kind, ..)| *kind == self).map_or("", |(.., title)| title)
    }
}

/// The rules of the pipeline that look at the offices' own work, by the kind of what they find. A county's own rules join
/// a kind by their id's beginning with it: `CON-04B`.
const RULES: [(&str, Conduct); 5] = [
    ("CON-01", Conduct::Missed),
    ("CON-02", Conduct::FalseClear),
    ("CON-04", Conduct::FastExit),
    ("CON-05", Conduct::FalseClear),
    ("CON-06", Conduct::OffSystem),
];

/// One step of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseStep {
    /// What brought it about.
    pub trigger: String,
    /// State before.
    pub from: String,
    /// State after.
    pub to: String,
    /// The day.
    pub day: Date,
}

/// A case with what it needs to be judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConductCase {
    /// Its number.
    pub case: u32,
    /// The household.
    pub household: Option<String>,
    /// Its steps; those that were undone left out.
    pub steps: Vec<CaseStep>,
    /// Round that opened it.
    pub opened_round: String,
    /// Day of entry by the national system.
    pub monitored_since: Option<Date>,
}

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub struct ConductInput<'a> {
    /// All cases.
    pub cases: &'a [ConductCase],
    /// All orders.
    pub orders: &'a [Order],
    /// `rule_hits` of the latest round.
    pub hits: &'a Table,
    /// `households` of the latest round.
    pub households: &'a Table,
    /// The document that each rule follows, by its id.
    pub documents: &'a BTreeMap<String, String>,
    /// States of cases.
    pub machine: &'a Machine,
    /// Fewest months between entry and exit (parameter `fast_exit_months`).
    pub fast_exit_months: i32,
    /// Days after which a confirmed household that nobody has taken further counts as left out.
    pub stuck_days: i32,
    /// First day that the ledger knows: who entered before it has no steps here.
    pub ledger_since: Option<Date>,
    /// The day.
    pub as_of: Date,
}

struct Finding<'a> {
    kind: Conduct,
    case: Option<u32>,
    household: Option<&'a str>,
    rule: Option<&'a str>,
    evidence: String,
    document: String,
}

/// `conduct_findings`: by kind, place and household.
pub fn conduct(input: &ConductInput) -> Table {
    let mut listings: Listings = BTreeMap::new();
    for row in (0..input.hits.rows()).filter(|row| input.hits.str_at("role", *row) == Some("lists")) {
        if let Some(household) = input.hits.str_at("household_id", row) {
            listings.entry(household).or_default().push(row);
        }
    }
    let mut found: Vec<Finding> = of_rules(input, &listings);
    for case in input.cases {
        found.extend(of_case(input, case, &listings));
    }
    found.extend(helped_without_decision(input));
    let homes: BTreeMap<&str, usize> = (0..input.households.rows())
        .filter_map(|row| Some((input.households.str_at("household_id", row)?, row)))
        .collect();
    let place = |f: &Finding, column: &str| {
        let row = *homes.get(f.household?)?;
        input.households.str_at(column, row)
    };
    found.sort_by(|a, b| {
        let key = |f: &Finding| {
            let at = ["township_code", "village_code"].map(|c| place(f, c).map(str::to_string));
            (
                f.kind,
                at.map(|code| (code.is_none(), code)),
                f.household.map(str::to_string),
                f.case,
                f.rule.map(str::to_string),
            )
        };
        key(a).cmp(&key(b))
    });
    let mut out = TableBuilder::new(tables::conduct_findings());
    for f in &found {
        out.push_named(vec![
            ("kind", f.kind.code().into()),
            ("title", f.kind.title().into()),
            ("case_id", f.case.map(case_id).into()),
            ("household_id", f.household.into()),
            ("head_name", place(f, "head_name").into()),
            ("township_code", place(f, "township_code").into()),
            ("township", place(f, "township").into()),
            ("village_code", place(f, "village_code").into()),
            ("village", place(f, "village").into()),
            ("rule", f.rule.into()),
            ("evidence", f.evidence.clone().into()),
            ("document", f.document.clone().into()),
        ]);
    }
    out.finish()
}

fn of_rules<'a>(input: &ConductInput<'a>, listings: &Listings) -> Vec<Finding<'a>> {
    let hits = input.hits;
    let mut found = Vec::new();
    // Whom the office is asking about already, and has not for too long, is neither left out nor past the procedure.
    let under_way = |case: &&ConductCase| {
        let open = case.steps.last().is_some_and(|s| {
            let phase = input.machine.state(&s.to).map(|s| s.phase);
            !matches!(phase, None | Some(Phase::Closed))
        });
        let since = case.steps.first().map(|s| s.day.saturating_add(input.stuck_days.days()));
        open && since.is_some_and(|until| until >= input.as_of)
    };
    let asked: BTreeSet<&str> = input.cases.iter().filter(under_way).filter_map(|c| c.household.as_deref()).collect();
    for row in (0..hits.rows()).filter(|row| hits.str_at("role", *row) == Some("checks")) {
        let Some(rule) = hits.str_at("rule", row) else { continue };
        let Some((_, kind)) = RULES.iter().find(|(id, _)| rule.starts_with(id)) else { continue };
        let household = hits.str_at("household_id", row);
        if matches!(kind, Conduct::Missed | Conduct::OffSystem) && household.is_some_and(|h| asked.contains(h)) {
            continue;
        }
        let mut evidence = hits.str_at("evidence", row).unwrap_or("").to_string();
        let shown = if matches!(kind, Conduct::Missed | Conduct::FalseClear) {
            listing(input, listings, household)
        } else {
            vec![]
        };
        if !shown.is_empty() {
            evidence = format!("{evidence}：{}", shown.join("；"));
        }
        let own = input.documents.get(rule).map(String::as_str).filter(|d| !d.is_empty());
        let document = own.map_or(documents::CONDUCT.to_string(), |d| format!("{}；{d}", documents::CONDUCT));
        found.push(Finding { kind: *kind, case: None, household, rule: Some(rule), evidence, document });
    }
    found
}

fn of_case<'a>(input: &ConductInput<'a>, case: &'a ConductCase, listings: &Listings) -> Vec<Finding<'a>> {
    let phase = |state: &str| input.machine.state(state).map(|s| s.phase);
    let mut found = Vec::new();
    let mut add = |kind, evidence: String, document: &str| {
        found.push(Finding {
            kind,
            case: Some(case.case),
            household: case.household.as_deref(),
            rule: None,
            evidence,
            document: String::from(document),
        });
    };
    // Entry is the county's decision, or what the national system says where the ledger saw none: it has months only.
    let mut entered: Option<Date> = case.monitored_since;
    let mut by_month = true;
    let mut confirmed: Option<Date> = None;
    for step in &case.steps {
        let out = phase(&step.from) == Some(Phase::Exit) && phase(&step.to) == Some(Phase::Closed);
        if step.trigger == "meeting.pass" && phase(&step.to) == Some(Phase::Approved) {
            entered = Some(step.day);
            by_month = false;
        }
        match step.trigger.as_str() {
            "answer.true" | "answer.other_cause" => confirmed = Some(step.day),
            "township.return" | "meeting.return" | "publicity.objection" => confirmed = None,
            _ => {}
        }
        if !matches!(phase(&step.to), Some(Phase::Proposal | Phase::Publicity | Phase::Review | Phase::Decision)) {
            confirmed = None;
        }
        if let Some(day) = entered.filter(|_| out) {
            let soon = step.day < day.saturating_add(input.fast_exit_months.months());
            let next_month = months::of(step.day) <= months::next(months::of(day));
            if soon || next_month {
                let how = if next_month { "当月或次月消除" } else { "时间过短" };
                let least = input.fast_exit_months;
                let from = match by_month {
                    true => format!("{}（全国系统只记到月）", months::title(day)),
                    false => day.to_string(),
                };
                let lasted = months::between(day, step.day);
                let known = match (by_month, lasted) {
                    (true, n) => format!("约{n}个月"),
                    (false, 0) => "不满1个月".to_string(),
                    (false, n) => format!("满{n}个月"),
                };
                add(
                    Conduct::FastExit,
                    format!("{from}纳入，{}退出，{known}，{how}（不少于{least}个月）", step.day),
                    &format!("{}；{}", documents::CONDUCT, documents::EXIT_STRICT),
                );
            }
        }
    }
    let last = case.steps.last();
    let is_out = last.is_some_and(|s| {
        // A note about who was told leaves the case where it is.
        let end = case.steps.iter().rev().find(|s| s.from != s.to).unwrap_or(s);
        phase(&end.from) == Some(Phase::Exit) && phase(&end.to) == Some(Phase::Closed)
    });
    if is_out {
        let listing = listing(input, listings, case.household.as_deref());
        if !listing.is_empty() {
            add(Conduct::FalseClear, format!("台账已退出，本批次仍命中：{}", listing.join("；")), documents::CONDUCT);
        }
        let told = case.steps.iter().rev().take_while(|s| phase(&s.from) != Some(Phase::Exit));
        let told = told.into_iter().any(|s| s.trigger == "exit.notice");
        let since = last.map_or(input.as_of, |s| s.day);
        if !told && since.saturating_add(30.days()) < input.as_of {
            add(Conduct::NotTold, format!("{since}退出，超过30天没有公示到村、告知本人的记录"), documents::EXIT_TOLD);
        }
    }
    if let Some(day) = confirmed.filter(|day| day.saturating_add(input.stuck_days.days()) < input.as_of) {
        let state = last.map_or("", |s| input.machine.title(&s.to)).to_string();
        let limit = input.stuck_days;
        add(Conduct::Missed, format!("{day}村核实属实，超过{limit}天仍为“{state}”"), documents::CONDUCT);
    }
    // Only who entered while the ledger was kept can be asked for a decision.
    let first = case.steps.first();
    let from_system = first.is_some_and(|s| s.trigger == "round.monitored");
    let decided = case.steps.iter().any(|s| s.trigger == "meeting.pass");
    let since = case.monitored_since.zip(input.ledger_since).filter(|(since, ledger)| *since > months::of(*ledger));
    if let Some((since, _)) = since.filter(|_| from_system && !decided) {
        add(Conduct::OffSystem, format!("全国系统{}纳入，台账没有审定记录", months::title(since)), documents::CONDUCT);
    }
    found
}

/// Rows of hits of rules that list, by household.
type Listings<'a> = BTreeMap<&'a str, Vec<usize>>;

/// Rules that list and hold for a household.
fn listing(input: &ConductInput, listings: &Listings, household: Option<&str>) -> Vec<String> {
    let rows = household.and_then(|h| listings.get(h)).map_or(&[][..], Vec::as_slice);
    let said = |row: &usize| {
        let own = |column: &str| input.hits.str_at(column, *row).unwrap_or("");
        format!("{} {}", own("rule"), own("evidence"))
    };
    rows.iter().map(said).collect()
}

fn helped_without_decision<'a>(input: &ConductInput<'a>) -> Vec<Finding<'a>> {
    let cases: BTreeMap<u32, &ConductCase> = input.cases.iter().map(|c| (c.case, c)).collect();
    let mut found = Vec::new();
    for order in input.orders.iter().filter(|o| o.filed.is_some()) {
        let Some(case) = cases.get(&order.case) else { continue };
        let from_system = case.steps.first().is_some_and(|s| s.trigger == "round.monitored");
        if !from_system && !case.steps.iter().any(|s| s.trigger == "meeting.pass") {
            found.push(Finding {
                kind: Conduct::OffSystem,
                case: Some(order.case),
                household: Some(&order.household),
                rule: None,
                evidence: format!("{}已备案，案件没有审定记录", order_id(order.order)),
                document: documents::CONDUCT.into(),
            });
        }
    }
    found
}
