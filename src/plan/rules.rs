//! Indicators and rules: `rules/*.toml` → [`Indicator`] and [`Rule`].

use super::check::column_name;
use super::contract::PRIVACY;
use super::reader::Section;
use super::types::{Absent, Indicator, Level, Rule, RuleRole};
use crate::diag::{Diagnostic, Place};
use crate::model::table::{Kind, Privacy};

/// Levels with the word a rule file uses.
const LEVELS: [(&str, Level); 2] = [("person", Level::Person), ("household", Level::Household)];
const KINDS: [(&str, Kind); 6] = [
    ("integer", Kind::Integer),
    ("decimal", Kind::Decimal),
    ("float", Kind::Float),
    ("boolean", Kind::Boolean),
    ("text", Kind::Text),
    ("date", Kind::Date),
];
const ABSENT: [(&str, usize); 3] = [("unknown", 0), ("zero", 1), ("false", 2)];
const ROLES: [(&str, RuleRole); 4] = [
    ("lists", RuleRole::Lists),
    ("supports", RuleRole::Supports),
    ("cautions", RuleRole::Cautions),
    ("checks", RuleRole::Checks),
];
const RISKS: [(&str, &str); 7] = [
    ("education", "education"),
    ("medical", "medical"),
    ("housing", "housing"),
    ("water", "water"),
    ("livelihood", "livelihood"),
    ("other", "other"),
    ("income", "income"),
];

/// What a rule file holds, and where the names stand that are checked when everything is read.
#[derive(Debug, Default)]
pub(super) struct RuleFile {
    pub(super) indicators: Vec<Indicator>,
    pub(super) rules: Vec<Rule>,
    /// Of each indicator the place of its source.
    pub(super) source_places: Vec<Place>,
    /// Of each rule the places of its cause and its evidence.
    pub(super) rule_places: Vec<(Place, Place)>,
}

impl RuleFile {
    /// Adds another file's indicators and rules at the end.
    pub(super) fn extend(&mut self, other: RuleFile) {
        self.indicators.extend(other.indicators);
        self.rules.extend(other.rules);
        self.source_places.extend(other.source_places);
        self.rule_places.extend(other.rule_places);
    }
}

/// Reads a rule file. What it names is checked later, when everything is read.
pub(super) fn read(file: &Section) -> RuleFile {
    let mut found = RuleFile::default();
    for section in file.sections("indicator") {
        found.indicators.push(indicator(&section));
        found.source_places.push(section.place_of("source"));
        section.finish();
    }
    for section in file.sections("rule") {
        found.rules.push(rule(&section));
        found.rule_places.push((section.place_of("cause"), section.place_of("evidence")));
        section.finish();
    }
    found
}

fn indicator(section: &Section) -> Indicator {
    let kind = section.need_word("kind", &KINDS, Kind::Decimal);
    let number = matches!(kind, Kind::Integer | Kind::Decimal | Kind::Float);
    let absent = match section.need_word("absent", &ABSENT, 0) {
        1 if number => Absent::Zero,
        2 if kind == Kind::Boolean => Absent::False,
        0 => Absent::Unknown,
        _ => {
            let message = format!("`absent` does not fit an indicator of kind {}", kind.name());
            section.error("plan.contradiction", "absent", message, "zero is for numbers, false for boolean");
            Absent::Unknown
        }
    };
    Indicator {
        name: column_name(section, "name"),
        title: section.need_text("title"),
        level: section.need_word("level", &LEVELS, Level::Household),
        source: section.need_text("source"),
        filter: section.sql("filter"),
        value: section.need_sql("value"),
        kind,
        unit: section.text("unit").unwrap_or_default(),
        absent,
        meaning: section.need_text("meaning"),
        privacy: section.word("privacy", &PRIVACY).unwrap_or(Privacy::Internal),
        place: section.place(),
    }
}

fn rule(section: &Section) -> Rule {
    let id = section.need_text("id");
    if !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        let message = format!("`{id}` is no rule id");
        section.error("plan.bad_name", "id", message, "write it like MED-01: ASCII letters, digits, `-`");
    }
    let requirements = section.texts_at("requirements").unwrap_or_default();
    for (requirement, place) in &requirements {
        let digits = requirement.strip_prefix('R').unwrap_or_default();
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            let message = format!("`{requirement}` is no requirement of the policy documents");
            let problem = Diagnostic::error("plan.bad_requirement", message, place.clone());
            section.report(problem.hint("write R and three digits, for example R028"));
        }
    }
    Rule {
        id,
        version: section.need_version(),
        title: section.need_text("title"),
        level: section.need_word("level", &LEVELS, Level::Household),
        role: section.need_word("role", &ROLES, RuleRole::Lists),
        risk: section.need_word("risk", &RISKS, "other").to_string(),
        cause: section.need_text("cause"),
        sudden: section.flag_or("sudden", false),
        when: section.need_sql("when"),
        evidence: section.need_text("evidence"),
        document: section.need_text("document"),
        requirements: requirements.into_iter().map(|(text, _)| text).collect(),
        department: section.text("department"),
        place: section.place(),
    }
}
