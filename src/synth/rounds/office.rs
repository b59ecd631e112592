//! What villages, townships and the county do about the cases: the script of the year, and the truth that follows from it.
//!
//! In: what is seen at every stop. Out: every case with its steps, everything that people did, what the national system has
//! marked when, what villages reported when. Outcomes come from decks of cards, so that even a small county meets the rare ones.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;

use super::calendar::{Kind, Stop};
use super::process::{self, Case, Grounds, Whom};
use super::view::{self, View, Views};
use crate::synth::dice::Dice;
use crate::synth::divisions::{self, Township};
use crate::synth::people::Monitored;
use crate::synth::truth::Report;

/// Outcomes in the proportion in which they happen, in an order drawn anew each time the deck has been gone through.
#[derive(Debug)]
struct Deck {
    cards: Vec<&'static str>,
    at: usize,
}

impl Deck {
    fn new(dice: &mut Dice, cards: &[(&'static str, usize)]) -> Deck {
        let mut cards: Vec<&str> = cards.iter().flat_map(|(card, n)| std::iter::repeat_n(*card, *n)).collect();
        dice.shuffle(&mut cards);
        Deck { cards, at: 0 }
    }

    fn draw(&mut self) -> &'static str {
        self.at += 1;
        self.cards[(self.at - 1) % self.cards.len()]
    }
}

/// Something that somebody does.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Act {
    /// On which day.
    pub day: String,
    /// Acts of one day are of one batch: `answers`, `again`, `decide`, `life`, `identity`, `start`, `end`, `township`, `meeting`, `entered`.
    pub batch: &'static str,
    /// Day of the run whose form is filled in.
    pub form: String,
    /// Township's code.
    pub township: String,
    /// Village's name.
    pub village: String,
    /// The register's household number; empty for a stranger.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub household: String,
    /// Name of the head, or as reported.
    pub name: String,
    /// A stranger's number as reported.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reported_number: String,
    /// What it does to the case; empty when nothing is answered.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub trigger: &'static str,
    /// How the form is handled when not plainly: `late`, `deleted`, `same_again`, `corrected`, `two_versions`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub manner: &'static str,
    /// Causes found, where they are other ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<&'static str>,
    /// Why.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reason: &'static str,
    /// Number of the meeting.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub meeting: String,
    /// False for what must change nothing: a second version that says the same, or another thing.
    pub takes_effect: bool,
}

/// What the national system has of a household from a day on.
#[derive(Debug, Clone, Copy)]
struct Mark {
    from: Date,
    list_type: &'static str,
    cause: &'static str,
    since: Date,
    cleared: Option<Date>,
}

/// A report of somebody whom nobody knows.
#[derive(Debug, Clone)]
pub struct Guest {
    /// The stop.
    pub stop: usize,
    /// Name as written.
    pub name: String,
    /// Number as written.
    pub number: String,
    /// The household beside whom they are written down.
    pub beside: usize,
}

/// The year as it went.
pub struct Office {
    /// Cases in the order in which they were opened.
    pub cases: Vec<Case>,
    /// Everything done.
    pub script: Vec<Act>,
    /// What villages reported: stop, ordinal.
    pub reports: BTreeMap<(usize, usize), Report>,
    marks: BTreeMap<usize, Vec<Mark>>,
    /// Case of each household.
    of: BTreeMap<usize, usize>,
    /// Cases on the form of the last run.
    asked: BTreeSet<usize>,
    /// Cases whose village has left the row blank or deleted it, until the quarter given.
    waiting: BTreeMap<usize, usize>,
    /// Second versions that come in two days later: case, manner, what was answered first, what then.
    again: Vec<(usize, &'static str, &'static str)>,
    decks: BTreeMap<&'static str, Deck>,
    dice: Dice,
    meetings: usize,
}

/// What is done so many days after a quarter's round.
const QUARTER: [(i64, &str); 9] = [
    (12, "answers"),
    (13, "life"),
    (14, "again"),
    (15, "identity"),
    (16, "start"),
    (23, "end"),
    (28, "township"),
    (45, "meeting"),
    (50, "entered"),
];

