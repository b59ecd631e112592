//! `bidui schema`: JSON Schema of the pipeline files, for editors.

use clap::ValueEnum;

use super::printer::Printer;
use crate::diag::Outcome;
use crate::run::json_schema::{self, FileKind};

/// Which schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// `shared/sources/*.toml`: what a department delivers.
    Contract,
    /// `pipeline.toml`.
    Pipeline,
    /// `params.toml`: thresholds.
    Params,
    /// `rules/*.toml`: indicators and rules.
    Rules,
    /// `tests/*.toml`: rule tests.
    Tests,
    /// `shared/models/*.toml` about people.
    Model,
    /// `shared/models/*.toml` with `family = "generic"`.
    GenericModel,
    /// `shared/process.toml`: how cases and work orders go.
    Process,
    /// `shared/remedies.toml`: measures, caps, sources of money.
    Remedies,
    /// A line of `shared/codes/*.csv`.
    Codes,
}

/// Options of `bidui schema`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kind of file.
    #[arg(value_enum, default_value_t = Kind::Contract)]
    kind: Kind,
}

/// Prints the schema.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let schema = match args.kind {
        Kind::Contract => json_schema::schema(FileKind::Contract),
        Kind::Pipeline => json_schema::schema(FileKind::Pipeline),
        Kind::Params => json_schema::schema(FileKind::Params),
        Kind::Rules => json_schema::schema(FileKind::Rules),
        Kind::Tests => json_schema::schema(FileKind::Tests),
        Kind::Model => json_schema::schema(FileKind::Model),
        Kind::GenericModel => json_schema::schema(FileKind::GenericModel),
        Kind::Process => json_schema::schema(FileKind::Process),
        Kind::Remedies => json_schema::schema(FileKind::Remedies),
        Kind::Codes => json_schema::code_table(),
    };
    printer.json(&schema);
    Ok(0)
}
