//! Columns of few distinct values as chunks of a Parquet file, without looking up each value again.
//!
//! The library's writer looks the value of every row up in a dictionary of its own, also where the array brings one: for
//! the linker's table of thirty columns that was a seventh of all CPU time. Here codes that are known are packed as they
//! are. In: an Arrow array. Out: a dictionary page and one data page, as the format has them (Parquet format 2.11,
//! Encodings.md: `RLE_DICTIONARY`, Data Pages version 1); the pages' headers and all metadata are the library's.

use std::collections::HashMap;

use ::parquet::basic::{Compression, Encoding, ZstdLevel};
use ::parquet::column::page::{CompressedPage, Page, PageWriter as _};
use ::parquet::column::writer::ColumnCloseResult;
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder};
use ::parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use ::parquet::schema::types::ColumnDescPtr;
use arrow::array::{Array, AsArray, StringArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Float32Type, Int32Type, UInt32Type};
use bytes::Bytes;
use foldhash::fast::FixedState;

use super::codes::Codes;

/// A column chunk as it stands in the file, and what the row group says of it.
pub(super) type Chunk = (Bytes, ColumnCloseResult);

/// Writes chunks; its buffers are used again.
pub(super) struct Coder {
    zstd: zstd::bulk::Compressor<'static>,
    codes: Vec<u32>,
    page: Vec<u8>,
}

/// What stands in the dictionary.
struct Dictionary {
    /// In the encoding `PLAIN`.
    bytes: Vec<u8>,
    entries: usize,
}

impl Coder {
    pub(super) fn new() -> Result<Coder, ParquetError> {
        let zstd = zstd::bulk::Compressor::new(ZstdLevel::default().compression_level()).map_err(failed)?;
        Ok(Coder { zstd, codes: Vec::new(), page: Vec::new() })
    }

    /// The chunk of a column without lists; none for a type that is left to the library.
    pub(super) fn chunk(&mut self, array: &dyn Array, column: &ColumnDescPtr) -> Result<Option<Chunk>, ParquetError> {
        self.codes.clear();
        let dictionary = match array.data_type() {
            DataType::Dictionary(..) => {
                let Some(coded) = array.as_dictionary_opt::<Int32Type>() else { return Ok(None) };
                let Some(texts) = coded.values().as_string_opt::<i32>() else { return Ok(None) };
                present(coded.keys().nulls(), coded.keys().values(), |key| self.codes.push(*key as u32));
                plain(texts)
            }
            DataType::Float32 => {
                let values = array.as_primitive::<Float32Type>();
                self.count(values.nulls(), values.values(), |value| value.to_bits())
            }
            DataType::UInt32 => {
                let values = array.as_primitive::<UInt32Type>();
                self.count(values.nulls(), values.values(), |value| value)
            }
            _ => return Ok(None),
        };
        let codes = std::mem::take(&mut self.codes);
        let chunk = self.pages(array.len(), array.nulls(), &codes, &dictionary.bytes, dictionary.entries, column);
        self.codes = codes;
        chunk.map(Some)
    }

    /// The chunk of a column that is coded already.
    pub(super) fn codes(&mut self, rows: usize, codes: &Codes, column: &ColumnDescPtr) -> Result<Chunk, ParquetError> {
        self.pages(rows, codes.nulls().as_ref(), codes.codes(), codes.plain(), codes.entries(), column)
    }

    fn pages(
        &mut self,
        rows: usize,
        nulls: Option<&NullBuffer>,
        codes: &[u32],
        dictionary: &[u8],
        entries: usize,
        column: &ColumnDescPtr,
    ) -> Result<Chunk, ParquetError> {
        self.page.clear();
        if column.max_def_level() > 0 {
            levels(rows, nulls, &mut self.page);
        }
        let encoding = if codes.is_empty() {
            Encoding::PLAIN
        } else {
            // Some readers know no codes of no bits.
            let width = (entries.max(2) - 1).ilog2() + 1;
            self.page.push(width as u8);
            hybrid(codes, width, &mut self.page);
            Encoding::RLE_DICTIONARY
        };
        self.finish(rows, encoding, (dictionary, entries), column)
    }

