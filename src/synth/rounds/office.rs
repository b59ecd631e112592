//! What villages, townships and the county do about the cases: the script of the year, and the truth that follows from it.
//!
//! In: what is seen at every stop. Out: every case with its steps, everything that people did, what the national system has
//! marked when, what villages reported when. Outcomes come from decks of cards, so that even a small county meets the rare ones.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;

use super::acts::{Act, Scene};
use super::calendar::{self, Kind, Stop};
use super::cards::{CARDS, Deck};
use super::helping::Order;
use super::process::{self, Case, Grounds, Whom};
use super::view::{self, View, Views};
use crate::synth::dice::Dice;
use crate::synth::divisions;
use crate::synth::people::Monitored;
use crate::synth::truth::Report;

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
    /// Work orders in the order in which they were opened.
    pub orders: Vec<Order>,
    /// Rows on each paper that goes out: day, kind, how many.
    pub papers: Vec<(Date, &'static str, usize)>,
    marks: BTreeMap<usize, Vec<Mark>>,
    /// Case of each household.
    of: BTreeMap<usize, usize>,
    /// Cases on the form of the last run.
    asked: BTreeSet<usize>,
    /// Cases whose village has left the row blank or deleted it, until the quarter given.
    waiting: BTreeMap<usize, usize>,
    /// Second versions that come in two days later: case, manner, what was answered first, what then.
    again: Vec<(usize, &'static str, &'static str)>,
    /// Strangers who turn out to be of a household with a case of its own: their case, that one.
    merging: Vec<(usize, usize)>,
    /// Cases that were split off another one by hand.
    parted: BTreeSet<usize>,
    decks: BTreeMap<&'static str, Deck>,
    dice: Dice,
    meetings: usize,
}

