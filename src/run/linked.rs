//! A delivery's links, kept by what they were made from: register, records, model and what people decided about them.

use std::path::Path;

use super::ingested::contract;
use super::outputs::concat;
use super::sources::Part;
use super::stages::{self, Key, Stage, Stages};
use crate::diag::{Failure, Outcome, Place};
use crate::link::decisions::{Applied, Decision};
use crate::link::{self, Decisions, Linked, Register};
use crate::model::{Table, tables};
use crate::plan::{FittedOn, LinkModel, Source};

/// What a source's links depend on beside the decisions about its records.
#[derive(Debug, Clone)]
pub struct Basis<'a> {
    stages: &'a Stages,
    key: Key,
}

impl<'a> Basis<'a> {
    /// The register as it is in a round: what its records were made from and its persons' numbers; none when nobody knows.
    pub fn of_register(
        stages: &'a Stages,
        source: &Source,
        parts: &[Part],
        ids: &[u32],
        model: &LinkModel,
    ) -> Option<Self> {
        let numbers: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        let model = LinkModel { place: Place::default(), ..model.clone() };
        let mut key = Key::new(Stage::Link).with(contract(source)).with(numbers).with(format!("{model:?}"));
        for part in parts {
            key = key.with(part.key.as_ref()?);
        }
        Some(Basis { stages, key })
    }
}

/// From what a source's links are made.
pub struct From<'a> {
    /// Register and model; none when every link is to be made anew.
    pub basis: Option<&'a Basis<'a>>,
    /// The source's records, part by part.
    pub parts: &'a [Part],
}

/// Figures that are estimated, and what is known of a decision; floats as their bits, so that they come back as they were.
#[derive(serde::Serialize, serde::Deserialize)]
struct Figures {
    applied: Vec<Applied>,
    bits: Vec<u64>,
    fitted: Option<[u64; 5]>,
}

/// Links a source's records, or finds the links that were made before from the same.
///
/// Each part is linked by itself: an increment's links depend on nothing that came later, so that a night links only what
/// is new, with the result of a run that links everything. The model is that of the largest part: what a handful of records
/// shows is no news of the source.
pub fn linked(
    from: &From,
    register: &Register,
    source: &Source,
    records: &Table,
    model: &LinkModel,
    decisions: Vec<Decision>,
) -> Linked {
    let mut all: Option<Linked> = None;
    let (mut first, mut largest) = (0, 0);
    for part in from.parts {
        let rows = part.records as u32;
        let here = decisions.iter().filter(|d| (first..first + rows).contains(&d.right));
        let own = here.map(|d| Decision { right: d.right - first, ..d.clone() }).collect();
        let table = Table { schema: records.schema.clone(), batch: records.batch.slice(first as usize, rows as usize) };
        let mut more = of_part((from.basis, part), register, source, &table, model, &Decisions::new(own));
        more.applied.iter_mut().for_each(|a| a.right += first);
        first += rows;
        all = Some(match all {
            None => more,
            Some(before) => Linked {
                links: concat(tables::links(), [&before.links, &more.links].into_iter()),
                possible: concat(tables::possible_links(), [&before.possible, &more.possible].into_iter()),
                applied: [before.applied, more.applied].concat(),
                model: if rows > largest { more.model } else { before.model },
            },
        });
        largest = largest.max(rows);
    }
    all.unwrap_or_else(|| link::link_decided(register, source, records, model, &Decisions::new(decisions)))
}

fn of_part(
    (basis, part): (Option<&Basis>, &Part),
    register: &Register,
    source: &Source,
    records: &Table,
    model: &LinkModel,
    decisions: &Decisions,
) -> Linked {
    let make = || link::link_decided(register, source, records, model, decisions);
    let Some((basis, delivery)) = basis.zip(part.key.as_ref()) else {
        return make();
    };
    let key = basis.key.clone().with(contract(source)).with(delivery).with(format!("{decisions:?}")).finish();
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
