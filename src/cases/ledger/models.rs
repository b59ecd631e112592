//! Fitted linkage models by round, and how far their weights moved since the last one.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction, params};

use super::{Ledger, schema};
use crate::diag::Outcome;

/// Levels that fewer of the matches have, in both rounds, say nothing of drift.
const RARE: f64 = 0.001;

/// Comparison → level → (m, u).
pub type Levels = BTreeMap<String, BTreeMap<String, (f64, f64)>>;

/// A model as a run used it.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedModel {
    /// Name in the model file.
    pub name: String,
    /// Version in the model file.
    pub version: i64,
    /// The m- and u-probabilities.
    pub levels: Levels,
    /// Anything else worth keeping: prior, rounds until it settled, thresholds.
    pub details: serde_json::Value,
}

/// A level whose weight moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// Comparison.
    pub comparison: String,
    /// Level.
    pub level: String,
    /// Weight before, in bits.
    pub before: f64,
    /// Weight now, in bits.
    pub now: f64,
}

/// The levels whose weight log2(m/u) moved by more than so many bits, the furthest first. A level that one side lacks has
/// not moved: the model file says so by its version.
///
/// A level that is rarer than one in a thousand among matches in both is left out.
pub fn drift(before: &Levels, now: &Levels, bits: f64) -> Vec<Drift> {
    let mut moved = Vec::new();
    for (comparison, levels) in now {
        for (level, (m, u)) in levels {
            let Some((m0, u0)) = before.get(comparison).and_then(|l| l.get(level)) else { continue };
            let (was, is) = ((m0 / u0).log2(), (m / u).log2());
            // A weight without bound that stays so has not moved; a level that a handful of pairs make is noise.
            let far = if was == is { 0.0 } else { (is - was).abs() };
            if (far > bits || far.is_nan()) && m.max(*m0) >= RARE {
                moved.push(Drift { comparison: comparison.clone(), level: level.clone(), before: was, now: is });
            }
        }
    }
    let far = |d: &Drift| (d.now - d.before).abs();
    moved.sort_by(|a, b| {
        far(b).total_cmp(&far(a)).then_with(|| (&a.comparison, &a.level).cmp(&(&b.comparison, &b.level)))
    });
    moved
}

impl Ledger {
    /// A model by name as the last published round before this one used it, with that round's name.
    pub fn model_before(&self, name: &str, round: &str, as_of: &str) -> Outcome<Option<(String, FittedModel)>> {
        let found = self
            .connection
            .query_row(
                "SELECT run.round, model.version, model.parameters FROM model JOIN run USING (run)
                 WHERE run.state = 'published' AND run.round <> ?2 AND (run.as_of, run.round) < (?3, ?2)
                   AND model.name = ?1
                 ORDER BY run.as_of DESC, run.round DESC LIMIT 1",
                [name, round, as_of],
                |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)),
            )
            .optional()
            .map_err(|e| schema::failed("read the ledger", &self.path, &e))?;
        Ok(found.and_then(|(round, version, text)| {
            let mut value: serde_json::Value = serde_json::from_str(&text).ok()?;
            let levels = serde_json::from_value(value.get_mut("levels")?.take()).ok()?;
            let details = value.get_mut("details").map_or(serde_json::Value::Null, serde_json::Value::take);
            Some((round, FittedModel { name: name.to_string(), version, levels, details }))
        }))
    }
}

/// Writes the models of a run.
pub(super) fn write(transaction: &Transaction, run: i64, models: &[FittedModel]) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare("INSERT INTO model VALUES (?1, ?2, ?3, ?4)")?;
    for model in models {
        let parameters = serde_json::json!({ "levels": model.levels, "details": model.details });
        insert.execute(params![run, model.name, model.version, parameters.to_string()])?;
    }
    Ok(())
}
