//! `bidui link` with a model of family `person`: reads both sides, packs them row by row, links them, writes the pairs.
//!
//! The normalisers' functions are handed to the packing as they are; no string of a cell is kept.

use std::collections::HashMap;
use std::path::Path;

use jiff::civil::Date;

use super::link::{self, LinkOptions, Plain};
use super::link_checks::Filled;
use super::{Event, Observer, clock, link_checks, link_measure, read_decisions};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place, nearest};
use crate::ingest::rows::{self, PlainFile, RowsRead};
use crate::link::{Cleaners, Keys, Known, Packed, RowCells, link_files};
use crate::model::{CellKind, text};
use crate::normalize::{date, id_number, name, phone};
use crate::plan::{LinkModel, PersonColumn, drift};

/// A level whose weight moved further than this since the model was fitted is told.
const DRIFT_BITS: f64 = 2.0;

/// Where the key and each role of a side stand.
struct Layout {
    /// Columns to read: the key first, when there is one.
    wanted: Vec<usize>,
    key: bool,
    /// Role of each wanted column behind the key.
    roles: Vec<PersonColumn>,
}

/// Links two files about people.
pub(super) fn link(options: &LinkOptions, model: &LinkModel, observer: Observer) -> Outcome<Plain> {
    let [left, right] = options.files.as_slice() else {
        let message = "a model of family person links two files: a register and records about its people";
        let problem = Diagnostic::error("usage.files", message, model.place.clone());
        return Err(Failure::one(
            FailureClass::Usage,
            problem.hint("name both files; duplicates within one file are found by a model of family generic"),
        ));
    };
    let step = |name: &str| observer(Event::Step(name.to_string()));
    observer(Event::Stage { name: "link", steps: 3 });
    let cleaners = cleaners(options.as_of.map_or_else(clock::today, Ok)?);
    let (a, b) = rayon::join(|| side(left, 0, options, model, cleaners), || side(right, 1, options, model, cleaners));
    let ((left, mut left_read), (right, mut right_read)) = match (a, b) {
        (Ok(a), Ok(b)) => (a, b),
        (a, b) => {
            let problems = a.err().into_iter().chain(b.err()).flatten().collect();
            return Err(Failure { class: FailureClass::InputContract, problems });
        }
    };
    tracing::debug!(left = left.rows(), right = right.rows(), "files read");
    step("read");
    let mut problems = std::mem::take(&mut left_read.problems);
    problems.append(&mut right_read.problems);
    for (path, read, packed) in [(&options.files[0], &left_read, &left), (&options.files[1], &right_read, &right)] {
        let file = path.display().to_string();
        problems.extend(link_checks::empty_side(&file, read.rows, read.set_aside));
        if let Some(heading) = options.id_of(usize::from(std::ptr::eq(packed, &right))) {
            problems.extend(link::repeated_keys(&file, heading, &packed.keys));
        }
    }
    let mut problems = link_checks::refuse(problems)?;
    let known = known(options, &left, &right, &mut problems)?;
    let place = Place::file(options.files[0].display().to_string());
    let mut linked = link_files(left, right, model, &known, &place);
    problems.append(&mut linked.problems);
    if linked.pairs.left.iter().all(Option::is_none) {
        let message =
            "no record shares a number, or a name with a birth date or a village, with anybody of the register";
        problems.push(
            Diagnostic::warning("link.blocking_nothing", message, model.place.clone())
                .hint("check that both files are of the same county and that the model names the right headings"),
        );
    }
    if model.fitted.is_some() {
        problems.extend(drift(model, &linked.model, DRIFT_BITS));
    }
    step("link");
    Ok(Plain {
        rows: vec![left_read.rows, right_read.rows],
        set_aside: vec![left_read.set_aside, right_read.set_aside],
        fitted: linked.model.to_toml(),
        pairs: linked.pairs,
        texts: linked.texts,
        left: linked.left,
        right: Some(linked.right),
        problems,
    })
}

/// Decisions and known pairs, by rows.
fn known(options: &LinkOptions, left: &Packed, right: &Packed, problems: &mut Vec<Diagnostic>) -> Outcome<Known> {
    let mut known = Known::default();
    if let Some(path) = &options.decisions {
        let rows = |keys: &Keys| -> HashMap<String, u32> {
            (0..keys.len() as u32).map(|row| (keys.get(row).to_string(), row)).collect()
        };
        let (left, right) = (rows(&left.keys), rows(&right.keys));
        known.decisions = read_decisions(path, |id| left.get(id).copied(), |id| right.get(id).copied())?;
    }
    if let Some(path) = &options.labels {
        let mut labels = link_measure::read_known(path, &left.keys, Some(&right.keys))?;
        problems.append(&mut labels.problems);
        known.labels = labels.pairs.into_iter().map(|(person, record)| (record, person)).collect();
    }
    Ok(known)
}

