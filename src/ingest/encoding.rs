//! Which encoding a delimited file is in, judged over the whole file before a row is believed.
//!
//! Order: byte order mark → the contract's word, held to strictly → strict UTF-8 → strict GB18030 → a guess with a
//! warning. UTF-8 before GB18030, because UTF-8 text often decodes as GB18030 without an error and never the other way
//! round (reliability.md #4). A file that is mostly sound keeps its encoding, and its bad rows are set aside one by one.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};

use super::Checked;
use super::transcode::Transcoded;
use crate::diag::{Diagnostic, Place};

/// Longest line that is still text; a binary file has no line ends.
const LINE_BYTES: u64 = 4 << 20;
/// GB18030's own byte order mark.
const GB18030_MARK: [u8; 4] = [0x84, 0x31, 0x95, 0x33];

/// Bytes read at once: what stays in the cache until its lines are used up.
const BLOCK_BYTES: u64 = 1 << 18;

/// A file opened in its encoding, read line by line.
pub(super) struct Text {
    lines: Lines,
    encoding: &'static Encoding,
    number: u32,
    /// True when the text is decoded before it is divided into lines, and U+FFFD stands for what could not be.
    replaced: bool,
    /// True while nobody has looked at the whole file: see [`open_ahead`].
    pub(super) ahead: bool,
}

/// One physical line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: u32,
    /// The line without its end.
    pub(super) text: String,
    /// True when it holds bytes that are not text; `text` shows them as U+FFFD.
    pub(super) bad: bool,
}

impl Text {
    /// Name of the encoding.
    pub(super) fn encoding(&self) -> &'static str {
        self.encoding.name()
    }

    /// The next line, or none at the end. A line longer than [`LINE_BYTES`] is an error of kind `InvalidData`.
    pub(super) fn line(&mut self) -> io::Result<Option<Line>> {
        if !self.advance()? {
            return Ok(None);
        }
        let number = self.number;
        let (text, bad) = self.current();
        Ok(Some(Line { number, text: text.into_owned(), bad }))
    }

    /// Goes to the next line; false at the end.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        let more = self.lines.advance()?;
        self.number += u32::from(more);
        Ok(more)
    }

    /// True when a quote stands in the line that [`Text::advance`] went to. No encoding read here has the byte of a quote
    /// inside another character.
    pub(super) fn has_quote(&self) -> bool {
        self.lines.quoted && memchr::memchr(b'"', self.lines.bytes()).is_some()
    }

    /// Number of that line, from 1.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// That line as text, and whether some of its bytes are not.
    pub(super) fn current(&self) -> (Cow<'_, str>, bool) {
        let (text, bad) = match &self.lines.block {
            Block::Text(text) => (Cow::Borrowed(&text[self.lines.line.clone()]), false),
            Block::Bytes(bytes) => decode(self.encoding, &bytes[self.lines.line.clone()]),
        };
        // Blocks with such a line are not taken for text as a whole.
        let pasted = || {
            self.encoding == GB18030 && matches!(self.lines.block, Block::Bytes(_)) && is_utf8_han(self.lines.bytes())
        };
        let bad = bad || self.replaced && text.contains('\u{fffd}') || pasted();
        (text, bad)
    }
}

/// True for a line of UTF-8 with Han characters, which in a GB18030 file was pasted in from elsewhere.
///
/// An even number of such characters is also valid GB18030 and would give a wrong name without an error. The other way
/// round it does not happen: Han characters of GB18030 are only ever UTF-8 by way of two-byte sequences.
fn is_utf8_han(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok() && bytes.iter().any(|b| (0xe4..=0xe9).contains(b))
}

