//! Faults of the machine (13–20): a full disk, a kill, two starts, a lock left behind, another clock, the same again, too much.
//!
//! `crash.rs` does 13–15 at every single call, where strace is there.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::super::crash::state::State;
use super::super::support::{bidui, manifest, outcome, root, tree};
use super::{FIRST, Office, SECOND};

#[test]
fn fault_13_disk_full() {
    let office = Office::after("full");
    let before = tree(&office.round(FIRST));
    // No file may grow beyond so many blocks of 512 bytes: writes fail for real, wherever the program has come to.
    for blocks in [0, 2, 8, 24, 60, 120] {
        let args: Vec<String> =
            office.command("run", SECOND).get_args().map(|a| a.to_str().unwrap().to_string()).collect();
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
        limited.arg(env!("CARGO_BIN_EXE_bidui")).args(args).env_clear().env("NO_COLOR", "1").current_dir(root());
        let (code, _, err) = outcome(&mut limited);
        assert_eq!(code, 74, "{blocks} blocks: {err}");
        assert!(err.contains("hint:") && err.contains("room"), "{err}");
        assert!(
            !office.round(SECOND).exists() && before == tree(&office.round(FIRST)),
            "{blocks} blocks: the old stays"
        );
    }
    let (code, _, err) = office.night(SECOND);
    assert_eq!(code, 0, "with room again: {err}");
    assert_eq!(State::of(&office.out()).hidden.len(), 0, "and nothing is left of the failed ones");
}

#[test]
fn fault_14_killed_at_any_time() {
    let office = Office::new("killed");
    let quiet = Office::new("killed-quiet");
    let began = Instant::now();
    assert_eq!(quiet.night(FIRST).0, 0);
    let takes = began.elapsed();
    let (old, new) = (State::of(&office.out()), State::of(&quiet.out()));
    for step in 1..=10_u32 {
        let mut child = office.command("run", FIRST).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(takes * step / 10);
        child.kill().unwrap();
        child.wait().unwrap();
        let state = State::of(&office.out());
        assert_eq!(state.fault(&old, &new), None, "killed after {step} tenths");
        if step % 5 == 0 {
            let (code, _, err) = office.night(FIRST);
            assert_eq!(code, 0, "{err}");
            assert_eq!(State::of(&office.out()).unlike(&new), None, "the next run puts it right");
            fs::remove_dir_all(office.out()).unwrap();
        }
    }
}

#[test]
fn fault_16_two_runs_at_once() {
    let office = Office::new("two");
    let start = || {
        let mut command = bidui();
        command.arg("run").arg(office.dir.join("pipelines/quarterly")).args(["--as-of", FIRST, "--input"]);
        command.arg(office.dir.join("inbox")).arg("--out").arg(office.out());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let pair = [start(), start()];
    let ids = [pair[0].id(), pair[1].id()];
    let ends = pair.map(|child| child.wait_with_output().unwrap());
    let codes = [0, 1].map(|i| ends[i].status.code().unwrap());
    let second = codes.iter().position(|c| *c == 75).unwrap_or_else(|| panic!("one is refused: {codes:?}"));
    assert_eq!(codes[1 - second], 0, "and the other runs");
    let err = String::from_utf8_lossy(&ends[second].stderr);
    assert!(err.contains("error[run.locked]"), "{err}");
    // The holder writes its name after it has the lock: a start in that very instant finds the word of the one before.
    assert!(err.contains(&format!("process {}", ids[1 - second])) || err.contains("holds this folder: \n"), "{err}");
    assert_eq!(fs::read_dir(office.out().join("rounds")).unwrap().count(), 1);
}

#[test]
fn fault_17_lock_left_behind() {
    let office = Office::new("left-lock");
    let mut child = office.command("run", FIRST).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let lock = office.out().join(".lock");
    let began = Instant::now();
    while !lock.exists() && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(lock.exists(), "the file of the killed one is still there");
    let (code, _, err) = office.night(FIRST);
    assert_eq!(code, 0, "and holds nobody up: {err}");
}

#[test]
fn fault_18_another_zone_and_clock() {
    let office = Office::new("zones");
    let today =
        || jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::get("Asia/Shanghai").unwrap()).date().to_string();
    let before = today();
    let mut command = bidui();
    command.arg("run").arg(office.dir.join("pipelines/nightly")).arg("--input").arg(office.dir.join("inbox"));
    command.arg("--out").arg(office.out()).env("TZ", "America/Los_Angeles").env("LC_ALL", "tr_TR.UTF-8");
    let (_, _, err) = outcome(&mut command);
    let rounds: Vec<_> = fs::read_dir(office.out().join("rounds")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(rounds.len(), 1, "{err}");
    let day = manifest(&rounds[0])["as_of"].as_str().unwrap().to_string();
    assert!(day == before || day == today(), "the day is China's: {day}, not {before}");
    assert!(rounds[0].ends_with(&day), "one day for everything, taken once");
    let persons = super::super::support::table(&rounds[0], "deliveries");
    assert!((0..persons.rows()).all(|i| persons.date_at("as_of", i).is_some()));
}

#[test]
fn fault_19_same_inputs_again() {
    let office = Office::after("same");
    let before = State::of(&office.out());
    let (code, _, err) = office.night(FIRST);
    assert_eq!(code, 0, "{err}");
    assert_eq!(State::of(&office.out()).unlike(&before), None, "the same bytes, no new case, no new delivery");
}

#[test]
fn fault_20_too_much_for_the_memory_or_the_disk() {
    let office = Office::after("capped");
    let before = State::of(&office.out());
    let (code, _, err) = outcome(office.command("run", SECOND).args(["--memory", "64MiB"]));
    assert_eq!(code, 74, "{err}");
    assert!(err.contains("error[limits.memory]") && err.contains("64 MiB") && err.contains("hint:"), "{err}");
    assert_eq!(State::of(&office.out()).unlike(&before), None, "nothing was written");
    let (code, _, err) = outcome(office.command("run", SECOND).args(["--memory", "2GiB"]));
    assert_eq!(code, 0, "{err}");
    let (code, _, err) = outcome(office.command("run", SECOND).args(["--memory", "much"]));
    assert_eq!(code, 64, "{err}");
}
