//! What the national system says of the register's households.
//!
//! In: the national system's records (one row per person, with its own household number) and their links. Out: the
//! `national_*`, `lifted`, `monitored_*` and `risk_cleared` columns of `households`, and what does not fit.
//! A national household belongs to the register household in which most of its linked members live.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Date32Array, StringArray};

use super::register::Register;
use crate::model::{FieldFinding, Table};
use crate::plan::{Role, Source};

/// A national household as far as it is known here.
#[derive(Debug, Clone, Default)]
struct Household {
    rows: Vec<usize>,
    /// Register household → number of members linked into it.
    homes: BTreeMap<u32, usize>,
    linked: usize,
}

/// What is written into a register household.
#[derive(Debug, Clone)]
struct Said {
    number: String,
    kind: Option<String>,
    monitored: Option<String>,
    since: Option<i32>,
    cleared: Option<bool>,
    causes: Option<String>,
    agreement: &'static str,
    linked: usize,
    row: usize,
}

/// Fills in the national system's columns of `register.households`.
///
/// Households of which the national system knows nothing get `lifted` = false: its list of lifted households is complete.
/// Told (`national.*`, without names or numbers): households whose members live in several register households, register
/// households claimed twice, members of one household who differ in what holds for all, and households nobody of whom
/// could be linked.
pub fn attach_national(register: &mut Register, source: &Source, records: &Table, links: &Table) -> Vec<FieldFinding> {
    let mut findings = Vec::new();
    let view = View { source, records };
    // The plan's check demands the role; without it nothing can be said, and nothing is.
    let Some(households) = gather(register, &view, links) else { return findings };

    let mut said: BTreeMap<u32, Said> = BTreeMap::new();
    for (number, household) in &households {
        let Some(home) = home(register, &view, links, household, &mut findings) else {
            continue;
        };
        let new = view.said(number, household, &mut findings);
        let Some(old) = said.get(&home) else {
            said.insert(home, new);
            continue;
        };
        findings.push(view.finding(
            "national.claimed_twice",
            format!("与第{}行的户对应同一户籍家庭，以匹配人数多的为准，请核对是否分户或重复建档", view.row(old.row)),
            new.row,
        ));
        // Equal numbers of members: the smaller household number stands, which no row order can change.
        if new.linked > old.linked {
            said.insert(home, new);
        }
    }
    write(register, &said);
    findings.sort_by(|a, b| (&a.at, a.code).cmp(&(&b.at, b.code)));
    findings
}

struct View<'a> {
    source: &'a Source,
    records: &'a Table,
}

fn gather<'a>(register: &Register, view: &View<'a>, links: &Table) -> Option<BTreeMap<&'a str, Household>> {
    let numbers = view.records.text(view.source.name_of(Role::Household)?);
    let home_of = homes(register, links);
    let mut households: BTreeMap<&str, Household> = BTreeMap::new();
    for (row, home) in home_of.iter().enumerate() {
        if numbers.is_null(row) {
            continue;
        }
        let household = households.entry(numbers.value(row)).or_default();
        household.rows.push(row);
        if let Some(home) = home {
            *household.homes.entry(*home).or_default() += 1;
            household.linked += 1;
        }
    }
    Some(households)
}

/// For each record the register household it is linked into.
fn homes(register: &Register, links: &Table) -> Vec<Option<u32>> {
    let ids = register.households.text("household_id");
    let rows: BTreeMap<&str, u32> = ids.iter().flatten().zip(0..).collect();
    let linked = links.text("household_id");
    linked.iter().map(|id| rows.get(id?).copied()).collect()
}

