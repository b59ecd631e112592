//! A round's comparison and the cases of before → what happens to every case, who is asked, what is left alone.
//!
//! In: cases as the ledger has them, `comparison`, `verification_tasks` (a question for every difference), `offline_list`, `tracking`,
//! `persons`, `households`, `rule_hits`. Out: the steps that the round makes, what it says about each case, the tasks that are really
//! asked, and the tables `cases` and `proposals`' cases.
//!
//! What people decided outranks what a round finds: a round moves a case only while no person has, or when a remembered conclusion
//! no longer covers the facts. A round run again corrects its own steps and no others. Nothing that is open is closed because a list
//! no longer has it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::facts::{self, Facts};
use super::ledger::{CaseChange, CaseRound, CaseState, PROGRAM, case_id};
use super::moves::Step;
use super::rows_by;
use crate::model::{Table, text, words};
use crate::plan::process::NEW;
use crate::plan::{Cadence, Phase, Plan};

/// What a round knows when its lists have been compared.
#[derive(Debug, Clone, Copy)]
pub struct Lists<'a> {
    /// The plan, for titles and the process.
    pub plan: &'a Plan,
    /// The round's name.
    pub round: &'a str,
    /// Day of the judgement.
    pub as_of: Date,
    /// `comparison`.
    pub comparison: &'a Table,
    /// A question for every difference.
    pub questions: &'a Table,
    /// `offline_list`.
    pub offline: &'a Table,
    /// `tracking`.
    pub tracking: &'a Table,
    /// `persons`.
    pub persons: &'a Table,
    /// `households`.
    pub households: &'a Table,
    /// `rule_hits`.
    pub hits: &'a Table,
}

/// What a round makes of the cases.
#[derive(Debug, Default)]
pub struct Advanced {
    /// What the ledger takes over with the round.
    pub change: CaseChange,
    /// Every case as it stands after the round, in the order of their numbers.
    pub states: Vec<CaseState>,
    /// The case of each row of `comparison`; none when the process has no step for it.
    pub of_comparison: Vec<Option<u32>>,
}

impl Advanced {
    /// A case by its number.
    pub fn case(&self, case: u32) -> Option<&CaseState> {
        self.states.binary_search_by_key(&case, |c| c.case).ok().map(|i| &self.states[i])
    }
}

/// The cases by what a row of this round can name them by.
struct Index {
    by_household: BTreeMap<String, Vec<usize>>,
    by_anchor: BTreeMap<String, usize>,
}

struct Work<'a> {
    lists: Lists<'a>,
    states: Vec<CaseState>,
    change: CaseChange,
    /// Cases that this round speaks about.
    seen: BTreeSet<u32>,
    facts: BTreeMap<&'a str, Facts>,
    /// Rows of the offline list by record.
    reports: BTreeMap<&'a str, usize>,
    index: Index,
    of_comparison: Vec<Option<u32>>,
    next: u32,
}

/// Takes every case one round further.
///
/// `known` are the cases before the round, in the order of their numbers; `next` is the first number no case has had.
pub fn advance(lists: Lists, known: &[CaseState], next: u32) -> Advanced {
    let households = rows_by(lists.households, "household_id");
    let mut work = Work {
        index: Index::new(known, &lists, &households),
        lists,
        states: known.to_vec(),
        change: CaseChange::default(),
        seen: BTreeSet::new(),
        facts: facts::of_hits(lists.hits),
        reports: rows_by(lists.offline, "record_id"),
        of_comparison: Vec::new(),
        next,
    };
    let questions = rows_by(lists.questions, "comparison_id");
    for row in 0..lists.comparison.rows() {
        let case = work.compared(row, &questions, &households);
        let case = case.map(|c| work.states[c].case);
        work.of_comparison.push(case);
    }
    for row in 0..lists.tracking.rows() {
        work.followed(row, &households);
    }
    work.gone();
    work.unspoken(&households);
    work.change.rounds.sort_by_key(|(case, _)| *case);
    Advanced { change: work.change, states: work.states, of_comparison: work.of_comparison }
}

