//! Pipeline files → parsed → resolved → checked [`Plan`], with every problem at once and its file:line.
//!
//! In: a pipeline folder (`pipeline.toml`, `params.toml`, `rules/*.toml`, `tests/*.toml`) and the shared folder it names
//! (`sources/*.toml`, `codes/*.csv`, `models/*.toml`). Out: a [`Plan`] that the stages read and never change.
//!
//! | file | what |
//! |---|---|
//! | `types`, `rule_types` | the plan as plain data |
//! | `terms` | what a contract says of a delivery: full or increment, purpose, validity |
//! | `schema` | tables whose columns depend on the plan |
//! | `load` | which files are read, in which order |
//! | `reader` | one TOML file → typed values with their places |
//! | `shape`, `json_schema` | what the parsers ask for, as JSON Schema for editors |
//! | `contract`, `params`, `rules`, `rule_tests`, `linkage` | one kind of file each |
//! | `param_book`, `param_cells` | 参数表.xlsx: the same as `params.toml`, filled in by a clerk |
//! | `person_model` | the linkage model of people as plain data: written to a file, compared with an earlier one |
//! | `person_columns` | which headings of a plain file hold what of a person |
//! | `process` | the steps of cases and work orders |
//! | `models`, `generic` | a linkage model on its own, of either family |
//! | `remedies` | measures, caps, sources of money, words of publicity lists |
//! | `cross_checks` | what a contract wants to be told when values do not go together |
//! | `check` | what only holds between files |
//! | `sql` | the rule language |

mod check;
mod contract;
mod cross_checks;
mod generic;
pub mod json_schema;
mod linkage;
mod load;
pub mod lookup;
mod models;
pub mod param_book;
mod param_cells;
pub mod params;
mod person_columns;
pub mod person_model;
pub mod process;
mod reader;
pub mod remedies;
mod rule_tests;
mod rule_types;
mod rules;
#[cfg(test)]
pub mod sample;
pub mod schema;
mod shape;
pub mod sql;
mod terms;
pub mod types;

#[cfg(test)]
mod tests;

pub use check::{is_column_name, shown_name};
pub use contract::problems as contract_problems;
#[cfg(test)]
pub use cross_checks::cross_check;
pub use cross_checks::{Ages, CheckKind, Condition, CrossCheck, Test};
pub use generic::{Clean, DateOrder, GenericColumn, GenericComparison, GenericModel, Key, Links, Measure, Pass, Take};
pub use linkage::LEVELS as COMPARISON_LEVELS;
pub use load::load;
pub use models::{Model, load_model};
pub use person_columns::{Headings, PersonColumn};
pub use person_model::{Comparison, FittedOn, LevelWeight, LinkModel, drift};
pub use process::{Machine, Move, Owner, Phase, Process};
pub use remedies::{Cap, Fund, Measure as Remedy, PublicRisk, Remedies};
pub use terms::{COMPLETENESS, Database, Snapshot, Terms};
pub use types::*;
