//! Corrected receipts: what departments filled in takes the place of what they had sent, row by row and field by field.
//!
//! In: the receipts in the inbox and those that the ledger knows, the raw rows of the delivery in use. Out: the raw rows
//! with the corrections in them, what was corrected, and what could not be taken and why. A correction counts as long as
//! the file whose row it corrects is in use. Nothing is taken from a row that does not stand as it was issued.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::inbox::{self, Inbox};
use crate::cases::ledger::{Deliveries, KeptFile, ReceiptEntry};
use crate::diag::{Diagnostic, Place};
use crate::ingest;
use crate::model::raw::RawColumn;
use crate::model::receipt::{NOTHING, Returned, ReturnedRow, WHOLE, heading, row_key, same_text};
use crate::model::{CellKind, Disposition, Provenance, RawTable, Reject};
use crate::normalize;
use crate::plan::{Field, FieldFrom, Plan, Source};

/// A receipt that was read.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The workbook.
    pub file: KeptFile,
    /// True when it lies in the inbox now.
    pub here: bool,
    /// Where several versions differ, the one of the highest rank counts; 0 when nobody accepted it.
    pub rank: usize,
    /// What it says.
    pub said: Returned,
}

impl Receipt {
    /// True when somebody filled in something.
    pub fn is_filled(&self) -> bool {
        self.said.rows.iter().any(|r| !r.filled.is_empty())
    }
}

/// All receipts of a run.
#[derive(Debug, Default)]
pub struct Receipts {
    by_source: BTreeMap<String, Vec<Receipt>>,
    /// What is to be said about receipts that belong to no source of the pipeline or cannot be read.
    pub problems: Vec<Diagnostic>,
    /// What is new for the ledger.
    pub entries: Vec<ReceiptEntry>,
}

/// One value that was corrected.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Correction {
    /// The row of the delivery.
    pub at: Provenance,
    /// Contract field.
    pub field: String,
    /// The value as delivered.
    pub raw: Option<String>,
    /// The value in its place; none when the right value is none.
    pub value: Option<String>,
    /// The receipt.
    pub receipt: KeptFile,
    /// Sheet and row of the receipt.
    pub from: (String, u32),
}

/// What became of a source's receipts.
#[derive(Debug, Default)]
pub struct Applied {
    /// What was corrected, in row and field order.
    pub corrections: Vec<Correction>,
    /// Rows as they were delivered, where a correction stands in their place now.
    pub delivered: BTreeMap<Provenance, Original>,
    /// Receipts from which something was taken.
    pub used: Vec<KeptFile>,
    /// What could not be taken.
    pub problems: Vec<Diagnostic>,
}

/// A row as it was delivered.
#[derive(Debug, Clone)]
pub enum Original {
    /// One value per contract field.
    Cells(Vec<Option<String>>),
    /// A row that could not be divided into cells.
    Whole(String),
}

