//! Records and links → one value per person or household for every indicator of the plan.
//!
//! In: `records_<source>`, `links`, what is known of persons and households so far. Out: a series per indicator, and which
//! records each value was computed from. Ends of an indicator: a source it hangs on was not delivered → unknown for
//! everybody; no record, or none that passes the filter → the indicator's `absent`, but unknown when a record waits for a
//! decision that may make it this person's; records, but nothing known in them → unknown; a value.

use std::collections::BTreeSet;
use std::rc::Rc;

use polars::prelude::{
    BooleanChunked, Column, DataFrame, IntoLazy, IntoSeries, NewChunkedArray, Series, UInt32Chunked,
};

use super::ScreenInput;
use super::aggregate::{self, ENTITY, VALUE};
use super::entities::{Columns, Entities, gather};
use super::frames::{engine, from_values, take};
use super::lower::{Lowering, param_column, to_kind};
use super::pairs::{Linked, Pair, Pairs};
use super::rules::Withheld;
use crate::diag::{Failure, Outcome};
use crate::model::build::Value;
use crate::model::table::Table;
use crate::plan::sql::{CompiledIndicator, Expr};
use crate::plan::{Absent, Indicator, Level, Origin};

/// An indicator's values and where they come from.
pub(super) struct Computed {
    /// One value per person or household.
    pub values: Series,
    /// The rows it was computed from; none when it was not computed from rows.
    linked: Option<Rc<Linked>>,
    /// Which of them passed the filter; none without one.
    passes: Option<BooleanChunked>,
}

impl Computed {
    fn of_nothing(values: Series) -> Self {
        Computed { values, linked: None, passes: None }
    }

    /// The record rows behind an entity's value.
    pub(super) fn records_of(&self, entity: u32) -> impl Iterator<Item = u32> + '_ {
        self.linked.iter().flat_map(move |linked| linked.records_of(entity, self.passes.as_ref()))
    }
}

/// What is known of persons and households so far: built-in columns, parameters, the indicators computed before.
pub(super) struct Known {
    pub persons: Columns,
    pub households: Columns,
    /// Parameters that are the same for everybody: one value each.
    pub fixed: Columns,
    /// What of it nobody delivered.
    pub withheld: Withheld,
}

impl Known {
    /// True for a parameter whose value is the household's.
    fn by_household(&self, param: &str) -> bool {
        self.households.contains_key(&param_column(param))
    }
}

