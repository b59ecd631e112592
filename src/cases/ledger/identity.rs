//! Who somebody is, without saying it: keyed digests of what the register or a delivered record has of a person.
//!
//! The ledger is kept for years and copied into backups, so no name and no number stands in it in clear. A digest is the
//! first 64 bits of SHA-256 over the ledger's own salt, the kind of value and the value. The salt lies beside the digests:
//! this keeps numbers out of sight and out of a search, it does not keep out somebody who has the ledger and guesses.
//! Among ten million persons two digests meet by chance about once in 400,000 ledgers, and a meeting can only make a
//! match doubtful that more than one digest has to confirm.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::model::{Table, text};
use crate::plan::{FieldKind, Role, Source};

/// Digests of one row of the register; 0 stands for what the row lacks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The identity number.
    pub number: u64,
    /// The name.
    pub name: u64,
    /// Name, birth date and household together; without a household number the village stands in its place.
    pub home: u64,
    /// The household number.
    pub household: u64,
    /// Everything that tells this row from others.
    pub whole: u64,
}

/// Key of a department's record that the next delivery of the same record has too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordKey {
    /// Digest of source, number, name and birth date.
    pub key: u64,
    /// True when there is neither a number nor a birth date: namesakes may share the key.
    pub weak: bool,
}

/// The digest of a kind of value and its parts; never 0.
pub(super) fn digest(salt: &[u8], kind: &str, parts: &[&str]) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(kind.as_bytes());
    for part in parts {
        // Lengths keep ("ab", "c") and ("a", "bc") apart.
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let bytes = hasher.finalize();
    let mut first = [0u8; 8];
    first.copy_from_slice(&bytes[..8]);
    u64::from_le_bytes(first).max(1)
}

/// The identities of the register's rows, in row order.
pub fn identities(salt: &[u8], source: &Source, records: &Table) -> Vec<Identity> {
    let view = View { source, records };
    (0..records.rows())
        .into_par_iter()
        .map(|row| {
            let (number, name) = (view.text(Role::IdNumber, row), view.text(Role::Name, row));
            let (household, birth) = (view.text(Role::Household, row), view.birth(row));
            let village = view.plain("village_code", row);
            let of = |kind: &str, value: Option<&str>| value.map_or(0, |v| digest(salt, kind, &[v]));
            let home = match (name, household, &birth, village) {
                (Some(name), Some(household), birth, _) => {
                    digest(salt, "home", &[name, birth.as_deref().unwrap_or(""), household])
                }
                (Some(name), None, Some(birth), Some(village)) => digest(salt, "place", &[name, birth, village]),
                _ => 0,
            };
            let mut all = vec![number, name, household, birth.as_deref(), village];
            let partial = view.partial(row);
            all.push(partial);
            all.extend([Role::Sex, Role::Relation, Role::Group].map(|role| view.text(role, row)));
            let all: Vec<&str> = all.into_iter().map(Option::unwrap_or_default).collect();
            Identity {
                number: of("number", number),
                name: of("name", name),
                home,
                household: of("household", household),
                whole: digest(salt, "whole", &all),
            }
        })
        .collect()
}

/// The keys of a source's records, in row order; none for a record that says nothing of a person.
pub fn record_keys(salt: &[u8], source: &Source, records: &Table) -> Vec<Option<RecordKey>> {
    let view = View { source, records };
    (0..records.rows())
        .into_par_iter()
        .map(|row| {
            let number = view.text(Role::IdNumber, row).or_else(|| view.partial(row));
            let (name, birth) = (view.text(Role::Name, row), view.birth(row));
            if number.is_none() && name.is_none() {
                return None;
            }
            let weak = number.is_none() && birth.is_none();
            let mut parts = vec![number, name, birth.as_deref()];
            if weak {
                // Only a name: what else the record says of the person keeps namesakes apart.
                parts.push(view.plain("village_code", row));
                parts.extend([Role::Household, Role::Group, Role::Relation, Role::Phone].map(|r| view.text(r, row)));
            }
            let mut parts: Vec<&str> = parts.into_iter().map(Option::unwrap_or_default).collect();
            parts.push(&source.id);
            Some(RecordKey { key: digest(salt, if weak { "weak" } else { "record" }, &parts), weak })
        })
        .collect()
}

struct View<'a> {
    source: &'a Source,
    records: &'a Table,
}

impl<'a> View<'a> {
    fn text(&self, role: Role, row: usize) -> Option<&'a str> {
        let field = self.source.field_with(role)?;
        if matches!(field.kind, FieldKind::Date | FieldKind::Month | FieldKind::Boolean) {
            return None;
        }
        self.plain(&field.name, row)
    }

    fn plain(&self, column: &str, row: usize) -> Option<&'a str> {
        let value = if self.records.has(column) { self.records.str_at(column, row) } else { None };
        value.map(str::trim).filter(|v| !v.is_empty())
    }

    /// What can be trusted of a damaged number.
    fn partial(&self, row: usize) -> Option<&'a str> {
        let field = self.source.field_with(Role::IdNumber).filter(|f| f.kind == FieldKind::IdNumber)?;
        self.plain(&format!("{}_partial", field.name), row)
    }

    /// The birth date of the own column, else the one in the number.
    fn birth(&self, row: usize) -> Option<String> {
        let own = self.source.field_with(Role::BirthDate).filter(|f| f.kind == FieldKind::Date);
        let own = own.and_then(|f| self.records.date_at(&f.name, row)).map(|d| text::date(text::to_days(d)));
        own.or_else(|| {
            let number = self.text(Role::IdNumber, row)?;
            let birth = number.get(6..14).filter(|_| number.len() == 18)?;
            Some(format!("{}-{}-{}", &birth[..4], &birth[4..6], &birth[6..]))
        })
    }
}
