//! Linkage models: `shared/models/<name>.toml` → [`LinkModel`].

use super::reader::Section;
use super::types::{Comparison, LevelWeight, LinkModel};
use crate::diag::{Diagnostic, Place, nearest};

/// Comparisons and their levels, from the closest to the furthest. The linker decides which level a pair is on.
pub const LEVELS: [(&str, &[&str]); 5] = [
    (
        "number",
        &[
            "exact",
            "one_digit",
            "transposed",
            "partial",
            "two_digits",
            "compensated",
            "parts",
            "relative",
            "different",
            "missing",
        ],
    ),
    (
        "name",
        &[
            "exact",
            "script",
            "sound",
            "dialect",
            "shape",
            "wildcard",
            "parts",
            "near",
            "surname_only",
            "different",
            "missing",
        ],
    ),
    ("birth", &["exact", "near", "year", "different", "missing"]),
    ("sex", &["same", "different", "missing"]),
    ("division", &["village", "township", "other_village", "county", "different", "missing"]),
];

/// A model that stands where none could be read; the plan is refused then.
pub(super) fn none(place: Place) -> LinkModel {
    LinkModel {
        name: String::new(),
        version: 0,
        linked_at: 0.0,
        possible_at: 0.0,
        margin: 0.0,
        max_block: 1,
        comparisons: Vec::new(),
        place,
    }
}

/// Reads a model file.
pub(super) fn read(file: &Section) -> LinkModel {
    file.word("family", &[("person", ())]);
    let mut model = LinkModel {
        name: file.need_text("name"),
        version: file.need_version(),
        linked_at: file.need_number("linked_at"),
        possible_at: file.need_number("possible_at"),
        margin: file.need_number("margin"),
        max_block: file.whole("max_block", 2..=1_000_000).unwrap_or(200) as usize,
        comparisons: Vec::new(),
        place: file.place(),
    };
    if model.possible_at > model.linked_at {
        file.error(
            "plan.contradiction",
            "possible_at",
            format!("`possible_at` {} lies above `linked_at` {}", model.possible_at, model.linked_at),
            "a pair must be possible before it is linked: `possible_at` is the lower threshold",
        );
    }
    if model.margin < 0.0 {
        file.error("plan.out_of_range", "margin", "`margin` is negative", "write 0 or more");
    }
    for section in file.sections("comparison") {
        let comparison = comparison(&section);
        if model.comparisons.iter().any(|c| c.name == comparison.name) {
            let message = format!("comparison `{}` stands twice", comparison.name);
            section.error("plan.duplicate", "name", message, "put all levels into one comparison");
        }
        model.comparisons.push(comparison);
        section.finish();
    }
    for (name, _) in LEVELS.iter().filter(|(n, _)| !model.comparisons.iter().any(|c| c.name == *n)) {
        file.report(
            Diagnostic::error("plan.missing_comparison", format!("there is no comparison `{name}`"), file.place())
                .hint(format!("add a [[comparison]] with name = \"{name}\" and its levels")),
        );
    }
    model
}

fn comparison(section: &Section) -> Comparison {
    let words: Vec<(&str, &[&str])> = LEVELS.to_vec();
    let expected: &[&str] = if section.has("name") { section.word("name", &words).unwrap_or(&[]) } else { &[] };
    let name = section.need_text("name");
    let mut levels: Vec<LevelWeight> = Vec::new();
    for entry in section.sections("levels") {
        let level = entry.need_text("level");
        if !expected.is_empty() && !expected.contains(&level.as_str()) {
            let hint = match nearest(&level, expected.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? its levels are {}", expected.join(", ")),
                None => format!("its levels are {}", expected.join(", ")),
            };
            let message = format!("comparison `{name}` has no level `{level}`");
            entry.error("plan.unknown_level", "level", message, hint);
        }
        if levels.iter().any(|l| l.level == level) {
            entry.error("plan.duplicate", "level", format!("level `{level}` stands twice"), "keep one of the two");
        }
        let weight = LevelWeight { m: probability(&entry, "m"), u: probability(&entry, "u"), level };
        levels.push(weight);
        entry.finish();
    }
    for missing in expected.iter().filter(|e| !levels.iter().any(|l| l.level == **e)) {
        let message = format!("comparison `{name}` lacks the level `{missing}`");
        let hint = "give it m and u; a level that says nothing has m = u";
        section.error("plan.missing_level", "levels", message, hint);
    }
    for (word, total) in
        [("m", levels.iter().map(|l| l.m).sum::<f64>()), ("u", levels.iter().map(|l| l.u).sum::<f64>())]
    {
        if total > 1.02 {
            let message = format!("the `{word}` of the levels of `{name}` add up to {total:.3}");
            section.error("plan.contradiction", "levels", message, "a pair is on one level only: the sum is at most 1");
        }
    }
    Comparison { name, levels }
}

/// A probability; neither 0 nor 1, since both would make a weight without end.
fn probability(section: &Section, key: &str) -> f64 {
    let value = section.need_number(key);
    if value <= 0.0 || value >= 1.0 {
        let message = format!("`{key}` is {value}, which is not between 0 and 1");
        section.error("plan.out_of_range", key, message, "write a probability above 0 and below 1");
    }
    value
}
