//! A judged return → case moves, in one transaction with the note of the import.

use std::collections::{BTreeMap, BTreeSet};

use super::import::{Arrived, Office, impossible};
use super::receipt::{Made, made};
use crate::cases;
use crate::cases::forms::{FormKind, Given, IssuedRow, Reason, RowState, Verdict};
use crate::cases::ledger::{Changes, Import, Ledger};
use crate::cases::moves::Step;
use crate::diag::Outcome;
use crate::run::papers::apply as papers;

/// Who sent what.
pub(super) struct Sender<'a> {
    pub office: &'a Office<'a>,
    pub arrived: &'a Arrived,
}

/// What an answer meets in the ledger before it is applied.
struct Before {
    /// Why it comes too late, by token.
    outdated: BTreeMap<String, Reason>,
    /// Tokens whose answer was applied before and is to be taken back first.
    undo: BTreeSet<String>,
}

/// Applies a verdict: every answer that can be is a move; what cannot be becomes refused, with the reason.
pub(super) fn apply(sender: &Sender, ledger: &mut Ledger, mut verdict: Verdict) -> Outcome<Made> {
    let arrived = sender.arrived;
    let before = before(sender, ledger, &verdict)?;
    let known = ledger.earlier_reports(&arrived.issued.form)?;
    for row in verdict.rows.iter_mut().filter(|r| r.state == RowState::New) {
        if known.contains(&row.cells) {
            row.state = RowState::Duplicate;
            row.reasons.push(Reason::new("report.known", "此前已收到这一新增"));
        }
    }
    let options = sender.office.options;
    ledger.change(|changes| {
        let import = changes.import(&Import {
            kind: arrived.issued.kind.code().into(),
            file: arrived.path.clone(),
            sha256: arrived.sha256.clone(),
            day: sender.office.on.to_string(),
            by: options.by.trim().into(),
            details: [("form".to_string(), arrived.issued.form.clone())].into(),
        })?;
        let mut moved = BTreeMap::new();
        for row in verdict.rows.iter_mut().filter(|r| r.state == RowState::Answered) {
            let issued = arrived.issued.rows.iter().find(|r| Some(&r.token) == row.token.as_ref());
            let (Some(issued), Some(given)) = (issued, &row.given) else { continue };
            if let Some(reason) = before.outdated.get(&issued.token) {
                row.state = RowState::Refused;
                row.reasons.push(reason.clone());
                continue;
            }
            match step(sender, changes, import, issued, given, before.undo.contains(&issued.token))? {
                Ok(words) => {
                    moved.insert(issued.token.clone(), words);
                }
                Err(reason) => {
                    row.state = RowState::Refused;
                    row.reasons.push(reason);
                }
            }
        }
        let made = made(sender, &verdict, &moved);
        let answers = verdict.rows.iter().filter_map(|r| match r.state {
            RowState::Answered | RowState::Conflict => Some((r.token.as_deref()?, r.given.as_ref()?, r.state)),
            _ => None,
        });
        let reports: Vec<_> = verdict.rows.iter().filter(|r| r.state == RowState::New).map(|r| &r.cells).collect();
        changes.returned(import, &arrived.issued.form, &made.json, answers, &reports)?;
        Ok(made)
    })
}

