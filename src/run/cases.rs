//! `bidui cases`: what the ledger knows of cases, read and moved by people at the keyboard.
//!
//! In: the output folder with its ledger, the pipeline for the process and the calendar. Out: lines for a terminal or JSON. Reading takes
//! no lock; a step does.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;
use serde::Serialize;

use super::audit::{self, Action};
use super::{clock, ledger, lock, papers};
use crate::cases::ledger::{CaseEvent, CaseRound, CaseState, FILE, Import, Ledger, case_id, case_number};
use crate::cases::moves::{Step, need_title};
use crate::cases::{due_on, next_report};
use crate::codes::{self, Workdays};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place, nearest};
use crate::model::text;
use crate::plan::process::TRIGGERS;
use crate::plan::{Phase, Plan};

/// Where an office works.
#[derive(Debug, Clone)]
pub struct CasesOptions {
    /// Pipeline folder, for the process and the calendar.
    pub pipeline: PathBuf,
    /// Folder that holds the rounds and the ledger.
    pub out: PathBuf,
    /// The day that counts as today; today in Asia/Shanghai when not given.
    pub on: Option<Date>,
    /// Show names in full.
    pub names: bool,
}

/// Which cases are wanted; all of them that are open when nothing is said.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    /// States, by code or title.
    pub states: Vec<String>,
    /// Township or village, by code or part of the name.
    pub place: Option<String>,
    /// Closed ones too.
    pub all: bool,
    /// Only those whose time is over.
    pub overdue: bool,
}

/// A case on one line.
#[derive(Debug, Clone, Serialize)]
pub struct CaseLine {
    /// Number.
    pub case_id: String,
    /// Code of the state.
    pub state: String,
    /// Its title.
    pub state_title: String,
    /// Who has to act.
    pub owner: Option<&'static str>,
    /// The owner as clerks call it.
    pub owner_title: Option<&'static str>,
    /// Since when.
    pub since: String,
    /// Last day for the next step.
    pub due_on: Option<String>,
    /// Working days past that day; none while there is time.
    pub overdue: Option<i64>,
    /// The household.
    pub household_id: Option<String>,
    /// Its head; family name only unless names are wanted.
    pub head_name: Option<String>,
    /// Township.
    pub township: Option<String>,
    /// Village.
    pub village: Option<String>,
    /// Risks, as titles.
    pub causes: String,
    /// Who helps the household since the last reassignment (R201); none while nobody was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helper: Option<String>,
    /// Round that opened it.
    pub opened_round: String,
}

/// What may be done next.
#[derive(Debug, Clone, Serialize)]
pub struct NextStep {
    /// The word for `bidui cases decide`.
    pub trigger: String,
    /// What it is.
    pub title: String,
    /// Title of the state it leads to.
    pub to: String,
    /// What must be said.
    pub needs: Vec<String>,
}

/// A case with everything known of it.
#[derive(Debug, Clone, Serialize)]
pub struct CaseShown {
    /// On one line.
    #[serde(flatten)]
    pub line: CaseLine,
    /// What rounds said of it.
    pub rounds: Vec<CaseRound>,
    /// Every step.
    pub events: Vec<CaseEvent>,
    /// What may be done now.
    pub next: Vec<NextStep>,
}

/// What is overdue, and what is due next.
#[derive(Debug, Clone, Serialize)]
pub struct Overdue {
    /// The day.
    pub on: String,
    /// Cases past their day, by owner and place, the oldest first.
    pub cases: Vec<CaseLine>,
    /// By owner: how many.
    pub by_owner: BTreeMap<String, usize>,
    /// The next day by which townships report (R156).
    pub next_report: Option<String>,
    /// True when the calendar lacks a year that was counted through.
    pub calendar_incomplete: bool,
}

/// A step at the keyboard.
#[derive(Debug, Clone, Default)]
pub struct CaseDecision {
    /// The case.
    pub case: String,
    /// What happened: a trigger or the title of a move.
    pub step: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What else is said: `meeting=…`.
    pub details: BTreeMap<String, String>,
}

/// A step that was taken.
#[derive(Debug, Clone, Serialize)]
pub struct CaseDecided {
    /// The case; the new one of a split.
    pub case_id: String,
    /// Where it stood.
    pub from: String,
    /// Where it stands.
    pub to: String,
}

