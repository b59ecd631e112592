//! Runs: the sequence of stages, the manifest, the lock and the publication of a round.
//!
//! In: a pipeline folder, an input folder, an output folder. Out: `OUT/rounds/<round>/`, wholly old or wholly new, and
//! a [`Finished`] for the one who started it.
//!
//! ```text
//! OUT/.lock                      one run at a time
//! OUT/.staging/<round>/          a round being made
//! OUT/.before/<round>/           where a round began: the ledger, the inbox, what it replaced
//! OUT/.stages/                   results of finished stages, by what they were made from
//! OUT/rounds/<round>/tables/     every table as Parquet
//! OUT/forms/receipts, inbox      receipts of forms that came back; new reports in them, read by the next run
//! OUT/rounds/<round>/*.xlsx, 核实表/, 数据质量回执/, report.html, manifest.json
//! OUT/deliveries/<sha256>…       what departments sent, kept before it is read
//! OUT/ledger.sqlite              person ids, decisions of people, deliveries, fitted models
//! OUT/history.jsonl              when which run ended how
//! OUT/audit.jsonl, 交接单.html   who did what and why, as a chain of hashes; its head on paper
//! ```

mod accept;
mod again;
pub mod audit;
mod bundle;
mod cases;
mod changes;
mod check;
pub mod classes;
mod clock;
mod corrections;
#[cfg(test)]
mod corrections_tests;
mod decide;
mod decisions;
mod deliveries;
#[cfg(test)]
mod deliveries_tests;
mod doctor;
mod explain;
mod explain_links;
pub mod export;
pub mod forms;
mod history;
mod inbox;
mod increments;
mod infer;
mod infer_names;
mod ingested;
mod init;
mod key_file;
mod ledger;
pub mod limits;
mod link;
pub mod link_checks;
mod link_generic;
pub mod link_measure;
mod link_person;
mod linked;
mod lock;
pub mod manifest;
pub mod notify;
mod outputs;
pub(crate) mod papers;
mod pipeline;
mod position;
mod precision;
mod preview;
mod private;
mod propose;
mod pull;
mod purge;
mod receipts;
mod retain;
mod runs;
mod scale;
pub mod seal;
mod sources;
mod stages;
mod staging;
mod store;
pub mod telemetry;
mod through;
mod undo;
mod waterfall;

pub use bundle::{Bundled, Replayed, bundle_run, replay_bundle};
pub use cases::{
    CaseDecided, CaseDecision, CaseFilter, CaseLine, CaseShown, CasesOptions, NextStep, Overdue, case_history,
    decide_case, list_cases, overdue_cases, show_case,
};
pub use changes::{Change, Mover, PlaceChange, RuleChange};
pub use check::{CheckOptions, Checked, check};
pub use clock::{parse_day, round_name, today};
pub use decide::{DecideOptions, DecideReport, decide};
use decisions::read_decisions;
pub use doctor::{DoctorOptions, Health, Looked, doctor};
pub use explain::{Explained, Section, explain, write_pictures};
pub use explain_links::explain_links;
pub use infer::{Draft, infer};
pub use init::{SetUp, init};
pub use ledger::backup;
pub use link::{LinkOptions, LinkReport, link};
pub use link_generic::{GenericLinked, link_generic};
pub use papers::{
    DossierWritten, NationalWritten, OpenedOrder, OrderDecided, OrderDecision, OrderReport, conduct_findings,
    exit_assessment, open_orders, order_book, step_order, table_json, write_dossier, write_national,
};
pub use pipeline::{Finished, Options, run};
pub use precision::{Precision, PrecisionOptions, precision};
pub use preview::{ParamChange, Preview, PreviewOptions, preview};
pub use private::append as open_private;
pub use pull::{PullOptions, Pulled, pull};
pub use purge::{OldDelivery, OldRound, Purge, PurgeOptions, PurgedFile, purge};
pub use retain::{Pruned, prune_runs};
pub use runs::{Compared, Difference, RunLine, Verified, compare_runs, list_runs, show_run, verify_run};
pub use store::{Round, read as read_table};
pub use undo::{PutBack, restore_run, undo_run};
pub use waterfall::{Step, Waterfall};

pub use crate::cases::ledger::{CaseEvent, CaseRound, case_id};
pub use crate::plan::json_schema;

/// What a run tells while it goes on, for a progress display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A stage begins, with the number of steps it will report.
    Stage {
        /// Name of the stage.
        name: &'static str,
        /// How many [`Event::Step`]s follow.
        steps: usize,
    },
    /// One step of the stage is done: a source, a table, a workbook.
    Step(String),
}

/// Receives events; must be callable from any thread.
pub type Observer<'a> = &'a (dyn Fn(Event) + Sync);
