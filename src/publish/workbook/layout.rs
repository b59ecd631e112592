//! What stands in the columns of a sheet → their widths and the pages across, so that an A4 page can be read.
//!
//! A sheet is printed as wide as the page: the wider its columns, the smaller the print. The print is as large as rows of few lines
//! allow, and never below [`LEAST_PRINT`]: sentences take more lines, then short words two; numbers, dates and names are not
//! broken. Only what does not fit even so goes on a second page across.

use std::collections::BTreeSet;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Points of the text in cells.
pub(super) const FONT_SIZE: f64 = 11.0;
/// Smallest size of print in points, with the office's own font. Where a system has none of its kind, columns come out a tenth wider
/// (measured: 8.8 pixels a character in LibreOffice with DejaVu and Noto only), the scale is rounded down to a whole percent,
/// and the print must still be 8 points.
const LEAST_PRINT: f64 = 9.0;
/// Lines that a row can hold at its greatest height.
const MOST_LINES: usize = 25;
/// Margin at the left and at the right, inches.
pub(super) const MARGIN: f64 = 0.3;
/// Pixels (96 an inch) across A4 landscape between the margins.
const PAGE: f64 = (297.0 / 25.4 - 2.0 * MARGIN) * 96.0;
/// Pixels of a half-width character of the workbook's font, and of a column's padding.
const CHARACTER: usize = 8;
const PADDING: usize = 5;
/// Wider than this no column gets, however long its texts.
const WIDEST: usize = 100;
/// A word of so many half-width characters stays in one line.
const WORD: usize = 6;
/// A longer run of letters and digits may be broken: it is no number or date.
const RUN: usize = 22;
/// Sizes to try, from the most readable: points, most lines of a row, whether short words may take two lines.
const TRIES: [(f64, usize, bool); 7] = [
    (FONT_SIZE, 3, false),
    (10.5, 4, false),
    (10.0, 5, false),
    (9.5, 6, false),
    (LEAST_PRINT, 9, true),
    (LEAST_PRINT, MOST_LINES, false),
    (LEAST_PRINT, MOST_LINES, true),
];
/// Pages across at most.
const MOST_ACROSS: u16 = 4;

/// What a column needs: bounds as declared, and what its texts ask for.
#[derive(Debug, Clone, Default)]
pub(super) struct Need {
    /// Least width.
    least: usize,
    /// Most width.
    most: usize,
    /// Below this words and numbers break.
    tight: usize,
    /// Widths of the lines of each text; of texts of one line only the widest.
    texts: BTreeSet<Vec<usize>>,
}

impl Need {
    /// A column with given texts.
    pub fn of<'t>(title: &str, (least, most): (usize, usize), texts: impl Iterator<Item = &'t str>) -> Need {
        let mut need = Need::default();
        let (mut widest, mut run) = (0, longest_run(title));
        let mut single = 0;
        for text in texts {
            run = run.max(longest_run(text));
            let lines: Vec<usize> = text.lines().map(UnicodeWidthStr::width).collect();
            widest = lines.iter().copied().fold(widest, usize::max);
            match lines.as_slice() {
                [] => {}
                [one] => single = single.max(*one),
                _ => _ = need.texts.insert(lines),
            }
        }
        need.texts.insert(vec![single]);
        let unbroken = if run > RUN { 0 } else { run + 1 };
        need.least = least.max(unbroken);
        // Headings may wrap: they are longer than most of what stands below them.
        let wanted = widest.max(widest_line(title).div_ceil(2)) + 1;
        need.most = wanted.clamp(need.least, most.max(need.least));
        need.tight = unbroken.max(widest.min(WORD) + 1).max(widest_line(title).div_ceil(3) + 1).min(need.least);
        need
    }

    /// A column that is filled in: its width, and the least in which its answers can be written.
    pub fn to_fill(title: &str, width: usize, tight: usize) -> Need {
        let tight = tight.max(widest_line(title).div_ceil(3) + 1).min(width);
        Need { least: width, most: width, tight, texts: BTreeSet::new() }
    }

    /// Lines of its tallest text at a width.
    fn lines(&self, width: usize) -> usize {
        let usable = usable(width);
        let tall = |lines: &Vec<usize>| lines.iter().map(|l| l.div_ceil(usable).max(1)).sum::<usize>();
        self.texts.iter().map(tall).max().unwrap_or(1).max(1)
    }

    /// Least width at which no text has more lines; the most when there is none.
    fn width(&self, lines: usize, tight: bool) -> usize {
        let least = if tight { self.tight } else { self.least };
        // What is too long for a row is given more room than was meant for it.
        let most = if self.lines(self.most) > MOST_LINES { WIDEST } else { self.most };
        (least..most).find(|w| self.lines(*w) <= lines).unwrap_or(most)
    }
}