/// The office of a folder: plan, calendar, ledger.
pub(super) struct Office {
    pub(super) plan: Plan,
    pub(super) workdays: Workdays,
    pub(super) ledger: Ledger,
    pub(super) today: Date,
    names: bool,
}

impl Office {
    /// Opens what is there.
    ///
    /// # Errors
    /// The pipeline is wrong (78), the folder has no ledger (66), or the ledger cannot be used (74, 75).
    pub(super) fn open(options: &CasesOptions) -> Outcome<Office> {
        if !options.out.join(FILE).is_file() {
            return Err(ledger::missing(&options.out));
        }
        let (plan, _) = super::pipeline::load_plan(&options.pipeline)?;
        let (codes, _) = codes::load(&plan.codes_dir);
        let today = match options.on {
            Some(day) => day,
            None => clock::today()?,
        };
        let ledger = Ledger::open(&options.out)?;
        Ok(Office { plan, workdays: codes.workdays().clone(), ledger, today, names: options.names })
    }

    fn closed(&self, case: &CaseState) -> bool {
        self.plan.process.cases.state(&case.state).is_some_and(|s| s.phase == Phase::Closed)
    }

    fn line(&self, case: &CaseState) -> CaseLine {
        let process = &self.plan.process;
        let owner = process.cases.state(&case.state).and_then(|s| s.owner);
        let said = case.round.clone().unwrap_or_default();
        let due = due_on(process, case, &self.workdays).filter(|_| !self.closed(case));
        let over = due.filter(|d| *d < self.today).map(|d| self.workdays.working_days_between(d, self.today));
        let causes = case.given.get("causes").cloned().unwrap_or(said.causes);
        CaseLine {
            case_id: case_id(case.case),
            state: case.state.clone(),
            state_title: process.cases.title(&case.state).to_string(),
            owner: owner.map(|o| o.as_str()),
            owner_title: owner.map(|o| o.title()),
            since: case.since.clone(),
            due_on: due.map(|d| d.to_string()),
            overdue: over,
            household_id: said.household,
            head_name: said.head_name.map(|n| if self.names { n } else { text::mask_name(&n) }),
            township: said.township,
            village: said.village,
            causes: self.plan.cause_titles(Some(&causes)),
            helper: case.given.get("helper").cloned(),
            opened_round: case.opened_round.clone(),
        }
    }

    /// The number of a case as people write it.
    pub(super) fn number(&self, id: &str) -> Outcome<u32> {
        case_number(id).or_else(|| id.trim().parse().ok()).ok_or_else(|| {
            let problem = Diagnostic::error("usage.case", format!("`{id}` is no number of a case"), Place::default())
                .hint("cases are numbered A0000001, A0000002, …; `bidui cases list` shows them");
            Failure::one(FailureClass::Usage, problem)
        })
    }
}

/// Holds the folder for somebody's step, its ledger put right after a crash; a folder without a ledger is told before anything is made.
pub(super) fn hold(options: &CasesOptions, verb: &str) -> Outcome<lock::Lock> {
    if !options.out.join(FILE).is_file() {
        return Err(ledger::missing(&options.out));
    }
    let held = lock::take(&options.out, &lock::holder(verb))?;
    drop(ledger::open(&options.out)?);
    Ok(held)
}

