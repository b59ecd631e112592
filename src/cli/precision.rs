//! `bidui precision`: how often each rule was right, by what the villages answered.

use std::path::PathBuf;

use super::printer::Printer;
use super::table::{Align, lines};
use crate::diag::Outcome;
use crate::model::Table;
use crate::run::{self, Precision};

const LEFT: Align = Align::Left;
const RIGHT: Align = Align::Right;

/// Arguments of `precision`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Pipeline folder.
    #[arg(default_value = "pipelines/quarterly")]
    pipeline: PathBuf,
    /// Folder of the filled 核实表.
    #[arg(long)]
    answers: PathBuf,
    /// Folder that holds the rounds.
    #[arg(long, default_value = "out")]
    out: PathBuf,
    /// The round that was verified; the last one when not given.
    #[arg(long)]
    round: Option<String>,
    /// Also show every rule in every township.
    #[arg(long)]
    townships: bool,
    /// Write rule_precision and rule_overlap as Parquet into this folder.
    #[arg(long, value_name = "FOLDER")]
    tables: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let found = run::precision(&run::PrecisionOptions {
        pipeline: args.pipeline.clone(),
        out: args.out.clone(),
        round: args.round.clone(),
        answers: args.answers.clone(),
        tables: args.tables.clone(),
    })?;
    printer.problems(found.problems.iter());
    if args.json {
        printer.json(&serde_json::json!({
            "round": found.round,
            "tasks": found.tasks,
            "answered": found.answered,
            "precision": rows(&found.precision),
            "overlap": rows(&found.overlap),
            "problems": found.problems,
        }));
    } else {
        shown(&found, args.townships).iter().for_each(|line| printer.data(line));
    }
    Ok(0)
}

fn rows(table: &Table) -> Vec<serde_json::Value> {
    let row = |row: usize| {
        let cells = table.schema.columns.iter().map(|c| (c.name.clone(), table.display_at(&c.name, row).into()));
        serde_json::Value::Object(cells.collect())
    };
    (0..table.rows()).map(row).collect()
}

fn shown(found: &Precision, townships: bool) -> Vec<String> {
    let mut out =
        vec![format!("round {}: {} of {} tasks answered", found.round, found.answered, found.tasks), String::new()];
    let table = &found.precision;
    let text = |column: &str, row: usize| table.str_at(column, row).unwrap_or("").to_string();
    let share = |column: &str, row: usize| {
        use arrow::array::Array;
        let column = table.float(column);
        if column.is_null(row) { "-".to_string() } else { format!("{:.0}%", column.value(row) * 100.0) }
    };
    let wanted =
        (0..table.rows()).filter(|row| townships || text("rule", *row).is_empty() || text("township", *row).is_empty());
    let body: Vec<Vec<String>> = wanted
        .map(|row| {
            let what = [text("rule", row), text("title", row), text("department", row), text("township", row)];
            let what: Vec<String> = what.into_iter().filter(|w| !w.is_empty()).collect();
            let count = |column: &str| table.integer_at(column, row).unwrap_or(0).to_string();
            let mut cells = vec![what.join(" ")];
            cells.extend(["hits", "verified", "confirmed", "unclear"].map(count));
            cells.extend([share("share", row), format!("{}–{}", share("low", row), share("high", row))]);
            cells
        })
        .collect();
    let head = [
        ("rule 规则, department 部门, township 乡镇", LEFT),
        ("hits 命中", RIGHT),
        ("verified 已核实", RIGHT),
        ("confirmed 属实", RIGHT),
        ("unclear", RIGHT),
        ("share", RIGHT),
        ("95 % range", RIGHT),
    ];
    out.extend(lines(&head, &body));
    let table = &found.overlap;
    let body: Vec<Vec<String>> = (0..table.rows())
        .map(|row| {
            ["rule", "other", "households", "other_households", "both"]
                .map(|c| table.display_at(c, row).unwrap_or_default())
                .to_vec()
        })
        .collect();
    if !body.is_empty() {
        let head = [
            ("rule 规则", LEFT),
            ("other 另一规则", LEFT),
            ("households", RIGHT),
            ("other's", RIGHT),
            ("both 重合", RIGHT),
        ];
        out.push(String::new());
        out.extend(lines(&head, &body));
    }
    out
}