/// True when one of the lines is such a one: the search goes on behind each line that is not UTF-8.
fn has_pasted_line(bytes: &[u8], end: u8) -> bool {
    let mut rest = bytes;
    loop {
        let (sound, broken) = match std::str::from_utf8(rest) {
            Ok(_) => (rest, false),
            Err(e) => (&rest[..e.valid_up_to()], true),
        };
        // Of a line that breaks off only the lines before it are UTF-8.
        let whole = if broken { memchr::memrchr(end, sound).map_or(0, |at| at + 1) } else { sound.len() };
        if sound[..whole].iter().any(|b| (0xe4..=0xe9).contains(b)) {
            return true;
        }
        match memchr::memchr(end, &rest[sound.len()..]) {
            Some(at) if broken => rest = &rest[sound.len() + at + 1..],
            _ => return false,
        }
    }
}

/// Whole lines of a file, read in blocks: a line is a range of its block and is not copied.
struct Lines {
    source: Box<dyn Read>,
    /// In GB18030 a block without a fault is taken for text as a whole: its lines need not be looked at again.
    encoding: &'static Encoding,
    end: u8,
    block: Block,
    /// Blocks with a line of UTF-8 in GB18030 are looked at line by line.
    wary: bool,
    /// Room for the bytes of the next block while the text of this one is in use.
    room: Vec<u8>,
    /// A quote stands somewhere in the block.
    quoted: bool,
    /// Where the next line begins.
    next: usize,
    /// The line, without its end.
    line: Range<usize>,
    /// What was read behind the last line end.
    rest: Vec<u8>,
    over: bool,
}

/// Some lines of a file.
enum Block {
    /// All of it is text.
    Text(String),
    /// Not UTF-8, or some of it is not text.
    Bytes(Vec<u8>),
}

impl Block {
    fn bytes(&self) -> &[u8] {
        match self {
            Block::Text(text) => text.as_bytes(),
            Block::Bytes(bytes) => bytes,
        }
    }
}

impl Lines {
    fn new(source: Box<dyn Read>, encoding: &'static Encoding, end: u8) -> Lines {
        Lines {
            source,
            encoding,
            end,
            block: Block::Bytes(Vec::new()),
            wary: true,
            room: Vec::new(),
            quoted: false,
            next: 0,
            line: 0..0,
            rest: Vec::new(),
            over: false,
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.block.bytes()[self.line.clone()]
    }

    /// Goes to the next line; false at the end of the file.
    fn advance(&mut self) -> io::Result<bool> {
        if self.next == self.block.bytes().len() && !self.fill()? {
            return Ok(false);
        }
        let left = &self.block.bytes()[self.next..];
        let length = memchr::memchr(self.end, left).unwrap_or(left.len());
        let carriage = length > 0 && left[length - 1] == b'\r';
        self.line = self.next..self.next + length - usize::from(carriage);
        self.next += left.len().min(length + 1);
        Ok(true)
    }

    /// Reads on to the last line end within some distance; false when nothing is left.
    fn fill(&mut self) -> io::Result<bool> {
        let used = match std::mem::replace(&mut self.block, Block::Bytes(Vec::new())) {
            Block::Text(text) => text.into_bytes(),
            Block::Bytes(bytes) => bytes,
        };
        let mut bytes = std::mem::replace(&mut self.room, used);
        bytes.clear();
        bytes.append(&mut self.rest);
        (self.next, self.line) = (0, 0..0);
        loop {
            let before = bytes.len();
            if !self.over {
                let read = (&mut self.source).take(BLOCK_BYTES).read_to_end(&mut bytes)?;
                self.over = (read as u64) < BLOCK_BYTES;
            }
            // Behind the last line end begins a line that is not all there yet.
            match memchr::memrchr(self.end, &bytes[before..]) {
                _ if self.over => break,
                Some(at) => {
                    self.rest.extend_from_slice(&bytes[before + at + 1..]);
                    bytes.truncate(before + at + 1);
                    break;
                }
                None if bytes.len() as u64 >= LINE_BYTES => break,
                None => {}
            }
        }
        let too_long = |line: &[u8]| line.len() as u64 >= LINE_BYTES;
        if too_long(&bytes) && bytes.split(|b| *b == self.end).any(too_long) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no line end"));
        }
        self.quoted = memchr::memchr(b'"', &bytes).is_some();
        let some = !bytes.is_empty();
        self.block = match self.encoding {
            e if e == GB18030 && !(self.wary && has_pasted_line(&bytes, self.end)) => self.decoded(bytes),
            _ => Block::Bytes(bytes),
        };
        Ok(some)
    }

