//! The one integration binary: what holds for the whole program and its repository.

mod book;
mod support;
mod truth;

mod additions;
mod canaries;
mod catalogue;
mod contracts;
mod corpus;
mod crash;
mod deliveries;
mod elsewhere;
mod explain;
mod faults;
mod forms;
mod forms_mutations;
mod forms_versions;
mod interop;
mod ledger;
mod limits;
mod link;
mod nights;
#[cfg(feature = "odbc")]
mod odbc;
mod operations;
mod papers;
mod precision;
mod preview;
mod privacy;
#[path = "../properties/mod.rs"]
mod properties;
#[path = "../quality/mod.rs"]
mod quality;
mod round;
mod rule_language;
mod runs;
#[cfg(feature = "encrypt")]
mod sealed;
mod supply;
mod tidy;
mod undo;
mod withheld;
mod year;
mod year_desk;
