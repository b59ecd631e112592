//! `bidui link --decisions FILE`: decisions of people about pairs of two plain files.
//!
//! In: a CSV with the columns `left_id`, `right_id` and `decision` (`same` or `different`; `是` or `否`), and optionally
//! `reason`; the ids of both sides. Out: [`Decisions`] by row. Every problem is told with its line, and nothing is half read.

use std::collections::BTreeMap;
use std::path::Path;

use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::link::{
    Decisions,
    decisions::{Decision, Verdict},
};

/// Reads a file of decisions; `left` and `right` give the row of an id.
///
/// # Errors
/// The file cannot be read (74); a column is missing, an id unknown, a word not a decision, or two lines contradict each
/// other (65).
pub fn read_decisions(
    path: &Path,
    left: impl Fn(&str) -> Option<u32>,
    right: impl Fn(&str) -> Option<u32>,
) -> Outcome<Decisions> {
    let bytes = std::fs::read(path).map_err(|e| Failure::io("read the decisions", path, &e))?;
    let file = path.display().to_string();
    let fail = |problems| Failure { class: FailureClass::InputContract, problems };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let broken = |e: &csv::Error| {
        let line = e.position().map_or(1, |p| u32::try_from(p.line()).unwrap_or(u32::MAX));
        Diagnostic::error("decisions.broken_row", "the line is not UTF-8 text", Place::file(&file).at(line, 1))
            .hint("save the file as CSV UTF-8")
    };
    let headings = reader.headers().map_err(|e| fail(vec![broken(&e)]))?.clone();
    let at = |name: &str| headings.iter().position(|h| h.eq_ignore_ascii_case(name));
    let columns = ["left_id", "right_id", "decision"];
    let missing: Vec<Diagnostic> = columns
        .into_iter()
        .filter(|c| at(c).is_none())
        .map(|c| {
            Diagnostic::error("decisions.missing_column", format!("there is no column `{c}`"), Place::file(&file))
                .hint("the columns are left_id, right_id, decision and, if you like, reason")
        })
        .collect();
    if !missing.is_empty() {
        return Err(fail(missing));
    }
    let mut problems = Vec::new();
    let mut decisions: Vec<Decision> = Vec::new();
    let mut seen: BTreeMap<(u32, u32), (Verdict, u32)> = BTreeMap::new();
    let mut same: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(e) => {
                problems.push(broken(&e));
                continue;
            }
        };
        let line = record.position().map_or(0, |p| u32::try_from(p.line()).unwrap_or(u32::MAX));
        let place = || Place::file(&file).at(line, 1);
        let cell = |name: &str| at(name).and_then(|i| record.get(i)).unwrap_or("");
        let rows = [("left_id", left(cell("left_id"))), ("right_id", right(cell("right_id")))];
        for (name, _) in rows.iter().filter(|(_, row)| row.is_none()) {
            problems.push(
                Diagnostic::error("decisions.unknown_id", format!("no row has this {name}"), place().field(*name))
                    .hint("ids are those of the columns named by --ids, or row numbers without it"),
            );
        }
        let verdict = match cell("decision").to_lowercase().as_str() {
            "same" | "是" => Some(Verdict::Same),
            "different" | "否" => Some(Verdict::Different),
            _ => {
                problems.push(
                    Diagnostic::error(
                        "decisions.unknown_word",
                        "the decision is no decision",
                        place().field("decision"),
                    )
                    .hint("write same or different"),
                );
                None
            }
        };
        let ([(_, Some(left)), (_, Some(right))], Some(verdict)) = (rows, verdict) else { continue };
        let contradicts = |first: u32| {
            let message = format!("this decision contradicts the one in line {first}");
            Diagnostic::error("decisions.contradictory", message, place())
                .hint("decide each pair once; a record can be one person only")
        };
        match seen.get(&(right, left)) {
            Some((v, first)) if *v != verdict => problems.push(contradicts(*first)),
            _ => {}
        }
        if verdict == Verdict::Same {
            match same.get(&right) {
                Some((other, first)) if *other != left => problems.push(contradicts(*first)),
                _ => {}
            }
            same.entry(right).or_insert((left, line));
        }
        seen.entry((right, left)).or_insert((verdict, line));
        decisions.push(Decision { right, left, verdict, knew: false, said: cell("reason").to_string() });
    }
    if problems.is_empty() { Ok(Decisions::new(decisions)) } else { Err(fail(problems)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Outcome<Decisions> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.csv");
        std::fs::write(&path, text).unwrap();
        let row = |first: char| move |id: &str| id.strip_prefix(first)?.parse().ok().filter(|n| *n < 10);
        read_decisions(&path, row('L'), row('R'))
    }

    #[test]
    fn decisions_are_found_by_their_ids() {
        let read = read("\u{feff}right_id,left_id,decision,reason\nR2,L1,same,\nR3,L1,否,电话核实\n").unwrap();
        let of = |right| read.of(right).iter().map(|d| (d.left, d.verdict, d.said.as_str())).collect::<Vec<_>>();
        assert_eq!(of(2), [(1, Verdict::Same, "")]);
        assert_eq!(of(3), [(1, Verdict::Different, "电话核实")]);
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let lines = ["L1,R1,same", "L2,R1,same", "L1,R1,different", "L99,R1,same", "L1,X,maybe"];
        let failure = read(&format!("left_id,right_id,decision\n{}\n", lines.join("\n"))).unwrap_err();
        assert_eq!(failure.class.exit_code(), 65);
        let told: Vec<(&str, Option<u32>)> = failure.problems.iter().map(|p| (p.code, p.place.line)).collect();
        let expected = [
            ("decisions.contradictory", Some(3)),
            ("decisions.contradictory", Some(4)),
            ("decisions.unknown_id", Some(5)),
            ("decisions.unknown_id", Some(6)),
            ("decisions.unknown_word", Some(6)),
        ];
        assert_eq!(told, expected);
        let failure = read("left,right,same\n").unwrap_err();
        assert_eq!(failure.problems.len(), 3);
    }
}
