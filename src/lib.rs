//! bidui (比对): from departments' exports to one list of households at risk.
//!
//! # The map, in reading order
//!
//! ```text
//! exports → ingest → normalize → link → screen → reconcile → cases → publish
//!                   run sequences the stages; plan reads the pipeline files
//! ```
//!
//! | folder | takes | gives |
//! |---|---|---|
//! | `diag` | – | [`diag::Diagnostic`]: stable code, place, message, hint |
//! | `model` | – | tables and their schemas, raw cells, findings |
//! | `codes` | `codes/*.csv` | code tables and the division table |
//! | `plan` | pipeline files | a checked [`plan::Plan`] |
//! | `ingest` | a department's files | raw rows by contract field, rejects |
//! | `normalize` | raw rows | `records_<source>`, findings |
//! | `link` | records | persons, households, links, possible links |
//! | `screen` | linked records | indicators, rule hits, online list |
//! | `reconcile` | online and offline lists | comparison |
//! | `cases` | comparison; what outlives a round | verification tasks, proposals, work orders, tracking; the ledger |
//! | `publish` | tables | Parquet, XLSX, HTML |
//! | `run` | a plan and an input folder | a published round with its manifest |
//! | `synth` | a seed | a fictional county's exports and the truth behind them |
//! | `cli` | a command line | output, exit code |
//!
//! # Invariants, told as what is absent
//!
//! * No stage imports another stage; `run` passes tables between them.
//! * Nothing below `cli` prints. Nothing but `run` and `cli` reads the clock: everything else gets `as_of`.
//! * Only `ingest`, `publish`, `cases`, `run`, `synth` and the loaders in `plan` and `codes` touch files.
//! * No hash-map order, thread order or wall clock reaches an output.
//! * `synth` shares no code with the normalisers or the linker: it knows dirt, they must find it out.
//! * No row disappears: read = accepted + quarantined + folded; accepted = linked + possible + conflict + unlinked.
//!
//! `tests/it/tidy.rs` holds these.
//!
//! # Where to start
//!
//! Follow one record: `run::pipeline` calls the stages in order; each stage's `mod.rs` says what goes in and out.

pub mod diag;
pub mod model;

pub mod codes;
pub mod plan;

pub mod ingest;
pub mod normalize;

pub mod link;

pub mod screen;

pub mod reconcile;

pub mod cases;

pub mod publish;

pub mod run;

pub mod synth;

pub mod cli;
