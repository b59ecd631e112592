//! Cases, orders and a round's tables in → rows of each paper out.

use super::super::desk::{Desk, RoundTables, codes};
use super::super::kinds;
use super::super::papers::{Sheaf, papers, public_name};
use super::*;
use crate::cases::ledger::{CaseEvent, CaseRound, CaseState, OrderState};
use crate::model::build::{TableBuilder, Value};
use crate::model::form::FormKind;
use crate::model::{Table, tables, text};
use crate::plan::PublicRisk;
use crate::plan::remedies::HEALTH_WORDS;

struct World {
    plan: Plan,
    cases: Vec<CaseState>,
    events: Vec<CaseEvent>,
    orders: Vec<OrderState>,
    households: Table,
    online: Table,
    indicators: Table,
    hits: Table,
    outcomes: Table,
    persons: Option<Table>,
    today: Date,
}

fn case(number: u32, state: &str, township: &str, village: &str) -> CaseState {
    let household = format!("H{number}");
    CaseState {
        case: number,
        anchor: household.clone(),
        opened_round: "2026Q3".into(),
        opened_on: "2026-07-01".into(),
        state: state.into(),
        since: "2026-07-10".into(),
        round: Some(CaseRound {
            round: "2026Q3".into(),
            as_of: "2026-09-30".into(),
            household: Some(household),
            head_name: Some(format!("张三{number}（残疾）990121199001011234")),
            masked_number: Some("990121********1234".into()),
            township_code: Some(format!("99012100{}", township.len())),
            township: Some(township.into()),
            village_code: Some(format!("99012100{}001", township.len())),
            village: Some(village.into()),
            group: Some("13800001234电话".into()),
            list_type: Some("marginal".into()),
            causes: "illness|water".into(),
            evidence: Some("住院自付26000元，开户行账号6222020200112233445".into()),
            ..CaseRound::default()
        }),
        ..CaseState::default()
    }
}

fn world(cases: Vec<CaseState>) -> World {
    let mut plan = plan();
    plan.remedies.public_risks = vec![
        PublicRisk { title: "刚性支出较大".into(), causes: vec!["illness".into(), "education".into()] },
        PublicRisk { title: "住房饮水待保障".into(), causes: vec!["water".into()] },
    ];
    let (mut households, mut online) =
        (TableBuilder::new(tables::households()), TableBuilder::new(tables::online_list()));
    for c in &cases {
        households.push_named(vec![
            ("household_id", c.anchor.clone().into()),
            ("size", 3.into()),
            ("monitored_since", Value::Date(text::to_days(date(2025, 7, 1)))),
        ]);
        online.push_named(vec![
            ("household_id", c.anchor.clone().into()),
            ("income_state", "not_below".into()),
            ("per_capita_income", Value::Decimal(900_000)),
            ("income_line", Value::Decimal(780_000)),
            ("cautions", "名下有小汽车".into()),
            ("evidence", "近12个月合规自付26000元".into()),
        ]);
    }
    World {
        plan,
        cases,
        events: Vec::new(),
        orders: Vec::new(),
        households: households.finish(),
        online: online.finish(),
        indicators: Table::empty(tables::households()),
        hits: Table::empty(tables::rule_hits()),
        outcomes: Table::empty(tables::rule_outcomes()),
        persons: None,
        today: date(2026, 10, 8),
    }
}

