//! JSON: one object in each line (JSON lines), or one list of objects.
//!
//! In: a file of objects. Out: one sheet without a name: a row for each object, numbered by its line, in a list by its
//! place; the headings are all keys that occur, in the order in which they are first met. Numbers reach the rows as they
//! are written, with the kind of a number cell, so that an identity number that went through a float is known for what
//! it is. A value that is a list or an object is no single value: the row is quarantined when the contract wants it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use json_event_parser::{JsonEvent, JsonParseError, ReaderJsonParser, SliceJsonParser};

use super::book::{Book, Take};
use super::limits::{Limits, oversized};
use super::row::{Fault, Row};
use super::{Checked, encoding, transcode};
use crate::diag::{Diagnostic, Place};
use crate::model::CellKind;

/// An opened file.
pub(super) struct JsonBook {
    path: PathBuf,
    shape: Shape,
    keys: Keys,
    headings: Vec<String>,
    notes: Vec<Diagnostic>,
    limits: Limits,
    place: Place,
}

enum Shape {
    /// One object in each line; the contract's word about the encoding.
    Lines(Option<String>),
    List(transcode::Reading),
}

/// Column of each key.
#[derive(Default)]
struct Keys {
    columns: BTreeMap<String, u32>,
    /// True while new keys become columns.
    learning: bool,
}

impl Keys {
    fn column(&mut self, key: &str) -> Option<u32> {
        if let Some(column) = self.columns.get(key) {
            return Some(*column);
        }
        let column = self.columns.len() as u32;
        self.learning.then(|| {
            self.columns.insert(key.to_string(), column);
            column
        })
    }
}

/// Goes over the file once and learns its keys.
pub(super) fn open(path: &Path, declared: Option<&str>, limits: &Limits, place: &Place) -> Checked<JsonBook> {
    let mut notes = Vec::new();
    let reading = transcode::judge(path, declared, place, &mut Vec::new())?;
    let shape = match begins_with_list(path, reading).map_err(|e| vec![super::unreadable(place, &e)])? {
        true => Shape::List(reading),
        false => {
            // What is to be told about the encoding is told by the reading of lines.
            encoding::open(path, declared, place, &mut notes)?;
            Shape::Lines(declared.map(String::from))
        }
    };
    let mut book = JsonBook {
        path: path.to_path_buf(),
        shape,
        keys: Keys { learning: true, ..Keys::default() },
        headings: Vec::new(),
        notes,
        limits: *limits,
        place: place.clone(),
    };
    let columns = limits.columns as usize;
    let mut keys = std::mem::take(&mut book.keys);
    let mut objects = 0_u64;
    book.walk(&mut keys, &mut |row, keys| {
        objects += u64::from(row.fault.is_none());
        if keys.columns.len() > columns {
            return Err(vec![oversized(place, format!("it has more than {columns} different keys"))]);
        }
        Ok(true)
    })?;
    if objects == 0 {
        return Err(vec![
            Diagnostic::error("ingest.json_shape", "the file is JSON but no list of objects", place.clone())
                .hint("ask the sender for one object in each line, or for a CSV export"),
        ]);
    }
    keys.learning = false;
    let mut headings = vec![String::new(); keys.columns.len()];
    for (key, column) in &keys.columns {
        headings[*column as usize] = key.clone();
    }
    (book.keys, book.headings) = (keys, headings);
    Ok(book)
}

fn begins_with_list(path: &Path, reading: transcode::Reading) -> std::io::Result<bool> {
    use std::io::Read;
    let mut head = Vec::new();
    reading.open(path)?.take(4096).read_to_end(&mut head)?;
    Ok(head.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'['))
}

/// Where events come from.
trait Events {
    fn next(&mut self) -> Result<JsonEvent<'_>, JsonParseError>;
}

impl Events for SliceJsonParser<'_> {
    fn next(&mut self) -> Result<JsonEvent<'_>, JsonParseError> {
        self.parse_next().map_err(JsonParseError::Syntax)
    }
}

impl<R: std::io::Read> Events for ReaderJsonParser<R> {
    fn next(&mut self) -> Result<JsonEvent<'_>, JsonParseError> {
        self.parse_next()
    }
}

/// How an object ended.
enum Object {
    Whole,
    /// A key of it stands twice.
    Repeated,
}

/// Reads an object whose opening brace is read.
fn object(events: &mut dyn Events, keys: &mut Keys, row: &mut Row, longest: usize) -> Result<Object, JsonParseError> {
    let mut met = std::collections::BTreeSet::new();
    let mut end = Object::Whole;
    loop {
        let column = match events.next()? {
            JsonEvent::ObjectKey(key) => keys.column(&key),
            _ => return Ok(end),
        };
        let nested = match events.next()? {
            JsonEvent::String(text) => {
                put(row, column, &text, CellKind::Text);
                None
            }
            JsonEvent::Number(text) => {
                put(row, column, &text, CellKind::Number);
                None
            }
            JsonEvent::Boolean(yes) => {
                put(row, column, if yes { "TRUE" } else { "FALSE" }, CellKind::Bool);
                None
            }
            JsonEvent::StartArray => Some("[…]"),
            JsonEvent::StartObject => Some("{…}"),
            _ => None,
        };
        if let Some(shown) = nested {
            skip(events, longest)?;
            put(row, column, shown, CellKind::Text);
            row.nested.extend(column);
        }
        if column.is_some_and(|c| !met.insert(c)) {
            end = Object::Repeated;
        }
    }
}

