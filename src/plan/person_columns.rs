//! Which headings of a plain file hold what of a person: the part `[columns]` of a linkage model.

use super::reader::Section;

/// What a column says of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum PersonColumn {
    /// Identity number.
    Number,
    /// Name.
    Name,
    /// Sex.
    Sex,
    /// Birth date.
    Birth,
    /// Township, name or code.
    Township,
    /// Village, name or code.
    Village,
    /// The file's own number of the household or family.
    Household,
    /// Telephone.
    Phone,
    /// Name of the head of the household.
    Head,
}

impl PersonColumn {
    /// How many there are.
    pub const COUNT: usize = 9;

    /// All of them with the word a model uses.
    pub const WORDS: [(&'static str, PersonColumn); PersonColumn::COUNT] = [
        ("number", PersonColumn::Number),
        ("name", PersonColumn::Name),
        ("sex", PersonColumn::Sex),
        ("birth", PersonColumn::Birth),
        ("township", PersonColumn::Township),
        ("village", PersonColumn::Village),
        ("household", PersonColumn::Household),
        ("phone", PersonColumn::Phone),
        ("head", PersonColumn::Head),
    ];

    /// The word a model uses.
    pub fn word(self) -> &'static str {
        PersonColumn::WORDS[self as usize].0
    }
}

/// Headings that are looked for, likeliest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headings {
    /// What the column says.
    pub column: PersonColumn,
    /// Headings of the left side (the register).
    pub left: Vec<String>,
    /// Headings of the right side.
    pub right: Vec<String>,
}

/// Reads `[columns]`; empty when the model has none.
pub(super) fn read(file: &Section) -> Vec<Headings> {
    let Some(section) = file.section("columns") else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (word, column) in PersonColumn::WORDS {
        let Some(of) = section.section(word) else {
            continue;
        };
        let both = of.texts("both").unwrap_or_default();
        let side = |key: &str| match of.has(key) {
            true => of.texts(key).unwrap_or_default(),
            false => both.clone(),
        };
        let (left, right) = (side("left"), side("right"));
        if left.is_empty() && right.is_empty() {
            of.error(
                "plan.empty",
                "both",
                format!("no heading is named for `{word}`"),
                "name headings under `both`, or under `left` and `right`",
            );
        }
        of.finish();
        all.push(Headings { column, left, right });
    }
    section.finish();
    all
}

/// The same part as text, for a model that is written to a file.
pub fn written(columns: &[Headings]) -> String {
    let list = |headings: &[String]| {
        let quoted: Vec<String> = headings.iter().map(|h| format!("{h:?}")).collect();
        quoted.join(", ")
    };
    let mut text = String::new();
    for of in columns {
        text.push_str(&format!(
            "\n[columns.{}]\nleft = [{}]\nright = [{}]\n",
            of.column.word(),
            list(&of.left),
            list(&of.right)
        ));
    }
    text
}
