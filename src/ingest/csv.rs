//! Delimited text: a file in, rows out, one logical row at a time in bounded memory.
//!
//! Rows are split here and not by a stream parser, which would let one stray quote swallow the rest of the file. The
//! rules are those of RFC 4180, and these beyond it:
//!
//! * a quoted cell may run over several lines, at most [`CONTINUED`];
//! * but a quote that does not close so, or closes in the middle of a cell, or closes only by swallowing a line that is
//!   a sound row by itself, or leaves a row of another width, is a stray one: its line is set aside (`row.quote`), and
//!   reading goes on with the next;
//! * a line with bytes that are not text is set aside by itself (`row.encoding`);
//! * NUL and invisible characters are kept as they stand; the normalisers clean what they compare.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use super::Checked;
use super::encoding::{self, Line, Text};
use super::intake::{Reading, SheetEnd, SheetIntake};
use super::lines::PlainLines;
use super::merges::Merges;
use super::row::{Fault, Row};
use crate::diag::Diagnostic;
use crate::model::CellKind;

/// Lines that are looked at for the delimiter.
const PEEKED: usize = 10;
/// Most lines a quoted cell may run over.
const CONTINUED: usize = 20;

/// Reads a file. An error refuses the file.
pub(super) fn read(reading: &mut Reading, path: &Path) -> Checked<()> {
    // Most files that are not UTF-8 are sound GB18030: they are read at once, and only what is not is looked through first.
    let said = reading.problems.len();
    let mark = reading.sink.mark().map_err(|stop| vec![super::stopped(&stop, &reading.place())])?;
    if let Ok(true) = attempt(reading, path, true) {
        return Ok(());
    }
    reading.restart(&mark, said);
    attempt(reading, path, false).map(|_| ())
}

/// Reads a file, `ahead` of knowing its encoding or not; false when that must be known first.
fn attempt(reading: &mut Reading, path: &Path, ahead: bool) -> Checked<bool> {
    let place = reading.place();
    let source = reading.contract.source;
    let mut notes = Vec::new();
    let open = if ahead { encoding::open_ahead } else { encoding::open };
    let text = open(path, source.encoding.as_deref(), &place, &mut notes)?;
    reading.problems.append(&mut notes);
    let ahead = text.ahead;
    let read_as = text.encoding();
    let mut rows = Rows::new(text, source.delimiter);
    if let Some(other) = rows.other_delimiter().map_err(|e| vec![encoding::failed(&e, &place)])? {
        let shown = if other == b'\t' { "tabs".to_string() } else { format!("`{}`", other as char) };
        let message =
            format!("the cells are divided by {shown}, not by `{}`; the file is read so", source.delimiter as char);
        reading.problems.push(Diagnostic::note("ingest.delimiter", message, place.clone()));
        rows.delimiter = other;
    }
    let mut intake = SheetIntake::new(reading, "", Merges::default());
    let mut row = Row::default();
    let mut tabs = 0;
    let mut plain = None;
    loop {
        if intake.width().is_some() {
            let plain = plain.get_or_insert_with(|| PlainLines::new(&intake, rows.delimiter));
            while let Some((number, line)) = rows.quoteless().map_err(|e| vec![encoding::failed(&e, &place)])? {
                if !intake.plain_line(number, &line, plain)? {
                    let line = line.into_owned();
                    rows.give_back(number, line);
                    break;
                }
            }
        }
        let more = rows.next(&mut row, intake.width());
        let more = more.map_err(|e| vec![encoding::failed(&e, &place)])?;
        if ahead && rows.bad {
            return Ok(false);
        }
        if !more {
            break;
        }
        if row.number <= 3 {
            tabs += row.cells().filter(|(_, text, _)| text.contains(['\t', ';', '|'])).count();
        }
        if !intake.row(&mut row)? {
            if ahead {
                return Ok(false);
            }
            break;
        }
    }
    match intake.finish()? {
        SheetEnd::Read(0) => {
            reading.problems.push(super::no_rows(&place));
            Ok(true)
        }
        // Not a table without rows but no table: taken for one, it would say that everybody has left.
        SheetEnd::Empty => Err(vec![
            Diagnostic::error("ingest.no_heading", "there is nothing in the file but blank lines", place)
                .hint("it may still be copied; ask the sender for the file again"),
        ]),
        SheetEnd::Read(_) => Ok(true),
        SheetEnd::NotThis(known, mut problems) => {
            if known == 0 {
                let hint = match tabs {
                    0 => format!("the file was read as {read_as}: if that is wrong, set `encoding` in the contract"),
                    _ => "the cells may be divided by another character: set `delimiter` in the contract".to_string(),
                };
                let own = |p: &Diagnostic| p.hint.clone().unwrap_or_default();
                problems.iter_mut().for_each(|p| p.hint = Some(format!("{}; {hint}", own(p))));
            }
            Err(problems)
        }
        SheetEnd::Breaks(problems) => Err(problems),
    }
}

