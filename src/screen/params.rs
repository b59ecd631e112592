//! Parameters as columns: which value counts for each household.
//!
//! In: the plan's parameters and groups, the households' townships and what is known of them. Out: a series per parameter, of
//! one value when it is the same for everybody. A
//! household of which it is not known whether it is in a group gets a value only when every one that may count is the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use polars::prelude::{Column, DataFrame, IntoLazy, IntoSeries, NewChunkedArray, UInt32Chunked};

use super::checked;
use super::entities::Columns;
use super::frames::{engine, from_values};
use super::lower::{Lowering, param_column};
use super::rules::Withheld;
use crate::diag::Outcome;
use crate::model::build::Value;
use crate::model::text;
use crate::plan::sql::{self, Expr};
use crate::plan::{Param, Plan, params};

/// True for a parameter whose value depends on the household's group.
pub(super) fn is_by_group(param: &Param) -> bool {
    param.values.iter().any(|v| v.group.is_some())
}

/// The parameters' values for each household, as columns named after them.
pub(super) struct Resolver<'p> {
    plan: &'p Plan,
    day: i32,
    as_of: Date,
    townships: Vec<Option<&'p str>>,
    conditions: Vec<Expr>,
}

impl<'p> Resolver<'p> {
    /// For households in these townships.
    pub(super) fn new(plan: &'p Plan, as_of: Date, townships: Vec<Option<&'p str>>) -> Outcome<Self> {
        let context = sql::group_context(plan);
        let conditions = plan.groups.iter().map(|g| checked(sql::check_condition(&g.when, &context)));
        let conditions = conditions.collect::<Outcome<_>>()?;
        Ok(Resolver { plan, day: text::to_days(as_of), as_of, townships, conditions })
    }

    /// Adds the parameters that are the same for every group: to `fixed` one value of what is the same in every township, to
    /// the households one each of the others.
    pub(super) fn add_plain(&self, households: &mut Columns, fixed: &mut Columns) {
        let distinct: BTreeSet<Option<&str>> = self.townships.iter().copied().collect();
        for (name, param) in self.plan.params.iter().filter(|(_, p)| !is_by_group(p)) {
            let known: BTreeMap<Option<&str>, Value> =
                distinct.iter().map(|township| (*township, self.value(param, *township, params::OTHER))).collect();
            let column = param_column(name);
            let mut values = known.values();
            let first = values.next().cloned().unwrap_or(Value::Null);
            if values.all(|v| *v == first) {
                fixed.insert(column.clone(), from_values(&column, param.kind, std::iter::once(first)));
            } else {
                let values = self.townships.iter().map(|township| known[township].clone());
                households.insert(column.clone(), from_values(&column, param.kind, values));
            }
        }
    }

    /// Adds the parameters that depend on the group; what the groups' conditions name must be among the columns. What
    /// nobody delivered for a condition makes the parameters as if nobody had delivered them.
    pub(super) fn add_by_group(&self, households: &mut Columns, withheld: &mut Withheld) -> Outcome<()> {
        let by_group = || self.plan.params.iter().filter(|(_, p)| is_by_group(p));
        if by_group().next().is_none() {
            return Ok(());
        }
        let members = self.members(households, withheld)?;
        let missing: BTreeSet<String> = self
            .conditions
            .iter()
            .flat_map(|c| {
                c.columns().into_iter().filter_map(|n| withheld.get(n)).flatten().cloned().collect::<Vec<_>>()
            })
            .collect();
        for (name, param) in by_group() {
            let mut known: HashMap<(Option<&str>, u64), Value> = HashMap::new();
            let values = self.townships.iter().zip(&members).map(|(township, groups)| {
                known.entry((*township, *groups)).or_insert_with(|| self.agreed(param, *township, *groups)).clone()
            });
            let column = param_column(name);
            let values = from_values(&column, param.kind, values);
            households.insert(column.clone(), values);
            if !missing.is_empty() {
                withheld.insert(column, missing.clone());
            }
        }
        Ok(())
    }

    fn value(&self, param: &Param, township: Option<&str>, group: &str) -> Value {
        let found = params::resolve(param, self.day, township, group, self.plan.basis);
        found.map_or(Value::Null, |v| v.value.clone())
    }

    /// The value on which all groups agree that a household may be in; bit `i` is group `i`, the one behind them all `other`.
    fn agreed(&self, param: &Param, township: Option<&str>, groups: u64) -> Value {
        let names = self.plan.groups.iter().map(|g| g.name.as_str()).chain([params::OTHER]);
        let may_be = names.enumerate().filter(|(i, _)| groups & (1 << i) != 0).map(|(_, name)| name);
        let mut values = may_be.map(|group| self.value(param, township, group));
        let first = values.next().unwrap_or(Value::Null);
        if values.all(|v| v == first) { first } else { Value::Null }
    }

    /// Of each household the groups in which it may be: the first that holds, and before it those of which it is not known.
    fn members(&self, households: &Columns, withheld: &Withheld) -> Outcome<Vec<u64>> {
        let rows = self.townships.len();
        let number = UInt32Chunked::from_iter_values("@".into(), 0..rows as u32);
        let mut columns: Vec<Column> = vec![number.into_series().into()];
        let named: BTreeSet<&str> = self.conditions.iter().flat_map(Expr::columns).collect();
        for name in named {
            if let Some(series) = households.get(name) {
                columns.push(series.clone().with_name(name.into()).into());
            }
        }
        let held: Vec<_> = self
            .conditions
            .iter()
            .enumerate()
            .map(|(i, condition)| {
                let mut lowering = Lowering::new(self.as_of).without(withheld.keys().map(String::as_str));
                lowering.lower(condition).alias(format!("group #{i}"))
            })
            .collect();
        let frame = DataFrame::new(rows, columns).map_err(engine("laying out groups"))?;
        let judged = frame.lazy().with_columns(held).collect().map_err(engine("judging groups"))?;
        let other = 1u64 << self.conditions.len();
        let mut found = vec![(0u64, false); rows];
        for i in 0..self.conditions.len() {
            let column =
                judged.column(&format!("group #{i}")).and_then(|c| c.bool()).map_err(engine("judging groups"))?;
            for ((groups, settled), held) in found.iter_mut().zip(column.iter()) {
                if *settled || held == Some(false) {
                    continue;
                }
                *groups |= 1 << i;
                *settled = held == Some(true);
            }
        }
        Ok(found.into_iter().map(|(groups, settled)| if settled { groups } else { groups | other }).collect())
    }
}