/// What the rows of an indicator are taken from.
#[derive(Clone, Copy)]
enum Rows<'a> {
    Records(&'a Table),
    /// The members' own columns; the record is the person's row.
    Members(&'a Columns),
}

/// Computes one indicator from what is known so far.
pub(super) fn compute<'a>(
    input: &ScreenInput<'a>,
    entities: &Entities,
    known: &mut Known,
    linked: &mut Pairs<'a>,
    indicator: &Indicator,
    compiled: &CompiledIndicator,
) -> Outcome<Computed> {
    let missing = missing(input, known, indicator, compiled);
    if !missing.is_empty() {
        known.withheld.insert(indicator.name.clone(), missing.clone());
    }
    let nothing = |value| Computed::of_nothing(constant(indicator, value, entities.count(indicator.level)));
    let computed = match indicator.origin() {
        Origin::Indicators => Computed::of_nothing(calculated(entities, known, indicator, compiled, input.as_of)?),
        // Which records count, and what they add up to, hangs on what nobody delivered.
        _ if !missing.is_empty() => nothing(Value::Null),
        Origin::Members => {
            let pairs = linked.members(entities);
            gathered(entities, known, indicator, compiled, input.as_of, Rows::Members(&known.persons), pairs)?
        }
        Origin::Records => {
            let source = input.plan.sources.iter().find(|s| s.id == indicator.source);
            match (source, input.records.get(&indicator.source)) {
                (Some(source), Some(records)) => {
                    let pairs = linked.of(input, entities, source, records, indicator.level);
                    gathered(entities, known, indicator, compiled, input.as_of, Rows::Records(records), pairs)?
                }
                _ => nothing(absent(indicator)),
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
    linked: Rc<Linked>,
) -> Outcome<Computed> {
    let value = &compiled.value;
    let waiting: &[Pair] = if indicator.absent == Absent::Unknown { &[] } else { &linked.undecided };
    let (mut waiting, mut passes): (BTreeSet<u32>, _) = (waiting.iter().map(|p| p.entity).collect(), None);
    if let Some(filter) = &compiled.filter {
        passes = Some(judged(frame(rows, known, Side::All(&linked), filter)?, known, filter, as_of)?);
        if !waiting.is_empty() {
            let open = judged(frame(rows, known, Side::Some(&linked.undecided), filter)?, known, filter, as_of)?;
            let open = linked.undecided.iter().zip(open.iter()).filter(|(_, passes)| *passes != Some(false));
            waiting = open.map(|(pair, _)| pair.entity).collect();
        }
    }
    let frame = match &passes {
        Some(passes) => frame(rows, known, Side::Passing(&linked, passes), value)?,
        None => frame(rows, known, Side::All(&linked), value)?,
    };
    let grouped = aggregate::values(frame, value, indicator.kind, as_of, &known.fixed, |groups| {
        let entity_rows: Vec<u32> = entity_column(&groups)?.iter().flatten().collect();
        let households = || entity_rows.iter().map(|e| entities.household_row(indicator.level, *e));
        with_params(groups, value, &known.households, households)
    })?;
    let count = entities.count(indicator.level);
    let values = spread(&grouped, indicator, absent(indicator), &waiting, count)?;
    Ok(Computed { values, linked: Some(linked), passes })
}

/// Whether each row passes a filter.
fn judged(frame: DataFrame, known: &Known, filter: &Expr, as_of: jiff::civil::Date) -> Outcome<BooleanChunked> {
    let passes = Lowering::new(as_of).fixed(&known.fixed).lower(filter).alias(VALUE);
    let frame = frame.lazy().with_columns([passes]).collect().map_err(engine("filtering records"))?;
    let passes = frame.column(VALUE).and_then(|c| c.bool()).map_err(engine("filtering records"))?;
    Ok(passes.rechunk().into_owned())
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
    let mut lowering = Lowering::new(as_of).fixed(&known.fixed).without(known.withheld.keys().map(String::as_str));
    let value = to_kind(lowering.lower(&compiled.value), compiled.value.ty, indicator.kind);
    let frame = DataFrame::new(count, columns).map_err(engine("laying out indicators"))?;
    let frame = frame.lazy().with_columns([value.alias(VALUE)]).collect().map_err(engine("computing an indicator"))?;
    let mut values = frame.column(VALUE).map_err(engine("reading values"))?.as_materialized_series().clone();
    values.rename(indicator.name.as_str().into());
    Ok(values)
}

fn constant(indicator: &Indicator, value: Value, count: usize) -> Series {
    from_values(&indicator.name, indicator.kind, std::iter::repeat_n(value, count))
}

/// Which pairs make the rows of a frame.
#[derive(Clone, Copy)]
enum Side<'a> {
    All(&'a Linked),
    /// Those that passed a filter.
    Passing(&'a Linked, &'a BooleanChunked),
    /// Others than the linked ones.
    Some(&'a [Pair]),
}

/// One row per pair with the columns and parameters that an expression names.
fn frame(rows: Rows, known: &Known, side: Side, expr: &Expr) -> Outcome<DataFrame> {
    let failed = engine("laying out records");
    let passing: Vec<Pair>;
    let mut pairs: &[Pair] = match side {
        Side::All(linked) => &linked.pairs,
        Side::Some(pairs) => pairs,
        Side::Passing(..) => &[],
    };
    let names = expr.columns();
    let by_pair = || names.iter().any(|n| n.contains('.')) || expr.params().iter().any(|p| known.by_household(p));
    let members = matches!(rows, Rows::Members(_));
    if let Side::Passing(linked, passes) = side
        && (by_pair() || members)
    {
        let all = linked.pairs.iter().zip(passes.iter());
        passing = all.filter(|(_, passes)| *passes == Some(true)).map(|(pair, _)| *pair).collect();
        pairs = &passing;
    }
    let laid = |linked: &Linked, name: Option<&str>, table: Option<&Table>| match (name, table) {
        (Some(name), Some(table)) => linked.column(table, name),
        _ => linked.entities(),
    };
    // Of the linked pairs each column is laid out once, for all indicators.
    let own = |name: Option<&str>, table: Option<&Table>| -> Outcome<Column> {
        match side {
            Side::All(linked) => Ok(laid(linked, name, table)),
            Side::Passing(linked, passes) => laid(linked, name, table).filter(passes).map_err(&failed),
            Side::Some(pairs) => Ok(match (name, table) {
                (Some(name), Some(table)) => {
                    take(table, name, &pairs.iter().map(|p| Some(p.record)).collect::<Vec<_>>()).into()
                }
                _ => {
                    UInt32Chunked::from_iter_values(ENTITY.into(), pairs.iter().map(|p| p.entity)).into_series().into()
                }
            }),
        }
    };
    let mut columns: Vec<Column> = vec![own(None, None)?];
    let unknown = |name: &str| Failure::internal(format!("nothing is known of {name}"));
    for name in names {
        let values: Column = match (name.split_once('.'), rows) {
            (Some(("person", own)), _) => {
                let series = known.persons.get(own).ok_or_else(|| unknown(name))?;
                gather(series, pairs.iter().map(|p| p.person))?.into()
            }
            (Some((_, own)), _) => {
                let series = known.households.get(own).ok_or_else(|| unknown(name))?;
                gather(series, pairs.iter().map(|p| p.household))?.into()
            }
            (None, Rows::Records(table)) => own(Some(name), Some(table))?,
            (None, Rows::Members(persons)) => {
                let series = persons.get(name).ok_or_else(|| unknown(name))?;
                gather(series, pairs.iter().map(|p| Some(p.record)))?.into()
            }
        };
        columns.push(values.with_name(name.into()));
    }
    let frame = DataFrame::new(columns[0].len(), columns).map_err(&failed)?;
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