/// The first day of the month after.
pub fn month_after(day: Date) -> Date {
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
            orders: Vec::new(),
            papers: Vec::new(),
            marks: BTreeMap::new(),
            of: BTreeMap::new(),
            asked: BTreeSet::new(),
            waiting: BTreeMap::new(),
            again: Vec::new(),
            merging: Vec::new(),
            parted: BTreeSet::new(),
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
        let days = calendar::days(stops);
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
            office.batch(&scene);
        }
        office
    }

    /// Does what is done on a day.
    fn batch(&mut self, scene: &Scene) {
        self.papers(scene);
        match scene.batch {
            "answers" => self.answers(scene),
            "life" => self.life(scene),
            "again" => self.second_versions(scene),
            "identity" => self.each(scene, &["identity_unclear"], |o, case| match o.cases[case].whom {
                Whom::Household(_) => o.card("identity"),
                Whom::Stranger(..) => o.stranger(case),
            }),
            "hand" => self.by_hand(scene),
            "start" => self.each(scene, &["proposed"], |_, _| "publicity.start"),
            "exit" => self.exits(scene),
            "end" => self.each(scene, &["village_publicity"], |o, _| o.card("end")),
            "township" => {
                self.each(scene, &["township_review"], |o, _| o.card("township"));
                self.each(scene, &["exit_township"], |o, _| o.card("exit_township"));
            }
            "stop" => self.each(scene, &["county_meeting"], |o, _| o.card("stop")),
            "resume" => self.each(scene, &["county_meeting"], |o, case| match o.cases[case].stands() {
                true => "clock.resume",
                false => "",
            }),
            "meeting" => {
                self.meetings += 1;
                self.each(scene, &["county_meeting"], |o, _| o.card("meeting"));
                self.each(scene, &["exit_county"], |o, _| o.card("exit_county"));
                self.special_relief(scene);
            }
            "open" => self.open_orders(scene),
            "plan" => self.plans(scene),
            "filing" => self.filings(scene),
            "returns" => self.returns(scene),
            "notice" => self.each(scene, &["exited"], |o, case| match o.cases[case].told() {
                true => "",
                false => o.card("notice"),
            }),
            _ => self.each(scene, &["approved"], |o, _| o.card("entered")),
        }
    }

    /// How many rows the paper of a day has to have: everything that waits for it.
    fn papers(&mut self, scene: &Scene) {
        let cases = |states: &[&str]| self.cases.iter().filter(|c| states.contains(&c.state())).count();
        let orders = |states: &[&str]| self.orders.iter().filter(|o| states.contains(&o.state())).count();
        let (kind, rows) = match scene.batch {
            "identity" => ("identity", cases(&["identity_unclear"])),
            "start" => ("publicity", cases(&["proposed", "village_publicity"])),
            "township" => ("township", cases(&["township_review", "exit_township"])),
            "meeting" => ("meeting", cases(&["county_meeting", "exit_county"]) + orders(&["special_review"])),
            "notice" => ("notice", self.cases.iter().filter(|c| c.state() == "exited" && !c.told()).count()),
            "plan" => ("order", orders(&["drafted"])),
            "filing" => ("filing", orders(&["planned"])),
            "returns" => ("return", self.orders.iter().filter(|o| o.expects(scene.day)).count()),
            _ => return,
        };
        if rows > 0 {
            self.papers.push((scene.day, kind, rows));
        }
    }

    /// What the office finds out about somebody whom nobody knew: nobody, or one of a household that has a case already.
    fn stranger(&mut self, case: usize) -> &'static str {
        let place = self.cases[case].place;
        let open = |c: &Case| matches!(c.state(), "to_verify" | "proposed" | "tracking");
        let into = self.cases.iter().position(|c| c.place == place && c.household().is_some() && open(c));
        match (self.card("stranger_is"), into) {
            ("merge", Some(into)) => {
                self.merging.push((case, into));
                ""
            }
            _ => "identity.none",
        }
    }

    /// What the office does at the keyboard: a case goes into another one, one is split off another, helpers are reassigned.
    fn by_hand(&mut self, scene: &Scene) {
        for (case, into) in std::mem::take(&mut self.merging) {
            let number = |office: &Office, case: usize| {
                office.cases[case].household().and_then(|h| scene.view(h)).map(|v| v.number.clone())
            };
            if let Some(other) = number(self, into) {
                self.act(scene, case, "merge", "");
                if let Some(act) = self.script.last_mut() {
                    act.other = other;
                }
            }
        }
        if scene.stop.quarter % 2 == 0 {
            self.split(scene);
        }
        self.each(scene, &["tracking"], |o, _| o.card("helper"));
    }

    /// The trouble turns out to be that of another household of the village, which gets a case of its own.
    fn split(&mut self, scene: &Scene) {
        let free = |office: &Office, ordinal: usize, view: &View| {
            let unknown = !office.of.contains_key(&ordinal) && !office.marks.contains_key(&ordinal);
            view.here && view.reasons.is_empty() && view.told.is_none() && unknown && !scene.gone.contains_key(&ordinal)
        };
        let open = |c: &Case| matches!(c.state(), "to_verify" | "proposed");
        let found = self.cases.iter().filter(|c| open(c) && !scene.left(c)).find_map(|parent| {
            let from = scene.view(parent.household()?)?.number.clone();
            let mut others = scene.views[scene.last].iter().filter(|(_, v)| v.place == parent.place);
            let (ordinal, _) = others.find(|(ordinal, view)| free(self, **ordinal, view))?;
            Some((*ordinal, parent.place, from))
        });
        let Some((ordinal, place, from)) = found else { return };
        let mut case = Case::open(Whom::Household(ordinal), "split", scene.day);
        case.place = place;
        let mut act = scene.act(&case, "split", "");
        (act.other, act.takes_effect) = (from, true);
        self.script.push(act);
        self.of.insert(ordinal, self.cases.len());
        self.parted.insert(self.cases.len());
        self.cases.push(case);
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

    /// The next card of a deck.
    pub fn card(&mut self, deck: &'static str) -> &'static str {
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
            act.meeting = self.meeting(scene);
        }
        if trigger == "answer.other_cause" {
            let known = &self.cases[case].causes;
            let other = ["labour", "disability", "other", "industry"].into_iter().find(|c| !known.contains(c));
            act.causes = other.into_iter().collect();
            self.cases[case].found = other;
        }
        if trigger.starts_with("life.") {
            self.cancel_orders(scene.day, case);
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

    /// Number of the last meeting.
    pub fn meeting(&self, scene: &Scene) -> String {
        format!("防贫〔{}〕{}号", scene.day.year(), self.meetings)
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
        if real || self.parted.contains(&case) { self.card("door") } else { "answer.false" }
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
            let closed = ["exited", "false_alarm", "rejected", "ended", "merged"].contains(&self.cases[case].state());
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
                _ => {}
            }
        }
        let rollback = Scene { batch: "rollback", ..*scene };
        for case in 0..self.cases.len() {
            let long_ago = self.cases[case].steps.last().is_some_and(|s| s.day < scene.day.saturating_sub(50.days()));
            if self.cases[case].state() == "exited"
                && long_ago
                && !scene.left(&self.cases[case])
                && self.dice.percent(30)
            {
                self.act(&rollback, case, "rollback", "");
            }
        }
    }
}
