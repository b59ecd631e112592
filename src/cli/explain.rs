//! `bidui explain`: from the cell to the list, and back.

use std::path::PathBuf;

use super::printer::Printer;
use super::unmask::Unmask;
use crate::diag::Outcome;
use crate::run;

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Identity number, name, id (H…, P…, source-0000001), household number, or a row as file:row or file!sheet:row.
    query: String,
    /// Explain a key of a file that `bidui link` wrote, not of a round.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["round", "out", "waterfall"])]
    links: Option<PathBuf>,
    /// Folder that holds the rounds.
    #[arg(long, default_value = "out")]
    out: PathBuf,
    /// Round; the latest when not given.
    #[arg(long)]
    round: Option<String>,
    #[command(flatten)]
    unmask: Unmask,
    /// Draw how every record of the household came to its match weight, not only those that the question names.
    #[arg(long)]
    waterfall: bool,
    /// Write the drawings to a page that a browser opens.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the drawings to an SVG file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let explained = match &args.links {
        Some(links) => run::explain_links(links, &args.query)?,
        None => {
            let round = run::Round::open(&args.out, args.round.as_deref())?;
            args.unmask.around(&args.out, "explain", |facts| {
                let explained = run::explain(&round, &args.query, args.unmask.unmask, args.waterfall)?;
                facts.add("round", explained.round.as_str());
                // Ids only: the question itself may be somebody's name or number.
                facts.add("shown", explained.cases.iter().map(|c| c.id.as_str()).collect::<Vec<_>>());
                Ok(explained)
            })?
        }
    };
    run::write_pictures(&explained, args.html.as_deref(), args.svg.as_deref())?;
    if args.json {
        printer.json(&explained);
        return Ok(0);
    }
    let what = if args.links.is_some() { "links" } else { "round" };
    printer.data(&format!("{what} {}: {} case(s)", explained.round, explained.cases.len()));
    for case in &explained.cases {
        printer.data("");
        printer.data(&format!("== {}", case.title));
        for section in &case.sections {
            printer.data(&format!("{}:", section.title));
            for line in &section.lines {
                printer.data(&format!("  {line}"));
            }
        }
        if !case.pictures.is_empty() {
            printer.data("匹配权重 match weights:");
        }
        for line in case.pictures.iter().flat_map(|p| p.lines()) {
            printer.data(&format!("  {line}"));
        }
    }
    Ok(0)
}