/// What follows in a text whose plain lines are not copied.
pub(super) enum Next<'t> {
    /// A line without a quote: its number and text, not split yet.
    Line(u32, Cow<'t, str>),
    /// A line with bytes that are not text.
    Bad(u32),
    /// A row that had to be looked at closely stands in the row that was given.
    Row,
    /// The text is over.
    End,
}

/// Logical rows of a text.
pub(super) struct Rows {
    text: Text,
    /// Lines looked at and not yet used.
    ahead: VecDeque<Line>,
    delimiter: u8,
    /// True when a line was met that is not text.
    bad: bool,
    /// How many sound rows had so many cells, before the headings are known.
    widths: BTreeMap<u32, u32>,
}

impl Rows {
    /// Rows of a text with this delimiter.
    pub(super) fn new(text: Text, delimiter: u8) -> Rows {
        Rows { text, ahead: VecDeque::new(), delimiter, bad: false, widths: BTreeMap::new() }
    }

    /// The character between cells.
    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// The delimiter of the file when its first lines have none of the one that was given and all have another.
    fn other_delimiter(&mut self) -> std::io::Result<Option<u8>> {
        const OTHERS: [u8; 4] = *b"\t,;|";
        let mut lines = Vec::new();
        for i in 0..PEEKED {
            let Some(line) = self.line(i)? else {
                break;
            };
            if !line.text.trim().is_empty() {
                lines.push(line.text.clone());
            }
        }
        let given = self.delimiter as char;
        // Titles above the headings have one cell only, and commas of a language.
        let last = lines.len().saturating_sub(2);
        if lines.is_empty() || lines[last..].iter().any(|l| l.contains(given)) {
            return Ok(None);
        }
        let found =
            OTHERS.into_iter().find(|d| *d != self.delimiter && lines[last..].iter().all(|l| l.contains(*d as char)));
        Ok(found)
    }

    /// The next line as it stands when it holds no quote, else the next row as [`Rows::next`] reads it.
    pub(super) fn plain(&mut self, row: &mut Row, width: Option<u32>) -> std::io::Result<Next<'_>> {
        if self.ahead.is_empty() {
            if !self.text.advance()? {
                return Ok(Next::End);
            }
            if !self.text.has_quote() {
                let number = self.text.number();
                let (text, bad) = self.text.current();
                return Ok(if bad { Next::Bad(number) } else { Next::Line(number, text) });
            }
            let number = self.text.number();
            let (text, bad) = self.text.current();
            let line = Line { number, text: text.into_owned(), bad };
            self.ahead.push_back(line);
        }
        Ok(if self.next(row, width)? { Next::Row } else { Next::End })
    }

    /// The next line as it stands; none when it must be looked at closely, or when the text is over.
    fn quoteless(&mut self) -> std::io::Result<Option<(u32, Cow<'_, str>)>> {
        if !self.ahead.is_empty() || !self.text.advance()? {
            return Ok(None);
        }
        let number = self.text.number();
        let quoted = self.text.has_quote();
        let (text, bad) = self.text.current();
        if !quoted && !bad {
            // Asked for anew: what was looked at above would count as lent until the end of this function.
            return Ok(Some((number, self.text.current().0)));
        }
        let line = Line { number, text: text.into_owned(), bad };
        self.bad |= bad;
        self.ahead.push_back(line);
        Ok(None)
    }

    /// Gives a line back that [`Rows::quoteless`] gave and that must be looked at closely after all.
    fn give_back(&mut self, number: u32, text: String) {
        self.ahead.push_front(Line { number, text, bad: false });
    }

    /// Reads the next logical row; false at the end. `width` is the number of headings, once known.
    pub(super) fn next(&mut self, row: &mut Row, width: Option<u32>) -> std::io::Result<bool> {
        self.line(0)?;
        let Some(line) = self.ahead.pop_front() else {
            return Ok(false);
        };
        row.reset(line.number);
        let quotes = split(&line.text, self.delimiter, row);
        if line.bad {
            row.fault = Some(Fault::Encoding);
        } else if quotes == Quotes::Open && !self.continued(&line, row, width.unwrap_or_else(|| self.usual()))? {
            row.reset(line.number);
            split(&line.text, self.delimiter, row);
            row.fault = Some(Fault::Quote);
        }
        if width.is_none() && row.fault.is_none() {
            *self.widths.entry(row.width.unwrap_or(0)).or_default() += 1;
        }
        Ok(true)
    }

    /// What a row should have before the headings are known: as many cells as most rows, the larger number of equals.
    fn usual(&self) -> u32 {
        self.widths.iter().max_by_key(|(width, rows)| (**rows, **width)).map_or(0, |(width, _)| *width)
    }

    /// Tries to close a quoted cell with the lines that follow; takes them when it does.
    fn continued(&mut self, line: &Line, row: &mut Row, width: u32) -> std::io::Result<bool> {
        let mut joined = line.text.clone();
        let mut alone = Row::default();
        for i in 0..CONTINUED {
            let delimiter = self.delimiter;
            let Some(next) = self.line(i)?.filter(|l| !l.bad) else {
                return Ok(false);
            };
            alone.reset(next.number);
            let sound = split(&next.text, delimiter, &mut alone) == Quotes::Sound;
            if sound && width > 1 && alone.width >= Some(width) {
                return Ok(false);
            }
            joined.push('\n');
            joined.push_str(&next.text);
            row.reset(line.number);
            let quotes = split(&joined, delimiter, row);
            if quotes != Quotes::Open {
                let fits = quotes == Quotes::Sound && (width <= 1 || row.width == Some(width));
                if fits {
                    self.ahead.drain(..=i);
                }
                return Ok(fits);
            }
        }
        Ok(false)
    }

    /// The `i`-th line that is not yet used.
    fn line(&mut self, i: usize) -> std::io::Result<Option<&Line>> {
        while self.ahead.len() <= i {
            match self.text.line()? {
                Some(line) => {
                    self.bad |= line.bad;
                    self.ahead.push_back(line);
                }
                None => return Ok(None),
            }
        }
        Ok(self.ahead.get(i))
    }
}

