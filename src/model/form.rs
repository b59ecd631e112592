//! What a form (核实表, 会议审定表, 开单…) and its reader agree on: kinds, columns, tokens, the hidden sheet; what was issued and
//! what came back.
//!
//! A form is one workbook. It goes to a township, a department or a meeting and comes back filled in. Its rows are known by
//! their tokens and by nothing else: not by their position, the sheet's name or the file's.
//!
//! | who | does |
//! |---|---|
//! | `cases::forms` | says what a kind asks and what an answer means, and judges what came back |
//! | `publish::workbook` | draws it |
//! | `ingest::form` | reads what came back, whatever program saved it |
//! | `run::forms` | issues, takes in, answers with a receipt |

use std::collections::BTreeMap;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::raw::CellKind;
use super::receipt::same_text;

/// Name of the hidden sheet by which a form is known.
pub const MARKER: &str = "bidui";
/// First cell of the hidden sheet: the shape of what follows.
pub const FORMAT: &str = "bidui.form.1";
/// Heading of the column with the rows' tokens.
pub const TOKEN: &str = "编号";
/// Heading of the column at the far end with the last characters of the token: it shows when only some columns were sorted.
pub const TOKEN_END: &str = "核对";
/// What stands before the form's token where it is printed.
pub const FORM: &str = "表单编号";
/// Characters of the token that stand at the far end.
const END: usize = 4;

/// A kind of form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FormKind {
    /// What a village is asked about the comparison's differences.
    Verify,
    /// Who it is about, of whom nobody knew: for the office itself.
    Identity,
    /// Empty form for new reports of the villages.
    Blank,
    /// Empty form for households that report themselves.
    SelfReport,
    /// List for publicity, with the objections.
    Publicity,
    /// Review of a township.
    Township,
    /// Decision of the county meeting.
    Meeting,
    /// Entry into the national system.
    National,
    /// Work order to a department.
    Order,
    /// The office's look at what departments plan.
    Filing,
    /// A department's monthly return.
    Return,
    /// Assessment before the end of the special attention.
    Exit,
    /// Publishing an exit and telling the household.
    Notice,
    /// Measuring income and means again.
    Remeasure,
}

impl FormKind {
    /// Code and Chinese title of every kind.
    pub const ALL: [(FormKind, &'static str, &'static str); 14] = [
        (FormKind::Verify, "verify", "核实表"),
        (FormKind::Identity, "identity", "身份核对表"),
        (FormKind::Blank, "blank", "线下上报表"),
        (FormKind::SelfReport, "self_report", "自主申报表"),
        (FormKind::Publicity, "publicity", "公示名单"),
        (FormKind::Township, "township", "乡镇审核表"),
        (FormKind::Meeting, "meeting", "会议审定表"),
        (FormKind::National, "national", "系统录入表"),
        (FormKind::Order, "order", "防贫开单"),
        (FormKind::Filing, "filing", "备案审核表"),
        (FormKind::Return, "return", "月反馈表"),
        (FormKind::Exit, "exit", "退出评定表"),
        (FormKind::Notice, "notice", "退出告知表"),
        (FormKind::Remeasure, "remeasure", "复测表"),
    ];

    fn entry(self) -> (&'static str, &'static str) {
        let found = Self::ALL.iter().find(|(kind, ..)| *kind == self);
        found.map_or(("", ""), |(_, code, title)| (*code, *title))
    }

    /// ASCII code, as the command line and the ledger have it.
    pub fn code(self) -> &'static str {
        self.entry().0
    }

    /// Chinese title.
    pub fn title(self) -> &'static str {
        self.entry().1
    }

    /// The kind of a code.
    pub fn of(code: &str) -> Option<FormKind> {
        Self::ALL.iter().find(|(_, own, _)| *own == code).map(|(kind, ..)| *kind)
    }
}

/// What may be entered in a column that is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Anything.
    Free,
    /// One of these only.
    OneOf(Vec<String>),
    /// One of these, or several joined by `、`.
    Among(Vec<String>),
    /// A day, not after the day on which it is read.
    Day,
    /// A number that is not negative, with at most two decimals: people, yuan, months.
    Number,
    /// A whole identity number with the right check digit.
    IdNumber,
}

/// When a column must be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needed {
    /// Never.
    No,
    /// In every row that is answered.
    Yes,
    /// In rows whose deciding answer is one of these.
    When(Vec<String>),
    /// Never; and it is not kept in rows whose deciding answer is none of these.
    OnlyWith(Vec<String>),
}

/// What a column is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// The running number within the sheet; locked, means nothing.
    Count,
    /// The row's token; locked.
    Token,
    /// The last characters of the token at the far end; locked.
    TokenEnd,
    /// What the row is about; locked, and compared when it comes back.
    Given {
        /// True when a row is another's if this differs: nothing of such a row is applied.
        identifies: bool,
    },
    /// To be filled in.
    Asked {
        /// What may be entered.
        entry: Entry,
        /// When it must be.
        needed: Needed,
        /// Name of the case move's detail that it becomes: `by`, `day`, `reason`, `causes`…; empty for the deciding answer.
        detail: &'static str,
    },
}

/// A column of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormColumn {
    /// Heading.
    pub heading: String,
    /// Least and most width, in half-width characters.
    pub widths: (usize, usize),
    /// What it is for.
    pub role: Use,
    /// Whether people need it on paper; what only the program needs stands at the far end and is not printed.
    pub printed: bool,
}

impl FormColumn {
    fn new(heading: &str, widths: (usize, usize), role: Use) -> Self {
        let printed = role != Use::TokenEnd;
        FormColumn { heading: heading.into(), widths, role, printed }
    }

    /// A locked column.
    pub fn given(heading: &str, widths: (usize, usize), identifies: bool) -> Self {
        FormColumn::new(heading, widths, Use::Given { identifies })
    }

