//! Where each true pair ended, and what the errors look like.

use std::collections::{BTreeMap, BTreeSet};

use super::{Known, MOST_TOLD, Truth};
use crate::link::pairs::{NO_LEVEL, Pairs, Status};

/// Where a true pair ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Linked.
    Linked,
    /// Not linked itself, but in one cluster (one file).
    Clustered,
    /// Its record is linked to something else (two files).
    LinkedToAnother,
    /// Possible; it is among the candidates.
    Possible,
    /// Its record is possible, and it is not among the candidates.
    PossibleWithout,
    /// Conflict; it is among the candidates.
    Conflict,
    /// Its record is a conflict, and it is not among the candidates.
    ConflictWithout,
    /// Its record is unlinked: it never came up, or too light. Of one file: the pair is not listed.
    Unlinked,
}

impl End {
    /// All ends, in the order in which they are told.
    pub const ALL: [End; 8] = [
        End::Linked,
        End::Clustered,
        End::LinkedToAnother,
        End::Possible,
        End::PossibleWithout,
        End::Conflict,
        End::ConflictWithout,
        End::Unlinked,
    ];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            End::Linked => "linked",
            End::Clustered => "in one cluster",
            End::LinkedToAnother => "linked to another",
            End::Possible => "possible, among the candidates",
            End::PossibleWithout => "possible, not among the candidates",
            End::Conflict => "conflict, among the candidates",
            End::ConflictWithout => "conflict, not among the candidates",
            End::Unlinked => "unlinked, never a candidate",
        }
    }
}

/// True pairs that ended alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Ended {
    /// Where.
    pub end: End,
    /// How many.
    pub pairs: u64,
    /// Of these, the best candidate of their record.
    pub first: u64,
}

/// True pairs of one kind.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ByKind {
    /// The truth's word.
    pub kind: String,
    /// How many.
    pub pairs: u64,
    /// Of these, the best candidate of their record, whatever its state.
    pub first: u64,
    /// Linked (of one file also: in one cluster).
    pub linked: u64,
    /// Their record is linked to another.
    pub wrong: u64,
    /// Possible or conflict, among the candidates.
    pub review: u64,
    /// Not even a candidate, and not linked to another.
    pub missed: u64,
}

/// Pairs whose comparisons came out alike.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ByLevels {
    /// Level of each comparison that both sides have a value for.
    pub levels: Vec<String>,
    /// Linked, and true.
    pub right: u64,
    /// Linked, and false.
    pub wrong: u64,
    /// Listed but not linked, and true.
    pub not_linked: u64,
}

/// A link that is false, by keys only.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct WrongLink {
    /// Row of the left side, from 0.
    pub left: u32,
    /// Row of the right side, from 0.
    pub right: u32,
    /// The row of the left side that would be right; none when the record has nobody there.
    pub truth: Option<u32>,
    /// Its match weight.
    pub weight: f32,
    /// Keys of left, right and truth, when the files have keys: see [`super::Evaluation::name`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
}

/// The end of every true pair.
pub(super) struct Ends<'a> {
    /// The end, whether it was the best candidate, and the truth's kinds.
    ends: Vec<((End, bool), Option<&'a str>)>,
}

