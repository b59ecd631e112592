//! Clusters of records that are the same thing, from weighted pairs.
//!
//! Connected components alone chain: one wrong pair makes one cluster of two persons. Here pairs are taken from the
//! heaviest down, and two groups become one only when what all their records weigh against each other speaks for it on
//! average. Pairs whose groups stay apart are the weak bridges: their records are for people to look at.

/// Pairs of two groups that are weighed at most: the mean of so many is as good as that of all.
const MOST_WEIGHED: usize = 64;

/// Groups records; gives for each record the smallest record of its group.
///
/// `edges` are the pairs heavy enough to join, `weight` weighs any pair, and groups whose mean weight lies below `floor`
/// stay apart. The outcome depends neither on the order of `edges` nor on anything but the weights.
pub fn clusters(records: u32, edges: &[(u32, u32, f32)], weight: impl Fn(u32, u32) -> f64, floor: f64) -> Vec<u32> {
    let mut edges: Vec<(u32, u32, f32)> = edges.iter().map(|(a, b, w)| (*a.min(b), *a.max(b), *w)).collect();
    edges.sort_by(|x, y| y.2.total_cmp(&x.2).then((x.0, x.1).cmp(&(y.0, y.1))));
    let mut groups = Groups { of: (0..records).collect(), members: (0..records).map(|r| vec![r]).collect() };
    // What was refused while groups were small may be right once they have grown; each round joins something or is the last.
    while !edges.is_empty() {
        let before = edges.len();
        edges.retain(|(a, b, _)| !groups.joined(*a, *b, &weight, floor) && !groups.together(*a, *b));
        if edges.len() == before || groups.nothing_joined(&edges) {
            break;
        }
    }
    (0..records).map(|r| groups.members[groups.of[r as usize] as usize][0]).collect()
}

struct Groups {
    of: Vec<u32>,
    /// Members of each group, sorted; empty for a group that went into another.
    members: Vec<Vec<u32>>,
}

impl Groups {
    fn together(&self, a: u32, b: u32) -> bool {
        self.of[a as usize] == self.of[b as usize]
    }

    fn nothing_joined(&self, edges: &[(u32, u32, f32)]) -> bool {
        edges.iter().all(|(a, b, _)| self.together(*a, *b))
    }

    /// Joins the groups of two records unless their records speak against it; true when they are one now.
    fn joined(&mut self, a: u32, b: u32, weight: &impl Fn(u32, u32) -> f64, floor: f64) -> bool {
        let (ga, gb) = (self.of[a as usize], self.of[b as usize]);
        if ga == gb {
            return true;
        }
        let (x, y) = (&self.members[ga as usize], &self.members[gb as usize]);
        if x.len() * y.len() > 1 && mean(x, y, weight) < floor {
            return false;
        }
        let (into, from) = if x.len() >= y.len() { (ga, gb) } else { (gb, ga) };
        let moved = std::mem::take(&mut self.members[from as usize]);
        moved.iter().for_each(|r| self.of[*r as usize] = into);
        let members = &mut self.members[into as usize];
        members.extend(moved);
        members.sort_unstable();
        true
    }
}

/// Mean weight of the pairs of two groups; evenly spread ones when there are many.
fn mean(x: &[u32], y: &[u32], weight: &impl Fn(u32, u32) -> f64) -> f64 {
    let all = x.len() * y.len();
    let weighed = all.min(MOST_WEIGHED);
    let pair = |n: usize| {
        let at = n * all / weighed;
        // Diagonals, so that few pairs still touch many records of both groups.
        let i = at % x.len();
        (x[i], y[(at / x.len() + i) % y.len()])
    };
    (0..weighed).map(pair).map(|(a, b)| weight(a.min(b), a.max(b))).sum::<f64>() / weighed as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two groups of three that agree within and are tied by one wrong pair.
    fn bridge(a: u32, b: u32) -> f64 {
        match (a, b) {
            (2, 3) => 6.0,
            _ if a / 3 == b / 3 => 10.0,
            _ => -12.0,
        }
    }

    fn edges(records: u32, weight: impl Fn(u32, u32) -> f64) -> Vec<(u32, u32, f32)> {
        let all = (0..records).flat_map(|a| (a + 1..records).map(move |b| (a, b)));
        all.map(|(a, b)| (a, b, weight(a, b) as f32)).filter(|e| e.2 > 0.0).collect()
    }

    #[test]
    fn a_weak_bridge_does_not_chain_two_groups() {
        assert_eq!(clusters(7, &edges(6, bridge), bridge, 0.0), [0, 0, 0, 3, 3, 3, 6]);
    }

    #[test]
    fn a_poor_record_joins_by_what_it_says_to_all() {
        // Record 3 agrees well with 0 and says little to the others.
        let weight = |a: u32, b: u32| {
            if b < 3 {
                10.0
            } else if a == 0 {
                5.0
            } else {
                -1.0
            }
        };
        assert_eq!(clusters(4, &edges(4, weight), weight, 0.0), [0, 0, 0, 0]);
    }

    #[test]
    fn order_of_pairs_does_not_matter() {
        let mut turned = edges(6, bridge);
        let straight = clusters(6, &turned, bridge, 0.0);
        turned.reverse();
        turned.iter_mut().for_each(|e| (e.0, e.1) = (e.1, e.0));
        assert_eq!(clusters(6, &turned, bridge, 0.0), straight);
    }

    #[test]
    fn many_pairs_are_weighed_by_an_even_share() {
        let (x, y): (Vec<u32>, Vec<u32>) = ((0..40).collect(), (40..100).collect());
        let touched = std::cell::RefCell::new(std::collections::BTreeSet::new());
        let mean = mean(&x, &y, &|a, b| {
            touched.borrow_mut().extend([a, b]);
            3.0
        });
        assert_eq!(mean, 3.0);
        assert!(touched.borrow().len() > 50, "{}", touched.borrow().len());
    }
}
