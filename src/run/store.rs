//! Opens the tables of a published round again, with the declarations that their Parquet metadata carries.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::model::table::{Column, Kind, Privacy, Table, TableSchema};
use crate::screen::held::Previous;

/// A published round's folder.
#[derive(Debug, Clone)]
pub struct Round {
    /// Name of the round.
    pub name: String,
    /// Its folder.
    pub dir: PathBuf,
}

impl Round {
    /// The named round of an output folder, or the latest by name.
    pub fn open(out: &Path, name: Option<&str>) -> Outcome<Round> {
        let rounds = out.join("rounds");
        let mut names: Vec<String> = match std::fs::read_dir(&rounds) {
            Ok(entries) => entries
                .filter_map(Result::ok)
                .filter(|e| e.path().join("manifest.json").is_file())
                .filter_map(|e| e.file_name().into_string().ok())
                .collect(),
            Err(_) => Vec::new(),
        };
        names.sort();
        let chosen = match name {
            Some(n) => names.iter().find(|x| *x == n).cloned(),
            None => names.last().cloned(),
        };
        match chosen {
            Some(name) => Ok(Round { dir: rounds.join(&name), name }),
            None => {
                let what = match name {
                    Some(n) => format!("no published round {n}"),
                    None => "no published round".to_string(),
                };
                let hint = if names.is_empty() {
                    "run `bidui run` first, or name its folder with --out".to_string()
                } else {
                    format!("published rounds: {}", names.join(", "))
                };
                let problem =
                    Diagnostic::error("run.no_round", what, Place::file(rounds.display().to_string())).hint(hint);
                Err(Failure::one(FailureClass::InputMissing, problem))
            }
        }
    }

