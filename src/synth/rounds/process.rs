//! The process as the documents have it (000 §3, 003 §4; background §1.3), and where each case stands in it.
//!
//! In: what happens to a case. Out: its next state. It is written here a second time on purpose: what `bidui` makes of the same
//! county is compared with it, so it must not be read from bidui's own files.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::view::{Shown, View};
use crate::synth::truth::Report;

/// Whom a case is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// A household, by what stays the same of it.
    Household(usize),
    /// Somebody whom a village reported and nobody knows: name and number as written.
    Stranger(String, String),
}

/// What a case rests on: reasons with their amounts, and what the village reported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grounds {
    /// Departments' reasons.
    pub reasons: BTreeMap<&'static str, Shown>,
    /// Type and causes reported.
    pub report: Option<(&'static str, Vec<&'static str>)>,
}

impl Grounds {
    /// Of what is seen and reported at a stop.
    pub fn of(view: &View, report: Option<&Report>) -> Grounds {
        Grounds { reasons: view.reasons.clone(), report: report.map(|r| (r.list_type, r.causes.clone())) }
    }

    /// Whether something is new since a conclusion: a reason, an amount that moved by more than a fifth of the larger, another day,
    /// another report.
    /// What is gone changes nothing.
    pub fn news_since(&self, concluded: &Grounds) -> bool {
        let moved = |(reason, now): (&&str, &Shown)| match concluded.reasons.get(*reason) {
            Some(then) => now.on != then.on || (then.amount - now.amount).abs() * 5 > then.amount.max(now.amount),
            None => true,
        };
        let report = self.report.is_some() && self.report != concluded.report;
        report || self.reasons.iter().any(moved)
    }
}

/// One step of a case.
#[derive(Debug, Clone)]
pub struct Step {
    /// On which day.
    pub day: Date,
    /// What brought it about.
    pub trigger: &'static str,
    /// Where it stands then.
    pub state: &'static str,
    /// A round made it, not a person.
    pub by_run: bool,
}

/// A case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Whom it is about.
    pub whom: Whom,
    /// Every step.
    pub steps: Vec<Step>,
    /// What it rests on since the last round that spoke of it.
    pub grounds: Grounds,
    /// What the conclusion rested on.
    pub concluded: Grounds,
    /// Causes: as found, or as the departments and the village have them.
    pub causes: BTreeSet<&'static str>,
    /// The cause that a village found in the place of those.
    pub found: Option<&'static str>,
    /// Departments have shown another risk since the household is followed.
    pub added: bool,
    /// Township and village from 0.
    pub place: (usize, usize),
    /// The last step that counts was a person's.
    pub by_person: bool,
    /// States before the steps that count, for taking one back.
    before: Vec<&'static str>,
}

/// Closed states whose conclusion is remembered.
const REMEMBERED: [&str; 5] = ["exited", "false_alarm", "rejected", "ended", "withdrawn"];

/// What people do: trigger, from, to.
const PEOPLE: [(&str, &[&str], &str); 27] = [
    ("answer.true", &["to_verify"], "proposed"),
    ("answer.other_cause", &["to_verify"], "proposed"),
    ("answer.false", &["to_verify", "identity_unclear"], "false_alarm"),
    ("answer.not_found", &["to_verify"], "identity_unclear"),
    ("answer.wrong_identity", &["to_verify"], "identity_unclear"),
    ("identity.found", &["identity_unclear"], "to_verify"),
    ("identity.none", &["identity_unclear"], "false_alarm"),
    ("publicity.start", &["proposed"], "village_publicity"),
    ("publicity.passed", &["village_publicity"], "township_review"),
    ("publicity.objection", &["village_publicity"], "to_verify"),
    ("township.pass", &["township_review"], "county_meeting"),
    ("township.pass", &["exit_township"], "exit_county"),
    ("township.return", &["township_review"], "to_verify"),
    ("township.return", &["exit_township"], "tracking"),
    ("meeting.pass", &["county_meeting"], "approved"),
    ("meeting.pass", &["exit_county"], "exited"),
    ("meeting.reject", &["county_meeting"], "rejected"),
    ("meeting.return", &["county_meeting"], "to_verify"),
    ("meeting.reject", &["exit_county"], "tracking"),
    ("system.entered", &["approved"], "tracking"),
    ("exit.village", &["tracking"], "exit_township"),
    ("exit.extend", &["tracking"], "tracking"),
    ("exit.notice", &["exited"], "exited"),
    ("helper.assign", &["tracking"], "tracking"),
    ("clock.stop", &["county_meeting"], "county_meeting"),
    ("clock.resume", &["county_meeting"], "county_meeting"),
    ("merge", &["identity_unclear"], "merged"),
];

