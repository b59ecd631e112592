//! The linkage model of people as plain data: what agreement and disagreement are worth, and where the thresholds lie.
//!
//! Weights follow Fellegi and Sunter (1969): each level of a comparison has an m-probability (among pairs that are the
//! same person) and a u-probability (among pairs that are not); the match weight of a pair is log2 of its prior odds and
//! the sum of log2(m/u). A model that was fitted to data is written as the same kind of file, so that it can be kept,
//! read, used again and compared with that of an earlier round.

use std::fmt::Write as _;

use crate::diag::{Diagnostic, Place};

/// A linkage model of family `person`.
#[derive(Debug, Clone)]
pub struct LinkModel {
    /// Name of the model.
    pub name: String,
    /// Version.
    pub version: i64,
    /// Share of records whose person is in the register. The prior of one pair is this, divided by the register's rows:
    /// thresholds therefore mean the same whatever the size of the register.
    pub prior: f64,
    /// Match weight from which the best candidate is linked.
    pub linked_at: f64,
    /// Match weight from which a candidate is possible.
    pub possible_at: f64,
    /// Least margin over the next best candidate for a link.
    pub margin: f64,
    /// Largest block that is compared; larger ones are cut by the next key.
    pub max_block: usize,
    /// True when each person has at most one record on the right side.
    pub one_to_one: bool,
    /// True when m and u are estimated on the data at hand, starting from the file's own.
    pub estimate: bool,
    /// How many matches (and register rows) the file's own figures count for in the estimate.
    pub trust: f64,
    /// Comparison → level → (m, u), in file order.
    pub comparisons: Vec<Comparison>,
    /// Which headings of plain files hold what; empty for a model of pipelines only.
    pub columns: Vec<super::Headings>,
    /// What the figures were estimated on; none when they are set by hand.
    pub fitted: Option<FittedOn>,
    /// Where it stands.
    pub place: Place,
}

/// What a model was fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FittedOn {
    /// Rows of the register.
    pub register: u64,
    /// Rows of the records.
    pub records: u64,
    /// Records that were sampled for the estimate of m.
    pub sampled: u64,
    /// Known pairs that were counted in.
    pub labels: u64,
    /// Rounds of the estimate.
    pub rounds: u64,
}

/// One comparison of the model.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Its name: number, name, birth, sex, division, household or claim.
    pub name: String,
    /// Levels from the closest to the furthest.
    pub levels: Vec<LevelWeight>,
    /// Weigh agreement by how rare the value is in the register, by at most so many bits more or less than the average.
    pub term_frequency: Option<f64>,
}

/// One level of a comparison.
#[derive(Debug, Clone)]
pub struct LevelWeight {
    /// Level name, for example `exact`, `one_digit`, `sound`.
    pub level: String,
    /// m-probability.
    pub m: f64,
    /// u-probability; 0 when `others` says it.
    pub u: f64,
    /// Other persons of the register that are on this level with one record: u is this, divided by the register's rows.
    pub others: f64,
}

impl LevelWeight {
    /// The u-probability in a register of so many rows.
    pub fn u_in(&self, register: usize) -> f64 {
        self.u + self.others / register.max(1) as f64
    }

    /// log2(m/u) in a register of so many rows.
    pub fn weight(&self, register: usize) -> f64 {
        (self.m / self.u_in(register).min(1.0)).log2()
    }
}

impl LinkModel {
    /// A model that compares nothing.
    pub fn empty(name: &str, place: Place) -> LinkModel {
        LinkModel {
            name: name.into(),
            version: 1,
            prior: 0.9,
            linked_at: 0.0,
            possible_at: 0.0,
            margin: 0.0,
            max_block: 1,
            one_to_one: false,
            estimate: false,
            trust: 200.0,
            comparisons: Vec::new(),
            fitted: None,
            columns: Vec::new(),
            place,
        }
    }

    /// A comparison by its name.
    pub fn comparison(&self, name: &str) -> Option<&Comparison> {
        self.comparisons.iter().find(|c| c.name == name)
    }

    /// log2(m/u) of a level in a register of so many rows; none when the model does not have it.
    pub fn weight(&self, comparison: &str, level: &str, register: usize) -> Option<f64> {
        let level = self.comparison(comparison)?.levels.iter().find(|l| l.level == level)?;
        Some(level.weight(register))
    }

    /// The model as a file that [`super::load_model`] reads back.
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let text = |value: &str| toml::Value::String(value.into()).to_string();
        writeln!(out, "name = {}\nfamily = \"person\"\nversion = {}", text(&self.name), self.version)?;
        writeln!(out, "prior = {}\nlinked_at = {:?}", figure(self.prior), self.linked_at)?;
        writeln!(out, "possible_at = {:?}\nmargin = {:?}", self.possible_at, self.margin)?;
        let assignment = if self.one_to_one { "one_to_one" } else { "many_to_one" };
        writeln!(out, "max_block = {}\nassignment = \"{assignment}\"", self.max_block)?;
        // Fitted figures are used as they stand: they were estimated already.
        let estimate = self.estimate && self.fitted.is_none();
        writeln!(out, "estimate = {estimate}\ntrust = {:?}", self.trust)?;
        if let Some(on) = &self.fitted {
            writeln!(out, "\n[fitted]\nregister = {}\nrecords = {}", on.register, on.records)?;
            writeln!(out, "sampled = {}\nlabels = {}\nrounds = {}", on.sampled, on.labels, on.rounds)?;
        }
        for comparison in &self.comparisons {
            writeln!(out, "\n[[comparison]]\nname = {}", text(&comparison.name))?;
            if let Some(bits) = comparison.term_frequency {
                writeln!(out, "term_frequency = {bits:?}")?;
            }
            writeln!(out, "levels = [")?;
            for l in &comparison.levels {
                let (key, value) = if l.others > 0.0 { ("others", l.others) } else { ("u", l.u) };
                let (level, m) = (text(&l.level), figure(l.m));
                writeln!(out, "    {{ level = {level}, m = {m}, {key} = {} }},", figure(value))?;
            }
            writeln!(out, "]")?;
        }
        out.push_str(&super::person_columns::written(&self.columns));
        Ok(())
    }
}

