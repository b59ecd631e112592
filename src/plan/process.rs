//! `process.toml` → [`Process`]: the states of a case and of a work order, who owns each, by when, and which step leads where.
//!
//! Background §1.3 has the policy's own machine (R119–R130, R186–R216); a county that publishes at one level or gives its villages
//! more days changes the file, not the program. What the program knows are the *triggers*, the things that can happen, and the
//! *phases*, what a state means to it.

use std::collections::BTreeSet;

use super::reader::{Problems, Section};
use crate::diag::{Diagnostic, Place, nearest};

/// What can happen to a case. Only moves say what follows.
pub const TRIGGERS: &[&str] = &[
    "round.agreed",
    "round.differs",
    "round.unclear",
    "round.monitored",
    "round.withdrawn",
    "round.risk_added",
    "answer.true",
    "answer.false",
    "answer.not_found",
    "answer.wrong_identity",
    "answer.other_cause",
    "identity.found",
    "identity.none",
    "publicity.start",
    "publicity.passed",
    "publicity.objection",
    "township.pass",
    "township.return",
    "meeting.pass",
    "meeting.reject",
    "meeting.return",
    "system.entered",
    "exit.village",
    "exit.extend",
    "exit.notice",
    "helper.assign",
    "remeasure",
    "rollback",
    "life.died",
    "life.moved",
    "withdraw",
    "reopen",
    "merge",
    "split",
    "clock.stop",
    "clock.resume",
];

/// What can happen to a work order.
pub const ORDER_TRIGGERS: &[&str] = &[
    "order.open",
    "order.plan",
    "order.return",
    "order.special",
    "order.special_pass",
    "order.file",
    "order.start",
    "order.report",
    "order.close",
    "order.cancel",
    "order.reopen",
];

/// The word in `from` for what is not there yet.
pub const NEW: &str = "new";

/// The shipped process, for pipelines without a file of their own.
const SHIPPED: &str = include_str!("../../pipelines/shared/process.toml");

/// What a state means to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// A village is asked.
    Verification,
    /// Nobody knows yet who it is about.
    Identity,
    /// Both lists agree, or the village has confirmed.
    Proposal,
    /// Published, objections are heard.
    Publicity,
    /// The township looks at it.
    Review,
    /// The county meeting decides.
    Decision,
    /// Decided, not yet in the national system.
    Approved,
    /// In the national system, followed.
    Tracking,
    /// On the way out.
    Exit,
    /// A work order that its department has still to fill.
    Drafted,
    /// A work order with a measure.
    Planned,
    /// A work order that needs the leading group.
    Special,
    /// A work order on file.
    Filed,
    /// A work order that is carried out.
    Running,
    /// Over.
    Closed,
}

const CASE_PHASES: &[(&str, Phase)] = &[
    ("verification", Phase::Verification),
    ("identity", Phase::Identity),
    ("proposal", Phase::Proposal),
    ("publicity", Phase::Publicity),
    ("review", Phase::Review),
    ("decision", Phase::Decision),
    ("approved", Phase::Approved),
    ("tracking", Phase::Tracking),
    ("exit", Phase::Exit),
    ("closed", Phase::Closed),
];

const ORDER_PHASES: &[(&str, Phase)] = &[
    ("drafted", Phase::Drafted),
    ("planned", Phase::Planned),
    ("special", Phase::Special),
    ("filed", Phase::Filed),
    ("running", Phase::Running),
    ("closed", Phase::Closed),
];

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// 村 (village team and committee).
    Village,
    /// 乡镇.
    Township,
    /// 县级领导小组.
    County,
    /// 防贫办.
    Office,
    /// 责任部门.
    Department,
    /// 帮扶责任人.
    Helper,
}

