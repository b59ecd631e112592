//! How every sheet looks and prints: title, round, headings, rows, closing lines in; a formatted worksheet out.
//!
//! A4 landscape, as wide as the page (`layout` chooses widths so that the print can be read), headings repeated on every page, page
//! numbers, borders, wrapped text. Row heights are reckoned here because not every program that opens the file measures wrapped
//! Chinese text by itself.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{
    Color, ConditionalFormatFormula, DataValidation, DataValidationErrorStyle, DataValidationRule, DocProperties,
    ExcelDateTime, Format, FormatAlign, FormatBorder, ProtectionOptions, Workbook, Worksheet, XlsxError,
};

use super::Issue;
use super::layout::{FONT_SIZE, Layout, MARGIN, Need, layout, lines};
use crate::diag::{Failure, Outcome};
use crate::model::Privacy;
use crate::model::form::Entry;
use crate::publish::atomic;
use crate::publish::filename::{Names, is_invisible};

/// Every Chinese office has it, and free systems put a like face in its place.
const FONT: &str = "宋体";
/// The font in whose characters widths count: as wide as [`FONT`], and known to free systems that have neither.
const WIDTH_FONT: &str = "NSimSun";
/// Excel's limit for a cell, less room for the mark of the cut.
const MOST_CHARACTERS: usize = 32_000;
/// A sheet holds 1,048,576 rows; longer tables go on in a further sheet.
const MOST_ROWS: usize = 1_000_000;
/// Excel's limit for the choices of a drop-down, joined by commas.
const MOST_LIST_CHARACTERS: usize = 255;
/// Points per line of body text, and the least height of a row, enough to write in by hand.
const LINE_HEIGHT: f64 = 16.0;
const LEAST_HEIGHT: f64 = 30.0;
const MOST_HEIGHT: f64 = 409.0;
/// Foot of every page.
const FOOTER: &str = "&C&9第 &P 页，共 &N 页";

/// A cell on its way into a sheet.
pub(super) enum Cell {
    /// Text, whatever it looks like.
    Text(String),
    /// A count.
    Number(i64),
    /// Money in yuan.
    Money(f64),
}

