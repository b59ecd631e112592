//! Pairs as a table: its declaration, and its rows in pieces of bounded size.
//!
//! In: [`Pairs`], the keys of both sides, and text columns of the family's own. Out: a [`TableSchema`] and Arrow batches
//! in which every word is coded once. The same columns come from both families of models.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Float32Array, Int32Array, RecordBatch, StringArray, StringBuilder, UInt32Array,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Int32Type, Schema};

use super::pairs::{NO_LEVEL, Pairs, Status, probability};
use super::person::plain::Keys;
use crate::model::table::{Column, Kind, Privacy, TableSchema};

/// Rows of one batch, which is a row group of the file: few enough that a column of it stays in the cache until it is
/// written.
pub const BATCH: usize = 131_072;
/// A row of a text column without a text.
pub const NO_TEXT: u32 = u32::MAX;

/// A text column of a family's own, beside the common ones.
#[derive(Debug, Clone)]
pub struct TextColumn {
    /// What it says.
    pub column: Column,
    /// Its texts.
    pub words: Keys,
    /// Which text stands in which row.
    pub place: TextPlace,
}

/// Which text stands in which row.
#[derive(Debug, Clone)]
pub enum TextPlace {
    /// Every row names its text, or [`NO_TEXT`]; rows may share one.
    Shared(Vec<u32>),
    /// The texts belong to these rows, ascending; the others have none.
    Rows(Vec<u32>),
}

impl TextColumn {
    /// A column of which few rows have a text.
    pub fn sparse(column: Column) -> TextColumn {
        TextColumn { column, words: Keys::default(), place: TextPlace::Rows(Vec::new()) }
    }

    /// Gives a row its text; rows come in ascending order.
    pub fn push(&mut self, row: usize, text: &str) {
        self.words.push(text);
        let word = self.words.len() as u32 - 1;
        match &mut self.place {
            TextPlace::Rows(rows) => rows.push(row as u32),
            TextPlace::Shared(of) => of.push(word),
        }
    }

    fn array(&self, rows: Range<usize>) -> ArrayRef {
        match &self.place {
            TextPlace::Rows(at) => {
                let from = at.partition_point(|r| (*r as usize) < rows.start);
                let to = at.partition_point(|r| (*r as usize) < rows.end);
                let words: StringArray = (from..to).map(|w| Some(self.words.get(w as u32))).collect();
                let mut keys: Vec<Option<i32>> = vec![None; rows.len()];
                for (word, row) in at[from..to].iter().enumerate() {
                    keys[*row as usize - rows.start] = Some(word as i32);
                }
                coded(Int32Array::from(keys), Arc::new(words))
            }
            TextPlace::Shared(of) => {
                // Of many texts only those of these rows are in the batch, in the order in which they come.
                let mut places: Vec<i32> = vec![-1; self.words.len()];
                let mut words = StringBuilder::with_capacity(rows.len() / 4, rows.len() * 16);
                let mut used = 0;
                let place = |word: &u32| {
                    let place = places.get_mut(*word as usize)?;
                    if *place < 0 {
                        *place = used;
                        used += 1;
                        words.append_value(self.words.get(*word));
                    }
                    Some(*place)
                };
                let keys: Int32Array = of[rows].iter().map(place).collect();
                coded(keys, Arc::new(words.finish()))
            }
        }
    }
}

fn coded(keys: Int32Array, words: ArrayRef) -> ArrayRef {
    Arc::new(DictionaryArray::<Int32Type>::new(keys, words))
}

/// The columns of a table of pairs.
pub fn schema(pairs: &Pairs, extras: &[TextColumn]) -> TableSchema {
    use Kind::{Float, Integer, Text};
    use Privacy::Internal;
    let column = |name: &str, title: &str, kind, meaning: &str| Column::new(name, title, kind, Internal, meaning);
    let mut columns = vec![
        column("left_id", "左表编号", Text, "Key of the left side's record; null where nobody was found."),
        column("right_id", "右表编号", Text, "Key of the right side's record."),
        column("status", "匹配状态", Text, "linked, possible (for a person to look at), conflict or unlinked."),
        column("rank", "名次", Integer, "1 is the best candidate of its record; null where there is none."),
        column("match_weight", "匹配权重", Float, "log2 of the odds that both mean the same; higher is surer."),
        column("match_probability", "匹配概率", Float, "The probability that the match weight stands for."),
        column("margin", "领先权重", Float, "Match weight above the record's next candidate; null when there is none."),
        column("pass", "匹配途径", Text, "Blocking pass that brought the pair together."),
    ];
    for compared in &pairs.compared {
        let name = &compared.name;
        let words = compared.words.join(", ");
        columns.push(column(
            &format!("{name}_level"),
            &format!("{name}比对"),
            Text,
            &format!("How the two agree: {words}."),
        ));
        let meaning = format!("What the level of {name} adds to the match weight.");
        columns.push(column(&format!("{name}_weight"), &format!("{name}权重"), Float, &meaning));
    }
    if !pairs.cluster.is_empty() {
        columns.push(column("cluster_id", "聚类编号", Integer, "Records with one number are one person or thing."));
    }
    columns.extend(extras.iter().map(|e| e.column.clone()));
    TableSchema {
        name: "links".into(),
        title: "匹配结果".into(),
        grain: "one listed pair, or one record for which nobody was found".into(),
        columns,
    }
}

