//! One record, one person: the assignment of greatest total weight, for sources that list everybody once.
//!
//! In: candidate pairs with weights. Out: [`Assigned`]: the pairs on which every best assignment agrees, each with what
//! it would cost to do without it, and the records on which best assignments differ. Those are nobody's to decide by
//! program: they go to clerical review.
//!
//! The candidate graph falls into connected components, mostly of two or three records, each solved on its own and
//! exactly: shortest augmenting paths with potentials on the sparse graph (the Hungarian method as Jonker and Volgenant
//! (1987) run it). Matrix solvers such as `pathfinding`'s need rows × columns cells and cannot leave a record
//! unmatched without doubling them; this one needs only the pairs. Weights are summed as whole numbers, so that equal
//! sums are equal whatever the order of the rows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;

/// Steps of weight per unit: sums are exact, and 1/65536 of a bit is no evidence.
const STEPS: f64 = 65_536.0;

/// Records × pairs up to which a component is solved exactly: a second or so. Larger ones come from blocking that is
/// too wide, and are solved by [`Large`]'s rule.
pub const MOST_WORK: u64 = 100_000_000;

/// A pair that stands in every best assignment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen {
    /// Left side of the pair.
    pub left: u32,
    /// Right side of the pair.
    pub right: u32,
    /// Total weight lost when this pair is forbidden and everything else put as well as can be: what the pair is ahead
    /// of all other ways to assign, the record left alone among them. Never above the pair's own weight.
    pub margin: f64,
}

/// A component too large for the exact method, where the heaviest pair goes first and pairs of equal weight that
/// exclude each other are all left to review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Large {
    /// Records of the left side.
    pub lefts: usize,
    /// Records of the right side.
    pub rights: usize,
    /// Pairs.
    pub pairs: usize,
}

/// The assignment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Assigned {
    /// Pairs on which all best assignments agree, by right, then left.
    pub chosen: Vec<Chosen>,
    /// Records of the right side that fare differently in different best assignments, sorted.
    pub tied: Vec<u32>,
    /// Components that were too large to be solved exactly, largest first.
    pub large: Vec<Large>,
}

impl Assigned {
    /// The pair of a right record.
    pub fn of(&self, right: u32) -> Option<&Chosen> {
        self.chosen.binary_search_by_key(&right, |c| c.right).ok().map(|at| &self.chosen[at])
    }

    /// True when best assignments differ about a right record.
    pub fn is_tied(&self, right: u32) -> bool {
        self.tied.binary_search(&right).is_ok()
    }
}

/// Assigns each right record to at most one left record and the other way round, for the greatest sum of weights.
///
/// A weight says how much better the pair is than leaving both alone: take the threshold off a match weight first.
/// Pairs that weigh nothing or less are never chosen. The outcome does not depend on the order of `edges`; of a pair
/// given twice the greater weight counts.
pub fn one_to_one(edges: &[(u32, u32, f32)]) -> Assigned {
    one_to_one_within(edges, MOST_WORK)
}

/// [`one_to_one`] with its own bound of records × pairs.
pub fn one_to_one_within(edges: &[(u32, u32, f32)], most_work: u64) -> Assigned {
    let mut pairs: Vec<Pair> = edges
        .iter()
        .map(|(left, right, weight)| Pair { left: *left, right: *right, weight: steps(*weight) })
        .filter(|p| p.weight > 0)
        .collect();
    pairs.sort_unstable_by_key(|p| (p.right, p.left, Reverse(p.weight)));
    pairs.dedup_by_key(|p| (p.right, p.left));
    let pairs = by_component(pairs);
    let solved: Vec<Solved> = pairs.par_iter().map(|c| solve(c, most_work)).collect();
    let mut assigned = Assigned::default();
    for part in solved {
        assigned.chosen.extend(part.chosen);
        assigned.tied.extend(part.tied);
        assigned.large.extend(part.large);
    }
    assigned.chosen.sort_unstable_by_key(|c| c.right);
    assigned.tied.sort_unstable();
    assigned.large.sort_unstable_by_key(|l| Reverse((l.pairs, l.rights, l.lefts)));
    assigned
}

/// A not-a-number weighs nothing; the ends are far beyond any sum of comparisons.
fn steps(weight: f32) -> i64 {
    (f64::from(weight).clamp(-1e6, 1e6) * STEPS).round() as i64
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    left: u32,
    right: u32,
    weight: i64,
}

