//! Rounds and people's steps in, where every case stands out: through the ledger's file, as a year would do it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::ledger::{CaseState, Change, Import, Ledger, RunKey, case_id};
use super::moves::{Refusal, Step};
use super::{Lists, advance, asked, case_changes, cases_table, proposals, verification_tasks, village_reports};
use crate::model::build::{TableBuilder, Value};
use crate::model::{Table, TableSchema, tables};
use crate::plan::{Plan, process, sample};

fn table(schema: TableSchema, rows: Vec<Vec<(&str, Value)>>) -> Table {
    let mut builder = TableBuilder::new(schema);
    for row in rows {
        builder.push_named(row);
    }
    builder.finish()
}

/// One household as a round sees it: number, outcome, evidence of its rule, causes online and offline.
#[derive(Debug, Clone, Default)]
struct Seen {
    household: &'static str,
    outcome: &'static str,
    evidence: &'static str,
    online: &'static str,
    offline: &'static str,
    /// Where its head lives in the register; the household itself when empty.
    head_in: &'static str,
}

fn online(household: &'static str, evidence: &'static str) -> Seen {
    Seen { household, outcome: "online_only", evidence, online: "illness", ..Seen::default() }
}

fn agreed(household: &'static str, evidence: &'static str) -> Seen {
    Seen { outcome: "agreed", offline: "illness", ..online(household, evidence) }
}

/// An office with its ledger.
struct Office {
    dir: tempfile::TempDir,
    plan: Plan,
    runs: u32,
    /// `case_changes` and `village_reports` of the last round.
    told: Vec<Table>,
}

impl Office {
    fn new() -> Office {
        Office { dir: tempfile::tempdir().unwrap(), plan: sample::plan(), runs: 0, told: Vec::new() }
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(self.dir.path()).unwrap()
    }

