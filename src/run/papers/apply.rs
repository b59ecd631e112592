//! What a row of a paper that came back means: a step of its case, or of its order.

use jiff::civil::Date;

use crate::cases::forms::{FormKind, IssuedRow, Reason};
use crate::cases::ledger::Changes;
use crate::cases::moves::Step;
use crate::cases::orders::kinds::{AMOUNT, CAUTIONS, LEAVING, MATTER, MONTH, order_decision};
use crate::cases::orders::{CLOSE, REPORT, SPECIAL, months};
use crate::diag::Outcome;
use crate::plan::{Phase, Plan};

/// Orders of a case that ended are cancelled with it.
const ENDS: [&str; 3] = ["life.died", "life.moved", "withdraw"];

/// What must be said in a row and is not; `None` when nothing is lacking.
///
/// Negative evidence asks for a reason; it never removes a household by itself (R170, R172): a row that passes with a caution
/// and without a word about it is not taken, and comes back.
pub(in crate::run) fn lacking(row: &IssuedRow, step: &Step) -> Option<Reason> {
    let cautioned = row.shown.get(CAUTIONS).is_some_and(|c| !c.trim().is_empty());
    // A car is no reason against leaving.
    let leaving = row.shown.get(MATTER).is_some_and(|m| m == LEAVING);
    let passes = matches!(step.trigger.as_str(), "township.pass" | "meeting.pass") && !leaving;
    let said = step.details.get("cautions").is_some_and(|c| !c.trim().is_empty());
    (cautioned && passes && !said).then(|| {
        Reason::new("answer.caution", "有审慎事项的，通过时须填“审慎事项说明”（不因审慎事项直接排除，也不能不作说明）")
    })
}

/// Takes the step of a row about an order; gives what it came to, in Chinese.
pub(in crate::run) fn order_step(
    plan: &Plan,
    changes: &Changes,
    import: i64,
    (order, row): (u32, &IssuedRow),
    step: &Step,
) -> Outcome<Result<String, Reason>> {
    let mut step = Step { trigger: order_decision(&step.trigger).to_string(), ..step.clone() };
    let shown = |heading: &str| row.shown.get(heading).filter(|v| !v.is_empty()).cloned();
    if matches!(step.trigger.as_str(), REPORT | CLOSE)
        && let Some(month) = shown(MONTH)
    {
        step.details.insert("month".into(), month);
    }
    if step.trigger == SPECIAL
        && let Some(amount) = shown(AMOUNT)
    {
        step.details.insert("amount".into(), amount);
    }
    Ok(match changes.order_step(&plan.process, &plan.remedies, import, order, &step)? {
        Ok(applied) => {
            let title = |state| plan.process.orders.title(state);
            Ok(format!("{}→{}", title(&applied.from), title(&applied.to)))
        }
        Err(refused) => Err(Reason::new(refused.code, refused.said)),
    })
}

/// What else follows from a case's step: its orders are cancelled when it has come to an end, and it is published the day before it
/// passed when nobody noted the beginning.
pub(in crate::run) fn after(plan: &Plan, changes: &Changes, import: i64, case: u32, step: &Step) -> Outcome<usize> {
    if !ENDS.contains(&step.trigger.as_str()) {
        return Ok(0);
    }
    Ok(changes.cancel_orders(&plan.process, import, case, step)?.len())
}

/// Begins the publicity of the cases on lists that go out (公示开始), and gives how many begin.
///
/// A case that is being published already stays as it is: the list may be printed again.
pub(in crate::run) fn publish(
    plan: &Plan,
    changes: &Changes,
    cases: &[(u32, String)],
    (by, from): (&str, Date),
) -> Outcome<usize> {
    let mut begun = 0;
    let mut import = None;
    for (case, round) in cases {
        let phase = changes.case(*case)?.and_then(|c| plan.process.cases.state(&c.state).map(|s| s.phase));
        if phase != Some(Phase::Proposal) {
            continue;
        }
        let entry = match import {
            Some(entry) => entry,
            None => changes.import(&crate::cases::ledger::Import {
                kind: FormKind::Publicity.code().into(),
                day: from.to_string(),
                by: by.into(),
                ..Default::default()
            })?,
        };
        import = Some(entry);
        let step = Step::new("publicity.start", from, by, "");
        begun += usize::from(changes.step(&plan.process, entry, round, *case, &step)?.is_ok());
    }
    Ok(begun)
}

/// The month that returns are about on a day: the one before.
pub(in crate::run) fn month_before(today: Date) -> Date {
    let this = months::of(today);
    this.yesterday().map_or(this, months::of)
}