/// The cases that are wanted, in the order of their numbers.
///
/// # Errors
/// As for an office that is opened: no ledger (66), a wrong pipeline (78), a ledger that cannot be used (74, 75); a state that the process does not have (64).
pub fn list_cases(options: &CasesOptions, filter: &CaseFilter) -> Outcome<Vec<CaseLine>> {
    let office = Office::open(options)?;
    let machine = &office.plan.process.cases;
    let mut wanted = Vec::new();
    for word in &filter.states {
        match machine.states.iter().find(|s| s.code == *word || s.title == *word) {
            Some(state) => wanted.push(state.code.as_str()),
            None => {
                let known = machine.states.iter().map(|s| s.code.as_str());
                let hint = match nearest(word, known.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("states are {}", known.collect::<Vec<_>>().join(", ")),
                };
                let problem = Diagnostic::error(
                    "usage.state",
                    format!("the process has no state `{word}`"),
                    Place::default().field("--state"),
                );
                return Err(Failure::one(FailureClass::Usage, problem.hint(hint)));
            }
        }
    }
    let there = |case: &CaseState| {
        let Some(place) = &filter.place else { return true };
        let Some(said) = &case.round else { return false };
        let codes = [&said.township_code, &said.village_code];
        let names = [&said.township, &said.village];
        codes.iter().any(|c| c.as_ref() == Some(place))
            || names.iter().any(|n| n.as_ref().is_some_and(|n| n.contains(place.as_str())))
    };
    let cases = office.ledger.cases()?;
    let chosen = cases.iter().filter(|case| match wanted.is_empty() {
        true => filter.all || !office.closed(case),
        false => wanted.contains(&case.state.as_str()),
    });
    let lines = chosen.filter(|c| there(c)).map(|c| office.line(c));
    Ok(lines.filter(|l| !filter.overdue || l.overdue.is_some()).collect())
}

/// One case with everything known of it.
///
/// # Errors
/// As for an office that is opened: no ledger (66), a wrong pipeline (78), a ledger that cannot be used (74, 75); no such case (66).
pub fn show_case(options: &CasesOptions, id: &str) -> Outcome<CaseShown> {
    let office = Office::open(options)?;
    let number = office.number(id)?;
    let Some(case) = office.ledger.case(number)? else { return Err(no_case(number)) };
    let machine = &office.plan.process.cases;
    let next = machine.possible(&case.state).filter(|m| !m.on.iter().all(|t| t.starts_with("round.")));
    let next = next
        .flat_map(|m| {
            let to = m.to.as_deref().unwrap_or(&case.state);
            m.on.iter().filter(|t| !t.starts_with("round.")).map(move |trigger| NextStep {
                trigger: trigger.clone(),
                title: m.title.clone(),
                to: machine.title(to).to_string(),
                needs: m.needs.iter().map(|n| need_title(n).to_string()).collect(),
            })
        })
        .collect();
    let mut rounds = office.ledger.case_rounds(number)?;
    if !options.names {
        for name in rounds.iter_mut().filter_map(|r| r.head_name.as_mut()) {
            *name = text::mask_name(name);
        }
    }
    let mut events = office.ledger.case_events(Some(number))?;
    events.iter_mut().for_each(mask);
    Ok(CaseShown { line: office.line(&case), rounds, events, next })
}

/// A number that a village gave is needed for the register, and for no list.
fn mask(event: &mut CaseEvent) {
    if let Some(number) = event.details.get_mut("id_number") {
        *number = text::mask_number(number);
    }
}

pub(super) fn no_case(number: u32) -> Failure {
    let problem =
        Diagnostic::error("cases.unknown", format!("there is no case {}", case_id(number)), Place::file(FILE))
            .hint("`bidui cases list --all` shows every case");
    Failure::one(FailureClass::InputMissing, problem)
}

/// Every step of a case, or of all cases, from a day on.
///
/// # Errors
/// As for an office that is opened: no ledger (66), a wrong pipeline (78), a ledger that cannot be used (74, 75).
pub fn case_history(options: &CasesOptions, id: Option<&str>, since: Option<Date>) -> Outcome<Vec<CaseEvent>> {
    let office = Office::open(options)?;
    let number = id.map(|id| office.number(id)).transpose()?;
    let mut events = office.ledger.case_events(number)?;
    if let Some(day) = since {
        events.retain(|e| e.day >= day.to_string());
    }
    events.sort_by_key(|e| e.event);
    events.iter_mut().for_each(mask);
    Ok(events)
}

/// What is overdue on a day.
///
/// # Errors
/// As for an office that is opened: no ledger (66), a wrong pipeline (78), a ledger that cannot be used (74, 75).
pub fn overdue_cases(options: &CasesOptions) -> Outcome<Overdue> {
    let office = Office::open(options)?;
    let mut cases: Vec<CaseLine> =
        office.ledger.cases()?.iter().map(|c| office.line(c)).filter(|l| l.overdue.is_some()).collect();
    let key = |l: &CaseLine| {
        (l.owner, l.township.clone(), l.village.clone(), std::cmp::Reverse(l.overdue), l.case_id.clone())
    };
    cases.sort_by_key(key);
    let mut by_owner = BTreeMap::new();
    for case in &cases {
        *by_owner.entry(case.owner_title.unwrap_or("").to_string()).or_default() += 1;
    }
    Ok(Overdue {
        on: office.today.to_string(),
        cases,
        by_owner,
        next_report: next_report(&office.plan.process, office.today).map(|d| d.to_string()),
        calendar_incomplete: !office.workdays.knows(office.today.year()),
    })
}

