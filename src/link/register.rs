//! The population register as persons and households, with what linkage needs of them.
//!
//! In: the register's records. Out: a [`Register`] with the tables `persons` and `households`, the findings, and
//! the packed columns and index that [`super::link`] uses for every source.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::person::block::Index;
use super::person::duplicates;
use super::person::pack::{Columns, NO_DATE, NO_DIVISION};
use super::person::spine::{Members, Spine};
use crate::model::build::{TableBuilder, Value};
use crate::model::{FieldFinding, Table, tables, text};
use crate::plan::{Role, Source};

/// Age of majority, for choosing who stands for a household without a head (Civil Code art. 17).
const ADULT: i32 = 18;

/// The spine: persons and households, and how to find them.
#[derive(Debug, Clone)]
pub struct Register {
    /// Table `persons`, in register order.
    pub persons: Table,
    /// Table `households`, in the order of their numbers.
    pub households: Table,
    /// What is wrong with the register, in register order; for the one who keeps it.
    pub findings: Vec<FieldFinding>,
    /// What linkage reads of the register.
    pub(super) spine: Spine,
}

impl Register {
    /// Id of a person's row.
    pub(super) fn person_id(&self, person: u32) -> &str {
        self.persons.text("person_id").value(person as usize)
    }

    /// Id of the household of a person's row.
    pub(super) fn household_id(&self, person: u32) -> &str {
        self.persons.text("household_id").value(person as usize)
    }
}

/// Builds persons and households from the register's records.
///
/// Persons are numbered in row order; [`register_with_ids`] keeps the numbers they had before. `as_of` decides who is an
/// adult. A row without household number makes a household of its own. Findings
/// (`register.*`) are told with the row's place and never hold a name or a number.
pub fn register(source: &Source, records: &Table, as_of: Date) -> Register {
    let ids: Vec<u32> = (1..=records.rows() as u32).collect();
    register_with_ids(source, records, as_of, &ids)
}

/// As [`register()`], with the running number of each row's person.
///
/// # Panics
/// When there is not one number for each row: a mistake in this program.
pub fn register_with_ids(source: &Source, records: &Table, as_of: Date, numbers: &[u32]) -> Register {
    assert_eq!(numbers.len(), records.rows(), "one person id for each row of the register");
    let person_id = |row: u32| format!("P{:07}", numbers[row as usize]);
    let people = Columns::read(source, records);
    let view = View { source, records };
    let mut findings = Vec::new();

    let mut by_number: BTreeMap<(bool, String), Vec<u32>> = BTreeMap::new();
    for row in 0..records.rows() as u32 {
        match view.text(Role::Household, row) {
            Some(number) => by_number.entry((false, number.to_string())).or_default().push(row),
            None => {
                findings.push(view.finding(Role::Household, "register.no_household", "没有户号，按单独一户处理", row));
                by_number.entry((true, person_id(row))).or_default().push(row);
            }
        }
    }
    let mut household_of = vec![0; records.rows()];
    for (household, members) in by_number.values().enumerate() {
        for member in members {
            household_of[*member as usize] = household as u32;
        }
    }
    let normal: Vec<bool> = (0..records.rows() as u32).map(|row| view.status(row) == "normal").collect();

    let mut households = TableBuilder::new(tables::households());
    let mut ids = Vec::with_capacity(by_number.len());
    for ((alone, number), members) in &by_number {
        let mut told = Vec::new();
        let head = head(&view, &people, &normal, members, as_of, &mut told);
        if !alone {
            findings.append(&mut told);
        }
        let id = format!("H{number}");
        let head_id = person_id(head);
        households.push(household_row(&view, &people, &normal, members, (head, &head_id), (&id, !alone)));
        ids.push(id);
    }
    let mut persons = TableBuilder::new(tables::persons());
    for row in 0..records.rows() as u32 {
        persons.push(person_row(&view, &people, row, person_id(row), &ids[household_of[row as usize] as usize]));
    }

    let index = Index::new(&people);
    let in_household = Members::of(&household_of);
    let (stands_for, found) = duplicates::find(&people, &index, &household_of, &in_household, &normal);
    for found in found {
        let first = records.integer("row").value(found.first as usize);
        let (code, message) = if found.number {
            ("register.duplicate_number", format!("身份证号与第{first}行相同，两行都保留，请公安核对哪一行正确"))
        } else {
            ("register.duplicate_person", format!("姓名、出生日期与同户第{first}行相同，请公安核对是否重复登记"))
        };
        let role = if found.number { Role::IdNumber } else { Role::Name };
        findings.push(view.finding(role, code, message, found.row));
    }
    findings.sort_by(|a, b| (&a.at, a.code).cmp(&(&b.at, b.code)));
    Register {
        persons: persons.finish(),
        households: households.finish(),
        findings,
        spine: Spine::new(people, index, household_of, in_household, stands_for),
    }
}

/// The register's records by role.
struct View<'a> {
    source: &'a Source,
    records: &'a Table,
}

