//! What the report shows: counts and words only. No name, number or address of a person fits in here.

use jiff::civil::Date;
use serde::Serialize;

use crate::diag::Diagnostic;
use crate::model::Table;
use crate::plan::Plan;

/// What the report is made from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// County, title, causes, sources and rules.
    pub plan: &'a Plan,
    /// The round's name, for example `2026Q3`.
    pub round: &'a str,
    /// The day on which everything was judged.
    pub as_of: Date,
    /// `persons`.
    pub persons: &'a Table,
    /// `households`.
    pub households: &'a Table,
    /// `online_list`.
    pub online: &'a Table,
    /// `offline_list`.
    pub offline: &'a Table,
    /// `comparison`.
    pub comparison: &'a Table,
    /// `verification_tasks`.
    pub tasks: &'a Table,
    /// How many of them this round's forms ask, when earlier forms ask the others.
    pub asked: Option<usize>,
    /// `proposals`.
    pub proposals: &'a Table,
    /// `work_orders`.
    pub orders: &'a Table,
    /// `tracking`.
    pub tracking: &'a Table,
    /// `rule_hits`.
    pub hits: &'a Table,
    /// `rule_outcomes`.
    pub outcomes: &'a Table,
    /// `source_quality`.
    pub quality: &'a Table,
    /// Problems of the run, in reading order.
    pub problems: &'a [Diagnostic],
    /// Version of the program.
    pub version: &'a str,
    /// Digest of the run's manifest.
    pub manifest: &'a str,
}

/// A round in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportData {
    /// County.
    pub county: String,
    /// Title of the pipeline.
    pub title: String,
    /// The round's name.
    pub round: String,
    /// The day on which everything was judged.
    pub as_of: String,
    /// Version of the program.
    pub version: String,
    /// Digest of the run's manifest.
    pub manifest: String,
    /// The round's main numbers.
    pub figures: Vec<Figure>,
    /// Sources that did not come, came broken, in part or late.
    pub gaps: Vec<Gap>,
    /// Households by type on the online list: unstable, marginal, sudden.
    pub types: [usize; 3],
    /// Households on the online list.
    pub online: usize,
    /// Households by cause.
    pub causes: Vec<CauseLine>,
    /// Compared cases by outcome.
    pub comparison: Vec<OutcomeLine>,
    /// Compared cases.
    pub compared: usize,
    /// One line per township.
    pub townships: Vec<TownshipLine>,
    /// The sums of all townships.
    pub whole: TownshipLine,
    /// Data quality per source.
    pub sources: Vec<SourceLine>,
    /// Rules with what they did.
    pub rules: Vec<RuleLine>,
    /// Households that are followed.
    pub tracking: Vec<Figure>,
    /// Draft orders per department.
    pub orders: Vec<Figure>,
    /// Problems of the run.
    pub problems: Vec<ProblemLine>,
}

/// A number with its name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What is counted.
    pub label: String,
    /// The count.
    pub value: usize,
    /// Unit, for example `户`.
    pub unit: String,
    /// What should be known about it, or empty.
    pub note: String,
}

/// A source the round had to do without, wholly or in part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gap {
    /// Title of the source.
    pub title: String,
    /// Who provides it.
    pub department: String,
    /// What is the matter, in words.
    pub state: String,
    /// Why, as far as a file's problem tells, or empty.
    pub why: String,
    /// Rules that could not judge for lack of it, joined by `、`.
    pub rules: String,
}

/// Households with one cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CauseLine {
    /// Title of the cause.
    pub title: String,
    /// Department that owns the remedy.
    pub department: String,
    /// Unstable, marginal, sudden.
    pub types: [usize; 3],
    /// All.
    pub total: usize,
}

/// Cases with one outcome of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutcomeLine {
    /// Title of the outcome.
    pub title: String,
    /// What happens with such cases.
    pub meaning: String,
    /// How many.
    pub count: usize,
    /// Share of all cases in words, for example `12.5%`.
    pub share: String,
}

/// A township in numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TownshipLine {
    /// Name.
    pub name: String,
    /// Households of the register.
    pub households: usize,
    /// Online: unstable, marginal, sudden.
    pub types: [usize; 3],
    /// All on the online list.
    pub online: usize,
    /// Rows the villages reported.
    pub offline: usize,
    /// Proposed.
    pub proposed: usize,
    /// Seen by the departments only.
    pub online_only: usize,
    /// Reported by the village only.
    pub offline_only: usize,
    /// Other differences in cause, type or identity.
    pub other: usize,
    /// To be verified.
    pub tasks: usize,
}

/// What became of a source's rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceLine {
    /// Title.
    pub title: String,
    /// Who provides it.
    pub department: String,
    /// State in words.
    pub state: String,
    /// Files.
    pub files: usize,
    /// Read, accepted, quarantined, folded.
    pub rows: [usize; 4],
    /// Linked, possible, conflict, unlinked; empty for the register, which is what others are linked to.
    pub links: Vec<usize>,
    /// Doubtful values.
    pub findings: usize,
    /// Rows that are not data.
    pub not_data: usize,
    /// Whether read = accepted + quarantined + folded and accepted = the four link states.
    pub closes: bool,
}

/// What a rule did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleLine {
    /// Id.
    pub id: String,
    /// Version.
    pub version: usize,
    /// Title.
    pub title: String,
    /// 人 or 户.
    pub unit: String,
    /// Judged.
    pub judged: usize,
    /// Hits.
    pub hits: usize,
    /// Unknown.
    pub unknown: usize,
    /// Titles of the missing sources.
    pub missing: String,
    /// What is noticeable: hits nobody, hits everybody, cannot judge.
    pub remark: String,
    /// Policy document.
    pub document: String,
}

/// A problem of the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProblemLine {
    /// 错误, 警告 or 提示.
    pub severity: String,
    /// Stable code.
    pub code: String,
    /// Where.
    pub place: String,
    /// What.
    pub message: String,
    /// What to do.
    pub hint: String,
}