impl Cell {
    fn shown(&self) -> String {
        match self {
            Cell::Text(text) => visible(text),
            Cell::Number(n) => n.to_string(),
            Cell::Money(v) => format!("{v:.2}"),
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}

impl From<Option<&str>> for Cell {
    fn from(text: Option<&str>) -> Self {
        Cell::Text(super::owned(text))
    }
}

impl From<usize> for Cell {
    fn from(n: usize) -> Self {
        Cell::Number(i64::try_from(n).unwrap_or(i64::MAX))
    }
}

/// What may be entered in an answer column.
pub(super) enum Answer {
    /// Anything.
    Free,
    /// One of these only.
    OneOf(Vec<String>),
    /// One of these, or several joined by hand.
    Among(Vec<String>),
    /// A day.
    Day,
    /// A number that is not negative.
    Number,
    /// An identity number: 18 characters.
    IdNumber,
}

impl Answer {
    /// Least width in which it can be written by hand, half-width characters, when `width` was meant for it.
    fn tight(&self, width: usize) -> usize {
        match self {
            Answer::Free => (width * 2 / 3).max(7),
            Answer::OneOf(_) | Answer::Among(_) | Answer::Number => 7,
            Answer::Day => 11,
            Answer::IdNumber => 19,
        }
    }
}

impl From<&Entry> for Answer {
    fn from(entry: &Entry) -> Self {
        match entry {
            Entry::Free => Answer::Free,
            Entry::OneOf(choices) => Answer::OneOf(choices.clone()),
            Entry::Among(choices) => Answer::Among(choices.clone()),
            Entry::Day => Answer::Day,
            Entry::Number => Answer::Number,
            Entry::IdNumber => Answer::IdNumber,
        }
    }
}

/// A column of a sheet.
pub(super) struct Column {
    title: Cow<'static, str>,
    widths: (usize, usize),
    centred: bool,
    answer: Option<Answer>,
    printed: bool,
}

impl Column {
    /// A column of given data, as wide as its content within the bounds (half-width characters).
    pub fn of(title: impl Into<Cow<'static, str>>, least: usize, most: usize) -> Self {
        Column {
            title: title.into(),
            widths: (least, most),
            // Short values are easier to follow in the middle; sentences are not.
            centred: most <= 22,
            answer: None,
            printed: true,
        }
    }

    /// A column that the reader fills in.
    pub fn answer(title: impl Into<Cow<'static, str>>, width: usize, answer: Answer) -> Self {
        Column { title: title.into(), widths: (width, width), centred: false, answer: Some(answer), printed: true }
    }

    /// Leaves the column off the paper: only the program needs it. Such columns stand at the far end.
    pub fn unprinted(self) -> Self {
        Column { printed: false, ..self }
    }

    /// What the column needs of a page, given its texts.
    fn need<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Need {
        match &self.answer {
            None => Need::of(&self.title, self.widths, texts),
            Some(answer) => Need::to_fill(&self.title, self.widths.0, answer.tight(self.widths.0)),
        }
    }
}

/// How the colour of an answer's cells follows from another answer of the row.
pub(super) struct Hint {
    /// Column of the cells.
    pub column: usize,
    /// Column of the deciding answer.
    pub decided_by: usize,
    /// Its choices; empty for any.
    pub choices: Vec<String>,
    /// What the colour says.
    pub says: Says,
}

/// What the colour of an answer's cell says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// With one of the choices it must be filled in, and is not yet.
    Needed,
    /// With none of the choices it is not asked for.
    NotAsked,
}

/// What stands on a sheet.
#[derive(Default)]
pub(super) struct Page {
    /// First line.
    pub title: String,
    /// Lines between the title and the headings.
    pub lines: Vec<String>,
    /// Columns in order.
    pub columns: Vec<Column>,
    /// One cell per column that is not an answer, in order; answers come empty.
    pub rows: Vec<Vec<Cell>>,
    /// What is said when there are no rows.
    pub empty: &'static str,
    /// Lines below the table, for signatures.
    pub closing: Vec<String>,
    /// Answers that are not asked for, by row and column: drawn grey and locked.
    pub closed: BTreeSet<(usize, usize)>,
    /// Given cells that can be written in, by row and column.
    pub open: BTreeMap<(usize, usize), Answer>,
    /// Colours that follow from answers.
    pub hints: Vec<Hint>,
    /// Lock everything but the answers.
    pub locked: bool,
    /// Print on one page however long: for summaries, whose lines are few and short.
    pub one_page: bool,
}

struct Styles {
    title: Format,
    line: Format,
    heading: Format,
    text: Format,
    centred: Format,
    money: Format,
    answer: Format,
    day: Format,
    number: Format,
    closed: Format,
}

impl Styles {
    fn new() -> Self {
        let base = || Format::new().set_font_name(FONT).set_font_size(FONT_SIZE).set_align(FormatAlign::VerticalCenter);
        let cell = || base().set_border(FormatBorder::Thin).set_text_wrap();
        let answer = || cell().set_background_color(Color::RGB(0x00FF_FBE6)).set_unlocked();
        Styles {
            title: base().set_font_size(16).set_bold().set_align(FormatAlign::Center),
            line: base().set_text_wrap(),
            heading: cell().set_bold().set_align(FormatAlign::Center).set_background_color(Color::RGB(0x00E7_ECF2)),
            text: cell(),
            centred: cell().set_align(FormatAlign::Center),
            money: cell().set_num_format("#,##0.00"),
            answer: answer().set_num_format("@"),
            day: answer().set_num_format("yyyy-mm-dd"),
            // In a cell of text a number that is typed stays a text, and the check of numbers refuses it.
            number: answer(),
            closed: cell().set_background_color(Color::RGB(0x00E6_E6E6)).set_num_format("@"),
        }
    }
}

/// A workbook in the making.
pub(super) struct Writer {
    workbook: Workbook,
    styles: Styles,
    names: Names,
    path: PathBuf,
    header: String,
    footer: String,
    about: DocProperties,
    class: Privacy,
}

impl Writer {
    /// An empty workbook that will stand at `path`.
    pub fn new(issue: &Issue, title: &str, path: &Path) -> Outcome<Self> {
        let failed = |e: XlsxError| Failure::io("make the workbook", path, &e);
        let day = issue.as_of;
        let created = ExcelDateTime::from_ymd(
            u16::try_from(day.year()).unwrap_or(1900),
            day.month().unsigned_abs(),
            day.day().unsigned_abs(),
        )
        .map_err(failed)?;
        let mut workbook = Workbook::new();
        // Widths of columns count in characters of the workbook's font. 18 and 72 pixels are the height of its row and the width of its
        // column.
        let format = Format::new().set_font_name(WIDTH_FONT).set_font_size(FONT_SIZE);
        workbook.set_default_format(&format, 18, 72).map_err(failed)?;
        let about = DocProperties::new()
            .set_title(visible(&format!("{title} {}", issue.round)))
            .set_company(visible(&issue.plan.county))
            .set_creation_datetime(&created);
        // `&` begins a code in page headers.
        let county = visible(&issue.plan.county).replace('&', "&&");
        let round = visible(issue.round).replace('&', "&&");
        Ok(Writer {
            workbook,
            styles: Styles::new(),
            names: Names::default(),
            path: path.to_path_buf(),
            header: format!("&L&9{county}　{round}&R&9内部资料　注意保密"),
            footer: FOOTER.to_string(),
            about,
            class: Privacy::Sensitive,
        })
    }

