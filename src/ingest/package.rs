//! A workbook's archive, looked through before a parser opens it.
//!
//! In: a zip file and limits. Out: the merged ranges of each sheet, or the reason why the file is refused.
//!
//! Every part is inflated once without being kept, because the sizes an archive declares may lie and because the
//! workbook parser holds some parts and every text between two tags in memory. The same pass picks up the merged
//! ranges, which stand behind the cells they are needed for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;

use super::book::Layout;
use super::limits::{Limits, oversized};
use super::markup::{attribute, attribute_bytes, is_position, local_name, region, tags};
use super::merges::{Merges, Region};
use super::pieces::{Met, Pieces};
use super::{Checked, archive};
use crate::diag::{Diagnostic, Place};

/// What the look through the archive found.
#[derive(Debug, Default)]
pub(super) struct Package {
    /// Sheet name → part, both as the workbook has them.
    sheets: BTreeMap<String, String>,
    /// Relationship of a binary workbook's index → part.
    pub(super) targets: BTreeMap<String, String>,
    /// Part → merged ranges, hidden rows and columns.
    parts: BTreeMap<String, (Vec<Region>, u64, u64)>,
}

impl Package {
    /// What stands around a sheet's cells; none when the workbook's own index does not lead to it.
    pub(super) fn layout(&mut self, sheet: &str) -> Option<Layout> {
        let part = self.sheets.get(sheet)?;
        let (merges, hidden_rows, hidden_columns) = self.parts.remove(part).unwrap_or_default();
        Some(Layout { merges: Merges::new(merges), hidden_rows, hidden_columns })
    }
}

/// Looks through a workbook's archive. In a `binary` one (.xlsb) the parts named `.bin` are records and no text.
pub(super) fn inspect(path: &Path, binary: bool, limits: &Limits, place: &Place) -> Checked<Package> {
    let stored = fs::metadata(path).map_err(|e| vec![super::unreadable(place, &e)])?.len();
    let mut archive = archive::open(path, limits, place)?;
    let mut package = Package::default();
    let mut small = BTreeMap::new();
    let mut budget = Budget { limits, place, stored, inflated: 0, merges: 0 };
    let mut names = BTreeSet::new();
    for i in 0..archive.len() {
        let mut part = archive.by_index(i).map_err(|e| vec![archive::refusal_of_part(&e, place)])?;
        let name = key(&part.name().map_err(|_| vec![damaged(place)])?);
        // Readers look parts up without regard to case: which of two they take is theirs to say.
        if !part.is_dir() && !names.insert(name.clone()) {
            return Err(vec![archive::twice(place)]);
        }
        // Cheap first: most bombs declare their size.
        budget.check(part.size())?;
        if name.ends_with(".rels") || name.ends_with("workbook.xml") {
            small.insert(name.clone(), String::new());
        }
        let text = !(binary && name.ends_with(".bin"));
        let mut scan = Scan::new(&name, small.get_mut(&name), text, limits);
        let mut chunk = vec![0; 1 << 16];
        loop {
            let read = part.read(&mut chunk).map_err(|_| vec![damaged(place)])?;
            if read == 0 {
                break;
            }
            budget.inflated += read as u64;
            budget.check(0)?;
            scan.feed(&chunk[..read], &mut budget)?;
        }
        let Around { regions, hidden_rows, hidden_columns, .. } = scan.found;
        if !regions.is_empty() || hidden_rows + hidden_columns > 0 {
            package.parts.insert(name, (regions, hidden_rows, hidden_columns));
        }
    }
    package.sheets = sheets(&small);
    package.targets = small.get("xl/_rels/workbook.bin.rels").map(|rels| targets(rels, "xl/")).unwrap_or_default();
    Ok(package)
}

struct Budget<'a> {
    limits: &'a Limits,
    place: &'a Place,
    stored: u64,
    inflated: u64,
    merges: usize,
}

impl Budget<'_> {
    fn check(&self, more: u64) -> Checked<()> {
        let inflated = self.inflated.saturating_add(more);
        if inflated > self.limits.inflated {
            return Err(vec![oversized(
                self.place,
                format!("it inflates to more than {} MB", self.limits.inflated >> 20),
            )]);
        }
        if inflated > self.limits.ratio_from && inflated / self.limits.ratio > self.stored {
            return Err(vec![oversized(
                self.place,
                format!("it inflates to more than {} times its size", self.limits.ratio),
            )]);
        }
        Ok(())
    }
}