    /// The text of a block, if it is sound. Its line ends stay where they are: no character of GB18030 has the byte of one
    /// as its second, third or fourth.
    fn decoded(&mut self, bytes: Vec<u8>) -> Block {
        let mut room = std::mem::take(&mut self.room);
        room.clear();
        // Nothing is in it: this cannot fail, and keeps the room.
        let mut text = String::from_utf8(room).unwrap_or_default();
        let mut decoder = self.encoding.new_decoder_without_bom_handling();
        let Some(needed) = decoder.max_utf8_buffer_length_without_replacement(bytes.len()) else {
            return Block::Bytes(bytes);
        };
        text.reserve(needed);
        match decoder.decode_to_string_without_replacement(&bytes, &mut text, true) {
            (DecoderResult::InputEmpty, _) => {
                self.room = bytes;
                Block::Text(text)
            }
            _ => Block::Bytes(bytes),
        }
    }
}

/// Bytes as text, and whether some of them are not.
fn decode<'b>(encoding: &'static Encoding, bytes: &'b [u8]) -> (Cow<'b, str>, bool) {
    if encoding == UTF_8 {
        return match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), false),
            Err(_) => (String::from_utf8_lossy(bytes), true),
        };
    }
    encoding.decode_without_bom_handling(bytes)
}

/// How a file fares in one encoding.
#[derive(Debug, Clone, Copy, Default)]
struct Fit {
    /// Lines with bytes beyond ASCII.
    telling: u64,
    /// Of these, lines that are not text in the encoding.
    bad: u64,
}

impl Fit {
    fn clean(self) -> bool {
        self.bad == 0
    }

    /// Sound but for some rows.
    fn mostly(self) -> bool {
        self.bad * 2 <= self.telling
    }
}

/// Opens a file whose beginning is plainly UTF-8 as UTF-8 without reading it twice; any other as [`open`] does.
///
/// The beginning is telling where it holds characters beyond ASCII: those of the names in the first thousand rows.
pub(super) fn open_by_head(path: &Path, place: &Place, problems: &mut Vec<Diagnostic>) -> Checked<Text> {
    let io = |e: io::Error| vec![failed(&e, place)];
    let mut head = Vec::new();
    File::open(path).and_then(|f| f.take(1 << 16).read_to_end(&mut head)).map_err(io)?;
    let sound = match std::str::from_utf8(&head) {
        Ok(_) => true,
        // The head may end within a character.
        Err(e) => e.error_len().is_none(),
    };
    if sound && !head.is_ascii() && Encoding::for_bom(&head).is_none() {
        return start(path, UTF_8, 0, &head).map_err(io);
    }
    open(path, None, place, problems)
}

/// Decides a file's encoding and opens it behind its byte order mark. Notes and warnings go to `problems`.
pub(super) fn open(
    path: &Path,
    declared: Option<&str>,
    place: &Place,
    problems: &mut Vec<Diagnostic>,
) -> Checked<Text> {
    opened(path, declared, place, problems, false)
}

/// As [`open`], but a file that is not UTF-8 and may be GB18030 is opened as that at once. What is read from it counts only when
/// it was read to its end and every line was text: else it is for [`open`] to look at all of it first.
pub(super) fn open_ahead(
    path: &Path,
    declared: Option<&str>,
    place: &Place,
    problems: &mut Vec<Diagnostic>,
) -> Checked<Text> {
    opened(path, declared, place, problems, true)
}

