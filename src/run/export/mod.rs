//! `bidui export`: a round for analysts, under pseudonyms, or as counts for those outside the office.
//!
//! In: a published round, a key file. Out, in a folder of its own: every table as Parquet and CSV without names, numbers,
//! telephones, accounts, addresses and words; `说明.csv`, which says of every column what became of it. Pseudonymised data are still
//! personal data (PIPL art. 73): whoever gets them keeps them as such. With column keys what is left out stands in the Parquet
//! files all the same, encrypted; [`open_export`] opens it.

mod aggregate;
mod columns;
mod open;
mod originals;
mod pseudonym;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, StringArray};

pub use super::seal::new_column_keys;
pub use aggregate::by_type_and_outcome;
pub use columns::Smallest;
pub use open::{OpenedExport, open_export};
pub use pseudonym::{Algorithm, new_key};

use super::audit::{self, Action};
use super::pipeline::load_plan;
use super::private;
use super::seal::{self, ColumnKeys};
use super::store::Round;
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::model::table::{Column, Kind, Privacy};
use crate::model::{Table, TableSchema};
use crate::plan::Plan;
use crate::publish::{self, atomic};
use columns::{NOT_EXPORTED, Treatment, treatments};
use pseudonym::{Of, Pseudonyms};

pub use crate::publish::suppress::THRESHOLD;

/// What is to be exported.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// Pipeline folder: its contracts say what the columns of records hold.
    pub pipeline: PathBuf,
    /// Folder that holds the rounds.
    pub out: PathBuf,
    /// The round; the latest when not given.
    pub round: Option<String>,
    /// Where the files go: a new or empty folder.
    pub to: PathBuf,
    /// Public keys of those who may read it, or files of them; anybody when there are none.
    pub encrypt_to: Vec<String>,
    /// What is wanted.
    pub what: What,
    /// Why and for whom, for the audit log.
    pub reason: String,
}

