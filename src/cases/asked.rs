//! Cases after a round → who is asked what (`verification_tasks`), and how every case stands (`cases`).

use std::collections::BTreeSet;

use super::advance::Advanced;
use super::facts::{self, Facts};
use super::ledger::{CaseState, case_id};
use super::rows_by;
use crate::model::build::{TableBuilder, Value};
use crate::model::{Table, tables, text};
use crate::plan::{Phase, Plan};

fn day(text: &str) -> Value {
    text.parse().map_or(Value::Null, |d| Value::Date(text::to_days(d)))
}

/// With what a case's village was last asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastAsked {
    /// Day of issue of the form.
    pub day: String,
    /// What the case rested on then.
    pub facts: Facts,
}

/// True when a case's question has to go out anew: no form since its state began asks it, or what it rests on has changed since the
/// last one did (the measure by which an answer on that form would be refused as outdated).
///
/// Nights ask only by this: who gets the same twenty questions every morning stops reading them. A quarter's round asks all.
pub fn asks_anew(case: &CaseState, last: Option<&LastAsked>, plan: &Plan) -> bool {
    let Some(last) = last else { return true };
    // A form of the day on which a person sent the case back was made before that.
    let before = if case.by_person { last.day <= case.since } else { last.day < case.since };
    before
        || case
            .round
            .as_ref()
            .is_some_and(|now| facts::changed(&last.facts, &now.facts, plan.process.same_within, plan).is_some())
}

/// The questions that are really asked: those of cases that wait for a village or for an identity, numbered `T00001`….
///
/// `questions` has one for every difference of the round. Cases whose answer is still out from an earlier round, or which were sent
/// back, stand behind them: nothing that is open is forgotten because the lists of this round say nothing of it. A conclusion that
/// still covers the facts asks nothing.
pub fn asked(round: &str, questions: &Table, comparison: &Table, advanced: &Advanced, plan: &Plan) -> Table {
    let rows = rows_by(comparison, "comparison_id");
    let mut out = TableBuilder::new(tables::verification_tasks());
    let mut done: BTreeSet<u32> = BTreeSet::new();
    let open = |state: &CaseState| {
        let phase = plan.process.cases.state(&state.state).map(|s| s.phase);
        matches!(phase, Some(Phase::Verification | Phase::Identity))
            && !state.round.as_ref().is_some_and(|r| r.suppressed)
    };
    let fresh = |out: &mut TableBuilder, row: usize, state: &CaseState| {
        let said = state.round.as_ref();
        let mut values: Vec<(&str, Value)> = vec![
            ("task_id", format!("T{:05}", out.len() + 1).into()),
            ("case_id", case_id(state.case).into()),
            ("changed", said.and_then(|r| r.changed.clone()).into()),
            ("asked_since", day(&state.since)),
        ];
        let own = |column: &'static str| (column, Value::from(questions.str_at(column, row)));
        values.extend(QUESTION.map(own));
        out.push_named(values);
    };
    for row in 0..questions.rows() {
        let compared = questions.str_at("comparison_id", row).and_then(|id| rows.get(id)).copied();
        let case = compared.and_then(|r| advanced.of_comparison[r]).and_then(|c| advanced.case(c));
        if let Some(state) = case.filter(|s| open(s))
            && done.insert(state.case)
        {
            fresh(&mut out, row, state);
        }
    }
    for state in advanced.states.iter().filter(|s| open(s) && !done.contains(&s.case)) {
        let said = state.round.clone().unwrap_or_default();
        let back = match state.given.get("reason").filter(|_| state.by_person) {
            Some(reason) => format!("此前交办的事项需要重新核实：{reason}。"),
            None => "此前交办的事项尚未答复，请尽快核实。".to_string(),
        };
        let question = match &said.question {
            Some(question) => format!("{back}{question}"),
            None => {
                let risks = plan.cause_titles(Some(&said.causes));
                let risks = if risks.is_empty() { "未写明的".to_string() } else { risks };
                format!("{back}请入户核实{risks}风险是否属实。")
            }
        };
        out.push_named(vec![
            ("task_id", format!("T{:05}", out.len() + 1).into()),
            ("round", round.into()),
            ("case_id", case_id(state.case).into()),
            ("household_id", said.household.into()),
            ("head_name", said.head_name.into()),
            ("masked_id_number", said.masked_number.into()),
            ("township_code", said.township_code.into()),
            ("township", said.township.into()),
            ("village_code", said.village_code.into()),
            ("village", said.village.into()),
            ("group", said.group.into()),
            ("list_type", said.list_type.into()),
            ("causes", Some(said.causes).filter(|c| !c.is_empty()).into()),
            ("question", question.into()),
            ("evidence", said.evidence.or(said.explanation).into()),
            ("changed", said.changed.into()),
            ("asked_since", day(&state.since)),
        ]);
    }
    out.finish()
}

/// Columns of a question that are taken as they are.
const QUESTION: [&str; 15] = [
    "round",
    "comparison_id",
    "outcome",
    "household_id",
    "head_name",
    "masked_id_number",
    "township_code",
    "township",
    "village_code",
    "village",
    "group",
    "list_type",
    "causes",
    "question",
    "evidence",
];

/// Every case that is open or of which the round speaks, in the order of their numbers.
///
/// `due` gives the last day for the next step of a state that holds since a day.
pub fn cases_table(
    round: &str,
    states: &[CaseState],
    plan: &Plan,
    due: impl Fn(&CaseState) -> Option<jiff::civil::Date>,
) -> Table {
    let mut out = TableBuilder::new(tables::cases());
    for state in states {
        let declared = plan.process.cases.state(&state.state);
        let open = declared.is_none_or(|s| s.phase != Phase::Closed);
        let said = state.round.clone().unwrap_or_default();
        let spoken = said.round == round;
        if !open && !spoken {
            continue;
        }
        let causes = state.given.get("causes").cloned().unwrap_or(said.causes);
        let due_on = due(state).filter(|_| open).map_or(Value::Null, |d| Value::Date(text::to_days(d)));
        out.push_named(vec![
            ("case_id", case_id(state.case).into()),
            ("household_id", said.household.into()),
            ("head_name", said.head_name.into()),
            ("township_code", said.township_code.into()),
            ("township", said.township.into()),
            ("village_code", said.village_code.into()),
            ("village", said.village.into()),
            ("group", said.group.into()),
            ("state", state.state.clone().into()),
            ("state_title", plan.process.cases.title(&state.state).into()),
            ("owner", declared.and_then(|s| s.owner).map(|o| o.as_str()).into()),
            ("since", day(&state.since)),
            ("due_on", due_on),
            ("opened_round", state.opened_round.clone().into()),
            ("opened_on", day(&state.opened_on)),
            ("outcome", said.outcome.filter(|_| spoken).into()),
            ("list_type", said.list_type.into()),
            ("causes", Some(causes).filter(|c| !c.is_empty()).into()),
            ("suppressed", (spoken && said.suppressed).into()),
            ("changed", said.changed.filter(|_| spoken).into()),
            ("explanation", said.explanation.filter(|_| spoken).into()),
        ]);
    }
    out.finish()
}
