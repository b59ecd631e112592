//! Links: is each record linked to the person it really is about?

use std::collections::BTreeMap;

use super::{ratio, share};
use crate::support::{sample_round, table};
use crate::truth::{self, At};

/// One accepted record of a source that is about people, with what became of it and what it really is.
pub struct Judged {
    pub at: At,
    pub status: String,
    /// The generator's name of the person it was linked to.
    pub linked_to: Option<String>,
    /// Persons proposed for it.
    pub candidates: Vec<String>,
    pub row: truth::Row,
}

/// Register record → person, by its cell: the generator knows whose row it wrote.
fn people() -> BTreeMap<String, String> {
    let round = sample_round();
    let records = table(round, "records_population");
    let of_cell: BTreeMap<At, String> = truth::rows().into_iter().map(|r| (r.at, r.pid)).collect();
    let mut pid_of_record = BTreeMap::new();
    for i in 0..records.rows() {
        let text = |c| records.str_at(c, i).unwrap_or("").to_string();
        let at = ("population".to_string(), text("file"), text("sheet"), records.integer("row").value(i));
        pid_of_record.insert(text("record_id"), of_cell[&at].clone());
    }
    let persons = table(round, "persons");
    (0..persons.rows())
        .map(|i| {
            let text = |c| persons.str_at(c, i).unwrap().to_string();
            (text("person_id"), pid_of_record[&text("record_id")].clone())
        })
        .collect()
}

/// Every accepted record about a person.
pub fn judged() -> Vec<Judged> {
    let round = sample_round();
    let people = people();
    let mut rows: BTreeMap<At, truth::Row> = truth::rows().into_iter().map(|r| (r.at.clone(), r)).collect();
    let mut cells: BTreeMap<String, At> = BTreeMap::new();
    for source in crate::support::manifest(round)["sources"].as_array().unwrap() {
        let id = source["source"].as_str().unwrap();
        let records = table(round, &format!("records_{id}"));
        for i in 0..records.rows() {
            let text = |c| records.str_at(c, i).unwrap_or("").to_string();
            cells.insert(text("record_id"), (id.into(), text("file"), text("sheet"), records.integer("row").value(i)));
        }
    }
    let possible = table(round, "possible_links");
    let mut candidates: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for i in 0..possible.rows() {
        let person = people[possible.str_at("person_id", i).unwrap()].clone();
        candidates.entry(possible.str_at("record_id", i).unwrap().to_string()).or_default().push(person);
    }
    let links = table(round, "links");
    let mut judged = Vec::new();
    for i in 0..links.rows() {
        if links.str_at("source", i) == Some("water_village") {
            continue;
        }
        let record = links.str_at("record_id", i).unwrap();
        let at = cells[record].clone();
        let row = rows.remove(&at).unwrap_or_else(|| panic!("the truth has no row {at:?}"));
        judged.push(Judged {
            status: links.str_at("status", i).unwrap().to_string(),
            linked_to: links.str_at("person_id", i).map(|p| people[p].clone()),
            candidates: candidates.remove(record).unwrap_or_default(),
            at,
            row,
        });
    }
    judged
}

fn known(j: &Judged) -> bool {
    !j.row.pid.is_empty()
}

fn right(j: &Judged) -> bool {
    j.linked_to.as_deref() == Some(j.row.pid.as_str())
}

#[test]
fn links_are_right_and_few_are_missed() {
    let judged = judged();
    let mut lines = vec!["source | linked | precision | recall | possible | conflict | unlinked".to_string()];
    let mut sources: Vec<&str> = judged.iter().map(|j| j.at.0.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let figures = |of: &[&Judged]| {
        let linked = of.iter().filter(|j| j.linked_to.is_some()).count();
        let correct = of.iter().filter(|j| j.linked_to.is_some() && right(j)).count();
        let findable = of.iter().filter(|j| known(j)).count();
        (linked, correct, findable)
    };
    for source in sources.iter().copied().chain(["all"]) {
        let of: Vec<&Judged> = judged.iter().filter(|j| source == "all" || j.at.0 == source).collect();
        let (linked, correct, findable) = figures(&of);
        let state = |s: &str| of.iter().filter(|j| j.status == s).count();
        lines.push(format!(
            "{source} | {linked} | {} | {} | {} | {} | {}",
            share(correct, linked),
            share(correct, findable),
            state("possible"),
            state("conflict"),
            state("unlinked")
        ));
    }
    let wrong: Vec<&Judged> = judged.iter().filter(|j| j.linked_to.is_some() && !right(j)).collect();
    lines.push(String::new());
    lines.push("wrong links".to_string());
    lines.extend(wrong.iter().map(|j| format!("{}!{}:{} | {}", j.at.1, j.at.2, j.at.3, j.row.faults.join(","))));
    lines.push(String::new());
    lines.push("not linked though in the register, by what was done to the record".to_string());
    let mut missed: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    for j in judged.iter().filter(|j| known(j) && j.linked_to.is_none()) {
        let faults = if j.row.faults.is_empty() { "nothing".to_string() } else { j.row.faults.join(",") };
        let entry = missed.entry((j.status.clone(), faults)).or_default();
        entry.0 += 1;
        entry.1 += usize::from(j.candidates.contains(&j.row.pid));
    }
    lines.extend(missed.iter().map(|((s, f), (n, c))| format!("{s} | {f} | {n}, the true person a candidate in {c}")));
    insta::with_settings!({snapshot_path => "snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("links", lines.join("\n"));
    });

    let (linked, correct, findable) = figures(&judged.iter().collect::<Vec<_>>());
    assert!(ratio(correct, linked) >= 0.999, "precision {}", share(correct, linked));
    assert!(ratio(correct, findable) >= 0.985, "recall {}", share(correct, findable));
}

#[test]
fn no_relatives_number_is_linked_in_silence() {
    let judged = judged();
    let relatives: Vec<&Judged> =
        judged.iter().filter(|j| j.row.faults.iter().any(|f| f == "number_relative")).collect();
    assert!(relatives.len() >= 20, "the sample holds relatives' numbers, found {}", relatives.len());
    let wrong: Vec<_> = relatives.iter().filter(|j| j.linked_to.is_some() && !right(j)).map(|j| &j.at).collect();
    assert!(wrong.is_empty(), "linked to the relative: {wrong:?}");
}
