//! One TOML file → typed values with their places. Every problem is kept, none stops the reading.
//!
//! In: the text of a file. Out: a [`Section`] per table, with a getter per type of value. A getter that finds nothing or
//! something else reports it and gives nothing; [`Section::finish`] reports the keys that nobody asked for.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::shape::{Form, Keys, Shapes};
use super::types::Sql;
use crate::diag::{Diagnostic, Place, nearest};
use crate::model::build::Value;
use crate::model::table::Kind;
use crate::model::text::to_days;

/// All problems found so far.
pub(super) type Problems = RefCell<Vec<Diagnostic>>;

/// The text of a file and how people see its path.
#[derive(Debug)]
pub(super) struct Document {
    /// Path as people see it.
    pub(super) file: String,
    text: String,
    line_starts: Vec<usize>,
    /// Where what is asked is written down, when somebody wants to know.
    shapes: Option<Shapes>,
}

impl Document {
    pub(super) fn new(file: String, text: String) -> Self {
        let begins = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        let line_starts = std::iter::once(0).chain(begins).collect();
        Document { file, text, line_starts, shapes: None }
    }

    /// What `read` asks files with these texts for: their tables by path. Problems of the texts are of no interest.
    pub(super) fn asked<T>(texts: &[&str], read: impl Fn(&Section) -> T) -> Shapes {
        let mut shapes = Shapes::default();
        for text in texts {
            let document = Document { shapes: Some(shapes), ..Document::new(String::new(), (*text).into()) };
            document.read(&Problems::default(), &read);
            shapes = document.shapes.unwrap_or_default();
        }
        shapes
    }

    /// Line and column (in characters) of a byte offset, both from 1.
    fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let before = self.text.get(self.line_starts[line - 1]..offset).unwrap_or_default();
        Place::file(&self.file).at(line as u32, before.chars().count() as u32 + 1)
    }

    /// Parses the file and hands its top level to `read`; nothing when the text is no TOML.
    pub(super) fn read<T>(&self, problems: &Problems, read: impl FnOnce(&Section) -> T) -> Option<T> {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        if !errors.is_empty() {
            let told = errors.iter().map(|error| {
                let place = self.place(error.span().map_or(0, |s| s.start));
                Diagnostic::error("plan.syntax", format!("this is not TOML: {}", error.message()), place)
                    .hint("texts stand in \"double quotes\", dates as 2026-01-31 without quotes")
            });
            problems.borrow_mut().extend(told);
            return None;
        }
        let span = table.span();
        let section = Section {
            document: self,
            problems,
            what: "the file".into(),
            path: String::new(),
            table: table.get_ref(),
            span,
            asked: RefCell::default(),
            open: Cell::new(false),
        };
        let result = read(&section);
        section.finish();
        Some(result)
    }
}

/// A table of a TOML file.
pub(super) struct Section<'d> {
    document: &'d Document,
    problems: &'d Problems,
    /// How messages call it, for example `[[field]]`.
    what: String,
    /// Its keys from the top, joined by dots: `check.when`.
    path: String,
    table: &'d DeTable<'d>,
    span: Range<usize>,
    asked: RefCell<Keys>,
    /// True when the section takes any key.
    open: Cell<bool>,
}

impl<'d> Section<'d> {
    /// Where the section stands.
    pub(super) fn place(&self) -> Place {
        self.document.place(self.span.start)
    }

    /// Where a key's value stands; the section when the key is not there.
    pub(super) fn place_of(&self, key: &str) -> Place {
        match self.table.get(key) {
            Some(value) => self.document.place(value.span().start),
            None => self.place(),
        }
    }

    /// Reports a problem of the file.
    pub(super) fn report(&self, problem: Diagnostic) {
        self.problems.borrow_mut().push(problem);
    }

    /// Reports an error at a key.
    pub(super) fn error(&self, code: &'static str, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.report(Diagnostic::error(code, message, self.place_of(key)).hint(hint));
    }

    fn get(&self, key: &str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.asked.borrow_mut().entry(key.to_string()).or_default();
        self.table.get(key)
    }

