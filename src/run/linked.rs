//! A delivery's links, kept by what they were made from: register, records, model and what people decided about them.

use std::path::Path;

use super::stages::{self, Key, Stage, Stages};
use crate::diag::{Failure, Outcome};
use crate::link::{self, Decisions, Linked, Register, decisions::Applied};
use crate::model::Table;
use crate::plan::{FittedOn, LinkModel, Source};

/// What a source's links depend on beside the decisions about its records.
#[derive(Debug, Clone)]
pub struct Basis<'a> {
    stages: &'a Stages,
    key: Key,
}

impl<'a> Basis<'a> {
    /// The register as it is in a round: its delivery's key and its persons' numbers.
    pub fn of_register(stages: &'a Stages, source: &Source, delivery: &str, ids: &[u32], model: &LinkModel) -> Self {
        let numbers: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        let key = Key::new(Stage::Link).with(format!("{source:?}")).with(delivery).with(numbers);
        Basis { stages, key: key.with(format!("{model:?}")) }
    }

    /// With a source's records.
    pub fn with_records(&self, source: &Source, delivery: &str) -> Self {
        Basis { stages: self.stages, key: self.key.clone().with(format!("{source:?}")).with(delivery) }
    }
}

/// Figures that are estimated, and what is known of a decision; floats as their bits, so that they come back as they were.
#[derive(serde::Serialize, serde::Deserialize)]
struct Figures {
    applied: Vec<Applied>,
    bits: Vec<u64>,
    fitted: Option<[u64; 5]>,
}

/// Links a source's records, or finds the links that were made before from the same.
pub fn linked(
    basis: Option<&Basis>,
    register: &Register,
    source: &Source,
    records: &Table,
    model: &LinkModel,
    decisions: &Decisions,
) -> Linked {
    let make = || link::link_decided(register, source, records, model, decisions);
    let Some(basis) = basis else {
        return make();
    };
    let key = basis.key.clone().with(format!("{decisions:?}")).finish();
    if let Some(found) = basis.stages.load(Stage::Link, &key, |dir| load(dir, records, model)) {
        return found;
    }
    let made = make();
    basis.stages.put(Stage::Link, &key, |dir| save(dir, &made));
    made
}

fn save(dir: &Path, linked: &Linked) -> Outcome<()> {
    stages::write_table(dir, "links", &linked.links)?;
    stages::write_table(dir, "possible", &linked.possible)?;
    let model = linked.model.as_ref();
    let fitted = model.and_then(|m| m.fitted).map(|f| [f.register, f.records, f.sampled, f.labels, f.rounds]);
    let bits = model.map(|m| figures(m).map(f64::to_bits).collect()).unwrap_or_default();
    stages::write_json(&dir.join("figures.json"), &Figures { applied: linked.applied.clone(), bits, fitted })
}

fn load(dir: &Path, records: &Table, model: &LinkModel) -> Outcome<Linked> {
    let links = stages::read_table(dir, "links")?;
    let Figures { applied, bits, fitted } = stages::read_json(&dir.join("figures.json"))?;
    let mut model = model.clone();
    if links.rows() != records.rows() || figures(&model).count() != bits.len() {
        return Err(Failure::internal("kept links are not those of the records"));
    }
    model.prior = f64::from_bits(bits[0]);
    let mut rest = bits[1..].iter().map(|b| f64::from_bits(*b));
    for level in model.comparisons.iter_mut().flat_map(|c| &mut c.levels) {
        for figure in [&mut level.m, &mut level.u, &mut level.others] {
            *figure = rest.next().unwrap_or(*figure);
        }
    }
    model.fitted = fitted.map(|[register, records, sampled, labels, rounds]| FittedOn {
        register,
        records,
        sampled,
        labels,
        rounds,
    });
    Ok(Linked { links, possible: stages::read_table(dir, "possible")?, applied, model: Some(model) })
}

/// The figures of a model that fitting moves.
fn figures(model: &LinkModel) -> impl Iterator<Item = f64> {
    let levels = model.comparisons.iter().flat_map(|c| &c.levels);
    std::iter::once(model.prior).chain(levels.flat_map(|l| [l.m, l.u, l.others]))
}