    /// A column to fill in.
    pub fn asked(heading: &str, width: usize, entry: Entry, needed: Needed, detail: &'static str) -> Self {
        FormColumn::new(heading, (width, width), Use::Asked { entry, needed, detail })
    }

    /// The running number.
    pub fn count() -> Self {
        FormColumn::new("序号", (5, 6), Use::Count)
    }

    /// The row's token.
    pub fn token() -> Self {
        FormColumn::new(TOKEN, (11, 12), Use::Token)
    }

    /// The end of the row's token.
    pub fn token_end() -> Self {
        FormColumn::new(TOKEN_END, (6, 7), Use::TokenEnd)
    }

    /// Leaves the column off the paper.
    pub fn unprinted(self) -> Self {
        FormColumn { printed: false, ..self }
    }

    /// True for a column that is filled in.
    pub fn is_asked(&self) -> bool {
        matches!(self.role, Use::Asked { .. })
    }

    /// True for a column whose locked text is compared.
    pub fn is_given(&self) -> bool {
        matches!(self.role, Use::Given { .. })
    }
}

/// What a kind of form shows, asks and means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormSpec {
    /// The kind.
    pub kind: FormKind,
    /// Columns from left to right. One is the token.
    pub columns: Vec<FormColumn>,
    /// What is asked once for the whole form, on its cover (number and day of a meeting); only [`Use::Asked`].
    pub head: Vec<FormColumn>,
    /// Heading of the deciding answer: a row is answered when it is filled in.
    pub result: String,
    /// What each choice of the deciding answer means: the trigger of a move (`answer.true`).
    pub meanings: Vec<(String, String)>,
    /// Whether rows without a token may be new reports.
    pub additions: bool,
}

impl FormSpec {
    /// The column with a heading.
    pub fn column(&self, heading: &str) -> Option<&FormColumn> {
        self.columns.iter().chain(&self.head).find(|c| c.heading == heading)
    }

    /// The trigger of a deciding answer.
    pub fn meaning(&self, result: &str) -> Option<&str> {
        self.meanings.iter().find(|(choice, _)| choice == result).map(|(_, trigger)| trigger.as_str())
    }
}

/// A form as it was issued: what the ledger keeps of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Token of the form.
    pub form: String,
    /// Its kind.
    pub kind: FormKind,
    /// The round it belongs to.
    pub round: String,
    /// Code of the township it goes to; none for county papers.
    pub township_code: Option<String>,
    /// Name of the township, department or meeting it goes to.
    pub township: Option<String>,
    /// Day of issue.
    pub issued_on: Date,
    /// Day by which it should be back.
    pub due_on: Option<Date>,
    /// Rows in the order in which they are shown.
    pub rows: Vec<IssuedRow>,
}

/// A row as it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedRow {
    /// Token of the row.
    pub token: String,
    /// The sheet it stands on: the village.
    pub sheet: String,
    /// The case it is about.
    pub case: Option<u32>,
    /// The work order it is about.
    pub order: Option<u32>,
    /// Texts of the columns [`Use::Given`], by heading.
    pub shown: BTreeMap<String, String>,
}

impl IssuedRow {
    /// Digest of the locked cells.
    pub fn digest(&self) -> String {
        digest(&self.shown)
    }
}

/// Digest of locked cells: the same after a way through any spreadsheet program.
pub fn digest(shown: &BTreeMap<String, String>) -> String {
    let mut hasher = Sha256::new();
    for (heading, text) in shown {
        for part in [same_text(heading), same_text(text)] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hasher.finalize()[..8].iter().map(|b| format!("{b:02x}")).collect()
}

/// The end of a token, as it stands at the far end of its row.
pub fn end_of(token: &str) -> &str {
    &token[token.len().saturating_sub(END)..]
}

/// A file that came back: its sheets as they stand, nothing judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Returned {
    /// All sheets that hold anything, hidden ones too; a text file is one sheet without a name.
    pub sheets: Vec<ReturnedSheet>,
}

/// A sheet that came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReturnedSheet {
    /// Its name now.
    pub name: String,
    /// Rows that hold anything, from top to bottom.
    pub rows: Vec<ReturnedRow>,
}

/// A row that came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReturnedRow {
    /// Row of the sheet or line of the text, from 1.
    pub row: u32,
    /// Column from 0, text, kind of cell; from left to right, blank cells left out.
    pub cells: Vec<(u32, String, CellKind)>,
}

/// What the hidden sheet says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marker {
    /// Code of the kind.
    pub kind: String,
    /// Token of the form.
    pub form: String,
    /// The round.
    pub round: String,
    /// The township; only on empty forms.
    pub township: String,
    /// Names of its sheets as issued.
    pub sheets: Vec<String>,
    /// Tokens of the rows and digests of their locked cells.
    pub rows: Vec<(String, String)>,
}

impl ReturnedRow {
    /// The cell of a column, when it is not blank.
    pub fn get(&self, column: u32) -> Option<(&str, CellKind)> {
        self.cells.iter().find(|(own, ..)| *own == column).map(|(_, text, kind)| (text.as_str(), *kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_go_there_and_back() {
        for (kind, code, title) in FormKind::ALL {
            assert_eq!(FormKind::of(code), Some(kind));
            assert!(!title.is_empty() && kind.title() == title);
        }
        assert_eq!(FormKind::of("nothing"), None);
    }

    #[test]
    fn a_digest_is_of_what_people_see() {
        let shown = |name: &str| BTreeMap::from([("户主".to_string(), name.to_string())]);
        assert_eq!(digest(&shown("张三")), digest(&shown(" 张三\r\n")));
        assert_ne!(digest(&shown("张三")), digest(&shown("张山")));
    }
}
