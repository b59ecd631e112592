//! A department's list about persons or households: the columns that say who, then the list's own. In: lines with plain
//! values. Out: a workbook or a delimited file with the usual dirt, every row noted in the truth.

use encoding_rs::GB18030;
use jiff::civil::Date;

use super::Round;
use super::delimited::Csv;
use super::dice::Dice;
use super::dirt::{Dirt, Entry, Medium, NumberCell};
use super::outsiders::Outsiders;
use super::people::{County, Person};
use super::sheet::{Book, Cell};
use super::style::{self, DateStyle};
use super::truth::{At, Records, RowKind};
use crate::diag::Outcome;

/// What a list looks like.
pub struct Form {
    /// Source id.
    pub source: &'static str,
    /// File below the output folder; `.csv` makes a GB18030 file, `.xlsx` a workbook.
    pub file: &'static str,
    /// Title above the headings of a workbook; empty for none.
    pub title: &'static str,
    /// Heading of the name: 姓名, 户主姓名…
    pub name: &'static str,
    /// Heading of the number: 身份证号…
    pub number: &'static str,
    /// The list's own headings, separated by commas.
    pub headings: &'static str,
    /// How the office writes days.
    pub days: DateStyle,
    /// Rows per million about people who are not in the register.
    pub strangers: u32,
}

/// Form of a list with the office's usual choices.
pub fn form(
    source: &'static str,
    file: &'static str,
    title: &'static str,
    headings: &'static str,
    days: DateStyle,
) -> Form {
    Form { source, file, title, name: "姓名", number: "身份证号", headings, days, strangers: 0 }
}

/// One value of a line.
#[derive(Debug, Clone)]
pub enum Field {
    /// Text as it stands.
    Text(String),
    /// A word of a code table.
    Word(&'static str),
    /// A number.
    Count(i64),
    /// Fen, written in yuan.
    Money(i64),
    /// Fen, written in 10,000 yuan.
    Wan(i64),
    /// A day, or nothing.
    Day(Option<Date>),
    /// A month (2026年3月), or nothing.
    Month(Option<Date>),
    /// Yes or no.
    Yes(bool),
    /// The number of a disability certificate goes into the number column: category and level.
    Certificate(u8, u8),
}

/// One row of a list.
pub struct Line {
    /// Who.
    pub person: usize,
    /// Values under the list's own headings.
    pub fields: Vec<Field>,
}

/// The household of a person: households are stored one after the other.
pub fn household_of(county: &County, person: usize) -> usize {
    county.households.partition_point(|h| h.first <= person) - 1
}

enum Target {
    Book(Box<(Book, super::sheet::Page)>),
    Csv(Csv),
}

impl Target {
    fn row(&mut self, cells: &[Cell], number: &mut i64) -> Outcome<u32> {
        *number += 1;
        match self {
            Target::Book(book) => {
                let mut row: Vec<Cell> = vec![(*number).into()];
                row.extend_from_slice(cells);
                book.1.row(&row)
            }
            Target::Csv(csv) => {
                let texts: Vec<String> = cells.iter().map(plain).collect();
                csv.row(&texts)
            }
        }
    }
}

/// A cell in a file that holds text only.
fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Number(value) => value.to_string(),
        Cell::Date(day) => style::date_text(*day, DateStyle::Slash),
    }
}