impl<'a> Ends<'a> {
    pub(super) fn of(pairs: &Pairs, truth: &Truth<'a>, known: &Known) -> Ends<'a> {
        let mut rows: Vec<(u32, u32)> = pairs.right.iter().zip(0..).map(|(right, row)| (*right, row)).collect();
        rows.sort_unstable();
        let rows_of = |right: u32| {
            let from = rows.partition_point(|r| r.0 < right);
            rows[from..].iter().take_while(move |r| r.0 == right).map(|r| r.1 as usize)
        };
        let mut cluster_of: BTreeMap<u32, u32> = BTreeMap::new();
        for (i, cluster) in pairs.cluster.iter().enumerate() {
            for (row, cluster) in [pairs.left[i], Some(pairs.right[i])].into_iter().flatten().zip([cluster, cluster]) {
                cluster_of.extend(cluster.map(|c| (row, c)));
            }
        }
        let two = |left: u32, right: u32| {
            let first = rows_of(right).next();
            let own = rows_of(right).find(|i| pairs.left[*i] == Some(left));
            let end = match (first.map(|i| pairs.status[i]), own) {
                (Some(Status::Linked), Some(own)) if pairs.rank[own] == 1 => End::Linked,
                (Some(Status::Linked), _) => End::LinkedToAnother,
                (Some(Status::Possible), Some(_)) => End::Possible,
                (Some(Status::Possible), None) => End::PossibleWithout,
                (Some(Status::Conflict), Some(_)) => End::Conflict,
                (Some(Status::Conflict), None) => End::ConflictWithout,
                (Some(Status::Unlinked) | None, _) => End::Unlinked,
            };
            (end, own.is_some_and(|i| pairs.rank[i] == 1))
        };
        let one = |a: u32, b: u32| {
            let listed = |left: u32, right: u32| rows_of(right).filter(move |i| pairs.left[*i] == Some(left));
            let best = listed(a, b).chain(listed(b, a)).min_by_key(|i| (pairs.status[*i], pairs.rank[*i]));
            let together = cluster_of.contains_key(&a) && cluster_of.get(&a) == cluster_of.get(&b);
            let end = match best.map(|i| pairs.status[i]) {
                Some(Status::Linked) => End::Linked,
                _ if together => End::Clustered,
                Some(Status::Possible) => End::Possible,
                Some(Status::Conflict) => End::Conflict,
                Some(Status::Unlinked) | None => End::Unlinked,
            };
            (end, best.is_some_and(|i| pairs.rank[i] == 1))
        };
        let end = |(left, right): &(u32, u32)| if known.dedupe { one(*left, *right) } else { two(*left, *right) };
        // A pair that the truth has twice ended once.
        let mut counted = BTreeSet::new();
        let mut once =
            |(left, right): (u32, u32)| !(known.dedupe && left == right) && counted.insert(known.key(left, right));
        let pairs = truth.pairs.iter().enumerate().filter(|(_, p)| once(**p));
        Ends { ends: pairs.map(|(i, p)| (end(p), truth.kinds.get(i).map(String::as_str))).collect() }
    }

    pub(super) fn ended(&self) -> Vec<Ended> {
        let count = |end: End| {
            let of = self.ends.iter().filter(move |e| e.0.0 == end);
            Ended { end, pairs: of.clone().count() as u64, first: of.filter(|e| e.0.1).count() as u64 }
        };
        End::ALL.into_iter().map(count).filter(|e| e.pairs > 0).collect()
    }

    pub(super) fn by_kind(&self) -> Vec<ByKind> {
        let mut found: BTreeMap<&str, ByKind> = BTreeMap::new();
        for ((end, first), kinds) in self.ends.iter().filter_map(|(end, kinds)| Some((end, (*kinds)?))) {
            for kind in kinds.split('+').map(str::trim) {
                let kind = if kind.is_empty() { "-" } else { kind };
                let of = found.entry(kind).or_insert_with(|| ByKind {
                    kind: kind.to_string(),
                    pairs: 0,
                    first: 0,
                    linked: 0,
                    wrong: 0,
                    review: 0,
                    missed: 0,
                });
                of.pairs += 1;
                of.first += u64::from(*first);
                *match end {
                    End::Linked | End::Clustered => &mut of.linked,
                    End::LinkedToAnother => &mut of.wrong,
                    End::Possible | End::Conflict => &mut of.review,
                    End::PossibleWithout | End::ConflictWithout | End::Unlinked => &mut of.missed,
                } += 1;
            }
        }
        found.into_values().collect()
    }
}

/// Errors by the levels of their comparisons; `best` are the rows of best candidates.
pub(super) fn by_levels(pairs: &Pairs, best: &[usize], is_true: &dyn Fn(usize) -> bool) -> Vec<ByLevels> {
    let mut found: BTreeMap<Vec<u8>, [u64; 3]> = BTreeMap::new();
    let mut count = |i: usize, what: usize| {
        let levels: Vec<u8> = pairs.compared.iter().map(|c| c.level[i]).collect();
        found.entry(levels).or_default()[what] += 1;
    };
    let mut linked = vec![false; pairs.right.len()];
    for &i in best.iter().filter(|i| pairs.status[**i] == Status::Linked) {
        linked[i] = true;
        count(i, usize::from(!is_true(i)));
    }
    for i in (0..pairs.right.len()).filter(|i| !linked[*i] && is_true(*i)) {
        count(i, 2);
    }
    let words = |levels: &[u8]| {
        let named = pairs.compared.iter().zip(levels).filter(|(_, level)| **level != NO_LEVEL);
        named.map(|(c, level)| format!("{} {}", c.name, c.words[usize::from(*level)])).collect()
    };
    let mut errors: Vec<ByLevels> = found
        .iter()
        .filter(|(_, [_, wrong, not_linked])| wrong + not_linked > 0)
        .map(|(levels, [right, wrong, not_linked])| ByLevels {
            levels: words(levels),
            right: *right,
            wrong: *wrong,
            not_linked: *not_linked,
        })
        .collect();
    // Stable: equals stay in the order of their levels.
    errors.sort_by_key(|e| std::cmp::Reverse((e.wrong + e.not_linked, e.wrong)));
    errors.truncate(MOST_TOLD);
    errors
}

/// The heaviest false links.
pub(super) fn worst(pairs: &Pairs, best: &[usize], is_true: &dyn Fn(usize) -> bool, known: &Known) -> Vec<WrongLink> {
    let mut wrong: Vec<WrongLink> = best
        .iter()
        .filter(|i| pairs.status[**i] == Status::Linked && !is_true(**i))
        .filter_map(|i| {
            let (left, right) = (pairs.left[*i]?, pairs.right[*i]);
            Some(WrongLink { left, right, truth: known.first_of(right), weight: pairs.weight[*i], ids: Vec::new() })
        })
        .collect();
    wrong.sort_by(|a, b| b.weight.total_cmp(&a.weight).then((a.right, a.left).cmp(&(b.right, b.left))));
    wrong.truncate(MOST_TOLD);
    wrong
}
