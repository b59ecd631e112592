//! `OUT/history.jsonl`: when which run ended how, a line each.

use std::io::Write;
use std::path::Path;

use super::pipeline::Finished;
use super::{clock, private};
use crate::diag::{Failure, FailureClass, Outcome};

/// Writes how a run ended and gives its end back; that it could not be written is told besides.
pub(super) fn tell(out: &Path, as_of: jiff::civil::Date, result: Outcome<Finished>) -> Outcome<Finished> {
    let line = match &result {
        Ok(f) => serde_json::json!({"at": clock::now_stamp(), "round": f.manifest.round, "run_id": f.manifest.run_id,
            "exit": f.trouble.map_or(0, FailureClass::exit_code), "published": true}),
        Err(e) => serde_json::json!({"at": clock::now_stamp(), "as_of": as_of.to_string(),
            "exit": e.class.exit_code(), "published": false}),
    };
    match (result, append_history(out, &line.to_string())) {
        (result, Ok(())) => result,
        // The round is there, or it is not there for another reason: that a line is missing is told besides.
        (Ok(mut finished), Err(late)) => {
            finished.manifest.problems.extend(late.problems);
            finished.trouble = Some(finished.trouble.unwrap_or(FailureClass::Io));
            Ok(finished)
        }
        (Err(mut failure), Err(late)) => {
            failure.problems.extend(late.problems);
            Err(failure)
        }
    }
}

/// Adds a line in one write; a line that a stopped program left half is ended first.
pub(super) fn append_history(out: &Path, line: &str) -> Outcome<()> {
    let path = out.join("history.jsonl");
    let half = std::fs::read(&path).is_ok_and(|old| old.last().is_some_and(|last| *last != b'\n'));
    let line = format!("{}{line}\n", if half { "\n" } else { "" });
    private::append(&path)
        .and_then(|mut f| f.write_all(line.as_bytes()).and_then(|()| f.sync_all()))
        .map_err(|e| Failure::io("write the history", &path, &e))
}
