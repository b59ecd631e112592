//! Reads a model of the `generic` family; every problem is kept with its place.

use super::{
    CLEAN, Clean, DateOrder, GenericColumn, GenericComparison, GenericModel, Key, Links, MEASURES, Measure, Pass, Take,
};
use crate::diag::{Diagnostic, Place, nearest};
use crate::plan::reader::Section;

/// Most comparisons of a model: their levels are packed into one number per pair.
const MOST_COMPARISONS: usize = 30;
/// Most thresholds of a comparison, for the same reason.
const MOST_THRESHOLDS: usize = 10;
/// Most passes: a pair remembers which of them brought it.
const MOST_PASSES: usize = 30;
/// What is done to values when a column says nothing else.
const USUAL: [Clean; 2] = [Clean::Lower, Clean::Spaces];

/// Functions that may stand in a key, for messages.
const TAKES: [&str; 6] = ["first", "last", "phonetic", "year", "token", "sorted"];

/// Reads a model file of this family.
pub(in crate::plan) fn read(file: &Section) -> GenericModel {
    file.word("family", &[("generic", ())]);
    let mut model = GenericModel {
        name: file.need_text("name"),
        version: if file.has("version") { file.need_version() } else { 1 },
        columns: Vec::new(),
        passes: Vec::new(),
        comparisons: Vec::new(),
        prior: file.has("prior").then(|| share(file, "prior")).flatten(),
        linked_at: threshold(file, "linked", 0.8),
        possible_at: threshold(file, "possible", 0.2),
        margin: if file.has("margin") { file.need_number("margin") } else { 0.0 },
        links: file
            .word(
                "links",
                &[
                    ("one_to_one", Links::OneToOne),
                    ("many_to_one", Links::ManyToOne),
                    ("many_to_many", Links::ManyToMany),
                ],
            )
            .unwrap_or(Links::ManyToOne),
        max_block: file.whole("max_block", 2..=1_000_000).unwrap_or(1000) as usize,
        place: file.place(),
    };
    if model.possible_at > model.linked_at {
        file.error(
            "plan.contradiction",
            if file.has("possible_at") { "possible_at" } else { "possible_probability" },
            "a pair would have to weigh more to be possible than to be linked",
            "make the threshold for possible pairs the lower one",
        );
    }
    if model.margin.is_nan() || model.margin < 0.0 {
        file.error("plan.out_of_range", "margin", "`margin` is negative", "write 0 or more");
        model.margin = 0.0;
    }
    for section in file.sections("column") {
        column(&section, &mut model.columns);
        section.finish();
    }
    for section in file.sections("comparison") {
        comparison(&section, &mut model);
        section.finish();
    }
    for section in file.sections("blocking") {
        pass(&section, &mut model);
        section.finish();
    }
    whole_model(file, &mut model);
    model
}

/// What only holds for the model as a whole.
fn whole_model(file: &Section, model: &mut GenericModel) {
    let compared = model.comparisons.iter().filter(|c| c.measure != Measure::ColumnsSwapped).count();
    if compared == 0 {
        file.report(Diagnostic::error("plan.missing_comparison", "the model compares nothing", file.place()).hint(
            "add a [[comparison]] with column = \"…\" and measure = \"…\" for every column that tells records apart",
        ));
    }
    for (what, count, most) in
        [("comparison", model.comparisons.len(), MOST_COMPARISONS), ("blocking", model.passes.len(), MOST_PASSES)]
    {
        if count > most {
            let message = format!("there are {count} [[{what}]], more than the {most} that are possible");
            file.error("plan.out_of_range", what, message, "leave out those that say least");
        }
    }
    for (at, swap) in model.comparisons.iter().enumerate().filter(|(_, c)| c.measure == Measure::ColumnsSwapped) {
        for column in &swap.columns {
            let compares = |c: &&GenericComparison| c.measure != Measure::ColumnsSwapped && c.columns[0] == *column;
            let name = &model.columns[*column].name;
            if !model.comparisons.iter().any(|c| compares(&c)) {
                let message = format!("`{}` exchanges column `{name}`, which no comparison compares", swap.name);
                let problem = Diagnostic::error("plan.missing_comparison", message, swap.place.clone());
                file.report(problem.hint(format!("add a [[comparison]] with column = \"{name}\"")));
            }
            let twice = |c: &GenericComparison| c.measure == Measure::ColumnsSwapped && c.columns.contains(column);
            if model.comparisons[..at].iter().any(twice) {
                let message = format!("column `{name}` is exchanged with two others");
                let problem = Diagnostic::error("plan.contradiction", message, swap.place.clone());
                file.report(problem.hint("keep the exchange that happens more often"));
            }
        }
    }
}

