//! Keys of locked columns: a file for each privacy class, so that nobody is given more than the task needs.
//!
//! ```text
//! # …
//! footer 64 hexadecimal digits         in all files of a set: vouches for what stands open
//! personal 64 hexadecimal digits       opens the columns of this class
//! ```
//!
//! Nothing is encrypted with these keys themselves. Each exported file has data keys of its own, the HMAC-SHA-256 of a random
//! text that stands in it, so that no key ever meets AES-GCM's limit of 2^32 encryptions (NIST SP 800-38D, 8.3) and a data key that
//! got out opens one file. What stands in the file is written as the Parquet libraries' own key tools do (`PKMT1`), so that Spark and
//! pyarrow ask a reader's KMS client for the key: a line of code that computes the HMAC.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac as _};
use hmac_sha2::Sha256;
use serde_json::{Value, json};

use crate::diag::{Failure, FailureClass, Outcome};
use crate::model::Privacy;
use crate::run::key_file::{self, KEY};
use crate::run::manifest::hex;
use crate::run::private;

/// Classes whose columns can be locked.
const CLASSES: [Privacy; 2] = [Privacy::Personal, Privacy::Sensitive];
const FOOTER: &str = "footer";
const MADE_BY: &str = "bidui export --new-column-keys DIR";

/// One key and what it is called: its word and 12 digits that tell it from others without telling it.
#[derive(Clone)]
struct Key {
    id: String,
    secret: [u8; KEY],
}

/// The keys that somebody holds.
#[derive(Clone)]
pub struct ColumnKeys {
    footer: Key,
    classes: BTreeMap<Privacy, Key>,
}

/// A key for one file, and what has to stand in the file for a reader to find it.
pub(super) struct DataKey {
    pub(super) secret: Vec<u8>,
    pub(super) material: Vec<u8>,
}

fn mac(secret: &[u8; KEY], text: &str) -> Vec<u8> {
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

impl Key {
    fn new(word: &str, secret: [u8; KEY]) -> Key {
        let mut id = hex(&mac(&secret, "bidui column key id"));
        id.truncate(12);
        Key { id: format!("{word}:{id}"), secret }
    }

    fn data_key(&self, vouches: bool) -> Outcome<DataKey> {
        let wrapped = hex(&key_file::random::<16>()?);
        let mut material = json!({
            "keyMaterialType": "PKMT1",
            "internalStorage": true,
            "isFooterKey": vouches,
            "masterKeyID": self.id,
            "wrappedDEK": wrapped,
            "doubleWrapping": false,
        });
        if vouches {
            (material["kmsInstanceID"], material["kmsInstanceURL"]) = ("DEFAULT".into(), "DEFAULT".into());
        }
        Ok(DataKey { secret: mac(&self.secret, &wrapped), material: material.to_string().into_bytes() })
    }
}

/// Makes a folder with a set of key files, for their owner alone.
///
/// # Errors
/// There is such a file already (64), or one cannot be written (74).
pub fn new_column_keys(dir: &Path) -> Outcome<Vec<PathBuf>> {
    private::make_dir(dir)?;
    let footer = hex(&key_file::random::<KEY>()?);
    CLASSES
        .into_iter()
        .map(|class| {
            let path = dir.join(format!("{}.key", class.name()));
            let text = format!(
                "# bidui: who has this file reads the {} columns of exports locked with it\n{FOOTER} {footer}\n{} {}\n",
                class.name(),
                class.name(),
                hex(&key_file::random::<KEY>()?)
            );
            key_file::write_new(&path, &text).map(|()| path)
        })
        .collect()
}

impl ColumnKeys {
    /// Reads key files, or folders of them, that lie apart from `data`.
    ///
    /// # Errors
    /// A file is not there (66); others may read it, it lies in `data`, it is no key file, or two are of different sets (65).
    pub fn read(paths: &[PathBuf], data: &Path) -> Outcome<ColumnKeys> {
        let mut keys: BTreeMap<String, Key> = BTreeMap::new();
        for path in paths {
            let known = || CLASSES.iter().map(|class| path.join(format!("{}.key", class.name())));
            let there: Vec<PathBuf> = match path.is_dir() {
                true => known().filter(|file| file.exists()).collect(),
                false => vec![path.clone()],
            };
            // A folder without any: the first is missed.
            for file in if there.is_empty() { known().take(1).collect() } else { there } {
                let text = key_file::read(&file, data, MADE_BY)?;
                for (word, secret) in parse(&text).ok_or_else(|| {
                    let hint = format!("name a file as `{MADE_BY}` writes them");
                    key_file::refused(CONTRACT, "export.bad_key", &file, "this is no file of column keys", &hint)
                })? {
                    let key = Key::new(&word, secret);
                    if keys.get(&word).is_some_and(|other| other.id != key.id) {
                        let said = format!("its {word} key is another than that of the files before it");
                        let hint = "name files that were made together";
                        return Err(key_file::refused(CONTRACT, "export.key_sets", &file, &said, hint));
                    }
                    keys.insert(word, key);
                }
            }
        }
        let footer =
            keys.remove(FOOTER).ok_or_else(|| Failure::internal("a key file without its footer key was read"))?;
        let of = |class: Privacy| keys.get(class.name()).map(|key| (class, key.clone()));
        Ok(ColumnKeys { footer, classes: CLASSES.into_iter().filter_map(of).collect() })
    }

    /// The id of the key of a class; none when it is not among them.
    pub fn id(&self, class: Privacy) -> Option<&str> {
        self.classes.get(&class).map(|key| key.id.as_str())
    }

    /// The ids of the keys of classes.
    pub fn ids(&self) -> Vec<String> {
        self.classes.values().map(|key| key.id.clone()).collect()
    }

    /// A data key that vouches for a file, and one for each class.
    pub(super) fn data_keys(&self) -> Outcome<(DataKey, BTreeMap<Privacy, DataKey>)> {
        let of = |(class, key): (&Privacy, &Key)| Ok((*class, key.data_key(false)?));
        Ok((self.footer.data_key(true)?, self.classes.iter().map(of).collect::<Outcome<_>>()?))
    }

    /// The data key that a file asks for, or the id of the key that it would take.
    pub(super) fn asked(&self, material: &[u8]) -> Result<Vec<u8>, String> {
        let told: Value = serde_json::from_slice(material).unwrap_or_default();
        let (id, wrapped) = (&told["masterKeyID"], &told["wrappedDEK"]);
        let mut all = self.classes.values().chain([&self.footer]);
        match (all.find(|key| Some(key.id.as_str()) == id.as_str()), wrapped.as_str()) {
            (Some(key), Some(wrapped)) => Ok(mac(&key.secret, wrapped)),
            _ => Err(id.as_str().unwrap_or("unknown").to_string()),
        }
    }
}

const CONTRACT: FailureClass = FailureClass::InputContract;

/// The footer key and that of at least one class; none when anything else stands there.
fn parse(text: &str) -> Option<Vec<(String, [u8; KEY])>> {
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let keys: Option<Vec<(String, [u8; KEY])>> = lines
        .map(|line| {
            let (word, digits) = line.split_once(' ')?;
            let known = word == FOOTER || CLASSES.iter().any(|class| class.name() == word);
            known.then_some(())?;
            Some((word.to_string(), key_file::parse(digits.trim())?))
        })
        .collect();
    keys.filter(|keys| keys.len() > 1 && keys.iter().any(|(word, _)| word == FOOTER))
}