const CARDS: [(&str, &[(&str, usize)]); 12] = [
    ("manner", &[("", 16), ("late", 2), ("deleted", 2), ("same_again", 2), ("corrected", 1), ("two_versions", 1)]),
    (
        "door",
        &[
            ("answer.true", 11),
            ("answer.other_cause", 2),
            ("answer.false", 4),
            ("answer.not_found", 1),
            ("answer.wrong_identity", 1),
        ],
    ),
    ("stranger", &[("answer.false", 1), ("", 1)]),
    ("identity", &[("identity.found", 2), ("identity.none", 1)]),
    ("start", &[("publicity.start", 9), ("", 1)]),
    ("end", &[("publicity.passed", 11), ("publicity.objection", 1)]),
    ("township", &[("township.pass", 10), ("township.return", 1)]),
    ("exit_township", &[("township.pass", 4), ("township.return", 1)]),
    ("meeting", &[("meeting.pass", 8), ("meeting.reject", 1), ("meeting.return", 1)]),
    ("exit_county", &[("meeting.pass", 4), ("meeting.reject", 1)]),
    ("entered", &[("system.entered", 1), ("", 1)]),
    ("exit", &[("exit.village", 2), ("exit.extend", 1)]),
];

fn month_after(day: Date) -> Date {
    day.first_of_month().saturating_add(1.month())
}

impl Office {
    /// Lives through the year: `views` and `gone` by stop, `gone` saying of the households that left whether they died.
    pub fn year(
        stops: &[Stop],
        views: &[Views],
        gone: &[BTreeMap<usize, bool>],
        guests: &[Guest],
        seed: u64,
    ) -> Office {
        let mut dice = Dice::new(seed, "office", 0);
        let decks = CARDS.iter().map(|(name, cards)| (*name, Deck::new(&mut dice, cards))).collect();
        let mut office = Office {
            cases: Vec::new(),
            script: Vec::new(),
            reports: BTreeMap::new(),
            marks: BTreeMap::new(),
            of: BTreeMap::new(),
            asked: BTreeSet::new(),
            waiting: BTreeMap::new(),
            again: Vec::new(),
            decks,
            dice,
            meetings: 0,
        };
        let (first, townships) = (stops[0].day, divisions::county());
        for (ordinal, view) in &views[0] {
            if let Some(m) = view.marked {
                let ago = |days: i64| first.saturating_sub(days.days());
                let cleared = m.cleared.then(|| ago(m.since / 2));
                let mark =
                    Mark { from: Date::MIN, list_type: m.list_type, cause: m.cause, since: ago(m.since), cleared };
                office.marks.entry(*ordinal).or_default().push(mark);
            }
        }
        let mut days: Vec<(Date, usize, &str)> = Vec::new();
        for stop in stops {
            days.push((stop.day, stop.number, "run"));
            let own: &[(i64, &str)] = if stop.kind == Kind::Quarterly { &QUARTER } else { &[(5, "answers")] };
            days.extend(own.iter().map(|(n, batch)| (stop.day.saturating_add(n.days()), stop.number, *batch)));
        }
        days.sort_by_key(|(day, ..)| *day);
        // The run whose form is out.
        let mut last = 0;
        for (day, stop, batch) in days {
            if batch == "run" {
                last = stop;
                office.run(&stops[stop], &views[stop], guests);
                continue;
            }
            let (stop, form, gone) = (&stops[stop], stops[last].day, &gone[last]);
            let scene = Scene { day, batch, stop, form, views, last, gone, townships: &townships };
            match batch {
                "answers" => office.answers(&scene),
                "life" => office.life(&scene),
                "again" => office.second_versions(&scene),
                "identity" => office.each(&scene, &["identity_unclear"], |o, case| match o.cases[case].whom {
                    Whom::Household(_) => o.card("identity"),
                    Whom::Stranger(..) => "identity.none",
                }),
                "start" => {
                    office.each(&scene, &["proposed"], |o, _| o.card("start"));
                    office.exits(&scene);
                }
                "end" => office.each(&scene, &["village_publicity"], |o, _| o.card("end")),
                "township" => {
                    office.each(&scene, &["township_review"], |o, _| o.card("township"));
                    office.each(&scene, &["exit_township"], |o, _| o.card("exit_township"));
                }
                "meeting" => {
                    office.meetings += 1;
                    office.each(&scene, &["county_meeting"], |o, _| o.card("meeting"));
                    office.each(&scene, &["exit_county"], |o, _| o.card("exit_county"));
                }
                _ => office.each(&scene, &["approved"], |o, _| o.card("entered")),
            }
        }
        office
    }

    /// What the national system's export of a day says of a household.
    pub fn mark(&self, ordinal: usize, day: Date) -> Option<Monitored> {
        let mark = self.marks.get(&ordinal)?.iter().rfind(|m| m.from <= day)?;
        let days = |from: Date| i64::from((day - from).get_days());
        Some(Monitored {
            list_type: mark.list_type,
            cause: mark.cause,
            cleared: mark.cleared.is_some(),
            since: days(mark.since),
            gone: mark.cleared.map(days),
        })
    }