/// The two kinds of export.
#[derive(Debug, Clone)]
pub enum What {
    /// Rows under pseudonyms.
    Rows {
        /// Key file.
        key: PathBuf,
        /// Keyed hash.
        algorithm: Algorithm,
        /// Smallest places that stay.
        smallest: Smallest,
        /// Files, or folders of them, with keys of classes: what would be left out stays, encrypted with the key of its class.
        column_keys: Vec<PathBuf>,
    },
    /// Counts.
    Counts {
        /// Below this many a count is suppressed.
        threshold: u64,
    },
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Exported {
    /// The round.
    pub round: String,
    /// Files, below the folder.
    pub files: Vec<String>,
    /// Rows of all tables, or tables of counts.
    pub rows: usize,
    /// Which key it was: two exports with the same can be joined.
    pub key_id: Option<String>,
    /// Which keys lock columns.
    pub column_keys: Vec<String>,
}

/// Exports a round.
///
/// # Errors
/// There is no such round or key (66), the key is open to others or beside the data (65), the folder is not empty (64), the
/// pipeline is wrong (78), something cannot be read or written (74).
pub fn export(options: &ExportOptions) -> Outcome<Exported> {
    let kind = match options.what {
        What::Rows { .. } => "rows",
        What::Counts { .. } => "counts",
    };
    let action = Action::new("export").why(&options.reason).on("kind", kind);
    audit::act(&options.out, &action, |facts| {
        let exported = export_now(options)?;
        facts.add("round", exported.round.as_str());
        facts.add("rows", exported.rows);
        facts.add("files", exported.files.len());
        facts.add("sealed", !options.encrypt_to.is_empty());
        if let Some(key) = &exported.key_id {
            facts.add("key_id", key.as_str());
        }
        if !exported.column_keys.is_empty() {
            facts.add("column_keys", exported.column_keys.clone());
        }
        Ok(exported)
    })
}

fn export_now(options: &ExportOptions) -> Outcome<Exported> {
    let round = Round::open(&options.out, options.round.as_deref())?;
    let (plan, _) = load_plan(&options.pipeline)?;
    refuse_filled(&options.to)?;
    let write = |to: &Path| match &options.what {
        What::Rows { key, algorithm, smallest, column_keys } => {
            let pseudonyms = Pseudonyms::new(&pseudonym::read_key(key, &options.out)?, *algorithm);
            let keys = match column_keys.as_slice() {
                [] => None,
                named => Some(ColumnKeys::read(named, &options.out)?),
            };
            rows(&round, &plan, (&pseudonyms, *algorithm), *smallest, keys.as_ref(), to)
        }
        What::Counts { threshold } => counts(&round, &plan, *threshold, to),
    };
    let (mut exported, sealed) = seal::sealed(&options.out, &options.to, &options.encrypt_to, write)?;
    if !sealed.is_empty() {
        exported.files = sealed;
    }
    Ok(exported)
}

/// Refuses a folder that holds something.
fn refuse_filled(to: &Path) -> Outcome<()> {
    if private::is_filled(to) {
        let place = Place::file(to.display().to_string());
        let problem = Diagnostic::error("export.not_empty", "the folder is not empty", place)
            .hint("name a new folder: files of two exports must not be mixed up");
        return Err(Failure::one(FailureClass::Usage, problem));
    }
    Ok(())
}

fn counts(round: &Round, plan: &Plan, threshold: u64, to: &Path) -> Outcome<Exported> {
    let mut files = Vec::new();
    for table in aggregate::aggregate(round, plan, threshold)? {
        let file = format!("{}.csv", table.name);
        write_csv(&to.join(&file), &aggregate::lines(&table, threshold))?;
        files.push(file);
    }
    Ok(Exported { round: round.name.clone(), rows: files.len(), files, key_id: None, column_keys: Vec::new() })
}

/// Whom keys mean, from the round's own tables.
struct People {
    /// Person by identity number of the register.
    by_number: BTreeMap<String, String>,
    /// Person by record, of the register and of linked records.
    by_record: BTreeMap<String, String>,
}

impl People {
    fn of(round: &Round) -> Outcome<People> {
        let (persons, links) = (round.table("persons")?, round.table("links")?);
        let pairs = |t: &Table, from: &str| -> Vec<(String, String)> {
            let pair = |row| Some((t.str_at(from, row)?.to_string(), t.str_at("person_id", row)?.to_string()));
            (0..t.rows()).filter_map(pair).collect()
        };
        let by_record = pairs(&persons, "record_id").into_iter().chain(pairs(&links, "record_id")).collect();
        Ok(People { by_number: pairs(&persons, "id_number").into_iter().collect(), by_record })
    }
}

fn rows(
    round: &Round,
    plan: &Plan,
    (pseudonyms, algorithm): (&Pseudonyms, Algorithm),
    smallest: Smallest,
    keys: Option<&ColumnKeys>,
    to: &Path,
) -> Outcome<Exported> {
    let people = People::of(round)?;
    let mut told = vec![["表", "表名称", "列", "列名称", "隐私级别", "处理"].map(String::from).to_vec()];
    let (mut files, mut total) = (Vec::new(), 0);
    for name in round.tables()?.iter().filter(|n| !NOT_EXPORTED.contains(&n.as_str())) {
        let table = round.table(name)?;
        let wanted = treatments(&table.schema, plan, smallest);
        for (column, treatment) in table.schema.columns.iter().zip(&wanted) {
            let mut became = treatment.title().to_string();
            if let Some(keys) = keys.filter(|keys| originals::is_kept(column, *treatment, keys)) {
                became.push_str(&format!("；原值加密保留（{}）", keys.id(column.privacy).unwrap_or_default()));
            }
            let said = [name.as_str(), &table.schema.title, &column.name, &column.title, column.privacy.name()];
            told.push(said.into_iter().chain([became.as_str()]).map(String::from).collect());
        }
        let exported = pseudonymised(&table, &wanted, pseudonyms, &people);
        total += exported.rows();
        let path = to.join(format!("{name}.parquet"));
        match keys {
            None => publish::parquet::write(&exported, &path)?,
            Some(keys) => {
                let (whole, locked) = originals::with_originals(&table, &wanted, keys, &exported);
                keys.write(&whole, &locked, &path)?;
            }
        }
        write_csv(&to.join(format!("{name}.csv")), &cells(&exported))?;
        files.extend([format!("{name}.parquet"), format!("{name}.csv")]);
    }
    let key_id = pseudonyms.key_id();
    told.push(vec![format!(
        "批次 {}；假名为 HMAC-{}，密钥编号 {key_id}，密钥不随数据提供。假名化数据仍是个人信息。",
        round.name,
        algorithm.word().to_uppercase()
    )]);
    write_csv(&to.join("说明.csv"), &told)?;
    files.push("说明.csv".into());
    let column_keys = keys.map(ColumnKeys::ids).unwrap_or_default();
    Ok(Exported { round: round.name.clone(), files, rows: total, key_id: Some(key_id), column_keys })
}

/// A table as it leaves the office. Records get the column `person`: the pseudonym of whom they are linked to, the same in all
/// tables and rounds; that of their own number stands beside it, for it may be somebody else's.
fn pseudonymised(table: &Table, wanted: &[Treatment], pseudonyms: &Pseudonyms, people: &People) -> Table {
    let mut columns: Vec<Column> = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    let texts = |column: &str, of: &dyn Fn(&str) -> String| -> ArrayRef {
        Arc::new(table.text(column).iter().map(|v| v.map(of)).collect::<StringArray>())
    };
    if table.name().starts_with("records_") && table.has("record_id") {
        columns.push(Column::new(
            "person",
            "人员假名",
            Kind::Text,
            Privacy::Personal,
            "Pseudonym of the linked person.",
        ));
        let person =
            |record: Option<&str>| record.and_then(|r| people.by_record.get(r)).map(|p| pseudonyms.of(Of::Person, p));
        arrays.push(Arc::new(table.text("record_id").iter().map(person).collect::<StringArray>()));
    }
    for (column, treatment) in table.schema.columns.iter().zip(wanted) {
        let name = column.name.as_str();
        let mut declared = column.clone();
        let array: ArrayRef = match treatment {
            Treatment::Drop => continue,
            Treatment::Keep => measured(table, column),
            Treatment::Pseudonym(of) => texts(name, &|value| {
                value.split('|').map(|part| pseudonyms.of(*of, part)).collect::<Vec<_>>().join("|")
            }),
            Treatment::Number => texts(name, &|number| match people.by_number.get(number) {
                Some(person) => pseudonyms.of(Of::Person, person),
                None => pseudonyms.of(Of::Number, number),
            }),
            Treatment::Year => {
                declared.kind = Kind::Integer;
                let years = (0..table.rows()).map(|row| table.date_at(name, row).map(|d| i64::from(d.year())));
                Arc::new(years.collect::<Int64Array>())
            }
            Treatment::Month => {
                declared.kind = Kind::Text;
                let months = (0..table.rows())
                    .map(|row| table.date_at(name, row).map(|d| format!("{:04}-{:02}", d.year(), d.month())));
                Arc::new(months.collect::<StringArray>())
            }
        };
        if !matches!(treatment, Treatment::Keep) {
            declared.title = format!("{}（{}）", column.title, treatment.title());
            declared.privacy = column.privacy.min(Privacy::Personal);
        }
        columns.push(declared);
        arrays.push(array);
    }
    let schema = TableSchema { columns, ..table.schema.clone() };
    Table::new(schema, arrays)
}

/// A column as it is, but for numbers no measure of a household has: somebody typed a telephone or an account into the wrong column.
fn measured(table: &Table, column: &Column) -> ArrayRef {
    const MOST: i64 = 10_000_000_000;
    match column.kind {
        Kind::Integer => {
            let values = table.integer(&column.name).iter().map(|v| v.filter(|n| n.abs() < MOST));
            Arc::new(values.collect::<Int64Array>())
        }
        Kind::Decimal => {
            let hundredths = i128::from(MOST) * 100;
            let values = table.decimal(&column.name).iter().map(|v| v.filter(|n| n.abs() < hundredths));
            let values: Decimal128Array = values.collect();
            Arc::new(values.with_data_type(Kind::Decimal.arrow()))
        }
        _ => table.batch.column(columns_at(&table.schema, &column.name)).clone(),
    }
}

fn columns_at(schema: &TableSchema, name: &str) -> usize {
    schema.index(name).expect("the column is the schema's own")
}

fn cells(table: &Table) -> Vec<Vec<String>> {
    let names: Vec<&str> = table.schema.columns.iter().map(|c| c.name.as_str()).collect();
    let row = |row| names.iter().map(|n| table.display_at(n, row).unwrap_or_default()).collect();
    let head = names.iter().map(|n| (*n).to_string()).collect();
    std::iter::once(head).chain((0..table.rows()).map(row)).collect()
}

/// Writes lines as CSV; what a spreadsheet would take for a formula gets an apostrophe before it (fault 21).
fn write_csv(path: &Path, lines: &[Vec<String>]) -> Outcome<()> {
    let guarded = |cell: &String| match cell.chars().next() {
        // A negative number is none.
        Some('=' | '+' | '@' | '\t' | '\r') => format!("'{cell}"),
        Some('-') if cell.parse::<f64>().is_err() => format!("'{cell}"),
        _ => cell.clone(),
    };
    atomic::write_with(path, |out| -> Result<(), csv::Error> {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(out);
        for line in lines {
            writer.write_record(line.iter().map(guarded))?;
        }
        writer.flush()?;
        Ok(())
    })
}