    /// Leaves out that it is not for everybody: for lists that hang on a wall.
    pub fn for_everybody(&mut self) {
        let end = self.header.find("&R").unwrap_or(self.header.len());
        self.header.truncate(end);
        self.class = Privacy::Personal;
    }

    /// Puts a line at the foot of every page, so that a printed one can be told.
    pub fn foot(&mut self, line: &str) {
        self.footer = format!("&L&9{}{FOOTER}", visible(line).replace('&', "&&"));
    }

    /// Adds a sheet; a name that is taken or not allowed is changed, and what does not fit goes on in a further sheet.
    pub fn page(&mut self, name: &str, page: &Page) -> Outcome<()> {
        let mut chunks = page.rows.chunks(MOST_ROWS);
        let mut rows = chunks.next().unwrap_or(&[]);
        let mut before = 0;
        loop {
            let name = self.names.sheet(name);
            let sheet = self.workbook.add_worksheet();
            draw(sheet, &name, page, (before, rows), &self.styles, (&self.header, &self.footer))
                .map_err(|e| Failure::io("make the workbook", &self.path, &e))?;
            match chunks.next() {
                Some(more) => {
                    before += rows.len();
                    rows = more;
                }
                None => return Ok(()),
            }
        }
    }

    /// Adds a sheet that programs read and people do not see: plain texts.
    pub fn hidden(&mut self, name: &str, rows: &[Vec<String>]) -> Outcome<()> {
        let name = self.names.sheet(name);
        let sheet = self.workbook.add_worksheet();
        let mut write = || -> Result<(), XlsxError> {
            sheet.set_name(&name)?;
            for (at, row) in (0..).zip(rows) {
                for (column, text) in (0..).zip(row) {
                    sheet.write_string(at, column, text)?;
                }
            }
            sheet.set_very_hidden(true);
            Ok(())
        };
        write().map_err(|e| Failure::io("make the workbook", &self.path, &e))
    }