/// Pairs, sorted by right and left, split into connected components; each keeps the order.
fn by_component(pairs: Vec<Pair>) -> Vec<Vec<Pair>> {
    let mut lefts: Vec<u32> = pairs.iter().map(|p| p.left).collect();
    lefts.sort_unstable();
    lefts.dedup();
    let at = |left: u32| lefts.binary_search(&left).expect("every left is listed");
    let mut parent: Vec<u32> = (0..lefts.len() as u32).collect();
    let root = |parent: &mut Vec<u32>, mut i: u32| {
        while parent[i as usize] != i {
            parent[i as usize] = parent[parent[i as usize] as usize];
            i = parent[i as usize];
        }
        i
    };
    for two in pairs.windows(2).filter(|two| two[0].right == two[1].right) {
        let (a, b) = (root(&mut parent, at(two[0].left) as u32), root(&mut parent, at(two[1].left) as u32));
        parent[a.max(b) as usize] = a.min(b);
    }
    let mut grouped: Vec<(u32, Pair)> = pairs.into_iter().map(|p| (root(&mut parent, at(p.left) as u32), p)).collect();
    grouped.sort_by_key(|g| g.0);
    grouped.chunk_by(|a, b| a.0 == b.0).map(|c| c.iter().map(|g| g.1).collect()).collect()
}

#[derive(Debug, Default)]
struct Solved {
    chosen: Vec<Chosen>,
    tied: Vec<u32>,
    large: Option<Large>,
}

fn solve(pairs: &[Pair], most_work: u64) -> Solved {
    if let [only] = pairs {
        return Solved { chosen: vec![chosen(only, only.weight)], ..Solved::default() };
    }
    let graph = Graph::of(pairs);
    if graph.rights.len() as u64 * pairs.len() as u64 > most_work {
        return heaviest_first(pairs, &graph);
    }
    let mut matching = Matching::new(&graph);
    for row in 0..graph.rights.len() {
        matching.add(row);
    }
    let mut solved = Solved::default();
    for row in 0..graph.rights.len() {
        let margin = matching.margin(row);
        let column = matching.column_of[row];
        if margin == 0 {
            solved.tied.push(graph.rights[row]);
        } else if column < graph.lefts.len() {
            let pair = Pair { left: graph.lefts[column], right: graph.rights[row], weight: 0 };
            solved.chosen.push(chosen(&pair, margin));
        }
    }
    solved
}

fn chosen(pair: &Pair, margin: i64) -> Chosen {
    Chosen { left: pair.left, right: pair.right, margin: margin as f64 / STEPS }
}

/// One component with its records counted from 0: rows are right records, columns left ones, and behind them one column
/// for each row that stands for being left alone at weight 0.
struct Graph {
    lefts: Vec<u32>,
    rights: Vec<u32>,
    /// Of each row: column and cost (the weight with its sign turned).
    edges: Vec<Vec<(usize, i64)>>,
}

impl Graph {
    fn of(pairs: &[Pair]) -> Graph {
        let mut lefts: Vec<u32> = pairs.iter().map(|p| p.left).collect();
        lefts.sort_unstable();
        lefts.dedup();
        let mut graph = Graph { lefts, rights: Vec::new(), edges: Vec::new() };
        for of_right in pairs.chunk_by(|a, b| a.right == b.right) {
            let column = |p: &Pair| graph.lefts.binary_search(&p.left).expect("every left is listed");
            let mut edges: Vec<(usize, i64)> = of_right.iter().map(|p| (column(p), -p.weight)).collect();
            edges.push((graph.lefts.len() + graph.rights.len(), 0));
            graph.rights.push(of_right[0].right);
            graph.edges.push(edges);
        }
        graph
    }

    fn columns(&self) -> usize {
        self.lefts.len() + self.rights.len()
    }
}

const NOBODY: usize = usize::MAX;

/// A matching of least cost among the rows added so far, with the potentials that prove it: no edge costs less than
/// `row_price + column_price`, and matched edges cost just that.
struct Matching<'a> {
    graph: &'a Graph,
    row_price: Vec<i64>,
    column_price: Vec<i64>,
    column_of: Vec<usize>,
    row_of: Vec<usize>,
    distance: Vec<i64>,
    /// Row from which a column was reached.
    from: Vec<usize>,
    /// Columns whose distance is known for good, in that order.
    done: Vec<usize>,
    touched: Vec<usize>,
    heap: BinaryHeap<Reverse<(i64, usize)>>,
}

