//! Linkage: who is meant by a department's record.
//!
//! | in | out |
//! |---|---|
//! | the register's records | [`Register`]: tables `persons` and `households`, problems, packed columns and index |
//! | the register, a source's records, the model | [`Linked`]: tables `links` and `possible_links` |
//! | the register, the national system's records and links | what the national system says of each household |
//!
//! The register is packed once (`pack`: numbers as integers, names as runs of codes) and indexed once (`block`). A
//! record whose number and name agree with one person is linked at once; one whose number is one person's and whose name
//! is not is a conflict; the others are compared with the few persons that share a key with them (`score`) and decided
//! by weight, margin and the rule that two kinds of evidence must agree (`decide`). Every record ends in one state.

mod assign;
mod block;
mod decide;
mod duplicates;
mod evidence;
mod keys;
mod names;
mod national;
mod numbers;
mod output;
mod pack;
#[cfg(test)]
mod properties;
mod register;
mod score;
mod sound;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod villages;

use rayon::prelude::*;

pub use national::attach_national;
pub use register::{Register, register};
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
}

/// Links each record of a source to at most one person of the register.
///
/// Every record gets exactly one row in `links`. The outcome for a record depends on the record, the register and the
/// model, and for sources with `once_per_person` on the other records; never on the order of either.
pub fn link(register: &Register, source: &Source, records: &Table, model: &LinkModel) -> Linked {
    let entries = pack::Columns::read(source, records);
    let weights = score::Weights::of(model);
    let judge = decide::Judge { register, entries: &entries, model, weights: &weights };
    let mut judged: Vec<decide::Judged> =
        (0..entries.len() as u32).into_par_iter().map(|record| judge.judge(record)).collect();
    if source.once_per_person {
        assign::once_per_person(&mut judged);
    }
    Linked {
        links: output::links(register, &source.id, records, &judged),
        possible: output::possible(&judge, &source.id, records, &judged),
    }
}
