//! The year as a whole: the same seed gives the same bytes, everything happens that is told to, and the files say it.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::*;
use crate::synth::Dirt;
use crate::synth::tests::files;

const YEAR: Options = Options { households: 300, seed: 5, dirt: Dirt::None, as_of: Date::constant(2026, 3, 31) };

#[test]
fn the_same_seed_gives_the_same_year() {
    let make = |seed| {
        let folder = tempfile::tempdir().unwrap();
        let summary = year(&Options { seed, ..YEAR }, 2, folder.path()).unwrap();
        let bytes: Vec<_> =
            files(folder.path()).into_iter().map(|f| (std::fs::read(folder.path().join(&f)).unwrap(), f)).collect();
        (summary, bytes)
    };
    let (first, again, other) = (make(1), make(1), make(2));
    assert!(first == again);
    assert!(first.1 != other.1);
}

#[test]
fn a_year_meets_every_turn_of_the_process() {
    let stops = calendar::stops(YEAR.as_of, 4);
    let seen = seen(&YEAR, &stops);
    let office = Office::year(&stops, &seen.views, &seen.gone, &seen.guests, YEAR.seed);
    let steps: BTreeSet<&str> = office.cases.iter().flat_map(|c| &c.steps).map(|s| s.trigger).collect();
    let wanted = [
        "round.agreed",
        "round.differs",
        "round.monitored",
        "round.unclear",
        "answer.true",
        "answer.other_cause",
        "answer.false",
        "answer.not_found",
        "answer.wrong_identity",
        "identity.found",
        "identity.none",
        "publicity.start",
        "publicity.passed",
        "publicity.objection",
        "township.pass",
        "township.return",
        "meeting.pass",
        "meeting.reject",
        "meeting.return",
        "system.entered",
        "exit.village",
        "exit.extend",
        "life.died",
        "life.moved",
        "merge",
        "split",
        "clock.stop",
        "clock.resume",
        "helper.assign",
        "exit.notice",
        "undo",
    ];
    let missing: Vec<&str> = wanted.into_iter().filter(|t| !steps.contains(t)).collect();
    assert!(missing.is_empty(), "nobody meets {missing:?}");
    let manners: BTreeSet<&str> = office.script.iter().map(|a| a.manner).collect();
    assert_eq!(
        manners,
        BTreeSet::from(["", "corrected", "deleted", "late", "same_again", "special", "two_versions"]),
        "and every way of handling a form"
    );
    let steps: BTreeSet<&str> = office.orders.iter().flat_map(|o| &o.steps).map(|s| s.1).collect();
    let wanted = [
        "order.open",
        "order.plan",
        "order.file",
        "order.return",
        "order.special",
        "order.special_pass",
        "order.start",
        "order.report",
        "order.close",
    ];
    let missing: Vec<&str> = wanted.into_iter().filter(|t| !steps.contains(t)).collect();
    assert!(missing.is_empty(), "no order meets {missing:?}");
    for order in &office.orders {
        assert!(order.steps.is_sorted_by_key(|s| s.0), "{order:?}");
    }
    assert!(office.script.is_sorted_by_key(|a| a.day.clone()), "the script is in the order of its days");
    for case in &office.cases {
        assert!(case.steps.is_sorted_by_key(|s| s.day), "{:?}", case.whom);
    }
}

#[test]
fn a_late_department_sends_nothing_and_nights_have_only_news() {
    let folder = tempfile::tempdir().unwrap();
    year(&Options { households: 60, ..YEAR }, 2, folder.path()).unwrap();
    let has = |path: &str| folder.path().join(path).exists();
    assert!(has("2026-03-31/住建/农村房屋鉴定.xlsx") && !has("2026-06-30/住建/农村房屋鉴定.xlsx"));
    assert!(has("2026-06-30/公安/户籍人口底册.csv") && !has("2026-05-05/公安/户籍人口底册.csv"));
    let night: Vec<_> = files(&folder.path().join("2026-05-05")).into_iter().collect();
    assert_eq!(night.len(), NIGHTLY.len() + 1, "{night:?}");
}
