//! Parameters: `params.toml` → [`Param`], and which value counts for a household on a day.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{Problems, Section};
use super::types::{Basis, Group, Param, ParamValue, Sql};
use crate::codes::{Codes, Lookup};
use crate::diag::{Diagnostic, Place, nearest};
use crate::model::build::Value;
use crate::model::table::Kind;
use crate::model::text;

/// Types that a parameter may have.
const KINDS: [(&str, Kind); 5] = [
    ("integer", Kind::Integer),
    ("decimal", Kind::Decimal),
    ("text", Kind::Text),
    ("boolean", Kind::Boolean),
    ("date", Kind::Date),
];

/// The value that counts on a day (days since 1970-01-01) for a household: among the valid ones the most specific.
///
/// A value of the township comes before one of the county; then one of the group (by name; [`OTHER`] for who is in none)
/// before one for everybody; then one of the basis before one of any. None when no value is valid on that day.
pub fn resolve<'p>(
    param: &'p Param,
    as_of: i32,
    township: Option<&str>,
    group: &str,
    basis: Basis,
) -> Option<&'p ParamValue> {
    let valid = param.values.iter().filter(|v| {
        holds(v, as_of)
            && v.township.as_deref().is_none_or(|t| Some(t) == township)
            && v.group.as_deref().is_none_or(|g| g == group)
            && v.basis.is_none_or(|b| b == basis)
    });
    valid.max_by_key(|v| (v.township.is_some(), v.group.is_some(), v.basis.is_some()))
}

/// True when a value holds on a day.
fn holds(value: &ParamValue, as_of: i32) -> bool {
    value.from.is_none_or(|from| from <= as_of) && value.until.is_none_or(|until| as_of <= until)
}

/// The group of households that are in no declared one.
pub const OTHER: &str = "other";

/// So many groups may be declared.
const MOST_GROUPS: usize = 60;

/// The groups of a pipeline that declares none: who was lifted out of poverty, and the rest.
pub fn default_groups() -> Vec<Group> {
    let when = Sql { text: "coalesce(lifted, FALSE)".into(), place: Place::default() };
    vec![Group { name: "lifted".into(), title: "脱贫户".into(), when, place: Place::default() }]
}

/// What a file of parameters holds.
#[derive(Debug, Default)]
pub(super) struct ParamFile {
    pub(super) params: Vec<Param>,
    pub(super) groups: Vec<Group>,
}

/// Reads a file of parameters.
pub(super) fn read(file: &Section, codes: &Codes) -> ParamFile {
    let mut found = ParamFile::default();
    for section in file.sections("group") {
        found.groups.push(group(&section));
        section.finish();
    }
    for section in file.sections("param") {
        found.params.push(param(&section, codes));
        section.finish();
    }
    found
}

fn group(section: &Section) -> Group {
    let name = super::check::name(section, "name");
    if name == OTHER {
        let message = format!("`{OTHER}` is the group of households that are in no declared one");
        section.error("plan.bad_name", "name", message, "take another name");
    }
    Group { name, title: section.need_text("title"), when: section.need_sql("when"), place: section.place() }
}

/// Groups that stand twice, and values of groups that nobody declared.
pub(super) fn check_groups(groups: &[Group], params: &BTreeMap<String, Param>, problems: &Problems) {
    let report = |problem: Diagnostic| problems.borrow_mut().push(problem);
    if let Some(group) = groups.get(MOST_GROUPS) {
        let message = format!("there are more than {MOST_GROUPS} groups");
        report(
            Diagnostic::error("plan.too_many_groups", message, group.place.clone())
                .hint("leave out those that no value names"),
        );
    }
    for (at, group) in groups.iter().enumerate() {
        if let Some(first) = groups[..at].iter().find(|g| g.name == group.name) {
            let message = format!("group `{}` stands twice, first in {}", group.name, first.place);
            report(Diagnostic::error("plan.duplicate", message, group.place.clone()).hint("give each group once"));
        }
    }
    let known = || groups.iter().map(|g| g.name.as_str()).chain([OTHER]);
    for value in params.values().flat_map(|p| &p.values) {
        let Some(name) = value.group.as_deref().filter(|name| !known().any(|k| k == *name)) else { continue };
        let hint = match nearest(name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                format!("the groups are {}; more are declared with [[group]]", known().collect::<Vec<_>>().join(", "))
            }
        };
        report(
            Diagnostic::error("plan.unknown_group", format!("there is no group `{name}`"), value.place.clone())
                .hint(hint),
        );
    }
}

/// Parameters by name; names that stand twice are reported.
pub(super) fn resolve_names(params: Vec<Param>, problems: &Problems) -> BTreeMap<String, Param> {
    let mut by_name: BTreeMap<String, Param> = BTreeMap::new();
    for param in params {
        if let Some(first) = by_name.get(&param.name) {
            let message = format!("parameter `{}` stands twice, first in {}", param.name, first.place);
            problems.borrow_mut().push(
                Diagnostic::error("plan.duplicate", message, param.place)
                    .hint("put all values of a parameter into one [[param]]"),
            );
            continue;
        }
        by_name.insert(param.name.clone(), param);
    }
    by_name
}

fn param(section: &Section, codes: &Codes) -> Param {
    let name = super::check::name(section, "name");
    let kind = section.need_word("kind", &KINDS, Kind::Decimal);
    let mut values = Vec::new();
    for entry in section.sections("values") {
        values.extend(value(&entry, kind, codes));
        entry.finish();
    }
    let param = Param {
        name,
        title: section.need_text("title"),
        kind,
        unit: section.text("unit").unwrap_or_default(),
        values,
        place: section.place(),
    };
    check_values(&param, &mut |problem| section.report(problem));
    param
}

