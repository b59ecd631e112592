//! Linking plain files by a model of the `generic` family: files → columns → pairs and the fitted model.
//!
//! The rows are read once, straight into columns of numbers; keys go to whoever asked, so that they are held once.

use std::path::Path;

use super::Observer;
use super::link::LinkOptions;
use super::{link_checks, link_measure};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place, nearest};
use crate::ingest::rows::{self, PlainFile};
use crate::link::Keys;
use crate::link::generic::{self, Columns, Found};
use crate::plan::GenericModel;
use crate::run::Event;

/// What linking gave.
#[derive(Debug, Clone)]
pub struct GenericLinked {
    /// Pairs, the fitted model and how it was fitted.
    pub found: Found,
    /// Rows of each file.
    pub rows: Vec<u64>,
    /// What is doubtful about files, model and outcome; none of it an error.
    pub problems: Vec<Diagnostic>,
}

/// Links the files of `options` (two, or one with duplicates) by `model`; `keys_of` takes the keys of both
/// sides' rows.
///
/// Known pairs are read from `options.labels`.
pub fn link_generic(
    options: &LinkOptions,
    model: &GenericModel,
    observer: Observer,
    keys_of: &mut [Keys; 2],
) -> Outcome<GenericLinked> {
    let opened = open(options, model)?;
    let one_file = opened.len() == 1;
    let mut columns = Columns::new(model, one_file);
    let mut problems = Vec::new();
    let mut counts = Vec::new();
    observer(Event::Stage { name: "read", steps: opened.len() });
    for (side, Opened { file, wanted, key }) in opened.into_iter().enumerate() {
        let mut row = 0_u32;
        let name = file.place().file.clone().unwrap_or_default();
        let read = file.read(&wanted, &mut |cells| {
            let number;
            let own = match key {
                Some(at) => cells.get(at),
                None => {
                    number = (row + 1).to_string();
                    &number
                }
            };
            keys_of[side].push(own);
            columns.push(model, side == 1, (0..model.columns.len()).map(|at| cells.get(at)));
            row += 1;
            Ok(())
        });
        let read = read.map_err(|problems| Failure { class: FailureClass::InputContract, problems })?;
        problems.extend(read.problems);
        if let Some(heading) = options.id_of(side) {
            problems.extend(super::link::repeated_keys(&name, heading, &keys_of[side]));
        }
        counts.push(read.rows);
        observer(Event::Step(name));
    }
    let mut problems = link_checks::refuse(problems)?;
    columns.close();
    let labels = match &options.labels {
        None => Vec::new(),
        Some(path) => {
            let [left, right] = &*keys_of;
            let mut known = link_measure::read_known(path, left, (!one_file).then_some(right))?;
            problems.append(&mut known.problems);
            // The same pair given twice is one pair.
            known.pairs.sort_unstable();
            known.pairs.dedup();
            known.pairs
        }
    };
    observer(Event::Stage { name: "link", steps: 1 });
    let mut found = generic::link(model, &columns, &labels)
        .map_err(|problems| Failure { class: FailureClass::InputContract, problems })?;
    problems.append(&mut found.problems);
    observer(Event::Step(model.name.clone()));
    Ok(GenericLinked { found, rows: counts, problems })
}

/// A file whose columns were found.
struct Opened {
    file: PlainFile,
    /// Headings wanted, in the order of the model's columns; the key's is last when it has one.
    wanted: Vec<usize>,
    /// Position of the key in `wanted`.
    key: Option<usize>,
}

/// Opens all files and finds the columns of the model; every problem of all of them at once.
fn open(options: &LinkOptions, model: &GenericModel) -> Outcome<Vec<Opened>> {
    let (mut opened, mut refused, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for (side, path) in options.files.iter().enumerate() {
        let file = match rows::open(path) {
            Ok(file) => file,
            Err(problems) => {
                refused.extend(problems);
                continue;
            }
        };
        let headings = file.headings();
        let mut wanted = Vec::new();
        for column in &model.columns {
            let heading = if side == 0 { &column.left } else { &column.right };
            wanted.extend(find(headings, heading, path, &column.place, &mut missing));
        }
        let key = options.ids.get(side).or(options.ids.first()).map(|heading| {
            wanted.extend(find(headings, heading, path, &Place::default(), &mut missing));
            model.columns.len()
        });
        opened.push(Opened { file, wanted, key });
    }
    if !refused.is_empty() {
        refused.extend(missing);
        return Err(Failure { class: FailureClass::InputContract, problems: refused });
    }
    if !missing.is_empty() {
        return Err(Failure { class: FailureClass::Pipeline, problems: missing });
    }
    Ok(opened)
}

fn find(headings: &[String], wanted: &str, path: &Path, place: &Place, missing: &mut Vec<Diagnostic>) -> Option<usize> {
    let found = headings.iter().position(|h| h == wanted);
    if found.is_none() {
        let message = format!("{} has no column `{wanted}`", path.display());
        let place = if place.is_empty() { Place::file(path.display().to_string()) } else { place.clone() };
        let hint = match nearest(wanted, headings.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`? give the heading with left = or right = in a [[column]]"),
            None => format!("its columns are {}", headings.join(", ")),
        };
        missing.push(Diagnostic::error("link.missing_column", message, place).hint(hint));
    }
    found
}
