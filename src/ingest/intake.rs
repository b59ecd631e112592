//! The common path of all formats: rows of a file or sheet in, contract fields or a reason out.
//!
//! Every row below the headings that is not blank becomes a data row, a quarantined row, or a listed row that is not
//! data; none disappears.

use super::Checked;
use super::header::{Contract, HeadingCell, Headings, Verdict, fold, half_width, short_list};
use super::limits::{CELL_CHARS, Limits, Meter, oversized};
use super::merges::{Filler, Merges};
use super::row::{Fault, Row, is_invisible};
use super::sink::{Mark, Sink};
use super::units;
use crate::diag::{Diagnostic, Place, mask_runs};
use crate::model::raw::Stated;
use crate::model::{CellKind, Disposition, Reject};
use crate::plan::FieldFrom;

/// Bytes of the rows that are kept until the headings are found.
const FIRST_BYTES: usize = 64 << 20;

/// One file while it is read.
pub(super) struct Reading<'a, 'w> {
    pub(super) contract: &'a Contract<'a>,
    /// Path below the input folder.
    pub(super) relative: &'a str,
    pub(super) sink: &'a mut Sink<'w>,
    /// What is to be said about the file, whether it is used or not.
    pub(super) problems: Vec<Diagnostic>,
    /// What the file may cost.
    pub(super) limits: Limits,
    pub(super) meter: Meter,
    extra: Vec<String>,
    absent: Vec<String>,
}

/// Where the reading of a file stood.
pub(super) struct ReadingState {
    mark: Mark,
    said: usize,
    meter: Meter,
    extra: Vec<String>,
    absent: Vec<String>,
}

/// How a file or sheet ended.
pub(super) enum SheetEnd {
    /// It was read, with so many data rows.
    Read(u64),
    /// There is nothing in it.
    Empty,
    /// It does not look like the source's table: the number of known headings, and what to say when it must be.
    NotThis(usize, Vec<Diagnostic>),
    /// It breaks the contract.
    Breaks(Vec<Diagnostic>),
}

impl<'a, 'w> Reading<'a, 'w> {
    /// Begins a file.
    pub(super) fn new(contract: &'a Contract<'a>, relative: &'a str, sink: &'a mut Sink<'w>, limits: Limits) -> Self {
        Reading {
            contract,
            relative,
            sink,
            problems: Vec::new(),
            limits,
            meter: Meter::new(limits),
            extra: Vec::new(),
            absent: Vec::new(),
        }
    }

    /// The file as a place.
    pub(super) fn place(&self) -> Place {
        Place::file(self.relative)
    }

    /// Forgets what was read of the file since a mark, and what was said of it beyond the first `said` problems.
    pub(super) fn restart(&mut self, mark: &Mark, said: usize) {
        self.sink.rollback(mark);
        self.problems.truncate(said);
        self.meter = Meter::new(self.limits);
        self.extra.clear();
        self.absent.clear();
    }

    /// Where the reading stands, to come back to.
    pub(super) fn state(&mut self) -> Checked<ReadingState> {
        let mark = self.sink.mark().map_err(|stop| vec![super::stopped(&stop, &self.place())])?;
        let (extra, absent) = (self.extra.clone(), self.absent.clone());
        Ok(ReadingState { mark, said: self.problems.len(), meter: self.meter.clone(), extra, absent })
    }

    /// Forgets what was read since then.
    pub(super) fn back_to(&mut self, state: ReadingState) {
        self.sink.rollback(&state.mark);
        self.problems.truncate(state.said);
        (self.meter, self.extra, self.absent) = (state.meter, state.extra, state.absent);
    }

    /// Ends a file that was read: says once per file which columns are new and which optional ones are missing.
    pub(super) fn close(&mut self) {
        if !self.extra.is_empty() {
            let message = format!("columns the contract does not know are not used: {}", short_list(&self.extra));
            let note = Diagnostic::note("ingest.extra_column", message, self.place());
            self.problems.push(note);
        }
        if !self.absent.is_empty() {
            let message = format!("optional columns are missing and stay empty: {}", short_list(&self.absent));
            let warning = Diagnostic::warning("ingest.optional_column", message, self.place());
            self.problems.push(warning.hint("if a heading was changed, add the new one to the field's aliases"));
        }
    }

