//! Orders in → findings out.

use super::super::Income;
use super::*;

fn found(orders: &[Order], as_of: Date) -> Vec<String> {
    let incomes = BTreeMap::from([("H1".to_string(), Income { per_capita: 500_000, line: 660_000, size: 3 })]);
    told(orders, as_of, &incomes)
}

fn told(orders: &[Order], as_of: Date, incomes: &BTreeMap<String, Income>) -> Vec<String> {
    let plan = plan();
    let input = CheckInput { orders, remedies: &plan.remedies, causes: &plan.causes, incomes, as_of };
    check(&input).iter().map(|f| format!("{} {} {}", f.order, f.code, f.message)).collect()
}

/// In the month of the order nothing is due yet, so that only the plan can be wrong.
const EARLY: Date = date(2026, 7, 31);

fn with(details: &[(&str, &str)]) -> Order {
    fold(1, &[opened(), planned(details)])
}

#[test]
fn a_marginal_household_gets_no_more_than_a_lifted_one() {
    assert_eq!(found(&[with(&[("measure", "aid"), ("amount", "5000"), ("fund", "sector")])], EARLY), [""; 0]);
    // Its own cap is 6000; a lifted household would get 5000.
    assert_eq!(
        found(&[with(&[("measure", "医疗救助"), ("amount", "5500"), ("fund", "行业资金")])], EARLY),
        ["1 order.above_cap “医疗救助”2026年度上限5000元（不得超过脱贫户相应政策资金），已拟5500元，超出500元"]
    );
}

#[test]
fn two_orders_cannot_share_what_one_may_not_have() {
    let half = |number| fold(number, &[opened(), planned(&[("measure", "aid"), ("amount", "3000")])]);
    let both = found(&[half(1), half(2)], EARLY);
    assert_eq!(both.len(), 2);
    assert!(both[0].ends_with("已拟6000元，2张单合计，超出1000元"), "{both:?}");
    // A cancelled order spends nothing, another household's order is its own.
    let cancelled = fold(
        2,
        &[
            opened(),
            planned(&[("measure", "aid"), ("amount", "3000")]),
            event(CANCEL, "cancelled", date(2026, 7, 21), &[]),
        ],
    );
    assert_eq!(found(&[half(1), cancelled], EARLY), [""; 0]);
    let other = Order { household: "H2".into(), ..half(2) };
    assert_eq!(found(&[half(1), other], EARLY), [""; 0]);
}

#[test]
fn measure_and_money_must_fit() {
    for (details, expected) in [
        (
            &[("measure", "危房改造")][..],
            "order.measure_mismatch “危房改造”不能消除“因病”，缺什么补什么，可用：医疗救助、特殊救助、特别救助（补差）",
        ),
        (
            &[("measure", "发钱")],
            "order.unknown_measure “发钱”不在举措表内；对这一风险可用：医疗救助、特殊救助、特别救助（补差）",
        ),
        (&[("measure", "aid")], "order.no_amount “医疗救助”有上限5000元，请写明金额"),
        (
            &[("measure", "aid"), ("amount", "1"), ("fund", "扶贫资金")],
            "order.fund_mismatch “扶贫资金”不用于边缘户，请改换资金来源",
        ),
        (
            &[("measure", "aid"), ("amount", "1"), ("fund", "彩票")],
            "order.unknown_fund “彩票”不在资金来源表内，应为：扶贫资金、财政投入、行业资金",
        ),
    ] {
        assert_eq!(found(&[with(details)], EARLY), [format!("1 {expected}")]);
    }
    let uncapped = [with(&[("measure", "repair"), ("amount", "9")])];
    assert!(found(&uncapped, EARLY).iter().any(|f| f.starts_with("1 order.no_cap")));
    // Without the county's table nothing can be said about measures.
    let incomes = BTreeMap::new();
    let none = Remedies::default();
    let orders = [with(&[("measure", "发钱")])];
    let input = CheckInput { orders: &orders, remedies: &none, causes: &[], incomes: &incomes, as_of: EARLY };
    assert_eq!(check(&input), []);
}

#[test]
fn a_marginal_households_own_money_is_reviewed_before_it_is_filed() {
    let of = |fund: &str, number: &[(&str, &str)]| {
        let plan = planned(&[("measure", "aid"), ("amount", "100"), ("fund", fund)]);
        found(&[fold(1, &[opened(), plan, filed(number)])], EARLY)
    };
    assert!(of("财政投入", &[("number", "1")])[0].starts_with("1 order.fund_not_reviewed"));
    assert_eq!(of("财政投入", &[("number", "1"), ("fund_review", "财审3号")]), [""; 0]);
    assert_eq!(of("行业资金", &[("number", "1")]), [""; 0]);
}

