//! Cells of the workbook library as rows: for the formats that it reads.
//!
//! In: its cells in stream order. Out: rows. Only its streaming readers are used: asking it for a sheet's range makes room for
//! every cell up to the furthest one (reliability.md #3).

use calamine::{Cell, DataRef, Sheet, SheetType, SheetVisible};

use super::book::{SheetInfo, Take};
use super::package::misplaced;
use super::row::Row;
use super::xlsx::{COLUMNS, ROWS};
use super::{Checked, cell};
use crate::diag::Place;
use crate::model::CellKind;

/// The sheets that hold cells: no charts, no macros.
pub(super) fn tables(all: &[Sheet]) -> Vec<SheetInfo> {
    all.iter()
        .filter(|s| s.typ == SheetType::WorkSheet)
        .map(|s| SheetInfo { name: s.name.clone(), hidden: s.visible != SheetVisible::Visible })
        .collect()
}

/// Gathers a stream of cells into rows, and refuses positions that no sheet has.
pub(super) fn by_cells<'d>(
    mut next: impl FnMut() -> Checked<Option<Cell<DataRef<'d>>>>,
    is_1904: bool,
    place: &Place,
    take: &mut Take,
) -> Checked<()> {
    let mut row = Row::default();
    let mut at = None;
    while let Some(cell) = next()? {
        let (r, c) = cell.get_position();
        if r >= ROWS || c >= COLUMNS || at.is_some_and(|last| last >= (r, c)) {
            return Err(vec![misplaced(place)]);
        }
        if at.is_none_or(|(last, _)| last != r) {
            if at.is_some() && !take(&mut row)? {
                return Ok(());
            }
            row.reset(r + 1);
        }
        at = Some((r, c));
        push(&mut row, c, cell.get_value(), is_1904);
    }
    if at.is_some() {
        take(&mut row)?;
    }
    Ok(())
}

pub(super) fn push(row: &mut Row, column: u32, value: &DataRef, is_1904: bool) {
    let (text, kind) = match value {
        DataRef::Empty => return,
        DataRef::String(text) => return row.push(column, text, CellKind::Text),
        DataRef::SharedString(text) => return row.push(column, text, CellKind::Text),
        DataRef::Int(n) => (n.to_string(), CellKind::Number),
        DataRef::Float(n) => cell::number(*n),
        DataRef::Bool(b) => (if *b { "TRUE" } else { "FALSE" }.to_string(), CellKind::Bool),
        DataRef::DateTime(d) if d.is_duration() => cell::duration(d.as_f64()),
        DataRef::DateTime(d) => cell::serial(d.as_f64(), is_1904),
        DataRef::DateTimeIso(text) => cell::iso(text),
        DataRef::DurationIso(text) => (text.clone(), CellKind::Text),
        DataRef::Error(e) => (e.to_string(), CellKind::Error),
    };
    row.push(column, &text, kind);
}