    fn learn(&mut self, headings: &Headings) {
        for (all, new) in [(&mut self.extra, &headings.extra), (&mut self.absent, &headings.absent)] {
            for heading in new {
                if !all.contains(heading) {
                    all.push(heading.clone());
                }
            }
        }
    }
}

pub(super) enum State {
    Searching(Vec<Row>),
    Body(Box<Body>),
    Over(SheetEnd),
}

pub(super) struct Body {
    pub(super) headings: Headings,
    filler: Filler,
    /// Value of fields that are not columns.
    pub(super) constants: Vec<Option<String>>,
    pub(super) rows: u64,
}

/// One sheet, or a file without sheets, while it is read.
pub(super) struct SheetIntake<'r, 'a, 'w> {
    pub(super) reading: &'r mut Reading<'a, 'w>,
    sheet: String,
    merges: Merges,
    pub(super) state: State,
    /// The rows among which the headings were looked for, where that may have to be done again.
    first: Vec<Row>,
    /// The workbook's day numbers count from 1904-01-01.
    pub(super) from_1904: bool,
}

impl<'r, 'a, 'w> SheetIntake<'r, 'a, 'w> {
    /// Begins a sheet; an empty name for files without sheets.
    pub(super) fn new(reading: &'r mut Reading<'a, 'w>, sheet: &str, merges: Merges) -> Self {
        let state = State::Searching(Vec::new());
        SheetIntake { reading, sheet: mask_runs(sheet), merges, state, first: Vec::new(), from_1904: false }
    }

    /// Begins a table whose headings are part of its format; false when it cannot be read.
    pub(super) fn with_headings(&mut self, names: &[String]) -> bool {
        let cells: Vec<HeadingCell> = names
            .iter()
            .enumerate()
            .map(|(column, name)| HeadingCell { column: column as u32, shown: name.clone(), names: vec![fold(name)] })
            .collect();
        let verdict = self.reading.contract.judge(&cells, &self.place());
        self.settle(verdict);
        matches!(self.state, State::Body(_))
    }

    /// The column of each contract field, once the headings are known.
    pub(super) fn columns(&self) -> Option<&[Option<u32>]> {
        match &self.state {
            State::Body(body) => Some(&body.headings.columns),
            _ => None,
        }
    }

    /// Number of columns up to the last heading, once the headings are known.
    pub(super) fn width(&self) -> Option<u32> {
        match &self.state {
            State::Body(body) => Some(body.headings.width),
            _ => None,
        }
    }

    fn place(&self) -> Place {
        let place = self.reading.place();
        match self.sheet.is_empty() {
            true => place,
            false => place.sheet(&self.sheet),
        }
    }

    /// Takes the next row; false when no more rows are wanted.
    pub(super) fn row(&mut self, row: &mut Row) -> Checked<bool> {
        // A line of text that is too wide is set aside below the headings; above them it would be kept in memory.
        let wide = row.width.is_none() || matches!(self.state, State::Searching(_));
        self.reading.meter.row(row, wide).map_err(|what| vec![oversized(&self.place(), what)])?;
        if let State::Searching(first) = &mut self.state {
            let source = self.reading.contract.source;
            if row.number < source.header_within.max(1) + source.header_rows.max(1) {
                if !row.is_blank() {
                    first.push(row.clone());
                    let kept: usize = first.iter().map(Row::bytes).sum();
                    if kept > FIRST_BYTES {
                        let what = "the rows above its headings are longer than any text".to_string();
                        return Err(vec![oversized(&self.place(), what)]);
                    }
                }
                return Ok(true);
            }
            self.decide(false)?;
        }
        match &mut self.state {
            State::Body(body) => take(self.reading, body, row).map(|()| true),
            _ => Ok(false),
        }
    }

    /// Ends the sheet.
    pub(super) fn finish(mut self) -> Checked<SheetEnd> {
        self.decide(true)?;
        Ok(match self.state {
            State::Body(body) => SheetEnd::Read(body.rows),
            State::Over(end) => end,
            State::Searching(_) => SheetEnd::Empty,
        })
    }

    /// Looks for the headings in the rows kept so far; `over` when there are no more.
    fn decide(&mut self, over: bool) -> Checked<()> {
        let State::Searching(rows) = &mut self.state else {
            return Ok(());
        };
        let rows = std::mem::take(rows);
        if over && rows.is_empty() {
            self.state = State::Over(SheetEnd::Empty);
            return Ok(());
        }
        let verdict = self.reading.contract.search(&rows, &self.merges, &self.place());
        self.settle(verdict);
        if let State::Body(body) = &mut self.state {
            let first = body.headings.body;
            for row in rows.iter().filter(|r| r.number >= first) {
                take(self.reading, body, &mut row.clone())?;
            }
        }
        self.first = rows;
        Ok(())
    }