/// Goes over a part's bytes tag by tag.
struct Scan<'k> {
    pieces: Pieces,
    found: Around,
    keep: Option<&'k mut String>,
    text: bool,
    begun: bool,
    /// Bytes and texts of the part with the shared texts.
    shared: Option<(u64, u64)>,
}

/// What stands around the cells of a part.
#[derive(Default)]
struct Around {
    regions: Vec<Region>,
    hidden_rows: u64,
    hidden_columns: u64,
    /// Between the tags of a cell or of a shared text.
    in_cell: bool,
}

/// Longest workbook index that is kept.
const INDEX: usize = 8 << 20;

impl<'k> Scan<'k> {
    fn new(name: &str, keep: Option<&'k mut String>, text: bool, limits: &Limits) -> Self {
        Scan {
            pieces: Pieces::new(limits.text),
            found: Around::default(),
            keep,
            text,
            begun: false,
            shared: name.contains("sharedstrings").then_some((0, 0)),
        }
    }

    fn feed(&mut self, chunk: &[u8], budget: &mut Budget) -> Checked<()> {
        if !self.begun {
            self.begun = true;
            // Pictures and the like are no text: the parser never opens them.
            self.text &= !is_media(chunk);
        }
        if let Some((bytes, _)) = &mut self.shared {
            *bytes += chunk.len() as u64;
            if *bytes > budget.limits.strings_bytes {
                let what = format!("its shared texts have more than {} MB", budget.limits.strings_bytes >> 20);
                return Err(vec![oversized(budget.place, what)]);
            }
        }
        if let Some(keep) = self.keep.as_mut().filter(|k| k.len() < INDEX) {
            keep.push_str(&String::from_utf8_lossy(chunk));
        }
        if !self.text {
            return Ok(());
        }
        let mut bytes = chunk;
        loop {
            match self.pieces.next(&mut bytes) {
                Met::Tag(tag) => {
                    let shared = self.shared.as_mut().map(|(_, texts)| texts);
                    if self.found.close(tag, shared, budget)? {
                        self.pieces.new_text();
                    }
                }
                Met::End => return Ok(()),
                Met::TooLong => {
                    let what = format!("a text in it is longer than {} KB", budget.limits.text >> 10);
                    return Err(vec![oversized(budget.place, what)]);
                }
            }
        }
    }
}

impl Around {
    /// Looks at a tag that is over; true when the text behind it is not one with that before it.
    fn close(&mut self, tag: &[u8], shared: Option<&mut u64>, budget: &mut Budget) -> Checked<bool> {
        if let Some(ended) = tag.strip_prefix(b"/") {
            self.in_cell &= !matches!(local_name(ended), b"c" | b"si");
            return Ok(!self.in_cell);
        }
        if tag == b"v" {
            return Ok(!self.in_cell);
        }
        let mut begins = false;
        match local_name(tag) {
            // The parser counts with these unchecked, and would run over.
            b"c" | b"row" if !is_position(attribute_bytes(tag, b'r')) => return Err(vec![misplaced(budget.place)]),
            b"c" => begins = true,
            b"si" => {
                begins = true;
                if let Some(texts) = shared {
                    *texts += 1;
                    if *texts > budget.limits.strings {
                        return Err(vec![oversized(budget.place, "it has too many shared texts".to_string())]);
                    }
                }
            }
            b"row" if is_hidden(tag) => self.hidden_rows += 1,
            b"col" if is_hidden(tag) => {
                let tag = String::from_utf8_lossy(tag);
                let number = |name| attribute(&tag, name).and_then(|n| n.parse::<u64>().ok());
                let (first, last) = (number("min").unwrap_or(1), number("max").unwrap_or(1));
                // Hiding all columns behind the table, up to the last one there can be, says nothing.
                if last < 16_384 {
                    self.hidden_columns += (last + 1).saturating_sub(first);
                }
            }
            b"dimension" => {
                let tag = String::from_utf8_lossy(tag);
                let range = attribute(&tag, "ref").unwrap_or_default();
                let range = if range.contains(':') { range } else { format!("{range}:{range}") };
                if !region(&range).is_some_and(|r| r.bottom >= r.top && r.right >= r.left) {
                    return Err(vec![misplaced(budget.place)]);
                }
            }
            b"mergeCell" => {
                budget.merges += 1;
                if budget.merges > budget.limits.merges {
                    return Err(vec![oversized(budget.place, "it has too many merged ranges".to_string())]);
                }
                let tag = String::from_utf8_lossy(tag);
                self.regions.extend(attribute(&tag, "ref").as_deref().and_then(region));
            }
            b"sst" => {
                let tag = String::from_utf8_lossy(tag);
                let count = attribute(&tag, "uniqueCount").and_then(|c| c.parse::<u64>().ok());
                if count.is_some_and(|c| c > budget.limits.strings) {
                    return Err(vec![oversized(budget.place, "it announces too many texts".to_string())]);
                }
            }
            _ => {}
        }
        // The parser puts together what stands in a cell, and keeps no text from anywhere else.
        let new_text = begins || !self.in_cell;
        self.in_cell |= begins && !tag.ends_with(b"/");
        Ok(new_text)
    }
}

