//! `bidui link` with a model of family `person`: reads both sides, packs them row by row, links them, writes the pairs.
//!
//! The normalisers' functions are handed to the packing as they are; no string of a cell is kept.

use std::path::Path;

use super::link::{LinkOptions, LinkReport};
use super::{Event, Observer, clock};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, nearest};
use crate::ingest::rows::{self, PlainFile, RowsRead};
use crate::link::{Cleaners, Decisions, LinkedFiles, Packed, RowCells, link_files, pairs_table};
use crate::model::{CellKind, text};
use crate::normalize::{date, id_number, name, phone};
use crate::plan::{LinkModel, PersonColumn};
use crate::publish::parquet;

/// Where the key and each role of a side stand.
struct Layout {
    /// Columns to read: the key first, when there is one.
    wanted: Vec<usize>,
    key: bool,
    /// Role of each wanted column behind the key.
    roles: Vec<PersonColumn>,
}

/// Links two files about people.
pub(super) fn link(options: &LinkOptions, model: &LinkModel, observer: Observer) -> Outcome<LinkReport> {
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
    let cleaners = cleaners()?;
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
    let mut report = LinkReport {
        model: model.name.clone(),
        rows: vec![left_read.rows, right_read.rows],
        set_aside: vec![left_read.set_aside, right_read.set_aside],
        ..LinkReport::default()
    };
    report.problems.append(&mut left_read.problems);
    report.problems.append(&mut right_read.problems);
    let place = crate::diag::Place::file(options.files[0].display().to_string());
    let mut linked = link_files(left, right, model, &Decisions::default(), &place);
    report.problems.append(&mut linked.problems);
    report.count(&linked.pairs, right_read.rows)?;
    step("link");
    if let Some(out) = &options.out {
        write(&linked, out)?;
        report.out = Some(out.display().to_string());
    }
    tracing::debug!("pairs written");
    step("write");
    Ok(report)
}

fn write(linked: &LinkedFiles, out: &Path) -> Outcome<()> {
    let schema = pairs_table::schema(&linked.pairs, &linked.texts);
    let arrow = pairs_table::arrow(&schema);
    let batches = pairs_table::batches(&linked.pairs, &linked.left, &linked.right, &linked.texts, &arrow);
    parquet::write_batches(&schema, arrow.clone(), batches, &["left_id", "right_id"], out)
}

/// What the normalisers do with cells that are not plain. Nobody is born after today.
fn cleaners() -> Outcome<Cleaners> {
    Ok(Cleaners {
        number: |text, kind| {
            let number = id_number::id_number(text, kind, latest());
            (number.number, number.partial)
        },
        name: |text| name::name(text).value,
        birth: |text, kind| date::date(text, kind, date::Asked::Birth, latest()).value,
        phone: |text| phone::phone(text).value.map(|phone| phone.into_owned()),
        as_of: text::to_days(latest()),
    })
}

/// The day after which nobody is born; two-digit years belong to the century before it.
fn latest() -> jiff::civil::Date {
    static DAY: std::sync::OnceLock<jiff::civil::Date> = std::sync::OnceLock::new();
    *DAY.get_or_init(|| clock::today().unwrap_or(jiff::civil::Date::constant(2100, 1, 1)))
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
    let mut has = [false; PersonColumn::COUNT];
    for role in &layout.roles {
        has[*role as usize] = true;
    }
    let mut packed = Packed::new(cleaners, has);
    let skip = usize::from(layout.key);
    let mut number = String::new();
    let read = file.read(&layout.wanted, &mut |cells| {
        let mut row: RowCells = [("", CellKind::Empty); PersonColumn::COUNT];
        for (i, role) in layout.roles.iter().enumerate() {
            row[*role as usize] = (cells.get(i + skip), cells.kind(i + skip));
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
