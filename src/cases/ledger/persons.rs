//! Person ids that stay: the rows of a new register are matched with the persons the ledger knows.
//!
//! In: the identities of the rows and the known persons. Out: one id per row, and what happened to whom. An id is given
//! once and kept. In this order, each time only where exactly one row meets exactly one person:
//!
//! 1. everything alike (rows that nothing tells apart take their ids in order);
//! 2. number, name and household; 3. number and name, in whatever household now;
//! 4. number and household (the name was changed), or name, birth date and household (the number was changed).
//!
//! What could be two persons is nobody: the row gets a new id and the doubt is told. Persons who stood in the register twice
//! and stand there once now are merged; one who stood there once and stands there twice now is split.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::Identity;

/// What the ledger knows of a person before a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not yet met before this round: its id was given by an earlier run of this round, or by a later round.
    Reserved,
    /// In the register of the round before.
    Present,
    /// Not in it.
    Gone,
    /// Found to be another person.
    Merged(u32),
}

/// A person of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Running number of the id.
    pub person: u32,
    /// What it was when last seen.
    pub identity: Identity,
    /// Where it stands.
    pub standing: Standing,
}

/// What can happen to a person between two rounds, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// Met for the first time.
    Created,
    /// Met again after a round without.
    Returned,
    /// Stands for itself: a second row of the person it is named with.
    SplitFrom,
    /// Another identity number.
    NumberChanged,
    /// Another name.
    NameChanged,
    /// Is the person it is named with.
    MergedInto,
    /// No longer in the register.
    Gone,
}

impl EventKind {
    /// All kinds with the word of the tables.
    pub const WORDS: [(&'static str, EventKind); 7] = [
        ("created", EventKind::Created),
        ("returned", EventKind::Returned),
        ("split_from", EventKind::SplitFrom),
        ("number_changed", EventKind::NumberChanged),
        ("name_changed", EventKind::NameChanged),
        ("merged_into", EventKind::MergedInto),
        ("gone", EventKind::Gone),
    ];

    /// The word of the tables.
    pub fn as_str(self) -> &'static str {
        EventKind::WORDS[self as usize].0
    }

    /// The kind of a word.
    pub fn of(word: &str) -> Option<EventKind> {
        EventKind::WORDS.iter().find(|(w, _)| *w == word).map(|(_, kind)| *kind)
    }

    /// Why, where nothing more particular is known.
    pub fn evidence(self) -> &'static str {
        match self {
            EventKind::Created => "首次出现在户籍底册",
            EventKind::Returned => "上一批次底册中没有，本批次又出现",
            EventKind::SplitFrom => "身份证号、姓名与另一人员相同，底册现有两行，分别编号",
            EventKind::NumberChanged => "姓名、出生日期、户号一致，身份证号已变更",
            EventKind::NameChanged => "身份证号、户号一致，姓名已变更",
            EventKind::MergedInto => "与另一人员的身份证号、姓名相同，底册现只登记一行",
            EventKind::Gone => "本批次户籍底册中没有此人",
        }
    }
}

/// Something that happened to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// The person.
    pub person: u32,
    /// What.
    pub kind: EventKind,
    /// The other person of a merge or a split; 0 for none.
    pub other: u32,
}

/// Ids for the rows of a register, and what changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assigned {
    /// Running number of each row's person.
    pub ids: Vec<u32>,
    /// What happened, by person.
    pub events: Vec<Event>,
    /// Persons given an id that no run gave before.
    pub created: Vec<(u32, Identity)>,
    /// Persons whose identity is no longer the one the ledger has.
    pub changed: Vec<(u32, Identity)>,
    /// Rows that may be somebody already known, so that they got a new id; with why, in Chinese.
    pub doubts: Vec<(u32, &'static str)>,
}

impl Assigned {
    /// How many events there are of a kind.
    pub fn count(&self, kind: EventKind) -> usize {
        self.events.iter().filter(|e| e.kind == kind).count()
    }
}

