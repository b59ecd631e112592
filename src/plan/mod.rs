//! Pipeline files → parsed → resolved → checked [`Plan`], with every problem at once and its file:line.
//!
//! In: a pipeline folder (`pipeline.toml`, `params.toml`, `rules/*.toml`, `tests/*.toml`) and the shared folder it names
//! (`sources/*.toml`, `codes/*.csv`, `models/*.toml`). Out: a [`Plan`] that the stages read and never change.

pub mod lookup;
#[cfg(test)]
pub mod sample;
pub mod params;
pub mod schema;
pub mod sql;
pub mod types;

pub use types::*;