/// The full name of a township; none when there is no such one. Without a division table nobody can tell: that is reported
/// once, with the tables.
pub(super) fn township(written: &str, codes: &Codes) -> Option<String> {
    match codes.divisions().township(written) {
        Lookup::One(division) => Some(division.name.clone()),
        _ if codes.divisions().all().is_empty() => Some(written.to_string()),
        _ => None,
    }
}

/// A township that the division table lacks.
pub(super) fn unknown_township(written: &str, place: Place) -> Diagnostic {
    let message = format!("there is no township `{written}` in the division table");
    Diagnostic::error("plan.unknown_township", message, place)
        .hint("write the township's full name as divisions.csv has it; otherwise the value would never count")
}

/// What is wrong with a parameter's values together: days with two values, days without one.
pub(super) fn check_values(param: &Param, report: &mut dyn FnMut(Diagnostic)) {
    overlaps(param, report);
    gaps(param, report);
}

fn value(entry: &Section, kind: Kind, codes: &Codes) -> Option<ParamValue> {
    let written = entry.text("township");
    let township = written.map(|name| {
        township(&name, codes).unwrap_or_else(|| {
            entry.report(unknown_township(&name, entry.place_of("township")));
            name
        })
    });
    let parsed = ParamValue {
        from: entry.day("from"),
        until: entry.day("until"),
        township,
        group: entry.text("group"),
        basis: entry.word("basis", &Basis::WORDS),
        value: entry.value("value", kind).unwrap_or(Value::Null),
        document: entry.need_text("document"),
        place: entry.place(),
    };
    if !entry.has("value") {
        let message = "this entry of `values` has no `value`";
        entry.report(Diagnostic::error("plan.missing_key", message, entry.place()).hint("add `value = …`"));
    }
    if let (Some(from), Some(until)) = (parsed.from, parsed.until)
        && until < from
    {
        let message = format!("the value ends on {}, before it begins", text::date(until));
        entry.error("plan.contradiction", "until", message, "`until` is the last day on which the value holds");
    }
    Some(parsed)
}

/// Two values for the same area and group that hold on the same day: nobody could say which one counts.
fn overlaps(param: &Param, report: &mut dyn FnMut(Diagnostic)) {
    let days = |v: &ParamValue| (v.from.unwrap_or(i32::MIN), v.until.unwrap_or(i32::MAX));
    for (i, a) in param.values.iter().enumerate() {
        for b in &param.values[i + 1..] {
            let same = a.township == b.township && a.group == b.group && a.basis == b.basis;
            let first = days(a).0.max(days(b).0);
            if same && first <= days(a).1.min(days(b).1) {
                let since = if first == i32::MIN { "at all times".into() } else { format!("on {}", text::date(first)) };
                let message = format!("two values of `{}` hold {since} for the same area, group and basis", param.name);
                let first = match (a.place.line, a.place.row) {
                    (Some(line), _) => format!("line {line} with `until`"),
                    (None, Some(row)) => format!("row {row} with 结束日期"),
                    (None, None) => "the first one".to_string(),
                };
                report(
                    Diagnostic::error("plan.param_overlap", message, b.place.clone())
                        .hint(format!("close the value of {first}, or let this one begin later")),
                );
            }
        }
    }
}

/// The county-wide value for everybody must hold without a gap from its first day on: a rule must never lack it.
fn gaps(param: &Param, report: &mut dyn FnMut(Diagnostic)) {
    let general = || param.values.iter().filter(|v| v.township.is_none() && v.group.is_none());
    if general().next().is_none() {
        let message = format!("`{}` has no value for the whole county and everybody", param.name);
        report(
            Diagnostic::error("plan.param_no_general_value", message, param.place.clone())
                .hint("add a value without `township` and `group`, for all whom no special value meets"),
        );
    }
    // A county counts by one basis: for each that is named, what holds for it or for any must have no gap.
    let named: BTreeSet<Option<Basis>> = general().map(|v| v.basis).collect();
    let bases = named.iter().filter(|b| b.is_some() || named.len() == 1);
    for basis in bases {
        let mut values: Vec<&ParamValue> = general().filter(|v| v.basis.is_none() || v.basis == *basis).collect();
        values.sort_by_key(|v| v.from.unwrap_or(i32::MIN));
        let mut covered = i32::MIN;
        for (at, value) in values.iter().enumerate() {
            let from = value.from.unwrap_or(i32::MIN);
            if at > 0 && covered < i32::MAX && from > covered + 1 {
                let (last, next) = (text::date(covered), text::date(from));
                let message = format!("`{}` has no value after {last} and before {next}", param.name);
                report(
                    Diagnostic::error("plan.param_gap", message, value.place.clone())
                        .hint("let the value begin on the day after the one before it ends"),
                );
            }
            covered = covered.max(value.until.unwrap_or(i32::MAX));
        }
    }
}

/// Parameters without a value for the whole county and everybody on a day (days since 1970-01-01): a round of that day
/// would judge nobody by them.
pub fn without_value(params: &BTreeMap<String, Param>, basis: Basis, as_of: i32) -> Vec<Diagnostic> {
    let general = |v: &&ParamValue| {
        v.township.is_none() && v.group.is_none() && v.basis.is_none_or(|b| b == basis) && holds(v, as_of)
    };
    let lacking = params.values().filter(|p| !p.values.iter().any(|v| general(&v)));
    lacking
        .map(|p| {
            let message = format!("parameter `{}` has no value on {}", p.name, text::date(as_of));
            Diagnostic::error("plan.param_no_value", message, p.place.clone())
                .hint("add a value that holds on this day, with the document it comes from")
        })
        .collect()
}
