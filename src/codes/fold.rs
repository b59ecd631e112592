//! How a written value is compared with a code table: width, spaces and letter case do not count.

use unicode_normalization::UnicodeNormalization;

/// The form under which written values are compared: compatibility forms folded (`Ｃ` → `c`, `Ⅰ` → `i`, `（` → `(`),
/// white space and invisible characters dropped, ASCII letters in lower case.
pub fn fold(text: &str) -> String {
    text.nfkc()
        .filter(|c| !c.is_whitespace() && !c.is_control() && !invisible(*c))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Zero-width and direction marks that come along when values are pasted from other programs.
fn invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{FEFF}')
}
