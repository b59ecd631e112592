//! Plain text tables whose columns line up although Chinese characters are two cells wide.

use unicode_width::UnicodeWidthStr;

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Lines of a table: a heading, a rule, the rows.
pub fn lines(head: &[(&str, Align)], rows: &[Vec<String>]) -> Vec<String> {
    let width = |i: usize| rows.iter().map(|r| r[i].width()).chain([head[i].0.width()]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[&str]| {
        let set: Vec<String> = cells
            .iter()
            .enumerate()
            .map(|(i, cell)| {
                let pad = " ".repeat(widths[i].saturating_sub(cell.width()));
                if head[i].1 == Align::Right { format!("{pad}{cell}") } else { format!("{cell}{pad}") }
            })
            .collect();
        set.join("  ").trim_end().to_string()
    };
    let mut out = vec![line(&head.iter().map(|(h, _)| *h).collect::<Vec<_>>())];
    out.push(widths.iter().map(|w| "-".repeat(*w)).collect::<Vec<_>>().join("  "));
    out.extend(rows.iter().map(|r| line(&r.iter().map(String::as_str).collect::<Vec<_>>())));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_twice() {
        let rows = vec![vec!["户籍".into(), "9".into()], vec!["a".into(), "10".into()]];
        let got = lines(&[("source", Align::Left), ("read", Align::Right)], &rows);
        assert_eq!(got, ["source  read", "------  ----", "户籍       9", "a         10"]);
    }
}