    /// A round over these households; `monitored` are those the national system follows. Gives the households that are asked.
    fn round(&mut self, round: &str, as_of: Date, seen: &[Seen], monitored: &[&str]) -> Vec<String> {
        let home = |h: &str, monitored: bool| {
            vec![
                ("household_id", Value::from(h)),
                ("head_person_id", format!("P-{h}").into()),
                ("head_name", "张三".into()),
                ("head_id_number", "99012119900101123X".into()),
                ("village", "上河村".into()),
                ("monitored_type", monitored.then_some("marginal").into()),
            ]
        };
        let mut homes: BTreeMap<&str, bool> = seen.iter().map(|s| (s.household, false)).collect();
        homes.extend(seen.iter().filter(|s| !s.head_in.is_empty()).map(|s| (s.head_in, false)));
        homes.extend(monitored.iter().map(|h| (*h, true)));
        let gone = |h: &str| seen.iter().any(|s| s.household == h && !s.head_in.is_empty());
        homes.retain(|h, _| !gone(h));
        let persons = homes.keys().map(|h| (format!("P-{h}"), h.to_string())).chain(
            seen.iter().filter(|s| !s.head_in.is_empty()).map(|s| (format!("P-{}", s.household), s.head_in.into())),
        );
        let persons = persons
            .map(|(p, h)| vec![("person_id", p.into()), ("household_id", h.into()), ("status", "normal".into())])
            .collect();
        let seen: Vec<&Seen> = seen.iter().filter(|s| s.head_in.is_empty()).collect();
        let comparison = table(
            tables::comparison(),
            seen.iter()
                .enumerate()
                .map(|(i, s)| {
                    let known = s.outcome != "identity_unclear";
                    let some = |v: &str| Some(v.to_string()).filter(|v| !v.is_empty());
                    vec![
                        ("comparison_id", format!("C{i:05}").into()),
                        ("outcome", s.outcome.into()),
                        ("household_id", known.then_some(s.household).into()),
                        ("head_name", s.household.into()),
                        ("village", "上河村".into()),
                        ("online_type", some(s.online).map(|_| "marginal").into()),
                        ("online_causes", some(s.online).into()),
                        ("offline_type", some(s.offline).map(|_| "marginal").into()),
                        ("offline_causes", some(s.offline).into()),
                        ("offline_records", some(s.offline).map(|_| format!("offline-{i}")).into()),
                        ("explanation", "说明".into()),
                    ]
                })
                .collect(),
        );
        let hits = seen.iter().filter(|s| !s.evidence.is_empty());
        let hits = hits
            .map(|s| {
                vec![
                    ("household_id", s.household.into()),
                    ("rule", "MED-01".into()),
                    ("role", "lists".into()),
                    ("evidence", s.evidence.into()),
                ]
            })
            .collect();
        let followed =
            monitored.iter().map(|h| vec![("household_id", Value::from(*h)), ("risk_cleared", false.into())]);
        let households = table(tables::households(), homes.iter().map(|(h, m)| home(h, *m)).collect());
        let none = table(tables::online_list(), vec![]);
        let questions = verification_tasks(round, &comparison, &none, &households, &self.plan);
        let mut ledger = self.ledger();
        let lists = Lists {
            plan: &self.plan,
            round,
            as_of,
            comparison: &comparison,
            questions: &questions,
            offline: &table(tables::offline_list(), vec![]),
            tracking: &table(tables::tracking(), followed.collect()),
            persons: &table(tables::persons(), persons),
            households: &households,
            hits: &table(tables::rule_hits(), hits),
        };
        let advanced = advance(lists, &ledger.cases().unwrap(), ledger.next_case().unwrap());
        self.runs += 1;
        let key = RunKey { round: round.into(), as_of: as_of.to_string(), run_id: format!("run-{}", self.runs) };
        let change = Change { cases: advanced.change.clone(), ..Change::default() };
        ledger.prepare(&key, &change).unwrap();
        ledger.publish().unwrap();
        // What the round reckoned is what the ledger says afterwards.
        let read = ledger.cases().unwrap();
        assert_eq!(read.len(), advanced.states.len());
        for (a, b) in read.iter().zip(&advanced.states) {
            let key = |s: &CaseState| (s.case, s.state.clone(), s.since.clone(), s.by_person, s.merged_into, s.steps);
            assert_eq!(key(a), key(b));
            assert_eq!(a.round, b.round);
        }
        let tasks = asked(round, &questions, &comparison, &advanced, &self.plan);
        // Every open case stands in the table, whether the lists of the round have it or not.
        let standing = cases_table(round, &advanced.states, &self.plan, |_| None);
        let closed = |s: &CaseState| self.plan.process.cases.state(&s.state).unwrap().owner.is_none();
        assert!(standing.rows() >= advanced.states.iter().filter(|s| !closed(s)).count());
        let _ = proposals(round, &comparison, &none, &households, &advanced, &self.plan);
        let changes = case_changes(round, &as_of.to_string(), &advanced, &self.plan);
        let open = advanced.states.iter().filter(|s| !closed(s)).count();
        let told = changes.text("change").iter().flatten().filter(|c| *c != "left").count();
        assert_eq!(told, open, "every open case stands in case_changes once");
        self.told = vec![changes, village_reports(&comparison, &advanced, &self.plan)];
        tasks.text("case_id").iter().flatten().map(str::to_string).collect()
    }

    fn case(&self, anchor: &str) -> CaseState {
        let cases = self.ledger().cases().unwrap();
        let mut own = cases.into_iter().filter(|c| c.anchor == anchor);
        let case = own.next().expect("there is a case");
        assert_eq!(own.next(), None, "one case for each household");
        case
    }

    fn state(&self, anchor: &str) -> String {
        self.case(anchor).state
    }

    fn step(&self, anchor: &str, step: &Step) -> Result<String, Refusal> {
        let case = self.case(anchor).case;
        let mut ledger = self.ledger();
        let import =
            Import { kind: "keyboard".into(), day: step.day.to_string(), by: step.by.clone(), ..Import::default() };
        let done = ledger.change(|changes| {
            let number = changes.import(&import)?;
            changes.step(&self.plan.process, number, "2026Q3", case, step)
        });
        done.unwrap().map(|a| a.to)
    }
}

fn say(trigger: &str, day: Date) -> Step {
    Step::new(trigger, day, "村委会", "已入户").with("meeting", "〔2026〕3号").with("causes", "illness")
}

const Q2: Date = date(2026, 6, 30);
const Q3: Date = date(2026, 9, 30);
const BILL: &str = "近12个月合规自付26600元，达到20000元";

