//! Workbooks as departments send them. In: cells. Out: XLSX with a fixed creation date; the number of every row written.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet};

use super::dirt::NumberCell;
use crate::diag::{Failure, Outcome};

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// A date cell.
    Date(Date),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_string()) }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        if text.is_empty() { Cell::Empty } else { Cell::Text(text) }
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Cell::Number(value as f64)
    }
}

impl From<NumberCell> for Cell {
    fn from(cell: NumberCell) -> Self {
        match cell {
            NumberCell::Text(text) => text.into(),
            NumberCell::Damaged(value) => Cell::Number(value),
        }
    }
}

/// Fen as a number cell in yuan.
pub fn yuan(fen: i64) -> Cell {
    Cell::Number(fen as f64 / 100.0)
}

/// Makes the folder of a file and gives the file's path.
pub fn place(out: &Path, relative: &str) -> Outcome<PathBuf> {
    let path = out.join(relative);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|e| Failure::io("create the folder", parent, &e))?;
    }
    Ok(path)
}

/// A workbook with one sheet at hand.
pub struct Book {
    path: PathBuf,
    workbook: Workbook,
    date: Format,
    title: Format,
    head: Format,
}

/// The sheet being written.
pub struct Page {
    /// Its name.
    pub name: String,
    sheet: Worksheet,
    next: u32,
    date: Format,
    title: Format,
    head: Format,
}

impl Book {
    /// A workbook whose creation date is the round's day, so that its bytes are the same every time.
    pub fn create(out: &Path, relative: &str, as_of: Date) -> Outcome<Book> {
        let path = place(out, relative)?;
        let created = ExcelDateTime::from_ymd(
            as_of.year().unsigned_abs(),
            as_of.month().unsigned_abs(),
            as_of.day().unsigned_abs(),
        )
        .map_err(|e| Failure::io("write", &path, &e))?;
        let mut workbook = Workbook::new();
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
        Ok(Book {
            path,
            workbook,
            date: Format::new().set_num_format("yyyy/m/d"),
            title: Format::new().set_bold().set_font_size(16).set_align(FormatAlign::Center),
            head: Format::new().set_bold().set_align(FormatAlign::Center),
        })
    }

    /// A new sheet.
    pub fn page(&self, name: &str) -> Outcome<Page> {
        let mut sheet = Worksheet::new();
        sheet.set_name(name).map_err(|e| Failure::io("name a sheet of", &self.path, &e))?;
        Ok(Page {
            name: name.to_string(),
            sheet,
            next: 0,
            date: self.date.clone(),
            title: self.title.clone(),
            head: self.head.clone(),
        })
    }

    /// Puts a finished sheet into the book.
    pub fn add(&mut self, page: Page) {
        self.workbook.push_worksheet(page.sheet);
    }

    /// Writes the file.
    pub fn save(mut self) -> Outcome<()> {
        self.workbook.save(&self.path).map_err(|e| Failure::io("write", &self.path, &e))
    }
}

impl Page {
    fn failed(e: rust_xlsxwriter::XlsxError) -> Failure {
        Failure::io("write a cell of", Path::new("workbook"), &e)
    }

    /// A title over so many columns, merged.
    pub fn title(&mut self, text: &str, columns: u16) -> Outcome<()> {
        self.sheet.merge_range(self.next, 0, self.next, columns - 1, text, &self.title).map_err(Self::failed)?;
        self.next += 1;
        Ok(())
    }

    /// A row of headings.
    pub fn headings(&mut self, headings: &str) -> Outcome<()> {
        for (column, heading) in headings.split(',').enumerate() {
            self.sheet.write_string_with_format(self.next, column as u16, heading, &self.head).map_err(Self::failed)?;
        }
        self.next += 1;
        Ok(())
    }

    /// Two rows of headings: groups merged over their columns, the columns' own below.
    pub fn two_level_headings(&mut self, groups: &[(&str, &str)]) -> Outcome<()> {
        let mut column = 0u16;
        for (group, members) in groups {
            let members: Vec<&str> = members.split(',').collect();
            let last = column + members.len() as u16 - 1;
            self.sheet.merge_range(self.next, column, self.next, last, group, &self.head).map_err(Self::failed)?;
            for (i, member) in members.iter().enumerate() {
                self.sheet
                    .write_string_with_format(self.next + 1, column + i as u16, *member, &self.head)
                    .map_err(Self::failed)?;
            }
            column = last + 1;
        }
        self.next += 2;
        Ok(())
    }

    /// Leaves a row blank.
    pub fn blank(&mut self) {
        self.next += 1;
    }

    /// Number of rows so far.
    pub fn rows(&self) -> u32 {
        self.next
    }

    /// Writes a row and gives its row number as Excel shows it.
    pub fn row(&mut self, cells: &[Cell]) -> Outcome<u32> {
        for (column, cell) in cells.iter().enumerate() {
            let column = column as u16;
            match cell {
                Cell::Empty => continue,
                Cell::Text(text) => self.sheet.write_string(self.next, column, text).map(|_| ()),
                Cell::Number(value) => self.sheet.write_number(self.next, column, *value).map(|_| ()),
                Cell::Date(date) => {
                    let serial = f64::from(days_since_1899(*date));
                    self.sheet.write_number_with_format(self.next, column, serial, &self.date).map(|_| ())
                }
            }
            .map_err(Self::failed)?;
        }
        self.next += 1;
        Ok(self.next)
    }
}

/// Excel's serial number of a day.
fn days_since_1899(date: Date) -> i32 {
    Date::constant(1899, 12, 30).until(date).map(|s| s.get_days()).unwrap_or(0)
}
