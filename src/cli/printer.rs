//! The one printer: every message to a person leaves here, and makes sense without colour.

use std::io::{IsTerminal, Write};

use crate::diag::{Diagnostic, Failure, Severity};

/// Prints data to stdout and messages to stderr.
#[derive(Debug)]
pub struct Printer {
    colour: bool,
}

/// True when stderr is a terminal and `NO_COLOR` is not set.
pub fn colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

impl Printer {
    /// A printer for this process's terminal.
    pub fn new() -> Self {
        Printer { colour: colour() }
    }

    /// A line of data. A reader that went away (`| head`) is no error.
    pub fn data(&self, text: &str) {
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    /// A line of JSON.
    pub fn json(&self, value: &impl serde::Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.data(&text),
            Err(e) => self.message(&format!("cannot write JSON: {e}")),
        }
    }

    /// A message to a person.
    pub fn message(&self, text: &str) {
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// A problem, with its place and what to do.
    pub fn problem(&self, p: &Diagnostic) {
        let (word, paint) = match p.severity {
            Severity::Error => ("error", "\x1b[1;31m"),
            Severity::Warning => ("warning", "\x1b[1;33m"),
            Severity::Note => ("note", "\x1b[1;36m"),
        };
        let (on, off) = if self.colour { (paint, "\x1b[0m") } else { ("", "") };
        self.message(&format!("{on}{word}[{}]{off}: {}", p.code, shown(&p.message)));
        if !p.place.is_empty() {
            self.message(&format!("  --> {}", shown(&p.place.to_string())));
        }
        if let Some(hint) = &p.hint {
            self.message(&format!("  hint: {}", shown(hint)));
        }
    }

    /// Problems in order, those of one kind in one file after the third only counted.
    pub fn problems<'a>(&self, problems: impl Iterator<Item = &'a Diagnostic>) {
        const SHOWN: usize = 3;
        let mut kinds: Vec<((&str, Option<&str>), usize)> = Vec::new();
        for p in problems {
            let kind = (p.code, p.place.file.as_deref());
            let seen = match kinds.iter_mut().find(|(k, _)| *k == kind) {
                Some((_, n)) => {
                    *n += 1;
                    *n
                }
                None => {
                    kinds.push((kind, 1));
                    1
                }
            };
            if seen <= SHOWN {
                self.problem(p);
            }
        }
        for ((code, file), n) in kinds.iter().filter(|(_, n)| *n > SHOWN) {
            let file = file.map(|f| format!(" in {}", shown(f))).unwrap_or_default();
            self.message(&format!("  and {} more [{code}]{file}; --json shows all", n - SHOWN));
        }
    }

    /// All problems of a failure, and the exit code it leads to.
    pub fn failure(&self, failure: &Failure) {
        let worth = |p: &&Diagnostic| p.severity != Severity::Note;
        self.problems(failure.problems.iter().filter(worth));
        let class = serde_json::to_value(failure.class).ok().and_then(|v| v.as_str().map(str::to_string));
        self.message(&format!(
            "bidui: stopped ({}, exit {})",
            class.unwrap_or_default().replace('_', " "),
            failure.class.exit_code()
        ));
    }
}

/// Control and bidirectional characters of file names and headings must not steer the terminal (fault 23).
fn shown(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => ' ',
            c if c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                '\u{fffd}'
            }
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn escapes_and_overrides_do_not_reach_the_terminal() {
        assert_eq!(super::shown("a\x1b[2J\u{202e}b\nc"), "a\u{fffd}[2J\u{fffd}b c");
    }
}