    /// As [`Self::get`], saying which forms of the value are taken.
    fn get_as(&self, key: &str, forms: &[Form]) -> Option<&'d Spanned<DeValue<'d>>> {
        self.asked.borrow_mut().entry(key.to_string()).or_default().forms.extend(forms);
        self.table.get(key)
    }

    /// Says that the absence of a key is an error.
    pub(super) fn needs(&self, key: &str) {
        self.asked.borrow_mut().entry(key.to_string()).or_default().needed = true;
    }

    fn missing(&self, key: &str, example: &str) {
        let message = format!("{} has no `{key}`", self.what);
        self.report(Diagnostic::error("plan.missing_key", message, self.place()).hint(format!("add `{example}`")));
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue>, wanted: &str) {
        let found = kind_word(value.get_ref());
        self.report(
            Diagnostic::error(
                "plan.wrong_type",
                format!("`{key}` must be {wanted}, but is {found}"),
                self.document.place(value.span().start),
            )
            .hint(example(wanted)),
        );
    }

    fn typed<T>(
        &self,
        key: &str,
        (wanted, form): (&str, Form),
        take: impl FnOnce(&'d DeValue<'d>) -> Option<T>,
    ) -> Option<T> {
        let value = self.get_as(key, &[form])?;
        let taken = take(value.get_ref());
        if taken.is_none() {
            self.wrong_type(key, value, wanted);
        }
        taken
    }

