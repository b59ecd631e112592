//! Faults of deliveries (10–12) and of rules (26): what came too little, late, again, or hits nobody.

use std::fs;

use super::super::support::outcome;
use super::{FIRST, Office, SECOND};

const REGISTER: &str = "公安/户籍人口底册.csv";

#[test]
fn fault_10_far_fewer_rows_and_empty_files() {
    for (name, keep, told) in [("a-third", 3, "delivery.held"), ("headings-alone", usize::MAX, "ingest.no_rows")] {
        let office = Office::after(name);
        office.rewrite(REGISTER, |text| {
            let n = text.lines().count();
            let lines: Vec<&str> = text.lines().take(1 + n / keep).collect();
            lines.join("\n") + "\n"
        });
        let (code, _, err) = office.night(SECOND);
        assert_eq!(code, 65, "{name}: {err}");
        assert!(err.contains(told), "{name}: {err}");
        office.stands_in("population");
        let accepted = |day| office.count(day, "population", "accepted");
        assert_eq!(accepted(SECOND), accepted(FIRST), "nobody has left the county by it");
    }
}

#[test]
fn fault_11_department_late() {
    let office = Office::after("late");
    fs::remove_file(office.inbox("民政/临时救助台账.xlsx")).unwrap();
    let (code, _, err) = office.night(SECOND);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("delivery.late"), "{err}");
    office.stands_in("temporary_relief");
    let report = fs::read_to_string(office.round(SECOND).join("report.html")).unwrap();
    assert!(report.contains("沿用2026-09-30的数据"), "the banner says as of when");
}

#[test]
fn fault_12_same_file_again_under_a_new_name() {
    let office = Office::after("again");
    fs::rename(office.inbox("民政/临时救助台账.xlsx"), office.inbox("民政/临时救助（十月）.xlsx")).unwrap();
    let kept = || fs::read_dir(office.out().join("deliveries")).unwrap().count();
    let before = kept();
    let (code, _, err) = office.night(SECOND);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("delivery.same_again"), "{err}");
    office.stands_in("temporary_relief");
    assert_eq!(kept(), before, "known by its hash");
}

#[test]
fn fault_26_rules_that_hit_nobody_are_flagged() {
    let office = Office::after("nobody");
    let (code, json, err) = outcome(office.command("plan", SECOND).arg("--json"));
    assert_eq!(code, 0, "{err}");
    assert!(json.contains("hits_nobody"), "sixty households do not meet every rule");
}