    /// True when a sheet that was read as if nothing in it were merged has been read as it should with these merged ranges.
    pub(super) fn stands_with(&mut self, merges: &Merges) -> Checked<bool> {
        self.decide(true)?;
        Ok(match &self.state {
            State::Searching(_) | State::Over(SheetEnd::Empty) => true,
            State::Over(_) => merges.is_empty(),
            State::Body(body) => {
                let headings = &body.headings;
                let same = || self.reading.contract.search(&self.first, merges, &self.place());
                let fills = || Filler::new(merges, headings.width, headings.amounts.clone()).fills_from(headings.body);
                merges.is_empty() || (!fills() && matches!(same(), Verdict::Fits(found) if found == *headings))
            }
        })
    }

    fn settle(&mut self, verdict: Verdict) {
        self.state = match verdict {
            Verdict::NotThis(known, problems) => State::Over(SheetEnd::NotThis(known, problems)),
            Verdict::Breaks(problems) => State::Over(SheetEnd::Breaks(problems)),
            Verdict::Fits(headings) => {
                self.reading.learn(&headings);
                self.reading.sink.open(self.reading.relative, &self.sheet);
                let (units, mut notes) = units::stated(self.reading.contract.source, &headings, &self.place());
                self.reading.problems.append(&mut notes);
                self.reading.sink.state(Stated { from_1904: self.from_1904, units });
                let file_name = self.reading.relative.rsplit('/').next().unwrap_or_default();
                let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
                let fields = &self.reading.contract.source.fields;
                let constants = fields.iter().map(|f| match f.from {
                    FieldFrom::Column => None,
                    FieldFrom::Sheet => Some(self.sheet.clone()).filter(|s| !s.trim().is_empty()),
                    FieldFrom::FileName => Some(stem.to_string()),
                });
                State::Body(Box::new(Body {
                    constants: constants.collect(),
                    filler: Filler::new(&self.merges, headings.width, headings.amounts.clone()),
                    headings,
                    rows: 0,
                }))
            }
        };
    }
}

/// A row below the headings: data, quarantined, or not data.
fn take(reading: &mut Reading, body: &mut Body, row: &mut Row) -> Checked<()> {
    if row.is_blank() && !row.partial {
        return Ok(());
    }
    let filled = body.filler.fill(row);
    reading.meter.cells(filled).map_err(|what| vec![oversized(&reading.place(), what)])?;
    if let Some((disposition, code, reason)) = refusal(reading.contract, &body.headings, row) {
        if disposition == Disposition::Quarantined {
            reading.sink.read += 1;
            body.rows += 1;
        }
        let reject =
            Reject { at: reading.sink.at(row.number), disposition, code, reason, folded_into: None, raw: row.raw() };
        reading.sink.rejects.push(reject);
        return Ok(());
    }
    body.rows += 1;
    let row = &*row;
    let cells = body.headings.columns.iter().zip(&body.constants);
    let cells = cells.map(|(column, constant)| match (column, constant) {
        (Some(column), _) => row.get(*column),
        (None, Some(text)) => Some((text.as_str(), CellKind::Text)),
        (None, None) => None,
    });
    let pushed = reading.sink.push(row.number, cells);
    pushed.map_err(|stop| vec![super::stopped(&stop, &reading.place())])
}