    fn card(&mut self, deck: &'static str) -> &'static str {
        self.decks.get_mut(deck).map_or("", Deck::draw)
    }

    /// A round: every household that stands on a list or under observation, and who is reported besides.
    fn run(&mut self, stop: &Stop, views: &Views, guests: &[Guest]) {
        let mut unfounded = self.unfounded(stop, views);
        for (ordinal, view) in views.iter().filter(|(_, v)| v.here) {
            let monitored = self.mark(*ordinal, stop.day).filter(|m| !m.cleared);
            let case = self.of.get(ordinal).copied();
            let report = unfounded.remove(ordinal).or_else(|| self.reported(case, view, monitored.is_some()));
            let trigger = process::trigger(view, report.as_ref(), monitored.is_some());
            let grounds = Grounds::of(view, report.as_ref());
            let mut causes = view.causes();
            causes.extend(report.iter().flat_map(|r| r.causes.iter().copied()));
            if let Some(report) = report {
                self.reports.insert((stop.number, *ordinal), report);
            }
            // Who is only followed rests on what the system was told.
            causes.extend(monitored.filter(|_| trigger.is_none()).map(|m| m.cause));
            let Some(trigger) = trigger.or(monitored.map(|_| "round.monitored")) else { continue };
            match case {
                Some(case) if stop.kind == Kind::Nightly => {
                    // A night knows a few departments only; what the quarter showed of the others still holds.
                    let known = &self.cases[case];
                    let mut kept = known.grounds.clone();
                    kept.reasons.retain(|reason, _| !view::NIGHTLY.contains(reason));
                    kept.reasons.extend(grounds.reasons);
                    causes.extend(known.causes.iter().copied());
                    self.cases[case].round(stop.day, trigger, kept, causes);
                }
                Some(case) => self.cases[case].round(stop.day, trigger, grounds, causes),
                None => {
                    let trigger = if monitored.is_some() { "round.monitored" } else { trigger };
                    let mut case = Case::open(Whom::Household(*ordinal), trigger, stop.day);
                    (case.grounds, case.causes, case.place) = (grounds, causes, view.place);
                    self.of.insert(*ordinal, self.cases.len());
                    self.cases.push(case);
                }
            }
        }
        for guest in guests.iter().filter(|g| g.stop == stop.number) {
            let whom = Whom::Stranger(guest.name.clone(), guest.number.clone());
            let place = views.get(&guest.beside).map(|v| v.place).unwrap_or_default();
            let mut case = Case::open(whom, "round.unclear", stop.day);
            case.place = place;
            self.cases.push(case);
        }
        let open = |case: &Case| matches!(case.state(), "to_verify" | "identity_unclear");
        self.asked = (0..self.cases.len()).filter(|i| open(&self.cases[*i])).collect();
    }

    /// Whom villages report without anything behind it, in this round only.
    fn unfounded(&mut self, stop: &Stop, views: &Views) -> BTreeMap<usize, Report> {
        let mut found = BTreeMap::new();
        if stop.kind == Kind::Nightly {
            return found;
        }
        let free: Vec<(usize, bool)> = views
            .iter()
            .filter(|(ordinal, v)| {
                let marked = self.mark(**ordinal, stop.day).is_some();
                v.here && v.reasons.is_empty() && v.told.is_none() && !marked && !self.of.contains_key(ordinal)
            })
            .map(|(ordinal, v)| (*ordinal, v.lifted))
            .collect();
        for _ in 0..(views.len() * 12 / 1000).max(1).min(free.len()) {
            let (ordinal, lifted) = *self.dice.pick(&free);
            let cause = *self.dice.pick(&["illness", "disability", "labour", "employment", "other"]);
            let list_type = if lifted { "unstable" } else { "marginal" };
            found.insert(ordinal, Report { list_type, causes: vec![cause] });
        }
        found
    }

    /// What a village reports of a household that it has something to say about: not again what is settled.
    fn reported(&self, case: Option<usize>, view: &View, monitored: bool) -> Option<Report> {
        let told = view.told.clone()?;
        let Some(case) = case.map(|c| &self.cases[c]) else { return (!monitored).then_some(told) };
        match case.state() {
            "approved" | "tracking" | "exit_township" | "exit_county" | "ended" => None,
            "exited" | "false_alarm" | "rejected" => {
                let settled = &case.causes;
                (!monitored && told.causes.iter().any(|c| !settled.contains(c))).then_some(told)
            }
            _ => Some(told),
        }
    }

    /// Draws an outcome for every case in one of the states, and does it.
    fn each(&mut self, scene: &Scene, states: &[&str], outcome: impl Fn(&mut Office, usize) -> &'static str) {
        for case in 0..self.cases.len() {
            if states.contains(&self.cases[case].state()) && !scene.left(&self.cases[case]) {
                let trigger = outcome(self, case);
                if !trigger.is_empty() {
                    self.act(scene, case, trigger, "");
                }
            }
        }
    }

    /// Does something to a case, writes it into the script, and lets the national system know in the month after.
    fn act(&mut self, scene: &Scene, case: usize, trigger: &'static str, manner: &'static str) {
        let exit = self.cases[case].state() == "exit_county";
        let mut act = scene.act(&self.cases[case], trigger, manner);
        act.takes_effect = self.cases[case].act(scene.day, trigger);
        if trigger.starts_with("meeting.") {
            act.meeting = format!("防贫〔{}〕{}号", scene.day.year(), self.meetings);
        }
        if trigger == "answer.other_cause" {
            let known = &self.cases[case].causes;
            let other = ["labour", "disability", "other", "industry"].into_iter().find(|c| !known.contains(c));
            act.causes = other.into_iter().collect();
        }
        self.script.push(act);
        let Some(ordinal) = self.cases[case].household() else { return };
        let marks = self.marks.entry(ordinal).or_default();
        let from = month_after(scene.day);
        match (trigger, exit) {
            ("meeting.pass", false) => {
                let view = scene.view(ordinal);
                let list_type = match view.map(|v| (v.lifted, v.list_type)) {
                    Some((true, _)) => "unstable",
                    Some((false, "sudden")) => "sudden",
                    _ => "marginal",
                };
                let cause = self.cases[case].causes.iter().next().copied().unwrap_or("other");
                marks.push(Mark { from, list_type, cause, since: scene.day, cleared: None });
            }
            ("meeting.pass", true) => {
                if let Some(last) = marks.last().copied() {
                    marks.push(Mark { from, cleared: Some(scene.day), ..last });
                }
            }
            ("rollback", _) => {
                if let Some(last) = marks.last().copied() {
                    marks.push(Mark { from, cleared: None, ..last });
                }
            }
            _ => {}
        }
    }

    /// The forms come back.
    fn answers(&mut self, scene: &Scene) {
        for case in self.asked.clone() {
            if scene.left(&self.cases[case]) {
                continue;
            }
            if self.cases[case].household().is_none() {
                let trigger = self.card("stranger");
                if !trigger.is_empty() {
                    self.act(scene, case, trigger, "");
                }
                continue;
            }
            if self.cases[case].state() != "to_verify" {
                continue;
            }
            let nightly = scene.stop.kind == Kind::Nightly;
            match self.waiting.get(&case) {
                Some(quarter) if nightly || scene.stop.quarter < *quarter => continue,
                Some(_) => {
                    self.waiting.remove(&case);
                    let trigger = self.at_the_door(scene, case);
                    self.act(scene, case, trigger, "late");
                }
                None => {
                    let manner = if nightly { "" } else { self.card("manner") };
                    let trigger = self.at_the_door(scene, case);
                    match manner {
                        "late" | "deleted" => {
                            self.waiting.insert(case, scene.stop.quarter + 1);
                            let act = scene.act(&self.cases[case], "", manner);
                            self.script.push(act);
                        }
                        "two_versions" => {
                            for trigger in ["answer.true", "answer.false"] {
                                let act = scene.act(&self.cases[case], trigger, manner);
                                self.script.push(act);
                            }
                            self.again.push((case, manner, trigger));
                        }
                        "corrected" => {
                            self.act(scene, case, "answer.true", "");
                            self.again.push((case, manner, "answer.false"));
                        }
                        "same_again" => {
                            self.act(scene, case, trigger, "");
                            self.again.push((case, manner, trigger));
                        }
                        _ => self.act(scene, case, trigger, ""),
                    }
                }
            }
        }
    }

    /// What the village finds: nothing where nothing is.
    fn at_the_door(&mut self, scene: &Scene, case: usize) -> &'static str {
        let view = self.cases[case].household().and_then(|h| scene.view(h));
        let real = view.is_some_and(|v| !v.reasons.is_empty() || v.told.is_some());
        if real { self.card("door") } else { "answer.false" }
    }