/// Writes a list.
pub fn write(round: &Round, records: &mut Records, form: &Form, lines: &[Line]) -> Outcome<()> {
    let county = round.county;
    let mut dice = round.dice(form.source);
    let text_only = form.file.ends_with(".csv");
    let medium = if text_only { Medium::Text } else { Medium::Workbook };
    let headings = format!("乡镇,村,{},{},{}", form.name, form.number, form.headings);
    let sheet = if text_only { "" } else { "Sheet1" };
    let mut target = if text_only {
        Target::Csv(Csv::create(round.out, form.file, GB18030, false, &headings)?)
    } else {
        let book = Book::create(round.out, form.file, round.as_of)?;
        let mut page = book.page(sheet)?;
        if !form.title.is_empty() {
            page.title(form.title, headings.split(',').count() as u16 + 1)?;
        }
        page.headings(&format!("序号,{headings}"))?;
        Target::Book(Box::new((book, page)))
    };
    let at = |row| At { source: form.source, file: form.file, sheet, row };
    let mut outsiders = Outsiders::new(county);
    let mut number = 0;
    for line in lines {
        let h = household_of(county, line.person);
        let entry = round.soiler.entry(&mut dice, line.person, medium);
        let (cells, faults) = cells(round, &mut dice, form, line, h, entry);
        let row = target.row(&cells, &mut number)?;
        records.person(at(row), line.person, RowKind::Data, &faults)?;
        if round.soiler.happens(&mut dice, 1_500) && text_only {
            let row = target.row(&cells, &mut number)?;
            records.person(at(row), line.person, RowKind::Duplicate, &faults)?;
        }
        if round.soiler.happens(&mut dice, form.strangers) {
            let stranger = outsiders.draw(&mut dice, round.as_of, 25, 70);
            let (cells, faults) = self::cells(round, &mut dice, form, line, h, stranger.entry);
            let row = target.row(&cells, &mut number)?;
            records.note(at(row), "", RowKind::Data, &faults)?;
        }
    }
    match target {
        Target::Csv(csv) => csv.close(),
        Target::Book(book) => {
            let (mut book, mut page) = *book;
            if round.soiler.dirt != Dirt::None {
                let row = page.row(&["填表人：何某　　审核人：陆某　　单位（盖章）".into()])?;
                records.note(at(row), "", RowKind::Noise, &[])?;
            }
            book.add(page);
            book.save()
        }
    }
}

fn cells(
    round: &Round,
    dice: &mut Dice,
    form: &Form,
    line: &Line,
    h: usize,
    entry: Entry,
) -> (Vec<Cell>, Vec<&'static str>) {
    let Entry { name, mut number, mut faults } = entry;
    let mut own = Vec::with_capacity(line.fields.len());
    for field in &line.fields {
        own.push(match field {
            Field::Text(text) => text.clone().into(),
            Field::Word(word) => (*word).into(),
            Field::Count(count) => (*count).into(),
            Field::Money(fen) if form.file.ends_with(".csv") => style::amount_text(*fen).into(),
            Field::Money(fen) => style::amount(dice, &round.soiler, *fen),
            Field::Wan(fen) => format!("{}.{:06}", fen / 1_000_000, fen % 1_000_000).into(),
            Field::Day(None) | Field::Month(None) => Cell::Empty,
            Field::Day(Some(day)) => style::date(dice, &round.soiler, *day, form.days),
            Field::Month(Some(day)) => format!("{}年{}月", day.year(), day.month()).into(),
            Field::Yes(yes) => style::yes(dice, &round.soiler, *yes),
            Field::Certificate(category, level) => {
                // Who types a wrong number types it without what stands behind it on the certificate.
                if let NumberCell::Text(text) = &mut number
                    && faults.iter().all(|f| !f.starts_with("number") && *f != "not_in_register")
                {
                    text.push_str(&format!("{category}{level}"));
                    faults.push("number_certificate");
                }
                continue;
            }
        });
    }
    let mut cells: Vec<Cell> = vec![
        round.soiler.township(dice, round.county.township(h)).into(),
        round.soiler.village(dice, round.county.village(h)).into(),
        name.into(),
        number.into(),
    ];
    cells.append(&mut own);
    (cells, faults)
}

/// Sex of a person in a field.
pub fn sex(person: &Person) -> Field {
    Field::Word(person.sex.word())
}

/// Birth date of a person in a field.
pub fn birth(person: &Person) -> Field {
    Field::Text(style::date_text(person.birth, DateStyle::Compact))
}
