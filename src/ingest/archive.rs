//! ZIP archives: a workbook, or a delivery in which several tables were packed.
//!
//! In: an archive. Out: which of the two it is ([`kind`]); of a delivery its members ([`members`]) and any of them
//! unpacked ([`unpack`]). Chinese names are GBK as Windows writes them, or UTF-8. A member whose name leads out of the
//! archive, that is encrypted, is an archive itself, or inflates beyond the caps is refused with its reason.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use encoding_rs::GB18030;
use zip::ZipArchive;
use zip::result::ZipError;

use super::limits::{LIMITS, Limits, oversized};
use super::package::{damaged, key};
use super::{Checked, xls};
use crate::diag::{Diagnostic, Place};
use crate::plan::Format;

/// How the parts of office files begin; one of them comes first.
const OFFICE: [&str; 7] = ["[content_types].xml", "_rels/", "xl/", "docprops/", "customxml/", "word/", "ppt/"];

pub(super) type Archive = ZipArchive<BufReader<File>>;

/// What an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A workbook of this format.
    Workbook(Format),
    /// Another office file.
    Document,
    /// Files that were packed together.
    Delivery,
}

/// A file in a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Its place in the archive.
    pub(super) index: usize,
    /// Its path below the archive, `/` as separator; steps that lead out of it are shown as `__`.
    pub(super) name: String,
    /// True when the path it asks for leads out of the archive.
    escapes: bool,
    encrypted: bool,
}

/// Opens an archive whose directory is not too long to be read.
pub(super) fn open(path: &Path, limits: &Limits, place: &Place) -> Checked<Archive> {
    let io = |e: std::io::Error| vec![super::unreadable(place, &e)];
    let mut file = File::open(path).map_err(io)?;
    let announced = announced(&mut file).map_err(io)?;
    if announced > limits.parts as u64 {
        return Err(vec![oversized(place, format!("its archive has more than {} parts", limits.parts))]);
    }
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let archive = ZipArchive::new(BufReader::new(file)).map_err(|_| vec![damaged(place)])?;
    if archive.len() > limits.parts {
        return Err(vec![oversized(place, format!("its archive has more than {} parts", limits.parts))]);
    }
    if archive.has_duplicate_names() {
        return Err(vec![twice(place)]);
    }
    Ok(archive)
}

/// Two parts of an archive have one name: readers differ in which they take, and one of them would be lost.
pub(super) fn twice(place: &Place) -> Diagnostic {
    let message = "two parts of the archive have the same name; which of them is meant is not for a program to guess";
    Diagnostic::error("ingest.zip_duplicate", message, place.clone())
        .hint("open it and save it anew, or pack the files again; no usual program writes such an archive")
}

/// Why a part of an archive cannot be opened.
pub(super) fn refusal_of_part(error: &ZipError, place: &Place) -> Diagnostic {
    match error {
        ZipError::UnsupportedArchive(why) if *why == ZipError::PASSWORD_REQUIRED => xls::password(place),
        _ => damaged(place),
    }
}