impl Receipts {
    /// Reads the receipts of the inbox and those that the ledger knows.
    pub fn read(
        inbox: &Inbox,
        known: &Deliveries,
        plan: &Plan,
        accept: &BTreeSet<String>,
        keep: Option<&std::path::Path>,
    ) -> Receipts {
        let mut all = Receipts::default();
        let mut ranks: BTreeMap<&str, usize> = BTreeMap::new();
        for (i, entry) in known.receipts.iter().enumerate().filter(|(_, e)| e.accepted) {
            ranks.insert(&entry.file.sha256, i + 1);
        }
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for arrival in &inbox.receipts {
            let place = Place::file(&arrival.kept.path);
            if let Some(other) = seen.insert(arrival.kept.sha256.clone(), arrival.kept.path.clone()) {
                let message = format!("the receipt is the same as {other} and is read once");
                all.problems
                    .push(Diagnostic::note("receipt.same_file", message, place).hint("take one of the two away"));
                continue;
            }
            let said = match ingest::receipt::read(&arrival.file.path, &arrival.kept.path) {
                Ok(said) => said,
                Err(problems) => {
                    all.problems.extend(problems);
                    continue;
                }
            };
            let Some(source) = said.source.clone() else {
                all.problems.push(
                    Diagnostic::error(
                        "receipt.no_marker",
                        "the hidden sheet of the receipt is gone; nothing was taken from it",
                        place,
                    )
                    .hint("copy the corrections into the receipt as it was issued, and leave its sheets as they are"),
                );
                continue;
            };
            if !plan.sources.iter().any(|s| s.id == source) {
                let message = format!("the receipt is of `{source}`, which is no source of this pipeline");
                all.problems.push(
                    Diagnostic::warning("receipt.unknown_source", message, place)
                        .hint("put it into the inbox of the pipeline that issued it"),
                );
                continue;
            }
            let accepted = accept.contains(&source);
            let before = ranks.get(arrival.kept.sha256.as_str()).copied().unwrap_or(0);
            let rank = if accepted { known.receipts.len() + 1 } else { before };
            let told = known.receipts.iter().any(|e| e.file.sha256 == arrival.kept.sha256);
            let receipt = Receipt { file: arrival.kept.clone(), here: true, rank, said };
            if receipt.is_filled() && (!told || (accepted && before == 0)) {
                all.entries.push(ReceiptEntry { source: source.clone(), file: arrival.kept.clone(), accepted });
            }
            all.by_source.entry(source).or_default().push(receipt);
        }
        for entry in &known.receipts {
            if seen.insert(entry.file.sha256.clone(), entry.file.path.clone()).is_some() {
                continue;
            }
            let Some(path) = keep.map(|k| k.join(inbox::kept_name(&entry.file))) else { continue };
            if !inbox::is_sound(&path, &entry.file) {
                all.problems.push(
                    Diagnostic::error("receipt.lost", "the kept copy of a corrected receipt is gone or damaged; its corrections are not in this round", Place::file(path.display().to_string()))
                        .hint(format!("put {} back into the input folder and run again", entry.file.path)),
                );
                continue;
            }
            match ingest::receipt::read(&path, &entry.file.path) {
                Ok(said) => {
                    let rank = ranks.get(entry.file.sha256.as_str()).copied().unwrap_or(0);
                    all.by_source.entry(entry.source.clone()).or_default().push(Receipt {
                        file: entry.file.clone(),
                        here: false,
                        rank,
                        said,
                    });
                }
                Err(problems) => all.problems.extend(problems),
            }
        }
        for receipts in all.by_source.values_mut() {
            receipts.sort_by(|a, b| a.file.cmp(&b.file));
        }
        all
    }

    /// The receipts of a source, in path order.
    pub fn of(&self, source: &str) -> &[Receipt] {
        self.by_source.get(source).map_or(&[], Vec::as_slice)
    }
}

/// Corrected cells of a row, by the position of their field.
type Values = BTreeMap<usize, (Option<String>, CellKind)>;

/// What a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    /// A raw row.
    Raw(usize),
    /// A row that ingest quarantined.
    Reject(usize),
}

/// A value that somebody filled in.
#[derive(Debug, Clone)]
struct Said<'r> {
    value: Option<String>,
    kind: CellKind,
    receipt: &'r Receipt,
    row: &'r ReturnedRow,
}

impl Said<'_> {
    fn place(&self) -> Place {
        place(self.receipt, self.row)
    }
}

fn place(receipt: &Receipt, row: &ReturnedRow) -> Place {
    Place::file(&receipt.file.path).sheet(&row.sheet).row(row.row)
}

/// Rows of a source that corrections are put into: all of them, in memory.
#[derive(Debug)]
pub struct Rows {
    /// Data rows.
    pub raw: RawTable,
    /// Rows that ingest kept out.
    pub rejects: Vec<Reject>,
}