/// Takes one step of one case.
///
/// # Errors
/// As for an office that is opened: no ledger (66), a wrong pipeline (78), a ledger that cannot be used (74, 75); another run holds the folder (75), the step is unknown (64) or not possible now (65): nothing changes then.
pub fn decide_case(options: &CasesOptions, decision: &CaseDecision) -> Outcome<CaseDecided> {
    let action = Action::new("cases.decide").by(&decision.by).why(&decision.reason);
    audit::act(&options.out, &action, |facts| {
        let done = decide_case_now(options, decision)?;
        facts.add("case", done.case_id.as_str());
        facts.add("from", done.from.as_str());
        facts.add("to", done.to.as_str());
        facts.add("undo", decision.step.trim() == "undo");
        Ok(done)
    })
}

/// Does what [`decide_case`] writes down.
fn decide_case_now(options: &CasesOptions, decision: &CaseDecision) -> Outcome<CaseDecided> {
    let _lock = hold(options, "cases")?;
    let mut office = Office::open(options)?;
    let number = office.number(&decision.case)?;
    let Some(now) = office.ledger.case(number)? else { return Err(no_case(number)) };
    let trigger = trigger(&office.plan, &now, &decision.step)?;
    if trigger == "undo" {
        audit::demand_reason(&decision.reason)?;
    }
    let mut step = Step::new(&trigger, office.today, &decision.by, &decision.reason);
    step.details = decision.details.clone();
    let import =
        Import { kind: "keyboard".into(), day: office.today.to_string(), by: decision.by.clone(), ..Import::default() };
    let round = now.round.as_ref().map_or(now.opened_round.clone(), |r| r.round.clone());
    let process = office.plan.process.clone();
    let refused = |said: String, code| {
        let place = Place::default().field(case_id(number));
        let hint = "`bidui cases show` tells what may be done now and what each step needs";
        Failure::one(FailureClass::InputContract, Diagnostic::error(code, said, place).hint(hint))
    };
    office.ledger.change(|changes| {
        let entry = changes.import(&import)?;
        if trigger == "split" {
            let household = decision.details.get("household").cloned().unwrap_or_default();
            if !household.starts_with('H') {
                return Err(refused("分案必须写明分出的户编号 household=H…".into(), "case.needs"));
            }
            let step = step.clone().with("parent", case_id(number));
            let opened = changes.open_case(&process, entry, &round, &household, &step)?;
            let case = opened.map_err(|r| refused(r.said, r.code))?;
            return Ok(CaseDecided { case_id: case_id(case), from: "new".into(), to: "to_verify".into() });
        }
        let done = changes.step(&process, entry, &round, number, &step)?.map_err(|r| refused(r.said, r.code))?;
        papers::apply::after(&office.plan, changes, entry, number, &step)?;
        Ok(CaseDecided { case_id: case_id(number), from: done.from, to: done.to })
    })
}

/// The trigger that a person names: by its word, or by the title of a move that is possible now.
fn trigger(plan: &Plan, now: &CaseState, word: &str) -> Outcome<String> {
    let word = word.trim();
    if TRIGGERS.contains(&word) || word == "undo" {
        return Ok(word.to_string());
    }
    let machine = &plan.process.cases;
    let titled = machine.possible(&now.state).find(|m| m.title == word).and_then(|m| m.on.first());
    titled.cloned().ok_or_else(|| {
        let hint = match nearest(word, TRIGGERS.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`bidui cases show` lists what may be done now".to_string(),
        };
        let problem = Diagnostic::error("usage.step", format!("`{word}` is no step of a case"), Place::default());
        Failure::one(FailureClass::Usage, problem.hint(hint))
    })
}
