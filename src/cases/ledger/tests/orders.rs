//! Orders in the ledger: opened, moved, refused, undone; in the same change as everything else or not at all.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};

use super::*;
use crate::cases::ledger::{Changes, Import, Opening};
use crate::cases::moves::Step;
use crate::cases::orders::{self, Draft};
use crate::diag::Failure;
use crate::plan::{Remedies, process};

fn opening() -> Opening {
    Opening {
        draft: Draft { case: 1, cause: "illness".into(), department: "医保局".into() },
        household: "H1".into(),
        list_type: "marginal".into(),
        identified_on: date(2026, 7, 10),
        details: BTreeMap::from([("head_name".to_string(), "张三".to_string())]),
    }
}

fn step(trigger: &str, day: Date) -> Step {
    Step::new(trigger, day, "医保局王", "")
}

fn import(changes: &Changes) -> i64 {
    changes.import(&Import { kind: "keyboard".into(), ..Import::default() }).unwrap()
}

fn ledger(out: &tempfile::TempDir) -> Ledger {
    round(out.path(), "2026Q3", "2026-09-30", &[["1", "张三", "990121197001051234", "1970-01-05"]]);
    Ledger::open(out.path()).unwrap()
}

#[test]
fn an_order_goes_its_way_and_every_step_stays() {
    let out = tempfile::tempdir().unwrap();
    let mut ledger = ledger(&out);
    let (process, remedies) = (process::shipped(), Remedies::default());
    let told = ledger
        .change(|c| {
            let i = import(c);
            let order = c.open_order(&process, i, &opening(), &step("", date(2026, 7, 15)))?.expect("opened");
            let mut told = Vec::new();
            let mut take = |step: Step| -> Outcome<()> {
                let done = c.order_step(&process, &remedies, i, order, &step)?;
                told.push(done.map_or_else(|r| r.code.to_string(), |a| format!("{} → {}", a.from, a.to)));
                Ok(())
            };
            take(step(orders::REPORT, date(2026, 7, 16)).with("month", "2026-08").with("progress", "x"))?;
            take(step(orders::PLAN, date(2026, 7, 20)))?;
            take(step(orders::PLAN, date(2026, 7, 20)).with("measure", "医疗救助").with("amount", "3000"))?;
            take(step(orders::FILE, date(2026, 7, 19)))?;
            take(step(orders::FILE, date(2026, 7, 22)).with("number", "1号"))?;
            // The first return begins it.
            take(step(orders::REPORT, date(2026, 9, 3)).with("month", "2026-08").with("progress", "已发一半"))?;
            let close = step(orders::CLOSE, date(2026, 10, 3)).with("month", "2026-09").with("progress", "已发完");
            take(close.clone().with("rectified", "是").with("responsible", "是").with("satisfied", "否"))?;
            take(close.with("rectified", "是").with("responsible", "是").with("satisfied", "是"))?;
            take(Step { reason: "误办".into(), ..step(orders::UNDO, date(2026, 10, 4)) })?;
            take(step(orders::UNDO, date(2026, 10, 4)))?;
            Ok(told)
        })
        .unwrap();
    assert_eq!(
        told,
        [
            "case.not_now",
            "case.needs",
            "drafted → planned",
            "case.before",
            "planned → filed",
            "filed → in_progress",
            "order.refused",
            "in_progress → done",
            "done → in_progress",
            "case.needs",
        ]
    );
    let all = Ledger::open(out.path()).unwrap().orders(&process).unwrap();
    assert_eq!(all.len(), 1);
    let triggers: Vec<&str> = all[0].events.iter().map(|e| e.trigger.as_str()).collect();
    assert_eq!(
        triggers,
        [
            orders::OPEN,
            orders::PLAN,
            orders::FILE,
            orders::START,
            orders::REPORT,
            orders::REPORT,
            orders::CLOSE,
            orders::UNDO
        ]
    );
    let order = &all[0].order;
    assert_eq!((order.state.as_str(), order.closed, order.closing), ("in_progress", false, None));
    assert_eq!(order.returns.len(), 2);
    assert_eq!((order.household.as_str(), order.identified_on), ("H1", date(2026, 7, 10)));
    assert_eq!(all[0].details["head_name"], "张三");
}

#[test]
fn a_change_that_fails_leaves_no_order() {
    let out = tempfile::tempdir().unwrap();
    let mut ledger = ledger(&out);
    let process = process::shipped();
    let failed: Outcome<()> = ledger.change(|c| {
        let i = import(c);
        c.open_order(&process, i, &opening(), &step("", date(2026, 7, 15)))?.expect("opened");
        Err(Failure::internal("stopped"))
    });
    assert!(failed.is_err());
    assert_eq!(ledger.orders(&process).unwrap(), []);
}

#[test]
fn the_orders_of_a_case_that_ended_are_cancelled() {
    let out = tempfile::tempdir().unwrap();
    let mut ledger = ledger(&out);
    let process = process::shipped();
    let cancelled = ledger
        .change(|c| {
            let i = import(c);
            let other = Opening { draft: Draft { case: 2, ..opening().draft }, ..opening() };
            c.open_order(&process, i, &opening(), &step("", date(2026, 7, 15)))?.expect("opened");
            c.open_order(&process, i, &other, &step("", date(2026, 7, 15)))?.expect("opened");
            let died = Step { reason: "全户死亡".into(), ..step("life.died", date(2026, 8, 1)) };
            c.cancel_orders(&process, i, 1, &died)
        })
        .unwrap();
    assert_eq!(cancelled, [1]);
    let states: Vec<String> = ledger.orders(&process).unwrap().into_iter().map(|o| o.order.state).collect();
    assert_eq!(states, ["cancelled", "drafted"]);
}
