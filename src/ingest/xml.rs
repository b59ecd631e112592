//! What the readers of XML share: a parser in bounded memory, attributes, texts of cells, errors in words.

use std::io::{BufRead, BufReader, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::limits::{Limits, Tags, oversized};
use crate::diag::{Diagnostic, Place};

/// A parser over a stream of UTF-8.
pub(super) fn reader<R: Read>(stream: R, limits: &Limits) -> Reader<BufReader<Tags<R>>> {
    let mut reader = Reader::from_reader(BufReader::with_capacity(1 << 16, Tags::new(stream, limits)));
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.check_end_names = true;
    reader
}

/// The next event; none at the end of the file.
pub(super) fn next<'b, R: BufRead>(
    reader: &mut Reader<R>,
    buffer: &'b mut Vec<u8>,
    place: &Place,
) -> Result<Option<Event<'b>>, Vec<Diagnostic>> {
    buffer.clear();
    match reader.read_event_into(buffer) {
        Ok(Event::Eof) => Ok(None),
        Ok(event) => Ok(Some(event)),
        Err(e) => Err(vec![refusal(&e, place)]),
    }
}

/// An attribute by its name without prefix, entities resolved.
pub(super) fn attribute(tag: &BytesStart, name: &str) -> Option<String> {
    let found = tag.attributes().flatten().find(|a| a.key.local_name().as_ref() == name)?;
    found.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok().map(|v| v.into_owned())
}

/// A positive whole number in an attribute.
pub(super) fn count(tag: &BytesStart, name: &str) -> Option<u32> {
    attribute(tag, name)?.trim().parse().ok()
}

/// The character an entity stands for.
pub(super) fn entity(reference: &BytesRef) -> char {
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        return c;
    }
    match reference.as_ref() {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => '\u{fffd}',
    }
}

fn refusal(error: &quick_xml::Error, place: &Place) -> Diagnostic {
    match error {
        quick_xml::Error::Io(e) if e.kind() == std::io::ErrorKind::FileTooLarge => oversized(place, e.to_string()),
        quick_xml::Error::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => truncated(place),
        quick_xml::Error::Io(e) => super::unreadable(place, e),
        _ => truncated(place),
    }
}

/// The markup breaks off or is not well formed.
pub(super) fn truncated(place: &Place) -> Diagnostic {
    Diagnostic::error("ingest.truncated", "the file ends early or is damaged: its XML does not close", place.clone())
        .hint("it may still be copied, or the download broke off; ask the sender for the file again")
}