    /// Codes numbers in the order in which they come.
    fn count<T: Copy>(&mut self, nulls: Option<&NullBuffer>, values: &[T], bits: impl Fn(T) -> u32) -> Dictionary {
        let mut known: HashMap<u32, u32, FixedState> = HashMap::default();
        let mut bytes = Vec::new();
        let mut last = None;
        let codes = &mut self.codes;
        present(nulls, values, |value| {
            let bits = bits(*value);
            let code = match last {
                Some((same, code)) if same == bits => code,
                _ => {
                    let next = known.len() as u32;
                    *known.entry(bits).or_insert_with(|| {
                        bytes.extend_from_slice(&bits.to_le_bytes());
                        next
                    })
                }
            };
            last = Some((bits, code));
            codes.push(code);
        });
        Dictionary { bytes, entries: known.len() }
    }

    /// Both pages, compressed, with their headers.
    fn finish(
        &mut self,
        rows: usize,
        encoding: Encoding,
        (dictionary, entries): (&[u8], usize),
        column: &ColumnDescPtr,
    ) -> Result<Chunk, ParquetError> {
        let mut sink = TrackedWrite::new(Vec::with_capacity(self.page.len() / 2 + dictionary.len() / 2));
        let mut pages = SerializedPageWriter::new(&mut sink);
        let (mut size, mut packed, mut dictionary_at) = (0, 0, None);
        if encoding == Encoding::RLE_DICTIONARY {
            let buf = self.zstd.compress(dictionary).map_err(failed)?.into();
            let num_values = entries as u32;
            let page = Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted: false };
            let written = pages.write_page(CompressedPage::new(page, dictionary.len()))?;
            (size, packed, dictionary_at) = (written.uncompressed_size, written.compressed_size, Some(0));
        }
        let page = Page::DataPage {
            buf: self.zstd.compress(&self.page).map_err(failed)?.into(),
            num_values: rows as u32,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let data_at = packed as i64;
        let written = pages.write_page(CompressedPage::new(page, self.page.len()))?;
        pages.close()?;
        (size, packed) = (size + written.uncompressed_size, packed + written.compressed_size);
        let mut places = OffsetIndexBuilder::new();
        places.append_row_count(rows as i64);
        places.append_offset_and_size(data_at, written.compressed_size as i32);
        let metadata = ColumnChunkMetaData::builder(column.clone())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_encodings(vec![Encoding::PLAIN, Encoding::RLE, encoding])
            .set_num_values(rows as i64)
            .set_total_uncompressed_size(size as i64)
            .set_total_compressed_size(packed as i64)
            .set_data_page_offset(data_at)
            .set_dictionary_page_offset(dictionary_at)
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: packed as u64,
            rows_written: rows as u64,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(places.build()),
        };
        Ok((sink.into_inner()?.into(), close))
    }
}