impl Case {
    /// A case that a round opens, or somebody who splits it off another one.
    pub fn open(whom: Whom, trigger: &'static str, day: Date) -> Case {
        let state = match trigger {
            "round.monitored" => "tracking",
            "round.agreed" => "proposed",
            "round.unclear" => "identity_unclear",
            _ => "to_verify",
        };
        Case {
            whom,
            steps: vec![Step { day, trigger, state, by_run: trigger != "split" }],
            grounds: Grounds::default(),
            concluded: Grounds::default(),
            causes: BTreeSet::new(),
            found: None,
            added: false,
            place: (0, 0),
            by_person: trigger == "split",
            before: Vec::new(),
        }
    }

    /// Where it stands.
    pub fn state(&self) -> &'static str {
        self.steps.last().map_or("new", |s| s.state)
    }

    /// The household, if it is one's.
    pub fn household(&self) -> Option<usize> {
        match self.whom {
            Whom::Household(ordinal) => Some(ordinal),
            Whom::Stranger(..) => None,
        }
    }

    fn step(&mut self, day: Date, trigger: &'static str, state: &'static str, by_run: bool) {
        self.before.push(self.state());
        self.by_person = !by_run;
        self.steps.push(Step { day, trigger, state, by_run });
    }

    /// A person's step; false when the process has no such step from here, and nothing happens.
    pub fn act(&mut self, day: Date, trigger: &'static str) -> bool {
        let now = self.state();
        let closed = REMEMBERED.contains(&now) || matches!(now, "lapsed" | "merged");
        let to = match trigger {
            "life.died" | "life.moved" if !closed => "ended",
            "rollback" if now == "exited" => "tracking",
            "undo" => match self.before.pop() {
                Some(state) => {
                    self.by_person = true;
                    self.steps.push(Step { day, trigger, state, by_run: false });
                    return true;
                }
                None => return false,
            },
            _ => match PEOPLE.iter().find(|(on, from, _)| *on == trigger && from.contains(&now)) {
                Some((_, _, to)) => to,
                None => return false,
            },
        };
        self.step(day, trigger, to, false);
        if REMEMBERED.contains(&to) {
            self.concluded = self.grounds.clone();
        }
        true
    }

    /// What a round makes of the case. What people decided stands; a conclusion stands while its grounds do.
    pub fn round(&mut self, day: Date, trigger: &'static str, grounds: Grounds, causes: BTreeSet<&'static str>) {
        let now = self.state();
        let news = grounds.news_since(&self.concluded);
        let another = |cause: &&str| !self.causes.contains(cause) && self.found != Some(*cause);
        if matches!(now, "tracking" | "exit_township" | "exit_county") {
            self.added |= grounds.reasons.values().any(|shown| another(&shown.cause));
        }
        let added = causes.iter().any(|c| !self.causes.contains(c));
        let to = match (now, trigger) {
            ("approved", "round.monitored") => Some("tracking"),
            ("exit_township" | "exit_county", _) if added => Some("tracking"),
            (closed, "round.agreed") if REMEMBERED.contains(&closed) => news.then_some("proposed"),
            (closed, "round.differs") if REMEMBERED.contains(&closed) => news.then_some("to_verify"),
            ("to_verify" | "identity_unclear", "round.agreed") if !self.by_person => Some("proposed"),
            ("identity_unclear", "round.differs") if !self.by_person => Some("to_verify"),
            ("to_verify" | "identity_unclear", "round.monitored") if !self.by_person => Some("tracking"),
            _ => None,
        };
        let trigger = if now.starts_with("exit_") { "round.risk_added" } else { trigger };
        if let Some(to) = to {
            self.step(day, trigger, to, true);
        }
        (self.grounds, self.causes) = (grounds, causes);
    }

    /// Whether its clock stands still: the last step of the state stopped it.
    pub fn stands(&self) -> bool {
        self.steps.last().is_some_and(|s| s.trigger == "clock.stop")
    }

    /// Whether those who were let out have been told since.
    pub fn told(&self) -> bool {
        self.steps.iter().rev().take_while(|s| s.state == "exited").any(|s| s.trigger == "exit.notice")
    }

    /// Day on which the county let it in, of a case that is not over.
    pub fn decided(&self) -> Option<Date> {
        let open = matches!(self.state(), "approved" | "tracking" | "exit_township" | "exit_county");
        let passed = self.steps.iter().rfind(|s| s.trigger == "meeting.pass" && s.state == "approved");
        passed.filter(|_| open).map(|s| s.day)
    }

    /// Causes for which somebody is to help: what the village found, else what is known, and what came up since.
    pub fn to_remedy(&self) -> BTreeSet<&'static str> {
        let mut causes: BTreeSet<&str> = match self.found {
            Some(found) => BTreeSet::from([found]),
            None => self.causes.clone(),
        };
        if self.added {
            causes.extend(&self.causes);
        }
        if causes.is_empty() {
            causes.insert("other");
        }
        causes
    }

    /// The states it went through, each named once while it lasts.
    pub fn path(&self) -> String {
        let mut states: Vec<&str> = self.steps.iter().map(|s| s.state).collect();
        states.dedup();
        states.join(">")
    }
}

