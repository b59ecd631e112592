//! One step of a case or a work order: allowed or refused, and why. Pure; the ledger writes what it says.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::plan::{Machine, Move};

/// What is to happen to a case or an order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// What brings it about, one of [`crate::plan::process::TRIGGERS`] or of the orders'.
    pub trigger: String,
    /// On which day.
    pub day: Date,
    /// Who.
    pub by: String,
    /// Why, in the words of who did it.
    pub reason: String,
    /// The file it came in; empty at the keyboard.
    pub file: String,
    /// What else was said, by name: `meeting`, `causes`, `amount`….
    pub details: BTreeMap<String, String>,
}

impl Step {
    /// A step without details.
    pub fn new(trigger: &str, day: Date, by: &str, reason: &str) -> Self {
        Step {
            trigger: trigger.into(),
            day,
            by: by.into(),
            reason: reason.into(),
            file: String::new(),
            details: BTreeMap::new(),
        }
    }

    /// The same step with one more detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.details.insert(name.into(), value.into());
        self
    }

    fn says(&self, need: &str) -> bool {
        let said = match need {
            "by" => Some(&self.by),
            "reason" => Some(&self.reason),
            name => self.details.get(name),
        };
        said.is_some_and(|s| !s.trim().is_empty())
    }
}

/// Why a step is not taken. Nothing changes then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code.
    pub code: &'static str,
    /// Why, in Chinese, for receipts and the screen.
    pub said: String,
}

impl Refusal {
    pub(super) fn new(code: &'static str, said: impl Into<String>) -> Self {
        Refusal { code, said: said.into() }
    }
}

/// The move that a step makes from a state that holds since a day, or why there is none.
///
/// # Errors
/// The machine has no such move from the state (`case.not_now`), something it needs is not said (`case.needs`), the day lies
/// before the state began (`case.before`), or before it has lasted as long as it must (`case.too_early`).
pub fn next<'m>(machine: &'m Machine, state: &str, since: Option<Date>, step: &Step) -> Result<&'m Move, Refusal> {
    let Some(found) = machine.find(state, &step.trigger) else {
        let may: Vec<&str> = machine
            .possible(state)
            .filter(|m| !m.on.iter().all(|t| t.starts_with("round.")))
            .map(|m| m.title.as_str())
            .collect();
        let may =
            if may.is_empty() { "没有下一步".to_string() } else { format!("此时可以：{}", may.join("、")) };
        let said = format!("现为“{}”，不能办理“{}”；{may}", machine.title(state), what(machine, &step.trigger));
        return Err(Refusal::new("case.not_now", said));
    };
    let missing: Vec<&str> = found.needs.iter().filter(|need| !step.says(need)).map(|need| need_title(need)).collect();
    if !missing.is_empty() {
        return Err(Refusal::new("case.needs", format!("“{}”必须写明：{}", found.title, missing.join("、"))));
    }
    let Some(since) = since else { return Ok(found) };
    if step.day < since {
        let said = format!("办理日期{}早于上一步的{since}", step.day);
        return Err(Refusal::new("case.before", said));
    }
    let least = machine.state(state).map_or(0, |s| i64::from(s.min_days));
    // Objections and the clock do not wait for the end of the period, only what says that it is over.
    let over = since.saturating_add(least.days());
    if step.trigger.ends_with(".passed") && step.day < over {
        let said = format!("“{}”不得少于{least}天，{over}起才能办结", machine.title(state));
        return Err(Refusal::new("case.too_early", said));
    }
    Ok(found)
}

/// The title of the first move that a trigger brings about anywhere; the trigger itself when there is none.
fn what<'a>(machine: &'a Machine, trigger: &'a str) -> &'a str {
    machine.moves.iter().find(|m| m.on.iter().any(|on| on == trigger)).map_or(trigger, |m| &m.title)
}

/// What clerks call a thing that a step must say.
pub fn need_title(need: &str) -> &str {
    match need {
        "by" => "办理人",
        "reason" => "原因",
        "meeting" => "会议编号",
        "causes" => "实际风险",
        "helper" => "帮扶联系人",
        "into" => "并入的案件编号",
        "parent" => "原案件编号",
        "amount" => "金额",
        "measure" => "帮扶措施",
        "month" => "月份",
        "progress" => "进展",
        "rectified" => "整改到位",
        "responsible" => "责任落实",
        "satisfied" => "群众满意",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::process;

    fn day(d: i8) -> Date {
        Date::constant(2026, 7, d)
    }

    #[test]
    fn a_step_needs_what_its_move_needs() {
        let p = process::shipped().cases;
        let step = Step::new("meeting.pass", day(5), "县防贫办", "");
        let refused = next(&p, "county_meeting", Some(day(1)), &step).unwrap_err();
        assert_eq!((refused.code, refused.said.as_str()), ("case.needs", "“县级审定通过”必须写明：会议编号"));
        let step = step.with("meeting", "〔2026〕3号");
        assert_eq!(next(&p, "county_meeting", Some(day(1)), &step).unwrap().to.as_deref(), Some("approved"));
        assert_eq!(next(&p, "county_meeting", Some(day(9)), &step).unwrap_err().code, "case.before");
        assert_eq!(next(&p, "proposed", Some(day(1)), &step).unwrap_err().code, "case.not_now");
    }

    #[test]
    fn publicity_lasts_its_days_but_objections_need_not_wait() {
        let p = process::shipped().cases;
        let passed = Step::new("publicity.passed", day(4), "村委会", "");
        let refused = next(&p, "village_publicity", Some(day(1)), &passed).unwrap_err();
        assert_eq!(
            (refused.code, refused.said.as_str()),
            ("case.too_early", "“村级公示”不得少于5天，2026-07-06起才能办结")
        );
        assert!(next(&p, "village_publicity", Some(day(1)), &Step { day: day(6), ..passed }).is_ok());
        let objection = Step::new("publicity.objection", day(2), "村委会", "有车");
        assert!(next(&p, "village_publicity", Some(day(1)), &objection).is_ok());
    }
}
