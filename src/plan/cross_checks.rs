//! Cross-checks of a contract, `[[check]]` → [`CrossCheck`]: what an office wants to be told when values of a row, a household
//! or a whole delivery do not go together. A check never rejects a row; `normalize::checks` runs them.

use super::reader::Section;
use super::types::{Field, FieldKind, Role, Source, SourceRole};
use crate::codes::Codes;
use crate::diag::{Diagnostic, Place, Severity, nearest};
use crate::model::build::Value;
use crate::model::table::Kind;

/// A check of a contract.
#[derive(Debug, Clone)]
pub struct CrossCheck {
    /// What is compared.
    pub kind: CheckKind,
    /// How much a finding weighs.
    pub severity: Severity,
    /// The sentence that the department reads; empty = the check's own words.
    pub title: String,
    /// Where it stands.
    pub place: Place,
}

/// What a check compares. Fields are named as in the contract; numbers are hundredths of the field's unit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the sentence above a variant explains its fields")]
pub enum CheckKind {
    /// `total` (times `times`) is the sum of `parts` less `minus`, up to `tolerance`.
    Sum { total: String, times: Option<String>, parts: Vec<String>, minus: Vec<String>, tolerance: i128 },
    /// An amount above 0 and below `below` was written in another unit (万元 for 元).
    Unit { field: String, below: i128 },
    /// A number lies between two bounds.
    Range { field: String, from: Option<i128>, until: Option<i128> },
    /// `first` is not after (above) `then`; of days, `then` is at least `months` later.
    Order { first: String, then: String, months: i32 },
    /// A row for which all conditions hold contradicts itself.
    Contradiction { when: Vec<Condition>, ages: Option<Ages> },
    /// Exactly one of the fields is filled in.
    OneOf { fields: Vec<String> },
    /// A household has one head.
    Heads,
    /// A household has at most one spouse of the head, of the other sex.
    Spouse,
    /// Relation to the head against sex and age.
    Relation,
    /// When `when` holds for a member of a household, `needs` must hold for one.
    HouseholdNeeds { when: Vec<Condition>, needs: Vec<Condition> },
    /// The members of a household have the same value.
    HouseholdSame { fields: Vec<String> },
    /// A number stands under one name.
    TwoNames,
    /// A person stands once.
    Twice,
    /// A telephone number stands in fewer than so many households.
    SharedPhone { field: String, households: i64 },
}

/// A condition on one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The field.
    pub field: String,
    /// What must hold.
    pub test: Test,
}

/// What a condition asks of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// One of these codes (one of several in a cell suffices), `true` or `false`, or texts.
    Is(Vec<String>),
    /// Nothing in the cell (`true`) or anything (`false`).
    Blank(bool),
    /// A number between two bounds, in hundredths.
    Between(Option<i128>, Option<i128>),
}

/// Ages in whole years on the day of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ages {
    /// From this age.
    pub from: i32,
    /// Up to and with this age.
    pub until: i32,
    /// True when the contradiction lies outside of it.
    pub outside: bool,
}

#[derive(Clone, Copy)]
enum Word {
    Sum,
    Unit,
    Range,
    Order,
    Contradiction,
    OneOf,
    Heads,
    Spouse,
    Relation,
    HouseholdNeeds,
    HouseholdSame,
    TwoNames,
    Twice,
    SharedPhone,
}

const WORDS: [(&str, Word); 14] = [
    ("sum", Word::Sum),
    ("unit", Word::Unit),
    ("range", Word::Range),
    ("order", Word::Order),
    ("contradiction", Word::Contradiction),
    ("one_of", Word::OneOf),
    ("heads", Word::Heads),
    ("spouse", Word::Spouse),
    ("relation", Word::Relation),
    ("household_needs", Word::HouseholdNeeds),
    ("household_same", Word::HouseholdSame),
    ("two_names", Word::TwoNames),
    ("twice", Word::Twice),
    ("shared_phone", Word::SharedPhone),
];
const SEVERITIES: [(&str, Severity); 3] =
    [("error", Severity::Error), ("warning", Severity::Warning), ("note", Severity::Note)];
const NUMBERS: [FieldKind; 3] = [FieldKind::Money, FieldKind::Decimal, FieldKind::Integer];
const DAYS: [FieldKind; 2] = [FieldKind::Date, FieldKind::Month];
const ANY: [FieldKind; 0] = [];

