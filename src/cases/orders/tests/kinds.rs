//! Every paper: what it asks is known to the process, and nobody sees more than is needed.

use super::super::kinds;
use super::*;
use crate::model::form::{FormSpec, Use};
use crate::plan::process::{ORDER_TRIGGERS, TRIGGERS};
use crate::plan::remedies::HEALTH_WORDS;

fn all() -> Vec<FormSpec> {
    let plan = plan();
    vec![
        kinds::publicity(),
        kinds::township(),
        kinds::meeting(),
        kinds::order(&plan),
        kinds::filing(),
        kinds::monthly(),
        kinds::exit(),
        kinds::remeasure(),
    ]
}

#[test]
fn every_answer_is_a_step_that_the_process_knows() {
    for spec in all() {
        let kind = spec.kind.title();
        let mut headings: Vec<&str> = spec.columns.iter().chain(&spec.head).map(|c| c.heading.as_str()).collect();
        let count = headings.len();
        headings.sort_unstable();
        headings.dedup();
        assert_eq!(headings.len(), count, "{kind}: a heading stands twice");
        let Some(Use::Asked { entry: crate::model::form::Entry::OneOf(choices), .. }) =
            spec.column(&spec.result).map(|c| c.role.clone())
        else {
            panic!("{kind}: the deciding answer has no choices");
        };
        for choice in &choices {
            let trigger = spec.meaning(choice).unwrap_or_else(|| panic!("{kind}: {choice} means nothing"));
            assert!(TRIGGERS.contains(&trigger) || ORDER_TRIGGERS.contains(&trigger), "{kind}: {trigger}");
        }
        assert!(spec.columns.iter().any(|c| c.role == Use::Token), "{kind}");
        assert!(spec.columns.iter().any(|c| c.role == Use::Given { identifies: true }), "{kind}");
        // Who and when are asked, in the rows or on the cover.
        let details: Vec<&str> = spec
            .columns
            .iter()
            .chain(&spec.head)
            .filter_map(|c| match &c.role {
                Use::Asked { detail, .. } => Some(*detail),
                _ => None,
            })
            .collect();
        assert!(details.contains(&"by"), "{kind}");
    }
}

#[test]
fn what_a_step_needs_is_asked_on_its_paper() {
    let process = crate::plan::process::shipped();
    for spec in all() {
        let asked: Vec<&str> = spec
            .columns
            .iter()
            .chain(&spec.head)
            .filter_map(|c| match &c.role {
                Use::Asked { detail, .. } => Some(*detail),
                _ => None,
            })
            .collect();
        for (choice, trigger) in &spec.meanings {
            let machine = if trigger.starts_with("order.") { &process.orders } else { &process.cases };
            for step in machine.moves.iter().filter(|m| m.on.contains(trigger)) {
                // The month and the amount stand on the paper; they are not asked again.
                let given = ["month", "amount"];
                let lacking: Vec<&String> = step
                    .needs
                    .iter()
                    .filter(|need| !asked.contains(&need.as_str()) && !given.contains(&need.as_str()))
                    .collect();
                assert!(lacking.is_empty(), "{} {choice}: {lacking:?}", spec.kind.title());
            }
        }
    }
}

#[test]
fn the_publicity_list_has_no_place_for_numbers_or_health() {
    let spec = kinds::publicity();
    for column in &spec.columns {
        for word in ["证件", "身份证", "电话", "账号", "依据"].into_iter().chain(HEALTH_WORDS) {
            assert!(!column.heading.contains(word), "{}", column.heading);
        }
    }
}
