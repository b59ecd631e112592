//! Model files in, models or messages out.

use std::fs;

use super::*;
use crate::diag::Diagnostic;
use crate::plan::{Model, load_model};

fn load(text: &str) -> (Option<GenericModel>, Vec<Diagnostic>) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("m.toml");
    fs::write(&path, text).expect("a file");
    let (model, problems) = load_model(&path);
    let model = model.map(|model| match model {
        Model::Generic(model) => model,
        Model::Person(_) => panic!("read as a model of the other family"),
    });
    (model, problems)
}

fn sound(text: &str) -> GenericModel {
    let (model, problems) = load(text);
    assert!(problems.is_empty(), "{problems:?}");
    model.expect("a model")
}

const SMALL: &str =
    "family = \"generic\"\nname = \"m\"\n[[comparison]]\ncolumn = \"name\"\nmeasure = \"jaro_winkler\"\n";

/// Line and code of each problem, and what its message or hint says.
fn told(more: &str, wanted: &[(u32, &str, &str)]) {
    let (model, problems) = load(&format!("{SMALL}{more}"));
    assert!(model.is_none(), "{more}");
    for (line, code, words) in wanted {
        let says = |p: &&Diagnostic| {
            p.code == *code
                && p.place.line == Some(*line)
                && format!("{} {}", p.message, p.hint.as_deref().unwrap_or("")).contains(words)
        };
        assert!(problems.iter().any(|p| says(&p)), "no {code} at line {line} with `{words}` in {problems:#?}");
    }
    assert_eq!(problems.iter().filter(|p| p.is_error()).count(), wanted.len(), "{problems:#?}");
}

#[test]
fn columns_and_comparisons_are_enough() {
    let model = sound(SMALL);
    assert_eq!(model.version, 1);
    assert_eq!(model.links, Links::ManyToOne);
    assert!((model.linked_at - 2.0).abs() < 1e-9 && (model.possible_at + 2.0).abs() < 1e-9);
    let [column] = &model.columns[..] else { panic!("{:?}", model.columns) };
    assert_eq!((&*column.left, &*column.right), ("name", "name"));
    assert_eq!(column.clean, [Clean::Lower, Clean::Spaces]);
    let comparison = &model.comparisons[0];
    assert_eq!(comparison.levels(), ["exact", "similarity>=0.92", "similarity>=0.85", "similarity>=0.75", "different"]);
    assert!(comparison.term_frequency && comparison.m.is_none());
}

#[test]
fn everything_that_can_be_said_is_read_and_written_the_same() {
    let model = sound(
        "family = \"generic\"\nname = \"all \\\"of\\\" it\"\nversion = 3\nlinks = \"one_to_one\"\nlinked_at = 7.5\n\
         possible_probability = 0.5\nmargin = 1.5\nmax_block = 50\nprior = 0.001\n\
         [[column]]\nname = \"name\"\nleft = \"Name (full)\"\nright = \"who\"\nclean = [\"trim\", \"strip_accents\"]\n\
         missing = [\"n/a\"]\n[[column]]\nname = \"born\"\ndate_order = \"month_first\"\n\
         [[comparison]]\ncolumn = \"name\"\nmeasure = \"token\"\nlevels = [1.0, 0.25]\nterm_frequency = false\n\
         m = [0.9, 0.05, 0.03, 0.02]\nu = [0.1, 0.1, 0.1, 0.7]\n\
         [[comparison]]\nname = \"birth\"\ncolumn = \"born\"\nmeasure = \"date\"\nlevels = 10\n\
         [[comparison]]\ncolumn = \"last\"\nmeasure = \"exact\"\n\
         [[comparison]]\ncolumns = [\"name\", \"last\"]\nmeasure = \"columns_swapped\"\n\
         [[blocking]]\nkeys = [\"year(born)\", \"first(name, 3)\", \"last(last, 2)\"]\n\
         [[blocking]]\nkeys = [\"sorted(name, last)\"]\n[[blocking]]\nkeys = \"token(name)\"\n\
         [[blocking]]\nkeys = [\"phonetic(name)\", \"plain (with brackets)\"]\n",
    );
    assert_eq!(model.comparisons[1].levels(), ["exact", "slip", "days<=10", "different"]);
    assert_eq!(
        model.passes[0].keys.iter().map(|k| k.take).collect::<Vec<_>>(),
        [Take::Year, Take::First(3), Take::Last(2)]
    );
    assert_eq!(model.passes[1].keys[0].columns.len(), 2);
    assert_eq!(model.columns[3].name, "plain (with brackets)");
    let text = model.to_toml();
    let again = sound(&text);
    assert_eq!(again.to_toml(), text);
    let without_places = |m: &GenericModel| {
        let mut m = m.clone();
        m.place = Place::default();
        m.columns.iter_mut().for_each(|c| c.place = Place::default());
        m.passes.iter_mut().for_each(|c| c.place = Place::default());
        m.comparisons.iter_mut().for_each(|c| c.place = Place::default());
        format!("{m:?}")
    };
    assert_eq!(without_places(&again), without_places(&model));
}