/// How many parts the end of an archive tells of, at most: the library makes room for all of them.
fn announced(file: &mut File) -> std::io::Result<u64> {
    let size = file.metadata()?.len();
    let from = size.saturating_sub((1 << 16) + 128);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(1 << 17).read_to_end(&mut tail)?;
    let counts = |signature: &[u8], at: usize, bytes: usize| -> u64 {
        memchr::memmem::find_iter(&tail, signature)
            .filter_map(|found| tail.get(found + at..found + at + bytes))
            .map(|b| b.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
            .max()
            .unwrap_or(0)
    };
    // 0xffff in the short record sends the reader to the long one.
    let short = counts(b"PK\x05\x06", 10, 2);
    let long = counts(b"PK\x06\x06", 32, 8);
    Ok(if short == 0xffff { long.max(1) } else { short.max(long) })
}

/// What an archive is, by the parts in it.
pub(super) fn kind(path: &Path, limits: &Limits, place: &Place) -> Checked<Kind> {
    let Ok(mut archive) = open(path, limits, place) else {
        // Broken: its first part tells which reader says so best.
        return Ok(kind_by_first(path).unwrap_or(Kind::Workbook(Format::Xlsx)));
    };
    let names: Vec<String> = archive.file_names().filter_map(|n| n.ok().map(|n| key(&n))).collect();
    let has = |name: &str| names.iter().any(|n| n == name);
    let within = |folder: &str| names.iter().any(|n| n.starts_with(folder));
    if has("mimetype") && has("content.xml") {
        let mut mime = String::new();
        if let Ok(part) = archive.by_name("mimetype") {
            // What cannot be read is no workbook.
            let _ = part.take(100).read_to_string(&mut mime);
        }
        return Ok(match mime.trim() {
            "application/vnd.oasis.opendocument.spreadsheet" => Kind::Workbook(Format::Ods),
            _ => Kind::Document,
        });
    }
    Ok(if has("xl/workbook.bin") {
        Kind::Workbook(Format::Xlsb)
    } else if within("word/") || within("ppt/") {
        Kind::Document
    } else if has("[content_types].xml") || within("xl/") {
        Kind::Workbook(Format::Xlsx)
    } else {
        Kind::Delivery
    })
}

/// What the name of the first part says: workbooks begin with parts of their own, deliveries with anything else.
fn kind_by_first(path: &Path) -> Option<Kind> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(512).read_to_end(&mut head).ok()?;
    let length = usize::from(u16::from_le_bytes([*head.get(26)?, *head.get(27)?]));
    let name = String::from_utf8_lossy(head.get(30..30 + length)?).to_lowercase().replace('\\', "/");
    if name == "mimetype" {
        return Some(Kind::Workbook(Format::Ods));
    }
    let office = OFFICE.iter().any(|o| name.starts_with(o));
    Some(if office { Kind::Workbook(Format::Xlsx) } else { Kind::Delivery })
}

/// True for an archive that is a delivery of several files.
pub(super) fn is_delivery(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(path).and_then(|mut f| f.read_exact(&mut magic));
    let zip = read.is_ok() && (magic == *b"PK\x03\x04" || magic == *b"PK\x05\x06");
    // Most archives are workbooks and need not be opened to know it.
    let workbook = || matches!(kind_by_first(path), Some(Kind::Workbook(_)));
    zip && !workbook() && kind(path, &LIMITS, &Place::default()).is_ok_and(|k| k == Kind::Delivery)
}

/// The files of a delivery, by name.
pub(super) fn members(path: &Path, limits: &Limits, place: &Place) -> Checked<Vec<Member>> {
    let mut archive = open(path, limits, place)?;
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(|_| vec![damaged(place)])?;
        let raw = part.name_raw();
        let name = match std::str::from_utf8(raw) {
            Ok(name) => name.to_string(),
            Err(_) => GB18030.decode_without_bom_handling(raw).0.into_owned(),
        };
        let name = name.replace('\\', "/");
        if part.is_dir() || name.ends_with('/') {
            continue;
        }
        let (name, escapes) = within(&name);
        if name.is_empty() || name.split('/').any(|step| step == "__MACOSX") {
            continue;
        }
        members.push(Member { index, name, escapes, encrypted: part.encrypted() });
    }
    members.sort_by(|a, b| (&a.name, a.index).cmp(&(&b.name, b.index)));
    Ok(members)
}

/// A path that stays below the archive, and whether it wanted to leave it.
fn within(name: &str) -> (String, bool) {
    let drive = name.as_bytes().get(1) == Some(&b':');
    let mut escapes = name.starts_with('/') || drive || name.contains('\0');
    let steps = name.split('/').filter(|s| !s.is_empty() && *s != ".").map(|step| {
        let out = step == ".." || (drive && step.ends_with(':'));
        escapes |= out;
        if out { "__".to_string() } else { step.replace('\0', "") }
    });
    let steps: Vec<String> = steps.collect();
    (steps.join("/"), escapes)
}