impl<'a> Matching<'a> {
    fn new(graph: &'a Graph) -> Matching<'a> {
        let (rows, columns) = (graph.rights.len(), graph.columns());
        Matching {
            graph,
            row_price: vec![0; rows],
            column_price: vec![0; columns],
            column_of: vec![NOBODY; rows],
            row_of: vec![NOBODY; columns],
            distance: vec![i64::MAX; columns],
            from: vec![NOBODY; columns],
            done: Vec::new(),
            touched: Vec::new(),
            heap: BinaryHeap::new(),
        }
    }

    /// Shortest ways from a row to columns until the nearest free column is known, or with `forbidden`, the way back to
    /// that column. Gives the last column and its distance.
    ///
    /// On the way back a free column may be taken and any other one be given up for it: the columns' prices say what
    /// that costs.
    fn search(&mut self, start: usize, forbidden: usize) -> (usize, i64) {
        for column in self.touched.drain(..) {
            self.distance[column] = i64::MAX;
        }
        self.done.clear();
        self.heap.clear();
        self.reach(start, 0, forbidden);
        let mut freed = false;
        while let Some(Reverse((distance, column))) = self.heap.pop() {
            if distance > self.distance[column] {
                continue;
            }
            self.done.push(column);
            let row = self.row_of[column];
            if column == forbidden || (row == NOBODY && forbidden == NOBODY) {
                return (column, distance);
            }
            if row != NOBODY {
                self.reach(row, distance, NOBODY);
            } else if !freed {
                freed = true;
                for column in (0..self.row_of.len()).filter(|c| self.row_of[*c] != NOBODY).collect::<Vec<_>>() {
                    self.shorten(column, distance - self.column_price[column], NOBODY);
                }
            }
        }
        unreachable!("a row can always be left alone, so that a free column is always reached")
    }

    fn reach(&mut self, row: usize, so_far: i64, forbidden: usize) {
        let graph = self.graph;
        for (column, cost) in graph.edges[row].iter().copied().filter(|e| e.0 != forbidden) {
            self.shorten(column, so_far + cost - self.row_price[row] - self.column_price[column], row);
        }
    }

    fn shorten(&mut self, column: usize, distance: i64, from: usize) {
        if distance < self.distance[column] {
            if self.distance[column] == i64::MAX {
                self.touched.push(column);
            }
            self.distance[column] = distance;
            self.from[column] = from;
            self.heap.push(Reverse((distance, column)));
        }
    }

    /// Adds a row by the cheapest augmenting path.
    fn add(&mut self, row: usize) {
        let price = |&(column, cost): &(usize, i64)| cost - self.column_price[column];
        self.row_price[row] = self.graph.edges[row].iter().map(price).min().expect("a row can always be left alone");
        let (mut column, length) = self.search(row, NOBODY);
        self.row_price[row] += length;
        for &column in &self.done {
            let shift = length - self.distance[column];
            if self.row_of[column] != NOBODY {
                self.row_price[self.row_of[column]] += shift;
                self.column_price[column] -= shift;
            }
        }
        while column != NOBODY {
            let through = self.from[column];
            self.row_of[column] = through;
            std::mem::swap(&mut self.column_of[through], &mut column);
        }
    }

    /// What the whole costs more when a row may not have its column.
    fn margin(&mut self, row: usize) -> i64 {
        self.search(row, self.column_of[row]).1
    }
}

/// The rule for components that are too large: the heaviest pair first; pairs of equal weight that exclude each other
/// leave all their records tied.
fn heaviest_first(pairs: &[Pair], graph: &Graph) -> Solved {
    let large = Large { lefts: graph.lefts.len(), rights: graph.rights.len(), pairs: pairs.len() };
    let mut solved = Solved { large: Some(large), ..Solved::default() };
    let ends: Vec<(usize, usize, i64)> = (graph.edges.iter().enumerate())
        .flat_map(|(row, edges)| edges.iter().map(move |(column, cost)| (*column, row, -cost)))
        .filter(|(_, _, weight)| *weight > 0)
        .collect();
    let mut order: Vec<usize> = (0..ends.len()).collect();
    order.sort_by_key(|e| Reverse(ends[*e].2));
    // Weights still to come at each end, heaviest first, tell what a pair is ahead of.
    let mut at_left: Vec<Vec<usize>> = vec![Vec::new(); graph.lefts.len()];
    let mut at_right: Vec<Vec<usize>> = vec![Vec::new(); graph.rights.len()];
    for &e in &order {
        at_left[ends[e].0].push(e);
        at_right[ends[e].1].push(e);
    }
    let (mut left_free, mut right_free) = (vec![true; graph.lefts.len()], vec![true; graph.rights.len()]);
    for group in order.chunk_by(|a, b| ends[*a].2 == ends[*b].2) {
        let live: Vec<usize> =
            group.iter().copied().filter(|e| left_free[ends[*e].0] && right_free[ends[*e].1]).collect();
        let next = |e: usize, rivals: &[usize]| {
            let rival = |r: &&usize| **r != e && left_free[ends[**r].0] && right_free[ends[**r].1];
            rivals.iter().find(rival).map_or(0, |r| ends[*r].2)
        };
        let ahead: Vec<i64> =
            live.iter().map(|&e| ends[e].2 - next(e, &at_left[ends[e].0]).max(next(e, &at_right[ends[e].1]))).collect();
        for (&e, ahead) in live.iter().zip(ahead) {
            let (column, row, _) = ends[e];
            left_free[column] = false;
            right_free[row] = false;
            let pair = Pair { left: graph.lefts[column], right: graph.rights[row], weight: 0 };
            match ahead {
                0 => solved.tied.push(pair.right),
                _ => solved.chosen.push(chosen(&pair, ahead)),
            }
        }
    }
    solved.tied.sort_unstable();
    solved.tied.dedup();
    solved
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(assigned: &Assigned) -> Vec<(u32, u32)> {
        assigned.chosen.iter().map(|c| (c.left, c.right)).collect()
    }

    #[test]
    fn the_whole_counts_not_the_heaviest_pair() {
        // Greedy gives 10 to record 1 and nothing to record 2: 9. The best is 8 + 7.
        let edges = [(10, 1, 9.0), (11, 1, 8.0), (10, 2, 7.0)];
        let found = one_to_one(&edges);
        assert_eq!(pairs(&found), [(11, 1), (10, 2)]);
        assert_eq!(found.of(1).map(|c| c.margin), Some(6.0));
        assert_eq!(found.of(2).map(|c| c.margin), Some(6.0));
        assert!(found.tied.is_empty() && found.of(3).is_none());
    }

    #[test]
    fn equal_sums_are_left_to_review() {
        // Two records, one person, the same weight.
        let found = one_to_one(&[(10, 1, 5.0), (10, 2, 5.0), (20, 3, 5.0)]);
        assert_eq!((pairs(&found), found.tied.clone()), (vec![(20, 3)], vec![1, 2]));
        assert!(found.is_tied(1) && !found.is_tied(3));
        // Twins either way round; and one whose rival would do as well elsewhere.
        let twins = one_to_one(&[(10, 1, 5.0), (11, 1, 4.0), (10, 2, 5.0), (11, 2, 4.0)]);
        assert_eq!((pairs(&twins), twins.tied), (vec![], vec![1, 2]));
        let told = one_to_one(&[(10, 1, 5.0), (11, 1, 4.0), (10, 2, 5.0), (11, 2, 3.5)]);
        assert_eq!((pairs(&told), told.of(1).unwrap().margin), (vec![(11, 1), (10, 2)], 0.5));
        // The third record goes the same way in both best assignments of the others.
        let found = one_to_one(&[(10, 1, 5.0), (10, 2, 5.0), (11, 2, 1.0), (12, 2, 1.0), (12, 3, 9.0), (11, 1, 1.0)]);
        assert_eq!((pairs(&found), found.tied), (vec![(12, 3)], vec![1, 2]));
    }

    #[test]
    fn what_weighs_nothing_is_not_chosen() {
        let found = one_to_one(&[(1, 1, 0.0), (2, 2, -3.0), (3, 3, f32::NAN), (4, 4, 1.0), (4, 4, 2.0)]);
        assert_eq!(found.chosen, [Chosen { left: 4, right: 4, margin: 2.0 }]);
        assert_eq!(one_to_one(&[]), Assigned::default());
    }

    #[test]
    fn too_large_a_component_is_told_and_still_decided() {
        let edges = [(10, 1, 9.0), (11, 1, 8.0), (10, 2, 7.0), (12, 2, 2.0), (12, 3, 2.0), (50, 51, 1.0), (13, 3, 1.0)];
        let found = one_to_one_within(&edges, 10);
        assert_eq!(pairs(&found), [(10, 1), (50, 51)]);
        assert_eq!(found.of(1).unwrap().margin, 1.0);
        assert_eq!(found.tied, [2, 3]);
        assert_eq!(found.large, [Large { lefts: 4, rights: 3, pairs: 6 }]);
        assert!(one_to_one(&edges).large.is_empty());
    }

    #[test]
    fn a_large_component_takes_no_time() {
        // A chain of 4,000 records, each torn between two persons.
        let edges: Vec<(u32, u32, f32)> =
            (0..4000u32).flat_map(|i| [(i, i, 5.0), (i + 1, i, 5.0 + (i % 7) as f32 / 8.0)]).collect();
        let found = one_to_one(&edges);
        assert!(found.large.is_empty());
        assert_eq!(found.chosen.len() + found.tied.len(), 4000);
    }

    type Edges = Vec<(u32, u32, f32)>;

    /// Few distinct weights, so that ties are common.
    fn graph() -> impl Strategy<Value = Edges> {
        let edge = (0..6u32, 0..6u32, -1..7i32).prop_map(|(l, r, w)| (l, r, w as f32 / 2.0));
        prop::collection::vec(edge, 0..14)
    }

    /// Every assignment of greatest total, by trying them all: of each right record its left one.
    fn all_best(edges: &Edges) -> (f32, Vec<Vec<Option<u32>>>) {
        fn walk(
            edges: &Edges,
            right: u32,
            taken: &mut Vec<u32>,
            so_far: f32,
            now: &mut Vec<Option<u32>>,
            best: &mut (f32, Vec<Vec<Option<u32>>>),
        ) {
            if right == 6 {
                if so_far > best.0 {
                    *best = (so_far, Vec::new());
                }
                if so_far == best.0 {
                    best.1.push(now.clone());
                }
                return;
            }
            now.push(None);
            walk(edges, right + 1, taken, so_far, now, best);
            now.pop();
            for left in 0..6 {
                let weights = edges.iter().filter(|e| e.1 == right && e.0 == left).map(|e| e.2);
                let weight = weights.fold(0.0, f32::max);
                if weight > 0.0 && !taken.contains(&left) {
                    taken.push(left);
                    now.push(Some(left));
                    walk(edges, right + 1, taken, so_far + weight, now, best);
                    now.pop();
                    taken.pop();
                }
            }
        }
        let mut best = (0.0, Vec::new());
        walk(edges, 0, &mut Vec::new(), 0.0, &mut Vec::new(), &mut best);
        best
    }

    fn greedy(edges: &Edges) -> f32 {
        let mut sorted: Edges = edges.iter().copied().filter(|e| e.2 > 0.0).collect();
        sorted.sort_by(|a, b| b.2.total_cmp(&a.2));
        let (mut lefts, mut rights, mut sum) = (vec![], vec![], 0.0);
        for (left, right, weight) in sorted {
            if !lefts.contains(&left) && !rights.contains(&right) {
                lefts.push(left);
                rights.push(right);
                sum += weight;
            }
        }
        sum
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn it_is_what_trying_everything_finds(edges in graph()) {
            let (total, best) = all_best(&edges);
            prop_assert!(total >= greedy(&edges));
            let found = one_to_one(&edges);
            for right in 0..6u32 {
                let ways: Vec<Option<u32>> = best.iter().map(|b| b[right as usize]).collect();
                let same = ways.iter().all(|w| *w == ways[0]);
                prop_assert_eq!(found.is_tied(right), !same, "record {} of {:?}", right, ways);
                if same {
                    prop_assert_eq!(found.of(right).map(|c| c.left), ways[0]);
                }
            }
            // The margin is what forbidding the pair costs.
            for pair in &found.chosen {
                let without: Edges = edges.iter().copied().filter(|e| (e.0, e.1) != (pair.left, pair.right)).collect();
                prop_assert_eq!(pair.margin as f32, total - all_best(&without).0);
            }
        }

        #[test]
        fn the_order_of_rows_decides_nothing(
            (edges, turned) in graph().prop_flat_map(|e| (Just(e.clone()), Just(e).prop_shuffle())),
            most_work in prop_oneof![Just(MOST_WORK), Just(0)],
        ) {
            let found = one_to_one_within(&edges, most_work);
            prop_assert_eq!(&one_to_one_within(&turned, most_work), &found);
            // Nor do the numbers that rows bear.
            let renamed: Edges = edges.iter().map(|(l, r, w)| (5 - l, 5 - r, *w)).collect();
            let mut back: Vec<(u32, u32)> =
                one_to_one_within(&renamed, most_work).chosen.iter().map(|c| (5 - c.left, 5 - c.right)).collect();
            back.sort_by_key(|c| c.1);
            prop_assert_eq!(back, pairs(&found));
        }

        #[test]
        fn both_rules_take_nobody_twice(edges in graph(), most_work in prop_oneof![Just(MOST_WORK), Just(0)]) {
            let found = one_to_one_within(&edges, most_work);
            let mut lefts: Vec<u32> = found.chosen.iter().map(|c| c.left).collect();
            lefts.sort_unstable();
            prop_assert!(lefts.windows(2).all(|w| w[0] != w[1]));
            prop_assert!(found.chosen.windows(2).all(|w| w[0].right < w[1].right));
            prop_assert!(found.chosen.iter().all(|c| c.margin > 0.0 && !found.is_tied(c.right)));
        }
    }
}