fn put(row: &mut Row, column: Option<u32>, text: &str, kind: CellKind) {
    if let Some(column) = column {
        row.push(column, text, kind);
    }
}

/// Passes over a list or object whose beginning is read.
fn skip(events: &mut dyn Events, longest: usize) -> Result<(), JsonParseError> {
    let mut depth = 1_u32;
    let mut passed = 0;
    while depth > 0 {
        match events.next()? {
            JsonEvent::StartArray | JsonEvent::StartObject => depth += 1,
            JsonEvent::EndArray | JsonEvent::EndObject => depth -= 1,
            JsonEvent::Eof => break,
            _ => {}
        }
        passed += 1;
        if passed > longest {
            return Err(std::io::Error::from(std::io::ErrorKind::OutOfMemory).into());
        }
    }
    Ok(())
}

/// Is given each row, with the keys as far as they are known.
type Each<'e> = dyn FnMut(&mut Row, &Keys) -> Checked<bool> + 'e;

impl JsonBook {
    fn walk(&self, keys: &mut Keys, each: &mut Each) -> Checked<()> {
        match &self.shape {
            Shape::Lines(declared) => self.lines(declared.as_deref(), keys, each),
            Shape::List(reading) => self.list(*reading, keys, each),
        }
    }

    fn lines(&self, declared: Option<&str>, keys: &mut Keys, each: &mut Each) -> Checked<()> {
        let mut text = encoding::open(&self.path, declared, &self.place, &mut Vec::new())?;
        let mut row = Row::default();
        while let Some(line) = text.line().map_err(|e| vec![encoding::failed(&e, &self.place)])? {
            let content = line.text.trim();
            if content.is_empty() {
                continue;
            }
            row.reset(line.number);
            row.partial = true;
            let mut events = SliceJsonParser::new(content.as_bytes());
            let whole = matches!(events.parse_next(), Ok(JsonEvent::StartObject))
                && matches!(object(&mut events, keys, &mut row, usize::MAX), Ok(Object::Whole))
                && matches!(events.parse_next(), Ok(JsonEvent::Eof));
            if line.bad || !whole {
                row.reset(line.number);
                row.push(0, content, CellKind::Text);
                row.fault = Some(if line.bad { Fault::Encoding } else { Fault::Syntax });
            }
            if !each(&mut row, keys)? {
                break;
            }
        }
        Ok(())
    }

    fn list(&self, reading: transcode::Reading, keys: &mut Keys, each: &mut Each) -> Checked<()> {
        let place = &self.place;
        let failed = |e: JsonParseError| match e {
            JsonParseError::Io(e) if e.kind() == std::io::ErrorKind::OutOfMemory => {
                vec![oversized(place, format!("a value in it is longer than {} MB", self.limits.json_row >> 20))]
            }
            JsonParseError::Io(e) => vec![super::unreadable(place, &e)],
            JsonParseError::Syntax(_) => vec![
                Diagnostic::error(
                    "ingest.truncated",
                    "the file ends early or is damaged: its JSON does not close",
                    place.clone(),
                )
                .hint("it may still be copied, or the download broke off; ask the sender for the file again"),
            ],
        };
        let stream = reading.open(&self.path).map_err(|e| vec![super::unreadable(place, &e)])?;
        let mut events = ReaderJsonParser::new(stream).with_max_buffer_size(self.limits.json_row);
        let mut row = Row::default();
        let mut number = 0_u32;
        events.next().map_err(failed)?;
        loop {
            number = number.checked_add(1).ok_or_else(|| vec![super::broken(place)])?;
            row.reset(number);
            row.partial = true;
            let fault = match events.next().map_err(failed)? {
                JsonEvent::EndArray => break,
                JsonEvent::StartObject => {
                    let end = object(&mut events, keys, &mut row, self.limits.json_row).map_err(failed)?;
                    matches!(end, Object::Repeated)
                }
                JsonEvent::StartArray => {
                    skip(&mut events, self.limits.json_row).map_err(failed)?;
                    true
                }
                _ => true,
            };
            if fault {
                row.fault = Some(Fault::Syntax);
            }
            if !each(&mut row, keys)? {
                return Ok(());
            }
        }
        match events.next().map_err(failed)? {
            JsonEvent::Eof => Ok(()),
            _ => Err(vec![super::broken(place)]),
        }
    }
}

impl Book for JsonBook {
    fn headings(&self) -> Option<&[String]> {
        Some(&self.headings)
    }

    fn rows(&mut self, _: usize, take: &mut Take) -> Checked<()> {
        let mut keys = std::mem::take(&mut self.keys);
        let end = self.walk(&mut keys, &mut |row, _| take(row));
        self.keys = keys;
        end
    }

    fn notes(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.notes)
    }
}
