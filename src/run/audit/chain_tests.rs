//! The chain against somebody who changes, removes, puts in or swaps lines, and against a power cut.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::*;

fn fields(n: u64) -> Map<String, Value> {
    let Value::Object(map) =
        json!({"event": "begin", "action": "run", "on": {"round": "2026Q3", "rows": n}, "why": "复核"})
    else {
        unreachable!("an object");
    };
    map
}

fn mended(said: Value) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("event".into(), MENDED.into());
    map.insert("on".into(), said);
    map
}

struct Log(TempDir);

impl Log {
    fn of(entries: u64) -> Log {
        let log = Log(tempfile::tempdir().expect("temporary folder"));
        (0..entries).for_each(|n| drop(log.append(n)));
        log
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("audit.jsonl")
    }

    fn append(&self, n: u64) -> Head {
        append(&self.path(), &fields(n), mended).expect("written")
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).expect("readable")
    }

    fn put(&self, bytes: &[u8]) {
        std::fs::write(self.path(), bytes).expect("written");
    }

    fn walk(&self) -> Walk {
        walk(self.bytes().as_slice()).expect("readable")
    }
}

fn flaws(bytes: &[u8]) -> Vec<Flaw> {
    walk(bytes).expect("readable").flaws
}

#[test]
fn a_chain_as_written_has_no_flaw_and_its_head_is_the_last_line_s() {
    let log = Log::of(3);
    let walk = log.walk();
    assert_eq!((walk.entries.len(), walk.flaws.len(), walk.mended), (3, 0, 0));
    let last = head(&log.path()).expect("readable");
    assert_eq!(last.seq, 3);
    assert_eq!(walk.entries[2]["hash"], last.hash.as_str());
    // What docs/privacy.md tells others to recompute.
    let text = String::from_utf8(log.bytes()).expect("UTF-8");
    let line = text.lines().next().expect("a line");
    let (body, seal) = line.split_once(",\"hash\":\"").expect("a seal");
    assert_eq!(hex(&Sha256::digest(body.as_bytes())), seal.trim_end_matches("\"}"));
    assert!(body.starts_with(&format!("{{\"seq\":1,\"prev\":\"{GENESIS}\"")), "{body}");
}

#[test]
fn every_change_of_one_bit_and_of_every_line_end_is_found() {
    let bytes = Log::of(4).bytes();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            assert!(!flaws(&changed).is_empty(), "bit {bit} of byte {at}");
        }
        let mut changed = bytes.clone();
        changed[at] = b'\n';
        assert!(changed == bytes || !flaws(&changed).is_empty(), "end of line at byte {at}");
    }
}

#[test]
fn removed_swapped_doubled_and_foreign_lines_are_found() {
    let log = Log::of(5);
    let bytes = log.bytes();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    for gone in 0..lines.len() - 1 {
        let left: Vec<u8> =
            lines.iter().enumerate().filter(|(i, _)| *i != gone).flat_map(|(_, l)| l.to_vec()).collect();
        assert!(!flaws(&left).is_empty(), "line {gone} removed");
    }
    for first in 0..lines.len() {
        for second in first + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(first, second);
            assert!(!flaws(&swapped.concat()).is_empty(), "lines {first} and {second} swapped");
        }
        let mut doubled = lines.clone();
        doubled.insert(first, lines[first]);
        assert!(!flaws(&doubled.concat()).is_empty(), "line {first} doubled");
    }
    // A line of another chain, sound in itself.
    let other = Log::of(1).bytes();
    let mut mixed = lines.clone();
    mixed.insert(2, &other);
    assert!(!flaws(&mixed.concat()).is_empty());
    // Cut off at the end, nothing in the chain can tell: that is what a head kept elsewhere is for.
    assert!(flaws(&lines[..3].concat()).is_empty());
}

#[test]
fn what_a_power_cut_leaves_is_kept_said_and_vouched_for() {
    for cut in [1, 20, 150] {
        let log = Log::of(3);
        let bytes = log.bytes();
        let torn = bytes.len() - cut;
        log.put(&bytes[..torn]);
        let found = log.walk();
        if cut == 1 {
            assert!(found.flaws.is_empty(), "only the end of the line is missing");
        } else {
            assert_eq!(found.flaws[0].kind, "torn");
        }
        log.append(9);
        let found = log.walk();
        assert!(found.flaws.is_empty(), "{:?}", found.flaws);
        assert_eq!(found.mended, u64::from(cut > 1));
        let after = log.bytes();
        assert!(after.starts_with(&bytes[..torn]), "nothing is taken away");
        // From now on the remains are part of what the chain vouches for.
        for at in 0..after.len() {
            let mut changed = after.clone();
            changed[at] ^= 4;
            assert!(!flaws(&changed).is_empty(), "cut {cut}, byte {at}");
        }
        if cut > 1 {
            let lines: Vec<&[u8]> = after.split_inclusive(|b| *b == b'\n').collect();
            let gone = [&lines[..2], &lines[3..]].concat().concat();
            assert!(!flaws(&gone).is_empty(), "the remains removed");
        }
    }
}

#[test]
fn blocks_of_zeros_after_a_power_cut_do_not_stop_the_log() {
    let log = Log::of(2);
    let mut bytes = log.bytes();
    bytes.extend([0; 4096]);
    log.put(&bytes);
    assert_eq!(log.append(3).seq, 4, "one entry for the remains, one for the action");
    let found = log.walk();
    assert_eq!((found.flaws.len(), found.mended, found.entries.len()), (0, 1, 4));
}

#[test]
fn a_last_line_that_somebody_changed_is_not_mended_away() {
    let log = Log::of(3);
    let mut bytes = log.bytes();
    let at = bytes.len() - 120;
    bytes[at] ^= 1;
    log.put(&bytes);
    log.append(9);
    let found = log.walk();
    assert_eq!(found.flaws.iter().map(|f| (f.line, f.kind)).collect::<Vec<_>>(), [(3, "changed")]);
    // The chain goes on after the last sound line and stays readable.
    assert_eq!(found.entries.len(), 4);
}

#[test]
fn many_writers_at_once_make_one_chain() {
    let log = Log::of(0);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let log = &log;
            scope.spawn(move || (0..10).for_each(|n| drop(log.append(writer * 10 + n))));
        }
    });
    let found = log.walk();
    assert_eq!((found.entries.len(), found.flaws.len()), (40, 0));
}

#[test]
fn a_long_log_is_continued_from_its_end() {
    let log = Log::of(0);
    let mut long = fields(1);
    long.insert("why".into(), "长".repeat(60_000).into());
    append(&log.path(), &long, mended).expect("written");
    append(&log.path(), &long, mended).expect("written");
    assert_eq!(log.append(3).seq, 3);
    assert!(log.walk().flaws.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_edit_but_a_cut_at_the_end_is_found(
        entries in 1u64..6,
        at in any::<prop::sample::Index>(),
        cut in 0usize..400,
        put in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = Log::of(entries).bytes();
        let at = at.index(bytes.len());
        let cut = cut.min(bytes.len() - at);
        let edited = [&bytes[..at], &put[..], &bytes[at + cut..]].concat();
        // A cut at the end is what no chain can see by itself.
        prop_assume!(!bytes.starts_with(&edited));
        prop_assert!(!flaws(&edited).is_empty());
    }
}
