//! Records and links → one value per person or household for every indicator of the plan.
//!
//! In: `records_<source>`, `links`, what is known of persons and households so far. Out: a series per indicator, and which
//! records each value was computed from. Ends of an indicator: a source it hangs on was not delivered → unknown for
//! everybody; no record, or none that passes the filter → the indicator's `absent`, but unknown when a record waits for a
//! decision that may make it this person's; records, but nothing known in them → unknown; a value.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use arrow::array::{Array, StringArray};
use polars::prelude::{Column, DataFrame, IntoLazy, IntoSeries, NewChunkedArray, Series, UInt32Chunked};

use super::ScreenInput;
use super::aggregate::{self, ENTITY, VALUE};
use super::entities::{Columns, Entities, gather, index};
use super::frames::{engine, from_values, take};
use super::lower::{Lowering, param_column, to_kind};
use super::rules::Withheld;
use crate::diag::{Failure, Outcome};
use crate::model::build::Value;
use crate::model::table::Table;
use crate::plan::sql::{CompiledIndicator, Expr};
use crate::plan::{Absent, Indicator, Level, Origin, Source, SourceRole, Subject};

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

/// What is known of persons and households so far: built-in columns, parameters, the indicators computed before.
pub(super) struct Known {
    pub persons: Columns,
    pub households: Columns,
    /// What of it nobody delivered.
    pub withheld: Withheld,
}

/// Both lists of pairs, shared by the indicators that ask for them.
type Sides = Rc<(Vec<Pair>, Vec<Pair>)>;

/// Linked records of every source by the person or household for which they count; found once, used by all indicators
/// of a source.
#[derive(Default)]
pub(super) struct Pairs {
    found: BTreeMap<(String, bool), Sides>,
}

impl Pairs {
    /// The linked pairs, and the pairs with everybody who is a candidate of a record about which nobody has decided.
    fn of(
        &mut self,
        input: &ScreenInput,
        entities: &Entities,
        source: &Source,
        level: Level,
    ) -> Rc<(Vec<Pair>, Vec<Pair>)> {
        let key = (source.id.clone(), level == Level::Person);
        let find = || match input.records.get(&source.id) {
            Some(records) => Rc::new((
                pairs(input, entities, source, records, level),
                undecided(input, entities, source, records, level),
            )),
            None => Rc::default(),
        };
        self.found.entry(key).or_insert_with(find).clone()
    }
}

/// Whom one record counts for, or one member of a household.
#[derive(Clone, Copy)]
struct Pair {
    entity: u32,
    person: Option<u32>,
    household: Option<u32>,
    record: u32,
}