/// Takes the step that an answer means; gives what it came to, in Chinese.
fn step(
    sender: &Sender,
    changes: &Changes,
    import: i64,
    issued: &IssuedRow,
    given: &Given,
    undo: bool,
) -> Outcome<Result<String, Reason>> {
    let plan = sender.office.plan;
    if let Some(order) = issued.order {
        return papers::order_step(plan, changes, import, (order, issued), &step_of(sender, given));
    }
    let Some(case) = issued.case else {
        return Ok(Err(Reason::new("row.no_case", "这一行不对应任何案件")));
    };
    let round = &sender.arrived.issued.round;
    let step = step_of(sender, given);
    if let Some(reason) = papers::lacking(issued, &step) {
        return Ok(Err(reason));
    }
    if undo {
        let back = Step::new("undo", step.day, &step.by, "以后收到的表为准");
        if let Err(refused) = changes.step(&plan.process, import, round, case, &back)? {
            return Ok(Err(Reason::new(refused.code, refused.said)));
        }
    }
    match changes.step(&plan.process, import, round, case, &step)? {
        Ok(applied) => {
            papers::after(plan, changes, import, case, &step)?;
            let title = |state| plan.process.cases.title(state);
            Ok(Ok(format!("{}→{}", title(&applied.from), title(&applied.to))))
        }
        // Half of a change must not stay: the transaction is given up as a whole.
        Err(refused) if undo => {
            Err(impossible(format!("an answer was taken back and its successor is refused: {}", refused.code)))
        }
        Err(refused) => Ok(Err(Reason::new(refused.code, refused.said))),
    }
}

fn step_of(sender: &Sender, given: &Given) -> Step {
    let plan = sender.office.plan;
    let detail = |name: &str| given.details.get(name).cloned().unwrap_or_default();
    let mut step =
        Step::new(&given.trigger, detail("day").parse().unwrap_or(sender.office.on), &detail("by"), &detail("reason"));
    step.file = sender.arrived.path.rsplit(['/', '\\']).next().unwrap_or_default().to_string();
    for (name, text) in given.details.iter().filter(|(name, _)| !matches!(name.as_str(), "day" | "by" | "reason" | ""))
    {
        let text = match name.as_str() {
            "causes" => {
                let codes: BTreeSet<&str> = text
                    .split('、')
                    .filter_map(|title| plan.causes.iter().find(|c| c.title == title))
                    .map(|c| c.code.as_str())
                    .collect();
                codes.into_iter().collect::<Vec<_>>().join("|")
            }
            _ => text.clone(),
        };
        step.details.insert(name.clone(), text);
    }
    step
}

/// Answers that come too late, and answers that take the place of an applied one.
fn before(sender: &Sender, ledger: &Ledger, verdict: &Verdict) -> Outcome<Before> {
    let issued = &sender.arrived.issued;
    let plan = sender.office.plan;
    let mut before = Before { outdated: BTreeMap::new(), undo: BTreeSet::new() };
    let earlier = ledger.earlier_answers(issued)?;
    let current = ledger.current_rows(issued.kind, &issued.round)?;
    for row in &issued.rows {
        let judged = verdict.rows.iter().find(|r| r.token.as_ref() == Some(&row.token));
        let (Some(case), Some(RowState::Answered)) = (row.case, judged.map(|r| r.state)) else { continue };
        if earlier.get(&row.token).is_some_and(|e| e.applied.is_some()) {
            if ledger.last_step_is_answer(case, &row.token)? {
                before.undo.insert(row.token.clone());
            } else {
                let words = "此前的答复之后已办理后续步骤，请先在台账中撤回或重新打开该案";
                before.outdated.insert(row.token.clone(), Reason::new("answer.followed", words));
            }
            continue;
        }
        if issued.kind != FormKind::Verify {
            continue;
        }
        let asked_otherwise = !current.contains_key(&row.token) && current.values().any(|c| *c == Some(case));
        let rounds = ledger.case_rounds(case)?;
        let then = rounds.iter().rfind(|r| r.round == issued.round);
        let changed = then
            .zip(rounds.last())
            .and_then(|(then, now)| cases::facts_changed(&then.facts, &now.facts, plan.process.same_within, plan));
        if let Some(changed) = changed {
            let words = format!("发出后情况有变化（{changed}），已重新交办，请填新表");
            before.outdated.insert(row.token.clone(), Reason::new("answer.outdated", words));
        } else if asked_otherwise {
            let words = "本批次重算后已换发新表，请填新表";
            before.outdated.insert(row.token.clone(), Reason::new("answer.outdated", words));
        }
    }
    Ok(before)
}
