//! Text in any encoding as a stream of UTF-8, in bounded memory: for formats that are not divided into lines.
//!
//! The order in which encodings are tried is that of `encoding`: byte order mark → the contract's word → strict UTF-8 →
//! strict GB18030 → whichever has fewer faults, with a warning. What a page says about itself (`charset=gb2312`) is not
//! believed: most pages that say so are GBK or GB18030, and many are UTF-8.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding, GB18030, GBK, UTF_8};

use super::Checked;
use super::encoding::{marked, unknown_label, unmarked_utf16};
use crate::diag::{Diagnostic, Place};

const CHUNK: usize = 1 << 16;

/// Reads bytes in one encoding and gives them in UTF-8; what is not text becomes U+FFFD.
pub(super) struct Transcoded<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Bytes of `raw` not yet decoded.
    left: std::ops::Range<usize>,
    out: Vec<u8>,
    given: usize,
    over: bool,
}

impl<R: Read> Transcoded<R> {
    pub(super) fn new(inner: R, encoding: &'static Encoding) -> Transcoded<R> {
        let decoder = encoding.new_decoder_without_bom_handling();
        let raw = vec![0; CHUNK];
        Transcoded { inner, decoder, raw, left: 0..0, out: Vec::new(), given: 0, over: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.given = 0;
        self.out.resize(CHUNK, 0);
        let mut written = 0;
        while written == 0 && !self.over {
            if self.left.is_empty() {
                let read = self.inner.read(&mut self.raw)?;
                self.left = 0..read;
            }
            let last = self.left.is_empty();
            let (result, read, wrote, _) =
                self.decoder.decode_to_utf8(&self.raw[self.left.clone()], &mut self.out, last);
            self.left.start += read;
            written = wrote;
            self.over = last && result == CoderResult::InputEmpty;
        }
        self.out.truncate(written);
        Ok(())
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.given == self.out.len() {
            self.fill()?;
        }
        let n = buf.len().min(self.out.len() - self.given);
        buf[..n].copy_from_slice(&self.out[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}

/// How to read a file's text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    encoding: &'static Encoding,
    mark: usize,
}

impl Reading {
    /// The file behind its byte order mark, in UTF-8.
    pub(super) fn open(self, path: &Path) -> io::Result<impl Read + use<>> {
        let mut file = File::open(path)?;
        io::copy(&mut (&mut file).take(self.mark as u64), &mut io::sink())?;
        Ok(Transcoded::new(file, self.encoding))
    }
}

/// Decides how a file's text is to be read. Notes and warnings go to `problems`.
pub(super) fn judge(
    path: &Path,
    declared: Option<&str>,
    place: &Place,
    problems: &mut Vec<Diagnostic>,
) -> Checked<Reading> {
    let io = |e: io::Error| vec![super::unreadable(place, &e)];
    let mut head = Vec::new();
    File::open(path).and_then(|f| f.take(CHUNK as u64).read_to_end(&mut head)).map_err(io)?;
    if let Some((encoding, mark)) = marked(&head) {
        return Ok(Reading { encoding, mark });
    }
    let sure = |encoding| Ok(Reading { encoding, mark: 0 });
    if let Some(encoding) = unmarked_utf16(&head) {
        return sure(encoding);
    }
    let faults = |encoding| faults(path, encoding).map_err(io);
    if let Some(label) = declared {
        let encoding = Encoding::for_label(label.trim().as_bytes()).ok_or_else(|| vec![unknown_label(label, place)])?;
        let encoding = if encoding == GBK { GB18030 } else { encoding };
        if faults(encoding)? == 0 {
            return sure(encoding);
        }
    }
    let utf8 = faults(UTF_8)?;
    if utf8 == 0 {
        return sure(UTF_8);
    }
    let gb = faults(GB18030)?;
    let encoding = if gb <= utf8 { GB18030 } else { UTF_8 };
    if gb > 0 {
        let message = format!("the file is neither UTF-8 nor GB18030 throughout; it is read as {}", encoding.name());
        problems.push(
            Diagnostic::warning("ingest.encoding_guessed", message, place.clone())
                .hint("rows with bytes that are not text are set aside; ask the sender for the export again"),
        );
    }
    sure(encoding)
}

/// Number of places in a file that are not text in an encoding.
fn faults(path: &Path, encoding: &'static Encoding) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let (mut raw, mut out) = (vec![0; CHUNK], vec![0; 2 * CHUNK]);
    let mut faults = 0;
    loop {
        let read = file.read(&mut raw)?;
        let mut rest = &raw[..read];
        loop {
            let (result, used, _) = decoder.decode_to_utf8_without_replacement(rest, &mut out, read == 0);
            rest = &rest[used..];
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => faults += 1,
            }
        }
        if read == 0 {
            return Ok(faults);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_survives_every_boundary() {
        let text = "姓名，𠮷野家\u{20bb7}x\n".repeat(20_000);
        for encoding in [UTF_8, GB18030] {
            let bytes = encoding.encode(&text).0.into_owned();
            let mut back = String::new();
            Transcoded::new(bytes.as_slice(), encoding).read_to_string(&mut back).unwrap();
            assert!(back == text, "{}", encoding.name());
        }
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut back = String::new();
        Transcoded::new(utf16.as_slice(), encoding_rs::UTF_16LE).read_to_string(&mut back).unwrap();
        assert!(back == text);
    }

    #[test]
    fn bytes_that_are_not_text_are_shown_and_the_end_is_not_forgotten() {
        let mut back = String::new();
        Transcoded::new(&b"a\xff\xffb\xe5\xa7"[..], UTF_8).read_to_string(&mut back).unwrap();
        assert_eq!(back, "a\u{fffd}\u{fffd}b\u{fffd}");
    }
}
