//! Steps, hits and households in → conduct findings out.

use super::super::conduct::{CaseStep, ConductCase, ConductInput, conduct};
use super::*;
use crate::model::build::TableBuilder;
use crate::model::{Table, tables};
use crate::plan::process;

fn step(trigger: &str, from: &str, to: &str, day: Date) -> CaseStep {
    CaseStep { trigger: trigger.into(), from: from.into(), to: to.into(), day }
}

fn hits(rows: &[(&str, &str, &str)]) -> Table {
    let mut out = TableBuilder::new(tables::rule_hits());
    for (rule, role, household) in rows {
        out.push_named(vec![
            ("rule", (*rule).into()),
            ("role", (*role).into()),
            ("household_id", (*household).into()),
            ("evidence", "自付26000元".into()),
        ]);
    }
    out.finish()
}

fn found(cases: &[ConductCase], orders: &[Order], hits: &Table, as_of: Date) -> Vec<String> {
    let mut homes = TableBuilder::new(tables::households());
    for household in ["H1", "H2"] {
        homes.push_named(vec![("household_id", household.into()), ("village", "上河村".into())]);
    }
    let input = ConductInput {
        cases,
        orders,
        hits,
        households: &homes.finish(),
        documents: &[("CON-06".to_string(), "004 R020".to_string())].into(),
        machine: &process::shipped().cases,
        fast_exit_months: 6,
        stuck_days: 60,
        ledger_since: Some(date(2026, 3, 31)),
        as_of,
    };
    let table = conduct(&input);
    let text = |column: &str, row: usize| table.str_at(column, row).unwrap_or("-").to_string();
    (0..table.rows())
        .map(|row| {
            format!(
                "{} {} {} {}",
                text("title", row),
                text("household_id", row),
                text("village", row),
                text("evidence", row)
            )
        })
        .collect()
}

fn case(steps: Vec<CaseStep>) -> ConductCase {
    ConductCase { case: 1, household: Some("H1".into()), steps, ..ConductCase::default() }
}

fn decided(day: Date) -> Vec<CaseStep> {
    vec![
        step("round.agreed", "new", "proposed", date(2026, 3, 31)),
        step("meeting.pass", "county_meeting", "approved", day),
        step("system.entered", "approved", "tracking", day),
    ]
}

fn left(entered: Date, out: Date) -> Vec<CaseStep> {
    let mut steps = decided(entered);
    steps.push(step("meeting.pass", "exit_county", "exited", out));
    steps
}

#[test]
fn too_fast_and_not_told() {
    let told = |steps: Vec<CaseStep>, as_of| found(&[case(steps)], &[], &hits(&[]), as_of);
    assert_eq!(
        told(left(date(2026, 4, 20), date(2026, 5, 30)), date(2026, 6, 1)),
        ["快进快出 H1 上河村 2026-04-20纳入，2026-05-30退出，满1个月，当月或次月消除（不少于6个月）"]
    );
    assert_eq!(
        told(left(date(2026, 4, 20), date(2026, 9, 1)), date(2026, 9, 5)),
        ["快进快出 H1 上河村 2026-04-20纳入，2026-09-01退出，满4个月，时间过短（不少于6个月）"]
    );
    // The national system knows the month of entry only: no day is made up, and the months are about.
    let by_month = ConductCase {
        monitored_since: Some(date(2026, 2, 1)),
        ..case(vec![
            step("round.monitored", "new", "tracking", date(2026, 3, 31)),
            step("meeting.pass", "exit_county", "exited", date(2026, 6, 15)),
        ])
    };
    let said = found(&[by_month], &[], &hits(&[]), date(2026, 6, 20));
    let fast = "快进快出 H1 上河村 2026年2月（全国系统只记到月）纳入，2026-06-15退出，约4个月，时间过短（不少于6个月）";
    assert!(said.iter().any(|s| s == fast), "{said:?}");
    let slow = left(date(2026, 4, 20), date(2027, 5, 10));
    assert_eq!(told(slow.clone(), date(2027, 6, 9)), [""; 0]);
    assert_eq!(
        told(slow.clone(), date(2027, 6, 10)),
        ["退出未告知 H1 上河村 2027-05-10退出，超过30天没有公示到村、告知本人的记录"]
    );
    let notice = step("exit.notice", "exited", "exited", date(2027, 5, 20));
    assert_eq!(told([slow, vec![notice]].concat(), date(2027, 9, 1)), [""; 0]);
}