    /// Names of its tables, sorted.
    pub fn tables(&self) -> Outcome<Vec<String>> {
        let dir = self.dir.join("tables");
        let entries = std::fs::read_dir(&dir).map_err(|e| Failure::io("list", &dir, &e))?;
        let mut names: Vec<String> = entries
            .filter_map(Result::ok)
            .filter_map(|e| e.file_name().into_string().ok())
            .filter_map(|n| n.strip_suffix(".parquet").map(str::to_string))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Day of its judgement; none when its manifest does not tell.
    pub fn as_of(&self) -> Option<jiff::civil::Date> {
        let text = std::fs::read(self.dir.join("manifest.json")).ok()?;
        let manifest: serde_json::Value = serde_json::from_slice(&text).ok()?;
        manifest["as_of"].as_str()?.parse().ok()
    }

    /// Thresholds of the linkage model (possible, linked), as the manifest has them; none in rounds of before.
    pub fn thresholds(&self) -> Option<(f64, f64)> {
        let text = std::fs::read(self.dir.join("manifest.json")).ok()?;
        let manifest: serde_json::Value = serde_json::from_slice(&text).ok()?;
        let linkage = &manifest["linkage"];
        Some((linkage["possible_at"].as_f64()?, linkage["linked_at"].as_f64()?))
    }

    /// One of its tables.
    pub fn table(&self, name: &str) -> Outcome<Table> {
        read(&self.dir.join("tables").join(format!("{name}.parquet")))
    }

    /// Some columns of one of its tables, as far as it has them, in the table's order: what is not asked for is not read.
    pub fn columns(&self, name: &str, wanted: &BTreeSet<String>) -> Outcome<Table> {
        read_columns(&self.dir.join("tables").join(format!("{name}.parquet")), &|column| wanted.contains(column))
    }
}

/// The published rounds of a pipeline, each with its day and run id, in the order of their days.
pub fn rounds_of(out: &Path, pipeline: &str) -> Vec<(String, String, Round)> {
    let folders = std::fs::read_dir(out.join("rounds")).into_iter().flatten().flatten();
    let mut rounds: Vec<(String, String, Round)> = Vec::new();
    for folder in folders {
        let Ok(bytes) = std::fs::read(folder.path().join("manifest.json")) else { continue };
        let Ok(manifest) = serde_json::from_slice::<serde_json::Value>(&bytes) else { continue };
        let text = |key: &str| manifest[key].as_str().map(str::to_string);
        let (Some(day), Some(run_id), Some(name)) = (text("as_of"), text("run_id"), text("round")) else { continue };
        if text("pipeline").as_deref() == Some(pipeline) {
            rounds.push((day, run_id, Round { name, dir: folder.path() }));
        }
    }
    rounds.sort_by(|a, b| (&a.0, &a.2.name).cmp(&(&b.0, &b.2.name)));
    rounds
}

/// The last round before a day that a pipeline has published, with its run id; none when there is none.
///
/// # Errors
/// Its tables cannot be read.
pub fn previous(out: &Path, pipeline: &str, as_of: &str) -> Outcome<Option<(String, Previous)>> {
    let last = rounds_of(out, pipeline).into_iter().rfind(|(day, ..)| day.as_str() < as_of);
    let Some((_, run_id, round)) = last else { return Ok(None) };
    let previous =
        Previous { list: round.table("online_list")?, hits: round.table("rule_hits")?, round: round.name.clone() };
    Ok(Some((run_id, previous)))
}

/// Rows that are decoded at once: few enough for the processor's cache, many enough that joining them costs nothing.
const BATCH_ROWS: usize = 65_536;

/// Reads a Parquet file that this program wrote.
pub fn read(path: &Path) -> Outcome<Table> {
    read_columns(path, &|_| true)
}

/// Key of a field's metadata under which the id of the key stands that its column is encrypted with.
pub const KEY_OF_COLUMN: &str = "key";

/// Reads the wanted columns of a Parquet file that this program wrote.
fn read_columns(path: &Path, wanted: &dyn Fn(&str) -> bool) -> Outcome<Table> {
    let locked = |id: &str, column: &str| {
        let said = format!("column {column} is encrypted with the key {id}");
        let problem = Diagnostic::error("export.locked", said, Place::file(path.display().to_string()))
            .hint("open it with `bidui export --open DIR --column-keys FILE`, or read the other columns only");
        Err(Failure::one(FailureClass::InputContract, problem))
    };
    let builder = builder(path, ArrowReaderOptions::new())?;
    match keys_of(builder.schema()).iter().find(|(column, _)| wanted(column)) {
        Some((column, id)) => locked(id, column),
        None => read_built(path, builder, wanted),
    }
}

/// Reads the wanted columns of a file with encrypted columns.
#[cfg(feature = "encrypt")]
pub fn read_unlocked(
    path: &Path,
    locks: std::sync::Arc<parquet::encryption::decrypt::FileDecryptionProperties>,
    wanted: &dyn Fn(&str) -> bool,
) -> Outcome<Table> {
    read_built(path, builder(path, ArrowReaderOptions::new().with_file_decryption_properties(locks))?, wanted)
}

/// The encrypted columns of a file, each with the id of its key.
#[cfg(feature = "encrypt")]
pub fn keys_of_columns(path: &Path) -> Outcome<Vec<(String, String)>> {
    Ok(keys_of(builder(path, ArrowReaderOptions::new())?.schema()))
}

fn keys_of(schema: &Schema) -> Vec<(String, String)> {
    let of = |f: &std::sync::Arc<arrow::datatypes::Field>| {
        Some((f.name().clone(), f.metadata().get(KEY_OF_COLUMN)?.clone()))
    };
    schema.fields().iter().filter_map(of).collect()
}

fn builder(path: &Path, options: ArrowReaderOptions) -> Outcome<ParquetRecordBatchReaderBuilder<File>> {
    let fail = |e: &dyn std::fmt::Display| Failure::io("read", path, e);
    let file = File::open(path).map_err(|e| fail(&e))?;
    ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(|e| fail(&e))
}

fn read_built(
    path: &Path,
    builder: ParquetRecordBatchReaderBuilder<File>,
    wanted: &dyn Fn(&str) -> bool,
) -> Outcome<Table> {
    let fail = |e: &dyn std::fmt::Display| Failure::io("read", path, e);
    // The builder's schema has the table's metadata; the reader's has lost it.
    let mut declared = declared(builder.schema())
        .ok_or_else(|| Failure::io("read", path, &"the file lacks the table's declaration; bidui did not write it"))?;
    let places = declared.columns.iter().enumerate().filter(|(_, c)| wanted(&c.name)).map(|(place, _)| place);
    let mask = ProjectionMask::roots(builder.parquet_schema(), places);
    declared.columns.retain(|c| wanted(&c.name));
    let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build().map_err(|e| fail(&e))?;
    let batches: Vec<_> = reader.collect::<Result<_, _>>().map_err(|e| fail(&e))?;
    let batch = concat_batches(&declared.arrow(), &batches).map_err(|e| fail(&e))?;
    Ok(Table { schema: declared, batch })
}

fn declared(schema: &Schema) -> Option<TableSchema> {
    let of = |key: &str| schema.metadata.get(key).cloned();
    let columns = schema
        .fields()
        .iter()
        .map(|f| {
            let of = |key: &str| f.metadata().get(key).cloned();
            let kind = match f.data_type() {
                DataType::Utf8 => Kind::Text,
                DataType::Int64 => Kind::Integer,
                DataType::Decimal128(18, 2) => Kind::Decimal,
                DataType::Float64 => Kind::Float,
                DataType::Boolean => Kind::Boolean,
                DataType::Date32 => Kind::Date,
                _ => return None,
            };
            let privacy = [Privacy::Public, Privacy::Internal, Privacy::Personal, Privacy::Sensitive]
                .into_iter()
                .find(|p| Some(p.name()) == f.metadata().get("privacy").map(String::as_str))?;
            Some(Column {
                name: f.name().clone(),
                title: of("title")?,
                kind,
                unit: of("unit").unwrap_or_default(),
                meaning: of("meaning")?,
                privacy,
            })
        })
        .collect::<Option<Vec<_>>>()?;
    Some(TableSchema { name: of("table")?, title: of("title")?, grain: of("grain")?, columns })
}
