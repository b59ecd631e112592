//! Diagnostics: what is wrong, where, why, and what to do about it.
//!
//! Everything that can go wrong is told as a [`Diagnostic`] with a stable code, so that a person
//! reads a sentence and a program reads the code. Nothing here prints: only `cli` does.

mod mask;
mod suggest;
mod titles;

pub use mask::mask_runs;
pub use suggest::nearest;
pub use titles::title;

use std::fmt;

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Something doubtful that did not stop the work.
    Warning,
    /// Something that stopped the work on this file, source or run.
    Error,
}

impl Severity {
    /// The word in tables and pipeline files.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }

    /// The word that clerks read.
    pub fn title(self) -> &'static str {
        match self {
            Severity::Note => "提示",
            Severity::Warning => "一般",
            Severity::Error => "严重",
        }
    }
}

/// Where a diagnostic points: a file, and in it a line and column (text) or a sheet and row (workbook).
///
/// Lines, columns and rows count from 1, as an editor or a spreadsheet shows them.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Place {
    /// Path as the user gave it or relative to the pipeline or input folder; `/` on every system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line in a text file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in that line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Sheet of a workbook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// Row of a sheet or a delimited file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u32>,
    /// The field, heading or key in question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Place {
    /// A place that is a whole file.
    pub fn file(file: impl Into<String>) -> Self {
        Place { file: Some(file.into()), ..Place::default() }
    }

    /// The same place, narrowed to a line and column of a text file.
    pub fn at(mut self, line: u32, column: u32) -> Self {
        self.line = Some(line);
        self.column = Some(column);
        self
    }

    /// The same place, narrowed to a sheet.
    pub fn sheet(mut self, sheet: impl Into<String>) -> Self {
        self.sheet = Some(sheet.into());
        self
    }

    /// The same place, narrowed to a row.
    pub fn row(mut self, row: u32) -> Self {
        self.row = Some(row);
        self
    }

    /// The same place, narrowed to a field, heading or key.
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// True when the place names nothing.
    pub fn is_empty(&self) -> bool {
        *self == Place::default()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sep = "";
        if let Some(file) = &self.file {
            write!(f, "{file}")?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
                if let Some(column) = self.column {
                    write!(f, ":{column}")?;
                }
            }
            sep = ", ";
        }
        if let Some(sheet) = &self.sheet {
            write!(f, "{sep}sheet {sheet}")?;
            sep = ", ";
        }
        if let Some(row) = self.row {
            write!(f, "{sep}row {row}")?;
            sep = ", ";
        }
        if let Some(field) = &self.field {
            write!(f, "{sep}{field}")?;
        }
        Ok(())
    }
}

/// One problem, told so that its reader can act on it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Diagnostic {
    /// Stable code, `area.what`, in `snake_case`; never reused for something else.
    #[serde(deserialize_with = "read_code")]
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong and why, one sentence, no personal value in it.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A diagnostic that stopped something.
    ///
    /// What looks like somebody's number is masked in it: names of files, sheets and headings may hold one.
    pub fn error(code: &'static str, message: impl Into<String>, place: Place) -> Self {
        let masked = |text: Option<String>| text.map(|t| mask_runs(&t));
        let place = Place { file: masked(place.file), sheet: masked(place.sheet), field: masked(place.field), ..place };
        Diagnostic { code, severity: Severity::Error, message: mask_runs(&message.into()), place, hint: None }
    }

    /// A diagnostic about something doubtful.
    pub fn warning(code: &'static str, message: impl Into<String>, place: Place) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, message, place) }
    }

    /// A diagnostic that only informs.
    pub fn note(code: &'static str, message: impl Into<String>, place: Place) -> Self {
        Diagnostic { severity: Severity::Note, ..Diagnostic::error(code, message, place) }
    }

    /// The same diagnostic with what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(mask_runs(&hint.into()));
        self
    }

    /// True when it stopped something.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// A stable code. Under this name a reader of files knows that it is no text of the file.
pub type Code = &'static str;

/// Reads a stable code back from a file. Codes are words of this program: each is kept once, however often it is read.
///
/// # Errors
/// What stands there is no text.
pub fn read_code<'de, D: serde::Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    static KNOWN: std::sync::Mutex<std::collections::BTreeSet<&'static str>> =
        std::sync::Mutex::new(std::collections::BTreeSet::new());
    let word = <String as serde::Deserialize>::deserialize(from)?;
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(code) = known.get(word.as_str()) {
        return Ok(code);
    }
    let code: &'static str = Box::leak(word.into_boxed_str());
    known.insert(code);
    Ok(code)
}

/// Puts problems into reading order: the gravest first, then by place and code.
pub fn sort(problems: &mut [Diagnostic]) {
    let key = |p: &Diagnostic| (std::cmp::Reverse(p.severity), p.place.clone(), p.code);
    problems.sort_by_cached_key(key);
}

/// Why a command could not do its work; each class has its documented exit code (DESIGN §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The command line is wrong: 64.
    Usage,
    /// An input breaks its contract: 65.
    InputContract,
    /// A required input is missing: 66.
    InputMissing,
    /// A sum does not close or another promise of the program itself is broken: 70.
    Internal,
    /// Something cannot be read or written: 74.
    Io,
    /// Another run holds the lock: 75.
    Locked,
    /// A pipeline file is wrong: 78.
    Pipeline,
}

impl FailureClass {
    /// The process exit code of this class (the numbers of `sysexits.h`).
    pub fn exit_code(self) -> u8 {
        match self {
            FailureClass::Usage => 64,
            FailureClass::InputContract => 65,
            FailureClass::InputMissing => 66,
            FailureClass::Internal => 70,
            FailureClass::Io => 74,
            FailureClass::Locked => 75,
            FailureClass::Pipeline => 78,
        }
    }
}

/// A command's end when its work could not be done: the class and every problem found on the way.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Failure {
    /// The class, which decides the exit code.
    pub class: FailureClass,
    /// All problems, in the order in which they should be read.
    pub problems: Vec<Diagnostic>,
}

impl Failure {
    /// A failure with one problem.
    pub fn one(class: FailureClass, problem: Diagnostic) -> Self {
        Failure { class, problems: vec![problem] }
    }

    /// An input or output error at a path, with the system's own words.
    pub fn io(what: &str, path: &std::path::Path, error: &dyn fmt::Display) -> Self {
        Failure::one(
            FailureClass::Io,
            Diagnostic::error("io.failed", format!("cannot {what}: {error}"), Place::file(path.display().to_string()))
                .hint("check that the path exists, that the disk has room and that you may read and write there"),
        )
    }

    /// A broken promise of the program itself.
    pub fn internal(message: impl Into<String>) -> Self {
        Failure::one(
            FailureClass::Internal,
            Diagnostic::error("internal.broken_promise", message, Place::default())
                .hint("nothing was published; please report this with the manifest of the run"),
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{}: {} [{}]", problem.place, problem.message, problem.code)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// A result whose failure carries its exit code and all its problems.
pub type Outcome<T> = Result<T, Failure>;