/// The Arrow schema of the batches: words are coded, weights have single precision.
pub fn arrow(schema: &TableSchema) -> Arc<Schema> {
    let plain = schema.arrow();
    let fields: Vec<Field> = plain
        .fields()
        .iter()
        .map(|field| {
            let kind = match (field.name().as_str(), field.data_type()) {
                ("left_id" | "right_id", kind) => kind.clone(),
                (_, DataType::Utf8) => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
                (_, DataType::Float64) => DataType::Float32,
                (_, DataType::Int64) => DataType::UInt32,
                (_, kind) => kind.clone(),
            };
            field.as_ref().clone().with_data_type(kind)
        })
        .collect();
    Arc::new(Schema::new_with_metadata(fields, plain.metadata().clone()))
}

/// Words that are coded by their position.
fn words(all: &[impl AsRef<str>]) -> ArrayRef {
    Arc::new(all.iter().map(|w| Some(w.as_ref())).collect::<StringArray>())
}

/// The rows as batches of at most [`BATCH`] rows.
///
/// # Panics
/// When the columns of `pairs` differ in length: that is a mistake in this program, never in an input.
pub fn batches<'a>(
    pairs: &'a Pairs,
    left: &'a Keys,
    right: &'a Keys,
    extras: &'a [TextColumn],
    schema: &Arc<Schema>,
) -> impl Iterator<Item = RecordBatch> + use<'a> {
    let rows = pairs.right.len();
    let statuses = words(&Status::WORDS);
    let passes = words(&pairs.passes);
    let levels: Vec<ArrayRef> = pairs.compared.iter().map(|c| words(&c.words)).collect();
    let schema = schema.clone();
    (0..rows.div_ceil(BATCH)).map(move |piece| {
        let range = piece * BATCH..rows.min((piece + 1) * BATCH);
        let listed = &pairs.left[range.clone()];
        // Rows without a pair have neither weights nor levels: one validity serves all columns of the batch.
        let paired: NullBuffer = listed.iter().map(Option::is_some).collect();
        let floats = |of: Vec<f32>| -> ArrayRef { Arc::new(Float32Array::new(of.into(), Some(paired.clone()))) };
        let codes = |of: &[u8]| -> Int32Array {
            let values: Vec<i32> = of.iter().map(|v| if *v == NO_LEVEL { 0 } else { i32::from(*v) }).collect();
            let leveled = match of.contains(&NO_LEVEL) {
                true => NullBuffer::union(Some(&paired), Some(&of.iter().map(|v| *v != NO_LEVEL).collect())),
                false => Some(paired.clone()),
            };
            Int32Array::new(values.into(), leveled)
        };
        let weights = &pairs.weight[range.clone()];
        let likely: Vec<f32> = weights.iter().map(|w| probability(f64::from(*w)) as f32).collect();
        let ranks = UInt32Array::new(pairs.rank[range.clone()].to_vec().into(), Some(paired.clone()));
        let statuses_of: Vec<i32> = pairs.status[range.clone()].iter().map(|s| *s as i32).collect();
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(listed.iter().map(|l| l.map(|l| left.get(l))).collect::<StringArray>()),
            Arc::new(pairs.right[range.clone()].iter().map(|r| Some(right.get(*r))).collect::<StringArray>()),
            coded(Int32Array::from(statuses_of), statuses.clone()),
            Arc::new(ranks),
            floats(weights.to_vec()),
            floats(likely),
            Arc::new(pairs.margin[range.clone()].iter().copied().collect::<Float32Array>()),
            coded(codes(&pairs.pass[range.clone()]), passes.clone()),
        ];
        for (compared, words) in pairs.compared.iter().zip(&levels) {
            arrays.push(coded(codes(&compared.level[range.clone()]), words.clone()));
            arrays.push(floats(compared.weight[range.clone()].to_vec()));
        }
        if !pairs.cluster.is_empty() {
            arrays.push(Arc::new(pairs.cluster[range.clone()].iter().copied().collect::<UInt32Array>()));
        }
        arrays.extend(extras.iter().map(|e| e.array(range.clone())));
        RecordBatch::try_new(schema.clone(), arrays).unwrap_or_else(|e| panic!("pairs do not fit their schema: {e}"))
    })
}
