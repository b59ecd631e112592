//! The picture of a link: from the prior through every comparison to the match weight, against the thresholds.
//!
//! In: the steps of one pair. Out: lines for a terminal, or SVG text that needs nothing from outside. Each bar starts
//! where the one above it ended.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::publish::report::escape;

/// One comparison, or the prior.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Step {
    /// What was compared.
    pub name: String,
    /// The level on which it agrees; empty for the prior.
    pub level: String,
    /// What it weighs.
    pub weight: f64,
}

/// One pair of a record and a person.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Waterfall {
    /// Which pair, and its state.
    pub title: String,
    /// Prior first; what both sides lack is left out.
    pub steps: Vec<Step>,
    /// Match weight: the sum of the steps.
    pub weight: f64,
    /// Probability that it stands for.
    pub probability: f64,
    /// Threshold of possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub possible_at: Option<f64>,
    /// Threshold of linked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linked_at: Option<f64>,
    /// Weight above the next candidate; none when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
}

/// Cells of the terminal's picture.
const CELLS: usize = 48;
/// Units of the drawing.
const WIDTH: usize = 760;
const LABELS: usize = 210;
const NUMBERS: usize = 60;
const ROW: usize = 22;
const BAR: usize = 14;
/// For and against, told apart on a black-and-white print too.
const FOR: &str = "#1f4e79";
const AGAINST: &str = "#d98880";
const SUM: &str = "#444444";

impl Waterfall {
    /// A picture of a pair whose weights are known; `comparisons` are name, level and weight.
    pub fn of(title: String, weight: f64, comparisons: Vec<(String, String, f64)>) -> Waterfall {
        // What the comparisons do not explain is the prior: odds before anything was compared.
        let prior = weight - comparisons.iter().map(|c| c.2).sum::<f64>();
        let mut steps = vec![Step { name: "先验 prior".into(), level: String::new(), weight: prior }];
        let told = comparisons.into_iter().filter(|c| c.2 != 0.0 || !["", "missing"].contains(&c.1.as_str()));
        steps.extend(told.map(|(name, level, weight)| Step { name, level, weight }));
        let probability = 1.0 / (1.0 + (-weight).exp2());
        Waterfall { title, steps, weight, probability, possible_at: None, linked_at: None, margin: None }
    }

    /// Least and greatest weight of the picture, 0 and the thresholds among them.
    fn scale(&self) -> (f64, f64) {
        let mut sum = 0.0;
        let mut all: Vec<f64> = vec![0.0, self.weight];
        all.extend(self.possible_at);
        all.extend(self.linked_at);
        for step in &self.steps {
            sum += step.weight;
            all.push(sum);
        }
        let least = all.iter().copied().fold(f64::INFINITY, f64::min);
        let most = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (least, most.max(least + 1.0))
    }

    fn legend(&self) -> String {
        let mut words = vec![format!("match weight {:+.2}, probability {:.6}", self.weight, self.probability)];
        words.extend(self.possible_at.map(|at| format!("┊ possible from {at:+.2}")));
        words.extend(self.linked_at.map(|at| format!("┃ linked from {at:+.2}")));
        words.push(match self.margin {
            Some(margin) => format!("{margin:+.2} over the next candidate"),
            None => "no other candidate".into(),
        });
        words.join("; ")
    }

    /// Lines for a terminal; columns line up where Chinese characters are two cells wide.
    pub fn lines(&self) -> Vec<String> {
        let (least, most) = self.scale();
        let cell = |weight: f64| (((weight - least) / (most - least)) * (CELLS - 1) as f64).round() as usize;
        let canvas = |from: f64, to: f64, mark: char| {
            let mut cells = vec![' '; CELLS];
            for (at, line) in [(self.possible_at, '┊'), (self.linked_at, '┃')] {
                if let Some(at) = at {
                    cells[cell(at)] = line;
                }
            }
            cells[cell(from).min(cell(to))..=cell(from).max(cell(to))].fill(mark);
            cells.into_iter().collect::<String>().trim_end().to_string()
        };
        let width = |of: fn(&Step) -> &str| self.steps.iter().map(|s| of(s).width()).max().unwrap_or(0);
        let (names, levels) = (width(|s| &s.name), width(|s| &s.level));
        let pad = |text: &str, to: usize| format!("{text}{}", " ".repeat(to.saturating_sub(text.width())));
        let mut lines = vec![self.title.clone()];
        let mut sum = 0.0;
        for step in &self.steps {
            let mark = if step.weight < 0.0 { '░' } else { '█' };
            let bar = canvas(sum, sum + step.weight, mark);
            sum += step.weight;
            lines.push(format!(
                "  {}  {}  {:>+7.2}  {bar}",
                pad(&step.name, names),
                pad(&step.level, levels),
                step.weight
            ));
        }
        let rest = pad("", levels);
        lines.push(format!("  {}  {rest}  {:>+7.2}  {}", pad("合计 sum", names), self.weight, canvas(sum, sum, '◆')));
        lines.push(format!("  {}", self.legend()));
        lines
    }