/// Puts a source's corrections into its raw rows. `files` are those of the delivery in use, `in_use` its digest.
pub fn apply(source: &Source, delivery: &mut Rows, files: &[KeptFile], in_use: &str, receipts: &[Receipt]) -> Applied {
    let mut applied = Applied::default();
    if receipts.is_empty() {
        return applied;
    }
    let targets = targets(source, delivery, files);
    let mut said: BTreeMap<(Target, usize), Vec<Said>> = BTreeMap::new();
    for receipt in receipts {
        hear(source, delivery, &targets, in_use, receipt, &mut said, &mut applied.problems);
    }
    let mut edits: BTreeMap<Target, BTreeMap<usize, Said>> = BTreeMap::new();
    for ((target, field), mut versions) in said {
        let most = versions.iter().map(|v| v.receipt.rank).max().unwrap_or(0);
        versions.retain(|v| v.receipt.rank == most);
        let first = versions.swap_remove(0);
        if let Some(other) = versions.iter().find(|v| v.value != first.value) {
            let own = &source.fields[field].heading;
            let message = format!("the value is corrected otherwise in {}; neither is taken", other.place());
            applied.problems.push(
                Diagnostic::error("receipt.contradictory", message, first.place().field(own)).hint(format!(
                    "leave only the right version in the inbox and run again with --accept {}",
                    source.id
                )),
            );
            continue;
        }
        edits.entry(target).or_default().insert(field, first);
    }
    let used: BTreeSet<KeptFile> = edits.values().flat_map(|e| e.values().map(|s| s.receipt.file.clone())).collect();
    applied.used = used.into_iter().collect();
    put_in(source, delivery, edits, &mut applied);
    applied
}

/// The keys of every row that can be corrected.
fn targets(source: &Source, delivery: &Rows, files: &[KeptFile]) -> HashMap<String, Target> {
    let hash_of = |path: &str| files.iter().find(|f| f.path == path).map_or("", |f| f.sha256.as_str());
    let raw = &delivery.raw;
    let hashes: Vec<&str> = raw.origins.iter().map(|(file, _)| hash_of(file)).collect();
    let mut all = HashMap::with_capacity(raw.len());
    for row in 0..raw.len() {
        let origin = raw.origin[row] as usize;
        let key = row_key(&source.id, hashes[origin], &raw.origins[origin].1, raw.row[row]);
        all.insert(key, Target::Raw(row));
    }
    for (i, reject) in delivery.rejects.iter().enumerate().filter(|(_, r)| r.disposition == Disposition::Quarantined) {
        let key = row_key(&source.id, hash_of(&reject.at.file), &reject.at.sheet, reject.at.row);
        all.insert(key, Target::Reject(i));
    }
    all
}

/// Hears what one receipt says.
fn hear<'r>(
    source: &Source,
    delivery: &Rows,
    targets: &HashMap<String, Target>,
    in_use: &str,
    receipt: &'r Receipt,
    said: &mut BTreeMap<(Target, usize), Vec<Said<'r>>>,
    problems: &mut Vec<Diagnostic>,
) {
    let offered: BTreeMap<&str, &[String]> =
        receipt.said.offered.iter().map(|(key, fields)| (key.as_str(), fields.as_slice())).collect();
    let returned: BTreeSet<&str> = receipt.said.rows.iter().map(|r| r.key.as_str()).collect();
    let gone = offered.keys().filter(|key| !returned.contains(**key)).count();
    let whole = || Place::file(&receipt.file.path);
    if !receipt.is_filled() && receipt.here {
        problems.push(
            Diagnostic::warning("receipt.blank", "the receipt came back and nothing is filled in", whole())
                .hint("write the right values into the marked cells of the sheet 待更正, and save the workbook"),
        );
    }
    let filled = receipt.said.rows.iter().filter(|r| !r.filled.is_empty());
    let mut of_others = 0;
    for row in filled {
        let at = || place(receipt, row);
        let told = |code, message: &str, hint: &str| Diagnostic::warning(code, message, at()).hint(hint);
        let Some(fields) = offered.get(row.key.as_str()) else {
            problems.push(told(
                "receipt.added_row",
                "the row was not on the receipt as it was issued; nothing was taken from it",
                "send new rows with the next delivery; the column 回执编号 must stay as it was issued",
            ));
            continue;
        };
        let Some(target) = targets.get(&row.key) else {
            of_others += 1;
            continue;
        };
        if !stands_as_issued(source, delivery, *target, row) {
            problems.push(told(
                "receipt.changed_original",
                "the department's own values in the row are not those of the row with this key; nothing was taken from it",
                "sort whole rows only, and write into the columns 更正 only",
            ));
            continue;
        }
        for (title, text, kind) in &row.filled {
            let field = source.fields.iter().position(|f| same_text(&f.heading) == *title);
            match field {
                None => problems.push(told(
                    "receipt.unknown_column",
                    "a column to fill in has a heading that is none of the source's; nothing was taken from it",
                    "leave the headings as they were issued",
                )),
                Some(field) if !fields.contains(&source.fields[field].name) => problems.push(told(
                    "receipt.not_offered",
                    "the value was not among those to be corrected in this row; it was not taken",
                    "correct the marked cells only; other changes belong into the next delivery",
                )),
                Some(field) => {
                    let nothing = NOTHING.contains(&text.as_str());
                    let (value, kind) = if nothing { (None, CellKind::Empty) } else { (Some(text.clone()), *kind) };
                    said.entry((*target, field)).or_default().push(Said { value, kind, receipt, row });
                }
            }
        }
    }
    if of_others > 0 {
        let message = format!("{of_others} corrected rows are of a delivery that is not in use; they change nothing");
        let told = if receipt.here { Diagnostic::warning } else { Diagnostic::note };
        problems.push(told("receipt.other_delivery", message, whole()).hint(match receipt.said.delivery == in_use {
            true => "the delivery was issued anew; correct the newest receipt".to_string(),
            false => format!("the receipt is of round {}; correct the newest one", receipt.said.round),
        }));
    }
    if gone > 0 && receipt.here {
        let message =
            format!("{gone} of {} rows of the receipt are gone; what is wrong with them stays open", offered.len());
        problems.push(
            Diagnostic::warning("receipt.rows_missing", message, whole())
                .hint("leave rows that cannot be corrected as they are"),
        );
    }
}