/// Anchor of a reported person whose household nobody knows: the same words give the same case.
fn anchor_of_report(name: Option<&str>, number: Option<&str>, village: Option<&str>) -> String {
    let mut hasher = Sha256::new();
    for part in [name, number, village] {
        hasher.update(part.unwrap_or("").as_bytes());
        hasher.update([0]);
    }
    let hex: String = hasher.finalize()[..8].iter().map(|b| format!("{b:02x}")).collect();
    format!("R{hex}")
}

impl Index {
    /// A case belongs to the household where its head now lives, else to the household it began with.
    fn new(known: &[CaseState], lists: &Lists, households: &BTreeMap<&str, usize>) -> Index {
        let persons = rows_by(lists.persons, "person_id");
        let mut index = Index { by_household: BTreeMap::new(), by_anchor: BTreeMap::new() };
        for (i, case) in known.iter().enumerate() {
            index.by_anchor.insert(case.anchor.clone(), i);
            // Merged by a person, two cases are one matter. A round merges because the register has one household: should it have
            // two again, the second is a case of its own.
            let i = match case.merged_into {
                Some(into) if case.by_person => match target(known, into) {
                    Some(target) => target,
                    None => continue,
                },
                Some(_) => continue,
                None => i,
            };
            let last = case.round.as_ref();
            let of_head = last.and_then(|r| r.person.as_deref()).and_then(|p| persons.get(p)).and_then(|row| {
                let there = lists.persons.str_at("status", *row) == Some("normal");
                lists.persons.str_at("household_id", *row).filter(|_| there)
            });
            let begun = case.anchor.starts_with('H').then_some(case.anchor.as_str());
            // The office has found out whose it is: it has said so since the round.
            let found = case.given.get("household").map(String::as_str).filter(|h| households.contains_key(h));
            let known_as = last.and_then(|r| r.household.as_deref()).or(found).or(begun);
            let stays = known_as.filter(|h| households.contains_key(h));
            // A household that still exists keeps its case when its head has only moved within the register.
            if let Some(household) = stays.or(of_head) {
                index.by_household.entry(household.to_string()).or_default().push(i);
            }
        }
        index
    }
}

/// Where a chain of merges ends.
fn target(known: &[CaseState], mut case: u32) -> Option<usize> {
    // A chain cannot be longer than there are cases; the bound only keeps a damaged ledger from looping.
    for _ in 0..known.len() {
        let at = known.binary_search_by_key(&case, |c| c.case).ok()?;
        match known[at].merged_into {
            Some(into) => case = into,
            None => return Some(at),
        }
    }
    None
}

impl<'a> Work<'a> {
    fn phase(&self, case: usize) -> Phase {
        self.lists.plan.process.cases.state(&self.states[case].state).map_or(Phase::Closed, |s| s.phase)
    }

    /// The case of a household: an open one before a closed one, the older before the younger. Other open ones are merged into it.
    fn of_household(&mut self, household: &str) -> Option<usize> {
        let mut own = self.index.by_household.get(household)?.clone();
        own.retain(|i| self.states[*i].merged_into.is_none());
        own.sort_by_key(|i| (self.phase(*i) == Phase::Closed, self.states[*i].case));
        own.dedup();
        let first = *own.first()?;
        if self.phase(first) == Phase::Closed {
            // Of several conclusions the latest counts.
            return own.into_iter().max_by_key(|i| (self.states[*i].since.clone(), self.states[*i].case));
        }
        for other in own.into_iter().skip(1) {
            if self.phase(other) != Phase::Closed {
                self.merge(other, first);
            }
        }
        Some(first)
    }

    fn merge(&mut self, case: usize, into: usize) {
        let (id, target) = (case_id(self.states[into].case), self.states[into].case);
        let reason = "两案现为同一户";
        if self.step(case, "merge", reason, &[("into", &id)]) {
            self.states[case].merged_into = Some(target);
        }
    }

    /// Makes a step of the round when the process has it; true when the case stands elsewhere then.
    fn step(&mut self, case: usize, trigger: &str, reason: &str, details: &[(&str, &str)]) -> bool {
        let (round, as_of) = (self.lists.round, self.lists.as_of);
        let state = &mut self.states[case];
        let Some(found) = self.lists.plan.process.cases.find(&state.state, trigger) else { return false };
        let Some(to) = found.to.clone().filter(|to| *to != state.state || trigger == "round.risk_added") else {
            return false;
        };
        let mut step = Step::new(trigger, as_of, PROGRAM, reason);
        for (name, value) in details {
            step = step.with(name, *value);
        }
        let from = std::mem::replace(&mut state.state, to.clone());
        if from != to {
            state.since = as_of.to_string();
            state.stops.clear();
        }
        (state.by_person, state.last_round) = (false, round.to_string());
        state.concluded = None;
        state.steps += 1;
        self.change.events.push((state.case, from, to, step));
        true
    }

