//! Tables of counts for those outside the office, small counts suppressed.
//!
//! The three tables share no sum with one another, so that none gives away what another hides: households of the list by township
//! and type; households of the list by cause and type, each under every cause it has; cases by township and state. Villages have too
//! few households to be counted.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Outcome;
use crate::model::{Table, words};
use crate::plan::Plan;
use crate::publish::suppress::{Counts, Published, suppress};
use crate::run::Round;

/// What stands in the place of a suppressed count.
pub const HIDDEN: &str = "*";

/// A table of counts as it leaves the office.
pub struct Aggregate {
    /// Name of the file, without ending.
    pub name: &'static str,
    /// What is counted, in Chinese.
    pub title: &'static str,
    /// Title of the rows.
    pub of_rows: &'static str,
    /// What was counted.
    pub counts: Counts,
    /// What of it may be seen.
    pub published: Published,
}

/// Counts a round.
///
/// # Errors
/// A table of the round cannot be read (74).
pub fn aggregate(round: &Round, plan: &Plan, threshold: u64) -> Outcome<Vec<Aggregate>> {
    let (online, cases) = (round.table("online_list")?, round.table("cases")?);
    let place = |t: &Table, row| one(t.str_at("township", row).unwrap_or("不明"));
    let list_type = |row| one(words::list_type(online.str_at("list_type", row).unwrap_or("")));
    let causes = |row| words::split(online.str_at("causes", row)).map(|c| plan.cause_title(c).to_string()).collect();
    let made = |name, title, of_rows, counts: Counts| {
        let published = suppress(&counts, threshold);
        Aggregate { name, title, of_rows, counts, published }
    };
    let rows = online.rows();
    Ok(vec![
        made("online_by_township", "线上疑似名单户数", "乡镇", cross(rows, |r| place(&online, r), list_type, true)),
        made("online_by_cause", "线上疑似名单户数（一户可有多个风险）", "风险", cross(rows, causes, list_type, false)),
        made(
            "cases_by_township",
            "案件数",
            "乡镇",
            cross(cases.rows(), |r| place(&cases, r), |r| one(cases.str_at("state_title", r).unwrap_or("")), true),
        ),
    ])
}

/// Counts a comparison: down by type on the online list (nothing for who is not on it), across by outcome.
pub fn by_type_and_outcome(comparison: &Table) -> Counts {
    let of = |column: &'static str| move |row| one(comparison.str_at(column, row).unwrap_or(""));
    cross(comparison.rows(), of("online_type"), of("outcome"), true)
}

fn one(text: &str) -> Vec<String> {
    vec![text.to_string()]
}

/// Counts by two properties; whoever has several of the first counts under each.
fn cross(
    rows: usize,
    down: impl Fn(usize) -> Vec<String>,
    across: impl Fn(usize) -> Vec<String>,
    column_totals: bool,
) -> Counts {
    let mut found: BTreeMap<(String, String), u64> = BTreeMap::new();
    for row in 0..rows {
        for d in down(row) {
            for a in across(row) {
                *found.entry((d.clone(), a)).or_insert(0) += 1;
            }
        }
    }
    let names = |pick: fn(&(String, String)) -> &String| -> Vec<String> {
        found.keys().map(pick).collect::<BTreeSet<_>>().into_iter().cloned().collect()
    };
    let (rows, columns) = (names(|k| &k.0), names(|k| &k.1));
    let count = |r: &String, c: &String| found.get(&(r.clone(), c.clone())).copied().unwrap_or(0);
    let cells = rows.iter().map(|r| columns.iter().map(|c| count(r, c)).collect()).collect();
    Counts { rows, columns, cells, column_totals }
}

/// The table as lines of cells: heading, rows, totals, and a last line that says what was suppressed.
pub fn lines(aggregate: &Aggregate, threshold: u64) -> Vec<Vec<String>> {
    let Aggregate { counts, published, .. } = aggregate;
    let head = [aggregate.of_rows.to_string()].into_iter().chain(counts.columns.iter().cloned()).chain(["合计".into()]);
    let mut lines = vec![head.collect::<Vec<String>>()];
    let titles = counts.rows.iter().cloned().chain(["合计".into()]);
    for (title, cells) in titles.zip(&published.cells) {
        let shown = |n: &Option<u64>| n.map_or(HIDDEN.to_string(), |n| n.to_string());
        lines.push([title].into_iter().chain(cells.iter().map(shown)).collect());
    }
    let said = format!(
        "说明：{}。少于{threshold}的数以{HIDDEN}代替（{}处）；另有{}处为防止由合计推算而一并隐去。零为实数。",
        aggregate.title, published.small, published.complementary
    );
    lines.push(vec![said]);
    lines
}
