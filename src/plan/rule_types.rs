//! The resolved plan's rules: indicators, rules, parameters, their tests. Plain data, no parsing here.

use std::collections::BTreeMap;

use crate::diag::Place;
use crate::model::table::{Kind, Privacy};

/// Whose value an indicator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A person's.
    Person,
    /// A household's.
    Household,
}

/// What an indicator is for an entity without a record, when the source was delivered.
#[derive(Debug, Clone, PartialEq)]
pub enum Absent {
    /// Nobody knows.
    Unknown,
    /// Zero: a full list of amounts or counts.
    Zero,
    /// False: a full list.
    False,
}

/// What an indicator is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The linked records of a source.
    Records,
    /// The members of the household who are here and alive: `source = "members"`.
    Members,
    /// Other indicators of the same person or household: `source = "indicators"`.
    Indicators,
}

/// Words that stand where a source's id stands; no contract may have them as its id.
pub const ORIGINS: [(&str, Origin); 2] = [("members", Origin::Members), ("indicators", Origin::Indicators)];

/// A named value of a person or household (`rules/*.toml`, `[[indicator]]`).
#[derive(Debug, Clone)]
pub struct Indicator {
    /// ASCII name.
    pub name: String,
    /// Chinese title.
    pub title: String,
    /// Whose value it is.
    pub level: Level,
    /// Source id, or `members` or `indicators`; see [`Origin`].
    pub source: String,
    /// SQL condition on the source's columns; rows for which it is not true are left out.
    pub filter: Option<Sql>,
    /// SQL aggregate over the source's columns, for example `sum(in_scope_amount - fund_total)`.
    pub value: Sql,
    /// Type of the value.
    pub kind: Kind,
    /// Unit of the value.
    pub unit: String,
    /// Value for entities without a record.
    pub absent: Absent,
    /// What it says.
    pub meaning: String,
    /// Who may see it.
    pub privacy: Privacy,
    /// Where it stands.
    pub place: Place,
}

impl Indicator {
    /// What it is computed from.
    pub fn origin(&self) -> Origin {
        ORIGINS.iter().find(|(word, _)| *word == self.source).map_or(Origin::Records, |(_, origin)| *origin)
    }
}

/// A piece of rule SQL with its place.
#[derive(Debug, Clone)]
pub struct Sql {
    /// As written.
    pub text: String,
    /// Where it begins.
    pub place: Place,
}

/// What a rule's hit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleRole {
    /// Puts the household on the list.
    Lists,
    /// Is evidence beside others; never lists alone (income).
    Supports,
    /// Asks for a reason; never removes (car, business…).
    Cautions,
    /// Looks at what offices did or did not do (漏评, 错退, a subsidy not paid); never touches the list.
    Checks,
}

impl RuleRole {
    /// The value as it stands in the tables and the rule files.
    pub fn as_str(self) -> &'static str {
        match self {
            RuleRole::Lists => "lists",
            RuleRole::Supports => "supports",
            RuleRole::Cautions => "cautions",
            RuleRole::Checks => "checks",
        }
    }
}

/// A rule (`rules/*.toml`, `[[rule]]`).
#[derive(Debug, Clone)]
pub struct Rule {
    /// Id, for example `MED-01`.
    pub id: String,
    /// Version, raised with every change of meaning.
    pub version: i64,
    /// Chinese title.
    pub title: String,
    /// Whose condition it is.
    pub level: Level,
    /// What its hit does.
    pub role: RuleRole,
    /// Risk category: education, medical, housing, water, livelihood, other or income.
    pub risk: String,
    /// Cause code.
    pub cause: String,
    /// Sudden difficulty (type 突发严重困难户 when the income is not below the line).
    pub sudden: bool,
    /// SQL condition over the level's columns, indicators and parameters.
    pub when: Sql,
    /// Evidence sentence; `{indicator}` and `{:param}` are replaced by their values.
    pub evidence: String,
    /// Policy document and requirement.
    pub document: String,
    /// Requirements of the policy documents that it answers, for example `R028`.
    pub requirements: Vec<String>,
    /// Department that owns the remedy, when it is not the one of the cause.
    pub department: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A population group of households, by which a parameter's values may differ (`params.toml`, `[[group]]`).
#[derive(Debug, Clone)]
pub struct Group {
    /// ASCII name, used as `group = "…"` in a value.
    pub name: String,
    /// Chinese title.
    pub title: String,
    /// SQL condition over a household's columns and indicators, without parameters.
    pub when: Sql,
    /// Where it stands.
    pub place: Place,
}

/// Which income a line is about: the documents differ (background §1.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// 纯收入 (000, 002, 004).
    #[default]
    Net,
    /// 可支配收入 (003).
    Disposable,
}

impl Basis {
    /// The word of the pipeline files for each basis.
    pub const WORDS: [(&str, Basis); 2] = [("net_income", Basis::Net), ("disposable_income", Basis::Disposable)];

    /// Chinese title.
    pub fn title(self) -> &'static str {
        match self {
            Basis::Net => "纯收入",
            Basis::Disposable => "可支配收入",
        }
    }
}

/// A parameter with its values by time, area and population group.
#[derive(Debug, Clone)]
pub struct Param {
    /// ASCII name, used as `:name` in rules.
    pub name: String,
    /// Chinese title.
    pub title: String,
    /// Type of the values: integer, decimal, text, boolean or date.
    pub kind: Kind,
    /// Unit.
    pub unit: String,
    /// The values; the most specific that is valid on `as_of` counts (township before county, group before all).
    pub values: Vec<ParamValue>,
    /// Where it stands.
    pub place: Place,
}

/// One value of a parameter.
#[derive(Debug, Clone)]
pub struct ParamValue {
    /// First day on which it holds (days since 1970-01-01).
    pub from: Option<i32>,
    /// Last day on which it holds.
    pub until: Option<i32>,
    /// Township name; none = the whole county.
    pub township: Option<String>,
    /// Population group by name, or `other` for who is in none; none = everybody.
    pub group: Option<String>,
    /// Which income it is about; none = any.
    pub basis: Option<Basis>,
    /// The value.
    pub value: crate::model::build::Value,
    /// Document it comes from.
    pub document: String,
    /// Where it stands.
    pub place: Place,
}

/// A rule's test: rows in → hits out (`tests/*.toml`).
#[derive(Debug, Clone)]
pub struct RuleTest {
    /// Rule id.
    pub rule: String,
    /// What it shows.
    pub title: String,
    /// Column → value of one person or household; columns not named are null.
    pub given: BTreeMap<String, crate::model::build::Value>,
    /// Day of the judgement, days since 1970-01-01.
    pub as_of: i32,
    /// Expected outcome.
    pub expect: Judged,
    /// Where it stands.
    pub place: Place,
}

/// Three-valued outcome of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judged {
    /// The condition holds.
    Hit,
    /// It does not hold.
    Miss,
    /// A value is missing.
    Unknown,
}
