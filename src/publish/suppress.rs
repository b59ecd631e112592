//! Counts that may leave the office: small ones suppressed, and as many others as it takes that nobody works them out from the
//! totals (complementary suppression).
//!
//! A table of counts with its totals is a circulation: what goes into a row goes out over its cells into the columns and back as the
//! grand total. A suppressed count can be moved to another value, with every published count left as it is, along a ring of
//! suppressed counts (Kelly, Golden, Assad 1992; Castro 2012). So for each small count a ring is looked for on which it can be
//! anything from 1 to the threshold, over counts that are suppressed already and, where that does not do, over the smallest others,
//! which are suppressed then. Zero stays zero: that nobody is in a cell is published, and a suppressed cell is known not to be
//! empty.

use std::collections::BTreeSet;

/// Below this many nothing is told when nothing else is asked for. No Chinese rule names a number; the English health service
/// suppresses up to 7, the American Medicare agency up to 10, the British statistical office below 10 in health data.
pub const THRESHOLD: u64 = 10;

/// A table of counts: rows by columns, without totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Titles of the rows.
    pub rows: Vec<String>,
    /// Titles of the columns.
    pub columns: Vec<String>,
    /// Counts by row and column.
    pub cells: Vec<Vec<u64>>,
    /// True when each of those counted stands in one row only, so that columns have totals; false for rows like causes, of which a
    /// household may have several.
    pub column_totals: bool,
}

/// The same with totals as the last column and, where they are sums, as the last row; none for what is suppressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Counts by row and column, totals last.
    pub cells: Vec<Vec<Option<u64>>>,
    /// How many were suppressed because they are small.
    pub small: usize,
    /// How many others had to be.
    pub complementary: usize,
}

/// One count as a piece of pipe: from the node of its row to that of its column, totals the other way.
struct Edge {
    from: usize,
    to: usize,
    count: u64,
}

/// Suppresses what is below `threshold` (not zero), and what would give it away.
///
/// From what is published, each suppressed small count may still be anything from 1 to `threshold`, each small total anything from
/// what it is to `threshold`.
pub fn suppress(counts: &Counts, threshold: u64) -> Published {
    let full = with_totals(counts);
    let (height, width) = (full.len(), full.first().map_or(0, Vec::len));
    let edges = edges(counts, &full);
    let small: Vec<usize> = (0..edges.len()).filter(|e| edges[*e].count > 0 && edges[*e].count < threshold).collect();
    let mut hidden: BTreeSet<usize> = small.iter().copied().collect();
    for &cell in &small {
        let count = edges[cell].count;
        let Edge { from, to, .. } = edges[cell];
        // To move up by so much, the flow comes back from where the pipe ends; to move down, the other way round. A total cannot go
        // below the number of its cells that are not empty, which everybody sees.
        hidden.extend(ring(&edges, cell, (to, from), threshold - count, &hidden));
        let total = cell % width == width - 1 || cell / width == counts.rows.len();
        if count > 1 && !total {
            hidden.extend(ring(&edges, cell, (from, to), count - 1, &hidden));
        }
    }
    let cells = (0..height)
        .map(|r| (0..width).map(|c| (!hidden.contains(&(r * width + c))).then(|| full[r][c])).collect())
        .collect();
    Published { cells, small: small.len(), complementary: hidden.len() - small.len() }
}

fn with_totals(counts: &Counts) -> Vec<Vec<u64>> {
    let mut full: Vec<Vec<u64>> = counts.cells.clone();
    if counts.column_totals {
        full.push((0..counts.columns.len()).map(|c| counts.cells.iter().map(|row| row[c]).sum()).collect());
    }
    for row in &mut full {
        row.push(row.iter().sum());
    }
    full
}

/// Every count of the table with totals as an edge, row by row.
fn edges(counts: &Counts, full: &[Vec<u64>]) -> Vec<Edge> {
    let (rows, columns) = (counts.rows.len(), counts.columns.len());
    // Rows, then columns, then where all comes from and where it goes. Without totals of columns those are one free place.
    let free = rows + columns;
    let (source, sink) = if counts.column_totals { (free, free + 1) } else { (free, free) };
    let column = |c: usize| if counts.column_totals { rows + c } else { free };
    let mut edges = Vec::new();
    for (r, row) in full.iter().enumerate() {
        for (c, &count) in row.iter().enumerate() {
            let (from, to) = match (r < rows, c < columns) {
                (true, true) => (r, column(c)),
                (true, false) => (source, r),
                (false, true) => (column(c), sink),
                (false, false) => (sink, source),
            };
            edges.push(Edge { from, to, count });
        }
    }
    edges
}

