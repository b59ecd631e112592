//! Pseudonyms: HMAC of a key under a secret that lies outside the data, the same for the same person in every table and round.
//!
//! A bare hash would be no protection: there are some 10^10 identity numbers to try. Whoever has the key file can find out whom a
//! pseudonym means; without it nobody can.

use std::path::Path;

use hmac::{Hmac, Mac as _};
use hmac_sha2::Sha256;
use sm3::Sm3;

use crate::diag::{FailureClass, Outcome};
use crate::run::key_file::{self, KEY};
use crate::run::manifest::hex;

/// Hexadecimal digits of a pseudonym: 128 bits, so that two persons never share one.
const DIGITS: usize = 32;

/// The keyed hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// HMAC-SHA-256 (RFC 2104, FIPS 180-4).
    #[default]
    Sha256,
    /// HMAC-SM3 (GM/T 0004-2012).
    Sm3,
}

impl Algorithm {
    /// Its word on the command line and in the file that says how an export was made.
    pub fn word(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sm3 => "sm3",
        }
    }
}

/// What a value is the key of. The same number as a person and as a case has two pseudonyms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// A person of the ledger.
    Person,
    /// An identity number that nobody of the register has.
    Number,
    /// A household.
    Household,
    /// Any other key: record, case, task….
    Key,
}

impl Of {
    fn word(self) -> &'static str {
        match self {
            Of::Person => "person",
            Of::Number => "number",
            Of::Household => "household",
            Of::Key => "key",
        }
    }
}

/// Makes pseudonyms.
#[derive(Clone)]
pub enum Pseudonyms {
    /// With SHA-256.
    Sha256(Hmac<Sha256>),
    /// With SM3.
    Sm3(Hmac<Sm3>),
}

impl Pseudonyms {
    /// For a key.
    pub fn new(key: &[u8], algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Pseudonyms::Sha256(Hmac::new_from_slice(key).expect("HMAC takes keys of any length")),
            Algorithm::Sm3 => Pseudonyms::Sm3(Hmac::new_from_slice(key).expect("HMAC takes keys of any length")),
        }
    }

    fn mac(&self, parts: &[&str]) -> String {
        fn run<M: hmac::Mac + Clone>(mac: &M, parts: &[&str]) -> String {
            let mut mac = mac.clone();
            for part in parts {
                mac.update(part.as_bytes());
                mac.update(&[0]);
            }
            hex(&mac.finalize().into_bytes())
        }
        match self {
            Pseudonyms::Sha256(mac) => run(mac, parts),
            Pseudonyms::Sm3(mac) => run(mac, parts),
        }
    }

    /// The pseudonym of a value.
    pub fn of(&self, what: Of, value: &str) -> String {
        let mut mac = self.mac(&[what.word(), value]);
        mac.truncate(DIGITS);
        mac
    }

    /// What tells this key from others without telling it: two exports with the same id can be joined.
    pub fn key_id(&self) -> String {
        let mut id = self.mac(&["bidui key id"]);
        id.truncate(12);
        id
    }
}

/// Makes a new key file for its owner alone.
///
/// # Errors
/// The file is there already (64), or cannot be written (74).
pub fn new_key(path: &Path) -> Outcome<()> {
    key_file::write_new(path, &(hex(&key_file::random::<KEY>()?) + "\n"))
}

/// Reads a key file that nobody but its owner can read and that does not lie beside the data.
///
/// # Errors
/// There is no such file (66); others may read it, it lies in `out`, or it is no key (65).
pub fn read_key(path: &Path, out: &Path) -> Outcome<[u8; KEY]> {
    let text = key_file::read(path, out, "bidui export --new-key FILE")?;
    key_file::parse(text.trim()).ok_or_else(|| {
        let hint = "a key file holds 64 hexadecimal digits, as `bidui export --new-key FILE` writes them";
        key_file::refused(FailureClass::InputContract, "export.bad_key", path, "this is no key file", hint)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// RFC 4231, test case 2; and the same key and text under SM3, as the SM3 working draft's HMAC gives it.
    #[test]
    fn the_hashes_are_the_published_ones() {
        let text = b"what do ya want for nothing?";
        let mut mac: Hmac<Sha256> = Hmac::new_from_slice(b"Jefe").expect("a key");
        mac.update(text);
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(&mac.finalize().into_bytes()), expected);
        let mut mac: Hmac<Sm3> = Hmac::new_from_slice(b"Jefe").expect("a key");
        mac.update(text);
        assert_eq!(
            hex(&mac.finalize().into_bytes()),
            "2e87f1d16862e6d964b50a5200bf2b10b764faa9680a296a2405f24bec39f882"
        );
    }

    #[test]
    fn one_value_has_one_pseudonym_for_each_thing_and_key() {
        let one = Pseudonyms::new(&[1; KEY], Algorithm::Sha256);
        assert_eq!(one.of(Of::Person, "P0000001"), one.clone().of(Of::Person, "P0000001"));
        assert_ne!(one.of(Of::Person, "P0000001"), one.of(Of::Household, "P0000001"));
        let others = [Pseudonyms::new(&[2; KEY], Algorithm::Sha256), Pseudonyms::new(&[1; KEY], Algorithm::Sm3)];
        for other in others {
            assert_ne!(one.of(Of::Person, "P0000001"), other.of(Of::Person, "P0000001"));
            assert_ne!(one.key_id(), other.key_id());
        }
    }

    #[test]
    fn a_key_is_made_once_and_refused_when_others_may_read_it() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (out, path) = (folder.path().join("out"), folder.path().join("key"));
        fs::create_dir(&out).expect("made");
        new_key(&path).expect("made");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(read_key(&path, &out).expect("a key").len(), KEY);
        let code = |r: Outcome<()>| r.expect_err("refused").problems[0].code;
        assert_eq!(code(new_key(&path)), "export.key_there");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("opened");
        assert_eq!(code(read_key(&path, &out).map(drop)), "export.key_open");
        let inside = out.join("key");
        new_key(&inside).expect("made");
        assert_eq!(code(read_key(&inside, &out).map(drop)), "export.key_beside");
        let odd = folder.path().join("odd");
        new_key(&odd).expect("made");
        fs::write(&odd, "0123").expect("written");
        assert_eq!(code(read_key(&odd, &out).map(drop)), "export.bad_key");
    }
}
