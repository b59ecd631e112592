//! Explains one record of a file that `bidui link` wrote: the drawing of every pair it stands in.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::explain::{Case, Explained, Section};
use super::waterfall::Waterfall;
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};

/// Pairs that are drawn; a record has a handful of candidates.
const MOST_PICTURES: usize = 20;

/// Finds a key on either side of a file of links. Keys are shown as they are: they are what was asked for.
///
/// # Errors
/// Class `input_missing` when no pair has the key, `input_contract` when the file is not one of links.
pub fn explain_links(path: &Path, key: &str) -> Outcome<Explained> {
    let fail = |e: &dyn std::fmt::Display| Failure::io("read", path, e);
    let place = || Place::file(path.display().to_string());
    let file = File::open(path).map_err(|e| fail(&e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| fail(&e))?;
    let lacks: Vec<&str> = ["left_id", "right_id", "status", "match_weight"]
        .into_iter()
        .filter(|c| builder.schema().field_with_name(c).is_err())
        .collect();
    if !lacks.is_empty() {
        let message = format!("the file lacks {}: `bidui link` did not write it", lacks.join(", "));
        return Err(Failure::one(
            FailureClass::InputContract,
            Diagnostic::error("explain.not_links", message, place()).hint("give the file that --out named"),
        ));
    }
    let key = key.trim();
    let mut case =
        Case { id: key.to_string(), title: format!("record {key}"), sections: Vec::new(), pictures: Vec::new() };
    let mut lines = Vec::new();
    for batch in builder.build().map_err(|e| fail(&e))? {
        let batch = batch.map_err(|e| fail(&e))?;
        for row in 0..batch.num_rows() {
            if ["left_id", "right_id"].iter().any(|side| text(&batch, side, row).as_deref() == Some(key)) {
                lines.push(values(&batch, row));
                if case.pictures.len() < MOST_PICTURES {
                    case.pictures.extend(picture(&batch, row));
                }
            }
        }
    }
    if lines.is_empty() {
        let problem = Diagnostic::error("explain.nothing", "no pair of the file has this key", place())
            .hint("give a value of the columns left_id or right_id");
        return Err(Failure::one(FailureClass::InputMissing, problem));
    }
    case.sections.push(Section { title: "匹配 link".into(), lines });
    Ok(Explained { round: path.display().to_string(), cases: vec![case] })
}

fn text(batch: &RecordBatch, column: &str, row: usize) -> Option<String> {
    let values = batch.column_by_name(column)?;
    match values.data_type() {
        _ if values.is_null(row) => None,
        // The two keys are looked at in every row.
        DataType::Utf8 => Some(values.as_string::<i32>().value(row).to_string()),
        _ => array_value_to_string(values, row).ok(),
    }
}

fn float(batch: &RecordBatch, column: &str, row: usize) -> Option<f64> {
    let values = batch.column_by_name(column)?;
    match values.data_type() {
        _ if values.is_null(row) => None,
        DataType::Float32 => Some(f64::from(values.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => Some(values.as_primitive::<Float64Type>().value(row)),
        _ => None,
    }
}

/// Everything that stands in a row, levels and weights apart: they are drawn.
fn values(batch: &RecordBatch, row: usize) -> String {
    let schema = batch.schema();
    let shown = schema.fields().iter().map(|f| f.name().as_str()).filter(|name| {
        let drawn = name.ends_with("_level") || name.ends_with("_weight") && *name != "match_weight";
        !drawn
    });
    let shown: Vec<String> = shown.filter_map(|name| Some(format!("{name} {}", text(batch, name, row)?))).collect();
    shown.join("; ")
}

fn picture(batch: &RecordBatch, row: usize) -> Option<Waterfall> {
    let word = |column: &str| text(batch, column, row).unwrap_or_default();
    let left = text(batch, "left_id", row)?;
    let weight = float(batch, "match_weight", row)?;
    let schema = batch.schema();
    let names = schema.fields().iter().filter_map(|f| f.name().strip_suffix("_weight")).filter(|n| *n != "match");
    let comparisons = names
        .filter_map(|name| {
            let weight = float(batch, &format!("{name}_weight"), row)?;
            Some((name.to_string(), word(&format!("{name}_level")), weight))
        })
        .collect();
    let title = format!("{} → {left} ({}, {})", word("right_id"), word("status"), word("rank"));
    let mut picture = Waterfall::of(title, weight, comparisons);
    picture.margin = float(batch, "margin", row);
    Some(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, DictionaryArray, Float32Array, StringArray, UInt32Array};
    use arrow::datatypes::Int32Type;
    use parquet::arrow::ArrowWriter;
    use std::sync::Arc;

    fn links(folder: &tempfile::TempDir) -> std::path::PathBuf {
        let words = |words: Vec<Option<&str>>| -> ArrayRef {
            Arc::new(words.into_iter().collect::<DictionaryArray<Int32Type>>())
        };
        let float = |values: Vec<Option<f32>>| -> ArrayRef { Arc::new(Float32Array::from(values)) };
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("left_id", Arc::new(StringArray::from(vec![Some("A1"), Some("A2"), None])) as ArrayRef, true),
            ("right_id", Arc::new(StringArray::from(vec!["B1", "B1", "B2"])) as ArrayRef, true),
            ("status", words(vec![Some("possible"), Some("possible"), Some("unlinked")]), true),
            ("rank", Arc::new(UInt32Array::from(vec![Some(1), Some(2), None])) as ArrayRef, true),
            ("match_weight", float(vec![Some(4.5), Some(1.0), None]), true),
            ("margin", float(vec![Some(3.5), None, None]), true),
            ("name_level", words(vec![Some("exact"), Some("near"), None]), true),
            ("name_weight", float(vec![Some(9.5), Some(6.0), None]), true),
        ])
        .expect("a batch");
        let path = folder.path().join("links.parquet");
        let file = File::create(&path).expect("a file");
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
        writer.write(&batch).expect("rows");
        writer.close().expect("a file");
        path
    }

    #[test]
    fn a_key_of_either_side_leads_to_its_pairs() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = links(&folder);
        let found = explain_links(&path, "B1").expect("two pairs");
        let case = &found.cases[0];
        assert_eq!((case.sections[0].lines.len(), case.pictures.len()), (2, 2));
        assert_eq!(case.pictures[0].title, "B1 → A1 (possible, 1)");
        assert_eq!((case.pictures[0].steps[0].weight, case.pictures[0].margin), (-5.0, Some(3.5)));
        assert_eq!(explain_links(&path, "A2").expect("one pair").cases[0].pictures.len(), 1);
        // Nobody was found for it: there is a line and nothing to draw.
        assert!(explain_links(&path, "B2").expect("one row").cases[0].pictures.is_empty());
        assert_eq!(explain_links(&path, "B9").expect_err("an end").class.exit_code(), 66);
    }
}
