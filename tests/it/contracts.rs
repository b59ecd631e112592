//! Contracts from the outside: drafts that pass the check, schemas that editors read, data whose permission has ended.

use std::collections::BTreeSet;
use std::fs;

use super::support::{AS_OF, bidui, copy_tree, outcome, root, run, scratch, table};

/// Files of each kind; their drafts are put in place of nothing: beside the shipped contracts, under a name of their own.
const DELIVERED: [&str; 5] = [
    "公安/户籍人口底册.csv",
    "水利/农户饮水台账.csv",
    "住建/农村房屋鉴定.xlsx",
    "统计/农户收支监测.parquet",
    "乡村振兴/（自定义）监测对象信息 (22).xlsx",
];

#[test]
fn a_drafted_contract_passes_the_check_and_holds_nobody() {
    let office = scratch("infer");
    copy_tree(&root().join("pipelines"), &office.join("pipelines"));
    let names: BTreeSet<String> = fs::read_to_string(root().join("sample-data/truth/persons.csv"))
        .unwrap()
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').nth(3).map(str::to_string))
        .filter(|name| name.chars().count() > 2)
        .collect();
    let mut ids = Vec::new();
    for file in DELIVERED {
        let file = root().join("sample-data").join(file);
        let (code, draft, err) = outcome(bidui().args(["check", "--as-of", AS_OF, "--infer"]).arg(&file));
        assert_eq!(code, 0, "{}: {err}", file.display());
        assert!(!err.contains("error"), "{err}");
        for word in draft.split(|c: char| !c.is_alphanumeric()) {
            assert!(!word.starts_with("990121"), "a number stands in the draft of {}", file.display());
            assert!(!names.contains(word), "a name stands in the draft of {}", file.display());
        }
        let id = draft.lines().find_map(|l| l.strip_prefix("id = ")).unwrap().trim_matches('"').to_string();
        fs::write(office.join(format!("pipelines/shared/sources/{id}.toml")), &draft).unwrap();
        ids.push(id);
    }
    let pipeline = office.join("pipelines/quarterly/pipeline.toml");
    let text = fs::read_to_string(&pipeline).unwrap();
    let more: String = ids.iter().map(|id| format!("\"{id}\", ")).collect();
    fs::write(&pipeline, text.replacen("sources = [", &format!("sources = [{more}"), 1)).unwrap();
    let (code, _, err) = outcome(bidui().arg("check").arg(office.join("pipelines/quarterly")));
    assert_eq!(code, 0, "{err}");
}

#[test]
fn a_schema_is_one_json_document() {
    for kind in
        ["contract", "pipeline", "params", "rules", "tests", "process", "remedies", "model", "generic-model", "codes"]
    {
        let (code, text, err) = outcome(bidui().args(["schema", kind]));
        assert_eq!(code, 0, "{err}");
        let schema: serde_json::Value = serde_json::from_str(&text).expect("stdout is one JSON document");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{kind}");
    }
}

#[test]
fn data_whose_permission_has_ended_are_not_used() {
    let office = scratch("expired");
    copy_tree(&root().join("pipelines"), &office.join("pipelines"));
    let contract = office.join("pipelines/shared/sources/dibao.toml");
    let text = fs::read_to_string(&contract).unwrap();
    fs::write(&contract, text.replacen("valid_until = 2030-12-31", "valid_until = 2026-09-29", 1)).unwrap();
    let pipeline = office.join("pipelines/quarterly");
    let out = office.join("out");
    let (code, line, err) = run(&pipeline, &root().join("sample-data"), &out, AS_OF);
    assert_eq!(code, 65, "{line} {err}");
    assert!(err.contains("contract.expired") && err.contains("dibao.toml:"), "{err}");
    let round = out.join("rounds/2026Q3");
    assert_eq!(table(&round, "records_dibao").rows(), 0);
    let (code, _, err) = outcome(bidui().arg("check").arg(&pipeline).args(["--as-of", AS_OF]));
    assert_eq!(code, 0, "a word of warning before anything is used: {err}");
    assert!(err.contains("contract.expired"), "{err}");
}
