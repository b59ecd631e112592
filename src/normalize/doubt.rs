//! What every normaliser gives back: a clean value or none, and at most one doubt about it.

/// Something doubtful about one cell, told to the department that sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// Stable code, for example `date.impossible`.
    pub code: &'static str,
    /// What is doubtful, in Chinese, without the value.
    pub message: &'static str,
}

impl Doubt {
    /// A doubt with its code and words.
    pub const fn new(code: &'static str, message: &'static str) -> Self {
        Doubt { code, message }
    }
}

/// A normalised cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clean<T> {
    /// The value; none when the cell is empty or nothing can be made of it.
    pub value: Option<T>,
    /// What is doubtful; a value may stand beside it.
    pub doubt: Option<Doubt>,
}

impl<T> Clean<T> {
    /// An empty cell: no value and nothing wrong.
    pub const EMPTY: Self = Clean { value: None, doubt: None };

    /// A value without doubt.
    pub fn sure(value: T) -> Self {
        Clean { value: Some(value), doubt: None }
    }

    /// A value to be looked at.
    pub fn doubtful(value: T, doubt: Doubt) -> Self {
        Clean { value: Some(value), doubt: Some(doubt) }
    }

    /// No value, and why.
    pub fn refused(doubt: Doubt) -> Self {
        Clean { value: None, doubt: Some(doubt) }
    }
}

/// An error value of a spreadsheet cell (`#N/A`, `#REF!`), in any kind of field.
pub const CELL_ERROR: Doubt = Doubt::new("cell.error", "单元格是公式错误，没有值");