/// Reads a check of a contract whose fields are known. None when the kind of check is not known: that is reported.
pub(super) fn read(section: &Section, source: &Source, codes: &Codes) -> Option<CrossCheck> {
    let r = Reading { section, source, codes };
    section.need_text("kind");
    let word = section.word("kind", &WORDS)?;
    let kind = match word {
        Word::Sum => CheckKind::Sum {
            total: r.field("total", &NUMBERS),
            times: section.has("times").then(|| r.field("times", &[FieldKind::Integer])),
            parts: r.fields("parts", &NUMBERS),
            minus: if section.has("minus") { r.fields("minus", &NUMBERS) } else { Vec::new() },
            tolerance: r.hundredths("tolerance").unwrap_or(0),
        },
        Word::Unit => {
            section.needs("below");
            CheckKind::Unit {
                field: r.field("field", &[FieldKind::Money]),
                below: match (section.has("below"), r.hundredths("below")) {
                    (false, _) => r.lacking("below", "below = 100").unwrap_or_default(),
                    (true, below) => below.unwrap_or_default(),
                },
            }
        }
        Word::Range => {
            let (from, until) = (r.hundredths("from"), r.hundredths("until"));
            if from.is_none() && until.is_none() {
                r.lacking::<()>("from", "from = 0");
            }
            CheckKind::Range { field: r.field("field", &NUMBERS), from, until }
        }
        Word::Order => {
            let kinds = [NUMBERS.as_slice(), DAYS.as_slice()].concat();
            let (first, then) = (r.field("first", &kinds), r.field("then", &kinds));
            let days = |name: &str| source.fields.iter().find(|f| f.name == name).map(|f| DAYS.contains(&f.kind));
            if days(&first).is_some() && days(&then).is_some() && days(&first) != days(&then) {
                let message = format!("`{first}` and `{then}` cannot be compared: one is a day, the other a number");
                section.error("plan.contradiction", "then", message, "name two days or two numbers");
            }
            CheckKind::Order { first, then, months: section.whole("months", 0..=1200).unwrap_or(0) as i32 }
        }
        Word::Contradiction => {
            r.need_title();
            CheckKind::Contradiction { when: r.conditions("when"), ages: r.ages() }
        }
        Word::OneOf => CheckKind::OneOf { fields: r.fields("fields", &ANY) },
        Word::Heads => {
            r.not_for_register("the heads of the register are checked when its households are made");
            r.roles(&[Role::Household, Role::Relation]);
            CheckKind::Heads
        }
        Word::Spouse => {
            r.roles(&[Role::Household, Role::Relation]);
            CheckKind::Spouse
        }
        Word::Relation => {
            r.roles(&[Role::Household, Role::Relation]);
            CheckKind::Relation
        }
        Word::HouseholdNeeds => {
            r.roles(&[Role::Household]);
            r.need_title();
            CheckKind::HouseholdNeeds { when: r.conditions("when"), needs: r.conditions("needs") }
        }
        Word::HouseholdSame => {
            r.roles(&[Role::Household]);
            CheckKind::HouseholdSame { fields: r.fields("fields", &ANY) }
        }
        Word::TwoNames => {
            r.not_for_register("numbers that stand twice in the register are found when its persons are made");
            r.roles(&[Role::IdNumber, Role::Name]);
            CheckKind::TwoNames
        }
        Word::Twice => {
            r.not_for_register("persons that stand twice in the register are found when its persons are made");
            r.roles(&[Role::IdNumber, Role::Name]);
            CheckKind::Twice
        }
        Word::SharedPhone => CheckKind::SharedPhone {
            field: r.field("field", &[FieldKind::Phone]),
            households: section.whole("households", 2..=1000).unwrap_or(3),
        },
    };
    Some(CrossCheck {
        kind,
        severity: section.word("severity", &SEVERITIES).unwrap_or(Severity::Warning),
        title: section.text("title").unwrap_or_default(),
        place: section.place(),
    })
}

/// A check's section and what it may name.
struct Reading<'a, 'd> {
    section: &'a Section<'d>,
    source: &'a Source,
    codes: &'a Codes,
}

impl Reading<'_, '_> {
    fn lacking<T>(&self, key: &str, example: &str) -> Option<T> {
        let message = format!("this check has no `{key}`");
        let place = self.section.place();
        self.section.report(Diagnostic::error("plan.missing_key", message, place).hint(format!("add `{example}`")));
        None
    }

    fn hundredths(&self, key: &str) -> Option<i128> {
        match self.section.value(key, Kind::Decimal) {
            Some(Value::Decimal(number)) => Some(number),
            _ => None,
        }
    }

    /// A field of the contract, of one of these kinds; any kind when there are none.
    fn field(&self, key: &str, kinds: &[FieldKind]) -> String {
        let name = self.section.need_text(key);
        self.known(key, &name, self.section.place_of(key), kinds);
        name
    }

    fn fields(&self, key: &str, kinds: &[FieldKind]) -> Vec<String> {
        self.section.needs(key);
        let Some(names) = self.section.texts_at(key) else {
            return self.lacking(key, &format!("{key} = [\"…\"]")).unwrap_or_default();
        };
        for (name, place) in &names {
            self.known(key, name, place.clone(), kinds);
        }
        names.into_iter().map(|(name, _)| name).collect()
    }

