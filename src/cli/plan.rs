//! `bidui plan`: what would change before it changes.

use std::path::PathBuf;

use super::printer::Printer;
use super::progress::Progress;
use super::table::{Align, lines};
use crate::diag::{Outcome, Severity};
use crate::model::words;
use crate::run::{self, Change, Preview};

const LEFT: Align = Align::Left;
const RIGHT: Align = Align::Right;

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Pipeline folder.
    #[arg(default_value = "pipelines/quarterly")]
    pipeline: PathBuf,
    /// Folder with the departments' files; when not given, the last round's own tables are judged again.
    #[arg(long)]
    input: Option<PathBuf>,
    /// Folder that holds the rounds; the last one is what is compared with.
    #[arg(long, default_value = "out")]
    out: PathBuf,
    /// Day of the judgement, as 2026-09-30; today in China when not given.
    #[arg(long)]
    as_of: Option<String>,
    /// Propose a value: name=15000, name[group=lifted]=6000, name[township=云岭镇]=6000. May be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Propose another pipeline folder: other rules, indicators, parameters or sources.
    #[arg(long = "pipeline", value_name = "FOLDER")]
    proposed: Option<PathBuf>,
    /// Round to compare with; the last one when not given.
    #[arg(long)]
    round: Option<String>,
    /// Use this source's delivery as it is, as for `run`.
    #[arg(long, value_name = "SOURCE")]
    accept: Vec<String>,
    /// Also tell which households enter, leave or change their type; names and numbers are masked.
    #[arg(long)]
    names: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let options = run::PreviewOptions {
        pipeline: args.pipeline.clone(),
        input: args.input.clone(),
        out: args.out.clone(),
        as_of: args.as_of.as_deref().map(run::parse_day).transpose()?,
        accept: args.accept.clone(),
        set: args.set.clone(),
        proposed: args.proposed.clone(),
        round: args.round.clone(),
        names: args.names,
    };
    let progress = Progress::new();
    let preview = run::preview(&options, &|e| progress.event(e));
    progress.finish();
    let preview = preview?;
    printer.problems(preview.problems.iter().filter(|p| p.severity != Severity::Note));
    if args.json {
        printer.json(&preview);
    } else {
        shown(&preview).iter().for_each(|line| printer.data(line));
    }
    Ok(0)
}

fn shown(preview: &Preview) -> Vec<String> {
    let mut out = vec![format!("round {} as of {}; nothing was written", preview.round, preview.as_of)];
    if !preview.params.is_empty() {
        let head = [
            ("parameter 阈值", LEFT),
            ("for 范围", LEFT),
            ("now 现值", RIGHT),
            ("proposed 拟议", RIGHT),
            ("rules 规则", LEFT),
        ];
        let rows: Vec<Vec<String>> = preview
            .params
            .iter()
            .map(|p| {
                let scope: Vec<&str> = [p.township.as_deref(), p.group.as_deref()].into_iter().flatten().collect();
                let scope = if scope.is_empty() { "全县".to_string() } else { scope.join(" ") };
                let value = |v: &Option<String>| v.clone().unwrap_or_else(|| "-".into());
                vec![format!("{} {}", p.title, p.name), scope, value(&p.before), value(&p.after), p.rules.join(" ")]
            })
            .collect();
        out.push(String::new());
        out.extend(lines(&head, &rows));
    }
    for change in &preview.changes {
        out.push(String::new());
        out.extend(shown_change(change));
    }
    out
}

fn shown_change(change: &Change) -> Vec<String> {
    let mut out = vec![format!(
        "== {} → {}: {} listed → {}; {} enter, {} leave, {} change their type",
        change.from, change.to, change.before, change.after, change.enters, change.leaves, change.retyped
    )];
    let head = [
        ("township 乡镇", LEFT),
        ("type 类型", LEFT),
        ("before", RIGHT),
        ("after", RIGHT),
        ("enter", RIGHT),
        ("leave", RIGHT),
        ("type in", RIGHT),
        ("type out", RIGHT),
    ];
    let moved = |p: &&run::PlaceChange| p.enters + p.leaves + p.retyped_in + p.retyped_out > 0;
    let rows: Vec<Vec<String>> = change
        .places
        .iter()
        .filter(moved)
        .map(|p| {
            let counts = [p.before, p.after, p.enters, p.leaves, p.retyped_in, p.retyped_out];
            let mut row = vec![p.township.clone(), words::list_type(&p.list_type).to_string()];
            row.extend(counts.map(|n| n.to_string()));
            row
        })
        .collect();
    if !rows.is_empty() {
        out.extend(lines(&head, &rows));
    }
    let head = [
        ("rule 规则", LEFT),
        ("before", RIGHT),
        ("after", RIGHT),
        ("new", RIGHT),
        ("gone", RIGHT),
        ("unknown", RIGHT),
        ("remark 提示", LEFT),
    ];
    let worth =
        |r: &&run::RuleChange| r.enters + r.leaves > 0 || r.remark.is_some() || r.before.is_none() || r.after.is_none();
    let rows: Vec<Vec<String>> = change
        .rules
        .iter()
        .filter(worth)
        .map(|r| {
            let count = |n: Option<u64>| n.map_or_else(|| "-".to_string(), |n| n.to_string());
            let remark = match (r.remark, &r.missing) {
                (Some("hits_nobody"), _) => "无一命中".to_string(),
                (Some("hits_everybody"), _) => "全部命中".to_string(),
                (_, Some(missing)) => format!("缺数据无法判断：{missing}"),
                (Some(_), None) => "全部无法判断".to_string(),
                (None, None) => String::new(),
            };
            vec![
                format!("{} {}", r.rule, r.title),
                count(r.before),
                count(r.after),
                r.enters.to_string(),
                r.leaves.to_string(),
                r.unknown.to_string(),
                remark,
            ]
        })
        .collect();
    if !rows.is_empty() {
        out.push(String::new());
        out.extend(lines(&head, &rows));
    }
    if let Some(movers) = change.households.as_ref().filter(|m| !m.is_empty()) {
        let head = [
            ("change", LEFT),
            ("household", LEFT),
            ("head 户主", LEFT),
            ("number 证件号", LEFT),
            ("place", LEFT),
            ("type", LEFT),
            ("rules", LEFT),
        ];
        let rows: Vec<Vec<String>> = movers
            .iter()
            .map(|m| {
                let title = |t: &Option<String>| t.as_deref().map_or("-", words::list_type).to_string();
                vec![
                    m.change.to_string(),
                    m.household_id.clone(),
                    m.head.clone(),
                    m.head_id_number.clone(),
                    format!("{}{}", m.township, m.village),
                    format!("{} → {}", title(&m.from_type), title(&m.to_type)),
                    m.rules.clone(),
                ]
            })
            .collect();
        out.push(String::new());
        out.extend(lines(&head, &rows));
    }
    out
}
