//! Rule tests: `tests/*.toml` → [`RuleTest`]. What they name must exist, so the plan's rules are needed.

use std::collections::BTreeMap;

use super::reader::Section;
use super::schema;
use super::types::{Judged, Plan, RuleTest};
use crate::diag::{Diagnostic, Place, nearest};
use crate::model::table::Column;

const OUTCOMES: [(&str, Judged); 3] = [("hit", Judged::Hit), ("miss", Judged::Miss), ("unknown", Judged::Unknown)];

/// Reads a file of rule tests.
pub(super) fn read(file: &Section, plan: &Plan) -> Vec<RuleTest> {
    let mut tests = Vec::new();
    for section in file.sections("test") {
        tests.extend(test(&section, plan));
        section.finish();
    }
    tests
}

fn test(section: &Section, plan: &Plan) -> Option<RuleTest> {
    let id = section.need_text("rule");
    let title = section.need_text("title");
    let as_of = section.need_day("as_of");
    let expect = section.need_word("expect", &OUTCOMES, Judged::Miss);
    let given = section.section("given");
    let keys = given.as_ref().map(Section::keys).unwrap_or_default();
    let Some(rule) = plan.rules.iter().find(|r| r.id == id) else {
        if !id.is_empty() {
            let near = nearest(&id, plan.rules.iter().map(|r| r.id.as_str()));
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write the rule first, in the folder rules".to_string(),
            };
            section.error("plan.unknown_rule", "rule", format!("there is no rule `{id}`"), hint);
        }
        return None;
    };
    let columns = schema::columns_of(plan, rule);
    let mut values = BTreeMap::new();
    if let Some(given) = given {
        for (key, place) in keys {
            match columns.iter().find(|c| c.name == key) {
                Some(column) => {
                    let value = given.value(&key, column.kind);
                    values.extend(value.map(|v| (key, v)));
                }
                None => given.report(unknown_column(&key, &columns, place)),
            }
        }
    }
    Some(RuleTest { rule: id, title, given: values, as_of, expect, place: section.place() })
}

fn unknown_column(key: &str, columns: &[Column], place: Place) -> Diagnostic {
    let hint = match nearest(key, columns.iter().map(|c| c.name.as_str())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name an indicator of the rule's level or a built-in column such as lifted or size".to_string(),
    };
    let message = format!("the rule cannot name a column `{key}`");
    Diagnostic::error("plan.unknown_column", message, place).hint(hint)
}