    /// Second versions of forms, and what a person decides where they contradict the first.
    fn second_versions(&mut self, scene: &Scene) {
        let again = std::mem::take(&mut self.again);
        // All forms of the day come in before anybody decides.
        for (case, manner, trigger) in again.iter().filter(|a| a.1 != "two_versions") {
            let act = scene.act(&self.cases[*case], trigger, manner);
            self.script.push(act);
        }
        for (case, manner, trigger) in again {
            let decide = Scene { batch: "decide", ..*scene };
            match manner {
                "corrected" => {
                    self.act(&decide, case, "undo", "");
                    self.act(&decide, case, trigger, "");
                }
                "two_versions" => self.act(&decide, case, trigger, ""),
                _ => {}
            }
        }
    }

    /// Whole households that died or left: their cases end.
    fn life(&mut self, scene: &Scene) {
        for case in 0..self.cases.len() {
            let closed = ["exited", "false_alarm", "rejected", "ended"].contains(&self.cases[case].state());
            let died = self.cases[case].household().and_then(|h| scene.gone.get(&h));
            if let (Some(died), false) = (died, closed) {
                self.act(scene, case, if *died { "life.died" } else { "life.moved" }, "");
            }
        }
    }

    /// Villages assess who has been followed for a year; the county takes an exit back.
    fn exits(&mut self, scene: &Scene) {
        let year_ago = scene.day.saturating_sub(12.months());
        for case in 0..self.cases.len() {
            let Some(ordinal) = self.cases[case].household() else { continue };
            if scene.left(&self.cases[case]) {
                continue;
            }
            match self.cases[case].state() {
                "tracking" => {
                    let since = self.marks.get(&ordinal).and_then(|m| m.last()).map(|m| m.since);
                    if since.is_none_or(|since| since > year_ago) {
                        continue;
                    }
                    // Nobody assesses as gone what the next list shows again.
                    let quiet = |views: &Views| views.get(&ordinal).is_none_or(|v| v.reasons.is_empty());
                    let settled = scene.views.iter().skip(scene.last).take(2).all(quiet);
                    let trigger = if settled { self.card("exit") } else { "exit.extend" };
                    if !trigger.is_empty() {
                        self.act(scene, case, trigger, "");
                    }
                }
                "exited" => {
                    let long_ago =
                        self.cases[case].steps.last().is_some_and(|s| s.day < scene.day.saturating_sub(50.days()));
                    if long_ago && self.dice.percent(30) {
                        self.act(scene, case, "rollback", "");
                    }
                }
                _ => {}
            }
        }
    }
}

