//! Tells a program of the office how a run ended, so that it can write to a robot or a mailbox. bidui itself opens no connection.
//!
//! In: the program, how the run ended. Out: one JSON document on the program's standard input; a warning when the program could not
//! be started, took too long or failed. Nothing of it changes the run.
//!
//! The document may leave the office, and holds what may: the round, exit code, counts of sources by state, of messages by code,
//! and of households by type and by outcome, small ones suppressed. No name of a person, a village or a file, no message's words.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::audit::{self, Action};
use super::export::{THRESHOLD, by_type_and_outcome};
use super::pipeline::{Finished, Options};
use super::store;
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place, Severity};
use crate::publish::suppress::suppress;

/// How long the program may take.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Version of the document.
const FORMAT: u32 = 1;
/// How often is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Starts the program with the document of a run that ended with an exit code, and waits for it. That it was started stands in
/// the audit log. What comes back is to be told, as warnings.
pub fn notify(program: &Path, options: &Options, result: &Outcome<Finished>, exit: u8) -> Vec<Diagnostic> {
    let action = Action::new("notify").on("run_exit", exit);
    let told = audit::act(&options.out, &action, |_| {
        let text = document(options, result, exit)?.to_string();
        hand_over(program, text.into_bytes(), PATIENCE)
    });
    let problems = told.err().map(|failure| failure.problems).unwrap_or_default();
    problems.into_iter().map(|p| Diagnostic { severity: Severity::Warning, ..p }).collect()
}

/// What is told of a run.
///
/// # Errors
/// The comparison of the published round cannot be read (74).
fn document(options: &Options, result: &Outcome<Finished>, exit: u8) -> Outcome<Value> {
    let mut told = json!({
        "format": FORMAT,
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "pipeline": word(options.pipeline.file_name().map(|n| n.to_string_lossy()).as_deref()),
        "as_of": options.as_of.map(|day| day.to_string()),
        "published": result.is_ok(),
        "exit": exit,
        "round": null,
        "run_id": null,
    });
    let problems = match result {
        Err(failure) => &failure.problems,
        Ok(finished) => {
            let m = &finished.manifest;
            let count = |counts: &[(String, Option<u64>)]| -> Value { counts.iter().cloned().collect() };
            let (types, outcomes) = margins(&finished.dir)?;
            let mut sources: BTreeMap<&str, u64> = BTreeMap::new();
            m.sources.iter().for_each(|s| *sources.entry(s.state).or_default() += 1);
            told["as_of"] = m.as_of.as_str().into();
            told["round"] = m.round.as_str().into();
            told["run_id"] = m.run_id.as_str().into();
            told["sources_by_state"] = json!(sources);
            told["online_by_type"] = count(&types);
            told["comparison_by_outcome"] = count(&outcomes);
            told["suppressed_below"] = THRESHOLD.into();
            &m.problems
        }
    };
    let mut codes: BTreeMap<&str, u64> = BTreeMap::new();
    problems.iter().filter(|p| p.severity != Severity::Note).for_each(|p| *codes.entry(p.code).or_default() += 1);
    told["problems"] = json!(codes);
    Ok(told)
}

type Counted = Vec<(String, Option<u64>)>;

/// Households of the list by type, and of the comparison by outcome; none for what is suppressed.
///
/// Both count the same households, so that what one hides could be worked out from the other: they are the totals of the one
/// table that has both, suppressed as a whole.
fn margins(round: &Path) -> Outcome<(Counted, Counted)> {
    let counts = by_type_and_outcome(&store::read(&round.join("tables/comparison.parquet"))?);
    let published = suppress(&counts, THRESHOLD);
    let total = |row: &Vec<Option<u64>>| row.last().copied().flatten();
    let types = counts.rows.iter().cloned().zip(published.cells.iter().map(total));
    let outcomes = published.cells.last().cloned().unwrap_or_default();
    let outcomes = counts.columns.iter().cloned().zip(outcomes);
    // Who is not on the online list has no type.
    Ok((types.filter(|(name, _)| !name.is_empty()).collect(), outcomes.collect()))
}

/// A pipeline's name when it is a plain word; what else a folder may be called is nobody's outside.
fn word(name: Option<&str>) -> Option<&str> {
    let plain = |b: u8| b.is_ascii_lowercase() || b == b'_' || b == b'-';
    name.filter(|n| n.len() <= 40 && n.bytes().all(plain))
}

/// Starts a program without a shell, writes to its standard input, and waits until it ends well.
///
/// # Errors
/// It cannot be started, ends with another exit code than 0, or has not ended in time and was stopped (74).
fn hand_over(program: &Path, text: Vec<u8>, patience: Duration) -> Outcome<()> {
    let failed = |code, said: String| {
        let hint = "the run and its round are as told; try the program by hand: echo '{}' | PROGRAM";
        let problem = Diagnostic::error(code, said, Place::default().field("--notify")).hint(hint);
        Failure::one(FailureClass::Io, problem)
    };
    let lost = |e: std::io::Error| failed("notify.not_started", format!("the program cannot be started: {}", e.kind()));
    // Its own words go nowhere: on stdout they would stand among a reader's data.
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(lost)?;
    let until = Instant::now() + patience;
    if let Some(mut input) = child.stdin.take() {
        // A program that does not read may leave the pipe full: nobody waits for the writer. One that ends without reading is
        // judged by its exit code.
        std::thread::spawn(move || input.write_all(&text));
    }
    while Instant::now() < until {
        match child.try_wait().map_err(lost)? {
            None => std::thread::sleep(LOOK),
            Some(status) if status.success() => return Ok(()),
            Some(status) => {
                return Err(failed("notify.failed", format!("the program ended otherwise than well: {status}")));
            }
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    let said = format!("the program had not ended after {} s and was stopped", patience.as_secs_f32());
    Err(failed("notify.slow", said))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn script(dir: &Path, text: &str) -> std::path::PathBuf {
        let path = dir.join("program");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    fn code(outcome: &Outcome<()>) -> Option<&'static str> {
        outcome.as_ref().err().map(|f| f.problems[0].code)
    }

    #[test]
    fn a_slow_program_is_stopped_and_told_one_that_does_not_read_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let (began, long) = (Instant::now(), vec![b' '; 1 << 20]);
        let slow = hand_over(&script(dir.path(), "exec sleep 600"), long.clone(), Duration::from_millis(300));
        assert_eq!(code(&slow), Some("notify.slow"));
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
        assert_eq!(code(&hand_over(&script(dir.path(), "exit 0"), long.clone(), PATIENCE)), None);
        assert_eq!(code(&hand_over(&script(dir.path(), "exit 3"), long, PATIENCE)), Some("notify.failed"));
        assert_eq!(code(&hand_over(&dir.path().join("none"), Vec::new(), PATIENCE)), Some("notify.not_started"));
    }

    #[test]
    fn a_folder_that_is_called_otherwise_than_by_a_word_is_not_named() {
        assert_eq!(word(Some("quarterly")), Some("quarterly"));
        for name in ["张三", "q-99012119770307881X", "Q", "a b"] {
            assert_eq!(word(Some(name)), None, "{name}");
        }
    }
}