/// Whether the department's own values stand beside the key as they were delivered.
fn stands_as_issued(source: &Source, delivery: &Rows, target: Target, row: &ReturnedRow) -> bool {
    let mut compared = 0;
    for (title, text) in &row.originals {
        let delivered = match target {
            Target::Reject(i) if *title == WHOLE => delivery.rejects[i].raw.as_str(),
            Target::Reject(_) => "",
            Target::Raw(_) if *title == WHOLE => "",
            Target::Raw(at) => {
                let Some(field) = source.fields.iter().find(|f| same_text(&heading(&f.heading)) == *title) else {
                    continue;
                };
                delivery.raw.column(&field.name).and_then(|c| c.get(at)).unwrap_or("")
            }
        };
        if same_text(text) != same_text(delivered) {
            return false;
        }
        compared += usize::from(!text.is_empty());
    }
    compared > 0
}

/// Puts corrections into the rows, the same ones into rows that were equal to a corrected one, and rows that could not be
/// divided into cells among the others.
fn put_in(source: &Source, delivery: &mut Rows, edits: BTreeMap<Target, BTreeMap<usize, Said>>, applied: &mut Applied) {
    let mut rows: BTreeMap<usize, Values> = BTreeMap::new();
    let mut inserts: Vec<(Reject, Values)> = Vec::new();
    let mut healed = BTreeSet::new();
    for (target, fields) in edits {
        let (at, cells) = match target {
            Target::Raw(row) => (delivery.raw.provenance(row), cells(source, &delivery.raw, row)),
            Target::Reject(i) => (delivery.rejects[i].at.clone(), vec![None; source.fields.len()]),
        };
        for (field, said) in &fields {
            applied.corrections.push(Correction {
                at: at.clone(),
                field: source.fields[*field].name.clone(),
                raw: cells[*field].clone(),
                value: said.value.clone(),
                receipt: said.receipt.file.clone(),
                from: (said.row.sheet.clone(), said.row.row),
            });
        }
        let values = fields.into_iter().map(|(field, said)| (field, (said.value, said.kind))).collect();
        match target {
            Target::Raw(row) => {
                applied.delivered.insert(at, Original::Cells(cells));
                rows.insert(row, values);
            }
            Target::Reject(i) => {
                applied.delivered.insert(at, Original::Whole(delivery.rejects[i].raw.clone()));
                healed.insert(i);
                inserts.push((delivery.rejects[i].clone(), values));
            }
        }
    }
    applied.corrections.sort_by(|a, b| (&a.at, &a.field).cmp(&(&b.at, &b.field)));
    if source.fold_duplicates {
        spread(source, &delivery.raw, &mut rows);
    }
    delivery.raw = rebuilt(source, &delivery.raw, &rows, &inserts);
    let mut i = 0;
    delivery.rejects.retain(|_| {
        i += 1;
        !healed.contains(&(i - 1))
    });
}

