//! Deliveries and receipts in the ledger's file: what is read back, and as of when.

use super::*;
use crate::cases::ledger::{Delivered, Deliveries, DeliveryState, KeptFile, ReceiptEntry, digest};

fn file(name: &str) -> KeptFile {
    KeptFile { path: format!("民政/{name}.csv"), sha256: format!("{name:0>64}"), bytes: 7 }
}

fn entry(round: &str, as_of: &str, name: &str, state: DeliveryState) -> Delivered {
    let files = vec![file(name)];
    Delivered {
        source: "dibao".into(),
        digest: digest(files.iter().map(|f| f.sha256.as_str())),
        round: round.into(),
        as_of: as_of.into(),
        state,
        accepted: name == "c",
        rows: 100,
        reason: if state == DeliveryState::Held { "delivery.held".into() } else { String::new() },
        files,
    }
}

fn publish(out: &std::path::Path, round: &str, as_of: &str, entries: &[Delivered], receipts: &[ReceiptEntry]) {
    let mut ledger = Ledger::open(out).unwrap();
    let change = Change { deliveries: entries.to_vec(), receipts: receipts.to_vec(), ..Change::default() };
    ledger.prepare(&key(round, as_of, round), &change).unwrap();
    ledger.publish().unwrap();
}

fn known(out: &std::path::Path, round: &str, as_of: &str) -> Deliveries {
    Ledger::open(out).unwrap().deliveries(round, as_of).unwrap()
}

#[test]
fn a_round_knows_what_came_until_then_and_in_itself() {
    let out = tempfile::tempdir().unwrap();
    let (q2, q3) = (("2026Q2", "2026-06-30"), ("2026Q3", "2026-09-30"));
    let a = entry(q2.0, q2.1, "a", DeliveryState::Used);
    publish(out.path(), q2.0, q2.1, std::slice::from_ref(&a), &[]);
    let b = entry(q3.0, q3.1, "b", DeliveryState::Held);
    let receipt = ReceiptEntry { source: "dibao".into(), file: file("r"), accepted: false };
    publish(out.path(), q3.0, q3.1, std::slice::from_ref(&b), std::slice::from_ref(&receipt));
    // The round again, with what a person released: the run is replaced, its entries stay.
    let c = entry(q3.0, q3.1, "c", DeliveryState::Used);
    publish(out.path(), q3.0, q3.1, std::slice::from_ref(&c), &[]);

    let now = known(out.path(), q3.0, q3.1);
    assert_eq!(now.entries, [a.clone(), b.clone(), c.clone()]);
    assert_eq!(now.receipts, [receipt]);
    assert_eq!(now.last_good("dibao"), Some(&c));
    assert_eq!(now.before("dibao", &c.digest), Some(&a), "what it is compared with does not change once it is used");
    assert_eq!(now.before("dibao", "new"), Some(&c));
    assert_eq!(now.first("dibao", &b.digest), Some(&b));
    assert!(now.last_good("tekun").is_none());
    let then = known(out.path(), q2.0, q2.1);
    assert_eq!((then.entries, then.receipts.len()), (vec![a], 0), "an earlier round does not know the later one");
}

#[test]
fn what_a_stopped_run_wrote_is_not_known() {
    let out = tempfile::tempdir().unwrap();
    let a = entry("2026Q2", "2026-06-30", "a", DeliveryState::Used);
    publish(out.path(), "2026Q2", "2026-06-30", std::slice::from_ref(&a), &[]);
    let mut ledger = Ledger::open(out.path()).unwrap();
    let receipt = ReceiptEntry { source: "dibao".into(), file: file("r"), accepted: true };
    let b = entry("2026Q3", "2026-09-30", "b", DeliveryState::Used);
    let change = Change { deliveries: vec![b], receipts: vec![receipt], ..Change::default() };
    ledger.prepare(&key("2026Q3", "2026-09-30", "x"), &change).unwrap();
    drop(ledger);
    let pending = known(out.path(), "2026Q3", "2026-09-30");
    assert_eq!((pending.entries.len(), pending.receipts.len()), (1, 0));
    Ledger::open(out.path()).unwrap().recover(|_| None).unwrap();
    let after = known(out.path(), "2026Q3", "2026-09-30");
    assert_eq!((after.entries, after.receipts.len()), (vec![a], 0));
}

#[test]
fn a_delivery_is_its_content_and_not_its_names() {
    assert_eq!(digest(["b"].into_iter()), "b", "one file: what sha256sum says");
    assert_eq!(digest(["a", "b"].into_iter()), digest(["b", "a", "b"].into_iter()));
    assert_ne!(digest(["a", "b"].into_iter()), digest(["ab"].into_iter()));
}