/// A number strictly between 0 and 1.
fn share(section: &Section, key: &str) -> Option<f64> {
    let value = section.need_number(key);
    if value > 0.0 && value < 1.0 {
        return Some(value);
    }
    if !value.is_nan() {
        let message = format!("`{key}` is {value}, which is not between 0 and 1");
        section.error("plan.out_of_range", key, message, "write a probability above 0 and below 1");
    }
    None
}

/// `<what>_at` as a weight or `<what>_probability`; the weight of the default otherwise.
fn threshold(file: &Section, what: &str, usual: f64) -> f64 {
    let (weight, probability) = (format!("{what}_at"), format!("{what}_probability"));
    let as_weight = |p: f64| (p / (1.0 - p)).log2();
    if file.has(&weight) && file.has(&probability) {
        let message = format!("`{weight}` and `{probability}` say the same thing twice");
        file.error("plan.contradiction", &probability, message, "keep one of the two");
    }
    if file.has(&weight) {
        let value = file.need_number(&weight);
        return if value.is_nan() { as_weight(usual) } else { value };
    }
    let given = if file.has(&probability) { share(file, &probability) } else { None };
    as_weight(given.unwrap_or(usual))
}

fn column(section: &Section, columns: &mut Vec<GenericColumn>) {
    let name = section.need_text("name");
    if columns.iter().any(|c| c.name == name) {
        let message = format!("column `{name}` stands twice");
        section.error("plan.duplicate", "name", message, "put everything about it into one [[column]]");
    }
    let heading = |key: &str| section.text(key).filter(|t| !t.trim().is_empty()).unwrap_or_else(|| name.clone());
    let mut clean = Vec::new();
    match section.texts_at("clean") {
        None => clean.extend(USUAL),
        Some(words) => {
            for (word, place) in words {
                match CLEAN.iter().find(|(w, _)| *w == word) {
                    Some((_, step)) => clean.push(*step),
                    // Blanks around a value always go.
                    None if word == "trim" => {}
                    None => section.report(unknown("step of `clean`", &word, CLEAN.iter().map(|(w, _)| *w), place)),
                }
            }
        }
    }
    let order = [("day_first", DateOrder::DayFirst), ("month_first", DateOrder::MonthFirst)];
    columns.push(GenericColumn {
        left: heading("left"),
        right: heading("right"),
        clean,
        missing: section.texts("missing").unwrap_or_default(),
        date_order: section.word("date_order", &order).unwrap_or(DateOrder::DayFirst),
        place: section.place(),
        name,
    });
}

fn unknown<'w>(what: &str, word: &str, known: impl Iterator<Item = &'w str> + Clone, place: Place) -> Diagnostic {
    let all = known.clone().collect::<Vec<_>>().join(", ");
    let hint = match nearest(word, known) {
        Some(near) => format!("did you mean `{near}`? known are {all}"),
        None => format!("known are {all}"),
    };
    Diagnostic::error("plan.unknown_word", format!("`{word}` is no {what}"), place).hint(hint)
}