/// A probability in a form that TOML reads as a number, with seven digits that count.
fn figure(value: f64) -> String {
    let text = format!("{value:.6e}");
    match text.split_once('e') {
        Some((digits, "0")) => digits.to_string(),
        _ => text,
    }
}

/// What a level of `now` weighs otherwise than in `before`: a warning for each that moved by more than `bits`.
///
/// Both are weighed in a register of the later one's size. A level that is so rare among matches that a handful of pairs
/// moves it (m below one in a thousand in both) is left out: its weight is noise from round to round.
pub fn drift(before: &LinkModel, now: &LinkModel, bits: f64) -> Vec<Diagnostic> {
    const RARE: f64 = 0.001;
    let register = now.fitted.or(before.fitted).map_or(1, |f| f.register as usize);
    let mut found = Vec::new();
    for comparison in &now.comparisons {
        for level in comparison.levels.iter().filter(|l| l.level != "missing") {
            let old =
                before.comparison(&comparison.name).and_then(|c| c.levels.iter().find(|l| l.level == level.level));
            let Some(old) = old else {
                continue;
            };
            let (was, is) = (old.weight(register), level.weight(register));
            if (is - was).abs() > bits && old.m.max(level.m) >= RARE {
                let message = format!(
                    "level `{}` of comparison `{}` weighs {is:.1} bits, {was:.1} before (m {} was {}, u {} was {})",
                    level.level,
                    comparison.name,
                    figure(level.m),
                    figure(old.m),
                    figure(level.u_in(register)),
                    figure(old.u_in(register)),
                );
                found.push(Diagnostic::warning("link.model_drift", message, now.place.clone()).hint(
                    "look whether a delivery changed (a column moved, another system writes the numbers) before trusting \
                     the new links; if the change is real, keep the new model",
                ));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Model, load_model};
    use super::*;

    fn shipped() -> LinkModel {
        read(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/shared/models/person-cn.toml"))
    }

    fn read(path: &std::path::Path) -> LinkModel {
        match load_model(path) {
            (Some(Model::Person(model)), problems) if problems.is_empty() => model,
            (_, problems) => panic!("{problems:?}"),
        }
    }

    fn fitted() -> LinkModel {
        let on = FittedOn { register: 1000, records: 700, sampled: 700, labels: 3, rounds: 9 };
        LinkModel { fitted: Some(on), one_to_one: true, prior: 0.8125, ..shipped() }
    }

    #[test]
    fn a_fitted_model_is_read_back_as_it_was() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("fitted.toml");
        std::fs::write(&path, fitted().to_toml()).expect("a file");
        let again = read(&path);
        assert_eq!(again.fitted, fitted().fitted);
        assert!(again.one_to_one && !again.estimate, "it is used as it stands");
        assert_eq!(again.to_toml(), LinkModel { estimate: false, ..fitted() }.to_toml());
        for (a, b) in again.comparisons.iter().zip(&fitted().comparisons) {
            assert_eq!((&a.name, a.term_frequency), (&b.name, b.term_frequency));
            for (x, y) in a.levels.iter().zip(&b.levels) {
                assert!(x.level == y.level && (x.weight(1000) - y.weight(1000)).abs() < 1e-4, "{x:?} {y:?}");
            }
        }
    }

    #[test]
    fn a_level_that_moved_is_told() {
        let before = fitted();
        let mut now = fitted();
        assert_eq!(drift(&before, &now, 1.0), []);
        now.comparisons[1].levels[0].m /= 4.0;
        let told = drift(&before, &now, 1.0);
        assert_eq!(told.iter().map(|d| d.code).collect::<Vec<_>>(), ["link.model_drift"]);
        assert!(told[0].message.contains("level `exact` of comparison `name`"), "{}", told[0].message);
        assert_eq!(drift(&before, &now, 3.0), []);
        // A handful of pairs moves what hardly ever happens among matches.
        let mut rare = fitted();
        rare.comparisons[1].levels[9].m = 1e-6;
        let mut rarer = before.clone();
        rarer.comparisons[1].levels[9].m = 1e-4;
        assert_eq!(drift(&rarer, &rare, 1.0), []);
    }

    #[test]
    fn others_are_counted_against_the_register() {
        let level = |others| LevelWeight { level: "exact".into(), m: 0.5, u: 0.0, others };
        assert!((level(1.0).weight(1024) - 9.0).abs() < 1e-9);
        assert!((level(1.0).weight(2048) - 10.0).abs() < 1e-9);
        assert!((level(3.0).weight(1) + 1.0).abs() < 1e-9, "u is a probability");
    }
}
