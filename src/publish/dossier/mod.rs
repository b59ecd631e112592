//! One household's papers on one printable page (一户一档, R161): who, why, what was answered, decided, done, measured, and every
//! step in order.
//!
//! In: [`Dossier`], plain words already masked. Out: one self-contained HTML page that prints on A4, without script and with nothing
//! fetched from outside.

#[cfg(test)]
mod tests;

use serde::Serialize;

const TEMPLATE: &str = include_str!("template.html");

/// Everything on the page, as it is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Dossier {
    /// The county.
    pub county: String,
    /// Day on which the page was made.
    pub made_on: String,
    /// Round whose tables it shows.
    pub round: String,
    /// Number of the case.
    pub case_id: String,
    /// Head of the household.
    pub head_name: String,
    /// Number of the head, partly hidden.
    pub masked_number: String,
    /// Township, village, group.
    pub place: String,
    /// Number in the national system.
    pub national_number: String,
    /// Type.
    pub list_type: String,
    /// Risks.
    pub causes: String,
    /// State now.
    pub state: String,
    /// Since when.
    pub since: String,
    /// Who has to act, and until when.
    pub owner: String,
    /// Who follows the household.
    pub tracker: String,
    /// Members.
    pub members: Vec<Member>,
    /// Why it was flagged: rules with their evidence.
    pub hits: Vec<Flag>,
    /// What asks for a reason.
    pub cautions: String,
    /// What each round said.
    pub rounds: Vec<RoundSaid>,
    /// Answers of villages.
    pub answers: Vec<Step>,
    /// Decisions with the number of the meeting.
    pub decisions: Vec<Step>,
    /// Orders.
    pub orders: Vec<OrderLine>,
    /// Measurements.
    pub measurements: Vec<Step>,
    /// Conditions of an exit; empty for households that are not followed.
    pub conditions_now: Vec<Condition>,
    /// Every step.
    pub history: Vec<Step>,
    /// How much of the file is there: 五个清楚 (R159).
    pub complete: Vec<Condition>,
}

/// A member of the household.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Name, partly hidden.
    pub name: String,
    /// Relation to the head.
    pub relation: String,
    /// Sex.
    pub sex: String,
    /// Age in full years.
    pub age: String,
    /// Number, partly hidden.
    pub number: String,
}

/// A rule that holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Flag {
    /// Id and title.
    pub rule: String,
    /// The risk it speaks of.
    pub cause: String,
    /// Its evidence.
    pub evidence: String,
    /// The document it comes from.
    pub document: String,
}

/// What a round said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RoundSaid {
    /// The round and its day.
    pub round: String,
    /// Outcome of the comparison.
    pub outcome: String,
    /// Risks.
    pub causes: String,
    /// In words.
    pub explanation: String,
    /// What changed since an earlier conclusion.
    pub changed: String,
}

/// Something that happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The day.
    pub day: String,
    /// What.
    pub what: String,
    /// State after.
    pub state: String,
    /// Who.
    pub by: String,
    /// Why, and particulars.
    pub note: String,
    /// The file it came in.
    pub file: String,
}

/// A work order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OrderLine {
    /// Number.
    pub order_id: String,
    /// Department.
    pub department: String,
    /// Risk.
    pub cause: String,
    /// Measure, amount, source of the money.
    pub plan: String,
    /// Filing.
    pub filed: String,
    /// State.
    pub state: String,
    /// Returns, one a line.
    pub returns: String,
    /// What is to be asked about it.
    pub findings: String,
}

/// A condition with what it rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// What is asked.
    pub title: String,
    /// 是, 否 or 不明.
    pub met: String,
    /// What it rests on.
    pub evidence: String,
}

/// The page; the same data give the same text. Every value is escaped on its way in.
pub fn render(dossier: &Dossier) -> String {
    super::report::page("dossier.html", TEMPLATE, dossier)
}
