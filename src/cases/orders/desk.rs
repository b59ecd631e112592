//! What the office has on its desk between two rounds: cases and orders of the ledger, tables of the last published round.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::exit::{ALWAYS_GUARANTEES, ExitFacts, GUARANTEES, Hit, Reading, Unjudged};
use super::follow;
use super::{Approved, Draft, amount, order_id};
use crate::cases::ledger::{CaseEvent, CaseRound, CaseState, Opening, OrderState};
use crate::cases::rows_by;
use crate::model::build::Value;
use crate::model::{Table, text, words};
use crate::plan::{Phase, Plan, Rule, params};

/// The indicator that tells the net income per head, as the online list reads it.
const INCOME: &str = "per_capita_income";

/// Everything that papers are made from. Reading only.
#[derive(Debug)]
pub struct Desk<'a> {
    /// Titles, process, remedies.
    pub plan: &'a Plan,
    /// Name of the last published round.
    pub round: &'a str,
    /// Day of that round's judgement.
    pub round_as_of: Date,
    /// The day on which papers are made.
    pub today: Date,
    /// Every case.
    pub cases: &'a [CaseState],
    /// Every order.
    pub orders: &'a [OrderState],
    /// `households` of the round.
    pub households: &'a Table,
    /// `online_list` of the round.
    pub online: &'a Table,
    /// `indicators_household` of the round.
    pub indicators: &'a Table,
    /// `rule_hits` of the round.
    pub hits: &'a Table,
    /// `rule_outcomes` of the round.
    pub outcomes: &'a Table,
    /// `persons` of the round, where somebody is looked up.
    pub persons: Option<&'a Table>,
    events: BTreeMap<u32, Vec<&'a CaseEvent>>,
    homes: BTreeMap<&'a str, usize>,
    listed: BTreeMap<&'a str, usize>,
    measured: BTreeMap<&'a str, usize>,
    hit_rows: BTreeMap<&'a str, Vec<usize>>,
}

/// The tables of a round that papers are made from.
#[derive(Debug, Clone, Copy)]
pub struct RoundTables<'a> {
    /// `households`.
    pub households: &'a Table,
    /// `online_list`.
    pub online: &'a Table,
    /// `indicators_household`: the income of a household that no rule lists is known all the same.
    pub indicators: &'a Table,
    /// `rule_hits`.
    pub hits: &'a Table,
    /// `rule_outcomes`.
    pub outcomes: &'a Table,
    /// `persons`; only where somebody is looked up by number.
    pub persons: Option<&'a Table>,
}

impl<'a> Desk<'a> {
    /// Puts everything in its place; `events` are all steps of all cases in order.
    pub fn new(
        plan: &'a Plan,
        (round, round_as_of): (&'a str, Date),
        today: Date,
        (cases, events): (&'a [CaseState], &'a [CaseEvent]),
        orders: &'a [OrderState],
        tables: RoundTables<'a>,
    ) -> Desk<'a> {
        let RoundTables { households, online, indicators, hits, outcomes, persons } = tables;
        let mut by_case: BTreeMap<u32, Vec<&CaseEvent>> = BTreeMap::new();
        for event in events {
            let own = by_case.entry(event.case).or_default();
            // What was undone did not happen.
            if event.trigger == super::UNDO {
                own.pop();
            } else {
                own.push(event);
            }
        }
        let mut hit_rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for row in 0..hits.rows() {
            if let Some(household) = hits.str_at("household_id", row) {
                hit_rows.entry(household).or_default().push(row);
            }
        }
        let (homes, listed) = (rows_by(households, "household_id"), rows_by(online, "household_id"));
        let measured = rows_by(indicators, "household_id");
        Desk {
            plan,
            round,
            round_as_of,
            today,
            cases,
            orders,
            households,
            online,
            indicators,
            hits,
            outcomes,
            persons,
            events: by_case,
            homes,
            listed,
            measured,
            hit_rows,
        }
    }