#[test]
fn a_false_alarm_is_not_asked_again_until_its_facts_change() {
    let mut office = Office::new();
    assert_eq!(office.round("2026Q2", Q2, &[online("H1", BILL)], &[]), ["A0000001"]);
    assert_eq!(office.step("H1", &say("answer.false", date(2026, 7, 3))).unwrap(), "false_alarm");
    // The same bill, a little less as days go by; and the round run again after the answer.
    assert_eq!(office.round("2026Q2", Q2, &[online("H1", BILL)], &[]), [""; 0]);
    assert_eq!(office.round("2026Q3", Q3, &[online("H1", "近12个月合规自付24000元，达到20000元")], &[]), [""; 0]);
    assert!(office.case("H1").round.unwrap().suppressed);
    // A new one: asked again, told why.
    let more = [online("H1", "近12个月合规自付61000元，达到20000元")];
    assert_eq!(office.round("2026Q4", date(2026, 12, 31), &more, &[]), ["A0000001"]);
    let case = office.case("H1");
    assert_eq!(case.state, "to_verify");
    let told = case.round.unwrap().changed.unwrap();
    assert!(told.contains("原为“近12个月合规自付26600元") && told.contains("61000元"), "{told}");
}

#[test]
fn a_false_alarm_that_the_village_later_reports_itself_is_proposed() {
    let mut office = Office::new();
    office.round("2026Q2", Q2, &[online("H1", BILL)], &[]);
    office.step("H1", &say("answer.false", date(2026, 7, 3))).unwrap();
    office.round("2026Q3", Q3, &[agreed("H1", BILL)], &[]);
    assert_eq!(office.state("H1"), "proposed");
}

#[test]
fn what_nobody_answered_stays_open_and_is_asked_again() {
    let mut office = Office::new();
    office.round("2026Q2", Q2, &[online("H1", BILL), agreed("H2", BILL)], &[]);
    // Next quarter no list has either of them.
    assert_eq!(office.round("2026Q3", Q3, &[online("H3", BILL)], &[]), ["A0000003", "A0000001"]);
    assert_eq!((office.state("H1"), office.state("H2")), ("to_verify".into(), "proposed".into()));
}

#[test]
fn a_round_run_again_corrects_itself_and_leaves_peoples_word() {
    let mut office = Office::new();
    office.round("2026Q3", Q3, &[online("H1", BILL), agreed("H2", BILL), online("H3", BILL), online("H4", BILL)], &[]);
    office.step("H3", &say("answer.true", date(2026, 10, 2))).unwrap();
    // A late file: H1 was reported after all, H2 was not, H3 is as before, H4 is no longer on any list.
    office.round("2026Q3", Q3, &[agreed("H1", BILL), online("H2", BILL), online("H3", BILL)], &[]);
    let states = ["H1", "H2", "H3", "H4"].map(|h| office.state(h));
    assert_eq!(states, ["proposed", "to_verify", "proposed", "lapsed"]);
    let before = office.ledger().case_events(None).unwrap();
    office.round("2026Q3", Q3, &[agreed("H1", BILL), online("H2", BILL), online("H3", BILL)], &[]);
    assert_eq!(office.ledger().case_events(None).unwrap(), before, "the same inputs make no steps");
    // And back again when the file returns.
    office.round("2026Q3", Q3, &[agreed("H1", BILL), agreed("H2", BILL), online("H3", BILL), online("H4", BILL)], &[]);
    assert_eq!((office.state("H2"), office.state("H4")), ("proposed".into(), "to_verify".into()));
}

#[test]
fn an_approved_household_is_followed_once_the_national_system_has_it() {
    let mut office = Office::new();
    office.round("2026Q2", Q2, &[agreed("H1", BILL)], &["H9"]);
    assert_eq!(office.state("H9"), "tracking");
    for (trigger, day) in [("publicity.start", 2), ("publicity.passed", 8), ("township.pass", 9), ("meeting.pass", 15)]
    {
        office.step("H1", &say(trigger, date(2026, 7, day))).unwrap();
    }
    assert_eq!(office.state("H1"), "approved");
    let same = Seen { outcome: "already_monitored", ..online("H1", BILL) };
    assert_eq!(office.round("2026Q3", Q3, std::slice::from_ref(&same), &["H1", "H9"]), [""; 0]);
    assert_eq!(office.state("H1"), "tracking");
    // A risk that was not there before is told, once.
    let more = Seen { online: "housing|illness", ..same };
    office.round("2026Q4", date(2026, 12, 31), std::slice::from_ref(&more), &["H1", "H9"]);
    office.round("2026Q4", date(2026, 12, 31), &[more], &["H1", "H9"]);
    let events = office.ledger().case_events(Some(office.case("H1").case)).unwrap();
    let added: Vec<_> = events.iter().filter(|e| e.trigger == "round.risk_added").collect();
    assert_eq!(added.len(), 1);
    assert_eq!(added[0].reason, "新增风险：因安全住房");
}