/// What a round says of a household that stands on a list: none when it stands on none.
pub fn trigger(view: &View, report: Option<&Report>, monitored: bool) -> Option<&'static str> {
    let online = !view.reasons.is_empty();
    match report {
        None if !online => None,
        None if monitored => Some("round.monitored"),
        None => Some("round.differs"),
        Some(_) if !online => Some("round.differs"),
        Some(report) => {
            let causes: BTreeSet<&str> = report.causes.iter().copied().collect();
            let agrees = causes == view.causes() && report.list_type == view.list_type;
            Some(if agrees { "round.agreed" } else { "round.differs" })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conclusion_stands_until_something_new_is_seen() {
        let grounds = |amount| {
            let shown = Shown { cause: "illness", amount, on: None };
            Grounds { reasons: BTreeMap::from([("heavy compliant medical cost", shown)]), report: None }
        };
        let day = |d| Date::constant(2026, 4, d);
        let mut case = Case::open(Whom::Household(1), "round.differs", day(1));
        case.round(day(1), "round.differs", grounds(1000), BTreeSet::from(["illness"]));
        assert!(case.act(day(9), "answer.false"));
        assert!(!case.act(day(9), "publicity.start"), "there is no such step from here");
        case.round(day(20), "round.differs", grounds(1200), BTreeSet::from(["illness"]));
        assert_eq!(case.state(), "false_alarm");
        case.round(day(21), "round.differs", grounds(1300), BTreeSet::from(["illness"]));
        assert_eq!(case.path(), "to_verify>false_alarm>to_verify");
        assert!(case.act(day(22), "answer.true") && case.act(day(23), "undo") && case.act(day(24), "answer.false"));
        assert_eq!(case.path(), "to_verify>false_alarm>to_verify>proposed>to_verify>false_alarm");
    }
}