    /// Steps of a case that count.
    pub fn steps(&self, case: u32) -> &[&'a CaseEvent] {
        self.events.get(&case).map_or(&[], Vec::as_slice)
    }

    /// What a case's state means.
    pub fn phase(&self, case: &CaseState) -> Option<Phase> {
        self.plan.process.cases.state(&case.state).map(|s| s.phase)
    }

    /// A case by number.
    pub fn case(&self, case: u32) -> Option<&'a CaseState> {
        self.cases.iter().find(|c| c.case == case)
    }

    /// Row of a household in the round's register.
    pub fn home(&self, household: Option<&str>) -> Option<usize> {
        self.homes.get(household?).copied()
    }

    pub(super) fn of_home(&self, household: Option<&str>, column: &str) -> Option<&'a str> {
        self.households.str_at(column, self.home(household)?)
    }

    pub(super) fn of_online(&self, household: Option<&str>, column: &str) -> Option<&'a str> {
        let row = *self.listed.get(household?)?;
        self.online.str_at(column, row).filter(|v| !v.is_empty())
    }

    /// Members of a household.
    pub fn size(&self, household: Option<&str>) -> Option<i64> {
        self.home(household).and_then(|row| self.households.integer_at("size", row))
    }

    /// Number in the national system.
    pub fn national_number(&self, household: Option<&str>) -> Option<&'a str> {
        self.of_home(household, "national_household_no")
    }

    /// True when the national system has the household already, so that it is marked and not entered (R123).
    pub fn in_national(&self, household: Option<&str>) -> bool {
        self.is_lifted(household) || self.national_number(household).is_some()
    }

    /// True when the national system has the household as lifted out of poverty.
    pub fn is_lifted(&self, household: Option<&str>) -> bool {
        self.home(household).and_then(|row| self.households.boolean_at("lifted", row)) == Some(true)
    }

    /// What asks for a reason before a decision; never a ground to leave somebody out (R170).
    pub fn cautions(&self, household: Option<&str>) -> Option<String> {
        self.of_online(household, "cautions").map(str::to_string)
    }

    /// Per-capita income by the departments' data, hundredths of a yuan, whether the household is listed or not.
    pub fn department_income(&self, household: Option<&str>) -> Option<i128> {
        let of = |table: &Table, rows: &BTreeMap<&str, usize>| {
            let row = *rows.get(household?)?;
            let incomes = table.has(INCOME).then(|| table.decimal(INCOME))?;
            arrow::array::Array::is_valid(incomes, row).then(|| incomes.value(row))
        };
        of(self.online, &self.listed).or_else(|| of(self.indicators, &self.measured))
    }

    /// As [`department_income`](Self::department_income), as text.
    pub fn per_capita_income(&self, household: Option<&str>) -> Option<String> {
        self.department_income(household).map(text::decimal)
    }

    /// The income line of a household on the round's day: as the list has it, else as the parameters have it.
    fn department_line(&self, household: Option<&str>) -> Option<i128> {
        let listed = household.and_then(|h| self.listed.get(h)).and_then(|row| {
            let lines = self.online.decimal("income_line");
            arrow::array::Array::is_valid(lines, *row).then(|| lines.value(*row))
        });
        listed.or_else(|| self.line(household, self.round_as_of))
    }

    /// Whether that income is below the line of the round's day; none when either is not known.
    pub fn below_line(&self, household: Option<&str>) -> Option<bool> {
        let line = self.department_line(household)?;
        self.department_income(household).map(|income| income < line)
    }

    /// Cause codes of a case in the plan's order: as a village gave them, else of the lists.
    pub fn causes(&self, case: &CaseState) -> Vec<String> {
        let said = case.round.as_ref().map_or("", |r| r.causes.as_str());
        let given = case.given.get("causes").map(String::as_str).filter(|c| !c.trim().is_empty());
        let mut codes = codes(self.plan, given.unwrap_or(said));
        // What came up after the decision is a risk as well.
        if self.steps(case.case).iter().any(|e| e.trigger == "round.risk_added") {
            codes.extend(self::codes(self.plan, said));
        }
        let rank = |code: &String| self.plan.causes.iter().position(|c| c.code == *code).unwrap_or(usize::MAX);
        codes.sort_by_key(rank);
        codes.dedup();
        codes
    }

    /// Type of a case: as decided, else of the lists.
    pub fn list_type(&self, case: &CaseState) -> Option<String> {
        case.given.get("list_type").cloned().or_else(|| case.round.as_ref()?.list_type.clone())
    }

    /// Day of the county's decision to take the household in, or of its entry by the national system.
    pub fn identified_on(&self, case: &CaseState) -> Option<Date> {
        self.decided_on(case).or_else(|| {
            let household = case.round.as_ref()?.household.as_deref();
            self.households.date_at("monitored_since", self.home(household)?)
        })
    }

    /// As [`identified_on`](Self::identified_on), as it is printed: the national system knows the month only.
    pub fn identified(&self, case: &CaseState) -> Option<String> {
        let day = self.identified_on(case)?;
        Some(if self.decided_on(case).is_some() { day.to_string() } else { super::months::title(day) })
    }

    /// Day of the county's decision to take the household in, when the ledger has one.
    fn decided_on(&self, case: &CaseState) -> Option<Date> {
        let approved = |e: &&&CaseEvent| {
            let phase = self.plan.process.cases.state(&e.to).map(|s| s.phase);
            e.trigger == "meeting.pass" && phase == Some(Phase::Approved)
        };
        self.steps(case.case).iter().rev().find(approved).and_then(|e| e.day.parse().ok())
    }

    /// Days of the measurements of a case.
    pub fn measured(&self, case: &CaseState) -> Vec<Date> {
        self.measurements(case).filter_map(|e| e.day.parse().ok()).collect()
    }

    pub(super) fn measurements(&self, case: &CaseState) -> impl Iterator<Item = &'a CaseEvent> + use<'a, '_> {
        self.steps(case.case).iter().copied().filter(|e| e.trigger == "remeasure")
    }

    /// The income line of a household on a day, hundredths of a yuan.
    fn line(&self, household: Option<&str>, on: Date) -> Option<i128> {
        let param = self.plan.params.get("income_line")?;
        let group = if self.is_lifted(household) { "lifted" } else { params::OTHER };
        let township = self.of_home(household, "township");
        match params::resolve(param, text::to_days(on), township, group, self.plan.basis)?.value {
            Value::Decimal(line) => Some(line),
            Value::Integer(line) => Some(i128::from(line) * 100),
            _ => None,
        }
    }

    /// What a measurement says about the income, per head against the line of its day.
    fn reading(&self, event: &CaseEvent, household: Option<&str>) -> Option<Reading> {
        let on: Date = event.day.parse().ok()?;
        let number = |name: &str| event.details.get(name).and_then(|v| amount::parse(v));
        let size = number("size").map(|n| n / 100).filter(|n| *n > 0);
        let per_head = number("income").zip(size).map(|(income, size)| income / size);
        let line = self.line(household, on);
        let said = match (per_head, line) {
            (Some(income), Some(line)) => {
                format!("复测人均{}元，监测线{}元", text::decimal(income), text::decimal(line))
            }
            (Some(income), None) => format!("复测人均{}元，没有监测线", text::decimal(income)),
            (None, _) => "复测没有写明收入或人口".to_string(),
        };
        Some(Reading { on, above: per_head.zip(line).map(|(income, line)| income > line), said })
    }

    /// Everything that an exit is judged by.
    pub fn exit_facts(&self, case: &CaseState) -> ExitFacts {
        let household = case.round.as_ref().and_then(|r| r.household.as_deref());
        let mut readings: Vec<Reading> = self.measurements(case).filter_map(|e| self.reading(e, household)).collect();
        if self.home(household).is_some() {
            let (income, line) = (self.department_income(household), self.department_line(household));
            let said = match (income, line) {
                (Some(income), Some(line)) => {
                    format!("部门数据人均{}元，监测线{}元", text::decimal(income), text::decimal(line))
                }
                (Some(income), None) => format!("部门数据人均{}元，没有监测线", text::decimal(income)),
                (None, _) => "部门数据没有收入".to_string(),
            };
            // 超过: at the line is not above it.
            let above = income.zip(line).map(|(income, line)| income > line);
            readings.push(Reading { on: self.round_as_of, above, said });
        }
        let speaks = |role: Option<&str>| matches!(role, Some("lists" | "supports"));
        let promised = |rule: &&Rule| {
            let always = rule.role.as_str() == "lists" && ALWAYS_GUARANTEES.contains(&rule.risk.as_str());
            always || rule.requirements.iter().any(|r| GUARANTEES.contains(&r.as_str()))
        };
        let guarantees: BTreeSet<&str> = self.plan.rules.iter().filter(promised).map(|r| r.id.as_str()).collect();
        let hits = household.filter(|h| self.homes.contains_key(h)).map(|household| {
            let rows = self.hit_rows.get(household).map_or(&[][..], Vec::as_slice);
            let text = |column: &str, row: usize| self.hits.str_at(column, row).unwrap_or("").to_string();
            let hit = |row: &usize| {
                let role = self.hits.str_at("role", *row);
                let (rule, speaks, lists) = (text("rule", *row), speaks(role), role == Some("lists"));
                let guarantee = guarantees.contains(rule.as_str());
                let cause = if speaks { text("cause", *row) } else { String::new() };
                (speaks || guarantee).then(|| Hit { rule, cause, lists, guarantee, evidence: text("evidence", *row) })
            };
            rows.iter().filter_map(hit).collect()
        });
        let outcomes = rows_by(self.outcomes, "rule");
        let missing = |rule: &str| {
            let row = *outcomes.get(rule)?;
            self.outcomes.str_at("missing_sources", row).filter(|m| !m.is_empty())
        };
        let rules = self.plan.rules.iter().filter(|r| speaks(Some(r.role.as_str())));
        let looked_at = |r: &&Rule| speaks(Some(r.role.as_str())) || guarantees.contains(r.id.as_str());
        let unjudged = self.plan.rules.iter().filter(looked_at).filter_map(|rule| {
            let source =
                |id: &str| self.plan.sources.iter().find(|s| s.id == id).map_or(id.to_string(), |s| s.title.clone());
            Some(Unjudged {
                rule: rule.id.clone(),
                cause: if speaks(Some(rule.role.as_str())) { rule.cause.clone() } else { String::new() },
                guarantee: guarantees.contains(rule.id.as_str()),
                missing: words::split(missing(&rule.id)).map(source).collect::<Vec<_>>().join("、"),
            })
            .filter(|u| !u.missing.is_empty())
        });
        let open = self.orders.iter().filter(|o| o.order.case == case.case && !o.order.closed);
        let assessed = self.steps(case.case).iter().rev().find_map(|e| match e.trigger.as_str() {
            "exit.village" => Some(true),
            "exit.extend" => Some(false),
            _ => None,
        });
        // A village's earlier no does not answer for today; its yes holds while the exit is under way.
        let village = assessed.filter(|yes| *yes && self.phase(case) == Some(Phase::Exit));
        let rigid = self.measurements(case).last().and_then(|e| super::yes_or_no(e.details.get("rigid")?));
        ExitFacts {
            identified_on: self.identified_on(case),
            by_month: self.decided_on(case).is_none(),
            causes: self.causes(case),
            covered: rules.map(|r| r.cause.clone()).collect(),
            readings,
            hits,
            unjudged: unjudged.collect(),
            open_orders: open.map(|o| format!("{}（{}）", order_id(o.order.order), o.order.department)).collect(),
            rigid,
            village,
        }
    }

    /// Cases on which the county has decided and which are not over.
    fn approved(&self) -> impl Iterator<Item = &'a CaseState> + use<'a, '_> {
        self.cases.iter().filter(|case| {
            let at = matches!(self.phase(case), Some(Phase::Approved | Phase::Tracking | Phase::Exit));
            at && self.steps(case.case).iter().any(|e| {
                let to = self.plan.process.cases.state(&e.to).map(|s| s.phase);
                e.trigger == "meeting.pass" && to == Some(Phase::Approved)
            })
        })
    }

    /// The orders that decided cases still lack (开单, R186), each with what is kept of the case.
    pub fn openings(&self) -> Vec<Opening> {
        let there: BTreeSet<(u32, String)> = self
            .orders
            .iter()
            // A cancelled one was a mistake; a done one is done, unless the risk came back and somebody opens it again.
            .filter(|o| !o.order.closed || o.order.closing.is_some())
            .map(|o| (o.order.case, o.order.cause.clone()))
            .collect();
        let cases: Vec<Approved> =
            self.approved().map(|case| Approved { case: case.case, causes: self.causes(case).join("|") }).collect();
        let drafts = super::open(&cases, &there, self.plan);
        drafts.into_iter().filter_map(|draft| self.opening(draft)).collect()
    }

    fn opening(&self, draft: Draft) -> Option<Opening> {
        let case = self.case(draft.case)?;
        let said = case.round.clone().unwrap_or_default();
        let evidence = self.evidence_of(said.household.as_deref(), &draft.cause).or_else(|| said.evidence.clone());
        let mut details = BTreeMap::new();
        let CaseRound { head_name, masked_number, township_code, township, village_code, village, group, .. } = said;
        for (name, value) in [
            ("head_name", head_name),
            ("masked_number", masked_number),
            ("township_code", township_code),
            ("township", township),
            ("village_code", village_code),
            ("village", village),
            ("group", group),
            ("evidence", evidence),
        ] {
            if let Some(value) = value {
                details.insert(name.to_string(), value);
            }
        }
        Some(Opening {
            household: said.household.unwrap_or_else(|| case.anchor.clone()),
            list_type: self.list_type(case).unwrap_or_default(),
            identified_on: self.identified_on(case).unwrap_or(self.today),
            draft,
            details,
        })
    }

    /// What the rules say about one cause of a household.
    pub(super) fn evidence_of(&self, household: Option<&str>, cause: &str) -> Option<String> {
        let rows = self.hit_rows.get(household?)?;
        let mut said: Vec<&str> = Vec::new();
        for row in rows {
            let of_cause = self.hits.str_at("cause", *row) == Some(cause);
            let speaks = matches!(self.hits.str_at("role", *row), Some("lists" | "supports"));
            if let Some(evidence) =
                self.hits.str_at("evidence", *row).filter(|e| of_cause && speaks && !said.contains(e))
            {
                said.push(evidence);
            }
        }
        (!said.is_empty()).then(|| said.join("；"))
    }

    /// When a followed case is to be measured next.
    pub fn next_measurement(&self, case: &CaseState) -> Option<follow::Due> {
        self.identified_on(case).map(|day| follow::next_measurement(day, &self.measured(case)))
    }
}

/// Cause codes as people and tables write them: codes or titles, joined by `|` or `、`.
pub fn codes(plan: &Plan, written: &str) -> Vec<String> {
    let parts = written.split(['|', '、', '，', ',', '；', ';']).map(str::trim).filter(|p| !p.is_empty());
    let code = |part: &str| {
        let known = plan.causes.iter().find(|c| c.code == part || c.title == part);
        known.map_or(part, |c| c.code.as_str()).to_string()
    };
    parts.map(code).collect()
}
