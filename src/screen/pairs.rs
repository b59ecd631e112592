//! Records and links → whom each record counts for, by row number.
//!
//! In: `records_<source>`, `links`, `possible_links`. Out: [`Linked`], pairs of a person or household and a record, once per
//! source and level for all its indicators, with the records' columns laid out once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use arrow::array::{Array, StringArray};
use polars::prelude::{BooleanChunked, Column, IntoSeries, NewChunkedArray, UInt32Chunked};
use polars::series::IsSorted;

use super::ScreenInput;
use super::aggregate::ENTITY;
use super::entities::{Entities, Rows, index};
use super::frames::take;
use crate::model::table::Table;
use crate::plan::{Level, Source, SourceRole, Subject};

/// Whom one record counts for, or one member of a household.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub entity: u32,
    pub person: Option<u32>,
    pub household: Option<u32>,
    pub record: u32,
}

/// Pairs of one source and level.
#[derive(Default)]
pub(super) struct Linked {
    /// By entity; of one entity in the order of the record ids.
    pub pairs: Vec<Pair>,
    /// Pairs with everybody who is a candidate of a record about which nobody has decided.
    pub undecided: Vec<Pair>,
    /// Columns of the pairs' records that an indicator has asked for, in the order of the pairs.
    columns: RefCell<BTreeMap<String, Column>>,
}

impl Linked {
    /// Every member who is here, for the household; the record is the person's row.
    pub(super) fn members(entities: &Entities) -> Linked {
        let here =
            entities.household_of.iter().zip(&entities.present).enumerate().filter(|(_, (_, present))| **present);
        let pairs = here.filter_map(|(row, (household, _))| {
            let row = row as u32;
            Some(Pair { entity: (*household)?, person: Some(row), household: *household, record: row })
        });
        let mut pairs: Vec<Pair> = pairs.collect();
        pairs.sort_by_key(|pair| pair.entity);
        Linked { pairs, ..Linked::default() }
    }

    /// The entities of all pairs.
    pub(super) fn entities(&self) -> Column {
        let made = || {
            let mut rows = UInt32Chunked::from_iter_values(ENTITY.into(), self.pairs.iter().map(|p| p.entity));
            // Groups of a sorted column are found without hashing.
            rows.set_sorted_flag(IsSorted::Ascending);
            rows.into_series().into()
        };
        self.columns.borrow_mut().entry(ENTITY.to_string()).or_insert_with(made).clone()
    }

    /// A column of the records of all pairs.
    pub(super) fn column(&self, records: &Table, name: &str) -> Column {
        let made = || {
            let rows: Vec<Option<u32>> = self.pairs.iter().map(|p| Some(p.record)).collect();
            take(records, name, &rows).into()
        };
        self.columns.borrow_mut().entry(name.to_string()).or_insert_with(made).clone()
    }

    /// The record rows behind an entity's value: those of its pairs that pass.
    pub(super) fn records_of<'a>(
        &'a self,
        entity: u32,
        passes: Option<&'a BooleanChunked>,
    ) -> impl Iterator<Item = u32> + 'a {
        let from = self.pairs.partition_point(|p| p.entity < entity);
        let own = self.pairs[from..].iter().take_while(move |p| p.entity == entity).enumerate();
        let passing = own.filter(move |(place, _)| passes.is_none_or(|all| all.get(from + place) == Some(true)));
        passing.map(|(_, pair)| pair.record)
    }
}

/// A record with whom it is linked to.
#[derive(Clone, Copy)]
struct Target {
    record: u32,
    person: Option<u32>,
    household: Option<u32>,
}

/// Linked and undecided targets of a source, in the order of the record ids and of the candidates.
type Targets = Rc<(Vec<Target>, Vec<Target>)>;

/// Pairs of every source that an indicator has asked for; each found once.
pub(super) struct Pairs<'a> {
    /// Rows of `possible_links` by source.
    possible: BTreeMap<&'a str, Vec<usize>>,
    targets: BTreeMap<String, Targets>,
    found: BTreeMap<(String, bool), Rc<Linked>>,
    members: Option<Rc<Linked>>,
}

impl<'a> Pairs<'a> {
    /// None yet.
    pub(super) fn new(input: &ScreenInput<'a>) -> Self {
        let mut possible: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (row, source) in input.possible.text("source").iter().enumerate() {
            possible.entry(source.unwrap_or_default()).or_default().push(row);
        }
        Pairs { possible, targets: BTreeMap::new(), found: BTreeMap::new(), members: None }
    }

