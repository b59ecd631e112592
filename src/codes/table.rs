//! One code table: CSV text in, entries with their look-up out, every problem with its line.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::fold::fold;
use crate::diag::{Diagnostic, Place, nearest};

/// A table of codes: name, version, first day, entries.
#[derive(Debug, Clone)]
pub struct CodeTable {
    name: String,
    version: String,
    effective_from: Option<Date>,
    document: String,
    entries: Vec<Entry>,
    index: BTreeMap<String, usize>,
}

/// One code of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Canonical code, ASCII.
    pub code: String,
    /// Chinese title.
    pub title: String,
    /// Other ways in which it is written, codes of other systems among them.
    pub aliases: Vec<String>,
    /// Further columns of the table by their heading, for example `department` of `cause.csv`.
    pub extra: BTreeMap<String, String>,
}

impl CodeTable {
    /// Name, the file's name without its ending.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Version as the table states it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// First day on which the table holds, when it states one.
    pub fn effective_from(&self) -> Option<Date> {
        self.effective_from
    }

    /// Standard or document that the table comes from.
    pub fn document(&self) -> &str {
        &self.document
    }

    /// The entry that a written value means: its code, its title or an alias, whatever the width, spaces or case.
    pub fn resolve(&self, cleaned: &str) -> Option<&Entry> {
        self.index.get(&fold(cleaned)).map(|&i| &self.entries[i])
    }

    /// The entry of a canonical code.
    pub fn entry(&self, code: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.code == code)
    }

    /// All entries in file order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn from_sheet(sheet: Sheet, problems: &mut Vec<Diagnostic>) -> CodeTable {
        sheet.require_columns(&["code", "title", "aliases"], problems);
        let mut table = CodeTable {
            name: sheet.name.clone(),
            version: sheet.version.clone(),
            effective_from: sheet.effective_from,
            document: sheet.document.clone(),
            entries: Vec::new(),
            index: BTreeMap::new(),
        };
        for (line, row) in &sheet.rows {
            let place = Place::file(&sheet.file).at(*line, 1);
            let code = row.get("code").cloned().unwrap_or_default();
            let title = row.get("title").cloned().unwrap_or_default();
            if code.is_empty() || !code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                problems.push(
                    Diagnostic::error("codes.bad_code", format!("`{code}` is no code"), place)
                        .hint("a canonical code is made of ASCII letters, digits and `_`"),
                );
                continue;
            }
            if title.is_empty() && row.contains_key("title") {
                problems.push(
                    Diagnostic::error("codes.no_title", format!("code `{code}` has no title"), place.clone())
                        .hint("the title is what clerks read"),
                );
            }
            if table.entry(&code).is_some() {
                problems.push(
                    Diagnostic::error("codes.duplicate_code", format!("code `{code}` stands twice"), place)
                        .hint("put all ways of writing it into the aliases of one line, separated by `|`"),
                );
                continue;
            }
            let known = ["code", "title", "aliases"];
            let entry = Entry {
                aliases: split_aliases(row.get("aliases")),
                extra: row
                    .iter()
                    .filter(|(k, _)| !known.contains(&k.as_str()))
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect(),
                code,
                title,
            };
            table.add(entry, &place, problems);
        }
        table
    }

    fn add(&mut self, entry: Entry, place: &Place, problems: &mut Vec<Diagnostic>) {
        let i = self.entries.len();
        let written = [&entry.code, &entry.title].into_iter().chain(&entry.aliases);
        for text in written.filter(|t| !t.is_empty()) {
            let previous = *self.index.entry(fold(text)).or_insert(i);
            if previous != i {
                let other = &self.entries[previous].code;
                problems.push(
                    Diagnostic::error(
                        "codes.ambiguous",
                        format!("`{text}` stands for `{}` and for `{other}`", entry.code),
                        place.clone(),
                    )
                    .hint("a written value can mean one code only; two systems that disagree need a table each"),
                );
            }
        }
        self.entries.push(entry);
    }
}

/// The parts of an aliases cell.
pub(super) fn split_aliases(cell: Option<&String>) -> Vec<String> {
    let parts = cell.map(|c| c.split('|')).into_iter().flatten();
    parts.map(str::trim).filter(|p| !p.is_empty()).map(str::to_string).collect()
}

/// A code file as read: the comment block, and the rows by heading with their line numbers.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) version: String,
    pub(super) effective_from: Option<Date>,
    pub(super) document: String,
    headings: Vec<String>,
    pub(super) rows: Vec<(u32, BTreeMap<String, String>)>,
}