impl World {
    fn desk(&self) -> Desk<'_> {
        let tables = RoundTables {
            persons: self.persons.as_ref(),
            households: &self.households,
            online: &self.online,
            indicators: &self.indicators,
            hits: &self.hits,
            outcomes: &self.outcomes,
        };
        Desk::new(
            &self.plan,
            ("2026Q3", date(2026, 9, 30)),
            self.today,
            (&self.cases, &self.events),
            &self.orders,
            tables,
        )
    }

    fn papers(&self, kind: FormKind) -> Vec<Sheaf> {
        papers(&self.desk(), kind, &[], date(2026, 9, 1))
    }

    fn rows(&self, kind: FormKind) -> Vec<String> {
        let line =
            |s: &Sheaf| s.rows.iter().map(|r| format!("{} {:?} {:?}", s.to, r.case, r.order)).collect::<Vec<_>>();
        self.papers(kind).iter().flat_map(line).collect()
    }

    fn with_event(mut self, case: u32, trigger: &str, to: &str, day: &str, details: &[(&str, &str)]) -> World {
        self.events.push(CaseEvent {
            event: i64::try_from(self.events.len()).unwrap() + 1,
            case,
            by_run: false,
            import: None,
            round: "2026Q3".into(),
            trigger: trigger.into(),
            from: String::new(),
            to: to.into(),
            day: day.into(),
            by: "县防贫办".into(),
            reason: String::new(),
            file: String::new(),
            details: details.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect(),
        });
        self
    }

    fn with_order(mut self, number: u32, events: &[OrderEvent]) -> World {
        let details = [("head_name", "张三"), ("masked_number", "990121********1234"), ("township", "云岭镇")];
        self.orders.push(OrderState {
            order: fold(number, events),
            details: details.map(|(k, v)| (k.to_string(), v.to_string())).into(),
            events: events.to_vec(),
        });
        self
    }
}

#[test]
fn whom_nobody_could_tell_is_looked_up_by_the_number_that_the_village_gave() {
    let number = "990121199001011234";
    let said = |given: &[(&str, &str)]| {
        let mut unclear = case(1, "identity_unclear", "云岭镇", "上河村");
        unclear.answered = Some("answer.wrong_identity".into());
        unclear.given = given.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
        let mut world = world(vec![unclear]);
        let mut persons = TableBuilder::new(tables::persons());
        persons.push_named(vec![
            ("person_id", "P1".into()),
            ("household_id", "H1".into()),
            ("name", "陈明".into()),
            ("id_number", number.into()),
        ]);
        world.persons = Some(persons.finish());
        let sheaves = world.papers(FormKind::Identity);
        let shown = sheaves[0].rows[0].shown.clone();
        let answer = [shown["村里答复"].clone(), shown["底册查询"].clone()];
        assert!(answer.iter().all(|v| !v.contains(number)), "a number is never printed in full: {answer:?}");
        answer
    };
    let given = [("reason", "是外村的"), ("name", "陈明"), ("id_number", number)];
    let [answer, found] = said(&given);
    assert_eq!(answer, "身份不符；是外村的；正确姓名：陈明；正确证件号：990121********1234");
    assert!(found.starts_with("底册有此人：陈明") && found.ends_with("户编号H1"), "{found}");
    assert_eq!(said(&[("id_number", "990121199001015678")])[1], "户籍底册中没有村里填写的证件号");
    assert_eq!(said(&[])[1], "村里没有填写正确证件号");
}

#[test]
fn who_was_let_out_is_told_once() {
    let out = |events: &[(&str, &str, &str)]| {
        let mut w = world(vec![case(1, "exited", "云岭镇", "上河村")]);
        for (trigger, from, to) in events {
            w = w.with_event(1, trigger, to, "2026-10-02", &[("meeting", "〔2026〕5号")]);
            w.events.last_mut().unwrap().from = (*from).to_string();
        }
        w.rows(FormKind::Notice)
    };
    let left = ("meeting.pass", "exit_county", "exited");
    assert_eq!(out(&[left]), ["云岭镇 Some(1) None"]);
    assert_eq!(out(&[left, ("exit.notice", "exited", "exited")]), [""; 0]);
    // Closed for another reason there is nothing to tell.
    assert_eq!(out(&[("meeting.reject", "county_meeting", "rejected")]), [""; 0]);
}