#[test]
fn slips_are_told_with_line_and_what_was_meant() {
    told("measur = 1\n", &[(6, "plan.unknown_key", "did you mean `measure`?")]);
    told("[[comparison]]\ncolumn = \"b\"\nmeasure = \"jaro\"\n", &[(8, "plan.unknown_word", "jaro_winkler")]);
    told("[[column]]\nname = \"name\"\nclean = [\"lowr\"]\n", &[(8, "plan.unknown_word", "did you mean `lower`?")]);
    told("[[blocking]]\nkeys = [\"phonetc(name)\"]\n", &[(7, "plan.wrong_key", "did you mean `phonetic`?")]);
    told("[[blocking]]\nkeys = [\"first(name)\"]\n", &[(7, "plan.wrong_key", "first(column, 3)")]);
    told("[[blocking]]\nkeys = [\"first(name, none)\"]\n", &[(7, "plan.wrong_key", "no number of characters")]);
    told("[[blocking]]\nkeys = []\n", &[(7, "plan.missing_key", "every record with every other")]);
    told("levels = [0.8, 0.9]\n", &[(6, "plan.out_of_range", "from high to low")]);
    told("m = [0.5, 0.5]\n", &[(6, "plan.out_of_range", "5 shares")]);
    told(
        "[[comparison]]\ncolumn = \"b\"\nmeasure = \"exact\"\nlevels = [1]\n",
        &[(9, "plan.contradiction", "no thresholds")],
    );
    told("[[comparison]]\ncolumn = \"name\"\nmeasure = \"exact\"\n", &[(6, "plan.duplicate", "stands twice")]);
    told(
        "[[comparison]]\ncolumns = [\"name\", \"last\"]\nmeasure = \"columns_swapped\"\n",
        &[(6, "plan.missing_comparison", "`last`")],
    );
    told("[[comparison]]\ncolumn = \"a\"\n", &[(6, "plan.missing_key", "measure")]);
}

#[test]
fn all_problems_come_at_once() {
    let (model, problems) = load(
        "family = \"generic\"\nname = \"m\"\nlinked_probability = 1.5\npossible_at = 90\nlinks = \"one\"\nprior = 0\n",
    );
    assert!(model.is_none());
    let lines: Vec<_> = problems.iter().map(|p| (p.place.line, p.code)).collect();
    for wanted in [
        (Some(1), "plan.missing_comparison"),
        (Some(3), "plan.out_of_range"),
        (Some(4), "plan.contradiction"),
        (Some(5), "plan.unknown_word"),
        (Some(6), "plan.out_of_range"),
    ] {
        assert!(lines.contains(&wanted), "{wanted:?} is not in {lines:?}");
    }
}

#[test]
fn a_column_nearly_called_like_a_described_one_is_doubted() {
    let (model, problems) = load(&format!(
        "{SMALL}[[column]]\nname = \"surname\"\nleft = \"last\"\n[[comparison]]\ncolumn = \"surnam\"\nmeasure = \"exact\"\n"
    ));
    assert!(model.is_some());
    assert!(problems.iter().any(|p| p.code == "plan.unknown_column" && p.place.line == Some(10)), "{problems:?}");
}

#[test]
fn shipped_models_are_sound() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/shared/models");
    for name in ["generic.toml", "generic-person-en.toml"] {
        let (model, problems) = load_model(&folder.join(name));
        assert!(problems.is_empty() && matches!(model, Some(Model::Generic(_))), "{name}: {problems:?}");
    }
}