#[test]
fn special_relief_needs_a_reason_and_two_approvals() {
    let plan = planned(&[("measure", "special"), ("amount", "100")]);
    let codes = |events: &[OrderEvent]| -> Vec<String> {
        let found = found(&[fold(1, events)], EARLY);
        found.iter().filter_map(|f| f.split(' ').nth(1)).filter(|c| c.contains("special")).map(String::from).collect()
    };
    assert_eq!(codes(&[opened(), plan.clone()]), ["order.special_reason"]);
    let because = planned(&[("measure", "special"), ("amount", "100"), ("why_special", "报销后仍有缺口")]);
    // Filed in any other way than by the leading group.
    assert_eq!(codes(&[opened(), because.clone(), filed(&[("number", "1")])]), ["order.special_not_approved"]);
    let office = event(SPECIAL, "special_review", date(2026, 7, 21), &[]);
    let group = event(SPECIAL_PASS, "filed", date(2026, 7, 25), &[("meeting", "3号")]);
    assert_eq!(codes(&[opened(), because.clone(), office.clone(), group.clone()]), [""; 0]);
    // A new plan needs both again.
    let again = [
        opened(),
        because.clone(),
        office,
        group,
        event(RETURN, "drafted", date(2026, 7, 26), &[]),
        because,
        filed(&[]),
    ];
    assert_eq!(codes(&again), ["order.special_not_approved"]);
}

#[test]
fn a_top_up_is_the_gap_and_nothing_else() {
    let with = |amount: &str| {
        let plan = planned(&[("measure", "top_up"), ("amount", amount), ("why_special", "x")]);
        fold(1, &[opened(), plan])
    };
    // (6600 - 5000) × 3
    assert_eq!(found(&[with("4800")], EARLY), [""; 0]);
    assert_eq!(
        found(&[with("5000")], EARLY),
        ["1 order.top_up 补差应为4800元（低保标准6600元减人均收入5000元，3人），已拟5000元"]
    );
    assert!(told(&[with("4800")], EARLY, &BTreeMap::new())[0].contains("没有收入测算"));
}

#[test]
fn months_without_a_return_are_told() {
    let start = event(START, "in_progress", date(2026, 8, 1), &[]);
    let report = |month: &str| event(REPORT, "in_progress", date(2026, 9, 3), &[("month", month), ("progress", "x")]);
    let begun = [opened(), planned(&[("measure", "aid"), ("amount", "1")]), filed(&[]), start];
    let of = |more: &[OrderEvent], as_of| found(&[fold(1, &[&begun[..], more].concat())], as_of);
    assert_eq!(of(&[], date(2026, 9, 5)), [""; 0]);
    assert_eq!(of(&[], date(2026, 9, 6)), ["1 order.return_overdue 缺2026年8月的月反馈（每月5日前反馈上月）"]);
    assert_eq!(of(&[report("2026-08")], date(2026, 9, 30)), [""; 0]);
    assert_eq!(
        of(&[report("2026-09")], date(2026, 10, 6)),
        ["1 order.return_overdue 缺2026年8月的月反馈（每月5日前反馈上月）"]
    );
    assert_eq!(
        of(&[], date(2026, 10, 6)),
        ["1 order.silent 连续两个月没有反馈：缺2026年8月、2026年9月的月反馈（每月5日前反馈上月）"]
    );
    // After a gap that was followed by silence of one month only.
    assert!(of(&[report("2026-09")], date(2026, 11, 6))[0].starts_with("1 order.return_overdue"));
}

#[test]
fn help_that_did_not_begin_and_a_closing_without_its_conditions() {
    let idle = fold(1, &[opened()]);
    assert_eq!(found(std::slice::from_ref(&idle), date(2026, 8, 31)), [""; 0]);
    assert_eq!(
        found(std::slice::from_ref(&idle), date(2026, 9, 1)),
        ["1 order.not_started 应自2026年8月起落实帮扶，至今未备案"]
    );
    let close = event(CLOSE, "done", date(2026, 8, 20), &[("rectified", "是"), ("satisfied", "否")]);
    let closed = fold(1, &[opened(), planned(&[("measure", "aid"), ("amount", "1")]), close]);
    // Done: no returns are missed any more.
    assert_eq!(
        found(&[closed], date(2026, 12, 31)),
        ["1 order.closed_unmet 已办结，但“责任落实”“群众满意”未确认；三个条件都满足才能办结"]
    );
}