#[test]
fn a_publicity_list_tells_no_number_no_phone_no_account_and_nothing_of_health() {
    let world = world(vec![case(1, "proposed", "云岭镇", "上河村"), case(2, "village_publicity", "东河乡", "石门村")]);
    let sheaves = world.papers(FormKind::Publicity);
    assert_eq!(
        sheaves.iter().map(|s| (s.to.as_str(), s.rows.len())).collect::<Vec<_>>(),
        [("云岭镇", 1), ("东河乡", 1)]
    );
    for row in sheaves.iter().flat_map(|s| &s.rows) {
        let all: String = row.shown.values().chain([&row.sheet]).cloned().collect::<Vec<_>>().join(" ");
        for word in HEALTH_WORDS {
            assert!(!all.contains(word), "{word}: {all}");
        }
        let longest = all.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
        assert!(longest <= Some(4), "only the day has digits: {all}");
        assert_eq!(row.shown["户主"], "张三");
        assert_eq!(row.shown["风险类别"], "刚性支出较大、住房饮水待保障");
        assert_eq!(row.shown["拟列类型"], "边缘户");
        assert_eq!(row.shown["村民小组"], "");
    }
    // Whoever is not to be published is on no list.
    assert_eq!(self::world(vec![case(1, "to_verify", "云岭镇", "上河村")]).papers(FormKind::Publicity), []);
}

#[test]
fn names_lose_what_was_written_behind_them() {
    for (written, shown) in [
        ("张三（户主）", "张三"),
        ("阿依古丽·买买提", "阿依古丽·买买提"),
        (" 李四13800001234", "李四"),
        ("", "（姓名待核）"),
        ("9901", "（姓名待核）"),
    ] {
        assert_eq!(public_name(written), shown);
    }
}

#[test]
fn townships_get_their_own_cases_and_the_meeting_all() {
    let cases = vec![
        case(1, "township_review", "云岭镇", "上河村"),
        case(2, "exit_township", "东河乡", "石门村"),
        case(3, "county_meeting", "云岭镇", "上河村"),
        case(4, "exit_county", "东河乡", "石门村"),
        case(5, "tracking", "东河乡", "石门村"),
    ];
    let special = [
        opened(),
        planned(&[("measure", "特殊救助"), ("amount", "3000"), ("why_special", "报销后仍有缺口")]),
        event(SPECIAL, "special_review", date(2026, 7, 22), &[]),
    ];
    let world = world(cases).with_order(9, &special);
    assert_eq!(world.rows(FormKind::Township), ["云岭镇 Some(1) None", "东河乡 Some(2) None"]);
    let meeting = world.papers(FormKind::Meeting);
    assert_eq!(meeting.len(), 1);
    let matters: Vec<(&str, Option<u32>, Option<u32>)> =
        meeting[0].rows.iter().map(|r| (r.shown["事项"].as_str(), r.case, r.order)).collect();
    assert_eq!(matters, [("纳入", Some(3), None), ("退出", Some(4), None), ("特殊救助", None, Some(9))]);
    let entering = &meeting[0].rows[0].shown;
    assert_eq!(entering["收入"], "不低于监测线（人均9000元）");
    assert_eq!(entering["审慎事项"], "名下有小汽车");
    assert_eq!(entering["证件号"], "990121********1234");
    assert_eq!(entering["风险"], "因病、因安全饮水");
    // A car is before the meeting's eyes; nobody was left out for it.
    assert!(meeting[0].rows[1].shown["依据"].contains("人均收入稳定超过监测线：是"));
    assert_eq!(meeting[0].rows[2].shown["金额（元）"], "3000");
}