fn failed(error: std::io::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

/// The values that are there, run by run.
fn present<T>(nulls: Option<&NullBuffer>, values: &[T], mut take: impl FnMut(&T)) {
    match nulls {
        Some(nulls) if nulls.null_count() > 0 => {
            nulls.valid_slices().for_each(|(from, to)| values[from..to].iter().for_each(&mut take));
        }
        _ => values.iter().for_each(take),
    }
}

fn plain(texts: &StringArray) -> Dictionary {
    let mut bytes = Vec::with_capacity(texts.value_data().len() + 4 * texts.len());
    for text in texts.iter().flatten() {
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    Dictionary { bytes, entries: texts.len() }
}

/// Definition levels: 1 where there is a value, which Arrow's bits say already.
fn levels(rows: usize, nulls: Option<&NullBuffer>, page: &mut Vec<u8>) {
    let at = page.len();
    page.extend_from_slice(&[0; 4]);
    match nulls.filter(|nulls| nulls.null_count() > 0) {
        None => {
            varint((rows as u64) << 1, page);
            page.push(1);
        }
        Some(nulls) => {
            varint((rows.div_ceil(8) as u64) << 1 | 1, page);
            let bits = nulls.inner().sliced();
            page.extend_from_slice(&bits[..rows.div_ceil(8)]);
            if !rows.is_multiple_of(8) {
                // What stands behind the last row is anybody's guess; the file must not depend on it.
                *page.last_mut().expect("a row is null") &= (1 << (rows % 8)) - 1;
            }
        }
    }
    let length = (page.len() - at - 4) as u32;
    page[at..at + 4].copy_from_slice(&length.to_le_bytes());
}

/// The hybrid of runs and packed bits: eight equal codes or more are a run, others are packed by eights.
fn hybrid(codes: &[u32], width: u32, out: &mut Vec<u8>) {
    let mut packed = 0;
    let mut at = 0;
    while at < codes.len() {
        let run = codes[at..].iter().take_while(|code| **code == codes[at]).count();
        if run >= 8 {
            pack(&codes[packed..at], width, out);
            varint((run as u64) << 1, out);
            out.extend_from_slice(&codes[at].to_le_bytes()[..width.div_ceil(8) as usize]);
            at += run;
            packed = at;
        } else {
            at = codes.len().min(at + 8);
        }
    }
    pack(&codes[packed..], width, out);
}

/// Codes of so many bits each, the lowest bits first; zeros fill the last eight.
fn pack(codes: &[u32], width: u32, out: &mut Vec<u8>) {
    if codes.is_empty() {
        return;
    }
    varint((codes.len().div_ceil(8) as u64) << 1 | 1, out);
    for eight in codes.chunks(8) {
        let (mut bits, mut held) = (0_u64, 0);
        for i in 0..8 {
            bits |= u64::from(eight.get(i).copied().unwrap_or(0)) << held;
            held += width;
            if held >= 32 {
                out.extend_from_slice(&(bits as u32).to_le_bytes());
                bits >>= 32;
                held -= 32;
            }
        }
        out.extend_from_slice(&bits.to_le_bytes()[..held.div_ceil(8) as usize]);
    }
}

/// Unsigned LEB128.
fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use arrow::array::{ArrayRef, DictionaryArray, Float32Array, Int32Array, RecordBatch, UInt32Array};
    use arrow::datatypes::{Field, Schema};
    use proptest::prelude::*;

    use super::*;
    use crate::model::table::{Column, Kind, Privacy, TableSchema};
    use crate::publish::parquet::write_batches;

    fn texts(words: usize, keys: Vec<Option<i32>>) -> ArrayRef {
        let words: StringArray = (0..words).map(|i| Some(format!("词{i}"))).collect();
        Arc::new(DictionaryArray::<Int32Type>::new(Int32Array::from(keys), Arc::new(words)))
    }

    /// What is read back of batches of these three columns and one of keys.
    fn round(batches: Vec<[ArrayRef; 3]>) {
        let folder = tempfile::tempdir().expect("temporary folder");
        let column = |name: &str, kind| Column::new(name, name, kind, Privacy::Internal, "");
        let schema = TableSchema {
            name: "t".into(),
            title: "t".into(),
            grain: "a row".into(),
            columns: vec![
                column("id", Kind::Text),
                column("word", Kind::Text),
                column("weight", Kind::Float),
                column("rank", Kind::Integer),
            ],
        };
        let coded = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let kinds = [DataType::Utf8, coded, DataType::Float32, DataType::UInt32];
        let plain = schema.arrow();
        let fields = plain.fields().iter().zip(kinds).map(|(f, kind)| f.as_ref().clone().with_data_type(kind));
        let arrow = Arc::new(Schema::new(fields.collect::<Vec<Field>>()));
        let batches: Vec<RecordBatch> = batches
            .into_iter()
            .map(|[word, weight, rank]| {
                let ids: StringArray = (0..word.len()).map(|i| Some(format!("R{i:07}"))).collect();
                RecordBatch::try_new(arrow.clone(), vec![Arc::new(ids), word, weight, rank]).expect("fits")
            })
            .collect();
        let files = ["a.parquet", "b.parquet"].map(|name| {
            let path = folder.path().join(name);
            write_batches(&schema, arrow.clone(), batches.iter().cloned(), &["id"], &path).expect("written");
            path
        });
        assert_eq!(std::fs::read(&files[0]).expect("a"), std::fs::read(&files[1]).expect("b"));
        let builder = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(&files[0]).expect("there"));
        let builder = builder.expect("parquet").with_batch_size(1 << 20);
        assert_eq!(builder.metadata().num_row_groups(), batches.len());
        let groups: Vec<RecordBatch> = (0..batches.len())
            .flat_map(|group| {
                let file = std::fs::File::open(&files[0]).expect("there");
                let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("parquet");
                let reader = builder.with_batch_size(1 << 20).with_row_groups(vec![group]).build().expect("reader");
                reader.map(|batch| batch.expect("a batch"))
            })
            .collect();
        assert_eq!(groups.len(), batches.len());
        for (read, written) in groups.iter().zip(&batches) {
            for (a, b) in read.columns().iter().zip(written.columns()) {
                let text = |array: &ArrayRef| arrow::compute::cast(array, &DataType::Utf8).expect("as text");
                assert_eq!(&text(a), &text(b));
            }
        }
    }

    #[test]
    fn runs_gaps_and_many_values_come_back() {
        let rows = 20_000_usize;
        let keys = |of: &dyn Fn(usize) -> Option<i32>| (0..rows).map(of).collect::<Vec<_>>();
        let floats = |of: &dyn Fn(usize) -> Option<f32>| Arc::new((0..rows).map(of).collect::<Float32Array>());
        let ranks = |of: &dyn Fn(usize) -> Option<u32>| Arc::new((0..rows).map(of).collect::<UInt32Array>());
        round(vec![
            [texts(1, keys(&|_| Some(0))), floats(&|_| Some(0.5)), ranks(&|_| None)],
            [
                texts(3, keys(&|i| (i % 7 != 0).then_some(i as i32 / 9 % 3))),
                floats(&|_| None),
                ranks(&|i| Some(i as u32)),
            ],
            [
                texts(rows, keys(&|i| Some(i as i32))),
                floats(&|i| (i % 3 == 0).then_some((i * 7919 % rows) as f32)),
                ranks(&|i| Some(u32::from(i == rows - 1))),
            ],
            [
                texts(300, keys(&|i| (i > 19_990).then_some(299))),
                floats(&|i| Some((i / 100) as f32)),
                ranks(&|_| Some(1)),
            ],
        ]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_is_written_is_read_back(
            rows in prop::collection::vec((prop::option::of(0..40_i32), prop::option::of(0..5_u8), any::<u32>()), 1..200),
            repeat in 1..12_usize,
        ) {
            let rows: Vec<_> = rows.iter().flat_map(|row| std::iter::repeat_n(*row, repeat)).collect();
            let words = texts(40, rows.iter().map(|r| r.0).collect());
            let weights: Float32Array = rows.iter().map(|r| r.1.map(f32::from)).collect();
            let ranks: UInt32Array = rows.iter().map(|r| Some(r.2)).collect();
            let at = rows.len() / 3;
            // A slice begins in the middle of a byte of Arrow's bits.
            let columns: [ArrayRef; 3] = [words, Arc::new(weights), Arc::new(ranks)];
            round(vec![columns.clone(), columns.map(|c| c.slice(at, rows.len() - at))]);
        }
    }
}