impl View<'_> {
    fn text(&self, role: Role, row: u32) -> Option<&str> {
        let value = self.records.str_at(self.source.name_of(role)?, row as usize)?;
        (!value.trim().is_empty()).then_some(value)
    }

    fn division(&self, column: &str, row: u32) -> Option<&str> {
        self.records.has(column).then(|| self.records.str_at(column, row as usize)).flatten()
    }

    /// A row that says nothing counts as normal: leaving a person out needs a reason.
    fn status(&self, row: u32) -> &str {
        self.text(Role::PersonStatus, row).unwrap_or("normal")
    }

    fn finding(&self, role: Role, code: &'static str, message: impl Into<String>, row: u32) -> FieldFinding {
        FieldFinding::of_record(self.records, row as usize, self.source.name_of(role), code, message)
    }

    fn place(&self, row: u32) -> [Value; 4] {
        [
            self.division("township_code", row).into(),
            self.text(Role::Township, row).into(),
            self.division("village_code", row).into(),
            self.text(Role::Village, row).into(),
        ]
    }
}

/// The head of a household: the member so called who lives there, else its oldest adult, else its oldest member.
fn head(
    view: &View,
    people: &Columns,
    normal: &[bool],
    members: &[u32],
    as_of: Date,
    findings: &mut Vec<FieldFinding>,
) -> u32 {
    // Oldest first; those without a birth date last.
    let mut order: Vec<u32> = members.to_vec();
    order.sort_by_key(|row| {
        let birth = people.any_birth(*row);
        (birth == NO_DATE, birth, *row)
    });
    let called: Vec<u32> =
        order.iter().copied().filter(|row| view.text(Role::Relation, *row) == Some("head")).collect();
    let living: Vec<u32> = order.iter().copied().filter(|row| normal[*row as usize]).collect();
    if let [child] = living.as_slice()
        && people.any_birth(*child) != NO_DATE
        && text::age_on(text::from_days(people.any_birth(*child)), as_of) < ADULT
    {
        let message = "户内只有一名未成年人，请核对监护人在哪一户、是否应当合户";
        findings.push(view.finding(Role::Household, "register.minor_alone", message, *child));
    }
    if let [one] = living.as_slice()
        && view.text(Role::Relation, *one).is_some_and(|relation| relation != "head")
        && called.is_empty()
    {
        let message = "户内只有一人且不是户主，可能是分户后留下的，请核对其家庭成员在哪一户";
        findings.push(view.finding(Role::Household, "register.split_off", message, *one));
    }
    let mut heads = called.iter().copied().filter(|row| normal[*row as usize]);
    if let Some(head) = heads.next() {
        if let Some(second) = heads.next() {
            let row = head.max(second);
            findings.push(view.finding(Role::Relation, "register.two_heads", "同一户有多个户主，以年长者为准", row));
        }
        return head;
    }
    let adult = |row: &u32| match people.any_birth(*row) {
        NO_DATE => false,
        birth => text::age_on(text::from_days(birth), as_of) >= ADULT,
    };
    let chosen = living.iter().copied().find(adult).or(living.first().copied());
    match (chosen, called.first()) {
        (Some(chosen), Some(gone)) => {
            findings.push(view.finding(
                Role::Relation,
                "register.head_gone",
                "户主已死亡或迁出，暂以年长的成年人为户主，请更新户主",
                *gone,
            ));
            chosen
        }
        (Some(chosen), None) => {
            findings.push(view.finding(
                Role::Relation,
                "register.no_head",
                "该户没有户主，暂以年长的成年人为户主",
                members[0],
            ));
            chosen
        }
        (None, Some(gone)) => *gone,
        (None, None) => order[0],
    }
}

fn person_row(view: &View, people: &Columns, row: u32, person_id: String, household_id: &str) -> Vec<Value> {
    let i = row as usize;
    let number = view.source.name_of(Role::IdNumber);
    let lane = number.map(|n| format!("{n}_lane")).filter(|lane| view.records.has(lane));
    let sex = match people.any_sex(row) {
        1 => Value::from("male"),
        2 => Value::from("female"),
        _ => Value::Null,
    };
    let birth = match people.any_birth(row) {
        NO_DATE => Value::Null,
        days => Value::Date(days),
    };
    let mut values = vec![
        person_id.into(),
        household_id.into(),
        view.records.str_at("record_id", i).into(),
        view.text(Role::Name, row).into(),
        view.text(Role::IdNumber, row).into(),
        lane.and_then(|lane| view.records.str_at(&lane, i)).into(),
        sex,
        birth,
        view.text(Role::Relation, row).into(),
        view.status(row).into(),
    ];
    values.extend(view.place(row));
    values.push(view.text(Role::Group, row).into());
    values
}

fn household_row(
    view: &View,
    people: &Columns,
    normal: &[bool],
    members: &[u32],
    (head, head_id): (u32, &str),
    (id, numbered): (&str, bool),
) -> Vec<Value> {
    // Where the head's village is not known, the household lives where its first member with a village lives.
    let known = |row: &u32| people.village[*row as usize] != NO_DIVISION;
    let home = if known(&head) { head } else { members.iter().copied().find(known).unwrap_or(head) };
    let size = members.iter().filter(|m| normal[**m as usize]).count() as i64;
    let mut values = vec![
        id.into(),
        numbered.then(|| id[1..].to_string()).into(),
        head_id.into(),
        view.text(Role::Name, head).into(),
        view.text(Role::IdNumber, head).into(),
        size.into(),
    ];
    values.extend(view.place(home));
    values.push(view.text(Role::Group, home).into());
    // What the national system says is filled in by `attach_national`.
    values.extend(std::iter::repeat_n(Value::Null, 8));
    values
}