#[test]
fn every_row_shows_what_its_kind_declares() {
    let plan = plan();
    let cases = vec![
        case(1, "proposed", "云岭镇", "上河村"),
        case(2, "township_review", "云岭镇", "上河村"),
        case(3, "county_meeting", "云岭镇", "上河村"),
        case(4, "tracking", "云岭镇", "上河村"),
    ];
    let plan_of = planned(&[("measure", "医疗救助"), ("amount", "3000")]);
    let world = world(cases)
        .with_order(1, &[opened()])
        .with_order(2, &[opened(), plan_of.clone()])
        .with_order(3, &[opened(), plan_of, filed(&[("number", "1")])]);
    for spec in [
        kinds::publicity(),
        kinds::township(),
        kinds::meeting(),
        kinds::order(&plan),
        kinds::filing(),
        kinds::monthly(),
        kinds::exit(),
        kinds::remeasure(),
    ] {
        let given: std::collections::BTreeSet<&str> =
            spec.columns.iter().filter(|c| c.is_given()).map(|c| c.heading.as_str()).collect();
        let rows: Vec<_> = world.papers(spec.kind).into_iter().flat_map(|s| s.rows).collect();
        assert!(!rows.is_empty(), "{}", spec.kind.title());
        for row in rows {
            let shown: std::collections::BTreeSet<&str> = row.shown.keys().map(String::as_str).collect();
            assert_eq!(shown, given, "{}", spec.kind.title());
        }
    }
}

#[test]
fn departments_get_their_own_orders_only() {
    let other = OrderHead { department: "住建局".into(), cause: "housing".into(), ..head(2) };
    let mut world = world(vec![case(7, "tracking", "云岭镇", "上河村")]).with_order(1, &[opened()]);
    world.orders.push(OrderState {
        order: Order::fold(other, &[opened()], |_| false),
        details: BTreeMap::new(),
        events: vec![opened()],
    });
    let shown: Vec<(String, Vec<String>)> = world
        .papers(FormKind::Order)
        .into_iter()
        .map(|s| (s.to, s.rows.into_iter().map(|r| r.shown["风险"].clone()).collect()))
        .collect();
    assert_eq!(
        shown,
        [("住建局".to_string(), vec!["因安全住房".to_string()]), ("医保局".to_string(), vec!["因病".to_string()])]
    );
    let measures: Vec<String> =
        world.papers(FormKind::Order).into_iter().flat_map(|s| s.rows).map(|r| r.shown["可用举措"].clone()).collect();
    assert_eq!(measures[0], "危房改造、特殊救助、特别救助（补差）");
}

#[test]
fn a_month_is_asked_for_once_and_not_before_help_begins() {
    let filed = [opened(), planned(&[("measure", "aid")]), filed(&[("number", "1")])];
    let report = event(REPORT, "in_progress", date(2026, 10, 3), &[("month", "2026-09"), ("progress", "x")]);
    let world = world(Vec::new()).with_order(1, &filed).with_order(2, &[&filed[..], &[report]].concat());
    let asked = |month| {
        let sheaves = papers(&world.desk(), FormKind::Return, &[], month);
        sheaves.iter().flat_map(|s| &s.rows).filter_map(|r| r.order).collect::<Vec<_>>()
    };
    assert_eq!(asked(date(2026, 9, 1)), [1]);
    assert_eq!(asked(date(2026, 10, 1)), [1, 2]);
    // Identified in July: help begins in August.
    assert_eq!(asked(date(2026, 7, 1)), [0; 0]);
}

#[test]
fn decided_cases_get_the_orders_they_lack() {
    let pass = |w: World| w.with_event(1, "meeting.pass", "approved", "2026-07-10", &[("meeting", "3号")]);
    let opened =
        |w: &World| w.desk().openings().iter().map(|o| (o.draft.cause.clone(), o.identified_on)).collect::<Vec<_>>();
    let day = date(2026, 7, 10);
    let tracked = pass(world(vec![case(1, "tracking", "云岭镇", "上河村")]));
    assert_eq!(opened(&tracked), [("illness".to_string(), day), ("water".to_string(), day)]);
    let details = &tracked.desk().openings()[0].details;
    assert_eq!(details["masked_number"], "990121********1234");
    // Followed by the national system without a decision here, or not decided yet: none.
    assert_eq!(opened(&world(vec![case(1, "tracking", "云岭镇", "上河村")])), []);
    assert_eq!(opened(&pass(world(vec![case(1, "to_verify", "云岭镇", "上河村")]))), []);
}