/// How a row's quotes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// There are none, or they enclose whole cells.
    Sound,
    /// One stands inside a cell; it is taken as it is.
    Inside,
    /// One is still open at the end.
    Open,
}

/// Splits a logical row into cells.
fn split(line: &str, delimiter: u8, row: &mut Row) -> Quotes {
    let delimiter = delimiter as char;
    let mut column = 0;
    let mut quotes = Quotes::Sound;
    if !line.contains('"') {
        for cell in line.split(delimiter) {
            row.push(column, cell, CellKind::Text);
            column += 1;
        }
    } else {
        let mut rest = Some(line);
        while let Some(cell) = rest {
            if let Some(quoted) = cell.strip_prefix('"') {
                let (text, after, how) = unquote(quoted, delimiter);
                row.push(column, &text, CellKind::Text);
                if how != Quotes::Sound {
                    quotes = how;
                }
                rest = after;
            } else {
                let (text, after) = match cell.split_once(delimiter) {
                    Some((text, after)) => (text, Some(after)),
                    None => (cell, None),
                };
                row.push(column, text, CellKind::Text);
                if text.contains('"') {
                    quotes = Quotes::Inside;
                }
                rest = after;
            }
            column += 1;
        }
    }
    row.width = Some(column);
    quotes
}

/// A quoted cell after its opening quote: its text, what follows its delimiter, and how the quote closed.
///
/// Text between the closing quote and the delimiter belongs to the cell, as it does for common readers.
fn unquote(quoted: &str, delimiter: char) -> (String, Option<&str>, Quotes) {
    let mut text = String::new();
    let mut rest = quoted;
    loop {
        let Some((inside, after)) = rest.split_once('"') else {
            text.push_str(rest);
            return (text, None, Quotes::Open);
        };
        text.push_str(inside);
        match after.strip_prefix('"') {
            Some(again) => {
                text.push('"');
                rest = again;
            }
            None => {
                let (tail, next) = match after.split_once(delimiter) {
                    Some((tail, next)) => (tail, Some(next)),
                    None => (after, None),
                };
                text.push_str(tail);
                let how = if tail.is_empty() { Quotes::Sound } else { Quotes::Inside };
                return (text, next, how);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cells(line: &str) -> (Vec<String>, Quotes) {
        let mut row = Row::default();
        let quotes = split(line, b',', &mut row);
        let width = row.width.unwrap_or(0);
        let cells = (0..width).map(|c| row.get(c).map_or(String::new(), |(t, _)| t.to_string()));
        (cells.collect(), quotes)
    }

    #[test]
    fn quotes() {
        use Quotes::{Inside, Open, Sound};
        let table: [(&str, &[&str], Quotes); 7] = [
            ("甲,\"乙,丙\",丁", &["甲", "乙,丙", "丁"], Sound),
            ("\"说\"\"好\"\"\",2", &["说\"好\"", "2"], Sound),
            ("=\"990121\",2", &["=\"990121\"", "2"], Inside),
            ("5\"管,2", &["5\"管", "2"], Inside),
            ("\"甲\"乙,2", &["甲乙", "2"], Inside),
            ("甲,\"乙,丙", &["甲", "乙,丙"], Open),
            ("甲,\"\"", &["甲", ""], Sound),
        ];
        for (line, expected, quotes) in table {
            let expected: Vec<String> = expected.iter().map(|s| s.to_string()).collect();
            assert_eq!(cells(line), (expected, quotes), "{line}");
        }
    }

    proptest! {
        /// Where quotes are in order, the cells are those of the csv crate.
        #[test]
        fn sound_rows_split_as_the_csv_crate_does(
            row in prop::collection::vec("[甲乙a1,\"; ]{0,6}", 1..6),
            always in any::<bool>(),
        ) {
            let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
            let mut writer = csv::WriterBuilder::new().quote_style(style).from_writer(Vec::new());
            writer.write_record(&row).unwrap();
            let written = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let (found, quotes) = cells(written.trim_end_matches('\n'));
            prop_assert_eq!(quotes, Quotes::Sound);
            let visible = |t: &String| if super::super::row::is_blank(t) { String::new() } else { t.clone() };
            prop_assert_eq!(found, row.iter().map(visible).collect::<Vec<_>>());
        }
    }
}