#[test]
fn households_that_join_become_one_case_and_nobody_is_lost() {
    let mut office = Office::new();
    office.round("2026Q2", Q2, &[online("H1", BILL), online("H2", BILL)], &[]);
    let moved = Seen { head_in: "H1", ..online("H2", BILL) };
    office.round("2026Q3", Q3, &[online("H1", BILL), moved], &[]);
    assert_eq!((office.state("H1"), office.state("H2")), ("to_verify".into(), "merged".into()));
    assert_eq!(office.case("H2").merged_into, Some(office.case("H1").case));
}

#[test]
fn a_person_nobody_knows_is_a_case_too() {
    let mut office = Office::new();
    let unclear = Seen { outcome: "identity_unclear", offline: "illness", household: "李四", ..Seen::default() };
    assert_eq!(office.round("2026Q2", Q2, std::slice::from_ref(&unclear), &[]), ["A0000001"]);
    assert_eq!(office.round("2026Q3", Q3, &[unclear], &[]), ["A0000001"], "the same words are the same case");
    let cases = office.ledger().cases().unwrap();
    assert_eq!((cases.len(), cases[0].state.as_str()), (1, "identity_unclear"));
}

#[test]
fn a_step_can_be_undone_and_the_undoing_is_kept() {
    let mut office = Office::new();
    office.round("2026Q2", Q2, &[online("H1", BILL)], &[]);
    office.step("H1", &say("answer.false", date(2026, 7, 3))).unwrap();
    assert_eq!(office.step("H1", &say("undo", date(2026, 7, 4))).unwrap(), "to_verify");
    let case = office.case("H1");
    assert_eq!((case.state.as_str(), case.since.as_str(), case.concluded), ("to_verify", "2026-06-30", None));
    assert_eq!(office.step("H1", &say("undo", date(2026, 7, 4))).unwrap_err().code, "case.not_now");
    assert_eq!(office.ledger().case_events(Some(1)).unwrap().len(), 3);
}

#[test]
fn the_clock_stands_while_another_platform_checks() {
    let mut office = Office::new();
    office.round("2026Q2", Q2, &[online("H1", BILL)], &[]);
    office.step("H1", &say("clock.stop", date(2026, 7, 1))).unwrap();
    assert_eq!(office.step("H1", &say("clock.stop", date(2026, 7, 2))).unwrap_err().code, "case.clock");
    office.step("H1", &say("clock.resume", date(2026, 7, 20))).unwrap();
    assert_eq!(office.case("H1").stops, [("2026-07-01".to_string(), Some("2026-07-20".to_string()))]);
    assert_eq!(office.state("H1"), "to_verify");
}

#[test]
fn a_change_that_fails_half_way_changes_nothing() {
    let mut office = Office::new();
    office.round("2026Q2", Q2, &[online("H1", BILL), online("H2", BILL)], &[]);
    let before = office.ledger().cases().unwrap();
    let mut ledger = office.ledger();
    let failed: Result<(), _> = ledger.change(|changes| {
        let import = changes.import(&Import::default())?;
        let step = say("answer.true", date(2026, 7, 3));
        changes.step(&office.plan.process, import, "2026Q2", 1, &step)?.unwrap();
        Err(crate::diag::Failure::internal("the power fails here"))
    });
    assert!(failed.is_err());
    assert_eq!(office.ledger().cases().unwrap(), before);
}