#[test]
fn out_while_a_rule_still_holds() {
    let gone = case(left(date(2025, 4, 20), date(2026, 5, 10)));
    let still = hits(&[("MED-01", "lists", "H1"), ("CAU-01", "cautions", "H1"), ("MED-01", "lists", "H2")]);
    assert_eq!(
        found(std::slice::from_ref(&gone), &[], &still, date(2026, 5, 30)),
        ["消除不实 H1 上河村 台账已退出，本批次仍命中：MED-01 自付26000元"]
    );
    let cautions = hits(&[("CAU-01", "cautions", "H1")]);
    assert_eq!(found(&[gone], &[], &cautions, date(2026, 5, 30)), [""; 0]);
    // What the rules about the offices' own work found stands beside the ledger's findings.
    let by_rules = hits(&[("CON-04", "checks", "H2"), ("CON-06", "checks", "H2"), ("CON-08", "checks", "H2")]);
    let told = found(&[], &[], &by_rules, date(2026, 5, 30));
    assert_eq!(told, ["快进快出 H2 上河村 自付26000元", "体外循环 H2 上河村 自付26000元"]);
}

#[test]
fn who_is_being_asked_about_is_not_left_out() {
    let asked = case(vec![step("round.differs", "new", "to_verify", date(2026, 3, 31))]);
    let missed = hits(&[("CON-01", "checks", "H1"), ("CON-06", "checks", "H1"), ("MED-01", "lists", "H1")]);
    let told = |case: &ConductCase, as_of| found(std::slice::from_ref(case), &[], &missed, as_of);
    assert_eq!(told(&asked, date(2026, 4, 10)), [""; 0]);
    let long = ["漏认定 H1 上河村 自付26000元：MED-01 自付26000元", "体外循环 H1 上河村 自付26000元"];
    assert_eq!(told(&asked, date(2026, 6, 10)), long, "two months without a result");
    let refused = case(vec![step("answer.false", "to_verify", "false_alarm", date(2026, 4, 2))]);
    assert_eq!(told(&refused, date(2026, 4, 10)), long, "the village's no stands beside what the data say");
}

#[test]
fn confirmed_and_left_lying() {
    let confirmed = vec![
        step("round.differs", "new", "to_verify", date(2026, 3, 31)),
        step("answer.true", "to_verify", "proposed", date(2026, 4, 10)),
        step("publicity.start", "proposed", "village_publicity", date(2026, 4, 15)),
    ];
    let of = |steps: Vec<CaseStep>, as_of| found(&[case(steps)], &[], &hits(&[]), as_of);
    assert_eq!(of(confirmed.clone(), date(2026, 6, 9)), [""; 0]);
    assert_eq!(
        of(confirmed.clone(), date(2026, 6, 10)),
        ["漏认定 H1 上河村 2026-04-10村核实属实，超过60天仍为“村级公示”"]
    );
    let back = step("publicity.objection", "village_publicity", "to_verify", date(2026, 4, 20));
    assert_eq!(of([confirmed, vec![back]].concat(), date(2026, 12, 1)), [""; 0]);
}

#[test]
fn past_the_procedure() {
    let system = |since| ConductCase {
        monitored_since: since,
        ..case(vec![step("round.monitored", "new", "tracking", date(2026, 9, 30))])
    };
    let of = |case: ConductCase| found(&[case], &[], &hits(&[]), date(2026, 9, 30));
    assert_eq!(of(system(Some(date(2026, 7, 1)))), ["体外循环 H1 上河村 全国系统2026年7月纳入，台账没有审定记录"]);
    // Entered before the ledger began, or nobody knows when.
    assert_eq!(of(system(Some(date(2026, 3, 1)))), [""; 0]);
    assert_eq!(of(system(None)), [""; 0]);

    let order = Order { case: 1, ..fold(1, &[opened(), planned(&[("measure", "aid")]), filed(&[("number", "1")])]) };
    let undecided = case(vec![step("answer.true", "to_verify", "proposed", date(2026, 7, 1))]);
    let told = found(&[undecided], std::slice::from_ref(&order), &hits(&[]), date(2026, 7, 30));
    assert_eq!(told, ["体外循环 H1 上河村 W0000001已备案，案件没有审定记录"]);
    assert_eq!(found(&[case(decided(date(2026, 7, 1)))], &[order], &hits(&[]), date(2026, 7, 30)), [""; 0]);
}