/// Unpacks a member into `out`, in bounded time and size.
pub(super) fn unpack(path: &Path, member: &Member, out: &mut dyn Write, limits: &Limits, place: &Place) -> Checked<()> {
    let refuse =
        |code, message: &str, hint: &str| Err(vec![Diagnostic::error(code, message, place.clone()).hint(hint)]);
    if member.escapes {
        return refuse(
            "ingest.zip_path",
            "the name of the file in the archive leads out of it",
            "no usual program writes such names: ask the sender where the archive comes from",
        );
    }
    if member.encrypted {
        return refuse(
            "ingest.password",
            "the file in the archive is protected by a password",
            "ask the sender for the file without a password; send it by a safe way",
        );
    }
    let io = |e: std::io::Error| vec![super::unreadable(place, &e)];
    let mut archive = open(path, limits, place)?;
    let mut part = archive.by_index(member.index).map_err(|e| vec![refusal_of_part(&e, place)])?;
    let stored = part.compressed_size();
    let (mut inflated, mut chunk) = (0_u64, vec![0; 1 << 16]);
    loop {
        let read = part.read(&mut chunk).map_err(|_| vec![damaged(place)])?;
        if read == 0 {
            return Ok(());
        }
        if inflated == 0 && chunk.starts_with(b"PK\x03\x04") && is_nested(&chunk[..read]) {
            return refuse(
                "ingest.zip_nested",
                "an archive within an archive; it is not unpacked",
                "unpack it and put its files into the input folder",
            );
        }
        inflated += read as u64;
        if inflated > limits.inflated {
            return Err(vec![oversized(place, format!("it inflates to more than {} MB", limits.inflated >> 20))]);
        }
        if inflated > limits.ratio_from && inflated / limits.ratio > stored {
            return Err(vec![oversized(place, format!("it inflates to more than {} times its size", limits.ratio))]);
        }
        out.write_all(&chunk[..read]).map_err(io)?;
    }
}

/// True when the beginning of an archive is not that of a workbook.
fn is_nested(head: &[u8]) -> bool {
    let length = head.get(26..28).map_or(0, |b| usize::from(u16::from_le_bytes([b[0], b[1]])));
    let name = String::from_utf8_lossy(head.get(30..30 + length).unwrap_or_default()).to_lowercase();
    name != "mimetype" && !OFFICE.iter().any(|o| name.starts_with(o))
}

/// Why a member of a delivery that could not be unpacked is refused; none for files that are no members.
///
/// `relative` is `…/民政.zip/低保.xlsx` and `path` that of the archive.
pub(super) fn refusal(path: &Path, relative: &str, limits: &Limits, place: &Place) -> Option<Vec<Diagnostic>> {
    let archive = path.file_name()?.to_str()?;
    let (_, name) = relative.split_once(&format!("{archive}/"))?;
    if !is_delivery(path) {
        return None;
    }
    let found = match members(path, limits, place) {
        Ok(members) => members.into_iter().find(|m| m.name == name),
        Err(problems) => return Some(problems),
    };
    let reason = match found {
        Some(member) => unpack(path, &member, &mut std::io::sink(), limits, place).err(),
        None => None,
    };
    Some(reason.unwrap_or_else(|| vec![damaged(place)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_archive() {
        let table = [
            ("民政/低保.xlsx", ("民政/低保.xlsx", false)),
            ("./a//b.csv", ("a/b.csv", false)),
            ("../../etc/passwd", ("__/__/etc/passwd", true)),
            ("/etc/passwd", ("etc/passwd", true)),
            ("C:/Windows/a.csv", ("__/Windows/a.csv", true)),
            ("a/../../b", ("a/__/__/b", true)),
        ];
        for (name, (kept, escapes)) in table {
            assert_eq!(within(name), (kept.to_string(), escapes), "{name}");
        }
    }
}
