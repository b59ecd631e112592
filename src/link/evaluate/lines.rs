//! The same figures as lines that a person reads.

use super::{Estimate, Evaluation, Figures, Range, Reviewed, WrongLink};

/// Points of the curve in the text; the JSON has them all.
const MOST_POINTS: usize = 12;

impl Evaluation {
    /// Puts keys to the wrong links, so that they can be looked up.
    pub fn name(&mut self, left: impl Fn(u32) -> String, right: impl Fn(u32) -> String) {
        for wrong in &mut self.worst {
            wrong.ids = vec![left(wrong.left), right(wrong.right)];
            wrong.ids.extend(wrong.truth.map(&left));
        }
    }

    /// Lines for a terminal.
    pub fn lines(&self) -> Vec<String> {
        let mut lines =
            vec!["against the truth          pairs     right     truth  precision    recall        F1".to_string()];
        lines.push(figures("status linked", &self.linked));
        lines.push(figures("best candidate", &self.best));
        lines.extend(self.clusters.as_ref().map(|c| figures("in one cluster", c)));
        if let Some(threshold) = self.best_threshold {
            lines.push(format!("  best candidates count from match weight {threshold:.2} on, where F1 is greatest"));
        }
        for r in &self.recall_at {
            let from = r.threshold.map_or("at no threshold".to_string(), |t| format!("from match weight {t:.2} on"));
            lines.push(format!("  recall at precision {}: {:.5} {from}", r.precision, r.recall));
        }
        lines.push(format!(
            "  to review (possible, conflict): {} of {} ({})",
            self.review,
            self.of,
            percent(self.review_share)
        ));
        lines.push("where the true pairs ended                pairs   best candidate".into());
        for e in &self.ended {
            lines.push(format!("  {:<36} {:>8} {:>16}", e.end.words(), e.pairs, e.first));
        }
        if !self.by_kind.is_empty() {
            lines.push("by kind                       pairs      best    linked     wrong    review    missed".into());
        }
        for k in &self.by_kind {
            let counts = [k.pairs, k.first, k.linked, k.wrong, k.review, k.missed].map(|n| format!("{n:>9}"));
            lines.push(format!("  {:<23}{}", k.kind, counts.join(" ")));
        }
        if !self.by_levels.is_empty() {
            lines.push("errors by levels          wrong links  not linked  right links".into());
        }
        for e in &self.by_levels {
            lines.push(format!("  {:>35} {:>11} {:>12}  {}", e.wrong, e.not_linked, e.right, e.levels.join(", ")));
        }
        if !self.worst.is_empty() {
            lines.push("heaviest wrong links (left, right, match weight, right answer)".into());
        }
        lines.extend(self.worst.iter().map(wrong_link));
        if !self.curve.is_empty() {
            lines.push("by threshold        pairs  precision    recall        F1".into());
        }
        let step = self.curve.len().div_ceil(MOST_POINTS).max(1);
        for (i, p) in self.curve.iter().enumerate() {
            if i % step == 0 || i + 1 == self.curve.len() || Some(p.threshold) == self.best_threshold {
                let shares = format!("{:>10.5} {:>9.5} {:>9.5}", p.precision, p.recall, p.f1);
                lines.push(format!("  {:>10.2} {:>12} {shares}", p.threshold, p.pairs));
            }
        }
        lines
    }
}

fn figures(what: &str, f: &Figures) -> String {
    let counts = format!("{:>9} {:>9} {:>9}", f.pairs, f.right, f.truth);
    format!("  {what:<20} {counts} {:>10.5} {:>9.5} {:>9.5}", f.precision, f.recall, f.f1)
}

fn wrong_link(w: &WrongLink) -> String {
    // Rows are counted from 1 where people read.
    let row = |row: u32| format!("#{}", u64::from(row) + 1);
    let id = |at: usize, row: String| w.ids.get(at).cloned().unwrap_or(row);
    let truth = w.truth.map_or("nobody".to_string(), |t| id(2, row(t)));
    format!("  {}  {}  {:.2}  {truth}", id(0, row(w.left)), id(1, row(w.right)), w.weight)
}

impl Estimate {
    /// Lines for a terminal.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec!["expected without a truth    value  (range)".to_string()];
        let mut line = |what: &str, value: String| lines.push(format!("  {what:<26}{value}"));
        line("precision of links", shares(&self.precision));
        line("recall of links", shares(&self.recall));
        line("recall after review", shares(&self.recall_after_review));
        line("false links", format!("{} of {}", counts(&self.false_links), self.linked));
        line("true pairs not linked", counts(&self.in_review));
        match &self.never_compared {
            Some(lost) => line("true pairs never compared", counts(lost)),
            None => line("true pairs never compared", "not known: recall is of the pairs that came up".into()),
        }
        lines.push(
            "  the range: weights at 3/4 and 5/4 of what the model says, chance at 95%, losses of blocking doubled"
                .into(),
        );
        lines
    }
}

impl Reviewed {
    /// Lines for a terminal.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec!["by the reviewed sample          size   decided      same".to_string()];
        for s in &self.strata {
            lines.push(format!("  {:<22} {:>11} {:>9} {:>9}", s.name, s.size, s.decided, s.same));
        }
        let known = |r: &Option<Range>| r.as_ref().map_or("not known".to_string(), shares);
        lines.push(format!("  precision of links        {}", known(&self.precision)));
        lines.push(format!("  recall of compared pairs  {}", known(&self.recall_of_compared)));
        lines
    }
}

fn shares(r: &Range) -> String {
    format!("{:.5} ({:.5}–{:.5})", r.value, r.low, r.high)
}

fn counts(r: &Range) -> String {
    format!("{:.1} ({:.1}–{:.1})", r.value, r.low, r.high)
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}