    fn open(&mut self, anchor: String, trigger: &str, reason: &str) -> Option<usize> {
        self.lists.plan.process.cases.find(NEW, trigger)?;
        let case = self.next;
        self.next += 1;
        self.states.push(CaseState {
            case,
            anchor: anchor.clone(),
            opened_round: self.lists.round.into(),
            opened_on: self.lists.as_of.to_string(),
            state: NEW.into(),
            ..CaseState::default()
        });
        let at = self.states.len() - 1;
        self.change.opened.push((case, anchor.clone()));
        self.index.by_anchor.insert(anchor.clone(), at);
        if anchor.starts_with('H') {
            self.index.by_household.entry(anchor).or_default().push(at);
        }
        self.step(at, trigger, reason, &[]);
        Some(at)
    }

    /// Cases of reported persons whose household this row now knows.
    fn of_reports(&self, row: usize) -> Vec<usize> {
        let records = words::split(self.lists.comparison.str_at("offline_records", row));
        let anchors = records.filter_map(|id| self.reports.get(id)).map(|r| {
            let own = |column: &str| self.lists.offline.str_at(column, *r);
            anchor_of_report(own("name"), own("id_number"), own("village"))
        });
        anchors.filter_map(|a| self.index.by_anchor.get(&a).copied()).collect()
    }

    fn compared(
        &mut self,
        row: usize,
        questions: &BTreeMap<&str, usize>,
        households: &BTreeMap<&str, usize>,
    ) -> Option<usize> {
        let comparison = self.lists.comparison;
        let own = |column: &str| comparison.str_at(column, row);
        let outcome = own("outcome")?;
        let trigger = match outcome {
            "agreed" => "round.agreed",
            "identity_unclear" => "round.unclear",
            "already_monitored" => "round.monitored",
            _ => "round.differs",
        };
        let household = own("household_id");
        let mut facts = household.and_then(|h| self.facts.get(h)).cloned().unwrap_or_default();
        if own("offline_records").is_some() {
            facts::add_report(&mut facts, own("offline_type"), own("offline_causes"));
        }
        let explanation = own("explanation").unwrap_or("").to_string();
        let case = match household {
            Some(h) => {
                let found = self.of_household(h);
                let reports = self.of_reports(row);
                match (found, reports.first().copied()) {
                    (Some(case), _) => {
                        reports
                            .into_iter()
                            .filter(|r| *r != case && self.phase(*r) != Phase::Closed)
                            .collect::<Vec<_>>()
                            .into_iter()
                            .for_each(|r| self.merge(r, case));
                        Some(case)
                    }
                    (None, report) => report.filter(|r| self.states[*r].merged_into.is_none()),
                }
            }
            None => {
                let anchor = anchor_of_report(own("head_name"), own("head_id_number"), own("village"));
                self.index.by_anchor.get(&anchor).copied().filter(|c| self.states[*c].merged_into.is_none())
            }
        };
        let (mut suppressed, mut told) = (false, None);
        let case = match case {
            // Another household of the same matter has spoken for it.
            Some(case) if self.seen.contains(&self.states[case].case) => return Some(case),
            Some(case) => {
                (suppressed, told) = self.known_case(case, trigger, &facts, &explanation, own("online_causes"));
                Some(case)
            }
            None => {
                let anchor = household.map_or_else(
                    || anchor_of_report(own("head_name"), own("head_id_number"), own("village")),
                    str::to_string,
                );
                // A household that is followed already begins as one that is followed, whatever else is said of it.
                let monitored = household.and_then(|h| households.get(h)).is_some_and(|r| {
                    self.lists.households.str_at("monitored_type", *r).is_some()
                        && self.lists.households.boolean_at("risk_cleared", *r) != Some(true)
                });
                self.open(anchor, if monitored { "round.monitored" } else { trigger }, &explanation)
            }
        };
        let case = case?;
        let asked = own("comparison_id").and_then(|id| questions.get(id)).copied();
        let of_question = |column: &str| asked.and_then(|r| self.lists.questions.str_at(column, r)).map(str::to_string);
        let causes: BTreeSet<&str> =
            ["online_causes", "offline_causes"].iter().flat_map(|c| words::split(own(c))).collect();
        let said = CaseRound {
            round: self.lists.round.into(),
            as_of: self.lists.as_of.to_string(),
            household: household.map(str::to_string),
            person: household
                .and_then(|h| households.get(h))
                .and_then(|r| self.lists.households.str_at("head_person_id", *r))
                .map(str::to_string),
            masked_number: own("head_id_number").map(text::mask_number),
            outcome: Some(outcome.into()),
            list_type: own("online_type").or(own("offline_type")).map(str::to_string),
            causes: causes.into_iter().collect::<Vec<_>>().join("|"),
            facts,
            explanation: Some(explanation),
            question: of_question("question"),
            evidence: of_question("evidence"),
            suppressed,
            changed: told,
            ..place(comparison, row)
        };
        self.say(case, said);
        Some(case)
    }