impl Owner {
    const WORDS: &'static [(&'static str, Owner)] = &[
        ("village", Owner::Village),
        ("township", Owner::Township),
        ("county", Owner::County),
        ("office", Owner::Office),
        ("department", Owner::Department),
        ("helper", Owner::Helper),
    ];

    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, o)| *o == self).map_or("", |(word, _)| word)
    }

    /// The word that clerks read.
    pub fn title(self) -> &'static str {
        match self {
            Owner::Village => "村",
            Owner::Township => "乡镇",
            Owner::County => "县领导小组",
            Owner::Office => "县防贫办",
            Owner::Department => "责任部门",
            Owner::Helper => "帮扶责任人",
        }
    }
}

/// A state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// ASCII code.
    pub code: String,
    /// Chinese title.
    pub title: String,
    /// What it means to the program.
    pub phase: Phase,
    /// Who has to act; none in closed states.
    pub owner: Option<Owner>,
    /// Within how many working days.
    pub working_days: Option<u32>,
    /// How many days it must last at least: a publicity period (R146).
    pub min_days: u32,
    /// The conclusion stands while the facts do not change.
    pub memory: bool,
}

/// A step from some states to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// What brings it about.
    pub on: Vec<String>,
    /// Chinese title.
    pub title: String,
    /// Codes of the states it may start from; [`NEW`] for what is not there yet.
    pub from: BTreeSet<String>,
    /// Code of the state it leads to; none when the state stays.
    pub to: Option<String>,
    /// What must be told: `by`, `reason`, `meeting`, `amount`….
    pub needs: Vec<String>,
}

/// States and moves of one kind of thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// States in file order.
    pub states: Vec<State>,
    /// Moves in file order.
    pub moves: Vec<Move>,
}

impl Machine {
    /// A state by code.
    pub fn state(&self, code: &str) -> Option<&State> {
        self.states.iter().find(|s| s.code == code)
    }

    /// Its Chinese title, or the code of a state that the file no longer has.
    pub fn title<'a>(&'a self, code: &'a str) -> &'a str {
        self.state(code).map_or(code, |s| &s.title)
    }

    /// The move that a trigger brings about in a state.
    pub fn find(&self, state: &str, trigger: &str) -> Option<&Move> {
        self.moves.iter().find(|m| m.from.contains(state) && m.on.iter().any(|on| on == trigger))
    }

    /// What may happen in a state.
    pub fn possible(&self, state: &str) -> impl Iterator<Item = &Move> {
        self.moves.iter().filter(move |m| m.from.contains(state))
    }
}

/// How cases and work orders go.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// Version of the file.
    pub version: i64,
    /// Share by which the numbers of a rule's evidence may move before the facts count as changed.
    pub same_within: f64,
    /// Month and day by which townships report (R156).
    pub report_days: Vec<(i8, i8)>,
    /// Cases.
    pub cases: Machine,
    /// Work orders.
    pub orders: Machine,
}

/// The shipped process.
pub fn shipped() -> Process {
    let problems = Problems::default();
    let document = super::reader::Document::new("shared/process.toml".into(), SHIPPED.into());
    document.read(&problems, read).unwrap_or_else(|| Process {
        version: 0,
        same_within: 0.0,
        report_days: Vec::new(),
        cases: Machine::default(),
        orders: Machine::default(),
    })
}

/// Reads `process.toml`.
pub(super) fn read(file: &Section) -> Process {
    let version = file.need_version();
    let same_within = file.number("same_within").unwrap_or(0.0);
    if !(0.0..=10.0).contains(&same_within) {
        file.error(
            "process.share",
            "same_within",
            "`same_within` must be a share from 0 up",
            "write same_within = 0.2",
        );
    }
    let report_days = file.texts("report_days").unwrap_or_default();
    let report_days = report_days.iter().filter_map(|text| month_day(file, text)).collect();
    let cases = machine(file, "state", "move", CASE_PHASES, TRIGGERS);
    let orders = machine(file, "order_state", "order_move", ORDER_PHASES, ORDER_TRIGGERS);
    Process { version, same_within, report_days, cases, orders }
}

