//! The figures of `bidui link`: known pairs are read, the links measured, a sample for clerical review written and read again.
//!
//! Known pairs are a CSV, XLSX or Parquet file with the columns `left_id` and `right_id`, and `kind` where it is known what
//! is wrong with each. A sample has these two, and `stratum`, `stratum_size`, `match_weight`, `status` and an empty
//! `decision`, in which people write `same` or `different` (or 是, 否).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::link_checks::{self, Wanted};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::ingest::rows;
use crate::link::Keys;
use crate::link::evaluate::{self, Estimate, Evaluation, Reviewed, StratumReview, Truth};
use crate::link::pairs::Pairs;

/// How good the links are.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Measured {
    /// Without a truth.
    pub estimate: Estimate,
    /// Against the truth, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
}

impl Measured {
    /// Lines for a terminal.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = self.estimate.lines();
        lines.extend(self.evaluation.iter().flat_map(Evaluation::lines));
        lines
    }
}

/// Known pairs by rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KnownPairs {
    /// Left row, right row.
    pub pairs: Vec<(u32, u32)>,
    /// The file's kinds; empty when it has none.
    pub kinds: Vec<String>,
    /// What is doubtful about the file; none of it an error.
    pub problems: Vec<Diagnostic>,
}

/// Measures the links of two files, or of one (`right` is none); `truth` is a file of known pairs.
///
/// # Errors
/// Class `input_contract` when the truth cannot be read or is of other records.
pub fn measure(
    pairs: &Pairs,
    truth: Option<&Path>,
    left: &Keys,
    right: Option<&Keys>,
) -> Outcome<(Measured, Vec<Diagnostic>)> {
    let dedupe = right.is_none();
    let estimate = evaluate::estimate(pairs, dedupe);
    let Some(truth) = truth else { return Ok((Measured { estimate, evaluation: None }, Vec::new())) };
    let known = read_known(truth, left, right)?;
    let mut found = evaluate::evaluate(pairs, &Truth { pairs: &known.pairs, kinds: &known.kinds, dedupe });
    let other = right.unwrap_or(left);
    found.name(|row| left.get(row).to_string(), |row| other.get(row).to_string());
    Ok((Measured { estimate, evaluation: Some(found) }, known.problems))
}

/// Reads known pairs (a truth or labels).
///
/// # Errors
/// Class `input_contract` when the file cannot be read or none of its pairs is of records that are linked.
pub fn read_known(path: &Path, left: &Keys, right: Option<&Keys>) -> Outcome<KnownPairs> {
    let file = rows::open(path).map_err(refused)?;
    let name = path.display().to_string();
    let wanted =
        ["left_id", "right_id"].map(|heading| Wanted { heading, asked_by: "a file of known pairs", required: true });
    link_checks::refuse(link_checks::columns(&name, file.headings(), &wanted))?;
    let at = |heading: &str| file.headings().iter().position(|h| h == heading);
    let columns: Vec<usize> = ["left_id", "right_id", "kind"].iter().filter_map(|h| at(h)).collect();
    let has_kinds = columns.len() == 3;
    // Only looked up, never walked.
    let rows_of = |keys: &Keys| -> HashMap<String, u32> {
        (0..keys.len() as u32).map(|row| (keys.get(row).to_string(), row)).collect()
    };
    let lefts = rows_of(left);
    let rights = right.map(rows_of);
    let (mut known, mut unknown, mut given) = (KnownPairs::default(), Vec::new(), 0_u64);
    let read = file.read(&columns, &mut |cells| {
        given += 1;
        match (lefts.get(cells.get(0)), rights.as_ref().unwrap_or(&lefts).get(cells.get(1))) {
            // A record of one file is no pair with itself.
            (Some(a), Some(b)) if right.is_some() || a != b => {
                known.pairs.push((*a, *b));
                known.kinds.extend(has_kinds.then(|| cells.get(2).to_string()));
            }
            _ => unknown.push(cells.row),
        }
        Ok(())
    });
    let mut problems = read.map_err(refused)?.problems;
    problems.retain(|p| p.code != "ingest.no_rows");
    problems.extend(link_checks::known_pairs(&name, given, &unknown));
    known.problems = link_checks::refuse(problems)?;
    Ok(known)
}