    /// True when the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.typed(key, ("a text", Form::Text), |v| v.as_str().map(str::to_string))
    }

    /// A text that must be there and must not be empty; empty after its absence was reported.
    pub(super) fn need_text(&self, key: &str) -> String {
        self.needs(key);
        if !self.has(key) {
            self.get_as(key, &[Form::Text]);
            self.missing(key, &format!("{key} = \"…\""));
            return String::new();
        }
        let text = self.text(key).unwrap_or_else(|| "?".into());
        if text.trim().is_empty() {
            self.error("plan.empty", key, format!("`{key}` is empty"), format!("write {key} = \"…\""));
        }
        text
    }

    /// A list of texts; a single text counts as a list of one.
    pub(super) fn texts(&self, key: &str) -> Option<Vec<String>> {
        Some(self.texts_at(key)?.into_iter().map(|(text, _)| text).collect())
    }

    /// A list of texts, each with its place.
    pub(super) fn texts_at(&self, key: &str) -> Option<Vec<(String, Place)>> {
        let value = self.get_as(key, &[Form::Text, Form::Texts])?;
        let items: Vec<&Spanned<DeValue>> = match value.get_ref() {
            DeValue::String(_) => vec![value],
            DeValue::Array(items) => items.iter().collect(),
            _ => {
                self.wrong_type(key, value, "a list of texts");
                return None;
            }
        };
        let mut texts = Vec::new();
        for item in items {
            match item.get_ref().as_str() {
                Some(text) => texts.push((text.to_string(), self.document.place(item.span().start))),
                None => self.wrong_type(key, item, "a list of texts"),
            }
        }
        Some(texts)
    }

    /// A list of numbers; a single number counts as a list of one.
    pub(super) fn numbers(&self, key: &str) -> Option<Vec<f64>> {
        self.typed(key, ("a list of numbers", Form::Numbers), |value| match value {
            DeValue::Array(items) => items.iter().map(|item| number(item.get_ref())).collect(),
            one => number(one).map(|n| vec![n]),
        })
    }

    /// True or false.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.typed(key, ("true or false", Form::Boolean), DeValue::as_bool)
    }

    /// True or false, with the value of an absent key.
    pub(super) fn flag_or(&self, key: &str, absent: bool) -> bool {
        self.flag(key).unwrap_or(absent)
    }

    /// A whole number within a range.
    pub(super) fn whole(&self, key: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let found = self.typed(key, ("a whole number", Form::Integer), whole);
        if let Some(asked) = self.asked.borrow_mut().get_mut(key) {
            asked.range = Some((*range.start(), *range.end()));
        }
        let number = found?;
        if !range.contains(&number) {
            let (from, until) = (range.start(), range.end());
            let message = format!("`{key}` is {number}, which is not between {from} and {until}");
            self.error("plan.out_of_range", key, message, format!("write a number from {from} to {until}"));
            return None;
        }
        Some(number)
    }

    /// A version, a whole number from 1 that must be there.
    pub(super) fn need_version(&self) -> i64 {
        self.needs("version");
        if !self.has("version") {
            self.missing("version", "version = 1");
        }
        self.whole("version", 1..=1_000_000).unwrap_or(1)
    }

    /// A number.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        self.typed(key, ("a number", Form::Number), number)
    }

    /// A number that must be there; NaN after its absence was reported.
    pub(super) fn need_number(&self, key: &str) -> f64 {
        self.needs(key);
        if !self.has(key) {
            self.missing(key, &format!("{key} = 1.0"));
        }
        self.number(key).unwrap_or(f64::NAN)
    }

    /// A day.
    pub(super) fn day(&self, key: &str) -> Option<i32> {
        self.typed(key, ("a date", Form::Date), day)
    }

    /// A day that must be there.
    pub(super) fn need_day(&self, key: &str) -> i32 {
        self.needs(key);
        if !self.has(key) {
            self.missing(key, &format!("{key} = 2026-09-30"));
        }
        self.day(key).unwrap_or(0)
    }

    /// One of a set of words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key);
        if let Some(asked) = self.asked.borrow_mut().get_mut(key) {
            asked.words = words.iter().map(|(word, _)| (*word).to_string()).collect();
        }
        let text = text?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let hint = match nearest(&text, all.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? known are {}", all.join(", ")),
            None => format!("known are {}", all.join(", ")),
        };
        self.error("plan.unknown_word", key, format!("`{text}` is no value of `{key}`"), hint);
        None
    }

    /// One of a set of words that must be there; `stand_in` after its absence was reported.
    pub(super) fn need_word<T: Copy>(&self, key: &str, words: &[(&str, T)], stand_in: T) -> T {
        self.needs(key);
        if !self.has(key) {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.missing(key, &format!("{key} = \"{}\"", all.join(" | ")));
        }
        self.word(key, words).unwrap_or(stand_in)
    }

    /// A piece of SQL with the place of its first character.
    pub(super) fn sql(&self, key: &str) -> Option<Sql> {
        let text = self.text(key)?;
        let start = self.table.get(key).map_or(0, |v| v.span().start);
        let written = self.document.text.get(start..).unwrap_or_default();
        let quotes = ["\"\"\"\r\n", "\"\"\"\n", "\"\"\"", "'''\r\n", "'''\n", "'''", "\"", "'"];
        let opening = quotes.iter().find(|q| written.starts_with(**q)).map_or(0, |q| q.len());
        Some(Sql { text, place: self.document.place(start + opening) })
    }

    /// A piece of SQL that must be there.
    pub(super) fn need_sql(&self, key: &str) -> Sql {
        self.needs(key);
        if !self.has(key) {
            self.missing(key, &format!("{key} = \"…\""));
        }
        self.sql(key).unwrap_or_else(|| Sql { text: String::new(), place: self.place() })
    }

    /// The tables of a list of tables, `[[key]]` or `key = [{ … }]`.
    pub(super) fn sections(&self, key: &str) -> Vec<Section<'d>> {
        let Some(value) = self.get_as(key, &[Form::Tables]) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of tables");
            return Vec::new();
        };
        items.iter().filter_map(|item| self.inner(key, item)).collect()
    }

    /// The table of a key.
    pub(super) fn section(&self, key: &str) -> Option<Section<'d>> {
        let value = self.get_as(key, &[Form::Table])?;
        self.inner(key, value)
    }

    fn inner(&self, key: &str, value: &'d Spanned<DeValue<'d>>) -> Option<Section<'d>> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, value, "a table");
            return None;
        };
        Some(Section {
            document: self.document,
            problems: self.problems,
            what: match self.document.text.get(value.span()) {
                Some(header) if header.starts_with("[[") => format!("this [[{key}]]"),
                _ => format!("this entry of `{key}`"),
            },
            path: if self.path.is_empty() { key.to_string() } else { format!("{}.{key}", self.path) },
            table,
            span: value.span(),
            asked: RefCell::default(),
            open: Cell::new(false),
        })
    }

    /// The keys of the section with their places; all count as asked for.
    pub(super) fn keys(&self) -> Vec<(String, Place)> {
        self.open.set(true);
        let mut keys = Vec::new();
        for key in self.table.keys() {
            self.get(key.get_ref());
            keys.push((key.get_ref().to_string(), self.document.place(key.span().start)));
        }
        keys
    }

    /// A value of a declared type.
    pub(super) fn value(&self, key: &str, kind: Kind) -> Option<Value> {
        let wanted = match kind {
            Kind::Text => ("a text", Form::Text),
            Kind::Integer => ("a whole number", Form::Integer),
            Kind::Decimal => ("a number with at most two decimal places", Form::Number),
            Kind::Float => ("a number", Form::Number),
            Kind::Boolean => ("true or false", Form::Boolean),
            Kind::Date => ("a date", Form::Date),
        };
        self.typed(key, wanted, |v| match kind {
            Kind::Text => v.as_str().map(Value::from),
            Kind::Integer => whole(v).map(Value::Integer),
            Kind::Decimal => decimal(v).map(Value::Decimal),
            Kind::Float => number(v).map(Value::Float),
            Kind::Boolean => v.as_bool().map(Value::Boolean),
            Kind::Date => day(v).map(Value::Date),
        })
    }

    /// Reports the keys that nobody asked for. Call it last.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if asked.contains_key(name) {
                continue;
            }
            let hint = match nearest(name, asked.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here are {}", asked.keys().cloned().collect::<Vec<_>>().join(", ")),
            };
            let message = format!("{} has no key `{name}`", self.what);
            let place = self.document.place(key.span().start);
            self.report(Diagnostic::error("plan.unknown_key", message, place).hint(hint));
        }
    }
}