/// Gives every row its person's id; `next` is the first running number that was never given.
///
/// `known` is sorted by person. On an empty ledger the ids are the rows' running numbers.
pub fn assign(rows: &[Identity], known: &[Known], next: u32) -> Assigned {
    let of = |standing: fn(Standing) -> bool| -> Vec<u32> {
        (0..known.len() as u32).filter(|k| standing(known[*k as usize].standing)).collect()
    };
    let live = of(|s| matches!(s, Standing::Present | Standing::Gone));
    let merged = of(|s| matches!(s, Standing::Merged(_)));
    let reserved = of(|s| s == Standing::Reserved);

    let mut work = Work { rows, known, of_row: vec![None; rows.len()], taken: vec![false; known.len()] };
    let mut told = Told::default();
    work.alike(&live, false);
    // A row that is a merged person's to the letter, beside the row of the person it was merged into, is a split.
    let both: Vec<u32> = live.iter().chain(&merged).copied().collect();
    work.unique(&both, |i| [i.number, i.name, i.household]);
    work.by_number_and_name(&live, &mut told);
    work.by_edges(&live, &mut told);
    work.alike(&reserved, true);
    work.unique(&reserved, |i| [i.number, i.name, i.household]);
    work.unique(&reserved, |i| [i.number, i.name, i.number]);
    work.unique(&reserved, |i| [i.home, i.home, i.home]);
    work.finish(told, next)
}

#[derive(Default)]
struct Told {
    merged: Vec<(u32, u32)>,
    split: BTreeMap<u32, u32>,
    doubts: BTreeMap<u32, &'static str>,
}

struct Work<'a> {
    rows: &'a [Identity],
    known: &'a [Known],
    /// Position in `known` of each row's person.
    of_row: Vec<Option<u32>>,
    taken: Vec<bool>,
}

