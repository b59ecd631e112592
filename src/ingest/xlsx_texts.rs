//! Texts of an .xlsx workbook: the shared ones, and those that stand in a cell.
//!
//! In: pieces of XML. Out: what a cell shows. Runs of formatted text are joined, phonetic guides left out, blanks around a
//! text taken off unless it says `xml:space="preserve"`, and `_x000D_` is the character it stands for.

use std::borrow::Cow;
use std::io::Read;

use super::Checked;
use super::cut::{Cutter, Piece, decode};
use super::limits::{Limits, oversized};
use super::markup::{attribute, local_name};
use super::package::damaged;
use crate::diag::Place;

/// The shared texts of a workbook, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Shared {
    text: String,
    /// Where each of them ends.
    ends: Vec<u32>,
}

impl Shared {
    /// Reads the part that holds them.
    pub(super) fn read<R: Read>(part: R, limits: &Limits, place: &Place) -> Checked<Shared> {
        let mut cutter = Cutter::new(part, limits, place);
        let mut shared = Shared::default();
        let mut within = false;
        let too_many = || vec![oversized(place, "it has too many shared texts".to_string())];
        loop {
            match cutter.next()? {
                Piece::Open(tag, empty) if local_name(tag) == b"sst" => {
                    let tag = String::from_utf8_lossy(tag);
                    let count = attribute(&tag, "uniqueCount").and_then(|c| c.parse::<u64>().ok());
                    if count.is_some_and(|c| c > limits.strings) {
                        return Err(vec![oversized(place, "it announces too many texts".to_string())]);
                    }
                    if empty {
                        return Ok(shared);
                    }
                    within = true;
                }
                Piece::Open(tag, empty) if within && local_name(tag) == b"si" => {
                    if shared.ends.len() as u64 >= limits.strings {
                        return Err(too_many());
                    }
                    if !empty {
                        inner_text(&mut cutter, b"si", &mut shared.text, limits, place)?;
                    }
                    let end = u32::try_from(shared.text.len()).map_err(|_| too_many())?;
                    shared.ends.push(end);
                }
                Piece::Close(name) if local_name(name) == b"sst" => break,
                Piece::End => return Err(vec![damaged(place)]),
                _ => {}
            }
        }
        shared.text.shrink_to_fit();
        shared.ends.shrink_to_fit();
        Ok(shared)
    }

    /// One of them, by its place from 0.
    pub(super) fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)? as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.text.get(start..end)
    }
}

/// Adds the text of an element `si` or `is`, which was opened, to `out`.
pub(super) fn inner_text<R: Read>(
    cutter: &mut Cutter<R>,
    element: &[u8],
    out: &mut String,
    limits: &Limits,
    place: &Place,
) -> Checked<()> {
    // Nearly all of them are one plain text.
    let close: &[u8] = if element == b"si" { b"</t></si>" } else { b"</t></is>" };
    if let Some(raw) = cutter.between(b"<t>", close) {
        return add(raw, false, out, place);
    }
    let start = out.len();
    let (mut phonetic, mut raw) = (false, String::new());
    loop {
        match cutter.next()? {
            Piece::Open(tag, false) if local_name(tag) == b"rPh" => phonetic = true,
            Piece::Close(name) if local_name(name) == b"rPh" => phonetic = false,
            Piece::Open(tag, false) if local_name(tag) == b"t" && !phonetic => {
                let tag = String::from_utf8_lossy(tag);
                let preserve = attribute(&tag, "space").as_deref() == Some("preserve");
                raw.clear();
                content(cutter, b"t", &mut raw, limits, place)?;
                out.push_str(&shown(&raw, preserve));
                if out.len() - start > limits.text {
                    return Err(vec![cutter.too_long()]);
                }
            }
            Piece::Close(name) if local_name(name) == element => return Ok(()),
            Piece::End => return Err(vec![damaged(place)]),
            _ => {}
        }
    }
}

