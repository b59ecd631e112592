//! The two sheets for the national system, of the cases that the county has decided and nobody has entered yet.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::super::CasesOptions;
use super::super::audit::{self, Action};
use super::Room;
use crate::cases::ledger::{CaseState, case_id};
use crate::cases::orders::desk::Desk;
use crate::codes;
use crate::diag::Outcome;
use crate::model::Table;
use crate::plan::Phase;
use crate::publish::workbook::{self, NationalEntry, NationalMember};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NationalWritten {
    /// The workbook.
    pub file: PathBuf,
    /// Households to mark.
    pub mark: usize,
    /// Households to enter.
    pub enter: usize,
}

/// Writes `OUT/forms/全国系统标注和录入_<day>.xlsx`: households to mark and households to enter, in that system's headings (R123).
///
/// # Errors
/// There is no ledger or round (66), the pipeline is wrong (78), something cannot be read or written (74).
pub fn write_national(options: &CasesOptions) -> Outcome<NationalWritten> {
    audit::act(&options.out, &Action::new("orders.national"), |facts| {
        let written = write_national_now(options)?;
        facts.add("mark", written.mark);
        facts.add("enter", written.enter);
        Ok(written)
    })
}

/// Does what [`write_national`] writes down.
fn write_national_now(options: &CasesOptions) -> Outcome<NationalWritten> {
    let room = Room::open(options)?;
    let persons = room.round.table("persons")?;
    let (codes, _) = codes::load(&room.office.plan.codes_dir);
    let relation = |code: &str| {
        let table = codes.table("relation_national").or_else(|| codes.table("relation"));
        let entry = table.and_then(|t| t.entry(code).or_else(|| t.resolve(code)));
        entry.map_or("其他".to_string(), |e| e.title.clone())
    };
    let mut members: BTreeMap<&str, Vec<NationalMember>> = BTreeMap::new();
    for row in 0..persons.rows() {
        if persons.str_at("status", row) == Some("normal")
            && let Some(household) = persons.str_at("household_id", row)
        {
            members.entry(household).or_default().push(member(&persons, row, &relation));
        }
    }
    let desk = room.desk();
    let mut cases: Vec<&CaseState> = room.cases.iter().filter(|c| desk.phase(c) == Some(Phase::Approved)).collect();
    cases.sort_by_key(|c| {
        let said = c.round.clone().unwrap_or_default();
        (said.township_code, said.village_code, c.case)
    });
    let entries: Vec<NationalEntry> = cases.iter().map(|case| entry(&room, &desk, case, &members)).collect();
    let file = options.out.join("forms").join(format!("全国系统标注和录入_{}.xlsx", room.office.today));
    let issue = workbook::Issue { plan: &room.office.plan, round: &room.round.name, as_of: room.office.today };
    workbook::national(&issue, &entries, &file)?;
    let mark = entries.iter().filter(|e| e.mark).count();
    Ok(NationalWritten { file, mark, enter: entries.len() - mark })
}

fn member(persons: &Table, row: usize, relation: &dyn Fn(&str) -> String) -> NationalMember {
    let text = |column: &str| persons.str_at(column, row);
    NationalMember {
        name: text("name").unwrap_or("").to_string(),
        sex: match text("sex") {
            Some("male") => "男",
            Some("female") => "女",
            _ => "",
        }
        .to_string(),
        birth: persons.date_at("birth_date", row),
        number: text("id_number").unwrap_or("").to_string(),
        relation: text("relation").map_or(String::new(), relation),
    }
}

fn entry(room: &Room, desk: &Desk, case: &CaseState, members: &BTreeMap<&str, Vec<NationalMember>>) -> NationalEntry {
    let said = case.round.clone().unwrap_or_default();
    let household = said.household.as_deref();
    let home = desk.home(household);
    let of_home = |column: &str| home.and_then(|row| room.households.str_at(column, row)).unwrap_or("").to_string();
    let lifted = home.and_then(|row| room.households.boolean_at("lifted", row)) == Some(true);
    let text = |value: Option<String>| value.unwrap_or_default();
    NationalEntry {
        case_id: case_id(case.case),
        mark: desk.in_national(household),
        household_no: of_home("national_household_no"),
        head_number: of_home("head_id_number"),
        household_type: if lifted { "脱贫户" } else { "普通农户" }.to_string(),
        list_type: desk.list_type(case).unwrap_or_default(),
        causes: desk.causes(case).iter().map(|c| room.office.plan.cause_title(c).to_string()).collect(),
        identified_on: desk.identified_on(case),
        meeting: case.given.get("meeting").cloned().unwrap_or_default(),
        income: desk.per_capita_income(household).unwrap_or_default(),
        members: household.and_then(|h| members.get(h)).cloned().unwrap_or_default(),
        township: text(said.township),
        village: text(said.village),
        group: text(said.group),
        head_name: text(said.head_name),
    }
}