    /// What a round makes of a case that is there: whether a conclusion stands, and what changed if it does not.
    fn known_case(
        &mut self,
        case: usize,
        trigger: &str,
        facts: &Facts,
        explanation: &str,
        online_causes: Option<&str>,
    ) -> (bool, Option<String>) {
        let plan = self.lists.plan;
        let state = &self.states[case];
        let remembers = plan.process.cases.state(&state.state).is_some_and(|s| s.memory);
        match self.phase(case) {
            Phase::Closed if remembers => {
                let before = state.concluded.clone().unwrap_or_default();
                match facts::changed(&before, facts, plan.process.same_within, plan) {
                    None => (true, None),
                    Some(told) => {
                        let title = plan.process.cases.title(&state.state).to_string();
                        let moved = self.step(case, trigger, &format!("曾为“{title}”，情况有变化：{told}"), &[]);
                        (!moved, Some(told))
                    }
                }
            }
            Phase::Closed => {
                self.step(case, trigger, explanation, &[]);
                (false, None)
            }
            Phase::Tracking | Phase::Exit => {
                let known: BTreeSet<String> = state
                    .round
                    .iter()
                    .flat_map(|r| words::split(Some(&r.causes)))
                    .chain(state.given.get("causes").into_iter().flat_map(|c| words::split(Some(c))))
                    .map(str::to_string)
                    .collect();
                let new: Vec<&str> = words::split(online_causes).filter(|c| !known.contains(*c)).collect();
                if state.round.is_some() && state.last_round != self.lists.round && !new.is_empty() {
                    let reason = format!("新增风险：{}", plan.cause_titles(Some(&new.join("|"))));
                    self.step(case, "round.risk_added", &reason, &[("added", &new.join("|"))]);
                }
                (false, None)
            }
            // Entered by the national system: `followed` tells with which of its rows.
            Phase::Approved => (false, None),
            // A round corrects itself, and takes up what nobody has answered; what people said stands.
            _ if state.by_person => (false, None),
            Phase::Proposal if trigger != "round.agreed" && state.last_round != self.lists.round => (false, None),
            _ => {
                self.step(case, trigger, explanation, &[]);
                (false, None)
            }
        }
    }

