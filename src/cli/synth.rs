//! `bidui synth`: a fictional county of any size.

use std::path::PathBuf;

use super::printer::Printer;
use crate::diag::Outcome;
use crate::{run, synth};

/// Arguments of `synth`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder to write to.
    #[arg(long)]
    out: PathBuf,
    /// Number of households.
    #[arg(long, default_value_t = 3000)]
    households: usize,
    /// Seed; the same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Day to which the county is told, as 2026-09-30.
    #[arg(long, default_value = "2026-09-30")]
    as_of: String,
    /// How much dirt the departments' exports carry.
    #[arg(long, value_enum, default_value_t = Dirt::Ordinary)]
    dirt: Dirt,
    /// Quarterly rounds of the same county, the first on the day given, with what offices do between them.
    #[arg(long)]
    rounds: Option<usize>,
}

/// How much dirt.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Dirt {
    /// None at all.
    None,
    /// What departments send.
    Ordinary,
    /// Three times that, and no birth dates in the insurance export.
    Hard,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let options = synth::Options {
        households: args.households,
        seed: args.seed,
        as_of: run::parse_day(&args.as_of)?,
        dirt: match args.dirt {
            Dirt::None => synth::Dirt::None,
            Dirt::Ordinary => synth::Dirt::Ordinary,
            Dirt::Hard => synth::Dirt::Hard,
        },
    };
    if let Some(rounds) = args.rounds {
        let made = synth::year(&options, rounds, &args.out)?;
        printer.message(&format!(
            "{}: {} rounds and {} nights, {} households at the end, {} cases with {} steps; {} rows written",
            args.out.display(),
            made.rounds,
            made.nights,
            made.households,
            made.cases,
            made.steps,
            made.rows
        ));
        return Ok(0);
    }
    let summary = synth::generate(&options, &args.out)?;
    printer.message(&format!(
        "{}: {} households, {} persons, {} at risk; {} rows written",
        args.out.display(),
        summary.households,
        summary.persons,
        summary.at_risk,
        summary.rows
    ));
    Ok(0)
}