/// Adds what stands between a tag that was opened and its end to `out`; elements within are passed over.
pub(super) fn content<R: Read>(
    cutter: &mut Cutter<R>,
    element: &[u8],
    out: &mut String,
    limits: &Limits,
    place: &Place,
) -> Checked<()> {
    let start = out.len();
    loop {
        let sound = match cutter.next()? {
            Piece::Text(raw) => decode(raw, out),
            Piece::Data(raw) => std::str::from_utf8(raw).is_ok_and(|text| {
                out.push_str(text);
                true
            }),
            Piece::Close(name) if local_name(name) == element => return Ok(()),
            Piece::End => false,
            Piece::Open(..) | Piece::Close(_) => true,
        };
        if !sound {
            return Err(vec![damaged(place)]);
        }
        if out.len() - start > limits.text {
            return Err(vec![cutter.too_long()]);
        }
    }
}

/// Adds a text as it stands in the file to `out`, as a cell shows it.
fn add(raw: &[u8], preserve: bool, out: &mut String, place: &Place) -> Checked<()> {
    let start = out.len();
    if !decode(raw, out) {
        return Err(vec![damaged(place)]);
    }
    let plain = &out[start..];
    let shown = shown(plain, preserve);
    if shown != plain {
        let shown = shown.into_owned();
        out.truncate(start);
        out.push_str(&shown);
    }
    Ok(())
}

/// A text without the blanks around it, unless they are to be preserved, and with escapes resolved.
fn shown(text: &str, preserve: bool) -> Cow<'_, str> {
    unescape(if preserve { text } else { text.trim_matches([' ', '\t', '\r', '\n']) })
}

/// `_x000D_` as the character it stands for, which XML cannot hold; `_x005F_` is the `_` of a text that looks like one.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if memchr::memmem::find(text.as_bytes(), b"_x").is_none() {
        return Cow::Borrowed(text);
    }
    let unit = |text: &str| -> Option<u16> {
        let bytes = text.as_bytes().get(..7)?;
        let hex = &bytes[2..6];
        let escape = bytes.starts_with(b"_x") && bytes[6] == b'_' && hex.iter().all(u8::is_ascii_hexdigit);
        escape.then(|| u16::from_str_radix(&text[2..6], 16).ok()).flatten()
    };
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('_') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // A character outside the first plane is two escapes in a row.
        let mut units = Vec::new();
        while let Some(next) = unit(rest) {
            units.push(next);
            rest = &rest[7..];
        }
        if units.is_empty() {
            out.push('_');
            rest = &rest[1..];
        }
        out.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::limits::LIMITS;

    #[test]
    fn shared_texts_as_programs_write_them() {
        let xml = "<?xml version=\"1.0\"?><sst count=\"9\" uniqueCount=\"9\"><si><t>云岭村</t></si><si/><si><t/></si>\
                   <si><t> 前后 </t></si><si><t xml:space=\"preserve\"> 前后 </t></si>\
                   <si><r><t>张</t></r><r><rPr><b/></rPr><t xml:space=\"preserve\"> 三</t></r><rPh sb=\"0\" eb=\"1\"><t>zhang</t></rPh></si>\
                   <x:si><x:t>a&amp;b<![CDATA[<c>]]></x:t></x:si><si><t>行_x000D_\r\n二_x005F_x0041__xD83D__xDE00_</t></si></sst>";
        let shared = Shared::read(xml.as_bytes(), &LIMITS, &Place::default()).unwrap();
        let all: Vec<&str> = (0..).map_while(|i| shared.get(i)).collect();
        assert_eq!(all, ["云岭村", "", "", "前后", " 前后 ", "张 三", "a&b<c>", "行\r\n二_x0041_😀"]);
        for broken in ["<sst><si><t>x</t></si>", "", "<sst><si><t>&x;</t></si></sst>", "<sst><si><t>x"] {
            assert!(Shared::read(broken.as_bytes(), &LIMITS, &Place::default()).is_err(), "{broken}");
        }
    }

    #[test]
    fn escapes_that_are_none_stay() {
        for same in ["_", "_x", "_x00", "_x00ZZ_", "_x00½_", "snake_x_y", "_x+123_"] {
            assert_eq!(unescape(same), same);
        }
        for (text, shown) in [
            ("a_x000D_", "a\r"),
            ("__x005F_x0000__", "__x0000__"),
            ("_xD83D_x", "\u{fffd}x"),
            ("_x005F_xD83D_", "_xD83D_"),
        ] {
            assert_eq!(unescape(text), shown);
        }
    }
}
