//! Counts → bar charts as SVG text, drawn by hand so that the report needs nothing from outside.
//!
//! Colours differ in lightness, so that they can be told apart on a black-and-white print; every bar carries its number.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

/// Dark, middle, light.
pub(super) const COLOURS: [&str; 3] = ["#1f4e79", "#6fa3d0", "#cfe0ef"];
const WIDTH: usize = 680;
const LABELS: usize = 150;
const NUMBERS: usize = 60;
const ROW: usize = 22;
const BAR: usize = 14;
/// Rows per chart; more would not fit on a page, and a chart cannot be broken.
const MOST_ROWS: usize = 36;

/// One bar: its label and its parts.
pub(super) struct Bar {
    /// What is counted.
    pub label: String,
    /// Counts, one per colour.
    pub parts: Vec<usize>,
}

/// Horizontal bars with the sum behind each; several charts when there are more rows than a page holds.
pub(super) fn bars(title: &str, bars: &[Bar]) -> Vec<String> {
    // One scale for all parts of a chart, or the pages could not be compared.
    let longest = bars.iter().map(|b| b.parts.iter().sum::<usize>()).max().unwrap_or(0).max(1);
    bars.chunks(MOST_ROWS).map(|rows| chart(title, rows, longest)).collect()
}

fn chart(title: &str, rows: &[Bar], longest: usize) -> String {
    let height = rows.len() * ROW + 6;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">",
        escape(title)
    );
    for (i, bar) in rows.iter().enumerate() {
        let top = i * ROW + 3;
        let baseline = top + 12;
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{baseline}\" text-anchor=\"end\">{}</text>",
            LABELS - 8,
            escape(&shortened(&bar.label))
        );
        let sum: usize = bar.parts.iter().sum();
        let mut done = 0;
        for (part, colour) in bar.parts.iter().zip(COLOURS.iter().cycle()) {
            // Positions come from running sums, so that rounding leaves no gaps between the parts.
            let (from, to) = (scaled(done, longest), scaled(done + part, longest));
            done += part;
            if to > from {
                let _ = write!(
                    svg,
                    "<rect x=\"{}\" y=\"{top}\" width=\"{}\" height=\"{BAR}\" fill=\"{colour}\"/>",
                    LABELS + from,
                    to - from
                );
            }
        }
        let _ = write!(svg, "<text x=\"{}\" y=\"{baseline}\">{sum}</text>", LABELS + scaled(sum, longest) + 6);
    }
    svg + "</svg>"
}

/// Units of the drawing for a count; a count above zero is always seen.
fn scaled(count: usize, longest: usize) -> usize {
    let room = WIDTH - LABELS - NUMBERS;
    match count {
        0 => 0,
        n => (n * room / longest).max(1),
    }
}

fn shortened(label: &str) -> String {
    let mut kept = String::new();
    for c in label.chars() {
        if UnicodeWidthStr::width(kept.as_str()) >= 20 {
            return kept + "…";
        }
        kept.push(c);
    }
    kept
}

/// Text as markup: what cannot be seen is left out, since it would make a page say something else.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if crate::publish::filename::is_invisible(c) => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, parts: &[usize]) -> Bar {
        Bar { label: label.into(), parts: parts.to_vec() }
    }

    #[test]
    fn parts_lie_side_by_side_on_one_scale() {
        let charts = bars("x", &[bar("甲镇", &[1, 0, 1]), bar("乙镇", &[4, 0, 0])]);
        assert_eq!(charts.len(), 1);
        let svg = &charts[0];
        // 470 units stand for 4: 117 for one, 235 for two.
        assert!(svg.contains("x=\"150\" y=\"3\" width=\"117\""), "{svg}");
        assert!(svg.contains("x=\"267\" y=\"3\" width=\"118\""), "{svg}");
        assert!(svg.contains("x=\"150\" y=\"25\" width=\"470\""), "{svg}");
        assert!(svg.contains(">2</text>") && svg.contains(">4</text>"));
    }

    #[test]
    fn labels_are_escaped_and_cut() {
        let svg = bars("\"><script>", &[bar("<b>&\u{202e}", &[0])]).concat();
        assert!(svg.contains("&lt;b&gt;&amp;</text>") && !svg.contains("<script"));
        assert!(!svg.contains("<rect"), "zero has no bar");
        assert_eq!(shortened(&"村".repeat(30)), "村".repeat(10) + "…");
    }

    #[test]
    fn a_chart_ends_where_a_page_does() {
        let many: Vec<Bar> = (0..40).map(|i| bar(&i.to_string(), &[i])).collect();
        assert_eq!(bars("x", &many).len(), 2);
        assert!(bars("x", &[]).is_empty());
    }
}