fn cells(source: &Source, raw: &RawTable, row: usize) -> Vec<Option<String>> {
    source.fields.iter().map(|f| raw.column(&f.name).and_then(|c| c.get(row)).map(str::to_string)).collect()
}

/// Rows that were sent twice are corrected together: else the second would come back as it was when the first no longer
/// equals it.
fn spread(source: &Source, raw: &RawTable, rows: &mut BTreeMap<usize, Values>) {
    let compared = normalize::compared(source, raw);
    let write = |row: usize, text: &mut String| {
        text.clear();
        for column in &compared {
            text.push_str(column.get(row).unwrap_or("\u{1}"));
            text.push(char::from(column.kind.get(row).map_or(0, |k| *k as u8)));
            text.push('\u{0}');
        }
    };
    let mut of: HashMap<String, usize> = HashMap::new();
    let mut text = String::new();
    for row in rows.keys().rev() {
        write(*row, &mut text);
        of.insert(text.clone(), *row);
    }
    for row in 0..raw.len() {
        write(row, &mut text);
        if let Some(first) = of.get(&text).filter(|first| !rows.contains_key(&row) && **first != row) {
            let values = rows[first].clone();
            rows.insert(row, values);
        }
    }
}

/// The raw table with corrected cells and with further rows in their places.
fn rebuilt(source: &Source, raw: &RawTable, rows: &BTreeMap<usize, Values>, inserts: &[(Reject, Values)]) -> RawTable {
    // (origin, row number, position among the old rows or the new ones)
    let mut order: Vec<(u32, u32, Target)> =
        (0..raw.len()).map(|i| (raw.origin[i], raw.row[i], Target::Raw(i))).collect();
    let mut origins = raw.origins.clone();
    for (i, (reject, _)) in inserts.iter().enumerate() {
        let pair = (reject.at.file.clone(), reject.at.sheet.clone());
        let origin = origins.iter().position(|o| *o == pair).unwrap_or_else(|| {
            origins.push(pair);
            origins.len() - 1
        });
        order.push((u32::try_from(origin).unwrap_or(u32::MAX), reject.at.row, Target::Reject(i)));
    }
    if !inserts.is_empty() {
        order.sort_by_key(|(origin, row, _)| (*origin, *row));
    }
    let columns = source.fields.iter().enumerate().filter_map(|(f, field)| {
        let old = raw.column(&field.name)?;
        let mut text = arrow::array::StringBuilder::new();
        let mut kind = Vec::with_capacity(order.len());
        for (origin, _, target) in &order {
            let edit = match target {
                Target::Raw(i) => rows.get(i).and_then(|e| e.get(&f)),
                Target::Reject(i) => inserts[*i].1.get(&f),
            };
            match (edit, target) {
                (Some((value, k)), _) => {
                    text.append_option(value.as_deref());
                    kind.push(*k);
                }
                (None, Target::Raw(i)) => {
                    text.append_option(old.get(*i));
                    kind.push(old.kind[*i]);
                }
                (None, Target::Reject(_)) => {
                    let value = constant(field, &origins[*origin as usize]);
                    kind.push(if value.is_some() { CellKind::Text } else { CellKind::Empty });
                    text.append_option(value);
                }
            }
        }
        Some(RawColumn { field: field.name.clone(), text: text.finish(), kind })
    });
    RawTable {
        columns: columns.collect(),
        origin: order.iter().map(|o| o.0).collect(),
        row: order.iter().map(|o| o.1).collect(),
        origins,
        stated: raw.stated.clone(),
    }
}

/// The value of a field that is not a column.
fn constant<'a>(field: &Field, (file, sheet): &'a (String, String)) -> Option<&'a str> {
    match field.from {
        FieldFrom::Column => None,
        FieldFrom::Sheet => Some(sheet.as_str()).filter(|s| !s.trim().is_empty()),
        FieldFrom::FileName => {
            let name = file.rsplit('/').next().unwrap_or_default();
            Some(name.rsplit_once('.').map_or(name, |(stem, _)| stem))
        }
    }
}