/// When a section is done with, what was asked of it is written down.
impl Drop for Section<'_> {
    fn drop(&mut self) {
        if let Some(shapes) = &self.document.shapes {
            let kind = self.table.get("kind").and_then(|kind| kind.get_ref().as_str());
            shapes.keep(&self.path, kind, &self.asked.borrow(), self.open.get());
        }
    }
}

fn kind_word(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn example(wanted: &str) -> &'static str {
    match wanted {
        "a text" => "write it in \"double quotes\"",
        "a list of texts" => "write [\"one\", \"two\"]",
        "a list of numbers" => "write [0.92, 0.8]",
        "true or false" => "write true or false, without quotes",
        "a date" => "write 2026-01-31, without quotes",
        "a list of tables" | "a table" => "see the shipped pipelines for the form",
        "a number with at most two decimal places" => "write 20000 or 1250.5, without quotes and exponents",
        _ => "write the number without quotes",
    }
}

fn whole(value: &DeValue) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn number(value: &DeValue) -> Option<f64> {
    match value {
        DeValue::Float(float) => float.as_str().parse().ok().filter(|n: &f64| n.is_finite()),
        other => whole(other).map(|n| n as f64),
    }
}

/// Hundredths, exactly as written.
fn decimal(value: &DeValue) -> Option<i128> {
    let DeValue::Float(float) = value else {
        return whole(value).map(|n| i128::from(n) * 100);
    };
    let (whole, part) = float.as_str().split_once('.')?;
    let negative = whole.starts_with('-');
    let whole: i128 = whole.trim_start_matches(['+', '-']).parse().ok()?;
    let part = part.trim_end_matches('0');
    if part.len() > 2 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hundredths = whole.checked_mul(100)? + format!("{part:0<2}").parse::<i128>().ok()?;
    Some(if negative { -hundredths } else { hundredths })
}

fn day(value: &DeValue) -> Option<i32> {
    let datetime = value.as_datetime()?;
    if datetime.time.is_some() {
        return None;
    }
    let date = datetime.date?;
    let date = Date::new(i16::try_from(date.year).ok()?, date.month as i8, date.day as i8).ok()?;
    Some(to_days(date))
}
