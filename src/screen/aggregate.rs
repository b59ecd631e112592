//! Records of one indicator → one value per person or household.
//!
//! In: a frame with one row per (entity, record) that passed the filter, in record order, and the checked value. Out:
//! one value per entity that has a row. Every aggregate is computed on plain columns; what stands around the aggregates
//! is computed afterwards, so that the engine never nests one in the other.

use polars::prelude::{self as pl, DataFrame, DataType, Expr as Lazy, IntoLazy, SortMultipleOptions, col, lit, when};

use super::frames::engine;
use super::lower::{self, Lowering, aggregate_column, to_kind};
use crate::diag::Outcome;
use crate::model::table::Kind;
use crate::plan::sql::{Aggregate, Expr, Type};

/// Column of the entity's row number.
pub(super) const ENTITY: &str = "@";
/// Column of the finished value.
pub(super) const VALUE: &str = "value";

/// Columns of one aggregate on its way.
struct Columns {
    /// The aggregate's argument, row by row.
    value: String,
    /// The date that orders the rows, for `latest`.
    by: String,
    /// The aggregate.
    result: String,
    /// Number of known values; for `latest` the greatest date.
    known: String,
}

impl Columns {
    fn of(place: usize) -> Self {
        Columns {
            value: format!("value {place}"),
            by: format!("by {place}"),
            result: aggregate_column(place),
            known: format!("known {place}"),
        }
    }
}

/// Computes the value of each entity.
///
/// `rows` has column [`ENTITY`], the source's columns and parameters; `with_params` adds the parameters to the frame of
/// entities. Gives a frame of [`ENTITY`] and [`VALUE`], in the order in which the entities first appear.
pub(super) fn values(
    rows: DataFrame,
    value: &Expr,
    kind: Kind,
    as_of: jiff::civil::Date,
    fixed: &super::entities::Columns,
    with_params: impl FnOnce(DataFrame) -> Outcome<DataFrame>,
) -> Outcome<DataFrame> {
    let mut outer = Lowering::new(as_of).fixed(fixed);
    let outer_value = outer.lower(value);
    let mut inner = Lowering::new(as_of).fixed(fixed);
    let (mut arguments, mut aggregates, mut finished) = (Vec::new(), Vec::new(), Vec::new());
    for (place, aggregate) in outer.aggregates.iter().enumerate() {
        let names = Columns::of(place);
        arguments.extend(prepare(&mut inner, aggregate, &names));
        aggregates.extend(grouped(aggregate, &names));
        finished.extend(finish(aggregate, &names));
    }
    let grouped = rows
        .lazy()
        .with_columns(arguments)
        .group_by_stable([col(ENTITY)])
        .agg(aggregates)
        .with_columns(finished)
        .collect()
        .map_err(engine("aggregating records"))?;
    with_params(grouped)?
        .lazy()
        .with_columns([to_kind(outer_value, value.ty, kind).alias(VALUE)])
        .select([col(ENTITY), col(VALUE)])
        .collect()
        .map_err(engine("computing an indicator"))
}

/// The arguments of an aggregate as columns.
fn prepare<'a>(inner: &mut Lowering<'a>, aggregate: &'a Aggregate, names: &Columns) -> Vec<Lazy> {
    match aggregate {
        Aggregate::CountAll => Vec::new(),
        Aggregate::Latest { value, by } | Aggregate::Earliest { value, by } => {
            vec![inner.lower(value).alias(&names.value), inner.lower(by).alias(&names.by)]
        }
        Aggregate::Sum(value) => {
            // Whole numbers are summed as decimals, which have room.
            let value = lower::widened(inner.lower(value), value.ty);
            vec![value.alias(&names.value)]
        }
        Aggregate::Min(value)
        | Aggregate::Max(value)
        | Aggregate::Count(value)
        | Aggregate::CountDistinct(value)
        | Aggregate::Any(value)
        | Aggregate::Median(value)
        | Aggregate::List(value) => vec![inner.lower(value).alias(&names.value)],
    }
}

fn grouped(aggregate: &Aggregate, names: &Columns) -> Vec<Lazy> {
    let value = || col(&names.value);
    let integer = |e: Lazy| e.cast(DataType::Int64).alias(&names.result);
    let known = || value().count().alias(&names.known);
    match aggregate {
        Aggregate::Sum(_) => vec![value().sum().alias(&names.result), known()],
        Aggregate::Min(_) => vec![value().min().alias(&names.result)],
        Aggregate::Max(_) => vec![value().max().alias(&names.result)],
        Aggregate::CountAll => vec![integer(pl::len())],
        Aggregate::Count(_) => vec![integer(value().count())],
        Aggregate::CountDistinct(_) => vec![integer(value().drop_nulls().n_unique())],
        // Not ignoring nulls: unknown for one record and true for none is unknown.
        Aggregate::Any(_) => vec![value().any(false).alias(&names.result)],
        Aggregate::Median(_) => vec![value().median().alias(&names.result)],
        Aggregate::List(_) => {
            let different = value().drop_nulls().unique().sort(pl::SortOptions::default());
            vec![different.str().join("、", true).alias(&names.result), known()]
        }
        Aggregate::Earliest { .. } => {
            let order = SortMultipleOptions::default().with_maintain_order(true).with_nulls_last(true);
            vec![
                value().sort_by([col(&names.by)], order).first().alias(&names.result),
                col(&names.by).count().alias(&names.known),
            ]
        }
        Aggregate::Latest { .. } => {
            let order = SortMultipleOptions::default().with_maintain_order(true).with_nulls_last(false);
            vec![
                value().sort_by([col(&names.by)], order).last().alias(&names.result),
                col(&names.by).count().alias(&names.known),
            ]
        }
    }
}

/// What is unknown although the engine has a value: a sum of nothing known, the latest of no dates.
fn finish(aggregate: &Aggregate, names: &Columns) -> Option<Lazy> {
    let ty = match aggregate {
        Aggregate::Sum(value) => value.ty.places().map_or(Type::Float, Type::Decimal),
        Aggregate::Latest { value, .. } | Aggregate::Earliest { value, .. } => value.ty,
        Aggregate::List(_) => Type::Text,
        _ => return None,
    };
    let nothing = col(&names.known).eq(lit(0));
    let result = when(nothing).then(lower::null(ty)).otherwise(col(&names.result));
    Some(result.alias(&names.result))
}