/// The register household of a national one: where most linked members live; among equals, where its head lives.
fn home(
    register: &Register,
    view: &View,
    links: &Table,
    household: &Household,
    findings: &mut Vec<FieldFinding>,
) -> Option<u32> {
    let first = household.rows[0];
    let most = *household.homes.values().max().unwrap_or(&0);
    if most == 0 {
        findings.push(view.finding("national.not_found", "户内成员均未与户籍底册对上，请查看待认定匹配", first));
        return None;
    }
    if household.homes.len() > 1 {
        findings.push(view.finding(
            "national.split",
            format!("户内成员分属{}个户籍家庭，以人数多的为准，请核对是否已分户", household.homes.len()),
            first,
        ));
    }
    let best: Vec<u32> = household.homes.iter().filter(|h| *h.1 == most).map(|h| *h.0).collect();
    if let [only] = best[..] {
        return Some(only);
    }
    let heads: Vec<usize> = household.rows.iter().copied().filter(|row| view.is_head(*row)).collect();
    let head_home = match heads[..] {
        [head] => links
            .str_at("household_id", head)
            .and_then(|id| register.households.text("household_id").iter().position(|h| h == Some(id))),
        _ => None,
    };
    match head_home {
        Some(home) if best.contains(&(home as u32)) => Some(home as u32),
        _ => {
            findings.push(view.finding(
                "national.undecided",
                "户内成员平均分属几个户籍家庭，且户主不在其中，暂不对应，请核定",
                first,
            ));
            None
        }
    }
}

impl View<'_> {
    fn row(&self, i: usize) -> i64 {
        self.records.integer("row").value(i)
    }

    fn finding(&self, code: &'static str, message: impl Into<String>, i: usize) -> FieldFinding {
        FieldFinding::of_record(self.records, i, self.source.name_of(Role::Household), code, message)
    }

    fn is_head(&self, i: usize) -> bool {
        self.source.name_of(Role::Relation).and_then(|f| self.records.str_at(f, i)) == Some("head")
    }

    fn said(&self, number: &str, household: &Household, findings: &mut Vec<FieldFinding>) -> Said {
        let mut differing: Vec<&str> = Vec::new();
        let mut one = |role: Role, what: &'static str| -> Option<usize> {
            let field = self.source.name_of(role)?;
            let column = self.records.batch.column(self.records.schema.index(field)?);
            let (row, differ) = self.value_for_all(column, field, household);
            if differ {
                differing.push(what);
            }
            row
        };
        let text = |role: Role, row: Option<usize>| -> Option<String> {
            self.records.str_at(self.source.name_of(role)?, row?).map(str::to_string)
        };
        let kind = one(Role::HouseholdType, "户类型");
        let monitored = one(Role::ListType, "监测对象类别");
        let since = one(Role::MonitoredSince, "识别监测时间");
        let cleared = one(Role::RiskCleared, "风险是否已消除");
        let causes = one(Role::Causes, "风险");
        let field = |role: Role| self.source.name_of(role).unwrap_or_default();
        let said = Said {
            number: number.to_string(),
            kind: text(Role::HouseholdType, kind),
            monitored: text(Role::ListType, monitored),
            since: since.map(|row| self.records.date(field(Role::MonitoredSince)).value(row)),
            // Not monitored: there is no risk that could be cleared.
            cleared: cleared
                .filter(|_| monitored.is_some())
                .map(|row| self.records.boolean(field(Role::RiskCleared)).value(row)),
            causes: text(Role::Causes, causes),
            agreement: match household {
                h if h.homes.len() > 1 => "split",
                h if h.linked < h.rows.len() => "some",
                _ => "all",
            },
            linked: household.homes.values().copied().max().unwrap_or(0),
            row: household.rows[0],
        };
        if !differing.is_empty() {
            findings.push(self.finding(
                "national.members_differ",
                format!("同户成员的户级信息不一致：{}；以户主为准，否则以多数为准", differing.join("、")),
                said.row,
            ));
        }
        said
    }

    /// A row whose value counts for the household: the head's, else one with the most frequent value (the smallest of
    /// equally frequent ones); and whether the members' values differ. Members without a value do not count.
    fn value_for_all(&self, column: &ArrayRef, field: &str, household: &Household) -> (Option<usize>, bool) {
        let mut values: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for row in household.rows.iter().copied().filter(|row| column.is_valid(*row)) {
            let value = self.records.display_at(field, row).unwrap_or_default();
            values.entry(value).or_insert((0, row)).0 += 1;
        }
        let mut heads = household.rows.iter().copied().filter(|row| self.is_head(*row) && column.is_valid(*row));
        let most = values.values().map(|v| v.0).max();
        let frequent = values.values().find(|v| Some(v.0) == most).map(|v| v.1);
        let chosen = match (heads.next(), heads.next()) {
            (Some(head), None) => Some(head),
            _ => frequent,
        };
        (chosen, values.len() > 1)
    }
}