/// The position of a column; one without an entry of its own has its name as heading in both files.
fn position(section: &Section, columns: &mut Vec<GenericColumn>, name: &str, place: Place) -> usize {
    if let Some(at) = columns.iter().position(|c| c.name == name) {
        return at;
    }
    // A name that is nearly that of a described column is more likely a slip than a column of its own.
    let described = columns.iter().filter(|c| c.left != c.name || c.right != c.name).map(|c| c.name.as_str());
    if let Some(near) = nearest(name, described) {
        let message = format!("there is no [[column]] `{name}`; a heading of that name will be looked for");
        let problem = Diagnostic::warning("plan.unknown_column", message, place.clone());
        section.report(problem.hint(format!("did you mean `{near}`?")));
    }
    columns.push(GenericColumn {
        name: name.to_string(),
        left: name.to_string(),
        right: name.to_string(),
        clean: USUAL.to_vec(),
        missing: Vec::new(),
        date_order: DateOrder::DayFirst,
        place,
    });
    columns.len() - 1
}

fn comparison(section: &Section, model: &mut GenericModel) {
    let measure = section.need_word("measure", &MEASURES, Measure::Exact);
    let mut names = Vec::new();
    for key in ["column", "columns"] {
        names.extend(section.texts_at(key).unwrap_or_default());
    }
    let wanted = if measure == Measure::ColumnsSwapped { 2 } else { 1 };
    if names.len() != wanted {
        let (key, example) = if wanted == 1 {
            ("column", "column = \"surname\"")
        } else {
            ("columns", "columns = [\"given_name\", \"surname\"]")
        };
        let message = format!("`{}` compares {wanted} column(s), but {} are named", measure.word(), names.len());
        section.error("plan.missing_key", key, message, format!("write {example}"));
        return;
    }
    let columns: Vec<usize> =
        names.iter().map(|(name, place)| position(section, &mut model.columns, name, place.clone())).collect();
    if wanted == 2 && columns[0] == columns[1] {
        section.error("plan.contradiction", "columns", "a column cannot change places with itself", "name two columns");
    }
    let usual = names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("_");
    let usual = if wanted == 2 { format!("{usual}_order") } else { usual };
    let name = section.text("name").filter(|n| !n.trim().is_empty()).unwrap_or(usual);
    if model.comparisons.iter().any(|c| c.name == name) {
        let message = format!("comparison `{name}` stands twice");
        section.error("plan.duplicate", "name", message, "give one of them another `name`");
    }
    let thresholds = thresholds(section, measure);
    let rarity = !matches!(measure, Measure::Numeric | Measure::Percent | Measure::ColumnsSwapped);
    let mut comparison = GenericComparison {
        name,
        columns,
        measure,
        thresholds,
        term_frequency: section.flag_or("term_frequency", rarity),
        m: None,
        u: None,
        place: section.place(),
    };
    if comparison.term_frequency && !rarity {
        let message = format!("`{}` has no values that could be rare", measure.word());
        section.error("plan.contradiction", "term_frequency", message, "leave `term_frequency` out");
    }
    comparison.m = shares(section, "m", &comparison);
    comparison.u = shares(section, "u", &comparison);
    model.comparisons.push(comparison);
}

/// The thresholds, in order and within what the measure can give.
fn thresholds(section: &Section, measure: Measure) -> Vec<f64> {
    let Some(given) = section.numbers("levels") else { return measure.default_levels().to_vec() };
    if measure.default_levels().is_empty() && !given.is_empty() {
        let message = format!("`{}` has no thresholds", measure.word());
        section.error("plan.contradiction", "levels", message, "leave `levels` out, or choose another measure");
        return Vec::new();
    }
    let fits = |t: &f64| if measure.is_similarity() { *t > 0.0 && *t <= 1.0 } else { *t > 0.0 };
    let order = |w: &[f64]| if measure.is_similarity() { w[0] > w[1] } else { w[0] < w[1] };
    if !given.iter().all(fits) || !given.windows(2).all(order) || given.len() > MOST_THRESHOLDS {
        let message = format!("the `levels` of `{}` are not in order or out of range", measure.word());
        let hint = match measure.is_similarity() {
            true => "write similarities from high to low, such as [0.92, 0.8]: above 0, at most 1",
            false => "write distances from low to high, such as [1, 2]: above 0",
        };
        section.error("plan.out_of_range", "levels", message, hint);
        return measure.default_levels().to_vec();
    }
    given
}

