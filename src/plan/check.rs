//! What only holds between parts: roles of a source, names that must be known, names that must not meet.

use std::collections::BTreeMap;

use super::reader::{Problems, Section};
use super::schema;
use super::types::{FieldFrom, Judged, Level, ORIGINS, Origin, Plan, Role, Rule, Source, SourceRole, Subject};
use crate::diag::{Diagnostic, Place, nearest};

/// Words that SQL reads as something else than a name.
const SQL_WORDS: [&str; 36] = [
    "all", "and", "any", "as", "as_of", "asc", "between", "by", "case", "cast", "date", "desc", "distinct", "else",
    "end", "exists", "extract", "false", "filter", "from", "group", "having", "in", "interval", "is", "like", "limit",
    "not", "null", "or", "order", "select", "then", "true", "when", "where",
];

/// A name: ASCII `snake_case`.
pub(super) fn name(section: &Section, key: &str) -> String {
    let name = section.need_text(key);
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let sound = name.is_empty() || (begins && rest); // an absent name was reported already
    if !sound {
        let hint = "write it in ASCII snake_case, for example self_pay_12m; the Chinese goes into the title";
        section.error("plan.bad_name", key, format!("`{name}` is no name"), hint);
    }
    name
}

/// True for what can be the name of a field or indicator.
pub fn is_column_name(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    begins && rest && !SQL_WORDS.contains(&name)
}

/// The name of a field or indicator: a name, and no word of SQL, since rules name it there.
pub(super) fn column_name(section: &Section, key: &str) -> String {
    let name = name(section, key);
    if SQL_WORDS.contains(&name.as_str()) {
        let message = format!("`{name}` is a word of SQL and cannot be a column's name");
        section.error("plan.bad_name", key, message, format!("write for example `{name}_of_village`"));
    }
    name
}

/// A source by itself: field names, headings and roles.
pub(super) fn source(source: &Source, mut report: impl FnMut(Diagnostic)) {
    if ORIGINS.iter().any(|(word, _)| *word == source.id) {
        let message = format!("`{}` says what an indicator is computed from and cannot be a source's id", source.id);
        report(
            Diagnostic::error("plan.bad_name", message, source.place.clone()).hint("give the contract another name"),
        );
    }
    if source.fields.is_empty() {
        report(
            Diagnostic::error("plan.no_fields", "the contract has no fields", source.place.clone())
                .hint("add a [[field]] per column that is needed"),
        );
        return;
    }
    let mut columns: BTreeMap<String, usize> = BTreeMap::new();
    for column in schema::records(source).columns {
        *columns.entry(column.name).or_default() += 1;
    }
    let mut headings: BTreeMap<&str, &str> = BTreeMap::new();
    let mut roles: BTreeMap<Role, &str> = BTreeMap::new();
    for field in &source.fields {
        if columns.get(&field.name).is_some_and(|n| *n > 1) {
            let message = format!("`{}` is a column of the records table already", field.name);
            report(
                Diagnostic::error("plan.duplicate", message, field.place.clone())
                    .hint("another field or a column that every source has is named so; take another name"),
            );
        }
        for heading in std::iter::once(&field.heading).chain(&field.aliases).filter(|_| field.from == FieldFrom::Column)
        {
            if let Some(other) = headings.insert(heading, &field.name).filter(|o| *o != field.name) {
                let message = format!("heading `{heading}` belongs to `{other}` and to `{}`", field.name);
                report(
                    Diagnostic::error("plan.duplicate", message, field.place.clone())
                        .hint("a heading can mean one field only"),
                );
            }
        }
        if let Some(role) = field.role
            && let Some(other) = roles.insert(role, &field.name)
        {
            let message = format!("role `{}` is given to `{other}` and to `{}`", role_word(role), field.name);
            report(
                Diagnostic::error("plan.role_twice", message, field.place.clone())
                    .hint("one field of a source has a role; leave the role out of the other"),
            );
        }
    }
    for (role, why) in needed_roles(source) {
        if !roles.contains_key(&role) {
            let message = format!("no field has the role `{}`", role_word(role));
            report(Diagnostic::error("plan.missing_role", message, source.place.clone()).hint(why));
        }
    }
}