fn write(register: &mut Register, said: &BTreeMap<u32, Said>) {
    let households = 0..register.households.rows() as u32;
    let all: Vec<Option<&Said>> = households.map(|h| said.get(&h)).collect();
    let texts = |value: fn(&Said) -> Option<&str>| -> ArrayRef {
        Arc::new(all.iter().map(|s| s.and_then(value)).collect::<StringArray>())
    };
    // A household that is found there without a type is unknown, one that is not found is not lifted.
    let lifted = |s: &Option<&Said>| match s {
        Some(said) => said.kind.as_deref().map(|kind| kind == "lifted"),
        None => Some(false),
    };
    let columns: [(&str, ArrayRef); 8] = [
        ("national_household_no", texts(|s| Some(&s.number))),
        ("national_type", texts(|s| s.kind.as_deref())),
        ("lifted", Arc::new(all.iter().map(lifted).collect::<BooleanArray>())),
        ("monitored_type", texts(|s| s.monitored.as_deref())),
        ("monitored_since", Arc::new(all.iter().map(|s| s.and_then(|s| s.since)).collect::<Date32Array>())),
        ("risk_cleared", Arc::new(all.iter().map(|s| s.and_then(|s| s.cleared)).collect::<BooleanArray>())),
        ("monitored_causes", texts(|s| s.causes.as_deref())),
        ("national_agreement", texts(|s| Some(s.agreement))),
    ];
    let schema = register.households.schema.clone();
    let mut arrays = register.households.batch.columns().to_vec();
    for (name, array) in columns {
        let i = schema.index(name).unwrap_or_else(|| panic!("table households declares column {name}"));
        arrays[i] = array;
    }
    register.households = Table::new(schema, arrays);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::person::testing::{Row, model, number, records, source};
    use crate::link::{link, register};
    use crate::model::build::Value;

    fn person(i: u32) -> Row {
        let name = ["张建国", "陈秀英", "张丽", "王强", "赵敏", "钱程"][i as usize];
        Row::new(name).number(&number("990121", "19700105", 10 + i))
    }

    /// Three register households of two.
    fn county() -> Register {
        let source = source("population");
        let rows: Vec<Row> = (0..6)
            .map(|i| {
                person(i).household(["001", "002", "003"][i as usize / 2], if i % 2 == 0 { "head" } else { "spouse" })
            })
            .collect();
        register(&source, &records(&source, &rows), jiff::civil::date(2026, 9, 30))
    }

    fn attach(rows: &[Row]) -> (Register, Vec<&'static str>) {
        let mut register = county();
        let source = source("national_system");
        let records = records(&source, rows);
        let linked = link(&register, &source, &records, &model());
        let findings = attach_national(&mut register, &source, &records, &linked.links);
        let codes = findings.iter().map(|p| p.code).collect();
        (register, codes)
    }

    /// One column of the three households.
    fn column(register: &Register, name: &str) -> [Option<String>; 3] {
        std::array::from_fn(|i| register.households.display_at(name, i))
    }

    fn some(texts: [&str; 3]) -> [Option<String>; 3] {
        texts.map(|t| (!t.is_empty()).then(|| t.to_string()))
    }

    #[test]
    fn households_take_over_what_the_system_says() {
        let monitored = |row: Row| {
            row.set("household_type", "general")
                .set("list_type", "marginal")
                .set("monitored_since", Value::Date(19_844))
                .set("risk_cleared", false)
                .set("causes", "disability|illness")
        };
        let (register, findings) = attach(&[
            person(0).household("N1", "head").set("household_type", "lifted").set("risk_cleared", false),
            person(1).household("N1", "spouse"),
            monitored(person(2).household("N2", "head")),
            monitored(Row::new("不在册").household("N2", "spouse")),
        ]);
        assert_eq!(findings, Vec::<&str>::new());
        assert_eq!(column(&register, "national_household_no"), some(["N1", "N2", ""]));
        assert_eq!(column(&register, "national_type"), some(["lifted", "general", ""]));
        assert_eq!(column(&register, "lifted"), some(["是", "否", "否"]));
        assert_eq!(column(&register, "monitored_type"), some(["", "marginal", ""]));
        assert_eq!(column(&register, "monitored_since"), some(["", "2024-05-01", ""]));
        assert_eq!(column(&register, "risk_cleared"), some(["", "否", ""]));
        assert_eq!(column(&register, "monitored_causes"), some(["", "disability|illness", ""]));
        assert_eq!(column(&register, "national_agreement"), some(["all", "some", ""]));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let lifted =
            |i: u32, no: &str, relation: &str| person(i).household(no, relation).set("household_type", "lifted");
        // Split two to one: the larger part has it.
        let (register, findings) = attach(&[lifted(0, "N1", "head"), lifted(2, "N1", "son"), lifted(3, "N1", "son")]);
        assert_eq!(findings, ["national.split"]);
        assert_eq!(column(&register, "national_agreement"), some(["", "split", ""]));
        // Split one to one: the head's part has it; without a head nobody.
        let (register, findings) = attach(&[lifted(2, "N1", "son"), lifted(0, "N1", "head")]);
        assert_eq!(findings, ["national.split"]);
        assert_eq!(column(&register, "lifted"), some(["是", "否", "否"]));
        let (register, findings) = attach(&[lifted(2, "N1", "son"), lifted(0, "N1", "son")]);
        assert_eq!(findings, ["national.split", "national.undecided"]);
        assert_eq!(column(&register, "lifted"), some(["否", "否", "否"]));
        // Claimed twice: more members first, then the smaller number.
        for order in [[0, 1], [1, 0]] {
            let rows = [lifted(0, "N2", "head"), lifted(1, "N1", "head")];
            let (register, findings) = attach(&order.map(|i| rows[i].clone()));
            assert_eq!(findings, ["national.claimed_twice"]);
            assert_eq!(column(&register, "national_household_no"), some(["N1", "", ""]));
        }
        // Nobody found; members who differ.
        let (register, findings) = attach(&[
            Row::new("不在册").household("N1", "head"),
            person(4).household("N2", "spouse").set("household_type", "lifted"),
            person(5).household("N2", "head").set("household_type", "general"),
        ]);
        assert_eq!(findings, ["national.not_found", "national.members_differ"]);
        assert_eq!(column(&register, "national_type"), some(["", "", "general"]));
    }

    #[test]
    fn a_household_without_type_is_unknown() {
        let (register, _) = attach(&[person(0).household("N1", "head")]);
        assert_eq!(column(&register, "lifted"), [None, Some("否".into()), Some("否".into())]);
        let mut without = source("national_system");
        without.fields.retain(|f| f.role != Some(Role::Household));
        let mut register = county();
        let records = records(&without, &[person(0)]);
        let linked = link(&register, &without, &records, &model());
        let findings = attach_national(&mut register, &without, &records, &linked.links);
        // The plan's check has told that the contract lacks the role; here nothing is said of any household.
        assert_eq!(findings, []);
        assert_eq!(column(&register, "lifted"), [None, None, None]);
    }
}
