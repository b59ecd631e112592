//! Data in → a page with everything on it, escaped.

use super::*;

fn step(day: &str, what: &str) -> Step {
    Step {
        day: day.into(), what: what.into(), state: "跟踪帮扶".into(), by: "县防贫办".into(), ..Step::default()
    }
}

fn dossier() -> Dossier {
    let condition =
        |title: &str, met: &str| Condition { title: title.into(), met: met.into(), evidence: "甲\n乙".into() };
    Dossier {
        county: "澄岚县".into(),
        made_on: "2026-10-08".into(),
        round: "2026Q3".into(),
        case_id: "A0000001".into(),
        head_name: "张*".into(),
        masked_number: "990121********123X".into(),
        place: "云岭镇 上河村 2组".into(),
        list_type: "边缘户".into(),
        causes: "因病".into(),
        state: "跟踪帮扶".into(),
        since: "2026-07-20".into(),
        owner: "帮扶责任人".into(),
        tracker: "驻村工作队员".into(),
        members: vec![Member {
            name: "李*".into(),
            relation: "配偶".into(),
            sex: "女".into(),
            age: "46".into(),
            ..Member::default()
        }],
        hits: vec![Flag {
            rule: "MED-01 合规自付".into(),
            cause: "因病".into(),
            evidence: "<b>自付26000元</b>".into(),
            document: "000 R028".into(),
        }],
        cautions: "名下有小汽车".into(),
        rounds: vec![RoundSaid { round: "2026Q3".into(), outcome: "仅线上".into(), ..RoundSaid::default() }],
        answers: vec![step("2026-07-05", "村核实属实")],
        decisions: vec![Step {
            note: "会议编号：〔2026〕3号".into(), ..step("2026-07-20", "县级审定通过")
        }],
        orders: vec![OrderLine { order_id: "W0000001".into(), department: "医保局".into(), ..OrderLine::default() }],
        measurements: Vec::new(),
        conditions_now: vec![condition("纳入满一年", "否"), condition("人均收入稳定超过监测线", "不明")],
        history: vec![step("2026-06-30", "线上线下不一致，交村核实")],
        complete: vec![condition("帮扶措施清楚", "是")],
        ..Dossier::default()
    }
}

#[test]
fn everything_is_on_the_page_and_nothing_is_markup() {
    let page = render(&dossier());
    for text in [
        "A0000001",
        "990121********123X",
        "云岭镇 上河村 2组",
        "MED-01 合规自付",
        "〔2026〕3号",
        "W0000001",
        "名下有小汽车",
        "没有复测记录。",
        "退出条件",
        "不明",
        "村核实属实",
        "李*",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains("&lt;b&gt;自付26000元") && !page.contains("<b>"), "data are never markup");
    assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("https://"));
    assert!(page.contains("@page { size: A4;"));
    assert_eq!(page, render(&dossier()), "the same data give the same page");
}

#[test]
fn an_empty_file_says_what_is_missing() {
    let page = render(&Dossier::default());
    for text in ["户籍底册中没有对应的户。", "尚未审定。", "没有开单。", "没有核实记录。"]
    {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("退出条件"));
}
