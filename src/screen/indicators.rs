//! Records and links → one value per person or household for every indicator of the plan.
//!
//! In: `records_<source>`, `links`, persons and households. Out: a series per indicator, and which records each value
//! was computed from. Four ends of an indicator: its source was not delivered → unknown for everybody; no record, or
//! none that passes the filter → the indicator's `absent`; records, but nothing known in them → unknown; a value.

use std::collections::BTreeMap;
use std::rc::Rc;

use arrow::array::{Array, StringArray};
use polars::prelude::{Column, DataFrame, IntoLazy, IntoSeries, NewChunkedArray, Series, UInt32Chunked};

use super::aggregate::{self, ENTITY, VALUE};
use super::entities::{Columns, Entities, gather, index};
use super::frames::{engine, from_values, take};
use super::lower::{Lowering, param_column};
use super::{ScreenInput, checked};
use crate::diag::Outcome;
use crate::model::build::Value;
use crate::model::table::Table;
use crate::plan::sql::{self, Expr};
use crate::plan::{Absent, Indicator, Level, Source, SourceRole, Subject};

/// An indicator's values and where they come from.
pub(super) struct Computed {
    /// One value per person or household.
    pub values: Series,
    /// Entity row and record row of every record that passed the filter, sorted.
    pub used: Vec<(u32, u32)>,
}

impl Computed {
    /// The record rows behind an entity's value.
    pub(super) fn records_of(&self, entity: u32) -> impl Iterator<Item = u32> {
        let from = self.used.partition_point(|(e, _)| *e < entity);
        let to = self.used.partition_point(|(e, _)| *e <= entity);
        self.used[from..to].iter().map(|(_, record)| *record)
    }
}

/// Linked records of every source by the person or household for which they count; found once, used by all indicators
/// of a source.
#[derive(Default)]
pub(super) struct Pairs {
    found: BTreeMap<(String, bool), Rc<Vec<Pair>>>,
}

impl Pairs {
    fn of(&mut self, input: &ScreenInput, entities: &Entities, source: &Source, level: Level) -> Rc<Vec<Pair>> {
        let key = (source.id.clone(), level == Level::Person);
        let find = || match input.records.get(&source.id) {
            Some(records) => Rc::new(pairs(input, entities, source, records, level)),
            None => Rc::default(),
        };
        self.found.entry(key).or_insert_with(find).clone()
    }
}

/// Entity and household of one record.
#[derive(Clone, Copy)]
struct Pair {
    entity: u32,
    household: Option<u32>,
    record: u32,
}

/// Computes one indicator. `params` holds the parameters per household.
pub(super) fn compute(
    input: &ScreenInput,
    entities: &Entities,
    params: &Columns,
    linked: &mut Pairs,
    indicator: &Indicator,
) -> Outcome<Computed> {
    let count = entities.count(indicator.level);
    let source = input.plan.sources.iter().find(|s| s.id == indicator.source);
    let records = input.records.get(&indicator.source);
    let (Some(source), true) = (source, input.delivered.contains(&indicator.source)) else {
        return Ok(Computed { values: constant(indicator, Value::Null, count), used: Vec::new() });
    };
    let absent = match indicator.absent {
        Absent::Unknown => Value::Null,
        Absent::Zero => Value::Integer(0),
        Absent::False => Value::Boolean(false),
    };
    let Some(records) = records else {
        return Ok(Computed { values: constant(indicator, absent, count), used: Vec::new() });
    };
    let filter = match &indicator.filter {
        Some(filter) => {
            Some(checked(sql::check_condition(filter, &sql::indicator_context(input.plan, source, false)))?)
        }
        None => None,
    };
    let value = checked(sql::check(&indicator.value, &sql::indicator_context(input.plan, source, true)))?;

    let linked = linked.of(input, entities, source, indicator.level);
    let passing: Vec<Pair>;
    let mut pairs: &[Pair] = &linked;
    if let Some(filter) = &filter {
        let frame = frame(records, params, pairs, filter)?
            .lazy()
            .with_columns([Lowering::new(input.as_of).lower(filter).alias(VALUE)])
            .collect()
            .map_err(engine("filtering records"))?;
        let passes = frame.column(VALUE).and_then(|c| c.bool()).map_err(engine("filtering records"))?;
        let kept = pairs.iter().zip(passes.iter()).filter(|(_, passes)| *passes == Some(true));
        passing = kept.map(|(pair, _)| *pair).collect();
        pairs = &passing;
    }
    let rows = frame(records, params, pairs, &value)?;
    let grouped = aggregate::values(rows, &value, indicator.kind, input.as_of, |groups| {
        let entity_rows: Vec<u32> = entity_column(&groups)?.iter().flatten().collect();
        let households = || entity_rows.iter().map(|e| entities.household_row(indicator.level, *e));
        with_params(groups, &value, params, households)
    })?;
    let values = spread(&grouped, indicator, absent, count)?;
    let mut used: Vec<(u32, u32)> = pairs.iter().map(|p| (p.entity, p.record)).collect();
    used.sort_unstable();
    Ok(Computed { values, used })
}