/// Why a row is not taken as data here, or none.
fn refusal(contract: &Contract, headings: &Headings, row: &Row) -> Option<(Disposition, &'static str, String)> {
    use Disposition::{NotData, Quarantined};
    match row.fault {
        Some(Fault::Encoding) => {
            let reason = "本行有不能识别的编码，请从原系统重新导出";
            return Some((Quarantined, "row.encoding", reason.into()));
        }
        Some(Fault::Quote) => {
            let reason = "本行的双引号不成对，无法分列";
            return Some((Quarantined, "row.quote", reason.into()));
        }
        Some(Fault::Syntax) => {
            let reason = "本行不是一个完整、无重复键的 JSON 对象，无法读取";
            return Some((Quarantined, "row.syntax", reason.into()));
        }
        Some(Fault::Deleted) => {
            let reason = "本记录在 DBF 文件中已标为删除";
            return Some((NotData, "row.deleted", reason.into()));
        }
        None => {}
    }
    if is_repeated_heading(headings, row) {
        return Some((NotData, "row.repeated_heading", "重复的表头或标题行".into()));
    }
    if let Some(word) = not_data_word(contract, headings, row) {
        return Some((NotData, "row.total", format!("“{word}”行，不是数据")));
    }
    if let Some(width) = row.width {
        let beyond = row.cells().last().is_some_and(|(column, _, _)| column >= headings.width);
        if width < headings.width || beyond {
            let reason = format!("本行有{width}列，表头有{}列，列数不符", headings.width);
            return Some((Quarantined, "row.width", reason));
        }
    }
    if headings.columns.iter().flatten().any(|c| row.nested.contains(c)) {
        let reason = "约定列中含有嵌套的内容（列表或对象），不是单个值";
        return Some((Quarantined, "row.nested", reason.into()));
    }
    let long = |text: &str| text.len() > CELL_CHARS && text.chars().count() > CELL_CHARS;
    if row.overlong || row.cells().any(|(_, text, _)| long(text)) {
        let reason = format!("有单元格超过{CELL_CHARS}个字符");
        return Some((Quarantined, "row.oversized", reason));
    }
    if headings.columns.iter().flatten().all(|c| row.get(*c).is_none()) {
        return Some((NotData, "row.no_value", "本行没有约定列的内容".into()));
    }
    None
}

/// True for a heading row printed again on the next page, or a title row printed again.
fn is_repeated_heading(headings: &Headings, row: &Row) -> bool {
    let Some((column, text, _)) = row.cells().next() else {
        return false;
    };
    let first = fold_first(text);
    let like = |heading: &str| heading.chars().next() == first;
    if row.len() == 1 && headings.titles.iter().any(|t| like(t) && *t == fold(text)) {
        return true;
    }
    headings.rows.iter().any(|cells| {
        // Most data rows end here: their first cell does not begin as the heading above it does.
        if !cells.get(&column).is_some_and(|h| like(h)) {
            return false;
        }
        let same = row.cells().filter(|(c, text, _)| cells.get(c).is_some_and(|h| *h == fold(text))).count();
        same * 5 >= row.len() * 4 && same * 2 > cells.len().min(row.len())
    })
}

/// The word with which a total or signature line begins or ends, or none.
///
/// Looked for in the first cells only, since the words also occur inside remarks. A row with an identity number is
/// never a total; nor is a row in which the word comes after the first cell while somebody is named.
fn not_data_word<'c>(contract: &'c Contract, headings: &Headings, row: &Row) -> Option<&'c str> {
    let value = |field: Option<usize>| {
        let column = headings.columns[field?]?;
        row.get(column).map(|(text, _)| (column, text))
    };
    for (position, (column, text, _)) in row.cells().take(3).enumerate() {
        let (first, last) = (fold_first(text), text.trim_end_matches([':', '：', ' ']).chars().next_back());
        let like = |w: &&String| w.chars().next() == first || w.chars().next_back() == last;
        if !contract.not_data.iter().any(|w| like(&w)) {
            continue;
        }
        let folded = fold(text);
        let folded = folded.trim_end_matches(':');
        // `小计` and `本页小计`.
        let means = |w: &&String| folded.starts_with(w.as_str()) || folded.ends_with(w.as_str());
        let Some(word) = contract.not_data.iter().find(means) else {
            continue;
        };
        let numbered = value(contract.id_number)
            .is_some_and(|(_, text)| text.chars().filter(|c| half_width(*c).is_ascii_alphanumeric()).count() >= 15);
        let named = position > 0 && value(contract.name).is_some_and(|(at, _)| at != column);
        if !numbered && !named {
            return Some(word);
        }
    }
    None
}

/// The first character of a text as [`fold`] would have it.
pub(super) fn fold_first(text: &str) -> Option<char> {
    if let Some(c @ ('0'..='9' | 'a'..='z' | '\u{4e00}'..='\u{9fff}')) = text.chars().next() {
        return Some(c);
    }
    text.chars().filter(|c| !is_invisible(*c)).map(half_width).flat_map(char::to_lowercase).find(|c| *c != '*')
}
