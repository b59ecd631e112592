//! The truth behind the sample, read as it stands in its folder `truth`; the program under test never sees it.

use std::collections::BTreeMap;

use super::support::county;

/// A row of a file: source, file, sheet, row.
pub type At = (String, String, String, i64);

/// One row that the generator wrote into a file.
pub struct Row {
    /// Where.
    pub at: At,
    /// The person or village it really is about; empty when nobody of the register.
    pub pid: String,
    /// data, duplicate, total or noise.
    pub kind: String,
    /// What was done to it.
    pub faults: Vec<String>,
}

/// One household of the county.
pub struct Household {
    /// The generator's name for it.
    pub household: String,
    /// Household number of the register.
    pub number: String,
    /// Really at risk.
    pub at_risk: bool,
    /// unstable, marginal or sudden; empty when not at risk.
    pub list_type: String,
    /// The causes that some department's data show.
    pub online_causes: String,
    /// A department's data show at least one of them.
    pub visible_online: bool,
    /// What the village wrote, if it reported the household: type (empty when left blank) and causes.
    pub reported: Option<(String, String)>,
    /// Monitored in the national system with the risk not cleared.
    pub monitored: bool,
}

fn read(name: &str) -> Vec<BTreeMap<String, String>> {
    let path = county().join("truth").join(name);
    let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    reader.deserialize().map(|r| r.unwrap()).collect()
}

fn split(text: &str) -> Vec<String> {
    text.split('|').filter(|p| !p.is_empty()).map(str::to_string).collect()
}

/// The register's file, the only one of its source.
const REGISTER: &str = "公安/户籍人口底册.csv";

/// Every row of every file. The register's rows stand with their persons; only its copies and second entries stand in
/// `records.csv` too, with what was done to them.
pub fn rows() -> Vec<Row> {
    let mut rows = listed();
    let known: std::collections::BTreeSet<At> = rows.iter().map(|r| r.at.clone()).collect();
    for mut person in read("persons.csv") {
        let pid = person.remove("pid").unwrap();
        for row in split(&person["register_rows"]) {
            let at = ("population".to_string(), REGISTER.to_string(), String::new(), row.parse().unwrap());
            if !known.contains(&at) {
                rows.push(Row { at, pid: pid.clone(), kind: "data".into(), faults: Vec::new() });
            }
        }
    }
    rows
}

fn listed() -> Vec<Row> {
    read("records.csv")
        .into_iter()
        .map(|mut r| {
            let mut take = |k: &str| r.remove(k).unwrap_or_else(|| panic!("records.csv has no column {k}"));
            Row {
                at: (take("source"), take("file"), take("sheet"), take("row").parse().unwrap()),
                pid: take("pid"),
                kind: take("kind_of_row"),
                faults: split(&take("faults")),
            }
        })
        .collect()
}

/// Person → household.
pub fn household_of_person() -> BTreeMap<String, String> {
    read("persons.csv").into_iter().map(|mut r| (r.remove("pid").unwrap(), r.remove("household").unwrap())).collect()
}

/// All households.
pub fn households() -> Vec<Household> {
    read("households.csv")
        .into_iter()
        .map(|mut r| {
            let mut take = |k: &str| r.remove(k).unwrap_or_else(|| panic!("households.csv has no column {k}"));
            Household {
                household: take("household"),
                number: take("household_number"),
                at_risk: take("at_risk") == "true",
                list_type: take("list_type"),
                online_causes: take("online_causes"),
                visible_online: take("visible_online") == "true",
                reported: (take("village_knows") == "true").then(|| (take("village_type"), take("village_causes"))),
                monitored: take("monitored") == "true" && take("risk_cleared") != "true",
            }
        })
        .collect()
}

/// Household → (cause, source that shows it; empty when only the village knows).
pub fn risks() -> BTreeMap<String, Vec<(String, String)>> {
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for mut r in read("risks.csv") {
        let mut take = |k: &str| r.remove(k).unwrap_or_else(|| panic!("risks.csv has no column {k}"));
        found.entry(take("household")).or_default().push((take("cause"), take("source")));
    }
    found
}