    /// Writes the file.
    ///
    /// Its properties tell the highest privacy class of what stands in it, for programs that watch what leaves an office.
    pub fn save(mut self) -> Outcome<()> {
        let about = std::mem::take(&mut self.about);
        self.workbook.set_properties(&about.set_custom_property("privacy", self.class.name()));
        let bytes = self.workbook.save_to_buffer();
        let bytes = bytes.map_err(|e| Failure::io("make the workbook", &self.path, &e))?;
        atomic::write(&self.path, &bytes)
    }
}

/// Without characters that show nothing or turn the text around them, cut at Excel's limit; line breaks stay.
fn visible(text: &str) -> String {
    let mut kept: String = text.chars().filter(|c| *c == '\n' || !is_invisible(*c)).collect();
    if kept.chars().count() > MOST_CHARACTERS {
        kept = kept.chars().take(MOST_CHARACTERS).chain("…（内容过长，已截断）".chars()).collect();
    }
    kept
}

#[expect(clippy::cast_precision_loss, reason = "a row has a few hundred lines at most")]
fn height(lines: usize, least: f64) -> f64 {
    (lines as f64 * LINE_HEIGHT + 6.0).clamp(least, MOST_HEIGHT)
}

fn draw(
    sheet: &mut Worksheet,
    name: &str,
    page: &Page,
    (before, rows): (usize, &[Vec<Cell>]),
    styles: &Styles,
    (header, footer): (&str, &str),
) -> Result<(), XlsxError> {
    sheet.set_name(name)?;
    let last_column = u16::try_from(page.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let given = |i: usize| page.columns[..i].iter().filter(|c| c.answer.is_none()).count();
    let shown: Vec<Vec<String>> = rows.iter().map(|r| r.iter().map(Cell::shown).collect()).collect();
    let needs: Vec<Need> = page
        .columns
        .iter()
        .enumerate()
        .map(|(i, column)| column.need(shown.iter().filter_map(|r| r.get(given(i))).map(String::as_str)))
        .collect();
    let printed = page.columns.iter().rposition(|c| c.printed).map_or(0, |last| last + 1);
    let Layout { widths, across } = layout(&needs, printed);
    for (column, width) in (0u16..).zip(&widths) {
        sheet.set_column_width(column, f64::from(u16::try_from(*width).unwrap_or(255)))?;
    }
    // What spans the page ends where the paper does.
    let last_printed = u16::try_from(printed.saturating_sub(1)).unwrap_or(u16::MAX);
    let whole: usize = widths[..printed].iter().sum();

    let mut at = 0u32;
    let full_width = |sheet: &mut Worksheet, at: &mut u32, text: &str, style: &Format, least: f64| {
        let text = visible(text);
        if last_printed == 0 {
            sheet.write_string_with_format(*at, 0, &text, style)?;
        } else {
            sheet.merge_range(*at, 0, *at, last_printed, &text, style)?;
        }
        sheet.set_row_height(*at, height(lines(&text, whole), least))?;
        *at += 1;
        Ok::<(), XlsxError>(())
    };
    full_width(sheet, &mut at, &page.title, &styles.title, LEAST_HEIGHT)?;
    for line in &page.lines {
        full_width(sheet, &mut at, line, &styles.line, 18.0)?;
    }
    let heading = at;
    for (column, spec) in (0u16..).zip(&page.columns) {
        sheet.write_string_with_format(heading, column, &*spec.title, &styles.heading)?;
    }
    // Headings may wrap: they are longer than most of what stands below them.
    let most = page.columns.iter().zip(&widths).map(|(c, w)| lines(&c.title, *w)).max();
    sheet.set_row_height(heading, height(most.unwrap_or(1), LEAST_HEIGHT))?;
    at += 1;

    let first = at;
    for (r, (row, texts)) in rows.iter().zip(&shown).enumerate() {
        let mut most = 1;
        for (i, (column, spec)) in (0u16..).zip(&page.columns).enumerate() {
            let open = page.open.get(&(before + r, i));
            let style = match (spec.answer.as_ref().or(open), spec.centred) {
                (Some(_), _) if page.closed.contains(&(before + r, i)) => &styles.closed,
                (Some(Answer::Day), _) => &styles.day,
                (Some(Answer::Number), _) => &styles.number,
                (Some(_), _) => &styles.answer,
                (None, true) => &styles.centred,
                (None, false) => &styles.text,
            };
            let cell = match spec.answer {
                None => row.get(given(i)).zip(texts.get(given(i))),
                Some(_) => None,
            };
            match cell {
                Some((Cell::Text(_), text)) if text.is_empty() => sheet.write_blank(at, column, style)?,
                Some((Cell::Text(_), text)) => sheet.write_string_with_format(at, column, text, style)?,
                #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
                Some((Cell::Number(n), _)) => sheet.write_number_with_format(at, column, *n as f64, style)?,
                Some((Cell::Money(v), _)) => sheet.write_number_with_format(at, column, *v, &styles.money)?,
                None => sheet.write_blank(at, column, style)?,
            };
            most = most.max(cell.map_or(1, |(_, text)| lines(text, widths[i])));
            if let Some(rule) = open.and_then(validation) {
                sheet.add_data_validation(at, column, at, column, &rule?)?;
            }
        }
        sheet.set_row_height(at, height(most, LEAST_HEIGHT))?;
        at += 1;
    }
    if rows.is_empty() {
        full_width(sheet, &mut at, page.empty, &styles.centred, LEAST_HEIGHT)?;
    } else {
        for (column, spec) in (0u16..).zip(&page.columns) {
            if let Some(rule) = spec.answer.as_ref().and_then(validation) {
                sheet.add_data_validation(first, column, at - 1, column, &rule?)?;
            }
        }
        for hint in &page.hints {
            colour(sheet, hint, (first, at - 1))?;
        }
        if !page.locked {
            sheet.autofilter(heading, 0, at - 1, last_column)?;
        }
    }
    for line in &page.closing {
        full_width(sheet, &mut at, line, &styles.line, 26.0)?;
    }

    sheet.set_freeze_panes(heading + 1, 0)?;
    sheet.set_repeat_rows(0, heading)?;
    sheet.set_landscape();
    sheet.set_paper_size(9); // A4
    sheet.set_print_fit_to_pages(across, u16::from(page.one_page));
    if across > 1 {
        // Row by row: the pages of a row lie on each other.
        sheet.set_page_order(true);
    }
    if last_printed < last_column {
        sheet.set_print_area(0, 0, at - 1, last_printed)?;
    }
    sheet.set_print_center_horizontally(true);
    sheet.set_margins(MARGIN, MARGIN, 0.6, 0.6, 0.3, 0.3);
    sheet.set_header(header);
    sheet.set_footer(footer);
    if page.locked {
        // No password: the lock is against slips of the hand, and the office can open it.
        sheet.protect_with_options(&ProtectionOptions {
            format_columns: true,
            format_rows: true,
            ..ProtectionOptions::new()
        });
    }
    Ok(())
}

/// Colours an answer's cells by the deciding answer of their rows.
fn colour(sheet: &mut Worksheet, hint: &Hint, (first, last): (u32, u32)) -> Result<(), XlsxError> {
    let column = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
    let (own, decided) = (column(hint.column), column(hint.decided_by));
    let cell = |at: u16| format!("${}{}", rust_xlsxwriter::column_number_to_name(at), first + 1);
    let (own_cell, decided) = (cell(own), cell(decided));
    let quoted = |choice: &String| format!("{decided}=\"{}\"", choice.replace('"', "\"\""));
    let chosen = match hint.choices.as_slice() {
        [] => format!("LEN({decided})>0"),
        choices => format!("OR({})", choices.iter().map(quoted).collect::<Vec<_>>().join(",")),
    };
    let (formula, fill) = match hint.says {
        Says::Needed => (format!("=AND({chosen},LEN({own_cell})=0)"), 0x00F8_CBAD),
        Says::NotAsked => (format!("=AND(LEN({decided})>0,NOT({chosen}))"), 0x00E6_E6E6),
    };
    let format = Format::new().set_background_color(Color::RGB(fill));
    let rule = ConditionalFormatFormula::new().set_rule(formula.as_str()).set_format(format);
    sheet.add_conditional_format(first, own, last, own, &rule).map(|_| ())
}

/// What may be entered for an answer; none when anything may be, or the choices are too many for a drop-down.
fn validation(answer: &Answer) -> Option<Result<DataValidation, XlsxError>> {
    let rule = DataValidation::new();
    Some(match answer {
        Answer::Free => return None,
        Answer::OneOf(choices) | Answer::Among(choices)
            if choices.is_empty() || choices.join(",").chars().count() > MOST_LIST_CHARACTERS =>
        {
            return None;
        }
        Answer::OneOf(choices) => rule
            .allow_list_strings(choices)
            .and_then(|r| r.set_error_title("请从下拉列表中选择")?.set_error_message("只能填列表中的选项。")),
        Answer::Among(choices) => rule.allow_list_strings(choices).and_then(|rule| {
            let rule = rule.set_error_style(DataValidationErrorStyle::Information);
            rule.set_input_message("可从列表中选；有多项的用顿号（、）分开。")
        }),
        Answer::Day => ExcelDateTime::from_ymd(2000, 1, 1).and_then(|first| {
            let rule = rule.allow_date(DataValidationRule::GreaterThan(first));
            rule.set_error_title("请填日期")?.set_error_message("请填一个日期，例如 2026-10-05。")
        }),
        Answer::Number => rule
            .allow_decimal_number(DataValidationRule::GreaterThanOrEqualTo(0.0))
            .set_error_title("请填数字")
            .and_then(|r| r.set_error_message("请填不小于零的数，不写单位。")),
        Answer::IdNumber => rule
            .allow_text_length(DataValidationRule::EqualTo(18))
            .set_error_title("请填18位号码")
            .and_then(|r| r.set_error_message("身份证号是18位，末位可以是X。")),
    })
}