impl Work<'_> {
    fn take(&mut self, row: u32, known: u32) {
        self.of_row[row as usize] = Some(known);
        self.taken[known as usize] = true;
    }

    /// Open rows and free persons by key, keys with a part missing left out: (key, rows, persons), in key order.
    fn groups<K: Ord + Copy>(&self, pool: &[u32], key: impl Fn(&Identity) -> Option<K>) -> Vec<(Vec<u32>, Vec<u32>)> {
        let mut all: Vec<(K, bool, u32)> = Vec::new();
        let open = (0..self.rows.len() as u32).filter(|r| self.of_row[*r as usize].is_none());
        all.extend(open.filter_map(|r| Some((key(&self.rows[r as usize])?, false, r))));
        let free = pool.iter().filter(|k| !self.taken[**k as usize]);
        all.extend(free.filter_map(|k| Some((key(&self.known[*k as usize].identity)?, true, *k))));
        all.sort_unstable();
        let mut groups = Vec::new();
        for group in all.chunk_by(|a, b| a.0 == b.0) {
            let rows: Vec<u32> = group.iter().filter(|g| !g.1).map(|g| g.2).collect();
            let persons: Vec<u32> = group.iter().filter(|g| g.1).map(|g| g.2).collect();
            if !rows.is_empty() && !persons.is_empty() {
                groups.push((rows, persons));
            }
        }
        groups
    }

    /// Rows like a person in everything. Several that are like each other too take the ids in order: nothing tells
    /// them apart, so no order is wrong. `any` also takes rows without name and number.
    fn alike(&mut self, pool: &[u32], any: bool) {
        for (rows, persons) in self.groups(pool, |i| (any || i.name != 0 || i.number != 0).then_some(i.whole)) {
            if any || rows.len() == persons.len() {
                for (row, known) in rows.into_iter().zip(persons) {
                    self.take(row, known);
                }
            }
        }
    }

    /// One row and one person that share a key of three parts.
    fn unique(&mut self, pool: &[u32], key: impl Fn(&Identity) -> [u64; 3]) {
        for (rows, persons) in self.groups(pool, |i| Some(key(i)).filter(|k| k.iter().all(|part| *part != 0))) {
            if let ([row], [known]) = (&rows[..], &persons[..]) {
                self.take(*row, *known);
            }
        }
    }

    fn by_number_and_name(&mut self, live: &[u32], told: &mut Told) {
        let key = |i: &Identity| (i.number != 0 && i.name != 0).then_some((i.number, i.name));
        for (rows, persons) in self.groups(live, key) {
            match &rows[..] {
                [row] => {
                    // Somebody of the round before rather than somebody long gone; then the older id.
                    let gone = |k: &u32| self.known[*k as usize].standing != Standing::Present;
                    let chosen = persons.iter().copied().min_by_key(|k| (gone(k), *k)).unwrap_or(persons[0]);
                    self.take(*row, chosen);
                }
                _ => told.doubts.extend(rows.iter().map(|r| {
                    (*r, "身份证号、姓名与以前的人员相同，但底册有多行，无法确定哪一行是原来的人员，已编新号")
                })),
            }
        }
        // What is left on one side only, beside a row and a person that met: a second row, or a second person.
        let mut met: BTreeMap<(u64, u64), u32> = BTreeMap::new();
        for known in self.of_row.iter().flatten() {
            if let Some(key) = key(&self.known[*known as usize].identity) {
                let first = met.entry(key).or_insert(*known);
                *first = (*first).min(*known);
            }
        }
        for (row, identity) in self.rows.iter().enumerate() {
            if self.of_row[row].is_none()
                && let Some(known) = key(identity).and_then(|k| met.get(&k))
            {
                told.split.insert(row as u32, self.known[*known as usize].person);
                told.doubts.remove(&(row as u32));
            }
        }
        for k in live.iter().filter(|k| !self.taken[**k as usize]) {
            let own = &self.known[*k as usize];
            if let Some(into) = key(&own.identity).and_then(|k| met.get(&k)) {
                told.merged.push((own.person, self.known[*into as usize].person));
            }
        }
    }

    /// A number with its household, or a name with birth date and household: taken only where both say the same.
    fn by_edges(&mut self, live: &[u32], told: &mut Told) {
        let gone: BTreeSet<u32> = told.merged.iter().map(|m| m.0).collect();
        let pool: Vec<u32> = live.iter().copied().filter(|k| !gone.contains(&self.known[*k as usize].person)).collect();
        let number = |i: &Identity| (i.number != 0 && i.household != 0).then_some((i.number, i.household));
        let home = |i: &Identity| (i.home != 0).then_some((i.home, 0));
        let mut persons_of: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        let mut rows_of: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for (rows, persons) in [self.groups(&pool, number), self.groups(&pool, home)].concat() {
            for row in rows.iter().filter(|r| !told.split.contains_key(r)) {
                for known in &persons {
                    persons_of.entry(*row).or_default().insert(*known);
                    rows_of.entry(*known).or_default().insert(*row);
                }
            }
        }
        for (row, persons) in &persons_of {
            let only = persons.first().filter(|k| persons.len() == 1 && rows_of[*k].len() == 1);
            match only {
                Some(known) => self.take(*row, *known),
                None => {
                    let why = "号码或姓名、出生日期、户号与以前的不止一名人员相符，无法确定是哪一人，已编新号";
                    told.doubts.insert(*row, why);
                }
            }
        }
        for (rows, _) in self.groups(&pool, |i: &Identity| (i.number != 0).then_some(i.number)) {
            for row in rows {
                let why = "身份证号以前登记在另一户的另一姓名下，不能认定为同一人，已编新号";
                told.doubts.entry(row).or_insert(why);
            }
        }
    }

    fn finish(self, told: Told, mut next: u32) -> Assigned {
        let mut out = Assigned { ids: Vec::with_capacity(self.rows.len()), ..Assigned::default() };
        for (row, identity) in self.rows.iter().enumerate() {
            let known = self.of_row[row].map(|k| self.known[k as usize]);
            let person = match known {
                Some(known) => known.person,
                None => {
                    next += 1;
                    next - 1
                }
            };
            let mut event = |kind, other| out.events.push(Event { person, kind, other });
            match known.map(|k| k.standing) {
                None | Some(Standing::Reserved) => {
                    event(EventKind::Created, 0);
                    if let Some(other) = told.split.get(&(row as u32)) {
                        event(EventKind::SplitFrom, *other);
                    }
                }
                Some(Standing::Gone) => event(EventKind::Returned, 0),
                Some(Standing::Merged(into)) => event(EventKind::SplitFrom, into),
                Some(Standing::Present) => {}
            }
            if let Some(known) = known {
                if known.standing != Standing::Reserved {
                    if known.identity.number != identity.number {
                        event(EventKind::NumberChanged, 0);
                    }
                    if known.identity.name != identity.name {
                        event(EventKind::NameChanged, 0);
                    }
                }
                if known.identity != *identity {
                    out.changed.push((person, *identity));
                }
            } else {
                out.created.push((person, *identity));
            }
            out.ids.push(person);
        }
        let merged: BTreeMap<u32, u32> = told.merged.into_iter().collect();
        for (known, _) in self.known.iter().zip(&self.taken).filter(|(_, taken)| !**taken) {
            match (merged.get(&known.person), known.standing) {
                (Some(into), _) => {
                    out.events.push(Event { person: known.person, kind: EventKind::MergedInto, other: *into });
                }
                (None, Standing::Present) => {
                    out.events.push(Event { person: known.person, kind: EventKind::Gone, other: 0 });
                }
                _ => {}
            }
        }
        out.events.sort_unstable();
        // Only a row with a new id is in doubt.
        out.doubts = told
            .doubts
            .into_iter()
            .filter(|(row, _)| {
                self.of_row[*row as usize].is_none_or(|k| self.known[k as usize].standing == Standing::Reserved)
            })
            .collect();
        out
    }
}
