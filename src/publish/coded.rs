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
        self.page.clear();
        if column.max_def_level() > 0 {
            levels(array.len(), array.nulls(), &mut self.page);
        }
        let encoding = if self.codes.is_empty() {
            Encoding::PLAIN
        } else {
            // Some readers know no codes of no bits.
            let width = (dictionary.entries.max(2) - 1).ilog2() + 1;
            self.page.push(width as u8);
            hybrid(&self.codes, width, &mut self.page);
            Encoding::RLE_DICTIONARY
        };
        self.finish(array.len(), encoding, dictionary, column).map(Some)
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
        dictionary: Dictionary,
        column: &ColumnDescPtr,
    ) -> Result<Chunk, ParquetError> {
        let mut sink = TrackedWrite::new(Vec::with_capacity(self.page.len() / 2 + dictionary.bytes.len() / 2));
        let mut pages = SerializedPageWriter::new(&mut sink);
        let (mut size, mut packed, mut dictionary_at) = (0, 0, None);
        if encoding == Encoding::RLE_DICTIONARY {
            let buf = self.zstd.compress(&dictionary.bytes).map_err(failed)?.into();
            let num_values = dictionary.entries as u32;
            let page = Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted: false };
            let written = pages.write_page(CompressedPage::new(page, dictionary.bytes.len()))?;
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
