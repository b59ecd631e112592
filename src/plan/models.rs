//! A linkage model on its own, outside a pipeline: for `bidui link`.

use std::cell::RefCell;
use std::path::Path;

use super::generic::GenericModel;
use super::reader::{Document, Problems};
use super::LinkModel;
use super::{generic, linkage};
use crate::diag::{Diagnostic, Place};

/// A linkage model of either family.
#[derive(Debug, Clone)]
pub enum Model {
    /// Records about people: identity number, Chinese name, birth date, sex, divisions, household.
    Person(LinkModel),
    /// Any columns.
    Generic(GenericModel),
}

/// Reads one model file; gives the model, or none when any problem is an error, and every problem.
///
/// `family = "person"` (also when absent) or `family = "generic"` decides what the rest of the file may say.
pub fn load_model(path: &Path) -> (Option<Model>, Vec<Diagnostic>) {
    let file = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let problem =
                Diagnostic::error("plan.unreadable", format!("cannot read the file: {error}"), Place::file(file))
                    .hint("check the path; pipelines/shared/models holds the models that ship with bidui");
            return (None, vec![problem]);
        }
    };
    let problems: Problems = RefCell::default();
    let model = Document::new(file, text).read(&problems, |section| {
        match section.word("family", &[("person", false), ("generic", true)]) {
            Some(true) => Model::Generic(generic::read(section)),
            _ => Model::Person(linkage::read(section)),
        }
    });
    let mut problems = problems.into_inner();
    problems.sort_by(|a, b| a.place.cmp(&b.place));
    let model = model.filter(|_| !problems.iter().any(Diagnostic::is_error));
    (model, problems)
}