fn refused(problems: Vec<Diagnostic>) -> Failure {
    Failure { class: FailureClass::InputContract, problems }
}

const SAMPLE: [&str; 7] = ["left_id", "right_id", "decision", "match_weight", "status", "stratum", "stratum_size"];

/// Writes about `wanted` pairs for clerical review; gives how many.
///
/// # Errors
/// Class `io` when the file cannot be written.
pub fn write_sample(path: &Path, pairs: &Pairs, wanted: usize, left: &Keys, right: Option<&Keys>) -> Outcome<u64> {
    let mut written = 0;
    crate::publish::atomic::write_with(path, |out| -> Result<(), csv::Error> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(SAMPLE)?;
        for stratum in evaluate::sample(pairs, right.is_none(), wanted) {
            for row in stratum.rows {
                let Some(left_row) = pairs.left[row] else { continue };
                writer.write_record([
                    left.get(left_row),
                    right.unwrap_or(left).get(pairs.right[row]),
                    "",
                    &format!("{:.3}", pairs.weight[row]),
                    pairs.status[row].as_str(),
                    &stratum.name,
                    &stratum.size.to_string(),
                ])?;
                written += 1;
            }
        }
        writer.flush()?;
        Ok(())
    })?;
    Ok(written)
}

/// Reads a sample that people have decided on; undecided rows count as not drawn.
///
/// # Errors
/// Class `input_contract` when a column is not there or a decision is none of the known words.
pub fn read_sample(path: &Path) -> Outcome<Reviewed> {
    let file = rows::open(path).map_err(refused)?;
    let name = path.display().to_string();
    let needed = ["decision", "stratum", "stratum_size"];
    let wanted = needed.map(|heading| Wanted { heading, asked_by: "a reviewed sample", required: true });
    link_checks::refuse(link_checks::columns(&name, file.headings(), &wanted))?;
    let columns: Vec<usize> = needed.iter().filter_map(|n| file.headings().iter().position(|h| h == n)).collect();
    let mut strata: BTreeMap<String, StratumReview> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut wrong = |row: u32, field: &str, hint: &str| {
        let place = Place::file(&name).row(row).field(field);
        problems.push(Diagnostic::error("link.sample", format!("`{field}` cannot be read"), place).hint(hint));
    };
    let read = file.read(&columns, &mut |cells| {
        let (decision, stratum) = (cells.get(0), cells.get(1));
        let Ok(size) = cells.get(2).parse::<u64>() else {
            wrong(cells.row, "stratum_size", "leave the column as it was written");
            return Ok(());
        };
        let linked = stratum.starts_with("linked");
        let of = strata.entry(stratum.to_string()).or_insert_with(|| StratumReview {
            name: stratum.to_string(),
            linked,
            size,
            decided: 0,
            same: 0,
        });
        match decision {
            "" => {}
            "same" | "是" => (of.decided, of.same) = (of.decided + 1, of.same + 1),
            "different" | "否" => of.decided += 1,
            _ => wrong(cells.row, "decision", "write same or different (是 or 否), or leave it empty"),
        }
        Ok(())
    });
    read.map_err(refused)?;
    link_checks::refuse(problems)?;
    let strata: Vec<StratumReview> = strata.into_values().collect();
    Ok(evaluate::review(&strata))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::pairs::Status;

    fn pairs() -> Pairs {
        let rows: Vec<(Option<u32>, u32, Status, f32)> = vec![
            (Some(0), 0, Status::Linked, 25.0),
            (Some(1), 1, Status::Linked, 22.0),
            (Some(0), 2, Status::Possible, 3.0),
            (None, 3, Status::Unlinked, 0.0),
        ];
        Pairs {
            left: rows.iter().map(|r| r.0).collect(),
            right: rows.iter().map(|r| r.1).collect(),
            status: rows.iter().map(|r| r.2).collect(),
            rank: vec![1; 4],
            weight: rows.iter().map(|r| r.3).collect(),
            margin: vec![None; 4],
            pass: vec![0; 4],
            ..Pairs::default()
        }
    }

    const LEFT: [&str; 3] = ["A1", "A2", "A3"];
    const RIGHT: [&str; 4] = ["B1", "B2", "B3", "B4"];

    fn keys() -> (Keys, Keys) {
        let (mut left, mut right) = (Keys::default(), Keys::default());
        LEFT.iter().for_each(|key| left.push(key));
        RIGHT.iter().for_each(|key| right.push(key));
        (left, right)
    }

    fn file(folder: &tempfile::TempDir, text: &str) -> std::path::PathBuf {
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).expect("a file in a temporary folder");
        path
    }

    #[test]
    fn links_against_a_file_of_known_pairs() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (left, right) = keys();
        let truth = file(&folder, "right_id,kind,left_id\nB1,clean,A1\nB2,typo,A3\nB3,typo,A1\nB9,clean,A1\n");
        let (found, problems) = measure(&pairs(), Some(&truth), &left, Some(&right)).expect("figures");
        let evaluation = found.evaluation.clone().expect("a truth was given");
        assert_eq!((evaluation.linked.pairs, evaluation.linked.right, evaluation.linked.truth), (2, 1, 3));
        assert_eq!(evaluation.worst[0].ids, ["A2", "B2", "A3"]);
        assert_eq!(evaluation.by_kind.len(), 2);
        assert_eq!(problems.iter().map(|p| p.code).collect::<Vec<_>>(), ["link.unknown_keys"]);
        assert!(found.lines().iter().any(|l| l.contains("status linked")));
        assert_eq!(measure(&pairs(), None, &left, Some(&right)).expect("figures").0.evaluation, None);
    }

    #[test]
    fn a_truth_of_other_records_is_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (left, right) = keys();
        let refused = |text: &str| {
            let failure = measure(&pairs(), Some(&file(&folder, text)), &left, Some(&right)).expect_err("an end");
            (failure.class.exit_code(), failure.problems.iter().map(|p| p.code).collect::<Vec<_>>())
        };
        assert_eq!(refused("left_id,right_id\nX,Y\n"), (65, vec!["link.unknown_keys"]));
        assert_eq!(refused("left,right\nA1,B1\n"), (65, vec!["link.missing_column", "link.missing_column"]));
        assert_eq!(refused("left_id,right_id\n"), (65, vec!["link.no_known_pairs"]));
    }

    #[test]
    fn a_sample_goes_out_and_comes_back() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (left, right) = keys();
        let path = folder.path().join("sample.csv");
        assert_eq!(write_sample(&path, &pairs(), 10, &left, Some(&right)).expect("a sample"), 3);
        let text = std::fs::read_to_string(&path).expect("the sample");
        assert_eq!(text.lines().nth(1), Some("A1,B1,,25.000,linked,linked 20-30,2"));
        assert_eq!(read_sample(&path).expect("nothing decided").precision, None);
        let decided = text.replace("A1,B1,,", "A1,B1,same,").replace("A2,B2,,", "A2,B2,否,");
        std::fs::write(&path, decided).expect("the sample");
        let found = read_sample(&path).expect("a reviewed sample");
        assert_eq!(found.precision.map(|p| p.value), Some(0.5));
        std::fs::write(&path, text.replace("A1,B1,,", "A1,B1,maybe,")).expect("the sample");
        assert_eq!(read_sample(&path).expect_err("an end").problems[0].place.row, Some(2));
    }
}