    /// A household that the national system has under observation.
    fn followed(&mut self, row: usize, households: &BTreeMap<&str, usize>) {
        let tracking = self.lists.tracking;
        let own = |column: &str| tracking.str_at(column, row);
        let Some(household) = own("household_id") else { return };
        // What the system has as cleared is not followed: its old causes are none of the case's.
        if tracking.boolean_at("risk_cleared", row) == Some(true) {
            return;
        }
        let case = match self.of_household(household) {
            Some(case) => case,
            None => match self.open(household.to_string(), "round.monitored", "全国系统中的监测对象") {
                Some(case) => case,
                None => return,
            },
        };
        if self.phase(case) == Phase::Approved {
            let day = tracking.date_at("monitored_since", row).map(|d| format!("{}年{}月", d.year(), d.month()));
            let said = [
                Some("全国系统导出中已列为监测对象".to_string()),
                own("national_household_no").map(|n| format!("户编号{n}")),
                own("monitored_type").map(|t| words::list_type(t).to_string()),
                day.clone().map(|d| format!("{d}识别")),
            ];
            let reason = said.into_iter().flatten().collect::<Vec<_>>().join("，");
            let number = own("national_household_no").unwrap_or("").to_string();
            let details =
                [("national_household_no", number.as_str()), ("monitored_since", day.as_deref().unwrap_or(""))];
            self.step(case, "round.monitored", &reason, &details);
        }
        if self.seen.contains(&self.states[case].case) {
            return;
        }
        let home = households.get(household).copied();
        let said = CaseRound {
            round: self.lists.round.into(),
            as_of: self.lists.as_of.to_string(),
            household: Some(household.into()),
            person: home.and_then(|r| self.lists.households.str_at("head_person_id", r)).map(str::to_string),
            masked_number: home.and_then(|r| self.lists.households.str_at("head_id_number", r)).map(text::mask_number),
            group: home.and_then(|r| self.lists.households.str_at("group", r)).map(str::to_string),
            list_type: own("monitored_type").map(str::to_string),
            causes: own("causes")
                .or_else(|| home.and_then(|r| self.lists.households.str_at("monitored_causes", r)))
                .unwrap_or("")
                .to_string(),
            facts: self.facts.get(household).cloned().unwrap_or_default(),
            ..place(tracking, row)
        };
        self.say(case, said);
    }

    fn say(&mut self, case: usize, mut said: CaseRound) {
        let plan = self.lists.plan;
        let state = &mut self.states[case];
        if self.seen.insert(state.case) {
            if let Some(last) = state.round.as_ref().filter(|_| plan.cadence == Cadence::Nightly) {
                facts::keep_unjudged(&mut said.facts, &last.facts, plan);
                // What a night cannot see it does not deny: the next quarter would take it for a new risk.
                let both: BTreeSet<&str> =
                    words::split(Some(&said.causes)).chain(words::split(Some(&last.causes))).collect();
                said.causes = both.into_iter().collect::<Vec<_>>().join("|");
            }
            if state.round.as_ref().is_some_and(|r| r.round != said.round) {
                state.earlier = state.round.take();
            }
            state.round = Some(said.clone());
            self.change.rounds.push((state.case, said));
        }
    }

    /// A case of a household that no round has spoken of yet, as one that was split off another: the register tells where it lives.
    fn unspoken(&mut self, households: &BTreeMap<&str, usize>) {
        for case in 0..self.states.len() {
            let state = &self.states[case];
            if state.round.is_some() || self.phase(case) == Phase::Closed {
                continue;
            }
            let Some(row) = households.get(state.anchor.as_str()).copied() else { continue };
            let own = |column: &str| self.lists.households.str_at(column, row);
            let said = CaseRound {
                round: self.lists.round.into(),
                as_of: self.lists.as_of.to_string(),
                household: Some(state.anchor.clone()),
                person: own("head_person_id").map(str::to_string),
                masked_number: own("head_id_number").map(text::mask_number),
                ..place(self.lists.households, row)
            };
            self.say(case, said);
        }
    }

    /// What this round said in an earlier run, and no longer says: a case that it had opened lapses unless people took it up. What was
    /// known of a case stays known.
    fn gone(&mut self) {
        for case in 0..self.states.len() {
            let state = &self.states[case];
            if self.seen.contains(&state.case) {
                continue;
            }
            let own = state.opened_round == self.lists.round && state.last_round == self.lists.round;
            if own && !state.by_person && self.phase(case) != Phase::Closed {
                self.step(case, "round.withdrawn", "同一批次重新计算后，线索不再成立", &[]);
            }
            if let Some(said) = self.states[case].round.clone().filter(|r| r.round == self.lists.round) {
                self.say(case, CaseRound { outcome: None, changed: None, ..said });
            }
        }
    }
}

/// Name and place of a row.
fn place(table: &Table, row: usize) -> CaseRound {
    let own = |column: &str| table.has(column).then(|| table.str_at(column, row)).flatten().map(str::to_string);
    CaseRound {
        head_name: own("head_name"),
        township_code: own("township_code"),
        township: own("township"),
        village_code: own("village_code"),
        village: own("village"),
        group: own("group"),
        ..CaseRound::default()
    }
}
