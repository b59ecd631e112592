//! Tables → the files people get: Parquet with descriptions, workbooks for clerks and villages, one printable report.
//!
//! In: the tables of a round and the plan. Out: files, each written whole or not at all ([`atomic`]), under names that are
//! safe on every system ([`filename`]), the same bytes for the same tables. One file per format: [`parquet`], [`workbook`],
//! [`report`], [`dossier`]; [`suppress`] takes small counts out of what leaves the office; [`dictionary`] describes every column.

pub mod atomic;
mod coded;
mod codes;
mod dictionary;
pub mod dossier;
pub mod filename;
mod groups;
pub mod parquet;
pub mod report;
pub mod suppress;
pub mod workbook;

pub use dictionary::dictionary;
