//! The vocabulary that all stages share: tables and their schemas, raw cells, findings. No input or output.
//!
//! A stage takes tables and gives tables; what a column means, its unit and who may see it is said
//! once, in [`tables`] for the fixed tables and in the source contracts for `records_<source>`.

pub mod build;
pub mod finding;
pub mod form;
pub mod raw;
pub mod receipt;
pub mod table;
pub mod tables;
pub mod text;
pub mod token;
pub mod words;

pub use finding::{Disposition, FieldFinding, Reject, SourceCounts};
pub use raw::{CellKind, Provenance, RawTable};
pub use table::{Column, Kind, Privacy, Table, TableSchema};