fn constant(indicator: &Indicator, value: Value, count: usize) -> Series {
    from_values(&indicator.name, indicator.kind, std::iter::repeat_n(value, count))
}

/// Every linked record with the person or household it counts for, in the order of the record ids.
fn pairs<'a>(
    input: &ScreenInput<'a>,
    entities: &Entities,
    source: &Source,
    records: &Table,
    level: Level,
) -> Vec<Pair> {
    let ids = records.text("record_id");
    let mut order: Vec<u32> = (0..records.rows() as u32).collect();
    order.sort_by_key(|row| ids.value(*row as usize));
    let mut rank = vec![0u32; records.rows()];
    for (place, row) in order.iter().enumerate() {
        rank[*row as usize] = place as u32;
    }
    let mut pairs: Vec<Pair> = Vec::new();
    let mut push = |record: u32, counted: Option<(u32, Option<u32>)>| {
        pairs.extend(counted.map(|(entity, household)| Pair { entity, household, record }));
    };
    if source.role == SourceRole::Register {
        for (record, id) in ids.iter().enumerate() {
            let person = id.and_then(|id| entities.registered(id));
            push(record as u32, counted(entities, person, None, level));
        }
    } else if let Some(links) = input.links.get(&source.id) {
        let record_rows = index(records, "record_id");
        let (statuses, villages) = (links.text("status"), links.text("linked_village_code"));
        let (persons, households) = (links.text("person_id"), links.text("household_id"));
        let linked = links.text("record_id").iter().zip(statuses).enumerate();
        let linked = linked.filter(|(_, (_, status))| *status == Some("linked"));
        for (link, (id, _)) in linked {
            let Some(record) = id.and_then(|id| record_rows.get(id)) else {
                continue;
            };
            let at = |array: &'a StringArray| (!array.is_null(link)).then(|| array.value(link));
            if source.subject == Subject::Village {
                for household in at(villages).map_or(&[][..], |code| entities.village(code)) {
                    push(*record, Some((*household, Some(*household))));
                }
            } else {
                let person = at(persons).and_then(|id| entities.person(id));
                let household = at(households).and_then(|id| entities.household(id));
                push(*record, counted(entities, person, household, level));
            }
        }
    }
    pairs.sort_by_key(|pair| rank[pair.record as usize]);
    pairs
}

/// The entity and household for which a person's or household's record counts.
fn counted(
    entities: &Entities,
    person: Option<u32>,
    household: Option<u32>,
    level: Level,
) -> Option<(u32, Option<u32>)> {
    let household = household.or_else(|| person.and_then(|p| entities.household_of[p as usize]));
    match level {
        Level::Person => person.map(|p| (p, household)),
        Level::Household => household.map(|h| (h, household)),
    }
}

/// One row per pair with the columns and parameters that an expression names.
fn frame(records: &Table, params: &Columns, pairs: &[Pair], expr: &Expr) -> Outcome<DataFrame> {
    let entity = UInt32Chunked::from_iter_values(ENTITY.into(), pairs.iter().map(|p| p.entity));
    let mut columns: Vec<Column> = vec![entity.into_series().into()];
    let rows: Vec<Option<u32>> = pairs.iter().map(|p| Some(p.record)).collect();
    for name in expr.columns() {
        columns.push(take(records, name, &rows).into());
    }
    let frame = DataFrame::new(pairs.len(), columns).map_err(engine("laying out records"))?;
    with_params(frame, expr, params, || pairs.iter().map(|p| p.household))
}

/// The frame with the parameters that an expression names, each row's by its household.
fn with_params<I: Iterator<Item = Option<u32>>>(
    mut frame: DataFrame,
    expr: &Expr,
    params: &Columns,
    households: impl Fn() -> I,
) -> Outcome<DataFrame> {
    for name in expr.params() {
        let column = param_column(name);
        if let Some(series) = params.get(&column) {
            let values = gather(series, households())?;
            frame.with_column(values.into()).map_err(engine("adding a parameter"))?;
        }
    }
    Ok(frame)
}

fn entity_column(frame: &DataFrame) -> Outcome<&UInt32Chunked> {
    frame.column(ENTITY).and_then(|c| c.u32()).map_err(engine("reading groups"))
}

/// The groups' values laid out over all entities, with `absent` for those without a group.
fn spread(grouped: &DataFrame, indicator: &Indicator, absent: Value, count: usize) -> Outcome<Series> {
    let mut group_of: Vec<Option<u32>> = vec![Some(grouped.height() as u32); count];
    for (group, entity) in entity_column(grouped)?.iter().enumerate() {
        if let Some(entity) = entity {
            group_of[entity as usize] = Some(group as u32);
        }
    }
    let mut values = grouped.column(VALUE).map_err(engine("reading values"))?.as_materialized_series().clone();
    // The value for absent entities stands behind the groups' values.
    let last = from_values(VALUE, indicator.kind, std::iter::once(absent));
    values.append(&last).map_err(engine("completing values"))?;
    let mut spread = gather(&values, group_of.into_iter())?;
    spread.rename(indicator.name.as_str().into());
    Ok(spread)
}
