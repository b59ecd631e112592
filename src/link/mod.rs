//! Linkage: who is meant by a department's record.
//!
//! | in | out |
//! |---|---|
//! | the register's records | [`Register`]: tables `persons` and `households`, problems, packed columns and index |
//! | the register, a source's records, the model | [`Linked`]: tables `links` and `possible_links` |
//! | the register, the national system's records and links | what the national system says of each household |
//!
//! The register is packed once (`person::pack`: numbers as integers, names as runs of codes) and indexed once (`person::block`). A
//! record whose number and name agree with one person is linked at once; one whose number is one person's and whose name
//! is not is a conflict; the others are compared with the few persons that share a key with them (`person::score`) and decided
//! by weight, margin and the rule that two kinds of evidence must agree (`person::decide`). Every record ends in one state.

pub mod assignment;
pub mod cluster;
pub mod decisions;
pub mod em;
pub mod evaluate;
pub mod generic;
mod national;
pub mod pairs;
pub mod pairs_table;
mod person;
mod plain;
mod register;
mod villages;
mod zeros;

pub use decisions::Decisions;
pub use national::attach_national;
pub use person::plain::{Cleaners, Keys, Packed, RowCells};
pub use plain::{Known, LinkedFiles, link_files};
pub use register::{Register, register, register_with_ids};
pub use villages::link_villages;

use crate::model::Table;
use crate::plan::{LinkModel, Source};

/// What linkage found for one source.
#[derive(Debug, Clone)]
pub struct Linked {
    /// Table `links`: one row per record, in record order.
    pub links: Table,
    /// Table `possible_links`: the candidates of records with status possible or conflict.
    pub possible: Table,
    /// What became of the decisions of people, by record and person.
    pub applied: Vec<decisions::Applied>,
    /// The model with the figures that were estimated for this source; none where nothing is weighed.
    pub model: Option<LinkModel>,
}

/// Links each record of a source to at most one person of the register.
///
/// Every record gets exactly one row in `links`. The outcome for a record depends on the record, the register and the
/// model, and for sources with `once_per_person` on the other records; never on the order of either.
pub fn link(register: &Register, source: &Source, records: &Table, model: &LinkModel) -> Linked {
    link_decided(register, source, records, model, &Decisions::default())
}

/// As [`link()`], with what people decided applied first: rows of `decisions` are rows of `records` and of the register.
pub fn link_decided(
    register: &Register,
    source: &Source,
    records: &Table,
    model: &LinkModel,
    decisions: &Decisions,
) -> Linked {
    let entries = person::pack::Columns::read(source, records);
    let (judged, applied, model) =
        person::judge_all(&register.spine, &entries, model, source.once_per_person, decisions);
    Linked {
        links: person::output::links(register, &source.id, records, &entries, &judged, &applied),
        possible: person::output::possible(register, &source.id, records, &judged),
        applied,
        model: Some(model),
    }
}