fn month_day(file: &Section, text: &str) -> Option<(i8, i8)> {
    let parts = text.split_once('-').and_then(|(m, d)| Some((m.parse().ok()?, d.parse().ok()?)));
    // A leap year, so that the 29th of February may be written.
    let day = parts.filter(|(m, d)| jiff::civil::Date::new(2024, *m, *d).is_ok());
    if day.is_none() {
        file.error(
            "process.day",
            "report_days",
            format!("`{text}` is no day of a year"),
            "write \"06-25\" for 25 June",
        );
    }
    day
}

fn machine(file: &Section, state: &str, step: &str, phases: &[(&str, Phase)], triggers: &[&str]) -> Machine {
    let mut states: Vec<State> = Vec::new();
    file.needs(state);
    let sections = file.sections(state);
    if sections.is_empty() {
        file.error(
            "process.no_states",
            state,
            format!("there is no [[{state}]]"),
            "begin from the shipped process.toml",
        );
    }
    for section in &sections {
        let code = section.need_text("code");
        if states.iter().any(|s| s.code == code) || code == NEW {
            section.error(
                "process.duplicate",
                "code",
                format!("state `{code}` is there already"),
                "give each state one code",
            );
        }
        let phase = section.need_word("phase", phases, Phase::Closed);
        let owner = section.word("owner", Owner::WORDS);
        if owner.is_none() && phase != Phase::Closed {
            let message = format!("nobody owns state `{code}`");
            section.error("process.no_owner", "owner", message, "name who has to act: owner = \"village\"");
        }
        states.push(State {
            code,
            title: section.need_text("title"),
            phase,
            owner,
            working_days: section.whole("working_days", 1..=400).map(|n| n as u32),
            min_days: section.whole("min_days", 0..=400).unwrap_or(0) as u32,
            memory: section.flag_or("memory", false),
        });
        section.finish();
    }
    file.needs(step);
    let moves: Vec<Move> = file.sections(step).iter().map(|section| one_move(section, &states, triggers)).collect();
    let machine = Machine { states, moves };
    check(file, &machine, &sections);
    machine
}

fn one_move(section: &Section, states: &[State], triggers: &[&str]) -> Move {
    section.needs("on");
    section.needs("from");
    let on = section.texts_at("on").unwrap_or_default();
    for (trigger, place) in &on {
        if !triggers.contains(&trigger.as_str()) {
            section.report(unknown("process.unknown_trigger", "trigger", trigger, triggers.iter().copied(), place));
        }
    }
    let mut from = BTreeSet::new();
    let codes = || states.iter().map(|s| s.code.as_str());
    for (word, place) in section.texts_at("from").unwrap_or_default() {
        let closed = |s: &&State| s.phase == Phase::Closed;
        match word.as_str() {
            "*open" => from.extend(states.iter().filter(|s| !closed(s)).map(|s| s.code.clone())),
            "*closed" => from.extend(states.iter().filter(closed).map(|s| s.code.clone())),
            NEW => _ = from.insert(NEW.to_string()),
            code if codes().any(|c| c == code) => _ = from.insert(code.to_string()),
            code => section.report(unknown("process.unknown_state", "state", code, codes(), &place)),
        }
    }
    let to = section.need_text("to");
    if to != "=" && !codes().any(|c| c == to) {
        section.report(unknown("process.unknown_state", "state", &to, codes(), &section.place_of("to")));
    }
    let step = Move {
        on: on.into_iter().map(|(trigger, _)| trigger).collect(),
        title: section.need_text("title"),
        from,
        to: (to != "=").then_some(to),
        needs: section.texts("needs").unwrap_or_default(),
    };
    section.finish();
    step
}

fn unknown<'a>(
    code: &'static str,
    what: &str,
    word: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    place: &Place,
) -> Diagnostic {
    let hint = match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
    };
    Diagnostic::error(code, format!("there is no {what} `{word}`"), place.clone()).hint(hint)
}

