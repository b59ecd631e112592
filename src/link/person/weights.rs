//! What each level of a pair weighs: log2(m/u) by level, and by how rare the name is.
//!
//! In: a [`LinkModel`] (as written or fitted) and the register. Out: [`Weights`], looked up once, so that weighing a pair
//! is a handful of table reads. An agreement on a name that one person in a million bears says more than one on a
//! name that one in a thousand bears; how much more is bounded by the model.

use super::names::NameLevel;
use super::numbers::NumberLevel;
use super::pack::Columns;
use super::score::{
    BirthLevel, CLAIM, COMPARISONS, ClaimLevel, DivisionLevel, HouseholdLevel, Levels, NAME, PhoneLevel, SexLevel,
};
use crate::link::zeros::zeros;
use crate::plan::LinkModel;

/// Most levels of one comparison.
const MOST_LEVELS: usize = 16;

/// The weights of a model for one register.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// log2 of the prior odds that a person of the register is the one a record means.
    pub prior: f32,
    tables: [[f32; MOST_LEVELS]; COMPARISONS],
    rarity: Rarity,
}

impl Weights {
    /// Looks the weights up. A level that the model lacks weighs nothing (the plan refuses such a model), and so does
    /// level `missing` whatever the model says.
    #[cfg(test)]
    pub fn of(model: &LinkModel, people: &Columns) -> Weights {
        Weights::with(model, people, &NameCounts::of(people))
    }

    /// As [`Weights::of`], with the register's names counted already.
    pub fn with(model: &LinkModel, people: &Columns, counts: &NameCounts) -> Weights {
        let rows = people.len();
        // A pair's odds before anything is compared; a register of one row leaves the record's own odds.
        let prior = (model.prior / rows.max(1) as f64).min(model.prior);
        Weights {
            prior: (prior / (1.0 - prior)).log2() as f32,
            tables: tables(model, rows),
            rarity: Rarity::of(model, people.len(), counts),
        }
    }

    /// The weights with every name taken as one of average frequency: cheaper, and enough to estimate from.
    pub fn without_rarity(model: &LinkModel, people: &Columns) -> Weights {
        let even = model.comparisons.iter().cloned().map(|c| crate::plan::Comparison { term_frequency: None, ..c });
        Weights::with(&LinkModel { comparisons: even.collect(), ..model.clone() }, people, &NameCounts::default())
    }

    /// The same with figures that were learnt since; the rarity of names is kept.
    pub fn relearnt(self, model: &LinkModel, people: &Columns) -> Weights {
        Weights { tables: tables(model, people.len()), ..self }
    }

    /// The weight of each comparison of a pair; `name` is the id of the person's name.
    pub fn each(&self, levels: &Levels, name: u32) -> [f32; COMPARISONS] {
        let places = levels.places();
        let mut weights: [f32; COMPARISONS] = std::array::from_fn(|i| self.tables[i][usize::from(places[i])]);
        weights[NAME] = self.of_rare_name(levels.name, name);
        weights
    }

    /// The weight of a name level for the name of an id.
    pub fn of_rare_name(&self, level: NameLevel, name: u32) -> f32 {
        self.tables[NAME][level as usize] + self.rarity.of_name(level, name)
    }

    /// Bits between a person nobody has claimed and one who is taken.
    pub fn claim_tells(&self) -> f64 {
        let table = &self.tables[CLAIM];
        f64::from(table[ClaimLevel::Free as usize]) - f64::from(table[ClaimLevel::Taken as usize])
    }

    /// The weight of one name level, for a name of average frequency.
    pub fn of_name(&self, level: NameLevel) -> f32 {
        self.tables[NAME][level as usize]
    }
}

fn tables(model: &LinkModel, rows: usize) -> [[f32; MOST_LEVELS]; COMPARISONS] {
    words().map(|(comparison, words)| {
        let mut table = [0.0; MOST_LEVELS];
        for (slot, word) in table.iter_mut().zip(words) {
            if word != "missing" {
                *slot = model.weight(comparison, word, rows).unwrap_or(0.0) as f32;
            }
        }
        table
    })
}