fn opened(
    path: &Path,
    declared: Option<&str>,
    place: &Place,
    problems: &mut Vec<Diagnostic>,
    ahead: bool,
) -> Checked<Text> {
    let io = |e: io::Error| vec![failed(&e, place)];
    let mut head = Vec::new();
    File::open(path).and_then(|f| f.take(1 << 16).read_to_end(&mut head)).map_err(io)?;
    let declared = match declared {
        Some(label) => {
            Some(Encoding::for_label(label.trim().as_bytes()).ok_or_else(|| vec![unknown_label(label, place)])?)
        }
        None => None,
    };
    // GB18030 holds GBK and GB2312, and is what the household system writes.
    let declared = declared.map(|e| if e == GBK { GB18030 } else { e });
    if let Some((encoding, mark)) = marked(&head) {
        if declared.is_some_and(|d| d != encoding) {
            problems.push(Diagnostic::note(
                "ingest.encoding_mark",
                format!("the file's byte order mark says {}; it is read so", encoding.name()),
                place.clone(),
            ));
        }
        return start(path, encoding, mark, &head).map_err(io);
    }
    if let Some(encoding) = declared.filter(|e| *e == UTF_16LE || *e == UTF_16BE) {
        return start(path, encoding, 0, &head).map_err(io);
    }
    if let Some(encoding) = unmarked_utf16(&head) {
        if declared.is_some() {
            return Err(vec![wrong(declared, encoding, place)]);
        }
        // No other text has a zero byte in every other place, so this is no guess.
        problems.push(Diagnostic::note(
            "ingest.encoding_mark",
            format!("the file has no byte order mark and is plainly {}; it is read so", encoding.name()),
            place.clone(),
        ));
        return start(path, encoding, 0, &head).map_err(io);
    }
    // Where another encoding may be meant, one fault is enough to know that it is not UTF-8.
    let utf8 = fit(path, UTF_8, &head, declared == Some(UTF_8)).map_err(io)?;
    if utf8.telling == 0 {
        return start(path, declared.unwrap_or(UTF_8), 0, &head).map_err(io);
    }
    if utf8.clean() {
        return match declared.filter(|d| *d != UTF_8) {
            Some(_) => Err(vec![wrong(declared, UTF_8, place)]),
            None => start(path, UTF_8, 0, &head).map_err(io),
        };
    }
    if ahead && declared.is_none_or(|d| d == GB18030) {
        return start(path, GB18030, 0, &head).map(|text| Text { ahead: true, ..text }).map_err(io);
    }
    let gb = fit(path, GB18030, &head, true).map_err(io)?;
    let in_utf8 = || fit(path, UTF_8, &head, true).map_err(io);
    let chosen = match declared {
        Some(encoding) => {
            let own = match encoding {
                e if e == UTF_8 => utf8,
                e if e == GB18030 => gb,
                e => fit(path, e, &head, true).map_err(io)?,
            };
            if !own.mostly() || (!own.clean() && gb.clean()) {
                let likely = if gb.mostly() { GB18030 } else { guess(&head) };
                return Err(vec![wrong(declared, likely, place)]);
            }
            encoding
        }
        None if gb.clean() => GB18030,
        None if in_utf8().map(|utf8| utf8.mostly() && utf8.bad <= gb.bad)? => UTF_8,
        None if gb.mostly() => GB18030,
        None => {
            let guessed = guess(&head);
            problems.push(
                Diagnostic::warning(
                    "ingest.encoding_guessed",
                    format!("the file is neither UTF-8 nor GB18030; it is read as {}", guessed.name()),
                    place.clone(),
                )
                .hint("look at the names in it; if they are wrong, ask for UTF-8 or set `encoding` in the contract"),
            );
            guessed
        }
    };
    start(path, chosen, 0, &head).map_err(io)
}

/// A read that failed, in words.
pub(super) fn failed(error: &io::Error, place: &Place) -> Diagnostic {
    if error.kind() != io::ErrorKind::InvalidData {
        return super::unreadable(place, error);
    }
    Diagnostic::error(
        "ingest.not_csv",
        format!("a line is longer than {LINE_BYTES} bytes: this is not delimited text"),
        place.clone(),
    )
    .hint("ask the sender for a CSV export")
}

/// The encoding that a byte order mark tells, and its length.
pub(super) fn marked(head: &[u8]) -> Option<(&'static Encoding, usize)> {
    if head.starts_with(&GB18030_MARK) { Some((GB18030, 4)) } else { Encoding::for_bom(head) }
}

