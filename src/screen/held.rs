//! Unknown holds: nobody leaves the list because a department has not delivered.
//!
//! In: this round's list and what could not be judged, the list and hits of the round before. Out: the list, with the rows kept of
//! households that a rule listed then and cannot judge now, because a source is missing.
//! A row that is kept says so; the rules that could be judged have spoken for themselves already.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::UInt32Array;
use arrow::compute::{concat_batches, take_record_batch};

use super::frames::value_at;
use crate::diag::{Failure, Outcome};
use crate::model::build::{TableBuilder, Value};
use crate::model::table::Table;
use crate::model::words;

/// The round before, as far as it matters.
#[derive(Debug)]
pub struct Previous {
    /// Its name.
    pub round: String,
    /// Its `online_list`.
    pub list: Table,
    /// Its `rule_hits`.
    pub hits: Table,
}

/// The list with what must be kept of the one before; in the order of a list.
///
/// # Errors
/// The tables do not fit together: a mistake in this program.
///
/// A household that other rules still list keeps its type of then when what would tell it now is missing: a rule that listed it, or
/// its income (`income_missing` names the sources).
pub(super) fn hold(
    list: Table,
    unjudged: &Unjudged,
    income_missing: &BTreeSet<String>,
    previous: &Previous,
) -> Outcome<Table> {
    let listed: BTreeSet<&str> = list.text("household_id").iter().flatten().collect();
    let (hits, old) = (&previous.hits, &previous.list);
    let of_hits = (0..hits.rows()).filter(|row| hits.str_at("role", *row) == Some("lists"));
    let of_hits = of_hits.filter_map(|row| hits.str_at("household_id", row).zip(hits.str_at("rule", row)));
    // What was kept then was listed by hits of a round still before.
    let held = (0..old.rows()).filter(|row| old.has("held_from") && old.str_at("held_from", *row).is_some());
    let of_held = held.flat_map(|row| {
        let household = old.str_at("household_id", row);
        words::split(old.str_at("rules", row)).filter_map(move |rule| Some((household?, rule)))
    });
    // Of each household the rules that listed it then and cannot be judged now, with what is missing.
    let mut kept: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    let mut typed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (household, rule) in of_hits.chain(of_held) {
        let Some(gap) = unjudged.get(rule).filter(|gap| gap.households.contains(household)) else { continue };
        let missing = gap.missing.iter().map(String::as_str);
        if listed.contains(household) {
            typed.entry(household).or_default().extend(missing);
        } else {
            let (rules, sources) = kept.entry(household).or_default();
            rules.insert(rule);
            sources.extend(missing);
        }
    }
    let list = keep_types(list, typed, income_missing, old, &previous.round);
    if kept.is_empty() {
        return Ok(list);
    }
    let mut table = TableBuilder::new(list.schema.clone());
    for row in 0..old.rows() {
        let Some((rules, sources)) = old.str_at("household_id", row).and_then(|h| kept.get(h)) else { continue };
        let values = list.schema.columns.iter().map(|column| {
            let known = old.schema.columns.iter().any(|c| c.name == column.name && c.kind == column.kind);
            let own = || if known { value_at(old, &column.name, column.kind, row) } else { Value::Null };
            let joined = |values: &BTreeSet<&str>| values.iter().copied().collect::<Vec<_>>().join("|");
            match (column.name.as_str(), own()) {
                ("rules", _) => joined(rules).into(),
                // A row that was kept already keeps the round in which it was judged.
                ("held_from", Value::Null) => previous.round.clone().into(),
                ("evidence", Value::Text(said)) if !said.starts_with(KEPT) => {
                    let missing = joined(sources).replace('|', "、");
                    format!("{KEPT}{}（本轮缺少数据源{missing}，无法重新判断）：{said}", previous.round).into()
                }
                (_, own) => own,
            }
        });
        table.push(values.collect());
    }
    in_order(&list, &table.finish())
}

const KEPT: &str = "沿用";

/// The list with the types of then where they cannot be told now; `typed` has the sources that are missing for a listing rule.
fn keep_types<'a>(
    list: Table,
    mut typed: BTreeMap<&'a str, BTreeSet<&'a str>>,
    income_missing: &'a BTreeSet<String>,
    old: &'a Table,
    round: &str,
) -> Table {
    let before: BTreeMap<&str, usize> =
        (0..old.rows()).filter_map(|row| Some((old.str_at("household_id", row)?, row))).collect();
    let mut types: BTreeMap<usize, (&str, String)> = BTreeMap::new();
    for row in 0..list.rows() {
        let household = list.str_at("household_id", row);
        let Some(then) = household.and_then(|h| before.get_key_value(h)) else { continue };
        let income = |table: &Table, row: usize| table.str_at("income_state", row).map(str::to_string);
        let unknown = Some("unknown".to_string());
        if !income_missing.is_empty() && income(&list, row) == unknown && income(old, *then.1) != unknown {
            typed.entry(then.0).or_default().extend(income_missing.iter().map(String::as_str));
        }
        let (was, is) = (old.str_at("list_type", *then.1), list.str_at("list_type", row));
        if let (Some(was), Some(missing)) = (was.filter(|_| was != is), typed.get(then.0)) {
            let missing = missing.iter().copied().collect::<Vec<_>>().join("、");
            types.insert(row, (was, format!("类型{KEPT}{round}（本轮缺少数据源{missing}，无法重新判断）")));
        }
    }
    if types.is_empty() {
        return list;
    }
    let mut table = TableBuilder::new(list.schema.clone());
    for row in 0..list.rows() {
        let values = list.schema.columns.iter().map(|column| {
            let own = value_at(&list, &column.name, column.kind, row);
            match (column.name.as_str(), types.get(&row), own) {
                ("list_type", Some((was, _)), _) => (*was).into(),
                ("evidence", Some((_, said)), Value::Text(own)) => format!("{own}；{said}").into(),
                (_, _, own) => own,
            }
        });
        table.push(values.collect());
    }
    table.finish()
}

/// What one rule cannot say this round.
pub(super) struct Gap<'a> {
    /// Sources that are missing for it.
    pub missing: BTreeSet<String>,
    /// Households for which it, or for a member of which, it is unknown.
    pub households: BTreeSet<&'a str>,
}

/// By rule, those that lack a source.
pub(super) type Unjudged<'a> = BTreeMap<&'a str, Gap<'a>>;

fn in_order(list: &Table, kept: &Table) -> Outcome<Table> {
    let wrong = |e: arrow::error::ArrowError| Failure::internal(format!("keeping rows of the list: {e}"));
    let batch = concat_batches(&list.schema.arrow(), [&list.batch, &kept.batch]).map_err(wrong)?;
    let all = Table { schema: list.schema.clone(), batch };
    let mut order: Vec<u32> = (0..all.rows() as u32).collect();
    order.sort_by_key(|row| {
        ["township_code", "village_code", "household_id"].map(|column| all.str_at(column, *row as usize))
    });
    let batch = take_record_batch(&all.batch, &UInt32Array::from(order)).map_err(wrong)?;
    Ok(Table { schema: list.schema.clone(), batch })
}
