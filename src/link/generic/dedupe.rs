//! Duplicates in one file: clusters, and the pairs within and between them.
//!
//! All pairs within a cluster are linked, those that no pass brought and those too light by themselves too: `linked` is an
//! equivalence. Pairs between clusters that are heavy enough are possible. A record without any of them is a cluster of
//! its own, with a row of its own.

use super::{Levels, Line, Listing, Scored};
use crate::link::cluster;
use crate::link::pairs::{Pairs, Status};

/// Word for what brought a pair of a cluster that no pass brought.
pub(super) const BY_CLUSTER: &str = "cluster";
/// Clusters with more records list only the pairs that passes brought.
const LARGEST: usize = 300;

/// Lists the pairs.
pub(super) fn pairs(listing: &Listing, mut scored: Vec<Scored>) -> Pairs {
    let rows = listing.columns.left_rows();
    let weigh = |a: u32, b: u32| -> (f64, Levels) {
        let levels = listing.comparators.levels(a, b);
        (listing.weights.total(a, b, levels), levels)
    };
    let heavy: Vec<(u32, u32, f32)> = scored
        .iter()
        .filter(|s| f64::from(s.weight) >= listing.model.linked_at)
        .map(|s| (s.a, s.b, s.weight))
        .collect();
    let cluster = cluster::clusters(rows, &heavy, |a, b| weigh(a, b).0, 0.0);
    let together = |a: u32, b: u32| cluster[a as usize] == cluster[b as usize];
    let mut members: Vec<(u32, u32)> = (0..rows).map(|r| (cluster[r as usize], r)).collect();
    members.sort_unstable();
    let groups: Vec<&[(u32, u32)]> = members.chunk_by(|x, y| x.0 == y.0).filter(|g| g.len() > 1).collect();
    let whole = |s: &Scored| together(s.a, s.b) && small(&members, cluster[s.a as usize]);
    let (within, mut lines): (Vec<Scored>, Vec<Scored>) = scored.drain(..).partition(whole);
    let mut met: Vec<(u32, u32, u32)> = within.iter().map(|s| (s.a, s.b, s.passes)).collect();
    met.sort_unstable();
    for group in groups.iter().filter(|g| g.len() <= LARGEST) {
        for (i, (_, a)) in group.iter().enumerate() {
            for (_, b) in &group[i + 1..] {
                let (weight, levels) = weigh(*a, *b);
                let known = met.binary_search_by_key(&(*a, *b), |m| (m.0, m.1));
                let passes = known.map_or(0, |at| met[at].2);
                lines.push(Scored { a: *a, b: *b, passes, weight: weight as f32, levels });
            }
        }
    }
    lines.sort_by(|x, y| x.b.cmp(&y.b).then(y.weight.total_cmp(&x.weight)).then(x.a.cmp(&y.a)));
    let mut listed = vec![false; rows as usize];
    lines.iter().for_each(|s| (listed[s.a as usize], listed[s.b as usize]) = (true, true));
    let mut out = Vec::with_capacity(lines.len());
    let mut pairs = lines.chunk_by(|x, y| x.b == y.b).peekable();
    for row in 0..rows {
        if !listed[row as usize] {
            let own = Some(row);
            out.push(Line { pair: None, right: row, status: Status::Unlinked, rank: 1, margin: None, cluster: own });
        }
        let Some(group) = pairs.next_if(|g| g[0].b == row) else { continue };
        for (at, scored) in group.iter().enumerate() {
            let same = together(scored.a, scored.b);
            out.push(Line {
                pair: Some(*scored),
                right: row,
                status: if same { Status::Linked } else { Status::Possible },
                rank: at as u32 + 1,
                margin: group.get(at + 1).map(|next| scored.weight - next.weight),
                cluster: same.then(|| cluster[row as usize]),
            });
        }
    }
    listing.columns(&out)
}

/// True for a cluster whose pairs are all listed.
fn small(members: &[(u32, u32)], cluster: u32) -> bool {
    let from = members.partition_point(|m| m.0 < cluster);
    let until = members.partition_point(|m| m.0 <= cluster);
    until - from <= LARGEST
}
