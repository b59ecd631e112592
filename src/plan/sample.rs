//! A small plan for unit tests: the policy's causes, no files behind it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::types::{Cadence, Cause, LinkModel, Plan};
use crate::diag::Place;

/// A plan that knows some causes and departments and nothing else.
pub fn plan() -> Plan {
    let cause = |code: &str, title: &str, department: &str| Cause {
        code: code.into(),
        title: title.into(),
        department: department.into(),
    };
    Plan {
        name: "quarterly".into(),
        title: "季度线上筛查与线下比对".into(),
        dir: PathBuf::new(),
        county: "澄岚县".into(),
        cadence: Cadence::Quarterly,
        sources: Vec::new(),
        params: BTreeMap::new(),
        indicators: Vec::new(),
        rules: Vec::new(),
        rule_tests: Vec::new(),
        model: LinkModel {
            name: "person-cn".into(),
            version: 1,
            linked_at: 18.0,
            possible_at: 8.0,
            margin: 4.0,
            max_block: 200,
            comparisons: Vec::new(),
            place: Place::default(),
        },
        codes_dir: PathBuf::new(),
        causes: vec![
            cause("illness", "因病", "医保局"),
            cause("education", "因学", "教育局"),
            cause("disability", "因残", "残联"),
            cause("housing", "因安全住房", "住建局"),
            cause("water", "因安全饮水", "水利局"),
            cause("other", "其他", "农业农村局"),
        ],
        files: Vec::new(),
    }
}
