//! The state of each record of the right file, from the weighed pairs.
//!
//! A record that is linked has its one row; one that is possible has its best candidates; one for which nobody was found
//! has a row without a candidate, so that none is lost. What ties is possible: the order of rows decides nothing.

use super::{Line, Listing, Scored};
use crate::link::assignment;
use crate::link::pairs::{Pairs, Status};
use crate::plan::Links;

/// Candidates listed of a record that is possible.
const LISTED: usize = 5;

/// Lists the pairs.
pub(super) fn pairs(listing: &Listing, mut scored: Vec<Scored>) -> Pairs {
    let left = listing.columns.left_rows();
    scored.iter_mut().for_each(|s| s.b -= left);
    scored.sort_by(|x, y| x.b.cmp(&y.b).then(y.weight.total_cmp(&x.weight)).then(x.a.cmp(&y.a)));
    let model = listing.model;
    let assigned = (model.links == Links::OneToOne).then(|| {
        // What counts is how much better a pair is than leaving both alone.
        let above = |s: &Scored| (s.a, s.b, s.weight - model.linked_at as f32 + f32::EPSILON);
        assignment::one_to_one(&scored.iter().map(above).collect::<Vec<_>>())
    });
    let mut lines: Vec<Line> = Vec::new();
    let mut groups = scored.chunk_by(|x, y| x.b == y.b).peekable();
    for right in 0..listing.columns.right_rows() {
        match groups.next_if(|group| group[0].b == right) {
            None => {
                lines.push(Line { pair: None, right, status: Status::Unlinked, rank: 1, margin: None, cluster: None })
            }
            Some(group) if model.links == Links::ManyToMany => each(model.linked_at, group, &mut lines),
            Some(group) => {
                let chosen = match &assigned {
                    Some(assigned) => assigned.of(right).and_then(|c| group.iter().position(|s| s.a == c.left)),
                    None => Some(0).filter(|_| clear(group)),
                };
                let chosen = chosen.filter(|at| f64::from(group[*at].weight) >= model.linked_at);
                match chosen.filter(|at| ahead(group, *at, assigned.is_some()) >= model.margin) {
                    Some(at) => lines.push(line(group, at, Status::Linked, 1)),
                    None => {
                        lines.extend((0..group.len().min(LISTED)).map(|at| line(group, at, Status::Possible, at + 1)))
                    }
                }
            }
        }
    }
    let row = |line: Line| Line { pair: line.pair.map(|p| Scored { b: p.b + left, ..p }), ..line };
    listing.columns(&lines.into_iter().map(row).collect::<Vec<_>>())
}

/// Every pair has its own state.
fn each(linked_at: f64, group: &[Scored], lines: &mut Vec<Line>) {
    for (at, scored) in group.iter().enumerate() {
        let status = if f64::from(scored.weight) >= linked_at { Status::Linked } else { Status::Possible };
        lines.push(line(group, at, status, at + 1));
    }
}

/// True unless the best two candidates weigh the same.
fn clear(group: &[Scored]) -> bool {
    group.len() < 2 || group[0].weight > group[1].weight
}

/// How much heavier a candidate is than the best other one. One that was assigned may be lighter than another that went
/// elsewhere: that is no doubt about it.
fn ahead(group: &[Scored], at: usize, assigned: bool) -> f64 {
    let next = group.iter().enumerate().find(|(i, s)| *i != at && !(assigned && s.weight > group[at].weight));
    next.map_or(f64::INFINITY, |(_, next)| f64::from(group[at].weight - next.weight))
}

fn line(group: &[Scored], at: usize, status: Status, rank: usize) -> Line {
    let next = group.iter().enumerate().find(|(i, s)| *i != at && (*i > at || s.weight <= group[at].weight));
    let margin = next.map(|(_, next)| group[at].weight - next.weight);
    Line { pair: Some(group[at]), right: group[at].b, status, rank: rank as u32, margin, cluster: None }
}
