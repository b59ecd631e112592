//! Linkage models: `shared/models/<name>.toml` → [`LinkModel`].

use super::reader::Section;
use super::{Comparison, FittedOn, LevelWeight, LinkModel};
use crate::diag::{Diagnostic, Place, nearest};

/// Comparisons and their levels, from the closest to the furthest. The linker decides which level a pair is on.
pub const LEVELS: [(&str, &[&str]); 8] = [
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
    ("phone", &["same", "household", "different", "missing"]),
    ("household", &["same", "other", "missing"]),
    ("claim", &["free", "taken", "missing"]),
];

/// Comparisons that every model has; the others weigh nothing where a model leaves them out.
const NEEDED: usize = 5;

/// A model that stands where none could be read; the plan is refused then.
pub(super) fn none(place: Place) -> LinkModel {
    LinkModel::empty("", place)
}

/// Reads a model file.
pub(super) fn read(file: &Section) -> LinkModel {
    file.word("family", &[("person", ())]);
    let mut model = LinkModel {
        name: file.need_text("name"),
        version: file.need_version(),
        prior: if file.has("prior") { probability(file, "prior") } else { 0.9 },
        linked_at: file.need_number("linked_at"),
        possible_at: file.need_number("possible_at"),
        margin: file.need_number("margin"),
        max_block: file.whole("max_block", 2..=1_000_000).unwrap_or(200) as usize,
        one_to_one: file.word("assignment", &[("one_to_one", true), ("many_to_one", false)]).unwrap_or(false),
        estimate: file.flag_or("estimate", true),
        trust: if file.has("trust") { file.need_number("trust") } else { 200.0 },
        comparisons: Vec::new(),
        columns: super::person_columns::read(file),
        fitted: file.section("fitted").map(|section| fitted(&section)),
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
    if model.trust < 0.0 {
        let hint = "write how many matches the figures of the file count for in the estimate, 0 or more";
        file.error("plan.out_of_range", "trust", "`trust` is negative", hint);
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
    for (name, _) in LEVELS[..NEEDED].iter().filter(|(n, _)| !model.comparisons.iter().any(|c| c.name == *n)) {
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
        levels.push(level_weight(&entry, level));
        entry.finish();
    }
    for missing in expected.iter().filter(|e| !levels.iter().any(|l| l.level == **e)) {
        let message = format!("comparison `{name}` lacks the level `{missing}`");
        let hint = "give it m and u (or others); a level that says nothing has m = u";
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
    let term_frequency = section.has("term_frequency").then(|| {
        let bits = section.need_number("term_frequency");
        if name != "name" {
            let message = format!("comparison `{name}` has no values whose frequency could be counted");
            section.error("plan.contradiction", "term_frequency", message, "only `name` can be weighed by rarity");
        } else if !(0.0..=20.0).contains(&bits) {
            let message = format!("`term_frequency` is {bits}, which is not between 0 and 20");
            let hint = "write by how many bits a rare name may weigh more, and a common one less, than the average";
            section.error("plan.out_of_range", "term_frequency", message, hint);
        }
        bits
    });
    Comparison { name, levels, term_frequency }
}

/// m of a level, and u either as a share or as the number of other persons a record meets on that level.
fn level_weight(entry: &Section, level: String) -> LevelWeight {
    let m = probability(entry, "m");
    if !entry.has("others") {
        return LevelWeight { m, u: probability(entry, "u"), others: 0.0, level };
    }
    if entry.has("u") {
        let message = "the level has both `u` and `others`";
        let hint = "keep one: u as a share of all persons, or others as a number of persons, whatever their total";
        entry.error("plan.contradiction", "others", message, hint);
        entry.need_number("u");
    }
    let others = entry.need_number("others");
    if others <= 0.0 {
        let hint = "write how many other persons of the register are on this level with one record, for example 0.01";
        entry.error("plan.out_of_range", "others", format!("`others` is {others}, which is not above 0"), hint);
    }
    LevelWeight { m, u: 0.0, others, level }
}

fn fitted(section: &Section) -> FittedOn {
    let count = |key| section.whole(key, 0..=i64::MAX).unwrap_or(0) as u64;
    let fitted = FittedOn {
        register: count("register"),
        records: count("records"),
        sampled: count("sampled"),
        labels: count("labels"),
        rounds: count("rounds"),
    };
    section.finish();
    fitted
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
