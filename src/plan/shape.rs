//! What the parsers ask a pipeline file for, written down as they ask: the source of the JSON Schema (`json_schema`). Because
//! nothing else knows the keys, an editor and `bidui check` cannot disagree about them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// A form in which a key's value may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Text,
    Texts,
    Boolean,
    Integer,
    Number,
    Numbers,
    Date,
    Table,
    Tables,
}

/// What a parser asked about one key.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// Forms that are accepted.
    pub(super) forms: BTreeSet<Form>,
    /// Texts that are accepted; any when empty.
    pub(super) words: Vec<String>,
    /// Smallest and largest whole number.
    pub(super) range: Option<(i64, i64)>,
    /// True when its absence is an error.
    pub(super) needed: bool,
}

/// What was asked of one table.
pub(super) type Keys = BTreeMap<String, Asked>;

/// What was asked of the tables of one path (`` for the file, `field`, `check.when`).
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// Known keys.
    pub(super) keys: Keys,
    /// True when the table takes any key.
    pub(super) open: bool,
    /// By the word under `kind`: keys whose absence is an error there.
    pub(super) needed_by_kind: BTreeMap<String, BTreeSet<String>>,
}

/// All tables of a file, by path.
#[derive(Debug, Default)]
pub(super) struct Shapes(RefCell<BTreeMap<String, Shape>>);

impl Shapes {
    /// Takes over what was asked of one table. A key that not every table of a path needs is needed by none.
    pub(super) fn keep(&self, path: &str, kind: Option<&str>, asked: &Keys, open: bool) {
        let mut shapes = self.0.borrow_mut();
        let first = !shapes.contains_key(path);
        let shape = shapes.entry(path.to_string()).or_default();
        shape.open |= open;
        if let Some(kind) = kind {
            let needed: BTreeSet<String> =
                asked.iter().filter(|(_, asked)| asked.needed).map(|(key, _)| key.clone()).collect();
            let known = shape.needed_by_kind.entry(kind.to_string()).or_insert_with(|| Clone::clone(&needed));
            known.retain(|key| needed.contains(key));
        }
        if !first {
            for (_, known) in shape.keys.iter_mut().filter(|(key, _)| !asked.contains_key(*key)) {
                known.needed = false;
            }
        }
        for (key, asked) in asked {
            let fresh = !shape.keys.contains_key(key);
            let known = shape.keys.entry(key.clone()).or_default();
            known.forms.extend(&asked.forms);
            known.range = known.range.or(asked.range);
            let new: Vec<&String> = asked.words.iter().filter(|word| !known.words.contains(word)).collect();
            known.words.extend(new.into_iter().cloned());
            known.needed = asked.needed && (known.needed || (fresh && first));
        }
    }

    /// The shapes by path.
    pub(super) fn into_inner(self) -> BTreeMap<String, Shape> {
        self.0.into_inner()
    }
}
