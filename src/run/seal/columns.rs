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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use arrow::array::{ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, StringArray};
    use parquet::arrow::ProjectionMask;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;
    use crate::model::TableSchema;
    use crate::model::table::{Column, Kind};
    use crate::run::seal::new_column_keys;

    const NAMES: [&str; 2] = ["鸩羽笼", "檗麴罍"];
    const NUMBERS: [&str; 2] = ["99012119900101123X", "990307198505052346"];
    const DAY: i32 = 14_700;
    const FEN: i128 = 1_234_567_890_123;
    const RATIO: f64 = 0.123_456_789_012;

    /// A column of each kind to be locked, and one that stands open.
    fn table() -> (Table, Vec<String>) {
        let column = |name: &str, kind, privacy| Column::new(name, name, kind, privacy, "");
        let (personal, sensitive) = (Privacy::Personal, Privacy::Sensitive);
        let columns = vec![
            column("township", Kind::Text, Privacy::Public),
            column("name", Kind::Text, personal),
            column("birth_date", Kind::Date, personal),
            column("id_number", Kind::Text, sensitive),
            column("savings", Kind::Decimal, sensitive),
            column("ratio", Kind::Float, sensitive),
            column("disabled", Kind::Boolean, sensitive),
        ];
        let locked = columns[1..].iter().map(|c| c.name.clone()).collect();
        let schema = TableSchema { name: "t".into(), title: "t".into(), grain: "a row".into(), columns };
        let texts = |[a, b]: [&'static str; 2]| -> ArrayRef { Arc::new(StringArray::from(vec![a, b, a, b])) };
        let savings: Decimal128Array = [Some(FEN), None, Some(FEN), Some(FEN)].into_iter().collect();
        let arrays: Vec<ArrayRef> = vec![
            texts(["石桥镇", "云岭镇"]),
            texts(NAMES),
            Arc::new(Date32Array::from(vec![DAY, 1, DAY, 1])),
            texts(NUMBERS),
            Arc::new(savings.with_data_type(Kind::Decimal.arrow())),
            Arc::new(Float64Array::from(vec![RATIO, 0.5, RATIO, 0.5])),
            Arc::new(BooleanArray::from(vec![true, false, true, true])),
        ];
        (Table::new(schema, arrays), locked)
    }

    /// Values of the locked columns as they would stand in a file.
    fn needles() -> Vec<Vec<u8>> {
        let numbers = [FEN.to_le_bytes()[..8].to_vec(), RATIO.to_le_bytes().to_vec(), DAY.to_le_bytes().to_vec()];
        NAMES.iter().chain(&NUMBERS).map(|text| text.as_bytes().to_vec()).chain(numbers).collect()
    }

    /// Which of them stand in a file.
    fn found(path: &Path) -> Vec<usize> {
        let bytes = std::fs::read(path).expect("there");
        let stands = |needle: &Vec<u8>| memchr::memmem::find(&bytes, needle).is_some();
        needles().iter().enumerate().filter(|(_, needle)| stands(needle)).map(|(at, _)| at).collect()
    }

    fn keys(dir: &Path, set: &str, files: &[&str]) -> ColumnKeys {
        let set = dir.join(set);
        if !set.exists() {
            new_column_keys(&set).expect("made");
        }
        let files: Vec<PathBuf> = files.iter().map(|file| set.join(file)).collect();
        ColumnKeys::read(&files, &dir.join("data")).expect("keys")
    }

    fn code(failure: Outcome<Opened>) -> &'static str {
        failure.expect_err("refused").problems[0].code
    }

    #[test]
    fn a_locked_column_tells_nothing_and_opens_for_its_key_alone() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (plain, path) = (folder.path().join("plain.parquet"), folder.path().join("t.parquet"));
        let (table, locked) = table();
        publish::parquet::write(&table, &plain).expect("written");
        let every: Vec<usize> = (0..needles().len()).collect();
        assert_eq!(found(&plain), every, "the search finds what is not locked");
        let all = keys(folder.path(), "set", &[""]);
        all.write(&table, &locked, &path).expect("written");
        assert_eq!(found(&path), [0; 0]);

        // Whoever has no key reads the rest, with any reader of Parquet, and of the others neither values nor statistics.
        let file = std::fs::File::open(&path).expect("there");
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("an open footer");
        let group = builder.metadata().row_group(0);
        for (at, column) in table.schema.columns.iter().enumerate().skip(1) {
            let chunk = group.column(at);
            assert!(chunk.crypto_metadata().is_some() && chunk.statistics().is_none(), "{}", column.name);
            assert!(chunk.column_index_offset().is_none(), "{} has no index of its pages' values", column.name);
        }
        let mask = ProjectionMask::roots(builder.parquet_schema(), [0]);
        let read: Vec<_> = builder.with_projection(mask).build().expect("reader").map(|b| b.expect("rows")).collect();
        assert_eq!(read[0].column(0), table.batch.column(0));
        let failure = store::read(&path).expect_err("locked").problems.remove(0);
        assert_eq!(failure.code, "export.locked");
        assert!(failure.message.starts_with("column name is encrypted with the key personal:"), "{}", failure.message);

        let opened = open_table(&path, &all).expect("opened");
        assert_eq!((opened.table.batch.columns(), opened.locked.len()), (table.batch.columns(), 0));
        let opened = open_table(&path, &keys(folder.path(), "set", &["personal.key"])).expect("opened");
        let names = |table: &Table| table.schema.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&opened.table), ["township", "name", "birth_date"]);
        assert_eq!(opened.table.batch.columns(), &table.batch.columns()[..3]);
        assert!(opened.locked.iter().all(|(_, id)| Some(id.as_str()) == all.id(Privacy::Sensitive)));
        assert_eq!(code(open_table(&path, &keys(folder.path(), "other", &[""]))), "export.key_wrong");
    }

    #[test]
    fn what_was_changed_is_found() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("t.parquet");
        let (table, locked) = table();
        let all = keys(folder.path(), "set", &[""]);
        all.write(&table, &locked, &path).expect("written");
        let bytes = std::fs::read(&path).expect("there");
        let file = std::fs::File::open(&path).expect("there");
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("an open footer");
        let (start, length) = builder.metadata().row_group(0).column(1).byte_range();
        let in_page = (start + length / 2) as usize;
        let in_footer = memchr::memmem::rfind(&bytes, b"bidui.grain").expect("stands open");
        for at in [in_page, in_footer] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            std::fs::write(&path, &changed).expect("written");
            assert_eq!(code(open_table(&path, &all)), "export.changed", "byte {at}");
        }
    }

    #[test]
    fn a_data_key_serves_one_file() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let all = keys(folder.path(), "set", &[""]);
        let [one, other] = [(); 2].map(|()| all.data_keys().expect("made"));
        assert_ne!(one.0.secret, other.0.secret);
        assert_ne!(one.1[&Privacy::Personal].secret, other.1[&Privacy::Personal].secret);
        assert_ne!(one.1[&Privacy::Personal].secret, one.1[&Privacy::Sensitive].secret);
        assert_eq!(all.asked(&one.1[&Privacy::Personal].material), Ok(one.1[&Privacy::Personal].secret.clone()));
    }

    #[test]
    fn key_files_are_their_owner_s_and_of_one_set() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().expect("temporary folder");
        let (one, other, data) = (folder.path().join("one"), folder.path().join("other"), folder.path().join("data"));
        for dir in [&one, &other, &data.join("keys")] {
            for file in new_column_keys(dir).expect("made") {
                assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
            }
        }
        let code = |files: &[PathBuf]| ColumnKeys::read(files, &data).map(drop).expect_err("refused").problems[0].code;
        assert_eq!(new_column_keys(&one).expect_err("there").problems[0].code, "export.key_there");
        assert_eq!(code(&[data.join("keys")]), "export.key_beside");
        assert_eq!(code(&[one.join("personal.key"), other.join("sensitive.key")]), "export.key_sets");
        assert_eq!(code(&[folder.path().join("none")]), "export.no_key");
        std::fs::set_permissions(one.join("sensitive.key"), std::fs::Permissions::from_mode(0o644)).expect("opened");
        assert_eq!(code(std::slice::from_ref(&one)), "export.key_open");
        std::fs::write(other.join("personal.key"), "personal 0123\n").expect("written");
        assert_eq!(code(&[other]), "export.bad_key");
    }
}
