//! Hits → the online list: one row per household that the departments' data show to be at risk.
//!
//! The written policy: a household is listed when a rule of role `lists` holds for it or for a member. Low income only
//! supports, other wealth only cautions. A lifted household is `unstable`; it stays in the national system as what it is
//! and is marked there. Another one is `marginal`, or `sudden` when every listing rule that holds is about something
//! sudden and the income is known and not below the line.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{DataType, Series};

use super::entities::{Columns, Entities};
use super::frames;
use super::hits::Hit;
use super::kernels;
use super::lower::param_column;
use crate::model::build::{TableBuilder, Value};
use crate::model::table::{Kind, Table};
use crate::model::tables;
use crate::plan::RuleRole;
use crate::plan::schema::{INCOME, INCOME_LINE};

/// Hundredths of an amount column, whatever number type it was declared with.
fn amounts(columns: &Columns, name: &str, count: usize) -> Vec<Option<i128>> {
    let read = |series: &Series| -> Option<Vec<Option<i128>>> {
        let decimal = match series.dtype() {
            DataType::Decimal(..) => series.clone(),
            DataType::Int64 => series.cast(&frames::dtype(Kind::Decimal)).ok()?,
            DataType::Float64 => kernels::float_to_decimal(series).ok()?,
            _ => return None,
        };
        Some(decimal.decimal().ok()?.physical().iter().collect())
    };
    columns.get(name).and_then(read).unwrap_or_else(|| vec![None; count])
}

fn income_state(income: Option<i128>, line: Option<i128>) -> &'static str {
    match (income, line) {
        (Some(income), Some(line)) if income < line => "below",
        (Some(_), Some(_)) => "not_below",
        _ => "unknown",
    }
}

/// What makes a household be visited early.
struct Grounds {
    /// Number of different risks for which rules list it.
    risks: usize,
    below_line: bool,
    sudden: bool,
    monitored: bool,
    lifted: bool,
}

/// The order of visits, and why: first with two grounds, second with one, third with none. It puts nobody on the list and
/// takes nobody off it.
fn priority(grounds: &Grounds) -> (i64, String) {
    let mut reasons = Vec::new();
    if grounds.risks > 1 {
        reasons.push(format!("有{}类风险", grounds.risks));
    }
    if grounds.below_line {
        reasons.push("收入低于监测线".to_string());
    }
    if grounds.sudden {
        reasons.push("有突发困难".to_string());
    }
    if grounds.monitored {
        reasons.push("在册监测且风险未消除".to_string());
    } else if grounds.lifted {
        reasons.push("脱贫户".to_string());
    }
    let grade = match reasons.len() {
        0 => 3,
        1 => 2,
        _ => 1,
    };
    if reasons.is_empty() {
        reasons.push("单项风险".to_string());
    }
    (grade, reasons.join("；"))
}

/// Evidence of a hit, with the person's name before it when it is about one person.
fn spoken(hit: &Hit, entities: &Entities) -> String {
    let name = hit.person.and_then(|p| entities.persons.str_at("name", p as usize));
    match name {
        Some(name) => format!("{name}：{}", hit.evidence),
        None => hit.evidence.clone(),
    }
}

fn joined(values: BTreeSet<&str>) -> String {
    values.into_iter().collect::<Vec<_>>().join("|")
}

/// The table `online_list`, sorted by township, village and household. `hits` are sorted by household.
pub(super) fn online_list(hits: &[Hit], entities: &Entities, columns: &Columns, fixed: &Columns) -> Table {
    let households = entities.households;
    let incomes = amounts(columns, INCOME, households.rows());
    let line = param_column(INCOME_LINE);
    let lines = match fixed.contains_key(&line) {
        true => vec![amounts(fixed, &line, 1)[0]; households.rows()],
        false => amounts(columns, &line, households.rows()),
    };
    let mut of_household: BTreeMap<u32, Vec<&Hit>> = BTreeMap::new();
    for hit in hits {
        of_household.entry(hit.household).or_default().push(hit);
    }
    let mut listed: Vec<(u32, Vec<&Hit>)> = of_household
        .into_iter()
        .filter(|(row, hits)| entities.inhabited[*row as usize] && hits.iter().any(|h| h.rule.role == RuleRole::Lists))
        .collect();
    let text = |column: &'static str, row: u32| households.str_at(column, row as usize);
    listed
        .sort_by_key(|(row, _)| (text("township_code", *row), text("village_code", *row), text("household_id", *row)));
    let mut table = TableBuilder::new(tables::online_list());
    for (row, hits) in listed {
        let at = row as usize;
        let of_role = |role| hits.iter().copied().filter(move |h| h.rule.role == role);
        let listing: Vec<&Hit> = of_role(RuleRole::Lists).collect();
        let supporting: Vec<&Hit> = of_role(RuleRole::Supports).collect();
        let both = || listing.iter().chain(&supporting).copied();
        let state = income_state(incomes[at], lines[at]);
        let all_sudden = listing.iter().all(|h| h.rule.sudden);
        let is_true = |column| frames::value_at(households, column, Kind::Boolean, at) == Value::Boolean(true);
        let list_type = if is_true("lifted") {
            "unstable"
        } else if all_sudden && state == "not_below" {
            "sudden"
        } else {
            "marginal"
        };
        let monitored = text("monitored_type", row).filter(|_| !is_true("risk_cleared"));
        let cautions: Vec<String> = of_role(RuleRole::Cautions).map(|h| spoken(h, entities)).collect();
        let evidence: Vec<String> = both().map(|h| spoken(h, entities)).collect();
        let (grade, reason) = priority(&Grounds {
            risks: listing.iter().map(|h| h.rule.risk.as_str()).collect::<BTreeSet<_>>().len(),
            below_line: state == "below",
            sudden: listing.iter().any(|h| h.rule.sudden),
            monitored: monitored.is_some(),
            lifted: is_true("lifted"),
        });
        let hundredths = |v: Option<i128>| v.map_or(Value::Null, Value::Decimal);
        table.push(vec![
            text("household_id", row).into(),
            text("household_no", row).into(),
            text("head_name", row).into(),
            text("head_id_number", row).into(),
            frames::value_at(households, "size", Kind::Integer, at),
            text("township_code", row).into(),
            text("township", row).into(),
            text("village_code", row).into(),
            text("village", row).into(),
            text("group", row).into(),
            list_type.into(),
            joined(listing.iter().map(|h| h.rule.cause.as_str()).collect()).into(),
            joined(both().map(|h| h.rule.id.as_str()).collect()).into(),
            (both().count() as i64).into(),
            state.into(),
            hundredths(incomes[at]),
            hundredths(lines[at]),
            monitored.into(),
            (!cautions.is_empty()).then(|| cautions.join("；")).into(),
            evidence.join("；").into(),
            grade.into(),
            reason.into(),
            Value::Null,
        ]);
    }
    table.finish()
}
