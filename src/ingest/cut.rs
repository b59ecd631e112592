//! XML of a workbook's part, cut into pieces where it lies in one buffer: nothing is copied and nothing is kept.
//!
//! In: a stream of bytes. Out: its tags and what stands between them, one after the other ([`Cutter::next`]). For the large
//! parts of a workbook, of which a parser of all XML would copy and check every piece: there are some ten for a cell. Where a
//! piece ends is told as quick-xml tells it; comments, instructions and a document type are passed over. A piece longer than
//! anything a spreadsheet holds is refused, and so is a document type with declarations of its own: no spreadsheet
//! program writes one.

use std::io::{self, Read};
use std::ops::Range;

use super::Checked;
use super::limits::{Limits, oversized};
use super::package::damaged;
use crate::diag::{Diagnostic, Place};

/// Bytes that are read at once.
const ROOM: usize = 1 << 18;

/// What was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'b> {
    /// A tag that opens an element: name and attributes; true when it closes it too.
    Open(&'b [u8], bool),
    /// The name in a tag that closes an element.
    Close(&'b [u8]),
    /// What stands between two tags, entities unresolved.
    Text(&'b [u8]),
    /// What a section of character data holds.
    Data(&'b [u8]),
    /// Nothing is left.
    End,
}

/// A stream of XML in one buffer.
pub(super) struct Cutter<R> {
    inner: R,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are not cut yet.
    left: Range<usize>,
    over: bool,
    longest: usize,
    place: Place,
}

enum Kind {
    Open,
    Empty,
    Close,
    Text,
    Data,
    Nothing,
}

/// A piece at the front of some bytes: what it is, its content, and where it ends.
type Found = (Kind, Range<usize>, usize);

impl<R: Read> Cutter<R> {
    pub(super) fn new(inner: R, limits: &Limits, place: &Place) -> Cutter<R> {
        let place = place.clone();
        Cutter { inner, buffer: vec![0; ROOM], left: 0..0, over: false, longest: limits.text, place }
    }

    /// The next piece.
    pub(super) fn next(&mut self) -> Checked<Piece<'_>> {
        loop {
            let bytes = &self.buffer[self.left.clone()];
            let found = match find(bytes).map_err(|()| vec![damaged(&self.place)])? {
                // A text goes on until a tag begins; at the end there is none.
                None if self.over && bytes.first().is_some_and(|b| *b != b'<') => {
                    Some((Kind::Text, 0..bytes.len(), bytes.len()))
                }
                found => found,
            };
            let Some((kind, content, end)) = found else {
                if bytes.is_empty() && self.over {
                    return Ok(Piece::End);
                }
                self.fill()?;
                continue;
            };
            if end > self.longest {
                return Err(vec![self.too_long()]);
            }
            let content = self.left.start + content.start..self.left.start + content.end;
            self.left.start += end;
            let content = content.start..content.end;
            return Ok(match kind {
                Kind::Open => Piece::Open(&self.buffer[content], false),
                Kind::Empty => Piece::Open(&self.buffer[content], true),
                Kind::Close => Piece::Close(&self.buffer[content]),
                Kind::Text => Piece::Text(&self.buffer[content]),
                Kind::Data => Piece::Data(&self.buffer[content]),
                Kind::Nothing => continue,
            });
        }
    }

    /// What stands between `open` and `close` when the stream goes on with just that and has it in its buffer.
    pub(super) fn between(&mut self, open: &[u8], close: &[u8]) -> Option<&[u8]> {
        let content = self.buffer[self.left.clone()].strip_prefix(open)?;
        let length = memchr::memchr(b'<', content).filter(|l| *l < self.longest)?;
        if !content[length..].starts_with(close) {
            return None;
        }
        let start = self.left.start + open.len();
        self.left.start = start + length + close.len();
        Some(&self.buffer[start..start + length])
    }

    /// Reads on: what is left goes to the front, and is read on to twice its length at least, so that a long piece is not
    /// looked at over and over again.
    fn fill(&mut self) -> Checked<()> {
        let pending = self.left.len();
        if pending > self.longest {
            return Err(vec![self.too_long()]);
        }
        if self.over {
            // A tag that does not end.
            return Err(vec![damaged(&self.place)]);
        }
        self.buffer.copy_within(self.left.clone(), 0);
        if self.buffer.len() < pending * 2 {
            self.buffer.resize(pending * 2, 0);
        }
        let mut end = pending;
        while end < self.buffer.len() {
            match self.inner.read(&mut self.buffer[end..]) {
                Ok(0) => {
                    self.over = true;
                    break;
                }
                Ok(read) => end += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::FileTooLarge => {
                    return Err(vec![oversized(&self.place, e.to_string())]);
                }
                Err(_) => return Err(vec![damaged(&self.place)]),
            }
        }
        self.left = 0..end;
        Ok(())
    }

    /// The refusal of a piece, or of pieces that belong together, with more bytes than anything a spreadsheet holds.
    pub(super) fn too_long(&self) -> Diagnostic {
        oversized(&self.place, format!("a text in it is longer than {} KB", self.longest >> 10))
    }
}

/// The piece at the front; none when its end is not there. An error is what no parser reads on from.
fn find(bytes: &[u8]) -> Result<Option<Found>, ()> {
    let [first, rest @ ..] = bytes else {
        return Ok(None);
    };
    if *first != b'<' {
        return Ok(memchr::memchr(b'<', bytes).map(|end| (Kind::Text, 0..end, end)));
    }
    let Some(second) = rest.first() else {
        return Ok(None);
    };
    Ok(match second {
        b'/' => memchr::memchr(b'>', bytes).map(|end| (Kind::Close, 2..end, end + 1)),
        b'?' => memchr::memmem::find(rest, b"?>").map(|at| (Kind::Nothing, 0..0, at + 3)),
        b'!' => return declaration(bytes),
        _ => {
            let mut quote = 0;
            for (at, byte) in bytes.iter().enumerate().skip(1) {
                match *byte {
                    b'>' if quote == 0 => {
                        let empty = bytes[at - 1] == b'/';
                        let kind = if empty { Kind::Empty } else { Kind::Open };
                        return Ok(Some((kind, 1..at - usize::from(empty), at + 1)));
                    }
                    b @ (b'"' | b'\'') if quote == 0 => quote = b,
                    b if b == quote => quote = 0,
                    _ => {}
                }
            }
            None
        }
    })
}

/// A comment, character data or a document type.
fn declaration(bytes: &[u8]) -> Result<Option<Found>, ()> {
    const DATA: &[u8] = b"<![CDATA[";
    let begins = |with: &[u8]| bytes.starts_with(with) || with.starts_with(bytes);
    if begins(b"<!--") {
        // `<!---->` is the shortest.
        let found = bytes.get(4..).and_then(|rest| memchr::memmem::find(rest, b"-->"));
        return Ok(found.map(|at| (Kind::Nothing, 0..0, at + 7)));
    }
    if begins(DATA) {
        let found = bytes.get(DATA.len()..).and_then(|rest| memchr::memmem::find(rest, b"]]>"));
        return Ok(found.map(|at| (Kind::Data, DATA.len()..DATA.len() + at, DATA.len() + at + 3)));
    }
    let mut quote = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match *byte {
            b'>' if quote == 0 => return Ok(Some((Kind::Nothing, 0..0, at + 1))),
            b'[' if quote == 0 => return Err(()),
            b @ (b'"' | b'\'') if quote == 0 => quote = b,
            b if b == quote => quote = 0,
            _ => {}
        }
    }
    Ok(None)
}

/// Adds a text to `out`, entities resolved and line ends as one; false when it is not text.
pub(super) fn decode(raw: &[u8], out: &mut String) -> bool {
    let Ok(text) = simdutf8::basic::from_utf8(raw) else {
        return false;
    };
    let mut rest = text;
    while let Some(at) = memchr::memchr2(b'&', b'\r', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        if rest.as_bytes()[at] == b'\r' {
            out.push('\n');
            rest = behind.strip_prefix('\n').unwrap_or(behind);
            continue;
        }
        let Some((c, next)) = behind.split_once(';').and_then(|(name, next)| Some((entity(name)?, next))) else {
            return false;
        };
        out.push(c);
        rest = next;
    }
    out.push_str(rest);
    true
}

/// The character that `&name;` stands for.
fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return quick_xml::events::BytesRef::new(name).resolve_char_ref().ok().flatten(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::limits::LIMITS;

    /// Gives its bytes a few at a time.
    struct Drops<'b>(&'b [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(buf.len());
            buf[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn all(xml: &str, longest: usize) -> Checked<Vec<String>> {
        let limits = Limits { text: longest, ..LIMITS };
        let mut cutter = Cutter::new(Drops(xml.as_bytes(), 3), &limits, &Place::default());
        let mut pieces = Vec::new();
        loop {
            pieces.push(match cutter.next()? {
                Piece::Open(tag, empty) => format!("{}{}", String::from_utf8_lossy(tag), if empty { " /" } else { "" }),
                Piece::Close(name) => format!("/{}", String::from_utf8_lossy(name)),
                Piece::Text(text) => format!("'{}", String::from_utf8_lossy(text)),
                Piece::Data(text) => format!("[{}", String::from_utf8_lossy(text)),
                Piece::End => return Ok(pieces),
            });
        }
    }

    #[test]
    fn pieces_end_where_a_parser_ends_them() {
        let xml = "<?xml version='1.0' a='?>'?><!DOCTYPE a PUBLIC '>' \"[\"><a b='<>'>t<!----><!-- <x> -> --><!--><y>-->\
                   <![CDATA[<z>]>]]></a ><?pi <w>?><?><b/> ";
        // An instruction ends with the first `?>`, in quotes or not: so does the parser's.
        let expected = ["''?>", "a b='<>'", "'t", "[<z>]>", "/a ", "b /", "' "];
        assert_eq!(all(xml, 1000).unwrap(), expected);
        assert_eq!(all("", 100).unwrap(), Vec::<String>::new());
        for broken in ["<a", "<a b='>", "<!-- x", "<![CDATA[ ]]", "</a", "<", "<!DOCTYPE a [<!ENTITY e 'x'>]><a/>"] {
            assert_eq!(all(broken, 1000).unwrap_err()[0].code, "ingest.truncated", "{broken}");
        }
    }

    #[test]
    fn no_piece_is_longer_than_the_cap() {
        let short = "x".repeat(80);
        let sound = format!("<a b=\"{short}\">{short}</a><!-- > < {short} -->{short}<c/><![CDATA[<{short}]]><c/>");
        assert!(all(&sound.repeat(100), 110).is_ok());
        let many = "<>".repeat(60);
        for xml in [
            format!("<a>{}</a>", "x".repeat(120)),
            format!("<!-- {many} -->"),
            format!("<?x >{many} ?>"),
            format!("<!DOCTYPE a '>{many}'>"),
            format!("<a b=\"{many}\"/>"),
            format!("<![CDATA[{many}]]>"),
            "x".repeat(1_000_000),
        ] {
            assert_eq!(all(&xml, 100).unwrap_err()[0].code, "ingest.oversized", "{}", &xml[..20]);
        }
    }

    #[test]
    fn texts_are_decoded_or_refused() {
        let decoded = |raw: &[u8]| {
            let mut out = String::new();
            decode(raw, &mut out).then_some(out)
        };
        assert_eq!(decoded("甲&amp;&#x4E59;&#65;\r\n\r&lt;".as_bytes()).unwrap(), "甲&乙A\n\n<");
        for broken in [&b"&"[..], b"&amp", b"&nbsp;", b"&#0;", b"&#xd800;", b"&#99999999999;", b"\xff", b"\xe7\x94"] {
            assert_eq!(decoded(broken), None);
        }
    }
}
