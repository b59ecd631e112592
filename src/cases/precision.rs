//! Villages' answers and rule hits → how often each rule was right, with its range, and which rules say the same.
//!
//! In: `rule_hits`, `households`, what villages answered about households. Out: `rule_precision` and `rule_overlap`. Only rules
//! that list are measured: a village is asked whether a household is in difficulty, not whether it owns a car.

use std::collections::{BTreeMap, BTreeSet};

use super::rows_by;
use crate::model::build::{TableBuilder, Value};
use crate::model::{Table, tables};
use crate::plan::Plan;

/// What a village found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// 属实: the household is in the difficulty.
    Confirmed,
    /// 不属实: it is not.
    Refuted,
    /// 原因不同: it is in difficulty, for the causes that the answer names.
    OtherCause,
    /// 查无此人, 身份不符: nothing is said about the rule.
    Unclear,
}

impl Heard {
    /// The words of the form.
    pub const WORDS: [(&str, Heard); 5] = [
        ("属实", Heard::Confirmed),
        ("不属实", Heard::Refuted),
        ("原因不同", Heard::OtherCause),
        ("查无此人", Heard::Unclear),
        ("身份不符", Heard::Unclear),
    ];
}

/// One answer about one household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The household.
    pub household_id: String,
    /// What was found.
    pub heard: Heard,
    /// Cause codes that the village named; empty when it named none.
    pub causes: Vec<String>,
}

impl Answer {
    /// What it says about a rule with this cause; none when nothing.
    ///
    /// A confirmed household whose real causes are named confirms only the rules of these causes.
    fn about(&self, cause: &str) -> Option<bool> {
        match self.heard {
            Heard::Unclear => None,
            Heard::Refuted => Some(false),
            Heard::Confirmed if self.causes.is_empty() => Some(true),
            // That the cause is another one is said even when the village does not name it.
            Heard::OtherCause if self.causes.is_empty() => Some(false),
            Heard::Confirmed | Heard::OtherCause => Some(self.causes.iter().any(|c| c == cause)),
        }
    }
}

/// The 95 % range of a share: Wilson's score interval (1927), which holds for few answers and for shares of 0 and 1 too.
///
/// None without an answer.
pub fn wilson(confirmed: u64, verified: u64) -> Option<(f64, f64)> {
    const Z: f64 = 1.959_963_984_540_054;
    if verified == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "households of a county")]
    let (k, n) = (confirmed as f64, verified as f64);
    let share = k / n;
    let centre = share + Z * Z / (2.0 * n);
    let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    Some((((centre - spread) / whole).max(0.0), ((centre + spread) / whole).min(1.0)))
}

/// Households by what was said of them.
#[derive(Debug, Default)]
struct Count {
    hits: u64,
    confirmed: u64,
    refuted: u64,
    unclear: u64,
}

impl Count {
    fn add(&mut self, said: Option<Option<bool>>) {
        self.hits += 1;
        match said {
            Some(Some(true)) => self.confirmed += 1,
            Some(Some(false)) => self.refuted += 1,
            Some(None) => self.unclear += 1,
            None => {}
        }
    }
}

/// The table `rule_precision`: each listing rule in the county and in each township, then each department, then each township.
pub fn rule_precision(hits: &Table, households: &Table, answers: &[Answer], plan: &Plan) -> Table {
    let places = rows_by(households, "household_id");
    let by_household: BTreeMap<&str, &Answer> = answers.iter().map(|a| (a.household_id.as_str(), a)).collect();
    // A rule about persons holds once for a household, however many of its members it holds for.
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    // Rule, department, township; an empty text means all.
    let mut counts: BTreeMap<(u8, &str, &str, &str), Count> = BTreeMap::new();
    for row in 0..hits.rows() {
        let text = |column: &str| hits.str_at(column, row);
        let (Some(rule), Some(household), Some("lists")) = (text("rule"), text("household_id"), text("role")) else {
            continue;
        };
        if !seen.insert((rule, household)) {
            continue;
        }
        let township = places.get(household).and_then(|row| households.str_at("township", *row)).unwrap_or("");
        let department = text("department").unwrap_or("");
        let said = by_household.get(household).map(|answer| answer.about(text("cause").unwrap_or("")));
        let mut keys = vec![(0, rule, "", ""), (2, "", department, "")];
        if !township.is_empty() {
            keys.extend([(1, rule, "", township), (3, "", "", township)]);
        }
        for key in keys {
            counts.entry(key).or_default().add(said);
        }
    }
    let mut out = TableBuilder::new(tables::rule_precision());
    for ((_, rule, department, township), count) in counts {
        let verified = count.confirmed + count.refuted;
        let range = wilson(count.confirmed, verified);
        let own = |text: &str| (!text.is_empty()).then(|| text.to_string());
        let number = |n: u64| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX));
        #[expect(clippy::cast_precision_loss, reason = "households of a county")]
        let share = range.map(|_| count.confirmed as f64 / verified as f64);
        let title = plan.rules.iter().find(|r| r.id == rule).map(|r| r.title.clone());
        let float = |v: Option<f64>| v.map_or(Value::Null, Value::Float);
        out.push(vec![
            own(rule).into(),
            title.into(),
            own(department).into(),
            own(township).into(),
            number(count.hits),
            number(verified),
            number(count.confirmed),
            number(count.unclear),
            float(share),
            float(range.map(|r| r.0)),
            float(range.map(|r| r.1)),
        ]);
    }
    out.finish()
}

