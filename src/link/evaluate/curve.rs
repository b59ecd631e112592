//! Precision and recall by threshold.

use super::Figures;

/// Points of the curve that are told at most.
const MOST_POINTS: usize = 40;

/// All pairs from a threshold on.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Point {
    /// Match weight of the lightest of these pairs.
    pub threshold: f32,
    /// Pairs.
    pub pairs: u64,
    /// Of these, true ones.
    pub right: u64,
    /// Precision.
    pub precision: f64,
    /// Recall.
    pub recall: f64,
    /// F1.
    pub f1: f64,
}

/// The greatest recall at a precision.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Recall {
    /// The precision asked for.
    pub precision: f64,
    /// The recall; 0 where no threshold is so precise.
    pub recall: f64,
    /// The threshold; none where there is none.
    pub threshold: Option<f32>,
}

/// One point per distinct weight, heaviest first.
pub(super) struct Curve {
    points: Vec<Point>,
}

impl Curve {
    pub(super) fn of(mut pairs: Vec<(f32, bool)>, truth: u64) -> Curve {
        pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let (mut said, mut right) = (0, 0);
        let mut points = Vec::new();
        // Pairs of one weight stand or fall together: no order of rows can lift a figure.
        for same in pairs.chunk_by(|a, b| a.0 == b.0) {
            said += same.len() as u64;
            right += same.iter().filter(|p| p.1).count() as u64;
            let Figures { precision, recall, f1, .. } = Figures::of(said, right, truth);
            points.push(Point { threshold: same[0].0, pairs: said, right, precision, recall, f1 });
        }
        Curve { points }
    }

    /// The point of greatest F1; of equals that with fewer pairs.
    pub(super) fn best(&self) -> Option<Point> {
        self.points.iter().copied().reduce(|best, point| if point.f1 > best.f1 { point } else { best })
    }

    pub(super) fn recall_at(&self, precision: f64) -> Recall {
        let enough = self.points.iter().rev().find(|p| p.precision >= precision);
        Recall { precision, recall: enough.map_or(0.0, |p| p.recall), threshold: enough.map(|p| p.threshold) }
    }

    /// At most [`MOST_POINTS`], evenly by number of pairs, with the first, the last, the best and those of
    /// [`Curve::recall_at`] among them.
    pub(super) fn points(&self) -> Vec<Point> {
        let Some(last) = self.points.last() else { return Vec::new() };
        let mut wanted: Vec<f32> = [0.99, 0.999, 0.9999].iter().filter_map(|p| self.recall_at(*p).threshold).collect();
        wanted.extend([self.points[0].threshold, last.threshold]);
        wanted.extend(self.best().map(|b| b.threshold));
        wanted.sort_unstable_by(f32::total_cmp);
        wanted.dedup();
        let even = (MOST_POINTS - wanted.len()) as u64;
        let mut next = 0;
        let mut kept = Vec::new();
        for point in &self.points {
            if self.points.len() <= MOST_POINTS || wanted.contains(&point.threshold) {
                kept.push(*point);
            } else if point.pairs * even >= next * last.pairs {
                kept.push(*point);
                next = point.pairs * even / last.pairs + 1;
            }
        }
        kept
    }
}