#[test]
fn a_round_says_what_became_of_the_one_before() {
    let mut office = Office::new();
    office.round("2026Q2", Q2, &[online("H1", BILL), agreed("H2", BILL), online("H3", BILL), online("H4", BILL)], &[]);
    office.step("H1", &say("answer.false", date(2026, 7, 3))).unwrap();
    office.step("H4", &say("answer.false", date(2026, 7, 3))).unwrap();
    let more = "近12个月合规自付61000元，达到20000元";
    let other = Seen { online: "housing", ..online("H3", BILL) };
    office.round(
        "2026Q3",
        Q3,
        &[online("H1", BILL), agreed("H2", BILL), other, online("H4", more), online("H5", BILL)],
        &[],
    );
    let rows = |table: &Table, columns: &[&str]| -> Vec<String> {
        let row =
            |r| columns.iter().map(|c| table.display_at(c, r).unwrap_or("-".into())).collect::<Vec<_>>().join(" ");
        (0..table.rows()).map(row).collect()
    };
    let changes = rows(&office.told[0], &["case_id", "change", "state", "causes_before", "causes_now"]);
    assert_eq!(
        changes,
        [
            "A0000001 left false_alarm illness illness",
            "A0000002 still_open proposed illness illness",
            "A0000003 cause_changed to_verify illness housing",
            "A0000004 returned to_verify illness illness",
            "A0000005 entered to_verify - illness",
        ]
    );
    let columns = ["village", "online", "offline", "agreed", "online_only", "confirmed", "refuted", "unanswered"];
    assert_eq!(rows(&office.told[1], &columns), ["上河村 5 1 1 4 0 2 3"]);
}

/// Triggers that people use, and some that only rounds do: refused at the keyboard where the machine has no such step.
fn any_trigger() -> impl Strategy<Value = &'static str> {
    prop::sample::select([process::TRIGGERS, &["undo"]].concat())
}

/// What must hold of every ledger, whatever was done to it.
fn sound(dir: &Path, plan: &Plan, opened: usize) {
    let ledger = Ledger::open(dir).unwrap();
    let cases = ledger.cases().unwrap();
    assert_eq!(cases.len(), opened, "no case is lost or doubled");
    for case in &cases {
        assert!(plan.process.cases.state(&case.state).is_some(), "{} is in no state", case_id(case.case));
        let events = ledger.case_events(Some(case.case)).unwrap();
        assert_eq!(events.first().map(|e| e.from.as_str()), Some(process::NEW));
        assert!(events.windows(2).all(|w| w[0].to == w[1].from), "steps follow each other");
        assert_eq!(events.last().map(|e| &e.to), Some(&case.state), "the last step says where it stands");
        for e in events.iter().filter(|e| e.trigger != "undo") {
            let legal = plan.process.cases.find(&e.from, &e.trigger).expect("only steps of the machine");
            assert_eq!(legal.to.as_ref().unwrap_or(&e.from), &e.to);
        }
        if let Some(into) = case.merged_into {
            assert!(cases.iter().any(|c| c.case == into));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_steps_keep_the_ledger_sound_and_refused_ones_change_nothing(
        steps in prop::collection::vec((0..3usize, any_trigger(), 0..30i64, prop::bool::weighted(0.9)), 1..40)
    ) {
        let mut office = Office::new();
        office.round("2026Q2", Q2, &[online("H1", BILL), agreed("H2", BILL), online("H3", BILL)], &["H4"]);
        for (i, (at, trigger, after, complete)) in steps.iter().enumerate() {
            let anchor = ["H1", "H2", "H4"][*at];
            let day = Q2.saturating_add(jiff::ToSpan::days(*after + i as i64));
            let mut step = say(trigger, day).with("into", "A0000003");
            if !complete {
                step.by = String::new();
            }
            let before = (office.ledger().cases().unwrap(), office.ledger().case_events(None).unwrap());
            match office.step(anchor, &step) {
                Ok(to) => {
                    prop_assert!(complete);
                    prop_assert_eq!(office.state(anchor), to);
                    prop_assert_eq!(office.ledger().case_events(None).unwrap().len(), before.1.len() + 1);
                }
                Err(refused) => {
                    prop_assert!(refused.code.starts_with("case."));
                    prop_assert!(!refused.said.is_empty());
                    let after = (office.ledger().cases().unwrap(), office.ledger().case_events(None).unwrap());
                    prop_assert_eq!(before, after);
                }
            }
            if i % 7 == 6 {
                office.round("2026Q3", Q3, &[agreed("H1", BILL), online("H2", BILL)], &["H4"]);
            }
        }
        sound(office.dir.path(), &office.plan, 4);
    }
}
