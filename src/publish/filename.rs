//! Names from data → names of files and sheets that every system takes and that lead nowhere else (fault 22).

use std::collections::BTreeSet;

/// Most file systems end at 255 bytes; room stays for an ending, a number and the temporary name.
const MOST_BYTES: usize = 180;
/// Excel's limit, in UTF-16 units.
const MOST_SHEET_UNITS: usize = 31;

/// Characters that show nothing, or that turn the text around them: controls, zero-width and bidirectional marks.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}')
}

/// A text as one safe part of a path: no separators, nothing reserved or invisible, never empty, `.` or `..`.
///
/// The result has no ending of its own; add it afterwards.
pub fn clean(name: &str) -> String {
    let swapped: String = name
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
            other => other,
        })
        .collect();
    // Dots and blanks at the ends vanish on Windows and hide files elsewhere; `~$` marks a lock file, `-` an option.
    let at_end = |c: char| c == '.' || c.is_whitespace();
    let mut kept = swapped.trim_start_matches(|c| at_end(c) || matches!(c, '~' | '$' | '-')).to_string();
    while kept.len() > MOST_BYTES {
        kept.pop();
    }
    let kept = kept.trim_end_matches(at_end);
    if kept.chars().all(|c| c == '_') {
        return "未命名".to_string();
    }
    if is_device(kept) { format!("_{kept}") } else { kept.to_string() }
}

/// Names that mean a device on Windows, whatever the ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_uppercase();
    let numbered = |prefix: &str| {
        let mut rest = stem.strip_prefix(prefix).unwrap_or("").chars();
        matches!((rest.next(), rest.next()), (Some('1'..='9' | '¹' | '²' | '³'), None))
    };
    let fixed = ["CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"];
    fixed.contains(&stem.as_str()) || numbered("COM") || numbered("LPT")
}

/// A text as the name of a sheet: Excel's forbidden characters replaced, at most 31 UTF-16 units, never empty.
pub fn sheet(name: &str) -> String {
    let swapped: String = name
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| match c {
            '[' | ']' | ':' | '*' | '?' | '/' | '\\' => '_',
            other => other,
        })
        .collect();
    let kept = shortened(swapped.trim_matches(|c: char| c == '\'' || c.is_whitespace()), MOST_SHEET_UNITS);
    match kept.as_str() {
        "" => "未命名".to_string(),
        // Excel keeps this one for itself.
        k if k.eq_ignore_ascii_case("history") => format!("_{k}"),
        _ => kept,
    }
}

fn shortened(text: &str, units: usize) -> String {
    let mut length = 0;
    let fits = |c: &char| {
        length += c.len_utf16();
        length <= units
    };
    text.chars().take_while(fits).collect()
}

/// Hands out names no two of which are the same to a system that ignores case.
#[derive(Debug, Default)]
pub struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// `name` when it is still free, else `name(2)`, `name(3)`…, shortened to `most` UTF-16 units when that is given.
    pub fn unique(&mut self, name: String, most: Option<usize>) -> String {
        let mut candidate = name.clone();
        let mut n = 1;
        while !self.taken.insert(candidate.to_lowercase()) {
            n += 1;
            let suffix = format!("({n})");
            let stem = most.map_or_else(|| name.clone(), |m| shortened(&name, m - suffix.len()));
            candidate = stem + &suffix;
        }
        candidate
    }

    /// A cleaned file name that is still free.
    pub fn file(&mut self, name: &str) -> String {
        self.unique(clean(name), None)
    }

    /// A cleaned sheet name that is still free.
    pub fn sheet(&mut self, name: &str) -> String {
        self.unique(sheet(name), Some(MOST_SHEET_UNITS))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_made_safe() {
        let cases = [
            ("云岭镇", "云岭镇"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("..", "未命名"),
            ("", "未命名"),
            (" 东 河 镇. ", "东 河 镇"),
            ("C:\\镇", "C__镇"),
            ("nul.xlsx", "_nul.xlsx"),
            ("Com1", "_Com1"),
            ("COM¹", "_COM¹"),
            ("COM10", "COM10"),
            ("~$云岭镇", "云岭镇"),
            (".hidden", "hidden"),
            ("云\u{202e}岭\u{200b}镇\n", "云岭镇"),
        ];
        for (name, expected) in cases {
            assert_eq!(clean(name), expected, "{name:?}");
        }
    }

    #[test]
    fn sheets_follow_excel() {
        let cases = [("上河村", "上河村"), ("'上[河]村'", "上_河_村"), ("", "未命名"), ("History", "_History")];
        for (name, expected) in cases {
            assert_eq!(sheet(name), expected, "{name:?}");
        }
        assert_eq!(sheet(&"村".repeat(40)).chars().count(), 31);
        // A character outside the first plane counts twice.
        assert_eq!(sheet(&"𠮷".repeat(40)).chars().count(), 15);
    }

    #[test]
    fn equal_names_are_numbered() {
        let mut names = Names::default();
        assert_eq!(["A镇", "a镇", "A镇"].map(|n| names.file(n)), ["A镇", "a镇(2)", "A镇(3)"]);
        let long = "村".repeat(31);
        assert_eq!(names.sheet(&long), long);
        assert_eq!(names.sheet(&long), "村".repeat(28) + "(2)");
    }

    proptest! {
        #[test]
        fn no_name_leads_out_of_its_folder(name in "\\PC*|[./\\\\~a-z\u{0}-\u{1f}]{0,40}") {
            let safe = clean(&name);
            prop_assert!(!safe.is_empty() && safe.len() <= MOST_BYTES + 1);
            prop_assert_eq!(std::path::Path::new(&safe).components().count(), 1);
            prop_assert!(matches!(
                std::path::Path::new(&safe).components().next(),
                Some(std::path::Component::Normal(_))
            ));
            prop_assert_eq!(clean(&safe), safe.clone());
        }
    }
}