/// The table `rule_overlap`: pairs of rules of any role but `checks` that hold for the same households.
pub fn rule_overlap(hits: &Table) -> Table {
    let mut households: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in 0..hits.rows() {
        let (rule, household) = (hits.str_at("rule", row), hits.str_at("household_id", row));
        if let (Some(rule), Some(household), true) = (rule, household, hits.str_at("role", row) != Some("checks")) {
            households.entry(rule).or_default().insert(household);
        }
    }
    let rules: Vec<(&&str, &BTreeSet<&str>)> = households.iter().collect();
    let mut out = TableBuilder::new(tables::rule_overlap());
    for (i, (rule, own)) in rules.iter().enumerate() {
        for (other, others) in &rules[i + 1..] {
            let both = own.intersection(others).count();
            if both == 0 {
                continue;
            }
            let either = own.len() + others.len() - both;
            let number = |n: usize| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX));
            #[expect(clippy::cast_precision_loss, reason = "households of a county")]
            let overlap = both as f64 / either as f64;
            out.push(vec![
                rule.to_string().into(),
                other.to_string().into(),
                number(own.len()),
                number(others.len()),
                number(both),
                Value::Float(overlap),
            ]);
        }
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::sample;

    #[test]
    fn the_range_is_wilson_s() {
        // Worked out apart from this program (Brown, Cai and DasGupta 2001, formula 4).
        for ((k, n), (low, high)) in [
            ((0, 10), (0.0, 0.2775)),
            ((10, 10), (0.7225, 1.0)),
            ((5, 10), (0.2366, 0.7634)),
            ((81, 263), (0.2553, 0.3662)),
        ] {
            let range = wilson(k, n).unwrap();
            assert!((range.0 - low).abs() < 5e-5 && (range.1 - high).abs() < 5e-5, "{k}/{n}: {range:?}");
        }
        assert_eq!(wilson(0, 0), None);
    }

    fn answer(household: &str, heard: Heard, causes: &[&str]) -> Answer {
        Answer { household_id: household.into(), heard, causes: causes.iter().map(|c| (*c).to_string()).collect() }
    }

    #[test]
    fn an_answer_speaks_about_the_rules_of_its_causes() {
        let hit = |rule: &str, role: &str, cause: &str, household: &str, person: &str| {
            vec![
                ("hit_id", Value::from(format!("{rule}-{household}{person}"))),
                ("rule", rule.into()),
                ("role", role.into()),
                ("cause", cause.into()),
                ("department", if cause == "illness" { "医保局" } else { "水利局" }.into()),
                ("household_id", household.into()),
            ]
        };
        let mut hits = TableBuilder::new(tables::rule_hits());
        for row in [
            hit("MED-01", "lists", "illness", "H1", "-P1"),
            hit("MED-01", "lists", "illness", "H1", "-P2"),
            hit("MED-01", "lists", "illness", "H2", ""),
            hit("MED-01", "lists", "illness", "H3", ""),
            hit("MED-01", "lists", "illness", "H4", ""),
            hit("WAT-01", "lists", "water", "H2", ""),
            hit("INC-01", "supports", "other", "H1", ""),
        ] {
            hits.push_named(row);
        }
        let hits = hits.finish();
        let mut households = TableBuilder::new(tables::households());
        for (id, township) in [("H1", "云岭镇"), ("H2", "云岭镇"), ("H3", "河口镇"), ("H4", "河口镇")] {
            households.push_named(vec![("household_id", id.into()), ("township", township.into())]);
        }
        let answers = [
            answer("H1", Heard::Confirmed, &[]),
            answer("H2", Heard::OtherCause, &["water"]),
            answer("H3", Heard::Unclear, &[]),
        ];
        let table = rule_precision(&hits, &households.finish(), &answers, &sample::plan());
        let columns = ["rule", "department", "township", "hits", "verified", "confirmed", "unclear"];
        let shown: Vec<String> = (0..table.rows())
            .map(|row| columns.map(|c| table.display_at(c, row).unwrap_or_else(|| "-".into())).join(" "))
            .collect();
        assert_eq!(
            shown,
            [
                "MED-01 - - 4 2 1 1",
                "WAT-01 - - 1 1 1 0",
                "MED-01 - 云岭镇 2 2 1 0",
                "MED-01 - 河口镇 2 0 0 1",
                "WAT-01 - 云岭镇 1 1 1 0",
                "- 医保局 - 4 2 1 1",
                "- 水利局 - 1 1 1 0",
                "- - 云岭镇 3 3 2 0",
                "- - 河口镇 2 0 0 1",
            ]
        );
        let overlap = rule_overlap(&hits);
        let columns = ["rule", "other", "households", "other_households", "both"];
        let shown: Vec<String> = (0..overlap.rows())
            .map(|row| columns.map(|c| overlap.display_at(c, row).unwrap_or_default()).join(" "))
            .collect();
        assert_eq!(shown, ["INC-01 MED-01 1 4 1", "MED-01 WAT-01 4 1 1"]);
    }
}