fn needed_roles(source: &Source) -> Vec<(Role, &'static str)> {
    let mut needed = match source.subject {
        Subject::Person => {
            vec![(Role::Name, "records of persons are linked by the name; give its field role = \"name\"")]
        }
        Subject::Household => vec![(
            Role::Name,
            "records of households are linked by the name of the head; give its field role = \"name\"",
        )],
        Subject::Village => {
            vec![(Role::Village, "records of villages are linked by it; give its field role = \"village\"")]
        }
    };
    let register = "the register makes persons and households out of it";
    match source.role {
        SourceRole::Register => needed.extend([
            (Role::IdNumber, register),
            (Role::Household, register),
            (Role::Relation, register),
            (Role::Village, register),
            (Role::PersonStatus, register),
        ]),
        SourceRole::NationalSystem => needed.extend([
            (Role::IdNumber, "households of the national system are found by their members' numbers"),
            (Role::Household, "rows that share the household's number are one household"),
            (Role::HouseholdType, "it tells households lifted out of poverty from the others"),
            (Role::ListType, "it tells which households are monitored already"),
        ]),
        SourceRole::Offline => needed.push((Role::Causes, "the comparison needs the causes that villages report")),
        SourceRole::Department => {}
    }
    needed
}

fn role_word(role: Role) -> &'static str {
    Role::WORDS.iter().find(|(_, r)| *r == role).map_or("", |(word, _)| word)
}

/// The plan as a whole. `source_places` has the place of each indicator's source, `rule_places` those of each rule's cause
/// and evidence.
pub(super) fn plan(plan: &Plan, source_places: &[Place], rule_places: &[(Place, Place)], problems: &Problems) {
    let mut problems = problems.borrow_mut();
    let mut report = |problem: Diagnostic| problems.push(problem);
    one_of_a_role(plan, &mut report);
    indicators(plan, source_places, &mut report);
    let mut ids: BTreeMap<&str, &Place> = BTreeMap::new();
    for (rule, (cause_place, evidence_place)) in plan.rules.iter().zip(rule_places) {
        if let Some(first) = ids.insert(&rule.id, &rule.place) {
            let message = format!("rule `{}` stands twice, first in {first}", rule.id);
            report(
                Diagnostic::error("plan.duplicate", message, rule.place.clone())
                    .hint("a rule's id is never given to another rule"),
            );
        }
        if !rule.cause.is_empty() && !plan.causes.iter().any(|c| c.code == rule.cause) {
            let known: Vec<&str> = plan.causes.iter().map(|c| c.code.as_str()).collect();
            let hint = match nearest(&rule.cause, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", known.join(", ")),
            };
            let message = format!("rule `{}` names the cause `{}`, which is not in cause.csv", rule.id, rule.cause);
            report(Diagnostic::error("plan.unknown_cause", message, cause_place.clone()).hint(hint));
        }
        evidence(plan, rule, evidence_place, &mut report);
    }
}

fn one_of_a_role(plan: &Plan, report: &mut impl FnMut(Diagnostic)) {
    for (role, word, needed) in [
        (SourceRole::Register, "register", true),
        (SourceRole::NationalSystem, "national_system", false),
        (SourceRole::Offline, "offline", false),
    ] {
        let sources: Vec<&Source> = plan.sources.iter().filter(|s| s.role == role).collect();
        if sources.is_empty() && needed {
            let place = Place::file(plan.dir.join("pipeline.toml").display().to_string().replace('\\', "/"));
            report(
                Diagnostic::error("plan.no_register", "no source of the pipeline is the population register", place)
                    .hint("add the source whose contract has role = \"register\" to `sources`"),
            );
        }
        for source in sources.iter().skip(1) {
            let message = format!("`{}` and `{}` both have the role {word}", sources[0].id, source.id);
            report(
                Diagnostic::error("plan.source_role_twice", message, source.place.clone())
                    .hint("a pipeline has one source of this role; take the other out of `sources`"),
            );
        }
    }
}