#[test]
fn causes_are_the_villages_in_whatever_way_they_are_written() {
    let plan = plan();
    assert_eq!(codes(&plan, "因病、因安全饮水"), ["illness", "water"]);
    assert_eq!(codes(&plan, "water|illness"), ["water", "illness"]);
    let mut corrected = case(1, "tracking", "云岭镇", "上河村");
    corrected.given.insert("causes".into(), "因学".into());
    let world = world(vec![corrected]);
    assert_eq!(world.desk().causes(&world.cases[0]), ["education"]);
    // A risk that came up afterwards is one as well.
    let added = world.with_event(1, "round.risk_added", "tracking", "2026-09-30", &[]);
    assert_eq!(added.desk().causes(&added.cases[0]), ["illness", "education", "water"]);
}

#[test]
fn measurements_count_for_the_schedule_and_the_exit() {
    let year = |w: World| w.with_event(1, "meeting.pass", "approved", "2025-07-10", &[]);
    let w = year(world(vec![case(1, "tracking", "云岭镇", "上河村")]));
    assert_eq!(w.desk().next_measurement(&w.cases[0]).map(|d| d.on), Some(date(2026, 7, 10)));
    assert_eq!(w.rows(FormKind::Remeasure), ["云岭镇 Some(1) None"]);
    let told = [("size", "3"), ("income", "30,000"), ("rigid", "无")];
    let mut w = w.with_event(1, "remeasure", "tracking", "2026-07-20", &told);
    assert_eq!(w.desk().next_measurement(&w.cases[0]).map(|d| d.on), Some(date(2027, 1, 20)));
    assert_eq!(w.rows(FormKind::Remeasure), [""; 0]);
    // Without a line nobody can say whether 10000 is above it.
    let reading = w.desk().exit_facts(&w.cases[0]).readings[0].clone();
    assert_eq!((reading.above, reading.said.as_str()), (None, "复测人均10000元，没有监测线"));
    w.plan.params.insert("income_line".into(), line(10_500));
    let facts = w.desk().exit_facts(&w.cases[0]);
    assert_eq!(facts.readings[0].above, Some(false));
    assert_eq!(facts.rigid, Some(false));
    assert_eq!(facts.readings[1].above, Some(true), "the departments' data of the round");
}

#[test]
fn the_income_of_a_household_that_no_rule_lists_is_known_all_the_same() {
    let mut w = world(vec![case(1, "tracking", "云岭镇", "上河村")]);
    let household = w.households.str_at("household_id", 0).map(str::to_string);
    let mut indicators = TableBuilder::new(tables::online_list());
    indicators
        .push_named(vec![("household_id", household.clone().into()), ("per_capita_income", Value::Decimal(635_869))]);
    w.online = Table::empty(tables::online_list());
    let income = |w: &World| {
        let found = super::super::exit::assess(&w.desk().exit_facts(&w.cases[0]), date(2026, 9, 30));
        found.criterion("income").map(|c| (c.met, c.evidence.clone())).expect("always asked")
    };
    assert_eq!(income(&w), (None, "2026-09-30：部门数据没有收入".to_string()));
    w.indicators = indicators.finish();
    for (yuan, above) in [(7_800, Some(false)), (6_000, Some(true))] {
        w.plan.params.insert("income_line".into(), line(yuan));
        assert_eq!(income(&w), (above, format!("2026-09-30：部门数据人均6358.69元，监测线{yuan}元")));
    }
    assert_eq!(w.desk().below_line(household.as_deref()), Some(false));
}

fn line(yuan: i128) -> crate::plan::Param {
    let value = crate::plan::ParamValue {
        from: None,
        until: None,
        township: None,
        group: None,
        basis: None,
        value: Value::Decimal(yuan * 100),
        document: "x".into(),
        place: crate::diag::Place::default(),
    };
    crate::plan::Param {
        name: "income_line".into(),
        title: "监测收入线".into(),
        kind: crate::model::Kind::Decimal,
        unit: "yuan".into(),
        values: vec![value],
        place: crate::diag::Place::default(),
    }
}