impl Sheet {
    /// Reads the text of a code file. `name` is the file's name without ending, `file` its path as people see it.
    pub(super) fn parse(name: &str, file: &str, text: &str, problems: &mut Vec<Diagnostic>) -> Sheet {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let mut sheet = Sheet {
            name: name.into(),
            file: file.into(),
            version: String::new(),
            effective_from: None,
            document: String::new(),
            headings: Vec::new(),
            rows: Vec::new(),
        };
        sheet.comment_block(text, problems);
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        match reader.headers() {
            Ok(headings) => sheet.headings = headings.iter().map(str::to_string).collect(),
            Err(error) => sheet.csv_problem(&error, problems),
        }
        for record in reader.records() {
            match record {
                Ok(record) => sheet.row(&record, problems),
                Err(error) => sheet.csv_problem(&error, problems),
            }
        }
        sheet
    }

    fn row(&mut self, record: &csv::StringRecord, problems: &mut Vec<Diagnostic>) {
        let line = record.position().map_or(0, |p| p.line() as u32);
        if record.len() != self.headings.len() {
            let (found, wanted) = (record.len(), self.headings.len());
            problems.push(
                Diagnostic::error(
                    "codes.row_width",
                    format!("this line has {found} cells, the headings have {wanted}"),
                    Place::file(&self.file).at(line, 1),
                )
                .hint("separate cells by `,` and aliases by `|`; quote a cell that contains a comma"),
            );
            return;
        }
        let cells = self.headings.iter().cloned().zip(record.iter().map(str::to_string));
        self.rows.push((line, cells.collect()));
    }

    /// The `# key: value` lines before the headings.
    fn comment_block(&mut self, text: &str, problems: &mut Vec<Diagnostic>) {
        let mut name = None;
        for (i, line) in text.lines().enumerate().take_while(|(_, l)| l.starts_with('#')) {
            let Some((key, value)) = line.trim_start_matches('#').split_once([':', '：']) else {
                continue;
            };
            let value = value.trim().to_string();
            let place = Place::file(&self.file).at(i as u32 + 1, 1);
            match key.trim() {
                "name" => name = Some((value, place)),
                "version" => self.version = value,
                "document" => self.document = value,
                "effective_from" => match value.parse::<Date>() {
                    Ok(date) => self.effective_from = Some(date),
                    Err(_) => problems.push(
                        Diagnostic::error("codes.bad_date", "`effective_from` is not a date", place)
                            .hint("write it as 2026-01-31"),
                    ),
                },
                _ => {}
            }
        }
        match name {
            None => problems.push(
                Diagnostic::error("codes.no_name", "the table does not say its name", Place::file(&self.file).at(1, 1))
                    .hint(format!(
                        "begin the file with `# name: {}`, `# version: …`, `# effective_from: …`, `# document: …`",
                        self.name
                    )),
            ),
            Some((name, place)) if name != self.name => problems.push(
                Diagnostic::error(
                    "codes.name_differs",
                    format!("the table is named `{name}` but its file `{}.csv`", self.name),
                    place,
                )
                .hint("contracts name a table by its file; make both the same"),
            ),
            Some(_) if self.version.is_empty() => problems.push(
                Diagnostic::error(
                    "codes.no_version",
                    "the table does not say its version",
                    Place::file(&self.file).at(1, 1),
                )
                .hint("add a line `# version: 1` below the name and raise it with every change"),
            ),
            Some(_) => {}
        }
    }

    pub(super) fn require_columns(&self, wanted: &[&str], problems: &mut Vec<Diagnostic>) {
        for column in wanted.iter().filter(|w| !self.headings.iter().any(|h| h == *w)) {
            let near = nearest(column, self.headings.iter().map(String::as_str));
            let hint = match near {
                Some(near) => format!("is `{near}` meant? the headings are {}", wanted.join(",")),
                None => format!("the headings are {}", wanted.join(",")),
            };
            problems.push(
                Diagnostic::error("codes.no_column", format!("there is no column `{column}`"), Place::file(&self.file))
                    .hint(hint),
            );
        }
    }

    fn csv_problem(&self, error: &csv::Error, problems: &mut Vec<Diagnostic>) {
        let line = error.position().map_or(1, |p| p.line() as u32);
        problems.push(Diagnostic::error(
            "codes.bad_csv",
            format!("this line cannot be read as CSV: {error}"),
            Place::file(&self.file).at(line, 1),
        ));
    }
}