/// The contract names an encoding that nobody knows.
pub(super) fn unknown_label(label: &str, place: &Place) -> Diagnostic {
    Diagnostic::error("ingest.encoding_label", format!("`{label}` is not the name of an encoding"), place.clone())
        .hint("the contract may say utf-8, gb18030, gbk, big5, utf-16le…")
}

fn wrong(declared: Option<&'static Encoding>, likely: &'static Encoding, place: &Place) -> Diagnostic {
    let message = match declared {
        Some(d) => format!("the file is not in {}, which its contract declares", d.name()),
        None => "the file's encoding is not one that is read without being declared".to_string(),
    };
    Diagnostic::error("ingest.encoding", message, place.clone()).hint(format!(
        "it is most likely {}: set `encoding = \"{}\"` in the contract, or ask for the declared one",
        likely.name(),
        likely.name().to_lowercase()
    ))
}

/// UTF-16 without its mark: every other byte of ASCII text is zero.
pub(super) fn unmarked_utf16(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let half = head.len() / 2;
    let (even, odd) = (zeros(0), zeros(1));
    // Chinese text has few zero bytes, but its line ends, commas and digits do, all on the same side.
    match (even * 10 > half, odd * 10 > half) {
        (false, true) if even * 50 < odd => Some(UTF_16LE),
        (true, false) if odd * 50 < even => Some(UTF_16BE),
        _ => None,
    }
}

fn guess(head: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(head, true);
    detector.guess(Some(b"cn"), Utf8Detection::Deny)
}

/// The line end: `\n`, or a lone `\r` in files from very old programs.
fn line_end(head: &[u8]) -> u8 {
    match head.contains(&b'\r') && !head.contains(&b'\n') {
        true => b'\r',
        false => b'\n',
    }
}

/// `whole`: all faults are counted; else the first one ends the search.
fn fit(path: &Path, encoding: &'static Encoding, head: &[u8], whole: bool) -> io::Result<Fit> {
    let mut lines = Lines::new(Box::new(File::open(path)?), encoding, line_end(head));
    // Whether a line was pasted in is asked when it is read; here it counts as what it can be read as.
    lines.wary = false;
    let mut room = Vec::new();
    let mut fit = Fit::default();
    while lines.advance()? {
        let line = lines.bytes();
        if !line.is_ascii() {
            fit.telling += 1;
            fit.bad += u64::from(matches!(lines.block, Block::Bytes(_)) && !is_text(encoding, line, &mut room));
            if !whole && fit.bad > 0 {
                break;
            }
        }
    }
    Ok(fit)
}

/// True when bytes are text in an encoding, without making the text: `room` is only written over.
fn is_text(encoding: &'static Encoding, bytes: &[u8], room: &mut Vec<u8>) -> bool {
    if encoding == UTF_8 {
        return simdutf8::basic::from_utf8(bytes).is_ok();
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let Some(needed) = decoder.max_utf8_buffer_length_without_replacement(bytes.len()) else {
        return !decode(encoding, bytes).1;
    };
    if room.len() < needed {
        room.resize(needed, 0);
    }
    let (end, _, _) = decoder.decode_to_utf8_without_replacement(bytes, room, true);
    end == DecoderResult::InputEmpty
}

fn start(path: &Path, encoding: &'static Encoding, mark: usize, head: &[u8]) -> io::Result<Text> {
    let mut file = File::open(path)?;
    io::copy(&mut (&mut file).take(mark as u64), &mut io::sink())?;
    if encoding == UTF_16LE || encoding == UTF_16BE {
        // Line ends are two bytes there.
        let (text, _) = encoding.decode_without_bom_handling(&head[mark..]);
        let lines = Lines::new(Box::new(Transcoded::new(file, encoding)), UTF_8, line_end(text.as_bytes()));
        return Ok(Text { lines, encoding: UTF_8, number: 0, replaced: true, ahead: false });
    }
    let lines = Lines::new(Box::new(file), encoding, line_end(head));
    Ok(Text { lines, encoding, number: 0, replaced: false, ahead: false })
}