    fn height(&self) -> usize {
        (self.steps.len() + 4) * ROW
    }

    fn draw(&self, svg: &mut String, top: usize) {
        let (least, most) = self.scale();
        let room = (WIDTH - LABELS - NUMBERS) as f64;
        let x = |weight: f64| LABELS as f64 + (weight - least) / (most - least) * room;
        let text = |svg: &mut String, x: f64, y: usize, anchor: &str, words: &str| {
            let _ = write!(svg, "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>", escape(words));
        };
        text(svg, 4.0, top + 15, "start", &self.title);
        let (from, to) = (top + ROW, top + (self.steps.len() + 2) * ROW);
        for (at, dash) in [(Some(0.0), "1 3"), (self.possible_at, "4 3"), (self.linked_at, "none")] {
            if let Some(at) = at.map(x) {
                let _ = write!(
                    svg,
                    "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{from}\" y2=\"{to}\" stroke=\"{SUM}\" stroke-dasharray=\"{dash}\"/>"
                );
            }
        }
        let mut sum = 0.0;
        let end = Step { name: "合计 sum".into(), level: String::new(), weight: self.weight };
        for (i, step) in self.steps.iter().chain([&end]).enumerate() {
            let last = i == self.steps.len();
            let (from, to) = if last { (0.0, self.weight) } else { (sum, sum + step.weight) };
            sum += step.weight;
            let y = top + (i + 1) * ROW + 3;
            let colour = match (last, step.weight < 0.0) {
                (true, _) => SUM,
                (_, true) => AGAINST,
                _ => FOR,
            };
            let (left, right) = (x(from.min(to)), x(from.max(to)));
            let label = format!("{} {}", step.name, step.level);
            text(svg, LABELS as f64 - 8.0, y + 12, "end", label.trim());
            let wide = (right - left).max(1.0);
            let _ =
                write!(svg, "<rect x=\"{left:.1}\" y=\"{y}\" width=\"{wide:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>");
            text(svg, right + 5.0, y + 12, "start", &format!("{:+.2}", step.weight));
        }
        text(svg, 4.0, to + 15, "start", &self.legend());
    }
}

/// All pictures below each other, as one SVG document.
pub fn svg(pictures: &[Waterfall]) -> String {
    let height: usize = pictures.iter().map(Waterfall::height).sum();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"match weights\">"
    );
    let mut top = 0;
    for picture in pictures {
        picture.draw(&mut svg, top);
        top += picture.height();
    }
    svg + "</svg>\n"
}

/// The same as a page that a browser opens and prints.
pub fn html(title: &str, pictures: &[Waterfall]) -> String {
    let title = escape(title);
    let body: String = pictures.iter().map(|p| svg(std::slice::from_ref(p))).collect();
    format!(
        "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>body{{font-family:sans-serif;margin:2em}}svg{{display:block;max-width:100%;break-inside:avoid}}</style></head>\
         <body><h1>{title}</h1>\n{body}</body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Waterfall {
        let step = |name: &str, level: &str, weight| (name.to_string(), level.to_string(), weight);
        let comparisons = vec![
            step("号码 number", "one_digit", 15.0),
            step("姓名 name", "exact", 8.5),
            step("出生日期 birth", "different", -6.0),
            step("性别 sex", "missing", 0.0),
            step("区划 division", "village", 5.5),
        ];
        let mut picture = Waterfall::of("dibao-0000001 → P0000002 (possible, 1)".into(), 3.0, comparisons);
        picture.possible_at = Some(-2.0);
        picture.linked_at = Some(10.0);
        picture.margin = Some(4.25);
        picture
    }

    #[test]
    fn the_steps_add_up() {
        let picture = picture();
        assert_eq!(picture.steps[0].weight, -20.0);
        assert_eq!(picture.steps.iter().map(|s| s.weight).sum::<f64>(), picture.weight);
        assert!(picture.steps.iter().all(|s| s.level != "missing"));
        assert!((picture.probability - 8.0 / 9.0).abs() < 1e-12);
    }

    #[test]
    fn in_a_terminal() {
        insta::assert_snapshot!(picture().lines().join("\n"));
        // All on one spot, and nothing beside.
        let flat = Waterfall::of("x".into(), 0.0, Vec::new());
        assert_eq!(flat.lines().len(), 4);
    }

    #[test]
    fn as_a_drawing() {
        let drawing = svg(&[picture(), picture()]);
        insta::assert_snapshot!(drawing.replace("><", ">\n<"));
        assert_eq!(drawing.matches("<line").count(), 6);
        let page = html("\"><script>\u{202e}", &[picture()]);
        assert!(page.contains("&quot;&gt;&lt;script&gt;</title>") && !page.contains("http://www.w3.org/1999"));
    }
}