/// What only shows over all moves: one answer to every question, and nothing that cannot be reached or left.
fn check(file: &Section, machine: &Machine, sections: &[Section]) {
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    for step in &machine.moves {
        for (from, on) in step.from.iter().flat_map(|f| step.on.iter().map(move |o| (f.as_str(), o.as_str()))) {
            if !seen.insert((from, on)) {
                let message = format!("two moves start from `{from}` on `{on}`");
                file.report(
                    Diagnostic::error("process.ambiguous", message, file.place())
                        .hint("a step must have one outcome: take the state out of one of them"),
                );
            }
        }
    }
    for (state, section) in machine.states.iter().zip(sections) {
        let reached = machine.moves.iter().any(|m| m.to.as_deref() == Some(&state.code));
        let left = machine.possible(&state.code).any(|m| m.to.as_ref().is_some_and(|to| *to != state.code));
        if !reached {
            let message = format!("no move leads to state `{}`", state.code);
            section.error("process.unreachable", "code", message, "add a move to it, or take the state out");
        }
        if !left && state.phase != Phase::Closed {
            let message = format!("no move leads out of state `{}`: its cases would be stuck", state.code);
            section.error("process.stuck", "code", message, "add a move, or make the state closed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::Document;
    use super::*;

    fn problems(text: &str) -> Vec<(&'static str, Option<u32>)> {
        let problems = Problems::default();
        Document::new("process.toml".into(), text.into()).read(&problems, read);
        problems.into_inner().iter().map(|p| (p.code, p.place.line)).collect()
    }

    #[test]
    fn the_shipped_process_is_sound() {
        assert_eq!(problems(SHIPPED), []);
        let process = shipped();
        assert_eq!(process.cases.title("to_verify"), "待核实");
        let step = process.cases.find("county_meeting", "meeting.pass").unwrap();
        assert_eq!(step.to.as_deref(), Some("approved"));
        assert_eq!(process.cases.find("exit_county", "meeting.pass").unwrap().to.as_deref(), Some("exited"));
        assert_eq!(process.cases.find("to_verify", "meeting.pass"), None);
        assert_eq!(process.report_days, [(6, 25), (9, 25), (11, 25)]);
    }

    #[test]
    fn what_a_county_writes_wrongly_is_told_with_its_line() {
        let wrong = SHIPPED
            .replace(
                "from = [\"identity_unclear\"]\nto = \"to_verify\"",
                "from = [\"identity_unclea\"]\nto = \"to_verfy\"",
            )
            .replace("on = [\"identity.none\"]", "on = [\"identity.non\"]");
        let mut told: Vec<&str> = problems(&wrong).iter().map(|(code, _)| *code).collect();
        told.sort_unstable();
        assert_eq!(told, ["process.unknown_state", "process.unknown_state", "process.unknown_trigger"]);
        assert!(problems(&wrong).iter().all(|(_, line)| line.is_some_and(|l| l > 100)));
    }

    #[test]
    fn a_dead_end_and_two_outcomes_are_told() {
        let text = SHIPPED.replace(
            "on = [\"withdraw\"]",
            "on = [\"township.pass\"]\ntitle = \"x\"\nfrom = [\"township_review\"]\nto = \"approved\"\n\n[[move]]\non = [\"withdraw\"]",
        );
        assert_eq!(problems(&text).iter().map(|p| p.0).collect::<Vec<_>>(), ["process.ambiguous"]);
        let stuck = SHIPPED.replace("[[move]]\non = [\"publicity.start\"]", "[[state]]\ncode = \"z\"\ntitle = \"z\"\nphase = \"review\"\nowner = \"office\"\n\n[[move]]\non = [\"publicity.start\"]");
        let codes: Vec<_> = problems(&stuck).iter().map(|p| p.0).collect();
        // `*open` moves lead out of any open state; nothing leads in.
        assert_eq!(codes, ["process.unreachable"]);
    }
}
