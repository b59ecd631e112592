//! Persons who stand in the register more than once.
//!
//! In: the register's packed columns, households and states. Out: for each row the row that stands for its person, and
//! one problem per repeated number or name. Rows are never merged: a link to a repeated person goes to one of the
//! rows by what the rows say, never by their order, and only where they surely are one person.

use std::collections::BTreeMap;

use super::block::Index;
use super::numbers;
use super::pack::{Columns, NO_DATE};
use super::spine::Members;

/// A person found twice in the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated {
    /// The later row.
    pub row: u32,
    /// The earlier row.
    pub first: u32,
    /// True for a repeated number, false for a repeated name and birth date within one household.
    pub number: bool,
}

/// For each row the row that stands for its person (most stand for themselves), and what is repeated.
///
/// Rows with one number and one name are one person. It is stood for by its only row with status normal (people who
/// moved within the county stand in two households); else, when the rows lie in one household, by the first with
/// status normal, or the first. Rows of two households that are both normal stand for themselves: nobody can tell.
pub fn find(
    people: &Columns,
    index: &Index,
    household_of: &[u32],
    members: &Members,
    normal: &[bool],
) -> (Vec<u32>, Vec<Repeated>) {
    let mut stands_for: Vec<u32> = (0..people.len() as u32).collect();
    let mut repeated = Vec::new();
    for rows in index.shared_numbers() {
        repeated.extend(rows[1..].iter().map(|row| Repeated { row: *row, first: rows[0], number: true }));
        let mut by_person: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for row in rows {
            if let Some(name) = people.name_of(*row).and_then(|n| n.script_key()) {
                by_person.entry(name).or_default().push(*row);
            }
        }
        for same in by_person.values() {
            stand_for(same, household_of, normal, &mut stands_for);
        }
    }
    for rows in members.iter().flat_map(|household| same_at_home(people, household)) {
        for row in &rows[1..] {
            let told = people.number[*row as usize] != numbers::NONE
                && people.number[*row as usize] == people.number[rows[0] as usize];
            if !told {
                repeated.push(Repeated { row: *row, first: rows[0], number: false });
            }
        }
        let mut valid: Vec<u64> = rows.iter().map(|r| people.number[*r as usize]).collect();
        valid.retain(|n| *n != numbers::NONE);
        valid.sort_unstable();
        valid.dedup();
        // Two different valid numbers are two persons until somebody says otherwise.
        if valid.len() < 2 {
            stand_for(&rows, household_of, normal, &mut stands_for);
        }
    }
    repeated.sort_by_key(|r| (r.row, r.number));
    (stands_for, repeated)
}

/// Rows of one household with one name and one birth date, two or more, in register order.
fn same_at_home(people: &Columns, household: &[u32]) -> Vec<Vec<u32>> {
    let mut births: Vec<(i32, u32)> =
        household.iter().map(|row| (people.any_birth(*row), *row)).filter(|b| b.0 != NO_DATE).collect();
    births.sort_unstable();
    let mut groups = Vec::new();
    // Few are born on one day; only their names are looked at.
    for twins in births.chunk_by(|a, b| a.0 == b.0).filter(|twins| twins.len() > 1) {
        let mut named: Vec<(u64, u32)> = twins
            .iter()
            .filter_map(|(_, row)| Some((people.name_of(*row).and_then(|n| n.script_key())?, *row)))
            .collect();
        named.sort_unstable();
        let same = named.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1);
        groups.extend(same.map(|same| same.iter().map(|s| s.1).collect::<Vec<u32>>()));
    }
    groups
}

fn stand_for(rows: &[u32], household_of: &[u32], normal: &[bool], stands_for: &mut [u32]) {
    let mut living = rows.iter().filter(|r| normal[**r as usize]);
    let one_household = rows.iter().all(|r| household_of[*r as usize] == household_of[rows[0] as usize]);
    let chosen = match (living.next(), living.next()) {
        (Some(only), None) => *only,
        (Some(first), Some(_)) if one_household => *first,
        (None, _) if one_household => rows[0],
        _ => return,
    };
    for row in rows {
        stands_for[*row as usize] = chosen;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::person::testing::{Row, number, people};

    #[test]
    fn who_stands_for_whom() {
        let a = number("990121", "19700105", 11);
        let b = number("990121", "19700105", 13);
        let row = |name: &str, number: &str| Row::new(name).number(number);
        // (rows, households, normal, stands for, repeated)
        type Case<'a> = (Vec<Row>, Vec<u32>, Vec<bool>, Vec<u32>, usize);
        let cases: Vec<Case> = vec![
            (vec![row("张三", &a), row("張三", &a)], vec![0, 0], vec![true, true], vec![0, 0], 1),
            (vec![row("张三", &a), row("张三", &a)], vec![0, 0], vec![false, true], vec![1, 1], 1),
            (vec![row("张三", &a), row("张三", &a)], vec![0, 1], vec![true, false], vec![0, 0], 1),
            (vec![row("张三", &a), row("张三", &a)], vec![0, 1], vec![true, true], vec![0, 1], 1),
            (vec![row("张三", &a), row("李四", &a)], vec![0, 0], vec![true, true], vec![0, 1], 1),
            (vec![row("张三", &a), row("张三", &b)], vec![0, 0], vec![true, true], vec![0, 1], 1),
            (vec![row("张三", &a), Row::new("张三").birth("1970-01-05")], vec![0, 0], vec![true, true], vec![0, 0], 1),
            (vec![row("张三", &a), Row::new("张三").birth("1970-01-05")], vec![0, 1], vec![true, true], vec![0, 1], 0),
        ];
        for (i, (rows, households, normal, expected, repeated)) in cases.into_iter().enumerate() {
            let people = people(&rows);
            let (index, members) = (Index::new(&people), Members::of(&households));
            let (stands_for, found) = find(&people, &index, &households, &members, &normal);
            assert_eq!((stands_for, found.len()), (expected, repeated), "case {i}");
        }
    }
}
