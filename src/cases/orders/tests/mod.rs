//! Steps in → order, findings, papers out.

mod checks;
mod conduct;
mod kinds;
mod papers;

use std::collections::BTreeMap;

use jiff::civil::{Date, date};

use super::*;
use crate::plan::{Cap, Fund, Plan, Remedies, Remedy, sample};

fn event(trigger: &str, to: &str, day: Date, details: &[(&str, &str)]) -> OrderEvent {
    OrderEvent {
        trigger: trigger.into(),
        from: String::new(),
        to: to.into(),
        day,
        by: "医保局王".into(),
        reason: String::new(),
        details: details.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect(),
    }
}

fn head(order: u32) -> OrderHead {
    OrderHead {
        order,
        case: 7,
        household: "H1".into(),
        list_type: "marginal".into(),
        cause: "illness".into(),
        department: "医保局".into(),
        identified_on: date(2026, 7, 10),
        opened_on: date(2026, 7, 15),
    }
}

fn opened() -> OrderEvent {
    event(OPEN, "drafted", date(2026, 7, 15), &[])
}

fn planned(details: &[(&str, &str)]) -> OrderEvent {
    event(PLAN, "planned", date(2026, 7, 20), details)
}

fn filed(details: &[(&str, &str)]) -> OrderEvent {
    event(FILE, "filed", date(2026, 7, 22), details)
}

fn fold(order: u32, events: &[OrderEvent]) -> Order {
    Order::fold(head(order), events, |state| matches!(state, "done" | "cancelled"))
}

fn plan() -> Plan {
    let measure = |code: &str, title: &str, causes: &[&str], special: bool, top_up: bool| Remedy {
        code: code.into(),
        title: title.into(),
        causes: causes.iter().map(|c| (*c).to_string()).collect(),
        special,
        top_up,
        document: "文件甲".into(),
        place: crate::diag::Place::default(),
    };
    let cap = |measure: &str, group: Option<&str>, yuan: i128| Cap {
        measure: measure.into(),
        group: group.map(String::from),
        amount: yuan * 100,
        from: None,
        until: None,
        document: "文件乙".into(),
        place: crate::diag::Place::default(),
    };
    let fund = |code: &str, title: &str, types: &[&str], review: &[&str]| Fund {
        code: code.into(),
        title: title.into(),
        list_types: types.iter().map(|t| (*t).to_string()).collect(),
        review: review.iter().map(|t| (*t).to_string()).collect(),
        document: "000 R203".into(),
    };
    Plan {
        remedies: Remedies {
            measures: vec![
                measure("aid", "医疗救助", &["illness"], false, false),
                measure("repair", "危房改造", &["housing"], false, false),
                measure("special", "特殊救助", &[], true, false),
                measure("top_up", "特别救助（补差）", &[], true, true),
            ],
            caps: vec![cap("aid", Some("lifted"), 5000), cap("aid", Some("marginal"), 6000)],
            funds: vec![
                fund("poverty", "扶贫资金", &["unstable"], &[]),
                fund("fiscal", "财政投入", &["marginal"], &["marginal"]),
                fund("sector", "行业资金", &["marginal", "unstable"], &[]),
            ],
            ..Remedies::default()
        },
        ..sample::plan()
    }
}

#[test]
fn an_order_is_what_its_steps_make_it() {
    let order = fold(
        1,
        &[
            opened(),
            planned(&[("measure", "医疗救助"), ("amount", "3,000"), ("fund", "行业资金")]),
            filed(&[("number", "备〔2026〕1号")]),
            event(START, "in_progress", date(2026, 8, 1), &[]),
            event(
                REPORT,
                "in_progress",
                date(2026, 9, 3),
                &[("month", "2026年8月"), ("progress", "已发"), ("paid", "1000")],
            ),
        ],
    );
    let planned = order.planned.as_ref().expect("planned");
    assert_eq!((planned.amount, planned.fund.as_deref()), (Some(300_000), Some("行业资金")));
    assert_eq!(order.filed, Some((date(2026, 7, 22), "备〔2026〕1号".to_string())));
    assert_eq!(order.returns[0].month, date(2026, 8, 1));
    assert_eq!((order.state.as_str(), order.since), ("in_progress", date(2026, 8, 1)));
    assert!(!order.closed);
}

#[test]
fn what_was_undone_or_planned_anew_no_longer_counts() {
    let plan = planned(&[("measure", "医疗救助")]);
    let undone = event(UNDO, "planned", date(2026, 7, 23), &[]);
    let order = fold(1, &[opened(), plan.clone(), filed(&[("number", "1")]), undone]);
    assert_eq!((order.filed, order.state.as_str()), (None, "planned"));
    assert_eq!(order.since, date(2026, 7, 23));
    let back = event(RETURN, "drafted", date(2026, 7, 24), &[]);
    let again = fold(1, &[opened(), plan, filed(&[("number", "1")]), back]);
    assert_eq!(again.filed, None);
}

#[test]
fn one_order_for_each_risk_and_none_twice() {
    let cases = [
        Approved { case: 3, causes: "water|illness|illness".into() },
        Approved { case: 4, causes: String::new() },
        Approved { case: 5, causes: "strange".into() },
    ];
    let shown = |there: &[(u32, &str)]| -> Vec<String> {
        let there = there.iter().map(|(case, cause)| (*case, (*cause).to_string())).collect();
        open(&cases, &there, &plan()).iter().map(|d| format!("{} {} {}", d.case, d.cause, d.department)).collect()
    };
    assert_eq!(shown(&[]), ["3 illness 医保局", "3 water 水利局", "4 other 农业农村局", "5 strange 县防贫办"]);
    assert_eq!(shown(&[(3, "illness"), (4, "other"), (5, "strange")]), ["3 water 水利局"]);
}

#[test]
fn numbers_of_orders_go_there_and_back() {
    assert_eq!(order_number(&order_id(12)), Some(12));
    assert_eq!((order_number("A0000012"), order_number("W0"), order_number("")), (None, None, None));
}

#[test]
fn closing_needs_all_three_and_special_relief_the_leading_group() {
    let remedies = plan().remedies;
    let details = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect()
    };
    let order = fold(1, &[opened(), planned(&[("measure", "特殊救助"), ("amount", "100")])]);
    let all = [("rectified", "是"), ("responsible", "是"), ("satisfied", "是")];
    assert_eq!(order.refuses(CLOSE, &details(&all), &remedies), None);
    for i in 0..3 {
        let mut one = all;
        one[i].1 = "否";
        let said = order.refuses(CLOSE, &details(&one), &remedies).expect("refused");
        assert!(said.contains(CONDITIONS[i].1), "{said}");
    }
    assert!(order.refuses(CLOSE, &details(&[]), &remedies).is_some_and(|s| s.contains("整改到位”“责任落实”“群众满意")));
    assert!(order.refuses(FILE, &details(&[]), &remedies).is_some());
    assert_eq!(fold(1, &[opened(), planned(&[("measure", "医疗救助")])]).refuses(FILE, &details(&[]), &remedies), None);
    assert!(order.refuses(PLAN, &details(&[("amount", "约三千")]), &remedies).is_some());
    assert!(
        order.refuses(REPORT, &details(&[("month", "2026-06")]), &remedies).is_some_and(|s| s.contains("还没有开单"))
    );
    assert!(order.refuses(REPORT, &details(&[("month", "下月")]), &remedies).is_some_and(|s| s.contains("无法识别")));
    assert_eq!(order.refuses(REPORT, &details(&[("month", "2026-08")]), &remedies), None);
}
