//! What lies around an identity number in a cell: wrappers, invisible characters, annotations. Characters of the number
//! itself are not touched here.

use super::text::{half_width, is_invisible};

/// How sure a repair is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Only what lies around the number, or how the same characters are written, was changed.
    Certain,
    /// Characters were taken for those they resemble, and only so does the number pass its check digit.
    Checked,
    /// The check character was computed, so a wrong digit of the old number would not be noticed.
    Derived,
}

impl Certainty {
    /// The value as it stands in the `<field>_certainty` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Certainty::Certain => "certain",
            Certainty::Checked => "checked",
            Certainty::Derived => "derived",
        }
    }
}

/// What was done to a number, as a set of named repairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps(u16);

/// A repair's bit, its stable code, its words for clerks, how sure it is.
type Named = (Steps, &'static str, &'static str, Certainty);

impl Steps {
    /// Nothing.
    pub const NONE: Steps = Steps(0);
    /// White space or invisible characters removed.
    pub const SPACES: Steps = Steps(1);
    /// Full-width characters made half-width.
    pub const WIDTH: Steps = Steps(1 << 1);
    /// A leading apostrophe, quotes or `="…"` removed.
    pub const WRAPPER: Steps = Steps(1 << 2);
    /// Words before or behind the number removed.
    pub const ANNOTATION: Steps = Steps(1 << 3);
    /// Separators within the number removed.
    pub const SEPARATORS: Steps = Steps(1 << 4);
    /// Lower-case x made X.
    pub const CASE: Steps = Steps(1 << 5);
    /// A look-alike of X made X.
    pub const LOOK_ALIKE_X: Steps = Steps(1 << 6);
    /// Letters that look like 0 or 1 made digits.
    pub const LOOK_ALIKE_DIGIT: Steps = Steps(1 << 7);
    /// 15 characters made 18.
    pub const FROM_15: Steps = Steps(1 << 8);
    /// A disability certificate cut to its first 18 characters.
    pub const CERTIFICATE: Steps = Steps(1 << 9);
    /// The letter G of a pupil's number removed.
    pub const PUPIL: Steps = Steps(1 << 10);
    /// A telephone number or another short number of the same cell removed.
    pub const BESIDE: Steps = Steps(1 << 11);
    /// The same number stood in the cell more than once.
    pub const REPEATED: Steps = Steps(1 << 12);

    /// Every repair there is; the order is that in which the codes and words of one number are told.
    const NAMED: [Named; 13] = {
        use Certainty::{Certain, Checked, Derived};
        [
            (Steps::SPACES, "spaces", "去除空格或不可见字符", Certain),
            (Steps::WIDTH, "width", "全角转半角", Certain),
            (Steps::WRAPPER, "wrapper", "去除引号或等号", Certain),
            (Steps::ANNOTATION, "annotation", "去除附注文字", Certain),
            (Steps::BESIDE, "beside", "去除同格的其他号码", Certain),
            (Steps::REPEATED, "repeated", "同格重复的号码只取一次", Certain),
            (Steps::SEPARATORS, "separators", "去除分隔符", Certain),
            (Steps::CASE, "case", "小写x改为X", Certain),
            (Steps::LOOK_ALIKE_X, "look_alike_x", "形近字符改为X", Checked),
            (Steps::LOOK_ALIKE_DIGIT, "look_alike_digit", "字母O、l改为数字0、1", Checked),
            (Steps::FROM_15, "from_15", "15位旧号码升为18位", Derived),
            (Steps::PUPIL, "pupil", "学籍号去掉字头G", Certain),
            (Steps::CERTIFICATE, "certificate", "残疾人证号取前18位", Certain),
        ]
    };

    /// Both.
    pub const fn and(self, other: Steps) -> Steps {
        Steps(self.0 | other.0)
    }

    /// True when any of the others was done.
    pub fn has(self, other: Steps) -> bool {
        self.0 & other.0 != 0
    }

    fn named(self) -> impl Iterator<Item = &'static Named> {
        Steps::NAMED.iter().filter(move |named| self.has(named.0))
    }

    /// The stable codes, joined by `|`; none when nothing was done.
    pub fn codes(self) -> Option<String> {
        let codes: Vec<&str> = self.named().map(|named| named.1).collect();
        if codes.is_empty() { None } else { Some(codes.join("|")) }
    }

    /// How sure the least sure of the repairs is; none when nothing was done.
    pub fn certainty(self) -> Option<Certainty> {
        self.named().map(|named| named.3).max()
    }

    /// In Chinese for the evidence column; none when nothing was done. `suffix`: the certificate's last characters.
    pub fn words(self, suffix: Option<&str>) -> Option<String> {
        let words: Vec<String> = self
            .named()
            .map(|named| match (named.0, suffix) {
                (Steps::CERTIFICATE, Some(suffix)) => format!("{}（后缀{suffix}）", named.2),
                _ => named.2.to_string(),
            })
            .collect();
        if words.is_empty() { None } else { Some(words.join("；")) }
    }
}

/// A number's text on its way, and what was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// The text.
    pub text: String,
    /// What was done.
    pub steps: Steps,
}

fn is_wrapper(c: char) -> bool {
    matches!(c, '\'' | '"' | '`' | '=' | '‘' | '’' | '“' | '”' | '＇' | '＂')
}

/// Characters a number may begin or end with, the look-alikes included.
pub fn may_belong(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '*' | '|' | '×' | 'χ' | 'Χ' | 'Х' | 'х' | '✕' | '✖' | '╳' | 'О' | 'о' | 'Ο' | 'ο' | '〇' | '○')
}

/// Removes what lies around the number. Empty text when no character can belong to one.
pub fn clean(raw: &str) -> Cleaned {
    let mut steps = Steps::NONE;
    let mut chars: Vec<char> = Vec::with_capacity(24);
    for c in raw.chars() {
        if is_invisible(c) || c.is_whitespace() {
            steps = steps.and(Steps::SPACES);
            continue;
        }
        let folded = half_width(c);
        if folded != c {
            steps = steps.and(Steps::WIDTH);
        }
        chars.push(folded);
    }
    // Everything behind an opening bracket is a note: `…（户主）`, `…(2号)`.
    if let Some(at) = chars.iter().position(|c| matches!(c, '(' | '[' | '【' | '〔' | '{'))
        && chars[..at].iter().any(char::is_ascii_digit)
    {
        chars.truncate(at);
        steps = steps.and(Steps::ANNOTATION);
    }
    let first = chars.iter().position(|c| may_belong(*c)).unwrap_or(chars.len());
    let last = chars.iter().rposition(|c| may_belong(*c)).map_or(first, |i| i + 1);
    for c in chars[..first].iter().chain(&chars[last..]) {
        steps = steps.and(if is_wrapper(*c) { Steps::WRAPPER } else { Steps::ANNOTATION });
    }
    Cleaned { text: chars[first..last].iter().collect(), steps }
}

/// Removes the separators of numbers that were written in groups.
pub fn without_separators(cleaned: Cleaned) -> Cleaned {
    let separator = |c: char| matches!(c, '-' | '_' | '.' | '·' | '—' | ',' | '\'' | '"');
    if !cleaned.text.contains(separator) {
        return cleaned;
    }
    Cleaned {
        text: cleaned.text.chars().filter(|c| !separator(*c)).collect(),
        steps: cleaned.steps.and(Steps::SEPARATORS),
    }
}
