//! A workbook's archive: its parts by name, each read under the caps for the whole of it.
//!
//! In: a zip file and limits. Out: its parts ([`Package::part`]), or the reason why the file is refused. The sizes an archive
//! declares may lie, so what is inflated is counted while it is read. Parts that nobody reads are looked through as well
//! ([`Package::look_through`]): a workbook with a bomb in it is refused wherever the bomb is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::archive::Archive;
use super::limits::{Limits, oversized};
use super::markup::{attribute, tags};
use super::pieces::{Met, Pieces};
use super::{Checked, archive};
use crate::diag::{Diagnostic, Place};

/// Longest workbook index that is read.
const INDEX: u64 = 64 << 20;

/// An opened archive whose parts are known.
pub(super) struct Package {
    archive: Archive,
    /// Names as [`key`] has them → place in the archive.
    names: BTreeMap<String, usize>,
    budget: Budget,
    place: Place,
}

/// What may be inflated of an archive.
struct Budget {
    limits: Limits,
    stored: u64,
    /// Bytes inflated so far; those of a part that is read again count once.
    inflated: u64,
    parts: BTreeMap<usize, u64>,
}

impl Budget {
    /// What is too much when `more` bytes are inflated, in words.
    fn check(&self, more: u64) -> Result<(), String> {
        let inflated = self.inflated.saturating_add(more);
        if inflated > self.limits.inflated {
            return Err(format!("it inflates to more than {} MB", self.limits.inflated >> 20));
        }
        if inflated > self.limits.ratio_from && inflated / self.limits.ratio > self.stored {
            return Err(format!("it inflates to more than {} times its size", self.limits.ratio));
        }
        Ok(())
    }
}

/// A part while it is read: ends in an error of the kind `FileTooLarge` when the archive inflates to too much.
struct Part<'p, R> {
    inner: R,
    budget: &'p mut Budget,
    index: usize,
}

impl<R: Read> Read for Part<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf)?;
        self.budget.inflated += read as u64;
        *self.budget.parts.entry(self.index).or_default() += read as u64;
        self.budget.check(0).map_err(|what| io::Error::new(io::ErrorKind::FileTooLarge, what))?;
        Ok(read)
    }
}

impl Package {
    /// Opens an archive in which no two parts have the same name.
    pub(super) fn open(path: &Path, limits: &Limits, place: &Place) -> Checked<Package> {
        let stored = fs::metadata(path).map_err(|e| vec![super::unreadable(place, &e)])?.len();
        let mut archive = archive::open(path, limits, place)?;
        let budget = Budget { limits: *limits, stored, inflated: 0, parts: BTreeMap::new() };
        let mut names = BTreeMap::new();
        for index in 0..archive.len() {
            let part = archive.by_index(index).map_err(|e| vec![archive::refusal_of_part(&e, place)])?;
            // Most bombs declare their size.
            budget.check(part.size()).map_err(|what| vec![oversized(place, what)])?;
            let name = key(&part.name().map_err(|_| vec![damaged(place)])?);
            // Readers look parts up without regard to case: which of two they take is theirs to say.
            if !part.is_dir() && names.insert(name, index).is_some() {
                return Err(vec![archive::twice(place)]);
            }
        }
        Ok(Package { archive, names, budget, place: place.clone() })
    }

    /// A part by its name; none when there is no such part.
    pub(super) fn part(&mut self, name: &str) -> Checked<Option<impl Read + '_>> {
        let Some(index) = self.names.get(name).copied() else {
            return Ok(None);
        };
        let part = self.archive.by_index(index).map_err(|e| vec![archive::refusal_of_part(&e, &self.place)])?;
        self.budget.inflated -= self.budget.parts.remove(&index).unwrap_or(0);
        Ok(Some(Part { inner: part, budget: &mut self.budget, index }))
    }

    /// A part of a workbook's index: they are kept, and none is long.
    pub(super) fn index_part(&mut self, name: &str) -> Checked<Option<impl Read + '_>> {
        self.short_part(name, "its index has", INDEX)
    }

    /// A part that is kept in memory: reading it ends in an error of the kind `FileTooLarge`, which begins with `what`, when it
    /// has more than so many bytes.
    pub(super) fn short_part(
        &mut self,
        name: &str,
        what: &'static str,
        longest: u64,
    ) -> Checked<Option<impl Read + '_>> {
        Ok(self.part(name)?.map(|inner| Short { inner, read: 0, longest, what }))
    }

    /// Inflates all parts but those that are `read` anyway, and keeps nothing. With `texts` no part that is XML may have a
    /// tag, or a text between two, longer than any cell's: for a parser that would keep it.
    pub(super) fn look_through(&mut self, read: &BTreeSet<String>, texts: bool) -> Checked<()> {
        let (limits, place) = (self.budget.limits, self.place.clone());
        let names: Vec<String> = self.names.keys().filter(|n| !read.contains(*n)).cloned().collect();
        let mut chunk = vec![0; 1 << 16];
        for name in names {
            let Some(mut part) = self.part(&name)? else {
                continue;
            };
            let mut pieces = (texts && !name.ends_with(".bin")).then(|| Pieces::new(limits.text));
            let mut begun = false;
            loop {
                let read = match part.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(read) => read,
                    Err(e) if e.kind() == io::ErrorKind::FileTooLarge => {
                        return Err(vec![oversized(&place, e.to_string())]);
                    }
                    Err(_) => return Err(vec![damaged(&place)]),
                };
                // Pictures and the like are no text: the parser never opens them.
                if !std::mem::replace(&mut begun, true) && is_media(&chunk[..read]) {
                    pieces = None;
                }
                let Some(pieces) = &mut pieces else {
                    continue;
                };
                let mut bytes = &chunk[..read];
                loop {
                    match pieces.next(&mut bytes) {
                        Met::Tag(_) => pieces.new_text(),
                        Met::End => break,
                        Met::TooLong => {
                            let what = format!("a text in it is longer than {} KB", limits.text >> 10);
                            return Err(vec![oversized(&place, what)]);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The parts that the relationships in a part lead to, by their id; `base` is the folder they are seen from.
    pub(super) fn targets(&mut self, relationships: &str, base: &str) -> Checked<BTreeMap<String, String>> {
        let mut text = Vec::new();
        let place = self.place.clone();
        if let Some(mut part) = self.index_part(relationships)? {
            part.read_to_end(&mut text).map_err(|_| vec![damaged(&place)])?;
        }
        let text = String::from_utf8_lossy(&text);
        let found = tags(&text, "Relationship").filter_map(|t| {
            let target = attribute(t, "Target").unwrap_or_default();
            Some((attribute(t, "Id")?, target_key(&target, base)))
        });
        Ok(found.collect())
    }
}

/// A part that may only have so many bytes.
struct Short<R> {
    inner: R,
    read: u64,
    longest: u64,
    what: &'static str,
}

impl<R: Read> Read for Short<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf)?;
        self.read += read as u64;
        if self.read > self.longest {
            let what = format!("{} more than {} MB", self.what, self.longest >> 20);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
        }
        Ok(read)
    }
}

fn is_media(head: &[u8]) -> bool {
    const MAGIC: [&[u8]; 8] =
        [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"\x01\0\0\0", b"\xd0\xcf\x11\xe0", b"\xd7\xcd\xc6\x9a"];
    MAGIC.iter().any(|m| head.starts_with(m))
}

/// The part that a relationship leads to, seen from the folder `base`.
pub(super) fn target_key(target: &str, base: &str) -> String {
    match target.starts_with('/') {
        true => key(target),
        false => key(&format!("{base}{target}")),
    }
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