    fn known(&self, key: &str, name: &str, place: Place, kinds: &[FieldKind]) -> Option<&Field> {
        let names = || self.source.fields.iter().map(|f| f.name.as_str());
        let Some(field) = self.source.fields.iter().find(|f| f.name == name) else {
            if !name.is_empty() {
                let hint = match nearest(name, names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("fields of this contract are {}", names().collect::<Vec<_>>().join(", ")),
                };
                let message = format!("the contract has no field `{name}`");
                self.section.report(Diagnostic::error("plan.unknown_field", message, place).hint(hint));
            }
            return None;
        };
        if !kinds.is_empty() && !kinds.contains(&field.kind) {
            let word = |kind: FieldKind| FieldKind::WORDS.iter().find(|(_, k)| *k == kind).map_or("", |(w, _)| w);
            let wanted: Vec<&str> = kinds.iter().map(|k| word(*k)).collect();
            let message =
                format!("`{key}` needs a field of kind {}, but `{name}` is {}", wanted.join(", "), word(field.kind));
            self.section.report(Diagnostic::error("plan.contradiction", message, place).hint("name another field"));
        }
        Some(field)
    }

    fn roles(&self, roles: &[Role]) {
        for role in roles.iter().filter(|role| self.source.field_with(**role).is_none()) {
            let word = Role::WORDS.iter().find(|(_, r)| r == role).map_or("", |(word, _)| word);
            let message = format!("this check needs a field with the role `{word}`");
            let hint = "give the field that role, or take the check out";
            self.section.error("plan.missing_role", "kind", message, hint);
        }
    }

    fn not_for_register(&self, why: &str) {
        if self.source.role == SourceRole::Register {
            let hint = "take the check out: each such row would be told twice";
            self.section.error("plan.contradiction", "kind", why, hint);
        }
    }

    /// What no check can say in its own words.
    fn need_title(&self) {
        self.section.need_text("title");
    }

    fn ages(&self) -> Option<Ages> {
        let (key, outside) = match (self.section.has("age"), self.section.has("age_outside")) {
            (true, _) => ("age", false),
            (_, true) => ("age_outside", true),
            _ => return None,
        };
        match self.section.numbers(key)?.as_slice() {
            [from, until] if 0.0 <= *from && from <= until && *until <= 150.0 => {
                Some(Ages { from: *from as i32, until: *until as i32, outside })
            }
            _ => {
                let message = format!("`{key}` is no span of ages");
                self.section.error("plan.out_of_range", key, message, "write for example age = [16, 59]");
                None
            }
        }
    }

    fn conditions(&self, key: &str) -> Vec<Condition> {
        self.section.needs(key);
        let mut conditions = Vec::new();
        for entry in self.section.sections(key) {
            let inner = Reading { section: &entry, ..*self };
            conditions.extend(inner.condition());
            entry.finish();
        }
        if !self.section.has(key) {
            self.lacking::<()>(key, &format!("{key} = [{{ field = \"…\", is = [\"…\"] }}]"));
        }
        conditions
    }

    fn condition(&self) -> Option<Condition> {
        let name = self.section.need_text("field");
        let field = self.known("field", &name, self.section.place_of("field"), &ANY);
        let is = self.section.texts_at("is");
        let blank = self.section.flag("blank");
        let (from, until) = (self.hundredths("from"), self.hundredths("until"));
        let field = field?;
        let test = match (is, blank, from.is_some() || until.is_some()) {
            (Some(values), None, false) => {
                for (value, place) in &values {
                    self.value_of(field, value, place);
                }
                Test::Is(values.into_iter().map(|(value, _)| value).collect())
            }
            (None, Some(blank), false) => Test::Blank(blank),
            (None, None, true) => {
                self.known("from", &name, self.section.place(), &NUMBERS);
                Test::Between(from, until)
            }
            _ => {
                let message = "a condition says one of `is`, `blank`, or `from` and `until`";
                self.section.report(
                    Diagnostic::error("plan.contradiction", message, self.section.place())
                        .hint("write { field = \"…\", is = [\"…\"] }"),
                );
                return None;
            }
        };
        Some(Condition { field: name, test })
    }

    /// A value that no cell of the field can have would make a check that never finds anything.
    fn value_of(&self, field: &Field, value: &str, place: &Place) {
        let known: Vec<&str> = match (field.kind, &field.code) {
            (FieldKind::Code, Some(table)) => {
                let Some(table) = self.codes.table(table) else { return };
                table.entries().iter().map(|e| e.code.as_str()).collect()
            }
            (FieldKind::Boolean, _) => vec!["true", "false"],
            _ => return,
        };
        if !known.contains(&value) {
            let hint = match nearest(value, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", known.join(", ")),
            };
            let message = format!("`{value}` is no value of `{}`", field.name);
            self.section.report(Diagnostic::error("plan.unknown_word", message, place.clone()).hint(hint));
        }
    }
}

/// A check from its lines in a contract, for tests.
///
/// # Panics
/// When the lines are no check of this source.
#[cfg(test)]
pub fn cross_check(lines: &str, source: &Source, codes: &Codes) -> CrossCheck {
    let problems = super::reader::Problems::default();
    let document = super::reader::Document::new("check.toml".into(), lines.into());
    let check = document.read(&problems, |section| read(section, source, codes)).flatten();
    assert_eq!(problems.into_inner(), [], "{lines}");
    check.expect("a check")
}