/// What the rows of an indicator are taken from.
#[derive(Clone, Copy)]
enum Rows<'a> {
    Records(&'a Table),
    /// The members' own columns; the record is the person's row.
    Members(&'a Columns),
}

/// Computes one indicator from what is known so far.
pub(super) fn compute(
    input: &ScreenInput,
    entities: &Entities,
    known: &mut Known,
    linked: &mut Pairs,
    indicator: &Indicator,
    compiled: &CompiledIndicator,
) -> Outcome<Computed> {
    let missing = missing(input, known, indicator, compiled);
    if !missing.is_empty() {
        known.withheld.insert(indicator.name.clone(), missing.clone());
    }
    let computed = match indicator.origin() {
        Origin::Indicators => {
            let values = calculated(entities, known, indicator, compiled, input.as_of)?;
            Computed { values, used: Vec::new() }
        }
        // Which records count, and what they add up to, hangs on what nobody delivered.
        _ if !missing.is_empty() => {
            let count = entities.count(indicator.level);
            Computed { values: constant(indicator, Value::Null, count), used: Vec::new() }
        }
        Origin::Members => {
            let pairs = members(entities);
            gathered(entities, known, indicator, compiled, input.as_of, Rows::Members(&known.persons), (&pairs, &[]))?
        }
        Origin::Records => {
            let source = input.plan.sources.iter().find(|s| s.id == indicator.source);
            match (source, input.records.get(&indicator.source)) {
                (Some(source), Some(records)) => {
                    let pairs = linked.of(input, entities, source, indicator.level);
                    let pairs = (pairs.0.as_slice(), pairs.1.as_slice());
                    gathered(entities, known, indicator, compiled, input.as_of, Rows::Records(records), pairs)?
                }
                _ => {
                    let count = entities.count(indicator.level);
                    Computed { values: constant(indicator, absent(indicator), count), used: Vec::new() }
                }
            }
        }
    };
    let columns = match indicator.level {
        Level::Household => &mut known.households,
        Level::Person => &mut known.persons,
    };
    columns.insert(indicator.name.clone(), computed.values.clone());
    Ok(computed)
}

/// Sources that were not delivered and that an indicator hangs on.
fn missing(
    input: &ScreenInput,
    known: &Known,
    indicator: &Indicator,
    compiled: &CompiledIndicator,
) -> BTreeSet<String> {
    let params = compiled.params.iter().map(|p| param_column(p));
    let named = compiled.needs.iter().cloned().chain(params);
    let mut missing: BTreeSet<String> = named.filter_map(|name| known.withheld.get(&name)).flatten().cloned().collect();
    if indicator.origin() == Origin::Records && !input.delivered.contains(&indicator.source) {
        missing.insert(indicator.source.clone());
    }
    missing
}

/// The value for a person or household without a record.
fn absent(indicator: &Indicator) -> Value {
    match indicator.absent {
        Absent::Unknown => Value::Null,
        Absent::Zero => Value::Integer(0),
        Absent::False => Value::Boolean(false),
    }
}

/// Records, or members, that pass the filter → one value per entity.
fn gathered(
    entities: &Entities,
    known: &Known,
    indicator: &Indicator,
    compiled: &CompiledIndicator,
    as_of: jiff::civil::Date,
    rows: Rows,
    (linked, undecided): (&[Pair], &[Pair]),
) -> Outcome<Computed> {
    let count = entities.count(indicator.level);
    let value = &compiled.value;
    let (mut passing, mut open) = (Vec::new(), Vec::new());
    let (mut pairs, mut waiting): (&[Pair], &[Pair]) = (linked, &[]);
    if indicator.absent != Absent::Unknown {
        waiting = undecided;
    }
    if let Some(filter) = &compiled.filter {
        let judge = |pairs: &[Pair]| judged(rows, known, pairs, filter, as_of);
        passing.extend(pairs.iter().zip(judge(pairs)?).filter(|(_, passes)| *passes == Some(true)).map(|(p, _)| *p));
        open.extend(waiting.iter().zip(judge(waiting)?).filter(|(_, passes)| *passes != Some(false)).map(|(p, _)| *p));
        (pairs, waiting) = (&passing, &open);
    }
    let frame = frame(rows, known, pairs, value)?;
    let grouped = aggregate::values(frame, value, indicator.kind, as_of, |groups| {
        let entity_rows: Vec<u32> = entity_column(&groups)?.iter().flatten().collect();
        let households = || entity_rows.iter().map(|e| entities.household_row(indicator.level, *e));
        with_params(groups, value, &known.households, households)
    })?;
    let waiting: BTreeSet<u32> = waiting.iter().map(|p| p.entity).collect();
    let values = spread(&grouped, indicator, absent(indicator), &waiting, count)?;
    let mut used: Vec<(u32, u32)> = pairs.iter().map(|p| (p.entity, p.record)).collect();
    used.sort_unstable();
    Ok(Computed { values, used })
}

/// Whether each pair passes a filter.
fn judged(
    rows: Rows,
    known: &Known,
    pairs: &[Pair],
    filter: &Expr,
    as_of: jiff::civil::Date,
) -> Outcome<Vec<Option<bool>>> {
    let frame = frame(rows, known, pairs, filter)?
        .lazy()
        .with_columns([Lowering::new(as_of).lower(filter).alias(VALUE)])
        .collect()
        .map_err(engine("filtering records"))?;
    let passes = frame.column(VALUE).and_then(|c| c.bool()).map_err(engine("filtering records"))?;
    Ok(passes.iter().collect())
}

/// A value computed from other indicators of the same person or household.
fn calculated(
    entities: &Entities,
    known: &Known,
    indicator: &Indicator,
    compiled: &CompiledIndicator,
    as_of: jiff::civil::Date,
) -> Outcome<Series> {
    let count = entities.count(indicator.level);
    let number = UInt32Chunked::from_iter_values(ENTITY.into(), 0..count as u32);
    let mut columns: Vec<Column> = vec![number.into_series().into()];
    let named = compiled.needs.iter().cloned().chain(compiled.params.iter().map(|p| param_column(p)));
    for name in named {
        let own = if indicator.level == Level::Person { known.persons.get(&name) } else { None };
        let values = match (own, known.households.get(&name)) {
            (Some(own), _) => own.clone(),
            (None, Some(series)) if indicator.level == Level::Person => {
                gather(series, entities.household_of.iter().copied())?
            }
            (None, Some(series)) => series.clone(),
            (None, None) => continue,
        };
        columns.push(values.with_name(name.as_str().into()).into());
    }
    let mut lowering = Lowering::new(as_of).without(known.withheld.keys().map(String::as_str));
    let value = to_kind(lowering.lower(&compiled.value), compiled.value.ty, indicator.kind);
    let frame = DataFrame::new(count, columns).map_err(engine("laying out indicators"))?;
    let frame = frame.lazy().with_columns([value.alias(VALUE)]).collect().map_err(engine("computing an indicator"))?;
    let mut values = frame.column(VALUE).map_err(engine("reading values"))?.as_materialized_series().clone();
    values.rename(indicator.name.as_str().into());
    Ok(values)
}

/// Every member who is here, for the household.
fn members(entities: &Entities) -> Vec<Pair> {
    let here = entities.household_of.iter().zip(&entities.present).enumerate().filter(|(_, (_, present))| **present);
    here.filter_map(|(row, (household, _))| {
        let row = row as u32;
        Some(Pair { entity: (*household)?, person: Some(row), household: *household, record: row })
    })
    .collect()
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
    let mut push = |record: u32, counted: Option<Counted>| {
        pairs.extend(counted.map(|(entity, person, household)| Pair { entity, person, household, record }));
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
                    push(*record, Some((*household, None, Some(*household))));
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

/// Candidates of records that are not linked: such a record may well be theirs, so that they are not known to have none.
fn undecided(input: &ScreenInput, entities: &Entities, source: &Source, records: &Table, level: Level) -> Vec<Pair> {
    let possible = input.possible;
    let record_rows = index(records, "record_id");
    let mut pairs = Vec::new();
    for row in 0..possible.rows() {
        let at = |column: &str| possible.str_at(column, row);
        let record = at("record_id").and_then(|id| record_rows.get(id));
        let (Some(record), true) = (record, at("source") == Some(source.id.as_str())) else { continue };
        let person = at("person_id").and_then(|id| entities.person(id));
        let household = at("household_id").and_then(|id| entities.household(id));
        if let Some((entity, person, household)) = counted(entities, person, household, level) {
            pairs.push(Pair { entity, person, household, record: *record });
        }
    }
    pairs
}

/// Entity, person and household.
type Counted = (u32, Option<u32>, Option<u32>);

/// The entity, person and household for which a person's or household's record counts.
fn counted(entities: &Entities, person: Option<u32>, household: Option<u32>, level: Level) -> Option<Counted> {
    let household = household.or_else(|| person.and_then(|p| entities.household_of[p as usize]));
    match level {
        Level::Person => person.map(|p| (p, person, household)),
        Level::Household => household.map(|h| (h, person, household)),
    }
}

/// One row per pair with the columns and parameters that an expression names.
fn frame(rows: Rows, known: &Known, pairs: &[Pair], expr: &Expr) -> Outcome<DataFrame> {
    let entity = UInt32Chunked::from_iter_values(ENTITY.into(), pairs.iter().map(|p| p.entity));
    let mut columns: Vec<Column> = vec![entity.into_series().into()];
    let records: Vec<Option<u32>> = pairs.iter().map(|p| Some(p.record)).collect();
    let unknown = |name: &str| Failure::internal(format!("nothing is known of {name}"));
    for name in expr.columns() {
        let values = match (name.split_once('.'), rows) {
            (Some(("person", own)), _) => {
                let series = known.persons.get(own).ok_or_else(|| unknown(name))?;
                gather(series, pairs.iter().map(|p| p.person))?
            }
            (Some((_, own)), _) => {
                let series = known.households.get(own).ok_or_else(|| unknown(name))?;
                gather(series, pairs.iter().map(|p| p.household))?
            }
            (None, Rows::Records(table)) => take(table, name, &records),
            (None, Rows::Members(persons)) => {
                let series = persons.get(name).ok_or_else(|| unknown(name))?;
                gather(series, records.iter().copied())?
            }
        };
        columns.push(values.with_name(name.into()).into());
    }
    let frame = DataFrame::new(pairs.len(), columns).map_err(engine("laying out records"))?;
    with_params(frame, expr, &known.households, || pairs.iter().map(|p| p.household))
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

/// The groups' values laid out over all entities, with `absent` for those without a group; for those of them for whom a
/// record waits to be decided about, unknown.
fn spread(
    grouped: &DataFrame,
    indicator: &Indicator,
    absent: Value,
    waiting: &BTreeSet<u32>,
    count: usize,
) -> Outcome<Series> {
    let mut group_of: Vec<Option<u32>> = vec![Some(grouped.height() as u32); count];
    for entity in waiting {
        group_of[*entity as usize] = None;
    }
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