/// Widths of columns, and on how many pages across they are printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// In half-width characters.
    pub widths: Vec<usize>,
    /// Pages across.
    pub across: u16,
}

/// Lays columns out; `printed` of them, from the left, are on paper.
pub(super) fn layout(needs: &[Need], printed: usize) -> Layout {
    let mut last = Vec::new();
    for across in 1..=MOST_ACROSS {
        for (size, most, tight) in TRIES {
            for lines in 1..=most {
                last = needs.iter().map(|n| n.width(lines, tight)).collect();
                if fits(&last[..printed], size, across) {
                    return Layout { widths: last, across };
                }
            }
        }
    }
    Layout { widths: last, across: MOST_ACROSS }
}

#[expect(clippy::cast_precision_loss, reason = "a sheet has a few hundred columns of a hundred characters at most")]
fn fits(widths: &[usize], size: f64, across: u16) -> bool {
    let wide: usize = widths.iter().map(|w| w * CHARACTER + PADDING).sum();
    let page = PAGE * FONT_SIZE / size;
    // A column is not parted between pages: on the way to a further page one may be lost.
    let lost = widths.iter().max().map_or(0, |w| w * CHARACTER + PADDING) * usize::from(across - 1);
    (wide + lost) as f64 <= page * f64::from(across)
}

/// Characters of a line in a column; a little is held back because programs measure differently.
fn usable(width: usize) -> usize {
    width.saturating_sub(1).max(2)
}

/// Lines a text takes in a column.
pub(super) fn lines(text: &str, width: usize) -> usize {
    let usable = usable(width);
    text.lines().map(|l| UnicodeWidthStr::width(l).div_ceil(usable).max(1)).sum::<usize>().max(1)
}

fn widest_line(text: &str) -> usize {
    text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0)
}

/// Longest piece that must not be broken: digits, letters and what stands between them in numbers, dates and masks.
fn longest_run(text: &str) -> usize {
    let within = |c: char| c.width() == Some(1) && !c.is_whitespace();
    // Capitals are wider than digits in fonts that are not a typewriter's.
    let wide = |run: &str| run.len() + run.bytes().filter(u8::is_ascii_uppercase).count() * 3 / 20;
    text.split(|c| !within(c)).map(wide).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(bounds: (usize, usize), text: &str) -> Need {
        Need::of("标题", bounds, std::iter::once(text))
    }

    #[test]
    fn few_columns_are_printed_at_full_size_and_many_never_too_small() {
        let short = layout(&vec![need((8, 12), "上河村"); 6], 6);
        assert_eq!(short, Layout { widths: vec![8; 6], across: 1 });
        // Twelve short columns and three sentences: the sentences wrap, the page stays readable.
        let mut needs = vec![need((8, 12), "上河村"); 12];
        needs.extend(vec![need((20, 60), &"近十二个月自付较高".repeat(8)); 3]);
        let many = layout(&needs, 15);
        assert_eq!(many.across, 1);
        assert!(many.widths[12] > many.widths[0], "{many:?}");
        assert!(fits(&many.widths, LEAST_PRINT, 1), "{many:?}");
        // What cannot be read on one page across goes on two.
        assert_eq!(layout(&vec![need((18, 20), "990102********1234"); 15], 15).across, 2);
    }

    #[test]
    fn numbers_dates_and_names_stay_whole() {
        for (text, whole) in [("990102********1234", 19), ("2026-10-19", 11), ("W0000001", 9)] {
            assert_eq!(need((5, 6), text).width(MOST_LINES, true), whole, "{text}");
        }
        assert_eq!(need((8, 12), "张三丰").width(MOST_LINES, true), 7);
        assert_eq!(need((8, 30), "欧阳张三丰").width(MOST_LINES, true), 7, "a long name takes two lines at worst");
    }

    #[test]
    fn a_text_too_long_for_a_row_gets_more_room() {
        let long = need((20, 30), &"很长的依据".repeat(100));
        let width = long.width(MOST_LINES, false);
        assert!(width > 30 && long.lines(width) <= MOST_LINES, "{width}");
    }

    #[test]
    fn what_is_not_printed_takes_no_room() {
        let needs = vec![need((30, 40), &"字".repeat(30)); 8];
        assert_eq!(layout(&needs, 3).across, 1);
        let printed = layout(&needs, 3).widths;
        assert!(fits(&printed[..3], FONT_SIZE, 1));
    }
}