fn is_hidden(tag: &[u8]) -> bool {
    let said = |text: &[u8]| memchr::memmem::find(tag, text).is_some();
    said(b"hidden=\"1\"") || said(b"hidden=\"true\"")
}

fn is_media(head: &[u8]) -> bool {
    const MAGIC: [&[u8]; 8] =
        [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"\x01\0\0\0", b"\xd0\xcf\x11\xe0", b"\xd7\xcd\xc6\x9a"];
    MAGIC.iter().any(|m| head.starts_with(m))
}

/// Sheet names and their parts, from the workbook's index and its relationships.
fn sheets(small: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let target = |tag: &str| attribute(tag, "Target").unwrap_or_default();
    let workbook = small.get("_rels/.rels").and_then(|rels| {
        tags(rels, "Relationship")
            .find(|t| attribute(t, "Type").is_some_and(|t| t.ends_with("/officeDocument")))
            .map(|t| key(&target(t)))
    });
    let workbook = workbook.unwrap_or_else(|| "xl/workbook.xml".to_string());
    let (folder, name) = workbook.rsplit_once('/').unwrap_or(("", &workbook));
    let base = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let (Some(index), Some(rels)) = (small.get(&workbook), small.get(&format!("{base}_rels/{name}.rels"))) else {
        return BTreeMap::new();
    };
    let parts = targets(rels, &base);
    tags(index, "sheet")
        .filter_map(|t| Some((attribute(t, "name")?, parts.get(&attribute(t, "id")?)?.clone())))
        .collect()
}

/// The parts that relationships of a part in the folder `base` lead to, by their id.
fn targets(rels: &str, base: &str) -> BTreeMap<String, String> {
    tags(rels, "Relationship")
        .filter_map(|t| {
            let target = attribute(t, "Target").unwrap_or_default();
            let part = match target.starts_with('/') {
                true => key(&target),
                false => key(&format!("{base}{target}")),
            };
            Some((attribute(t, "Id")?, part))
        })
        .collect()
}

/// A part's name as it is compared: some writers differ in case, separators and a leading slash.
pub(super) fn key(name: &str) -> String {
    name.replace('\\', "/").trim_start_matches('/').to_lowercase()
}

/// The archive cannot be read to its end.
pub(super) fn damaged(place: &Place) -> Diagnostic {
    Diagnostic::error(
        "ingest.truncated",
        "the file ends early or is damaged: its archive cannot be read",
        place.clone(),
    )
    .hint("it may still be copied, or the download broke off; ask the sender for the file again")
}

/// Cells stand where no sheet has any, or not in order.
pub(super) fn misplaced(place: &Place) -> Diagnostic {
    Diagnostic::error(
        "ingest.broken_workbook",
        "the cells of the sheet are not in order or lie outside of any sheet",
        place.clone(),
    )
    .hint("open it in a spreadsheet program and save it anew")
}