/// A day on which something is done.
#[derive(Clone, Copy)]
struct Scene<'a> {
    day: Date,
    batch: &'static str,
    stop: &'a Stop,
    form: Date,
    views: &'a [Views],
    /// The last run's stop.
    last: usize,
    gone: &'a BTreeMap<usize, bool>,
    townships: &'a [Township],
}

impl Scene<'_> {
    fn left(&self, case: &Case) -> bool {
        case.household().is_some_and(|h| self.gone.contains_key(&h))
    }

    /// A household as the last run saw it.
    fn view(&self, ordinal: usize) -> Option<&View> {
        self.views[self.last].get(&ordinal)
    }

    fn act(&self, case: &Case, trigger: &'static str, manner: &'static str) -> Act {
        let view = case.household().and_then(|h| self.view(h));
        let reason = match trigger {
            "answer.false" => "入户核实，生活正常，风险不属实",
            "answer.not_found" => "村里查无此人",
            "answer.wrong_identity" => "与数据中的身份不符",
            "answer.other_cause" => "困难属实，原因不同",
            "identity.found" => "已与户籍底册核对，确为该户",
            "identity.none" => "本县查无此人此户",
            "publicity.objection" => "群众反映情况不实，需重新核实",
            "township.return" => "材料不全，退回补正",
            "meeting.reject" => "经研究不符合条件",
            "meeting.return" => "情况不清，退回补正",
            "exit.village" => "收入稳定，风险已消除",
            "exit.extend" => "风险尚未稳定消除，继续跟踪",
            "rollback" => "复核发现风险未稳定消除",
            "life.died" => "全户去世",
            "life.moved" => "全户迁出",
            "undo" => "两次填报不一致，撤回前一次",
            _ => "",
        };
        let (name, number) = match &case.whom {
            Whom::Stranger(name, number) => (name.clone(), number.clone()),
            Whom::Household(_) => (view.map(|v| v.head.clone()).unwrap_or_default(), String::new()),
        };
        let township = &self.townships[case.place.0];
        Act {
            day: self.day.to_string(),
            batch: self.batch,
            form: self.form.to_string(),
            township: township.code.clone(),
            village: township.villages[case.place.1].name(),
            household: view.map(|v| v.number.clone()).unwrap_or_default(),
            name,
            reported_number: number,
            trigger,
            manner,
            reason,
            ..Act::default()
        }
    }
}
