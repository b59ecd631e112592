//! Columns of a Parquet file for those who have their key: Parquet modular encryption (AES-256-GCM), by the crate `parquet`.
//!
//! The footer stays open, so that everybody reads the columns that are not locked, and is vouched for with the footer key. A locked
//! column's pages, statistics and indexes are encrypted; what its values weigh and how many rows there are is seen. The field's
//! metadata names the key (`key`), for those who wonder why a column cannot be read.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};

use arrow::datatypes::{Field, Schema};
use parquet::encryption::decrypt::{FileDecryptionProperties, KeyRetriever};
use parquet::encryption::encrypt::FileEncryptionProperties;
use parquet::errors::{ParquetError, Result};

use super::{ColumnKeys, Opened};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::model::{Privacy, Table};
use crate::publish;
use crate::run::store::{self, KEY_OF_COLUMN};

impl ColumnKeys {
    /// Writes a table with some of its columns locked, each under the key of its class.
    ///
    /// # Errors
    /// There is no key for a column's class (70); the file cannot be written (74).
    pub fn write(&self, table: &Table, locked: &[String], path: &Path) -> Outcome<()> {
        let mut key_of: BTreeMap<&str, Privacy> = BTreeMap::new();
        for column in table.schema.columns.iter().filter(|c| locked.contains(&c.name)) {
            if self.id(column.privacy).is_none() {
                return Err(Failure::internal(format!("no key for the class of {}.{}", table.name(), column.name)));
            }
            key_of.insert(&column.name, column.privacy);
        }
        if key_of.is_empty() {
            return publish::parquet::write(table, path);
        }
        let (footer, classes) = self.data_keys()?;
        let mut locks = FileEncryptionProperties::builder(footer.secret)
            .with_plaintext_footer(true)
            .with_footer_key_metadata(footer.material);
        for (column, class) in &key_of {
            let key = &classes[class];
            locks = locks.with_column_key_and_metadata(column, key.secret.clone(), key.material.clone());
        }
        let locks = locks.build().map_err(|e| Failure::io("lock the columns of", path, &e))?;
        let named: Vec<Field> = table.batch.schema().fields().iter().map(|f| self.named(f, &key_of)).collect();
        let schema = Schema::new_with_metadata(named, table.batch.schema().metadata().clone());
        let batch = table.batch.clone().with_schema(Arc::new(schema)).expect("only the metadata differ");
        publish::parquet::write_locked(&Table { schema: table.schema.clone(), batch }, locks, path)
    }

    fn named(&self, field: &Field, key_of: &BTreeMap<&str, Privacy>) -> Field {
        let mut metadata: HashMap<String, String> = field.metadata().clone();
        if let Some(id) = key_of.get(field.name().as_str()).and_then(|class| self.id(*class)) {
            metadata.insert(KEY_OF_COLUMN.into(), id.into());
        }
        field.clone().with_metadata(metadata)
    }
}

/// Finds data keys, and keeps in mind which it has not.
struct Finder {
    keys: ColumnKeys,
    missed: Mutex<Vec<String>>,
}

impl KeyRetriever for Finder {
    fn retrieve_key(&self, material: &[u8]) -> Result<Vec<u8>> {
        self.keys.asked(material).map_err(|id| {
            let said = format!("no key {id}");
            self.missed.lock().expect("nobody panics with it").push(id);
            ParquetError::General(said)
        })
    }
}

/// Reads a file of an export as far as the keys open it.
///
/// # Errors
/// The keys are not of the set that the file was locked with, or the file is not as it was written (65); it cannot be read (74).
pub fn open_table(path: &Path, keys: &ColumnKeys) -> Outcome<Opened> {
    let has = keys.ids();
    let locked: Vec<(String, String)> =
        store::keys_of_columns(path)?.into_iter().filter(|(_, id)| !has.contains(id)).collect();
    let finder = Arc::new(Finder { keys: keys.clone(), missed: Mutex::default() });
    let locks = FileDecryptionProperties::with_key_retriever(finder.clone())
        .build()
        .map_err(|e| Failure::io("open the columns of", path, &e))?;
    let read = store::read_unlocked(path, locks, &|column| !locked.iter().any(|(name, _)| name == column));
    let failure = match read {
        Ok(table) => return Ok(Opened { table, locked }),
        Err(failure) => failure,
    };
    let missed = finder.missed.lock().expect("nobody panics with it");
    let (code, said, hint) = match missed.iter().find(|id| id.starts_with("footer:")) {
        Some(id) => (
            "export.key_wrong",
            format!("the file was locked with another set of keys ({id}) than these ({})", has.join(", ")),
            "ask the office for the key file of this export",
        ),
        None => {
            let why = failure.problems.first().map_or(String::new(), |p| p.message.clone());
            ("export.changed", format!("the file is not as it was written: {why}"), "copy the export again, whole")
        }
    };
    let problem = Diagnostic::error(code, said, Place::file(path.display().to_string())).hint(hint);
    Err(Failure::one(FailureClass::InputContract, problem))
}