/// The cheapest way from one node to another by which `by` more can flow: forward along a count, which grows, or back along one,
/// which shrinks and must stay at least 1. Suppressed counts cost nothing, others what they count; zeros do not move.
fn ring(edges: &[Edge], but: usize, (start, goal): (usize, usize), by: u64, hidden: &BTreeSet<usize>) -> Vec<usize> {
    let nodes = edges.iter().map(|e| e.from.max(e.to)).max().unwrap_or(0) + 1;
    let mut best: Vec<Option<(u64, Vec<usize>)>> = vec![None; nodes];
    best[start] = Some((0, Vec::new()));
    let mut open: BTreeSet<(u64, usize)> = BTreeSet::from([(0, start)]);
    while let Some((cost, node)) = open.pop_first() {
        if node == goal {
            break;
        }
        let path = best[node].as_ref().map(|(_, path)| path.clone()).unwrap_or_default();
        for (at, edge) in edges.iter().enumerate() {
            if at == but || edge.count == 0 {
                continue;
            }
            let next = match () {
                () if edge.from == node => edge.to,
                () if edge.to == node && edge.count > by => edge.from,
                () => continue,
            };
            let price = cost + if hidden.contains(&at) { 0 } else { edge.count };
            if best[next].as_ref().is_none_or(|(known, _)| price < *known) {
                let way = path.iter().copied().chain([at]).collect();
                best[next] = Some((price, way));
                open.insert((price, next));
            }
        }
    }
    best[goal].take().map(|(_, path)| path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(cells: &[&[u64]], column_totals: bool) -> Counts {
        let names = |n: usize| (0..n).map(|i| i.to_string()).collect();
        Counts {
            rows: names(cells.len()),
            columns: names(cells[0].len()),
            cells: cells.iter().map(|r| r.to_vec()).collect(),
            column_totals,
        }
    }

    #[test]
    fn a_small_count_takes_a_neighbour_and_their_totals_with_it() {
        let published = suppress(&table(&[&[3, 40, 50], &[20, 30, 60]], true), 10);
        assert_eq!((published.small, published.complementary), (1, 3));
        assert_eq!(published.cells[0], [None, None, Some(50), Some(93)]);
        assert_eq!(published.cells[1], [None, None, Some(60), Some(110)]);
        assert_eq!(published.cells[2], [Some(23), Some(70), Some(110), Some(203)], "totals stay");
    }

    #[test]
    fn what_is_large_or_empty_is_published_as_it_is() {
        let published = suppress(&table(&[&[10, 0], &[0, 25]], true), 10);
        assert_eq!((published.small, published.complementary), (0, 0));
        assert_eq!(
            published.cells,
            [[Some(10), Some(0), Some(10)], [Some(0), Some(25), Some(25)], [Some(10), Some(25), Some(35)]]
        );
    }

    #[test]
    fn without_totals_of_columns_a_row_is_enough() {
        let published = suppress(&table(&[&[3, 40, 50], &[20, 30, 60]], false), 10);
        assert_eq!(
            published.cells,
            [vec![None, None, Some(50), Some(93)], vec![Some(20), Some(30), Some(60), Some(110)]]
        );
    }

    #[test]
    fn a_table_with_one_cell_says_nothing() {
        let published = suppress(&table(&[&[4]], true), 10);
        assert!(published.cells.iter().flatten().all(Option::is_none));
    }

    /// Somebody who knows all published counts, that suppressed ones are not zero, and how to add: every table that fits.
    fn fitting(counts: &Counts, published: &Published, most: u64) -> Vec<Vec<Vec<u64>>> {
        fn fill(
            (free, totals): (&[(usize, usize)], &[Option<u64>]),
            most: u64,
            at: usize,
            now: &mut Vec<Vec<u64>>,
            fits: &mut dyn FnMut(&[Vec<u64>]),
        ) {
            let Some(&(r, c)) = free.get(at) else { return fits(now) };
            let last_of_row = free.get(at + 1).is_none_or(|(next, _)| *next != r);
            for value in 1..=most {
                now[r][c] = value;
                if !last_of_row || totals[r].is_none_or(|t| now[r].iter().sum::<u64>() == t) {
                    fill((free, totals), most, at + 1, now, fits);
                }
            }
        }
        let mut now = counts.cells.clone();
        let free: Vec<(usize, usize)> = (0..counts.rows.len())
            .flat_map(|r| (0..counts.columns.len()).map(move |c| (r, c)))
            .filter(|(r, c)| published.cells[*r][*c].is_none())
            .collect();
        let mut found = Vec::new();
        let totals: Vec<Option<u64>> = published.cells.iter().map(|row| row[counts.columns.len()]).collect();
        fill((&free, &totals), most, 0, &mut now, &mut |cells| {
            let full = with_totals(&Counts { cells: cells.to_vec(), ..counts.clone() });
            let same = published
                .cells
                .iter()
                .zip(&full)
                .all(|(p, f)| p.iter().zip(f).all(|(p, f)| p.is_none_or(|p| p == *f) && (p.is_some() || *f > 0)));
            if same {
                found.push(full);
            }
        });
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        #[test]
        fn every_small_count_may_be_anything_up_to_the_threshold(
            cells in prop::collection::vec(prop::collection::vec(prop_oneof![Just(0u64), 1u64..3, 3u64..6], 2..=3), 2..=2)
                .prop_filter("rows of one length", |rows| rows.iter().all(|r| r.len() == rows[0].len())),
            column_totals in any::<bool>(),
        ) {
            let rows: Vec<&[u64]> = cells.iter().map(Vec::as_slice).collect();
            let counts = table(&rows, column_totals);
            let published = suppress(&counts, 3);
            let full = with_totals(&counts);
            let fits = fitting(&counts, &published, 7);
            for (r, row) in full.iter().enumerate() {
                for (c, count) in row.iter().enumerate().filter(|(_, n)| **n > 0 && **n < 3) {
                    prop_assert!(published.cells[r][c].is_none(), "{count} at {r},{c} is shown");
                    let total = c == counts.columns.len() || r == counts.rows.len();
                    for value in if total { *count } else { 1 }..=3 {
                        prop_assert!(
                            fits.iter().any(|f| f[r][c] == value),
                            "{count} at {r},{c} cannot be {value}: {:?}", published.cells
                        );
                    }
                }
            }
        }
    }
}
