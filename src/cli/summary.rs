//! The end of a run in words: records per source, the lists, the comparison, and where everything lies.

use super::table::{Align, lines};
use crate::run::Finished;
use crate::run::manifest::SourceEntry;

const LEFT: Align = Align::Left;
const RIGHT: Align = Align::Right;

/// Titles of list types, causes and outcomes, as the policy has them.
fn title(code: &str) -> String {
    let zh = match code {
        "unstable" => "脱贫监测户",
        "marginal" => "边缘户",
        "sudden" => "突发严重困难户",
        "illness" => "因病",
        "education" => "因学",
        "disability" => "因残",
        "disaster" => "因自然灾害",
        "accident" => "因意外事故",
        "industry" => "因产业项目失败",
        "employment" => "因务工就业不稳",
        "labour" => "缺劳动力",
        "housing" => "因安全住房",
        "water" => "因安全饮水",
        "agreed" => "线上线下一致",
        "online_only" => "仅线上",
        "offline_only" => "仅线下",
        "cause_differs" => "风险不一致",
        "type_differs" => "类型不一致",
        "identity_unclear" => "身份不清",
        "already_monitored" => "已在监测",
        _ => return code.to_string(),
    };
    format!("{zh} {code}")
}

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

fn counts<'a>(heading: &'a str, map: impl Iterator<Item = (&'a String, &'a u64)>) -> Vec<String> {
    let rows: Vec<Vec<String>> = map.map(|(k, n)| vec![title(k), n.to_string()]).collect();
    lines(&[(heading, LEFT), ("households", RIGHT)], &rows)
}

/// The whole end of a run.
pub fn round(finished: &Finished) -> Vec<String> {
    let m = &finished.manifest;
    let mut out = vec![format!("round {} as of {} (run {})", m.round, m.as_of, m.run_id), String::new()];
    out.extend(sources(&m.sources));
    let parts = [
        counts("online list by type 线上名单", m.online_by_type.iter()),
        counts("online list by cause 风险", m.online_by_cause.iter()),
        counts("online against offline 比对", m.comparison_by_outcome.iter()),
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
