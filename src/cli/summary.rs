//! The end of a run in words: records per source, the lists, the comparison, and where everything lies.

use std::collections::BTreeMap;

use super::table::{Align, lines};
use crate::model::words;
use crate::run::manifest::SourceEntry;
use crate::run::{Finished, LinkReport};

const LEFT: Align = Align::Left;
const RIGHT: Align = Align::Right;

/// A table of records per source.
pub fn sources(entries: &[SourceEntry]) -> Vec<String> {
    let head = [
        ("source", LEFT),
        ("来源", LEFT),
        ("state", LEFT),
        ("read", RIGHT),
        ("accepted", RIGHT),
        ("quarantined", RIGHT),
        ("folded", RIGHT),
        ("linked", RIGHT),
        ("possible", RIGHT),
        ("conflict", RIGHT),
        ("unlinked", RIGHT),
    ];
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|e| {
            let mut row = vec![e.source.clone(), e.title.clone(), e.state.to_string()];
            row.extend([e.rows.read, e.rows.accepted, e.rows.quarantined, e.rows.folded].map(|n| n.to_string()));
            row.extend(match e.links {
                Some(l) => [l.linked, l.possible, l.conflict, l.unlinked].map(|n| n.to_string()),
                None => ["-", "-", "-", "-"].map(str::to_string),
            });
            row
        })
        .collect();
    lines(&head, &rows)
}

/// The end of a linkage of plain files.
pub fn link(report: &LinkReport) -> Vec<String> {
    let records = report.rows.last().copied().unwrap_or(0);
    let share = |n: u64| format!("{:.2}%", 100.0 * n as f64 / records.max(1) as f64);
    let rows: Vec<String> = report.rows.iter().map(u64::to_string).collect();
    let mut out = vec![format!("model {}: {} rows", report.model, rows.join(" and ")), String::new()];
    let states: Vec<Vec<String>> = ["linked", "possible", "conflict", "unlinked"]
        .iter()
        .filter_map(|state| report.states.get(state).map(|n| vec![state.to_string(), n.to_string(), share(*n)]))
        .collect();
    // Of one file pairs are counted, and the records that are like no other.
    match report.rows.len() {
        1 => {
            let pairs: Vec<Vec<String>> = states.into_iter().map(|row| row[..2].to_vec()).collect();
            out.extend(lines(&[("state", LEFT), ("pairs", RIGHT)], &pairs));
        }
        _ => out.extend(lines(&[("state", LEFT), ("records", RIGHT), ("share", RIGHT)], &states)),
    }
    let mut passes: Vec<(&String, &u64)> = report.passes.iter().collect();
    passes.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let passes: Vec<Vec<String>> = passes.into_iter().map(|(pass, n)| vec![pass.clone(), n.to_string()]).collect();
    if !passes.is_empty() {
        out.push(String::new());
        out.extend(lines(&[("linked by", LEFT), ("records", RIGHT)], &passes));
    }
    if let Some(path) = &report.out {
        out.push(String::new());
        out.push(format!("{} rows in {path}", report.pairs));
    }
    out
}

fn counts<'a>(heading: &str, counted: impl Iterator<Item = (&'a str, &'a str, u64)>) -> Vec<String> {
    let rows: Vec<Vec<String>> =
        counted.map(|(code, title, n)| vec![format!("{title} {code}"), n.to_string()]).collect();
    lines(&[(heading, LEFT), ("households", RIGHT)], &rows)
}

/// The whole end of a run.
pub fn round(finished: &Finished) -> Vec<String> {
    let m = &finished.manifest;
    let mut out = vec![format!("round {} as of {} (run {})", m.round, m.as_of, m.run_id), String::new()];
    out.extend(sources(&m.sources));
    let known = |map: &BTreeMap<String, u64>, code: &str| map.get(code).copied().unwrap_or(0);
    let types = words::LIST_TYPES.map(|t| (t, words::list_type(t), known(&m.online_by_type, t)));
    let causes = finished
        .causes
        .iter()
        .filter_map(|(code, title)| m.online_by_cause.get(code).map(|n| (code.as_str(), title.as_str(), *n)));
    let outcomes = words::OUTCOMES.map(|o| (o, words::outcome(o), known(&m.comparison_by_outcome, o)));
    let parts = [
        counts("online list by type 线上名单", types.into_iter()),
        counts("online list by cause 风险", causes),
        counts("online against offline 比对", outcomes.into_iter()),
    ];
    for part in parts {
        out.push(String::new());
        out.extend(part);
    }
    out.push(String::new());
    out.push(format!(
        "sums: rows read = accepted + quarantined + folded, accepted = linked + possible + conflict + unlinked: {}",
        if m.sums_close { "closed for every source" } else { "OPEN" }
    ));
    out.push(format!("published in {}", finished.dir.display()));
    let mut shown: Vec<&str> =
        m.outputs.iter().map(|o| o.path.as_str()).filter(|p| !p.starts_with("tables/")).collect();
    shown.push("manifest.json");
    let tables = m.outputs.len() + 1 - shown.len();
    for path in shown {
        out.push(format!("  {path}"));
    }
    out.push(format!("  tables/ ({tables} Parquet tables; tables/dictionary.parquet says what each column means)"));
    out
}

/// One line for cron's mail and logs; counts only.
pub fn one_line(finished: &Finished, code: u8) -> String {
    let m = &finished.manifest;
    let listed: u64 = m.online_by_type.values().sum();
    let of = |outcome: &str| m.comparison_by_outcome.get(outcome).copied().unwrap_or(0);
    let compared: u64 = m.comparison_by_outcome.values().sum();
    let read: u64 = m.sources.iter().map(|s| s.rows.read).sum();
    let bad: Vec<&str> = m.sources.iter().filter(|s| s.state != "delivered").map(|s| s.source.as_str()).collect();
    let state =
        if bad.is_empty() { "all sources delivered".to_string() } else { format!("not whole: {}", bad.join(",")) };
    format!(
        "bidui {} {} as_of={} read={read} online={listed} agreed={} to_verify={} exit={code}; {state}; {}",
        m.pipeline,
        m.round,
        m.as_of,
        of("agreed"),
        compared - of("agreed") - of("already_monitored"),
        finished.dir.display()
    )
}