/// What the normalisers do with cells that are not plain. Nobody is born after `as_of`; two-digit years belong to the
/// century before it.
fn cleaners(as_of: Date) -> Cleaners {
    Cleaners {
        number: |cell, kind, as_of| {
            let number = id_number::id_number(cell, kind, text::from_days(as_of));
            (number.number, number.partial)
        },
        name: |text| name::name(text).value,
        birth: |cell, kind, as_of| date::date(cell, kind, date::Asked::Birth, text::from_days(as_of)).value,
        phone: |text| phone::phone(text).value.map(|phone| phone.into_owned()),
        as_of: text::to_days(as_of),
    }
}

/// Reads and packs one side: 0 left, 1 right.
fn side(
    path: &Path,
    side: usize,
    options: &LinkOptions,
    model: &LinkModel,
    cleaners: Cleaners,
) -> Result<(Packed, RowsRead), Vec<Diagnostic>> {
    let file = rows::open(path)?;
    let layout = layout(&file, side, options, model)?;
    let headings: Vec<String> = layout.wanted.iter().map(|at| file.headings()[*at].clone()).collect();
    let mut filled = vec![0_u64; headings.len()];
    let mut has = [false; PersonColumn::COUNT];
    for role in &layout.roles {
        has[*role as usize] = true;
    }
    let mut packed = Packed::new(cleaners, has, file.expected_rows());
    let skip = usize::from(layout.key);
    let mut number = String::new();
    let mut read = file.read(&layout.wanted, &mut |cells| {
        let mut row: RowCells = [("", CellKind::Empty); PersonColumn::COUNT];
        for (i, role) in layout.roles.iter().enumerate() {
            let text = cells.get(i + skip);
            row[*role as usize] = (text, cells.kind(i + skip));
            filled[i + skip] += u64::from(!text.is_empty());
        }
        if layout.key {
            packed.push(cells.get(0), &row);
        } else {
            use std::fmt::Write as _;
            number.clear();
            // Writing to a string cannot fail.
            let _ = write!(number, "{}", cells.row);
            packed.push(&number, &row);
        }
        Ok(())
    })?;
    let columns: Vec<Filled> =
        headings.iter().zip(filled).skip(skip).map(|(heading, values)| Filled { heading, values }).collect();
    read.problems.extend(link_checks::empty_columns(&path.display().to_string(), read.rows, &columns));
    Ok((packed, read))
}

/// Headings as they are compared: without blanks, widths, case and the star of required columns.
fn fold(heading: &str) -> String {
    let half = heading.chars().map(|c| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    });
    half.filter(|c| !c.is_whitespace() && *c != '*').flat_map(char::to_lowercase).collect()
}

fn layout(file: &PlainFile, side: usize, options: &LinkOptions, model: &LinkModel) -> Result<Layout, Vec<Diagnostic>> {
    let word = ["left", "right"][side];
    let folded: Vec<String> = file.headings().iter().map(|h| fold(h)).collect();
    let find = |heading: &str| folded.iter().position(|h| *h == fold(heading));
    let there = || {
        let named: Vec<&str> = file.headings().iter().map(String::as_str).filter(|h| !h.is_empty()).collect();
        named.join(", ")
    };
    let absent = |code, message: String, wanted: &str| {
        let near = nearest(wanted, file.headings().iter().map(String::as_str));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`? the headings are {}", there()),
            None => format!("the headings are {}", there()),
        };
        Diagnostic::error(code, message, file.place().clone()).hint(hint)
    };
    let mut problems = Vec::new();
    let mut layout = Layout { wanted: Vec::new(), key: false, roles: Vec::new() };
    if let Some(id) = options.id_of(side) {
        match find(id) {
            Some(at) => {
                layout.wanted.push(at);
                layout.key = true;
            }
            None => problems.push(absent("link.missing_id", format!("there is no key column `{id}`"), id)),
        }
    }
    if model.columns.is_empty() {
        let message = "the model does not say which headings hold what";
        let problem = Diagnostic::error("link.no_columns", message, model.place.clone());
        problems.push(problem.hint("add [columns.number], [columns.name] … as the shipped model person-cn has them"));
    }
    for headings in &model.columns {
        let named = [&headings.left, &headings.right][side];
        let found = named.iter().find_map(|heading| find(heading));
        match found {
            Some(at) => {
                layout.wanted.push(at);
                layout.roles.push(headings.column);
            }
            // One heading alone is what somebody wrote for these very files: it must be there.
            None if named.len() == 1 => {
                let message = format!("the {word} side has no column `{}` ({})", named[0], headings.column.word());
                problems.push(absent("link.missing_column", message, &named[0]));
            }
            None => {}
        }
    }
    let has = |column| layout.roles.contains(&column);
    if problems.is_empty() && !has(PersonColumn::Number) && !has(PersonColumn::Name) {
        let message = format!("the {word} side has neither a column with the identity number nor one with the name");
        let hint = "name its headings in the model under [columns.number] and [columns.name]";
        problems.push(absent("link.missing_column", message, "姓名"));
        problems.push(Diagnostic::note("link.missing_column", hint, model.place.clone()));
    }
    if problems.is_empty() { Ok(layout) } else { Err(problems) }
}
