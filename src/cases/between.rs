//! A round next to the one before: `case_changes`, and who is found by whom in each village: `village_reports`.

use std::collections::BTreeMap;

use super::advance::Advanced;
use super::ledger::{CaseState, case_id};
use crate::model::build::TableBuilder;
use crate::model::{Table, tables};
use crate::plan::{Phase, Plan};

/// What became of every case since the round before: one row per case that is open or has moved since.
///
/// `entered` (opened by this round), `returned` (closed before, open again), `left` (closed since the round before), `cause_changed`
/// (open, and its causes are others than then), `still_open`.
pub fn case_changes(round: &str, as_of: &str, advanced: &Advanced, plan: &Plan) -> Table {
    let earlier = |s: &CaseState| s.round.as_ref().filter(|r| r.round != round).or(s.earlier.as_ref()).cloned();
    let before =
        advanced.states.iter().filter_map(|s| earlier(s).map(|r| r.as_of)).filter(|day| day.as_str() < as_of).max();
    let closed = |code: &str| plan.process.cases.state(code).is_some_and(|s| s.phase == Phase::Closed);
    let came_back: BTreeMap<u32, &str> = advanced
        .change
        .events
        .iter()
        .filter(|(_, from, to, _)| closed(from) && !closed(to))
        .map(|(case, from, ..)| (*case, from.as_str()))
        .collect();
    let mut out = TableBuilder::new(tables::case_changes());
    for state in &advanced.states {
        let (then, now) = (earlier(state).unwrap_or_default(), state.round.clone().unwrap_or_default());
        let since_then = before.as_ref().is_none_or(|day| state.since > *day);
        let kind = match () {
            () if closed(&state.state) && since_then => "left",
            () if closed(&state.state) => continue,
            () if state.opened_round == round => "entered",
            () if came_back.contains_key(&state.case) => "returned",
            () if now.round == round && !then.round.is_empty() && now.causes != then.causes => "cause_changed",
            () => "still_open",
        };
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        out.push_named(vec![
            ("case_id", case_id(state.case).into()),
            ("change", kind.into()),
            ("household_id", now.household.into()),
            ("head_name", now.head_name.into()),
            ("township_code", now.township_code.into()),
            ("township", now.township.into()),
            ("village_code", now.village_code.into()),
            ("village", now.village.into()),
            ("state", state.state.clone().into()),
            ("state_title", plan.process.cases.title(&state.state).into()),
            ("causes_before", some(then.causes).into()),
            ("causes_now", some(now.causes).into()),
            ("reason", now.changed.or_else(|| state.given.get("reason").cloned()).into()),
        ]);
    }
    out.finish()
}

/// Counts of one village.
#[derive(Default)]
struct Village {
    place: [Option<String>; 4],
    counts: [i64; 9],
}

/// Who is found by whom: one row per village that the comparison or an open case names (background §5, feature 11).
///
/// A village that never reports what the departments see, or only reports what no department can see, shows here.
pub fn village_reports(comparison: &Table, advanced: &Advanced, plan: &Plan) -> Table {
    let mut villages: BTreeMap<[Option<String>; 2], Village> = BTreeMap::new();
    let mut add = |place: [Option<String>; 4], counted: &[usize]| {
        let key = [place[2].clone().or(place[0].clone()), place[3].clone()];
        let village = villages.entry(key).or_default();
        village.place = place;
        counted.iter().for_each(|i| village.counts[*i] += 1);
    };
    for row in 0..comparison.rows() {
        let own = |column: &str| comparison.str_at(column, row).map(str::to_string);
        let place = ["township_code", "township", "village_code", "village"].map(own);
        let kind = match comparison.str_at("outcome", row) {
            Some("agreed") => Some(2),
            Some("online_only") => Some(3),
            Some("offline_only") => Some(4),
            Some("identity_unclear") => Some(5),
            _ => None,
        };
        let mut counted: Vec<usize> = kind.into_iter().collect();
        counted.extend(own("online_type").map(|_| 0));
        counted.extend(own("offline_records").map(|_| 1));
        add(place, &counted);
    }
    for state in &advanced.states {
        let Some(said) = &state.round else { continue };
        let place = [&said.township_code, &said.township, &said.village_code, &said.village].map(Clone::clone);
        let phase = plan.process.cases.state(&state.state).map(|s| s.phase);
        let mut counted = Vec::new();
        match state.answered.as_deref() {
            Some("answer.true" | "answer.other_cause") => counted.push(6),
            Some("answer.false") => counted.push(7),
            _ => {}
        }
        if matches!(phase, Some(Phase::Verification | Phase::Identity)) {
            counted.push(8);
        }
        if !counted.is_empty() {
            add(place, &counted);
        }
    }
    let mut out = TableBuilder::new(tables::village_reports());
    for village in villages.into_values() {
        let [township_code, township, village_code, name] = village.place;
        let mut row = vec![
            ("township_code", township_code.into()),
            ("township", township.into()),
            ("village_code", village_code.into()),
            ("village", name.into()),
        ];
        let columns = [
            "online",
            "offline",
            "agreed",
            "online_only",
            "offline_only",
            "unclear",
            "confirmed",
            "refuted",
            "unanswered",
        ];
        row.extend(columns.into_iter().zip(village.counts).map(|(column, n)| (column, n.into())));
        out.push_named(row);
    }
    out.finish()
}
