//! A new source, a new rule and a new threshold are each added by editing files under `pipelines/` alone.

use std::fs;

use super::support::{AS_OF, copy_tree, manifest, root, run, scratch, table};

const CONTRACT: &str = r#"
id = "new_vehicle"
title = "机动车登记"
department = "公安局交警大队"
role = "department"
subject = "person"
format = "csv"
files = ["公安/机动车登记*.csv"]
header_rows = 1
header_within = 5

[[field]]
name = "owner"
heading = "所有人"
kind = "name"
role = "name"
required = true
meaning = "Name of the owner."

[[field]]
name = "owner_number"
heading = "身份证号"
kind = "id_number"
role = "id_number"
required = true
meaning = "Identity number of the owner."

[[field]]
name = "registered_on"
heading = "初次登记日期"
kind = "date"
meaning = "Day of the first registration."
"#;

const RULES: &str = r#"
[[indicator]]
name = "young_cars"
title = "近几年登记的车辆"
level = "household"
source = "new_vehicle"
filter = "registered_on > :as_of - INTERVAL '60 months'"
value = "count(*)"
kind = "integer"
unit = "vehicle"
absent = "zero"
meaning = "Cars first registered in the last five years."

[[rule]]
id = "NEG-CAR"
version = 1
title = "家中有近年登记的车辆"
level = "household"
role = "cautions"
risk = "other"
cause = "other"
when = "young_cars >= :cars_that_ask"
evidence = "近五年登记车辆{young_cars}辆"
document = "002 R170"
"#;

const THRESHOLD: &str = r#"
[[param]]
name = "cars_that_ask"
title = "需说明理由的车辆数"
kind = "integer"
unit = "vehicle"
values = [{ from = 2020-01-01, value = 1, document = "002 R170" }]
"#;

#[test]
fn a_source_a_rule_and_a_threshold_without_rust() {
    let dir = scratch("additions");
    copy_tree(&root().join("pipelines"), &dir.join("pipelines"));
    copy_tree(&root().join("sample-data"), &dir.join("inbox"));
    let quarterly = dir.join("pipelines/quarterly");

    // Whose car? The head of the first household on the sample's online list, and a stranger.
    let online = table(super::support::sample_round(), "online_list");
    let (name, number) = (online.str_at("head_name", 0).unwrap(), online.str_at("head_id_number", 0).unwrap());
    let household = online.str_at("household_id", 0).unwrap();
    let cars = format!("所有人,身份证号,初次登记日期\n{name},{number},2024-05-01\n查无此人,,2025-01-01\n");
    fs::write(dir.join("inbox/公安/机动车登记.csv"), cars).unwrap();

    fs::write(dir.join("pipelines/shared/sources/new_vehicle.toml"), CONTRACT).unwrap();
    fs::write(quarterly.join("rules/vehicle.toml"), RULES).unwrap();
    let params = quarterly.join("params.toml");
    fs::write(&params, fs::read_to_string(&params).unwrap() + THRESHOLD).unwrap();
    let file = quarterly.join("pipeline.toml");
    let text = fs::read_to_string(&file).unwrap();
    let with = text.replacen("\"population\",", "\"population\", \"new_vehicle\",", 1);
    assert_ne!(text, with, "the pipeline names its sources");
    fs::write(&file, with).unwrap();

    let (code, _, err) = run(&quarterly, &dir.join("inbox"), &dir.join("out"), AS_OF);
    assert_eq!(code, 0, "{err}");
    let round = dir.join("out/rounds/2026Q3");
    let source = manifest(&round)["sources"].as_array().unwrap().iter().find(|s| s["source"] == "new_vehicle").cloned();
    let source = source.expect("the new source is in the manifest");
    assert_eq!((source["read"].as_u64(), source["links"]["linked"].as_u64()), (Some(2), Some(1)), "{source}");

    let hits = table(&round, "rule_hits");
    let ours: Vec<usize> = (0..hits.rows()).filter(|&i| hits.str_at("rule", i) == Some("NEG-CAR")).collect();
    assert_eq!(ours.len(), 1);
    assert_eq!(hits.str_at("household_id", ours[0]), Some(household));
    assert_eq!(hits.str_at("evidence", ours[0]), Some("近五年登记车辆1辆"));
    let listed = table(&round, "online_list");
    let row = (0..listed.rows()).find(|&i| listed.str_at("household_id", i) == Some(household));
    let cautions = row.and_then(|i| listed.str_at("cautions", i)).unwrap_or("");
    assert!(cautions.contains("近五年登记车辆1辆"), "the car asks for a reason and removes nobody: {cautions}");

    // A threshold of two: the same car asks nothing.
    fs::write(
        &params,
        fs::read_to_string(&params)
            .unwrap()
            .replace("value = 1, document = \"002 R170\"", "value = 2, document = \"002 R170\""),
    )
    .unwrap();
    assert_eq!(run(&quarterly, &dir.join("inbox"), &dir.join("out"), AS_OF).0, 0);
    let hits = table(&round, "rule_hits");
    assert!((0..hits.rows()).all(|i| hits.str_at("rule", i) != Some("NEG-CAR")));
}
