//! Parquet: columns by heading, types as text.

use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::Compression;
use ::parquet::file::properties::WriterProperties;
use arrow::array::*;
use arrow::datatypes::Int32Type;

use super::*;

fn bytes(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true))).unwrap();
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(Default::default())).build();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}

fn one(source: &Source, bytes: impl AsRef<[u8]>) -> Delivery {
    let dir = folder("统计/收支.parquet", bytes);
    deliver(source, dir.path())
}

fn strings(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[test]
fn every_type_becomes_text_of_its_kind() {
    use CellKind::{Bool, Date, Number, Text};
    let table: [(ArrayRef, &str, CellKind); 14] = [
        (strings(&["张三"]), "张三", Text),
        (Arc::new(LargeStringArray::from(vec!["张三"])), "张三", Text),
        (Arc::new(StringViewArray::from(vec!["张三"])), "张三", Text),
        (Arc::new(DictionaryArray::<Int32Type>::from_iter(["张三"])), "张三", Text),
        (Arc::new(BinaryArray::from(vec!["张三".as_bytes()])), "张三", Text),
        (Arc::new(Int64Array::from(vec![990121199001011248])), "990121199001011248", Number),
        (Arc::new(UInt8Array::from(vec![7])), "7", Number),
        (Arc::new(Float64Array::from(vec![8123.5])), "8123.5", Number),
        (Arc::new(Float32Array::from(vec![0.1])), "0.1", Number),
        (Arc::new(Decimal128Array::from(vec![812350]).with_precision_and_scale(18, 2).unwrap()), "8123.5", Number),
        (Arc::new(BooleanArray::from(vec![false])), "FALSE", Bool),
        (Arc::new(Date32Array::from(vec![20726])), "2026-09-30", Date),
        (Arc::new(TimestampMicrosecondArray::from(vec![1_790_697_600_000_000])), "2026-09-29 16:00:00", Date),
        (Arc::new(TimestampMillisecondArray::from(vec![1_790_697_600_000]).with_timezone("UTC")), "2026-09-30", Date),
    ];
    let source = source(Format::Parquet, &[("a", "甲", FieldKind::Text)]);
    for (array, text, kind) in table {
        let what = array.data_type().to_string();
        let delivery = one(&source, bytes(vec![("乙", strings(&["x"])), ("甲", array)]));
        assert_eq!(texts(&delivery, "a"), [text], "{what}");
        assert_eq!(kinds(&delivery, "a"), [kind], "{what}");
    }
}

#[test]
fn rows_are_numbered_and_those_without_a_value_listed() {
    let ids: ArrayRef = Arc::new(StringArray::from(vec![Some("1"), None, Some("3")]));
    let delivery = one(
        &people(Format::Parquet),
        bytes(vec![("身份证号", ids), ("序号", strings(&["1", "2", "3"])), ("姓名", strings(&["张三", " ", "王五"]))]),
    );
    assert_eq!(table(&delivery).row, [1, 3]);
    assert_eq!(rejects(&delivery), [("row.no_value", 2)]);
    assert_eq!(codes(&delivery), ["ingest.extra_column", "ingest.optional_column"]);
}

#[test]
fn broken_and_unfit_files_are_refused() {
    let source = people(Format::Parquet);
    let good = bytes(vec![("身份证号", strings(&["1"])), ("姓名", strings(&["张三"]))]);
    assert_eq!(one(&source, &good).rows.len(), 1);
    for cut in [10, good.len() / 2, good.len() - 1] {
        assert_eq!(codes(&one(&source, &good[..cut])), ["ingest.truncated"], "{cut}");
    }
    assert_eq!(codes(&one(&source, "姓名,身份证号\n")), ["ingest.not_parquet"]);
    let renamed = bytes(vec![("证件号", strings(&["1"])), ("姓名", strings(&["张三"]))]);
    let delivery = one(&source, renamed);
    assert!(problem(&delivery, "ingest.missing_column").hint.as_ref().unwrap().contains("证件号"));
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1)])]));
    let nested = bytes(vec![("身份证号", list), ("姓名", strings(&["张三"]))]);
    assert_eq!(codes(&one(&source, nested)), ["ingest.parquet_type"]);
    for at in (4..good.len()).step_by(23) {
        let mut flipped = good.clone();
        flipped[at] ^= 0x5a;
        assert!(one(&source, &flipped).rows.len() <= 1, "byte {at}");
    }
}

#[test]
fn what_a_file_unfolds_to_is_known_before_it_is_read() {
    use crate::ingest::limits::{LIMITS, Limits};
    let source = people(Format::Parquet);
    let names: Vec<String> = (0..20_000).map(|i| format!("张{i}")).collect();
    let names = || -> ArrayRef { Arc::new(StringArray::from(names.clone())) };
    let good = bytes(vec![("身份证号", names()), ("姓名", names())]);
    assert_eq!(one(&source, &good).rows.len(), 20_000);
    // A run of nothing, or of one value, costs a few bytes however long it is.
    let runs: [fn() -> ArrayRef; 2] =
        [|| -> ArrayRef { Arc::new(StringArray::new_null(1_000_000)) }, || strings(&vec!["张三"; 1_000_000])];
    for column in runs {
        let run = bytes(vec![("身份证号", column()), ("姓名", column())]);
        assert!(run.len() < 100_000, "{}", run.len());
        assert_eq!(codes(&one(&source, run)), ["ingest.oversized"]);
    }
    let under = |limits: Limits| {
        let dir = folder("a.parquet", &good);
        let contract = crate::ingest::header::Contract::new(&source);
        let mut watch = |_: &crate::model::RawTable| {};
        let mut sink = crate::ingest::sink::Sink::new(source.fields.iter().map(|f| f.name.clone()), &mut watch);
        let mut reading = crate::ingest::intake::Reading::new(&contract, "a.parquet", &mut sink, limits);
        let file = InputFile { relative: "a.parquet".into(), path: dir.path().join("a.parquet") };
        let end = crate::ingest::read_file(&mut reading, &file);
        end.err().unwrap_or_default().iter().map(|p| p.code).collect::<Vec<_>>()
    };
    assert_eq!(under(LIMITS), [""; 0]);
    for limits in [
        Limits { pages: 100_000, ..LIMITS },
        Limits { inflated: 100_000, ..LIMITS },
        Limits { ratio_from: 1_000, ratio: 1, ..LIMITS },
    ] {
        assert_eq!(under(limits), ["ingest.oversized"], "{limits:?}");
    }
}
