//! Workbooks in the hands of a clerk: read as they are, hidden sheets too, changed cell by cell, saved as another program would.
//!
//! `Book::read(path)` … `book.set(sheet, row, "核实结果", "属实")` … `book.write(path)`. Used wherever a test fills a form in.

use std::path::Path;

use calamine::{Data, DataRef, Reader, SheetVisible, Xlsx};
use rust_xlsxwriter::Workbook;

/// Heading of the rows' tokens.
const TOKEN: &str = "编号";

/// A sheet: its name, whether people see it, its cells as texts.
#[derive(Debug, Clone)]
pub struct Sheet {
    pub name: String,
    pub hidden: bool,
    pub grid: Vec<Vec<String>>,
}

/// A workbook.
#[derive(Debug, Clone)]
pub struct Book {
    pub sheets: Vec<Sheet>,
}

impl Sheet {
    /// Row of the headings, when the sheet has rows with tokens.
    pub fn heading(&self) -> Option<usize> {
        self.grid.iter().position(|r| r.iter().any(|c| c == TOKEN))
    }

    /// Column of a heading.
    pub fn column(&self, heading: &str) -> Option<usize> {
        self.grid[self.heading()?].iter().position(|c| c == heading)
    }
}

impl Book {
    /// Reads a workbook.
    pub fn read(path: &Path) -> Book {
        let mut book: Xlsx<_> = calamine::open_workbook(path).unwrap();
        let metadata = book.sheets_metadata().to_vec();
        let sheets = metadata.iter().map(|m| {
            let mut grid: Vec<Vec<String>> = Vec::new();
            let mut cells = book.worksheet_cells_reader(&m.name).unwrap();
            while let Some(cell) = cells.next_cell().unwrap() {
                let (row, column) = cell.get_position();
                let text = match cell.get_value() {
                    DataRef::Empty => continue,
                    other => Data::from(other.clone()).to_string(),
                };
                let (row, column) = (row as usize, column as usize);
                grid.resize_with(grid.len().max(row + 1), Vec::new);
                let line = &mut grid[row];
                line.resize_with(line.len().max(column + 1), String::new);
                line[column] = text;
            }
            Sheet { name: m.name.clone(), hidden: m.visible != SheetVisible::Visible, grid }
        });
        Book { sheets: sheets.collect() }
    }

    /// Saves it.
    pub fn write(&self, path: &Path) {
        let mut book = Workbook::new();
        for sheet in &self.sheets {
            let made = book.add_worksheet();
            made.set_name(&sheet.name).unwrap();
            made.set_very_hidden(sheet.hidden);
            for (r, row) in (0..).zip(&sheet.grid) {
                for (c, text) in (0..).zip(row).filter(|(_, t)| !t.is_empty()) {
                    made.write_string(r, c, text).unwrap();
                }
            }
        }
        book.save(path).unwrap();
    }

    /// A sheet as comma-separated text, as a program saves the one that is shown.
    pub fn csv(&self, sheet: usize) -> String {
        let quoted = |text: &String| format!("\"{}\"", text.replace('"', "\"\""));
        let lines = self.sheets[sheet].grid.iter().map(|r| r.iter().map(quoted).collect::<Vec<_>>().join(","));
        lines.collect::<Vec<_>>().join("\r\n")
    }

    /// Sheet and row of every row that has a token.
    pub fn rows(&self) -> Vec<(usize, usize)> {
        let mut rows = Vec::new();
        for (i, sheet) in self.sheets.iter().enumerate().filter(|(_, s)| !s.hidden) {
            let (Some(heading), Some(column)) = (sheet.heading(), sheet.column(TOKEN)) else { continue };
            let below = (heading + 1)..sheet.grid.len();
            rows.extend(below.filter(|r| sheet.grid[*r].get(column).is_some_and(|t| t.len() == 9)).map(|r| (i, r)));
        }
        rows
    }

    /// The token of a row.
    pub fn token(&self, sheet: usize, row: usize) -> String {
        self.get(sheet, row, TOKEN)
    }

    /// The text below a heading.
    pub fn get(&self, sheet: usize, row: usize, heading: &str) -> String {
        let of = &self.sheets[sheet];
        of.column(heading).and_then(|c| of.grid[row].get(c)).cloned().unwrap_or_default()
    }

    /// Writes below a heading.
    pub fn set(&mut self, sheet: usize, row: usize, heading: &str, text: &str) {
        let of = &mut self.sheets[sheet];
        let column = of.column(heading).unwrap_or_else(|| panic!("no column {heading}"));
        let line = &mut of.grid[row];
        line.resize_with(line.len().max(column + 1), String::new);
        line[column] = text.to_string();
    }

    /// Answers a row in full.
    pub fn answer(&mut self, sheet: usize, row: usize, result: &str) {
        self.set(sheet, row, "核实结果", result);
        self.set(sheet, row, "核实人", "王干部");
        self.set(sheet, row, "核实日期", "2026-10-08");
        if result != "属实" {
            self.set(sheet, row, "情况说明", "入户看过");
        }
        match result {
            "原因不同" => self.set(sheet, row, "实际风险", "因病、因学"),
            "身份不符" => self.set(sheet, row, "正确姓名", "陈明"),
            _ => {}
        }
    }
}
