//! What lies around an identity number in a cell: wrappers, invisible characters, annotations. Characters of the number
//! itself are not touched here.

use super::text::{half_width, is_invisible};

/// What was done to a number, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps(u16);

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

    /// Both.
    pub fn and(self, other: Steps) -> Steps {
        Steps(self.0 | other.0)
    }

    fn has(self, other: Steps) -> bool {
        self.0 & other.0 != 0
    }

    /// In Chinese for the evidence column; none when nothing was done. `suffix`: the certificate's last characters.
    pub fn words(self, suffix: Option<&str>) -> Option<String> {
        const WORDS: [(Steps, &str); 9] = [
            (Steps::SPACES, "去除空格或不可见字符"),
            (Steps::WIDTH, "全角转半角"),
            (Steps::WRAPPER, "去除引号或等号"),
            (Steps::ANNOTATION, "去除附注文字"),
            (Steps::SEPARATORS, "去除分隔符"),
            (Steps::CASE, "小写x改为X"),
            (Steps::LOOK_ALIKE_X, "形近字符改为X"),
            (Steps::LOOK_ALIKE_DIGIT, "字母O、l改为数字0、1"),
            (Steps::FROM_15, "15位旧号码升为18位"),
        ];
        let mut words: Vec<String> =
            WORDS.iter().filter(|(step, _)| self.has(*step)).map(|(_, word)| (*word).to_string()).collect();
        if self.has(Steps::CERTIFICATE) {
            let suffix = suffix.unwrap_or_default();
            words.push(format!("残疾人证号取前18位（后缀{suffix}）"));
        }
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
fn may_belong(c: char) -> bool {
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