/// Fitted shares: one per level, all above 0, with a sum of 1.
fn shares(section: &Section, key: &str, comparison: &GenericComparison) -> Option<Vec<f64>> {
    let given = section.numbers(key)?;
    let levels = comparison.levels();
    let total: f64 = given.iter().sum();
    if given.len() != levels.len() || given.iter().any(|s| *s <= 0.0) || (total - 1.0).abs() > 0.01 {
        let message = format!("`{key}` must have {} shares above 0 with a sum of 1", levels.len());
        let hint = format!("the levels are {}; leave `{key}` out to have it estimated", levels.join(", "));
        section.error("plan.out_of_range", key, message, hint);
        return None;
    }
    Some(given)
}

fn pass(section: &Section, model: &mut GenericModel) {
    let written = section.texts_at("keys").unwrap_or_default();
    if written.is_empty() {
        let message = "a blocking pass without keys would compare every record with every other";
        section.error("plan.missing_key", "keys", message, "write keys = [\"surname\", \"year(birth_date)\"]");
        return;
    }
    let mut keys = Vec::new();
    for (text, place) in &written {
        match key(text) {
            Ok((names, take)) => {
                let columns = names.iter().map(|n| position(section, &mut model.columns, n, place.clone())).collect();
                keys.push(Key { columns, take });
            }
            Err((message, hint)) => {
                section.report(Diagnostic::error("plan.wrong_key", message, place.clone()).hint(hint));
            }
        }
    }
    let name = written.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(" + ");
    if model.passes.iter().any(|p| p.name == name) {
        section.error("plan.duplicate", "keys", format!("the pass `{name}` stands twice"), "keep one of the two");
    }
    if keys.len() == written.len() {
        let written = written.into_iter().map(|(text, _)| text).collect();
        model.passes.push(Pass { name, written, keys, place: section.place() });
    }
}

/// `surname`, `first(surname, 3)`, `phonetic(surname)`, `year(birth_date)`, `token(address)`, `sorted(a, b)`.
fn key(text: &str) -> Result<(Vec<String>, Take), (String, String)> {
    let Some((function, rest)) =
        text.split_once('(').filter(|(f, _)| f.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    else {
        return Ok((vec![text.to_string()], Take::Whole));
    };
    let function = function.trim();
    if !TAKES.contains(&function) {
        // A heading may have brackets of its own.
        let Some(near) = nearest(function, TAKES) else { return Ok((vec![text.to_string()], Take::Whole)) };
        return Err((
            format!("`{function}` is no part of a value"),
            format!("did you mean `{near}`? known are {}", TAKES.join(", ")),
        ));
    }
    let Some(inside) = rest.trim_end().strip_suffix(')') else {
        return Err((format!("`{text}` has no closing bracket"), format!("write {function}(column)")));
    };
    let parts: Vec<String> = inside.split(',').map(|p| p.trim().to_string()).collect();
    let count = || parts.get(1).and_then(|p| p.parse::<u8>().ok()).filter(|n| *n > 0);
    match (function, parts.len()) {
        ("first" | "last", 2) => match count() {
            Some(n) => Ok((vec![parts[0].clone()], if function == "first" { Take::First(n) } else { Take::Last(n) })),
            None => Err((
                format!("`{}` is no number of characters", parts[1]),
                format!("write {function}({}, 3)", parts[0]),
            )),
        },
        ("phonetic", 1) => Ok((parts, Take::Sound)),
        ("year", 1) => Ok((parts, Take::Year)),
        ("token", 1) => Ok((parts, Take::Token)),
        ("sorted", n) if n >= 2 => Ok((parts, Take::Sorted)),
        ("first" | "last", _) => {
            Err((format!("`{text}` does not say how many characters"), format!("write {function}(column, 3)")))
        }
        ("sorted", _) => Err((format!("`{text}` names one column"), "write sorted(given_name, surname)".into())),
        _ => Err((format!("`{text}` names several columns"), format!("write {function}(column)"))),
    }
}