fn indicators(plan: &Plan, source_places: &[Place], report: &mut impl FnMut(Diagnostic)) {
    let built_in: Vec<String> = {
        let mut bare = plan.clone();
        bare.indicators.clear();
        schema::rule_columns(&bare, Level::Person).into_iter().map(|c| c.name).collect()
    };
    let mut names: BTreeMap<&str, &Place> = BTreeMap::new();
    for (indicator, source_place) in plan.indicators.iter().zip(source_places) {
        let (name, place) = (indicator.name.as_str(), &indicator.place);
        if let Some(first) = names.insert(name, place) {
            let message = format!("indicator `{name}` stands twice, first in {first}");
            report(
                Diagnostic::error("plan.duplicate", message, place.clone())
                    .hint("rules of persons see the household's indicators too: each name is given once"),
            );
        }
        if built_in.iter().any(|b| b == name) || ["person_id", "household_id", schema::LISTED].contains(&name) {
            let message = format!("`{name}` is a built-in column");
            report(Diagnostic::error("plan.duplicate", message, place.clone()).hint("take another name"));
        }
        if indicator.origin() != Origin::Records {
            continue;
        }
        let Some(source) = plan.sources.iter().find(|s| s.id == indicator.source) else {
            let known: Vec<&str> =
                plan.sources.iter().map(|s| s.id.as_str()).chain(ORIGINS.iter().map(|(word, _)| *word)).collect();
            let hint = match nearest(&indicator.source, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("sources of this pipeline are {}", known.join(", ")),
            };
            let message =
                format!("indicator `{name}` names the source `{}`, which the pipeline lacks", indicator.source);
            report(Diagnostic::error("plan.unknown_source", message, source_place.clone()).hint(hint));
            continue;
        };
        if source.subject != Subject::Person && indicator.level == Level::Person {
            let message =
                format!("indicator `{name}` is a person's, but records of `{}` are not about persons", source.id);
            report(Diagnostic::error("plan.contradiction", message, place.clone()).hint("write level = \"household\""));
        }
    }
}

/// Behind the name of a day: only its month is known, and only that is shown.
pub const MONTH: &str = ":month";

/// The column or parameter that a placeholder shows.
pub fn shown_name(inside: &str) -> &str {
    inside.strip_suffix(MONTH).unwrap_or(inside)
}

/// The `{…}` of an evidence sentence must name what the rule can see.
fn evidence(plan: &Plan, rule: &Rule, place: &Place, report: &mut impl FnMut(Diagnostic)) {
    let columns = schema::columns_of(plan, rule);
    let mut rest = rule.evidence.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let inside = rest[at..].strip_prefix('{').and_then(|r| r.split_once(['{', '}']));
        let Some((inside, after)) = inside.filter(|(i, _)| rest[at + 1 + i.len()..].starts_with('}')) else {
            let message = format!("the evidence of rule `{}` has a brace without its partner", rule.id);
            report(
                Diagnostic::error("plan.bad_placeholder", message, place.clone()).hint("write {indicator} or {:param}"),
            );
            return;
        };
        rest = after;
        let inside = shown_name(inside);
        let (what, near) = match inside.strip_prefix(':') {
            Some("as_of") => continue,
            Some(param) if plan.params.contains_key(param) => continue,
            Some(param) => {
                ("parameter", nearest(param, plan.params.keys().map(String::as_str)).map(|n| format!(":{n}")))
            }
            None if columns.iter().any(|c| c.name == inside) => continue,
            None => ("column", nearest(inside, columns.iter().map(|c| c.name.as_str())).map(str::to_string)),
        };
        let hint = match near {
            Some(near) => format!("did you mean {{{near}}}?"),
            None => "write {indicator} of the rule's level, or {:param}".to_string(),
        };
        let message = format!("the evidence of rule `{}` names `{inside}`, but there is no such {what}", rule.id);
        report(Diagnostic::error("plan.unknown_placeholder", message, place.clone()).hint(hint));
    }
}

/// A rule that no test shows at work is doubtful; one test each shows what it hits, what it just misses, and that it holds
/// its tongue when a value is missing.
pub(super) fn rules_have_tests(plan: &Plan, problems: &Problems) {
    let outcomes = [("hit", Judged::Hit), ("miss", Judged::Miss), ("unknown", Judged::Unknown)];
    for rule in &plan.rules {
        let shown = |wanted: Judged| plan.rule_tests.iter().any(|t| t.rule == rule.id && t.expect == wanted);
        let lacking: Vec<&str> = outcomes.iter().filter(|(_, o)| !shown(*o)).map(|(word, _)| *word).collect();
        let message = match lacking.len() {
            0 => continue,
            3 => format!("rule `{}` has no test", rule.id),
            _ => format!("rule `{}` has no test that comes out {}", rule.id, lacking.join(" or ")),
        };
        problems.borrow_mut().push(
            Diagnostic::warning("plan.rule_without_test", message, rule.place.clone())
                .hint("add a [[test]] with rows in and hit, miss or unknown out to the folder tests"),
        );
    }
}