/// The words of all levels, by comparison.
pub fn words() -> [(&'static str, Vec<&'static str>); COMPARISONS] {
    fn of<const N: usize, L>(words: &[(&'static str, L); N]) -> Vec<&'static str> {
        words.iter().map(|w| w.0).collect()
    }
    [
        ("number", of(&NumberLevel::WORDS)),
        ("name", of(&NameLevel::WORDS)),
        ("birth", of(&BirthLevel::WORDS)),
        ("sex", of(&SexLevel::WORDS)),
        ("division", of(&DivisionLevel::WORDS)),
        ("phone", of(&PhoneLevel::WORDS)),
        ("household", of(&HouseholdLevel::WORDS)),
        ("claim", of(&ClaimLevel::WORDS)),
    ]
}

/// Bits that agreement on a name weighs more or less than the average, by the id of the register's name.
#[derive(Debug, Clone, PartialEq, Default)]
struct Rarity {
    /// Empty when the model does not ask for it.
    exact: Vec<f32>,
    script: Vec<f32>,
    sound: Vec<f32>,
}

impl Rarity {
    fn of(model: &LinkModel, rows: usize, counts: &NameCounts) -> Rarity {
        let Some((comparison, most)) = model.comparison("name").and_then(|c| Some((c, c.term_frequency?))) else {
            return Rarity::default();
        };
        let bits = |level: NameLevel, counts: &[u32], share: f64| -> Vec<f32> {
            let word = NameLevel::WORDS[level as usize].0;
            let Some(level) = comparison.levels.iter().find(|l| l.level == word) else {
                return vec![0.0; counts.len()];
            };
            let average = level.u_in(rows);
            let of = |count: u32| {
                // The average counts for `trust` rows: in a small register a name that stands once is not yet rare.
                let frequency = (f64::from(count) * share + model.trust * average) / (rows as f64 + model.trust);
                (average / frequency).log2().clamp(-most, most) as f32
            };
            // Most names stand a few times: their logarithms are taken once.
            let small: Vec<f32> = (0..256).map(of).collect();
            counts.iter().map(|count| small.get(*count as usize).copied().unwrap_or_else(|| of(*count))).collect()
        };
        // On level `script` is who has the name and is written in another form: as many of others' records are as of
        // one's own.
        let written = comparison.levels.iter().find(|l| l.level == "script").map_or(0.0, |l| l.m);
        Rarity {
            exact: bits(NameLevel::Exact, &counts.exact, 1.0),
            script: bits(NameLevel::Script, &counts.script, written),
            sound: bits(NameLevel::Sound, &counts.sound, 1.0),
        }
    }

    fn of_name(&self, level: NameLevel, name: u32) -> f32 {
        let bits = match level {
            NameLevel::Exact => &self.exact,
            NameLevel::Script => &self.script,
            NameLevel::Sound | NameLevel::Dialect => &self.sound,
            _ => return 0.0,
        };
        bits.get(name as usize).copied().unwrap_or(0.0)
    }
}

/// How many rows of a table bear each distinct name, and any name written or sounding like it.
#[derive(Debug, Default)]
pub struct NameCounts {
    /// Rows with exactly this name, by its id.
    pub exact: Vec<u32>,
    /// Rows with this name in any form of its characters.
    pub script: Vec<u32>,
    /// Rows with any name of the same sound.
    pub sound: Vec<u32>,
}

impl NameCounts {
    /// Counts the names of a table.
    pub fn of(people: &Columns) -> NameCounts {
        let names = people.name.iter().filter(|n| **n != super::names::NONE).max().map_or(0, |n| *n as usize + 1);
        let mut exact: Vec<u32> = zeros(names);
        for name in &people.name {
            if let Some(count) = exact.get_mut(*name as usize) {
                *count += 1;
            }
        }
        let together = |which: usize| {
            let key = |id: u32| people.names.block_keys(id)[which];
            // Most keys are those of one name: only where two fall on one bit need they be put together.
            let mask = (names * 8).next_power_of_two() as u64 - 1;
            let (mut once, mut again): (Vec<u64>, Vec<u64>) =
                (zeros(mask as usize / 64 + 1), zeros(mask as usize / 64 + 1));
            let place = |key: u64| ((key & mask) as usize / 64, 1_u64 << (key & 63));
            for (at, bit) in (0..names as u32).map(key).filter(|key| *key != 0).map(place) {
                again[at] |= once[at] & bit;
                once[at] |= bit;
            }
            let shared = |key: &u64| *key != 0 && again[place(*key).0] & place(*key).1 != 0;
            let mut order: Vec<(u64, u32)> =
                (0..names as u32).filter_map(|id| Some((Some(key(id)).filter(shared)?, id))).collect();
            order.sort_unstable();
            let mut counts = exact.clone();
            for same in order.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
                let total = same.iter().map(|(_, id)| exact[*id as usize]).sum();
                for (_, id) in same {
                    counts[*id as usize] = total;
                }
            }
            counts
        };
        let (script, sound) = (together(0), together(1));
        NameCounts { exact, script, sound }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Row, model, people};
    use super::*;

    fn levels(name: NameLevel) -> Levels {
        Levels {
            number: NumberLevel::Missing,
            name,
            birth: BirthLevel::Missing,
            sex: SexLevel::Missing,
            division: DivisionLevel::Missing,
            phone: PhoneLevel::Missing,
            household: HouseholdLevel::Missing,
            claim: ClaimLevel::Missing,
            own_birth: false,
            own_sex: false,
        }
    }

    #[test]
    fn the_plan_knows_the_same_levels() {
        assert_eq!(words(), crate::plan::COMPARISON_LEVELS.map(|(name, levels)| (name, levels.to_vec())));
        assert!(words().iter().all(|(_, levels)| levels.len() <= MOST_LEVELS));
    }

    #[test]
    fn weights_are_those_of_the_model_and_missing_weighs_nothing() {
        let few = people(&[Row::new("张建国")]);
        let weights = Weights::of(&model(), &few);
        let expected = model().weight("name", "near", 1).expect("a level of the model");
        assert!((f64::from(weights.of_name(NameLevel::Near)) - expected).abs() < 1e-4);
        assert_eq!(weights.each(&levels(NameLevel::Missing), 0), [0.0; COMPARISONS]);
        let nothing = LinkModel { comparisons: vec![], ..model() };
        assert_eq!(Weights::of(&nothing, &few).of_name(NameLevel::Exact), 0.0);
    }

    #[test]
    fn a_larger_register_asks_for_more() {
        let many: Vec<Row> = (0..100).map(|_| Row::new("王强")).collect();
        let (small, large) = (Weights::of(&model(), &people(&many[..10])), Weights::of(&model(), &people(&many)));
        assert!((small.prior - large.prior - 10_f32.log2()).abs() < 0.2);
    }

    #[test]
    fn a_rare_name_weighs_more_within_bounds() {
        let mut rows: Vec<Row> = (0..3000).map(|_| Row::new("王强")).collect();
        rows.extend((0..30).map(|_| Row::new("張麗")));
        rows.push(Row::new("张丽"));
        rows.push(Row::new("皮日休"));
        let register = people(&rows);
        let weights = Weights::of(&model(), &register);
        let of = |name: &str, level| {
            let row = rows.iter().position(|r| *r == Row::new(name)).expect("a row of that name");
            weights.each(&levels(level), register.name[row])[NAME]
        };
        let average = weights.of_name(NameLevel::Exact);
        assert!(of("王强", NameLevel::Exact) < average - 5.0);
        assert!(of("皮日休", NameLevel::Exact) > average + 1.0);
        assert!(of("张丽", NameLevel::Exact) > of("張麗", NameLevel::Exact), "it stands once as it is written");
        assert_eq!(
            of("张丽", NameLevel::Script),
            of("張麗", NameLevel::Script),
            "written in any form it stands 31 times"
        );
        let mut bounded = model();
        bounded.comparisons[NAME].term_frequency = Some(1.0);
        let bounded = Weights::of(&bounded, &register);
        let common = bounded.each(&levels(NameLevel::Exact), register.name[0])[NAME];
        assert_eq!(common, bounded.of_name(NameLevel::Exact) - 1.0);
    }
}