    /// The pairs of a source.
    pub(super) fn of(
        &mut self,
        input: &ScreenInput<'a>,
        entities: &Entities,
        source: &Source,
        records: &Table,
        level: Level,
    ) -> Rc<Linked> {
        let key = (source.id.clone(), level == Level::Person);
        if let Some(found) = self.found.get(&key) {
            return found.clone();
        }
        let rows = RecordRows::new(records);
        let possible = self.possible.get(source.id.as_str()).map_or(&[][..], Vec::as_slice);
        let find = || {
            let undecided = undecided(input, entities, possible, &rows);
            Rc::new((linked(input, entities, source, &rows), undecided))
        };
        let targets = self.targets.entry(source.id.clone()).or_insert_with(find).clone();
        let counted = |targets: &[Target]| targets.iter().filter_map(|t| counted(entities, t, level)).collect();
        let mut pairs: Vec<Pair> = counted(&targets.0);
        pairs.sort_by_key(|pair| pair.entity);
        let linked = Rc::new(Linked { pairs, undecided: counted(&targets.1), ..Linked::default() });
        self.found.insert(key, linked.clone());
        linked
    }

    /// Every member who is here, for the household.
    pub(super) fn members(&mut self, entities: &Entities) -> Rc<Linked> {
        self.members.get_or_insert_with(|| Rc::new(Linked::members(entities))).clone()
    }
}

/// The rows of records by id. Ids are numbered in the order of the rows, so that hashing them is the exception.
struct RecordRows<'a> {
    ids: &'a StringArray,
    /// None when the ids stand in their order.
    by_id: Option<Rows<'a>>,
}

impl<'a> RecordRows<'a> {
    fn new(records: &'a Table) -> Self {
        let ids = records.text("record_id");
        let sorted = ids.null_count() == 0 && (1..ids.len()).all(|row| ids.value(row - 1) < ids.value(row));
        RecordRows { ids, by_id: (!sorted).then(|| index(records, "record_id")) }
    }

    /// Row of a record; `near` is where it is looked for first.
    fn find(&self, id: &str, near: usize) -> Option<u32> {
        if let Some(by_id) = &self.by_id {
            return by_id.get(id).copied();
        }
        if near < self.ids.len() && self.ids.value(near) == id {
            return Some(near as u32);
        }
        let (mut from, mut to) = (0, self.ids.len());
        while from < to {
            let middle = from.midpoint(to);
            match self.ids.value(middle).cmp(id) {
                std::cmp::Ordering::Equal => return Some(middle as u32),
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        None
    }

    /// Puts targets into the order of the record ids.
    fn in_order(&self, targets: &mut [Target]) {
        match self.by_id {
            None => targets.sort_by_key(|t| t.record),
            Some(_) => targets.sort_by_key(|t| self.ids.value(t.record as usize)),
        }
    }
}

/// Every linked record, in the order of the record ids.
fn linked<'l>(input: &ScreenInput<'l>, entities: &Entities, source: &Source, rows: &RecordRows) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    if source.role == SourceRole::Register {
        for (record, id) in rows.ids.iter().enumerate() {
            if let Some(person) = id.and_then(|id| entities.registered(id)) {
                targets.push(Target { record: record as u32, person: Some(person), household: None });
            }
        }
    } else if let Some(links) = input.links.get(&source.id) {
        let (ids, statuses) = (links.text("record_id"), links.text("status"));
        let (persons, households) = (links.text("person_id"), links.text("household_id"));
        let villages = links.text("linked_village_code");
        for link in 0..links.rows() {
            let at = |array: &'l StringArray| (!array.is_null(link)).then(|| array.value(link));
            if at(statuses) != Some("linked") {
                continue;
            }
            // There is one link per record, in the same order.
            let Some(record) = at(ids).and_then(|id| rows.find(id, link)) else { continue };
            if source.subject == Subject::Village {
                let of_village = at(villages).map_or(&[][..], |code| entities.village(code));
                targets.extend(of_village.iter().map(|h| Target { record, person: None, household: Some(*h) }));
            } else {
                let person = at(persons).and_then(|id| entities.person(id));
                let household = at(households).and_then(|id| entities.household(id));
                targets.push(Target { record, person, household });
            }
        }
    }
    rows.in_order(&mut targets);
    targets
}

/// Candidates of records that are not linked: such a record may well be theirs, so that they are not known to have none.
fn undecided(input: &ScreenInput, entities: &Entities, possible: &[usize], rows: &RecordRows) -> Vec<Target> {
    let at = |column: &str, row: usize| input.possible.str_at(column, row);
    let target = |row: &usize| {
        Some(Target {
            record: rows.find(at("record_id", *row)?, 0)?,
            person: at("person_id", *row).and_then(|id| entities.person(id)),
            household: at("household_id", *row).and_then(|id| entities.household(id)),
        })
    };
    possible.iter().filter_map(target).collect()
}

/// The person or household for which a person's or household's record counts.
fn counted(entities: &Entities, target: &Target, level: Level) -> Option<Pair> {
    let Target { record, person, household } = *target;
    let household = household.or_else(|| person.and_then(|p| entities.household_of[p as usize]));
    let entity = match level {
        Level::Person => person,
        Level::Household => household,
    };
    Some(Pair { entity: entity?, person, household, record })
}
