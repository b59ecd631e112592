//! The statistics office's household survey, sent as Parquet from the provincial platform.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use jiff::civil::Date;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::Round;
use super::dirt::Medium;
use super::sheet::place;
use super::truth::{At, Records, RowKind};
use crate::diag::{Failure, Outcome};

const SURVEY: &str = "统计/农户收支监测.parquet";

const TEXT: [&str; 4] = ["乡镇", "村", "户主姓名", "户主身份证号"];
const MONEY: [&str; 8] = [
    "工资性收入",
    "生产经营性收入",
    "财产性收入",
    "转移性收入",
    "生产经营性支出",
    "人均纯收入",
    "上年人均纯收入",
    "产业损失金额",
];
const COUNTS: [&str; 3] = ["家庭人口", "劳动力人数", "稳定就业人数"];

/// Rows a batch; a row group is written for each, so memory stays bounded.
const BATCH: usize = 50_000;

#[derive(Default)]
struct Columns {
    text: [Vec<Option<String>>; 4],
    money: [Vec<Option<f64>>; 8],
    counts: [Vec<i32>; 3],
    day: Vec<i32>,
}

/// Writes the survey; rows count from 1 in the order of the file.
pub fn survey(round: &Round, records: &mut Records) -> Outcome<()> {
    let county = round.county;
    let mut dice = round.dice("income_survey");
    let path = place(round.out, SURVEY)?;
    let failed = |e: &dyn std::fmt::Display| Failure::io("write", &path, e);
    let file = File::create(&path).map_err(|e| failed(&e))?;
    let level = ZstdLevel::try_new(3).map_err(|e| failed(&e))?;
    let properties = WriterProperties::builder()
        // The library's own version would change the bytes with every update.
        .set_created_by("synthetic county".to_string())
        .set_compression(Compression::ZSTD(level))
        .build();
    let schema = schema();
    let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(|e| failed(&e))?;
    let mut columns = Columns::default();
    let mut row = 0;
    for (h, facts) in round.facts.iter().enumerate() {
        let Some(survey) = &facts.survey else { continue };
        let size = county.here(h).len() as i64;
        let p = round.head(&mut dice, h);
        let entry = round.soiler.entry(&mut dice, p, Medium::Text);
        row += 1;
        // The parts add up to the household's income; what nobody states stays empty.
        let total = survey.per_capita * size;
        let spent = total * dice.between(3, 20) / 100;
        let gross = total + spent;
        let wages =
            if survey.stable > 0 { gross * dice.between(45, 75) / 100 } else { gross * dice.between(5, 25) / 100 };
        let property = gross * dice.between(0, 3) / 100;
        let transfers = gross * dice.between(5, 20) / 100;
        let business = gross - wages - property - transfers;
        let money = [wages, business, property, transfers, spent, survey.per_capita, survey.last_year, survey.loss];
        for (i, (column, fen)) in columns.money.iter_mut().zip(money).enumerate() {
            column.push((i != 7 || fen > 0 || dice.percent(70)).then_some(fen as f64 / 100.0));
        }
        let text = [
            round.soiler.township(&mut dice, county.township(h)),
            round.soiler.village(&mut dice, county.village(h)),
            entry.name.clone(),
            entry.number_text(),
        ];
        for (column, value) in columns.text.iter_mut().zip(text) {
            column.push((!value.is_empty()).then_some(value));
        }
        for (column, value) in columns.counts.iter_mut().zip([size, survey.labour, survey.stable]) {
            column.push(value as i32);
        }
        columns.day.push(Date::constant(1970, 1, 1).until(survey.day).map(|s| s.get_days()).unwrap_or(0));
        let at = At { source: "income_survey", file: SURVEY, sheet: "", row };
        records.person(at, p, RowKind::Data, &entry.faults)?;
        if columns.day.len() == BATCH {
            writer.write(&batch(&schema, std::mem::take(&mut columns))).map_err(|e| failed(&e))?;
        }
    }
    if !columns.day.is_empty() {
        writer.write(&batch(&schema, columns)).map_err(|e| failed(&e))?;
    }
    writer.close().map_err(|e| failed(&e))?;
    Ok(())
}

fn schema() -> Arc<Schema> {
    let field = |name: &str, kind| Field::new(name, kind, true);
    let mut fields: Vec<Field> = TEXT.iter().map(|n| field(n, DataType::Utf8)).collect();
    fields.push(field(COUNTS[0], DataType::Int32));
    fields.extend(MONEY.iter().map(|n| field(n, DataType::Float64)));
    fields.extend(COUNTS[1..].iter().map(|n| field(n, DataType::Int32)));
    fields.push(field("调查日期", DataType::Date32));
    Arc::new(Schema::new(fields))
}

fn batch(schema: &Arc<Schema>, columns: Columns) -> RecordBatch {
    let mut arrays: Vec<ArrayRef> =
        columns.text.into_iter().map(|c| Arc::new(StringArray::from(c)) as ArrayRef).collect();
    let mut counts = columns.counts.into_iter().map(|c| Arc::new(Int32Array::from(c)) as ArrayRef);
    arrays.extend(counts.next());
    arrays.extend(columns.money.into_iter().map(|c| Arc::new(Float64Array::from(c)) as ArrayRef));
    arrays.extend(counts);
    arrays.push(Arc::new(Date32Array::from(columns.day)));
    RecordBatch::try_new(schema.clone(), arrays).expect("columns are built in the order and length of the schema")
}
